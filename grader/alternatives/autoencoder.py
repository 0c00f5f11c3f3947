"""Right implementations of the chapter `autoencoder` that are written quite differently from the reference."""

import copy
import math
import random
from collections import OrderedDict

import numpy as np
import pandas as pd
import torch
import torch.nn.functional as F
from sklearn.metrics import root_mean_squared_error
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from grader.implementations import alternative

# --- centre ----------------------------------------------------------------------------------------------------------


@alternative("autoencoder.centre")
def centre_by_sums(ratings):
    observed = ~torch.isnan(ratings)
    filled = torch.where(observed, ratings, torch.zeros_like(ratings))
    n_rated = observed.sum(dim=1, keepdim=True)
    overall = filled.sum() / observed.sum()
    user_means = torch.where(n_rated > 0, filled.sum(dim=1, keepdim=True) / n_rated.clamp(min=1), overall)
    return ratings - user_means, user_means


@alternative("autoencoder.centre")
def centre_user_by_user(ratings):
    overall = ratings[~ratings.isnan()].mean()
    user_means = torch.zeros(len(ratings), 1)
    centred = ratings.clone()
    for user, row in enumerate(ratings):
        rated = row[~row.isnan()]
        user_means[user] = rated.mean() if len(rated) else overall
        centred[user] -= user_means[user]
    return centred, user_means


@alternative("autoencoder.centre")
def centre_with_pandas(ratings):
    table = pd.DataFrame(ratings.numpy().astype(float))
    means = table.mean(axis=1).fillna(table.stack().mean())
    return torch.tensor(table.sub(means, axis=0).to_numpy()), torch.tensor(means.to_numpy())[:, None]


# --- AE --------------------------------------------------------------------------------------------------------------


@alternative("autoencoder.AE")
class InTheOldStyle(nn.Module):
    def __init__(self, inputs, outputs, features, criterion=None):
        nn.Module.__init__(self)
        self.criterion = criterion
        self.add_module("fc1", nn.Linear(in_features=inputs, out_features=features))
        self.add_module("fc2", nn.Linear(in_features=features, out_features=outputs))


@alternative("autoencoder.AE")
class WithASequence(nn.Module):
    def __init__(self, inputs, outputs, features, criterion=None):
        super().__init__()
        self.n_features = features
        self.layers = nn.Sequential(
            OrderedDict(encode=nn.Linear(inputs, features), squash=nn.Sigmoid(), decode=nn.Linear(features, outputs))
        )
        self.criterion = criterion

    @property
    def fc1(self):
        return self.layers.encode

    @property
    def fc2(self):
        return self.layers.decode

    def forward(self, x):
        return self.layers(x)


@alternative("autoencoder.AE")
class WithExtras(nn.Module):
    def __init__(self, inputs, outputs, features, criterion=None):
        super().__init__()
        self.fc2 = nn.Linear(features, outputs)
        self.fc1 = nn.Linear(inputs, features)
        self.act = nn.Sigmoid()
        self.drop = nn.Dropout(0.5)
        self.both = nn.ModuleList([self.fc1, self.fc2])
        nn.init.zeros_(self.fc1.bias)
        self.criterion = criterion


# --- sizes -----------------------------------------------------------------------------------------------------------


@alternative("autoencoder.sizes")
def sizes_by_asking_a_model(ratings, features):
    _, n_movies = ratings.shape
    model = nn.Sequential(nn.Linear(n_movies, features), nn.Sigmoid(), nn.Linear(features, n_movies))
    return n_movies, n_movies, sum(parameter.numel() for parameter in model.parameters())


@alternative("autoencoder.sizes")
def sizes_of_one_row(ratings, features):
    n_movies = len(ratings[0])
    return [n_movies, n_movies, 2 * n_movies * features + n_movies + features]


# --- forward ---------------------------------------------------------------------------------------------------------


