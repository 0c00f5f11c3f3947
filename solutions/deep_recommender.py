"""Reference implementations for the chapter `deep_recommender` (seed 001, tasks B1.1 to B2.4).

Ratings are two long tensors, `users` and `movies` (numbers from 0), and a float tensor `ratings` in stars; all have the
shape (n_ratings,).
"""

import torch
from torch import nn


def make_batches(users, movies, ratings, batch_size, generator):
    """Cut the ratings into batches, in a new random order at every call.

    Args:
        users, movies: long tensors (n_ratings,), the numbers of users and of movies.
        ratings: float tensor (n_ratings,), in stars.
        batch_size: number of ratings in a batch; the last batch holds what is left, and may be smaller.
        generator: torch.Generator from which the order is drawn.

    Returns:
        A list of triples (users, movies, ratings) of tensors (batch_size,). Together they hold every rating once.
    """
    order = torch.randperm(len(ratings), generator=generator)
    return [(users[batch], movies[batch], ratings[batch]) for batch in order.split(batch_size)]


def embed(users_embedding, movies_embedding, dropout, users, movies):
    """The input of the network: the user's vector and the movie's vector, one after the other.

    Args:
        users_embedding, movies_embedding: `nn.Embedding` layers that give vectors of `n_factors` numbers.
        dropout: an `nn.Dropout` layer, applied to the joined vector.
        users, movies: long tensors (batch_size,).

    Returns:
        float tensor (batch_size, 2 * n_factors): the user's numbers first, then the movie's.
    """
    joined = torch.cat([users_embedding(users), movies_embedding(movies)], dim=1)
    return dropout(joined)


def n_parameters(n_users, n_movies, n_factors, hidden):
    """How many numbers training has to adjust.

    Args:
        n_users, n_movies: sizes of the two tables of embeddings.
        n_factors: length of one embedding.
        hidden: list of the sizes of the hidden layers, at least one. Each layer has weights and biases. Behind them
            stands the layer `fc` with one output, also with a bias.

    Returns:
        An int.
    """
    total = (n_users + n_movies) * n_factors
    n_in = 2 * n_factors
    for n_out in [*hidden, 1]:
        total += (n_in + 1) * n_out
        n_in = n_out
    return total


def hidden_layers(n_in, hidden, dropout_rate):
    """The hidden part of the network: for each hidden layer `nn.Linear`, then `nn.ReLU`, then `nn.Dropout`.

    Args:
        n_in: how many numbers the first layer reads.
        hidden: list of the sizes of the hidden layers; or a single int, which means one hidden layer of that size.
        dropout_rate: share of neurons that dropout silences in training, from 0 (no dropout) to less than 1.

    Returns:
        One `nn.Module`. Called with a float tensor (batch_size, n_in) it gives a float tensor (batch_size, n_out),
        where n_out is the size of the last hidden layer.
    """
    layers = []
    for n_out in [hidden] if isinstance(hidden, int) else hidden:
        layers += [nn.Linear(n_in, n_out), nn.ReLU(), nn.Dropout(dropout_rate)]
        n_in = n_out
    return nn.Sequential(*layers)


def plain_list():
    """Your choice: "a", "b", "c" or "d"."""
    return "c"


def to_range(x, minmax):
    """Squeeze any numbers into the scale of the ratings.

    Args:
        x: float tensor of any shape.
        minmax: pair (lowest, highest), the ends of the scale.

    Returns:
        float tensor of the same shape: a sigmoid, stretched and shifted so that it runs from `lowest` to `highest`.
    """
    lowest, highest = minmax
    return lowest + (highest - lowest) * torch.sigmoid(x)


def exactly_five():
    """Your choice: "a", "b", "c" or "d"."""
    return "b"


def forward(model, users, movies, minmax):
    """Predict one rating for each pair of a user and a movie.

    Args:
        model: has the layers `users` and `movies` (embeddings), `drop` (dropout), `hidden` (one module), and `fc`
            (from the last hidden layer to one number).
        users, movies: long tensors (batch_size,).
        minmax: pair (lowest, highest), the ends of the scale of ratings.

    Returns:
        float tensor (batch_size,) of predictions between `lowest` and `highest`, by a stretched sigmoid.
    """
    x = model.drop(torch.cat([model.users(users), model.movies(movies)], dim=1))
    scores = model.fc(model.hidden(x)).squeeze(1)
    lowest, highest = minmax
    return lowest + (highest - lowest) * torch.sigmoid(scores)


def train_epoch(model, batches, criterion, optimizer):
    """Train on every batch once.

    Args:
        model: `model(users, movies)` gives predictions, a float tensor (batch_size,).
        batches: list of triples (users, movies, ratings) of tensors (batch_size,); the batches may differ in size.
        criterion: `criterion(predictions, ratings)` is the mean loss of a batch.
        optimizer: a torch optimizer over the model's parameters.

    Returns:
        The mean loss over all ratings of the epoch together, as a float. The model is in training mode.
    """
    model.train()
    total, n_ratings = 0.0, 0
    for users, movies, ratings in batches:
        optimizer.zero_grad()
        loss = criterion(model(users, movies), ratings)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(ratings)
        n_ratings += len(ratings)
    return total / n_ratings


def run_epochs(new_batches, train_batch, validate, scheduler, n_epochs):
    """Train for some epochs. After each, tell the scheduler how good the model is on the validation ratings.

    Args:
        new_batches: a function without arguments; it returns the batches of one epoch, shuffled anew at every call.
        train_batch: a function; `train_batch(batch)` trains on one batch and returns the loss of that batch.
        validate: a function without arguments; it returns the loss over all validation ratings.
        scheduler: `scheduler.step(loss)` is called once an epoch; it lowers the learning rate when `loss` stalls.
        n_epochs: number of epochs.

    Returns:
        List of `n_epochs` floats: the validation loss after each epoch.
    """
    history = []
    for _ in range(n_epochs):
        for batch in new_batches():
            train_batch(batch)
        history.append(validate())
        scheduler.step(history[-1])
    return history


def evaluate(model, users, movies, ratings):
    """How good are the predictions of ratings that the model has never seen?

    Args:
        model: `model(users, movies)` gives predictions in stars, a float tensor (n_ratings,).
        users, movies: long tensors (n_ratings,).
        ratings: float tensor (n_ratings,), in stars.

    Returns:
        rmse: root mean squared error over all ratings, in stars, a float.
        accuracy: share of predictions less than half a star away from the rating, a float from 0 to 1.
        The model predicts in evaluation mode, and no gradients are recorded.
    """
    model.eval()
    with torch.no_grad():
        errors = model(users, movies) - ratings
    return errors.square().mean().sqrt().item(), (errors.abs() < 0.5).float().mean().item()


def what_depth_adds():
    """Your choice: "a", "b", "c" or "d"."""
    return "d"
