"""The chapter `matrix_factorization`: the defects it repairs, and the accuracy it promises on the real ML-100K."""

import ast

import numpy as np
import pandas as pd
import pytest
import torch

from grader.chapter import read_chapter
from grader.implementations import mistakes
from recbook.baselines import bias_model
from recbook.data import DataError, carve_validation, load
from recbook.metrics import rmse
from recbook.questions import find
from solutions import matrix_factorization as solved

SEEDS = (0, 1, 2)


def wrong(exercise, name):
    """The known mistake of that name."""
    return next(m.code for m in mistakes(find(f"matrix_factorization.{exercise}")) if m.name == name)


def page(data):
    """What the chapter's given cells define for `data`: imports and functions, beside the solutions."""
    names = {**vars(solved), "n_users": data.n_users, "n_movies": data.n_movies}
    for cell in read_chapter("matrix_factorization").cells:
        if cell.cell_type == "code" and not {"exercise", "check"} & set(cell.metadata):
            kept = [
                n for n in ast.parse(cell.source).body if isinstance(n, (ast.Import, ast.ImportFrom, ast.FunctionDef))
            ]
            exec(compile(ast.Module(kept, []), "<page>", "exec"), names)
    return names


@pytest.fixture(scope="module")
def sample():
    return load("sample")


@pytest.fixture(scope="module")
def ml_100k():
    try:
        data = load("ml-100k", fallback=False)
    except DataError as error:
        pytest.skip(f"the real ML-100K is out of reach: {error}")
    return data


@pytest.fixture
def sparse():
    """Ratings of 6 users and 5 movies, in no order, as (sparse tensor, users, movies, stars)."""
    rng = np.random.default_rng(3)
    users, movies = np.divmod(rng.permutation(30)[:17], 5)
    stars = torch.tensor(rng.uniform(1, 5, 17), dtype=torch.float32)
    users, movies = torch.tensor(users), torch.tensor(movies)
    pairs = torch.stack([users, movies])
    return torch.sparse_coo_tensor(pairs, stars, (6, 5), check_invariants=True), users, movies, stars


# --- The defects of the usual recipe ---------------------------------------------------------------------------------


def test_the_loss_is_a_mean_over_ratings_and_blind_at_the_gaps():
    torch.manual_seed(0)
    true_r, est_r, exist = torch.rand(6, 8), torch.rand(6, 8), torch.rand(6, 8) < 0.3
    loss = solved.calc_loss(true_r, est_r, exist)
    assert torch.equal(loss, solved.calc_loss(torch.where(exist, true_r, 99.0), est_r, exist))
    share = exist.float().mean()
    torch.testing.assert_close(wrong("calc_loss", "mean_over_all_cells")(true_r, est_r, exist), loss * share)


@pytest.mark.parametrize(
    ("step", "afresh"),
    [(solved.training_step, True), (wrong("training_step", "gradients_not_cleared"), False)],
    ids=["reference", "defect"],
)
def test_a_second_step_equals_a_first_one_from_the_same_place(step, afresh):
    def run(n_before):
        factors = solved.factor_tensors(5, 7, 3, torch.Generator().manual_seed(1))
        rest = 2 * torch.ones(5, 7), torch.ones(5, 7, dtype=torch.bool)
        used = torch.optim.SGD(factors, lr=0.1)
        for _ in range(n_before):
            step(*factors, *rest, used, solved.estimate, solved.calc_loss)
        there = [f.detach().clone().requires_grad_() for f in factors]
        step(*factors, *rest, used, solved.estimate, solved.calc_loss)
        step(*there, *rest, torch.optim.SGD(there, lr=0.1), solved.estimate, solved.calc_loss)
        return all(torch.allclose(a, b) for a, b in zip(factors, there, strict=True))

    assert run(0)
    assert run(1) is afresh


def test_one_wild_estimate_changes_no_other_one():
    estimates = torch.linspace(1.5, 4.5, 12).reshape(3, 4)
    wild = torch.cat([estimates, torch.tensor([[30.0, -9.0, 3.0, 4.0]])])
    assert torch.equal(solved.to_range(wild)[:3], estimates)
    assert not torch.allclose(wrong("to_range", "stretched")(wild)[:3], estimates, atol=0.3)


