"""Sends datagrams, also as broadcast and multicast, and asks for names."""

import socket


def send(family, host, port, **options):
    with socket.socket(family, socket.SOCK_DGRAM) as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        return s.sendto(b"hello", (host, port))


for host in ("127.0.0.1", "@HOST@", "255.255.255.255", "224.0.0.1", "192.0.2.1"):
    attempt(f"udp {host}", lambda: send(socket.AF_INET, host, @UDP@))
attempt("udp ::1", lambda: send(socket.AF_INET6, "::1", @UDP@))
for name in ("example.com", "grades.example.com"):
    attempt(f"dns {name}", lambda: socket.gethostbyname(name))
