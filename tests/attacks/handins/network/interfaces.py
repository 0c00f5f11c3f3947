"""Looks for a way out, and tries to build one."""

import fcntl
import socket
import struct

attempt("interfaces", lambda: [name for _, name in socket.if_nameindex() if name != "lo"])
attempt("routes", lambda: open("/proc/net/route").read().splitlines()[1:])
attempt("counters", lambda: [line for line in open("/proc/net/dev").read().splitlines()[2:] if not line.split()[0] == "lo:" or line.split()[9] != "0"])


def up():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        fcntl.ioctl(s, 0x8914, struct.pack("16sH14x", b"lo", 1))
    return "lo is up"


def netlink():
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as s:
        message = struct.pack("=IHHII BxHiII", 32, 16, 0x605, 1, 0, 0, 0, 1, 1, 1)
        s.send(message)
        return struct.unpack("=i", s.recv(4096)[16:20])[0] == 0


attempt("lo up", up)
attempt("netlink", netlink)
attempt("tun", lambda: open("/dev/net/tun", "r+b"))
