"""What runs beside student code: run it, ask the questions, write down the answers. It knows no answer.

A job is plain data::

    {"cells": [[3, "import torch"], ...], # a hand-in's code cells with their numbers, or
     "file": ["forward.py", "def ..."],   # a Python file's name and text
     "skip_cells": [7],                   # of these, run only imports and definitions: they ended an earlier process
     "given_cells": [5],                  # of these, no figure is drawn: that takes longer than most cells
     "cell_seconds": 20, "cells_seconds": 120,
     "questions": [{"id": "autoencoder.forward", "seed": 123, "seconds": 2, "memory": 1000000000}, ...]}

and one line of JSON is written for each thing that happens, so that whoever reads them knows what was going on when
the process ended, or when the lines stopped coming::

    {"event": "ready"}
    {"event": "cell", "index": 3}         {"event": "cell-end", "index": 3, "outputs": [...], "error": {...} or null}
    {"event": "put-back", "names": ["np"]}   # after the cells: libraries that one of them had lost
    {"event": "question", "id": "..."}
    {"event": "answer", "id": "...", "answer": "...", "seconds": 0.02, "peak_memory": 300000000}
    {"event": "end"}

It trusts nothing that student code did, but it cannot stop it either: limits, isolation and judging are the reader's.
"""

from __future__ import annotations

import ast
import contextlib
import json
import linecache
import os
import resource
import signal
import sys
import time
import traceback
import types
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from recbook.answer import MAX_MESSAGE, Answer, CaseAnswer, to_json
from recbook.asking import OutOfTime, ask, describe_exception, time_limit, warm_up
from recbook.question import Question
from recbook.questions import find

Namespace = Mapping[str, Any]
#: The name of the module that a Python file becomes: not "__main__", so that its main block does not run.
_FILE_MODULE = "handin"
#: What every chapter imports, as `np`, `pd`, `torch`, `nn` and the like.
_LIBRARIES = ("numpy", "pandas", "torch", "torch.nn", "torch.nn.functional")


class Journal:
    """Writes the lines. Every line is one `write`, finished before anything else happens."""

    def __init__(self, descriptor: int):
        self._descriptor, self._process = descriptor, os.getpid()
        os.set_inheritable(descriptor, False)

    def write(self, event: str, **fields: Any) -> None:
        """Write one line. A copy of the process that student code has forked ends here: it has nothing to say."""
        if os.getpid() != self._process:
            os._exit(0)
        line = json.dumps({"event": event, **fields}).encode("ascii") + b"\n"
        while line:
            line = line[os.write(self._descriptor, line) :]


def respond(job: dict[str, Any], journal: Journal) -> None:
    """Run the code of `job`, then ask its questions."""
    if threads := sys.modules.get("torch") or _import_torch():
        threads.set_num_threads(1)
    warm_up()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    questions = [
        (replace(find(item["id"]), seconds=item["seconds"]), item["seed"], item["memory"]) for item in job["questions"]
    ]
    journal.write("ready")
    if "file" in job:
        namespace = _run_file(job, journal)
    else:
        namespace = _run_cells(job, journal)
    for question, seed, memory in questions:
        journal.write("question", id=question.id)
        before = time.process_time()
        with _memory_limit(memory):
            answer = _ask(question, namespace, seed)
        seconds = round(time.process_time() - before, 4)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
        journal.write("answer", id=question.id, answer=_encode(answer, question), seconds=seconds, peak_memory=peak)
    journal.write("end")


def _ask(question: Question, namespace: Namespace, seed: int) -> Answer:
    try:
        return ask(question, namespace, seed)
    except BaseException as error:  # KeyboardInterrupt from student code, an alarm that rang late
        return Answer(cases=(CaseAnswer(raised=describe_exception(error, question)),))


