"""Watch a process that runs student code: read its journal, kill it when it stalls, start it again without the culprit.

What comes back is data from beside student code. It is read within limits, and anything malformed counts as nothing.
"""

from __future__ import annotations

import json
import os
import select
import signal
import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from grader.apart import Apart, Usage
from grader.errors import ChildProblem
from grader.limits import Limits
from recbook.answer import MAX_BYTES, MAX_NAME, Answer, from_json, parse_json
from recbook.asking import draw_cases
from recbook.errors import BadAnswer
from recbook.question import Question
from recbook.shell import MAX_ALL

#: Why there is no answer: the step stalled, the process ended in it, a limit was hit, what came back was no answer, the
#: hand-in used up its time, or the process ended too often.
Why = Literal["", "timeout", "died", "limit", "malformed", "no time left", "died too often"]
Start = Callable[[dict[str, Any], Limits], Apart]

_POLL_SECONDS = 0.25
#: How long a process may take to end after its last line, and to tell how it ended.
_END_SECONDS = 1.0
#: How often a hand-in is started again, with nothing blamed on it, because its worker died.
_MAX_LOST = 3
#: The most time that counts as the hand-in's between two looks at the clock: it is looked at far more often.
_UNWATCHED_SECONDS = 1.0
#: All that a pipe can hold.
_CHUNK = 1 << 20
#: The most characters of JSON of all outputs together: what `recbook.shell` keeps, and room for how it is written.
_MOST_OUTPUT = 2 * MAX_ALL
#: The characters of a line around its outputs or its answer.
_FRAME = 1 << 16
_MOST_MEMORY = 1 << 50
#: Of the libraries that were put back, so many are named.
_MOST_NAMES = 9


@dataclass(frozen=True)
class Asked:
    """What came back for one question: an answer, or why there is none."""

    answer: Answer | None = None
    why: Why = ""
    detail: str = ""
    #: CPU time of the question, and the most memory its process had used by its end, in bytes; both as it says.
    seconds: float = 0.0
    peak_memory: int = 0


@dataclass(frozen=True)
class CellRun:
    """What running one cell gave: outputs in nbformat's shape and the error that ended it (type, message, where)."""

    outputs: tuple[dict[str, Any], ...] = ()
    error: Mapping[str, str] | None = None


@dataclass
class Response:
    """All that came back from one hand-in."""

    asked: dict[str, Asked] = field(default_factory=dict)
    cells: dict[int, CellRun] = field(default_factory=dict)
    wall_seconds: float = 0.0
    cpu_seconds: float = 0.0
    peak_memory: int = 0
    starts: int = 0
    #: What happened, for the instructor's log.
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Code:
    """The code under test: a hand-in's code cells (number, source) or one Python file (name, source)."""

    cells: Sequence[tuple[int, str]] = ()
    file: tuple[str, str] | None = None
    #: The cells that are given code: their figures say nothing about the student, and are not drawn.
    given: Collection[int] = frozenset()


def respond_apart(
    code: Code,
    questions: Sequence[tuple[Question, int]],
    limits: Limits,
    start: Start,
    *,
    stop: threading.Event | None = None,
) -> Response:
    """Run `code` in children that `start` starts, and ask it the questions, each on the cases of its seed.

    A stall or the death of the process costs the cell or question it happens in, and nothing else: the process is
    started again without it. Of a cell that is skipped, the definitions are kept. Raises `ChildProblem` when the
    process does not even start to run the code.
    """
    watch = _Watch(code, list(questions), limits, start, stop or threading.Event())
    began = time.monotonic()
    while watch.has_work():
        watch.run_once()
    watch.response.wall_seconds = time.monotonic() - began
    return watch.response


