"""Questions: an exercise is a question asked of code.

A question runs some code under test on given inputs and writes down what it saw. It knows no answer and gives no
verdict, so it may run beside student code. The same question is asked of the reference, of every known mistake and
of the student's code; `recbook.verdict` compares what came back.

An author writes a question as a generator that yields the named parts of the answer::

    @question(
        "autoencoder.forward",
        title="The forward pass", objective="Turn rating rows into predictions.", points=2,
        needs=["forward"], cases=forward_cases,
        parts={"predictions": close()},
        hints=["What does one neuron do?", "Look at the formula of h(x).", "Two layers, one sigmoid between."],
    )
    def forward(code, case):
        yield "predictions", code.forward(tiny_model(case), case["x"])
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from recbook.answer import MAX_BYTES
from recbook.parts import Part, equal

Case = dict[str, Any]
Cases = Callable[[np.random.Generator], list[Case]]
Ask = Callable[["Code", Case], Iterator[tuple[str, Any]]]
Kind = Literal["code", "bug hunt", "quiz", "essay"]


class ReturnedNothing(TypeError):
    """The code under test returned None where a value is asked for."""


class Code:
    """The names a question may ask for. `code.forward(...)` calls the function under test.

    Only the names a question declares in `needs` can be reached, so that a wrong exercise costs no other one.
    """

    def __init__(self, namespace: Mapping[str, Any], needs: Sequence[str]):
        self._namespace = namespace
        self._needs = tuple(needs)

    def __getattr__(self, name: str) -> Any:
        if name not in self._needs:
            raise AttributeError(f"the question does not declare that it needs {name!r}")
        value = self._namespace[name]
        if inspect.isclass(value) or not callable(value):
            return value

        def call(*args: Any, **kwargs: Any) -> Any:
            result = value(*args, **kwargs)
            if result is None:
                raise ReturnedNothing(f"{name} returned None. Does every path through it end in a `return`?")
            return result

        return call


@dataclass(frozen=True)
class Exercise:
    """What questions and essays have in common. The id is `chapter.name`."""

    id: str
    title: str
    objective: str
    points: float
    kind: Kind

    @property
    def chapter(self) -> str:
        """The part of the id before the dot."""
        return self.id.partition(".")[0]

    @property
    def name(self) -> str:
        """The part of the id after the dot."""
        return self.id.partition(".")[2]

    @property
    def grade_id(self) -> str:
        """The id under which nbgrader knows the cell that carries the points (nbgrader allows no dots)."""
        return self.id.replace(".", "-")


@dataclass(frozen=True)
class Question(Exercise):
    """An exercise that is graded by asking code.

    `needs` are the names asked of the code, the subject first; `parts` say how each named part of the answer is
    compared and what share of the points it carries; `cases(rng)` draws the inputs; `ask(code, case)` yields
    the parts. `defect` names the known mistake that a bug hunt starts from. `seconds` limits the time of one case,
    `max_bytes` the size of the answer.
    """

    needs: tuple[str, ...] = ()
    parts: Mapping[str, Part] = field(default_factory=dict)
    cases: Cases = lambda rng: [{}]
    ask: Ask = lambda code, case: iter(())
    hints: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()
    defect: str = ""
    seconds: float = 5.0
    max_bytes: int = MAX_BYTES

    @property
    def subject(self) -> str:
        """The name of the function or class the student writes."""
        return self.needs[0]


@dataclass(frozen=True)
class Essay(Exercise):
    """An exercise marked by a person, by a rubric: criterion -> points."""

    rubric: Mapping[str, float] = field(default_factory=dict)


def question(
    id: str,
    *,
    title: str,
    objective: str,
    points: float,
    needs: Sequence[str],
    parts: Mapping[str, Part],
    cases: Cases,
    hints: Sequence[str],
    bug_hunt: str = "",
    seconds: float = 5.0,
    max_bytes: int = MAX_BYTES,
) -> Callable[[Ask], Question]:
    """Declare a question; decorates the generator that asks it. See the module's docstring for an example.

    `bug_hunt` is the name of the known mistake that the student is given to repair. What it gets right earns nothing.
    """

    def declare(ask: Ask) -> Question:
        return Question(
            id=id, title=title, objective=objective, points=points, kind="bug hunt" if bug_hunt else "code",
            defect=bug_hunt, needs=tuple(needs), parts=dict(parts), cases=cases, ask=ask, hints=tuple(hints),
            seconds=seconds, max_bytes=max_bytes,
        )  # fmt: skip

    return declare


def quiz(
    id: str,
    *,
    title: str,
    objective: str,
    choices: Sequence[str],
    hints: Sequence[str],
    points: float = 1,
) -> Question:
    """Declare a multiple-choice question: the student's function takes no argument and returns one letter.

    Its wrong choices are its mistakes, each with a hint of its own (`grader.mistakes`).
    """
    subject = id.partition(".")[2]

    def ask(code: Code, case: Case) -> Iterator[tuple[str, Any]]:
        choice = getattr(code, subject)()
        choice = choice.strip().lower() if isinstance(choice, str) else choice
        if choice not in choices:
            raise ValueError(f"{choice!r} is not one of the choices: return one of {', '.join(map(repr, choices))}")
        yield "choice", choice

    return Question(
        id=id, title=title, objective=objective, points=points, kind="quiz", needs=(subject,),
        parts={"choice": equal(about="your choice")}, ask=ask, hints=tuple(hints), choices=tuple(choices),
    )  # fmt: skip


def essay(id: str, *, title: str, objective: str, rubric: Mapping[str, float]) -> Essay:
    """Declare an essay; its points are the sum of its rubric."""
    return Essay(id=id, title=title, objective=objective, points=sum(rubric.values()), kind="essay", rubric=rubric)
