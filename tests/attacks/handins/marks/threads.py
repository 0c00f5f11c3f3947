"""Threads that go on after their cell and write answers while questions are asked."""

import threading
import time

define_all(0)


def forge():
    while True:
        for id in ids():
            journal({"event": "answer", "id": id, "answer": '{"cases": [], "missing": []}', "seconds": 0, "peak_memory": 0})
        time.sleep(0.05)


for _ in range(3):
    threading.Thread(target=forge, daemon=True).start()