@alternative("autoencoder.forward")
def forward_by_functions(model, x):
    hidden = F.linear(x, model.fc1.weight, model.fc1.bias).sigmoid()
    return F.linear(hidden, model.fc2.weight, model.fc2.bias)


@alternative("autoencoder.forward")
def forward_by_matrices(model, x):
    hidden = 1 / (1 + torch.exp(-(x @ model.fc1.weight.T + model.fc1.bias)))
    return hidden @ model.fc2.weight.T + model.fc2.bias


@alternative("autoencoder.forward")
def forward_row_by_row(model, x):
    return torch.stack([model.fc2(nn.Sigmoid()(model.fc1(row))) for row in x])


# --- masked_loss -----------------------------------------------------------------------------------------------------


@alternative("autoencoder.masked_loss")
def loss_with_zeros_outside(estimate, target):
    mask = (~torch.isnan(target)).float()
    difference = mask * estimate - torch.nan_to_num(target)
    return (difference * difference).sum() / torch.clamp(mask.sum(), min=1)


@alternative("autoencoder.masked_loss")
def loss_of_chosen_cells(estimate, target):
    rows, columns = torch.nonzero(~target.isnan(), as_tuple=True)
    if len(rows) == 0:
        return (estimate * 0).sum()
    return F.mse_loss(estimate[rows, columns], target[rows, columns])


@alternative("autoencoder.masked_loss")
def loss_cell_by_cell(estimate, target):
    total, count = estimate.sum() * 0, 0
    for user in range(target.shape[0]):
        for movie in range(target.shape[1]):
            if not math.isnan(target[user, movie]):
                total = total + (estimate[user, movie] - target[user, movie]) ** 2
                count += 1
    return total / max(count, 1)


@alternative("autoencoder.masked_loss")
def loss_by_where(estimate, target):
    reachable = torch.where(target.isnan(), estimate.detach(), target)
    n_observed = max(int((~target.isnan()).sum()), 1)
    return nn.MSELoss(reduction="sum")(torch.where(target.isnan(), reachable, estimate), reachable) / n_observed


# --- training_step ---------------------------------------------------------------------------------------------------


@alternative("autoencoder.training_step")
def step_that_clears_just_before_backward(model, optimizer, x, y):
    model.train()
    estimate = model(x)
    loss = model.criterion(estimate, y)
    model.zero_grad()
    loss.backward()
    optimizer.step()
    return float(loss)


@alternative("autoencoder.training_step")
def step_that_clears_afterwards_too(model, optimizer, x, y):
    optimizer.zero_grad(set_to_none=False)
    loss = model.criterion(model.forward(x), y)
    value = float(loss.detach().numpy())
    loss.backward()
    optimizer.step()
    optimizer.zero_grad()
    return value


@alternative("autoencoder.training_step")
def step_by_a_closure(model, optimizer, x, y):
    def closure():
        optimizer.zero_grad()
        loss = model.criterion(model(x), y)
        loss.backward()
        return loss

    return optimizer.step(closure).item()


# --- fit -------------------------------------------------------------------------------------------------------------


@alternative("autoencoder.fit")
def fit_with_a_data_loader(model, x, y, valid=False, optimizer=None, batch_size=64, generator=None):
    loader = DataLoader(TensorDataset(x, y), batch_size=batch_size, shuffle=not valid, generator=generator)
    if valid:
        model.eval()
    else:
        model.train()
    squared_error, n_ratings = 0.0, 0
    for inputs, targets in loader:
        n_observed = torch.isfinite(targets).sum().item()
        if valid:
            with torch.no_grad():
                loss = model.criterion(model(inputs), targets)
        else:
            optimizer.zero_grad()
            loss = model.criterion(model(inputs), targets)
            loss.backward()
            optimizer.step()
        squared_error += float(loss) * n_observed
        n_ratings += n_observed
    return model, squared_error, n_ratings


