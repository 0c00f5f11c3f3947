"""Reference implementations for the chapter `assignment_diversity_novelty` (seed 003, assessed assignment, tasks 1-2).

Movies and users are numbered from 0. `top` is always an int array (n_users, n): each user's n recommended movies.
"""

import numpy as np


def top_n_for_all(scores, seen, n):
    """The n unseen movies with the highest scores, for all users at once.

    Args:
        scores: float array (n_users, n_movies), the higher the better; any real numbers. It is not changed.
        seen: bool array (n_users, n_movies): has the user seen the movie?
        n: number of recommendations for each user.

    Returns:
        int array (n_users, n) of movie numbers, each user's best first.

    Raises:
        ValueError: if some user has fewer than n unseen movies.
    """
    fewest = int((~seen).sum(axis=1).min())
    if fewest < n:
        raise ValueError(f"a user has only {fewest} unseen movies, but {n} are asked for")
    unseen_scores = np.where(seen, -np.inf, scores)
    return np.argsort(-unseen_scores, axis=1, kind="stable")[:, :n]


def cosine_similarity_matrix(embeddings):
    """The cosine of the angle between any two rows.

    Args:
        embeddings: float array (n, size), one vector a row. It is not changed.

    Returns:
        float array (n, n) of numbers from -1 to 1. A vector of zeros has no direction: it has similarity 0 with every
        vector, also with itself. All other vectors have similarity 1 with themselves.
    """
    lengths = np.linalg.norm(embeddings, axis=1, keepdims=True)
    directions = embeddings / np.where(lengths == 0, 1, lengths)
    return directions @ directions.T


def list_diversity(similarity):
    """How different the movies of one list are: the mean of 1 - similarity over all pairs of two different movies.

    Args:
        similarity: float array (n, n), n at least 2: the similarity of any two movies of the list. What stands on its
            diagonal does not matter: a movie and itself are no pair. It is not changed.

    Returns:
        A float.
    """
    pairs = ~np.eye(len(similarity), dtype=bool)
    return float((1 - similarity[pairs]).mean())


def diversity(similarity, top):
    """One number for all lists: the mean over all users of the diversity of each user's list.

    Args:
        similarity: float array (n_movies, n_movies): the similarity of any two movies.
        top: int array (n_users, n), n at least 2: the movies recommended to each user.

    Returns:
        A float. The diversity of one list is the mean of 1 - similarity over all pairs of two different movies in it.
    """
    within_lists = similarity[top[:, :, None], top[:, None, :]]
    pairs = ~np.eye(top.shape[1], dtype=bool)
    return float((1 - within_lists[:, pairs]).mean())


def dice_win():
    """Your choice: "a", "b", "c" or "d"."""
    return "b"


def mean_ratings_and_counts(movies, ratings, n_movies):
    """Each movie's mean rating, and on how many ratings it rests.

    Args:
        movies: int array (n_ratings,): which movie was rated, in any order.
        ratings: float array (n_ratings,): how many stars it got.
        n_movies: number of movies; the movies are numbered from 0 to n_movies - 1.

    Returns:
        means: float array (n_movies,), in stars; NaN for a movie without ratings.
        counts: int array (n_movies,).
    """
    counts = np.bincount(movies, minlength=n_movies)
    sums = np.bincount(movies, weights=ratings, minlength=n_movies)
    means = np.divide(sums, counts, out=np.full(n_movies, np.nan), where=counts > 0)
    return means, counts


def novelty_mean_rating(top, mean_ratings):
    """The assignment's "novelty": the mean over all users of the mean rating of each user's recommended movies.

    Args:
        top: int array (n_users, n): the movies recommended to each user.
        mean_ratings: float array (n_movies,), in stars; NaN for a movie that nobody has rated.

    Returns:
        A float, in stars. Movies without a mean rating are left out of their list's mean; a list of nothing but such
        movies is left out of the mean over users.
    """
    ratings = mean_ratings[top]
    known = ~np.isnan(ratings)
    n_known = known.sum(axis=1)
    sums = np.where(known, ratings, 0).sum(axis=1)
    return float((sums[n_known > 0] / n_known[n_known > 0]).mean())


def mean_rating_says():
    """Your choice: "a", "b", "c" or "d"."""
    return "d"


