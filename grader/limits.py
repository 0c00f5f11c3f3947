"""What a hand-in and a question may use, and how a course sets it: for all, for a chapter, for a question."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from importlib.resources import files
from pathlib import Path
from typing import Any

from grader.errors import BadLimits
from recbook.errors import UnknownExercise
from recbook.question import Question
from recbook.questions import chapters, find, refuse_unknown


@dataclass(frozen=True)
class Limits:
    """What one hand-in may use. Times in seconds of wall time unless they say otherwise, sizes in bytes."""

    start_seconds: float = 90.0
    cell_seconds: float = 20.0
    #: For all cells together; when it is used up, only the definitions of the remaining cells are run.
    cells_seconds: float = 90.0
    #: Added to the time of each step before the process is killed: it should have stopped the step by itself.
    grace_seconds: float = 3.0
    total_seconds: float = 600.0
    cpu_seconds: int = 900
    #: How often a hand-in that ended its process is started again.
    restarts: int = 30
    #: Of all its processes together; also the address space of each, which with the libraries starts at 1.1 GB.
    memory: int = 6 << 30
    #: How much memory a question may take on top of what is in use when it is asked.
    question_memory: int = 2 << 30
    file_size: int = 64 << 20
    open_files: int = 256
    #: All files together, and their number.
    disk: int = 128 << 20
    files: int = 4096
    #: Processes and threads.
    processes: int = 64
    #: All that is read from one process: outputs and answers.
    journal: int = 64 << 20
    #: Question id -> its own `seconds` (a case) or `memory` (bytes).
    questions: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    def of(self, question: Question) -> Question:
        """The question with its time limit as set here."""
        seconds = self.questions.get(question.id, {}).get("seconds")
        return question if seconds is None else replace(question, seconds=float(seconds))

    def memory_of(self, question: Question) -> int:
        """How much memory the question may take on top of what is in use, in bytes."""
        return int(self.questions.get(question.id, {}).get("memory", self.question_memory))


_NAMES = {each.name: each.type for each in fields(Limits) if each.name != "questions"}
_QUESTION_NAMES = ("seconds", "memory")


def read_limits(path: Path, chapter: str) -> Limits:
    """The limits for a chapter from a TOML file::

        cell_seconds = 30                    # for every chapter
        [chapter.softmax]
        memory = 8_000_000_000               # for one
        [question."softmax.train"]
        seconds = 20                         # for one exercise

    Raises `BadLimits`, also for a chapter or an exercise that does not exist: nobody would notice that its limit is
    not used.
    """
    try:
        document = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise BadLimits(f"The limits cannot be read from {path}: {error.strerror}.") from None
    except ValueError as error:
        raise BadLimits(f"{path} is not TOML: {error}.") from None
    of_chapters, of_questions = document.pop("chapter", {}), document.pop("question", {})
    if not isinstance(of_chapters, dict) or not isinstance(of_questions, dict):
        raise BadLimits(f'{path}: write [chapter.NAME] and [question."NAME.EXERCISE"] as tables.')
    for name in of_chapters:
        _refuse_unknown_chapter(path, f"[chapter.{name}]", name)
    for id in of_questions:
        _refuse_no_question(path, id)
    settings = _checked(path, document, _NAMES)
    own = {name: _checked(path, each, _NAMES) for name, each in of_chapters.items()}
    settings |= own.get(chapter, {})
    settings = {name: int(value) if _NAMES[name] == "int" else float(value) for name, value in settings.items()}
    questions = {id: _checked(path, each, _QUESTION_NAMES) for id, each in of_questions.items()}
    return Limits(**settings, questions=questions)


def _refuse_unknown_chapter(path: Path, table: str, chapter: str) -> None:
    try:
        refuse_unknown(chapter)
    except UnknownExercise as error:
        raise BadLimits(f"{path}: {table}: {error}") from None


def _refuse_no_question(path: Path, id: str) -> None:
    table = f'[question."{id}"]'
    if id in chapters():  # TOML reads a dotted name as a table within a table
        raise BadLimits(f'{path}: {id} is a chapter. Write the id of an exercise, in quotes: [question."{id}.NAME"].')
    _refuse_unknown_chapter(path, table, id.partition(".")[0])
    if _is_recorded(id):
        return
    try:
        exercise = find(id)
    except UnknownExercise as error:
        raise BadLimits(f"{path}: {table}: {error}") from None
    if not isinstance(exercise, Question):
        raise BadLimits(f"{path}: {table}: {id} is an essay: a person reads it, there is no code to limit.")


def _is_recorded(id: str) -> bool:
    """True for a question with recorded answers. To look there takes no time; to import its chapter takes seconds."""
    recorded = files("recbook.answers").joinpath(f"{id.partition('.')[0]}.json")
    return recorded.is_file() and id in json.loads(recorded.read_text("utf-8"))


def _checked(path: Path, table: Any, names: Any) -> dict[str, float]:
    if not isinstance(table, dict):
        raise BadLimits(f"{path}: {table!r} should be a table.")
    for name, value in table.items():
        if name not in names:
            raise BadLimits(f"{path}: there is no limit called {name!r}. There are: {', '.join(names)}.")
        if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
            raise BadLimits(f"{path}: {name} = {value!r} should be a number above 0.")
    return table
