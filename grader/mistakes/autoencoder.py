"""Known mistakes of the chapter `autoencoder`: what students really write, and the hint that cures it.

They stand in the order of the exercises. Where two misconceptions give the same answer, one entry speaks of both.
"""

import warnings

import numpy as np
import pandas as pd
import torch
from torch import nn

from grader.implementations import distractor, mistake
from solutions.autoencoder import forward as right_forward
from solutions.autoencoder import masked_loss as right_loss

# --- centre ----------------------------------------------------------------------------------------------------------


@mistake(
    "autoencoder.centre",
    hint="You averaged over all cells of a row, also those without a rating, as if they were ratings of 0. "
    "A user's mean is the sum of the ratings divided by the number of ratings.",
)
def mean_over_all_cells(ratings):
    user_means = torch.nan_to_num(ratings).mean(dim=1, keepdim=True)
    user_means = torch.where(ratings.isnan().all(dim=1, keepdim=True), torch.nanmean(ratings), user_means)
    return ratings - user_means, user_means


@mistake(
    "autoencoder.centre",
    hint="You took the mean of each column, which is the mean of a movie. A user is a row: "
    "along which dimension does one walk to stay within a row?",
)
def mean_of_each_movie(ratings):
    movie_means = torch.nanmean(ratings, dim=0, keepdim=True)
    movie_means = torch.where(movie_means.isnan(), torch.nanmean(ratings), movie_means)
    return ratings - movie_means, movie_means


@mistake(
    "autoencoder.centre",
    hint="Everybody got the mean of all ratings, so a strict user still looks strict. Every user needs a mean of their "
    "own. (If you took one: `mean` is NaN for a row with a gap, and you replaced that NaN.)",
)
def one_mean_for_all(ratings):
    user_means = torch.nanmean(ratings).expand(len(ratings), 1)
    return ratings - user_means, user_means


@mistake(
    "autoencoder.centre",
    hint="All your means are NaN: one NaN in a row makes its whole `mean` NaN. "
    "Take the mean over the ratings that are there.",
)
def mean_of_rows_with_gaps(ratings):
    user_means = ratings.mean(dim=1, keepdim=True)
    return ratings - user_means, user_means


@mistake(
    "autoencoder.centre",
    hint="A user without ratings has no mean: 0 divided by 0 gives NaN, and NaN then spreads to every prediction for "
    "that user. The docstring says what such a user gets instead.",
)
def newcomer_gets_nan(ratings):
    user_means = torch.nanmean(ratings, dim=1, keepdim=True)
    return ratings - user_means, user_means


@mistake(
    "autoencoder.centre",
    hint="A user without ratings got the mean 0, which is not even on the scale of 1 to 5 stars. "
    "Give such a user the mean of all observed ratings.",
)
def newcomer_gets_zero(ratings):
    user_means = torch.nan_to_num(torch.nanmean(ratings, dim=1, keepdim=True))
    return ratings - user_means, user_means


@mistake(
    "autoencoder.centre",
    hint="A user without ratings got the mean of the user means. There, somebody with two ratings counts as much as "
    "somebody with two hundred. Take the mean of all observed ratings.",
)
def newcomer_gets_mean_of_means(ratings):
    user_means = torch.nanmean(ratings, dim=1, keepdim=True)
    user_means = torch.where(user_means.isnan(), torch.nanmean(user_means), user_means)
    return ratings - user_means, user_means


@mistake(
    "autoencoder.centre",
    hint="You put 0 where there was no rating. In centred ratings 0 means “exactly as this user usually rates”, so a "
    "missing rating can no longer be told from a real one. Leave NaN as it is.",
)
def missing_becomes_zero(ratings):
    user_means = torch.nanmean(ratings, dim=1, keepdim=True)
    user_means = torch.where(user_means.isnan(), torch.nanmean(ratings), user_means)
    return torch.nan_to_num(ratings - user_means), user_means


@mistake(
    "autoencoder.centre",
    hint="Your means have the shape (n_users,), but a column of shape (n_users, 1) is asked for. A flat vector would "
    "be laid along the movies in a later sum. Keep the dimension you average over.",
)
def flat_means(ratings):
    user_means = torch.nanmean(ratings, dim=1)
    user_means = torch.where(user_means.isnan(), torch.nanmean(ratings), user_means)
    return ratings - user_means.unsqueeze(1), user_means


@mistake(
    "autoencoder.centre",
    hint="You changed the tensor that was given to you (`-=` and assignments to a slice work in place). Whoever uses "
    "`ratings` afterwards finds other numbers in it. Make a new tensor.",
)
def changes_the_given_ratings(ratings):
    user_means = torch.nanmean(ratings, dim=1, keepdim=True)
    user_means = torch.where(user_means.isnan(), torch.nanmean(ratings), user_means)
    ratings -= user_means
    return ratings, user_means


@mistake(
    "autoencoder.centre",
    hint="The two results come back in the wrong order. The docstring names the centred ratings first, then the means.",
)
def results_swapped(ratings):
    user_means = torch.nanmean(ratings, dim=1, keepdim=True)
    user_means = torch.where(user_means.isnan(), torch.nanmean(ratings), user_means)
    return user_means, ratings - user_means


@mistake(
    "autoencoder.centre",
    hint="Your results are NumPy arrays. The docstring asks for tensors, and PyTorch goes on with them: "
    "compute with PyTorch, or turn the arrays back.",
)
def numpy_arrays(ratings):
    stars = ratings.numpy()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        user_means = np.nanmean(stars, axis=1, keepdims=True)
    user_means = np.where(np.isnan(user_means), np.nanmean(stars), user_means)
    return stars - user_means, user_means


# --- AE --------------------------------------------------------------------------------------------------------------


@mistake(
    "autoencoder.AE",
    hint="Your two layers have changed places. The first one takes an input row and gives the hidden neurons; "
    "the second one takes the hidden neurons. Write the sizes along the arrow from input to output.",
)
class SwappedLayers(nn.Module):
    def __init__(self, inputs, outputs, features, criterion=None):
        super().__init__()
        self.fc1 = nn.Linear(features, outputs)
        self.fc2 = nn.Linear(inputs, features)
        self.criterion = criterion


@mistake(
    "autoencoder.AE",
    hint="The sizes of your layers are transposed. `nn.Linear` wants the number of neurons it reads first, then the "
    "number it gives; that the weight matrix has it the other way round is PyTorch's own business.",
)
class TransposedSizes(nn.Module):
    def __init__(self, inputs, outputs, features, criterion=None):
        super().__init__()
        self.fc1 = nn.Linear(features, inputs)
        self.fc2 = nn.Linear(outputs, features)
        self.criterion = criterion


@mistake(
    "autoencoder.AE",
    hint="`fc2` does not fit behind `fc1`. It reads what the hidden layer holds, not the input row again.",
)
class SecondLayerReadsTheInput(nn.Module):
    def __init__(self, inputs, outputs, features, criterion=None):
        super().__init__()
        self.fc1 = nn.Linear(inputs, features)
        self.fc2 = nn.Linear(inputs, outputs)
        self.criterion = criterion


@mistake(
    "autoencoder.AE",
    hint="PyTorch finds no parameters in your model, so an optimizer would train nothing. It does not look into plain "
    "Python lists, and tensors are no layers. Keep each layer as an attribute of its own, `fc1` and `fc2`.",
)
class LayersInAPlainList(nn.Module):
    def __init__(self, inputs, outputs, features, criterion=None):
        super().__init__()
        self.layers = [nn.Linear(inputs, features), nn.Linear(features, outputs)]
        self.criterion = criterion

    @property
    def fc1(self):
        return self.layers[0]

    @property
    def fc2(self):
        return self.layers[1]


@mistake(
    "autoencoder.AE",
    hint="The model has no layers. A local variable is gone when `__init__` ends, and PyTorch does not look into a "
    "plain Python list. Keep each layer as an attribute of `self`, named as in the docstring.",
)
class LayersOutOfSight(nn.Module):
    def __init__(self, inputs, outputs, features, criterion=None):
        super().__init__()
        fc1 = nn.Linear(inputs, features)
        fc2 = nn.Linear(features, outputs)
        self.layers = [fc1, fc2]
        self.criterion = criterion


@mistake(
    "autoencoder.AE",
    hint="Your layers exist, but not under the names `fc1` and `fc2`. The next exercises ask the model for them by "
    "these names.",
)
class OtherNames(nn.Module):
    def __init__(self, inputs, outputs, features, criterion=None):
        super().__init__()
        self.encoder = nn.Linear(inputs, features)
        self.decoder = nn.Linear(features, outputs)
        self.criterion = criterion


@mistake(
    "autoencoder.AE",
    hint="Your layers have no biases. A neuron without a bias has no level of its own: its weighted sum is 0 whenever "
    "the input is. `nn.Linear` has a bias unless you switch it off.",
)
class NoBiases(nn.Module):
    def __init__(self, inputs, outputs, features, criterion=None):
        super().__init__()
        self.fc1 = nn.Linear(inputs, features, bias=False)
        self.fc2 = nn.Linear(features, outputs, bias=False)
        self.criterion = criterion


@mistake(
    "autoencoder.AE",
    hint="You forgot to keep the `criterion`. Without it the training loop cannot ask the model for its loss.",
)
class ForgetsTheCriterion(nn.Module):
    def __init__(self, inputs, outputs, features, criterion=None):
        super().__init__()
        self.fc1 = nn.Linear(inputs, features)
        self.fc2 = nn.Linear(features, outputs)


@mistake(
    "autoencoder.AE",
    hint="You keep a loss of your own choice as `criterion`. Keep the one that is handed in: "
    "whoever creates the model decides how it is trained.",
)
class CriterionOfItsOwn(nn.Module):
    def __init__(self, inputs, outputs, features, criterion=None):
        super().__init__()
        self.fc1 = nn.Linear(inputs, features)
        self.fc2 = nn.Linear(features, outputs)
        self.criterion = nn.MSELoss()


@mistake(
    "autoencoder.AE",
    hint="Your output layer has as many neurons as the input layer. Here the two are equal, but later the model also "
    "reads attributes of the user, which it does not predict. Use `outputs`.",
)
class AsManyOutputsAsInputs(nn.Module):
    def __init__(self, inputs, outputs, features, criterion=None):
        super().__init__()
        self.fc1 = nn.Linear(inputs, features)
        self.fc2 = nn.Linear(features, inputs)
        self.criterion = criterion


@mistake(
    "autoencoder.AE",
    hint="You built a squashing function into a layer. `fc1` and `fc2` are the linear parts only; the sigmoid belongs "
    "to the forward pass, the next exercise, where it would now come twice.",
)
class SigmoidInsideTheLayer(nn.Module):
    def __init__(self, inputs, outputs, features, criterion=None):
        super().__init__()
        self.fc1 = nn.Sequential(nn.Linear(inputs, features), nn.Sigmoid())
        self.fc2 = nn.Linear(features, outputs)
        self.criterion = criterion


@mistake(
    "autoencoder.AE",
    hint="PyTorch must prepare the module before you give it layers: it needs places to register them. "
    "Start your `__init__` with the one of `nn.Module`, which `super()` leads to.",
)
class ForgetsSuper(nn.Module):
    def __init__(self, inputs, outputs, features, criterion=None):
        self.fc1 = nn.Linear(inputs, features)
        self.fc2 = nn.Linear(features, outputs)
        self.criterion = criterion


