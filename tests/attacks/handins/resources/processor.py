"""Many processes that compute. limit: CPU|timeout"""

import os

for _ in range(12):
    if not os.fork():
        while True:
            pass
while True:
    pass
