"""A class of hand-ins: as many at a time as the pool has room for, each written down as soon as it is judged."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, wait
from dataclasses import dataclass
from pathlib import Path

from nbgrader.api import Gradebook

from grader.errors import GraderError
from grader.gradebook import marks_of, open_gradebook, register
from grader.handins import Handin
from grader.judging import Graded, Plan, Prepared, faulty, judge_handin, prepare
from grader.keeping import autograded_path, feedback_path, keep, rows_of
from grader.limits import Limits
from grader.pools import Pool
from grader.records import HandinRecord, read_record, record_path
from grader.references import keep_secret
from grader.results import Row
from grader.supervise import Response
from recbook.questions import of_chapter

#: How many hand-ins are ready for each worker: enough that none waits while the references are asked.
_AHEAD = 4
#: What ends the run: it is not about one hand-in.
_OF_THE_RUN = (GraderError, OSError, CancelledError)


@dataclass(frozen=True)
class Done:
    """A hand-in that is graded and kept. `starts`: of its processes; None where an earlier run graded it."""

    rows: tuple[Row, ...]
    record: HandinRecord
    starts: int | None


def plan_for(chapter: str, out: Path, secret: str | None, limits: Limits) -> Plan:
    """Register the chapter in the gradebook of `out`, and say how its hand-ins are graded there."""
    return Plan(chapter, of_chapter(chapter), register(chapter, out), keep_secret(out, secret), limits)


def grade_each(plan: Plan, handins: Sequence[Handin], pool: Pool, out: Path, again: bool = False) -> Iterator[Done]:
    """Grade hand-ins and write each down when it is ready. Raises `ChildProblem`, `GradebookError`, `OSError`.

    What an earlier run graded, and what still holds, is not graded `again`.
    """
    with open_gradebook(out) as book:
        for prepared, graded in _graded(plan, handins, pool, book, out, again):
            if graded:
                yield _kept(plan, graded, book, out)
            else:
                by_hand = marks_of(book, plan.chapter, prepared.handin.student).by_hand
                yield Done(rows_of(prepared.old, by_hand), prepared.old, None)


def _kept(plan: Plan, graded: Graded, book: Gradebook, out: Path) -> Done:
    """Write a hand-in down. Where that fails, a fault stands in its place; where that fails too, it is only told."""
    try:
        return Done(keep(plan, graded, book, out), graded.record, graded.response.starts)
    except _OF_THE_RUN:
        raise
    except Exception:
        fault = faulty(plan, graded.handin)
    if graded.record.fault:
        return Done(rows_of(fault.record, {}), fault.record, graded.response.starts)
    return _kept(plan, fault, book, out)


def _graded(
    plan: Plan, handins: Sequence[Handin], pool: Pool, book: Gradebook, out: Path, again: bool
) -> Iterator[tuple[Prepared, Graded | None]]:
    running: dict[Future[Response], Prepared] = {}
    for handin in handins:
        prepared = prepare(plan, handin, None if again else _earlier(plan, handin, book, out))
        if prepared.is_done:
            yield prepared, None
        elif prepared.matched is None:
            yield prepared, judge_handin(plan, prepared, Response())
        else:
            running[pool.submit(prepared.code, prepared.asks, plan.limits)] = prepared
            if len(running) >= _AHEAD * pool.size:
                yield from _ready(plan, running)
    while running:
        yield from _ready(plan, running)


def _ready(plan: Plan, running: dict[Future[Response], Prepared]) -> Iterator[tuple[Prepared, Graded]]:
    _ = plan.known  # the first time, the references are asked here, while the first hand-ins run
    ready, _ = wait(running, return_when=FIRST_COMPLETED)
    for future in ready:
        prepared = running.pop(future)
        yield prepared, _judged(plan, prepared, future)


def _judged(plan: Plan, prepared: Prepared, future: Future[Response]) -> Graded:
    try:
        return judge_handin(plan, prepared, future.result())
    except _OF_THE_RUN:
        raise
    except Exception:
        return faulty(plan, prepared.handin)


def _earlier(plan: Plan, handin: Handin, book: Gradebook, out: Path) -> HandinRecord | None:
    """The record of an earlier run, if everything that should be there beside it is."""
    folder = handin.folder.parent.name
    record = read_record(record_path(out, folder, plan.chapter))
    if record is None or not feedback_path(out, folder, plan.chapter).exists():
        return None
    if not record.problem and not record.fault and not autograded_path(out, folder, plan.chapter).exists():
        return None
    marks = marks_of(book, plan.chapter, handin.student)
    expected = {each.exercise.replace(".", "-"): each.points for each in record.exercises}
    return record if marks.automatic == expected else None
