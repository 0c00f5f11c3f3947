"""Known mistakes of the chapter `evaluation`: what students really write, and the hint that cures it.

They stand in the order of the exercises.
"""

import numpy as np
import pandas as pd

from grader.implementations import distractor, mistake

# --- bias_model ------------------------------------------------------------------------------------------------------


def _means(index, residuals, n, reg):
    """Shrunk means of the residuals by index; 0 where there is nothing."""
    counts = np.bincount(index, minlength=n) + reg
    return np.bincount(index, residuals, minlength=n) / np.where(counts > 0, counts, 1)


@mistake(
    "evaluation.bias_model",
    hint="Your users' biases are means of what is left after the overall mean only. A user who picks good movies then "
    "looks kind. Take the movies' biases away first, and average what is left then.",
)
def users_from_the_mean_only(users, movies, ratings, n_users, n_movies, reg_users, reg_movies):
    mu = ratings.mean()
    return mu, _means(users, ratings - mu, n_users, reg_users), _means(movies, ratings - mu, n_movies, reg_movies)


@mistake(
    "evaluation.bias_model",
    hint="You fitted the users first and the movies to what was left. The other order is asked for. (Both are "
    "possible, but they give different numbers.)",
)
def users_first(users, movies, ratings, n_users, n_movies, reg_users, reg_movies):
    mu = ratings.mean()
    b_u = _means(users, ratings - mu, n_users, reg_users)
    return mu, b_u, _means(movies, ratings - mu - b_u[users], n_movies, reg_movies)


@mistake(
    "evaluation.bias_model",
    hint="These are plain means: the regularisation does nothing. A movie with a single rating of 5 stars then counts "
    "as the best of all. In the formula, where do the imagined ratings stand?",
)
def no_shrinking(users, movies, ratings, n_users, n_movies, reg_users, reg_movies):
    mu = ratings.mean()
    b_i = _means(movies, ratings - mu, n_movies, 0)
    return mu, _means(users, ratings - mu - b_i[movies], n_users, 0), b_i


@mistake(
    "evaluation.bias_model",
    hint="The two regularisations have changed places: the users' biases are shrunk with that of the movies, and the "
    "other way round.",
)
def regularisations_swapped(users, movies, ratings, n_users, n_movies, reg_users, reg_movies):
    mu = ratings.mean()
    b_i = _means(movies, ratings - mu, n_movies, reg_users)
    return mu, _means(users, ratings - mu - b_i[movies], n_users, reg_movies), b_i


def _right_biases(users, movies, ratings, n_users, n_movies, reg_users, reg_movies):
    mu = ratings.mean()
    b_i = _means(movies, ratings - mu, n_movies, reg_movies)
    return mu, _means(users, ratings - mu - b_i[movies], n_users, reg_users), b_i


# The next two are right about everything else, so that they fit whatever else is wrong in an answer.


@mistake(
    "evaluation.bias_model",
    hint="Your movies' biases are means of the ratings themselves, not of deviations. A bias says how far "
    "a movie is from the overall mean: take that mean away first.",
)
def biases_around_three(users, movies, ratings, n_users, n_movies, reg_users, reg_movies):
    mu, b_u, b_i = _right_biases(users, movies, ratings, n_users, n_movies, reg_users, reg_movies)
    return mu, b_u, _means(movies, ratings, n_movies, reg_movies) if reg_movies else b_i


@mistake(
    "evaluation.bias_model",
    hint="Your users' biases still contain the overall mean. They are made of what is left of a rating when the mean "
    "*and* the movie's bias are taken away.",
)
def mean_left_in_the_users(users, movies, ratings, n_users, n_movies, reg_users, reg_movies):
    mu, b_u, b_i = _right_biases(users, movies, ratings, n_users, n_movies, reg_users, reg_movies)
    return mu, _means(users, ratings - b_i[movies], n_users, reg_users) if reg_users else b_u, b_i


@mistake(
    "evaluation.bias_model",
    hint="`b_i[movies] += ...` adds only one number for each movie, the last one, however many ratings it has. Let "
    "`np.bincount` add them up, or a loop over the ratings.",
)
def one_rating_a_movie(users, movies, ratings, n_users, n_movies, reg_users, reg_movies):
    mu, sums_i, sums_u = ratings.mean(), np.zeros(n_movies), np.zeros(n_users)
    sums_i[movies] += ratings - mu
    counts = np.bincount(movies, minlength=n_movies) + reg_movies
    b_i = sums_i / np.where(counts > 0, counts, 1)
    sums_u[users] += ratings - mu - b_i[movies]
    counts = np.bincount(users, minlength=n_users) + reg_users
    return mu, sums_u / np.where(counts > 0, counts, 1), b_i


@mistake(
    "evaluation.bias_model",
    hint="You shrank a bias by dividing the sum by its number of ratings first and by (1 + regularisation) then. That "
    "shrinks all biases alike. Those with few ratings have to be shrunk more: look at the formula's denominator.",
)
def all_shrunk_alike(users, movies, ratings, n_users, n_movies, reg_users, reg_movies):
    mu = ratings.mean()
    b_i = _means(movies, ratings - mu, n_movies, 0) / (1 + reg_movies)
    return mu, _means(users, ratings - mu - b_i[movies], n_users, 0) / (1 + reg_users), b_i


@mistake(
    "evaluation.bias_model",
    hint="Your overall mean is a mean of the movies' means. A movie with one rating counts in it as much as one with a "
    "hundred. Average over ratings.",
)
def mean_of_movie_means(users, movies, ratings, n_users, n_movies, reg_users, reg_movies):
    rated = np.bincount(movies, minlength=n_movies) > 0
    mu = _means(movies, ratings, n_movies, 0)[rated].mean()
    b_i = _means(movies, ratings - mu, n_movies, reg_movies)
    return mu, _means(users, ratings - mu - b_i[movies], n_users, reg_users), b_i


