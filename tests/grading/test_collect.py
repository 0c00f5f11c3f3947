"""Downloads of Moodle and Canvas, as their sources write them, become submitted/<student>/<chapter>/."""

import json
import os
import subprocess
import sys
import tempfile
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from handin_files import CHAPTER
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from grader import unpack
from grader.chapter import ROOT
from grader.cli import app
from grader.collect import collect, read_due
from grader.errors import CollectError
from grader.handins import find_handins
from grader.unpack import safe_parts

NOTEBOOK = f"{CHAPTER}.ipynb"


ODD = st.sampled_from("ab/\\. ~_0:\0ü\n-()%$=*?<>|1")


def body(text: str) -> bytes:
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [], "what": text}).encode()


def zipped(path: Path, entries: list[tuple[str, bytes | str, tuple]]) -> Path:
    """A zip of (name, content, (year, month, day, hour, minute, second)); names are taken as they are, twice too."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content, moment in entries:
            info = zipfile.ZipInfo("x", moment)
            info.filename = name
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, body(content) if isinstance(content, str) else content)
    return path


def at(day: int, hour: int = 12, minute: int = 0) -> tuple:
    return (2026, 11, day, hour, minute, 0)


def what(submitted: Path, student: str, chapter: str = CHAPTER) -> str:
    return json.loads((submitted / student / chapter / f"{chapter}.ipynb").read_text())["what"]


def tree(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.fixture
def submitted(tmp_path):
    return tmp_path / "submitted"


# --- Moodle --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("slash", ["/", ""])
def test_moodle_with_folders_and_without(tmp_path, submitted, slash):
    names = ["Anna Müller_1234567", "O'Neill-Smith, Bo_7", "李小龙_42"]
    entries = [(f"{name}_assignsubmission_file_{slash}{NOTEBOOK}", name, at(20)) for name in names]
    done = collect(CHAPTER, zipped(tmp_path / "m.zip", entries), submitted)
    assert done.platform == "moodle"
    assert sorted(done.taken) == sorted(names)
    assert [each.student for each in find_handins(submitted, CHAPTER)[0]] == sorted(names)
    assert all(what(submitted, name) == name for name in names)
    assert not done.not_understood


def test_the_folder_a_download_was_unpacked_to(tmp_path, submitted):
    folder = tmp_path / "download"
    path = folder / "Anna_1_assignsubmission_file_" / NOTEBOOK
    path.parent.mkdir(parents=True)
    path.write_bytes(body("a"))
    os.utime(path, (1_790_000_000, 1_790_000_000))
    (path.parent / "link.ipynb").symlink_to("/etc/passwd")
    done = collect(CHAPTER, folder, submitted)
    assert done.taken == ["Anna_1"]
    assert "link" in dict(done.not_understood)["Anna_1_assignsubmission_file_/link.ipynb"]
    stamp = (submitted / "Anna_1" / CHAPTER / "timestamp.txt").read_text()
    assert datetime.fromisoformat(stamp).replace(tzinfo=UTC).timestamp() == 1_790_000_000


def test_of_several_moodle_files_the_last_in_time_counts_and_the_others_are_kept(tmp_path, submitted):
    folder = "Anna_1_assignsubmission_file_/"
    entries = [
        (folder + "autoencoder.ipynb", "first", at(18)),
        (folder + "sub/Copy of autoencoder (1).ipynb", "last", at(20)),
        (folder + "autoencoder-final.ipynb", "second", at(19)),
        (folder + "softmax.ipynb", "another chapter", at(21)),
        (folder + "report.pdf", b"%PDF", at(21)),
    ]
    done = collect(CHAPTER, zipped(tmp_path / "m.zip", entries), submitted)
    assert what(submitted, "Anna_1") == "last"
    kept = {json.loads(path.read_text())["what"] for path in (submitted / ".earlier").rglob("*.ipynb")}
    assert kept == {"first", "second", "another chapter"}
    assert len(done.replaced) == 3
    assert [why for _, why in done.not_understood] == ["is no notebook (.pdf)"]
    assert [each.student for each in find_handins(submitted, CHAPTER)[0]] == ["Anna_1"]


def test_a_moodle_hand_in_is_late_after_the_due_date_in_the_platforms_time(tmp_path, submitted):
    entries = [
        (f"{name}_assignsubmission_file_/{NOTEBOOK}", name, at(20, 23, minute))
        for name, minute in (("Anna_1", 58), ("Ben_2", 59), ("Carla_3", 30))
    ]
    path = zipped(tmp_path / "m.zip", entries)
    due = read_due("2026-11-20 23:58:30", "Asia/Tokyo")
    done = collect(CHAPTER, path, submitted, due=due, timezone="Asia/Tokyo")
    assert [student for student, _ in done.late] == ["Ben_2"]
    assert (submitted / "Ben_2" / CHAPTER / "timestamp.txt").read_text() == "2026-11-20 14:59:00"


def test_exact_times_in_the_archive_are_preferred(tmp_path):
    info = zipfile.ZipInfo("x.ipynb", at(1))
    info.extra = b"\x55\x54\x05\x00\x01" + (1_790_000_000).to_bytes(4, "little")
    assert unpack.SafeExtractor()._time(info) == 1_790_000_000


def moodle(person: str, number: int, chapter: str) -> str:
    return f"{person}_{number}_assignsubmission_file_/{chapter}.ipynb"


def test_moodle_numbers_people_anew_in_each_assignment_and_they_stay_the_same_students(tmp_path, submitted):
    first = [(moodle("Anna", 1001, CHAPTER), "a", at(18)), (moodle("Ben", 1002, CHAPTER), "b", at(18))]
    second = [(moodle("Anna", 1057, "softmax"), "a2", at(20)), (moodle("Cleo", 1060, "softmax"), "c2", at(20))]
    collect(CHAPTER, zipped(tmp_path / "1.zip", first), submitted)
    for _ in range(2):  # once more changes nothing
        collect("softmax", zipped(tmp_path / "2.zip", second), submitted)
    handins, absent = find_handins(submitted, "softmax")
    assert [(each.student, each.platform_id) for each in handins] == [("Anna_1001", "1057"), ("Cleo_1060", "1060")]
    assert absent == ["Ben_1002"]
    assert [each.platform_id for each in find_handins(submitted, CHAPTER)[0]] == ["1001", "1002"]
    assert what(submitted, "Anna_1001", "softmax") == "a2"


def test_two_people_of_one_name_are_never_taken_for_one(tmp_path, submitted):
    first = [(moodle("Anna", 1001, CHAPTER), "a", at(18))]
    second = [(moodle("Anna", 1057, "softmax"), "a2", at(20)), (moodle("Anna", 1058, "softmax"), "other", at(20))]
    collect(CHAPTER, zipped(tmp_path / "1.zip", first), submitted)
    collect("softmax", zipped(tmp_path / "2.zip", second), submitted)
    assert [each.student for each in find_handins(submitted, "softmax")[0]] == ["Anna_1057", "Anna_1058"]
    later = [(moodle("Anna", 1099, "softmax"), "a third", at(21))]
    collect("softmax", zipped(tmp_path / "3.zip", later), submitted)
    assert what(submitted, "Anna_1099", "softmax") == "a third"
    assert what(submitted, "Anna_1057", "softmax") == "a2"


def test_canvas_numbers_are_the_persons_own(tmp_path, submitted):
    collect(CHAPTER, zipped(tmp_path / "1.zip", [(f"kimjo_7_100_{CHAPTER}.ipynb", "a", at(18))]), submitted)
    collect("softmax", zipped(tmp_path / "2.zip", [("kimjo_8_101_softmax.ipynb", "b", at(18))]), submitted)
    assert [each.student for each in find_handins(submitted, "softmax")[0]] == ["kimjo_8"]


def test_an_older_download_says_nothing_of_what_counts(tmp_path, submitted):
    old = zipped(tmp_path / "old.zip", [(moodle("Ben", 2, CHAPTER), "late", at(20, 23))])
    new = zipped(tmp_path / "new.zip", [(moodle("Ben", 2, CHAPTER), "later", at(21))])
    due = read_due("2026-11-20 12:00", "UTC")
    collect(CHAPTER, old, submitted, due=due, timezone="UTC")
    collect(CHAPTER, new, submitted, due=due, timezone="UTC")
    again = collect(CHAPTER, old, submitted, due=due, timezone="UTC")
    assert (again.late, again.replaced, again.unchanged) == ([], [], ["Ben_2"])


def test_a_due_date_without_a_time_is_the_end_of_the_day():
    assert read_due("2026-11-20", "UTC") == datetime(2026, 11, 20, 23, 59, 59, tzinfo=UTC)
    assert read_due("2026-11-20 00:00", "UTC") == datetime(2026, 11, 20, tzinfo=UTC)


def test_a_broken_zip_is_called_by_its_name(tmp_path, submitted):
    path = zipped(tmp_path / "broken.zip", [(moodle("Ben", 2, CHAPTER), "x", at(20))])
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(CollectError, match=r"broken\.zip is no zip"):
        collect(CHAPTER, path, submitted)


# --- Canvas --------------------------------------------------------------------------------------------------------


def test_canvas_attempts_lateness_and_odd_names(tmp_path, submitted):
    entries = [
        ("doejane_12345_678910_autoencoder.ipynb", "jane 0", at(21)),
        ("doejane_12345_678930_autoencoder-2.ipynb", "jane 2", at(21)),
        ("doejane_12345_678920_autoencoder-1.ipynb", "jane 1", at(21)),
        ("müllerjörg_LATE_77_678940_Kopie_von_autoencoder.ipynb", "jörg", at(21)),
        ("anon_Ab1c2_678950_autoencoder.ipynb", "anonymous", at(21)),
        ("LATE_anon_Xy9z8_678960_autoencoder.ipynb", "anonymous and late", at(21)),
        ("no_name_at_all.ipynb", "?", at(21)),
    ]
    path = zipped(tmp_path / "c.zip", entries)
    done = collect(CHAPTER, path, submitted, due=read_due("2026-11-20T23:59:00+00:00"))
    assert done.platform == "canvas"
    assert what(submitted, "doejane_12345") == "jane 2"
    assert what(submitted, "müllerjörg_77") == "jörg"
    assert what(submitted, "anon_Ab1c2") == "anonymous"
    assert {student for student, _ in done.late} == {"müllerjörg_77", "anon_Xy9z8"}
    assert [name for name, _ in done.not_understood] == ["no_name_at_all.ipynb"]
    assert len(done.replaced) == 2
    # Canvas does not say when: no invented time, but a late one is late for nbgrader.
    assert not (submitted / "doejane_12345" / CHAPTER / "timestamp.txt").exists()
    assert (submitted / "müllerjörg_77" / CHAPTER / "timestamp.txt").read_text() == "2026-11-20 23:59:01"


# --- Again and again -----------------------------------------------------------------------------------------------


def test_collecting_again_changes_nothing(tmp_path, submitted):
    folder = "Anna_1_assignsubmission_file_/"
    path = zipped(tmp_path / "m.zip", [(folder + NOTEBOOK, "a", at(18)), (folder + "autoencoder2.ipynb", "b", at(19))])
    collect(CHAPTER, path, submitted)
    before = tree(submitted)
    again = collect(CHAPTER, path, submitted)
    assert (again.taken, again.unchanged) == ([], ["Anna_1"])
    assert tree(submitted) == before


@pytest.mark.parametrize("platform", ["moodle", "canvas"])
def test_a_later_download_replaces_and_an_older_one_does_not(tmp_path, submitted, platform):
    def download(name: str, text: str, order: int, student: str = "Anna") -> Path:
        entry = {
            "moodle": f"{student}_1_assignsubmission_file_/{NOTEBOOK}",
            "canvas": f"{student}_1_{order}_{NOTEBOOK}",
        }[platform]
        return zipped(tmp_path / name, [(entry, text, at(order))])

    collect(CHAPTER, download("1.zip", "first", 10), submitted)
    collect(CHAPTER, download("2.zip", "second", 20), submitted)
    assert what(submitted, "Anna_1") == "second"
    done = collect(CHAPTER, download("1.zip", "first", 10), submitted)
    assert what(submitted, "Anna_1") == "second"
    assert done.taken == []
    # A new name with the same number is the same student.
    collect(CHAPTER, download("3.zip", "third", 25, "Anna Maria"), submitted)
    assert what(submitted, "Anna_1") == "third"
    assert not (submitted / "Anna Maria_1").exists()
    kept = {json.loads(path.read_text())["what"] for path in (submitted / ".earlier").rglob("*.ipynb")}
    assert kept == {"first", "second"}


def test_other_chapters_and_files_of_a_student_stay(tmp_path, submitted):
    other = submitted / "Anna_1" / "softmax" / "softmax.ipynb"
    extra = submitted / "Anna_1" / CHAPTER / "notes.txt"
    for path in (other, extra):
        path.parent.mkdir(parents=True)
        path.write_text("keep")
    collect(CHAPTER, zipped(tmp_path / "m.zip", [(f"Anna_1_assignsubmission_file_/{NOTEBOOK}", "a", at(1))]), submitted)
    assert (other.read_text(), extra.read_text(), what(submitted, "Anna_1")) == ("keep", "keep", "a")


# --- Hostile archives ----------------------------------------------------------------------------------------------


def test_paths_that_lead_out_stay_inside_and_are_said(tmp_path, submitted):
    entries = [
        (f"../../Eve_1_assignsubmission_file_/{NOTEBOOK}", "eve", at(1)),
        (f"/etc/Mallory_2_assignsubmission_file_/{NOTEBOOK}", "mallory", at(1)),
        (f"..\\..\\Bob_3_assignsubmission_file_\\{NOTEBOOK}", "bob", at(1)),
        (f"Eve_1_assignsubmission_file_/../Victim_4_assignsubmission_file_/{NOTEBOOK}", "forged", at(2)),
        (f"Eve_1_assignsubmission_file_/x_4_assignsubmission_file_{NOTEBOOK}", "forged", at(3)),
        (f".._5_assignsubmission_file_/{NOTEBOOK}", "dots", at(1)),
        (f"..; rm -rf $HOME_6_assignsubmission_file_/{NOTEBOOK}", "shell", at(1)),
    ]
    outside = tree(tmp_path)
    path = zipped(tmp_path / "m.zip", entries)
    done = collect(CHAPTER, path, submitted)
    students = {each.student for each in find_handins(submitted, CHAPTER)[0]}
    assert students == {"Eve_1", "Mallory_2", "Bob_3", "5", "rm -rf _HOME_6"}
    assert len(done.notes) == 4
    changed = {name for name in tree(tmp_path) if name not in outside and not name.startswith("submitted/")}
    assert changed == {"m.zip"}
    assert not (tmp_path.parent / "Eve_1_assignsubmission_file_").exists()


@pytest.mark.parametrize("name", ["..", "../..", "/", "a/../../b", "C:\\x", "\0", "~/x", ".", "a//b", "..\\x"])
def test_safe_parts_only_lead_down(name):
    parts = safe_parts(name)
    assert not {"..", ".", "", "~"} & set(parts)
    assert not any("/" in part or "\\" in part for part in parts)


@pytest.mark.filterwarnings("ignore:Duplicate name")
@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.text(st.sampled_from("ab/\\. ~_0:\0ü\n-()%$=*?<>|1"), min_size=1, max_size=40), min_size=1, max_size=5)
)
def test_no_name_leads_out_or_stops_the_rest(names):
    with tempfile.TemporaryDirectory() as folder:
        tmp_path = Path(folder)
        entries = [(f"{name}.ipynb", name, at(1)) for name in names]
        entries += [(f"{name}_{i}_assignsubmission_file_/{NOTEBOOK}", name, at(1)) for i, name in enumerate(names)]
        entries.append((f"Anna_77_assignsubmission_file_/{NOTEBOOK}", "anna", at(1)))
        path = zipped(tmp_path / "m.zip", entries)
        collect(CHAPTER, path, tmp_path / "a" / "submitted")
        assert what(tmp_path / "a" / "submitted", "Anna_77") == "anna"
        assert {path.name for path in tmp_path.iterdir()} == {"m.zip", "a"}
        assert {path.name for path in (tmp_path / "a").iterdir()} == {"submitted"}
        for path in (tmp_path / "a" / "submitted").glob("[!.]*"):
            assert list(path.rglob("*.ipynb")) == [path / CHAPTER / NOTEBOOK]


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_names_twice_hidden_files_and_case(tmp_path, submitted):
    entries = [
        (f"Anna_1_assignsubmission_file_/{NOTEBOOK}", "one", at(1)),
        (f"Anna_1_assignsubmission_file_/{NOTEBOOK}", "two", at(2)),
        ("Ben_2_assignsubmission_file_/AUTOENCODER.IPYNB", "ben", at(2)),
        (f"__MACOSX/Anna_1_assignsubmission_file_/._{NOTEBOOK}", b"\0\1", at(3)),
        (f"{'x' * 240}_3_assignsubmission_file_/{NOTEBOOK}", "long", at(2)),
    ]
    done = collect(CHAPTER, zipped(tmp_path / "m.zip", entries), submitted)
    assert (what(submitted, "Anna_1"), what(submitted, "Ben_2")) == ("two", "ben")
    assert all(len(each.student) <= 128 for each in find_handins(submitted, CHAPTER)[0])  # nbgrader's column
    assert not any("MACOSX" in name for name, _ in done.not_understood)


def test_a_zip_that_a_student_handed_in_is_opened_once(tmp_path, submitted):
    inner = zipped(tmp_path / "inner.zip", [("work/autoencoder.ipynb", "in a zip", (2001, 1, 1, 0, 0, 0))]).read_bytes()
    twice = zipped(tmp_path / "twice.zip", [("inner.zip", inner, at(1))]).read_bytes()
    entries = [
        ("Anna_1_assignsubmission_file_/handin.zip", inner, at(20)),
        ("Ben_2_assignsubmission_file_/handin.zip", twice, at(20)),
        ("Cem_3_assignsubmission_file_/handin.zip", b"PK no zip", at(20)),
        ("Dora_4_assignsubmission_file_handin.zip", inner, at(20)),
    ]
    done = collect(CHAPTER, zipped(tmp_path / "m.zip", entries), submitted, timezone="UTC")
    assert (what(submitted, "Anna_1"), what(submitted, "Dora_4")) == ("in a zip", "in a zip")
    assert (
        submitted / "Anna_1" / CHAPTER / "timestamp.txt"
    ).read_text() == "2026-11-20 12:00:00"  # not the student's word
    reasons = dict(done.not_understood)
    assert "zip inside a zip" in reasons["Ben_2_assignsubmission_file_/handin.zip/inner.zip"]
    assert "no zip" in reasons["Cem_3_assignsubmission_file_/handin.zip"]


def test_bombs_cost_one_student_only(tmp_path, submitted):
    zeros = b"0" * (8 << 20)
    inner = zipped(tmp_path / "inner.zip", [("autoencoder.ipynb", zeros, at(1))]).read_bytes()
    entries = [
        (f"Eve_1_assignsubmission_file_/{NOTEBOOK}", zeros, at(1)),
        ("Mallory_2_assignsubmission_file_/x.zip", inner, at(1)),
        (f"Anna_3_assignsubmission_file_/{NOTEBOOK}", "fine", at(1)),
    ]
    path = zipped(tmp_path / "m.zip", entries)
    assert path.stat().st_size < 100_000
    done = collect(CHAPTER, path, submitted, limits={"max_file": 1 << 20, "max_handed_in_zip": 4 << 20})
    assert done.taken == ["Anna_3"]
    assert sorted(why for _, why in done.not_understood) == ["is larger than 1 MB", "unpacks to more than 4 MB"]


def hostile_zip(path: Path, kind: str) -> bytes:
    moment = at(1)
    entries = {
        "many files": [(f"{i}.txt", b"", moment) for i in range(50)],
        "many notebooks": [(f"{i}/autoencoder.ipynb ", str(i), moment) for i in range(20)],
        "large": [(f"{i}.ipynb", b"0" * (1 << 20), moment) for i in range(9)],
        "large, packed": [("data.csv", os.urandom(3 << 20), moment)],
        "deep": [("a/" * 3_000 + NOTEBOOK, "deep", moment)],
        "a file for a folder": [("x.ipynb" + "/x.ipynb" * i, "x", moment) for i in range(4)],
        "no such letters": [("ü.ipynb", "ü", moment)],
    }
    content = zipped(path, entries[kind]).read_bytes()
    return content.replace("ü".encode(), b"\xff\xff") if kind == "no such letters" else content


@pytest.mark.parametrize(
    ("kind", "why"),
    [
        ("many files", "more than 40 files"), ("many notebooks", "more than 10 notebooks"),
        ("large", "unpacks to more than 8 MB"), ("large, packed", "larger than 2 MB"), ("deep", "too long"),
        ("a file for a folder", "File exists"), ("no such letters", "no zip that can be read"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("unpacked", [False, True])
def test_a_zip_that_a_student_handed_in_never_stops_the_class(tmp_path, submitted, kind, why, unpacked):
    entries = [
        (moodle("Anna", 1, CHAPTER), "fine", at(1)),
        ("Eve_2_assignsubmission_file_/work.zip", hostile_zip(tmp_path / "inner.zip", kind), at(1)),
        (moodle("Zoe", 3, CHAPTER), "fine", at(1)),
    ]
    download = zipped(tmp_path / "m.zip", entries)
    if unpacked:
        with zipfile.ZipFile(download) as archive:
            archive.extractall(tmp_path / "download")
        download = tmp_path / "download"
    limits = {
        "max_file": 2 << 20, "max_handed_in_zip": 8 << 20, "max_handed_in_entries": 40, "max_handed_in_notebooks": 10,
        "max_entries": 45,
    }  # fmt: skip
    done = collect(CHAPTER, download, submitted, limits=limits)
    assert {"Anna_1", "Zoe_3"} <= set(done.taken) <= {"Anna_1", "Eve_2", "Zoe_3"}
    assert any("work.zip" in name and why in reason for name, reason in done.not_understood), done.not_understood


def test_zips_of_students_that_are_too_large_together_are_left_out_one_by_one(tmp_path, submitted):
    inner = zipped(tmp_path / "inner.zip", [(NOTEBOOK, b"0" * 3_000, at(1))]).read_bytes()
    entries = [(f"{name}_{i}_assignsubmission_file_/work.zip", inner, at(1)) for i, name in enumerate(("Eve", "Fay"))]
    entries.append((moodle("Zoe", 9, CHAPTER), "x" * 2_000, at(1)))
    done = collect(CHAPTER, zipped(tmp_path / "m.zip", entries), submitted, limits={"max_total": 5_000})
    assert done.taken == ["Eve_0", "Zoe_9"]
    assert done.not_understood == [
        ("Fay_1_assignsubmission_file_/work.zip", "does not fit beside the other zips that were handed in")
    ]


def test_an_archive_larger_than_any_class_is_refused_and_leaves_nothing(tmp_path, submitted):
    entries = [(f"S_{i}_assignsubmission_file_/{NOTEBOOK}", "x" * 500, at(1)) for i in range(9)]
    with pytest.raises(CollectError, match="larger than"):
        collect(CHAPTER, zipped(tmp_path / "m.zip", entries), submitted, limits={"max_total": 1 << 10})
    assert list(submitted.iterdir()) == []


def test_a_damaged_entry_costs_that_entry(tmp_path, submitted):
    path = zipped(
        tmp_path / "m.zip",
        [
            (f"Anna_1_assignsubmission_file_/{NOTEBOOK}", "x" * 2000, at(1)),
            (f"Ben_2_assignsubmission_file_/{NOTEBOOK}", "b", at(1)),
        ],
    )
    content = bytearray(path.read_bytes())
    content[90:110] = b"\xff" * 20
    path.write_bytes(content)
    done = collect(CHAPTER, path, submitted)
    assert done.taken == ["Ben_2"]
    assert "damaged" in done.not_understood[0][1]


@pytest.mark.parametrize(
    ("content", "says"),
    [(b"", "no zip"), (b"PK\3\4 and no more", "no zip"), (None, "no \\S*gone")],
)
def test_what_is_no_archive_is_an_error(tmp_path, submitted, content, says):
    path = tmp_path / "gone.zip"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(CollectError, match=says):
        collect(CHAPTER, path, submitted)


def test_a_download_of_no_platform_is_an_error(tmp_path, submitted):
    with pytest.raises(CollectError, match="Moodle"):
        collect(CHAPTER, zipped(tmp_path / "m.zip", [("autoencoder.ipynb", "x", at(1))]), submitted)


# --- nbgrader's command and ours -----------------------------------------------------------------------------------


def test_nbgraders_own_command_takes_the_plugins(tmp_path):
    folder = tmp_path / "downloaded" / CHAPTER / "archive"
    folder.mkdir(parents=True)
    zipped(folder / "m.zip", [(f"Anna_1_assignsubmission_file_/{NOTEBOOK}", "a", at(1))])
    command = [
        sys.executable, "-m", "nbgrader", "zip_collect", CHAPTER, "--extractor=grader.unpack.SafeExtractor",
        "--collector=grader.collect.MoodleCollector", f"--CourseDirectory.root={tmp_path}",
    ]  # fmt: skip
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert what(tmp_path / "submitted", "Anna_1") == "a"


def test_the_command_prints_a_table_and_ends_well(tmp_path, submitted):
    path = zipped(
        tmp_path / "m.zip",
        [
            (f"Anna [b]_1_assignsubmission_file_/{NOTEBOOK}", "a", at(21)),
            ("Anna [b]_1_assignsubmission_file_/old autoencoder.ipynb", "0", at(1)),
            ("Anna [b]_1_assignsubmission_file_/x.pdf", b"0", at(1)),
        ],
    )
    result = CliRunner().invoke(
        app, ["collect", CHAPTER, str(path), "--out", str(submitted), "--due", "2026-11-20"], env={"COLUMNS": "200"}
    )
    assert result.exit_code == 0, result.output
    for words in ("collected", "late", "replaced", "not understood", "x.pdf", "old autoencoder.ipynb"):
        assert words in result.output
    assert (submitted / "Anna _b__1").is_dir()


@pytest.mark.parametrize(
    "arguments",
    [["nothing", "x.zip"], [CHAPTER, "no_such.zip"], [CHAPTER, "README.md"], [CHAPTER, ".", "--due", "soon"],
     [CHAPTER, ".", "--from", "blackboard"], [CHAPTER, "tests", "--timezone", "Mars/Olympus"]],
)  # fmt: skip
def test_bad_input_is_said(tmp_path, arguments, monkeypatch):
    monkeypatch.chdir(ROOT)
    result = CliRunner().invoke(app, ["collect", *arguments, "--out", str(tmp_path / "submitted")])
    assert result.exit_code == 2, result.output
    assert "error:" in result.stderr
