"""Known mistakes of the chapter `softmax`: what students really write, and the hint that cures it.

They stand in the order of the exercises. Where two misconceptions give the same answer, one entry speaks of both.
"""

import torch
import torch.nn.functional as F
from torch import nn

from grader.implementations import distractor, mistake

# --- softmax_loss ----------------------------------------------------------------------------------------------------


@mistake(
    "softmax.softmax_loss",
    hint="Your formula is right on paper, but the exponential of a score of several hundred is too large for a "
    "float: it becomes infinite, and the loss with it. Find a function that takes the logarithm of a sum of "
    "exponentials at once.",
)
def exponentials_overflow(user_embeddings, movie_embeddings, labels):
    exponentials = torch.exp(user_embeddings @ movie_embeddings.T)
    probabilities = exponentials / exponentials.sum(dim=1, keepdim=True)
    return -torch.log(probabilities[torch.arange(len(labels)), labels]).mean()


@mistake(
    "softmax.softmax_loss",
    hint="You applied a softmax to the scores and handed the result to a loss that applies another one. A softmax of "
    "probabilities is nearly flat, so the model can hardly learn. `F.cross_entropy` wants plain scores.",
)
def softmax_twice(user_embeddings, movie_embeddings, labels):
    return F.cross_entropy(torch.softmax(user_embeddings @ movie_embeddings.T, dim=1), labels)


@mistake(
    "softmax.softmax_loss",
    hint="Your probabilities add up to 1 over the users of the batch, for each movie. A user chooses among movies: "
    "along which dimension do they lie?",
)
def users_compete(user_embeddings, movie_embeddings, labels):
    log_probabilities = torch.log_softmax(user_embeddings @ movie_embeddings.T, dim=0)
    return -log_probabilities[torch.arange(len(labels)), labels].mean()


@mistake(
    "softmax.softmax_loss",
    hint="Only the movies chosen by somebody in the batch take part in your softmax. All movies are candidates: every "
    "row of `movie_embeddings` gets a score.",
)
def only_movies_of_the_batch(user_embeddings, movie_embeddings, labels):
    return F.cross_entropy(user_embeddings @ movie_embeddings[labels].T, torch.arange(len(labels)))


@mistake(
    "softmax.softmax_loss",
    hint="You returned the mean of the logarithms themselves, a negative number. An optimizer would make it ever "
    "smaller and so the chosen movies ever less probable. Mind the sign.",
)
def wrong_sign(user_embeddings, movie_embeddings, labels):
    return -F.cross_entropy(user_embeddings @ movie_embeddings.T, labels)


@mistake(
    "softmax.softmax_loss",
    hint="You added up the losses of the batch. Then the size of a step grows with the size of the batch. Take the "
    "mean over the users of the batch.",
)
def summed_over_the_batch(user_embeddings, movie_embeddings, labels):
    return F.cross_entropy(user_embeddings @ movie_embeddings.T, labels, reduction="sum")


@mistake(
    "softmax.softmax_loss",
    hint="You divided by the number of cells, users times movies. Each user contributes one term, that of the chosen "
    "movie. Divide by the number of users of the batch.",
)
def mean_over_all_cells(user_embeddings, movie_embeddings, labels):
    scores = user_embeddings @ movie_embeddings.T
    return -(torch.log_softmax(scores, dim=1) * F.one_hot(labels, len(movie_embeddings))).mean()


@mistake(
    "softmax.softmax_loss",
    hint="This is a squared error between scores and 0 or 1. It asks every score to be near a number. A softmax asks "
    "only that the chosen movie stands above the others. Turn scores into probabilities and take a logarithm.",
)
def squared_error(user_embeddings, movie_embeddings, labels):
    scores = user_embeddings @ movie_embeddings.T
    return ((scores - F.one_hot(labels, len(movie_embeddings))) ** 2).mean()


@mistake(
    "softmax.softmax_loss",
    hint="For each user you took the scores of everybody's chosen movies: `scores[:, labels]` is a table. Each user "
    "has one chosen movie: pick one entry of each row, with a row number for each label.",
)
def choices_of_everybody(user_embeddings, movie_embeddings, labels):
    scores = user_embeddings @ movie_embeddings.T
    return (torch.logsumexp(scores, dim=1, keepdim=True) - scores[:, labels]).mean()


@mistake(
    "softmax.softmax_loss",
    hint="You forgot the logarithm: your loss is minus the mean probability. It hardly cares whether a wrong movie "
    "has the probability 0.01 or 0.000001, and its gradient vanishes there.",
)
def no_logarithm(user_embeddings, movie_embeddings, labels):
    probabilities = torch.softmax(user_embeddings @ movie_embeddings.T, dim=1)
    return -probabilities[torch.arange(len(labels)), labels].mean()


# --- softmax_or_squared ----------------------------------------------------------------------------------------------

distractor(
    "softmax.softmax_or_squared",
    "a",
    hint="A softmax gives probabilities of movies, not stars. A model trained this way cannot say whether a rating "
    "will be 3 or 4.",
)
distractor(
    "softmax.softmax_or_squared",
    "c",
    hint="It is the other way round: the full softmax needs a score for every movie in each step, the squared error "
    "only those of the known ratings.",
)
distractor(
    "softmax.softmax_or_squared",
    "d",
    hint="A factorisation also has one vector a movie, and can have as many parameters. What differs is which movies a "
    "loss looks at, and what it asks of them.",
)

# --- multinomial_loss ------------------------------------------------------------------------------------------------


