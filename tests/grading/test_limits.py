"""A file of limits: what is meant is used, and what cannot be meant is an error, never ignored."""

import subprocess
import sys

import pytest

from grader.errors import BadLimits
from grader.limits import Limits, read_limits
from recbook.questions import find


def written(tmp_path, text):
    path = tmp_path / "limits.toml"
    path.write_text(text, "utf-8")
    return path


def test_limits_for_all_for_a_chapter_and_for_a_question(tmp_path):
    path = written(
        tmp_path,
        'cell_seconds = 30\nmemory = 5_000_000_000\n[chapter.softmax]\nmemory = 8_000_000_000\n'
        '[question."autoencoder.train"]\nseconds = 20\n[question."softmax.recall_at_k"]\nmemory = 1_000_000\n',
    )  # fmt: skip
    limits = read_limits(path, "autoencoder")
    assert (limits.cell_seconds, limits.memory, limits.disk) == (30, 5_000_000_000, Limits().disk)
    assert limits.of(find("autoencoder.train")).seconds == 20
    assert limits.of(find("autoencoder.forward")) == find("autoencoder.forward")
    assert read_limits(path, "softmax").memory == 8_000_000_000
    assert limits.memory_of(find("softmax.recall_at_k")) == 1_000_000


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("cell_second = 3", "no limit called 'cell_second'"),
        ("cell_seconds = 0", "should be a number above 0"),
        ("cell_seconds =", "is not TOML"),
        ("chapter = 3", "as tables"),
        ("[chapter.softmx]\nmemory = 8", "Did you mean 'softmax'"),
        ("[chapter.softmax]\nmemry = 8", "no limit called 'memry'"),  # also where another chapter is graded
        ('[question."autoencoder.trian"]\nseconds = 3', "Did you mean 'autoencoder.train'"),
        ('[question."autoencodr.train"]\nseconds = 3', "Did you mean 'autoencoder'"),
        ('[question."softmax.recal_at_k"]\nseconds = 3', "Did you mean 'softmax.recall_at_k'"),
        ("[question.autoencoder.train]\nseconds = 3", "in quotes"),
        ('[question."autoencoder.interesting_neuron"]\nseconds = 3', "essay"),
        ('[question."autoencoder.train"]\nmemry = 3', "no limit called 'memry'"),
    ],
)
def test_what_cannot_be_meant_is_an_error_that_names_the_file(tmp_path, text, says):
    path = written(tmp_path, text)
    with pytest.raises(BadLimits) as caught:
        read_limits(path, "autoencoder")
    assert says in str(caught.value)
    assert str(path) in str(caught.value)


def test_a_file_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(BadLimits, match="cannot be read"):
        read_limits(tmp_path / "limits.toml", "autoencoder")


def test_reading_limits_does_not_wait_for_torch(tmp_path):
    path = written(
        tmp_path, '[question."autoencoder.train"]\nseconds = 3\n[question."softmax.recall_at_k"]\nseconds = 3'
    )
    code = (
        "import sys; from pathlib import Path; from grader.limits import read_limits\n"
        "read_limits(Path(sys.argv[1]), 'autoencoder'); sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code, str(path)]).returncode == 0
