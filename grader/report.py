"""`grader report`: one page for the instructor about a graded class. Nothing on it comes from outside the file.

It is made from the records (`grader.records`) and from the points in the gradebook, so that marks of people count. That
can be at any time, also while a class is graded.
"""

from __future__ import annotations

import inspect
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from grader import charts, figures, likeness
from grader.chapter import filled, read_chapter
from grader.errors import AuthorError, GradebookError, GraderError
from grader.feedback import environment
from grader.gradebook import has_gradebook, open_gradebook
from grader.implementations import alternatives
from grader.records import HandinRecord, read_records
from grader.results import write_text
from grader.standings import Standing, standings
from recbook.questions import find

#: Longer lists are cut, and say so: all of it is in grades.csv and log.jsonl.
LONGEST_LIST = 25


class NoRecords(GraderError):
    """Nothing was graded yet."""


def report(chapter: str, out: Path | str) -> Path:
    """Write OUT/report/<chapter>.html from what was graded into `out`. Returns its path.

    Raises `NoRecords`, and `GradebookError` where the gradebook cannot be read.
    """
    out = Path(out)
    records = read_records(out, chapter)
    if not records:
        raise NoRecords(
            f"{out} has no records of {chapter!r}. Grade first: "
            f"python -m grader grade {chapter} --submitted FOLDER --out {out}"
        )
    if not has_gradebook(out):  # opened, it would be made
        raise GradebookError(
            f"{out} has records of {chapter!r} and no gradebook.db. Put it back, or grade into a new folder."
        )
    with open_gradebook(out) as book:
        records = as_they_stand(records, standings(book, chapter))
    path = out / "report" / f"{chapter}.html"
    write_text(path, report_page(chapter, records, given_code(chapter)))
    return path


def as_they_stand(records: Iterable[HandinRecord], standing: Mapping[str, Standing]) -> list[HandinRecord]:
    """The records with the points of the gradebook: a mark that a person gave counts. The verdicts stay."""
    found = []
    for record in records:
        points = standing[record.student].points if record.student in standing else {}
        done = (
            replace(each, points=points.get(each.exercise.replace(".", "-"), each.points)) for each in record.exercises
        )
        found.append(replace(record, exercises=tuple(done)))
    return found


def given_code(chapter: str) -> dict[str, list[str]]:
    """The code of each exercise that is nobody's own: the stub, the reference, and the right alternatives."""
    try:
        cells = read_chapter(chapter).cells
    except AuthorError:  # not a chapter of this course (any more)
        return {}
    stubs = {cell.metadata["exercise"]: cell.source for cell in cells if "exercise" in cell.metadata}
    return {exercise: [stub, filled(stub, chapter), *_alternatives(exercise)] for exercise, stub in stubs.items()}


def _alternatives(exercise: str) -> list[str]:
    question = find(exercise)
    return [] if question.kind == "quiz" else [inspect.getsource(each.code) for each in alternatives(question)]


def report_page(chapter: str, records: Sequence[HandinRecord], given: Mapping[str, Sequence[str]]) -> str:
    """The page, as HTML."""
    read = figures.readable(records)
    exercises = figures.exercise_figures(records)
    mistakes = figures.misconceptions(records)
    pairs, unknown = likeness.same_answers(read)
    alike = likeness.alike_code(read, given)
    max_points = sum(each.max_points for each in exercises)
    return environment().get_template("report.html.j2").render(
        chapter=chapter, n=len(records), n_read=len(read), exercises=exercises, outcomes=figures.OUTCOMES,
        max_points=max_points, scores=_scores(read), waiting=sum(e.points is None for r in read for e in r.exercises),
        charts=_charts(read, exercises, mistakes, max_points),
        mistakes=_by_exercise(mistakes), n_mistakes=len(mistakes), titles={e.exercise: e.title for e in exercises},
        unknown=_cut(unknown), alike=_cut(alike), same=_cut(pairs),
        n_pairs=len({frozenset(pair.students) for pair in [*alike, *pairs]}),
        cost=_cost(read), slowest=sorted(read, key=lambda r: (-r.cpu_seconds, r.student))[:10],
        repairs=figures.remarks((r.student, note) for r in records for note in r.notes),
        events=figures.remarks((r.student, event) for r in records for event in r.events),
        problems=_cut([(r.student, r.problem) for r in records if r.problem]),
        faults=_cut([(r.student, r.fault) for r in records if r.fault]),
        few=likeness.FEW, common=likeness.commonplace(len(read)),
    )  # fmt: skip


def _scores(records: Sequence[HandinRecord]) -> dict[str, float]:
    points = np.array([record.points for record in records])
    if not len(points):
        return {}
    return {"mean": float(points.mean()), "median": float(np.median(points)), "spread": float(points.std())}


def _charts(
    read: Sequence[HandinRecord],
    exercises: Sequence[figures.ExerciseFigures],
    mistakes: Sequence[figures.Misconception],
    max_points: float,
) -> dict[str, charts.Picture]:
    drawn: dict[str, charts.Picture] = {}
    if not read or not exercises:
        return drawn
    drawn["scores"] = charts.score_chart(np.array([record.points for record in read]), max_points)
    drawn["outcomes"] = charts.outcome_chart(exercises)
    drawn["items"] = charts.item_chart(exercises)
    if mistakes:
        drawn["mistakes"] = charts.misconception_chart(mistakes)
    drawn["time"] = charts.amount_chart(np.array([r.cpu_seconds for r in read]), "CPU time", "s")
    drawn["memory"] = charts.amount_chart(np.array([r.peak_memory / 2**20 for r in read]), "peak memory", "MiB")
    return drawn


def _by_exercise(mistakes: Sequence[figures.Misconception]) -> dict[str, list[figures.Misconception]]:
    found: defaultdict[str, list[figures.Misconception]] = defaultdict(list)
    for each in mistakes:
        found[each.exercise].append(each)
    return dict(found)


def _cost(read: Sequence[HandinRecord]) -> dict[str, float]:
    if not read:
        return {}
    seconds = np.array([record.cpu_seconds for record in read])
    return {
        "total": float(seconds.sum()),
        "median": float(np.median(seconds)),
        "most": float(seconds.max()),
        "memory": max(record.peak_memory for record in read) / 2**20,
    }


def _cut(items: Sequence[Any]) -> dict[str, Any]:
    """What is shown of a list, and how much more there is."""
    return {"shown": list(items[:LONGEST_LIST]), "total": len(items), "more": max(0, len(items) - LONGEST_LIST)}
