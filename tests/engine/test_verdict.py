"""Verdicts: right, recognised mistakes, and differences in words."""

from dataclasses import replace

import numpy as np
import pytest
from engine.toy import mean, plain_sum, reference, toy
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from recbook.answer import Opaque
from recbook.asking import ask
from recbook.differences import describe
from recbook.parts import at_least, at_most, close, equal, near, same_order, same_set
from recbook.verdict import KnownMistake, judge


def answer_of(function):
    return ask(toy, {"total": function})


RIGHT = answer_of(reference)
KNOWN = (
    KnownMistake("plain_sum", "NaN is not a number: leave it out.", answer_of(plain_sum)),
    KnownMistake("mean", "A total is not a mean.", answer_of(mean)),
)


def verdict_of(function):
    return judge(toy, answer_of(function), RIGHT, KNOWN)


def test_the_reference_is_right():
    verdict = verdict_of(lambda numbers: sum(n for n in numbers if n == n) + 0.0)
    assert (verdict.verdict, verdict.points, verdict.hint) == ("right", 3, "")


def test_a_known_mistake_gets_its_own_hint_and_the_points_of_its_right_parts():
    verdict = verdict_of(plain_sum)
    assert (verdict.verdict, verdict.mistake, verdict.hint) == ("wrong", "plain_sum", KNOWN[0].hint)
    assert verdict.points == 1  # it is a float


def test_a_mistake_beside_another_one_is_still_recognised():
    verdict = verdict_of(lambda numbers: np.array([np.nanmean(numbers)]))  # a mean, and no float
    assert verdict.mistake == "mean"
    assert verdict.points == 0


@pytest.mark.parametrize(
    ("function", "word", "says"),
    [
        (lambda numbers: 1 / 0, "error", "ZeroDivisionError"),
        (lambda numbers: None, "error", "returned None"),
        (lambda numbers: exit(), "error", "exit()"),
        (lambda numbers: [][3], "error", "IndexError"),
        (lambda numbers: 2 * reference(numbers), "wrong", "2 times"),
        (lambda numbers: "7", "wrong", "'7'"),
        (lambda numbers: float("nan"), "wrong", "NaN"),
        (lambda numbers: np.zeros((2, 2)), "wrong", "shape"),
    ],
)
def test_what_a_wrong_answer_is_told(function, word, says):
    verdict = verdict_of(function)
    assert verdict.verdict == word
    assert says in verdict.hint


def test_a_stub_is_told_kindly():
    def stub(numbers):
        raise NotImplementedError

    verdict = verdict_of(stub)
    assert (verdict.verdict, verdict.points) == ("wrong", 0)
    assert "Not filled in" in verdict.hint


def test_a_not_implemented_error_from_elsewhere_is_no_untouched_stub():
    def total(numbers):
        raise NotImplementedError("this layer has no forward")

    assert "no forward" in verdict_of(total).hint


def test_a_result_of_another_form_is_said_so():
    def unpacks(code, case):
        first, second = code.total(case["numbers"])
        yield "total", first + second

    verdict = judge(toy, ask(replace(toy, ask=unpacks), {"total": lambda numbers: (1, 2, 3)}), RIGHT)
    assert verdict.verdict == "error"
    assert "another form" in verdict.hint


def test_an_early_error_is_not_taken_for_a_mistake_that_fails_later():
    def in_two_steps(code, case):
        yield "total", code.total(case["numbers"])
        yield "is_float", code.total(None)

    def asked(on_numbers, on_none):
        return ask(
            replace(toy, ask=in_two_steps), {"total": lambda given: on_none() if given is None else on_numbers(given)}
        )

    def fails(*_):
        raise RuntimeError("it does not work")

    right, late, early = asked(reference, lambda: True), asked(reference, fails), asked(fails, fails)
    known = (KnownMistake("late", "The total is right, but nothing is not handled.", late),)
    assert judge(toy, late, right, known).mistake == "late"
    assert judge(toy, early, right, known).mistake == ""


def test_a_bug_hunt_pays_for_repairs_only():
    hunt = replace(toy, kind="bug hunt", defect="plain_sum")

    def points(function):
        return judge(hunt, answer_of(function), RIGHT, KNOWN).points

    assert points(plain_sum) == 0  # it is a float, but it was one before
    assert points(reference) == 3
    assert points(lambda numbers: np.array([reference(numbers)])) == 1.5  # repaired, but no float any more


def test_no_evidence_no_points():
    assert judge(toy, None, RIGHT).points == 0
    assert judge(toy, ask(toy, {}), RIGHT).points == 0
    assert judge(toy, replace(RIGHT, cases=RIGHT.cases[:1]), RIGHT).points == 0
    assert judge(toy, replace(RIGHT, cases=()), RIGHT).points == 0


def test_an_endless_loop_is_a_timeout():
    def total(numbers):
        while True:
            pass

    verdict = verdict_of(total)
    assert verdict.verdict == "timeout"
    assert "loop" in verdict.hint


# --- How parts compare -----------------------------------------------------------------------------------------------


@given(hnp.arrays(np.float64, hnp.array_shapes(max_dims=2, max_side=4), elements=st.floats(-1e3, 1e3)))
def test_close_accepts_itself_in_other_types_and_refuses_a_change(array):
    part = close()
    assert part.same(array.astype(np.float32), array, {})
    assert part.same(array.tolist(), array, {})
    assert not part.same(array + 1 + np.abs(array), array, {})
    assert not part.same(np.append(array.ravel(), 0), array, {})


