"""What is kept of each graded hand-in, as data: the marks and how they came about. The report and exports read it.

One file a hand-in, `records/<folder>/<chapter>.json`, written whole or not at all. It holds answers' digests and the
names of misconceptions, so it belongs to the instructor; students get the feedback page.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from grader.results import write_text

FOLDER = "records"


@dataclass(frozen=True)
class ExerciseRecord:
    """One exercise of one hand-in. `points` None: a person has still to give them."""

    exercise: str
    points: float | None
    max_points: float
    #: right, wrong, error, timeout, or manual (an essay).
    verdict: str
    #: The known mistake it was recognised as, by name; "" when none.
    mistake: str = ""
    hint: str = ""
    #: The source of the cell that defines what was asked; "" when there is none.
    code: str = ""
    #: Equal for equal answers of one run: wrong answers shared by two hand-ins are worth a look.
    answer_digest: str = ""
    #: CPU time of the question, in seconds, and the most memory the hand-in's process had used by its end, in bytes.
    cpu_seconds: float = 0.0
    peak_memory: int = 0
    #: True when the code is the released stub, but for white space. Records of before this was kept say False.
    untouched: bool = False


@dataclass(frozen=True)
class HandinRecord:
    """One graded hand-in. `problem`: why it could not be read. `notes`: what was repaired, or odd, for people."""

    student: str
    chapter: str
    exercises: tuple[ExerciseRecord, ...]
    notes: tuple[str, ...] = ()
    problem: str = ""
    #: A fault of the grader, not of the hand-in.
    fault: str = ""
    #: What happened while it ran: limits that were hit, processes that ended.
    events: tuple[str, ...] = ()
    wall_seconds: float = 0.0
    cpu_seconds: float = 0.0
    peak_memory: int = 0
    #: When it was handed in, as nbgrader wrote it; "" when unknown.
    timestamp: str = ""
    #: The learning platform's number of the student in this chapter; "" when unknown.
    platform_id: str = ""
    #: What it was graded from: the hand-in's bytes, and the questions as they were.
    graded_from: Mapping[str, str] | None = None

    @property
    def points(self) -> float:
        """The sum of the points given so far."""
        return sum(each.points or 0.0 for each in self.exercises)


def record_path(out: Path, folder: str, chapter: str) -> Path:
    """Where the record of the hand-in in this folder lies."""
    return out / FOLDER / folder / f"{chapter}.json"


def write_record(path: Path, record: HandinRecord) -> None:
    """Write one record."""
    write_text(path, json.dumps(asdict(record), ensure_ascii=False, indent=1))


def read_record(path: Path) -> HandinRecord | None:
    """The record in a file; None when there is none, or it is broken: then the hand-in is graded anew."""
    try:
        return _from_plain(json.loads(path.read_text("utf-8")))
    except (OSError, ValueError, TypeError, KeyError):
        return None


def read_records(out: Path, chapter: str) -> list[HandinRecord]:
    """All records of a chapter, in the order of the students' names."""
    paths = sorted((out / FOLDER).glob(f"*/{chapter}.json"))
    return sorted((record for path in paths if (record := read_record(path))), key=lambda record: record.student)


def _from_plain(plain: dict[str, Any]) -> HandinRecord:
    exercises = tuple(ExerciseRecord(**each) for each in plain.pop("exercises"))
    lists = {name: tuple(plain.pop(name)) for name in ("notes", "events")}
    return HandinRecord(exercises=exercises, **lists, **plain)
