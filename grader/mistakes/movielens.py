"""Known mistakes of the chapter `movielens`: what students really write, and the hint that cures it.

They stand in the order of the exercises. Where two misconceptions give the same answer, one entry speaks of both.
"""

import numpy as np
import pandas as pd
import torch

from grader.implementations import distractor, mistake

NAMES = ["user_id", "movie_id", "rating", "timestamp"]

# --- read_ratings ----------------------------------------------------------------------------------------------------


@mistake(
    "movielens.read_ratings",
    hint="One rating is missing: the first line of the file. It was taken for a header row, and renaming the columns "
    "afterwards (or saying that row 0 is the header, or skipping it) throws it away. This file has no header row: tell "
    "the reader so.",
)
def first_line_is_taken_for_a_header(path):
    table = pd.read_csv(path, sep="\t")
    table.columns = NAMES
    return table


@mistake(
    "movielens.read_ratings",
    hint="Every line ended up in one column. `pd.read_csv` splits at commas unless you tell it otherwise, and the "
    "fields of this file have tabs between them.",
)
def splits_at_commas(path):
    return pd.read_csv(path, header=None, names=NAMES)


@mistake(
    "movielens.read_ratings",
    hint="The columns have numbers for names. The docstring says what they are called.",
)
def columns_without_names(path):
    return pd.read_csv(path, sep="\t", header=None)


@mistake(
    "movielens.read_ratings",
    hint="You gave fewer names than there are fields. pandas then takes the first field for the index, and every name "
    "stands on its neighbour's numbers. Name all four fields.",
)
def one_name_too_few(path):
    return pd.read_csv(path, sep="\t", header=None, names=NAMES[:3])


@mistake(
    "movielens.read_ratings",
    hint="Users and movies have changed names. In the file the user comes first.",
)
def movie_before_user(path):
    return pd.read_csv(path, sep="\t", header=None, names=["movie_id", "user_id", "rating", "timestamp"])[NAMES]


@mistake(
    "movielens.read_ratings",
    hint="The columns hold text. Text sorts “10” before “9”, and does not add up. Let them be numbers.",
)
def numbers_as_text(path):
    return pd.read_csv(path, sep="\t", header=None, names=NAMES, dtype=str).astype(object)


@mistake(
    "movielens.read_ratings",
    hint="The columns hold numbers with a decimal point (so does what `np.loadtxt` returns). Such a number cannot be "
    "the row or column of a matrix. The docstring asks for whole numbers.",
)
def decimal_numbers(path):
    return pd.read_csv(path, sep="\t", header=None, names=NAMES).astype(float)


@mistake(
    "movielens.read_ratings",
    hint="You counted users and movies from 0 already here. That is useful later, but whoever compares your table with "
    "the file will look for the published numbers. Return them as they stand in the file.",
)
def ids_from_zero(path):
    table = pd.read_csv(path, sep="\t", header=None, names=NAMES)
    table[["user_id", "movie_id"]] -= 1
    return table


@mistake(
    "movielens.read_ratings",
    hint="You sorted the ratings. The docstring asks for the order of the file.",
)
def sorted_by_user(path):
    return pd.read_csv(path, sep="\t", header=None, names=NAMES).sort_values("timestamp", ignore_index=True)


# --- one_hot ---------------------------------------------------------------------------------------------------------


@mistake(
    "movielens.one_hot",
    hint="Your columns come from the values, as those of `pd.get_dummies` do: only words that occur, in alphabetical "
    "order, and even an unknown word gets a column. Take the columns from `categories`.",
)
def columns_from_the_values(values, categories):
    present = sorted(set(values))
    return np.array([[float(value == word) for word in present] for value in values])


@mistake(
    "movielens.one_hot",
    hint="All rows are alike: `[row] * n` holds the same list n times, and a 1 in one of them is in all. "
    "Make a row of its own for each value, or start from `np.zeros`.",
)
def the_same_list_for_all(values, categories):
    check_known(values, categories)
    return np.array([[float(category in values) for category in categories]] * len(values))


@mistake(
    "movielens.one_hot",
    hint="Your columns are in alphabetical order. The docstring asks for the order of `categories`. Otherwise nobody "
    "knows which column belongs to which word.",
)
def alphabetical_columns(values, categories):
    check_known(values, categories)
    return pd.get_dummies(pd.Categorical(values, categories=sorted(categories))).to_numpy(float)


@mistake(
    "movielens.one_hot",
    hint="There is no column for a category that nobody has. If the next table has somebody in it, its matrix has "
    "another width, and no model fits both. Make a column for every category.",
)
def only_categories_that_occur(values, categories):
    check_known(values, categories)
    present = [category for category in categories if category in values]
    return np.array([[float(value == category) for category in present] for value in values])


@mistake(
    "movielens.one_hot",
    hint="One column is missing. Statisticians drop one category on purpose, because the others determine it. "
    "Here every category gets a column.",
)
def first_column_dropped(values, categories):
    check_known(values, categories)
    return np.array([[float(value == category) for category in categories[1:]] for value in values])


