"""The report: its numbers against numbers worked out by hand, and a page that is whole, harmless and readable."""

import json
import math
import os
import re
import shutil
import time
from dataclasses import asdict, replace
from html.parser import HTMLParser

import numpy as np
import pytest
from handin_files import CHAPTER
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from made_records import NOT_FILLED_IN, records_of
from typer.testing import CliRunner

from grader.cli import app
from grader.errors import GradebookError
from grader.figures import (
    discriminations,
    exercise_figures,
    mean_shares,
    misconceptions,
    outcome,
    points_table,
    remarks,
)
from grader.gradebook import Mark, open_gradebook, record
from grader.likeness import alike_code, fingerprints, same_answers
from grader.records import ExerciseRecord, HandinRecord, read_record, record_path, write_record
from grader.report import as_they_stand, given_code, report, report_page
from grader.simulate import simulate
from grader.standings import standings
from recbook.question import Essay, Question
from recbook.questions import of_chapter

HOSTILE = '<script>alert("1")</script><img src=x onerror=alert(2)>'


def exercise(id="toy.a", points=1.0, max_points=2.0, verdict="", **more):
    verdict = verdict or ("right" if points == max_points else "wrong")
    return ExerciseRecord(id, points, max_points, verdict, **more)


def handin(student, *exercises, **more):
    return HandinRecord(student, "toy", exercises, **more)


def page(records, given=()):
    return report_page("toy", records, dict(given))


# --- Numbers -------------------------------------------------------------------------------------------------------

#: Four hand-ins (rows), three exercises (columns) of 2, 4 and 1 points; one essay is not marked yet.
POINTS = [[2, 4, 1], [2, 2, 0], [1, 0, 1], [0, 0, None]]
FOUR = [
    handin(f"s{row}", exercise("t.a", a, 2), exercise("t.b", b, 4), exercise("t.c", c, 1))
    for row, (a, b, c) in enumerate(POINTS)
]  # fmt: skip


def test_difficulty_is_the_mean_share_of_the_points():
    a, b, c = exercise_figures(FOUR)
    assert (a.mean_share, b.mean_share, c.mean_share) == pytest.approx((5 / 8, 6 / 16, 2 / 3))
    assert (a.n, b.n, c.n) == (4, 4, 3)


def test_discrimination_is_the_correlation_with_the_other_exercises():
    a, b, c = exercise_figures(FOUR)
    assert a.discrimination == pytest.approx(np.corrcoef([2, 2, 1, 0], [5, 2, 1, 0])[0, 1])
    assert b.discrimination == pytest.approx(np.corrcoef([4, 2, 0, 0], [3, 2, 2, 0])[0, 1])
    assert c.discrimination == pytest.approx(np.corrcoef([1, 0, 1], [6, 4, 1])[0, 1])


def test_what_cannot_be_computed_is_nan_and_shown_as_a_dash():
    (only,) = exercise_figures([handin("anna", exercise(points=2.0))])
    assert only.mean_share == 1
    assert math.isnan(only.discrimination)
    (essay,) = exercise_figures([handin("anna", exercise(points=None, verdict="manual"))])
    assert math.isnan(essay.mean_share)
    assert "nan" not in page([handin("anna", exercise(points=None, verdict="manual"))]).lower().replace("finance", "")


def test_unreadable_hand_ins_say_nothing_about_an_exercise():
    broken = handin("zoe", exercise(points=0.0, verdict="error"), problem="The file is empty.")
    faulty = handin("yan", exercise(points=0.0, verdict="error"), fault="Traceback")
    (figures,) = exercise_figures([handin("anna", exercise(points=2.0)), broken, faulty])
    assert (figures.n, figures.mean_share, figures.outcomes["error"]) == (1, 1, 0)
    assert not misconceptions([broken])


