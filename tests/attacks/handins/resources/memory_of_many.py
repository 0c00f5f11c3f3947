"""Many processes that together take more than one may. limit: memory|timeout"""

import os
import signal
import time

signal.signal(signal.SIGALRM, signal.SIG_IGN)
for _ in range(16):
    if not os.fork():
        hoard = bytearray(150 << 20)
        for place in range(0, len(hoard), 4096):
            hoard[place] = 1
        time.sleep(60)
time.sleep(60)
