"""A small class that is graded once undisturbed; every fault must leave the same marks behind."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import pytest

from grader.apart import Isolation
from grader.gradebook import marks_of, open_gradebook
from grader.grading import grade
from grader.isolation import missing
from grader.simulate import simulate

CHAPTER = "evaluation"
SECRET = "the same cases in every run"


@dataclass(frozen=True)
class Calm:
    """A class and what comes of it when nothing goes wrong."""

    submitted: Path
    students: list[str]
    isolation: Isolation
    marks: dict


@pytest.fixture(scope="session")
def calm(tmp_path_factory) -> Calm:
    """The undisturbed run."""
    folder = tmp_path_factory.mktemp("calm")
    simulate(CHAPTER, 8, 3, folder / "submitted", hostile=False, given_cells=False)
    isolation: Isolation = "none" if missing() else "namespaces"
    grade(CHAPTER, folder / "submitted", folder / "out", 2, secret=SECRET, isolation=isolation)
    students = sorted(path.name for path in (folder / "submitted").iterdir())
    return Calm(folder / "submitted", students, isolation, marks(folder / "out", students))


def marks(out: Path, students: list[str]) -> dict:
    """All marks: as grades.csv has them, and as the gradebook does."""
    with (out / "grades.csv").open(encoding="utf-8", newline="") as file:
        table = {(row["student"], row["exercise"]): (row["points"], row["verdict"]) for row in csv.DictReader(file)}
    with open_gradebook(out) as book:
        return {"table": table, "gradebook": {name: dict(marks_of(book, CHAPTER, name).automatic) for name in students}}
