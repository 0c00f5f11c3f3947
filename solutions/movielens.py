"""Reference solutions of the chapter `movielens`: reading, describing and splitting ratings.

Ratings are in stars. Users and movies are numbered from 0; a table of ratings has one row a rating.
"""

import numpy as np
import pandas as pd
import torch


def read_ratings(path):
    """Read a file of ratings as GroupLens publishes them.

    Args:
        path: where the file lies. It has one rating a line and four fields, with a tab between them: the number of
            the user, the number of the movie, the stars, the time in seconds since 1970. There is no header row.

    Returns:
        DataFrame with one row a rating, in the order of the file, and the columns `user_id`, `movie_id`, `rating` and
        `timestamp`, all of them whole numbers, as they stand in the file.
    """
    names = ["user_id", "movie_id", "rating", "timestamp"]
    return pd.read_csv(path, sep="\t", header=None, names=names)


def one_hot(values, categories):
    """One column of 0 and 1 for each category.

    Args:
        values: sequence of n words, each of them one of the categories.
        categories: sequence of m different words.

    Returns:
        numpy array (n, m) of numbers. Row i has a 1 in the column of `values[i]` and 0 elsewhere; the columns are in
        the order of `categories`.

    Raises:
        ValueError: if a value is none of the categories.
    """
    matrix = np.asarray(values, dtype=object)[:, None] == np.asarray(categories, dtype=object)
    if not matrix.any(axis=1).all():
        raise ValueError("a value is none of the categories")
    return matrix.astype(float)


def genre_matrix(genres, names):
    """One column of 0 and 1 for each genre.

    Args:
        genres: sequence of n texts, one a movie: its genres with "|" between them, such as "Action|Comedy"; "" for a
            movie without genre.
        names: sequence of all m genres.

    Returns:
        numpy array (n, m) of numbers: 1 where the movie belongs to the genre, 0 elsewhere. The columns are in the order
        of `names`.
    """
    genres_of_movies = [set(text.split("|")) for text in genres]
    return np.array([[float(name in own) for name in names] for own in genres_of_movies])


def rating_statistics(indices, ratings, n):
    """Number and mean of the ratings of each user (or of each movie).

    Args:
        indices: numpy array (n_ratings,) of ints from 0 to n - 1: whose rating it is. For statistics of movies, the
            movie that was rated.
        ratings: numpy array (n_ratings,), in stars.
        n: number of users (or movies), also of those without any rating.

    Returns:
        counts: numpy array (n,) of ints.
        means: numpy array (n,), in stars; NaN where there is no rating.
    """
    counts = np.bincount(indices, minlength=n)
    sums = np.bincount(indices, weights=ratings, minlength=n)
    means = np.divide(sums, counts, out=np.full(n, np.nan), where=counts > 0)
    return counts, means


def gini(counts):
    """The Gini coefficient: how unequally the ratings are shared out.

    Args:
        counts: numpy array (n,) of numbers from 0 up, in any order, not all of them 0. It is not changed.

    Returns:
        A float from 0 (all equal) to almost 1, exactly (n - 1) / n, when one has everything.
    """
    ordered = np.sort(counts)
    n = len(ordered)
    weights = 2 * np.arange(1, n + 1) - n - 1
    return float(weights @ ordered / (n * ordered.sum()))


def share_of_top(counts, share):
    """Which share of all ratings the most rated movies have.

    Args:
        counts: numpy array (n,): the number of ratings of each movie, in any order, not all of them 0. It is not
            changed.
        share: which share of the movies to take, above 0 and up to 1. The number of movies is rounded up.

    Returns:
        A float between 0 and 1.
    """
    n_top = int(np.ceil(share * len(counts)))
    most_rated_first = np.sort(counts)[::-1]
    return float(most_rated_first[:n_top].sum() / most_rated_first.sum())


def long_tail_means():
    """Your choice: "a", "b", "c" or "d"."""
    return "b"


def stats_user(data, movies_genre, user_id):
    """What one user gave, and to which genres.

    Args:
        data: numpy array (n_users, n_movies) of whole stars from 1 to 5; NaN where there is no rating.
        movies_genre: numpy array (n_movies, n_genres) of 0 and 1.
        user_id: the user's row in `data`.

    Returns:
        stats: numpy array (5,): how many movies got 1, 2, 3, 4 and 5 stars from this user.
        eva: numpy array (5, n_genres): how many of these movies belong to each genre. Row 0 is for 1 star.
    """
    got = data[user_id] == np.arange(1, 6)[:, None]
    return got.sum(axis=1), got.astype(float) @ movies_genre


