"""Runs programs that lie around: shells, compilers, and those that lend root's rights."""

import glob
import os
import subprocess

for command in (["su", "-c", "id"], ["sudo", "-n", "id"], ["mount", "-t", "tmpfs", "x", "/mnt"], ["unshare", "-Ur", "id"],
                ["bwrap", "--bind", "/", "/", "id"], ["chroot", "/", "id"], ["newuidmap", "1", "0", "0", "1"], ["pkexec", "id"],
                ["nsenter", "-t", "1", "-a", "id"], ["setpriv", "--reuid=0", "id"], ["dmesg"]):
    attempt(" ".join(command), lambda: subprocess.run(command, capture_output=True, timeout=1, check=True, stdin=subprocess.DEVNULL).returncode == 0)
owned = [p for p in glob.glob("/usr/bin/*") if os.path.exists(p) and os.stat(p).st_mode & 0o6000][:8]
for path in owned:
    attempt(path, lambda: "uid=0" in subprocess.run([path, "-c", "id"], capture_output=True, timeout=1, text=True, stdin=subprocess.DEVNULL).stdout)
