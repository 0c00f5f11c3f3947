"""Where `load` looks, and what it says when it finds nothing. Downloads come from a server of our own."""

import hashlib
import os
import subprocess
import sys
import time
import warnings
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from recbook import data
from recbook.data import catalogue, fetch, loading
from recbook.data.catalogue import Archive

from .test_read import as_recbole
from .test_schema import same


@pytest.fixture
def archive(folder_100k, server, monkeypatch):
    """The sample as ml-100k.zip on our server, with the checksums to match, in place of GroupLens'."""
    folder, address = server
    path = folder / "ml-100k.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as z:
        for file in sorted(folder_100k.iterdir()):
            z.write(file, f"ml-100k/{file.name}")
        z.writestr("ml-100k/u2.base", "not ours")
    sha = {f.name: hashlib.sha256(f.read_bytes()).hexdigest() for f in folder_100k.iterdir()}
    return publish(monkeypatch, Archive(f"{address}/ml-100k.zip", f"md5:{md5(path)}", sha))


WHEEL_FILES = tuple(catalogue.ML_100K_WHEEL.files)


def md5(path):
    return hashlib.md5(Path(path).read_bytes()).hexdigest()


def publish(monkeypatch, archive, name="ml-100k"):
    monkeypatch.setitem(catalogue.DATASETS, name, replace(catalogue.DATASETS[name], archive=archive))
    return archive


def leftovers() -> list[str]:
    cache = fetch.cache_folder()
    return sorted(p.name for p in cache.iterdir()) if cache.exists() else []


def silent(line):
    pass


# --- what is asked for


@pytest.mark.parametrize(
    ("name", "hint"),
    [("ml100k", 'did you mean "ml-100k"'), ("ML_1M", 'did you mean "ml-1m"'), ("", "ml-latest-small"), (3, "sample")],
)
def test_unknown_name(name, hint):
    with pytest.raises(data.UnknownDatasetError, match=hint) as caught:
        data.load(name)
    assert all(known in str(caught.value) for known in data.NAMES)


@pytest.mark.parametrize("name", data.NAMES)
def test_sample_for_everything(name, sample, monkeypatch, capsys):
    monkeypatch.setenv("RECBOOK_DATASET", "sample")
    d = data.load(name, None if name == "sample" else "/nowhere")
    same(d, sample)
    assert d.synthetic
    assert ("RECBOOK_DATASET=sample" in capsys.readouterr().err) == (name != "sample")


def test_sample_is_the_only_other_data_set(monkeypatch):
    monkeypatch.setenv("RECBOOK_DATASET", "ml-1m")
    with pytest.raises(data.DataError, match="the one value it can have is 'sample'"):
        data.load()


# --- a folder of the user's


@pytest.mark.parametrize("up", [False, True])
@pytest.mark.parametrize("by", ["directory", "variable"])
def test_named_folder_or_its_parent(sample, folder_100k, monkeypatch, up, by):
    folder = folder_100k.parent if up else folder_100k
    if by == "variable":
        monkeypatch.setenv("RECBOOK_DATA", str(folder))
    with pytest.warns(data.DataWarning, match="differs from what GroupLens published"):
        d = data.load("ml-100k", None if by == "variable" else str(folder))
    same(d, sample)
    assert d.source == f"directory {folder_100k}"


def test_real_folder_without_a_warning(real_100k):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        start = time.perf_counter()
        data.load("ml-100k", real_100k)
    assert time.perf_counter() - start < 2  # about 0.15 s on an idle core


@pytest.mark.parametrize("by", ["directory", "variable"])
def test_named_folder_is_never_replaced_in_silence(folder_100k, monkeypatch, by, archive):
    (folder_100k / "u.item").unlink()
    monkeypatch.setenv("RECBOOK_DATA", str(folder_100k)) if by == "variable" else None
    who = "RECBOOK_DATA" if by == "variable" else "`directory`"
    with pytest.raises(data.MissingDataError, match=rf"{who} names lacks u\.item of ml-100k") as caught:
        data.load("ml-100k", folder_100k if by == "directory" else None)
    assert str(folder_100k) in str(caught.value)
    assert leftovers() == []


