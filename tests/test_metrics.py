"""Measures and baselines that chapters share."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import ndcg_score

from recbook.baselines import bias_model, popularity
from recbook.data import carve_validation, load
from recbook.metrics import rank_all, rmse


@pytest.fixture(scope="module")
def sample():
    return load("sample")


def test_rmse_clips_and_pools():
    assert rmse([9.0, 3.0], [5.0, 2.0]) == pytest.approx(0.5**0.5)


def test_a_missing_prediction_is_an_error_not_a_number():
    with pytest.raises(ValueError, match="1 predictions are missing"):
        rmse([np.nan, 1], [1, 1])
    with pytest.raises(ValueError, match="missing"):
        rank_all(np.full((1, 2), np.nan), pd.DataFrame({"user": [], "movie": []}), pd.DataFrame())


@given(st.integers(0, 10_000), st.integers(1, 6))
def test_ndcg_agrees_with_scikit_learn_and_recall_with_counting(seed, k):
    rng = np.random.default_rng(seed)
    scores = rng.permutation(8 * 6).reshape(6, 8).astype(float)
    pairs = pd.MultiIndex.from_product([range(6), range(8)], names=["user", "movie"]).to_frame(index=False)
    pairs["rating"] = rng.integers(1, 6, len(pairs))
    in_train = rng.random(len(pairs)) < 0.3
    train, test = pairs[in_train], pairs[~in_train]
    relevant = np.zeros((6, 8))
    relevant[test["user"], test["movie"]] = test["rating"] >= 4
    users = [u for u in range(6) if relevant[u].any()]
    got = rank_all(scores, train, test, k)
    seen = scores.copy()
    seen[train["user"], train["movie"]] = -1e9
    ndcg = [ndcg_score(relevant[[u]], seen[[u]], k=k) for u in users]
    top = {u: np.argsort(-seen[u])[:k] for u in users}
    recall = [relevant[u][top[u]].sum() / relevant[u].sum() for u in users]
    assert got.n_users == len(users)
    assert got.ndcg == pytest.approx(np.mean(ndcg))
    assert got.recall == pytest.approx(np.mean(recall))


def test_scores_are_not_changed(sample):
    scores = np.tile(popularity(sample.train, sample.n_movies), (sample.n_users, 1))
    before = scores.copy()
    rank_all(scores, sample.train, sample.test)
    assert (scores == before).all()


def test_baselines_in_their_order(sample):
    test = sample.test
    mean = rmse(np.full(len(test), sample.train["rating"].mean()), test["rating"])
    biases = rmse(bias_model(sample.train).predict(test[["user", "movie"]]), test["rating"])
    assert biases < mean


def test_validation_takes_from_users_outside_the_test_set_only(sample):
    kept, held_out = carve_validation(sample, seed=1)
    assert len(kept) + len(held_out) == len(sample.train)
    assert not set(held_out["user"]) & set(sample.test["user"])
    assert len(held_out)
    again = carve_validation(sample, seed=1)[1]
    assert held_out.equals(again)
    assert not held_out.equals(carve_validation(sample, seed=2)[1])
