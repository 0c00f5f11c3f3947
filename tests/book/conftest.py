"""Fixtures of the tests of the book."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tiny_chapter import EXERCISES, SOLUTIONS, TEXT, Tiny, load_solutions


@pytest.fixture
def tiny(tmp_path: Path) -> Iterator[Tiny]:
    yield Tiny(TEXT, EXERCISES, load_solutions(SOLUTIONS, tmp_path))
    sys.modules.pop("tiny_solutions", None)
