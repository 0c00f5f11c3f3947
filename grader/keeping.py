"""Write down one graded hand-in: gradebook first, then the pages, and last the record, which says that all is there."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from nbgrader.api import Gradebook

from grader.autograded import essay_texts, graded_notebook, without_tags, write_graded
from grader.feedback import page_of, title_of
from grader.gradebook import Mark, record
from grader.judging import Graded, Plan
from grader.records import ExerciseRecord, HandinRecord, record_path, write_record
from grader.results import Row, write_text
from grader.standings import standings, update_late_penalties
from recbook.question import Essay, Exercise


def keep(plan: Plan, graded: Graded, book: Gradebook, out: Path) -> tuple[Row, ...]:
    """Write it down. Returns its rows with the marks given by hand. Raises `GradebookError`, `OSError`.

    Killed on the way, nothing is lost: without a record the hand-in is graded again, to the same marks.
    """
    handin = graded.handin
    folder = handin.folder.parent.name  # as it is on disk, which the student's id may not be
    copy = autograded_path(out, folder, plan.chapter)
    before = essay_texts(copy)
    record_path(out, folder, plan.chapter).unlink(missing_ok=True)
    essays = graded.matched.essays if graded.matched else {}
    marks = [_mark(_exercise(plan, each), each, essays, before) for each in graded.record.exercises]
    by_hand = record(book, plan.chapter, handin.student, marks, handin.timestamp)
    rows = rows_of(graded.record, by_hand)
    notebook = None
    if graded.matched:
        notebook = graded_notebook(graded.matched, plan.release, graded.response.cells, _remarks(plan, rows))
        write_graded(notebook, copy)
    update_late_penalties(book, plan.chapter, out, handin.student)
    standing = standings(book, plan.chapter, handin.student).get(handin.student)
    page = page_of(graded.record, standing, notebook, title_of(plan.release))
    write_text(feedback_path(out, folder, plan.chapter), page)
    write_record(record_path(out, folder, plan.chapter), graded.record)
    return rows


def autograded_path(out: Path, folder: str, chapter: str) -> Path:
    """Where nbgrader's tools look for the graded copy of a hand-in."""
    return out / "autograded" / folder / chapter / f"{chapter}.ipynb"


def feedback_path(out: Path, folder: str, chapter: str) -> Path:
    """Where the page for the student lies."""
    return out / "feedback" / folder / f"{chapter}.html"


def rows_of(record: HandinRecord, by_hand: Mapping[str, float]) -> tuple[Row, ...]:
    """A record as rows of grades.csv. A mark that a person gave counts, as in nbgrader."""
    return tuple(
        Row(record.student, record.chapter, each.exercise, by_hand.get(each.exercise.replace(".", "-"), each.points),
            each.max_points, each.verdict, each.hint)
        for each in record.exercises
    )  # fmt: skip


def _exercise(plan: Plan, each: ExerciseRecord) -> Exercise:
    return next(exercise for exercise in plan.exercises if exercise.id == each.exercise)


def _mark(exercise: Exercise, each: ExerciseRecord, essays: Mapping[str, str], before: Mapping[str, str]) -> Mark:
    id = exercise.grade_id
    if isinstance(exercise, Essay):
        return Mark(
            id, each.points, id, each.hint, changed=id in before and before[id] != without_tags(essays.get(id, ""))
        )
    return Mark(id, each.points, f"{id}-code", each.hint)


def _remarks(plan: Plan, rows: tuple[Row, ...]) -> dict[str, str]:
    ids = {exercise.id: exercise.grade_id for exercise in plan.exercises}
    return {
        ids[row.exercise]: f"{row.verdict}: {row.points:g} of {row.max_points:g} points\n{row.hint}".strip()
        for row in rows
        if row.verdict != "manual" and row.points is not None
    }
