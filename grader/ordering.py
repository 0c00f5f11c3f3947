"""What can be put back of given code, and in which order cells run so that definitions find what they need."""

from __future__ import annotations

import ast
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain

from grader.bindings import ALWAYS_THERE, Code, bound, parse

_SIMPLE = ast.Constant | ast.Name | ast.Tuple | ast.List | ast.Dict | ast.Set | ast.UnaryOp | ast.expr_context
_SIMPLE |= ast.unaryop


@dataclass(frozen=True)
class Part:
    """A statement of a given cell that can be put back alone: an import, a definition, a constant."""

    source: str
    names: frozenset[str]
    mentions: frozenset[str]
    is_import: bool


@lru_cache(maxsize=512)  # it is only asked about releases
def parts_of(source: str) -> tuple[Part, ...]:
    """The statements of a given cell that can be put back alone, in their order."""
    tree = parse(source)
    parts = []
    for node in tree.body if tree else ():
        is_import = isinstance(node, ast.Import | ast.ImportFrom)
        constant = isinstance(node, ast.Assign) and all(isinstance(each, _SIMPLE) for each in ast.walk(node.value))
        if is_import or constant or isinstance(node, ast.FunctionDef | ast.ClassDef):
            mentions = frozenset(each.id for each in ast.walk(node) if isinstance(each, ast.Name))
            parts.append(Part(ast.unparse(node), frozenset(bound(node)), mentions, is_import))
    return tuple(parts)


def after_what_they_need(
    entries: Sequence[int], code: Mapping[int, str], read_code: Callable[[str], Code]
) -> tuple[list[int], list[int]]:
    """The cells in an order in which definitions find what later cells bind; and those that had to wait.

    A cell whose definitions come again further down does not wait: the later ones count, as in a notebook.
    """
    read = {index: read_code(code[index]) for index in entries}
    to_come = Counter(name for index in entries for name in read[index].binds)
    to_define = Counter(name for index in entries for name in read[index].defines)
    there = set(ALWAYS_THERE)
    place = {index: number for number, index in enumerate(entries)}
    ordered: list[int] = []
    # Each name knows the cells that wait for it, and each of these how many names it lacks: no cell is looked at again.
    lacking: dict[int, int] = {}
    waiting_for: dict[str, list[int]] = defaultdict(list)
    pending: set[str] = set()

    def run(index: int) -> None:
        ready = [index]
        while ready:
            ordered.extend(ready)
            new = {name for each in ready for name in read[each].binds} - there
            there.update(new)
            ready = []
            for other in chain.from_iterable(waiting_for.pop(name, ()) for name in new):
                lacking[other] -= 1
                if not lacking[other]:
                    ready.append(other)
            ready.sort(key=place.__getitem__)

    for index in entries:
        own = read[index]
        to_define.subtract(own.defines)
        to_come.subtract(own.binds)
        missing = {name for name in own.needs - there if to_come[name] > 0 or name in pending}
        if missing and not any(to_define[name] > 0 for name in own.defines):
            lacking[index] = len(missing)
            for name in missing:
                waiting_for[name].append(index)
            pending |= own.binds
        else:
            run(index)
    return [*ordered, *(index for index, count in lacking.items() if count)], list(lacking)
