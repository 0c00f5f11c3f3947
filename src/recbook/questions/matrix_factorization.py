"""Questions of the chapter `matrix_factorization`.

Every question brings its own small factors, ratings and stand-ins, so no exercise depends on another one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import nn

from recbook.parts import close, equal
from recbook.question import Case, Code, question, quiz

Parts = Iterator[tuple[str, Any]]

#: In the place of a gradient that cannot be computed. An exception would look like any other of the same type.
NO_GRADIENT = float("nan")


# --- The small things that questions bring along ---------------------------------------------------------------------


def _normal(rng: np.random.Generator, *shape: int, scale: float = 1.0) -> np.ndarray:
    return rng.normal(0, scale, shape).astype(np.float32)


def _tensor(value: np.ndarray) -> torch.Tensor:
    return torch.tensor(value)


def _trainable(value: np.ndarray) -> torch.Tensor:
    return torch.tensor(value, requires_grad=True)


def _stars(rng: np.random.Generator, *shape: int) -> np.ndarray:
    return rng.integers(1, 6, shape).astype(np.float32)


def _mask(rng: np.random.Generator, n_users: int, n_movies: int) -> np.ndarray:
    """Which ratings exist: a few for the first user, nearly all for the last one."""
    exist = rng.random((n_users, n_movies)) < np.linspace(0.2, 0.9, n_users)[:, None]
    exist[:, 0], exist[:, 1] = True, False
    return exist


def _rating_pairs(rng: np.random.Generator, n_users: int, n_movies: int, n: int) -> dict[str, np.ndarray]:
    """`n` ratings of different pairs, in an order that is surely not sorted, with values all apart.

    Sorting moves every value, and moves it to another place than undoing the sorting would.
    """
    cells = np.roll(np.sort(rng.permutation(n_users * n_movies)[:n]), n // 3)
    return {
        "users": cells // n_movies,
        "movies": cells % n_movies,
        "values": np.linspace(1, 5, n).astype(np.float32),
    }


def _sparse(pairs: dict[str, np.ndarray], n_users: int, n_movies: int, *, sort: bool = False) -> torch.Tensor:
    n = len(pairs["users"])
    order = np.roll(np.arange(n), -(n // 3)) if sort else np.arange(n)
    places = torch.tensor(np.stack([pairs["users"][order], pairs["movies"][order]]))
    values = torch.tensor(pairs["values"][order])
    sparse = torch.sparse_coo_tensor(places, values, (n_users, n_movies), check_invariants=True)
    return sparse.coalesce() if sort else sparse


# --- A table of ratings ----------------------------------------------------------------------------------------------


def _factor_tensors_cases(rng: np.random.Generator) -> list[Case]:
    def case() -> Case:
        few, many = int(rng.integers(300, 500)), int(rng.integers(600, 1000))
        n_users, n_movies = (int(n) for n in rng.permutation([few, many]))
        return {
            "n_users": n_users, "n_movies": n_movies, "n_factors": int(rng.integers(20, 60)),
            "seed": int(rng.integers(1, 10_000)), "slopes": rng.integers(10, 100, 2).tolist(),
            "learning_rate": int(rng.integers(1, 50)) / 100,
        }  # fmt: skip

    return [case(), case(), case()]


@question(
    "matrix_factorization.factor_tensors",
    title="Two tensors of factors",
    objective="Create the numbers that training will adjust, so that it can adjust them and starts at a good place.",
    points=2,
    needs=["factor_tensors"],
    cases=_factor_tensors_cases,
    parts={
        "shapes": equal(about="the shapes of both tensors"),
        "trainable": equal(share=2, about="by how much a step of an optimizer changes both tensors"),
        "centred": equal(share=0.75, about="whether the numbers lie around 0"),
        "spread": close(rtol=0.08, share=1, about="how much all numbers together deviate from their mean"),
        "normal": equal(share=0.25, about="whether the numbers come from a normal distribution"),
        "repeatable": equal(share=0.5, about="whether the same seed of the generator gives the same numbers"),
        "seeds_differ": equal(share=0.5, about="whether another seed gives other numbers, also for the movies"),
    },
    hints=[
        "What do the numbers have to be, so that gradients can reach them and the first estimates are near 0?",
        "`torch.randn` takes a `generator`. A tensor trains only if it is not itself the result of a computation "
        "that PyTorch has recorded.",
        "Draw, scale by 0.1, and only then switch gradients on: `requires_grad_()` does that to a finished tensor.",
    ],
)
def factor_tensors(code: Code, case: Case) -> Parts:
    def draw(seed: int) -> tuple[torch.Tensor, torch.Tensor]:
        generator = torch.Generator().manual_seed(seed)
        return code.factor_tensors(case["n_users"], case["n_movies"], case["n_factors"], generator)

    both = draw(case["seed"])
    users, movies = both
    yield "shapes", [list(users.shape), list(movies.shape)]
    yield "centred", all(abs(float(t.detach().mean())) < 0.3 * float(t.detach().std()) for t in both)
    yield "spread", [float(t.detach().std()) * t.numel() ** 0.5 for t in both]
    # Of thousands of normal numbers some lie far out; uniform ones end at 1.7 standard deviations.
    yield "normal", all(float(t.detach().abs().max()) > 2.5 * float(t.detach().std()) for t in both)
    again, other = draw(case["seed"]), draw(case["seed"] + 7)
    random = min(float(t.detach().std()) for t in both) > 0
    yield "repeatable", random and all(torch.equal(a, b) for a, b in zip(both, again, strict=True))
    yield "seeds_differ", random and not any(torch.equal(a, b) for a, b in zip(both, other, strict=True))
    steps = zip(both, case["slopes"], strict=True)
    yield "trainable", [_stepped(tensor, slope, case["learning_rate"]) for tensor, slope in steps]


def _stepped(tensor: torch.Tensor, slope: int, learning_rate: float) -> float | str:
    """By how much a step down this slope lowers the numbers of a tensor, or why an optimizer cannot step."""
    if not tensor.requires_grad:
        return "records nothing"
    if not tensor.is_leaf:
        return "a result"
    before = tensor.detach().clone()
    (slope * tensor).sum().backward()
    torch.optim.SGD([tensor], lr=learning_rate).step()
    return round(float((before - tensor.detach()).double().mean()), 3)


def _estimate_cases(rng: np.random.Generator) -> list[Case]:
    def case(n_users: int, n_movies: int, n_factors: int) -> Case:
        return {"users": _normal(rng, n_factors, n_users), "movies": _normal(rng, n_factors, n_movies)}

    # In the square case every product can be computed, also the wrong ones: it tells them apart.
    return [case(4, 6, 3), case(5, 5, 5)]


@question(
    "matrix_factorization.estimate",
    title="From factors to ratings",
    objective="Multiply the two tensors so that every user meets every movie.",
    points=1,
    needs=["estimate"],
    cases=_estimate_cases,
    parts={
        "estimates": close(share=3, about="the estimated ratings"),
        "gradient": close(about="the gradient of the users' factors"),
    },
    hints=[
        "A user is a column here. What shape must the left matrix have, if the result has a row for each user?",
        "In the product of an (a, k) and a (k, b) matrix the k disappears: it is summed over.",
        "Transpose the users' factors, then multiply them with the movies' by `@`.",
    ],
)
def estimate(code: Code, case: Case) -> Parts:
    users, movies = _trainable(case["users"]), _trainable(case["movies"])
    estimates = code.estimate(users, movies)
    yield "estimates", estimates
    if not estimates.requires_grad:
        yield "gradient", NO_GRADIENT
        return
    estimates.square().sum().backward()
    yield "gradient", users.grad


def _calc_loss_cases(rng: np.random.Generator) -> list[Case]:
    def case(n_users: int, n_movies: int, filler: np.ndarray | float) -> Case:
        exist = _mask(rng, n_users, n_movies)
        true_r = np.where(exist, _stars(rng, n_users, n_movies), filler).astype(np.float32)
        return {"true_r": true_r, "est_r": _normal(rng, n_users, n_movies) + 3, "exist": exist}

    # What stands at the gaps is 0 in one table, −1 in another, and numbers that look like ratings in the third.
    return [case(4, 6, 0.0), case(5, 7, -1.0), case(4, 5, rng.integers(2, 5, (4, 5)) + 0.5)]


@question(
    "matrix_factorization.calc_loss",
    title="The loss knows where ratings are",
    objective="Average the squared error over the ratings that exist, and over nothing else.",
    points=3,
    needs=["calc_loss"],
    bug_hunt="mean_over_all_cells",
    cases=_calc_loss_cases,
    parts={
        "loss": close(share=2, about="the loss"),
        "gradient": close(share=2, about="the gradient with respect to the estimates"),
    },
    hints=[
        "Which of the squared errors that are averaged here can never be anything but 0?",
        "`exist.sum()` counts the ratings. `torch.mean` divides by something else.",
        "Add up the squared errors where `exist` is True, and divide by the number of such entries.",
    ],
)
def calc_loss(code: Code, case: Case) -> Parts:
    estimates = _trainable(case["est_r"])
    loss = code.calc_loss(_tensor(case["true_r"]), estimates, _tensor(case["exist"]))
    yield "loss", loss
    if not isinstance(loss, torch.Tensor):
        yield "gradient", NO_GRADIENT
        return
    loss.backward()
    yield "gradient", estimates.grad


mask_changes = quiz(
    "matrix_factorization.mask_changes",
    title="Divided by the wrong number",
    objective="Say what a wrong denominator in the loss does to training, and what it does not.",
    choices=("a", "b", "c", "d"),
    hints=[
        "Write both losses as one sum divided by two different numbers.",
        "How does the gradient of a function change when the function is divided by 16?",
        "The place of the minimum stays. What becomes of the length of a step?",
    ],
)


def _training_step_cases(rng: np.random.Generator) -> list[Case]:
    return [
        {
            "users": _normal(rng, 3, 4, scale=0.6),
            "movies": _normal(rng, 3, 5, scale=0.6),
            "true_r": np.stack([_stars(rng, 4, 5), _stars(rng, 4, 5)]),
            "exist": _mask(rng, 4, 5),
            "learning_rate": float(rng.uniform(0.02, 0.05)),
        }
    ]


def _odd_estimate(user_factors: torch.Tensor, movies_factors: torch.Tensor) -> torch.Tensor:
    """Some function of both tensors, not the chapter's."""
    return user_factors.exp().sum(dim=0)[:, None] + movies_factors.square().sum(dim=0)[None, :]


