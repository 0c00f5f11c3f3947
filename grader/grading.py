"""Grade a class: hand-ins in, marks in the gradebook, a table and a page of feedback for each student out."""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from pathlib import Path

from nbformat import NotebookNode
from nbgrader.api import Gradebook
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from grader.apart import Limits, start
from grader.asking import describe_error, judge_asked
from grader.autograded import essay_texts, graded_notebook, write_graded
from grader.errors import ChildProblem, GradebookError, HandinProblem, OutNotWritable, UnknownChapter
from grader.feedback import FeedbackRow, feedback_page
from grader.gradebook import Mark, graded_cells, open_gradebook, record, register
from grader.handins import Handin, Matched, defining_cells, find_handins, is_answered, match, read_handin
from grader.references import Known, keep_secret, references
from grader.results import Log, Row, prepare, write_grades, write_text
from grader.supervise import CellRun, Code, Response, Start, respond_apart
from recbook.answer import Answer
from recbook.errors import UnknownExercise
from recbook.question import Essay, Exercise, Question
from recbook.questions import of_chapter
from recbook.verdict import Verdict


@dataclass(frozen=True)
class Plan:
    """What is needed to grade any hand-in of one chapter."""

    chapter: str
    exercises: tuple[Exercise, ...]
    release: NotebookNode
    known: dict[str, Known]
    limits: Limits
    start: Start
    stop: threading.Event

    @property
    def questions(self) -> list[tuple[Question, int]]:
        """The questions with the seeds of this run's cases."""
        return [(each, self.known[each.id].seed) for each in self.exercises if isinstance(each, Question)]


@dataclass(frozen=True)
class Graded:
    """One graded hand-in. `problem` says why it could not be read; then every exercise has 0 points."""

    handin: Handin
    rows: tuple[Row, ...]
    matched: Matched | None = None
    response: Response = field(default_factory=Response)
    seconds: float = 0.0
    problem: str = ""
    #: Something the instructor must look into: a fault of the grader, not of the hand-in.
    fault: str = ""


@dataclass(frozen=True)
class Summary:
    """What came of grading a class."""

    rows: tuple[Row, ...]
    n_handins: int
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
    start: Start = start,
    console: Console | None = None,
) -> Summary:
    """Grade every hand-in under `submitted`, `jobs` at the same time, and write the results to `out`.

    `out` is an nbgrader course directory afterwards: gradebook.db, source/, release/, autograded/; beside them
    grades.csv, feedback/<student>/<chapter>.html, log.jsonl and the secret from which the cases are drawn (`secret`
    sets it). What was there of other students, other chapters, and marks given by hand, stays.
    Raises `GraderError` for what a person can put right; one bad hand-in never ends the run.
    """
    began = time.monotonic()
    submitted, out = Path(submitted), Path(out)
    exercises = _exercises(chapter)
    handins = find_handins(submitted, chapter)
    prepare(out)
    console = console or Console(stderr=True)
    done: dict[str, tuple[Row, ...]] = {}
    problems: list[str] = []
    try:
        with Log(out / "log.jsonl") as log:
            log.write("start", chapter=chapter, handins=len(handins), jobs=jobs)
            with console.status(f"preparing {chapter}"):
                release = register(chapter, out)
                questions = [exercise for exercise in exercises if isinstance(exercise, Question)]
                known = references(questions, keep_secret(out, secret))
            plan = Plan(chapter, exercises, release, known, limits, start, threading.Event())
            try:
                with open_gradebook(out) as book, _progress(console) as progress:
                    task = progress.add_task(f"grading {chapter}", total=len(handins))
                    for graded in grade_all(plan, handins, jobs):
                        graded = keep(plan, graded, book, out, log)
                        done[graded.handin.student] = graded.rows
                        if graded.problem or graded.fault:
                            problems.append(f"{graded.handin.student}: {graded.problem or graded.fault}")
                        progress.advance(task)
            finally:
                write_grades(out / "grades.csv", chapter, done)
            seconds = time.monotonic() - began
            log.write("end", graded=len(done), seconds=round(seconds, 2))
    except OSError as error:
        raise OutNotWritable(
            f"Cannot write to {error.filename or out}: {error.strerror}. Nothing is lost: what was graded is in the "
            "gradebook. Make room, or pick another place, and grade again."
        ) from None
    rows = tuple(row for student in sorted(done) for row in done[student])
    summary = Summary(rows, len(done), seconds, tuple(problems))
    _report(summary, out, console)
    return summary


