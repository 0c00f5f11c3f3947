"""Marks for other systems: a table to read, Canvas' gradebook import, Moodle's offline grading worksheet.

Each format is an export plugin of nbgrader, so `nbgrader export --exporter grader.export.CanvasExporter` works too.
The formats follow what the platforms' own importers read:

Canvas (lib/gradebook_importer.rb): the columns Student, ID, SIS User ID, SIS Login ID, Section, then the assignments;
a row "Points Possible"; a row is matched by ID, then by login, then by name. A column whose points are "(read only)"
or whose name has "Final Points" in it is not imported. "Name (123)" would name the assignment 123.

Moodle (mod/assign/feedback/offline): the columns Identifier ("Participant 123", the number from the download), Grade
and Last modified (grade); others are skipped, and so is a row whose grade is empty. "-" as time: what a teacher has
graded in Moodle itself is left alone unless the person who uploads ticks "Allow updating records".
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from nbgrader.api import Gradebook
from nbgrader.plugins import ExportPlugin

from grader.errors import ExportProblem, NothingGraded, OutNotWritable
from grader.feedback import show_points
from grader.gradebook import has_gradebook, open_gradebook
from grader.records import read_records
from grader.results import write_text
from grader.standings import (
    Person,
    Standing,
    chapters_of,
    max_points_of,
    people,
    standings,
    update_late_penalties,
)
from recbook.errors import UnknownExercise
from recbook.questions import of_chapter

_WITH_ID = re.compile(r"(?P<name>.*?)_(?P<id>\d+)\Z", re.DOTALL)
#: A spreadsheet takes text that begins so for a formula and runs it.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


@dataclass(frozen=True)
class Chapter:
    """One chapter's marks: the exercises in order as (id, grade id, most points), and what each student has."""

    name: str
    exercises: Sequence[tuple[str, str, float]]
    standing: dict[str, Standing]

    @property
    def max_points(self) -> float:
        """The most points the chapter can have."""
        return sum(points for _, _, points in self.exercises)


@dataclass(frozen=True)
class Exported:
    """What was written, and for how many answers a person has still to give the points."""

    path: Path
    n_students: int
    waiting: int
    #: Answers that have changed since a person gave them points: those points count.
    changed: int = 0


def export(out: Path, format: str, to: Path | None = None, chapters: Sequence[str] = ()) -> Exported:
    """Write the marks in the gradebook of `out` as a file of this format. Marks given by people count.

    Raises `GraderError`: no such format, nothing graded, two chapters for a format that takes one, no place to write.
    """
    if format not in EXPORTERS:
        raise ExportProblem(f"There is no format {format!r}. There are: {', '.join(EXPORTERS)}.")
    if not out.is_dir():
        raise NothingGraded(f"There is no folder {out}.")
    if not has_gradebook(out):
        raise NothingGraded(f"Nothing has been graded into {out}: there is no gradebook.")
    to = to or out / f"export-{format}.csv"
    if to.is_dir():
        raise OutNotWritable(f"{to} is a folder. Say which file to write, such as {to / f'export-{format}.csv'}.")
    with open_gradebook(out) as book:
        exporter = EXPORTERS[format](to=str(to), assignment=list(chapters))
        for name in exporter.chapters(book):
            update_late_penalties(book, name, out)
            exporter.numbers[name] = {each.student: each.platform_id for each in read_records(out, name)}
        try:
            exporter.export(book)
        except OSError as error:
            raise OutNotWritable(f"Cannot write to {error.filename or to}: {error.strerror}.") from None
    return Exported(to, exporter.n_students, exporter.waiting, exporter.changed)


class Exporter(ExportPlugin):
    """What the formats share: reading the gradebook, and writing a file whole or not at all."""

    default_to = "export.csv"
    n_students = 0
    waiting = 0
    changed = 0

    def __init__(self, **kwargs: object) -> None:
        super().__init__(**kwargs)
        #: Chapter -> student -> the platform's number there, where it is known.
        self.numbers: dict[str, dict[str, str]] = {}

    def chapters(self, gradebook: Gradebook) -> list[str]:
        """The chapters that are exported. Raises `NothingGraded`."""
        graded = chapters_of(gradebook)
        wanted = [str(name) for name in self.assignment]
        if missing := sorted(set(wanted) - set(graded)):
            raise NothingGraded(f"The gradebook has no marks in {', '.join(missing)}.")
        if not graded:
            raise NothingGraded("The gradebook has no marks yet.")
        return wanted or graded

    def export(self, gradebook: Gradebook) -> None:
        """Write the file. nbgrader calls this."""
        chapters = [read_chapter(gradebook, name) for name in self.chapters(gradebook)]
        wanted = {str(student) for student in self.student}
        persons = [person for person in people(gradebook) if not wanted or person.id in wanted]
        rows = [[plain(cell) for cell in row] for row in self.table(persons, chapters)]
        file = io.StringIO()
        csv.writer(file).writerows(rows)
        write_text(Path(self.to or self.default_to), file.getvalue())
        self.n_students = len(persons)
        standing = [each for chapter in chapters for each in chapter.standing.values()]
        self.waiting = sum(len(each.unmarked) for each in standing)
        self.changed = sum(len(each.waiting - each.unmarked) for each in standing)

    def table(self, persons: Sequence[Person], chapters: Sequence[Chapter]) -> Iterable[Sequence[str | float | None]]:
        """The rows of the file, its header first."""
        raise NotImplementedError


