"""How one named part of an answer is compared with the reference's, and what share of the points it carries."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from recbook.answer import Opaque, Plain

Compare = Callable[[Plain, Plain, dict[str, Plain]], bool]


@dataclass(frozen=True)
class Part:
    """One named part of an answer.

    `same(mine, reference, all_reference_parts)` says whether a value is right; `share` is its weight among the
    parts of its question; `about` is what the part tells, in words for the student ("the predictions").
    A part of share 0 is context: recorded and shown, never judged.
    """

    same: Compare
    rule: str
    share: float = 1.0
    about: str = ""


def close(share: float = 1.0, about: str = "", rtol: float = 1e-3, atol: float = 1e-4) -> Part:
    """Numbers equal within a tolerance, in the same shape. NaN equals NaN; a scalar equals an array of one."""

    def same(mine: Plain, reference: Plain, _all: dict[str, Plain]) -> bool:
        got, want = as_numbers(mine), as_numbers(reference)
        if got is None or want is None or squeeze_scalar(got).shape != squeeze_scalar(want).shape:
            return False
        return bool(np.allclose(squeeze_scalar(got), squeeze_scalar(want), rtol=rtol, atol=atol, equal_nan=True))

    return Part(same, "close", share, about)


def near(rms: float, share: float = 1.0, about: str = "") -> Part:
    """Numbers of the same shape whose root mean square difference from the reference's is at most `rms`.

    For answers to which many right ways lead, such as the predictions of a model of the student's own: no single
    number has to agree, but all together must lie no farther from the reference's than this, in their own units.
    NaN agrees with NaN only.
    """

    def same(mine: Plain, reference: Plain, _all: dict[str, Plain]) -> bool:
        got, want = as_numbers(mine), as_numbers(reference)
        if got is None or want is None or got.shape != want.shape or (np.isnan(got) != np.isnan(want)).any():
            return False
        return rms_difference(got, want) <= rms

    return Part(same, "near", share, about)


def equal(share: float = 1.0, about: str = "") -> Part:
    """Exactly equal: strings, whole numbers, truth values, shapes, lists of these."""

    def same(mine: Plain, reference: Plain, _all: dict[str, Plain]) -> bool:
        return _equal(mine, reference)

    return Part(same, "equal", share, about)


def at_most(slack: float = 0.0, share: float = 1.0, about: str = "") -> Part:
    """A finite number no larger than the reference's plus `slack` (in the part's own units)."""
    return _bound(lambda mine, reference: mine <= reference + slack, "at most", share, about)


def at_least(slack: float = 0.0, share: float = 1.0, about: str = "") -> Part:
    """A finite number no smaller than the reference's minus `slack` (in the part's own units)."""
    return _bound(lambda mine, reference: mine >= reference - slack, "at least", share, about)


def same_set(share: float = 1.0, about: str = "") -> Part:
    """The same members, each once, in any order."""

    def same(mine: Plain, reference: Plain, _all: dict[str, Plain]) -> bool:
        got, want = as_list(mine), as_list(reference)
        if got is None or want is None or not all(isinstance(item, (str, int, float, bool)) for item in got):
            return False
        return sorted(map(repr, got)) == sorted(map(repr, want))

    return Part(same, "same set", share, about)


def same_order(ties: str, share: float = 1.0, about: str = "") -> Part:
    """The same order, where members of equal score may stand in any order.

    `ties` names another part of the answer, made by the question itself: a dictionary from member to score.
    """

    def same(mine: Plain, reference: Plain, everything: dict[str, Plain]) -> bool:
        got, want, score = as_list(mine), as_list(reference), everything.get(ties)
        if got is None or want is None or not isinstance(score, dict) or len(got) != len(want):
            return False
        if got == want:  # also two lists that are wrong in the same way, whose members have no score
            return True
        if len(set(map(str, got))) != len(got) or any(str(item) not in score for item in got + want):
            return False
        return all(
            np.isclose(score[str(a)], score[str(b)], rtol=1e-6, atol=1e-9) for a, b in zip(got, want, strict=True)
        )

    return Part(same, "same order", share, about)


def context(about: str = "") -> Part:
    """Not judged: kept so that other parts and the feedback can use it."""
    return Part(lambda mine, reference, everything: True, "context", 0.0, about)


def _bound(within: Callable[[float, float], bool], rule: str, share: float, about: str) -> Part:
    def same(mine: Plain, reference: Plain, _all: dict[str, Plain]) -> bool:
        got, want = as_numbers(mine), as_numbers(reference)
        if got is None or want is None or got.size != 1 or want.size != 1 or not np.isfinite(got).all():
            return False
        return bool(within(float(got.reshape(())), float(want.reshape(()))))

    return Part(same, rule, share, about)


def as_numbers(value: Plain) -> np.ndarray | None:
    """The value as a float64 array, or None where it is not numbers in a rectangular shape."""
    if value is None or isinstance(value, (str, dict, Opaque)):
        return None
    try:
        return np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        return None


def as_list(value: Plain) -> list | None:
    """The value as a flat list, or None where it is not a sequence."""
    if isinstance(value, np.ndarray):
        return value.tolist() if value.ndim == 1 else None
    return value if isinstance(value, list) else None


def rms_difference(a: np.ndarray, b: np.ndarray) -> float:
    """The root of the mean of the squared differences, over the places where both are numbers; 0 if there are none."""
    both = ~(np.isnan(a) | np.isnan(b))
    return float(np.sqrt(np.mean((a[both] - b[both]) ** 2))) if both.any() else 0.0


def squeeze_scalar(numbers: np.ndarray) -> np.ndarray:
    """An array of one element as a scalar array: `loss` and `loss.reshape(1)` are the same number."""
    return numbers.reshape(()) if numbers.size == 1 and numbers.ndim <= 1 else numbers


def _equal(mine: Plain, reference: Plain) -> bool:
    if isinstance(mine, Opaque) or isinstance(reference, Opaque):
        return False
    if isinstance(mine, dict) or isinstance(reference, dict):
        both = isinstance(mine, dict) and isinstance(reference, dict)
        return both and mine.keys() == reference.keys() and all(_equal(mine[k], reference[k]) for k in mine)
    if isinstance(mine, str) or isinstance(reference, str):
        return isinstance(mine, str) and isinstance(reference, str) and mine == reference
    if mine is None or reference is None:
        return mine is None and reference is None
    if isinstance(mine, list) and isinstance(reference, list):
        return len(mine) == len(reference) and all(map(_equal, mine, reference))
    got, want = as_numbers(mine), as_numbers(reference)
    if got is None or want is None:
        return False
    got, want = squeeze_scalar(got), squeeze_scalar(want)
    return got.shape == want.shape and bool(np.array_equal(got, want, equal_nan=True))