@alternative("autoencoder.fit")
def fit_with_own_sums(model, x, y, valid=False, optimizer=None, batch_size=64, generator=None):
    if valid:
        model.eval()
        with torch.no_grad():
            errors = (model(x) - y)[~y.isnan()]
        return model, errors.square().sum().item(), len(errors)
    model.train()
    shuffled = torch.randperm(x.size(0), generator=generator)
    total, count = torch.zeros(()), 0
    for start in range(0, len(x), batch_size):
        rows = shuffled[start : start + batch_size]
        estimate, target = model(x[rows]), y[rows]
        loss = model.criterion(estimate, target)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += torch.nansum((estimate - target).detach() ** 2)
        count += int(target.isfinite().sum())
    return model, total, count


@alternative("autoencoder.fit")
def fit_with_shuffled_copies(model, x, y, valid=False, optimizer=None, batch_size=64, generator=None):
    if not valid:
        seed = int(torch.randint(2**31, (1,), generator=generator))
        order = list(range(len(x)))
        random.Random(seed).shuffle(order)
        x, y = x[order], y[order]
    model.training = not valid
    model.train(mode=not valid)
    sums, counts = [], []
    for inputs, targets in zip(x.split(batch_size), y.split(batch_size), strict=True):
        loss = model.criterion(model(inputs), targets)
        if not valid:
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
        counts.append((~targets.isnan()).sum().item())
        sums.append(loss.item() * counts[-1])
    return model, sum(sums), sum(counts)


@alternative("autoencoder.fit")
def fit_with_observed_ratings_alone(model, x, y, valid=False, optimizer=None, batch_size=64, generator=None):
    """Shuffles when it measures, too, hands the loss no NaN, and asks for it once more to keep count."""
    model.eval() if valid else model.train()
    squared_error, n_ratings = 0.0, 0
    for users in torch.randperm(len(x), generator=generator).split(batch_size):
        observed = ~y[users].isnan()
        if not observed.any():
            continue
        with torch.set_grad_enabled(not valid):
            estimate, truth = model(x[users])[observed], y[users][observed]
            if not valid:
                model.zero_grad()
                model.criterion(estimate, truth).backward()
                optimizer.step()
        squared_error += model.criterion(estimate.detach(), truth).item() * len(truth)
        n_ratings += len(truth)
    return model, squared_error, n_ratings


# --- train -----------------------------------------------------------------------------------------------------------


@alternative("autoencoder.train")
def train_with_a_deep_copy(model, fit, train_x, train_y, valid_x, valid_y, optimizer, n_epochs=20):
    lowest, best = float("inf"), None
    train_errors, valid_errors = [], []
    for _epoch in range(1, n_epochs + 1):
        model, total, count = fit(model, train_x, train_y, False, optimizer)
        train_errors.append(math.sqrt(total / count))
        model, total, count = fit(model, valid_x, valid_y, True)
        valid_errors.append(math.sqrt(total / count))
        if valid_errors[-1] < lowest:
            lowest, best = valid_errors[-1], copy.deepcopy(model)
    model.load_state_dict(best.state_dict())
    return {"train": train_errors, "valid": valid_errors}


@alternative("autoencoder.train")
def train_and_keep_all_epochs(model, fit, train_x, train_y, valid_x, valid_y, optimizer, n_epochs=20):
    history, states = {"train": [], "valid": []}, []
    while len(states) < n_epochs:
        for name, arguments in {
            "train": {"x": train_x, "y": train_y, "optimizer": optimizer},
            "valid": {"x": valid_x, "y": valid_y, "valid": True, "optimizer": optimizer},
        }.items():
            _, squared_error, n_ratings = fit(model, **arguments)
            history[name].append(np.sqrt(squared_error / n_ratings))
        states.append(copy.deepcopy(model.state_dict()))
    model.load_state_dict(states[int(np.argmin(history["valid"]))])
    return history


