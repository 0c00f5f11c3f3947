"""The command line. Each command is a thin layer over one function; errors for people end with exit code 2."""

from __future__ import annotations

import atexit
import gc
import inspect
import json
import os
import sys
from collections import Counter
from collections.abc import Callable
from enum import StrEnum
from functools import wraps
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Column, Table

from grader.errors import GraderError
from recbook.errors import RecbookError

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_show_locals=False,
    help="""Write, release and grade the course's exercises.

An author's round: write a question, a reference, mistakes and a stub; then `verify`, `record`, `assemble`.

An instructor's round: `assemble` the release, hand it out, put what comes back under
`DIR/<student>/<chapter>/<chapter>.ipynb`, then `grade`.""",
)
out_console = Console()
error_console = Console(stderr=True)


class Isolation(StrEnum):
    """What `--isolation` takes."""

    namespaces = "namespaces"
    none = "none"


#: In so many columns there is room for each exercise's id, title, points and kind; in more, for signatures too.
WIDE = 130

Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


def run() -> None:
    """Entry point of `python -m grader`."""
    # Imports make a million things of which none is garbage: looking for it less often saves a fifth of a start, and
    # not looking at all on the way out a second.
    gc.set_threshold(200_000, 50, 1000)
    atexit.register(gc.freeze)
    app(prog_name="python -m grader")


def for_people(command: Callable[..., Any]) -> Callable[..., Any]:
    """Print an expected error as a message and exit with 2; let unexpected ones show where they come from.

    A module of a chapter that cannot be imported is an expected error, whatever it raised. Ctrl-C ends with 130.
    """

    @wraps(command)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        try:
            return command(*args, **kwargs)
        except typer.Exit:
            raise
        except (GraderError, RecbookError) as error:
            message = str(error)
        except KeyboardInterrupt as error:
            error_console.print(rich_escape(str(error) or "Stopped."), highlight=False, soft_wrap=True)
            raise typer.Exit(130) from None
        except Exception as error:
            from grader.implementations import author_error

            told = author_error(error)
            if told is None:
                raise
            message = str(told)
        error_console.print(f"[bold red]error:[/] {rich_escape(message)}", highlight=False, soft_wrap=True)
        raise typer.Exit(2)

    return wrapped


def refuse_unless_graded(chapter: str, out: Path) -> None:
    """Raise `UnknownExercise` for what is no chapter, unless `out` has results of it: an older course may have had it.

    Chapters are looked for by name, none is imported.
    """
    from grader.records import FOLDER
    from recbook.questions import refuse_unknown

    if not any((folder / f"{chapter}.json").is_file() for folder in (out / FOLDER).glob("*")):
        refuse_unknown(chapter)


def rich_escape(text: str) -> str:
    """Text as rich should print it: square brackets are not markup."""
    from rich.markup import escape

    return escape(text)


@app.command("questions")
@for_people
def list_questions(
    chapter: Annotated[str | None, typer.Argument(help="Only this chapter.")] = None, as_json: Json = False
) -> None:
    """List every exercise: id, title, points, kind, the names it needs and its signature."""
    from recbook.questions import chapters, of_chapter

    rows = [describe(exercise) for name in ([chapter] if chapter else chapters()) for exercise in of_chapter(name)]
    if as_json:
        print(json.dumps(rows, indent=2))
        return
    # An id is there to be typed or piped on: it is never cut. A pipe has no edge, and so room for all but signatures.
    console = out_console if out_console.is_terminal else Console(width=max(out_console.width, WIDE))
    columns = ["title", "points", "kind", *(["signature"] if console.width > WIDE else [])]
    table = Table(Column("exercise", no_wrap=True, overflow="fold"), *columns, title=f"{len(rows)} exercises")
    for row in rows:
        cells = {**row, "points": f"{row['points']:g}"}
        table.add_row(row["id"], *(rich_escape(cells[name]) for name in columns))
    console.print(table)


def describe(exercise: Any) -> dict[str, Any]:
    """An exercise as a row of `questions --json`."""
    from grader.implementations import reference

    needs = list(getattr(exercise, "needs", ()))
    signature = ""
    if needs:
        signature = needs[0] + str(inspect.signature(reference(exercise.chapter)[needs[0]]))
    return {
        "id": exercise.id, "chapter": exercise.chapter, "title": exercise.title, "points": exercise.points,
        "kind": exercise.kind, "needs": needs, "signature": signature,
    }  # fmt: skip


