"""Known mistakes of the chapter `capstone`: what students really write, and the hint that cures it.

They stand in the order of the questions.
"""

import copy

import numpy as np

from grader.implementations import distractor, mistake

# --- fit_recommender -------------------------------------------------------------------------------------------------


def _tables(train, n_users, n_movies):
    """Ratings, and which there are, as two arrays (n_users, n_movies)."""
    stars, given = np.zeros((n_users, n_movies)), np.zeros((n_users, n_movies))
    stars[train["user"], train["movie"]] = train["rating"]
    given[train["user"], train["movie"]] = 1.0
    return stars, given


def _biases(train, n_users, n_movies):
    """Predictions of a bias model, (n_users, n_movies), fitted by a few rounds of shrunk means."""
    stars, given = _tables(train, n_users, n_movies)
    mean = train["rating"].mean()
    b_u, b_i = np.zeros((n_users, 1)), np.zeros(n_movies)
    for _ in range(5):
        b_i = (given * (stars - mean - b_u)).sum(axis=0) / (given.sum(axis=0) + 2)
        b_u = (given * (stars - mean - b_i)).sum(axis=1, keepdims=True) / (given.sum(axis=1, keepdims=True) + 2)
    return mean + b_u + b_i


def _factors(rest, given, n_factors, penalty, n_sweeps, seed):
    """A factorisation of `rest` without biases, by alternating least squares."""
    q = np.random.default_rng(seed).normal(0, 0.3, (rest.shape[1], n_factors))
    for _ in range(n_sweeps):
        p = _half(rest, given, q, penalty)
        q = _half(rest.T, given.T, p, penalty)
    return p @ q.T


def _half(rest, given, features, penalty):
    left = np.einsum("ui,ik,il->ukl", given, features, features, optimize=True) + penalty * np.eye(features.shape[1])
    return np.linalg.solve(left, ((given * rest) @ features)[:, :, None])[:, :, 0]


def _looked_up(table):
    return lambda users, movies: table[users, movies]


@mistake(
    "capstone.fit_recommender",
    hint="You predict the same number for everything. That is the first baseline, and every other one beats it. What "
    "do you know about the user, and about the movie?",
)
def the_mean(train, n_users, n_movies, seed):
    return _looked_up(np.full((n_users, n_movies), train["rating"].mean()))


@mistake(
    "capstone.fit_recommender",
    hint="You predict each user's mean, for all movies alike. Some movies are better than others, and people differ in "
    "which ones they like.",
)
def user_means(train, n_users, n_movies, seed):
    of_users = train.groupby("user")["rating"].mean().reindex(range(n_users)).fillna(train["rating"].mean())
    return _looked_up(np.tile(of_users.to_numpy()[:, None], (1, n_movies)))


@mistake(
    "capstone.fit_recommender",
    hint="You predict each movie's mean, for all users alike: that is no recommender yet. Some users are kinder than "
    "others, and they like different movies.",
)
def movie_means(train, n_users, n_movies, seed):
    of_movies = train.groupby("movie")["rating"].mean().reindex(range(n_movies)).fillna(train["rating"].mean())
    return _looked_up(np.tile(of_movies.to_numpy(), (n_users, 1)))


@mistake(
    "capstone.fit_recommender",
    hint="Some predictions are missing (NaN) or infinite: those for a user or a movie without any rating. A mean of "
    "nothing is no number. What can you still say about such a pair?",
)
def nothing_for_the_unknown(train, n_users, n_movies, seed):
    stars, given = _tables(train, n_users, n_movies)
    base = _biases(train, n_users, n_movies)
    table = (base + _factors(stars - base, given, 2, 1.5, 12, seed)).clip(1, 5)
    table[given.sum(axis=1) == 0] = np.nan
    table[:, given.sum(axis=0) == 0] = np.nan
    return _looked_up(table)


@mistake(
    "capstone.fit_recommender",
    hint="Your predictions are those of a bias model: right in level, and without any idea of taste. For two users "
    "it puts all movies into the same order. Add something that can differ: factors, or neighbours.",
)
def only_biases(train, n_users, n_movies, seed):
    return _looked_up(_biases(train, n_users, n_movies).clip(1, 5))


