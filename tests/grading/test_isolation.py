"""The two walls: what student code can see and reach, and what it may use. Tried with real code behind real walls."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from grader import isolation
from grader.apart import Worker
from grader.chapter import ROOT
from grader.errors import NoIsolation
from grader.grading import grade
from grader.isolation import INSIDE, behind_wall, missing, scratch
from grader.limits import Limits
from grader.supervise import Code, respond_apart
from recbook.questions import find

needs_walls = pytest.mark.skipif(
    bool(missing()), reason="this machine cannot lock student code in: see `grader doctor`"
)
OVERLAP = find("autoencoder.overlap_at_k")
GOOD = """
def overlap_at_k(first, second, k):
    return len(set(first[:k]) & set(second[:k])) / k
"""
LIMITS = Limits(
    cell_seconds=8, grace_seconds=1, memory=1500 << 20, processes=24, file_size=4 << 20, disk=16 << 20, files=60,
    cpu_seconds=20, journal=8 << 20,
)  # fmt: skip


@pytest.fixture(scope="module")
def walled():
    with Worker("namespaces") as worker:
        yield worker


def run(worker, *cells, limits=LIMITS, questions=(OVERLAP,)):
    return respond_apart(Code(cells=list(enumerate(cells))), [(each, 1) for each in questions], limits, worker.start)


def printed(response, index=0):
    return "".join(output.get("text", "") for output in response.cells[index].outputs)


def seen(worker, expression, setup=""):
    """What an expression is worth behind the walls."""
    source = f"{setup}\nimport json, os, sys, socket\nprint(json.dumps({expression}))"
    response = run(worker, source, limits=replace(LIMITS, cell_seconds=60))
    assert response.cells[0].error is None, response.cells[0].error
    return json.loads(printed(response))


@needs_walls
@pytest.mark.parametrize(
    "path", ["grader", "solutions", "notebooks", "tests", "benchmarks", "book", ".git", "src/recbook/../../solutions"]
)
def test_the_course_cannot_be_seen(walled, path):
    assert (ROOT / path).exists()
    assert seen(walled, f"os.path.exists({str(ROOT / path)!r})") is False


@needs_walls
def test_other_places_cannot_be_seen(walled, tmp_path):
    secret = tmp_path / "secret-seed.txt"
    secret.write_text("secret")
    places = [str(secret), str(Path.home() / ".bashrc"), "/etc/passwd", "/etc/shadow", "/var", "/mnt", "/srv", "/boot"]
    assert seen(walled, f"[p for p in {places} if os.path.exists(p)]") == []


@needs_walls
def test_only_its_own_folder_can_be_written_to(walled):
    setup = """
import os
def writable(top):
    for folder, folders, files in os.walk(top):
        if folder.startswith(("/proc", "/sys")):
            folders.clear()
            continue
        if os.access(folder, os.W_OK):
            yield folder
            folders.clear()
        yield from (f for f in (os.path.join(folder, name) for name in files) if not os.path.islink(f)
                    and os.access(f, os.W_OK) and not f.startswith("/dev/"))
"""
    assert set(seen(walled, "sorted(writable('/'))", setup)) == {scratch(), "/dev/shm"}


@needs_walls
def test_nothing_is_left_for_the_next_hand_in(walled):
    left = seen(walled, f"[open(p + '/left', 'w').close() for p in ({scratch()!r}, '/dev/shm')]")
    assert left == [None, None]
    assert seen(walled, f"[os.path.exists(p + '/left') for p in ({scratch()!r}, '/dev/shm')]") == [False, False]


@needs_walls
def test_it_sees_its_own_processes_only(walled):
    pids = seen(walled, "[int(name) for name in os.listdir('/proc') if name.isdigit()]")
    assert pids == [1, 2]
    assert seen(walled, "[os.getpid(), os.getppid(), socket.gethostname()]") == [2, 1, "handin"]


@needs_walls
def test_there_is_no_network(walled):
    setup = """
import socket
def tried(family, kind, address):
    try:
        with socket.socket(family, kind) as s:
            s.settimeout(2)
            s.sendto(b"x", address) if kind == socket.SOCK_DGRAM else s.connect(address)
        return "sent"
    except OSError as error:
        return "refused"
"""
    attempts = "[tried(2, 1, ('1.1.1.1', 80)), tried(2, 2, ('1.1.1.1', 53)), tried(2, 1, ('127.0.0.1', 22))]"
    assert seen(walled, attempts, setup) == ["refused"] * 3
    assert seen(walled, "[name for _, name in socket.if_nameindex()]") == ["lo"]


@needs_walls
def test_it_has_no_rights_and_gets_none(walled):
    status = dict(line.split(":\t") for line in seen(walled, "open('/proc/self/status').read()").splitlines())
    for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
        assert int(status[name], 16) == 0, name
    assert status["NoNewPrivs"].strip() == "1"
    assert 0 not in map(int, status["Uid"].split())
    setup = """
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
calls = [libc.unshare(0x10000000), libc.mount(b"none", b"/dev/shm", b"tmpfs", 0, None), libc.chroot(b"/tmp"),
         libc.sethostname(b"x", 1), libc.setuid(0)]
