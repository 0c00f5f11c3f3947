"""A feedback page: marks, a hint for each wrong exercise, the student's own outputs. One file, nothing from outside.

Everything a student's code printed or drew is hostile until it is escaped, cleaned or known to be a picture.
`write_pages` writes the pages from what was kept (records, graded notebooks) and from what stands in the gradebook now,
so that marks and comments of people are on them.
"""

from __future__ import annotations

import base64
import binascii
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import bleach
import nbformat
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from nbformat import NotebookNode

from grader.errors import NothingGraded
from grader.gradebook import graded_cells, open_gradebook
from grader.records import FOLDER, HandinRecord, read_record
from grader.results import write_text
from grader.standings import Standing, standings, update_late_penalties
from recbook.errors import UnknownExercise
from recbook.questions import of_chapter

#: What is said of an exercise, by `FeedbackRow.state`: a sign, and words.
STATES = {
    "right": ("✓", "right"), "wrong": ("✗", "not yet"), "error": ("!", "an error"), "timeout": ("⏱", "out of time"),
    "by-hand": ("✎", "points given by a person"),
    "empty": ("○", "left empty"), "waiting": ("…", "waits for a person"), "read": ("✎", "read by a person"),
}  # fmt: skip
_TAGS = frozenset(
    ("table", "thead", "tbody", "tr", "th", "td", "p", "b", "i", "em", "strong", "code", "pre", "br", "div", "span",
     "ul", "ol", "li", "sub", "sup", "caption")
)  # fmt: skip
_ATTRIBUTES = {"th": ["colspan", "rowspan"], "td": ["colspan", "rowspan"]}
_WITH_CONTENT = re.compile(
    r"<!--.*?(?:-->|\Z)|<(style|script|svg|math|template)\b.*?(?:</\1\s*>|\Z)", re.IGNORECASE | re.DOTALL
)
#: A tag with its attributes, a declaration, or a lone "<".
_TAG = re.compile(r"""<(?:(/?)([a-z][^\s/<>]*+)((?:[^<>"']++|"[^"]*"|'[^']*')*+)>|[!?][^<>]*>|)""", re.IGNORECASE)
_SPAN = re.compile(r"""\b(colspan|rowspan)\s*=\s*["']?(\d{1,4})""", re.IGNORECASE)
#: Tags that a parser of HTML opens again in each paragraph until they are closed. By another name it does not.
_REOPENED = {name: f"x-{name}" for name in ("b", "i", "em", "strong", "code")}
_PARSED_TAGS = frozenset(_REOPENED.get(name, name) for name in _TAGS)
_RENAMED = re.compile(r"<(/?)x-")
#: Tags that cannot be in each other without one of the others between them.
_SHALLOW = frozenset(("p", "li", "tr", "th", "td", "thead", "tbody", "caption", "br"))
#: What one output may have: characters; tags and entities, each of which takes the parser time (a table of 60 rows and
#: 20 columns has 2,700); tags inside each other. And how much is shown of what has more.
_MAX_HTML = 500_000
_MAX_SIGNS = 4_000
_MAX_DEPTH = 50
_MAX_AS_TEXT = 2_000
_PICTURES = {"image/png": b"\x89PNG\r\n\x1a\n", "image/jpeg": b"\xff\xd8\xff"}
_TEXT_KINDS = ("text/markdown", "text/latex", "text/plain")
#: Markdown that would be tags which `clean` takes away: it stays text, so that nothing of a comment is lost.
_KEPT_AS_TEXT = frozenset(("raw_html", "inline_html", "ref_link", "link", "auto_link", "auto_email"))