@app.command()
@for_people
def ask(
    exercise: Annotated[str, typer.Argument(help="Such as autoencoder.forward; see `questions`.")],
    file: Annotated[Path, typer.Argument(help="A Python file that defines the names the exercise needs.")],
    as_json: Json = False,
) -> None:
    """Ask one question of the code in FILE, in a process of its own, and print the verdict."""
    from grader.asking import ask_file

    asked = ask_file(exercise, file)
    verdict = asked.verdict
    row = {
        "exercise": verdict.exercise, "points": verdict.points, "max_points": verdict.max_points,
        "verdict": verdict.verdict, "hint": verdict.hint,
    }  # fmt: skip
    if as_json:
        print(json.dumps(row, indent=2))
    else:
        colour = {"right": "green", "wrong": "yellow"}.get(verdict.verdict, "red")
        points = f"{verdict.points:g} of {verdict.max_points:g} points"
        out_console.print(f"{verdict.exercise}: [bold {colour}]{verdict.verdict}[/], {points}", highlight=False)
        if verdict.hint:
            out_console.print(rich_escape(verdict.hint), highlight=False)
    if asked.syntax_error:
        raise GraderError(f"{file} is no Python: {asked.syntax_error}")


@app.command()
@for_people
def verify(chapter: Annotated[str | None, typer.Argument(help="Only this chapter.")] = None) -> None:
    """Test the tests: reference right; stub and each mistake wrong with its own hint; alternatives right."""
    from grader.chapter import stub_namespaces
    from grader.verify import verify_chapter
    from recbook.questions import chapters

    n_findings: Counter[str] = Counter()
    n_problems: Counter[str] = Counter()
    for name in [chapter] if chapter else chapters():
        with error_console.status(f"verifying {name}"):
            for finding in verify_chapter(name, stub_namespaces(name)):
                n_findings[finding.exercise] += 1
                if finding.problem:
                    n_problems[finding.exercise] += 1
                    error_console.print(
                        f"[red]✗[/] {finding.exercise}, {finding.what}: {rich_escape(finding.problem)}",
                        highlight=False, soft_wrap=True,
                    )  # fmt: skip
    for exercise, number in n_findings.items():
        if not n_problems[exercise]:
            out_console.print(f"[green]✓[/] {exercise}: {number} things verified", highlight=False)
    total = sum(n_problems.values())
    out_console.print(f"{len(n_findings)} exercises, {sum(n_findings.values())} things verified, {total} problems")
    if total or not n_findings:
        raise typer.Exit(1)


@app.command()
@for_people
def record(
    chapter: Annotated[str | None, typer.Argument(help="Only this chapter.")] = None,
    check: Annotated[bool, typer.Option("--check", help="Write nothing; fail if the records are out of date.")] = False,
) -> None:
    """Record the public answers that `check` compares with, or (--check) fail if they are out of date."""
    from grader.record import record as record_chapter
    from grader.record import stale
    from recbook.questions import chapters

    found = []
    for name in [chapter] if chapter else chapters():
        if check:
            found += stale(name)
        else:
            path = record_chapter(name)
            out_console.print(f"{path.name}: {path.stat().st_size:,} bytes")
    for line in found:
        error_console.print(f"[red]stale:[/] {rich_escape(line)}", highlight=False, soft_wrap=True)
    if found:
        error_console.print("Bring them up to date with: python -m grader record")
        raise typer.Exit(1)


@app.command()
@for_people
def assemble(chapter: Annotated[str | None, typer.Argument(help="Only this chapter.")] = None) -> None:
    """Make the nbgrader source, the release notebooks and the wheel under build/course/."""
    from grader.assemble import assemble as assemble_course

    for path in assemble_course(chapter):
        out_console.print(str(path), highlight=False, soft_wrap=True)


