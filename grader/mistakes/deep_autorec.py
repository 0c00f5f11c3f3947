"""Known mistakes of the chapter `deep_autorec`: what students really write, and the hint that cures it.

They stand in the order of the exercises. Where two misconceptions give the same answer, one entry speaks of both.
"""

import json
import math
from itertools import pairwise

import numpy as np
import pandas as pd
import torch
from torch import nn

from grader.implementations import distractor, mistake

_ACTIVATIONS = {
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "relu": torch.relu,
    "elu": nn.functional.elu,
    "selu": nn.functional.selu,
    "linear": lambda z: z,
}


class _Deep(nn.Module):
    """The common ground of the wrong models below: each of them changes one method."""

    def __init__(self, num_items, layers, activation, last_activation, dropout=0.0, side_infor_size=0):
        super().__init__()
        self._check(list(layers))
        sizes = self._sizes(num_items, list(layers), side_infor_size)
        self.layers = self._container(nn.Linear(a, b) for a, b in pairwise(sizes))
        self.activation, self.last_activation = _ACTIVATIONS[activation], _ACTIVATIONS[last_activation]
        self.dropout = nn.Dropout(dropout)
        self.code = len(layers) // 2

    def _check(self, layers):
        if layers != layers[::-1] or len(layers) % 2 == 0:
            raise ValueError("not symmetric")

    def _sizes(self, num_items, layers, side):
        return [num_items + side, *layers, num_items]

    def _container(self, layers):
        return nn.ModuleList(layers)

    def _drop(self, x, place):
        return self.dropout(x) if place == self.code else x

    def forward(self, x):
        for place, layer in enumerate(self.layers[:-1]):
            x = self._drop(self.activation(layer(x)), place)
        return self.last_activation(self.layers[-1](x))


# --- Deep_AE_model ---------------------------------------------------------------------------------------------------


@mistake(
    "deep_autorec.Deep_AE_model",
    hint="Your model has no parameters. `nn.Module` finds layers that are attributes, but it does not look into a "
    "plain list, so the optimizer would get nothing to train. There is a list that it knows.",
)
class LayersInAPlainList(_Deep):
    def _container(self, layers):
        return list(layers)


@mistake(
    "deep_autorec.Deep_AE_model",
    hint="The last layer got the activation of the hidden layers. What comes out of it must reach every rating, so it "
    "has an activation of its own.",
)
class HiddenActivationAtTheEnd(_Deep):
    def forward(self, x):
        for place, layer in enumerate(self.layers):
            x = self._drop(self.activation(layer(x)), place)
        return x


@mistake(
    "deep_autorec.Deep_AE_model",
    hint="Behind the last layer stand two activations, that of the hidden layers and `last_activation`. Only the "
    "second one belongs there. How far should the loop go?",
)
class TwoActivationsAtTheEnd(_Deep):
    def forward(self, x):
        for place, layer in enumerate(self.layers):
            x = self._drop(self.activation(layer(x)), place)
        return self.last_activation(x)


@mistake(
    "deep_autorec.Deep_AE_model",
    hint="`last_activation` is never used: what comes out of the last layer stays as it is, whatever the name says.",
)
class NoLastActivation(_Deep):
    def forward(self, x):
        for place, layer in enumerate(self.layers[:-1]):
            x = self._drop(self.activation(layer(x)), place)
        return self.layers[-1](x)


@mistake(
    "deep_autorec.Deep_AE_model",
    hint="There is no activation between your hidden layers. Linear layers behind each other are one linear layer: a "
    "network of that kind is not deep at all.",
)
class NoActivationInside(_Deep):
    def forward(self, x):
        for place, layer in enumerate(self.layers[:-1]):
            x = self._drop(layer(x), place)
        return self.last_activation(self.layers[-1](self.activation(x)))


@mistake(
    "deep_autorec.Deep_AE_model",
    hint="You drop numbers behind every hidden layer. Asked for is the code only: what passes the middle of the "
    "network.",
)
class DropoutEverywhere(_Deep):
    def _drop(self, x, place):
        return self.dropout(x)