@mistake(
    "softmax.multinomial_loss",
    hint="Your loss is NaN when a movie has a score of minus infinity: you multiply its log probability by a 0, and 0 "
    "times infinity is not a number. Pick out the chosen movies instead of multiplying the others by 0.",
)
def zero_times_infinity(scores, targets):
    return -(targets * torch.log_softmax(scores, dim=1)).sum() / targets.sum().clamp(min=1)


@mistake(
    "softmax.multinomial_loss",
    hint="You took a mean for each user, and then the mean of these. A movie chosen by somebody with many choices then "
    "counts less than others. Add up all terms and divide once, by the number of all chosen movies.",
)
def mean_of_user_means(scores, targets):
    log_probabilities = torch.log_softmax(scores, dim=1)
    means = [-row[chosen > 0].mean() for row, chosen in zip(log_probabilities, targets, strict=True) if chosen.any()]
    return torch.stack(means).mean() if means else scores.sum() * 0


@mistake(
    "softmax.multinomial_loss",
    hint="You took a mean for each user, and then the mean over all users, also over those who chose nothing. Each "
    "chosen movie counts the same: add up all terms and divide once, by the number of all chosen movies.",
)
def mean_of_all_user_means(scores, targets):
    log_probabilities = torch.log_softmax(scores, dim=1).masked_fill(targets == 0, 0)
    return -(log_probabilities.sum(dim=1) / targets.sum(dim=1).clamp(min=1)).mean()


@mistake(
    "softmax.multinomial_loss",
    hint="You divided by the number of cells, users times movies. Only the chosen movies have a term: divide by their "
    "number.",
)
def divided_by_all_cells(scores, targets):
    return -torch.log_softmax(scores, dim=1).masked_fill(targets == 0, 0).mean()


@mistake(
    "softmax.multinomial_loss",
    hint="You divided by the number of users in the batch. Users have different numbers of chosen movies: divide by "
    "how many movies were chosen in total.",
)
def divided_by_users(scores, targets):
    users, movies = targets.nonzero(as_tuple=True)
    return -torch.log_softmax(scores, dim=1)[users, movies].sum() / len(scores)


@mistake(
    "softmax.multinomial_loss",
    hint="You added up all terms but did not divide. The loss, and with it the step, would grow with the number of "
    "chosen movies.",
)
def not_divided(scores, targets):
    users, movies = targets.nonzero(as_tuple=True)
    return -torch.log_softmax(scores, dim=1)[users, movies].sum()


@mistake(
    "softmax.multinomial_loss",
    hint="When no movie was chosen you divide 0 by 0, which is NaN, and one such batch spoils all weights. The "
    "docstring says what the loss is then.",
)
def nothing_gives_nan(scores, targets):
    users, movies = targets.nonzero(as_tuple=True)
    return -torch.log_softmax(scores, dim=1)[users, movies].mean()


@mistake(
    "softmax.multinomial_loss",
    hint="You took the logarithm of the sum of the probabilities of a user's chosen movies. That is satisfied when one "
    "of them gets everything. Each chosen movie has a term of its own: logarithm first, then the sum.",
)
def one_of_them_is_enough(scores, targets):
    n_chosen = int(targets.sum())
    if not n_chosen:
        return scores.sum() * 0
    together = (torch.softmax(scores, dim=1) * targets).sum(dim=1)[targets.any(dim=1)]
    return -together.log().sum() / n_chosen


@mistake(
    "softmax.multinomial_loss",
    hint="You asked a question with yes or no about each movie by itself (a sigmoid). In a softmax movies compete: the "
    "probabilities of a user's movies add up to 1.",
)
def yes_or_no_for_each(scores, targets):
    return F.binary_cross_entropy_with_logits(scores, targets)


@mistake(
    "softmax.multinomial_loss",
    hint="Your probabilities add up to 1 over the users, for each movie. Each user chooses among the movies.",
)
def softmax_over_users(scores, targets):
    users, movies = targets.nonzero(as_tuple=True)
    return -torch.log_softmax(scores, dim=0)[users, movies].sum() / max(len(users), 1)


# --- select_random ---------------------------------------------------------------------------------------------------


@mistake(
    "softmax.select_random",
    hint="You always take the first liked movie of a row. The model would see the same target in each epoch, and "
    "movies with a small number would be targets far too often. Draw.",
)
def always_the_first(liked, generator):
    return liked.argmax(dim=1)


@mistake(
    "softmax.select_random",
    hint="You drew from all movies. A target must be a movie that this user liked: the zeros and ones of the row say "
    "which ones may be drawn.",
)
def any_movie(liked, generator):
    return torch.randint(liked.shape[1], (len(liked),), generator=generator)


@mistake(
    "softmax.select_random",
    hint="You did not use the generator you were given, so nobody can repeat your draws. Hand it on to the function "
    "that draws.",
)
def ignores_the_generator(liked, generator):
    return torch.multinomial(liked, 1).squeeze(1)


@mistake(
    "softmax.select_random",
    hint="You seed a generator inside the function, so every call draws the same movies, epoch after epoch. Use the "
    "generator that is handed in: it goes on from where it stands.",
)
def seeds_again_in_each_call(liked, generator):
    return torch.multinomial(liked, 1, generator=torch.Generator().manual_seed(0)).squeeze(1)


@mistake(
    "softmax.select_random",
    hint="You drew one random order of the movies and used it for all users. Two users with the same likes then always "
    "get the same movie. Draw for each user separately.",
)
def one_draw_for_all(liked, generator):
    return (liked * torch.rand(liked.shape[1], generator=generator)).argmax(dim=1)


