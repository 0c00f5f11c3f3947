"""`make demo`: a simulated class is graded before your eyes, and held against what is known of it."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.table import Table

from grader.apart import Isolation, explain
from grader.chapter import ROOT
from grader.errors import NoIsolation, OutNotWritable
from grader.grading import grade
from grader.isolation import missing
from grader.report import report
from grader.results import Row
from grader.simulate import Simulated, simulate
from recbook.questions import refuse_unknown

FOLDER = ROOT / "build" / "demo"
#: An empty file that says that a demo made this folder: only such a folder is ever deleted.
_MARK = ".made-by-demo"
_CONTENTS = {_MARK, "submitted", "results"}


def demo(
    chapter: str,
    n: int,
    jobs: int,
    *,
    folder: Path = FOLDER,
    isolation: Isolation = "namespaces",
    given_cells: bool = True,
    console: Console | None = None,
) -> tuple[Path, list[str]]:
    """Simulate a class, grade it, write the report. Returns the report's path and what came out other than it should.

    The demo that is in `folder` gives way once the class is there. Without isolation there are no hostile hand-ins.
    Raises `UnknownExercise` for what is no chapter, `NoIsolation`, `OutNotWritable` where something else is in the way.
    """
    console = console or Console()
    refuse_unknown(chapter)
    if isolation == "namespaces" and missing():
        raise NoIsolation(explain())
    _refuse_what_no_demo_made(folder)
    part, old = folder.with_name(f".{folder.name}-unfinished"), folder.with_name(f".{folder.name}-old")
    try:
        shutil.rmtree(part, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)
        part.mkdir(parents=True)
        (part / _MARK).touch()
        with console.status(f"{n} students are working on {chapter}"):
            simulated = simulate(
                chapter, n, 0, part / "submitted", hostile=isolation == "namespaces", given_cells=given_cells
            )
        if folder.exists():
            folder.rename(old)
        part.rename(folder)
    except OSError as error:
        raise OutNotWritable(f"Cannot write to {error.filename or folder}: {error.strerror}.") from None
    finally:
        shutil.rmtree(part, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)
    simulated = [replace(each, path=folder / each.path.relative_to(part)) for each in simulated]
    console.print(f"{n} hand-ins under {folder / 'submitted'}", highlight=False, soft_wrap=True)
    summary = grade(chapter, folder / "submitted", folder / "results", jobs, isolation=isolation, console=console)
    console.print(table_of(simulated, summary.rows))
    surprises = [line for each in simulated for line in compare(each, _by_exercise(summary.rows, each.student))]
    with console.status("writing the report"):
        path = report(chapter, folder / "results")
    return path, surprises


def _refuse_what_no_demo_made(folder: Path) -> None:
    """Raise `OutNotWritable` where something of a person's would be deleted."""
    if not folder.is_dir() or folder.is_symlink():
        if folder.exists() or folder.is_symlink():
            raise OutNotWritable(f"{folder} is no folder of a demo, and in its way. Move it away.")
        return
    there = {path.name for path in folder.iterdir()}
    if there and _MARK not in there:
        what = "does not say that a demo made it"
    elif there - _CONTENTS:
        what = f"holds {', '.join(sorted(there - _CONTENTS))}, which no demo made"
    else:
        return
    raise OutNotWritable(f"{folder} {what}. A demo would delete it: move it away, or delete it yourself.")


def compare(simulated: Simulated, rows: Mapping[str, Row]) -> list[str]:
    """What came out other than it must: one line each."""
    lost = [f"{id} should be right, but: {rows[id].hint}" for id in simulated.right if rows[id].verdict != "right"]
    unearned = [f"{id} should not be right" for id in simulated.wrong if rows[id].verdict == "right"]
    return [f"{simulated.student} ({simulated.what}): {line}" for line in sorted(lost + unearned)]


def table_of(simulated: Iterable[Simulated], rows: Sequence[Row]) -> Table:
    """One line a hand-in: what it is, what it got, and whether that is what it must get."""
    table = Table("student", "what was handed in", "points", "")
    for each in sorted(simulated, key=lambda each: each.student):
        mine = _by_exercise(rows, each.student)
        points = f"{sum(row.points or 0 for row in mine.values()):g} of {sum(r.max_points for r in mine.values()):g}"
        sign = "[red]✗[/]" if compare(each, mine) else "[green]✓[/]"
        table.add_row(_plain(each.student), f"{each.kind}: {_plain(each.what)}", points, sign)
    return table


def _by_exercise(rows: Iterable[Row], student: str) -> dict[str, Row]:
    return {row.exercise: row for row in rows if row.student == student}


def _plain(text: str) -> str:
    return text.replace("[", r"\[")
