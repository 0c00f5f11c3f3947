"""A chapter: its Jupytext notebook with stubs, and the reference that fills them.

The notebook `notebooks/<chapter>.md` is what an author writes and what a student gets. Everything else (the nbgrader
source, the release, the page of the site) is derived from it here and in `grader.assemble` and `grader.site`.

    ```python exercise="autoencoder.forward"            the stub: one cell, one function or class
    ```python                                            the check, alone in its cell: check("autoencoder.forward")
    <!-- #region essay="autoencoder.neuron" -->          an essay: a Markdown cell with a line YOUR ANSWER HERE
"""

from __future__ import annotations

import ast
import hashlib
import inspect
import io
import linecache
import tokenize
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import jupytext
import nbformat
import yaml
from nbformat import NotebookNode

from grader.errors import AuthorError
from grader.implementations import module_of
from recbook import questions
from recbook.question import Essay, Exercise, Question

ROOT = Path(__file__).resolve().parents[1]
ANSWER_LINE = "YOUR ANSWER HERE"
KERNELSPEC = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


# --- Reading -----------------------------------------------------------------------------------------------------


def chapters(root: Path = ROOT) -> list[str]:
    """The chapters' names, in the order of the table of contents."""
    toc = yaml.safe_load((root / "_toc.yml").read_text("utf-8"))
    return [file.removeprefix("notebooks/") for file in _toc_files(toc) if file.startswith("notebooks/")]


def chapter_path(chapter: str, root: Path = ROOT) -> Path:
    """Where the notebook of a chapter lies. Raises `AuthorError` when there is none."""
    path = root / "notebooks" / f"{chapter}.md"
    if not path.is_file():
        there = ", ".join(sorted(other.stem for other in path.parent.glob("*.md"))) or "none yet"
        raise AuthorError(f"There is no chapter {chapter!r}: notebooks/{chapter}.md is missing. There are: {there}.")
    return path


def exercises_of(chapter: str) -> tuple[Exercise, ...]:
    """The exercises the catalogue has for a chapter: none for a chapter without a module of questions."""
    return questions.of_chapter(chapter) if chapter in questions.chapters() else ()


def solutions_of(chapter: str) -> ModuleType:
    """The module with a chapter's reference implementations. Raises `AuthorError`."""
    return module_of("solutions", chapter)


def read_chapter(chapter: str) -> NotebookNode:
    """The notebook of a chapter, its exercises checked against the catalogue. See `parse_chapter`."""
    return parse_chapter(chapter_path(chapter).read_text("utf-8"), chapter, exercises_of(chapter))


def parse_chapter(text: str, chapter: str, exercises: Sequence[Exercise]) -> NotebookNode:
    """The notebook in `text` (Jupytext Markdown), with deterministic cell ids.

    The metadata of a cell says what it is: "exercise" (a stub), "essay", or "check" (a check of the exercise with
    that id). Raises `AuthorError` when the cells and `exercises` do not fit together.
    """
    notebook = jupytext.reads(text, fmt="md")
    if notebook.cells and notebook.cells[0].cell_type == "raw":  # front matter without the heading `jupyter:`
        del notebook.cells[0]
    for cell in notebook.cells:
        checked = checked_exercise(cell)
        if checked:
            cell.metadata["check"] = checked
    _refuse_what_does_not_fit(notebook, chapter, exercises)
    _give_ids(notebook, chapter)
    notebook.metadata = nbformat.from_dict({"kernelspec": KERNELSPEC})
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    return notebook


def imports_of(notebook: NotebookNode) -> list[str]:
    """The modules that a notebook imports."""
    names: dict[str, None] = {}
    for cell in notebook.cells:
        if cell.cell_type == "code":
            names |= dict.fromkeys(_imports(cell.source))
    return list(names)


def _imports(source: str) -> Iterable[str]:
    try:
        tree = ast.parse(source)
    except SyntaxError:  # magics
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module


def checked_exercise(cell: NotebookNode) -> str | None:
    """The id in a cell that is nothing but `check("<id>")`, or None. Comments do not count."""
    if cell.cell_type != "code":
        return None
    match statements(cell.source):
        case [ast.Expr(ast.Call(func=ast.Name("check"), args=[ast.Constant(value=str(id))], keywords=[]))]:
            return id
    return None


def _toc_files(entry: dict) -> Iterable[str]:
    for key in ("root", "file"):
        if key in entry:
            yield entry[key]
    for key in ("parts", "chapters", "sections"):
        for child in entry.get(key, ()):
            yield from _toc_files(child)


