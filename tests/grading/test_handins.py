"""Hand-ins in every state are found, read and matched, or refused with a reason."""

import copy
import json
import os

import nbformat
import pytest
from handin_files import CHAPTER, hand_in

from grader.errors import HandinProblem, NoHandins
from grader.files import printable
from grader.handins import Cell, defining_cells, find_handins, is_answered, match, read_cells, read_handin
from grader.reading import read_notebook


def as_bytes(notebook) -> bytes:
    return json.dumps(notebook).encode()


def cells_of(notebook) -> list[Cell]:
    return read_cells(as_bytes(notebook))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b" \n", "empty"),
        (b"hello", "not JSON"),
        (b'{"cells": [', "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"\xff\xfe\x00", "not JSON"),
        (b"\0" * 5_000, "empty"),
        (b"<!DOCTYPE html>", "a web page"),
        (b"%PDF-1.7", "a PDF"),
        (b"\x1f\x8b\x08", "compressed"),
        (b"[1, 2]", "not a notebook"),
        (b"{}", "no cells"),
        (b'{"nbformat": 4}', "no cells"),
        (b'{"nbformat": 4, "cells": {}}', "no cells"),
        (b'{"nbformat": 3, "worksheets": 5}', "no cells"),
        (b'{"nbformat": 4, "cells": [' + b"1," * 6_000 + b"1]}", "6,001 cells"),
    ],
)
def test_what_is_no_notebook_is_refused_with_a_reason(content, reason):
    with pytest.raises(HandinProblem, match=reason):
        read_notebook(content)


def test_odd_cells_are_read_as_far_as_they_go():
    odd = [
        5,
        {"cell_type": "code", "source": ["a = 1\r\n", 7, "b = 2"], "metadata": None},
        {"cell_type": "code", "source": 3, "metadata": {"nbgrader": []}},
        {"cell_type": "markdown", "source": "\ud800", "metadata": {"nbgrader": {"grade_id": 4}}},
    ]
    cells, _ = read_notebook(json.dumps({"nbformat": 4, "cells": odd}).encode())
    assert [cell.source for cell in cells] == ["", "a = 1\nb = 2", "", "?"]
    assert all(cell.grade_id == "" for cell in cells)


def test_a_byte_order_mark_and_format_3_are_read(reference_handin):
    assert read_notebook(b"\xef\xbb\xbf" + as_bytes(reference_handin))[1] == []
    old = nbformat.v3.new_notebook(worksheets=[nbformat.v3.new_worksheet(cells=[nbformat.v3.new_code_cell("x = 1")])])
    assert [cell.source for cell in read_notebook(nbformat.v3.writes_json(old).encode())[0]] == ["x = 1"]


def test_an_untouched_release_matches_itself(release):
    matched = match(cells_of(release), release)
    assert matched.notes == ()
    marked = {cell.metadata.nbgrader.grade_id for cell in release.cells if "nbgrader" in cell.metadata}
    assert set(matched.grade_ids.values()) == marked


def test_test_cells_are_not_run_and_all_other_code_is(release):
    matched = match(cells_of(release), release)
    run = dict(matched.run)
    for index, cell in enumerate(release.cells):
        is_test = cell.cell_type == "code" and cell.metadata.get("nbgrader", {}).get("grade")
        assert (index in run) == (cell.cell_type == "code" and not is_test)


def test_lost_metadata_costs_nothing(reference_handin, release):
    bare = copy.deepcopy(reference_handin)
    for cell in bare.cells:
        cell.metadata = nbformat.from_dict({"tags": ["skip-execution"]})
    with_metadata, without = match(cells_of(reference_handin), release), match(cells_of(bare), release)
    assert without.run == with_metadata.run
    assert without.essays == with_metadata.essays
    assert without.notes != ()


