"""A full disk, a gradebook that somebody else holds, a question that is corrected: nothing is lost, and it goes on."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
import threading
from dataclasses import replace

import pytest
from calm_class import CHAPTER, SECRET, marks

import grader.grading
import grader.judging
from grader import keeping
from grader.chapter import ROOT
from grader.errors import GraderError
from grader.grading import grade
from grader.references import SECRET_FILE, references
from recbook.question import Question
from recbook.questions import of_chapter

pytestmark = pytest.mark.faults


def can_mount() -> bool:
    return subprocess.run(["unshare", "--mount", "true"], capture_output=True).returncode == 0


@pytest.mark.skipif(not shutil.which("unshare") or not can_mount(), reason="a small disk needs mount namespaces")
def test_a_full_disk_loses_nothing(calm, tmp_path):
    """The results go to a disk with room for some hand-ins; then it is made larger."""
    out, log = tmp_path / "out", tmp_path / "log"
    out.mkdir()
    needed = sum(path.stat().st_blocks * 512 for path in calm.out.rglob("*"))
    command = f"{sys.executable} -m grader grade {CHAPTER} --submitted {calm.submitted} --out {out} " \
              f"--isolation {calm.isolation}"  # fmt: skip
    script = f"""
        mount -t tmpfs -o size={int(needed * 0.8)} tmpfs {out} && echo '{SECRET}' > {out}/{SECRET_FILE}
        {command} 2> {log}; echo "first $?"
        mount -o remount,size=1g {out}
        {command} 2>> {log}; echo "second $?"
        cp -a {out} {tmp_path}/kept
    """
    done = subprocess.run(["unshare", "--mount", "sh", "-c", script], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.split() == ["first", "2", "second", "0"], (done.stdout, done.stderr, log.read_text())
    assert "Nothing is lost" in log.read_text() or "full" in log.read_text()
    assert "Traceback" not in log.read_text()
    assert marks(tmp_path / "kept", calm.students) == calm.marks


def test_a_gradebook_that_is_held_by_somebody_is_waited_for(calm, tmp_path):
    grade(CHAPTER, calm.submitted, tmp_path, 2, secret=SECRET, isolation=calm.isolation)
    holder = sqlite3.connect(tmp_path / "gradebook.db", check_same_thread=False, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    timer = threading.Timer(8, lambda: (holder.execute("ROLLBACK"), holder.close()))
    timer.start()
    try:
        grade(CHAPTER, calm.submitted, tmp_path, 2, isolation=calm.isolation, again=True)
    finally:
        timer.join()
    assert marks(tmp_path, calm.students) == calm.marks


def test_a_fault_while_writing_is_made_good_by_the_next_run(calm, tmp_path, monkeypatch):
    calls = []

    def fails_once(path, record):
        calls.append(path)
        if len(calls) == 3:
            raise OSError(28, "No space left on device", str(path))
        return write(path, record)

    write = keeping.write_record
    monkeypatch.setattr(keeping, "write_record", fails_once)
    with pytest.raises(GraderError, match="Nothing is lost"):
        grade(CHAPTER, calm.submitted, tmp_path, secret=SECRET, isolation=calm.isolation)
    summary = grade(CHAPTER, calm.submitted, tmp_path, isolation=calm.isolation)
    assert summary.n_graded == len(calm.students) - 2
    assert marks(tmp_path, calm.students) == calm.marks


def test_only_what_a_corrected_question_asks_is_asked_again(calm, tmp_path, monkeypatch):
    grade(CHAPTER, calm.submitted, tmp_path, secret=SECRET, isolation=calm.isolation)
    exercises = of_chapter(CHAPTER)
    changed = next(each for each in exercises if isinstance(each, Question))

    def corrected(questions, secret):
        known = references(questions, secret)
        return known | {changed.id: replace(known[changed.id], mistakes=known[changed.id].mistakes[1:])}

    asked = []

    def watch(self, code, asks, limits):
        asked.append([id for id, _ in asks])
        return submit(self, code, asks, limits)

    submit = grader.grading.LocalPool.submit
    monkeypatch.setattr(grader.grading.LocalPool, "submit", watch)
    monkeypatch.setattr(grader.judging, "references", corrected)
    grade(CHAPTER, calm.submitted, tmp_path, isolation=calm.isolation)
    assert asked
    assert all(ids == [changed.id] for ids in asked)
    assert marks(tmp_path, calm.students)["table"].keys() == calm.marks["table"].keys()

    asked.clear()
    summary = grade(CHAPTER, calm.submitted, tmp_path, isolation=calm.isolation)
    assert asked == []
    assert summary.n_graded == 0
