"""The chapter `evaluation`: its questions on many seeds, its solutions by their properties, and on real data."""

import inspect
import math

import numpy as np
import pandas as pd
import pytest

from grader.chapter import stub_namespaces
from grader.implementations import alternatives, mistakes, reference
from grader.verify import ask_known
from recbook import baselines, data, metrics
from recbook.asking import ask
from recbook.question import Question
from recbook.questions import find, of_chapter
from recbook.verdict import judge
from solutions import evaluation as solved

QUESTIONS = [
    pytest.param(exercise, id=exercise.name) for exercise in of_chapter("evaluation") if isinstance(exercise, Question)
]
BUG_HUNTS = {
    "evaluation.rmse_per_user": "silent_users_count_zero",
    "evaluation.choose": "chosen_on_the_test",
    "evaluation.evaluate_protocol": "reads_the_test_ratings",
    "evaluation.scale_ratings": "fitted_on_both",
}


@pytest.fixture(scope="module")
def movielens():
    try:
        return data.load("ml-100k")
    except data.DataError:
        pytest.skip("MovieLens-100K is out of reach")


def arrays(ratings):
    return ratings["user"].to_numpy(), ratings["movie"].to_numpy(), ratings["rating"].to_numpy(dtype=float)


# --- The questions ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize("seed", [3, 77, 2**31])
def test_every_mistake_gets_its_own_hint_and_alternatives_are_right(question, seed):
    right, wrong = ask_known(question, seed)
    assert {m.name: judge(question, m.answer, right, wrong).mistake for m in wrong} == {m.name: m.name for m in wrong}
    for alternative in alternatives(question):
        assert judge(question, ask(question, alternative.namespace, seed), right, wrong).verdict == "right"


@pytest.mark.parametrize("question", QUESTIONS)
def test_hints_are_short_and_give_no_line_of_the_solution(question):
    code = inspect.getsource(reference("evaluation")[question.subject]).split('"""')[-1]
    lines = {line.strip() for line in code.splitlines() if len(line.strip()) > 12}
    for mistake in mistakes(question):
        assert 30 < len(mistake.hint) <= 330, (mistake.name, len(mistake.hint))
        assert not any(line in mistake.hint for line in lines), mistake.name


@pytest.mark.parametrize(("id", "defect"), BUG_HUNTS.items())
def test_a_bug_hunt_starts_from_its_defect_and_earns_nothing(id, defect):
    question = find(id)
    right, wrong = ask_known(question, 0)
    verdict = judge(question, ask(question, stub_namespaces("evaluation")[id]), right, wrong)
    assert (question.defect, verdict.mistake, verdict.points) == (defect, defect, 0)


@pytest.mark.parametrize(
    ("id", "function"),
    [
        ("bias_model", lambda u, m, r, n_users, n_movies, **reg: (0.0, np.zeros(n_users), np.zeros(n_movies))),
        ("validation_split", lambda users, test_users, share, seed: np.zeros(len(users), bool)),
        ("choose", lambda settings, fit, error_valid, error_test: (None, math.nan)),
        ("recall_at_k", lambda recommended, relevant, k: math.nan),
        ("ndcg_at_k", lambda recommended, relevant, k: math.nan),
        ("rmse_and_mae", lambda predictions, ratings: math.nan),
    ],
)
def test_trivial_answers_earn_next_to_nothing(id, function):
    question = find(f"evaluation.{id}")
    right, wrong = ask_known(question, 0)
    verdict = judge(question, ask(question, {**reference("evaluation"), id: function}), right, wrong)
    assert verdict.points <= 0.2 * question.points


@pytest.mark.parametrize("seed", range(20))
def test_a_best_list_as_short_as_the_given_one_never_passes(seed):
    def cut(recommended, relevant, k):
        return solved.ndcg_at_k(recommended, relevant, min(k, len(recommended)))

    question = find("evaluation.ndcg_at_k")
    right, wrong = ask_known(question, seed)
    verdict = judge(question, ask(question, {"ndcg_at_k": cut}, seed), right, wrong)
    assert verdict.mistake == "best_list_no_longer_than_the_given"


def test_measures_of_the_wheel_solve_no_exercise():
    # recbook.metrics clips and works on tables; recbook.baselines fits all biases together.
    question = find("evaluation.rmse_and_mae")
    right, wrong = ask_known(question, 0)
    wheel = {"rmse_and_mae": lambda p, r: (metrics.rmse(p, r), np.abs(p - r).mean())}
    assert judge(question, ask(question, wheel), right, wrong).verdict != "right"


