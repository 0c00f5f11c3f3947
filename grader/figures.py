"""The numbers of the report: how hard each exercise was, what it tells apart, and which mistakes were how common."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from grader.likeness import is_unfilled
from grader.records import ExerciseRecord, HandinRecord
from recbook.errors import UnknownExercise
from recbook.questions import find

#: What can come of an exercise, in the order of the charts.
OUTCOMES = (
    "right", "known mistake", "other wrong answer", "error", "out of time", "left empty", "waits for a person",
    "read by a person",
)  # fmt: skip
_RIGHT, _KNOWN, _OTHER, _ERROR, _TIMEOUT, _EMPTY, _WAITS, _READ = OUTCOMES


@dataclass(frozen=True)
class ExerciseFigures:
    """One exercise over the class. What cannot be computed is NaN."""

    exercise: str
    title: str
    max_points: float
    #: Hand-ins that have points in it, and the mean share of its points that they got.
    n: int
    mean_share: float
    #: The correlation of its points with the points of all other exercises together.
    discrimination: float
    outcomes: dict[str, int]
    mean_seconds: float
    max_seconds: float

    @property
    def waiting(self) -> int:
        """The answers that a person has still to give points for."""
        return self.outcomes[_WAITS]

    @property
    def remark(self) -> str:
        """What an instructor may want to look at; "" when nothing stands out, or not all have points yet."""
        if self.n < 10 or self.waiting:
            return ""
        if self.discrimination < 0:
            return "Those who are good at the rest do worse here: is the question clear?"
        if self.mean_share < 0.15:
            return "Hardly anybody solves it."
        if self.mean_share > 0.97:
            return "Nearly everybody solves it."
        if self.discrimination < 0.1:
            return "Says little about the rest."
        return ""


@dataclass(frozen=True)
class Misconception:
    """One known mistake: in how many hand-ins it was recognised."""

    exercise: str
    name: str
    hint: str
    count: int
    share: float

    @property
    def words(self) -> str:
        """The name as words: `CountsUsers` and `counts_users` -> "counts users"."""
        return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", self.name).replace("_", " ").strip().lower()


@dataclass(frozen=True)
class Remark:
    """A kind of note or event: in how many hand-ins, in whose, and one of them in full."""

    #: What all have in common: the whole text where all say the same.
    kind: str
    count: int
    students: tuple[str, ...]
    example: str

    @property
    def detail(self) -> str:
        """What the example says beyond the kind; "" when nothing."""
        if self.example == self.kind:
            return ""
        return self.example.removeprefix(self.kind.removesuffix("…")).strip() or self.example


def readable(records: Iterable[HandinRecord]) -> list[HandinRecord]:
    """The hand-ins that could be read and graded; only they say something about an exercise."""
    return [record for record in records if not record.problem and not record.fault]


def exercise_order(records: Iterable[HandinRecord]) -> list[str]:
    """The ids of all exercises, in the order of the chapter."""
    longest = sorted(records, key=lambda record: -len(record.exercises))
    return list(dict.fromkeys(each.exercise for record in longest for each in record.exercises))


def points_table(records: Sequence[HandinRecord], exercises: Sequence[str]) -> np.ndarray:
    """Points, a row a hand-in and a column an exercise; NaN where there are none yet."""
    column = {exercise: index for index, exercise in enumerate(exercises)}
    points = np.full((len(records), len(exercises)), np.nan)
    for row, record in enumerate(records):
        for each in record.exercises:
            if each.points is not None:
                points[row, column[each.exercise]] = each.points
    return points


def mean_shares(points: np.ndarray, max_points: np.ndarray) -> np.ndarray:
    """The mean share of the points of each exercise: 0 where nobody got any, 1 where everybody got all."""
    shares = points / np.where(max_points > 0, max_points, np.nan)
    n = (~np.isnan(shares)).sum(axis=0)
    return np.where(n > 0, np.nansum(shares, axis=0) / np.maximum(n, 1), np.nan)


def discriminations(points: np.ndarray) -> np.ndarray:
    """The corrected item-total correlation of each exercise: with the sum of all *other* exercises.

    NaN where there are fewer than three hand-ins, or all have the same points.
    """
    total = np.nansum(points, axis=1)
    return np.array([_correlation(item, total - np.nan_to_num(item)) for item in points.T])


def _correlation(item: np.ndarray, rest: np.ndarray) -> float:
    given = ~np.isnan(item)
    item, rest = item[given], rest[given]
    if len(item) < 3:
        return math.nan
    item, rest = item - item.mean(), rest - rest.mean()
    lengths = np.linalg.norm(item), np.linalg.norm(rest)
    if min(lengths) < 1e-9:
        return math.nan
    return float(np.clip(item @ rest / (lengths[0] * lengths[1]), -1, 1))


def outcome(each: ExerciseRecord) -> str:
    """What came of an exercise, in the words of `OUTCOMES`."""
    if each.points is None:
        return _WAITS
    if each.verdict == "manual":
        return _EMPTY if each.points == 0 and each.hint else _READ
    if each.verdict == "right":
        return _RIGHT
    if each.untouched or is_unfilled(each):
        return _EMPTY
    if each.verdict == "wrong":
        return _KNOWN if each.mistake else _OTHER
    return _TIMEOUT if each.verdict == "timeout" else _ERROR


def exercise_figures(records: Sequence[HandinRecord]) -> list[ExerciseFigures]:
    """The numbers of every exercise, in the order of the chapter, over the hand-ins that could be read."""
    records = readable(records)
    exercises = exercise_order(records)
    by_exercise: defaultdict[str, list[ExerciseRecord]] = defaultdict(list)
    for record in records:
        for each in record.exercises:
            by_exercise[each.exercise].append(each)
    points = points_table(records, exercises)
    max_points = np.array([max(each.max_points for each in by_exercise[id]) for id in exercises])
    columns = zip(exercises, points.T, mean_shares(points, max_points), discriminations(points), strict=True)
    figures = []
    for (id, given, mean, discrimination), most in zip(columns, max_points, strict=True):
        counted = Counter(map(outcome, by_exercise[id]))
        n = int((~np.isnan(given)).sum())
        if counted[_WAITS] and counted[_EMPTY] == n:  # as long as nobody has read any, only the empty ones have points
            mean = math.nan
        seconds = np.array([each.cpu_seconds for each in by_exercise[id]])
        figures.append(ExerciseFigures(
            id, title_of(id), float(most), n, float(mean), float(discrimination),
            {name: counted[name] for name in OUTCOMES}, float(seconds.mean()), float(seconds.max()),
        ))  # fmt: skip
    return figures


def title_of(exercise: str) -> str:
    """The title of an exercise; its id where it is not in the catalogue (any more)."""
    try:
        return find(exercise).title
    except UnknownExercise:
        return exercise


def misconceptions(records: Sequence[HandinRecord]) -> list[Misconception]:
    """The known mistakes that were made: in the order of the exercises, the common ones first.

    The defect of a bug hunt that nobody touched was made by us: it is none of them.
    """
    records = readable(records)
    made = [each for record in records for each in record.exercises if each.mistake and not each.untouched]
    counted = Counter((each.exercise, each.mistake) for each in made)
    hints = {(each.exercise, each.mistake): each.hint for each in made}
    place = {exercise: index for index, exercise in enumerate(exercise_order(records))}
    found = [Misconception(*key, hints[key], count, count / len(records)) for key, count in counted.items()]
    return sorted(found, key=lambda each: (place[each.exercise], -each.count, each.name))


def remarks(texts: Iterable[tuple[str, str]]) -> list[Remark]:
    """(student, text) grouped by what the texts have in common, the commonest first."""
    kinds: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)
    for student, text in texts:
        kinds[_kind(text)].append((student, text))
    found = []
    for kind, members in kinds.items():
        students = tuple(dict.fromkeys(student for student, _ in members))
        example = members[0][1]
        say_the_same = all(text == example for _, text in members)
        found.append(Remark(example if say_the_same else kind, len(students), students, example))
    return sorted(found, key=lambda each: (-each.count, each.kind))


def _kind(text: str) -> str:
    """A text with "…" for what differs from hand-in to hand-in: names, numbers, and a list after a colon."""
    first = (text.strip().splitlines() or [""])[0]
    bare = re.sub(r"^[\w.-]+: ", "", re.sub(r"'[^']*'|`[^`]*`", "…", first))
    said, colon, _ = bare.partition(": ")
    return re.sub(r"\d+(\.\d+)?", "…", said)[:160] + (": …" if colon else "")
