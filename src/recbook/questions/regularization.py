"""Questions of the chapter `regularization`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from recbook.parts import close, equal
from recbook.question import Case, Code, essay, question, quiz

Parts = Iterator[tuple[str, Any]]

LETTERS = ("a", "b", "c", "d")


# --- Small data and models of our own --------------------------------------------------------------------------------


def _embeddings(rng: np.random.Generator, n_users: int, n_movies: int, dim: int) -> Case:
    """Embeddings whose users and movies differ in number and in length."""
    return {
        "U": rng.normal(0.3, 0.9, (n_users, dim)).astype(np.float32),
        "V": rng.normal(-0.2, 0.6, (n_movies, dim)).astype(np.float32),
    }


def _leaf(value: np.ndarray) -> torch.Tensor:
    return torch.tensor(value, requires_grad=True)


def _gradients(value: Any, *leaves: torch.Tensor) -> list[Any]:
    """The gradient of `value` for each leaf, which is 0 where the value carries none."""
    if isinstance(value, torch.Tensor) and value.requires_grad:
        value.backward()
    return [torch.zeros_like(leaf) if leaf.grad is None else leaf.grad for leaf in leaves]


class _Counter(TorchFunctionMode):
    """Counts the numbers in the results of all torch functions called in its block."""

    def __init__(self) -> None:
        super().__init__()
        self.numbers = 0

    def __torch_function__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        if isinstance(result, torch.Tensor):
            self.numbers += result.numel()
        return result


class _Tiny(nn.Module):
    """A model that is not the chapter's: two matrices and an offset."""

    def __init__(self, U: np.ndarray, V: np.ndarray):
        super().__init__()
        self.U = nn.Parameter(torch.tensor(U))
        self.V = nn.Parameter(torch.tensor(V))
        self.offset = nn.Parameter(torch.tensor(1.0))

    def forward(self, users: torch.Tensor, movies: torch.Tensor) -> torch.Tensor:
        return (self.U[users] * self.V[movies]).sum(dim=1) + self.offset


# --- Folding ---------------------------------------------------------------------------------------------------------

what_is_folding = quiz(
    "regularization.what_is_folding",
    title="What is folding?",
    objective="Say why unrelated movies can end up side by side.",
    choices=LETTERS,
    hints=[
        "Which pairs of a user and a movie does the squared error look at?",
        "Two groups of people have not one movie in common. What does the loss say about a pair from both groups?",
        "A loss over observed ratings stays the same when a whole group of users and movies is turned around 0.",
    ],
)


def _folding_cases(rng: np.random.Generator) -> list[Case]:
    def case(n: int, dim: int, diagonal: bool) -> Case:
        together = rng.random((n, n)) < 0.4
        together |= together.T
        together[0, 1] = together[1, 0] = False  # whatever the seed, some pair of both kinds
        together[0, 2] = together[2, 0] = True
        np.fill_diagonal(together, diagonal)
        lengths = rng.permutation(np.linspace(0.3, 3, n))[:, None]
        return {"V": rng.normal(0.4, 1, (n, dim)) * lengths, "together": together}

    return [case(9, 3, True), case(7, 2, False)]


@question(
    "regularization.folding_score",
    title="Measure folding",
    objective="Measure how close movies lie to each other that have nothing to do with each other.",
    points=2,
    needs=["folding_score"],
    cases=_folding_cases,
    parts={
        "score": close(share=3, about="the score"),
        "untouched": equal(about="whether the arrays that are handed in stay as they are"),
    },
    hints=[
        "What does the cosine forget about two vectors, and how do you get it for all pairs at once?",
        "Divide each row by its length; then the product of the matrix with its transpose holds all cosines.",
        "Take the mean of the cosines where `together` is False, without the diagonal.",
    ],
)
def folding_score(code: Code, case: Case) -> Parts:
    V, together = case["V"].copy(), case["together"].copy()
    yield "score", code.folding_score(V, together)
    yield "untouched", np.array_equal(V, case["V"]) and np.array_equal(together, case["together"])


