"""Reference implementations for the chapter `embeddings_inspected` (seed 004, part IV).

Embeddings are NumPy arrays of shape (n, d): row i is the embedding of movie (or user) i.
"""

import numpy as np
import pandas as pd


def train_each(models, loss_of, new_optimizer, n_steps):
    """Train several models, one after the other, each for itself.

    Args:
        models: list of models (`nn.Module`) that share no parameters.
        loss_of: a function; `loss_of(model)` is the model's loss, a tensor with a single number.
        new_optimizer: a function; `new_optimizer(parameters)` makes an optimizer for these parameters.
        n_steps: number of training steps of each model.

    Returns:
        List with one list for each model: the model's loss before each of its steps, `n_steps` floats.
    """
    losses = []
    for model in models:
        optimizer = new_optimizer(model.parameters())
        history = []
        for _ in range(n_steps):
            loss = loss_of(model)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            history.append(loss.item())
        losses.append(history)
    return losses


def compute_scores(query_embedding, item_embeddings, measure="dot"):
    """How similar each item is to a query.

    Args:
        query_embedding: numpy array (d,).
        item_embeddings: numpy array (n_items, d), an item in each row.
        measure: "dot" for the dot product, "cosine" for the cosine of the angle.

    Returns:
        numpy array (n_items,) of scores, the higher the more similar. A cosine with a vector of length 0, which has
        no direction, is 0.

    Raises:
        ValueError: if the measure is neither "dot" nor "cosine".
    """
    if measure not in ("dot", "cosine"):
        raise ValueError(f"unknown measure {measure!r}: take 'dot' or 'cosine'")
    scores = item_embeddings @ query_embedding
    if measure == "dot":
        return scores
    lengths = np.linalg.norm(item_embeddings, axis=1) * np.linalg.norm(query_embedding)
    return np.where(lengths > 0, scores / np.where(lengths > 0, lengths, 1.0), 0.0)


def dot_or_cosine():
    """Your choice: "a", "b", "c" or "d"."""
    return "b"


def find_titles(titles, text):
    """The movies whose title contains a text, letter by letter; capitals and small letters are the same.

    Args:
        titles: list of titles.
        text: what to look for. No character in it has a special meaning.

    Returns:
        List of the positions (ints, from 0) of these movies in `titles`, in the order of `titles`.
    """
    return [position for position, title in enumerate(titles) if text.lower() in title.lower()]


def movie_neighbors(embeddings, titles, title, find, score, k=6):
    """The movies most similar to a given one.

    The movie meant is the one whose title is exactly `title` (the first one, if there are several). If there is none,
    it is the first one that `find` returns.

    Args:
        embeddings: numpy array (n_movies, d).
        titles: list of n_movies titles.
        title: the title of a movie, or a part of it.
        find: a function; `find(titles, text)` is a list of positions in `titles`.
        score: a function; `score(query_embedding, item_embeddings)` is an array of scores, the higher the more similar.
        k: number of neighbours.

    Returns:
        (movie, neighbours): the position of the movie meant, an int, and a list of k positions, the most similar
        first. Neither the movie itself nor another one with the same title is among them. The list is shorter if
        there are not enough movies.

    Raises:
        ValueError: if there is no such movie.
    """
    found = [position for position, other in enumerate(titles) if other == title] or list(find(titles, title))
    if not found:
        raise ValueError(f"no title contains {title!r}")
    movie = int(found[0])
    order = np.argsort(-score(embeddings[movie], embeddings), kind="stable").tolist()
    return movie, [other for other in order if titles[other] != titles[movie]][:k]


def embedding_norms(embeddings):
    """The length of each embedding: the root of the sum of its squared entries.

    Args:
        embeddings: numpy array (n, d).

    Returns:
        numpy array (n,) of lengths.
    """
    return np.linalg.norm(embeddings, axis=1)


def rank_correlation(x, y):
    """Spearman's correlation: do two lists of numbers put the same things in the same order?

    Each number is replaced by its rank: 1 for the smallest, 2 for the next, and so on. Equal numbers all get the mean
    of the ranks they share. The result is the ordinary (Pearson) correlation of the ranks.

    Args:
        x, y: numpy arrays (n,); neither has the same value everywhere.

    Returns:
        A float from -1 (opposite orders) to 1 (the same order).
    """
    rank_x, rank_y = pd.Series(x).rank().to_numpy(), pd.Series(y).rank().to_numpy()
    return float(np.corrcoef(rank_x, rank_y)[0, 1])


