"""Right implementations of the chapter `embeddings_inspected` that are written quite differently from the reference."""

import math
import re

import numpy as np
import pandas as pd
import torch
from scipy.stats import spearmanr
from sklearn.linear_model import Ridge
from sklearn.metrics.pairwise import cosine_similarity

from grader.implementations import alternative


@alternative("embeddings_inspected.train_each")
def one_optimizer_for_all_parameters(models, loss_of, new_optimizer, n_steps):
    optimizer = new_optimizer([parameter for model in models for parameter in model.parameters()])
    losses = [[] for _ in models]
    for model, history in zip(models, losses, strict=True):
        for _ in range(n_steps):
            optimizer.zero_grad(set_to_none=True)  # parameters without a gradient are left alone by `step`
            loss = loss_of(model)
            loss.backward()
            optimizer.step()
            history.append(float(loss))
    return losses


@alternative("embeddings_inspected.train_each")
def all_models_in_turns(models, loss_of, new_optimizer, n_steps):
    optimizers = [new_optimizer(list(model.parameters())) for model in models]
    table = np.zeros((len(models), n_steps))
    for step in range(n_steps):
        for row, (model, optimizer) in enumerate(zip(models, optimizers, strict=True)):
            model.zero_grad()
            loss = loss_of(model)
            loss.backward()
            optimizer.step()
            table[row, step] = loss.detach()
    return table.tolist()


@alternative("embeddings_inspected.compute_scores")
def scores_item_by_item(query_embedding, item_embeddings, measure="dot"):
    if measure == "dot":
        return [float(sum(a * b for a, b in zip(item, query_embedding, strict=True))) for item in item_embeddings]
    if measure != "cosine":
        raise ValueError("no such measure")
    scores = []
    for item in item_embeddings:
        length = math.sqrt(sum(item**2)) * math.sqrt(sum(query_embedding**2))
        scores.append(float(item.dot(query_embedding) / length) if length else 0.0)
    return scores


@alternative("embeddings_inspected.compute_scores")
def scores_with_sklearn(query_embedding, item_embeddings, measure="dot"):
    match measure:
        case "dot":
            return np.einsum("nd,d->n", item_embeddings, query_embedding)
        case "cosine":
            return cosine_similarity(item_embeddings, query_embedding[None, :])[:, 0]
        case _:
            raise ValueError(measure)


@alternative("embeddings_inspected.compute_scores")
def unit_vectors_first(query_embedding, item_embeddings, measure="dot"):
    if measure not in {"dot", "cosine"}:
        raise ValueError(measure)
    if measure == "cosine":
        item_embeddings = np.nan_to_num(item_embeddings / np.linalg.norm(item_embeddings, axis=1, keepdims=True))
        query_embedding = np.nan_to_num(query_embedding / np.linalg.norm(query_embedding))
    return query_embedding.dot(item_embeddings.T)


@alternative("embeddings_inspected.find_titles")
def escaped_pattern(titles, text):
    pattern = re.compile(re.escape(text), re.IGNORECASE)
    return [i for i, title in enumerate(titles) if pattern.search(title)]


@alternative("embeddings_inspected.find_titles")
def with_pandas(titles, text):
    hits = pd.Series(titles).str.lower().str.contains(text.lower(), regex=False)
    return np.flatnonzero(hits.to_numpy(dtype=bool))


@alternative("embeddings_inspected.movie_neighbors")
def with_a_table(embeddings, titles, title, find, score, k=6):
    if title in titles:
        movie = titles.index(title)
    else:
        try:
            movie = find(titles, title)[0]
        except IndexError:
            raise ValueError(f"Found no movies with title {title}") from None
    table = pd.DataFrame({"score": score(embeddings[movie], embeddings), "title": titles})
    table = table[table["title"] != titles[movie]].sort_values("score", ascending=False)
    return movie, table.index[:k].to_numpy()


@alternative("embeddings_inspected.movie_neighbors")
def scoring_only_the_others(embeddings, titles, title, find, score, k=6):
    found = [titles.index(title)] if title in titles else find(titles, title)
    if not found:
        raise ValueError(f"no movie is called {title}")
    others = np.array([i for i, other in enumerate(titles) if other != titles[found[0]]])
    order = np.argsort(-score(embeddings[found[0]], embeddings[others]), kind="stable")
    return found[0], others[order[:k]].tolist()