# --- The two terms ---------------------------------------------------------------------------------------------------


def _term_cases(rng: np.random.Generator) -> list[Case]:
    return [_embeddings(rng, 5, 3, 2), _embeddings(rng, 2, 6, 4)]


@question(
    "regularization.regularization_loss",
    title="The length of embeddings",
    objective="Write the term that keeps embeddings short.",
    points=2,
    needs=["regularization_loss"],
    cases=_term_cases,
    parts={
        "loss": close(share=2, about="the loss"),
        "gradient": close(about="the gradient of the users' embeddings, 0 where none arrives"),
    },
    hints=[
        "The squared norm of a vector is the sum of its squared entries. Over what is the mean taken?",
        "Sum the squares of all entries of a matrix. By which of its two sizes do you divide?",
        "The sum of squares of `U` divided by the number of users, plus the same of `V` for movies.",
    ],
)
def regularization_loss(code: Code, case: Case) -> Parts:
    U, V = _leaf(case["U"]), _leaf(case["V"])
    loss = code.regularization_loss(U, V)
    yield "loss", loss
    yield "gradient", _gradients(loss, U)[0]


@question(
    "regularization.gravity_by_sum",
    title="Gravity, pair by pair",
    objective="Turn the definition of gravity into code, word by word.",
    points=1,
    needs=["gravity_by_sum"],
    cases=_term_cases,
    parts={"gravity": close(about="the gravity")},
    hints=[
        "How many pairs of a user and a movie are there? Each of them counts, rated or not.",
        "Two loops, one in the other: over the rows of `U`, and over the rows of `V`.",
        "Add up the squared dot product of each pair, and divide by the number of pairs at the end.",
    ],
)
def gravity_by_sum(code: Code, case: Case) -> Parts:
    yield "gravity", code.gravity_by_sum(torch.tensor(case["U"]), torch.tensor(case["V"]))


def _gravity_cases(rng: np.random.Generator) -> list[Case]:
    return [_embeddings(rng, 7, 4, 3), _embeddings(rng, 3, 9, 5), _embeddings(rng, 60, 90, 3) | {"count": True}]


@question(
    "regularization.gravity",
    title="Gravity, the cheap way",
    objective="Compute gravity from two small matrices, without a table of all pairs.",
    points=3,
    needs=["gravity"],
    cases=_gravity_cases,
    parts={
        "gravity": close(share=2, about="the gravity"),
        "gradient_U": close(about="the gradient of the users' embeddings, 0 where none arrives"),
        "gradient_V": close(about="the gradient of the movies' embeddings, 0 where none arrives"),
        "cheap": close(
            about="the gravity of many embeddings, and whether (1) or not (0) it takes fewer numbers than pairs"
        ),
    },
    hints=[
        "What are the shapes of `U.T @ U` and of `V.T @ V`? Does the number of users or movies still play a role?",
        "Write the squared dot product as a double sum over two columns a and b, and sum over users and movies first.",
        "What is left is the sum over all a, b of (UᵀU)_ab times (VᵀV)_ab. Do not forget the number of pairs.",
    ],
)
def gravity(code: Code, case: Case) -> Parts:
    U, V = _leaf(case["U"]), _leaf(case["V"])
    if case.get("count"):
        with _Counter() as counter:
            value = code.gravity(U, V)
        # With the number itself, so that a hint on the price reaches only those whose number is right.
        yield "cheap", [float(value), float(counter.numbers < len(U) * len(V))]
        return
    value = code.gravity(U, V)
    yield "gravity", value
    yield from zip(("gradient_U", "gradient_V"), _gradients(value, U, V), strict=True)


# --- One loss of three parts -----------------------------------------------------------------------------------------


def _total_cases(rng: np.random.Generator) -> list[Case]:
    return [
        _embeddings(rng, 4, 3, 2)
        | {
            "error": float(rng.uniform(2, 4)),
            "regularization_coeff": float(rng.uniform(0.1, 0.4)),
            "gravity_coeff": float(rng.uniform(2, 4)),
        }
        for _ in range(2)
    ]


