"""The site: how Jupyter Book reads a chapter, and a check of what it built.

A Sphinx extension (see `local_extensions` in `_config.yml`). A reader of the site sees each stub and, beneath it, what
the *reference* prints and draws: the stub is not executed; the filled cell after it is, and is left out of the page.
`RECBOOK_EDITION=instructor` builds the edition for teachers, with the solutions folded in.

    python -m grader.site check [_build/html]     # exit code 1 if a line of a solution can be read anywhere in there
"""

from __future__ import annotations

import ast
import hashlib
import html
import importlib.util
import os
import sys
import warnings
from collections.abc import Iterator, Sequence
from html.parser import HTMLParser
from pathlib import Path
from types import ModuleType
from typing import Any

import jupytext
import pandas as pd
from myst_nb.core.read import is_myst_markdown_notebook, read_myst_markdown_notebook
from nbformat import NotebookNode

from grader import links
from grader.chapter import (
    ROOT,
    add_notes,
    chapter_path,
    chapters,
    code_cell,
    exercises_of,
    fill,
    heading,
    markdown_cell,
    parse_chapter,
    secret_lines,
    site_note,
    solutions_of,
    source_of,
    squeeze,
    statements,
)
from grader.errors import AuthorError
from grader.release_site import SETTING, ReleaseSite, parse_release_site
from grader.typesetting import KeepTogether
from recbook.data import NAMES, SyntheticDataWarning, load
from recbook.data.loading import OFFLINE_VARIABLE
from recbook.question import Exercise, Question

EDITION = "RECBOOK_EDITION"
EDITIONS = ("student", "instructor")


# --- Reading a chapter ---------------------------------------------------------------------------------------------


def read_page(
    text: str, chapter: str, release: str, edition: str, fingerprint: str, missing: Sequence[str] = ()
) -> NotebookNode:
    """The notebook behind a chapter's page; myst-nb calls this with the text of `notebooks/<chapter>.md`.

    `missing` are the data sets of the chapter that are out of reach: the page says so.
    """
    notebook = page(
        text, chapter, exercises_of(chapter), solutions_of(chapter), parse_release_site(release), edition=edition
    )
    if missing:
        add_notice(notebook, missing)
    return _depending_on(fingerprint, notebook)


def read_plain_page(text: str, fingerprint: str) -> NotebookNode:
    """The notebook behind a page of the book that has executed cells of its own (MyST Markdown)."""
    return _depending_on(fingerprint, read_myst_markdown_notebook(text))


def _depending_on(fingerprint: str, notebook: NotebookNode) -> NotebookNode:
    """myst-nb executes a page again when its code changes. It also depends on package and data: say so in its code."""
    notebook.cells.insert(0, code_cell(f"# recbook {fingerprint}", id="fingerprint", tags=["remove-cell"]))
    return notebook


NOTICE = """\
:::{{admonition}} The data on this page are made up
:class: warning recbook-synthetic

{names} could not be had when this page was built, so a small made-up sample stands in. Everything runs, but no number,
title or figure on this page tells anything about real people, and the text may speak of others than you see.
[Set-up](../book/setup.md) says how to get the data; then build the book again.
:::"""

QUIET = """\
import warnings
from recbook.data import SyntheticDataWarning
warnings.simplefilter("ignore", SyntheticDataWarning)  # the page itself says it"""


def add_notice(notebook: NotebookNode, missing: Sequence[str]) -> None:
    """Say under the title of a page that the data sets `missing` are replaced by the made-up sample."""
    notice = markdown_cell(NOTICE.format(names=" and ".join(f"`{name}`" for name in missing)), id="made-up-data")
    quiet = code_cell(QUIET, id="made-up-data-quiet", tags=["remove-cell"])
    title = notebook.cells[0]
    first, _, rest = title.source.partition("</p>")  # the launch buttons end the line under the title
    title.source = f"{first}</p>\n\n{notice.source}\n{rest}"
    notebook.cells.insert(0, quiet)


def page(
    text: str,
    chapter: str,
    exercises: Sequence[Exercise],
    solutions: ModuleType,
    release: ReleaseSite,
    *,
    edition: str = "student",
) -> NotebookNode:
    """The notebook of a chapter as the site executes and shows it."""
    notebook = parse_chapter(text, chapter, exercises)
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = links.for_site(cell.source)
    known = {exercise.id: exercise for exercise in exercises}
    reference = source_of(solutions)
    cells: list[NotebookNode] = []
    for cell in notebook.cells:
        cells.append(cell)
        if "exercise" in cell.metadata:
            exercise = known[cell.metadata["exercise"]]
            solution = code_cell(fill(cell.source, reference), id=f"{exercise.grade_id[:55]}-reference")
            _tag(cell, "skip-execution", "exercise")
            if edition == "instructor":
                _tag(solution, "hide-input", "solution")
                show = f"Solution: {exercise.title}"
                solution.metadata["mystnb"] = {"code_prompt_show": show, "code_prompt_hide": show}
            else:
                _tag(solution, "remove-cell")
            cells.append(solution)
        elif "check" in cell.metadata:
            _tag(cell, "check")
        elif "essay" in cell.metadata and edition == "instructor":
            cells.append(_model_answer(known[cell.metadata["essay"]], solutions))
    notebook.cells = cells
    add_notes(notebook, exercises, site_note)
    _add_launch_buttons(notebook, chapter, release)
    return notebook