@app.command()
@for_people
def grade(
    chapter: Annotated[str, typer.Argument(help="Such as autoencoder.")],
    submitted: Annotated[Path, typer.Option(help="Holds `<student>/<chapter>/<chapter>.ipynb`.")],
    out: Annotated[Path, typer.Option(help="Where gradebook.db, grades.csv, feedback/ and log.jsonl go.")],
    jobs: Annotated[int, typer.Option(min=1, help="How many hand-ins at the same time.")] = 1,
    isolation: Annotated[
        Isolation, typer.Option(help="namespaces: lock student code in. none: run it with your rights.")
    ] = Isolation.namespaces,
    limits: Annotated[
        Path | None, typer.Option(help="A TOML file of limits on time, memory, ...; see the instructor guide.")
    ] = None,
    scheduler: Annotated[str, typer.Option(help="The address of a Dask scheduler: its workers run the hand-ins.")] = "",
    again: Annotated[bool, typer.Option("--again", help="Also grade what an earlier run has graded.")] = False,
    db_url: Annotated[
        str, typer.Option(help="Keep the marks there, such as postgresql://user@host/name; DIR remembers it.")
    ] = "",
) -> None:
    """Grade a class: every hand-in locked in, judged elsewhere, marks in nbgrader's gradebook.

    Stopped at any moment, it goes on from there when it is started again.
    """
    from recbook.questions import refuse_unknown

    refuse_unknown(chapter)  # before anything is written
    try:
        from grader.grading import grade as grade_class
        from grader.limits import Limits, read_limits

        chosen = read_limits(limits, chapter) if limits else Limits()
        if db_url:
            from grader.gradebook import use_database  # only now: nbgrader comes with it, and takes seconds

            use_database(out, db_url)
        grade_class(
            chapter, submitted, out, jobs, limits=chosen, isolation=isolation.value, scheduler=scheduler, again=again
        )
    except KeyboardInterrupt:
        raise KeyboardInterrupt(stopped(chapter, out)) from None


def stopped(chapter: str, out: Path) -> str:
    """What a person reads who has stopped `grade`: what is kept, and how to go on."""
    from grader.records import FOLDER

    kept = len(list((out / FOLDER).glob(f"*/{chapter}.json")))  # written last: with it, a hand-in counts as graded
    return (
        f"Stopped. What was graded is kept ({kept} hand-in{'s' * (kept != 1)} of {chapter}); "
        "run the same command to go on."
    )


@app.command()
@for_people
def doctor() -> None:
    """Say whether this machine can lock student code in, and what to do where it cannot."""
    from grader.apart import explain
    from grader.isolation import missing, scratch, visible

    if missing():
        out_console.print(rich_escape(explain()), highlight=False, soft_wrap=True)
        raise typer.Exit(1)
    out_console.print("[green]✓[/] Student code can be locked in here: tried, and it works.", highlight=False)
    out_console.print(f"It can write to {scratch()} only, which is its own, and of the disk it sees:", highlight=False)
    for path in visible():
        out_console.print(f"  {path}", highlight=False, soft_wrap=True)


@app.command()
@for_people
def report(
    chapter: Annotated[str, typer.Argument(help="Such as autoencoder.")],
    out: Annotated[Path, typer.Option(help="Where `grade` put its results.")],
    show: Annotated[bool, typer.Option("--open", help="Open the page in a browser.")] = False,
) -> None:
    """Write one page about a graded class: scores, exercises, misconceptions, what is suspicious, what it cost."""
    refuse_unless_graded(chapter, out)
    from grader.report import report as write_report

    path = write_report(chapter, out)
    out_console.print(str(path), highlight=False, soft_wrap=True)
    if show:
        open_page(path)


@app.command()
@for_people
def collect(
    chapter: Annotated[str, typer.Argument(help="Such as autoencoder.")],
    archive: Annotated[Path, typer.Argument(help="The download of Moodle or Canvas: its zip, or the unpacked folder.")],
    out: Annotated[Path, typer.Option(help="The class's folder of hand-ins: `<student>/<chapter>/` are made in it.")],
    platform: Annotated[str, typer.Option("--from", help="auto, moodle or canvas.")] = "auto",
    due: Annotated[str, typer.Option(help="Such as '2026-11-20 23:59': what came later is called late.")] = "",
    timezone: Annotated[str, typer.Option(help="The platform's, such as Europe/Berlin. Default: this machine's.")] = "",
) -> None:
    """Collect a learning platform's download: of several attempts the last counts, the others are kept."""
    from grader.collect import collect as collect_archive
    from grader.collect import read_due
    from grader.files import printable
    from recbook.questions import of_chapter

    of_chapter(chapter)
    moment = read_due(due or "2000-01-01", timezone)
    done = collect_archive(
        chapter, archive, out, platform=platform, due=moment if due else None, timezone=timezone
    )  # fmt: skip
    counts = {
        "collected": done.taken, "unchanged": done.unchanged, "late": done.late, "replaced": done.replaced,
        "taken differently": done.notes, "not understood": done.not_understood,
    }  # fmt: skip
    table = Table("", "hand-ins", title=f"{chapter}, from {done.platform}")
    for name, found in counts.items():
        table.add_row(name, str(len(found)))
    out_console.print(table)
    for name in ("late", "replaced", "taken differently", "not understood"):
        for what, why in counts[name]:
            line = printable(f"{name}: {what}: {why}")
            out_console.print(rich_escape(line), highlight=False, soft_wrap=True)


