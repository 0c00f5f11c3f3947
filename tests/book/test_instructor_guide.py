"""The instructor guide's round is run as printed, on a class of three; and what it prints is what came out.

Every ```bash block of the page is run, in order, in a copy of the repository, but for those after a comment
`<!-- not run: why -->`: they install something, or need a browser, a server or more than one machine. Those are tested
elsewhere: tests/faults/test_cluster.py (Dask), tests/grading/test_postgres.py, tests/grading/test_formgrader.py,
tests/grading/test_stock.py. A ```text block right after one that is run shows lines of its output.
"""

from __future__ import annotations

import csv
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path

import pytest

from grader.chapter import ROOT
from grader.isolation import missing
from grader.limits import Limits, read_limits
from grader.simulate import simulate

PAGE = (ROOT / "book" / "instructor_guide.md").read_text("utf-8")
BENCHMARK = ROOT / "benchmarks" / "grading.txt"
CHAPTER = "autoencoder"
#: As Moodle names them; the one who is late; the one who handed in twice.
STUDENTS = ("Ada Lovelace_101", "Ben Okafor_102", "Chidi Núñez_103")
LATE, TWICE = STUDENTS[1], STUDENTS[0]
_FENCE = re.compile(r"(?:^<!-- (?P<note>[^\n]*) -->\n)?^```(?P<kind>\w+)\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE)


@dataclass
class Block:
    """A fenced block, the comment above it, and the ```text block right below it."""

    kind: str
    text: str
    note: str
    shown: str = ""


def blocks(page: str) -> Iterator[Block]:
    found = list(_FENCE.finditer(page))
    for match, after in zip(found, [*found[1:], None], strict=True):
        block = Block(match["kind"], match["text"], match["note"] or "")
        if after and after["kind"] == "text" and not page[match.end() : after.start()].strip():
            block.shown = after["text"]
        yield block


BASH = [block for block in blocks(PAGE) if block.kind == "bash"]
RUN = [block for block in BASH if not block.note.startswith("not run: ")]


def test_every_command_of_the_round_is_run():
    run = "\n".join(block.text for block in RUN)
    commands = ("doctor", "assemble", "collect", "grade", "feedback", "export", "report")
    assert all(f"python -m grader {command}" in run for command in commands)
    assert all(block.note.startswith("not run: ") for block in BASH if block not in RUN)


def test_the_file_of_limits_is_one(tmp_path):
    block = next(block for block in blocks(PAGE) if block.note == "limits.toml")
    path = tmp_path / "limits.toml"
    path.write_text(block.text, "utf-8")
    assert read_limits(path, CHAPTER).memory == 6_000_000_000
    assert read_limits(path, "softmax").memory == 8_000_000_000
    assert read_limits(path, CHAPTER).questions["autoencoder.train"]["seconds"] == 20
    assert all(f"{field.name} =" in block.text or f"`{field.name}`" in PAGE
               for field in fields(Limits) if field.name != "questions")  # fmt: skip


@pytest.mark.skipif(not BENCHMARK.exists(), reason="no benchmarks/grading.txt: python benchmarks/grading.py --write")
def test_the_readme_quotes_the_benchmark():
    text = (ROOT / "README.md").read_text("utf-8")
    quoted = text.partition("<!-- benchmark -->\n```text\n")[2].partition("```\n<!-- /benchmark -->")[0]
    assert quoted == BENCHMARK.read_text("utf-8"), "bring it up to date: python benchmarks/grading.py --quote"


# --- The round -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def course(tmp_path_factory) -> Path:
    """A copy of the repository with a download of Moodle in it."""
    folder = tmp_path_factory.mktemp("guide") / "recbook"
    left_out = shutil.ignore_patterns(".*", "build", "_build", "dist", "tests", "*.egg-info", "__pycache__")
    shutil.copytree(ROOT, folder, ignore=left_out)
    made = simulate(CHAPTER, 3, 0, folder.parent / "made", hostile=False, broken=False, given_cells=False)
    done = sorted(made, key=lambda each: ("perfect", "half done", "untouched").index(each.kind))
    with zipfile.ZipFile(folder / "download.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for student, work in zip(STUDENTS, done, strict=True):
            day, hour = (21, 8) if student == LATE else (20, 18)
            put(archive, student, f"{CHAPTER}.ipynb", work.path, (2026, 11, day, hour, 30, 0))
        put(archive, TWICE, "first try autoencoder.ipynb", done[-1].path, (2026, 11, 19, 9, 0, 0))
    return folder


def put(archive: zipfile.ZipFile, student: str, name: str, path: Path, time: tuple) -> None:
    info = zipfile.ZipInfo(f"{student}_assignsubmission_file_/{name}", time)
    archive.writestr(info, path.read_bytes(), zipfile.ZIP_DEFLATED)


def run(block: Block, folder: Path) -> str:
    """What a block prints, run as a person would in the root of the repository with `.venv` active."""
    environment = os.environ | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}", "COLUMNS": "120",
        "PYTHONPATH": f"{folder}{os.pathsep}{folder / 'src'}", "PYTHONIOENCODING": "utf-8",
    }  # fmt: skip
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", block.text], cwd=folder, env=environment, text=True, encoding="utf-8",
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, f"{block.text}\n{done.stdout}"
    return done.stdout


def plain(line: str) -> str:
    """A line without frames, and with a number of seconds that is the same in every run."""
    return " ".join(re.sub(r"\b\d+ s\b", "N s", line).strip(" │").split())


@pytest.mark.slow
@pytest.mark.skipif(bool(missing()), reason="student code cannot be locked in on this machine")
def test_the_round_as_printed(course):
    for block in RUN:
        said = [plain(line) for line in run(block, course).splitlines()]
        for line in map(plain, block.shown.splitlines()):
            assert line in said, f"{block.text}\nshould print: {line}\nand printed:\n" + "\n".join(said)
            del said[: said.index(line) + 1]  # in this order

    built, results = course / "build" / "course", course / "results"
    assert (built / "gradebook.db").is_file()
    for kind in ("source", "release"):
        assert (built / kind / CHAPTER / f"{CHAPTER}.ipynb").is_file()
    assert len(list((built / "release").glob("recbook-*.whl"))) == 1
    assert [path.name for path in (course / "submitted" / ".earlier").iterdir()] == [TWICE]
    for student in STUDENTS:
        assert (course / "submitted" / student / CHAPTER / f"{CHAPTER}.ipynb").is_file()
        for path in (f"feedback/{student}/{CHAPTER}.html", f"records/{student}/{CHAPTER}.json",
                     f"autograded/{student}/{CHAPTER}/{CHAPTER}.ipynb"):  # fmt: skip
            assert (results / path).is_file()
    table = PAGE.partition("`results` is a folder")[2].partition("\n\nThe ")[0]
    promised = re.findall(r"^\| `([\w.-]+)` \|", table, re.MULTILINE)
    assert {"grades.csv", "gradebook.db", "log.jsonl", "secret-seed.txt"} <= set(promised)
    for name in [*promised, f"report/{CHAPTER}.html", f"source/{CHAPTER}/{CHAPTER}.ipynb",
                 *re.findall(r"^results/(export-\w+\.csv)", PAGE, re.MULTILINE)]:  # fmt: skip
        assert (results / name).is_file(), name
    assert with_full_marks(results) == {"Ada Lovelace_101"}


def with_full_marks(results: Path) -> set[str]:
    """The students who have all points in everything that no person has to read."""
    with (results / "grades.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["verdict"] != "manual"]
    return set(STUDENTS) - {row["student"] for row in rows if row["points"] != row["max_points"]}
