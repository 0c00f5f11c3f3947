"""Known mistakes of the chapter `regularization`, in the order of the exercises."""

import numpy as np
import torch
from torch import nn

from grader.implementations import distractor, mistake

# --- what_is_folding -------------------------------------------------------------------------------------------------

distractor(
    "regularization.what_is_folding",
    "a",
    hint="Overfitting is about the observed ratings being learnt by heart. Folding happens also when every observed "
    "rating, old and new, is predicted well. Which pairs does nobody ask about?",
)
distractor(
    "regularization.what_is_folding",
    "c",
    hint="More columns give room to keep groups apart, but nothing in the loss uses that room: "
    "in the picture two columns were enough for both good and bad places.",
)
distractor(
    "regularization.what_is_folding",
    "d",
    hint="The drawing squeezes nothing: its embeddings have two columns, and the paper has two dimensions. "
    "The groups really are where you see them.",
)

# --- folding_score ---------------------------------------------------------------------------------------------------


@mistake(
    "regularization.folding_score",
    hint="You took dot products. They also grow with the lengths of the embeddings, so that two long vectors look "
    "close in any case. Bring every row to length 1 first.",
)
def dot_products(movie_embeddings, together):
    unrelated = ~together & ~np.eye(len(together), dtype=bool)
    return float((movie_embeddings @ movie_embeddings.T)[unrelated].mean())


@mistake(
    "regularization.folding_score",
    hint="The diagonal is in your mean where it is False in `together`. A movie is always in its own direction, so "
    "each such pair adds a 1 that says nothing.",
)
def with_the_diagonal(movie_embeddings, together):
    directions = movie_embeddings / np.linalg.norm(movie_embeddings, axis=1, keepdims=True)
    return float((directions @ directions.T)[~together].mean())


@mistake(
    "regularization.folding_score",
    hint="You averaged over the pairs that somebody did rate both. These should be close. Folding is about the others.",
)
def the_related_pairs(movie_embeddings, together):
    directions = movie_embeddings / np.linalg.norm(movie_embeddings, axis=1, keepdims=True)
    return float((directions @ directions.T)[together & ~np.eye(len(together), dtype=bool)].mean())


@mistake(
    "regularization.folding_score",
    hint="You averaged over all pairs, related or not. Use `together` to pick those that nobody rated both.",
)
def all_pairs(movie_embeddings, together):
    directions = movie_embeddings / np.linalg.norm(movie_embeddings, axis=1, keepdims=True)
    return float((directions @ directions.T)[~np.eye(len(together), dtype=bool)].mean())


@mistake(
    "regularization.folding_score",
    hint="You divided the sum by the number of all pairs. The mean is taken over the unrelated pairs only, so their "
    "number is what belongs below the line.",
)
def divided_by_all_pairs(movie_embeddings, together):
    directions = movie_embeddings / np.linalg.norm(movie_embeddings, axis=1, keepdims=True)
    unrelated = ~together & ~np.eye(len(together), dtype=bool)
    return float((directions @ directions.T * unrelated).mean())


@mistake(
    "regularization.folding_score",
    hint="You normalised the columns. The length of a movie's embedding is the norm of its row: look at `axis`.",
)
def normalised_columns(movie_embeddings, together):
    directions = movie_embeddings / np.linalg.norm(movie_embeddings, axis=0, keepdims=True)
    unrelated = ~together & ~np.eye(len(together), dtype=bool)
    return float((directions @ directions.T)[unrelated].mean())


@mistake(
    "regularization.folding_score",
    hint="You took absolute values. Opposite directions are not close: a cosine of −1 must count as −1.",
)
def absolute_values(movie_embeddings, together):
    directions = movie_embeddings / np.linalg.norm(movie_embeddings, axis=1, keepdims=True)
    unrelated = ~together & ~np.eye(len(together), dtype=bool)
    return float(np.abs(directions @ directions.T)[unrelated].mean())


@mistake(
    "regularization.folding_score",
    hint="You divided all rows by one number, the norm of the whole table. Every row needs its own length: "
    "tell `np.linalg.norm` along which axis.",
)
def one_norm_for_all(movie_embeddings, together):
    directions = movie_embeddings / np.linalg.norm(movie_embeddings)
    unrelated = ~together & ~np.eye(len(together), dtype=bool)
    return float((directions @ directions.T)[unrelated].mean())


# --- regularization_loss ---------------------------------------------------------------------------------------------


