"""Kills the first process, its parent, its group and everyone else."""

import os
import signal

for pid in (1, os.getppid(), 0 - os.getpgid(1) if os.getpgid(1) else 1, -1):
    for number in (signal.SIGTERM, signal.SIGSTOP, signal.SIGKILL):
        try:
            os.kill(pid, number)
        except OSError as error:
            print("refused", pid, number, error)
try:
    os.killpg(0, signal.SIGKILL)
except OSError as error:
    print("refused", error)
