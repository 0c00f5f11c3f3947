"""Many processes that compute. limit: CPU|timeout"""

import os
import signal

signal.signal(signal.SIGALRM, signal.SIG_IGN)
for _ in range(12):
    if not os.fork():
        while True:
            pass
while True:
    pass
