"""nbgrader's formgrader in a real browser: an essay is marked by hand, and the mark is in all that comes after."""

from __future__ import annotations

import csv
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from handin_files import CHAPTER, hand_in, only_definitions
from nbconvert.filters import markdown2html
from typer.testing import CliRunner

from grader.autograded import without_tags
from grader.cli import app
from grader.gradebook import open_gradebook
from grader.grading import grade
from recbook.question import Essay
from recbook.questions import of_chapter

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync"]  # fmt: skip
STUDENT = "Anna Müller_17"
COMMENT = "Which <b>films</b> did you look at?"
ESSAY = next(exercise for exercise in of_chapter(CHAPTER) if isinstance(exercise, Essay))


@pytest.fixture(scope="module")
def graded(tmp_path_factory, reference_handin, isolation) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("class")
    submitted, out = folder / "submitted", folder / "out"
    hand_in(submitted, STUDENT, only_definitions(reference_handin))
    grade(CHAPTER, submitted, out, isolation=isolation)
    return submitted, out


@pytest.fixture(scope="module")
def formgrader(graded, tmp_path_factory) -> Iterator[str]:
    """The address of a Jupyter server that was started in the folder of results, and knows nothing else."""
    _, out = graded
    home = tmp_path_factory.mktemp("home")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        sys.executable, "-m", "jupyter_server", "--no-browser", "--allow-root", "--ServerApp.ip=127.0.0.1",
        f"--ServerApp.port={port}", "--ServerApp.port_retries=0", "--IdentityProvider.token=", "--ServerApp.password=",
    ]  # fmt: skip
    environment = {
        **os.environ, "HOME": str(home), "JUPYTER_CONFIG_DIR": str(home / "config"), "JUPYTER_DATA_DIR": str(home),
        "JUPYTER_RUNTIME_DIR": str(home / "run"), "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }  # fmt: skip
    address = f"http://127.0.0.1:{port}"
    with (home / "log").open("wb") as log:
        server = subprocess.Popen(command, cwd=out, env=environment, stdout=log, stderr=log)
        try:
            for _ in range(240):
                try:
                    urllib.request.urlopen(f"{address}/api", timeout=5).close()
                    break
                except OSError:
                    assert server.poll() is None, (home / "log").read_text()[-3000:]
                    time.sleep(0.5)
            yield address
        finally:
            server.terminate()
            server.wait(20)


@pytest.fixture(scope="module")
def page(formgrader):
    if CHROMIUM is None:
        pytest.skip("There is no Chromium on this machine: apt-get install chromium.")
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as engine:
        browser = engine.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page()
        page.set_default_timeout(60_000)
        yield page
        browser.close()


def exported(out: Path, format: str) -> dict[str, str]:
    result = CliRunner().invoke(app, ["export", "--out", str(out), "--format", format])
    assert result.exit_code == 0, result.output
    with (out / f"export-{format}.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))[-1]


def feedback(out: Path) -> str:
    return (out / "feedback" / STUDENT / f"{CHAPTER}.html").read_text()


@pytest.mark.slow
def test_an_essay_marked_in_formgrader_is_exported_survives_a_regrade_and_is_fed_back(
    graded, formgrader, page, isolation
):
    submitted, out = graded
    assert exported(out, "csv")[ESSAY.id] == ""
    assert exported(out, "moodle")["Grade"] == ""

    # As a teacher does it: from the list of chapters to the first hand-in, then points and a comment.
    page.goto(f"{formgrader}/formgrader/gradebook")
    for name in (CHAPTER, CHAPTER):
        page.get_by_role("link", name=name, exact=True).first.click()
    page.get_by_role("link", name="Submission #1").first.click()
    page.wait_for_url("**/submissions/*/**")
    page.wait_for_load_state("networkidle")  # until it has asked for the marks, it saves none
    assert "It tells old films from new ones." in page.content()
    assert "award(" not in page.content()
    score = page.locator(f"#{ESSAY.grade_id} .score, input#{ESSAY.grade_id}").first
    with page.expect_response(lambda answer: "/api/grade/" in answer.url and answer.request.method == "PUT") as saved:
        score.fill("1.5")
        score.press("Tab")
    assert saved.value.ok
    comment = page.locator(f"#{ESSAY.grade_id}-comment .comment, textarea#{ESSAY.grade_id}-comment").first
    with page.expect_response(lambda answer: "/api/comment/" in answer.url and answer.request.method == "PUT") as saved:
        comment.fill(COMMENT)
        comment.press("Tab")
    assert saved.value.ok

    others = exported(out, "csv")
    assert others[ESSAY.id] == "1.5"
    assert exported(out, "canvas")[ESSAY.id] == "1.5"
    assert "Your teacher" not in feedback(out)  # the page is older than the mark

    result = CliRunner().invoke(app, ["feedback", "--out", str(out)])
    assert result.exit_code == 0, result.output
    assert "Which &lt;b&gt;films&lt;/b&gt; did you look at?" in feedback(out)
    assert f"1.5 / {ESSAY.points:g}" in feedback(out)

    written_again = feedback(out)
    grade(CHAPTER, submitted, out, isolation=isolation, again=True)
    assert exported(out, "csv") == others
    assert feedback(out) == written_again
    with open_gradebook(out) as book:
        kept = book.find_grade(ESSAY.grade_id, CHAPTER, CHAPTER, STUDENT)
        assert (kept.manual_score, kept.auto_score, kept.needs_manual_grade) == (1.5, None, False)
    page.reload(wait_until="networkidle")
    page.wait_for_function(
        "id => document.querySelector(`#${id} .score, input#${id}`).value === '1.5'", arg=ESSAY.grade_id
    )


def test_text_of_a_hand_in_has_no_live_markup():
    text = r"<script>x</script> [a](javascript:x) [b](JavaScript\:x) [c](java&#115;cript:x) [d](java&colon;x) a < b"
    assert without_tags(text) == (
        r"< script>x< /script> [a](javascript :x) [b](JavaScript \:x) [c](java& #115;cript:x) [d](java& colon;x) a < b"
    )


@pytest.mark.parametrize(
    "essay", ["![i](http://x/b.png)", "![i][r]\n\n[r]: http://x/b.png", "![r]\n\n[r]: http://x/b.png"]
)
def test_pictures_in_an_essay_are_not_fetched_when_a_person_reads_it(essay):
    assert "<img" in markdown2html(essay)
    assert "<img" not in markdown2html(without_tags(essay))


def test_plain_text_with_exclamation_marks_stays_as_it_is():
    text = "Great! (Really!) It says n! / (n - k)! and a != b[0], x[!y] and **wow!** [a link](http://x) !"
    assert without_tags(text) == text
