"""One hand-in: read and repair it, say what to run and ask, judge what came back. Nothing is run or written here."""

from __future__ import annotations

import hashlib
import sys
import traceback
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from nbformat import NotebookNode

from grader.asking import describe_error, judge_asked
from grader.chapter import squeeze
from grader.errors import HandinProblem
from grader.files import MAX_FILE, listed
from grader.gradebook import graded_cells
from grader.handins import Handin, Matched, defining_cells, is_answered, match, read_handin
from grader.limits import Limits
from grader.pools import Asks
from grader.records import ExerciseRecord, HandinRecord
from grader.references import Known, question_seed, references
from grader.supervise import CellRun, Code, Response
from recbook.answer import Answer, to_json
from recbook.question import Exercise, Question

_FAULT = "The grader itself failed on this hand-in. Your teacher can see it and will look into it."
#: The entries of `HandinRecord.graded_from` that are about the whole hand-in.
_WHOLE = ("handin", "release", "limits")
_MAX_CODE = 20_000
#: A hint may quote what a student's code said.
_MAX_HINT = 2_000
_MAX_FAULT = 10_000


@dataclass(frozen=True)
class Plan:
    """What is needed to grade any hand-in of one chapter. The cases are drawn from `secret`."""

    chapter: str
    exercises: tuple[Exercise, ...]
    release: NotebookNode
    secret: str
    limits: Limits

    @property
    def questions(self) -> list[Question]:
        """The exercises that code answers."""
        return [each for each in self.exercises if isinstance(each, Question)]

    @cached_property
    def stubs(self) -> Mapping[str, str]:
        """Grade id of each released solution cell -> its text without white space."""
        return {id: squeeze(cell.source) for id, cell in graded_cells(self.release).items() if cell.cell_type == "code"}

    @cached_property
    def known(self) -> Mapping[str, Known]:
        """What the references answer. They are asked at the first use, which takes seconds: in the main thread."""
        return references(self.questions, self.secret)

    @cached_property
    def graded_from(self) -> Mapping[str, str]:
        """What a hand-in is graded from, but for the hand-in itself: see `HandinRecord.graded_from`."""
        limits = self.limits
        graded_from = {
            each.id: _digest(self.known[each.id].fingerprint(each), limits.of(each).seconds, limits.memory_of(each))
            for each in self.questions
        }
        essays = [each.id for each in self.exercises if not isinstance(each, Question)]
        graded_from |= dict.fromkeys(essays, "essay")
        graded_from["release"] = _digest(*(cell.source for cell in self.release.cells))
        graded_from["limits"] = _digest(replace(limits, questions={}))
        return graded_from


@dataclass(frozen=True)
class Prepared:
    """A hand-in ready to run, or `problem`: why it cannot be. `old`: what an earlier run found out that still holds."""

    handin: Handin
    #: Of the files handed in.
    digest: str = ""
    matched: Matched | None = None
    problem: str = ""
    fault: str = ""
    old: HandinRecord | None = None
    #: The questions that have to be asked: those whose mark in `old` does not hold.
    asks: Asks = ()

    #: True when the record in `old` holds as it is.
    is_done: bool = False

    @property
    def code(self) -> Code:
        """What to run."""
        return Code(self.matched.run, given=self.matched.given) if self.matched else Code()


@dataclass(frozen=True)
class Graded:
    """One graded hand-in: its record, and for the pages what it was made of."""

    handin: Handin
    record: HandinRecord
    matched: Matched | None = None
    response: Response = field(default_factory=Response)


def prepare(plan: Plan, handin: Handin, old: HandinRecord | None) -> Prepared:
    """Read and repair a hand-in, and see what of an earlier run's record still holds.

    Without an earlier record, no answer of a reference is looked at: the hand-in can run before they are known. Raises
    only what asking the references raises.
    """
    prepared = Prepared(handin)
    if old:
        _ = plan.known  # out here: what is wrong with the references is no fault of a hand-in
    try:
        prepared = replace(prepared, digest=_digest_files(handin.folder))
        if old and (
            not old.graded_from or any(old.graded_from.get(key) != _from(plan, prepared)[key] for key in _WHOLE)
        ):
            old = None
        if old and old.graded_from == _from(plan, prepared) and not old.fault:
            return replace(prepared, old=old, is_done=True)
        asks = [
            (each.id, question_seed(plan.secret, each.id))
            for each in plan.questions
            if not (old and old.graded_from.get(each.id) == plan.graded_from[each.id])
        ]
        cells, notes = read_handin(handin.folder, plan.chapter)
        return replace(prepared, old=old, asks=asks, matched=match(cells, plan.release, notes))
    except HandinProblem as error:
        return replace(prepared, problem=str(error))
    except Exception:  # a fault of ours: the class goes on, the instructor is told
        return Prepared(handin, fault=_what_was_raised())


