"""Right implementations of the chapter `autorec` that are written quite differently from the reference."""

import numpy as np
import pandas as pd
import torch
from sklearn.metrics import mean_squared_error
from torch import nn

from grader.implementations import alternative

# --- data_preprocessor -----------------------------------------------------------------------------------------------


@alternative("autorec.data_preprocessor")
def matrix_with_pandas(users, movies, ratings, num_users, num_items, init_value=0, average=False):
    frame = pd.DataFrame({"user": users, "movie": movies, "rating": np.asarray(ratings, dtype="float32")})
    table = frame.pivot(index="user", columns="movie", values="rating")
    table = table.reindex(index=range(num_users), columns=range(num_items))
    if average:
        means = table.mean(axis=1).fillna(frame["rating"].mean())
        return table.T.fillna(means).T.to_numpy(dtype="float32")
    return table.fillna(init_value).to_numpy(dtype="float32")


@alternative("autorec.data_preprocessor")
def matrix_user_by_user(users, movies, ratings, num_users, num_items, init_value=0, average=False):
    matrix = np.zeros((num_users, num_items), dtype="float32")
    for user in range(num_users):
        own = users == user
        if average:
            matrix[user] = ratings[own].mean() if own.any() else ratings.mean()
        else:
            matrix[user] = init_value
        matrix[user, movies[own]] = ratings[own]
    return matrix


# --- masked errors ---------------------------------------------------------------------------------------------------


@alternative("autorec.masked_se")
def se_with_where(y_true, y_pred):
    return torch.where(y_true > 0, (y_true - y_pred) ** 2, torch.zeros(())).sum(-1)


@alternative("autorec.masked_se")
def se_row_by_row(y_true, y_pred):
    return torch.stack([((t - p)[t != 0] ** 2).sum() for t, p in zip(y_true, y_pred, strict=True)])


@alternative("autorec.masked_mse")
def mse_of_selected(y_true, y_pred):
    observed = y_true > 0
    if not observed.any():
        return (y_pred * 0).sum()
    return nn.functional.mse_loss(y_pred[observed], y_true[observed])


@alternative("autorec.masked_rmse")
def rmse_with_scikit_learn(y_true, y_pred):
    observed = y_true.numpy() != 0
    return float(np.sqrt(mean_squared_error(y_true.numpy()[observed], y_pred.numpy()[observed])))


@alternative("autorec.masked_rmse")
def rmse_from_sums(y_true, y_pred):
    mask = y_true.bool()
    squared = sum(((t - p)[m] ** 2).sum() for t, p, m in zip(y_true, y_pred, mask, strict=True))
    return torch.sqrt(squared / mask.sum())


@alternative("autorec.masked_rmse_clip")
def clip_with_minimum_and_maximum(y_true, y_pred, lowest=1.0, highest=5.0):
    inside = np.minimum(np.maximum(y_pred.numpy(), lowest), highest)
    stars = y_true.numpy()
    return float(np.sqrt(((inside - stars)[stars > 0] ** 2).mean()))


# --- models ----------------------------------------------------------------------------------------------------------


@alternative("autorec.AutoRec")
class WithModules(nn.Module):
    def __init__(self, num_items, hidden, first_activation="sigmoid", last_activation="linear"):
        super().__init__()
        self.encoder = nn.Linear(num_items, hidden)
        self.decoder = nn.Linear(hidden, num_items)
        self.between, self.end = self._module(first_activation), self._module(last_activation)

    @staticmethod
    def _module(name):
        if name == "linear":
            return nn.Identity()
        classes = {"sigmoid": nn.Sigmoid, "elu": nn.ELU, "selu": nn.SELU, "relu": nn.ReLU}
        if name not in classes:
            raise ValueError(name)
        return classes[name]()

    def forward(self, x):
        x = self.between(self.encoder(x))
        return self.end(self.decoder(x))


@alternative("autorec.AutoRec_LReLU")
class LeakyByMaximum(nn.Module):
    def __init__(self, num_items, hidden, negative_slope=0.3):
        super().__init__()
        self.decoder = nn.Linear(hidden, num_items)
        self.encoder = nn.Linear(num_items, hidden)
        self.slope = negative_slope

    def forward(self, x):
        z = self.encoder(x)
        return self.decoder(torch.maximum(z, self.slope * z))


# --- training --------------------------------------------------------------------------------------------------------


@alternative("autorec.regularized_loss")
def penalty_over_named_parameters(loss, model, reg):
    penalty = sum((p**2).sum() for name, p in model.named_parameters() if name.endswith("weight"))
    return loss + reg * penalty


@alternative("autorec.regularized_loss")
def penalty_added_in_place(loss, model, reg):
    for layer in (model.encoder, model.decoder):
        loss += reg * layer.weight.square().sum()
    return loss


@alternative("autorec.early_stopping")
def stop_by_counting(valid_errors, patience):
    best, keep, waited, trained = float("inf"), 0, 0, 0
    for error in valid_errors:
        if error < best:
            best, keep, waited = error, trained, 0
        else:
            waited += 1
        trained += 1
        if waited >= patience:
            break
    return keep, trained


@alternative("autorec.early_stopping")
def stop_by_windows(valid_errors, patience):
    errors = np.asarray(valid_errors)
    for stop in range(patience + 1, len(errors) + 1):
        if errors[:stop].argmin() == stop - 1 - patience:
            return int(errors[:stop].argmin()), stop
    return int(errors.argmin()), len(errors)


# --- item-based ------------------------------------------------------------------------------------------------------


@alternative("autorec.item_predictions")
def items_with_einops_by_hand(model, x, means):
    model.train(False)
    rows = torch.stack(list(x.unbind(dim=1)))
    deviations = model(rows).detach()
    return (deviations + means[:, None]).permute(1, 0)


@alternative("autorec.item_predictions")
def movie_by_movie(model, x, means):
    model.eval()
    predictions = torch.zeros_like(x)
    with torch.no_grad():
        for movie, mean in enumerate(means):
            predictions[:, movie] = model(x[:, movie]) + mean
    return predictions