def test_a_solution_with_the_mark_of_a_test_cell_is_still_run(reference_handin, release):
    mixed = copy.deepcopy(reference_handin)
    code, test = f"{CHAPTER}-forward-code", f"{CHAPTER}-forward"
    by_id = {cell.metadata.nbgrader.grade_id: cell for cell in mixed.cells if "nbgrader" in cell.metadata}
    by_id[code].metadata.nbgrader.grade_id = test
    matched = match(cells_of(mixed), release)
    assert defining_cells(matched, "forward")


def test_duplicated_and_edited_test_cells_are_not_run(reference_handin, release):
    twice = copy.deepcopy(reference_handin)
    tests = [cell for cell in twice.cells if cell.metadata.get("nbgrader", {}).get("locked")]
    tests[0].source = "print('4.0')"
    tests_at = [i for i, cell in enumerate(twice.cells) if cell is tests[0]]
    twice.cells.append(copy.deepcopy(tests[1]))
    matched = match(cells_of(twice), release)
    assert len(matched.run) == len(match(cells_of(reference_handin), release).run)
    assert matched.cells[tests_at[0]].source == 'check("autoencoder.centre")', "restored for the person who marks"
    assert len(matched.notes) == 2


def test_an_essay_counts_as_answered_when_it_says_something(release, make_handin):
    id = f"{CHAPTER}-interesting_neuron"
    released = {cell.metadata.nbgrader.grade_id: cell for cell in release.cells if "nbgrader" in cell.metadata}[id]
    empty = match(cells_of(release), release).essays[id]
    written = match(cells_of(make_handin(lambda n, stub, s: stub, essay="Neuron 3.")), release).essays[id]
    assert not is_answered(empty, released)
    assert not is_answered(None, released)
    assert is_answered(written, released)


def test_students_are_folders_whatever_their_names(tmp_path):
    names = ["anna", "Émile Ümlaut", "=1+1", "a;b,c", "-rf", "..."[:2] + "x"]
    for name in names:
        hand_in(tmp_path, name, b"{}")
    raw = os.fsencode(tmp_path) + b"/\xff\xfe"
    os.makedirs(raw + f"/{CHAPTER}".encode())
    (tmp_path / ".git").mkdir()
    (tmp_path / "__MACOSX").mkdir()
    (tmp_path / "list.txt").write_text("no folder")
    found = [handin.student for handin in find_handins(tmp_path, CHAPTER)[0]]
    assert sorted(found) == sorted([*(name for name in names if not name.startswith(".")), "\\xff\\xfe"])


def test_a_time_of_submission_is_read(tmp_path):
    path = hand_in(tmp_path, "anna", b"{}")
    (path.parent / "timestamp.txt").write_text("2026-02-03 10:11:12 UTC\n")
    assert find_handins(tmp_path, CHAPTER)[0][0].timestamp == "2026-02-03 10:11:12 UTC"


@pytest.mark.parametrize("state", ["absent", "file", "empty", "other chapter"])
def test_nothing_to_grade_is_an_error(tmp_path, state):
    folder = tmp_path / "submitted"
    if state == "file":
        folder.write_text("")
    elif state != "absent":
        folder.mkdir()
    if state == "other chapter":
        (folder / "anna" / "another").mkdir(parents=True)
    with pytest.raises(NoHandins, match="submitted"):
        find_handins(folder, CHAPTER)


def test_a_renamed_notebook_is_taken_and_noted(tmp_path, release):
    path = hand_in(tmp_path, "anna", release)
    path.rename(path.with_name("Copy of autoencoder.ipynb"))
    cells, notes = read_handin(path.parent, CHAPTER)
    assert len(cells) == len(release.cells)
    assert "Copy of autoencoder.ipynb" in notes[0]


