"""Work that does not look up from C: a sum of zeros. limit: timeout"""

import itertools

sum(itertools.repeat(0))
