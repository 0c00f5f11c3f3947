"""Known mistakes of the chapter `matrix_factorization`: what students really write, and the hint that cures it.

They stand in the order of the exercises. Where two misconceptions give the same answer, one entry speaks of both.
"""

import copy

import torch
from torch import nn

from grader.implementations import distractor, mistake

# --- factor_tensors --------------------------------------------------------------------------------------------------


def _draw(n_users, n_movies, n_factors, generator, make):
    return make(n_factors, n_users, generator), make(n_factors, n_movies, generator)


@mistake(
    "matrix_factorization.factor_tensors",
    hint="`torch.rand` draws between 0 and 1, so all numbers are positive and every first estimate is about a quarter "
    "of the number of factors. Draw around 0, as the docstring says.",
)
def all_positive(n_users, n_movies, n_factors, generator):
    return _draw(
        n_users, n_movies, n_factors, generator, lambda k, n, g: torch.rand(k, n, generator=g).requires_grad_()
    )


@mistake(
    "matrix_factorization.factor_tensors",
    hint="Between 0 and 0.2 or so the numbers are small, but all positive. Then users and movies all point the same "
    "way at the start. The distribution should have the mean 0.",
)
def small_but_positive(n_users, n_movies, n_factors, generator):
    return _draw(
        n_users,
        n_movies,
        n_factors,
        generator,
        lambda k, n, g: (0.3464 * torch.rand(k, n, generator=g)).requires_grad_(),
    )


@mistake(
    "matrix_factorization.factor_tensors",
    hint="Your numbers have the right mean and spread, but they come from a uniform distribution: none of them lies "
    "far from 0. The docstring asks for a normal one, as `torch.randn` draws it.",
)
def uniform(n_users, n_movies, n_factors, generator):
    return _draw(
        n_users,
        n_movies,
        n_factors,
        generator,
        lambda k, n, g: (0.3464 * (torch.rand(k, n, generator=g) - 0.5)).requires_grad_(),
    )


@mistake(
    "matrix_factorization.factor_tensors",
    hint="With zeros everywhere, the gradient of each tensor is a product with the zeros of the other: it is 0 for "
    "ever, and nothing is ever learnt. Start at small random numbers.",
)
def zeros(n_users, n_movies, n_factors, generator):
    return _draw(n_users, n_movies, n_factors, generator, lambda k, n, g: torch.zeros(k, n, requires_grad=True))


@mistake(
    "matrix_factorization.factor_tensors",
    hint="You switched gradients on first and scaled afterwards. What you return is the result of a computation, and "
    "an optimizer refuses to change such a tensor. Scale first, switch gradients on last.",
)
def not_a_leaf(n_users, n_movies, n_factors, generator):
    return _draw(
        n_users,
        n_movies,
        n_factors,
        generator,
        lambda k, n, g: 0.1 * torch.randn(k, n, generator=g, requires_grad=True),
    )


@mistake(
    "matrix_factorization.factor_tensors",
    hint="The tensors do not record gradients, so `backward()` would find nothing to compute a gradient for. "
    "A tensor has to be told that it will be trained.",
)
def not_trainable(n_users, n_movies, n_factors, generator):
    return _draw(n_users, n_movies, n_factors, generator, lambda k, n, g: 0.1 * torch.randn(k, n, generator=g))


@mistake(
    "matrix_factorization.factor_tensors",
    hint="Your tensors have a row for each user and each movie. Both ways are in use; this docstring wants a column "
    "for each, so the number of factors comes first.",
)
def rows_for_columns(n_users, n_movies, n_factors, generator):
    return _draw(
        n_users,
        n_movies,
        n_factors,
        generator,
        lambda k, n, g: (0.1 * torch.randn(n, k, generator=g)).requires_grad_(),
    )


@mistake(
    "matrix_factorization.factor_tensors",
    hint="Your numbers have the standard deviation 1. A dot product of many such numbers is easily 5 or −5, far from "
    "anything useful. The docstring asks for a tenth of that.",
)
def too_wide(n_users, n_movies, n_factors, generator):
    return _draw(
        n_users, n_movies, n_factors, generator, lambda k, n, g: torch.randn(k, n, generator=g).requires_grad_()
    )


@mistake(
    "matrix_factorization.factor_tensors",
    hint="You did not use the `generator`. Whoever hands one in wants to get the same start again from the same seed.",
)
def ignores_the_generator(n_users, n_movies, n_factors, generator):
    torch.seed()
    return _draw(n_users, n_movies, n_factors, generator, lambda k, n, g: (0.1 * torch.randn(k, n)).requires_grad_())


@mistake(
    "matrix_factorization.factor_tensors",
    hint="Whatever seed the `generator` has, you return the same numbers. Do not set a seed inside the function: runs "
    "with several seeds would then all be the same run.",
)
def sets_its_own_seed(n_users, n_movies, n_factors, generator):
    torch.manual_seed(0)
    return _draw(n_users, n_movies, n_factors, generator, lambda k, n, g: (0.1 * torch.randn(k, n)).requires_grad_())


# --- estimate --------------------------------------------------------------------------------------------------------


@mistake(
    "matrix_factorization.estimate",
    hint="Your result has a row for each movie. The docstring wants a row for each user: which tensor has to stand "
    "first in the product?",
)
def movies_first(user_factors, movies_factors):
    return movies_factors.T @ user_factors


