"""nbgrader's own gradebook: the chapter registered by nbgrader itself, the marks of a hand-in in one transaction.

It is `gradebook.db` (SQLite) in the folder of results, or the database that `CourseDirectory.db_url` names in the
folder's own `nbgrader_config.py`: `use_database` writes it there, so that formgrader and every later command find it.

SQLite keeps its default rollback journal. A write-ahead log would let formgrader read during a write, but a write here
takes milliseconds; in exchange the gradebook would no longer be one file that can be copied, and it would break on
network folders, where course folders often lie. What is locked by another process is waited for: `PATIENCE` seconds.
"""

from __future__ import annotations

import contextlib
import sqlite3
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import nbformat
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from nbformat import NotebookNode
from nbgrader.api import (
    Assignment,
    Base,
    Comment,
    Grade,
    Gradebook,
    InvalidEntry,
    Student,
    SubmittedAssignment,
    SubmittedNotebook,
)
from nbgrader.dbutil import ALEMBIC_DIR
from nbgrader.utils import parse_utc
from sqlalchemy import URL, Engine, create_engine, event, inspect, make_url, text
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from grader.assemble import nbgrader_config, release, source_notebook
from grader.chapter import exercises_of, read_chapter, solutions_of
from grader.errors import GradebookError
from grader.release_site import release_site

#: How long a gradebook that another process holds is waited for, and after how long the person is told, in seconds.
PATIENCE = 60.0
TELL_AFTER = 5

CONFIG = """\
# nbgrader's settings for this folder of results, made by `grader grade`. Started in this folder, `jupyter lab` opens
# formgrader on its gradebook, and nbgrader's own commands work.
from pathlib import Path

c = get_config()  # noqa: F821  (nbgrader defines it)
c.CourseDirectory.course_id = {course_id!r}
c.CourseDirectory.root = str(Path(__file__).resolve().parent)
"""

T = TypeVar("T")


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
    """Write source and release of a chapter under `course`, register it in its gradebook, return the release.

    nbgrader does it, so the folder is a course directory that formgrader and nbgrader's commands can open. Marks that
    are in the gradebook stay. Raises `GradebookError` where the gradebook cannot be used, another `RecbookError` where
    the chapter does not fit the marks that are there.
    """
    _write_config(course)
    url = database_url(course)
    is_new = url.get_backend_name() == "sqlite" and not Path(str(url.database)).exists()
    with open_gradebook(course) as book:  # a broken or locked gradebook is found here, where it can be named
        _wait_until_free(book)
    notebook = source_notebook(
        read_chapter(chapter), chapter, exercises_of(chapter), solutions_of(chapter), release_site()
    )
    path = course / "source" / chapter / f"{chapter}.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, path)
    with _without_waiting_for_the_disk() if is_new else contextlib.nullcontext():
        released = release(chapter, course)
    with open_gradebook(course) as book:
        _add_indexes(book)
    return nbformat.read(released, as_version=4)


# --- Which database ------------------------------------------------------------------------------------------------


def use_database(course: Path, db_url: str) -> None:
    """Let a folder of results keep its marks in another database, for all commands from now on.

    Raises `GradebookError` when the address is none, or when the folder's marks are elsewhere already.
    """
    try:
        url = make_url(db_url)
        url.get_dialect()
    except (ArgumentError, NoSuchModuleError):
        raise GradebookError(
            "This is no address of a database. One is postgresql://user@host/name; its password is better kept in "
            "~/.pgpass than in the address."
        ) from None
    path = course / "nbgrader_config.py"
    known = nbgrader_config(course.resolve()).CourseDirectory.get("db_url", "")
    if known == db_url:
        return
    if known:
        raise GradebookError(f"{path} already names another database. Change CourseDirectory.db_url there.")
    if (course / "gradebook.db").exists():
        raise GradebookError(
            f"{course / 'gradebook.db'} has marks already. Grade into another folder, or move that file away."
        )
    _try(url)  # a slip in the address must not stay in the folder
    _write_config(course)
    with path.open("a", encoding="utf-8") as file:
        file.write(f"c.CourseDirectory.db_url = {db_url!r}\n")
    if url.password:
        path.chmod(0o600)


def has_gradebook(course: Path) -> bool:
    """True where a folder has a gradebook, or says that its marks are in another database."""
    return (
        bool(nbgrader_config(course.resolve()).CourseDirectory.get("db_url", "")) or (course / "gradebook.db").exists()
    )


def _try(url: URL) -> None:
    """Connect once. Raises `GradebookError` where that is not possible."""
    engine = create_engine(_patient(url))
    try:
        with engine.connect():
            pass
    except (SQLAlchemyError, ImportError) as error:
        raise GradebookError(f"{name_of(url)} cannot be used as a gradebook: {reason(error)} {advice(error)}") from None
    finally:
        engine.dispose()


