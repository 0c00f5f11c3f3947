"""Known mistakes of the chapter `autorec`: what students really write, and the hint that cures it.

They stand in the order of the exercises. Where two misconceptions give the same answer, one entry speaks of both.
"""

import numpy as np
import torch
from torch import nn

from grader.implementations import distractor, mistake

# --- data_preprocessor -----------------------------------------------------------------------------------------------


@mistake(
    "autorec.data_preprocessor",
    hint="`np.full` takes its type from the number it is given: with a whole number it makes a matrix of 64-bit whole "
    "numbers, and every half star is cut off when it is written in. (With `average=True` a float matrix of 64 bits "
    "appears instead, and somebody without ratings gets 0.) Say which `dtype` you want.",
)
def whole_numbers_in_a_loop(users, movies, ratings, num_users, num_items, init_value=0, average=False):
    matrix = np.full((num_users, num_items), 0.0 if average else init_value)
    for user, movie, rating in zip(users, movies, ratings, strict=True):
        matrix[user, movie] = rating
    if average:
        means = matrix.sum(axis=1) / np.maximum((matrix != 0).sum(axis=1), 1)
        gaps = np.where(matrix == 0)
        matrix[gaps] = means[gaps[0]]
    return matrix


@mistake(
    "autorec.data_preprocessor",
    hint="The matrix has 64-bit numbers. PyTorch's layers want 32 bits, and half of the memory would be wasted. "
    "`dtype=np.float32` is what the docstring asks for.",
)
def sixty_four_bits(users, movies, ratings, num_users, num_items, init_value=0, average=False):
    matrix = np.full((num_users, num_items), float(init_value))
    if average:
        for user in range(num_users):
            own = ratings[users == user]
            matrix[user] = own.mean() if len(own) else ratings.mean()
    matrix[users, movies] = ratings
    return matrix


@mistake(
    "autorec.data_preprocessor",
    hint="The average was taken over all cells of a row, also the gaps. A user's mean is the sum of the ratings "
    "divided "
    "by the number of ratings.",
)
def average_over_all_cells(users, movies, ratings, num_users, num_items, init_value=0, average=False):
    matrix = np.full((num_users, num_items), init_value, dtype=np.float32)
    if average:
        means = np.bincount(users, weights=ratings, minlength=num_users) / num_items
        means[np.bincount(users, minlength=num_users) == 0] = ratings.mean()
        matrix[:] = means[:, None]
    matrix[users, movies] = ratings
    return matrix


@mistake(
    "autorec.data_preprocessor",
    hint="You filled the gaps with the mean of each movie's column. The default rating asked for is the average of "
    "the user, who is a row.",
)
def average_of_the_movie(users, movies, ratings, num_users, num_items, init_value=0, average=False):
    matrix = np.full((num_users, num_items), init_value, dtype=np.float32)
    if average:
        counts = np.bincount(movies, minlength=num_items)
        means = np.bincount(movies, weights=ratings, minlength=num_items) / np.maximum(counts, 1)
        matrix[:] = np.where(counts > 0, means, ratings.mean())
    matrix[users, movies] = ratings
    return matrix


@mistake(
    "autorec.data_preprocessor",
    hint="You filled the gaps of all users with one number, the mean of all ratings. Ask for each user: what does this "
    "person usually give?",
)
def one_average_for_all(users, movies, ratings, num_users, num_items, init_value=0, average=False):
    default = ratings.mean() if average else init_value
    matrix = np.full((num_users, num_items), default, dtype=np.float32)
    matrix[users, movies] = ratings
    return matrix


@mistake(
    "autorec.data_preprocessor",
    hint="A user without ratings got 0, or NaN from 0 divided by 0. The docstring says which default such a user gets.",
)
def newcomer_gets_zero(users, movies, ratings, num_users, num_items, init_value=0, average=False):
    matrix = np.full((num_users, num_items), init_value, dtype=np.float32)
    if average:
        counts = np.bincount(users, minlength=num_users)
        means = np.bincount(users, weights=ratings, minlength=num_users) / np.maximum(counts, 1)
        matrix[:] = means[:, None]
    matrix[users, movies] = ratings
    return matrix


