"""What comes of a hand-in's files, of which only definitions are run: those that would count, marks, essays, notes."""

from __future__ import annotations

import ast
import contextlib
from pathlib import Path
from types import SimpleNamespace

from grader.handins import match, read_handin
from recbook.question import Essay, Question
from recbook.questions import of_chapter
from recbook.respond import definitions


def outcome(files: dict[str, bytes], release, chapter: str, folder: Path) -> SimpleNamespace:
    """Write the files, read and match the hand-in, run its imports, functions and classes only."""
    for name, content in files.items():
        path = folder / chapter / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    cells, notes = read_handin(folder / chapter, chapter)
    return of_cells(cells, notes, release, chapter)


def of_cells(cells, notes, release, chapter: str) -> SimpleNamespace:
    matched = match(cells, release, notes)
    return SimpleNamespace(
        matched=matched,
        notes=matched.notes,
        definitions=defined(matched.run, chapter),
        essays=dict(matched.essays),
        ids=set(matched.grade_ids.values()),
        n_marked=len(matched.grade_ids),
    )


def defined(run, chapter: str) -> dict[str, str]:
    """The definition of each exercise's subject that stands when all cells have run, as a syntax tree's dump."""
    wanted = {each.subject for each in of_chapter(chapter) if isinstance(each, Question)}
    namespace: dict = {"__name__": "handin"}
    found = {}
    for _, source in run:
        code = "\n".join(line for line in source.splitlines() if "!" not in line[:12] and not line.startswith("%"))
        for node in ast.parse(definitions(code)).body:
            with contextlib.suppress(Exception):
                exec(compile(ast.Module([node], []), "<handin>", "exec"), namespace)
                if getattr(node, "name", "") in wanted:
                    found[node.name] = ast.dump(node)
    return found


def essay_ids(chapter: str) -> list[str]:
    return [each.grade_id for each in of_chapter(chapter) if isinstance(each, Essay)]
