"""A validation set that resembles the test set, carved out of the training ratings."""

from __future__ import annotations

import numpy as np
import pandas as pd

from recbook.data.schema import MovieLens


def carve_validation(data: MovieLens, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Split `data.train` into (kept, held_out), so that predicting `held_out` resembles predicting `data.test`.

    ML-100K's u1.test holds a large share of the ratings of about half of the users and none of the others'. So the
    same share is held out of the *other* half: who is in the test set and how many ratings there are is looked at,
    but no test rating. A random split would hide less of each user, which is another task.

    Raises `NoSplitError` for a data set without a published split. Both frames have a fresh index.
    """
    in_test = data.test["user"].unique()
    share = len(data.test) / data.ratings["user"].isin(in_test).sum()
    rng = np.random.default_rng(seed)
    train = data.train
    out = ~train["user"].isin(in_test).to_numpy() & (rng.random(len(train)) < share)
    return train[~out].reset_index(drop=True), train[out].reset_index(drop=True)
