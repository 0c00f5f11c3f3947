"""Damaged hand-ins really graded, as one class: every solver keeps every mark, and the class is graded to its end."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path

import pytest
from colab import as_colab_saves_it
from damages import CHAPTER, DAMAGES, WITHOUT_ESSAYS, files_of, is_essay, is_setup, is_solution, mark_of
from honest import released, solved

from grader.grading import grade
from grader.isolation import missing

pytestmark = pytest.mark.slow

#: One of each way in which solutions are found again; all of DAMAGES would say the same and take as much longer.
TELLING = (
    "marks_lost", "only_bare_solutions_left", "reversed_order", "setup_last", "solutions_as_text",
    "solutions_in_one_cell", "whole_release_again_below", "cut_off_after_the_last_answer", "in_a_zip_file",
)  # fmt: skip
BEYOND_REPAIR = {
    "empty": (b"", "empty"),
    "page": (b"<!DOCTYPE html><html>", "web page"),
    "other": (b'{"nbformat": 4, "cells": [{"cell_type": "code", "source": "check(\'softmax.x\')"}]}', "softmax"),
}


def small(notebook: dict) -> dict:
    """The hand-in without the cells that train and draw, and without prose."""
    kept = [cell for cell in notebook["cells"] if is_solution(cell) or is_essay(cell) or is_setup(cell)]
    tests = {mark_of(cell)["grade_id"]: cell for cell in notebook["cells"] if mark_of(cell).get("locked")}
    notes = {cell["id"].removesuffix("-note"): cell for cell in notebook["cells"] if cell["id"].endswith("-note")}
    cells = []
    for cell in kept:
        id = mark_of(cell).get("grade_id", "").removesuffix("-code")
        cells += [*filter(None, [notes.get(id), cell, tests.get(id)])]
    return {**notebook, "cells": cells}


def grade_files(hand_ins: dict[str, dict[str, bytes]], folder: Path) -> dict[str, list]:
    """Grade a class given as student -> file name -> bytes; student -> rows."""
    for student, files in hand_ins.items():
        for name, content in files.items():
            path = folder / "submitted" / student / CHAPTER / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    rows = defaultdict(list)
    isolation = "none" if missing() else "namespaces"
    for row in grade(CHAPTER, folder / "submitted", folder / "out", isolation=isolation).rows:
        rows[row.student].append(row)
    return rows


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    release = released(CHAPTER)
    honest = small(solved(release, CHAPTER))
    unsolved = small(json.loads(json.dumps(release)))
    class_ = {name: files_of(DAMAGES[name](honest, unsolved)) for name in TELLING}
    class_["colab"] = files_of(as_colab_saves_it(honest))
    class_ |= {name: files_of(content) for name, (content, _) in BEYOND_REPAIR.items()}
    folder = tmp_path_factory.mktemp("class")
    return grade_files(class_, folder), folder / "out"


@pytest.mark.parametrize("name", [*TELLING, "colab"])
def test_every_mark_survives(graded, name):
    rows, out = graded
    assert rows[name]
    for row in rows[name]:
        if row.verdict == "manual":
            assert row.points is None or name in WITHOUT_ESSAYS, row
        else:
            assert (row.verdict, row.points) == ("right", row.max_points), row
    assert bool(notes_of(out, name)) == (name != "colab")


@pytest.mark.parametrize("name", BEYOND_REPAIR)
def test_what_cannot_be_repaired_is_said_to_student_and_instructor(graded, name):
    rows, out = graded
    _, reason = BEYOND_REPAIR[name]
    assert all(row.points == 0 and reason in row.hint for row in rows[name])
    assert reason in (out / "feedback" / name / f"{CHAPTER}.html").read_text()
    assert any(reason in event["message"] for event in events(out, "trouble", name))


def notes_of(out: Path, student: str) -> list[str]:
    return [note for event in events(out, "graded", student) for note in event["notes"]]


def events(out: Path, kind: str, student: str) -> list[dict]:
    lines = [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]
    return [line for line in lines if line["event"] == kind and line["student"] == student]