@mistake(
    "softmax.select_random",
    hint="You weighted the draw by how many users liked a movie. All of a user's liked movies shall have the same "
    "probability: popular ones are targets often enough already.",
)
def drawn_by_popularity(liked, generator):
    return torch.multinomial(liked * liked.sum(dim=0), 1, generator=generator).squeeze(1)


@mistake(
    "softmax.select_random",
    hint="Your result is a column, (n_users, 1). One number a user, (n_users,), is asked for: remove the second "
    "dimension.",
)
def keeps_the_column(liked, generator):
    return torch.multinomial(liked, 1, generator=generator)


# --- left_out_split --------------------------------------------------------------------------------------------------


@mistake(
    "softmax.left_out_split",
    hint="Your two parts are the wrong way round: `share` is the probability of being left out, and the known movies "
    "come first in the result.",
)
def known_and_left_out_swapped(liked, share, generator):
    out = (torch.rand(liked.shape, generator=generator) < share).to(liked.dtype)
    return liked * out, liked * (1 - out)


@mistake(
    "softmax.left_out_split",
    hint="The left-out movies are still among the known ones. Then the answer stands in the question: the network "
    "learns to copy. A liked movie belongs to one of the two parts only.",
)
def known_keeps_all(liked, share, generator):
    out = (torch.rand(liked.shape, generator=generator) < share).to(liked.dtype)
    return liked.clone(), liked * out


@mistake(
    "softmax.left_out_split",
    hint="You leave out movies that the user never liked. What nobody liked cannot be a target: combine the coin with "
    "`liked`.",
)
def leaves_out_what_was_not_liked(liked, share, generator):
    out = (torch.rand(liked.shape, generator=generator) < share).to(liked.dtype)
    return liked * (1 - out), out


@mistake(
    "softmax.left_out_split",
    hint="You toss one coin a user, so some users lose everything and others nothing. Each user needs something to "
    "read and something to predict: toss a coin for every cell.",
)
def whole_users(liked, share, generator):
    out = (torch.rand((len(liked), 1), generator=generator) < share).to(liked.dtype)
    return liked * (1 - out), liked * out


@mistake(
    "softmax.left_out_split",
    hint="You toss one coin a movie, so some movies are never read and all others never predicted. Toss a coin for "
    "every cell.",
)
def whole_movies(liked, share, generator):
    out = (torch.rand(liked.shape[1], generator=generator) < share).to(liked.dtype)
    return liked * (1 - out), liked * out


@mistake(
    "softmax.left_out_split",
    hint="You did not use the generator you were given, so nobody can repeat your split. Hand it on to the function "
    "that draws.",
)
def split_ignores_the_generator(liked, share, generator):
    out = (torch.rand(liked.shape) < share).to(liked.dtype)
    return liked * (1 - out), liked * out


@mistake(
    "softmax.left_out_split",
    hint="You changed the matrix that was given to you. In the next epoch the left-out movies would be gone from it, "
    "and after some epochs nothing would be left. Make new tensors.",
)
def eats_the_given_matrix(liked, share, generator):
    left_out = liked * (torch.rand(liked.shape, generator=generator) < share)
    liked -= left_out
    return liked, left_out


@mistake(
    "softmax.left_out_split",
    hint="You leave out the same share of every user's likes, up to rounding. Each like shall be left out with the "
    "probability `share`, whatever happens to the others: then it is now more of a user's likes, now fewer. Toss a "
    "coin for every cell.",
)
def a_fixed_number_of_each_user(liked, share, generator):
    draws = torch.rand(liked.shape, generator=generator).masked_fill(liked == 0, 2)
    rank = draws.argsort(dim=1).argsort(dim=1)
    out = (rank < torch.round(share * liked.sum(dim=1, keepdim=True))).to(liked.dtype)
    return liked * (1 - out), liked * out


@mistake(
    "softmax.left_out_split",
    hint="You leave out a fixed number of all likes together. Each like shall be left out with the probability "
    "`share`, whatever happens to the others: then it is now more, now fewer. Toss a coin for every cell.",
)
def a_fixed_number_of_all(liked, share, generator):
    users, movies = liked.nonzero(as_tuple=True)
    chosen = torch.randperm(len(users), generator=generator)[: round(share * len(users))]
    out = torch.zeros_like(liked)
    out[users[chosen], movies[chosen]] = 1
    return liked - out, out


# --- watched_features ------------------------------------------------------------------------------------------------


@mistake(
    "softmax.watched_features",
    hint="The rows still contain the movies that shall be predicted. The network reads the answer off its input, the "
    "training loss looks splendid, and for new movies it has learnt nothing. Look at which movies a row is built from.",
)
def label_left_in(watched, left_out):
    n_watched = watched.sum(dim=1, keepdim=True)
    return watched / n_watched.clamp(min=1)


@mistake(
    "softmax.watched_features",
    hint="You count only the known movies, but the movies that shall be predicted are still in the rows. The network "
    "reads the answer off its input. Look at what stands above the line.",
)
def only_the_count_repaired(watched, left_out):
    return watched / (watched - left_out).sum(dim=1, keepdim=True).clamp(min=1)


@mistake(
    "softmax.watched_features",
    hint="You took the left-out movies away, but still divide by the length of the whole history. The rows no longer "
    "add up to 1, and their sum tells how much is hidden. Count what remains.",
)
def divided_by_the_whole_history(watched, left_out):
    return watched * (1 - left_out) / watched.sum(dim=1, keepdim=True).clamp(min=1)