@mistake(
    "evaluation.bias_model",
    hint="The biases come back in the wrong order: first the users', then the movies', says the docstring.",
)
def results_swapped(users, movies, ratings, n_users, n_movies, reg_users, reg_movies):
    mu = ratings.mean()
    b_i = _means(movies, ratings - mu, n_movies, reg_movies)
    return mu, b_i, _means(users, ratings - mu - b_i[movies], n_users, reg_users)


@mistake(
    "evaluation.bias_model",
    hint="With regularisation 0, a movie without ratings gets 0/0, which is NaN, and so does every prediction for it. "
    "Nothing is known about it, so what should its bias be?",
)
def zero_by_zero(users, movies, ratings, n_users, n_movies, reg_users, reg_movies):
    mu = ratings.mean()
    with np.errstate(all="ignore"):
        n_rated = np.bincount(movies, minlength=n_movies)
        b_i = np.bincount(movies, ratings - mu, minlength=n_movies) / (n_rated + reg_movies)
        n_rated = np.bincount(users, minlength=n_users)
        b_u = np.bincount(users, ratings - mu - b_i[movies], minlength=n_users) / (n_rated + reg_users)
    return mu, b_u, b_i


@mistake(
    "evaluation.bias_model",
    hint="You changed the ratings that were given to you: `-=` works in place. Whoever uses the array afterwards finds "
    "residuals in it. Make a new array.",
)
def changes_the_given_ratings(users, movies, ratings, n_users, n_movies, reg_users, reg_movies):
    mu = ratings.mean()
    ratings -= mu
    b_i = _means(movies, ratings, n_movies, reg_movies)
    ratings -= b_i[movies]
    return mu, _means(users, ratings, n_users, reg_users), b_i


# --- predict_bias ----------------------------------------------------------------------------------------------------


@mistake(
    "evaluation.predict_bias",
    hint="Some of your predictions lie above 5 or below 1 star. Nobody can give such a rating, so moving the "
    "prediction to the end of the scale always brings it nearer to the truth.",
)
def not_clipped(mu, b_u, b_i, users, movies):
    return mu + b_u[users] + b_i[movies]


@mistake(
    "evaluation.predict_bias",
    hint="You cut off at 5 stars but not at 1 star. The scale has two ends.",
)
def only_the_upper_end(mu, b_u, b_i, users, movies):
    return np.minimum(mu + b_u[users] + b_i[movies], 5)


@mistake(
    "evaluation.predict_bias",
    hint="Your lowest prediction is 0 stars or so. The scale begins at 1 star.",
)
def scale_from_zero(mu, b_u, b_i, users, movies):
    return np.clip(mu + b_u[users] + b_i[movies], 0, 5)


@mistake(
    "evaluation.predict_bias",
    hint="You stretched all predictions so that they fill the scale. Then one prediction depends on which others are "
    "asked for at the same time. Move only those that lie outside.",
)
def stretched_to_the_scale(mu, b_u, b_i, users, movies):
    raw = mu + b_u[users] + b_i[movies]
    return 1 + 4 * (raw - raw.min()) / (raw.max() - raw.min())


@mistake(
    "evaluation.predict_bias",
    hint="You predict for every user with every movie. Only the given pairs are asked for: the first user with the "
    "first movie, the second with the second, and so on.",
)
def a_whole_table(mu, b_u, b_i, users, movies):
    return np.clip(mu + b_u[users][:, None] + b_i[movies][None, :], 1, 5)


@mistake(
    "evaluation.predict_bias",
    hint="You rounded to whole stars. People give whole stars, but a prediction of 3.5 says “between 3 and 4”, and "
    "rounding throws that away.",
)
def whole_stars(mu, b_u, b_i, users, movies):
    return np.round(np.clip(mu + b_u[users] + b_i[movies], 1, 5))


@mistake(
    "evaluation.predict_bias",
    hint="The overall mean is missing: your sum holds deviations only.",
)
def without_the_mean(mu, b_u, b_i, users, movies):
    return np.clip(b_u[users] + b_i[movies], 1, 5)


@mistake(
    "evaluation.predict_bias",
    hint="You looked the numbers up crosswise: `b_u` is indexed by users, `b_i` by movies.",
)
def looked_up_crosswise(mu, b_u, b_i, users, movies):
    return np.clip(mu + b_u[movies] + b_i[users], 1, 5)


# --- rmse_and_mae ----------------------------------------------------------------------------------------------------


def _refuse_nan(errors):
    if np.isnan(errors).any():
        raise ValueError("missing")


@mistake(
    "evaluation.rmse_and_mae",
    hint="Your first number is the mean squared error. Its unit is stars squared; the root brings it back to stars.",
)
def no_root(predictions, ratings):
    errors = predictions - ratings
    _refuse_nan(errors)
    return np.mean(errors**2), np.mean(np.abs(errors))


@mistake(
    "evaluation.rmse_and_mae",
    hint="Your second number is a mean of errors with their signs: +1 and −1 cancel out, and a model that is always "
    "wrong can have the error 0. What does “absolute” say?",
)
def signed_errors(predictions, ratings):
    errors = predictions - ratings
    _refuse_nan(errors)
    return np.sqrt(np.mean(errors**2)), np.mean(errors)


@mistake(
    "evaluation.rmse_and_mae",
    hint="You took the absolute value of the mean, and in the mean +1 and −1 have already cancelled out. Take the "
    "absolute value of each error first, the mean last.",
)
def absolute_value_last(predictions, ratings):
    errors = predictions - ratings
    _refuse_nan(errors)
    return np.sqrt(np.mean(errors**2)), abs(np.mean(errors))


@mistake(
    "evaluation.rmse_and_mae",
    hint="You took the root of each squared error and the mean afterwards. That is the mean absolute error once more. "
    "The name tells the order: root of the mean of the squares.",
)
def root_before_mean(predictions, ratings):
    errors = predictions - ratings
    _refuse_nan(errors)
    return np.mean(np.sqrt(errors**2)), np.mean(np.abs(errors))


@mistake(
    "evaluation.rmse_and_mae",
    hint="You divided by the number of ratings after taking the root. Divide the sum of squares first; the root comes "
    "last.",
)
def divided_after_the_root(predictions, ratings):
    errors = predictions - ratings
    _refuse_nan(errors)
    return np.sqrt(np.sum(errors**2)) / len(errors), np.mean(np.abs(errors))


