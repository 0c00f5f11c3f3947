"""The synthetic sample: the same everywhere, and worth learning from."""

import hashlib

import numpy as np
import pandas as pd
import pytest

from recbook import data
from recbook.data.sample import make_sample


def test_always_the_same(sample):
    """Pinned: recorded answers and grades rest on it. Found alike on numpy 2.1 with pandas 2.2, and 2.4 with 3.1."""
    tables = sample.ratings.to_numpy("f8").tobytes() + sample.test_mask.tobytes()
    words = sample.movies.to_csv().encode() + sample.users.to_csv().encode()
    assert (
        hashlib.sha256(tables + words).hexdigest() == "fbf249f5b5ba73bd68525f9f8819b14eacfaacd09db68e2b7ff34d436329c823"
    )
    pd.testing.assert_frame_equal(make_sample().ratings, sample.ratings)


def test_global_seed_neither_matters_nor_moves(sample):
    np.random.seed(7)  # noqa: NPY002 - the student's habit
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    pd.testing.assert_frame_equal(data.load("sample").ratings, sample.ratings)
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002


def test_what_trips_people_up_is_in_it(sample):
    titles = sample.movies["title"]
    assert titles.duplicated().sum() == 1
    assert sample.movies["release_date"].isna().sum() == 2
    assert sample.movies["year"].isna().sum() == 1
    assert set(sample.test["movie"]) - set(sample.train["movie"])
    assert 0.18 < sample.test_mask.mean() < 0.22
    assert sample.test["user"].nunique() < sample.n_users / 2
    assert set(sample.train["rating"]) == {1, 2, 3, 4, 5}
    assert sample.ratings.groupby("user").size().min() >= 20


def test_long_tail(sample):
    seen = np.sort(sample.ratings.groupby("movie").size().to_numpy())[::-1]
    assert seen[: len(seen) // 5].sum() > 0.5 * seen.sum()
    assert (seen < 10).sum() > 40


def _filled(part, d):
    cells = np.full((d.n_users, d.n_movies), np.nan)
    cells[part["user"], part["movie"]] = part["rating"]
    return cells


def _rmse(predicted, part):
    wrong = np.clip(predicted[part["user"], part["movie"]], 1, 5) - part["rating"]
    return float(np.sqrt((wrong**2).mean()))


def _biases(cells):
    seen, mean = ~np.isnan(cells), np.nanmean(cells)
    left = np.where(seen, cells - mean, 0)
    user, movie = np.zeros((len(cells), 1)), np.zeros((1, cells.shape[1]))
    for _ in range(20):
        movie = np.where(seen, left - user, 0).sum(0, keepdims=True) / (seen.sum(0) + 3)
        user = np.where(seen, left - movie, 0).sum(1, keepdims=True) / (seen.sum(1, keepdims=True) + 3)
    return mean + user + movie


def _factors(cells, base, rank=4, penalty=2.0):
    """Alternating least squares on what the biases leave."""
    seen, left = ~np.isnan(cells), np.nan_to_num(cells - base)
    v = np.random.default_rng(0).normal(0, 0.1, (cells.shape[1], rank))

    def solve(seen, left, other):
        grams = np.einsum("nm,mi,mj->nij", seen.astype(float), other, other) + penalty * np.eye(rank)
        return np.linalg.solve(grams, (left @ other)[..., None])[..., 0]

    for _ in range(15):
        u = solve(seen, left, v)
        v = solve(seen.T, left.T, u)
    return base + u @ v.T


def test_models_rank_as_on_movielens(sample):
    """Mean, then biases, then factors: each clearly better, or nobody learns from training on it."""
    cells = _filled(sample.train, sample)
    base = _biases(cells)
    mean_rmse = _rmse(np.full_like(base, np.nanmean(cells)), sample.test)
    bias_rmse = _rmse(base, sample.test)
    factor_rmse = _rmse(_factors(cells, base), sample.test)
    assert bias_rmse < 0.85 * mean_rmse
    assert factor_rmse < 0.93 * bias_rmse


def test_genres_and_people_matter(sample):
    """What biases leave over depends on who watches which genre, by more than it would by chance."""
    user, movie = sample.ratings["user"].to_numpy(), sample.ratings["movie"].to_numpy()
    left = sample.ratings["rating"] - _biases(_filled(sample.ratings, sample))[user, movie]
    genre = sample.movies["genres"].str.split("|").str[0].to_numpy()[movie]
    people = sample.users["gender"].astype(str) + (sample.users["age"] // 15).astype(str)

    def explained(people):
        return left.groupby([people.to_numpy()[user], genre]).transform("mean").var()

    by_chance = [explained(people.sample(frac=1, random_state=seed)) for seed in range(20)]
    assert explained(people) > 1.1 * max(by_chance)


def test_quick_and_labelled():
    d = data.load("sample")
    assert d.synthetic
    assert "synthetic" in d.source
    with pytest.raises(data.MissingDataError, match="made up on the spot"):
        data.load("sample", "/tmp")
