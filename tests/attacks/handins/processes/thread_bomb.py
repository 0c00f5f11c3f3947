"""Starts threads as often as it can."""

import threading
import time

threads = []
try:
    while True:
        threads.append(threading.Thread(target=time.sleep, args=(60,), daemon=True))
        threads[-1].start()
except RuntimeError as error:
    print("refused", len(threads), error)
