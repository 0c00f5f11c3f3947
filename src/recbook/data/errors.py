"""What can go wrong with data, in words that say what happened, where, and what to do about it.

Every error here is a `DataError`, so a notebook or a tool can catch the family with one name.
"""

from __future__ import annotations

import warnings
from os import PathLike

from recbook.errors import RecbookError


class DataError(RecbookError):
    """Something is wrong with the data. The message says what, where, and what to do."""

    def __init__(self, what: str, *, where: str | PathLike[str] | None = None, todo: str | None = None):
        """`what` happened; `where`: the path or address it happened to; `todo`: the way out."""
        self.what, self.where, self.todo = what, where, todo
        lines = [what]
        if where is not None:
            lines.append(f"  where:      {where}")
        if todo is not None:
            lines.append(f"  what to do: {todo}")
        super().__init__("\n".join(lines))


class UnknownDatasetError(DataError, ValueError):
    """No data set has that name."""


class MissingDataError(DataError):
    """A folder that was named does not exist, or lacks files."""


class DamagedDataError(DataError):
    """A file is there but cannot be what it claims to be: truncated, altered, or in another format."""


class NoSplitError(DataError):
    """A train/test split was asked of a data set that was published without one."""


class SourceError(DataError):
    """One source (the cache, GroupLens, the package index) could not give the data; another may."""


class CacheError(SourceError):
    """The cache cannot be written: no permission, no space, or a file in the way."""


class UnavailableError(DataError):
    """Every source failed, and the synthetic stand-in was declined (`fallback=False`)."""


class DataWarning(UserWarning):
    """The data are usable, but differ from what the course was measured on."""


class SyntheticDataWarning(DataWarning):
    """Made-up data stand in for the data set that was asked for."""


# Python shows a warning once per line of code. A student who reruns the same cell must see this one again.
# Appended, so that a filter of the user's (`-W error`, pytest's) still comes first.
warnings.simplefilter("always", category=DataWarning, append=True)
