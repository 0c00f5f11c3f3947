"""What downloads of a learning platform have brought: `submitted/.collected/<chapter>.json`, kept by `grader collect`.

Of each student's folder: the attempt that counts, and the number that the platform gave the student in this chapter.
Moodle numbers its participants anew in each assignment; Canvas' number is the person's everywhere.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from grader.results import write_text

FOLDER = ".collected"

#: Folder of a student -> order, file, late, and id: the platform's number.
Known = dict[str, dict[str, Any]]


def read_known(submitted: Path, chapter: str) -> Known:
    """What earlier downloads brought; nothing where there is no such file, or a broken one."""
    try:
        known = json.loads(_path(submitted, chapter).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return {name: each for name, each in known.items() if isinstance(each, dict)} if isinstance(known, dict) else {}


def write_known(submitted: Path, chapter: str, known: Mapping[str, Mapping[str, Any]]) -> None:
    """Keep it for the next download, and for the export."""
    write_text(_path(submitted, chapter), json.dumps(known, ensure_ascii=False, indent=1, sort_keys=True))


def numbers_of(submitted: Path, chapter: str) -> dict[str, str]:
    """Folder of a student -> the platform's number in this chapter, where it is known."""
    return {name: str(each["id"]) for name, each in read_known(submitted, chapter).items() if each.get("id")}


def _path(submitted: Path, chapter: str) -> Path:
    return submitted / FOLDER / f"{chapter}.json"