def _odd_loss(true_r: torch.Tensor, est_r: torch.Tensor, exist: torch.Tensor) -> torch.Tensor:
    """Some loss, not the chapter's; its arguments cannot be exchanged."""
    return torch.where(exist, (est_r - 2 * true_r) ** 4, 0.0).sum() ** 0.25


@question(
    "matrix_factorization.training_step",
    title="One step of learning",
    objective="Put the parts of a training step in order, so that every step starts afresh.",
    points=3,
    needs=["training_step"],
    bug_hunt="gradients_not_cleared",
    cases=_training_step_cases,
    parts={
        "loss": close(about="the loss that is returned"),
        "first_step": close(share=2, about="the users' factors after the first step"),
        "second_step": close(share=2, about="the movies' factors after a second step, with other ratings"),
        "is_number": equal(share=0.5, about="whether the loss is a plain number"),
    },
    hints=[
        "What is in `user_factors.grad` when the second step begins?",
        "`backward()` adds to the gradients that are there already. The optimizer can clear them.",
        "Clear, estimate, compare, go backward, step. One of these is missing; the optimizer has a method for it, "
        "`zero_grad()`.",
    ],
)
def training_step(code: Code, case: Case) -> Parts:
    users, movies = _trainable(case["users"]), _trainable(case["movies"])
    first, second = _tensor(case["true_r"])
    exist = _tensor(case["exist"])
    optimizer = torch.optim.SGD([users, movies], lr=case["learning_rate"])
    loss = code.training_step(users, movies, first, exist, optimizer, _odd_estimate, _odd_loss)
    yield "loss", loss
    yield "first_step", users
    code.training_step(users, movies, second, exist, optimizer, _odd_estimate, _odd_loss)
    yield "second_step", movies
    # Asked last and of code that learns: a number alone is no answer to this question.
    yield "is_number", isinstance(loss, float) and not np.array_equal(users.detach(), case["users"])


