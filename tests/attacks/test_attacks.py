"""A class in which nearly everyone attacks: no point is gained, nobody is harmed, nothing is left behind.

Every attack is a hand-in (`handins/`, `edits.py`). All are graded in one run, beside three honest ones, behind the
walls that a course has by default. An attack prints `BREACH:` when something worked that must not.
"""

from __future__ import annotations

import csv
import hashlib
import json
import os
import re
import socket
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import nbformat
import psutil
import pytest
from attack_files import names, notebook_of, read_attacks
from edits import CHAPTER, EDITS
from nbconvert.exporters import HTMLExporter
from nbgrader.server_extensions.formgrader import handlers

from grader.assemble import nbgrader_config
from grader.chapter import ROOT, filled
from grader.gradebook import open_gradebook, register
from grader.grading import grade
from grader.isolation import missing
from grader.limits import Limits
from recbook.question import Question
from recbook.questions import of_chapter

pytestmark = pytest.mark.skipif(bool(missing()), reason="student code cannot be locked in here: see `grader doctor`")

LIMITS = Limits(
    cell_seconds=2, cells_seconds=8, grace_seconds=1, total_seconds=30, cpu_seconds=6, restarts=6, memory=1800 << 20,
    question_memory=400 << 20, file_size=4 << 20, disk=16 << 20, files=100, processes=24, open_files=128,
    journal=8 << 20,
    questions={each.id: {"seconds": 1.5} for each in of_chapter(CHAPTER) if isinstance(each, Question)},
)  # fmt: skip
MARK = f"attacked-{os.getpid()}"
#: The same in every run: a forged number may be right by luck, though rarely, and a test should not depend on luck.
SECRET = f"canary-secret-{hashlib.sha256(b'recbook').hexdigest()}"
HONEST = ("honest perfect", "honest half", "honest mistaken")
EXERCISES = {each.id: each for each in of_chapter(CHAPTER)}
ATTACKS = names()
#: Attacks that hand in what the wheel has recorded. A quiz has one choice that is right for everybody, and a check says
#: at once which: looking it up earns what trying all of them earns.
LOOKED_UP = ("marks/forged_recorded_answers", "marks/forged_best_guess")
#: A script that is markup, not text.
SHOWN = re.compile(r"<[^>]*(?:alert\('XSS'\)|javascript:alert|http://x)|<script>\s*alert", re.IGNORECASE)
FOREIGN = re.compile(r"<(script|iframe|object|embed|svg|math|link|base|form|input|template)\b", re.IGNORECASE)
_FORMGRADER = {
    "assignment_id": CHAPTER, "notebook_id": CHAPTER, "submission_id": "1", "index": 0, "total": 1, "base_url": "",
    "student": "eve", "last_name": None, "first_name": None, "notebook_path": "x",
}  # fmt: skip


# --- The class --------------------------------------------------------------------------------------------------------


@dataclass
class Class:
    """The graded class, and what was seen around it."""

    attacks: dict
    out: Path
    alone: Path
    submitted: Path
    summary: object
    heard: list[str]
    changed: list[str]
    left: list[str]
    survivors: list[str]
    seconds: float

    def rows(self, out: Path | None = None) -> dict[str, dict[str, dict[str, str]]]:
        """student -> exercise's name -> row of grades.csv."""
        return _rows(out or self.out)

    def printed(self, student: str) -> str:
        """All that a hand-in showed, as text."""
        path = self.out / "autograded" / student / CHAPTER / f"{CHAPTER}.ipynb"
        return json.dumps([cell.get("outputs", []) for cell in nbformat.read(path, 4).cells]) if path.exists() else ""

    def events(self) -> dict[str, dict]:
        """student -> the line of the log about its grading."""
        lines = [json.loads(line) for line in (self.out / "log.jsonl").read_text("utf-8").splitlines()]
        return {line["student"]: line for line in lines if line["event"] == "graded"}


