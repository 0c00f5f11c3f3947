"""The data sets that `load` knows: names, files, addresses, checksums, citation and terms of use.

Checksums of the archives are the MD5 sums GroupLens publishes beside them; those of the files in
ML-100K are SHA-256 sums taken of the unpacked archive.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field

from recbook.data.errors import UnknownDatasetError

GROUPLENS = "https://files.grouplens.org/datasets/movielens"

CITATION = (
    "F. Maxwell Harper and Joseph A. Konstan. 2015. The MovieLens Datasets: History and Context. "
    "ACM Transactions on Interactive Intelligent Systems (TiiS) 5, 4, Article 19 (December 2015), "
    "19 pages. https://doi.org/10.1145/2827872"
)
_COMMON_TERMS = (
    "for research, not commercial without permission; no endorsement by the University of Minnesota or GroupLens "
    "may be stated or implied; cite the paper"
)
NO_REDISTRIBUTION = f"GroupLens terms: {_COMMON_TERMS}; do not redistribute the data."
SAME_CONDITIONS = f"GroupLens terms: {_COMMON_TERMS}; redistribute only under these same conditions."
SAMPLE_CITATION = "Made up by recbook; nothing to cite, and nothing to report in a paper."
SAMPLE_LICENCE = "The licence of recbook. No MovieLens data in it."


@dataclass(frozen=True)
class Archive:
    """A published zip archive and the files in it that we use.

    `url`: its address; `checksum`: "md5:..." or "sha256:..." of the zip; `sha256`: checksum by file name, for
    those files whose checksum is known.
    """

    url: str
    checksum: str
    sha256: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Dataset:
    """What is known of one data set before reading it.

    `files`: the names of the files `load` reads, all of them needed; `archive`: where it is published, None
    for a set that is never downloaded.
    """

    name: str
    files: tuple[str, ...]
    archive: Archive | None
    licence: str
    citation: str = CITATION


@dataclass(frozen=True)
class Wheel:
    """A package that carries ML-100K whole, its checksum, the folder inside it, and the files' checksums."""

    requirement: str
    sha256: str
    folder: str
    files: Mapping[str, str]


#: The second source of ML-100K, for places where only a Python package index is in reach.
ML_100K_WHEEL = Wheel(
    requirement="recbole==1.2.1",
    sha256="9c9948202011f37eb0a7c6768129313f00d6403ad221ec940d5e2d5d5f33a407",
    folder="recbole/dataset_example/ml-100k",
    files={
        "ml-100k.inter": "4edb74e2a81178c2ba9ff381495f754f996c4aea351b1272ca36b43da0935eff",
        "ml-100k.item": "51d7cdf777ce5c0f5b32c1d947a4a81fe07d75e78abbe761e0cd4d0756064532",
        "ml-100k.user": "4f670007d9cfbeb9807e757209af1555b9bcc186bde25e767f67cb67c6dd5972",
    },
)

DATASETS: dict[str, Dataset] = {
    "ml-100k": Dataset(
        name="ml-100k",
        files=("u.data", "u.genre", "u.info", "u.item", "u.occupation", "u.user", "u1.base", "u1.test"),
        archive=Archive(
            url=f"{GROUPLENS}/ml-100k.zip",
            checksum="md5:0e33842e24a9c977be4e0107933c0723",
            sha256={
                "u.data": "06416e597f82b7342361e41163890c81036900f418ad91315590814211dca490",
                "u.genre": "9757e0d3e6b298159a80dd48eaf938114690e911e39af97a76949ef1663610bb",
                "u.info": "5b0a40b2e47a729ee6203063f6dcf8790c2e63f5a18663e6ee318a72c5f3c27b",
                "u.item": "553841ebc7de3a0fd0d6b62a204ea30c1e651aacfb2814c7a6584ac52f2c5701",
                "u.occupation": "cd5fbec9afe345d993a62fc7817df1a4a9079c4feb267b3118763b8fd942137d",
                "u.user": "f120e114da2e8cf314fd28f99417c94ae9ddf1cb6db8ce0e4b5995d40e90e62c",
                "u1.base": "ce253ec86c448b44fb3ba9a30d12dcfc2e9210cbde71efada3730c22e9ac212a",
                "u1.test": "18c6014a4b2c7324f250a63f8904a7b16b2b19f911129e346141507b0cbac950",
            },
        ),
        licence=NO_REDISTRIBUTION,
    ),
    "ml-1m": Dataset(
        name="ml-1m",
        files=("ratings.dat", "users.dat", "movies.dat"),
        archive=Archive(url=f"{GROUPLENS}/ml-1m.zip", checksum="md5:c4d9eecfca2ab87c1945afe126590906"),
        licence=NO_REDISTRIBUTION,
    ),
    "ml-latest-small": Dataset(
        name="ml-latest-small", files=("ratings.csv", "movies.csv"), archive=None, licence=SAME_CONDITIONS
    ),
    "sample": Dataset(name="sample", files=(), archive=None, licence=SAMPLE_LICENCE, citation=SAMPLE_CITATION),
}

NAMES: tuple[str, ...] = tuple(DATASETS)


def dataset(name: str) -> Dataset:
    """The entry called `name`.

    Raises `UnknownDatasetError`, which lists the known names and suggests the nearest.
    """
    known = DATASETS.get(name) if isinstance(name, str) else None
    if known is not None:
        return known
    near = difflib.get_close_matches(str(name).lower().replace("_", "-"), NAMES, n=1, cutoff=0.4)
    guess = f'did you mean "{near[0]}"? ' if near else ""
    raise UnknownDatasetError(
        f"There is no data set called {name!r}.", todo=f"{guess}The known names are: {', '.join(NAMES)}."
    )