class _Watch:
    """One hand-in's state across the processes it takes."""

    def __init__(self, code: Code, questions: list[tuple[Question, int]], limits: Limits, start: Start, stop) -> None:
        self.response = Response()
        self._code, self._limits, self._start, self._stop = code, limits, start, stop
        self._questions = {question.id: (limits.of(question), seed) for question, seed in questions}
        self._watched = _Watched()
        self._deadline = limits.total_seconds
        self._skip: set[int] = set()
        self._drop: set[int] = set()
        self._finished = False
        self._lost = 0
        self._room = _MOST_OUTPUT
        #: The longest answer; within a line, each of its characters takes two at the most.
        self._most_answer = max([MAX_BYTES, *(question.max_bytes for question, _ in questions)])
        self._most_line = max(_MOST_OUTPUT, 2 * self._most_answer) + _FRAME
        #: Steps in which the process was killed once: by its own code, or by somebody who does not know it?
        self._killed_once: set[tuple[str, Any]] = set()

    def has_work(self) -> bool:
        if self._finished:
            return False
        left = [id for id in self._questions if id not in self.response.asked]
        why: Why = ""
        if self.response.starts > self._limits.restarts:
            why = "died too often"
        elif self._is_over():
            why = "no time left"
        if why:
            self.response.asked.update({id: Asked(why=why) for id in left})
        return bool(left and not why) or not self.response.starts

    def _is_over(self) -> bool:
        return self._watched.seconds() >= self._deadline or self._stop.is_set()

    def run_once(self) -> None:
        self.response.starts += 1
        self._step: tuple[str, Any] = ("start", None)
        self._ready = False
        apart = self._start(self._job(), self._limits)
        self._step_deadline = self._watched.seconds() + self._limits.start_seconds
        try:
            ending = self._read(apart)
            if ending != "timeout":
                apart.wait(_END_SECONDS)
            apart.kill()
            # Nothing of the hand-in has run when it dies before it is ready: somebody else has ended it.
            ended_early = ending == "died" and not self._ready
            if (apart.lost or ended_early) and self._lost < _MAX_LOST:
                self._lost += 1
                self.response.notes.append(f"the {'worker' if apart.lost else 'process'} was lost: started again")
                return
            if not self._ready and not self._is_over():
                raise ChildProblem(f"The process for student code did not start ({ending}).\n{apart.trouble()}")
            if ending == "end":
                self._finished = True
                self._none_for_the_rest()
            elif ending == "died" and self._gets_a_second_chance(apart):
                self.response.notes.append(f"killed in {self._where()}: tried again")
            else:
                self._blame(ending, apart)
        finally:
            apart.close()
            self._count(apart.usage)

    def _job(self) -> dict[str, Any]:
        job: dict[str, Any] = {
            "questions": [
                {"id": id, "seed": seed, "seconds": question.seconds, "memory": self._limits.memory_of(question)}
                for id, (question, seed) in self._questions.items()
                if id not in self.response.asked
            ],
            "skip_cells": sorted(self._skip),
            "given_cells": sorted(self._code.given),
            "cell_seconds": self._limits.cell_seconds,
            "cells_seconds": self._limits.cells_seconds,
        }
        if self._code.file:
            return job | {"file": self._code.file}
        return job | {"cells": [cell for cell in self._code.cells if cell[0] not in self._drop]}

    # --- Reading ---------------------------------------------------------------------------------------------------

    def _read(self, apart: Apart) -> str:
        """Read lines until the end, a stall, or the death of the process; returns "end", "timeout" or "died"."""
        buffer, total = bytearray(), 0
        os.set_blocking(apart.journal, False)
        while True:
            ended = apart.poll()  # before reading, so that nothing written before the end is missed
            select.select([apart.journal], [], [], 0 if ended else min(self._seconds_left(), _POLL_SECONDS))
            try:
                chunk = os.read(apart.journal, _CHUNK)
            except BlockingIOError:
                if ended:
                    return "died"
            else:
                total += len(chunk)
                if not chunk or total > self._limits.journal:
                    return "died"
                *ends, rest = chunk.split(b"\n")
                for end in ends:
                    line, buffer = buffer + end, bytearray()
                    if self._take(line):
                        return "end"
                buffer += rest
            # Only now: what lay in the pipe was in time, however late it was read.
            if not self._seconds_left() or self._stop.is_set():
                return "timeout"

    def _seconds_left(self) -> float:
        return max(0.0, min(self._step_deadline, self._deadline) - self._watched.seconds())

    def _take(self, line: bytes | bytearray) -> bool:
        """Take one line of the journal; True when it is the last."""
        if len(line) > self._most_line or line.count(b"[") + line.count(b"{") > self._most_answer:
            return False  # no line of ours: to read millions of lists takes minutes and gigabytes
        try:
            event = parse_json(line)
            kind = event["event"]
            if kind == "ready":
                self._ready = True
                self._next("between", None, self._limits.start_seconds)
            elif kind == "cell":
                self._next("cell", int(event["index"]), self._limits.cell_seconds)
            elif kind == "cell-end":
                self._keep_cell(int(event["index"]), event)
            elif kind == "put-back":
                self._note_put_back(event["names"])
            elif kind == "question" and event["id"] in self._questions:
                self._next("question", event["id"], self._question_seconds(event["id"]))
            elif kind == "answer" and event["id"] in self._questions:
                self._keep_answer(event["id"], event)
            return kind == "end"
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
            return False  # not a line of ours: whatever it should have been is missing now

    def _next(self, kind: str, what: Any, seconds: float) -> None:
        self._step = (kind, what)
        self._step_deadline = self._watched.seconds() + seconds + self._limits.grace_seconds

    def _question_seconds(self, id: str) -> float:
        question, seed = self._questions[id]
        return question.seconds * max(1, len(draw_cases(question, seed)))

    def _note_put_back(self, names: list[str]) -> None:
        named = ", ".join(name for name in names[:_MOST_NAMES] if name.isidentifier() and len(name) <= MAX_NAME)
        note = f"a cell had deleted or replaced what the notebook imports, put back for the questions: {named}"
        if note not in self.response.notes:
            self.response.notes.append(note)

    def _keep_cell(self, index: int, event: dict[str, Any]) -> None:
        outputs = tuple(output for output in event["outputs"] if isinstance(output, dict))
        self._room -= len(json.dumps(outputs))
        if self._room < 0:  # the recorder keeps to its limits: this was written past it
            outputs = ()
        error = event["error"]
        if error is not None:
            error = {key: str(error.get(key, ""))[:1000] for key in ("type", "message", "where")}
        self.response.cells.setdefault(index, CellRun(outputs, error))
        self._next("between", None, self._limits.start_seconds)

    def _keep_answer(self, id: str, event: dict[str, Any]) -> None:
        question, _ = self._questions[id]
        try:
            answer = from_json(event["answer"], question.max_bytes)
            seconds, memory = float(event["seconds"]), int(event["peak_memory"])
            if not 0 <= seconds <= self._limits.total_seconds or not 0 <= memory <= _MOST_MEMORY:
                raise BadAnswer("made-up use of time or memory")
            asked = Asked(answer, seconds=seconds, peak_memory=memory)
        except (BadAnswer, TypeError, ValueError, KeyError, OverflowError):
            asked = Asked(why="malformed")
        self.response.asked.setdefault(id, asked)
        self._next("between", None, self._limits.start_seconds)

    def _none_for_the_rest(self) -> None:
        """What says that it is at its end, but has not answered all, has nothing more to say."""
        left = self._questions.keys() - self.response.asked.keys()
        self.response.asked.update({id: Asked(why="malformed") for id in left})

    # --- After an early end ------------------------------------------------------------------------------------------

    def _blame(self, ending: str, apart: Apart) -> None:
        """Put the early end down to the step in which it happened."""
        kind, what = self._step
        where = self._where()
        why: Why = "timeout" if ending == "timeout" else "limit" if apart.hit else "died"
        detail = "" if ending == "timeout" else _how_it_ended(apart, self._limits)
        if self._is_over():
            why = "no time left"
        self.response.notes.append(f"{why} in {where}: {detail}" if detail else f"{why} in {where}")
        if kind == "question":
            self.response.asked.setdefault(what, Asked(why=why, detail=detail))
        elif kind == "cell":
            error = {"type": "OutOfTime" if why == "timeout" else "ProcessEnded", "message": detail, "where": ""}
            self.response.cells.setdefault(what, CellRun(error=error))
            # First leave out its loose statements; if even its definitions end the process, the whole cell.
            (self._drop if what in self._skip else self._skip).add(what)

    def _gets_a_second_chance(self, apart: Apart) -> bool:
        """True for the first SIGKILL in a step: it may have come from outside. Code that kills itself does it again."""
        if apart.status != -signal.SIGKILL or apart.hit or self._is_over() or self._step in self._killed_once:
            return False
        self._killed_once.add(self._step)
        return True

    def _where(self) -> str:
        kind, what = self._step
        return kind if what is None else f"{kind} {what}"

    def _count(self, usage: Usage) -> None:
        self.response.cpu_seconds += usage.cpu_seconds
        self.response.peak_memory = max(self.response.peak_memory, usage.peak_memory)


class _Watched:
    """The seconds in which a hand-in was watched.

    The machine's clock goes on while the grader is stopped (Ctrl-Z) or another thread keeps it from running. So, from
    one look at it to the next, only `_UNWATCHED_SECONDS` count.
    """

    def __init__(self) -> None:
        self._last, self._seconds = time.monotonic(), 0.0

    def seconds(self) -> float:
        """How many there were until now."""
        before, self._last = self._last, time.monotonic()
        self._seconds += min(self._last - before, _UNWATCHED_SECONDS)
        return self._seconds


def _how_it_ended(apart: Apart, limits: Limits) -> str:
    if apart.hit == "memory":
        return f"it used more than {limits.memory / 2**30:.3g} GB of memory"
    if apart.hit == "cpu" or apart.status in (-signal.SIGXCPU,):
        return f"it used more than {limits.cpu_seconds} s of CPU time"
    if apart.status is None or apart.status >= 0:
        return "it ended its process"
    if -apart.status == signal.SIGXFSZ:
        return f"it wrote a file larger than {limits.file_size >> 20} MB"
    try:
        return f"its process was ended by {signal.Signals(-apart.status).name}"
    except ValueError:
        return f"its process was ended by signal {-apart.status}"