def _refuse_what_does_not_fit(notebook: NotebookNode, chapter: str, exercises: Sequence[Exercise]) -> None:
    known = {exercise.id: exercise for exercise in exercises}
    here: dict[str, list[str]] = {"exercise": [], "essay": [], "check": []}
    for cell in notebook.cells:
        for kind, ids in here.items():
            id = cell.metadata.get(kind)
            if id is None:
                continue
            if id not in known:
                raise AuthorError(f"notebooks/{chapter}.md: {kind}={id!r} is not in recbook.questions.{chapter}.")
            if id in ids:
                raise AuthorError(f"notebooks/{chapter}.md: {kind}={id!r} is there twice. One exercise, one cell.")
            if kind == "check" and id not in here["exercise"]:
                raise AuthorError(f"notebooks/{chapter}.md: check({id!r}) comes before its exercise, or has none.")
            _refuse_wrong_kind(cell, kind, known[id], chapter)
            ids.append(id)
    for id, exercise in known.items():
        kind = "essay" if isinstance(exercise, Essay) else "exercise"
        if id not in here[kind]:
            raise AuthorError(f"notebooks/{chapter}.md has no cell for {id!r}. Add one with {kind}={id!r}.")
        if kind == "exercise" and id not in here["check"]:
            raise AuthorError(f'notebooks/{chapter}.md: {id!r} has no check cell. Add one with only: check("{id}")')


def _refuse_wrong_kind(cell: NotebookNode, kind: str, exercise: Exercise, chapter: str) -> None:
    where = f"notebooks/{chapter}.md: {exercise.id!r}"
    if kind == "essay":
        if not isinstance(exercise, Essay):
            raise AuthorError(f"{where} is no essay: its cell is a code cell with exercise={exercise.id!r}.")
        if cell.cell_type != "markdown" or ANSWER_LINE not in cell.source.splitlines():
            raise AuthorError(f"{where} needs a Markdown region with a line that says only {ANSWER_LINE}.")
    elif isinstance(exercise, Essay):
        raise AuthorError(f"{where} is an essay: it has no code cell and no check, but a Markdown region.")
    elif kind == "exercise":
        if cell.cell_type != "code":
            raise AuthorError(f"{where} belongs on a code cell.")
        try:
            name = subject(cell.source).name
        except AuthorError as error:
            raise AuthorError(f"{where}: {error}") from None
        if isinstance(exercise, Question) and name != exercise.subject:
            raise AuthorError(f"{where} asks for {exercise.subject!r}, but its cell defines {name!r}.")


def _give_ids(notebook: NotebookNode, chapter: str) -> None:
    """Ids that stay the same from run to run, and when cells are added elsewhere."""
    seen: dict[str, int] = {}
    for cell in notebook.cells:
        id = cell_id(cell, chapter)
        seen[id] = seen.get(id, 0) + 1
        cell.id = id if seen[id] == 1 else f"{id}-{seen[id]}"


def cell_id(cell: NotebookNode, chapter: str) -> str:
    """The id of a cell: of its exercise where it has one, of its content otherwise (64 characters at most)."""
    for kind, suffix in (("exercise", "-code"), ("check", ""), ("essay", "")):
        if kind in cell.metadata:
            return (cell.metadata[kind].replace(".", "-") + suffix)[:60]
    digest = hashlib.sha256(f"{cell.cell_type}\n{cell.source}".encode()).hexdigest()
    return f"{chapter[:40]}-{digest[:12]}"


# --- Stub and solution ---------------------------------------------------------------------------------------------


def subject(source: str) -> Definition:
    """The one function or class that a stub cell defines. Raises `AuthorError` when there is not exactly one."""
    try:
        found = [node for node in ast.parse(source).body if isinstance(node, Definition)]
    except SyntaxError as error:
        raise AuthorError(f"the stub is not valid Python: {error}") from error
    if len(found) != 1:
        raise AuthorError(f"an exercise's cell has exactly one function or class at its top level, not {len(found)}.")
    return found[0]


def filled(stub: str, chapter: str) -> str:
    """The stub cell `stub` with the reference implementation of `solutions.<chapter>` in it."""
    try:
        return fill(stub, source_of(solutions_of(chapter)))
    except AuthorError as error:
        raise AuthorError(f"notebooks/{chapter}.md and solutions/{chapter}.py: {error}") from None


def source_of(module: ModuleType) -> str:
    """The text of a module as it is now: an author may edit the solutions while we run."""
    linecache.checkcache(inspect.getsourcefile(module))
    return inspect.getsource(module)


