"""Questions of the chapter `autoencoder`.

Every question brings its own small model and data, so no exercise depends on another one.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import nn

from recbook.parts import at_most, close, equal
from recbook.question import Case, Code, essay, question, quiz

Parts = Iterator[tuple[str, Any]]


# --- The small things that questions bring along ---------------------------------------------------------------------


def _ratings(rng: np.random.Generator, n_users: int, n_movies: int, density: float = 0.5) -> np.ndarray:
    """Ratings in whole stars, (n_users, n_movies), float32; NaN where there is none. Every user has at least two."""
    stars = rng.integers(1, 6, size=(n_users, n_movies)).astype(np.float32)
    observed = rng.random((n_users, n_movies)) < density
    observed[:, :2] = True
    return np.where(observed, stars, np.nan).astype(np.float32)


def _weights(rng: np.random.Generator, inputs: int, outputs: int, features: int) -> dict[str, np.ndarray]:
    shapes = {"fc1.weight": (features, inputs), "fc1.bias": (features,), "fc2.weight": (outputs, features),
              "fc2.bias": (outputs,)}  # fmt: skip
    return {name: rng.normal(0, 0.8, shape).astype(np.float32) for name, shape in shapes.items()}


class _Layer(nn.Linear):
    """A fully connected layer that says in words what does not fit: nothing else then raises the same exception."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if x.shape[-1] != self.in_features:
            raise ValueError(f"this layer reads rows of {self.in_features} numbers, but was given {x.shape[-1]}")
        return super().forward(x)


class _Layers(nn.Module):
    """Two layers named as in the chapter, with the weights of the case and no forward pass of their own.

    The forward pass is an exercise, so calling this model is an error, and the error says what to do instead (that of
    PyTorch is a `NotImplementedError`, which would read like an exercise that is not filled in).
    """

    def __init__(self, weights: dict[str, np.ndarray]):
        super().__init__()
        features, inputs = weights["fc1.weight"].shape
        self.fc1 = _Layer(inputs, features)
        self.fc2 = _Layer(features, len(weights["fc2.weight"]))
        self.load_state_dict({name: torch.tensor(value) for name, value in weights.items()})

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        raise TypeError("this model cannot be called: work with its layers `fc1` and `fc2`")


