"""Match the cells of a hand-in to the release, and put right what is damaged. Nothing is run here.

Cells are found by nbgrader's mark (`grade_id`) first, by their content second: test cells by their text, solutions by
the name they define, essays by the cell above. Every repair is noted in a sentence for student and instructor.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import pairwise

from nbformat import NotebookNode

from grader.bindings import ALWAYS_THERE, defines, read_code
from grader.chapter import ANSWER_LINE, squeeze
from grader.ordering import after_what_they_need, parts_of
from grader.reading import Cell

_WORD = re.compile(r"\w*")
_MANY = 8


@dataclass(frozen=True)
class Matched:
    """A hand-in matched to the release.

    `cells` are the hand-in's own, test cells as released, and behind them what was put back. `run` are the code cells
    to run (index, source), in the order to run them; `grade_ids` says which cells (by index) are which graded or
    solution cell of the release; `essays` holds the text of each essay that was found; `notes` what was repaired;
    `given` the cells to run that are the release's own, word for word.
    """

    cells: tuple[Cell, ...]
    run: tuple[tuple[int, str], ...]
    grade_ids: Mapping[int, str]
    essays: Mapping[str, str]
    notes: tuple[str, ...] = field(default=())
    given: frozenset[int] = field(default=frozenset())


def match(cells: Sequence[Cell], release: NotebookNode, notes: Iterable[str] = ()) -> Matched:
    """Match the cells of a hand-in to the release and repair what can be repaired.

    Test cells are not run: the questions are asked instead. Every other code cell is, whatever its metadata says.
    """
    wanted = _read_release(release)
    repair = _Repair(cells, wanted, list(notes))
    repair.drop_foreign_marks()
    repair.find_tests()
    repair.find_solutions()
    repair.find_essays()
    repair.note_what_was_found()
    repair.put_back_tests()
    repair.put_back_given()
    run = repair.in_order()
    given = {squeeze(source) for source in wanted.given}
    unchanged = frozenset(index for index, source in run if squeeze(source) in given)
    return Matched(tuple(repair.cells), run, repair.grade_ids, repair.essays, tuple(repair.notes), unchanged)


def is_answered(text: str | None, released: NotebookNode) -> bool:
    """True when an essay's cell says more than the released one."""
    return text is not None and not _is_untouched(text, released.source)


def defining_cells(matched: Matched, name: str) -> list[int]:
    """The cells that define a function or class of this name, also where they do not parse."""
    return [index for index, source in matched.run if defines(source, name)]


def _is_untouched(text: str, released: str) -> bool:
    left = text.replace(ANSWER_LINE, "")
    for line in released.splitlines():
        left = left.replace(line.strip(), "", 1) if line.strip() else left
    return not left.strip()


# --- The release ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Release:
    """What is looked for in a hand-in."""

    #: grade id -> source, of each kind of marked cell, in the release's order.
    tests: Mapping[str, str]
    solutions: Mapping[str, str]
    essays: Mapping[str, str]
    #: The name that each solution cell defines.
    names: Mapping[str, str]
    #: The text of the cell above each essay -> the essay's id.
    above: Mapping[str, str]
    #: The code cells that no student has to change.
    given: Sequence[str]
    #: All cells' texts without white space; all tags.
    texts: frozenset[str]
    tags: frozenset[str]

    @property
    def ids(self) -> list[str]:
        return [*self.tests, *self.solutions, *self.essays]


def _read_release(release: NotebookNode) -> _Release:
    tests, solutions, essays, above, given = {}, {}, {}, {}, []
    for before, cell in pairwise([NotebookNode(source=""), *release.cells]):
        ours = cell.metadata.get("nbgrader")
        if not ours:
            given += [cell.source] if cell.cell_type == "code" else []
        elif ours.grade and ours.solution:
            essays[ours.grade_id] = cell.source
            above[squeeze(before.source)] = ours.grade_id
        elif ours.grade:
            tests[ours.grade_id] = cell.source
        elif ours.solution:
            solutions[ours.grade_id] = cell.source
    names = {id: name for id, source in solutions.items() for name in read_code(source).defines}
    return _Release(
        tests, solutions, essays, names, above, given, frozenset(squeeze(cell.source) for cell in release.cells),
        frozenset(tag for cell in release.cells for tag in cell.metadata.get("tags", ())),
    )  # fmt: skip


def _short(id: str) -> str:
    """The exercise's name in a grade id: "autoencoder-fit-code" -> "`fit`"."""
    return f"`{id.partition('-')[2].removesuffix('-code')}`"


