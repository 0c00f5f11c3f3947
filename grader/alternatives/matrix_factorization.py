"""Right implementations of the chapter `matrix_factorization`, written as differently as students write them."""

import numpy as np
import torch
from torch import nn

from grader.implementations import alternative


@alternative("matrix_factorization.factor_tensors")
def factors_filled_in_place(n_users, n_movies, n_factors, generator):
    tensors = [torch.empty(n_factors, n, requires_grad=True) for n in (n_users, n_movies)]
    with torch.no_grad():
        for tensor in tensors:
            tensor.normal_(0, 0.1, generator=generator)
    return tensors


@alternative("matrix_factorization.factor_tensors")
def factors_as_parameters(n_users, n_movies, n_factors, generator):
    user_factors = torch.normal(0.0, 0.1, (n_factors, n_users), generator=generator)
    movies_factors = torch.normal(0.0, 0.1, (n_factors, n_movies), generator=generator)
    return nn.Parameter(user_factors), nn.Parameter(movies_factors)


@alternative("matrix_factorization.estimate")
def estimate_by_indices(user_factors, movies_factors):
    return torch.einsum("ku,ki->ui", user_factors, movies_factors)


@alternative("matrix_factorization.estimate")
def estimate_factor_by_factor(user_factors, movies_factors):
    tables = [torch.outer(users, movies) for users, movies in zip(user_factors, movies_factors, strict=True)]
    return torch.stack(tables).sum(dim=0)


@alternative("matrix_factorization.calc_loss")
def loss_of_chosen_cells(true_r, est_r, exist):
    return nn.functional.mse_loss(est_r[exist], true_r[exist])


@alternative("matrix_factorization.calc_loss")
def loss_with_a_float_mask(true_r, est_r, exist):
    weights = exist.float()
    return torch.sum(weights * (true_r - est_r) ** 2) / torch.sum(weights)


@alternative("matrix_factorization.training_step")
def step_that_clears_at_the_end(user_factors, movies_factors, true_r, exist, optimizer, estimate, calc_loss):
    loss = calc_loss(true_r, estimate(user_factors, movies_factors), exist)
    loss.backward()
    optimizer.step()
    user_factors.grad = None
    movies_factors.grad = None
    return float(loss.detach())


@alternative("matrix_factorization.training_step")
def step_with_autograd_grad(user_factors, movies_factors, true_r, exist, optimizer, estimate, calc_loss):
    loss = calc_loss(true_r, estimate(user_factors, movies_factors), exist)
    user_factors.grad, movies_factors.grad = torch.autograd.grad(loss, [user_factors, movies_factors])
    optimizer.step()
    return loss.tolist()


@alternative("matrix_factorization.to_range")
def range_by_minimum_and_maximum(estimated, low=1.0, high=5.0):
    return torch.minimum(torch.maximum(estimated, torch.tensor(low)), torch.tensor(high))


@alternative("matrix_factorization.to_range")
def range_by_assignment(estimated, low=1.0, high=5.0):
    stars = estimated.clone()
    stars[stars < low] = low
    stars[stars > high] = high
    return stars


@alternative("matrix_factorization.sparse_mean_square_error")
def error_in_the_first_order(sparse_ratings, user_embeddings, movie_embeddings):
    users, movies = sparse_ratings._indices()
    estimates = torch.einsum("pk,pk->p", user_embeddings[users], movie_embeddings[movies])
    return nn.functional.mse_loss(estimates, sparse_ratings._values())


@alternative("matrix_factorization.sparse_mean_square_error")
def error_over_the_whole_table(sparse_ratings, user_embeddings, movie_embeddings):
    ratings = sparse_ratings.to_dense()
    errors = (user_embeddings @ movie_embeddings.T - ratings)[ratings != 0]
    return (errors**2).sum() / len(errors)


@alternative("matrix_factorization.CFModel")
class ModelWithDistributions(nn.Module):
    def __init__(self, n_users, n_movies, init_stddev, embedding_dim):
        super().__init__()
        normal = torch.distributions.Normal(0.0, init_stddev)
        self.register_parameter("V", nn.Parameter(normal.sample((n_movies, embedding_dim))))
        self.register_parameter("U", nn.Parameter(normal.sample((n_users, embedding_dim))))

    def forward(self, users, movies):
        return (self.U @ self.V.T)[users, movies]

    @property
    def embeddings(self):
        with torch.no_grad():
            return {"user_id": np.array(self.U.tolist(), np.float32), "movie_id": self.V.detach().clone().numpy()}