class _Linear(nn.Module):
    """A model that is not the chapter's, for exercises that take any model: one layer.

    It keeps what it was given to read, and whether it was in training mode then.
    """

    def __init__(self, weight: np.ndarray, bias: np.ndarray | float = 0.0):
        super().__init__()
        self.layer = nn.Linear(weight.shape[1], weight.shape[0])
        with torch.no_grad():
            self.layer.weight.copy_(torch.tensor(weight))
            self.layer.bias.copy_(torch.as_tensor(bias, dtype=torch.float32).expand(weight.shape[0]))
        self.in_training: list[bool] = []
        self.inputs: list[torch.Tensor] = []

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.in_training.append(self.training)
        self.inputs.append(x.detach().clone())
        return self.layer(x)

    def rows_read(self) -> torch.Tensor:
        """All rows it was given, one below the other, also those given one at a time: (n_rows, inputs)."""
        width = self.layer.in_features
        return torch.cat([torch.zeros(0, width), *(batch.reshape(-1, width) for batch in self.inputs)])

    def always_in(self, training: bool) -> bool:
        """True when it was called, and in this mode every time."""
        return bool(self.in_training) and all(mode == training for mode in self.in_training)

    def criterion(self, estimate: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        """Mean absolute error over observed targets: deliberately not the loss of another exercise."""
        observed = ~target.isnan()
        return (estimate[observed] - target[observed]).abs().sum() / observed.sum().clamp(min=1)


class _Squared(_Linear):
    """The same with a squared loss, for exercises whose result is a squared error.

    It keeps the targets beside what was read last, and the gradient that belongs to them alone.
    """

    def __init__(self, weight: np.ndarray):
        super().__init__(weight)
        self.compared: list[tuple[torch.Tensor, torch.Tensor]] = []
        self.gradient: tuple[torch.Tensor, ...] = ()

    def criterion(self, estimate: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        errors = torch.where(target.isnan(), 0.0, estimate - torch.nan_to_num(target))
        loss = errors.square().sum() / (~target.isnan()).sum().clamp(min=1)
        if self.inputs:
            self.compared.append((self.inputs[-1], target.detach().clone()))
        if loss.requires_grad:
            self.gradient = torch.autograd.grad(loss, list(self.parameters()), retain_graph=True, allow_unused=True)
        return loss


#: What the steps of a training may follow, the most telling first.
_GRADIENTS = ("another one", "a multiple of that of the batch", "none", "that of the batch")


class _Watched(torch.optim.SGD):
    """Plain gradient descent that notes which gradient each step follows: that of the last loss, or another."""

    def __init__(self, model: _Squared):
        super().__init__(model.parameters(), lr=0.2)
        self.model = model
        self.followed: set[str] = set()

    def step(self, closure=None):
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        self.followed.add(self._which_gradient())
        super().step()
        return loss

    def _which_gradient(self) -> str:
        grads = [p.grad for p in self.model.parameters() if p.grad is not None]
        if not any(g.any() for g in grads):
            return "that of the batch" if not any(g.any() for g in self.model.gradient) else "none"
        mine, own = (torch.cat([g.flatten() for g in gradient]) for gradient in (grads, self.model.gradient))
        if mine.shape != own.shape:
            return "another one"
        if torch.allclose(mine, own, rtol=1e-3, atol=1e-6):
            return "that of the batch"
        parallel = torch.allclose(mine / mine.norm(), own / own.norm(), atol=1e-4)
        return "a multiple of that of the batch" if parallel else "another one"


class _Scores(nn.Module):
    """A model whose prediction for a row is a fixed list of numbers plus a fixed linear function of the row."""

    def __init__(self, scores: np.ndarray, weight: np.ndarray):
        super().__init__()
        self.scores = nn.Parameter(torch.tensor(scores, dtype=torch.float32))
        self.weight = nn.Parameter(torch.tensor(weight, dtype=torch.float32))
        self.in_training: list[bool] = []
        self.inputs: list[torch.Tensor] = []

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if x.shape[-1] != self.weight.shape[1]:
            raise ValueError(f"this model reads rows of {self.weight.shape[1]} numbers, but was given {x.shape[-1]}")
        self.in_training.append(self.training)
        self.inputs.append(x.detach().clone())
        return self.scores + x @ self.weight.T

    def last_row_read(self) -> torch.Tensor:
        """The numbers it was given last, as a flat tensor; empty when it was never called."""
        return self.inputs[-1].reshape(-1) if self.inputs else torch.zeros(0)

    def always_in(self, training: bool) -> bool:
        """True when it was called, and in this mode every time."""
        return bool(self.in_training) and all(mode == training for mode in self.in_training)


def _titles(n: int) -> list[str]:
    """Made-up titles, in no alphabetical order."""
    words = ["Quiet", "Golden", "Last", "Blue", "Hidden"]
    return [f"{words[i % 5]} {chr(77 + i % 13)}{i} ({1960 + i})" for i in range(n)]


def _spread(rng: np.random.Generator, n: int, low: float, high: float) -> np.ndarray:
    """`n` numbers in random order that are clearly apart from each other."""
    return rng.permutation(np.linspace(low, high, n)).astype(np.float32)


def _tensor(value: np.ndarray) -> torch.Tensor:
    return torch.tensor(value)


# --- The model -------------------------------------------------------------------------------------------------------


def _centre_cases(rng: np.random.Generator) -> list[Case]:
    ordinary = _ratings(rng, 5, 7)
    ordinary[np.arange(5), np.arange(2, 7)] = np.nan  # no row without a gap: `mean` is NaN for every user
    newcomer = _ratings(rng, 6, 6)
    newcomer[0] = 5  # many high ratings and few low ones: the mean of the user means is another number
    newcomer[1] = [1, 2, *[np.nan] * 4]
    newcomer[2] = np.nan
    return [{"ratings": ordinary, "newcomer": False}, {"ratings": newcomer, "newcomer": True}]


@question(
    "autoencoder.centre",
    title="Centre the ratings",
    objective="Remove each user's own level from the ratings, so that 0 means “as this user usually rates”.",
    points=2,
    needs=["centre"],
    cases=_centre_cases,
    parts={
        "means": close(about="the user means"),
        "centred": close(about="the centred ratings"),
        "newcomer": close(about="the mean of a user without ratings"),
        "untouched": equal(share=0.25, about="whether the given ratings were left as they were"),
        "are_tensors": equal(share=0.25, about="whether both results are tensors"),
    },
    hints=[
        "Over which cells of a row is a user's mean taken?",
        "`torch.nanmean` ignores NaN; `keepdim=True` keeps the result a column. What does it say for a row of NaN?",
        "Take `nanmean` over dimension 1, put the mean of all ratings where the result is NaN, then subtract.",
    ],
)
def centre(code: Code, case: Case) -> Parts:
    ratings = _tensor(case["ratings"])
    centred, means = code.centre(ratings)
    if case["newcomer"]:
        yield "newcomer", means.reshape(-1)[2]  # this one alone: the means of the others are asked for above
    else:
        yield "means", means
        yield "centred", centred
        yield "untouched", bool(np.array_equal(ratings.numpy(), case["ratings"], equal_nan=True))
        tensors = isinstance(centred, torch.Tensor) and isinstance(means, torch.Tensor)
        yield "are_tensors", tensors and bool(torch.nan_to_num(means).any())


def _ae_cases(rng: np.random.Generator) -> list[Case]:
    def case(inputs: int, outputs: int, features: int) -> Case:
        x = rng.normal(size=(3, inputs)).astype(np.float32)
        return {"inputs": inputs, "outputs": outputs, "features": features, "x": x}

    n, wide, narrow = (int(rng.integers(*ends)) for ends in ((100, 200), (200, 300), (100, 200)))
    few, fewer = (int(n) for n in rng.integers(2, 100, 2))
    return [case(n, n, few), case(wide, narrow, fewer)]


@question(
    "autoencoder.AE",
    title="The layers of an autoencoder",
    objective="Create the two layers of an autoencoder so that PyTorch finds and trains them.",
    points=2,
    needs=["AE"],
    cases=_ae_cases,
    parts={
        "is_module": equal(share=0.5, about="whether AE is an `nn.Module`"),
        "parameters": equal(about="the shapes of the trainable parameters"),
        "hidden_shape": equal(about="the shape after `fc1`"),
        "output_shape": equal(about="the shape after `fc2`"),
        "plain_layers": equal(share=0.5, about="whether `fc1` and `fc2` are fully connected layers and nothing more"),
        "criterion": equal(share=0.5, about="whether the loss function is kept as `criterion`"),
    },
    hints=[
        "How many numbers go into each of the two layers, and how many come out?",
        "`nn.Linear(in_features, out_features)` is a fully connected layer with a bias.",
        "Inputs to features, then features to outputs; keep both as attributes of `self`, named as in the docstring.",
    ],
)
def autoencoder_class(code: Code, case: Case) -> Parts:
    criterion = nn.L1Loss()
    model = code.AE(case["inputs"], case["outputs"], case["features"], criterion)
    yield "is_module", isinstance(model, nn.Module)
    yield "parameters", sorted(list(p.shape) for p in model.parameters() if p.requires_grad)
    x = _tensor(case["x"])
    hidden = model.fc1(x)
    yield "hidden_shape", tuple(hidden.shape)
    yield "output_shape", tuple(model.fc2(hidden).shape)
    yield "plain_layers", _is_affine(model.fc1, x) and _is_affine(model.fc2, hidden)
    yield "criterion", model.criterion is criterion


def _is_affine(layer: nn.Module, x: torch.Tensor) -> bool:
    """True for weights and biases; a squashing function bends the line from -x through 0 to x."""
    return torch.allclose(layer(x) + layer(-x), 2 * layer(torch.zeros_like(x)), atol=1e-4)


def _sizes_cases(rng: np.random.Generator) -> list[Case]:
    return [{"shape": tuple(int(n) for n in rng.integers(20, 90, 2)), "features": int(rng.integers(3, 15))}
            for _ in range(3)]  # fmt: skip


@question(
    "autoencoder.sizes",
    title="How large is the model?",
    objective="Derive the sizes of the layers from the data, and count what training has to learn.",
    points=1,
    needs=["sizes"],
    cases=_sizes_cases,
    parts={
        "inputs": equal(about="the number of input neurons"),
        "outputs": equal(about="the number of output neurons"),
        "n_parameters": equal(share=2, about="the number of parameters"),
    },
    hints=[
        "What does the autoencoder read at once: a user or a movie?",
        "One input neuron for each entry of a user's row. "
        "A layer has a weight for each pair of neurons it connects, and biases.",
        "A layer from a to b neurons has a·b weights and b biases. Add up both layers.",
    ],
)
def sizes(code: Code, case: Case) -> Parts:
    inputs, outputs, n_parameters = code.sizes(torch.full(case["shape"], torch.nan), case["features"])
    yield "inputs", inputs
    yield "outputs", outputs
    yield "n_parameters", n_parameters


wider_hidden_layer = quiz(
    "autoencoder.wider_hidden_layer",
    title="A wider hidden layer?",
    objective="Say what the narrow middle of an autoencoder is for.",
    choices=("a", "b", "c", "d"),
    hints=[
        "What is the easiest way to reproduce the input exactly?",
        "Imagine as many hidden neurons as movies, each of them wired to one movie only.",
        "A network that can copy its input learns nothing that helps to fill a gap.",
    ],
)


def _forward_cases(rng: np.random.Generator) -> list[Case]:
    return [
        {"weights": _weights(rng, 6, 6, 3), "x": rng.normal(0, 1.5, (4, 6)).astype(np.float32)},
        {"weights": _weights(rng, 5, 8, 4), "x": rng.normal(0, 1.5, (1, 5)).astype(np.float32)},
    ]


@question(
    "autoencoder.forward",
    title="The forward pass",
    objective="Turn a batch of input rows into predictions for every movie.",
    points=2,
    needs=["forward"],
    cases=_forward_cases,
    parts={
        "predictions": close(share=3, about="the predictions"),
        "gradient": close(about="the gradient of the first layer"),
    },
    hints=[
        "Which two things happen between the input and the hidden layer, and which one after it?",
        "`model.fc1(x)` is the linear part; `torch.sigmoid` squashes every number into 0 to 1.",
        "Sigmoid only in the middle: a sigmoid at the end could never predict a centred rating of −2.",
    ],
)
def forward(code: Code, case: Case) -> Parts:
    model = _Layers(case["weights"])
    predictions = code.forward(model, _tensor(case["x"]))
    yield "predictions", predictions
    # Without a gradient it is 0 here, and no exception: that might be another one.
    if not isinstance(predictions, torch.Tensor) or predictions.requires_grad:
        predictions.sum().backward()
    gradient = model.fc1.weight.grad
    yield "gradient", torch.zeros_like(model.fc1.weight) if gradient is None else gradient


# --- Learning --------------------------------------------------------------------------------------------------------


def _masked_loss_cases(rng: np.random.Generator) -> list[Case]:
    some = {"estimate": rng.normal(size=(4, 6)).astype(np.float32), "target": _ratings(rng, 4, 6, 0.2) - 3}
    few = {"estimate": rng.normal(size=(3, 5)).astype(np.float32), "target": np.full((3, 5), np.nan, np.float32)}
    few["target"][1, 3] = 1.5
    # A centred rating of exactly 0 is a rating like any other.
    zero = {"estimate": rng.normal(2, 1, (2, 4)).astype(np.float32), "target": np.zeros((2, 4), np.float32)}
    zero["target"][0, 1] = np.nan
    none = {"estimate": rng.normal(size=(2, 3)).astype(np.float32), "target": np.full((2, 3), np.nan, np.float32)}
    return [some, few, zero, none]


@question(
    "autoencoder.masked_loss",
    title="A loss that looks only at ratings",
    objective="Average the squared error over observed ratings, and over nothing else.",
    points=3,
    needs=["masked_loss"],
    bug_hunt="all_cells_and_divided_again",
    cases=_masked_loss_cases,
    parts={
        "loss": close(share=2, about="the loss"),
        "gradient": close(share=2, about="the gradient with respect to the estimate"),
        "untouched": equal(share=0.5, about="whether the given targets were left as they were"),
        "empty": close(share=0.5, about="the loss when nothing is observed"),
        "empty_gradient": equal(share=0.5, about="the gradient in a batch in which nothing is observed"),
    },
    hints=[
        "The matrix has many cells without a rating. What does this code take for the truth there?",
        "`~target.isnan()` is True exactly where there is a rating. How many of those are there?",
        "Sum the squared errors at observed cells and divide, once, by the number of observed cells.",
    ],
)
def masked_loss(code: Code, case: Case) -> Parts:
    estimate, target = _tensor(case["estimate"]).requires_grad_(), _tensor(case["target"])
    loss = code.masked_loss(estimate, target)
    if np.isnan(case["target"]).all():
        # A loss that is 0 whatever happens has not earned this part.
        always_zero = not float(code.masked_loss(estimate, torch.ones_like(estimate)))
        yield "empty", "0, also where something is observed" if always_zero else loss
        yield "empty_gradient", "none" if always_zero else _gradient_of(loss, estimate)
        return
    yield "loss", loss
    yield "untouched", float(loss) != 0 and bool(np.array_equal(target.numpy(), case["target"], equal_nan=True))
    loss.backward()
    # Where the loss is NaN already, the gradient says nothing more.
    yield "gradient", torch.full_like(estimate, torch.nan) if np.isnan(float(loss)) else estimate.grad


def _gradient_of(loss: Any, estimate: torch.Tensor) -> str:
    if not isinstance(loss, torch.Tensor) or not loss.requires_grad:
        return "none"
    loss.backward()
    if estimate.grad is None:
        return "none"
    return "finite" if bool(estimate.grad.isfinite().all()) else "infinite or NaN"


binary_loss = quiz(
    "autoencoder.binary_loss",
    title="Likes instead of stars",
    objective="Choose a loss that fits the kind of data.",
    choices=("a", "b", "c", "d"),
    hints=[
        "What values can such data take, and what should the prediction mean?",
        "A prediction of a yes or no is a probability. Which loss compares probabilities with yes and no?",
        "Every user's row has many movies liked at once, and many that nobody asked them about.",
    ],
)


def _training_step_cases(rng: np.random.Generator) -> list[Case]:
    return [
        {
            "weight": rng.normal(0, 0.5, (5, 4)).astype(np.float32),
            "x": rng.normal(size=(2, 3, 4)).astype(np.float32),
            "y": np.stack([_ratings(rng, 3, 5), _ratings(rng, 3, 5)]) - 3,
            "learning_rate": float(rng.uniform(0.05, 0.2)),
        }
    ]


@question(
    "autoencoder.training_step",
    title="One step of learning",
    objective="Put the four lines of a training step in place: clear, predict and compare, backpropagate, step.",
    points=3,
    needs=["training_step"],
    bug_hunt="gradients_not_cleared",
    cases=_training_step_cases,
    parts={
        "loss": close(about="the loss that is returned"),
        "first_step": close(share=2, about="the weights after the first step"),
        "second_step": close(share=2, about="the weights after a second step, on another batch"),
        "is_number": equal(share=0.5, about="whether a step gives the loss as a plain number"),
    },
    hints=[
        "What is in `parameter.grad` when the second batch arrives?",
        "`backward()` adds to the gradients that are already there. Which method of the optimizer sets them to zero?",
        "Before `backward()`, call `optimizer.zero_grad()`. After it, `optimizer.step()`.",
    ],
)
def training_step(code: Code, case: Case) -> Parts:
    model = _Linear(case["weight"])
    optimizer = torch.optim.SGD(model.parameters(), lr=case["learning_rate"])
    loss = code.training_step(model, optimizer, _tensor(case["x"][0]), _tensor(case["y"][0]))
    yield "loss", loss
    yield "first_step", model.layer.weight
    code.training_step(model, optimizer, _tensor(case["x"][1]), _tensor(case["y"][1]))
    yield "second_step", model.layer.weight
    # Asked last and of code that learns: a number alone is no answer to this question.
    yield "is_number", isinstance(loss, float) and not np.array_equal(model.layer.weight.detach(), case["weight"])


def _fit_cases(rng: np.random.Generator) -> list[Case]:
    def case(what: str) -> Case:
        return {
            "what": what,
            "weight": rng.normal(0, 0.4, (6, 4)).astype(np.float32),
            "x": rng.normal(size=(7, 4)).astype(np.float32),
            # Very different numbers of ratings a user: the mean of means is not the pooled mean.
            "y": np.where(rng.random((7, 6)) < np.linspace(0.1, 1, 7)[:, None], rng.normal(0, 1, (7, 6)), np.nan)
            .astype(np.float32),
        }  # fmt: skip

    # Several of each kind: a number of ratings, or one sum, is soon met by chance.
    cases = [case(what) for what in ("measure", "measure", "measure", "train", "empty user", "empty user")]
    for made in cases:
        if made["what"] == "measure":
            made["y"][0, 0] = 2.5
        elif made["what"] == "empty user":
            made["y"][3] = np.nan
    return cases


@question(
    "autoencoder.fit",
    title="One pass over all users",
    objective="Write the loop of an epoch, for training and for measuring, and pool the errors of all ratings.",
    points=4,
    needs=["fit"],
    cases=_fit_cases,
    parts={
        "n_ratings": equal(about="the number of ratings, measuring and training"),
        "squared_error": close(share=2, about="the sum of squared errors"),
        "any_batch_size": equal(about="whether the sum of squared errors is the same for any batch size"),
        "unchanged": equal(share=2, about="whether measuring leaves the weights alone"),
        "measures_in_eval": equal(about="whether the model is in evaluation mode while measuring"),
        "trains_in_train": equal(about="whether the model is in training mode while training"),
        "batches": equal(about="the sizes of the training batches"),
        "each_once": equal(about="whether a training pass visits every user once"),
        "shuffled": equal(about="whether training visits the users in a shuffled order"),
        "together": equal(about="whether the inputs and the targets of a batch are of the same users"),
        "followed": equal(about="the gradient that the steps follow"),
        "learns": at_most(0.2, share=2, about="the error after 30 epochs of training"),
        "repeatable": equal(share=0.5, about="whether the same `generator` gives the same order again"),
        "empty_user": close(about="the sum of squared errors when a user has no rating"),
        "empty_batch": equal(share=0.5, about="whether a batch without ratings changes nothing"),
    },
    hints=[
        "For each batch: what is different between training and measuring? Only two of the four lines of a step.",
        "The criterion gives a mean over the observed ratings of the batch. How do you get the sum back from it?",
        "Loss times number of observed ratings is the batch's sum. `model.train(not valid)` and "
        "`torch.set_grad_enabled(not valid)` switch both modes.",
    ],
)
def fit(code: Code, case: Case) -> Parts:
    model = _Squared(case["weight"])
    x, y = _tensor(case["x"]), _tensor(case["y"])
    if case["what"] == "train":
        yield from _ask_fit_to_train(code, model, x, y)
        return
    if case["what"] == "empty user":  # and no optimizer: measuring needs none
        _, squared_error, _ = code.fit(model, x, y, valid=True, batch_size=50)
        yield "empty_user", squared_error
        _, one_by_one, _ = code.fit(model, x, y, valid=True, batch_size=1)
        yield "empty_batch", _same_sum(one_by_one, squared_error)
        return
    before = model.layer.weight.detach().clone()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    settings = {"valid": True, "optimizer": optimizer}
    # All users at once: the sum of a mistake is then the same in whatever order it measures them.
    _, squared_error, n_ratings = code.fit(model, x, y, **settings, batch_size=50)
    yield "n_ratings", n_ratings
    _, in_threes, _ = code.fit(copy.deepcopy(model), x, y, **settings, batch_size=3)
    same = _same_sum(in_threes, squared_error)
    yield "any_batch_size", same
    yield "squared_error", squared_error if same else -squared_error  # right for one batch size alone: not right
    yield "unchanged", bool(model.inputs) and torch.equal(before, model.layer.weight)
    yield "measures_in_eval", model.always_in(training=False)


def _same_sum(first: Any, second: Any) -> bool:
    """True for equal sums; not for 0, which whoever adds up nothing returns always."""
    return bool(second) and bool(np.isclose(float(first), float(second), rtol=1e-4))


def _ask_fit_to_train(code: Code, model: _Squared, x: torch.Tensor, y: torch.Tensor) -> Parts:
    twin = copy.deepcopy(model)
    model.eval()
    optimizer, generator = _Watched(model), torch.Generator().manual_seed(1)
    _, _, n_ratings = code.fit(model, x, y, optimizer=optimizer, batch_size=3, generator=generator)
    yield "n_ratings", n_ratings
    yield "trains_in_train", model.always_in(training=True)
    yield "batches", [len(batch) if batch.ndim == 2 else 1 for batch in model.inputs]
    order = _order(model, x)
    yield "each_once", sorted(order) == list(range(len(x)))
    yield "shuffled", order != sorted(order)
    yield "together", bool(model.compared) and all(_same_users(x, y, *both) for both in model.compared)
    yield "followed", next((gradient for gradient in _GRADIENTS if gradient in optimizer.followed), "none")
    twins_generator = torch.Generator().manual_seed(1)
    code.fit(twin, x, y, optimizer=_Watched(twin), batch_size=3, generator=twins_generator)
    yield "repeatable", bool(order) and _order(twin, x) == order
    for _ in range(30):
        code.fit(model, x, y, optimizer=optimizer, batch_size=3, generator=generator)
    error = float(model.criterion(model.layer(x), y))
    yield "learns", error if error < 10 else 10.0  # beyond that, and where it is NaN, nothing was learned


def _order(model: _Squared, x: torch.Tensor) -> list[int]:
    """The numbers of the users in the order in which the model read them; -1 for a row that is no user's."""
    return _numbers(x, model.rows_read())


def _numbers(x: torch.Tensor, rows: torch.Tensor) -> list[int]:
    found = [(x == row).all(dim=1).nonzero().flatten().tolist() for row in rows]
    return [numbers[0] if numbers else -1 for numbers in found]


def _same_users(x: torch.Tensor, y: torch.Tensor, inputs: torch.Tensor, targets: torch.Tensor) -> bool:
    """True when the loss got the targets of the users whose rows were read, as a matrix or the observed ones alone."""
    theirs = y[_numbers(x, inputs.reshape(-1, x.shape[1]))]
    observed = theirs[~theirs.isnan()]
    return torch.equal(targets[~targets.isnan()], observed) and targets.numel() in (theirs.numel(), observed.numel())


def _train_cases(rng: np.random.Generator) -> list[Case]:
    # The best epoch lies in the middle of one run and at the end of the other. In the first it is the fifth, and every
    # wrong idea of it leads to another one: the best by training error is the second, the worst the sixth, the last one
    # that improved on the epoch before it the seventh. Who goes back to the best weights so far after every setback
    # has trained these three times only, and who keeps the weights from before the training four times.
    valid = np.array([1.55, 1.3, 1.47, 1.4, 1.1, 1.8, 1.4, 1.5]) + rng.uniform(0, 0.05, 8)
    train = np.array([1.6, 0.9, 1.0, 1.2, 1.1, 1.05, 1.03, 1.0]) + rng.uniform(0, 0.05, 8)
    falling = np.array([1.4, 1.2, 1.0]) + rng.uniform(0, 0.05, 3)
    return [
        {"valid": valid.tolist(), "train": train.tolist()},
        {"valid": falling.tolist(), "train": (falling - 0.3).tolist()},
    ]


# What the inputs and the targets of either data consist of, and how many ratings these have.
_INPUTS = {0.0: "training", 1.0: "validation"}
_TARGETS = {5.0: "training", 6.0: "validation"}
_N_RATINGS = {"training": 400, "validation": 50}
_UNTRAINED = 2.5  # the error before the first epoch; also that of an epoch too many, which the log tells


class _ScriptedFit:
    """Stands in for `fit`: tells the errors of a script, moves the one weight to the epoch's number, keeps a log.

    Which error it tells depends on the data it is given and on how often the model was trained, and on nothing else: so
    measuring once more, on whatever data, gives the same number again and changes no other.
    """

    def __init__(self, train_errors: list[float], valid_errors: list[float]):
        self.errors = {"training": train_errors, "validation": valid_errors}
        self.n_trainings = 0
        self.log: list[str] = []

    def __call__(self, model, x, y, valid=False, optimizer=None, batch_size=64, generator=None):
        inputs, targets = _INPUTS.get(float(x[0, 0])), _TARGETS.get(float(y[0, 0]))
        data = f"{inputs or 'other'} inputs and {targets or 'other'} targets"
        if inputs == targets and inputs:
            data = f"{inputs} data"
        self._note(data, valid, bool(optimizer))
        if not valid:
            self.n_trainings += 1
            with torch.no_grad():
                model.layer.weight += 1
        which = targets or inputs or "training"
        errors = [_UNTRAINED, *self.errors[which], _UNTRAINED]
        error, n_ratings = errors[min(self.n_trainings, len(errors) - 1)], _N_RATINGS[which]
        return model, error**2 * n_ratings, n_ratings

    def _note(self, data: str, valid: bool, has_optimizer: bool) -> None:
        """Log a call, but not what does no harm: measuring the training data as well, or the same thing once more."""
        if not valid:
            self.log.append(f"train on {data} {'with' if has_optimizer else 'without'} optimizer")
        elif data != "training data" and self.log[-1:] != [f"measure on {data}"]:
            self.log.append(f"measure on {data}")


@question(
    "autoencoder.train",
    title="The training loop",
    objective="Train for several epochs, follow both errors, and keep the best epoch's weights.",
    points=3,
    needs=["train"],
    cases=_train_cases,
    parts={
        "train_history": close(about="history['train']"),
        "valid_history": close(about="history['valid']"),
        "calls": equal(share=2, about="what `fit` trained on and measured, in order"),
        "kept": close(share=2, about="the epoch whose weights are kept"),
    },
    hints=[
        "`fit` gives a sum of squared errors and a number of ratings. How does a root mean squared error follow?",
        "After each epoch compare the new validation error with the lowest so far. "
        "What has to be remembered when it is lower?",
        "`state_dict()` hands out the living tensors, which go on changing: keep clones. "
        "At the end, `load_state_dict` of the best ones.",
    ],
)
def train(code: Code, case: Case) -> Parts:
    model = _Linear(np.zeros((1, 1), np.float32))
    stand_in = _ScriptedFit(case["train"], case["valid"])
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    train_x, valid_x = torch.zeros(3, 1), torch.ones(2, 1)
    history = code.train(model, stand_in, train_x, train_x + 5, valid_x, valid_x + 5, optimizer, len(case["valid"]))
    yield "calls", stand_in.log  # first: what went wrong there explains most of what follows
    yield "train_history", history["train"]
    yield "valid_history", history["valid"]
    yield "kept", float(model.layer.weight)


def _evaluate_cases(rng: np.random.Generator) -> list[Case]:
    def case(bias: float) -> Case:
        return {
            "weight": rng.normal(0, 0.3, (6, 6)).astype(np.float32),
            "bias": bias,
            "x": np.nan_to_num(_ratings(rng, 5, 6, 0.3) - 3),
            "y": np.where(rng.random((5, 6)) < np.linspace(0.15, 0.9, 5)[:, None], rng.integers(1, 6, (5, 6)), np.nan)
            .astype(np.float32),
            "user_means": rng.uniform(2.5, 4.2, (5, 1)).astype(np.float32),
        }  # fmt: skip

    cases = [case(bias) for bias in (0.0, 0.0, 2.5, 2.5)]  # in the last two most predictions leave the scale
    for case_ in cases:
        case_["y"][0, 0], case_["y"][4, 5] = 4, 2
    return cases


@question(
    "autoencoder.evaluate",
    title="An honest test",
    objective="Measure the error on test ratings without letting the model read any of them.",
    points=3,
    needs=["evaluate"],
    bug_hunt="reads_the_test_ratings",
    cases=_evaluate_cases,
    parts={
        "rmse": close(share=2, about="the error"),
        "clipped": close(share=1, about="the error where predictions leave the scale of 1 to 5"),
        "input": close(share=2, about="what the model was given to read"),
        "eval_mode": equal(share=0.5, about="whether the model is in evaluation mode"),
    },
    hints=[
        "Which numbers does the model get to see before it predicts a test rating?",
        "`x` holds what is known from training, `y` what is to be predicted. Only one of them may go into the model.",
        "Predict from `x`, add the user means, clip, and compare with `y` at its observed cells.",
    ],
)
def evaluate(code: Code, case: Case) -> Parts:
    model = _Linear(case["weight"], case["bias"])
    x, y, user_means = _tensor(case["x"]), _tensor(case["y"]), _tensor(case["user_means"])
    rmse = code.evaluate(model, x, y, user_means)
    if not case["bias"]:
        yield "input", model.rows_read()  # first: who reads the wrong thing is told so, and not another error
        yield "eval_mode", model.always_in(training=False)
    yield ("clipped" if case["bias"] else "rmse"), rmse


# --- The latent layer ------------------------------------------------------------------------------------------------


def _hidden_layer_cases(rng: np.random.Generator) -> list[Case]:
    return [{"weights": _weights(rng, 6, 6, 3), "x": rng.normal(0, 1.5, (5, 6)).astype(np.float32)}]


@question(
    "autoencoder.hidden_layer",
    title="Read the hidden layer",
    objective="Get the latent description of every user out of a trained model.",
    points=1,
    needs=["hidden_layer"],
    cases=_hidden_layer_cases,
    parts={
        "values": close(share=3, about="the values of the hidden neurons"),
        "is_numpy": equal(about="whether the result is a NumPy array"),
    },
    hints=[
        "The hidden layer is half of the forward pass. Which half?",
        "A tensor that remembers its gradient cannot become a NumPy array directly.",
        "Inside `torch.no_grad()`: sigmoid of `fc1`, then `.numpy()`.",
    ],
)
def hidden_layer(code: Code, case: Case) -> Parts:
    hidden = code.hidden_layer(_Layers(case["weights"]), _tensor(case["x"]))
    yield "values", hidden
    yield "is_numpy", isinstance(hidden, np.ndarray) and bool(np.ptp(hidden) > 0)


def _latent_correlations_cases(rng: np.random.Generator) -> list[Case]:
    alike = rng.random((9, 4))
    alike[:, 2] = 1 - alike[:, 0] + 0.1 * rng.random(9)
    dead = rng.random((8, 4))
    dead[:, 1] = 0.25
    return [{"hidden": alike, "dead": False}, {"hidden": dead, "dead": True}]


@question(
    "autoencoder.latent_correlations",
    title="Which neurons say the same?",
    objective="Compare the hidden neurons by the correlation of their values over users.",
    points=2,
    needs=["latent_correlations"],
    cases=_latent_correlations_cases,
    parts={
        "correlations": close(share=3, about="the correlations between neurons"),
        "dead_neuron": close(about="the correlations when one neuron never varies"),
    },
    hints=[
        "Is a neuron a row or a column of `hidden`?",
        "`np.corrcoef` compares rows unless told otherwise. What does it say about a row whose values never change?",
        "Correlate the columns, then repair the row and the column of a neuron that never varies: "
        "0, and 1 on the diagonal.",
    ],
)
def latent_correlations(code: Code, case: Case) -> Parts:
    correlations = code.latent_correlations(case["hidden"].copy())
    yield ("dead_neuron" if case["dead"] else "correlations"), correlations


interesting_neuron = essay(
    "autoencoder.interesting_neuron",
    title="An interesting neuron",
    objective="Argue from numbers on the page which hidden neuron tells most about the users.",
    rubric={
        "Names a neuron and gives a number from the page that supports the choice": 1,
        "Says why: it separates users (spread), or goes with something known about them, and is no copy of another": 1,
        "Notes that the number of a neuron means nothing by itself: another seed gives another order": 1,
    },
)

movie_latents = quiz(
    "autoencoder.movie_latents",
    title="A latent layer for movies",
    objective="See that rows and columns of the rating matrix can change places.",
    choices=("a", "b", "c", "d"),
    hints=[
        "What was a row of the input, and what else could be?",
        "The rating matrix can be read by rows or by columns.",
        "If the model reads one movie's ratings by all users, what does its hidden layer describe?",
    ],
)


# --- Recommendations -------------------------------------------------------------------------------------------------


def _recommendation_case(
    rng: np.random.Generator, n_movies: int, n_seen: int, k: int, best: float = 2.0, level: int = 0
) -> Case:
    """One user; the centred predictions of unseen movies lie below `best`, those of three seen ones above all.

    With a `level`, 2 or 4, that is the user's mean, and the rating of one of those three movies: 0 when centred.
    """
    data = np.full(n_movies, np.nan, np.float32)
    seen = rng.permutation(n_movies)[:n_seen]
    data[seen] = level or rng.integers(2, 6, n_seen)
    data[seen[:2]] = [5, 2]  # a level of one's own, not 3
    if level:
        step = 1 if level == 4 else -1
        data[seen[:4]] = [level + step, level - 2 * step, level, level + step]
    scores = _spread(rng, n_movies, best - 4, best)
    scores[seen[:3]] = np.linspace(2.5, 3, 3)  # some of the best movies are seen already
    weight = rng.normal(0, 0.02, (n_movies, n_movies)).astype(np.float32) / n_movies
    return {"data": data, "scores": scores, "weight": weight, "titles": _titles(n_movies), "k": k}


def _recommendations_cases(rng: np.random.Generator) -> list[Case]:
    # Unseen movies that are all predicted below 0 stars: a seen movie whose score is set to 0 would come first.
    nothing_fits = _recommendation_case(rng, 12, 4, 5, best=-5.5)
    few_left = _recommendation_case(rng, 13, 8, 7)
    return [_recommendation_case(rng, 15, 5, 4, level=int(rng.choice([2, 4]))), nothing_fits, few_left]


@question(
    "autoencoder.recommendations",
    title="Recommend",
    objective="List the unseen movies with the highest predictions, the best first.",
    points=3,
    needs=["recommendations"],
    cases=_recommendations_cases,
    parts={
        "names": equal(share=3, about="the recommended titles, in order"),
        "scores": close(share=1, about="their scores"),
        "input": close(share=1, about="what the model was given to read"),
        "eval_mode": equal(share=0.5, about="whether the model is in evaluation mode"),
        "few_left": equal(share=1, about="the titles when fewer than k movies are unseen"),
        "untouched": equal(share=0.5, about="whether the user's ratings were left as they were"),
    },
    hints=[
        "The model was trained on centred rows without NaN. What has to happen to `data` before it goes in?",
        "A seen movie must never win, however high its prediction. Which number is lower than any prediction?",
        "Predict, add the user's mean, set seen movies to minus infinity, sort from high to low, keep the first k.",
    ],
)
def recommendations(code: Code, case: Case) -> Parts:
    model = _Scores(case["scores"], case["weight"])
    data = _tensor(case["data"])
    names, scores = code.recommendations(model, data, case["titles"], case["k"])
    unseen = [title for title, stars in zip(case["titles"], case["data"], strict=True) if np.isnan(stars)]
    names = _or_else(names, case["titles"], unseen, "a movie already seen")
    if model.last_row_read().isnan().any():
        names = ["any movie: the predictions are NaN"]  # and their order is one of chance
    if len(unseen) < case["k"]:
        yield "few_left", names
        return
    yield "input", model.last_row_read()
    yield "names", names
    yield "scores", scores
    yield "eval_mode", model.always_in(training=False)
    yield "untouched", bool(np.array_equal(data.numpy(), case["data"], equal_nan=True))


def _or_else(names: Any, titles: list[str], allowed: list[str], other: str) -> list[Any]:
    """The names, with one word for every title that must not be there: which of them comes first is often chance."""
    forbidden = set(titles) - set(allowed)
    return [other if isinstance(name, str) and name in forbidden else name for name in names]


def _stars(rng: np.random.Generator, n_movies: int, n_seen: int) -> np.ndarray:
    """Predicted stars of one user, clearly apart; minus infinity for seen movies.

    The three best stand in an order that is neither falling nor rising, so that forgetting to sort always shows.
    """
    scores = _spread(rng, n_movies, 1.2, 5.3).astype(float)
    scores[rng.permutation(n_movies)[:n_seen]] = -np.inf
    best = np.argsort(-scores)[:3]
    scores[np.sort(best)] = scores[best][[1, 0, 2]]
    return scores


def _by_genre_cases(rng: np.random.Generator) -> list[Case]:
    def case(n_in_genre: int, k: int) -> Case:
        # The genre's seen movies stand last: positions within the genre are then the same with and without them.
        scores = np.append(_stars(rng, 14, 2), [-np.inf, -np.inf])
        has_genre = np.zeros(16, bool)
        finite = rng.permutation(np.flatnonzero(np.isfinite(scores)))
        has_genre[finite[:n_in_genre]] = True
        has_genre[14:] = True
        if n_in_genre < k:
            scores[finite[0]] = -0.4  # a prediction that is not clipped may lie below 0
        return {"scores": scores, "titles": _titles(16), "has_genre": has_genre, "k": k}

    return [case(7, 4), case(6, 3), case(4, 6)]


@question(
    "autoencoder.recommendations_by_genre",
    title="Recommend within a genre",
    objective="Restrict a list of recommendations to one genre.",
    points=2,
    needs=["recommendations_by_genre"],
    cases=_by_genre_cases,
    parts={
        "names": equal(share=3, about="the recommended titles, in order"),
        "few_in_genre": equal(about="the titles when the genre has fewer than k unseen movies"),
        "untouched": equal(share=0.5, about="whether the given scores were left as they were"),
    },
    hints=[
        "Which should come first: keeping the genre, or keeping the best k?",
        "`np.flatnonzero` gives the positions at which something is true. Positions lead back to titles.",
        "Find the positions of unseen movies of the genre, sort them by score, cut to k, look up the titles.",
    ],
)
def recommendations_by_genre(code: Code, case: Case) -> Parts:
    scores = case["scores"].copy()
    names = code.recommendations_by_genre(scores, case["titles"], case["has_genre"].copy(), case["k"])
    allowed = [case["titles"][i] for i in np.flatnonzero(case["has_genre"] & np.isfinite(case["scores"]))]
    part = "few_in_genre" if len(allowed) < case["k"] else "names"
    names = _or_else(names, case["titles"], allowed, "a movie that is seen or of another genre")
    yield part, names
    yield "untouched", bool(names) and bool(np.array_equal(scores, case["scores"]))


def _above_cases(rng: np.random.Generator) -> list[Case]:
    scores = _stars(rng, 14, 3)
    ordered = np.sort(scores[np.isfinite(scores)])[::-1]
    return [
        {"scores": scores, "titles": _titles(14), "minimum": float(ordered[6] + 0.01), "what": "some"},
        {"scores": scores, "titles": _titles(14), "minimum": float(ordered[5]), "what": "edge"},
        {"scores": scores, "titles": _titles(14), "minimum": 5.5, "what": "none"},
    ]


@question(
    "autoencoder.recommendations_above",
    title="Recommend only what is good enough",
    objective="Recommend by a minimum predicted rating instead of by a number of movies.",
    points=2,
    needs=["recommendations_above"],
    cases=_above_cases,
    parts={
        "names": equal(share=2, about="the recommended titles, in order"),
        "edge": equal(about="the titles when a prediction equals the minimum"),
        "none": equal(about="the titles when nothing is good enough"),
    },
    hints=[
        "Is a movie with exactly the minimum good enough? Read the docstring again.",
        "Sorting and choosing are two steps. Their order does not matter here, but both are needed.",
        "Go through the movies from the highest score down and keep those with a score above the minimum.",
    ],
)
def recommendations_above(code: Code, case: Case) -> Parts:
    names = code.recommendations_above(case["scores"].copy(), case["titles"], case["minimum"])
    if case["what"] == "none" and not list(code.recommendations_above(case["scores"].copy(), case["titles"], -10.0)):
        names = ["nothing, whatever the minimum"]  # an empty list for everything has not earned this part
    yield {"some": "names", "edge": "edge", "none": "none"}[case["what"]], list(names)


def _overlap_cases(rng: np.random.Generator) -> list[Case]:
    titles = _titles(24)

    def case(n_common: int, k: int) -> Case:
        order = rng.permutation(24)
        common, own, others, neither = np.split(order, [n_common, k, 2 * k - n_common])
        # Beyond rank k the lists go on with the same movies, and with the other list's best, which must not count.
        first = [*rng.permutation([*common, *own]), *rng.permutation([*neither, *others])]
        second = [*rng.permutation([*common, *others]), *rng.permutation([*neither, *own])]
        return {"first": [titles[i] for i in first], "second": [titles[i] for i in second], "k": k}

    def some() -> Case:
        k = int(rng.integers(4, 12))
        return case(int(rng.integers(1, k)), k)

    return [some(), case(0, 4), case(4, 4), some(), some()]


@question(
    "autoencoder.overlap_at_k",
    title="Do two recommenders agree?",
    objective="Measure how many of their best movies two recommenders have in common.",
    points=1,
    needs=["overlap_at_k"],
    cases=_overlap_cases,
    parts={"overlap": close(about="the overlap")},
    hints=[
        "Does it matter at which rank a common movie stands?",
        "`set` forgets the order; `&` keeps what two sets have in common.",
        "Count the members common to the first k of both lists, and divide by k.",
    ],
)
def overlap_at_k(code: Code, case: Case) -> Parts:
    yield "overlap", code.overlap_at_k(list(case["first"]), list(case["second"]), case["k"])


different_recommenders = essay(
    "autoencoder.different_recommenders",
    title="Different models, different movies?",
    objective="Explain why models with nearly the same error can recommend different movies.",
    rubric={
        "Answers with an overlap computed on the page": 1,
        "Explains that error averages over ratings, while a list depends on the order of the few best predictions": 1,
    },
)


# --- Side information and cold start ---------------------------------------------------------------------------------

_OCCUPATIONS = ["artist", "doctor", "engineer", "librarian", "student", "writer"]


def _users(rng: np.random.Generator, n_users: int) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "age": rng.integers(15, 70, n_users),
            "gender": rng.permutation((["F", "M", "M"] * n_users)[:n_users]),
            "occupation": rng.permutation((_OCCUPATIONS[1:] * n_users)[:n_users]),
        }
    )


