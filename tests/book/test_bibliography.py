"""What a chapter recommends to read is in the bibliography."""

from __future__ import annotations

import re

import pytest

from grader.chapter import ROOT, chapter_path, chapters

WORK = re.compile(r"\]\((https://(?:doi\.org|arxiv\.org|papers\.nips\.cc|(?:www\.)?jmlr\.org)/[^\s)]+)\)")
ENTRIES = (ROOT / "book" / "references.bib").read_text("utf-8").split("\n@")
PAGE = (ROOT / "book" / "bibliography.md").read_text("utf-8")


def keys_by_address() -> dict[str, str]:
    found = {}
    for entry in ENTRIES:
        key = re.search(r"\{(\w+),", entry)[1]
        for doi in re.findall(r"doi = \{([^}]+)\}", entry):
            found[f"https://doi.org/{doi}"] = key
        for address in re.findall(r"url = \{([^}]+)\}", entry):
            found[address] = key
    return found


@pytest.mark.parametrize("chapter", chapters())
def test_the_works_of_a_chapter_are_on_the_page(chapter):
    reading = chapter_path(chapter).read_text("utf-8").rpartition("urther reading")[2]
    addresses = WORK.findall(reading)
    assert addresses or chapter == "capstone"
    known = keys_by_address()
    assert not [address for address in addresses if address not in known], "add them to book/references.bib"
    row = next((line for line in PAGE.splitlines() if f"(../notebooks/{chapter}.md)" in line), "")
    assert not [key for key in (known[address] for address in addresses) if f"{{cite}}`{key}`" not in row]


def test_keys_are_there_once():
    keys = [re.search(r"\{(\w+),", entry)[1] for entry in ENTRIES]
    assert sorted(keys) == sorted(set(keys))
    assert set(re.findall(r"\{cite\}`(\w+)`", PAGE)) <= set(keys)
