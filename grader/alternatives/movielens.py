"""Right implementations of the chapter `movielens` that are written quite differently from the reference."""

import csv
import math
from collections import Counter, defaultdict
from statistics import mean, stdev

import numpy as np
import pandas as pd
import torch
from scipy import stats
from sklearn.preprocessing import MultiLabelBinarizer, OneHotEncoder

from grader.implementations import alternative

NAMES = ["user_id", "movie_id", "rating", "timestamp"]


@alternative("movielens.read_ratings")
def read_line_by_line(path):
    with open(path, newline="") as file:
        rows = [list(map(int, row)) for row in csv.reader(file, delimiter="\t")]
    return pd.DataFrame(rows, columns=NAMES)


@alternative("movielens.read_ratings")
def read_with_numpy(path):
    return pd.DataFrame(np.loadtxt(path, dtype=np.int64, delimiter="\t", ndmin=2), columns=NAMES)


@alternative("movielens.one_hot")
def one_hot_with_sklearn(values, categories):
    encoder = OneHotEncoder(categories=[list(categories)], sparse_output=False)
    return encoder.fit_transform(np.array(values, dtype=object).reshape(-1, 1))


@alternative("movielens.one_hot")
def one_hot_by_index(values, categories):
    matrix = np.zeros((len(values), len(categories)), dtype=int)
    for i, value in enumerate(values):
        matrix[i, list(categories).index(value)] = 1  # `index` raises ValueError by itself
    return matrix


@alternative("movielens.genre_matrix")
def genres_with_sklearn(genres, names):
    own = [[word for word in text.split("|") if word] for text in genres]
    return MultiLabelBinarizer(classes=list(names)).fit_transform(own)


@alternative("movielens.genre_matrix")
def genres_with_pandas(genres, names):
    return pd.Series(genres).str.get_dummies("|").reindex(columns=names, fill_value=0).astype(bool)


@alternative("movielens.rating_statistics")
def statistics_with_pandas(indices, ratings, n):
    grouped = pd.Series(ratings.astype(float)).groupby(indices)
    table = pd.DataFrame({"count": grouped.size(), "mean": grouped.mean()}).reindex(range(n))
    return table["count"].fillna(0).astype(int), table["mean"]


@alternative("movielens.rating_statistics")
def statistics_by_a_loop(indices, ratings, n):
    given = defaultdict(list)
    for index, rating in zip(indices.tolist(), ratings.tolist(), strict=True):
        given[index].append(rating)
    means = [mean(given[i]) if given[i] else math.nan for i in range(n)]
    return [len(given[i]) for i in range(n)], means


@alternative("movielens.gini")
def gini_of_all_pairs(counts):
    counts = np.asarray(counts, dtype=float)
    return np.abs(counts[:, None] - counts[None, :]).mean() / (2 * counts.mean())


@alternative("movielens.gini")
def gini_by_the_curve(counts):
    curve = np.concatenate([[0], np.cumsum(np.sort(counts)) / np.sum(counts)])
    return 1 - (curve[1:] + curve[:-1]).mean()


@alternative("movielens.share_of_top")
def share_in_plain_python(counts, share):
    ordered = sorted(counts.tolist(), reverse=True)
    return sum(ordered[: math.ceil(share * len(ordered))]) / sum(ordered)


@alternative("movielens.share_of_top")
def share_by_pandas(counts, share):
    return pd.Series(counts).nlargest(math.ceil(share * len(counts))).sum() / counts.sum()


@alternative("movielens.share_of_top")
def share_by_partition(counts, share):
    n_top = -int(-share * len(counts) // 1)
    return np.partition(counts, -n_top)[-n_top:].sum() / counts.sum()


@alternative("movielens.stats_user")
def stats_by_a_loop(data, movies_genre, user_id):
    stats, eva = np.zeros(5), np.zeros((5, movies_genre.shape[1]))
    for stars, own in zip(data[user_id], movies_genre, strict=True):
        if not np.isnan(stars):
            stats[int(stars) - 1] += 1
            eva[int(stars) - 1] += own
    return stats, eva


@alternative("movielens.stats_user")
def stats_by_counting(data, movies_genre, user_id):
    row = data[user_id]
    seen = ~np.isnan(row)
    number = Counter(row[seen].astype(int).tolist())
    eva = np.zeros((5, movies_genre.shape[1]))
    np.add.at(eva, row[seen].astype(int) - 1, movies_genre[seen])
    return [number[stars] for stars in range(1, 6)], eva


@alternative("movielens.user_bias_test")
def bias_with_scipy(ratings_of_user, movie_means):
    known = ~np.isnan(movie_means)
    if known.sum() < 2:
        raise ValueError
    result = stats.ttest_rel(ratings_of_user[known], movie_means[known])
    return (ratings_of_user - movie_means)[known].mean(), result.statistic


@alternative("movielens.user_bias_test")
def bias_in_plain_python(ratings_of_user, movie_means):
    pairs = zip(ratings_of_user.tolist(), movie_means.tolist(), strict=True)
    deviations = [rating - other for rating, other in pairs if not math.isnan(other)]
    spread = stdev(deviations)  # its StatisticsError is a ValueError
    return mean(deviations), mean(deviations) / spread * math.sqrt(len(deviations))


@alternative("movielens.split_by_user")
def split_user_by_user(ratings, holdout_fraction, seed):
    rng = np.random.default_rng(seed)
    held_out = []
    for rows in ratings.groupby("user").indices.values():
        n_out = min(round(holdout_fraction * len(rows)), len(rows) - 1)
        held_out.extend(rng.choice(rows, size=n_out, replace=False))
    kept = np.setdiff1d(np.arange(len(ratings)), held_out)
    return ratings.iloc[kept], ratings.iloc[sorted(held_out)].reset_index(drop=True)


@alternative("movielens.split_by_user")
def split_after_shuffling(ratings, holdout_fraction, seed):
    shuffled = ratings.sample(frac=1, random_state=seed)
    place = shuffled.groupby("user").cumcount().to_numpy()
    size = shuffled.groupby("user")["user"].transform("size").to_numpy()
    n_kept = np.ceil((1 - holdout_fraction) * size).clip(min=1)
    return shuffled[place < n_kept], shuffled[place >= n_kept]


@alternative("movielens.build_rating_sparse_tensor")
def sparse_from_lists(users, movies, ratings, shape):
    pairs = torch.tensor([[int(u), int(m)] for u, m in zip(users, movies, strict=True)]).T
    return torch.sparse_coo_tensor(pairs, [float(r) for r in ratings], size=shape).coalesce()


@alternative("movielens.build_rating_sparse_tensor")
def sparse_from_flat_cells(users, movies, ratings, shape):
    order = np.lexsort((movies, users))
    rows, columns = torch.from_numpy(users[order]).long(), torch.from_numpy(movies[order]).long()
    values = torch.from_numpy(ratings[order]).float()
    return torch.sparse_coo_tensor(torch.vstack([rows, columns]), values, torch.Size(shape), is_coalesced=True)


@alternative("movielens.rating_matrix_density")
def density_by_indices(matrix):
    n_users, n_movies = matrix.shape
    return len(matrix.indices()[0]) / (n_users * n_movies)


@alternative("movielens.rating_matrix_density")
def density_of_ones(matrix):
    ones = torch.sparse_coo_tensor(matrix.indices(), torch.ones_like(matrix.values()), matrix.shape)
    return ones.to_dense().mean()
