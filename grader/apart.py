"""A worker: one warm process behind a wall, which forks a child for each hand-in.

This module launches, reads and kills; what the lines of a child mean is `grader.supervise`'s business.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import IO, Any, Literal

import recbook
from grader.errors import ChildProblem, NoIsolation
from grader.isolation import INSIDE, behind_wall, missing, scratch
from grader.limits import Limits

Isolation = Literal["namespaces", "none"]
#: What nearly every chapter imports; a chapter's own imports come on top.
LIBRARIES = (
    "torch", "numpy", "pandas", "matplotlib.pyplot", "recbook", "recbook.data", "recbook.plots", "recbook.shell",
    "recbook.respond",
)  # fmt: skip
_WARM = Path(__file__).with_name("warm.py")
_START_SECONDS = 120.0
_KILL_SECONDS = 15.0
#: How often a child is handed to a worker that turns out to be dead.
_TRIES = 3
_MAX_TROUBLE = 2_000


@dataclass(frozen=True)
class Usage:
    """What a hand-in's processes used."""

    cpu_seconds: float = 0.0
    peak_memory: int = 0


class Apart:
    """A running child: read its lines from `journal`, see whether it ended, kill it."""

    def __init__(self, worker: Worker, journal: int, errors: IO[bytes]):
        self._worker, self.journal, self._errors = worker, journal, errors
        #: Negative: the signal that ended it. None while it runs.
        self.status: int | None = None
        #: The limit for which it was ended: "memory", "cpu" or "".
        self.hit = ""
        #: True when the worker died with it: nothing is to be blamed on the hand-in.
        self.lost = False
        self.usage = Usage()

    def poll(self) -> bool:
        """True once it and all that it started have ended: then `status`, `hit` and `usage` are known."""
        if self.status is None:
            self._take(self._worker.heard(0))
        return self.status is not None

    def wait(self, seconds: float) -> None:
        """Let it end by itself for so long: only then it is known what it used."""
        if self.status is None:
            self._take(self._worker.heard(seconds))

    def kill(self) -> None:
        """End it and everything it started, and wait for that."""
        if self.poll():
            return
        if self._worker.tell({"do": "kill"}):
            self._take(self._worker.heard(_KILL_SECONDS))
        if self.status is None:  # the worker itself is in trouble: with it everything behind its wall ends
            self._worker.close()
            self.status, self.lost = -signal.SIGKILL, True

    def trouble(self) -> str:
        """The end of what it wrote to stderr: for the instructor's log, never for a student's mark."""
        size = self._errors.seek(0, os.SEEK_END)
        self._errors.seek(max(0, size - _MAX_TROUBLE))
        return (self._errors.read().decode("utf-8", "replace").strip() + self._worker.trouble()).strip()

    def close(self) -> None:
        """Kill what still runs and close the files."""
        self.kill()
        os.close(self.journal)
        self._errors.close()

    def _take(self, message: dict[str, Any] | None) -> None:
        if message is None:
            return
        self.lost = message["event"] == "lost"
        self.status = -signal.SIGKILL if self.lost else message["status"]
        if not self.lost:
            self.hit, self.usage = message["hit"], Usage(message["cpu_seconds"], message["peak_memory"])


