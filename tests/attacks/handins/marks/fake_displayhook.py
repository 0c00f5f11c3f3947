"""Points are printed, displayed and handed to the display hook before anything fails."""

import sys

from IPython.display import display

define_all(0)
sys.displayhook(4.0)
display(4.0)
print("4.0")
100.0