@mistake(
    "movielens.one_hot",
    hint="Rows and columns have changed places: a row is one value, a column is one category.",
)
def one_hot_transposed(values, categories):
    check_known(values, categories)
    return np.array([[float(value == category) for value in values] for category in categories])


@mistake(
    "movielens.one_hot",
    hint="You numbered the words. Then category 4 is twice category 2 and an average of two is a third one, which "
    "makes no sense for words. Give each category a column of its own.",
)
def numbers_instead_of_columns(values, categories):
    return np.array([float(list(categories).index(value)) for value in values])


@mistake(
    "movielens.one_hot",
    hint="An unknown word raised no error, so a misspelt one would go unnoticed. Raise the error that the docstring "
    "names: to print it or to return it is not enough.",
)
def unknown_gets_zeros(values, categories):
    return np.array([[float(value == category) for category in categories] for value in values])


@mistake(
    "movielens.one_hot",
    hint="An unknown word raises `KeyError`, which is what a dictionary does by itself. The docstring promises a "
    "`ValueError`: whoever calls the function relies on it.",
)
def unknown_raises_key_error(values, categories):
    column = {category: j for j, category in enumerate(categories)}
    return np.eye(len(categories))[[column[value] for value in values]]


def check_known(values, categories):
    """Raise ValueError for a value that is no category."""
    for value in values:
        list(categories).index(value)


# --- genre_matrix ----------------------------------------------------------------------------------------------------


@mistake(
    "movielens.genre_matrix",
    hint="You looked for the name anywhere in the text, and found one genre inside the name of another (“Noir” is in "
    "“Film-Noir”). Take the text apart first, then compare whole words.",
)
def name_somewhere_in_the_text(genres, names):
    return np.array([[float(name in text) for name in names] for text in genres])


@mistake(
    "movielens.genre_matrix",
    hint="Only the first genre of each movie has a 1. An action comedy is both: a row may have several ones.",
)
def first_genre_only(genres, names):
    return np.array([[float(text.split("|")[0] == name) for name in names] for text in genres])


@mistake(
    "movielens.genre_matrix",
    hint="You compared the whole text with the name, so only movies of a single genre have a 1. "
    "Take the text apart at the bars.",
)
def text_not_taken_apart(genres, names):
    return np.array([[float(text == name) for name in names] for text in genres])


@mistake(
    "movielens.genre_matrix",
    hint="Your rows add up to 1, as if a movie had to share itself out among its genres. The docstring asks for a "
    "full 1 in each of them.",
)
def genres_share_a_movie(genres, names):
    matrix = np.array([[float(name in text.split("|")) for name in names] for text in genres])
    return matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)


@mistake(
    "movielens.genre_matrix",
    hint="Your columns are the genres that occur, in alphabetical order. The docstring asks for those in `names`, "
    "in that order, also when no movie has one of them.",
)
def columns_of_pandas(genres, names):
    # As `Series.str.get_dummies` of pandas 2 gives it.
    present = sorted({word for text in genres for word in text.split("|") if word})
    return np.array([[float(name in text.split("|")) for name in present] for text in genres])


@mistake(
    "movielens.genre_matrix",
    hint="Your columns are the words that occur, in alphabetical order, and the empty text of a movie without genre "
    "counts as one of them. The docstring asks for a column for each of `names`, in that order.",
)
def a_column_for_no_genre(genres, names):  # as `Series.str.get_dummies` of pandas 3 gives it
    present = sorted({word for text in genres for word in text.split("|")})
    return np.array([[float(name in text.split("|")) for name in present] for text in genres])


@mistake(
    "movielens.genre_matrix",
    hint="Rows and columns have changed places: a row is one movie, a column is one genre.",
)
def genre_matrix_transposed(genres, names):
    return np.array([[float(name in text.split("|")) for text in genres] for name in names])


# --- rating_statistics -----------------------------------------------------------------------------------------------


def right_statistics(indices, ratings, n):
    """Counts and means; NaN where there is no rating."""
    counts = np.bincount(indices, minlength=n)
    with np.errstate(invalid="ignore"):
        return counts, np.bincount(indices, weights=ratings, minlength=n) / counts


@mistake(
    "movielens.rating_statistics",
    hint="Where there is no rating, your mean is 0. That looks like a movie worse than any other, and it is only an "
    "unknown one. “Unknown” has a number of its own: NaN.",
)
def mean_zero_where_none(indices, ratings, n):
    counts, means = right_statistics(indices, ratings, n)
    return counts, np.nan_to_num(means)


@mistake(
    "movielens.rating_statistics",
    hint="Where there is no rating, you put the mean of all ratings. That may be a good guess for a model, but a "
    "statistic should not invent data: put NaN.",
)
def overall_mean_where_none(indices, ratings, n):
    counts, means = right_statistics(indices, ratings, n)
    return counts, np.where(counts == 0, np.mean(ratings), means)