def novelty_popularity(top, counts, n_users):
    """Mean self-information of the recommended movies: -log2 of the share of users who have rated the movie.

    Args:
        top: int array (n_users, n): the movies recommended to each user.
        counts: int array (n_movies,): how many users have rated each movie. It is not changed.
        n_users: number of users.

    Returns:
        A float, in bits: the mean over all recommended movies of all users. A movie that nobody has rated counts as if
        one user had rated it.
    """
    shares = np.maximum(counts, 1) / n_users
    return float(-np.log2(shares[top]).mean())


def coverage(top, n_movies):
    """The share of all movies that is recommended to anybody at all.

    Args:
        top: int array (n_users, n): the movies recommended to each user.
        n_movies: number of movies in the catalogue.

    Returns:
        A float between 0 and 1.
    """
    return len(np.unique(top)) / n_movies


def price_of_novelty():
    """Your choice: "a", "b", "c" or "d"."""
    return "c"


def best_movies(means, counts, min_count, n):
    """The n movies with the highest mean among those with enough ratings.

    Args:
        means: float array (n_movies,), in stars; NaN for a movie without ratings. It is not changed.
        counts: int array (n_movies,): the number of ratings of each movie.
        min_count: fewest ratings that a listed movie may have.
        n: length of the list.

    Returns:
        int array of movie numbers, the best first; of equal means, the movie with more ratings comes first. It is
        shorter than n if fewer movies qualify. A movie without a mean never qualifies.
    """
    qualified = np.flatnonzero((counts >= min_count) & ~np.isnan(means))
    order = np.lexsort((-counts[qualified], -means[qualified]))
    return qualified[order][:n]


def shrunk_means(means, counts, overall_mean, strength):
    """Each movie's mean as if it had `strength` more ratings, all equal to the overall mean.

    Args:
        means: float array (n_movies,), in stars; NaN for a movie without ratings. It is not changed.
        counts: int array (n_movies,): the number of ratings of each movie.
        overall_mean: mean of all ratings, in stars.
        strength: how many ratings to imagine; above 0, not necessarily whole.

    Returns:
        float array (n_movies,), in stars. A movie without ratings gets the overall mean.
    """
    sums = np.where(counts > 0, means, 0) * counts
    return (sums + strength * overall_mean) / (counts + strength)


def project(embeddings):
    """Principal component analysis to two dimensions: the flat map that keeps most of the spread.

    Args:
        embeddings: float array (n, size), n and size at least 2. It is not changed.

    Returns:
        float array (n, 2): the coordinates of each row along the direction of the largest spread, and along that of
        the second largest at a right angle to it. Both columns have the mean 0. The sign of a column is not defined.
    """
    centred = embeddings - embeddings.mean(axis=0)
    _, _, directions = np.linalg.svd(centred, full_matrices=False)
    return centred @ directions[:2].T


MODEL_ANSWERS = {
    "good_recommendations": """\
As a model of stars it is good: its RMSE is below that of the bias model. As a maker of lists it is not: its NDCG@10 is
0.062 ± 0.003, against 0.144 ± 0.002 of the most rated movies and 0.284 ± 0.002 of the list model, and these gaps are
many times the spread over seeds. Its lists are more novel than both: 4.38 bits against 1.70 and 2.26. By embeddings
they are more diverse (0.884 against 0.760 and 0.793), by genres less (0.588 against 0.723 and 0.712), so I would not
call them diverse. Its coverage is 0.016: users share most of their ten movies. I would not use it for lists; I would
take the list model and re-rank it a little, which raises diversity by embeddings from 0.793 to 0.858 while its NDCG
(0.281 ± 0.003) stays within the spread. What no number here can see: whether users would have liked the unknown movies
they never rated. Held-out ratings are of movies people chose by themselves, mostly known ones. One would have to ask
users, or show different lists to two groups and compare what they watch.""",
    "map_of_the_best": """\
(Beside the plot.) Movies of one director and of one series lie together: Vertigo, Rear Window and North by Northwest;
the two Godfathers; two parts of Star Wars. The model saw no titles, so it can only have found that the same people
like them. The PCA map keeps little more than a third of the spread, so movies can be near on it and far apart in
the 16 numbers: City of God and Lawrence of Arabia look like a group of their own, for which I find no reason. The table
says that less than half of the three nearest neighbours of the full space are neighbours on the PCA map, t-SNE keeps
more. Checked outside the map: North by Northwest is also the nearest to Rear Window by cosine. A model with another
seed finds only about half of the neighbours again, so I believe the pairs that come back, and not the gaps, the axes,
or the place of a group on the t-SNE map.""",
}
