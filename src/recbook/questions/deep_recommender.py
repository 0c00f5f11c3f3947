"""Questions of the chapter `deep_recommender`.

Every question brings its own small model and data, so no exercise depends on another one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from torch import nn

from recbook.parts import close, equal
from recbook.question import Case, Code, question, quiz

Parts = Iterator[tuple[str, Any]]


# --- The small things that questions bring along ---------------------------------------------------------------------


def _long(values: np.ndarray) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.long)


def _float(values: np.ndarray) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float32)


def _away_from_zero(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Numbers between 0.2 and 1, half of them negative: none is 0, so a 0 can only come from dropout."""
    return (rng.uniform(0.2, 1, shape) * rng.choice([-1, 1], shape)).astype(np.float32)


def _embedding(weight: np.ndarray) -> nn.Embedding:
    return nn.Embedding.from_pretrained(_float(weight), freeze=False)


def _gradients(output: torch.Tensor, *tensors: torch.Tensor) -> list[torch.Tensor]:
    """The gradients of the sum of `output`, one for each tensor; zeros where none arrives."""
    found = (
        torch.autograd.grad(output.sum(), tensors, allow_unused=True) if output.requires_grad else [None] * len(tensors)
    )
    return [torch.zeros_like(tensor) if g is None else g for g, tensor in zip(found, tensors, strict=True)]


class _Pair(nn.Module):
    """A model that is not the chapter's: a number for each user plus a number for each movie.

    It keeps in which mode it was called and whether gradients were recorded. In training mode its predictions are 2
    stars higher, as a stand-in for all that training mode does to a network.
    """

    def __init__(self, user: np.ndarray, movie: np.ndarray, shift: float = 2.0):
        super().__init__()
        self.user, self.movie = nn.Parameter(_float(user)), nn.Parameter(_float(movie))
        self.shift = shift
        self.in_training: list[bool] = []
        self.with_gradients: list[bool] = []

    def forward(self, users: torch.Tensor, movies: torch.Tensor) -> torch.Tensor:
        self.in_training.append(self.training)
        self.with_gradients.append(torch.is_grad_enabled())
        return self.user[users] + self.movie[movies] + (self.shift if self.training else 0.0)

    def always_in(self, training: bool) -> bool:
        """True when it was called, and in this mode every time."""
        return bool(self.in_training) and all(mode == training for mode in self.in_training)

    def weights(self) -> np.ndarray:
        return torch.cat([self.user, self.movie]).detach().numpy().copy()


# --- Batches ---------------------------------------------------------------------------------------------------------


def _make_batches_cases(rng: np.random.Generator) -> list[Case]:
    def case(whole_batches: int, batch_size: int, rest: int) -> Case:
        # In each row, user and movie are the tenfold rating and some number: it shows whether a row is still whole.
        n = whole_batches * batch_size + rest
        tenfold, (to_users, to_movies) = rng.permutation(300)[:n], rng.integers(1, 5000, 2)
        return {
            "users": tenfold + to_users, "movies": tenfold + to_movies, "batch_size": batch_size,
            "ratings": (tenfold / 10).astype(np.float32), "seed": int(rng.integers(1, 10_000)),
        }  # fmt: skip

    def batches() -> tuple[int, int]:  # fewer batches than a batch has ratings
        return int(rng.integers(4, 10)), int(rng.integers(12, 28))

    first, second = batches(), batches()
    # No batch is so small that chance could put the same ratings into it twice.
    return [case(*first, rest=int(rng.integers(6, first[1]))), case(*second, rest=0)]


