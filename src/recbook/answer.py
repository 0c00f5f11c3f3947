"""Answers: what a question saw, as plain data.

An answer crosses the border between student code and the judge, so it holds nothing but numbers, strings, lists
and arrays. It is written as JSON; an array is its dtype, shape and base64 bytes. Never pickle.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
import re
import sys
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from recbook.errors import AnswerTooLarge, BadAnswer

#: The most bytes one encoded answer may have, unless its question says otherwise.
MAX_BYTES = 1_000_000
#: The most characters kept of an exception's message.
MAX_MESSAGE = 400
#: The most characters kept of a name that came back.
MAX_NAME = 200
_MAX_DEPTH = 6
_ARRAY_KINDS = "biuf"
#: What `to_json` writes as the dtype of an array. NumPy would take any other text for a small program, and run it.
_DTYPE = re.compile(r"\|b1|\|[iu]1|<[iu][248]|<f(?:[248]|16)")


@dataclass(frozen=True)
class Opaque:
    """Stands for an object that is not plain data: only the name of its type crosses the border."""

    type_name: str


@dataclass(frozen=True)
class Raised:
    """An exception that ended a case: its type, its message and the line of the code under test that raised it."""

    type_name: str
    message: str = ""
    where: str = ""

    def __str__(self) -> str:
        text = f"{self.type_name}: {self.message}" if self.message else self.type_name
        return f"{text} ({self.where})" if self.where else text


Plain = None | bool | int | float | str | np.ndarray | list | dict | Opaque


@dataclass(frozen=True)
class CaseAnswer:
    """What was seen on one case: the named parts, in order, and the exception that ended it early, if any."""

    parts: dict[str, Plain] = field(default_factory=dict)
    raised: Raised | None = None


@dataclass(frozen=True)
class Answer:
    """The whole answer to one question: one `CaseAnswer` a case, or the reason why there is none."""

    cases: tuple[CaseAnswer, ...] = ()
    #: Names the question needs and the code does not define.
    missing: tuple[str, ...] = ()

    @property
    def raised(self) -> Raised | None:
        """The first exception of any case."""
        return next((case.raised for case in self.cases if case.raised), None)


def plain(value: Any, depth: int = 0) -> Plain:
    """Turn whatever a piece of code returned into plain data, by copying.

    Tensors, NumPy arrays and pandas objects become NumPy arrays; tuples become lists; anything unknown becomes
    an `Opaque`. Nothing of the original object is kept, so later changes to it change nothing here.
    """
    if depth > _MAX_DEPTH:
        return Opaque("deeply nested value")
    if value is None or type(value) in (bool, int, float, str):
        return value
    kind = type(value).__module__.partition(".")[0]
    if kind == "torch" and hasattr(value, "detach"):
        return _plain_tensor(value)
    if kind == "pandas" and hasattr(value, "to_numpy"):
        value = value.to_numpy()
    if isinstance(value, np.generic):
        return plain(value.item(), depth)
    if isinstance(value, np.ndarray):
        if value.dtype.kind in _ARRAY_KINDS:
            return np.array(value, copy=True)
        return [plain(item, depth + 1) for item in value.tolist()]
    if isinstance(value, dict):
        return {str(key): plain(item, depth + 1) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        items = [plain(item, depth + 1) for item in value]
        # A list of 0-d arrays is what `list(tensor)` gives: read it as the numbers it holds.
        return [item.item() if isinstance(item, np.ndarray) and item.ndim == 0 else item for item in items]
    if isinstance(value, (str, bool, int, float)):  # a subclass, such as an enum or numpy's str_
        base = next(b for b in (str, bool, int, float) if isinstance(value, b))
        return base(value)
    return Opaque(type(value).__name__)


def _plain_tensor(tensor: Any) -> np.ndarray:
    if tensor.is_sparse:
        # Torch does not check indices by itself: one outside the shape would write anywhere in memory.
        torch = sys.modules["torch"]
        checked = torch.sparse_coo_tensor(tensor._indices(), tensor._values(), tensor.shape, check_invariants=True)
        tensor = checked.to_dense()
    tensor = tensor.detach().cpu()
    if tensor.dtype.is_floating_point and tensor.element_size() < 4:
        tensor = tensor.float()  # half precision has no NumPy twin for bfloat16
    return np.array(tensor.numpy(), copy=True)


def to_json(answer: Answer, limit: int = MAX_BYTES) -> str:
    """Write an answer as one line of JSON. Raises `AnswerTooLarge` beyond `limit` bytes."""
    document = {
        "cases": [
            {
                "parts": {name: _encode(value) for name, value in case.parts.items()},
                "raised": vars(case.raised) if case.raised else None,
            }
            for case in answer.cases
        ],
        "missing": list(answer.missing),
    }
    text = json.dumps(document, separators=(",", ":"), allow_nan=False)
    if len(text) > limit:
        raise AnswerTooLarge(f"the answer is {len(text):,} bytes long; the limit is {limit:,}")
    return text


def from_json(text: str | bytes, limit: int = MAX_BYTES) -> Answer:
    """Read an answer. The text may come from beside hostile code: anything unexpected is a `BadAnswer`."""
    if len(text) > limit:
        raise BadAnswer(f"the answer is {len(text):,} bytes long; the limit is {limit:,}")
    try:
        document = parse_json(text)
        return Answer(
            cases=tuple(
                CaseAnswer(
                    parts={str(name): _decode(value) for name, value in case["parts"].items()},
                    raised=_read_raised(case["raised"]),
                )
                for case in document["cases"]
            ),
            missing=tuple(str(name)[:MAX_NAME] for name in document["missing"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError, RecursionError, binascii.Error) as error:
        raise BadAnswer(f"not a well-formed answer: {type(error).__name__}: {error}") from None


def parse_json(text: str | bytes) -> Any:
    """What JSON from beside hostile code says. In it, half of a surrogate pair becomes "?": no file would take it."""
    return _clean(json.loads(text))


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, list):
        return [_clean(item) for item in value]
    if isinstance(value, dict):
        return {_clean(key): _clean(item) for key, item in value.items()}
    return value


def _read_raised(document: dict | None) -> Raised | None:
    if document is None:
        return None
    return Raised(*(str(document[key])[:MAX_MESSAGE] for key in ("type_name", "message", "where")))


def _encode(value: Plain) -> Any:
    if isinstance(value, Opaque):
        return {"$opaque": value.type_name}
    if isinstance(value, float) and not math.isfinite(value):
        return {"$float": repr(value)}
    if isinstance(value, np.ndarray):
        little = np.ascontiguousarray(value, dtype=value.dtype.newbyteorder("<"))
        data = base64.b64encode(little.tobytes()).decode("ascii")
        return {"$array": [little.dtype.str, list(value.shape), data]}
    if isinstance(value, list):
        return [_encode(item) for item in value]
    if isinstance(value, dict):
        return {"$dict": {key: _encode(item) for key, item in value.items()}}
    return value


def _decode(value: Any) -> Plain:
    if isinstance(value, list):
        return [_decode(item) for item in value]
    if not isinstance(value, dict):
        return value
    ((tag, content),) = value.items()
    if tag == "$opaque":
        return Opaque(str(content)[:MAX_NAME])
    if tag == "$float":
        return float(content)
    if tag == "$dict":
        return {str(key): _decode(item) for key, item in content.items()}
    if tag == "$array":
        return _decode_array(*content)
    raise ValueError(f"unknown tag {tag!r}")


def _decode_array(dtype_text: str, shape: list[int], data: str) -> np.ndarray:
    if not _DTYPE.fullmatch(dtype_text) or any(type(length) is not int or length < 0 for length in shape):
        raise ValueError(f"an array of dtype {dtype_text!r} and shape {shape!r}")
    return np.frombuffer(base64.b64decode(data, validate=True), np.dtype(dtype_text)).reshape(shape).copy()
