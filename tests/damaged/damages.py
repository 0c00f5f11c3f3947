"""What happens to a notebook between the student and the grader: each damage leaves the solution cells there somewhere.

A damage takes a hand-in (a notebook as plain data) and returns the damaged notebook, or the file's bytes, or all files
of the folder (name -> bytes). `DAMAGES` holds them all by name.
"""

from __future__ import annotations

import copy
import io
import json
import random
import re
import zipfile
from collections.abc import Callable
from itertools import pairwise
from typing import Any

CHAPTER = "autoencoder"
FILE = f"{CHAPTER}.ipynb"
Notebook = dict[str, Any]
Cell = dict[str, Any]
Damage = Callable[[Notebook, Notebook], "Notebook | bytes | dict[str, bytes]"]

DAMAGES: dict[str, Damage] = {}
#: The damages that cost nothing and change nothing worth a word.
SILENT: set[str] = set()
#: The damages after which essays cannot be told apart, or are gone.
WITHOUT_ESSAYS: set[str] = set()


def damage(function: Callable[..., Any]) -> Callable[..., Any]:
    """Register a damage; it may change the copy of the hand-in it gets. The second argument is the release."""
    DAMAGES[function.__name__] = lambda handin, release: function(copy.deepcopy(handin), copy.deepcopy(release))
    return function


def silent(function: Callable[..., Any]) -> Callable[..., Any]:
    SILENT.add(function.__name__)
    return function


def without_essays(function: Callable[..., Any]) -> Callable[..., Any]:
    WITHOUT_ESSAYS.add(function.__name__)
    return function


def files_of(damaged: Notebook | bytes | dict[str, bytes]) -> dict[str, bytes]:
    """The files of the hand-in's folder."""
    if isinstance(damaged, dict) and all(isinstance(value, bytes) for value in damaged.values()):
        return damaged
    return {FILE: damaged if isinstance(damaged, bytes) else as_bytes(damaged)}