@mistake(
    "autorec.data_preprocessor",
    hint="A user without ratings got the mean of the users' means. There, a user with one rating counts as much as one "
    "with many. The docstring asks for the mean of all ratings.",
)
def newcomer_gets_mean_of_means(users, movies, ratings, num_users, num_items, init_value=0, average=False):
    matrix = np.full((num_users, num_items), init_value, dtype=np.float32)
    if average:
        counts = np.bincount(users, minlength=num_users)
        means = np.bincount(users, weights=ratings, minlength=num_users) / np.maximum(counts, 1)
        means[counts == 0] = means[counts > 0].mean()
        matrix[:] = means[:, None]
    matrix[users, movies] = ratings
    return matrix


# --- default_rating --------------------------------------------------------------------------------------------------

distractor(
    "autorec.default_rating",
    "a",
    hint="The mask is in the loss: it keeps the gaps out of the *targets*. Is there a mask in front of the encoder?",
)
distractor(
    "autorec.default_rating",
    "c",
    hint="0 is a number like any other. A weight times 0 is 0, so nothing is added, which is good; but what does 0 say "
    "beside ratings of 1 to 5? Is it a neutral opinion?",
)
distractor(
    "autorec.default_rating",
    "d",
    hint="Biases can take up what is the same for every user. But a user with many ratings has fewer gaps than one "
    "with "
    "few, so the sum of the defaults differs between users.",
)


# --- masked_se -------------------------------------------------------------------------------------------------------


@mistake(
    "autorec.masked_se",
    hint="You added up over all cells, as if a gap were a rating of 0 stars. Multiply by a mask first. `y_true` says "
    "where the gaps are; predictions have none.",
)
def se_over_all_cells(y_true, y_pred):
    return (y_true - y_pred).square().sum(dim=1)


@mistake(
    "autorec.masked_se",
    hint="You added up everything to one number. One sum for each row is asked for: along which dimension does one "
    "walk "
    "to stay in a row?",
)
def se_as_one_number(y_true, y_pred):
    return ((y_true != 0) * (y_true - y_pred)).square().sum()


@mistake(
    "autorec.masked_se",
    hint="You added up along the wrong dimension, so there is one number for each column.",
)
def se_of_columns(y_true, y_pred):
    return ((y_true != 0) * (y_true - y_pred)).square().sum(dim=0)


@mistake(
    "autorec.masked_se",
    hint="You divided by the number of ratings of a row. That is a mean; here the sum is asked for.",
)
def se_averaged(y_true, y_pred):
    mask = (y_true != 0).float()
    return (mask * (y_true - y_pred)).square().sum(dim=1) / mask.sum(dim=1).clamp(min=1)


@mistake(
    "autorec.masked_se",
    hint="You squared the sum of the errors. Then an error of +1 and one of −1 cancel. Square every error first, then "
    "add up.",
)
def se_square_of_the_sum(y_true, y_pred):
    return ((y_true != 0) * (y_true - y_pred)).sum(dim=1).square()


@mistake("autorec.masked_se", hint="You added up the sizes of the errors without squaring them.")
def se_absolute(y_true, y_pred):
    return ((y_true != 0) * (y_true - y_pred)).abs().sum(dim=1)


# --- masked_mse ------------------------------------------------------------------------------------------------------


@mistake(
    "autorec.masked_mse",
    hint="You masked the errors but divided by the number of all cells. Most cells are gaps, so the loss looks small, "
    "and its gradient with it. Divide by the number of ratings.",
)
def mse_divided_by_cells(y_true, y_pred):
    return ((y_true != 0) * (y_true - y_pred)).square().mean()


@mistake(
    "autorec.masked_mse",
    hint="There is no mask: gaps were taken for ratings of 0 stars, and the model is punished for every "
    "recommendation.",
)
def mse_over_all_cells(y_true, y_pred):
    return (y_true - y_pred).square().mean()


