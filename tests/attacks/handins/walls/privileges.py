"""Other users, groups and capabilities."""

import ctypes
import os

libc = ctypes.CDLL(None, use_errno=True)
attempt("setuid", lambda: os.setuid(0) or True)
attempt("setresgid", lambda: os.setresgid(0, 0, 0) or True)
attempt("setgroups", lambda: os.setgroups([0]) or True)
attempt("capset", lambda: libc.capset((ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)(*[0xFFFFFFFF] * 6)) == 0)
attempt("ambient", lambda: libc.prctl(47, 2, 21, 0, 0) == 0)
attempt("new privileges", lambda: libc.prctl(39, 0, 0, 0, 0) != 1)
attempt("capabilities", lambda: [line for line in open("/proc/self/status") if line.startswith("Cap") and int(line.split()[1], 16)])
