"""The course as students get it: assembled here, or given by RECBOOK_COURSE (as `make colab` does)."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def course(tmp_path_factory):
    """A folder with `source/` and `release/`."""
    given = os.environ.get("RECBOOK_COURSE")
    if given:
        return Path(given)
    from grader.assemble import assemble

    folder = tmp_path_factory.mktemp("course")
    assemble("autoencoder", folder)
    return folder
