"""A class is graded: what lands in the gradebook, the table, the feedback and the log; and what goes wrong kindly."""

import csv
import json
import os
import shutil
import subprocess
from collections import defaultdict

import nbformat
import pytest
from handin_files import CHAPTER, hand_in, only_definitions

from grader.errors import GradebookError, GraderError, NoHandins, OutNotWritable, UnknownChapter
from grader.figures import exercise_figures, misconceptions
from grader.gradebook import Mark, open_gradebook, record
from grader.grading import grade
from grader.likeness import alike_code, same_answers
from grader.records import read_records
from grader.references import SECRET_FILE, question_seed
from grader.report import given_code
from grader.results import prepare_out
from grader.standings import standings
from recbook.question import Essay
from recbook.questions import find, of_chapter

ESSAYS = [exercise for exercise in of_chapter(CHAPTER) if isinstance(exercise, Essay)]
N_EXERCISES = len(of_chapter(CHAPTER))


def read_rows(out):
    with (out / "grades.csv").open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def graded(tmp_path_factory, reference_handin, make_handin, isolation):
    """A small class with every kind of trouble, graded once, with two at a time."""

    def troubled(name, stub, solution):
        match name:
            case "sizes":
                return "1 / 0\n" + solution
            case "overlap_at_k":
                return solution.replace("/ k", "/ (k + 1)")
            case "join_attributes":
                return "import os\n" + solution.replace("    return", "    os._exit(0)\n    return")
            case "cold_start":
                return "def something_else():\n    print('A private word')"
            case "new_user":
                return solution + "\nprint('<script>alert(1)</script>')"
        return solution

    folder = tmp_path_factory.mktemp("class")
    submitted, out = folder / "submitted", folder / "out"
    hand_in(submitted, "anna", only_definitions(reference_handin))
    hand_in(submitted, "ben", only_definitions(make_handin(troubled)))
    hand_in(submitted, "carl", b"")
    hand_in(submitted, "dora ü=;", b"{")
    (submitted / "emil" / CHAPTER).mkdir(parents=True)
    (submitted / "fay" / "another chapter").mkdir(parents=True)
    summary = grade(CHAPTER, submitted, out, jobs=2, isolation=isolation)
    return summary, submitted, out


def rows_of(out, student):
    return {row["exercise"].partition(".")[2]: row for row in read_rows(out) if row["student"] == student}


def test_every_student_has_a_row_for_every_exercise(graded):
    _, _, out = graded
    count = defaultdict(int)
    for row in read_rows(out):
        count[row["student"]] += 1
        assert float(row["max_points"]) == find(row["exercise"]).points
    assert dict(count) == dict.fromkeys(["anna", "ben", "carl", "dora ü=;", "emil"], N_EXERCISES)


def test_who_has_handed_in_nothing_has_no_marks_and_is_named(graded):
    summary, _, out = graded
    assert summary.absent == ("fay",)
    assert not (out / "feedback" / "fay").exists()
    with open_gradebook(out) as book:
        assert "fay" not in standings(book, CHAPTER)


def test_the_reference_gets_all_points_but_those_a_person_gives(graded):
    _, _, out = graded
    for row in read_rows(out):
        if row["student"] == "anna":
            is_essay = isinstance(find(row["exercise"]), Essay)
            assert (row["verdict"], row["points"]) == (("manual", "") if is_essay else ("right", row["max_points"])), (
                row
            )


def test_each_trouble_costs_its_own_exercise_and_says_why(graded):
    _, _, out = graded
    rows = rows_of(out, "ben")
    hints = {
        "sizes": "ZeroDivisionError", "overlap_at_k": "", "join_attributes": "ended the whole program",
        "cold_start": "No cell of the notebook defines `cold_start`",
    }  # fmt: skip
    for name, row in rows.items():
        if name in hints:
            assert row["verdict"] != "right", row
            assert float(row["points"]) < float(row["max_points"]), row
            assert row["hint"], row
            assert hints[name] in row["hint"], row
        elif isinstance(find(row["exercise"]), Essay):
            assert (row["points"], row["hint"]) == ("0", "There is no answer in this cell.")
        else:
            assert row["verdict"] == "right", row


