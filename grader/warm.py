"""Inside the wall: import the libraries once, then fork a child for each hand-in and close the last doors behind it.

Started by `grader.apart` as a file of its own, because nothing else of `grader` can be seen from here. It knows no
answer. One message a line over the control socket, files passed along:

    in:  {"do": "start", "limits": {...}} with three files: the job, the journal, what the child writes to stderr
         {"do": "kill"}
         {"do": "nothing"}, which only tells whether anybody listens
         {"do": "twin"} with one end of a control socket: a copy of this process serves it, warm from its first moment
    out: {"event": "ready", "missing": [...]}, then for each child
         {"event": "ended", "status": 0, "cpu_seconds": 1.2, "peak_memory": 300000000, "hit": "memory"}

Each child is three processes: one that stays outside the new process namespace and waits, the first one in it, and
the hand-in. When the first one ends, the kernel ends everything that the hand-in has started.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import gc
import importlib
import json
import os
import random
import resource
import select
import shutil
import signal
import socket
import struct
import sys
import traceback
from pathlib import Path
from typing import Any, NoReturn

_NEW_NAMESPACES = (
    0x00020000 | 0x04000000 | 0x08000000 | 0x10000000 | 0x20000000 | 0x40000000
)  # mnt uts ipc user pid net
_MS_NOSUID_NODEV, _MS_RECURSIVE_PRIVATE = 0x2 | 0x4, 0x4000 | 0x40000
_PR_SET_DUMPABLE, _PR_CAPBSET_DROP, _PR_SET_NO_NEW_PRIVS = 4, 24, 38
_PR_SET_SECCOMP = 22
#: Machine -> its name in the kernel, the number of `socket`, and those of the system calls that are denied:
#: memfd_create, memfd_secret, shmget, msgget, semget, mq_open, io_uring_setup, add_key, request_key, keyctl, bpf,
#: perf_event_open, userfaultfd, ptrace, process_vm_readv, process_vm_writev, pidfd_getfd.
_DENIED = {
    "x86_64": (0xC000003E, 41, (319, 447, 29, 68, 64, 240, 425, 248, 249, 250, 321, 298, 323, 101, 310, 311, 438)),
    "aarch64": (0xC00000B7, 198, (279, 447, 194, 186, 190, 180, 425, 217, 218, 219, 280, 241, 282, 117, 270, 271, 438)),
}
_SOCKET_FAMILIES = (socket.AF_UNIX, socket.AF_INET, socket.AF_INET6, 16)  # and that which lists network interfaces
_CAPABILITY_VERSION_3 = 0x20080522
_LAST_CAPABILITY = 63
#: How often a running child is looked at, in seconds; and one that is being killed.
_LOOK, _LOOK_SOON = 0.2, 0.002
_MEGABYTE = 1 << 20
_PAGE = os.sysconf("SC_PAGE_SIZE")
_TICKS = os.sysconf("SC_CLK_TCK")


def main(control: socket.socket, walls: bool, scratch: str, libraries: list[str]) -> None:
    """Serve until the other end of the control socket is closed."""
    missing = warm_up(libraries)
    _send(control, {"event": "ready", "missing": missing})
    while (received := _receive(control)) is not None:
        message, files = received
        if message["do"] == "start":
            _send(control, _run(control, walls, scratch, message["limits"], files))
        elif message["do"] == "twin":
            control = _twin(control, files[0])


def _twin(control: socket.socket, other: int) -> socket.socket:
    """Fork: this process goes on with its own control socket, its copy with the other one. Returns whose it is."""
    try:
        copy = os.fork()
    except OSError:  # no more processes: the caller sees the socket closed, and finds another way
        copy = -1
    if copy:
        os.close(other)
        return control
    control.close()
    control = socket.socket(fileno=other)
    _send(control, {"event": "ready", "missing": []})
    return control


def warm_up(libraries: list[str]) -> list[str]:
    """Import the libraries, and do once what they put off until they are first used. Returns those that failed.

    Nothing here may start a thread: a fork copies only the one that forks, and a lock held by another stays locked.
    """
    # Next to nothing that an import makes is garbage, and looking for it takes a quarter of the time. No child needs to
    # look through it either, and so copy it.
    gc.disable()
    # What checks notebooks and charts (jsonschema) would build a grammar of web addresses for seconds.
    sys.modules.setdefault("rfc3987_syntax", None)
    # matplotlib wants to write to its folder; with a list of fonts there it does not search for them.
    shutil.copytree(os.environ["RECBOOK_FONT_LISTS"], os.environ["MPLCONFIGDIR"], dirs_exist_ok=True)
    missing = []
    for name in libraries:
        try:
            importlib.import_module(name)
        except Exception:  # a library that cannot be imported here is the hand-in's trouble, in its own cell
            missing.append(name)
    if torch := sys.modules.get("torch"):
        torch.set_num_threads(1)
    if tqdm := sys.modules.get("tqdm"):
        tqdm.tqdm.monitor_interval = 0  # its monitor is a thread
    if "recbook" in libraries:
        from recbook.asking import warm_up as first_optimizer

        first_optimizer()
    if pyplot := sys.modules.get("matplotlib.pyplot"):
        figure, axes = pyplot.subplots(layout="constrained")
        axes.set_title("fonts, ticks, the renderer and $x_1$")
        figure.savefig(os.devnull, format="png")
        pyplot.close(figure)
    with contextlib.suppress(OSError):
        n_threads = len(os.listdir("/proc/self/task"))
        if n_threads > 1:
            raise SystemExit(f"{n_threads} threads run after warming up: it is not safe to fork")
    gc.freeze()
    gc.enable()
    return missing


# --- One child -----------------------------------------------------------------------------------------------------


def _run(control: socket.socket, walls: bool, scratch: str, limits: dict[str, Any], files: list[int]) -> dict[str, Any]:
    outer = os.fork()
    if not outer:
        control.close()
        _outer(walls, scratch, limits, files)
    for file in files:
        os.close(file)
    hit, killed = "", False
    cpu_seconds = 0.0
    # Where the system has it, something that can be waited for together with messages.
    end = [os.pidfd_open(outer)] if hasattr(os, "pidfd_open") else []
    while True:
        ended, status, used = os.wait4(outer, os.WNOHANG)
        if ended:
            break
        ready = select.select([control, *end], [], [], _LOOK_SOON if killed and not end else _LOOK)[0]
        if control in ready:
            killed = True
            if _receive(control) is None:  # nobody is left to tell
                os.kill(outer, signal.SIGKILL)
                raise SystemExit(0)
        elif walls and not killed and not ready:
            cpu_seconds, memory = _used(outer, limits["memory"])
            hit = "memory" if memory > limits["memory"] else "cpu" if cpu_seconds > limits["cpu_seconds"] else ""
            killed = bool(hit)
        if killed:  # again and again: the first may come before it listens
            os.kill(outer, signal.SIGTERM)
    for file in end:
        os.close(file)
    unit = 1 if sys.platform == "darwin" else 1024
    return {
        "event": "ended", "status": os.waitstatus_to_exitcode(status), "hit": hit,
        # Of processes that were killed the system does not tell what they used: then as last seen.
        "cpu_seconds": max(cpu_seconds, used.ru_utime + used.ru_stime),
        "peak_memory": used.ru_maxrss * unit,
    }  # fmt: skip


def _outer(walls: bool, scratch: str, limits: dict[str, Any], files: list[int]) -> NoReturn:
    """Enter new namespaces, start their first process, wait for it, and end as the hand-in ended."""
    status = 70
    try:
        errors = files[2]
        nothing = os.open(os.devnull, os.O_RDWR)
        for target, source in ((0, nothing), (1, nothing), (2, errors)):
            os.dup2(source, target)
        if walls:
            _new_namespaces()
        report, reporter = os.pipe()
        watched = {signal.SIGTERM, signal.SIGCHLD}
        signal.pthread_sigmask(signal.SIG_BLOCK, watched)
        first = os.fork()
        if not first:
            os.close(report)
            _first(walls, scratch, limits, files, reporter)
        os.close(reporter)
        os.close(files[1])
        while True:
            if signal.sigwait(watched) == signal.SIGTERM:
                _kill(first, everything=not walls)
            if os.waitpid(first, os.WNOHANG)[0]:
                break
        if not walls:
            _kill(first, everything=True)
        told = os.read(report, 16)
        status = int(told) if told else -signal.SIGKILL
        if status < 0:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, watched)
            with contextlib.suppress(OSError, ValueError):
                signal.signal(-status, signal.SIG_DFL)
            os.kill(os.getpid(), -status)
    except BaseException:
        traceback.print_exc()
    os._exit(status & 0xFF)


def _kill(pid: int, everything: bool) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        (os.killpg if everything else os.kill)(pid, signal.SIGKILL)


def _first(walls: bool, scratch: str, limits: dict[str, Any], files: list[int], reporter: int) -> NoReturn:
    """The first process of the namespace: close the last doors, start the hand-in, and tell how it ended.

    The kernel shields it from signals from within, so the hand-in itself is the second one, which can die as it likes.
    """
    try:
        os.setsid()
        if walls:
            _own_world(scratch, limits)
        for what, amount in _resource_limits(limits).items():
            _, hard = resource.getrlimit(what)
            amount = amount if hard == resource.RLIM_INFINITY else min(amount, hard)
            resource.setrlimit(what, (amount, amount))
        if walls:
            _drop_privileges()
        handin = os.fork()
        if not handin:
            signal.pthread_sigmask(signal.SIG_SETMASK, ())
            _handin(scratch, files)
        os.closerange(3, reporter)
        while True:  # also those whose own parents have ended
            ended, status = os.wait()
            if ended == handin:
                os.write(reporter, str(os.waitstatus_to_exitcode(status)).encode("ascii"))
                os._exit(0)
    except BaseException:
        traceback.print_exc()
    os._exit(70)


def _handin(scratch: str, files: list[int]) -> NoReturn:
    """Respond to the job."""
    try:
        work = Path(scratch, "work")
        work.mkdir(exist_ok=True)
        os.chdir(work)
        job_file, journal_file, _ = files
        with open(job_file, "rb") as file:
            job = json.load(file)
        os.closerange(3, journal_file)
        os.closerange(journal_file + 1, resource.getrlimit(resource.RLIMIT_NOFILE)[0])

        from recbook.respond import Journal, respond

        _forget_the_worker()
        _same_start()
        respond(job, Journal(journal_file))
        os._exit(0)
    except BaseException:
        traceback.print_exc()
    os._exit(70)


def _forget_the_worker() -> None:
    sys.argv = ["handin"]
    for name in ("PYTHONPATH", "RECBOOK_FONT_LISTS"):
        os.environ.pop(name, None)


def _same_start() -> None:
    """The same random numbers in every run, whatever the warm-up drew."""
    random.seed(0)
    if numpy := sys.modules.get("numpy"):
        numpy.random.seed(0)
    if torch := sys.modules.get("torch"):
        torch.manual_seed(0)


def _resource_limits(limits: dict[str, Any]) -> dict[int, int]:
    return {
        resource.RLIMIT_AS: limits["memory"],
        resource.RLIMIT_FSIZE: limits["file_size"],
        resource.RLIMIT_NOFILE: limits["open_files"],
        resource.RLIMIT_NPROC: limits["processes"],
        resource.RLIMIT_CPU: limits["cpu_seconds"],
        resource.RLIMIT_CORE: 0,
    }


# --- Walls ---------------------------------------------------------------------------------------------------------


def _call(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _new_namespaces() -> None:
    """New user, mount, process, network, IPC and host name namespaces; no further ones can be made from within."""
    user, group = os.getuid(), os.getgid()
    _call(_libc().unshare(_NEW_NAMESPACES), "new namespaces")
    for name, text in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
        Path("/proc/self", name).write_text(text)
    Path("/proc/sys/user/max_user_namespaces").write_text("0")


def _own_world(scratch: str, limits: dict[str, Any]) -> None:
    """Its own view of processes, and the only two places that can be written to: small, empty, gone afterwards."""
    libc = _libc()
    _call(libc.mount(None, b"/", None, _MS_RECURSIVE_PRIVATE, None), "private mounts")
    _call(libc.mount(b"proc", b"/proc", b"proc", _MS_NOSUID_NODEV, None), "own /proc")
    size = f"size={limits['disk']},nr_inodes={limits['files']},mode=0700".encode()
    for place in (scratch, "/dev/shm"):
        _call(libc.mount(b"tmpfs", place.encode(), b"tmpfs", _MS_NOSUID_NODEV, size), f"own {place}")
    _call(libc.sethostname(b"handin", 6), "own host name")


def _drop_privileges() -> None:
    """No capability, no way to get one."""
    libc = _libc()
    for capability in range(_LAST_CAPABILITY + 1):
        libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0)  # fails for those that this kernel does not know
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    _call(libc.capset(header, (ctypes.c_uint32 * 6)()), "drop capabilities")
    _call(libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no new privileges")
    _deny_system_calls(libc)
    # Entering a user namespace hid the process from the one that counts its memory.
    _call(libc.prctl(_PR_SET_DUMPABLE, 1, 0, 0, 0), "be seen")


def _deny_system_calls(libc: ctypes.CDLL) -> None:
    """A filter in the kernel: the system calls in `_DENIED` do not exist, nor do other families of sockets.

    Nothing else stops what they do: memory that belongs to no process (memfd, System V) is on nobody's account, a
    socket to the host of a virtual machine is in no network namespace, and the rest has been a way out before.
    """
    machine = os.uname().machine
    if machine not in _DENIED:
        return  # the other walls stand; for this processor nobody has looked up the numbers
    architecture, socket_call, denied = _DENIED[machine]
    load, equal, at_least, give = 0x20, 0x15, 0x35, 0x06
    allow, no_such_call, no_such_family = 0x7FFF0000, 0x00050000 | errno.ENOSYS, 0x00050000 | errno.EAFNOSUPPORT
    program = [
        (load, 0, 0, 4), (equal, 1, 0, architecture), (give, 0, 0, no_such_call),
        (load, 0, 0, 0), (at_least, 0, 1, 0x40000000), (give, 0, 0, no_such_call),
    ]  # fmt: skip
    for number in denied:
        program += [(equal, 0, 1, number), (give, 0, 0, no_such_call)]
    program += [(equal, 1, 0, socket_call), (give, 0, 0, allow), (load, 0, 0, 16)]
    for family in _SOCKET_FAMILIES:
        program += [(equal, 0, 1, family), (give, 0, 0, allow)]
    program.append((give, 0, 0, no_such_family))
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in program))
    filter = ctypes.create_string_buffer(struct.pack("HP", len(program), ctypes.addressof(code)))
    _call(libc.prctl(_PR_SET_SECCOMP, 2, ctypes.c_void_p(ctypes.addressof(filter)), 0, 0), "deny system calls")


def _used(outer: int, enough: int) -> tuple[float, int]:
    """CPU seconds and bytes of memory of all processes of the child together.

    All that come from `outer` count as the hand-in's: what loses its parent goes to the first process of its namespace,
    which is one of them. What they map counts for each; only where that is more than `enough`, it is looked up how
    much of it they share, which takes a while.
    """
    stats = {int(name): stat for name in os.listdir("/proc") if name.isdigit() and (stat := _stat(name))}
    found = [outer]
    for pid in found:  # which grows on the way
        found += [other for other, stat in stats.items() if int(stat[1]) == pid]
    seen = [stats[pid] for pid in found if pid in stats]
    ticks = sum(int(field) for stat in seen for field in stat[11:15])  # user and system time, also of its dead children
    mapped = sum(int(stat[21]) for stat in seen) * _PAGE
    memory = mapped if mapped <= enough else sum(_share(str(pid)) for pid in found)
    return ticks / _TICKS, memory


def _stat(pid: str) -> list[str]:
    """The fields of /proc/PID/stat behind the name; none of a process that has gone."""
    with contextlib.suppress(OSError):
        return Path("/proc", pid, "stat").read_text().rpartition(")")[2].split()
    return []


def _share(pid: str) -> int:
    """Its share of the memory it uses; of a process that hides it, everything that it maps."""
    with contextlib.suppress(OSError):
        try:
            lines = Path("/proc", pid, "smaps_rollup").read_text().splitlines()
            return next(int(line.split()[1]) << 10 for line in lines if line.startswith("Pss:"))
        except (OSError, StopIteration):
            return int(Path("/proc", pid, "statm").read_text().split()[1]) * _PAGE
    return 0


# --- Messages ------------------------------------------------------------------------------------------------------


def _send(control: socket.socket, message: dict[str, Any]) -> None:
    control.sendall(json.dumps(message).encode("ascii"))


def _receive(control: socket.socket) -> tuple[dict[str, Any], list[int]] | None:
    """One message: the socket keeps them apart. None when the other end is closed."""
    data, files, _, _ = socket.recv_fds(control, 1 << 16, 3)
    return (json.loads(data), files) if data else None


def probe(scratch: str) -> None:
    """Build the inner wall once, with nothing behind it. Raises `OSError` where that is not possible."""
    _new_namespaces()
    if inner := os.fork():
        raise SystemExit(os.waitstatus_to_exitcode(os.waitpid(inner, 0)[1]))
    _own_world(scratch, {"disk": _MEGABYTE, "files": 10})
    _drop_privileges()


if __name__ == "__main__":
    if sys.argv[1] == "probe":
        probe(sys.argv[2])
    else:
        main(socket.socket(fileno=int(sys.argv[1])), sys.argv[2] == "walls", sys.argv[3], sys.argv[4:])
