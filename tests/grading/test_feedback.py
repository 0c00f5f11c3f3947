"""The feedback page: self-contained, and nothing a student's code printed can run or load anything in it."""

import base64
import re
import shutil

import pytest
from handin_files import CHAPTER

from grader.feedback import FeedbackRow, clean, comment_html, feedback_page, show_output, write_pages
from grader.gradebook import Mark, open_gradebook, record
from grader.records import ExerciseRecord, HandinRecord, record_path, write_record
from recbook.question import Essay
from recbook.questions import of_chapter

PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n" + b"0" * 40).decode()
ROWS = [
    FeedbackRow("toy.a", "First <one>", 2.0, 2.0, "right", ""),
    FeedbackRow("toy.b", "Second", 0.5, 3.0, "wrong", "You used `<script>`, not `sum`."),
    FeedbackRow("toy.c", "Essay", None, 4.0, "manual", ""),
]


def page(**changed):
    values = {"student": "anna <b>", "chapter": "toy", "title": "Toys", "rows": ROWS} | changed
    return feedback_page(**values)


def test_marks_hints_and_total_are_there():
    html = page()
    assert "2.5 of 9 points; 1 exercise waits for a person" in html
    assert "You used <code>&lt;script&gt;</code>, not <code>sum</code>." in html
    assert "0.5 / 3" in html
    assert "First &lt;one&gt;" in html
    assert "<code>toy.<wbr>a</code>" in html
    assert "anna &lt;b&gt;" in html


def test_a_hand_in_that_could_not_be_read_says_so():
    assert "The file is empty." in page(problem="The file is empty.")


@pytest.mark.parametrize(
    "html",
    [
        "<script>alert(1)</script>",
        "<SCRIPT src=//evil>",
        "<scr<script>ipt>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        '<a href="javascript:alert(1)">x</a>',
        "<table onclick='alert(1)'><tr><td style='background:url(//evil)'>1</td></tr></table>",
        "<style>body{display:none}</style>",
        "<svg/onload=alert(1)>",
        "<iframe srcdoc='<script>alert(1)</script>'>",
        "<math><mi//xlink:href='data:x,<script>alert(1)</script>'>",
        "<meta http-equiv=refresh content='0;url=//evil'>",
        "<form action=//evil><input></form>",
        "<!--><script>alert(1)</script>-->",
    ],
)
def test_html_outputs_are_cleaned(html):
    output = {"output_type": "display_data", "data": {"text/html": html, "text/plain": html}}
    shown = page(cells=[(0, html, [output, {"output_type": "stream", "name": html, "text": html}], False)])
    body = shown.partition("What your notebook showed")[2]
    tags = set(re.findall(r"<\s*([a-zA-Z]+)", body))
    assert tags <= {"p", "details", "summary", "code", "div", "pre", "table", "tbody", "tr", "td", "h"}, tags
    assert not re.search(r"<[^>]*\b(on\w+|style|href|src)\s*=", body)


def test_tables_survive_cleaning():
    html = '<style scoped>.x {}</style><table border="1" class="dataframe"><tbody><tr><td>1</td></tr></tbody></table>'
    assert clean(html) == "<table><tbody><tr><td>1</td></tr></tbody></table>"


def test_pictures_are_pictures():
    assert show_output({"output_type": "display_data", "data": {"image/png": PNG}}).picture.endswith(PNG)
    for fake in ["PHN2Zz4=", 'x" onerror="alert(1)', 7, None, "=" * 9]:
        assert show_output({"output_type": "display_data", "data": {"image/png": fake}}) is None


@pytest.mark.parametrize(
    "output", [{}, {"output_type": []}, {"output_type": "error"}, {"output_type": "stream", "text": 5}, {"data": []}]
)
def test_malformed_outputs_do_no_harm(output):
    page(cells=[(0, "x", [output], True)])


def test_the_page_loads_nothing():
    html = page()
    assert "default-src 'none'" in html
    assert not re.search(r"(src|href)=[\"']?(https?:)?//", html)


# --- What people gave ----------------------------------------------------------------------------------------------

CODE = next(each for each in of_chapter(CHAPTER) if not isinstance(each, Essay))
ESSAYS = [each for each in of_chapter(CHAPTER) if isinstance(each, Essay)]


@pytest.fixture
def out(course, tmp_path):
    """Results as `grade` leaves them: Anna's code is right, her last essay is empty, the others wait."""
    out = tmp_path / "out"
    shutil.copytree(course, out)
    done = [ExerciseRecord(CODE.id, CODE.points, CODE.points, "right")]
    done += [ExerciseRecord(each.id, None, each.points, "manual") for each in ESSAYS[:-1]]
    done += [ExerciseRecord(ESSAYS[-1].id, 0.0, ESSAYS[-1].points, "manual", hint="There is no answer in this cell.")]
    with open_gradebook(out) as book:
        record(book, CHAPTER, "anna", [Mark(each.exercise.replace(".", "-"), each.points) for each in done])
    write_record(record_path(out, "anna", CHAPTER), HandinRecord("anna", CHAPTER, tuple(done)))
    return out


