"""Right implementations of the chapter `evaluation` that are written quite differently from the reference."""

import math
import random
from collections import defaultdict

import numpy as np
import pandas as pd
from sklearn.metrics import mean_absolute_error, mean_squared_error, ndcg_score
from sklearn.preprocessing import StandardScaler

from grader.implementations import alternative

# --- Ratings ---------------------------------------------------------------------------------------------------------


@alternative("evaluation.bias_model")
def bias_model_by_loops(users, movies, ratings, n_users, n_movies, reg_users, reg_movies):
    mu = sum(ratings) / len(ratings)
    sums, counts = [0.0] * n_movies, [reg_movies] * n_movies
    for movie, rating in zip(movies, ratings, strict=True):
        sums[movie] += rating - mu
        counts[movie] += 1
    b_i = [total / count if count else 0.0 for total, count in zip(sums, counts, strict=True)]
    sums, counts = [0.0] * n_users, [reg_users] * n_users
    for user, movie, rating in zip(users, movies, ratings, strict=True):
        sums[user] += rating - mu - b_i[movie]
        counts[user] += 1
    b_u = [total / count if count else 0.0 for total, count in zip(sums, counts, strict=True)]
    return mu, b_u, b_i


@alternative("evaluation.bias_model")
def bias_model_with_pandas(users, movies, ratings, n_users, n_movies, reg_users, reg_movies):
    table = pd.DataFrame({"user": users, "movie": movies, "left": ratings - ratings.mean()})
    by_movie = table.groupby("movie")["left"].agg(["sum", "size"])
    b_i = (by_movie["sum"] / (by_movie["size"] + reg_movies)).reindex(range(n_movies), fill_value=0.0)
    table["left"] -= table["movie"].map(b_i)
    by_user = table.groupby("user")["left"].agg(["sum", "size"])
    b_u = (by_user["sum"] / (by_user["size"] + reg_users)).reindex(range(n_users), fill_value=0.0)
    return ratings.mean(), b_u.to_numpy(), b_i.to_numpy()


@alternative("evaluation.predict_bias")
def predict_pair_by_pair(mu, b_u, b_i, users, movies):
    return [min(max(mu + b_u[user] + b_i[movie], 1), 5) for user, movie in zip(users, movies, strict=True)]


@alternative("evaluation.rmse_and_mae")
def measured_by_a_library(predictions, ratings):
    # scikit-learn raises ValueError for NaN by itself
    return mean_squared_error(ratings, predictions) ** 0.5, mean_absolute_error(ratings, predictions)


@alternative("evaluation.rmse_and_mae")
def measured_by_norms(predictions, ratings):
    errors = [prediction - rating for prediction, rating in zip(predictions, ratings, strict=True)]
    if any(math.isnan(error) for error in errors):
        raise ValueError("NaN")
    return math.hypot(*errors) / math.sqrt(len(errors)), math.fsum(map(abs, errors)) / len(errors)


@alternative("evaluation.rmse_per_user")
def repaired_loop(users, predictions, ratings, n_users):
    errors = np.full(n_users, np.nan)
    for user in range(n_users):
        own = users == user
        if own.any():
            errors[user] = np.sqrt(np.mean((predictions[own] - ratings[own]) ** 2))
    return errors, np.nanmean(errors)


@alternative("evaluation.rmse_per_user")
def grouped(users, predictions, ratings, n_users):
    mean_squares = pd.Series((predictions - ratings) ** 2).groupby(users).mean()
    errors = mean_squares.pow(0.5).reindex(range(n_users))
    return errors, errors.mean()


# --- Splits and settings ---------------------------------------------------------------------------------------------


@alternative("evaluation.validation_split")
def split_with_the_standard_library(users, test_users, share, seed):
    draw = random.Random(seed)
    rows = defaultdict(list)
    for row, user in enumerate(users.tolist()):
        rows[user].append(row)
    mask = [False] * len(users)
    for user, own in rows.items():
        if user not in set(test_users.tolist()):
            for row in draw.sample(own, math.ceil(share * len(own))):
                mask[row] = True
    return mask


