"""A thousand hand-ins in one run: does the grader's memory grow, does a hand-in cost more at the end?

    python benchmarks/thousand.py               # writes thousand.svg and thousand.txt beside this file
    python benchmarks/thousand.py --handins 50

The hand-ins are a simulated class of `autoencoder` without the given cells that train and draw, so that a thousand take
minutes; what is done for each of them, from reading to feedback page, is the same.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path
from typing import Annotated

import matplotlib.pyplot as plt
import numpy as np
import psutil
import typer
from rich.console import Console
from rich.progress import track

sys.path.insert(0, str(Path(__file__).parents[1]))

from grader.simulate import simulate

CHAPTER = "autoencoder"
ROOT = Path(__file__).resolve().parents[1]
#: The most that memory may grow, and the cost of a hand-in, from the first third to the last, as a share.
MOST_GROWTH, MOST_DRIFT = 0.05, 0.15


def main(
    handins: Annotated[int, typer.Option(min=30, help="How many hand-ins.")] = 1000,
    jobs: Annotated[int, typer.Option(min=1, help="How many workers.")] = 2,
) -> None:
    """Grade them, draw what was measured, and exit with 1 where something grew."""
    console = Console(width=100)
    with tempfile.TemporaryDirectory(prefix="recbook-thousand-") as name:
        folder = Path(name)
        console.print("simulating")
        simulate(CHAPTER, handins, 0, folder / "submitted", hostile=False, broken=False, given_cells=False)
        memory = watch(folder, jobs, handins)
        lines = [json.loads(line) for line in (folder / "out" / "log.jsonl").read_text("utf-8").splitlines()]
    ends = np.array([datetime.fromisoformat(each["time"]).timestamp() for each in lines if each["event"] == "graded"])
    seconds = np.diff(ends)
    third = len(seconds) // 3
    growth = np.median(memory[-len(memory) // 3 :]) / np.median(memory[len(memory) // 3 : 2 * len(memory) // 3]) - 1
    drift = np.mean(seconds[-third:]) / np.mean(seconds[:third]) - 1
    text = (
        f"{handins} hand-ins in one run, {jobs} workers: {np.mean(seconds):.2f} s each on average.\n"
        f"From the first third to the last, the time of a hand-in changed by {drift:+.1%};\n"
        f"from the second third to the last, the memory of the grader by {growth:+.1%} "
        f"(it was {np.median(memory):.0f} MB)."
    )
    console.print(text)
    draw(memory, seconds, handins)
    Path(__file__).with_suffix(".txt").write_text(text + "\n", encoding="utf-8")
    if growth > MOST_GROWTH or drift > MOST_DRIFT:
        raise typer.Exit(1)


def watch(folder: Path, jobs: int, handins: int) -> np.ndarray:
    """Grade the class in a process of its own; its memory in MB, looked at as each hundredth of the class is done."""
    command = [sys.executable, "-m", "grader", "grade", CHAPTER, "--submitted", str(folder / "submitted"), "--out",
               str(folder / "out"), "--jobs", str(jobs)]  # fmt: skip
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    grader, log, memory = psutil.Process(process.pid), folder / "out" / "log.jsonl", []
    for step in track(range(100), "grading"):
        while process.poll() is None and n_graded(log) <= step * handins / 100:
            time.sleep(0.2)
        if process.poll() is None:
            memory.append(grader.memory_info().rss / 2**20)
    if process.wait():
        raise SystemExit("grading failed")
    return np.array(memory)


def n_graded(log: Path) -> int:
    """How many hand-ins the log says are done."""
    return log.read_bytes().count(b'"event": "graded"') if log.exists() else 0


def draw(memory: np.ndarray, seconds: np.ndarray, handins: int) -> None:
    """Two small charts: memory, and the time between one hand-in and the next."""
    figure, (upper, lower) = plt.subplots(2, 1, figsize=(6.4, 4.8), sharex=True, layout="constrained")
    upper.plot(np.linspace(0, handins, len(memory)), memory, color="#0072B2")
    upper.set_ylim(0, 1.25 * memory.max())
    upper.set_ylabel("memory of the grader (MB)")
    window = max(1, len(seconds) // 40)
    mean = np.convolve(seconds, np.ones(window) / window, mode="valid")
    lower.plot(np.linspace(0, handins, len(seconds)), seconds, ".", markersize=2, color="0.7", label="one hand-in")
    lower.plot(np.linspace(0, handins, len(mean)), mean, color="#D55E00", label=f"mean of {window}")
    lower.set_ylim(0, np.quantile(seconds, 0.995) * 1.2)
    lower.set_ylabel("seconds a hand-in")
    lower.set_xlabel("hand-ins graded")
    lower.legend(frameon=False)
    figure.savefig(Path(__file__).with_suffix(".svg"), metadata={"Date": None})


if __name__ == "__main__":
    typer.run(main)
