"""Reference implementations for the chapter `evaluation` (no source document has it; all of them need it).

Users and movies are numbered from 0. A rating is one entry in each of three arrays: who, what, how many stars.
"""

import numpy as np


def bias_model(users, movies, ratings, n_users, n_movies, reg_users, reg_movies):
    """Fit the bias model by shrunk means: first the movies, then the users.

    Args:
        users, movies: int arrays (n_ratings,): who rated what; numbered from 0.
        ratings: float array (n_ratings,), in stars.
        n_users, n_movies: how many users and movies there are.
        reg_users, reg_movies: how strongly biases are drawn to 0: as many imagined ratings without any deviation.

    Returns:
        mu: the mean of all ratings, as a float.
        b_u: float array (n_users,), the users' biases, in stars.
        b_i: float array (n_movies,), the movies' biases, in stars. Who or what has no rating gets the bias 0.
    """
    mu = float(np.mean(ratings))
    residuals = ratings - mu
    b_i = np.zeros(n_movies)
    weight = np.bincount(movies, minlength=n_movies) + reg_movies
    np.divide(np.bincount(movies, residuals, minlength=n_movies), weight, out=b_i, where=weight > 0)
    residuals = residuals - b_i[movies]
    b_u = np.zeros(n_users)
    weight = np.bincount(users, minlength=n_users) + reg_users
    np.divide(np.bincount(users, residuals, minlength=n_users), weight, out=b_u, where=weight > 0)
    return mu, b_u, b_i


def predict_bias(mu, b_u, b_i, users, movies):
    """Predict one rating for each pair of a user and a movie.

    Args:
        mu: the mean of all ratings.
        b_u: float array (n_users,), the users' biases.
        b_i: float array (n_movies,), the movies' biases.
        users, movies: int arrays (n_pairs,): whose rating of what is asked for.

    Returns:
        float array (n_pairs,), in stars; what lies outside the scale from 1 to 5 is moved to its nearest end.
    """
    return np.clip(mu + b_u[users] + b_i[movies], 1.0, 5.0)


def rmse_and_mae(predictions, ratings):
    """Two measures of error, over all ratings together.

    Args:
        predictions: float array (n_ratings,), in stars. They are measured as they are, without clipping.
        ratings: float array (n_ratings,), in stars.

    Returns:
        (rmse, mae), two floats in stars: the root mean squared error and the mean absolute error.

    Raises:
        ValueError: if a prediction is missing (NaN).
    """
    errors = np.asarray(predictions, dtype=float) - ratings
    if np.isnan(errors).any():
        raise ValueError("a prediction is missing")
    return float(np.sqrt(np.mean(errors**2))), float(np.mean(np.abs(errors)))


def rmse_per_user(users, predictions, ratings, n_users):
    """The root mean squared error of each user, and its mean over users.

    Args:
        users: int array (n_ratings,): who gave the rating; numbered from 0.
        predictions, ratings: float arrays (n_ratings,), in stars.
        n_users: how many users there are; some may have no rating here.

    Returns:
        errors: float array (n_users,), in stars; NaN for a user without ratings.
        mean: the mean of the errors of the users who have ratings, as a float.
    """
    counts = np.bincount(users, minlength=n_users)
    errors = np.full(n_users, np.nan)
    rated = counts > 0
    squares = np.bincount(users, (predictions - ratings) ** 2, minlength=n_users)
    errors[rated] = np.sqrt(squares[rated] / counts[rated])
    return errors, float(errors[rated].mean())


def pooled_or_per_user():
    """Your choice: "a", "b", "c" or "d"."""
    return "b"


def validation_split(users, test_users, share, seed):
    """Choose the training ratings to hold out for validation, in the way the test ratings were chosen.

    Args:
        users: int array (n_ratings,): who gave each training rating.
        test_users: array of the users who have ratings in the test set; of them nothing is held out.
        share: which share of the ratings of every other user is held out, between 0 and 1.
        seed: int that fixes the random choice.

    Returns:
        bool array (n_ratings,): True for the ratings to hold out. Of each user who is not in `test_users` a share of
        the ratings, rounded to a whole number (up or down), chosen at random.
    """
    draws = np.random.default_rng(seed)
    held_out = np.zeros(len(users), dtype=bool)
    for user in np.setdiff1d(users, test_users):
        rows = np.flatnonzero(users == user)
        held_out[draws.choice(rows, size=round(share * len(rows)), replace=False)] = True
    return held_out


def choose(settings, fit, error_valid, error_test):
    """Choose the best of several settings, and measure how good it is.

    Args:
        settings: list of settings to try.
        fit: `fit(setting)` gives a model trained with that setting.
        error_valid: `error_valid(model)` gives the model's error on the validation ratings, a float.
        error_test: `error_test(model)` gives its error on the test ratings, a float.

    Returns:
        (setting, error): the chosen setting and an honest estimate of the error of its model.
    """
    models = [fit(setting) for setting in settings]
    best = min(range(len(models)), key=lambda number: error_valid(models[number]))
    return settings[best], error_test(models[best])


