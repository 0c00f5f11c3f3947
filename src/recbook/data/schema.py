"""`MovieLens`: one shape for every data set, and the one function that gives data that shape.

The readers deliver what the files say under the original ids; `assemble` turns ids into contiguous
indices, fixes the types, and refuses data that contradict themselves.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from recbook.data.errors import DamagedDataError, NoSplitError

#: Lower bounds of MovieLens-1M's age groups, and their names. Used for every data set that knows ages.
AGE_GROUPS: dict[int, str] = {
    1: "under 18", 18: "18-24", 25: "25-34", 35: "35-44", 45: "45-49", 50: "50-55", 56: "56 and over",
}  # fmt: skip

RATING_COLUMNS = ("user", "movie", "rating", "timestamp", "user_id", "movie_id")
USER_COLUMNS = ("user_id", "age", "age_group", "gender", "occupation", "zip_code")
MOVIE_COLUMNS = ("movie_id", "title", "year", "release_date", "genres")


@dataclass(frozen=True, eq=False, repr=False)
class MovieLens:
    """Ratings, the people who gave them, and the movies they rated. The same columns for every data set.

    name         "ml-100k", "ml-1m", "ml-latest-small" or "sample"
    source       where these data came from, in words
    synthetic    True if the data are made up (then no number computed from them is a MovieLens number)
    ratings      one row a rating, in the order of the file:
                 `user` int32 and `movie` int32, contiguous from 0; `rating` float32, in stars;
                 `timestamp` int64, seconds since 1970 (UTC); `user_id`, `movie_id` int32, as published
    users        row i is user index i:
                 `user_id` int32; `age` Int16, in years (MovieLens-1M: the lower bound of the age group);
                 `age_group` ordered category; `gender` category, "F" or "M"; `occupation` category;
                 `zip_code` str
    movies       row j is movie index j:
                 `movie_id` int32; `title` str, without blanks at its ends; `year` Int16, of the release date
                 where the data set has one, else from the title; `release_date` datetime64[s];
                 `genres` str, joined by "|", "" for none; then one bool column a genre
    genres       the names of the genre columns, in the order of the file (or alphabetical if it has none)
    occupations  the categories of `users.occupation`, in the order of the file
    citation     the paper to cite
    licence      the terms of use, in one sentence
    test_mask    bool, shape (number of ratings,): which ratings are the published test set (u1 of
                 MovieLens-100K); None where none was published

    What a data set does not know is missing (`pd.NA`, `NaT`, NaN), its column is there all the same.
    Movies and users without a rating are left out.
    """

    name: str
    source: str
    synthetic: bool
    ratings: pd.DataFrame
    users: pd.DataFrame
    movies: pd.DataFrame
    genres: tuple[str, ...]
    occupations: tuple[str, ...]
    citation: str
    licence: str
    test_mask: np.ndarray | None = None

    @property
    def n_users(self) -> int:
        """Number of users; `ratings.user` runs from 0 to `n_users - 1`."""
        return len(self.users)

    @property
    def n_movies(self) -> int:
        """Number of movies; `ratings.movie` runs from 0 to `n_movies - 1`."""
        return len(self.movies)

    @property
    def train(self) -> pd.DataFrame:
        """The published training ratings (u1.base): a new frame with the columns of `ratings`.

        Sorted by user, then movie, as u1.base is; index 0, 1, 2, ... Raises `NoSplitError` if there is none.
        """
        return self._part(test=False)

    @property
    def test(self) -> pd.DataFrame:
        """The published test ratings (u1.test), in the form of `train`."""
        return self._part(test=True)

    def _part(self, *, test: bool) -> pd.DataFrame:
        if self.test_mask is None:
            raise NoSplitError(
                f"{self.name} was published without a train/test split.",
                todo='split `ratings` yourself with a seed, or use "ml-100k", which has one (u1).',
            )
        part = self.ratings[self.test_mask if test else ~self.test_mask]
        return part.sort_values(["user", "movie"], kind="stable", ignore_index=True)

    def __repr__(self) -> str:
        """One line: name, size, source, and a warning if the data are made up."""
        warning = "; SYNTHETIC, not MovieLens" if self.synthetic else ""
        return (
            f"<MovieLens {self.name}: {len(self.ratings):,} ratings by {self.n_users:,} users "
            f"of {self.n_movies:,} movies; {self.source}{warning}>"
        )


def assemble(
    *,
    name: str,
    source: str,
    ratings: pd.DataFrame,
    users: pd.DataFrame | None,
    movies: pd.DataFrame,
    genres: tuple[str, ...],
    occupations: tuple[str, ...],
    citation: str,
    licence: str,
    synthetic: bool = False,
    test_mask: np.ndarray | None = None,
    where: object = None,
) -> MovieLens:
    """Give data read from files the shape of `MovieLens`.

    ratings    columns user_id, movie_id, rating, timestamp
    users      columns user_id and any of age, gender, occupation, zip_code; None if nothing is known of them
    movies     columns movie_id, title, genres ("|"-joined), and if known release_date ("YYYY-MM-DD" or "")
    where      path to name in an error

    Users and movies are indexed in the order of their ids. Raises `DamagedDataError` for data that contradict
    themselves: ratings of unknown movies or by unknown users, a pair rated twice, a rating that is no rating.
    """
    _check_ratings(ratings, where)
    user_ids = np.unique(ratings["user_id"].to_numpy(np.int32))
    movie_ids = np.unique(ratings["movie_id"].to_numpy(np.int32))
    user = np.searchsorted(user_ids, ratings["user_id"].to_numpy()).astype(np.int32)
    movie = np.searchsorted(movie_ids, ratings["movie_id"].to_numpy()).astype(np.int32)
    pairs = user.astype(np.int64) * len(movie_ids) + movie
    if len(np.unique(pairs)) != len(pairs):
        raise DamagedDataError("Some user rated the same movie twice.", where=where, todo="fetch the data anew.")
    if users is None:
        users = pd.DataFrame({"user_id": user_ids})
    if test_mask is not None and test_mask.shape != (len(ratings),):
        raise DamagedDataError(
            f"The split is of {len(test_mask):,} ratings, the data have {len(ratings):,}.",
            where=where,
            todo="fetch the data anew.",
        )
    return MovieLens(
        name=name,
        source=source,
        synthetic=synthetic,
        ratings=pd.DataFrame(
            {
                "user": user,
                "movie": movie,
                "rating": ratings["rating"].to_numpy(np.float32),
                "timestamp": ratings["timestamp"].to_numpy(np.int64),
                "user_id": ratings["user_id"].to_numpy(np.int32),
                "movie_id": ratings["movie_id"].to_numpy(np.int32),
            }
        ),
        users=_users(_rows(users, "user_id", user_ids, where), occupations, where),
        movies=_movies(_rows(movies, "movie_id", movie_ids, where), genres, where),
        genres=genres,
        occupations=occupations,
        citation=citation,
        licence=licence,
        test_mask=None if test_mask is None else np.asarray(test_mask, dtype=bool),
    )


def release_year(titles: pd.Series) -> pd.Series:
    """The last "(1995)" of each title as Int16, `<NA>` where there is none. "(1975-1979)" gives 1975."""
    found = titles.str.extract(r".*\((\d{4})(?:[-\u2013]\d{0,4})?\)", expand=False)
    return pd.to_numeric(found).astype("Int16").rename("year")


def age_group(ages: pd.Series) -> pd.Series:
    """The age group of each age in years, as an ordered category; missing where the age is."""
    bounds = [*AGE_GROUPS, np.inf]
    years = ages.astype("Float64").to_numpy(dtype=float, na_value=np.nan)
    return pd.Series(pd.cut(years, bounds, right=False, labels=list(AGE_GROUPS.values())), index=ages.index)


def _check_ratings(ratings: pd.DataFrame, where: object) -> None:
    stars = ratings["rating"].to_numpy(float)
    if not len(stars):
        raise DamagedDataError("There is not one rating in it.", where=where, todo="fetch the data anew.")
    wrong = ~((stars >= 0.5) & (stars <= 5))  # not (...), so that NaN counts as wrong
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise DamagedDataError(
            f"Row {row + 1:,} holds the rating {stars[row]}; ratings are between 0.5 and 5 stars.",
            where=where,
            todo="see that the columns are user, movie, rating, timestamp; else fetch the data anew.",
        )


def _rows(table: pd.DataFrame, key: str, ids: np.ndarray, where: object) -> pd.DataFrame:
    """The rows of `table` for `ids`, in that order."""
    if table[key].duplicated().any():
        raise DamagedDataError(f"Some {key} is described twice.", where=where, todo="fetch the data anew.")
    unknown = np.setdiff1d(ids, table[key].to_numpy())
    if len(unknown):
        raise DamagedDataError(
            f"There are ratings for {key} {unknown[0]} (and {len(unknown) - 1} more), of which nothing else is known.",
            where=where,
            todo="the file that describes them is cut short, or of another release: fetch the data anew.",
        )
    return table.set_index(key).loc[ids].reset_index()


def _users(users: pd.DataFrame, occupations: tuple[str, ...], where: object) -> pd.DataFrame:
    def known(column: str) -> pd.Series:
        return users[column] if column in users else pd.Series([None] * len(users), dtype=object)

    for column, words in (("gender", ("F", "M")), ("occupation", occupations)):
        if odd := sorted(set(known(column).dropna()) - set(words)):
            raise DamagedDataError(
                f"{odd[0]!r} is none of the words for {column}.", where=where, todo="fetch the data anew."
            )
    age = pd.array(known("age"), dtype="Int16")
    return pd.DataFrame(
        {
            "user_id": users["user_id"].astype("int32"),
            "age": age,
            "age_group": age_group(pd.Series(age)),
            "gender": pd.Categorical(known("gender"), categories=["F", "M"]),
            "occupation": pd.Categorical(known("occupation"), categories=list(occupations)),
            "zip_code": known("zip_code"),
        }
    )


def _movies(movies: pd.DataFrame, genres: tuple[str, ...], where: object) -> pd.DataFrame:
    title = movies["title"].str.strip()  # some published titles end in a blank
    dates = movies["release_date"] if "release_date" in movies else pd.Series([""] * len(movies))
    try:
        date = pd.Series(np.array([d or "NaT" for d in dates], dtype="datetime64[s]"), index=movies.index)
    except ValueError as error:
        raise DamagedDataError(f"A release date is no date: {error}.", where=where) from None
    year = date.dt.year.astype("Int16").fillna(release_year(title))
    member = {g: np.zeros(len(movies), dtype=bool) for g in genres}
    for row, names in enumerate(movies["genres"]):
        for g in filter(None, names.split("|")):
            if g not in member:
                raise DamagedDataError(
                    f"{g!r} is none of the genres of this data set.", where=where, todo="fetch the data anew."
                )
            member[g][row] = True
    described = pd.DataFrame(
        {
            "movie_id": movies["movie_id"].astype("int32"),
            "title": title,
            "year": year,
            "release_date": date,
            "genres": movies["genres"],
        }
    )
    return pd.concat([described, pd.DataFrame(member, index=described.index)], axis=1)