@alternative("embeddings_inspected.movie_neighbors")
def with_minus_infinity(embeddings, titles, title, find, score, k=6):
    names = np.array(titles, dtype=object)
    exact = np.flatnonzero(names == title)
    found = exact if len(exact) else np.array(find(titles, title), dtype=int)
    if not len(found):
        raise ValueError("unknown movie")
    movie = found[0]
    scores = np.array(score(embeddings[movie], embeddings), dtype=float)
    same = names == names[movie]
    scores[same] = -np.inf
    return movie, np.argsort(scores)[::-1][: min(k, len(titles) - same.sum())]


@alternative("embeddings_inspected.embedding_norms")
def norms_by_hand(embeddings):
    return [math.sqrt(sum(entry * entry for entry in row)) for row in embeddings]


@alternative("embeddings_inspected.embedding_norms")
def norms_with_torch(embeddings):
    return torch.tensor(embeddings).square().sum(dim=1).sqrt()


@alternative("embeddings_inspected.rank_correlation")
def with_scipy(x, y):
    return spearmanr(x, y)[0]


@alternative("embeddings_inspected.rank_correlation")
def by_counting(x, y):
    def ranks(values):
        return np.array([(values < v).sum() + ((values == v).sum() + 1) / 2 for v in values])

    a, b = ranks(x) - (len(x) + 1) / 2, ranks(y) - (len(y) + 1) / 2
    return (a * b).sum() / np.sqrt((a**2).sum() * (b**2).sum())


@alternative("embeddings_inspected.expected_norm")
def the_exact_mean(init_stddev, embedding_dim):
    log_ratio = math.lgamma((embedding_dim + 1) / 2) - math.lgamma(embedding_dim / 2)
    return init_stddev * math.sqrt(2) * math.exp(log_ratio)


@alternative("embeddings_inspected.expected_norm")
def by_drawing(init_stddev, embedding_dim):
    vectors = np.random.default_rng(0).normal(0, init_stddev, (4000, embedding_dim))
    return np.linalg.norm(vectors, axis=1).mean()


@alternative("embeddings_inspected.genre_purity")
def pair_by_pair(neighbours, genres):
    pairs = [(movie, other) for movie, row in enumerate(neighbours) if genres[movie].any() for other in row]
    return sum(bool((genres[a] & genres[b]).any()) for a, b in pairs) / len(pairs)


@alternative("embeddings_inspected.genre_purity")
def with_a_matrix(neighbours, genres):
    shares = genres.astype(int) @ genres.T.astype(int) > 0
    fits = np.take_along_axis(shares, neighbours, axis=1)
    return fits[genres.any(axis=1)].mean()


@alternative("embeddings_inspected.mean_neighbour_overlap")
def with_sets(first, second):
    k = first.shape[1]
    return sum(len(set(a) & set(b)) / k for a, b in zip(first.tolist(), second.tolist(), strict=True)) / len(first)


@alternative("embeddings_inspected.mean_neighbour_overlap")
def with_numpy_sets(first, second):
    return np.mean([np.isin(a, b).mean() for a, b in zip(first, second, strict=True)])


@alternative("embeddings_inspected.fold_in")
def with_sklearn(item_embeddings, rated, ratings, regularization):
    if not len(rated):
        return np.zeros(item_embeddings.shape[1])
    return Ridge(alpha=regularization, fit_intercept=False).fit(item_embeddings[rated], ratings).coef_


@alternative("embeddings_inspected.fold_in")
def as_more_rows(item_embeddings, rated, ratings, regularization):
    d = item_embeddings.shape[1]
    rows = [*[item_embeddings[i] for i in rated], *(math.sqrt(regularization) * np.eye(d))]
    return np.linalg.lstsq(np.array(rows), np.concatenate([ratings, np.zeros(d)]), rcond=None)[0]


@alternative("embeddings_inspected.recommend_to_me")
def recommend_with_a_table(user_embedding, item_embeddings, rated, titles, k):
    table = pd.DataFrame({"title": titles, "score": item_embeddings.dot(user_embedding)})
    seen = table["title"].iloc[rated]
    table = table[~table["title"].isin(seen)].sort_values("score", ascending=False).drop_duplicates("title").head(k)
    return table["title"].tolist(), table["score"].to_numpy()


@alternative("embeddings_inspected.recommend_to_me")
def recommend_with_a_dictionary(user_embedding, item_embeddings, rated, titles, k):
    known, scores = {titles[i] for i in rated}, {}
    for title, embedding in zip(titles, item_embeddings, strict=True):
        score = float(embedding @ user_embedding)
        if title not in known and score > scores.get(title, -math.inf):
            scores[title] = score
    best = sorted(scores, key=scores.get, reverse=True)[:k]
    return best, [scores[title] for title in best]
