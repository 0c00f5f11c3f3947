"""The command line, as a person meets it: what it prints and how it ends."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from grader.cli import app

ROOT = Path(__file__).parents[1]


def grader(*arguments, **environment):
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
    out = grader("--help").stdout
    assert all(command in out for command in ("questions", "ask", "verify", "record", "assemble", "grade"))


def test_questions_as_json():
    rows = json.loads(grader("questions", "--json").stdout)
    row = next(row for row in rows if row["id"] == "autoencoder.forward")
    assert (row["chapter"], row["kind"], row["signature"]) == ("autoencoder", "code", "forward(model, x)")
    assert len([row for row in rows if row["chapter"] == "autoencoder"]) >= 16


def test_ask_of_right_and_wrong_code(tmp_path):
    right = "def overlap_at_k(first, second, k):\n    return len(set(first[:k]) & set(second[:k])) / k\n"
    done = grader("ask", "autoencoder.overlap_at_k", write(tmp_path / "right.py", right), "--json")
    assert done.returncode == 0
    assert json.loads(done.stdout) == {
        "exercise": "autoencoder.overlap_at_k", "points": 1, "max_points": 1, "verdict": "right", "hint": "",
    }  # fmt: skip
    wrong = right.replace(" / k", "")
    done = grader("ask", "autoencoder.overlap_at_k", write(tmp_path / "wrong.py", wrong), "--json")
    row = json.loads(done.stdout)
    assert (row["verdict"], row["points"]) == ("wrong", 0)
    assert row["hint"]


def test_ask_of_a_file_that_is_no_python(tmp_path):
    done = grader("ask", "autoencoder.forward", write(tmp_path / "broken.py", "def forward(:"), "--json")
    assert done.returncode == 2
    assert json.loads(done.stdout)["verdict"] == "error"
    assert "is no Python" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["ask", "autoencoder.foward", "x.py"], "Did you mean 'autoencoder.forward'"),
        (["ask", "autoencoder.forward", "no_such.py"], "no file no_such.py"),
        (["ask", "autoencoder.interesting_neuron", "README.md"], "essay"),
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


def test_data_that_point_nowhere_are_said(tmp_path):
    done = subprocess.run(
        [sys.executable, "benchmarks/autoencoder.py"],
        cwd=ROOT, capture_output=True, text=True, env={**os.environ, "RECBOOK_DATA": str(tmp_path / "nowhere")},
    )  # fmt: skip
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert str(tmp_path / "nowhere") in done.stderr