def _some_length(U: torch.Tensor, V: torch.Tensor) -> torch.Tensor:
    """Stands in for the regularization term: deliberately another one."""
    return U.abs().sum() + 2 * V.abs().sum() + 1


def _some_pull(U: torch.Tensor, V: torch.Tensor) -> torch.Tensor:
    """Stands in for gravity: deliberately another one."""
    return U.abs().max() * V.abs().max() + 0.5


@question(
    "regularization.total_loss",
    title="What is minimised, what is reported",
    objective="Minimise the total loss, but report the error on the ratings as what it is.",
    points=2,
    needs=["total_loss"],
    bug_hunt="total_as_observed",
    cases=_total_cases,
    parts={
        "total": close(about="the total loss"),
        "observed_loss": close(share=2, about="the reported observed loss"),
        "regularization_loss": close(about="the reported regularization loss"),
        "gravity_loss": close(about="the reported gravity loss"),
        "gradient": close(about="the gradient of the users' embeddings, 0 where none arrives"),
        "adds_up": equal(share=1, about="whether the three parts are plain floats and add up to the total"),
    },
    hints=[
        "Add up the three numbers that are reported. What should the sum be?",
        "Which of the three parts has nothing to do with coefficients?",
        "The observed loss is the error that was handed in, before anything was added to it.",
    ],
)
def total_loss(code: Code, case: Case) -> Parts:
    U, V = _leaf(case["U"]), _leaf(case["V"])
    error = case["error"] * (1 + U.sum() - U.sum().detach())  # depends on U, so that it has a gradient
    total, parts = code.total_loss(
        error, U, V, case["regularization_coeff"], case["gravity_coeff"], _some_length, _some_pull
    )
    yield "total", total
    for name in ("observed_loss", "regularization_loss", "gravity_loss"):
        yield name, parts[name]
    if not all(isinstance(value, float) for value in parts.values()):
        yield "adds_up", "not all of them are floats"
    else:
        same = float(total) and np.isclose(sum(parts.values()), float(total), rtol=1e-4)
        yield "adds_up", "yes" if same else "their sum is another number"
    yield "gradient", _gradients(total, U)[0]


which_coefficient = quiz(
    "regularization.which_coefficient",
    title="Which coefficient does what?",
    objective="Tell the effect of the two terms apart.",
    choices=LETTERS,
    hints=[
        "A prediction is the product of two lengths and a cosine. Which of these does each term look at?",
        "Can gravity be zero while embeddings are long? Can the regularization term?",
        "Long embeddings at right angles cost no gravity. Only what is predicted counts there.",
    ],
)


# --- The model and its training --------------------------------------------------------------------------------------


def _model_cases(rng: np.random.Generator) -> list[Case]:
    return [
        {
            "n_users": int(rng.integers(300, 400)),
            "n_movies": int(rng.integers(500, 600)),
            "dim": int(rng.integers(24, 30)),
            "stddev": float(rng.uniform(0.2, 0.6)),
            "seed": int(rng.integers(1, 1000)),
            "users": rng.integers(0, 300, 8),
            "movies": rng.integers(0, 500, 8),
            "noise": rng.normal(0, 1, 50).astype(np.float32),
            "coefficients": rng.uniform(0.2, 0.9, 2).tolist(),
        }
    ]


