"""`make demo`: a simulated class is graded before your eyes, and held against what is known of it."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from grader.apart import Isolation
from grader.chapter import ROOT
from grader.grading import grade
from grader.report import report
from grader.results import Row
from grader.simulate import Simulated, simulate

FOLDER = ROOT / "build" / "demo"


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

    `folder` is emptied first. Without isolation there are no hostile hand-ins in the class.
    """
    console = console or Console()
    shutil.rmtree(folder, ignore_errors=True)
    with console.status(f"{n} students are working on {chapter}"):
        simulated = simulate(
            chapter, n, 0, folder / "submitted", hostile=isolation == "namespaces", given_cells=given_cells
        )
    console.print(f"{n} hand-ins under {folder / 'submitted'}", highlight=False, soft_wrap=True)
    summary = grade(chapter, folder / "submitted", folder / "results", jobs, isolation=isolation, console=console)
    console.print(table_of(simulated, summary.rows))
    surprises = [line for each in simulated for line in compare(each, _by_exercise(summary.rows, each.student))]
    with console.status("writing the report"):
        path = report(chapter, folder / "results")
    return path, surprises


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
