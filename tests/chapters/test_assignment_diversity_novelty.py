"""The chapter `assignment_diversity_novelty`: its references by their properties. `grader verify` covers the rest."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recbook import load
from solutions import assignment_diversity_novelty as solved

some_seeds = settings(max_examples=25, deadline=None, derandomize=True, database=None)
any_seed = st.integers(0, 2**32 - 1)


def random_lists(rng, n_users=6, n_movies=15, n=4):
    return np.stack([rng.permutation(n_movies)[:n] for _ in range(n_users)])


# --- Each defect of the source, mended ----------------------------------------------------------------------------


@some_seeds
@given(any_seed)
def test_no_seen_movie_is_recommended_and_the_best_comes_first(seed):
    rng = np.random.default_rng(seed)
    scores, seen = rng.normal(size=(5, 20)), rng.random((5, 20)) < 0.5
    seen[:, :4] = False
    top = solved.top_n_for_all(scores, seen, 4)
    assert not np.take_along_axis(seen, top, axis=1).any()
    listed = np.take_along_axis(scores, top, axis=1)
    assert (np.diff(listed, axis=1) <= 0).all()
    assert ((~seen & (scores > listed[:, [-1]])).sum(axis=1) == 3).all()


@some_seeds
@given(any_seed)
def test_one_number_for_all_equals_the_loop_of_the_source_without_the_diagonal(seed):
    rng = np.random.default_rng(seed)
    vectors, top = rng.normal(size=(15, 3)), random_lists(rng)
    by_user = [solved.list_diversity(solved.cosine_similarity_matrix(vectors[row])) for row in top]
    assert solved.diversity(solved.cosine_similarity_matrix(vectors), top) == pytest.approx(np.mean(by_user))


def test_two_unrelated_movies_are_as_diverse_as_can_be_and_two_equal_ones_not_at_all():
    assert solved.list_diversity(solved.cosine_similarity_matrix(np.eye(2))) == pytest.approx(1)
    assert solved.list_diversity(solved.cosine_similarity_matrix(np.ones((2, 3)))) == pytest.approx(0)


@some_seeds
@given(any_seed)
def test_lengths_of_vectors_and_order_of_lists_do_not_matter(seed):
    rng = np.random.default_rng(seed)
    vectors, top = rng.normal(size=(15, 3)), random_lists(rng)
    stretched = vectors * rng.uniform(0.1, 9, (15, 1))
    first = solved.diversity(solved.cosine_similarity_matrix(vectors), top)
    assert solved.diversity(solved.cosine_similarity_matrix(stretched), top[:, ::-1]) == pytest.approx(first)


def test_the_sources_novelty_cannot_tell_a_famous_flop_from_an_unknown_one():
    means, counts = np.array([1.5, 1.5]), np.array([512, 2])
    famous, unknown = np.array([[0]]), np.array([[1]])
    assert solved.novelty_mean_rating(famous, means) == solved.novelty_mean_rating(unknown, means)
    assert solved.novelty_popularity(famous, counts, 1024) == pytest.approx(1)
    assert solved.novelty_popularity(unknown, counts, 1024) == pytest.approx(9)


def test_films_with_one_rating_do_not_lead_the_best():
    ratings = load("ml-latest-small").ratings
    n_movies = int(ratings["movie"].max()) + 1
    means, counts = solved.mean_ratings_and_counts(ratings["movie"].to_numpy(), ratings["rating"].to_numpy(), n_movies)
    by_pandas = ratings.groupby("movie")["rating"].mean()
    assert np.allclose(means, by_pandas.reindex(range(n_movies)), rtol=1e-5, equal_nan=True)
    assert counts[solved.best_movies(means, counts, 50, 30)].min() >= 50
    assert len(solved.best_movies(means, counts, 50, 30)) == 30
    smooth = solved.shrunk_means(means, counts, float(ratings["rating"].mean()), 5.0)
    assert counts[smooth.argmax()] > 50
    assert (np.abs(smooth - ratings["rating"].mean()) <= np.abs(means - ratings["rating"].mean()) + 1e-6).all()


@some_seeds
@given(any_seed)
def test_the_map_keeps_the_most_spread_that_two_directions_can(seed):
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(12, 5)) * rng.uniform(0.2, 3, 5) + rng.normal(size=5)
    flat = solved.project(vectors)
    assert np.allclose(flat.mean(axis=0), 0)
    assert flat[:, 0] @ flat[:, 1] == pytest.approx(0, abs=1e-8)
    some, _ = np.linalg.qr(rng.normal(size=(5, 2)))
    assert (flat**2).sum() >= (((vectors - vectors.mean(axis=0)) @ some) ** 2).sum()


def test_all_users_of_the_real_size_take_seconds():
    rng = np.random.default_rng(0)
    scores, vectors = rng.random((671, 9066)), rng.normal(size=(9066, 16)).astype(np.float32)
    start = time.process_time()
    top = solved.top_n_for_all(scores, rng.random(scores.shape) < 0.02, 10)
    movies, places = np.unique(top, return_inverse=True)
    spread = solved.diversity(solved.cosine_similarity_matrix(vectors[movies]), places.reshape(top.shape))
    novelty = solved.novelty_popularity(top, rng.integers(0, 300, 9066), 671)
    assert time.process_time() - start < 10
    assert spread == pytest.approx(1, abs=0.02)
    assert novelty > 0