@mistake(
    "autoencoder.AE",
    hint="Your class does not inherit from `nn.Module`, so PyTorch cannot find its parameters, save it, or train it. "
    "Look at the line with `class`.",
)
class NoModule:
    def __init__(self, inputs, outputs, features, criterion=None):
        self.fc1 = nn.Linear(inputs, features)
        self.fc2 = nn.Linear(features, outputs)
        self.criterion = criterion


# --- sizes -----------------------------------------------------------------------------------------------------------


@mistake(
    "autoencoder.sizes",
    hint="You counted users. The autoencoder reads one user's row at a time: how many entries does a row have?",
)
def counts_users(ratings, features):
    n = ratings.shape[0]
    return n, n, (n + 1) * features + (features + 1) * n


@mistake(
    "autoencoder.sizes",
    hint="The shape of `ratings` is (users, movies); you took the users for the inputs. The autoencoder reads one "
    "user's row at a time and writes one: how many entries does a row have?",
)
def users_in_movies_out(ratings, features):
    inputs, outputs = ratings.shape
    return inputs, outputs, (inputs + 1) * features + (features + 1) * outputs


@mistake(
    "autoencoder.sizes",
    hint="You counted the weights but no biases. Every hidden and every output neuron has a bias, which is learned "
    "too.",
)
def no_biases_counted(ratings, features):
    n = ratings.shape[1]
    return n, n, 2 * n * features


@mistake(
    "autoencoder.sizes",
    hint="You counted the biases of the hidden layer only. The output neurons have biases as well, one for each movie.",
)
def biases_of_one_layer(ratings, features):
    n = ratings.shape[1]
    return n, n, 2 * n * features + features


@mistake(
    "autoencoder.sizes",
    hint="You counted the parameters of one layer. The model has two: into the hidden layer, and out of it again.",
)
def one_layer_only(ratings, features):
    n = ratings.shape[1]
    return n, n, (n + 1) * features


@mistake(
    "autoencoder.sizes",
    hint="You gave the input neurons biases. A bias belongs to a neuron that computes something, "
    "and the input neurons only hold the numbers of the row.",
)
def biases_for_the_input(ratings, features):
    n = ratings.shape[1]
    return n, n, 2 * n * features + n + features + n


@mistake(
    "autoencoder.sizes",
    hint="You gave both layers one bias for each hidden neuron. The biases of a layer belong to its outputs: "
    "the second layer has one for each movie.",
)
def hidden_biases_twice(ratings, features):
    n = ratings.shape[1]
    return n, n, 2 * (n + 1) * features


@mistake(
    "autoencoder.sizes",
    hint="You counted neurons. What training adjusts are the connections between them (one weight for each pair) and "
    "the biases.",
)
def counts_neurons(ratings, features):
    n = ratings.shape[1]
    return n, n, n + features + n


@mistake(
    "autoencoder.sizes",
    hint="You named the hidden layer as the output. The model has to predict a rating for every movie, "
    "so its last layer is as wide as a row.",
)
def hidden_layer_as_output(ratings, features):
    n = ratings.shape[1]
    return n, features, (n + 1) * features + (features + 1) * n


# --- wider_hidden_layer ----------------------------------------------------------------------------------------------

distractor(
    "autoencoder.wider_hidden_layer",
    "a",
    hint="More detail is not more knowledge. With room for every movie, the easiest thing to learn is to copy the "
    "input, and the copy of a gap is a gap. What in the model would force it to find what movies have in common?",
)
distractor(
    "autoencoder.wider_hidden_layer",
    "b",
    hint="The sizes fit for any number of hidden neurons: `fc1` ends and `fc2` starts with `features`, whatever it is. "
    "Ask instead what such a model would learn.",
)
distractor(
    "autoencoder.wider_hidden_layer",
    "d",
    hint="Training has no reason to leave a neuron at zero: every weight that lowers the training error is used. "
    "Which error could so many neurons bring to almost nothing, and would that help with unseen movies?",
)


# --- forward ---------------------------------------------------------------------------------------------------------


@mistake(
    "autoencoder.forward",
    hint="You squashed the output as well. A sigmoid ends between 0 and 1, but centred ratings reach from about −4 to "
    "4. Let the last layer give any number.",
)
def sigmoid_at_the_end_too(model, x):
    return torch.sigmoid(model.fc2(torch.sigmoid(model.fc1(x))))


@mistake(
    "autoencoder.forward",
    hint="Your sigmoid stands after the output layer instead of after the hidden layer. There it cuts the predictions "
    "off at 0 and 1, and the hidden layer stays linear.",
)
def sigmoid_at_the_end_only(model, x):
    return torch.sigmoid(model.fc2(model.fc1(x)))


@mistake(
    "autoencoder.forward",
    hint="There is no sigmoid between your layers. Two linear layers in a row are one linear layer: "
    "the hidden neurons would add nothing that a single matrix cannot do.",
)
def no_sigmoid(model, x):
    return model.fc2(model.fc1(x))


@mistake(
    "autoencoder.forward",
    hint="You used `relu`, which has no upper end. In this chapter a hidden neuron has a value between 0 and 1. "
    "Look at the formula of the hidden layer again.",
)
def relu_instead(model, x):
    return model.fc2(torch.relu(model.fc1(x)))


@mistake(
    "autoencoder.forward",
    hint="You used `tanh`, which goes from −1 to 1. In this chapter a hidden neuron has a value between 0 and 1.",
)
def tanh_instead(model, x):
    return model.fc2(torch.tanh(model.fc1(x)))


@mistake(
    "autoencoder.forward",
    hint="You used a softmax, which makes the hidden neurons compete: together they sum to 1. "
    "Each neuron should be squashed by itself, whatever the others do.",
)
def softmax_instead(model, x):
    return model.fc2(torch.softmax(model.fc1(x), dim=1))


@mistake(
    "autoencoder.forward",
    hint="You applied the sigmoid to the input row. It belongs to the hidden neurons, after the first layer has formed "
    "its weighted sums.",
)
def sigmoid_before_the_first_layer(model, x):
    return model.fc2(model.fc1(torch.sigmoid(x)))


@mistake(
    "autoencoder.forward",
    hint="You returned the hidden layer. It is only half of the way: `fc2` turns it into a prediction for every movie.",
)
def stops_at_the_hidden_layer(model, x):
    return torch.sigmoid(model.fc1(x))


@mistake(
    "autoencoder.forward",
    hint="Your predictions are right, but no gradient can flow back through them, so training would not work. "
    "Switch gradients off (`no_grad`, `detach`) where you measure, not in the forward pass.",
)
def without_gradients(model, x):
    with torch.no_grad():
        return right_forward(model, x)


@mistake(
    "autoencoder.forward",
    hint="`model(x)` calls `forward`, the very function you are writing, so it would call itself without end. "
    "Use the two layers of the model.",
)
def calls_the_model(model, x):
    return model(x)


@mistake(
    "autoencoder.forward",
    hint="A layer got rows of the wrong width: perhaps the layers are in the wrong order. `fc1` reads an input row; "
    "`fc2` reads what comes out of the hidden layer.",
)
def second_layer_first(model, x):
    return model.fc1(torch.sigmoid(model.fc2(x)))


# --- masked_loss -----------------------------------------------------------------------------------------------------


@mistake(
    "autoencoder.masked_loss",
    hint="The code takes 0 for the truth wherever there is no rating, averages over all cells, and then divides by the "
    "number of users once more. Keep the observed cells only, and divide once, by how many they are.",
)
def all_cells_and_divided_again(estimate, target):
    target = torch.nan_to_num(target)
    return ((estimate - target) ** 2).mean() / len(target)


@mistake(
    "autoencoder.masked_loss",
    hint="You average over all cells, with 0 in place of the missing ratings. The model would mostly learn to predict "
    "that 0. What is not observed must not count, neither in the sum nor in the number you divide by.",
)
def missing_ratings_count_as_zero(estimate, target):
    return ((estimate - torch.nan_to_num(target)) ** 2).mean()


@mistake(
    "autoencoder.masked_loss",
    hint="Only observed cells enter your sum: good. But you divide by the number of all cells, which makes the loss of "
    "somebody with few ratings tiny. Divide by the number of observed ratings.",
)
def divided_by_all_cells(estimate, target):
    errors = (estimate - target)[~target.isnan()]
    return (errors**2).sum() / target.numel()


@mistake(
    "autoencoder.masked_loss",
    hint="You divide by the number of observed ratings: good. But your sum runs over all cells, with 0 in place of the "
    "missing ratings. Leave these cells out of the sum as well.",
)
def all_cells_in_the_sum(estimate, target):
    return ((estimate - torch.nan_to_num(target)) ** 2).sum() / (~target.isnan()).sum()


@mistake(
    "autoencoder.masked_loss",
    hint="You divide twice: a mean is already a sum divided by a number. "
    "Whatever you divide by afterwards makes the loss too small.",
)
def divided_by_users_again(estimate, target):
    return right_loss(estimate, target) / len(target)


@mistake(
    "autoencoder.masked_loss",
    hint="You divide by the number of users. The loss then depends on how much each of them has rated. "
    "It should be a mean over ratings.",
)
def divided_by_users(estimate, target):
    errors = (estimate - target)[~target.isnan()]
    return (errors**2).sum() / len(target)


@mistake(
    "autoencoder.masked_loss",
    hint="This is the sum of the squared errors. It grows with the number of ratings in the batch, and the steps of "
    "training with it. Divide by the number of observed ratings.",
)
def sum_instead_of_mean(estimate, target):
    errors = (estimate - target)[~target.isnan()]
    return (errors**2).sum()


@mistake(
    "autoencoder.masked_loss",
    hint="You averaged for each user first, and then over the users. A user with one rating then weighs as much as one "
    "with five hundred. Take one mean over all observed ratings together.",
)
def mean_of_user_means(estimate, target):
    observed = ~target.isnan()
    errors = torch.where(observed, estimate - torch.nan_to_num(target), 0.0)
    n_rated = observed.sum(dim=1)
    user_losses = (errors**2).sum(dim=1) / n_rated.clamp(min=1)
    return (user_losses * (n_rated > 0)).sum() / (n_rated > 0).sum().clamp(min=1)


@mistake(
    "autoencoder.masked_loss",
    hint="You left out the ratings that are exactly 0. These ratings are centred: 0 is a rating like any other (“as "
    "usual for this user”). What is missing is marked by NaN.",
)
def zero_means_missing(estimate, target):
    observed = torch.nan_to_num(target) != 0
    errors = (estimate - target)[observed]
    return (errors**2).sum() / observed.sum().clamp(min=1)


@mistake(
    "autoencoder.masked_loss",
    hint="Your loss is NaN: one NaN in a sum makes the whole sum NaN, and 0 times NaN is NaN, too. "
    "Choose the observed cells before you add up.",
)
def nan_in_the_sum(estimate, target):
    return ((estimate - target) ** 2).mean()


@mistake(
    "autoencoder.masked_loss",
    hint="You averaged absolute errors. The squared error is asked for, which weighs a large miss more than two small "
    "ones.",
)
def absolute_errors(estimate, target):
    observed = ~target.isnan()
    return (estimate - target)[observed].abs().sum() / observed.sum().clamp(min=1)


@mistake(
    "autoencoder.masked_loss",
    hint="You took the square root. The mean of the squared errors is asked for; the root is for reading off an error "
    "in stars, later.",
)
def root_taken(estimate, target):
    return right_loss(estimate, target).sqrt()


