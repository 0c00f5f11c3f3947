"""Tests of the tests: every question is asked of code whose verdict is known."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from grader.implementations import alternatives, mistakes, reference
from recbook.answer import Answer
from recbook.asking import PUBLIC_SEED, ask
from recbook.question import Essay, Exercise, Question
from recbook.questions import of_chapter
from recbook.verdict import KnownMistake, Verdict, agree, constant_parts, given_parts, judge

#: The seed of the public cases, and some that stand for the secret ones of a grading run.
SEEDS = (PUBLIC_SEED, 11, 12345)
FEWEST_MISTAKES = 3
FEWEST_ALTERNATIVES = 1


@dataclass(frozen=True)
class Finding:
    """One thing that was verified of one exercise; `problem` is empty when all is well."""

    exercise: str
    what: str
    problem: str = ""


def verify_chapter(chapter: str, stubs: Mapping[str, Mapping[str, Any]]) -> Iterator[Finding]:
    """Verify every exercise of a chapter.

    `stubs` maps an exercise's id to the names that its untouched cell of the notebook defines.
    """
    for exercise in of_chapter(chapter):
        if isinstance(exercise, Question):
            yield from verify_question(exercise, stubs.get(exercise.id))
        else:
            yield from _verify_essay(exercise)


def verify_question(question: Question, stub: Mapping[str, Any] | None) -> Iterator[Finding]:
    """Verify one question on the public cases and on others."""
    yield from _verify_counts(question)
    known = {seed: ask_known(question, seed) for seed in SEEDS}
    for seed in SEEDS:
        yield from _verify_seed(question, seed, known[seed])
    constant = ask_constant(question)
    yield _verify_evidence(question, known.values(), constant)
    yield _verify_stub(question, stub, known[PUBLIC_SEED], constant)
    yield _verify_stands_alone(question)
    yield _verify_deterministic(question)


def ask_known(question: Question, seed: int) -> tuple[Answer, tuple[KnownMistake, ...]]:
    """Ask the reference and every known mistake on the cases of one seed."""
    answer = ask(question, reference(question.chapter), seed)
    known = tuple(KnownMistake(m.name, m.hint, ask(question, m.namespace, seed)) for m in mistakes(question))
    return answer, known


def ask_constant(question: Question) -> frozenset[str]:
    """The parts whose right answer is the same for every seed: found out by asking the reference on a few.

    More seeds would not be better: a part that takes few values is soon guessed, and here is as soon called constant.
    """
    return constant_parts(question, [ask(question, reference(question.chapter), seed) for seed in SEEDS])


def _verify_counts(question: Question) -> Iterator[Finding]:
    n_mistakes, n_alternatives = len(mistakes(question)), len(alternatives(question))
    problem = f"has {n_mistakes} mistakes; at least {FEWEST_MISTAKES} are wanted" * (n_mistakes < FEWEST_MISTAKES)
    yield Finding(question.id, "mistakes", problem)
    problem = "has no alternative right implementation" * (n_alternatives < FEWEST_ALTERNATIVES)
    yield Finding(question.id, "alternatives", problem)
    yield Finding(
        question.id, "hints", "wants three hints: a question, a pointer, the idea" * (len(question.hints) < 3)
    )


def _verify_seed(question: Question, seed: int, known: tuple[Answer, tuple[KnownMistake, ...]]) -> Iterator[Finding]:
    right, wrong = known
    at = f" (seed {seed})"
    verdict = judge(question, right, right, wrong)
    yield Finding(question.id, "reference" + at, _unless_right(verdict))
    undeclared = {name for case in right.cases for name in case.parts} ^ set(question.parts)
    yield Finding(
        question.id, "parts" + at, f"declared and yielded parts differ: {sorted(undeclared)}" * bool(undeclared)
    )
    for mistake in wrong:
        yield Finding(question.id, f"mistake {mistake.name}{at}", _mistake_problem(question, mistake, right, wrong))
    for implementation in alternatives(question):
        verdict = judge(question, ask(question, implementation.namespace, seed), right, wrong)
        yield Finding(question.id, f"alternative {implementation.name}{at}", _unless_right(verdict))


def _mistake_problem(question: Question, mistake: KnownMistake, right: Answer, wrong: tuple[KnownMistake, ...]) -> str:
    verdict = judge(question, mistake.answer, right, wrong)
    if verdict.verdict == "right":
        return "passes as right"
    if verdict.mistake != mistake.name:
        return f"gets the hint of {verdict.mistake or 'no mistake'}: {verdict.hint}"
    twins = [m.name for m in wrong if m is not mistake and agree(question, m.answer, mistake.answer, right)]
    return f"cannot be told from {', '.join(twins)}" if twins else ""


def _verify_evidence(
    question: Question, known: Iterable[tuple[Answer, tuple[KnownMistake, ...]]], constant: frozenset[str]
) -> Finding:
    """A part that has to be earned must depend on the seed: else the whole answer could be written down unsolved."""
    given = frozenset().union(*(given_parts(question, right, wrong) for right, wrong in known))
    judged = {name for name, part in question.parts.items() if part.share}
    if question.kind == "quiz" or judged - constant - given:
        return Finding(question.id, "evidence")
    problem = f"the right answer to {_names(constant)} is the same for every seed"
    if given - constant:
        problem += f", and the defect gets {_names(given - constant)} right"
    problem += "; nothing is left that only who solves the exercise can answer: draw the cases from `rng`"
    return Finding(question.id, "evidence", problem)


def _names(parts: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(parts))


def _verify_stub(
    question: Question,
    stub: Mapping[str, Any] | None,
    known: tuple[Answer, tuple[KnownMistake, ...]],
    constant: frozenset[str],
) -> Finding:
    if stub is None:
        return Finding(question.id, "stub", "has no stub cell in the notebook")
    verdict = judge(question, ask(question, stub), *known, constant)
    if verdict.verdict == "right":
        problem = "passes as right"
    elif not verdict.hint:
        problem = "says nothing to the student"
    elif verdict.mistake != question.defect:
        problem = f"is not the known mistake {question.defect!r}, but: {verdict.hint}"
    else:
        problem = f"earns {verdict.points:g} points" * (verdict.points > 0)
    return Finding(question.id, "stub", problem)


def _verify_stands_alone(question: Question) -> Finding:
    """With every other exercise of the chapter broken, the reference of this one must still be right."""
    others = [e.subject for e in of_chapter(question.chapter) if isinstance(e, Question) and e.id != question.id]
    names = reference(question.chapter)
    kept = {name: names[name] for name in others if name in names}
    whole = ask(question, names)
    try:
        names.update({name: _broken(name) for name in kept})  # vars(module): the module's functions see the change
        alone = ask(question, names)
    finally:
        names.update(kept)
    verdict = judge(question, alone, whole)
    problem = f"depends on another exercise: {verdict.hint}" if verdict.verdict != "right" else ""
    return Finding(question.id, "stands alone", problem)


def _broken(name: str) -> Callable[..., Any]:
    def broken(*args: Any, **kwargs: Any) -> Any:
        raise RuntimeError(f"{name} is another exercise")

    return broken


def _verify_deterministic(question: Question) -> Finding:
    names = reference(question.chapter)
    first, second = ask(question, names), ask(question, names)
    problem = "" if agree(question, first, second, first) else "the reference answers differently the second time"
    return Finding(question.id, "deterministic", problem)


def _verify_essay(exercise: Exercise) -> Iterator[Finding]:
    assert isinstance(exercise, Essay)
    model_answers = reference(exercise.chapter).get("MODEL_ANSWERS", {})
    yield Finding(exercise.id, "model answer", "" if model_answers.get(exercise.name) else "has no model answer")
    yield Finding(exercise.id, "rubric", "" if exercise.points > 0 else "has no points")


def _unless_right(verdict: Verdict) -> str:
    return "" if verdict.verdict == "right" else f"is judged {verdict.verdict}: {verdict.hint}"


def problems(findings: Iterable[Finding]) -> list[Finding]:
    """The findings that are problems."""
    return [finding for finding in findings if finding.problem]
