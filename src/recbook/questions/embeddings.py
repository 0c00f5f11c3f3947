"""Questions of the chapter `embeddings`.

Every question brings its own small model and data, so no exercise depends on another one.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import nn
from torch.utils.data import DataLoader

from recbook.parts import close, equal
from recbook.question import Case, Code, question, quiz

Parts = Iterator[tuple[str, Any]]


# --- The small things that questions bring along ---------------------------------------------------------------------


class _Pairs(nn.Module):
    """A model of pairs that is not the chapter's: a table with one number for each pair, plus a bias.

    It keeps what it was given to read, in which mode it was then, and whether PyTorch recorded for gradients.
    """

    def __init__(self, table: np.ndarray, bias: float = 0.0):
        super().__init__()
        self.table = nn.Parameter(torch.tensor(table, dtype=torch.float32))
        self.bias = nn.Parameter(torch.tensor(float(bias)))
        self.inputs: list[torch.Tensor] = []
        self.in_training: list[bool] = []
        self.recorded: list[bool] = []

    def forward(self, pairs: torch.Tensor) -> torch.Tensor:
        self.inputs.append(pairs.detach().clone())
        self.in_training.append(self.training)
        self.recorded.append(torch.is_grad_enabled())
        return self.table[pairs[:, 0], pairs[:, 1]] + self.bias

    def always_in(self, training: bool) -> bool:
        """True when it was called, and in this mode every time."""
        return bool(self.in_training) and all(mode == training for mode in self.in_training)

    def never_recorded(self) -> bool:
        """True when it was called, and PyTorch recorded nothing for gradients."""
        return bool(self.recorded) and not any(self.recorded)


class _Descent:
    """Plain gradient descent, with the methods of an optimizer that a training step needs.

    The first optimizer of torch's own that a program makes takes seconds to load, which would count as the student's.
    """

    def __init__(self, model: nn.Module, learning_rate: float):
        self.parameters = list(model.parameters())
        self.learning_rate = learning_rate

    def zero_grad(self, set_to_none: bool = True) -> None:
        for parameter in self.parameters:
            parameter.grad = None if set_to_none else torch.zeros_like(parameter)

    def step(self) -> None:
        with torch.no_grad():
            for parameter in self.parameters:
                if parameter.grad is not None:
                    parameter -= self.learning_rate * parameter.grad


def _batches(case: Case) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """The case's examples as batches of very different sizes."""
    pairs, labels = torch.tensor(case["pairs"]), torch.tensor(case["labels"])
    return list(zip(pairs.split(case["sizes"]), labels.split(case["sizes"]), strict=True))


def _batch_case(rng: np.random.Generator, sizes: list[int]) -> Case:
    n_users, n_movies, n = 4, 5, sum(sizes)
    labels = rng.uniform(0, 0.4, n).astype(np.float32)
    labels[-sizes[-1] :] += 1.0  # the small last batch is the hard one, so a mean of means is far from the pooled mean
    return {
        "table": rng.normal(0.2, 0.1, (n_users, n_movies)).astype(np.float32),
        "pairs": np.column_stack([rng.integers(0, n_users, n), rng.integers(0, n_movies, n)]).astype(np.int64),
        "labels": labels,
        "sizes": sizes,
        "learning_rate": float(rng.uniform(0.1, 0.3)),
    }


def _dtype(value: Any) -> str:
    """The type of the numbers in a tensor or array, in words that are the same for both."""
    return str(getattr(value, "dtype", type(value).__name__)).removeprefix("torch.")


# --- From ids to indices ---------------------------------------------------------------------------------------------


def _ids(rng: np.random.Generator, n_different: int) -> np.ndarray:
    """Ids in neither rising nor falling order of first appearance, nor of frequency.

    No two occur equally often: pandas versions do not agree on the order of ties.
    """
    different = rng.choice(np.arange(30, 900), n_different, replace=False)
    different[:3] = np.sort(different[:3])[[1, 2, 0]]
    again = np.repeat(different[1:], np.arange(n_different, 1, -1))
    return np.concatenate([different[:1], different, rng.permutation(again)])


