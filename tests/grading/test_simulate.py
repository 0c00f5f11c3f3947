"""The simulated class: the same for a seed, what it says it is, and made of code that does what its label says."""

import ast
from collections import Counter

import nbformat
import pytest
from handin_files import CHAPTER

from grader.chapter import Definition, filled, read_chapter
from grader.grading import grade
from grader.handins import read_cells
from grader.implementations import alternatives, mistakes
from grader.simulate import HARM, harmful, simulate
from grader.typed import typed
from grader.verify import ask_known
from recbook.asking import PUBLIC_SEED, ask
from recbook.question import Question
from recbook.questions import chapters, of_chapter
from recbook.verdict import judge

QUESTIONS = [exercise for exercise in of_chapter(CHAPTER) if isinstance(exercise, Question)]
IDS = {question.id for question in QUESTIONS}


def files(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def thirty(tmp_path_factory, release):
    return simulate(CHAPTER, 30, 0, tmp_path_factory.mktemp("thirty"), release=release)


def test_the_same_seed_gives_the_same_bytes(tmp_path, release):
    classes = [simulate(CHAPTER, 12, seed, tmp_path / str(i), release=release) for i, seed in enumerate((1, 1, 2))]
    first, second, other = (files(tmp_path / str(i)) for i in range(3))
    assert first == second
    assert first != other
    assert [each.student for each in classes[0]] == [each.student for each in classes[1]]


def test_thirty_hold_every_kind_and_every_known_mistake(thirty):
    assert set(Counter(each.kind for each in thirty)) == {
        "perfect", "alternatives", "untouched", "half done", "mixed", "copy", "hostile", "broken",
    }  # fmt: skip
    assert sum(each.kind == "hostile" for each in thirty) == len(HARM)
    dealt = {(id, name) for each in thirty for id, name in each.mistakes.items()}
    assert dealt == {(question.id, mistake.name) for question in QUESTIONS for mistake in mistakes(question)}


def test_what_is_known_of_a_hand_in_fits_together(thirty):
    for each in thirty:
        assert each.path.is_file()
        assert not each.right & each.wrong
        assert each.right | each.wrong <= IDS
        assert each.mistakes.keys() <= each.wrong
        assert each.readable or each.wrong == IDS


@pytest.mark.parametrize("n", [1, 2, 5, 7, 24, 75])
def test_a_class_has_the_size_asked_for(tmp_path, release, n):
    simulated = simulate(CHAPTER, n, 3, tmp_path, release=release)
    assert len({each.student for each in simulated}) == n == len(list(tmp_path.iterdir()))


def test_an_ordinary_class_is_whole_notebooks_without_harm(tmp_path, release):
    simulated = simulate(CHAPTER, 24, 0, tmp_path, hostile=False, broken=False, release=release)
    assert not {each.kind for each in simulated} & {"hostile", "broken"}
    for each in simulated:
        notebook = nbformat.read(each.path, as_version=4)
        nbformat.validate(notebook)
        assert len(notebook.cells) == len(release.cells)
        for cell in notebook.cells:
            if cell.cell_type == "code" and "nbgrader" in cell.metadata:
                ast.parse(cell.source)


def test_a_copy_is_the_same_code_under_other_names(thirty):
    copy = next(each for each in thirty if each.kind == "copy")
    original = next(each for each in thirty if each.kind == "mixed" and each.mistakes == copy.mistakes)
    assert (copy.right, copy.wrong) == (original.right, original.wrong)
    pairs = zip(read_cells(copy.path.read_bytes()), read_cells(original.path.read_bytes()), strict=True)
    assert any("my_" in mine.source and mine.source != theirs.source for mine, theirs in pairs)


@pytest.mark.parametrize("name", HARM)
def test_harm_stands_first_and_compiles(name):
    cell = harmful('def f(a, b=2):\n    """Words."""\n    return a', HARM[name], CHAPTER)
    body = ast.parse(cell).body[0].body
    assert ast.get_docstring(ast.parse(cell).body[0]) == "Words."
    assert len(body) > 2
    assert ast.unparse(body[-1]) == "return a"


@pytest.fixture(scope="module", params=chapters())
def cells(request):
    """A chapter, its stubs, and the names that a notebook with the reference everywhere defines."""
    names, stubs = {"__name__": "notebook"}, {}
    for cell in read_chapter(request.param).cells:
        if cell.cell_type != "code" or "check" in cell.metadata:
            continue
        if id := cell.metadata.get("exercise"):
            stubs[id] = cell.source
            exec(filled(cell.source, request.param), names)
        elif not cell.source.startswith("%"):
            body = [
                node
                for node in ast.parse(cell.source).body
                if isinstance(node, (Definition, ast.Import, ast.ImportFrom))
            ]
            exec(compile(ast.Module(body, []), "<given>", "exec"), names)
    return request.param, stubs, names


def test_a_typed_mistake_is_recognised_and_a_typed_alternative_is_right(cells):
    chapter, stubs, names = cells
    for question in of_chapter(chapter):
        if not isinstance(question, Question):
            continue
        right, known = ask_known(question, PUBLIC_SEED)
        for implementation in [*mistakes(question), *alternatives(question)]:
            defined = dict(names)
            exec(typed(implementation, question, stubs[question.id]), defined)
            verdict = judge(question, ask(question, defined, PUBLIC_SEED), right, known)
            if implementation.hint:
                assert verdict.mistake == implementation.name, (question.id, verdict)
            else:
                assert verdict.verdict == "right", (question.id, implementation.name, verdict)


@pytest.mark.slow
def test_a_graded_class_has_the_verdicts_it_was_made_for(tmp_path, release):
    submitted = tmp_path / "submitted"
    simulated = simulate(CHAPTER, 8, 5, submitted, hostile=False, given_cells=False, release=release)
    summary = grade(CHAPTER, submitted, tmp_path / "out", jobs=2)
    verdicts = {(row.student, row.exercise): row for row in summary.rows}
    for each in simulated:
        assert {id for id in each.right if verdicts[each.student, id].verdict != "right"} == set(), each
        assert {id for id in each.wrong if verdicts[each.student, id].verdict == "right"} == set(), each
        for id, name in each.mistakes.items():
            question = next(question for question in QUESTIONS if question.id == id)
            hint = next(mistake.hint for mistake in mistakes(question) if mistake.name == name)
            assert verdicts[each.student, id].hint == hint, (each, id)
