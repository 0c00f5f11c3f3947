"""Links: relative in the source, checked roles on the site, addresses in a release; first uses lead to the glossary."""

from __future__ import annotations

import re

import pytest
from docutils.nodes import document
from docutils.utils import new_document
from sphinx.util.nodes import make_id

from grader import links
from grader.assemble import source_notebook
from grader.chapter import ROOT, chapter_path, chapters, parse_chapter
from grader.errors import AuthorError
from grader.release_site import parse_release_site
from grader.site import page

SITE = "https://example.org/book/"
RELEASE = parse_release_site("https://github.com/someone/course/tree/release")
GLOSSARY = """\
# Glossary

```{glossary}
embedding
  A vector.

embedding layer
  A table of vectors.

movie
item
  A column.

Gini coefficient
  A number.

seed
  A start.

bias
  A deviation, see {term}`seed`.
```
"""


@pytest.fixture
def root(tmp_path):
    (tmp_path / "book").mkdir()
    (tmp_path / "book" / "glossary.md").write_text(GLOSSARY)
    links.glossary_terms.cache_clear()
    links._pattern.cache_clear()
    yield tmp_path
    links.glossary_terms.cache_clear()
    links._pattern.cache_clear()


def words(prose, root):
    text = f"```python\n1\n```\n\n{prose}"
    return [text[start:end] for _, start, end in links.first_uses(text, root=root)]


@pytest.mark.parametrize(
    ("source", "released"),
    [
        ("[a](../book/setup.md)", f"[a]({SITE}book/setup.html)"),
        ("[b](autoencoder.md#the-model)", f"[b]({SITE}notebooks/autoencoder.html#the-model)"),
        ("**[c](../book/glossary.md#term-c)**.", f"**[c]({SITE}book/glossary.html#term-c)**."),
        (
            "[d](https://doi.org/10.1/x.md) ![e](../e.md) `x[i](y)`",
            "[d](https://doi.org/10.1/x.md) ![e](../e.md) `x[i](y)`",
        ),
    ],
)
def test_relative_links_become_addresses_in_a_release(source, released):
    assert links.for_release(source, SITE) == released


def test_a_link_out_of_the_book_is_refused():
    with pytest.raises(AuthorError, match="out of the book"):
        links.for_release("[secret](../../solutions/x.md)", SITE)


def test_links_to_the_glossary_become_roles_that_the_site_checks(root):
    text = "An **[Embedding](../book/glossary.md#term-embedding)**, the [words](../book/glossary.md), [x](x.md#term-x)."
    wanted = "An **{term}`Embedding <embedding>`**, the [words](../book/glossary.md), [x](x.md#term-x)."
    assert links.for_site(text, root) == wanted
    with pytest.raises(AuthorError, match="term-embeding"):
        links.for_site("[typo](../book/glossary.md#term-embeding)", root)


def test_the_page_and_the_release_of_a_chapter(tiny, monkeypatch):
    monkeypatch.setattr(links, "site_address", lambda: SITE)
    text = tiny.text.replace("Some words.", "An [epoch](../book/glossary.md#term-epoch), [set-up](../book/setup.md).")
    on_site = page(text, "tiny", tiny.exercises, tiny.solutions, RELEASE).cells[0].source
    assert "An {term}`epoch <epoch>`, [set-up](../book/setup.md)." in on_site
    notebook = parse_chapter(text, "tiny", tiny.exercises)
    source = source_notebook(notebook, "tiny", tiny.exercises, tiny.solutions, RELEASE).cells[1].source
    assert f"An [epoch]({SITE}book/glossary.html#term-epoch), [set-up]({SITE}book/setup.html)." in source


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Embeddings first. An embedding again.", ["Embeddings"]),
        ("An embedding layer has an embedding.", ["embedding layer", "embedding"]),
        ("The **Gini coefficient** of the biases.", ["Gini coefficient", "biases"]),
        ("A random seed. Now the word: a *seed* is a number.", ["seed"]),  # an everyday word: where it is introduced
        ("Movies and items are in every sentence.", []),
        ("# Embedding\n\n| embedding |\n\n`embedding` $embedding$ [embedding](x.md) co-embedding", []),
        ("```python\nembedding\n```\n\n$$\nbias\n$$\n\n- **a** bias\n- **b.** bias", []),
        ('<!-- #region essay="x.y" -->\nbias\n<!-- #endregion -->\n\nAn embedding.', ["embedding"]),
        ("A [bias](../book/glossary.md#term-bias), then a bias.", []),
        ("A bias, then a [bias](../book/glossary.md#term-bias).", ["bias"]),
        ("Nothing.\n\n### Further reading\n\n- The Bias of Embeddings.", []),
    ],
)
def test_first_uses(root, text, found):
    assert words(text, root) == found


