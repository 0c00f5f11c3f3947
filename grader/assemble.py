"""Course assembly: chapter + solutions -> nbgrader source -> release, and the wheel students install.

<out>/source/<chapter>/<chapter>.ipynb      with the solutions; for the course team
<out>/release/<chapter>/<chapter>.ipynb     made from it by nbgrader; for students
<out>/release/recbook-<version>-py3-none-any.whl
<out>/gradebook.db                          nbgrader's; marks in it stay when the course is assembled again
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

import nbformat
from nbformat import NotebookNode
from nbgrader.apps import NbGraderAPI
from traitlets.config import Config
from traitlets.config.loader import PyFileConfigLoader

from grader import links
from grader.chapter import (
    ANSWER_LINE,
    BEGIN,
    END,
    ROOT,
    add_notes,
    chapters,
    code_cell,
    exercises_of,
    fill,
    mark_solution,
    notebook_note,
    read_chapter,
    solutions_of,
    source_of,
)
from grader.errors import AuthorError
from grader.release_site import ReleaseSite, release_site
from recbook.errors import RecbookError
from recbook.question import Exercise

COURSE = ROOT / "build" / "course"

INSTALL = """\
# Colab starts without the course's package: this installs it. Elsewhere it does nothing.
try:
    import recbook
except ImportError:
    get_ipython().run_line_magic("pip", "install --quiet {wheel}")"""


class AssemblyError(RecbookError):
    """nbgrader or the build of the wheel failed; the message holds what it said."""


def assemble(chapter: str | None = None, out: Path | str = COURSE) -> list[Path]:
    """Make source and release of one chapter (or of all) under `out`, and the wheel. Returns the released files.

    Run it as often as you like: the same chapter gives the same bytes, and the gradebook keeps its marks.
    Raises `AuthorError` when a chapter does not fit together and `AssemblyError` when a tool fails.
    """
    out = Path(out).resolve()
    names = [chapter] if chapter else chapters()
    site = release_site()
    sources = {  # all are read before anything is written
        name: source_notebook(read_chapter(name), name, exercises_of(name), solutions_of(name), site) for name in names
    }
    released = []
    for name, notebook in sources.items():
        path = out / "source" / name / f"{name}.ipynb"
        path.parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(notebook, path)
        released.append(release(name, out))
    released.append(build_wheel(out / "release"))
    return released


# --- Source --------------------------------------------------------------------------------------------------------


def source_notebook(
    notebook: NotebookNode, chapter: str, exercises: Sequence[Exercise], solutions: ModuleType, site: ReleaseSite
) -> NotebookNode:
    """The nbgrader source of a chapter that `grader.chapter` has read; `notebook` itself is left alone."""
    known = {exercise.id: exercise for exercise in exercises}
    result = nbformat.from_dict(notebook)
    address = links.site_address()
    for cell in result.cells:
        if cell.cell_type == "markdown":
            cell.source = links.for_release(cell.source, address)
    add_notes(result, exercises, notebook_note)
    for cell in result.cells:
        kind = next((kind for kind in ("exercise", "check", "essay") if kind in cell.metadata), None)
        exercise = known[cell.metadata.pop(kind)] if kind else None
        if kind == "exercise":
            _make_solution_cell(cell, exercise, source_of(solutions))
        elif kind == "check":
            _make_test_cell(cell, exercise)
        elif kind == "essay":
            _make_essay_cell(cell, exercise, getattr(solutions, "MODEL_ANSWERS", {}))
    install = code_cell(INSTALL.format(wheel=site.wheel), id=f"{chapter[:40]}-install")
    result.cells.insert(0, install)
    nbformat.validate(result)
    return result


def _make_solution_cell(cell: NotebookNode, exercise: Exercise, solutions: str) -> None:
    stub = cell.source
    cell.source = mark_solution(fill(stub, solutions), stub)
    cell.metadata["recbook"] = {"stub": stub}
    cell.metadata["nbgrader"] = _nbgrader(f"{exercise.grade_id}-code", solution=True)


def _make_test_cell(cell: NotebookNode, exercise: Exercise) -> None:
    cell.source += (
        "\n### BEGIN HIDDEN TESTS\nfrom recbook.check import award\n"
        f'award("{exercise.id}")\n### END HIDDEN TESTS'
    )  # fmt: skip
    cell.metadata["nbgrader"] = _nbgrader(exercise.grade_id, grade=True, locked=True, points=exercise.points)


def _make_essay_cell(cell: NotebookNode, exercise: Exercise, model_answers: dict[str, str]) -> None:
    if exercise.name not in model_answers:
        raise AuthorError(f"solutions.{exercise.chapter}.MODEL_ANSWERS has no {exercise.name!r}: write a model answer.")
    stub = cell.source
    answer = f"{BEGIN}\n{model_answers[exercise.name].strip()}\n{END}"
    cell.source = "\n".join(answer if line == ANSWER_LINE else line for line in stub.splitlines())
    cell.metadata["recbook"] = {"stub": stub}
    cell.metadata["nbgrader"] = _nbgrader(exercise.grade_id, grade=True, solution=True, points=exercise.points)


def _nbgrader(
    grade_id: str, *, grade: bool = False, solution: bool = False, locked: bool = False, points: float | None = None
) -> dict:
    """A cell's metadata for nbgrader (its schema, version 3, allows no other keys)."""
    metadata = {
        "grade": grade, "solution": solution, "locked": locked, "task": False, "grade_id": grade_id,
        "schema_version": 3,
    }  # fmt: skip
    return metadata if points is None else metadata | {"points": points}


