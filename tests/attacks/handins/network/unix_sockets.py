"""Talks to what listens on this machine by name instead of by number."""

import os
import socket


def connect(path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as s:
        s.settimeout(0.5)
        s.connect(path)
        return s.send(b"hello")


for path in ("\0@ABSTRACT@", "@CANARY@/socket", "/var/run/docker.sock", "/run/dbus/system_bus_socket", "/run/systemd/private", "/tmp/.X11-unix/X0"):
    attempt(f"unix {path!r}", lambda: connect(path))
attempt("who listens", lambda: [line for line in open("/proc/net/unix") if "@ABSTRACT@" in line])