def test_folder_that_is_not_there(tmp_path):
    with pytest.raises(data.MissingDataError, match=r"(?s)does not exist.*nowhere.*what to do"):
        data.load("ml-100k", tmp_path / "nowhere")
    (tmp_path / "file").write_text("x")
    with pytest.raises(data.MissingDataError, match="is not a folder"):
        data.load("ml-100k", tmp_path / "file")


def test_archive_not_yet_unpacked(tmp_path):
    (tmp_path / "ml-1m.zip").write_bytes(b"x")
    with pytest.raises(data.MissingDataError, match=r"unzip .*ml-1m\.zip"):
        data.load("ml-1m", tmp_path)


def test_variable_without_latest_small_leaves_the_bundled_one(folder_100k, monkeypatch):
    monkeypatch.setenv("RECBOOK_DATA", str(folder_100k.parent))
    assert "bundled" in data.load("ml-latest-small").source
    (folder_100k.parent / "ml-latest-small").mkdir()
    with pytest.raises(data.MissingDataError, match=r"lacks ratings\.csv, movies\.csv"):
        data.load("ml-latest-small")


# --- the download


def test_download_then_cache(sample, archive, server, capsys):
    d = data.load("ml-100k")
    same(d, sample)
    assert not d.synthetic
    said = capsys.readouterr().err
    assert "Downloading ml-100k" in said
    assert "100%" in said  # the progress bar
    assert leftovers() == ["ml-100k"]
    (server[0] / "ml-100k.zip").unlink()
    again = data.load("ml-100k")
    same(again, sample)
    assert "cached" in again.source
    assert capsys.readouterr().err == ""


def test_announce(archive, capsys):
    said = []
    data.load("ml-100k", announce=said.append)
    assert len(said) == 1
    assert capsys.readouterr().err == ""


def test_only_our_files_are_unpacked(archive):
    data.load("ml-100k", announce=silent)
    assert sorted(p.name for p in (fetch.cache_folder() / "ml-100k").iterdir()) == sorted(
        catalogue.DATASETS["ml-100k"].files
    )


def test_damaged_cache_is_fetched_anew(sample, archive):
    data.load("ml-100k", announce=silent)
    path = fetch.cache_folder() / "ml-100k" / "u.data"
    path.write_bytes(path.read_bytes()[:1000])
    same(data.load("ml-100k", announce=silent), sample)
    assert leftovers() == ["ml-100k"]


def refused(match):
    """What GroupLens' failure reads like; the package index is closed to these tests."""
    with pytest.raises(data.UnavailableError, match=match) as caught:
        data.load("ml-100k", fallback=False, announce=silent)
    assert "pip could not download it" in str(caught.value)
    assert leftovers() == []


def test_wrong_checksum(archive, monkeypatch):
    publish(monkeypatch, replace(archive, checksum="md5:" + "0" * 32))
    refused("its checksum is wrong")


def test_right_archive_wrong_file(archive, monkeypatch):
    publish(monkeypatch, replace(archive, sha256=archive.sha256 | {"u.item": "0" * 64}))
    refused("unexpected u.item")


def test_truncated_download(archive, monkeypatch):
    publish(monkeypatch, replace(archive, url=archive.url.replace("/ml-100k.zip", "/short/ml-100k.zip")))
    refused("broke off|checksum is wrong")


def test_truncated_archive(archive, server, monkeypatch):
    path = server[0] / "ml-100k.zip"
    path.write_bytes(path.read_bytes()[:-100])
    publish(monkeypatch, replace(archive, checksum=f"md5:{md5(path)}"))
    refused("archive is damaged")