@question(
    "embeddings.vocabulary",
    title="The vocabulary",
    objective="Give every id an index, and be able to go both ways.",
    points=2,
    needs=["vocabulary"],
    cases=lambda rng: [{"ids": _ids(rng, 6)}, {"ids": _ids(rng, 9)}],
    parts={
        "unique_ids": equal(about="the list of different ids"),
        "id_to_index": equal(share=2, about="the dictionary from id to index"),
    },
    hints=[
        "An id occurs many times. At which of its occurrences does it get its index?",
        "`pd.unique` keeps the order of first appearance, `np.unique` does not. `enumerate` numbers the members of a "
        "list.",
        "Make the list of different ids, then a dictionary comprehension over `enumerate` of that list.",
    ],
)
def vocabulary(code: Code, case: Case) -> Parts:
    unique_ids, id_to_index = code.vocabulary(case["ids"].copy())
    yield "unique_ids", list(unique_ids)
    yield "id_to_index", dict(id_to_index)


def _to_indices_cases(rng: np.random.Generator) -> list[Case]:
    different = rng.choice(np.arange(30, 900), 8, replace=False)
    numbers = dict(zip(different.tolist(), rng.permutation(8).tolist(), strict=True))
    ids = rng.choice(different[1:], 12)
    ids[0] = next(id for id, index in numbers.items() if index == 5)
    stranger = ids.copy()
    stranger[4] = 5000
    return [
        {"ids": ids, "numbers": numbers, "stranger": False},
        {"ids": stranger, "numbers": numbers, "stranger": True},
    ]


@question(
    "embeddings.to_indices",
    title="Translate ids",
    objective="Translate a column of ids into indices with a given dictionary.",
    points=1,
    needs=["to_indices"],
    cases=_to_indices_cases,
    parts={
        "indices": equal(share=3, about="the indices"),
        "dtype": equal(share=0.5, about="the type of the numbers"),
        "stranger": equal(about="what happens with an id that is not in the dictionary"),
    },
    hints=[
        "Which numbering should these ids get: a new one, or the one in the dictionary?",
        "`d[id]` raises a KeyError for an unknown id. `d.get(id)` and pandas' `map` hide it.",
        "Look up every id in a list comprehension, and make an int64 array of the list.",
    ],
)
def to_indices(code: Code, case: Case) -> Parts:
    if not case["stranger"]:
        indices = code.to_indices(case["ids"].copy(), dict(case["numbers"]))
        yield "indices", indices
        yield "dtype", _dtype(indices)
        return
    code.to_indices(case["ids"][:3].copy(), dict(case["numbers"]))  # code that always raises earns nothing here
    try:
        indices = code.to_indices(case["ids"].copy(), dict(case["numbers"]))
    except Exception as error:
        yield "stranger", "KeyError" if isinstance(error, KeyError) else type(error).__name__
    else:
        if len(indices) != len(case["ids"]):
            what = "there are fewer indices than ids"
        else:
            what = f"its index is {indices[4]:g}" if isinstance(indices[4], float) else f"its index is {indices[4]}"
        yield "stranger", f"no exception: {what}"


one_hot_product = quiz(
    "embeddings.one_hot_product",
    title="A table in disguise",
    objective="See that an embedding layer is a one-hot vector times a matrix, without the multiplications.",
    choices=("a", "b", "c", "d"),
    hints=[
        "Write down the product for a matrix with three rows. Which of its numbers are left?",
        "All but one of the terms in each sum are multiplied by 0.",
        "What is left is a row of the matrix. Reading a row needs no multiplication, and no one-hot vector.",
    ],
)


# --- Scaling ---------------------------------------------------------------------------------------------------------


def _fit_scaler_cases(rng: np.random.Generator) -> list[Case]:
    def case(outside: str) -> Case:
        """`outside`: the end at which the other ratings reach beyond the training ratings."""
        low, high = rng.integers([105, 355], [200, 455]) / 100  # hundredths of a star, so that there are many scales
        middle, end = rng.permutation(12), 12 + rng.permutation(4)  # the ends of the scale are not among the first 12
        train_rows, other_rows = rng.permutation([*middle[:10], *end[:2]]), [*middle[10:], *end[2:]]
        ratings = rng.integers(22, 34, 16) / 10
        ratings[end[:2]] = low, high
        beyond = rng.integers(55, 100) / 100 if outside == "below" else rng.integers(460, 495) / 100
        ratings[other_rows] = 3.0, 2.5, beyond, 2.1 if outside == "above" else 3.4
        return {"ratings": ratings, "train_rows": train_rows, "same": False}

    same = case("below")
    same["ratings"][same["train_rows"]] = 3.5
    same["same"] = True
    return [case("below"), case("above"), same]


