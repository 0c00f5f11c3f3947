"""A hand-in's file -> its cells, whatever state the file is in. Nothing of it is run."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from typing import Any

from grader.bindings import MAX_SOURCE
from grader.errors import HandinProblem
from grader.mending import read_json

MAX_CELLS = 5_000
#: Of the cells that are looked into, in characters: to read a million of the densest takes five seconds.
MAX_CODE = 1_000_000
_DEFINITION = re.compile(r"\b(?:def|class)\s")
_DOWNLOAD = "In Colab: File > Download > Download .ipynb."
#: Byte order marks, the longer ones first; then a text in UTF-16 that lacks it, by how "{" looks in it.
_ENCODINGS = (
    (codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"), (b"{\0", "utf-16-le"), (b"\0{", "utf-16-be"),
)  # fmt: skip
#: How files begin that are handed in in place of a notebook.
_NO_NOTEBOOKS = (
    (b"%PDF", "a PDF"), (b"<", "a web page"), (b"PK", "a zip file"), (b"\x1f\x8b", "a compressed file"),
    (b"\xd0\xcf\x11\xe0", "an Office document"), (b"\x89PNG", "a picture"), (b"\xff\xd8\xff", "a picture"),
)  # fmt: skip


@dataclass(frozen=True)
class Cell:
    """One cell of a hand-in, reduced to what counts: code, markdown or raw, its text, nbgrader's mark and its tags."""

    kind: str
    source: str
    grade_id: str = ""
    tags: tuple[str, ...] = ()

    @property
    def may_define(self) -> bool:
        """Whether it is worth looking into for definitions: code, or a text that may be code whose kind was changed."""
        return len(self.source) <= MAX_SOURCE and (self.kind == "code" or bool(_DEFINITION.search(self.source)))


def read_notebook(content: bytes) -> tuple[list[Cell], list[str]]:
    """The cells of a notebook file as far as it is one, and notes on what was odd. Raises `HandinProblem`."""
    text, notes = _decoded(content)
    try:
        document, mended = read_json(text)
    except ValueError:
        raise HandinProblem(f"The file is not a notebook: it is not JSON. {_DOWNLOAD}") from None
    found = _cells_of(document)
    if len(found) > MAX_CELLS:
        raise HandinProblem(f"The notebook has {len(found):,} cells. Something went wrong when it was saved.")
    cells = [_read_cell(cell) for cell in found]
    code = sum(len(cell.source) for cell in cells if cell.may_define)
    if code > MAX_CODE:
        raise HandinProblem(f"The notebook has {code:,} characters of code. Leave out what is not your work.")
    return cells, [*notes, *filter(None, [mended])]


def read_cells(content: bytes) -> list[Cell]:
    """The cells of a notebook file, where it does not matter what was odd. Raises `HandinProblem`."""
    return read_notebook(content)[0]


# --- Bytes -> text -------------------------------------------------------------------------------------------------


def _decoded(content: bytes) -> tuple[str, list[str]]:
    """The text of a file in whatever encoding it was saved, and what to say about it."""
    content = content.strip(b" \t\r\n").rstrip(b"\0") if content[:2] != b"\0{" else content
    if not content:
        raise HandinProblem("The file is empty.")
    for beginning, kind in _NO_NOTEBOOKS:
        if content.startswith(beginning):
            raise HandinProblem(f"The file is not a notebook but {kind}. {_DOWNLOAD}")
    encoding = next((name for mark, name in _ENCODINGS if content.startswith(mark)), "utf-8")
    if encoding.startswith("utf-8"):
        try:
            return content.decode(encoding), []
        except UnicodeDecodeError as error:
            return _not_utf8(content, error)
    width = 4 if "32" in encoding else 2
    content += b"\0" * (-len(content) % width)  # the zeros of the last characters, taken off above, or a torn one
    text = content.decode(encoding, "replace").rstrip("\0\ufffd")
    return text, [f"The file was saved as {encoding[:6].upper()} by an editor: read all the same."]


def _not_utf8(content: bytes, error: UnicodeDecodeError) -> tuple[str, list[str]]:
    if error.end == len(content) and error.reason == "unexpected end of data":
        return content.decode("utf-8", "ignore"), []  # cut in the middle of a letter: that it is cut off shows later
    note = "The file's text is not in UTF-8: accents and other special letters may be wrong."
    rarely_wrong = content.decode("utf-8", "replace")
    if rarely_wrong.count("\ufffd") > 20 or len(content) < 100_000:
        return content.decode("cp1252", "replace"), [note]
    return rarely_wrong, [note]


# --- Text -> cells -------------------------------------------------------------------------------------------------


def _cells_of(document: Any) -> list[Any]:
    """The cells of a notebook of format 4, or of an older one; also where its frame is lost."""
    if isinstance(document, dict) and isinstance(document.get("content"), dict):
        document = document["content"]  # as Jupyter's server sends it
    if isinstance(document, list) and any(isinstance(item, dict) and "cell_type" in item for item in document):
        document = {"cells": document}
    if not isinstance(document, dict):
        raise HandinProblem(f"The file is not a notebook. {_DOWNLOAD}")
    cells = document.get("cells")
    if cells is None and isinstance(sheets := document.get("worksheets"), list):
        parts = [sheet.get("cells") for sheet in sheets if isinstance(sheet, dict)]
        cells = [cell for part in parts if isinstance(part, list) for cell in part]
    if not isinstance(cells, list) or not cells:
        raise HandinProblem(f"The notebook has no cells. {_DOWNLOAD}")
    return cells


def _read_cell(cell: Any) -> Cell:
    if not isinstance(cell, dict):
        return Cell("raw", "")
    metadata = cell.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    ours = metadata.get("nbgrader")
    grade_id = ours.get("grade_id") if isinstance(ours, dict) else None
    tags = metadata.get("tags")
    tags = tuple(_clean(tag)[:100] for tag in tags[:20] if isinstance(tag, str)) if isinstance(tags, list) else ()
    source = _source(cell["source"] if "source" in cell else cell.get("input"))
    return Cell(_kind(cell), source, _clean(grade_id)[:200] if isinstance(grade_id, str) else "", tags)


def _kind(cell: dict[str, Any]) -> str:
    kind = cell.get("cell_type")
    if kind in ("code", "markdown", "raw"):
        return kind
    if kind in ("heading", "html"):  # of older formats
        return "markdown"
    return "code" if "outputs" in cell or "execution_count" in cell else "raw"


def _source(source: Any) -> str:
    """A cell's text: one string, or its lines with or without their ends."""
    if isinstance(source, list):
        lines = [line for line in source if isinstance(line, str)]
        without_ends = len(lines) > 1 and not any("\n" in line or "\r" in line for line in lines[:-1])
        source = ("\n" if without_ends else "").join(lines)
    return _clean(source.replace("\r\n", "\n").replace("\r", "\n")) if isinstance(source, str) else ""


def _clean(text: str) -> str:
    """Text without what would trouble everything after this: half of a surrogate pair, zeros, byte order marks."""
    return text.encode("utf-8", "replace").decode("utf-8").replace("\0", "").replace("\ufeff", "")
