"""Writes to the standard error that it was given until it is stopped."""

import os


def flood():
    total = 0
    while total < 1 << 30:
        total += os.write(2, b"x" * (1 << 20))
    return total


attempt("stderr", flood)
