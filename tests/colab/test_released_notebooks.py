"""Released notebooks, run top to bottom in a real kernel: as handed out, filled in, and with mistakes.

`make colab` runs this file with Colab's versions of everything and the wheel that students install.
"""

import inspect
import os
import re
from datetime import datetime
from textwrap import dedent

import nbformat
import pytest
from nbclient import NotebookClient

from grader.implementations import mistakes, reference
from recbook.check import check
from recbook.question import Question
from recbook.questions import chapters, of_chapter

#: `make colab` runs them all; the test suite one, to be done in minutes.
CHAPTERS = chapters() if "RECBOOK_COURSE" in os.environ else ["autoencoder"]
SLOWEST_CHECK = 1.0


def run(notebook, folder):
    """Run a notebook in a kernel of its own, on the small sample data, and return it."""
    client = NotebookClient(notebook, timeout=300, allow_errors=True, record_timing=True, kernel_name="python3",
                            resources={"metadata": {"path": str(folder)}})  # fmt: skip
    client.execute()
    return notebook


def read(course, room, chapter):
    return nbformat.read(course / room / chapter / f"{chapter}.ipynb", as_version=4)


def fill_in(release, source):
    """The release with the reference in every solution cell, and nothing else changed."""
    solutions = {
        c.metadata.nbgrader.grade_id: c.source for c in source.cells if c.metadata.get("nbgrader", {}).get("solution")
    }
    for cell in release.cells:
        grade_id = cell.metadata.get("nbgrader", {}).get("grade_id")
        if grade_id in solutions:
            cell.source = solutions[grade_id]
    return release


def checks(notebook):
    """(exercise, cell) for every check cell."""
    for cell in notebook.cells:
        found = re.match(r'check\("([\w.]+)"\)', cell.source) if cell.cell_type == "code" else None
        if found:
            yield found.group(1), cell


def shown(cell):
    """What a cell shows as text, and its errors."""
    texts = [o.get("data", {}).get("text/plain", o.get("text", "")) for o in cell.outputs]
    return "\n".join(texts), [o for o in cell.outputs if o.output_type == "error"]


def seconds(cell):
    times = {k: datetime.fromisoformat(v.replace("Z", "+00:00")) for k, v in cell.metadata.execution.items()}
    return (times["shell.execute_reply"] - times["iopub.execute_input"]).total_seconds()


@pytest.fixture(autouse=True)
def small_data(monkeypatch):
    monkeypatch.setenv("RECBOOK_DATASET", "sample")
    monkeypatch.setenv("MPLBACKEND", "agg")


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_a_release_is_valid_and_compiles(course, chapter):
    notebook = read(course, "release", chapter)
    nbformat.validate(notebook)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            compile(re.sub(r"^%.*$", "", cell.source, flags=re.M), chapter, "exec")


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_stubs_fail_kindly(course, chapter, tmp_path):
    notebook = run(read(course, "release", chapter), tmp_path)
    questions = {e.id: e for e in of_chapter(chapter) if isinstance(e, Question)}
    found = dict(checks(notebook))
    assert found.keys() == questions.keys()
    for id, cell in found.items():
        text, errors = shown(cell)
        assert not errors, f"{id}: a check must not end in a traceback"
        assert "not yet" in text, f"{id}: {text}"
        if questions[id].kind != "bug hunt":
            assert "Not filled in yet" in text, f"{id}: {text}"
    # Given cells that use an unfilled exercise may say so, or miss what it would have made; nothing else goes wrong.
    kinds = {e.ename for c in notebook.cells if c.cell_type == "code" for e in c.outputs if e.output_type == "error"}
    assert kinds <= {"NotImplementedError", "NameError"}, kinds


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_filled_in_every_check_passes_within_a_second(course, chapter, tmp_path):
    notebook = run(fill_in(read(course, "release", chapter), read(course, "source", chapter)), tmp_path)
    errors = [(c.source, e.evalue) for c in notebook.cells if c.cell_type == "code" for e in shown(c)[1]]
    assert not errors
    results = [
        o.data["text/plain"] for c in notebook.cells for o in c.get("outputs", ()) if o.output_type == "execute_result"
    ]
    noise = [text for text in results if re.match(r"<(Axes|Figure|matplotlib)|\[?(Text|<matplotlib)", text)]
    assert not noise, "end the cell with a semicolon"
    for id, cell in checks(notebook):
        text, _ = shown(cell)
        assert "right" in text, f"{id}: {text}"
        assert seconds(cell) < SLOWEST_CHECK, f"{id} took {seconds(cell):.2f} s"


ALL_MISTAKES = [
    (question, mistake)
    for chapter in CHAPTERS
    for question in of_chapter(chapter)
    if isinstance(question, Question)
    for mistake in mistakes(question)
]


@pytest.mark.parametrize(("question", "mistake"), ALL_MISTAKES, ids=lambda x: getattr(x, "id", None) or x.name)
def test_with_a_mistake_filled_in_check_prints_its_hint(question, mistake, capsys):
    check(question.id, mistake.namespace)
    assert mistake.hint in capsys.readouterr().out


def test_a_mistake_in_a_real_notebook_shows_its_hint(course, tmp_path):
    """One mistake written into its cell, as a student would, in a kernel."""
    question = next(e for e in of_chapter("autoencoder") if e.name == "forward")
    mistake = mistakes(question)[0]
    lines = dedent(inspect.getsource(mistake.code)).splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("def "))
    source = "\n".join(lines[start:]).replace(f"def {mistake.name}(", f"def {question.subject}(", 1)
    notebook = fill_in(read(course, "release", "autoencoder"), read(course, "source", "autoencoder"))
    cells = notebook.cells
    place = next(i for i, c in enumerate(cells) if c.source.startswith(f'check("{question.id}")'))
    cells[place - 1].source = source
    notebook.cells = cells[: place + 1]
    run(notebook, tmp_path)
    text, errors = shown(notebook.cells[place])
    assert not errors
    assert mistake.hint in text


def test_the_reference_is_the_one_the_release_was_made_with(course):
    source = read(course, "source", "autoencoder")
    text = "\n".join(cell.source for cell in source.cells)
    body = inspect.getsource(reference("autoencoder")["overlap_at_k"]).splitlines()[-1].strip()
    assert body in text
