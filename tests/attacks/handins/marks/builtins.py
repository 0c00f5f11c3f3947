"""Built-in functions agree with everything."""

import builtins

define_all(0)
for name in ("all", "any", "isinstance", "callable", "hasattr"):
    setattr(builtins, name, lambda *a: True)
builtins.sum = builtins.len = builtins.abs = lambda *a: 0
builtins.float = builtins.int = lambda *a: 0
