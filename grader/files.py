"""The files in a hand-in's folder that may be its notebook. Links are not followed; archives are looked into."""

from __future__ import annotations

import io
import os
import unicodedata
import zipfile
from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from pathlib import Path, PurePosixPath

from grader.errors import HandinProblem

MAX_FILE = 64 << 20
#: What students need for a notebook, packed; the list of contents of a larger archive may not fit into memory.
_MAX_ARCHIVE = 16 << 20
#: What a browser or an editor makes of a notebook's name. The list of a folder, and what is looked into, has an end.
_PERHAPS = (".ipynb.txt", ".ipynb.json", ".json", ".zip")
_MAX_LISTED = 2_000
_MAX_CANDIDATES = 12
_MAX_DEPTH = 4
_ARCHIVE = b"PK\x03\x04"
#: The kinds of characters that are no text: control characters, and halves of a character.
_COMMANDS = ("Cc", "Cs")

Read = Callable[[], bytes]


def candidates(folder: Path, expected: str) -> Iterator[tuple[str, Read]]:
    """The files that may be the notebook, the likeliest first: name, and a function that reads it.

    The functions raise `HandinProblem`, and so does this one where the folder is no folder of its own.
    """
    if folder.is_symlink() or folder.parent.is_symlink():
        raise HandinProblem(f"{expected} is not an ordinary file: its folder is a link.")
    names = [name for name in listed(folder) if is_notebook(name) or _may_be_one(folder, name)]
    for name in sorted(names, key=lambda name: _likelihood(name, expected))[:_MAX_CANDIDATES]:
        path = folder / name
        if _is_ordinary(path, folder) and _beginning(path) == _ARCHIVE:
            yield from _in_archive(path, name, expected)
        else:
            yield as_text(name), partial(_content, path, folder, name)


def listed(folder: Path) -> list[str]:
    """The names of the files in a folder and below, in order, without what systems leave there."""
    return sorted(islice(_walk(folder), _MAX_LISTED))


def is_notebook(name: str) -> bool:
    """True when a file is called a notebook."""
    return name.lower().endswith(".ipynb")


def as_text(name: str) -> str:
    """A file's name as text that can be written anywhere, also where its bytes are no UTF-8, or command a terminal."""
    return printable(os.fsencode(name).decode("utf-8", "backslashreplace"))


def printable(text: str) -> str:
    """Text with its control characters written out: from a file's name they could clear or rewrite the screen."""
    return "".join(repr(sign)[1:-1] if unicodedata.category(sign) in _COMMANDS and sign != "\n" else sign
                   for sign in text)  # fmt: skip


def _walk(folder: Path) -> Iterator[str]:
    for place, folders, files in os.walk(folder):
        within = Path(place).relative_to(folder)
        folders[:] = sorted(name for name in folders if _is_students(name)) if len(within.parts) < _MAX_DEPTH else []
        yield from (str(within / name) for name in files if _is_students(name))


def _is_students(name: str) -> bool:
    return not name.startswith(".") and name != "__MACOSX"


def _may_be_one(folder: Path, name: str) -> bool:
    suffix = name.lower().endswith(_PERHAPS) or "." not in name
    return suffix and _is_ordinary(folder / name, folder) and _beginning(folder / name).lstrip()[:1] in (b"{", b"P")


def _likelihood(name: str, expected: str) -> tuple[bool, bool, int, str]:
    return name != expected, not is_notebook(name), name.count(os.sep), name


def _is_ordinary(path: Path, folder: Path) -> bool:
    """False for a link: it could lead to somebody else's work, or to the solutions."""
    return path.is_file() and not path.is_symlink() and path.resolve().is_relative_to(folder.resolve())


def _beginning(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(len(_ARCHIVE))
    except OSError:
        return b""


def _content(path: Path, folder: Path, name: str) -> bytes:
    if not _is_ordinary(path, folder):
        raise HandinProblem(f"{as_text(name)} is not an ordinary file.")
    try:
        if path.stat().st_size > MAX_FILE:
            raise _too_large()
        return path.read_bytes()
    except OSError as error:
        raise HandinProblem(f"The notebook cannot be read: {error.strerror}.") from None


def _too_large() -> HandinProblem:
    return HandinProblem(f"The notebook is larger than {MAX_FILE >> 20} MB. Clear its outputs and hand it in again.")


# --- Archives ------------------------------------------------------------------------------------------------------


def _in_archive(path: Path, name: str, expected: str) -> Iterator[tuple[str, Read]]:
    try:
        if path.stat().st_size > _MAX_ARCHIVE:
            raise HandinProblem("it is too large")
        archive = zipfile.ZipFile(io.BytesIO(path.read_bytes()))
        inside = [info for info in archive.infolist() if is_notebook(info.filename) and _is_plain(info.filename)]
    except Exception as error:  # zipfile raises whatever it meets in a broken archive
        yield as_text(name), partial(_refuse, f"The zip file {as_text(name)} cannot be opened ({error}). {_ITSELF}")
        return
    if not inside:
        yield as_text(name), partial(_refuse, f"There is no notebook in the zip file {as_text(name)}. {_ITSELF}")
    inside.sort(key=lambda info: _likelihood(PurePosixPath(info.filename).name, expected))
    for info in inside[:_MAX_CANDIDATES]:
        yield f"{as_text(name)}/{printable(info.filename)}"[:200], partial(_unpacked, archive, info)


_ITSELF = "Hand in the .ipynb file itself."


def _is_plain(name: str) -> bool:
    return all(_is_students(part) for part in PurePosixPath(name).parts)


def _refuse(message: str) -> bytes:
    raise HandinProblem(message)


def _unpacked(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    try:
        with archive.open(info) as file:
            content = file.read(MAX_FILE + 1)
    except Exception as error:  # a password, a broken archive, an unknown kind of compression
        raise HandinProblem(f"The notebook in the zip file cannot be unpacked ({error}). {_ITSELF}") from None
    if len(content) > MAX_FILE:
        raise _too_large()
    return content
