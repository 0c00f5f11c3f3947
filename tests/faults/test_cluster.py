"""The same class on a Dask cluster: the same marks, also when one of its workers is lost."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time

import pytest
from calm_class import CHAPTER, SECRET, marks

from grader.chapter import ROOT
from grader.errors import NoScheduler
from grader.grading import grade

distributed = pytest.importorskip("distributed")
pytestmark = pytest.mark.slow


@pytest.fixture
def cluster(tmp_path):
    """A scheduler and two workers, as processes of their own: their addresses and pids."""
    environment = os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'src'}", "DASK_LOGGING__DISTRIBUTED": "error"}
    scheduler = [sys.executable, "-m", "distributed.cli.dask_scheduler", "--port", "0", "--no-dashboard",
                 "--scheduler-file", str(tmp_path / "scheduler.json")]  # fmt: skip
    worker = [sys.executable, "-m", "distributed.cli.dask_worker", "--scheduler-file", str(tmp_path / "scheduler.json"),
              "--nthreads", "1", "--no-nanny", "--no-dashboard", "--local-directory", str(tmp_path)]  # fmt: skip
    started = [subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
               for command in (scheduler, worker, worker)]  # fmt: skip
    try:
        with distributed.Client(scheduler_file=str(tmp_path / "scheduler.json"), timeout=60) as client:
            client.wait_for_workers(2, timeout=60)
            address = client.scheduler.address
        yield address, started[1:]
    finally:
        for process in started:
            process.kill()
            process.wait()


def test_a_worker_of_the_cluster_is_lost(calm, cluster, tmp_path):
    address, workers = cluster

    def lose_one():
        patience = time.monotonic() + 60
        while time.monotonic() < patience and not list((tmp_path / "out" / "records").glob("*/*.json")):
            time.sleep(0.05)
        workers[0].send_signal(signal.SIGKILL)

    thread = threading.Thread(target=lose_one)
    thread.start()
    grade(CHAPTER, calm.submitted, tmp_path / "out", secret=SECRET, isolation=calm.isolation, scheduler=address)
    thread.join()
    assert workers[0].wait(10) == -signal.SIGKILL
    assert marks(tmp_path / "out", calm.students) == calm.marks


def test_a_scheduler_that_does_not_answer_is_an_error(calm, tmp_path, monkeypatch):
    monkeypatch.setattr("grader.pools._DASK_SECONDS", 2)
    with pytest.raises(NoScheduler, match="No Dask scheduler answers"):
        grade(CHAPTER, calm.submitted, tmp_path, isolation=calm.isolation, scheduler="tcp://127.0.0.1:9")