@question(
    "regularization.RegularizedCFModel",
    title="A model that is whole from the start",
    objective="Write a model whose parameters exist, and are found, once it is created, and whose modes work.",
    points=3,
    needs=["RegularizedCFModel"],
    bug_hunt="LateAndShadowed",
    cases=_model_cases,
    parts={
        "parameters": equal(share=2, about="the parameters that the new model has, by name and shape"),
        "at_once": equal(share=0.5, about="whether `U` and `V` are tensors once the model is created"),
        "modes": equal(share=2, about="whether `eval()` and `train()` switch the mode and give the model back"),
        "seeded": equal(about="whether one seed gives one start, two seeds two, and `U` and `V` differ"),
        "normal": close(about="mean and spread of the first embeddings", rtol=0.05, atol=0.05),
        "coefficients": equal(share=0.5, about="the coefficients the model keeps"),
        "embeddings": equal(share=0.5, about="whether `embeddings` holds `U` and `V` as NumPy arrays"),
        "predictions": close(about="the predictions"),
    },
    hints=[
        "What does `list(model.parameters())` hold right after the model was created? And what is `model.train`?",
        "`nn.Parameter` as an attribute of `self`, in `__init__`, is found by PyTorch. `train` is a method of every "
        "module: `eval()` calls it.",
        "Create `U` and `V` in `__init__` with a `torch.Generator` of the given seed, and call nothing of yours "
        "`train`.",
    ],
)
def regularized_cf_model(code: Code, case: Case) -> Parts:
    def new(seed: int) -> Any:
        return code.RegularizedCFModel(
            case["n_users"], case["n_movies"], case["stddev"], *case["coefficients"], case["dim"], seed=seed
        )

    model = new(case["seed"])
    yield "parameters", {name: list(p.shape) for name, p in sorted(model.named_parameters()) if p.requires_grad}
    yield "at_once", all(isinstance(getattr(model, name, None), torch.Tensor) for name in "UV")
    yield "modes", _switches(model)
    yield "coefficients", [model.regularization_coeff, model.gravity_coeff]
    users, movies = torch.tensor(case["users"]), torch.tensor(case["movies"])
    for each in (model, again := new(case["seed"]), other := new(case["seed"] + 1)):
        each(users, movies)  # models that make their parameters late make them now
    U, V = model.U.detach().numpy(), model.V.detach().numpy()
    same, different = torch.equal(model.U, again.U), torch.equal(model.U, other.U)
    yield "seeded", [same, not different, not torch.equal(model.U[:5], model.V[:5])]
    yield "normal", [U.std() / case["stddev"], V.std() / case["stddev"], U.mean() / U.std(), V.mean() / V.std()]
    with torch.no_grad():  # the same embeddings for everybody
        pattern = torch.tensor(case["noise"])
        model.U.copy_(pattern[: case["dim"]] * torch.linspace(-1, 1, len(U))[:, None])
        model.V.copy_(pattern[-case["dim"] :] + torch.linspace(0, 1, len(V))[:, None])
    yield "embeddings", _holds(model.embeddings, model)
    yield "predictions", model(users, movies)


def _switches(model: nn.Module) -> Any:
    try:
        there = model.eval() is model and not model.training
        return there and model.train() is model and model.training
    except (TypeError, AttributeError) as error:
        return type(error).__name__


def _holds(embeddings: Any, model: nn.Module) -> bool:
    arrays = [embeddings["user_id"], embeddings["movie_id"]]
    return all(
        isinstance(array, np.ndarray) and np.array_equal(array, parameter.detach().numpy())
        for array, parameter in zip(arrays, (model.U, model.V), strict=True)
    )


def _train_cases(rng: np.random.Generator) -> list[Case]:
    def case(n_ratings: int, n_iterations: int) -> Case:
        start = _embeddings(rng, 6, 5, 3)
        return start | {
            "users": rng.integers(0, 6, n_ratings),
            "movies": rng.integers(0, 5, n_ratings),
            "stars": rng.integers(1, 6, n_ratings).astype(np.float32),
            "n_iterations": n_iterations,
            "learning_rate": float(rng.uniform(0.05, 0.15)),
        }

    return [case(20, 4), case(15, 7)]


