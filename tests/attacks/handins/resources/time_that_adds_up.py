"""Every cell takes a little less than it may."""

import time

time.sleep(1.8)
# %%
time.sleep(1.8)
# %%
time.sleep(1.8)
# %%
time.sleep(1.8)
# %%
time.sleep(1.8)
