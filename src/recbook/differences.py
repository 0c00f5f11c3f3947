"""Say in words how a wrong value differs from the right one, without giving the code away."""

from __future__ import annotations

import numpy as np

from recbook.answer import Opaque, Plain
from recbook.parts import Part, as_list, as_numbers, rms_difference, squeeze_scalar


def describe(mine: Plain, reference: Plain, part: Part) -> str:
    """One sentence on how `mine` differs from `reference`, for a part that is not right."""
    what = part.about or "the value"
    if isinstance(mine, Opaque):
        return f"{what}: got an object of type {mine.type_name}, which is neither numbers nor text"
    if mine is None:
        return f"{what}: got None"
    if part.rule in ("at most", "at least"):
        return _describe_bound(mine, reference, part, what)
    if part.rule in ("same set", "same order"):
        return _describe_members(mine, reference, part, what)
    if part.rule == "near":
        return _describe_near(mine, reference, what)
    if isinstance(reference, (bool, str, dict)) or reference is None:
        return f"{what}: got {_short(mine)}, expected {_short(reference)}"
    if as_list(reference) is not None and as_numbers(reference) is None:
        return _describe_list(mine, reference, what)
    return _describe_numbers(mine, reference, what)


def _describe_bound(mine: Plain, reference: Plain, part: Part, what: str) -> str:
    got, want = as_numbers(mine), as_numbers(reference)
    if got is None or got.size != 1:
        return f"{what}: got {_short(mine)}, expected one number"
    if not np.isfinite(got).all():
        return f"{what}: got {float(got.reshape(())):g}, expected a finite number"
    where = "too large" if part.rule == "at most" else "too small"
    return f"{what}: {float(got.reshape(())):.4g} is {where} (the reference reaches {float(want.reshape(())):.4g})"


def _describe_near(mine: Plain, reference: Plain, what: str) -> str:
    got, want = as_numbers(mine), as_numbers(reference)
    if got is None:
        return f"{what}: got {_short(mine)}, expected numbers"
    if got.shape != want.shape:
        return f"{what}: {_describe_shapes(got.shape, want.shape)}"
    if not np.isfinite(got).all():
        return f"{what}: {int((~np.isfinite(got)).sum())} of {got.size} values are missing or infinite"
    return f"{what}: too far from the reference's, by {rms_difference(got, want):.2g} (root mean square)"


def _describe_members(mine: Plain, reference: Plain, part: Part, what: str) -> str:
    got, want = as_list(mine), as_list(reference)
    if got is None:
        return f"{what}: got {_short(mine)}, expected a flat list"
    if len(got) != len(want):
        return f"{what}: has {len(got)} entries, expected {len(want)}"
    if order := _other_order(got, want):
        return f"{what}: {order}"
    extra = next((item for item in got if item not in want), None)
    return f"{what}: {_short(extra)} should not be in it" if extra is not None else f"{what}: an entry stands twice"


def _other_order(got: list, want: list) -> str:
    """How the order differs, where the entries are the same; else ""."""
    if sorted(map(repr, got)) != sorted(map(repr, want)):
        return ""
    return "the order is reversed" if got == want[::-1] else "the right entries in another order"


def _describe_list(mine: Plain, reference: list, what: str) -> str:
    got = as_list(mine)
    if got is None:
        return f"{what}: got {_short(mine)}, expected a list of {len(reference)}"
    if len(got) != len(reference):
        return f"{what}: has {len(got)} entries, expected {len(reference)}"
    if order := _other_order(got, reference):
        return f"{what}: {order}"
    first = next((i for i, (a, b) in enumerate(zip(got, reference, strict=True)) if a != b), 0)
    return f"{what}: entry {first} is {_short(got[first])}, expected {_short(reference[first])}"


def _describe_numbers(mine: Plain, reference: Plain, what: str) -> str:
    got, want = as_numbers(mine), as_numbers(reference)
    if got is None:
        return f"{what}: got {_short(mine)}, expected numbers"
    shapes = got.shape, want.shape
    got, want = squeeze_scalar(got), squeeze_scalar(want)
    if got.shape != want.shape:
        return f"{what}: {_describe_shapes(*shapes)}"
    for test in (_nan, _infinite, _transposed, _reversed, _reordered, _sign, _offset, _factor):
        if found := test(got, want):
            return f"{what}: {found}"
    return f"{what}: {_elements(got, want)}"


def _describe_shapes(got: tuple[int, ...], want: tuple[int, ...]) -> str:
    text = f"the shape is {_shape(got)}, expected {_shape(want)}"
    if len(got) > 1 and got == want[::-1]:
        return text + ": rows and columns are swapped"
    if np.prod(got) == np.prod(want):
        return text + ": the same number of values, laid out differently"
    return text


