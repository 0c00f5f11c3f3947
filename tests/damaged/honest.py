"""A chapter's release and an honest solver's hand-in, as plain data, made without nbgrader: that takes a moment."""

from __future__ import annotations

import json
from functools import cache

import nbformat
from damages import is_essay, is_solution

from grader.assemble import source_notebook
from grader.chapter import ANSWER_LINE, exercises_of, filled, read_chapter, solutions_of
from grader.release_site import release_site


@cache
def released(chapter: str) -> nbformat.NotebookNode:
    """The release as nbgrader makes it of the source, but for checksums. Do not change it."""
    notebook = source_notebook(
        read_chapter(chapter), chapter, exercises_of(chapter), solutions_of(chapter), release_site()
    )
    for cell in notebook.cells:
        ours = cell.metadata.pop("recbook", None)
        cell.source = ours.stub if ours else cell.source
        cell.source = cell.source.partition("\n### BEGIN HIDDEN TESTS")[0]
    return notebook


def solved(release: nbformat.NotebookNode, chapter: str) -> dict:
    """The release with every exercise solved and every essay answered."""
    handin = json.loads(json.dumps(release))
    for cell in handin["cells"]:
        if is_solution(cell):
            cell["source"] = filled(cell["source"], chapter)
        elif is_essay(cell):
            cell["source"] = cell["source"].replace(ANSWER_LINE, f"My answer to {cell['id']}.")
    return handin