@mistake(
    "softmax.watched_features",
    hint="Your rows hold ones, so a long history makes a large input and a short one a small input. Divide each row so "
    "that it adds up to 1.",
)
def not_normalised(watched, left_out):
    return watched * (1 - left_out)


@mistake(
    "softmax.watched_features",
    hint="A user of whom nothing is known has 0 movies, and 0 divided by 0 is NaN. The docstring says what such a row "
    "contains.",
)
def nothing_known_gives_nan(watched, left_out):
    known = watched * (1 - left_out)
    return known / known.sum(dim=1, keepdim=True)


@mistake(
    "softmax.watched_features",
    hint="You divided by column sums: how many users know a movie. The rows shall add up to 1, so a user's number of "
    "known movies is what counts. Along which dimension do you add?",
)
def normalised_by_movie(watched, left_out):
    known = watched * (1 - left_out)
    return known / known.sum(dim=0, keepdim=True).clamp(min=1)


@mistake(
    "softmax.watched_features",
    hint="Your rows have the length 1 (the sum of squares), but they shall add up to 1. Divide by the number of known "
    "movies, not by its square root.",
)
def unit_length(watched, left_out):
    return F.normalize(watched * (1 - left_out), dim=1)


@mistake(
    "softmax.watched_features",
    hint="Your rows hold the left-out movies and not the known ones. The left-out ones are the targets; the input is "
    "the rest of the history.",
)
def only_the_targets(watched, left_out):
    return left_out / left_out.sum(dim=1, keepdim=True).clamp(min=1)


@mistake(
    "softmax.watched_features",
    hint="You changed the matrix that was given to you (`-=` works in place). The next epoch would find a history "
    "without these movies. Make a new tensor.",
)
def eats_the_history(watched, left_out):
    watched -= left_out
    return watched / watched.sum(dim=1, keepdim=True).clamp(min=1)


# --- user_features ---------------------------------------------------------------------------------------------------


def _scaled(years):
    dated = ~years.isnan()
    return (years - years[dated].mean()) / years[dated].std(correction=0)


def _shares(known, genres):
    return known @ genres / known.sum(dim=1, keepdim=True).clamp(min=1)


def _mean_year(known, scaled):
    n_dated = (known @ (~scaled.isnan()).float()).unsqueeze(1).clamp(min=1)
    return (known @ torch.nan_to_num(scaled)).unsqueeze(1) / n_dated


@mistake(
    "softmax.user_features",
    hint="You counted the movies of each genre. Somebody with a long history then has large numbers everywhere. "
    "Divide by the number of the user's known movies, so that you get shares.",
)
def counts_of_genres(known, genres, years):
    return torch.cat([known @ genres, _mean_year(known, _scaled(years))], dim=1)


@mistake(
    "softmax.user_features",
    hint="Your genre shares add up to 1, because you divided by the number of genre labels. A movie can have several "
    "genres: the share asked for is that of the *movies* that belong to a genre.",
)
def shares_of_labels(known, genres, years):
    counts = known @ genres
    shares = counts / counts.sum(dim=1, keepdim=True).clamp(min=1)
    return torch.cat([shares, _mean_year(known, _scaled(years))], dim=1)


@mistake(
    "softmax.user_features",
    hint="The year is still around 1990, beside shares between 0 and 1. Such a number drowns the others. Subtract "
    "the mean of all years and divide by their standard deviation.",
)
def raw_years(known, genres, years):
    return torch.cat([_shares(known, genres), _mean_year(known, years)], dim=1)


@mistake(
    "softmax.user_features",
    hint="One unknown year makes your result NaN, and from there it spreads to every weight of the network. What is "
    "NaN times 0? Take the unknown years out before you add up.",
)
def nan_spreads(known, genres, years):
    mean_year = (known @ _scaled(years)).unsqueeze(1) / known.sum(dim=1, keepdim=True).clamp(min=1)
    return torch.cat([_shares(known, genres), mean_year], dim=1)


@mistake(
    "softmax.user_features",
    hint="You divided the sum of years by the number of all known movies, also those without a year. An unknown year "
    "then counts as an average one. Divide by the number of known movies that have a year.",
)
def unknown_years_count_as_average(known, genres, years):
    n_known = known.sum(dim=1, keepdim=True).clamp(min=1)
    mean_year = (known @ torch.nan_to_num(_scaled(years))).unsqueeze(1) / n_known
    return torch.cat([_shares(known, genres), mean_year], dim=1)


@mistake(
    "softmax.user_features",
    hint="An unknown year is the year 0 in your computation, the time of Augustus. It shifts the mean and the spread "
    "of all years. Leave unknown years out of both.",
)
def unknown_years_are_zero(known, genres, years):
    years = torch.nan_to_num(years)
    scaled = (years - years.mean()) / years.std(correction=0)
    return torch.cat([_shares(known, genres), _mean_year(known, scaled)], dim=1)


@mistake(
    "softmax.user_features",
    hint="Unknown years are 0 in the sums of your users, and their movies are counted: the year 0 pulls each mean far "
    "down. Leave these movies out of the sum and of the count.",
)
def unknown_years_are_zero_in_the_mean(known, genres, years):
    dated = ~years.isnan()
    n_known = known.sum(dim=1, keepdim=True)
    mean_year = (known @ torch.nan_to_num(years)).unsqueeze(1) / n_known.clamp(min=1)
    scaled = (mean_year - years[dated].mean()) / years[dated].std(correction=0)
    return torch.cat([_shares(known, genres), scaled.masked_fill(n_known == 0, 0)], dim=1)