@mistake(
    "autorec.masked_mse",
    hint="You averaged within each row first and then over the rows. Somebody with one rating then counts as much as "
    "somebody with seven, and a row without ratings counts as a row without error. Pool all ratings.",
)
def mse_row_by_row(y_true, y_pred):
    mask = (y_true != 0).float()
    rows = (mask * (y_true - y_pred)).square().sum(dim=1) / mask.sum(dim=1).clamp(min=1)
    return rows.mean()


@mistake(
    "autorec.masked_mse",
    hint="You divided by the number of rows: this is the mean of the rows' sums. How many ratings stand behind them? "
    "Divide by that number.",
)
def mse_divided_by_rows(y_true, y_pred):
    return ((y_true != 0) * (y_true - y_pred)).square().sum(dim=1).mean()


@mistake(
    "autorec.masked_mse",
    hint="When nothing is observed you divide 0 by 0, which is NaN, and one such batch would spoil all weights. "
    "Divide by at least 1.",
)
def mse_nan_for_nothing(y_true, y_pred):
    observed = y_true != 0
    return (y_true - y_pred)[observed].square().mean()


@mistake(
    "autorec.masked_mse",
    hint="The loss is cut off from the predictions by `.item()`, `float()` or `detach()`, so `backward()` cannot work. "
    "Return the tensor itself.",
)
def mse_without_gradient(y_true, y_pred):
    mask = (y_true != 0).float()
    return (mask * (y_true - y_pred)).square().sum().item() / max(mask.sum().item(), 1)


@mistake(
    "autorec.masked_mse",
    hint="You left out the square, so this is the mean absolute error.",
)
def mse_absolute(y_true, y_pred):
    mask = (y_true != 0).float()
    return (mask * (y_true - y_pred)).abs().sum() / mask.sum().clamp(min=1)


# --- masked_rmse -----------------------------------------------------------------------------------------------------


@mistake(
    "autorec.masked_rmse",
    hint="This is the mean of the users' errors, and a user without ratings counts as a user without error: the more "
    "silent users, the better the number looks. Pool the squared errors of all ratings, then take the root once.",
)
def mean_over_users(y_true, y_pred):
    mask = (y_true != 0).to(y_pred.dtype)
    squared = (mask * (y_true - y_pred)).square().sum(dim=1)
    return (squared / mask.sum(dim=1).clamp(min=1)).sqrt().mean().item()


@mistake(
    "autorec.masked_rmse",
    hint="You left silent users out, which is right, but you still average over users. A user with one rating then "
    "counts as much as one with seven. Let every rating count the same.",
)
def mean_over_users_who_rated(y_true, y_pred):
    mask = (y_true != 0).to(y_pred.dtype)
    counts = mask.sum(dim=1)
    squared = (mask * (y_true - y_pred)).square().sum(dim=1)
    return (squared[counts > 0] / counts[counts > 0]).sqrt().mean().item()


@mistake(
    "autorec.masked_rmse",
    hint="You took the root of the mean over users of their mean squared errors. The root stands at the right place "
    "now, but users still count the same, whether they have one rating or seven, and silent ones count 0. Add up all "
    "squared errors and divide by the number of all ratings.",
)
def root_of_mean_over_users(y_true, y_pred):
    mask = (y_true != 0).to(y_pred.dtype)
    squared = (mask * (y_true - y_pred)).square().sum(dim=1)
    return (squared / mask.sum(dim=1).clamp(min=1)).mean().sqrt().item()


@mistake(
    "autorec.masked_rmse",
    hint="The root stands at the right place, and silent users are left out. But under the root you still average over "
    "users, so somebody with one rating counts as much as somebody with seven. Add up all squared errors, then divide "
    "by the number of all ratings.",
)
def root_of_mean_over_users_who_rated(y_true, y_pred):
    mask = (y_true != 0).to(y_pred.dtype)
    counts = mask.sum(dim=1)
    squared = (mask * (y_true - y_pred)).square().sum(dim=1)
    return (squared[counts > 0] / counts[counts > 0]).mean().sqrt().item()


