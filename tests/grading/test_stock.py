"""`grader grade` and stock `nbgrader autograde` agree to the point, on a class of eight."""

import csv

import pytest
from handin_files import CHAPTER, hand_in, only_definitions
from stock import stock_marks

from grader.grading import grade
from recbook.questions import of_chapter

EXERCISES = list(of_chapter(CHAPTER))
NAMES = [exercise.name for exercise in EXERCISES]
HALF = set(NAMES[: len(NAMES) // 2])

pytestmark = pytest.mark.slow


def with_first_line(solution: str, line: str) -> str:
    """The function with a line put in front of its last return."""
    head, found, tail = solution.rpartition("\n    return")
    assert found, solution
    return f"{head}\n    {line}{found}{tail}"


def wrong_early(name, stub, solution):
    return (
        solution.replace("return ratings - user_means", "return ratings + user_means") if name == "centre" else solution
    )


def one_exception(name, stub, solution):
    return "1 / 0\n" + solution if name == "join_attributes" else solution


def one_loop(name, stub, solution):
    return with_first_line(solution, "while True: pass") if name == "new_user" else solution


def one_exit(name, stub, solution):
    return with_first_line(solution, "import sys; sys.exit()") if name == "overlap_at_k" else solution


def one_warning(name, stub, solution):
    line = "import sys, warnings; print('careful', file=sys.stderr); warnings.warn('careful')"
    return with_first_line(solution, line) if name in ("forward", "sizes") else solution


CLASS = {
    "perfect": lambda name, stub, solution: solution,
    "untouched": lambda name, stub, solution: stub,
    "half-done": lambda name, stub, solution: solution if name in HALF else stub,
    "wrong-early": wrong_early,
    "one-exception": one_exception,
    "one-loop": one_loop,
    "one-exit": one_exit,
    "one-warning": one_warning,
}
#: Which exercises of the otherwise perfect hand-ins may lose points.
COSTS = {
    "perfect": set(),
    "wrong-early": {"centre"},
    "one-exception": {"join_attributes"},
    "one-loop": {"new_user"},
    "one-exit": {"overlap_at_k"},
    "one-warning": set(),
}


@pytest.fixture(scope="module")
def marks(course, make_handin, isolation, tmp_path_factory):
    """(ours, stock): (student, exercise) -> points, None where a person gives them."""
    folder = tmp_path_factory.mktemp("eight")
    submitted = folder / "submitted"
    for student, edit in CLASS.items():
        notebook = make_handin(edit, essay="" if student == "untouched" else "Old films.")
        # One whole notebook is enough to see that its given cells run: the others come without them, for speed.
        hand_in(submitted, student, notebook if student == "perfect" else only_definitions(notebook))
    grade(CHAPTER, submitted, folder / "out", jobs=2, isolation=isolation)
    with (folder / "out" / "grades.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    ours = {(row["student"], row["exercise"]): float(row["points"]) if row["points"] else None for row in rows}
    return ours, stock_marks(course, submitted, EXERCISES, folder / "stock")


@pytest.mark.parametrize("student", CLASS)
def test_the_marks_are_the_same(marks, student):
    ours, stock = ({id: points for (name, id), points in each.items() if name == student} for each in marks)
    assert len(ours) == len(EXERCISES)
    assert ours == stock


@pytest.mark.parametrize("student", COSTS)
def test_a_fault_costs_its_own_exercise_and_no_other(marks, student):
    lost = {exercise.name for exercise in EXERCISES if marks[0][student, exercise.id] not in (None, exercise.points)}
    assert lost == COSTS[student]
