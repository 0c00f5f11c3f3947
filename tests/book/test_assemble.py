"""Course assembly: the source has the solutions, the release does not, and stock nbgrader agrees."""

from __future__ import annotations

import json
import zipfile
from contextlib import closing
from dataclasses import replace

import nbformat
import pytest
from nbgrader.api import Gradebook
from nbgrader.apps import NbGraderAPI

from grader.assemble import AssemblyError, assemble, build_wheel, nbgrader_config, release, source_notebook
from grader.chapter import (
    AuthorError,
    chapter_path,
    chapters,
    exercises_of,
    parse_chapter,
    read_chapter,
    secret_lines,
    solutions_of,
    squeeze,
)
from grader.preprocessors import RestoreStubs
from grader.release_site import WHEEL, parse_release_site

WRITTEN = [chapter for chapter in chapters() if exercises_of(chapter)]
SITE = parse_release_site("https://github.com/someone/course/tree/release/2026")


def write_source(tiny, course):
    notebook = parse_chapter(tiny.text, "tiny", tiny.exercises)
    path = course / "source" / "tiny" / "tiny.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(source_notebook(notebook, "tiny", tiny.exercises, tiny.solutions, SITE), path)
    return path


@pytest.fixture
def course(tiny, tmp_path):
    write_source(tiny, tmp_path / "course")
    return tmp_path / "course"


def secrets_of(tiny):
    return secret_lines(tiny.text, parse_chapter(tiny.text, "tiny", tiny.exercises), tiny.solutions)


def by_grade_id(notebook):
    return {cell.metadata.nbgrader.grade_id: cell for cell in notebook.cells if "nbgrader" in cell.metadata}


def test_source_has_solutions_tests_and_points(tiny, course):
    cells = by_grade_id(nbformat.read(course / "source" / "tiny" / "tiny.ipynb", 4))
    assert "### BEGIN SOLUTION\n    # Adding is the secret" in cells["tiny-double-code"].source
    test = cells["tiny-double"]
    assert test.source.startswith('# Run me.\ncheck("tiny.double")\n### BEGIN HIDDEN TESTS\n')
    assert 'award("tiny.double")' in test.source
    assert (test.metadata.nbgrader.points, test.metadata.nbgrader.locked) == (2, True)
    essay = cells["tiny-why"]
    assert "Because two halves make a whole" in essay.source
    assert (essay.metadata.nbgrader.points, essay.metadata.nbgrader.solution) == (3, True)


def test_release_equals_the_chapter_and_keeps_no_secret(tiny, course):
    path = release("tiny", course)
    notebook = nbformat.read(path, 4)
    nbformat.validate(notebook)
    cells = by_grade_id(notebook)
    for cell in parse_chapter(tiny.text, "tiny", tiny.exercises).cells:
        id = cell.metadata.get("exercise") or cell.metadata.get("check") or cell.metadata.get("essay")
        if id:
            grade_id = id.replace(".", "-") + ("-code" if "exercise" in cell.metadata else "")
            assert cells[grade_id].source == cell.source
            assert cells[grade_id].id == cell.id
    for cell in notebook.cells:
        assert "recbook" not in cell.metadata
        if cell.cell_type == "code":
            compile(cell.source, cell.id, "exec")
            assert cell.outputs == []
    text = squeeze(path.read_text().replace('\\"', '"').replace("\\n", "\n"))
    assert not [secret for secret in secrets_of(tiny) if secret in text]
    assert "HIDDEN TESTS" not in path.read_text()
    assert "a reason (2)" in path.read_text()


def test_stock_nbgrader_alone_clears_the_solutions_too(tiny, course):
    config = nbgrader_config(course)
    config.GenerateAssignment.preprocessors.remove(RestoreStubs)
    path = course / "source" / "tiny" / "tiny.ipynb"
    notebook = nbformat.read(path, 4)
    for cell in notebook.cells:
        cell.metadata.pop("recbook", None)
    nbformat.write(notebook, path)
    result = NbGraderAPI(config=config).generate_assignment("tiny")
    assert result["success"], result
    text = squeeze((course / "release" / "tiny" / "tiny.ipynb").read_text())
    left = [secret for secret in secrets_of(tiny) if secret in text]
    assert not left
    assert squeeze("sqrt(total") not in text  # the bug hunt's function is cleared whole


def test_assembling_again_gives_the_same_and_keeps_marks(tiny, course):
    first = release("tiny", course).read_bytes()
    with closing(Gradebook(f"sqlite:///{course}/gradebook.db", "recbook")) as gradebook:
        gradebook.add_student("anna")
        submission = gradebook.add_submission("tiny", "anna")
        grade = next(g for g in submission.notebooks[0].grades if g.cell.name == "tiny-double")
        grade.auto_score = 1.5
        gradebook.db.commit()
    write_source(tiny, course)
    assert release("tiny", course).read_bytes() == first
    with closing(Gradebook(f"sqlite:///{course}/gradebook.db", "recbook")) as gradebook:
        assert gradebook.find_grade("tiny-double", "tiny", "tiny", "anna").auto_score == 1.5


