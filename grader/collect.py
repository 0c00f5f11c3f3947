"""Collect what a class has handed in from a learning platform's download: `submitted/<student>/<chapter>/`.

nbgrader's own ZipCollectApp does it, with our plugins: an extractor that trusts no archive, and a collector for each
platform, which reads the student from a file's path. So they work with nbgrader's command too:

    nbgrader zip_collect CHAPTER --extractor grader.unpack.SafeExtractor --collector grader.collect.MoodleCollector

What the platforms write, from their sources:

Moodle (mod/assign/classes/downloader.php): `Full Name_1234567_assignsubmission_file_/file.ipynb`, or, without folders,
`Full Name_1234567_assignsubmission_file_file.ipynb`. The number is the participant's in this assignment, the same as
in the grading worksheet; in the next assignment the same person has another one. So a number that is new is of the
student of the same name, where there is one only. Underscores in names have become blanks.

Canvas (lib/content_zipper.rb): `lastfirst_LATE_12345_678910_file-1.ipynb`: name, user, upload, file. `LATE` stands only
in what came late; a further attempt with the same file name gets -1, -2, ... and a higher number of the upload.
Anonymous: `anon_Ab1c2_678910_file.ipynb`. An entry's time is that of the download, so it says nothing.
"""

from __future__ import annotations

import hashlib
import logging
import os
import re
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from nbgrader.apps.zipcollectapp import ZipCollectApp
from nbgrader.coursedir import CourseDirectory
from nbgrader.plugins import FileNameCollectorPlugin
from nbgrader.utils import parse_utc
from traitlets.config import Config

from grader.collected import Known, read_known, write_known
from grader.errors import CollectError
from grader.unpack import SafeExtractor, handed_in_at
from recbook.questions import chapters

EARLIER = ".earlier"
_ATTEMPT = re.compile(r"(?:-| ?\()(\d{1,4})\)?\Z")


# --- nbgrader's plugins --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Name:
    """What a path in a download says. `student` is the folder it is collected into."""

    student: str
    id: str
    file: str
    late: bool = False
    #: Canvas' number of the upload: higher means later.
    upload: int = 0


class PlatformCollector(FileNameCollectorPlugin):
    """What the collectors share: `named_regexp` is searched in the path below nbgrader's `extracted` folder."""

    has_times = False
    #: True where a person has another number in each assignment.
    numbers_anew = False

    def collect(self, submitted_file: str) -> dict[str, str] | None:
        """nbgrader asks of each file: whose is it, which notebook, from when? None where that cannot be told."""
        name = self.read(submitted_file)
        if name is None or not submitted_file.endswith(".ipynb"):
            return None
        info = {"student_id": name.student, "file_id": self.parent.coursedir.assignment_id}
        if self.has_times:
            info["timestamp"] = handed_in_at(Path(submitted_file)).replace(tzinfo=None).isoformat(" ")
        return info

    def read(self, path: str) -> Name | None:
        """What the path of an extracted file says; None where it is not one of this platform."""
        root = self.parent._format_collect_path(self.parent.extracted_directory)
        found = re.search(self.named_regexp, Path(path).relative_to(root).as_posix())
        if found is None:
            return None
        parts = found.groupdict()
        name = _folder_name(parts.get("name") or "")
        id = parts["student_id"]
        return Name(
            f"{name}_{id}" if name else id, id, parts["file_id"], bool(parts.get("late")), int(parts.get("upload") or 0)
        )


