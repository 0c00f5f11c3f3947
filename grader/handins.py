"""Hand-ins: find them, and read the notebook of each, whatever else lies in its folder.

`grader.reading` reads a file's cells, `grader.repair` matches them to the release; what others need of them is here.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path

from grader.bindings import read_code
from grader.collected import numbers_of
from grader.errors import HandinProblem, NoHandins
from grader.files import MAX_FILE, as_text, candidates, is_notebook, listed
from grader.reading import Cell, read_cells, read_notebook
from grader.repair import Matched, defining_cells, is_answered, match
from recbook.question import Question
from recbook.questions import chapters, of_chapter

__all__ = [
    "Cell",
    "Handin",
    "Matched",
    "defining_cells",
    "find_handins",
    "is_answered",
    "match",
    "read_cells",
    "read_handin",
]

_NOT_STUDENTS = ("__MACOSX", "__pycache__")
_CHECK = re.compile(r"""\bcheck\(\s*["'](\w+)\.""")
_STUB = "raise NotImplementedError"
#: What may be the notebook is looked into one after the other until so much was read.
_MOST_READ = MAX_FILE


@dataclass(frozen=True)
class Handin:
    """What one student handed in. `student` is the folder's name, as far as it is text."""

    student: str
    folder: Path
    timestamp: str = ""
    #: The learning platform's number of the student in this chapter; "" when unknown.
    platform_id: str = ""


# --- Finding -------------------------------------------------------------------------------------------------------


def find_handins(submitted: Path, chapter: str) -> tuple[list[Handin], list[str]]:
    """The hand-ins under DIR/<student>/<chapter>/, and the students who have no such folder, in the order of the names.

    Without the folder nothing was handed in, and who has not handed in has no marks: in a gradebook an empty cell is
    not a zero. An empty folder is a hand-in, in which the notebook is missing. Raises `NoHandins`.
    """
    if not submitted.exists():
        raise NoHandins(f"There is no folder {submitted}.")
    if not submitted.is_dir():
        raise NoHandins(f"{submitted} is not a folder. Hand-ins lie at {_where(submitted, chapter)}.")
    try:
        folders = sorted(path for path in submitted.iterdir() if path.is_dir() and _is_student(path.name))
    except OSError as error:
        raise NoHandins(f"{submitted} cannot be read: {error.strerror}.") from None
    there = [folder for folder in folders if os.path.lexists(folder / chapter)]
    if not any((folder / chapter).is_dir() for folder in there):
        raise NoHandins(f"No hand-in of {chapter!r} found. They should lie at {_where(submitted, chapter)}.")
    numbers = numbers_of(submitted, chapter)
    handins = [
        Handin(as_text(folder.name), folder / chapter, _timestamp(folder / chapter), numbers.get(folder.name, ""))
        for folder in there
    ]
    return handins, [as_text(folder.name) for folder in folders if folder not in there]


def _where(submitted: Path, chapter: str) -> str:
    return f"{submitted}/<student>/{chapter}/{chapter}.ipynb"


def _is_student(name: str) -> bool:
    return not name.startswith(".") and name not in _NOT_STUDENTS


def _timestamp(folder: Path) -> str:
    """What nbgrader wrote into timestamp.txt when it collected the hand-in."""
    path = folder / "timestamp.txt"
    try:
        if path.is_symlink() or not path.is_file():  # it could lead to a file or a device without end
            return ""
        with path.open(encoding="utf-8") as file:
            return file.read(100).strip()
    except (OSError, UnicodeDecodeError):
        return ""


# --- Reading -------------------------------------------------------------------------------------------------------


def read_handin(folder: Path, chapter: str) -> tuple[list[Cell], list[str]]:
    """The cells of a hand-in, and notes on what was odd. Raises `HandinProblem`, with a message for the student.

    Where the folder holds several notebooks, it is the one of the chapter's name, unless that one cannot be read, is
    of another chapter, or untouched, and another one is not.
    """
    expected = f"{chapter}.ipynb"
    read: list[_Notebook] = []
    problems: dict[str, HandinProblem] = {}
    left = _MOST_READ
    for name, content in candidates(folder, expected):
        try:
            raw = content()
            left -= len(raw)
            read.append(_Notebook(name, *read_notebook(raw), chapter))
        except HandinProblem as problem:
            problems[name] = problem
        if left < 0 or (read and read[0].name == expected and read[0].is_worked_on):
            break
    if not read:
        raise next(iter(problems.values()), HandinProblem(_nothing(folder, chapter)))
    best = max(read, key=lambda each: (each.is_of_chapter, each.is_worked_on, each.name == expected, each.n_done))
    if best.other and not best.is_of_chapter:
        raise HandinProblem(f"This is the notebook of the chapter {best.other!r}, not of {chapter!r}.")
    return list(best.cells), [*_odd_files(folder, expected, best.name, problems), *best.notes]


def _nothing(folder: Path, chapter: str) -> str:
    there = [as_text(name) for name in listed(folder) if name != "timestamp.txt"]
    only = f" It holds only {', '.join(there[:5])}." if there else ""
    return f"There is no notebook {chapter}/{chapter}.ipynb in this hand-in.{only}"


def _odd_files(folder: Path, expected: str, taken: str, problems: Mapping[str, HandinProblem]) -> Iterator[str]:
    """What to say about the files of a hand-in when not just the expected one is there."""
    if taken != expected:
        yield f"The notebook is called {taken}: taken as {expected}."
    yield from (f"{name} was not graded: {problem}" for name, problem in problems.items() if is_notebook(name))
    others = [name for each in listed(folder) if is_notebook(each) and (name := as_text(each)) not in problems]
    if others := [name for name in others if not f"{taken}/".startswith(f"{name}/")]:  # nor the archive it was in
        yield f"There are other notebooks in the hand-in, which were not graded: {', '.join(others[:5])}."


class _Notebook:
    """A notebook that could be read, and what speaks for its being the one to grade."""

    def __init__(self, name: str, cells: Sequence[Cell], notes: Sequence[str], chapter: str):
        self.name, self.cells, self.notes = name, cells, notes
        known = chapters()
        said = [cell.grade_id.partition("-")[0] for cell in cells if "-" in cell.grade_id]
        said += [name for cell in cells for name in _CHECK.findall(cell.source)]
        said = [name for name in said if name in known]
        defined = [(read_code(cell.source).defines, cell.source) for cell in cells if cell.may_define]
        names = {name for here, _ in defined for name in here}
        done = {name for here, source in defined if _STUB not in source for name in here}
        #: The chapter that it says it is of, when it says so and it is not ours; "" otherwise.
        self.other = max(Counter(each for each in said if each != chapter).items(), key=itemgetter(1), default=("", 0))[
            0
        ]
        self.is_of_chapter = chapter in said or len(names & _subjects(chapter)) > len(names & _subjects(self.other))
        self.n_done = len(done & _subjects(chapter, with_bug_hunts=False))
        self.is_worked_on = self.is_of_chapter and self.n_done > 0


def _subjects(chapter: str, with_bug_hunts: bool = True) -> set[str]:
    """What a chapter's exercises ask students to define; nothing for no chapter."""
    questions = [each for each in (of_chapter(chapter) if chapter else ()) if isinstance(each, Question)]
    return {each.subject for each in questions if with_bug_hunts or each.kind != "bug hunt"}
