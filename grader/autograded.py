"""The graded copy of a hand-in, at autograded/<student>/<chapter>/: what formgrader shows to the person who marks."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from grader.feedback import clean, html_as_text, n_signs, picture_data
from grader.gradebook import graded_cells
from grader.handins import Matched
from grader.supervise import CellRun

_SHOWN_TEXTS = ("text/plain", "text/latex", "text/html")
_SHOWN_PICTURES = ("image/png", "image/jpeg")
#: Of one hand-in: how many outputs are shown, and how many tags and entities in all their HTML together. An honest one
#: has 50 and 1,000.
MAX_OUTPUTS = 1_000
_MAX_SIGNS = 12_000
_LIVE = re.compile(r"<(?=[A-Za-z/!?])|&(?=[#\w])|!(?=\[)|\b(?:javascript|vbscript|data)(?=\\?:)", re.IGNORECASE)


def graded_notebook(
    matched: Matched, release: NotebookNode, runs: Mapping[int, CellRun], remarks: Mapping[str, str]
) -> NotebookNode:
    """The hand-in's cells with the outputs of this run, nbgrader's metadata, and a remark under each test cell.

    `remarks` are by grade id. A graded cell that the hand-in lacks is added at the end, as released.
    """
    released = graded_cells(release)
    notebook = nbformat.v4.new_notebook(metadata=release.metadata)
    room = _Room()
    for index, cell in enumerate(matched.cells):
        id = matched.grade_ids.get(index, "")
        outputs = room.outputs(runs[index].outputs) if index in runs else []
        notebook.cells.append(_cell(cell.kind, cell.source, released.get(id), outputs, remarks.get(id, "")))
    for id in released.keys() - set(matched.grade_ids.values()):
        notebook.cells.append(_cell(released[id].cell_type, released[id].source, released[id], [], remarks.get(id, "")))
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number}"
    return notebook


def write_graded(notebook: NotebookNode, path: Path) -> None:
    """Write a graded notebook where formgrader looks for it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, path)


def without_tags(markdown: str) -> str:
    """Markdown in which a space takes the force from tags, entities, pictures and links that are code.

    Formgrader's page would run or fetch them, in the name of the person who marks. Of a picture stays a link.
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


def _cell(
    kind: str, source: str, released: NotebookNode | None, outputs: list[dict[str, Any]], remark: str
) -> NotebookNode:
    metadata: dict[str, Any] = {"nbgrader": released.metadata.nbgrader} if released is not None else {}
    if kind == "markdown":
        return nbformat.from_dict({"cell_type": kind, "source": without_tags(source), "metadata": metadata})
    if kind != "code":
        metadata["raw_mimetype"] = "text/plain"  # else it is markup
        return nbformat.from_dict({"cell_type": "raw", "source": source, "metadata": metadata})
    if remark:
        outputs = [*outputs, _said(remark)]
    cell = {"cell_type": kind, "source": source, "metadata": metadata, "outputs": outputs, "execution_count": None}
    return nbformat.from_dict(cell)


def _said(text: str) -> dict[str, Any]:
    return {"output_type": "stream", "name": "stdout", "text": text}


class _Room:
    """How much more of a hand-in's outputs is shown: a person reads it, and a browser."""

    def __init__(self) -> None:
        self._n_outputs, self._n_signs = MAX_OUTPUTS, _MAX_SIGNS

    def outputs(self, items: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """The outputs of one cell as nbformat allows them, and how many more there were."""
        shown = [output for item in items[: self._n_outputs] if (output := self._output(item))]
        if (more := len(items) - self._n_outputs) > 0:
            shown.append(_said(f"{more:,} more output{'s are' if more > 1 else ' is'} not shown."))
        self._n_outputs = max(0, self._n_outputs - len(items))
        return shown

    def _output(self, item: Mapping[str, Any]) -> dict[str, Any] | None:
        """An output as nbformat allows it, and nothing else of it; None for what came back malformed."""
        match item:
            case {"output_type": "stream", "name": "stdout" | "stderr" as name, "text": str(text)}:
                return {"output_type": "stream", "name": name, "text": text}
            case {"output_type": "error", "ename": str(name), "evalue": str(value), "traceback": list(lines)}:
                text = "\n".join(line for line in lines if isinstance(line, str))
                return {"output_type": "error", "ename": name, "evalue": value, "traceback": [text]}
            case {"output_type": "display_data", "data": dict(data)}:
                return {"output_type": "display_data", "data": self._harmless(data), "metadata": {}}
            case {"output_type": "execute_result", "data": dict(data)}:
                return {
                    "output_type": "execute_result", "data": self._harmless(data), "metadata": {},
                    "execution_count": None,
                }  # fmt: skip
        return None

    def _harmless(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """What is displayed, without what would run in the browser of the person who marks."""
        kept = {kind: data[kind] for kind in _SHOWN_TEXTS if isinstance(data.get(kind), str)}
        kept |= {kind: picture for kind in _SHOWN_PICTURES if (picture := picture_data(kind, data.get(kind)))}
        if html := kept.get("text/html"):
            self._n_signs -= n_signs(html)
            kept["text/html"] = str(clean(html) if self._n_signs >= 0 else html_as_text(html))
        return kept
