"""What nobody has foreseen goes wrong with one hand-in: it is told and graded again, and the class goes on."""

import csv
import shutil
from concurrent.futures import Future

import pytest
from handin_files import CHAPTER, hand_in, only_definitions

from grader.classwork import grade_each
from grader.errors import ChildProblem, GradebookError
from grader.grading import grade
from grader.handins import find_handins
from grader.judging import Plan
from grader.keeping import keep
from grader.limits import Limits
from grader.records import read_records
from grader.results import COLUMNS, Row, write_grades
from grader.supervise import Asked, Response
from recbook.answer import Answer
from recbook.questions import of_chapter

FIRST = of_chapter(CHAPTER)[0]


@pytest.fixture(scope="module")
def plan(release):
    return Plan(CHAPTER, of_chapter(CHAPTER), release, "secret", Limits())


@pytest.fixture
def out(course, tmp_path):
    shutil.copytree(course, tmp_path / "out")
    return tmp_path / "out"


@pytest.fixture
def handins(release, tmp_path):
    for student in ("anna", "ben"):
        hand_in(tmp_path / "submitted", student, only_definitions(release))
    return find_handins(tmp_path / "submitted", CHAPTER)[0]


class Pool:
    """One after the other comes back what is given: a response, or what is raised instead."""

    size = 1

    def __init__(self, *came_back):
        self._came_back = iter(came_back)

    def submit(self, code, asks, limits):
        future, came_back = Future(), next(self._came_back)
        if isinstance(came_back, Response):
            future.set_result(came_back)
        else:
            future.set_exception(came_back)
        return future


def all_of(asked):
    return Response(asked={each.id: asked for each in of_chapter(CHAPTER)})


DIED = all_of(Asked(why="died"))


def graded(plan, handins, out, *came_back):
    return {done.record.student: done for done in grade_each(plan, handins, Pool(*came_back), out)}


@pytest.mark.parametrize(
    "mishap", [ValueError("\ud800"), SyntaxError("(,)f4"), Response()], ids=["text", "syntax", "empty"]
)
def test_a_mishap_costs_its_hand_in_only_and_is_graded_again(plan, handins, out, mishap):
    first = graded(plan, handins, out, mishap, DIED)
    assert first["anna"].record.fault
    assert {(row.points, row.verdict) for row in first["anna"].rows} == {(0, "error")}
    assert not first["ben"].record.fault
    assert [record.fault != "" for record in read_records(out, CHAPTER)] == [True, False]
    again = graded(plan, handins, out, DIED)
    assert again["anna"].record.exercises == first["ben"].record.exercises
    assert again["ben"].starts is None


@pytest.mark.parametrize(
    "error", [ChildProblem("no process"), GradebookError("no gradebook"), OSError("no room")], ids=repr
)
def test_what_is_about_the_whole_class_ends_the_run(plan, handins, out, error):
    with pytest.raises(type(error)):
        graded(plan, handins, out, error, DIED)


@pytest.mark.parametrize("times", [1, 2])
def test_what_cannot_be_written_down_is_told(plan, handins, out, monkeypatch, times):
    """Once: then the fault can be. Twice: then not even that."""
    calls = []

    def keep_or_not(plan, graded, book, out):
        calls.append(graded.handin.student)
        if calls.count("anna") <= times and graded.handin.student == "anna":
            raise UnicodeEncodeError("utf-8", "\ud800", 0, 1, "surrogates not allowed")
        return keep(plan, graded, book, out)

    monkeypatch.setattr("grader.classwork.keep", keep_or_not)
    done = graded(plan, handins, out, DIED, DIED)
    assert "surrogates not allowed" in done["anna"].record.fault
    assert [record.student for record in read_records(out, CHAPTER)] == ["anna", "ben"][times - 1 :]
    assert set(graded(plan, handins, out, DIED)) == {"anna", "ben"}


def test_half_a_character_stops_nobody(reference_handin, isolation, tmp_path):
    notebook = only_definitions(reference_handin)
    shown = "from IPython.display import HTML, display\nprint('\\ud800')\ndisplay(HTML('<b>\\ud800</b>'))\n"
    notebook.cells[0].source += f"\n{shown}raise ValueError('\\ud800')"
    hand_in(tmp_path / "submitted", "anna", notebook)
    summary = grade(CHAPTER, tmp_path / "submitted", tmp_path / "out", isolation=isolation)
    assert summary.problems == ()
    assert {row.verdict for row in summary.rows} == {"right", "manual"}


def test_a_hint_is_cut(plan, handins, out):
    long = Asked(Answer(missing=("x" * 50_000,)))
    done = graded(plan, handins[:1], out, all_of(long))
    hints = [len(each.hint) for each in done["anna"].record.exercises if each.verdict == "error"]
    assert hints
    assert max(hints) <= 2_000


def test_a_long_field_in_the_table_is_kept(tmp_path):
    path = tmp_path / "grades.csv"
    long = Row("anna", "another", "another.one", 1, 1, "wrong", "x" * 900_000)
    write_grades(path, "another", {"anna": (long,)})
    write_grades(path, CHAPTER, {"ben": (Row("ben", CHAPTER, FIRST.id, 1, 1, "right"),)})
    assert path.stat().st_size > 900_000
    assert "ben" in path.read_text()


def test_a_table_that_is_not_text_is_kept_aside(tmp_path):
    path = tmp_path / "grades.csv"
    path.write_bytes(",".join(COLUMNS).encode() + b"\nJos\xe9,a,a.b,1,1,right,\n")
    write_grades(path, CHAPTER, {"ben": (Row("ben", CHAPTER, FIRST.id, 1, 1, "right"),)})
    assert b"Jos\xe9" in next(tmp_path.glob("grades-*.csv")).read_bytes()
    assert next(csv.DictReader(path.open()))["student"] == "ben"
