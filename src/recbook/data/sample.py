"""A small made-up data set with the schema of MovieLens-100K, for trying things and for grading.

It is made so that what works on MovieLens works here, in a thousandth of the time: some users are
kinder than others, some movies better, a few are seen by nearly everyone and many by hardly anyone, and
tastes follow genres, age and gender. Users choose what they watch by taste, as people do.

It also holds what trips people up in the real data: two movies of one title, a movie without release
date, movies rated only in the test set, and a test set that holds ratings of only half of the users.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from recbook.data.catalogue import SAMPLE_CITATION, SAMPLE_LICENCE
from recbook.data.read import ML_100K_GENRES
from recbook.data.schema import MovieLens, assemble

N_USERS, N_MOVIES = 120, 180
RANK = 4  # dimensions of taste
N_TEST_USERS = 58  # users 1 to 58 hold the test set, as users 1 to 462 do in u1
TEST_SHARE = 0.42  # of the ratings of those users, so that a fifth of all ratings is test
N_TEST_ONLY_MOVIES = 4
_FIRST_DAY = 874_700_000  # seconds; the autumn of 1997, when MovieLens-100K begins
_SEED = 100_003

OCCUPATIONS = (
    "administrator", "artist", "doctor", "educator", "engineer", "entertainment", "executive", "healthcare",
    "homemaker", "lawyer", "librarian", "marketing", "none", "other", "programmer", "retired", "salesman",
    "scientist", "student", "technician", "writer",
)  # fmt: skip
_FIRST = (
    "Amber", "Borrowed", "Broken", "Crooked", "Distant", "Electric", "Forgotten", "Gentle", "Hollow",
    "Invisible", "Last", "Paper", "Quiet", "Reluctant", "Second", "Silver", "Stolen", "Thirteenth",
    "Velvet", "Winter",
)  # fmt: skip
_SECOND = (
    "Accountant", "Balloon", "Carousel", "Detective", "Elevator", "Ferry", "Gardener", "Harbor", "Island",
    "Jury", "Kitchen", "Lighthouse", "Mechanic", "Neighbor", "Orchestra", "Parade", "Railway", "Summer",
)  # fmt: skip


def make_sample(source: str = "synthetic sample") -> MovieLens:
    """The synthetic sample: 120 users, 180 movies, about 5,000 ratings of 1 to 5 stars. Always the same.

    Only raw 53-bit uniforms are drawn from the generator, and everything continuous is rounded before it
    decides anything, so that neither numpy's version nor the machine's arithmetic changes a rating.
    """
    rng = np.random.Generator(np.random.PCG64(_SEED))
    genre_names = ML_100K_GENRES[1:]  # without "unknown"
    movies, movie_genres = _make_movies(rng, genre_names)
    users, group = _make_users(rng)

    # Taste: p_u . q_i. A movie's place comes mostly from its genres, a user's partly from who they are.
    genre_place = _normal(rng, (len(genre_names), RANK))
    q = 0.75 * movie_genres @ genre_place / np.sqrt(movie_genres.sum(axis=1, keepdims=True))
    q = _unit(q + 0.55 * _normal(rng, (N_MOVIES, RANK)))
    group_place = _normal(rng, (group.max() + 1, RANK))
    p = _unit(0.8 * group_place[group] + 0.8 * _normal(rng, (N_USERS, RANK)))
    taste = p @ q.T  # variance about 1 / RANK after _unit; scaled below
    kindness = 0.42 * _normal(rng, (N_USERS, 1))
    quality = 0.48 * _normal(rng, (1, N_MOVIES))

    stars = 3.5 + kindness + quality + 1.7 * taste + 0.55 * _normal(rng, (N_USERS, N_MOVIES))
    stars = np.clip(np.floor(np.round(stars, 6) + 0.5), 1, 5)

    # Long tail: appeal falls with rank, better movies are somewhat better known. Adding Gumbel noise and
    # taking the k largest draws k movies without replacement, in proportion to exp(appeal).
    popularity = -2.0 * np.log(np.arange(N_MOVIES) + 12.0)[_shuffled(rng, N_MOVIES)]
    appeal = popularity + 0.5 * quality + 0.9 * taste
    gumbel = -np.log(-np.log(np.maximum(rng.random((N_USERS, N_MOVIES)), 1e-12)))
    order = np.argsort(-np.round(appeal + gumbel, 6), axis=1, kind="stable")
    how_many = np.minimum(20 + np.floor(-24 * np.log(1 - rng.random(N_USERS))).astype(int), 120)

    user = np.repeat(np.arange(N_USERS), how_many)
    movie = np.concatenate([order[u, : how_many[u]] for u in range(N_USERS)])
    # No movie is left without a rating: who has seen most has also seen the ones nobody else did.
    unseen = np.setdiff1d(np.arange(N_MOVIES), movie)
    user = np.concatenate([user, np.full(len(unseen), int(np.argmax(how_many)))])
    movie = np.concatenate([movie, unseen])

    start = rng.random(N_USERS) * 200 * 86_400  # a session within seven months
    seconds = _FIRST_DAY + np.floor(start[user] + rng.random(len(user)) * 3_600).astype(np.int64)
    test = _u1_like(rng, user, movie)
    mixed = _shuffled(rng, len(user))  # u.data is in no order
    ratings = pd.DataFrame(
        {"user_id": user + 1, "movie_id": movie + 1, "rating": stars[user, movie], "timestamp": seconds}
    )
    return assemble(
        name="sample",
        source=source,
        synthetic=True,
        ratings=ratings.iloc[mixed].reset_index(drop=True),
        users=users,
        movies=movies,
        genres=ML_100K_GENRES,
        occupations=OCCUPATIONS,
        citation=SAMPLE_CITATION,
        licence=SAMPLE_LICENCE,
        test_mask=test[mixed],
    )


def _make_movies(rng: np.random.Generator, genre_names: tuple[str, ...]) -> tuple[pd.DataFrame, np.ndarray]:
    """Titles, dates and genres; and genre membership as 0/1, shape (N_MOVIES, number of genre names)."""
    pick = _shuffled(rng, len(_FIRST) * len(_SECOND))[:N_MOVIES]
    names = [f"{_FIRST[k // len(_SECOND)]} {_SECOND[k % len(_SECOND)]}" for k in pick]
    # Most movies are recent, a few are old; MovieLens writes "The" at the end.
    years = 1998 - np.floor(-7 * np.log(1 - rng.random(N_MOVIES))).astype(int)
    years = np.maximum(years, 1930)
    names = [f"{n}, The" if the < 0.3 else n for n, the in zip(names, rng.random(N_MOVIES), strict=True)]
    titles = [f"{n} ({year})" for n, year in zip(names, years, strict=True)]
    months, days = 1 + np.floor(12 * rng.random(N_MOVIES)), 1 + np.floor(28 * rng.random(N_MOVIES))
    dates = [f"{y}-{int(m):02d}-{int(d):02d}" for y, m, d in zip(years, months, days, strict=True)]

    # One to three genres, drama and comedy the most frequent.
    weight = 1 / (1 + np.arange(len(genre_names)))[np.argsort(_FREQUENCY)]
    count = 1 + np.floor(3 * rng.random(N_MOVIES) ** 1.6).astype(int)
    score = np.log(weight) - np.log(-np.log(np.maximum(rng.random((N_MOVIES, len(genre_names))), 1e-12)))
    ranks = np.argsort(np.argsort(-np.round(score, 6), axis=1, kind="stable"), axis=1, kind="stable")
    member = (ranks < count[:, None]).astype(float)
    genres = ["|".join(g for g, one in zip(genre_names, row, strict=True) if one) for row in member]

    # What trips people up in the real data.
    titles[77], dates[77] = titles[33], dates[33]  # two movies of one title
    titles[141], dates[141], genres[141] = "unknown", "", "unknown"  # neither year nor date nor genre
    dates[160] = ""  # a year in the title, but no date
    return (
        pd.DataFrame(
            {"movie_id": np.arange(1, N_MOVIES + 1), "title": titles, "release_date": dates, "genres": genres}
        ),
        member,
    )


#: Genres (without "unknown") from the most to the least frequent, as positions in ML_100K_GENRES[1:].
_FREQUENCY = (7, 4, 0, 15, 13, 1, 3, 5, 10, 14, 16, 11, 2, 12, 6, 17, 9, 8)


def _make_users(rng: np.random.Generator) -> tuple[pd.DataFrame, np.ndarray]:
    """Who the users are; and the group their tastes follow, int, shape (N_USERS,): gender by three ages."""
    ages = np.clip(np.floor(14 + 32 * (rng.random(N_USERS) + rng.random(N_USERS)) ** 1.3), 10, 73).astype(int)
    woman = rng.random(N_USERS) < 0.3
    drawn = np.floor(len(OCCUPATIONS) * rng.random(N_USERS)).astype(int)
    student = (ages < 24) & (rng.random(N_USERS) < 0.8)
    work = ["student" if s else OCCUPATIONS[k] for s, k in zip(student, drawn, strict=True)]
    zips = [f"{int(z):05d}" for z in np.floor(1e5 * rng.random(N_USERS))]
    group = 3 * woman.astype(int) + np.digitize(ages, [25, 40])
    users = pd.DataFrame(
        {
            "user_id": np.arange(1, N_USERS + 1),
            "age": ages,
            "gender": np.where(woman, "F", "M"),
            "occupation": work,
            "zip_code": zips,
        }
    )
    return users, group


def _u1_like(rng: np.random.Generator, user: np.ndarray, movie: np.ndarray) -> np.ndarray:
    """A test set like u1's, bool a rating: of the first N_TEST_USERS users only, some movies in it only."""
    early = user < N_TEST_USERS
    test = early & (rng.random(len(user)) < TEST_SHARE)
    late = np.bincount(movie[~early], minlength=N_MOVIES)
    unseen_late = np.flatnonzero(late == 0)
    seen = np.bincount(movie, minlength=N_MOVIES)[unseen_late]
    return test | np.isin(movie, unseen_late[np.argsort(-seen, kind="stable")][:N_TEST_ONLY_MOVIES])


def _normal(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Standard normal numbers by Box and Muller, rounded: numpy may change its own method, never `random`."""
    radius = np.sqrt(-2 * np.log(1 - rng.random(shape)))
    return np.round(radius * np.cos(2 * np.pi * rng.random(shape)), 6)


def _shuffled(rng: np.random.Generator, n: int) -> np.ndarray:
    """A permutation of 0..n-1."""
    return np.argsort(rng.random(n), kind="stable")


def _unit(rows: np.ndarray) -> np.ndarray:
    """Rows scaled to mean square length 1."""
    return rows / np.sqrt((rows**2).sum(axis=1).mean())
