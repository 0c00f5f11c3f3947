"""Where students find the released notebooks and the wheel: derived from one setting.

`recbook_release` in `_config.yml` is the address of a branch (and folder, if any) on GitHub that holds the contents of
`build/course/release`, for instance `https://github.com/recbook/recbook/tree/release`. Colab opens notebooks from
GitHub, and pip installs the wheel from the same place.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import yaml

import recbook
from grader.chapter import ROOT
from grader.errors import AuthorError

SETTING = "recbook_release"
WHEEL = f"recbook-{recbook.__version__}-py3-none-any.whl"


@dataclass(frozen=True)
class ReleaseSite:
    """A branch on GitHub with the released course."""

    repository: str  # "recbook/recbook"
    branch: str
    folder: str = ""  # "" or "some/folder/"

    def colab(self, chapter: str) -> str:
        """The address that opens a chapter's released notebook in Colab."""
        return f"https://colab.research.google.com/github/{self.repository}/blob/{self.branch}/{self._file(chapter)}"

    def notebook(self, chapter: str) -> str:
        """The address that downloads a chapter's released notebook."""
        return f"https://github.com/{self.repository}/raw/{self.branch}/{self._file(chapter)}"

    @property
    def wheel(self) -> str:
        """The address of the wheel a notebook installs."""
        return f"https://github.com/{self.repository}/raw/{self.branch}/{self.folder}{WHEEL}"

    def _file(self, chapter: str) -> str:
        return f"{self.folder}{chapter}/{chapter}.ipynb"


def parse_release_site(address: str) -> ReleaseSite:
    """The release site at `https://github.com/OWNER/REPOSITORY/tree/BRANCH[/FOLDER]`. Raises `AuthorError`."""
    url = urlsplit(address)
    parts = url.path.strip("/").split("/")
    if url.netloc != "github.com" or len(parts) < 4 or parts[2] != "tree":
        raise AuthorError(
            f"{SETTING} in _config.yml is {address!r}. It must be a branch on GitHub, such as "
            "https://github.com/OWNER/REPOSITORY/tree/BRANCH: Colab opens notebooks from there."
        )
    folder = "".join(f"{part}/" for part in parts[4:])
    return ReleaseSite(repository="/".join(parts[:2]), branch=parts[3], folder=folder)


def release_site(root: Path = ROOT) -> ReleaseSite:
    """The release site that `_config.yml` names."""
    config = yaml.safe_load((root / "_config.yml").read_text("utf-8"))
    try:
        address = config["sphinx"]["config"][SETTING]
    except (KeyError, TypeError):
        raise AuthorError(f"_config.yml has no setting sphinx: config: {SETTING}.") from None
    return parse_release_site(address)
