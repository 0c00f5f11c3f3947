"""Questions of the chapter `embeddings_inspected`.

Every question brings its own small embeddings, titles and models, so no exercise depends on another one.
"""

from __future__ import annotations

import operator
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import nn

from recbook.parts import close, equal
from recbook.question import Case, Code, essay, question, quiz

Parts = Iterator[tuple[str, Any]]


# --- Two models ------------------------------------------------------------------------------------------------------


class _Bowl(nn.Module):
    """A model with a few weights; its loss is a bowl whose lowest place is `target`."""

    def __init__(self, start: np.ndarray, target: np.ndarray):
        super().__init__()
        self.weights = nn.Parameter(torch.tensor(start, dtype=torch.float32))
        self.register_buffer("target", torch.tensor(target, dtype=torch.float32))

    def loss(self) -> torch.Tensor:
        return (self.weights - self.target).square().mean()


def _train_each_cases(rng: np.random.Generator) -> list[Case]:
    def case(n_models: int, momentum: float) -> Case:
        starts = rng.normal(0, 1, (n_models, 4))
        return {
            "starts": starts, "targets": starts + rng.choice([-1, 1], (n_models, 4)) * rng.uniform(1, 3, (n_models, 4)),
            "rate": float(rng.uniform(0.05, 0.1)), "momentum": momentum, "n_steps": int(rng.integers(5, 8)),
        }  # fmt: skip

    return [case(2, 0.0), case(3, 0.8)]


@question(
    "embeddings_inspected.train_each",
    title="Two models, two optimisers",
    objective="See to it that every model is trained by an optimiser of its own.",
    points=3,
    needs=["train_each"],
    bug_hunt="one_optimizer_for_the_first",
    seconds=15.0,  # the first optimizer of a process makes PyTorch import a lot
    cases=_train_each_cases,
    parts={
        "first_weights": close(about="the weights of the first model"),
        "first_losses": close(about="the losses of the first model"),
        "other_weights": close(share=2, about="the weights of the other models"),
        "other_losses": close(about="the losses of the other models"),
    },
    hints=[
        "Which parameters does this optimizer know? Who told it?",
        "An optimizer changes only the parameters it was made with. `new_optimizer(parameters)` makes another one.",
        "Each model needs an optimizer of its own: made before its first step, and kept for all its steps.",
    ],
)
def train_each(code: Code, case: Case) -> Parts:
    models = [_Bowl(start, target) for start, target in zip(case["starts"], case["targets"], strict=True)]

    def new_optimizer(parameters: Any) -> torch.optim.Optimizer:
        return torch.optim.SGD(parameters, lr=case["rate"], momentum=case["momentum"])

    losses = code.train_each(models, _Bowl.loss, new_optimizer, case["n_steps"])
    yield "first_weights", models[0].weights
    yield "other_weights", torch.stack([model.weights for model in models[1:]])
    yield "first_losses", [float(loss) for loss in losses[0]]
    yield "other_losses", [[float(loss) for loss in history] for history in losses[1:]]


# --- Scores ----------------------------------------------------------------------------------------------------------


def _scores_cases(rng: np.random.Generator) -> list[Case]:
    def case(what: str, measure: str, n_items: int, d: int) -> Case:
        lengths = rng.permutation(np.linspace(0.4, 3.0, n_items))  # clearly apart: dot and cosine must differ
        items = rng.normal(size=(n_items, d))
        items *= (lengths / np.linalg.norm(items, axis=1))[:, None]
        query = rng.normal(size=d)
        return {"what": what, "measure": measure, "items": items, "query": 2.3 * query / np.linalg.norm(query)}

    zero_item, zero_query = case("zero", "cosine", 5, 3), case("zero", "cosine", 4, 4)
    zero_item["items"][2] = 0
    zero_query["query"] = np.zeros(4)
    return [
        case("dot", "dot", 6, 4),
        case("default", "dot", 4, 3),
        case("cosine", "cosine", 6, 4),
        case("cosine", "cosine", 4, 4),
        zero_item,
        zero_query,
        case("unknown", str(rng.choice(["cosin", "euclidean", "DOT"])), 4, 3),
    ]


