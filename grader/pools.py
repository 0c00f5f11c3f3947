"""Where hand-ins run: warm workers on this machine, or the workers of a Dask cluster. Both take the same work."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from queue import SimpleQueue
from typing import Protocol

from grader.apart import Isolation, Worker
from grader.errors import ChildProblem, NoScheduler
from grader.limits import Limits
from grader.supervise import Code, Response, respond_apart
from recbook.questions import find

#: Exercise ids with the seeds of their cases.
Asks = Sequence[tuple[str, int]]
_DASK_SECONDS = 30
_DASK_RETRIES = 3


class Pool(Protocol):
    """Something that runs hand-ins, several at a time."""

    #: How many hand-ins run at the same time.
    size: int

    def submit(self, code: Code, asks: Asks, limits: Limits) -> Future[Response]:
        """Run `code` and ask it; the future may raise `ChildProblem`."""

    def close(self) -> None:
        """Stop whatever still runs."""


class LocalPool:
    """Warm workers on this machine, each behind a wall of its own."""

    def __init__(self, size: int, isolation: Isolation, libraries: Sequence[str]):
        """The workers start at once, beside whatever the caller does next. Raises `NoIsolation`."""
        self.size = size
        self._stop = threading.Event()
        self._workers: SimpleQueue[Worker] = SimpleQueue()
        self._threads = ThreadPoolExecutor(size, thread_name_prefix="handin")
        self._all = [Worker(isolation, libraries) for _ in range(size)]
        # Behind a wall each hand-in has a world of its own, so that one warm process can be the origin of all.
        together = [self._all] if isolation == "namespaces" else [[worker] for worker in self._all]
        for workers in together:
            self._threads.submit(self._launch, workers)

    def submit(self, code: Code, asks: Asks, limits: Limits) -> Future[Response]:
        """Run `code` and ask it, when a worker is free."""
        return self._threads.submit(self._respond, code, asks, limits)

    def close(self) -> None:
        """Stop whatever still runs."""
        self._stop.set()
        self._threads.shutdown(cancel_futures=True)
        for worker in reversed(self._all):
            worker.close()

    def _launch(self, workers: Sequence[Worker]) -> None:
        try:
            for worker in workers:
                # What does not start is tried again by its first hand-in, which is told why.
                with contextlib.suppress(ChildProblem, OSError):
                    worker.launch(None if worker is workers[0] else workers[0])
        finally:
            for worker in workers:
                self._workers.put(worker)

    def _respond(self, code: Code, asks: Asks, limits: Limits) -> Response:
        worker = self._workers.get()
        try:
            return respond_apart(code, _questions(asks), limits, worker.start, stop=self._stop)
        finally:
            self._workers.put(worker)


class DaskPool:
    """The workers of a Dask cluster. Each needs this course installed, at the same version, and a wall of its own."""

    def __init__(self, address: str, isolation: Isolation, libraries: Sequence[str]):
        """Raises `NoScheduler` when nobody answers at `address`."""
        try:
            from distributed import Client
        except ImportError:
            raise NoScheduler("To grade on a Dask cluster, install it: pip install distributed") from None
        try:
            self._client = Client(address, timeout=_DASK_SECONDS, set_as_default=False)
        except (OSError, TimeoutError, ValueError) as error:
            raise NoScheduler(f"No Dask scheduler answers at {address}: {error}") from None
        self.size = sum(self._client.nthreads().values())
        if not self.size:
            self._client.close()
            raise NoScheduler(f"The Dask cluster at {address} has no workers. Start some: dask worker {address}")
        # A worker that is lost takes nothing with it: its hand-ins go to another.
        self._executor = self._client.get_executor(pure=False, retries=_DASK_RETRIES)
        self._settings = (isolation, tuple(libraries))

    def submit(self, code: Code, asks: Asks, limits: Limits) -> Future[Response]:
        """Run `code` and ask it on one of the cluster's workers."""
        return self._executor.submit(respond_here, code, list(asks), limits, *self._settings)

    def close(self) -> None:
        """Stop whatever still runs."""
        self._executor.shutdown(wait=False)
        self._client.close()


_mine = threading.local()


def respond_here(code: Code, asks: Asks, limits: Limits, isolation: Isolation, libraries: Sequence[str]) -> Response:
    """What a worker of a cluster does: its thread keeps one warm worker of ours from one hand-in to the next."""
    settings = (isolation, tuple(libraries))
    if getattr(_mine, "settings", None) != settings:
        if hasattr(_mine, "worker"):
            _mine.worker.close()
        _mine.worker, _mine.settings = Worker(isolation, libraries), settings
    return respond_apart(code, _questions(asks), limits, _mine.worker.start)


def _questions(asks: Asks) -> list:
    return [(find(id), seed) for id, seed in asks]