def fill(stub: str, solutions: str) -> str:
    """The cell `stub`, its function or class replaced by the one of the same name in the module text `solutions`.

    What stands around it in the cell (comments, statements) stays. Raises `AuthorError` when there is no such
    solution, or stub and solution disagree.
    """
    wanted = subject(stub)
    solution = _definitions(solutions).get(wanted.name)
    if solution is None:
        raise AuthorError(f"there is no solution called {wanted.name!r}.")
    differences = disagreements(wanted, solution)
    if differences:
        raise AuthorError(f"stub and solution of {wanted.name!r} differ in {', '.join(differences)}.")
    first, last = _lines_of(wanted)
    solution_first, solution_last = _lines_of(solution)
    lines = stub.splitlines()
    return "\n".join([*lines[: first - 1], *solutions.splitlines()[solution_first - 1 : solution_last], *lines[last:]])


def disagreements(stub: Definition, solution: Definition) -> list[str]:
    """In what a stub and its solution differ of what must be the same: kind, signature, docstring; of methods too."""
    if type(stub) is not type(solution):
        return ["kind: one is a class, one a function"]
    found = [] if _signature(stub) == _signature(solution) else [f"the signature of {stub.name}"]
    if ast.get_docstring(stub) != ast.get_docstring(solution):
        found.append(f"the docstring of {stub.name}")
    if isinstance(stub, ast.ClassDef) and isinstance(solution, ast.ClassDef):
        methods = {node.name: node for node in solution.body if isinstance(node, Definition)}
        for method in (node for node in stub.body if isinstance(node, Definition)):
            if method.name not in methods:
                found.append(f"the method {method.name}, which only the stub has")
            else:
                found += disagreements(method, methods[method.name])
    return found


def _signature(node: Definition) -> str:
    if isinstance(node, ast.ClassDef):
        return ast.unparse(ast.ClassDef(node.name, node.bases, node.keywords, [ast.Pass()], []))
    copy = type(node)(node.name, node.args, [ast.Pass()], [], node.returns, lineno=1)
    return ast.unparse(ast.fix_missing_locations(copy))


@cache
def _definitions(module_source: str) -> dict[str, Definition]:
    return {node.name: node for node in ast.parse(module_source).body if isinstance(node, Definition)}


def _lines_of(node: ast.stmt) -> tuple[int, int]:
    """First and last line of a statement (from 1), decorators included."""
    decorators = getattr(node, "decorator_list", ())
    return min([node.lineno, *(decorator.lineno for decorator in decorators)]), node.end_lineno


BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"


def mark_solution(filled_cell: str, stub: str) -> str:
    """The filled cell with nbgrader's marks around what nbgrader must remove: the bodies, not the docstrings."""
    wanted, solution = subject(stub), subject(filled_cell)
    lines = filled_cell.splitlines()
    if [ast.dump(d) for d in wanted.decorator_list] != [ast.dump(d) for d in solution.decorator_list]:
        regions = [_lines_of(solution)]  # the solution's decorators are part of the answer
    else:
        regions = _regions(solution, wanted, filled_cell)
    for first, last in sorted(regions, reverse=True):
        indent = lines[first - 1][: len(lines[first - 1]) - len(lines[first - 1].lstrip())]
        lines[first - 1 : last] = [indent + BEGIN, *lines[first - 1 : last], indent + END]
    return "\n".join(lines)


def _regions(solution: Definition, stub: Definition | None, source: str) -> list[tuple[int, int]]:
    """The runs of lines of `solution` (from 1, both ends in) that answer the exercise."""
    has_docstring = ast.get_docstring(solution) is not None
    if isinstance(solution, ast.ClassDef) and isinstance(stub, ast.ClassDef):
        given = {node.name: node for node in stub.body if isinstance(node, Definition)}
        regions = []
        for node in solution.body[1:] if has_docstring else solution.body:
            method = given.get(getattr(node, "name", ""))
            regions += _regions(node, method, source) if method else [_lines_of(node)]
        return regions
    # From the line after the docstring, so that a comment above the first statement is not left behind.
    first = (solution.body[0].end_lineno if has_docstring else _header_end(solution, source)) + 1
    if first > solution.end_lineno:  # all on one line
        return [_lines_of(solution)]
    while not source.splitlines()[first - 1].strip():
        first += 1
    return [(first, solution.end_lineno)]


def _header_end(node: Definition, source: str) -> int:
    """The line on which the header of a function ends: a signature may take several."""
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return next(t.start[0] for t in tokens if t.type == tokenize.NEWLINE and t.start[0] >= node.lineno)


def stub_namespaces(chapter: str) -> dict[str, dict[str, Any]]:
    """What each untouched stub of a chapter defines: exercise id -> names. See `namespaces_of_stubs`."""
    return namespaces_of_stubs(read_chapter(chapter))


