"""Every named damage: the honest solver's definitions, essays and marks are found, and what was repaired is said."""

import copy
import json

import pytest
from damages import CHAPTER, DAMAGES, SILENT, WITHOUT_ESSAYS, files_of
from honest import released, solved
from outcome import defined, essay_ids, outcome

from grader.handins import is_answered
from grader.reading import read_notebook
from grader.repair import match
from recbook.questions import chapters, of_chapter


@pytest.fixture(scope="module")
def honest(release):
    cells, _ = read_notebook(json.dumps(solved(release, CHAPTER)).encode())
    return defined(match(cells, release).run, CHAPTER)


def test_there_are_many_damages():
    assert len(DAMAGES) >= 30


@pytest.mark.parametrize("name", DAMAGES)
def test_a_damage_costs_no_solution(name, handin, release, honest, tmp_path):
    damaged = DAMAGES[name](handin, json.loads(json.dumps(release)))
    found = outcome(files_of(damaged), release, CHAPTER, tmp_path)
    assert found.definitions == honest
    assert {exercise.grade_id for exercise in of_chapter(CHAPTER)} - set(essay_ids(CHAPTER)) <= found.ids
    assert found.n_marked == len(found.ids), "a mark is there twice"
    if name not in WITHOUT_ESSAYS:
        for id in essay_ids(CHAPTER):
            assert found.essays.get(id) == f"My answer to {id}.", found.notes
    assert bool(found.notes) == (name not in SILENT), found.notes


@pytest.mark.parametrize("name", DAMAGES)
def test_a_damaged_empty_hand_in_has_no_solution_and_stops_nothing(name, release, tmp_path):
    stubs = json.loads(json.dumps(release))
    found = outcome(files_of(DAMAGES[name](stubs, copy.deepcopy(stubs))), release, CHAPTER, tmp_path)
    for cell in release.cells:
        id = cell.metadata.get("nbgrader", {}).get("grade_id")
        if id in essay_ids(CHAPTER) and name not in ("essays_twice", "drafts_above"):
            assert not is_answered(found.essays.get(id), cell), found.essays[id]


@pytest.mark.parametrize("chapter", chapters())
def test_every_chapter_survives_the_loss_of_all_but_its_solutions(chapter):
    release = released(chapter)
    handin = solved(release, chapter)
    whole, _ = read_notebook(json.dumps(handin).encode())
    assert match(whole, release).notes == ()
    honest = defined(match(whole, release).run, chapter)
    bare, _ = read_notebook(json.dumps(DAMAGES["only_bare_solutions_left"](handin, release)).encode())
    assert defined(match(bare, release).run, chapter) == honest