@mistake(
    "softmax.user_features",
    hint="Your years are 0 for everybody. Is the mean of all years NaN in your code, because one of them is unknown? "
    "Then every scaled year is NaN, too. Take mean and standard deviation of the known years.",
)
def all_years_became_zero(known, genres, years):
    return torch.cat([_shares(known, genres), torch.zeros(len(known), 1)], dim=1)


@mistake(
    "softmax.user_features",
    hint="You divided by the standard deviation with n − 1, which is torch's default. The docstring asks for the one "
    "that divides by the number of years: look for the argument `correction`.",
)
def other_standard_deviation(known, genres, years):
    dated = ~years.isnan()
    scaled = (years - years[dated].mean()) / years[dated].std()
    return torch.cat([_shares(known, genres), _mean_year(known, scaled)], dim=1)


@mistake(
    "softmax.user_features",
    hint="You scaled the mean years over the users you were given. Then a user's number depends on who else is in the "
    "batch, and a single user has no spread at all. Scale with the mean and spread of the movies' years.",
)
def scaled_over_the_batch(known, genres, years):
    means = _mean_year(known, years)
    scaled = (means - means.mean()) / means.std(correction=0).clamp(min=1e-6)
    return torch.cat([_shares(known, genres), scaled], dim=1)


# --- UserTower -------------------------------------------------------------------------------------------------------


class _Tower(nn.Module):
    """What the wrong towers below share: all layers, in their right sizes."""

    def __init__(self, n_movies, n_features, hidden, d, dropout=0.5):
        super().__init__()
        self.bag = nn.Embedding(n_movies, hidden)
        self.side = nn.Linear(n_features, hidden)
        self.dropout = nn.Dropout(dropout)
        self.out = nn.Linear(hidden, d)


@mistake(
    "softmax.UserTower",
    hint="There is no tanh in your hidden layer. Then the whole tower is one linear function of its input, and the "
    "hidden layer adds nothing.",
)
class NoTanh(_Tower):
    def forward(self, rows, features):
        return self.out(self.dropout(rows @ self.bag.weight + self.side(features)))


@mistake(
    "softmax.UserTower",
    hint="You squashed the embedding too. After `out` comes nothing: with every number between −1 and 1 the scores "
    "could not grow as far as the softmax needs.",
)
class TanhAtTheEnd(_Tower):
    def forward(self, rows, features):
        hidden = torch.tanh(rows @ self.bag.weight + self.side(features))
        return torch.tanh(self.out(self.dropout(hidden)))


@mistake(
    "softmax.UserTower",
    hint="You squash the movies' sum alone and add the features after it. Add first: tanh is applied to the sum of "
    "both.",
)
class TanhBeforeAdding(_Tower):
    def forward(self, rows, features):
        hidden = torch.tanh(rows @ self.bag.weight) + self.side(features)
        return self.out(self.dropout(hidden))


@mistake(
    "softmax.UserTower",
    hint="You squash the movies' sum and the features' numbers one by one, and add them after it. Add first: there is "
    "one tanh, of the sum of both.",
)
class TanhOfEach(_Tower):
    def forward(self, rows, features):
        hidden = torch.tanh(rows @ self.bag.weight) + torch.tanh(self.side(features))
        return self.out(self.dropout(hidden))


@mistake(
    "softmax.UserTower",
    hint="You look up the entries of `rows` in the table, as if they were numbers of movies. They are weights, one for "
    "each movie of the table, in its order: a weighted sum of all its vectors is asked for.",
)
class LooksUpTheWeights(_Tower):
    def forward(self, rows, features):
        hidden = torch.tanh(self.bag(rows.long()).sum(dim=1) + self.side(features))
        return self.out(self.dropout(hidden))


@mistake(
    "softmax.UserTower",
    hint="Your tower does not use the features. Send them through `side` and add the result to the sum of the movies' "
    "vectors.",
)
class ForgetsTheFeatures(_Tower):
    def forward(self, rows, features):
        return self.out(self.dropout(torch.tanh(rows @ self.bag.weight)))


@mistake(
    "softmax.UserTower",
    hint="Your hidden layer uses ReLU, which cuts off everything negative. Here tanh is asked for.",
)
class Relu(_Tower):
    def forward(self, rows, features):
        return self.out(self.dropout(torch.relu(rows @ self.bag.weight + self.side(features))))


@mistake(
    "softmax.UserTower",
    hint="Dropout is always on in your tower, also in evaluation mode: the same user gets other recommendations each "
    "time. `F.dropout` must be told the mode; a layer `nn.Dropout` knows it from the model.",
)
class DropsAlways(_Tower):
    def __init__(self, n_movies, n_features, hidden, d, dropout=0.5):
        super().__init__(n_movies, n_features, hidden, d, dropout)
        self.p = dropout

    def forward(self, rows, features):
        hidden = torch.tanh(rows @ self.bag.weight + self.side(features))
        return self.out(F.dropout(hidden, self.p))


@mistake(
    "softmax.UserTower",
    hint="You drop numbers of the embedding, after `out`. Dropout belongs to the hidden layer, so that `out` learns "
    "not to rely on single hidden numbers.",
)
class DropsTheEmbedding(_Tower):
    def forward(self, rows, features):
        hidden = torch.tanh(rows @ self.bag.weight + self.side(features))
        return self.dropout(self.out(hidden))


@mistake(
    "softmax.UserTower",
    hint="You drop numbers before tanh. The order asked for is the other way round: tanh first, then dropout. Dropout "
    "divides what is kept by 1 − p, so that means stay the same, and a tanh after it would spoil that.",
)
class DropsBeforeTanh(_Tower):
    def forward(self, rows, features):
        return self.out(torch.tanh(self.dropout(rows @ self.bag.weight + self.side(features))))