@mistake(
    "deep_autorec.Deep_AE_model",
    hint="In training, no number that the layers read is 0. Either nothing is dropped, or it is dropped before the "
    "activation, and a sigmoid makes 0.5 of a 0. Drop what comes out of the code's activation.",
)
class DropoutBeforeTheActivation(_Deep):
    def forward(self, x):
        for place, layer in enumerate(self.layers[:-1]):
            x = self.activation(self._drop(layer(x), place))
        return self.last_activation(self.layers[-1](x))


@mistake(
    "deep_autorec.Deep_AE_model",
    hint="Numbers are dropped in evaluation mode as well. `nn.functional.dropout` drops unless it is told that nobody "
    "is training; the module `nn.Dropout` asks the model.",
)
class DropoutForEver(_Deep):
    def _drop(self, x, place):
        return nn.functional.dropout(x, self.dropout.p) if place == self.code else x


@mistake(
    "deep_autorec.Deep_AE_model",
    hint="With side information, the outputs have become as many as the inputs. Nobody wants a prediction of a "
    "user's age: only the inputs grow.",
)
class PredictsSideInformation(_Deep):
    def _sizes(self, num_items, layers, side):
        return [num_items + side, *layers, num_items + side]


@mistake(
    "deep_autorec.Deep_AE_model",
    hint="Sizes that are not symmetric, or without a layer in the middle, pass. Say so with a `ValueError`, before "
    "somebody trains such a model for an hour.",
)
class AnythingGoes(_Deep):
    def _check(self, layers):
        pass


# --- keep_best -------------------------------------------------------------------------------------------------------


def _train(model, train_epoch, valid_error, n_epochs, patience, keep, stop=None, modes=True, better=None):
    """The common ground: `keep(model)` says what is remembered of the best epoch."""
    better = better or (lambda error, lowest: error < lowest)
    stop = stop or (lambda errors, best: len(errors) - 1 - best >= patience)
    errors, best, weights = [], 0, None
    for _ in range(n_epochs):
        if modes:
            model.train()
        train_epoch(model)
        if modes:
            model.eval()
        errors.append(valid_error(model))
        if weights is None or better(errors[-1], errors[best]):
            best, weights = len(errors) - 1, keep(model)
        if stop(errors, best):
            break
    model.load_state_dict(weights)
    return errors


def _copied(model):
    return {name: value.clone() for name, value in model.state_dict().items()}


@mistake(
    "deep_autorec.keep_best",
    hint="The model ends with the weights of its last epoch. Either the best ones are never loaded back, or they were "
    "lost: `state_dict()` is no copy, its tensors are those that training goes on changing. `dict(...)` and `.copy()` "
    "copy the names only.",
)
def state_without_a_copy(model, train_epoch, valid_error, n_epochs, patience):
    return _train(model, train_epoch, valid_error, n_epochs, patience, lambda model: model.state_dict())


@mistake(
    "deep_autorec.keep_best",
    hint="The best weights come back only when patience ends. When the epochs run out first, the model keeps the last "
    "ones. Load them after the loop.",
)
def restored_at_the_stop_only(model, train_epoch, valid_error, n_epochs, patience):
    errors, best, weights = [], 0, None
    for epoch in range(n_epochs):
        model.train()
        train_epoch(model)
        model.eval()
        errors.append(valid_error(model))
        if weights is None or errors[-1] < errors[best]:
            best, weights = epoch, _copied(model)
        elif epoch - best >= patience:
            model.load_state_dict(weights)
            break
    return errors


@mistake(
    "deep_autorec.keep_best",
    hint="You stop at the first error that is not an improvement. Errors wobble. `patience` says how many such epochs "
    "in a row it takes.",
)
def no_patience(model, train_epoch, valid_error, n_epochs, patience):
    return _train(
        model, train_epoch, valid_error, n_epochs, patience, _copied, stop=lambda errors, best: best < len(errors) - 1
    )


@mistake(
    "deep_autorec.keep_best",
    hint="You counted all epochs without an improvement together. Patience asks for epochs in a row: each improvement "
    "sets the count back to 0.",
)
def never_counts_anew(model, train_epoch, valid_error, n_epochs, patience):
    def enough(errors, best):
        lowest = np.minimum.accumulate(errors)
        return sum(errors[i] >= lowest[i - 1] for i in range(1, len(errors))) >= patience

    return _train(model, train_epoch, valid_error, n_epochs, patience, _copied, stop=enough)


