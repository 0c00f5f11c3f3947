"""Reference implementations for the chapter `softmax` (what seed 004 left "to be implemented": a network with softmax).

Who watched what is a float tensor of shape (n_users, n_movies): 1 for a movie in the user's history, 0 for the others.
"""

import torch
from torch import nn


def softmax_loss(user_embeddings, movie_embeddings, labels):
    """Cross entropy of the chosen movie among all movies.

    The score of a movie for a user is the dot product of their embeddings.

    Args:
        user_embeddings: float tensor (batch_size, d).
        movie_embeddings: float tensor (n_movies, d).
        labels: int64 tensor (batch_size,): for each user of the batch, the movie that was chosen.

    Returns:
        A tensor with a single number, from which gradients can be computed: the mean over the batch of minus the
        logarithm of the probability of the chosen movie. It is finite also for scores of several hundred.
    """
    scores = user_embeddings @ movie_embeddings.T
    chosen = scores.gather(1, labels.unsqueeze(1)).squeeze(1)
    return (torch.logsumexp(scores, dim=1) - chosen).mean()


def softmax_or_squared():
    """Your choice: "a", "b", "c" or "d"."""
    return "b"


def multinomial_loss(scores, targets):
    """Cross entropy with several chosen movies a user, each of them counting the same.

    Args:
        scores: float tensor (batch_size, n_movies); minus infinity for movies that cannot be chosen.
        targets: float tensor (batch_size, n_movies): 1 for each chosen movie, 0 for the others. A user may have none.

    Returns:
        A tensor with a single number, from which gradients can be computed: the mean over all chosen movies of the
        batch of minus the logarithm of their probability. It is 0 when no movie was chosen, and finite also for scores
        of several hundred.
    """
    users, movies = targets.nonzero(as_tuple=True)
    log_probabilities = torch.log_softmax(scores, dim=1)
    return -log_probabilities[users, movies].sum() / max(len(users), 1)


def select_random(liked, generator):
    """Draw one liked movie for each user, all of the user's liked movies with the same probability.

    Args:
        liked: float tensor (n_users, n_movies): 1 for a movie the user liked, else 0. Each user liked at least one.
        generator: torch.Generator to draw with.

    Returns:
        int64 tensor (n_users,): the number of the movie that was drawn.
    """
    return torch.multinomial(liked, 1, generator=generator).squeeze(1)


def left_out_split(liked, share, generator):
    """Leave out each liked movie with probability `share`, independently of the others.

    Args:
        liked: float tensor (n_users, n_movies): 1 for a movie the user liked, else 0. It is not changed.
        share: probability between 0 and 1.
        generator: torch.Generator to draw with.

    Returns:
        (known, left_out), two float tensors (n_users, n_movies) of zeros and ones: each liked movie is in exactly one
        of them, all other movies in none.
    """
    out = (torch.rand(liked.shape, generator=generator) < share).to(liked.dtype)
    return liked * (1 - out), liked * out


def watched_features(watched, left_out):
    """Input rows for the user tower: what is known of each user's history, all histories of the same weight.

    Args:
        watched: float tensor (batch_size, n_movies): 1 for a movie in the user's history, else 0. It is not changed.
        left_out: float tensor (batch_size, n_movies): 1 for the movies of the history that shall be predicted, else 0.

    Returns:
        float tensor (batch_size, n_movies): each known movie of a user has the same number, and a row adds up to 1. It
        is 0 everywhere else. A user of whom nothing is known gets a row of zeros.
    """
    known = watched * (1 - left_out)
    return known / known.sum(dim=1, keepdim=True).clamp(min=1)


def user_features(known, genres, years):
    """Describe each user by the movies known of them.

    Args:
        known: float tensor (batch_size, n_movies): 1 for a movie known to be in the user's history, else 0.
        genres: float tensor (n_movies, n_genres): 1 where the movie belongs to the genre, else 0.
        years: float tensor (n_movies,): the year of release; NaN where it is unknown.

    Returns:
        float tensor (batch_size, n_genres + 1) without NaN. First, for each genre, the share of the user's known movies
        that belong to it. Last, the mean year of the user's known movies, less the mean of all `years`, divided by the
        standard deviation of all `years` (divide by their number). Unknown years do not count. Where nothing is known
        of a user, all numbers are 0.
    """
    n_known = known.sum(dim=1, keepdim=True).clamp(min=1)
    dated = ~years.isnan()
    scaled = (years - years[dated].mean()) / years[dated].std(correction=0)
    n_dated = (known @ dated.to(known.dtype)).unsqueeze(1).clamp(min=1)
    mean_year = (known @ torch.nan_to_num(scaled)).unsqueeze(1) / n_dated
    return torch.cat([known @ genres / n_known, mean_year], dim=1)