@question(
    "embeddings_inspected.compute_scores",
    title="Dot product or cosine",
    objective="Compute both measures of similarity for all items at once.",
    points=3,
    needs=["compute_scores"],
    cases=_scores_cases,
    parts={
        "dot": close(share=1, about="the dot products"),
        "default": close(share=0.5, about="the scores when no measure is given"),
        "cosine": close(share=2, about="the cosines"),
        "zero": close(share=1, about="the cosines where a vector has length 0"),
        "unknown": equal(share=0.5, about="what happens with a measure that does not exist"),
    },
    hints=[
        "What is the cosine of the angle between two vectors, written with their dot product?",
        "`item_embeddings @ query_embedding` gives all dot products; `np.linalg.norm(..., axis=1)` all lengths.",
        "Divide the dot products by the items' lengths and by the query's length, except where a length is 0.",
    ],
)
def compute_scores(code: Code, case: Case) -> Parts:
    query, items = case["query"].copy(), case["items"].copy()
    if case["what"] == "default":
        yield "default", code.compute_scores(query, items)
    elif case["what"] != "unknown":
        with np.errstate(all="ignore"):
            yield case["what"], code.compute_scores(query, items, case["measure"])
    else:
        code.compute_scores(query, items, "cosine")  # code that always raises earns nothing here
        try:
            code.compute_scores(query, items, case["measure"])
        except Exception as error:
            yield "unknown", "ValueError" if isinstance(error, ValueError) else type(error).__name__
        else:
            yield "unknown", "no exception"


dot_or_cosine = quiz(
    "embeddings_inspected.dot_or_cosine",
    title="Who likes popular movies?",
    objective="Say what the length of an embedding does to a dot product and to a cosine.",
    choices=("a", "b", "c", "d"),
    hints=[
        "Double the length of one movie's embedding. What happens to its dot products, what to its cosines?",
        "A cosine is a dot product divided by both lengths.",
        "If popular movies are long, only a measure in which length counts can favour them.",
    ],
)


# --- Neighbours ------------------------------------------------------------------------------------------------------

_WORDS = ("Lantern", "Orchard", "Harbour", "Glacier", "Pepper", "Violet", "Thunder", "Meadow", "Compass", "Ribbon")


def _find_titles_cases(rng: np.random.Generator) -> list[Case]:
    words = [str(word) for word in rng.permutation(_WORDS)]
    year = int(rng.integers(1950, 1999))
    titles = [
        f"{words[0]} ({year})", f"{words[1]} and {words[0]}, The ({year + 1})", f"What About {words[2]}? ({year})",
        f"{words[3]} {year} ({year + 2})", f"R*U*N {words[4]} ({year + 3})", f"About {words[2]} ({year + 1})",
        f"Mr. {words[5]} ({year})", f"Mrs {words[5]} ({year + 4})", f"Run {words[4]} ({year + 4})",
        *(f"{words[a]} with {words[b]} ({year + a})" for a in range(6, 10) for b in range(6, 10) if a != b),
    ]  # fmt: skip
    titles = [titles[i] for i in rng.permutation(len(titles))]
    return [
        {"what": "plain", "titles": titles, "text": words[0]},
        {"what": "special", "titles": titles, "text": f"{words[0]} ({year})"},
        {"what": "special", "titles": titles, "text": "R*U*N"},
        {"what": "special", "titles": titles, "text": f"{words[2]}?"},
        {"what": "special", "titles": titles, "text": "Mr."},
        {"what": "capitals", "titles": titles, "text": words[4].upper()},
        {"what": "capitals", "titles": titles, "text": "the"},
        {"what": "nothing", "titles": titles, "text": "Zebra"},
    ]


