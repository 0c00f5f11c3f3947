"""Unpack what learning platforms deliver. Nothing an archive says about paths, sizes or links is believed.

Only notebooks are written, each to a place of our choosing below one folder. A zip that a student handed in is opened
once; a zip inside it is not. What is left out is noted, with the reason, and never stops the rest: a student's zip has
limits of its own, and nothing in it counts towards those of the class.
"""

from __future__ import annotations

import errno
import os
import re
import stat
import struct
import unicodedata
import zipfile
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from zoneinfo import ZoneInfo

from nbgrader.plugins import ExtractorPlugin
from traitlets import Integer, Unicode

from grader.errors import CollectError
from grader.files import MAX_FILE

_CHUNK = 1 << 20
_SKIPPED = ("__MACOSX", ".DS_Store", ".ipynb_checkpoints")
#: What the system says where a path is too long, or a file stands where a folder should be.
_ODD_PATH = (errno.ENAMETOOLONG, errno.EEXIST, errno.ENOTDIR, errno.EISDIR)
_FROM_A_PLATFORM = re.compile(r"_assignsubmission_|_\d+_\d+_")


class TooLarge(Exception):
    """A file has more bytes than it may."""


class SafeExtractor(ExtractorPlugin):
    """nbgrader's extractor for archives of students' files."""

    max_file = Integer(MAX_FILE, help="The most bytes one file of a student may have, packed or not.").tag(config=True)
    max_handed_in_zip = Integer(4 * MAX_FILE, help="The most bytes in a zip that a student handed in.").tag(config=True)
    max_handed_in_entries = Integer(2_000, help="The most files in a zip that a student handed in.").tag(config=True)
    max_handed_in_notebooks = Integer(100, help="The most notebooks in a zip that a student handed in.").tag(
        config=True
    )
    max_total = Integer(
        20 << 30, help="The most bytes all notebooks may have together; those in students' zips, once more."
    ).tag(config=True)
    max_entries = Integer(200_000, help="The most files in an archive.").tag(config=True)
    timezone = Unicode("", help="The platform's time zone, such as Europe/Berlin. Default: this machine's.").tag(
        config=True
    )

    def extract(self, archive_path: str, extracted_path: str) -> None:
        """Unpack zips and copy loose files from one folder to another. nbgrader calls this."""
        #: (name, why) of what was left out, and of what was taken in another way than it asked for.
        self.refused: list[tuple[str, str]] = []
        self.notes: list[tuple[str, str]] = []
        self._written = self._unzipped = self._entries = 0
        target = Path(extracted_path)
        for number, (path, name) in enumerate(self._loose_files(Path(archive_path))):
            if path.suffix.lower() == ".zip" and not _FROM_A_PLATFORM.search(name):
                self._unzip(path, target / str(number), handed_in=False)
            else:
                self._take(path, name, target, os.stat(path).st_mtime)

    def _loose_files(self, folder: Path) -> Iterator[tuple[Path, str]]:
        for root, folders, files in os.walk(folder):
            folders.sort()
            for name in list(folders):
                if (Path(root) / name).is_symlink():
                    folders.remove(name)
                    self.refused.append((name, "is a link, not a folder"))
            for name in sorted(files):
                path = Path(root, name)
                shown = path.relative_to(folder).as_posix()
                top = path.parent == folder and path.suffix.lower() == ".zip"  # the archive itself may be linked to
                if any(part in _SKIPPED for part in path.parts):
                    continue
                if not top and (path.is_symlink() or not stat.S_ISREG(os.lstat(path).st_mode)):
                    self.refused.append((shown, "is a link, not a file"))
                    continue
                yield path, shown

    def _take(self, path: Path, name: str, target: Path, time: float) -> None:
        suffix = path.suffix.lower()
        if suffix not in (".zip", ".ipynb"):
            self.refused.append((name, f"is no notebook ({suffix or 'no ending'})"))
        elif path.stat().st_size > self.max_file:
            self.refused.append((name, f"is larger than {self.max_file >> 20} MB"))
        elif suffix == ".zip":
            self._unzip(path, target, handed_in=True, name=name, time=time)
        else:
            with path.open("rb") as source:
                self._write(source, self._place(target, name), time)

    # --- Zips ------------------------------------------------------------------------------------------------------

    def _unzip(self, path: Path, target: Path, handed_in: bool, name: str = "", time: float = 0.0) -> None:
        """Unpack a zip: the platform's own, or (`handed_in`) one that a student handed in as `name` at `time`."""
        name = name or path.name
        try:
            with zipfile.ZipFile(path) as archive:
                entries = [entry for entry in archive.infolist() if not entry.filename.endswith("/")]
                if handed_in and (why := self._why_not(entries)):
                    self.refused.append((name, why))
                    return
                self._entries += 0 if handed_in else len(entries)
                if self._entries > self.max_entries:
                    raise CollectError(f"{name} has more than {self.max_entries:,} files. That is no class.")
                for entry in entries:
                    self._unzip_entry(archive, entry, target, name if handed_in else "", time)
        except CollectError:
            raise
        except Exception as error:  # zipfile raises whatever it meets in a broken archive
            if isinstance(error, OSError) and error.errno:  # our disk, not their archive
                raise
            if not handed_in:
                raise CollectError(
                    f"{path.resolve()} is no zip that can be read: {error}. Download it again."
                ) from None
            self.refused.append((name, "is no zip that can be read"))

    def _why_not(self, entries: Sequence[zipfile.ZipInfo]) -> str:
        """Why a zip that a student handed in is left out as a whole; "" when it is not. Nothing is unpacked here."""
        if len(entries) > self.max_handed_in_entries:
            return f"has more than {self.max_handed_in_entries:,} files"
        notebooks = [entry.file_size for entry in entries if _suffix(safe_parts(entry.filename)) == ".ipynb"]
        if len(notebooks) > self.max_handed_in_notebooks:
            return f"has more than {self.max_handed_in_notebooks:,} notebooks"
        if sum(entry.file_size for entry in entries) > self.max_handed_in_zip:
            return f"unpacks to more than {self.max_handed_in_zip >> 20} MB"
        self._unzipped += sum(notebooks)  # no more than that: zipfile ends an entry at the size it claims
        return "" if self._unzipped <= self.max_total else "does not fit beside the other zips that were handed in"

    def _unzip_entry(
        self, archive: zipfile.ZipFile, entry: zipfile.ZipInfo, target: Path, inside: str, time: float
    ) -> None:
        parts = safe_parts(entry.filename)
        if not parts or any(part in _SKIPPED for part in parts):
            return
        shown = "/".join([inside, *parts] if inside else parts)
        place = "/".join([inside[:-4], *parts] if inside else parts)
        if "/".join(parts) != unicodedata.normalize("NFC", entry.filename):
            self.notes.append((shown, f"had the path {entry.filename!r}"))
        suffix = _suffix(parts)
        if stat.S_ISLNK(entry.external_attr >> 16):
            self.refused.append((shown, "is a link, not a file"))
        elif entry.flag_bits & 1:
            self.refused.append((shown, "is encrypted"))
        elif suffix == ".zip" and inside:
            self.refused.append((shown, "is a zip inside a zip"))
        elif suffix not in (".zip", ".ipynb"):
            self.refused.append((shown, f"is no notebook ({suffix or 'no ending'})"))
        else:
            # What a student's own zip says of the time is the student's word: the platform's time counts.
            time = time if inside else self._time(entry)
            try:
                with archive.open(entry) as source:
                    path = self._write(source, self._place(target, place), time, counts=not inside)
            except TooLarge:
                self.refused.append((shown, f"is larger than {self.max_file >> 20} MB"))
                return
            except CollectError:
                raise
            except Exception as error:  # whatever zipfile and zlib raise from a broken stream
                if isinstance(error, OSError) and error.errno not in _ODD_PATH:
                    raise
                why = getattr(error, "strerror", None) or error
                self.refused.append((shown, f"is damaged in the archive ({why})"))
                return
            if suffix == ".zip":
                self._unzip(path, target, handed_in=True, name=shown, time=time)
                path.unlink()

    def _time(self, entry: zipfile.ZipInfo) -> float:
        """When the platform got a file: seconds since 1970. A zip's own times have no zone and steps of 2 s."""
        exact = _unix_time(entry.extra)
        if exact is not None:
            return float(exact)
        try:
            local = datetime(*entry.date_time)
        except ValueError:
            return 0.0
        zone = ZoneInfo(self.timezone) if self.timezone else None
        return (local.replace(tzinfo=zone) if zone else local.astimezone()).timestamp()

    # --- Writing ---------------------------------------------------------------------------------------------------

    def _place(self, target: Path, name: str) -> Path:
        """A path below `target` that is not taken yet."""
        *folders, file = [_shortened(part) for part in safe_parts(name)]
        stem, suffix = os.path.splitext(file)
        folder = target.joinpath(*folders)
        path = folder / f"{stem}{suffix.lower()}"
        number = 1
        while path.exists() or path.is_symlink():
            path = folder / f"{stem} ({number}){suffix.lower()}"
            number += 1
        return path

    def _write(self, source: object, path: Path, time: float, counts: bool = True) -> Path:
        """Write a file; one that `counts` is the class's."""
        for parent in reversed(path.parents):  # a file may stand where a folder is needed: then the folder yields
            if parent.is_file():
                path = parent.with_name(f"{parent.name} (folder)") / path.relative_to(parent)
        path.parent.mkdir(parents=True, exist_ok=True)
        written = 0
        with path.open("xb") as file:
            try:
                while block := source.read(_CHUNK):
                    written += len(block)
                    self._written += len(block) if counts else 0
                    if written > self.max_file:
                        raise TooLarge
                    if self._written > self.max_total:
                        raise CollectError(f"The notebooks together are larger than {self.max_total >> 30} GB.")
                    file.write(block)
            except BaseException:
                path.unlink()
                raise
        os.utime(path, (time, time))
        return path


