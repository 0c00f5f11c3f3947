"""What the reference and every known mistake answer to the cases of one grading run.

The cases come from a secret, so that knowing the public ones is worth nothing. The process that runs student code
gets only the numbers derived from it, one for each question, and those only for this run.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from grader.verify import ask_known
from recbook.answer import Answer, to_json
from recbook.question import Question
from recbook.recorded import load_recorded
from recbook.verdict import KnownMistake

SECRET_FILE = "secret-seed.txt"


@dataclass(frozen=True)
class Known:
    """What is known of one question on the cases of `seed`; `constant` names the parts that no seed changes."""

    seed: int
    reference: Answer
    mistakes: tuple[KnownMistake, ...]
    constant: frozenset[str]

    def fingerprint(self, question: Question) -> str:
        """Equal as long as the same answer gets the same verdict."""
        known = [to_json(self.reference), *(f"{m.name}|{m.hint}|{to_json(m.answer)}" for m in self.mistakes)]
        parts = [f"{name} {part.rule} {part.share} {_settings(part.same)}" for name, part in question.parts.items()]
        judged_by = [question.id, f"{question.points:g}", *parts, *sorted(self.constant), str(self.seed), *known]
        return hashlib.sha256("\n".join(judged_by).encode()).hexdigest()[:16]


def references(questions: Iterable[Question], secret: str) -> dict[str, Known]:
    """Ask the reference and every mistake of each question; id -> what is known.

    Call it from the main thread: only there do the time limits of the questions work.
    """
    import torch  # only now: it takes seconds, in which hand-ins can run already

    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # as where student code runs: sums in the same order
    try:
        known = {}
        for question in questions:
            seed = question_seed(secret, question.id)
            constant = load_recorded(question).constant  # as recorded, so that a check gives the same points
            known[question.id] = Known(seed, *ask_known(question, seed), constant)
        return known
    finally:
        torch.set_num_threads(threads)


def question_seed(secret: str, id: str) -> int:
    """The seed of one question's cases. From it, neither the secret nor another question's seed can be found."""
    digest = hmac.new(secret.encode(), id.encode(), hashlib.sha256).digest()
    return int.from_bytes(digest[:6], "big")


def _settings(function: Callable[..., object]) -> list[object]:
    """The numbers, such as a tolerance, that a comparison was made with."""
    held = [cell.cell_contents for cell in function.__closure__ or ()]
    return [_settings(each) if callable(each) else each for each in held]


def keep_secret(folder: Path, given: str | None = None) -> str:
    """The secret of the runs whose results are in `folder`: the given one, the one kept there, or a new one.

    It is kept, so that grading again gives the same marks.
    """
    path = folder / SECRET_FILE
    if given is None and path.is_file() and (kept := path.read_text("utf-8").strip()):
        return kept
    secret = given if given is not None else secrets.token_hex(16)
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(secret + "\n")
    return secret
