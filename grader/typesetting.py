"""What is typeset on the pages of the site: a formula keeps together with the punctuation that touches it.

MathJax draws an inline formula as a box of its own, and a browser may break a line on either side of a box: a bracket
would stay behind at the end of one line, a full stop would open the next. On a phone every other paragraph shows it.
"""

from __future__ import annotations

import re
from typing import Any

from docutils import nodes
from sphinx.transforms.post_transforms import SphinxPostTransform

#: The CSS class of what must stay on one line.
TOGETHER = "recbook-together"


class KeepTogether(SphinxPostTransform):
    """Wrap each inline formula, with all that touches it, into an element that is not broken."""

    default_priority = 700
    formats = ("html",)

    def run(self, **kwargs: Any) -> None:
        """Change the document in place."""
        for formula in list(self.document.findall(nodes.math)):
            keep_together(formula)


def keep_together(formula: nodes.Node) -> None:
    """Wrap one formula with the text that touches it; one that stands between spaces stays as it is."""
    parent, index = formula.parent, formula.parent.index(formula)
    before = _text(parent, index - 1)
    after = _text(parent, index + 1)
    left, head = re.fullmatch(r"(.*?)(\S*)", before, re.DOTALL).groups()
    tail, right = re.fullmatch(r"(\S*)(.*)", after, re.DOTALL).groups()
    if not head and not tail:
        return
    together = nodes.inline("", "", *_texts(head), formula, *_texts(tail), classes=[TOGETHER])
    first, last = index - bool(before), index + bool(after)
    parent[first : last + 1] = [*_texts(left), together, *_texts(right)]


def _text(parent: nodes.Element, index: int) -> str:
    """The text of a child, or "" where there is none, or something else."""
    child = parent[index] if 0 <= index < len(parent) else None
    return child.astext() if isinstance(child, nodes.Text) else ""


def _texts(text: str) -> list[nodes.Text]:
    return [nodes.Text(text)] if text else []
