"""A class graded by stock `nbgrader autograde` and by `grader grade`: hand-ins a minute, and what they cost.

    python benchmarks/grading.py                 # everything; stock nbgrader takes most of the time
    python benchmarks/grading.py --stock 4       # stock nbgrader grades only 4 of the 24
    python benchmarks/grading.py --write         # also keep the table, for the README and the book
    python benchmarks/grading.py --quote         # only put the table that was kept into the README

Both grade the same whole notebooks of `autoencoder`, with every given cell, on an otherwise idle machine. Stock
nbgrader runs them as it runs any notebook: on the data that the loaders find, and every figure is drawn. `grader` runs
them behind its walls, where the loaders return the small sample and figures of given cells are not drawn; so that
nobody has to guess what the data does, there is also a line for stock nbgrader on the sample.
The floor is the CPU time of the students' cells and the questions alone, in a process where everything is imported:
no grader that runs the notebooks can take less. Two such processes at once show what a second core of this machine is
worth: they share its caches and, on a rented machine, its cores with strangers.

The start of the command takes as long for one worker as for two, which shows in a class of 24. So there is a larger
class as well, the same hand-ins several times, in which it matters less.
"""

from __future__ import annotations

import math
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from nbformat import NotebookNode
from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).parents[1]))

from grader.apart import LIBRARIES
from grader.chapter import imports_of
from grader.gradebook import register
from grader.handins import Matched, match, read_handin
from grader.simulate import simulate
from recbook.question import Question
from recbook.questions import of_chapter

ROOT = Path(__file__).resolve().parents[1]
CHAPTER = "autoencoder"
N_HANDINS, N_LARGE, SEED = 24, 96, 0
LEAST_SPEED_UP, LEAST_SECOND_WORKER, MOST_OF_FLOOR = 10.0, 1.7, 1.5
#: What is ours is timed so often, and the median counts; the larger class once.
TURNS = 3
#: On the sample, stock nbgrader is only looked at, not compared with.
ENOUGH_SAMPLE = 6
RESULT = Path(__file__).with_suffix(".txt")
#: What student code gets in a worker; here for the floor and for stock nbgrader on the sample.
ENVIRONMENT = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MPLBACKEND": "Agg"}


@dataclass(frozen=True)
class Timing:
    """How long a class took, in seconds of wall time; of the floor, of CPU time."""

    what: str
    n_handins: int
    seconds: float

    @property
    def each(self) -> float:
        """Seconds a hand-in."""
        return self.seconds / self.n_handins

    @property
    def a_minute(self) -> float:
        """Hand-ins a minute."""
        return 60 / self.each


@dataclass(frozen=True)
class Turn:
    """What was timed one after the other, and so on the same machine: its speed changes from minute to minute."""

    one: Timing
    two: Timing
    floor: Timing
    floor_at_once: Timing


def main(
    stock: Annotated[int, typer.Option(min=0, max=N_HANDINS, help="How many hand-ins stock nbgrader grades.")] = 24,
    write: Annotated[bool, typer.Option("--write", help="Keep the table beside this file.")] = False,
    quote_only: Annotated[bool, typer.Option("--quote", help="Only put the kept table into the README.")] = False,
) -> None:
    """Time everything and print the table; exit with 1 where a promise does not hold."""
    if quote_only:
        quote()
        return
    console = Console(width=100)
    with tempfile.TemporaryDirectory(prefix="recbook-benchmark-") as name:
        timings, promises, remarks = measure(Path(name), stock)
    console.print(table(timings))
    for text, holds in promises:
        console.print(("holds: " if holds else "FAILS: ") + text)
    for text in remarks:
        console.print(text)
    if write:
        keep(timings, promises, remarks)
    if not all(holds for _, holds in promises):
        raise typer.Exit(1)