@app.command()
@for_people
def demo(
    chapter: Annotated[str, typer.Argument(help="Such as softmax.")] = "autoencoder",
    handins: Annotated[int, typer.Option(min=1, help="How large the class is.")] = 30,
    jobs: Annotated[int, typer.Option(min=1, help="How many hand-ins at the same time.")] = os.cpu_count() or 1,
    isolation: Annotated[
        Isolation, typer.Option(help="namespaces: lock student code in. none: leave out the hostile hand-ins.")
    ] = Isolation.namespaces,
    show: Annotated[bool, typer.Option("--open/--no-open", help="Open the report in a browser.")] = True,
) -> None:
    """Grade a simulated class before your eyes: right, wrong in each known way, hostile, broken files."""
    from grader.demo import demo as grade_demo

    path, surprises = grade_demo(chapter, handins, jobs, isolation=isolation.value, console=out_console)
    for line in surprises:
        error_console.print(f"[red]✗[/] {rich_escape(line)}", highlight=False, soft_wrap=True)
    out_console.print(f"The report: {path}", highlight=False, soft_wrap=True)
    if show:
        open_page(path)
    if surprises:
        raise typer.Exit(1)


def open_page(path: Path) -> None:
    """Open a page in a browser, where there is a screen."""
    import webbrowser

    if sys.platform != "linux" or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"):
        webbrowser.open(path.resolve().as_uri())


@app.command()
@for_people
def export(
    out: Annotated[Path, typer.Option(help="The folder of results that `grade` has written.")],
    format: Annotated[str, typer.Option(help="csv (to read), canvas (gradebook) or moodle (worksheet).")] = "csv",
    to: Annotated[Path | None, typer.Option(help="The file to write. Default: `DIR/export-<format>.csv`.")] = None,
    chapter: Annotated[list[str] | None, typer.Argument(help="Only these chapters.")] = None,
    db_url: Annotated[str, typer.Option(help="The gradebook's database, if it is not in DIR.")] = "",
) -> None:
    """Write the marks for another system, a column an exercise. Marks given by hand count."""
    for name in chapter or ():
        refuse_unless_graded(name, out)
    from grader.export import export as export_marks
    from grader.gradebook import use_database

    if db_url:
        use_database(out, db_url)
    done = export_marks(out, format, to, chapter or ())
    out_console.print(f"{done.path}: {done.n_students} students", highlight=False, soft_wrap=True)
    if done.waiting:
        error_console.print(f"{done.waiting} answers wait for a person: their points are not in it.", highlight=False)
    if done.changed:
        error_console.print(
            f"{done.changed} answers have changed since a person gave them points: those points are in it. "
            "Look at them again in formgrader.",
            highlight=False, soft_wrap=True,
        )  # fmt: skip


@app.command()
@for_people
def feedback(
    out: Annotated[Path, typer.Option(help="The folder of results that `grade` has written.")],
    chapter: Annotated[str | None, typer.Argument(help="Only this chapter.")] = None,
    db_url: Annotated[str, typer.Option(help="The gradebook's database, if it is not in DIR.")] = "",
) -> None:
    """Write the feedback pages again, with the marks and comments that people have given since."""
    if chapter:
        refuse_unless_graded(chapter, out)
    from grader.feedback import write_pages
    from grader.gradebook import use_database

    if db_url:
        use_database(out, db_url)
    pages, without = write_pages(out, chapter)
    out_console.print(f"{len(pages)} pages: {out / 'feedback'}", highlight=False, soft_wrap=True)
    for name in without:
        error_console.print(f"{rich_escape(name)}: nothing is kept of it; grade it again.", highlight=False)


if __name__ == "__main__":
    sys.exit(run())