@question(
    "autoencoder.user_attributes",
    title="Numbers of similar size",
    objective="Turn what is known about users into numbers that a network can use side by side.",
    points=3,
    needs=["user_attributes"],
    bug_hunt="raw_age",
    cases=lambda rng: [{"users": _users(rng, 9)}, {"users": _users(rng, 12)}],
    parts={
        "shape": equal(share=0.5, about="the shape"),
        "age": close(share=2, about="the column of ages"),
        "gender": close(about="the column of genders"),
        "occupation": close(share=1.5, about="the columns of occupations"),
        "untouched": equal(share=0.5, about="whether the given DataFrame was left as it was"),
    },
    hints=[
        "Print one row of the result. Which number would drown the others in a sum?",
        "Subtract the mean and divide by the standard deviation: then a typical value is about 1.",
        "`(age - age.mean()) / age.std()` in NumPy, whose `std` divides by n.",
    ],
)
def user_attributes(code: Code, case: Case) -> Parts:
    users = case["users"].copy()
    attributes = code.user_attributes(users)
    yield "shape", tuple(attributes.shape)
    yield "age", attributes[:, 0]
    yield "gender", attributes[:, 1]
    yield "occupation", attributes[:, 2:]
    yield "untouched", users.equals(case["users"])


def _join_cases(rng: np.random.Generator) -> list[Case]:
    return [
        {"attributes": rng.normal(size=(4, 3)).astype(np.float32), "x": _ratings(rng, 4, 5) - np.float32(3.3)},
        {"attributes": rng.normal(size=(3, 3)).astype(np.float32), "x": _ratings(rng, 3, 3) - np.float32(2.9)},
    ]