@mistake(
    "matrix_factorization.estimate",
    hint="The shapes do not fit: in a product of two matrices, the columns of the first meet the rows of the second. "
    "Both tensors have the factors in their rows, so one of them has to be turned.",
)
def not_transposed(user_factors, movies_factors):
    return user_factors @ movies_factors


@mistake(
    "matrix_factorization.estimate",
    hint="You turned the second tensor, so that users meet movies in the sum and the factors stay. It should be the "
    "other way round: the factors are summed over, users and movies stay.",
)
def factors_by_factors(user_factors, movies_factors):
    return user_factors @ movies_factors.T


@mistake(
    "matrix_factorization.estimate",
    hint="You turned the right tensor, but `*` multiplies entry by entry. The product of two matrices has another "
    "sign.",
)
def entry_by_entry(user_factors, movies_factors):
    return user_factors.T * movies_factors


@mistake(
    "matrix_factorization.estimate",
    hint="A dot product is a sum. You took the mean over the factors, so every estimate is too small by their number.",
)
def mean_over_factors(user_factors, movies_factors):
    return user_factors.T @ movies_factors / len(user_factors)


@mistake(
    "matrix_factorization.estimate",
    hint="The numbers are right, but cut off from the factors: no gradient can flow back through them. "
    "Leave out `detach`, `no_grad`, and the way through NumPy.",
)
def cut_off(user_factors, movies_factors):
    return (user_factors.T @ movies_factors).detach()


@mistake(
    "matrix_factorization.estimate",
    hint="You squeezed the products through a sigmoid, so that no estimate can ever exceed 1. Here the dot product "
    "itself is the estimate.",
)
def squeezed(user_factors, movies_factors):
    return torch.sigmoid(user_factors.T @ movies_factors)


# --- calc_loss -------------------------------------------------------------------------------------------------------


@mistake(
    "matrix_factorization.calc_loss",
    hint="The sum of squared errors is right. Then it is divided by the number of all cells, most of which are gaps "
    "and add nothing but zeros. How many squared errors were really added up?",
)
def mean_over_all_cells(true_r, est_r, exist):
    true_exist = torch.where(exist, true_r, 0.0)
    est_exist = torch.where(exist, est_r, 0.0)
    return torch.mean(torch.square(true_exist - est_exist))


@mistake(
    "matrix_factorization.calc_loss",
    hint="You compare estimates with what stands at the gaps, as if it were a rating. Only cells where `exist` is True "
    "hold one.",
)
def gaps_count(true_r, est_r, exist):
    return (true_r - est_r).square().mean()


@mistake(
    "matrix_factorization.calc_loss",
    hint="You masked the estimates, but not `true_r`. What stands in `true_r` at the gaps then counts as an error.",
)
def only_estimates_masked(true_r, est_r, exist):
    return (true_r - est_r * exist).square().sum() / exist.sum()


@mistake(
    "matrix_factorization.calc_loss",
    hint="You masked `true_r`, but not the estimates. At the gaps every estimate then counts as an error against 0.",
)
def only_ratings_masked(true_r, est_r, exist):
    return (true_r * exist - est_r).square().sum() / exist.sum()


@mistake(
    "matrix_factorization.calc_loss",
    hint="You guessed from the numbers in `true_r` where ratings are. They mean nothing at the gaps: there may be a "
    "0, a −1, or something that looks like a rating. `exist` says where ratings are.",
)
def guesses_the_mask(true_r, est_r, exist):
    observed = true_r > 0
    return (true_r - est_r)[observed].square().mean()


@mistake(
    "matrix_factorization.calc_loss",
    hint="This is the sum of the squared errors. The mean has the same meaning for few and for many ratings: divide by "
    "how many there are.",
)
def sum_of_squares(true_r, est_r, exist):
    return torch.where(exist, true_r - est_r, 0.0).square().sum()


@mistake(
    "matrix_factorization.calc_loss",
    hint="You took the root. That is good for reporting, but this exercise asks for the mean of the squares "
    "themselves.",
)
def root_taken(true_r, est_r, exist):
    return (true_r - est_r)[exist].square().mean().sqrt()


@mistake(
    "matrix_factorization.calc_loss",
    hint="You averaged absolute errors. The mean *squared* error punishes one error of 2 stars as much as four of 1 "
    "star.",
)
def absolute_errors(true_r, est_r, exist):
    return (true_r - est_r)[exist].abs().mean()


@mistake(
    "matrix_factorization.calc_loss",
    hint="You divided by the number of users. Divide by the number of ratings, all users' together.",
)
def divided_by_users(true_r, est_r, exist):
    return torch.where(exist, true_r - est_r, 0.0).square().sum() / len(true_r)


@mistake(
    "matrix_factorization.calc_loss",
    hint="You took the mean of the users' mean errors. A rating by somebody who has rated little then weighs more than "
    "another. Add everything up first, and divide once.",
)
def mean_of_user_means(true_r, est_r, exist):
    errors = torch.where(exist, true_r - est_r, 0.0).square()
    return (errors.sum(dim=1) / exist.sum(dim=1)).mean()


