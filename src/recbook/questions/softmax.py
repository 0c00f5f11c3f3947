"""Questions of the chapter `softmax`.

Every question brings its own small model and data, so no exercise depends on another one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from recbook.parts import close, equal
from recbook.question import Case, Code, question, quiz

Parts = Iterator[tuple[str, Any]]


# --- The small things that questions bring along ---------------------------------------------------------------------


def _normal(rng: np.random.Generator, *shape: int, scale: float = 1.0) -> np.ndarray:
    return rng.normal(0, scale, shape).astype(np.float32)


def _zeros_and_ones(rng: np.random.Generator, n_users: int, n_movies: int, share: float = 0.5) -> np.ndarray:
    """A float32 matrix of zeros and ones; every row has at least two ones and one zero."""
    ones = rng.random((n_users, n_movies)) < share
    for row in ones:
        first, second, third = rng.permutation(n_movies)[:3]
        row[[first, second]], row[third] = True, False
    return ones.astype(np.float32)


def _tensor(value: np.ndarray) -> torch.Tensor:
    return torch.tensor(value)


def _generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def _finite(tensor: torch.Tensor | None) -> bool:
    return tensor is not None and bool(tensor.isfinite().all())


# --- The loss --------------------------------------------------------------------------------------------------------


def _softmax_loss_cases(rng: np.random.Generator) -> list[Case]:
    def case(n_users: int, n_movies: int, d: int, scale: float) -> Case:
        return {
            "users": _normal(rng, n_users, d, scale=scale),
            "movies": _normal(rng, n_movies, d, scale=scale),
            "labels": rng.permutation(n_movies)[:n_users].astype(np.int64),
            "large": scale > 5,
        }

    large = [case(3, 5, 4, 20.0), case(4, 6, 4, 20.0)]
    for each in large:
        each["users"][0], each["movies"][0] = 18, 18  # a score of 1296, whatever the seed: its exponential is too large
    return [case(4, 9, 3, 1.0), case(5, 6, 2, 1.3), *large]


@question(
    "softmax.softmax_loss",
    title="The loss of a choice",
    objective="Compute the cross entropy of the chosen movie among all movies, also where scores are large.",
    points=3,
    needs=["softmax_loss"],
    cases=_softmax_loss_cases,
    parts={
        "loss": close(share=2, about="the loss"),
        "users_gradient": close(about="the gradient with respect to the user embeddings"),
        "movies_gradient": close(about="the gradient with respect to the movie embeddings"),
        "large_scores": close(about="the loss when scores are large, and when they are a hundredth of that"),
    },
    hints=[
        "Which number does each user give to each movie, and how do these numbers become probabilities?",
        "Minus the logarithm of a softmax is: log of the sum of exponentials of all scores, minus the chosen score.",
        "`torch.logsumexp(scores, dim=1)` never overflows. Subtract each user's chosen score; take the mean.",
    ],
)
def softmax_loss(code: Code, case: Case) -> Parts:
    users, movies = _tensor(case["users"]).requires_grad_(), _tensor(case["movies"]).requires_grad_()
    loss = code.softmax_loss(users, movies, _tensor(case["labels"]))
    if case["large"]:
        # With small scores too: who is told that a formula is right on paper must have got these right.
        yield "large_scores", [loss, code.softmax_loss(users / 10, movies / 10, _tensor(case["labels"]))]
        return
    yield "loss", loss
    loss.backward()
    yield "users_gradient", users.grad
    yield "movies_gradient", movies.grad


softmax_or_squared = quiz(
    "softmax.softmax_or_squared",
    title="Softmax or squared error?",
    objective="Say what a softmax loss learns that a squared error over ratings cannot.",
    choices=("a", "b", "c", "d"),
    hints=[
        "Which movies take part in each of the two losses?",
        "A squared error over known ratings never looks at a movie that the user has not rated.",
        "In a softmax one probability can only rise when others fall.",
    ],
)


def _multinomial_loss_cases(rng: np.random.Generator) -> list[Case]:
    def ordinary() -> Case:
        targets = np.zeros((4, 8), np.float32)  # very different numbers of targets: one, four, none, two
        for row, n in zip(targets, (1, 4, 0, 2), strict=True):
            row[rng.permutation(8)[:n]] = 1
        return {"what": "ordinary", "scores": _normal(rng, 4, 8, scale=1.5), "targets": targets}

    def closed() -> Case:
        scores, targets = _normal(rng, 3, 7, scale=1.5), np.zeros((3, 7), np.float32)
        for i in range(3):
            order = rng.permutation(7)
            scores[i, order[:2]] = -np.inf
            targets[i, order[2 : 4 + i % 2]] = 1
        return {"what": "closed", "scores": scores, "targets": targets}

    nothing = {"what": "nothing", "scores": _normal(rng, 2, 5), "targets": np.zeros((2, 5), np.float32)}
    large = ordinary() | {"what": "large"}
    large["scores"] = 300 * large["scores"]
    first = np.flatnonzero(large["targets"][0])[0]  # the one choice of a user: far below the best, whatever the seed
    large["scores"][0, [first, first - 1]] = -400, 400
    return [ordinary(), ordinary(), closed(), closed(), nothing, large]


@question(
    "softmax.multinomial_loss",
    title="Several choices a user",
    objective="Average the cross entropy over all chosen movies, with some movies out of the race.",
    points=3,
    needs=["multinomial_loss"],
    cases=_multinomial_loss_cases,
    parts={
        "loss": close(share=2, about="the loss"),
        "gradient": close(about="the gradient with respect to the scores"),
        "closed": close(about="the loss when some movies cannot be chosen"),
        "closed_gradient": equal(share=0.5, about="whether the gradient is finite when some movies cannot be chosen"),
        "nothing": close(share=0.5, about="the loss when no movie was chosen"),
        "large_scores": close(share=0.5, about="the loss when scores are large"),
    },
    hints=[
        "How many terms does the sum have, and by what is it divided?",
        "`torch.log_softmax(scores, dim=1)` gives all log probabilities. What is 0 times minus infinity?",
        "Pick the log probabilities at the chosen movies by index, instead of multiplying by zeros; then sum and "
        "divide.",
    ],
)
def multinomial_loss(code: Code, case: Case) -> Parts:
    scores, targets = _tensor(case["scores"]).requires_grad_(), _tensor(case["targets"])
    loss = code.multinomial_loss(scores, targets)
    if case["what"] == "nothing":
        some = torch.zeros_like(targets)
        some[0, 0] = 1
        if not float(code.multinomial_loss(scores, some)):  # 0 whatever happens earns nothing
            yield "nothing", "0, also where a movie was chosen"
        elif isinstance(loss, torch.Tensor) and loss.requires_grad:
            yield "nothing", loss
        else:
            yield "nothing", f"{float(loss):g}, from which no gradient can be computed"
        return
    if case["what"] == "large":
        yield "large_scores", loss
        return
    yield ("loss" if case["what"] == "ordinary" else "closed"), loss
    loss.backward()
    if case["what"] == "ordinary":
        yield "gradient", scores.grad
    else:
        yield "closed_gradient", _finite(scores.grad)


# --- What goes in, what is left out ----------------------------------------------------------------------------------


def _select_random_cases(rng: np.random.Generator) -> list[Case]:
    # 1600 users with the same likes, and 3200 who like only the first of these, which makes it the popular one.
    n_movies = int(rng.integers(14, 20))
    likes = rng.permutation(n_movies)[: rng.integers(3, 6)]
    liked = np.zeros((4800, n_movies), np.float32)
    liked[:1600, likes] = 1
    liked[1600:, likes[0]] = 1

    def members() -> Case:
        some = _zeros_and_ones(rng, int(rng.integers(60, 160)), 10)
        some[::3] = np.eye(10, dtype=np.float32)[rng.integers(0, 10, len(some[::3]))]  # only one movie can be drawn
        return {"what": "members", "liked": some}

    return [members(), members(), {"what": "chances", "liked": liked}]


@question(
    "softmax.select_random",
    title="One liked movie each",
    objective="Draw one of each user's liked movies, fairly and in a way that can be repeated.",
    points=2,
    needs=["select_random"],
    cases=_select_random_cases,
    parts={
        "shape": equal(share=0.5, about="the shape of the result"),
        "liked": equal(about="the movies drawn for users who liked only one, if all users get a movie they liked"),
        "repeatable": equal(share=0.75, about="whether a generator with the same seed gives the same draws"),
        "goes_on": equal(share=0.75, about="whether a second call with the same generator draws anew"),
        "by_user": equal(about="the different movies that users with the same likes get"),
        "fair": close(share=1.5, rtol=0, atol=0.1, about="how often each movie is drawn for users with the same likes"),
    },
    hints=[
        "Each row of `liked` holds zeros and ones. As weights of a draw, what would they do?",
        "`torch.multinomial` draws column numbers from rows of weights. Which argument takes the generator?",
        "Draw 1 column a row with the rows as weights, hand on the generator, and remove the second dimension.",
    ],
)
def select_random(code: Code, case: Case) -> Parts:
    liked = _tensor(case["liked"])
    generator = _generator(3)
    first = code.select_random(liked.clone(), generator)
    second = code.select_random(liked.clone(), generator)
    again = code.select_random(liked.clone(), _generator(3))
    flat = first.reshape(-1)
    if case["what"] == "members":
        yield "shape", tuple(first.shape)
        all_liked = len(flat) == len(liked) and bool((liked[torch.arange(len(liked)), flat] == 1).all())
        yield "liked", flat[liked.sum(dim=1) == 1] if all_liked else "not all of them liked"
        yield "repeatable", torch.equal(first, again) if all_liked else "not all of them liked"
        yield "goes_on", not torch.equal(first, second) if all_liked else "not all of them liked"
        return
    drawn = flat[:1600]
    different = drawn.unique().tolist()
    yield "by_user", different if len(different) > 1 else "one for all"
    often = torch.bincount(drawn, minlength=liked.shape[1]) / 1600
    yield "fair", often if len(different) > 1 else 0 * often  # which one it is, is chance


def _left_out_split_cases(rng: np.random.Generator) -> list[Case]:
    def case(what: str, share: float, n_users: int, n_movies: int) -> Case:
        return {"what": what, "liked": _zeros_and_ones(rng, n_users, n_movies), "share": share}

    def some(low: float, high: float) -> Case:
        return case("some", float(rng.uniform(low, high)), int(rng.integers(1800, 2200)), 24)

    # Several of each: one share, or one number of likes, is soon met by chance.
    few, many = (0.12, 0.44), (0.56, 0.88)
    return [
        *(some(*ends) for ends in (few, many, few, many, few)),
        *(case("none", 0.0, int(rng.integers(20, 40)), 12) for _ in range(2)),
        *(case("all", 1.0, int(rng.integers(20, 40)), 12) for _ in range(2)),
    ]


@question(
    "softmax.left_out_split",
    title="Leave some out",
    objective="Split what each user liked into a part to read and a part to predict.",
    points=2,
    needs=["left_out_split"],
    cases=_left_out_split_cases,
    parts={
        "whole": equal(share=1.25, about="the likes of each movie in both parts together, if each is there once"),
        "only_liked": equal(share=0.25, about="whether only liked movies are left out"),
        "share": close(share=1.25, rtol=0, atol=0.03, about="the share of liked movies that is left out"),
        "within_users": equal(share=0.5, about="whether most users keep some movies and lose some"),
        "within_movies": equal(share=0.5, about="whether most movies are kept for some users and left out for others"),
        "independent": equal(share=0.5, about="how many likes are left out, with several generators"),
        "repeatable": equal(share=0.5, about="whether a generator with the same seed gives the same split"),
        "none": equal(share=0.5, about="how many are kept with a share of 0"),
        "all": equal(share=0.5, about="how many are left out with a share of 1"),
        "untouched": equal(share=0.25, about="whether the given matrix was left as it was"),
        "kind": equal(share=0.25, about="whether both parts are float tensors"),
    },
    hints=[
        "For how many cells does a coin have to be tossed: one a user, one a movie, or one a cell?",
        "`torch.rand(shape, generator=generator) < share` is True with the probability `share`.",
        "Left out: liked and the coin says so. Known: liked and the coin does not say so.",
    ],
)
def left_out_split(code: Code, case: Case) -> Parts:
    liked = _tensor(case["liked"])
    known, out = map(torch.as_tensor, code.left_out_split(liked, case["share"], _generator(5)))
    floats = known.is_floating_point() and out.is_floating_point()
    known, out = known.float(), out.float()
    original = _tensor(case["liked"])
    if case["what"] != "some":
        full = known if case["what"] == "none" else out
        yield case["what"], int((full * original).sum()) if torch.equal(known + out, original) else "not a split"
        return
    split = bool(known.any()) and bool(out.any())
    yield "whole", (known + out).sum(dim=0) if torch.equal(known + out, original) else "not the liked movies"
    empty = "a part is empty"
    yield "only_liked", not bool((out * (1 - original)).any()) if split else empty
    mixed = []
    for name, dim in (("within_users", 1), ("within_movies", 0)):
        both = ((known * original).sum(dim=dim) > 0) & ((out * original).sum(dim=dim) > 0)
        mixed.append(split and bool(both.float().mean() > 0.5))
        yield name, mixed[-1]
    # With one coin a user or a movie the share is a matter of chance: a number that nobody else would get.
    yield "share", (out * original).sum() / original.sum() if all(mixed) else 0.0

    def left_out(some: torch.Tensor, seed: int) -> torch.Tensor:
        return torch.as_tensor(code.left_out_split(some.clone(), case["share"], _generator(seed))[1]).float()

    several = torch.stack([left_out(original[:200], seed) for seed in range(8)])
    yield "independent", _how_many_left_out(several, original[:200]) if all(mixed) else "no coin for each like"
    yield "repeatable", torch.equal(left_out(original, 5), out) if split else empty
    yield "untouched", bool(np.array_equal(liked.numpy(), case["liked"])) if split else empty
    yield "kind", floats


def _how_many_left_out(several: torch.Tensor, liked: torch.Tensor) -> str:
    """Whether the numbers left out, of users, movies and all, vary like those of independent coins.

    `several` holds what several generators left out of `liked`. The sums of squared deviations are, with one coin for
    each like, close to 1 in units of what is expected; the bounds are so low that no coins ever get there.
    """
    out = several * liked
    share = out.sum() / (liked.sum() * len(several))
    for dim, what, bound in ((1, "user", 0.5), (0, "movie", 0.1)):
        n = liked.sum(dim=dim)
        spread = ((out.sum(dim=1 + dim) - share * n) ** 2).sum()
        if spread < bound * share * (1 - share) * n.sum() * len(several):
            return f"nearly the same share of each {what}'s likes, always"
    return "always the same number in all" if len(out.sum(dim=(1, 2)).unique()) == 1 else "now more, now fewer"


def _watched_features_cases(rng: np.random.Generator) -> list[Case]:
    def case(empty: bool) -> Case:
        watched = _zeros_and_ones(rng, 5, 8, 0.6)
        left_out = np.zeros_like(watched)
        for row, out in zip(watched, left_out, strict=True):
            history = np.flatnonzero(row)
            out[history[: 1 + len(history) // 3]] = 1
        if len(history := np.flatnonzero(watched[0])) < 4:  # at least one user keeps more than one movie
            watched[0] = 1
            left_out[0] = 0
            left_out[0, :2] = 1
        if empty:
            watched[1], left_out[1] = 0, 0  # nothing watched
            left_out[2] = watched[2]  # all of it left out
        return {"watched": watched, "left_out": left_out, "empty": empty, "history": history}

    return [case(False), case(True)]


@question(
    "softmax.watched_features",
    title="The answer in the question",
    objective="Build input rows from a history, without the movies that shall be predicted.",
    points=3,
    needs=["watched_features"],
    bug_hunt="label_left_in",
    cases=_watched_features_cases,
    parts={
        "rows": close(share=3, about="the input rows"),
        "empty": close(about="the rows of users of whom nothing is known"),
        "untouched": equal(share=0.5, about="whether the given matrices were left as they were"),
    },
    hints=[
        "Which movies shall the network predict, and which of them can it see?",
        "A movie is known when it is in the history and not left out.",
        "Take the left-out movies away first; then divide each row by the number of movies that remain, or by 1.",
    ],
)
def watched_features(code: Code, case: Case) -> Parts:
    watched, left_out = _tensor(case["watched"]), _tensor(case["left_out"])
    rows = code.watched_features(watched, left_out)
    if case["empty"]:
        yield "empty", rows[1:3]
        return
    yield "rows", rows
    same = np.array_equal(watched.numpy(), case["watched"]) and np.array_equal(left_out.numpy(), case["left_out"])
    leaks = bool((rows * _tensor(case["left_out"])).any())
    yield "untouched", "left-out movies are in the rows" if leaks else same


def _user_features_cases(rng: np.random.Generator) -> list[Case]:
    n_movies = 14
    years = rng.integers(1940, 1999, n_movies).astype(np.float32)
    years[0], years[1] = 1930, 1998  # never all the same
    undated = rng.permutation(np.arange(2, n_movies))[:4]
    years[undated] = np.nan
    genres = _zeros_and_ones(rng, n_movies, 5, 0.3)
    known = _zeros_and_ones(rng, 5, n_movies)
    known[0, [0, undated[0]]] = 1  # somebody knows a dated and an undated movie
    known[1] = 0
    known[1, [0, 1, undated[1]]] = 1
    nobody = np.zeros((6, n_movies), np.float32)
    nobody[1, undated] = 1  # and some who know only undated ones
    nobody[[2, 3, 4, 5], undated] = 1
    base = {"genres": genres, "years": years}
    return [{**base, "known": known, "empty": False}, {**base, "known": nobody, "empty": True}]


@question(
    "softmax.user_features",
    title="Genres and years of a history",
    objective="Describe a user by the genres and the years of the movies they watched.",
    points=3,
    needs=["user_features"],
    cases=_user_features_cases,
    parts={
        "genres": close(share=2, about="the shares of the genres"),
        "year": close(share=2, about="the scaled mean years"),
        "empty": close(about="the features of users of whom no movie, or no year, is known"),
    },
    hints=[
        "Of how many movies is each number a mean? Is this the same for genres and for years?",
        "`known @ genres` counts, for each user and each genre, the known movies of the genre.",
        "Scale the years of all movies first, put 0 where the year is unknown, add up with `known @ …`, and divide "
        "by the number of known movies that have a year.",
    ],
)
def user_features(code: Code, case: Case) -> Parts:
    features = code.user_features(_tensor(case["known"]), _tensor(case["genres"]), _tensor(case["years"]))
    if case["empty"]:
        # Zeros for everybody have not earned this part.
        someone = torch.zeros(1, len(case["years"]))
        someone[0, :2] = 1
        others = code.user_features(someone, _tensor(case["genres"]), _tensor(case["years"]))
        yield "empty", features if bool(others.any()) else "always 0"
        return
    yield "genres", features[:, :-1]
    yield "year", features[:, -1]


# --- The model -------------------------------------------------------------------------------------------------------


def _user_tower_cases(rng: np.random.Generator) -> list[Case]:
    def case(n_movies: int, n_features: int, hidden: int, d: int, dropout: float) -> Case:
        return {
            "sizes": (n_movies, n_features, hidden, d),
            "dropout": dropout,
            "place": False,
            "rows": np.abs(_normal(rng, 6, n_movies)),
            "features": _normal(rng, 6, n_features),
            "weights": {
                "bag": _normal(rng, n_movies, hidden, scale=0.5),
                "side": _normal(rng, hidden, n_features, scale=0.5),
                "side_bias": _normal(rng, hidden),
                "out": _normal(rng, d, hidden),
                "out_bias": _normal(rng, d),
            },
        }

    drawn = [case(7, 3, 8, 4, 0.5), case(9, 2, 6, 5, 0.0), case(8, 3, 7, 7, 0.4)]
    drawn[2]["place"] = True  # `out` hands on what it gets, so that the hidden numbers can be seen
    drawn[2]["weights"] |= {"out": np.eye(7, dtype=np.float32), "out_bias": np.zeros(7, np.float32)}
    return drawn


@question(
    "softmax.UserTower",
    title="The user tower",
    objective="Build the network that turns a history and features into a user embedding.",
    points=4,
    needs=["UserTower"],
    cases=_user_tower_cases,
    parts={
        "is_module": equal(share=0.5, about="whether UserTower is an `nn.Module`"),
        "parameters": equal(about="the shapes of the trainable parameters, sorted"),
        "embeddings": close(share=3, about="the user embeddings, in evaluation mode"),
        "drops": equal(about="when dropout acts"),
        "drops_hidden": equal(share=0.5, about="whether dropout leaves the embedding itself alone"),
        "place": equal(about="where dropout acts in training mode"),
        "no_dropout": close(about="the user embeddings in training mode when the dropout probability is 0"),
    },
    hints=[
        "How many numbers go in and come out of each of the three: the table, `side` and `out`?",
        "A weighted sum of the rows of a table is a matrix product: the weights times `self.bag.weight`.",
        "Add both sums, then tanh, then dropout, then `out`. `nn.Dropout` knows by itself whether it is training.",
    ],
)
def user_tower(code: Code, case: Case) -> Parts:
    model = code.UserTower(*case["sizes"], dropout=case["dropout"])
    yield "is_module", isinstance(model, nn.Module)
    yield "parameters", sorted(list(p.shape) for p in model.parameters() if p.requires_grad)
    places = {"bag": model.bag.weight, "side": model.side.weight, "side_bias": model.side.bias,
              "out": model.out.weight, "out_bias": model.out.bias}  # fmt: skip
    if any(place.shape != case["weights"][name].shape for name, place in places.items()):
        return  # the shapes tell what is wrong
    with torch.no_grad():
        for name, place in places.items():
            place.copy_(_tensor(case["weights"][name]))
        rows, features = _tensor(case["rows"]), _tensor(case["features"])
        model.eval()
        embeddings = model(rows, features)
        yield "embeddings", embeddings
        model.train()
        first, second = model(rows, features), model(rows, features)
    if case["dropout"] == 0:
        yield "no_dropout", first
        return
    if case["place"]:
        movies, side = rows @ places["bag"], F.linear(features, places["side"], places["side_bias"])
        yield "place", _place_of_dropout(first, movies.detach(), side.detach(), case["dropout"])
        return
    model.eval()
    steady, drops = torch.equal(embeddings, model(rows, features)), not torch.equal(first, second)
    yield "drops", ("in training mode only" if drops else "never") if steady else "in evaluation mode, too"
    yield "drops_hidden", not bool((first == 0).any()) if steady and drops else "it acts at the wrong time"


def _place_of_dropout(outputs: torch.Tensor, movies: torch.Tensor, side: torch.Tensor, p: float) -> str:
    """Where dropout acts in a tower whose `out` hands on the hidden numbers, made of the sums `movies` and `side`."""
    hidden, factor = torch.tanh(movies + side), 1 / (1 - p)
    if outputs.shape != hidden.shape:
        return "the shape is not that of the hidden layer"
    if torch.allclose(outputs, hidden, atol=1e-4):
        return "nowhere"
    nothing = torch.zeros_like(hidden)
    places = {  # what a hidden number becomes where something is dropped, and where it is kept
        "after tanh": (nothing, factor * hidden),
        "after tanh, but what is kept is not scaled up": (nothing, hidden),
        "before tanh": (nothing, torch.tanh(factor * (movies + side))),
        "before the features are added": (torch.tanh(side), torch.tanh(factor * movies + side)),
    }
    for place, (dropped, kept) in places.items():
        is_kept = torch.isclose(outputs, kept, atol=1e-4)
        if is_kept.any() and (is_kept | torch.isclose(outputs, dropped, atol=1e-4)).all():
            return place
    return "somewhere else"


# --- Lists and their measures ----------------------------------------------------------------------------------------


def _recommend_cases(rng: np.random.Generator) -> list[Case]:
    def case(n_users: int, n_movies: int, k: int, low: float, high: float) -> Case:
        scores = np.stack([rng.permutation(np.linspace(low, high, n_movies)) for _ in range(n_users)])
        seen = rng.random((n_users, n_movies)) < 0.3
        for row, marks in zip(scores, seen, strict=True):
            order = np.argsort(-row)
            marks[order[0]], marks[order[1]] = True, False  # the best one is seen, the second one is not
            for position in order[2 : k + 4]:  # enough movies remain
                marks[position] = False
        return {"scores": scores.astype(np.float32), "seen": seen, "k": k}

    return [case(4, 12, 3, -9, -1), case(3, 10, 4, 1, 6)]


@question(
    "softmax.recommend",
    title="Lists for everybody",
    objective="List the best unseen movies of all users, without a loop over users.",
    points=2,
    needs=["recommend"],
    cases=_recommend_cases,
    parts={
        "movies": equal(share=3, about="the numbers of the recommended movies, the best first"),
        "untouched": equal(share=0.5, about="whether the given scores were left as they were"),
    },
    hints=[
        "Which score must a seen movie get, so that it can never be among the best?",
        "`masked_fill` makes a new tensor with another value where a mask is True; `topk` finds the largest values.",
        "Minus infinity for seen movies, then `topk` along the movies; its `indices` are the numbers of the movies.",
    ],
)
def recommend(code: Code, case: Case) -> Parts:
    scores = _tensor(case["scores"])
    movies = code.recommend(scores, _tensor(case["seen"]), case["k"])
    yield "movies", movies
    whole = len(movies) == len(scores)
    yield "untouched", bool(np.array_equal(scores.numpy(), case["scores"])) if whole else "not a list for each user"


def _lists_and_relevant(rng: np.random.Generator) -> list[Case]:
    cases = []
    for n_users, n_movies, k in ((9, 14, 4), (8, 12, 5), (10, 15, 3), (11, 16, 6)):
        recommended = np.stack([rng.permutation(n_movies)[:k] for _ in range(n_users)])
        relevant = rng.random((n_users, n_movies)) < 0.35
        relevant[0] = False  # nobody's favourite
        relevant[1], relevant[2] = False, False
        relevant[1, recommended[1, 1]] = True  # one relevant movie, found
        relevant[2, recommended[2]] = True
        relevant[2, : k + 3] = True  # more relevant movies than places
        relevant[3] = False
        relevant[3, np.setdiff1d(np.arange(n_movies), recommended[3])[:2]] = True  # two relevant movies, both missed
        cases.append({"recommended": recommended.astype(np.int64), "relevant": relevant})
    return cases


@question(
    "softmax.precision_at_k",
    title="Precision at k",
    objective="Measure which share of a list was worth recommending.",
    points=2,
    needs=["precision_at_k"],
    cases=_lists_and_relevant,
    parts={"precision": close(about="the precision")},
    hints=[
        "Precision is a share. A share of what: of the list, or of the relevant movies?",
        "`relevant.gather(1, recommended)` says for each place of each list whether the movie there is relevant.",
        "Hits of a user divided by k; then the mean over the users who have a relevant movie at all.",
    ],
)
def precision_at_k(code: Code, case: Case) -> Parts:
    yield "precision", code.precision_at_k(_tensor(case["recommended"]), _tensor(case["relevant"]))


@question(
    "softmax.recall_at_k",
    title="Recall at k",
    objective="Measure which share of the relevant movies a list contains.",
    points=2,
    needs=["recall_at_k"],
    cases=_lists_and_relevant,
    parts={"recall": close(about="the recall")},
    hints=[
        "Recall is a share. A share of what: of the list, or of the relevant movies?",
        "Each user has a number of relevant movies of their own. For whom is it 0, and what happens then?",
        "Keep the users who have a relevant movie. Hits divided by that user's relevant movies; then the mean.",
    ],
)
def recall_at_k(code: Code, case: Case) -> Parts:
    yield "recall", code.recall_at_k(_tensor(case["recommended"]), _tensor(case["relevant"]))


popularity_bias = quiz(
    "softmax.popularity_bias",
    title="Popular movies",
    objective="Say where popularity enters a model that learns from choices.",
    choices=("a", "b", "c", "d"),
    hints=[
        "Which movies are targets often, and what does the loss do to a target's score?",
        "Think of a model that knows nothing about the user. Which probabilities make its loss smallest?",
        "The data are choices that were possible. Who had the chance to see a film that nobody showed them?",
    ],
)


# --- A sample instead of all movies ----------------------------------------------------------------------------------


def _sampled_softmax_cases(rng: np.random.Generator) -> list[Case]:
    def case(n_users: int, n_movies: int, n_sampled: int, scale: float = 1.0) -> Case:
        labels = rng.permutation(n_movies)[:n_users]
        sampled = rng.permutation(n_movies)[:n_sampled]
        sampled[0], sampled[1] = labels[0], labels[-1]  # two users meet their own choice in the sample
        q = np.linspace(1, 6, n_movies)[rng.permutation(n_movies)]
        return {
            "users": _normal(rng, n_users, 3, scale=scale),
            "movies": _normal(rng, n_movies, 3, scale=scale),
            "labels": labels.astype(np.int64),
            "sampled": sampled.astype(np.int64),
            "log_q": np.log(q / q.sum()).astype(np.float32),
            "large": scale > 5,
        }

    large = [case(3, 9, 4, 20.0), case(4, 8, 5, 20.0)]
    for each in large:
        each["users"][:], each["movies"][:] = np.abs(each["users"]), np.abs(each["movies"])
        each["users"][0], each["movies"][each["sampled"][1]] = 20, 20  # a score of 1200, whatever the seed
    return [case(4, 12, 5), case(5, 10, 6), *large]


@question(
    "softmax.sampled_softmax_loss",
    title="Sampled softmax",
    objective="Compare the chosen movie with a sample, and correct for how the sample was drawn.",
    points=3,
    needs=["sampled_softmax_loss"],
    cases=_sampled_softmax_cases,
    parts={
        "loss": close(share=2, about="the loss"),
        "users_gradient": close(about="the gradient with respect to the user embeddings"),
        "movies_gradient": close(about="the gradient with respect to the movie embeddings"),
        "large_scores": close(share=0.5, about="the loss when scores are large, and when they are a hundredth of that"),
    },
    hints=[
        "Who are the candidates among whom a user chooses here? How often may the chosen movie be among them?",
        "`labels.unsqueeze(1) == sampled` is True where a user's own choice was drawn. Which score removes a "
        "candidate?",
        "Correct all scores by `log_q`, put the chosen score beside the others, minus infinity at the user's own "
        "choice among the others; then as in `softmax_loss`.",
    ],
)
def sampled_softmax_loss(code: Code, case: Case) -> Parts:
    users, movies = _tensor(case["users"]).requires_grad_(), _tensor(case["movies"]).requires_grad_()
    labels, sampled, log_q = (_tensor(case[name]) for name in ("labels", "sampled", "log_q"))
    loss = code.sampled_softmax_loss(users, movies, labels, sampled, log_q)
    if case["large"]:
        yield "large_scores", [loss, code.sampled_softmax_loss(users / 10, movies / 10, labels, sampled, log_q)]
        return
    yield "loss", loss
    loss.backward()
    yield "users_gradient", users.grad
    yield "movies_gradient", movies.grad


sampled_or_full = quiz(
    "softmax.sampled_or_full",
    title="A sample or all?",
    objective="Decide when a sampled softmax is worth it.",
    choices=("a", "b", "c", "d"),
    hints=[
        "What does the full softmax cost a step, and how does it grow?",
        "Compare the number of movies here with that of products in a large shop.",
        "A sample is an approximation. Nobody takes one for better lists.",
    ],
)
