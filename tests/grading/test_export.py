"""Marks as Canvas and Moodle import them, and feedback pages, from what stands in the gradebook."""

import csv
import os
import shutil
import subprocess
import sys
from datetime import datetime

import nbformat
import pytest
from handin_files import CHAPTER
from typer.testing import CliRunner

from grader.chapter import ROOT
from grader.cli import app
from grader.errors import ExportProblem, NothingGraded, OutNotWritable
from grader.export import EXPORTERS, export, plain
from grader.feedback import write_pages
from grader.gradebook import Mark, open_gradebook, record
from grader.records import ExerciseRecord, HandinRecord, record_path, write_record
from recbook.question import Essay
from recbook.questions import of_chapter

EXERCISES = of_chapter(CHAPTER)
ESSAYS = [each for each in EXERCISES if isinstance(each, Essay)]
POINTS = sum(each.points for each in EXERCISES)
CODE = next(each for each in EXERCISES if not isinstance(each, Essay))


def marks(share: float = 1.0, essays: float | None = None) -> list[Mark]:
    return [
        Mark(
            each.grade_id, essays if isinstance(each, Essay) else each.points * share, f"{each.grade_id}-code", "a hint"
        )
        for each in EXERCISES
    ]


@pytest.fixture
def out(course, tmp_path):
    """Four students: of Moodle's kind, of Canvas' kind, a login, and one who wants to run a formula."""
    out = tmp_path / "out"
    shutil.copytree(course, out)
    with (out / "nbgrader_config.py").open("a") as file:
        file.write("c.LateSubmissionPlugin.penalty_method = 'zero'\n")
    with open_gradebook(out) as book:
        record(book, CHAPTER, "Anna Müller_1234567", marks(1.0), "2026-11-20 10:00:00")
        record(book, CHAPTER, "doejane_42", marks(0.5, 0.0), "2026-11-20 10:00:00")
        record(book, CHAPTER, "jsmith", marks(1.0, 1.0), "2026-11-20 11:00:00")
        record(book, CHAPTER, '=HYPERLINK("http://x")_7', marks(0.0, 0.0))
        anna = book.find_grade(ESSAYS[0].grade_id, CHAPTER, CHAPTER, "Anna Müller_1234567")
        anna.manual_score, anna.needs_manual_grade = 1.5, False
        book.find_student("jsmith").first_name, book.find_student("jsmith").last_name = "John", "Smith"
        book.update_or_create_student("nobody", email="nobody@example.org")
        book.db.commit()
    return out