@mistake(
    "regularization.regularization_loss",
    hint="You averaged over all entries of the matrices. The mean is over rows: a row's squared norm is the sum of its "
    "squared entries, so the number of columns does not belong below the line.",
)
def mean_of_entries(U, V):
    return U.square().mean() + V.square().mean()


@mistake(
    "regularization.regularization_loss",
    hint="You summed up the squared norms of all rows. Then a model with more users is punished more. "
    "Divide each sum by its number of rows.",
)
def sum_of_norms(U, V):
    return U.square().sum() + V.square().sum()


@mistake(
    "regularization.regularization_loss",
    hint="You took the norms, without the square. Look at the formula: the squared norm needs no root.",
)
def norms_not_squared(U, V):
    return U.norm(dim=1).mean() + V.norm(dim=1).mean()


@mistake(
    "regularization.regularization_loss",
    hint="You put users and movies into one mean. The formula has two means, each with its own number of rows.",
)
def one_mean_for_both(U, V):
    return (U.square().sum() + V.square().sum()) / (len(U) + len(V))


@mistake(
    "regularization.regularization_loss",
    hint="Only one of the two matrices is in your loss. The other one can then grow without any cost.",
)
def users_only(U, V):
    return U.square().sum() / len(U)


@mistake(
    "regularization.regularization_loss",
    hint="The number you return has no gradient: `item()`, `float()`, `detach()` and NumPy cut the chain. "
    "Stay with tensors.",
)
def no_gradient(U, V):
    return float(U.square().sum() / len(U) + V.square().sum() / len(V))


@mistake(
    "regularization.regularization_loss",
    hint="You summed down the columns and divided by their number. Each row has a squared norm, a sum along the row "
    "(`dim=1`); the mean is over the rows.",
)
def divided_by_the_columns(U, V):
    return U.square().sum(dim=0).mean() + V.square().sum(dim=0).mean()


@mistake(
    "regularization.regularization_loss",
    hint="You squared the mean of the norms. The order matters: square the norm of every row, then take the mean.",
)
def square_of_the_mean_norm(U, V):
    return U.norm(dim=1).mean() ** 2 + V.norm(dim=1).mean() ** 2


# --- gravity_by_sum --------------------------------------------------------------------------------------------------


@mistake(
    "regularization.gravity_by_sum",
    hint="You squared the sum instead of summing the squares. Positive and negative predictions then cancel, and "
    "gravity can be 0 although many predictions are large.",
)
def square_of_the_sum(U, V):
    return (U @ V.T).sum() ** 2 / (len(U) * len(V))


@mistake(
    "regularization.gravity_by_sum",
    hint="You averaged the predictions without squaring them. A large negative prediction would even lower that.",
)
def not_squared(U, V):
    return (U @ V.T).mean()


@mistake(
    "regularization.gravity_by_sum",
    hint="You forgot to divide by the number of pairs. The sum grows with every user and every movie.",
)
def not_divided(U, V):
    return (U @ V.T).square().sum()


@mistake(
    "regularization.gravity_by_sum",
    hint="You went through both matrices side by side: user 0 with movie 0, user 1 with movie 1. "
    "Every user forms a pair with every movie.",
)
def side_by_side(U, V):
    return sum((u @ v) ** 2 for u, v in zip(U, V, strict=False)) / min(len(U), len(V))


@mistake(
    "regularization.gravity_by_sum",
    hint="You took absolute values where the definition has squares.",
)
def absolute_predictions(U, V):
    return (U @ V.T).abs().mean()


@mistake(
    "regularization.gravity_by_sum",
    hint="You multiplied the squared entries. The square belongs around the whole dot product, after its sum.",
)
def squares_inside(U, V):
    return (U.square() @ V.square().T).mean()


@mistake(
    "regularization.gravity_by_sum",
    hint="Only the pairs of the last user are in your sum: it starts from 0 again with every user. Where does the line "
    "that sets it to 0 belong?",
)
def only_the_last_user(U, V):
    return (V @ U[-1]).square().sum() / (len(U) * len(V))


@mistake(
    "regularization.gravity_by_sum",
    hint="Only the pairs of the first user are in your sum: the function returns before the second one comes. Look at "
    "the indentation of `return`.",
)
def only_the_first_user(U, V):
    return (V @ U[0]).square().sum() / (len(U) * len(V))


# --- gravity ---------------------------------------------------------------------------------------------------------