@mistake(
    "matrix_factorization.calc_loss",
    hint="The number is right, but it is a plain number. `backward()` needs the tensor, with its memory of how it was "
    "computed.",
)
def plain_number(true_r, est_r, exist):
    return (true_r - est_r)[exist].square().mean().item()


# --- mask_changes ----------------------------------------------------------------------------------------------------

distractor(
    "matrix_factorization.mask_changes",
    "a",
    hint="At the gaps the error is multiplied by 0, so the loss says nothing about estimates there, whatever it is "
    "divided by. Compare only the two denominators.",
)
distractor(
    "matrix_factorization.mask_changes",
    "c",
    hint="In both losses every rating has the same share in the sum. Users would weigh differently only if each user's "
    "errors were averaged first.",
)
distractor(
    "matrix_factorization.mask_changes",
    "d",
    hint="Zeros that are there by construction are no evidence. Counting them makes the number smaller, "
    "and no prediction better.",
)


# --- training_step ---------------------------------------------------------------------------------------------------


@mistake(
    "matrix_factorization.training_step",
    hint="The first step is right, the second is not. PyTorch adds a new gradient to the old one. What has to happen "
    "before `backward()`, so that a step uses this step's gradient only?",
)
def gradients_not_cleared(user_factors, movies_factors, true_r, exist, optimizer, estimate, calc_loss):
    estimated = estimate(user_factors, movies_factors)
    loss = calc_loss(true_r, estimated, exist)
    loss.backward()
    optimizer.step()
    return loss.item()


@mistake(
    "matrix_factorization.training_step",
    hint="The factors stay as they are. Either nobody tells the optimizer to take its step, or there are no gradients "
    "when it does: the step comes after `backward()`, and nothing is cleared between the two.",
)
def no_step(user_factors, movies_factors, true_r, exist, optimizer, estimate, calc_loss):
    optimizer.zero_grad()
    loss = calc_loss(true_r, estimate(user_factors, movies_factors), exist)
    loss.backward()
    return loss.item()


@mistake(
    "matrix_factorization.training_step",
    hint="You step before there is a gradient to step along: the first call changes nothing, and the second one uses "
    "the gradient of the first. `backward()` comes before `step()`.",
)
def step_before_backward(user_factors, movies_factors, true_r, exist, optimizer, estimate, calc_loss):
    loss = calc_loss(true_r, estimate(user_factors, movies_factors), exist)
    optimizer.step()
    optimizer.zero_grad()
    loss.backward()
    return loss.item()


@mistake(
    "matrix_factorization.training_step",
    hint="Your function takes several steps. It should take one; the loop around it decides how many there are.",
)
def two_steps(user_factors, movies_factors, true_r, exist, optimizer, estimate, calc_loss):
    for _ in range(2):
        optimizer.zero_grad()
        loss = calc_loss(true_r, estimate(user_factors, movies_factors), exist)
        loss.backward()
        optimizer.step()
    return loss.item()


@mistake(
    "matrix_factorization.training_step",
    hint="You return the loss as a tensor. It remembers the whole computation, and a list of such losses fills the "
    "memory. The docstring wants a plain float.",
)
def returns_the_tensor(user_factors, movies_factors, true_r, exist, optimizer, estimate, calc_loss):
    optimizer.zero_grad()
    loss = calc_loss(true_r, estimate(user_factors, movies_factors), exist)
    loss.backward()
    optimizer.step()
    return loss


@mistake(
    "matrix_factorization.training_step",
    hint="You computed the loss again after the step. The docstring asks for the loss before it, which you have "
    "anyway.",
)
def loss_after_the_step(user_factors, movies_factors, true_r, exist, optimizer, estimate, calc_loss):
    optimizer.zero_grad()
    calc_loss(true_r, estimate(user_factors, movies_factors), exist).backward()
    optimizer.step()
    return calc_loss(true_r, estimate(user_factors, movies_factors), exist).item()


@mistake(
    "matrix_factorization.training_step",
    hint="You wrote the estimates and the loss into the step. Use the functions that are handed in: then the same step "
    "trains with any loss.",
)
def a_loss_of_its_own(user_factors, movies_factors, true_r, exist, optimizer, estimate, calc_loss):
    optimizer.zero_grad()
    loss = (user_factors.T @ movies_factors - true_r)[exist].square().mean()
    loss.backward()
    optimizer.step()
    return loss.item()


@mistake(
    "matrix_factorization.training_step",
    hint="You make an optimizer inside the function, so its learning rate is yours. Use the one that is handed in.",
)
def an_optimizer_of_its_own(user_factors, movies_factors, true_r, exist, optimizer, estimate, calc_loss):
    optimizer = torch.optim.SGD([user_factors, movies_factors], lr=0.01)  # as in the text
    optimizer.zero_grad()
    loss = calc_loss(true_r, estimate(user_factors, movies_factors), exist)
    loss.backward()
    optimizer.step()
    return loss.item()


@mistake(
    "matrix_factorization.training_step",
    hint="Look at the order of the arguments of `calc_loss`: the true ratings come first, then the estimates.",
)
def loss_arguments_swapped(user_factors, movies_factors, true_r, exist, optimizer, estimate, calc_loss):
    optimizer.zero_grad()
    loss = calc_loss(estimate(user_factors, movies_factors), true_r, exist)
    loss.backward()
    optimizer.step()
    return loss.item()


# --- to_range --------------------------------------------------------------------------------------------------------


