"""Answers are plain data, and survive the border unchanged or are refused."""

import json

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from recbook.answer import MAX_BYTES, MAX_NAME, Answer, CaseAnswer, Opaque, Raised, from_json, plain, to_json
from recbook.errors import AnswerTooLarge, BadAnswer

scalars = st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.floats() | st.text(max_size=20)
arrays = hnp.arrays(
    st.sampled_from([np.float32, np.float64, np.int64, np.bool_]), hnp.array_shapes(min_dims=0, min_side=0, max_side=4)
)
values = st.recursive(
    scalars | arrays,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


def same(a, b):
    if isinstance(a, np.ndarray):
        return isinstance(b, np.ndarray) and a.dtype == b.dtype and np.array_equal(a, b, equal_nan=a.dtype.kind == "f")
    if isinstance(a, list):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    return type(a) is type(b) and (a == b or (a != a and b != b))


@given(values)
def test_plain_data_survives_the_border(value):
    value = plain(value)
    answer = Answer(cases=(CaseAnswer(parts={"part": value}, raised=Raised("ValueError", "no", "line 1")),))
    back = from_json(to_json(answer))
    assert same(back.cases[0].parts["part"], value)
    assert back.cases[0].raised == answer.cases[0].raised


def test_plain_copies_so_that_later_changes_do_not_matter():
    tensor = torch.zeros(2)
    kept = plain(tensor)
    tensor += 1
    assert kept.tolist() == [0, 0]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (torch.tensor([1.5, 2.0], requires_grad=True), np.array([1.5, 2.0], np.float32)),
        (torch.tensor([[1, 2]]).to_sparse(), np.array([[1, 2]])),
        (torch.tensor([1.0], dtype=torch.bfloat16), np.array([1.0], np.float32)),
        (pd.Series([1, 2]), np.array([1, 2])),
        (np.float32(0.5), 0.5),
        ((1, "a", None), [1, "a", None]),
        (list(torch.tensor([1, 2])), [1, 2]),
        (np.array(["x", "y"]), ["x", "y"]),
    ],
)
def test_plain_reads_what_students_return(value, expected):
    assert same(plain(value), expected)


def test_a_sparse_tensor_with_indices_outside_its_shape_is_refused():
    outside = torch.sparse_coo_tensor([[0, 9], [0, 0]], [1.0, 2.0], (2, 3), check_invariants=False)
    with pytest.raises(RuntimeError):
        plain(outside)


def test_an_object_that_pretends_to_be_equal_to_all_is_only_a_name():
    class AlwaysEqual:
        def __eq__(self, other):
            return True

        __hash__ = None

    assert plain(AlwaysEqual()) == Opaque("AlwaysEqual")


def test_a_bottomless_list_ends():
    bottomless = []
    bottomless.append(bottomless)
    assert "deeply nested" in to_json(Answer(cases=(CaseAnswer({"part": plain(bottomless)}),)))


def test_an_answer_has_a_size_limit_on_both_sides():
    answer = Answer(cases=(CaseAnswer({"part": np.zeros(MAX_BYTES)}),))
    with pytest.raises(AnswerTooLarge):
        to_json(answer)
    with pytest.raises(BadAnswer, match="limit"):
        from_json("x" * (MAX_BYTES + 1))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "null",
        '{"cases": 3, "missing": []}',
        '{"cases": [{"parts": {"a": {"$array": ["|O", [1], ""]}}, "raised": null}], "missing": []}',
        '{"cases": [{"parts": {"a": {"$array": ["<f4", [-1], ""]}}, "raised": null}], "missing": []}',
        '{"cases": [{"parts": {"a": {"$array": ["<f4", [4], "AAAA"]}}, "raised": null}], "missing": []}',
        '{"cases": [{"parts": {"a": {"$pickle": "x"}}, "raised": null}], "missing": []}',
        "[" * 100_000,
    ],
)
def test_malformed_bytes_are_refused(text):
    with pytest.raises(BadAnswer):
        from_json(text)


@given(
    st.text(max_size=60) | st.recursive(scalars, lambda x: st.lists(x) | st.dictionaries(st.text(), x)).map(json.dumps)
)
def test_no_bytes_do_anything_but_parse_or_be_refused(text):
    try:
        assert isinstance(from_json(text), Answer)
    except BadAnswer:
        pass


def with_value(value):
    return json.dumps({"cases": [{"parts": {"a": value}, "raised": None}], "missing": []})


@pytest.mark.parametrize(
    "dtype", ["(,)f4", "(01,)f4", ",f4", "1 2f4", "0777f4", "()f4", "<f4\n", "<f4,<f4", "<i9", "<U1", "<M8[s]", ["<f4"]]
)
def test_only_a_plain_dtype_is_read(dtype):
    with pytest.raises(BadAnswer):
        from_json(with_value({"$array": [dtype, [1], "AAAAAA=="]}))


@pytest.mark.parametrize("dtype", ["?", *np.typecodes["AllInteger"], *np.typecodes["Float"], ">f4", ">i2"])
def test_arrays_of_every_plain_dtype_survive_the_border(dtype):
    answer = Answer((CaseAnswer({"part": plain(np.array([0, 1], dtype))}),))
    assert same(from_json(to_json(answer)).cases[0].parts["part"], np.array([0, 1], np.dtype(dtype).newbyteorder("=")))


@pytest.mark.parametrize("value", [{"$float": 10**400}, {"$array": ["<f4", [2**70], ""]}])
def test_numbers_without_bounds_are_refused(value):
    with pytest.raises(BadAnswer):
        from_json(with_value(value))


def test_half_a_surrogate_pair_does_not_cross_the_border():
    half = "\ud800 and \U0001f600"
    raised = Raised(half, half, half)
    parts = {half: [half], "type": Opaque(half), "names": {half: half}}
    back = from_json(to_json(Answer((CaseAnswer(parts, raised),), missing=(half,))))
    assert back.missing == ("? and \U0001f600",)
    assert "\ud800" not in str(back)
    assert "? and" in str(from_json(json.dumps(half).join(('{"cases": [], "missing": [', "]}"))))
    str(from_json(b'{"cases": [], "missing": ["\xed\xa0\x80"]}')).encode()


def test_names_that_come_back_are_cut():
    long = "x" * (MAX_BYTES // 3)
    back = from_json(to_json(Answer((CaseAnswer({"a": Opaque(long)}),), missing=(long,))))
    assert back.missing == ("x" * MAX_NAME,)
    assert back.cases[0].parts["a"] == Opaque("x" * MAX_NAME)