@alternative("autoencoder.train")
def train_and_copy_parameters(model, fit, train_x, train_y, valid_x, valid_y, optimizer, n_epochs=20):
    history = {"valid": [], "train": []}
    for epoch in range(n_epochs):
        _, error, n = fit(model, train_x, train_y, optimizer=optimizer)
        history["train"] += [(error / n) ** (1 / 2)]
        _, error, n = fit(model, valid_x, valid_y, valid=True)
        history["valid"] += [(error / n) ** (1 / 2)]
        if epoch == 0 or history["valid"][-1] < min(history["valid"][:-1]):
            best = [parameter.detach().clone() for parameter in model.parameters()]
    with torch.no_grad():
        for parameter, kept in zip(model.parameters(), best, strict=True):
            parameter.copy_(kept)
    return history


@alternative("autoencoder.train")
def train_and_watch_closely(model, fit, train_x, train_y, valid_x, valid_y, optimizer, n_epochs=20):
    def rmse(result):
        return math.sqrt(result[1] / result[2])

    history, watched, kept = {"train": [], "valid": []}, [], {}
    for epoch in range(n_epochs):
        history["train"].append(rmse(fit(model, train_x, train_y, optimizer=optimizer)))
        watched.append(rmse(fit(model, train_x, train_y, valid=True)))  # beside what is asked for
        history["valid"].append(rmse(fit(model, valid_x, valid_y, valid=True)))
        watched.append(rmse(fit(model, valid_x, valid_y, valid=True)))
        kept[epoch] = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    model.load_state_dict(kept[min(kept, key=history["valid"].__getitem__)])
    return history


# --- evaluate --------------------------------------------------------------------------------------------------------


@alternative("autoencoder.evaluate")
def evaluate_with_scikit_learn(model, x, y, user_means):
    model.eval()
    predictions = np.clip(model(x).detach().numpy() + user_means.numpy(), 1, 5)
    observed = ~np.isnan(y.numpy())
    return root_mean_squared_error(y.numpy()[observed], predictions[observed])


@alternative("autoencoder.evaluate")
def evaluate_user_by_user(model, x, y, user_means):
    model.train(False)
    total, count = 0.0, 0
    with torch.inference_mode():
        for row, stars, mean in zip(x, y, user_means, strict=True):
            predicted = torch.clip(model(row) + mean, 1.0, 5.0)
            for guess, truth in zip(predicted.tolist(), stars.tolist(), strict=True):
                if not math.isnan(truth):
                    total += (guess - truth) ** 2
                    count += 1
    return math.sqrt(total / count)


@alternative("autoencoder.evaluate")
def evaluate_with_nanmean(model, x, y, user_means):
    model.eval()
    with torch.no_grad():
        estimate = model(x).add(user_means).clamp(min=1).clamp(max=5)
        return torch.nanmean(torch.square(estimate - y)) ** 0.5


# --- hidden_layer ----------------------------------------------------------------------------------------------------


@alternative("autoencoder.hidden_layer")
def hidden_by_detaching(model, x):
    return model.fc1(x).sigmoid().detach().cpu().numpy()


@alternative("autoencoder.hidden_layer")
def hidden_in_numpy(model, x):
    weight, bias = (parameter.detach().numpy() for parameter in (model.fc1.weight, model.fc1.bias))
    return 1 / (1 + np.exp(-(x.numpy() @ weight.T + bias)))


# --- latent_correlations ---------------------------------------------------------------------------------------------


@alternative("autoencoder.latent_correlations")
def correlations_by_corrcoef(hidden):
    with np.errstate(divide="ignore", invalid="ignore"):
        correlations = np.corrcoef(hidden.T)
    correlations[np.isnan(correlations)] = 0
    correlations[np.diag_indices_from(correlations)] = 1
    return correlations


@alternative("autoencoder.latent_correlations")
def correlations_by_pandas(hidden):
    table = pd.DataFrame(hidden).corr().fillna(0).to_numpy(copy=True)
    return table - np.diag(np.diag(table)) + np.eye(len(table))