# --- The solutions ---------------------------------------------------------------------------------------------------


def test_shrunk_means_by_hand():
    users, movies, ratings = np.array([0, 0, 1]), np.array([0, 1, 0]), np.array([5.0, 2.0, 3.0])
    mu, b_u, b_i = solved.bias_model(users, movies, ratings, 3, 3, reg_users=1, reg_movies=2)
    assert mu == pytest.approx(10 / 3)
    assert b_i == pytest.approx([(8 - 20 / 3) / 4, (2 - 10 / 3) / 3, 0])
    left = ratings - mu - b_i[movies]
    assert b_u == pytest.approx([(left[0] + left[1]) / 3, left[2] / 2, 0])


def test_users_without_ratings_do_not_lower_the_mean_over_users():
    users, ratings = np.array([0, 0, 2]), np.array([4.0, 2.0, 5.0])
    few = solved.rmse_per_user(users, ratings - 1, ratings, 3)
    many = solved.rmse_per_user(users, ratings - 1, ratings, 300)
    assert few[1] == many[1] == pytest.approx(1.0)
    assert np.isnan(many[0]).sum() == 298


def test_no_test_rating_changes_what_a_model_is_given():
    given = []
    table = pd.DataFrame({"user": [0, 1, 1], "movie": [0, 0, 1], "rating": [4.0, 2.0, 5.0]})
    for answers in ([1.0, 1.0], [5.0, 5.0]):
        test = pd.DataFrame({"user": [0, 1], "movie": [1, 2], "rating": answers})
        seen = []
        solved.evaluate_protocol(
            lambda ratings, seen=seen: seen.append(ratings.to_dict("list")),
            lambda model, known, pairs, seen=seen: (
                seen.extend([known.to_dict("list"), pairs.to_dict("list")]) or np.full(2, 3.0)
            ),
            table,
            test,
        )
        given.append(seen)
    assert given[0] == given[1]


def test_lists_of_one_user_agree_with_the_measures_over_all_users():
    rng = np.random.default_rng(5)
    scores = rng.normal(size=(6, 20))
    user, movie = np.divmod(rng.permutation(120), 20)
    ratings = pd.DataFrame({"user": user, "movie": movie, "rating": rng.integers(1, 6, 120).astype(float)})
    train, test = ratings[:50], ratings[50:80]
    at_once = metrics.rank_all(scores, train, test, k=7)
    rows = []
    for one in range(6):
        relevant = test[(test["user"] == one) & (test["rating"] >= 4)]["movie"].tolist()
        top = solved.top_k_unseen(scores[one], train[train["user"] == one]["movie"].tolist(), 7)
        if relevant:
            rows.append([f(top, relevant, 7) for f in (solved.precision_at_k, solved.recall_at_k, solved.ndcg_at_k)])
    assert np.mean(rows, axis=0) == pytest.approx([at_once.precision, at_once.recall, at_once.ndcg])


# --- Real data -------------------------------------------------------------------------------------------------------


def test_bias_model_on_u1_is_far_better_than_the_mean_and_near_the_ridge(movielens):
    train, test = movielens.train, movielens.test
    users, movies, ratings = arrays(test)
    model = solved.bias_model(*arrays(train), movielens.n_users, movielens.n_movies, reg_users=5, reg_movies=5)
    rmse, _ = solved.rmse_and_mae(solved.predict_bias(*model, users, movies), ratings)
    assert rmse <= 0.959  # all biases fitted together: 0.953
    assert solved.rmse_and_mae(np.full(len(test), model[0]), ratings)[0] == pytest.approx(1.154, abs=0.002)


def test_the_better_rating_model_makes_the_worse_lists(movielens):
    train, test, shape = movielens.train, movielens.test, (movielens.n_users, movielens.n_movies)
    mu, b_u, b_i = solved.bias_model(*arrays(train), *shape, reg_users=5, reg_movies=5)
    by_stars = metrics.rank_all(mu + b_u[:, None] + b_i[None, :], train, test).ndcg
    by_popularity = metrics.rank_all(np.tile(baselines.popularity(train, shape[1]), (shape[0], 1)), train, test).ndcg
    assert by_stars < 0.15 < 0.24 < by_popularity
