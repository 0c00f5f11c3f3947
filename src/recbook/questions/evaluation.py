"""Questions of the chapter `evaluation`.

Every question brings its own ratings, lists or toy model, so no exercise depends on another one.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from recbook.parts import close, equal
from recbook.question import Case, Code, essay, question, quiz

Parts = Iterator[tuple[str, Any]]


# --- The small things that questions bring along ---------------------------------------------------------------------


def _table(rng: np.random.Generator, n_users: int, n_movies: int, left_out: bool = False) -> Case:
    """Ratings in whole stars as three arrays, in mixed order. Users and movies have different numbers of ratings.

    `left_out`: the last user and the movie before the last have none.
    """
    rated = rng.random((n_users, n_movies)) < 0.45
    rated[:, 0] = True  # whatever the seed, nobody is left out by chance, and movie 0 has more ratings than movie 1
    rated[0, :] = True
    rated[1:, 1] = False
    if left_out:
        rated[-1, :] = False
        rated[:, -2] = False
    users, movies = np.nonzero(rated)
    order = rng.permutation(len(users))
    users, movies = users[order], movies[order]
    ratings = rng.integers(1, 6, size=len(users)).astype(float)
    ratings[users == 0] = np.clip(ratings[users == 0] + 1, 1, 5)  # a kind user with many ratings
    ratings[movies == 0] = np.clip(ratings[movies == 0] - 1, 1, 5)
    return {"users": users, "movies": movies, "ratings": ratings, "n_users": n_users, "n_movies": n_movies}


def _predictions(rng: np.random.Generator, ratings: np.ndarray) -> np.ndarray:
    """Predictions with errors of different size and sign, none of them 0."""
    errors = rng.uniform(0.2, 1.6, len(ratings)) * rng.choice([-1.0, 1.0], len(ratings))
    return ratings + errors


# --- A baseline ------------------------------------------------------------------------------------------------------


def _bias_model_cases(rng: np.random.Generator) -> list[Case]:
    return [
        {**_table(rng, 6, 8), "reg_users": 4.0, "reg_movies": 1.5, "left_out": False},
        {**_table(rng, 7, 7), "reg_users": 0.5, "reg_movies": 3.0, "left_out": False},
        {**_table(rng, 8, 6), "reg_users": 2.5, "reg_movies": 1.0, "left_out": False},
        {**_table(rng, 5, 6, left_out=True), "reg_users": 0.0, "reg_movies": 0.0, "left_out": True},
    ]


@question(
    "evaluation.bias_model",
    title="A mean, and two kinds of deviation from it",
    objective="Fit the baseline that every rating model has to beat.",
    points=3,
    needs=["bias_model"],
    cases=_bias_model_cases,
    parts={
        "mu": close(share=0.5, about="the overall mean"),
        "b_u": close(share=2, about="the users' biases"),
        "b_i": close(share=2, about="the movies' biases"),
        "left_out": close(about="the biases where somebody and something have no rating, with regularisation 0"),
        "untouched": equal(share=0.25, about="whether the given ratings were left as they were"),
    },
    hints=[
        "What is left of a rating when the overall mean is taken away? And when the movie's bias is taken away, too?",
        "`np.bincount(movies, minlength=n_movies)` counts ratings, `np.bincount(movies, weights=...)` adds up.",
        "Sum of a movie's residuals, divided by their number plus the regularisation. Then new residuals, and users.",
    ],
)
def bias_model(code: Code, case: Case) -> Parts:
    ratings = case["ratings"].copy()
    mu, b_u, b_i = code.bias_model(
        case["users"].copy(), case["movies"].copy(), ratings, case["n_users"], case["n_movies"],
        reg_users=case["reg_users"], reg_movies=case["reg_movies"],
    )  # fmt: skip
    if case["left_out"]:
        yield "left_out", np.concatenate([np.ravel(b_u), np.ravel(b_i)])
        return
    yield "mu", mu
    yield "b_u", b_u
    yield "b_i", b_i
    yield "untouched", bool(np.array_equal(ratings, case["ratings"]))


def _predict_bias_cases(rng: np.random.Generator) -> list[Case]:
    def case(n_users: int, n_movies: int) -> Case:
        b_u, b_i = rng.uniform(-0.9, 0.9, n_users), rng.uniform(-0.9, 0.9, n_movies)
        b_u[:2], b_i[:2] = [1.4, -2.3], [1.3, -2.2]  # together beyond both ends of the scale
        users = np.array([0, 1, 0, 2, 3, 3, 2, 1])
        movies = np.array([0, 1, 1, 3, 2, 0, 2, 3])  # all numbers below 4: taken for one another, they fit, too
        return {"mu": float(rng.uniform(3.2, 3.8)), "b_u": b_u, "b_i": b_i, "users": users, "movies": movies}

    return [case(4, 5), case(6, 4)]


@question(
    "evaluation.predict_bias",
    title="Predictions on the scale",
    objective="Predict by looking up biases, and stay on the scale.",
    points=1,
    needs=["predict_bias"],
    cases=_predict_bias_cases,
    parts={"predictions": close(about="the predictions")},
    hints=[
        "What should a prediction of 5.4 stars become, if the scale ends at 5?",
        "An array can be indexed with an array: `b_u[users]` holds one number for each pair.",
        "Add the mean and the two biases that belong to each pair, then `np.clip`.",
    ],
)
def predict_bias(code: Code, case: Case) -> Parts:
    yield "predictions", code.predict_bias(**{name: np.copy(value) for name, value in case.items()})


# --- The error of ratings --------------------------------------------------------------------------------------------


def _rmse_and_mae_cases(rng: np.random.Generator) -> list[Case]:
    def case(n: int) -> Case:
        ratings = rng.integers(1, 6, size=n).astype(float)
        ratings[:2] = [5, 1]
        predictions = _predictions(rng, ratings)
        if predictions[2:].sum() > ratings[2:].sum():
            predictions = 2 * ratings - predictions
        predictions[:2] = [5.8, 0.1]  # outside the scale, and with the others too low on average: a mean error below 0
        return {"predictions": predictions, "ratings": ratings, "missing": False}

    missing = case(6)
    missing["predictions"][3] = np.nan
    return [case(9), case(14), {**missing, "missing": True}]


@question(
    "evaluation.rmse_and_mae",
    title="How wrong, in stars",
    objective="Measure the error of predictions in two ways, and refuse to measure where one is missing.",
    points=2,
    needs=["rmse_and_mae"],
    cases=_rmse_and_mae_cases,
    parts={
        "rmse": close(about="the root mean squared error"),
        "mae": close(about="the mean absolute error"),
        "missing": equal(share=0.5, about="what happens when a prediction is missing"),
    },
    hints=[
        "An error of +1 and an error of −1: do they cancel out?",
        "Read the names backwards: root of the mean of the squares of the errors. And mean of the absolute errors.",
        "Take the errors once. Raise ValueError if one is NaN; else return both means.",
    ],
)
def rmse_and_mae(code: Code, case: Case) -> Parts:
    predictions, ratings = case["predictions"].copy(), case["ratings"].copy()
    if not case["missing"]:
        rmse, mae = code.rmse_and_mae(predictions, ratings)
        yield "rmse", rmse
        yield "mae", mae
        return
    code.rmse_and_mae(ratings - 0.5, ratings)  # code that always raises earns nothing here
    try:
        result = code.rmse_and_mae(predictions, ratings)
    except Exception as error:
        yield "missing", "ValueError" if isinstance(error, ValueError) else type(error).__name__
    else:
        yield "missing", "no exception, but NaN" if np.isnan(np.sum(result)) else "no exception, but numbers"


def _rmse_per_user_cases(rng: np.random.Generator) -> list[Case]:
    def case(counts: list[int], perfect: int | None = None) -> Case:
        users = rng.permutation(np.repeat(np.arange(len(counts)), counts))
        ratings = rng.integers(1, 6, size=len(users)).astype(float)
        worse = np.where(users == int(np.argmax(counts)), 1.5, 0.8)  # the errors grow with the number of ratings
        worse[users == perfect] = 0.0
        return {"users": users, "ratings": ratings, "n_users": len(counts), "perfect": perfect,
                "predictions": ratings + worse * (_predictions(rng, ratings) - ratings)}  # fmt: skip

    return [case([5, 0, 9, 2, 0]), case([0, 3, 1, 12]), case([4, 7, 2]), case([3, 6, 2, 8, 0], perfect=2)]


@question(
    "evaluation.rmse_per_user",
    title="One error for each user",
    objective="Measure each user's error, without inventing perfect predictions for users who have no ratings.",
    points=3,
    needs=["rmse_per_user"],
    bug_hunt="silent_users_count_zero",
    cases=_rmse_per_user_cases,
    parts={
        "errors": close(about="the errors of the users"),
        "mean": close(share=2, about="the mean over users"),
        "perfect": close(share=0.5, about="the error of a user who is foreseen perfectly, and the mean over users"),
    },
    hints=[
        "What is the error of a user of whom nothing was predicted? Is it the best possible one?",
        "Which number does an entry have before the loop, and does the loop reach every entry?",
        "Mark the users without ratings with NaN, and let the mean pass over them: `np.nanmean`.",
    ],
)
def rmse_per_user(code: Code, case: Case) -> Parts:
    errors, mean = code.rmse_per_user(
        case["users"].copy(), case["predictions"].copy(), case["ratings"].copy(), case["n_users"]
    )
    if case["perfect"] is not None:
        yield "perfect", [float(errors[case["perfect"]]), float(mean)]
        return
    yield "errors", errors
    yield "mean", mean


pooled_or_per_user = quiz(
    "evaluation.pooled_or_per_user",
    title="Two averages of the same errors",
    objective="Say whom each of two averages listens to.",
    choices=("a", "b", "c", "d"),
    hints=[
        "How much does one user with 300 test ratings weigh in each of the two numbers?",
        "In the pooled error each rating has the same weight; in the mean of the users' errors each user has.",
        "Give every user one vote: then the three quarters decide.",
    ],
)


# --- Splits and settings ---------------------------------------------------------------------------------------------


def _validation_split_cases(rng: np.random.Generator) -> list[Case]:
    def case(n_users: int, share: float) -> Case:
        counts, order = rng.integers(12, 30, size=n_users), rng.permutation(n_users)
        test_users = np.sort(rng.permutation(n_users)[: n_users // 2])
        others = np.flatnonzero(~np.isin(order, test_users))
        counts[others[0]] = counts[others[1]]  # whatever the seed, two of the other users have equally many ratings
        users = np.repeat(order, counts)  # a user's ratings stand together, as in u1.base
        return {"users": users, "test_users": test_users, "share": share, "seed": int(rng.integers(1, 10_000))}

    return [case(int(rng.integers(9, 16)), 0.4), case(int(rng.integers(6, 12)), 0.25)]


@question(
    "evaluation.validation_split",
    title="Hold out as the test did",
    objective="Choose a validation set in the way the test set was chosen.",
    points=3,
    needs=["validation_split"],
    cases=_validation_split_cases,
    parts={
        "form": equal(share=0.5, about="the form of the result"),
        "test_users": equal(about="from whom ratings are held out"),
        "counts": equal(share=1.5, about="how many ratings each of the other users loses"),
        "random": equal(about="which ratings are held out, given other seeds"),
        "same_seed": equal(share=0.5, about="what happens when the same seed is given again"),
    },
    hints=[
        "Whose ratings did the publishers hide, and whose not? Which users can still play that game?",
        "`np.setdiff1d` gives the other users. `rng.choice(rows, size=..., replace=False)` draws without repetition.",
        "Make a generator from the seed. For each other user, find their rows, draw the share, set them to True.",
    ],
)
def validation_split(code: Code, case: Case) -> Parts:
    def split(seed: int) -> np.ndarray:
        return np.asarray(code.validation_split(case["users"].copy(), case["test_users"].copy(), case["share"], seed))

    users, others = case["users"], np.setdiff1d(case["users"], case["test_users"])
    mask = split(case["seed"])
    yield "form", {"shape": list(mask.shape), "dtype": mask.dtype.name}
    mask = mask.astype(bool)
    in_test = np.isin(users, case["test_users"])
    groups = {"users of the test set": bool(mask[in_test].any()), "other users": bool(mask[~in_test].any())}
    yield "test_users", " and ".join(name for name, some in groups.items() if some) or "nobody"
    masks = [mask, *(split(case["seed"] + 1 + number).astype(bool) for number in range(60))]
    yield "counts", _how_many(masks, users, others, case["share"])
    again = split(case["seed"])
    same = "the same ratings" if np.array_equal(again, mask) else "other ratings"
    yield "same_seed", same if mask.any() else "nothing is held out"
    yield "random", _how_random(masks, users, others)


def _how_many(masks: list[np.ndarray], users: np.ndarray, others: np.ndarray, share: float) -> str:
    """Whether each of the other users lost their share of ratings, whichever way it is rounded."""
    size = np.array([(users == user).sum() for user in others])
    lost = np.array([[mask[users == user].sum() for user in others] for mask in masks])
    too_many, too_few = lost - share * size >= 1, share * size - lost >= 1
    if not (too_many | too_few).any():
        return "the share"
    if ((lost == 0) | (lost == size)).all():
        return "all or none of the ratings of a user"
    if too_many.any() and too_few.any():
        return "sometimes too many, sometimes too few"
    return "often too many" if too_many.any() else "often too few"


def _how_random(masks: list[np.ndarray], users: np.ndarray, others: np.ndarray) -> str:
    """Which ratings of the other users are held out, given many seeds."""
    rows = np.isin(users, others)
    often = np.mean(masks, axis=0)[rows]
    if ((often > 0) & (often < 1)).all():
        return "always the same places of two users" if _alike(masks, users, others) else "now these, now those"
    if all(np.all(np.diff(np.flatnonzero(masks[0][users == user])) == 1) for user in others):
        return "ratings in a row, always the same"
    return "always the same" if np.isin(often, (0.0, 1.0)).all() else "some never, or some always"


def _alike(masks: list[np.ndarray], users: np.ndarray, others: np.ndarray) -> bool:
    """Whether two users with equally many ratings lose those at the same places, whatever the seed."""
    places = [np.array([mask[users == user] for mask in masks]) for user in others]
    return any(np.array_equal(mine, theirs) for mine, theirs in itertools.combinations(places, 2))


def _choose_cases(rng: np.random.Generator) -> list[Case]:
    def case(n: int) -> Case:
        order = rng.permutation(n)
        inside = int(rng.integers(1, n - 1))  # the best on validation is neither the first nor the last setting
        at = int(np.flatnonzero(order == inside)[0])
        order[[0, at]] = order[[at, 0]]
        valid = np.empty(n)
        valid[order] = 0.93 + 0.02 * np.arange(n)  # the best on validation is order[0] ...
        test = np.empty(n)
        test[order] = 0.95 + 0.011 * rng.permutation(np.arange(1, n + 1))
        test[order[:3]] = [0.957, 0.915, 0.9]  # ... order[2] the luckiest on the test, order[1] best in the sum
        settings = [round(float(number), 2) for number in np.sort(rng.uniform(1, 30, n))]
        return {"settings": settings, "valid": valid, "test": test}

    return [case(5), case(7)]


@question(
    "evaluation.choose",
    title="Choose, then measure",
    objective="Choose settings without using up the test set.",
    points=3,
    needs=["choose"],
    bug_hunt="chosen_on_the_test",
    cases=_choose_cases,
    parts={
        "setting": equal(about="the chosen setting"),
        "error": close(about="the error that is reported"),
        "tested": equal(about="the settings whose models were measured on the test ratings"),
    },
    hints=[
        "If you throw ten dice and report the best, what do you know about dice?",
        "Which of the two error functions may be called for every setting, and which one only once, at the end?",
        "Find the setting with the smallest validation error. Then measure its model, and no other, on the test.",
    ],
)
def choose(code: Code, case: Case) -> Parts:
    tested: set[float] = set()
    valid = dict(zip(case["settings"], case["valid"].tolist(), strict=True))
    test = dict(zip(case["settings"], case["test"].tolist(), strict=True))

    def error_test(model: dict[str, float]) -> float:
        tested.add(model["setting"])
        return test[model["setting"]]

    setting, error = code.choose(
        list(case["settings"]), lambda setting: {"setting": setting}, lambda model: valid[model["setting"]], error_test
    )
    yield "setting", setting
    yield "error", error
    yield "tested", sorted(tested)


def _frame(users: np.ndarray, movies: np.ndarray, ratings: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame({"user": users, "movie": movies, "rating": ratings})


def _evaluate_protocol_cases(rng: np.random.Generator) -> list[Case]:
    def case(n_users: int, n_movies: int) -> Case:
        table = _table(rng, n_users, n_movies)
        users, movies, ratings = table["users"], table["movies"], table["ratings"]
        # Every second rating of a user is asked for, so that all users are on both sides, unequally often.
        number = np.array([np.sum(users[:row] == user) for row, user in enumerate(users)])
        is_test = number % 2 == 1
        ratings = np.where(is_test, np.clip(ratings + 1, 1, 5), ratings)
        return {
            "train": _frame(users[~is_test], movies[~is_test], ratings[~is_test]),
            "test": _frame(users[is_test], movies[is_test], ratings[is_test]).iloc[::-1],
        }

    return [case(5, 9), case(6, 8)]


class _Witness:
    """A toy model that notes what it was given: it predicts from a mean and from the known ratings of each user."""

    def __init__(self, case: Case):
        self._names = {name: self._rows(case[name]) for name in ("train", "test")}
        self.learnt, self.known, self.asked_with_ratings = set(), set(), False

    def fit(self, ratings: pd.DataFrame) -> float:
        self.learnt.add(self._name(ratings))
        return float(ratings["rating"].mean())

    def predict(self, model: float, known: pd.DataFrame, pairs: pd.DataFrame) -> np.ndarray:
        self.known.add(self._name(known, set(pairs["user"])))
        self.asked_with_ratings |= "rating" in pairs.columns
        of_user = known.groupby("user")["rating"].agg(["sum", "count"]).reindex(pairs["user"]).fillna(0.0)
        level = (of_user["sum"].to_numpy() + 2 * model) / (of_user["count"].to_numpy() + 2)
        return np.clip(level - 0.1 * (pairs["movie"].to_numpy() % 3), 1, 5)

    def _rows(self, ratings: pd.DataFrame) -> set[tuple[int, int]]:
        return set(zip(ratings["user"].tolist(), ratings["movie"].tolist(), strict=True))

    def _name(self, ratings: pd.DataFrame, users: set[int] | None = None) -> str:
        """Which ratings these are, in words. `users`: those whose ratings matter, if not all."""
        rows = self._rows(ratings)
        words = {"train": "training ratings", "test": "test ratings"}
        wanted = {name: {row for row in every if users is None or row[0] in users}
                  for name, every in self._names.items()}  # fmt: skip
        some = [words[name] + ("" if rows >= wanted[name] else " (a part)")
                for name, every in self._names.items() if rows & every]  # fmt: skip
        return " and ".join(some) or "no ratings"


@question(
    "evaluation.evaluate_protocol",
    title="Nothing from the test goes in",
    objective="Measure a model so that no test rating reaches it.",
    points=3,
    needs=["evaluate_protocol"],
    bug_hunt="reads_the_test_ratings",
    cases=_evaluate_protocol_cases,
    parts={
        "learnt": equal(share=0.5, about="what the model learnt from"),
        "known": equal(about="what the model was given to read when it predicted"),
        "error": close(share=2, about="the error"),
        "asked_with_ratings": equal(share=0.5, about="whether the questions held their answers"),
        "untouched": equal(share=0.25, about="whether the given tables were left as they were"),
    },
    hints=[
        "Follow the column `rating` of the test set: where does it go before the error is computed?",
        "A model may be given three things: ratings to learn from, ratings to read, and pairs. Who provides each?",
        "What is learnt and what is known comes from training; what is asked, without its ratings, from the test.",
    ],
)
def evaluate_protocol(code: Code, case: Case) -> Parts:
    witness = _Witness(case)
    train, test = case["train"].copy(), case["test"].copy()
    error = code.evaluate_protocol(witness.fit, witness.predict, train, test)
    yield "learnt", sorted(witness.learnt)
    yield "known", sorted(witness.known)
    yield "error", error  # after what explains it
    # Only a model that was asked something can have been asked honestly.
    yield "asked_with_ratings", witness.asked_with_ratings if witness.known else "nothing was asked"
    yield "untouched", bool(train.equals(case["train"]) and test.equals(case["test"]))


def _scale_cases(rng: np.random.Generator) -> list[Case]:
    def case(n_train: int, n_test: int) -> Case:
        train = rng.integers(2, 6, size=n_train).astype(float)
        train[:2] = [2, 5]
        test = rng.integers(1, 4, size=n_test).astype(float)
        test[:2] = [1, 3]
        return {"train": train, "test": test}

    return [case(9, 5), case(12, 6), case(11, 7)]


@question(
    "evaluation.scale_ratings",
    title="Whose mean is it?",
    objective="Fit a scaler on training ratings only.",
    points=2,
    needs=["scale_ratings"],
    bug_hunt="fitted_on_both",
    cases=_scale_cases,
    parts={
        "train": close(about="the scaled training ratings"),
        "test": close(about="the scaled test ratings"),
        "statistics": close(about="the mean and the standard deviation"),
        "untouched": equal(share=0.25, about="whether the given ratings were left as they were"),
    },
    hints=[
        "When the model is trained, does anybody know the test ratings yet?",
        "What is learnt from data is a part of the model, also when it is only a mean.",
        "Compute mean and standard deviation from the training ratings. Use these two for both arrays.",
    ],
)
def scale_ratings(code: Code, case: Case) -> Parts:
    train, test = case["train"].copy(), case["test"].copy()
    scaled_train, scaled_test, mean, std = code.scale_ratings(train, test)
    yield "train", scaled_train
    yield "test", scaled_test
    yield "statistics", np.hstack([np.ravel(mean), np.ravel(std)])
    yield "untouched", bool(np.array_equal(train, case["train"]) and np.array_equal(test, case["test"]))


loss_in_stars = quiz(
    "evaluation.loss_in_stars",
    title="Back to stars",
    objective="Turn a loss on scaled ratings into an error that can be compared.",
    choices=("a", "b", "c", "d"),
    hints=[
        "What is the unit of a mean squared error? And what was the unit of the scaled ratings?",
        "Undo the steps in the opposite order: first the square, then the scaling.",
        "A distance of 1 on the scaled axis is as long as the whole scale, from 0.5 to 5 stars.",
    ],
)


# --- Lists -----------------------------------------------------------------------------------------------------------


def _top_k_cases(rng: np.random.Generator) -> list[Case]:
    def case(n_movies: int, n_seen: int, k: int) -> Case:
        # All scores are below −1, and clearly apart; the two best were seen, and so was the worst.
        scores = rng.permutation(np.linspace(-6.0, -1.2, n_movies))
        order = np.argsort(-scores)
        seen = [*order[:2], order[-1], *rng.permutation(order[6:-1])[: n_seen - 3]]
        best = order[2:5]  # whatever the seed, the best unseen ones stand in no order of their numbers
        scores[np.sort(best)] = scores[best][[1, 2, 0]]
        return {"scores": scores, "seen": [int(movie) for movie in rng.permutation(seen)], "k": k}

    return [case(14, 5, 4), case(11, 3, 3), case(14, 9, 7)]


@question(
    "evaluation.top_k_unseen",
    title="The k best that are new",
    objective="Turn scores into a list of recommendations.",
    points=2,
    needs=["top_k_unseen"],
    cases=_top_k_cases,
    parts={
        "movies": equal(share=3, about="the recommended movies, in order"),
        "few_left": equal(about="the list when fewer than k movies are unseen"),
        "untouched": equal(share=0.5, about="whether the given scores were left as they were"),
    },
    hints=[
        "Must seen movies leave before or after the list is cut to length k?",
        "`np.argsort` gives positions, from the smallest value to the largest. Scores may be negative.",
        "Keep the numbers of the unseen movies, sort them by falling score, cut to k.",
    ],
)
def top_k_unseen(code: Code, case: Case) -> Parts:
    scores = case["scores"].copy()
    movies = list(code.top_k_unseen(scores, list(case["seen"]), case["k"]))
    if len(scores) - len(case["seen"]) < case["k"]:
        yield "few_left", movies
        return
    yield "movies", movies
    yield "untouched", bool(np.array_equal(scores, case["scores"]))


def _list_case(rng: np.random.Generator, k: int, places: list[int], n_relevant: int, length: int) -> Case:
    """A list of `length` movies of which those at `places` (from 0) are relevant, and more relevant ones elsewhere."""
    movies = [int(movie) for movie in rng.permutation(np.arange(10, 60))]
    recommended, rest = movies[:length], movies[length:]
    relevant = [recommended[place] for place in places]
    relevant += rest[: n_relevant - len(relevant)]
    return {"recommended": recommended, "relevant": [relevant[i] for i in rng.permutation(len(relevant))], "k": k}


def _list_cases(rng: np.random.Generator) -> list[Case]:
    """A longer list with hits beyond k; fewer relevant movies than places; more relevant movies than places."""
    k, few, many = (int(rng.integers(*ends)) for ends in ((5, 14), (5, 14), (4, 12)))
    in_longer = [*_some_places(rng, 2, k), *(k + place for place in _some_places(rng, 1, 4))]
    n_few, in_many = int(rng.integers(2, few - 1)), _some_places(rng, 1, many)
    more = _list_case(rng, many, [*in_many, many + 1], many + int(rng.integers(2, 6)), many + 3)
    more["relevant"].sort(key=more["recommended"][in_many[0]].__eq__)  # the last one, beyond k, is a hit
    return [
        _list_case(rng, k, in_longer, len(in_longer) + int(rng.integers(1, 4)), k + 4),
        _list_case(rng, few, _some_places(rng, 1, few)[: n_few - 1], n_few, few + 2),
        more,
    ]


def _some_places(rng: np.random.Generator, fewest: int, n: int) -> list[int]:
    """At least `fewest` of n places, and not all of them."""
    return rng.permutation(n)[: rng.integers(fewest, n)].tolist()


def _short_list(rng: np.random.Generator) -> Case:
    length = int(rng.integers(3, 9))
    places = _some_places(rng, 1, length)
    return _list_case(rng, int(rng.integers(10, 20)), places, len(places) + int(rng.integers(1, 4)), length)


def _too_short_for_all(rng: np.random.Generator) -> Case:
    """A list shorter than k, and more relevant movies than it has places."""
    length = int(rng.integers(3, 7))
    n_relevant = length + int(rng.integers(1, 4))
    return _list_case(rng, int(rng.integers(10, 20)), _some_places(rng, 1, length), n_relevant, length)


def _no_relevant(rng: np.random.Generator) -> Case:
    return _list_case(rng, 4, [], 0, 6)


def _ndcg_cases(rng: np.random.Generator) -> list[Case]:
    lists, perfect = _list_cases(rng), _list_case(rng, 5, [0, 1], 2, 8)
    return [*lists, perfect, _short_list(rng), _no_relevant(rng), _too_short_for_all(rng)]


def _called(code: Any, case: Case) -> Any:
    return code(list(case["recommended"]), list(case["relevant"]), case["k"])


@question(
    "evaluation.precision_at_k",
    title="How much of the list is right?",
    objective="Measure a list by the share of its places that are well used.",
    points=1,
    needs=["precision_at_k"],
    cases=lambda rng: [*_list_cases(rng), *(_short_list(rng) for _ in range(3))],
    parts={
        "full": close(share=3, about="the precision"),
        "short": close(about="the precision of a list that is too short"),
    },
    hints=[
        "If only 2 of 10 places are filled, and both with relevant movies, has the list used its places well?",
        "`set(a) & set(b)` holds what two lists have in common. Which part of the list counts?",
        "Common movies of the first k and of the relevant ones, divided by k.",
    ],
)
def precision_at_k(code: Code, case: Case) -> Parts:
    yield ("short" if len(case["recommended"]) < case["k"] else "full"), _called(code.precision_at_k, case)


@question(
    "evaluation.recall_at_k",
    title="How much was found?",
    objective="Measure a list by the share of relevant movies that it finds.",
    points=2,
    needs=["recall_at_k"],
    cases=lambda rng: [*_list_cases(rng), _no_relevant(rng)],
    parts={
        "recall": close(share=3, about="the recall"),
        "nothing": equal(about="the recall of a user without relevant movies"),
    },
    hints=[
        "Precision asks about places. About what does recall ask, and how many of these are there?",
        "A user without relevant movies: what would 0 say about the list, and what would 1 say?",
        "Common movies of the first k and of the relevant ones, divided by the number of relevant ones; NaN for 0/0.",
    ],
)
def recall_at_k(code: Code, case: Case) -> Parts:
    recall = _called(code.recall_at_k, case)
    if case["relevant"]:
        yield "recall", recall
    else:
        yield "nothing", _nan_or_number(code.recall_at_k, recall)


@question(
    "evaluation.ndcg_at_k",
    title="Early is better",
    objective="Measure a list by where its relevant movies stand.",
    points=3,
    needs=["ndcg_at_k"],
    cases=_ndcg_cases,
    parts={
        "ndcg": close(share=4, about="the NDCG"),
        "nothing": equal(about="the NDCG of a user without relevant movies"),
    },
    hints=[
        "How much is a hit at the first place worth, by the formula? And at the second, the third?",
        "How many hits can the best of all lists have, if there are 3 relevant movies and 10 places? And 30 relevant?",
        "Add 1/log2(place + 1) over the hits; divide by the same sum over the first min(k, relevant) places.",
    ],
)
def ndcg_at_k(code: Code, case: Case) -> Parts:
    ndcg = _called(code.ndcg_at_k, case)
    if case["relevant"]:
        yield "ndcg", ndcg
    else:
        yield "nothing", _nan_or_number(code.ndcg_at_k, ndcg)


def _nan_or_number(measure: Any, value: Any) -> str:
    """What a measure says of a user without relevant movies, in a word, if it says numbers of other users."""
    if np.isnan(float(measure([7, 3, 5], [3], 2))):
        return "NaN, whatever the list"
    if isinstance(value, str):
        return "a text"
    number = float(value)
    return "NaN" if np.isnan(number) else f"{number:g}"


rating_or_ranking = quiz(
    "evaluation.rating_or_ranking",
    title="A better error, a worse list",
    objective="Say why the error of ratings does not tell how good a list is.",
    choices=("a", "b", "c", "d"),
    hints=[
        "Of which movies does the test error know a rating? And among which movies does a list look for the best?",
        "A hit takes two things. Look at the table that takes hits apart: at which of them is the bias model worse?",
        "Every rating is of a movie that somebody had chosen to watch. So who foresees stars need not foresee choices.",
    ],
)

better_and_worse = essay(
    "evaluation.better_and_worse",
    title="Better and worse at once",
    objective="Explain with measured numbers why a better rating model need not make a better list.",
    rubric={
        "Takes hits apart into watched and liked, with two numbers from the page": 1,
        "Explains why the RMSE cannot notice: it averages over movies that were chosen to be watched": 1,
        "Proposes a measure for lists, on validation ratings, with a baseline beside it": 1,
    },
)

honest_number = quiz(
    "evaluation.honest_number",
    title="Which number is honest?",
    objective="Recognise an honest measurement among four that sound like one.",
    choices=("a", "b", "c", "d"),
    hints=[
        "Go through each report and ask: what did somebody know who should not have known it?",
        "Choosing is learning, too: the epoch, the seed and the scaler can all be learnt from the test set.",
        "In only one of the four did the test ratings stay out of both: what was learnt, and what was chosen.",
    ],
)
