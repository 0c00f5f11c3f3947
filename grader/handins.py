"""Hand-ins: find them, read them whatever state they are in, and match their cells to the release."""

from __future__ import annotations

import ast
import json
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from grader.chapter import ANSWER_LINE
from grader.errors import HandinProblem, NoHandins

MAX_FILE = 64 << 20
MAX_CELLS = 5_000
_NOT_STUDENTS = ("__MACOSX", "__pycache__")


@dataclass(frozen=True)
class Handin:
    """What one student handed in. `student` is the folder's name, as far as it is text."""

    student: str
    folder: Path
    timestamp: str = ""


@dataclass(frozen=True)
class Cell:
    """One cell of a hand-in, reduced to what counts."""

    kind: str
    source: str
    grade_id: str = ""


@dataclass(frozen=True)
class Matched:
    """A hand-in matched to the release.

    `run` are the code cells to run (index, source); `grade_ids` says which cells (by index) are which graded or
    solution cell of the release; `essays` holds the text of each essay that was found; `notes` what was odd.
    """

    cells: tuple[Cell, ...]
    run: tuple[tuple[int, str], ...]
    grade_ids: Mapping[int, str]
    essays: Mapping[str, str]
    notes: tuple[str, ...] = field(default=())


# --- Finding -------------------------------------------------------------------------------------------------------


def find_handins(submitted: Path, chapter: str) -> list[Handin]:
    """The hand-ins under DIR/<student>/<chapter>/, one a student folder, in the order of the names.

    A student whose folder has nothing of the chapter is there too: that is worth a row of zeros, not silence.
    Raises `NoHandins`.
    """
    if not submitted.exists():
        raise NoHandins(f"There is no folder {submitted}.")
    if not submitted.is_dir():
        raise NoHandins(f"{submitted} is not a folder. Hand-ins lie at {_where(submitted, chapter)}.")
    try:
        folders = sorted(path for path in submitted.iterdir() if path.is_dir() and _is_student(path.name))
    except OSError as error:
        raise NoHandins(f"{submitted} cannot be read: {error.strerror}.") from None
    if not any((folder / chapter).is_dir() for folder in folders):
        raise NoHandins(f"No hand-in of {chapter!r} found. They should lie at {_where(submitted, chapter)}.")
    return [Handin(_text(folder.name), folder / chapter, _timestamp(folder / chapter)) for folder in folders]


def _where(submitted: Path, chapter: str) -> str:
    return f"{submitted}/<student>/{chapter}/{chapter}.ipynb"


def _is_student(name: str) -> bool:
    return not name.startswith(".") and name not in _NOT_STUDENTS


