"""Right implementations of the chapter `softmax` that are written quite differently from the reference."""

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from grader.implementations import alternative

# --- softmax_loss ----------------------------------------------------------------------------------------------------


@alternative("softmax.softmax_loss")
def with_cross_entropy(user_embeddings, movie_embeddings, labels):
    return F.cross_entropy(user_embeddings.mm(movie_embeddings.t()), labels)


@alternative("softmax.softmax_loss")
def by_hand_and_user_by_user(user_embeddings, movie_embeddings, labels):
    losses = []
    for user, label in zip(user_embeddings, labels, strict=True):
        scores = movie_embeddings @ user
        scores = scores - scores.max()
        losses.append(scores.exp().sum().log() - scores[label])
    return sum(losses) / len(losses)


# --- multinomial_loss ------------------------------------------------------------------------------------------------


@alternative("softmax.multinomial_loss")
def with_where(scores, targets):
    log_probabilities = scores - scores.logsumexp(dim=1, keepdim=True)
    picked = torch.where(targets > 0, log_probabilities, torch.zeros_like(scores))
    return -picked.sum() / targets.sum().clamp(min=1)


@alternative("softmax.multinomial_loss")
def pair_by_pair(scores, targets):
    pairs = targets.nonzero()
    if len(pairs) == 0:
        return torch.zeros((), requires_grad=True)
    return F.cross_entropy(scores[pairs[:, 0]], pairs[:, 1])


# --- select_random ---------------------------------------------------------------------------------------------------


@alternative("softmax.select_random")
def the_largest_random_number(liked, generator):
    return (torch.rand(liked.shape, generator=generator) + liked).argmax(dim=1)


@alternative("softmax.select_random")
def user_by_user(liked, generator):
    drawn = []
    for row in liked:
        movies = row.nonzero().flatten()
        drawn.append(movies[torch.randint(len(movies), (1,), generator=generator)])
    return torch.cat(drawn)


# --- left_out_split --------------------------------------------------------------------------------------------------


@alternative("softmax.left_out_split")
def with_bernoulli(liked, share, generator):
    left_out = torch.bernoulli(liked * share, generator=generator)
    return liked - left_out, left_out


@alternative("softmax.left_out_split")
def by_pairs(liked, share, generator):
    users, movies = liked.nonzero(as_tuple=True)
    coin = torch.rand(len(users), generator=generator) < share
    known, left_out = torch.zeros_like(liked), torch.zeros_like(liked)
    known[users[~coin], movies[~coin]] = 1
    left_out[users[coin], movies[coin]] = 1
    return known, left_out


# --- watched_features ------------------------------------------------------------------------------------------------


@alternative("softmax.watched_features")
def with_normalize(watched, left_out):
    return F.normalize(watched - left_out, p=1, dim=1)


@alternative("softmax.watched_features")
def row_by_row(watched, left_out):
    rows = torch.zeros_like(watched)
    for user in range(len(watched)):
        movies = [m for m in range(watched.shape[1]) if watched[user, m] and not left_out[user, m]]
        for movie in movies:
            rows[user, movie] = 1 / len(movies)
    return rows


# --- user_features ---------------------------------------------------------------------------------------------------


@alternative("softmax.user_features")
def user_after_user(known, genres, years):
    all_years = years[~years.isnan()].double()
    centre, spread = all_years.mean(), ((all_years - all_years.mean()) ** 2).mean().sqrt()
    features = torch.zeros(len(known), genres.shape[1] + 1)
    for row, history in zip(features, known, strict=True):
        movies = history.nonzero().flatten()
        if len(movies):
            row[:-1] = genres[movies].mean(dim=0)
        dated = [year for year in years[movies].double() if not year.isnan()]
        if dated:
            row[-1] = (sum(dated) / len(dated) - centre) / spread
    return features


@alternative("softmax.user_features")
def with_numpy(known, genres, years):
    known, genres, years = known.numpy(), genres.numpy(), years.numpy().astype(float)
    scaled = np.nan_to_num((years - np.nanmean(years)) / np.nanstd(years))
    shares = known @ genres / np.maximum(known.sum(1, keepdims=True), 1)
    mean_year = known @ scaled / np.maximum(known[:, ~np.isnan(years)].sum(1), 1)
    return torch.tensor(np.column_stack([shares, mean_year]), dtype=torch.float32)


# --- UserTower -------------------------------------------------------------------------------------------------------


@alternative("softmax.UserTower")
class WithFunctions(nn.Module):
    def __init__(self, n_movies, n_features, hidden, d, dropout=0.5):
        super().__init__()
        self.p = dropout
        self.out = nn.Linear(hidden, d)
        self.bag = nn.Embedding(num_embeddings=n_movies, embedding_dim=hidden)
        nn.init.normal_(self.bag.weight, std=0.01)
        self.side = nn.Linear(n_features, hidden)

    def forward(self, rows, features):
        hidden = F.linear(rows, self.bag.weight.T) + F.linear(features, self.side.weight, self.side.bias)
        return self.out(F.dropout(hidden.tanh(), self.p, self.training))


