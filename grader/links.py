"""Links from the chapters to the book's pages, and to the glossary from the first use of each of its terms.

An author writes plain relative Markdown links, which also work where the source is read:

    [Set-up](../book/setup.md)    [another chapter](autoencoder.md)    [embedding](../book/glossary.md#term-embedding)

The site resolves them itself; there a link to the glossary becomes a `{term}` role, so that a term that does not exist
fails the build. In a released notebook a relative link would be dead: there they become addresses of the published
site, from one setting, `html: baseurl` in `_config.yml`.

    python -m grader.links [CHAPTER ...]            # link the first uses that are not linked yet (all chapters)
    python -m grader.links --check [CHAPTER ...]    # only list them; exit code 1 if there are any
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from posixpath import normpath

import yaml

from grader.chapter import ROOT, chapter_path, chapters
from grader.errors import AuthorError
from recbook.errors import RecbookError

GLOSSARY = "book/glossary.md"

#: Terms that no chapter links, and why.
NEVER_LINKED = {
    "user": "in nearly every sentence",
    "movie": "in nearly every sentence",
    "rating": "in nearly every sentence",
    "quiz": "a word about the course: the page on exercises explains it",
    "stub": "a word about the course: the page on exercises explains it",
    "bug hunt": "a word about the course: the page on exercises explains it",
}
#: Words that prose also uses in their everyday sense. They count where a chapter introduces them: in italics or bold.
EVERYDAY = {
    "attribute", "bag", "buffer", "coalesce", "code", "criterion", "density", "diversity", "factor", "feature",
    "forward", "funnel", "hit", "index", "interval", "label", "leaf", "leak", "link", "mask", "momentum",
    "negative", "norm", "novelty", "observed", "partition", "patience", "pickle", "plateau", "popularity",
    "register", "relevant", "score", "seed", "selection", "sparse", "split", "validation", "vocabulary",
}  # fmt: skip
#: Terms that a chapter does not link, because it uses the word for something else.
ELSEWHERE = {
    "movielens": {"weight"},  # of a count
    "evaluation": {"weight"},  # of a count
    "regularization": {"weight", "folding in"},  # of a term of the loss; "folding" followed by "in"
    "softmax": {"weight"},  # of a movie in a history
    "assignment_diversity_novelty": {"weight"},  # in a balance
}
#: Other ways to write a term.
ALSO = {
    "alternating least squares": ["ALS"],
    "cross entropy": ["cross-entropy"],
    "ELU, SELU": ["ELU", "SELU"],
    "evaluation mode, training mode": ["evaluation mode", "training mode"],
    "principal component analysis": ["PCA"],
    "nearest neighbours": ["nearest neighbour"],
    "learning-rate schedule": ["learning rate schedule"],
    "weight": ["weights"],
}


# --- The glossary --------------------------------------------------------------------------------------------------


@cache
def glossary_terms(root: Path = ROOT) -> dict[str, str]:
    """The terms of the glossary, in its order, each with the first term of its entry: an entry may have several."""
    text = (root / GLOSSARY).read_text("utf-8")
    inside = text.partition("```{glossary}\n")[2].partition("\n```")[0]
    terms: dict[str, str] = {}
    for paragraph in inside.split("\n\n"):
        heads = [line for line in paragraph.splitlines() if line and not line.startswith(" ")]
        terms |= dict.fromkeys(heads, heads[0])
    return terms


def anchor(term: str) -> str:
    """The id that Sphinx gives to the entry of a term."""
    return "term-" + re.sub(r"[^A-Za-z0-9]+", "-", term).strip("-")


# --- Rewriting -----------------------------------------------------------------------------------------------------

_LINK = re.compile(r"(?<!!)\[(?P<text>[^\[\]]*)\]\((?P<path>(?![a-z]+:)[^()\s#]+\.md)(?:#(?P<anchor>[^()\s]+))?\)")


def site_address(root: Path = ROOT) -> str:
    """Where the site is published: `html: baseurl` in `_config.yml`, with a slash at its end."""
    config = yaml.safe_load((root / "_config.yml").read_text("utf-8"))
    address = (config.get("html") or {}).get("baseurl")
    if not str(address).startswith("https://"):
        raise AuthorError(f"_config.yml: html: baseurl is {address!r}. It must be the address of the published site.")
    return address.rstrip("/") + "/"


def for_release(markdown: str, address: str) -> str:
    """The text of a chapter's cell with its relative links turned into addresses of the published site."""

    def replace(link: re.Match[str]) -> str:
        page = normpath(f"notebooks/{link['path']}").removesuffix(".md")
        if page.startswith(".."):
            raise AuthorError(f"The link {link[0]} leads out of the book.")
        return f"[{link['text']}]({address}{page}.html{'#' + link['anchor'] if link['anchor'] else ''})"

    return _LINK.sub(replace, markdown)


