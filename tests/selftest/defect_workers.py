"""Judges defects in several processes at once, each with a server of its own for one plan."""

from __future__ import annotations

import multiprocessing
import threading
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Self

from tests.selftest.defect_bench import Bench, Outcome
from tests.selftest.defect_files import Defect, plans

PROCESSES = 2
"""That judge trials; one more waits for the schedules of plans with jobs, which takes minutes."""


@dataclass(frozen=True)
class Trial:
    """What is judged: a defect, or without one the clean scripts of a plan."""

    plan: str
    defect: Defect | None = None

    @property
    def id(self) -> str:
        """That of the defect; without one the plan and ``clean``."""
        return self.defect.id if self.defect else f"{self.plan}/clean"


class _Benches:
    """A bench for one plan at a time: as trials come plan by plan, each is opened once or twice."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._key = ""

    def judge(self, trial: Trial) -> Outcome:
        """Judge on the bench of the trial's plan, which takes the place of another one."""
        if trial.plan != self._key:
            self.close()
            self._bench = self._stack.enter_context(Bench(plans()[trial.plan]))
            self._key = trial.plan
        return self._bench.judge(trial.defect)

    def close(self) -> None:
        """End the server."""
        self._key = ""
        self._stack.close()


def _serve(link: Connection) -> None:
    """Judge what comes until nothing comes any more."""
    with closing(_Benches()) as benches:
        while True:
            try:
                trial: Trial = link.recv()
            except EOFError:
                return
            try:
                answer: Outcome | Exception = benches.judge(trial)
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
        self._waiting = ThreadPoolExecutor(1, initializer=self._start)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for pool in (self._pool, self._waiting):
            pool.shutdown(cancel_futures=True)
        for link in self._links:
            link.close()
        for process in self._processes:
            process.join()

    def judge(self, trials: Iterable[Trial]) -> dict[str, Future[Outcome]]:
        """Begin with all of them, in order; the future by an id raises what went wrong there."""
        return {trial.id: self._pool_for(trial).submit(self._ask, trial) for trial in trials}

    def _pool_for(self, trial: Trial) -> ThreadPoolExecutor:
        return self._waiting if plans()[trial.plan].jobs else self._pool

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

    def _ask(self, trial: Trial) -> Outcome:
        link: Connection = self._own.link
        link.send(trial)
        answer = link.recv()
        if isinstance(answer, Exception):
            raise answer
        assert isinstance(answer, Outcome)
        return answer
