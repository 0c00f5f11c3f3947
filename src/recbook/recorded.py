"""Recorded answers to the public cases: what the reference and each known mistake answered.

They are data, made by `python -m grader record`, and let a notebook check itself without any solution code.
"""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files

from recbook.answer import MAX_BYTES, Answer, from_json
from recbook.errors import RecbookError
from recbook.question import Question
from recbook.verdict import KnownMistake


@cache
def _chapter(name: str) -> dict:
    path = files("recbook.answers").joinpath(f"{name}.json")
    if not path.is_file():
        raise RecbookError(f"No recorded answers for the chapter {name!r}. Make them: python -m grader record {name}")
    return json.loads(path.read_text(encoding="utf-8"))


def load_recorded(question: Question) -> tuple[Answer, tuple[KnownMistake, ...]]:
    """The recorded answer of the reference and of each mistake. Raises `RecbookError` when there is none."""
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
    return from_json(json.dumps(entry["reference"]), limit), mistakes