@mistake(
    "capstone.fit_recommender",
    hint="You found one direction of taste, and people differ in more than one. Describe users and movies by several "
    "numbers each, or compare movies with all others.",
)
def one_direction(train, n_users, n_movies, seed):
    stars, given = _tables(train, n_users, n_movies)
    base = _biases(train, n_users, n_movies)
    return _looked_up((base + _factors(stars - base, given, 1, 1.5, 12, seed)).clip(1, 5))


@mistake(
    "capstone.fit_recommender",
    hint="Your predictions for unrated pairs are far too low: it looks as if the gaps had been filled with 0 and then "
    "been learnt as ratings of 0. Learn from the pairs that are in `train`, and from no others.",
)
def gaps_are_zeros(train, n_users, n_movies, seed):
    stars, _ = _tables(train, n_users, n_movies)
    u, s, v = np.linalg.svd(stars, full_matrices=False)
    return _looked_up(((u[:, :3] * s[:3]) @ v[:3]).clip(1, 5))


@mistake(
    "capstone.fit_recommender",
    hint="Your model fits its training ratings closely, and unrated pairs badly: it has learnt chance by heart. Use "
    "fewer factors, a stronger penalty, or both, and choose them on ratings that you hold out of `train`.",
)
def learnt_by_heart(train, n_users, n_movies, seed):
    stars, given = _tables(train, n_users, n_movies)
    base = _biases(train, n_users, n_movies)
    return _looked_up((base + _factors(stars - base, given, 16, 0.002, 15, seed)).clip(1, 5))


@mistake(
    "capstone.fit_recommender",
    hint="For a user or a movie without ratings, you predict the mean of all ratings. Half of the pair is known! Of an "
    "unknown movie one knows how kind the user is; of an unknown user, how good the movie is.",
)
def mean_for_the_unknown(train, n_users, n_movies, seed):
    stars, given = _tables(train, n_users, n_movies)
    base = _biases(train, n_users, n_movies)
    table = (base + _factors(stars - base, given, 2, 1.5, 12, seed)).clip(1, 5)
    table[given.sum(axis=1) == 0] = train["rating"].mean()
    table[:, given.sum(axis=0) == 0] = train["rating"].mean()
    return _looked_up(table)


@mistake(
    "capstone.fit_recommender",
    hint="Some predictions lie below 1 or above 5 stars, where no rating can be. Clip them to the scale, at the end.",
)
def beyond_the_scale(train, n_users, n_movies, seed):
    stars, given = _tables(train, n_users, n_movies)
    base = _biases(train, n_users, n_movies)
    return _looked_up(base + _factors(stars - base, given, 2, 1.5, 12, seed))


# --- score_once ------------------------------------------------------------------------------------------------------


@mistake(
    "capstone.score_once",
    hint="The epoch is chosen by the test error, and the smallest of many test errors is reported. That number is "
    "partly luck, and the luck was selected. Which function is there to choose by?",
)
def best_epoch_on_the_test(model, train_epoch, valid_error, test_error, n_epochs):
    best_epoch, best_error = 0, float("inf")
    for epoch in range(1, n_epochs + 1):
        train_epoch(model)
        error = test_error(model)
        if error < best_error:
            best_epoch, best_error = epoch, error
    return best_epoch, best_error


@mistake(
    "capstone.score_once",
    hint="You choose the right epoch, but you measure the model as it is after the last one: training went on, and "
    "`best = model` is only a second name for the same model. Keep a deep copy when the validation error is lowest.",
)
def last_model_measured(model, train_epoch, valid_error, test_error, n_epochs):
    errors = []
    for _ in range(n_epochs):
        train_epoch(model)
        errors.append(valid_error(model))
    return int(np.argmin(errors)) + 1, test_error(model)


@mistake(
    "capstone.score_once",
    hint="The epoch and the error are right, but the test was read after every epoch. What has been seen tempts. "
    "`test_error` may be called once, with the chosen model.",
)
def test_read_every_epoch(model, train_epoch, valid_error, test_error, n_epochs):
    valid, test = [], []
    for _ in range(n_epochs):
        train_epoch(model)
        valid.append(valid_error(model))
        test.append(test_error(model))
    best = int(np.argmin(valid))
    return best + 1, test[best]