@mistake(
    "matrix_factorization.to_range",
    hint="You stretched the numbers so that the smallest becomes `low` and the largest `high`. That moves all the good "
    "estimates, too, and by an amount that depends on two extreme ones. Move only what is outside.",
)
def stretched(estimated, low=1.0, high=5.0):
    smallest, largest = estimated.min(), estimated.max()
    return low + (high - low) * (estimated - smallest) / (largest - smallest)


@mistake(
    "matrix_factorization.to_range",
    hint="A sigmoid brings every number into the range, but it bends all of them: an estimate of 3 stars becomes "
    "nearly 5. The estimates are in stars already.",
)
def sigmoid(estimated, low=1.0, high=5.0):
    return low + (high - low) * torch.sigmoid(estimated)


@mistake(
    "matrix_factorization.to_range",
    hint="Estimates above the range are dealt with, those below are not. Nobody can give 0.4 stars either.",
)
def upper_end_only(estimated, low=1.0, high=5.0):
    return estimated.clamp(max=high)


@mistake(
    "matrix_factorization.to_range",
    hint="You always use the range from 1 to 5. Other sites let people give half a star: use `low` and `high`.",
)
def always_one_to_five(estimated, low=1.0, high=5.0):
    return estimated.clamp(1, 5)


@mistake(
    "matrix_factorization.to_range",
    hint="You also rounded. People give whole stars, but an estimate between two of them is worth more: "
    "rounding throws away what makes 3.6 better than 3.4.",
)
def rounded(estimated, low=1.0, high=5.0):
    return estimated.round().clamp(low, high)


@mistake(
    "matrix_factorization.to_range",
    hint="You changed the tensor that was given to you. A function whose name ends with an underscore, and an "
    "assignment to a part of a tensor, work in place. Make a new tensor.",
)
def in_place(estimated, low=1.0, high=5.0):
    return estimated.clamp_(low, high)


@mistake(
    "matrix_factorization.to_range",
    hint="Numbers outside the range became the middle of it. An estimate of 9.5 says “very good”, so it should become "
    "the best rating there is, not an average one.",
)
def outside_becomes_average(estimated, low=1.0, high=5.0):
    return torch.where((estimated < low) | (estimated > high), (low + high) / 2, estimated)


# --- min_max ---------------------------------------------------------------------------------------------------------

distractor(
    "matrix_factorization.min_max",
    "a",
    hint="It has a derivative nearly everywhere. And it is done after training, where nobody needs gradients. "
    "What does it do to a good estimate?",
)
distractor(
    "matrix_factorization.min_max",
    "b",
    hint="All numbers are moved by the same rising line, so who was first stays first. The order is not what it "
    "spoils.",
)
distractor(
    "matrix_factorization.min_max",
    "c",
    hint="More ratings make it worse, if anything: among more estimates the most extreme ones are more extreme. "
    "And these two decide about all others.",
)


# --- sparse_mean_square_error ----------------------------------------------------------------------------------------


def _sparse_error(pairs, values, user_embeddings, movie_embeddings):
    users, movies = pairs
    estimates = (user_embeddings[users] * movie_embeddings[movies]).sum(dim=1)
    return (estimates - values).square().mean()


@mistake(
    "matrix_factorization.sparse_mean_square_error",
    hint="The pairs are in the order in which the ratings came, the values are in sorted order. So nearly every rating "
    "is compared with the estimate of another pair. Where does each of the two come from? (`coalesce()` returns a new "
    "tensor and leaves the old one as it is.)",
)
def permuted_labels(sparse_ratings, user_embeddings, movie_embeddings):
    users, movies = sparse_ratings._indices()
    estimates = (user_embeddings[users] * movie_embeddings[movies]).sum(dim=1)
    errors = estimates - sparse_ratings.coalesce().values()
    return errors.square().mean()


@mistake(
    "matrix_factorization.sparse_mean_square_error",
    hint="Now it is the values that stand in their first order while the pairs are sorted. Both have to come from one "
    "and the same tensor.",
)
def permuted_the_other_way(sparse_ratings, user_embeddings, movie_embeddings):
    pairs = sparse_ratings.coalesce().indices()
    return _sparse_error(pairs, sparse_ratings._values(), user_embeddings, movie_embeddings)


@mistake(
    "matrix_factorization.sparse_mean_square_error",
    hint="You made the tensor dense, which puts a 0 in every gap, and counted these zeros as ratings. "
    "Only the stored entries are ratings.",
)
def gaps_are_zeros(sparse_ratings, user_embeddings, movie_embeddings):
    return (user_embeddings @ movie_embeddings.T - sparse_ratings.to_dense()).square().mean()


@mistake(
    "matrix_factorization.sparse_mean_square_error",
    hint="You divided by the number of all cells. Divide by the number of ratings that are stored.",
)
def divided_by_all_cells(sparse_ratings, user_embeddings, movie_embeddings):
    sparse_ratings = sparse_ratings.coalesce()
    error = _sparse_error(sparse_ratings.indices(), sparse_ratings.values(), user_embeddings, movie_embeddings)
    return error * len(sparse_ratings.values()) / sparse_ratings.numel()