@pytest.mark.parametrize("value", [None, "1", Opaque("X"), {"a": 1}, [1, "x"], [[1], [1, 2]]])
def test_numbers_are_never_close_to_something_else(value):
    assert not close().same(value, np.array([1.0]), {})


def test_bounds():
    assert at_most(0.1).same(1.05, 1.0, {})
    assert not at_most(0.1).same(1.2, 1.0, {})
    assert at_least(0.1).same(0.95, 1.0, {})
    assert not at_least().same(float("nan"), 1.0, {})
    assert not at_most().same(-float("inf"), 1.0, {})


def test_sets_and_orders():
    assert same_set().same(["b", "a"], ["a", "b"], {})
    assert not same_set().same(["a", "a"], ["a", "b"], {})
    order = same_order("scores")
    scores = {"scores": {"a": 3.0, "b": 2.0, "c": 2.0}}
    assert order.same(["a", "c", "b"], ["a", "b", "c"], scores)
    assert not order.same(["b", "a", "c"], ["a", "b", "c"], scores)
    assert not order.same(["a", "b", "c"], [0, 1, 2], scores)
    assert order.same([0, 1, 2], [0, 1, 2], scores)
    assert not order.same(["a", "b", "b"], ["a", "b", "c"], scores)


@pytest.mark.parametrize(
    ("mine", "want", "says"),
    [
        (np.array([[1.0, 2], [3, 4]]).T, np.array([[1.0, 2], [3, 4]]), "transposed"),
        (np.zeros((2, 3)), np.zeros((3, 2)), "swapped"),
        (np.array([3.0, 2, 1]), np.array([1.0, 2, 3]), "reversed"),
        (np.array([2.0, 4, 6]), np.array([1.0, 2, 3]), "2 times"),
        (np.array([2.0, 3, 4]), np.array([1.0, 2, 3]), "same amount"),
        (84, 90, "got 84, expected 90"),
        (np.array(0.2), np.array(0.1), "2 times"),
        (0, 90, "got 0, expected 90"),
        (np.array([-1.0, -2, 3]) * -1, np.array([-1.0, -2, 3]), "sign"),
        (np.array([1.0, 2, 9, 5]), np.array([1.0, 2, 3, 5]), "one value"),
        (np.array([np.nan, 2]), np.array([1.0, 2]), "NaN"),
        (np.array([np.inf, 2]), np.array([1.0, 2]), "infinite"),
        (1, 6, "got 1, expected 6"),
        (np.array([3.0, 1, 2]), np.array([1.0, 2, 3]), "another order"),
        (np.array([1.0, 2, 3]), np.array([4.0]), "the shape is (3), expected (1)"),
        (["b", "a"], ["a", "b"], "reversed"),
        (["b", "c", "a"], ["a", "b", "c"], "another order"),
        (["a"], ["a", "b"], "1 entries"),
        (Opaque("Foo"), 1.0, "Foo"),
        (True, False, "True"),
    ],
)
def test_differences_in_words(mine, want, says):
    part = equal(about="the thing") if isinstance(want, (list, bool)) else close(about="the thing")
    text = describe(mine, want, part)
    assert says in text
    assert text.startswith("the thing")


@given(
    hnp.arrays(np.float64, hnp.array_shapes(max_dims=3, max_side=3), elements=st.floats(-9, 9) | st.just(np.nan)),
    hnp.arrays(np.float64, hnp.array_shapes(max_dims=3, max_side=3), elements=st.floats(-9, 9) | st.just(np.nan)),
)
def test_every_difference_can_be_described(mine, want):
    assert describe(mine, want, close(about="x")).startswith("x: ")


def test_a_number_larger_than_any_float_is_wrong():
    assert not close().same(10**400, 1.0, {})
    assert not equal().same([1, 10**400], [1, 2], {})


@pytest.mark.parametrize(
    ("mine", "is_near"),
    [
        ([3.1, 3.9, 2.0], True),
        ([3.0, 4.0, 2.86], True),  # one may be far, if the others are near: the root mean square is 0.497
        ([3.0, 4.0, 2.88], False),
        ([3.6, 4.6, 2.6], False),
        ([3.0, 4.0, np.nan], False),
        ([3.0, 4.0, np.inf], False),
        ([3.0, 4.0], False),
        ([[3.0, 4.0, 2.0]], False),
        ("3", False),
        (None, False),
    ],
)
def test_near_bounds_the_root_mean_square_difference(mine, is_near):
    mine = np.array(mine) if isinstance(mine, list) else mine
    part = near(0.5, about="the predictions")
    reference = np.array([3.0, 4.0, 2.0])
    assert part.same(mine, reference, {}) is is_near
    if not is_near:
        assert describe(mine, reference, part).startswith("the predictions: ")


def test_a_near_miss_is_described_by_its_distance_and_by_no_value_of_the_reference():
    text = describe(np.array([3.75, 4.75]), np.array([3.0, 4.0]), near(0.5, about="the predictions"))
    assert text == "the predictions: too far from the reference's, by 0.75 (root mean square)"


def test_near_takes_missing_numbers_in_the_same_places_for_the_same():
    one, other = np.array([np.nan, 4.0]), np.array([np.nan, 4.4])
    assert near(0.5).same(one, other, {})
    assert not near(0.5).same(one, np.array([4.0, np.nan]), {})
