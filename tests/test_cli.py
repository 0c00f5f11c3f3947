"""The command line, as a person meets it: what it prints and how it ends."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

import grader.mistakes
import recbook.questions
import solutions
from grader.cli import app, refuse_unless_graded, stopped
from grader.errors import AuthorError
from grader.implementations import module_of
from grader.isolation import missing
from recbook.errors import UnknownExercise

ROOT = Path(__file__).parents[1]


def run(*arguments, **environment):
    done = subprocess.run(
        [sys.executable, "-m", "grader", *map(str, arguments)],
        cwd=ROOT, capture_output=True, text=True, env={**os.environ, "COLUMNS": "200", **environment}, timeout=300,
    )  # fmt: skip
    assert "Traceback" not in done.stdout + done.stderr
    return done


def write(path, text):
    path.write_text(text)
    return path


def test_help_teaches():
    out = run("--help").stdout
    assert all(command in out for command in ("questions", "ask", "verify", "record", "assemble", "grade"))


def test_questions_as_json():
    rows = json.loads(run("questions", "--json").stdout)
    row = next(row for row in rows if row["id"] == "autoencoder.forward")
    assert (row["chapter"], row["kind"], row["signature"]) == ("autoencoder", "code", "forward(model, x)")
    assert len([row for row in rows if row["chapter"] == "autoencoder"]) >= 16


def test_ids_are_whole_in_a_pipe():
    out = run("questions", COLUMNS="80").stdout
    ids = [row["id"] for row in json.loads(run("questions", "--json").stdout)]
    assert max(map(len, ids)) > 50
    assert [id for id in ids if f" {id} " not in out] == []


def test_ask_of_right_and_wrong_code(tmp_path):
    right = "def overlap_at_k(first, second, k):\n    return len(set(first[:k]) & set(second[:k])) / k\n"
    done = run("ask", "autoencoder.overlap_at_k", write(tmp_path / "right.py", right), "--json")
    assert done.returncode == 0
    assert json.loads(done.stdout) == {
        "exercise": "autoencoder.overlap_at_k", "points": 1, "max_points": 1, "verdict": "right", "hint": "",
    }  # fmt: skip
    wrong = right.replace(" / k", "")
    done = run("ask", "autoencoder.overlap_at_k", write(tmp_path / "wrong.py", wrong), "--json")
    row = json.loads(done.stdout)
    assert (row["verdict"], row["points"]) == ("wrong", 0)
    assert row["hint"]


def test_ask_of_a_file_that_is_no_python(tmp_path):
    done = run("ask", "autoencoder.forward", write(tmp_path / "broken.py", "def forward(:"), "--json")
    assert done.returncode == 2
    assert json.loads(done.stdout)["verdict"] == "error"
    assert "is no Python" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["ask", "autoencoder.foward", "x.py"], "Did you mean 'autoencoder.forward'"),
        (["ask", "autoencoder.forward", "no_such.py"], "no file no_such.py"),
        (["ask", "autoencoder.interesting_neuron", "README.md"], "essay"),
        (["demo", "autoencodr", "--no-open"], "Did you mean 'autoencoder'"),
        (["report", "autoencodr", "--out", "no_such"], "Did you mean 'autoencoder'"),
        (["export", "autoencodr", "--out", "no_such"], "Did you mean 'autoencoder'"),
        (["feedback", "autoencodr", "--out", "no_such"], "Did you mean 'autoencoder'"),
        (["questions", "autoencoders"], "Did you mean 'autoencoder'"),
        (["verify", "nothing"], "nothing"),
        (["record", "nothing", "--check"], "nothing"),
        (["assemble", "nothing"], "nothing"),
        (["grade", "nothing", "--submitted", ".", "--out", "build/x"], "nothing"),
        (["grade", "autoencoder", "--submitted", "no_such", "--out", "build/x"], "no_such"),
        (["grade", "autoencoder", "--submitted", "tests", "--out", "README.md/x"], ""),
    ],
)
def test_bad_input_is_said_and_ends_with_2(arguments, says, monkeypatch, capfd):
    monkeypatch.chdir(ROOT)
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 2
    assert isinstance(result.exception, SystemExit)  # no other exception came through
    said = result.stderr + capfd.readouterr().err
    assert "error:" in said
    assert says in said


def test_results_of_a_chapter_that_is_gone_are_still_results(tmp_path):
    (tmp_path / "records" / "anna").mkdir(parents=True)
    with pytest.raises(UnknownExercise, match="gone"):
        refuse_unless_graded("gone", tmp_path)
    write(tmp_path / "records" / "anna" / "gone.json", "{}")
    refuse_unless_graded("gone", tmp_path)
    with pytest.raises(UnknownExercise):
        refuse_unless_graded("g*", tmp_path)


# --- Stopped ---------------------------------------------------------------------------------------------------------

#: nbgrader's settings for a folder in which somebody presses Ctrl-C while nbgrader makes the release.
STOP = """\
import os, signal
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell starts what runs in the background without it
c = get_config()
c.GenerateAssignment.pre_convert_hook = lambda **_: os.kill(os.getpid(), signal.SIGINT)
"""


def test_ctrl_c_is_no_error_of_nbgrader_and_costs_no_release(tmp_path):
    out, handin = tmp_path / "out", tmp_path / "submitted" / "anna" / "autoencoder"
    released = out / "release" / "autoencoder" / "autoencoder.ipynb"
    for folder in (handin, released.parent):
        folder.mkdir(parents=True)
    write(handin / "autoencoder.ipynb", "{")
    write(released, "from before")
    write(out / "nbgrader_config.py", STOP)
    isolation = "none" if missing() else "namespaces"
    done = run("grade", "autoencoder", "--submitted", handin.parents[1], "--out", out, "--isolation", isolation)
    assert done.returncode == 130
    assert "Stopped. What was graded is kept" in done.stderr
    assert "nbgrader" not in done.stderr
    assert released.read_text() == "from before"


def test_who_stops_is_told_how_much_is_graded(tmp_path):
    for student in ("anna", "ben"):
        (tmp_path / "records" / student).mkdir(parents=True)
        write(tmp_path / "records" / student / "autoencoder.json", "{}")
    assert "2 hand-ins of autoencoder" in stopped("autoencoder", tmp_path)
    assert "0 hand-ins of softmax" in stopped("softmax", tmp_path / "nowhere")


# --- What an author left undone --------------------------------------------------------------------------------------

QUESTION = """\
from recbook.parts import close
from recbook.question import question

