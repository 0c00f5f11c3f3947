"""Reading a chapter, and filling its stubs with the reference."""

from __future__ import annotations

import ast

import pytest

from grader.chapter import (
    chapter_path,
    chapters,
    exercises_of,
    fill,
    filled,
    mark_solution,
    namespaces_of_stubs,
    parse_chapter,
    read_chapter,
    secret_lines,
    solutions_of,
    source_of,
    squeeze,
    subject,
)
from grader.errors import AuthorError
from recbook.question import Question

WRITTEN = [chapter for chapter in chapters() if exercises_of(chapter)]


def cells_with(notebook, kind):
    return {cell.metadata[kind]: cell for cell in notebook.cells if kind in cell.metadata}


def test_cells_are_known_by_their_metadata(tiny):
    notebook = parse_chapter(tiny.text, "tiny", tiny.exercises)
    code = ["tiny.double", "tiny.Box", "tiny.rmse", "tiny.colour"]
    assert list(cells_with(notebook, "exercise")) == code
    assert list(cells_with(notebook, "check")) == code
    assert list(cells_with(notebook, "essay")) == ["tiny.why"]


def test_ids_are_the_same_on_every_run_and_different_from_each_other(tiny):
    first, second = (parse_chapter(tiny.text, "tiny", tiny.exercises) for _ in range(2))
    ids = [cell.id for cell in first.cells]
    assert ids == [cell.id for cell in second.cells]
    assert len(set(ids)) == len(ids)
    assert {"tiny-double", "tiny-double-code", "tiny-why"} <= set(ids)


def test_front_matter_is_no_cell(tiny):
    for text in (tiny.text, tiny.text.replace("\njupyter:\n", "\n")):  # with its heading, and without
        notebook = parse_chapter(text, "tiny", tiny.exercises)
        assert notebook.cells[0].source.startswith("# A tiny chapter")
        assert notebook.metadata.kernelspec.name == "python3"


def test_a_new_cell_leaves_the_other_ids_alone(tiny):
    before = {cell.id for cell in parse_chapter(tiny.text, "tiny", tiny.exercises).cells}
    longer = tiny.text.replace("## Box", "```python\nprint(1)\n```\n\n## Box")
    assert before < {cell.id for cell in parse_chapter(longer, "tiny", tiny.exercises).cells}


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('exercise="tiny.double"', 'exercise="tiny.duble"', "not in recbook.questions"),
        ('exercise="tiny.Box"', 'exercise="tiny.double"', "twice"),
        ('check("tiny.rmse")', "pass", "no check cell"),
        ('check("tiny.rmse")', 'check("tiny.rmse")\n```\n\n```python\ncheck("tiny.rmse")', "twice"),
        ('check("tiny.double")', 'check("tiny.colour")', "before its exercise"),
        ('exercise="tiny.colour"', "", "comes before its exercise, or has none"),
        ("def colour():", "def color():", "defines 'color'"),
        ("FACTOR = 2", "def triple(x):\n    return 3 * x", "exactly one"),
        ("def colour():", "def colour(:", "not valid Python"),
        ('essay="tiny.why"', 'essay="tiny.double"', "is no essay"),
        ("YOUR ANSWER HERE", "Write here.", "YOUR ANSWER HERE"),
        ('<!-- #region essay="tiny.why" -->', "<!-- #region -->", "has no cell for 'tiny.why'"),
    ],
)
def test_an_author_is_told_what_does_not_fit(tiny, old, new, message):
    assert old in tiny.text
    with pytest.raises(AuthorError, match=message):
        parse_chapter(tiny.text.replace(old, new, 1), "tiny", tiny.exercises)


def test_unknown_chapter():
    with pytest.raises(AuthorError, match="no chapter 'nowhere'"):
        chapter_path("nowhere")