def measure(folder: Path, stock: int) -> tuple[list[Timing], list[tuple[str, bool]], list[str]]:
    """Time everything: the timings, what is promised and whether it holds, and what else there is to know."""
    release = register(CHAPTER, folder / "course")
    small, large = submitted(folder, N_HANDINS), submitted(folder, N_LARGE)
    simulate(CHAPTER, N_HANDINS, SEED, small, hostile=False, broken=False, release=release)
    for number in range(N_LARGE // N_HANDINS):
        for path in small.iterdir():
            shutil.copytree(path, large / f"{path.name}-{number}")
    jobs = write_jobs(folder, release)
    # In turns, so that a slow minute of the machine is not held against one of them.
    turns = [
        Turn(time_ours(folder, 1), time_ours(folder, 2), time_floor(folder, release, jobs, 1),
             time_floor(folder, release, jobs, 2))
        for _ in range(TURNS)
    ]  # fmt: skip
    one, two, floor = (median(getattr(turn, name) for turn in turns) for name in ("one", "two", "floor"))
    many = [time_ours(folder, workers, N_LARGE) for workers in (1, 2)]
    timings = [one, two, floor, *many]
    second = statistics.median(turn.one.seconds / turn.two.seconds for turn in turns)
    of_floor = statistics.median(turn.one.seconds / turn.floor.seconds for turn in turns)
    promises = [
        promise("2 workers are {:.2f} times as fast as one", second, at_least=LEAST_SECOND_WORKER),
        promise("one worker takes {:.2f} times the floor", of_floor, at_most=MOST_OF_FLOOR),
    ]
    if stock:
        sample = time_stock(folder, min(stock, ENOUGH_SAMPLE), sample=True)
        timings = [time_stock(folder, stock, sample=False), sample, *timings]
        faster = timings[0].each / one.each
        promises.insert(
            0, promise("one worker is {:.1f} times as fast as stock nbgrader", faster, at_least=LEAST_SPEED_UP)
        )
    at_once = statistics.median(2 * turn.floor.seconds / turn.floor_at_once.seconds for turn in turns)
    remarks = [
        f"in the class of {N_LARGE}, 2 workers are {many[0].seconds / many[1].seconds:.2f} times as fast as one",
        f"without any grader, two processes at once do {at_once:.2f} times the work of one on this machine",
    ]
    return timings, promises, remarks


def submitted(folder: Path, n_handins: int) -> Path:
    """Where the class of so many hand-ins lies."""
    return folder / f"submitted-{n_handins}"


def time_ours(folder: Path, workers: int, n_handins: int = N_HANDINS) -> Timing:
    """`grader grade`, from the start of the command to its end."""
    with tempfile.TemporaryDirectory(dir=folder) as out:
        command = ["grader", "grade", CHAPTER, "--submitted", str(submitted(folder, n_handins)), "--out", out]
        seconds = run([*command, "--jobs", str(workers)], {})
    return Timing(f"grader grade, isolated, {workers} worker{'s' if workers > 1 else ''}", n_handins, seconds)


def median(timings: Iterable[Timing]) -> Timing:
    """The middle one of several timings of the same."""
    return sorted(timings, key=lambda timing: timing.seconds)[TURNS // 2]


def time_stock(folder: Path, n_handins: int, *, sample: bool) -> Timing:
    """`nbgrader autograde`, from the start of the command to its end."""
    course = folder / f"stock-{sample}"
    shutil.copytree(folder / "course", course)
    for path in sorted(submitted(folder, N_HANDINS).iterdir())[:: N_HANDINS // n_handins][:n_handins]:
        shutil.copytree(path, course / "submitted" / path.name)
    command = ["nbgrader", "autograde", CHAPTER, "--create", f"--CourseDirectory.root={course}"]
    seconds = run([*command, "--Execute.timeout=300"], ENVIRONMENT | ({"RECBOOK_DATASET": "sample"} if sample else {}))
    return Timing(f"nbgrader autograde{', sample data' if sample else ''}", n_handins, seconds)


def run(module: list[str], environment: dict[str, str]) -> float:
    """Run a module of this Python as a command; the seconds of wall time it took."""
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", *module], cwd=ROOT, env=os.environ | environment, capture_output=True, text=True
    )
    if done.returncode:
        raise SystemExit(f"{' '.join(module[:2])} failed:\n{done.stderr[-3000:]}")
    return time.perf_counter() - began


def time_floor(folder: Path, release: NotebookNode, jobs: Sequence[str], at_once: int) -> Timing:
    """The CPU time of all cells and questions, each hand-in in a fork of a process that has everything imported."""
    here = str(Path(__file__).parent)
    code = f"import sys; sys.path.insert(0, {here!r}); import grading; grading.print_floor(sys.argv[1:])"
    environment = os.environ | ENVIRONMENT | {
        "RECBOOK_DATASET": "sample", "IPYTHONDIR": str(folder / "ipython"), "PYTHONHASHSEED": "0",
    }  # fmt: skip
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", code, *imports_of(release), "--", *jobs[first::at_once]], cwd=folder,
            env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for first in range(at_once)
    ]  # fmt: skip
    seconds = 0.0
    for process in processes:
        printed, trouble = process.communicate()
        if process.returncode:
            raise SystemExit(f"the floor failed:\n{trouble[-3000:]}")
        seconds += float(printed.split()[-1])
    return Timing("the floor: CPU time of cells and questions", N_HANDINS, seconds)


def write_jobs(folder: Path, release: NotebookNode) -> list[str]:
    """What the process of each hand-in is told to do, in a file each."""
    jobs = []
    for path in sorted(submitted(folder, N_HANDINS).iterdir()):
        cells, notes = read_handin(path / CHAPTER, CHAPTER)
        jobs.append(write_job(folder / f"{len(jobs)}.json", match(cells, release, notes)))
    return jobs


def write_job(path: Path, matched: Matched) -> str:
    """What a hand-in's process is told to do, in a file."""
    import json

    questions = [
        {"id": each.id, "seed": 1, "seconds": each.seconds, "memory": 1 << 31}
        for each in of_chapter(CHAPTER)
        if isinstance(each, Question)
    ]
    job = {"cells": matched.run, "given_cells": sorted(matched.given), "questions": questions}
    path.write_text(json.dumps(job | {"cell_seconds": 60, "cells_seconds": 600}))
    return str(path)


def print_floor(arguments: list[str]) -> None:
    """In a process of its own: import everything, fork for each job, print the CPU time of all forks."""
    import contextlib
    import importlib
    import json

    split = arguments.index("--")
    for name in (*LIBRARIES, *arguments[:split]):
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    from recbook.asking import warm_up
    from recbook.respond import Journal, respond

    warm_up()
    total = 0.0
    for path in arguments[split + 1 :]:
        child = os.fork()
        if not child:
            with open(path) as file:
                job = json.load(file)
            respond(job, Journal(os.open(os.devnull, os.O_WRONLY)))
            os._exit(0)
        _, _, used = os.wait4(child, 0)
        total += used.ru_utime + used.ru_stime
    print(total)


def table(timings: list[Timing]) -> Table:
    """The timings as a table; the first one is what the others are compared with."""
    shown = Table("", "hand-ins", "seconds each", "a minute", "times stock", title=f"Grading a class: {CHAPTER}")
    for timing in timings:
        faster = timings[0].each / timing.each
        shown.add_row(
            timing.what, str(timing.n_handins), f"{timing.each:.2f}", f"{timing.a_minute:.1f}", f"{faster:.1f}"
        )
    return shown


def promise(text: str, value: float, *, at_least: float = 0.0, at_most: float = math.inf) -> tuple[str, bool]:
    """What is promised, with the number of this run, and whether it holds."""
    bound = f"at least {at_least:g}" if at_least else f"at most {at_most:g}"
    return f"{text.format(value)} ({bound})", at_least <= value <= at_most


def keep(timings: list[Timing], promises: list[tuple[str, bool]], remarks: list[str]) -> None:
    """Write the table as plain text, for the README and the book."""
    with RESULT.open("w", encoding="utf-8") as file:
        plain = Console(file=file, width=100)
        plain.print(table(timings))
        for text, holds in promises:
            plain.print(text if holds else f"{text}: not reached")
        for text in remarks:
            plain.print(text)
    quote()


def quote() -> None:
    """Put the table that was kept between the marks in the README; the book includes the file itself."""
    readme = ROOT / "README.md"
    before, begin, rest = readme.read_text("utf-8").partition("<!-- benchmark -->\n")
    _, end, after = rest.partition("<!-- /benchmark -->")
    quoted = f"```text\n{RESULT.read_text('utf-8')}```\n"
    readme.write_text(f"{before}{begin}{quoted}{end}{after}", "utf-8")


if __name__ == "__main__":
    typer.run(main)