def test_misconceptions_are_counted_by_exercise_and_the_common_ones_come_first():
    known = [("t.b", "rare", "R"), ("t.a", "few", "F"), ("t.a", "many", "M"), ("t.a", "many", "M")]
    records = [
        handin(f"s{i}", exercise("t.a", 2.0) if id != "t.a" else exercise(id, 0.0, mistake=name, hint=hint),
               exercise("t.b", 2.0) if id != "t.b" else exercise(id, 0.0, mistake=name, hint=hint))
        for i, (id, name, hint) in enumerate(known)
    ]  # fmt: skip
    found = [(each.exercise, each.name, each.hint, each.count, each.share) for each in misconceptions(records)]
    assert found == [("t.a", "many", "M", 2, 0.5), ("t.a", "few", "F", 1, 0.25), ("t.b", "rare", "R", 1, 0.25)]


def test_outcomes_add_up():
    done = [
        exercise(points=2.0), exercise(mistake="m"), exercise(), exercise(verdict="error"), exercise(verdict="timeout"),
        exercise(points=0.0, hint=NOT_FILLED_IN), exercise(points=None, verdict="manual"),
        exercise(points=1.0, verdict="manual"),
    ]  # fmt: skip
    (figures,) = exercise_figures([handin(str(i), each) for i, each in enumerate(done)])
    assert set(figures.outcomes.values()) == {1}


def test_an_exercise_that_nobody_touched_is_left_empty_and_no_misconception():
    """A bug hunt is handed out with a known mistake in it."""
    released = exercise("t.hunt", 0.0, mistake="gradients_not_cleared", hint="Nobody clears them.", untouched=True)
    own = replace(released, untouched=False)
    (figures,) = exercise_figures([handin("a", released), handin("b", released), handin("c", own)])
    assert (figures.outcomes["left empty"], figures.outcomes["known mistake"]) == (2, 1)
    assert [each.count for each in misconceptions([handin("a", released), handin("b", own)])] == [1]
    assert "No known mistake was recognised." in page([handin("a", released), handin("b", released)])
    assert outcome(replace(released, mistake="", verdict="error")) == "left empty"
    assert outcome(replace(released, verdict="right")) == "right"


def test_records_of_before_this_was_kept_can_be_read(tmp_path):
    old = asdict(handin("anna", exercise(mistake="m")))
    for each in old["exercises"]:
        del each["untouched"]
    path = tmp_path / "old.json"
    path.write_text(json.dumps(old))
    assert read_record(path) == handin("anna", exercise(mistake="m"))


def test_essays_that_wait_are_not_in_the_mean_share():
    empty = exercise("t.e", 0.0, 3, "manual", hint="There is no answer in this cell.")
    waits, read = exercise("t.e", None, 3, "manual"), exercise("t.e", 1.5, 3, "manual")
    class_ = [handin("a", empty), handin("b", waits), handin("c", waits)]
    (figures,) = exercise_figures(class_)
    assert math.isnan(figures.mean_share)  # only the empty one has points, by itself
    assert (figures.n, figures.waiting) == (1, 2)
    assert '–<br><span class="soft">2 wait</span>' in page(class_)
    (figures,) = exercise_figures([*class_, handin("d", read)])
    assert (figures.mean_share, figures.waiting) == (0.25, 2)
    (figures,) = exercise_figures([handin("a", empty), handin("d", read)])
    assert (figures.mean_share, figures.waiting) == (0.25, 0)


def test_notes_are_grouped_by_what_they_say():
    notes = [
        ("a", "Cell 3 has the mark 'x' of an earlier cell."), ("b", "Cell 14 has the mark 'y' of an earlier cell."),
        ("b", "Cell 15 has the mark 'z' of an earlier cell."), ("c", "Not found in the hand-in: p, q."),
    ]  # fmt: skip
    first, second = remarks(notes)
    assert (first.count, first.students, second.count) == (2, ("a", "b"), 1)
    assert (first.kind, first.detail) == ("Cell … has the mark … of an earlier cell.", notes[0][1])