@mistake(
    "autorec.masked_rmse",
    hint="You divided by the number of all cells. The mask makes the errors at gaps 0, but they still count in the "
    "mean. Divide by the number of ratings.",
)
def rmse_divided_by_cells(y_true, y_pred):
    return ((y_true != 0) * (y_true - y_pred)).square().mean().sqrt().item()


@mistake("autorec.masked_rmse", hint="The root is missing: this is in squared stars.")
def rmse_without_root(y_true, y_pred):
    return (y_true - y_pred)[y_true != 0].square().mean().item()


@mistake(
    "autorec.masked_rmse",
    hint="You took the root of every squared error before averaging. The root of a square is the size of the error, so "
    "this is the mean absolute error. Take the root once, of the mean.",
)
def root_too_early(y_true, y_pred):
    return (y_true - y_pred)[y_true != 0].square().sqrt().mean().item()


# --- masked_rmse_clip ------------------------------------------------------------------------------------------------


@mistake(
    "autorec.masked_rmse_clip",
    hint="The predictions that you measured are not clipped: −1.7 and 7.9 stars are still among them. (`clamp` leaves "
    "its tensor as it is and returns a new one.)",
)
def not_clipped(y_true, y_pred, lowest=1.0, highest=5.0):
    return (y_true - y_pred)[y_true != 0].square().mean().sqrt().item()


@mistake(
    "autorec.masked_rmse_clip",
    hint="You clipped to 1 to 5 in any case. Other data have other scales, with half stars for example: use `lowest` "
    "and `highest`.",
)
def always_one_to_five(y_true, y_pred, lowest=1.0, highest=5.0):
    return (y_true - y_pred.clamp(1, 5))[y_true != 0].square().mean().sqrt().item()


@mistake(
    "autorec.masked_rmse_clip",
    hint="Only one end of the scale is kept. Predictions can be too low as well as too high.",
)
def clipped_above_only(y_true, y_pred, lowest=1.0, highest=5.0):
    return (y_true - y_pred.clamp(max=highest))[y_true != 0].square().mean().sqrt().item()


@mistake(
    "autorec.masked_rmse_clip",
    hint="You clipped the true ratings too, so every gap, a 0, became the lowest rating and passed for a known one. "
    "Make the mask from the ratings as they are, and clip the predictions only.",
)
def truth_clipped_too(y_true, y_pred, lowest=1.0, highest=5.0):
    stars = y_true.clamp(lowest, highest)
    return (stars - y_pred.clamp(lowest, highest))[stars != 0].square().mean().sqrt().item()


@mistake(
    "autorec.masked_rmse_clip",
    hint="You left out the ratings whose prediction is beyond the scale. They count too: a prediction of 6 is read as "
    "5.",
)
def leaves_out_what_is_beyond(y_true, y_pred, lowest=1.0, highest=5.0):
    counted = (y_true != 0) & (y_pred >= lowest) & (y_pred <= highest)
    return (y_true - y_pred)[counted].square().mean().sqrt().item()


@mistake(
    "autorec.masked_rmse_clip",
    hint="This is the mean of the users' errors again, where somebody without ratings counts as free of error. Clip, "
    "then pool all ratings.",
)
def clipped_mean_over_users(y_true, y_pred, lowest=1.0, highest=5.0):
    mask = (y_true != 0).to(y_pred.dtype)
    squared = (mask * (y_true - y_pred.clamp(lowest, highest))).square().sum(dim=1)
    return (squared / mask.sum(dim=1).clamp(min=1)).sqrt().mean().item()


@mistake(
    "autorec.masked_rmse_clip",
    hint="You changed the predictions that were given to you (`clamp_` works in place). Whoever ranks by them "
    "afterwards "
    "finds many ties at 5 stars. `clamp` makes a new tensor.",
)
def clips_in_place(y_true, y_pred, lowest=1.0, highest=5.0):
    y_pred.clamp_(lowest, highest)
    return (y_true - y_pred)[y_true != 0].square().mean().sqrt().item()


