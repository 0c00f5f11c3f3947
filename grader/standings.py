"""What stands in the gradebook: marks of the grader and of people, comments, penalties. For exports and feedback."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from nbgrader.api import (
    Assignment,
    BaseCell,
    Comment,
    Grade,
    Gradebook,
    GradeCell,
    Notebook,
    Student,
    SubmittedAssignment,
    SubmittedNotebook,
)
from nbgrader.preprocessors import AssignLatePenalties
from sqlalchemy.orm import Query

from grader.assemble import nbgrader_config
from grader.gradebook import reading


@dataclass(frozen=True)
class Standing:
    """What one student has in one chapter, as it stands: given by the grader, or by a person where one has."""

    #: Grade id -> points; None: a person has still to give them.
    points: Mapping[str, float | None]
    #: Grade ids of marks that a person gave.
    by_hand: frozenset[str] = frozenset()
    #: Grade ids that wait for a person: not marked yet, or changed since.
    waiting: frozenset[str] = frozenset()
    #: Grade id of a graded or solution cell -> what a person wrote there.
    comments: Mapping[str, str] = field(default_factory=dict)
    penalty: float = 0.0
    seconds_late: float = 0.0

    @property
    def unmarked(self) -> frozenset[str]:
        """Grade ids without points: a person has still to give them."""
        return frozenset(id for id, points in self.points.items() if points is None)

    @property
    def total(self) -> float:
        """The points given so far, less the penalty for handing in late."""
        return max(0.0, sum(points or 0.0 for points in self.points.values()) - self.penalty)


@dataclass(frozen=True)
class Person:
    """A student, as far as the gradebook knows one."""

    id: str
    first_name: str = ""
    last_name: str = ""
    email: str = ""
    lms_id: str = ""


def people(book: Gradebook) -> list[Person]:
    """All students of the gradebook, by id."""
    columns = (Student.id, Student.first_name, Student.last_name, Student.email, Student.lms_user_id)
    rows = reading(book, book.db.query(*columns).all)
    return sorted((Person(*(value or "" for value in row)) for row in rows), key=lambda person: person.id)


def chapters_of(book: Gradebook) -> list[str]:
    """The chapters that somebody has marks in."""
    names = book.db.query(Assignment.name).join(SubmittedAssignment).distinct()
    return reading(book, lambda: sorted(name for (name,) in names))


def max_points_of(book: Gradebook, chapter: str) -> dict[str, float]:
    """The graded cells of a chapter: grade id -> the most points it can have."""
    cells = book.db.query(GradeCell.name, GradeCell.max_score).join(Notebook).join(Assignment)
    return reading(book, lambda: dict(cells.filter(Assignment.name == chapter).all()))


def standings(book: Gradebook, chapter: str, student: str | None = None) -> dict[str, Standing]:
    """Student -> what stands in the gradebook for a chapter, of everyone who has handed it in (or of one student)."""

    def rows_of(*columns: Any) -> Query:
        rows = book.db.query(*columns).select_from(SubmittedNotebook).join(SubmittedAssignment).join(Assignment)
        rows = rows.filter(Assignment.name == chapter, Assignment.course_id == book.course_id)
        return rows if student is None else rows.filter(SubmittedAssignment.student_id == student)

    def read() -> dict[str, Standing]:
        who = SubmittedAssignment.student_id
        graded, said = defaultdict(dict), defaultdict(dict)
        grades = rows_of(who, BaseCell.name, Grade).join(Grade, Grade.notebook_id == SubmittedNotebook.id)
        for id, name, grade in grades.join(BaseCell, BaseCell.id == Grade.cell_id):
            graded[id][name] = grade
        comments = (
            rows_of(who, BaseCell.name, Comment.manual_comment).join(Comment).filter(Comment.manual_comment != "")
        )
        for id, name, text in comments.join(BaseCell, BaseCell.id == Comment.cell_id):
            said[id][name] = text
        submissions = rows_of(
            who, SubmittedNotebook.late_submission_penalty, SubmittedAssignment.timestamp,
            SubmittedAssignment.extension, Assignment.duedate,
        )  # fmt: skip
        return {
            id: _standing(graded[id], said[id], penalty, _seconds_late(*times)) for id, penalty, *times in submissions
        }

    return reading(book, read)


def _seconds_late(timestamp: datetime | None, extension: timedelta | None, duedate: datetime | None) -> float:
    if timestamp is None or duedate is None:
        return 0.0
    return max(0.0, (timestamp - duedate - (extension or timedelta(0))).total_seconds())


def _standing(given: Mapping[str, Grade], said: Mapping[str, str], penalty: float | None, late: float) -> Standing:
    return Standing(
        points={
            name: None if each.manual_score is None and each.auto_score is None else each.score
            for name, each in given.items()
        },
        by_hand=frozenset(name for name, each in given.items() if each.manual_score is not None),
        waiting=frozenset(name for name, each in given.items() if each.needs_manual_grade),
        comments=dict(said),
        penalty=penalty or 0.0,
        seconds_late=late,
    )


def update_late_penalties(book: Gradebook, chapter: str, course: Path, student: str | None = None) -> None:
    """Let nbgrader's late-submission plugin say again what late hand-ins lose: marks given by hand count too.

    It is the plugin of the folder's `nbgrader_config.py` (`LateSubmissionPlugin.penalty_method`, or
    `AssignLatePenalties.plugin_class`); without a due date in the gradebook nobody is late.
    """

    def update() -> None:
        assignment = book.db.query(Assignment).filter_by(name=chapter).one_or_none()
        if assignment is None or assignment.duedate is None:
            return
        step = AssignLatePenalties(config=nbgrader_config(course.resolve()))
        step.log.setLevel("ERROR")
        step.init_plugin()
        submissions = book.db.query(SubmittedAssignment).filter_by(assignment_id=assignment.id)
        for submission in submissions if student is None else submissions.filter_by(student_id=student):
            late = submission.total_seconds_late
            for notebook in submission.notebooks:
                penalty = late and step.plugin_inst.late_submission_penalty(submission.student_id, notebook.score, late)
                penalty = step._check_late_penalty(notebook, penalty) if penalty else None
                if notebook.late_submission_penalty != penalty:
                    notebook.late_submission_penalty = penalty

    reading(book, update)
