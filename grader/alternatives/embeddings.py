"""Right implementations of the chapter `embeddings` that are written differently from the reference."""

import math
import os
from collections import OrderedDict

import numpy as np
import pandas as pd
import torch
from sklearn.preprocessing import MinMaxScaler
from torch import nn
from torch.utils.data import Dataset

from grader.implementations import alternative

# --- From ids to indices ---------------------------------------------------------------------------------------------


@alternative("embeddings.vocabulary")
def vocabulary_in_a_loop(ids):
    id_to_index = {}
    for id in ids:
        if int(id) not in id_to_index:
            id_to_index[int(id)] = len(id_to_index)
    return list(id_to_index), id_to_index


@alternative("embeddings.vocabulary")
def vocabulary_by_numpy(ids):
    different, first = np.unique(ids, return_index=True)
    in_order = different[np.argsort(first)]
    return in_order, dict(zip(in_order.tolist(), range(len(in_order)), strict=True))


@alternative("embeddings.to_indices")
def to_indices_by_map(ids, id_to_index):
    indices = pd.Series(ids).map(id_to_index)
    if indices.isna().any():
        raise KeyError(ids[indices.isna()][0])
    return indices.to_numpy().astype("int64")


@alternative("embeddings.to_indices")
def to_indices_by_table(ids, id_to_index):
    return pd.Series(id_to_index).loc[ids].to_numpy(dtype=np.int64)


# --- Scaling ---------------------------------------------------------------------------------------------------------


@alternative("embeddings.fit_scaler")
def fit_scaler_with_sklearn(ratings, train_rows):
    scaler = MinMaxScaler().fit(ratings[train_rows].reshape(-1, 1))
    if scaler.data_range_[0] == 0:
        raise ValueError("no range")
    return scaler.data_min_[0], scaler.data_max_[0]


@alternative("embeddings.scale")
def scale_with_interpolation(ratings, lowest, highest):
    slope = 1 / (highest - lowest)
    return np.asarray([slope * rating - slope * lowest for rating in ratings], dtype="float32")


@alternative("embeddings.to_stars")
def to_stars_clipping_first(scaled, lowest, highest):
    return torch.lerp(torch.tensor(lowest), torch.tensor(highest), torch.clip(scaled, 0, 1))


@alternative("embeddings.error_in_stars")
def error_in_stars_squared(scaled_mse, lowest, highest):
    return math.sqrt(scaled_mse * (highest - lowest) ** 2)


# --- Data set and model ----------------------------------------------------------------------------------------------


@alternative("embeddings.MoviesDataset")
class ConvertsLate(Dataset):
    def __init__(self, pairs, ratings):
        self.x, self.y = pairs, ratings

    def __len__(self):
        return self.x.shape[0]

    def __getitem__(self, i):
        return torch.LongTensor(self.x[i].astype("int64")), torch.tensor(float(self.y[i]), dtype=torch.float32)


@alternative("embeddings.MoviesDataset")
class WithNumpy:
    def __init__(self, pairs, ratings):
        self.examples = list(zip(pairs.astype(np.int64), ratings.astype(np.float32), strict=True))

    def __len__(self):
        return len(self.examples)

    def __getitem__(self, i):
        pair, rating = self.examples[i]
        return torch.from_numpy(pair), torch.tensor(rating)


@alternative("embeddings.RecommenderNet")
class WithEinsum(nn.Module):
    def __init__(self, num_users, num_movies, embedding_size=20, mean=0.0):
        super().__init__()
        for side, rows in (("user", num_users), ("movie", num_movies)):
            vectors = nn.Embedding(rows, embedding_size)
            vectors.weight.data.uniform_(-0.05, 0.05)
            biases = nn.Embedding.from_pretrained(torch.zeros(rows, 1), freeze=False)
            self.add_module(f"{side}_embedding", vectors)
            self.add_module(f"{side}_bias", biases)
        self.register_buffer("global_mean", torch.as_tensor([mean], dtype=torch.float32))

    def forward(self, inputs):
        u, i = inputs.T
        dot = torch.einsum("bk,bk->b", self.user_embedding(u), self.movie_embedding(i))
        return self.global_mean + (dot[:, None] + self.user_bias(u) + self.movie_bias(i)).squeeze(1)


