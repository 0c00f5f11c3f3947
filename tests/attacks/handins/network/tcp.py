"""Connects to the grader's machine and to the world."""

import socket
import urllib.request

for host, port in (("127.0.0.1", @TCP@), ("localhost", @TCP@), ("0.0.0.0", @TCP@), ("@HOST@", @TCP@), ("::1", @TCP@), ("192.0.2.1", 80)):
    attempt(f"tcp {host}", lambda: socket.create_connection((host, port), timeout=0.5).send(b"hello"))
attempt("http", lambda: urllib.request.urlopen("http://127.0.0.1:@TCP@", timeout=0.5).read())
