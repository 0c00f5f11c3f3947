"""Records as `grade` would write them, made from a simulated class without grading it."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterable

from grader.handins import read_cells
from grader.implementations import mistakes
from grader.records import ExerciseRecord, HandinRecord
from grader.simulate import Simulated
from recbook.question import Essay, Exercise
from recbook.questions import of_chapter

NOT_FILLED_IN = "Not filled in yet: replace the `raise NotImplementedError()` by your code."


def records_of(simulated: Iterable[Simulated], chapter: str) -> list[HandinRecord]:
    """What would come of a simulated class. A known mistake earns a third of the points."""
    return [_record(each, chapter) for each in simulated]


def _record(each: Simulated, chapter: str) -> HandinRecord:
    rng = random.Random(each.student)
    exercises = of_chapter(chapter)
    if not each.readable:
        nothing = tuple(ExerciseRecord(e.id, 0.0, e.points, "error") for e in exercises)
        return HandinRecord(each.student, chapter, nothing, problem="The file is empty.")
    codes = {cell.grade_id: cell.source for cell in read_cells(each.path.read_bytes())}
    done = tuple(_exercise(each, exercise, codes.get(f"{exercise.grade_id}-code", ""), rng) for exercise in exercises)
    events = ("autoencoder.training_step: the limit of 8.0 s of CPU time was hit.",) if each.kind == "hostile" else ()
    notes = ("The notebook is called 'Copy.ipynb': taken as autoencoder.ipynb.",) if each.what == "renamed" else ()
    return HandinRecord(
        each.student, chapter, done, notes=notes, events=events, wall_seconds=rng.uniform(1, 3),
        cpu_seconds=rng.uniform(0.8, 2.5), peak_memory=rng.randrange(300, 500) << 20,
    )  # fmt: skip


def _exercise(each: Simulated, exercise: Exercise, code: str, rng: random.Random) -> ExerciseRecord:
    points, seconds = exercise.points, rng.expovariate(20)
    if isinstance(exercise, Essay):
        return ExerciseRecord(exercise.id, None, points, "manual")
    digest = hashlib.sha256(repr((exercise.id, sorted(each.mistakes.items()))).encode()).hexdigest()
    if exercise.id in each.right:
        return ExerciseRecord(exercise.id, points, points, "right", code=code, answer_digest="r", cpu_seconds=seconds)
    untouched = exercise.kind == "bug hunt" and exercise.id in each.wrong and exercise.id not in each.mistakes
    if name := each.mistakes.get(exercise.id, exercise.defect if untouched else ""):
        hint = next(mistake.hint for mistake in mistakes(exercise) if mistake.name == name)
        given = 0.0 if untouched else round(points / 3, 2)
        return ExerciseRecord(
            exercise.id, given, points, "wrong", name, hint, code, name, seconds, untouched=untouched
        )  # fmt: skip
    if "NotImplementedError" in code:
        return ExerciseRecord(
            exercise.id, 0.0, points, "wrong", "", NOT_FILLED_IN, code, "n", seconds, untouched=True
        )  # fmt: skip
    hint = "Your result is 1.5 times what was expected."
    return ExerciseRecord(exercise.id, 0.0, points, "wrong", "", hint, code, digest, seconds)