@mistake(
    "movielens.rating_statistics",
    hint="The result is too short: it ends with the last index that occurs. Those after it have no rating, but they "
    "exist. That is why the function is told `n`.",
)
def ends_with_the_last_rated(indices, ratings, n):
    return right_statistics(indices, ratings, int(indices.max()) + 1)


@mistake(
    "movielens.rating_statistics",
    hint="Your result has entries only for indices that occur (so does a `groupby`). Then entry 5 no longer belongs to "
    "index 5. Make a result of length `n` and leave gaps where there is no rating.",
)
def only_those_that_occur(indices, ratings, n):
    grouped = pd.Series(ratings).groupby(indices)
    return grouped.size().to_numpy(), grouped.mean().to_numpy()


@mistake(
    "movielens.rating_statistics",
    hint="You returned sums in the place of means. A sum grows with the number of ratings: divide by it.",
)
def sums_in_the_place_of_means(indices, ratings, n):
    return np.bincount(indices, minlength=n), np.bincount(indices, weights=ratings, minlength=n)


@mistake(
    "movielens.rating_statistics",
    hint="Your means are whole numbers. `//` divides and throws the rest away; a mean of 3.5 stars needs `/`.",
)
def whole_number_division(indices, ratings, n):
    counts, means = right_statistics(indices, ratings, n)
    return counts, np.floor(means)


@mistake(
    "movielens.rating_statistics",
    hint="The two results come back in the wrong order. The docstring names the counts first, then the means.",
)
def statistics_swapped(indices, ratings, n):
    return right_statistics(indices, ratings, n)[::-1]


@mistake(
    "movielens.rating_statistics",
    hint="You divided by the number of all users (or movies). A mean divides the sum of somebody's ratings by the "
    "number of that somebody's ratings.",
)
def divided_by_n(indices, ratings, n):
    return np.bincount(indices, minlength=n), np.bincount(indices, weights=ratings, minlength=n) / n


@mistake(
    "movielens.rating_statistics",
    hint="No count of yours is above 1. NumPy does `counts[indices] += 1` only once for each index, however often it "
    "occurs in `indices`. Count with `np.bincount`.",
)
def each_index_once(indices, ratings, n):
    counts, sums = np.zeros(n, int), np.zeros(n)
    counts[indices] += 1
    sums[indices] += ratings
    with np.errstate(invalid="ignore"):
        return counts, sums / counts


# --- gini ------------------------------------------------------------------------------------------------------------


def right_gini(counts):
    """The Gini coefficient."""
    ordered = np.sort(counts).astype(float)
    n = len(ordered)
    return (2 * np.arange(1, n + 1) - n - 1) @ ordered / (n * ordered.sum())


@mistake(
    "movielens.gini",
    hint="The formula wants the counts sorted, the smallest first: that is what the brackets around the index mean. "
    "You took them in the order in which they came.",
)
def gini_not_sorted(counts):
    n = len(counts)
    return (2 * np.arange(1, n + 1) - n - 1) @ counts / (n * counts.sum())


@mistake(
    "movielens.gini",
    hint="Your coefficient is negative. You sorted from the most to the fewest, so the largest counts got the negative "
    "weights. Sort the other way round.",
)
def gini_sorted_downwards(counts):
    return -right_gini(counts)


@mistake(
    "movielens.gini",
    hint="You left out those with a count of 0. They are the most unequal of all: a movie without ratings exists, and "
    "has got nothing.",
)
def gini_without_the_empty(counts):
    return right_gini(counts[counts > 0])


@mistake(
    "movielens.gini",
    hint="Your value is too large by the factor n / (n − 1). This variant exists, and makes the largest possible value "
    "exactly 1. The docstring asks for the other one.",
)
def gini_of_a_sample(counts):
    return right_gini(counts) * len(counts) / (len(counts) - 1)


@mistake(
    "movielens.gini",
    hint="Your value is half of the coefficient: it is the area between the curve and the diagonal. The Gini "
    "coefficient compares that area with the whole triangle under the diagonal, which is one half.",
)
def gini_as_an_area(counts):
    return right_gini(counts) / 2


@mistake(
    "movielens.gini",
    hint="You measured equality: 1 where all are equal, near 0 where one has everything. Turn it around.",
)
def gini_of_equality(counts):
    return 1 - right_gini(counts)


@mistake(
    "movielens.gini",
    hint="Your ranks start at 0, as Python's do. In the formula the smallest count has rank 1. With equal counts the "
    "weights should cancel exactly.",
)
def gini_ranks_from_zero(counts):
    n = len(counts)
    return (2 * np.arange(n) - n - 1) @ np.sort(counts) / (n * counts.sum())


@mistake(
    "movielens.gini",
    hint="You used `np.argsort`, which returns positions and not counts. The formula wants the sorted counts.",
)
def gini_of_positions(counts):
    n = len(counts)
    return (2 * np.arange(1, n + 1) - n - 1) @ np.argsort(counts, kind="stable") / (n * counts.sum())