@question(
    "embeddings_inspected.find_titles",
    title="Find a movie by its title",
    objective="Search for a text as it is written, not as a pattern.",
    points=2,
    needs=["find_titles"],
    bug_hunt="a_pattern_with_capitals",
    cases=_find_titles_cases,
    parts={
        "plain": equal(about="the movies found for a plain word"),
        "special": equal(share=2, about="the movies found for a text with brackets, stars, dots or question marks"),
        "capitals": equal(share=1, about="the movies found for a text in other capitals"),
        "nothing": equal(share=0.5, about="the movies found for a text that no title contains"),
    },
    hints=[
        "What does `str.contains` take its first argument for? What do brackets mean there?",
        "`text in title` compares letter by letter. Capitals disappear with `lower()`.",
        "Go through the titles with their positions, and compare both sides in small letters.",
    ],
)
def find_titles(code: Code, case: Case) -> Parts:
    yield case["what"], [_number(position) for position in code.find_titles(list(case["titles"]), case["text"])]


def _number(position: Any) -> Any:
    """A position as text: else a wrong one would be described by how many times the right one it is."""
    try:
        return f"no. {operator.index(position)}"
    except TypeError:
        return position


class _Finder:
    """Stands in for a search in titles: it knows what to return for one text."""

    def __init__(self, text: str, positions: list[int]):
        self.text, self.positions, self.asked = text, positions, False

    def __call__(self, titles: list[str], text: str) -> list[int]:
        self.asked = True
        return list(self.positions) if text == self.text else []


class _Closeness:
    """A measure that is neither of the chapter's two: nearness, plus a bonus by which a movie may beat the query.

    The bonus goes with the embedding, so that some of the movies can be scored as well as all.
    """

    def __init__(self, bonus: np.ndarray, embeddings: np.ndarray):
        self.bonus, self.embeddings, self.asked = bonus, embeddings, False

    def __call__(self, query_embedding: np.ndarray, item_embeddings: np.ndarray) -> np.ndarray:
        self.asked = True
        which = np.abs(item_embeddings[:, None, :] - self.embeddings[None, :, :]).sum(axis=2).argmin(axis=1)
        return self.bonus[which] - np.abs(item_embeddings - query_embedding[None, :]).sum(axis=1)


def _neighbors_cases(rng: np.random.Generator) -> list[Case]:
    def case(what: str, n_movies: int = 90, k: int = 4) -> Case:
        words = [str(word) for word in rng.permutation(_WORDS)]
        titles = [f"{words[i % 10]} ({1920 + i})" for i in range(n_movies)]
        embeddings = rng.normal(size=(n_movies, 3))
        bonus = rng.permutation(np.linspace(0, 0.4, n_movies))
        movie = int(rng.integers(3, n_movies - 3))
        # One movie beats the query in its own neighbourhood: who drops the first of the list drops the wrong one.
        embeddings[movie - 2] = embeddings[movie] + 0.05
        bonus[movie - 2] = bonus[movie] + 1
        title, found = titles[movie][2:8], [movie]
        if what == "ambiguous":  # an earlier title contains the whole title of the movie meant
            titles[1] = f"Making of {titles[movie]}"
            title, found = titles[movie], [1, movie]
        elif what == "several":
            titles[movie + 1] = f"{words[movie % 10]} Returns ({1990})"
            title, found = words[movie % 10], [movie, movie + 1]
        elif what == "twin":
            titles[movie + 2] = titles[movie]
            embeddings[movie + 2] = embeddings[movie] - 0.02
            title, found = titles[movie], [movie, movie + 2]
        elif what == "unknown":
            title, found = "Zebra", []
        return {"what": what, "embeddings": embeddings, "bonus": bonus, "titles": titles, "title": title,
                "found": found, "k": k}  # fmt: skip

    # So many movies, and two that are ambiguous, that nobody guesses which movie is meant.
    return [
        case("part"), case("several", k=3), case("ambiguous"), case("ambiguous", k=3), case("twin"),
        case("few", 13, 15), case("unknown"),
    ]  # fmt: skip