def for_site(markdown: str, root: Path = ROOT) -> str:
    """The text of a chapter's cell with its links to the glossary turned into roles that Sphinx checks."""
    terms = {anchor(term): term for term in glossary_terms(root)}

    def replace(link: re.Match[str]) -> str:
        if normpath(f"notebooks/{link['path']}") != GLOSSARY or not link["anchor"]:
            return link[0]
        if link["anchor"] not in terms:
            raise AuthorError(f"{link[0]}: {GLOSSARY} has no term with the anchor {link['anchor']!r}.")
        return f"{{term}}`{link['text']} <{terms[link['anchor']]}>`"

    return _LINK.sub(replace, markdown)


# --- First uses ----------------------------------------------------------------------------------------------------

_NO_PROSE = re.compile(
    r"""
    ^---\n.*?^---\n                         # front matter
    | ^(?P<fence>`{3,}).*?^(?P=fence)\s*?$  # code
    | ^\$\$.*?^\$\$                         # formulas
    | ^<!--\s\#region.*?^<!--\s\#endregion\s-->  # an essay
    | ^(?:\#[^\n]*|\*\*)[Ff]urther\ reading.*\Z  # titles of works
    | ^\#.*?$ | ^\|.*?$ | ^-\s\*\*[a-z]\.?\*\*.*?$  # headings, tables, choices of a quiz
    | \$[^$\n]+\$ | `[^`\n]+`               # formulas and code in a line
    | !?\[[^\[\]]*\]\([^()\s]*(?:\([^()\s]*\)[^()\s]*)*\)  # links
    | <[a-z/!][^>\n]*>
    """,
    re.VERBOSE | re.DOTALL | re.MULTILINE,
)


def first_uses(text: str, chapter: str = "", root: Path = ROOT) -> Iterator[tuple[str, int, int]]:
    """(term, start, end) of the first use of each term in a chapter's prose, unless a link to the term comes first.

    The opening, up to the first code cell, only announces what will come. Headings, tables, formulas, code, the choices
    of a quiz, essays and the list of further reading are no prose either.
    """
    start = re.search(r"^```python", text, re.MULTILINE)
    linked = {link["anchor"]: link.start() for link in reversed(list(_LINK.finditer(text))) if link["anchor"]}
    prose = _NO_PROSE.sub(lambda match: re.sub(r"[^\n]", "\0", match[0]), text)
    pattern, term_of = _pattern(root)
    seen = {*NEVER_LINKED, *ELSEWHERE.get(chapter, ())}
    for match in pattern.finditer(prose, start.start() if start else 0):
        term, word = term_of[match[0].lower()]
        if term in seen or (word in EVERYDAY and not _introduced(prose, match)):
            continue
        seen.add(term)
        if linked.get(anchor(term), len(text)) > match.start():
            yield term, match.start(), match.end()


def _introduced(prose: str, match: re.Match[str]) -> bool:
    return prose[match.start() - 1] == prose[match.end()] == "*"


@cache
def _pattern(root: Path) -> tuple[re.Pattern[str], dict[str, tuple[str, str]]]:
    """A pattern for all ways to write all terms; for each way, in lower case, the entry's first term and its own."""
    term_of: dict[str, tuple[str, str]] = {}
    for term, entry in glossary_terms(root).items():
        for word in [term, *ALSO.get(term, ())]:
            plural = f"{word[:-1]}ies" if word.endswith("y") else f"{word}es" if word[-1] in "sxh" else f"{word}s"
            term_of |= {form.lower(): (entry, term) for form in (word, plural) if form.lower() not in term_of}
    forms = sorted(term_of, key=len, reverse=True)
    return re.compile(rf"(?<![\w-])(?:{'|'.join(map(re.escape, forms))})(?![\w-])", re.IGNORECASE), term_of


def link_first_uses(text: str, chapter: str = "", root: Path = ROOT) -> str:
    """The text of a chapter, the first use of each term linked to the glossary."""
    for term, start, end in reversed(list(first_uses(text, chapter, root))):
        text = f"{text[:start]}[{text[start:end]}](../{GLOSSARY}#{anchor(term)}){text[end:]}"
    return text


def main(arguments: Sequence[str]) -> int:
    """`python -m grader.links [--check] [CHAPTER ...]`. Returns the exit code; 2 for what is no chapter."""
    try:
        return _link(arguments)
    except RecbookError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2


def _link(arguments: Sequence[str]) -> int:
    check = "--check" in arguments
    names = [argument for argument in arguments if argument != "--check"] or chapters()
    complaints = 0
    paths = {name: chapter_path(name) for name in names}  # all are found before anything is written
    for name, path in paths.items():
        text = path.read_text("utf-8")
        for term, start, end in first_uses(text, name):
            complaints += 1
            line = text.count("\n", 0, start) + 1
            print(f"notebooks/{name}.md:{line}: {'not ' if check else ''}linked: {text[start:end]} ({term})")
        if not check:
            path.write_text(link_first_uses(text, name), "utf-8")
    return 1 if check and complaints else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