@mistake(
    "capstone.score_once",
    hint="You report the validation error. It was used to choose the epoch, so it is too good by now. The chosen "
    "model has to be measured on ratings that chose nothing.",
)
def validation_error_reported(model, train_epoch, valid_error, test_error, n_epochs):
    errors = []
    for _ in range(n_epochs):
        train_epoch(model)
        errors.append(valid_error(model))
    return int(np.argmin(errors)) + 1, min(errors)


@mistake(
    "capstone.score_once",
    hint="Two epochs have the same validation error, and you take the later one. Of several that are equally good "
    "the first is asked for: compare with `<`, not with `<=`.",
)
def the_later_of_two(model, train_epoch, valid_error, test_error, n_epochs):
    best = None
    for epoch in range(1, n_epochs + 1):
        train_epoch(model)
        error = valid_error(model)
        if best is None or error <= best[0]:
            best = error, epoch, copy.deepcopy(model)
    return best[1], test_error(best[2])


@mistake(
    "capstone.score_once",
    hint="The right model is measured, but your epochs are counted from 0. The first epoch is number 1.",
)
def counted_from_zero(model, train_epoch, valid_error, test_error, n_epochs):
    best = None
    for epoch in range(n_epochs):
        train_epoch(model)
        error = valid_error(model)
        if best is None or error < best[0]:
            best = error, epoch, copy.deepcopy(model)
    return best[1], test_error(best[2])


@mistake(
    "capstone.score_once",
    hint="You stop at the first epoch that is no better than the one before. A later one may be better still: train "
    "for all `n_epochs`, and take the best of them.",
)
def stops_at_the_first_rise(model, train_epoch, valid_error, test_error, n_epochs):
    best = None
    for epoch in range(1, n_epochs + 1):
        train_epoch(model)
        error = valid_error(model)
        if best is not None and error >= best[0]:
            break
        best = error, epoch, copy.deepcopy(model)
    return best[1], test_error(best[2])


@mistake(
    "capstone.score_once",
    hint="You train a second time, up to the best epoch. A second training is not the same: it begins where the model "
    "stands now, or it draws other batches. Keep a deep copy of the model that had the lowest validation error.",
)
def trained_again(model, train_epoch, valid_error, test_error, n_epochs):
    start, errors = copy.deepcopy(model), []
    for _ in range(n_epochs):
        train_epoch(model)
        errors.append(valid_error(model))
    best = int(np.argmin(errors)) + 1
    for _ in range(best):
        train_epoch(start)
    return best, test_error(start)


# --- links -----------------------------------------------------------------------------------------------------------


def _who_rated_what(users, movies, n_users, n_movies):
    table = np.zeros((n_users, n_movies))
    table[users, movies] = 1
    return table


@mistake(
    "capstone.links",
    hint="Your links are 1 for everybody. Then the vectors of 400 movies are added up for a busy user, and those of "
    "4 for another one, and the sums have quite different sizes. Divide by the root of the number of ratings.",
)
def all_ones(users, movies, n_users, n_movies):
    return _who_rated_what(users, movies, n_users, n_movies)


@mistake(
    "capstone.links",
    hint="You divided by the number of ratings, not by its root. Means of many random numbers are close to 0, so busy "
    "users would get small sums. With the root, sums have about the same size for all.",
)
def without_the_root(users, movies, n_users, n_movies):
    table = _who_rated_what(users, movies, n_users, n_movies)
    return table / np.maximum(table.sum(axis=1, keepdims=True), 1)


@mistake(
    "capstone.links",
    hint="You divided by the numbers of ratings of the movies: the sums of columns. Each *row* shall have links of "
    "the same size, by the number of ratings of the user.",
)
def by_movie(users, movies, n_users, n_movies):
    table = _who_rated_what(users, movies, n_users, n_movies)
    return table / np.sqrt(np.maximum(table.sum(axis=0), 1))


@mistake(
    "capstone.links",
    hint="A user without ratings gets 0/0, which is NaN, and so will everything that is multiplied with it. All links "
    "of such a user are 0.",
)
def zero_by_zero(users, movies, n_users, n_movies):
    table = _who_rated_what(users, movies, n_users, n_movies)
    with np.errstate(all="ignore"):
        return table / np.sqrt(table.sum(axis=1, keepdims=True))