@question(
    "embeddings_inspected.movie_neighbors",
    title="The nearest neighbours",
    objective="Look up a movie and list the movies most similar to it.",
    points=3,
    needs=["movie_neighbors"],
    cases=_neighbors_cases,
    parts={
        "movie": equal(share=1, about="the movie meant, when only a part of its title is given"),
        "exact": equal(share=1, about="the movie meant, when another title contains its whole title"),
        "neighbours": equal(share=3, about="the neighbours, in order"),
        "twin": equal(share=1, about="the neighbours of a movie that is in the list twice"),
        "few": equal(share=0.5, about="the neighbours when there are fewer than k"),
        "helpers": equal(share=0.5, about="whether `find` and `score` are used"),
        "unknown": equal(share=0.5, about="what happens when there is no such movie"),
    },
    hints=[
        "Is the movie itself always the first of the sorted list? And if it is there a second time?",
        "`titles.index(title)` finds an exact title. `np.argsort(-scores)` is the order from high to low.",
        "Find the movie, score all movies with its embedding, sort, leave out every movie with its title, cut to k.",
    ],
)
def movie_neighbors(code: Code, case: Case) -> Parts:
    score = _Closeness(case["bonus"], case["embeddings"])

    def ask(title: str, finder: _Finder) -> Any:
        embeddings, titles = case["embeddings"].copy(), list(case["titles"])
        return code.movie_neighbors(embeddings, titles, title, finder, score, case["k"])

    if case["what"] == "unknown":
        ask(case["titles"][3], _Finder(case["titles"][3], [3]))  # code that always raises earns nothing here
        try:
            ask(case["title"], _Finder(case["title"], []))
        except Exception as error:
            yield "unknown", "ValueError" if isinstance(error, ValueError) else type(error).__name__
        else:
            yield "unknown", "no exception"
        return
    finder = _Finder(case["title"], case["found"])
    movie, neighbours = ask(case["title"], finder)
    if case["what"] == "part":  # asked first: who uses other helpers gets other answers to all the rest
        yield "helpers", finder.asked and score.asked
    if case["what"] == "ambiguous":
        yield "exact", _number(movie)
    elif case["what"] in ("part", "several"):
        yield "movie", _number(movie)
    yield {"twin": "twin", "few": "few"}.get(case["what"], "neighbours"), list(neighbours)


# --- The length of embeddings ----------------------------------------------------------------------------------------


@question(
    "embeddings_inspected.embedding_norms",
    title="How long is an embedding?",
    objective="Compute the length of every row of a matrix.",
    points=1,
    needs=["embedding_norms"],
    cases=lambda rng: [{"embeddings": rng.normal(0, 1.5, shape)} for shape in ((7, 4), (3, 3), (2, 9))],
    parts={"norms": close(about="the lengths")},
    hints=[
        "How many lengths are there: one for each row, one for each column, or one in all?",
        "Pythagoras: square the entries of a row, add them up, take the root.",
        "`np.linalg.norm` does it; its argument `axis` says along which direction to add up.",
    ],
)
def embedding_norms(code: Code, case: Case) -> Parts:
    yield "norms", code.embedding_norms(case["embeddings"].copy())


def _rank_correlation_cases(rng: np.random.Generator) -> list[Case]:
    def case(what: str) -> Case:
        # Bent (the values are not on a line) and with a few places exchanged, so that it is neither 1 nor Pearson's.
        x = np.exp(np.linspace(0, 4, 20))
        y = np.linspace(1, 2, 20) ** 5
        low, high = int(rng.integers(2, 10)), int(rng.integers(10, 18))
        y[[0, low, high, 19]] = y[[low, 0, 19, high]]
        y = rng.permutation(y) if what == "mixed" else y
        order = rng.permutation(20)
        return {"what": what, "x": x[order], "y": y[order]}

    def ties() -> Case:
        x = np.repeat([1.0, 2, 5, 40], [6, 2, 1, 1])
        orders = [rng.permutation(10) for _ in range(6)]
        return {"what": "ties", "x": rng.permutation(x), "y": np.arange(10.0) ** 3, "orders": orders}

    opposite = case("plain")
    opposite["y"] = -opposite["y"]
    # Several with ties: in one alone, two ways to rank them may happen to agree.
    return [case("plain"), case("plain"), opposite, case("mixed"), case("mixed"), ties(), ties(), ties()]


