"""Reference implementations for the chapter `deep_autorec` (seed 002, from Deep AutoRec on).

Matrices of inputs are float tensors (n_rows, n_columns) with 0 at the gaps; `known` is a tensor of truth values of the
same shape, true where there is a rating.
"""

import copy
import json
import math
from itertools import pairwise

import pandas as pd
import torch
from torch import nn


class Deep_AE_model(nn.Module):
    """A symmetric autoencoder with any number of hidden layers.

    All fully connected layers, with biases, stand in order in an `nn.ModuleList` called `layers`.

    Args:
        num_items: number of outputs.
        layers: list of the sizes of the hidden layers. It reads the same from both ends and has an odd length; the one
            in the middle is the code.
        activation: name of the activation behind every hidden layer: "sigmoid", "tanh", "relu", "elu", "selu" or
            "linear" (which leaves the numbers as they are).
        last_activation: name of the activation behind the last layer, one of the same.
        dropout: share of the code's numbers that are dropped, in training only, after the activation.
        side_infor_size: number of columns of side information. There are `num_items + side_infor_size` inputs.

    Raises:
        ValueError: if `layers` is not symmetric or its length is even.
    """

    def __init__(self, num_items, layers, activation, last_activation, dropout=0.0, side_infor_size=0):
        super().__init__()
        layers = list(layers)
        if layers != layers[::-1] or len(layers) % 2 == 0:
            raise ValueError(f"layers must be symmetric around one code layer, not {layers}")
        activations = {
            "sigmoid": torch.sigmoid,
            "tanh": torch.tanh,
            "relu": torch.relu,
            "elu": nn.functional.elu,
            "selu": nn.functional.selu,
            "linear": lambda z: z,
        }
        sizes = [num_items + side_infor_size, *layers, num_items]
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise(sizes))
        self.activation, self.last_activation = activations[activation], activations[last_activation]
        self.dropout = nn.Dropout(dropout)
        self.code = len(layers) // 2

    def forward(self, x):
        """Predictions (n_rows, num_items) for input rows (n_rows, num_items + side_infor_size)."""
        for place, layer in enumerate(self.layers[:-1]):
            x = self.activation(layer(x))
            if place == self.code:
                x = self.dropout(x)
        return self.last_activation(self.layers[-1](x))


def keep_best(model, train_epoch, valid_error, n_epochs, patience):
    """Train until patience is at an end, and go back to the best epoch.

    An epoch is an improvement when its validation error is strictly below all earlier ones. Training stops after
    `patience` epochs in a row without an improvement, or after `n_epochs`.

    Args:
        model: any model. It is in training mode whenever `train_epoch` runs, and in evaluation mode whenever
            `valid_error` runs, and at the end.
        train_epoch: function; `train_epoch(model)` changes the weights by one epoch of training.
        valid_error: function; `valid_error(model)` returns the validation error, a float. Called once an epoch, after
            `train_epoch`.
        n_epochs: the most epochs, at least 1.
        patience: how many epochs in a row without improvement end the training, at least 1.

    Returns:
        The list of validation errors, one for each epoch that was trained. The model has the weights it had after
        the epoch with the lowest of them.
    """
    errors, best, weights = [], 0, None
    for epoch in range(n_epochs):
        model.train()
        train_epoch(model)
        model.eval()
        errors.append(valid_error(model))
        if weights is None or errors[epoch] < errors[best]:
            best, weights = epoch, copy.deepcopy(model.state_dict())
        if epoch - best == patience:
            break
    model.load_state_dict(weights)
    return errors


def why_validation():
    """Your choice: "a", "b", "c" or "d"."""
    return "c"


class GaussianNoise(nn.Module):
    """Gaussian noise on known ratings, in training only.

    Args:
        sigma: standard deviation of the noise, in stars.
    """

    def __init__(self, sigma):
        super().__init__()
        self.sigma = sigma

    def forward(self, x, known):
        """Inputs with noise.

        Args:
            x: float tensor (n_rows, n_columns). It is not changed.
            known: tensor of truth values of the same shape, true where there is a rating.

        Returns:
            float tensor of the same shape. In training mode: `x` with random numbers of mean 0 and standard deviation
            `sigma` added where `known` is true, other ones in every call. In evaluation mode: `x`.
        """
        if not self.training:
            return x
        return x + self.sigma * torch.randn_like(x) * known


class DropoutNoise(nn.Module):
    """Hides known ratings at random, in training only.

    Args:
        rate: the probability with which a rating is hidden, at least 0 and below 1.
    """

    def __init__(self, rate):
        super().__init__()
        self.rate = rate

    def forward(self, x, known):
        """Inputs of which some are hidden.

        Args:
            x: float tensor (n_rows, n_columns). It is not changed.
            known: tensor of truth values of the same shape, true where there is a rating.

        Returns:
            float tensor of the same shape. In training mode, where `known` is true: 0 with probability `rate`, drawn
            anew in every call, else the number in `x` times 1 / (1 - rate), so that the expected value stays the
            same. Where `known` is false, and everywhere in evaluation mode: the number in `x`.
        """
        if not self.training:
            return x
        stays = torch.rand_like(x) >= self.rate
        return torch.where(known, x * stays / (1 - self.rate), x)


