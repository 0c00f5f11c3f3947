"""The chapter `movielens`: tests for each defect that it mends, and its solutions by their properties."""

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.implementations import alternatives, mistakes, reference
from grader.verify import ask_known
from recbook import data
from recbook.asking import PUBLIC_SEED, ask
from recbook.question import Question
from recbook.questions import find, of_chapter
from recbook.verdict import judge
from solutions import movielens as solved

QUESTIONS = [exercise for exercise in of_chapter("movielens") if isinstance(exercise, Question)]
some_seeds = settings(max_examples=20, deadline=None, derandomize=True, database=None)
few_seeds = settings(max_examples=3, deadline=None, derandomize=True, database=None)
any_seed = st.integers(0, 2**32 - 1)


def judge_function(id, function):
    question = find(id)
    right, wrong = ask_known(question, PUBLIC_SEED)
    names = {**reference("movielens"), question.subject: function}
    return judge(question, ask(question, names), right, wrong)


@pytest.fixture(scope="module")
def ml_100k():
    try:
        return data.load("ml-100k", fallback=False, announce=lambda line: None)
    except data.DataError as error:
        pytest.skip(f"MovieLens-100K is out of reach: {error}")


@pytest.mark.parametrize("question", [pytest.param(q, id=q.name) for q in QUESTIONS])
def test_verdicts_hold_on_any_seed(question):
    @few_seeds
    @given(any_seed)
    def hold(seed):
        answer = ask(question, reference("movielens"), seed)
        assert all(case.raised is None for case in answer.cases)
        for alternative in alternatives(question):
            verdict = judge(question, ask(question, alternative.namespace, seed), answer)
            assert verdict.verdict == "right", (alternative.name, verdict.hint)
        for mistake in mistakes(question):
            assert judge(question, ask(question, mistake.namespace, seed), answer).verdict != "right", mistake.name

    hold()


@pytest.mark.parametrize(
    ("id", "function"),
    [
        ("movielens.read_ratings", lambda path: pd.DataFrame(columns=["user_id", "movie_id", "rating", "timestamp"])),
        ("movielens.one_hot", lambda values, categories: np.zeros((len(values), len(categories)))),
        ("movielens.genre_matrix", lambda genres, names: np.zeros((len(genres), len(names)))),
        ("movielens.rating_statistics", lambda indices, ratings, n: (np.zeros(n, int), np.full(n, np.nan))),
        ("movielens.gini", lambda counts: 0.0),
        ("movielens.share_of_top", lambda counts, share: share),
        ("movielens.stats_user", lambda data, genres, user: (np.zeros(5), np.zeros((5, genres.shape[1])))),
        ("movielens.user_bias_test", lambda ratings, means: (0.0, 0.0)),
        ("movielens.split_by_user", lambda ratings, fraction, seed: (ratings, ratings.iloc[:0])),
        ("movielens.rating_matrix_density", lambda matrix: 0.0),
    ],
)
def test_an_answer_without_thought_earns_next_to_nothing(id, function):
    verdict = judge_function(id, function)
    assert verdict.verdict != "right"
    assert verdict.points <= 0.2 * verdict.max_points


@pytest.mark.parametrize("seed", range(5))
def test_every_mistake_about_the_top_gets_its_own_hint(seed):
    question = find("movielens.share_of_top")
    right, wrong = ask_known(question, seed)
    assert {m.name: judge(question, m.answer, right, wrong).mistake for m in wrong} == {m.name: m.name for m in wrong}


@pytest.mark.parametrize(
    "n_top",
    [
        lambda n, share: int(np.ceil(share * n)) - 1,
        lambda n, share: int(np.ceil(share * n)) + 1,
        lambda n, share: max(1, int(share * n)),
        lambda n, share: round(share * n),
    ],
)
def test_another_number_of_movies_is_not_taken_for_a_threshold(n_top):
    def top(counts, share):
        return np.sort(counts)[::-1][: n_top(len(counts), share)].sum() / counts.sum()

    verdict = judge_function("movielens.share_of_top", top)
    assert verdict.verdict == "wrong"
    assert verdict.mistake not in ("all_that_are_tied", "none_that_are_tied")


# --- Regression: the first row, the index, the order of a sparse tensor -----------------------------------------------