def test_a_note_is_told_once_and_in_words():
    note = "4 cells have lost nbgrader's mark: found by the content."
    assert [(each.kind, each.detail) for each in remarks([("a", note), ("b", note)])] == [(note, "")]
    (both,) = remarks([("a", note), ("b", note.replace("4", "5"))])
    assert (both.kind, both.detail) == ("… cells have lost nbgrader's mark: …", note)
    (lists,) = remarks([("a", "Not found: `fit`, `<b>`."), ("b", "Not found: `train`.")])
    assert (lists.kind, lists.detail) == ("Not found: …", "`fit`, `<b>`.")
    html = page([handin("a", notes=("Not found: `fit`, `<b>`.", note)), handin("b", notes=("Not found: `train`.",))])
    assert "<td>Not found: …<p" in html
    assert "Such as: <code>fit</code>, <code>&lt;b&gt;</code>." in html
    assert html.count("cells have lost") == 1


tables = st.tuples(st.integers(1, 12), st.integers(1, 6)).flatmap(
    lambda shape: arrays(float, shape, elements=st.one_of(st.just(math.nan), st.floats(0, 4, width=16)))
)


@settings(deadline=None, max_examples=60)
@given(tables)
def test_difficulty_and_discrimination_stay_within_their_bounds(points):
    shares = mean_shares(points, np.full(points.shape[1], 4.0))
    assert np.all(np.isnan(shares) | ((shares >= 0) & (shares <= 1)))
    assert np.all(np.isnan(shares) == np.isnan(points).all(axis=0))
    found = discriminations(points)
    assert np.all(np.isnan(found) | ((found >= -1) & (found <= 1)))
    shuffled = np.random.default_rng(0).permutation(len(points))
    np.testing.assert_allclose(discriminations(points[shuffled]), found, atol=1e-6)


@settings(deadline=None, max_examples=30)
@given(tables)
def test_the_table_of_points_holds_what_the_records_say(points):
    ids = [f"t.{column}" for column in range(points.shape[1])]
    records = [
        handin(str(row), *(exercise(id, None if math.isnan(p) else p, 4.0) for id, p in zip(ids, values, strict=True)))
        for row, values in enumerate(points)
    ]
    np.testing.assert_array_equal(points_table(records, ids), points)


# --- Alike ---------------------------------------------------------------------------------------------------------

OWN = """\
def total_of(rows, weights):
    {a} = []
    for {b}, weight in zip(rows, weights):
        if weight > 0 and len({b}) > 1:
            {a}.append(max({b}[0] - weight, 0) * sum({b}[1:]) ** 2)
    return sorted({a}, reverse=True)[: len(rows) // 2]
"""
OTHER = """\
def total_of(rows, weights):
    import numpy as np
    table = np.asarray([row + [0] * (9 - len(row)) for row in rows], dtype=float)
    return (table @ np.ones(table.shape[1]) / np.where(weights == 0, 1, weights)).tolist()
"""


def test_names_comments_docstrings_and_layout_do_not_hide_a_copy():
    mine = OWN.format(a="found", b="row")
    theirs = "# all mine\n" + OWN.format(a="x1", b="y").replace(":\n    x1", ':\n    """Mine."""\n\n    x1', 1)
    records = [handin("a", exercise(code=mine)), handin("b", exercise(code=theirs)), handin("c", exercise(code=OTHER))]
    (pair,) = alike_code(records, {})
    assert (pair.students, pair.exercises) == (("a", "b"), ("toy.a",))
    assert pair.share > 0.9
    assert pair.code == (mine, theirs)


def test_what_is_given_or_common_is_not_suspicious():
    mine = OWN.format(a="found", b="row")
    two = [handin("a", exercise(code=mine)), handin("b", exercise(code=mine))]
    assert alike_code(two, {})
    assert not alike_code(two, {"toy.a": [mine]})
    assert not alike_code([handin(str(i), exercise(code=mine)) for i in range(11)], {})


def test_short_code_has_no_face():
    two = [handin(name, exercise(code="def f(x):\n    return x + 1")) for name in "ab"]
    assert not alike_code(two, {})


