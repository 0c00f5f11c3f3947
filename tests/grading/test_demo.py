"""`make demo`: the class is graded, held against what is known of it, and the report is there."""

import io

import pytest
from rich.console import Console
from typer.testing import CliRunner

import grader.demo
from grader.cli import app
from grader.demo import compare, demo, table_of
from grader.errors import OutNotWritable
from grader.isolation import missing
from grader.results import Row
from grader.simulate import Simulated
from recbook.errors import UnknownExercise


def known(path, student="anna", what="[bold]odd[/]"):
    return Simulated(student, "mixed", what, path, right=frozenset({"t.a"}), wrong=frozenset({"t.b"}))


def rows(a, b, student="anna"):
    verdicts = {"t.a": a, "t.b": b, "t.essay": "manual"}
    return [Row(student, "t", id, None, 1.0, verdict, "Why.") for id, verdict in verdicts.items()]


def test_lost_and_unearned_points_are_told(tmp_path):
    by_id = {row.exercise: row for row in rows("wrong", "right")}
    first, second = compare(known(tmp_path), by_id)
    assert "t.a should be right, but: Why." in first
    assert "t.b should not be right" in second
    assert compare(known(tmp_path), {row.exercise: row for row in rows("right", "timeout")}) == []


def test_the_table_prints_names_as_they_are(tmp_path):
    text = io.StringIO()
    table = table_of([known(tmp_path, "[red]x")], rows("right", "wrong", "[red]x"))
    Console(file=text, width=100).print(table)
    assert "[red]x" in text.getvalue()
    assert "[bold]odd[/]" in text.getvalue()


def test_surprises_make_it_fail_and_no_screen_is_no_trouble(monkeypatch, tmp_path):
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    for surprises in ([], ["anna: t.a should be right"]):
        monkeypatch.setattr(grader.demo, "demo", lambda *_, found=surprises, **__: (tmp_path / "page.html", found))
        done = CliRunner().invoke(app, ["demo", "--handins", "2"])
        assert done.exit_code == len(surprises)
        assert "page.html" in done.output.replace("\n", "")


@pytest.fixture
def earlier(tmp_path):
    """The demo from before."""
    folder = tmp_path / "demo"
    for name in ("submitted", "results"):
        (folder / name).mkdir(parents=True)
    (folder / ".made-by-demo").touch()
    (folder / "results" / "gradebook.db").write_text("marks")
    return folder


def refused(chapter, folder, error):
    with pytest.raises(error) as caught:
        demo(chapter, 2, 1, folder=folder, isolation="none", console=Console(file=io.StringIO()))
    return str(caught.value)


def test_a_typo_costs_nothing(earlier):
    assert "Did you mean 'autoencoder'" in refused("autoencodr", earlier, UnknownExercise)
    assert (earlier / "results" / "gradebook.db").read_text() == "marks"


def test_what_no_demo_made_is_left_alone(earlier):
    (earlier / "results-2").mkdir()
    assert "results-2" in refused("autoencoder", earlier, OutNotWritable)
    (earlier / "results-2").rmdir()
    (earlier / ".made-by-demo").unlink()
    assert "move it away" in refused("autoencoder", earlier, OutNotWritable)
    assert (earlier / "results" / "gradebook.db").read_text() == "marks"
    link = earlier.with_name("link")
    link.symlink_to(earlier)
    assert "Move it away" in refused("autoencoder", link, OutNotWritable)
    (earlier.with_name("file")).write_text("mine")
    refused("autoencoder", earlier.with_name("file"), OutNotWritable)
    assert sorted(path.name for path in earlier.parent.iterdir()) == ["demo", "file", "link"]


@pytest.mark.slow
def test_a_small_class_comes_out_as_it_should(tmp_path, earlier):
    text = io.StringIO()
    isolation = "none" if missing() else "namespaces"
    path, surprises = demo(
        "autoencoder", 5, 1, folder=earlier, isolation=isolation, given_cells=False,
        console=Console(file=text, width=120),
    )  # fmt: skip
    assert surprises == []
    assert path.is_file()
    assert [each.name for each in tmp_path.iterdir()] == ["demo"]  # in the place of the one before
    assert {each.name for each in earlier.iterdir()} == {".made-by-demo", "submitted", "results"}
    assert (earlier / "results" / "gradebook.db").read_bytes().startswith(b"SQLite")
    assert "perfect: the reference in every exercise" in text.getvalue()