@mistake(
    "regularization.gravity",
    hint="The number is right, but you computed all the predictions on the way: a table with a cell for each pair. "
    "With a million users and a million movies it would fill terabytes. Multiply each matrix with itself first.",
)
def the_whole_table(U, V):
    return (U @ V.T).square().mean()


@mistake(
    "regularization.gravity",
    hint="You multiplied the two small matrices as matrices (`@`) and summed all entries. In the identity each entry "
    "of one is multiplied by the same entry of the other.",
)
def matrix_product(U, V):
    return ((U.T @ U) @ (V.T @ V)).sum() / (len(U) * len(V))


@mistake(
    "regularization.gravity",
    hint="You forgot to divide by the number of pairs: the mean is asked for, not the sum.",
)
def sum_of_the_products(U, V):
    return ((U.T @ U) * (V.T @ V)).sum()


@mistake(
    "regularization.gravity",
    hint="You divided by the number of entries of the small matrices. That is the number of pairs of columns; "
    "the definition divides by the number of pairs of a user and a movie.",
)
def mean_of_the_small_table(U, V):
    return ((U.T @ U) * (V.T @ V)).mean()


@mistake(
    "regularization.gravity",
    hint="You kept only the diagonal, where both columns are the same. The square of a sum has mixed terms too: "
    "sum over all pairs of columns.",
)
def diagonal_only(U, V):
    return (U.square().sum(dim=0) * V.square().sum(dim=0)).sum() / (len(U) * len(V))


@mistake(
    "regularization.gravity",
    hint="The number you return has no gradient: `item()`, `float()`, `detach()` and NumPy cut the chain, and training "
    "would never feel any gravity. Stay with tensors.",
)
def without_a_gradient(U, V):
    U, V = U.detach(), V.detach()
    return ((U.T @ U) * (V.T @ V)).sum() / (len(U) * len(V))


@mistake(
    "regularization.gravity",
    hint="You transposed the wrong factor. `U @ U.T` holds a number for every pair of users, which is large, and fits "
    "to nothing of the movies. Which product leaves only columns?",
)
def users_by_users(U, V):
    return ((U @ U.T) * (V @ V.T)).sum() / (len(U) * len(V))


# --- total_loss ------------------------------------------------------------------------------------------------------


@mistake(
    "regularization.total_loss",
    hint="What you report as the observed loss is the total. Look at the line that builds the dictionary: which of the "
    "names in it already contains the other two parts?",
)
def total_as_observed(error, U, V, regularization_coeff, gravity_coeff, regularization_loss, gravity):
    error = error + regularization_coeff * regularization_loss(U, V)
    error = error + gravity_coeff * gravity(U, V)
    parts = {
        "observed_loss": error.item(),
        "regularization_loss": regularization_coeff * regularization_loss(U, V).item(),
        "gravity_loss": gravity_coeff * gravity(U, V).item(),
    }
    return error, parts


def _parts(error, regularization, pull):
    return {"observed_loss": error.item(), "regularization_loss": regularization.item(), "gravity_loss": pull.item()}


@mistake(
    "regularization.total_loss",
    hint="You now report the right error, but you also minimise it alone: the two other terms have to stay in the "
    "total.",
)
def terms_left_out(error, U, V, regularization_coeff, gravity_coeff, regularization_loss, gravity):
    regularization, pull = regularization_coeff * regularization_loss(U, V), gravity_coeff * gravity(U, V)
    return error, _parts(error, regularization, pull)


@mistake(
    "regularization.total_loss",
    hint="You report the two terms without their coefficients, so the parts no longer add up to what is minimised.",
)
def parts_without_coefficients(error, U, V, regularization_coeff, gravity_coeff, regularization_loss, gravity):
    regularization, pull = regularization_loss(U, V), gravity(U, V)
    total = error + regularization_coeff * regularization + gravity_coeff * pull
    return total, _parts(error, regularization, pull)


@mistake(
    "regularization.total_loss",
    hint="The two coefficients have changed places.",
)
def coefficients_swapped(error, U, V, regularization_coeff, gravity_coeff, regularization_loss, gravity):
    regularization, pull = gravity_coeff * regularization_loss(U, V), regularization_coeff * gravity(U, V)
    return error + regularization + pull, _parts(error, regularization, pull)