def expected_norm(init_stddev, embedding_dim):
    """The length to expect of an embedding before training, to within two percent.

    Args:
        init_stddev: standard deviation of each of its entries, which are drawn from a normal distribution with mean 0.
        embedding_dim: how many entries it has (at least 20).

    Returns:
        The expected length, a float.
    """
    return init_stddev * embedding_dim**0.5


def rarely_rated():
    """Your choice: "a", "b", "c" or "d"."""
    return "c"


def genre_purity(neighbours, genres):
    """How often a movie and its neighbour have a genre in common.

    Args:
        neighbours: integer numpy array (n_movies, k): row i holds the positions of the k neighbours of movie i.
        genres: boolean numpy array (n_movies, n_genres): True where a movie belongs to a genre.

    Returns:
        The share of all pairs (movie, neighbour) with at least one common genre, a float from 0 to 1. Rows of
        `neighbours` that belong to a movie without any genre do not count; at least one movie has a genre.
    """
    has_genre = genres.any(axis=1)
    common = (genres[:, None, :] & genres[neighbours]).any(axis=2)
    return float(common[has_genre].mean())


def mean_neighbour_overlap(first, second):
    """How far two models agree on the neighbours of a movie.

    Args:
        first, second: integer numpy arrays (n_movies, k): row i holds the k neighbours of movie i according to a model,
            each neighbour once.

    Returns:
        The share of the k neighbours that both models name, in whatever order, as a mean over all movies: a float
        from 0 to 1.
    """
    return float((first[:, :, None] == second[:, None, :]).any(axis=2).mean())


def fold_in(item_embeddings, rated, ratings, regularization):
    """The embedding of a new user, from a few ratings: ridge regression. The movies' embeddings stay as they are.

    It is the vector u for which the sum over the rated movies of (rating - u . v)^2, plus `regularization` times the
    squared length of u, is smallest; v is the movie's embedding.

    Args:
        item_embeddings: numpy array (n_movies, d).
        rated: list of the positions of the rated movies; it may be empty.
        ratings: numpy array with one number for each of them.
        regularization: a positive number.

    Returns:
        numpy array (d,).
    """
    v = item_embeddings[np.asarray(rated, dtype=int)]
    return np.linalg.solve(v.T @ v + regularization * np.eye(v.shape[1]), v.T @ np.asarray(ratings, dtype=float))


def recommend_to_me(user_embedding, item_embeddings, rated, titles, k):
    """The k movies with the highest dot product that the user has not rated, the best first.

    Args:
        user_embedding: numpy array (d,).
        item_embeddings: numpy array (n_movies, d).
        rated: list of the positions of the movies the user has rated.
        titles: list of n_movies titles. Two movies with the same title are the same film.
        k: number of recommendations.

    Returns:
        names: list of k titles, none of them twice, none of a rated film; fewer if there are not enough.
        scores: numpy array of their dot products.
    """
    scores = item_embeddings @ user_embedding
    taken = {titles[movie] for movie in rated}
    best = []
    for movie in np.argsort(-scores, kind="stable").tolist():
        if titles[movie] not in taken and len(best) < k:
            taken.add(titles[movie])
            best.append(movie)
    return [titles[movie] for movie in best], scores[best]


MODEL_ANSWERS = {
    "reading_a_map": """\
t-SNE tries to keep near neighbours near. So what may be read is small and local: two movies that lie side by side are
probably similar in the full space (here: have a small angle), and a group of one genre that hangs together was probably
together before. What may not be read: how far apart two groups are, how large or dense a group is, where it lies, and
the axes, which have no meaning. Nor is an island a proof of structure: on the page, t-SNE draws clumps and threads from
pure random numbers, more so with a small perplexity.
To check an impression I would go back to the embeddings, which the map is made from: compute the cosine neighbours and
their genre purity beside that of random pairs, and see whether they are the same for another seed of the model. I
would also draw the map again with another seed and another perplexity; what changes was made by the map.""",
}
