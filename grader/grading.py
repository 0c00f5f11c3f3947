"""Grade a class: hand-ins in, marks in the gradebook, a table and a page of feedback for each student out."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass
from pathlib import Path

import jupytext
from nbgrader.api import Gradebook
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from grader.apart import Isolation
from grader.chapter import chapter_path
from grader.errors import OutNotWritable, UnknownChapter
from grader.gradebook import Marks, marks_of, open_gradebook, register
from grader.handins import Handin, find_handins
from grader.judging import Graded, Plan, Prepared, imports_of, judge_handin, prepare
from grader.keeping import autograded_path, feedback_path, keep, rows_of
from grader.limits import Limits
from grader.pools import DaskPool, LocalPool, Pool
from grader.records import HandinRecord, read_record, record_path
from grader.references import keep_secret
from grader.results import Log, Row, prepare_out, write_grades
from grader.supervise import Response
from recbook.errors import UnknownExercise
from recbook.questions import of_chapter, refuse_unknown

#: How many hand-ins are ready for each worker: enough that none waits while the references are asked.
_AHEAD = 4


@dataclass(frozen=True)
class Summary:
    """What came of grading a class. `n_graded` hand-ins were run now; the others were done before."""

    rows: tuple[Row, ...]
    n_handins: int
    n_graded: int
    seconds: float
    #: One line a hand-in that could not be graded as it should.
    problems: tuple[str, ...] = ()


def grade(
    chapter: str,
    submitted: Path | str,
    out: Path | str,
    jobs: int = 1,
    *,
    secret: str | None = None,
    limits: Limits = Limits(),  # noqa: B008 - frozen
    isolation: Isolation = "namespaces",
    scheduler: str = "",
    again: bool = False,
    console: Console | None = None,
) -> Summary:
    """Grade every hand-in under `submitted`, `jobs` at the same time, and write the results to `out`.

    `out` is an nbgrader course directory afterwards: gradebook.db, source/, release/, autograded/; beside them
    grades.csv, feedback/<student>/<chapter>.html, records/<student>/<chapter>.json, log.jsonl and the secret from
    which the cases are drawn (`secret` sets it). What was there of other students, other chapters, and marks given by
    hand, stays. What an earlier run graded from the same hand-in and the same question is not graded `again`.
    With `scheduler`, the address of a Dask scheduler, its workers run the hand-ins.
    Raises `GraderError` for what a person can put right; one bad hand-in never ends the run.
    """
    began = time.monotonic()
    submitted, out = Path(submitted), Path(out)
    _refuse_unknown(chapter)
    handins = find_handins(submitted, chapter)
    prepare_out(out)
    console = console or Console(stderr=True)
    done: dict[str, tuple[Row, ...]] = {}
    problems: list[str] = []
    n_graded = 0
    try:
        with Log(out / "log.jsonl") as log:
            log.write("start", chapter=chapter, handins=len(handins), jobs=jobs)
            # The workers warm up while everything else is made ready.
            libraries = imports_of(jupytext.read(chapter_path(chapter)))
            pool = DaskPool(scheduler, isolation, libraries) if scheduler else LocalPool(jobs, isolation, libraries)
            try:
                with console.status(f"preparing {chapter}"):
                    exercises, release = of_chapter(chapter), register(chapter, out)
                    plan = Plan(chapter, exercises, release, keep_secret(out, secret), limits)
                with open_gradebook(out) as book, _progress(console) as progress:
                    task = progress.add_task(f"grading {chapter}", total=len(handins))
                    for prepared, graded in grade_all(plan, handins, pool, book, out, again):
                        if graded is None:
                            done[prepared.handin.student] = rows_of(prepared.old, _marks(book, prepared).by_hand)
                        else:
                            done[graded.handin.student] = keep(plan, graded, book, out)
                            n_graded += 1
                            _log_graded(log, graded)
                        record = graded.record if graded else prepared.old
                        if record.problem or record.fault:
                            problems.append(f"{record.student}: {record.problem or record.fault}")
                        progress.advance(task)
            finally:
                pool.close()
                write_grades(out / "grades.csv", chapter, done)
            seconds = time.monotonic() - began
            log.write("end", graded=n_graded, kept=len(done) - n_graded, seconds=round(seconds, 2))
    except OSError as error:
        raise OutNotWritable(
            f"Cannot write to {error.filename or out}: {error.strerror}. Nothing is lost: what was graded is in the "
            "gradebook. Make room, or pick another place, and grade again: it goes on from here."
        ) from None
    rows = tuple(row for student in sorted(done) for row in done[student])
    summary = Summary(rows, len(done), n_graded, seconds, tuple(problems))
    _report(summary, out, console)
    return summary


def _refuse_unknown(chapter: str) -> None:
    try:
        refuse_unknown(chapter)
    except UnknownExercise as error:
        raise UnknownChapter(str(error)) from None


# --- Many hand-ins -------------------------------------------------------------------------------------------------


def grade_all(
    plan: Plan, handins: Sequence[Handin], pool: Pool, book: Gradebook, out: Path, again: bool = False
) -> Iterator[tuple[Prepared, Graded | None]]:
    """Grade hand-ins, as many at a time as the pool has room for, and yield each when it is ready.

    None in the place of what was graded: an earlier run did it, and it holds. Raises `ChildProblem`.
    """
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
        yield prepared, judge_handin(plan, prepared, future.result())


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


def _marks(book: Gradebook, prepared: Prepared) -> Marks:
    return marks_of(book, prepared.old.chapter, prepared.handin.student)


# --- Telling -------------------------------------------------------------------------------------------------------


def _log_graded(log: Log, graded: Graded) -> None:
    record = graded.record
    log.write(
        "graded", student=record.student, points=record.points,
        max_points=sum(each.max_points for each in record.exercises), seconds=round(record.wall_seconds, 2),
        cpu_seconds=round(record.cpu_seconds, 2), peak_mb=record.peak_memory >> 20, starts=graded.response.starts,
        notes=[*record.notes, *record.events],
    )  # fmt: skip
    if record.problem or record.fault:
        log.write("trouble", student=record.student, message=record.problem or record.fault)


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), console=console
    )


def _report(summary: Summary, out: Path, console: Console) -> None:
    before = summary.n_handins - summary.n_graded
    kept = f" ({before} were graded before and hold)" if before else ""
    console.print(
        f"{summary.n_graded} hand-ins graded{kept} in {summary.seconds:.0f} s: {out / 'grades.csv'}", soft_wrap=True
    )
    for problem in summary.problems:
        console.print(problem.strip(), style="yellow", markup=False, highlight=False, soft_wrap=True)
    waiting = sum(row.points is None for row in summary.rows)
    if waiting:
        console.print(f"{waiting} answers wait for a person: open {out} in nbgrader's formgrader.", soft_wrap=True)