@pytest.mark.parametrize("code", ["def f(:\n  nonsense ((", "\x00", "x" * 30_000, "é" * 50, "-" * 5_000 + "1", " "])
def test_any_code_has_fingerprints(code):
    assert fingerprints(code).ndim == 1
    alike_code([handin("a", exercise(code=code)), handin("b", exercise(code=code))], {})


def test_equal_wrong_answers_are_a_trace_when_few_share_them_and_a_misconception_when_many_do():
    wrong = exercise("t.a", 0.0, answer_digest="d")
    few, _ = same_answers([handin("a", wrong), handin("b", wrong), handin("c", replace(wrong, answer_digest="e"))])
    assert [(pair.students, pair.exercises) for pair in few] == [(("a", "b"), ("t.a",))]
    few, many = same_answers([handin(str(i), wrong) for i in range(6)])
    assert not few
    assert [(each.exercise, len(each.students)) for each in many] == [("t.a", 6)]


@pytest.mark.parametrize(
    "change",
    [
        {"mistake": "known"},
        {"verdict": "right"},
        {"verdict": "timeout"},
        {"hint": NOT_FILLED_IN},
        {"answer_digest": ""},
    ],
)
def test_explained_answers_are_no_trace(change):
    each = replace(exercise("t.a", 0.0, answer_digest="d"), **change)
    assert same_answers([handin("a", each), handin("b", each)]) == ([], [])


# --- The page ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def thirty(tmp_path_factory, release):
    return records_of(simulate(CHAPTER, 30, 0, tmp_path_factory.mktemp("thirty"), release=release), CHAPTER)


@pytest.fixture(scope="module")
def thirty_page(thirty):
    return report_page(CHAPTER, thirty, given_code(CHAPTER))


class Tags(HTMLParser):
    def __init__(self, html):
        super().__init__()
        self.found = []
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))


def test_the_copy_of_the_simulated_class_is_found_and_nobody_else(thirty, tmp_path, release):
    (copy,) = [each for each in simulate(CHAPTER, 30, 0, tmp_path, release=release) if each.kind == "copy"]
    own_faults = {question.id for question in of_chapter(CHAPTER) if isinstance(question, Question)}
    own_faults -= copy.right | copy.wrong
    (pair,) = alike_code([record for record in thirty if not record.problem], given_code(CHAPTER))
    assert copy.student in pair.students
    answers, _ = same_answers(thirty)
    assert set(answers[0].students) == set(pair.students)
    assert set(answers[0].exercises) == own_faults


def test_the_page_is_self_contained_and_its_pictures_are_described(thirty_page):
    tags = Tags(thirty_page).found
    assert not {"script", "link", "iframe", "object"} & {tag for tag, _ in tags}
    pictures = [attributes for tag, attributes in tags if tag == "img"]
    assert len(pictures) == 6
    for picture in pictures:
        assert picture["src"].startswith("data:image/svg+xml;base64,")
        assert len(picture["alt"]) > 40
    assert not re.search(r"(src|href)=[\"']?(https?:)?//", thirty_page)
    assert "default-src 'none'" in thirty_page
    assert re.search(r"\.wide \{[^}]*no-repeat local[^}]*no-repeat scroll", thirty_page)  # says that there is more
    assert len(thirty_page) < 2_000_000


def test_the_page_names_mistakes_hints_problems_and_events(thirty_page, thirty):
    mistakes = misconceptions(thirty)
    assert len(mistakes) > 30
    assert all(f"<strong>{each.words}</strong>" in thirty_page for each in mistakes)
    assert "The file is empty." in thirty_page
    assert "the limit of 8.0 s of CPU time was hit" in thirty_page
    assert "A loss that looks only at ratings" in thirty_page


