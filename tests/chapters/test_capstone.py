"""The chapter `capstone`: its solutions by their properties, and the accuracy it promises on the real ML-100K."""

import ast

import numpy as np
import pandas as pd
import pytest
import torch

from grader.chapter import read_chapter
from grader.implementations import alternatives, mistakes
from grader.verify import ask_known
from recbook.asking import ask, draw_cases
from recbook.baselines import bias_model
from recbook.data import DataError, carve_validation, load
from recbook.metrics import rmse
from recbook.questions import find
from recbook.verdict import judge
from solutions import capstone as solved


def wrong(exercise, name):
    """The known mistake of that name."""
    return next(m.code for m in mistakes(find(f"capstone.{exercise}")) if m.name == name)


def given_cells():
    return [c for c in read_chapter("capstone").cells if c.cell_type == "code" and "exercise" not in c.metadata]


def page(data):
    """What the chapter's given cells define for `data`: imports, functions, classes and features."""
    names = {**vars(solved), "movielens": data, "n_users": data.n_users, "n_movies": data.n_movies, "N_EPOCHS": 18}
    definitions = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef)
    for cell in given_cells():
        wanted = (*definitions, ast.Assign) if "def one_hot" in cell.source else definitions
        kept = [node for node in ast.parse(cell.source).body if isinstance(node, wanted)]
        exec(compile(ast.Module(kept, []), "<page>", "exec"), names)
    return names


@pytest.fixture(scope="module")
def ml_100k():
    try:
        return load("ml-100k", fallback=False)
    except DataError as error:
        pytest.skip(f"the real ML-100K is out of reach: {error}")


# --- The protocol ----------------------------------------------------------------------------------------------------


def test_the_best_epoch_on_the_test_promises_too_much_and_score_once_does_not():
    rng = np.random.default_rng(0)
    promised, honest = [], []
    for _ in range(200):
        valid, test = 1 + 0.01 * rng.standard_normal((2, 30))  # nothing is ever learnt

        def run(code, valid=valid, test=test):
            def one_more(model):
                model[0] += 1

            return code([-1], one_more, lambda model: valid[model[0]], lambda model: test[model[0]], 30)[1]

        promised.append(run(wrong("score_once", "best_epoch_on_the_test")))
        honest.append(run(solved.score_once))
    assert np.mean(honest) == pytest.approx(1.0, abs=0.003)
    assert np.mean(promised) < 0.985


def test_the_page_reads_the_stars_of_the_test_in_one_cell_only():
    readers = [cell.source for cell in given_cells() if "movielens.test[" in cell.source and '"rating"' in cell.source]
    assert len(readers) == 1
    assert "movielens.ratings" not in "".join(cell.source for cell in given_cells())


def test_no_case_of_the_recommender_holds_what_it_is_asked_for():
    for case in draw_cases(find("capstone.fit_recommender"), 5):
        known = set(zip(case["train"]["user"], case["train"]["movie"], strict=True))
        assert not known & set(map(tuple, case["asked"].tolist()))
        assert set(case) == {"train", "n_users", "n_movies", "seed", "asked", "silent_users", "silent_movies"}


@pytest.mark.parametrize("seed", [20024, 20025, 20074, 20008, 20018, 20023])
def test_every_way_to_taste_is_right_and_every_mistake_wrong_on_other_seeds(seed):
    """Seeds that `verify` does not try. At the first three, neighbours were once judged wrong."""
    question = find("capstone.fit_recommender")
    right, wrong = ask_known(question, seed)
    for other in alternatives(question):
        verdict = judge(question, ask(question, other.namespace, seed), right, wrong)
        assert verdict.verdict == "right", f"{other.name}: {verdict.hint}"
    verdicts = {known.name: judge(question, known.answer, right, wrong) for known in wrong}
    assert {name: verdict.mistake for name, verdict in verdicts.items()} == {name: name for name in verdicts}
    assert all(verdict.verdict == "wrong" for verdict in verdicts.values())
    assert verdicts["only_biases"].points <= 2


# --- The parts -------------------------------------------------------------------------------------------------------


def test_links_have_length_one_for_everybody_who_rated():
    users, movies = np.array([0, 0, 0, 2]), np.array([1, 3, 4, 0])
    table = solved.links(users, movies, 3, 5)
    assert (table**2).sum(axis=1) == pytest.approx([1, 0, 1])


def test_a_blend_is_never_worse_than_its_members_on_the_ratings_it_was_fitted_to():
    rng = np.random.default_rng(2)
    ratings = rng.integers(1, 6, 300).astype(float)
    predictions = ratings[:, None] + rng.normal(0, [0.8, 0.9, 1.5], (300, 3))
    blended = predictions @ solved.blend_weights(predictions, ratings, 0.0)
    assert np.mean((blended - ratings) ** 2) < ((predictions - ratings[:, None]) ** 2).mean(axis=0).min()
    assert solved.blend_weights(predictions, ratings, 1e12) == pytest.approx([1 / 3] * 3)


def test_the_interval_covers_the_truth_about_as_often_as_it_says():
    rng = np.random.default_rng(3)
    users = np.repeat(np.arange(60), 8)
    covered = 0
    for number in range(150):
        ratings = np.zeros(480)
        shared = rng.normal(0, 0.6, 480)
        a, b = (shared + rng.normal(0, 0.3, 60)[users] + rng.normal(0, 0.2, 480) for _ in range(2))  # equally good
        _, low, high = solved.difference(a, b, ratings, users, 300, number)
        covered += low <= 0 <= high
    assert 0.88 <= covered / 150 <= 0.99


# --- The promises ----------------------------------------------------------------------------------------------------


def test_the_blend_reaches_what_is_promised_with_weights_from_validation(ml_100k):
    torch.set_num_threads(1)
    names = page(ml_100k)
    fits = [names[f"fit_{name}"] for name in ("biases", "recommender", "rich", "neighbours")]
    kept, held_out = carve_validation(ml_100k, seed=0)

    def columns(train, pairs):
        return np.column_stack([names["predictions_for"](fit, train, pairs) for fit in fits])

    weights = solved.blend_weights(columns(kept, held_out), held_out["rating"].to_numpy(dtype=float), 30.0)
    test = ml_100k.test
    members = columns(ml_100k.train, test[["user", "movie"]])
    biases, own, rich, _ = (rmse(column, test["rating"]) for column in members.T)
    assert biases == pytest.approx(0.953, abs=0.002)
    assert own <= 0.930
    assert rich <= 0.895
    assert rmse(members @ weights, test["rating"]) <= min(0.892, rich)


def test_the_reference_recommender_is_right_about_somebody_unknown():
    (case, _) = draw_cases(find("capstone.fit_recommender"), 1)
    train = case["train"]
    predict = solved.fit_recommender(train, case["n_users"], case["n_movies"], 0)
    movies = np.arange(case["n_movies"])
    of_nobody = predict(np.full(len(movies), case["silent_users"][0]), movies)
    level = bias_model(train).predict(pd.DataFrame({"user": -1, "movie": movies}))
    assert np.corrcoef(of_nobody, level)[0, 1] > 0.95
