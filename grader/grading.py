"""Grade a class: hand-ins in, marks in the gradebook, a table and a page of feedback for each student out."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import jupytext
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from grader.apart import Isolation
from grader.chapter import chapter_path, imports_of
from grader.errors import NoIsolation, OutNotWritable, UnknownChapter
from grader.files import printable
from grader.handins import find_handins
from grader.isolation import exposed
from grader.limits import Limits
from grader.pools import DaskPool, LocalPool
from grader.results import Log, Row, prepare_out, write_grades
from recbook.errors import UnknownExercise
from recbook.questions import refuse_unknown

if TYPE_CHECKING:
    from grader.classwork import Done


@dataclass(frozen=True)
class Summary:
    """What came of grading a class. `n_graded` hand-ins were run now; the others were done before."""

    rows: tuple[Row, ...]
    n_handins: int
    n_graded: int
    seconds: float
    #: One line a hand-in that could not be graded as it should.
    problems: tuple[str, ...] = ()
    #: Students who have not handed in this chapter: they get no marks.
    absent: tuple[str, ...] = ()


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
    if isolation == "namespaces" and not scheduler:
        _refuse_exposed(submitted, out)
    handins, absent = find_handins(submitted, chapter)
    prepare_out(out)
    console = console or Console(stderr=True)
    done: dict[str, tuple[Row, ...]] = {}
    problems: list[str] = []
    n_graded = 0
    try:
        with Log(out / "log.jsonl") as log:
            log.write("start", chapter=chapter, handins=len(handins), absent=absent, jobs=jobs)
            # The workers warm up while everything else is made ready.
            libraries = [*imports_of(jupytext.read(chapter_path(chapter))), f"recbook.questions.{chapter}"]
            pool = DaskPool(scheduler, isolation, libraries) if scheduler else LocalPool(jobs, isolation, libraries)
            try:
                with console.status(f"preparing {chapter}"):
                    from grader.classwork import grade_each, plan_for  # only now: with it, nbgrader is imported

                    plan = plan_for(chapter, out, secret, limits)
                with _progress(console) as progress:
                    task = progress.add_task(f"grading {chapter}", total=len(handins))
                    for graded in grade_each(plan, handins, pool, out, again):
                        record = graded.record
                        done[record.student] = graded.rows
                        if graded.starts is not None:
                            n_graded += 1
                            _log_graded(log, graded)
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
    summary = Summary(rows, len(done), n_graded, seconds, tuple(problems), tuple(absent))
    _report(summary, chapter, out, console)
    return summary


def _refuse_unknown(chapter: str) -> None:
    try:
        refuse_unknown(chapter)
    except UnknownExercise as error:
        raise UnknownChapter(str(error)) from None


def _refuse_exposed(*folders: Path) -> None:
    for folder in folders:
        if shown := exposed(folder):
            raise NoIsolation(
                f"Student code could read {folder}: it lies in {shown}, which student code sees, because Python or "
                "its packages are there. Put it somewhere else, such as your home directory."
            )


# --- Telling -------------------------------------------------------------------------------------------------------


def _log_graded(log: Log, graded: Done) -> None:
    record = graded.record
    log.write(
        "graded", student=record.student, points=record.points,
        max_points=sum(each.max_points for each in record.exercises), seconds=round(record.wall_seconds, 2),
        cpu_seconds=round(record.cpu_seconds, 2), peak_mb=record.peak_memory >> 20, starts=graded.starts,
        notes=[*record.notes, *record.events],
    )  # fmt: skip
    if record.problem or record.fault:
        log.write("trouble", student=record.student, message=record.problem or record.fault)


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), console=console
    )


def _report(summary: Summary, chapter: str, out: Path, console: Console) -> None:
    before = summary.n_handins - summary.n_graded
    kept = f" ({before} were graded before and hold)" if before else ""
    console.print(
        f"{summary.n_graded} hand-ins graded{kept} in {summary.seconds:.0f} s: {out / 'grades.csv'}", soft_wrap=True
    )
    for problem in summary.problems:
        console.print(printable(problem.strip()), style="yellow", markup=False, highlight=False, soft_wrap=True)
    if summary.absent:
        console.print(
            f"No marks for {len(summary.absent)} who have no folder {chapter}: {_some(summary.absent)}", soft_wrap=True,
            markup=False, highlight=False,
        )  # fmt: skip
    waiting = sum(row.points is None for row in summary.rows)
    if waiting:
        console.print(f"{waiting} answers wait for a person: open {out} in nbgrader's formgrader.", soft_wrap=True)


def _some(names: Sequence[str], most: int = 10) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")