@mistake(
    "capstone.links",
    hint="You divided all rows by the same number. Which number of ratings belongs to a row?",
)
def the_same_for_all(users, movies, n_users, n_movies):
    return _who_rated_what(users, movies, n_users, n_movies) / np.sqrt(len(users) / n_users)


@mistake(
    "capstone.links",
    hint="Your table holds whole numbers only, so every fraction is cut off to 0. Make a table of floats.",
)
def whole_numbers(users, movies, n_users, n_movies):
    table = _who_rated_what(users, movies, n_users, n_movies)
    return (table / np.sqrt(np.maximum(table.sum(axis=1, keepdims=True), 1))).astype(int)


@mistake(
    "capstone.links",
    hint="You added 1 to all numbers of ratings, so that nothing is divided by 0. That changes everybody's links. Only "
    "a user without ratings needs care.",
)
def one_rating_more(users, movies, n_users, n_movies):
    table = _who_rated_what(users, movies, n_users, n_movies)
    return table / np.sqrt(table.sum(axis=1, keepdims=True) + 1)


# --- rich_vectors ----------------------------------------------------------------------------------------------------


@mistake(
    "capstone.rich_vectors",
    hint="The own vectors are missing from your sum. Without them, two users with the same age and the same movies "
    "would be the same person to the model.",
)
def own_forgotten(own, links, link_vectors, features, feature_vectors):
    return links @ link_vectors + features @ feature_vectors


@mistake(
    "capstone.rich_vectors",
    hint="The features do not arrive in your vectors. Of a row without any links, they are all that is known.",
)
def features_forgotten(own, links, link_vectors, features, feature_vectors):
    return own + links @ link_vectors


@mistake(
    "capstone.rich_vectors",
    hint="The links do not arrive in your vectors: what somebody watched, without any stars, says much about them.",
)
def links_forgotten(own, links, link_vectors, features, feature_vectors):
    return own + features @ feature_vectors


@mistake(
    "capstone.rich_vectors",
    hint="You set every link to 1. The table of links has been scaled with care: use its numbers as they are.",
)
def links_as_yes_or_no(own, links, link_vectors, features, feature_vectors):
    return own + (links > 0).to(own.dtype) @ link_vectors + features @ feature_vectors


@mistake(
    "capstone.rich_vectors",
    hint="You divide the links by the root of their number once more. The table is ready for use: just multiply.",
)
def links_scaled_again(own, links, link_vectors, features, feature_vectors):
    n_links = (links > 0).sum(dim=1, keepdim=True).clamp(min=1)
    return own + links / n_links.sqrt() @ link_vectors + features @ feature_vectors


@mistake(
    "capstone.rich_vectors",
    hint="You take the mean of the three sources. Asked for is their sum; how large each part gets is learnt.",
)
def a_mean_of_three(own, links, link_vectors, features, feature_vectors):
    return (own + links @ link_vectors + features @ feature_vectors) / 3


@mistake(
    "capstone.rich_vectors",
    hint="The vectors are right, but no gradient gets through, so nothing can be learnt: somewhere the tensors are "
    "detached, or become NumPy arrays. Stay with tensors all the way.",
)
def cut_off(own, links, link_vectors, features, feature_vectors):
    vectors = own.detach() + (links @ link_vectors).detach() + (features @ feature_vectors).detach()
    return vectors.requires_grad_()


# --- blend_weights ---------------------------------------------------------------------------------------------------


@mistake(
    "capstone.blend_weights",
    hint="With a large strength your weights go to 0, and a blend with weights 0 predicts 0 stars. They shall be "
    "drawn towards equal weights, 1/m each.",
)
def drawn_towards_zero(predictions, ratings, strength):
    left = predictions.T @ predictions + strength * np.eye(predictions.shape[1])
    return np.linalg.solve(left, predictions.T @ ratings)


@mistake(
    "capstone.blend_weights",
    hint="The strength changes nothing in your weights. Where few validation ratings are at hand, plain least squares "
    "trusts chance too much.",
)
def without_strength(predictions, ratings, strength):
    return np.linalg.lstsq(predictions, ratings, rcond=None)[0]


