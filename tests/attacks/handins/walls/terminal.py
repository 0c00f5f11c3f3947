"""Types into the terminal of whoever grades."""

import fcntl
import os
import termios

for path in ("/dev/tty", "/dev/console", "/dev/pts/0", "/proc/1/fd/0", "/proc/1/fd/2"):
    attempt(path, lambda: fcntl.ioctl(os.open(path, os.O_RDWR), termios.TIOCSTI, b"x") == 0)
for fd in range(3):
    attempt(f"fd {fd}", lambda: fcntl.ioctl(fd, termios.TIOCSTI, b"x") == 0)