@mistake(
    "evaluation.rmse_and_mae",
    hint="You clipped the predictions before measuring. Clipping is a good idea, but it belongs to the model. Here you "
    "write the measure, and it must show what the model does.",
)
def clipped_first(predictions, ratings):
    errors = np.clip(predictions, 1, 5) - ratings
    _refuse_nan(errors)
    return np.sqrt(np.mean(errors**2)), np.mean(np.abs(errors))


@mistake(
    "evaluation.rmse_and_mae",
    hint="You rounded the predictions to whole stars before measuring. A prediction of 3.6 for a rating of 4 would "
    "then be called perfect.",
)
def rounded_first(predictions, ratings):
    errors = np.round(predictions) - ratings
    _refuse_nan(errors)
    return np.sqrt(np.mean(errors**2)), np.mean(np.abs(errors))


@mistake(
    "evaluation.rmse_and_mae",
    hint="Missing predictions are passed over. A model could then leave out all difficult ratings and look good. "
    "Refuse to measure it: raise the error that the docstring names.",
)
def passes_over_missing(predictions, ratings):
    errors = predictions - ratings
    return np.sqrt(np.nanmean(errors**2)), np.nanmean(np.abs(errors))


@mistake(
    "evaluation.rmse_and_mae",
    hint="With a missing prediction your result is NaN. That is easily overlooked: in a comparison of models, NaN is "
    "neither smaller nor larger than anything. Raise the error that the docstring names.",
)
def missing_gives_nan(predictions, ratings):
    errors = predictions - ratings
    return np.sqrt(np.mean(errors**2)), np.mean(np.abs(errors))


@mistake(
    "evaluation.rmse_and_mae",
    hint="The two results have changed places. The root mean squared error comes first. (It is never the smaller one.)",
)
def measures_swapped(predictions, ratings):
    errors = predictions - ratings
    _refuse_nan(errors)
    return np.mean(np.abs(errors)), np.sqrt(np.mean(errors**2))


# --- rmse_per_user ---------------------------------------------------------------------------------------------------


def _errors(users, predictions, ratings, n_users, empty=np.nan):
    errors = np.full(n_users, empty)
    for user in np.unique(users):
        own = users == user
        errors[user] = np.sqrt(np.mean((predictions[own] - ratings[own]) ** 2))
    return errors


@mistake(
    "evaluation.rmse_per_user",
    hint="Look at a user without ratings. Such a user has the error 0 here, as if everything had been foreseen "
    "perfectly, and pulls the mean down. What is known about this error?",
)
def silent_users_count_zero(users, predictions, ratings, n_users):
    errors = _errors(users, predictions, ratings, n_users, empty=0.0)
    return errors, errors.mean()


@mistake(
    "evaluation.rmse_per_user",
    hint="The users' errors are right, but a single NaN among them makes the whole mean NaN. Average over the users "
    "who have ratings.",
)
def nan_in_the_mean(users, predictions, ratings, n_users):
    errors = _errors(users, predictions, ratings, n_users)
    return errors, errors.mean()


@mistake(
    "evaluation.rmse_per_user",
    hint="The users' errors are right, but you divided their sum by the number of all users. The users without ratings "
    "add nothing to the sum, so they may not be counted either.",
)
def divided_by_all_users(users, predictions, ratings, n_users):
    errors = _errors(users, predictions, ratings, n_users)
    return errors, np.nansum(errors) / n_users


@mistake(
    "evaluation.rmse_per_user",
    hint="Users without ratings have the error 0 in your array. Somebody who plots or averages it later will take them "
    "for perfectly predicted. Mark them as the docstring says.",
)
def zeros_remain_in_the_array(users, predictions, ratings, n_users):
    errors = _errors(users, predictions, ratings, n_users)
    return np.nan_to_num(errors), np.nanmean(errors)


@mistake(
    "evaluation.rmse_per_user",
    hint="You take an error of 0 for a sign that somebody has no ratings. But a user can be foreseen perfectly, and "
    "then 0 is their error. Mark the users without ratings before anything is computed.",
)
def perfect_users_left_out(users, predictions, ratings, n_users):
    errors = np.nan_to_num(_errors(users, predictions, ratings, n_users))
    errors[errors == 0] = np.nan
    return errors, np.nanmean(errors)


@mistake(
    "evaluation.rmse_per_user",
    hint="Your mean is the pooled error over all ratings: somebody with 300 ratings counts 300 times. Asked is the "
    "mean of the users' errors, in which everybody counts once.",
)
def pooled_as_mean(users, predictions, ratings, n_users):
    return _errors(users, predictions, ratings, n_users), np.sqrt(np.mean((predictions - ratings) ** 2))


@mistake(
    "evaluation.rmse_per_user",
    hint="Your users' errors are mean squared errors. Take the root for each user, before you average over users.",
)
def no_root_per_user(users, predictions, ratings, n_users):
    errors = _errors(users, predictions, ratings, n_users) ** 2
    return errors, np.nanmean(errors)


@mistake(
    "evaluation.rmse_per_user",
    hint="You left out the users without ratings, so your array is shorter than `n_users`, and entry 7 need not be "
    "user 7 any more. Keep a place for everybody.",
)
def silent_users_left_out(users, predictions, ratings, n_users):
    errors = _errors(users, predictions, ratings, n_users)
    errors = errors[~np.isnan(errors)]
    return errors, errors.mean()


@mistake(
    "evaluation.rmse_per_user",
    hint="You averaged the users' squared errors and took the root at the end. Asked is the mean of the users' root "
    "mean squared errors: first the root for each user, then the mean.",
)
def root_of_the_mean_over_users(users, predictions, ratings, n_users):
    errors = _errors(users, predictions, ratings, n_users)
    return errors, np.sqrt(np.nanmean(errors**2))


# --- pooled_or_per_user ----------------------------------------------------------------------------------------------

