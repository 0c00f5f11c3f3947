"""What a question can be asked of besides a student's code: the reference, known mistakes, right alternatives.

A module of `grader.mistakes` or `grader.alternatives` holds functions or classes, each decorated::

    @mistake("autoencoder.forward", hint="There is a sigmoid after the last layer ...")
    def sigmoid_at_the_end(model, x): ...

The decorated object takes the place of the exercise's subject among the reference's names.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any, TypeVar

from recbook.errors import UnknownExercise
from recbook.question import Question
from recbook.questions import find

Code = TypeVar("Code", bound=Callable[..., Any])


@dataclass(frozen=True)
class Implementation:
    """A named implementation of one exercise; `hint` is empty for a right one."""

    exercise: str
    name: str
    code: Callable[..., Any]
    hint: str = ""

    @property
    def namespace(self) -> Mapping[str, Any]:
        """The reference's names with this implementation in the place of the subject."""
        question = find(self.exercise)
        return ChainMap({question.subject: self.code}, dict(reference(question.chapter)))


_mistakes: dict[str, list[Implementation]] = {}
_alternatives: dict[str, list[Implementation]] = {}


def mistake(exercise: str, *, hint: str) -> Callable[[Code], Code]:
    """Register a wrong implementation of `exercise`; its name is the mistake's name."""
    return _register(_mistakes, exercise, hint)


def alternative(exercise: str) -> Callable[[Code], Code]:
    """Register a right implementation of `exercise` that is written differently."""
    return _register(_alternatives, exercise, "")


def distractor(exercise: str, choice: str, *, hint: str) -> None:
    """Register a wrong choice of a quiz."""
    _add(_mistakes, Implementation(exercise, f"choice_{choice}", lambda: choice, hint))


def mistakes(question: Question) -> list[Implementation]:
    """The known mistakes of one exercise, in the order of the author's module."""
    _load("mistakes", question.chapter)
    return _mistakes.get(question.id, [])


def alternatives(question: Question) -> list[Implementation]:
    """The right alternatives of one exercise. A quiz has one: its letter written with a capital and spaces."""
    _load("alternatives", question.chapter)
    if question.kind == "quiz":
        letter = reference(question.chapter)[question.subject]()
        return [Implementation(question.id, "capital_letter", lambda: f" {letter.upper()} ")]
    return _alternatives.get(question.id, [])


def reference(chapter: str) -> dict[str, Any]:
    """All names of the reference implementation of a chapter."""
    return vars(import_module(f"solutions.{chapter}"))


def _register(registry: dict[str, list[Implementation]], exercise: str, hint: str) -> Callable[[Code], Code]:
    def register(code: Code) -> Code:
        _add(registry, Implementation(exercise, code.__name__, code, hint))
        return code

    return register


def _add(registry: dict[str, list[Implementation]], implementation: Implementation) -> None:
    find(implementation.exercise)  # an unknown id fails here, where the author reads it
    same = registry.setdefault(implementation.exercise, [])
    if any(other.name == implementation.name for other in same):
        raise ValueError(f"{implementation.exercise} has two implementations named {implementation.name!r}")
    same.append(implementation)


@cache
def _load(room: str, chapter: str) -> None:
    try:
        import_module(f"grader.{room}.{chapter}")
    except ModuleNotFoundError as error:
        if error.name != f"grader.{room}.{chapter}":
            raise
        raise UnknownExercise(f"The chapter {chapter!r} has no module grader/{room}/{chapter}.py") from None