@mistake(
    "autoencoder.masked_loss",
    hint="The loss is right, but its gradient is NaN, which would ruin all weights in the first step. Hiding a NaN "
    "after it was computed (`nansum`, `nanmean`, `torch.where` at the end) does not keep it out of the gradient. "
    "Leave the unobserved cells out before you subtract or square.",
)
def nan_in_the_gradient(estimate, target):
    observed = ~target.isnan()
    squared_errors = (estimate - target) ** 2
    return torch.nansum(squared_errors) / observed.sum().clamp(min=1)


@mistake(
    "autoencoder.masked_loss",
    hint="When nothing is observed you divide 0 by 0, which is NaN. A batch without ratings should cost nothing: the "
    "loss is then 0. Make sure that you never divide by less than 1.",
)
def nan_when_nothing_is_observed(estimate, target):
    observed = ~target.isnan()
    return ((estimate - target)[observed] ** 2).mean()


@mistake(
    "autoencoder.masked_loss",
    hint="When nothing is observed you return a new number that knows nothing of the estimate, so `backward()` fails "
    "on it. Let the 0 come out of the same computation.",
)
def zero_without_a_gradient(estimate, target):
    observed = ~target.isnan()
    if not observed.any():
        return torch.tensor(0.0)
    return ((estimate - target)[observed] ** 2).mean()


@mistake(
    "autoencoder.masked_loss",
    hint="You returned a plain number. It has forgotten how it was computed, so no gradient can be found from it. "
    "Return the tensor itself, without `.item()`, `float` or `.detach()`.",
)
def returns_a_plain_number(estimate, target):
    return right_loss(estimate, target).item()


@mistake(
    "autoencoder.masked_loss",
    hint="You wrote zeros into the `target` that was given to you. It belongs to the training data: in the next epoch "
    "its missing ratings would count as ratings of 0. Make a new tensor instead of assigning into the old one.",
)
def changes_the_target(estimate, target):
    observed = ~target.isnan()
    target[~observed] = 0
    errors = (estimate - target) * observed
    return (errors**2).sum() / observed.sum().clamp(min=1)


# --- binary_loss -----------------------------------------------------------------------------------------------------

distractor(
    "autoencoder.binary_loss",
    "a",
    hint="A softmax fits when exactly one of the classes is true. A user likes many movies at once, "
    "and each movie is a question of its own.",
)
distractor(
    "autoencoder.binary_loss",
    "b",
    hint="The loss is the right kind, but silence is not dislike: NaN says that we do not know. "
    "Where have you seen zeros in place of NaN go wrong before?",
)
distractor(
    "autoencoder.binary_loss",
    "c",
    hint="Counting wrong answers is a fine way to report, but it cannot train: a small change of the weights changes "
    "no count, so the gradient is 0 nearly everywhere. Which loss falls smoothly as a probability gets better?",
)


# --- training_step ---------------------------------------------------------------------------------------------------


@mistake(
    "autoencoder.training_step",
    hint="Nobody clears the gradients. `backward()` adds to what is already in `.grad`, so the second step also "
    "follows the first batch again. Which method of the optimizer sets the gradients to zero?",
)
def gradients_not_cleared(model, optimizer, x, y):
    loss = model.criterion(model(x), y)
    loss.backward()
    optimizer.step()
    return loss.item()


@mistake(
    "autoencoder.training_step",
    hint="The weights are the same after your step as before. Either nobody calls `step`, or it finds no gradients: "
    "they were cleared between `backward()` and `step()`, or the estimate was detached. "
    "Clear first, then compute, then step.",
)
def weights_stay(model, optimizer, x, y):
    loss = model.criterion(model(x), y)
    loss.backward()
    optimizer.zero_grad()
    optimizer.step()
    return loss.item()


@mistake(
    "autoencoder.training_step",
    hint="You call `step` before `backward`, so every step follows the gradient of the batch before it, and the first "
    "one none at all. The gradient must be there first.",
)
def step_before_backward(model, optimizer, x, y):
    loss = model.criterion(model(x), y)
    optimizer.step()
    optimizer.zero_grad()
    loss.backward()
    return loss.item()


@mistake(
    "autoencoder.training_step",
    hint="Your code makes two steps for one batch. Call `step` once.",
)
def two_steps(model, optimizer, x, y):
    optimizer.zero_grad()
    loss = model.criterion(model(x), y)
    loss.backward()
    optimizer.step()
    optimizer.step()
    return loss.item()


@mistake(
    "autoencoder.training_step",
    hint="You returned a tensor. It keeps the whole computation alive, and a list of such losses fills the memory. "
    "Return a plain number: ask the tensor for its `item()`.",
)
def returns_the_tensor(model, optimizer, x, y):
    optimizer.zero_grad()
    loss = model.criterion(model(x), y)
    loss.backward()
    optimizer.step()
    return loss


@mistake(
    "autoencoder.training_step",
    hint="You returned the loss after the step. The loss before the step is asked for, the one the gradient belongs "
    "to; it is there already and costs no second prediction.",
)
def loss_after_the_step(model, optimizer, x, y):
    optimizer.zero_grad()
    model.criterion(model(x), y).backward()
    optimizer.step()
    return model.criterion(model(x), y).item()


@mistake(
    "autoencoder.training_step",
    hint="You used a loss of your own. The model brings its loss along, as `model.criterion`: with it the same step "
    "trains any model.",
)
def a_loss_of_its_own(model, optimizer, x, y):
    optimizer.zero_grad()
    loss = right_loss(model(x), y)
    loss.backward()
    optimizer.step()
    return loss.item()


@mistake(
    "autoencoder.training_step",
    hint="You filled the gaps of the targets with 0. The loss cannot see any more what was observed, and the model "
    "learns to predict 0. `criterion` knows what to do with NaN: give it `y` as it is.",
)
def targets_filled_with_zero(model, optimizer, x, y):
    optimizer.zero_grad()
    loss = model.criterion(model(x), torch.nan_to_num(y))
    loss.backward()
    optimizer.step()
    return loss.item()


@mistake(
    "autoencoder.training_step",
    hint="The arguments of the criterion are swapped, so it looks for NaN in the predictions instead of in the "
    "targets. The docstring says `criterion(estimate, target)`.",
)
def criterion_arguments_swapped(model, optimizer, x, y):
    optimizer.zero_grad()
    loss = model.criterion(y, model(x))
    loss.backward()
    optimizer.step()
    return loss.item()


# --- fit -------------------------------------------------------------------------------------------------------------


def _pass(model, x, y, valid, optimizer, batch_size, generator, *, update=None, order=None, batches=None,
          switch=True, n_of=None, error_of=None):  # fmt: skip
    """An epoch with one thing changed, so that each mistake below shows only what is wrong with it."""
    if order is None:
        order = torch.arange(len(x)) if valid else torch.randperm(len(x), generator=generator)
    if switch:
        model.train(not valid)
    squared_error, n_ratings = 0.0, 0
    for batch in batches(order) if batches else order.split(batch_size):
        n_observed = int((~y[batch].isnan()).sum())
        with torch.set_grad_enabled(True):
            loss = model.criterion(model(x[batch]), y[batch])
        if update:
            update(loss)
        elif not valid:
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        squared_error += error_of(loss, batch) if error_of else loss.item() * n_observed
        n_ratings += n_of(batch) if n_of else n_observed
    return model, squared_error, n_ratings


@mistake(
    "autoencoder.fit",
    hint="You train while you measure: the weights are different after a pass with `valid=True`. The validation "
    "ratings then teach the model, and their error says nothing about unseen ratings. No `backward`, no `step` there.",
)
def trains_while_measuring(model, x, y, valid=False, optimizer=None, batch_size=64, generator=None):
    def update(loss):
        if optimizer is not None:
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

    return _pass(model, x, y, valid, optimizer, batch_size, generator, update=update)


@mistake(
    "autoencoder.fit",
    hint="You use the optimizer also when `valid` is True. Measuring is done without one, so it may be None then. "
    "Keep everything that belongs to learning behind `if not valid`.",
)
def needs_an_optimizer_to_measure(model, x, y, valid=False, optimizer=None, batch_size=64, generator=None):
    def update(loss):
        optimizer.zero_grad()
        if not valid:
            loss.backward()
            optimizer.step()

    return _pass(model, x, y, valid, optimizer, batch_size, generator, update=update)


@mistake(
    "autoencoder.fit",
    hint="Your pass changes no weights, also when it should train. Which lines of a training step come after the loss, "
    "and in which order?",
)
def never_trains(model, x, y, valid=False, optimizer=None, batch_size=64, generator=None):
    return _pass(model, x, y, valid, optimizer, batch_size, generator, update=lambda loss: None)


@mistake(
    "autoencoder.fit",
    hint="You do not clear the gradients before `backward()`, so each step also follows all batches before it, and "
    "training swings instead of settling.",
)
def gradients_pile_up(model, x, y, valid=False, optimizer=None, batch_size=64, generator=None):
    def update(loss):
        if not valid:
            loss.backward()
            optimizer.step()

    return _pass(model, x, y, valid, optimizer, batch_size, generator, update=update)


@mistake(
    "autoencoder.fit",
    hint="A step follows more than the gradient of its own batch. Clear, go backward and step for every batch: "
    "to clear or to step once in the whole pass is not enough.",
)
def gradients_cleared_once(model, x, y, valid=False, optimizer=None, batch_size=64, generator=None):
    if not valid:
        optimizer.zero_grad()

    def update(loss):
        if not valid:
            loss.backward()
            optimizer.step()

    return _pass(model, x, y, valid, optimizer, batch_size, generator, update=update)


@mistake(
    "autoencoder.fit",
    hint="You add up the losses of the batches. Each of them is a mean, and a sum of means depends on how the users "
    "happen to be batched. Turn each mean back into a sum over its ratings before you add.",
)
def adds_up_batch_means(model, x, y, valid=False, optimizer=None, batch_size=64, generator=None):
    return _pass(model, x, y, valid, optimizer, batch_size, generator, error_of=lambda loss, batch: loss.item())


@mistake(
    "autoencoder.fit",
    hint="You multiplied the loss of a batch by its number of users. The loss is a mean over ratings, so the sum comes "
    "back by multiplying with the number of observed ratings in the batch.",
)
def multiplies_by_users(model, x, y, valid=False, optimizer=None, batch_size=64, generator=None):
    return _pass(
        model, x, y, valid, optimizer, batch_size, generator, error_of=lambda loss, batch: loss.item() * len(batch)
    )


@mistake(
    "autoencoder.fit",
    hint="You returned the mean error in place of the sum. The docstring asks for the sum of the squared errors; "
    "dividing by the number of ratings is left to whoever calls `fit`.",
)
def returns_the_mean_error(model, x, y, valid=False, optimizer=None, batch_size=64, generator=None):
    model, squared_error, n_ratings = _pass(model, x, y, valid, optimizer, batch_size, generator)
    return model, squared_error / n_ratings, n_ratings


@mistake(
    "autoencoder.fit",
    hint="You counted all cells as ratings, also those with NaN. Count the observed ones: both in `n_ratings` and "
    "where you turn a mean loss back into a sum.",
)
def counts_all_cells(model, x, y, valid=False, optimizer=None, batch_size=64, generator=None):
    return _pass(
        model, x, y, valid, optimizer, batch_size, generator,
        error_of=lambda loss, batch: loss.item() * y[batch].numel(), n_of=lambda batch: y[batch].numel(),
    )  # fmt: skip