distractor(
    "evaluation.pooled_or_per_user",
    "a",
    hint="The pooled error lets each rating count once. Model A is better for the few users who wrote most of the "
    "ratings, so the pooled error prefers A. Whom does the other average listen to?",
)
distractor(
    "evaluation.pooled_or_per_user",
    "c",
    hint="Both are made of the same errors, but of means with different weights. When good and bad predictions are "
    "spread unequally over users with many and with few ratings, the two can disagree.",
)
distractor(
    "evaluation.pooled_or_per_user",
    "d",
    hint="Neither is wrong. They answer different questions: how good is a prediction for a typical rating, and how "
    "good is the model for a typical user? Which of them is asked here?",
)

# --- validation_split ------------------------------------------------------------------------------------------------


@mistake(
    "evaluation.validation_split",
    hint="You threw a coin for each training rating, no matter whose it is. Of the users of the test set much is "
    "hidden already, and the others lose too little. Which users should lose ratings, by the docstring?",
)
def a_coin_for_everybody(users, test_users, share, seed):
    return np.random.default_rng(seed).random(len(users)) < share


@mistake(
    "evaluation.validation_split",
    hint="You threw a coin for each rating, or drew from the ratings of all these users at once. Then one user loses "
    "many ratings and another few, by chance. Go user by user, and draw the same share of each one's ratings.",
)
def a_coin_for_the_others(users, test_users, share, seed):
    return ~np.isin(users, test_users) & (np.random.default_rng(seed).random(len(users)) < share)


@mistake(
    "evaluation.validation_split",
    hint="You hold out ratings of the users of the test set, of whom many ratings are hidden already. The "
    "others are still whole: with them you can do what the publishers did.",
)
def from_the_test_users(users, test_users, share, seed):
    rng, held_out = np.random.default_rng(seed), np.zeros(len(users), dtype=bool)
    for user in np.unique(test_users):
        rows = np.flatnonzero(users == user)
        held_out[rng.choice(rows, round(share * len(rows)), replace=False)] = True
    return held_out


def _right(users, test_users, share, rng, replace=False):
    held_out = np.zeros(len(users), dtype=bool)
    for user in np.setdiff1d(users, test_users):
        rows = np.flatnonzero(users == user)
        held_out[rng.choice(rows, round(share * len(rows)), replace=replace)] = True
    return held_out


@mistake(
    "evaluation.validation_split",
    hint="Your mask is the wrong way round: True marks the ratings that are kept. It should mark those held out.",
)
def marks_what_is_kept(users, test_users, share, seed):
    return ~_right(users, test_users, share, np.random.default_rng(seed))


@mistake(
    "evaluation.validation_split",
    hint="You always hold out the last (or the first) ratings of a user, so nothing is random. The ratings of a user "
    "stand in an order, by the number of the movie: one end of it is no fair sample of what somebody watches.",
)
def the_last_ones(users, test_users, share, seed):
    held_out = np.zeros(len(users), dtype=bool)
    for user in np.setdiff1d(users, test_users):
        rows = np.flatnonzero(users == user)
        held_out[rows[len(rows) - round(share * len(rows)) :]] = True
    return held_out


@mistake(
    "evaluation.validation_split",
    hint="The same seed gives another split the second time. Then nobody can repeat your experiment, and two models "
    "may be compared on different ratings. Make the generator from `seed`.",
)
def seed_ignored(users, test_users, share, seed):
    return _right(users, test_users, share, np.random.default_rng())


@mistake(
    "evaluation.validation_split",
    hint="The split is the same whatever the seed is. Make the generator from the seed that is given, not from a "
    "number of your own.",
)
def seed_of_its_own(users, test_users, share, seed):
    return _right(users, test_users, share, np.random.default_rng(42))


@mistake(
    "evaluation.validation_split",
    hint="You hold out some users with all their ratings. Of them the model then knows nothing at all, which is "
    "another, harder task than that of the test set.",
)
def whole_users(users, test_users, share, seed):
    others = np.setdiff1d(users, test_users)
    chosen = np.random.default_rng(seed).choice(others, max(1, round(share * len(others))), replace=False)
    return np.isin(users, chosen)


@mistake(
    "evaluation.validation_split",
    hint="You returned the positions of the ratings to hold out. Asked is one truth value for each rating.",
)
def positions(users, test_users, share, seed):
    return np.flatnonzero(_right(users, test_users, share, np.random.default_rng(seed)))


@mistake(
    "evaluation.validation_split",
    hint="You draw with repetition: the same rating can be drawn twice, and then fewer are held out than the share "
    "asks for. `choice` has a parameter for that.",
)
def with_repetition(users, test_users, share, seed):
    return _right(users, test_users, share, np.random.default_rng(seed), replace=True)


@mistake(
    "evaluation.validation_split",
    hint="You make a new generator for each user, from the same seed. So users with equally many ratings lose those at "
    "the same places. Make one generator before the loop.",
)
def a_new_generator_for_each_user(users, test_users, share, seed):
    held_out = np.zeros(len(users), dtype=bool)
    for user in np.setdiff1d(users, test_users):
        rows = np.flatnonzero(users == user)
        order = np.random.default_rng(seed).permutation(rows)
        held_out[order[: round(share * len(rows))]] = True
    return held_out


# --- choose ----------------------------------------------------------------------------------------------------------


@mistake(
    "evaluation.choose",
    hint="Which ratings decide about the setting here? An error that was chosen because it is the smallest is no "
    "estimate any more: it is the luckiest of several tries.",
)
def chosen_on_the_test(settings, fit, error_valid, error_test):
    errors = [error_test(fit(setting)) for setting in settings]
    best = int(np.argmin(errors))
    return settings[best], errors[best]


@mistake(
    "evaluation.choose",
    hint="You chose by the validation error, which is right, and then reported that same error. It is the smallest of "
    "several, so it is too good. Measure the chosen model on ratings that had no part in the choice.",
)
def reports_the_validation_error(settings, fit, error_valid, error_test):
    errors = [error_valid(fit(setting)) for setting in settings]
    best = int(np.argmin(errors))
    return settings[best], errors[best]


