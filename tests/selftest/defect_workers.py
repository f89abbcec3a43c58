"""Judges defects in several processes at once, each with a server of its own."""

from __future__ import annotations

import multiprocessing
import shutil
import tempfile
import threading
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from multiprocessing.connection import Connection
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.selftest.defect_bench import Bench, Outcome
from tests.selftest.defect_files import Defect

PROCESSES = 2

_MEMORY = Path("/dev/shm")  # noqa: S108  (the folders in it are private)
_BYTES_WANTED = 2_000_000_000
"""Room for the server of one process with all its copies."""


def _serve(link: Connection) -> None:
    """Judge what comes until nothing comes any more."""
    if _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free > PROCESSES * _BYTES_WANTED:
        # A clone is hundreds of small files: in memory it takes a tenth of the time.
        tempfile.tempdir = str(_MEMORY)
    with Bench() as bench:
        while True:
            try:
                defect: Defect | None = link.recv()
            except EOFError:
                return
            try:
                answer: Outcome | Exception = bench.judge(defect)
            except Exception as error:  # handed to the caller, who raises it
                answer = error
            link.send(answer)


class Workers:
    """Processes that judge defects; a context manager that ends them."""

    def __init__(self, count: int = PROCESSES) -> None:
        self._links: list[Connection] = []
        self._processes: list[multiprocessing.process.BaseProcess] = []
        self._own = threading.local()
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(count, initializer=self._start)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._pool.shutdown(cancel_futures=True)
        for link in self._links:
            link.close()
        for process in self._processes:
            process.join()

    def judge(self, defects: Sequence[Defect | None]) -> list[Future[Outcome]]:
        """Begin with all of them, in order; each future raises what went wrong with its own."""
        return [self._pool.submit(self._ask, defect) for defect in defects]

    def _start(self) -> None:
        """Start this thread's process."""
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(target=_serve, args=(theirs,), daemon=True)
        with self._lock:
            process.start()
            theirs.close()
            self._links.append(ours)
            self._processes.append(process)
        self._own.link = ours

    def _ask(self, defect: Defect | None) -> Outcome:
        link: Connection = self._own.link
        link.send(defect)
        answer = link.recv()
        if isinstance(answer, Exception):
            raise answer
        assert isinstance(answer, Outcome)
        return answer