# --- Back to stars ---------------------------------------------------------------------------------------------------


def _to_range_cases(rng: np.random.Generator) -> list[Case]:
    some = rng.uniform(1.2, 4.8, (4, 5)).astype(np.float32)
    some[0, 0], some[1, 2], some[3, 1], some[3, 4] = -0.7, 0.4, 5.6, 9.5
    calm = rng.uniform(2.2, 3.9, (3, 4)).astype(np.float32)
    halves = rng.uniform(-1, 7, 9).astype(np.float32)
    halves[:4] = [0.2, 0.7, 4.7, 6.3]
    return [
        {"estimated": some, "what": "values"},
        {"estimated": calm, "what": "calm"},
        {"estimated": halves, "low": 0.5, "high": 4.5, "what": "other_range"},
    ]


@question(
    "matrix_factorization.to_range",
    title="Nobody gives 5.6 stars",
    objective="Bring estimates into the range of ratings without spoiling the good ones.",
    points=1,
    needs=["to_range"],
    cases=_to_range_cases,
    parts={
        "values": close(share=2, about="the numbers in the range from 1 to 5"),
        "calm": close(about="estimates that were in the range already"),
        "other_range": close(about="the numbers for another range of ratings"),
        "untouched": equal(share=0.5, about="whether the given estimates were left as they were"),
    },
    hints=[
        "An estimate of 3.4 stars: what should become of it, if another one somewhere is 9.5?",
        "Only numbers outside the range have to move. To where is the shortest way?",
        "`torch.clamp(x, min=…, max=…)` moves what lies outside to the nearest end, and nothing else.",
    ],
)
def to_range(code: Code, case: Case) -> Parts:
    estimated = _tensor(case["estimated"])
    limits = (case["low"], case["high"]) if "low" in case else ()
    result = code.to_range(estimated, *limits)
    # Code that never changes anything has not earned the parts in which nothing should change.
    idle = torch.equal(code.to_range(torch.tensor([-3.0, 4.0, 9.5])), torch.tensor([-3.0, 4.0, 9.5]))
    yield case["what"], "nothing changes, whatever the estimates" if idle and case["what"] == "calm" else result
    if case["what"] == "values":
        yield "untouched", not idle and bool(np.array_equal(estimated.numpy(), case["estimated"]))


