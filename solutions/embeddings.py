"""Reference implementations for the chapter `embeddings` (seed 003, up to its assessed assignment).

A pair is (user index, movie index); ratings are in stars, or scaled to 0 to 1 where the docstring says so.
"""

from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import nn
from torch.utils.data import Dataset


def vocabulary(ids):
    """All different ids, each with an index.

    Args:
        ids: numpy array (n,) of whole numbers; an id may occur many times.

    Returns:
        unique_ids: list of the different ids, in order of first appearance.
        id_to_index: dictionary from id to index, so that `unique_ids[id_to_index[id]] == id`. The first index is 0.
    """
    unique_ids = pd.unique(ids).tolist()
    return unique_ids, {id: index for index, id in enumerate(unique_ids)}


def to_indices(ids, id_to_index):
    """Look up the index of every id.

    Args:
        ids: numpy array (n,) of whole numbers.
        id_to_index: dictionary from id to index.

    Returns:
        numpy array (n,) of int64: the index of each id, in the order of `ids`.

    Raises:
        KeyError: if an id is not in the dictionary.
    """
    return np.array([id_to_index[id] for id in ids.tolist()], dtype=np.int64)


def one_hot_product():
    """Your choice: "a", "b", "c" or "d"."""
    return "b"


def fit_scaler(ratings, train_rows):
    """The two numbers that scaling needs.

    Args:
        ratings: numpy array (n_ratings,), in stars: all ratings, also those of the validation and test parts.
        train_rows: numpy array of whole numbers: the positions of the training ratings in `ratings`.

    Returns:
        (lowest, highest), two floats, in stars: the lowest and the highest training rating.

    Raises:
        ValueError: if all training ratings are the same, because then there is no range to scale to.
    """
    train_ratings = ratings[train_rows]
    lowest, highest = float(train_ratings.min()), float(train_ratings.max())
    if lowest == highest:
        raise ValueError(f"all training ratings are {lowest}")
    return lowest, highest


def scale(ratings, lowest, highest):
    """Scale ratings so that `lowest` becomes 0 and `highest` becomes 1.

    Args:
        ratings: numpy array (n,), in stars. It is not changed.
        lowest, highest: two different floats, in stars.

    Returns:
        numpy array (n,) of float32. A rating outside `lowest` to `highest` gives a number outside 0 to 1.
    """
    return ((ratings - lowest) / (highest - lowest)).astype(np.float32)


def to_stars(scaled, lowest, highest):
    """Map scaled predictions back to stars.

    Args:
        scaled: float tensor (n,): predictions, where 0 stands for `lowest` and 1 for `highest`. It is not changed.
        lowest, highest: two floats, in stars.

    Returns:
        float tensor (n,), in stars. Predictions off the scale are moved to its nearest end.
    """
    return (lowest + scaled * (highest - lowest)).clamp(lowest, highest)


def error_in_stars(scaled_mse, lowest, highest):
    """Turn a mean squared error on the scale from 0 to 1 into a root mean squared error in stars.

    Args:
        scaled_mse: float, mean squared error of scaled predictions against scaled ratings.
        lowest, highest: two floats, in stars: what 0 and 1 stand for.

    Returns:
        A float, in stars.
    """
    return scaled_mse**0.5 * (highest - lowest)


class MoviesDataset(Dataset):
    """Pairs of indices with their ratings, one example after the other.

    Args:
        pairs: numpy array (n, 2) of whole numbers: user index, movie index.
        ratings: numpy array (n,) of numbers, scaled.

    `len(dataset)` is n. `dataset[i]` is (pair, rating): an int64 tensor (2,) and a float32 tensor with a single number,
    of shape ().
    """

    def __init__(self, pairs, ratings):
        self.pairs = torch.tensor(pairs, dtype=torch.int64)
        self.ratings = torch.tensor(ratings, dtype=torch.float32)

    def __len__(self):
        return len(self.ratings)

    def __getitem__(self, i):
        return self.pairs[i], self.ratings[i]