def _tag(cell: NotebookNode, *tags: str) -> None:
    cell.metadata["tags"] = [*cell.metadata.get("tags", []), *tags]


def _model_answer(exercise: Exercise, solutions: ModuleType) -> NotebookNode:
    answer = getattr(solutions, "MODEL_ANSWERS", {}).get(exercise.name, "")
    text = f":::{{admonition}} A model answer: {exercise.title}\n:class: dropdown recbook-solution\n\n{answer}\n:::"
    return markdown_cell(text, id=f"{exercise.grade_id[:55]}-reference")


def _add_launch_buttons(notebook: NotebookNode, chapter: str, release: ReleaseSite) -> None:
    """Buttons under the title. They lead to the released notebook: Colab cannot open Jupytext Markdown."""
    title = next((cell for cell in notebook.cells if cell.cell_type == "markdown"), None)
    lines = title.source.splitlines() if title else [""]
    if not lines[0].startswith("# "):
        raise AuthorError(f"notebooks/{chapter}.md must start with its title: # The title")
    buttons = (
        f'<p class="recbook-launch"><a class="recbook-button" href="{html.escape(release.colab(chapter))}">'
        f'Open in Colab</a> <a class="recbook-button recbook-quiet" href="{html.escape(release.notebook(chapter))}">'
        "Download the notebook</a></p>"
    )
    title.source = "\n".join([lines[0], "", buttons, *lines[1:]])


# --- The Sphinx extension ------------------------------------------------------------------------------------------


def setup(app: Any) -> dict[str, Any]:
    """Register the chapters with myst-nb, which has read `_config.yml` by now."""
    app.add_config_value(SETTING, "", "env")
    app.connect("config-inited", _register_chapters, priority=900)  # after myst-nb has added its own formats
    app.connect("builder-inited", _prepare_kernel)
    app.add_post_transform(KeepTogether)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}


def _register_chapters(app: Any, config: Any) -> None:
    edition = os.environ.get(EDITION, EDITIONS[0])
    if edition not in EDITIONS:
        raise AuthorError(f"{EDITION}={edition!r}: it is one of {', '.join(EDITIONS)}.")
    fingerprint = package_fingerprint()
    formats = dict(config.nb_custom_formats)
    found: dict[str, str] = {}
    for chapter in chapters(Path(app.srcdir)):
        names = data_sets_of(chapter_path(chapter, Path(app.srcdir)).read_text("utf-8"))
        found |= {name: data_state(name) for name in names if name not in found}
        # One suffix a chapter, so that plain pages stay plain. A change of these arguments makes Sphinx read again.
        arguments = {
            "chapter": chapter,
            "release": config[SETTING],
            "edition": edition,
            "fingerprint": " ".join([fingerprint, *(f"{name}:{found[name]}" for name in names)]),
            "missing": [name for name in names if found[name] == MADE_UP],
        }
        formats[f"notebooks/{chapter}.md"] = ["grader.site.read_page", arguments]
    for path in Path(app.srcdir, "book").glob("*.md"):
        if is_myst_markdown_notebook(path.read_text("utf-8")):
            formats[f"book/{path.name}"] = ["grader.site.read_plain_page", {"fingerprint": fingerprint}]
    config.nb_custom_formats = formats


MADE_UP = "made-up"


def data_sets_of(text: str) -> list[str]:
    """The data sets of MovieLens that a chapter loads: by name, or by a variable that holds the name."""
    named: dict[str, object] = {}
    found: set[object] = set()
    for cell in jupytext.reads(text, fmt="md").cells:
        for node in ast.walk(ast.Module(statements(cell.source), [])) if cell.cell_type == "code" else ():
            match node:
                case ast.Assign(targets=[ast.Name(variable)], value=ast.Constant(value)):
                    named[variable] = value
                case ast.Call(func=ast.Name("load"), args=[]):
                    found.add("ml-100k")
                case ast.Call(func=ast.Name("load"), args=[ast.Constant(value), *_]):
                    found.add(value)
                case ast.Call(func=ast.Name("load"), args=[ast.Name(variable), *_]):
                    found.add(named.get(variable))
    return [name for name in NAMES if name in found and name != "sample"]