@alternative("autoencoder.latent_correlations")
def correlations_pair_by_pair(hidden):
    n_users, features = hidden.shape
    correlations = np.eye(features)
    for i in range(features):
        for j in range(i):
            a, b = hidden[:, i], hidden[:, j]
            if np.ptp(a) > 0 and np.ptp(b) > 0:
                covariance = ((a - a.mean()) * (b - b.mean())).sum() / n_users
                correlations[i, j] = correlations[j, i] = covariance / (a.std() * b.std())
    return correlations


# --- recommendations -------------------------------------------------------------------------------------------------


@alternative("autoencoder.recommendations")
def recommend_by_sorting_pairs(model, data, titles, k):
    rated = [stars for stars in data.tolist() if not math.isnan(stars)]
    mean = sum(rated) / len(rated)
    row = torch.tensor([[0.0 if math.isnan(stars) else stars - mean for stars in data.tolist()]])
    model.eval()
    with torch.no_grad():
        predictions = model(row)[0] + mean
    unseen = [i for i in range(len(titles)) if math.isnan(data[i])]
    best = sorted(unseen, key=lambda i: predictions[i].item(), reverse=True)[:k]
    return tuple(titles[i] for i in best), np.array([predictions[i].item() for i in best])


@alternative("autoencoder.recommendations")
def recommend_with_topk(model, data, titles, k):
    model.eval()
    unseen = torch.isnan(data)
    mean = data[~unseen].mean()
    x = torch.where(unseen, torch.zeros_like(data), data - mean)
    scores = model(x[None, :]).detach().flatten() + mean
    candidates = unseen.nonzero().flatten()
    values, places = torch.topk(scores[candidates], min(k, len(candidates)))
    return [titles[int(candidates[place])] for place in places], values


@alternative("autoencoder.recommendations")
def recommend_with_pandas(model, data, titles, k):
    user = pd.Series(data.numpy().astype(float), index=titles)
    centred = user.sub(user.mean()).fillna(0.0)
    model.eval()
    with torch.no_grad():
        predictions = model(torch.tensor(centred.to_numpy(), dtype=torch.float32)).numpy()
    scores = pd.Series(predictions + user.mean(), index=titles)[user.isna()].nlargest(k)
    return scores.index.tolist(), scores.to_numpy()


# --- recommendations_by_genre ----------------------------------------------------------------------------------------


@alternative("autoencoder.recommendations_by_genre")
def genre_movie_by_movie(scores, titles, has_genre, k):
    names = []
    for position in np.argsort(scores)[::-1]:
        if len(names) < k and has_genre[position] and scores[position] != float("-inf"):
            names.append(titles[position])
    return names


@alternative("autoencoder.recommendations_by_genre")
def genre_with_everything_else_hidden(scores, titles, has_genre, k):
    hidden = np.where(has_genre, scores, -np.inf)
    n_candidates = int(np.isfinite(hidden).sum())
    best = torch.tensor(hidden).topk(min(k, n_candidates)).indices
    return np.array(titles)[best.numpy()].tolist()


# --- recommendations_above -------------------------------------------------------------------------------------------


@alternative("autoencoder.recommendations_above")
def above_by_sorting_pairs(scores, titles, minimum):
    good = [(score, title) for score, title in zip(scores, titles, strict=True) if score > minimum]
    return [title for score, title in sorted(good, reverse=True)]


@alternative("autoencoder.recommendations_above")
def above_with_pandas(scores, titles, minimum):
    table = pd.Series(scores, index=titles).sort_values(ascending=False)
    return table[table > minimum].index


# --- overlap_at_k ----------------------------------------------------------------------------------------------------


@alternative("autoencoder.overlap_at_k")
def overlap_by_counting(first, second, k):
    return sum(movie in second[:k] for movie in first[:k]) / k


@alternative("autoencoder.overlap_at_k")
def overlap_with_numpy(first, second, k):
    return np.isin(np.array(first[:k]), np.array(second[:k])).mean()


# --- user_attributes -------------------------------------------------------------------------------------------------