@dataclass(frozen=True)
class FeedbackRow:
    """One exercise on the page; `points` None: a person has not read it yet."""

    exercise: str
    title: str
    points: float | None
    max_points: float
    verdict: str
    hint: str
    #: What a person wrote about it.
    comment: str = ""
    #: True when a person gave the points.
    by_hand: bool = False
    #: True when what a person gave the points for has changed since.
    changed: bool = False

    @property
    def state(self) -> str:
        """What came of the exercise, as a key of `STATES`."""
        if self.verdict != "manual":
            return "by-hand" if self.by_hand else self.verdict
        if self.points is None or self.changed:
            return "waiting"
        return "read" if self.by_hand else "empty"


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
    penalty: float = 0.0,
) -> str:
    """The page of one hand-in, as HTML.

    `cells` are (index, source, outputs in nbformat's shape, failed); cells without output are left out. `penalty` are
    the points lost for handing in late.
    """
    shown = [show_cell(*cell) for cell in cells if cell[2]]
    return environment().get_template("feedback.html.j2").render(
        student=student, chapter=chapter, title=title, rows=rows, problem=problem, states=STATES,
        cells=[cell for cell in shown if cell.outputs],
        points=max(0.0, sum(row.points or 0 for row in rows) - penalty), penalty=penalty,
        max_points=sum(row.max_points for row in rows),
        pending=sum(row.state == "waiting" for row in rows),
    )  # fmt: skip


# --- From what was kept -------------------------------------------------------------------------------------------


def write_pages(out: Path, chapter: str | None = None) -> tuple[list[Path], list[str]]:
    """Write the feedback pages of a chapter, or of all, again. Returns the pages, and the students without a record.

    Raises `NothingGraded`, and `GradebookError` where the gradebook cannot be read.
    """
    pages, without = [], []
    paths = sorted((out / FOLDER).glob(f"*/{chapter or '*'}.json"))
    chapters = sorted({path.stem for path in paths})
    if not chapters:
        raise NothingGraded(f"Nothing of {chapter or 'any chapter'} has been graded into {out}.")
    with open_gradebook(out) as book:
        for name in chapters:
            update_late_penalties(book, name, out)
            release = _read_notebook(out / "release" / name / f"{name}.ipynb")
            standing, title = standings(book, name), title_of(release) if release else ""
            seen = set()
            for path in (path for path in paths if path.stem == name):
                record = read_record(path)
                if record is None:
                    continue
                seen.add(record.student)
                folder = path.parent.name
                notebook = _read_notebook(out / "autograded" / folder / name / f"{name}.ipynb")
                page = out / "feedback" / folder / f"{name}.html"
                write_text(page, page_of(record, standing.get(record.student), notebook, title))
                pages.append(page)
            without += [f"{student}, {name}" for student in sorted(standing.keys() - seen)]
    return pages, without


def page_of(record: HandinRecord, standing: Standing | None, notebook: NotebookNode | None, title: str) -> str:
    """The page of one hand-in, from its record, what stands in the gradebook, and the graded notebook."""
    standing = standing or Standing({})
    titles = _titles(record.chapter)
    rows = []
    for each in record.exercises:
        id = each.exercise.replace(".", "-")
        comment = "\n\n".join(standing.comments[name] for name in (f"{id}-code", id) if name in standing.comments)
        rows.append(
            FeedbackRow(
                each.exercise, titles.get(each.exercise, each.exercise), standing.points.get(id, each.points),
                each.max_points, each.verdict, "" if record.problem or record.fault else each.hint,
                comment, id in standing.by_hand, id in standing.by_hand & standing.waiting,
            )
        )  # fmt: skip
    fault = record.exercises[0].hint if record.fault and record.exercises else ""
    return feedback_page(
        student=record.student, chapter=record.chapter, title=title or record.chapter, rows=rows,
        cells=[] if record.problem or record.fault else shown_cells(notebook), problem=record.problem or fault,
        penalty=standing.penalty,
    )  # fmt: skip


def shown_cells(notebook: NotebookNode | None) -> list[tuple[int, str, Sequence[Mapping[str, Any]], bool]]:
    """The student's own cells of a graded notebook, as `feedback_page` takes them: none of the test cells."""
    if notebook is None:
        return []
    tests = {cell.id for cell in graded_cells(notebook).values() if not cell.metadata.nbgrader.solution}
    return [
        (index, cell.source, cell.outputs, any(output.output_type == "error" for output in cell.outputs))
        for index, cell in enumerate(notebook.cells)
        if cell.cell_type == "code" and cell.id not in tests
    ]