@alternative("evaluation.validation_split")
def split_by_ranks(users, test_users, share, seed):
    table = pd.DataFrame({"user": users, "draw": np.random.default_rng(seed).random(len(users))})
    rank = table.groupby("user")["draw"].rank() - 1
    size = table.groupby("user")["draw"].transform("size")
    return ((rank < np.floor(share * size)) & ~table["user"].isin(test_users)).to_numpy()


@alternative("evaluation.validation_split")
def split_with_a_seed_for_each_user(users, test_users, share, seed):
    mask = np.zeros(len(users), dtype=bool)
    for user in set(users.tolist()) - set(test_users.tolist()):
        rows = np.flatnonzero(users == user)
        mask[np.random.default_rng([seed, user]).permutation(rows)[: int(share * len(rows))]] = True
    return mask


@alternative("evaluation.choose")
def choose_by_a_loop(settings, fit, error_valid, error_test):
    best_setting, best_model, best_error = None, None, float("inf")
    for setting in settings:
        model = fit(setting)
        error = error_valid(model)
        if error < best_error:
            best_setting, best_model, best_error = setting, model, error
    return best_setting, error_test(best_model)


@alternative("evaluation.choose")
def choose_and_train_again(settings, fit, error_valid, error_test):
    best = min(settings, key=lambda setting: error_valid(fit(setting)))
    return best, error_test(fit(best))


@alternative("evaluation.evaluate_protocol")
def asked_without_the_column(fit, predict, train, test):
    model = fit(train.copy())
    questions = test.drop(columns="rating").reset_index(drop=True)
    return mean_squared_error(test["rating"], predict(model, train, questions)) ** 0.5


@alternative("evaluation.evaluate_protocol")
def asked_user_by_user(fit, predict, train, test):
    model, squares = fit(train), []
    for _, own in test.groupby("user"):
        predictions = predict(model, train, own[["user", "movie"]])
        squares.extend((predictions - own["rating"].to_numpy()) ** 2)
    return np.sqrt(np.mean(squares))


@alternative("evaluation.scale_ratings")
def scaled_by_a_library(train_ratings, test_ratings):
    scaler = StandardScaler().fit(train_ratings.reshape(-1, 1))
    scaled = [scaler.transform(ratings.reshape(-1, 1)).ravel() for ratings in (train_ratings, test_ratings)]
    return *scaled, scaler.mean_, scaler.scale_


# --- Lists -----------------------------------------------------------------------------------------------------------


@alternative("evaluation.top_k_unseen")
def sorted_in_python(scores, seen, k):
    unseen = set(range(len(scores))) - set(seen)
    return sorted(unseen, key=lambda movie: scores[movie], reverse=True)[:k]


@alternative("evaluation.top_k_unseen")
def minus_infinity(scores, seen, k):
    masked = scores.astype(float).copy()
    masked[seen] = -np.inf
    order = np.argsort(masked)[::-1]
    return order[: min(k, int(np.isfinite(masked).sum()))]


@alternative("evaluation.precision_at_k")
def precision_by_counting(recommended, relevant, k):
    return np.isin(recommended[:k], relevant).sum() / k


@alternative("evaluation.recall_at_k")
def recall_by_counting(recommended, relevant, k):
    return np.mean([movie in recommended[:k] for movie in relevant]) if relevant else np.nan


@alternative("evaluation.ndcg_at_k")
def ndcg_by_hand(recommended, relevant, k):
    best = sum(1 / math.log2(place + 1) for place in range(1, min(k, len(relevant)) + 1))
    gained = 0.0
    for place, movie in enumerate(recommended[:k], start=1):
        if movie in relevant:
            gained += 1 / math.log(place + 1, 2)
    return gained / best if best else math.nan


@alternative("evaluation.ndcg_at_k")
def ndcg_by_a_library(recommended, relevant, k):
    if not relevant:
        return math.nan
    movies = [*recommended, *(movie for movie in relevant if movie not in recommended), -1]
    truth = [[movie in relevant for movie in movies]]
    scores = [[-place for place in range(len(movies))]]
    if len(recommended) < k:  # what is not on the list is not at a place either
        gained = sum(1 / math.log2(place + 2) for place, movie in enumerate(recommended) if movie in relevant)
        return gained / sum(1 / math.log2(place + 2) for place in range(min(k, len(relevant))))
    return ndcg_score(truth, scores, k=k)
