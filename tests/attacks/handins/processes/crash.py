"""Crashes the interpreter: an address that is none, a stack without end."""

import ctypes
import sys


def deep(n=0):
    return deep(n + 1)


sys.setrecursionlimit(10**9)
# %%
deep()
# %%
ctypes.string_at(0)
