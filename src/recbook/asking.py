"""Ask a question of code: draw the cases, run it quietly and within limits, copy what it saw."""

from __future__ import annotations

import contextlib
import functools
import io
import signal
import sys
import threading
import traceback
import warnings
import zlib
from collections.abc import Iterator, Mapping
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np

from recbook.answer import MAX_MESSAGE, Answer, CaseAnswer, Raised, plain, to_json
from recbook.errors import AnswerTooLarge
from recbook.question import Case, Code, Question

#: The seed of the public cases: the ones `check` asks in a notebook.
PUBLIC_SEED = 0
#: The type names under which limits that were hit appear in an answer.
OUT_OF_TIME = "OutOfTime"
TOO_LARGE = "AnswerTooLarge"
#: How often the alarm rings again, for code that swallows every exception.
_ALARM_AGAIN = 0.5


@functools.cache
def _as_first_seen(module: ModuleType | None) -> SimpleNamespace | None:
    """The names in a module, as they were before code under test could replace them: `np.random.seed = 42` is common.

    torch is first seen by `warm_up`; for callers that do not use it, it is None.
    """
    return module and SimpleNamespace(**vars(module))


_random = _as_first_seen(np.random)


class OutOfTime(BaseException):
    """The time limit of a case was reached. Not an `Exception`, so that `except Exception` does not hide it."""


def draw_cases(question: Question, seed: int = PUBLIC_SEED) -> list[Case]:
    """The cases of a question for one seed. Each question has its own stream of random numbers."""
    stream = _random.SeedSequence([seed, zlib.crc32(question.id.encode())])
    return question.cases(_random.default_rng(stream))


def ask(question: Question, namespace: Mapping[str, Any], seed: int = PUBLIC_SEED) -> Answer:
    """Ask `question` of the code in `namespace` and return what was seen.

    Never raises what the code raises: an exception, `SystemExit` included, becomes part of the answer.
    A `KeyboardInterrupt` passes, so that the person at the keyboard can stop.
    """
    missing = tuple(name for name in question.needs if name not in namespace)
    if missing:
        return Answer(missing=missing)
    warm_up()
    code = Code(namespace, question.needs)
    cases = []
    for case in draw_cases(question, seed):
        cases.append(_ask_case(question, code, case, seed))
        if cases[-1].raised and cases[-1].raised.type_name == OUT_OF_TIME:
            break  # one wait is enough
    answer = Answer(cases=tuple(cases))
    try:
        to_json(answer, question.max_bytes)
    except AnswerTooLarge as error:
        return Answer(cases=(CaseAnswer(raised=Raised(TOO_LARGE, str(error))),))
    return answer


def _ask_case(question: Question, code: Code, case: Case, seed: int) -> CaseAnswer:
    parts: dict[str, Any] = {}
    raised = None
    with _quiet(), _own_state(seed):
        try:
            with time_limit(question.seconds):
                for name, value in question.ask(code, case):
                    parts[name] = plain(value)
        except OutOfTime:
            raised = Raised(OUT_OF_TIME, f"no answer within {question.seconds:g} s")
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # SystemExit, GeneratorExit and whatever else code under test may raise
            raised = describe_exception(error, question)
    return CaseAnswer(parts=parts, raised=raised)


def describe_exception(error: BaseException, question: Question | None = None) -> Raised:
    """The exception as plain data, with the line of the code under test that raised it, where it is known."""
    try:
        message = str(error)
    except BaseException:  # a student's own exception class may fail even here
        message = "(its message could not be read)"
    return Raised(type(error).__name__, message[:MAX_MESSAGE], _where(error, question))


def _where(error: BaseException, question: Question | None) -> str:
    asked_in = question.ask.__code__.co_filename if question else ""
    frames = traceback.extract_tb(error.__traceback__)
    ours = (asked_in, __file__, Code.__getattr__.__code__.co_filename)
    theirs = [f for f in frames if f.filename not in ours and not _is_of_library(f.filename)]
    if not theirs:
        return ""
    frame = theirs[-1]
    line = f": {frame.line.strip()}" if frame.line else ""
    return f"line {frame.lineno} of {frame.name}{line}"[:MAX_MESSAGE]


def _is_of_library(filename: str) -> bool:
    """Whether a frame is of an installed library; those written in Cython name their source without its folder."""
    return filename.endswith((".pyx", ".pxi")) or any(
        part in filename for part in ("site-packages", "/torch/", "/lib/python", "<frozen ")
    )


def warm_up() -> None:
    """Let torch, if the caller uses it, do what it puts off until the first optimizer: seconds of imports.

    They must not count against the time of the question that happens to come first, nor be cut short by its limit.
    """
    torch = _as_first_seen(sys.modules.get("torch"))
    if torch and "torch._dynamo" not in sys.modules:
        torch.optim.SGD([torch.zeros(1)], lr=0.1)


@contextlib.contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise `OutOfTime` in the block after `seconds`, where the platform can (main thread, not Windows)."""
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "setitimer"):
        yield
        return

    def ring(signum: int, frame: Any) -> None:
        raise OutOfTime

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds, _ALARM_AGAIN)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep what the code prints and warns out of sight: a check's own message should stand alone."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with contextlib.redirect_stdout(_Discard()), contextlib.redirect_stderr(_Discard()):
            yield


class _Discard(io.TextIOBase):
    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        return len(text)


@contextlib.contextmanager
def _own_state(seed: int) -> Iterator[None]:
    """For the block, NumPy and torch are set as after their import, and seeded; then the notebook has its own back.

    A cell far below may have set them otherwise, though every check before it had passed.
    """
    torch = _as_first_seen(sys.modules.get("torch"))
    with contextlib.ExitStack() as after:
        after.callback(_random.set_state, _random.get_state())
        _random.seed(seed % 2**32)
        if torch:
            after.callback(torch.set_rng_state, torch.get_rng_state())
            _seed_torch(torch, seed)
            after.callback(torch.set_default_dtype, torch.get_default_dtype())
            torch.set_default_dtype(torch.float32)
            device = torch.empty(0).device
            after.callback(torch.set_default_device, None if device.type == "cpu" else device)
            torch.set_default_device(None)
            after.enter_context(torch.inference_mode(False))  # which also turns gradients on
        yield


def _seed_torch(torch: SimpleNamespace, seed: int) -> None:
    """As `torch.manual_seed`, which also leaves a note, with the whole call stack, for each accelerator not in use."""
    if torch.cuda.is_initialized():
        torch.manual_seed(seed)
    else:
        torch.default_generator.manual_seed(seed)