@question(
    "regularization.train_regularized",
    title="Train this model, not another one",
    objective="Let the optimiser change the parameters of the model that is trained.",
    points=3,
    needs=["train_regularized"],
    bug_hunt="the_first_models_optimizer",
    cases=_train_cases,
    parts={
        "history": close(about="the observed losses in the history"),
        "users": close(share=2, about="the users' embeddings after training"),
        "movies": close(share=2, about="the movies' embeddings after training"),
        "other": close(about="another parameter of the model after training"),
        "again": close(
            about="the users' embeddings after a second call for the same model, with another learning rate"
        ),
    },
    hints=[
        "Train two models, one after the other. What happens to the second one?",
        "Which parameters does the optimiser hold at the second call? When was it created?",
        "An optimiser belongs to one model: create it at the beginning of each call, from this model's parameters.",
    ],
)
def train_regularized(code: Code, case: Case) -> Parts:
    users, movies, stars = (torch.tensor(case[name]) for name in ("users", "movies", "stars"))

    def loss(model: _Tiny, error: torch.Tensor) -> tuple[torch.Tensor, dict[str, float]]:
        lengths = 0.7 * (model.U.square().sum() + 3 * model.V.square().sum())
        total = error + lengths
        return total, {"observed_loss": error.item(), "lengths": lengths.item()}

    settings = {"num_iterations": case["n_iterations"], "learning_rate": case["learning_rate"]}
    somebody_elses = _Tiny(case["U"] + 1, case["V"])
    code.train_regularized(somebody_elses, loss, users, movies, stars, num_iterations=2, learning_rate=0.1)
    model = _Tiny(case["U"], case["V"])
    history = code.train_regularized(model, loss, users, movies, stars, **settings)
    yield "history", [parts["observed_loss"] for parts in history]
    yield "users", model.U
    yield "movies", model.V
    yield "other", model.offset
    settings = {"num_iterations": 3, "learning_rate": case["learning_rate"] / 3}
    code.train_regularized(model, loss, users, movies, stars, **settings)
    yield "again", model.U


# --- What it is good for ---------------------------------------------------------------------------------------------


def _neighbours_cases(rng: np.random.Generator) -> list[Case]:
    def group(angles: np.ndarray, lengths: np.ndarray, query: np.ndarray) -> np.ndarray:
        """Vectors at these angles to the unit vector `query`, to random sides."""
        side = rng.normal(size=(len(angles), len(query)))
        side -= np.outer(side @ query, query)
        side /= np.linalg.norm(side, axis=1, keepdims=True)
        return (np.outer(np.cos(angles), query) + np.sin(angles)[:, None] * side) * lengths[:, None]

    def unit(dim: int) -> np.ndarray:
        query = rng.normal(size=dim)
        return query / np.linalg.norm(query)

    def shuffled(query: np.ndarray, others: list[np.ndarray], member: np.ndarray, k: int) -> Case:
        order = rng.permutation(len(member))
        return {
            "V": np.vstack([query, *others])[order],
            "member": member[order],
            "query": int(np.flatnonzero(order == 0)[0]),
            "k": k,
        }

    def case(query_is_member: bool) -> Case:
        """Four groups of k movies: in the query's direction; with a large dot product; opposite; at a small distance.

        Of the first, some belong to the kind asked for; of the next two, numbers that differ by at least two from
        that; of the last, all. The last of the nearest is of another kind than the query, which would take its place.
        """
        k = int(rng.integers(6, 10))
        near = int(rng.integers(2, k - 1))
        dot, far = rng.permutation([n for n in range(k) if abs(n - near) > 1])[:2]
        members = [rng.permutation(k - 1)[: near - (not query_is_member)].tolist() + [k - 1] * (not query_is_member)]
        members += [rng.permutation(k)[:n].tolist() for n in (dot, far, k)]
        query, one = unit(4), np.ones(k)
        groups = [
            group(0.05 * np.arange(1, k + 1), rng.uniform(5, 20, k), query),
            group(1.0 * one, rng.uniform(200, 300, k), query),
            group(3.0 * one, rng.uniform(2, 5, k), query),
            group(0.6 * one, one, query),
        ]
        member = np.zeros(4 * k + 1, bool)
        member[0] = query_is_member
        for number, those in enumerate(members):
            member[[1 + number * k + i for i in those]] = True
        return shuffled(query, groups, member, k)

    def all_behind() -> Case:
        """All other movies point away from the query: their cosines are negative, so 0 beats every one of them.

        Only the query and the nearest of all are of the kind.
        """
        k = int(rng.integers(4, 8))
        member = np.zeros(2 * k + 1, bool)
        member[:2] = True
        query = unit(4)
        return shuffled(query, [group(np.linspace(1.8, 2.8, 2 * k), rng.uniform(1, 5, 2 * k), query)], member, k)

    return [case(True), case(False), all_behind()]


