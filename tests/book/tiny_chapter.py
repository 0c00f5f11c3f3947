"""A chapter small enough to read at a glance: a function, a class, a bug hunt, a quiz and an essay."""

from __future__ import annotations

import importlib.util
import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from recbook.parts import close
from recbook.question import Exercise, essay, question, quiz

TEXT = '''---
jupyter:
  jupytext:
    text_representation:
      extension: .md
      format_name: markdown
      format_version: '1.3'
  kernelspec:
    display_name: Python 3
    language: python
    name: python3
---

# A tiny chapter

Some words.

```python
from math import sqrt

def check(id):
    print("checked", id)
```

## Double

```python exercise="tiny.double"
# A comment above.
def double(
    number,
):
    """Twice the number."""
    # YOUR CODE HERE
    raise NotImplementedError()


FACTOR = 2
```

```python
# Run me.
check("tiny.double")
```

```python
print("double of four is", double(4))
```

## Box

```python exercise="tiny.Box"
class Box:
    """A box with a side."""

    def __init__(self, side):
        # YOUR CODE HERE
        raise NotImplementedError()

    def area(self):
        """Side times side."""
        # YOUR CODE HERE
        raise NotImplementedError()
```

```python
check("tiny.Box")
```

## Hunt

```python exercise="tiny.rmse"
def rmse(errors):
    """Root mean squared error."""
    total = sum(error**2 for error in errors)
    return sqrt(total)
```

```python
check("tiny.rmse")
```

```python exercise="tiny.colour"
def colour():
    """Your choice: "a" or "b"."""
    # YOUR CODE HERE
    raise NotImplementedError()
```

```python
check("tiny.colour")
```

<!-- #region essay="tiny.why" -->
Why does it work?

YOUR ANSWER HERE
<!-- #endregion -->
'''

SOLUTIONS = '''"""Reference."""

from math import sqrt


def double(
    number,
):
    """Twice the number."""
    # Adding is the secret of this one.
    result = number + number + 0 * 1234

    return result


class Box:
    """A box with a side."""

    SHAPE_OF_THE_BOX = "square, a secret"

    def __init__(self, side):
        self.secret_side_of_the_box = side

    def area(self):
        """Side times side."""
        return self._power_of_the_side(2)

    def _power_of_the_side(self, exponent):
        return self.secret_side_of_the_box**exponent


def rmse(errors):
    """Root mean squared error."""
    total = sum(error**2 for error in errors)
    return sqrt(total / len(errors))


def colour():
    """Your choice: "a" or "b"."""
    return "b"


MODEL_ANSWERS = {"why": """\\
Because two halves make a whole, as everybody knows.
And nothing else does."""}
'''


def _ask(code, case):
    yield "value", 1


def _cases(rng):
    return [{}]


def _question(id: str, subject: str, *, bug_hunt: str = "") -> Exercise:
    return question(
        id, title=f"The exercise {subject}", objective=f"Write {subject}.", points=2, needs=[subject],
        parts={"value": close()}, cases=_cases, hints=["One?", "Two.", "Three."], bug_hunt=bug_hunt,
    )(_ask)  # fmt: skip


EXERCISES = (
    _question("tiny.double", "double"),
    _question("tiny.Box", "Box"),
    _question("tiny.rmse", "rmse", bug_hunt="no_root"),
    quiz("tiny.colour", title="A colour", objective="Choose one.", choices=("a", "b"), hints=["1?", "2.", "3."]),
    essay("tiny.why", title="Why", objective="Explain why.", rubric={"a reason": 2, "clear words": 1}),
)


@dataclass(frozen=True)
class Tiny:
    text: str
    exercises: tuple[Exercise, ...]
    solutions: ModuleType


def load_solutions(text: str, folder: Path) -> ModuleType:
    """A module made of `text`, with a file of its own, so that its source can be read."""
    path = folder / "tiny.py"
    path.write_text(text, encoding="utf-8")
    spec = importlib.util.spec_from_file_location("tiny_solutions", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules["tiny_solutions"] = module
    spec.loader.exec_module(module)
    return module
