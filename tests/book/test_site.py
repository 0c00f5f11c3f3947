"""The site: what a reader sees of a chapter, and what makes a build fail."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import warnings
from pathlib import Path

import pytest
import yaml
from tiny_chapter import SOLUTIONS, TEXT

from grader import site
from grader.chapter import ROOT, chapters, parse_chapter, secret_lines
from grader.errors import AuthorError
from grader.release_site import parse_release_site, release_site
from grader.site import check_site, leaks, page
from recbook.data import MissingDataError, SyntheticDataWarning, load

RELEASE = parse_release_site("https://github.com/someone/course/tree/release")
JUPYTER_BOOK = Path(sys.executable).parent / "jupyter-book"


def page_of(tiny, edition="student", text=None):
    return page(text or tiny.text, "tiny", tiny.exercises, tiny.solutions, RELEASE, edition=edition)


def tags(cell):
    return cell.metadata.get("tags", [])


def test_stubs_are_shown_and_skipped_solutions_run_and_hidden(tiny):
    cells = page_of(tiny).cells
    stubs = [i for i, cell in enumerate(cells) if "exercise" in cell.metadata]
    assert len(stubs) == 4
    for i in stubs:
        assert "skip-execution" in tags(cells[i])
        assert "remove-cell" in tags(cells[i + 1])
        assert cells[i - 1].cell_type == "markdown"
        assert " point" in cells[i - 1].source
    namespace = {}
    for cell in cells:
        if cell.cell_type == "code" and "skip-execution" not in tags(cell):
            exec(cell.source, namespace)
    assert namespace["double"](4) == 8


def test_the_instructor_edition_folds_the_solutions_in(tiny):
    cells = page_of(tiny, "instructor").cells
    solutions = [cell for cell in cells if "solution" in tags(cell)]
    assert len(solutions) == 4
    assert all("hide-input" in tags(cell) for cell in solutions)
    assert solutions[0].metadata["mystnb"]["code_prompt_show"] == "Solution: The exercise double"
    assert "Because two halves" in cells[-1].source


def test_the_colab_button_leads_to_the_released_notebook(tiny):
    source = page_of(tiny).cells[0].source
    assert source.startswith("# A tiny chapter\n")
    assert "https://colab.research.google.com/github/someone/course/blob/release/tiny/tiny.ipynb" in source
    with pytest.raises(AuthorError, match="title"):
        page_of(tiny, text=tiny.text.replace("# A tiny chapter", "Words first."))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("page.html", "<span>result</span> <span>=</span> number<b>&#32;+</b> number + 0 * <i>1234</i>"),
        ("_sources/page.md", "    result = number+number + 0*1234"),
        ("search.json", '{"text": "def x():\\n    self.secret_side_of_the_box = side"}'),
        ("essay.txt", "Because two halves make a whole,\nas everybody knows."),
    ],
)
def test_a_leak_is_found_wherever_it_is(tiny, tmp_path, name, content):
    secrets = secret_lines(tiny.text, parse_chapter(tiny.text, "tiny", tiny.exercises), tiny.solutions)
    built = tmp_path / "built"
    (built / name).parent.mkdir(parents=True)
    (built / "harmless.html").write_text("<p>total = sum(error**2 for error in errors)</p>")
    (built / "picture.png").write_bytes(b"\x89PNG\xff")
    assert list(leaks(built, secrets)) == []
    (built / name).write_text(content)
    assert [path for path, _ in leaks(built, secrets)] == [built / name]


def test_check_says_when_there_is_no_site(tmp_path, capsys):
    assert site.main(["check", str(tmp_path)]) == 1
    assert "no built site" in capsys.readouterr().err
    assert site.main([]) == 2


def test_the_fingerprint_follows_the_package_and_the_solutions(tmp_path):
    for folder in ("src/recbook", "solutions"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "src/recbook/a.py").write_text("1")
    prints = [site.package_fingerprint(tmp_path)]
    for path in ("src/recbook/a.py", "src/recbook/b.json", "solutions/c.py"):
        (tmp_path / path).write_text("2")
        prints.append(site.package_fingerprint(tmp_path))
    (tmp_path / "src/recbook/a.pyc").write_text("no source")
    assert site.package_fingerprint(tmp_path) == prints[-1]
    assert len(set(prints)) == 4


def test_the_settings_of_the_real_book():
    assert release_site().colab("autoencoder").endswith("/autoencoder/autoencoder.ipynb")
    config = yaml.safe_load((ROOT / "_config.yml").read_text())
    assert config["execute"]["execute_notebooks"] == "cache"
    assert config["execute"]["allow_errors"] is False
    assert "autoencoder" in chapters()
    for name in ("html_logo", "html_favicon"):
        assert name not in config  # set through logo and favicon, which exist:
    assert (ROOT / config["logo"]).is_file()
    assert (ROOT / config["html"]["favicon"]).is_file()


def test_the_real_site_if_it_was_built():
    if not (ROOT / "_build" / "html" / "index.html").is_file():
        pytest.skip("the site is not built; `make book` builds it")
    assert check_site(ROOT / "_build" / "html") == []


def read(tiny, monkeypatch, state):
    """The page of the tiny chapter, as myst-nb gets it when its data are `state`."""
    for name in ("exercises", "solutions"):
        monkeypatch.setattr(site, f"{name}_of", lambda chapter, name=name: getattr(tiny, name))
    missing = ["ml-100k"] if state == site.MADE_UP else []
    release = "https://github.com/someone/course/tree/release"
    return site.read_page(tiny.text, "tiny", release, "student", f"abc ml-100k:{state}", missing)


def test_a_page_without_its_data_says_so_under_the_title(tiny, monkeypatch):
    real, made_up = (read(tiny, monkeypatch, state) for state in ("1a2b3c4d", site.MADE_UP))
    said = next(cell for cell in made_up.cells if cell.cell_type == "markdown").source
    assert said.index("# A tiny chapter") < said.index("recbook-launch") < said.index(":::{admonition}")
    assert said.index(":class: warning") < said.index("`ml-100k`") < said.index("Some words.")
    assert "made up" not in "\n".join(cell.source for cell in real.cells)


def test_pages_with_and_without_their_data_have_different_keys_in_the_cache(tiny, monkeypatch):
    def code(notebook):
        return [cell.source for cell in notebook.cells if cell.cell_type == "code"]

    pages = [code(read(tiny, monkeypatch, state)) for state in ("1a2b3c4d", site.MADE_UP, "5e6f7a8b")]
    assert pages[0] != pages[1] != pages[2] != pages[0]
    assert code(read(tiny, monkeypatch, "1a2b3c4d")) == pages[0]


def test_the_warning_about_made_up_data_does_not_reach_the_page(tiny, monkeypatch):
    notebook = read(tiny, monkeypatch, site.MADE_UP)
    hidden = [
        c for c in notebook.cells if c.cell_type == "code" and "remove-cell" in tags(c) and "warnings" in c.source
    ]
    with warnings.catch_warnings(record=True) as caught:
        exec(hidden[0].source, {})
        warnings.warn("made up", SyntheticDataWarning, stacklevel=1)
        warnings.warn("something else", UserWarning, stacklevel=1)
    assert [str(w.message) for w in caught] == ["something else"]


def test_the_data_sets_of_a_chapter():
    def names(code):
        return site.data_sets_of(f"```python\n{code}\n```\n\nload('ml-1m') in prose\n")

    assert names('x = load("ml-latest-small")\ny = load("ml-100k")') == ["ml-100k", "ml-latest-small"]
    assert names('DATASET = "ml-100k"  # or "ml-1m"\nx = load(DATASET)') == ["ml-100k"]
    assert names("x = load()") == ["ml-100k"]
    assert names('x = load("sample")\ny = torch.load("ml-1m.pt")') == []


def test_out_of_reach_is_found_out_once_for_all_pages(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.delenv("RECBOOK_DATA", raising=False)
    monkeypatch.setenv("RECBOOK_OFFLINE", "")
    monkeypatch.setattr(site, "load", lambda name: load("sample"))  # what `load` gives when nothing can be reached
    assert site.data_state("ml-100k") == site.MADE_UP
    assert os.environ["RECBOOK_OFFLINE"] == "1"  # for the kernels
    monkeypatch.setattr(site, "load", load)
    assert site.data_state("ml-latest-small") == site.data_state("ml-latest-small") != site.MADE_UP


def test_a_named_folder_without_the_data_stops_the_build(monkeypatch, tmp_path):
    monkeypatch.setenv("RECBOOK_DATA", str(tmp_path))
    with pytest.raises(MissingDataError, match="RECBOOK_DATA"):
        site.data_state("ml-100k")


ROOMS = '''"""Adds the rooms of the tiny chapter to the real ones; a Sphinx extension."""
from pathlib import Path
import recbook.questions, solutions
here = Path(__file__).parent / "rooms"
recbook.questions.__path__.append(str(here / "questions"))
solutions.__path__.append(str(here / "solutions"))

def setup(app):
    return {}
'''


def build_tiny_book(folder: Path, text: str) -> subprocess.CompletedProcess[str]:
    """Build a book of two pages with the settings of the real one."""
    config = yaml.safe_load((ROOT / "_config.yml").read_text())
    for key in ("bibtex_bibfiles", "logo"):
        config.pop(key)
    config["html"].pop("favicon")
    config["sphinx"]["local_extensions"] = {"tiny_rooms": ".", **config["sphinx"]["local_extensions"]}
    config["sphinx"]["local_extensions"]["grader.site"] = str(ROOT)
    config["sphinx"]["config"] |= {"html_static_path": [], "html_css_files": []}
    for key in ("bibtex_reference_style", "bibtex_default_style"):
        config["sphinx"]["config"].pop(key)
    toc = {"format": "jb-book", "root": "book/welcome", "chapters": [{"file": "notebooks/tiny"}]}
    files = {
        "_config.yml": yaml.safe_dump(config, sort_keys=False),
        "_toc.yml": yaml.safe_dump(toc),
        "book/welcome.md": "# Welcome\n\nA plain page (of $n$).\n\n```python\nprint('never run')\n```\n",
        "notebooks/tiny.md": text,
        "tiny_rooms.py": ROOMS,
        "rooms/solutions/tiny.py": SOLUTIONS,
        "rooms/questions/tiny.py": (
            f"import sys\nsys.path.insert(0, {str(Path(__file__).parent)!r})\nimport tiny_chapter\n"
            "DOUBLE, BOX, RMSE, COLOUR, WHY = tiny_chapter.EXERCISES\n"
        ),
    }
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "src")])}
    environment.pop(site.EDITION, None)
    return subprocess.run(
        [str(JUPYTER_BOOK), "build", "-W", "--keep-going", str(folder)],
        cwd=folder.parent, env=environment, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip


@pytest.mark.slow
def test_a_book_is_built_without_a_line_of_a_solution(tiny, tmp_path):
    run = build_tiny_book(tmp_path / "book", TEXT)
    assert run.returncode == 0, run.stdout[-3000:] + run.stderr[-3000:]
    html = tmp_path / "book" / "_build" / "html"
    text = (html / "notebooks" / "tiny.html").read_text()
    assert "double of four is 8" in text  # what the reference prints
    assert "Bug hunt · The exercise rmse (2 points)" in text
    assert "colab.research.google.com" in text
    assert "checked tiny.double" in text
    secrets = secret_lines(tiny.text, parse_chapter(tiny.text, "tiny", tiny.exercises), tiny.solutions)
    assert secrets
    assert list(leaks(html, secrets)) == []
    welcome = (html / "book" / "welcome.html").read_text()
    assert "colab" not in welcome
    assert re.search(r'<span class="recbook-together"><span class="math[^>]*>[^<]*</span>\)\.</span>', welcome)


@pytest.mark.slow
def test_a_failing_cell_fails_the_build_and_is_shown(tmp_path):
    run = build_tiny_book(tmp_path / "book", TEXT.replace('print("double of four is"', 'print(no_such_name, "four"'))
    assert run.returncode != 0
    assert "no_such_name" in run.stdout + run.stderr
    assert "NameError" in run.stdout + run.stderr