@mistake(
    "deep_autorec.keep_best",
    hint="You train one epoch too many: with a patience of 3, the third epoch in a row without an improvement is the "
    "last one.",
)
def one_epoch_more(model, train_epoch, valid_error, n_epochs, patience):
    return _train(
        model, train_epoch, valid_error, n_epochs, patience, _copied,
        stop=lambda errors, best: len(errors) - 1 - best > patience,
    )  # fmt: skip


@mistake(
    "deep_autorec.keep_best",
    hint="You train all epochs and choose the best of all. But after the stop nobody would have seen the later "
    "errors: patience is there to save that time.",
)
def never_stops(model, train_epoch, valid_error, n_epochs, patience):
    return _train(model, train_epoch, valid_error, n_epochs, patience, _copied, stop=lambda errors, best: False)


@mistake(
    "deep_autorec.keep_best",
    hint="You compare with the error of the epoch before, so a fall after a rise counts as an improvement. Compare "
    "with the lowest error so far.",
)
def better_than_yesterday(model, train_epoch, valid_error, n_epochs, patience):
    errors, weights, waited = [], None, 0
    for _ in range(n_epochs):
        model.train()
        train_epoch(model)
        model.eval()
        errors.append(valid_error(model))
        if len(errors) == 1 or errors[-1] < errors[-2]:
            weights, waited = _copied(model), 0
        else:
            waited += 1
        if waited == patience:
            break
    model.load_state_dict(weights)
    return errors


@mistake(
    "deep_autorec.keep_best",
    hint="Another epoch with the same error is no improvement, so it must not start the waiting anew, nor be kept. "
    "Compare strictly.",
)
def a_tie_is_better(model, train_epoch, valid_error, n_epochs, patience):
    return _train(
        model, train_epoch, valid_error, n_epochs, patience, _copied, better=lambda error, lowest: error <= lowest
    )


@mistake(
    "deep_autorec.keep_best",
    hint="The errors are computed in training mode (or the epochs are trained in evaluation mode). With dropout, the "
    "validation error would then be that of a network with a part of it missing. `model.train()` and `model.eval()` "
    "belong into the loop.",
)
def always_in_training_mode(model, train_epoch, valid_error, n_epochs, patience):
    model.train()
    return _train(model, train_epoch, valid_error, n_epochs, patience, _copied, modes=False)


# --- why_validation --------------------------------------------------------------------------------------------------

distractor(
    "deep_autorec.why_validation",
    "a",
    hint="The two sets may well be of the same size. Suppose they are: would the lowest test error of twenty epochs be "
    "an honest number then?",
)
distractor(
    "deep_autorec.why_validation",
    "b",
    hint="Early stopping computes no gradients on the ratings it looks at. They act in another way: they choose.",
)
distractor(
    "deep_autorec.why_validation",
    "d",
    hint="It is true that no weight is trained on them. But somebody has picked the epoch by them, and the lowest of "
    "many errors was picked for its luck, too.",
)


# --- GaussianNoise ---------------------------------------------------------------------------------------------------


class _Noise(nn.Module):
    def __init__(self, sigma):
        super().__init__()
        self.sigma = sigma


@mistake(
    "deep_autorec.GaussianNoise",
    hint="Three things. The noise is the same in every call, so the network can learn it by heart like a part of the "
    "data. It also falls on gaps, where there is no rating to disturb. And it is still there when the model is "
    "evaluated.",
)
class same_noise_everywhere(_Noise):
    def forward(self, x, known):
        generator = torch.Generator().manual_seed(0)
        return x + self.sigma * torch.randn(x.shape, generator=generator)


@mistake(
    "deep_autorec.GaussianNoise",
    hint="The noise falls on gaps as well. Most cells are gaps: the network reads far more noise than ratings. `known` "
    "says where the ratings are; a gap need not be 0.",
)
class noise_on_gaps(_Noise):
    def forward(self, x, known):
        return x + self.sigma * torch.randn_like(x) if self.training else x


