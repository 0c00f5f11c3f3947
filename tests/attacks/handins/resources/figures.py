"""Many figures, and one that is larger than any screen."""

import matplotlib.pyplot as plt

for _ in range(12):
    plt.figure()
# %%
plt.figure(figsize=(600, 600), dpi=100)
plt.plot([1, 2])
