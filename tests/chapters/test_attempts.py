"""What students would write, asked: wrong attempts are not right, right ones are, and most wrong ones are named.

The attempts in `attempts/<chapter>.md` were written from the released notebooks alone, before anybody looked at the
known mistakes. They are no part of the course: they tell whether its questions decide rightly about code that their
authors did not think of.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from grader.implementations import reference
from recbook.asking import ask
from recbook.questions import find
from recbook.recorded import load_recorded
from recbook.verdict import Verdict, judge

ATTEMPTS = Path(__file__).with_name("attempts")
CHAPTERS = sorted(path.stem for path in ATTEMPTS.glob("*.md"))
#: Stands for the secret seed of a grading run.
SEED = 777
#: The share of wrong attempts that must get the hint of a known mistake; of the others, the difference is described.
LEAST_NAMED = 0.6
_ATTEMPT = re.compile(
    r"^## (\w+): ([^\n]+)\n\n(Wrong|Right): ([^\n]*)\n\n```python\n(.*?)\n```$", re.MULTILINE | re.DOTALL
)
#: What every notebook imports.
IMPORTS = {"np": np, "pd": pd, "torch": torch, "nn": torch.nn, "F": torch.nn.functional, "Path": Path}


@dataclass(frozen=True)
class Attempt:
    """One attempt at an exercise."""

    exercise: str
    label: str
    is_wrong: bool
    code: str

    @property
    def names(self) -> dict[str, Any]:
        """What a notebook with this attempt defines."""
        names = {**IMPORTS, **reference(self.exercise.partition(".")[0]), "__name__": "attempt"}
        exec(compile(self.code, f"{self.exercise}: {self.label}", "exec"), names)
        return names


def attempts(chapter: str) -> list[Attempt]:
    text = (ATTEMPTS / f"{chapter}.md").read_text("utf-8")
    found = [
        Attempt(f"{chapter}.{e}", label, kind == "Wrong", code) for e, label, kind, _, code in _ATTEMPT.findall(text)
    ]
    assert len(found) == len(re.findall(r"^## \w+: ", text, re.MULTILINE)), (
        "an attempt is not written as the others are"
    )
    return found


def on_public_cases(attempt: Attempt) -> Verdict:
    question = find(attempt.exercise)
    recorded = load_recorded(question)
    return judge(question, ask(question, attempt.names), recorded.reference, recorded.mistakes, recorded.constant)


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_what_students_would_write_is_judged_rightly_and_most_mistakes_are_named(chapter):
    verdicts = {attempt: on_public_cases(attempt) for attempt in attempts(chapter)}
    misjudged = [
        f"{attempt.exercise}, {attempt.label}: {verdict.verdict}: {verdict.hint}"
        for attempt, verdict in verdicts.items()
        if (verdict.verdict == "right") is attempt.is_wrong
    ]
    assert misjudged == []
    wrong = [verdict for attempt, verdict in verdicts.items() if attempt.is_wrong]
    assert len(wrong) >= 50
    assert all(verdict.hint for verdict in wrong)
    assert sum(bool(verdict.mistake) for verdict in wrong) >= LEAST_NAMED * len(wrong)


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_it_is_judged_the_same_on_secret_cases(chapter):
    answers = {}
    misjudged = []
    for attempt in attempts(chapter):
        question = find(attempt.exercise)
        if attempt.exercise not in answers:
            answers[attempt.exercise] = ask(question, reference(chapter), SEED)
        verdict = judge(question, ask(question, attempt.names, SEED), answers[attempt.exercise])
        if (verdict.verdict == "right") is attempt.is_wrong:
            misjudged.append(f"{attempt.exercise}, {attempt.label}: {verdict.verdict}: {verdict.hint}")
    assert misjudged == []
