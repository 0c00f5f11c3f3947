"""Read MovieLens files as they are published: one function a format, from a folder to `MovieLens`.

None of these files but the .csv ones has a header row. Reading them as if they had loses the first
rating of each file without a word, so every call here says `header=None`.
"""

from __future__ import annotations

import csv
import warnings
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from importlib.resources import files as package_files
from pathlib import Path

import numpy as np
import pandas as pd

from recbook.data.catalogue import CITATION, DATASETS
from recbook.data.errors import DamagedDataError
from recbook.data.schema import MovieLens, assemble

_RATINGS = {"user_id": "int32", "movie_id": "int32", "rating": "float32", "timestamp": "int64"}
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_ANEW = "the file is cut short, altered, or not in the published format: fetch the data anew."

#: Occupations of MovieLens-1M by code, as its README lists them.
ML_1M_OCCUPATIONS = (
    "other or not specified", "academic/educator", "artist", "clerical/admin", "college/grad student",
    "customer service", "doctor/health care", "executive/managerial", "farmer", "homemaker", "K-12 student",
    "lawyer", "programmer", "retired", "sales/marketing", "scientist", "self-employed", "technician/engineer",
    "tradesman/craftsman", "unemployed", "writer",
)  # fmt: skip


def read_ml_100k(folder: Path, source: str) -> MovieLens:
    """MovieLens-100K from its unpacked archive: u.data (tabs), u.item, u.user (|, latin-1), the u1 split.

    `ratings` is in the order of u.data. Raises `DamagedDataError` if a file cannot be read or the files
    contradict each other: u.info's counts, or u1.base and u1.test not making up u.data.
    """
    genres = tuple(line.split("|")[0] for line in _lines(folder / "u.genre"))
    occupations = tuple(_lines(folder / "u.occupation"))
    ratings = _table(folder / "u.data", _RATINGS, sep="\t")
    users = _table(
        folder / "u.user",
        {"user_id": "int32", "age": "int16", "gender": str, "occupation": str, "zip_code": str},
        sep="|",
    )
    movies = _table(
        folder / "u.item",
        {
            "movie_id": "int32",
            "title": str,
            "date": str,
            "video": str,
            "url": str,
            **dict.fromkeys(genres, "int8"),
        },
        sep="|",
    )
    flags = movies[list(genres)].to_numpy(bool)
    movies["genres"] = ["|".join(g for g, is_one in zip(genres, row, strict=True) if is_one) for row in flags]
    movies["release_date"] = [_iso_date(date, folder / "u.item") for date in movies["date"]]
    _check_counts(folder / "u.info", users=len(users), items=len(movies), ratings=len(ratings))
    return assemble(
        name="ml-100k",
        source=source,
        ratings=ratings,
        users=users,
        movies=movies[["movie_id", "title", "release_date", "genres"]],
        genres=genres,
        occupations=occupations,
        citation=CITATION,
        licence=DATASETS["ml-100k"].licence,
        test_mask=_u1_mask(folder, ratings),
        where=folder,
    )


def read_ml_1m(folder: Path, source: str) -> MovieLens:
    """MovieLens-1M from its unpacked archive: `ratings.dat`, `users.dat`, `movies.dat` (::, latin-1).

    Raises `DamagedDataError` if a file cannot be read or contradicts another.
    """
    users = _double_colon(
        folder / "users.dat",
        {"user_id": "int32", "gender": str, "age": "int16", "code": "int16", "zip_code": str},
    )
    codes = users["code"].to_numpy()
    if not set(codes) <= set(range(len(ML_1M_OCCUPATIONS))):
        raise DamagedDataError("An occupation code is unknown.", where=folder / "users.dat", todo=_ANEW)
    users["occupation"] = [ML_1M_OCCUPATIONS[code] for code in codes]
    # A title may hold a colon ("Star Trek: Generations"): the trick of `_double_colon` is not for this file.
    rows = [line.split("::", 1) for line in _lines(folder / "movies.dat")]
    rows = [[first, *rest.rsplit("::", 1)] for first, *others in rows for rest in (others or [""])]
    if any(len(row) != 3 or not row[0].isdecimal() for row in rows):
        raise DamagedDataError("A line is not id::title::genres.", where=folder / "movies.dat", todo=_ANEW)
    movies = pd.DataFrame(rows, columns=["movie_id", "title", "genres"]).astype({"movie_id": "int32"})
    return assemble(
        name="ml-1m",
        source=source,
        ratings=_double_colon(folder / "ratings.dat", _RATINGS),
        users=users,
        movies=movies,
        genres=_all_genres(movies["genres"]),
        occupations=ML_1M_OCCUPATIONS,
        citation=CITATION,
        licence=DATASETS["ml-1m"].licence,
        where=folder,
    )


