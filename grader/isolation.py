"""The wall around a worker: what bubblewrap lets it see, and whether it can be built on this machine.

Only what is listed here exists inside: the system's libraries, Python with its packages, `recbook`, and the one file
of the grader that runs there. No solution, no mistake, no hand-in, no gradebook, no home directory, no network. The
second wall, one around each hand-in, is built from within, in `grader.warm`.
"""

from __future__ import annotations

import os
import shutil
import site
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import recbook

#: Where a worker finds what was put there for it.
INSIDE = "/run/recbook"
#: Who student code runs as when the grader is run by root: nobody.
_NOBODY = 65534
_ROOT_NEEDS = ("CAP_SETUID", "CAP_SETGID", "CAP_SETPCAP", "CAP_SYS_ADMIN")
_BECOME_NOBODY = (
    "mount -t proc -o nosuid,nodev,noexec proc /proc && "
    f'exec setpriv --reuid={_NOBODY} --regid={_NOBODY} --clear-groups --inh-caps=-all --bounding-set=-all "$@"'
)
_SYSTEM = ("/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")
_DETAILS = (
    "/etc/alternatives", "/etc/fonts", "/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/localtime",
    "/sys/devices/system/cpu", "/sys/kernel/mm/transparent_hugepage",
)  # fmt: skip
_PROBE_SECONDS = 20
#: Holds the known mistakes, and beside it lie the solutions.
_PRIVATE = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Missing:
    """Something that isolation needs and this machine lacks, and how to get it."""

    what: str
    remedy: str


def behind_wall(command: Sequence[str], shown: Sequence[tuple[Path, str]] = ()) -> list[str]:
    """The command line that runs `command` behind the wall. `shown`: files and folders, and where they appear inside.

    Everything is read-only but the scratch folder and /dev/shm, which are empty.
    """
    wall = [
        _bwrap() or "bwrap", "--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try",
        "--die-with-parent", "--new-session", "--hostname", "grader", "--ro-bind", "/usr", "/usr",
    ]  # fmt: skip
    if not _is_root():
        wall += ["--unshare-user"]
    for path in map(Path, _SYSTEM):
        if path.is_symlink():
            wall += ["--symlink", os.readlink(path), str(path)]
        elif path.is_dir():
            wall += ["--ro-bind", str(path), str(path)]
    for path in _DETAILS:
        wall += [*_parents(Path(path)), "--ro-bind-try", path, path]
    wall += ["--dir", "/proc"] if _is_root() else ["--proc", "/proc"]
    wall += ["--dev", "/dev", "--perms", "0777", "--tmpfs", scratch(), "--perms", "0755", "--dir", INSIDE]
    for path in needed():
        wall += [*_parents(path), "--ro-bind", str(path), str(path)]
    for path, place in shown:
        wall += ["--ro-bind", str(path), place]
    wall += ["--remount-ro", "/", "--remount-ro", "/dev", "--chdir", scratch()]
    if _is_root():
        # Root's processes are not counted, and own every file: student code must not be one of them. And bubblewrap
        # would cover parts of root's /proc, over which the kernel lets nobody mount a new one: it is mounted here.
        wall += ["--cap-drop", "ALL", *(word for name in _ROOT_NEEDS for word in ("--cap-add", name)), "--"]
        return [*wall, "sh", "-c", _BECOME_NOBODY, "sh", *command]
    return [*wall, "--", *command]


def scratch() -> str:
    """Where a hand-in may write: /tmp, unless Python or the course lie beneath it."""
    return "/run/scratch" if any(Path("/tmp") in path.parents for path in needed()) else "/tmp"


