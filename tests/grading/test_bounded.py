"""Whatever a hand-in holds and shows, it costs the grader a moment: what is too much is cut short, and that is said."""

import json
import time

import numpy as np
import pandas as pd
import pytest

from grader import handins
from grader.autograded import MAX_OUTPUTS, graded_notebook
from grader.bindings import Code
from grader.errors import HandinProblem
from grader.feedback import clean, show_cell
from grader.handins import Cell, match, read_handin
from grader.ordering import after_what_they_need
from grader.reading import read_notebook
from grader.supervise import CellRun

#: Far above what these take (a second at most), and far below what they once took.
SOON = 10.0
REOPENED = "".join(f"<{name}>" * 3 for name in ("b", "i", "em", "strong", "code"))


@pytest.fixture
def soon():
    """What the test does has to end soon."""
    began = time.process_time()
    yield
    assert time.process_time() - began < SOON


# --- Reading -------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("soon")
@pytest.mark.parametrize("fences", ["```a\n" * 40_000, "```" + " " * 150_000, "`" * 200_000, "```\n```a\n" * 20_000])
def test_fences_without_end(release, fences):
    assert dict(match([Cell("markdown", "def fit(\n" + fences)], release).run).keys() <= {1}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("My code:\n```python\ndef fit(): 1\n```\nDone.", True),
        ("````  py \ndef fit(): 1\n```  ", True),
        ("```\nx = 1\n```\n\n```\ndef fit(): 1\n```", True),
        ("``` not code\ndef fit(): 1\n```", False),
        ("```\ndef fit(): 1", False),
    ],
)
def test_code_in_fences_is_found(release, text, found):
    assert (0 in dict(match([Cell("markdown", text)], release).run)) == found


def write(folder, name, *cells):
    folder.mkdir(exist_ok=True)
    cells = [{"cell_type": kind, "metadata": {}, "source": source} for kind, source in cells]
    (folder / name).write_text(json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))


@pytest.mark.usefixtures("soon")
def test_a_notebook_that_names_another_chapter_without_end(tmp_path):
    write(tmp_path, "autoencoder.ipynb", ("markdown", "check('softmax.\n" * 60_000))
    with pytest.raises(HandinProblem, match="'softmax'"):
        read_handin(tmp_path, "autoencoder")


def test_text_that_may_be_code_counts_as_code(tmp_path):
    dense = "def f(): a\n" + "a=b\n" * 40_000
    write(tmp_path, "autoencoder.ipynb", *[("markdown", dense)] * 10)
    with pytest.raises(HandinProblem, match="characters of code"):
        read_handin(tmp_path, "autoencoder")
    write(tmp_path, "autoencoder.ipynb", *[("markdown", "![](data:image/png;base64," + "QUJD" * 40_000)] * 10)
    assert len(read_handin(tmp_path, "autoencoder")[0]) == 10


def test_many_large_notebooks_are_not_all_read(tmp_path, monkeypatch):
    monkeypatch.setattr(handins, "_MOST_READ", 5_000)
    for number in range(9):
        write(tmp_path, f"copy{number}.ipynb", ("code", "x = 1\n" * 500))
    read = []
    monkeypatch.setattr(handins, "read_notebook", lambda content: read.append(content) or read_notebook(content))
    read_handin(tmp_path, "autoencoder")
    assert len(read) == 2


@pytest.mark.usefixtures("soon")
def test_cells_that_wait_for_many_names():
    n = 2_000
    names = frozenset(f"name{i}" for i in range(n))
    waiting = [Code(None, frozenset(), frozenset(), names | {f"last{i}"}, frozenset()) for i in range(n)]
    binding = [Code(None, frozenset(), frozenset({name}), frozenset(), frozenset()) for name in sorted(names)]
    binding += [Code(None, frozenset(), frozenset({f"last{i}"}), frozenset(), frozenset()) for i in range(n)]
    cells = dict(enumerate([*waiting, *binding]))
    order, moved = after_what_they_need(list(cells), cells, lambda code: code)
    assert moved == list(range(n))
    assert order == [*range(n, 2 * n), *(index for i in range(n) for index in (2 * n + i, i))]


def test_a_notebook_with_more_code_than_anybody_writes_is_refused():
    cells = [{"cell_type": "code", "source": "a, " * 60_000}] * 6
    with pytest.raises(HandinProblem, match="1,080,000 characters of code"):
        read_notebook(json.dumps({"cells": cells}).encode())


