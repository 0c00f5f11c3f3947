"""Hand-ins that are suspiciously alike: reasons for a person to look, never a verdict.

Two traces are followed. Code: what two students share that is neither given, nor in the reference, nor common in the
class (the fingerprints of Winnowing, by copydetect, which do not depend on names, comments or layout). And answers:
wrong ones that no known mistake explains, equal to the last digit.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import combinations

import numpy as np
from scipy import sparse

from grader.records import ExerciseRecord, HandinRecord

#: What more hand-ins than this have in common, and more than this share of the class, is no sign of copying.
COMMON, COMMON_SHARE = 10, 0.1
#: Two hand-ins are alike when they share this much of what is their own, nearly all of it in so many exercises.
ALIKE, NEARLY_ALL, EXERCISES_ALIKE = 0.6, 0.9, 3
#: Shorter code has no face: a line or two that anybody would write so.
FEWEST_FINGERPRINTS = 15
#: The answers of more hand-ins than this are an unknown misconception; of fewer, a reason to look at who shares them.
FEW = 4
MOST_PAIRS = 500
_LENGTH = 12
#: How copydetect writes a docstring: an S for the text, without the quotes of other texts.
_DOCSTRING = re.compile(r":S(?!\")")
_LONGEST_CODE = 20_000


@dataclass(frozen=True)
class AlikeCode:
    """Two hand-ins with nearly the same code of their own; `share` of the smaller one's, and where."""

    students: tuple[str, str]
    share: float
    exercises: tuple[str, ...]
    #: The two cells of the exercise that shows most, as they were handed in.
    shown: str
    code: tuple[str, str]


@dataclass(frozen=True)
class SameAnswers:
    """Two hand-ins whose wrong answers, which no known mistake explains, are equal."""

    students: tuple[str, str]
    exercises: tuple[str, ...]


@dataclass(frozen=True)
class UnknownMistake:
    """A wrong answer that no known mistake explains and that several hand-ins share: worth a hint of its own."""

    exercise: str
    students: tuple[str, ...]
    code: str


def commonplace(n_handins: int) -> int:
    """In how many hand-ins something may stand and still be a trace."""
    return max(COMMON, int(COMMON_SHARE * n_handins))


# --- Code ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Fingerprints:
    """Which hand-in (row) has which fingerprint of its own (column); `exercise` is the exercise of each column."""

    has: sparse.csr_array
    exercise: np.ndarray

    def per_exercise(self, columns: np.ndarray, n_exercises: int) -> np.ndarray:
        return np.bincount(self.exercise[columns], minlength=n_exercises)

    def of(self, row: int) -> np.ndarray:
        return self.has.indices[self.has.indptr[row] : self.has.indptr[row + 1]]


def alike_code(records: Sequence[HandinRecord], given: Mapping[str, Iterable[str]]) -> list[AlikeCode]:
    """Pairs of hand-ins whose own code is alike, the most alike first.

    `given` maps an exercise to code that is nobody's own: its stub, its reference.
    """
    codes = [_codes(record) for record in records]
    exercises = sorted({exercise for code in codes for exercise in code})
    own = _own_fingerprints(codes, exercises, given)
    if own is None:
        return []
    shared = sparse.triu(own.has @ own.has.T, k=1).tocoo()
    sizes = np.diff(own.has.indptr)
    smaller = np.minimum(sizes[shared.row], sizes[shared.col])
    candidates = np.flatnonzero((shared.data >= ALIKE * smaller) & (smaller >= FEWEST_FINGERPRINTS))
    most = candidates[np.argsort(-shared.data[candidates], kind="stable")][:MOST_PAIRS]
    found = []
    for first, second, share in zip(shared.row[most], shared.col[most], (shared.data / smaller)[most], strict=True):
        pair = own.of(first), own.of(second)
        n_both = own.per_exercise(np.intersect1d(*pair, assume_unique=True), len(exercises))
        n_larger = np.maximum(*(own.per_exercise(columns, len(exercises)) for columns in pair))
        alike = np.flatnonzero((n_both >= NEARLY_ALL * n_larger) & (n_both >= FEWEST_FINGERPRINTS))
        if len(alike) >= min(EXERCISES_ALIKE, len(exercises)):
            shown = exercises[alike[np.argmax(n_both[alike])]]
            found.append(AlikeCode(
                (records[first].student, records[second].student), float(share),
                tuple(exercises[index] for index in alike), shown, (codes[first][shown], codes[second][shown]),
            ))  # fmt: skip
    return sorted(found, key=lambda pair: (-pair.share * len(pair.exercises), pair.students))