@mistake(
    "regularization.total_loss",
    hint="The parts you report are tensors. Kept in a history, each of them holds on to its whole chain of "
    "computations, and memory grows with every step. Report plain numbers: `item()`.",
)
def parts_are_tensors(error, U, V, regularization_coeff, gravity_coeff, regularization_loss, gravity):
    regularization, pull = regularization_coeff * regularization_loss(U, V), gravity_coeff * gravity(U, V)
    parts = {"observed_loss": error, "regularization_loss": regularization, "gravity_loss": pull}
    return error + regularization + pull, parts


@mistake(
    "regularization.total_loss",
    hint="The observed loss you report is the error minus something. The error that was handed in is already what it "
    "should be: report it as it is.",
)
def subtracted_once_more(error, U, V, regularization_coeff, gravity_coeff, regularization_loss, gravity):
    regularization, pull = regularization_coeff * regularization_loss(U, V), gravity_coeff * gravity(U, V)
    return error + regularization + pull, _parts(error - regularization - pull, regularization, pull)


@mistake(
    "regularization.total_loss",
    hint="Gravity and regularization enter your total as plain numbers, which have no gradient. Training would then "
    "follow the error alone. Call `item()` only for the report.",
)
def terms_without_gradient(error, U, V, regularization_coeff, gravity_coeff, regularization_loss, gravity):
    parts = _parts(error, regularization_coeff * regularization_loss(U, V), gravity_coeff * gravity(U, V))
    return error + parts["regularization_loss"] + parts["gravity_loss"], parts


# --- which_coefficient -----------------------------------------------------------------------------------------------

distractor(
    "regularization.which_coefficient",
    "a",
    hint="It is the other way round. Write down both terms for two embeddings that are long and at right angles: "
    "which of them is 0?",
)
distractor(
    "regularization.which_coefficient",
    "b",
    hint="Both make numbers smaller, but not the same numbers. Take two long embeddings at right angles: "
    "what does each term say about them?",
)
distractor(
    "regularization.which_coefficient",
    "c",
    hint="Gravity is a mean over all pairs, the observed ones too. There the error pulls the other way, and wins "
    "as long as the coefficient is not too large.",
)

# --- RegularizedCFModel ----------------------------------------------------------------------------------------------


class _Base(nn.Module):
    """What the mistakes have in common, and get right."""

    def forward(self, users, movies):
        return (self.U[users] * self.V[movies]).sum(dim=1)

    @property
    def embeddings(self):
        return {"user_id": self.U.detach().numpy(), "movie_id": self.V.detach().numpy()}

    def _keep(self, regularization_coeff, gravity_coeff):
        self.regularization_coeff, self.gravity_coeff = regularization_coeff, gravity_coeff

    def _create(self, n_users, n_movies, init_stddev, embedding_dim, seed):
        generator = torch.Generator().manual_seed(seed)
        self.U = nn.Parameter(init_stddev * torch.randn(n_users, embedding_dim, generator=generator))
        self.V = nn.Parameter(init_stddev * torch.randn(n_movies, embedding_dim, generator=generator))


@mistake(
    "regularization.RegularizedCFModel",
    hint="Three things are wrong. Ask a new model for its parameters: there are none yet. Call `eval()`: it calls "
    "`train`, and finds something else there. Create two models with one seed: they differ.",
)
class LateAndShadowed(_Base):
    def __init__(
        self, n_users, n_movies, init_stddev, regularization_coeff=0.1, gravity_coeff=1.0, embedding_dim=50, seed=0
    ):
        super().__init__()
        self.shape = (n_users, n_movies, embedding_dim)
        self.init_stddev = init_stddev
        self._keep(regularization_coeff, gravity_coeff)
        self.U = self.V = None
        self.train = []

    def forward(self, users, movies):
        if self.U is None:
            n_users, n_movies, embedding_dim = self.shape
            self.U = nn.Parameter(self.init_stddev * torch.randn(n_users, embedding_dim))
            self.V = nn.Parameter(self.init_stddev * torch.randn(n_movies, embedding_dim))
        return super().forward(users, movies)


@mistake(
    "regularization.RegularizedCFModel",
    hint="The parameters are made when the model is first called. An optimiser that was created before then found "
    "nothing to train. Create them in `__init__`.",
)
class LateParameters(_Base):
    def __init__(
        self, n_users, n_movies, init_stddev, regularization_coeff=0.1, gravity_coeff=1.0, embedding_dim=50, seed=0
    ):
        super().__init__()
        self.late = (n_users, n_movies, init_stddev, embedding_dim, seed)
        self._keep(regularization_coeff, gravity_coeff)
        self.U = self.V = None

    def forward(self, users, movies):
        if self.U is None:
            self._create(*self.late)
        return super().forward(users, movies)


