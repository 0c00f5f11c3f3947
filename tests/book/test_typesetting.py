"""Formulas on the pages keep together with their punctuation, and no letter is lost."""

from __future__ import annotations

import pytest
from docutils import nodes
from hypothesis import given
from hypothesis import strategies as st

from grader.typesetting import TOGETHER, keep_together


def paragraph(*pieces: str) -> nodes.paragraph:
    """Text and formulas in turns: text, formula, text, ..."""
    kinds = [nodes.Text, lambda text: nodes.math(text, text)]
    return nodes.paragraph("", "", *(kinds[i % 2](piece) for i, piece in enumerate(pieces) if piece or i % 2))


def typeset(*pieces: str) -> nodes.paragraph:
    whole = paragraph(*pieces)
    for formula in list(whole.findall(nodes.math)):
        keep_together(formula)
    return whole


def together(whole: nodes.Element) -> list[str]:
    return [node.astext() for node in whole.findall(nodes.inline) if TOGETHER in node["classes"]]


@pytest.mark.parametrize(
    ("pieces", "expected"),
    [
        (["movie ", "i", " (", "n", ")"], ["(n)"]),
        (["user ", "u", ", then"], ["u,"]),
        (["", "k", "-th"], ["k-th"]),
        (["of ", "u", " and ", "i", " alone"], []),
        (["", "d", ""], []),
        (["(", "n", "; ", "m", ")."], ["(n;", "m)."]),
        (["", "a", "/", "b", ""], ["a/"]),
    ],
)
def test_what_touches_a_formula_stays_with_it(pieces, expected):
    assert together(typeset(*pieces)) == expected


@given(st.lists(st.text("ab (.,)", max_size=6), min_size=1, max_size=7))
def test_every_letter_stays_in_its_place(pieces):
    assert typeset(*pieces).astext() == paragraph(*pieces).astext()


def test_what_is_no_text_is_left_alone():
    whole = nodes.paragraph("", "", nodes.strong("", "bold"), nodes.math("x", "x"), nodes.emphasis("", "more"))
    keep_together(whole[1])
    assert [type(child) for child in whole] == [nodes.strong, nodes.math, nodes.emphasis]