def namespaces_of_stubs(notebook: NotebookNode) -> dict[str, dict[str, Any]]:
    """The names after running each stub alone: with the imports, functions and classes given above it.

    Other statements above it (loading data, training a model) are not run.
    """
    given: list[ast.stmt] = []
    namespaces = {}
    for cell in notebook.cells:
        if cell.cell_type != "code" or "check" in cell.metadata:
            continue
        if "exercise" in cell.metadata:
            namespace: dict[str, Any] = {"__name__": "stub"}
            exec(compile(ast.Module([*given], []), "<given>", "exec"), namespace)
            exec(compile(cell.source, f"<{cell.metadata['exercise']}>", "exec"), namespace)
            namespaces[cell.metadata["exercise"]] = namespace
        else:
            given += [node for node in statements(cell.source) if isinstance(node, Definition | _Import)]
    return namespaces


_Import = ast.Import | ast.ImportFrom


def statements(source: str) -> list[ast.stmt]:
    """The statements of a code cell; none for a cell that Python cannot read."""
    try:
        return ast.parse(source).body
    except SyntaxError:  # a cell with IPython's own syntax
        return []


# --- What a student reads above an exercise ------------------------------------------------------------------------

_KINDS = {"code": "Exercise", "bug hunt": "Bug hunt", "quiz": "Quiz", "essay": "Essay"}


def heading(exercise: Exercise) -> str:
    """Kind, title and points: "Bug hunt · A training step (2 points)"."""
    points = "1 point" if exercise.points == 1 else f"{exercise.points:g} points"
    return f"{_KINDS[exercise.kind]} · {exercise.title} ({points})"


def notebook_note(exercise: Exercise) -> str:
    """The lines above an exercise, in the Markdown every notebook shows."""
    return f"**{heading(exercise)}**\n\n{_what_to_do(exercise)}"


def site_note(exercise: Exercise) -> str:
    """The same for the site: a box (MyST Markdown), with a target to link to."""
    return (
        f"(exercise-{exercise.grade_id})=\n:::{{admonition}} {heading(exercise)}\n"
        f":class: recbook-exercise recbook-{exercise.kind.replace(' ', '-')}\n\n{_what_to_do(exercise)}\n:::"
    )


def _what_to_do(exercise: Exercise) -> str:
    if not isinstance(exercise, Essay):
        return exercise.objective
    marks = "\n".join(f"- {criterion} ({points:g})" for criterion, points in exercise.rubric.items())
    return f"{exercise.objective}\n\nA person reads your answer. What counts:\n\n{marks}"


def add_notes(notebook: NotebookNode, exercises: Sequence[Exercise], note: Callable[[Exercise], str]) -> None:
    """Put a Markdown cell with the title and the points of each exercise in front of it."""
    known = {exercise.id: exercise for exercise in exercises}
    cells = []
    for cell in notebook.cells:
        id = cell.metadata.get("exercise") or cell.metadata.get("essay")
        if id:
            cells.append(markdown_cell(note(known[id]), id=f"{known[id].grade_id[:58]}-note"))
        cells.append(cell)
    notebook.cells = cells


def markdown_cell(source: str, *, id: str, **metadata: object) -> NotebookNode:
    """A Markdown cell with an id of our choice."""
    cell = nbformat.v4.new_markdown_cell(source, metadata=metadata)
    cell.id = id
    return cell


def code_cell(source: str, *, id: str, **metadata: object) -> NotebookNode:
    """A code cell with an id of our choice."""
    cell = nbformat.v4.new_code_cell(source, metadata=metadata)
    cell.id = id
    return cell


# --- What must never be seen ---------------------------------------------------------------------------------------


def secret_lines(chapter_text: str, notebook: NotebookNode, solutions: ModuleType) -> set[str]:
    """The lines of the solutions that a student must not find anywhere, without any white space.

    A line counts when it is long enough to be recognised and the chapter itself does not give it away: a bug hunt
    shares most of its lines with its solution.
    """
    given = squeeze(chapter_text)
    lines = []
    for cell in notebook.cells:
        if "exercise" in cell.metadata:
            lines += fill(cell.source, source_of(solutions)).splitlines()
        elif "essay" in cell.metadata:
            name = cell.metadata["essay"].partition(".")[2]
            lines += getattr(solutions, "MODEL_ANSWERS", {}).get(name, "").splitlines()
    return {line for line in map(squeeze, lines) if len(line) >= 14 and line not in given}


def squeeze(text: str) -> str:
    """`text` without any white space, so that layout cannot hide a line."""
    return "".join(text.split())