def test_archive_without_a_file(archive, server, monkeypatch):
    path = server[0] / "ml-100k.zip"
    with zipfile.ZipFile(path, "w") as z:
        z.writestr("ml-100k/u.data", "")
    publish(monkeypatch, replace(archive, checksum=f"md5:{md5(path)}"))
    refused("holds no u.genre")


def test_archive_cannot_write_outside(archive, server, tmp_path):
    path = server[0] / "evil.zip"
    with zipfile.ZipFile(path, "w") as z:
        z.writestr("../../outside/u.data", "x")
    evil = Archive(archive.url.replace("ml-100k", "evil"), f"md5:{md5(path)}")
    target = fetch.fetch_archive(evil, ["u.data"], tmp_path / "deep" / "er" / "target", progress=False)
    assert [p.name for p in target.iterdir()] == ["u.data"]
    assert not (tmp_path / "outside").exists()


def test_not_found(archive, monkeypatch):
    publish(monkeypatch, replace(archive, url=archive.url.replace("ml-100k.zip", "gone.zip")))
    refused("answered 404")


def test_offline_is_found_out_fast_and_said_loudly(sample, archive, dead_address, monkeypatch):
    publish(monkeypatch, replace(archive, url=f"{dead_address}/ml-100k.zip"))
    start = time.perf_counter()
    for _ in range(2):  # a rerun cell is warned again
        with pytest.warns(data.SyntheticDataWarning, match="NOT MOVIELENS DATA") as caught:
            d = data.load("ml-100k", announce=silent)
    assert time.perf_counter() - start < 15
    same(d, sample)
    assert d.synthetic
    assert "in place of ml-100k" in d.source
    said = str(caught[0].message)
    assert "no connection" in said
    assert dead_address in said
    assert "recbole" in said
    assert caught[0].filename == __file__  # points at the caller's line
    assert leftovers() == []


def test_offline_by_choice_asks_nobody_but_the_cache(sample, archive, monkeypatch, capsys):
    monkeypatch.setenv("RECBOOK_OFFLINE", "1")
    with pytest.warns(data.SyntheticDataWarning, match="RECBOOK_OFFLINE"):
        assert data.load("ml-100k").synthetic
    assert capsys.readouterr().err == ""  # no download was begun
    assert not data.load("ml-latest-small").synthetic
    monkeypatch.delenv("RECBOOK_OFFLINE")
    data.load("ml-100k", announce=silent)
    monkeypatch.setenv("RECBOOK_OFFLINE", "1")
    same(data.load("ml-100k"), sample)  # from the cache


def test_warning_shows_each_time_under_the_default_filters():
    code = (
        "import warnings; from recbook.data import SyntheticDataWarning\n"
        "for _ in range(2): warnings.warn('loud', SyntheticDataWarning)"
    )
    for flags, times in (([], 2), (["-W", "ignore"], 0)):
        done = subprocess.run([sys.executable, *flags, "-c", code], capture_output=True, text=True, check=True)
        assert done.stderr.count("SyntheticDataWarning: loud") == times


def test_ml_1m_does_not_ask_for_the_package(archive, dead_address, monkeypatch):
    publish(monkeypatch, Archive(f"{dead_address}/ml-1m.zip", "md5:" + "0" * 32), "ml-1m")
    with pytest.raises(data.UnavailableError) as caught:
        data.load("ml-1m", fallback=False, announce=silent)
    assert "recbole" not in str(caught.value)


# --- the cache


def test_cache_that_is_a_file(archive, tmp_path, monkeypatch):
    (tmp_path / "taken").write_text("x")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "taken"))
    with pytest.raises(data.CacheError, match=r"(?s)cannot be written.*taken.*what to do"):
        fetch.fetch_archive(archive, ["u.data"], fetch.cache_folder() / "ml-100k", progress=False)
    with pytest.warns(data.SyntheticDataWarning, match="cache cannot be written"):
        data.load("ml-100k", announce=silent)