@cache
def needed() -> tuple[Path, ...]:
    """The folders that Python, the libraries and `recbook` are in, none within another."""
    package = Path(recbook.__file__).resolve().parent
    prefixes = [Path(prefix) for prefix in (sys.base_prefix, sys.base_exec_prefix, sys.prefix)]
    libraries = [Path(folder) for folder in site.getsitepackages()]
    wanted = {package, *prefixes, *libraries, *(path.resolve() for path in (*prefixes, *libraries))}
    wanted = {path for path in wanted if not path.is_relative_to("/usr") and path.is_dir()}
    return tuple(sorted(path for path in wanted if not any(other in path.parents for other in wanted)))


def visible() -> tuple[Path, ...]:
    """The folders of this machine that can be read from behind the wall, with all that lies below them."""
    return (Path("/usr"), *(Path(path) for path in _SYSTEM if Path(path).is_dir() and not Path(path).is_symlink()),
            *needed())  # fmt: skip


def exposed(path: Path) -> Path | None:
    """The visible folder in or below which `path` lies, so that student code could read it; None when there is none."""
    places = (path.absolute(), path.resolve())
    return next((shown for shown in visible() if any(place.is_relative_to(shown) for place in places)), None)


def _parents(path: Path) -> list[str]:
    """The folders on the way to it, which anyone may pass."""
    parents = [parent for parent in reversed(path.parents) if parent != Path("/")]
    return [word for parent in parents for word in ("--perms", "0755", "--dir", str(parent))]


# --- Can it be built? ----------------------------------------------------------------------------------------------


@cache
def missing() -> tuple[Missing, ...]:
    """What this machine lacks for isolation; empty when it was tried and works."""
    if sys.platform != "linux":
        return (
            Missing(f"a Linux kernel (this is {sys.platform})", "grade on Linux, or in WSL 2 or a virtual machine"),
        )
    if not _bwrap():
        return (Missing("bubblewrap", "install it: apt install bubblewrap, or dnf install bubblewrap"),)
    if _is_root() and not shutil.which("setpriv"):
        return (Missing("setpriv", "install it: apt install util-linux"),)
    if shown := exposed(_PRIVATE):
        return (Missing(f"a place for the course that student code cannot read ({_PRIVATE} lies in {shown})",
                        "move the course, which holds the solutions, somewhere else"),)  # fmt: skip
    trouble = _probe([sys.executable, "-S", "-c", "pass"])
    if trouble:
        return (Missing(f"a wall built by bubblewrap ({trouble})", _remedy()),)
    namespaces = [sys.executable, "-S", f"{INSIDE}/warm.py", "probe", scratch()]
    trouble = _probe(namespaces)
    if trouble:
        return (Missing(f"namespaces of its own for each hand-in ({trouble})", _remedy()),)
    return ()


def _probe(command: list[str]) -> str:
    """Why a command does not run behind the wall; "" when it does."""
    try:
        done = subprocess.run(
            behind_wall(command, [(Path(__file__).with_name("warm.py"), f"{INSIDE}/warm.py")]),
            capture_output=True, text=True, timeout=_PROBE_SECONDS, env={"PATH": os.environ.get("PATH", "")},
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    lines = done.stderr.strip().splitlines()
    return (lines[-1] if lines else f"exit code {done.returncode}") if done.returncode else ""


def _remedy() -> str:
    settings = {
        "/proc/sys/kernel/unprivileged_userns_clone": ("0", "sysctl kernel.unprivileged_userns_clone=1"),
        "/proc/sys/user/max_user_namespaces": ("0", "sysctl user.max_user_namespaces=10000"),
        "/proc/sys/kernel/apparmor_restrict_unprivileged_userns": (
            "1", "sysctl kernel.apparmor_restrict_unprivileged_userns=0"),
    }  # fmt: skip
    for path, (bad, command) in settings.items():
        if os.path.exists(path) and Path(path).read_text().strip() == bad:
            return f"allow user namespaces: as root, {command}"
    return (
        "grade on a machine, or in a virtual machine, where user namespaces are allowed (many containers forbid them)"
    )


def _is_root() -> bool:
    return os.geteuid() == 0


def _bwrap() -> str | None:
    return shutil.which("bwrap")