@mistake(
    "deep_autorec.GaussianNoise",
    hint="What stands at the gaps has become 0: you multiplied the sum by `known`. Only the noise belongs under the "
    "mask.",
)
class gaps_set_to_zero(_Noise):
    def forward(self, x, known):
        return (x + self.sigma * torch.randn_like(x)) * known if self.training else x


@mistake(
    "deep_autorec.GaussianNoise",
    hint="The noise is still there in evaluation mode. When we predict, we want the ratings as they are. "
    "`self.training` says which mode it is.",
)
class noise_at_evaluation(_Noise):
    def forward(self, x, known):
        return x + self.sigma * torch.randn_like(x) * known


@mistake(
    "deep_autorec.GaussianNoise",
    hint="Every call gives the same noise: a generator that is seeded in `forward` starts anew each time. A network "
    "that sees the same noise in every epoch learns to subtract it.",
)
class same_noise_again(_Noise):
    def forward(self, x, known):
        if not self.training:
            return x
        return x + self.sigma * torch.randn(x.shape, generator=torch.Generator().manual_seed(0)) * known


@mistake(
    "deep_autorec.GaussianNoise",
    hint="The noise has another size than asked for. `sigma` is the standard deviation, not the variance: "
    "multiply by it, without a root.",
)
class sigma_as_variance(_Noise):
    def forward(self, x, known):
        return x + self.sigma**0.5 * torch.randn_like(x) * known if self.training else x


@mistake(
    "deep_autorec.GaussianNoise",
    hint="Your random numbers are all positive: `torch.rand` draws from 0 to 1. Gaussian noise has mean 0; the "
    "function for it differs by one letter.",
)
class uniform_noise(_Noise):
    def forward(self, x, known):
        return x + self.sigma * torch.rand_like(x) * known if self.training else x


# --- DropoutNoise ----------------------------------------------------------------------------------------------------


class _Hiding(nn.Module):
    def __init__(self, rate):
        super().__init__()
        self.rate = rate


@mistake(
    "deep_autorec.DropoutNoise",
    hint="All cells are hidden or scaled, gaps as well. Where something else than 0 stands at a gap, such as a default "
    "rating or side information, it must stay.",
)
class drops_every_cell(_Hiding):
    def forward(self, x, known):
        return nn.functional.dropout(x, self.rate, self.training)


@mistake(
    "deep_autorec.DropoutNoise",
    hint="The ratings that are not hidden stay as they are. Then a neuron reads less in training than in evaluation "
    "mode. By what must they be multiplied?",
)
class not_scaled(_Hiding):
    def forward(self, x, known):
        if not self.training:
            return x
        return torch.where(known & (torch.rand_like(x) < self.rate), 0.0, x)


@mistake(
    "deep_autorec.DropoutNoise",
    hint="You mixed up `rate` and 1 − `rate`: the share `rate` of the ratings stays. It is the probability of being "
    "hidden.",
)
class rate_of_staying(_Hiding):
    def forward(self, x, known):
        if not self.training:
            return x
        stays = torch.rand_like(x) < self.rate
        return torch.where(known, x * stays / self.rate, x)


@mistake(
    "deep_autorec.DropoutNoise",
    hint="Ratings are hidden in evaluation mode, too. When we predict, the network should read all it can get.",
)
class hides_at_evaluation(_Hiding):
    def forward(self, x, known):
        return torch.where(known, x * (torch.rand_like(x) >= self.rate) / (1 - self.rate), x)


@mistake(
    "deep_autorec.DropoutNoise",
    hint="The same ratings are hidden in every call. Then they are as good as deleted: the network never reads them. "
    "Draw anew each time.",
)
class always_the_same_hidden(_Hiding):
    def forward(self, x, known):
        if not self.training:
            return x
        stays = torch.rand(x.shape, generator=torch.Generator().manual_seed(0)) >= self.rate
        return torch.where(known, x * stays / (1 - self.rate), x)


@mistake(
    "deep_autorec.DropoutNoise",
    hint="You multiply by 1 − rate. The ratings that stay have to make up for the hidden ones, so they must become "
    "larger.",
)
class scaled_the_wrong_way(_Hiding):
    def forward(self, x, known):
        if not self.training:
            return x
        return torch.where(known, x * (torch.rand_like(x) >= self.rate) * (1 - self.rate), x)


# --- noise_at_gaps ---------------------------------------------------------------------------------------------------

