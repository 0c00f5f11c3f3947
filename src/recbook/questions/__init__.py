"""The catalogue: every chapter's questions. A chapter is one module of this package."""

from __future__ import annotations

import difflib
import pkgutil
from collections.abc import Sequence
from functools import cache
from importlib import import_module

from recbook.errors import UnknownExercise
from recbook.question import Essay, Exercise, Question

#: More names than this are not listed in a message.
_MANY = 20


@cache
def chapters() -> tuple[str, ...]:
    """The names of the chapters that have questions."""
    return tuple(sorted(module.name for module in pkgutil.iter_modules(__path__) if not module.name.startswith("_")))


def refuse_unknown(chapter: str) -> None:
    """Raise `UnknownExercise` for what is no chapter, without importing any."""
    if chapter not in chapters():
        raise UnknownExercise(_unknown("chapter", chapter, chapters()))


@cache
def of_chapter(chapter: str) -> tuple[Exercise, ...]:
    """The exercises of one chapter, in the order of its module. Raises `UnknownExercise`."""
    refuse_unknown(chapter)
    module = import_module(f"{__name__}.{chapter}")
    exercises = tuple(value for value in vars(module).values() if isinstance(value, (Question, Essay)))
    strays = [exercise.id for exercise in exercises if exercise.chapter != chapter]
    if strays:
        raise ValueError(f"recbook.questions.{chapter} declares exercises of another chapter: {', '.join(strays)}")
    return exercises


def find(id: str) -> Exercise:
    """The exercise of this id, such as "autoencoder.forward". Raises `UnknownExercise`."""
    chapter = id.partition(".")[0]
    if chapter not in chapters():
        raise UnknownExercise(_unknown("exercise", id, [e.id for c in chapters() for e in of_chapter(c)]))
    for exercise in of_chapter(chapter):
        if exercise.id == id:
            return exercise
    raise UnknownExercise(_unknown("exercise", id, [exercise.id for exercise in of_chapter(chapter)]))


def _unknown(kind: str, name: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.4)
    if near:
        return f"There is no {kind} {name!r}. Did you mean {near[0]!r}?"
    some = ", ".join(known[:_MANY]) + (", ..." if len(known) > _MANY else "")
    return f"There is no {kind} {name!r}. There are: {some}."
