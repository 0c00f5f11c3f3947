"""A feedback page: marks, a hint for each wrong exercise, the student's own outputs. One file, nothing from outside.

Everything a student's code printed or drew is hostile until it is escaped, cleaned or known to be a picture.
"""

from __future__ import annotations

import base64
import binascii
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import bleach
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

WORDS = {
    "right": "right", "wrong": "not yet", "error": "an error", "timeout": "out of time", "manual": "read by a person",
}  # fmt: skip
SIGNS = {"right": "✓", "wrong": "✗", "error": "!", "timeout": "⏱", "manual": "✎"}
_TAGS = frozenset(
    ("table", "thead", "tbody", "tr", "th", "td", "p", "b", "i", "em", "strong", "code", "pre", "br", "div", "span",
     "ul", "ol", "li", "sub", "sup", "caption")
)  # fmt: skip
_ATTRIBUTES = {"th": ["colspan", "rowspan"], "td": ["colspan", "rowspan"]}
_WITH_CONTENT = re.compile(r"<(style|script|svg|math|template)\b.*?(</\1\s*>|\Z)", re.IGNORECASE | re.DOTALL)
_PICTURES = {"image/png": b"\x89PNG\r\n\x1a\n", "image/jpeg": b"\xff\xd8\xff"}
_TEXT_KINDS = ("text/markdown", "text/latex", "text/plain")


@dataclass(frozen=True)
class FeedbackRow:
    """One exercise on the page; `points` None: a person has not read it yet."""

    exercise: str
    title: str
    points: float | None
    max_points: float
    verdict: str
    hint: str


@dataclass(frozen=True)
class ShownOutput:
    """One output, ready for the page: cleaned HTML, a picture's data address, or text."""

    text: str = ""
    css: str = ""
    html: str = ""
    picture: str = ""


@dataclass(frozen=True)
class ShownCell:
    """The outputs of one cell."""

    number: int
    first_line: str
    outputs: Sequence[ShownOutput]
    failed: bool


def feedback_page(
    *,
    student: str,
    chapter: str,
    title: str,
    rows: Sequence[FeedbackRow],
    cells: Iterable[tuple[int, str, Sequence[Mapping[str, Any]], bool]] = (),
    problem: str = "",
) -> str:
    """The page of one hand-in, as HTML.

    `cells` are (index, source, outputs in nbformat's shape, failed); cells without output are left out.
    """
    shown = [show_cell(*cell) for cell in cells if cell[2]]
    return environment().get_template("feedback.html.j2").render(
        student=student, chapter=chapter, title=title, rows=rows, problem=problem, words=WORDS, signs=SIGNS,
        cells=[cell for cell in shown if cell.outputs],
        points=sum(row.points or 0 for row in rows), max_points=sum(row.max_points for row in rows),
        pending=sum(row.points is None for row in rows),
    )  # fmt: skip


def show_cell(index: int, source: str, outputs: Sequence[Mapping[str, Any]], failed: bool) -> ShownCell:
    """One cell's outputs as they may stand on the page."""
    first = next((line.strip() for line in source.splitlines() if line.strip()), "")
    shown = [item for output in outputs if (item := show_output(output))]
    return ShownCell(index + 1, first[:80], shown, failed)


def show_output(output: Mapping[str, Any]) -> ShownOutput | None:
    """One output (untrusted) as it may stand on the page; None where nothing of it can be shown."""
    kind = output.get("output_type")
    if kind == "stream":
        return ShownOutput(_text(output.get("text")), "stderr" if output.get("name") == "stderr" else "stdout")
    if kind == "error":
        lines = output.get("traceback")
        return ShownOutput("\n".join(map(_text, lines)) if isinstance(lines, list) else "", "traceback")
    data = output.get("data")
    if not isinstance(data, dict):
        return None
    for mime in _PICTURES:
        if picture := picture_data(mime, data.get(mime)):
            return ShownOutput(picture=f"data:{mime};base64,{picture}")
    if isinstance(data.get("text/html"), str) and (html := clean(data["text/html"])).strip():
        return ShownOutput(html=html)
    text = next((_text(data[mime]) for mime in _TEXT_KINDS if data.get(mime)), "")
    return ShownOutput(text, "result") if text else None


def clean(html: str) -> Markup | str:
    """Tables and plain formatting of some HTML; no scripts, styles, links, pictures or event handlers."""
    bare = _WITH_CONTENT.sub("", html)
    return Markup(bleach.clean(bare, tags=_TAGS, attributes=_ATTRIBUTES, protocols=[], strip=True, strip_comments=True))


def picture_data(mime: str, data: Any) -> str:
    """A picture in base64 and nothing else; "" where it is none of this kind."""
    if not isinstance(data, str):
        return ""
    try:
        content = base64.b64decode("".join(data.split()), validate=True)
    except (binascii.Error, ValueError):
        return ""
    return base64.b64encode(content).decode("ascii") if content.startswith(_PICTURES[mime]) else ""


def _text(value: Any) -> str:
    text = value if isinstance(value, str) else ""
    return "".join(char for char in text if char in "\n\t" or char >= " ").encode("utf-8", "replace").decode()


def _code_marks(text: str) -> Markup:
    """`name` in a hint -> <code>name</code>; everything is escaped first."""
    pieces = str(escape(text)).split("`")
    if len(pieces) % 2 == 0:
        return escape(text)
    return Markup("".join(f"<code>{piece}</code>" if i % 2 else piece for i, piece in enumerate(pieces)))


def show_points(points: float) -> str:
    """2.0 -> "2", 1.333 -> "1.33"."""
    return f"{round(points, 2):g}"


def show_number(value: float, digits: int = 2) -> str:
    """0.1234 -> "0.12"; what could not be computed -> "–"."""
    return "–" if math.isnan(value) else f"{value:.{digits}f}"


@cache
def environment() -> Environment:
    """The templates of pages: whatever is put into them is escaped."""
    pages = Environment(
        loader=PackageLoader("grader"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    pages.filters.update(points=show_points, number=show_number, code_marks=_code_marks)
    return pages