def test_links_are_not_followed(tmp_path, release):
    path = hand_in(tmp_path, "anna", release)
    theirs = tmp_path / "ben" / CHAPTER
    theirs.mkdir(parents=True)
    (theirs / path.name).symlink_to(path)
    with pytest.raises(HandinProblem, match="not an ordinary file"):
        read_handin(theirs, CHAPTER)
    whole = tmp_path / "carl"
    whole.mkdir()
    (whole / CHAPTER).symlink_to(path.parent, target_is_directory=True)
    with pytest.raises(HandinProblem, match="not an ordinary file"):
        read_handin(whole / CHAPTER, CHAPTER)


def test_a_date_is_read_from_an_ordinary_file_only(tmp_path):
    for student, place in (("link", "/dev/zero"), ("folder", None)):
        (tmp_path / student / "ch").mkdir(parents=True)
        path = tmp_path / student / "ch" / "timestamp.txt"
        path.symlink_to(place) if place else path.mkdir()
    assert [handin.timestamp for handin in find_handins(tmp_path, "ch")[0]] == ["", ""]


def test_the_notebook_of_another_chapter_is_refused_by_name(tmp_path):
    path = hand_in(tmp_path, "anna", b'{"cells": [{"cell_type": "code", "source": "check(\'softmax.softmax_loss\')"}]}')
    with pytest.raises(HandinProblem, match="chapter 'softmax', not of 'autoencoder'"):
        read_handin(path.parent, CHAPTER)


def test_a_hand_in_without_a_notebook_says_what_is_there(tmp_path):
    path = hand_in(tmp_path, "anna", b"")
    path.rename(path.with_name("solution.py"))
    with pytest.raises(HandinProblem, match=r"It holds only solution\.py"):
        read_handin(path.parent, CHAPTER)


def test_a_broken_zip_file_is_refused_kindly(tmp_path):
    path = hand_in(tmp_path, "anna", b"PK\x03\x04 and nothing else")
    with pytest.raises(HandinProblem, match="cannot be opened"):
        read_handin(path.parent, CHAPTER)


def test_a_definition_waits_for_what_it_needs_and_for_nothing_else(release):
    cells = [
        Cell("code", "class AE(nn.Module):\n    pass"),
        Cell("code", "import math\ndef sizes(a=START):\n    return later()"),
        Cell("code", "from torch import nn"),
        Cell("code", "START = 1\ndef later(): pass"),
        Cell("code", "def sizes(): pass"),
    ]
    matched = match(cells, release)
    # The first `sizes` stands in front of another one, which is the one that counts: it need not wait.
    assert [index for index, _ in matched.run] == [1, 2, 0, 3, 4]


def test_what_is_put_back_is_what_the_code_mentions(release):
    matched = match([Cell("code", "def forward(model, x):\n    return torch.sigmoid(slope(x))")], release)
    *put_back, (_, own) = matched.run
    assert own == matched.cells[0].source
    text = "\n".join(source for _, source in put_back)
    assert "import torch" in text
    assert "def slope(weights):" in text
    assert "to_matrix" not in text


def test_attacks_on_the_reader_end_soon(release):
    hostile = [
        Cell("code", "\n" * 1_000_000), Cell("code", (" " * 1_000 + "\n") * 190), Cell("code", "(" * 100_000),
        Cell("markdown", "```\n" * 100_000 + "def fit(): pass"), Cell("code", "a, " * 60_000),
        Cell("code", "-" * 190_000),
    ]  # fmt: skip
    matched = match(hostile, release)
    assert len(defining_cells(matched, "fit")) == 0


def test_the_name_of_a_file_cannot_command_the_terminal(tmp_path):
    folder = tmp_path / "ann" / "autorec"
    folder.mkdir(parents=True)
    (folder / "\x1b[2J\x1b[1;1Hall graded\x07.txt").write_text("no notebook")
    with pytest.raises(HandinProblem) as refused:
        read_handin(folder, "autorec")
    assert r"\x1b[2J\x1b[1;1Hall graded\x07.txt" in str(refused.value)
    assert printable("Zoë \u200c李\n\ud800\x9b") == "Zoë \u200c李\n\\ud800\\x9b"