def test_the_opening_only_announces(root):
    text = "Know embeddings.\n\n```python\n1\n```\n\nAn embedding.\n"
    linked = links.link_first_uses(text, root=root)
    assert linked == text.replace("An embedding", "An [embedding](../book/glossary.md#term-embedding)")
    assert links.link_first_uses(linked, root=root) == linked


def test_the_command(root, monkeypatch, capsys):
    path = root / "x.md"
    path.write_text("```python\n1\n```\n\nA bias.\n")
    monkeypatch.setattr(links, "chapter_path", lambda name: path)
    assert links.main(["--check", "x"]) == 1
    assert "notebooks/x.md:5: not linked: bias" in capsys.readouterr().out
    assert links.main(["x"]) == 0
    assert links.main(["--check", "x"]) == 0


def test_what_is_no_chapter_is_said_before_anything_is_written(root, monkeypatch, capsys):
    path = root / "x.md"
    path.write_text("```python\n1\n```\n\nA bias.\n")
    monkeypatch.setattr(links, "chapter_path", lambda name: path if name == "x" else chapter_path(name))
    assert links.main(["x", "nochapter"]) == 2
    assert "error: There is no chapter 'nochapter'" in capsys.readouterr().err
    assert "term-bias" not in path.read_text()


# --- The real book ---------------------------------------------------------------------------------------------------


def test_every_term_is_a_term_once():
    lines = (ROOT / links.GLOSSARY).read_text("utf-8").split("```")[1].splitlines()[1:]
    terms = [line for line in lines if line and not line.startswith(" ")]
    assert sorted(set(terms)) == sorted(terms)
    assert {*links.NEVER_LINKED, *links.ALSO} <= set(terms)
    assert len({links.anchor(term) for term in terms}) == len(terms)


def test_anchors_are_those_of_sphinx():
    class Environment:
        def new_serialno(self, category):  # pragma: no cover - only for an id that is taken
            raise AssertionError

    for term in links.glossary_terms():
        page: document = new_document("glossary")
        page.settings.auto_id_prefix = page.settings.id_prefix = ""
        assert make_id(Environment(), page, "term", term) == links.anchor(term)


@pytest.mark.parametrize("chapter", chapters())
def test_the_first_use_of_each_term_leads_to_the_glossary(chapter):
    text = chapter_path(chapter).read_text("utf-8")
    missing = [text[start:end] for _, start, end in links.first_uses(text, chapter)]
    assert not missing, f"run `python -m grader.links {chapter}`"


@pytest.mark.parametrize("chapter", chapters())
def test_links_of_a_chapter_lead_to_pages_of_the_book(chapter):
    text = chapter_path(chapter).read_text("utf-8")
    links.for_site(text)  # raises for a term that does not exist
    released = links.for_release(text, SITE)
    assert not re.search(r"\]\((?!https?://)[^)\s]*\.md", released)
    pages = set(re.findall(rf"\]\({SITE}([a-z_/]+)\.html", released))
    assert {"book/notation", "book/glossary"} <= pages
    assert not [page for page in pages if not (ROOT / f"{page}.md").is_file()]


def test_the_published_site():
    assert links.site_address() == "https://recbook.github.io/recbook/"


def test_a_book_without_an_address_is_refused(tmp_path):
    (tmp_path / "_config.yml").write_text("title: x\n")
    with pytest.raises(AuthorError, match="baseurl"):
        links.site_address(tmp_path)