@mistake(
    "capstone.blend_weights",
    hint="You used the mean of the squared errors, and the docstring says sum: against a mean, the same strength "
    "weighs as many times more as there are ratings.",
)
def mean_in_place_of_sum(predictions, ratings, strength):
    n, m = predictions.shape
    left = predictions.T @ predictions + n * strength * np.eye(m)
    return np.linalg.solve(left, predictions.T @ ratings + n * strength / m)


@mistake(
    "capstone.blend_weights",
    hint="You scaled the weights so that they sum to 1. Nothing asks for that: a sum a little below 1 may correct "
    "models whose predictions spread too much.",
)
def scaled_to_one(predictions, ratings, strength):
    m = predictions.shape[1]
    left = predictions.T @ predictions + strength * np.eye(m)
    weights = np.linalg.solve(left, predictions.T @ ratings + strength / m)
    return weights / weights.sum()


@mistake(
    "capstone.blend_weights",
    hint="You weigh each model by how small its own error is. That ignores that two models may err together: then "
    "the second adds nothing. Least squares on all columns at once takes this into account.",
)
def by_their_own_errors(predictions, ratings, strength):
    weights = 1 / ((predictions - ratings[:, None]) ** 2).mean(axis=0)
    return weights / weights.sum()


@mistake(
    "capstone.blend_weights",
    hint="Equal weights are a good start, but they use no rating. Some models deserve more: let the validation ratings "
    "say which.",
)
def equal_weights(predictions, ratings, strength):
    return np.full(predictions.shape[1], 1 / predictions.shape[1])


@mistake(
    "capstone.blend_weights",
    hint="You give all the weight to the model with the smallest error. That is choosing, not blending: models that "
    "err in different places are better together.",
)
def winner_takes_all(predictions, ratings, strength):
    errors = ((predictions - ratings[:, None]) ** 2).mean(axis=0)
    return (np.arange(len(errors)) == errors.argmin()).astype(float)


@mistake(
    "capstone.blend_weights",
    hint="You add the strength to every cell of the matrix. In the gradient, the penalty of a weight contains this "
    "weight alone, so the strength stands on the diagonal only.",
)
def strength_in_every_cell(predictions, ratings, strength):
    m = predictions.shape[1]
    return np.linalg.solve(predictions.T @ predictions + strength, predictions.T @ ratings + strength / m)


# --- fall_back -------------------------------------------------------------------------------------------------------


def _counts(users, movies, train_users, train_movies):
    size = 1 + max(map(np.max, (users, movies, train_users, train_movies)))
    return np.bincount(train_users, minlength=size)[users], np.bincount(train_movies, minlength=size)[movies]


@mistake(
    "capstone.fall_back",
    hint="You look at the users only. A known user and a movie that nobody rated: the elaborate model has never seen "
    "that movie.",
)
def users_only(predictions, simple, users, movies, train_users, train_movies, fewest):
    of_users, _ = _counts(users, movies, train_users, train_movies)
    return np.where(of_users >= fewest, predictions, simple)


@mistake(
    "capstone.fall_back",
    hint="You look at the movies only. A known movie and a user without ratings: the elaborate model knows nothing of "
    "that user's taste.",
)
def movies_only(predictions, simple, users, movies, train_users, train_movies, fewest):
    _, of_movies = _counts(users, movies, train_users, train_movies)
    return np.where(of_movies >= fewest, predictions, simple)


@mistake(
    "capstone.fall_back",
    hint="You keep the elaborate prediction when the user *or* the movie is known. It takes both to speak of taste.",
)
def one_is_enough(predictions, simple, users, movies, train_users, train_movies, fewest):
    of_users, of_movies = _counts(users, movies, train_users, train_movies)
    return np.where((of_users >= fewest) | (of_movies >= fewest), predictions, simple)


@mistake(
    "capstone.fall_back",
    hint="A user with exactly `fewest` ratings counts as known, by the docstring. Compare with >=.",
)
def more_than_fewest(predictions, simple, users, movies, train_users, train_movies, fewest):
    of_users, of_movies = _counts(users, movies, train_users, train_movies)
    return np.where((of_users > fewest) & (of_movies > fewest), predictions, simple)