class UserTower(nn.Module):
    """A network from what is known of a user to the user's embedding.

    It has an embedding table `bag` (one vector of size `hidden` for each movie) and two fully connected layers with
    biases: `side` (from the features to `hidden` numbers) and `out` (from `hidden` numbers to `d`).

    Args:
        n_movies: number of movies.
        n_features: how many features describe a user.
        hidden: size of the hidden layer.
        d: size of the user's embedding.
        dropout: probability with which a hidden number is dropped in training.
    """

    def __init__(self, n_movies, n_features, hidden, d, dropout=0.5):
        super().__init__()
        self.bag = nn.Embedding(n_movies, hidden)
        self.side = nn.Linear(n_features, hidden)
        self.dropout = nn.Dropout(dropout)
        self.out = nn.Linear(hidden, d)

    def forward(self, rows, features):
        """The users' embeddings.

        Args:
            rows: float tensor (batch_size, n_movies), the weight of each movie of the history.
            features: float tensor (batch_size, n_features).

        Returns:
            float tensor (batch_size, d): `out` of the hidden layer. The hidden layer is the weighted sum of the vectors
            of the movies, plus `side` of the features; then tanh; then, in training mode only, dropout.
        """
        hidden = torch.tanh(rows @ self.bag.weight + self.side(features))
        return self.out(self.dropout(hidden))


def recommend(scores, seen, k):
    """The k unseen movies with the highest scores, for all users at once.

    Args:
        scores: float tensor (n_users, n_movies), any numbers. It is not changed.
        seen: bool tensor (n_users, n_movies). Every user has at least k movies that are not seen.
        k: number of recommendations.

    Returns:
        int64 tensor (n_users, k): the numbers of the movies, the best first.
    """
    return scores.masked_fill(seen, -torch.inf).topk(k, dim=1).indices


def precision_at_k(recommended, relevant):
    """Which share of the recommended movies is relevant, as a mean over users.

    Args:
        recommended: int64 tensor (n_users, k): the numbers of the movies, each at most once in a row.
        relevant: bool tensor (n_users, n_movies).

    Returns:
        A float between 0 and 1, the mean over the users who have at least one relevant movie.
    """
    hits = relevant.gather(1, recommended).sum(dim=1)
    has_any = relevant.any(dim=1)
    return (hits[has_any] / recommended.shape[1]).mean().item()


def recall_at_k(recommended, relevant):
    """Which share of the relevant movies is recommended, as a mean over users.

    Args:
        recommended: int64 tensor (n_users, k): the numbers of the movies, each at most once in a row.
        relevant: bool tensor (n_users, n_movies).

    Returns:
        A float between 0 and 1, the mean over the users who have at least one relevant movie.
    """
    hits = relevant.gather(1, recommended).sum(dim=1)
    has_any = relevant.any(dim=1)
    return (hits[has_any] / relevant.sum(dim=1)[has_any]).mean().item()


def popularity_bias():
    """Your choice: "a", "b", "c" or "d"."""
    return "d"


def sampled_softmax_loss(user_embeddings, movie_embeddings, labels, sampled, log_q):
    """Cross entropy of the chosen movie among itself and a few sampled movies.

    Args:
        user_embeddings: float tensor (batch_size, d).
        movie_embeddings: float tensor (n_movies, d).
        labels: int64 tensor (batch_size,): for each user of the batch, the movie that was chosen.
        sampled: int64 tensor (n_sampled,): movies drawn as examples of what was not chosen, the same for the batch.
        log_q: float tensor (n_movies,): the logarithm of the probability with which a movie is drawn.

    Returns:
        A tensor with a single number, from which gradients can be computed: the mean over the batch of minus the
        logarithm of the probability of the chosen movie. All scores, also those of the chosen movies, are corrected by
        subtracting `log_q`. A sampled movie that is the user's chosen one does not count as a sampled movie.
    """
    chosen = (user_embeddings * movie_embeddings[labels]).sum(dim=1) - log_q[labels]
    others = user_embeddings @ movie_embeddings[sampled].T - log_q[sampled]
    others = others.masked_fill(labels.unsqueeze(1) == sampled, -torch.inf)
    candidates = torch.cat([chosen.unsqueeze(1), others], dim=1)
    return (torch.logsumexp(candidates, dim=1) - chosen).mean()


def sampled_or_full():
    """Your choice: "a", "b", "c" or "d"."""
    return "c"
