"""Rewrites recbook, the libraries, the interpreter and the tests where they lie."""

import os
import site
import sys

import numpy
import torch

import recbook

for path in (recbook.__file__, recbook.verdict.__file__ if hasattr(recbook, "verdict") else recbook.__file__, torch.__file__,
             numpy.__file__, sys.executable, os.__file__, "@ROOT@/tests/conftest.py", "@ROOT@/grader/warm.py", "/run/recbook/warm.py"):
    attempt(path, lambda: open(path, "a"))
    attempt(f"rename {path}", lambda: os.rename(path, path + ".old") or "renamed")
for folder in (*site.getsitepackages(), os.path.dirname(recbook.__file__), sys.prefix, "/run/recbook"):
    attempt(f"new in {folder}", lambda: open(os.path.join(folder, "sitecustomize.py"), "w"))
    attempt(f"path file in {folder}", lambda: open(os.path.join(folder, "x.pth"), "w"))
