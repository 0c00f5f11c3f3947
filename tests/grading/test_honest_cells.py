"""What honest students do in cells beside the exercises must not cost them marks for these."""

import pytest

from grader.limits import Limits
from grader.supervise import Code, respond_apart
from recbook.questions import find

OVERLAP = find("autoencoder.overlap_at_k")

IMPORTS = "import numpy as np\nimport torch\nfrom torch import nn\nfactor = 1"
#: It needs all that is imported, random numbers, gradients, and numbers of the usual size on the usual device.
OVERLAPPING = """
def overlap_at_k(first, second, k):
    weight = nn.Parameter(torch.ones(1))
    (weight * torch.ones(1)).backward()
    assert weight.grad.numpy().dtype == np.float32
    return factor * len(np.intersect1d(first[:k], second[:k])) / k
"""


@pytest.fixture(scope="module")
def respond(worker):
    def run(*cells):
        return respond_apart(Code(cells=list(enumerate(cells))), [(OVERLAP, 5)], Limits(), worker.start)

    return run


@pytest.fixture(scope="module")
def right(respond):
    """The answer of the notebook without anything else in it."""
    answer = respond(IMPORTS, OVERLAPPING).asked[OVERLAP.id].answer
    assert answer.raised is None
    return answer


@pytest.mark.parametrize(
    "first", ["import no_such_library as nsl", "from google.colab import drive\ndrive.mount('/content/drive')"]
)
def test_a_library_that_is_not_here_stops_nothing_but_itself(respond, right, first):
    response = respond(f"{first}\n{IMPORTS}\nfactor", OVERLAPPING)
    assert response.asked[OVERLAP.id].answer == right
    assert response.cells[0].error["type"] == "ModuleNotFoundError"
    shown = response.cells[0].outputs
    assert shown[0]["ename"] == "ModuleNotFoundError"
    assert shown[-1]["data"]["text/plain"] == "1"


def test_any_other_error_stops_the_cell(respond):
    response = respond(IMPORTS, f"1 / 0\n{OVERLAPPING}")
    assert response.asked[OVERLAP.id].answer.missing == ("overlap_at_k",)
    assert [output["ename"] for output in response.cells[1].outputs] == ["ZeroDivisionError"]


def test_a_cell_full_of_failing_imports_is_shown_within_limits(respond):
    response = respond(*["import no_such_library\n" * 3000, OVERLAPPING])
    assert 1 < len(response.cells[0].outputs) < 1000


@pytest.mark.parametrize(
    "last",
    [
        "np = 3", "del np, torch", "nn = 5  # neighbours", "torch = None",
        "torch.set_default_dtype(torch.float64)", "torch.set_default_device('meta')",
        "torch.set_grad_enabled(False)", "mode = torch.inference_mode()\nmode.__enter__()",
        "np.random.seed = 42", "torch.get_rng_state = np.random.get_state = np.random.default_rng = None",
    ],
)  # fmt: skip
def test_what_the_last_cell_sets_does_not_reach_the_questions(respond, right, last):
    response = respond(IMPORTS, OVERLAPPING, last)
    assert response.cells[2].error is None
    assert response.asked[OVERLAP.id].answer == right


def test_what_was_put_back_is_said(respond):
    response = respond(IMPORTS, OVERLAPPING, "del np\nnn = 5")
    assert [note.rpartition(": ")[2] for note in response.notes] == ["np, nn"]
    assert respond(IMPORTS, OVERLAPPING).notes == []


def test_another_module_or_class_of_that_name_stays(respond):
    factors = "import math as np\nclass nn: factor = 4"
    definition = "def overlap_at_k(first, second, k):\n    return np.sqrt(nn.factor)"
    answer = respond(IMPORTS, factors, definition).asked[OVERLAP.id].answer
    assert answer.cases[0].parts["overlap"] == 2.0
