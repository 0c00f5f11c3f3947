"""The chapter `regularization`: the defects of its source stay mended, and its model keeps its promises."""

import os

import numpy as np
import pytest
import torch

from recbook import data, metrics
from recbook.data.errors import DataError
from solutions.regularization import (
    RegularizedCFModel,
    folding_score,
    gravity,
    gravity_by_sum,
    neighbours_share,
    new_user_embedding,
    regularization_loss,
    total_loss,
    train_regularized,
)


def loss_of(model, error):
    coefficients = model.regularization_coeff, model.gravity_coeff
    return total_loss(error, model.U, model.V, *coefficients, regularization_loss, gravity)


def some_ratings(n=200):
    generator = torch.Generator().manual_seed(0)
    users = torch.randint(0, 30, (n,), generator=generator)
    movies = torch.randint(0, 40, (n,), generator=generator)
    return users, movies, torch.randint(1, 6, (n,), generator=generator).float()


def test_gravity_is_the_mean_squared_prediction_and_needs_no_table_of_pairs():
    U, V = torch.randn(12, 3), torch.randn(7, 3)
    assert torch.isclose(gravity(U, V), (U @ V.T).square().mean())
    assert np.isclose(float(gravity_by_sum(U, V)), gravity(U, V).item())
    million = torch.randn(1_000_000, 2)
    assert gravity(million, million).item() == pytest.approx(2, rel=0.05)  # 4 TB as a table


def test_the_reported_parts_add_up_and_the_observed_loss_is_the_error():
    error = torch.tensor(1.0594)
    total, parts = total_loss(error, torch.ones(2, 3), torch.ones(4, 3), 0.1, 1.0, regularization_loss, gravity)
    assert parts["observed_loss"] == pytest.approx(1.0594)
    assert sum(parts.values()) == pytest.approx(total.item())
    assert total.item() > 3


def test_modes_parameters_and_seed_of_the_model():
    model = RegularizedCFModel(5, 7, 0.05, embedding_dim=3, seed=4)
    assert {name: tuple(p.shape) for name, p in model.named_parameters()} == {"U": (5, 3), "V": (7, 3)}
    assert not model.eval().training
    assert model.train().training
    assert torch.equal(model.U, RegularizedCFModel(5, 7, 0.05, embedding_dim=3, seed=4).U)


def test_every_model_is_trained_by_an_optimizer_of_its_own():
    first, second = (RegularizedCFModel(30, 40, 0.05, embedding_dim=4, seed=seed) for seed in (0, 1))
    train_regularized(first, loss_of, *some_ratings(), num_iterations=5)
    kept = first.U.detach().clone()
    before = second.U.detach().clone()
    history = train_regularized(second, loss_of, *some_ratings(), num_iterations=30)
    assert history[-1]["observed_loss"] < 0.5 * history[0]["observed_loss"]
    assert not torch.equal(second.U, before)
    assert torch.equal(first.U, kept)


def test_a_new_users_embedding_is_where_the_gradient_vanishes():
    V, movies, stars = torch.randn(20, 4), torch.tensor([1, 5, 6]), torch.tensor([5.0, 2.0, 4.0])
    u = new_user_embedding(V, movies, stars, 0.7, 0.2).requires_grad_()
    loss = (stars - V[movies] @ u).square().sum() + 0.7 * u.square().sum() + 0.2 * (V @ u).square().sum()
    loss.backward()
    assert u.grad.abs().max() < 1e-3


@pytest.fixture(scope="module")
def movielens():
    if os.environ.get("RECBOOK_DATASET") == "sample":
        pytest.skip("the sample has no Aladdin")
    try:
        found = data.load("ml-100k")
    except DataError as error:
        pytest.skip(f"MovieLens-100K is out of reach: {error}")
    if found.synthetic:
        pytest.skip("MovieLens-100K is out of reach; the synthetic sample has no Aladdin")
    return found


def test_gravity_makes_worse_errors_better_lists_and_better_neighbours(movielens):
    train, test = movielens.train, movielens.test
    columns = [torch.tensor(train[name].to_numpy()).long() for name in ("user", "movie")]
    stars = torch.tensor(train["rating"].to_numpy())
    family = (movielens.movies["Animation"] | movielens.movies["Children's"]).to_numpy()
    aladdin = movielens.movies["title"].tolist().index("Aladdin (1992)")
    rated = np.zeros((movielens.n_users, movielens.n_movies), np.float32)
    rated[train["user"], train["movie"]] = 1
    together = rated.T @ rated > 0
    found, near = {}, []
    for coefficients, seed in (((0.1, 0.0), 0), ((0.5, 3.0), 0), ((0.5, 3.0), 1), ((0.5, 3.0), 2)):
        model = RegularizedCFModel(
            movielens.n_users, movielens.n_movies, 0.1, *coefficients, embedding_dim=64, seed=seed
        )
        train_regularized(model, loss_of, *columns, stars)
        U, V = model.embeddings["user_id"], model.embeddings["movie_id"]
        if coefficients == (0.5, 3.0):
            near.append(5 * neighbours_share(V, aladdin, family))
        if seed:
            continue
        scores = U @ V.T
        found[coefficients] = (
            metrics.rmse(scores[test["user"], test["movie"]], test["rating"]),
            metrics.rank_all(scores, train, test).ndcg,
            folding_score(V, together),
        )
    (plain_rmse, plain_ndcg, plain_folding), (rmse, ndcg, folding) = found.values()
    assert plain_rmse < 1.02 < rmse
    assert ndcg > 0.455 > plain_ndcg
    assert len(near) == 3  # seeds
    assert min(near) >= 3
    assert folding < 0.25 < plain_folding
