"""The gradebook in a real PostgreSQL server: what nbgrader and we write there is what SQLite would hold."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from handin_files import CHAPTER
from sqlalchemy import create_engine, text
from typer.testing import CliRunner

from grader import gradebook
from grader.cli import app
from grader.errors import GradebookError
from grader.gradebook import Mark, database_url, name_of, open_gradebook, record, register, use_database
from grader.standings import standings
from recbook.questions import of_chapter

FIRST, SECOND = (exercise.grade_id for exercise in of_chapter(CHAPTER)[:2])


def find(program: str) -> str | None:
    """A server program: on the path, or where Debian hides it."""
    newest = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{program}"), key=lambda path: int(path.parts[-3]))
    return shutil.which(program) or (str(newest[-1]) if newest else None)


class Server:
    """A cluster of our own in a temporary folder, on a Unix socket; run by an ordinary user also where we are root."""

    def __init__(self, folder: Path, user: str):
        self.folder, self.user = folder, user

    def run(self, program: str, *arguments: str) -> None:
        command = [find(program), *arguments]
        if os.geteuid() == 0:
            command = ["runuser", "-u", self.user, "--", *command]
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stdout + done.stderr

    def start(self) -> None:
        options = f"-c listen_addresses='' -c unix_socket_directories={self.folder} -c fsync=off"
        self.run(
            "pg_ctl", "-D", str(self.folder / "data"), "-l", str(self.folder / "log"), "-o", options, "-w", "start"
        )

    def stop(self) -> None:
        self.run("pg_ctl", "-D", str(self.folder / "data"), "-m", "immediate", "-w", "stop")

    def url(self, database: str) -> str:
        return f"postgresql://{self.user}@/{database}?host={self.folder}"

    def create(self, database: str) -> str:
        self.run("createdb", "-h", str(self.folder), "-U", self.user, database)
        return self.url(database)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    if not (find("initdb") and find("pg_ctl")):
        pytest.skip("PostgreSQL is not installed: apt-get install postgresql")
    pytest.importorskip("psycopg")
    user = pwd.getpwuid(os.geteuid()).pw_name
    if os.geteuid() == 0:
        user = next(
            (name for name in ("postgres", "nobody") if name in {each.pw_name for each in pwd.getpwall()}), None
        )
        if user is None or not shutil.which("runuser"):
            pytest.skip("PostgreSQL does not run as root, and there is no other user to run it as")
    with tempfile.TemporaryDirectory(prefix="recbook-pg-", dir="/tmp") as name:  # a socket's path is short
        folder = Path(name)
        shutil.chown(folder, user)
        server = Server(folder, user)
        server.run("initdb", "-D", str(folder / "data"), "-A", "trust", "-U", user, "--encoding=UTF8", "--no-sync")
        server.start()
        try:
            yield server
        finally:
            server.stop()


@pytest.fixture(scope="module")
def course(server, tmp_path_factory) -> Path:
    """A folder of results whose gradebook is in PostgreSQL. Tests use students of their own."""
    out = tmp_path_factory.mktemp("out")
    use_database(out, server.create("class1"))
    register(CHAPTER, out)
    return out


def test_marks_are_written_there_and_nowhere_else(course):
    with open_gradebook(course) as book:
        assert book.engine.dialect.name == "postgresql"
        record(
            book,
            CHAPTER,
            "Anna Müller_17",
            [Mark(FIRST, 1.0, f"{FIRST}-code", "a \0 hint \ud800")],
            "2026-11-20 12:00:00",
        )
        book.db.query(gradebook.Grade).filter(gradebook.Grade.auto_score == 1.0).one().manual_score = 0.5
        book.db.commit()
        assert record(book, CHAPTER, "Anna Müller_17", [Mark(FIRST, 1.0), Mark(SECOND, None)]) == {FIRST: 0.5}
        standing = standings(book, CHAPTER)["Anna Müller_17"]
    assert (standing.points[FIRST], standing.points[SECOND]) == (0.5, None)
    assert not (course / "gradebook.db").exists()
    register(CHAPTER, course)  # as a second run does
    with open_gradebook(course) as book:
        assert standings(book, CHAPTER)["Anna Müller_17"] == standing


def test_nbgraders_own_commands_find_it(course):
    with open_gradebook(course) as book:
        record(book, CHAPTER, "Nora_5", [Mark(FIRST, 1.0)])
    done = subprocess.run(
        [sys.executable, "-m", "nbgrader", "export", "--to", "stock.csv"], cwd=course, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert "Nora_5" in (course / "stock.csv").read_text()


def test_export_takes_it(course):
    with open_gradebook(course) as book:
        record(book, CHAPTER, "Emil_9", [Mark(FIRST, 1.0), Mark(SECOND, 0.25)])
    result = CliRunner().invoke(app, ["export", "--out", str(course)])
    assert result.exit_code == 0, result.output
    row = next(line for line in (course / "export-csv.csv").read_text().splitlines() if line.startswith("Emil_9,"))
    assert row.startswith("Emil_9,Emil,9,,1,0.25,")


def test_marks_are_written_all_or_none(course):
    with open_gradebook(course) as book:
        with pytest.raises(GradebookError, match="no-such-cell"):
            record(book, CHAPTER, "Olga", [Mark(FIRST, 1.0), Mark("no-such-cell", 1.0)])
        assert "Olga" not in {student.id for student in book.students}


def test_a_lock_is_waited_for(course, monkeypatch, capfd):
    monkeypatch.setattr(gradebook, "TELL_AFTER", 1)
    with open_gradebook(course) as book:
        record(book, CHAPTER, "Lena", [Mark(FIRST, 0.0)])
    other = create_engine(database_url(course)).connect()
    other.execute(text("LOCK TABLE grade IN ACCESS EXCLUSIVE MODE"))
    timer = threading.Timer(2.5, other.close)
    timer.start()
    with open_gradebook(course) as book:
        record(book, CHAPTER, "Lena", [Mark(FIRST, 1.0)])
        assert standings(book, CHAPTER, "Lena")["Lena"].points[FIRST] == 1.0
    timer.join()
    assert "in use by another process" in capfd.readouterr().err


def test_a_lock_that_stays_is_an_error_and_nothing_is_half_written(course, monkeypatch):
    monkeypatch.setattr(gradebook, "TELL_AFTER", 1)
    monkeypatch.setattr(gradebook, "PATIENCE", 1.0)
    other = create_engine(database_url(course)).connect()
    with open_gradebook(course) as book:
        other.execute(text("LOCK TABLE grade IN ACCESS EXCLUSIVE MODE"))
        with pytest.raises(GradebookError, match="Another process held it"):
            record(book, CHAPTER, "Mia", [Mark(FIRST, 1.0)])
        other.close()
        assert "Mia" not in {student.id for student in book.students}
        record(book, CHAPTER, "Mia", [Mark(FIRST, 1.0)])


def test_a_server_that_is_started_again_is_found_again(course, server):
    with open_gradebook(course) as book:
        record(book, CHAPTER, "Ida", [Mark(FIRST, 0.0)])
        server.stop()
        threading.Timer(1.0, server.start).start()
        record(book, CHAPTER, "Ida", [Mark(FIRST, 1.0)])
        assert standings(book, CHAPTER, "Ida")["Ida"].points[FIRST] == 1.0
    time.sleep(0.5)


def test_a_server_that_is_not_there_is_said_without_the_password(tmp_path, server):
    out = tmp_path / "out"
    with pytest.raises(GradebookError) as caught:
        use_database(out, f"postgresql://teacher:geheim@/nothing?host={server.folder}/nowhere")
    assert "geheim" not in str(caught.value)
    assert "teacher" in str(caught.value)
    assert not out.exists()  # a slip in the address is not kept
    use_database(out, server.create("private").replace("@", ":geheim@"))
    assert (out / "nbgrader_config.py").stat().st_mode & 0o077 == 0
    assert "geheim" not in name_of(database_url(out))


def test_the_address_is_kept_and_never_changed_silently(tmp_path, course):
    with pytest.raises(GradebookError, match="already names another"):
        use_database(course, "postgresql://other@/class2")
    (tmp_path / "gradebook.db").touch()
    with pytest.raises(GradebookError, match="has marks already"):
        use_database(tmp_path, "postgresql://other@/class2")
    for wrong in ("", "nonsense", "nosuchdb://x/y"):
        with pytest.raises(GradebookError, match="no address"):
            use_database(tmp_path / "new", wrong)