@mistake(
    "capstone.fall_back",
    hint="You count somebody as known who has a single training rating. How many are wanted is said by `fewest`.",
)
def one_rating_is_enough(predictions, simple, users, movies, train_users, train_movies, fewest):
    return np.where(np.isin(users, train_users) & np.isin(movies, train_movies), predictions, simple)


@mistake(
    "capstone.fall_back",
    hint="The two predictions have changed places: where much is known you use the simple one.",
)
def the_other_way_round(predictions, simple, users, movies, train_users, train_movies, fewest):
    of_users, of_movies = _counts(users, movies, train_users, train_movies)
    return np.where((of_users >= fewest) & (of_movies >= fewest), simple, predictions)


@mistake(
    "capstone.fall_back",
    hint="You write into the array of predictions that you were given. It belongs to whoever calls, who may need it "
    "again. Make a new one.",
)
def writes_into_the_given(predictions, simple, users, movies, train_users, train_movies, fewest):
    of_users, of_movies = _counts(users, movies, train_users, train_movies)
    unknown = (of_users < fewest) | (of_movies < fewest)
    predictions[unknown] = simple[unknown]
    return predictions


@mistake(
    "capstone.fall_back",
    hint="You keep the elaborate prediction everywhere. Do you count the pairs that are asked for? Known is who has "
    "ratings to learn from: `train_users` and `train_movies`.",
)
def counts_what_is_asked(predictions, simple, users, movies, train_users, train_movies, fewest):
    of_users, of_movies = _counts(users, movies, users, movies)
    return np.where((of_users >= fewest) & (of_movies >= fewest), predictions, simple)


# --- difference ------------------------------------------------------------------------------------------------------


def _rmse(predictions, ratings):
    return np.sqrt(np.mean((predictions - ratings) ** 2))


def _gap(a, b, ratings):
    return float(_rmse(a, ratings) - _rmse(b, ratings))


def _of_user(users):
    return [np.flatnonzero(users == user) for user in np.unique(users)]


def _sums(a, b, ratings, users):
    who = np.unique(users, return_inverse=True)[1]
    return np.column_stack(
        [np.bincount(who, (a - ratings) ** 2), np.bincount(who, (b - ratings) ** 2), np.bincount(who)]
    )


def _draws(n_users, n_draws, rng):
    return rng.multinomial(n_users, np.full(n_users, 1 / n_users), size=n_draws)


def _roots(sums):
    return np.sqrt(sums[:, 0] / sums[:, 2]), np.sqrt(sums[:, 1] / sums[:, 2])


def _limits(gaps, ends=(2.5, 97.5)):
    return tuple(float(number) for number in np.percentile(gaps, ends))


@mistake(
    "capstone.difference",
    hint="You drew users for model a and other users for model b. Both models fail on the same hard ratings, and this "
    "drops out of the difference only if both are measured on the same draw.",
)
def drawn_apart(predictions_a, predictions_b, ratings, users, n_draws, seed):
    rng = np.random.default_rng(seed)
    sums = _sums(predictions_a, predictions_b, ratings, users)
    first, _ = _roots(_draws(len(sums), n_draws, rng) @ sums)
    _, second = _roots(_draws(len(sums), n_draws, rng) @ sums)
    return _gap(predictions_a, predictions_b, ratings), *_limits(first - second)


@mistake(
    "capstone.difference",
    hint="You drew single ratings. Those of one user belong together: who is hard for a model is hard in all their "
    "ratings. Draw users, and take all ratings of each.",
)
def ratings_drawn(predictions_a, predictions_b, ratings, users, n_draws, seed):
    errors = np.column_stack([(predictions_a - ratings) ** 2, (predictions_b - ratings) ** 2])
    rng = np.random.default_rng(seed)
    gaps = []
    for _ in range(n_draws):
        a, b = np.sqrt(errors[rng.integers(0, len(ratings), len(ratings))].mean(axis=0))
        gaps.append(a - b)
    return _gap(predictions_a, predictions_b, ratings), *_limits(gaps)


@mistake(
    "capstone.difference",
    hint="Your limits leave out 5 % on each side. For 95 % between them, 2.5 % may lie below and 2.5 % above.",
)
def ninety_percent(predictions_a, predictions_b, ratings, users, n_draws, seed):
    sums = _sums(predictions_a, predictions_b, ratings, users)
    first, second = _roots(_draws(len(sums), n_draws, np.random.default_rng(seed)) @ sums)
    return _gap(predictions_a, predictions_b, ratings), *_limits(first - second, (5, 95))


