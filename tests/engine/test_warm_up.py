"""Regression: torch's first optimizer imports for seconds, which once counted as a question's own time."""

import subprocess
import sys

CODE = """
import sys, time, torch
import recbook.check
import solutions.autoencoder as reference
from recbook.check import judge_in_notebook
from recbook.questions import find
question = find("autoencoder.training_step")
start = time.perf_counter()
print(judge_in_notebook(question, vars(reference)).verdict, time.perf_counter() - start)
"""


def test_the_first_check_of_an_optimizer_is_quick():
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True)
    verdict, seconds = done.stdout.split()
    assert verdict == "right"
    assert float(seconds) < 1