def rows(out, format):
    with (out / f"export-{format}.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


def table(out, format, key):
    header, *body = rows(out, format)
    return {row[header.index(key)]: dict(zip(header, row, strict=True)) for row in body}


def test_csv_has_a_column_an_exercise_and_marks_by_hand_count(out):
    done = export(out, "csv")
    assert (done.n_students, done.waiting) == (5, 1)
    found = table(out, "csv", "student")
    assert [name for name in rows(out, "csv")[0] if name.startswith(f"{CHAPTER}.")] == [each.id for each in EXERCISES]
    anna = found["Anna Müller_1234567"]
    assert (anna["name"], anna["id"], anna[ESSAYS[0].id], anna[ESSAYS[1].id]) == ("Anna Müller", "1234567", "1.5", "")
    assert float(anna[f"{CHAPTER} total"]) == POINTS - sum(each.points for each in ESSAYS) + 1.5
    assert anna[f"{CHAPTER} waiting"] == "1"
    assert found["nobody"][f"{CHAPTER} total"] == ""  # nothing handed in is not the same as 0 points
    assert found["jsmith"]["name"] == "John Smith"


def test_canvas_reads_it(out):
    """As lib/gradebook_importer.rb does: who is a student, which columns are assignments, which points are possible."""
    export(out, "canvas")
    header, possible, *students = rows(out, "canvas")
    assert header[:5] == ["Student", "ID", "SIS User ID", "SIS Login ID", "Section"]
    assert "Points Possible" in possible[0]
    ignored = ("Current Score", "Current Points", "Final Score", "Final Points", "Final Grade", "Override")
    assignments = [name for name in header[5:] if not any(word in name for word in ignored)]
    assert assignments == [each.id for each in EXERCISES]
    assert [float(possible[header.index(each.id)]) for each in EXERCISES] == [each.points for each in EXERCISES]
    assert possible[-1] == "(read only)"
    by_name = {row[0]: row for row in students}
    assert by_name["doejane"][1:4] == ["42", "", ""]
    assert by_name["Smith, John"][1:4] == ["", "", "jsmith"]
    assert by_name["Anna Müller"][header.index(ESSAYS[1].id)] == ""
    assert len({len(row) for row in (header, possible, *students)}) == 1


def test_moodle_reads_it(out):
    """As mod/assign/feedback/offline does: Participant and number, a grade, and "-" as the time of the last grade."""
    done = export(out, "moodle")
    found = table(out, "moodle", "Identifier")
    assert {"Identifier", "Grade", "Last modified (grade)"} <= set(rows(out, "moodle")[0])
    assert found["Participant 1234567"]["Grade"] == ""  # an essay waits: Moodle skips an empty grade
    assert done.waiting == 1
    jane = found["Participant 42"]
    assert float(jane["Grade"]) == sum(each.points for each in EXERCISES if not isinstance(each, Essay)) / 2
    assert (float(jane["Maximum Grade"]), jane["Last modified (grade)"]) == (POINTS, "-")
    assert "nobody" not in found  # has not handed in


def test_moodle_gets_the_number_of_the_assignment(out):
    """Moodle numbers people anew in each assignment; the folder has the number of the first one they handed in."""
    path = record_path(out, "doejane_42", CHAPTER)
    write_record(path, HandinRecord("doejane_42", CHAPTER, (), platform_id="4711"))
    export(out, "moodle")
    assert {"Participant 4711", "Participant 1234567"} <= table(out, "moodle", "Identifier").keys()


def test_an_answer_that_changed_after_it_was_marked_is_told_apart_from_one_without_a_mark(out):
    with open_gradebook(out) as book:
        for each in ESSAYS:
            grade = book.find_grade(each.grade_id, CHAPTER, CHAPTER, "Anna Müller_1234567")
            grade.manual_score, grade.needs_manual_grade = 1.0, each is ESSAYS[0]
        book.db.commit()
    done = export(out, "moodle")
    assert (done.waiting, done.changed) == (0, 1)
    assert table(out, "moodle", "Identifier")["Participant 1234567"]["Grade"]  # its old points count
    export(out, "csv")
    assert table(out, "csv", "student")["Anna Müller_1234567"][f"{CHAPTER} waiting"] == "1"


def test_a_wrong_folder_is_refused_and_left_as_it_is(tmp_path, out):
    (tmp_path / "wrong").mkdir()
    with pytest.raises(NothingGraded, match="wrong"):
        export(tmp_path / "wrong", "csv")
    assert not any((tmp_path / "wrong").iterdir())
    with pytest.raises(OutNotWritable, match="is a folder"):
        export(out, "csv", to=tmp_path)


def test_late_penalties_reach_every_format(out):
    with open_gradebook(out) as book:
        book.find_assignment(CHAPTER).duedate = datetime(2026, 11, 20, 10, 30)
        book.db.commit()
    for format in EXPORTERS:
        export(out, format)
    assert table(out, "csv", "student")["jsmith"][f"{CHAPTER} total"] == "0"
    assert table(out, "csv", "student")["jsmith"][f"{CHAPTER} hours late"] == "0.5"
    assert table(out, "moodle", "Identifier")["jsmith"]["Grade"] == "0"
    canvas = table(out, "canvas", "Student")["Smith, John"]
    assert float(canvas[f"{CHAPTER} late penalty"]) == -sum(float(canvas[each.id]) for each in EXERCISES)
    assert table(out, "canvas", "Student")["doejane"][f"{CHAPTER} late penalty"] == "0"


@pytest.mark.parametrize("format", sorted(EXPORTERS))
def test_no_cell_is_a_formula(out, format):
    export(out, format)
    for row in rows(out, format):
        for cell in row:
            assert cell in ("", "-") or (cell[0] not in "=+@\t\r" and not (cell[0] == "-" and not cell[1:2].isdigit()))
    assert any("'=HYPERLINK" in cell for row in rows(out, format) for cell in row)


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1+cmd", "@SUM(A1)", "\t=1", "\r=1", "＝1", "-"])
def test_text_is_never_a_formula(text):
    assert plain(text) == (text if text == "-" else f"'{text}")


def test_nbgraders_own_command_takes_the_plugins(out):
    command = [sys.executable, "-m", "nbgrader", "export", "--exporter=grader.export.CanvasExporter", "--to=mine.csv"]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}  # from there, nbgrader's command does not find the course
    done = subprocess.run(command, cwd=out, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    export(out, "canvas")
    assert (out / "mine.csv").read_bytes() == (out / "export-canvas.csv").read_bytes()


def test_what_cannot_be_exported_is_said(out, course, tmp_path):
    with pytest.raises(ExportProblem, match="canvas"):
        export(out, "blackboard")
    with pytest.raises(NothingGraded, match="no folder"):
        export(tmp_path / "nowhere", "csv")
    with pytest.raises(NothingGraded, match="softmax"):
        export(out, "csv", chapters=["softmax"])
    (tmp_path / "file").write_text("")
    with pytest.raises(OutNotWritable, match="file"):
        export(out, "csv", tmp_path / "file" / "x.csv")
    result = CliRunner().invoke(app, ["export", "--out", str(out), "--format", "xml"])
    assert result.exit_code == 2
    assert "error:" in result.stderr


# --- Feedback, written again ---------------------------------------------------------------------------------------


@pytest.fixture
def kept(out):
    """Anna's record and graded notebook, as grading keeps them."""
    exercises = tuple(
        ExerciseRecord(each.id, None if isinstance(each, Essay) else each.points, each.points,
                       "manual" if isinstance(each, Essay) else "right", code="SECRET CODE", answer_digest="DIGEST")
        for each in EXERCISES
    )  # fmt: skip
    student = "Anna Müller_1234567"
    write_record(record_path(out, student, CHAPTER), HandinRecord(student, CHAPTER, exercises, notes=("NOTE",)))
    test = nbformat.v4.new_code_cell("check()", metadata={"nbgrader": {"grade_id": CODE.grade_id, "solution": False}})
    test.outputs = [nbformat.v4.new_output("stream", text="REMARK OF THE GRADER")]
    own = nbformat.v4.new_code_cell("print(1)", outputs=[nbformat.v4.new_output("stream", text="my <own> output")])
    path = out / "autograded" / student / CHAPTER / f"{CHAPTER}.ipynb"
    path.parent.mkdir(parents=True)
    nbformat.write(nbformat.v4.new_notebook(cells=[own, test]), path)
    return student


def page(out, student):
    return (out / "feedback" / student / f"{CHAPTER}.html").read_text()


def test_pages_are_written_again_with_what_people_gave(out, kept):
    with open_gradebook(out) as book:
        book.find_comment(ESSAYS[0].grade_id, CHAPTER, CHAPTER, kept).manual_comment = "Good.\n<script>"
        graded = book.find_grade(CODE.grade_id, CHAPTER, CHAPTER, kept)
        graded.manual_score = 0.25
        book.find_comment(f"{CODE.grade_id}-code", CHAPTER, CHAPTER, kept).manual_comment = "Not your own."
        book.db.commit()
    pages, without = write_pages(out)
    assert [path.parent.name for path in pages] == [kept]
    assert len(without) == 3  # nothing is kept of the others
    html = page(out, kept)
    assert f"1.5 / {ESSAYS[0].points:g}" in html
    assert f"0.25 / {CODE.points:g}" in html
    assert "Good.\n&lt;script&gt;" in html
    assert "Not your own." in html
    assert "points given by a person" in html
    assert "1 exercise waits for a person" in html
    assert "my &lt;own&gt; output" in html
    for secret in ("SECRET CODE", "DIGEST", "NOTE", "REMARK", "check()", "jane", "HIDDEN"):
        assert secret not in html


def test_a_late_hand_in_is_told_what_it_lost(out, kept):
    with open_gradebook(out) as book:
        book.find_assignment(CHAPTER).duedate = datetime(2026, 11, 20, 9, 0)
        book.db.commit()
    write_pages(out, CHAPTER)
    assert "lost for handing in late" in page(out, kept)
    assert ": 0 of " in page(out, kept)


def test_a_page_without_notebook_or_exercise_still_comes(out, kept):
    shutil.rmtree(out / "autograded")
    pages, _ = write_pages(out)
    assert "Anna" in pages[0].read_text()
    with pytest.raises(NothingGraded, match="softmax"):
        write_pages(out, "softmax")
    result = CliRunner().invoke(app, ["feedback", "--out", str(out / "nowhere")])
    assert (result.exit_code, "error:" in result.stderr) == (2, True)