@question(
    "embeddings_inspected.rank_correlation",
    title="The same order?",
    objective="Measure whether two lists of numbers rise together, whatever the shape of the curve.",
    points=2,
    needs=["rank_correlation"],
    cases=_rank_correlation_cases,
    parts={
        "plain": close(share=2, about="the correlation"),
        "mixed": close(share=1, about="the correlation when the orders differ a lot"),
        "ties": close(share=1, about="the correlation when some numbers are equal"),
    },
    hints=[
        "What is left of a list of numbers when you only keep who is larger than whom?",
        "`rank()` of a pandas Series gives ranks, with the mean rank for equal numbers. `np.corrcoef` correlates.",
        "Replace both lists by their ranks, then compute the ordinary correlation of the ranks.",
    ],
)
def rank_correlation(code: Code, case: Case) -> Parts:
    correlation = code.rank_correlation(case["x"].copy(), case["y"].copy())
    # Who breaks ties by place gets a number that hangs on the order of the pairs, and on the machine's way to sort.
    again = [code.rank_correlation(case["x"][order], case["y"][order]) for order in case.get("orders", [])]
    steady = all(np.allclose(other, correlation, equal_nan=True) for other in again)
    yield case["what"], correlation if steady else float("nan")


@question(
    "embeddings_inspected.expected_norm",
    title="How long is it before training?",
    objective="Predict the length of a random vector from its dimension and the spread of its entries.",
    points=1,
    needs=["expected_norm"],
    cases=lambda rng: [
        {"init_stddev": float(rng.uniform(0.3, 0.8)), "embedding_dim": int(rng.integers(20, 60))},
        {"init_stddev": float(rng.uniform(0.02, 0.1)), "embedding_dim": int(rng.integers(60, 200))},
        {"init_stddev": float(rng.uniform(1.5, 3)), "embedding_dim": int(rng.integers(20, 60))},
    ],
    parts={"norm": close(about="the expected length", rtol=0.02, atol=0)},
    hints=[
        "What is the mean of the square of one entry? And of the sum of the squares of d entries?",
        "For mean 0, the mean of the square is the variance, which is the square of the standard deviation.",
        "The squared length is about d times the variance. The length is the root of that.",
    ],
)
def expected_norm(code: Code, case: Case) -> Parts:
    yield "norm", code.expected_norm(case["init_stddev"], case["embedding_dim"])


rarely_rated = quiz(
    "embeddings_inspected.rarely_rated",
    title="What becomes of a movie that nobody rates?",
    objective="Explain what the first random numbers do to movies without ratings.",
    choices=("a", "b", "c", "d"),
    hints=[
        "Which ratings does the gradient with respect to one movie's embedding depend on?",
        "A movie without ratings gets the gradient 0 in every step. Where does it end?",
        "Every step adds nothing: the embedding stays where it started. How long was it there?",
    ],
)


# --- Are the neighbours any good? ------------------------------------------------------------------------------------


def _neighbour_lists(rng: np.random.Generator, n_movies: int, k: int) -> np.ndarray:
    """For each movie k other movies, each once: (n_movies, k)."""
    return np.array([rng.permutation(np.delete(np.arange(n_movies), movie))[:k] for movie in range(n_movies)])


def _purity_cases(rng: np.random.Generator) -> list[Case]:
    def case(n_movies: int, n_genres: int, k: int) -> Case:
        genres = rng.random((n_movies, n_genres)) < 0.25
        genres[:, 0] |= ~genres.any(axis=1)
        genres[1] = genres[4] = False  # no genre
        genres[0, :3] = genres[2, :3] = True  # several genres in common count once
        neighbours = _neighbour_lists(rng, n_movies, k)
        neighbours[0, 0], neighbours[0, 1:] = 2, [m for m in neighbours[0] if m != 2][: k - 1]
        return {"neighbours": neighbours, "genres": genres}

    return [case(9, 5, 3), case(12, 6, 4), case(8, 4, 2), case(14, 5, 3)]