@cache
def _rows(out: Path) -> dict[str, dict[str, dict[str, str]]]:
    found = defaultdict(dict)
    with (out / "grades.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            found[row["student"]][row["exercise"].partition(".")[2]] = row
    return dict(found)


class Listeners:
    """Everything on this machine that a packet could reach. Nothing must."""

    def __init__(self, folder: Path):
        self.all = {}
        self._add("tcp", socket.AF_INET, socket.SOCK_STREAM, ("0.0.0.0", 0))
        self.port = self.all["tcp"].getsockname()[1]
        self._add("udp", socket.AF_INET, socket.SOCK_DGRAM, ("0.0.0.0", self.port))
        self._add("abstract", socket.AF_UNIX, socket.SOCK_STREAM, f"\0{MARK}")
        self._add("unix", socket.AF_UNIX, socket.SOCK_STREAM, str(folder / "socket"))
        (folder / "socket").chmod(0o777)

    def _add(self, name, family, kind, address):
        self.all[name] = socket.socket(family, kind)
        self.all[name].bind(address)
        self.all[name].setblocking(False)
        if kind == socket.SOCK_STREAM:
            self.all[name].listen()

    def heard(self) -> list[str]:
        """What came, and from whom."""
        came = []
        for name, each in self.all.items():
            try:
                came.append(f"{name}: {each.recvfrom(100) if name == 'udp' else each.accept()}")
            except BlockingIOError:
                continue
        return came

    def close(self):
        for each in self.all.values():
            each.close()


@pytest.fixture(scope="module")
def graded() -> Iterator[Class]:
    with tempfile.TemporaryDirectory(prefix="recbook-attacks-") as folder:
        yield _attacked(Path(folder))


def _attacked(folder: Path) -> Class:
    canary, submitted, out, alone = (folder / name for name in ("canary", "submitted", "out", "alone"))
    canary.mkdir()
    (canary / "secret.txt").write_text(SECRET)
    out.mkdir()
    for path in (folder, canary, canary / "secret.txt", out):  # it is not their rights that keep students out
        path.chmod(0o777)
    listeners = Listeners(canary)
    places = {
        "ROOT": str(ROOT), "OUT": str(out), "CANARY": str(canary),
        "TCP": str(listeners.port), "UDP": str(listeners.port), "ABSTRACT": MARK, "HOST": _own_address(), "MARK": MARK,
    }  # fmt: skip
    attacks = {attack.name: attack for attack in read_attacks(places)}
    release = register(CHAPTER, out)
    honest = {student: _honest(release, student) for student in HONEST}
    _hand_in(folder / "honest", honest)
    _hand_in(submitted, honest | {each.student: notebook_of(release, each.cells) for each in attacks.values()})
    for student, edit in EDITS.items():
        edit(submitted / student, release, submitted / HONEST[0] / CHAPTER / f"{CHAPTER}.ipynb")

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", f"{os.environ['PATH']}:/nowhere/{MARK}")  # every process of this run carries it
        patch.setenv("CANARY_ENV", SECRET)
        grade(CHAPTER, folder / "honest", alone, secret=SECRET, limits=LIMITS)
        before, began = _snapshot(canary, submitted), time.time()
        summary = grade(CHAPTER, submitted, out, jobs=2, secret=SECRET, limits=LIMITS)
    seconds = time.time() - began
    survivors, left, heard = _survivors(), _left_behind(began), listeners.heard()
    after = _snapshot(canary, submitted)
    changed = [path for path in before.keys() | after.keys() if before.get(path) != after.get(path)]
    listeners.close()
    return Class(attacks, out, alone, submitted, summary, heard, changed, left, survivors, seconds)


def _honest(release, student):
    mistakes = {"overlap_at_k": ("/ k", "/ (k + 1)")} if student == HONEST[2] else {}
    cells = []
    for number, cell in enumerate(release.cells):
        if cell.cell_type == "code" and cell.metadata.get("nbgrader", {}).get("solution"):
            name = cell.metadata.nbgrader.grade_id.removeprefix(f"{CHAPTER}-").removesuffix("-code")
            source = cell.source if student == HONEST[1] and number % 2 else filled(cell.source, CHAPTER)
            cells.append(source.replace(*mistakes.get(name, ("", ""))))
    return notebook_of(release, tuple(cells))


def _hand_in(submitted, notebooks):
    for student, notebook in notebooks.items():
        path = submitted / student / CHAPTER / f"{CHAPTER}.ipynb"
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(notebook))


def _own_address() -> str:
    try:
        return socket.gethostbyname(socket.gethostname())
    except OSError:
        return "127.0.0.1"


def _snapshot(*folders: Path) -> dict[str, tuple]:
    """What lies in the course, in the given folders and at the top of the libraries: content or size and times."""
    import numpy
    import torch

    found = {}
    for top in (*folders, *(ROOT / name for name in ("grader", "src", "solutions", "notebooks", "tests"))):
        for path in top.rglob("*"):
            if "__pycache__" not in path.parts:
                at = path.lstat()
                found[str(path)] = (at.st_mode, at.st_size, at.st_mtime_ns, at.st_uid)
                if path.is_file() and not path.is_symlink() and at.st_size < 1 << 20:
                    found[str(path)] += (hashlib.sha256(path.read_bytes()).hexdigest(),)
    for module in (numpy, torch, os, pytest):
        top = Path(module.__file__).parent
        found |= {str(path): (path.lstat().st_mtime_ns, path.lstat().st_size) for path in (top, *top.glob("*.py"))}
    return found


def _left_behind(since: float) -> list[str]:
    """Files that are new since then, in places that everyone shares, of the user or with the names of an attack."""
    marks = ("left-by-a-student", "pickled", "sitecustomize.py", "x.pth", MARK)
    found = []
    for top in ("/tmp", "/var/tmp", "/dev/shm", "/run", "/", "/etc", str(Path.home())):
        for path in Path(top).glob("*"):
            try:
                at = path.lstat()
            except OSError:
                continue
            if at.st_ctime >= since and (path.name in marks or at.st_uid == 65534):
                found.append(str(path))
    return found