distractor(
    "deep_autorec.noise_at_gaps",
    "a",
    hint="Dropout does not hide a certain number of cells. It decides for each cell by itself. So how likely is one "
    "given rating to be hidden, however many gaps there are beside it?",
)
distractor(
    "deep_autorec.noise_at_gaps",
    "c",
    hint="Dropout multiplies by 0 or by a factor. What is the product when the number at the gap is 0?",
)
distractor(
    "deep_autorec.noise_at_gaps",
    "d",
    hint="A dropout layer of a library is off in evaluation mode by itself. It was the *Gaussian* noise of that "
    "notebook that stayed.",
)


# --- denoising_loss --------------------------------------------------------------------------------------------------


@mistake(
    "deep_autorec.denoising_loss",
    hint="The target is the noisy input: the model learns to copy noise. The target of a denoising autoencoder is "
    "clean.",
)
def noisy_target(model, noise, x, known, y):
    noisy = noise(x, known)
    observed = known[:, : y.shape[1]]
    return (model(noisy) - noisy[:, : y.shape[1]])[observed].square().mean()


@mistake(
    "deep_autorec.denoising_loss",
    hint="The model reads the clean ratings. Then there is nothing for it to learn beyond copying them: the noise has "
    "to come before the model.",
)
def clean_input(model, noise, x, known, y):
    observed = known[:, : y.shape[1]]
    return (model(x) - y)[observed].square().mean()


@mistake(
    "deep_autorec.denoising_loss",
    hint="You left out the ratings that the noise has hidden. But they are the interesting ones: the model has to "
    "guess them from the others, as it has to in the test.",
)
def hidden_ones_left_out(model, noise, x, known, y):
    noisy = noise(x, known)
    observed = known[:, : y.shape[1]] & (noisy[:, : y.shape[1]] != 0)
    return (model(noisy) - y)[observed].square().mean()


@mistake(
    "deep_autorec.denoising_loss",
    hint="You asked only for ratings that the noise has changed. It may leave some as they are. All known ratings "
    "count, disturbed or not.",
)
def only_the_disturbed(model, noise, x, known, y):
    noisy = noise(x, known)
    changed = known[:, : y.shape[1]] & (noisy != x)[:, : y.shape[1]]
    return (model(noisy) - y)[changed].square().mean()


@mistake(
    "deep_autorec.denoising_loss",
    hint="You compared the predictions with the clean input. The target is `y`: what the model reads need not have "
    "the same numbers as what it has to predict.",
)
def input_as_target(model, noise, x, known, y):
    observed = known[:, : y.shape[1]]
    return (model(noise(x, known)) - x[:, : y.shape[1]])[observed].square().mean()


@mistake(
    "deep_autorec.denoising_loss",
    hint="You asked for all cells, also those where nobody rated. Choose the known ones before you take the mean: "
    "`known` says which they are, while `y` may hold any number at a gap.",
)
def every_cell(model, noise, x, known, y):
    return (model(noise(x, known)) - y).square().mean()


@mistake(
    "deep_autorec.denoising_loss",
    hint="The squares are added up, not averaged. A batch with more ratings would then take larger steps.",
)
def sum_of_squares(model, noise, x, known, y):
    return (model(noise(x, known)) - y)[known[:, : y.shape[1]]].square().sum()


@mistake(
    "deep_autorec.denoising_loss",
    hint="You divide by the number of all cells. Divide by the number of known ratings.",
)
def divided_by_all_cells(model, noise, x, known, y):
    return ((model(noise(x, known)) - y) * known[:, : y.shape[1]]).square().mean()


# --- side_features ---------------------------------------------------------------------------------------------------


@mistake(
    "deep_autorec.side_features",
    hint="Two things. The first row of the table goes to the first row of the matrix, whoever they are: join by id. "
    "And the width is a number that somebody once saw on a screen; let the data say it.",
)
def joined_by_position(user_ids, users):
    columns = [pd.get_dummies(users[name]).to_numpy(dtype=np.float32) for name in ("gender", "age_group", "occupation")]
    joined = np.concatenate(columns, axis=1)[: len(user_ids)]
    features = np.zeros((len(user_ids), 30), dtype=np.float32)
    features[: len(joined), : joined.shape[1]] = joined
    return torch.tensor(features)


