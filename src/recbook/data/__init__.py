"""MovieLens: find it, fetch it, verify it, load it, split it.

    >>> from recbook import data
    >>> movielens = data.load("ml-100k")
    >>> movielens.ratings, movielens.users, movielens.movies, movielens.train, movielens.test

`load` says where data come from and in which order it looks; `MovieLens` says what is in them.
"""

from recbook.data.catalogue import NAMES
from recbook.data.errors import (
    CacheError,
    DamagedDataError,
    DataError,
    DataWarning,
    MissingDataError,
    NoSplitError,
    SourceError,
    SyntheticDataWarning,
    UnavailableError,
    UnknownDatasetError,
)
from recbook.data.loading import load
from recbook.data.schema import AGE_GROUPS, MovieLens
from recbook.data.validation import carve_validation
from recbook.data.write import write_ml_100k

__all__ = [
    "AGE_GROUPS",
    "NAMES",
    "CacheError",
    "DamagedDataError",
    "DataError",
    "DataWarning",
    "MissingDataError",
    "MovieLens",
    "NoSplitError",
    "SourceError",
    "SyntheticDataWarning",
    "UnavailableError",
    "UnknownDatasetError",
    "carve_validation",
    "load",
    "write_ml_100k",
]