# --- HTML ----------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("soon")
@pytest.mark.parametrize(
    "html",
    [
        "<p>" + "".join(f"<b x={i}>" for i in range(1_000)) + "</p><p>a" * 1_500, "<div>" * 40_000,
        "<ul><li>" * 20_000, "<b>" * 100_000, "<sub><ul></sub></ul>" * 10_000, "<a '\"" * 100_000, "<!-- " * 50_000,
        "<" * 400_000, "<td " + "colspan " * 50_000 + ">", "&" * 400_000, "<style></style " * 30_000, "a" * 10_000_000,
    ],
)  # fmt: skip
def test_html_that_a_parser_takes_long_for(html):
    cleaned = clean(html)
    assert len(cleaned) < 20_000
    assert clean(cleaned) == cleaned, "it is on two pages"


def test_html_that_is_too_much_says_so_and_stays_text():
    shown = clean("<script>alert(1)</script>" + "<div>" * 10_000)
    assert "as such. It begins:</p><pre>&lt;script&gt;alert(1)" in shown


@pytest.mark.usefixtures("soon")
def test_tags_that_would_be_opened_again_in_each_paragraph_are_not():
    html = clean(f"<p>{REOPENED}</p>" + "<p>a</p>" * 900)
    assert html.count("<b>") == 3
    assert html.endswith("<p>a</p>" * 900)


TABLE = pd.DataFrame(np.arange(1200).reshape(60, 20) / 7, index=[f"Film <{i}> & Co" for i in range(60)])


@pytest.mark.parametrize("html", [TABLE.to_html(), TABLE.style.highlight_max().set_caption("Means").to_html()])
def test_tables_of_pandas_look_as_before(html):
    cleaned = clean(html)
    assert (cleaned.count("<td>"), cleaned.count("<th>")) == (1200, 81)
    assert cleaned.count("<table>") == cleaned.count("</table>") == 1
    assert "<th>Film &lt;7&gt; &amp; Co</th>" in cleaned


@pytest.mark.parametrize(
    ("html", "cleaned"),
    [
        ('<table><tr><td COLSPAN="2" class=x rowspan=3>a', '<table><tbody><tr><td colspan="2" rowspan="3">a'),
        ("<div title='a > b'><b class=x>c</b> <I>d</I><br/>e &lt; f", "<div><b>c</b> <i>d</i><br>e &lt; f"),
        ("<!DOCTYPE html><html><body><h1>a</h1><x-b>b</x-b> &lt;x-b&gt; 1 < 2", "ab &lt;x-b&gt; 1 &lt; 2"),
        ("<b<a> x=1><b<i>>", "&lt;b x=1&gt;&lt;b<i>&gt;</i>"),
        ('<style>p {}</style><div id="vis"></div><script>draw("</div>")</script>', "<div></div>"),
    ],
)  # fmt: skip
def test_formatting_stays_and_attributes_go(html, cleaned):
    assert clean(html).startswith(cleaned)


# --- Outputs of a hand-in ------------------------------------------------------------------------------------------


def shown(release, outputs):
    """The outputs of a hand-in's only cell as they are kept."""
    matched = match([Cell("code", "show()")], release)
    return graded_notebook(matched, release, {0: CellRun(tuple(outputs))}, {}).cells[0].outputs


def html_output(html):
    return {"output_type": "display_data", "data": {"text/html": html}, "metadata": {}}


@pytest.mark.usefixtures("soon")
def test_of_many_outputs_the_first_are_shown(release):
    kept = shown(release, [html_output(f"<p>{i}") for i in range(30_000)])
    assert len(kept) == MAX_OUTPUTS + 1
    assert kept[-1].text == f"{30_000 - MAX_OUTPUTS:,} more outputs are not shown."
    assert len(show_cell(0, "show()", kept, False).outputs) == MAX_OUTPUTS + 1


@pytest.mark.usefixtures("soon")
def test_the_html_of_all_outputs_together_has_an_end(release):
    kept = [output.data["text/html"] for output in shown(release, [html_output("<p><i>a</i>" * 1_000)] * 900)]
    assert kept[0].startswith("<p><i>a</i></p>")
    assert kept[-1].startswith("<p>There is too much HTML")
    honest = shown(release, [html_output(TABLE.to_html())] * 3)
    assert all(output.data["text/html"].startswith("<table>") for output in honest)


def test_a_traceback_of_a_million_lines_is_one_text(release):
    (kept,) = shown(release, [{"output_type": "error", "ename": "E", "evalue": "e", "traceback": ["x"] * 10**6}])
    assert len(kept.traceback) == 1