min_max = quiz(
    "matrix_factorization.min_max",
    title="Stretching the whole table",
    objective="Say why predictions must not be rescaled by the smallest and the largest of them.",
    choices=("a", "b", "c", "d"),
    hints=[
        "The loss compared estimates with stars. In which unit are the estimates already?",
        "Suppose one estimate among a million is 11. What does the rescaling do to an estimate of 4?",
        "A prediction for one pair should not depend on the most extreme prediction for somebody else.",
    ],
)


# --- Only the ratings that exist -------------------------------------------------------------------------------------


def _sparse_error_cases(rng: np.random.Generator) -> list[Case]:
    def case(n_users: int, n_movies: int, n: int, sort: bool) -> Case:
        return {
            "n_users": n_users,
            "n_movies": n_movies,
            "pairs": _rating_pairs(rng, n_users, n_movies, n),
            "U": _normal(rng, n_users, 3),
            "V": _normal(rng, n_movies, 3),
            "sort": sort,
        }

    return [case(7, 5, 14, False), case(6, 6, 17, False), case(8, 4, 12, True)]


@question(
    "matrix_factorization.sparse_mean_square_error",
    title="Every rating with its own pair",
    objective="Compute the error of the ratings in a sparse tensor, whatever order they are stored in.",
    points=3,
    needs=["sparse_mean_square_error"],
    bug_hunt="permuted_labels",
    cases=_sparse_error_cases,
    parts={
        "error": close(share=2, about="the mean squared error of ratings that are not sorted"),
        "gradient": close(share=2, about="the gradient with respect to the movies' embeddings"),
        "sorted": close(about="the mean squared error of ratings that are sorted already"),
    },
    hints=[
        "In which order are the pairs here, and in which order are the values?",
        "`coalesce()` gives a new tensor whose pairs are sorted, and whose values moved with them.",
        "Coalesce once, at the start, and take both the pairs and the values from the result.",
    ],
)
def sparse_mean_square_error(code: Code, case: Case) -> Parts:
    sparse = _sparse(case["pairs"], case["n_users"], case["n_movies"], sort=case["sort"])
    users, movies = _trainable(case["U"]), _trainable(case["V"])
    error = code.sparse_mean_square_error(sparse, users, movies)
    if case["sort"]:
        yield "sorted", error
        return
    yield "error", error
    if not isinstance(error, torch.Tensor):
        yield "gradient", NO_GRADIENT
        return
    error.backward()
    yield "gradient", movies.grad


