"""Right implementations of the chapter `deep_autorec` that are written quite differently from the reference."""

import itertools
import json
import os
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import nn

from grader.implementations import alternative

# --- The model and its training --------------------------------------------------------------------------------------


@alternative("deep_autorec.Deep_AE_model")
class EncoderAndDecoder(nn.Module):
    def __init__(self, num_items, layers, activation, last_activation, dropout=0.0, side_infor_size=0):
        super().__init__()
        half, odd = divmod(len(layers), 2)
        if not odd or any(layers[i] != layers[-1 - i] for i in range(half)):
            raise ValueError("a symmetric list of an odd length, please")
        kinds = {"sigmoid": nn.Sigmoid, "tanh": nn.Tanh, "relu": nn.ReLU, "elu": nn.ELU, "selu": nn.SELU,
                 "linear": nn.Identity}  # fmt: skip
        self.layers = nn.ModuleList()
        steps, before = [], num_items + side_infor_size
        for place, size in enumerate(layers):
            self.layers.append(nn.Linear(before, size))
            steps += [self.layers[-1], kinds[activation]()]
            if place == half:
                steps.append(nn.Dropout(dropout))
            before = size
        self.layers.append(nn.Linear(before, num_items))
        self.steps = nn.Sequential(*steps, self.layers[-1], kinds[last_activation]())

    def forward(self, x):
        return self.steps(x)


@alternative("deep_autorec.keep_best")
def keep_clones(model, train_epoch, valid_error, n_epochs, patience):
    lowest, waited, kept, errors = float("inf"), 0, {}, []
    while len(errors) < n_epochs and waited < patience:
        train_epoch(model.train())
        errors.append(valid_error(model.eval()))
        if errors[-1] < lowest:
            lowest, waited = errors[-1], 0
            kept = {name: value.detach().clone() for name, value in model.state_dict().items()}
        else:
            waited += 1
    with torch.no_grad():
        for name, value in model.state_dict().items():
            value.copy_(kept[name])
    return np.array(errors)


# --- Noise -----------------------------------------------------------------------------------------------------------


@alternative("deep_autorec.GaussianNoise")
class NoiseOfTorchNormal(nn.Module):
    def __init__(self, sigma):
        super().__init__()
        self.sigma = sigma

    def forward(self, x, known):
        noisy = x.clone()
        if self.training:
            noisy[known] += torch.normal(0.0, self.sigma, (int(known.sum()),))
        return noisy


@alternative("deep_autorec.DropoutNoise")
class DropoutOfTorch(nn.Module):
    def __init__(self, rate):
        super().__init__()
        self.drop = nn.Dropout(rate)

    def forward(self, x, known):
        inputs = x.clone()
        inputs[known] = self.drop(x[known])
        return inputs


@alternative("deep_autorec.DropoutNoise")
class FactorsOfBernoulli(nn.Module):
    def __init__(self, rate):
        super().__init__()
        self.stays = 1 - rate

    def forward(self, x, known):
        if not self.training:
            return x
        factors = torch.bernoulli(torch.full(x.shape, self.stays)) / self.stays
        return x * (known * factors + ~known * 1.0)


@alternative("deep_autorec.denoising_loss")
def loss_with_a_mask(model, noise, x, known, y):
    mask = known[:, : y.shape[-1]].float()
    estimate = model(noise(x, known))
    return (mask * (estimate - y) ** 2).sum() / mask.sum()


@alternative("deep_autorec.denoising_loss")
def loss_of_torch(model, noise, x, known, y):
    rows, columns = known.narrow(1, 0, y.size(1)).nonzero(as_tuple=True)
    return nn.functional.mse_loss(model(noise(x, known))[rows, columns], y[rows, columns])


# --- Side information ------------------------------------------------------------------------------------------------


@alternative("deep_autorec.side_features")
def features_by_loop(user_ids, users):
    kinds = [(name, value) for name in ("occupation", "gender", "age_group") for value in sorted(set(users[name]))]
    people = {person["user_id"]: person for person in users.to_dict("records")}
    rows = [
        [float(i in people and people[i][name] == value) for name, value in kinds]
        for i in np.asarray(user_ids).tolist()
    ]
    return torch.tensor(rows)


@alternative("deep_autorec.side_features")
def features_by_merge(user_ids, users):
    wanted = pd.DataFrame({"user_id": user_ids})
    blocks = [pd.get_dummies(users[name], dtype="float32") for name in ("gender", "age_group", "occupation")]
    table = pd.concat([users[["user_id"]], *blocks], axis=1)
    merged = wanted.merge(table, on="user_id", how="left").drop(columns="user_id").fillna(0)
    return torch.from_numpy(merged.to_numpy(dtype="float32").copy())


@alternative("deep_autorec.hybrid_inputs")
def inputs_filled_in(x, known, side):
    n_rows, n_items = x.shape
    inputs = torch.zeros(n_rows, n_items + side.shape[1])
    inputs[:, :n_items], inputs[:, n_items:] = x, side
    where = inputs.new_zeros(inputs.shape).bool()
    where[:, :n_items] = known
    return inputs, where


# --- Findings --------------------------------------------------------------------------------------------------------


@alternative("deep_autorec.chance_of_separation")
def chance_by_counting(n_baseline, n_variant):
    n = n_baseline + n_variant
    ways = list(itertools.combinations(range(n), n_variant))
    ends = [set(range(n_variant)), set(range(n - n_variant, n))]
    return sum(set(way) in ends for way in ways) / len(ways)


@alternative("deep_autorec.separated")
def separated_pair_by_pair(baseline, variant):
    signs = {np.sign(v - b) for v in variant for b in baseline}
    return {-1.0: "lower", 1.0: "higher"}[signs.pop()] if len(signs) == 1 and 0.0 not in signs else "open"


# --- Save and load ---------------------------------------------------------------------------------------------------


@alternative("deep_autorec.save_model")
def save_with_pathlib(name, model, settings):
    description, weights = Path(name + ".json"), Path(name + ".pth")
    description.write_text(json.dumps(settings, indent=2), encoding="utf-8")
    torch.save({key: value.clone() for key, value in model.state_dict().items()}, weights)
    return [str(description), str(weights)]


@alternative("deep_autorec.load_model")
def load_by_hand(name, build):
    folder, stem = os.path.split(name)
    settings = json.loads(Path(folder, stem + ".json").read_text("utf-8"))
    state = torch.load(Path(folder, stem + ".pth"), map_location="cpu", weights_only=True)
    model = build(**settings)
    if set(state) != set(model.state_dict()):
        raise KeyError("some weights are missing, or there are too many")
    with torch.no_grad():
        for key, value in model.state_dict().items():
            value.copy_(state[key])
    model.eval()
    return model
