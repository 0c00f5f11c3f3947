"""Reads the memory, the environment and the root of every process there is."""

import os

for pid in [name for name in os.listdir("/proc") if name.isdigit()] + ["self", "thread-self"]:
    for name in ("environ", "cmdline", "mountinfo", "cgroup", "maps"):
        attempt(f"{pid}/{name}", lambda: any(w in open(f"/proc/{pid}/{name}").read() for w in ("CANARY", "@OUT@", "@CANARY@")))
    attempt(f"{pid}/root", lambda: open(f"/proc/{pid}/root@CANARY@/secret.txt").read())
    attempt(f"{pid}/cwd", lambda: open(f"/proc/{pid}/cwd/@CANARY@/secret.txt").read())
    attempt(f"{pid}/fd", lambda: [
        f for f in os.listdir(f"/proc/{pid}/fd") if "@OUT@" in os.readlink(f"/proc/{pid}/fd/{f}")
    ])
attempt("kernel memory", lambda: open("/proc/kcore", "rb").read(1))
attempt("devices", lambda: open("/dev/mem", "rb").read(1))
attempt("disks", lambda: [d for d in os.listdir("/dev") if d.startswith(("sd", "vd", "nvme", "loop", "dm-"))])
