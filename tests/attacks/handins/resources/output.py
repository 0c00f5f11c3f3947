"""Prints and displays without end."""

from IPython.display import HTML, display

for _ in range(300):
    print("x" * 1_000_000)
    display(HTML("<p>" * 100_000))
# %%
while True:
    print("x" * 1_000_000)