@mistake(
    "evaluation.choose",
    hint="You measured all models on the test ratings. Even if they had no part in the choice: what has "
    "been looked at will be used, sooner or later. Measure one model there, at the end.",
)
def looks_at_all_test_errors(settings, fit, error_valid, error_test):
    models = [fit(setting) for setting in settings]
    tested = [error_test(model) for model in models]
    best = int(np.argmin([error_valid(model) for model in models]))
    return settings[best], tested[best]


@mistake(
    "evaluation.choose",
    hint="You chose by the sum (or the mean) of both errors. So the test ratings still have a say in the choice, and "
    "the error that is measured on them is no longer honest.",
)
def both_errors_decide(settings, fit, error_valid, error_test):
    models = [fit(setting) for setting in settings]
    tested = [error_test(model) for model in models]
    best = int(np.argmin([error_valid(model) + error for model, error in zip(models, tested, strict=True)]))
    # The error of the right setting, so that this fits whichever error is reported.
    return settings[best], tested[int(np.argmin([error_valid(model) for model in models]))]


@mistake(
    "evaluation.choose",
    hint="You measure a model on the test ratings whenever it is the best so far. So models are measured there that "
    "are not chosen in the end. Wait until the choice is made, then measure one.",
)
def tested_at_each_improvement(settings, fit, error_valid, error_test):
    best_setting, best_error, tested = None, np.inf, None
    for setting in settings:
        model = fit(setting)
        if error_valid(model) < best_error:
            best_setting, best_error, tested = setting, error_valid(model), error_test(model)
    return best_setting, tested


@mistake(
    "evaluation.choose",
    hint="You took the setting with the largest validation error. It is an error: the smaller, the better.",
)
def the_largest_error(settings, fit, error_valid, error_test):
    models = [fit(setting) for setting in settings]
    best = int(np.argmax([error_valid(model) for model in models]))
    return settings[best], error_test(models[best])


@mistake(
    "evaluation.choose",
    hint="The setting is the right one, but the error is that of another model: the last one that was trained. Keep "
    "the best model, or train it again, before you measure.",
)
def measures_the_last_model(settings, fit, error_valid, error_test):
    errors = []
    for setting in settings:
        model = fit(setting)
        errors.append(error_valid(model))
    return settings[int(np.argmin(errors))], error_test(model)


@mistake(
    "evaluation.choose",
    hint="You returned the position of the setting in the list. Return the setting itself.",
)
def position_of_the_setting(settings, fit, error_valid, error_test):
    models = [fit(setting) for setting in settings]
    best = int(np.argmin([error_valid(model) for model in models]))
    return best, error_test(models[best])


# --- evaluate_protocol -----------------------------------------------------------------------------------------------


def _rmse(predictions, test):
    return float(np.sqrt(np.mean((predictions - test["rating"].to_numpy()) ** 2)))


@mistake(
    "evaluation.evaluate_protocol",
    hint="Ask what the model is allowed to read while it predicts. Here it reads the very ratings it has to foresee. "
    "What was known about these users before the test?",
)
def reads_the_test_ratings(fit, predict, train, test):
    return _rmse(predict(fit(train), test, test[["user", "movie"]]), test)


@mistake(
    "evaluation.evaluate_protocol",
    hint="The model learns from the test ratings, too. It has then seen the questions with their answers before the "
    "exam. A movie that only the test set knows is a problem of the model; do not solve it this way.",
)
def learns_from_both(fit, predict, train, test):
    return _rmse(predict(fit(pd.concat([train, test])), train, test[["user", "movie"]]), test)


@mistake(
    "evaluation.evaluate_protocol",
    hint="While it predicts, your model reads training and test ratings together. Putting the training ratings in was "
    "right. What else is among the known ratings?",
)
def reads_both(fit, predict, train, test):
    return _rmse(predict(fit(train), pd.concat([train, test]), test[["user", "movie"]]), test)


@mistake(
    "evaluation.evaluate_protocol",
    hint="The table of questions that you give to `predict` still has the column with the answers. This model does not "
    "look, but the next one may. Hand over only what the docstring names.",
)
def answers_among_the_questions(fit, predict, train, test):
    return _rmse(predict(fit(train), train, test), test)


@mistake(
    "evaluation.evaluate_protocol",
    hint="You measured how well the model repeats ratings that it has learnt from. That tells how much it remembers. "
    "Ask for the pairs of the test set.",
)
def error_on_training_ratings(fit, predict, train, test):
    return _rmse(predict(fit(train), train, train[["user", "movie"]]), train)


@mistake(
    "evaluation.evaluate_protocol",
    hint="You averaged the errors of the users. Asked is the error over all test ratings together.",
)
def mean_over_users(fit, predict, train, test):
    predictions = predict(fit(train), train, test[["user", "movie"]])
    squares = pd.Series((predictions - test["rating"].to_numpy()) ** 2)
    return float(np.sqrt(squares.groupby(test["user"].to_numpy()).mean()).mean())


@mistake(
    "evaluation.evaluate_protocol",
    hint="This is the mean squared error, in stars squared. The root is missing.",
)
def squared_error(fit, predict, train, test):
    return _rmse(predict(fit(train), train, test[["user", "movie"]]), test) ** 2


# --- scale_ratings ---------------------------------------------------------------------------------------------------


@mistake(
    "evaluation.scale_ratings",
    hint="From which ratings are the mean and the standard deviation computed here? When the model is trained, only a "
    "part of them exists.",
)
def fitted_on_both(train_ratings, test_ratings):
    both = np.concatenate([train_ratings, test_ratings])
    mean, std = both.mean(), both.std()
    return (train_ratings - mean) / std, (test_ratings - mean) / std, mean, std


@mistake(
    "evaluation.scale_ratings",
    hint="The test ratings are scaled with their own mean and standard deviation. Then the same number means different "
    "stars in the two arrays, and the model's predictions cannot be compared with the test ratings.",
)
def test_on_its_own(train_ratings, test_ratings):
    mean, std = train_ratings.mean(), train_ratings.std()
    return (train_ratings - mean) / std, (test_ratings - test_ratings.mean()) / test_ratings.std(), mean, std


