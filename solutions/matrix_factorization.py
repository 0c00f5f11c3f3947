"""Reference implementations for the chapter `matrix_factorization` (seed 001, tasks A1 to A6; seed 004, E2 and E4).

Sections 3 to 5 of the chapter hold factors as (n_factors, n) tensors and ratings as a table with a mask; sections 6 to
8 hold them as (n, n_factors) tensors and ratings as pairs with values.
"""

import torch
from torch import nn


def factor_tensors(n_users, n_movies, n_factors, generator):
    """The two tensors of numbers that training will adjust, before the first step.

    Args:
        n_users, n_movies: how many users and movies there are.
        n_factors: how many numbers describe a user, and how many describe a movie.
        generator: torch.Generator that all random numbers are drawn from.

    Returns:
        user_factors: float tensor (n_factors, n_users); column u describes user u.
        movies_factors: float tensor (n_factors, n_movies); column i describes movie i.
        Both are drawn from a normal distribution with mean 0 and standard deviation 0.1. PyTorch computes gradients
        for both, and an optimizer can change them.
    """
    user_factors = 0.1 * torch.randn(n_factors, n_users, generator=generator)
    movies_factors = 0.1 * torch.randn(n_factors, n_movies, generator=generator)
    return user_factors.requires_grad_(), movies_factors.requires_grad_()


def estimate(user_factors, movies_factors):
    """The estimated rating of every user for every movie.

    Args:
        user_factors: float tensor (n_factors, n_users).
        movies_factors: float tensor (n_factors, n_movies).

    Returns:
        float tensor (n_users, n_movies); entry (u, i) is the dot product of column u and column i.
    """
    return user_factors.T @ movies_factors


def calc_loss(true_r, est_r, exist):
    """Mean squared error over the ratings that exist.

    Args:
        true_r: float tensor (n_users, n_movies), in stars. Where `exist` is False its numbers mean nothing.
        est_r: float tensor (n_users, n_movies), the estimates.
        exist: bool tensor (n_users, n_movies), True where there is a rating. At least one entry is True.

    Returns:
        A tensor with a single number, from which gradients can be computed.
    """
    errors = torch.where(exist, est_r - true_r, 0.0)
    return errors.square().sum() / exist.sum()


def mask_changes():
    """Your choice: "a", "b", "c" or "d"."""
    return "b"


def training_step(user_factors, movies_factors, true_r, exist, optimizer, estimate, calc_loss):
    """Improve both tensors of factors once, on all ratings.

    Args:
        user_factors: float tensor (n_factors, n_users).
        movies_factors: float tensor (n_factors, n_movies).
        true_r: float tensor (n_users, n_movies), in stars.
        exist: bool tensor (n_users, n_movies), True where there is a rating.
        optimizer: a torch optimizer over the two tensors of factors.
        estimate: function; `estimate(user_factors, movies_factors)` gives the estimates.
        calc_loss: function; `calc_loss(true_r, est_r, exist)` gives the loss.

    Returns:
        The loss before the step, as a float.
    """
    optimizer.zero_grad()
    loss = calc_loss(true_r, estimate(user_factors, movies_factors), exist)
    loss.backward()
    optimizer.step()
    return loss.item()


def to_range(estimated, low=1.0, high=5.0):
    """Bring estimates into the range of possible ratings, and change no more than that needs.

    Args:
        estimated: float tensor of any shape, in stars. It is not changed.
        low, high: the lowest and the highest possible rating, in stars.

    Returns:
        float tensor of the same shape, with every number between `low` and `high`.
    """
    return estimated.clamp(low, high)


def min_max():
    """Your choice: "a", "b", "c" or "d"."""
    return "d"


def sparse_mean_square_error(sparse_ratings, user_embeddings, movie_embeddings):
    """Mean squared error over the ratings that a sparse tensor holds.

    Args:
        sparse_ratings: sparse COO tensor (n_users, n_movies) of ratings in stars, coalesced or not; no pair is in it
            twice.
        user_embeddings: float tensor (n_users, embedding_dim); row u describes user u.
        movie_embeddings: float tensor (n_movies, embedding_dim); row i describes movie i.

    Returns:
        A tensor with a single number, from which gradients can be computed. The estimate of a rating is the dot
        product of the two rows.
    """
    sparse_ratings = sparse_ratings.coalesce()
    users, movies = sparse_ratings.indices()
    estimates = (user_embeddings[users] * movie_embeddings[movies]).sum(dim=1)
    return (estimates - sparse_ratings.values()).square().mean()