@alternative("embeddings.RecommenderNet")
class WithAFrozenMean(nn.Module):
    def __init__(self, num_users, num_movies, embedding_size=20, mean=0.0):
        nn.Module.__init__(self)
        self.user_bias = nn.Embedding(num_users, 1)
        self.movie_bias = nn.Embedding(num_movies, 1)
        self.user_embedding = nn.Embedding(num_users, embedding_size)
        self.movie_embedding = nn.Embedding(num_movies, embedding_size)
        self.mu = nn.Parameter(torch.tensor(mean), requires_grad=False)
        with torch.no_grad():
            self.user_bias.weight.zero_()
            self.movie_bias.weight.zero_()
            self.user_embedding.weight *= 0.1
            self.movie_embedding.weight *= 0.1

    def forward(self, inputs):
        users, movies = self.user_embedding(inputs[:, 0]), self.movie_embedding(inputs[:, 1])
        dot = torch.bmm(users.unsqueeze(1), movies.unsqueeze(2)).reshape(-1)
        return dot + self.user_bias(inputs[:, 0])[:, 0] + self.movie_bias(inputs[:, 1])[:, 0] + self.mu


# --- Training --------------------------------------------------------------------------------------------------------


@alternative("embeddings.train_epoch")
def train_epoch_with_lists(model, loader, loss_fn, optimizer):
    model.train(True)
    losses, sizes = [], []
    for batch in loader:
        loss = loss_fn(model(batch[0]), batch[1])
        model.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
        sizes.append(batch[1].shape[0])
    return float(np.average(losses, weights=sizes))


@alternative("embeddings.train_epoch")
def train_epoch_clearing_last(model, loader, loss_fn, optimizer):
    model.train()
    optimizer.zero_grad()
    summed, n = torch.zeros(()), 0
    for inputs, labels in loader:
        loss = loss_fn(model(inputs), labels)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad(set_to_none=False)
        summed += loss.detach() * inputs.size(0)
        n += inputs.size(0)
    return (summed / n).item()


@alternative("embeddings.evaluate")
@torch.inference_mode()
def evaluate_all_at_once(model, loader, loss_fn):
    model.train(False)
    inputs, labels = map(torch.cat, zip(*loader, strict=True))
    return float(loss_fn(model(inputs), labels))


@alternative("embeddings.evaluate")
def evaluate_with_lists(model, loader, loss_fn):
    model.eval()
    with torch.set_grad_enabled(False):
        parts = [(float(loss_fn(model(x), y)), y.numel()) for x, y in loader]
    return sum(loss * n for loss, n in parts) / sum(n for _, n in parts)


# --- Saving ----------------------------------------------------------------------------------------------------------


@alternative("embeddings.save_model")
def save_model_through_a_file(model, path):
    with open(path, "wb") as file:
        torch.save(OrderedDict((name, tensor.clone()) for name, tensor in model.state_dict().items()), file)
    return os.path.getsize(path)


@alternative("embeddings.load_model")
def load_model_through_a_file(model, path):
    with open(path, "rb") as file:
        state = torch.load(file, map_location="cpu", weights_only=True)
    model.eval()
    model.load_state_dict(state, strict=True)
    return model


# --- Recommending ----------------------------------------------------------------------------------------------------


@alternative("embeddings.get_top_n")
def get_top_n_with_infinity(model, user, seen, n, n_ratings, min_ratings=10):
    movies = torch.arange(len(n_ratings))
    model.eval()
    with torch.no_grad():
        predictions = model(torch.stack([torch.full_like(movies, user), movies], dim=1)).clone()
    predictions[torch.as_tensor(seen)] = -torch.inf
    predictions[torch.as_tensor(n_ratings) < min_ratings] = -torch.inf
    n = min(n, int(predictions.isfinite().sum()))
    values, indexes = predictions.topk(n)
    return indexes.numpy(), values.numpy()


@alternative("embeddings.get_top_n")
def get_top_n_with_sorting(model, user, seen, n, n_ratings, min_ratings=10):
    hidden = set(seen.tolist())
    candidates = [i for i, count in enumerate(n_ratings) if count >= min_ratings and i not in hidden]
    model.eval()
    predictions = model(torch.tensor([[user, i] for i in candidates])).detach().tolist()
    best = sorted(zip(predictions, candidates, strict=True), reverse=True)[:n]
    return [i for _, i in best], np.array([prediction for prediction, _ in best])


@alternative("embeddings.get_names_for_indexes")
def names_by_dictionary(indexes, movie_ids, movies):
    title = dict(zip(movies["movie_id"], movies["title"], strict=True))
    return [title[movie_ids[i]] for i in indexes]


@alternative("embeddings.get_names_for_indexes")
def names_by_reindexing(indexes, movie_ids, movies):
    in_order = movies.set_index("movie_id")["title"].reindex(movie_ids)
    return in_order.to_numpy()[indexes]
