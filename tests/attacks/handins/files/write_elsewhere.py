"""Leaves something in every folder there is."""

import os

for folder in ("/", "/usr", "/etc", "/var", "/run", "/opt", "/home", "/root", "/dev", "/sys", "/proc/sys/kernel", "/boot", "/lib", "/mnt",
               "@ROOT@", "@OUT@", "@CANARY@", os.path.expanduser("~root"), "/var/tmp", "/run/user", "/var/spool/cron"):
    attempt(folder, lambda: open(os.path.join(folder, "left-by-a-student"), "w"))
for path in ("/proc/sys/kernel/core_pattern", "/proc/sysrq-trigger", "/proc/sys/vm/overcommit_memory", "/sys/kernel/uevent_helper",
             "/etc/passwd", "/etc/ld.so.cache", "/etc/ld.so.preload", "/proc/sys/user/max_user_namespaces"):
    attempt(path, lambda: os.write(os.open(path, os.O_WRONLY), b"1"))
for folder in ("/tmp", "/dev/shm"):  # its own, if any: must be gone afterwards
    try:
        open(os.path.join(folder, "left-by-a-student"), "w").close()
    except OSError:
        pass