class CsvExporter(Exporter):
    """A table to read: a row a student, a column an exercise, and what became of each chapter."""

    default_to = "export-csv.csv"

    def table(self, persons: Sequence[Person], chapters: Sequence[Chapter]) -> Iterable[Sequence[str | float | None]]:
        """Empty cells: not handed in, or a person has still to give the points.

        `waiting` counts these, and answers that have changed since a person gave them points.
        """
        header = ["student", "name", "id", "email"]
        for chapter in chapters:
            header += [id for id, _, _ in chapter.exercises]
            header += [
                f"{chapter.name} {word}" for word in ("total", "out of", "late penalty", "hours late", "waiting")
            ]
        yield header
        for person in persons:
            row: list[str | float | None] = [person.id, full_name(person), lms_id(person), person.email]
            for chapter in chapters:
                each = chapter.standing.get(person.id)
                row += points_of(each, chapter)
                if each is None:
                    row += [None, chapter.max_points, None, None, None]
                else:
                    late = round(each.seconds_late / 3600, 1)
                    row += [each.total, chapter.max_points, each.penalty, late, len(each.waiting | each.unmarked)]
            yield row


class CanvasExporter(Exporter):
    """Canvas' gradebook import: a column an exercise; the total, which Canvas adds up itself, is marked read-only."""

    default_to = "export-canvas.csv"

    def table(self, persons: Sequence[Person], chapters: Sequence[Chapter]) -> Iterable[Sequence[str | float | None]]:
        """Empty cells change nothing in Canvas. A penalty is a column of its own, below 0, where there is one."""
        header: list[str] = ["Student", "ID", "SIS User ID", "SIS Login ID", "Section"]
        possible: list[str | float] = ["    Points Possible", "", "", "", ""]
        for chapter in chapters:
            header += [id for id, _, _ in chapter.exercises]
            possible += [points for _, _, points in chapter.exercises]
            if _has_penalties(chapter):
                header.append(f"{chapter.name} late penalty")
                possible.append(0)
            header.append(f"{chapter.name} Final Points")
            possible.append("(read only)")
        yield header
        yield possible
        for person in persons:
            number = lms_id(person)  # else Canvas may know the name of the folder as a login
            row: list[str | float | None] = [sortable_name(person), number, "", "" if number else person.id, ""]
            for chapter in chapters:
                each = chapter.standing.get(person.id)
                row += points_of(each, chapter)
                if _has_penalties(chapter):
                    row.append(None if each is None else -each.penalty)
                row.append(None if each is None else each.total)
            yield row


class MoodleExporter(Exporter):
    """Moodle's offline grading worksheet of one assignment: the total as grade, the exercises beside it."""

    default_to = "export-moodle.csv"

    def table(self, persons: Sequence[Person], chapters: Sequence[Chapter]) -> Iterable[Sequence[str | float | None]]:
        """Who has not handed in is left out. While an essay has no points, the grade stays empty: Moodle skips it."""
        if len(chapters) != 1:
            names = ", ".join(chapter.name for chapter in chapters)
            raise ExportProblem(f"Moodle grades one assignment at a time: name one of {names}.")
        (chapter,) = chapters
        yield [
            "Identifier", "Full name", "Email address", "Grade", "Maximum Grade", "Last modified (grade)",
            *(id for id, _, _ in chapter.exercises),
        ]  # fmt: skip
        for person in persons:
            each = chapter.standing.get(person.id)
            if each is None:
                continue
            points = points_of(each, chapter)
            grade = None if each.unmarked else each.total
            number = self.numbers.get(chapter.name, {}).get(person.id) or lms_id(person)
            identifier = f"Participant {number}" if number else person.id
            yield [identifier, full_name(person), person.email, grade, chapter.max_points, "-", *points]


EXPORTERS: dict[str, type[Exporter]] = {"csv": CsvExporter, "canvas": CanvasExporter, "moodle": MoodleExporter}


# --- Reading -------------------------------------------------------------------------------------------------------


def read_chapter(book: Gradebook, chapter: str) -> Chapter:
    """A chapter's marks, its exercises in the course's order; cells the course no longer has come last."""
    cells = max_points_of(book, chapter)
    try:
        exercises = [(each.id, each.grade_id) for each in of_chapter(chapter)]
    except UnknownExercise:
        exercises = []
    known = [(id, grade_id, cells[grade_id]) for id, grade_id in exercises if grade_id in cells]
    others = sorted(cells.keys() - {grade_id for _, grade_id, _ in known})
    return Chapter(chapter, [*known, *((name, name, cells[name]) for name in others)], standings(book, chapter))


def points_of(standing: Standing | None, chapter: Chapter) -> list[float | None]:
    """The points of each exercise; None where there are none (yet)."""
    return [standing.points.get(grade_id) if standing else None for _, grade_id, _ in chapter.exercises]


def _has_penalties(chapter: Chapter) -> bool:
    return any(each.penalty for each in chapter.standing.values())


# --- People --------------------------------------------------------------------------------------------------------


def lms_id(person: Person) -> str:
    """The platform's number of a student: from the gradebook, else from the folder `grader collect` has named."""
    found = _WITH_ID.match(person.id)
    return person.lms_id or (found["id"] if found else "")


def full_name(person: Person) -> str:
    """Anna Müller: from the gradebook, else from the folder's name."""
    name = f"{person.first_name} {person.last_name}".strip()
    found = _WITH_ID.match(person.id)
    return name or (found["name"] if found else person.id)


def sortable_name(person: Person) -> str:
    """Müller, Anna: where the gradebook knows both names, else as `full_name`."""
    if person.first_name and person.last_name:
        return f"{person.last_name}, {person.first_name}"
    return full_name(person)


def plain(cell: str | float | None) -> str:
    """A cell as it is written: numbers short, text never a formula."""
    if cell is None:
        return ""
    if isinstance(cell, str):
        text = cell.replace("\0", "")
        return f"'{text}" if text.startswith(_FORMULA) and text != "-" else text
    return show_points(cell + 0.0 if cell else 0.0)