@question(
    "regularization.neighbours_share",
    title="Whom does a movie live next to?",
    objective="Find a movie's nearest neighbours and count how many of them are of its kind.",
    points=2,
    needs=["neighbours_share"],
    cases=_neighbours_cases,
    parts={
        "share": close(share=3, about="the share"),
        "untouched": equal(about="whether the arrays that are handed in stay as they are"),
    },
    hints=[
        "Which movie is the nearest of all to a movie, and should it count?",
        "Cosine: divide all rows by their lengths first. `np.argsort` sorts upwards.",
        "Set the similarity of the movie with itself to minus infinity, take the k largest, and average `member`.",
    ],
)
def neighbours_share(code: Code, case: Case) -> Parts:
    V, member = case["V"].copy(), case["member"].copy()
    yield "share", code.neighbours_share(V, case["query"], member, case["k"])
    yield "untouched", np.array_equal(V, case["V"]) and np.array_equal(member, case["member"])


worse_error_better_lists = quiz(
    "regularization.worse_error_better_lists",
    title="Worse error, better lists",
    objective="Explain how a model can predict ratings worse and rank movies better.",
    choices=LETTERS,
    hints=[
        "About which pairs does the test error ask? And about which pairs does a ranking of all unseen movies?",
        "Who decides which movies are rated, and is that decision independent of taste?",
        "Of the pairs without a rating, most are movies that the user would not want. One of the models was told so.",
    ],
)

the_tension = essay(
    "regularization.the_tension",
    title="Which model would you use?",
    objective="Choose a model for a purpose, and defend the choice with numbers.",
    rubric={
        "Gives an error and a ranking score of at least two models, and a baseline for each": 1,
        "Names the pairs on which each of the two measures looks": 1,
        "Chooses a model for a list of recommendations and one for showing stars, consistent with the numbers": 1,
    },
)


def _new_user_cases(rng: np.random.Generator) -> list[Case]:
    def case(n_movies: int, n_ratings: int, dim: int) -> Case:
        return {
            "V": rng.normal(0.2, 0.8, (n_movies, dim)).astype(np.float32),
            "movies": rng.permutation(n_movies)[:n_ratings],
            "stars": rng.integers(2, 6, n_ratings).astype(np.float32),
            "a": float(rng.uniform(0.5, 2)),
            "b": float(rng.uniform(0.1, 0.4)),
        }

    few = case(12, 2, 4)  # fewer ratings than columns
    without_gravity = case(9, 5, 3) | {"b": 0.0}
    return [case(15, 8, 3), few, without_gravity]


@question(
    "regularization.new_user_embedding",
    title="A newcomer, without training",
    objective="Find the best embedding of a new user by solving a small system of linear equations.",
    points=3,
    needs=["new_user_embedding"],
    cases=_new_user_cases,
    parts={"u": close(about="the embedding", rtol=5e-3, atol=1e-3)},
    hints=[
        "At the lowest point the gradient with respect to u is 0. What is the gradient of each of the three terms?",
        "The gradient is linear in u: collect the matrices that multiply u on one side, the rest on the other.",
        "(V_ratedᵀ V_rated + a·I + b·VᵀV) u = V_ratedᵀ stars; `torch.linalg.solve(matrix, right_side)` solves it.",
    ],
)
def new_user_embedding(code: Code, case: Case) -> Parts:
    V, movies, stars = (torch.tensor(case[name]) for name in ("V", "movies", "stars"))
    yield "u", code.new_user_embedding(V, movies, stars, case["a"], case["b"])
