"""A small question for tests of the engine: add up the numbers that are not NaN."""

import numpy as np

from recbook.parts import close, equal
from recbook.question import question


def _cases(rng):
    numbers = rng.integers(1, 9, 6).astype(float)
    numbers[2] = np.nan
    return [{"numbers": numbers}, {"numbers": rng.integers(1, 9, 4).astype(float)}]


@question(
    "toy.total",
    title="Total",
    objective="Add up.",
    points=3,
    needs=["total"],
    cases=_cases,
    parts={"total": close(share=2, about="the total"), "is_float": equal(about="whether it is a float")},
    hints=["?", "→", "!"],
    seconds=0.3,
)
def toy(code, case):
    result = code.total(case["numbers"])
    yield "total", result
    yield "is_float", isinstance(result, float)


def reference(numbers):
    return float(np.nansum(numbers))


def plain_sum(numbers):
    return float(np.sum(numbers))


def mean(numbers):
    return float(np.nanmean(numbers))