@mistake(
    "movielens.gini",
    hint="You sorted the array that was given to you. Afterwards its numbers no longer belong "
    "to their movies. `counts.sort()` sorts in place; `np.sort` makes a sorted copy.",
)
def gini_sorts_in_place(counts):
    counts.sort()
    return right_gini(counts)


# --- share_of_top ----------------------------------------------------------------------------------------------------


def top_sum(counts, n_top):
    """Share of the sum that the n_top largest hold."""
    return np.sort(counts)[::-1][:n_top].sum() / counts.sum()


@mistake(
    "movielens.share_of_top",
    hint="You took the movies with the fewest ratings. `np.sort` starts with the smallest.",
)
def share_of_bottom(counts, share):
    return np.sort(counts)[: int(np.ceil(share * len(counts)))].sum() / counts.sum()


@mistake(
    "movielens.share_of_top",
    hint="You took the first movies of the list, as they came. Those with the most ratings are meant: sort first.",
)
def share_of_the_first(counts, share):
    return counts[: int(np.ceil(share * len(counts)))].sum() / counts.sum()


@mistake(
    "movielens.share_of_top",
    hint="You rounded the number of movies down (`int` and `//` do that). A tenth of seven movies would then be no "
    "movie at all. The docstring says how to round.",
)
def rounded_down(counts, share):
    return top_sum(counts, int(share * len(counts)))


@mistake(
    "movielens.share_of_top",
    hint="You rounded the number of movies to the nearest whole number. A quarter of ten movies is two and a half, and "
    "`round` makes two of it. The docstring says which way to round.",
)
def rounded_to_the_nearest(counts, share):
    return top_sum(counts, round(share * len(counts)))


@mistake(
    "movielens.share_of_top",
    hint="You took one movie too many where nothing has to be rounded: a quarter of eight movies is two, not three. "
    "To add 1 is not the same as to round up.",
)
def one_movie_more(counts, share):
    return top_sum(counts, int(share * len(counts)) + 1)


@mistake(
    "movielens.share_of_top",
    hint="This is a number of ratings. Divide it by the number of all ratings to get a share.",
)
def number_of_ratings(counts, share):
    return np.sort(counts)[::-1][: int(np.ceil(share * len(counts)))].sum()


@mistake(
    "movielens.share_of_top",
    hint="You answered the opposite question: how many of the movies are needed to hold this share of the ratings. "
    "Here the share of movies is given, and the share of ratings is wanted.",
)
def movies_needed(counts, share):
    held = np.cumsum(np.sort(counts)[::-1]) / counts.sum()
    return (np.searchsorted(held, share) + 1) / len(counts)


@mistake(
    "movielens.share_of_top",
    hint="This is the mean number of ratings of the top movies, set against the sum of all. Set sum against sum.",
)
def mean_of_the_top(counts, share):
    n_top = int(np.ceil(share * len(counts)))
    return top_sum(counts, n_top) / max(n_top, 2)


@mistake(
    "movielens.share_of_top",
    hint="You took all movies with at least a certain number of ratings. Many movies have equally many: then this "
    "takes more of them than the share allows. Count movies, whatever their ratings: sort, and take the first ones.",
)
def all_that_are_tied(counts, share):
    return counts[counts >= np.quantile(counts, 1 - share)].sum() / counts.sum()


@mistake(
    "movielens.share_of_top",
    hint="You took the movies with more than a certain number of ratings. Many movies have equally many: then those at "
    "the limit are all missing. Count movies, whatever their ratings: sort, and take the first ones.",
)
def none_that_are_tied(counts, share):
    return counts[counts > np.quantile(counts, 1 - share)].sum() / counts.sum()


@mistake(
    "movielens.share_of_top",
    hint="You sorted the array that was given to you. Afterwards its numbers no longer belong "
    "to their movies. `counts.sort()` sorts in place; `np.sort` makes a sorted copy.",
)
def top_sorts_in_place(counts, share):
    counts.sort()
    return top_sum(counts, int(np.ceil(share * len(counts))))


# --- long_tail_means -------------------------------------------------------------------------------------------------

distractor(
    "movielens.long_tail_means",
    "a",
    hint="Compare the clouds at the left and at the right of the funnel: on average, are rarely rated movies higher or "
    "lower? And if they were better, who stands at the very bottom of the list?",
)
distractor(
    "movielens.long_tail_means",
    "c",
    hint="There is nothing wrong with the means: the sum of a movie's ratings over their number is what a mean is. The "
    "question is how much one can rely on it when that number is 1.",
)
distractor(
    "movielens.long_tail_means",
    "d",
    hint="In the funnel, movies with many ratings have higher means, not lower ones. What is it that gets "
    "smaller towards the right?",
)

# --- stats_user ------------------------------------------------------------------------------------------------------