# --- Release -------------------------------------------------------------------------------------------------------


def nbgrader_config(course: Path = COURSE, root: Path = ROOT) -> Config:
    """The settings of `nbgrader_config.py`, and of the course directory's own if it has one."""
    config = PyFileConfigLoader("nbgrader_config.py", path=str(root)).load_config()
    if (Path(course) / "nbgrader_config.py").is_file():
        config.merge(PyFileConfigLoader("nbgrader_config.py", path=str(course)).load_config())
    config.CourseDirectory.root = str(course)
    return config


def release(chapter: str, course: Path) -> Path:
    """Let nbgrader make the release of a chapter from its source, and register it. Returns the released notebook.

    nbgrader deletes what it is to write, and writes it anew. So it writes into a folder beside the release, from where
    it is moved when it is whole: stopped at any moment, a release that was there is there. Stopped for good, the folder
    stays behind until the next time.
    """
    config = nbgrader_config(course)
    config.CourseDirectory.release_directory = _UNFINISHED
    made = course / _UNFINISHED / chapter
    result = NbGraderAPI(config=config).generate_assignment(chapter, force=True, create=True)
    said = (result.get("error") or result.get("log") or "nothing").strip()
    if "KeyboardInterrupt" in said.splitlines():  # nbgrader catches Ctrl-C as it catches everything
        _tidy(made)
        raise KeyboardInterrupt
    if not result["success"] or not (made / f"{chapter}.ipynb").is_file():
        _tidy(made)
        raise AssemblyError(f"nbgrader could not make the release of {chapter!r}. It said:\n{said}")
    path = course / "release" / chapter
    _put_in_place(made, path)
    _tidy(made)
    return path / f"{chapter}.ipynb"


#: Where nbgrader makes a release, in the course directory.
_UNFINISHED = ".release-unfinished"


def _put_in_place(made: Path, path: Path) -> None:
    """Replace a folder's files by those of another, each at one stroke: there is no moment without a notebook."""
    if not path.parent.exists():
        path.parent.mkdir()
        shutil.copymode(made.parent, path.parent)  # nbgrader may have made it writable for a group
    path.mkdir(exist_ok=True)
    shutil.copymode(made, path)
    new = {file.relative_to(made) for file in made.rglob("*") if not file.is_dir()}
    for file in new:
        (path / file).parent.mkdir(parents=True, exist_ok=True)
        os.replace(made / file, path / file)
    for file in [file for file in path.rglob("*") if not file.is_dir()]:
        if file.relative_to(path) not in new:
            file.unlink()


def _tidy(made: Path) -> None:
    shutil.rmtree(made, ignore_errors=True)
    with contextlib.suppress(OSError):  # another chapter is being made in it
        made.parent.rmdir()


def build_wheel(directory: Path, root: Path = ROOT) -> Path:
    """Build the `recbook` wheel into `directory`, in place of an older one. Returns its path.

    It is built from a copy, because setuptools leaves files beside the sources and would pick up old ones.
    """
    directory.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        copy, built = Path(folder, "copy"), Path(folder, "wheel")
        shutil.copytree(root / "src", copy / "src", ignore=shutil.ignore_patterns("*.egg-info", "__pycache__"))
        for name in ("pyproject.toml", "README.md", "LICENSE"):
            if (root / name).is_file():
                shutil.copy(root / name, copy)
        command = "import sys, setuptools.build_meta as backend; backend.build_wheel(sys.argv[1])"
        built.mkdir()
        run = subprocess.run(
            [sys.executable, "-c", command, str(built)], cwd=copy, capture_output=True, text=True, check=False
        )
        wheels = list(built.glob("*.whl"))
        if run.returncode or len(wheels) != 1:
            raise AssemblyError(f"The wheel could not be built:\n{run.stderr.strip() or run.stdout.strip()}")
        path = directory / wheels[0].name
        part = Path(shutil.copy(wheels[0], directory / f".{path.name}.part"))
        os.replace(part, path)  # at no moment is there no wheel, or half of one
        for old in directory.glob("recbook-*.whl"):
            if old != path:
                old.unlink()
        return path