def noise_at_gaps():
    """Your choice: "a", "b", "c" or "d"."""
    return "b"


def denoising_loss(model, noise, x, known, y):
    """The error of a denoising autoencoder: it reads noisy ratings and has to predict the clean ones.

    Args:
        model: `model(inputs)` predicts (n_rows, n_items) from inputs of the shape of `x`. It is called once.
        noise: `noise(x, known)` returns inputs with noise. It is called once.
        x: float tensor (n_rows, n_columns), clean inputs. There may be more columns than items: side information
            stands behind the items.
        known: tensor of truth values, of the shape of `x`: true where there is a rating.
        y: float tensor (n_rows, n_items), the clean ratings, with any number at the gaps.

    Returns:
        A tensor with a single number: the mean squared error over all known ratings, those that the noise has hidden
        included. There is at least one.
    """
    observed = known[:, : y.shape[1]]
    return ((model(noise(x, known)) - y) * observed).square().sum() / observed.sum()


def side_features(user_ids, users):
    """What is known about each user, as columns of zeros and ones.

    Args:
        user_ids: sequence of the ids of the users, in the order of the rows that are wanted.
        users: DataFrame with the columns `user_id`, `gender`, `age_group` and `occupation`, one row a user, in any
            order. It may also hold other users.

    Returns:
        float32 tensor (number of ids, number of features). There is one column for every gender, one for every age
        group and one for every occupation that occurs anywhere in `users`. Row i belongs to `user_ids[i]`; it is all
        0 if `users` does not have this id.
    """
    columns = users.set_index("user_id")[["gender", "age_group", "occupation"]].astype(str)
    table = pd.get_dummies(columns).astype("float32").reindex(user_ids, fill_value=0)
    return torch.tensor(table.to_numpy(dtype="float32"))


def hybrid_inputs(x, known, side):
    """Ratings and side information side by side.

    Args:
        x: float tensor (n_rows, n_items).
        known: tensor of truth values (n_rows, n_items), true where there is a rating.
        side: float tensor (n_rows, n_features).

    Returns:
        (inputs, known_inputs), both (n_rows, n_items + n_features): the ratings, and behind them the side information;
        and truth values that say where in them there is a rating. Side information is none.
    """
    return torch.cat([x, side], dim=1), torch.cat([known, torch.zeros_like(side, dtype=torch.bool)], dim=1)


def chance_of_separation(n_baseline, n_variant):
    """How often luck alone separates two groups of runs.

    Suppose that the variant changes nothing: then every order of all the errors is equally likely. (No two errors are
    equal.)

    Args:
        n_baseline, n_variant: numbers of runs, at least 1 each.

    Returns:
        The probability, a float, that all errors of the variant lie below all errors of the baseline, or all of them
        above.
    """
    return 2 / math.comb(n_baseline + n_variant, n_variant)


def separated(baseline, variant):
    """Whether the runs of a variant are clearly better or worse than those of a baseline.

    Args:
        baseline, variant: sequences of errors, one a run.

    Returns:
        "lower" if every error of the variant is below every error of the baseline, "higher" if every one is above, and
        "open" otherwise.
    """
    if max(variant) < min(baseline):
        return "lower"
    if min(variant) > max(baseline):
        return "higher"
    return "open"


def smaller_than_the_spread():
    """Your choice: "a", "b", "c" or "d"."""
    return "d"


def save_model(name, model, settings):
    """Write a model to two files: `name`.json with its settings, and `name`.pth with its weights.

    Args:
        name: path of both files without their endings, a string.
        model: any model.
        settings: dictionary of the arguments with which the model was built (numbers, strings, lists).

    Returns:
        The paths of the two files, a list of two strings. The first file is JSON. The second one holds the state of the
        model and no other object, so that it can be read with `weights_only=True`.
    """
    with open(f"{name}.json", "w", encoding="utf-8") as file:
        json.dump(settings, file)
    torch.save(model.state_dict(), f"{name}.pth")
    return [f"{name}.json", f"{name}.pth"]


def load_model(name, build):
    """Read a model that was written as in the exercise before.

    Args:
        name: path of both files without their endings, a string. `name`.json has the settings, `name`.pth the state.
        build: function or class; `build(**settings)` returns an untrained model.

    Returns:
        The model with the saved weights, in evaluation mode. No code that might hide in the second file is run.

    Raises:
        Any exception, if a weight is missing in the file or if the file holds anything but a state.
    """
    with open(f"{name}.json", encoding="utf-8") as file:
        model = build(**json.load(file))
    model.load_state_dict(torch.load(f"{name}.pth", weights_only=True))
    return model.eval()