@question(
    "embeddings_inspected.genre_purity",
    title="Do neighbours share a genre?",
    objective="Measure the quality of neighbours with something the model has never seen.",
    points=2,
    needs=["genre_purity"],
    cases=_purity_cases,
    parts={"purity": close(about="the share of pairs with a common genre")},
    hints=[
        "How many pairs of a movie and a neighbour are there, and which of them count?",
        "`genres[neighbours]` has the shape (n_movies, k, n_genres). `&` of two boolean arrays is what both have.",
        "For each pair: is there any genre that both have? Then the mean over all rows of movies that have a genre.",
    ],
)
def genre_purity(code: Code, case: Case) -> Parts:
    yield "purity", code.genre_purity(case["neighbours"].copy(), case["genres"].copy())


def _overlap_cases(rng: np.random.Generator) -> list[Case]:
    def case(n_movies: int, k: int) -> Case:
        first, second = _neighbour_lists(rng, n_movies, k), _neighbour_lists(rng, n_movies, k)
        second[0] = np.roll(first[0], 1)  # the same neighbours in another order
        others = rng.permutation(np.delete(np.arange(n_movies), 1))
        first[1], second[1] = others[:k], others[k : 2 * k]  # none in common
        return {"first": first, "second": second}

    same = case(7, 3)
    same["second"] = same["first"][:, ::-1].copy()
    return [*(case(int(rng.integers(20, 40)), int(rng.integers(4, 9))) for _ in range(3)), same]


@question(
    "embeddings_inspected.mean_neighbour_overlap",
    title="Does another seed find the same neighbours?",
    objective="Measure how far two models agree on what is similar.",
    points=2,
    needs=["mean_neighbour_overlap"],
    cases=_overlap_cases,
    parts={"overlap": close(about="the mean overlap")},
    hints=[
        "Does it matter at which rank a common neighbour stands?",
        "For one movie: how many of its neighbours in `first` are also its neighbours in `second`?",
        "Count the common neighbours of each movie, divide by k, take the mean over the movies.",
    ],
)
def mean_neighbour_overlap(code: Code, case: Case) -> Parts:
    yield "overlap", code.mean_neighbour_overlap(case["first"].copy(), case["second"].copy())


# --- Your own ratings ------------------------------------------------------------------------------------------------


def _fold_in_cases(rng: np.random.Generator) -> list[Case]:
    def case(what: str, n_rated: int, d: int, regularization: float) -> Case:
        items = rng.normal(0, 0.8, (14, d))
        rated = [int(i) for i in rng.permutation(14)[:n_rated]]
        return {"what": what, "items": items, "rated": rated, "ratings": rng.integers(1, 6, n_rated).astype(float),
                "regularization": regularization}  # fmt: skip

    return [
        case("many", 9, 3, float(rng.uniform(0.3, 0.8))),
        case("many", 7, 4, float(rng.uniform(2, 5))),
        case("few", 2, 4, float(rng.uniform(0.3, 0.8))),
        case("none", 0, 3, 0.5),
    ]


@question(
    "embeddings_inspected.fold_in",
    title="An embedding for you",
    objective="Place a new user among trained embeddings, by ridge regression from a few ratings.",
    points=3,
    needs=["fold_in"],
    cases=_fold_in_cases,
    parts={
        "many": close(share=3, about="the embedding"),
        "few": close(share=1, about="the embedding when there are fewer ratings than dimensions"),
        "none": close(share=0.5, about="the embedding of somebody without ratings"),
    },
    hints=[
        "Which rows of `item_embeddings` does the sum in the docstring speak of?",
        "Set the gradient with respect to u to zero. It is a system of d linear equations: `np.linalg.solve`.",
        "With V the rated rows and r the ratings: (VᵀV + λI) u = Vᵀr, where I is the identity matrix, `np.eye(d)`.",
    ],
)
def fold_in(code: Code, case: Case) -> Parts:
    items, ratings = case["items"].copy(), case["ratings"].copy()
    embedding = code.fold_in(items, list(case["rated"]), ratings, case["regularization"])
    if case["what"] == "none" and not np.any(np.asarray(code.fold_in(items, [0, 1], np.array([4.0, 2.0]), 0.5))):
        embedding = "zero, whatever the ratings"  # a constant has not earned this part
    yield case["what"], embedding