def test_cache_without_permission(archive, tmp_path):
    if os.geteuid() == 0:
        pytest.skip("root may write anywhere")
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o500)
    with pytest.raises(data.CacheError, match="Permission denied"):
        fetch.fetch_archive(archive, ["u.data"], locked / "recbook" / "ml-100k", progress=False)


def test_full_disk(archive, tmp_path):
    """No disk is filled: a limit on file size makes the system refuse to write, as it does on a full one."""
    code = f"""
import resource, signal
from pathlib import Path
from recbook.data import CacheError, fetch
from recbook.data.catalogue import Archive
import pooch, requests, requests.adapters
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
try:
    fetch.fetch_archive(Archive({archive.url!r}, {archive.checksum!r}), ["u.data"],
                        Path({str(tmp_path / "full" / "ml-100k")!r}), progress=False)
except CacheError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "The cache cannot be written: File too large" in done.stdout
    assert list((tmp_path / "full").iterdir()) == []


# --- the second source


@pytest.fixture
def package(sample, tmp_path, monkeypatch, archive, dead_address):
    """The sample in a wheel called recbole 1.2.1, found by pip in a folder; GroupLens is out of reach."""
    publish(monkeypatch, replace(archive, url=f"{dead_address}/ml-100k.zip"))
    files = as_recbole(sample, tmp_path / "recbole-files")
    folder = tmp_path / "index"
    folder.mkdir()
    path = folder / "recbole-1.2.1-py3-none-any.whl"
    info = "recbole-1.2.1.dist-info"
    with zipfile.ZipFile(path, "w") as z:
        for name in catalogue.ML_100K_WHEEL.files:
            z.write(files / name, f"{catalogue.ML_100K_WHEEL.folder}/{name}")
        z.writestr(f"elsewhere/{name}", "another of the same name")
        z.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: recbole\nVersion: 1.2.1\nRequires-Dist: nosuch\n")
        z.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        z.writestr(f"{info}/RECORD", "")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setattr("recbook.data.read.packed_u1_mask", lambda: sample.test_mask)
    return path


def test_second_source(sample, package, monkeypatch, tmp_path):
    sha = {name: hashlib.sha256((tmp_path / "recbole-files" / name).read_bytes()).hexdigest() for name in WHEEL_FILES}
    wheel = replace(catalogue.ML_100K_WHEEL, sha256=hashlib.sha256(package.read_bytes()).hexdigest(), files=sha)
    monkeypatch.setattr(catalogue, "ML_100K_WHEEL", wheel)
    said = []
    d = data.load("ml-100k", announce=said.append)
    assert (d.name, d.synthetic) == ("ml-100k", False)
    assert d.ratings.equals(sample.ratings)
    assert d.test.equals(sample.test)
    assert "recbole==1.2.1" in said[-1]
    assert leftovers() == ["ml-100k-from-recbole"]
    package.unlink()
    again = data.load("ml-100k", announce=said.append)
    same(again, d)
    assert len(said) == 2  # nothing was fetched


def test_another_package_of_that_name_is_refused(package):
    with pytest.raises(data.UnavailableError, match=r"(?s)pip could not download it.*"):
        data.load("ml-100k", fallback=False, announce=silent)
    assert leftovers() == []


def test_two_at_once(archive, sample):
    """Two processes fetch into one cache: both succeed, one whole copy stays."""
    code = f"""
from recbook.data import fetch
from recbook.data.catalogue import Archive
fetch.fetch_archive(Archive({archive.url!r}, {archive.checksum!r}), {catalogue.DATASETS["ml-100k"].files!r},
                    fetch.cache_folder() / "ml-100k", progress=False)
"""
    both = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(2)]
    assert [p.wait() for p in both] == [0, 0]
    assert leftovers() == ["ml-100k"]
    same(data.load("ml-100k", announce=silent), sample)


def test_find_folder_prefers_the_folder_itself(folder_100k):
    known = catalogue.DATASETS["ml-100k"]
    assert loading.find_folder(known, folder_100k, "directory") == folder_100k