# --- AutoRec ---------------------------------------------------------------------------------------------------------

_ACTIVATIONS = {
    "sigmoid": torch.sigmoid,
    "elu": nn.functional.elu,
    "selu": nn.functional.selu,
    "relu": torch.relu,
    "linear": lambda z: z,
}


class _Layers(nn.Module):
    """Two layers and the activations of the exercise; the mistakes differ in what they do with them."""

    def __init__(self, num_items, hidden, first_activation="sigmoid", last_activation="linear"):
        super().__init__()
        for name in (first_activation, last_activation):
            if name not in _ACTIVATIONS:
                raise ValueError(name)
        self.encoder = nn.Linear(num_items, hidden)
        self.decoder = nn.Linear(hidden, num_items)
        self.first, self.last = _ACTIVATIONS[first_activation], _ACTIVATIONS[last_activation]


@mistake(
    "autorec.AutoRec",
    hint='The last activation is never used. `AutoRec(..., last_activation="elu")` must bend the output, too.',
)
class NoLastActivation(_Layers):
    def forward(self, x):
        return self.decoder(self.first(self.encoder(x)))


@mistake("autorec.AutoRec", hint="The two activations have changed places: the first follows the encoder.")
class ActivationsSwapped(_Layers):
    def forward(self, x):
        return self.first(self.decoder(self.last(self.encoder(x))))


@mistake(
    "autorec.AutoRec",
    hint="The first activation acts on the input, before the encoder. A layer first takes its weighted sums; then "
    "comes "
    "its activation.",
)
class ActivationBeforeTheLayer(_Layers):
    def forward(self, x):
        return self.last(self.decoder(self.encoder(self.first(x))))


@mistake(
    "autorec.AutoRec",
    hint="Both activations act before their layers, one on the input and one on the hidden layer's sums. A layer first "
    "takes its weighted sums; then comes its activation.",
)
class BothBeforeTheirLayers(_Layers):
    def forward(self, x):
        return self.decoder(self.last(self.encoder(self.first(x))))


@mistake(
    "autorec.AutoRec",
    hint="The first activation stands at both places. The one after the decoder is `last_activation`.",
)
class FirstActivationTwice(_Layers):
    def forward(self, x):
        return self.first(self.decoder(self.first(self.encoder(x))))


@mistake("autorec.AutoRec", hint="There is a sigmoid after the encoder, whatever the name says.")
class AlwaysSigmoid(_Layers):
    def forward(self, x):
        return self.last(self.decoder(torch.sigmoid(self.encoder(x))))


@mistake(
    "autorec.AutoRec",
    hint="A model with an unknown name was made without a word. Look up both names in `__init__`, and raise "
    "`ValueError` there. Otherwise a typing error is noticed too late, or never.",
)
class AnyNameWillDo(_Layers):
    def __init__(self, num_items, hidden, first_activation="sigmoid", last_activation="linear"):
        super().__init__(num_items, hidden)
        self.first = _ACTIVATIONS.get(first_activation, _ACTIVATIONS["linear"])
        self.last = _ACTIVATIONS.get(last_activation, _ACTIVATIONS["linear"])

    def forward(self, x):
        return self.last(self.decoder(self.first(self.encoder(x))))


@mistake(
    "autorec.AutoRec",
    hint="Your layers have no biases, so a movie that everybody likes has nowhere to keep that. `nn.Linear` has one "
    "unless you say `bias=False`.",
)
class NoBiases(_Layers):
    def __init__(self, num_items, hidden, first_activation="sigmoid", last_activation="linear"):
        super().__init__(num_items, hidden, first_activation, last_activation)
        self.encoder.bias.requires_grad_(False)
        self.decoder.bias.requires_grad_(False)
        self.encoder.bias.zero_()
        self.decoder.bias.zero_()

    def forward(self, x):
        hidden = self.first(x @ self.encoder.weight.T)
        return self.last(hidden @ self.decoder.weight.T)