class MoodleCollector(PlatformCollector):
    """Moodle's 'download all submissions', with a folder a student or without."""

    has_times = True
    numbers_anew = True

    def __init__(self, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self.named_regexp = self.named_regexp or (
            r"(?:^|/)(?P<name>[^/]*?)_(?P<student_id>\d+)_assignsubmission_file_/?(?P<file_id>.+)"
        )


class CanvasCollector(PlatformCollector):
    """Canvas' 'download submissions'."""

    def __init__(self, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self.named_regexp = self.named_regexp or (
            r"(?:^|/)(?:(?P<name>[^/]+?)_)??(?:(?P<late>LATE)_)?(?P<student_id>\d+|anon_[A-Za-z0-9]+)"
            r"_(?P<upload>\d+)_(?P<file_id>.+)"
        )


PLATFORMS: dict[str, type[PlatformCollector]] = {"moodle": MoodleCollector, "canvas": CanvasCollector}


def _folder_name(name: str) -> str:
    """A person's name as a folder: letters, digits, blanks and a few signs; never hidden, never a path."""
    kept = "".join(char if char.isalnum() or char in " .'-," else "_" for char in name)
    return " ".join(kept.split()).lstrip(". _-")[:80].rstrip()


# --- Collecting ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Attempt:
    """One notebook of one student in a download."""

    name: Name
    path: Path
    shown: str
    of_chapter: bool
    order: tuple[float, ...]
    time: datetime | None
    late: bool


@dataclass
class Collected:
    """What came of a download. Pairs are (student or file, what happened)."""

    platform: str
    taken: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    late: list[tuple[str, str]] = field(default_factory=list)
    replaced: list[tuple[str, str]] = field(default_factory=list)
    notes: list[tuple[str, str]] = field(default_factory=list)
    not_understood: list[tuple[str, str]] = field(default_factory=list)


def collect(
    chapter: str,
    archive: Path,
    submitted: Path,
    *,
    platform: str = "auto",
    due: datetime | None = None,
    timezone: str = "",
    limits: Mapping[str, int] | None = None,
) -> Collected:
    """Collect a download (a zip, or the folder it was unpacked to) into `submitted`/<student>/<chapter>/.

    Of several attempts the last in time counts; the others, and what was collected before, lie under
    `submitted`/.earlier/. Doing it again changes nothing. `due` has a time zone; `limits` are
    sizes by the name of the extractor's trait. Raises `CollectError`.
    """
    if not archive.exists():
        raise CollectError(f"There is no {archive}.")
    if archive.is_file() and archive.suffix.lower() != ".zip":
        raise CollectError(f"{archive} is neither a zip nor a folder. Give the download as the platform made it.")
    if platform != "auto" and platform not in PLATFORMS:
        raise CollectError(f"There is no platform {platform!r}. There are: {', '.join(PLATFORMS)}.")
    try:
        submitted.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=submitted, prefix=".collecting-") as folder:
            app, said = _app(chapter, Path(folder).resolve(), {"timezone": timezone, **(limits or {})})
            return _collect(app, said, archive.resolve(), submitted, platform, due)
    except OSError as error:
        raise CollectError(
            f"{error.filename or submitted}: {error.strerror}. What was collected before is as it was; put this right "
            "(room on the disk, the right to write) and collect again."
        ) from None


def _collect(
    app: ZipCollectApp, said: list[str], archive: Path, submitted: Path, platform: str, due: datetime | None
) -> Collected:
    chapter, folder = app.coursedir.assignment_id, Path(app.coursedir.root)
    source = folder / "downloaded" / chapter / "archive"
    source.parent.mkdir(parents=True)
    if archive.is_dir():
        source.symlink_to(archive)
    else:
        source.mkdir()
        (source / "download.zip").symlink_to(archive)
    _run(app.extract_archive_files, said)
    extracted = Path(app._format_collect_path(app.extracted_directory))
    files = sorted(path for path in extracted.rglob("*.ipynb") if path.is_file())
    extractor = app.extractor_plugin_inst
    platform, app.collector_plugin_inst = _platform(app, files, platform, archive)
    result = Collected(platform, notes=extractor.notes, not_understood=extractor.refused)

    by_student: dict[str, list[Attempt]] = {}
    for path in files:
        attempt = _attempt(app.collector_plugin_inst, path, extracted, chapter, due)
        if attempt is None:
            result.not_understood.append((_shown(path, extracted), f"its name is not one that {platform} gives"))
        else:
            by_student.setdefault(attempt.name.id, []).append(attempt)
    for attempts in by_student.values():
        attempts.sort(key=lambda attempt: (attempt.of_chapter, attempt.order))
        for attempt in attempts[:-1]:
            attempt.path.rename(attempt.path.with_suffix(".earlier"))  # nbgrader shall see the last one only

    _run(app.process_extracted_files, said)
    known = read_known(submitted, chapter)
    names = [attempts[-1].name for attempts in by_student.values()]
    students = _students(submitted, known, names, app.collector_plugin_inst.numbers_anew)
    for id, attempts in sorted(by_student.items()):
        last = attempts[-1]
        student = students[id]
        made = folder / "submitted" / last.name.student / chapter
        _write_timestamp(made, last, due)
        counts = _hand_over(made, submitted, student, chapter, last, known, result)
        for attempt in attempts[:-1]:
            why = "a later attempt counts" if attempt.of_chapter == last.of_chapter else f"{last.shown} is {chapter}"
            earlier = attempt.path.with_suffix(".earlier")
            kept, is_new = _set_aside(earlier, submitted, student, chapter, Path(attempt.shown).name)
            if is_new:
                result.replaced.append((student, f"{attempt.shown}: {why}; kept as {kept}"))
        if last.late and counts:
            result.late.append((student, f"{last.time:%Y-%m-%d %H:%M} UTC" if last.time else "Canvas says so"))
    write_known(submitted, chapter, known)
    return result


def _app(chapter: str, folder: Path, settings: Mapping[str, object]) -> tuple[ZipCollectApp, list[str]]:
    """nbgrader's own application, on a course directory of its own, and the list its errors go to."""
    said: list[str] = []
    log = logging.getLogger(f"grader.collect.{folder.name}")
    log.propagate = False
    log.handlers = [_Lines(said)]
    config = Config()
    config.CourseDirectory.root = str(folder)
    config.CourseDirectory.assignment_id = chapter
    config.SafeExtractor.update(settings)
    app = ZipCollectApp(config=config, log=log, coursedir=CourseDirectory(config=config))
    app.extractor_plugin_inst = SafeExtractor(parent=app)
    return app, said


class _Lines(logging.Handler):
    def __init__(self, lines: list[str]) -> None:
        super().__init__(logging.ERROR)
        self._lines = lines

    def emit(self, record: logging.LogRecord) -> None:
        self._lines.append(record.getMessage())


def _run(step: Callable[[], None], said: list[str]) -> None:
    try:
        step()
    except SystemExit:  # how nbgrader's applications fail
        raise CollectError(f"nbgrader could not collect: {' '.join(said) or 'it did not say why'}") from None


def _platform(app: ZipCollectApp, files: Iterable[Path], wanted: str, archive: Path) -> tuple[str, PlatformCollector]:
    """The collector of this platform, or of the one whose names most files have."""
    collectors = {name: kind(parent=app) for name, kind in PLATFORMS.items() if wanted in ("auto", name)}
    counts = {name: sum(each.read(str(path)) is not None for path in files) for name, each in collectors.items()}
    best = max(counts, key=counts.__getitem__)
    if not counts[best]:
        raise CollectError(
            f"No notebook in {archive} has a name as {' or '.join(counts)} gives it. Collect the platform's own "
            "download (Moodle: 'Download all submissions', Canvas: 'Download Submissions'), not renamed."
        )
    return best, collectors[best]


def _attempt(
    collector: PlatformCollector, path: Path, extracted: Path, chapter: str, due: datetime | None
) -> Attempt | None:
    name = collector.read(str(path))
    if name is None:
        return None
    time = handed_in_at(path) if collector.has_times else None
    stem = Path(name.file).stem
    number = _ATTEMPT.search(stem)
    order = (time.timestamp() if time else 0.0, name.upload, int(number[1]) if number else 0)
    late = name.late or bool(due and time and time > due)
    return Attempt(name, path, _shown(path, extracted), _is_of(stem, chapter), order, time, late)


def _is_of(stem: str, chapter: str) -> bool:
    """True for `autoencoder`, `Copy of autoencoder (1)`, `my-Autoencoder-final`; not for another chapter's name."""
    text = re.sub(r"[\W_]+", "_", stem.casefold())
    named = [name for name in chapters() if name.casefold() in text]
    return bool(named) and max(named, key=len) == chapter


def _shown(path: Path, extracted: Path) -> str:
    parts = path.relative_to(extracted).parts
    return "/".join(parts[1:] if parts[0].isdigit() else parts)


# --- Into the class's folder ---------------------------------------------------------------------------------------


def _students(submitted: Path, known: Known, names: Sequence[Name], numbers_anew: bool) -> dict[str, str]:
    """The platform's number -> the student's folder, for everybody in a download.

    By the number first, so that a person who changes their name stays one student. With `numbers_anew`, a number that
    was never seen belongs to the student of this name, where one person only has it, here and there; else to a new one.
    """
    folders = [path.name for path in submitted.iterdir() if path.is_dir() and not path.name.startswith(".")]
    numbered = {name.rpartition("_")[2]: name for name in folders if name.rpartition("_")[2].isdigit()}
    numbered |= {str(each["id"]): name for name, each in known.items() if each.get("id") and name in folders}
    taken = {numbered[each.id] for each in names if each.id in numbered} | (known.keys() & set(folders))
    called = Counter(_person(each.student) for each in names)
    there = Counter(map(_person, folders))
    by_name = {_person(name): name for name in folders if name not in taken}

    def of(each: Name) -> str:
        person = _person(each.student)
        if each.id in numbered:
            return numbered[each.id]
        is_one = numbers_anew and person and called[person] == there[person] == 1
        return by_name.get(person, each.student) if is_one else each.student

    return {each.id: of(each) for each in names}


def _person(folder: str) -> str:
    """The name in a folder's name, without the platform's number; "" where it is only a number."""
    name, _, number = folder.rpartition("_")
    return name if number.isdigit() else ""


def _write_timestamp(made: Path, last: Attempt, due: datetime | None) -> None:
    """nbgrader has written timestamp.txt where the platform gives times. Canvas only says that it was late.

    Then one second after the due date stands there, the earliest it can have been: late for nbgrader's penalties.
    """
    if last.time is None and last.late and due:
        moment = (due.astimezone(UTC) + timedelta(seconds=1)).replace(tzinfo=None)
        (made / "timestamp.txt").write_text(moment.isoformat(" "))


def _hand_over(
    made: Path, submitted: Path, student: str, chapter: str, last: Attempt, known: Known, result: Collected
) -> bool:
    """Put a collected hand-in where it belongs; what was there goes aside, unless it is later: then False."""
    place = submitted / student / chapter
    there = sorted(place.glob("*.ipynb")) if place.is_dir() else []
    notebook = next(made.glob("*.ipynb"))
    new = {"order": list(last.order), "file": last.shown, "late": last.late, "id": last.name.id}
    if [_digest(path) for path in there] == [_digest(notebook)]:
        result.unchanged.append(student)
        for path in made.glob("timestamp.txt"):
            shutil.copyfile(path, place / path.name)
        known[student] = new
        return True
    before = known.get(student, {})
    if there and _order_of(place, before, last) > last.order:
        kept, is_new = _set_aside(notebook, submitted, student, chapter, Path(last.shown).name)
        result.unchanged.append(student)
        if is_new:
            result.replaced.append((student, f"{last.shown}: a later attempt was collected before; kept as {kept}"))
        return False
    for path in there:
        name = Path(before.get("file", path.name)).name
        kept, _ = _set_aside(path, submitted, student, chapter, name, copy=True)
        result.replaced.append((student, f"what was collected before: {last.shown} counts now; kept as {kept}"))
    place.mkdir(parents=True, exist_ok=True)
    (place / "timestamp.txt").unlink(missing_ok=True)
    brought = [path.name for path in made.iterdir()]
    for path in made.iterdir():
        os.replace(path, place / path.name)
    for path in there:
        if path.name not in brought:
            path.unlink()
    known[student] = new
    result.taken.append(student)
    return True


def _order_of(place: Path, known: Mapping, last: Attempt) -> tuple[float, ...]:
    """How late what is there was handed in, in the terms of the new attempt; before everything when unknown."""
    order = known.get("order")
    if isinstance(order, list) and len(order) == len(last.order):
        return tuple(order)
    try:
        moment = parse_utc((place / "timestamp.txt").read_text("utf-8").strip()).replace(tzinfo=UTC)
        return (moment.timestamp(), 0, 0) if last.time else ()
    except (OSError, ValueError, OverflowError, AttributeError):
        return ()


def _set_aside(
    path: Path, submitted: Path, student: str, chapter: str, name: str, copy: bool = False
) -> tuple[str, bool]:
    """Keep a notebook under .earlier/, once. Returns where, and whether it was not there yet."""
    folder = submitted / EARLIER / student / chapter
    folder.mkdir(parents=True, exist_ok=True)
    digest = _digest(path)
    target = folder / name
    number = 1
    while target.exists() and _digest(target) != digest:
        target = folder / f"{Path(name).stem} [{number}]{Path(name).suffix}"
        number += 1
    is_new = not target.exists()
    if is_new:
        shutil.copy2(path, target)
    if not copy:
        path.unlink()
    return target.relative_to(submitted).as_posix(), is_new


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_due(text: str, timezone: str = "") -> datetime:
    """'2026-11-20 23:59' in the platform's time zone (default: this machine's). Raises `CollectError`.

    A date without a time is the end of that day.
    """
    try:
        moment = datetime.fromisoformat(text.strip())
        if len(text.strip()) <= len("2026-11-20"):
            moment = moment.replace(hour=23, minute=59, second=59)
        zone = ZoneInfo(timezone) if timezone else None
    except ValueError:
        raise CollectError(f"{text!r} is no date. Write it as 2026-11-20 23:59.") from None
    except (KeyError, OSError):
        raise CollectError(f"There is no time zone {timezone!r}. One is Europe/Berlin.") from None
    if moment.tzinfo:
        return moment
    return moment.replace(tzinfo=zone) if zone else moment.astimezone()
