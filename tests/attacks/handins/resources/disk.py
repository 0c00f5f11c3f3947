"""Fills the disk, with large files, with many, and with those that have no name."""

import os


def fill(size):
    for n in range(100_000):
        with open(f"fill{n}", "wb") as file:
            file.write(b"x" * size)


for size in (64 << 20, 1 << 20, 0):
    attempt(f"files of {size} bytes", lambda: fill(size) or True)


def unnamed():
    total, files = 0, []
    while total < 64 << 20:
        files.append(os.open("/dev/shm", os.O_TMPFILE | os.O_RDWR))
        total += os.write(files[-1], b"x" * (3 << 20))
    return total


attempt("without names", unnamed)