# --- which_activations -----------------------------------------------------------------------------------------------

distractor(
    "autorec.which_activations",
    "a",
    hint="A sigmoid at the end gives numbers between 0 and 1. Which ratings can such a model predict, without further "
    "scaling?",
)
distractor(
    "autorec.which_activations",
    "b",
    hint="Two linear layers, one after the other, are one linear layer: a matrix times a matrix is a matrix. What "
    "would "
    "then be the use of the hidden layer's activation?",
)
distractor(
    "autorec.which_activations",
    "d",
    hint="Speed is no reason: activations are a tiny part of the work. Think of which numbers each layer can produce.",
)


# --- AutoRec_LReLU ---------------------------------------------------------------------------------------------------


@mistake(
    "autorec.AutoRec_LReLU",
    hint="Your slope is PyTorch's default, 0.01, and not the one the model was made with. Pass it on. (The default "
    "here "
    "is 0.3, which was Keras's: the same layer has different defaults in different libraries.)",
)
class SlopeOfTheLibrary(nn.Module):
    def __init__(self, num_items, hidden, negative_slope=0.3):
        super().__init__()
        self.encoder = nn.Linear(num_items, hidden)
        self.decoder = nn.Linear(hidden, num_items)

    def forward(self, x):
        return self.decoder(nn.functional.leaky_relu(self.encoder(x)))


@mistake(
    "autorec.AutoRec_LReLU",
    hint="Your slope is always 0.3, whatever the model is made with. That is only the default of `negative_slope`: "
    "pass the argument on.",
)
class SlopeWrittenDown(nn.Module):
    def __init__(self, num_items, hidden, negative_slope=0.3):
        super().__init__()
        self.encoder = nn.Linear(num_items, hidden)
        self.decoder = nn.Linear(hidden, num_items)

    def forward(self, x):
        return self.decoder(nn.functional.leaky_relu(self.encoder(x), 0.3))


@mistake(
    "autorec.AutoRec_LReLU",
    hint="This is an ordinary ReLU: negative numbers become 0. A leaky one multiplies them by the slope.",
)
class NoLeak(nn.Module):
    def __init__(self, num_items, hidden, negative_slope=0.3):
        super().__init__()
        self.encoder = nn.Linear(num_items, hidden)
        self.decoder = nn.Linear(hidden, num_items)

    def forward(self, x):
        return self.decoder(torch.relu(self.encoder(x)))


@mistake(
    "autorec.AutoRec_LReLU",
    hint="There is a second leaky ReLU after the decoder. Nothing follows the decoder in this variant.",
)
class LeaksTwice(nn.Module):
    def __init__(self, num_items, hidden, negative_slope=0.3):
        super().__init__()
        self.encoder = nn.Linear(num_items, hidden)
        self.decoder = nn.Linear(hidden, num_items)
        self.slope = negative_slope

    def forward(self, x):
        hidden = nn.functional.leaky_relu(self.encoder(x), self.slope)
        return nn.functional.leaky_relu(self.decoder(hidden), self.slope)


@mistake(
    "autorec.AutoRec_LReLU",
    hint="The leaky ReLU follows the decoder. It belongs after the encoder, between the two layers.",
)
class LeaksAtTheEnd(nn.Module):
    def __init__(self, num_items, hidden, negative_slope=0.3):
        super().__init__()
        self.encoder = nn.Linear(num_items, hidden)
        self.decoder = nn.Linear(hidden, num_items)
        self.slope = negative_slope

    def forward(self, x):
        return nn.functional.leaky_relu(self.decoder(self.encoder(x)), self.slope)


@mistake(
    "autorec.AutoRec_LReLU",
    hint="You multiplied all numbers by the slope, also the positive ones. That is a straight line without a bend.",
)
class SlopeEverywhere(nn.Module):
    def __init__(self, num_items, hidden, negative_slope=0.3):
        super().__init__()
        self.encoder = nn.Linear(num_items, hidden)
        self.decoder = nn.Linear(hidden, num_items)
        self.slope = negative_slope

    def forward(self, x):
        return self.decoder(self.slope * self.encoder(x))


