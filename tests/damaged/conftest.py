"""The release, and the hand-in of somebody who solved everything, before any damage."""

import pytest
from damages import CHAPTER
from honest import released, solved


@pytest.fixture(scope="session")
def release():
    return released(CHAPTER)


@pytest.fixture
def handin(release):
    return solved(release, CHAPTER)
