"""Uses every file that was left open: reads it, changes it, looks where it lies."""

import os
import socket

for fd in range(3, 256):
    try:
        where = os.readlink(f"/proc/self/fd/{fd}")
    except OSError:
        continue
    if where.startswith("/") and not where.startswith(("/dev/null", "/proc", "/usr", "/dev/urandom")) and "/lib/" not in where:
        attempt(f"{fd}: {where}", lambda: where)
    attempt(f"socket {fd}", lambda: socket.socket(fileno=os.dup(fd)).getsockname() or "a socket")
where = os.readlink("/proc/self/fd/2")
attempt("reopen stderr", lambda: open("/proc/self/fd/2", "r+b").read() + where.encode() if "@OUT@" in where else "")
os.write(2, b"\x1b[2Jwritten to stderr \xff\n" * 1000)