def _cf_model_cases(rng: np.random.Generator) -> list[Case]:
    def case(n_users: int, n_movies: int, init_stddev: float) -> Case:
        return {
            "n_users": n_users,
            "n_movies": n_movies,
            "init_stddev": init_stddev,
            "U": _normal(rng, n_users, 8),
            "V": _normal(rng, n_movies, 8),
            "users": rng.integers(0, n_users, 9),
            "movies": rng.integers(0, n_movies, 9),
            "seed": int(rng.integers(1, 10_000)),
        }

    return [case(50, 70, 0.5), case(60, 45, 0.05)]


@question(
    "matrix_factorization.CFModel",
    title="A model of pairs",
    objective="Write a factorisation as a PyTorch module that predicts any pairs it is asked about.",
    points=4,
    needs=["CFModel"],
    cases=_cf_model_cases,
    parts={
        "parameters": equal(about="the names and shapes of the trainable parameters"),
        "spread": equal(about="whether both parameters spread around 0 by `init_stddev`"),
        "seeded": equal(share=0.5, about="whether `torch.manual_seed` decides about the first numbers"),
        "predictions": close(share=2, about="the predictions for some pairs"),
        "gradient": close(about="the gradient of V after a backward pass"),
        "embeddings": equal(about="the `embeddings`"),
    },
    hints=[
        "What turns a tensor into something that `model.parameters()` lists?",
        "Rows of a tensor can be chosen by a tensor of row numbers, also several times the same row. "
        "Then there is one row of U and one of V for each pair.",
        "Multiply chosen rows element by element and sum over the embedding's numbers. For `embeddings`, detach first.",
    ],
)
def cf_model(code: Code, case: Case) -> Parts:
    torch.manual_seed(case["seed"])
    model = code.CFModel(case["n_users"], case["n_movies"], case["init_stddev"], 8)
    shapes = {name: list(p.shape) for name, p in model.named_parameters() if p.requires_grad}
    yield "parameters", dict(sorted(shapes.items()))
    yield "spread", [_against(tensor, case["init_stddev"]) for tensor in (model.U, model.V)]
    torch.manual_seed(case["seed"])
    again = code.CFModel(case["n_users"], case["n_movies"], case["init_stddev"], 8)
    torch.manual_seed(case["seed"] + 3)
    other = code.CFModel(case["n_users"], case["n_movies"], case["init_stddev"], 8)
    yield "seeded", torch.equal(model.U, again.U) and not torch.equal(model.U, other.U)
    with torch.no_grad():
        model.U.copy_(_tensor(case["U"]))
        model.V.copy_(_tensor(case["V"]))
    predictions = model(_tensor(case["users"]), _tensor(case["movies"]))
    yield "predictions", predictions
    predictions.square().sum().backward()
    yield "gradient", model.V.grad
    try:
        embeddings = model.embeddings
    except RuntimeError:
        yield "embeddings", "a RuntimeError"
        return
    right_types = all(isinstance(embeddings[name], np.ndarray) for name in ("user_id", "movie_id"))
    yield "embeddings", [right_types, *(_twin(embeddings[name], case) for name in ("user_id", "movie_id"))]