@question(
    "deep_recommender.make_batches",
    title="A new order every epoch",
    objective="Cut ratings into batches whose members change from epoch to epoch.",
    points=2,
    needs=["make_batches"],
    cases=_make_batches_cases,
    parts={
        "sizes": equal(share=0.5, about="the sizes of the batches"),
        "each_once": equal(about="the ratings of all batches, if every one is there once"),
        "together": equal(about="how user and movie go with the rating beside them"),
        "shuffled": equal(about="the number of ratings in batches that the given order does not have"),
        "reshuffled": equal(share=1.5, about="the number of ratings that a second call puts into other batches"),
        "repeatable": equal(share=0.5, about="whether a generator with the same seed gives the same order again"),
        "left": equal(share=0.5, about="the order of the given tensors after the call, in a number for each"),
    },
    hints=[
        "A user, a movie and a rating belong together. How can one order be used for all three?",
        "`torch.randperm(n, generator=generator)` gives the numbers 0 to n-1 in a random order; `split` cuts a tensor.",
        "Draw one order inside the function, cut it into pieces, and use each piece as an index into all three.",
    ],
)
def make_batches(code: Code, case: Case) -> Parts:
    given = [case["users"], case["movies"], case["ratings"]]
    left: list[int] = []  # a number for each tensor that tells the order of what it holds after the call

    def call(generator: torch.Generator) -> list[list[tuple[float, ...]]]:
        nonlocal left
        tensors = _long(given[0]), _long(given[1]), _float(given[2])
        batches = list(code.make_batches(*tensors, case["batch_size"], generator))
        left = [
            int(np.arange(len(part)) @ (scale * part.numpy()).round().astype(int))
            for part, scale in zip(tensors, (1, 1, 10), strict=True)
        ]
        return [list(zip(*(np.asarray(part, float).round(3).tolist() for part in b), strict=True)) for b in batches]

    def in_order(batches: list[list[tuple[float, ...]]]) -> list[tuple[float, ...]]:
        return [rating for batch in batches for rating in batch]

    generator = torch.Generator().manual_seed(case["seed"])
    torch.manual_seed(1)
    first, second = call(generator), call(generator)
    torch.manual_seed(2)
    again = call(torch.Generator().manual_seed(case["seed"]))
    rows = list(zip(*(np.asarray(part, float).round(3).tolist() for part in given), strict=True))
    size = case["batch_size"]
    slices = [rows[start : start + size] for start in range(0, len(rows), size)]
    ratings = sorted(row[-1] for row in in_order(first))
    each_once = ratings == sorted(row[-1] for row in rows)
    together = bool(in_order(first)) and set(in_order(first)) <= set(rows)
    yield "sizes", [len(batch) for batch in first]
    yield "each_once", ratings if each_once else "some are lost, or there twice"
    yield "together", _goes_with(in_order(first)) if together else "anything with anything"
    # An order of ratings that are no longer the given ones is worth nothing, so the rest is asked of complete batches.
    complete = each_once and together
    yield "shuffled", _in_other_batches(first, slices) if complete else 0
    yield "reshuffled", _in_other_batches(first, second) if complete else 0
    yield "repeatable", complete and in_order(first) != rows and first == again
    yield "left", left if complete else []


def _goes_with(rows: list[tuple[float, ...]]) -> list[list[int]]:
    """What has to be added to the tenfold ratings for the users, and for the movies: one number, or several."""
    return [sorted({round(row[part] - 10 * row[2]) for row in rows}) for part in (0, 1)]


def _in_other_batches(batches: list[list[tuple[float, ...]]], others: list[list[tuple[float, ...]]]) -> int:
    """The number of ratings in those batches that are not, in whatever order, among the others."""
    known = {frozenset(batch) for batch in others}
    return sum(len(batch) for batch in batches if frozenset(batch) not in known)


# --- The model -------------------------------------------------------------------------------------------------------


def _embed_cases(rng: np.random.Generator) -> list[Case]:
    def case(what: str, n: int) -> Case:
        return {
            "what": what, "users_weight": _away_from_zero(rng, (6, 4)), "movies_weight": _away_from_zero(rng, (8, 4)),
            "users": rng.integers(0, 6, n), "movies": rng.integers(0, 8, n),
        }  # fmt: skip

    return [case("predict", 5), case("predict", 4), case("train", 200)]