@mistake(
    "matrix_factorization.sparse_mean_square_error",
    hint="Your estimates are means over the embedding's numbers. A dot product is their sum.",
)
def mean_for_a_dot_product(sparse_ratings, user_embeddings, movie_embeddings):
    sparse_ratings = sparse_ratings.coalesce()
    users, movies = sparse_ratings.indices()
    estimates = (user_embeddings[users] * movie_embeddings[movies]).mean(dim=1)
    return (estimates - sparse_ratings.values()).square().mean()


@mistake(
    "matrix_factorization.sparse_mean_square_error",
    hint="You took the root. Its name says *mean square error*: leave the squares as they are.",
)
def root_of_the_error(sparse_ratings, user_embeddings, movie_embeddings):
    sparse_ratings = sparse_ratings.coalesce()
    return _sparse_error(sparse_ratings.indices(), sparse_ratings.values(), user_embeddings, movie_embeddings).sqrt()


@mistake(
    "matrix_factorization.sparse_mean_square_error",
    hint="This adds the squared errors up. Divide by their number, so that more ratings do not mean more error.",
)
def sum_of_errors(sparse_ratings, user_embeddings, movie_embeddings):
    sparse_ratings = sparse_ratings.coalesce()
    error = _sparse_error(sparse_ratings.indices(), sparse_ratings.values(), user_embeddings, movie_embeddings)
    return error * len(sparse_ratings.values())


@mistake(
    "matrix_factorization.sparse_mean_square_error",
    hint="The error is a plain number, which no gradient can be computed from. Return the tensor.",
)
def error_as_a_number(sparse_ratings, user_embeddings, movie_embeddings):
    sparse_ratings = sparse_ratings.coalesce()
    return _sparse_error(sparse_ratings.indices(), sparse_ratings.values(), user_embeddings, movie_embeddings).item()


# --- CFModel ---------------------------------------------------------------------------------------------------------


class _Model(nn.Module):
    """What the wrong models below have in common."""

    def __init__(self, n_users, n_movies, init_stddev, embedding_dim):
        super().__init__()
        self.U = nn.Parameter(self.start(n_users, embedding_dim, init_stddev))
        self.V = nn.Parameter(self.start(n_movies, embedding_dim, init_stddev))

    def start(self, n, embedding_dim, init_stddev):
        return init_stddev * torch.randn(n, embedding_dim)

    def forward(self, users, movies):
        return (self.U[users] * self.V[movies]).sum(dim=1)

    @property
    def embeddings(self):
        return {"user_id": self.U.detach().numpy(), "movie_id": self.V.detach().numpy()}


@mistake(
    "matrix_factorization.CFModel",
    hint="U and V are plain tensors, so an optimizer would train nothing. A module lists only what is an "
    "`nn.Parameter` itself; such a parameter times a number is a plain tensor again.",
)
class PlainTensors(_Model):
    def __init__(self, n_users, n_movies, init_stddev, embedding_dim):
        nn.Module.__init__(self)
        self.U = (init_stddev * torch.randn(n_users, embedding_dim)).requires_grad_()
        self.V = (init_stddev * torch.randn(n_movies, embedding_dim)).requires_grad_()


@mistake(
    "matrix_factorization.CFModel",
    hint="Your U and V are layers, such as `nn.Embedding`, that hold the numbers inside. Here U and V are the numbers "
    "themselves: tensors wrapped in `nn.Parameter`.",
)
class EmbeddingLayers(_Model):
    def __init__(self, n_users, n_movies, init_stddev, embedding_dim):
        nn.Module.__init__(self)
        self.U, self.V = nn.Embedding(n_users, embedding_dim), nn.Embedding(n_movies, embedding_dim)


@mistake(
    "matrix_factorization.CFModel",
    hint="You took `init_stddev` for the variance. The standard deviation itself is the factor by which standard "
    "normal numbers are multiplied.",
)
class RootOfTheSpread(_Model):
    def __init__(self, n_users, n_movies, init_stddev, embedding_dim):
        super().__init__(n_users, n_movies, init_stddev**0.5, embedding_dim)


@mistake(
    "matrix_factorization.CFModel",
    hint="`torch.rand` gives numbers from 0 to 1, all positive. A normal distribution around 0 is asked for.",
)
class UniformStart(_Model):
    def __init__(self, n_users, n_movies, init_stddev, embedding_dim):
        super().__init__(n_users, n_movies, init_stddev, embedding_dim)

    def start(self, n, embedding_dim, init_stddev):
        return init_stddev * torch.rand(n, embedding_dim)


@mistake(
    "matrix_factorization.CFModel",
    hint="You did not use `init_stddev`: the spread of the first numbers is the same whatever is asked for.",
)
class SpreadIgnored(_Model):
    def __init__(self, n_users, n_movies, init_stddev, embedding_dim):
        super().__init__(n_users, n_movies, 1, embedding_dim)


@mistake(
    "matrix_factorization.CFModel",
    hint="Your parameters have a column for each user and movie. Here, as in the docstring, they have a row for each.",
)
class ColumnsForRows(_Model):
    def __init__(self, n_users, n_movies, init_stddev, embedding_dim):
        nn.Module.__init__(self)
        self.U = nn.Parameter(init_stddev * torch.randn(embedding_dim, n_users))
        self.V = nn.Parameter(init_stddev * torch.randn(embedding_dim, n_movies))