def _against(tensor: torch.Tensor, wanted: float) -> str:
    """The mean and the spread of random numbers, in words."""
    mean, spread = float(tensor.detach().mean()), float(tensor.detach().std())
    place = "around 0" if abs(mean) < 0.3 * spread else "around another number"
    if 0.8 < spread / wanted < 1.25:
        return f"{place}, as spread"
    return (
        f"{place}, spread by 1" if 0.8 < spread < 1.25 else f"{place}, {'more' if spread > wanted else 'less'} spread"
    )


def _twin(value: Any, case: Case) -> str:
    value = value.detach() if isinstance(value, torch.Tensor) else value
    return next((name for name in "UV" if np.array_equal(np.asarray(value), case[name])), "neither U nor V")


class _Additive(nn.Module):
    """A model of pairs that is not the chapter's: a number for the user plus one for the movie."""

    def __init__(self, users: np.ndarray, movies: np.ndarray):
        super().__init__()
        self.users, self.movies = nn.Parameter(_tensor(users)), nn.Parameter(_tensor(movies))

    def __getattr__(self, name: str) -> Any:
        if name in ("U", "V", "embeddings"):
            raise AttributeError(f"this model has no {name}; ask any model by `model(users, movies)`")
        return super().__getattr__(name)

    def forward(self, users: torch.Tensor, movies: torch.Tensor) -> torch.Tensor:
        return self.users[users] + self.movies[movies] ** 2


def _train_cases(rng: np.random.Generator) -> list[Case]:
    def case(n_users: int, n_movies: int, num_iterations: int) -> Case:
        return {
            "n_users": n_users,
            "n_movies": n_movies,
            "train": _rating_pairs(rng, n_users, n_movies, 24),
            "test": _rating_pairs(rng, n_users, n_movies, 9),
            "a": _normal(rng, n_users),
            "b": _normal(rng, n_movies) + 1,
            "num_iterations": num_iterations,
            "learning_rate": float(rng.uniform(0.15, 0.3)),
        }

    return [case(7, 6, 4), case(6, 8, 1)]


@question(
    "matrix_factorization.train",
    title="Train one model, and that one",
    objective="Write the training loop of a model of pairs, with an optimizer of its own.",
    points=4,
    needs=["train"],
    cases=_train_cases,
    parts={
        "train_history": close(share=1.5, about="history['train']"),
        "test_history": close(share=1.5, about="history['test']"),
        "weights": close(share=2, about="the parameters after training"),
        "numbers": equal(share=0.5, about="what a history of a trained model holds"),
    },
    hints=[
        "Whose parameters must the optimizer get, and where must it be made, so that no other model is trained by it?",
        "Errors before the first step and after each step: that is one measurement more than there are steps.",
        "Make SGD inside the function. In each turn measure both errors, note them as floats; then, unless it is the "
        "last turn, clear, go backward from the training error, step.",
    ],
)
def train(code: Code, case: Case) -> Parts:
    model = _Additive(case["a"], case["b"])
    size = case["n_users"], case["n_movies"]
    A_train, A_test = _sparse(case["train"], *size), _sparse(case["test"], *size)
    history = code.train(model, case["num_iterations"], case["learning_rate"], A_train, A_test)
    untrained = torch.equal(model.users.detach(), _tensor(case["a"]))
    yield "train_history", [float(error) for error in history["train"]]
    yield "test_history", [float(error) for error in history["test"]]
    yield "weights", torch.cat([model.users, model.movies])
    yield "numbers", "the model is not trained" if untrained else _kind([*history["train"], *history["test"]])


def _kind(numbers: list[Any]) -> str:
    if all(isinstance(number, float) for number in numbers):
        return "floats"
    return "tensors" if any(isinstance(number, torch.Tensor) for number in numbers) else "neither floats nor tensors"


small_start = quiz(
    "matrix_factorization.small_start",
    title="Why does it matter where we start?",
    objective="Say why a small random start predicts unseen ratings better than a large one.",
    choices=("a", "b", "c", "d"),
    hints=[
        "Both models fit the training ratings about equally well. In what else can they differ?",
        "With 30 numbers for each user and movie, and often few ratings, some directions are hardly moved by training.",
        "What a gradient never moves stays where it was drawn, and it takes part in every prediction.",
    ],
)


