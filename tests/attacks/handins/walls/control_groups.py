"""Control groups, whose release agent runs outside."""

import os

attempt("cgroup", lambda: os.listdir("/sys/fs/cgroup"))
attempt("make one", lambda: os.mkdir("/sys/fs/cgroup/x") or True)
attempt("agent", lambda: os.write(os.open("/sys/fs/cgroup/release_agent", os.O_WRONLY), b"/tmp/x"))
attempt("leave", lambda: os.write(os.open("/sys/fs/cgroup/cgroup.procs", os.O_WRONLY), b"0"))