# --- regularized_loss ------------------------------------------------------------------------------------------------


@mistake(
    "autorec.regularized_loss",
    hint="You let the biases pay as well. A bias says how high a movie's ratings usually are; making that small only "
    "makes predictions wrong. Take the weights only.",
)
def biases_pay_too(loss, model, reg):
    return loss + reg * sum(p.square().sum() for p in model.parameters())


@mistake(
    "autorec.regularized_loss",
    hint="You took the length of each weight matrix, the *root* of the sum of squares. Take the sum of squares itself.",
)
def root_of_the_squares(loss, model, reg):
    return loss + reg * (model.encoder.weight.norm() + model.decoder.weight.norm())


@mistake(
    "autorec.regularized_loss",
    hint="You averaged the squares. The docstring asks for their sum, so that the price of a weight does not depend on "
    "how many others there are.",
)
def mean_of_the_squares(loss, model, reg):
    return loss + reg * (model.encoder.weight.square().mean() + model.decoder.weight.square().mean())


@mistake("autorec.regularized_loss", hint="Only the encoder pays. Large weights of the decoder do the same harm.")
def encoder_only(loss, model, reg):
    return loss + reg * model.encoder.weight.square().sum()


@mistake(
    "autorec.regularized_loss",
    hint="You added up sizes without squaring them. That is an L1 penalty; L2 takes squares.",
)
def absolute_values(loss, model, reg):
    return loss + reg * (model.encoder.weight.abs().sum() + model.decoder.weight.abs().sum())


@mistake(
    "autorec.regularized_loss",
    hint="`.item()`, `.data` or `detach()` cuts the penalty off from its gradient: training would not feel it. Stay "
    "with tensors.",
)
def penalty_without_gradient(loss, model, reg):
    return loss + reg * (model.encoder.weight.data.square().sum() + model.decoder.weight.data.square().sum())


@mistake(
    "autorec.regularized_loss",
    hint="You took half of the penalty. Some texts do, because the factor 2 of the derivative then vanishes; the "
    "docstring does not.",
)
def half_the_penalty(loss, model, reg):
    return loss + reg / 2 * (model.encoder.weight.square().sum() + model.decoder.weight.square().sum())


# --- early_stopping --------------------------------------------------------------------------------------------------


@mistake(
    "autorec.early_stopping",
    hint="You looked for the lowest error in the whole list. At the moment of the stop, later errors are not known: "
    "the epochs they belong to are never trained.",
)
def sees_the_future(valid_errors, patience):
    return int(np.argmin(valid_errors)), len(valid_errors)


@mistake(
    "autorec.early_stopping",
    hint="You looked for the lowest error in the whole list, and counted from there. Patience may have been at an end "
    "long before. Go through the epochs one by one: what is known after each of them?",
)
def patience_after_the_lowest_of_all(valid_errors, patience):
    keep = int(np.argmin(valid_errors))
    return keep, min(keep + patience + 1, len(valid_errors))


@mistake(
    "autorec.early_stopping",
    hint="You kept the last epoch. Training went on for `patience` epochs after the best one just to make sure; go "
    "back "
    "to the best.",
)
def keeps_the_last(valid_errors, patience):
    keep = 0
    for epoch, error in enumerate(valid_errors):
        if error < valid_errors[keep]:
            keep = epoch
        if epoch - keep == patience:
            return epoch, epoch + 1
    return len(valid_errors) - 1, len(valid_errors)


@mistake(
    "autorec.early_stopping",
    hint="You stopped at the first epoch that was not better. Validation errors wobble: that is what patience is for.",
)
def no_patience(valid_errors, patience):
    for epoch in range(1, len(valid_errors)):
        if valid_errors[epoch] >= valid_errors[epoch - 1]:
            return epoch - 1, epoch + 1
    return len(valid_errors) - 1, len(valid_errors)