@question(
    "embeddings.fit_scaler",
    title="What scaling may know",
    objective="Take the numbers that scaling needs from training ratings only.",
    points=2,
    needs=["fit_scaler"],
    bug_hunt="fitted_on_all_ratings",
    cases=_fit_scaler_cases,
    parts={
        "lowest": close(about="the lowest rating"),
        "highest": close(about="the highest rating"),
        "no_range": equal(share=0.5, about="what happens when all training ratings are the same"),
    },
    hints=[
        "Which ratings does the code look at, and which of them does it claim not to know?",
        "`ratings[train_rows]` are the training ratings.",
        "Take minimum and maximum of the training ratings; raise a ValueError when they are equal.",
    ],
)
def fit_scaler(code: Code, case: Case) -> Parts:
    if not case["same"]:
        lowest, highest = code.fit_scaler(case["ratings"].copy(), case["train_rows"].copy())
        yield "lowest", lowest
        yield "highest", highest
        return
    code.fit_scaler(np.arange(16.0), case["train_rows"].copy())  # code that always raises earns nothing here
    try:
        code.fit_scaler(case["ratings"].copy(), case["train_rows"].copy())
    except Exception as error:
        yield "no_range", "ValueError" if isinstance(error, ValueError) else type(error).__name__
    else:
        yield "no_range", "no exception"


def _scale_cases(rng: np.random.Generator) -> list[Case]:
    def case(lowest: float, highest: float) -> Case:
        ratings = rng.permutation(np.concatenate([[0.5, 5.0, lowest, highest], rng.choice(np.arange(1, 5, 0.5), 6)]))
        return {"ratings": ratings, "lowest": lowest, "highest": highest}

    return [case(0.5, 5.0), case(1.0, 4.0)]


@question(
    "embeddings.scale",
    title="Stars to 0 … 1",
    objective="Scale ratings with two numbers that were fixed before.",
    points=1,
    needs=["scale"],
    cases=_scale_cases,
    parts={
        "scaled": close(share=3, about="the scaled ratings"),
        "dtype": equal(share=0.5, about="the type of the numbers"),
        "untouched": equal(share=0.5, about="whether the given ratings were left as they were"),
    },
    hints=[
        "What shall `lowest` become, and what `highest`?",
        "First move the scale so that it begins at 0, then shrink it to length 1. How long is it?",
        "Subtract `lowest`, divide by `highest - lowest`.",
    ],
)
def scale(code: Code, case: Case) -> Parts:
    ratings = case["ratings"].copy()
    scaled = code.scale(ratings, case["lowest"], case["highest"])
    yield "scaled", scaled
    yield "dtype", str(getattr(scaled, "dtype", type(scaled).__name__))  # of a tensor "torch.float32"
    same = bool(np.array_equal(ratings, case["ratings"]))
    yield "untouched", same if not np.allclose(scaled, case["ratings"]) else "nothing was done"


def _to_stars_cases(rng: np.random.Generator) -> list[Case]:
    inside = rng.uniform(0.05, 0.95, 8).astype(np.float32)
    outside = rng.permutation([-0.3, -0.04, 1.06, 1.5, *rng.uniform(0.2, 0.8, 4)]).astype(np.float32)
    return [
        {"scaled": inside, "lowest": 0.5, "highest": 5.0, "what": "stars"},
        {"scaled": inside, "lowest": 1.0, "highest": 4.0, "what": "stars"},
        {"scaled": outside, "lowest": 0.5, "highest": 5.0, "what": "outside"},
        {"scaled": outside, "lowest": 2.0, "highest": 4.0, "what": "outside"},
    ]