@question(
    "deep_recommender.embed",
    title="Two vectors, one input",
    objective="Look up a user and a movie, and put their vectors side by side.",
    points=2,
    needs=["embed"],
    cases=_embed_cases,
    parts={
        "input": close(share=3, about="the input of the network, in evaluation mode"),
        "learned": close(share=0.5, about="the gradients that arrive in the two tables"),
        "dropped": equal(about="how many numbers of the user's and of the movie's half are dropped in training mode"),
        "scaled": equal(share=0.5, about="whether the numbers that are left are scaled up in training mode"),
    },
    hints=[
        "What shape does the vector of one user have, and what shape shall the input for one pair have?",
        "An embedding layer is called with numbers of users. `torch.cat` joins tensors along a dimension.",
        "Look up both, join them along dimension 1, and send the result through the given dropout layer.",
    ],
)
def embed(code: Code, case: Case) -> Parts:
    users_embedding, movies_embedding = _embedding(case["users_weight"]), _embedding(case["movies_weight"])
    dropout = nn.Dropout(0.5).train(case["what"] == "train")
    torch.manual_seed(0)
    x = code.embed(users_embedding, movies_embedding, dropout, _long(case["users"]), _long(case["movies"]))
    if case["what"] == "predict":
        yield "input", x
        x = torch.as_tensor(x)
        if x.shape != (len(case["users"]), 8):
            yield "learned", []  # laid out differently: there is nothing to compare
            return
        gradients = _gradients(x * torch.arange(1, 9), users_embedding.weight, movies_embedding.weight)
        yield "learned", torch.cat(gradients)
        return
    x = torch.as_tensor(x).detach().reshape(len(case["users"]), -1)
    gone = x == 0
    halves = gone.chunk(2, dim=1)
    shares = [half.float().mean().item() for half in halves]
    yield "dropped", [("none" if share < 0.4 else "one in two" if share < 0.6 else "most") for share in shares]
    doubled = (x.abs() >= 0.399) & (x.abs() <= 2.001)
    yield "scaled", bool(gone.any()) and bool((doubled | gone).all())


def _n_parameters_cases(rng: np.random.Generator) -> list[Case]:
    def case(hidden: list[int]) -> Case:
        users, movies, factors = (int(rng.integers(low, high)) for low, high in ((50, 90), (110, 160), (5, 12)))
        return {"n_users": users, "n_movies": movies, "n_factors": factors, "hidden": hidden}

    return [case([int(rng.integers(12, 30))]), case([int(n) for n in rng.integers(12, 30, 3)])]


@question(
    "deep_recommender.n_parameters",
    title="How much is there to learn?",
    objective="Count the parameters of the network before building it.",
    points=1,
    needs=["n_parameters"],
    cases=_n_parameters_cases,
    parts={
        "n_parameters": equal(share=4, about="the number of parameters"),
        "again": equal(about="the number of parameters, when it is asked again with the same list `hidden`"),
    },
    hints=[
        "Which numbers are learned: those in the tables, those on the connections, those added to a sum?",
        "A table has a row for each user. A layer from a numbers to b numbers has a weight for each pair, and b "
        "biases.",
        "Write down the sizes from the joined vector to the one output, and go through them in pairs.",
    ],
)
def n_parameters(code: Code, case: Case) -> Parts:
    sizes = case["n_users"], case["n_movies"], case["n_factors"], list(case["hidden"])
    yield "n_parameters", code.n_parameters(*sizes)
    yield "again", code.n_parameters(*sizes)


def _hidden_layers_cases(rng: np.random.Generator) -> list[Case]:
    def case(what: str, n_in: int, hidden: int | list[int]) -> Case:
        sizes = [n_in, *([hidden] if isinstance(hidden, int) else hidden)]
        weights = [rng.normal(0, 0.8, (b, a)).astype(np.float32) for a, b in pairwise(sizes)]
        return {"what": what, "n_in": n_in, "hidden": hidden, "weights": weights,
                "x": rng.normal(size=(6, n_in)).astype(np.float32)}  # fmt: skip

    widths = [int(n) for n in rng.permutation(np.arange(6, 40))[:3]]  # of different sizes, and none like the input's
    single = case("single", int(rng.integers(3, 40)), int(rng.integers(40, 200)))
    return [case("stack", 5, widths), case("dropout", 5, [8, 300]), single]


class _Holder(nn.Module):
    """A network whose only part is what the code under test has built. It also calls layers in a list, one by one."""

    def __init__(self, hidden: Any):
        super().__init__()
        self.hidden = hidden

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if not isinstance(self.hidden, (list, tuple, nn.ModuleList)):
            return self.hidden(x)
        for layer in self.hidden:
            x = layer(x)
        return x

    def linear(self) -> list[nn.Linear]:
        """All its linear layers, those PyTorch does not know of included."""
        layers = self.hidden if isinstance(self.hidden, (list, tuple)) else [self.hidden]
        return [module for layer in layers for module in layer.modules() if isinstance(module, nn.Linear)]

    def all_off(self) -> None:
        """Evaluation mode for all parts, those PyTorch does not know of included."""
        self.eval()
        for layer in self.hidden if isinstance(self.hidden, (list, tuple)) else []:
            layer.eval()

    def set_positive(self) -> None:
        """Make every neuron active for every positive input, so that a 0 can only come from dropout."""
        with torch.no_grad():
            for layer in self.linear():
                layer.weight.abs_()
                layer.bias.fill_(0.5)