def _survivors() -> list[str]:
    """Processes of this run that still run."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.pid != os.getpid() and f"/nowhere/{MARK}" in str(process.environ()) + str(process.cmdline()):
                found.append(f"{process.pid}: {process.cmdline()}")
        except psutil.Error:
            continue
    return found + [str(child) for child in psutil.Process().children(recursive=True)]


# --- What must hold ---------------------------------------------------------------------------------------------------


def test_there_are_many_attacks():
    assert len(ATTACKS) + len(EDITS) >= 40


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_earns_what_it_has_solved(graded, name):
    attack = graded.attacks[name]
    for exercise, row in graded.rows()[attack.student].items():
        question = EXERCISES[row["exercise"]]
        if isinstance(question, Question):
            solved = exercise in attack.solves or (name in LOOKED_UP and question.kind == "quiz")
            assert float(row["points"]) == (question.points if solved else 0), row
            assert (row["verdict"] == "right") == solved, row


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_breaks_nothing(graded, name):
    printed = graded.printed(graded.attacks[name].student)
    assert "BREACH:" not in printed, printed[printed.find("BREACH:") :][:500]
    if "attempt(" in "".join(graded.attacks[name].cells):
        assert "refused" in printed, "the attack did not take place"


@pytest.mark.parametrize("student", sorted(EDITS.keys() - {"edit-swapped_ids"}))
def test_an_edited_hand_in_earns_nothing(graded, student):
    for row in graded.rows()[student].values():
        assert row["points"] in ("", "0"), row
        assert row["verdict"] != "right", row


def test_marks_cannot_be_moved_to_other_cells(graded):
    rows = graded.rows()["edit-swapped_ids"]
    assert [name for name, row in rows.items() if row["points"] not in ("", "0")] == ["overlap_at_k"]


@pytest.mark.parametrize("student", HONEST)
def test_honest_marks_are_the_same_as_alone(graded, student):
    assert graded.rows()[student] == graded.rows(graded.alone)[student]
    right = [row["verdict"] == "right" for row in graded.rows()[student].values() if row["verdict"] != "manual"]
    share = sum(right) / len(right)
    assert share == 1 if student == HONEST[0] else 0.3 < share < 1


def test_nothing_outside_changes(graded):
    assert graded.changed == []
    assert graded.left == []


def test_no_packet_leaves(graded):
    assert graded.heard == []


def test_no_process_survives(graded):
    assert graded.survivors == []


def test_the_grader_holds(graded):
    """Nobody is missing, no fault is the grader's, and what cannot be read is said."""
    students = set(os.listdir(graded.submitted))
    assert set(graded.rows()) == students
    assert graded.summary.n_graded == len(students)
    for path in (graded.out / "records").glob("*/*.json"):
        assert not json.loads(path.read_text("utf-8"))["fault"], path


def test_the_gradebook_says_the_same(graded):
    with open_gradebook(graded.out) as book:
        for student, rows in graded.rows().items():
            for row in rows.values():
                exercise = EXERCISES[row["exercise"]]
                found = book.find_grade(exercise.grade_id, CHAPTER, CHAPTER, student)
                assert found.auto_score == (float(row["points"]) if row["points"] else None)
                assert (found.manual_score, found.max_score) == (None, exercise.points)


@pytest.mark.parametrize("name", ATTACKS)
def test_a_limit_that_was_hit_is_named(graded, name):
    attack = graded.attacks[name]
    if attack.limit:
        assert re.search(attack.limit, " ".join(graded.events()[attack.student]["notes"]))


def test_nothing_that_was_shown_becomes_markup_in_feedback(graded):
    for path in (graded.out / "feedback").glob("*/*.html"):
        _is_harmless(path.read_text("utf-8"), path)


def test_nothing_that_was_shown_becomes_markup_in_formgrader(graded):
    config = nbgrader_config(graded.out)
    config.HTMLExporter.template_name = "formgrade"
    config.HTMLExporter.extra_template_basedirs = [handlers.template_path]
    exporter = HTMLExporter(config=config)
    for path in (graded.out / "autograded").glob("*/*/*.ipynb"):
        notebook = nbformat.read(path, as_version=4)
        nbformat.validate(notebook)
        if not any(word in path.parts[-3] for word in ("markup", "script", "alert")):
            continue  # the others say nothing of the kind, some of them at length
        page, _ = exporter.from_notebook_node(notebook, resources=_FORMGRADER)
        assert not SHOWN.search(page), (path, SHOWN.search(page))


def _is_harmless(page: str, where) -> None:
    for tag in re.findall(r"<[a-zA-Z!/][^>]*>", page):
        assert not FOREIGN.match(tag), (where, tag)
        assert not re.search(r"(?i)\son\w+\s*=|javascript:|http://x", tag), (where, tag)
    assert SECRET not in page, where


def test_it_is_soon_over(graded):
    assert graded.seconds < 600
