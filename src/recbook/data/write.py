"""Write a data set as MovieLens-100K's files, for tests and for exercises that read files."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from recbook.data.schema import MovieLens

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def write_ml_100k(data: MovieLens, folder: Path | str) -> Path:
    """Write `data` into `folder` (made if need be) in the format of MovieLens-100K; gives the folder back.

    `load("ml-100k", folder)` reads it again. Only what that format can hold: whole stars, a train/test split
    (`NoSplitError` without one), known ages. ML-100K itself may not be redistributed.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)

    def ratings(name: str, table: pd.DataFrame) -> None:
        columns = table[["user_id", "movie_id", "rating", "timestamp"]].astype({"rating": int})
        columns.to_csv(folder / name, sep="\t", header=False, index=False, lineterminator="\n")

    def lines(name: str, rows: list[str]) -> None:
        text = "".join(f"{row}\n" for row in rows)
        (folder / name).write_bytes(text.encode("latin-1"))

    ratings("u1.base", data.train)
    ratings("u1.test", data.test)
    ratings("u.data", data.ratings)
    counts = {"users": data.n_users, "items": data.n_movies, "ratings": len(data.ratings)}
    lines("u.info", [f"{count} {word}" for word, count in counts.items()])
    lines("u.genre", [*(f"{genre}|{k}" for k, genre in enumerate(data.genres)), ""])
    lines("u.occupation", list(data.occupations))
    who = data.users[["user_id", "age", "gender", "occupation", "zip_code"]]
    lines("u.user", ["|".join(map(str, row)) for row in who.itertuples(index=False)])
    flags = data.movies[list(data.genres)].to_numpy(int)
    lines(
        "u.item",
        [
            "|".join([str(m.movie_id), m.title, _date(m.release_date), "", "", *map(str, member)])
            for m, member in zip(data.movies.itertuples(index=False), flags, strict=True)
        ],
    )
    return folder


def _date(date: pd.Timestamp) -> str:
    return "" if pd.isna(date) else f"{date.day:02d}-{_MONTHS[date.month - 1]}-{date.year}"