def _listed(names: Iterable[str]) -> str:
    names = list(dict.fromkeys(names))
    more = f" and {len(names) - _MANY} more" if len(names) > _MANY else ""
    return ", ".join(names[:_MANY]) + more


def _numbers(indices: Iterable[int]) -> str:
    """Cells as people count them."""
    found = [str(index + 1) for index in sorted(indices)]
    return f"cell {found[0]}" if len(found) == 1 else f"cells {_listed(found)}"


# --- Repairing -----------------------------------------------------------------------------------------------------


class _Repair:
    """The state of matching one hand-in; its steps are called in the order in which they stand here."""

    def __init__(self, cells: Sequence[Cell], release: _Release, notes: list[str]):
        self.cells, self.release, self.notes = list(cells), release, notes
        self.grade_ids: dict[int, str] = {}
        self.essays: dict[str, str] = {}
        self._n_own = len(cells)
        #: What will run: index -> source.
        self._code = {index: cell.source for index, cell in enumerate(cells) if cell.kind == "code"}
        #: Code that is put back: it runs before everything else.
        self._first: list[int] = []
        self._lost_marks: list[int] = []
        self._read = cache(read_code)  # long cells are asked for many times
        self._texts = [squeeze(cell.source) for cell in cells]

    def _note(self, text: str) -> None:
        self.notes.append(text)

    # --- Marks and tags

    def drop_foreign_marks(self) -> None:
        known, foreign = set(self.release.ids), Counter()
        tagged: Counter[str] = Counter()
        for index, cell in enumerate(self.cells):
            if cell.grade_id and cell.grade_id not in known:
                foreign[cell.grade_id] += 1
                self.cells[index] = replace(cell, grade_id="")
            tagged.update(set(cell.tags) - self.release.tags)
        if foreign:
            marks = _listed(repr(mark) for mark in foreign)
            self._note(f"Marks that are not of this chapter were ignored: {marks}.")
        if tagged:
            self._note(f"Tags of cells change nothing here: {_listed(map(repr, tagged))}.")

    # --- Test cells

    def find_tests(self) -> None:
        """Find the test cells; put back their text where it was edited. None of them runs."""
        found: dict[str, list[tuple[int, int]]] = {}  # id -> (how sure, index)
        by_text = {squeeze(source): id for id, source in self.release.tests.items()}
        for index, cell in enumerate(self.cells):
            id, rank = by_text.get(self._texts[index], ""), 0 if cell.kind == "code" else 1
            if not id and cell.kind == "code" and self._texts[index] not in self.release.texts:
                id, rank = self._test_of(cell), 2
            if id:
                found.setdefault(id, []).append((rank + (cell.grade_id != id), index))
        edited, retyped, repeated = [], [], []
        for id, source in self.release.tests.items():
            ranked = sorted(found.get(id, ()))
            for _, index in ranked:
                self._code.pop(index, None)
            if not ranked:
                continue
            index = ranked[0][1]
            repeated += [id] if len(ranked) > 1 else []
            cell = self.cells[index]
            edited += [id] if self._texts[index] != squeeze(source) else []
            retyped += [id] if cell.kind != "code" else []
            self._found(index, id)
            self.cells[index] = Cell("code", source, id)
        if edited:
            self._note(f"Changed test cells count as released: {_listed(map(_short, edited))}.")
        if retyped:
            self._note(f"Test cells that were made text are code again: {_listed(map(_short, retyped))}.")
        if repeated:
            self._note(f"Test cells that are there more than once count once: {_listed(map(_short, repeated))}.")

    def _test_of(self, cell: Cell) -> str:
        """The test that a changed test cell was: by what it checks, else by its mark when it defines nothing."""
        code = self._read(cell.source)
        checked = _checked(code.tree) if code.tree else ""
        if checked.replace(".", "-") in self.release.tests:
            return checked.replace(".", "-")
        # A test cell that a student wrote over with a definition is code like any other.
        return cell.grade_id if cell.grade_id in self.release.tests and not code.defines else ""

    def _found(self, index: int, id: str) -> None:
        self.grade_ids[index] = id
        if self.cells[index].grade_id != id:
            self._lost_marks.append(index)

    # --- Solutions

    def find_solutions(self) -> None:
        """Find the cells that define what is asked for; see to it that the student's definition is the last to run."""
        notes: dict[str, list[str]] = {
            "Solutions in cells that are not code were run": [],
            "Untouched exercises that stand again below their solutions were left out": [],
            "Defined more than once (the last definition that runs counts)": [],
            "Solutions that share a cell with another one": [],
        }
        hidden, again, repeated, shared = notes.values()
        for id, stub in self.release.solutions.items():
            name, stub = self.release.names.get(id, ""), squeeze(stub)
            places = [index for index, source in self._code.items() if name in self._read(source).defines]
            own = [index for index in places if self._texts[index] != stub]
            if not own and (index := self._run_hidden(name, stub)) is not None:
                own = [index]
                hidden.append(f"`{name}` ({_numbers(own)})")
            copies = [index for index in places if self._texts[index] == stub and own and index > own[0]]
            for index in copies:
                del self._code[index]
            again += [f"`{name}` ({_numbers(copies)})"] if copies else []
            repeated += [f"`{name}` ({_numbers(own)})"] if len(own) > 1 else []
            place = self._place(own or places, id)
            if place in self.grade_ids:
                shared.append(_short(id))
            elif place is not None:
                self._found(place, id)
        for note, names in notes.items():
            if names:
                self._note(f"{note}: {_listed(names)}.")

    def _place(self, places: Sequence[int], id: str) -> int | None:
        """The cell that counts: the last that defines the name and is Python; else the one with the mark."""
        if places:
            return max(places, key=lambda index: (self._read(self._code[index]).parses, index))
        marked = (i for i, cell in enumerate(self.cells) if cell.grade_id == id and i not in self.grade_ids)
        return next(marked, None)

    def _run_hidden(self, name: str, stub: str) -> int | None:
        """Let a text cell run in which the student's Python defines the name, and say which."""
        for index in reversed(range(len(self.cells))):
            cell = self.cells[index]
            if cell.kind == "code" or index in self.grade_ids or not defines(cell.source, name):
                continue
            is_given = self._texts[index] != stub and self._texts[index] in self.release.texts
            if is_given:  # an example in the chapter's own text
                continue
            for source in ("\n\n".join(_fenced(cell.source)), cell.source):
                code = self._read(source)
                if squeeze(source) != stub and name in code.defines and code.parses:
                    self._code[index] = self._code.get(index, source)
                    self._code = dict(sorted(self._code.items()))
                    return index
        return None

    # --- Essays

    def find_essays(self) -> None:
        above = self.release.above
        places: dict[str, list[int]] = {id: [] for id in self.release.essays}
        for index, cell in enumerate(self.cells):
            if cell.grade_id in places and self._may_be_essay(index):
                places[cell.grade_id].append(index)
        lost = {id for id, found in places.items() if not found}
        for index in range(1, len(self.cells)):
            id = above.get(self._texts[index - 1])
            if id in lost and self._may_be_essay(index) and self._is_own_text(index):
                places[id].append(index)
        for id, released in self.release.essays.items():
            answered = [i for i in places[id] if not _is_untouched(self.cells[i].source, released)]
            below = None if answered else self._answer_below(id, places[id])
            if below is not None:
                self._note(f"The answer {_short(id)} was found in a cell below its own ({_numbers([below])}).")
                answered = [below]
            if len(answered) > 1:
                self._note(f"The answer {_short(id)} is there more than once ({_numbers(answered)}): the first counts.")
            if answered or places[id]:
                self._take_essay((answered or places[id])[0], id)

    def _may_be_essay(self, index: int) -> bool:
        """False for what holds something else already: a test, a solution, code that runs."""
        if index in self.grade_ids:
            return False
        code = self._code.get(index)
        if code is None:
            return True
        read = self._read(code)
        return not read.parses or (not read.binds and self.cells[index].grade_id in self.release.essays)

    def _is_own_text(self, index: int) -> bool:
        """True for what the student wrote, and for an essay's cell as it was released."""
        cell = self.cells[index]
        if cell.grade_id in self.release.essays or (cell.kind == "code" and not cell.source.strip()):
            return False
        return self._texts[index] not in self.release.texts or cell.source.strip() == ANSWER_LINE

    def _answer_below(self, id: str, places: Sequence[int]) -> int | None:
        """A text cell that the student put below the untouched cell of an essay."""
        for place in places:
            index = place + 1
            if index < self._n_own and self.cells[index].kind == "markdown" and index not in self.grade_ids:
                own = self._is_own_text(index) and self._texts[index] not in self.release.texts
                if own and self.cells[index].source.strip() and index not in self._code:
                    return index
        return None

    def _take_essay(self, index: int, id: str) -> None:
        cell = self.cells[index]
        if cell.kind != "markdown":
            self._code.pop(index, None)
            self._note(f"The answer {_short(id)} was in a cell of another kind ({_numbers([index])}): read as text.")
        self._found(index, id)
        self.cells[index] = Cell("markdown", cell.source, id)
        self.essays[id] = cell.source

    # --- What is missing

    def note_what_was_found(self) -> None:
        found = set(self.grade_ids.values())
        if self._lost_marks:
            n = len(self._lost_marks)
            cells = "1 cell has" if n == 1 else f"{n} cells have"
            self._note(f"{cells} lost nbgrader's mark: found by the content.")
        order = [id for index in sorted(self.grade_ids) if (id := self.grade_ids[index]) in self.release.tests]
        if order != [id for id in self.release.tests if id in found]:
            self._note("The cells are in another order than in the released notebook.")
        defined = {name for source in self._code.values() for name in self._read(source).defines}
        gone = [id for id in self.release.solutions if id not in found and self.release.names.get(id) not in defined]
        gone += [id for id in self.release.essays if id not in found]
        if gone:
            self._note(f"Not found in the notebook: {_listed(map(_short, gone))}.")

    def put_back_tests(self) -> None:
        missing = [id for id in self.release.tests if id not in set(self.grade_ids.values())]
        for id in missing:
            self.grade_ids[len(self.cells)] = id
            self.cells.append(Cell("code", self.release.tests[id], id))
        if missing:
            self._note(f"Missing test cells were put back: {_listed(map(_short, missing))}.")

    def put_back_given(self) -> None:
        """Put back the imports and definitions of given cells that the hand-in uses and does not have any more."""
        read = [self._read(source) for source in self._code.values()]
        own = set(ALWAYS_THERE).union(*(code.binds for code in read))
        there = set(own)
        wanted = set().union(*(code.mentions for code in read)) - there
        given = [parts_of(source) for source in self.release.given]
        back: set[tuple[int, int]] = set()
        more = True
        while more:
            more = False
            for number, parts in enumerate(given):
                for position, part in enumerate(parts):
                    if (number, position) not in back and part.names & wanted:
                        back.add((number, position))
                        there |= part.names
                        wanted |= part.mentions - there
                        wanted -= part.names
                        more = True
        names: list[str] = []
        for number, parts in enumerate(given):
            chosen = [part for position, part in enumerate(parts) if (number, position) in back]
            if not chosen:
                continue
            whole = all(part.is_import and not part.names & own for part in parts)  # the cell of imports is gone
            source = self.release.given[number] if whole else "\n\n".join(part.source for part in chosen)
            self._code[len(self.cells)] = source
            self._first.append(len(self.cells))
            self.cells.append(Cell("code", source))
            names += [f"`{name}`" for part in chosen for name in sorted(part.names)]
        if names:
            self._note(
                f"Given cells are missing or broken; what the code needs of them was put back: {_listed(names)}."
            )

    # --- Order

    def in_order(self) -> tuple[tuple[int, str], ...]:
        """The code to run: what was put back, then the hand-in's cells; one that needs a later cell, after that one."""
        first = set(self._first)
        entries = [*self._first, *(index for index in self._code if index not in first)]
        ordered, moved = after_what_they_need(entries, self._code, self._read)
        moved = [index for index in moved if index < self._n_own]
        if moved:
            self._note(f"Code that needs something from a cell below was run after that cell: {_numbers(moved)}.")
        return tuple((index, self._code[index]) for index in ordered)


def _fenced(markdown: str) -> list[str]:
    """The blocks between ``` and ```, line by line: a pattern for all of it would try every line as the first."""
    blocks: list[str] = []
    block: list[str] | None = None
    for line in markdown.split("\n"):
        word = line.lstrip("`").strip(" \t") if line.startswith("```") else "no fence"
        if block is None:
            block = [] if _WORD.fullmatch(word) else None
        elif not word:
            blocks.append("".join(block))
            block = None
        else:
            block.append(f"{line}\n")
    return blocks


def _checked(tree: ast.Module) -> str:
    """The exercise that a cell checks which does nothing else: `check("autoencoder.fit")` -> "autoencoder.fit"."""
    found = ""
    for node in tree.body:
        match node:
            case ast.Expr(ast.Call(func=ast.Name("check"), args=[ast.Constant(value=str(id)), *_])):
                found = found or id
            case ast.Expr(ast.Constant()):
                continue
            case _:
                return ""
    return found
