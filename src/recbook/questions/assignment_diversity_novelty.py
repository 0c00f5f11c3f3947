"""Questions of the chapter `assignment_diversity_novelty`.

Every question brings its own small lists, similarities and ratings, so no exercise depends on another one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from recbook.parts import close, equal
from recbook.question import Case, Code, essay, question, quiz

Parts = Iterator[tuple[str, Any]]


def _lists(rng: np.random.Generator, n_users: int, n_movies: int, n: int) -> np.ndarray:
    """Lists of n different movies, (n_users, n); some movies are on many lists, as in life."""
    liking = np.linspace(2, 0, n_movies)
    return np.stack([np.argsort(-(liking + rng.random(n_movies)), kind="stable")[:n] for _ in range(n_users)])


def _similarities(rng: np.random.Generator, n: int) -> np.ndarray:
    """A symmetric matrix of numbers from 0.05 to 0.95 with ones on its diagonal."""
    upper = np.triu(rng.uniform(0.05, 0.95, (n, n)), 1)
    return upper + upper.T + np.eye(n)


# --- Everybody's list ------------------------------------------------------------------------------------------------


def _top_cases(rng: np.random.Generator) -> list[Case]:
    def case(n_users: int, n_movies: int, n: int, n_seen: int) -> Case:
        steps = np.linspace(-3, 2, n_movies)
        scores = np.stack([rng.permutation(steps) for _ in range(n_users)])
        seen = np.zeros(scores.shape, bool)
        for user, row in enumerate(scores):
            order = np.argsort(-row)
            # The best movie is seen; the best unseen one stands right of the second best, so that order shows.
            seen[user, order[0]] = True
            seen[user, order[n + 2 : n + 1 + n_seen]] = True
        for user, row in enumerate(scores):
            left, right = sorted(np.argsort(-row)[1:3])
            scores[user, [left, right]] = sorted(row[[left, right]])
        return {"scores": scores, "seen": seen, "n": n}

    # In the second case a user has just enough unseen movies left, all of them with negative scores.
    much = case(3, 12, 3, 2)
    much["seen"][1] = True
    much["seen"][1, np.argsort(much["scores"][1])[:3]] = False
    few = case(3, 9, 4, 2)
    few["seen"][1] = True
    few["seen"][1, rng.permutation(9)[:3]] = False
    return [case(5, 40, 12, 8), much, few]  # `np.argpartition` alone leaves lists so long unsorted, on most machines


@question(
    "assignment_diversity_novelty.top_n_for_all",
    title="Everybody's top ten",
    objective="Recommend to all users at once, and nothing that they have seen.",
    points=3,
    needs=["top_n_for_all"],
    cases=_top_cases,
    parts={
        "shape": equal(share=0.5, about="the shape of what comes back"),
        "movies": equal(share=2, about="which movies are recommended, in any order (-1 stands for a seen one)"),
        "top": equal(share=2, about="the order within the lists"),
        "too_few": equal(share=1, about="what happens when a user has fewer than n unseen movies"),
        "untouched": equal(share=0.5, about="whether the given scores were left as they were"),
    },
    hints=[
        "What would have to be the score of a seen movie, so that it can never win?",
        "`np.argsort` sorts from low to high. Along which axis lie the movies of one user?",
        "Minus infinity where seen, sort each row from high to low, keep the first n columns. "
        "Count the unseen movies first.",
    ],
)
def top_n_for_all(code: Code, case: Case) -> Parts:
    scores, seen = case["scores"].copy(), case["seen"].copy()
    if (~case["seen"]).sum(axis=1).min() >= case["n"]:
        top = np.asarray(code.top_n_for_all(scores, seen, case["n"]))
        yield "shape", str(top.shape)
        if top.shape != (len(scores), case["n"]):
            return
        # Of seen movies it tells nothing which they are: all have the same score when they are sorted.
        shown = [
            sorted(-1 if movie in set(np.flatnonzero(seen_by_user)) else movie for movie in row)
            for row, seen_by_user in zip(top.tolist(), case["seen"], strict=True)
        ]
        earned = all(len(set(row)) == case["n"] and row[0] >= 0 for row in shown)
        yield "movies", np.array(shown)
        yield "top", top if earned else "these are no lists of unseen movies"
        unchanged = np.array_equal(scores, case["scores"]) and np.array_equal(seen, case["seen"])
        # Doing nothing leaves everything untouched, but that has not earned this part. Nor has it changed anything.
        yield "untouched", bool(unchanged) if earned else "these are no lists of unseen movies"
        return
    code.top_n_for_all(scores.copy(), seen.copy(), 1)  # code that always raises earns nothing here
    try:
        code.top_n_for_all(scores, seen, case["n"])
    except Exception as error:
        yield "too_few", "ValueError" if isinstance(error, ValueError) else type(error).__name__
    else:
        yield "too_few", "no exception"


# --- Diversity -------------------------------------------------------------------------------------------------------


def _cosine_cases(rng: np.random.Generator) -> list[Case]:
    # Lengths differ, and the columns' means are far from 0.
    ordinary = rng.normal(0.7, 1, (5, 3)) * rng.uniform(0.3, 3, (5, 1))
    zero = rng.normal(0.3, 1, (4, 6)) * rng.uniform(0.3, 3, (4, 1))
    zero[int(rng.integers(4))] = 0
    # Very short vectors have a direction, too: the embeddings of rarely rated movies are short.
    short = rng.normal(0, 1, (4, 3)) * 1e-4
    short[1] = -short[0] * 3
    return [{"embeddings": e, "what": what} for e, what in ((ordinary, "some"), (zero, "zero"), (short, "short"))]


@question(
    "assignment_diversity_novelty.cosine_similarity_matrix",
    title="How alike are two movies?",
    objective="Compare the directions of all pairs of vectors with one matrix product.",
    points=2,
    needs=["cosine_similarity_matrix"],
    cases=_cosine_cases,
    parts={
        "similarity": close(share=3, about="the similarities"),
        "zero": close(share=1, about="the similarities where one vector is zero"),
        "short": close(share=1, about="the similarities of very short vectors"),
        "untouched": equal(share=0.5, about="whether the given vectors were left as they were"),
    },
    hints=[
        "Which part of a dot product comes from the lengths of the two vectors, and which from their directions?",
        "`np.linalg.norm(embeddings, axis=1, keepdims=True)` is the column of the rows' lengths.",
        "Divide each row by its length (by 1 where the length is 0), then multiply the matrix by its own transpose.",
    ],
)
def cosine_similarity_matrix(code: Code, case: Case) -> Parts:
    embeddings = case["embeddings"].copy()
    similarity = code.cosine_similarity_matrix(embeddings)
    yield {"some": "similarity", "zero": "zero", "short": "short"}[case["what"]], similarity
    yield "untouched", bool(np.array_equal(embeddings, case["embeddings"]))


def _list_cases(rng: np.random.Generator) -> list[Case]:
    def unknown(n: int) -> Case:
        similarity = _similarities(rng, n)
        similarity[2] = similarity[:, 2] = 0  # a vector of zeros: similarity 0 with all, also with itself
        return {"similarity": similarity, "diagonal": "a zero"}

    return [
        {"similarity": _similarities(rng, 5), "diagonal": "ones"},
        {"similarity": _similarities(rng, 3), "diagonal": "ones"},
        unknown(4),
        unknown(5),
    ]


@question(
    "assignment_diversity_novelty.list_diversity",
    title="How diverse is one list?",
    objective="Average over pairs of different movies, and over nothing else.",
    points=2,
    needs=["list_diversity"],
    bug_hunt="diagonal_included",
    cases=_list_cases,
    parts={
        "diversity": close(share=3, about="the diversity"),
        "unknown": close(share=1, about="the diversity of a list with a movie whose vector is zero"),
        "untouched": equal(share=0.5, about="whether the given similarities were left as they were"),
    },
    hints=[
        "Work out by hand what a list of two completely different movies should get, and what this code gives.",
        "A matrix of n rows has n² cells. How many of them belong to two different movies?",
        "`~np.eye(n, dtype=bool)` is True everywhere but on the diagonal, and can choose cells.",
    ],
)
def list_diversity(code: Code, case: Case) -> Parts:
    part = "diversity" if case["diagonal"] == "ones" else "unknown"
    similarity = case["similarity"].copy()
    yield part, code.list_diversity(similarity)
    yield "untouched", bool(np.array_equal(similarity, case["similarity"]))


def _diversity_cases(rng: np.random.Generator) -> list[Case]:
    def unknown() -> Case:
        similarity = _similarities(rng, 9)
        similarity[0] = similarity[:, 0] = 0
        lists = np.column_stack([np.zeros(5, int), 1 + _lists(rng, 5, 8, 3)])  # everybody gets movie 0
        return {"similarity": similarity, "top": lists, "diagonal": "a zero"}

    return [
        {"similarity": _similarities(rng, 12), "top": _lists(rng, 6, 12, 4), "diagonal": "ones"},
        {"similarity": _similarities(rng, 10), "top": _lists(rng, 4, 10, 3), "diagonal": "ones"},
        unknown(),
        unknown(),
    ]


@question(
    "assignment_diversity_novelty.diversity",
    title="One number for the diversity of all lists",
    objective="Measure how different the movies within each list are, for all users.",
    points=3,
    needs=["diversity"],
    cases=_diversity_cases,
    parts={
        "diversity": close(share=3, about="the diversity"),
        "unknown": close(share=1, about="the diversity when lists hold a movie whose vector is zero"),
    },
    hints=[
        "For one user's list, which cells of the similarity matrix do you need?",
        "`similarity[rows, columns]` takes arrays of numbers. With shapes (n_users, n, 1) and (n_users, 1, n) "
        "it gives one small matrix a user.",
        "Cut out the (n_users, n, n) small matrices, leave out their diagonals, turn similarity into difference, "
        "take the mean.",
    ],
)
def diversity(code: Code, case: Case) -> Parts:
    part = "diversity" if case["diagonal"] == "ones" else "unknown"
    yield part, code.diversity(case["similarity"].copy(), case["top"].copy())


dice_win = quiz(
    "assignment_diversity_novelty.dice_win",
    title="The dice win",
    objective="Say what a measure of diversity cannot see.",
    choices=("a", "b", "c", "d"),
    hints=[
        "Which inputs does the function `diversity` get? Which does it not get?",
        "Imagine a list that is as diverse as can be, and a user who hates every movie on it.",
        "Nothing about a user's taste goes into the number.",
    ],
)


# --- Novelty ---------------------------------------------------------------------------------------------------------


def _mean_cases(rng: np.random.Generator) -> list[Case]:
    def case(n_movies: int, unrated: list[int]) -> Case:
        rated = np.setdiff1d(np.arange(n_movies), unrated)
        movies = np.concatenate([rated, rated[:3], rng.choice(rated, 3 * n_movies)])
        order = rng.permutation(len(movies))
        stars = rng.integers(1, 11, len(movies)) / 2
        stars[: len(rated)] = np.linspace(0.5, 5, len(rated))
        return {"movies": movies[order], "ratings": stars[order], "n_movies": n_movies}

    return [case(8, [3]), case(7, [0, 6])]


@question(
    "assignment_diversity_novelty.mean_ratings_and_counts",
    title="Means, and what they rest on",
    objective="Compute a mean and a count for every movie without a loop, also where there is nothing to average.",
    points=2,
    needs=["mean_ratings_and_counts"],
    cases=_mean_cases,
    parts={
        "means": close(share=2, about="the mean ratings"),
        "counts": equal(share=1, about="the counts"),
    },
    hints=[
        "A mean is a sum divided by a count. How do you get all the sums at once?",
        "`np.bincount` counts how often each number occurs; with `weights` it adds up the weights; see also "
        "`minlength`.",
        "Sums by movie divided by counts by movie; where the count is 0 there is no mean, so NaN.",
    ],
)
def mean_ratings_and_counts(code: Code, case: Case) -> Parts:
    means, counts = code.mean_ratings_and_counts(case["movies"].copy(), case["ratings"].copy(), case["n_movies"])
    yield "means", means
    yield "counts", counts


def _mean_rating_cases(rng: np.random.Generator) -> list[Case]:
    def whole() -> Case:
        mean_ratings = rng.permutation(np.linspace(1.3, 4.9, 9))
        mean_ratings[:2] = 4.7, 4.9  # what everybody gets lies far from the rest: that a movie counts once would show
        return {"top": _lists(rng, 5, 9, 3), "mean_ratings": mean_ratings, "what": "whole"}

    def gaps() -> Case:
        mean_ratings = rng.uniform(1.6, 3.4, 8)
        mean_ratings[[1, 2]] = np.nan
        mean_ratings[[0, 3, 6]] = 4.5, 1.2, 1.4  # movie 0 is alone on its list, which counts like the others
        return {"top": np.array([[0, 1, 2], [3, 4, 5], [6, 0, 4]]), "mean_ratings": mean_ratings, "what": "gaps"}

    def nothing() -> Case:
        mean_ratings = rng.uniform(2, 4, 4)
        mean_ratings[:2] = np.nan
        return {"top": np.array([[0, 1], [2, 3]]), "mean_ratings": mean_ratings, "what": "nothing"}

    # Several of each: one mean alone is soon met by chance.
    return [case() for case in (whole, gaps, nothing) for _ in range(3)]


@question(
    "assignment_diversity_novelty.novelty_mean_rating",
    title="The assignment's novelty",
    objective="Average within each list first, then over users, where some numbers are missing.",
    points=2,
    needs=["novelty_mean_rating"],
    cases=_mean_rating_cases,
    parts={
        "novelty": close(share=3, about="the mean"),
        "gaps": close(share=1, about="the mean when some movies have no rating"),
        "nothing": close(share=1, about="the mean when a whole list has no rating"),
    },
    hints=[
        "Two means are taken, one after the other. Over what is the first, over what the second?",
        "`mean_ratings[top]` has the shape of `top`. `np.nanmean` leaves NaN out; what is its `axis`?",
        "A mean for each row without its NaN, then a mean of those that exist.",
    ],
)
def novelty_mean_rating(code: Code, case: Case) -> Parts:
    part = {"whole": "novelty", "gaps": "gaps", "nothing": "nothing"}[case["what"]]
    yield part, code.novelty_mean_rating(case["top"].copy(), case["mean_ratings"].copy())


mean_rating_says = quiz(
    "assignment_diversity_novelty.mean_rating_says",
    title="Is a low mean rating novel?",
    objective="Tell liked from well known.",
    choices=("a", "b", "c", "d"),
    hints=[
        "Can a movie that everybody knows have a low mean rating?",
        "Compare a famous flop with an unknown gem.",
        "Whether people like a movie and whether they know it are two questions.",
    ],
)


def _popularity_cases(rng: np.random.Generator) -> list[Case]:
    def case(n_users: int, n_movies: int, n: int) -> Case:
        # From most rated to hardly rated, in no order of the movie numbers.
        counts = rng.permutation(np.unique(np.geomspace(2, 0.9 * n_users, n_movies).astype(int)))
        return {"top": _lists(rng, 5, len(counts), n), "counts": counts, "n_users": n_users, "what": "rated"}

    def unrated() -> Case:
        made = case(64, 9, 3)
        made["counts"][made["top"][0, 0]] = 0
        return {**made, "what": "unrated"}

    return [case(100, 10, 4), case(700, 12, 3), unrated(), unrated()]


@question(
    "assignment_diversity_novelty.novelty_popularity",
    title="Novelty that deserves the name",
    objective="Measure in bits how surprising it is that somebody knows a recommended movie.",
    points=2,
    needs=["novelty_popularity"],
    cases=_popularity_cases,
    parts={
        "novelty": close(share=3, about="the novelty"),
        "unrated": close(share=1, about="the novelty when nobody has rated a recommended movie"),
        "untouched": equal(share=0.5, about="whether the given counts were left as they were"),
    },
    hints=[
        "How many bits should a movie get that half of all users have rated? And one that a quarter has rated?",
        "`np.log2` of a share below 1 is negative. What is it of 0?",
        "Share of users for each movie (at least one user), look up the recommended ones, minus log2, mean at the end.",
    ],
)
def novelty_popularity(code: Code, case: Case) -> Parts:
    part = "novelty" if case["what"] == "rated" else "unrated"
    counts = case["counts"].copy()
    yield part, code.novelty_popularity(case["top"].copy(), counts, case["n_users"])
    yield "untouched", bool(np.array_equal(counts, case["counts"]))


def _coverage_cases(rng: np.random.Generator) -> list[Case]:
    def case(n_users: int, n: int, n_on_lists: int, n_movies: int) -> Case:
        names = np.sort(rng.permutation(n_movies - 1)[:n_on_lists])
        top = names[_lists(rng, n_users, n_on_lists, n)]
        top[0], top[-1] = names[:n], names[-n:]  # not everybody gets the same
        return {"top": top, "n_movies": n_movies}

    (some, few), (many, fewer) = rng.integers([[6, 5], [40, 30]], [[10, 9], [190, 160]]).tolist()
    return [case(7, 3, some, many), case(6, 4, few, fewer)]


@question(
    "assignment_diversity_novelty.coverage",
    title="How much of the catalogue is ever shown?",
    objective="Measure how many movies have a chance to be recommended.",
    points=1,
    needs=["coverage"],
    cases=_coverage_cases,
    parts={"coverage": close(about="the coverage")},
    hints=[
        "If everybody gets the same ten movies, how many movies are covered?",
        "`np.unique` gives each number of an array once.",
        "The number of different movies on all lists together, divided by the number of movies there are.",
    ],
)
def coverage(code: Code, case: Case) -> Parts:
    yield "coverage", code.coverage(case["top"].copy(), case["n_movies"])


price_of_novelty = quiz(
    "assignment_diversity_novelty.price_of_novelty",
    title="What does high novelty cost?",
    objective="Say why hits and novelty pull in opposite directions, and which part of that is the measure's doing.",
    choices=("a", "b", "c", "d"),
    hints=[
        "Which movies are in a test set, and why are they there?",
        "What does a model know about a movie with three ratings?",
        "Think of two reasons: one about the movie, one about the test.",
    ],
)

good_recommendations = essay(
    "assignment_diversity_novelty.good_recommendations",
    title="Are the recommendations good?",
    objective="Judge a recommender by several measures at once, and say what they leave open.",
    rubric={
        "Compares the model with two baselines or more on accuracy, diversity and novelty, with numbers": 2,
        "Sets differences against their spread over seeds": 1,
        "Names something that none of these measures can see, and how one could find out": 1,
    },
)


# --- The best movies, and a map of them ------------------------------------------------------------------------------


def _best_cases(rng: np.random.Generator) -> list[Case]:
    def case(min_count: int, n: int) -> Case:
        n_movies = 16
        counts = rng.integers(min_count + 1, 90, n_movies)
        means = rng.permutation(np.linspace(2, 4.6, n_movies))
        few = rng.permutation(n_movies)[:6]
        counts[few[:4]] = 1 + rng.permutation(min_count - 1)[:4]
        means[few[:4]] = 5.0  # one glowing rating, or two
        counts[few[4]], means[few[4]] = min_count, 4.8  # exactly enough
        counts[few[5]], means[few[5]] = 0, np.nan
        return {"means": means, "counts": counts, "min_count": min_count, "n": n, "what": "best"}

    ties = case(6, 5)
    tied = np.sort(np.argsort(np.where(ties["counts"] > 6, ties["means"], -1))[-3:])
    ties["means"][tied], ties["counts"][tied] = 4.7, [50, 95, 70]
    ties["what"] = "ties"
    short = case(8, 30)
    short["what"] = "short"
    anything = case(9, 30)
    anything.update(min_count=0, what="anything")
    anything["means"] = np.where(np.isnan(anything["means"]), np.nan, anything["means"] - anything["counts"] * 1e-3)
    return [case(10, 5), case(6, 4), ties, short, anything]


@question(
    "assignment_diversity_novelty.best_movies",
    title="The best movies with enough ratings",
    objective="Rank by mean only what has enough ratings to have a mean worth the name.",
    points=2,
    needs=["best_movies"],
    cases=_best_cases,
    parts={
        "best": equal(share=3, about="the best movies, in order"),
        "ties": equal(share=1, about="the order of movies with equal means"),
        "short": equal(share=1, about="the list when fewer than n movies qualify"),
        "anything": equal(share=0.5, about="the list when `min_count` is 0"),
        "untouched": equal(share=0.5, about="whether the given arrays were left as they were"),
    },
    hints=[
        "Which should come first: keeping movies with enough ratings, or keeping the n best?",
        "`np.flatnonzero` gives the numbers of the movies that qualify. `np.lexsort` sorts by several keys, the "
        "most important one last.",
        "Find who qualifies, sort these by mean and then count, both from high to low, cut to n; "
        "return movie numbers, not places in the shorter array.",
    ],
)
def best_movies(code: Code, case: Case) -> Parts:
    means, counts = case["means"].copy(), case["counts"].copy()
    best = code.best_movies(means, counts, case["min_count"], case["n"])
    if case["what"] in ("short", "anything"):  # which movies fill a list up that should be shorter, tells nothing
        out = set(np.flatnonzero((case["counts"] < case["min_count"]) | np.isnan(case["means"])))
        best = [-1 if movie in out else movie for movie in np.asarray(best).tolist()]
    yield case["what"], best
    same = np.array_equal(means, case["means"], equal_nan=True) and np.array_equal(counts, case["counts"])
    yield "untouched", bool(same)


def _shrunk_cases(rng: np.random.Generator) -> list[Case]:
    def case(n_movies: int, strength: float, unrated: list[int]) -> Case:
        counts = rng.integers(1, 40, n_movies)
        means = rng.uniform(1, 5, n_movies)
        counts[unrated], means[unrated] = 0, np.nan
        return {"means": means, "counts": counts, "overall_mean": float(rng.uniform(3.2, 3.8)), "strength": strength,
                "what": "unrated" if unrated else "rated"}  # fmt: skip

    return [case(7, 5.0, []), case(6, 12.5, []), case(6, 8.0, [2, 5])]


@question(
    "assignment_diversity_novelty.shrunk_means",
    title="Shrink what rests on little",
    objective="Pull a mean towards the overall mean, the more so the fewer ratings it has.",
    points=2,
    needs=["shrunk_means"],
    cases=_shrunk_cases,
    parts={
        "means": close(share=3, about="the shrunk means"),
        "unrated": close(share=1, about="the shrunk means of movies without ratings"),
        "untouched": equal(share=0.5, about="whether the given means were left as they were"),
    },
    hints=[
        "A movie has 2 ratings of 5 stars. Add 8 imagined ratings of 3.5 stars. What is the mean of all ten?",
        "Mean times count is the sum of the real ratings. What is NaN times 0?",
        "Add the sum of the real and of the imagined ratings, and divide by how many there are of both.",
    ],
)
def shrunk_means(code: Code, case: Case) -> Parts:
    means = case["means"].copy()
    shrunk = code.shrunk_means(means, case["counts"].copy(), case["overall_mean"], case["strength"])
    if case["what"] == "rated":
        yield "means", shrunk
    else:
        yield "unrated", np.asarray(shrunk, dtype=float)[case["counts"] == 0]
    yield "untouched", bool(np.array_equal(means, case["means"], equal_nan=True))


def _project_cases(rng: np.random.Generator) -> list[Case]:
    def case(n: int, size: int) -> Case:
        # Spreads clearly apart, along directions that are no columns, far from the origin, and uneven in the columns.
        turn, _ = np.linalg.qr(rng.normal(size=(size, size)))
        points, _ = np.linalg.qr(np.column_stack([np.ones(n), rng.normal(size=(n, size))]))
        spreads = 6.0 * 0.55 ** np.arange(size)
        level = rng.choice([-1, 1], size) * rng.uniform(1, 3, size)
        return {"embeddings": points[:, 1:] * spreads @ turn.T + level}

    return [case(12, 5), case(9, 4)]


@question(
    "assignment_diversity_novelty.project",
    title="A flat map",
    objective="Find the two directions in which the vectors differ most, and draw everything along them.",
    points=3,
    needs=["project"],
    cases=_project_cases,
    parts={
        "shape": equal(share=0.5, about="the shape of the map"),
        "spread": close(share=2, about="the spread along each of the two directions"),
        "distances": close(share=3, about="the distances between the points on the map, and to its origin"),
        "untouched": equal(share=0.5, about="whether the given vectors were left as they were"),
    },
    hints=[
        "From which point should spread be measured: from the origin, or from the middle of the cloud?",
        "`np.linalg.svd` of the centred rows gives three results; the rows of the third are the directions, "
        "the widest first.",
        "Subtract each column's mean, take the first two directions of the SVD, multiply the centred rows by them.",
    ],
)
def project(code: Code, case: Case) -> Parts:
    embeddings = case["embeddings"].copy()
    points = np.asarray(code.project(embeddings), dtype=float)
    yield "shape", str(points.shape)
    if points.shape != (len(embeddings), 2):
        return
    yield "spread", points.std(axis=0)
    marks = np.concatenate([points, np.zeros((1, points.shape[1]))])  # the sign of an axis changes no distance
    yield "distances", np.linalg.norm(marks[:, None, :] - marks[None, :, :], axis=-1)
    yield "untouched", bool(np.array_equal(embeddings, case["embeddings"]))


map_of_the_best = essay(
    "assignment_diversity_novelty.map_of_the_best",
    title="Read the map",
    objective="Interpret a two-dimensional picture of embeddings without reading too much into it.",
    rubric={
        "The own plot is there: 30 movies after a filter or shrinkage, every point labelled, method named": 1,
        "Names at least two neighbours or groups and a plausible reason, that the model had no titles or genres": 1,
        "Says what a map of two dimensions loses, with the share of spread it keeps": 1,
        "Checks one claim outside the map: in the full space, or with the other method": 1,
    },
)
