"""A known mistake, or a right alternative, as a student would have typed it: the source of a notebook cell."""

from __future__ import annotations

import ast
import symtable
from functools import cache
from importlib import import_module

from grader.chapter import source_of, subject
from grader.implementations import Implementation
from recbook.question import Question

_Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
#: Module and name: one thing that a cell needs.
_Key = tuple[str, str]


def typed(implementation: Implementation, question: Question, stub: str) -> str:
    """The stub cell `stub` with this implementation in the place of the subject.

    What it takes from its module (imports, helpers, constants, parts of the reference) stands above it, under names
    that no other cell uses.
    """
    node = subject(stub)
    first, last = min([node.lineno, *(each.lineno for each in node.decorator_list)]), node.end_lineno
    lines = stub.splitlines()
    return "\n".join([*lines[: first - 1], _definition(implementation, question, node), *lines[last:]])


def _definition(implementation: Implementation, question: Question, stub: _Definition) -> str:
    docstring = ast.get_docstring(stub, clean=False)
    name = implementation.code.__name__
    if name == "<lambda>":  # a choice of a quiz
        return _with_docstring(
            ast.parse(f"def {question.subject}():\n    return {implementation.code()!r}").body[0], docstring
        )
    root = (implementation.code.__module__, name)
    imports: dict[str, None] = {}
    nodes: dict[_Key, ast.stmt] = {}
    _collect(root, imports, nodes)
    names = {key: question.subject if key == root else _private(key[1], question) for key in nodes}
    texts = []
    for key, needed in nodes.items():
        renamed = _rename(needed, {name: names[found] for name, found in _scope(*key).items() if found in names})
        texts.append(_with_docstring(renamed, docstring) if key == root else ast.unparse(renamed))
    return "\n\n\n".join(["\n".join(imports), *texts] if imports else texts)


def _private(name: str, question: Question) -> str:
    return f"_{name.strip('_')}_for_{question.name}"


def _collect(key: _Key, imports: dict[str, None], nodes: dict[_Key, ast.stmt]) -> None:
    """Put what `key` needs, and then itself, into `nodes`; the import statements into `imports`."""
    module, name = key
    node = _contents(module)[name]
    if isinstance(node, ast.Import | ast.ImportFrom):
        imports[ast.unparse(node)] = None
        return
    for found in _scope(module, name).values():
        if found != key and found not in nodes:
            _collect(found, imports, nodes)
    nodes[key] = node


@cache
def _scope(module: str, name: str) -> dict[str, _Key]:
    """The global names that a thing of a module uses -> where each comes from."""
    return {used: _origin(module, used) for used in _globals_of(module, name) if used in _contents(module)}


def _origin(module: str, name: str) -> _Key:
    node = _contents(module)[name]
    if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in ("solutions", "grader"):
        return _origin(node.module, node.names[0].name)
    return module, name


def _globals_of(module: str, name: str) -> set[str]:
    def walk(table: symtable.SymbolTable) -> set[str]:
        here = {
            symbol.get_name() for symbol in table.get_symbols() if symbol.is_global() or table.get_type() == "module"
        }
        return here.union(*(walk(child) for child in table.get_children()))

    return walk(symtable.symtable(ast.unparse(_contents(module)[name]), module, "exec"))


@cache
def _contents(module: str) -> dict[str, ast.stmt]:
    """The definitions, constants and imports of a module by name; registering decorators are left out."""
    found: dict[str, ast.stmt] = {}
    for node in ast.parse(source_of(import_module(module))).body:
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                node.decorator_list = [each for each in node.decorator_list if not _registers(each)]
                found[node.name] = node
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
                found[name] = node
            case ast.Import(names=aliases):
                for alias in aliases:
                    found[alias.asname or alias.name.partition(".")[0]] = ast.Import([alias])
            case ast.ImportFrom(module=source, names=aliases):
                for alias in aliases:
                    found[alias.asname or alias.name] = ast.ImportFrom(source, [alias], node.level)
    return found


def _registers(decorator: ast.expr) -> bool:
    match decorator:
        case ast.Call(func=ast.Name(id="mistake" | "alternative")):
            return True
    return False


def _rename(node: ast.stmt, names: dict[str, str]) -> ast.stmt:
    class Renamer(ast.NodeTransformer):
        def visit_Name(self, name: ast.Name) -> ast.Name:
            return ast.copy_location(ast.Name(names.get(name.id, name.id), name.ctx), name)

    renamed = Renamer().visit(ast.parse(ast.unparse(node)).body[0])
    if isinstance(renamed, _Definition):
        renamed.name = names.get(renamed.name, renamed.name)
    return renamed


def _with_docstring(node: ast.stmt, docstring: str | None) -> str:
    """The text of a function with the docstring of the stub, which students leave in."""
    if docstring and isinstance(node, ast.FunctionDef) and not ast.get_docstring(node):
        node.body.insert(0, ast.Expr(ast.Constant(docstring)))
    return ast.unparse(ast.fix_missing_locations(node))