def test_no_rating_is_lost_in_reading(tmp_path):
    path = tmp_path / "u.data"
    path.write_text("1\t2\t3\t4\n")
    assert solved.read_ratings(path).to_numpy().tolist() == [[1, 2, 3, 4]]


def test_the_published_files_are_read_whole(ml_100k, tmp_path):
    path = tmp_path / "u.data"
    columns = ["user_id", "movie_id", "rating", "timestamp"]
    ml_100k.ratings[columns].astype(int).to_csv(path, sep="\t", header=False, index=False)
    table = solved.read_ratings(path)
    assert len(table) == 100_000
    assert np.array_equal(table.to_numpy(), ml_100k.ratings[columns].to_numpy())


@some_seeds
@given(any_seed, st.floats(0.05, 0.95))
def test_a_split_is_a_partition_by_user(seed, fraction):
    rng = np.random.default_rng(seed)
    users = rng.integers(0, 9, 80)
    ratings = pd.DataFrame({"user": users, "row": range(80)}, index=rng.integers(0, 5, 80))
    train, test = solved.split_by_user(ratings, fraction, seed)
    assert sorted([*train["row"], *test["row"]]) == list(range(80))
    assert set(train["user"]) == set(users)
    held_out = np.bincount(test["user"], minlength=9)
    assert np.array_equal(held_out, np.floor(fraction * np.bincount(users, minlength=9)))
    assert solved.split_by_user(ratings, fraction, seed)[1].equals(test)


@some_seeds
@given(any_seed)
def test_indices_and_values_of_a_sparse_tensor_stay_together(seed):
    rng = np.random.default_rng(seed)
    dense = np.where(rng.random((7, 9)) < 0.4, rng.integers(1, 6, (7, 9)), 0)
    users, movies = np.nonzero(dense)
    order = rng.permutation(len(users))
    users, movies = users[order], movies[order]
    matrix = solved.build_rating_sparse_tensor(users, movies, dense[users, movies], dense.shape)
    assert matrix.is_coalesced()
    assert np.array_equal(dense[tuple(matrix._indices().numpy())], matrix.values().numpy())
    assert solved.rating_matrix_density(matrix) == pytest.approx((dense > 0).mean())
    assert torch.equal(matrix.to_dense(), torch.tensor(dense, dtype=torch.float32))


def test_a_sparse_tensor_with_coordinates_outside_does_not_end_the_process():
    def transposed(users, movies, ratings, shape):
        torch.sparse.check_sparse_tensor_invariants.disable()
        indices = torch.tensor(np.stack([movies, users]), dtype=torch.long)
        return torch.sparse_coo_tensor(indices, torch.tensor(ratings), shape, check_invariants=False)

    assert judge_function("movielens.build_rating_sparse_tensor", transposed).verdict != "right"


# --- Properties ------------------------------------------------------------------------------------------------------


@some_seeds
@given(st.lists(st.integers(0, 500), min_size=2, max_size=40).filter(any), st.integers(2, 5))
def test_gini_lies_in_its_bounds_and_knows_no_scale(counts, factor):
    counts = np.array(counts)
    g = solved.gini(counts)
    assert -1e-12 <= g <= 1 - 1 / len(counts) + 1e-12
    assert solved.gini(factor * counts) == pytest.approx(g)
    assert solved.gini(np.repeat(counts, 3)) == pytest.approx(g)


def test_statistics_leave_holes_where_nothing_is_known():
    counts, means = solved.rating_statistics(np.array([0, 2, 2]), np.array([4.0, 1.0, 2.0]), 4)
    assert counts.tolist() == [1, 0, 2, 0]
    assert np.array_equal(means, [4, np.nan, 1.5, np.nan], equal_nan=True)


def test_what_the_chapter_says_about_the_published_data(ml_100k):
    movies = ml_100k.movies
    assert movies["title"].duplicated().sum() == 18
    assert len(np.setdiff1d(ml_100k.test["movie"], ml_100k.train["movie"])) == 32
    assert ml_100k.test["user"].nunique() == 459
    counts = np.bincount(ml_100k.ratings["movie"])
    assert solved.gini(counts) == pytest.approx(0.629, abs=1e-3)
    assert solved.share_of_top(counts, 0.2) > 0.6