def _from(plan: Plan, prepared: Prepared) -> dict[str, str]:
    """See `HandinRecord.graded_from`."""
    return {**plan.graded_from, "handin": prepared.digest}


def _what_was_raised() -> str:
    """The exception being handled, for the instructor, as text that every file takes."""
    return traceback.format_exc(limit=-5)[:_MAX_FAULT].encode("utf-8", "backslashreplace").decode("utf-8")


def judge_handin(plan: Plan, prepared: Prepared, response: Response) -> Graded:
    """Judge what came back from a hand-in that was run, or give nothing to one that could not be."""
    handin, matched = prepared.handin, prepared.matched
    problem, fault = prepared.problem, prepared.fault
    exercises: tuple[ExerciseRecord, ...] = ()
    if matched:
        try:
            old = {each.exercise: each for each in prepared.old.exercises} if prepared.old else {}
            asked = {id for id, _ in prepared.asks}
            exercises = tuple(
                old[each.id] if each.id in old and each.id not in asked and isinstance(each, Question)
                else _judge(plan, matched, response, each)
                for each in plan.exercises
            )  # fmt: skip
        except Exception:
            fault = _what_was_raised()
    if not exercises:
        hint = _FAULT if fault else problem
        exercises = tuple(ExerciseRecord(each.id, 0.0, each.points, "error", hint=hint) for each in plan.exercises)
    record = HandinRecord(
        handin.student, plan.chapter, exercises, notes=matched.notes if matched else (), problem=problem, fault=fault,
        events=tuple(response.notes),
        wall_seconds=round(response.wall_seconds, 3), cpu_seconds=round(response.cpu_seconds, 3),
        peak_memory=response.peak_memory, timestamp=handin.timestamp, platform_id=handin.platform_id,
        graded_from={} if fault else _from(plan, prepared),  # of a fault, nothing: so it is graded again
    )  # fmt: skip
    return Graded(handin, record, matched, response)


def faulty(plan: Plan, handin: Handin) -> Graded:
    """A hand-in on which the grader fails, by the exception being handled: no points, for now."""
    return judge_handin(plan, Prepared(handin, fault=_what_was_raised()), Response())


def _judge(plan: Plan, matched: Matched, response: Response, exercise: Exercise) -> ExerciseRecord:
    if not isinstance(exercise, Question):
        answered = is_answered(matched.essays.get(exercise.grade_id), graded_cells(plan.release)[exercise.grade_id])
        hint = "" if answered else "There is no answer in this cell."
        return ExerciseRecord(exercise.id, None if answered else 0.0, exercise.points, "manual", hint=hint)
    asked = response.asked[exercise.id]
    why_missing = _why_missing(asked.answer, matched, response)
    verdict = judge_asked(exercise, asked, plan.known[exercise.id], why_missing)
    code = _code(matched, exercise.subject)
    return ExerciseRecord(
        exercise.id, verdict.points, exercise.points, verdict.verdict, verdict.mistake, verdict.hint[:_MAX_HINT],
        code=code[:_MAX_CODE],
        answer_digest=_digest(to_json(asked.answer, sys.maxsize)) if asked.answer else "",
        cpu_seconds=asked.seconds, peak_memory=asked.peak_memory,
        untouched=bool(code) and squeeze(code) == plan.stubs.get(f"{exercise.grade_id}-code"),
    )  # fmt: skip


def _why_missing(answer: Answer | None, matched: Matched, response: Response) -> str:
    """Why a name is not defined, as far as the cells tell: it is nowhere, or its cell stopped."""
    if answer is None or not answer.missing:
        return ""
    name = answer.missing[0]
    cells = defining_cells(matched, name)
    if not cells:
        return f"No cell of the notebook defines `{name}`."
    run = response.cells.get(cells[-1], CellRun())
    return f"`{name}` is not defined: its cell stopped. {describe_error(run.error)}." if run.error else ""


def _code(matched: Matched, name: str) -> str:
    """The source of the cell that has the last word on a name."""
    cells = defining_cells(matched, name)
    return dict(matched.run)[cells[-1]] if cells else ""


def _digest(*parts: object) -> str:
    return hashlib.sha256("\n".join(map(str, parts)).encode("utf-8", "replace")).hexdigest()[:16]


def _digest_files(folder: Path) -> str:
    """Of every ordinary file in the hand-in's folder, by name: any of them may be the notebook."""
    digest = hashlib.sha256()
    for name in listed(folder):
        path = folder / name
        if path.is_file() and not path.is_symlink():
            size = path.stat().st_size
            digest.update(name.encode("utf-8", "surrogateescape") + b"\0%d\0" % size)
            if size <= MAX_FILE:  # a larger one is not read, whatever is in it
                with path.open("rb") as file:
                    digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()[:16]
