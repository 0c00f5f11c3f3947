"""Recorded answers to the public cases: what the reference and each known mistake answered, and what never changes.

They are data, made by `python -m grader record`, and let a notebook check itself without any solution code.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from recbook.answer import MAX_BYTES, Answer, from_json
from recbook.errors import RecbookError
from recbook.question import Question
from recbook.verdict import KnownMistake


@dataclass(frozen=True)
class Recorded:
    """What is recorded of one question; `constant` names the parts whose right answer is the same for every seed."""

    reference: Answer
    mistakes: tuple[KnownMistake, ...]
    constant: frozenset[str]


@cache
def _chapter(name: str) -> dict:
    path = files("recbook.answers").joinpath(f"{name}.json")
    if not path.is_file():
        raise RecbookError(f"No recorded answers for the chapter {name!r}. Make them: python -m grader record {name}")
    return json.loads(path.read_text(encoding="utf-8"))


def load_recorded(question: Question) -> Recorded:
    """What is recorded of a question. Raises `RecbookError` when there is nothing."""
    try:
        entry = _chapter(question.chapter)[question.id]
    except KeyError:
        raise RecbookError(
            f"No recorded answer for {question.id!r}. An author makes it: python -m grader record"
        ) from None
    limit = max(MAX_BYTES, question.max_bytes)
    mistakes = tuple(
        KnownMistake(m["name"], m["hint"], from_json(json.dumps(m["answer"]), limit)) for m in entry["mistakes"]
    )
    return Recorded(from_json(json.dumps(entry["reference"]), limit), mistakes, frozenset(entry["constant"]))