def test_the_sparse_error_does_not_depend_on_the_order_of_storage(sparse):
    ratings, users, movies, stars = sparse
    U, V = torch.randn(6, 4), torch.randn(5, 4)
    expected = ((U @ V.T)[users, movies] - stars).square().mean()
    torch.testing.assert_close(solved.sparse_mean_square_error(ratings, U, V), expected)
    torch.testing.assert_close(solved.sparse_mean_square_error(ratings.coalesce(), U, V), expected)
    assert not torch.isclose(wrong("sparse_mean_square_error", "permuted_labels")(ratings, U, V), expected, rtol=0.01)


def test_train_trains_the_model_it_is_given_and_no_other(sparse):
    torch.manual_seed(0)
    model, bystander = solved.CFModel(6, 5, 0.3, 4), solved.CFModel(6, 5, 0.3, 4)
    before = bystander.U.detach().clone()
    history = solved.train(model, 50, 0.5, sparse[0], sparse[0])
    assert history["train"][-1] < 0.2 * history["train"][0]
    assert torch.equal(bystander.U, before)
    assert model.eval().training is False  # `train` is a function: nn.Module's own method still works
    untrained = wrong("train", "another_models_optimizer")(bystander, 50, 0.5, sparse[0], sparse[0])
    assert untrained["train"][-1] == untrained["train"][0]


def test_best_vectors_are_where_the_gradient_is_zero():
    torch.manual_seed(0)
    targets, exist, features = torch.randn(7, 9), torch.rand(7, 9) < 0.4, torch.randn(9, 3)
    exist[2] = False
    penalties = torch.tensor([0.5, 2.0, 1.0])
    vectors = solved.best_vectors(targets, exist, features, penalties).requires_grad_()
    errors = torch.where(exist, targets - vectors @ features.T, 0.0)
    (errors.square().sum() + (penalties * vectors.square()).sum()).backward()
    assert vectors.grad.abs().max() < 1e-4
    assert not vectors[2].any()


# --- What the page does ----------------------------------------------------------------------------------------------


def test_the_fast_training_of_the_page_is_the_exercise_s(sample):
    names = page(sample)
    parts = [names["build_rating_sparse_tensor"](p) for p in names["split_dataframe"](sample.ratings, 0.1, 0)]
    histories = []
    for train in (solved.train, names["descend"]):
        torch.manual_seed(0)
        histories.append(train(solved.CFModel(sample.n_users, sample.n_movies, 0.5, 8), 20, 2.0, *parts))
    slow, fast = histories
    for name in ("train", "test"):
        np.testing.assert_allclose(slow[name][::10], fast[name], rtol=1e-4)


def test_full_batch_training_reaches_what_is_promised(ml_100k):
    names = page(ml_100k)
    names["movielens"] = ml_100k
    aligned, small = names["thousand_steps"](0, 0.5), names["thousand_steps"](0, 0.05)
    assert aligned["test"][-1] <= 1.40
    assert small["test"][-1] <= 1.00


def test_biased_factorisation_reaches_what_is_promised_with_settings_chosen_on_validation(ml_100k):
    names = page(ml_100k)
    kept, held_out = carve_validation(ml_100k, seed=0)
    settings = [(8, 6.0), (8, 12.0), (8, 24.0)]
    chosen = min(settings, key=lambda s: names["als_rmse"](names["fit_als"](kept, *s, 3.0, 15, seed=0), held_out))
    assert chosen == (8, 12.0)
    train, test = ml_100k.train, ml_100k.test
    errors = [names["als_rmse"](names["fit_als"](train, *chosen, 3.0, 20, seed), test) for seed in SEEDS]
    of_biases = rmse(bias_model(train).predict(pd.DataFrame(test[["user", "movie"]])), test["rating"])
    assert np.mean(errors) <= 0.925 < of_biases