@alternative("softmax.UserTower")
class WithItsOwnMask(nn.Module):
    def __init__(self, n_movies, n_features, hidden, d, dropout=0.5):
        super().__init__()
        self.bag, self.keep = nn.Embedding(n_movies, hidden), 1 - dropout
        self.side, self.out = nn.Linear(n_features, hidden), nn.Linear(hidden, d)

    def forward(self, rows, features):
        hidden = torch.tanh(torch.addmm(self.side(features), rows, self.bag.weight))
        if self.training:
            hidden = hidden * torch.bernoulli(torch.full_like(hidden, self.keep)) / self.keep
        return self.out(hidden)


@alternative("softmax.UserTower")
class WithASequence(nn.Module):
    def __init__(self, n_movies, n_features, hidden, d, dropout=0.5):
        nn.Module.__init__(self)
        self.bag = nn.Embedding(n_movies, hidden)
        self.side = nn.Linear(n_features, hidden)
        self.rest = nn.Sequential(nn.Tanh(), nn.Dropout(p=dropout), nn.Linear(hidden, d))

    @property
    def out(self):
        return self.rest[2]

    def forward(self, rows, features):
        movies = torch.arange(rows.shape[1])
        bag = torch.stack([(weight.unsqueeze(1) * self.bag(movies)).sum(dim=0) for weight in rows])
        return self.rest(self.side(features) + bag)


# --- recommend -------------------------------------------------------------------------------------------------------


@alternative("softmax.recommend")
def sorted_downwards(scores, seen, k):
    open_scores = torch.where(seen, torch.full_like(scores, -torch.inf), scores)
    return open_scores.argsort(dim=1, descending=True)[:, :k]


@alternative("softmax.recommend")
def one_list_after_the_other(scores, seen, k):
    lists = []
    for row, marks in zip(scores.tolist(), seen.tolist(), strict=True):
        candidates = [movie for movie, mark in enumerate(marks) if not mark]
        lists.append(sorted(candidates, key=lambda movie, row=row: -row[movie])[:k])
    return torch.tensor(lists)


# --- precision_at_k and recall_at_k ----------------------------------------------------------------------------------


def _hits_and_wishes(recommended, relevant):
    for movies, marks in zip(recommended.tolist(), relevant, strict=True):
        wishes = set(marks.nonzero().flatten().tolist())
        if wishes:
            yield len(wishes & set(movies)), len(wishes)


@alternative("softmax.precision_at_k")
def precision_with_sets(recommended, relevant):
    shares = [hits / len(recommended[0]) for hits, _ in _hits_and_wishes(recommended, relevant)]
    return sum(shares) / len(shares)


@alternative("softmax.precision_at_k")
def precision_from_a_matrix(recommended, relevant):
    listed = torch.zeros_like(relevant).scatter(1, recommended, True)
    rated = relevant.sum(dim=1) > 0
    return float((listed & relevant)[rated].float().sum(dim=1).div(recommended.size(1)).mean())


@alternative("softmax.recall_at_k")
def recall_with_sets(recommended, relevant):
    shares = [hits / wishes for hits, wishes in _hits_and_wishes(recommended, relevant)]
    return sum(shares) / len(shares)


@alternative("softmax.recall_at_k")
def recall_with_nanmean(recommended, relevant):
    listed = torch.zeros_like(relevant).scatter(1, recommended, True)
    return torch.nanmean((listed & relevant).sum(dim=1) / relevant.sum(dim=1)).item()


# --- sampled_softmax_loss --------------------------------------------------------------------------------------------


@alternative("softmax.sampled_softmax_loss")
def with_cross_entropy_of_a_table(user_embeddings, movie_embeddings, labels, sampled, log_q):
    candidates = torch.cat([labels.unsqueeze(1), sampled.expand(len(labels), -1)], dim=1)
    scores = torch.einsum("bd,bcd->bc", user_embeddings, movie_embeddings[candidates]) - log_q[candidates]
    own = candidates == labels.unsqueeze(1)
    own[:, 0] = False
    scores = torch.where(own, torch.tensor(-torch.inf), scores)
    return F.cross_entropy(scores, torch.zeros(len(labels), dtype=torch.long))


@alternative("softmax.sampled_softmax_loss")
def user_by_user_with_lists(user_embeddings, movie_embeddings, labels, sampled, log_q):
    total = 0
    for user, label in zip(user_embeddings, labels, strict=True):
        candidates = [int(label)] + [int(movie) for movie in sampled if movie != label]
        scores = movie_embeddings[candidates] @ user - log_q[candidates]
        total = total - torch.log_softmax(scores, dim=0)[0]
    return total / len(labels)


# --- quizzes ---------------------------------------------------------------------------------------------------------


@alternative("softmax.softmax_or_squared")
def softmax_in_capitals():
    return "B"


@alternative("softmax.popularity_bias")
def popularity_in_capitals():
    return " D "


@alternative("softmax.sampled_or_full")
def sampled_in_capitals():
    return "C"