@question(
    "embeddings.to_stars",
    title="Back to stars",
    objective="Undo the scaling, so that people can read a prediction.",
    points=1,
    needs=["to_stars"],
    cases=_to_stars_cases,
    parts={
        "stars": close(share=2, about="the stars"),
        "outside": close(about="the stars where predictions are off the scale"),
        "type": equal(share=0.5, about="what comes back"),
        "untouched": equal(share=0.5, about="whether the given predictions were left as they were"),
    },
    hints=[
        "Which star does a scaled 0 stand for? And 1?",
        "Undo the two steps of scaling in the reverse order. What can a model predict that nobody can rate?",
        "Multiply by the length of the scale, add `lowest`, then clip with `torch.clamp`.",
    ],
)
def to_stars(code: Code, case: Case) -> Parts:
    scaled = torch.tensor(case["scaled"])
    stars = code.to_stars(scaled, case["lowest"], case["highest"])
    yield case["what"], stars
    yield "type", type(stars).__name__
    same = bool(np.array_equal(scaled, case["scaled"]))
    yield "untouched", same if not np.allclose(stars, case["scaled"]) else "nothing was done"


@question(
    "embeddings.error_in_stars",
    title="An error one can read",
    objective="Turn the error of scaled predictions into stars.",
    points=1,
    needs=["error_in_stars"],
    cases=lambda rng: [
        {"mse": float(rng.uniform(0.02, 0.07)), "lowest": 0.5, "highest": 5.0},
        {"mse": float(rng.uniform(0.02, 0.07)), "lowest": 1.0, "highest": 5.0},
    ],
    parts={"error": close(about="the error in stars")},
    hints=[
        "If every scaled error is 0.1, how many stars is that?",
        "A squared error grows with the square of the scale. Take the root first.",
        "Root, times the length of the scale. Nothing is added: an error of 0 stays 0.",
    ],
)
def error_in_stars(code: Code, case: Case) -> Parts:
    yield "error", code.error_in_stars(case["mse"], case["lowest"], case["highest"])


# --- Data set and model ----------------------------------------------------------------------------------------------


def _dataset_cases(rng: np.random.Generator) -> list[Case]:
    def case(n: int, whole: type, real: type) -> Case:
        pairs = np.column_stack([rng.permutation(np.arange(10, 10 + n)), rng.permutation(np.arange(70, 70 + n))])
        return {"pairs": pairs.astype(whole), "ratings": rng.permutation(np.linspace(0.1, 0.9, n)).astype(real)}

    return [case(7, np.int32, np.float64), case(5, np.int64, np.float32)]


@question(
    "embeddings.MoviesDataset",
    title="A data set, one example at a time",
    objective="Write the class that hands examples to a DataLoader.",
    points=2,
    needs=["MoviesDataset"],
    cases=_dataset_cases,
    parts={
        "length": equal(share=0.5, about="the length"),
        "pairs": equal(about="the pairs"),
        "ratings": close(about="the ratings"),
        "shapes": equal(about="the shapes of one example"),
        "dtypes": equal(about="the types of the numbers of one example"),
        "batch": equal(about="the shapes of a batch that a DataLoader makes of it"),
    },
    hints=[
        "Three methods: one keeps the data, one says how many examples there are, one gives a single example. Which "
        "is which?",
        "An index must be a whole number (int64), a rating a float32. Is your rating a single number, or a list of "
        "one?",
        "Make both tensors once, in `__init__`, with the right `dtype`. In `__getitem__`, index both with `i`.",
    ],
)
def movies_dataset(code: Code, case: Case) -> Parts:
    dataset = code.MoviesDataset(case["pairs"].copy(), case["ratings"].copy())
    yield "length", len(dataset)
    examples = [dataset[i] for i in range(len(case["ratings"]))]
    yield "pairs", [[int(index) for index in np.asarray(pair).reshape(-1)] for pair, _ in examples]
    yield "ratings", [np.asarray(rating, dtype=float).reshape(-1) for _, rating in examples]
    pair, rating = examples[1]
    yield "shapes", [list(np.shape(pair)), list(np.shape(rating))]
    yield "dtypes", [_dtype(pair), _dtype(rating)]
    inputs, labels = next(iter(DataLoader(dataset, batch_size=3)))
    yield "batch", [list(inputs.shape), list(labels.shape)]


_LAYERS = ("user_embedding", "movie_embedding", "user_bias", "movie_bias")


