"""Fetch a data set into the user's cache: from GroupLens, or out of a Python package that carries it.

Nothing half-written is ever left where it could be read: files are made in a temporary folder inside
the cache and moved into place, whole, by one rename. Being offline is found out within seconds.
"""

from __future__ import annotations

import hashlib
import logging
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from recbook.data.catalogue import Archive, Wheel
from recbook.data.errors import CacheError, SourceError

CONNECT_TIMEOUT, READ_TIMEOUT = 4, 15  # seconds, for one attempt; there is no second
PIP_TIMEOUT = 90  # seconds for all of pip
_MOST_BYTES = 200_000_000  # no file of ours comes near; a zip that claims more is not ours


def cache_folder() -> Path:
    """Where recbook keeps what it fetched: the operating system's folder for caches."""
    import pooch  # here, not above: importing recbook.data must stay light

    return Path(pooch.os_cache("recbook"))


def wrong_files(folder: Path, sha256: Mapping[str, str]) -> list[str]:
    """Those of the files named in `sha256` whose contents differ from it (or that cannot be read)."""

    def differs(name: str, wanted: str) -> bool:
        try:
            with open(folder / name, "rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest() != wanted
        except OSError:
            return True

    return [name for name, wanted in sha256.items() if differs(name, wanted)]


def fetch_archive(archive: Archive, files: Iterable[str], target: Path, *, progress: bool = True) -> Path:
    """Download `archive`, verify it, and put `files` into the folder `target`, which is given back.

    Raises `SourceError` if the address cannot be reached or what comes is not the published archive,
    `CacheError` if it cannot be stored. In either case `target` is as it was.
    """
    import pooch
    import requests

    with _staging(target) as (scratch, staged):
        downloader = pooch.HTTPDownloader(
            progressbar=progress and _has_tqdm(),
            chunk_size=1 << 16,
            timeout=(CONNECT_TIMEOUT, READ_TIMEOUT),
        )
        try:
            with _quiet_pooch():
                zipped = pooch.retrieve(
                    archive.url,
                    known_hash=archive.checksum,
                    fname="archive.zip",
                    path=scratch,
                    downloader=downloader,
                )
        except requests.exceptions.RequestException as error:
            raise SourceError(
                f"The download failed: {_reason(error)}.",
                where=archive.url,
                todo="see that this machine is online, and try again.",
            ) from error
        except ValueError as error:  # pooch: the checksum differs
            raise SourceError(
                "What came is not the published archive: its checksum is wrong.",
                where=archive.url,
                todo="try again; if it stays so, a proxy or a log-in page may stand in between.",
            ) from error
        _unzip(Path(zipped), files, staged, archive.url)
        if wrong := wrong_files(staged, archive.sha256):
            raise SourceError(f"The archive holds an unexpected {wrong[0]}.", where=archive.url)
    return target


def fetch_wheel(wheel: Wheel, target: Path) -> Path:
    """Get `wheel` from the package index pip is set up for, verify it, and unpack its data into `target`.

    Nothing is installed. Raises `SourceError` if pip cannot get it, `CacheError` if it cannot be stored;
    `target` is then as it was.
    """
    with _staging(target) as (scratch, staged):
        wanted = scratch / "wanted.txt"
        wanted.write_text(f"{wheel.requirement} --hash=sha256:{wheel.sha256}\n")
        command = [
            sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input", "--quiet", "--timeout",
            str(CONNECT_TIMEOUT), "--retries", "0", "download", "--no-deps", "--only-binary=:all:",
            "--require-hashes", "--dest", str(scratch), "--requirement", str(wanted),
        ]  # fmt: skip
        try:
            done = subprocess.run(
                command,
                capture_output=True,
                text=True,
                timeout=PIP_TIMEOUT,
                check=False,
                stdin=subprocess.DEVNULL,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise SourceError(f"pip did not run: {error}.", where=wheel.requirement) from error
        wheels = list(scratch.glob("*.whl"))
        if done.returncode != 0 or len(wheels) != 1:
            said = [line for line in done.stderr.splitlines() if line.strip()]
            raise SourceError(
                f"pip could not download it: {_last_error(said)}",
                where=wheel.requirement,
                todo="see that pip works on this machine and reaches a package index.",
            )
        _unzip(wheels[0], wheel.files, staged, wheel.requirement, inside=wheel.folder)
    return target


@contextmanager
def _staging(target: Path) -> Iterator[tuple[Path, Path]]:
    """A scratch folder beside `target` and a folder in it that becomes `target` if all goes well.

    Every `OSError` in between becomes a `CacheError`: all that is written there is written to the cache.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(
            prefix=f".{target.name}-", dir=target.parent, ignore_cleanup_errors=True
        ) as scratch:
            staged = Path(scratch) / target.name
            staged.mkdir()
            yield Path(scratch), staged
            if target.exists():  # an incomplete or damaged copy
                os.replace(target, Path(scratch) / "old")
            try:
                os.replace(staged, target)
            except OSError:
                if not target.is_dir():  # else another process was faster with the same verified files
                    raise
    except OSError as error:
        # requests' errors are OSErrors too, but are turned into SourceError before they get here.
        raise CacheError(
            f"The cache cannot be written: {error.strerror or error}.",
            where=target.parent,
            todo="make room there or make it writable, set XDG_CACHE_HOME to another folder, or pass the "
            "folder that holds the data as `directory`.",
        ) from error


def _unzip(zipped: Path, files: Iterable[str], into: Path, where: str, inside: str | None = None) -> None:
    """Take `files` out of a zip into the folder `into`: from the folder `inside`, or wherever they lie."""
    try:
        with zipfile.ZipFile(zipped) as archive:
            for name in files:
                found = [
                    member
                    for member in archive.infolist()
                    if member.filename == (f"{inside}/{name}" if inside else member.filename)
                    and member.filename.rsplit("/", 1)[-1] == name
                ]
                if len(found) != 1 or found[0].file_size > _MOST_BYTES:
                    raise SourceError(f"The archive holds no {name}, or more than one.", where=where)
                # Only the plain name is used: a path in an archive could point outside the folder.
                with archive.open(found[0]) as source, open(into / name, "wb") as out:
                    shutil.copyfileobj(source, out)
    except (zipfile.BadZipFile, EOFError) as error:
        raise SourceError(f"The archive is damaged: {error}.", where=where, todo="try again.") from error


@contextmanager
def _quiet_pooch() -> Iterator[None]:
    """Without pooch's own note of each download, which names a temporary path."""
    import pooch

    logger = pooch.get_logger()
    before = logger.level
    logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        logger.setLevel(before)


def _has_tqdm() -> bool:
    from importlib.util import find_spec

    return find_spec("tqdm") is not None


def _reason(error: Exception) -> str:
    """A few words for why a request failed; `requests` nests several exceptions into one long line."""
    import requests

    if isinstance(error, requests.exceptions.HTTPError) and error.response is not None:
        return f"the server answered {error.response.status_code} {error.response.reason}"
    if isinstance(error, requests.exceptions.Timeout):
        return "the server did not answer in time"
    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        return "the connection broke off before all had come"
    if isinstance(error, requests.exceptions.ConnectionError):
        return "no connection"
    return type(error).__name__


def _last_error(lines: list[str]) -> str:
    errors = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR: ")]
    return (errors or lines or ["it gave no reason"])[-1]