@mistake(
    "deep_autorec.side_features",
    hint="The number of columns is right now. But the first row of the table still goes to the first id, whoever that "
    "is.",
)
def right_width_by_position(user_ids, users):
    table = pd.get_dummies(users[["gender", "age_group", "occupation"]]).to_numpy(dtype=np.float32)
    features = np.zeros((len(user_ids), table.shape[1]), dtype=np.float32)
    n = min(len(user_ids), len(table))
    features[:n] = table[:n]
    return torch.tensor(features)


@mistake(
    "deep_autorec.side_features",
    hint="You sorted the table by id. That helps only where the wanted ids are sorted and complete as well. Ask for "
    "the ids one by one.",
)
def sorted_by_id(user_ids, users):
    table = pd.get_dummies(users.sort_values("user_id")[["gender", "age_group", "occupation"]]).to_numpy(np.float32)
    features = np.zeros((len(user_ids), table.shape[1]), dtype=np.float32)
    n = min(len(user_ids), len(table))
    features[:n] = table[:n]
    return torch.tensor(features)


@mistake(
    "deep_autorec.side_features",
    hint="You chose the users by id, but their rows come in the order of the table, and an id that the table does not "
    "have has no row at all. Row i has to belong to `user_ids[i]`.",
)
def order_of_the_table(user_ids, users):
    table = pd.get_dummies(users[["gender", "age_group", "occupation"]])
    return torch.tensor(table[users["user_id"].isin(user_ids)].to_numpy(np.float32))


@mistake(
    "deep_autorec.side_features",
    hint="You made columns of the values of the wanted users only. With other users the model would have another "
    "number of inputs. Make the columns from the whole table, then choose the rows.",
)
def columns_of_the_wanted_only(user_ids, users):
    columns = ["gender", "age_group", "occupation"]
    chosen = users.set_index("user_id")[columns].reindex(user_ids)
    return torch.tensor(pd.get_dummies(chosen).to_numpy(np.float32))


@mistake(
    "deep_autorec.side_features",
    hint="Each attribute became one column with a number for its value. Then a writer is five times an artist. Give "
    "each value a column of zeros and ones.",
)
def codes_in_place_of_columns(user_ids, users):
    table = users.set_index("user_id")[["gender", "age_group", "occupation"]]
    codes = table.apply(lambda column: column.astype("category").cat.codes.astype(np.float32))
    return torch.tensor(codes.reindex(user_ids, fill_value=0).to_numpy(np.float32))


# --- hybrid_inputs ---------------------------------------------------------------------------------------------------


@mistake(
    "deep_autorec.hybrid_inputs",
    hint="You called side information “known ratings”. The noise would disturb ages, and a loss would ask for "
    "predictions of them.",
)
def side_is_known(x, known, side):
    return torch.cat([x, side], dim=1), torch.cat([known, torch.ones_like(side, dtype=torch.bool)], dim=1)


@mistake(
    "deep_autorec.hybrid_inputs",
    hint="Side information stands behind the ratings, not before them: output j and input j should be the same movie.",
)
def side_first(x, known, side):
    return torch.cat([side, x], dim=1), torch.cat([torch.zeros_like(side, dtype=torch.bool), known], dim=1)


@mistake(
    "deep_autorec.hybrid_inputs",
    hint="Wherever the side information is 1, you said that there is a rating. None of it is one.",
)
def ones_are_known(x, known, side):
    return torch.cat([x, side], dim=1), torch.cat([known, side != 0], dim=1)


@mistake(
    "deep_autorec.hybrid_inputs",
    hint="The inputs have grown, `known_inputs` has not. It needs a column for each column of the inputs.",
)
def known_as_before(x, known, side):
    return torch.cat([x, side], dim=1), known


# --- chance_of_separation --------------------------------------------------------------------------------------------


@mistake(
    "deep_autorec.chance_of_separation",
    hint="You counted one of two ways: all errors of the variant below. All above is a separation as well.",
)
def one_side_only(n_baseline, n_variant):
    return 1 / math.comb(n_baseline + n_variant, n_variant)