def _codes(record: HandinRecord) -> dict[str, str]:
    return {each.exercise: each.code[:_LONGEST_CODE] for each in record.exercises if each.code.strip()}


def _own_fingerprints(
    codes: Sequence[Mapping[str, str]], exercises: Sequence[str], given: Mapping[str, Iterable[str]]
) -> _Fingerprints | None:
    """What is neither given nor common; None when nobody has anything of their own."""
    rows, columns = [], []
    for number, exercise in enumerate(exercises):
        known = [fingerprints(code) for code in given.get(exercise, ())]
        foreign = np.unique(np.concatenate(known)) if known else np.array([], dtype=np.int64)
        for row, code in enumerate(codes):
            if exercise in code:
                mine = np.setdiff1d(fingerprints(code[exercise]), foreign, assume_unique=True)
                rows.append(np.full(len(mine), row))
                columns.append(np.stack([np.full(len(mine), number), mine], axis=1))
    if not rows or not sum(map(len, rows)):
        return None
    names, column = np.unique(np.concatenate(columns), axis=0, return_inverse=True)
    row, column = np.concatenate(rows), column.ravel()
    is_rare = np.bincount(column) <= commonplace(len(codes))
    has = sparse.csr_array((np.ones(len(row), dtype=np.int64), (row, column)), shape=(len(codes), len(names)))
    return _Fingerprints(has[:, is_rare], names[is_rare, 0])


@cache
def fingerprints(code: str) -> np.ndarray:
    """The distinct fingerprints of a piece of code, sorted. Names, texts, comments and layout do not count."""
    from copydetect.utils import filter_code, hashed_kgrams, winnow

    text, _ = filter_code(code, "cell.py", "python")
    text = _DOCSTRING.sub(":", text)
    if len(text) < _LENGTH:
        return np.array([], dtype=np.int64)
    hashes, _ = winnow(hashed_kgrams(text, _LENGTH), window_size=1)  # all: cells are short
    return hashes


# --- Answers -------------------------------------------------------------------------------------------------------


def same_answers(records: Sequence[HandinRecord]) -> tuple[list[SameAnswers], list[UnknownMistake]]:
    """Pairs with equal wrong answers that nothing explains, most exercises first; and those that many share."""
    groups: defaultdict[tuple[str, str], list[tuple[HandinRecord, ExerciseRecord]]] = defaultdict(list)
    for record in records:
        for each in record.exercises:
            if _is_unexplained(each):
                groups[each.exercise, each.answer_digest].append((record, each))
    pairs: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    unknown = []
    for (exercise, _), group in groups.items():
        if 2 <= len(group) <= FEW:
            for (first, _), (second, _) in combinations(group, 2):
                pairs[first.student, second.student].append(exercise)
        elif len(group) > FEW:
            students = tuple(record.student for record, _ in group)
            unknown.append(UnknownMistake(exercise, students, group[0][1].code[:_LONGEST_CODE]))
    found = [SameAnswers(students, tuple(exercises)) for students, exercises in pairs.items()]
    return (
        sorted(found, key=lambda pair: (-len(pair.exercises), pair.students)),
        sorted(unknown, key=lambda each: (-len(each.students), each.exercise)),
    )


def _is_unexplained(each: ExerciseRecord) -> bool:
    """A real answer, wrong, and not a known mistake's. (What was not filled in is the same for everybody.)"""
    return each.verdict == "wrong" and not each.mistake and bool(each.answer_digest) and not is_unfilled(each)


def is_unfilled(each: ExerciseRecord) -> bool:
    """True for a stub that was left as it is."""
    return each.verdict == "wrong" and each.hint.startswith("Not filled in yet")
