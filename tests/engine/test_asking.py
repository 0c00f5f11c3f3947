"""Asking catches everything code under test can do, within limits, and disturbs nothing."""

import io
import sys
import time
import warnings
from dataclasses import replace

import numpy as np
import pytest
import torch
from engine.toy import reference, toy

from recbook.asking import OUT_OF_TIME, ask, draw_cases


def ask_total(function):
    return ask(toy, {"total": function})


def test_an_answer_holds_the_parts_of_every_case():
    answer = ask_total(reference)
    assert [list(case.parts) for case in answer.cases] == [["total", "is_float"]] * 2
    assert answer.raised is None


def test_a_missing_name_is_said():
    assert ask(toy, {}).missing == ("total",)


@pytest.mark.parametrize("error", [ValueError("no"), SystemExit(1), GeneratorExit(), BaseException("odd")])
def test_whatever_is_raised_becomes_part_of_the_answer(error):
    def total(numbers):
        raise error

    raised = ask_total(total).raised
    assert raised.type_name == type(error).__name__
    assert "raise error" in raised.where


def test_an_error_deep_in_a_library_is_said_with_the_students_own_line():
    pandas = pytest.importorskip("pandas")

    def total(numbers):
        return pandas.read_csv(io.StringIO("a b\n1 2\n1 2 3\n"), sep=" ")  # raised in Cython

    raised = ask_total(total).raised
    assert raised.type_name == "ParserError"
    assert "of total" in raised.where


def test_an_exception_that_cannot_be_printed_does_no_harm():
    class Nasty(Exception):
        def __str__(self):
            raise RuntimeError

    def total(numbers):
        raise Nasty

    assert ask_total(total).raised.type_name == "Nasty"


def test_the_keyboard_still_stops_a_check():
    def total(numbers):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ask_total(total)


def test_an_endless_loop_ends_once():
    def total(numbers):
        while True:
            pass

    start = time.perf_counter()
    answer = ask_total(total)
    assert answer.raised.type_name == OUT_OF_TIME
    assert len(answer.cases) == 1
    assert time.perf_counter() - start < 2


def test_a_loop_that_swallows_exceptions_ends_too():
    def total(numbers):
        while True:
            try:
                time.sleep(0.01)
            except Exception:
                pass

    assert ask_total(total).raised.type_name == OUT_OF_TIME


def test_parts_before_an_exception_count():
    def two_calls(code, case):
        yield "total", code.total(case["numbers"])
        yield "is_float", code.total(None)

    answer = ask(replace(toy, ask=two_calls), {"total": lambda numbers: len(numbers)})
    assert list(answer.cases[0].parts) == ["total"]
    assert answer.raised.type_name == "TypeError"


def test_printing_and_warning_stay_out_of_sight(capfd):
    def total(numbers):
        print("hello")
        print("careful", file=sys.stderr)
        warnings.warn("careful", stacklevel=1)
        return reference(numbers)

    assert ask_total(total).raised is None
    assert capfd.readouterr() == ("", "")


def test_a_huge_answer_is_refused():
    answer = ask_total(lambda numbers: np.zeros(10**6))
    assert answer.raised.type_name == "AnswerTooLarge"


def test_the_notebooks_randomness_is_given_back():
    def total(numbers):
        np.random.rand()
        torch.rand(1)
        return 0.0

    torch.manual_seed(3)
    np.random.seed(3)
    expected = torch.rand(1), np.random.rand()
    torch.manual_seed(3)
    np.random.seed(3)
    ask_total(total)
    assert (torch.rand(1), np.random.rand()) == expected


def test_code_that_draws_sees_torch_and_numpy_seeded():
    def total(numbers):
        return float(torch.rand(1)) + np.random.rand()

    torch.manual_seed(11)
    np.random.seed(11)
    expected = float(torch.rand(1)) + np.random.rand()
    assert ask(toy, {"total": total}, 11).cases[0].parts["total"] == expected


@pytest.mark.parametrize(
    ("module", "name"),
    [(np.random, name) for name in ("seed", "get_state", "set_state", "default_rng", "SeedSequence")]
    + [(torch, name) for name in ("manual_seed", "get_rng_state", "set_default_dtype", "empty", "inference_mode")],
)
def test_a_slip_that_replaces_a_librarys_function_does_not_stop_a_question(monkeypatch, module, name):
    expected = ask_total(reference)
    monkeypatch.setattr(module, name, 42)  # as in `np.random.seed = 42`
    assert ask_total(reference) == expected


def torch_state():
    weight = torch.ones(1, requires_grad=True)
    return weight.dtype, weight.device.type, (2 * weight).requires_grad, torch.is_inference_mode_enabled()


@pytest.fixture
def given_back():
    yield
    torch.set_default_dtype(torch.float32)
    torch.set_default_device(None)
    torch.set_grad_enabled(True)


@pytest.mark.parametrize(
    ("change", "value"),
    [(torch.set_default_dtype, torch.float64), (torch.set_default_device, "meta"), (torch.set_grad_enabled, False)],
)
@pytest.mark.usefixtures("given_back")
def test_code_sees_torch_as_after_its_import_and_the_notebook_has_its_own_state_back(change, value):
    fresh, seen = torch_state(), []
    change(value)
    changed = torch_state()

    def total(numbers):
        seen.append(torch_state())
        change(value)  # which reaches no further than this case
        return 0.0

    assert ask_total(total).raised is None
    assert seen == [fresh] * 2
    assert torch_state() == changed != fresh


def test_inference_mode_does_not_reach_the_code():
    with torch.inference_mode():
        assert ask_total(lambda numbers: float(torch_state()[2])).cases[0].parts["total"] == 1.0
        assert torch.is_inference_mode_enabled()


def test_cases_depend_on_the_seed_only():
    def numbers(seed):
        return [case["numbers"].tolist() for case in draw_cases(toy, seed)]

    assert str(numbers(1)) == str(numbers(1))
    assert str(numbers(1)) != str(numbers(2))


def test_only_declared_names_can_be_asked():
    def cheating_question(code, case):
        yield "total", code.other

    answer = ask(replace(toy, ask=cheating_question), {"total": reference, "other": 1})
    assert "does not declare" in answer.raised.message