def database_url(course: Path) -> URL:
    """The address of a folder's gradebook, with the time it waits for locks."""
    config = nbgrader_config(course.resolve()).CourseDirectory
    configured = config.get("db_url", "")
    return _patient(
        make_url(configured) if configured else URL.create("sqlite", database=str(course.resolve() / "gradebook.db"))
    )


def _patient(url: URL) -> URL:
    match url.get_backend_name():
        case "sqlite":
            return url.update_query_dict({"timeout": str(TELL_AFTER), **url.query})
        case "postgresql":
            waits = {"connect_timeout": "10", "options": f"-c lock_timeout={TELL_AFTER}s"}
            return url.update_query_dict({**waits, **url.query})
    return url


def name_of(url: URL) -> str:
    """A database as a person knows it: its file, or its address without the password."""
    if url.get_backend_name() == "sqlite":
        return str(url.database)
    return url.set(query={}).render_as_string(hide_password=True)


def _write_config(course: Path) -> None:
    path = course / "nbgrader_config.py"
    if path.exists():
        return
    course_id = nbgrader_config(course.resolve()).CourseDirectory.get("course_id", "")
    course.mkdir(parents=True, exist_ok=True)
    path.write_text(CONFIG.format(course_id=course_id), encoding="utf-8")


# --- Opening -------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def open_gradebook(course: Path) -> Iterator[Gradebook]:
    """The gradebook of a course directory. Raises `GradebookError` where it cannot be used."""
    config = nbgrader_config(course.resolve()).CourseDirectory
    url = database_url(course)
    try:
        book = patiently(lambda: _open(url, config.get("course_id", "default_course")), name_of(url), False)
    except (SQLAlchemyError, InvalidEntry, ImportError) as error:
        raise GradebookError(f"{name_of(url)} cannot be used as a gradebook: {reason(error)} {advice(error)}") from None
    try:
        yield book
    finally:
        book.close()


def _open(url: URL, course_id: str) -> Gradebook:
    """Open a gradebook, made where there is none: nbgrader would start `alembic` for that, which takes seconds."""
    engine = create_engine(url)
    try:
        with engine.begin() as connection:
            if not inspect(connection).get_table_names():
                Base.metadata.create_all(connection)
                MigrationContext.configure(connection).stamp(ScriptDirectory(ALEMBIC_DIR), "head")
    finally:
        engine.dispose()
    return Gradebook(url, course_id)


def patiently(action: Callable[[], T], name: str, reconnect: bool = True) -> T:
    """Do it; where another process holds the gradebook, wait, say so, and try again until patience ends.

    With `reconnect` also where its server has gone away: it may be starting again.
    """
    deadline = time.monotonic() + PATIENCE
    told = False
    while True:
        try:
            return action()
        except (SQLAlchemyError, InvalidEntry) as error:
            gone = _is_gone(error)
            if not (_is_busy(error) or (gone and reconnect)) or time.monotonic() >= deadline:
                raise
        if not told:
            state = "cannot be reached" if gone else "is in use by another process"
            print(f"{name} {state}; waiting up to {PATIENCE:.0f} s.", file=sys.stderr)
            told = True
        time.sleep(0.2)


def _wait_until_free(book: Gradebook) -> None:
    """Wait until the gradebook can be written to: nbgrader, which writes next, does not wait."""
    if book.engine.dialect.name != "sqlite":
        return

    def lock() -> None:
        with book.engine.connect() as connection:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            connection.exec_driver_sql("ROLLBACK")

    try:
        patiently(lock, name_of(book.engine.url))
    except SQLAlchemyError as error:
        raise GradebookError(
            f"{name_of(book.engine.url)} cannot be written to: {reason(error)} {advice(error)}"
        ) from None


@contextlib.contextmanager
def _without_waiting_for_the_disk() -> Iterator[None]:
    """For a gradebook in which nothing can be lost yet: nbgrader would wait for the disk after each cell."""

    def relax(connection: Any, _: Any) -> None:
        if isinstance(connection, sqlite3.Connection):
            connection.execute("PRAGMA synchronous = OFF")

    event.listen(Engine, "connect", relax)
    try:
        yield
    finally:
        event.remove(Engine, "connect", relax)


def _add_indexes(book: Gradebook) -> None:
    """Let the marks of one hand-in be found without a look at all: nbgrader's tables have no index for it."""
    for table, column in (
        ("grade", "notebook_id"),
        ("comment", "notebook_id"),
        ("submitted_notebook", "assignment_id"),
    ):
        statement = text(f"CREATE INDEX IF NOT EXISTS recbook_{table}_{column} ON {table} ({column})")
        reading(book, partial(book.db.execute, statement))