def evaluate_protocol(fit, predict, train, test):
    """Measure a model on ratings it knows nothing about.

    Args:
        fit: `fit(ratings)` gives a model learnt from a DataFrame with the columns `user`, `movie` and `rating`.
        predict: `predict(model, known, pairs)` gives a float array (n_pairs,) in stars. `known` is a DataFrame like
            the one for `fit`: ratings that the model may read to learn about the users. `pairs` is a DataFrame with
            the columns `user` and `movie`: what is asked.
        train: DataFrame with the columns `user`, `movie` and `rating`.
        test: DataFrame with the same columns.

    Returns:
        The root mean squared error over all test ratings, as a float.
    """
    model = fit(train)
    predictions = predict(model, train, test[["user", "movie"]])
    return float(np.mean((predictions - test["rating"].to_numpy()) ** 2) ** 0.5)


def scale_ratings(train_ratings, test_ratings):
    """Scale ratings so that those to learn from have the mean 0 and the standard deviation 1.

    Args:
        train_ratings: float array (n_train,), in stars.
        test_ratings: float array (n_test,), in stars: ratings that a model will have to predict.

    Returns:
        (scaled_train, scaled_test, mean, std): both arrays, shifted and scaled in the same way, and the mean and the
        standard deviation (divide by the number of ratings) that were used, as floats in stars.
    """
    mean, std = float(train_ratings.mean()), float(train_ratings.std())
    return (train_ratings - mean) / std, (test_ratings - mean) / std, mean, std


def loss_in_stars():
    """Your choice: "a", "b", "c" or "d"."""
    return "d"


def top_k_unseen(scores, seen, k):
    """The k movies with the highest scores among those a user has not seen.

    Args:
        scores: float array (n_movies,), the higher the better; any real numbers. It is not changed.
        seen: list of the numbers of the movies the user has seen.
        k: length of the list.

    Returns:
        List of k movie numbers, ints, the best first; fewer if fewer movies are unseen.
    """
    unseen = np.setdiff1d(np.arange(len(scores)), seen)
    return unseen[np.argsort(-scores[unseen], kind="stable")][:k].tolist()


def precision_at_k(recommended, relevant, k):
    """Which share of the first k places of a list is taken by relevant movies.

    Args:
        recommended: list of movie numbers, the best first, each once. It may be longer or shorter than k.
        relevant: list of the movie numbers that are relevant for the user, each once, in no order.
        k: how many places count; a place that is left empty is not relevant.

    Returns:
        A float between 0 and 1.
    """
    return len(set(recommended[:k]) & set(relevant)) / k


def recall_at_k(recommended, relevant, k):
    """Which share of a user's relevant movies is among the first k of a list.

    Args:
        recommended: list of movie numbers, the best first, each once.
        relevant: list of the movie numbers that are relevant for the user, each once, in no order.
        k: how many places count.

    Returns:
        A float between 0 and 1; NaN for a user without relevant movies, who can be asked nothing.
    """
    if not len(relevant):
        return float("nan")
    return len(set(recommended[:k]) & set(relevant)) / len(relevant)


def ndcg_at_k(recommended, relevant, k):
    """How early the relevant movies stand in a list, compared with the best list there is.

    Args:
        recommended: list of movie numbers, the best first, each once.
        relevant: list of the movie numbers that are relevant for the user, each once, in no order.
        k: how many places count.

    Returns:
        A float between 0 (no relevant movie among the first k) and 1 (none could be added, and none moved forward);
        NaN for a user without relevant movies.
    """
    if not len(relevant):
        return float("nan")
    worth = 1 / np.log2(np.arange(k) + 2)
    hits = [movie in set(relevant) for movie in recommended[:k]]
    gained = sum(gain for gain, hit in zip(worth, hits, strict=False) if hit)
    return float(gained / worth[: len(relevant)].sum())


def rating_or_ranking():
    """Your choice: "a", "b", "c" or "d"."""
    return "a"


def honest_number():
    """Your choice: "a", "b", "c" or "d"."""
    return "c"


MODEL_ANSWERS = {
    "better_and_worse": """\
Not for that reason. A hit is a movie that the user watches and then likes. The table takes this apart: of the bias
model's list the users watched only about 15 %, and liked nearly 90 % of that; of the popular movies they watched about
30 %, and liked 70 % of that. So the bias model is better at what the RMSE measures, the stars of a movie once it is
watched, and much worse at foreseeing what is watched; the product, the precision, is worse. The RMSE
cannot notice, because it averages only over ratings that exist, and each of them is of a movie that somebody had chosen
to watch. I would compare the two models by NDCG or precision at the length of the list, ranked among all unseen movies,
on validation ratings that were split like the test, with popularity beside them, and look at the test once at the
end. A model trained on who watched what is likely to do better than either.""",
}