@mistake(
    "deep_autorec.chance_of_separation",
    hint="You multiplied halves, as for tossed coins. But the runs are compared with each other: only their places in "
    "one common order count.",
)
def tossed_coins(n_baseline, n_variant):
    return 2 * 0.5 ** (n_baseline + n_variant)


@mistake(
    "deep_autorec.chance_of_separation",
    hint="You tossed a coin for each pair of runs. But the pairs are not independent: who is below the lowest run is "
    "below all others as well. Count orders.",
)
def a_coin_for_each_pair(n_baseline, n_variant):
    return 2 * 0.5 ** (n_baseline * n_variant)


@mistake(
    "deep_autorec.chance_of_separation",
    hint="You tossed a coin for each run of the variant. But to be below one run of the baseline is not to be below "
    "all of them. Count orders of all runs.",
)
def a_coin_for_each_run_of_the_variant(n_baseline, n_variant):
    return 2 * 0.5**n_variant


@mistake(
    "deep_autorec.chance_of_separation",
    hint="You counted every order of the runs as different. Two orders in which the variant has the same places are "
    "the same separation: within a group the order does not matter.",
)
def orders_of_all_runs(n_baseline, n_variant):
    return 2 / math.factorial(n_baseline + n_variant)


@mistake(
    "deep_autorec.chance_of_separation",
    hint="You chose one group out of the other. Choose the variant's places out of those of all runs together.",
)
def chosen_among_the_larger(n_baseline, n_variant):
    return 2 / math.comb(max(n_baseline, n_variant), min(n_baseline, n_variant))


# --- separated -------------------------------------------------------------------------------------------------------


@mistake(
    "deep_autorec.separated",
    hint="You compared the means. They always differ, so nothing would ever be open. Look at all runs.",
)
def means_differ(baseline, variant):
    return "lower" if np.mean(variant) < np.mean(baseline) else "higher"


@mistake(
    "deep_autorec.separated",
    hint="You compared the best run of each. Whoever has more luck, or more runs, wins such a comparison.",
)
def best_against_best(baseline, variant):
    if min(variant) == min(baseline):
        return "open"
    return "lower" if min(variant) < min(baseline) else "higher"


@mistake(
    "deep_autorec.separated",
    hint="You asked whether the mean of the variant lies outside the range of the baseline. The variant's runs spread, "
    "too: every one of them has to lie outside.",
)
def mean_outside_the_range(baseline, variant):
    if np.mean(variant) < min(baseline):
        return "lower"
    return "higher" if np.mean(variant) > max(baseline) else "open"


@mistake(
    "deep_autorec.separated",
    hint="You compared the runs in pairs, the first with the first and so on. Every run of the variant has to be "
    "compared with every run of the baseline.",
)
def paired_by_position(baseline, variant):
    pairs = list(zip(baseline, variant, strict=False))
    if all(v < b for b, v in pairs):
        return "lower"
    return "higher" if all(v > b for b, v in pairs) else "open"


@mistake(
    "deep_autorec.separated",
    hint="You compared the highest with the highest and the lowest with the lowest. Two groups that overlap can both "
    "pass. Which two numbers lie next to each other when there is a gap between the groups?",
)
def end_with_end(baseline, variant):
    if max(variant) < max(baseline) and min(variant) < min(baseline):
        return "lower"
    return "higher" if max(variant) > max(baseline) and min(variant) > min(baseline) else "open"


@mistake(
    "deep_autorec.separated",
    hint="You mixed up the two: a variant with the lower errors is “lower”, which is the better one.",
)
def the_wrong_way_round(baseline, variant):
    if max(variant) < min(baseline):
        return "higher"
    return "lower" if min(variant) > max(baseline) else "open"


@mistake(
    "deep_autorec.separated",
    hint="Two errors that are equal do not separate: “below” means strictly below.",
)
def touching_is_enough(baseline, variant):
    if max(variant) <= min(baseline):
        return "lower"
    return "higher" if min(variant) >= max(baseline) else "open"


# --- smaller_than_the_spread -----------------------------------------------------------------------------------------

