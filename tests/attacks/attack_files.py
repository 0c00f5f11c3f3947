"""The attacks as hand-ins. Each file in `handins/` is one: its first line says what it tries, `# %%` parts its cells.

They are text that becomes cells, never code that runs here. In them, `@ROOT@` and the like stand for places on this
machine, `@SOLVES("name")` marks what is solved honestly, and `limit: word|word` at the end of the first line is what
the log must say (one of them: which one depends on the machine).
"""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import nbformat

FOLDER = Path(__file__).parent / "handins"
#: What attacks share. It runs before them, in a cell of its own.
PRELUDE = '''
def attempt(what, function):
    """Say whether something that must not be possible was."""
    try:
        got = function()
    except BaseException as error:
        print("refused", what, type(error).__name__)
    else:
        print("BREACH:" if got else "refused", what, repr(got)[:300])


def ids():
    from recbook.questions import of_chapter
    return [exercise.id for exercise in of_chapter("autoencoder")]


def define_all(value):
    """Define every name that is asked for, as a function that returns `value` for all of its results."""
    from recbook.question import Question
    from recbook.questions import of_chapter
    for question in of_chapter("autoencoder"):
        if isinstance(question, Question):
            globals()[question.subject] = lambda *args, **kwargs: value


def raw(data):
    """Write bytes where the answers are written."""
    import os
    for fd in range(3, 256):
        try:
            if os.readlink(f"/proc/self/fd/{fd}").startswith("pipe:"):
                os.write(fd, data)
        except OSError:
            pass


def journal(event, change=str, utf8=False):
    import json
    raw((change(json.dumps(event, ensure_ascii=not utf8)) + "\\n").encode())
'''
_SOLVES = re.compile(r'^@SOLVES\("(\w+)"\)\n', re.MULTILINE)
_LIMIT = re.compile(r'limit: ([\w|]+)"""$')


@dataclass(frozen=True)
class Attack:
    """One attack: its name is `kind/file`."""

    name: str
    tries: str
    cells: tuple[str, ...]
    #: The exercises that it solves as anybody would.
    solves: frozenset[str]
    #: A pattern that the log has when its limit was hit; "" where it hits none.
    limit: str

    @property
    def student(self) -> str:
        """The student who hands it in."""
        return self.name.replace("/", "-")


def read_attacks(places: Mapping[str, str]) -> list[Attack]:
    """All attacks, with the places they ask for."""
    return [_read(path, places) for path in sorted(FOLDER.glob("*/*.py"))]


def names() -> list[str]:
    """The names of all attacks."""
    return [f"{path.parent.name}/{path.stem}" for path in sorted(FOLDER.glob("*/*.py"))]


def _read(path: Path, places: Mapping[str, str]) -> Attack:
    text = path.read_text("utf-8")
    tries, _, body = text.partition("\n")
    for name, place in places.items():
        body = body.replace(f"@{name}@", place)
    limit = _LIMIT.search(tries)
    return Attack(
        f"{path.parent.name}/{path.stem}", tries.strip('"'), tuple(_SOLVES.sub("", body).split("\n# %%\n")),
        frozenset(_SOLVES.findall(body)), limit[1] if limit else "",
    )  # fmt: skip


def notebook_of(release: nbformat.NotebookNode, cells: tuple[str, ...]) -> nbformat.NotebookNode:
    """The release's imports and graded cells, without stubs, and these cells before them."""
    notebook = copy.deepcopy(release)
    imports = [cell for cell in notebook.cells if cell.cell_type == "code" and "import torch" in cell.source][:1]
    graded = [cell for cell in notebook.cells if "nbgrader" in cell.metadata and not _is_stub(cell)]
    new = [nbformat.v4.new_code_cell(source.strip()) for source in (PRELUDE, *cells)]
    notebook.cells = [*imports, *new, *graded]
    return notebook


def _is_stub(cell: nbformat.NotebookNode) -> bool:
    return cell.cell_type == "code" and cell.metadata.nbgrader.solution
