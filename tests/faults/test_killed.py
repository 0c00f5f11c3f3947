"""SIGKILL of a child, a worker or the grader at a random moment: the marks are those of an undisturbed run."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import threading
import time

import psutil
import pytest
from calm_class import CHAPTER, SECRET, marks

from grader.chapter import ROOT
from grader.grading import grade
from grader.references import SECRET_FILE

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform != "linux", reason="kills by what Linux tells")]


def below(process: psutil.Process) -> list[psutil.Process]:
    try:
        return process.children(recursive=True)
    except psutil.Error:
        return []


def is_worker(process: psutil.Process) -> bool:
    """The wall's own process, or the warm one behind it: those that have "warm.py" on their command line and are not
    a hand-in's, which are deeper."""
    try:
        return process.name() == "bwrap" or "bwrap" in process.parent().name()
    except (psutil.Error, AttributeError):
        return False


def kill_one(parent: int, rng: random.Random, *, workers: bool) -> bool:
    everyone = [each for each in below(psutil.Process(parent)) if _is_ours(each)]
    targets = [each for each in everyone if is_worker(each) == workers]
    if not targets:
        return False
    try:
        rng.choice(targets).kill()
    except psutil.Error:
        return False
    return True


def _is_ours(process: psutil.Process) -> bool:
    try:
        return any("warm.py" in word for word in process.cmdline())
    except psutil.Error:
        return False


@pytest.mark.parametrize("seed", range(14))
def test_a_child_or_worker_is_killed(calm, seed, tmp_path):
    if calm.isolation == "none":
        pytest.skip("workers are told from children by their walls")
    rng = random.Random(seed)
    killed, done = [], threading.Event()

    def chaos():
        time.sleep(rng.uniform(0, 1.5))
        while not done.is_set() and len(killed) < 2:
            if kill_one(os.getpid(), rng, workers=seed % 2 == 0):
                killed.append(time.monotonic())
                time.sleep(rng.uniform(0.2, 2))
            else:
                time.sleep(0.02)

    thread = threading.Thread(target=chaos)
    thread.start()
    try:
        grade(CHAPTER, calm.submitted, tmp_path, 2, secret=SECRET, isolation=calm.isolation)
    finally:
        done.set()
        thread.join()
    assert killed
    assert marks(tmp_path, calm.students) == calm.marks


@pytest.mark.parametrize("seed", range(6))
def test_the_grader_is_killed_and_goes_on(calm, seed, tmp_path):
    rng = random.Random(100 + seed)
    (tmp_path / SECRET_FILE).write_text(SECRET)
    command = [sys.executable, "-m", "grader", "grade", CHAPTER, "--submitted", str(calm.submitted),
               "--out", str(tmp_path), "--isolation", calm.isolation]  # fmt: skip
    first = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL)
    # At any moment of its life: while it imports, prepares, grades the first hand-in, or the last.
    n_done, patience = rng.randrange(-2, len(calm.students)), time.monotonic() + 120
    while time.monotonic() < patience and first.poll() is None:
        if len(list((tmp_path / "records").glob("*/*.json"))) > n_done:
            break
        time.sleep(0.02)
    time.sleep(rng.uniform(0, 0.5))
    children = below(psutil.Process(first.pid)) if first.poll() is None else []
    first.kill()
    first.wait()
    _, left = psutil.wait_procs(children, timeout=20)
    assert not left, "a killed grader leaves nothing running"
    begun = {path: path.stat().st_mtime_ns for path in (tmp_path / "records").glob("*/*.json")}

    again = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert again.returncode == 0, again.stderr
    assert {path: path.stat().st_mtime_ns for path in begun} == begun, "nothing is graded twice"
    assert marks(tmp_path, calm.students) == calm.marks
