"""Instant checks in a notebook: `check("autoencoder.forward")` and `hint("autoencoder.forward")`.

A check asks the question of the caller's own names, on the public cases, and compares with recorded answers.
"""

from __future__ import annotations

import html
import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from recbook.asking import ask, warm_up
from recbook.errors import RecbookError
from recbook.question import Essay, Question
from recbook.questions import find
from recbook.recorded import load_recorded
from recbook.verdict import Verdict, judge

_COLOURS = {"right": "#1a7f37", "wrong": "#9a6700", "error": "#b42318", "timeout": "#b42318", "": "#3b5b92"}
_SIGNS = {"right": "✓", "wrong": "✗", "error": "!", "timeout": "⏱", "": "→"}
_hints_given: Counter[str] = Counter()


# A chapter's first cell imports this after torch: the time goes there, not into the first check.
warm_up()


def check(id: str, namespace: Mapping[str, Any] | None = None) -> None:
    """Check one exercise, in the names of the calling notebook (or of `namespace`), and show the verdict.

    Nothing is graded here: check as often as you like.
    """
    names = sys._getframe(1).f_globals if namespace is None else namespace
    try:
        exercise = find(id)
        if isinstance(exercise, Essay):
            _show(Message("", id, f"An essay is read by a person ({exercise.points:g} points)."))
        else:
            _show(_verdict_message(judge_in_notebook(exercise, names)))
    except RecbookError as error:  # a slip in the id, or a damaged installation, should not end in a traceback
        _show(Message("error", str(id), str(error)))


def hint(id: str) -> None:
    """Show the next hint of an exercise: first a question, then a pointer, then the idea."""
    try:
        hints = getattr(find(id), "hints", ())
    except RecbookError as error:
        _show(Message("error", str(id), str(error)))
        return
    if not hints:
        _show(Message("", id, "There is no hint for this one."))
        return
    number = _hints_given[id] % len(hints)
    _hints_given[id] += 1
    _show(Message("", id, f"Hint {number + 1} of {len(hints)}: {hints[number]}"))


def judge_in_notebook(question: Question, namespace: Mapping[str, Any]) -> Verdict:
    """Ask `question` of `namespace` on the public cases and judge it by the recorded answers."""
    recorded = load_recorded(question)
    return judge(question, ask(question, namespace), recorded.reference, recorded.mistakes, recorded.constant)


def award(id: str, namespace: Mapping[str, Any] | None = None) -> float | None:
    """The points of one exercise, in the way nbgrader reads them from a test cell.

    All points: returns None (a cell that ends without an error has full marks). Some: returns the number, which
    nbgrader reads as partial credit. None at all: raises AssertionError with the hint.
    """
    names = sys._getframe(1).f_globals if namespace is None else namespace
    verdict = judge_in_notebook(find(id), names)
    if verdict.verdict == "right":
        return None
    if verdict.points > 0:
        return verdict.points
    raise AssertionError(verdict.hint)


@dataclass(frozen=True)
class Message:
    """What a check or a hint shows: as a coloured note in a notebook, as one line in a terminal."""

    word: str
    title: str
    text: str = ""
    note: str = ""

    def __repr__(self) -> str:
        head = f"{_SIGNS[self.word]} {self.title}" + (f": {self.note}" if self.note else "")
        return f"{head}\n  {self.text}" if self.text else head

    def _repr_html_(self) -> str:
        colour = _COLOURS[self.word]
        note = f" <span>{html.escape(self.note)}</span>" if self.note else ""
        text = f"<div>{_code_marks(html.escape(self.text))}</div>" if self.text else ""
        return (
            f'<div class="recbook-check recbook-{self.word or "note"}" style="border-left:4px solid {colour};'
            f'padding:.35em .8em;margin:.2em 0;max-width:46em">'
            f'<strong style="color:{colour}">{_SIGNS[self.word]} {html.escape(self.title)}</strong>{note}{text}</div>'
        )


def _code_marks(escaped: str) -> str:
    """`name` -> <code>name</code>, in text that is already escaped."""
    pieces = escaped.split("`")
    if len(pieces) % 2 == 0:  # an unpaired mark: leave the text alone
        return escaped
    return "".join(f"<code>{piece}</code>" if i % 2 else piece for i, piece in enumerate(pieces))


def _verdict_message(verdict: Verdict) -> Message:
    words = {"right": "right", "wrong": "not yet", "error": "an error", "timeout": "out of time"}
    unit = "point" if verdict.max_points == 1 else "points"
    note = f"{words[verdict.verdict]} ({verdict.points:g} of {verdict.max_points:g} {unit})"
    return Message(verdict.verdict, verdict.exercise, verdict.hint, note)


def _show(message: Message) -> None:
    ipython = sys.modules.get("IPython")
    if ipython is not None and ipython.get_ipython() is not None:
        ipython.display.display(message)
    else:
        print(message)