@mistake(
    "matrix_factorization.CFModel",
    hint="For n pairs you predict n times n numbers: every user of the pairs with every movie of the pairs. "
    "One prediction a pair is asked for, so multiply row by row.",
)
class EveryUserWithEveryMovie(_Model):
    def __init__(self, n_users, n_movies, init_stddev, embedding_dim):
        super().__init__(n_users, n_movies, init_stddev, embedding_dim)

    def forward(self, users, movies):
        return self.U[users] @ self.V[movies].T


@mistake(
    "matrix_factorization.CFModel",
    hint="You summed over the pairs and kept the embedding's numbers. Sum over the other dimension: one number a pair.",
)
class SummedOverPairs(_Model):
    def __init__(self, n_users, n_movies, init_stddev, embedding_dim):
        super().__init__(n_users, n_movies, init_stddev, embedding_dim)

    def forward(self, users, movies):
        return (self.U[users] * self.V[movies]).sum(dim=0)


@mistake(
    "matrix_factorization.CFModel",
    hint="Your predictions are means over the embedding's numbers; a dot product is their sum.",
)
class MeanOverNumbers(_Model):
    def __init__(self, n_users, n_movies, init_stddev, embedding_dim):
        super().__init__(n_users, n_movies, init_stddev, embedding_dim)

    def forward(self, users, movies):
        return (self.U[users] * self.V[movies]).mean(dim=1)


@mistake(
    "matrix_factorization.CFModel",
    hint="A parameter cannot become a NumPy array while it records gradients. Take it out of PyTorch's memory first: "
    "the error message names the method.",
)
class EmbeddingsNotDetached(_Model):
    def __init__(self, n_users, n_movies, init_stddev, embedding_dim):
        super().__init__(n_users, n_movies, init_stddev, embedding_dim)

    @property
    def embeddings(self):
        return {"user_id": self.U.numpy(), "movie_id": self.V.numpy()}


@mistake(
    "matrix_factorization.CFModel",
    hint="Your `embeddings` are tensors. The docstring wants NumPy arrays, for the libraries that look at them later.",
)
class EmbeddingsAsTensors(_Model):
    def __init__(self, n_users, n_movies, init_stddev, embedding_dim):
        super().__init__(n_users, n_movies, init_stddev, embedding_dim)

    @property
    def embeddings(self):
        return {"user_id": self.U.detach(), "movie_id": self.V.detach()}


# --- train -----------------------------------------------------------------------------------------------------------


def _descend(model, num_iterations, learning_rate, A_train, A_test, *, optimizer=None, clear=True, pairs=None,
             trains_on_test=False, measure=None, test_first=True):  # fmt: skip
    pairs = pairs or (lambda A: (A.coalesce().indices(), A.coalesce().values()))
    ((users, movies), values), ((test_users, test_movies), test_values) = pairs(A_train), pairs(A_test)
    optimizer = optimizer or torch.optim.SGD(model.parameters(), lr=learning_rate)
    history = {"train": [], "test": []}
    number = measure or (lambda loss: loss.item())
    for iteration in range(num_iterations + 1):
        loss = (model(users, movies) - values).square().mean()
        test_loss = (model(test_users, test_movies) - test_values).square().mean()
        history["train"].append(number(loss))
        history["test"].append(number(test_loss))
        if iteration < num_iterations:
            if clear:
                optimizer.zero_grad()
            (loss + test_loss if trains_on_test else loss).backward()
            optimizer.step()
    return history


@mistake(
    "matrix_factorization.train",
    hint="The model's parameters did not change: your optimizer belongs to another model. Make it inside the function, "
    "from the parameters of the `model` that is handed in.",
)
def another_models_optimizer(model, num_iterations, learning_rate, A_train, A_test):
    optimizer = torch.optim.SGD(copy.deepcopy(model).parameters(), lr=learning_rate)
    return _descend(model, num_iterations, learning_rate, A_train, A_test, optimizer=optimizer)


@mistake(
    "matrix_factorization.train",
    hint="Your gradients pile up: from the second step on, each step uses the sum of all gradients so far.",
)
def gradients_pile_up(model, num_iterations, learning_rate, A_train, A_test):
    return _descend(model, num_iterations, learning_rate, A_train, A_test, clear=False)


@mistake(
    "matrix_factorization.train",
    hint="You train on values that belong to other pairs: `_indices()` is in the first order, `coalesce().values()` in "
    "sorted order. Take both from the coalesced tensor.",
)
def trains_on_permuted_labels(model, num_iterations, learning_rate, A_train, A_test):
    return _descend(
        model, num_iterations, learning_rate, A_train, A_test, pairs=lambda A: (A._indices(), A.coalesce().values())
    )


@mistake(
    "matrix_factorization.train",
    hint="The test ratings take part in the loss that you go backward from. They are there to be measured on, and to "
    "be learnt from by nobody.",
)
def trains_on_the_test_too(model, num_iterations, learning_rate, A_train, A_test):
    return _descend(model, num_iterations, learning_rate, A_train, A_test, trains_on_test=True)


@mistake(
    "matrix_factorization.train",
    hint="Your histories are one measurement short: the errors after the last step are missing. "
    "They are the ones that everybody wants to know.",
)
def last_errors_missing(model, num_iterations, learning_rate, A_train, A_test):
    history = _descend(model, num_iterations, learning_rate, A_train, A_test)
    return {name: errors[:-1] for name, errors in history.items()}