@question(
    "deep_recommender.hidden_layers",
    title="Layers that nobody trains",
    objective="Build hidden layers that PyTorch knows of, so that they are trained and switched to evaluation mode.",
    points=3,
    needs=["hidden_layers"],
    bug_hunt="layers_in_a_plain_list",
    cases=_hidden_layers_cases,
    parts={
        "registered": equal(share=3, about="the shapes of the parameters that PyTorch finds"),
        "sleeps": equal(share=1.5, about="whether the model's evaluation mode turns dropout off"),
        "one_module": equal(share=0.5, about="whether the result is one module that can be called"),
        "output": close(share=1.5, about="the output of given weights, without dropout"),
        "dropout": close(about="the share of neurons that are silent in training", rtol=0, atol=0.08),
        "single": equal(share=1.5, about="the shapes of the parameters when `hidden` is a single int"),
    },
    hints=[
        "Which parameters does `list(model.parameters())` show, if the model keeps what this function returns?",
        "PyTorch looks into modules, not into Python lists. Which module is a chain of layers?",
        "`nn.Sequential(*layers)` is one module that holds and calls all layers. And turn a single int into a list.",
    ],
)
def hidden_layers(code: Code, case: Case) -> Parts:
    torch.manual_seed(0)
    x, hidden = _float(case["x"]), case["hidden"]
    rate = 0.6 if case["what"] == "dropout" else 0.3
    model = _Holder(code.hidden_layers(case["n_in"], hidden if isinstance(hidden, int) else list(hidden), rate))
    shapes = sorted(str(tuple(parameter.shape)) for parameter in model.parameters())
    if case["what"] == "single":
        yield "single", shapes
        return
    if case["what"] == "dropout":
        model.set_positive()
        model.train()
        yield "dropout", (model(x.abs()) == 0).float().mean().item()
        model.eval()
        yield "sleeps", bool(model.linear()) and bool((model(x.abs()) > 0).all())
        return
    yield "registered", shapes
    yield "one_module", isinstance(model.hidden, nn.Module) and not isinstance(model.hidden, nn.ModuleList)
    if len(model.linear()) != len(case["weights"]):
        yield "output", []  # too few layers, or layers that nobody can find: their weights cannot be set
        return
    with torch.no_grad():
        for layer, weight in zip(model.linear(), case["weights"], strict=True):
            layer.weight.copy_(_float(weight))
            layer.bias.fill_(0.1)
    model.all_off()
    yield "output", model(x)


plain_list = quiz(
    "deep_recommender.plain_list",
    title="It learned, did it not?",
    objective="Explain why a network learns something although its hidden layers are never trained.",
    choices=("a", "b", "c", "d"),
    hints=[
        "Which parameters did the optimizer get, and which did it not get?",
        "A layer that is not trained still computes something. Are the layers before and after it trained?",
        "Numbers go forward and gradients go backward through the fixed layers, to the embeddings.",
    ],
)


def _to_range_cases(rng: np.random.Generator) -> list[Case]:
    def case(lowest: float, highest: float, shape: tuple[int, ...]) -> Case:
        x = rng.normal(0, 2, shape)
        x.flat[0], x.flat[1] = 7.0, -1.3
        return {"x": x.astype(np.float32), "minmax": [lowest, highest]}

    return [case(1, 5, (6,)), case(0.5, float(rng.uniform(7, 9)), (5,)), case(float(rng.uniform(-4, -2)), 3, (3, 2))]


@question(
    "deep_recommender.to_range",
    title="Stay on the scale",
    objective="Stretch and shift a sigmoid to any scale of ratings.",
    points=1,
    needs=["to_range"],
    cases=_to_range_cases,
    parts={
        "stars": close(share=3, about="the numbers on the scale"),
        "slope": close(about="the gradients that get back through your function"),
    },
    hints=[
        "A sigmoid runs from 0 to 1. By which factor must it be stretched to be as long as the scale?",
        "First stretch, then shift: where does the stretched sigmoid begin, and where should it?",
        "The lowest rating, plus the length of the scale times the sigmoid.",
    ],
)
def to_range(code: Code, case: Case) -> Parts:
    x = _float(case["x"]).requires_grad_()
    stars = code.to_range(x, tuple(case["minmax"]))
    yield "stars", stars
    yield "slope", _gradients(torch.as_tensor(stars), x)[0]