def data_state(name: str) -> str:
    """What a chapter that loads the data set `name` gets: `MADE_UP`, or a hash of the real data.

    A data set that is not on this machine is fetched now. If it cannot be had, no page tries again.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SyntheticDataWarning)
        movielens = load(name)
    if movielens.synthetic:
        os.environ[OFFLINE_VARIABLE] = "1"  # kernels inherit it
        return MADE_UP
    digest = hashlib.sha256()
    for table in (movielens.ratings, movielens.movies[["title"]]):
        digest.update(pd.util.hash_pandas_object(table, index=False).to_numpy().tobytes())
    return digest.hexdigest()[:8]


def _prepare_kernel(app: Any) -> None:
    """Let pages be executed by this very Python, with the package of this working tree if none is installed."""
    os.environ.setdefault("JUPYTER_PREFER_ENV_PATH", "1")
    if importlib.util.find_spec("recbook") is None:  # pragma: no cover - `make` installs it
        os.environ["PYTHONPATH"] = os.pathsep.join([str(ROOT / "src"), os.environ.get("PYTHONPATH", "")])


def package_fingerprint(root: Path = ROOT) -> str:
    """A hash of everything that decides what a page prints, besides its own code: the package and the solutions."""
    digest = hashlib.sha256()
    files = [path for folder in ("src/recbook", "solutions") for path in (root / folder).rglob("*")]
    for path in sorted(files):
        if path.suffix in (".py", ".json"):
            digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


# --- Checking what was built ---------------------------------------------------------------------------------------


#: Lines of code up to this length, without white space, are idioms that more than one chapter may need.
LONGEST_IDIOM = 48


class _Text(HTMLParser):
    """The text of a page, without its markup: Pygments puts every token into a tag of its own."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []

    def handle_data(self, data: str) -> None:
        self.pieces.append(data)


def leaks(directory: Path, secrets: set[str]) -> Iterator[tuple[Path, str]]:
    """(file, line) for every line of `secrets` (see `grader.chapter.secret_lines`) that a file below shows."""
    for path in sorted(directory.rglob("*")):
        if not path.is_file():
            continue
        try:
            raw = path.read_text("utf-8")
        except UnicodeDecodeError:  # a picture, a font
            continue
        texts = [squeeze(raw), squeeze(html.unescape(raw))]
        if path.suffix == ".html":
            parser = _Text()
            parser.feed(raw)
            texts.append(squeeze("".join(parser.pieces)))
        elif path.suffix in (".json", ".ipynb", ".js"):
            texts.append(squeeze(raw.replace('\\"', '"').replace("\\n", "\n")))
        for line in secrets:
            if any(line in text for text in texts):
                yield path, line


def secrets_of(chapter: str) -> set[str]:
    """The secret lines of a chapter of the book."""
    text = chapter_path(chapter).read_text("utf-8")
    return secret_lines(text, parse_chapter(text, chapter, exercises_of(chapter)), solutions_of(chapter))


def book_leaks(directory: Path) -> Iterator[tuple[Path, str]]:
    """(file, line) for every line of a solution that the site shows.

    In the files of its own chapter any line counts; elsewhere one that is too long to be a common idiom, such as
    clearing the gradients of an optimizer, which another chapter may well show.
    """
    for chapter in chapters():
        for path, line in leaks(directory, secrets_of(chapter)):
            if path.name.split(".")[0] == chapter or len(line) > LONGEST_IDIOM:
                yield path, line


def check_site(directory: Path) -> list[str]:
    """What is wrong with a built site, one sentence each; an empty list when all is well."""
    if not (directory / "index.html").is_file():
        return [f"{directory} is no built site: it has no index.html. Build it with `jupyter-book build .`"]
    complaints = [
        f"{path.relative_to(directory)} shows a line of a solution: {line}" for path, line in book_leaks(directory)
    ]
    for chapter in chapters():
        path = directory / "notebooks" / f"{chapter}.html"
        where = path.relative_to(directory)
        if not path.is_file():
            complaints.append(f"{where} is missing.")
            continue
        parser = _Text()
        parser.feed(path.read_text("utf-8"))
        text = squeeze("".join(parser.pieces))
        if "Traceback(mostrecentcalllast)" in text:
            complaints.append(f"{where} shows a traceback.")
        for exercise in exercises_of(chapter):
            if squeeze(heading(exercise)) not in text.replace("’", "'"):
                complaints.append(f"{where} does not show {heading(exercise)!r}.")
            # The checks on the page were asked of the reference: another verdict means stale records.
            if isinstance(exercise, Question) and f"✓{exercise.id}right(" not in text:
                complaints.append(f"{where}: check({exercise.id!r}) does not say that it is right.")
    return complaints


def main(arguments: Sequence[str]) -> int:
    """`python -m grader.site check [DIRECTORY]`."""
    if not arguments or arguments[0] != "check" or len(arguments) > 2:
        print(main.__doc__, file=sys.stderr)
        return 2
    directory = Path(arguments[1]) if len(arguments) == 2 else ROOT / "_build" / "html"
    complaints = check_site(directory)
    for complaint in complaints:
        print(complaint, file=sys.stderr)
    if not complaints:
        print(f"{directory}: every exercise is there, and not one line of a solution.")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