def right_stats(row, movies_genre):
    """Stars and genres of one row."""
    got = row == np.arange(1, 6)[:, None]
    return got.sum(axis=1), got.astype(float) @ movies_genre


@mistake(
    "movielens.stats_user",
    hint="You counted the ratings of all users together. One user is one row of `data`.",
)
def of_all_users(data, movies_genre, user_id):
    stats, eva = zip(*(right_stats(row, movies_genre) for row in data), strict=True)
    return sum(stats), sum(eva)


@mistake(
    "movielens.stats_user",
    hint="You described the user one row above. Published numbers start at 1, but in our tables user 0 is row 0.",
)
def the_user_before(data, movies_genre, user_id):
    return right_stats(data[user_id - 1], movies_genre)


@mistake(
    "movielens.stats_user",
    hint="Your results have six rows, the first one for 0 stars. Nobody can give 0 stars: a gap is NaN here, not 0. "
    "So row 0 is for 1 star.",
)
def a_row_for_zero_stars(data, movies_genre, user_id):
    got = np.nan_to_num(data[user_id]) == np.arange(6)[:, None]
    return got.sum(axis=1), got.astype(float) @ movies_genre


@mistake(
    "movielens.stats_user",
    hint="You computed shares. The docstring asks for numbers of movies: from numbers one can always get shares, "
    "but not the other way round.",
)
def shares_of_movies(data, movies_genre, user_id):
    stats, eva = right_stats(data[user_id], movies_genre)
    return stats / stats.sum(), eva / stats.sum()


@mistake(
    "movielens.stats_user",
    hint="The second result lies on its side: stars are its rows, genres its columns.",
)
def genres_as_rows(data, movies_genre, user_id):
    stats, eva = right_stats(data[user_id], movies_genre)
    return stats, eva.T


@mistake(
    "movielens.stats_user",
    hint="You added up stars in the second result. Each movie counts once in its row, whatever the row's stars are.",
)
def stars_added_up(data, movies_genre, user_id):
    stats, eva = right_stats(data[user_id], movies_genre)
    return stats, eva * np.arange(1, 6)[:, None]


@mistake(
    "movielens.stats_user",
    hint="Your rows run from 5 stars down to 1. Row 0 is for 1 star.",
)
def five_stars_first(data, movies_genre, user_id):
    stats, eva = right_stats(data[user_id], movies_genre)
    return stats[::-1], eva[::-1]


@mistake(
    "movielens.stats_user",
    hint="Your rows are for 0 to 4 stars, as `range(5)` counts. Nobody can give 0 stars, and the movies with 5 stars "
    "are missing. Row 0 is for 1 star.",
)
def stars_from_zero(data, movies_genre, user_id):
    got = data[user_id] == np.arange(5)[:, None]
    return got.sum(axis=1), got.astype(float) @ movies_genre


@mistake(
    "movielens.stats_user",
    hint="Your first result adds up the genres of the second, so a movie with two genres counts twice. "
    "Count movies there: how many got 1 star, 2 stars, and so on.",
)
def genres_counted_for_movies(data, movies_genre, user_id):
    _, eva = right_stats(data[user_id], movies_genre)
    return eva.sum(axis=1), eva


# --- user_bias_test --------------------------------------------------------------------------------------------------


def compared(ratings_of_user, movie_means):
    """Both arrays without the movies that nobody else rated."""
    known = ~np.isnan(movie_means)
    if known.sum() < 2:
        raise ValueError("too few")
    return ratings_of_user[known], movie_means[known]


@mistake(
    "movielens.user_bias_test",
    hint="Your spread is that of the user's ratings. It contains that some movies are better than others, which has "
    "nothing to do with the user. Take differences movie by movie first, then their spread.",
)
def spread_of_the_ratings(ratings_of_user, movie_means):
    ratings, means = compared(ratings_of_user, movie_means)
    bias = ratings.mean() - means.mean()
    return bias, bias / (ratings.std(ddof=1) / np.sqrt(len(ratings)))


@mistake(
    "movielens.user_bias_test",
    hint="Your test treats the two as samples of different movies. They are pairs: the same movie, rated by the user "
    "and by the others. Take the difference in each pair.",
)
def two_samples(ratings_of_user, movie_means):
    ratings, means = compared(ratings_of_user, movie_means)
    bias = ratings.mean() - means.mean()
    return bias, bias / np.sqrt((ratings.var(ddof=1) + means.var(ddof=1)) / len(ratings))


@mistake(
    "movielens.user_bias_test",
    hint="You divided by the spread of single deviations. The mean of n of them varies less than that, by the factor "
    "√n: more ratings make us surer, and your t does not grow with them.",
)
def without_the_root_of_n(ratings_of_user, movie_means):
    ratings, means = compared(ratings_of_user, movie_means)
    deviations = ratings - means
    return deviations.mean(), deviations.mean() / deviations.std(ddof=1)


