"""New namespaces, and those of others."""

import ctypes
import os

libc = ctypes.CDLL(None, use_errno=True)
for flag in (0x10000000, 0x00020000, 0x40000000, 0x20000000, 0x08000000, 0x02000000, 0x04000000, 0x7E020000):
    attempt(f"unshare {flag:x}", lambda: libc.unshare(flag) == 0)
for name in os.listdir("/proc/1/ns"):
    attempt(f"setns {name}", lambda: os.readlink(f"/proc/1/ns/{name}") != os.readlink(f"/proc/self/ns/{name}"))
attempt("setns", lambda: libc.setns(os.open("/proc/1/ns/mnt", os.O_RDONLY), 0) == 0)
attempt("uid map", lambda: os.write(os.open("/proc/self/uid_map", os.O_WRONLY), b"0 0 1"))
