"""One assembled course for all tests of grading, and hand-ins made from its release."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from pathlib import Path

import nbformat
import pytest
from handin_files import CHAPTER

from grader.apart import Isolation, Worker
from grader.chapter import ANSWER_LINE, filled
from grader.gradebook import register
from grader.isolation import missing

Edit = Callable[[str, str, str], str]


@pytest.fixture(scope="session")
def isolation() -> Isolation:
    """As strong as this machine allows; tests of isolation itself skip where it allows none."""
    return "none" if missing() else "namespaces"


@pytest.fixture(scope="module")
def worker(isolation) -> Iterator[Worker]:
    """A warm worker."""
    with Worker(isolation) as worker:
        yield worker


@pytest.fixture(scope="session")
def course(tmp_path_factory) -> Path:
    """An nbgrader course directory with the chapter released. Do not write to it: copy it."""
    folder = tmp_path_factory.mktemp("course")
    register(CHAPTER, folder)
    return folder


@pytest.fixture(scope="session")
def release(course):
    return nbformat.read(course / "release" / CHAPTER / f"{CHAPTER}.ipynb", as_version=4)


@pytest.fixture(scope="session")
def make_handin(release):
    """make_handin(edit, essay="..."): the release, each stub replaced by `edit(exercise's name, stub, solution)`."""

    def make(edit: Edit, essay: str = "") -> nbformat.NotebookNode:
        notebook = copy.deepcopy(release)
        for cell in notebook.cells:
            ours = cell.metadata.get("nbgrader")
            if not (ours and ours.solution):
                continue
            if cell.cell_type == "code":
                name = ours.grade_id.removeprefix(f"{CHAPTER}-").removesuffix("-code")
                cell.source = edit(name, cell.source, filled(cell.source, CHAPTER))
            elif essay:
                cell.source = cell.source.replace(ANSWER_LINE, essay)
        return notebook

    return make


@pytest.fixture(scope="session")
def reference_handin(make_handin):
    return make_handin(lambda name, stub, solution: solution, essay="It tells old films from new ones.")