@mistake(
    "movielens.user_bias_test",
    hint="Your standard deviation divides by n, which is what NumPy does unless told otherwise. In a t statistic it "
    "divides by n − 1, because the mean was estimated from the same numbers. Look for `ddof`.",
)
def spread_divided_by_n(ratings_of_user, movie_means):
    ratings, means = compared(ratings_of_user, movie_means)
    deviations = ratings - means
    return deviations.mean(), deviations.mean() / (deviations.std() / np.sqrt(len(deviations)))


@mistake(
    "movielens.user_bias_test",
    hint="The sign is the wrong way round: a kind user, who gives more than others, should get a positive bias.",
)
def sign_turned(ratings_of_user, movie_means):
    ratings, means = compared(ratings_of_user, movie_means)
    deviations = means - ratings
    return deviations.mean(), deviations.mean() / (deviations.std(ddof=1) / np.sqrt(len(deviations)))


@mistake(
    "movielens.user_bias_test",
    hint="One movie that nobody else rated turns your whole result into NaN. Leave such movies out before you average.",
)
def nan_spreads(ratings_of_user, movie_means):
    compared(ratings_of_user, movie_means)
    deviations = ratings_of_user - movie_means
    return deviations.mean(), deviations.mean() / (deviations.std(ddof=1) / np.sqrt(len(deviations)))


@mistake(
    "movielens.user_bias_test",
    hint="You skipped NaN in the mean and in the spread, but n still counts those movies. "
    "Only movies that were compared make us surer.",
)
def counts_the_gaps(ratings_of_user, movie_means):
    compared(ratings_of_user, movie_means)
    deviations = ratings_of_user - movie_means
    return np.nanmean(deviations), np.nanmean(deviations) / (np.nanstd(deviations, ddof=1) / np.sqrt(len(deviations)))


@mistake(
    "movielens.user_bias_test",
    hint="A movie that nobody else rated counts as a deviation of 0 in your code, as if the user had agreed with the "
    "others. There were no others: leave such movies out.",
)
def nan_as_agreement(ratings_of_user, movie_means):
    compared(ratings_of_user, movie_means)
    deviations = np.nan_to_num(ratings_of_user - movie_means)
    return deviations.mean(), deviations.mean() / (deviations.std(ddof=1) / np.sqrt(len(deviations)))


@mistake(
    "movielens.user_bias_test",
    hint="Your function refuses two movies. They are enough for a standard deviation: raise the error only if there "
    "are fewer than two.",
)
def two_movies_are_refused(ratings_of_user, movie_means):
    ratings, means = compared(ratings_of_user, movie_means)
    if len(ratings) <= 2:
        raise ValueError("too few")
    deviations = ratings - means
    return deviations.mean(), deviations.mean() / (deviations.std(ddof=1) / np.sqrt(len(deviations)))


@mistake(
    "movielens.user_bias_test",
    hint="With a single movie to compare, there is no spread, and your function raises no error. The docstring names "
    "the one it should raise. Count the movies that are left, not those that were given.",
)
def one_movie_is_enough(ratings_of_user, movie_means):
    deviations = ratings_of_user - movie_means
    deviations = deviations[~np.isnan(deviations)]
    return deviations.mean(), deviations.mean() / (deviations.std(ddof=1) / np.sqrt(len(deviations)))


# --- split_by_user ---------------------------------------------------------------------------------------------------


@mistake(
    "movielens.split_by_user",
    hint="You drew from all rows at once. Then chance decides how much each user loses, and somebody with few ratings "
    "may lose all or none. Draw within each user.",
)
def drawn_from_all_rows(ratings, holdout_fraction, seed):
    n_out = round(holdout_fraction * len(ratings))
    out = np.zeros(len(ratings), bool)
    out[np.random.default_rng(seed).permutation(len(ratings))[:n_out]] = True
    return ratings[~out], ratings[out]


@mistake(
    "movielens.split_by_user",
    hint="You drew from all rows at once, and without the seed: nobody can repeat this split, you included, and two "
    "models would be compared on different rows. Draw within each user, from a generator made with `seed`.",
)
def as_pandas_samples(ratings, holdout_fraction, seed):
    ratings = ratings.reset_index(drop=True)
    test = ratings.sample(frac=holdout_fraction, replace=False)
    return ratings[~ratings.index.isin(test.index)], test


@mistake(
    "movielens.split_by_user",
    hint="You do not use `seed`: the same call gives another split each time. Make a generator from it, "
    "`np.random.default_rng(seed)`, and draw all random numbers from that one.",
)
def seed_not_used(ratings, holdout_fraction, seed):
    return split_by_luck(ratings, holdout_fraction, np.random.random(len(ratings)))  # noqa: NPY002


@mistake(
    "movielens.split_by_user",
    hint="Another seed gives the same split: the number your generator starts from is fixed in the code. "
    "Make the generator from the argument `seed`.",
)
def a_seed_of_its_own(ratings, holdout_fraction, seed):
    return split_by_luck(ratings, holdout_fraction, np.random.default_rng(42).random(len(ratings)))