@mistake(
    "evaluation.scale_ratings",
    hint="Your mean and standard deviation come from the test ratings. When the model is trained, these do not exist "
    "yet. Take both numbers from the training ratings.",
)
def fitted_on_the_test(train_ratings, test_ratings):
    mean, std = test_ratings.mean(), test_ratings.std()
    return (train_ratings - mean) / std, (test_ratings - mean) / std, mean, std


@mistake(
    "evaluation.scale_ratings",
    hint="Half of it is repaired: your mean comes from the training ratings, your standard deviation still from both.",
)
def spread_of_both(train_ratings, test_ratings):
    mean, std = train_ratings.mean(), np.concatenate([train_ratings, test_ratings]).std()
    return (train_ratings - mean) / std, (test_ratings - mean) / std, mean, std


@mistake(
    "evaluation.scale_ratings",
    hint="You changed the ratings that were given to you: `-=` and `/=` work in place. Whoever uses the arrays "
    "afterwards finds scaled numbers in the place of stars. Make new arrays.",
)
def scaled_in_place(train_ratings, test_ratings):
    mean, std = train_ratings.mean(), train_ratings.std()
    for ratings in (train_ratings, test_ratings):
        ratings -= mean
        ratings /= std
    return train_ratings, test_ratings, mean, std


@mistake(
    "evaluation.scale_ratings",
    hint="You shifted but did not scale: the standard deviation of the training ratings is not 1 yet.",
)
def only_shifted(train_ratings, test_ratings):
    mean, std = train_ratings.mean(), train_ratings.std()
    return train_ratings - mean, test_ratings - mean, mean, std


@mistake(
    "evaluation.scale_ratings",
    hint="Your test ratings are still in stars. They must be shifted and scaled like the training ratings, or errors "
    "between them and scaled predictions mean nothing.",
)
def test_not_scaled(train_ratings, test_ratings):
    mean, std = train_ratings.mean(), train_ratings.std()
    return (train_ratings - mean) / std, test_ratings, mean, std


@mistake(
    "evaluation.scale_ratings",
    hint="You divided by n − 1 in the standard deviation. The docstring asks for n. On many ratings nobody would "
    "notice; but use the definition that is written down.",
)
def divided_by_n_minus_one(train_ratings, test_ratings):
    mean, std = train_ratings.mean(), train_ratings.std(ddof=1)
    return (train_ratings - mean) / std, (test_ratings - mean) / std, mean, std


@mistake(
    "evaluation.scale_ratings",
    hint="You mapped the lowest rating to 0 and the highest to 1. That is another scaler. Asked are the mean 0 and the "
    "standard deviation 1.",
)
def from_zero_to_one(train_ratings, test_ratings):
    low, high = train_ratings.min(), train_ratings.max()
    scaled = [(ratings - low) / (high - low) for ratings in (train_ratings, test_ratings)]
    return *scaled, train_ratings.mean(), train_ratings.std()


@mistake(
    "evaluation.scale_ratings",
    hint="You divided by the variance. The standard deviation is its root, and has the unit of the ratings.",
)
def divided_by_the_variance(train_ratings, test_ratings):
    mean, std = train_ratings.mean(), train_ratings.var()
    return (train_ratings - mean) / std, (test_ratings - mean) / std, mean, std


# --- loss_in_stars ---------------------------------------------------------------------------------------------------

distractor(
    "evaluation.loss_in_stars",
    "a",
    hint="This takes the printed loss for an error in stars. But it is a mean of squares, and of scaled ratings. "
    "Two steps have to be undone.",
)
distractor(
    "evaluation.loss_in_stars",
    "b",
    hint="You took the root, which is one of two steps. The number is still in the unit of the scaled ratings, in "
    "which the whole scale has the length 1.",
)
distractor(
    "evaluation.loss_in_stars",
    "c",
    hint="You multiplied by the length of the scale but did not take the root. A squared error grows with the square "
    "of the unit: take the root first.",
)

# --- top_k_unseen ----------------------------------------------------------------------------------------------------


@mistake(
    "evaluation.top_k_unseen",
    hint="Your list holds movies that the user has seen. A model often likes these best, because it has learnt from "
    "them. They must not be on the list.",
)
def seen_movies_too(scores, seen, k):
    return np.argsort(-scores)[:k].tolist()


@mistake(
    "evaluation.top_k_unseen",
    hint="You gave the seen movies a low score, such as 0 or −1. Scores may be lower still, and then the seen movies "
    "are the best of all. Which number is below every score?",
)
def seen_movies_get_zero(scores, seen, k):
    scores = scores.copy()
    scores[seen] = 0
    return np.argsort(-scores)[:k].tolist()


@mistake(
    "evaluation.top_k_unseen",
    hint="You cut the list to k first and then took the seen movies out, so places stay empty although unseen "
    "movies are left. The other order fills them.",
)
def cut_before_removing(scores, seen, k):
    return [int(movie) for movie in np.argsort(-scores)[:k] if movie not in seen]


def _unseen(scores, seen):
    return np.setdiff1d(np.arange(len(scores)), seen)


@mistake(
    "evaluation.top_k_unseen",
    hint="The best movie stands last in your list. `argsort` sorts from small to large, and its last k entries are "
    "still in that order.",
)
def best_last(scores, seen, k):
    unseen = _unseen(scores, seen)
    return unseen[np.argsort(scores[unseen])][-k:].tolist()


@mistake(
    "evaluation.top_k_unseen",
    hint="These are the worst of the unseen movies. `argsort` sorts from small to large.",
)
def the_worst(scores, seen, k):
    unseen = _unseen(scores, seen)
    return unseen[np.argsort(scores[unseen])][:k].tolist()


@mistake(
    "evaluation.top_k_unseen",
    hint="When fewer than k movies are unseen, your list goes on with seen ones: minus infinity puts them last but "
    "does not take them out.",
)
def filled_up_with_seen(scores, seen, k):
    scores = scores.copy()
    scores[seen] = -np.inf
    return np.argsort(-scores)[:k].tolist()