# --- Biases and a penalty --------------------------------------------------------------------------------------------


def _biased_cases(rng: np.random.Generator) -> list[Case]:
    def case(n_users: int, n_movies: int, size: float) -> Case:
        return {
            "users": rng.integers(0, min(n_users, n_movies), 8),
            "movies": rng.integers(0, min(n_users, n_movies), 8),
            "mean": float(rng.uniform(3.3, 3.8)),
            "user_biases": _normal(rng, n_users, scale=size),
            "movie_biases": _normal(rng, n_movies, scale=size),
            "user_factors": _normal(rng, n_users, 3, scale=size),
            "movie_factors": _normal(rng, n_movies, 3, scale=size),
        }

    return [case(6, 5, 0.5), case(5, 7, 2.0)]  # in the second, predictions leave the range of stars


@question(
    "matrix_factorization.biased_predictions",
    title="Level first, taste on top",
    objective="Predict a rating from a mean, two biases and a dot product.",
    points=2,
    needs=["biased_predictions"],
    cases=_biased_cases,
    parts={"predictions": close(about="the predictions")},
    hints=[
        "What would you predict for a user and a movie if both were just average in everything?",
        "Choose the pairs' biases and the pairs' rows of factors by index; then all has one entry for each pair.",
        "Mean, plus the user's bias, plus the movie's bias, plus the dot product of the two rows.",
    ],
)
def biased_predictions(code: Code, case: Case) -> Parts:
    arguments = {name: _tensor(value) if isinstance(value, np.ndarray) else value for name, value in case.items()}
    yield "predictions", code.biased_predictions(**arguments)


def _best_vectors_cases(rng: np.random.Generator) -> list[Case]:
    def case(n_rows: int, n_columns: int, n_features: int, filler: float) -> Case:
        exist = _mask(rng, n_rows, n_columns)
        # Every row can be solved without a penalty, too, and whoever forgets it gets the same answer in every way.
        exist[:, 2 : 2 + n_features] = True
        features = _normal(rng, n_columns, n_features, scale=0.7)
        features[2 : 2 + n_features] += 2 * np.eye(n_features, dtype=np.float32)
        targets = np.where(exist, _normal(rng, n_rows, n_columns), filler).astype(np.float32)
        penalties = rng.permutation(np.linspace(0.4, 3, n_features)).astype(np.float32)
        return {"targets": targets, "exist": exist, "features": features, "penalties": penalties}

    usual, other, empty = case(5, 9, 3, 0.0), case(4, 7, 2, 50.0), case(4, 6, 3, 0.0)
    empty["exist"][2] = False
    return [{**usual, "what": "vectors"}, {**other, "what": "vectors"}, {**empty, "what": "empty_row"}]


@question(
    "matrix_factorization.best_vectors",
    title="The best vector has a formula",
    objective="Solve for all users' vectors at once while the movies' vectors stand still.",
    points=4,
    needs=["best_vectors"],
    cases=_best_vectors_cases,
    parts={
        "vectors": close(share=4, about="the vectors", rtol=2e-3, atol=1e-3),
        "empty_row": close(about="the vectors when a row has no rating", rtol=2e-3, atol=1e-3),
    },
    hints=[
        "Take one row. Which of the columns count, and what are F and t in the formula then?",
        "`torch.linalg.solve(M, b)` gives the w with Mw = b. A loop over rows is allowed.",
        "M is the features' own products, summed over the row's existing columns, with the penalties added on the "
        "diagonal; b is the same sum of features times targets.",
    ],
)
def best_vectors(code: Code, case: Case) -> Parts:
    tensors = [_tensor(case[name]) for name in ("targets", "exist", "features", "penalties")]
    vectors = code.best_vectors(*tensors)
    if case["what"] == "empty_row":
        if not bool(torch.as_tensor(vectors).any()):
            vectors = "zeros for every row"  # which is right for the empty one only
        elif len(vectors) == len(case["exist"]):
            vectors = torch.where(tensors[1].any(dim=1, keepdim=True), 0.0, torch.as_tensor(vectors))
    yield case["what"], vectors
