"""Links in its own folder that lead out, for somebody who follows them later."""

import os

for number, target in enumerate(("@CANARY@/secret.txt", "@OUT@/gradebook.db", "/etc/shadow", "@ROOT@")):
    os.symlink(target, f"link{number}")
    attempt(target, lambda: open(f"link{number}").read())
    attempt(f"hard {target}", lambda: os.link(target, f"hard{number}"))