def user_bias_test(ratings_of_user, movie_means):
    """Does a user rate systematically higher or lower than others?

    Args:
        ratings_of_user: numpy array (n,): the user's ratings, in stars.
        movie_means: numpy array (n,): what others gave to the same movies on average, in stars; NaN where nobody else
            rated the movie. Such a movie is left out.

    Returns:
        bias: float, the mean deviation of the user from the others, in stars; positive for a kind user.
        t: float, the bias divided by its standard error.

    Raises:
        ValueError: if fewer than two movies can be compared.
    """
    deviations = ratings_of_user - movie_means
    deviations = deviations[~np.isnan(deviations)]
    if len(deviations) < 2:
        raise ValueError("at least two movies are needed")
    bias = deviations.mean()
    standard_error = deviations.std(ddof=1) / np.sqrt(len(deviations))
    return float(bias), float(bias / standard_error)


def split_by_user(ratings, holdout_fraction, seed):
    """Hold out a part of every user's ratings, at random.

    Args:
        ratings: DataFrame with one row a rating and, among others, the column `user`. Its index may be anything.
        holdout_fraction: which share of each user's ratings to hold out, above 0 and below 1. Where this is no whole
            number of ratings, round down or up, as you like.
        seed: int. The same seed gives the same split, another seed another one.

    Returns:
        (train, test), two DataFrames with the columns of `ratings`. Each row of `ratings` is in exactly one of them.
        Every user keeps at least one rating in `train`.
    """
    luck = pd.Series(np.random.default_rng(seed).random(len(ratings)))
    by_user = luck.groupby(ratings["user"].to_numpy())
    held_out = by_user.rank() <= np.floor(holdout_fraction * by_user.transform("size"))
    return ratings[~held_out.to_numpy()], ratings[held_out.to_numpy()]


def test_rows():
    """Your choice: "a", "b", "c" or "d"."""
    return "c"


def build_rating_sparse_tensor(users, movies, ratings, shape):
    """Ratings as a sparse matrix: only the cells with a rating are stored.

    Args:
        users: numpy array (n_ratings,) of ints: the row of each rating.
        movies: numpy array (n_ratings,) of ints: the column of each rating.
        ratings: numpy array (n_ratings,), in stars.
        shape: (n_users, n_movies), also counting those without a rating.

    Returns:
        A coalesced sparse float32 tensor of this shape.
    """
    indices = torch.tensor(np.stack([users, movies]), dtype=torch.long)
    values = torch.tensor(np.asarray(ratings), dtype=torch.float32)
    return torch.sparse_coo_tensor(indices, values, tuple(shape)).coalesce()


def rating_matrix_density(matrix):
    """Which share of the cells of a matrix of ratings is known.

    Args:
        matrix: coalesced sparse tensor (n_users, n_movies). A cell that is stored holds a rating, also when the number
            in it is 0, as it may be when the user's mean was subtracted.

    Returns:
        A float between 0 and 1.
    """
    return matrix.values().numel() / matrix.numel()


MODEL_ANSWERS = {
    "other_statistics": """\
Count and mean say how much and how high a user rates. Besides these I would look at (1) the spread of each user's
ratings, because a 5 from somebody who gives nothing but 5 says little; (2) when the ratings were given: many users
rated everything within one hour, so their ratings show one mood of one evening, and a split by time would be
possible for few of them; (3) which genres a user rates more often than others do, because it shows what they chose to
see before any star was given. The second one could change how we split, the first how we centre or scale.""",
    "appropriate_statistics": """\
(a) The number of ratings per movie is extremely uneven. The histogram shows one high bar at the left and a
long flat rest, the mean is far above the median, and a fifth of the movies hold well over half of the ratings. This
is relevant because a model learns most about the movies in the head, an error averaged over ratings hardly sees the
tail, and the means of movies in the tail are noise. (b) Mean and standard deviation describe a symmetric hill, which
this is not. The median and other quantiles, the Gini coefficient or the share of the top movies, the number of movies
with fewer than some ratings, and a logarithmic axis describe it better. Means of movies should come with
their counts, or be pulled towards the overall mean when there are few ratings.""",
}
