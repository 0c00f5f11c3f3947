"""What the wheel has recorded, written down as the answer to the secret cases of a grading run: it earns nothing."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import pytest

from grader.references import Known, references
from recbook.answer import Answer, CaseAnswer
from recbook.question import Question
from recbook.questions import chapters, of_chapter
from recbook.recorded import load_recorded
from recbook.verdict import Verdict, judge

SECRET = "a secret that nobody has written down"
QUESTIONS = [
    pytest.param(each, id=each.id)
    for chapter in chapters()
    for each in of_chapter(chapter)
    if isinstance(each, Question) and each.kind != "quiz"
]


@cache
def known(chapter: str) -> dict[str, Known]:
    return references([each for each in of_chapter(chapter) if isinstance(each, Question)], SECRET)


def verdict_on(question: Question, forge: Callable[[Question, Answer], Answer]) -> Verdict:
    secret = known(question.chapter)[question.id]
    forged = forge(question, load_recorded(question).reference)
    return judge(question, forged, secret.reference, secret.mistakes, secret.constant)


def as_recorded(question: Question, answer: Answer) -> Answer:
    return answer


def best_guess(question: Question, answer: Answer) -> Answer:
    """The same, with every bound met by far, and True wherever there is a truth value."""

    def guess(name, value):
        far = {"at most": -1e300, "at least": 1e300}
        return True if isinstance(value, bool) else far.get(question.parts[name].rule, value)

    cases = ({name: guess(name, value) for name, value in case.parts.items()} for case in answer.cases)
    return Answer(tuple(CaseAnswer(parts) for parts in cases))


@pytest.mark.parametrize("forge", [as_recorded, best_guess])
@pytest.mark.parametrize("question", QUESTIONS)
def test_memorised_answers_earn_nothing(question, forge):
    verdict = verdict_on(question, forge)
    assert (verdict.verdict, verdict.points) == ("wrong", 0), verdict