@mistake(
    "regularization.RegularizedCFModel",
    hint="`train` means something else in your model than in every other one: an attribute or a method of that name "
    "hides the one that switches the mode, which `eval()` needs. Find another name.",
)
class ShadowsTrain(_Base):
    def __init__(
        self, n_users, n_movies, init_stddev, regularization_coeff=0.1, gravity_coeff=1.0, embedding_dim=50, seed=0
    ):
        super().__init__()
        self._create(n_users, n_movies, init_stddev, embedding_dim, seed)
        self._keep(regularization_coeff, gravity_coeff)

    def train(self, num_iterations, learning_rate, ratings):
        return self


@mistake(
    "regularization.RegularizedCFModel",
    hint="The first embeddings do not depend on the seed: two models with the same seed differ, so no result can be "
    "repeated. Draw with a `torch.Generator` that starts from `seed`.",
)
class IgnoresTheSeed(_Base):
    def __init__(
        self, n_users, n_movies, init_stddev, regularization_coeff=0.1, gravity_coeff=1.0, embedding_dim=50, seed=0
    ):
        super().__init__()
        self.U = nn.Parameter(init_stddev * torch.randn(n_users, embedding_dim))
        self.V = nn.Parameter(init_stddev * torch.randn(n_movies, embedding_dim))
        self._keep(regularization_coeff, gravity_coeff)


@mistake(
    "regularization.RegularizedCFModel",
    hint="Every model gets the same first embeddings, whatever its seed. Results over several seeds would then have "
    "no spread at all, which looks better than it is.",
)
class AlwaysTheSameSeed(_Base):
    def __init__(
        self, n_users, n_movies, init_stddev, regularization_coeff=0.1, gravity_coeff=1.0, embedding_dim=50, seed=0
    ):
        super().__init__()
        self._create(n_users, n_movies, init_stddev, embedding_dim, 0)
        self._keep(regularization_coeff, gravity_coeff)


@mistake(
    "regularization.RegularizedCFModel",
    hint="Users and movies start with the same numbers: user 0 has the embedding of movie 0. Set the seed once, then "
    "draw both from the same generator, one after the other.",
)
class SeededTwice(_Base):
    def __init__(
        self, n_users, n_movies, init_stddev, regularization_coeff=0.1, gravity_coeff=1.0, embedding_dim=50, seed=0
    ):
        super().__init__()
        torch.manual_seed(seed)
        self.U = nn.Parameter(init_stddev * torch.randn(n_users, embedding_dim))
        torch.manual_seed(seed)
        self.V = nn.Parameter(init_stddev * torch.randn(n_movies, embedding_dim))
        self._keep(regularization_coeff, gravity_coeff)


@mistake(
    "regularization.RegularizedCFModel",
    hint="Your embeddings are plain tensors. PyTorch looks for `nn.Parameter` and finds none, so an optimiser over "
    "`model.parameters()` has nothing to change.",
)
class PlainTensors(_Base):
    def __init__(
        self, n_users, n_movies, init_stddev, regularization_coeff=0.1, gravity_coeff=1.0, embedding_dim=50, seed=0
    ):
        super().__init__()
        generator = torch.Generator().manual_seed(seed)
        self.U = init_stddev * torch.randn(n_users, embedding_dim, generator=generator)
        self.V = init_stddev * torch.randn(n_movies, embedding_dim, generator=generator)
        self._keep(regularization_coeff, gravity_coeff)


@mistake(
    "regularization.RegularizedCFModel",
    hint="The first embeddings have standard deviation 1: `torch.randn` does not know `init_stddev`. Multiply by it.",
)
class StandardSpread(_Base):
    def __init__(
        self, n_users, n_movies, init_stddev, regularization_coeff=0.1, gravity_coeff=1.0, embedding_dim=50, seed=0
    ):
        super().__init__()
        self._create(n_users, n_movies, 1.0, embedding_dim, seed)
        self._keep(regularization_coeff, gravity_coeff)


@mistake(
    "regularization.RegularizedCFModel",
    hint="The first embeddings lie evenly between 0 and a bound. They should be normal with mean 0: if all numbers are "
    "positive, all movies start in the same corner.",
)
class UniformStart(_Base):
    def __init__(
        self, n_users, n_movies, init_stddev, regularization_coeff=0.1, gravity_coeff=1.0, embedding_dim=50, seed=0
    ):
        super().__init__()
        generator = torch.Generator().manual_seed(seed)
        self.U = nn.Parameter(init_stddev * torch.rand(n_users, embedding_dim, generator=generator))
        self.V = nn.Parameter(init_stddev * torch.rand(n_movies, embedding_dim, generator=generator))
        self._keep(regularization_coeff, gravity_coeff)