@contextlib.contextmanager
def _memory_limit(extra: int) -> Iterator[None]:
    """In the block, memory runs out (`MemoryError`) when `extra` bytes more than now are taken, where /proc tells."""
    try:
        now = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    except OSError:
        yield
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    most = now + extra if hard == resource.RLIM_INFINITY else min(now + extra, hard)
    resource.setrlimit(resource.RLIMIT_AS, (most, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def _encode(answer: Answer, question: Question) -> str | None:
    try:
        return to_json(answer, question.max_bytes)
    except Exception:  # what student code yielded cannot even be written down
        return None


def _run_file(job: dict[str, Any], journal: Journal) -> Namespace:
    name, source = job["file"]
    module = types.ModuleType(_FILE_MODULE)
    module.__file__ = name
    sys.modules[_FILE_MODULE] = module
    # Tracebacks and messages quote the line, though the file may not be readable from here.
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
    journal.write("cell", index=0)
    error = None
    try:
        if 0 in job.get("skip_cells", ()):
            source = definitions(source)
        code = compile(source, name, "exec", dont_inherit=True)
        with time_limit(job["cell_seconds"]):
            exec(code, module.__dict__)
    except BaseException as raised:
        error = raised
    journal.write("cell-end", index=0, outputs=[], error=_describe(error))
    return module.__dict__


def _run_cells(job: dict[str, Any], journal: Journal) -> Namespace:
    from recbook.shell import quiet_shell, run_cell

    shell = quiet_shell()
    imported: dict[str, types.ModuleType] = {}
    given = set(job.get("given_cells", ()))
    left = job["cells_seconds"]
    for index, source in job["cells"]:
        journal.write("cell", index=index)
        started = time.monotonic()
        if index in job.get("skip_cells", ()) or left <= 0:
            source = definitions(source)
        error = None
        try:
            with time_limit(max(1.0, min(job["cell_seconds"], left))):
                error = run_cell(shell, source, draw=index not in given)
        except BaseException as raised:  # the alarm may ring between the cell's end and the limit's
            error = raised
        left -= time.monotonic() - started
        imported |= _libraries(shell.user_ns)
        journal.write("cell-end", index=index, outputs=shell.recorder.outputs, error=_describe(error))
    if names := _put_back(imported, shell.user_ns):
        journal.write("put-back", names=names)
    return shell.user_ns


def _libraries(namespace: Namespace) -> dict[str, types.ModuleType]:
    """Those of the libraries that the notebook has imported, by the names it gave them."""
    modules = {id(module) for name in _LIBRARIES if (module := sys.modules.get(name))}
    return {name: value for name, value in dict(namespace).items() if id(value) in modules}


def _put_back(imported: Namespace, namespace: dict[str, Any]) -> list[str]:
    """Put the libraries back that a cell has deleted, or replaced by something that is no module or class: which?

    The questions come after the last cell, and `nn = 5` down there would take `nn` from every function above it.
    """
    lost = [name for name in imported if not issubclass(type(namespace.get(name)), types.ModuleType | type)]
    namespace.update({name: imported[name] for name in lost})
    return lost


def definitions(source: str) -> str:
    """The imports, functions and classes of a cell, without its other statements.

    A cell that does not parse, such as one with magics, has none.
    """
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError):
        return ""
    kept = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    tree.body = [node for node in tree.body if isinstance(node, kept)]
    return ast.unparse(tree)


def _describe(error: BaseException | None) -> dict[str, str] | None:
    """An exception as plain data; of a syntax error also the line."""
    if error is None:
        return None
    if isinstance(error, OutOfTime):
        return {"type": "OutOfTime", "message": "", "where": ""}
    if isinstance(error, SyntaxError):
        line = (error.text or "").strip()
        where = f"line {error.lineno}: {line}" if error.lineno else ""
        return {"type": type(error).__name__, "message": str(error.msg)[:MAX_MESSAGE], "where": where[:MAX_MESSAGE]}
    described = describe_exception(error)
    return {"type": described.type_name, "message": described.message, "where": _last_line(error)}


def _last_line(error: BaseException) -> str:
    """The last line of the student's own code on the way to the exception."""
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if frame.filename.startswith("<ipython-input") or "ipykernel" in frame.filename or frame.name == "<module>":
            return f"line {frame.lineno}: {(frame.line or '').strip()}"[:MAX_MESSAGE]
    return ""


def _import_torch() -> types.ModuleType | None:
    try:
        import torch
    except ImportError:
        return None
    return torch