def _exercises(chapter: str) -> tuple[Exercise, ...]:
    try:
        return of_chapter(chapter)
    except UnknownExercise as error:
        raise UnknownChapter(str(error)) from None


# --- Many hand-ins -------------------------------------------------------------------------------------------------


def grade_all(plan: Plan, handins: Sequence[Handin], jobs: int) -> Iterator[Graded]:
    """Grade hand-ins, `jobs` at a time, and yield each when it is ready.

    A thread each: it only waits for the process that does the work. When the reader stops early, all are stopped.
    """
    waiting: set[Future[Graded]] = set()
    with ThreadPoolExecutor(max_workers=max(1, jobs), thread_name_prefix="handin") as pool:
        try:
            for handin in handins:
                waiting.add(pool.submit(grade_handin, plan, handin))
                if len(waiting) > jobs:
                    ready, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                    yield from (future.result() for future in ready)
            while waiting:
                ready, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                yield from (future.result() for future in ready)
        finally:
            plan.stop.set()
            pool.shutdown(cancel_futures=True)


def grade_handin(plan: Plan, handin: Handin) -> Graded:
    """Run, ask and judge one hand-in. Nothing is written. Raises only `ChildProblem`."""
    began = time.monotonic()
    try:
        cells, notes = read_handin(handin.folder, plan.chapter)
        matched = match(cells, plan.release, notes)
        response = respond_apart(Code(matched.run), plan.questions, plan.limits, start=plan.start, stop=plan.stop)
        rows = tuple(_row(plan, handin, matched, response, exercise) for exercise in plan.exercises)
        return Graded(handin, rows, matched, response, time.monotonic() - began)
    except HandinProblem as error:
        return Graded(handin, _nothing(plan, handin, str(error)), problem=str(error), seconds=time.monotonic() - began)
    except ChildProblem:
        raise
    except Exception:  # a fault of ours: the class goes on, the instructor is told
        hint = "The grader itself failed on this hand-in. Your teacher can see it and will look into it."
        fault = traceback.format_exc(limit=-5)
        return Graded(handin, _nothing(plan, handin, hint), fault=fault, seconds=time.monotonic() - began)


def _nothing(plan: Plan, handin: Handin, hint: str) -> tuple[Row, ...]:
    return tuple(Row(handin.student, plan.chapter, each.id, 0.0, each.points, "error", hint) for each in plan.exercises)


def _row(plan: Plan, handin: Handin, matched: Matched, response: Response, exercise: Exercise) -> Row:
    if isinstance(exercise, Question):
        verdict = _judge(exercise, plan.known[exercise.id], matched, response)
        return Row(
            handin.student, plan.chapter, exercise.id, verdict.points, exercise.points, verdict.verdict, verdict.hint
        )
    answered = is_answered(matched.essays.get(exercise.grade_id), graded_cells(plan.release)[exercise.grade_id])
    hint = "" if answered else "There is no answer in this cell."
    return Row(handin.student, plan.chapter, exercise.id, None if answered else 0.0, exercise.points, "manual", hint)


def _judge(question: Question, known: Known, matched: Matched, response: Response) -> Verdict:
    asked = response.asked[question.id]
    return judge_asked(question, asked, known, _why_missing(asked.answer, matched, response))


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


# --- Writing down --------------------------------------------------------------------------------------------------


