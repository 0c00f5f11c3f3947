"""Mounts, remounts and other roots."""

import ctypes
import os

libc = ctypes.CDLL(None, use_errno=True)
os.makedirs("here", exist_ok=True)
for source, target, kind, flags in ((b"x", b"here", b"tmpfs", 0), (b"/", b"here", None, 4096), (None, b"/", None, 32), (b"proc", b"here", b"proc", 0),
                                    (b"x", b"here", b"overlay", 0), (b"x", b"here", b"devtmpfs", 0), (None, b"/usr", None, 32 | 4096)):
    attempt(f"mount {kind} {flags}", lambda: libc.mount(source, target, kind, flags, None) == 0)
for path in (b"/proc", b"/dev/shm", b"/tmp", b"/"):
    attempt(f"umount {path}", lambda: libc.umount2(path, 2) == 0)
attempt("chroot", lambda: os.chroot("here") or True)
attempt("pivot_root", lambda: libc.syscall(155, b".", b".") == 0)
attempt("fsopen", lambda: libc.syscall(430, b"tmpfs", 0) >= 0)
attempt("open_tree", lambda: libc.syscall(428, -100, b"/", 1) >= 0)
attempt("device", lambda: os.mknod("disk", 0o60666, os.makedev(254, 0)))