@mistake(
    "regularization.RegularizedCFModel",
    hint="Users and movies share one matrix: user 0 has the embedding of movie 0. They are different things and need a "
    "matrix each, both of them parameters.",
)
class Tied(_Base):
    def __init__(
        self, n_users, n_movies, init_stddev, regularization_coeff=0.1, gravity_coeff=1.0, embedding_dim=50, seed=0
    ):
        super().__init__()
        generator = torch.Generator().manual_seed(seed)
        n = max(n_users, n_movies)
        self.both = nn.Parameter(init_stddev * torch.randn(n, embedding_dim, generator=generator))
        self.n_users, self.n_movies = n_users, n_movies
        self._keep(regularization_coeff, gravity_coeff)

    @property
    def U(self):
        return self.both[: self.n_users]

    @property
    def V(self):
        return self.both[: self.n_movies]


# --- train_regularized -----------------------------------------------------------------------------------------------


@mistake(
    "regularization.train_regularized",
    hint="The second model you train does not move. Is its optimiser a new one? One that was created in the first call "
    "and kept holds the parameters of the first model for ever. Or does no step see the gradients, because they are "
    "cleared between `backward()` and `step()`?",
)
def the_first_models_optimizer(model, loss, users, movies, stars, num_iterations=50, learning_rate=0.1):
    history = []
    for _ in range(num_iterations):
        error = (model(users, movies) - stars).square().mean()
        total, parts = loss(model, error)
        total.backward()
        history.append(parts)
    return history


def _train(model, loss, users, movies, stars, num_iterations, optimizer, extra=0, clear=True, only_error=False):
    history = []
    for _ in range(num_iterations + extra):
        error = (model(users, movies) - stars).square().mean()
        total, parts = loss(model, error)
        if clear:
            optimizer.zero_grad()
        (error if only_error else total).backward()
        optimizer.step()
        history.append(parts)
    return history


@mistake(
    "regularization.train_regularized",
    hint="The gradients are never cleared, so every step uses the sum of all gradients so far.",
)
def never_cleared(model, loss, users, movies, stars, num_iterations=50, learning_rate=0.1):
    optimizer = torch.optim.Adam(model.parameters(), lr=learning_rate)
    return _train(model, loss, users, movies, stars, num_iterations, optimizer, clear=False)


@mistake(
    "regularization.train_regularized",
    hint="Your steps follow the error alone. The loss to minimise is the first thing that `loss` returns.",
)
def minimises_the_error(model, loss, users, movies, stars, num_iterations=50, learning_rate=0.1):
    optimizer = torch.optim.Adam(model.parameters(), lr=learning_rate)
    return _train(model, loss, users, movies, stars, num_iterations, optimizer, only_error=True)


@mistake(
    "regularization.train_regularized",
    hint="You take one step too many. `num_iterations` is the number of steps, and the history has an entry for each.",
)
def one_step_too_many(model, loss, users, movies, stars, num_iterations=50, learning_rate=0.1):
    optimizer = torch.optim.Adam(model.parameters(), lr=learning_rate)
    return _train(model, loss, users, movies, stars, num_iterations, optimizer, extra=1)


@mistake(
    "regularization.train_regularized",
    hint="You create a new optimiser in every step. Adam then forgets what it knows about earlier gradients, and each "
    "of its steps has the full length. Create it once a call.",
)
def new_optimizer_in_every_step(model, loss, users, movies, stars, num_iterations=50, learning_rate=0.1):
    history = []
    for _ in range(num_iterations):
        optimizer = torch.optim.Adam(model.parameters(), lr=learning_rate)
        history += _train(model, loss, users, movies, stars, 1, optimizer)
    return history


@mistake(
    "regularization.train_regularized",
    hint="You keep one optimiser for each model. In a second call it goes on with the old learning rate and its memory "
    "of old gradients. Create it anew in each call.",
)
def kept_with_the_model(model, loss, users, movies, stars, num_iterations=50, learning_rate=0.1):
    if not hasattr(model, "optimizer"):
        model.optimizer = torch.optim.Adam(model.parameters(), lr=learning_rate)
    return _train(model, loss, users, movies, stars, num_iterations, model.optimizer)