class Worker:
    """One warm process; it runs one child at a time. Close it, or use it in a `with` statement."""

    def __init__(self, isolation: Isolation = "namespaces", libraries: Sequence[str] = LIBRARIES):
        """Raises `NoIsolation` where the machine cannot lock student code in."""
        if isolation == "namespaces" and missing():
            raise NoIsolation(explain())
        self._walls = isolation == "namespaces"
        self._libraries = list(dict.fromkeys([*LIBRARIES, *libraries]))
        #: None while it is not running.
        self._control: socket.socket | None = None
        #: None for the copy of another worker's process, which ends with its control socket, or with the other.
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, job: dict[str, Any], limits: Limits) -> Apart:
        """Start a child with this job; the caller closes it. Raises `ChildProblem` when no worker can be started."""
        for _ in range(_TRIES):  # a worker may die between one message and the next
            if not self.tell({"do": "nothing"}):  # not launched yet, or it has died since the last child
                self.close()
                self.launch()
            if apart := self._hand_over(job, limits):
                return apart
        problem = self.trouble()
        self.close()
        raise ChildProblem(f"The process for student code has ended by itself.\n{problem}")

    def _hand_over(self, job: dict[str, Any], limits: Limits) -> Apart | None:
        """Tell the worker to start a child; None when it is not there any more."""
        reader, writer = os.pipe()
        errors = tempfile.TemporaryFile()  # noqa: SIM115 - open as long as the child
        with tempfile.TemporaryFile() as file:
            file.write(json.dumps(job).encode("ascii"))
            file.seek(0)
            message = {"do": "start", "limits": _plain(limits)}
            told = self.tell(message, [file.fileno(), writer, errors.fileno()])
        os.close(writer)
        if told:
            return Apart(self, reader, errors)
        os.close(reader)
        errors.close()
        return None

    def tell(self, message: dict[str, Any], files: Sequence[int] = ()) -> bool:
        """Send a message; False when nobody is there to hear it."""
        if self._control is None:
            return False
        try:
            socket.send_fds(self._control, [json.dumps(message).encode("ascii")], files)
        except OSError:
            return False
        return True

    def heard(self, seconds: float) -> dict[str, Any] | None:
        """The next message, waited for so long; None when there is none. Of a worker that has died: it is lost."""
        if self._control is None:
            return {"event": "lost"}
        if not select.select([self._control], [], [], seconds)[0]:
            return None
        with contextlib.suppress(OSError):
            if data := self._control.recv(1 << 16):
                return json.loads(data)
        self.close()
        return {"event": "lost"}

    def trouble(self) -> str:
        """The end of what the worker itself wrote to stderr."""
        with contextlib.suppress(OSError, AttributeError), (self._home / "stderr").open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - _MAX_TROUBLE))
            return file.read().decode("utf-8", "replace").strip()
        return ""

    def close(self) -> None:
        """End the worker and everything behind its wall."""
        if self._control is not None:
            self._control.close()
        process, self._control, self._process = self._process, None, None
        if process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            shutil.rmtree(self._home, ignore_errors=True)

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def launch(self, like: Worker | None = None) -> None:
        """Start the process and wait until it is warm. Raises `ChildProblem`.

        It is warm at once where `like`, an idle worker with the same settings, lets its own process be copied.
        """
        if not (like and self._walls and self._copy(like)):
            self._start()

    def _copy(self, like: Worker) -> bool:
        self._control, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with other:
            told = like.tell({"do": "twin"}, [other.fileno()])
        if told and self.heard(_START_SECONDS) == {"event": "ready", "missing": []}:
            self._home = like._home
            return True
        self.close()
        return False

    def _start(self) -> None:
        self._home = Path(tempfile.mkdtemp(prefix="recbook-worker-"))
        self._home.chmod(0o755)
        matplotlib = self._home / "matplotlib"
        matplotlib.mkdir()
        for path in _font_lists():
            shutil.copy(path, matplotlib)
        self._control, inside = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        place = scratch() if self._walls else str(self._home / "scratch")
        warm = f"{INSIDE}/warm.py" if self._walls else str(_WARM)
        command = [sys.executable, "-s", "-P", warm, str(inside.fileno()), "walls" if self._walls else "open", place]
        command += self._libraries
        if self._walls:
            command = behind_wall(command, [(_WARM, warm), (matplotlib, f"{INSIDE}/matplotlib")])
        else:
            Path(place).mkdir()
        fonts = f"{INSIDE}/matplotlib" if self._walls else str(matplotlib)
        with inside, (self._home / "stderr").open("wb") as errors:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=errors, cwd="/",
                env=_environment(place, fonts), pass_fds=(inside.fileno(),), start_new_session=True,
            )  # fmt: skip
        message = self.heard(_START_SECONDS)
        if not message or message.get("event") != "ready":
            problem = self.trouble()
            self.close()
            raise ChildProblem(f"The process for student code does not start.\n{problem}")


def explain() -> str:
    """What is missing for isolation, how to get it, and how to do without."""
    lines = [f"- {each.what}: {each.remedy}" for each in missing()]
    return (
        "Student code cannot be locked in on this machine. Missing:\n" + "\n".join(lines) + "\n"
        "To run it all the same, with your rights and in reach of your files, say so: --isolation=none"
    )


def _plain(limits: Limits) -> dict[str, Any]:
    return {name: value for name, value in asdict(limits).items() if name != "questions"}


def _environment(place: str, fonts: str) -> dict[str, str]:
    return {
        "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
        **({"LD_LIBRARY_PATH": os.environ["LD_LIBRARY_PATH"]} if "LD_LIBRARY_PATH" in os.environ else {}),
        "PYTHONPATH": str(Path(recbook.__file__).resolve().parents[1]),
        "PYTHONDONTWRITEBYTECODE": "1",
        "HOME": f"{place}/work",
        "TMPDIR": place,
        "USER": "student",
        "LOGNAME": "student",
        "IPYTHONDIR": f"{place}/ipython",
        "MPLCONFIGDIR": f"{place}/matplotlib",
        "RECBOOK_FONT_LISTS": fonts,
        "MPLBACKEND": "Agg",
        "TORCHINDUCTOR_CACHE_DIR": f"{place}/torch",
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "PYTHONHASHSEED": "0",
        # All memory from the C library, and that in large pages where the system has some: for each small page that
        # a process holds, a fork and its end cost time; with hundreds of megabytes of libraries, more than the walls.
        "PYTHONMALLOC": "malloc",
        "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        # Its allocator would start a thread, and then it is not safe to fork.
        "JE_ARROW_MALLOC_CONF": "background_thread:false",
        "MKL_NUM_THREADS": "1",
        "CUDA_VISIBLE_DEVICES": "",
        "RECBOOK_DATASET": "sample",
    }


@cache
def _font_lists() -> tuple[Path, ...]:
    """matplotlib's list of fonts, made once: without it, every process would look for fonts for seconds."""
    import matplotlib.font_manager

    return tuple(Path(matplotlib.get_cachedir()).glob("fontlist-*.json"))
