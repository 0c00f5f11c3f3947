"""Reads and writes the memory of the first process, which has seen the worker's secrets, if it has any."""

import os
import re


def memory(pid):
    found = []
    with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", 0) as mem:
        for line in list(maps)[:400]:
            start, end = (int(part, 16) for part in line.split()[0].split("-"))
            if "r" in line.split()[1] and end - start < 40 << 20 and len(found) < 3:
                try:
                    mem.seek(start)
                    found += re.findall(b"canary-secret" + b"-[0-9a-f]+", mem.read(end - start))
                except (OSError, ValueError, OverflowError):
                    pass
    return found


for pid in ("1", str(os.getppid())):
    attempt(f"secrets in {pid}", lambda: memory(pid))
