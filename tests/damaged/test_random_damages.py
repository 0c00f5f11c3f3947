"""Damages made by hypothesis: solutions are found whatever happens to the other cells, and no file makes us crash."""

import copy
import json
import random

import pytest
from damages import CHAPTER, as_bytes, is_solution, mark_of, new_cell
from honest import released, solved
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from outcome import defined, of_cells

from grader.errors import HandinProblem
from grader.reading import Cell, read_notebook
from grader.repair import match
from recbook.question import Question
from recbook.questions import of_chapter

quick = settings(deadline=None, max_examples=40, suppress_health_check=list(HealthCheck), derandomize=True)
many = settings(quick, max_examples=150)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
#: What is done to the cells, one after the other: (what, where, seed).
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["delete", "repeat", "move", "retype", "junk", "mark", "shuffle", "edit", "insert", "unmark"]),
        st.floats(0, 1),
        st.integers(0, 2**32),
    ),
    max_size=60,
)


@pytest.fixture(scope="module")
def release():
    return released(CHAPTER)


@pytest.fixture(scope="module")
def plain(release):
    return solved(release, CHAPTER)


@pytest.fixture(scope="module")
def honest(plain, release):
    return defined(match(read_notebook(json.dumps(plain).encode())[0], release).run, CHAPTER)


def do(cells: list, step: tuple, marks: list, junk) -> None:
    """Do one step to the cells; solutions may be moved, re-marked and repeated, not deleted or changed."""
    what, where, seed = step
    if not cells:
        return
    rng = random.Random(seed)
    index = min(int(where * len(cells)), len(cells) - 1)
    cell = cells[index]
    if what == "shuffle":
        rng.shuffle(cells)
    elif what == "move":
        cells.insert(rng.randrange(len(cells)), cells.pop(index))
    elif what == "repeat":
        cells.insert(rng.randrange(len(cells)), copy.deepcopy(cell))
    elif what == "mark":
        cell["metadata"] = {"nbgrader": rng.choice(marks)}
    elif what == "unmark":
        cell["metadata"] = {}
    elif what == "insert":
        cells.insert(index, new_cell(rng.choice(["code", "markdown", "raw"]), rng.choice(["", "x = 1", "def f(", "?"])))
    elif what == "junk":
        cell["metadata"] = junk
    elif not cell.get("solution"):
        if what == "delete":
            del cells[index]
        elif what == "retype":
            cell["cell_type"] = rng.choice(["code", "markdown", "raw", "nothing"])
        elif what == "edit":
            lines = cell["source"].splitlines() or [""]
            lines[rng.randrange(len(lines))] = rng.choice(["", "x", "1 / 0", "import torch", '"""'])
            cell["source"] = "\n".join(lines)


@quick
@given(steps=STEPS, junk=JSON)
def test_solutions_survive_what_happens_to_everything_else(plain, release, honest, steps, junk):
    notebook = copy.deepcopy(plain)
    marks = [mark_of(cell) for cell in notebook["cells"] if mark_of(cell)]
    for cell in filter(is_solution, notebook["cells"]):
        cell["solution"] = True
    for step in steps:
        do(notebook["cells"], step, marks, junk)
    found = of_cells(*read_notebook(as_bytes(notebook)), release, CHAPTER)
    assert found.definitions == honest, steps
    questions = {each.grade_id for each in of_chapter(CHAPTER) if isinstance(each, Question)}
    assert questions <= found.ids
    assert {f"{id}-code" for id in questions} <= found.ids
    assert found.n_marked == len(found.ids)


@quick
@given(share=st.floats(0, 1), behind=st.sampled_from([b"", b"\0\0\0", b'"', b"}]", b"<html>", b"\xff"]))
@example(share=0.5, behind=b"")
def test_what_stands_before_a_cut_is_kept(plain, release, share, behind):
    notebook = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": plain["cells"]}  # as Colab orders it
    content = json.dumps(notebook, indent=1).encode()
    cut = int(share * len(content))
    whole = [cell for cell in plain["cells"] if is_solution(cell) and end_of(cell, content) <= cut]
    try:
        cells, notes = read_notebook(content[:cut] + behind)
    except HandinProblem:
        assert not whole
        return
    ids = {cell.grade_id for cell in cells}
    assert {mark_of(cell)["grade_id"] for cell in whole} <= ids
    assert notes
    match(cells, release, notes)


def end_of(cell: dict, content: bytes) -> int:
    mark = f'"grade_id": "{mark_of(cell)["grade_id"]}"'.encode()
    source = json.dumps(cell["source"]).encode()
    start = content.index(mark)
    after = content.find(b"\n  }", max(start, content.index(source)))
    return after + 5


@settings(quick, max_examples=60)
@given(seed=st.integers(0, 2**32), n=st.integers(1, 30))
def test_torn_files_never_crash(plain, release, seed, n):
    rng = random.Random(seed)
    content = bytearray(json.dumps(plain).encode())
    for _ in range(n):
        at = rng.randrange(len(content))
        content[at : at + rng.choice([0, 1, 1, 400])] = rng.choice([b"", b"\0", b"\xff", b'"', b"{", b"]", b"\\"])
    read_and_match(bytes(content), release)


@many
@given(st.binary(max_size=200))
@example(b"PK\x03\x04")
@example(b"\xff\xfe")
@example(b"\0{")
@example(b"{\0")
def test_bytes_never_crash(release, content):
    read_and_match(content, release)


@many
@given(JSON | st.lists(st.fixed_dictionaries({"cell_type": JSON, "source": JSON, "metadata": JSON}), max_size=4))
def test_json_never_crashes(release, content):
    read_and_match(json.dumps({"nbformat": 4, "cells": content}).encode(), release)


ODD_SOURCES = [
    "def fit(",
    "class AE: pass",
    "%%x",
    "```\ndef fit(): 0\n```",
    "\\\n",
    "(" * 300,
    "check('autoencoder.fit')",
]
ODD_MARKS = ["", "autoencoder-fit", "autoencoder-fit-code", "autoencoder-interesting_neuron", "x-y"]
ODD_CELLS = st.builds(
    Cell,
    st.sampled_from(["code", "markdown", "raw", "x"]),
    st.text(max_size=30) | st.sampled_from(ODD_SOURCES),
    st.sampled_from(ODD_MARKS),
)


@many
@given(st.lists(ODD_CELLS, max_size=6))
def test_cells_never_crash(release, cells):
    match(cells, release)


def read_and_match(content: bytes, release) -> None:
    try:
        cells, notes = read_notebook(content)
    except HandinProblem as problem:
        cells, notes = [], [str(problem)]
    match(cells, release, notes)
