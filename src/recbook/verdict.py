"""Verdicts: compare an answer with the reference's and with those of the known mistakes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass, replace
from typing import Literal

from recbook.answer import Answer, CaseAnswer, Plain, Raised
from recbook.asking import OUT_OF_TIME
from recbook.differences import describe
from recbook.errors import RecbookError
from recbook.parts import Part, close
from recbook.question import Question

Word = Literal["right", "wrong", "error", "timeout"]
#: What an untouched stub raises, without a message. (PyTorch raises the same type, but with one.)
_NOT_FILLED_IN = "NotImplementedError"


@dataclass(frozen=True)
class KnownMistake:
    """A plausible wrong implementation: what it answers, and the hint that cures it."""

    name: str
    hint: str
    answer: Answer


@dataclass(frozen=True)
class Verdict:
    """What an answer is worth, and what to tell the student.

    `hint` is one message; `mistake` names the known mistake it belongs to ("" when none matches); `right_parts`
    and `wrong_parts` are the names of the parts by outcome.
    """

    exercise: str
    verdict: Word
    points: float
    max_points: float
    hint: str = ""
    mistake: str = ""
    right_parts: tuple[str, ...] = ()
    wrong_parts: tuple[str, ...] = ()


def judge(
    question: Question,
    answer: Answer | None,
    reference: Answer,
    mistakes: tuple[KnownMistake, ...] = (),
    constant: frozenset[str] = frozenset(),
) -> Verdict:
    """Judge one answer. `answer` None means that there is none: no evidence, no points.

    `constant` names the parts whose right answer is the same for every seed: see `constant_parts`.
    """
    if answer is None:
        return _nothing(question, "error", "No answer came back from your code, so there are no points.")
    if answer.missing:
        names = " and ".join(f"`{name}`" for name in answer.missing)
        return _nothing(question, "error", f"{names} is not defined. Run the cell that defines it, then check again.")
    if answer.raised and answer.raised == replace(answer.raised, type_name=_NOT_FILLED_IN, message=""):
        return _nothing(question, "wrong", "Not filled in yet: replace the `raise NotImplementedError()` by your code.")

    right, wrong = _sort_parts(question, answer, reference)
    if not wrong and answer.raised is None and len(answer.cases) == len(reference.cases):
        return Verdict(question.id, "right", question.points, question.points, right_parts=right)

    points = _points(question, right, wrong, given_parts(question, reference, mistakes), constant)
    mistake = recognise(question, answer, reference, mistakes)
    if mistake:
        word: Word = "timeout" if _timed_out(answer) else "wrong"
        return Verdict(question.id, word, points, question.points, mistake.hint, mistake.name, right, wrong)
    if _timed_out(answer):
        hint = f"Your code gave no answer within {question.seconds:g} s. Does every loop end?"
        return Verdict(question.id, "timeout", points, question.points, hint, "", right, wrong)
    unexpected = _unexpected_exception(answer, reference)
    if unexpected:
        return Verdict(question.id, "error", points, question.points, unexpected, "", right, wrong)
    return Verdict(question.id, "wrong", points, question.points, _differences(question, answer, reference, wrong),
                   "", right, wrong)  # fmt: skip


def given_parts(question: Question, reference: Answer, mistakes: tuple[KnownMistake, ...]) -> frozenset[str]:
    """The parts that the defective code of a bug hunt gets right: they are given, not earned."""
    defect = next((mistake for mistake in mistakes if mistake.name == question.defect), None)
    return frozenset(_sort_parts(question, defect.answer, reference)[0]) if defect else frozenset()


def constant_parts(question: Question, references: Sequence[Answer]) -> frozenset[str]:
    """The judged parts that a single answer gets right in all of `references`, which come from different seeds.

    They are the parts that can be right without a look at the case: a promise kept (True), a shape, the answer to a
    case that is not drawn, and every bound ("at most"), which a number that is small enough meets on all seeds.
    """
    asked: defaultdict[tuple[int, str], list[CaseAnswer]] = defaultdict(list)
    for reference in references:
        for index, case in enumerate(reference.cases):
            for name in case.parts:
                asked[index, name].append(case)
    drawn = {
        name
        for (_, name), cases in asked.items()
        if not any(all(_is_right(question, name, mine, right) for right in cases) for mine in cases)
    }
    return frozenset(name for _, name in asked if _part(question, name).share) - drawn


def recognise(
    question: Question, answer: Answer, reference: Answer, mistakes: tuple[KnownMistake, ...]
) -> KnownMistake | None:
    """The known mistake that this answer shows.

    First one whose whole answer is the same; else the one that explains most of the wrong parts, where explaining
    means that every part it gets wrong is wrong in the same way here.
    """
    for mistake in mistakes:
        if agree(question, answer, mistake.answer, reference):
            return mistake
    wrong = set(_wrong_places(question, answer, reference))
    best, most = None, 0
    for mistake in mistakes:
        theirs = set(_wrong_places(question, mistake.answer, reference))
        explains = theirs <= wrong and all(
            _same_place(question, answer, mistake.answer, reference, place) for place in theirs
        )
        if explains and len(theirs) > most:
            best, most = mistake, len(theirs)
    return best


def agree(question: Question, mine: Answer, other: Answer, reference: Answer) -> bool:
    """True when two answers say the same in every part of every case (exceptions: of the same type)."""
    if mine.missing or other.missing or len(mine.cases) != len(other.cases):
        return False
    for index, (a, b) in enumerate(zip(mine.cases, other.cases, strict=True)):
        if (a.raised and a.raised.type_name) != (b.raised and b.raised.type_name) or a.parts.keys() != b.parts.keys():
            return False
        everything = reference.cases[index].parts if index < len(reference.cases) else {}
        for name in a.parts:
            if not _part(question, name).share:
                continue
            if not same_value(_part(question, name), a.parts[name], b.parts[name], everything):
                return False
    return True


def same_value(part: Part, mine: Plain, other: Plain, everything: dict[str, Plain]) -> bool:
    """True when two values would be told apart by nothing the part looks at.

    A bound ("at most") cannot tell two wrong values apart by itself, so there the two must also be close.
    """
    if part.rule in ("at most", "at least"):
        return close(rtol=0.02).same(mine, other, everything)
    return part.same(mine, other, everything)


def _part(question: Question, name: str) -> Part:
    try:
        return question.parts[name]
    except KeyError:
        raise RecbookError(
            f"{question.id} has a part {name!r} that its question does not declare. If the answers were recorded "
            "with another version of the question, record them again: python -m grader record"
        ) from None


def _sort_parts(question: Question, answer: Answer, reference: Answer) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names of right and wrong parts. A part is right when it is right in every case in which it is asked."""
    asked: dict[str, bool] = {}
    for index, case in enumerate(reference.cases):
        mine = answer.cases[index] if index < len(answer.cases) else CaseAnswer()
        for name in case.parts:
            if _part(question, name).share:
                asked[name] = asked.get(name, True) and _is_right(question, name, mine, case)
    return tuple(n for n, ok in asked.items() if ok), tuple(n for n, ok in asked.items() if not ok)


