"""Questions of the chapter `autorec`.

Every question brings its own small model and data, so no exercise depends on another one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import nn

from recbook.parts import close, equal
from recbook.question import Case, Code, essay, question, quiz

Parts = Iterator[tuple[str, Any]]


# --- The small things that questions bring along ---------------------------------------------------------------------


def _tensor(value: np.ndarray) -> torch.Tensor:
    return torch.tensor(value)


def _stars(rng: np.random.Generator, counts: tuple[int, ...], n_columns: int) -> np.ndarray:
    """Whole stars, float32, with `counts[i]` ratings in row i; 0 where there is none."""
    matrix = np.zeros((len(counts), n_columns), np.float32)
    for row, count in zip(matrix, counts, strict=True):
        row[rng.permutation(n_columns)[:count]] = rng.integers(1, 6, count)
    return matrix


def _predictions(rng: np.random.Generator, y_true: np.ndarray) -> np.ndarray:
    """Predictions with a different size of error in every row; far off where nothing is known."""
    sizes = np.linspace(0.3, 2.1, len(y_true))[:, None]
    errors = sizes * rng.uniform(0.6, 1.4, y_true.shape) * rng.choice([-1.0, 1.0], y_true.shape)
    return np.where(y_true != 0, y_true + errors, rng.uniform(2, 4, y_true.shape)).astype(np.float32)


class _Net(nn.Module):
    """Two layers named as in the chapter, for exercises that take any model. It keeps what it was given to read."""

    def __init__(self, weights: dict[str, np.ndarray]):
        super().__init__()
        hidden, inputs = weights["encoder.weight"].shape
        self.encoder = nn.Linear(inputs, hidden)
        self.decoder = nn.Linear(hidden, len(weights["decoder.weight"]))
        self.load_state_dict({name: torch.tensor(value) for name, value in weights.items()})
        self.in_training: list[bool] = []
        self.inputs: list[torch.Tensor] = []

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.in_training.append(self.training)
        self.inputs.append(x.detach().clone())
        return self.decoder(torch.tanh(self.encoder(x)))


def _weights(rng: np.random.Generator, inputs: int, hidden: int) -> dict[str, np.ndarray]:
    shapes = {"encoder.weight": (hidden, inputs), "encoder.bias": (hidden,), "decoder.weight": (inputs, hidden),
              "decoder.bias": (inputs,)}  # fmt: skip
    return {name: rng.normal(0.1, 0.8, shape).astype(np.float32) for name, shape in shapes.items()}


# --- The matrix ------------------------------------------------------------------------------------------------------


def _matrix_cases(rng: np.random.Generator) -> list[Case]:
    def case(counts: tuple[int, ...], n_columns: int, init_value: float, average: bool) -> Case:
        rows = np.repeat(np.arange(len(counts)), counts)
        columns = np.concatenate([rng.permutation(n_columns)[:count] for count in counts])
        stars = rng.integers(1, 5, len(rows)) + 0.5 * (rng.random(len(rows)) < 0.5)
        stars[:2] = [0.5, 3.5]
        order = rng.permutation(len(rows))
        return {
            "users": rows[order].astype(np.int32), "movies": columns[order].astype(np.int32),
            "ratings": stars[order].astype(np.float32), "num_users": len(counts), "num_items": n_columns,
            "init_value": init_value, "average": average,
        }  # fmt: skip

    return [
        case((3, 5, 2, 4), 7, 0, False),
        case((4, 2, 5), 8, 3, False),
        case((6, 3, 2, 5), 9, 0, True),
        *(case(counts, 8, 2, True) for counts in ((6, 2, 0, 3), (3, 0, 7, 4), (0, 8, 2, 5, 2))),
    ]


@question(
    "autorec.data_preprocessor",
    title="A matrix without gaps",
    objective="Put ratings into a matrix of the right type, with a default rating at the gaps.",
    points=3,
    needs=["data_preprocessor"],
    bug_hunt="whole_numbers_in_a_loop",
    cases=_matrix_cases,
    parts={
        "dtype": equal(share=1, about="the type of the numbers in the matrix"),
        "fixed": close(share=2, about="the matrix with a fixed default rating"),
        "average": close(share=2, about="the matrix with each user's average as default"),
        "newcomer": close(share=1, about="the row of a user without ratings"),
        "untouched": equal(share=0.25, about="whether the given arrays were left as they were"),
    },
    hints=[
        "Make a matrix with `init_value=3`, put one rating of 3.5 into it, and look at that cell. Where did half a "
        "star "
        "go?",
        "`np.full` takes a `dtype`. `np.bincount(users, weights=...)` adds up by user, and a matrix takes many numbers "
        "at once: `table[rows, columns] = values`.",
        "A float32 matrix, filled with the default (or, row by row, with the user's mean; the mean of all ratings for "
        "a user without any), then all ratings written into it at once.",
    ],
)
def data_preprocessor(code: Code, case: Case) -> Parts:
    arrays = {name: case[name].copy() for name in ("users", "movies", "ratings")}
    rest = {name: case[name] for name in ("num_users", "num_items", "init_value", "average")}
    matrix = code.data_preprocessor(*arrays.values(), **rest)
    silent = np.setdiff1d(np.arange(case["num_users"]), case["users"])
    if len(silent):
        yield "newcomer", np.asarray(matrix)[silent]
        return
    if case["average"]:
        yield "average", matrix
    else:
        yield "fixed", matrix
        if case["init_value"]:
            # Only a matrix that holds the ratings has earned anything for its type.
            seen = np.asarray(matrix, dtype=float)[case["users"], case["movies"]]
            right_size = bool(np.abs(seen - case["ratings"]).max() < 1)
            yield "dtype", str(matrix.dtype).removeprefix("torch.") if right_size else "not the ratings"
            yield "untouched", right_size and all(np.array_equal(arrays[name], case[name]) for name in arrays)


default_rating = quiz(
    "autorec.default_rating",
    title="What does a default rating say?",
    objective="Say what a network reads when a gap is filled with a number.",
    choices=("a", "b", "c", "d"),
    hints=[
        "A neuron adds up all its inputs, each times a weight. Which inputs can it leave out?",
        "What is the difference between a movie rated 3 and a gap filled with 3, for the network?",
        "The network reads every number as it reads a rating. Which number says least?",
    ],
)


# --- Masked errors ---------------------------------------------------------------------------------------------------


def _error_case(rng: np.random.Generator, counts: tuple[int, ...], n_columns: int) -> Case:
    y_true = _stars(rng, counts, n_columns)
    return {"y_true": y_true, "y_pred": _predictions(rng, y_true)}


@question(
    "autorec.masked_se",
    title="Squared errors where something is known",
    objective="Add up squared errors over the observed ratings of every row.",
    points=1,
    needs=["masked_se"],
    cases=lambda rng: [_error_case(rng, (4, 2, 6), 8), _error_case(rng, (3, 0, 5, 1), 6)],
    parts={
        "errors": close(share=3, about="the errors, one a row"),
        "silent": close(share=1, about="the errors where one row has no rating"),
    },
    hints=[
        "Which number in `y_true` cannot be a rating?",
        "A mask is 1 where a rating is known and 0 elsewhere. What happens when you multiply by it?",
        "Mask times difference, squared, added up along dimension 1.",
    ],
)
def masked_se(code: Code, case: Case) -> Parts:
    errors = code.masked_se(_tensor(case["y_true"]), _tensor(case["y_pred"]))
    yield ("errors" if (case["y_true"] != 0).any(axis=1).all() else "silent"), errors


def _mse_cases(rng: np.random.Generator) -> list[Case]:
    nothing = {"y_true": np.zeros((2, 5), np.float32), "y_pred": rng.uniform(1, 5, (2, 5)).astype(np.float32)}
    return [
        {**_error_case(rng, (6, 1, 3), 8), "what": "known"},
        {**_error_case(rng, (2, 5, 4), 7), "what": "known"},
        {**_error_case(rng, (2, 0, 5), 6), "what": "silent"},
        {**_error_case(rng, (3, 6, 0), 8), "what": "silent"},
        {**nothing, "what": "nothing"},
    ]


@question(
    "autorec.masked_mse",
    title="A loss for training",
    objective="Average squared errors over all observed ratings, with a gradient.",
    points=2,
    needs=["masked_mse"],
    cases=_mse_cases,
    parts={
        "loss": close(share=2, about="the loss"),
        "silent": close(share=1, about="the loss where one row has no rating"),
        "gradient": close(share=1, about="its gradient with respect to the predictions"),
        "nothing": close(share=0.5, about="the loss when nothing is observed"),
        "path": equal(share=0.25, about="whether gradients can be computed from the loss when nothing is observed"),
    },
    hints=[
        "By how many numbers do you divide: cells, rows, or ratings?",
        "The sum of the mask is the number of ratings. Can it be 0?",
        "Sum of the masked squared errors, divided by the sum of the mask; `.clamp(min=1)` avoids 0 divided by 0.",
    ],
)
def masked_mse(code: Code, case: Case) -> Parts:
    y_pred = _tensor(case["y_pred"]).requires_grad_()
    loss = code.masked_mse(_tensor(case["y_true"]), y_pred)
    if case["what"] == "nothing":
        probe = code.masked_mse(torch.ones(1, 2), torch.full((1, 2), 3.0))  # a constant 0 has not earned this part
        solved = float(probe) > 0
        yield "nothing", float(loss) if solved else "the same number for any prediction"
        yield "path", solved and getattr(loss, "requires_grad", False)
        return
    connected = getattr(loss, "requires_grad", False)
    yield {"known": "loss", "silent": "silent"}[case["what"]], loss.detach() if connected else loss
    if case["what"] == "known":
        if connected:
            loss.backward()
        yield "gradient", torch.zeros_like(y_pred) if y_pred.grad is None else y_pred.grad


def _rmse_cases(rng: np.random.Generator) -> list[Case]:
    return [
        {**_error_case(rng, (7, 1, 3), 9), "what": "all_rate"},
        {**_error_case(rng, (2, 0, 6, 0), 7), "what": "silent"},
        {**_error_case(rng, (0, 5, 0, 3), 8), "what": "silent"},
        {**_error_case(rng, (5, 2), 6), "what": "all_rate"},
    ]


@question(
    "autorec.masked_rmse",
    title="One error for all ratings",
    objective="Pool squared errors over all ratings before taking the root.",
    points=2,
    needs=["masked_rmse"],
    bug_hunt="mean_over_users",
    cases=_rmse_cases,
    parts={
        "rmse": close(share=2, about="the error where everybody rated something"),
        "silent": close(share=2, about="the error where some rows have no rating"),
    },
    hints=[
        "Let one user have no rating at all. Which error does the given function write down for this user?",
        "Somebody with one rating and somebody with seven: how much should each rating count?",
        "Add up all squared errors, divide by the number of all ratings, and take the root once, at the end.",
    ],
)
def masked_rmse(code: Code, case: Case) -> Parts:
    error = code.masked_rmse(_tensor(case["y_true"]), _tensor(case["y_pred"]))
    yield ("rmse" if case["what"] == "all_rate" else "silent"), error


def _clip_cases(rng: np.random.Generator) -> list[Case]:
    def case(counts: tuple[int, ...], n_columns: int, lowest: float, highest: float) -> Case:
        made = _error_case(rng, counts, n_columns)
        y_true, y_pred = made["y_true"], made["y_pred"]
        known = np.argwhere(y_true != 0)
        # In every case: a prediction below the scale, and two above.
        (a, b), (c, d), (e, f) = known[rng.permutation(len(known))[:3]]
        y_true[a, b], y_pred[a, b] = 2, -1.7
        y_true[c, d], y_pred[c, d] = 4, 7.9
        y_true[e, f], y_pred[e, f] = 5, 6.4
        return {"y_true": y_true, "y_pred": y_pred, "lowest": lowest, "highest": highest}

    return [
        case((5, 2, 4), 7, 1.0, 5.0),
        case((3, 0, 6), 8, 1.0, 5.0),
        case((4, 3), 6, 0.5, 10.0),
        case((3, 5), 7, 0.5, 10.0),
    ]


@question(
    "autorec.masked_rmse_clip",
    title="Nobody gives six stars",
    objective="Measure predictions that are kept on the scale of the ratings.",
    points=2,
    needs=["masked_rmse_clip"],
    cases=_clip_cases,
    parts={
        "rmse": close(share=3, about="the error on a scale of 1 to 5"),
        "scale": close(share=1, about="the error on another scale"),
        "untouched": equal(share=0.25, about="whether the given predictions were left as they were"),
    },
    hints=[
        "A prediction of 6.4 stars: is there a rating to which 5 is not nearer?",
        "`torch.Tensor.clamp` keeps numbers between two ends. Should it act on the predictions or on the ratings?",
        "Clip the predictions to `lowest` and `highest` first; then it is the pooled error of the exercise before.",
    ],
)
def masked_rmse_clip(code: Code, case: Case) -> Parts:
    y_pred = _tensor(case["y_pred"])
    if (case["lowest"], case["highest"]) == (1.0, 5.0):
        error = code.masked_rmse_clip(_tensor(case["y_true"]), y_pred)
        yield "rmse", error
        yield "untouched", bool(float(error) > 0 and np.array_equal(y_pred.numpy(), case["y_pred"]))
    else:
        yield "scale", code.masked_rmse_clip(_tensor(case["y_true"]), y_pred, case["lowest"], case["highest"])


# --- The model -------------------------------------------------------------------------------------------------------


def _autorec_cases(rng: np.random.Generator) -> list[Case]:
    def case(first: str, last: str, num_items: int, hidden: int) -> Case:
        x = rng.normal(0, 1.5, (3, num_items)).astype(np.float32)
        return {"first": first, "last": last, "weights": _weights(rng, num_items, hidden), "x": x}

    pairs = [("sigmoid", "linear"), ("elu", "elu"), ("selu", "linear"), ("relu", "sigmoid"), ("linear", "selu")]
    return [case(first, last, 6 + i, 3 + i % 2) for i, (first, last) in enumerate(pairs)]


@question(
    "autorec.AutoRec",
    title="AutoRec",
    objective="Write an autoencoder whose activations are chosen by name.",
    points=4,
    needs=["AutoRec"],
    cases=_autorec_cases,
    parts={
        "parameters": equal(share=1, about="the names and shapes of the trainable parameters"),
        "predictions": close(share=3, about="the predictions"),
        "default": close(share=0.5, about="the predictions when no activation is named"),
        "unknown": equal(share=0.5, about="what happens with an unknown name"),
    },
    hints=[
        "What comes first, the weights of a layer or its activation? And how many times in the whole network?",
        "A dictionary leads from a name to a function: `torch.sigmoid`, `torch.relu`, `nn.functional.elu`, "
        "`nn.functional.selu`. What function belongs to “linear”?",
        "Encoder, first activation, decoder, last activation. Look the names up once, in `__init__`, and raise "
        "`ValueError` there if one is missing.",
    ],
)
def autorec_class(code: Code, case: Case) -> Parts:
    hidden, num_items = case["weights"]["encoder.weight"].shape
    model = code.AutoRec(num_items, hidden, case["first"], case["last"])
    yield "parameters", sorted(f"{name} {list(p.shape)}" for name, p in model.named_parameters() if p.requires_grad)
    yield "predictions", _loaded(model, case)(_tensor(case["x"])).detach()
    if (case["first"], case["last"]) == ("sigmoid", "linear"):
        yield "default", _loaded(code.AutoRec(num_items, hidden), case)(_tensor(case["x"])).detach()
    elif case["first"] == "linear":
        try:
            code.AutoRec(num_items, hidden, "sigmoid", "sigmoidal")
        except Exception as error:
            yield "unknown", "ValueError" if isinstance(error, ValueError) else type(error).__name__
        else:
            yield "unknown", "no exception"


def _loaded(model: nn.Module, case: Case) -> nn.Module:
    """The model with the weights of the case."""
    with torch.no_grad():
        for name, value in case["weights"].items():
            layer, kind = name.split(".")
            own = getattr(getattr(model, layer), kind)
            if own is not None:  # a layer without a bias: the list of the parameters says so
                own.copy_(torch.tensor(value))
    return model


which_activations = quiz(
    "autorec.which_activations",
    title="Bounded in the middle, unbounded at the end",
    objective="Choose an activation by the numbers a layer has to produce.",
    choices=("a", "b", "c", "d"),
    hints=[
        "Which numbers can come out of a sigmoid? And which numbers do we want to predict?",
        "The hidden layer needs a bend, or the whole network is one linear function. Does the output layer need one?",
        "The last activation must be able to produce every rating. Only one choice gives the right reason.",
    ],
)


def _lrelu_cases(rng: np.random.Generator) -> list[Case]:
    def case(num_items: int, hidden: int, slope: float | None) -> Case:
        x = rng.normal(0, 1.5, (4, num_items)).astype(np.float32)
        return {"weights": _weights(rng, num_items, hidden), "x": x, "slope": slope}

    return [case(7, 4, 0.1), case(6, 5, 0.5), case(8, 4, None)]


@question(
    "autorec.AutoRec_LReLU",
    title="A leaky ReLU",
    objective="Build the variant whose hidden layer lets a part of negative numbers through.",
    points=2,
    needs=["AutoRec_LReLU"],
    cases=_lrelu_cases,
    parts={
        "parameters": equal(share=1, about="the names and shapes of the trainable parameters"),
        "predictions": close(share=2, about="the predictions with a given slope"),
        "default": close(share=1, about="the predictions with the default slope"),
    },
    hints=[
        "What is a leaky ReLU of 2? And of −2, when the slope is 0.3?",
        "`nn.functional.leaky_relu` has a parameter for the slope. Which slope does it take if you say nothing?",
        "Encoder, leaky ReLU with the slope kept in `__init__`, decoder; nothing after it.",
    ],
)
def autorec_lrelu(code: Code, case: Case) -> Parts:
    hidden, num_items = case["weights"]["encoder.weight"].shape
    slope = () if case["slope"] is None else (case["slope"],)
    model = code.AutoRec_LReLU(num_items, hidden, *slope)
    if not slope:
        yield "default", _loaded(model, case)(_tensor(case["x"])).detach()
        return
    yield "parameters", sorted(f"{name} {list(p.shape)}" for name, p in model.named_parameters() if p.requires_grad)
    yield "predictions", _loaded(model, case)(_tensor(case["x"])).detach()


# --- Training --------------------------------------------------------------------------------------------------------


def _penalty_cases(rng: np.random.Generator) -> list[Case]:
    def case(inputs: int, hidden: int, reg: float) -> Case:
        return {"weights": _weights(rng, inputs, hidden), "loss": float(rng.uniform(0.5, 2)), "reg": reg}

    return [case(5, 3, 0.1), case(6, 4, 0.03)]


@question(
    "autorec.regularized_loss",
    title="The price of large weights",
    objective="Add an L2 penalty on the weights, and only on the weights, to a loss.",
    points=2,
    needs=["regularized_loss"],
    cases=_penalty_cases,
    parts={
        "loss": close(share=3, about="the loss with its penalty"),
        "weights": close(share=1, about="the gradients with respect to the weights"),
        "biases": equal(share=0.5, about="whether the biases are left alone"),
        "error": close(share=0.5, about="the gradient with respect to the error"),
    },
    hints=[
        "Should it cost anything to predict a high rating for a movie that everybody likes? Where is that written "
        "down?",
        "`model.encoder.weight` is a tensor; its square is taken number by number.",
        "The loss, plus `reg` times (the sum of the squares of one weight matrix plus that of the other).",
    ],
)
def regularized_loss(code: Code, case: Case) -> Parts:
    model = _Net(case["weights"])
    error = torch.tensor(case["loss"], requires_grad=True)
    loss = code.regularized_loss(error * 1, model, case["reg"])  # computed, as in training: `loss += ...` is allowed
    yield "loss", loss.detach()
    loss.backward()
    weights = (model.encoder.weight, model.decoder.weight)
    moved = all(w.grad is not None for w in weights)  # what the rest is worth depends on it
    yield "weights", torch.cat([torch.zeros(w.numel()) if w.grad is None else w.grad.flatten() for w in weights])
    biases = [model.encoder.bias.grad, model.decoder.bias.grad]
    yield "biases", moved and all(g is None or not g.any() for g in biases)
    yield "error", error.grad if moved and error.grad is not None else 0.0


def _falling(rng: np.random.Generator, patience: int) -> list[float]:
    """Validation errors with three to six new lows, the last of them at the end.

    Between two lows stand one or more higher errors, fewer than `patience`: training always goes on.
    """
    low, errors = float(rng.uniform(1.1, 1.3)), []
    for _ in range(int(rng.integers(3, 7))):
        errors += [low, *_above(rng, low, int(rng.integers(1, patience)))]
        low -= float(rng.uniform(0.01, 0.03))
    return [*errors, low]


def _above(rng: np.random.Generator, low: float, n: int) -> list[float]:
    """Errors above `low` that rise and fall in turn: compared with each other, they look like improvements."""
    return [low + float(rng.uniform(0.006, 0.009) if i % 2 else rng.uniform(0.002, 0.005)) for i in range(1, n + 1)]


def _patience_cases(rng: np.random.Generator) -> list[Case]:
    def case(what: str, patience: int) -> Case:
        errors = _falling(rng, patience)
        low = errors[-1]
        if what == "tie":  # comes back before patience is at an end
            errors += _above(rng, low, patience)
            errors[-int(rng.integers(1, patience))] = low
        elif what == "stops":
            errors += [*_above(rng, low, patience), low - 0.05, low - 0.06]  # the lowest come too late
        after = patience - 1 if what == "ends" else patience + 2
        return {"errors": [*errors, *_above(rng, low, after)], "patience": patience, "what": what}

    first = np.cumsum(-rng.uniform(0.01, 0.03, rng.integers(2, 7))) + 1.1  # with a patience of 1, only falls go on
    impatient = [*first.tolist(), *_above(rng, first[-1], 1), *(first[-1] - [0.01, 0.02]).tolist()]
    return [
        *(case(what, int(rng.integers(3, 6))) for what in ("stops", "ends", "tie") for _ in range(3)),
        {"errors": impatient, "patience": 1, "what": "stops"},
    ]


@question(
    "autorec.early_stopping",
    title="When to stop",
    objective="Choose the epoch to keep by validation errors, without looking ahead.",
    points=3,
    needs=["early_stopping"],
    cases=_patience_cases,
    parts={
        "stops": equal(share=3, about="the epoch to keep and the number of epochs trained, when patience ends"),
        "ends": equal(share=1, about="the same when patience never ends"),
        "tie": equal(share=1, about="the same when an error comes back equal to the lowest"),
    },
    hints=[
        "After epoch 5 you have to decide whether to train on. Which errors do you know at that moment?",
        "Remember the best epoch so far. How long ago was it? Compare that with `patience`.",
        "Go through the errors; a strictly lower one becomes the epoch to keep. When the present epoch is `patience` "
        "epochs after it, return.",
    ],
)
def early_stopping(code: Code, case: Case) -> Parts:
    keep, n_epochs = code.early_stopping(list(case["errors"]), case["patience"])
    yield case["what"], [float(keep), float(n_epochs)]  # not `int`: an error in the place of an epoch shall be seen


# --- Item-based ------------------------------------------------------------------------------------------------------


def _item_cases(rng: np.random.Generator) -> list[Case]:
    def case(n_users: int, n_movies: int) -> Case:
        x = rng.normal(0, 1, (n_users, n_movies)).astype(np.float32)
        x[rng.random(x.shape) < 0.4] = 0  # gaps
        return {
            "x": x,
            "means": rng.uniform(1.5, 4.5, n_movies).astype(np.float32),
            "weights": _weights(rng, n_users, 3),
        }

    return [case(5, 8), case(7, 4), case(6, 6)]


@question(
    "autorec.item_predictions",
    title="A row for each movie",
    objective="Let the same network read movies in place of users, and turn its predictions back.",
    points=3,
    needs=["item_predictions"],
    cases=_item_cases,
    parts={
        "read": close(share=1, about="what the model was given to read"),
        "predictions": close(share=3, about="the predictions"),
        "quiet": equal(share=0.5, about="whether the model was in evaluation mode and kept no gradient"),
    },
    hints=[
        "The model reads one number for each user. Which of the two directions of `x` must become its row?",
        "`.T` swaps rows and columns; `reshape` does not. How often do you have to swap?",
        "Swap, predict in evaluation mode and without gradients, swap back, then add the movies' means.",
    ],
)
def item_predictions(code: Code, case: Case) -> Parts:
    model = _Net(case["weights"])
    predictions = code.item_predictions(model, _tensor(case["x"]), _tensor(case["means"]))
    read = torch.cat([torch.atleast_2d(rows) for rows in model.inputs]).numpy() if model.inputs else "nothing"
    yield "read", read
    # What comes out of other rows is wrong whatever happens to it later: one mistake, with one answer.
    as_asked = np.shape(read) == case["x"].T.shape and np.allclose(read, case["x"].T, atol=1e-4)
    yield "predictions", predictions.detach() if as_asked else np.nan
    yield "quiet", bool(model.in_training) and not any(model.in_training) and not predictions.requires_grad


user_or_item = quiz(
    "autorec.user_or_item",
    title="Why can movies be the better rows?",
    objective="Explain by the data why one orientation of the same model does better.",
    choices=("a", "b", "c", "d"),
    hints=[
        "Both models see the same ratings. What differs is what stands in one row.",
        "Count: how many ratings does a row have, and which mean is added to what the network predicts for it?",
        "In the item model the movie's mean is known before training, and each output belongs to one user.",
    ],
)

findings = essay(
    "autorec.findings",
    title="Confirmed or not?",
    objective="Judge published claims by one's own measurements, with their spread.",
    rubric={
        "Answers each of the three claims with numbers of the page, each with its spread over seeds": 2,
        "Says for one claim why this page cannot decide it, and what experiment could": 1,
    },
)
