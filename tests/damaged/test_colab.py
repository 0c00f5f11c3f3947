"""A notebook in the shape in which Colab saves it is no damage: everything is found, and nothing is noted."""

from __future__ import annotations

import json

import pytest
from colab import as_colab_saves_it
from damages import CHAPTER, files_of, new_cell
from outcome import defined, essay_ids, outcome

from grader.reading import read_notebook
from grader.repair import match


@pytest.mark.parametrize("with_ids", [True, False])
def test_what_colab_saves_gives_no_note(handin, release, tmp_path, with_ids):
    honest = defined(match(read_notebook(json.dumps(handin).encode())[0], release).run, CHAPTER)
    found = outcome(files_of(as_colab_saves_it(handin, with_ids=with_ids)), release, CHAPTER, tmp_path)
    assert found.notes == ()
    assert found.definitions == honest
    assert set(found.essays) == set(essay_ids(CHAPTER))
    assert found.ids == {cell.metadata.nbgrader.grade_id for cell in release.cells if "nbgrader" in cell.metadata}


def test_cells_added_in_colab_give_no_note(handin, release, tmp_path):
    handin["cells"][20:20] = [
        new_cell("code", "#@title Try it { run: 'auto' }\nshare = 0.2 #@param {type:'number'}\nprint(share)"),
        new_cell("markdown", "A thought of my own."),
        new_cell("code", "!pip install --quiet nothing\n%matplotlib inline\nfrom google.colab import drive"),
    ]
    found = outcome(files_of(as_colab_saves_it(handin)), release, CHAPTER, tmp_path)
    assert found.notes == ()


def test_an_unsolved_notebook_from_colab_gives_no_note_either(release, tmp_path):
    untouched = json.loads(json.dumps(release))
    assert outcome(files_of(as_colab_saves_it(untouched)), release, CHAPTER, tmp_path).notes == ()