@mistake(
    "autorec.early_stopping",
    hint="You compared each epoch with the one before it. A small fall after a large rise is no improvement: compare "
    "with the lowest error so far.",
)
def compares_with_the_last(valid_errors, patience):
    keep, waited = 0, 0
    for epoch in range(1, len(valid_errors)):
        if valid_errors[epoch] < valid_errors[epoch - 1]:
            waited = 0
        else:
            waited += 1
        if valid_errors[epoch] < valid_errors[keep]:
            keep = epoch
        if waited == patience:
            return keep, epoch + 1
    return keep, len(valid_errors)


@mistake(
    "autorec.early_stopping",
    hint="You counted all epochs without an improvement together. Patience asks for epochs in a row: each improvement "
    "sets the count back to 0.",
)
def never_counts_anew(valid_errors, patience):
    keep, waited = 0, 0
    for epoch in range(1, len(valid_errors)):
        if valid_errors[epoch] < valid_errors[keep]:
            keep = epoch
        else:
            waited += 1
        if waited == patience:
            return keep, epoch + 1
    return keep, len(valid_errors)


@mistake(
    "autorec.early_stopping",
    hint="Patience is off by one: you train one epoch more than allowed. Count the epochs since the best one.",
)
def one_epoch_too_many(valid_errors, patience):
    keep = 0
    for epoch, error in enumerate(valid_errors):
        if error < valid_errors[keep]:
            keep = epoch
        if epoch - keep > patience:
            return keep, epoch + 1
    return keep, len(valid_errors)


@mistake(
    "autorec.early_stopping",
    hint="An error equal to the lowest is not an improvement: it must be strictly below. Otherwise a model that has "
    "stopped learning would be trained for ever.",
)
def ties_are_improvements(valid_errors, patience):
    keep = 0
    for epoch, error in enumerate(valid_errors):
        if error <= valid_errors[keep]:
            keep = epoch
        if epoch - keep == patience:
            return keep, epoch + 1
    return keep, len(valid_errors)


# --- item_predictions ------------------------------------------------------------------------------------------------


@mistake(
    "autorec.item_predictions",
    hint="`reshape` keeps the numbers in their order and only cuts the lines elsewhere, so ratings land with the wrong "
    "movie. Swapping rows and columns is `.T`.",
)
def reshaped(model, x, means):
    model.eval()
    with torch.no_grad():
        return model(x.reshape(x.shape[1], x.shape[0])).reshape(x.shape) + means


@mistake(
    "autorec.item_predictions",
    hint="You turned the rows on the way in but not on the way out. The result must have a row for each user again.",
)
def not_turned_back(model, x, means):
    model.eval()
    with torch.no_grad():
        return model(x.T) + means[:, None]


@mistake(
    "autorec.item_predictions",
    hint="The means are missing: the model predicts differences from a movie's mean, and stars are asked for.",
)
def means_forgotten(model, x, means):
    model.eval()
    with torch.no_grad():
        return model(x.T).T


@mistake(
    "autorec.item_predictions",
    hint="You added the means to the input. The model was trained on inputs whose gaps are 0, and it predicts "
    "differences from the means; add the means to what comes out.",
)
def means_added_before(model, x, means):
    model.eval()
    with torch.no_grad():
        return model((x + means).T).T


@mistake(
    "autorec.item_predictions",
    hint="The model was in training mode, or a gradient was kept. Predicting needs both `model.eval()` and "
    "`torch.no_grad()`.",
)
def in_training_mode(model, x, means):
    return model(x.T).T + means


# --- user_or_item ----------------------------------------------------------------------------------------------------

distractor(
    "autorec.user_or_item",
    "a",
    hint="Both models read and predict the same ratings, each once. Only the grouping into rows differs.",
)
distractor(
    "autorec.user_or_item",
    "b",
    hint="More parameters are not better by themselves. And count: which of the two has more inputs and outputs here?",
)
distractor(
    "autorec.user_or_item",
    "c",
    hint="A movie's mean is computed from training ratings only. The test ratings are not looked at in either model.",
)