@question(
    "autoencoder.join_attributes",
    title="Attributes beside ratings",
    objective="Build input rows that hold both what users are and what they rated.",
    points=1,
    needs=["join_attributes"],
    cases=_join_cases,
    parts={
        "inputs": close(share=3, about="the input rows"),
        "untouched": equal(share=0.5, about="whether the given ratings were left as they were"),
        "is_tensor": equal(share=0.5, about="whether the result is a tensor"),
    },
    hints=[
        "Along which dimension do two descriptions of the same users belong together?",
        "`torch.cat` joins tensors; `torch.nan_to_num` puts 0 where there is NaN.",
        "Concatenate along dimension 1, the attributes first.",
    ],
)
def join_attributes(code: Code, case: Case) -> Parts:
    x = _tensor(case["x"])
    rows = code.join_attributes(_tensor(case["attributes"]), x)
    yield "inputs", rows
    yield "untouched", bool(np.array_equal(x.numpy(), case["x"], equal_nan=True))
    yield "is_tensor", isinstance(rows, torch.Tensor)


def _side_sizes_cases(rng: np.random.Generator) -> list[Case]:
    def case() -> Case:
        users, attributes, movies = (int(rng.integers(low, high)) for low, high in ((5, 40), (50, 100), (100, 200)))
        return {"n_users": users, "n_attributes": attributes, "n_movies": movies}

    return [case() for _ in range(3)]


