"""Right implementations of the chapter `assignment_diversity_novelty`, written quite differently from the reference."""

import math
from itertools import combinations

import numpy as np
import pandas as pd
import torch
from sklearn.decomposition import PCA
from sklearn.metrics.pairwise import cosine_similarity

from grader.implementations import alternative


@alternative("assignment_diversity_novelty.top_n_for_all")
def user_by_user(scores, seen, n):
    lists = []
    for row, seen_by_user in zip(scores.tolist(), seen.tolist(), strict=True):
        unseen = [movie for movie, is_seen in enumerate(seen_by_user) if not is_seen]
        if len(unseen) < n:
            raise ValueError("not enough unseen movies")
        lists.append(sorted(unseen, key=lambda movie: -row[movie])[:n])
    return lists


@alternative("assignment_diversity_novelty.top_n_for_all")
def with_topk(scores, seen, n):
    masked = torch.tensor(scores).masked_fill(torch.tensor(seen), -torch.inf)
    values, movies = masked.topk(n, dim=1)
    if values.isinf().any():
        raise ValueError("not enough unseen movies")
    return movies


@alternative("assignment_diversity_novelty.top_n_for_all")
def with_partition(scores, seen, n):
    if np.count_nonzero(~seen, axis=1).min() < n:
        raise ValueError("not enough unseen movies")
    losses = -np.array(scores, dtype=float)
    losses[seen] = np.inf
    some = np.argpartition(losses, n - 1, axis=1)[:, :n]
    order = np.take_along_axis(losses, some, axis=1).argsort(axis=1)
    return np.take_along_axis(some, order, axis=1)


@alternative("assignment_diversity_novelty.cosine_similarity_matrix")
def with_scikit_learn(embeddings):
    return cosine_similarity(embeddings)


@alternative("assignment_diversity_novelty.cosine_similarity_matrix")
def pair_by_pair(embeddings):
    def cosine(a, b):
        lengths = math.sqrt(sum(x * x for x in a)) * math.sqrt(sum(x * x for x in b))
        return sum(x * y for x, y in zip(a, b, strict=True)) / lengths if lengths else 0.0

    return [[cosine(a, b) for b in embeddings] for a in embeddings]


@alternative("assignment_diversity_novelty.list_diversity")
def by_combinations(similarity):
    differences = [1 - similarity[a, b] for a, b in combinations(range(len(similarity)), 2)]
    return sum(differences) / len(differences)


@alternative("assignment_diversity_novelty.list_diversity")
def by_taking_the_diagonal_away(similarity):
    n = len(similarity)
    return 1 - (similarity.sum() - np.trace(similarity)) / (n * (n - 1))


@alternative("assignment_diversity_novelty.diversity")
def list_by_list(similarity, top):
    means = []
    for movies in top:
        upper = np.triu_indices(len(movies), k=1)
        means.append((1 - similarity[np.ix_(movies, movies)])[upper].mean())
    return np.mean(means)


@alternative("assignment_diversity_novelty.diversity")
def pairs_of_places(similarity, top):
    first, second = np.array(list(combinations(range(top.shape[1]), 2))).T
    return 1 - similarity[top[:, first], top[:, second]].mean()


@alternative("assignment_diversity_novelty.mean_ratings_and_counts")
def with_pandas(movies, ratings, n_movies):
    table = pd.Series(ratings).groupby(movies).agg(["mean", "count"]).reindex(range(n_movies))
    return table["mean"].to_numpy(), table["count"].fillna(0).astype(int).to_numpy()


@alternative("assignment_diversity_novelty.mean_ratings_and_counts")
def with_add_at(movies, ratings, n_movies):
    sums, counts = np.zeros(n_movies), np.zeros(n_movies)
    np.add.at(sums, movies, ratings)
    np.add.at(counts, movies, 1)
    with np.errstate(invalid="ignore"):
        return sums / counts, counts


@alternative("assignment_diversity_novelty.novelty_mean_rating")
def with_nanmean(top, mean_ratings):
    ratings = mean_ratings[top]
    ratings = ratings[~np.isnan(ratings).all(axis=1)]
    return np.nanmean(ratings, axis=1).mean()


@alternative("assignment_diversity_novelty.novelty_mean_rating")
def with_a_table(top, mean_ratings):
    return pd.DataFrame(mean_ratings[top]).mean(axis=1).mean()


@alternative("assignment_diversity_novelty.novelty_popularity")
def as_a_difference_of_logarithms(top, counts, n_users):
    bits = [math.log2(n_users) - math.log2(max(int(counts[movie]), 1)) for row in top for movie in row]
    return sum(bits) / len(bits)


@alternative("assignment_diversity_novelty.novelty_popularity")
def with_another_base(top, counts, n_users):
    raters = np.where(counts[top] == 0, 1, counts[top])
    return (np.log(n_users / raters) / np.log(2)).mean(axis=1).mean()


@alternative("assignment_diversity_novelty.coverage")
def by_ticking_off(top, n_movies):
    shown = np.zeros(n_movies, dtype=bool)
    shown[top] = True
    return shown.mean()


@alternative("assignment_diversity_novelty.coverage")
def with_a_set(top, n_movies):
    return len({movie for row in top.tolist() for movie in row}) / n_movies


@alternative("assignment_diversity_novelty.best_movies")
def by_a_sorted_table(means, counts, min_count, n):
    table = pd.DataFrame({"mean": means, "count": counts}).dropna()
    table = table[table["count"] >= min_count]
    return table.sort_values(["mean", "count"], ascending=False).index[:n]


@alternative("assignment_diversity_novelty.best_movies")
def by_sorting_numbers(means, counts, min_count, n):
    qualified = [m for m in range(len(means)) if counts[m] >= min_count and not math.isnan(means[m])]
    return sorted(qualified, key=lambda m: (means[m], counts[m]), reverse=True)[:n]


@alternative("assignment_diversity_novelty.shrunk_means")
def as_a_weighted_mean(means, counts, overall_mean, strength):
    own = counts / (counts + strength)
    return overall_mean + own * (np.nan_to_num(means, nan=overall_mean) - overall_mean)


@alternative("assignment_diversity_novelty.shrunk_means")
def movie_by_movie(means, counts, overall_mean, strength):
    return [
        (mean * count + strength * overall_mean) / (count + strength) if count else overall_mean
        for mean, count in zip(means, counts, strict=True)
    ]


@alternative("assignment_diversity_novelty.project")
def with_scikit_learns_pca(embeddings):
    return PCA(n_components=2, random_state=0).fit_transform(embeddings)


@alternative("assignment_diversity_novelty.project")
def by_eigenvectors(embeddings):
    _, vectors = np.linalg.eigh(np.cov(embeddings.T))
    return -(embeddings - embeddings.mean(axis=0)) @ vectors[:, ::-1][:, :2]


@alternative("assignment_diversity_novelty.project")
def by_singular_values(embeddings):
    left, values, _ = np.linalg.svd(embeddings - embeddings.mean(axis=0), full_matrices=False)
    return (left * values)[:, :2]