def read_latest_small(folder: Path, source: str) -> MovieLens:
    """ml-latest-small, of 2016 or any later release: ratings.csv, movies.csv (UTF-8, with a header row).

    Either file may be gzipped (`ratings.csv.gz`), as the ones bundled with recbook are. Only rated movies are
    kept. Raises `DamagedDataError` if a file cannot be read or contradicts the other.
    """
    ratings = _csv(
        folder, "ratings", {"userId": "int32", "movieId": "int32", "rating": "float32", "timestamp": "int64"}
    )
    movies = _csv(folder, "movies", {"movieId": "int32", "title": str, "genres": str})
    movies["genres"] = movies["genres"].replace("(no genres listed)", "")
    names = {"userId": "user_id", "movieId": "movie_id"}
    return assemble(
        name="ml-latest-small",
        source=source,
        ratings=ratings.rename(columns=names),
        users=None,
        movies=movies.rename(columns=names),
        genres=_all_genres(movies["genres"]),
        occupations=(),
        citation=CITATION,
        licence=DATASETS["ml-latest-small"].licence,
        where=folder,
    )


def read_recbole(folder: Path, source: str, *, test_mask: np.ndarray | None = None) -> MovieLens:
    """MovieLens-100K from the three files the RecBole wheel carries (tabs, UTF-8, with a header row).

    Its ratings are u.data's, in u.data's order, without the u1 split; which rows are u1.test comes from
    `test_mask`, bool of shape (100000,), by default the one kept in this package. It knows no release date,
    so `release_date` is missing and `year` is that of the title, which for 190 movies differs from the year in
    u.item's release date.
    """
    ratings = _table(folder / "ml-100k.inter", _RATINGS, sep="\t", header=0)
    users = _table(
        folder / "ml-100k.user",
        {"user_id": "int32", "age": "int16", "gender": str, "occupation": str, "zip_code": str},
        sep="\t",
        header=0,
    )
    movies = _table(
        folder / "ml-100k.item",
        {"movie_id": "int32", "title": str, "year": str, "genres": str},
        sep="\t",
        header=0,
        encoding="utf-8",
    )
    # The wheel moved what stood in the last brackets of a title to a column of its own. The one movie that
    # has no year, "unknown", came out misspelt there.
    nameless = movies["title"].isin(["unkonwn", "unknown"])
    movies["title"] = np.where(nameless, "unknown", movies["title"] + " (" + movies["year"] + ")")
    movies["genres"] = movies["genres"].str.replace(" ", "|", regex=False)
    return assemble(
        name="ml-100k",
        source=source,
        ratings=ratings,
        users=users,
        movies=movies[["movie_id", "title", "genres"]],
        genres=ML_100K_GENRES,
        occupations=tuple(sorted(set(users["occupation"]))),
        citation=CITATION,
        licence=DATASETS["ml-100k"].licence,
        test_mask=packed_u1_mask() if test_mask is None else test_mask,
        where=folder,
    )


#: Genres of MovieLens-100K in the order of u.genre.
ML_100K_GENRES = (
    "unknown", "Action", "Adventure", "Animation", "Children's", "Comedy", "Crime", "Documentary", "Drama",
    "Fantasy", "Film-Noir", "Horror", "Musical", "Mystery", "Romance", "Sci-Fi", "Thriller", "War", "Western",
)  # fmt: skip


def packed_u1_mask() -> np.ndarray:
    """Which rows of u.data are u1.test: bool, shape (100000,). One bit a row, and no rating."""
    packed = package_files("recbook.data").joinpath("u1-test-rows.bin").read_bytes()
    return np.unpackbits(np.frombuffer(packed, dtype=np.uint8)).astype(bool)


READERS: dict[str, Callable[[Path, str], MovieLens]] = {
    "ml-100k": read_ml_100k,
    "ml-1m": read_ml_1m,
    "ml-latest-small": read_latest_small,
}


