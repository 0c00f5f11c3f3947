"""One question asked of a Python file, apart."""

import sys

import pytest

from grader.asking import ask_file
from grader.errors import FileProblem
from recbook.errors import UnknownExercise

GOOD = "def overlap_at_k(first, second, k):\n    return len(set(first[:k]) & set(second[:k])) / k\n"
ID = "autoencoder.overlap_at_k"


def write(tmp_path, content):
    path = tmp_path / "mine.py"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize(
    ("source", "verdict", "hint"),
    [
        (GOOD, "right", ""),
        ("\ufeff" + GOOD + "\nif __name__ == '__main__':\n    1 / 0\n", "right", ""),
        ("def overlap_at_k(:", "error", "SyntaxError: invalid syntax (line 1: def overlap_at_k(:)"),
        ("1 / 0\n" + GOOD, "error", "ZeroDivisionError"),
        ("x = 1", "error", "mine.py does not define `overlap_at_k`."),
        (GOOD.replace("return", "raise SystemExit; return"), "error", "exit()"),
    ],
)
def test_the_verdict_says_what_is_the_matter(tmp_path, source, verdict, hint):
    asked = ask_file(ID, write(tmp_path, source))
    found = asked.verdict
    assert bool(asked.syntax_error) == ("SyntaxError" in hint)
    assert found.verdict == verdict
    assert hint in found.hint
    assert found.points == (found.max_points if verdict == "right" else 0)


def test_memorised_public_answers_earn_nothing(tmp_path):
    source = """
from recbook.asking import ask, draw_cases
from recbook.questions import find
from recbook.recorded import load_recorded

QUESTION = find("autoencoder.overlap_at_k")
RIGHT = load_recorded(QUESTION).reference

def overlap_at_k(first, second, k):
    for case, answer in zip(draw_cases(QUESTION), RIGHT.cases):
        if any(value is first or value == first for value in case.values()):
            return next(iter(answer.parts.values()))
    return 0.123456
"""
    assert ask_file(ID, write(tmp_path, source)).verdict.points == 0


def test_the_file_runs_in_another_process(tmp_path):
    source = GOOD + "\nimport sys\nsys.modules['left_by_the_file'] = sys\n"
    assert ask_file(ID, write(tmp_path, source)).verdict.verdict == "right"
    assert "left_by_the_file" not in sys.modules


@pytest.mark.parametrize("content", [None, b"\xff\xfe\x00"])
def test_what_cannot_be_read_is_an_error(tmp_path, content):
    path = write(tmp_path, content) if content else tmp_path / "missing.py"
    with pytest.raises(FileProblem):
        ask_file(ID, path)


def test_a_notebook_is_refused_with_what_to_do(tmp_path):
    path = tmp_path / "mine.ipynb"
    path.write_text('{"cells": [null]}')
    with pytest.raises(FileProblem, match=r"mine\.ipynb is a notebook.*`overlap_at_k`"):
        ask_file(ID, path)


def test_unknown_exercises_and_essays_cannot_be_asked(tmp_path):
    with pytest.raises(UnknownExercise):
        ask_file("autoencoder.no_such", write(tmp_path, GOOD))
    with pytest.raises(FileProblem, match="essay"):
        ask_file("autoencoder.interesting_neuron", write(tmp_path, GOOD))