class CFModel(nn.Module):
    """A matrix factorisation that predicts the ratings of given pairs of a user and a movie.

    Its parameters are `U`, float (n_users, embedding_dim), and `V`, float (n_movies, embedding_dim). Both are drawn
    from a normal distribution with mean 0, by torch's own generator (which `torch.manual_seed` sets).

    Args:
        n_users, n_movies: how many users and movies there are.
        init_stddev: standard deviation of the normal distribution.
        embedding_dim: how many numbers describe a user, and how many describe a movie.
    """

    def __init__(self, n_users, n_movies, init_stddev, embedding_dim):
        super().__init__()
        self.U = nn.Parameter(init_stddev * torch.randn(n_users, embedding_dim))
        self.V = nn.Parameter(init_stddev * torch.randn(n_movies, embedding_dim))

    def forward(self, users, movies):
        """Predicted ratings, float tensor (n_pairs,), of the pairs given by two int tensors (n_pairs,)."""
        of_users, of_movies = self.U.index_select(0, users), self.V.index_select(0, movies)
        return (of_users * of_movies).sum(dim=1)

    @property
    def embeddings(self):
        """A dictionary with U as "user_id" and V as "movie_id", both as NumPy arrays."""
        arrays = {"user_id": self.U, "movie_id": self.V}
        return {name: tensor.detach().numpy() for name, tensor in arrays.items()}


def train(model, num_iterations, learning_rate, A_train, A_test):
    """Train by gradient descent, each step on all training ratings, and follow both errors.

    Args:
        model: an nn.Module; `model(users, movies)` gives the predictions for pairs, as a float tensor (n_pairs,).
        num_iterations: number of steps.
        learning_rate: the learning rate of `torch.optim.SGD`.
        A_train: sparse COO tensor (n_users, n_movies), coalesced or not: the ratings to learn from, in stars.
        A_test: the same, of ratings to measure on.

    Returns:
        history: a dictionary with two lists, "train" and "test", of `num_iterations + 1` floats: the mean squared
        errors before the first step and after every step. The steps change the parameters of `model`.
    """
    A_train, A_test = A_train.coalesce(), A_test.coalesce()
    users, movies = A_train.indices()
    test_users, test_movies = A_test.indices()
    optimizer = torch.optim.SGD(model.parameters(), lr=learning_rate)
    history = {"train": [], "test": []}
    for iteration in range(num_iterations + 1):
        loss = (model(users, movies) - A_train.values()).square().mean()
        with torch.no_grad():
            test_loss = (model(test_users, test_movies) - A_test.values()).square().mean()
        history["train"].append(loss.item())
        history["test"].append(test_loss.item())
        if iteration < num_iterations:
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return history


def small_start():
    """Your choice: "a", "b", "c" or "d"."""
    return "a"


def biased_predictions(users, movies, mean, user_biases, movie_biases, user_factors, movie_factors):
    """Predicted ratings of a factorisation with biases.

    Args:
        users, movies: int tensors (n_pairs,): who is asked about what.
        mean: the mean of the training ratings, in stars.
        user_biases: float tensor (n_users,), in stars.
        movie_biases: float tensor (n_movies,), in stars.
        user_factors: float tensor (n_users, n_factors).
        movie_factors: float tensor (n_movies, n_factors).

    Returns:
        float tensor (n_pairs,), in stars, not clipped.
    """
    taste = (user_factors[users] * movie_factors[movies]).sum(dim=1)
    return mean + user_biases[users] + movie_biases[movies] + taste


def best_vectors(targets, exist, features, penalties):
    """For every row of a table, the vector that fits the row best, with a penalty on large numbers.

    The vector w of a row has the smallest possible sum of
    the squared errors (targets[row, column] - w · features[column])², over the columns where `exist` is True, and
    the penalties penalties[c] * w[c]², over the features c.

    Args:
        targets: float tensor (n_rows, n_columns). Where `exist` is False its numbers mean nothing.
        exist: bool tensor (n_rows, n_columns).
        features: float tensor (n_columns, n_features).
        penalties: float tensor (n_features,), all positive.

    Returns:
        float tensor (n_rows, n_features). A row without any True in `exist` gets zeros.
    """
    n_columns, n_features = features.shape
    mask = exist.to(features.dtype)
    products = (features[:, :, None] * features[:, None, :]).reshape(n_columns, -1)
    left = (mask @ products).reshape(-1, n_features, n_features) + torch.diag(penalties)
    right = torch.where(exist, targets, 0.0) @ features
    return torch.linalg.solve(left, right)
