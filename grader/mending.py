"""JSON that is cut off, or has something else behind or between it: read as far as it goes.

The text is a student's file, so every way through it takes time in proportion to its length.
"""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Iterator
from itertools import islice
from typing import Any

CUT = "The file is cut off: what is there was read, the rest is lost."
TRAILING = "Something stood behind the end of the notebook: left out."
TORN = "The file is damaged: the cells that can still be read were read, the others are lost."

_TOKEN = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[\[\]{},]', re.DOTALL)
_CELL = re.compile(r'\{\s*"(?:attachments|cell_type|execution_count|id|metadata|outputs|source)"')
_CLOSING = {"[": "]", "{": "}"}
_MAX_DEPTH = 100
#: How many places to cut a text that breaks off at; how many of its signs to look at for that; how often its length
#: to read for each of the two ways to mend it.
_MAX_CUTS = 40
_MAX_TOKENS = 3_000_000
_MAX_READS = 12


def _integer(digits: str) -> int:
    return int(digits) if len(digits) < 400 else 0


_DECODER = json.JSONDecoder(strict=False, parse_int=_integer)


def read_json(text: str) -> tuple[Any, str]:
    """What a JSON text says, and a note on what had to be mended ("" when nothing). Raises `ValueError`."""
    start = len(text) - len(text.lstrip())
    try:
        value, end = _DECODER.raw_decode(text, start)
    except (ValueError, RecursionError):
        return _mended(text)
    return value, TRAILING if text[end:].strip() else ""


def _mended(text: str) -> tuple[Any, str]:
    """The longest beginning of the text that can be closed; where that leaves most of it out, its whole cells."""
    closed, used = _closed(text)
    if closed is not None and used >= len(text) * 0.98 - 1_000:
        return closed, CUT
    cells = list(_whole_cells(text))
    kept = closed.get("cells") if isinstance(closed, dict) else None
    if cells and len(cells) > (len(kept) if isinstance(kept, list) else 0):
        return {"nbformat": 4, "cells": cells}, TORN
    if closed:
        return closed, CUT
    raise ValueError("no JSON")


def _closed(text: str) -> tuple[Any, int]:
    """The text up to the last comma before which everything is in order, with its brackets closed; and how far."""
    stack: list[str] = []
    cuts: deque[tuple[int, str]] = deque(maxlen=_MAX_CUTS)
    for token in islice(_TOKEN.finditer(text), _MAX_TOKENS):
        sign = token[0]
        if sign in _CLOSING:
            stack.append(_CLOSING[sign])
            if len(stack) > _MAX_DEPTH:
                break
        elif sign in ("]", "}"):
            if not stack or stack.pop() != sign:
                break
            if stack:  # the end of a value: nothing has to follow
                cuts.append((token.end(), "".join(reversed(stack))))
        elif sign == "," and stack:
            cuts.append((token.start(), "".join(reversed(stack))))
    reads = _MAX_READS * len(text)
    for end, closing in reversed(cuts):
        reads -= end
        if reads < 0:
            break
        try:
            return _DECODER.decode(text[:end] + closing), end
        except (ValueError, RecursionError):
            continue
    return None, 0


def _whole_cells(text: str, most: int = 5_000) -> list[dict[str, Any]]:
    return list(islice(_find_cells(text), most))


def _find_cells(text: str) -> Iterator[dict[str, Any]]:
    """Every object in the text that looks like a cell of a notebook."""
    at, reads = 0, _MAX_READS * len(text) + 100_000
    while reads > 0 and (found := _CELL.search(text, at)):
        at = found.end()
        try:
            value, end = _DECODER.raw_decode(text, found.start())
        except json.JSONDecodeError as error:
            reads -= error.pos - found.start() + error.pos // 8 + 1  # the error counts the lines up to it
            continue
        except (ValueError, RecursionError):
            reads -= len(text)
            continue
        if "cell_type" in value:
            yield value
            at = end
        else:
            reads -= end - found.start()