def _net_cases(rng: np.random.Generator) -> list[Case]:
    def case(what: str, users: int, movies: int, size: int) -> Case:
        shapes = ((users, size), (movies, size), (users, 1), (movies, 1))
        # The first four pairs are the same for either order of columns, so that swapped columns give numbers too.
        pairs = np.column_stack([rng.permutation(users)[:4], rng.permutation(users)[:4]])
        pairs[0] = [1, 3]
        return {
            "what": what, "users": users, "movies": movies, "size": size, "mean": float(rng.uniform(0.6, 0.75)),
            "weights": [rng.normal(0, 0.5, shape).astype(np.float32) for shape in shapes], "pairs": pairs,
        }  # fmt: skip

    return [case("numbers", 6, 9, 4), case("numbers", 5, 8, 3), case("start", 40, 60, 16)]


@question(
    "embeddings.RecommenderNet",
    title="Dot product with biases",
    objective="Write a model class: layers in `__init__`, the way of the numbers in `forward`.",
    points=4,
    needs=["RecommenderNet"],
    cases=_net_cases,
    parts={
        "is_module": equal(share=0.5, about="whether RecommenderNet is an `nn.Module`"),
        "parameters": equal(about="the names and shapes of the trained parameters"),
        "predictions": close(share=3, about="the predictions"),
        "gradients": close(about="the gradient of the movie vectors"),
        "restored": close(about="how far the predictions of a new model with the same `state_dict` are from these"),
        "near_mean": equal(about="whether all predictions are close to the mean at the start"),
        "can_learn": equal(about="whether the vectors start small, different, and not at 0"),
        "biases_zero": equal(share=0.5, about="whether all biases start at 0"),
    },
    hints=[
        "How many `nn.Embedding` layers do you need, and how many numbers does each of them hold for one index?",
        "`(a * b).sum(dim=1)` is the dot product of each row of a with the same row of b. "
        "A bias layer gives a column: what shape do the other terms have?",
        "`nn.init.normal_(layer.weight, std=...)` and `nn.init.zeros_(layer.weight)` set the start. "
        "`self.register_buffer(name, tensor)` keeps a number with the model without training it.",
    ],
)
def recommender_net(code: Code, case: Case) -> Parts:
    model = code.RecommenderNet(case["users"], case["movies"], case["size"], case["mean"])
    if case["what"] == "start":
        yield from _ask_the_start(model, case)
        return
    yield "is_module", isinstance(model, nn.Module)
    shapes = {name: list(p.shape) for name, p in sorted(model.named_parameters()) if p.requires_grad}
    yield "parameters", [f"{name} of shape {tuple(shape)}" for name, shape in shapes.items()]
    if any(shapes.get(f"{name}.weight") != list(w.shape) for name, w in zip(_LAYERS, case["weights"], strict=True)):
        return
    with torch.no_grad():
        for name, weight in zip(_LAYERS, case["weights"], strict=True):
            getattr(model, name).weight.copy_(torch.tensor(weight))
    pairs = torch.tensor(case["pairs"])
    predictions = model(pairs)
    yield "predictions", predictions
    twin = code.RecommenderNet(case["users"], case["movies"], case["size"])
    twin.load_state_dict(model.state_dict())
    yield "restored", (twin(pairs) - predictions).abs().max()
    predictions.sum().backward()
    yield "gradients", model.movie_embedding.weight.grad


def _ask_the_start(model: nn.Module, case: Case) -> Parts:
    grid = torch.cartesian_prod(torch.arange(case["users"]), torch.arange(case["movies"]))
    with torch.no_grad():
        predictions = model(grid)
    yield "near_mean", predictions.shape == (len(grid),) and bool((predictions - case["mean"]).abs().max() < 0.3)
    vectors = [model.user_embedding.weight.detach(), model.movie_embedding.weight.detach()]
    yield "can_learn", all(float(v.std(dim=0).min()) > 1e-5 and float(v.abs().max()) < 0.6 for v in vectors)
    yield "biases_zero", not bool(model.user_bias.weight.any() or model.movie_bias.weight.any())


wide_start = quiz(
    "embeddings.wide_start",
    title="Why start small?",
    objective="Say what too large random vectors do to the predictions.",
    choices=("a", "b", "c", "d"),
    hints=[
        "Two vectors of 16 numbers with mean 0 and standard deviation 1: how large is their dot product, typically?",
        "The standard deviation of the sum of 16 such products is the root of 16. The scale of the ratings has "
        "length 1.",
        "And who corrects the vector of a movie that occurs in one training rating?",
    ],
)


