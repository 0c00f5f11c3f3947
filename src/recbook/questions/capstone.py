"""Questions of the chapter `capstone`.

Every question brings its own ratings and toy models, so no exercise depends on another one. What the ratings of
`fit_recommender` were made from is in no case: only ratings to learn from and pairs to predict are.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import torch

from recbook.parts import close, equal, near
from recbook.question import Case, Code, essay, question, quiz

Parts = Iterator[tuple[str, Any]]


# --- A recommender of one's own --------------------------------------------------------------------------------------


def _recommender_cases(rng: np.random.Generator) -> list[Case]:
    return [_ratings_with_taste(rng, 100, 70), _ratings_with_taste(rng, 80, 90)]


def _ratings_with_taste(rng: np.random.Generator, n_users: int, n_movies: int) -> Case:
    """Half stars made of levels of users and movies, two directions of taste, and chance. About half are given.

    Three users and three movies have no rating at all.
    """
    of_users, of_movies = rng.normal(0, 0.5, (n_users, 1)), rng.normal(0, 0.5, n_movies)
    p, q = _directions(rng, n_users), _directions(rng, n_movies)
    stars = 3.1 + of_users + of_movies + 0.55 * p @ q.T + rng.normal(0, 0.3, (n_users, n_movies))
    stars = np.clip(np.round(2 * stars) / 2, 1, 5)
    given = rng.random(stars.shape) < 0.48
    silent_users, silent_movies = rng.permutation(n_users)[:3], rng.permutation(n_movies)[:3]
    given[silent_users] = given[:, silent_movies] = False
    users, movies = np.nonzero(given)
    order = rng.permutation(len(users))
    users, movies = users[order], movies[order]
    asked = ~given
    asked[silent_users] = asked[:, silent_movies] = False
    asked = np.argwhere(asked)
    return {
        "train": pd.DataFrame({"user": users, "movie": movies, "rating": stars[users, movies]}),
        "n_users": n_users,
        "n_movies": n_movies,
        "seed": int(rng.integers(1, 10_000)),
        "asked": asked[rng.permutation(len(asked))[:600]],
        "silent_users": silent_users,
        "silent_movies": silent_movies,
    }


def _directions(rng: np.random.Generator, n: int) -> np.ndarray:
    """Two numbers of taste for each of `n`: points all around a circle, so that no taste is a level.

    And the two directions weigh alike, whatever the seed: no single direction tells more than half of the taste.
    """
    angles = rng.permutation(np.arange(n) + rng.random(n)) * 2 * np.pi / n
    return np.sqrt(2) * np.column_stack([np.cos(angles), np.sin(angles)])


@question(
    "capstone.fit_recommender",
    title="Your own recommender",
    objective="Build a rating model that beats the bias model because it knows something of taste.",
    points=8,
    needs=["fit_recommender"],
    cases=_recommender_cases,
    parts={
        "scale": equal(share=0.25, about="the range of the predictions"),
        "level": near(0.17, share=1, about="the mean prediction of each user and of each movie"),
        "silent": near(0.25, share=0.75, about="the predictions for users and for movies without ratings"),
        # Over 60 seeds, fifteen right ways lie up to 0.38 from the reference (most of them up to 0.33), models of one
        # direction of taste 0.43 to 0.61, a bias model never below 0.60.
        "taste": near(0.58, share=1.5, about="the predictions for pairs without a rating"),
        "much": near(
            0.4,
            share=4.5,
            about="the predictions for other pairs without a rating, asked so strictly that one factor is not enough",
        ),
    },
    hints=[
        "What do you know of a user after the mean and the biases are taken away, and how could it tell about a movie?",
        "Begin with what the course gave you: biases, then factors or neighbours. Split off a part of `train` inside "
        "your function, and see whether each addition lowers the error there.",
        "For instance: biases first; then, on what they leave, a factorisation whose penalty you choose on that part, "
        "or weighted means over similar movies. Who has no ratings keeps only a level.",
    ],
    seconds=30,
)
def fit_recommender(code: Code, case: Case) -> Parts:
    n_users, n_movies = case["n_users"], case["n_movies"]
    predict = code.fit_recommender(case["train"].copy(), n_users, n_movies, case["seed"])
    users, movies = (grid.ravel() for grid in np.mgrid[:n_users, :n_movies])
    table = _one_for_each(predict(users, movies), len(users)).reshape(n_users, n_movies)
    asked_users, asked_movies = case["asked"].T
    asked = _one_for_each(predict(asked_users.copy(), asked_movies.copy()), len(asked_users))
    if not np.allclose(asked, table[asked_users, asked_movies], atol=1e-3, equal_nan=True):
        raise ValueError("predict gives the same pair another rating when it is asked together with other pairs")
    yield "scale", _range(table)
    known = np.delete(np.delete(table, case["silent_users"], axis=0), case["silent_movies"], axis=1)
    yield "level", np.concatenate([known.mean(axis=1), known.mean(axis=0)]).astype(np.float32)
    unknown = table[case["silent_users"]], table[:, case["silent_movies"]]
    yield "silent", np.concatenate([part.ravel() for part in unknown]).astype(np.float32)
    half = len(asked) // 2  # so that the same number is not written down twice
    yield "taste", asked[:half].astype(np.float32)
    yield "much", asked[half:].astype(np.float32)


def _one_for_each(predicted: Any, n_pairs: int) -> np.ndarray:
    predicted = np.array(predicted, dtype=float)
    if predicted.size != n_pairs:
        raise ValueError(f"predict was asked for {n_pairs} pairs and gave numbers of the shape {predicted.shape}")
    return predicted.ravel()


def _range(table: np.ndarray) -> str:
    if not np.isfinite(table).all():
        return "some predictions are missing"
    if np.ptp(table) < 1e-6:
        return "one number for everything"
    return "from 1 to 5" if table.min() >= 1 and table.max() <= 5 else "beyond 1 to 5"


# --- One look at the test --------------------------------------------------------------------------------------------


class _Toy:
    """A model that knows only for how many epochs it was trained. Copies must be deep: the number is in a list."""

    def __init__(self) -> None:
        self.weights = [0]


def _score_once_cases(rng: np.random.Generator) -> list[Case]:
    def case() -> Case:
        n, level = int(rng.integers(5, 25)), float(rng.uniform(0.8, 1.0))
        places = rng.permutation(n)[:3]
        best, tie = sorted(places[:2])
        valid = level + 0.01 * rng.permutation(np.arange(1, n + 1))
        valid[[best, tie]] = level
        test = level + 0.05 + 0.01 * rng.permutation(np.arange(1, n + 1))  # all of them far from any validation error
        test[places[2]] = level + 0.03
        # Whoever goes on training after the last epoch meets other errors, and no end of the list.
        further = level + rng.uniform(0.5, 1.0, (2, n))
        return {"valid": np.append(valid, further[0]), "test": np.append(test, further[1]), "n_epochs": n}

    return [case() for _ in range(4)]


@question(
    "capstone.score_once",
    title="One look",
    objective="Choose the number of epochs without using up the test set, and measure the model that was chosen.",
    points=3,
    needs=["score_once"],
    bug_hunt="best_epoch_on_the_test",
    cases=_score_once_cases,
    parts={
        "epoch": equal(about="the chosen epoch"),
        "error": close(share=2, about="the error that is reported"),
        "looks": equal(about="for how many epochs the model is trained, and how often the test error is asked for"),
    },
    hints=[
        "Suppose the test errors were pure chance. Which error would the function report then?",
        "Which of the two error functions may decide? And which model is at hand after the last epoch?",
        "Keep a deep copy of the model whenever the validation error is the lowest so far. Measure that copy, once.",
    ],
)
def score_once(code: Code, case: Case) -> Parts:
    valid, test = case["valid"], case["test"]
    trained = looks = 0

    def train_epoch(model: _Toy) -> None:
        nonlocal trained
        trained += 1
        model.weights[0] += 1

    def test_error(model: _Toy) -> float:
        nonlocal looks
        looks += 1
        return float(test[model.weights[0] - 1])

    epoch, error = code.score_once(
        _Toy(), train_epoch, lambda model: float(valid[model.weights[0] - 1]), test_error, case["n_epochs"]
    )
    yield "epoch", epoch
    yield "error", error
    yield "looks", [trained, looks]


# --- Links and features ----------------------------------------------------------------------------------------------


def _links_cases(rng: np.random.Generator) -> list[Case]:
    def case(n_users: int, n_movies: int, counts: list[int]) -> Case:
        pairs = [(user, movie) for user, n in enumerate(counts) for movie in rng.permutation(n_movies)[:n]]
        users, movies = rng.permutation(np.array(pairs)).T
        return {"users": users, "movies": movies, "n_users": n_users, "n_movies": n_movies}

    return [case(4, 7, [2, 5, 3, 7]), case(5, 6, [1, 4, 0, 6, 2])]


@question(
    "capstone.links",
    title="Who rated what",
    objective="Turn the mere fact of ratings into numbers that a model can use.",
    points=2,
    needs=["links"],
    cases=_links_cases,
    parts={"links": close(about="the table of links")},
    hints=[
        "Somebody with 400 ratings and somebody with 4: whose links should be larger, each?",
        "Start with a table of zeros, and set the given pairs to 1. The sums of its rows are the numbers of ratings.",
        "Divide each row by the root of its sum. A row of zeros has the sum 0: divide it by 1 instead.",
    ],
)
def links(code: Code, case: Case) -> Parts:
    yield "links", code.links(case["users"].copy(), case["movies"].copy(), case["n_users"], case["n_movies"])


def _rich_vectors_cases(rng: np.random.Generator) -> list[Case]:
    def case(n_rows: int, n_others: int, n_features: int, n_factors: int) -> Case:
        table = (rng.random((n_rows, n_others)) < 0.5) * rng.uniform(0.3, 0.9, (n_rows, 1))
        table[0, :2], table[1, 0] = [0.5, 0.5], 0.0
        return {
            "own": rng.normal(size=(n_rows, n_factors)),
            "links": table,
            "link_vectors": rng.normal(size=(n_others, n_factors)),
            "features": np.abs(rng.normal(size=(n_rows, n_features))) + 0.1,
            "feature_vectors": rng.normal(size=(n_features, n_factors)),
        }

    return [case(4, 6, 3, 2), case(5, 3, 4, 3)]


@question(
    "capstone.rich_vectors",
    title="Vectors from three sources",
    objective="Describe a user by an own vector, by what they watched, and by what is known about them.",
    points=2,
    needs=["rich_vectors"],
    cases=_rich_vectors_cases,
    parts={
        "vectors": close(share=3, about="the vectors"),
        "gradients": equal(about="which of the three sources training can change"),
    },
    hints=[
        "A row of `links` has a number for each of the others. And if you multiply it with their vectors?",
        "Both tables have to become (n_rows, n_factors) before they can be added to `own`.",
        "Two matrix products, and a sum of three tensors. No `detach`, no NumPy: gradients have to get through.",
    ],
)
def rich_vectors(code: Code, case: Case) -> Parts:
    tensors = {name: torch.tensor(value, dtype=torch.float32) for name, value in case.items()}
    names = ("own", "link_vectors", "feature_vectors")
    learnt = [tensors[name].requires_grad_() for name in names]
    vectors = code.rich_vectors(**tensors)
    yield "vectors", vectors
    vectors = torch.as_tensor(vectors)
    if not vectors.requires_grad:
        yield "gradients", "none"
        return
    found = torch.autograd.grad(vectors.square().sum(), learnt, allow_unused=True)
    arrived = [name for name, gradient in zip(names, found, strict=True) if gradient is not None]
    yield "gradients", ", ".join(arrived) or "none"


# --- A blend ---------------------------------------------------------------------------------------------------------


def _blend_weights_cases(rng: np.random.Generator) -> list[Case]:
    def case(n: int, spreads: list[float], strength: float) -> Case:
        taste = rng.normal(0, 1, n)
        ratings = np.clip(np.round(3.6 + taste), 1, 5)
        noise = rng.normal(0, 1, (n, len(spreads)))
        noise[:, 1] = 0.8 * noise[:, 0] + 0.6 * noise[:, 1]  # two models that err together
        predictions = 3.2 + 0.6 * taste[:, None] + noise * np.array(spreads)
        return {"predictions": predictions, "ratings": ratings, "strength": strength}

    return [case(60, [0.2, 0.9, 0.5], 0.0), case(40, [0.3, 0.8, 0.4], 25.0), case(30, [0.3, 0.9], 400.0)]


@question(
    "capstone.blend_weights",
    title="A blend",
    objective="Find out by least squares how much to listen to each of several models.",
    points=3,
    needs=["blend_weights"],
    cases=_blend_weights_cases,
    parts={
        "weights": close(share=3, rtol=5e-3, atol=2e-3, about="the weights"),
        "drawn": equal(share=0.25, about="the weights when the strength is enormous"),
    },
    hints=[
        "Without the strength this is a problem you know: which w makes `predictions @ w` fit `ratings` best?",
        "Write w as equal weights plus a correction. What should the correction explain, and what pulls it to 0?",
        "Set the gradient to zero: (XᵀX + s·I) w = Xᵀr + s·(1/m), with X the predictions, m columns and strength s.",
    ],
)
def blend_weights(code: Code, case: Case) -> Parts:
    weights = np.asarray(
        code.blend_weights(case["predictions"].copy(), case["ratings"].copy(), case["strength"]), dtype=float
    )
    yield "weights", weights
    moved = np.allclose(weights, 1 / len(weights), atol=1e-3)
    drawn = np.asarray(code.blend_weights(case["predictions"].copy(), case["ratings"].copy(), 1e9), dtype=float)
    if moved:
        yield "drawn", "equal weights, as with any strength"
    elif np.allclose(drawn, 1 / drawn.size, atol=1e-3):
        yield "drawn", "1/m each"
    else:
        yield "drawn", f"about {round(drawn.mean(), 3) + 0.0:g} each" if np.ptp(drawn) < 1e-3 else "weights that differ"


# --- Too little known ------------------------------------------------------------------------------------------------


def _fall_back_cases(rng: np.random.Generator) -> list[Case]:
    def case(fewest: int) -> Case:
        # Users 0 to 3 have fewest + 2, fewest, fewest - 1 and 0 ratings, and so have movies 0 to 3.
        counts = [fewest + 2, fewest, fewest - 1, 0]
        filler = 3 * fewest + 1 + np.arange(2 * fewest + 8)  # numbers of users and movies that are not asked for
        users = np.concatenate([np.repeat(np.arange(4), counts), rng.choice(filler, sum(counts))])
        movies = np.concatenate([rng.choice(filler, sum(counts)), np.repeat(np.arange(4), counts)])
        asked_users, asked_movies = np.divmod(rng.permutation(16), 4)
        # Those without ratings have the highest number of all, as somebody new would have.
        newest = int(filler.max()) + 1 + int(rng.integers(3))
        asked_users, asked_movies = (np.where(who == 3, newest, who) for who in (asked_users, asked_movies))
        order = rng.permutation(len(users))
        return {
            "predictions": rng.uniform(1, 2.9, 16),
            "simple": rng.uniform(3.1, 5, 16),
            "users": asked_users,
            "movies": asked_movies,
            "train_users": users[order],
            "train_movies": movies[order],
            "fewest": fewest,
        }

    return [case(3), case(2)]


@question(
    "capstone.fall_back",
    title="When too little is known",
    objective="Use the simple model for users and movies that the elaborate one knows nothing about.",
    points=2,
    needs=["fall_back"],
    cases=_fall_back_cases,
    parts={
        "predictions": close(share=4, about="the predictions"),
        "again": close(about="the predictions, asked for again with the same arrays and a smaller `fewest`"),
    },
    hints=[
        "A known user and an unknown movie: what does the elaborate model know about this pair?",
        "`np.bincount(train_users, minlength=...)` says how many ratings each user has. `counts[users]` looks them up.",
        "Known means: at least `fewest` ratings of the user, *and* of the movie. `np.where` chooses pair by pair.",
    ],
)
def fall_back(code: Code, case: Case) -> Parts:
    inputs = {name: np.copy(value) if name != "fewest" else value for name, value in case.items()}
    yield "predictions", code.fall_back(**inputs)
    yield "again", code.fall_back(**inputs | {"fewest": case["fewest"] - 1})  # more pairs are known now


# --- How sure? -------------------------------------------------------------------------------------------------------


def _difference_cases(rng: np.random.Generator) -> list[Case]:
    def case(n_users: int) -> Case:
        counts = rng.permutation(np.linspace(4, 30, n_users).astype(int))
        users = rng.permutation(np.repeat(np.arange(n_users) * 3 + 2, counts))
        ratings = rng.integers(1, 6, len(users)).astype(float)
        # Both models are bad for the same users and wrong in the same direction: their errors go together. How large
        # they are differs much from case to case, so that it takes luck to guess the limits.
        size = float(np.exp(rng.uniform(np.log(0.25), np.log(1.2))))
        together = size * rng.normal(0, 1, len(users)) * (0.6 + 0.8 * (users % 2))
        # Busy users differ more: whoever draws them more often than others gets other limits.
        for_user = np.linspace(-0.25, 0.3, n_users)[counts.argsort().argsort()][(users - 2) // 3]
        a = ratings + together
        b = ratings + together * (1.0 + for_user) + size * rng.normal(0, 0.04, len(users))
        return {"a": a, "b": b, "ratings": ratings, "users": users, "seed": int(rng.integers(1, 10_000))}

    return [case(n_users) for n_users in (30, 24, 27)]


@question(
    "capstone.difference",
    title="Is the difference real?",
    objective="Say by how much two models differ, and between which limits the difference lies.",
    points=4,
    needs=["difference"],
    cases=_difference_cases,
    parts={
        "gap": close(share=2, about="the RMSE of a minus that of b, over all ratings and without any draw"),
        "sides": equal(share=0.25, about="where the two limits lie"),
        "interval": close(share=3, rtol=0.095, atol=1e-6, about="how far the limits lie below and above it"),
        "seed": equal(share=0.5, about="what happens with the same seed, and with another one"),
    },
    hints=[
        "Two models fail on the same hard ratings. If you draw ratings for each of them apart, what happens to that?",
        "Draw users, with replacement, and collect all ratings of those drawn. Which number do you compute from them?",
        "For each draw: both RMSEs on the same drawn ratings, and their difference. Then two percentiles.",
    ],
    seconds=20,
)
def difference(code: Code, case: Case) -> Parts:
    def limits(seed: int) -> list[float]:
        inputs = (np.copy(case[name]) for name in ("a", "b", "ratings", "users"))
        return [float(number) for number in code.difference(*inputs, 1500, seed)]

    results = np.array([limits(case["seed"] + number) for number in range(5)])
    yield "gap", results[0, 0]
    gap, low, high = results.mean(axis=0)
    yield "sides", _sides(gap, low, high)
    yield "interval", np.array([gap - low, high - gap])
    again = "the same" if limits(case["seed"]) == results[0].tolist() else "not the same"
    other = "other limits" if np.ptp(results[:, 1:], axis=0).min() > 0 else "the same limits"
    yield "seed", f"same seed: {again}; another seed: {other}"


def _sides(gap: float, low: float, high: float) -> str:
    if low == high:
        return "both at the same place"
    if low > high:
        return "the upper one below the lower one"
    if high < gap or low > gap:
        return f"both {'below' if high < gap else 'above'} the difference of the two errors"
    return "one below and one above the difference of the two errors"


# --- The leaderboard -------------------------------------------------------------------------------------------------


def _leaderboard_cases(rng: np.random.Generator) -> list[Case]:
    def case(data: str, split: str, other_data: str, other_split: str) -> Case:
        level = rng.uniform(0.7, 1)
        # Your own error is the fifth of nine. Of those beside it, "one" is smaller and "two" is larger.
        smaller, larger = rng.permutation(4), 5 + rng.permutation(4)
        others = rng.permutation([*smaller[1:], *larger[1:]])
        places = np.array([smaller[0], larger[0], *others, 4])
        errors = np.round(level + 0.01 * places + rng.uniform(0, 0.004, 9), 4)
        rows = [
            ("one", data, split, "validation"), ("two", data, split, "unknown"), ("three", data, split, "test"),
            ("four", data, other_split, "validation"), ("five", other_data, split, "validation"),
            ("six", data, split, "validation"), ("seven", other_data, other_split, "unknown"),
            ("eight", data, split, "unknown"),
        ]  # fmt: skip
        order = rng.permutation(len(rows))
        names, datas, splits, chosen = zip(*[rows[row] for row in order], strict=True)
        published = {"model": names, "rmse": errors[order], "data": datas, "split": splits, "chosen_on": chosen}
        own = errors[8] + np.array([0.007, -0.016, 0.0, 0.013])  # the best seed is nine thousandths below the mean
        return {"published": pd.DataFrame(published), "name": "mine", "errors": own.round(4).tolist(), "data": data,
                "split": split}  # fmt: skip

    return [case("ml-100k", "u1", "ml-1m", "5-fold"), case("ml-1m", "90/10", "ml-100k", "u1")]


@question(
    "capstone.leaderboard",
    title="What may stand beside what",
    objective="Compare with published results on the same data and split only, and be as strict with your own.",
    points=2,
    needs=["leaderboard"],
    cases=_leaderboard_cases,
    parts={
        "names": equal(share=2, about="the models, the best first"),
        "own": close(about="your own model's error"),
    },
    hints=[
        "Which three columns decide whether a published number answers the same question as yours?",
        "Several seeds gave several errors. Which one would you get if you trained once more?",
        "Filter by data, split and chosen_on; add your own row with the mean of its errors; sort by the error.",
    ],
)
def leaderboard(code: Code, case: Case) -> Parts:
    rows = code.leaderboard(case["published"].copy(), case["name"], list(case["errors"]), case["data"], case["split"])
    rows = [(str(model), float(rmse)) for model, rmse in rows]
    yield "own", [rmse for model, rmse in rows if model == case["name"]]
    yield "names", [model for model, _ in rows]


other_split = quiz(
    "capstone.other_split",
    title="Another split",
    objective="Say why results on different splits do not compare.",
    choices=("a", "b", "c", "d"),
    hints=[
        "How much of a test user's ratings is hidden in each of the two splits?",
        "Imagine the same model on both splits. Does it know equally much about the users it is asked about?",
        "u1 hides about two fifths of the ratings of half of the users; five random folds hide a fifth of everybody's.",
    ],
)

record_or_not = quiz(
    "capstone.record_or_not",
    title="A record?",
    objective="Say what a difference between two published means is worth.",
    choices=("a", "b", "c", "d"),
    hints=[
        "Of which model do you have predictions for every test rating, and of which only one number?",
        "The spread over seeds says how much the training varies. What else would vary, if other users were asked?",
        "You cannot pair the errors with a model of which you have only a mean. So how finely can you tell?",
    ],
)

defend = essay(
    "capstone.defend",
    title="Defend your result",
    objective="Report a result so that somebody who doubts it can check it.",
    rubric={
        "States the error with its spread over seeds, beside at least two baselines on the same split": 1,
        "Says on which ratings everything was chosen, and how often the test was read": 1,
        "Uses the interval of a paired difference to say what the result shows": 1,
        "Compares with published results fairly, and names what speaks against such a comparison": 1,
        "Says what the number does not show, and what would change the author's mind": 1,
    },
)
