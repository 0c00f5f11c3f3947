"""Ask one question of a Python file, apart, and judge the answer here."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from pathlib import Path

from grader.apart import Worker
from grader.errors import FileProblem
from grader.files import is_notebook
from grader.isolation import missing
from grader.limits import Limits
from grader.references import Known, references
from grader.supervise import Asked, Code, Response, respond_apart
from recbook.answer import Answer
from recbook.question import Question
from recbook.questions import find
from recbook.verdict import Verdict, Word, judge

MAX_FILE = 2 << 20
_SYNTAX_ERRORS = ("SyntaxError", "IndentationError", "TabError")


@dataclass(frozen=True)
class FileVerdict:
    """The verdict on a file's code; `syntax_error` says why the file is no Python, "" when it is."""

    verdict: Verdict
    syntax_error: str = ""


def ask_file(
    exercise: str,
    path: Path,
    secret: str | None = None,
    limits: Limits = Limits(),  # noqa: B008 - frozen
) -> FileVerdict:
    """The verdict on the code in a Python file, on cases that are drawn anew unless `secret` is given.

    The file runs in a process of its own, never in this one. Raises `UnknownExercise`, or `FileProblem` when there is
    nothing to ask or nothing to read.
    """
    question = find(exercise)
    if not isinstance(question, Question):
        raise FileProblem(f"{exercise} is an essay: a person reads it, there is no code to ask.")
    if is_notebook(path.name) and path.is_file():
        raise FileProblem(
            f"{path} is a notebook; `ask` takes a Python file. Copy the cell that defines `{question.subject}` into "
            f'one, or run check("{exercise}") in the notebook.'
        )
    code = Code(file=(path.name, read_python(path)))
    known = references([question], secret or secrets.token_hex(16))[question.id]
    # An author asks code of their own: where it cannot be locked in, a process of its own is enough.
    with Worker("none" if missing() else "namespaces") as worker:
        response = respond_apart(code, [(question, known.seed)], limits, worker.start)
    asked = response.asked[question.id]
    why_missing = _why_missing(path, asked.answer, response)
    verdict = judge_asked(question, asked, known, why_missing)
    error = (response.cells[0].error or {}) if 0 in response.cells else {}
    return FileVerdict(verdict, describe_error(error) if error.get("type") in _SYNTAX_ERRORS else "")


def read_python(path: Path) -> str:
    """The text of a Python file. Raises `FileProblem`."""
    try:
        if not path.is_file():
            raise FileProblem(f"There is no file {path}." if not path.exists() else f"{path} is not a file.")
        if path.stat().st_size > MAX_FILE:
            raise FileProblem(f"{path} is larger than {MAX_FILE >> 20} MB: is it the right file?")
        return path.read_text("utf-8-sig")
    except UnicodeDecodeError:
        raise FileProblem(f"{path} is not a text file in UTF-8.") from None
    except OSError as error:
        raise FileProblem(f"{path} cannot be read: {error.strerror}.") from None


def judge_asked(question: Question, asked: Asked, known: Known, why_missing: str = "") -> Verdict:
    """The verdict on what came back for one question. No answer: no points, and the reason as the hint.

    `why_missing` says why a name that the question needs is not defined, where that is known.
    """
    if asked.answer is None:
        word: Word = "timeout" if asked.why in ("timeout", "no time left") else "error"
        return Verdict(question.id, word, 0.0, question.points, _why_no_answer(question, asked))
    verdict = judge(question, asked.answer, known.reference, known.mistakes, known.constant)
    if asked.answer.missing and why_missing:
        return Verdict(question.id, verdict.verdict, 0.0, question.points, why_missing)
    if verdict.verdict == "error" and _out_of_memory(asked.answer):
        hint = "Your code ran out of memory: it took more than this exercise may use. Does something grow without end?"
        return replace(verdict, hint=hint)
    return verdict


def _out_of_memory(answer: Answer) -> bool:
    raised = answer.raised
    return raised is not None and (raised.type_name == "MemoryError" or "can't allocate memory" in raised.message)


def describe_error(error: dict[str, str] | None) -> str:
    """An error that ended a cell or file, in one phrase: "SyntaxError: invalid syntax (line 3: def f(:)"."""
    if not error:
        return ""
    if error["type"] == "OutOfTime":
        return "it did not end in time"
    if error["type"] == "ProcessEnded":
        return error["message"]
    text = f"{error['type']}: {error['message']}" if error["message"] else error["type"]
    return f"{text} ({error['where']})" if error["where"] else text


def _why_missing(path: Path, answer: Answer | None, response: Response) -> str:
    """Why names that the question needs are missing, said of a file, which has no cells to run."""
    run = response.cells.get(0)
    error = describe_error(run.error) if run else ""
    if error:
        return f"Your file stopped before it was read to its end: {error}."
    names = " and ".join(f"`{name}`" for name in answer.missing) if answer else ""
    return f"{path} does not define {names}." if names else ""


def _why_no_answer(question: Question, asked: Asked) -> str:
    match asked.why:
        case "timeout":
            return f"Your code gave no answer within {question.seconds:g} s a case, and could not be stopped."
        case "died":
            return f"Your code ended the whole program when it was called ({asked.detail}). Return the result instead."
        case "limit":
            return f"Your code was stopped when it was called: {asked.detail}."
        case "no time left":
            return "The time for the whole hand-in was used up before this exercise was asked. Does every loop end?"
        case "died too often":
            return "Your code ended the whole program too often for this exercise to be asked."
    return "What came back from your code is not an answer, so there is nothing to give points for."
