"""The SQLite gradebook when it is locked, full or of another folder: waited for, said, and nothing half written."""

import shutil
import sqlite3
import threading
from datetime import datetime

import pytest
from handin_files import CHAPTER

from grader import gradebook
from grader.errors import GradebookError
from grader.gradebook import Mark, database_url, open_gradebook, record, register
from grader.standings import standings, update_late_penalties
from recbook.questions import of_chapter

IDS = [exercise.grade_id for exercise in of_chapter(CHAPTER)]
FIRST = IDS[0]


@pytest.fixture
def out(course, tmp_path):
    out = tmp_path / "out"
    shutil.copytree(course, out)
    return out


@pytest.fixture
def locked(out):
    """The gradebook, held by another connection until it is rolled back."""
    other = sqlite3.connect(out / "gradebook.db", check_same_thread=False, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    yield other
    other.close()


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr(gradebook, "TELL_AFTER", 0)


def test_a_locked_gradebook_is_waited_for_and_the_person_is_told(out, locked, impatient, capfd):
    timer = threading.Timer(1.5, locked.execute, ["ROLLBACK"])
    timer.start()
    with open_gradebook(out) as book:
        record(book, CHAPTER, "anna", [Mark(FIRST, 1.0)])
        assert standings(book, CHAPTER)["anna"].points[FIRST] == 1.0
    timer.join()
    assert capfd.readouterr().err.count("in use by another process") >= 1


def test_a_gradebook_that_stays_locked_is_an_error_and_loses_nothing(out, impatient, monkeypatch):
    monkeypatch.setattr(gradebook, "PATIENCE", 0.5)
    with open_gradebook(out) as book:
        record(book, CHAPTER, "anna", [Mark(FIRST, 1.0)])
        other = sqlite3.connect(out / "gradebook.db", isolation_level=None)
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(GradebookError, match=r"close it .* and grade again"):
            record(book, CHAPTER, "ben", [Mark(FIRST, 1.0)])
        with pytest.raises(GradebookError, match="locked"):
            standings(book, CHAPTER)
        with pytest.raises(GradebookError, match=r"gradebook\.db cannot be"):
            register(CHAPTER, out)
        other.close()
        assert set(standings(book, CHAPTER)) == {"anna"}
        record(book, CHAPTER, "ben", [Mark(FIRST, 1.0)])
        assert set(standings(book, CHAPTER)) == {"anna", "ben"}


def test_a_full_disk_takes_back_this_hand_in_only_and_says_what_to_do(out):
    with open_gradebook(out) as book:
        record(book, CHAPTER, "anna", [Mark(FIRST, 1.0)])
        pages = book.db.connection().exec_driver_sql("PRAGMA page_count").scalar()
        book.db.connection().exec_driver_sql(f"PRAGMA max_page_count = {pages + 1}")
        with pytest.raises(GradebookError, match="make room and grade again"):
            record(book, CHAPTER, "ben", [Mark(id, 1.0, f"{id}-code", "a hint " * 500) for id in IDS])
        assert set(standings(book, CHAPTER)) == {"anna"}
    with open_gradebook(out) as book:  # there is room again
        record(book, CHAPTER, "ben", [Mark(id, 1.0) for id in IDS])
        assert set(standings(book, CHAPTER)) == {"anna", "ben"}


def test_hints_that_quote_anything_can_be_stored(out):
    with open_gradebook(out) as book:
        record(book, CHAPTER, "anna", [Mark(FIRST, 0.0, f"{FIRST}-code", "said \0 and \ud800 and ü")])
        stored = book.find_comment(f"{FIRST}-code", CHAPTER, CHAPTER, "anna").auto_comment
    assert stored == "said \\x00 and \\ud800 and ü"


def test_a_comment_of_a_person_and_a_changed_mark_stand(out):
    with open_gradebook(out) as book:
        record(book, CHAPTER, "anna", [Mark(FIRST, 0.0, f"{FIRST}-code", "a hint")])
        book.find_grade(FIRST, CHAPTER, CHAPTER, "anna").manual_score = 0.5
        book.find_comment(f"{FIRST}-code", CHAPTER, CHAPTER, "anna").manual_comment = "nearly"
        book.db.commit()
        record(book, CHAPTER, "anna", [Mark(FIRST, 1.0, f"{FIRST}-code", "another hint")])
        standing = standings(book, CHAPTER, "anna")["anna"]
    assert standing.points[FIRST] == 0.5
    assert FIRST in standing.by_hand & standing.waiting  # what was marked has changed: a person should look again
    assert standing.comments == {f"{FIRST}-code": "nearly"}


def test_late_penalties_are_those_of_nbgraders_plugin(out):
    with (out / "nbgrader_config.py").open("a") as file:
        file.write("c.LateSubmissionPlugin.penalty_method = 'zero'\n")
    with open_gradebook(out) as book:
        record(book, CHAPTER, "early", [Mark(FIRST, 2.0)], "2026-11-20 12:00:00")
        record(book, CHAPTER, "late", [Mark(FIRST, 2.0)], "2026-11-20 12:30:00")
        update_late_penalties(book, CHAPTER, out)
        assert standings(book, CHAPTER)["late"].penalty == 0  # no due date: nobody is late
        book.find_assignment(CHAPTER).duedate = datetime(2026, 11, 20, 12, 0, 0)
        book.db.commit()
        update_late_penalties(book, CHAPTER, out)
        stand = standings(book, CHAPTER)
    assert (stand["early"].total, stand["early"].penalty) == (2.0, 0.0)
    assert (stand["late"].total, stand["late"].penalty, stand["late"].seconds_late) == (0.0, 2.0, 1800.0)
    register(CHAPTER, out)  # the due date stays
    with open_gradebook(out) as book:
        assert book.find_assignment(CHAPTER).duedate is not None


def test_it_is_one_file(out):
    with open_gradebook(out) as book:
        record(book, CHAPTER, "anna", [Mark(FIRST, 1.0)])
        assert book.db.connection().exec_driver_sql("PRAGMA journal_mode").scalar() == "delete"
    assert not list(out.glob("gradebook.db-*"))


def test_the_folders_own_settings_count(out):
    (out / "nbgrader_config.py").write_text(
        "c = get_config()\nc.CourseDirectory.db_url = 'sqlite:////tmp/elsewhere.db'\n"
    )
    assert database_url(out).database == "/tmp/elsewhere.db"
