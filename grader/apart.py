"""Run `recbook.respond` in a process of its own: an empty folder, a minimal environment, limits, no way back but lines.

This module only launches, reads and kills; what the lines mean is `grader.supervise`'s business. A stronger
isolation replaces `start` by a function that returns something with the same five methods.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

_KEPT_VARIABLES = ("PATH", "LD_LIBRARY_PATH", "SYSTEMROOT")
_MAX_TROUBLE = 2_000


@dataclass(frozen=True)
class Limits:
    """What one hand-in may use. Times in seconds of wall time unless they say otherwise, sizes in bytes."""

    start_seconds: float = 90.0
    cell_seconds: float = 20.0
    #: For all cells together; when it is used up, only the definitions of the remaining cells are run.
    cells_seconds: float = 90.0
    #: Added to the time of each step before the process is killed: it should have stopped the step by itself.
    grace_seconds: float = 3.0
    total_seconds: float = 600.0
    cpu_seconds: int = 900
    #: How often a hand-in that ended its process is started again.
    restarts: int = 30
    #: Address space. With the course's libraries it starts at 1.1 GiB, more where torch is built for GPUs.
    memory: int = 8 << 30
    file_size: int = 64 << 20
    #: Processes and threads of the whole user, where the system counts them so.
    processes: int = 4096
    #: All that is read from one process.
    journal: int = 64 << 20


@dataclass(frozen=True)
class Usage:
    """What a process and its children used."""

    cpu_seconds: float = 0.0
    peak_memory: int = 0


class Apart:
    """A running process: read its lines, see whether it ended, kill it."""

    def __init__(self, process: subprocess.Popen, journal: int, home: Path):
        self._process, self.journal, self._home = process, journal, home
        self.status: int | None = None
        self.usage = Usage()

    def poll(self) -> bool:
        """True once the process has ended: then `status` (negative: the signal that ended it) and `usage` are known."""
        if self.status is None:
            self._reap(os.WNOHANG)
        return self.status is not None

    def kill(self) -> None:
        """End the process and everything in its session's group, and wait for it."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        if self.status is None:
            self._reap(0)

    def trouble(self) -> str:
        """The end of what the process wrote to stderr: for the instructor's log, never for a student's mark."""
        with contextlib.suppress(OSError), (self._home / "stderr").open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - _MAX_TROUBLE))
            return file.read().decode("utf-8", "replace").strip()
        return ""

    def close(self) -> None:
        """Kill what still runs and remove the folder."""
        self.kill()
        os.close(self.journal)
        shutil.rmtree(self._home, ignore_errors=True)

    def _reap(self, flags: int) -> None:
        try:
            pid, status, used = os.wait4(self._process.pid, flags)
        except ChildProcessError:
            self.status = -signal.SIGKILL
            return
        if pid:
            self.status = self._process.returncode = os.waitstatus_to_exitcode(status)
            unit = 1 if sys.platform == "darwin" else 1024
            self.usage = Usage(used.ru_utime + used.ru_stime, used.ru_maxrss * unit)


def start(job: dict[str, Any], limits: Limits) -> Apart:
    """Start a process with this job. The caller closes it."""
    home = Path(tempfile.mkdtemp(prefix="recbook-handin-"))
    work = home / "work"
    work.mkdir()
    _copy_font_list(home)
    reader, writer = os.pipe()
    try:
        with (home / "stderr").open("wb") as errors:
            process = subprocess.Popen(
                # As `-I`, but with the environment below, so that strings hash alike in every run.
                [sys.executable, "-s", "-P", "-m", "recbook.respond"],
                stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=errors, cwd=work,
                env=_environment(home), pass_fds=(writer,), start_new_session=True,
            )  # fmt: skip
    finally:
        os.close(writer)
    apart = Apart(process, reader, home)
    # Limits are set from outside, before the process is told what to do.
    _limit(process.pid, limits)
    with contextlib.suppress(BrokenPipeError), process.stdin as stdin:
        stdin.write(json.dumps({**job, "journal": writer}).encode("ascii"))
    return apart


def _environment(home: Path) -> dict[str, str]:
    kept = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
    return {
        **kept,
        "HOME": str(home / "work"),
        "TMPDIR": str(home / "work"),
        "IPYTHONDIR": str(home / "ipython"),
        "MPLCONFIGDIR": str(home / "matplotlib"),
        "MPLBACKEND": "Agg",
        "TORCHINDUCTOR_CACHE_DIR": str(home / "torch"),
        "LANG": "C.UTF-8",
        "TZ": time.tzname[0] if not hasattr(time, "tzset") else "UTC",
        "PYTHONHASHSEED": "0",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
        "CUDA_VISIBLE_DEVICES": "",
        "RECBOOK_DATASET": "sample",
    }


def _limit(pid: int, limits: Limits) -> None:
    if not hasattr(resource, "prlimit"):  # not Linux: the time limits of the supervisor remain
        return
    wanted = {
        resource.RLIMIT_AS: limits.memory,
        resource.RLIMIT_FSIZE: limits.file_size,
        resource.RLIMIT_NPROC: limits.processes,
        resource.RLIMIT_CPU: limits.cpu_seconds,
        resource.RLIMIT_CORE: 0,
    }
    with contextlib.suppress(ProcessLookupError):
        for what, amount in wanted.items():
            _, hard = resource.prlimit(pid, what)
            ceiling = amount if hard == resource.RLIM_INFINITY else min(amount, hard)
            resource.prlimit(pid, what, (ceiling, ceiling))


@cache
def _font_lists() -> tuple[Path, ...]:
    """matplotlib's list of fonts, made once: without it, every process would look for fonts for seconds."""
    import matplotlib.font_manager

    return tuple(Path(matplotlib.get_cachedir()).glob("fontlist-*.json"))


def _copy_font_list(home: Path) -> None:
    folder = home / "matplotlib"
    folder.mkdir()
    for path in _font_lists():
        shutil.copy(path, folder)