@mistake(
    "regularization.train_regularized",
    hint="You use SGD. The docstring asks for Adam, whose steps adapt to each parameter.",
)
def plain_sgd(model, loss, users, movies, stars, num_iterations=50, learning_rate=0.1):
    optimizer = torch.optim.SGD(model.parameters(), lr=learning_rate)
    return _train(model, loss, users, movies, stars, num_iterations, optimizer)


@mistake(
    "regularization.train_regularized",
    hint="You hand the optimiser a choice of the parameters. A model may have more of them than you know of: "
    "`model.parameters()` has them all.",
)
def some_parameters(model, loss, users, movies, stars, num_iterations=50, learning_rate=0.1):
    optimizer = torch.optim.Adam([model.U, model.V], lr=learning_rate)
    return _train(model, loss, users, movies, stars, num_iterations, optimizer)


@mistake(
    "regularization.train_regularized",
    hint="The learning rate that is handed in is not used: Adam takes its own, 0.001, when it is told nothing.",
)
def default_learning_rate(model, loss, users, movies, stars, num_iterations=50, learning_rate=0.1):
    optimizer = torch.optim.Adam(model.parameters())
    return _train(model, loss, users, movies, stars, num_iterations, optimizer)


# --- neighbours_share ------------------------------------------------------------------------------------------------


@mistake(
    "regularization.neighbours_share",
    hint="The movie is its own nearest neighbour, and you counted it. Leave `query` out.",
)
def counts_itself(movie_embeddings, query, member, k=5):
    directions = movie_embeddings / np.linalg.norm(movie_embeddings, axis=1, keepdims=True)
    return float(member[np.argsort(-(directions @ directions[query]))[:k]].mean())


@mistake(
    "regularization.neighbours_share",
    hint="Your order is that of the dot product, which favours long embeddings: popular movies are then everybody's "
    "neighbours. Bring each row to length 1 first. (Dividing all rows by one norm, that of the whole table, changes no "
    "order.)",
)
def by_dot_product(movie_embeddings, query, member, k=5):
    scores = movie_embeddings @ movie_embeddings[query]
    scores[query] = -np.inf
    return float(member[np.argsort(-scores)[:k]].mean())


@mistake(
    "regularization.neighbours_share",
    hint="You took the k movies with the smallest similarity. `np.argsort` puts the smallest first.",
)
def the_farthest(movie_embeddings, query, member, k=5):
    directions = movie_embeddings / np.linalg.norm(movie_embeddings, axis=1, keepdims=True)
    return float(member[np.argsort(directions @ directions[query])[:k]].mean())


@mistake(
    "regularization.neighbours_share",
    hint="You ranked by distance. Two movies in the same direction are far apart when one is long; the cosine asks for "
    "the direction only.",
)
def by_distance(movie_embeddings, query, member, k=5):
    distance = np.linalg.norm(movie_embeddings - movie_embeddings[query], axis=1)
    distance[query] = np.inf
    return float(member[np.argsort(distance)[:k]].mean())


@mistake(
    "regularization.neighbours_share",
    hint="You counted the members among the neighbours. A share is that count divided by k.",
)
def a_count(movie_embeddings, query, member, k=5):
    directions = movie_embeddings / np.linalg.norm(movie_embeddings, axis=1, keepdims=True)
    similarity = directions @ directions[query]
    similarity[query] = -np.inf
    return float(member[np.argsort(-similarity)[:k]].sum())


@mistake(
    "regularization.neighbours_share",
    hint="You divided by the size of the group. The share is of the neighbours: divide by k.",
)
def share_of_the_group(movie_embeddings, query, member, k=5):
    directions = movie_embeddings / np.linalg.norm(movie_embeddings, axis=1, keepdims=True)
    similarity = directions @ directions[query]
    similarity[query] = -np.inf
    return float(member[np.argsort(-similarity)[:k]].sum() / member.sum())


@mistake(
    "regularization.neighbours_share",
    hint="You took k movies, the query among them, and then left it out: one neighbour is missing. Leave it out before "
    "you take k.",
)
def one_neighbour_too_few(movie_embeddings, query, member, k=5):
    directions = movie_embeddings / np.linalg.norm(movie_embeddings, axis=1, keepdims=True)
    return float(member[np.argsort(-(directions @ directions[query]))[1:k]].mean())