# --- Training --------------------------------------------------------------------------------------------------------


@question(
    "embeddings.train_epoch",
    title="One epoch",
    objective="Train on all batches once, and report one honest loss.",
    points=3,
    needs=["train_epoch"],
    cases=lambda rng: [_batch_case(rng, [9, 2]), _batch_case(rng, [8, 6, 1])],
    parts={
        "loss": close(share=2, about="the loss that is returned"),
        "weights": close(share=3, about="the weights after the epoch"),
        "training_mode": equal(about="whether the model is in training mode"),
        "is_number": equal(about="whether the loss is a plain number"),
    },
    hints=[
        "What has to happen between two batches, so that gradients do not pile up?",
        "A batch of 2 examples must not count as much as one of 9. What do you multiply a batch's loss by?",
        "`loss.item()` is a plain number. Add up `loss.item() * len(labels)`, and divide by the number of examples.",
    ],
)
def train_epoch(code: Code, case: Case) -> Parts:
    model = _Pairs(case["table"])
    model.eval()
    loss = code.train_epoch(model, _batches(case), nn.MSELoss(), _Descent(model, case["learning_rate"]))
    yield "loss", loss
    yield "weights", model.table
    yield "training_mode", model.always_in(training=True)
    yield "is_number", isinstance(loss, float) and not np.array_equal(model.table.detach(), case["table"])


@question(
    "embeddings.evaluate",
    title="Measuring",
    objective="Measure a loss over all examples, at no cost and without side effects.",
    points=3,
    needs=["evaluate"],
    bug_hunt="mean_of_batch_means",
    cases=lambda rng: [_batch_case(rng, [9, 2]), _batch_case(rng, [8, 6, 1])],
    parts={
        "loss": close(share=3, about="the loss"),
        "no_gradients": equal(share=1.5, about="whether PyTorch records nothing for gradients"),
        "is_number": equal(about="whether the loss is a plain number"),
        "eval_mode": equal(share=0.5, about="whether the model is in evaluation mode"),
        "unchanged": equal(share=0.5, about="whether the weights stay as they are"),
    },
    hints=[
        "The last batch is smaller than the others. How much does one of its examples weigh in the result?",
        "`with torch.no_grad():` switches the recording off. `loss.item()` takes the number out of the tensor.",
        "Add up `loss.item() * len(labels)` and the number of examples; divide once, at the end.",
    ],
)
def evaluate(code: Code, case: Case) -> Parts:
    model = _Pairs(case["table"])
    model.train()
    loss = code.evaluate(model, _batches(case), nn.MSELoss())
    yield "loss", loss
    yield "no_gradients", model.never_recorded()
    yield "is_number", isinstance(loss, float)
    yield "eval_mode", model.always_in(training=False)
    yield "unchanged", bool(model.inputs) and bool(np.array_equal(model.table.detach(), case["table"]))


# --- Saving ----------------------------------------------------------------------------------------------------------


class _Kept(nn.Module):
    """A model with a trained weight and a number that is kept but not trained."""

    def __init__(self, weight: np.ndarray, level: float):
        super().__init__()
        self.layer = nn.Embedding(*weight.shape)
        self.register_buffer("level", torch.tensor(float(level)))
        with torch.no_grad():
            self.layer.weight.copy_(torch.tensor(weight))


def _flat(*tensors: torch.Tensor) -> torch.Tensor:
    return torch.cat([torch.as_tensor(tensor).detach().reshape(-1).float() for tensor in tensors])


_code_that_ran: list[str] = []


def _note_down(text: str) -> str:
    _code_that_ran.append(text)
    return text


class _Trap:
    """An object that calls a function when it is unpickled, as anything may do that is in a pickle."""

    def __reduce__(self) -> tuple:
        return _note_down, ("the file's own code",)


def _model_case(rng: np.random.Generator) -> Case:
    return {"weight": rng.normal(size=(5, 3)).astype(np.float32), "level": float(rng.uniform(0.5, 0.8))}


