"""Packets made by hand, and other families of addresses."""

import socket

for family, kind, protocol in ((socket.AF_INET, socket.SOCK_RAW, 1), (socket.AF_PACKET, socket.SOCK_RAW, 0x300), (socket.AF_INET6, socket.SOCK_RAW, 58)):
    attempt(f"raw {family}", lambda: socket.socket(family, kind, protocol))
attempt("ping", lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM, 1).sendto(b"\x08\0\0\0\0\0\0\0", ("127.0.0.1", 0)))

# Sockets to the host of a virtual machine belong to no network namespace: there must be none.
attempt("vsock", lambda: socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM))
for family in range(3, 46):
    attempt(f"family {family}", lambda: family not in (socket.AF_INET6, socket.AF_NETLINK) and socket.socket(family, socket.SOCK_DGRAM))