def _is_busy(error: Exception) -> bool:
    """True where another process holds what is needed."""
    signs = ("is locked", "lock timeout", "deadlock detected", "could not serialize")
    return any(sign in _text(error) for sign in signs)


def _is_gone(error: Exception) -> bool:
    """True where a server does not answer, or has dropped the connection."""
    signs = ("connection is bad", "connection refused", "connection failed", "terminating connection", "starting up")
    return getattr(error, "connection_invalidated", False) or any(sign in _text(error) for sign in signs)


def _text(error: Exception) -> str:
    return str(getattr(error, "orig", None) or error).lower()


def advice(error: Exception) -> str:
    """What a person can do, and what has become of the marks."""
    said = _text(error)
    if _is_gone(error):
        return "The database's server does not answer: see that it runs, and try again. What was written is safe."
    if _is_busy(error):
        return (
            f"Another process held it for more than {PATIENCE:.0f} s: close it (a formgrader, a second grading run, a "
            "database viewer) and grade again. What was written before is safe, nothing is written twice."
        )
    if "full" in said or "no space" in said or "disk i/o" in said:
        return (
            "The disk is full: make room and grade again. The marks of this hand-in were taken back, those written "
            "before are safe."
        )
    if "readonly" in said:
        return "It may only be read: give yourself the right to write to it and to its folder."
    if "not a database" in said or "malformed" in said:
        return "Nothing was changed; move it away to start anew."
    return "Nothing was changed."


# --- Writing -------------------------------------------------------------------------------------------------------


def record(book: Gradebook, chapter: str, student: str, marks: Iterable[Mark], timestamp: str = "") -> dict[str, float]:
    """Write one hand-in's marks, all or none. Returns the marks given by hand that stand there: grade id -> points.

    A mark given by hand is kept, as nbgrader does; it is flagged for another look when what it was given for changed.
    Raises `GradebookError`.
    """
    session = book.db
    marks = tuple(marks)

    try:
        return patiently(
            lambda: _whole(session, lambda: _write_marks(session, chapter, student, marks, timestamp)),
            name_of(book.engine.url),
        )
    except KeyError as error:
        raise GradebookError(f"The gradebook has no cell {error} in {chapter!r}. Was another release graded?") from None
    except SQLAlchemyError as error:
        raise GradebookError(
            f"The marks of {student!r} could not be written: {reason(error)} {advice(error)}"
        ) from None


def _write_marks(session: Any, chapter: str, student: str, marks: Iterable[Mark], timestamp: str) -> dict[str, float]:
    notebook = _submitted_notebook(session, chapter, student, timestamp)
    # By the cells' ids: `grade.name` would ask the database once for each.
    names = {cell.id: cell.name for cell in (*notebook.notebook.grade_cells, *notebook.notebook.solution_cells)}
    grades = {names[grade.cell_id]: grade for grade in notebook.grades}
    comments = {names[comment.cell_id]: comment for comment in notebook.comments}
    for mark in marks:
        _set_grade(grades[mark.grade_id], mark)
        if mark.comment_on in comments:
            comments[mark.comment_on].auto_comment = _storable(mark.comment) or None
    return {name: grade.manual_score for name, grade in grades.items() if grade.manual_score is not None}


def _storable(text: str) -> str:
    """Text that every database takes: a hint may quote what a student's code said."""
    return text.replace("\0", "\\x00").encode("utf-8", "backslashreplace").decode("utf-8")


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


def reason(error: Exception) -> str:
    """What the database said, in one line."""
    lines = str(getattr(error, "orig", None) or error).strip().splitlines()
    return (lines[0].rstrip(".") if lines else type(error).__name__) + "."


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

    def read() -> Marks:
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
        return Marks(automatic, by_hand)

    return reading(book, read)


def reading(book: Gradebook, read: Callable[[], T]) -> T:
    """Read something from the gradebook: waits where it is locked, leaves nothing behind. Raises `GradebookError`."""
    try:
        return patiently(lambda: _whole(book.db, read), name_of(book.engine.url))
    except SQLAlchemyError as error:
        raise GradebookError(f"{name_of(book.engine.url)} cannot be read: {reason(error)} {advice(error)}") from None


def _whole(session: Any, action: Callable[[], T]) -> T:
    """Do it, and end the transaction; take it back when it fails. A class of thousands must not pile up in memory."""
    try:
        result = action()
        session.commit()
        return result
    except BaseException:
        with contextlib.suppress(SQLAlchemyError):
            session.rollback()
        raise
    finally:
        with contextlib.suppress(SQLAlchemyError):
            session.expunge_all()