@mistake(
    "autoencoder.fit",
    hint="The third result is the number of users. A root mean squared error is a mean over ratings: "
    "count the observed cells of `y`.",
)
def counts_users_as_ratings(model, x, y, valid=False, optimizer=None, batch_size=64, generator=None):
    return _pass(model, x, y, valid, optimizer, batch_size, generator, n_of=len)


@mistake(
    "autoencoder.fit",
    hint="You filled the gaps of `y`. Then the loss takes every gap for a rating of 0, and the sum with it. "
    "`model.criterion` knows what to do with NaN: give it the targets as they are.",
)
def gaps_of_the_targets_filled(model, x, y, valid=False, optimizer=None, batch_size=64, generator=None):
    n_of = {"n_of": lambda batch: int((~y[batch].isnan()).sum())}
    n_of["error_of"] = lambda loss, batch: loss.item() * n_of["n_of"](batch)
    return _pass(model, x, torch.nan_to_num(y), valid, optimizer, batch_size, generator, **n_of)


@mistake(
    "autoencoder.fit",
    hint="All users go through the model at once, although `batch_size` is smaller. Then there is one step per pass "
    "instead of many. Cut the order of users into pieces of `batch_size`.",
)
def one_big_batch(model, x, y, valid=False, optimizer=None, batch_size=64, generator=None):
    return _pass(model, x, y, valid, optimizer, batch_size, generator, batches=lambda order: [order])


@mistake(
    "autoencoder.fit",
    hint="Training goes through the users in the same order every time. Neighbours in the file then always share a "
    "batch, and the last ones always have the last word. Shuffle the order before each training pass.",
)
def not_shuffled(model, x, y, valid=False, optimizer=None, batch_size=64, generator=None):
    return _pass(model, x, y, valid, optimizer, batch_size, generator, order=torch.arange(len(x)))


@mistake(
    "autoencoder.fit",
    hint="You shuffle, but not with the `generator` that was handed in, so a run cannot be repeated. "
    "`torch.randperm` takes a generator.",
)
def ignores_the_generator(model, x, y, valid=False, optimizer=None, batch_size=64, generator=None):
    return _pass(model, x, y, valid, optimizer, batch_size, None)


@mistake(
    "autoencoder.fit",
    hint="You drew users at random with repetition: some came twice, others never. One pass visits every user once. "
    "Shuffle the users, do not draw them.",
)
def draws_with_repetition(model, x, y, valid=False, optimizer=None, batch_size=64, generator=None):
    order = torch.arange(len(x)) if valid else torch.randint(len(x), (len(x),), generator=generator)
    return _pass(model, x, y, valid, optimizer, batch_size, generator, order=order)


@mistake(
    "autoencoder.fit",
    hint="You dropped the last batch because it is not full. Its users are then missing from the error. "
    "The last batch may be smaller than the others.",
)
def last_batch_dropped(model, x, y, valid=False, optimizer=None, batch_size=64, generator=None):
    return _pass(
        model, x, y, valid, optimizer, batch_size, generator,
        batches=lambda order: [b for b in order.split(batch_size) if len(b) == batch_size],
    )  # fmt: skip


@mistake(
    "autoencoder.fit",
    hint="Your pass ends after its first batch. A `return` inside the loop ends the function there: "
    "put it behind the loop.",
)
def returns_after_the_first_batch(model, x, y, valid=False, optimizer=None, batch_size=64, generator=None):
    return _pass(model, x, y, valid, optimizer, batch_size, generator, batches=lambda order: [order[:batch_size]])


@mistake(
    "autoencoder.fit",
    hint="The users go through the model one by one. A batch gives a steadier gradient and is many times faster. "
    "Cut the order of users into pieces of `batch_size`.",
)
def one_user_at_a_time(model, x, y, valid=False, optimizer=None, batch_size=64, generator=None):
    return _pass(model, x, y, valid, optimizer, batch_size, generator, batches=lambda order: order.split(1))


@mistake(
    "autoencoder.fit",
    hint="Training and evaluation mode: the model is in the wrong one, both when you train and when you measure. "
    "Layers such as dropout behave differently in the two. `model.train(...)` takes a truth value.",
)
def modes_never_switched(model, x, y, valid=False, optimizer=None, batch_size=64, generator=None):
    return _pass(model, x, y, valid, optimizer, batch_size, generator, switch=False)


@mistake(
    "autoencoder.fit",
    hint="You measure in training mode. Call `model.eval()` before measuring, otherwise a model with dropout would be "
    "measured with some of its neurons switched off.",
)
def measures_in_training_mode(model, x, y, valid=False, optimizer=None, batch_size=64, generator=None):
    model.train()
    return _pass(model, x, y, valid, optimizer, batch_size, generator, switch=False)


@mistake(
    "autoencoder.fit",
    hint="After measuring, the model stays in evaluation mode, and your next training pass runs in it. "
    "Call `model.train()` before training, every time.",
)
def stays_in_evaluation_mode(model, x, y, valid=False, optimizer=None, batch_size=64, generator=None):
    if valid:
        model.eval()
    return _pass(model, x, y, valid, optimizer, batch_size, generator, switch=False)


# --- train -----------------------------------------------------------------------------------------------------------


def _epochs(model, fit, train_x, train_y, valid_x, valid_y, optimizer, n_epochs, *, error=None, better=None, by="valid",
            restore=True, stop=False, measure=None, learn=None):  # fmt: skip
    """The training loop with one thing changed, so that each mistake below shows only what is wrong with it."""
    error = error or (lambda squared_error, n_ratings, n_users: (squared_error / n_ratings) ** 0.5)
    measure = measure or (lambda: fit(model, valid_x, valid_y, valid=True))
    learn = learn or (lambda: fit(model, train_x, train_y, optimizer=optimizer))
    better = better or (lambda new, old: new < min(old, default=np.inf))
    history = {"train": [], "valid": []}
    best_weights = None
    for _ in range(n_epochs):
        before = {name: list(errors) for name, errors in history.items()}
        history["train"].append(error(*learn()[1:], len(train_x)))
        history["valid"].append(error(*measure()[1:], len(valid_x)))
        if better(history[by][-1], before[by]):
            best_weights = {name: tensor.clone() for name, tensor in model.state_dict().items()}
        elif stop:
            break
    if restore:
        model.load_state_dict(best_weights)
    return history


@mistake(
    "autoencoder.train",
    hint="Your history holds mean squared errors. A root mean squared error is in stars: take the square root.",
)
def root_forgotten(model, fit, train_x, train_y, valid_x, valid_y, optimizer, n_epochs=20):
    return _epochs(model, fit, train_x, train_y, valid_x, valid_y, optimizer, n_epochs,
                   error=lambda squared_error, n_ratings, n_users: squared_error / n_ratings)  # fmt: skip


@mistake(
    "autoencoder.train",
    hint="You did not divide by the number of ratings. A sum over many ratings is large even when every prediction is "
    "good, and the two histories cannot be compared.",
)
def sum_instead_of_mean_error(model, fit, train_x, train_y, valid_x, valid_y, optimizer, n_epochs=20):
    return _epochs(model, fit, train_x, train_y, valid_x, valid_y, optimizer, n_epochs,
                   error=lambda squared_error, n_ratings, n_users: squared_error**0.5)  # fmt: skip


@mistake(
    "autoencoder.train",
    hint="You divided by the number of users. `fit` gives you the number of ratings, and the error is a mean over "
    "ratings.",
)
def divided_by_number_of_users(model, fit, train_x, train_y, valid_x, valid_y, optimizer, n_epochs=20):
    return _epochs(model, fit, train_x, train_y, valid_x, valid_y, optimizer, n_epochs,
                   error=lambda squared_error, n_ratings, n_users: (squared_error / n_users) ** 0.5)  # fmt: skip


@mistake(
    "autoencoder.train",
    hint="You took the root of the sum and then divided. First make it a mean, then take its root.",
)
def root_before_dividing(model, fit, train_x, train_y, valid_x, valid_y, optimizer, n_epochs=20):
    return _epochs(model, fit, train_x, train_y, valid_x, valid_y, optimizer, n_epochs,
                   error=lambda squared_error, n_ratings, n_users: squared_error**0.5 / n_ratings)  # fmt: skip


@mistake(
    "autoencoder.train",
    hint="At the end the model has the weights of the last epoch. Either you do not load the best ones into it "
    "(`model = ...` only moves the name), or you kept `state_dict()` itself, whose tensors go on changing. "
    "Keep clones, and load them at the end.",
)
def last_epoch_kept(model, fit, train_x, train_y, valid_x, valid_y, optimizer, n_epochs=20):
    return _epochs(model, fit, train_x, train_y, valid_x, valid_y, optimizer, n_epochs, restore=False)


@mistake(
    "autoencoder.train",
    hint="You go back to the best weights inside the loop, so the next epoch does not go on from where the last one "
    "ended. Remember the best weights, but load them once, after the loop.",
)
def goes_back_after_every_setback(model, fit, train_x, train_y, valid_x, valid_y, optimizer, n_epochs=20):
    history, best_weights = {"train": [], "valid": []}, None
    for _ in range(n_epochs):
        _, squared_error, n_ratings = fit(model, train_x, train_y, optimizer=optimizer)
        history["train"].append((squared_error / n_ratings) ** 0.5)
        _, squared_error, n_ratings = fit(model, valid_x, valid_y, valid=True)
        history["valid"].append((squared_error / n_ratings) ** 0.5)
        if history["valid"][-1] == min(history["valid"]):
            best_weights = {name: tensor.clone() for name, tensor in model.state_dict().items()}
        model.load_state_dict(best_weights)
    return history


@mistake(
    "autoencoder.train",
    hint="You kept the epoch with the highest validation error. An error is the better the smaller it is.",
)
def worst_epoch_kept(model, fit, train_x, train_y, valid_x, valid_y, optimizer, n_epochs=20):
    return _epochs(model, fit, train_x, train_y, valid_x, valid_y, optimizer, n_epochs,
                   better=lambda new, old: new > max(old, default=-np.inf))  # fmt: skip


@mistake(
    "autoencoder.train",
    hint="You compare each epoch with the one before it, not with the best so far. "
    "After a bad epoch a half-good one would then win.",
)
def better_than_the_epoch_before(model, fit, train_x, train_y, valid_x, valid_y, optimizer, n_epochs=20):
    return _epochs(model, fit, train_x, train_y, valid_x, valid_y, optimizer, n_epochs,
                   better=lambda new, old: new < (old[-1] if old else np.inf))  # fmt: skip


@mistake(
    "autoencoder.train",
    hint="You never update the lowest error so far, or only the first epoch is ever kept. "
    "When an epoch is better, remember both its weights and its error.",
)
def first_epoch_kept(model, fit, train_x, train_y, valid_x, valid_y, optimizer, n_epochs=20):
    return _epochs(model, fit, train_x, train_y, valid_x, valid_y, optimizer, n_epochs,
                   better=lambda new, old: not old)  # fmt: skip


@mistake(
    "autoencoder.train",
    hint="You chose the best epoch by the training error. That one falls as long as you train, also while the model "
    "only learns its training ratings by heart. Choose by the validation error.",
)
def chosen_by_training_error(model, fit, train_x, train_y, valid_x, valid_y, optimizer, n_epochs=20):
    return _epochs(model, fit, train_x, train_y, valid_x, valid_y, optimizer, n_epochs, by="train")