@pytest.mark.parametrize(("student", "reason"), [("carl", "empty"), ("dora ü=;", "not JSON"), ("emil", "no notebook")])
def test_what_cannot_be_read_has_0_points_and_the_reason(graded, student, reason):
    summary, _, out = graded
    for row in rows_of(out, student).values():
        assert (row["points"], row["verdict"]) == ("0", "error")
        assert reason in row["hint"]
    assert any(reason in problem for problem in summary.problems)
    assert reason in (out / "feedback" / student / f"{CHAPTER}.html").read_text()


def test_the_gradebook_has_the_same_marks(graded):
    _, _, out = graded
    with open_gradebook(out) as book:
        for row in read_rows(out):
            found = book.find_grade(find(row["exercise"]).grade_id, CHAPTER, CHAPTER, row["student"])
            assert found.auto_score == (float(row["points"]) if row["points"] else None)
            assert found.needs_manual_grade == (not row["points"])
            assert found.max_score == float(row["max_points"])
        comment = book.find_comment(f"{CHAPTER}-sizes-code", CHAPTER, CHAPTER, "ben").comment
        assert "ZeroDivisionError" in comment


def test_formgrader_finds_a_valid_graded_notebook(graded):
    _, _, out = graded
    path = out / "autograded" / "ben" / CHAPTER / f"{CHAPTER}.ipynb"
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    marked = [cell.metadata.nbgrader.grade_id for cell in notebook.cells if "nbgrader" in cell.metadata]
    assert len(marked) == len(set(marked))
    assert {exercise.grade_id for exercise in of_chapter(CHAPTER)} <= set(marked)
    assert "award(" not in path.read_text()


def test_feedback_shows_marks_hints_and_own_outputs_only(graded):
    _, _, out = graded
    page = (out / "feedback" / "ben" / f"{CHAPTER}.html").read_text()
    for secret in ("award(", "HIDDEN TESTS", "anna", "carl", (out / SECRET_FILE).read_text().strip()):
        assert secret not in page
    assert "A private word" not in page  # printed only when called
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<script" not in page
    assert "No cell of the notebook defines <code>cold_start</code>" in page


def test_the_log_tells_what_happened(graded):
    _, _, out = graded
    events = [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]
    assert events[0]["event"] == "start"
    assert events[-1]["event"] == "end"
    by_student = {event["student"]: event for event in events if event["event"] == "graded"}
    assert by_student["ben"]["starts"] == 2
    assert by_student["anna"]["cpu_seconds"] > 0
    assert {event["student"] for event in events if event["event"] == "trouble"} == {"carl", "dora ü=;", "emil"}


def test_what_nobody_touched_is_no_misconception_and_no_sign_of_copying(release, make_handin, isolation, tmp_path):
    def layout(name, stub, solution):
        return stub.replace("\n", "  \n") + "\n\n" if name != "evaluate" else stub + "\n# mine"

    submitted, out = tmp_path / "submitted", tmp_path / "out"
    hand_in(submitted, "ulla", only_definitions(release))
    hand_in(submitted, "vera", only_definitions(make_handin(layout)))
    grade(CHAPTER, submitted, out, isolation=isolation)
    ulla, vera = read_records(out, CHAPTER)
    assert [each.untouched for each in ulla.exercises] == [each.verdict != "manual" for each in ulla.exercises]
    changed = {each.exercise for each in vera.exercises if not each.untouched and each.verdict != "manual"}
    assert changed == {f"{CHAPTER}.evaluate"}
    for each in exercise_figures([ulla]):
        assert each.outcomes["left empty"] == 1, each
    assert not misconceptions([ulla])
    assert {each.exercise for each in misconceptions([ulla, vera])} == changed
    assert same_answers([ulla, vera]) == ([], [])
    assert alike_code([ulla, vera], given_code(CHAPTER)) == []
    hunt = next(each for each in ulla.exercises if each.mistake)
    assert hunt.hint.split("`")[0].split("'")[0] in (out / "feedback" / "ulla" / f"{CHAPTER}.html").read_text()