@mistake(
    "softmax.UserTower",
    hint="You drop numbers of the movies' sum before the features are added. So no hidden number is ever set to 0 as "
    "a whole: what the features say is never dropped. Dropout comes last in the hidden layer, after tanh.",
)
class DropsTheMoviesOnly(_Tower):
    def forward(self, rows, features):
        return self.out(torch.tanh(self.dropout(rows @ self.bag.weight) + self.side(features)))


@mistake(
    "softmax.UserTower",
    hint="You set hidden numbers to 0, but leave the others as they are. Then `out` gets smaller sums in training than "
    "in evaluation. Dropout divides what is kept by 1 − p, so that both agree on average; `nn.Dropout` does it.",
)
class DropsWithoutScaling(_Tower):
    def forward(self, rows, features):
        hidden = torch.tanh(rows @ self.bag.weight + self.side(features))
        if self.training:
            hidden = hidden * (torch.rand(hidden.shape) >= self.dropout.p)
        return self.out(hidden)


@mistake(
    "softmax.UserTower",
    hint="There is no dropout in your tower. In training mode some hidden numbers have to be set to 0 at random.",
)
class NeverDrops(_Tower):
    def forward(self, rows, features):
        return self.out(torch.tanh(rows @ self.bag.weight + self.side(features)))


@mistake(
    "softmax.UserTower",
    hint="The dropout probability is fixed in your code. Use the argument `dropout`, so that whoever builds the "
    "tower can choose it, or switch it off with 0.",
)
class FixedDropout(_Tower):
    def __init__(self, n_movies, n_features, hidden, d, dropout=0.5):
        super().__init__(n_movies, n_features, hidden, d, 0.5)

    def forward(self, rows, features):
        return self.out(self.dropout(torch.tanh(rows @ self.bag.weight + self.side(features))))


@mistake(
    "softmax.UserTower",
    hint="Your layers stand in a plain Python list. PyTorch does not look into lists, so an optimizer would train "
    "nothing. Keep each of them as an attribute of its own.",
)
class LayersInAPlainList(nn.Module):
    def __init__(self, n_movies, n_features, hidden, d, dropout=0.5):
        super().__init__()
        self.layers = [nn.Embedding(n_movies, hidden), nn.Linear(n_features, hidden), nn.Linear(hidden, d)]
        self.dropout = nn.Dropout(dropout)

    bag, side, out = (property(lambda self, i=i: self.layers[i]) for i in range(3))

    def forward(self, rows, features):
        return self.out(self.dropout(torch.tanh(rows @ self.bag.weight + self.side(features))))


# --- recommend -------------------------------------------------------------------------------------------------------


@mistake(
    "softmax.recommend",
    hint="Your lists contain movies the user has seen. They tend to have the highest scores, because the model was "
    "trained on them. Take them out before you look for the best.",
)
def recommends_seen_movies(scores, seen, k):
    return scores.topk(k, dim=1).indices


@mistake(
    "softmax.recommend",
    hint="You gave seen movies a score that is not low enough, such as 0. Where all other scores are lower, they are "
    "the best of all. Which number is smaller than every score?",
)
def seen_movies_get_zero(scores, seen, k):
    return scores.masked_fill(seen, 0).topk(k, dim=1).indices


@mistake(
    "softmax.recommend",
    hint="Your lists begin with the worst of the recommended movies: a list sorted upwards ends with the best. Turn it "
    "round.",
)
def worst_first(scores, seen, k):
    return scores.masked_fill(seen, -torch.inf).argsort(dim=1)[:, -k:]


@mistake(
    "softmax.recommend",
    hint="You gave seen movies minus infinity, and then sorted upwards: what was to come last comes first. Sort "
    "downwards.",
)
def the_seen_come_first(scores, seen, k):
    return scores.masked_fill(seen, -torch.inf).argsort(dim=1)[:, :k]


@mistake(
    "softmax.recommend",
    hint="You recommend the movies with the lowest scores. A higher score is better.",
)
def lowest_scores(scores, seen, k):
    return scores.masked_fill(seen, torch.inf).topk(k, dim=1, largest=False).indices


@mistake(
    "softmax.recommend",
    hint="Your mask is the wrong way round: you recommend only what the user has seen. `seen` is True for the movies "
    "to leave out.",
)
def only_seen_movies(scores, seen, k):
    return scores.masked_fill(~seen, -torch.inf).topk(k, dim=1).indices


@mistake(
    "softmax.recommend",
    hint="You wrote into the scores that were given to you. Whoever uses them afterwards finds minus infinity there. "
    "Make a new tensor.",
)
def writes_into_the_scores(scores, seen, k):
    scores[seen] = -torch.inf
    return scores.topk(k, dim=1).indices


@mistake(
    "softmax.recommend",
    hint="You returned the scores of the best movies. The numbers of the movies are asked for, that is their "
    "positions.",
)
def values_instead_of_numbers(scores, seen, k):
    return scores.masked_fill(seen, -torch.inf).topk(k, dim=1).values


# --- precision_at_k --------------------------------------------------------------------------------------------------


def _hits(recommended, relevant):
    return relevant.gather(1, recommended).sum(dim=1), relevant.sum(dim=1)


@mistake(
    "softmax.precision_at_k",
    hint="Users without any relevant movie count in your mean, always with 0. Nobody could do better for them. Leave "
    "them out.",
)
def precision_over_all_users(recommended, relevant):
    hits, _ = _hits(recommended, relevant)
    return (hits / recommended.shape[1]).mean().item()