@mistake(
    "autoencoder.train",
    hint="You call `fit` on the validation data without `valid=True`, so it trains on them. "
    "Data that were learned from cannot tell how good the model is.",
)
def trains_on_validation_data(model, fit, train_x, train_y, valid_x, valid_y, optimizer, n_epochs=20):
    return _epochs(model, fit, train_x, train_y, valid_x, valid_y, optimizer, n_epochs,
                   measure=lambda: fit(model, valid_x, valid_y, optimizer=optimizer))  # fmt: skip


@mistake(
    "autoencoder.train",
    hint="You measure on the training data. Their error says how well the model remembers; the validation data are "
    "there to say how well it predicts.",
)
def validates_on_training_data(model, fit, train_x, train_y, valid_x, valid_y, optimizer, n_epochs=20):
    return _epochs(model, fit, train_x, train_y, valid_x, valid_y, optimizer, n_epochs,
                   measure=lambda: fit(model, train_x, train_y, valid=True))  # fmt: skip


@mistake(
    "autoencoder.train",
    hint="You measure with the targets of training. They say how well the model remembers what it learned from. "
    "Inputs and targets come in pairs: which targets belong to `valid_x`?",
)
def validates_on_training_targets(model, fit, train_x, train_y, valid_x, valid_y, optimizer, n_epochs=20):
    return _epochs(model, fit, train_x, train_y, valid_x, valid_y, optimizer, n_epochs,
                   measure=lambda: fit(model, valid_x, train_y, valid=True))  # fmt: skip


@mistake(
    "autoencoder.train",
    hint="You measure before you train, so every validation error belongs to the epoch before it, and the last epoch "
    "is never measured. Train first, then measure.",
)
def measures_before_training(model, fit, train_x, train_y, valid_x, valid_y, optimizer, n_epochs=20):
    history = {"train": [], "valid": []}
    for _ in range(n_epochs):
        _, squared_error, n_ratings = fit(model, valid_x, valid_y, valid=True)
        history["valid"].append((squared_error / n_ratings) ** 0.5)
        if history["valid"][-1] == min(history["valid"]):
            best_weights = {name: tensor.clone() for name, tensor in model.state_dict().items()}
        _, squared_error, n_ratings = fit(model, train_x, train_y, optimizer=optimizer)
        history["train"].append((squared_error / n_ratings) ** 0.5)
    model.load_state_dict(best_weights)
    return history


@mistake(
    "autoencoder.train",
    hint="You gave the inputs as targets. The inputs have 0 where nothing is known; in the targets this is NaN, so "
    "that the loss can leave it out. `fit` wants both `x` and `y`.",
)
def inputs_as_targets(model, fit, train_x, train_y, valid_x, valid_y, optimizer, n_epochs=20):
    return _epochs(model, fit, train_x, train_y, valid_x, valid_y, optimizer, n_epochs,
                   learn=lambda: fit(model, train_x, train_x, optimizer=optimizer),
                   measure=lambda: fit(model, valid_x, valid_x, valid=True))  # fmt: skip


@mistake(
    "autoencoder.train",
    hint="You do not hand the optimizer to `fit`. Without it, training cannot change a weight.",
)
def optimizer_not_handed_on(model, fit, train_x, train_y, valid_x, valid_y, optimizer, n_epochs=20):
    return _epochs(model, fit, train_x, train_y, valid_x, valid_y, optimizer, n_epochs,
                   learn=lambda: fit(model, train_x, train_y))  # fmt: skip


@mistake(
    "autoencoder.train",
    hint="You stop at the first epoch that is worse than the best. Errors go up and down a little, and the histories "
    "should have `n_epochs` entries. Train all epochs and return to the best one at the end.",
)
def stops_at_the_first_setback(model, fit, train_x, train_y, valid_x, valid_y, optimizer, n_epochs=20):
    return _epochs(model, fit, train_x, train_y, valid_x, valid_y, optimizer, n_epochs, stop=True)


@mistake(
    "autoencoder.train",
    hint="Your loop makes one epoch too few. `range(1, n)` has n − 1 members.",
)
def one_epoch_too_few(model, fit, train_x, train_y, valid_x, valid_y, optimizer, n_epochs=20):
    return _epochs(model, fit, train_x, train_y, valid_x, valid_y, optimizer, n_epochs - 1)


# --- evaluate --------------------------------------------------------------------------------------------------------


def _test_error(model, x, y, user_means, *, predict=None, error=None, switch=True):
    """A test with one thing changed, so that each mistake below shows only what is wrong with it."""
    if switch:
        model.eval()
    with torch.no_grad():
        predictions = predict(model(x)) if predict else (model(x) + user_means).clamp(1, 5)
    errors = predictions - y
    return error(errors) if error else (errors[~y.isnan()] ** 2).mean().sqrt().item()


@mistake(
    "autoencoder.evaluate",
    hint="The model reads the test ratings before it predicts them, and `x` is never used. An autoencoder that may "
    "look at the answer only has to copy it, so the error looks far too good. Which argument holds what is known?",
)
def reads_the_test_ratings(model, x, y, user_means):
    return _test_error(model, torch.nan_to_num(y - user_means), y, user_means)


@mistake(
    "autoencoder.evaluate",
    hint="The model reads test ratings besides the training ratings. Nothing of `y` may go into the model: "
    "a rating that it has read is not unseen.",
)
def adds_test_ratings_to_the_input(model, x, y, user_means):
    return _test_error(model, torch.where(y.isnan(), x, y - user_means), y, user_means)


@mistake(
    "autoencoder.evaluate",
    hint="You subtract the means from `x`. They are subtracted already: `x` is what training has prepared for the "
    "model, 0 at the gaps, so give it as it is.",
)
def x_centred_again(model, x, y, user_means):
    return _test_error(model, x - user_means, y, user_means)


@mistake(
    "autoencoder.evaluate",
    hint="You did not clip. Nobody can give 5.7 stars, so a prediction beyond the scale is moved to its end before it "
    "is compared.",
)
def not_clipped(model, x, y, user_means):
    return _test_error(model, x, y, user_means, predict=lambda out: out + user_means)


@mistake(
    "autoencoder.evaluate",
    hint="You clip the centred predictions, and then add the means. On the centred scale 1 to 5 has no meaning: "
    "go back to stars first, then clip.",
)
def clipped_before_adding_the_means(model, x, y, user_means):
    return _test_error(model, x, y, user_means, predict=lambda out: out.clamp(1, 5) + user_means)


@mistake(
    "autoencoder.evaluate",
    hint="You compare centred predictions with stars. The model was trained on ratings without the users' means: "
    "add `user_means` back before you compare.",
)
def means_not_added(model, x, y, user_means):
    return _test_error(model, x, y, user_means, predict=lambda out: out.clamp(1, 5))


@mistake(
    "autoencoder.evaluate",
    hint="You added the means to the predictions and subtracted them from `y` as well. "
    "Compare on one scale: stars with stars.",
)
def compared_on_two_scales(model, x, y, user_means):
    return _test_error(model, x, y - user_means, user_means)


@mistake(
    "autoencoder.evaluate",
    hint="You averaged the errors of the users. Somebody with one test rating then counts as much as somebody with "
    "fifty. Pool all squared errors first, then take one mean and one root.",
)
def mean_of_user_errors(model, x, y, user_means):
    return _test_error(
        model, x, y, user_means,
        error=lambda errors: torch.nanmean(torch.nanmean(errors**2, dim=1).sqrt()).item(),
    )  # fmt: skip


@mistake(
    "autoencoder.evaluate",
    hint="This is the mean squared error. Its unit is stars squared; take the root to get back to stars.",
)
def no_root(model, x, y, user_means):
    return _test_error(model, x, y, user_means, error=lambda errors: torch.nanmean(errors**2).item())


@mistake(
    "autoencoder.evaluate",
    hint="This is the mean absolute error. For the root mean squared error, square the errors, average, take the root.",
)
def mean_absolute_error(model, x, y, user_means):
    return _test_error(model, x, y, user_means, error=lambda errors: torch.nanmean(errors.abs()).item())


@mistake(
    "autoencoder.evaluate",
    hint="You compare at all cells, with 0 stars where nobody rated. Only the observed cells of `y` can be wrong or "
    "right.",
)
def missing_ratings_as_zero_stars(model, x, y, user_means):
    return _test_error(model, x, torch.nan_to_num(y), user_means)


@mistake(
    "autoencoder.evaluate",
    hint="Only observed cells enter your sum, but you divide by the number of all cells, so the error looks too small. "
    "Divide by the number of observed ratings.",
)
def divided_by_every_cell(model, x, y, user_means):
    return _test_error(
        model, x, y, user_means, error=lambda errors: (torch.nansum(errors**2) / errors.numel()).sqrt().item()
    )


@mistake(
    "autoencoder.evaluate",
    hint="Your error is NaN, because you average also where `y` is NaN. Choose the observed cells first.",
)
def nan_error(model, x, y, user_means):
    return _test_error(model, x, y, user_means, error=lambda errors: (errors**2).mean().sqrt().item())


@mistake(
    "autoencoder.evaluate",
    hint="The model is still in training mode when you test it. Call `model.eval()` first, as in every measurement.",
)
def tests_in_training_mode(model, x, y, user_means):
    return _test_error(model, x, y, user_means, switch=False)


# --- hidden_layer ----------------------------------------------------------------------------------------------------


@mistake(
    "autoencoder.hidden_layer",
    hint="There is no sigmoid in your hidden layer. The weighted sums are only half of a neuron; its value is what "
    "comes out of the sigmoid, between 0 and 1.",
)
def weighted_sums_only(model, x):
    with torch.no_grad():
        return model.fc1(x).numpy()


@mistake(
    "autoencoder.hidden_layer",
    hint="You went through the whole autoencoder and returned its predictions. Stop in the middle: "
    "the hidden layer is what `fc2` would read.",
)
def the_whole_autoencoder(model, x):
    with torch.no_grad():
        return right_forward(model, x).numpy()


@mistake(
    "autoencoder.hidden_layer",
    hint="You called the model, which goes through all its layers. To stop in the middle, use its first layer "
    "yourself.",
)
def calls_the_whole_model(model, x):
    with torch.no_grad():
        return torch.sigmoid(model(x)).numpy()


@mistake(
    "autoencoder.hidden_layer",
    hint="What you returned is no NumPy array, but one is asked for. Inside `no_grad` a tensor can become one.",
)
def returns_a_tensor(model, x):
    with torch.no_grad():
        return torch.sigmoid(model.fc1(x))


@mistake(
    "autoencoder.hidden_layer",
    hint="A tensor that remembers how it was computed cannot become a NumPy array: PyTorch would lose track of the "
    "gradient. You only want to look here, so switch gradients off, or detach the result.",
)
def gradient_in_the_way(model, x):
    return torch.sigmoid(model.fc1(x)).numpy()


@mistake(
    "autoencoder.hidden_layer",
    hint="Your array has a row for each neuron. A row for each user is asked for, a column for each neuron.",
)
def neurons_as_rows(model, x):
    with torch.no_grad():
        return torch.sigmoid(model.fc1(x)).numpy().T


# --- latent_correlations ---------------------------------------------------------------------------------------------


def _columns_compared(hidden):
    with np.errstate(all="ignore"):
        return np.corrcoef(hidden, rowvar=False)


