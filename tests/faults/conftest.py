"""A small class that is graded once undisturbed; every fault must leave the same marks behind."""

from __future__ import annotations

import pytest
from calm_class import CHAPTER, SECRET, Calm, marks

from grader.apart import Isolation
from grader.grading import grade
from grader.isolation import missing
from grader.simulate import simulate


@pytest.fixture(scope="session")
def calm(tmp_path_factory) -> Calm:
    """The undisturbed run."""
    folder = tmp_path_factory.mktemp("calm")
    simulate(CHAPTER, 8, 3, folder / "submitted", hostile=False, given_cells=False)
    isolation: Isolation = "none" if missing() else "namespaces"
    grade(CHAPTER, folder / "submitted", folder / "out", 2, secret=SECRET, isolation=isolation)
    students = sorted(path.name for path in (folder / "submitted").iterdir())
    return Calm(folder / "submitted", folder / "out", students, isolation, marks(folder / "out", students))
