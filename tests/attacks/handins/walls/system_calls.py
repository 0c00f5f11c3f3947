"""Calls through which others have broken out: rings, keys, programs in the kernel, faults handled by hand."""

import ctypes

libc = ctypes.CDLL(None, use_errno=True)
room = (ctypes.c_char * 256)()
calls = {"io_uring_setup": (425, 8, room), "add_key": (248, b"user", b"x", b"x", 1, -2), "keyctl": (250, 0, -3, 1), "bpf": (321, 0, room, 120),
         "perf_event_open": (298, room, 0, -1, -1, 0), "userfaultfd": (323, 1), "kexec_load": (246, 0, 0, 0, 0), "init_module": (175, room, 1, b""),
         "reboot": (169, -18751827, 672274793, 0x89ABCDEF, None), "swapon": (167, b"/tmp/x", 0), "acct": (163, None), "iopl": (172, 3),
         "sethostname": (170, b"x", 1), "memfd_create": (319, b"x", 0), "memfd_secret": (447, 0),
         "shmget": (29, 0, 4096, 0o1600), "msgget": (68, 0, 0o1600), "semget": (64, 0, 1, 0o1600), "mq_open": (240, b"x", 0o102, 0o600, None)}
for name, call in calls.items():
    attempt(name, lambda: libc.syscall(*call) >= 0)