exactly_five = quiz(
    "deep_recommender.exactly_five",
    title="A rating of exactly 5",
    objective="Know what a bounded output does to ratings at the end of the scale.",
    choices=("a", "b", "c", "d"),
    hints=[
        "For which number is its sigmoid equal to 1?",
        "How steep is a sigmoid far to the right? The gradient contains this slope.",
        "The score can grow and grow, the prediction comes nearer and nearer to 5, and the steps become tiny.",
    ],
)


class _Layers(nn.Module):
    """The layers of the chapter's network with given weights, and no forward pass of their own."""

    def __init__(self, case: Case):
        super().__init__()
        self.users, self.movies = _embedding(case["users_weight"]), _embedding(case["movies_weight"])
        self.drop = nn.Dropout(0.5)
        self.hidden = nn.Sequential(nn.Linear(6, 5), nn.Tanh())
        self.fc = nn.Linear(5, 1)
        with torch.no_grad():
            self.hidden[0].weight.copy_(_float(case["hidden_weight"]))
            self.hidden[0].bias.fill_(0.2)
            self.fc.weight.copy_(_float(case["fc_weight"]))
            self.fc.bias.fill_(0.3)

    def forward(self, users: torch.Tensor, movies: torch.Tensor) -> torch.Tensor:
        raise TypeError("this model cannot be called: work with its layers")


def _forward_cases(rng: np.random.Generator) -> list[Case]:
    def case(n: int, lowest: float, highest: float) -> Case:
        return {
            "users_weight": 2 * _away_from_zero(rng, (7, 3)), "movies_weight": 2 * _away_from_zero(rng, (7, 3)),
            "hidden_weight": rng.normal(0, 0.6, (5, 6)).astype(np.float32), "minmax": [lowest, highest],
            "fc_weight": _away_from_zero(rng, (1, 5)) * 1.5, "users": rng.integers(0, 7, n),
            "movies": rng.integers(0, 7, n),
        }  # fmt: skip

    return [case(8, 1, 5), case(8, 0, float(rng.uniform(8, 12))), case(1, 1, 5)]


@question(
    "deep_recommender.forward",
    title="From two numbers to stars",
    objective="Send pairs of a user and a movie through embeddings, hidden layers and a bounded output.",
    points=3,
    needs=["forward"],
    cases=_forward_cases,
    parts={
        "predictions": close(share=3, about="the predictions, in evaluation mode"),
        "shape": equal(share=1, about="the shape of the predictions"),
        "batch_of_one": equal(share=1, about="the shape when the batch has a single pair"),
        "gradients": equal(share=0.5, about="which rows of the two tables get a gradient (1) and which do not (0)"),
        "dropout": equal(share=0.5, about="in front of which layers numbers are dropped in training mode"),
    },
    hints=[
        "Which of the five layers reads what? Draw the way of one pair, with the shape after each step.",
        "`fc` gives a tensor (batch_size, 1). Which dimension is too many, and can you remove exactly that one?",
        "Join, drop, hidden, fc, `squeeze(1)`, then the sigmoid, stretched to the scale.",
    ],
)
def forward(code: Code, case: Case) -> Parts:
    model = _Layers(case).eval()
    users, movies, minmax = _long(case["users"]), _long(case["movies"]), tuple(case["minmax"])
    output = torch.as_tensor(code.forward(model, users, movies, minmax))
    predictions = output.detach()
    if len(users) == 1:
        yield "batch_of_one", tuple(predictions.shape)
        return
    yield "predictions", predictions.reshape(-1)
    yield "shape", tuple(predictions.shape)
    gradients = _gradients(output, model.users.weight, model.movies.weight)
    yield "gradients", [int(row.any()) for row in torch.cat(gradients)]
    model.train()
    torch.manual_seed(0)
    dropped: set[str] = set()

    def note(name: str) -> Callable[[nn.Module, tuple[torch.Tensor, ...]], None]:
        """Write down which half of what reaches a layer has a 0 in it. Without dropout no number is 0."""

        def look(_module: nn.Module, inputs: tuple[torch.Tensor, ...]) -> None:
            halves = [bool((half == 0).any()) for half in inputs[0].chunk(2, dim=1)]
            if any(halves):
                dropped.add(name if all(halves) else f"a half of {name}")

        return look

    model.hidden[0].register_forward_pre_hook(note("hidden"))
    model.fc.register_forward_pre_hook(note("fc"))
    code.forward(model, users, movies, minmax)
    yield "dropout", sorted(dropped)


