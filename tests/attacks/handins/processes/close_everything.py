"""Closes every file, the journal among them, and puts others in their place."""

import os

os.closerange(0, 256)
for _ in range(20):
    os.open("/dev/null", os.O_RDWR)