@mistake(
    "autoencoder.latent_correlations",
    hint="You compared users. `np.corrcoef` compares rows, but a neuron is a column of `hidden`.",
)
def rows_compared(hidden):
    with np.errstate(all="ignore"):
        correlations = np.nan_to_num(np.corrcoef(hidden))
    np.fill_diagonal(correlations, 1)
    return correlations


@mistake(
    "autoencoder.latent_correlations",
    hint="A neuron that never varies has no correlation: 0 divided by 0 gives NaN, and the map shows a hole. "
    "The docstring says which numbers to put there.",
)
def nan_for_dead_neurons(hidden):
    return _columns_compared(hidden)


@mistake(
    "autoencoder.latent_correlations",
    hint="The neuron that never varies has a 0 on the diagonal, too. Even such a neuron is equal to itself: "
    "its place on the diagonal is 1.",
)
def dead_neuron_unlike_itself(hidden):
    return np.nan_to_num(_columns_compared(hidden))


@mistake(
    "autoencoder.latent_correlations",
    hint="These are covariances. They grow with how strongly a neuron varies, so they do not compare. "
    "Divide by both standard deviations.",
)
def covariances(hidden):
    return np.cov(hidden, rowvar=False)


@mistake(
    "autoencoder.latent_correlations",
    hint="You did not subtract each neuron's mean. All values are positive, so without this all neurons look alike. "
    "A correlation compares deviations from the mean.",
)
def means_not_subtracted(hidden):
    directions = hidden / np.linalg.norm(hidden, axis=0)
    return directions.T @ directions


@mistake(
    "autoencoder.latent_correlations",
    hint="You subtracted one mean of all values. Every neuron has a mean of its own, over the users: "
    "which axis is that?",
)
def one_mean_for_all_neurons(hidden):
    deviations = hidden - hidden.mean()
    directions = deviations / np.linalg.norm(deviations, axis=0)
    return directions.T @ directions


@mistake(
    "autoencoder.latent_correlations",
    hint="Your correlations have no sign. A neuron that goes down whenever another goes up has a negative correlation, "
    "which is worth seeing.",
)
def sign_lost(hidden):
    correlations = np.abs(np.nan_to_num(_columns_compared(hidden)))
    np.fill_diagonal(correlations, 1)
    return correlations


@mistake(
    "autoencoder.latent_correlations",
    hint="The diagonal should be 1: every neuron goes perfectly with itself.",
)
def diagonal_of_zeros(hidden):
    correlations = np.nan_to_num(_columns_compared(hidden))
    np.fill_diagonal(correlations, 0)
    return correlations


# --- movie_latents ---------------------------------------------------------------------------------------------------

distractor(
    "autoencoder.movie_latents",
    "a",
    hint="A user, too, was only a row of numbers. The matrix has as many numbers in a movie's column: "
    "who says that an autoencoder must read it by rows?",
)
distractor(
    "autoencoder.movie_latents",
    "c",
    hint="Look at the shape of `hidden`: one row for each user and one column for each hidden neuron. "
    "No part of it belongs to a movie.",
)
distractor(
    "autoencoder.movie_latents",
    "d",
    hint="A column has one entry for each user, a row one for each movie, so a column does not fit into `fc1`. Even if "
    "the numbers were equal, the weights have learned what movies mean, not what users mean.",
)


# --- recommendations -------------------------------------------------------------------------------------------------


def _recommend(model, data, titles, k, *, x=None, mean=None, scores_of=None, hide=None, order=None, limit=True,
               switch=True):  # fmt: skip
    """A recommender with one thing changed, so that each mistake below shows only what is wrong with it."""
    mean = torch.nanmean(data) if mean is None else mean
    x = torch.nan_to_num(data - mean) if x is None else x
    if switch:
        model.eval()
    with torch.no_grad():
        scores = model(x.unsqueeze(0)).squeeze(0)
    scores = scores_of(scores) if scores_of else scores + mean
    unseen = data.isnan()
    scores = hide(scores, unseen) if hide else scores.masked_fill(~unseen, -torch.inf)
    best = scores.argsort(descending=True)
    best = order(best) if order else best
    best = best[: min(k, int(unseen.sum()))] if limit else best[:k]
    return [titles[i] for i in best.tolist()], scores[best].numpy()


@mistake(
    "autoencoder.recommendations",
    hint="You recommend movies the user has seen already. They are often the ones with the highest predictions, "
    "because the model has read their ratings. Give them a score that can never win.",
)
def recommends_seen_movies(model, data, titles, k):
    return _recommend(model, data, titles, k, hide=lambda scores, unseen: scores, limit=False)


@mistake(
    "autoencoder.recommendations",
    hint="You set the scores of seen movies to 0. A prediction that is not clipped can be lower than 0, and then a "
    "seen movie comes before it. Nothing is lower than minus infinity.",
)
def seen_movies_set_to_zero(model, data, titles, k):
    return _recommend(model, data, titles, k, hide=lambda scores, unseen: scores.masked_fill(~unseen, 0), limit=False)


@mistake(
    "autoencoder.recommendations",
    hint="When fewer than k movies are unseen, you fill the list up with seen ones (their score is minus infinity). "
    "The list should then be shorter.",
)
def filled_up_with_seen_movies(model, data, titles, k):
    return _recommend(model, data, titles, k, limit=False)


@mistake(
    "autoencoder.recommendations",
    hint="Your list holds the movies the user has seen. NaN marks the movies that are not seen: those are wanted.",
)
def only_seen_movies(model, data, titles, k):
    return _recommend(
        model, data, titles, k, hide=lambda scores, unseen: scores.masked_fill(unseen, -torch.inf), limit=False
    )


@mistake(
    "autoencoder.recommendations",
    hint="The worst movies come first. Sorting goes from small to large unless you ask for the other direction.",
)
def worst_first(model, data, titles, k):
    return _recommend(model, data, titles, k, order=lambda best: best.flip(0)[int((~data.isnan()).sum()) :])


@mistake(
    "autoencoder.recommendations",
    hint="You took the right movies and then turned the list round: the best of them stands last. "
    "The best comes first.",
)
def best_last(model, data, titles, k):
    names, scores = _recommend(model, data, titles, k)
    return names[::-1], scores[::-1].copy()


@mistake(
    "autoencoder.recommendations",
    hint="Your list starts with the second best movie. Positions start at 0, not at 1.",
)
def best_movie_skipped(model, data, titles, k):
    return _recommend(model, data, titles, k, order=lambda best: best[1:])


@mistake(
    "autoencoder.recommendations",
    hint="Your list has one movie too many. A slice `[:k]` has k members already.",
)
def one_too_many(model, data, titles, k):
    return _recommend(model, data, titles, k + 1)


@mistake(
    "autoencoder.recommendations",
    hint="The model read ratings in stars, but it has learned from centred ones. To it, every movie this user has "
    "rated looks loved. Subtract the user's mean before you fill the gaps.",
)
def centring_forgotten(model, data, titles, k):
    return _recommend(model, data, titles, k, x=torch.nan_to_num(data))


@mistake(
    "autoencoder.recommendations",
    hint="You filled the gaps with 0 and subtracted the mean afterwards, so every unseen movie went in as hated. "
    "Centre first, fill the gaps with 0 then.",
)
def filled_before_centring(model, data, titles, k):
    return _recommend(model, data, titles, k, x=torch.nan_to_num(data) - torch.nanmean(data))


@mistake(
    "autoencoder.recommendations",
    hint="You took the user's mean over all movies, with 0 for the unseen ones. Take it over the rated movies only.",
)
def users_mean_over_all_movies(model, data, titles, k):
    mean = torch.nan_to_num(data).mean()
    return _recommend(model, data, titles, k, mean=mean)


@mistake(
    "autoencoder.recommendations",
    hint="NaN went into the model. One NaN in a weighted sum makes all predictions NaN, and sorting them means "
    "nothing. Put 0 where there is no rating, after centring.",
)
def nan_goes_into_the_model(model, data, titles, k):
    return _recommend(model, data, titles, k, x=data - torch.nanmean(data))


@mistake(
    "autoencoder.recommendations",
    hint="Your scores are centred. To give them in stars, add the user's mean again.",
)
def mean_not_added_again(model, data, titles, k):
    return _recommend(model, data, titles, k, scores_of=lambda scores: scores)


@mistake(
    "autoencoder.recommendations",
    hint="You clipped the scores. Several movies are then equal at 5 stars (or at 1), and their order is lost. "
    "Clip when you measure an error, not when you rank.",
)
def clipped_scores(model, data, titles, k):
    mean = torch.nanmean(data)
    return _recommend(model, data, titles, k, scores_of=lambda scores: (scores + mean).clamp(1, 5))


@mistake(
    "autoencoder.recommendations",
    hint="You returned positions. A user wants to read titles: look them up in `titles`.",
)
def positions_instead_of_titles(model, data, titles, k):
    return _recommend(model, data, list(range(len(titles))), k)


@mistake(
    "autoencoder.recommendations",
    hint="You picked the titles from the list of all movies by positions within the unseen ones. "
    "After leaving movies out, position 3 is another movie. Keep track of the original positions.",
)
def titles_by_position_among_unseen(model, data, titles, k):
    scores_of_unseen = []

    def keep(scores, unseen):
        scores_of_unseen.append(scores[unseen])
        return scores

    _recommend(model, data, titles, k, hide=keep)
    scores = scores_of_unseen[0]
    best = scores.argsort(descending=True)[:k]
    return [titles[i] for i in best.tolist()], scores[best].numpy()


@mistake(
    "autoencoder.recommendations",
    hint="The model is still in training mode. With dropout, for example, the list would then be another one at every "
    "call. Call `model.eval()` first.",
)
def recommends_in_training_mode(model, data, titles, k):
    return _recommend(model, data, titles, k, switch=False)


@mistake(
    "autoencoder.recommendations",
    hint="You wrote into `data`. After the call the user's unseen movies are no longer NaN, so a second call would "
    "recommend nothing. Make a new tensor.",
)
def changes_the_data(model, data, titles, k):
    names, scores = _recommend(model, data, titles, k)
    data -= torch.nanmean(data)
    data[data.isnan()] = 0
    return names, scores


@mistake(
    "autoencoder.recommendations",
    hint="You take every 0 of the centred row for an unseen movie. A rating equal to the user's mean is 0 there, too, "
    "and this movie is seen. Ask `data` what is NaN.",
)
def rated_as_usual_counts_as_unseen(model, data, titles, k):
    as_usual = data == torch.nanmean(data)
    return _recommend(
        model, data, titles, k, hide=lambda scores, unseen: scores.masked_fill(~(unseen | as_usual), -torch.inf)
    )


# --- recommendations_by_genre ----------------------------------------------------------------------------------------


def _ranked(scores, keep):
    """Positions with `keep`, by score from high to low."""
    positions = np.flatnonzero(keep)
    return positions[np.argsort(-scores[positions], kind="stable")]


@mistake(
    "autoencoder.recommendations_by_genre",
    hint="You took the k best movies of all and then kept those of the genre, so the list is often too short. "
    "Filter first, cut to k last.",
)
def cut_before_filtering(scores, titles, has_genre, k):
    best = _ranked(scores, np.isfinite(scores))[:k]
    return [titles[i] for i in best if has_genre[i]]


@mistake(
    "autoencoder.recommendations_by_genre",
    hint="When the genre runs out of unseen movies, you fill the list up with seen ones or with other genres. "
    "A movie whose score is minus infinity must not be listed: the list should then be shorter.",
)
def seen_movies_slip_in(scores, titles, has_genre, k):
    return [titles[i] for i in _ranked(scores, has_genre)[:k]]