# --- Training --------------------------------------------------------------------------------------------------------


def _train_epoch_cases(rng: np.random.Generator) -> list[Case]:
    def case(sizes: list[int]) -> Case:
        batches = []
        for size in sizes:
            stars = rng.uniform(1, 2.5, size) if size > 3 else rng.uniform(4.5, 6, size)  # a small batch that is hard
            batches.append([rng.integers(0, 4, size), rng.integers(0, 5, size), stars.astype(np.float32)])
        return {"user": _away_from_zero(rng, (4,)), "movie": _away_from_zero(rng, (5,)), "batches": batches,
                "learning_rate": float(rng.uniform(0.1, 0.2))}  # fmt: skip

    return [case([6, 5, 2]), case([7, 1, 4, 2])]


def _third(predictions: torch.Tensor, ratings: torch.Tensor) -> torch.Tensor:
    """A loss that nobody would write into a training loop: it shows whether the given criterion is used."""
    return ((predictions - ratings).square() / 3).mean()


@question(
    "deep_recommender.train_epoch",
    title="One epoch",
    objective="Train on all batches, and report one loss for all ratings of the epoch.",
    points=3,
    needs=["train_epoch"],
    cases=_train_epoch_cases,
    parts={
        "loss": close(share=2.5, about="the mean of the criterion over all ratings, noted while the model learns"),
        "weights": close(share=3, about="the weights after the epoch"),
        "training_mode": equal(about="whether the model is in training mode"),
        "is_number": equal(about="whether the loss is a plain number"),
    },
    hints=[
        "The last batch is smaller than the others. Should each of its ratings count more than other ratings?",
        "The criterion gives the mean of a batch. Times the number of ratings of the batch, it is a sum again.",
        "Training mode; then for each batch clear, predict, compare, go backward, step. Add up sums and counts as "
        "plain "
        "numbers, and divide once.",
    ],
)
def train_epoch(code: Code, case: Case) -> Parts:
    model = _Pair(case["user"], case["movie"], shift=0.5).eval()
    before = model.weights()
    optimizer = torch.optim.SGD(model.parameters(), lr=case["learning_rate"])
    batches = [(_long(users), _long(movies), _float(stars)) for users, movies, stars in case["batches"]]
    loss = code.train_epoch(model, batches, _third, optimizer)
    yield "loss", loss
    yield "weights", model.weights()
    yield "training_mode", model.always_in(training=True)
    yield "is_number", isinstance(loss, float) and not np.array_equal(before, model.weights())