@mistake(
    "matrix_factorization.train",
    hint="Your histories are one measurement short: the errors before the first step are missing. "
    "They show where the model started.",
)
def first_errors_missing(model, num_iterations, learning_rate, A_train, A_test):
    history = _descend(model, num_iterations, learning_rate, A_train, A_test)
    return {name: errors[1:] for name, errors in history.items()}


@mistake(
    "matrix_factorization.train",
    hint="You take one step more than `num_iterations`. There are more measurements than steps, by one.",
)
def one_step_too_many(model, num_iterations, learning_rate, A_train, A_test):
    history = _descend(model, num_iterations + 1, learning_rate, A_train, A_test)
    return {name: errors[:-1] for name, errors in history.items()}


@mistake(
    "matrix_factorization.train",
    hint="You used Adam. This exercise asks for plain gradient descent, `torch.optim.SGD`.",
)
def adam(model, num_iterations, learning_rate, A_train, A_test):
    optimizer = torch.optim.Adam(model.parameters(), lr=learning_rate)
    return _descend(model, num_iterations, learning_rate, A_train, A_test, optimizer=optimizer)


@mistake(
    "matrix_factorization.train",
    hint="You always use the same learning rate. Use the one that is handed in.",
)
def fixed_learning_rate(model, num_iterations, learning_rate, A_train, A_test):
    return _descend(model, num_iterations, 0.1, A_train, A_test)


@mistake(
    "matrix_factorization.train",
    hint="Your histories hold root mean squared errors. Mean squared errors are asked for.",
)
def roots(model, num_iterations, learning_rate, A_train, A_test):
    return _descend(model, num_iterations, learning_rate, A_train, A_test, measure=lambda loss: loss.item() ** 0.5)


@mistake(
    "matrix_factorization.train",
    hint="Your histories hold tensors. Each of them keeps a whole computation alive, a thousand of them fill the "
    "memory. Note plain floats.",
)
def keeps_tensors(model, num_iterations, learning_rate, A_train, A_test):
    return _descend(model, num_iterations, learning_rate, A_train, A_test, measure=lambda loss: loss.detach())


@mistake(
    "matrix_factorization.train",
    hint="You measure the training error before each step and the test error after it. Then the two histories do not "
    "belong together: measure both before you step.",
)
def test_error_one_step_ahead(model, num_iterations, learning_rate, A_train, A_test):
    history = _descend(model, num_iterations + 1, learning_rate, A_train, A_test)
    return {"train": history["train"][:-1], "test": history["test"][1:]}


# --- small_start -----------------------------------------------------------------------------------------------------

distractor(
    "matrix_factorization.small_start",
    "b",
    hint="The errors on the training ratings say the opposite: after the same number of steps, both models fit them "
    "about equally well. The difference is in the ratings that were not seen.",
)
distractor(
    "matrix_factorization.small_start",
    "c",
    hint="Both models have the same number of parameters, and all of them can move. What remains of the start after "
    "training?",
)
distractor(
    "matrix_factorization.small_start",
    "d",
    hint="Every start was tried with three seeds, and their errors are far closer to each other than to the other "
    "start's. There is a reason in the numbers that training does not touch.",
)


# --- biased_predictions ----------------------------------------------------------------------------------------------


@mistake(
    "matrix_factorization.biased_predictions",
    hint="The mean is missing. Biases say how far a user or a movie lies above or below it, so without it all "
    "predictions are about 3.5 stars too low.",
)
def mean_forgotten(users, movies, mean, user_biases, movie_biases, user_factors, movie_factors):
    return user_biases[users] + movie_biases[movies] + (user_factors[users] * movie_factors[movies]).sum(dim=1)


@mistake(
    "matrix_factorization.biased_predictions",
    hint="This is the bias model only. The dot product is missing, which says what this user likes about this movie.",
)
def no_taste(users, movies, mean, user_biases, movie_biases, user_factors, movie_factors):
    return mean + user_biases[users] + movie_biases[movies]


@mistake(
    "matrix_factorization.biased_predictions",
    hint="You used the biases of one side only. There is one for the user of a pair and one for its movie.",
)
def movie_biases_forgotten(users, movies, mean, user_biases, movie_biases, user_factors, movie_factors):
    return mean + user_biases[users] + (user_factors[users] * movie_factors[movies]).sum(dim=1)


@mistake(
    "matrix_factorization.biased_predictions",
    hint="For n pairs your dot products are n times n numbers, all users of the pairs with all movies of the pairs. "
    "One prediction a pair is asked for.",
)
def every_pair_of_pairs(users, movies, mean, user_biases, movie_biases, user_factors, movie_factors):
    return mean + user_biases[users] + movie_biases[movies] + user_factors[users] @ movie_factors[movies].T


@mistake(
    "matrix_factorization.biased_predictions",
    hint="You added the products of all pairs up to one number, which every prediction then gets. Sum over the factors "
    "only: one number for each pair.",
)
def one_taste_for_all(users, movies, mean, user_biases, movie_biases, user_factors, movie_factors):
    return mean + user_biases[users] + movie_biases[movies] + (user_factors[users] * movie_factors[movies]).sum()