def give(out, exercise, points, comment=""):
    """As a person does in formgrader."""
    with open_gradebook(out) as book:
        grade = book.find_grade(exercise.grade_id, CHAPTER, CHAPTER, "anna")
        grade.manual_score, grade.needs_manual_grade = points, False
        cell = exercise.grade_id if isinstance(exercise, Essay) else f"{exercise.grade_id}-code"
        book.find_comment(cell, CHAPTER, CHAPTER, "anna").manual_comment = comment or None
        book.db.commit()


def verdicts(out):
    """Exercise -> (the class of its colour, the words beside it)."""
    (path,) = write_pages(out, CHAPTER)[0]
    found = re.findall(r'<code>([\w.<>]+)</code>.*?<td class="word ([\w-]+)">(.*?)</td>', path.read_text(), re.DOTALL)
    return {id.replace("<wbr>", ""): (colour, words) for id, colour, words in found}


def test_only_what_a_person_has_read_says_so(out):
    found = verdicts(out)
    assert found[CODE.id] == ("right", "✓ right")
    assert found[ESSAYS[0].id] == ("waiting", "… waits for a person")
    assert found[ESSAYS[-1].id] == ("empty", "○ left empty")
    give(out, ESSAYS[0], 1.5)
    give(out, ESSAYS[-1], 0.5)
    found = verdicts(out)
    assert found[ESSAYS[0].id] == found[ESSAYS[-1].id] == ("read", "✎ read by a person")


def test_points_that_a_person_gave_for_code_are_neither_right_nor_wrong(out):
    give(out, CODE, CODE.points / 2)
    assert verdicts(out)[CODE.id] == ("by-hand", "✎ points given by a person")


def test_another_essay_handed_in_after_the_mark_waits_again(out):
    give(out, ESSAYS[0], 1.5)
    with open_gradebook(out) as book:
        record(book, CHAPTER, "anna", [Mark(ESSAYS[0].grade_id, None, changed=True)])
    assert verdicts(out)[ESSAYS[0].id] == ("waiting", "… waits for a person")
    html = (out / "feedback" / "anna" / f"{CHAPTER}.html").read_text()
    assert f"{len(ESSAYS) - 1} exercise{'s wait' if len(ESSAYS) > 2 else ' waits'} for a person" in html
    assert f"1.5 / {ESSAYS[0].points:g}" in html


def test_comments_are_markdown_as_in_nbgrader(out):
    give(out, ESSAYS[0], 1.0, "Good, but *which* movies?\n\n- see $x_1 * y_2 * z$\n- and `a < b`")
    give(out, CODE, 1.0, "**No** <script>alert(1)</script>")
    write_pages(out, CHAPTER)
    html = (out / "feedback" / "anna" / f"{CHAPTER}.html").read_text()
    assert "<p>Good, but <em>which</em> movies?</p>" in html
    assert "<li>see $x_1 * y_2 * z$</li>\n<li>and <code>a &lt; b</code></li>" in html
    assert "<p><strong>No</strong> &lt;script&gt;alert(1)&lt;/script&gt;</p>" in html


@pytest.mark.parametrize(
    "comment",
    [
        "<script>alert(1)</script>", "a\n<script>\nalert(1)\n</script>", "<img src=x onerror=alert(1)>",
        "[a](javascript:alert(1))", "[a](https://example.org)", "![a](https://example.org/x.png)",
        "<https://example.org>", "<a@example.org>", "[a][1]\n\n[1]: javascript:alert(1)", "a&colon;<b onclick=x>b</b>",
        "```<script>\n</script>\n```", "$</span><script>alert(1)</script>$", "\\begin{a}<img src=x>\\end{a}",
        "# <svg/onload=alert(1)>", "| a |\n|---|\n| <img src=x> |",
    ],
)  # fmt: skip
def test_comments_cannot_run_or_load_anything_and_nothing_of_them_is_lost(comment):
    html = str(comment_html(comment))
    allowed = "p|em|strong|code|pre|span|div|br|table|thead|tbody|tr|th|td"
    assert not re.sub(rf"</?({allowed})>", "", html).count("<")
    assert not re.search(r"<[^>]*\b(on\w+|style|href|src)\s*=", html)
    for word in ("alert(1)", "example.org", "onerror", "onload"):
        assert word in html or word not in comment


def test_long_words_stay_in_their_box():
    assert re.search(r"\n  pre \{[^}]*overflow-wrap: anywhere", page())
    assert re.search(r"\.comment[^{}]*\{ overflow-wrap: anywhere", page())