class _Script:
    """Stands in for everything that `run_epochs` calls, and keeps a log."""

    def __init__(self, case: Case):
        self.case = case
        self.epoch = 0
        self.log: list[str] = []
        self.trained_on: list[str] = []
        self.told: list[float] = []

    def new_batches(self) -> list[str]:
        self.epoch += 1
        return [f"epoch {self.epoch}, batch {number}" for number in range(1, 4)]

    def train_batch(self, batch: str) -> float:
        self._note("train")
        self.trained_on.append(str(batch))
        losses = self.case["train"]
        return losses[(len(self.trained_on) - 1) % len(losses)]

    def validate(self) -> float:
        self._note("validate")
        n_epochs = len(self.case["valid"])
        return self.case["valid"][min(len(self.trained_on) // 3, n_epochs) - 1] if self.trained_on else 9.0

    def step(self, metrics: float) -> None:  # the argument is called as in PyTorch
        self._note("step")
        self.told.append(float(metrics))

    def _note(self, what: str) -> None:
        if not self.log or self.log[-1] != what:
            self.log.append(what)


def _run_epochs_cases(rng: np.random.Generator) -> list[Case]:
    def case(valid: list[float]) -> Case:
        train = rng.uniform(0.5, 0.8, 3 * len(valid))
        return {"valid": [v + float(rng.uniform(0, 0.03)) for v in valid], "train": [float(loss) for loss in train]}

    return [case([1.3, 1.1, 1.2, 1.0]), case([1.25, 1.35, 1.05])]


@question(
    "deep_recommender.run_epochs",
    title="What the scheduler is told",
    objective="Steer the learning rate by the loss over all validation ratings.",
    points=3,
    needs=["run_epochs"],
    bug_hunt="scheduler_fed_the_last_batch",
    cases=_run_epochs_cases,
    parts={
        "told": close(share=3, about="the losses that the scheduler was told"),
        "history": close(share=2, about="the losses that are returned"),
        "trained_on": equal(share=1.5, about="the batches trained on, in order"),
        "order": equal(share=0.5, about="the order of training, validating and telling the scheduler"),
    },
    hints=[
        "Which ratings does the number come from that the scheduler is told?",
        "The loss of one batch rises and falls by chance. Which of the arguments gives a loss that does not?",
        "After the batches of an epoch call `validate()` once; keep its result, and tell it to the scheduler.",
    ],
)
def run_epochs(code: Code, case: Case) -> Parts:
    script = _Script(case)
    history = code.run_epochs(script.new_batches, script.train_batch, script.validate, script, len(case["valid"]))
    yield "told", script.told
    yield "history", list(history)
    yield "trained_on", script.trained_on
    yield "order", script.log


def _evaluate_cases(rng: np.random.Generator) -> list[Case]:
    def case(n: int) -> Case:
        user, movie = rng.uniform(1, 2, 5), rng.uniform(1, 2, 6)
        users, movies = rng.integers(0, 5, n), rng.integers(0, 6, n)
        # Errors on both sides of half a star and of one star, never near either; more than half are large.
        errors = np.resize([0.2, -0.3, 0.75, -0.8, 1.6], n) + rng.uniform(-0.1, 0.1, n)
        return {"user": user, "movie": movie, "users": users, "movies": movies, "edge": False,
                "ratings": user[users] + movie[movies] - errors}  # fmt: skip

    def edge(n: int) -> Case:
        """Quarters of stars, which are exact: some errors are exactly half a star, and the others a quarter."""
        user, movie = rng.integers(4, 9, 5) / 4, rng.integers(4, 9, 6) / 4
        users, movies = rng.integers(0, 5, n), rng.integers(0, 6, n)
        errors = np.where(rng.permutation(n) < rng.integers(n // 5, n // 2), 0.5, 0.25) * rng.choice([-1, 1], n)
        return {"user": user, "movie": movie, "users": users, "movies": movies, "edge": True,
                "ratings": user[users] + movie[movies] - errors}  # fmt: skip

    return [case(15), case(23), case(18), edge(40)]


@question(
    "deep_recommender.evaluate",
    title="Measured, not trained",
    objective="Measure a model on ratings it has never seen, in evaluation mode and without gradients.",
    points=2,
    needs=["evaluate"],
    cases=_evaluate_cases,
    parts={
        "rmse": close(share=2, about="the root mean squared error"),
        "accuracy": close(share=1.5, about="the share of predictions within half a star"),
        "edge": close(share=0.25, about="the same share, where some predictions are exactly half a star away"),
        "eval_mode": equal(about="whether the model is in evaluation mode"),
        "no_gradients": equal(share=0.5, about="whether the model is called without recording gradients"),
    },
    hints=[
        "What must a model not do while it is measured: drop neurons, remember how it computed, learn?",
        "`model.eval()` is for the layers, `torch.no_grad()` for the gradients; neither does the other's work.",
        "Errors are predictions minus ratings. Square, mean, root; and the mean of `errors.abs() < 0.5`.",
    ],
)
def evaluate(code: Code, case: Case) -> Parts:
    model = _Pair(case["user"], case["movie"]).train()
    rmse, accuracy = code.evaluate(model, _long(case["users"]), _long(case["movies"]), _float(case["ratings"]))
    if case["edge"]:
        yield "edge", accuracy
        return
    yield "rmse", rmse
    yield "accuracy", accuracy
    yield "eval_mode", model.always_in(training=False)
    yield "no_gradients", bool(model.with_gradients) and not any(model.with_gradients)


what_depth_adds = quiz(
    "deep_recommender.what_depth_adds",
    title="What depth adds",
    objective="Compare a network over two embeddings with their dot product.",
    choices=("a", "b", "c", "d"),
    hints=[
        "Which functions of two vectors can the one compute, and which the other?",
        "“Can be computed” and “is found from some 60,000 ratings” are two claims.",
        "Is multiplying two inputs something a linear layer with ReLU does at once, or something it has to learn?",
    ],
)
