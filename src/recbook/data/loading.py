"""`load`: where a data set is looked for, in which order, and what is said when it is not found."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Callable
from importlib.resources import as_file
from importlib.resources import files as package_files
from pathlib import Path

from recbook.data import catalogue, fetch
from recbook.data.catalogue import Dataset
from recbook.data.errors import (
    DataError,
    DataWarning,
    MissingDataError,
    SourceError,
    SyntheticDataWarning,
    UnavailableError,
)
from recbook.data.read import READERS, read_latest_small, read_recbole
from recbook.data.sample import make_sample
from recbook.data.schema import MovieLens

#: A folder to read from: a data set's own, or one that holds folders called "ml-100k", "ml-1m", ...
FOLDER_VARIABLE = "RECBOOK_DATA"
#: Set to "sample", every `load` gives the synthetic sample: to try a notebook quickly, or to grade it.
DATASET_VARIABLE = "RECBOOK_DATASET"
#: Set to anything, nothing is fetched: what is not on this machine counts as out of reach, at once.
OFFLINE_VARIABLE = "RECBOOK_OFFLINE"


def load(
    name: str = "ml-100k",
    directory: str | os.PathLike[str] | None = None,
    *,
    fallback: bool = True,
    announce: Callable[[str], None] | None = None,
) -> MovieLens:
    """Load a data set: "ml-100k", "ml-1m", "ml-latest-small" or "sample".

    Looked for in this order, and taken from the first that has it:

    1. `directory`, or else the environment variable `RECBOOK_DATA`: the data set's folder, or one that holds
       a folder of its name. If you name a folder, the data come from there or `load` raises: it never takes
       others in silence. (Two exceptions for `RECBOOK_DATA`, which is set once for all data sets: without an
       ml-latest-small in it the bundled one is used, and "sample" is made, not read.)
    2. ml-latest-small: bundled with recbook, always there.
    3. The user's cache, filled by an earlier `load`.
    4. GroupLens, by download (5 MB for ml-100k, 6 MB for ml-1m), checksums verified.
    5. ml-100k: a package that carries it, by pip. Release dates are then missing and years are the titles'.
    6. If `fallback`: the synthetic sample, with a `SyntheticDataWarning` that says why each source failed.

    With `RECBOOK_DATASET=sample` in the environment every call gives the sample, whatever it asks for. With
    `RECBOOK_OFFLINE=1`, 4 and 5 are left out.

    `announce` is called with a line of text when something slow begins; by default it is written to stderr,
    with a progress bar. `lambda line: None` silences both.

    Raises `UnknownDatasetError` for a name it does not know, `MissingDataError` and `DamagedDataError` for
    a named folder that lacks files or holds broken ones, `UnavailableError` if all fails and `fallback` is
    false.
    """
    known = catalogue.dataset(name)
    forced = os.environ.get(DATASET_VARIABLE, "")
    if forced not in ("", "sample"):
        raise DataError(
            f"{DATASET_VARIABLE} is set to {forced!r}; the one value it can have is 'sample'.",
            where=f"environment variable {DATASET_VARIABLE}",
            todo="unset it, or set it to 'sample'.",
        )
    if forced and name != "sample":
        (announce or _to_stderr)(f"{DATASET_VARIABLE}=sample: the synthetic sample in place of {name}.")
        return make_sample(source=f"synthetic sample, in place of {name} because {DATASET_VARIABLE}=sample")
    if name == "sample":
        if directory is not None:
            raise MissingDataError(
                "The sample is made up on the spot, not read from a folder.",
                where=directory,
                todo='call load("sample") without a directory.',
            )
        return make_sample()
    if directory is not None:
        return _from_folder(known, find_folder(known, Path(directory).expanduser(), "directory"))
    if named := os.environ.get(FOLDER_VARIABLE):
        try:
            return _from_folder(known, find_folder(known, Path(named).expanduser(), FOLDER_VARIABLE))
        except MissingDataError:
            if name != "ml-latest-small" or _meant(known, Path(named).expanduser()):
                raise
    if name == "ml-latest-small":
        return _bundled()
    return _from_afar(known, fallback, announce)


def find_folder(known: Dataset, given: Path, named_by: str) -> Path:
    """The folder with all files of `known`: `given` itself, or the folder of its name in it.

    `named_by` says who named it, for the error. Raises `MissingDataError`.
    """
    candidates = (given, given / known.name)
    for folder in candidates:
        if not _missing(known, folder):
            return folder
    who = f"the environment variable {FOLDER_VARIABLE}" if named_by == FOLDER_VARIABLE else f"`{named_by}`"
    if not os.path.isdir(given):
        found = "is not a folder" if os.path.exists(given) else "does not exist"
        raise MissingDataError(
            f"The folder that {who} names {found}.",
            where=given,
            todo=f"name the folder that holds {known.files[0]}, or unset it to have {known.name} fetched.",
        )
    best = min(candidates, key=lambda folder: len(_missing(known, folder)))
    zipped = [p for p in (given / f"{known.name}.zip", given.parent / f"{known.name}.zip") if os.path.isfile(p)]
    unzip = f"unzip {zipped[0]} there" if zipped else f"unpack the whole of {known.name}.zip there"
    raise MissingDataError(
        f"The folder that {who} names lacks {', '.join(_missing(known, best))} of {known.name}.",
        where=best,
        todo=f"{unzip}, name another folder, or unset it to have {known.name} fetched.",
    )


def _missing(known: Dataset, folder: Path) -> list[str]:
    return [name for name in known.files if not os.path.isfile(folder / name)]  # unreadable: missing


def _meant(known: Dataset, given: Path) -> bool:
    """Was `given` meant to hold this data set, as far as one can see? Then its lack is an error."""
    parts = (known.name, *known.files)
    return not os.path.isdir(given) or any(os.path.exists(given / part) for part in parts)


def _from_folder(known: Dataset, folder: Path) -> MovieLens:
    """Read a folder of the user's. It may differ from what GroupLens published, but that is said."""
    data = READERS[known.name](folder, f"directory {folder}")
    if known.archive and (other := fetch.wrong_files(folder, known.archive.sha256)):
        warnings.warn(
            f"{folder} can be read as {known.name}, but {', '.join(other)} differs from what GroupLens published: "
            "expect other numbers than the course's.",
            DataWarning,
            stacklevel=3,
        )
    return data


