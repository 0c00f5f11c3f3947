"""Right implementations of the chapter `deep_recommender` that are written quite differently from the reference."""

import math
import random
from collections import OrderedDict
from itertools import pairwise

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from grader.implementations import alternative


@alternative("deep_recommender.make_batches")
def with_a_data_loader(users, movies, ratings, batch_size, generator):
    data = TensorDataset(users, movies, ratings)
    return [tuple(batch) for batch in DataLoader(data, batch_size, shuffle=True, generator=generator)]


@alternative("deep_recommender.make_batches")
def with_python_lists(users, movies, ratings, batch_size, generator):
    seed = int(torch.randint(2**31, (1,), generator=generator))
    order = list(range(len(ratings)))
    random.Random(seed).shuffle(order)
    starts = range(0, len(order), batch_size)
    return [[part[order[start : start + batch_size]] for part in (users, movies, ratings)] for start in starts]


@alternative("deep_recommender.embed")
def into_an_empty_tensor(users_embedding, movies_embedding, dropout, users, movies):
    n_factors = users_embedding.embedding_dim
    x = torch.empty(len(users), 2 * n_factors)
    x[:, :n_factors] = dropout(users_embedding(users))
    x[:, n_factors:] = dropout(movies_embedding(movies))
    return x


@alternative("deep_recommender.embed")
def with_indexing(users_embedding, movies_embedding, dropout, users, movies):
    x = torch.hstack((users_embedding.weight[users], movies_embedding.weight[movies]))
    return F.dropout(x, dropout.p, training=dropout.training)


@alternative("deep_recommender.n_parameters")
def by_building_it(n_users, n_movies, n_factors, hidden):
    modules = [nn.Embedding(n_users, n_factors), nn.Embedding(n_movies, n_factors)]
    n_in = 2 * n_factors
    for n_out in [*hidden, 1]:
        modules.append(nn.Linear(n_in, n_out))
        n_in = n_out
    return sum(parameter.numel() for module in modules for parameter in module.parameters())


@alternative("deep_recommender.hidden_layers")
class AClass(nn.Module):
    def __init__(self, n_in, hidden, dropout_rate):
        super().__init__()
        sizes = [n_in] + (list(hidden) if hasattr(hidden, "__len__") else [hidden])
        self.linear = nn.ModuleList([nn.Linear(a, b) for a, b in pairwise(sizes)])
        self.rate = dropout_rate

    def forward(self, x):
        for linear in self.linear:
            x = F.dropout(torch.relu(linear(x)), self.rate, self.training)
        return x


@alternative("deep_recommender.hidden_layers")
def with_names(n_in, hidden, dropout_rate):
    if type(hidden) is int:
        hidden = [hidden]
    layers = OrderedDict()
    for number, n_out in enumerate(hidden):
        layers[f"linear{number}"] = nn.Linear(n_in if number == 0 else hidden[number - 1], n_out)
        if dropout_rate:
            layers[f"dropout{number}"] = nn.Dropout(dropout_rate)
        layers[f"relu{number}"] = nn.ReLU()
    return nn.Sequential(layers)


@alternative("deep_recommender.to_range")
def with_exponentials(x, minmax):
    return (minmax[1] - minmax[0]) / (1 + torch.exp(-x)) + minmax[0]


@alternative("deep_recommender.to_range")
def between_the_ends(x, minmax):
    share = torch.tanh(x / 2) / 2 + 0.5
    return share * minmax[1] + (1 - share) * minmax[0]


@alternative("deep_recommender.forward")
def layer_by_layer(model, users, movies, minmax):
    x = torch.hstack([model.drop(model.users(users)), model.drop(model.movies(movies))])
    for layer in model.hidden:
        x = layer(x)
    share = torch.special.expit(model.fc(x))[:, 0]
    return share * minmax[1] + (1 - share) * minmax[0]


@alternative("deep_recommender.forward")
def flattened(model, users, movies, minmax):
    x = torch.cat((model.users(users), model.movies(movies)), -1)
    out = model.fc(model.hidden(model.drop(x))).sigmoid() * (minmax[1] - minmax[0]) + minmax[0]
    return out.flatten()


@alternative("deep_recommender.train_epoch")
def mean_with_weights(model, batches, criterion, optimizer):
    losses = []
    model.train()
    for batch in batches:
        predictions = model(*batch[:2])
        loss = criterion(predictions, batch[2])
        for parameter in model.parameters():
            parameter.grad = None
        loss.backward()
        optimizer.step()
        losses.append(float(loss))
    return float(np.average(losses, weights=[len(batch[2]) for batch in batches]))


@alternative("deep_recommender.train_epoch")
def clears_at_the_end(model, batches, criterion, optimizer):
    model = model.train()
    n = sum(ratings.shape[0] for _, _, ratings in batches)
    mean = torch.zeros(())
    optimizer.zero_grad()
    for users, movies, ratings in batches:
        loss = criterion(model(users, movies), ratings)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        mean += loss.detach() * ratings.numel() / n
    return mean.item()


@alternative("deep_recommender.run_epochs")
def with_an_array(new_batches, train_batch, validate, scheduler, n_epochs):
    history = np.zeros(n_epochs)
    for epoch in range(n_epochs):
        list(map(train_batch, new_batches()))
        loss = float(validate())
        history[epoch] = loss
        scheduler.step(loss)
    return history.tolist()


@alternative("deep_recommender.run_epochs")
def while_loop(new_batches, train_batch, validate, scheduler, n_epochs):
    history = []
    while len(history) < n_epochs:
        batches = iter(new_batches())
        while (batch := next(batches, None)) is not None:
            train_batch(batch)
        loss = validate()
        scheduler.step(loss)
        history = [*history, loss]
    return history


@alternative("deep_recommender.run_epochs")
def told_by_keyword(new_batches, train_batch, validate, scheduler, n_epochs):
    def one_epoch():
        for batch in new_batches():
            train_batch(batch)
        loss = validate()
        scheduler.step(metrics=loss)  # as `ReduceLROnPlateau` calls it
        return loss

    return [one_epoch() for _ in range(n_epochs)]


@alternative("deep_recommender.evaluate")
def in_inference_mode(model, users, movies, ratings):
    with torch.inference_mode():
        predictions = model.train(False)(users, movies).numpy()
    distance = np.abs(predictions - ratings.numpy())
    return float(np.sqrt((distance**2).mean())), float(np.mean(distance < 0.5))


@alternative("deep_recommender.evaluate")
@torch.no_grad()
def rating_by_rating(model, users, movies, ratings):
    model.eval()
    squares = near = 0
    for user, movie, rating in zip(users, movies, ratings, strict=True):
        error = model(user[None], movie[None]).item() - rating.item()
        squares += error**2
        near += -0.5 < error < 0.5
    return math.sqrt(squares / len(ratings)), near / len(ratings)