def _is_right(question: Question, name: str, mine: CaseAnswer, reference: CaseAnswer) -> bool:
    if name not in mine.parts:
        return False
    return _part(question, name).same(mine.parts[name], reference.parts[name], reference.parts)


def _wrong_places(question: Question, answer: Answer, reference: Answer) -> Iterator[tuple[int, str]]:
    """(case, part) for every judged part that is not right."""
    for index, case in enumerate(reference.cases):
        mine = answer.cases[index] if index < len(answer.cases) else CaseAnswer()
        for name in case.parts:
            if _part(question, name).share and not _is_right(question, name, mine, case):
                yield index, name


def _same_place(question: Question, mine: Answer, other: Answer, reference: Answer, place: tuple[int, str]) -> bool:
    index, name = place
    if index >= len(mine.cases) or index >= len(other.cases):
        return False
    a, b = mine.cases[index], other.cases[index]
    if name in a.parts and name in b.parts:
        return same_value(_part(question, name), a.parts[name], b.parts[name], reference.cases[index].parts)
    if a.parts.keys() != b.parts.keys():  # one came further than the other: it was not the same step that failed
        return False
    return bool(a.raised and b.raised and a.raised.type_name == b.raised.type_name)


def _points(
    question: Question, right: tuple[str, ...], wrong: tuple[str, ...], given: frozenset[str], constant: frozenset[str]
) -> float:
    """The points that the right parts earn, to the hundredth. Breaking a given part costs its share.

    Who writes answers down instead of solving can write down a constant part too. So it is no evidence by itself, and
    counts only in proportion to the drawn parts, those that depend on the seed, that are right.
    """

    def share(names: Set[str]) -> float:
        return sum(part.share for name, part in question.parts.items() if name in names)

    asked = set(right + wrong) - given
    solved = set(right) - given
    if not (drawn := share(asked - constant)):
        return 0.0
    evidence = share(solved - constant) / drawn
    earned = share(solved - constant) + evidence * share(solved & constant) - share(set(wrong) & given)
    return round(question.points * max(0.0, earned) / share(asked), 2)


def _timed_out(answer: Answer) -> bool:
    return any(case.raised and case.raised.type_name == OUT_OF_TIME for case in answer.cases)


def _unexpected_exception(answer: Answer, reference: Answer) -> str:
    for index, case in enumerate(answer.cases):
        expected = index < len(reference.cases) and reference.cases[index].raised
        if case.raised and not expected:
            return _explain_exception(case.raised)
    return ""


def _explain_exception(raised: Raised) -> str:
    if raised.type_name == "ReturnedNothing":
        return raised.message
    if raised.type_name == "AnswerTooLarge":
        return f"Your code returned far more than was asked for: {raised.message}."
    if raised.type_name == "SystemExit":
        return "Your code calls `exit()`, which ends the whole program. Return the result instead."
    if not raised.where:  # no line of the student's: the question could not use what came back
        return (
            f"Your code ran, but its result has another form than asked for ({raised}). Compare it with the docstring."
        )
    return f"Your code raised {raised}."


def _differences(question: Question, answer: Answer, reference: Answer, wrong: tuple[str, ...]) -> str:
    for index, name in _wrong_places(question, answer, reference):
        mine = answer.cases[index] if index < len(answer.cases) else CaseAnswer()
        if name in mine.parts:
            text = describe(mine.parts[name], reference.cases[index].parts[name], _part(question, name))
            return text[:1].upper() + text[1:] + "."
    about = ", ".join(_part(question, name).about or name for name in wrong)
    return f"Your code did not get as far as this: {about}."


def _nothing(question: Question, word: Word, hint: str) -> Verdict:
    return Verdict(question.id, word, 0.0, question.points, hint)