@mistake(
    "softmax.precision_at_k",
    hint="You divided by the number of relevant movies. That is recall. Precision asks which share of the *list* is "
    "relevant.",
)
def recall_instead(recommended, relevant):
    hits, n_relevant = _hits(recommended, relevant)
    some = n_relevant > 0
    return (hits[some] / n_relevant[some]).mean().item()


@mistake(
    "softmax.precision_at_k",
    hint="You counted the users whose list has at least one hit. That is called hit rate. Precision counts all hits "
    "of a list.",
)
def hit_rate(recommended, relevant):
    hits, n_relevant = _hits(recommended, relevant)
    return (hits[n_relevant > 0] > 0).float().mean().item()


@mistake(
    "softmax.precision_at_k",
    hint="You gave the mean number of hits. A share is asked for, between 0 and 1: divide by the length of the list.",
)
def number_of_hits(recommended, relevant):
    hits, n_relevant = _hits(recommended, relevant)
    return hits[n_relevant > 0].float().mean().item()


@mistake(
    "softmax.precision_at_k",
    hint="You divided by the number of relevant movies where there are fewer than k. Precision always divides by k, "
    "the length of the list; a short wish list makes it low.",
)
def divided_by_the_possible_hits(recommended, relevant):
    hits, n_relevant = _hits(recommended, relevant)
    some = n_relevant > 0
    return (hits[some] / n_relevant[some].clamp(max=recommended.shape[1])).mean().item()


@mistake(
    "softmax.precision_at_k",
    hint="You left out the users for whom no hit was found. Those are the failures: without them the number is too "
    "good. Leave out only users without any relevant movie.",
)
def only_users_with_a_hit(recommended, relevant):
    hits, _ = _hits(recommended, relevant)
    return (hits[hits > 0] / recommended.shape[1]).mean().item()


@mistake(
    "softmax.precision_at_k",
    hint="You divided by 10, whatever the length of the lists. Take k from the shape of `recommended`.",
)
def always_ten(recommended, relevant):
    hits, n_relevant = _hits(recommended, relevant)
    return (hits[n_relevant > 0] / 10).mean().item()


# --- recall_at_k -----------------------------------------------------------------------------------------------------


@mistake(
    "softmax.recall_at_k",
    hint="You divided by the length of the list. That is precision. Recall asks which share of the *relevant* movies "
    "was found.",
)
def precision_instead(recommended, relevant):
    hits, n_relevant = _hits(recommended, relevant)
    return (hits[n_relevant > 0] / recommended.shape[1]).mean().item()


@mistake(
    "softmax.recall_at_k",
    hint="You added up hits and relevant movies of all users and divided once. Then users with many relevant movies "
    "decide. Here each user counts the same: divide for each user, then take the mean.",
)
def pooled(recommended, relevant):
    hits, n_relevant = _hits(recommended, relevant)
    return (hits.sum() / n_relevant.sum()).item()


@mistake(
    "softmax.recall_at_k",
    hint="A user without relevant movies makes your result NaN: 0 hits of 0. Such a user has no recall. Leave these "
    "users out before you divide.",
)
def zero_by_zero(recommended, relevant):
    hits, n_relevant = _hits(recommended, relevant)
    return (hits / n_relevant).mean().item()


@mistake(
    "softmax.recall_at_k",
    hint="Users without any relevant movie count in your mean, with 0. Nobody could do better for them. Leave them "
    "out.",
)
def recall_over_all_users(recommended, relevant):
    hits, n_relevant = _hits(recommended, relevant)
    return (hits / n_relevant.clamp(min=1)).mean().item()


@mistake(
    "softmax.recall_at_k",
    hint="You divided by k where a user has more than k relevant movies. Some do so, but plain recall divides by all "
    "relevant movies, even where a list of k cannot hold them.",
)
def recall_of_the_possible(recommended, relevant):
    hits, n_relevant = _hits(recommended, relevant)
    some = n_relevant > 0
    return (hits[some] / n_relevant[some].clamp(max=recommended.shape[1])).mean().item()


@mistake(
    "softmax.recall_at_k",
    hint="You left out the users for whom no hit was found. Those are the failures: without them the number is too "
    "good. Leave out only users without any relevant movie.",
)
def recall_where_something_was_found(recommended, relevant):
    hits, n_relevant = _hits(recommended, relevant)
    return (hits[hits > 0] / n_relevant[hits > 0]).mean().item()


# --- popularity_bias -------------------------------------------------------------------------------------------------

distractor(
    "softmax.popularity_bias",
    "a",
    hint="Nobody has to tell a model which movies are popular. Count how often each movie is a target in this loss.",
)
distractor(
    "softmax.popularity_bias",
    "b",
    hint="Dividing by the number of movies makes histories of different lengths comparable. It treats a well-known "
    "movie like any other.",
)
distractor(
    "softmax.popularity_bias",
    "c",
    hint="The measure rewards popular movies as well, because the test set was collected in the same way. So a good "
    "score does not show that there is no bias.",
)

# --- sampled_softmax_loss --------------------------------------------------------------------------------------------


def _parts(user_embeddings, movie_embeddings, labels, sampled):
    chosen = (user_embeddings * movie_embeddings[labels]).sum(dim=1)
    return chosen, user_embeddings @ movie_embeddings[sampled].T, labels.unsqueeze(1) == sampled


def _loss(chosen, others):
    return (torch.logsumexp(torch.cat([chosen.unsqueeze(1), others], dim=1), dim=1) - chosen).mean()


