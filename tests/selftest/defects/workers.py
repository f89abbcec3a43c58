"""Judges defects in several processes at once, each with a server of its own for one plan."""

from __future__ import annotations

import multiprocessing
import threading
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Self

from tests.selftest.defects.bench import Bench, Outcome
from tests.selftest.defects.files import Defect, plans

PROCESSES = 2
"""That judge trials; one more waits for the schedules of plans with jobs, which takes minutes."""

FEW = 20
"""Trials of a plan that are not worth a second server."""


@dataclass(frozen=True)
class Trial:
    """What is judged: a defect, or without one the clean scripts of a plan."""

    plan: str
    defect: Defect | None = None

    @property
    def id(self) -> str:
        """That of the defect; without one the plan and ``clean``."""
        return self.defect.id if self.defect else f"{self.plan}/clean"


Answers = Mapping[str, Outcome | Exception]
"""By the id of the trial; an error instead of an outcome is for who asks for it."""


@dataclass(frozen=True)
class Asked:
    """A trial whose outcome is to come."""

    id: str
    answers: Future[Answers]

    def result(self) -> Outcome:
        """Wait for the outcome.

        Raises:
            Exception: what went wrong in the trial, or in the process that judges it.
        """
        answer = self.answers.result()[self.id]
        if isinstance(answer, Exception):
            raise answer
        return answer


class _Benches:
    """A bench for one plan at a time, opened at its first trial."""

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

    def judge(self, trials: Iterable[Trial]) -> dict[str, Asked]:
        """Begin with all of them; their outcomes to come, by id.

        The trials of a plan with few stay with one process, which opens one server for them. They
        come first, so that the others, one by one, keep all processes busy to the end.
        """
        by_plan: dict[str, list[Trial]] = {}
        for trial in trials:
            by_plan.setdefault(trial.plan, []).append(trial)
        asked: dict[str, Asked] = {}
        for plan, wanted in sorted(by_plan.items(), key=lambda item: len(item[1])):
            pool = self._waiting if plans()[plan].jobs else self._pool
            size = len(wanted) if len(wanted) <= FEW else 1
            for start in range(0, len(wanted), size):
                together = wanted[start : start + size]
                answers = pool.submit(self._ask, together)
                asked |= {trial.id: Asked(trial.id, answers) for trial in together}
        return asked

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

    def _ask(self, trials: Sequence[Trial]) -> Answers:
        """Have this thread's process judge one after the other."""
        link: Connection = self._own.link
        answers = {}
        for trial in trials:
            link.send(trial)
            answers[trial.id] = link.recv()
        return answers
