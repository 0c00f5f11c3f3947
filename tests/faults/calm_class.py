"""A small class, and what comes of it when nothing goes wrong."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

from grader.apart import Isolation
from grader.gradebook import marks_of, open_gradebook

CHAPTER = "evaluation"
SECRET = "the same cases in every run"


@dataclass(frozen=True)
class Calm:
    """A class and what comes of it when nothing goes wrong."""

    submitted: Path
    out: Path
    students: list[str]
    isolation: Isolation
    marks: dict


def marks(out: Path, students: list[str]) -> dict:
    """All marks: as grades.csv has them, and as the gradebook does."""
    with (out / "grades.csv").open(encoding="utf-8", newline="") as file:
        table = {(row["student"], row["exercise"]): (row["points"], row["verdict"]) for row in csv.DictReader(file)}
    with open_gradebook(out) as book:
        return {"table": table, "gradebook": {name: dict(marks_of(book, CHAPTER, name).automatic) for name in students}}