def _shape(shape: tuple[int, ...]) -> str:
    return "a single number" if shape == () else str(shape).replace(",)", ")")


def _nan(got: np.ndarray, want: np.ndarray) -> str:
    extra = int((np.isnan(got) & ~np.isnan(want)).sum())
    lost = int((np.isnan(want) & ~np.isnan(got)).sum())
    if extra:
        return "it is NaN" if got.size == 1 else f"{extra} of {got.size} values are NaN where a number is expected"
    if lost:
        return f"{lost} of {got.size} values are numbers where NaN (not observed) is expected"
    return ""


def _infinite(got: np.ndarray, want: np.ndarray) -> str:
    wrong = int((np.isinf(got) != np.isinf(want)).sum())
    return f"{wrong} of {got.size} values are infinite where they should not be, or the reverse" if wrong else ""


def _same(a: np.ndarray, b: np.ndarray) -> bool:
    return a.shape == b.shape and bool(np.allclose(a, b, rtol=1e-3, atol=1e-4, equal_nan=True))


def _transposed(got: np.ndarray, want: np.ndarray) -> str:
    return "the matrix is transposed" if got.ndim == 2 and _same(got.T, want) else ""


def _reversed(got: np.ndarray, want: np.ndarray) -> str:
    return "the order is reversed" if got.ndim == 1 and got.size > 1 and _same(got[::-1], want) else ""


def _reordered(got: np.ndarray, want: np.ndarray) -> str:
    same = got.ndim == 1 and got.size > 2 and _same(np.sort(got), np.sort(want)) and not _same(got, want)
    return "the right numbers in another order" if same else ""


def _sign(got: np.ndarray, want: np.ndarray) -> str:
    return "the sign is the wrong way round" if _same(-got, want) and not _same(got, want) else ""


def _finite(got: np.ndarray, want: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    both = np.isfinite(got) & np.isfinite(want)
    return got[both], want[both]


def _offset(got: np.ndarray, want: np.ndarray) -> str:
    a, b = _finite(got, want)
    if a.size < 2:
        return ""
    difference = a - b
    if np.ptp(difference) < 1e-4 + 1e-3 * abs(difference[0]) and abs(difference[0]) > 1e-4:
        return f"every value is off by the same amount, {difference[0]:+.4g}"
    return ""


def _factor(got: np.ndarray, want: np.ndarray) -> str:
    a, b = _finite(got, want)
    keep = np.abs(b) > 1e-6
    if not keep.any() or (got.size == 1 and abs(a.item()) < 1e-9) or np.abs(a[~keep]).max(initial=0) > 1e-6:
        return ""
    ratio = a[keep] / b[keep]
    if got.size == 1 and _whole(got) and _whole(want) and not _whole(ratio):
        return ""  # a sixth of a position or of a count: the two numbers say more
    if got.size == 1 and min(abs(ratio[0] - round(ratio[0])), abs(1 / ratio[0] - round(1 / ratio[0]))) > 1e-3:
        return ""  # of a single number, a crooked factor says nothing
    if abs(ratio[0]) > 1e-9 and np.ptp(ratio) < 1e-3 * abs(ratio[0]) and abs(ratio[0] - 1) > 1e-3:
        subject = "it is" if got.size == 1 else "every value is"
        return f"{subject} {ratio[0]:.4g} times what it should be"
    return ""


def _whole(values: np.ndarray) -> bool:
    return bool((values == np.round(values)).all())


def _elements(got: np.ndarray, want: np.ndarray) -> str:
    if got.size == 1:
        return f"got {float(got.reshape(())):.6g}, expected {float(want.reshape(())):.6g}"
    wrong = ~np.isclose(got, want, rtol=1e-3, atol=1e-4, equal_nan=True)
    if not wrong.any():  # compared more strictly than this description does
        wrong = got != want
    count = int(wrong.sum())
    worst = np.unravel_index(np.argmax(np.where(wrong, np.abs(np.nan_to_num(got - want)), -1)), got.shape)
    at = worst[0] if len(worst) == 1 else tuple(int(i) for i in worst)
    number = "one value of" if count == 1 else f"{count} of"
    return f"{number} {got.size} differ{'s' * (count == 1)}; at {at} got {got[worst]:.6g}, expected {want[worst]:.6g}"


def _short(value: Plain) -> str:
    text = repr(value.tolist() if isinstance(value, np.ndarray) else value)
    return text if len(text) <= 60 else text[:57] + "..."