class RecommenderNet(nn.Module):
    """Dot product of a user vector and a movie vector, plus two biases and a mean.

    Its parameters are the weights of four `nn.Embedding` layers: `user_embedding` and `movie_embedding` with
    `embedding_size` numbers a row, `user_bias` and `movie_bias` with one. At the start the biases are 0 and the vectors
    small random numbers, so that every prediction is close to `mean`. The mean is not trained, but it is part of the
    `state_dict`.

    Args:
        num_users, num_movies: how many rows the layers have.
        embedding_size: length of a vector.
        mean: float, the mean of the scaled training ratings.

    `model(inputs)` takes an int64 tensor (batch_size, 2) of pairs, and gives a float tensor (batch_size,): the
    predicted, scaled ratings.
    """

    def __init__(self, num_users, num_movies, embedding_size=20, mean=0.0):
        super().__init__()
        self.user_embedding = nn.Embedding(num_users, embedding_size)
        self.movie_embedding = nn.Embedding(num_movies, embedding_size)
        self.user_bias = nn.Embedding(num_users, 1)
        self.movie_bias = nn.Embedding(num_movies, 1)
        for vectors in (self.user_embedding, self.movie_embedding):
            nn.init.normal_(vectors.weight, std=0.01)
        for biases in (self.user_bias, self.movie_bias):
            nn.init.zeros_(biases.weight)
        self.register_buffer("mean", torch.tensor(float(mean)))

    def forward(self, inputs):
        """Predict the scaled ratings of a batch of pairs."""
        users, movies = inputs[:, 0], inputs[:, 1]
        dot = (self.user_embedding(users) * self.movie_embedding(movies)).sum(dim=1)
        return dot + self.user_bias(users).flatten() + self.movie_bias(movies).flatten() + self.mean


def wide_start():
    """Your choice: "a", "b", "c" or "d"."""
    return "c"


def train_epoch(model, loader, loss_fn, optimizer):
    """Train once on every batch.

    Args:
        model: `model(inputs)` gives a prediction for each row of `inputs`.
        loader: gives batches (inputs, labels); they need not have equal sizes.
        loss_fn: `loss_fn(predictions, labels)` is the mean loss over a batch.
        optimizer: a torch optimizer over the model's parameters.

    Returns:
        A float: the mean loss over all examples, each measured just before the step of its batch. The model is in
        training mode.
    """
    model.train()
    total, n_examples = 0.0, 0
    for inputs, labels in loader:
        optimizer.zero_grad()
        loss = loss_fn(model(inputs), labels)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(labels)
        n_examples += len(labels)
    return total / n_examples


def evaluate(model, loader, loss_fn):
    """Measure the loss, and change nothing.

    Args:
        model: `model(inputs)` gives a prediction for each row of `inputs`.
        loader: gives batches (inputs, labels); they need not have equal sizes.
        loss_fn: `loss_fn(predictions, labels)` is the mean loss over a batch.

    Returns:
        A float: the mean loss over all examples. The model predicts in evaluation mode, and PyTorch records nothing for
        gradients.
    """
    model.eval()
    total, n_examples = 0.0, 0
    with torch.no_grad():
        for inputs, labels in loader:
            total += loss_fn(model(inputs), labels).item() * len(labels)
            n_examples += len(labels)
    return total / n_examples


def save_model(model, path):
    """Write the state of a model to a file: its weights and buffers, not the object itself.

    Args:
        model: an `nn.Module`.
        path: where to write, as a string.

    Returns:
        The size of the file in bytes, an int.
    """
    torch.save(model.state_dict(), path)
    return Path(path).stat().st_size


def load_model(model, path):
    """Fill a model with the state that `save_model` wrote.

    Args:
        model: a new `nn.Module` of the same shape as the saved one.
        path: the file, as a string. Nothing but weights is read from it: code that hides in it is never run.

    Returns:
        The same model, in evaluation mode.

    Raises:
        An exception if the file holds anything but tensors, or if a weight of the model is not in it.
    """
    model.load_state_dict(torch.load(path, weights_only=True))
    return model.eval()


def get_top_n(model, user, seen, n, n_ratings, min_ratings=10):
    """The n movies with the highest predictions among those that may be recommended.

    Args:
        model: a trained model; in evaluation mode, `model(pairs)` gives a prediction for each row (user, movie).
        user: index of the user.
        seen: numpy array of the indices of the movies this user has rated.
        n: number of recommendations.
        n_ratings: numpy array (n_movies,): how many training ratings each movie has.
        min_ratings: movies with fewer training ratings are left out.

    Returns:
        indexes: int64 numpy array (n,) of movie indices, the best first; shorter if fewer movies are left.
        predictions: numpy array of the same length: what the model predicts for them.
    """
    allowed = n_ratings >= min_ratings
    allowed[seen] = False
    candidates = np.flatnonzero(allowed)
    pairs = torch.tensor(np.column_stack([np.full_like(candidates, user), candidates]))
    model.eval()
    with torch.no_grad():
        predictions = model(pairs).numpy()
    best = np.argsort(-predictions, kind="stable")[:n]
    return candidates[best], predictions[best]


def get_names_for_indexes(indexes, movie_ids, movies):
    """The titles of some movies, by one look-up for all of them.

    Args:
        indexes: numpy array (k,) of movie indices; an index may occur twice.
        movie_ids: list of all movie ids; the movie with index i has the id `movie_ids[i]`.
        movies: DataFrame with the columns `movie_id` and `title`, each id once, in any order.

    Returns:
        List of k titles, in the order of `indexes`.
    """
    ids = np.array(movie_ids)[indexes]
    return movies.set_index("movie_id").loc[ids, "title"].tolist()