@question(
    "embeddings.save_model",
    title="Keep what was learnt",
    objective="Write the state of a model to a file.",
    points=1,
    needs=["save_model"],
    cases=lambda rng: [_model_case(rng), _model_case(rng)],
    parts={
        "names": equal(share=2, about="the names in the file"),
        "weights": close(share=2, about="the numbers in the file"),
        "size": equal(about="whether the size is that of the file"),
    },
    hints=[
        "What of a model has been learnt: its code, or its numbers?",
        "`state_dict()` has the weights and the buffers, by name. `torch.save(what, where)` writes.",
        "Save the `state_dict()` to the path, then ask the file system for the size of the file: `os.path.getsize`.",
    ],
)
def save_model(code: Code, case: Case) -> Parts:
    model = _Kept(case["weight"], case["level"])
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "model.pth")
        size = code.save_model(model, path)
        if not os.path.exists(path):
            yield "names", "no file at this path"
            return
        try:
            content = torch.load(path, weights_only=True)
        except Exception:
            yield "names", "more than numbers: something that only unpickling can read"
            return
        if not isinstance(content, dict):
            yield "names", f"no names, but a {type(content).__name__}"
            return
        yield "names", sorted(content)
        if {"layer.weight", "level"} <= content.keys():
            yield "weights", _flat(content["layer.weight"], content["level"])
        yield "size", size == os.path.getsize(path)


@question(
    "embeddings.load_model",
    title="And get it back",
    objective="Read a model's state from a file, trusting the file as little as possible.",
    points=2,
    needs=["load_model"],
    cases=lambda rng: [_model_case(rng), _model_case(rng)],
    parts={
        "weights": close(share=2, about="the weights and the buffer of the returned model"),
        "same_model": equal(share=0.5, about="whether the given model comes back"),
        "eval_mode": equal(about="whether the model is in evaluation mode"),
        "code_in_file": equal(share=2, about="whether code that hides in a file is run"),
        "incomplete": equal(about="what happens when a weight is missing in the file"),
    },
    hints=[
        "`load_state_dict` fills a model. What does it return, and what shall your function return?",
        "`torch.load` can unpickle any object, which may run code. Which argument limits it to weights?",
        "Load with `weights_only=True`, fill the model (strictly, as by default), call `eval()`, return the model.",
    ],
)
def load_model(code: Code, case: Case) -> Parts:
    state = _Kept(case["weight"], case["level"]).state_dict()
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "model.pth")
        torch.save(state, path)
        empty = _Kept(np.zeros_like(case["weight"]), 0.0)
        model = code.load_model(empty, path)
        yield "same_model", model is empty
        yield "weights", _flat(empty.layer.weight, empty.level)
        yield "eval_mode", not empty.training
        filled = bool(empty.level != 0)  # what follows is only worth something where the good file was read

        torch.save({**state, "extra": _Trap()}, path)
        _code_that_ran.clear()
        _refuses(code, path, case)
        yield "code_in_file", "nothing was loaded" if not filled else "run" if _code_that_ran else "not run"

        torch.save({"layer.weight": state["layer.weight"]}, path)
        refused = _refuses(code, path, case)
        yield "incomplete", "nothing was loaded" if not filled else "refused" if refused else "accepted"


def _refuses(code: Code, path: str, case: Case) -> bool:
    try:
        code.load_model(_Kept(np.zeros_like(case["weight"]), 0.0), path)
    except Exception:
        return True
    return False


# --- Recommending ----------------------------------------------------------------------------------------------------


def _top_n_case(rng: np.random.Generator, what: str, n_movies: int, n: int) -> Case:
    """Predictions below 0 for most movies; the best of all are seen, or have too few ratings."""
    n_users, user = n_movies, int(rng.integers(2, 5))
    table = rng.permuted(np.linspace(-1.6, -0.2, n_users * n_movies)).reshape(n_users, n_movies)
    movies = rng.permutation(n_movies)
    seen, rare, edge = movies[:3], movies[3:6], movies[6]
    n_ratings = rng.integers(6, 40, n_movies)
    n_ratings[rare] = [0, 1, 3]
    n_ratings[edge] = 4
    free = movies[6:]
    table[user] = np.linspace(-2.0, -1.0, n_movies)
    table[user, free] = rng.permutation(np.linspace(-0.9, -0.3, len(free)))
    table[user, edge] = -0.25  # exactly `min_ratings`, and the best of all that may be recommended
    # The order of the best is neither that of their indices nor its reverse.
    best = free[np.argsort(-table[user, free])][:3]
    table[user, np.sort(best)] = [-0.29, -0.25, -0.27]
    n_ratings[np.sort(best)] = [20, 4, 9]
    n_ratings[edge] = 4
    table[user, seen] = [-0.1, -0.05, -0.2]
    table[user, rare] = [-0.02, -0.03, -0.07]
    table *= rng.uniform(0.7, 1.8)
    return {"what": what, "table": table, "user": user, "seen": seen, "n": n, "n_ratings": n_ratings, "min_ratings": 4}