def keep(plan: Plan, graded: Graded, book: Gradebook, out: Path, log: Log) -> Graded:
    """Write down one graded hand-in: gradebook, graded notebook, feedback, log. Returns it with marks given by hand."""
    handin = graded.handin
    folder = handin.folder.parent.name  # as it is on disk, which the student's id may not be
    copy = out / "autograded" / folder / plan.chapter / f"{plan.chapter}.ipynb"
    before = essay_texts(copy)
    marks = [_mark(plan, graded, row, before) for row in graded.rows]
    try:
        by_hand = record(book, plan.chapter, handin.student, marks, handin.timestamp)
    except GradebookError as error:
        log.write("trouble", student=handin.student, message=str(error))
        raise
    rows = tuple(_with_hand_mark(row, by_hand) for row in graded.rows)
    graded = replace(graded, rows=rows)
    if graded.matched:
        write_graded(graded_notebook(graded.matched, plan.release, graded.response.cells, _remarks(plan, rows)), copy)
    write_text(out / "feedback" / folder / f"{plan.chapter}.html", page_of(plan, graded))
    _log_graded(log, graded)
    return graded


def _grade_id(plan: Plan, id: str) -> str:
    return next(exercise.grade_id for exercise in plan.exercises if exercise.id == id)


def _mark(plan: Plan, graded: Graded, row: Row, essays_before: dict[str, str]) -> Mark:
    exercise = next(exercise for exercise in plan.exercises if exercise.id == row.exercise)
    id = exercise.grade_id
    if isinstance(exercise, Essay):
        text = graded.matched.essays.get(id) if graded.matched else None
        return Mark(id, row.points, id, row.hint, changed=id in essays_before and essays_before[id] != text)
    return Mark(id, row.points, f"{id}-code", row.hint)


def _with_hand_mark(row: Row, by_hand: dict[str, float]) -> Row:
    """A mark that a person gave counts, as in nbgrader."""
    id = row.exercise.replace(".", "-")
    return replace(row, points=by_hand[id]) if id in by_hand else row


def _remarks(plan: Plan, rows: Sequence[Row]) -> dict[str, str]:
    return {
        _grade_id(plan, row.exercise): f"{row.verdict}: {row.points:g} of {row.max_points:g} points\n{row.hint}".strip()
        for row in rows
        if row.verdict != "manual" and row.points is not None
    }


def page_of(plan: Plan, graded: Graded) -> str:
    """The feedback page of a graded hand-in."""
    titles = {exercise.id: exercise.title for exercise in plan.exercises}
    rows = [
        FeedbackRow(row.exercise, titles[row.exercise], row.points, row.max_points, row.verdict,
                    "" if graded.problem or graded.fault else row.hint)
        for row in graded.rows
    ]  # fmt: skip
    runs = graded.response.cells
    sources = dict(graded.matched.run) if graded.matched else {}
    return feedback_page(
        student=graded.handin.student, chapter=plan.chapter, title=_title(plan), rows=rows,
        cells=[(i, sources[i], runs[i].outputs, bool(runs[i].error)) for i in sorted(runs) if i in sources],
        problem=graded.problem or (graded.rows[0].hint if graded.fault and graded.rows else ""),
    )  # fmt: skip


def _title(plan: Plan) -> str:
    lines = (line for cell in plan.release.cells if cell.cell_type == "markdown" for line in cell.source.splitlines())
    return next((line[2:].strip() for line in lines if line.startswith("# ")), plan.chapter)


def _log_graded(log: Log, graded: Graded) -> None:
    response = graded.response
    log.write(
        "graded", student=graded.handin.student, points=sum(row.points or 0 for row in graded.rows),
        max_points=sum(row.max_points for row in graded.rows), seconds=round(graded.seconds, 2),
        cpu_seconds=round(response.cpu_seconds, 2), peak_mb=response.peak_memory >> 20, starts=response.starts,
        notes=[*(graded.matched.notes if graded.matched else ()), *response.notes],
    )  # fmt: skip
    if graded.problem or graded.fault:
        log.write("trouble", student=graded.handin.student, message=graded.problem or graded.fault)


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), console=console
    )


def _report(summary: Summary, out: Path, console: Console) -> None:
    console.print(
        f"{summary.n_handins} hand-ins graded in {summary.seconds:.0f} s: {out / 'grades.csv'}", soft_wrap=True
    )
    for problem in summary.problems:
        console.print(problem.strip(), style="yellow", markup=False, highlight=False, soft_wrap=True)
    waiting = sum(row.points is None for row in summary.rows)
    if waiting:
        console.print(f"{waiting} answers wait for a person: open {out} in nbgrader's formgrader.", soft_wrap=True)