@mistake(
    "regularization.neighbours_share",
    hint="Where all cosines are negative, the movie itself is among its neighbours. A similarity of 0 with itself is "
    "not small enough to leave it out: take a value below every cosine.",
)
def own_similarity_zero(movie_embeddings, query, member, k=5):
    directions = movie_embeddings / np.linalg.norm(movie_embeddings, axis=1, keepdims=True)
    similarity = directions @ directions[query]
    similarity[query] = 0
    return float(member[np.argsort(-similarity)[:k]].mean())


# --- worse_error_better_lists ----------------------------------------------------------------------------------------

distractor(
    "regularization.worse_error_better_lists",
    "a",
    hint="The difference is larger than any noise: look at the spread over three seeds. And it has the same sign in "
    "every one of them.",
)
distractor(
    "regularization.worse_error_better_lists",
    "b",
    hint="A model that overfits less has a smaller error on the test ratings. But gravity doubles that error, while it "
    "makes the lists better. So something else must have helped the lists.",
)
distractor(
    "regularization.worse_error_better_lists",
    "d",
    hint="Shrinking all predictions by one factor would change no order and so no list. Gravity shrinks some much more "
    "than others: which ones?",
)

# --- new_user_embedding ----------------------------------------------------------------------------------------------


@mistake(
    "regularization.new_user_embedding",
    hint="Gravity is missing. Its matrix is made of all movies, not only of the rated ones.",
)
def without_gravity(V, movies, stars, a, b):
    rated = V[movies]
    return torch.linalg.solve(rated.T @ rated + a * torch.eye(V.shape[1]), rated.T @ stars)


@mistake(
    "regularization.new_user_embedding",
    hint="Your gravity sums over the rated movies only. It has to pull at the predictions for all movies, above all "
    "for those nobody asked about.",
)
def gravity_of_the_rated(V, movies, stars, a, b):
    rated = V[movies]
    return torch.linalg.solve((1 + b) * rated.T @ rated + a * torch.eye(V.shape[1]), rated.T @ stars)


@mistake(
    "regularization.new_user_embedding",
    hint="Your gravity leaves the rated movies out. It sums over all movies, the rated ones too.",
)
def gravity_of_the_unrated(V, movies, stars, a, b):
    rated = V[movies]
    unrated = V[[j for j in range(len(V)) if j not in movies.tolist()]]
    matrix = rated.T @ rated + a * torch.eye(V.shape[1]) + b * unrated.T @ unrated
    return torch.linalg.solve(matrix, rated.T @ stars)


@mistake(
    "regularization.new_user_embedding",
    hint="The term for the length is missing. Without it a user with few ratings and b = 0 has no unique best "
    "embedding, and the system of equations none or many solutions.",
)
def without_the_length(V, movies, stars, a, b):
    rated = V[movies]
    matrix = rated.T @ rated + b * V.T @ V + 1e-6 * torch.eye(V.shape[1])
    return torch.linalg.solve(matrix, rated.T @ stars)


@mistake(
    "regularization.new_user_embedding",
    hint="You added `a` to every entry of the matrix. The squared length of u belongs on the diagonal only.",
)
def a_everywhere(V, movies, stars, a, b):
    rated = V[movies]
    return torch.linalg.solve(rated.T @ rated + a + b * V.T @ V, rated.T @ stars)


@mistake(
    "regularization.new_user_embedding",
    hint="The weights `a` and `b` have changed places.",
)
def weights_swapped(V, movies, stars, a, b):
    rated = V[movies]
    matrix = rated.T @ rated + b * torch.eye(V.shape[1]) + a * V.T @ V
    return torch.linalg.solve(matrix, rated.T @ stars)


@mistake(
    "regularization.new_user_embedding",
    hint="You used all movies in the term of the error, as if those without a rating had been rated 0 stars. Only the "
    "rated movies have an error.",
)
def zeros_for_the_unrated(V, movies, stars, a, b):
    matrix = V.T @ V + a * torch.eye(V.shape[1]) + b * V.T @ V
    return torch.linalg.solve(matrix, V[movies].T @ stars)


@mistake(
    "regularization.new_user_embedding",
    hint="A factor 2 went astray. Every term of the gradient has one, the error too, so they cancel.",
)
def a_factor_of_two(V, movies, stars, a, b):
    rated = V[movies]
    matrix = rated.T @ rated + 2 * a * torch.eye(V.shape[1]) + 2 * b * V.T @ V
    return torch.linalg.solve(matrix, rated.T @ stars)
