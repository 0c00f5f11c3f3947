"""Shared by the tests of recbook.data: the real files where they are, a cache of our own, a small web server."""

import contextlib
import functools
import http.server
import os
import socket
import threading
from pathlib import Path

import pytest

from recbook import data

ROOT = Path(__file__).parents[2]


def _real(name: str) -> Path | None:
    named = os.environ.get("RECBOOK_DATA")
    for folder in (Path(named or "/nowhere"), ROOT.parent / "shared" / "data"):
        for candidate in (folder, folder / name):
            if candidate.name == name and candidate.is_dir():
                return candidate
    return None


REAL_100K, REAL_LATEST_SMALL = _real("ml-100k"), _real("ml-latest-small")


@pytest.fixture(scope="session")
def real_100k() -> Path:
    if REAL_100K is None:
        pytest.skip("the real ML-100K is not here: set RECBOOK_DATA to a folder that holds ml-100k")
    return REAL_100K


@pytest.fixture(autouse=True)
def environment(monkeypatch, tmp_path):
    """No test sees the variables or the cache of whoever runs it, and none reaches a package index."""
    monkeypatch.delenv("RECBOOK_DATA", raising=False)
    monkeypatch.delenv("RECBOOK_DATASET", raising=False)
    monkeypatch.delenv("RECBOOK_OFFLINE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    for variable in ("PIP_FIND_LINKS", "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "HTTP_PROXY", "http_proxy"):
        monkeypatch.delenv(variable, raising=False)


@pytest.fixture(scope="session")
def sample():
    return data.load("sample")


@pytest.fixture
def folder_100k(sample, tmp_path) -> Path:
    """The sample, written in the format of ML-100K."""
    return data.write_ml_100k(sample, tmp_path / "written" / "ml-100k")


class _Handler(http.server.SimpleHTTPRequestHandler):
    """Serves files; "/short/x.zip" promises all of x.zip and breaks off half-way."""

    def do_GET(self):
        if not self.path.startswith("/short/"):
            return super().do_GET()
        body = Path(self.directory, self.path.rsplit("/", 1)[1]).read_bytes()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: len(body) // 2])
        self.close_connection = True
        return None

    def log_message(self, *args):
        pass


@pytest.fixture
def server(tmp_path):
    """A folder and the address it is served at."""
    folder = tmp_path / "served"
    folder.mkdir()
    running = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Handler, directory=str(folder)))
    thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield folder, f"http://127.0.0.1:{running.server_port}"
    running.shutdown()
    running.server_close()


@pytest.fixture
def dead_address() -> str:
    """An address of this machine where nobody listens."""
    with contextlib.closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}"
