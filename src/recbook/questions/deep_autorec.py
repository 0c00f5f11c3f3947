"""Questions of the chapter `deep_autorec`.

Every question brings its own small model and data, so no exercise depends on another one.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import nn

from recbook.parts import close, equal
from recbook.question import Case, Code, question, quiz

Parts = Iterator[tuple[str, Any]]


def _tensor(value: np.ndarray) -> torch.Tensor:
    return torch.tensor(value)


# --- The model -------------------------------------------------------------------------------------------------------


def _deep_cases(rng: np.random.Generator) -> list[Case]:
    def case(num_items: int, layers: list[int], activation: str, last: str, side: int = 0) -> Case:
        sizes = [num_items + side, *layers, num_items]
        return {
            "what": "model", "layers": layers, "activation": activation, "last": last, "num_items": num_items,
            "side": side, "x": rng.normal(0, 1.2, (4, num_items + side)).astype(np.float32),
            "weights": [rng.normal(0.2, 0.6, (b, a)).astype(np.float32)
                        for a, b in pairwise(sizes)],
            "biases": [rng.normal(0, 0.4, b).astype(np.float32) for b in sizes[1:]],
        }  # fmt: skip

    return [
        case(9, [5, 3, 5], "selu", "linear"),
        case(8, [6, 4, 2, 4, 6], "tanh", "elu"),
        case(7, [4], "sigmoid", "linear"),
        case(8, [3, 5, 3], "elu", "linear", side=2),
        {"what": "dropout", "rate": 0.25, "x": rng.normal(0, 1, (60, 6)).astype(np.float32)},
        {"what": "lopsided", "layers": [5, 3, 4]},
        {"what": "lopsided", "layers": [5, 3, 3, 5]},
    ]


def _fill(model: nn.Module, case: Case) -> None:
    with torch.no_grad():
        for layer, weight, bias in zip(model.layers, case["weights"], case["biases"], strict=True):
            layer.weight.copy_(_tensor(weight))
            layer.bias.copy_(_tensor(bias))


def _dropped(model: nn.Module, x: torch.Tensor) -> list[float]:
    """For the input of each layer: the share of zeros. (What comes out of a sigmoid is never 0 by itself.)"""
    shares: list[float] = []
    watched = [
        layer.register_forward_pre_hook(lambda _, inputs: shares.append((inputs[0] == 0).float().mean().item()))
        for layer in model.layers
    ]
    model(x)
    for hook in watched:
        hook.remove()
    return shares


@question(
    "deep_autorec.Deep_AE_model",
    title="A deep autoencoder",
    objective="Write a symmetric network of any depth whose layers are all known to the optimizer.",
    points=4,
    needs=["Deep_AE_model"],
    cases=_deep_cases,
    parts={
        "parameters": equal(share=1, about="the shapes of the trainable parameters"),
        "predictions": close(share=3, about="the predictions"),
        "hybrid": close(share=1, about="the predictions with side information"),
        "dropout": equal(share=1, about="where numbers are dropped in training"),
        "evaluation": equal(share=0.5, about="where numbers are dropped in evaluation mode"),
        "lopsided": equal(share=0.5, about="what happens if `layers` is not symmetric"),
    },
    hints=[
        "With hidden layers of sizes 5, 3 and 5, how many fully connected layers are there, and what are their inputs?",
        "`itertools.pairwise(sizes)` walks through neighbours. `nn.ModuleList` makes layers known to the model; a "
        "plain list does not.",
        "Sizes: inputs, the hidden ones, outputs. Go through all layers but the last: layer, activation, and behind "
        "the middle one `nn.Dropout`. Then the last layer and the last activation.",
    ],
)
def deep_model(code: Code, case: Case) -> Parts:
    if case["what"] == "lopsided":
        try:
            code.Deep_AE_model(8, case["layers"], "elu", "linear")
        except Exception as error:
            yield "lopsided", "ValueError" if isinstance(error, ValueError) else type(error).__name__
        else:
            yield "lopsided", "no exception"
        return
    if case["what"] == "dropout":
        model = code.Deep_AE_model(6, [40, 30, 40], "sigmoid", "linear", case["rate"])
        x = _tensor(case["x"])
        model.train()
        shares = _dropped(model, x)
        places = ", ".join(f"hidden layer {place}" if place else "the input" for place, s in enumerate(shares) if s)
        wrong_share = any(s and abs(s - case["rate"]) >= 0.06 for s in shares)
        yield "dropout", (f"behind {places}" if places else "nowhere") + wrong_share * ", another share than asked for"
        model.eval()
        quiet = not any(_dropped(model, x))
        yield "evaluation", ("quiet" if quiet else "dropped") if any(shares) else "nothing is ever dropped"
        return
    side = (0.3, case["side"]) if case["side"] else ()
    model = code.Deep_AE_model(case["num_items"], case["layers"], case["activation"], case["last"], *side)
    yield "parameters", sorted(str(list(p.shape)) for p in model.parameters() if p.requires_grad)
    _fill(model, case)
    model.eval()
    yield "hybrid" if case["side"] else "predictions", model(_tensor(case["x"])).detach()


# --- Training --------------------------------------------------------------------------------------------------------


class _Script(nn.Module):
    """A model whose weights say which epoch it is, with a script of validation errors."""

    def __init__(self, errors: list[float]):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(3))
        self.register_buffer("level", torch.zeros(()))
        self.errors = errors
        self.calls: list[str] = []

    def train_epoch(self, model: nn.Module) -> None:
        self.calls.append("train" if model.training else "train in evaluation mode")
        with torch.no_grad():
            self.weight += 1.0
            self.level += 10.0

    def valid_error(self, model: nn.Module) -> float:
        self.calls.append("evaluate in training mode" if model.training else "evaluate")
        return self.errors[round(self.weight[0].item()) - 1]


def _keep_best_cases(rng: np.random.Generator) -> list[Case]:
    # In each case, all errors lie higher or lower by some number, so that there are many scripts.
    def wobble(values: list[float]) -> list[float]:
        level = float(rng.uniform(-0.2, 0.2))
        return [round(v + level + float(rng.uniform(0, 0.0009)), 6) for v in values]

    late = wobble([1.10, 1.02, 0.97, 0.99, 0.98, 1.00, 1.01, 0.93, 0.92])
    bump = wobble([1.20, 1.05, 1.08, 1.06, 0.99, 1.01, 0.98, 1.00])
    tie = wobble([1.1, 0.95, 0.97, 0.95, 0.98, 0.96, 0.955, 0.96, 0.97])
    tie[3] = tie[1]
    return [
        {"errors": late, "n_epochs": 9, "patience": 3},
        {"errors": bump, "n_epochs": 8, "patience": 3},
        {"errors": tie, "n_epochs": 9, "patience": 4},
        {"errors": wobble([0.95, 0.93, 0.90, 0.88, 0.87]), "n_epochs": 4, "patience": 2},
        {"errors": wobble([0.91, 0.95, 0.90, 0.89]), "n_epochs": 4, "patience": 1},
    ]


@question(
    "deep_autorec.keep_best",
    title="Back to the best epoch",
    objective="Stop by validation errors, and give the model back the weights of its best epoch.",
    points=3,
    needs=["keep_best"],
    cases=_keep_best_cases,
    parts={
        "errors": close(share=2, about="the validation errors, which say how many epochs were trained"),
        "weights": equal(share=3, about="the epoch whose weights the model has at the end"),
        "modes": equal(share=1, about="the order of the calls, and the mode the model was in"),
        "at_the_end": equal(share=0.5, about="the mode of the model at the end"),
    },
    hints=[
        "When training stops, the best epoch is long gone. Where are its weights?",
        "`state_dict()` does not copy: its tensors are the ones that training changes. `copy.deepcopy` copies.",
        "Whenever the error is strictly lower than before, remember the epoch and a deep copy of the state. After the "
        "loop, `load_state_dict`.",
    ],
)
def keep_best(code: Code, case: Case) -> Parts:
    model = _Script(case["errors"])
    errors = code.keep_best(model, model.train_epoch, model.valid_error, case["n_epochs"], case["patience"])
    yield "errors", [float(error) for error in errors]
    epoch, of_the_buffers = model.weight[0].item(), model.level.item() / 10
    yield "weights", f"epoch {epoch:g}" + ("" if epoch == of_the_buffers else f", buffers of epoch {of_the_buffers:g}")
    expected_length = len(model.calls) // 2
    yield "modes", [sorted(set(model.calls[0::2])), sorted(set(model.calls[1::2])), expected_length]
    yield "at_the_end", "untrained" if not model.calls else "training" if model.training else "evaluation"


why_validation = quiz(
    "deep_autorec.why_validation",
    title="Which ratings may stop the training?",
    objective="Explain what choosing on test ratings does to a test error.",
    choices=("a", "b", "c", "d"),
    hints=[
        "Throw a die twenty times and report the lowest throw. Is it what a die usually shows?",
        "No gradient comes from the ratings that stop the training. Does that mean that they have no influence?",
        "Whatever is the lowest of many was chosen also for its luck, and the luck does not come again.",
    ],
)


# --- Noise -----------------------------------------------------------------------------------------------------------


def _noise_cases(
    rng: np.random.Generator, key: str, ranges: list[tuple[float, float]], fewest: int = 600
) -> list[Case]:
    def case(low: float, high: float) -> Case:
        known = rng.random((int(rng.integers(fewest, fewest + 100)), 50)) < rng.uniform(0.4, 0.6)
        x = rng.integers(64, 192, known.shape) * rng.choice([-1.0, 1.0], known.shape) / 64  # so that sums are exact
        return {key: float(rng.uniform(low, high)), "x": x.astype(np.float32), "known": known}

    return [case(low, high) for low, high in ranges]


def _sums(x: torch.Tensor, only: torch.Tensor | None = None) -> torch.Tensor:
    """The sum of each column, over the places where `only` is true. For what came out as it went in."""
    return (x.double() if only is None else x.double() * only).sum(dim=0)


@question(
    "deep_autorec.GaussianNoise",
    title="Fresh noise, in the right places",
    objective="Disturb known ratings anew in every batch, and only while training.",
    points=3,
    needs=["GaussianNoise"],
    bug_hunt="same_noise_everywhere",
    cases=lambda rng: _noise_cases(rng, "sigma", [(0.3, 0.7), (1.6, 3)]),
    parts={
        "gaps": equal(share=1, about="the sum of each column where there is no rating"),
        "fresh": close(share=1, rtol=2e-3, about="on how many known ratings the noise is another one in the next call"),
        "evaluation": equal(share=1, about="the sum of each column in evaluation mode"),
        "size": close(share=1, rtol=0.08, about="the standard deviation of the noise on known ratings"),
        "centre": close(share=0.5, atol=0.1, about="the mean of the noise on known ratings, in units of `sigma`"),
        "untouched": equal(share=0.25, about="whether the given inputs were left as they were"),
    },
    hints=[
        "Call the module twice on the same inputs, and subtract the results. What would you like to see?",
        "`self.training` is false after `.eval()`. And what does `known` have to do with this function?",
        "In evaluation mode return `x`. Otherwise add `sigma` times `torch.randn_like(x)`, times `known`.",
    ],
)
def gaussian_noise(code: Code, case: Case) -> Parts:
    module = code.GaussianNoise(case["sigma"])
    x, known, clean = _tensor(case["x"]), _tensor(case["known"]), _tensor(case["x"])
    module.train()
    noisy = module(x, known)
    first, second = noisy - clean, module(clean.clone(), known) - clean  # clones: a change in place is one mistake only
    some = bool((first[known].abs() > 0).float().mean() > 0.5)
    if bool(first[~known].any()):
        alone = "changed" if bool(noisy[~known].any()) else "set to 0"
    else:
        alone = _sums(noisy, only=~known)
    yield "gaps", alone if some else "no noise at all"
    yield "fresh", (first != second)[known].sum() if some else "no noise at all"
    yield "size", first[known].std()
    yield "centre", first[known].mean() / case["sigma"] if some else "no noise at all"
    module.eval()
    calm = module(clean.clone(), known)
    yield "evaluation", (_sums(calm) if torch.equal(calm, clean) else "noise") if some else "never any noise"
    yield "untouched", bool(np.array_equal(x.numpy(), case["x"])) if some else "no noise at all"


@question(
    "deep_autorec.DropoutNoise",
    title="Hide what is known",
    objective="Hide known ratings at random without changing what the network reads on average.",
    points=3,
    needs=["DropoutNoise"],
    # Enough numbers for a small tolerance, and enough cases that nobody guesses all their shares.
    cases=lambda rng: _noise_cases(
        rng, "rate", [(0.05, 0.45), (0.55, 0.95), (0.05, 0.45), (0.55, 0.95), (0.05, 0.45)], fewest=1200
    ),
    parts={
        "share": close(share=1.5, atol=0.028, rtol=0, about="the share of known ratings that are hidden"),
        "stay": close(share=1.5, about="by what the other known ratings are multiplied"),
        "gaps": equal(share=1, about="the sum of each column where there is no rating"),
        "fresh": close(
            share=0.5, atol=0.028, rtol=0, about="the share of known ratings hidden in one of two calls only"
        ),
        "evaluation": equal(share=1, about="the sum of each column in evaluation mode"),
        "untouched": equal(share=0.25, about="whether the given inputs were left as they were"),
    },
    hints=[
        "If three tenths of the known ratings become 0, what happens to the sum that a neuron reads?",
        "`torch.rand_like(x) >= rate` is true with probability 1 − rate. `torch.where(known, a, b)` chooses by place.",
        "Draw who stays. Where known: the input times `stays`, divided by 1 − rate; elsewhere the input. All this only "
        "if `self.training`.",
    ],
)
def dropout_noise(code: Code, case: Case) -> Parts:
    module = code.DropoutNoise(case["rate"])
    x, known, clean = _tensor(case["x"]), _tensor(case["known"]), _tensor(case["x"])
    module.train()
    first, second = module(x, known), module(clean.clone(), known)
    hidden = (first == 0) & known
    some, all_hidden = bool(hidden.any()), bool(hidden[known].all())
    works = some and not all_hidden
    yield "share", hidden[known].float().mean()
    factors = (first / clean)[known & ~hidden]
    yield "stay", [factors.min().item(), factors.max().item()] if works else "all or none are hidden"
    alone = torch.equal(first[~known], clean[~known])
    yield "gaps", (_sums(first, only=~known) if alone else "changed") if works else "all or none are hidden"
    others = ((second == 0) != hidden)[known]
    yield "fresh", others.float().mean() if works else "all or none are hidden"
    module.eval()
    calm = module(clean.clone(), known)
    yield "evaluation", (_sums(calm) if torch.equal(calm, clean) else "changed") if works else "all or none are hidden"
    yield "untouched", bool(np.array_equal(x.numpy(), case["x"])) if works else "all or none are hidden"


noise_at_gaps = quiz(
    "deep_autorec.noise_at_gaps",
    title="A compromise?",
    objective="Work out what noise does to gaps, from the number that stands there.",
    choices=("a", "b", "c", "d"),
    hints=[
        "Which number stands at a gap? What is left of it after dropout?",
        "What is the probability that one given rating is hidden, in either way?",
        "Dropout multiplies by 0 or by 1 / (1 − rate). Do both to the number at a gap.",
    ],
)


class _Recorder(nn.Module):
    """A linear model and a noise, which keep what they were given to read."""

    def __init__(self, case: Case):
        super().__init__()
        self.weight, self.shift = nn.Parameter(_tensor(case["weight"])), _tensor(case["shift"])
        self.read: list[torch.Tensor] = []
        self.noise_calls = 0

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        self.read.append(inputs.detach().clone())
        return inputs @ self.weight

    def noise(self, x: torch.Tensor, known: torch.Tensor) -> torch.Tensor:
        """Hides every second column, and shifts the known ratings of the others, but for some whose shift is 0."""
        self.noise_calls += 1
        shifted = torch.where(known, x + self.shift, x)
        shifted[:, ::2] = torch.where(known[:, ::2], torch.zeros(()), shifted[:, ::2])
        return shifted


def _loss_cases(rng: np.random.Generator) -> list[Case]:
    def case(n_rows: int, n_items: int, n_side: int, shift_of_targets: float = 0.0) -> Case:
        known = np.zeros((n_rows, n_items + n_side), bool)
        for row, count in enumerate(rng.permutation(np.linspace(1, n_items - 1, n_rows).round().astype(int))):
            known[row, rng.permutation(n_items)[:count]] = True
        known[0, :4] = True  # hidden ones, one left as it is, and a shifted one, whatever the seed
        known[0, n_items - 1] = False
        shift = rng.uniform(0.4, 0.9, known.shape[1])
        shift[1::4] = 0
        x = np.where(known, rng.uniform(1, 2, known.shape) * rng.choice([-1.0, 1.0], known.shape), 0)
        x[:, n_items:] = rng.integers(0, 2, (n_rows, n_side))
        y = np.where(known, x + shift_of_targets, rng.uniform(3, 5, known.shape))[:, :n_items]
        return {
            "x": x.astype(np.float32), "known": known, "y": y.astype(np.float32),
            "weight": rng.normal(0, 0.5, (n_items + n_side, n_items)).astype(np.float32),
            "shift": shift.astype(np.float32),
            "hybrid": n_side > 0,
        }  # fmt: skip

    return [case(5, 6, 0), case(4, 8, 0, 3.4), case(5, 7, 3), case(4, 6, 2)]


@question(
    "deep_autorec.denoising_loss",
    title="Noisy in, clean out",
    objective="Measure a denoising autoencoder by how well it predicts the clean ratings.",
    points=2,
    needs=["denoising_loss"],
    cases=_loss_cases,
    parts={
        "read": close(share=1, about="what the model was given to read"),
        "loss": close(share=2, about="the loss"),
        "hybrid": close(share=1, about="the loss with side information"),
        "gradient": close(share=0.5, about="the gradient with respect to the model's weights"),
    },
    hints=[
        "A rating that the noise has hidden: should the model be asked for it?",
        "The noise belongs to one of the two sides only. Which of `x` and `y` does the model read?",
        "Predict from `noise(x, known)`, subtract `y`, choose the known cells among the items, and take the mean of "
        "the squares.",
    ],
)
def denoising_loss(code: Code, case: Case) -> Parts:
    model = _Recorder(case)
    loss = code.denoising_loss(model, model.noise, _tensor(case["x"]), _tensor(case["known"]), _tensor(case["y"]))
    yield "read", torch.cat(model.read) if len(model.read) == 1 else f"it was called {len(model.read)} times"
    yield "hybrid" if case["hybrid"] else "loss", loss.detach()
    loss.backward()
    yield "gradient", model.weight.grad


# --- Side information ------------------------------------------------------------------------------------------------

_GENDERS = ["F", "M"]
_AGES = ["18-24", "25-34", "35-44", "under 18"]
_OCCUPATIONS = ["artist", "doctor", "engineer", "librarian", "student", "writer"]


def _people(rng: np.random.Generator, n_users: int) -> pd.DataFrame:
    def all_of(values: list[str]) -> np.ndarray:
        return rng.permutation([*values, *rng.choice(values, n_users - len(values))])

    return pd.DataFrame(
        {
            "user_id": rng.permutation(np.arange(100, 400))[:n_users],
            "gender": all_of(_GENDERS),
            "age_group": all_of(_AGES),
            "occupation": all_of(_OCCUPATIONS),
        }
    )


def _side_cases(rng: np.random.Generator) -> list[Case]:
    people = _people(rng, 10)
    others = _people(rng, 12)
    # One value occurs only with a user who is not asked for: it has a column all the same.
    others["occupation"] = others["occupation"].replace("writer", "artist")
    others.loc[others["user_id"].idxmax(), "occupation"] = "writer"
    strangers = _people(rng, 9)
    return [
        {"what": "joined", "users": people, "user_ids": np.roll(people["user_id"].to_numpy(), 3)},
        {"what": "joined", "users": others, "user_ids": np.sort(others["user_id"].to_numpy())[1:9]},
        {"what": "unknown", "users": strangers, "user_ids": np.append(strangers["user_id"].to_numpy()[::-1], 999)},
    ]


def _in_one_order(features: torch.Tensor) -> np.ndarray:
    """The columns in an order that depends on nothing but their numbers: authors of columns may choose any."""
    table = np.asarray(features, dtype=np.float32)
    return table[:, np.lexsort(table)]


@question(
    "deep_autorec.side_features",
    title="Whose age is this?",
    objective="Join side information to the rows of a matrix by id, with as many columns as the data have.",
    points=3,
    needs=["side_features"],
    bug_hunt="joined_by_position",
    cases=_side_cases,
    parts={
        "dtype": equal(share=0.25, about="the type of the numbers"),
        "shape": equal(share=1, about="the numbers of rows and columns"),
        "joined": close(share=3, about="the features, apart from the order of the columns"),
        "unknown": close(share=1, about="the features when one id is not in the table"),
    },
    hints=[
        "Shuffle the rows of `users`. Do the features of a given user change?",
        "A table with the ids as its index can be asked for any ids in any order: `reindex`.",
        "Set the ids as the index, make one column a value (`pd.get_dummies`), then `reindex(user_ids, "
        "fill_value=0)`. Nothing has to know how many columns there are.",
    ],
)
def side_features(code: Code, case: Case) -> Parts:
    users = case["users"].copy()
    features = code.side_features(case["user_ids"].copy(), users)
    yield "dtype", str(features.dtype)
    yield "shape", tuple(features.shape)
    yield case["what"], _in_one_order(features)


def _hybrid_cases(rng: np.random.Generator) -> list[Case]:
    def case(n_rows: int, n_items: int, n_side: int) -> Case:
        known = rng.random((n_rows, n_items)) < 0.5
        known[0, 0], known[0, 1] = True, False
        side = rng.integers(0, 2, (n_rows, n_side))
        side[0, :2] = [0, 1]
        x = np.where(known, rng.normal(0, 1, known.shape), 0)
        return {"x": x.astype(np.float32), "known": known, "side": side.astype(np.float32)}

    return [case(4, 6, 3), case(5, 5, 5)]


@question(
    "deep_autorec.hybrid_inputs",
    title="Side by side",
    objective="Put ratings and side information into one row, and keep in mind which is which.",
    points=1,
    needs=["hybrid_inputs"],
    cases=_hybrid_cases,
    parts={
        "inputs": close(share=1, about="the inputs"),
        "known": equal(share=1, about="where the inputs hold a rating"),
        "dtype": equal(share=0.25, about="the type of what says where there is a rating"),
    },
    hints=[
        "A noise is going to disturb whatever `known_inputs` says is a rating. Shall it disturb ages?",
        "`torch.cat([...], dim=1)` puts rows side by side. `torch.zeros_like(side, dtype=torch.bool)` is all false.",
        "Join `x` and `side`; and join `known` with as many columns of “false” as `side` has.",
    ],
)
def hybrid_inputs(code: Code, case: Case) -> Parts:
    inputs, known = code.hybrid_inputs(_tensor(case["x"]), _tensor(case["known"]), _tensor(case["side"]))
    yield "inputs", inputs
    yield "known", known.bool()
    yield "dtype", str(known.dtype).removeprefix("torch.")  # numbers would break `torch.where` later


# --- Findings --------------------------------------------------------------------------------------------------------


def _chance_cases(rng: np.random.Generator) -> list[Case]:
    few, many = rng.integers(2, 7, 4), rng.integers(5, 11, 2)  # either group may be the larger one
    return [{"n": [int(a), int(b)]} for a, b in ((1, 1), few[:2], (few[2], many[0]), (many[1], few[3]))]


@question(
    "deep_autorec.chance_of_separation",
    title="The luck of three and three",
    objective="Compute how often luck alone makes one group of runs better than another.",
    points=1,
    needs=["chance_of_separation"],
    cases=_chance_cases,
    parts={"chance": close(about="the probability", atol=1e-7)},
    hints=[
        "Lay all errors in a row, from low to high. In how many ways can the variant's places be chosen?",
        "`math.comb(n, k)` is the number of ways to choose k places out of n. How many of these ways are a separation?",
        "Two ways, all at the low end or all at the high end, divided by the number of all ways.",
    ],
)
def chance_of_separation(code: Code, case: Case) -> Parts:
    yield "chance", code.chance_of_separation(*case["n"])


def _separated_cases(rng: np.random.Generator) -> list[Case]:
    """Pairs of groups of runs, in random order. Which of them overlap, the case says, so that the parts differ."""
    level = float(rng.uniform(0.8, 1.1))

    def errors(low: float, high: float) -> list[float]:
        inner = rng.uniform(low, high, rng.integers(1, 3))
        return [round(level + 0.001 * float(v), 5) for v in rng.permutation([low, high, *inner])]

    def clear() -> dict[str, Any]:
        gap = rng.uniform(0.2, 3)
        low, high = (4 + gap, 10 + gap) if rng.random() < 0.5 else (-8 - gap, -gap)
        return {"baseline": errors(0, 4), "variant": errors(low, high), "overlap": False}

    def overlapping() -> list[dict[str, Any]]:
        # The means lie far apart and the ranges touch; the means lie inside the other range; one range in the other;
        # one error is the same; the best run is the same; the variant has the best run and the worse mean.
        ranges = [[(0, 6), (-20, 1)], [(0, 4), (3.5, 20)], [(-10, 10), (1, 2.1)], [(0, 3), (-8.8, 0)], [(0, 4), (0, 9)]]
        pairs = [[errors(*baseline), errors(*variant)] for baseline, variant in ranges]
        pairs.append([[level + 0.003, level + 0.001, level], [level - 0.0009, level + 0.0049, level + 0.0027]])
        # Pair by pair, the variant is lower (or higher) each time. And: both ends are higher, but neither each pair nor
        # the mean is outside.
        steps, shift = np.array([0.005, 0.003, 0.001]), 0.001 * rng.choice([-1.0, 1.0])
        pairs.append([(level + steps).tolist(), (level + steps + shift).tolist()])
        pairs.append([[level + 0.006, level, level + 0.003], [level + 0.001, level + 0.008, level + 0.005]])
        return [{"baseline": baseline, "variant": variant, "overlap": True} for baseline, variant in pairs]

    pairs = [clear() for _ in range(14)] + overlapping()
    return [{"pairs": [pairs[i] for i in rng.permutation(len(pairs))]}]


@question(
    "deep_autorec.separated",
    title="Better, worse, or open?",
    objective="Judge a variant by all its runs, not by the best one or the mean.",
    points=2,
    needs=["separated"],
    cases=_separated_cases,
    parts={
        "clear": equal(share=2, about="the verdicts on runs that do not overlap"),
        "open": equal(share=3, about="which of many pairs of groups are open"),
    },
    hints=[
        "Which run of the variant is the hardest one to get below the baseline? And below which run of the baseline?",
        "`max` and `min` of the two groups are all you need.",
        "Lower: the highest error of the variant is below the lowest of the baseline. Higher: the other way round. "
        "Otherwise open.",
    ],
)
def separated(code: Code, case: Case) -> Parts:
    verdicts = [str(code.separated(list(pair["baseline"]), list(pair["variant"]))) for pair in case["pairs"]]
    found = list(zip(case["pairs"], verdicts, strict=True))
    yield "clear", [verdict for pair, verdict in found if not pair["overlap"]]
    # Whoever mixes up lower and higher may still see what is open.
    yield "open", [v if pair["overlap"] or v == "open" else "not open" for pair, v in found]


smaller_than_the_spread = quiz(
    "deep_autorec.smaller_than_the_spread",
    title="Two thousandths of a star",
    objective="Say what follows from a difference that is smaller than the spread of seeds.",
    choices=("a", "b", "c", "d"),
    hints=[
        "Train the baseline twice, with two seeds. How far apart may the two errors be?",
        "“Not shown to help” and “shown not to help” are two statements.",
        "One run each cannot tell luck from an effect of this size, in either direction.",
    ],
)


# --- Save and load ---------------------------------------------------------------------------------------------------


class _Kept(nn.Module):
    """A model with one layer and a buffer, built from settings."""

    def __init__(self, n_items: int, sizes: list[int], kind: str = "plain"):
        super().__init__()
        self.layer = nn.Linear(n_items, sizes[0])
        self.register_buffer("level", torch.zeros(()))
        self.kind = kind

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.layer(x) + self.level


_code_that_ran: list[str] = []


def _note_down(what: str) -> float:
    _code_that_ran.append(what)
    return 0.0


class _Trap:
    """An object that calls a function when it is unpickled, as anything may do that is in a pickle."""

    def __reduce__(self) -> tuple:
        return _note_down, ("the file's own code",)


def _file_cases(rng: np.random.Generator) -> list[Case]:
    def case(n_items: int, size: int, kind: str) -> Case:
        return {
            "settings": {"n_items": n_items, "sizes": [size, 2, size], "kind": kind},
            "weight": rng.normal(size=(size, n_items)).astype(np.float32),
            "bias": rng.normal(size=size).astype(np.float32),
            "level": float(rng.uniform(0.5, 0.8)),
            "x": rng.normal(size=(3, n_items)).astype(np.float32),
        }

    return [case(5, 3, "first"), case(4, 6, "second")]


def _state(case: Case) -> dict[str, torch.Tensor]:
    return {
        "layer.weight": _tensor(case["weight"]),
        "layer.bias": _tensor(case["bias"]),
        "level": torch.tensor(case["level"]),
    }


@question(
    "deep_autorec.save_model",
    title="Weights, and what they belong to",
    objective="Write to disk all that is needed to build a trained model again.",
    points=2,
    needs=["save_model"],
    cases=_file_cases,
    parts={
        "paths": equal(share=0.5, about="the paths of the two files"),
        "settings": equal(share=2, about="the settings in the first file"),
        "names": equal(share=1, about="the names in the second file"),
        "weights": close(share=1, about="the numbers in the second file"),
    },
    hints=[
        "Next week you have the weights only. How many hidden layers had the model, and which activation?",
        "`json.dump` writes a dictionary, `torch.save` a state. `model.state_dict()` has no code in it.",
        "Open `name` + “.json” for writing and dump the settings; save the state to `name` + “.pth”; return both "
        "paths.",
    ],
)
def save_model(code: Code, case: Case) -> Parts:
    model = _Kept(**case["settings"])
    model.load_state_dict(_state(case))
    with tempfile.TemporaryDirectory() as folder:
        name = os.path.join(folder, "dropout_0.5")  # the dot belongs to the name
        paths = code.save_model(name, model, dict(case["settings"]))
        yield "paths", [os.path.relpath(path, folder) for path in paths]
        yield "settings", _settings_in(f"{name}.json")
        path = f"{name}.pth"
        if not os.path.exists(path):
            yield "names", "no file at this path"
            return
        try:
            content = torch.load(path, weights_only=True)
        except Exception:
            yield "names", "more than numbers: something that only unpickling can read"
            return
        if not isinstance(content, dict):
            yield "names", f"no state, but a {type(content).__name__}"
            return
        plain = all(isinstance(value, torch.Tensor) for value in content.values())
        yield "names", sorted(map(str, content)) if plain else "no plain state: not all that it holds are tensors"
        if {"layer.weight", "level"} <= content.keys():
            yield "weights", torch.cat([content["layer.weight"].flatten(), content["level"].reshape(1)])


def _settings_in(path: str) -> Any:
    if not os.path.exists(path):
        return "no file at this path"
    try:
        with open(path, encoding="utf-8") as file:
            return json.load(file)
    except ValueError:
        return "not JSON"


@question(
    "deep_autorec.load_model",
    title="The same model again",
    objective="Build a model from its settings and fill it, trusting the files as little as possible.",
    points=2,
    needs=["load_model"],
    cases=_file_cases,
    parts={
        "built": equal(share=1, about="the settings with which the model was built"),
        "predictions": close(share=2, about="the predictions of the loaded model"),
        "evaluation": equal(share=1, about="whether the model is in evaluation mode"),
        "code_in_file": equal(share=1, about="whether code that hides in a file is run"),
        "incomplete": equal(share=1, about="what happens when a weight is missing in the file"),
    },
    hints=[
        "Weights need a model to go into. Which file says what it looked like?",
        "`build(**settings)` passes a dictionary as arguments by name. `torch.load` has an argument that allows "
        "weights only.",
        "Read the JSON, build, load the state with `weights_only=True` into the model (strictly, as by default), set "
        "evaluation mode, return the model.",
    ],
)
def load_model(code: Code, case: Case) -> Parts:
    built: list[dict] = []

    def build(*args: Any, **settings: Any) -> nn.Module:
        built.append({**settings, **({"without a name": len(args)} if args else {})})
        model = _Kept(*args, **settings)
        nn.init.zeros_(model.layer.weight)  # a model that was never filled predicts 0
        nn.init.zeros_(model.layer.bias)
        return model

    with tempfile.TemporaryDirectory() as folder:
        name = os.path.join(folder, "dropout_0.5")  # the dot belongs to the name
        with open(f"{name}.json", "w", encoding="utf-8") as file:
            json.dump(case["settings"], file)
        torch.save(_state(case), f"{name}.pth")
        model = code.load_model(name, build)
        yield "built", built[0] if built else "it was not built with `build`"
        predictions = model(_tensor(case["x"])).detach()
        yield "predictions", predictions
        yield "evaluation", not model.training
        filled = bool(model.level != 0)  # what follows is only worth something where the good file was read

        torch.save({**_state(case), "extra": _Trap()}, f"{name}.pth")
        _code_that_ran.clear()
        _refuses(code, name, build)
        yield "code_in_file", "nothing was loaded" if not filled else "run" if _code_that_ran else "not run"

        torch.save({"layer.weight": _tensor(case["weight"])}, f"{name}.pth")
        refused = _refuses(code, name, build)
        yield "incomplete", "nothing was loaded" if not filled else "refused" if refused else "accepted"


def _refuses(code: Code, name: str, build: Any) -> bool:
    try:
        code.load_model(name, build)
    except Exception:
        return True
    return False
