"""The yardstick: nbgrader's own command grades the same hand-ins, in its own kernels, serially."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from grader.chapter import ROOT
from grader.gradebook import open_gradebook
from recbook.question import Exercise


def stock_marks(
    course: Path, submitted: Path, exercises: list[Exercise], folder: Path, at_once: int = 2
) -> dict[tuple[str, str], float | None]:
    """Marks by `nbgrader autograde`: (student, exercise id) -> points.

    `course` is an assembled course; copies of it are graded under `folder`, `at_once` side by side, because nbgrader
    grades one hand-in after the other.
    """
    students = sorted(path.name for path in submitted.iterdir())
    shares = [students[number::at_once] for number in range(at_once)]
    with ThreadPoolExecutor(at_once) as pool:
        parts = pool.map(
            lambda item: _one_course(course, submitted, item[1], exercises, folder / str(item[0])), enumerate(shares)
        )
        return {key: points for part in parts for key, points in part.items()}


def _one_course(
    course: Path, submitted: Path, students: list[str], exercises: list[Exercise], folder: Path
) -> dict[tuple[str, str], float | None]:
    shutil.copytree(course, folder)
    for student in students:
        shutil.copytree(submitted / student, folder / "submitted" / student)
    chapter = exercises[0].chapter
    command = [sys.executable, "-m", "nbgrader", "autograde", chapter, "--create", f"--CourseDirectory.root={folder}"]
    # A busy machine is no reason for another mark: waits longer than any that the tests are about.
    command += ["--Execute.timeout=180", "--Execute.startup_timeout=180", "--Execute.iopub_timeout=60"]
    environment = os.environ | {"RECBOOK_DATASET": "sample", "MPLBACKEND": "Agg", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    with open_gradebook(folder) as book:
        return {
            (student, exercise.id): book.find_grade(exercise.grade_id, chapter, chapter, student).auto_score
            for student in students
            for exercise in exercises
        }
