"""What any model has to beat. A chapter that reports an error or a score puts these beside it."""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.linear_model import Ridge
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder


def bias_model(train: pd.DataFrame, alpha: float = 3.0) -> Pipeline:
    """A fitted ridge regression of ratings on who rated and what: a mean, the user's and the movie's deviation from it.

    `train` has the columns `user`, `movie` and `rating`. `predict(pairs)` wants the columns `user` and `movie` and
    gives stars, not clipped. `alpha`, the strength of the penalty, was chosen on validation ratings
    of ML-100K's u1.base.
    """
    model = make_pipeline(OneHotEncoder(handle_unknown="ignore"), Ridge(alpha=alpha))
    return model.fit(train[["user", "movie"]], train["rating"])


def popularity(train: pd.DataFrame, n_movies: int) -> np.ndarray:
    """How many training ratings each movie has: (n_movies,), the same score for every user."""
    return np.bincount(train["movie"], minlength=n_movies).astype(float)
