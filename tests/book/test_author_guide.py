"""The example of the author guide works as printed: its pieces are put into the rooms, and verified."""

from __future__ import annotations

import sys

import pytest

import grader.alternatives
import grader.mistakes
import recbook.questions
import solutions
from grader.chapter import ROOT, namespaces_of_stubs, parse_chapter
from grader.verify import verify_chapter
from recbook.questions import chapters, find, of_chapter

ROOMS = {
    "src/recbook/questions": recbook.questions,
    "solutions": solutions,
    "grader/mistakes": grader.mistakes,
    "grader/alternatives": grader.alternatives,
}


def pieces(text: str) -> dict[str, str]:
    """The files printed in the guide: the fenced block after each comment that holds a path."""
    found = {}
    for part in text.split("\n<!-- ")[1:]:
        path, _, rest = part.partition(" -->\n")
        fence, _, rest = rest.partition("\n")
        marks = fence[: len(fence) - len(fence.lstrip("`"))]
        if marks:
            found[path] = rest.partition(f"\n{marks}\n")[0] + "\n"
    return found


@pytest.fixture
def guide(tmp_path, monkeypatch):
    found = pieces((ROOT / "book" / "author_guide.md").read_text("utf-8"))
    for room, package in ROOMS.items():
        (tmp_path / room).mkdir(parents=True)
        (tmp_path / room / "ratings.py").write_text(found[f"{room}/ratings.py"], encoding="utf-8")
        monkeypatch.setattr(package, "__path__", [*package.__path__, str(tmp_path / room)])
    _forget_chapters()
    yield found
    _forget_chapters()
    for package in ROOMS.values():
        sys.modules.pop(f"{package.__name__}.ratings", None)


def _forget_chapters():
    chapters.cache_clear()
    of_chapter.cache_clear()


def test_the_printed_exercise_passes_verify(guide):
    exercise = find("ratings.density")
    header = "---\njupytext:\n  text_representation:\n    format_name: markdown\n---\n\n# Ratings\n\n"
    notebook = parse_chapter(header + guide["notebooks/ratings.md"], "ratings", [exercise])
    findings = list(verify_chapter("ratings", namespaces_of_stubs(notebook)))
    assert len(findings) > 10
    assert [finding for finding in findings if finding.problem] == []
