"""The graded copy of a hand-in, at autograded/<student>/<chapter>/: what formgrader shows to the person who marks."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from grader.feedback import clean, picture_data
from grader.gradebook import graded_cells
from grader.handins import Matched
from grader.supervise import CellRun

_SHOWN_TEXTS = ("text/plain", "text/latex", "text/html")
_SHOWN_PICTURES = ("image/png", "image/jpeg")
_LIVE = re.compile(r"<(?=[A-Za-z/!?])|&(?=[#\w])|\b(?:javascript|vbscript|data)(?=\\?:)", re.IGNORECASE)


def graded_notebook(
    matched: Matched, release: NotebookNode, runs: Mapping[int, CellRun], remarks: Mapping[str, str]
) -> NotebookNode:
    """The hand-in's cells with the outputs of this run, nbgrader's metadata, and a remark under each test cell.

    `remarks` are by grade id. A graded cell that the hand-in lacks is added at the end, as released.
    """
    released = graded_cells(release)
    notebook = nbformat.v4.new_notebook(metadata=release.metadata)
    for index, cell in enumerate(matched.cells):
        id = matched.grade_ids.get(index, "")
        notebook.cells.append(_cell(cell.kind, cell.source, released.get(id), runs.get(index), remarks.get(id, "")))
    for id in released.keys() - set(matched.grade_ids.values()):
        notebook.cells.append(
            _cell(released[id].cell_type, released[id].source, released[id], None, remarks.get(id, ""))
        )
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number}"
    return notebook


def write_graded(notebook: NotebookNode, path: Path) -> None:
    """Write a graded notebook where formgrader looks for it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, path)


def without_tags(markdown: str) -> str:
    """Markdown in which a space takes the force from tags, entities and links that are code.

    Formgrader's page would run them, in the name of the person who marks.
    """
    return _LIVE.sub(r"\g<0> ", markdown)


def essay_texts(path: Path) -> dict[str, str]:
    """The text of each graded Markdown cell in a graded notebook of an earlier run: grade id -> text."""
    try:
        notebook = nbformat.read(path, as_version=4)
        return {id: cell.source for id, cell in graded_cells(notebook).items() if cell.cell_type == "markdown"}
    except Exception:  # no such file, or not one of ours: nothing to compare with
        return {}


# --- Cells ---------------------------------------------------------------------------------------------------------
# Made as plain data: nbformat's own makers check each piece against the schema, and `write_graded` checks the whole.


def _cell(kind: str, source: str, released: NotebookNode | None, run: CellRun | None, remark: str) -> NotebookNode:
    metadata: dict[str, Any] = {"nbgrader": released.metadata.nbgrader} if released is not None else {}
    if kind == "markdown":
        return nbformat.from_dict({"cell_type": kind, "source": without_tags(source), "metadata": metadata})
    if kind != "code":
        metadata["raw_mimetype"] = "text/plain"  # else it is markup
        return nbformat.from_dict({"cell_type": "raw", "source": source, "metadata": metadata})
    outputs = [output for item in (run.outputs if run else ()) if (output := _output(item))]
    if remark:
        outputs.append({"output_type": "stream", "name": "stdout", "text": remark})
    cell = {"cell_type": kind, "source": source, "metadata": metadata, "outputs": outputs, "execution_count": None}
    return nbformat.from_dict(cell)


def _harmless(data: Mapping[str, Any]) -> dict[str, Any]:
    """What is displayed, without what would run in the browser of the person who marks."""
    kept = {kind: data[kind] for kind in _SHOWN_TEXTS if isinstance(data.get(kind), str)}
    kept |= {kind: picture for kind in _SHOWN_PICTURES if (picture := picture_data(kind, data.get(kind)))}
    if "text/html" in kept:
        kept["text/html"] = str(clean(kept["text/html"]))
    return kept


def _output(item: Mapping[str, Any]) -> dict[str, Any] | None:
    """An output as nbformat allows it, and nothing else of it; None for what came back malformed."""
    match item:
        case {"output_type": "stream", "name": "stdout" | "stderr" as name, "text": str(text)}:
            return {"output_type": "stream", "name": name, "text": text}
        case {"output_type": "error", "ename": str(name), "evalue": str(value), "traceback": list(lines)}:
            lines = [line for line in lines if isinstance(line, str)]
            return {"output_type": "error", "ename": name, "evalue": value, "traceback": lines}
        case {"output_type": "display_data", "data": dict(data)}:
            return {"output_type": "display_data", "data": _harmless(data), "metadata": {}}
        case {"output_type": "execute_result", "data": dict(data)}:
            return {
                "output_type": "execute_result", "data": _harmless(data), "metadata": {}, "execution_count": None
            }  # fmt: skip
    return None