def _bundled() -> MovieLens:
    with as_file(package_files("recbook.data").joinpath("bundled")) as folder:
        return read_latest_small(folder, "bundled with recbook (release of October 2016)")


def _from_afar(known: Dataset, fallback: bool, announce: Callable[[str], None] | None) -> MovieLens:
    """The cache, GroupLens, a package, the sample: the first that works."""
    say = announce or _to_stderr
    why: list[DataError] = []
    cache = fetch.cache_folder()
    sources = [_cached, _cached_wheel]
    if os.environ.get(OFFLINE_VARIABLE):
        todo = f"unset {OFFLINE_VARIABLE} to have it fetched."
        why.append(SourceError("Nothing is fetched.", where=f"environment variable {OFFLINE_VARIABLE}", todo=todo))
    else:
        sources += [_grouplens, _package_index]
    for source in sources:
        try:
            data = source(known, cache, say, announce is None)
        except SourceError as error:
            why.append(error)
        else:
            if data is not None:
                return data
    reasons = "\n".join(f"- {'  '.join(str(error).splitlines(keepends=True))}" for error in why)
    if not fallback:
        raise UnavailableError(
            f"{known.name} could be had from nowhere:\n{reasons}", todo="mend one of these, or name a folder."
        )
    warnings.warn(
        f"\n{'=' * 78}\nTHESE ARE NOT MOVIELENS DATA. {known.name} could be had from nowhere, so this is a "
        "small\nmade-up sample in its place. Everything runs, but no number below is a MovieLens number.\n"
        f"{reasons}\nOr name a folder that holds the data: load({known.name!r}, directory=...)\n{'=' * 78}",
        SyntheticDataWarning,
        stacklevel=3,
    )
    return make_sample(source=f"synthetic sample, in place of {known.name}, which could be had from nowhere")


# The sources. Each gives the data, or None if it has nothing to say, or raises `SourceError`.


def _cached(known: Dataset, cache: Path, say: Callable[[str], None], progress: bool) -> MovieLens | None:
    folder = cache / known.name
    # Verified at each load (10 ms): a copy cut short by a full disk years ago must not spoil a term's grades.
    if _missing(known, folder) or fetch.wrong_files(folder, known.archive.sha256):
        return None
    return _read_fetched(lambda: READERS[known.name](folder, f"GroupLens (cached in {folder})"))


def _cached_wheel(known: Dataset, cache: Path, say: Callable[[str], None], progress: bool) -> MovieLens | None:
    folder = _wheel_folder(cache)
    if known.name != "ml-100k" or fetch.wrong_files(folder, catalogue.ML_100K_WHEEL.files):
        return None
    return _read_fetched(lambda: _read_wheel(folder))


def _grouplens(known: Dataset, cache: Path, say: Callable[[str], None], progress: bool) -> MovieLens:
    say(f"Downloading {known.name} from {known.archive.url} (once; it is kept in {cache}).")
    folder = fetch.fetch_archive(known.archive, known.files, cache / known.name, progress=progress)
    return READERS[known.name](folder, f"GroupLens (cached in {folder})")


def _package_index(known: Dataset, cache: Path, say: Callable[[str], None], progress: bool) -> MovieLens | None:
    if known.name != "ml-100k":
        return None
    say(f"GroupLens is out of reach: taking ml-100k out of the package {catalogue.ML_100K_WHEEL.requirement}.")
    return _read_wheel(fetch.fetch_wheel(catalogue.ML_100K_WHEEL, _wheel_folder(cache)))


def _wheel_folder(cache: Path) -> Path:
    return cache / "ml-100k-from-recbole"


def _read_wheel(folder: Path) -> MovieLens:
    return read_recbole(folder, f"the package {catalogue.ML_100K_WHEEL.requirement} (cached in {folder})")


def _read_fetched(read: Callable[[], MovieLens]) -> MovieLens | None:
    """Read a copy in the cache; a damaged one counts as none, and is fetched anew."""
    try:
        return read()
    except DataError:
        return None


def _to_stderr(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
