"""A notebook in the shape in which Colab saves it is no damage: full marks are there, and nothing is noted.

The shape is that of real saved notebooks: nbgrader's metadata and the ids of cells stay, `metadata.id`, `outputId`,
`executionInfo` and a "view-in-github" cell come in, the notebook's metadata is Colab's own.
"""

from __future__ import annotations

import hashlib
import json

import pytest
from damages import CHAPTER, files_of, new_cell
from honest import released, solved
from outcome import defined, essay_ids, outcome

from grader.reading import read_notebook
from grader.repair import match


@pytest.fixture(scope="module")
def release():
    return released(CHAPTER)


@pytest.fixture
def handin(release):
    return solved(release, CHAPTER)


BADGE = (
    '<a href="https://colab.research.google.com/github/someone/course/blob/main/autoencoder.ipynb" target="_parent">'
    '<img src="https://colab.research.google.com/assets/colab-badge.svg" alt="Open In Colab"/></a>'
)


def colab_id(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def as_colab_saves_it(notebook: dict, *, with_ids: bool = True) -> bytes:
    """The bytes that Colab's "Download .ipynb" gives for a notebook that was run there."""
    cells = [{"cell_type": "markdown", "metadata": {"id": "view-in-github", "colab_type": "text"}, "source": [BADGE]}]
    for number, cell in enumerate(notebook["cells"]):
        metadata = {**cell["metadata"], "id": cell.get("id") or colab_id(cell["source"])}
        saved = {
            "cell_type": cell["cell_type"],
            "source": cell["source"].splitlines(keepends=True),
            "metadata": metadata,
        }
        if with_ids and "id" in cell:
            saved["id"] = cell["id"]
        if cell["cell_type"] == "code":
            metadata["colab"] = {"base_uri": "https://localhost:8080/", "height": 34}
            metadata["outputId"] = "e1cd9ac5-48e3-4dc1-b9b6-" + colab_id(f"{number}")
            metadata["executionInfo"] = {
                "status": "ok", "timestamp": 1_760_000_000_000 + number, "user_tz": -120, "elapsed": 12,
                "user": {"displayName": "Ada", "userId": "0123456789"},
            }  # fmt: skip
            saved["execution_count"] = number
            saved["outputs"] = [{"output_type": "stream", "name": "stdout", "text": ["done\n"]}]
        cells.append(saved)
    frame = {
        "nbformat": 4,
        "nbformat_minor": 5 if with_ids else 0,
        "metadata": {
            "kernelspec": {"display_name": "Python 3", "name": "python3"},
            "language_info": {"name": "python"},
            "colab": {"provenance": [], "toc_visible": True, "gpuType": "T4", "include_colab_link": True},
            "accelerator": "GPU",
        },
    }
    return json.dumps(frame | {"cells": cells}, indent=2, ensure_ascii=False).encode()


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


@pytest.mark.slow
def test_what_colab_saves_is_graded_with_full_marks(release, tmp_path):
    from test_graded import grade_files, small

    rows = grade_files({"colab": files_of(as_colab_saves_it(small(solved(release, CHAPTER))))}, tmp_path)["colab"]
    assert {(row.exercise, row.points) for row in rows if row.verdict != "manual"} == {
        (row.exercise, row.max_points) for row in rows if row.verdict != "manual"
    }
    log = [json.loads(line) for line in (tmp_path / "out" / "log.jsonl").read_text().splitlines()]
    assert [event["notes"] for event in log if event["event"] == "graded"] == [[]]