@question(
    "autoencoder.side_sizes",
    title="Read more than you predict",
    objective="Give the input and the output layer their different sizes.",
    points=1,
    needs=["side_sizes"],
    cases=_side_sizes_cases,
    parts={
        "inputs": equal(about="the number of input neurons"),
        "outputs": equal(about="the number of output neurons"),
    },
    hints=[
        "Does the model have to predict a user's age?",
        "The input row has attributes and ratings. The target has ratings only.",
        "Inputs: columns of both together. Outputs: one for each movie.",
    ],
)
def side_sizes(code: Code, case: Case) -> Parts:
    attributes = torch.zeros(case["n_users"], case["n_attributes"])
    ratings = torch.full((case["n_users"], case["n_movies"]), torch.nan)
    inputs, outputs = code.side_sizes(attributes, ratings)
    yield "inputs", inputs
    yield "outputs", outputs


def _new_user_cases(rng: np.random.Generator) -> list[Case]:
    def case(gender: str, occupation: str) -> Case:
        return {
            "age": int(rng.integers(16, 65)), "gender": gender, "occupation": occupation,
            "occupations": list(_OCCUPATIONS), "age_mean": float(rng.uniform(30, 37)),
            "age_std": float(rng.uniform(8, 13)), "n_movies": int(rng.integers(7, 12)),
        }  # fmt: skip

    return [case("F", "artist"), case("M", str(rng.choice(_OCCUPATIONS[1:]))), case("F", "astronaut")]