@mistake(
    "movielens.split_by_user",
    hint="You hold out fewer ratings than asked for. Did you draw with `rng.choice`? It may draw the same row twice, "
    "unless told otherwise with `replace=False`.",
)
def drawn_with_replacement(ratings, holdout_fraction, seed):
    rng = np.random.default_rng(seed)
    out = np.zeros(len(ratings), bool)
    for rows in ratings.groupby("user").indices.values():
        out[rng.choice(rows, int(holdout_fraction * len(rows)))] = True
    return ratings[~out], ratings[out]


@mistake(
    "movielens.split_by_user",
    hint="You always hold out the first (or last) ratings of a user. A seed changes nothing then, and if a "
    "file is sorted by movie, some movies are never in one of the parts. Draw at random.",
)
def always_the_first(ratings, holdout_fraction, seed):
    return split_by_luck(ratings, holdout_fraction, np.arange(len(ratings)) / len(ratings))


@mistake(
    "movielens.split_by_user",
    hint="You make a new generator for each user, from the same seed. So users with equally many ratings lose those at "
    "the same places. Make one generator before the loop.",
)
def a_new_generator_for_each_user(ratings, holdout_fraction, seed):
    out = np.zeros(len(ratings), bool)
    for rows in ratings.groupby("user").indices.values():
        order = np.random.default_rng(seed).permutation(rows)
        out[order[: int(holdout_fraction * len(rows))]] = True
    return ratings[~out], ratings[out]


@mistake(
    "movielens.split_by_user",
    hint="Your way of rounding can hold out everything of a user with a single rating. Nothing is then left to "
    "learn from. Every user has to keep at least one.",
)
def may_take_everything(ratings, holdout_fraction, seed):
    rng = np.random.default_rng(seed)
    out = np.zeros(len(ratings), bool)
    for rows in ratings.groupby("user").indices.values():
        out[rng.permutation(rows)[: round(holdout_fraction * len(rows))]] = True
    return ratings[~out], ratings[out]


@mistake(
    "movielens.split_by_user",
    hint="Rows got lost or doubled where the index has the same number twice, as after `pd.concat`. `isin` and `drop` "
    "look at the index. Go by position: a mask of true and false, one for each row.",
)
def goes_by_the_index(ratings, holdout_fraction, seed):
    _, test = split_by_luck(ratings, holdout_fraction, np.random.default_rng(seed).random(len(ratings)))
    return ratings[~ratings.index.isin(test.index)], test


@mistake(
    "movielens.split_by_user",
    hint="The two parts have changed names: the small one, of size `holdout_fraction`, is the test set, "
    "and the training set is returned first.",
)
def parts_swapped(ratings, holdout_fraction, seed):
    luck = np.random.default_rng(seed).random(len(ratings))
    return split_by_luck(ratings, holdout_fraction, luck)[::-1]


@mistake(
    "movielens.split_by_user",
    hint="You put whole users into the test set. Then the model has to predict for people of whom it knows nothing. "
    "Hold out a part of every user's ratings instead.",
)
def whole_users(ratings, holdout_fraction, seed):
    users = np.unique(ratings["user"])
    chosen = np.random.default_rng(seed).permutation(users)[: int(np.ceil(holdout_fraction * len(users)))]
    out = ratings["user"].isin(chosen).to_numpy()
    return ratings[~out], ratings[out]


@mistake(
    "movielens.split_by_user",
    hint="You added a column to the table that was given to you. Whoever uses it afterwards finds it changed. "
    "Work on a copy, or keep your random numbers in an array of their own.",
)
def adds_a_column(ratings, holdout_fraction, seed):
    ratings["luck"] = np.random.default_rng(seed).random(len(ratings))
    return split_by_luck(ratings, holdout_fraction, ratings["luck"].to_numpy())


def split_by_luck(ratings, holdout_fraction, luck):
    """Hold out the rows with the lowest luck of each user."""
    by_user = pd.Series(luck).groupby(ratings["user"].to_numpy())
    out = (by_user.rank() <= np.floor(holdout_fraction * by_user.transform("size"))).to_numpy()
    return ratings[~out], ratings[out]


# --- test_rows -------------------------------------------------------------------------------------------------------

distractor(
    "movielens.test_rows",
    "a",
    hint="Shuffling makes the *choice* of rows random. It does not make two ratings of one strict user "
    "independent: one of them still tells you something about the other.",
)
distractor(
    "movielens.test_rows",
    "b",
    hint="No pair of user and movie is in both parts: everybody rated a movie once at most, and a split puts that "
    "rating into one part. What do a training row and a test row share instead?",
)
distractor(
    "movielens.test_rows",
    "d",
    hint="The shape of a distribution is one thing, dependence another. Whole stars from independent strangers would "
    "be independent, bell-shaped numbers from one person would not.",
)

# --- build_rating_sparse_tensor --------------------------------------------------------------------------------------


