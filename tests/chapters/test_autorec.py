"""The chapter `autorec`: its solutions by their properties, the source's defects, and the accuracy it promises."""

import time

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.implementations import mistakes
from grader.verify import ask_known
from recbook import data
from recbook.asking import PUBLIC_SEED, ask
from recbook.questions import find
from recbook.verdict import judge
from solutions import autorec as solved

some_seeds = settings(max_examples=20, deadline=None, derandomize=True, database=None)
any_seed = st.integers(0, 2**32 - 1)


def random_ratings(seed, n_users=6, n_movies=9):
    rng = np.random.default_rng(seed)
    cells = rng.permutation(n_users * n_movies)[: n_users * 3]
    users, movies = np.divmod(cells, n_movies)
    return users, movies, rng.integers(1, 11, len(cells)) / 2, n_users, n_movies


@some_seeds
@given(any_seed)
def test_every_rating_is_kept_and_every_gap_has_its_default(seed):
    users, movies, stars, n_users, n_movies = random_ratings(seed)
    for average in (False, True):
        matrix = solved.data_preprocessor(users, movies, stars, n_users, n_movies, 3, average)
        assert matrix.dtype == np.float32
        assert np.array_equal(matrix[users, movies], stars.astype(np.float32))
        gap = np.ones(matrix.shape, bool)
        gap[users, movies] = False
        for user in range(n_users):
            own = stars[users == user]
            usual = own.mean() if len(own) else stars.mean()
            assert np.allclose(matrix[user][gap[user]], usual if average else 3)


def test_a_large_matrix_is_made_at_once():
    rng = np.random.default_rng(0)
    cells = rng.choice(3000 * 3000, 300_000, replace=False)
    users, movies = np.divmod(cells, 3000)
    start = time.perf_counter()
    solved.data_preprocessor(users, movies, rng.integers(1, 6, len(cells)), 3000, 3000, average=True)
    assert time.perf_counter() - start < 2


@some_seeds
@given(any_seed)
def test_silent_users_change_no_error(seed):
    generator = torch.Generator().manual_seed(seed)
    y_true = torch.randint(0, 6, (5, 7), generator=generator).float()
    y_true[0, 0] = 3
    y_pred = 9 * torch.rand(5, 7, generator=generator) - 2
    silent_true, silent_pred = torch.cat([y_true, torch.zeros(9, 7)]), torch.cat([y_pred, torch.ones(9, 7)])
    for error in (solved.masked_mse, solved.masked_rmse, solved.masked_rmse_clip):
        assert float(error(silent_true, silent_pred)) == pytest.approx(float(error(y_true, y_pred)), rel=1e-5)
    assert solved.masked_rmse(y_true, y_pred) ** 2 == pytest.approx(float(solved.masked_mse(y_true, y_pred)), rel=1e-5)
    assert solved.masked_rmse_clip(y_true, y_pred) <= solved.masked_rmse(y_true, y_pred) + 1e-6
    total = solved.masked_se(y_true, y_pred).sum() / (y_true != 0).sum()
    assert float(total) == pytest.approx(float(solved.masked_mse(y_true, y_pred)), rel=1e-5)


@some_seeds
@given(st.lists(st.integers(0, 9), min_size=1, max_size=12), st.integers(1, 4))
def test_early_stopping_never_looks_ahead(errors, patience):
    keep, n_epochs = solved.early_stopping(errors, patience)
    assert errors[keep] == min(errors[:n_epochs])
    assert solved.early_stopping([*errors[:n_epochs], -1.0], patience) == (
        (keep, n_epochs) if n_epochs - 1 - keep == patience else (n_epochs, n_epochs + 1)
    )


def test_item_predictions_are_those_of_the_turned_matrix():
    torch.manual_seed(0)
    model, x, means = solved.AutoRec(4, 3), torch.randn(4, 6), torch.rand(6)
    predictions = solved.item_predictions(model, x, means)
    assert predictions.shape == x.shape
    assert torch.allclose(predictions[:, 2], model(x[:, 2][None])[0] + means[2])


@pytest.mark.parametrize(
    ("exercise", "mistake", "word"),
    [
        ("data_preprocessor", "whole_numbers_in_a_loop", "dtype"),
        ("masked_rmse", "mean_over_users", "Pool"),
        ("masked_mse", "mse_row_by_row", "Pool"),
        ("regularized_loss", "biases_pay_too", "biases"),
        ("early_stopping", "sees_the_future", "later"),
    ],
)
def test_defects_of_the_source_are_known_and_cost_a_fair_share(exercise, mistake, word):
    question = find(f"autorec.{exercise}")
    right, wrong = ask_known(question, PUBLIC_SEED)
    (code,) = [m for m in mistakes(question) if m.name == mistake]
    verdict = judge(question, ask(question, code.namespace), right, wrong)
    assert verdict.mistake == mistake
    assert word in verdict.hint
    assert verdict.points <= 0.9 * question.points


@pytest.mark.parametrize(
    ("inputs", "n_epochs", "batch_size", "promise"),
    [("centred", 25, 128, 0.930), ("stars", 19, 256, 0.910)],  # the second is the chapter's last rung, 0.904 there
)
def test_item_autorec_keeps_its_promise_on_u1(inputs, n_epochs, batch_size, promise):
    try:
        movielens = data.load("ml-100k")
    except data.DataError as error:
        pytest.skip(f"needs the real ML-100K: {error}")
    if movielens.synthetic:
        pytest.skip("needs the real ML-100K")
    torch.set_num_threads(1)
    y, test = (
        torch.tensor(
            solved.data_preprocessor(part["user"], part["movie"], part["rating"], movielens.n_users, movielens.n_movies)
        )
        for part in (movielens.train, movielens.test)
    )
    y = y.T.contiguous()
    known = y != 0
    means = torch.where(known.any(1), y.sum(1) / known.sum(1).clamp(min=1), y[known].mean())[:, None]
    x = torch.where(known, y - means, 0.0) if inputs == "centred" else y
    torch.manual_seed(0)
    start = time.process_time()
    model = solved.AutoRec(x.shape[1], 100)
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    for _ in range(n_epochs):
        for rows in torch.randperm(len(x)).split(batch_size):
            error = solved.masked_mse(y[rows], model(x[rows]) + means[rows])
            optimizer.zero_grad()
            solved.regularized_loss(error, model, 7e-4).backward()
            optimizer.step()
    predictions = solved.item_predictions(model, x.T, means[:, 0])
    assert time.process_time() - start < 15
    assert solved.masked_rmse_clip(test, predictions) <= promise