def test_filling_keeps_what_stands_around(tiny):
    stub = cells_with(parse_chapter(tiny.text, "tiny", tiny.exercises), "exercise")["tiny.double"].source
    text = fill(stub, source_of(tiny.solutions))
    assert text.startswith("# A comment above.\ndef double(")
    assert text.endswith("    return result\n\n\nFACTOR = 2")
    namespace = {}
    exec(text, namespace)
    assert namespace["double"](21) == 42


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("    number,\n", "    x,\n", "signature of double"),
        ("Twice the number.", "Two times the number.", "docstring of double"),
        ("def area(self):", "def area(self, unit=1):", "signature of area"),
        ("Side times side.", "Squared.", "docstring of area"),
        ("class Box:", "class Box(dict):", "signature of Box"),
        ("def rmse(errors):", "def other(errors):", "no solution called 'rmse'"),
    ],
)
def test_stub_and_solution_must_agree(tiny, old, new, message):
    solutions = source_of(tiny.solutions)
    assert old in solutions
    stubs = cells_with(parse_chapter(tiny.text, "tiny", tiny.exercises), "exercise")
    changed = solutions.replace(old, new, 1)
    with pytest.raises(AuthorError, match=message):
        [fill(cell.source, changed) for cell in stubs.values()]


def test_stubs_run_alone_with_what_is_given_above(tiny):
    namespaces = namespaces_of_stubs(parse_chapter(tiny.text, "tiny", tiny.exercises))
    assert list(namespaces) == ["tiny.double", "tiny.Box", "tiny.rmse", "tiny.colour"]
    assert namespaces["tiny.rmse"]["rmse"]([3, 4]) == 5  # the defect runs, with the `sqrt` imported at the top
    assert "double" not in namespaces["tiny.rmse"]
    with pytest.raises(NotImplementedError):
        namespaces["tiny.colour"]["colour"]()


def cleared(marked: str) -> str:
    """What stock nbgrader leaves of a marked cell: every region becomes its one stub."""
    lines, inside = [], False
    for line in marked.splitlines():
        if "### BEGIN SOLUTION" in line:
            assert not inside
            inside = True
            indent = line[: len(line) - len(line.lstrip())]
            lines += [indent + "# YOUR CODE HERE", indent + "raise NotImplementedError()"]
        elif "### END SOLUTION" in line:
            inside = False
        elif not inside:
            lines.append(line)
    assert not inside
    return "\n".join(lines)


def test_marks_leave_only_what_the_stub_gives(tiny):
    for id, cell in cells_with(parse_chapter(tiny.text, "tiny", tiny.exercises), "exercise").items():
        marked = mark_solution(fill(cell.source, source_of(tiny.solutions)), cell.source)
        ast.parse(marked)
        left = cleared(marked)
        ast.parse(left)
        assert "secret" not in left, id
        assert ast.get_docstring(subject(left)) == ast.get_docstring(subject(cell.source))


def test_a_decorator_that_only_the_solution_has_is_part_of_the_answer():
    stub = 'def f(x):\n    """Doc."""\n    # YOUR CODE HERE\n    raise NotImplementedError()'
    solution = '@secret_decorator\ndef f(x):\n    """Doc."""\n    return x'
    assert "secret" not in cleared(mark_solution(fill(stub, solution), stub))


def test_a_solution_on_one_line_is_cleared_too():
    stub = "def f(x):\n    raise NotImplementedError()"
    assert "secret" not in cleared(mark_solution(fill(stub, "def f(x): return secret"), stub))


def test_secret_lines_are_those_the_chapter_does_not_give(tiny):
    secrets = secret_lines(tiny.text, parse_chapter(tiny.text, "tiny", tiny.exercises), tiny.solutions)
    assert squeeze("result = number + number + 0 * 1234") in secrets
    assert squeeze("Because two halves make a whole, as everybody knows.") in secrets
    assert squeeze("total = sum(error**2 for error in errors)") not in secrets  # the bug hunt gives it


@pytest.mark.parametrize("chapter", WRITTEN)
def test_every_stub_of_the_book_can_become_its_solution(chapter):
    notebook = read_chapter(chapter)  # checks the cells against the catalogue
    stubs = cells_with(notebook, "exercise")
    solutions = source_of(solutions_of(chapter))
    for exercise in exercises_of(chapter):
        if not isinstance(exercise, Question):
            assert solutions_of(chapter).MODEL_ANSWERS[exercise.name].strip()
            continue
        stub = stubs[exercise.id].source
        text = filled(stub, chapter)  # checks name, signature and docstring
        solution = next(node for node in ast.parse(solutions).body if getattr(node, "name", "") == exercise.subject)
        assert ast.dump(subject(text)) == ast.dump(solution), exercise.id
        assert ast.dump(subject(stub)) != ast.dump(solution), exercise.id
        assert ast.get_docstring(solution), f"{exercise.id} has no docstring"
