"""What a question can be asked of besides a student's code: the reference, known mistakes, right alternatives.

A module of `grader.mistakes` or `grader.alternatives` holds functions or classes, each decorated::

    @mistake("autoencoder.forward", hint="There is a sigmoid after the last layer ...")
    def sigmoid_at_the_end(model, x): ...

The decorated object takes the place of the exercise's subject among the reference's names.
"""

from __future__ import annotations

import sys
import traceback
from collections import ChainMap
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

from grader.errors import AuthorError
from recbook.errors import RecbookError
from recbook.question import Question
from recbook.questions import find

Code = TypeVar("Code", bound=Callable[..., Any])

#: The rooms of a chapter that are imported: the package, and the folder as authors know it.
ROOMS = {
    "recbook.questions": "src/recbook/questions",
    "solutions": "solutions",
    "grader.mistakes": "grader/mistakes",
    "grader.alternatives": "grader/alternatives",
}


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
    return vars(module_of("solutions", chapter))


def module_of(room: str, chapter: str) -> ModuleType:
    """A chapter's module in one of `ROOMS`. Raises `AuthorError` where it is missing or cannot be imported."""
    try:
        return import_module(f"{room}.{chapter}")
    except Exception as error:  # an author's module may raise whatever it likes
        told = author_error(error)
        if told is None:
            raise
        raise told from error


def author_error(error: Exception) -> AuthorError | None:
    """What kept a chapter's module from being imported, with its file and line; None for an error of another kind."""
    if isinstance(error, AuthorError):
        return error
    if isinstance(error, ModuleNotFoundError) and error.name:
        room, _, chapter = error.name.rpartition(".")
        if room in ROOMS:
            return AuthorError(f"Chapter {chapter!r} is not complete: {ROOMS[room]}/{chapter}.py is missing.")
    if isinstance(error, SyntaxError) and (file := _in_room(error.filename)):
        text = f": {error.text.strip()}" if error.text else ""
        return AuthorError(f"{file}, line {error.lineno}: {type(error).__name__}: {error.msg}{text}")
    frames = traceback.extract_tb(error.__traceback__)
    # Where no room is at its top level, none was being imported: then it is a fault that has to show its traceback.
    if not any(frame.name == "<module>" and _in_room(frame.filename) for frame in frames):
        return None
    frame = next(frame for frame in reversed(frames) if _in_room(frame.filename))
    said = str(error) if isinstance(error, RecbookError) else f"{type(error).__name__}: {error}"
    return AuthorError(f"{_in_room(frame.filename)}, line {frame.lineno}: {said}")


def _in_room(filename: str | None) -> str:
    """The file as authors know it, such as "solutions/autoencoder.py"; "" for one that is in none of `ROOMS`."""
    path = Path(filename or "")
    if path.stem == "__init__":  # the room itself, which is no chapter's
        return ""
    for room, folder in ROOMS.items():
        if room in sys.modules and str(path.parent) in map(str, sys.modules[room].__path__):
            return f"{folder}/{path.name}"
    return ""


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
    module_of(f"grader.{room}", chapter)