def safe_parts(name: str) -> list[str]:
    """The parts of an archive's path that can only lead downwards: no root, no `..`; backslashes divide too."""
    text = unicodedata.normalize("NFC", name.replace("\\", "/"))
    text = "".join(char for char in text if char.isprintable()).encode("utf-8", "replace").decode("utf-8")
    return [part for part in (each.strip() for each in text.split("/")) if part.strip(". ") and part != "~"]


def _suffix(parts: Sequence[str]) -> str:
    return PurePosixPath(*parts[-1:]).suffix.lower()


def handed_in_at(path: Path) -> datetime:
    """When the platform got an extracted file, in UTC."""
    return datetime.fromtimestamp(path.stat().st_mtime, UTC)


def _shortened(part: str) -> str:
    """A file name that file systems take: at most 200 bytes, with its ending."""
    stem, suffix = os.path.splitext(part)
    room = 200 - len(suffix.encode())
    return (stem.encode()[: max(room, 20)].decode("utf-8", "ignore") + suffix)[:200]


def _unix_time(extra: bytes) -> int | None:
    """The modification time in a zip entry's extended-timestamp field (0x5455), which is in UTC; None without one."""
    while len(extra) >= 4:
        kind, size = struct.unpack_from("<HH", extra)
        body, extra = extra[4 : 4 + size], extra[4 + size :]
        if kind == 0x5455 and len(body) >= 5 and body[0] & 1:
            return struct.unpack_from("<i", body, 1)[0]
    return None