def as_bytes(notebook: Any) -> bytes:
    """A notebook as Jupyter writes it."""
    return (json.dumps(notebook, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode()


def mark_of(cell: Cell) -> dict[str, Any]:
    return cell["metadata"].get("nbgrader", {})


def is_solution(cell: Cell) -> bool:
    return cell["cell_type"] == "code" and bool(mark_of(cell).get("solution"))


def is_test(cell: Cell) -> bool:
    return bool(mark_of(cell).get("locked"))


def is_essay(cell: Cell) -> bool:
    return cell["cell_type"] == "markdown" and bool(mark_of(cell).get("solution"))


def is_given_code(cell: Cell) -> bool:
    return cell["cell_type"] == "code" and not mark_of(cell)


def is_setup(cell: Cell) -> bool:
    return is_given_code(cell) and "import torch" in cell["source"]


def new_cell(kind: str, source: str, **metadata: Any) -> Cell:
    extra = {"outputs": [], "execution_count": None} if kind == "code" else {}
    return {"cell_type": kind, "metadata": metadata, "source": source, **extra}


def retyped(cell: Cell, kind: str) -> Cell:
    return {"cell_type": kind, "metadata": cell["metadata"], "source": cell["source"]}


def stub_of(cell: Cell, release: Notebook) -> Cell:
    id = mark_of(cell)["grade_id"]
    return next(copy.deepcopy(each) for each in release["cells"] if mark_of(each).get("grade_id") == id)


# --- Marks and metadata --------------------------------------------------------------------------------------------


@damage
def marks_lost(handin, release):
    for cell in handin["cells"]:
        cell["metadata"].pop("nbgrader", None)
    return handin


@damage
def metadata_gone(handin, release):
    for cell in handin["cells"]:
        del cell["metadata"]
    del handin["metadata"]
    return handin


@damage
def metadata_is_junk(handin, release):
    junk = [None, 5, "nbgrader", [], {"nbgrader": 7}, {"nbgrader": {"grade_id": ["x"]}}, {"tags": 3}, {"tags": [{}]}]
    for number, cell in enumerate(handin["cells"]):
        cell["metadata"] = junk[number % len(junk)]
    return handin


@damage
def marks_of_another_chapter(handin, release):
    for cell in handin["cells"]:
        if mark_of(cell):
            mark_of(cell)["grade_id"] = "softmax-" + mark_of(cell)["grade_id"].partition("-")[2]
    return handin


@damage
def marks_swapped(handin, release):
    marked = [cell for cell in handin["cells"] if mark_of(cell)]
    marks = [cell["metadata"]["nbgrader"] for cell in marked]
    for cell, mark in zip(marked, marks[1:] + marks[:1], strict=True):
        cell["metadata"]["nbgrader"] = mark
    return handin


@damage
def every_cell_has_the_same_mark(handin, release):
    mark = next(mark_of(cell) for cell in handin["cells"] if is_solution(cell))
    for cell in handin["cells"]:
        cell["metadata"]["nbgrader"] = mark
    return handin


@silent
@damage
def points_and_locks_changed(handin, release):
    for cell in handin["cells"]:
        if mark_of(cell):
            mark_of(cell).update(points=100, locked=False, grade=False, checksum="0", schema_version=9)
            cell["metadata"]["deletable"] = True
    return handin


@damage
def execution_skipped(handin, release):
    for cell in handin["cells"]:
        cell["metadata"]["tags"] = ["skip-execution", "remove-cell"]
    return handin


# --- Test cells ----------------------------------------------------------------------------------------------------


@damage
def tests_deleted(handin, release):
    handin["cells"] = [cell for cell in handin["cells"] if not is_test(cell)]
    return handin


@damage
def tests_edited(handin, release):
    for cell in filter(is_test, handin["cells"]):
        cell["source"] = "print(4.0)  # all right"
    return handin


@damage
def tests_edited_without_marks(handin, release):
    for cell in filter(is_test, handin["cells"]):
        cell["source"] = f"# my test\n{cell['source']};"
        cell["metadata"] = {}
    return handin


@damage
def tests_twice(handin, release):
    handin["cells"] = [copy.deepcopy(c) for cell in handin["cells"] for c in [cell] * (1 + is_test(cell))]
    return handin


@damage
def tests_as_text(handin, release):
    handin["cells"] = [retyped(cell, "markdown") if is_test(cell) else cell for cell in handin["cells"]]
    return handin


@damage
def tests_in_front(handin, release):
    handin["cells"].sort(key=lambda cell: not is_test(cell))
    tests = list(filter(is_test, handin["cells"]))
    handin["cells"][: len(tests)] = reversed(tests)
    return handin


# --- Order and loss ------------------------------------------------------------------------------------------------


@without_essays
@damage
def reversed_order(handin, release):
    handin["cells"].reverse()
    return handin


@damage
def shuffled(handin, release):
    random.Random(1).shuffle(handin["cells"])
    return handin


@damage
def only_answers_left(handin, release):
    handin["cells"] = [cell for cell in handin["cells"] if is_solution(cell) or is_essay(cell)]
    return handin


@without_essays
@damage
def only_bare_solutions_left(handin, release):
    handin["cells"] = [new_cell("code", cell["source"]) for cell in handin["cells"] if is_solution(cell)]
    return handin


@damage
def setup_deleted(handin, release):
    handin["cells"] = [cell for cell in handin["cells"] if not is_setup(cell)]
    return handin


@damage
def setup_last(handin, release):
    handin["cells"].sort(key=is_setup)
    return handin


@damage
def setup_broken(handin, release):
    for cell in filter(is_setup, handin["cells"]):
        cell["source"] = "improt " + cell["source"]
    return handin


@damage
def setup_as_text(handin, release):
    handin["cells"] = [retyped(cell, "raw") if is_setup(cell) else cell for cell in handin["cells"]]
    return handin


@damage
def given_code_deleted(handin, release):
    handin["cells"] = [cell for cell in handin["cells"] if not is_given_code(cell)]
    return handin


@silent
@damage
def prose_deleted(handin, release):
    handin["cells"] = [cell for cell in handin["cells"] if cell["cell_type"] == "code" or is_essay(cell)]
    return handin


# --- Solutions elsewhere -------------------------------------------------------------------------------------------


@damage
def solutions_twice(handin, release):
    handin["cells"] = [copy.deepcopy(c) for cell in handin["cells"] for c in [cell] * (1 + is_solution(cell))]
    return handin


@damage
def stubs_again_below(handin, release):
    handin["cells"] += [stub_of(cell, release) for cell in handin["cells"] if is_solution(cell)]
    return handin


@damage
def whole_release_again_below(handin, release):
    handin["cells"] += release["cells"]
    return handin


@damage
def drafts_above(handin, release):
    cells = []
    for cell in handin["cells"]:
        if is_solution(cell):
            cells.append(new_cell("code", cell["source"] + "\n\nthis is not finished"))
        cells.append(cell)
    handin["cells"] = cells
    return handin


@damage
def broken_drafts_below(handin, release):
    drafts = [new_cell("code", cell["source"] + "\n    ???") for cell in handin["cells"] if is_solution(cell)]
    handin["cells"] += drafts
    return handin


@damage
def solutions_raw(handin, release):
    handin["cells"] = [retyped(cell, "raw") if is_solution(cell) else cell for cell in handin["cells"]]
    return handin


@damage
def solutions_as_text(handin, release):
    handin["cells"] = [retyped(cell, "markdown") if is_solution(cell) else cell for cell in handin["cells"]]
    for cell in filter(mark_of, handin["cells"]):
        if cell["cell_type"] == "markdown" and not is_essay(cell):
            cell["source"] = f"My solution:\n```python\n{cell['source']}\n```\nDone."
    return handin


@damage
def solutions_in_new_cells(handin, release):
    new = [new_cell("code", cell["source"]) for cell in handin["cells"] if is_solution(cell)]
    handin["cells"] = [stub_of(cell, release) if is_solution(cell) else cell for cell in handin["cells"]] + new
    return handin


@damage
def solutions_in_test_cells(handin, release):
    cells = handin["cells"]
    for solution, test in pairwise(cells):
        if is_solution(solution):
            assert is_test(test)
            test["source"], solution["source"] = solution["source"], stub_of(solution, release)["source"]
    return handin


@damage
def merged_with_tests(handin, release):
    cells = handin["cells"]
    for solution, test in pairwise(cells):
        if is_solution(solution):
            solution["source"] += "\n\n" + test["source"]
    handin["cells"] = [cell for cell in cells if not is_test(cell)]
    return handin


@damage
def solutions_in_one_cell(handin, release):
    sources = [cell["source"] for cell in handin["cells"] if is_solution(cell)]
    handin["cells"] = [cell for cell in handin["cells"] if not is_solution(cell)]
    handin["cells"].append(new_cell("code", "\n\n\n".join(sources)))
    return handin


@silent
@damage
def solutions_split(handin, release):
    cells = []
    for cell in handin["cells"]:
        if is_solution(cell):
            cells.append(new_cell("code", "def _helper():\n    return 1"))
            cells += [cell, new_cell("code", "_helper() + undefined_name")]
        else:
            cells.append(cell)
    handin["cells"] = cells
    return handin


@silent
@damage
def magics_above_solutions(handin, release):
    for cell in filter(is_solution, handin["cells"]):
        cell["source"] = "%%time\n!ls\nfiles = !ls\n" + cell["source"]
    return handin


# --- Essays --------------------------------------------------------------------------------------------------------


@damage
def essays_in_cells_below(handin, release):
    cells = []
    for cell in handin["cells"]:
        cells += [stub_of(cell, release), new_cell("markdown", cell["source"])] if is_essay(cell) else [cell]
    handin["cells"] = cells
    return handin


@damage
def essays_as_code(handin, release):
    for number, cell in enumerate(handin["cells"]):
        if is_essay(cell):
            handin["cells"][number] = new_cell("code", cell["source"], **cell["metadata"])
    return handin


@damage
def essays_raw_without_marks(handin, release):
    for number, cell in enumerate(handin["cells"]):
        if is_essay(cell):
            handin["cells"][number] = new_cell("raw", cell["source"])
    return handin


@damage
def essays_twice(handin, release):
    cells = []
    for cell in handin["cells"]:
        cells += [stub_of(cell, release), cell, {**cell, "source": "Or rather not."}] if is_essay(cell) else [cell]
    handin["cells"] = cells
    return handin


# --- Cells of another kind -----------------------------------------------------------------------------------------


@damage
def cells_of_another_chapter(handin, release):
    cells = []
    for number in range(60):
        mark = {"grade_id": f"embeddings-part{number}", "grade": True, "solution": False, "locked": True}
        cells.append(new_cell("code", f'check("embeddings.part{number}")', nbgrader=mark))
    handin["cells"][10:10] = cells
    return handin


@silent
@damage
def scratch_cells(handin, release):
    scratch = [
        "1 / 0",
        "def (",
        "",
        "x = [",
        "print(undefined)",
        "!pip install nothing",
        "?",
        "\t",
        "import this_is_not",
    ]
    cells = []
    for number, cell in enumerate(handin["cells"]):
        cells += [new_cell("code", scratch[number % len(scratch)]), new_cell("markdown", "A thought."), cell]
    handin["cells"] = cells
    return handin


@damage
def everything_is_code(handin, release):
    handin["cells"] = [new_cell("code", cell["source"], **cell["metadata"]) for cell in handin["cells"]]
    return handin


@damage
def unknown_kinds(handin, release):
    for number, cell in enumerate(handin["cells"]):
        if cell["cell_type"] == "code":
            cell["cell_type"] = [None, "Code", "sql"][number % 3]
            if number % 2:
                cell.pop("outputs", None)
                cell.pop("execution_count", None)
    handin["cells"][3:3] = [None, 5, "text", [], {}]
    return handin


# --- Formats -------------------------------------------------------------------------------------------------------


@silent
@damage
def format_4_0(handin, release):
    for cell in handin["cells"]:
        cell.pop("id", None)
    return handin | {"nbformat_minor": 0}


@silent
@damage
def format_3(handin, release):
    cells = []
    for cell in handin["cells"]:
        old = {"cell_type": cell["cell_type"], "metadata": cell["metadata"]}
        if cell["cell_type"] == "code":
            old |= {"input": cell["source"].splitlines(keepends=True), "outputs": [], "language": "python"}
        else:
            old |= {"source": cell["source"]}
        cells.append(old)
    cells.insert(0, {"cell_type": "heading", "level": 1, "metadata": {}, "source": "A title"})
    return {"nbformat": 3, "nbformat_minor": 0, "metadata": {}, "worksheets": [{"cells": cells, "metadata": {}}]}


@silent
@damage
def format_unknown(handin, release):
    return handin | {"nbformat": "five", "nbformat_minor": None}


@silent
@damage
def format_missing(handin, release):
    return {"cells": handin["cells"]}


@silent
@damage
def only_the_list_of_cells(handin, release):
    return as_bytes(handin["cells"])


@silent
@damage
def as_the_server_sends_it(handin, release):
    return {"type": "notebook", "name": FILE, "format": "json", "content": handin}


@silent
@damage
def lines_without_ends(handin, release):
    for cell in handin["cells"]:
        cell["source"] = cell["source"].split("\n")
    return handin


@silent
@damage
def lines_with_odd_ends(handin, release):
    for cell in handin["cells"]:
        cell["source"] = [*("\ufeff" + cell["source"].replace("\n", "\r\n")).splitlines(keepends=True), 7, None]
    return handin


@silent
@damage
def absurd_numbers(handin, release):
    for cell in handin["cells"]:
        cell["execution_count"] = "NUMBER"
    return as_bytes(handin).replace(b'"NUMBER"', b"9" * 5_000, 20).replace(b'"NUMBER"', b"NaN")


# --- Bytes ---------------------------------------------------------------------------------------------------------


@silent
@damage
def byte_order_mark(handin, release):
    return b"\xef\xbb\xbf" + as_bytes(handin)


@silent
@damage
def windows_line_ends(handin, release):
    return as_bytes(handin).replace(b"\n", b"\r\n")


@damage
def saved_as_utf16(handin, release):
    return as_bytes(handin).decode().encode("utf-16")


@damage
def saved_as_utf16_without_mark(handin, release):
    return as_bytes(handin).decode().encode("utf-16-be")


@damage
def saved_as_latin(handin, release):
    handin["cells"][0]["source"] = "# Élève"
    return as_bytes(handin).decode().encode("cp1252", "replace")


@damage
def text_behind_the_end(handin, release):
    return as_bytes(handin) + b"}}\n\nSent from my phone\n" + as_bytes(release)[:1000]


@silent
@damage
def zeros_behind_the_end(handin, release):
    return as_bytes(handin) + b"\0" * 4_096


@damage
def cut_off_in_the_last_lines(handin, release):
    return as_bytes(handin)[:-60]


@damage
def cut_off_after_the_last_answer(handin, release):
    last = max(number for number, cell in enumerate(handin["cells"]) if is_solution(cell) or is_essay(cell))
    handin["cells"][last + 1]["source"] = "MARKER" + "x" * 500
    content = as_bytes(handin)
    return content[: content.index(b"MARKER") + 9]


@damage
def merge_conflict(handin, release):
    handin["cells"][3] = new_cell("markdown", "CONFLICT")
    ours = b'CONFLICT"\n<<<<<<< HEAD\n "x": 1\n=======\n "y": 2\n>>>>>>> theirs\n'
    return as_bytes(handin).replace(b'CONFLICT"', ours)


@silent
@damage
def raw_line_ends_in_strings(handin, release):
    return re.sub(rb"(?<!\\)\\n", b"\n", as_bytes(handin))


# --- Files ---------------------------------------------------------------------------------------------------------


@damage
def renamed(handin, release):
    return {"Copy of autoencoder (1).ipynb": as_bytes(handin)}


@damage
def renamed_by_the_browser(handin, release):
    return {"autoencoder.ipynb.txt": as_bytes(handin), "timestamp.txt": b"2026-01-01 00:00:00 UTC"}


@damage
def shouted(handin, release):
    return {"AUTOENCODER.IPYNB": as_bytes(handin), "._AUTOENCODER.IPYNB": b"\0\5\x16\7"}


@damage
def in_a_folder(handin, release):
    return {"my work/final/nb.ipynb": as_bytes(handin), ".ipynb_checkpoints/autoencoder-checkpoint.ipynb": b"{}"}


def zipped(**files: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return file.getvalue()


@damage
def in_a_zip_file(handin, release):
    files = {"homework/autoencoder.ipynb": as_bytes(handin), "__MACOSX/homework/._autoencoder.ipynb": b"\0"}
    return {"homework.zip": zipped(**files)}


@damage
def a_zip_file_called_notebook(handin, release):
    return {FILE: zipped(**{"nb.ipynb": as_bytes(handin)})}


@damage
def beside_an_untouched_one(handin, release):
    return {FILE: as_bytes(release), "autoencoder-solved.ipynb": as_bytes(handin)}


@damage
def beside_a_broken_one(handin, release):
    return {FILE: b"<html>Sign in</html>", "autoencoder(2).ipynb": as_bytes(handin)}


@damage
def beside_another_chapter(handin, release):
    other = {"nbformat": 4, "cells": [new_cell("code", 'check("softmax.softmax_loss")')]}
    return {FILE: as_bytes(other), "a.ipynb": as_bytes(other), "b.ipynb": as_bytes(handin)}


@silent
@damage
def beside_other_files(handin, release):
    return {FILE: as_bytes(handin), "torch.py": b"raise SystemExit", "data.json": b"{}", "scan.pdf": b"%PDF"}
