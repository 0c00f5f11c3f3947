"""How good are predictions, and how good are lists? Measures over all users at once, to compare models with.

What they mean is taught, and written by hand for one user, in the chapter `evaluation`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd


def rmse(predictions: np.ndarray, ratings: np.ndarray, lowest: float = 1.0, highest: float = 5.0) -> float:
    """Root mean squared error in stars over all ratings together; predictions are clipped to the scale first.

    Both arguments have the shape (n_ratings,). Raises ValueError when a prediction is missing (NaN).
    """
    predictions, ratings = np.asarray(predictions, dtype=float), np.asarray(ratings, dtype=float)
    if predictions.shape != ratings.shape:
        raise ValueError(f"{predictions.shape} predictions for {ratings.shape} ratings")
    if np.isnan(predictions).any():
        raise ValueError(f"{int(np.isnan(predictions).sum())} predictions are missing (NaN)")
    return float(np.sqrt(np.mean((predictions.clip(lowest, highest) - ratings) ** 2)))


@dataclass(frozen=True)
class RankingScores:
    """Means over `n_users` users, each between 0 and 1."""

    precision: float
    recall: float
    ndcg: float
    n_users: int


def rank_all(
    scores: np.ndarray, train: pd.DataFrame, test: pd.DataFrame, k: int = 10, relevant_from: float = 4.0
) -> RankingScores:
    """Precision, recall and NDCG of the k best unseen movies of every user.

    Args:
        scores: (n_users, n_movies), the higher the better. They are not changed.
        train: ratings with the columns `user` and `movie`; these movies are never recommended.
        test: ratings with the columns `user`, `movie` and `rating`; relevant are ratings from `relevant_from`.
        k: length of the lists.
        relevant_from: fewest stars of a relevant movie.

    Returns:
        Means over the users with at least one relevant movie in the test set. Relevance is yes or no.

    Raises:
        ValueError: if a score is NaN, or nobody has a relevant movie.
    """
    if np.isnan(scores).any():
        raise ValueError("some scores are missing (NaN)")
    liked = test[test["rating"] >= relevant_from]
    relevant = np.zeros(scores.shape, dtype=bool)
    relevant[liked["user"], liked["movie"]] = True
    users = np.flatnonzero(relevant.any(axis=1))
    if not len(users):
        raise ValueError(f"no test rating has {relevant_from:g} stars or more")
    unseen = np.array(scores, dtype=float)
    unseen[train["user"], train["movie"]] = -np.inf
    top = np.argsort(-unseen[users], axis=1, kind="stable")[:, :k]
    hits = np.take_along_axis(relevant[users], top, axis=1)
    n_relevant = relevant[users].sum(axis=1)
    discounts = 1 / np.log2(np.arange(2, top.shape[1] + 2))
    best_possible = np.cumsum(discounts)[np.minimum(n_relevant, top.shape[1]) - 1]
    return RankingScores(
        precision=float(hits.mean()),
        recall=float((hits.sum(axis=1) / n_relevant).mean()),
        ndcg=float((hits @ discounts / best_possible).mean()),
        n_users=len(users),
    )