def _text(name: str) -> str:
    """A folder's name as text that any database takes, also where its bytes are no UTF-8."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


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
    """The cells of a hand-in, and notes on what was odd. Raises `HandinProblem`, with a message for the student."""
    path, notes = _notebook_file(folder, chapter)
    if path.stat().st_size > MAX_FILE:
        raise HandinProblem(f"The notebook is larger than {MAX_FILE >> 20} MB. Clear its outputs and hand it in again.")
    try:
        content = path.read_bytes()
    except OSError as error:
        raise HandinProblem(f"The notebook cannot be read: {error.strerror}.") from None
    return list(read_cells(content)), notes


def _notebook_file(folder: Path, chapter: str) -> tuple[Path, list[str]]:
    path = folder / f"{chapter}.ipynb"
    notes = []
    if not path.exists():
        others = sorted(folder.glob("*.ipynb")) if folder.is_dir() else []
        if len(others) != 1:
            raise HandinProblem(f"There is no notebook {chapter}/{chapter}.ipynb in this hand-in.")
        path = others[0]
        notes.append(f"The notebook is called {_text(path.name)}: taken as {chapter}.ipynb.")
    # A link could lead to somebody else's work, or to the solutions.
    linked = folder.is_symlink() or folder.parent.is_symlink()
    if not path.is_file() or path.resolve().parent != folder.resolve() or linked:
        raise HandinProblem(f"{chapter}.ipynb is not an ordinary file.")
    return path, notes


def read_cells(content: bytes) -> Iterable[Cell]:
    """The cells of a notebook file, as far as it is one. Raises `HandinProblem`."""
    document = _read_json(content)
    version = document.get("nbformat")
    if version == 3:
        document = _from_version_3(document)
    elif version != 4:
        raise HandinProblem(f"The notebook has format {version!r}. Save it in Jupyter or Colab (format 4) again.")
    cells = document.get("cells")
    if not isinstance(cells, list) or not cells:
        raise HandinProblem("The notebook has no cells.")
    if len(cells) > MAX_CELLS:
        raise HandinProblem(f"The notebook has {len(cells):,} cells. Something went wrong when it was saved.")
    return [_read_cell(cell) for cell in cells]


def _read_json(content: bytes) -> dict[str, Any]:
    if not content.strip():
        raise HandinProblem("The file is empty.")
    try:
        document = json.loads(content.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise HandinProblem("The file is not a notebook: its text is not in UTF-8.") from None
    except (ValueError, RecursionError):
        raise HandinProblem("The file is not a notebook: it is not JSON. Download it as .ipynb again.") from None
    if not isinstance(document, dict):
        raise HandinProblem("The file is not a notebook.")
    return document


def _from_version_3(document: dict[str, Any]) -> dict[str, Any]:
    try:
        return nbformat.convert(nbformat.from_dict(document), 4)
    except Exception:  # whatever nbformat meets in a broken notebook
        raise HandinProblem("The notebook has the old format 3 and is broken. Save it again in Colab.") from None


def _read_cell(cell: Any) -> Cell:
    if not isinstance(cell, dict):
        return Cell("raw", "")
    source = cell.get("source", "")
    if isinstance(source, list):
        source = "".join(line for line in source if isinstance(line, str))
    if not isinstance(source, str):
        source = ""
    metadata = cell.get("metadata")
    ours = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    grade_id = ours.get("grade_id") if isinstance(ours, dict) else None
    # Text that cannot be written down as UTF-8 (half of a surrogate pair) would trouble everything after this.
    source = source.encode("utf-8", "replace").decode("utf-8").replace("\r\n", "\n")
    return Cell(str(cell.get("cell_type")), source, grade_id if isinstance(grade_id, str) else "")


# --- Matching ------------------------------------------------------------------------------------------------------


def match(cells: Sequence[Cell], release: NotebookNode, notes: Iterable[str] = ()) -> Matched:
    """Match the cells of a hand-in to the release by nbgrader's grade_id; test and essay cells also by their text.

    Test cells are not run: the questions are asked instead. Every other code cell is, whatever its metadata says.
    """
    released = {cell.metadata.nbgrader.grade_id: cell for cell in release.cells if "nbgrader" in cell.metadata}
    tests = {id for id, cell in released.items() if _is(cell, grade=True, solution=False)}
    follows = {
        _squeeze(before.source): cell.metadata.nbgrader.grade_id
        for before, cell in pairwise(release.cells)
        if "nbgrader" in cell.metadata and _is(cell, grade=True, solution=True)
    }
    by_text = {_squeeze(released[id].source): id for id in tests}
    notes, run, grade_ids, answers = list(notes), [], {}, {}
    taken: set[str] = set()

    for index, cell in enumerate(cells):
        id = cell.grade_id
        if cell.kind == "code":
            same_text = by_text.get(_squeeze(cell.source))
            if same_text or (id in tests and not _defines_something(cell.source)):
                id = same_text or id
            else:  # a test cell that a student wrote over with a definition is code like any other
                run.append((index, cell.source))
                id = "" if id in tests else id
        elif cell.kind == "markdown":
            id = _essay_id(cell, cells[index - 1] if index else None, follows)
            if id and (id not in answers or _is_untouched(answers[id], released[id])):
                answers[id] = cell.source
        if id in released and id not in taken:
            grade_ids[index] = id
            taken.add(id)
        elif id in taken:
            notes.append(f"Cell {index} has the mark {id!r} of an earlier cell.")
    missing = sorted(set(released) - taken)
    if missing:
        notes.append(f"Not found in the hand-in: {', '.join(missing)}.")
    return Matched(tuple(cells), tuple(run), grade_ids, answers, tuple(notes))


def is_answered(text: str | None, released: NotebookNode) -> bool:
    """True when an essay's cell says more than the released one."""
    return text is not None and not _is_untouched(text, released)


def defining_cells(matched: Matched, name: str) -> list[int]:
    """The cells that define a function or class of this name, also where they do not parse."""
    pattern = re.compile(rf"^\s*(?:async\s+)?(?:def|class)\s+{re.escape(name)}\b", re.MULTILINE)
    return [index for index, source in matched.run if pattern.search(source)]


def _is(cell: NotebookNode, *, grade: bool, solution: bool) -> bool:
    ours = cell.metadata.nbgrader
    return ours.grade is grade and ours.solution is solution


def _essay_id(cell: Cell, before: Cell | None, follows: Mapping[str, str]) -> str:
    """The essay that a Markdown cell answers: by its mark, else by the cell before it, which asks for it."""
    if cell.grade_id in follows.values():
        return cell.grade_id
    return follows.get(_squeeze(before.source), "") if before else ""


def _is_untouched(text: str, released: NotebookNode) -> bool:
    left = text.replace(ANSWER_LINE, "")
    for line in released.source.splitlines():
        left = left.replace(line.strip(), "", 1) if line.strip() else left
    return not _squeeze(left)


def _squeeze(text: str) -> str:
    return "".join(text.split())


def _defines_something(source: str) -> bool:
    try:
        body = ast.parse(source).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return any(isinstance(node, (ast.FunctionDef, ast.ClassDef)) for node in body)