"""
    assert seen(walled, "calls", setup) == [-1] * 5


@needs_walls
def test_its_environment_tells_nothing(walled):
    text = " ".join(seen(walled, "[*os.environ.keys(), *os.environ.values(), *sys.argv]"))
    assert str(ROOT) not in text.replace(str(ROOT / ".venv"), "")
    assert "grad" not in text.lower()


@needs_walls
@pytest.mark.parametrize(
    ("source", "word"),
    [
        ("hoard = []\nwhile True: hoard.append(bytearray(50 << 20))", "MemoryError"),
        ("import os, time\nfor _ in range(20):\n    if not os.fork():\n        hoard = b'x' * (150 << 20)\n"
         "        time.sleep(60)\ntime.sleep(60)", "GB of memory"),
        ("import os\nwhile True: os.fork()", "BlockingIOError"),
        ("open('big', 'wb').write(b'x' * (5 << 20))", "OSError"),
        ("for i in range(10):\n    with open(str(i), 'wb') as f: f.write(b'x' * (3 << 20))", "OSError"),
        ("for i in range(1000): open(str(i), 'w').close()", "OSError"),
        ("files = [open('/dev/null') for _ in range(1000)]", "OSError"),
        ("import os\nfor _ in range(8):\n    if not os.fork():\n        while 1: pass\nwhile 1: pass", "OutOfTime"),
        ("while True: print('x' * 100_000)", "OutOfTime"),
    ],
    ids=["memory", "memory of many", "fork bomb", "file", "disk", "files", "open files", "cpu", "output"],
)  # fmt: skip
def test_limits_cost_the_cell_and_are_named(walled, source, word):
    response = run(walled, source, GOOD, "6 * 7")
    error = response.cells[0].error
    assert word in f"{error['type']}: {error['message']}", error
    assert response.cells[2].error is None
    assert response.asked[OVERLAP.id].answer.missing == ()


@needs_walls
def test_cpu_time_of_all_processes_together_is_limited(walled):
    source = "import os, time\nfor _ in range(8):\n    if not os.fork():\n        while True: pass\ntime.sleep(60)"
    limits = Limits(cell_seconds=50, cpu_seconds=3)
    response = run(walled, source, GOOD, limits=limits)
    assert "3 s of CPU time" in response.cells[0].error["message"]


@needs_walls
def test_a_question_that_takes_too_much_memory_costs_itself_only(walled):
    hungry = "def sizes(ratings, features):\n    return bytearray(400 << 20)\n"
    limits = Limits(question_memory=200 << 20)
    response = run(walled, hungry, GOOD, limits=limits, questions=(find("autoencoder.sizes"), OVERLAP))
    assert response.asked["autoencoder.sizes"].answer.raised.type_name == "MemoryError"
    assert response.asked[OVERLAP.id].answer.raised is None
    assert response.starts == 1


@needs_walls
def test_what_escapes_its_session_is_ended_too(walled):
    source = (
        "import os, sys\n"
        "if not os.fork():\n    os.setsid()\n    if not os.fork():\n"
        "        os.execv(sys.executable, [sys.executable, '-c', 'import time; time.sleep(98765)'])\n    os._exit(0)\n"
    )
    run(walled, source + GOOD)
    running = [Path("/proc", pid, "cmdline") for pid in os.listdir("/proc") if pid.isdigit()]
    assert not [path for path in running if path.exists() and b"time.sleep(98765)" in path.read_bytes()]


@needs_walls
def test_every_hand_in_starts_from_the_same_state(walled):
    source = "import random, numpy, torch\nprint(random.random(), numpy.random.rand(), torch.rand(1), hash('x'))"
    first = printed(run(walled, source))
    with Worker("namespaces") as other:
        assert first == printed(run(walled, source + "\nrandom.seed(5)")) == printed(run(other, source))


@needs_walls
def test_a_worker_that_is_killed_is_replaced(walled):
    run(walled, GOOD)
    walled._process.kill()
    walled._process.wait()
    response = run(walled, GOOD)
    assert response.asked[OVERLAP.id].answer.missing == ()


@needs_walls
def test_a_worker_that_is_killed_between_two_messages_is_replaced(walled, monkeypatch):
    run(walled, GOOD)
    first, tell = walled._process, walled.tell

    def tell_and_kill(message, files=()):
        told = tell(message, files)
        if message == {"do": "nothing"} and walled._process is first:
            first.kill()
            while tell({"do": "nothing"}):
                time.sleep(0.01)
        return told

    monkeypatch.setattr(walled, "tell", tell_and_kill)
    response = run(walled, GOOD)
    assert walled._process is not first
    assert response.asked[OVERLAP.id].answer.missing == ()


@needs_walls
def test_a_twin_is_warm_at_once_and_apart(walled):
    run(walled, GOOD)
    with Worker("namespaces") as twin, ThreadPoolExecutor(2) as threads:
        began = time.monotonic()
        twin.launch(walled)
        assert time.monotonic() - began < 1
        busy = "import time\nend = time.process_time() + 2\nwhile time.process_time() < end: pass"
        slow, fast = threads.submit(run, walled, busy), threads.submit(run, twin, "import time\ntime.sleep(2)")
        assert slow.result().cpu_seconds > 2 > 1 > fast.result().cpu_seconds
        walled._process.kill()  # with it ends what was copied from it: both are replaced
        walled._process.wait()
        assert printed(run(twin, "print(1)")) == printed(run(walled, "print(1)")) == "1\n"


@needs_walls
@pytest.mark.skipif(os.geteuid() != 0, reason="already an ordinary user")
def test_an_ordinary_user_can_build_the_walls():
    """As nobody, behind a first wall that shows the course: the walls are built within it."""
    code = (
        "from grader.apart import Worker; from grader.limits import Limits; import os, sys; "
        "from grader.supervise import Code, respond_apart; assert os.geteuid() != 0\n"
        "with Worker('namespaces', ()) as worker:\n"
        "    cells = [(0, 'import os\\nprint(os.path.exists(' + repr(sys.argv[1]) + '), os.getpid())')]\n"
        "    print(respond_apart(Code(cells=cells), [], Limits(), worker.start).cells[0].outputs[0]['text'])"
    )
    command = [sys.executable, "-s", "-c", code, str(ROOT / "solutions")]
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": f"{ROOT}:{ROOT / 'src'}", "HOME": scratch(),
                   "TMPDIR": scratch(), "OMP_NUM_THREADS": "1", "MPLCONFIGDIR": scratch()}  # fmt: skip
    done = subprocess.run(
        behind_wall(command, [(ROOT, str(ROOT))]), env=environment, capture_output=True, text=True, timeout=200
    )
    assert done.stdout.split() == ["False", "2"], done.stderr[-2000:]


# --- Where it is not possible ----------------------------------------------------------------------------------------


@pytest.fixture
def without_bubblewrap(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    isolation.missing.cache_clear()
    yield
    isolation.missing.cache_clear()


def test_what_is_missing_is_named_with_its_remedy(without_bubblewrap):
    with pytest.raises(NoIsolation, match=r"bubblewrap: install it: apt install bubblewrap(.|\n)*--isolation=none"):
        Worker("namespaces")


@needs_walls
def test_nothing_private_may_lie_where_student_code_can_see_it(monkeypatch, tmp_path):
    packages = isolation.needed()[0]
    assert isolation.exposed(packages / "src" / "course") == packages
    assert isolation.exposed(Path("/usr/src/course")) == Path("/usr")
    assert isolation.exposed(tmp_path) is None
    link = tmp_path / "results"
    link.symlink_to(packages)
    assert isolation.exposed(link) == packages
    with pytest.raises(NoIsolation, match="could read"):
        grade("autorec", tmp_path, packages / "results")
    assert not (packages / "results").exists()
    monkeypatch.setattr(isolation, "_PRIVATE", packages / "src" / "course" / "grader")
    assert "student code cannot read" in isolation.missing.__wrapped__()[0].what


def test_the_doctor_says_so(without_bubblewrap, tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "grader", "doctor"], cwd=ROOT, capture_output=True, text=True,
        env=os.environ | {"PATH": str(tmp_path)},
    )  # fmt: skip
    assert done.returncode == 1
    assert "apt install bubblewrap" in done.stdout


def test_without_isolation_it_runs_when_told_to(without_bubblewrap):
    with Worker("none") as worker:
        response = run(worker, GOOD)
    assert response.asked[OVERLAP.id].answer.missing == ()


def test_the_wall_hides_what_lies_beside_the_package():
    words = behind_wall(["true"])
    shown = [words[i + 2] for i, word in enumerate(words) if word.startswith("--ro-bind")]
    assert str(ROOT) not in shown
    assert not [
        path for path in shown if Path(path).is_relative_to(ROOT) and "recbook" not in path and ".venv" not in path
    ]
    assert INSIDE.startswith("/run/")
