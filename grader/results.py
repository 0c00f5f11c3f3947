"""Files of results: grades.csv, log.jsonl, and what is written whole or not at all."""

from __future__ import annotations

import contextlib
import csv
import json
import os
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from grader.errors import OutNotWritable

COLUMNS = ("student", "chapter", "exercise", "points", "max_points", "verdict", "hint")
#: Python's own limit of a field is lower than what an earlier version wrote there.
_MAX_FIELD = 1 << 30


@dataclass(frozen=True)
class Row:
    """One exercise of one student, as in grades.csv. `points` None: a person has still to give them."""

    student: str
    chapter: str
    exercise: str
    points: float | None
    max_points: float
    verdict: str
    hint: str = ""


def prepare_out(out: Path) -> None:
    """Make the folder for the results and see that it can be written to. Raises `OutNotWritable`."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=out, prefix=".write-test-"):
            pass
        for name in ("gradebook.db", "grades.csv", "log.jsonl"):
            if (out / name).exists():
                with (out / name).open("r+b"):
                    pass
    except OSError as error:
        raise OutNotWritable(f"Cannot write to {error.filename or out}: {error.strerror}.") from None


def write_grades(path: Path, chapter: str, done: dict[str, tuple[Row, ...]]) -> None:
    """Write grades.csv: the graded students' rows of this chapter are new, all other rows stay."""
    kept = [row for row in _read_grades(path) if row["chapter"] != chapter or row["student"] not in done]
    new = [_csv_row(row) for rows in done.values() for row in rows]
    rows = sorted([*kept, *new], key=lambda row: (row["chapter"], row["student"]))  # stable: exercises keep their order
    with tempfile.NamedTemporaryFile(
        "w", dir=path.parent, prefix=".grades-", suffix=".csv", delete=False, encoding="utf-8", newline=""
    ) as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
    os.chmod(file.name, 0o644)
    os.replace(file.name, path)


def _csv_row(row: Row) -> dict[str, str]:
    points = "" if row.points is None else f"{row.points:g}"
    return {
        "student": row.student, "chapter": row.chapter, "exercise": row.exercise, "points": points,
        "max_points": f"{row.max_points:g}", "verdict": row.verdict, "hint": " ".join(row.hint.split()),
    }  # fmt: skip


def _read_grades(path: Path) -> list[dict[str, str]]:
    if not path.is_file():
        return []
    csv.field_size_limit(_MAX_FIELD)
    with path.open(encoding="utf-8", newline="") as file, contextlib.suppress(csv.Error, UnicodeDecodeError):
        reader = csv.DictReader(file)
        if tuple(reader.fieldnames or ()) == COLUMNS:
            return list(reader)
    path.rename(path.with_name(f"grades-{datetime.now(UTC):%Y%m%dT%H%M%S}.csv"))  # somebody else's: kept aside
    return []


def write_text(path: Path, text: str) -> None:
    """Write a text file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    part.write_text(text, encoding="utf-8")
    os.replace(part, path)


class Log:
    """log.jsonl: one line an event, added to what earlier runs wrote."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> Log:
        self._file = self._path.open("a", encoding="utf-8")
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def write(self, event: str, **fields: Any) -> None:
        """Write one event with the time of now."""
        moment = datetime.now(UTC).isoformat(timespec="milliseconds")
        self._file.write(json.dumps({"time": moment, "event": event, **fields}, ensure_ascii=False) + "\n")
        self._file.flush()