@question("odd.one", title="One", objective="One.", points=1, needs=["one"], parts={"one": close()},
          cases=lambda rng: [{}], hints=["?", ".", "."])
def one(code, case):
    yield "one", code.one()
"""
MISTAKE = """\
from grader.implementations import mistake

@mistake("odd.won", hint="No.")
def zero():
    return 0
"""


@pytest.fixture
def rooms(tmp_path, monkeypatch):
    """rooms(package, text): write the module of a chapter called `odd` into one of its rooms."""
    packages = (recbook.questions, solutions, grader.mistakes)
    for package in packages:
        (tmp_path / package.__name__).mkdir()
        monkeypatch.setattr(package, "__path__", [*package.__path__, str(tmp_path / package.__name__)])
    _forget_odd(packages)
    yield lambda package, text: write(tmp_path / package.__name__ / "odd.py", text)
    _forget_odd(packages)


def _forget_odd(packages):
    recbook.questions.chapters.cache_clear()
    recbook.questions.of_chapter.cache_clear()
    for package in packages:
        sys.modules.pop(f"{package.__name__}.odd", None)


@pytest.mark.parametrize(
    ("package", "text", "says"),
    [
        (solutions, None, "solutions/odd.py is missing"),
        (grader.mistakes, None, "grader/mistakes/odd.py is missing"),
        (solutions, "def one(:", "solutions/odd.py, line 1: SyntaxError: invalid syntax: def one(:"),
        (solutions, "x = 1\nimport nmpy", "solutions/odd.py, line 2: ModuleNotFoundError: No module named 'nmpy'"),
        (solutions, "def f():\n    return g\nf()", "solutions/odd.py, line 2: NameError: name 'g' is not defined"),
        (grader.mistakes, MISTAKE, "grader/mistakes/odd.py, line 3: There is no exercise 'odd.won'. Did you mean"),
        (recbook.questions, "1 +", "src/recbook/questions/odd.py, line 1: SyntaxError: invalid syntax: 1 +"),
    ],
)
def test_a_room_that_cannot_be_imported_is_named_with_its_line(rooms, package, text, says):
    rooms(recbook.questions, QUESTION)
    if text:
        rooms(package, text)
    with pytest.raises(AuthorError) as caught:
        module_of(package.__name__, "odd")
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("question", "says"),
    [
        ("def one(:", "questions/odd.py, line 1: SyntaxError"),
        ("one = nowhere", "questions/odd.py, line 1: NameError"),
        (QUESTION, "solutions/odd.py is missing"),
    ],
)
def test_commands_name_it_too(rooms, question, says, capfd):
    rooms(recbook.questions, question)
    result = CliRunner().invoke(app, ["questions", "odd"])
    assert result.exit_code == 2
    assert isinstance(result.exception, SystemExit)
    assert says in result.stderr + capfd.readouterr().err


def test_a_fault_of_ours_still_shows_where_it_comes_from(rooms):
    rooms(recbook.questions, QUESTION)
    rooms(solutions, "two = 2")
    result = CliRunner().invoke(app, ["questions", "odd"])
    assert isinstance(result.exception, KeyError)


def test_data_that_point_nowhere_are_said(tmp_path):
    done = subprocess.run(
        [sys.executable, "benchmarks/autoencoder.py"],
        cwd=ROOT, capture_output=True, text=True, env={**os.environ, "RECBOOK_DATA": str(tmp_path / "nowhere")},
    )  # fmt: skip
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert str(tmp_path / "nowhere") in done.stderr