def test_grading_again_gives_the_same_and_loses_nothing(graded, isolation, tmp_path):
    _, submitted, first = graded
    out = tmp_path / "out"
    shutil.copytree(first, out)
    essay = ESSAYS[0]
    with open_gradebook(out) as book:
        by_hand = book.find_grade(essay.grade_id, CHAPTER, CHAPTER, "anna")
        by_hand.manual_score, by_hand.needs_manual_grade = 1.5, False
        book.db.commit()
    later = tmp_path / "submitted"
    shutil.copytree(submitted / "anna", later / "anna")
    hand_in(later, "fritz", b"")
    grade(CHAPTER, later, out, isolation=isolation)

    before = {(row["student"], row["exercise"]): row for row in read_rows(first)}
    after = {(row["student"], row["exercise"]): row for row in read_rows(out)}
    assert after[("anna", essay.id)]["points"] == "1.5"
    changed = {key for key in before if before[key] != after[key]}
    assert changed == {("anna", essay.id)}
    assert {student for student, _ in after.keys() - before.keys()} == {"fritz"}
    with open_gradebook(out) as book:
        kept = book.find_grade(essay.grade_id, CHAPTER, CHAPTER, "anna")
        assert (kept.manual_score, kept.needs_manual_grade) == (1.5, False)
        assert book.find_submission(CHAPTER, "ben").score > 0


def test_marks_are_written_all_or_none(course, tmp_path):
    out = tmp_path / "course"
    shutil.copytree(course, out)
    exercise = of_chapter(CHAPTER)[0]
    with open_gradebook(out) as book:
        with pytest.raises(GraderError, match="no-such-cell"):
            record(book, CHAPTER, "anna", [Mark(exercise.grade_id, 1.0), Mark("no-such-cell", 1.0)])
        assert book.students == []


def test_cases_are_secret_and_stay_the_same(graded):
    _, _, out = graded
    path = out / SECRET_FILE
    assert path.stat().st_mode & 0o077 == 0
    secret = path.read_text().strip()
    assert question_seed(secret, "a.b") == question_seed(secret, "a.b")
    assert len({question_seed(s, id) for s in (secret, "other") for id in ("a.b", "a.c")}) == 4


def test_an_unknown_chapter_is_an_error(tmp_path):
    with pytest.raises(UnknownChapter, match="autoencoder"):
        grade("autoencodr", tmp_path, tmp_path / "out")


def test_no_submissions_is_an_error_and_leaves_no_trace(tmp_path):
    with pytest.raises(NoHandins):
        grade(CHAPTER, tmp_path / "nowhere", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_broken_gradebook_is_an_error_and_is_left_alone(isolation, tmp_path):
    hand_in(tmp_path / "submitted", "anna", b"")
    (tmp_path / "out").mkdir()
    path = tmp_path / "out" / "gradebook.db"
    path.write_text("no database, but long enough to look at " * 9)
    with pytest.raises(GradebookError, match=r"gradebook\.db"):
        grade(CHAPTER, tmp_path / "submitted", tmp_path / "out", isolation=isolation)
    assert path.read_text().startswith("no database")


def test_a_place_that_cannot_be_written_to_is_an_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutNotWritable, match="file"):
        prepare_out(tmp_path / "file" / "out")
    with pytest.raises(OutNotWritable, match="file"):
        prepare_out(tmp_path / "file")


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root; without root permissions do the same")
def test_a_read_only_place_is_an_error_also_for_root(tmp_path):
    script = (
        f"mount -t tmpfs -o ro tmpfs {tmp_path} && exec python -c "
        f"\"from pathlib import Path; from grader.results import prepare_out; prepare_out(Path('{tmp_path}/out'))\""
    )
    command = ["unshare", "--mount", "sh", "-c", script.replace("exec python", f"exec {os.sys.executable}")]
    done = subprocess.run(command, capture_output=True, text=True)
    if "Operation not permitted" in done.stderr and "OutNotWritable" not in done.stderr:
        pytest.skip("this machine allows no mounts")
    assert "OutNotWritable" in done.stderr
    assert "Read-only" in done.stderr