def _titles(chapter: str) -> dict[str, str]:
    try:
        return {exercise.id: exercise.title for exercise in of_chapter(chapter)}
    except UnknownExercise:  # graded by a course that had this chapter
        return {}


def title_of(release: NotebookNode) -> str:
    """The first heading of a chapter; "" when it has none."""
    cells = (cell for cell in release.cells if cell.cell_type == "markdown")
    lines = (line for cell in cells for line in cell.source.splitlines())
    return next((line[2:].strip() for line in lines if line.startswith("# ")), "")


def _read_notebook(path: Path) -> NotebookNode | None:
    try:
        return nbformat.read(path, as_version=4)
    except Exception:  # not there, or broken: the page has the marks and no outputs
        return None


# --- Cells and outputs --------------------------------------------------------------------------------------------


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


def clean(html: str) -> Markup:
    """Tables and plain formatting of some HTML; no scripts, styles, links, pictures or event handlers.

    HTML that would keep the parser busy for long becomes text.
    """
    cleaned = _cleaned(html) if len(html) <= _MAX_HTML else None
    return html_as_text(html) if cleaned is None else cleaned


def html_as_text(html: str) -> Markup:
    """The beginning of HTML that is not shown as such."""
    why = "There is too much HTML here to show this as such. It begins:"
    return Markup("<p>{}</p><pre>{}</pre>").format(why, _text(html[:_MAX_AS_TEXT]))


def n_signs(html: str) -> int:
    """What HTML costs to clean: its tags and entities, at most."""
    return html.count("<") + html.count("&")


@lru_cache(maxsize=256)  # a given cell shows every student the same table, and it is on two pages
def _cleaned(html: str) -> Markup | None:
    """The cleaned HTML; None where that would take long. The tags are laid bare before the parser sees them."""
    bare = _TAG.sub(_bare_tag, _WITH_CONTENT.sub("", html))
    if n_signs(bare) > _MAX_SIGNS or _depth(bare) > _MAX_DEPTH:
        return None
    cleaned = bleach.clean(bare, tags=_PARSED_TAGS, attributes=_ATTRIBUTES, protocols=[], strip=True)
    return Markup(_RENAMED.sub(r"<\1", cleaned)) if n_signs(cleaned) <= _MAX_SIGNS else None


def _bare_tag(found: re.Match[str]) -> str:
    """A tag that may stay, without attributes but those that tables need; "" for other tags; text for a lone "<"."""
    if found[0] == "<":
        return "&lt;"
    slash, name, rest = found[1], (found[2] or "").lower(), found[3]
    if name not in _TAGS:
        return ""
    spans = _SPAN.findall(rest) if name in _ATTRIBUTES else ()
    return f"<{slash}{_REOPENED.get(name, name)}{''.join(f' {span}={number}' for span, number in spans)}>"


def _depth(bare: str) -> int:
    """How many tags are inside each other, at most: one that is not closed where it should be counts to the end."""
    opened: list[str] = []
    deepest = 0
    for slash, name in re.findall(r"<(/?)([\w-]+)", bare):
        if slash and opened[-1:] == [name]:
            opened.pop()
        elif not slash and name not in _SHALLOW:
            opened.append(name)
            deepest = max(deepest, len(opened))
    return deepest


def comment_html(comment: str) -> Markup:
    """A teacher's comment: Markdown, as in nbgrader's own feedback. Tags, links and formulas stay text."""
    return clean(_markdown().render(comment))


@cache
def _markdown() -> MarkdownWithMath:
    """Markdown as notebooks have it, without what could run or lead elsewhere."""
    reader = MarkdownWithMath(renderer=IPythonRenderer(escape=True, exclude_anchor_links=True))
    for parser in (reader.block, reader.inline):
        parser.rules = [rule for rule in parser.rules if rule not in _KEPT_AS_TEXT]
    return reader


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


def _breakable(id: str) -> Markup:
    """An id that may be broken behind a dot or underscore, and so in no other place."""
    return Markup(re.sub(r"([._])", r"\1<wbr>", str(escape(id))))


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
    pages.filters.update(points=show_points, number=show_number, code_marks=_code_marks, breakable=_breakable,
        comment=comment_html)  # fmt: skip
    return pages