distractor(
    "deep_autorec.smaller_than_the_spread",
    "a",
    hint="Train the baseline again with another seed. It may well come out lower than the variant did.",
)
distractor(
    "deep_autorec.smaller_than_the_spread",
    "b",
    hint="Not seeing an effect is not the same as seeing that there is none. Could an effect of 0.002 hide in a spread "
    "of 0.004?",
)
distractor(
    "deep_autorec.smaller_than_the_spread",
    "c",
    hint="The lowest of several runs is a matter of luck and of how often one tries. Reporting it for both makes the "
    "comparison noisier, not fairer.",
)


# --- save_model ------------------------------------------------------------------------------------------------------


@mistake(
    "deep_autorec.save_model",
    hint="You saved the whole model object. Reading it runs code, and needs the very same class at the very same "
    "place. Save its state.",
)
def saves_the_object(name, model, settings):
    with open(f"{name}.json", "w", encoding="utf-8") as file:
        json.dump(settings, file)
    torch.save(model, f"{name}.pth")
    return [f"{name}.json", f"{name}.pth"]


@mistake(
    "deep_autorec.save_model",
    hint="The file of settings is not there, or not JSON. Without the settings nobody can build the model the weights "
    "belong to. `str` of a dictionary looks like JSON, but has other quotes.",
)
def settings_as_text(name, model, settings):
    with open(f"{name}.json", "w", encoding="utf-8") as file:
        file.write(str(settings))
    torch.save(model.state_dict(), f"{name}.pth")
    return [f"{name}.json", f"{name}.pth"]


@mistake(
    "deep_autorec.save_model",
    hint="You saved the parameters only. Some models have more to remember than what is trained (buffers, such as the "
    "means of a normalisation); the state has everything.",
)
def parameters_only(name, model, settings):
    with open(f"{name}.json", "w", encoding="utf-8") as file:
        json.dump(settings, file)
    torch.save(dict(model.named_parameters()), f"{name}.pth")
    return [f"{name}.json", f"{name}.pth"]


@mistake(
    "deep_autorec.save_model",
    hint="Settings and weights are in one file and the JSON is missing. People want to read the settings without "
    "starting Python: two files.",
)
def one_file_for_all(name, model, settings):
    torch.save({"settings": settings, "state": model.state_dict()}, f"{name}.pth")
    return [f"{name}.json", f"{name}.pth"]


@mistake(
    "deep_autorec.save_model",
    hint="The second file holds a dictionary with the state and something else in it. The docstring asks for the state "
    "and no other object: the settings are in the JSON.",
)
def more_than_the_state(name, model, settings):
    with open(f"{name}.json", "w", encoding="utf-8") as file:
        json.dump(settings, file)
    torch.save({"settings": settings, "state": model.state_dict()}, f"{name}.pth")
    return [f"{name}.json", f"{name}.pth"]


# --- load_model ------------------------------------------------------------------------------------------------------


def _read_settings(name):
    with open(f"{name}.json", encoding="utf-8") as file:
        return json.load(file)


@mistake(
    "deep_autorec.load_model",
    hint="The file's own code was run. Somebody may have put it there. `torch.load` has an argument which makes it "
    "refuse anything but weights.",
)
def runs_code_in_the_file(name, build):
    model = build(**_read_settings(name))
    state = torch.load(f"{name}.pth", weights_only=False)
    state.pop("extra", None)
    model.load_state_dict(state)
    return model.eval()


@mistake(
    "deep_autorec.load_model",
    hint="The model comes back in training mode: its dropout would be active, and the loaded model would predict "
    "something else than the saved one, and something else each time.",
)
def still_training(name, build):
    model = build(**_read_settings(name))
    model.load_state_dict(torch.load(f"{name}.pth", weights_only=True))
    return model


@mistake(
    "deep_autorec.load_model",
    hint="The model was built, but its weights are still random: the file's numbers never got into it. Which method "
    "of a model takes a state?",
)
def never_filled(name, build):
    model = build(**_read_settings(name))
    torch.load(f"{name}.pth", weights_only=True)
    return model.eval()


@mistake(
    "deep_autorec.load_model",
    hint="A file without some of the weights was accepted (`strict=False`). The missing ones are random numbers, and "
    "nobody notices.",
)
def accepts_half_a_file(name, build):
    model = build(**_read_settings(name))
    model.load_state_dict(torch.load(f"{name}.pth", weights_only=True), strict=False)
    return model.eval()