def test_nothing_hostile_becomes_html():
    digest = {"answer_digest": "d", "code": HOSTILE + OWN.format(a="f", b="r"), "hint": HOSTILE}
    records = [
        handin(
            f"{HOSTILE}{i}", exercise("toy.a", 0.0, **digest), exercise("toy.b", 0.0, mistake=HOSTILE, hint=HOSTILE),
            notes=(HOSTILE,), events=(HOSTILE,),
        )
        for i in range(6)
    ]  # fmt: skip
    records += [handin(HOSTILE, problem=HOSTILE), handin(HOSTILE, fault=HOSTILE)]
    for class_ in (records, records[:2], records[6:]):
        html = page(class_)
        tags = Tags(html).found
        assert not {"script"} & {tag for tag, _ in tags}
        assert not [name for _, attributes in tags for name in attributes if name.startswith("on")]
        assert all(attributes["src"].startswith("data:") for tag, attributes in tags if tag == "img")
        assert "&lt;script&gt;" in html


@pytest.mark.parametrize(
    "records",
    [
        [handin("anna", exercise(points=2.0))],
        [handin("anna", exercise(points=0.0))],
        [handin("anna")],
        [handin("anna", exercise(points=0.0, verdict="error"), problem="The file is empty.")],
        [handin(str(i), exercise(points=0.0), exercise("toy.b", 0.0)) for i in range(12)],
        [handin(str(i), exercise(points=2.0), exercise("toy.b", None, verdict="manual")) for i in range(12)],
        [handin("anna", exercise(points=0.0, max_points=0.0))],
    ],
    ids=["one right", "one wrong", "no exercise", "none readable", "all wrong", "all right", "worth nothing"],
)
def test_any_class_makes_a_page(records):
    html = page(records)
    assert "</html>" in html
    assert f"<dd>{len(records)}</dd>" in html


def test_a_large_class_is_quick(thirty):
    """100 hand-ins, each a little different from all others, so that nothing is looked up twice."""
    read = [record for record in thirty if not record.problem]
    records = []
    for number in range(100):
        record = read[number % len(read)]
        done = tuple(replace(each, code=f"{each.code}\nunused_{number} = {number}") for each in record.exercises)
        records.append(replace(record, student=f"{record.student} {number}", exercises=done))
    began = time.process_time()
    html = report_page(CHAPTER, records, given_code(CHAPTER))
    assert time.process_time() - began < 15  # most of it to start; 1,000 take 30 s
    assert len(html) < 2_000_000


# --- The page and the gradebook ------------------------------------------------------------------------------------

EXERCISES = of_chapter(CHAPTER)
ESSAYS = [each for each in EXERCISES if isinstance(each, Essay)]
CODE = next(each for each in EXERCISES if isinstance(each, Question))
CODE_POINTS = sum(each.points for each in EXERCISES if isinstance(each, Question))


@pytest.fixture
def out(course, tmp_path):
    """Results as `grade` leaves them: all code is right; Anna and Ben wrote their essays, Carl left them empty."""
    out = tmp_path / "out"
    shutil.copytree(course, out)
    with open_gradebook(out) as book:
        for student in ("anna", "ben", "carl"):
            done = []
            for each in EXERCISES:
                if isinstance(each, Question):
                    done.append(ExerciseRecord(each.id, each.points, each.points, "right"))
                elif student == "carl":
                    done.append(ExerciseRecord(each.id, 0.0, each.points, "manual", hint="There is no answer."))
                else:
                    done.append(ExerciseRecord(each.id, None, each.points, "manual"))
            record(book, CHAPTER, student, [Mark(e.exercise.replace(".", "-"), e.points) for e in done])
            write_record(record_path(out, student, CHAPTER), HandinRecord(student, CHAPTER, tuple(done)))
    return out


def give(out, student, exercise, points):
    """As a person does in formgrader."""
    with open_gradebook(out) as book:
        grade = book.find_grade(exercise.grade_id, CHAPTER, CHAPTER, student)
        grade.manual_score, grade.needs_manual_grade = points, False
        book.db.commit()


def figures_of(out, exercise):
    with open_gradebook(out) as book:
        records = [read_record(record_path(out, student, CHAPTER)) for student in ("anna", "ben", "carl")]
        found = exercise_figures(as_they_stand(records, standings(book, CHAPTER)))
    return next(each for each in found if each.exercise == exercise.id)