@alternative("matrix_factorization.CFModel")
class ModelWithBatchedProducts(nn.Module):
    def __init__(self, n_users, n_movies, init_stddev, embedding_dim):
        super().__init__()
        self.U = nn.Parameter(torch.empty(n_users, embedding_dim))
        self.V = nn.Parameter(torch.empty(n_movies, embedding_dim))
        for parameter in self.parameters():
            nn.init.normal_(parameter, std=init_stddev)

    def forward(self, users, movies):
        rows = nn.functional.embedding(users, self.U), nn.functional.embedding(movies, self.V)
        return torch.bmm(rows[0].unsqueeze(1), rows[1].unsqueeze(2)).flatten()

    @property
    def embeddings(self):
        return {"movie_id": self.V.data.numpy(), "user_id": self.U.data.numpy()}


@alternative("matrix_factorization.train")
def train_in_the_first_order(model, num_iterations, learning_rate, A_train, A_test):
    optimizer = torch.optim.SGD(model.parameters(), lr=learning_rate)
    criterion = nn.MSELoss()

    def error(A):
        return criterion(model(*A._indices()), A._values())

    history = {"train": [error(A_train).item()], "test": [error(A_test).item()]}
    for _ in range(num_iterations):
        optimizer.zero_grad()
        error(A_train).backward()
        optimizer.step()
        history["train"].append(error(A_train).item())
        history["test"].append(error(A_test).item())
    return history


@alternative("matrix_factorization.train")
def train_by_hand(model, num_iterations, learning_rate, A_train, A_test):
    A_train, A_test = A_train.coalesce(), A_test.coalesce()
    parameters = list(model.parameters())
    train_errors, test_errors = [], []
    for i in range(num_iterations + 1):
        loss = torch.mean((A_train.values() - model(A_train.indices()[0], A_train.indices()[1])) ** 2)
        with torch.no_grad():
            test = torch.mean((A_test.values() - model(A_test.indices()[0], A_test.indices()[1])) ** 2)
        train_errors.append(float(loss.detach()))
        test_errors.append(float(test))
        if i == num_iterations:
            break
        with torch.no_grad():
            for parameter, gradient in zip(parameters, torch.autograd.grad(loss, parameters), strict=True):
                parameter -= learning_rate * gradient
    return {"train": train_errors, "test": test_errors}


@alternative("matrix_factorization.biased_predictions")
def predictions_from_the_whole_table(users, movies, mean, user_biases, movie_biases, user_factors, movie_factors):
    table = mean + user_biases[:, None] + movie_biases[None, :] + user_factors @ movie_factors.T
    return table[users, movies]


@alternative("matrix_factorization.biased_predictions")
def predictions_pair_by_pair(users, movies, mean, user_biases, movie_biases, user_factors, movie_factors):
    return torch.stack(
        [mean + user_biases[u] + movie_biases[i] + user_factors[u] @ movie_factors[i]
         for u, i in zip(users.tolist(), movies.tolist(), strict=True)]
    )  # fmt: skip


@alternative("matrix_factorization.best_vectors")
def vectors_row_by_row(targets, exist, features, penalties):
    vectors = torch.zeros(len(targets), features.shape[1])
    for row in range(len(targets)):
        F, t = features[exist[row]], targets[row, exist[row]]
        vectors[row] = torch.linalg.inv(F.T @ F + torch.diag(penalties)) @ F.T @ t
    return vectors


@alternative("matrix_factorization.best_vectors")
def vectors_by_least_squares(targets, exist, features, penalties):
    vectors = []
    for t, e in zip(targets, exist, strict=True):
        rows = torch.cat([features[e], torch.diag(penalties.sqrt())])  # the penalty as ratings of 0
        wanted = torch.cat([t[e], torch.zeros(len(penalties))])
        vectors.append(torch.linalg.lstsq(rows, wanted[:, None]).solution[:, 0])
    return torch.stack(vectors)
