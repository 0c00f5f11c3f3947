"""nbgrader's own gradebook: the chapter registered by nbgrader itself, the marks of a hand-in in one transaction."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbgrader.api import (
    Assignment,
    Comment,
    Grade,
    Gradebook,
    Student,
    SubmittedAssignment,
    SubmittedNotebook,
)
from nbgrader.utils import parse_utc
from sqlalchemy.exc import SQLAlchemyError

from grader.assemble import nbgrader_config, release, source_notebook
from grader.chapter import exercises_of, read_chapter, solutions_of
from grader.errors import GradebookError
from grader.release_site import release_site


@dataclass(frozen=True)
class Mark:
    """The mark of one exercise: `points` None means that a person gives it. `comment_on` is the solution cell's id."""

    grade_id: str
    points: float | None
    comment_on: str = ""
    comment: str = ""
    #: True when what a person marked may have changed since.
    changed: bool = False


def register(chapter: str, course: Path) -> NotebookNode:
    """Write source and release of a chapter under `course`, register it in `course`/gradebook.db, return the release.

    nbgrader does it, so the folder is a course directory that formgrader and nbgrader's commands can open. Marks that
    are in the gradebook stay. Raises `GradebookError` where the gradebook cannot be used, another `RecbookError` where
    the chapter does not fit the marks that are there.
    """
    with open_gradebook(course):  # a broken gradebook is found here, where it can be named
        pass
    notebook = source_notebook(
        read_chapter(chapter), chapter, exercises_of(chapter), solutions_of(chapter), release_site()
    )
    path = course / "source" / chapter / f"{chapter}.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, path)
    return nbformat.read(release(chapter, course), as_version=4)


@contextlib.contextmanager
def open_gradebook(course: Path) -> Iterator[Gradebook]:
    """The gradebook of a course directory. Raises `GradebookError` where it cannot be used."""
    config = nbgrader_config(course).CourseDirectory
    path = course.resolve() / "gradebook.db"
    try:
        book = Gradebook(f"sqlite:///{path}", config.get("course_id", "default_course"))
    except SQLAlchemyError as error:
        raise GradebookError(
            f"{path} cannot be used as a gradebook: {_reason(error)}. Nothing was changed; move it away to start anew."
        ) from None
    try:
        yield book
    finally:
        book.close()


def record(book: Gradebook, chapter: str, student: str, marks: Iterable[Mark], timestamp: str = "") -> dict[str, float]:
    """Write one hand-in's marks, all or none. Returns the marks given by hand that stand there: grade id -> points.

    A mark given by hand is kept, as nbgrader does; it is flagged for another look when what it was given for changed.
    Raises `GradebookError`.
    """
    session = book.db
    try:
        notebook = _submitted_notebook(session, chapter, student, timestamp)
        grades = {grade.name: grade for grade in notebook.grades}
        comments = {comment.name: comment for comment in notebook.comments}
        for mark in marks:
            _set_grade(grades[mark.grade_id], mark)
            if mark.comment_on in comments:
                comments[mark.comment_on].auto_comment = mark.comment or None
        by_hand = {name: grade.manual_score for name, grade in grades.items() if grade.manual_score is not None}
        session.commit()
    except KeyError as error:
        session.rollback()
        raise GradebookError(f"The gradebook has no cell {error} in {chapter!r}. Was another release graded?") from None
    except SQLAlchemyError as error:
        session.rollback()
        raise GradebookError(f"The marks of {student!r} could not be written: {_reason(error)}.") from None
    finally:
        session.expunge_all()  # a class of thousands must not pile up here
    return by_hand


def _submitted_notebook(session: Any, chapter: str, student: str, timestamp: str) -> SubmittedNotebook:
    """The student's notebook in the session, made (with an empty grade a cell) where it is not there yet."""
    assignment = session.query(Assignment).filter_by(name=chapter).one()
    person = session.get(Student, student)
    if person is None:
        person = Student(id=student)
        session.add(person)
    submission = (
        session.query(SubmittedAssignment).filter_by(assignment_id=assignment.id, student_id=student).one_or_none()
    )
    if submission is None:
        submission = SubmittedAssignment(assignment=assignment, student=person)
        session.add(submission)
    if timestamp:
        with contextlib.suppress(ValueError, OverflowError):
            submission.timestamp = parse_utc(timestamp)
    original = next(notebook for notebook in assignment.notebooks if notebook.name == chapter)
    notebook = next((each for each in submission.notebooks if each.name == chapter), None)
    if notebook is None:
        notebook = SubmittedNotebook(notebook=original, assignment=submission)
        session.add(notebook)
    session.flush()
    graded = {grade.cell_id for grade in notebook.grades}
    commented = {comment.cell_id for comment in notebook.comments}
    session.add_all(Grade(cell_id=c.id, notebook_id=notebook.id) for c in original.grade_cells if c.id not in graded)
    session.add_all(
        Comment(cell_id=c.id, notebook_id=notebook.id) for c in original.solution_cells if c.id not in commented
    )
    session.flush()
    session.refresh(notebook)
    return notebook


def _set_grade(grade: Grade, mark: Mark) -> None:
    by_hand = grade.manual_score is not None
    if by_hand:
        look_again = mark.changed or grade.auto_score != mark.points
        grade.needs_manual_grade = bool(grade.needs_manual_grade or look_again)
    else:
        grade.needs_manual_grade = mark.points is None
    grade.auto_score = mark.points


def _reason(error: SQLAlchemyError) -> str:
    return str(getattr(error, "orig", None) or error).splitlines()[0]


def graded_cells(release_notebook: NotebookNode) -> Mapping[str, NotebookNode]:
    """The cells of a release that nbgrader knows: grade id -> cell."""
    return {cell.metadata.nbgrader.grade_id: cell for cell in release_notebook.cells if "nbgrader" in cell.metadata}


@dataclass(frozen=True)
class Marks:
    """The marks of one student in one chapter, by grade id: what the grader gave (None: nothing yet), and people."""

    automatic: Mapping[str, float | None]
    by_hand: Mapping[str, float]


def marks_of(book: Gradebook, chapter: str, student: str) -> Marks:
    """The marks that stand in the gradebook; empty where there are none."""
    grades = (
        book.db.query(Grade)
        .join(SubmittedNotebook, SubmittedNotebook.id == Grade.notebook_id)
        .join(SubmittedAssignment, SubmittedAssignment.id == SubmittedNotebook.assignment_id)
        .join(Assignment, Assignment.id == SubmittedAssignment.assignment_id)
        .filter(Assignment.name == chapter, SubmittedAssignment.student_id == student)
        .all()
    )
    automatic = {grade.name: grade.auto_score for grade in grades}
    by_hand = {grade.name: grade.manual_score for grade in grades if grade.manual_score is not None}
    book.db.expunge_all()
    return Marks(automatic, by_hand)