@mistake(
    "evaluation.top_k_unseen",
    hint="Your numbers are positions among the unseen movies, not movie numbers: after the seen ones are taken out, "
    "everything behind them has moved forward. Keep the numbers and sort these.",
)
def positions_among_the_unseen(scores, seen, k):
    return np.argsort(-scores[_unseen(scores, seen)])[:k].tolist()


@mistake(
    "evaluation.top_k_unseen",
    hint="You changed the scores that were given to you. Whoever measures the model with them afterwards finds minus "
    "infinity in them. Work on a copy.",
)
def changes_the_given_scores(scores, seen, k):
    scores[seen] = -np.inf
    return np.argsort(-scores)[: min(k, len(_unseen(scores, seen)))].tolist()


@mistake(
    "evaluation.top_k_unseen",
    hint="The movies are right, but they stand in the order of their numbers. The best should be first.",
)
def not_in_order(scores, seen, k):
    unseen = _unseen(scores, seen)
    return sorted(unseen[np.argsort(-scores[unseen])][:k].tolist())


# --- precision_at_k, recall_at_k -------------------------------------------------------------------------------------


def _hits(recommended, relevant, k):
    return sum(movie in relevant for movie in recommended[:k])


@mistake(
    "evaluation.precision_at_k",
    hint="You divided by the number of relevant movies. That is recall: which share of them was found. Precision "
    "asks which share of the places is well used.",
)
def that_is_recall(recommended, relevant, k):
    return _hits(recommended, relevant, k) / len(relevant)


@mistake(
    "evaluation.precision_at_k",
    hint="You looked at the whole list. Only its first k places count.",
)
def the_whole_list(recommended, relevant, k):
    return _hits(recommended, relevant, len(recommended)) / len(recommended)


@mistake(
    "evaluation.precision_at_k",
    hint="You counted hits in the whole list but divided by k. The result can even exceed 1. Cut the list first.",
)
def hits_beyond_k(recommended, relevant, k):
    return _hits(recommended, relevant, len(recommended)) / k


@mistake(
    "evaluation.precision_at_k",
    hint="When the list is shorter than k, you divide by its length. Then a model that recommends one safe movie looks "
    "better than one that fills its places. Read the docstring on empty places.",
)
def empty_places_forgiven(recommended, relevant, k):
    return _hits(recommended, relevant, k) / min(k, len(recommended))


@mistake(
    "evaluation.precision_at_k",
    hint="This is the number of hits, not a share. Divide it by the number of places.",
)
def a_count(recommended, relevant, k):
    return float(_hits(recommended, relevant, k))


@mistake(
    "evaluation.precision_at_k",
    hint="You divided by k or by the number of relevant movies, whichever is smaller. Precision asks about places, and "
    "there are k of them, even if not all can be filled with relevant movies.",
)
def at_most_the_relevant(recommended, relevant, k):
    return _hits(recommended, relevant, k) / min(k, len(relevant))


@mistake(
    "evaluation.precision_at_k",
    hint="You cut the relevant movies to k, too. They stand in no order, and all of them count. Cut the list only.",
)
def relevant_ones_cut(recommended, relevant, k):
    return _hits(recommended, relevant[:k], k) / k


@mistake(
    "evaluation.recall_at_k",
    hint="You divided by k. That is precision: which share of the places is well used. Recall asks which share of the "
    "relevant movies was found.",
)
def that_is_precision(recommended, relevant, k):
    return _hits(recommended, relevant, k) / k if relevant else float("nan")


@mistake(
    "evaluation.recall_at_k",
    hint="You looked at the whole list. Somebody sees only its first k places.",
)
def finds_beyond_k(recommended, relevant, k):
    return _hits(recommended, relevant, len(recommended)) / len(relevant) if relevant else float("nan")


@mistake(
    "evaluation.recall_at_k",
    hint="You divided by k or by the number of relevant movies, whichever is smaller. Some call that recall, too, "
    "but then it is a mixture of two measures. The docstring asks for the share of all relevant movies.",
)
def divided_by_the_smaller(recommended, relevant, k):
    return _hits(recommended, relevant, k) / min(k, len(relevant)) if relevant else float("nan")


@mistake(
    "evaluation.recall_at_k",
    hint="A user without relevant movies got the recall 0. That looks like a bad list, but no list could have done "
    "better. 0/0 is unknown, and the docstring says how to write that.",
)
def nothing_to_find_is_zero(recommended, relevant, k):
    return _hits(recommended, relevant, k) / len(relevant) if relevant else 0.0


@mistake(
    "evaluation.recall_at_k",
    hint="A user without relevant movies got the recall 1, so every list is perfect for such users. A model would look "
    "the better the more of them there are. 0/0 is unknown, and the docstring says how to write that.",
)
def nothing_to_find_is_one(recommended, relevant, k):
    return _hits(recommended, relevant, k) / len(relevant) if relevant else 1.0


@mistake(
    "evaluation.recall_at_k",
    hint="With a user who has no relevant movies your function divides by zero and stops. Such users exist: answer "
    "with what the docstring says.",
)
def division_by_zero(recommended, relevant, k):
    return _hits(recommended, relevant, k) / len(relevant)


@mistake(
    "evaluation.recall_at_k",
    hint="You cut the relevant movies to k, too. They stand in no order, and all of them count. Cut the list only.",
)
def relevant_movies_cut(recommended, relevant, k):
    return _hits(recommended, relevant[:k], k) / len(relevant[:k]) if relevant else float("nan")


# --- ndcg_at_k -------------------------------------------------------------------------------------------------------


def _dcg(hits):
    return sum(hit / np.log2(place + 2) for place, hit in enumerate(hits))


def _row(recommended, relevant, k):
    return [float(movie in relevant) for movie in recommended[:k]]


@mistake(
    "evaluation.ndcg_at_k",
    hint="This is the DCG, which depends on how many movies are relevant. Divide it by that of the best possible list: "
    "that is the N in the name.",
)
def not_normalised(recommended, relevant, k):
    return _dcg(_row(recommended, relevant, k)) if relevant else float("nan")


