"""Questions of the chapter `movielens`.

Every question brings its own small tables, so no exercise depends on another one.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from recbook.parts import close, equal
from recbook.question import Case, Code, essay, question, quiz

Parts = Iterator[tuple[str, Any]]


# --- Reading ---------------------------------------------------------------------------------------------------------


def _read_cases(rng: np.random.Generator) -> list[Case]:
    def rows(n: int) -> list[list[int]]:
        users, movies = 100 + rng.permutation(300)[:n], 500 + rng.permutation(900)[:n]
        stars = rng.integers(1, 6, n)
        seconds = 880_000_000 + 50_000 * rng.permutation(180)[:n] + rng.integers(0, 50_000, n)
        return np.stack([users, movies, stars, seconds], axis=1).tolist()

    twice = rows(11)
    twice[7][:2] = twice[3][:2]  # somebody rated the same movie again: a rating like any other
    return [{"rows": rows(6)}, {"rows": rows(2)}, {"rows": twice}]


@question(
    "movielens.read_ratings",
    title="Read every rating",
    objective="Read a file without a header row, and lose nothing.",
    points=2,
    needs=["read_ratings"],
    bug_hunt="first_line_is_taken_for_a_header",
    cases=_read_cases,
    parts={
        "columns": equal(share=0.5, about="the names of the columns"),
        "kind": equal(share=0.5, about="what the columns hold"),
        "n_ratings": equal(about="the number of ratings"),
        "first": equal(about="the first rating"),
        "table": equal(about="the table"),
    },
    hints=[
        "How many lines has a file, and how many rows has the table that is made of it? Try a file of two lines.",
        "What does `pd.read_csv` do with the first line of a file if you do not tell it anything about headers?",
        "Say that there is no header row, and give the names of the columns in the same call.",
    ],
)
def read_ratings(code: Code, case: Case) -> Parts:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ratings.data"
        path.write_text("".join("\t".join(map(str, row)) + "\n" for row in case["rows"]), encoding="ascii")
        table = code.read_ratings(path)
    yield "columns", [str(name) for name in table.columns]
    yield "kind", _kind(table)
    yield "n_ratings", len(table)
    yield "first", _numbers(table.iloc[:1])
    yield "table", _numbers(table)


def _kind(table: pd.DataFrame) -> str:
    """What the columns of a table hold, in words that do not depend on the version of pandas."""
    if all(pd.api.types.is_integer_dtype(kind) for kind in table.dtypes):
        return "whole numbers"
    if all(pd.api.types.is_numeric_dtype(kind) for kind in table.dtypes):
        return "numbers with a decimal point"
    if any(pd.api.types.is_datetime64_any_dtype(kind) for kind in table.dtypes):
        return "dates"
    if all(isinstance(value, int) for value in table.to_numpy(dtype=object).flat):
        return "whole numbers"
    return "text"


def _numbers(table: pd.DataFrame) -> np.ndarray | str:
    try:
        return table.to_numpy(dtype=float)
    except (TypeError, ValueError):
        return "not numbers"


# --- Words as numbers ------------------------------------------------------------------------------------------------


def _one_hot_cases(rng: np.random.Generator) -> list[Case]:
    words = ["writer", "artist", "none", "doctor", "student"]  # however rotated, in no alphabetical order
    categories = np.roll(words, rng.integers(5)).tolist()
    appearing = [categories[i] for i in (3, 1, 4, 0)]
    some = [*appearing, *rng.choice(appearing, 8).tolist()]
    everybody = [*appearing, categories[2], *rng.choice(categories, 8).tolist()]
    return [
        {"values": everybody, "categories": categories, "what": "matrix"},
        {"values": some, "categories": categories, "what": "empty_column"},
        {"values": [*some, "astronaut"], "categories": categories, "what": "unknown"},
    ]


@question(
    "movielens.one_hot",
    title="A column for each word",
    objective="Turn words into numbers without putting them into an order.",
    points=2,
    needs=["one_hot"],
    cases=_one_hot_cases,
    parts={
        "matrix": close(share=2, about="the matrix"),
        "empty_column": close(about="the matrix when nobody has one of the categories"),
        "unknown": equal(about="what happens with a word that is no category"),
    },
    hints=[
        "Which shape has the result, and how many ones are in each row?",
        "Compare every value with every category: a column of values, `[:, None]`, against a row of categories.",
        "The comparison gives true and false, which are nearly 1 and 0. A row without any true is an unknown word.",
    ],
)
def one_hot(code: Code, case: Case) -> Parts:
    if case["what"] != "unknown":
        yield case["what"], code.one_hot(list(case["values"]), list(case["categories"]))
        return
    code.one_hot(list(case["values"][:-1]), list(case["categories"]))  # code that always raises earns nothing here
    try:
        code.one_hot(list(case["values"]), list(case["categories"]))
    except Exception as error:
        yield "unknown", "ValueError" if isinstance(error, ValueError) else type(error).__name__
    else:
        yield "unknown", "no exception"


def _genre_cases(rng: np.random.Generator) -> list[Case]:
    words = ["War", "Film-Noir", "Noir", "Crime", "True Crime", "Comedy"]  # some are contained in others
    names = np.roll(words, rng.integers(6)).tolist()
    combinations = [rng.permutation(words)[: rng.integers(2, 4)].tolist() for _ in range(4)]
    movies = ["Film-Noir|Comedy", "True Crime", "", "War|Noir|Comedy", *map("|".join, combinations)]
    everything = [*movies, "Crime|War"]
    several_only = ["Comedy|War", "Noir|Crime|War", "Film-Noir|Noir"]  # "True Crime" does not occur
    return [
        {"genres": rng.permutation(everything).tolist(), "names": names},
        {"genres": rng.permutation(several_only).tolist(), "names": names},
    ]


@question(
    "movielens.genre_matrix",
    title="A column for each genre",
    objective="Describe movies that belong to several genres at once.",
    points=2,
    needs=["genre_matrix"],
    cases=_genre_cases,
    parts={"matrix": close(about="the matrix")},
    hints=[
        "How many ones may a row have now?",
        '`"Action|Comedy".split("|")` is a list of two words. What is `"".split("|")`?',
        "For each movie and each name: is the name one of the movie's words? Not: is it somewhere in the text?",
    ],
)
def genre_matrix(code: Code, case: Case) -> Parts:
    yield "matrix", code.genre_matrix(list(case["genres"]), list(case["names"]))


# --- Statistics ------------------------------------------------------------------------------------------------------


def _statistics_cases(rng: np.random.Generator) -> list[Case]:
    some = np.array([0, 1, 3, 4, 5])  # neither 2 nor the last two have a rating
    indices = rng.permutation(np.concatenate([some, some, [0, 0, 4], rng.choice(some, 7)]))
    everybody = rng.permutation(np.concatenate([np.arange(5), [1, 1, 1], rng.integers(0, 5, 8)]))

    def stars(n: int) -> np.ndarray:
        ratings = rng.integers(1, 6, n).astype(np.float32)
        ratings[:2] = 1, 2  # not all of them equal, and a mean that is no whole number
        return ratings

    return [
        {"indices": everybody, "ratings": stars(len(everybody)) - np.float32(0.5), "n": 5, "what": "all"},
        {"indices": indices, "ratings": stars(len(indices)), "n": 8, "what": "some"},
    ]


@question(
    "movielens.rating_statistics",
    title="How many, and how high?",
    objective="Count and average ratings for all users, or all movies, at once.",
    points=3,
    needs=["rating_statistics"],
    cases=_statistics_cases,
    parts={
        "counts": equal(share=2, about="the numbers of ratings"),
        "means": close(share=2, about="the means"),
        "none": close(about="the means when some have no rating"),
        "shapes": equal(share=0.5, about="the shapes when some have no rating"),
    },
    hints=[
        "Which two sums does a mean consist of? Both can be had for all users in one go.",
        "`np.bincount` counts how often each index occurs; with `weights` it adds up. What is `minlength` for?",
        "Counts and sums by `np.bincount`, then divide where the count is above 0 and put NaN elsewhere.",
    ],
)
def rating_statistics(code: Code, case: Case) -> Parts:
    counts, means = code.rating_statistics(case["indices"].copy(), case["ratings"].copy(), case["n"])
    yield "counts", counts
    yield ("means" if case["what"] == "all" else "none"), means
    if case["what"] == "some":
        yield "shapes", [list(np.shape(counts)), list(np.shape(means))]


other_statistics = essay(
    "movielens.other_statistics",
    title="Other statistics of users",
    objective="Find out what else about the users' ratings would be worth knowing, and what it would be good for.",
    rubric={
        "Names at least two statistics of users that the page has not shown by then": 1,
        "Says for one of them what it would change in a model or in how we measure it": 1,
    },
)


# --- The long tail ---------------------------------------------------------------------------------------------------


def _counts(rng: np.random.Generator, n: int) -> np.ndarray:
    """Uneven counts in no order, all different, one of them 0."""
    counts = np.cumsum(rng.integers(1, 4, n)) ** 2
    counts[0] = 0
    counts = rng.permutation(counts)
    top, bottom = int(counts.argmax()), int(counts.argmin())
    counts[[0, top]] = counts[[top, 0]]  # neither rising nor falling: the highest first, the lowest second
    bottom = top if bottom == 0 else bottom
    counts[[1, bottom]] = counts[[bottom, 1]]
    return counts


def _gini_cases(rng: np.random.Generator) -> list[Case]:
    one_has_all = np.zeros(6, int)
    one_has_all[rng.integers(1, 5)] = 40
    return [
        {"counts": _counts(rng, 9)},
        {"counts": _counts(rng, 14)},
        {"counts": one_has_all},
        {"counts": np.full(5, int(rng.integers(2, 9)))},
    ]


@question(
    "movielens.gini",
    title="One number for inequality",
    objective="Measure how unequally ratings are shared out among movies.",
    points=2,
    needs=["gini"],
    cases=_gini_cases,
    parts={
        "gini": close(about="the Gini coefficient", rtol=1e-6, atol=1e-9),
        "untouched": equal(share=0.25, about="whether the given array was left as it was"),
    },
    hints=[
        "In the formula, $c_{(1)}$ has brackets around its index. What do they say?",
        "Sort first, from the fewest to the most. `np.arange(1, n + 1)` are the ranks.",
        "The rank weights run evenly from 1 − n to n − 1. Weigh, add up, divide by n times the total.",
    ],
)
def gini(code: Code, case: Case) -> Parts:
    counts = case["counts"].copy()
    yield "gini", code.gini(counts)
    yield "untouched", bool(np.array_equal(counts, case["counts"]))


def _top_cases(rng: np.random.Generator) -> list[Case]:
    return [
        {"counts": _counts(rng, 8), "share": 0.25},
        {"counts": _counts(rng, 10), "share": 0.25},
        {"counts": _counts(rng, 7), "share": 0.1},
        {"counts": _tied_counts(rng, 4 * int(rng.integers(3, 7))), "share": 0.25},
    ]


def _tied_counts(rng: np.random.Generator, n: int) -> np.ndarray:
    """Counts in no order: few large ones, two of them 0, and many that are small and equal.

    The large ones are fewer than a quarter, by two at least: a single movie more or less is another mistake.
    """
    n_large = int(rng.integers(1, n // 4 - 1))
    large = 10 + rng.permutation(30)[:n_large]
    return rng.permutation(np.concatenate([large, [0, 0], np.full(n - n_large - 2, rng.integers(2, 8))]))


@question(
    "movielens.share_of_top",
    title="How much do the most rated movies hold?",
    objective="Say how long the tail is in words that anybody understands.",
    points=1,
    needs=["share_of_top"],
    cases=_top_cases,
    parts={
        "share": close(about="the share"),
        "untouched": equal(share=0.25, about="whether the given array was left as it was"),
    },
    hints=[
        "A quarter of ten movies is two and a half. How many are taken, by the docstring?",
        "`np.sort` sorts from low to high; `[::-1]` turns an array around.",
        "Sort from most to fewest, take the first of them, add up, divide by the sum of all.",
    ],
)
def share_of_top(code: Code, case: Case) -> Parts:
    counts = case["counts"].copy()
    yield "share", code.share_of_top(counts, case["share"])
    yield "untouched", bool(np.array_equal(counts, case["counts"]))


appropriate_statistics = essay(
    "movielens.appropriate_statistics",
    title="Which statistics fit?",
    objective="Describe an uneven distribution by measures that suit it.",
    rubric={
        "Observes with a number from the page that the ratings are spread very unevenly over the movies": 1,
        "Says why this matters for a recommender or for judging one": 1,
        "Names measures that fit, and says why mean and standard deviation do not": 1,
    },
)

long_tail_means = quiz(
    "movielens.long_tail_means",
    title="The best movies of all?",
    objective="Explain who stands at the top of a list of means.",
    choices=("a", "b", "c", "d"),
    hints=[
        "Look at the left end of the funnel: what is at its top, and what at its bottom?",
        "How far can the mean of one rating lie from the overall mean, and how far the mean of 400 ratings?",
        "The fewer ratings, the more a mean is moved by chance, in both directions.",
    ],
)


# --- One person ------------------------------------------------------------------------------------------------------


def _stats_user_cases(rng: np.random.Generator) -> list[Case]:
    def case(n_users: int, n_movies: int, n_genres: int, user: int) -> Case:
        data = rng.integers(1, 6, (n_users, n_movies)).astype(float)
        data[rng.random(data.shape) < 0.4] = np.nan
        for row in range(n_users):  # each row has its own number of fives, and gaps
            data[row, : row + 2], data[row, -2:] = 5, np.nan
        genres = (rng.random((n_movies, n_genres)) < 0.5).astype(float)
        genres[:, 0], genres[-1] = 1, 1
        order = rng.permutation(n_movies)
        return {"data": data[:, order], "genres": genres[order], "user": user}

    return [case(4, 12, 3, 2), case(7, 15, 4, 5)]


@question(
    "movielens.stats_user",
    title="What does one person like?",
    objective="Describe one user's ratings by stars and by genres, without a loop.",
    points=2,
    needs=["stats_user"],
    cases=_stats_user_cases,
    parts={
        "stats": close(about="the number of movies for each number of stars"),
        "eva": close(share=2, about="the number of movies by stars and genre"),
    },
    hints=[
        "Which movies got exactly 3 stars from this user? What does a comparison with NaN give?",
        "Compare the user's row with a column of the numbers 1 to 5: the result has the shape (5, n_movies).",
        "Row sums of that table are the first result; its matrix product with the genres is the second.",
    ],
)
def stats_user(code: Code, case: Case) -> Parts:
    stats, eva = code.stats_user(case["data"].copy(), case["genres"].copy(), case["user"])
    yield "stats", stats
    yield "eva", eva


def _bias_cases(rng: np.random.Generator) -> list[Case]:
    def case(n: int, bias: float, what: str) -> Case:
        means = rng.permutation(np.linspace(2.2, 4.3, n))
        ratings = means + bias + rng.permutation(np.linspace(-0.9, 0.9, n)) + rng.normal(0, 0.1, n)
        return {"ratings": ratings, "means": means, "what": what}

    sign = int(rng.choice([-1, 1]))
    gaps = case(9, 0.4 * sign, "gaps")
    gaps["means"][rng.permutation(9)[:3]] = np.nan
    two, alone = case(5, 0.5, "gaps"), case(4, 0.5, "too_few")
    two["means"][rng.permutation(5)[:3]] = np.nan  # two movies are enough
    alone["means"][rng.permutation(4)[:3]] = np.nan
    return [case(8, 0.6 * sign, "whole"), case(11, -0.3 * sign, "whole"), gaps, two, alone]


@question(
    "movielens.user_bias_test",
    title="Is somebody strict, or is it chance?",
    objective="Test whether a user's ratings deviate systematically from those of others.",
    points=3,
    needs=["user_bias_test"],
    cases=_bias_cases,
    parts={
        "bias": close(about="the bias"),
        "t": close(share=2, about="the t statistic"),
        "gaps": close(about="bias and t when nobody else rated some of the movies"),
        "too_few": equal(share=0.5, about="what happens with fewer than two movies to compare"),
    },
    hints=[
        "What is compared with what: two averages, or each rating with the same movie's mean?",
        "A mean of n numbers varies less than the numbers themselves: by how much less?",
        "Take the differences, drop NaN, and divide their mean by (standard deviation with n − 1) / √n.",
    ],
)
def user_bias_test(code: Code, case: Case) -> Parts:
    if case["what"] == "too_few":
        others = np.full(len(case["ratings"]), 3.0)
        code.user_bias_test(case["ratings"].copy(), others)  # code that always raises earns nothing here
        try:
            code.user_bias_test(case["ratings"].copy(), case["means"].copy())
        except Exception as error:
            yield "too_few", "ValueError" if isinstance(error, ValueError) else type(error).__name__
        else:
            yield "too_few", "no exception"
        return
    bias, t = code.user_bias_test(case["ratings"].copy(), case["means"].copy())
    if case["what"] == "gaps":
        yield "gaps", [float(bias), float(t)]
    else:
        yield "bias", bias
        yield "t", t


# --- Splitting -------------------------------------------------------------------------------------------------------


SWAPPED = "the other way round"


def _split_cases(rng: np.random.Generator) -> list[Case]:
    def case(counts: list[int], few: list[int], eighths: int, index: str) -> Case:
        # Of a multiple of eight ratings, so many eighths are a whole number, however they are computed.
        counts = [*counts, *(8 * rng.integers(1, 4, rng.integers(3, 60))).tolist(), *few]
        users = rng.permutation(np.repeat(rng.permutation(len(counts)), counts))
        return {"user": users, "row": rng.permutation(5000)[: len(users)], "fraction": eighths / 8, "index": index,
                "seed": int(rng.integers(1, 1000))}  # fmt: skip

    return [
        case([24] * 6, [5, 3], int(rng.integers(2, 4)), "plain"),
        case([24] * 6, [1, 1, 1, 1, 1, 2], int(rng.integers(5, 7)), "twice"),
    ]


@question(
    "movielens.split_by_user",
    title="A fair and repeatable split",
    objective="Split ratings at random, so that every user is in both parts and the split can be repeated.",
    points=3,
    needs=["split_by_user"],
    cases=_split_cases,
    parts={
        "partition": equal(share=1.25, about="the rows of both parts, if every rating is in exactly one"),
        "shares": equal(share=2, about="how many ratings of each user are held out, where this is a whole number"),
        "keeps": equal(share=0.75, about="the number of users, if every one keeps a rating"),
        "repeatable": equal(share=0.75, about="whether the same seed gives the same split"),
        "random": equal(about="how ratings are drawn"),
        "untouched": equal(share=0.25, about="whether the given table was left as it was"),
    },
    hints=[
        "Draw the rows to hold out from all rows at once: what may happen to somebody with two ratings?",
        "Give each row a random number. Which rows have the lowest numbers among the rows of their user?",
        "Random numbers from `np.random.default_rng(seed)`, their rank within each user, and a mask of true and false.",
    ],
)
def split_by_user(code: Code, case: Case) -> Parts:
    n = len(case["user"])
    rows = np.arange(n)
    index = rows % (n // 2) if case["index"] == "twice" else rows[::-1]  # as after `pd.concat`: numbers stand twice
    columns = {"user": case["user"], "movie": rows // 2, "rating": 1 + rows % 5, "row": case["row"]}
    table = pd.DataFrame(columns, index=index)
    before = table.copy()

    def split(seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
        train, test = code.split_by_user(table, case["fraction"], seed)
        return train, test

    train, test = split(case["seed"])
    asked = case["fraction"] * np.bincount(case["user"])
    in_train, in_test = (np.bincount(part["user"], minlength=len(asked)) for part in (train, test))
    some = 0 < len(test) < n  # a split that holds out nothing, or everything, earns nothing
    both = sorted([*train["row"], *test["row"]])
    yield "partition", both if some and both == sorted(case["row"]) else "not every rating once"
    yield "shares", _shares(in_train, in_test, asked) if some else "one part is empty"
    keeps = some and len(in_train) == len(asked) and (in_train > 0).all()
    swapped = some and _shares(in_train, in_test, asked) == SWAPPED
    yield "keeps", SWAPPED if swapped else len(in_train) if keeps else "not every user keeps one"
    again, other = split(case["seed"])[1], split(case["seed"] + 1)[1]
    yield "repeatable", bool(some and _random(test, other) and set(again["row"]) == set(test["row"]))
    yield "random", _luck(table, test, other, len(asked)) if some else "one part is empty"
    yield "untouched", bool(some and table.equals(before))


def _shares(in_train: np.ndarray, in_test: np.ndarray, asked: np.ndarray) -> list[int] | str:
    """The numbers of ratings held out, where a whole number is asked for, if all are within one of those asked for."""
    if not (in_train * in_test).any():
        return "every user is in one part only"
    parts = (("as asked", in_test), (SWAPPED, in_train))
    found = next((what for what, counts in parts if (np.abs(counts - asked) < 1 + 1e-6).all()), "not as asked")
    if found == "not as asked" and (in_test < asked + 1e-6).all():
        return "fewer than asked"
    return in_test[asked == np.round(asked)].tolist() if found == "as asked" else found


def _random(test: pd.DataFrame, other: pd.DataFrame) -> bool:
    return set(test["row"]) != set(other["row"])


def _luck(table: pd.DataFrame, test: pd.DataFrame, other: pd.DataFrame, n_users: int) -> str:
    """How the ratings to hold out are drawn, as far as two seeds show it."""
    users, held_out = table["user"].to_numpy(), np.isin(table["row"], test["row"])
    lists = [held_out[users == user] for user in range(n_users)]
    if not _random(test, other):
        # Along a list of true and false: at most one change, so one end of each user's list is held out.
        ends = all(np.abs(np.diff(one.astype(int))).sum() <= 1 for one in lists)
        return "the first or the last of each user" if ends else "the same with every seed"
    longest = [tuple(one) for one in lists if len(one) == max(map(len, lists))]
    return "at random" if len(set(longest)) > 1 else "at the same places of all users"


test_rows = quiz(
    "movielens.test_rows",
    title="New rows, old friends",
    objective="Say in which way test ratings differ from the test rows of other learning problems.",
    choices=("a", "b", "c", "d"),
    hints=[
        "Who gave the ratings in the test set, and which movies are they about?",
        "Look at the three numbers above: are two ratings of one user as different as those of two strangers?",
        "A test rating shares its user, and its movie, with many training ratings.",
    ],
)


# --- A sparse matrix -------------------------------------------------------------------------------------------------


def _sparse_cases(rng: np.random.Generator) -> list[Case]:
    def case(n_users: int, n_movies: int, n: int) -> Case:
        # The first and the last user and movie have no rating: indices that are one too low are still indices.
        cells = rng.permutation((n_users - 2) * (n_movies - 2))[:n]
        users, movies = np.divmod(cells, n_movies - 2)
        users, movies = users + 1, movies + 1
        users[:3], movies[:3] = [3, 2, 2], [1, 3, 1]  # neither sorted nor symmetric
        keep = np.unique(users * n_movies + movies, return_index=True)[1]
        keep.sort()
        stars = rng.integers(1, 10, len(keep)) / 2
        stars[:2] = 1.5, 4.0  # half stars
        return {
            "users": users[keep].astype(np.int32), "movies": movies[keep].astype(np.int32),
            "ratings": stars, "shape": (n_users, n_movies),  # float64, as NumPy likes it
        }  # fmt: skip

    return [case(6, 6, 9), case(5, 9, 12)]


@question(
    "movielens.build_rating_sparse_tensor",
    title="Store only what is known",
    objective="Put ratings into a sparse matrix, in which gaps take no memory.",
    points=2,
    needs=["build_rating_sparse_tensor"],
    cases=_sparse_cases,
    parts={
        "shape": equal(share=0.5, about="the shape"),
        "ratings": close(share=2, about="the matrix, with 0 in the gaps"),
        "is_sparse": equal(share=0.5, about="whether the tensor is sparse"),
        "is_coalesced": equal(share=0.5, about="whether the tensor is coalesced"),
        "kind": equal(share=0.5, about="the kind of numbers in it"),
    },
    hints=[
        "A cell has two coordinates. Which shape has the tensor of all coordinates?",
        "`torch.sparse_coo_tensor(indices, values, size)` wants whole-number indices of shape (2, n_ratings).",
        "Rows of indices: first the users, then the movies. Values as float32. Give the size, and coalesce.",
    ],
)
def build_rating_sparse_tensor(code: Code, case: Case) -> Parts:
    given = {name: case[name].copy() for name in ("users", "movies", "ratings")}
    with torch.sparse.check_sparse_tensor_invariants(True):
        matrix = code.build_rating_sparse_tensor(**given, shape=case["shape"])
    dense = _dense(matrix)
    yield "shape", list(matrix.shape)
    yield "ratings", torch.nan_to_num(dense.float())
    yield "is_sparse", bool(matrix.is_sparse)
    yield "is_coalesced", bool(matrix.is_sparse and matrix.is_coalesced())
    yield "kind", str(matrix.dtype).removeprefix("torch.")


def _dense(matrix: torch.Tensor) -> torch.Tensor:
    """An ordinary tensor. Indices outside of the shape would make PyTorch write outside of its memory."""
    if not matrix.is_sparse:
        return matrix
    indices, sizes = matrix._indices(), torch.tensor(matrix.shape)[:, None]
    if not bool(((indices >= 0) & (indices < sizes)).all()):
        raise ValueError("some indices are outside of the shape of the tensor")
    return matrix.to_dense()


def _density_cases(rng: np.random.Generator) -> list[Case]:
    def case(n_users: int, n_movies: int) -> Case:
        n = int(n_users * n_movies * rng.uniform(0.2, 0.8))
        cells = np.sort(rng.permutation((n_users - 1) * n_movies)[:n])  # the last user has no rating
        values = rng.choice([0.5, 1.0, 1.5, 2.0], n)
        values[:2] = 0.0  # centred ratings can be 0, and are ratings all the same
        return {"cells": np.stack(np.divmod(cells, n_movies)), "values": values, "shape": (n_users, n_movies)}

    return [case(int(rng.integers(6, 20)), int(rng.integers(21, 40))), case(int(rng.integers(21, 40)), 7)]


@question(
    "movielens.rating_matrix_density",
    title="How full is the matrix?",
    objective="Compute the share of known cells of a sparse matrix.",
    points=1,
    needs=["rating_matrix_density"],
    cases=_density_cases,
    parts={"density": close(about="the density")},
    hints=[
        "How many cells has a matrix of this shape, and how many of them are stored?",
        "`matrix.values()` are the stored numbers of a coalesced tensor. `numel()` counts the elements of a tensor.",
        "Stored numbers, whatever they are, divided by rows times columns.",
    ],
)
def rating_matrix_density(code: Code, case: Case) -> Parts:
    values = torch.tensor(case["values"], dtype=torch.float32)
    matrix = torch.sparse_coo_tensor(torch.tensor(case["cells"]), values, case["shape"]).coalesce()
    yield "density", code.rating_matrix_density(matrix)
