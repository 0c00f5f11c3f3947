"""Memory that belongs to no process: System V segments, filled and let go of."""

import ctypes

libc = ctypes.CDLL(None, use_errno=True)
libc.shmat.restype = ctypes.c_void_p
libc.shmdt.argtypes = [ctypes.c_void_p]
size = 64 << 20


def hoard():
    n = 0
    while n < 12:
        segment = libc.shmget(0, ctypes.c_size_t(size), 0o1600)
        if segment < 0:
            raise OSError(ctypes.get_errno(), "shmget")
        place = libc.shmat(segment, None, 0)
        ctypes.memset(place, 1, size)
        libc.shmdt(place)
        n += 1
    return f"{n * size >> 20} MB beyond all limits"


attempt("segments", hoard)
