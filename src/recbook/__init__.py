"""recbook: a course on recommender systems that checks your answers while you work.

In a chapter's notebook you need three names::

    from recbook import check, hint, load

`check("autoencoder.forward")` asks one exercise of your code and says what is right or wrong.
`hint("autoencoder.forward")` gives the next hint. `load("ml-100k")` loads a data set.
"""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"
__all__ = ["__version__", "check", "hint", "load"]

# Loaded on first use, so that `import recbook` stays instant.
_LAZY = {"check": "recbook.check", "hint": "recbook.check", "load": "recbook.data"}


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module 'recbook' has no attribute {name!r}")
    module = import_module(_LAZY[name])
    # Importing `recbook.check` binds the submodule to the same name: put the function in its place.
    for lazy, home in _LAZY.items():
        if home == _LAZY[name]:
            globals()[lazy] = getattr(module, lazy)
    return globals()[name]
