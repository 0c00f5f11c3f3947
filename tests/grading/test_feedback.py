"""The feedback page: self-contained, and nothing a student's code printed can run or load anything in it."""

import base64
import re

import pytest

from grader.feedback import FeedbackRow, clean, feedback_page, show_output

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
