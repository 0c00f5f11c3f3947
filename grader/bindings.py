"""What a cell of code defines and needs, read off its text. The text is a student's: it is never run here."""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

#: Longer cells are not looked into; they run like any other.
MAX_SOURCE = 200_000
_MAX_CACHED = 20_000
ALWAYS_THERE = frozenset(dir(builtins)) | {"get_ipython", "display", "In", "Out", "exit", "quit", "__name__"}

_DEFINITION = re.compile(r"^[ \t]*(?:async[ \t]+)?(?:def|class)[ \t]+(\w+)", re.MULTILINE)
_WORD = re.compile(r"[^\W\d]\w*")
_Function = ast.FunctionDef | ast.AsyncFunctionDef
Definition = _Function | ast.ClassDef
_Comprehension = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp


@dataclass(frozen=True)
class Code:
    """The names in a cell. A cell that is no Python defines what it seems to define, and binds nothing."""

    tree: ast.Module | None
    #: Functions and classes; and everything that has a value after the cell has run.
    defines: frozenset[str]
    binds: frozenset[str]
    #: What must be there already so that its last definition or import is reached.
    needs: frozenset[str]
    mentions: frozenset[str]

    @property
    def parses(self) -> bool:
        """True when the cell is Python."""
        return self.tree is not None


def read_code(source: str) -> Code:
    """The names in a cell's text."""
    return _cached(source) if len(source) <= _MAX_CACHED else _read(source)


def defines(source: str, name: str) -> bool:
    """True when a cell defines a function or class of this name, also where it does not parse."""
    return name in (_cached_definitions(source) if len(source) <= _MAX_CACHED else _definitions(source))


def parse(source: str) -> ast.Module | None:
    """The syntax tree of a cell without IPython's own lines; None when it is no Python."""
    if len(source) > MAX_SOURCE:
        return None
    for plain in (lambda text: text, _without_magics):
        try:
            return ast.parse(plain(source))
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
    return None


def _without_magics(source: str) -> str:
    """The cell with `pass` for IPython's own lines: %magic, !command, name?, files = !ls."""
    lines = source.split("\n")
    for number, line in enumerate(lines):
        code = line.strip()
        given = code.partition("=")[2].lstrip()
        if code[:1] in ("%", "!", "?") or code[-1:] == "?" or given[:1] in ("%", "!"):
            lines[number] = line[: len(line) - len(line.lstrip())] + "pass"
    return "\n".join(lines)


def _definitions(source: str) -> frozenset[str]:
    """What a cell seems to define: also inside of something, and where it does not parse."""
    return frozenset(_DEFINITION.findall(source))


_cached_definitions = lru_cache(maxsize=512)(_definitions)


def _read(source: str) -> Code:
    tree = parse(source)
    seeming = _definitions(source)
    if tree is None:
        return Code(None, seeming, frozenset(), frozenset(), frozenset(_WORD.findall(source[:MAX_SOURCE])))
    found = [(bound(node), node) for node in tree.body]
    binds = frozenset(name for names, _ in found for name in names)
    mentions = frozenset(node.id for node in ast.walk(tree) if isinstance(node, ast.Name))
    return Code(tree, seeming & binds | _lambdas(tree), binds, frozenset(_needs(found)), mentions)


_cached = lru_cache(maxsize=512)(_read)


def bound(node: ast.AST) -> set[str]:
    """The names that a statement gives a value to, in the notebook and not inside a function or class."""
    names = set()
    for each in _executed(node, into_classes=False):
        if isinstance(each, Definition):
            names.add(each.name)
        elif isinstance(each, ast.Name) and not isinstance(each.ctx, ast.Load):
            names.add(each.id)
        elif isinstance(each, ast.alias):
            names.add(each.asname or each.name.partition(".")[0])
    return names


def _lambdas(tree: ast.Module) -> frozenset[str]:
    return frozenset(
        name for node in tree.body if isinstance(node, ast.Assign) and isinstance(node.value, ast.Lambda)
        for name in bound(node)
    )  # fmt: skip


def _needs(found: Iterable[tuple[set[str], ast.stmt]]) -> set[str]:
    """The names read by the statements up to the last definition or import, apart from those they bind themselves."""
    found = list(found)
    last = max((i for i, (_, node) in enumerate(found) if _holds_definition(node)), default=-1)
    needed: set[str] = set()
    known = set(ALWAYS_THERE)
    for names, node in found[: last + 1]:
        read, own = set(), set()
        for each in _executed(node, into_classes=True):
            if isinstance(each, ast.Name):
                (read if isinstance(each.ctx, ast.Load) else own).add(each.id)
            elif isinstance(each, Definition):
                own.add(each.name)
        needed |= read - own - known
        known |= names
    return needed


def _holds_definition(node: ast.stmt) -> bool:
    return any(
        isinstance(each, Definition | ast.Import | ast.ImportFrom) for each in _executed(node, into_classes=False)
    )


def _executed(node: ast.AST, *, into_classes: bool) -> Iterator[ast.AST]:
    """The parts of a statement that run with it: not the insides of functions."""
    waiting = [node]
    while waiting:
        node = waiting.pop()
        yield node
        if isinstance(node, _Function):
            waiting += [*node.decorator_list, *_of_signature(node.args)]
        elif isinstance(node, ast.Lambda):
            waiting += _of_signature(node.args)
        elif isinstance(node, ast.ClassDef) and not into_classes:
            waiting += [*node.decorator_list, *node.bases]
        elif isinstance(node, _Comprehension) and not into_classes:
            continue
        else:
            waiting += ast.iter_child_nodes(node)


def _of_signature(args: ast.arguments) -> list[ast.AST]:
    annotated = [*args.posonlyargs, *args.args, *args.kwonlyargs, args.vararg, args.kwarg]
    return [
        *args.defaults, *(each for each in args.kw_defaults if each),
        *(each.annotation for each in annotated if each and each.annotation),
    ]  # fmt: skip
