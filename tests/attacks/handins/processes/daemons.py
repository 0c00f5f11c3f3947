"""Children with sessions of their own that outlive everyone and write marks when it is quiet."""

import os
import sys

for number in range(4):
    if not os.fork():
        os.setsid()
        if not os.fork():
            code = "import time\nwhile True:\n    open('@OUT@/marks', 'a').close() if time.sleep(0.2) else 0 # survivor-@MARK@"
            if number % 2:
                os.execv(sys.executable, [sys.executable, "-S", "-c", code])
            import signal

            for each in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
                signal.signal(each, signal.SIG_IGN)
            while True:
                signal.pause()
        os._exit(0)