@mistake(
    "autoencoder.recommendations_by_genre",
    hint="The lowest scores come first. `argsort` goes from small to large: turn its result round, or sort the "
    "negative scores.",
)
def worst_of_the_genre_first(scores, titles, has_genre, k):
    return [titles[i] for i in _ranked(-scores, has_genre & np.isfinite(scores))[:k]]


@mistake(
    "autoencoder.recommendations_by_genre",
    hint="Your list is not sorted by score: the movies stand in the order of `titles`. The best should come first.",
)
def not_sorted_by_score(scores, titles, has_genre, k):
    return [titles[i] for i in np.flatnonzero(has_genre & np.isfinite(scores))[:k]]


@mistake(
    "autoencoder.recommendations_by_genre",
    hint="`has_genre` makes no difference to your list. It tells for each movie whether it may be recommended.",
)
def genre_ignored(scores, titles, has_genre, k):
    return [titles[i] for i in _ranked(scores, np.isfinite(scores))[:k]]


@mistake(
    "autoencoder.recommendations_by_genre",
    hint="Your list holds the movies that do not belong to the genre.",
)
def all_but_the_genre(scores, titles, has_genre, k):
    return [titles[i] for i in _ranked(scores, ~has_genre & np.isfinite(scores))[:k]]


@mistake(
    "autoencoder.recommendations_by_genre",
    hint="You sorted the genre's movies by themselves, and then used these positions in the list of all titles. "
    "After a filter, position 0 is another movie. Keep the original positions beside the scores.",
)
def titles_by_position_in_the_genre(scores, titles, has_genre, k):
    within = scores[has_genre & np.isfinite(scores)]
    return [titles[i] for i in np.argsort(-within)[:k]]


@mistake(
    "autoencoder.recommendations_by_genre",
    hint="Your list has one movie too many. A slice `[:k]` has k members already.",
)
def one_movie_too_many(scores, titles, has_genre, k):
    return [titles[i] for i in _ranked(scores, has_genre & np.isfinite(scores))[: k + 1]]


@mistake(
    "autoencoder.recommendations_by_genre",
    hint="You wrote into the `scores` that were given to you. Whoever asks for another genre next finds nothing left. "
    "Make a new array.",
)
def changes_the_given_scores(scores, titles, has_genre, k):
    scores[~has_genre] = -np.inf
    return [titles[i] for i in _ranked(scores, np.isfinite(scores))[:k]]


# --- recommendations_above -------------------------------------------------------------------------------------------


@mistake(
    "autoencoder.recommendations_above",
    hint="You also recommend movies whose prediction equals the minimum. It must be exceeded: strictly above.",
)
def minimum_included(scores, titles, minimum):
    return [titles[i] for i in _ranked(scores, scores >= minimum)]


@mistake(
    "autoencoder.recommendations_above",
    hint="Your list has the right movies in the order of `titles`. Sort them by score, the best first.",
)
def above_but_not_sorted(scores, titles, minimum):
    return [titles[i] for i in np.flatnonzero(scores > minimum)]


@mistake(
    "autoencoder.recommendations_above",
    hint="The movie that only just exceeds the minimum comes first. Sort the other way round, the best first.",
)
def just_above_first(scores, titles, minimum):
    return [titles[i] for i in _ranked(-scores, scores > minimum)]


@mistake(
    "autoencoder.recommendations_above",
    hint="Your list holds the movies below the minimum, the ones to stay away from.",
)
def below_the_minimum(scores, titles, minimum):
    return [titles[i] for i in _ranked(scores, np.isfinite(scores) & (scores < minimum))]


@mistake(
    "autoencoder.recommendations_above",
    hint="When no movie is good enough you return the best one all the same. The list should be empty then: "
    "a promise of a minimum is worth something only if it is kept.",
)
def at_least_one_movie(scores, titles, minimum):
    order = _ranked(scores, np.isfinite(scores))
    return [titles[i] for i in order if scores[i] > minimum] or [titles[order[0]]]


@mistake(
    "autoencoder.recommendations_above",
    hint="You sorted the filtered scores, and then used these positions in the list of all titles. After a filter, "
    "position 0 is another movie. Keep the original positions.",
)
def titles_by_position_above(scores, titles, minimum):
    above = scores[scores > minimum]
    return [titles[i] for i in np.argsort(-above)]


@mistake(
    "autoencoder.recommendations_above",
    hint="You took `minimum` for a number of movies. It is a predicted rating in stars; the list may have any length.",
)
def minimum_as_a_number_of_movies(scores, titles, minimum):
    return [titles[i] for i in _ranked(scores, np.isfinite(scores))[: int(minimum)]]


# --- overlap_at_k ----------------------------------------------------------------------------------------------------


@mistake(
    "autoencoder.overlap_at_k",
    hint="You divided by the number of movies in either list. Two lists of k movies can have more than k different "
    "ones; the share asked for is out of k.",
)
def divided_by_the_union(first, second, k):
    a, b = set(first[:k]), set(second[:k])
    return len(a & b) / len(a | b)


@mistake(
    "autoencoder.overlap_at_k",
    hint="You compared the whole lists. Only the first k movies of each are shown to anybody; cut both lists first.",
)
def beyond_rank_k(first, second, k):
    return len(set(first) & set(second)) / k


@mistake(
    "autoencoder.overlap_at_k",
    hint="You cut one list and not the other, so a movie that one recommender puts far down counts as common. "
    "Cut both to k.",
)
def only_one_list_cut(first, second, k):
    return len(set(first[:k]) & set(second)) / k


@mistake(
    "autoencoder.overlap_at_k",
    hint="You asked whether the same movie stands at the same rank. The order within the k best does not count: "
    "a movie is common if it is anywhere among them in both lists.",
)
def same_movie_at_the_same_rank(first, second, k):
    return sum(a == b for a, b in zip(first[:k], second[:k], strict=True)) / k


@mistake(
    "autoencoder.overlap_at_k",
    hint="This is a number of movies. A share is asked for: divide by k.",
)
def number_instead_of_share(first, second, k):
    return len(set(first[:k]) & set(second[:k]))


@mistake(
    "autoencoder.overlap_at_k",
    hint="You divided by the length of a whole list. Only k movies of it count, so the share is out of k.",
)
def divided_by_the_whole_list(first, second, k):
    return len(set(first[:k]) & set(second[:k])) / len(first)


@mistake(
    "autoencoder.overlap_at_k",
    hint="You divided by 2k. Two lists with the same k movies should have the overlap 1.",
)
def divided_by_both_lists(first, second, k):
    return len(set(first[:k]) & set(second[:k])) / (2 * k)


# --- user_attributes -------------------------------------------------------------------------------------------------


def _attributes(users, *, age=None, female=None, occupation=None):
    """The columns, with one thing changed, so that each mistake below shows only what is wrong with it."""
    years = users["age"].to_numpy(float)
    age = (years - years.mean()) / years.std() if age is None else age
    female = (users["gender"] == "F").to_numpy(float) if female is None else female
    if occupation is None:
        occupation = pd.get_dummies(users["occupation"]).to_numpy(float)
    return torch.tensor(np.column_stack([age, female, occupation]), dtype=torch.float32)


@mistake(
    "autoencoder.user_attributes",
    hint="The age goes in as years, in the tens, beside numbers that are 0 or 1. In a weighted sum it drowns all "
    "others and drives the sigmoid to its end, where it learns nothing. Bring it to mean 0 and standard deviation 1.",
)
def raw_age(users):
    return _attributes(users, age=users["age"].to_numpy(float))


@mistake(
    "autoencoder.user_attributes",
    hint="You divided by the standard deviation for samples (with n − 1), which is what pandas computes. "
    "The docstring asks for the one that divides by n, as NumPy does.",
)
def divided_by_n_minus_one(users):
    return _attributes(users, age=(users["age"] - users["age"].mean()) / users["age"].std())


@mistake(
    "autoencoder.user_attributes",
    hint="You shifted the age but did not scale it. Values such as −20 and 20 are still far larger than 0 and 1. "
    "Divide by the standard deviation.",
)
def age_not_scaled(users):
    return _attributes(users, age=users["age"] - users["age"].mean())


@mistake(
    "autoencoder.user_attributes",
    hint="You squeezed the age into 0 to 1 by its smallest and largest value. Mean 0 and standard deviation 1 are "
    "asked for; they depend less on the one oldest user.",
)
def age_between_zero_and_one(users):
    low, high = users["age"].min(), users["age"].max()
    return _attributes(users, age=(users["age"] - low) / (high - low))


@mistake(
    "autoencoder.user_attributes",
    hint="You divided the age by its standard deviation but did not subtract the mean, so everybody has a large "
    "positive number. Shift first, then scale.",
)
def age_not_shifted(users):
    return _attributes(users, age=users["age"] / users["age"].std(ddof=0))


@mistake(
    "autoencoder.user_attributes",
    hint="The genders are the wrong way round: the docstring says 1 for “F” and 0 for “M”.",
)
def genders_reversed(users):
    return _attributes(users, female=(users["gender"] == "M").to_numpy(float))


@mistake(
    "autoencoder.user_attributes",
    hint="Your occupations stand in the order in which they first appear. With other users, the same column would mean "
    "another occupation. Sort them by name.",
)
def occupations_as_they_appear(users):
    names = users["occupation"].unique()
    one_hot = np.array([[float(name == own) for name in names] for own in users["occupation"]])
    return _attributes(users, occupation=one_hot)


@mistake(
    "autoencoder.user_attributes",
    hint="You gave each occupation a number. The network would take a writer (5) for more than a doctor (1), and an "
    "engineer for something in between. Give each occupation a column of its own.",
)
def occupation_as_a_number(users):
    return _attributes(users, occupation=users["occupation"].astype("category").cat.codes.to_numpy(float))


@mistake(
    "autoencoder.user_attributes",
    hint="One occupation has no column. Leaving one out is a habit from linear regression; here every occupation gets "
    "its own.",
)
def first_occupation_dropped(users):
    return _attributes(users, occupation=pd.get_dummies(users["occupation"], drop_first=True).to_numpy(float))


@mistake(
    "autoencoder.user_attributes",
    hint="You scaled all columns. Only the age needs it: gender and occupation are 0 or 1 already, as the docstring "
    "says.",
)
def everything_scaled(users):
    columns = _attributes(users)
    return (columns - columns.mean(dim=0)) / columns.std(dim=0, unbiased=False)


@mistake(
    "autoencoder.user_attributes",
    hint="You wrote the scaled ages into the DataFrame that was given to you. Whoever reads the users' ages from it "
    "afterwards gets no years any more. Compute a new column beside it.",
)
def changes_the_given_users(users):
    users["age"] = (users["age"] - users["age"].mean()) / users["age"].std(ddof=0)
    return _attributes(users, age=users["age"].to_numpy(float))


# --- join_attributes -------------------------------------------------------------------------------------------------


@mistake(
    "autoencoder.join_attributes",
    hint="The attributes stand after the ratings. They come first: everything later relies on this order.",
)
def attributes_after_ratings(attributes, x):
    return torch.cat([torch.nan_to_num(x), attributes], dim=1)


@mistake(
    "autoencoder.join_attributes",
    hint="NaN is still in the input rows. One NaN makes everything that is computed from it NaN. "
    "Put 0 (“as usual for this user”) where there is no rating.",
)
def nan_left_in(attributes, x):
    return torch.cat([attributes, x], dim=1)