def test_marks_that_people_gave_count_in_the_report(out):
    html = report(CHAPTER, out).read_text()
    assert f"{2 * len(ESSAYS)} answers wait for a person and count 0 so far." in html
    assert f"{CODE_POINTS:.1f} points on average" in html

    for student in ("anna", "ben"):
        for essay in ESSAYS:
            give(out, student, essay, essay.points)
    give(out, "ben", CODE, 0.0)
    html = report(CHAPTER, out).read_text()
    assert "answers wait" not in html
    total = 3 * CODE_POINTS - CODE.points + 2 * sum(essay.points for essay in ESSAYS)
    assert f"{total / 3:.1f} points on average" in html
    essay, code = figures_of(out, ESSAYS[0]), figures_of(out, CODE)
    assert (essay.mean_share, essay.n) == (pytest.approx(2 / 3), 3)
    assert (essay.outcomes["read by a person"], essay.outcomes["left empty"]) == (2, 1)
    assert (code.mean_share, code.outcomes["right"]) == (pytest.approx(2 / 3), 3)


def test_a_gradebook_that_is_missing_or_broken_is_an_error_and_stays_so(out):
    path = out / "gradebook.db"
    path.rename(out / "away.db")
    with pytest.raises(GradebookError, match=r"gradebook\.db"):
        report(CHAPTER, out)
    assert not path.exists()
    path.write_text("no database, but long enough to look at " * 9)
    done = CliRunner().invoke(app, ["report", CHAPTER, "--out", str(out)])
    assert done.exit_code == 2
    assert "cannot be used as a gradebook" in " ".join(done.output.split())
    assert not (out / "report").exists()


def test_the_command_writes_the_page(out):
    done = CliRunner().invoke(app, ["report", CHAPTER, "--out", str(out)])
    assert done.exit_code == 0, done.output
    assert "anna" in (out / "report" / f"{CHAPTER}.html").read_text("utf-8")


def test_without_records_it_says_what_to_do(tmp_path):
    done = CliRunner().invoke(app, ["report", CHAPTER, "--out", str(tmp_path)])
    assert done.exit_code == 2
    assert f"grader grade {CHAPTER}" in " ".join(done.output.split())


@pytest.mark.slow
@pytest.mark.parametrize("width", [1200, 390])
def test_a_browser_shows_it_without_complaint(thirty_page, tmp_path, width):
    playwright = pytest.importorskip("playwright.sync_api")
    browser_path = shutil.which("chromium") or os.environ.get("CHROMIUM")
    if not browser_path:
        pytest.skip("no Chromium")
    path = tmp_path / "report.html"
    path.write_text(thirty_page, "utf-8")
    said = []
    with playwright.sync_playwright() as running:
        browser = running.chromium.launch(executable_path=browser_path, args=["--no-sandbox", "--disable-gpu"])
        tab = browser.new_page(viewport={"width": width, "height": 900})
        tab.on("console", lambda message: said.append(message.text))
        tab.on("pageerror", lambda error: said.append(str(error)))
        tab.goto(path.as_uri())
        assert tab.evaluate("[...document.images].every(image => image.complete && image.naturalWidth > 0)")
        assert tab.evaluate("document.documentElement.scrollWidth") <= width
        # An id is broken behind a dot or an underscore only.
        pieces = tab.evaluate(
            """[...document.querySelectorAll("th code")].flatMap(code => {
                const lines = [];
                for (const node of code.childNodes) for (let i = 0; i < (node.data ?? "").length; i++) {
                    const range = document.createRange();
                    range.setStart(node, i);
                    range.setEnd(node, i + 1);
                    const top = range.getBoundingClientRect().top;
                    if (lines.at(-1)?.top !== top) lines.push({top, text: ""});
                    lines.at(-1).text += node.data[i];
                }
                return lines.slice(0, -1).map(line => line.text);
            })"""
        )
        assert all(piece[-1] in "._" for piece in pieces), pieces
        browser.close()
    assert said == []