@question(
    "autoencoder.new_user",
    title="Somebody new",
    objective="Write the input row of a user who has not rated anything.",
    points=2,
    needs=["new_user"],
    cases=_new_user_cases,
    parts={
        "row": close(share=3, about="the input row"),
        "is_tensor": equal(share=0.5, about="whether the row is a tensor"),
        "unknown": equal(about="what happens with an occupation nobody has"),
    },
    hints=[
        "What does a rating of 0 mean for a model trained on centred ratings?",
        "The age must be scaled with the same mean and standard deviation as in training, not with its own.",
        "Scaled age, gender, one-hot occupation, then a zero for every movie; one row, so the shape starts with 1.",
    ],
)
def new_user(code: Code, case: Case) -> Parts:
    if case["occupation"] in case["occupations"]:
        row = code.new_user(**case)
        yield "row", row
        yield "is_tensor", isinstance(row, torch.Tensor)
        return
    code.new_user(**{**case, "occupation": case["occupations"][0]})  # code that always raises earns nothing here
    try:
        code.new_user(**case)
    except Exception as error:
        yield "unknown", "ValueError" if isinstance(error, ValueError) else type(error).__name__
    else:
        yield "unknown", "no exception"


def _cold_start_cases(rng: np.random.Generator) -> list[Case]:
    def case(n_attributes: int, n_movies: int, k: int) -> Case:
        row = np.zeros((1, n_attributes + n_movies), np.float32)
        row[0, :n_attributes] = rng.normal(size=n_attributes)
        weight = rng.normal(0, 0.02, (n_movies, n_attributes + n_movies)).astype(np.float32)
        return {"row": row, "scores": _spread(rng, n_movies, -2, 2), "weight": weight / 10, "titles": _titles(n_movies),
                "k": k}  # fmt: skip

    return [case(3, 12, 4), case(4, 9, 3)]