@mistake(
    "evaluation.ndcg_at_k",
    hint="Your best possible list has hits at all k places. A user with two relevant movies can have only two hits, so "
    "even the best list for such a user would stay below 1.",
)
def best_list_all_hits(recommended, relevant, k):
    return _dcg(_row(recommended, relevant, k)) / _dcg([1.0] * k) if relevant else float("nan")


@mistake(
    "evaluation.ndcg_at_k",
    hint="Your best possible list is as long as there are relevant movies. But only k places count: with 30 relevant "
    "movies and 10 places, the best list has 10 hits.",
)
def best_list_longer_than_k(recommended, relevant, k):
    return _dcg(_row(recommended, relevant, k)) / _dcg([1.0] * len(relevant)) if relevant else float("nan")


@mistake(
    "evaluation.ndcg_at_k",
    hint="Your best list is only as long as the list you were given. The best list may be longer: as many relevant "
    "movies as there are, up to k.",
)
def best_list_no_longer_than_the_given(recommended, relevant, k):
    if not relevant:
        return float("nan")
    return _dcg(_row(recommended, relevant, k)) / _dcg([1.0] * min(k, len(relevant), len(recommended)))


@mistake(
    "evaluation.ndcg_at_k",
    hint="You compare the list with itself, sorted: the best order of the hits it has. A list with a single hit at the "
    "top would then be perfect, whatever it has missed. The best list takes all relevant movies it has room for.",
)
def compared_with_itself_sorted(recommended, relevant, k):
    if not relevant:
        return float("nan")
    row = _row(recommended, relevant, k)
    return _dcg(row) / max(_dcg(sorted(row, reverse=True)), 1e-12)


@mistake(
    "evaluation.ndcg_at_k",
    hint="Your discount is 1/place. The formula has a logarithm: it falls more gently, so that the third place is "
    "worth half of the first.",
)
def discount_without_logarithm(recommended, relevant, k):
    if not relevant:
        return float("nan")
    gained = sum(hit / (place + 1) for place, hit in enumerate(_row(recommended, relevant, k)))
    return gained / sum(1 / (place + 1) for place in range(min(k, len(relevant))))


@mistake(
    "evaluation.ndcg_at_k",
    hint="Your places are counted from one too high: the first hit is worth less than 1. Place 1 has the discount "
    "log2(1 + 1) = 1. Python counts from 0; add what is missing, and no more.",
)
def places_counted_from_two(recommended, relevant, k):
    if not relevant:
        return float("nan")
    gained = sum(hit / np.log2(place + 3) for place, hit in enumerate(_row(recommended, relevant, k)))
    return gained / sum(1 / np.log2(place + 3) for place in range(min(k, len(relevant))))


@mistake(
    "evaluation.ndcg_at_k",
    hint="Your places are counted from 0, as Python's are. Then the first one has the discount log2(0 + 1) = 0, and "
    "you divide by 0. In the formula the first place is place 1.",
)
def places_counted_from_zero(recommended, relevant, k):
    if not relevant:
        return float("nan")
    with np.errstate(all="ignore"):
        discounts = np.log2(np.arange(k) + 1)
        row = np.array(_row(recommended, relevant, k))
        return (row / discounts[: len(row)]).sum() / (1 / discounts[: len(relevant)]).sum()


@mistake(
    "evaluation.ndcg_at_k",
    hint="You divided by the number of relevant movies, as if each could stand at the first place. Divide by the DCG "
    "of the best possible list, whose hits stand at places 1, 2, 3 and so on.",
)
def divided_by_the_relevant(recommended, relevant, k):
    return _dcg(_row(recommended, relevant, k)) / len(relevant) if relevant else float("nan")


@mistake(
    "evaluation.ndcg_at_k",
    hint="You looked at the whole list. Hits beyond place k do not count.",
)
def gains_beyond_k(recommended, relevant, k):
    if not relevant:
        return float("nan")
    return _dcg(_row(recommended, relevant, len(recommended))) / _dcg([1.0] * min(k, len(relevant)))


@mistake(
    "evaluation.ndcg_at_k",
    hint="A user without relevant movies got a 0, as if the list were bad. No list could have done better: 0/0 is "
    "unknown, and the docstring says how to write that.",
)
def nothing_to_gain_is_zero(recommended, relevant, k):
    if not relevant:
        return 0.0
    return _dcg(_row(recommended, relevant, k)) / _dcg([1.0] * min(k, len(relevant)))


@mistake(
    "evaluation.ndcg_at_k",
    hint="This is precision or recall in the end: a hit counts the same at every place. Multiply each hit by the "
    "discount of its place.",
)
def every_place_alike(recommended, relevant, k):
    return sum(_row(recommended, relevant, k)) / min(k, len(relevant)) if relevant else float("nan")


# --- rating_or_ranking, honest_number --------------------------------------------------------------------------------

distractor(
    "evaluation.rating_or_ranking",
    "b",
    hint="The error was measured on the same test ratings as the lists, and without a leak. Both numbers are right. "
    "They answer different questions.",
)
distractor(
    "evaluation.rating_or_ranking",
    "c",
    hint="Clipping makes some predictions equal, but only the few beyond 5 stars, and the page ranks by predictions "
    "that are not clipped. Look at the table that takes hits apart.",
)
distractor(
    "evaluation.rating_or_ranking",
    "d",
    hint="Ten places are few, but the mean is over hundreds of users, and one score is about twice the other. A gap of "
    "that size has a reason. Look at the table that takes hits apart.",
)

distractor(
    "evaluation.honest_number",
    "a",
    hint="The epoch was chosen by the test error. With many epochs, one of them is lucky on these test ratings, and "
    "exactly that one is reported. A validation set would have to choose it.",
)
distractor(
    "evaluation.honest_number",
    "b",
    hint="Repeating with several seeds is good; reporting the best one is not. The best of five is the luckiest of "
    "five. Report the mean and the spread.",
)
distractor(
    "evaluation.honest_number",
    "d",
    hint="The users' means were computed before the split, so they contain ratings that are to be predicted. Each "
    "test rating has already told the model a little about itself.",
)