@mistake(
    "matrix_factorization.biased_predictions",
    hint="You clipped the predictions. They are asked for as they are: whoever measures clips, whoever trains does "
    "not.",
)
def clipped(users, movies, mean, user_biases, movie_biases, user_factors, movie_factors):
    taste = (user_factors[users] * movie_factors[movies]).sum(dim=1)
    return (mean + user_biases[users] + movie_biases[movies] + taste).clamp(1, 5)


@mistake(
    "matrix_factorization.biased_predictions",
    hint="You looked up the users' biases by the numbers of the movies, and the other way round.",
)
def biases_of_the_others(users, movies, mean, user_biases, movie_biases, user_factors, movie_factors):
    taste = (user_factors[users] * movie_factors[movies]).sum(dim=1)
    return mean + user_biases[movies] + movie_biases[users] + taste


# --- best_vectors ----------------------------------------------------------------------------------------------------


def _row_by_row(targets, exist, features, penalties, row_vector):
    return torch.stack([row_vector(t, e, features, penalties) for t, e in zip(targets, exist, strict=True)])


def _solved(F, t, penalty):
    return torch.linalg.solve(F.T @ F + penalty, F.T @ t) if len(t) else torch.zeros(F.shape[1])


@mistake(
    "matrix_factorization.best_vectors",
    hint="Without the penalty, a user with three ratings gets a vector that fits these three perfectly and everything "
    "else badly. The penalties belong on the diagonal.",
)
def no_penalty(targets, exist, features, penalties):
    return _row_by_row(targets, exist, features, penalties, lambda t, e, F, p: _solved(F[e], t[e], 0))


@mistake(
    "matrix_factorization.best_vectors",
    hint="The gaps take part as if somebody had given them a 0, or whatever stands there. Only the columns where "
    "`exist` is True count, in both sums.",
)
def gaps_take_part(targets, exist, features, penalties):
    return _row_by_row(targets, exist, features, penalties, lambda t, e, F, p: _solved(F, t, torch.diag(p)))


@mistake(
    "matrix_factorization.best_vectors",
    hint="On the right side you left the gaps out, but on the left side you summed the products of all columns. That "
    "is the solution for a table in which every gap is a 0.",
)
def left_side_unmasked(targets, exist, features, penalties):
    return _row_by_row(
        targets, exist, features, penalties, lambda t, e, F, p: _solved(F, torch.where(e, t, 0.0), torch.diag(p))
    )


@mistake(
    "matrix_factorization.best_vectors",
    hint="On the left side you left the gaps out, but on the right side the numbers at the gaps of `targets` take "
    "part. They mean nothing, and they need not be 0.",
)
def right_side_unmasked(targets, exist, features, penalties):
    left = [F.T @ F + torch.diag(penalties) for F in (features[row] for row in exist)]
    return torch.linalg.solve(torch.stack(left), targets @ features)


@mistake(
    "matrix_factorization.best_vectors",
    hint="You guessed from the targets which columns count, such as those that are not 0. At a gap there may be any "
    "number. `exist` says which columns count.",
)
def guesses_which_exist(targets, exist, features, penalties):
    return _row_by_row(
        targets, exist, features, penalties, lambda t, e, F, p: _solved(F[t != 0], t[t != 0], torch.diag(p))
    )


@mistake(
    "matrix_factorization.best_vectors",
    hint="You added the penalties to every entry of the matrix, or to whole columns of it. They belong to the squares "
    "w[c]² only, which is the diagonal.",
)
def penalty_everywhere(targets, exist, features, penalties):
    return _row_by_row(targets, exist, features, penalties, lambda t, e, F, p: _solved(F[e], t[e], p))


@mistake(
    "matrix_factorization.best_vectors",
    hint="You used one penalty for all features. Each feature has its own: the level may move more freely than the "
    "taste.",
)
def one_penalty(targets, exist, features, penalties):
    return _row_by_row(
        targets, exist, features, penalties, lambda t, e, F, p: _solved(F[e], t[e], p[0] * torch.eye(len(p)))
    )


@mistake(
    "matrix_factorization.best_vectors",
    hint="You multiplied the penalties by the number of ratings of the row. That is a model of its own, but here the "
    "penalty is the same for everybody, so that many ratings can outweigh it.",
)
def penalty_grows_with_ratings(targets, exist, features, penalties):
    return _row_by_row(
        targets,
        exist,
        features,
        penalties,
        lambda t, e, F, p: _solved(F[e], t[e], torch.diag(p) * max(int(e.sum()), 1)),
    )


@mistake(
    "matrix_factorization.best_vectors",
    hint="You squared the penalties. In the sum they stand as they are; only the numbers of the vector are squared.",
)
def squared_penalties(targets, exist, features, penalties):
    return _row_by_row(targets, exist, features, penalties, lambda t, e, F, p: _solved(F[e], t[e], torch.diag(p**2)))


@mistake(
    "matrix_factorization.best_vectors",
    hint="You kept only the diagonal of the matrix, which solves for each feature by itself. The features depend on "
    "each other, so the whole system has to be solved at once.",
)
def feature_by_feature(targets, exist, features, penalties):
    return _row_by_row(
        targets, exist, features, penalties, lambda t, e, F, p: (F[e].T @ t[e]) / ((F[e] ** 2).sum(dim=0) + p)
    )