@question(
    "autoencoder.cold_start",
    title="Recommend to somebody new",
    objective="Recommend from attributes alone.",
    points=1,
    needs=["cold_start"],
    cases=_cold_start_cases,
    parts={
        "names": equal(share=4, about="the recommended titles, in order"),
        "eval_mode": equal(about="whether the model is in evaluation mode"),
    },
    hints=[
        "Somebody new has seen nothing. What does that change, compared with `recommendations`?",
        "`model(row)` has the shape (1, n_movies). `topk` gives the positions of the largest values.",
        "Predict in evaluation mode, take the k largest, look up their titles.",
    ],
)
def cold_start(code: Code, case: Case) -> Parts:
    model = _Scores(case["scores"], case["weight"])
    yield "names", list(code.cold_start(model, _tensor(case["row"]), case["titles"], case["k"]))
    yield "eval_mode", model.always_in(training=False)


zeros_as_ratings = quiz(
    "autoencoder.zeros_as_ratings",
    title="What does a zero say?",
    objective="Tell a missing rating from a low one.",
    choices=("a", "b", "c", "d"),
    hints=[
        "How good would a movie be that somebody gave 0 stars?",
        "A loss cannot know that a number stands for “no number”. What does it ask the network to put out at a gap?",
        "Count the gaps and the ratings. Which prediction makes the mean over all cells small?",
    ],
)