@alternative("autoencoder.user_attributes")
def attributes_with_pandas(users):
    table = pd.DataFrame({"age": (users["age"] - users["age"].mean()) / users["age"].std(ddof=0)})
    table["gender"] = users["gender"].map({"F": 1.0, "M": 0.0})
    table = pd.concat([table, pd.get_dummies(users["occupation"], dtype=float)], axis=1)
    return torch.tensor(table.to_numpy(), dtype=torch.float32)


@alternative("autoencoder.user_attributes")
def attributes_with_scikit_learn(users):
    age = StandardScaler().fit_transform(users[["age"]].astype(float))
    gender = np.where(users["gender"] == "F", 1.0, 0.0).reshape(-1, 1)
    occupation = OneHotEncoder(sparse_output=False).fit_transform(users[["occupation"]])
    return torch.from_numpy(np.hstack([age, gender, occupation])).float()


@alternative("autoencoder.user_attributes")
def attributes_row_by_row(users):
    ages = torch.tensor(users["age"].tolist(), dtype=torch.float64)
    names = sorted(set(users["occupation"]))
    rows = []
    for age, gender, occupation in zip(ages, users["gender"], users["occupation"], strict=True):
        row = [0.0] * len(names)
        row[names.index(occupation)] = 1.0
        rows.append([float((age - ages.mean()) / ages.std(unbiased=False)), 1.0 if gender == "F" else 0.0, *row])
    return torch.tensor(rows)


# --- join_attributes, side_sizes -------------------------------------------------------------------------------------


@alternative("autoencoder.join_attributes")
def join_and_fill_afterwards(attributes, x):
    return torch.hstack((attributes, x)).nan_to_num(nan=0.0)


@alternative("autoencoder.join_attributes")
def join_by_writing_into_zeros(attributes, x):
    rows = torch.zeros(len(x), attributes.shape[1] + x.shape[1])
    rows[:, : attributes.shape[1]] = attributes
    ratings = rows[:, attributes.shape[1] :]
    ratings[~x.isnan()] = x[~x.isnan()]
    return rows


@alternative("autoencoder.side_sizes")
def side_sizes_of_joined_rows(attributes, ratings):
    return torch.cat([attributes, ratings], dim=1).size(1), ratings.size(1)


@alternative("autoencoder.side_sizes")
def side_sizes_of_the_first_rows(attributes, ratings):
    return len(attributes[0]) + len(ratings[0]), len(ratings[0])


# --- new_user, cold_start --------------------------------------------------------------------------------------------


@alternative("autoencoder.new_user")
def new_user_written_into_zeros(age, gender, occupation, occupations, age_mean, age_std, n_movies):
    row = torch.zeros(1, 2 + len(occupations) + n_movies)
    row[0, 0] = (age - age_mean) / age_std
    row[0, 1] = 1 if gender == "F" else 0
    row[0, 2 + occupations.index(occupation)] = 1  # `index` raises the ValueError
    return row


@alternative("autoencoder.new_user")
def new_user_joined_from_pieces(age, gender, occupation, occupations, age_mean, age_std, n_movies):
    one_hot = np.array(occupations) == occupation
    if one_hot.sum() != 1:
        raise ValueError("unknown occupation")
    pieces = [[(age - age_mean) / age_std], [gender == "F"], one_hot, np.zeros(n_movies)]
    return torch.tensor(np.concatenate(pieces)).float().unsqueeze(0)


@alternative("autoencoder.cold_start")
def cold_start_by_sorting(model, row, titles, k):
    model.eval()
    predictions = model(row)[0].tolist()
    pairs = sorted(zip(predictions, titles, strict=True), key=lambda pair: pair[0], reverse=True)
    return tuple(title for _, title in pairs[:k])


@alternative("autoencoder.cold_start")
def cold_start_with_numpy(model, row, titles, k):
    model.train(False)
    with torch.no_grad():
        order = np.argsort(model(row).numpy().ravel())
    return np.array(titles)[order[::-1][:k]]