#: nbgrader's settings for a course in which somebody presses Ctrl-C before or after a notebook is written.
STOP = """\
import os, signal
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell starts what runs in the background without it
c = get_config()
c.GenerateAssignment.{when}_convert_hook = lambda **_: os.kill(os.getpid(), signal.SIGINT)
"""


@pytest.mark.parametrize("when", ["pre", "post"])
def test_stopped_in_the_middle_the_release_from_before_is_there(tiny, course, when):
    path = release("tiny", course)
    before = path.read_bytes()
    tiny = replace(tiny, text=tiny.text.replace("Some words.", "Other words."))
    write_source(tiny, course)
    settings = course / "nbgrader_config.py"
    settings.write_text(STOP.format(when=when))
    with pytest.raises(KeyboardInterrupt):
        release("tiny", course)
    assert path.read_bytes() == before
    settings.unlink()
    assert b"Other words." in release("tiny", course).read_bytes()
    assert sorted(each.name for each in course.iterdir()) == ["gradebook.db", "release", "source"]


def test_a_release_holds_what_the_source_holds_and_nothing_older(course):
    folder = release("tiny", course).parent
    (folder / "older.csv").write_text("of an older source")
    (course / "source" / "tiny" / "data").mkdir()
    (course / "source" / "tiny" / "data" / "new.csv").write_text("beside the notebook")
    release("tiny", course)
    files = {str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file()}
    assert files == {"tiny.ipynb", "data/new.csv"}


def test_the_first_cell_makes_it_work_in_colab(course):
    first = nbformat.read(course / "source" / "tiny" / "tiny.ipynb", 4).cells[0].source
    wheel = f"https://github.com/someone/course/raw/release/2026/{WHEEL}"
    assert wheel in first
    asked = []

    class Shell:
        def run_line_magic(self, name, line):
            asked.append((name, line))

    namespace = {"get_ipython": Shell}
    exec(first, namespace)
    assert not asked  # recbook is here
    without = {"get_ipython": Shell, "__builtins__": {"__import__": _no_recbook, "ImportError": ImportError}}
    exec(first, without)
    assert asked == [("pip", f"install --quiet {wheel}")]


def _no_recbook(name, *args):
    raise ImportError(name)


def test_colab_opens_the_released_notebook_never_the_markdown():
    assert SITE.colab("tiny") == (
        "https://colab.research.google.com/github/someone/course/blob/release/2026/tiny/tiny.ipynb"
    )
    for wrong in ("https://example.org/course/tree/main", "https://github.com/someone/course", ""):
        with pytest.raises(AuthorError, match="recbook_release"):
            parse_release_site(wrong)


def test_nbgraders_own_errors_come_through(tmp_path):
    with pytest.raises(AssemblyError, match="nothing_here"):
        release("nothing_here", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_an_essay_without_a_model_answer_is_refused(tiny):
    del tiny.solutions.MODEL_ANSWERS["why"]
    notebook = parse_chapter(tiny.text, "tiny", tiny.exercises)
    with pytest.raises(AuthorError, match="model answer"):
        source_notebook(notebook, "tiny", tiny.exercises, tiny.solutions, SITE)


def test_the_wheel_holds_the_package_and_nothing_else(tmp_path):
    (tmp_path / "recbook-0.0.0-py3-none-any.whl").write_text("an old one")
    wheel = build_wheel(tmp_path)
    assert [path.name for path in tmp_path.glob("*.whl")] == [wheel.name] == [WHEEL]
    tops = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"recbook"}


@pytest.mark.parametrize("chapter", WRITTEN)
def test_the_real_release(chapter, tmp_path):
    released, wheel = assemble(chapter, tmp_path)
    assert wheel.name == WHEEL
    notebook = nbformat.read(released, 4)
    nbformat.validate(notebook)
    cells = by_grade_id(notebook)
    original = read_chapter(chapter)
    for cell in original.cells:
        if "exercise" in cell.metadata:
            assert cells[cell.id].source == cell.source
        if cell.cell_type == "code" and "nbgrader" not in cell.metadata:
            compile(cell.source, cell.id, "exec")
    points = sum(cell.metadata.nbgrader.get("points", 0) for cell in cells.values())
    assert points == sum(exercise.points for exercise in exercises_of(chapter))
    text = squeeze("\n".join(json.dumps(cell.metadata) + "\n" + cell.source for cell in notebook.cells))
    secrets = secret_lines(chapter_path(chapter).read_text("utf-8"), original, solutions_of(chapter))
    assert len(secrets) > 10
    assert not [secret for secret in secrets if secret in text]