def _u1_mask(folder: Path, ratings: pd.DataFrame) -> np.ndarray:
    """Which rows of `ratings` are in u1.test; checks that u1.base holds all the others and nothing else."""
    base = _table(folder / "u1.base", _RATINGS, sep="\t")
    test = _table(folder / "u1.test", _RATINGS, sep="\t")
    parts = pd.concat([base, test], ignore_index=True)
    one, other = _by_pair(ratings), _by_pair(parts)
    if len(parts) != len(ratings) or any(not np.array_equal(one[c], other[c]) for c in _RATINGS):
        raise DamagedDataError(
            f"u1.base ({len(base):,} ratings) and u1.test ({len(test):,}) do not make up u.data ({len(ratings):,}).",
            where=folder,
            todo="one of the three is cut short or altered: fetch the data anew.",
        )
    return np.isin(_pairs(ratings), _pairs(test))


def _pairs(ratings: pd.DataFrame) -> np.ndarray:
    """One int64 for each pair of user and movie."""
    return (ratings["user_id"].to_numpy(np.int64) << 32) + ratings["movie_id"].to_numpy()


def _by_pair(ratings: pd.DataFrame) -> pd.DataFrame:
    return ratings.iloc[np.argsort(_pairs(ratings), kind="stable")]


def _check_counts(info: Path, **found: int) -> None:
    """Compare row counts with u.info, whose lines are like "943 users"."""
    promised = {word: int(count) for count, word in (line.split() for line in _lines(info))}
    for word, count in found.items():
        if promised.get(word, count) != count:
            raise DamagedDataError(
                f"u.info promises {promised[word]:,} {word}, the files hold {count:,}.",
                where=info.parent,
                todo=_ANEW,
            )


def _all_genres(joined: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted({g for names in joined for g in names.split("|") if g}))


def _iso_date(text: str, where: Path) -> str:
    """ "01-Jan-1995" as "1995-01-01", "" as "". By hand: strptime's month names depend on the locale."""
    if not text:
        return ""
    try:
        day, month, year = text.split("-")
        return f"{int(year):04d}-{_MONTHS.index(month) + 1:02d}-{int(day):02d}"
    except ValueError:
        raise DamagedDataError(f"{text!r} is no date like 01-Jan-1995.", where=where, todo=_ANEW) from None


def _lines(path: Path) -> list[str]:
    """The lines of a latin-1 text file, without the empty ones."""
    with _reading(path):
        return [line for line in path.read_text(encoding="latin-1").split("\n") if line.strip()]


def _table(
    path: Path, columns: dict[str, object], *, sep: str, header: int | None = None, encoding: str = "latin-1"
) -> pd.DataFrame:
    """A table with exactly these columns, of these types. Quotes and words like "NA" mean only themselves."""
    with _reading(path):
        table = pd.read_csv(
            path,
            sep=sep,
            header=header,
            names=list(columns),
            index_col=False,
            dtype=columns,
            encoding=encoding,
            quoting=csv.QUOTE_NONE,
            na_filter=False,
        )
    return table


def _double_colon(path: Path, columns: dict[str, object]) -> pd.DataFrame:
    """A `::`-separated table none of whose fields holds a colon.

    pandas reads a separator of two characters with its slow Python parser: 4 s for a million ratings. To a
    parser that splits at single colons every second field is empty; skipping those takes 0.2 s.
    """
    spread = [name for column in columns for name in (column, f"between {column} and the next")][:-1]
    with _reading(path):
        return pd.read_csv(
            path,
            sep=":",
            header=None,
            names=spread,
            usecols=list(columns),
            index_col=False,
            dtype=columns,
            encoding="latin-1",
            quoting=csv.QUOTE_NONE,
            na_filter=False,
        )


def _csv(folder: Path, stem: str, columns: dict[str, object]) -> pd.DataFrame:
    """`stem`.csv or `stem`.csv.gz; needs these columns, ignores others."""
    path = folder / f"{stem}.csv"
    if not path.exists():
        path = folder / f"{stem}.csv.gz"
    with _reading(path):
        return pd.read_csv(path, usecols=list(columns), dtype=columns, encoding="utf-8", na_filter=False)


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    """Turn what pandas or the system says of a broken file into a `DamagedDataError` that names the file."""
    try:
        with warnings.catch_warnings():
            # Rows with more fields than there are columns: pandas would drop the surplus with a mere warning.
            warnings.simplefilter("error", pd.errors.ParserWarning)
            yield
    except (
        ValueError,
        EOFError,
        zlib.error,
        pd.errors.ParserWarning,
    ) as error:  # ParserError and UnicodeDecodeError are ValueErrors
        raise DamagedDataError(f"{path.name} cannot be read: {error}", where=path, todo=_ANEW) from error
    except OSError as error:
        raise DamagedDataError(
            f"{path.name} cannot be read: {error.strerror or error}",
            where=path,
            todo="see that the file is there, that you may read it, and that it is whole.",
        ) from error
