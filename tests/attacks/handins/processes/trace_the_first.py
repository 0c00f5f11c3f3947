"""Attaches to the first process with ptrace, stops it, and writes into its memory."""

import ctypes
import os

libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
for pid in (1, os.getppid()):
    attempt(f"seize {pid}", lambda: libc.ptrace(0x4206, pid, None, None) == 0)
    attempt(f"attach {pid}", lambda: libc.ptrace(16, pid, None, None) == 0)
data = ctypes.create_string_buffer(8)
vector = (ctypes.c_void_p * 2)(ctypes.addressof(data), 8)
attempt("process_vm_readv", lambda: libc.process_vm_readv(1, vector, 1, (ctypes.c_void_p * 2)(id(libc), 8), 1, 0) > 0)