def sparse(rows, columns, ratings, shape, dtype=torch.float32):
    """A sparse tensor that is not coalesced."""
    indices = torch.tensor(np.stack([rows, columns]), dtype=torch.long)
    return torch.sparse_coo_tensor(indices, torch.tensor(ratings).to(dtype), shape)


@mistake(
    "movielens.build_rating_sparse_tensor",
    hint="Users and movies have changed places: a row is a user, so the first row of the indices holds the users.",
)
def movies_as_rows(users, movies, ratings, shape):
    return sparse(movies, users, ratings, shape).coalesce()


@mistake(
    "movielens.build_rating_sparse_tensor",
    hint="Your tensor is not coalesced. Its values stand in the order in which you gave them, and change places as "
    "soon as somebody coalesces it. Do that once, here, and return what `coalesce()` gives you: it makes a new tensor.",
)
def not_coalesced(users, movies, ratings, shape):
    return sparse(users, movies, ratings, shape)


@mistake(
    "movielens.build_rating_sparse_tensor",
    hint="You did not use `shape`. PyTorch then guesses it from the largest indices, and users or movies without a "
    "rating fall off the end. Two such matrices do not fit together.",
)
def shape_guessed(users, movies, ratings, shape):
    indices = torch.tensor(np.stack([users, movies]), dtype=torch.long)
    return torch.sparse_coo_tensor(indices, torch.tensor(ratings, dtype=torch.float32)).coalesce()


@mistake(
    "movielens.build_rating_sparse_tensor",
    hint="This is an ordinary tensor, in which gaps take as much memory as ratings. Ask for a sparse one.",
)
def an_ordinary_tensor(users, movies, ratings, shape):
    return sparse(users, movies, ratings, shape).to_dense()


@mistake(
    "movielens.build_rating_sparse_tensor",
    hint="Your values are whole numbers, and half stars were cut off. Values are float32; only indices are whole "
    "numbers.",
)
def whole_stars(users, movies, ratings, shape):
    return sparse(users, movies, ratings, shape, torch.int64).coalesce()


@mistake(
    "movielens.build_rating_sparse_tensor",
    hint="Your values are float64, as those of most NumPy arrays. PyTorch keeps that unless told otherwise, and its "
    "layers, which work with float32, refuse to mix the two. Give the `dtype`.",
)
def double_precision(users, movies, ratings, shape):
    return sparse(users, movies, ratings, shape, torch.float64).coalesce()


@mistake(
    "movielens.build_rating_sparse_tensor",
    hint="PyTorch refuses what you gave it. It wants indices of shape (2, n_ratings): one row of users, one row of "
    "movies, not one row a rating. None of them may be below 0, or outside of the size.",
)
def one_row_a_rating(users, movies, ratings, shape):
    indices = torch.tensor(np.stack([users, movies], axis=1), dtype=torch.long)
    return torch.sparse_coo_tensor(indices, torch.tensor(ratings, dtype=torch.float32), shape).coalesce()


@mistake(
    "movielens.build_rating_sparse_tensor",
    hint="Every rating lies one row too high and one column too far left. Published numbers start at 1, but these "
    "indices start at 0 already: there is nothing to subtract.",
)
def one_subtracted(users, movies, ratings, shape):
    return sparse(users - 1, movies - 1, ratings, shape).coalesce()


# --- rating_matrix_density -------------------------------------------------------------------------------------------


@mistake(
    "movielens.rating_matrix_density",
    hint="You counted only numbers other than 0 (or above 0). In a centred matrix, 0 is the rating of somebody who "
    "gave exactly their mean. Ask what is stored, not what it is.",
)
def zeros_not_counted(matrix):
    return (matrix.to_dense() != 0).float().mean().item()


@mistake(
    "movielens.rating_matrix_density",
    hint="This is the share of the gaps, which is called sparsity. Which cells are asked for?",
)
def share_of_gaps(matrix):
    return 1 - matrix.values().numel() / matrix.numel()


@mistake(
    "movielens.rating_matrix_density",
    hint="You divided by the number of users only: that is how many ratings a user has on average. "
    "A matrix has rows times columns cells.",
)
def ratings_per_user(matrix):
    return matrix.values().numel() / matrix.shape[0]


@mistake(
    "movielens.rating_matrix_density",
    hint="You took the size from the largest index. The last users or movies may have no rating, and their cells "
    "count, too. The matrix knows its shape.",
)
def size_of_the_largest_index(matrix):
    return matrix.values().numel() / int((matrix.indices().amax(dim=1) + 1).prod())


@mistake(
    "movielens.rating_matrix_density",
    hint="This is a percentage. A share of one half is 0.5, not 50.",
)
def in_percent(matrix):
    return 100 * matrix.values().numel() / matrix.numel()


@mistake(
    "movielens.rating_matrix_density",
    hint="You added up the ratings. Count them: how many are stored, whatever their stars?",
)
def ratings_added_up(matrix):
    return matrix.values().sum().item() / matrix.numel()