@question(
    "embeddings.get_top_n",
    title="The best unseen movies",
    objective="Recommend what is unseen, predicted to be good, and known well enough.",
    points=4,
    needs=["get_top_n"],
    cases=lambda rng: [
        _top_n_case(rng, "many", 16, 4),
        _top_n_case(rng, "many", 14, 5),
        _top_n_case(rng, "few_left", 13, 10),
    ],
    parts={
        "indexes": equal(share=4, about="the recommended movies, in order"),
        "predictions": close(about="their predictions"),
        "few_left": equal(about="the movies when fewer than n may be recommended"),
        "eval_mode": equal(share=0.5, about="whether the model is in evaluation mode"),
        "untouched": equal(share=0.5, about="whether the given arrays were left as they were"),
    },
    hints=[
        "Which movies may be recommended at all? Choose them before you sort.",
        "`np.argsort` sorts from low to high, so the best stand last. And how do you sort by a number downwards?",
        "Find the indices of unseen movies with enough ratings, predict the pairs (user, index), sort the predictions "
        "downwards, keep the first n.",
    ],
)
def get_top_n(code: Code, case: Case) -> Parts:
    model = _Pairs(case["table"])
    model.train()
    seen, n_ratings = case["seen"].copy(), case["n_ratings"].copy()
    indexes, predictions = code.get_top_n(model, case["user"], seen, case["n"], n_ratings, case["min_ratings"])
    indexes = [int(index) for index in indexes]
    if case["what"] == "few_left":
        out = {*case["seen"].tolist(), *np.flatnonzero(case["n_ratings"] < case["min_ratings"]).tolist()}
        yield "few_left", [-1 if index in out else index for index in indexes]  # in whatever order those come
        return
    yield "indexes", indexes
    yield "predictions", predictions
    yield "eval_mode", model.always_in(training=False)
    untouched = np.array_equal(seen, case["seen"]) and np.array_equal(n_ratings, case["n_ratings"])
    yield "untouched", bool(model.inputs) and untouched


def _names_cases(rng: np.random.Generator) -> list[Case]:
    def case(n_movies: int, k: int) -> Case:
        words = ["Quiet", "Golden", "Last", "Blue", "Hidden"]
        titles = [f"{words[i % 5]} {chr(77 + i % 13)}{i} ({1960 + i})" for i in range(n_movies)]
        # Every index is also an id and a row number, so each wrong way of looking up gives titles, too.
        ids, rows = rng.permutation(n_movies), rng.permutation(n_movies)
        indexes = rng.permutation(n_movies)[:k]
        indexes[-1] = indexes[0]
        table = pd.DataFrame({"movie_id": rows, "title": [titles[i] for i in rng.permutation(n_movies)]})
        return {"indexes": indexes, "movie_ids": ids.tolist(), "movies": table}

    return [case(14, 6), case(20, 7)]


@question(
    "embeddings.get_names_for_indexes",
    title="From indices to titles",
    objective="Walk back from index to id to title, for all movies at once.",
    points=2,
    needs=["get_names_for_indexes"],
    cases=_names_cases,
    parts={
        "names": equal(share=4, about="the titles, in order"),
        "untouched": equal(share=0.5, about="whether the given table was left as it was"),
    },
    hints=[
        "Three numbers belong to a movie: its index, its id, and its row in the table. Which one do you have?",
        "`movie_ids` leads from index to id. A table whose index is `movie_id` can be asked for many ids at once.",
        "`set_index`, then `.loc` with the list of ids: it keeps their order, and repeats what is asked for twice.",
    ],
)
def get_names_for_indexes(code: Code, case: Case) -> Parts:
    movies = case["movies"].copy()
    names = list(code.get_names_for_indexes(case["indexes"].copy(), list(case["movie_ids"]), movies))
    yield "names", names
    yield "untouched", bool(names) and movies.equals(case["movies"])
