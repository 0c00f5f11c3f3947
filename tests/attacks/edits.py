"""Attacks that are no code but a file: edited notebooks, links, odd names. Each function hands one in."""

from __future__ import annotations

import copy
import json
import os
from collections.abc import Callable
from pathlib import Path

import nbformat
from attack_files import notebook_of

CHAPTER = "autoencoder"
SCRIPT = "<script>alert('XSS')</script><img src=x onerror=alert('XSS')>"
#: Folder's name -> what hands in there: `edit(folder of the student, release, path of an honest hand-in)`.
EDITS: dict[str, Callable[[Path, nbformat.NotebookNode, Path], None]] = {}


def _edit(*students: str):
    def keep(function):
        for student in students or (f"edit-{function.__name__}",):
            assert student not in EDITS
            EDITS[student] = function
        return function

    return keep


def _write(folder: Path, notebook: nbformat.NotebookNode | dict, name: str = f"{CHAPTER}.ipynb") -> Path:
    path = folder / CHAPTER / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(notebook))
    return path


def _tests(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code" and cell.metadata.get("nbgrader")]


@_edit()
def skipped_cells(folder, release, honest):
    """Every cell carries the tags that tell tools not to run it, or not to mind its errors."""
    notebook = copy.deepcopy(release)
    for cell in notebook.cells:
        cell.metadata["tags"] = ["skip-execution", "raises-exception", "remove-cell"]
    _write(folder, notebook)


@_edit()
def edited_tests(folder, release, honest):
    """The test cells end with a number, or pass."""
    notebook = copy.deepcopy(release)
    for number, cell in enumerate(_tests(notebook)):
        cell.source = "4.0" if number % 2 else "pass"
    _write(folder, notebook)


@_edit()
def deleted_tests(folder, release, honest):
    """There are no test cells any more."""
    notebook = copy.deepcopy(release)
    gone = _tests(notebook)
    notebook.cells = [cell for cell in notebook.cells if not any(cell is each for each in gone)]
    _write(folder, notebook)


@_edit()
def retyped_tests(folder, release, honest):
    """The test cells are text, and the texts are code."""
    notebook = copy.deepcopy(release)
    for cell in notebook.cells:
        cell["cell_type"] = "markdown" if cell.cell_type == "code" else "code"
    _write(folder, notebook)


@_edit()
def more_points(folder, release, honest):
    """The cells say that they are worth more, that a person marks them, and that they are marked."""
    notebook = copy.deepcopy(release)
    for cell in notebook.cells:
        if ours := cell.metadata.get("nbgrader"):
            ours.update(points=1000, grade=True, solution=True, locked=False, task=False, schema_version=3)
            cell.metadata.update(score=1000, manual_score=1000, recbook={"points": 1000, "verdict": "right"})
        if cell.cell_type == "code":
            cell["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "1000.0"}]
            cell["execution_count"] = 1
    _write(folder, notebook)


@_edit()
def swapped_ids(folder, release, honest):
    """The mark of every exercise stands on the cell of the one that is solved."""
    solved = "def overlap_at_k(first, second, k):\n    return len(set(first[:k]) & set(second[:k])) / k"
    notebook = notebook_of(release, (solved,))
    for cell in notebook.cells:
        if cell.metadata.get("nbgrader"):
            cell.metadata.nbgrader.grade_id = f"{CHAPTER}-overlap_at_k"
    _write(folder, notebook)


@_edit()
def a_link(folder, release, honest):
    """The notebook is a link to somebody else's."""
    (folder / CHAPTER).mkdir(parents=True)
    (folder / CHAPTER / f"{CHAPTER}.ipynb").symlink_to(honest)


@_edit()
def a_linked_folder(folder, release, honest):
    """The folder of the chapter is a link to somebody else's."""
    folder.mkdir(parents=True)
    (folder / CHAPTER).symlink_to(honest.parent)


@_edit()
def a_linked_student(folder, release, honest):
    """The whole student is a link to somebody else."""
    folder.symlink_to(honest.parent.parent)


@_edit()
def a_pipe(folder, release, honest):
    """The notebook and its date are pipes, from which nothing comes."""
    (folder / CHAPTER).mkdir(parents=True)
    os.mkfifo(folder / CHAPTER / f"{CHAPTER}.ipynb")
    os.mkfifo(folder / CHAPTER / "timestamp.txt")


@_edit()
def a_date_without_end(folder, release, honest):
    """The date is a link to a file that never ends; a file beside the notebook takes no room but is large."""
    _write(folder, notebook_of(release, ("1",)))
    (folder / CHAPTER / "timestamp.txt").symlink_to("/dev/zero")
    with (folder / CHAPTER / "data.bin").open("wb") as file:
        file.truncate(1 << 40)


@_edit()
def a_name_that_is_a_path(folder, release, honest):
    """The notebook's own name leads elsewhere, for those who believe it."""
    _write(folder, notebook_of(release, ("1",)), f"..%2f..%2f'\";$(touch x)\n<b>{CHAPTER}.ipynb")


@_edit("<img src=x onerror=alert('XSS')>", "'); DROP TABLE grade;--", "{{7*7}}${7*7}%s", "x\n[red]y", "=1+1", "-rf")
def a_student_with_a_name(folder, release, honest):
    """A student's name that is markup, SQL, a template, a formula, an option."""
    _write(folder, notebook_of(release, ("1 / 0",)))


@_edit()
def files_beside(folder, release, honest):
    """Modules named like the libraries lie beside the notebook."""
    _write(folder, notebook_of(release, ("import torch\nprint(torch.__file__)",)))
    for name in ("torch.py", "recbook.py", "conftest.py", "sitecustomize.py", "nbgrader_config.py", "gradebook.db"):
        (folder / CHAPTER / name).write_text("raise SystemExit('BREACH: imported')\n")


@_edit()
def deep_code(folder, release, honest):
    """Code so deeply nested that parsers give up, also where the grader reads it by itself."""
    deep = [
        "-" * 100_000 + "1", "(" * 100_000, "x" + ".a" * 100_000, "[" * 90 + "]" * 90, "a=" * 50_000 + "1", "1\0",
        "lambda:" * 50_000 + "0", "\n".join(" " * i + "if 1:" for i in range(99)), "f'" + "{" * 5000,
        "def f(): pass\n" + "x" + "()" * 100_000,
    ]  # fmt: skip
    notebook = notebook_of(release, tuple(deep))
    for cell, source in zip(_tests(notebook), deep, strict=False):
        cell.source = source
    _write(folder, notebook)


@_edit()
def deep_notebook(folder, release, honest):
    """A notebook of brackets."""
    path = _write(folder, {})
    path.write_text("[" * 1_000_000)


@_edit()
def odd_fields(folder, release, honest):
    """Every field of the notebook has another type than it should."""
    odd = [None, [], {}, 1, "x", [None]]
    marks = [*odd, {"nbgrader": []}, {"nbgrader": {"grade_id": ["x"]}}, {"nbgrader": {"grade_id": SCRIPT}}]
    cells = [
        {"cell_type": kind, "source": source, "metadata": mark, "outputs": source, "id": kind}
        for kind in odd
        for source in odd
        for mark in marks
    ]
    cells += [{"cell_type": "code", "source": ["1 + 1", 2, None], "metadata": mark} for mark in marks]
    metadata = {"kernelspec": SCRIPT, "widgets": odd}
    _write(folder, {"nbformat": 4, "nbformat_minor": "x", "metadata": metadata, "cells": cells})


@_edit()
def scripts_in_text(folder, release, honest):
    """Scripts in Markdown cells and in the essays that a person will read."""
    notebook = copy.deepcopy(release)
    links = "[x](javascript:alert('XSS')) [y](java&#115;cript\\:alert('XSS')) <svg onload=alert('XSS')>"
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source += f"\n\nMy answer: {SCRIPT} {links}\n\n```\n</code>{SCRIPT}\n```"
        cell.attachments = {"x": {"text/html": SCRIPT}}
    notebook.cells.append(nbformat.v4.new_raw_cell(SCRIPT))
    _write(folder, notebook)