@mistake(
    "capstone.difference",
    hint="You compare means of squared errors. Asked for is the difference of the RMSEs: take both roots first.",
)
def without_roots(predictions_a, predictions_b, ratings, users, n_draws, seed):
    sums = _sums(predictions_a, predictions_b, ratings, users)
    drawn = _draws(len(sums), n_draws, np.random.default_rng(seed)) @ sums
    total = sums.sum(axis=0)
    return float((total[0] - total[1]) / total[2]), *_limits((drawn[:, 0] - drawn[:, 1]) / drawn[:, 2])


@mistake(
    "capstone.difference",
    hint="You subtracted a from b. The difference is the error of a minus that of b, so a negative number means that "
    "a is better.",
)
def b_minus_a(predictions_a, predictions_b, ratings, users, n_draws, seed):
    sums = _sums(predictions_a, predictions_b, ratings, users)
    first, second = _roots(_draws(len(sums), n_draws, np.random.default_rng(seed)) @ sums)
    return _gap(predictions_b, predictions_a, ratings), *_limits(second - first)


@mistake(
    "capstone.difference",
    hint="You drew users without replacement, so every draw holds the same users, and nothing varies. Allow a user to "
    "be drawn twice, and another one not at all.",
)
def without_replacement(predictions_a, predictions_b, ratings, users, n_draws, seed):
    gap = _gap(predictions_a, predictions_b, ratings)
    return gap, gap, gap


@mistake(
    "capstone.difference",
    hint="Your limits are the smallest and the largest difference of all draws. They move outwards with each further "
    "draw. Take the 2.5th and the 97.5th percentile.",
)
def smallest_and_largest(predictions_a, predictions_b, ratings, users, n_draws, seed):
    sums = _sums(predictions_a, predictions_b, ratings, users)
    first, second = _roots(_draws(len(sums), n_draws, np.random.default_rng(seed)) @ sums)
    return _gap(predictions_a, predictions_b, ratings), *_limits(first - second, (0, 100))


@mistake(
    "capstone.difference",
    hint="You average the errors of users, so that each user counts alike. The RMSE asked for is over all ratings: "
    "collect the ratings of all users drawn, and take one mean over them.",
)
def mean_over_users(predictions_a, predictions_b, ratings, users, n_draws, seed):
    rows = _of_user(users)
    gaps = np.array([_gap(predictions_a[own], predictions_b[own], ratings[own]) for own in rows])
    often = _draws(len(rows), n_draws, np.random.default_rng(seed))
    return float(gaps.mean()), *_limits(often @ gaps / len(rows))


@mistake(
    "capstone.difference",
    hint="A user who is drawn twice counts once with you: asking who is among the drawn does not count them. Their "
    "ratings have to come twice.",
)
def each_user_once(predictions_a, predictions_b, ratings, users, n_draws, seed):
    sums = _sums(predictions_a, predictions_b, ratings, users)
    first, second = _roots((_draws(len(sums), n_draws, np.random.default_rng(seed)) > 0) @ sums)
    return _gap(predictions_a, predictions_b, ratings), *_limits(first - second)


@mistake(
    "capstone.difference",
    hint="You draw from the column `users`, in which a busy user stands many times. Each user should be as likely as "
    "any other: draw from the different ones.",
)
def busy_users_more_often(predictions_a, predictions_b, ratings, users, n_draws, seed):
    sums = _sums(predictions_a, predictions_b, ratings, users)
    rng = np.random.default_rng(seed)
    first, second = _roots(rng.multinomial(len(sums), sums[:, 2] / sums[:, 2].sum(), size=n_draws) @ sums)
    return _gap(predictions_a, predictions_b, ratings), *_limits(first - second)


@mistake(
    "capstone.difference",
    hint="You divide the spread of the draws by the root of their number. That tells how well their mean is known, and "
    "shrinks with each further draw. Wanted are percentiles of the draws themselves.",
)
def spread_over_root(predictions_a, predictions_b, ratings, users, n_draws, seed):
    sums = _sums(predictions_a, predictions_b, ratings, users)
    first, second = _roots(_draws(len(sums), n_draws, np.random.default_rng(seed)) @ sums)
    gap, half = _gap(predictions_a, predictions_b, ratings), 1.96 * np.std(first - second) / np.sqrt(n_draws)
    return gap, gap - half, gap + half


