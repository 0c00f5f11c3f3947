"""Memory that belongs to no process: files without a name."""

import os


def hoard():
    files, block = [], b"x" * (1 << 20)
    while len(files) < 200:
        files.append(os.memfd_create("hoard"))
        for _ in range(4):
            os.write(files[-1], block)
        if len(files) * 4 > 600:
            return f"{len(files) * 4} MB beyond all limits"
    return "many"


attempt("memory files", hoard)