@mistake(
    "autoencoder.join_attributes",
    hint="You put one matrix below the other, as if the attributes were more users. Attributes and ratings describe "
    "the same users, so they belong side by side. Which dimension is that?",
)
def one_below_the_other(attributes, x):
    return torch.cat([attributes, torch.nan_to_num(x)], dim=0)


@mistake(
    "autoencoder.join_attributes",
    hint="You filled the gaps with the mean of the ratings at hand. These ratings are centred, so the neutral value is "
    "0: nothing above or below the user's usual.",
)
def gaps_filled_with_the_mean(attributes, x):
    return torch.cat([attributes, torch.where(x.isnan(), torch.nanmean(x), x)], dim=1)


@mistake(
    "autoencoder.join_attributes",
    hint="You wrote zeros into `x` itself. Whoever uses it afterwards can no longer tell what is observed. "
    "Make a new tensor.",
)
def changes_the_given_x(attributes, x):
    x[x.isnan()] = 0
    return torch.cat([attributes, x], dim=1)


@mistake(
    "autoencoder.join_attributes",
    hint="The attributes are missing from your rows: these are the ratings alone.",
)
def ratings_alone(attributes, x):
    return torch.nan_to_num(x)


@mistake(
    "autoencoder.join_attributes",
    hint="You returned a NumPy array. The model reads tensors: join the two with PyTorch.",
)
def a_numpy_array(attributes, x):
    return np.hstack([attributes, np.nan_to_num(x)])


# --- side_sizes ------------------------------------------------------------------------------------------------------


@mistake(
    "autoencoder.side_sizes",
    hint="Your output layer also predicts the attributes. They are known, so nobody needs a prediction of them: "
    "one output for each movie is enough.",
)
def predicts_the_attributes_too(attributes, ratings):
    inputs = attributes.shape[1] + ratings.shape[1]
    return inputs, inputs


@mistake(
    "autoencoder.side_sizes",
    hint="Your input layer has no room for the attributes. The model reads them beside the ratings.",
)
def no_room_for_attributes(attributes, ratings):
    return ratings.shape[1], ratings.shape[1]


@mistake(
    "autoencoder.side_sizes",
    hint="The two numbers have changed places: the model reads more than it predicts.",
)
def inputs_and_outputs_swapped(attributes, ratings):
    return ratings.shape[1], attributes.shape[1] + ratings.shape[1]


@mistake(
    "autoencoder.side_sizes",
    hint="You counted users. The model reads the row of one user at a time: how many columns do the two matrices have?",
)
def counts_the_users(attributes, ratings):
    return attributes.shape[0] + ratings.shape[0], ratings.shape[0]


@mistake(
    "autoencoder.side_sizes",
    hint="Your model would read attributes only. It should read attributes and ratings.",
)
def reads_attributes_only(attributes, ratings):
    return attributes.shape[1], ratings.shape[1]


# --- new_user --------------------------------------------------------------------------------------------------------


def _new_row(age, gender, occupation, occupations, n_movies, *, female="F", rating=0.0, check=True, one_hot=True):
    """A row with one thing changed, so that each mistake below shows only what is wrong with it."""
    if check and occupation not in occupations:
        raise ValueError(occupation)
    attributes = [age, float(gender == female), *(float(name == occupation) for name in occupations)]
    return torch.tensor([attributes + [rating] * n_movies], dtype=torch.float32)


@mistake(
    "autoencoder.new_user",
    hint="The age goes in as years. The model was trained with scaled ages and takes 30 for somebody unimaginably old. "
    "Scale it as in training, with `age_mean` and `age_std`.",
)
def age_in_years(age, gender, occupation, occupations, age_mean, age_std, n_movies):
    return _new_row(age, gender, occupation, occupations, n_movies)


@mistake(
    "autoencoder.new_user",
    hint="You scaled the age by itself, so it is always 0. One person has no standard deviation: "
    "use the mean and standard deviation of the training users.",
)
def age_scaled_by_itself(age, gender, occupation, occupations, age_mean, age_std, n_movies):
    return _new_row(0.0, gender, occupation, occupations, n_movies)


@mistake(
    "autoencoder.new_user",
    hint="You subtracted the mean age but did not divide by the standard deviation.",
)
def age_only_shifted(age, gender, occupation, occupations, age_mean, age_std, n_movies):
    return _new_row(age - age_mean, gender, occupation, occupations, n_movies)


@mistake(
    "autoencoder.new_user",
    hint="The genders are the wrong way round. The model has learned 1 for “F” and 0 for “M”.",
)
def genders_the_wrong_way_round(age, gender, occupation, occupations, age_mean, age_std, n_movies):
    return _new_row((age - age_mean) / age_std, gender, occupation, occupations, n_movies, female="M")


@mistake(
    "autoencoder.new_user",
    hint="Your row has one dimension. The model reads batches, so even a single user comes as a matrix with one row: "
    "the shape starts with 1.",
)
def a_flat_row(age, gender, occupation, occupations, age_mean, age_std, n_movies):
    return _new_row((age - age_mean) / age_std, gender, occupation, occupations, n_movies)[0]


@mistake(
    "autoencoder.new_user",
    hint="The row ends after the attributes. The model reads ratings too, so it needs a place for every movie, "
    "and 0 there, which says “nothing known”.",
)
def no_place_for_ratings(age, gender, occupation, occupations, age_mean, age_std, n_movies):
    return _new_row((age - age_mean) / age_std, gender, occupation, occupations, 0)


@mistake(
    "autoencoder.new_user",
    hint="You put NaN for the missing ratings. That marks gaps in targets; what goes into the model must be numbers, "
    "and 0 is the neutral one.",
)
def nan_for_missing_ratings(age, gender, occupation, occupations, age_mean, age_std, n_movies):
    return _new_row((age - age_mean) / age_std, gender, occupation, occupations, n_movies, rating=float("nan"))


@mistake(
    "autoencoder.new_user",
    hint="You gave the new user middling ratings of 3. The model reads centred ratings: there 3 means “three stars "
    "better than usual”, for every movie. The neutral value is 0.",
)
def threes_for_missing_ratings(age, gender, occupation, occupations, age_mean, age_std, n_movies):
    return _new_row((age - age_mean) / age_std, gender, occupation, occupations, n_movies, rating=3.0)


@mistake(
    "autoencoder.new_user",
    hint="With an occupation that is not on the list your function returns all the same, and the caller never learns "
    "of the slip. Raise a ValueError, as the docstring says.",
)
def unknown_occupation_passes(age, gender, occupation, occupations, age_mean, age_std, n_movies):
    return _new_row((age - age_mean) / age_std, gender, occupation, occupations, n_movies, check=False)


@mistake(
    "autoencoder.new_user",
    hint="An unknown occupation ends in a KeyError. The docstring promises a ValueError, and callers rely on it.",
)
def unknown_occupation_is_a_key_error(age, gender, occupation, occupations, age_mean, age_std, n_movies):
    {name: position for position, name in enumerate(occupations)}[occupation]
    return _new_row((age - age_mean) / age_std, gender, occupation, occupations, n_movies)


@mistake(
    "autoencoder.new_user",
    hint="The ratings stand before the attributes. The model was trained on rows that start with the attributes.",
)
def ratings_first(age, gender, occupation, occupations, age_mean, age_std, n_movies):
    row = _new_row((age - age_mean) / age_std, gender, occupation, occupations, 0)
    return torch.cat([torch.zeros(1, n_movies), row], dim=1)


@mistake(
    "autoencoder.new_user",
    hint="The row holds the right numbers, but it is no tensor. The model reads tensors: make one of it.",
)
def no_tensor(age, gender, occupation, occupations, age_mean, age_std, n_movies):
    return _new_row((age - age_mean) / age_std, gender, occupation, occupations, n_movies).tolist()


# --- cold_start ------------------------------------------------------------------------------------------------------


def _cold_scores(model, row, switch=True):
    if switch:
        model.eval()
    with torch.no_grad():
        return model(row).squeeze(0)


@mistake(
    "autoencoder.cold_start",
    hint="The movies with the lowest predictions come first. Sort from high to low.",
)
def lowest_first(model, row, titles, k):
    return [titles[i] for i in _cold_scores(model, row).argsort()[:k].tolist()]


@mistake(
    "autoencoder.cold_start",
    hint="These are the right k movies with the best one last. Turn the list round.",
)
def best_one_last(model, row, titles, k):
    return [titles[i] for i in _cold_scores(model, row).argsort()[-k:].tolist()]


@mistake(
    "autoencoder.cold_start",
    hint="You left out the movies whose place in the row is not NaN, as if they were seen. Somebody new has seen "
    "nothing: the zeros in `row` are not ratings, and every movie may be recommended.",
)
def everything_counts_as_seen(model, row, titles, k):
    scores = _cold_scores(model, row)
    seen = ~row[0, -len(titles) :].isnan()
    best = scores.masked_fill(seen, -torch.inf).topk(k).indices
    return [titles[i] for i in best.tolist() if not seen[i]]


@mistake(
    "autoencoder.cold_start",
    hint="You ranked the movies by the ratings in `row`, which are all 0. The model's predictions should decide: "
    "send the row through it.",
)
def ranked_by_the_row(model, row, titles, k):
    return [titles[i] for i in row[0, -len(titles) :].topk(k).indices.tolist()]


@mistake(
    "autoencoder.cold_start",
    hint="You cut the attributes off the row. They are all that is known about somebody new, and without them the row "
    "does not fit into the model.",
)
def attributes_cut_off(model, row, titles, k):
    return [titles[i] for i in _cold_scores(model, row[:, -len(titles) :]).topk(k).indices.tolist()]


@mistake(
    "autoencoder.cold_start",
    hint="`model(row)` is a matrix with one row. You looked up titles by a whole row of positions at once. "
    "Take the single row out before you rank.",
)
def batch_dimension_kept(model, row, titles, k):
    scores = _cold_scores(model, row).unsqueeze(0)
    return [titles[i] for i in scores.topk(k).indices.tolist()]


@mistake(
    "autoencoder.cold_start",
    hint="You returned positions. Look their titles up.",
)
def positions_of_the_best(model, row, titles, k):
    return _cold_scores(model, row).topk(k).indices.tolist()


@mistake(
    "autoencoder.cold_start",
    hint="The model is still in training mode. Call `model.eval()` before it predicts.",
)
def predicts_in_training_mode(model, row, titles, k):
    return [titles[i] for i in _cold_scores(model, row, switch=False).topk(k).indices.tolist()]


# --- zeros_as_ratings ------------------------------------------------------------------------------------------------

distractor(
    "autoencoder.zeros_as_ratings",
    "b",
    hint="The gradient of a squared error is a number like any other where the target is 0, and no NaN. "
    "So training goes on, and the harm is not in the computing. Where does that gradient pull the outputs at the gaps?",
)
distractor(
    "autoencoder.zeros_as_ratings",
    "c",
    hint="The predictions do not stay the same. At a gap the masked loss asks for nothing. "
    "What does the other loss ask for there, and at how many cells does it do so?",
)
distractor(
    "autoencoder.zeros_as_ratings",
    "d",
    hint="Not the target is added to the loss, but the squared error. Suppose the network puts out 4 at a gap, and the "
    "target there is 0. How much does this cell add, and what would `NaN` have added?",
)