# --- leaderboard -----------------------------------------------------------------------------------------------------


def _board(published, keep, name, own, best_last=False):
    rows = list(zip(published.loc[keep, "model"], published.loc[keep, "rmse"], strict=True))
    return sorted([*rows, (name, float(own))], key=lambda row: row[1], reverse=best_last)


def _same(published, data, split):
    return (published["data"] == data) & (published["split"] == split)


@mistake(
    "capstone.leaderboard",
    hint="You entered your best seed. With more seeds, luck would make it better still. What one more training would "
    "give is best told by the mean.",
)
def best_seed(published, name, errors, data, split):
    keep = _same(published, data, split) & (published["chosen_on"] != "test")
    return _board(published, keep, name, min(errors))


@mistake(
    "capstone.leaderboard",
    hint="A result that was chosen on the test stands in your table. It has been selected for luck, so it may not "
    "stand beside yours.",
)
def chosen_on_the_test(published, name, errors, data, split):
    return _board(published, _same(published, data, split), name, np.mean(errors))


@mistake(
    "capstone.leaderboard",
    hint="Your table mixes splits. The same model has another error on another split, so these numbers answer "
    "different questions.",
)
def all_splits(published, name, errors, data, split):
    keep = (published["data"] == data) & (published["chosen_on"] != "test")
    return _board(published, keep, name, np.mean(errors))


@mistake(
    "capstone.leaderboard",
    hint="Your table mixes data sets. On a larger data set the same model usually has a smaller error.",
)
def all_data(published, name, errors, data, split):
    keep = (published["split"] == split) & (published["chosen_on"] != "test")
    return _board(published, keep, name, np.mean(errors))


@mistake(
    "capstone.leaderboard",
    hint="You leave out results of which it is not known how they were chosen. That is most of what is published. "
    "Leave out only those that were chosen on the test.",
)
def known_ones_only(published, name, errors, data, split):
    keep = _same(published, data, split) & (published["chosen_on"] == "validation")
    return _board(published, keep, name, np.mean(errors))


@mistake("capstone.leaderboard", hint="Your table begins with the largest error. Small errors are good ones.")
def largest_first(published, name, errors, data, split):
    keep = _same(published, data, split) & (published["chosen_on"] != "test")
    return _board(published, keep, name, np.mean(errors), best_last=True)


@mistake(
    "capstone.leaderboard",
    hint="You wrote `ml-100k` and `u1` into the function. Which data and which split your model belongs to is said by "
    "`data` and `split`.",
)
def names_written_in(published, name, errors, data, split):
    keep = _same(published, "ml-100k", "u1") & (published["chosen_on"] != "test")
    return _board(published, keep, name, np.mean(errors))


# --- Quizzes ---------------------------------------------------------------------------------------------------------

distractor(
    "capstone.other_split",
    "a",
    hint="Folds differ by chance a little, and the mean over five is steadier than a single number. But here the two "
    "tasks differ systematically: what is known about a test user in each of them?",
)
distractor(
    "capstone.other_split",
    "b",
    hint="Every rating is a test rating once, but never of a model that has learnt from it. That is no leak. "
    "Something else differs: how much of each user is hidden.",
)
distractor(
    "capstone.other_split",
    "d",
    hint="Both are pooled over the same kind of ratings, and in the same unit. But even the bias model has different "
    "errors on the two splits, so the numbers do not answer the same question.",
)
distractor(
    "capstone.record_or_not",
    "a",
    hint="The spread over seeds says how much the number varies with the training. All three trainings were asked "
    "about the same 459 users. With other users, both models would have other errors.",
)
distractor(
    "capstone.record_or_not",
    "c",
    hint="Rounding explains at most half a thousandth. And a smaller number need not be a better model: how large is "
    "what is uncertain here?",
)
distractor(
    "capstone.record_or_not",
    "d",
    hint="A small interval needs paired errors: the predictions of both models for the same ratings. Of the published "
    "model you have one number only.",
)