@mistake(
    "softmax.sampled_softmax_loss",
    hint="You did not correct the scores. Movies that are drawn often are then pushed down often, and the model "
    "learns to rank them too low. Subtract `log_q` from every score.",
)
def not_corrected(user_embeddings, movie_embeddings, labels, sampled, log_q):
    chosen, others, own = _parts(user_embeddings, movie_embeddings, labels, sampled)
    return _loss(chosen, others.masked_fill(own, -torch.inf))


@mistake(
    "softmax.sampled_softmax_loss",
    hint="You corrected in the wrong direction. A movie that is drawn often stands for few others, so its term in "
    "the sum has to be smaller: subtract `log_q`.",
)
def correction_added(user_embeddings, movie_embeddings, labels, sampled, log_q):
    chosen, others, own = _parts(user_embeddings, movie_embeddings, labels, sampled)
    return _loss(chosen + log_q[labels], (others + log_q[sampled]).masked_fill(own, -torch.inf))


@mistake(
    "softmax.sampled_softmax_loss",
    hint="You corrected the scores of the sampled movies, but not that of the chosen one. They stand in one sum, so "
    "they must be on the same scale.",
)
def chosen_not_corrected(user_embeddings, movie_embeddings, labels, sampled, log_q):
    chosen, others, own = _parts(user_embeddings, movie_embeddings, labels, sampled)
    return _loss(chosen, (others - log_q[sampled]).masked_fill(own, -torch.inf))


@mistake(
    "softmax.sampled_softmax_loss",
    hint="Where a user's own choice is in the sample, it stands in your sum twice, and is pushed down as if it had not "
    "been chosen. Give it a score that removes it from the sampled ones.",
)
def own_choice_as_counterexample(user_embeddings, movie_embeddings, labels, sampled, log_q):
    chosen, others, _ = _parts(user_embeddings, movie_embeddings, labels, sampled)
    return _loss(chosen - log_q[labels], others - log_q[sampled])


@mistake(
    "softmax.sampled_softmax_loss",
    hint="You gave the user's own choice among the sampled movies the score 0, and its exponential, 1, stays in the "
    "sum. Of which score is the exponential 0?",
)
def own_choice_gets_zero(user_embeddings, movie_embeddings, labels, sampled, log_q):
    chosen, others, own = _parts(user_embeddings, movie_embeddings, labels, sampled)
    return _loss(chosen - log_q[labels], (others - log_q[sampled]).masked_fill(own, 0))


@mistake(
    "softmax.sampled_softmax_loss",
    hint="You removed a sampled movie for all users as soon as one of them had chosen it. For the others it is an "
    "example like any other: remove it only where it is that user's own choice.",
)
def anybodys_choice_removed(user_embeddings, movie_embeddings, labels, sampled, log_q):
    chosen, others, own = _parts(user_embeddings, movie_embeddings, labels, sampled)
    return _loss(chosen - log_q[labels], (others - log_q[sampled]).masked_fill(own.any(dim=0), -torch.inf))


@mistake(
    "softmax.sampled_softmax_loss",
    hint="The chosen movie is missing from the sum over the candidates. Then your number is not minus the logarithm "
    "of a probability, and can fall without end.",
)
def chosen_is_no_candidate(user_embeddings, movie_embeddings, labels, sampled, log_q):
    chosen, others, own = _parts(user_embeddings, movie_embeddings, labels, sampled)
    others = (others - log_q[sampled]).masked_fill(own, -torch.inf)
    return (torch.logsumexp(others, dim=1) - (chosen - log_q[labels])).mean()


@mistake(
    "softmax.sampled_softmax_loss",
    hint="You computed the full softmax over all movies. That is what a sample shall spare us: only the chosen movie "
    "and the sampled ones are candidates.",
)
def full_softmax(user_embeddings, movie_embeddings, labels, sampled, log_q):
    return F.cross_entropy(user_embeddings @ movie_embeddings.T - log_q, labels)


@mistake(
    "softmax.sampled_softmax_loss",
    hint="You added up the losses of the batch. Take the mean over its users.",
)
def sampled_sum(user_embeddings, movie_embeddings, labels, sampled, log_q):
    chosen, others, own = _parts(user_embeddings, movie_embeddings, labels, sampled)
    return _loss(chosen - log_q[labels], (others - log_q[sampled]).masked_fill(own, -torch.inf)) * len(labels)


@mistake(
    "softmax.sampled_softmax_loss",
    hint="The exponential of a score of several hundred is too large for a float, and your loss is no longer a number. "
    "Use the function that takes the logarithm of a sum of exponentials at once.",
)
def sampled_overflow(user_embeddings, movie_embeddings, labels, sampled, log_q):
    chosen, others, own = _parts(user_embeddings, movie_embeddings, labels, sampled)
    chosen = torch.exp(chosen - log_q[labels])
    others = torch.exp(others - log_q[sampled]) * ~own
    return -torch.log(chosen / (chosen + others.sum(dim=1))).mean()


# --- sampled_or_full -------------------------------------------------------------------------------------------------

distractor(
    "softmax.sampled_or_full",
    "a",
    hint="Noise can help a little, as dropout does, but a sample is taken to save time. Compare the two on the "
    "validation data before you believe that it makes better lists.",
)
distractor(
    "softmax.sampled_or_full",
    "b",
    hint="The correction makes the sampled sum right on average, however the sample was drawn. One sample is still "
    "only an estimate of it.",
)
distractor(
    "softmax.sampled_or_full",
    "d",
    hint="Recommending needs no softmax: it is enough to sort scores. What is saved is time in training.",
)