def _recommend_cases(rng: np.random.Generator) -> list[Case]:
    def case(what: str, k: int, shift: float) -> Case:
        n_movies, d = 12, 4
        scores = rng.permutation(np.linspace(-1.5, 2.0, n_movies)) + shift
        user = rng.normal(size=d)
        user *= 1.7 / np.linalg.norm(user)
        # Embeddings with just these dot products, and sideways parts of different lengths: cosines order otherwise.
        sideways = rng.normal(size=(n_movies, d)) * rng.uniform(0.5, 3, (n_movies, 1))
        sideways -= np.outer(sideways @ user, user) / (user @ user)
        items = np.outer(scores, user) / (user @ user) + sideways
        order = np.argsort(-scores)
        rated = [int(i) for i in (order[[0, 2]] if shift == 0 else order[:1])]
        titles = [f"{_WORDS[i % 10]} {i} ({1980 + i})" for i in range(n_movies)]
        if what.endswith("twins"):
            titles[order[1]] = titles[order[0]]  # a rated film, there a second time
            # A film to recommend, there a second time with a lower score: before the other one, or after it.
            better, worse = order[[3, 5]]
            if (worse < better) != (what == "lower_twins"):
                items[[better, worse]] = items[[worse, better]]
                better, worse = worse, better
            titles[worse] = titles[better]
            what = "twins"
        elif what == "few_left":
            rated = [int(i) for i in order if i not in order[[3, 5, 7, 8]]]
        return {"what": what, "user": user, "items": items, "rated": rated, "titles": titles, "k": k}

    return [case("names", 4, 0.0), case("names", 3, -4.0), case("lower_twins", 4, 0.0), case("higher_twins", 4, 0.0),
            case("few_left", 5, 0.0)]  # fmt: skip


@question(
    "embeddings_inspected.recommend_to_me",
    title="Recommend to me",
    objective="Turn your own embedding into a list of films you have not rated.",
    points=2,
    needs=["recommend_to_me"],
    cases=_recommend_cases,
    parts={
        "names": equal(share=3, about="the recommended titles, in order"),
        "scores": close(share=1, about="their scores"),
        "twins": equal(share=1, about="the titles when a film is in the list of movies twice"),
        "few_left": equal(share=0.5, about="the titles when fewer than k films are left"),
    },
    hints=[
        "What should never be in a list of recommendations, however high its score?",
        "`item_embeddings @ user_embedding` scores all movies. A `set` of titles remembers what is taken.",
        "Walk down the sorted movies; skip a title that was rated or is in the list already; stop at k.",
    ],
)
def recommend_to_me(code: Code, case: Case) -> Parts:
    user, items = case["user"].copy(), case["items"].copy()
    names, scores = code.recommend_to_me(user, items, list(case["rated"]), list(case["titles"]), case["k"])
    yield case["what"], list(names)
    if case["what"] == "names":
        yield "scores", scores


# --- Maps ------------------------------------------------------------------------------------------------------------

reading_a_map = essay(
    "embeddings_inspected.reading_a_map",
    title="What may you read from the map?",
    objective="Tell what a t-SNE map shows from what it makes up.",
    rubric={
        "Names something that may be read: near neighbours, or a group of one kind that holds together": 1,
        "Names two things that may not be read: distances between groups, sizes or densities, places, axes, islands": 1,
        "Proposes a check outside the map, or with another seed or perplexity, and says what each result would mean": 1,
    },
)
