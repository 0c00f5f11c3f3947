"""Right implementations of the chapter `regularization`, written quite differently from the reference."""

import numpy as np
import torch
import torch.nn.functional as F
from sklearn.metrics.pairwise import cosine_similarity
from torch import nn

from grader.implementations import alternative


@alternative("regularization.folding_score")
def folding_pair_by_pair(movie_embeddings, together):
    cosines = []
    for i, first in enumerate(movie_embeddings):
        for j in range(i):
            second = movie_embeddings[j]
            if not together[i, j]:
                cosines.append(first @ second / np.sqrt((first @ first) * (second @ second)))
    return np.mean(cosines)


@alternative("regularization.folding_score")
def folding_with_sklearn(movie_embeddings, together):
    above = np.triu_indices(len(together), k=1)
    return cosine_similarity(movie_embeddings)[above][~together[above]].mean()


@alternative("regularization.regularization_loss")
def loss_by_norms(U, V):
    return U.norm(dim=1).pow(2).mean() + V.norm(dim=1).pow(2).mean()


@alternative("regularization.regularization_loss")
def loss_by_trace(U, V):
    return torch.trace(U.T @ U) / U.shape[0] + torch.einsum("ij,ij->", V, V) / V.shape[0]


@alternative("regularization.gravity_by_sum")
def gravity_from_the_table(U, V):
    return (U @ V.T).square().mean()


@alternative("regularization.gravity_by_sum")
def gravity_with_plain_numbers(U, V):
    squares = [sum(a * b for a, b in zip(u, v, strict=True)) ** 2 for u in U.tolist() for v in V.tolist()]
    return sum(squares) / len(squares)


@alternative("regularization.gravity")
def gravity_by_trace(U, V):
    return torch.trace(U.T @ U @ V.T @ V) / (U.shape[0] * V.shape[0])


@alternative("regularization.gravity")
def gravity_by_columns(U, V):
    total = 0
    for a in range(U.shape[1]):
        for b in range(U.shape[1]):
            total = total + torch.dot(U[:, a], U[:, b]) / len(U) * torch.dot(V[:, a], V[:, b]) / len(V)
    return total


@alternative("regularization.gravity")
def gravity_with_einsum(U, V):
    users, movies = torch.einsum("ia,ib->ab", U, U) / len(U), torch.einsum("ja,jb->ab", V, V) / len(V)
    return torch.einsum("ab,ab->", users, movies)


@alternative("regularization.total_loss")
def total_from_a_dictionary(error, U, V, regularization_coeff, gravity_coeff, regularization_loss, gravity):
    tensors = {
        "observed_loss": error,
        "regularization_loss": regularization_loss(U, V) * regularization_coeff,
        "gravity_loss": gravity(U, V) * gravity_coeff,
    }
    return torch.stack(list(tensors.values())).sum(), {name: float(value) for name, value in tensors.items()}


@alternative("regularization.RegularizedCFModel")
class WithANormalDistribution(nn.Module):
    def __init__(
        self, n_users, n_movies, init_stddev, regularization_coeff=0.1, gravity_coeff=1.0, embedding_dim=50, seed=0
    ):
        nn.Module.__init__(self)
        torch.manual_seed(seed)
        start = torch.distributions.Normal(0.0, init_stddev)
        self.register_parameter("V", nn.Parameter(start.sample([n_movies, embedding_dim])))
        self.register_parameter("U", nn.Parameter(start.sample([n_users, embedding_dim])))
        self.gravity_coeff = gravity_coeff
        self.regularization_coeff = regularization_coeff

    @property
    def embeddings(self):
        return {"movie_id": self.V.detach().cpu().numpy(), "user_id": self.U.detach().cpu().numpy()}

    def forward(self, users, movies):
        return torch.einsum("nd,nd->n", F.embedding(users, self.U), F.embedding(movies, self.V))


@alternative("regularization.RegularizedCFModel")
class WithNumpyNumbers(nn.Module):
    def __init__(
        self, n_users, n_movies, init_stddev, regularization_coeff=0.1, gravity_coeff=1.0, embedding_dim=50, seed=0
    ):
        super().__init__()
        self.regularization_coeff, self.gravity_coeff = regularization_coeff, gravity_coeff
        rng = np.random.default_rng(seed)
        for name, n in (("U", n_users), ("V", n_movies)):
            numbers = rng.normal(0, init_stddev, (n, embedding_dim)).astype(np.float32)
            setattr(self, name, nn.Parameter(torch.from_numpy(numbers)))

    def forward(self, users, movies):
        return (self.U @ self.V.T)[users, movies]

    @property
    def embeddings(self):
        with torch.no_grad():
            return {"user_id": self.U.numpy(), "movie_id": self.V.numpy()}


@alternative("regularization.train_regularized")
def train_with_a_closure(model, loss, users, movies, stars, num_iterations=50, learning_rate=0.1):
    optimizer = torch.optim.Adam(params=[p for p in model.parameters() if p.requires_grad], lr=learning_rate)
    history = []

    def closure():
        model.zero_grad()
        difference = stars - model(users, movies)
        to_minimise, parts = loss(model, (difference @ difference) / len(difference))
        to_minimise.backward()
        history.append(parts)
        return to_minimise

    for _ in range(num_iterations):
        optimizer.step(closure)
    return history


@alternative("regularization.train_regularized")
def train_with_mse_loss(model, loss, users, movies, stars, num_iterations=50, learning_rate=0.1):
    model.train()
    optimizer = torch.optim.Adam(model.parameters(), lr=learning_rate)
    history = []
    while len(history) < num_iterations:
        for parameter in model.parameters():
            parameter.grad = None
        total, parts = loss(model, nn.MSELoss()(model(users, movies), stars))
        total.backward()
        optimizer.step()
        history.append(parts)
    return history


@alternative("regularization.neighbours_share")
def share_by_sorting(movie_embeddings, query, member, k=5):
    wanted = movie_embeddings[query]
    cosines = []
    for movie, embedding in enumerate(movie_embeddings):
        if movie != query:
            cosines.append((embedding @ wanted / np.linalg.norm(embedding), movie))
    nearest = sorted(cosines, reverse=True)[:k]
    return sum(bool(member[movie]) for _, movie in nearest) / k


@alternative("regularization.neighbours_share")
def share_without_the_first(movie_embeddings, query, member, k=5):
    similarity = cosine_similarity(movie_embeddings[[query]], movie_embeddings)[0]
    similarity[query] = 2
    return np.mean(member[np.argsort(similarity)[::-1][1 : k + 1]])


@alternative("regularization.new_user_embedding")
def as_least_squares(V, movies, stars, a, b):
    dim = V.shape[1]
    rows = torch.cat([V[movies], a**0.5 * torch.eye(dim), b**0.5 * V])
    right = torch.cat([stars, torch.zeros(dim + len(V))])
    return torch.linalg.lstsq(rows, right[:, None]).solution[:, 0]


@alternative("regularization.new_user_embedding")
def in_numpy(V, movies, stars, a, b):
    V, stars = V.double().numpy(), stars.double().numpy()
    rated = V[movies.numpy()]
    inverse = np.linalg.inv(rated.T @ rated + a * np.identity(V.shape[1]) + b * (V.T @ V))
    return torch.tensor(inverse @ (stars @ rated), dtype=torch.float32)
