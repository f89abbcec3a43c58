"""Carries the runs out, each in a process of its own, and reads how each ended."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from types import FrameType
from typing import IO, TYPE_CHECKING, Any, Literal

from shadowgate.repository.jobs import Job
from shadowgate.turn import VARIABLE as TURNS

if TYPE_CHECKING:
    from shadowgate.server.lending import Lender

LENDER = "SHADOWGATE_LENDER"
"""As of :mod:`shadowgate.server.borrowing`, which takes long to import."""

Verdict = Literal["GO", "NO-GO", "not judged"]

INTERRUPTED = 2
_APPLIED = "migration.applied"


@dataclass(frozen=True)
class Judged:
    """How the judging of one migration ended."""

    name: str
    file: str
    """Relative to the project's folder."""
    verdict: Verdict
    why: str = ""
    """Why it is not judged."""
    status: int = 0
    """What its run exited with; 0 where there was none."""
    reports: Path | None = None
    """The folder of its report, if there is one."""
    seconds: float = 0.0
    quick: bool = False
    """The backup was too small to judge the time that queries take."""
    applies: bool = False
    """Whether its script was applied without an error, so that what follows can be judged."""
    causes: tuple[str, ...] = ()
    """What stands against it, a sentence each, less what follows from another one."""


def judge(
    jobs: Sequence[Job], say: Callable[[str], None], run: Callable[[Job], int]
) -> Iterator[Judged]:
    """Carry the runs out in order.

    What comes after a migration that cannot be applied is not judged: the state that it would be
    applied to cannot be made.
    """
    broken = ""
    for number, job in enumerate(jobs, 1):
        if broken:
            yield Judged(job.name, job.file, "not judged", f"it comes after {broken}")
            continue
        say(f"shadowgate: {number} of {len(jobs)}: {job.file}")
        judged = judge_one(job, run)
        if not judged.applies:
            broken = f"{job.name}, which was not applied"
        yield judged


def judge_one(job: Job, run: Callable[[Job], int]) -> Judged:
    """Carry a run out, and read how it ended; what an earlier one has left there is no answer."""
    written = job.reports / "shadow.json"
    for left in (written, written.with_suffix(".html")):
        left.unlink(missing_ok=True)
    begun = monotonic()
    status = run(job)
    seconds = monotonic() - begun
    if not written.is_file():
        why = f"its run ended with exit status {status} before the first check"
        return Judged(job.name, job.file, "not judged", why, status, seconds=seconds)
    document = json.loads(written.read_text(encoding="utf-8"))
    go = status == 0 and document["verdict"] == "GO"
    return Judged(
        job.name,
        job.file,
        "GO" if go else "NO-GO",
        status=status,
        reports=job.reports,
        seconds=seconds,
        quick=bool(document["quick"]),
        applies=_was_applied(document),
        causes=() if go else _causes(document),
    )


def _was_applied(document: dict[str, Any]) -> bool:
    return any(
        check["id"] == _APPLIED and check["status"] == "passed" for check in document["checks"]
    )


@dataclass(frozen=True)
class Beside:
    """What runs are told that are carried out beside others on one machine."""

    number: int
    """How many there are at once."""
    turns: Path
    """The folder in which they agree who measures; see :mod:`shadowgate.turn`."""


def _causes(document: dict[str, Any]) -> tuple[str, ...]:
    """The reasons of a NO-GO, but for those of a check that follows from another one."""
    following = {check["id"] for check in document["checks"] if check["follows"]}
    return tuple(each for each in document["reasons"] if each.split(" ")[0] not in following)


class Runs:
    """Carries runs out one after the other; those that make a local cluster share one.

    A context manager, that deletes the cluster at the end.

    Args:
        beside: where others are carried out at the same time: what each says is then shown as a
            whole, once it has ended.
    """

    def __init__(self, beside: Beside | None = None) -> None:
        self._beside = beside
        self._lender: Lender | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._is_ended = False
        self._starting = threading.Lock()

    def __enter__(self) -> Runs:
        return self

    def __exit__(self, *_raised: object) -> None:
        if self._lender is not None:
            self._lender.close()

    def __call__(self, job: Job) -> int:
        """Run ``shadowgate`` in a process of its own and wait for its end.

        If this process is to end, the other one is ended first.
        """
        with ExitStack() as stack:
            output = None
            if self._beside is not None:
                output = stack.enter_context(tempfile.TemporaryFile())
                stack.callback(_show, output)
            ours, theirs = socket.socketpair()
            stack.enter_context(ours)
            try:
                with theirs:
                    process = self._start(job, theirs.fileno(), output)
                if process is None:
                    return INTERRUPTED
                serving = threading.Thread(target=self._serve, args=(ours,), name="lender")
                serving.start()
                stack.callback(serving.join)  # the run's end of the socket is closed by then
                return process.wait()
            except BaseException as error:
                self.end(ending_signal(error))
                if self._process is not None:
                    self._process.wait()
                raise

    def end(self, number: signal.Signals) -> None:
        """Let the run of the moment end as one that gets a signal, and no other begin."""
        with self._starting:
            self._is_ended = True
            if self._process is not None and self._process.poll() is None:
                self._process.send_signal(number)

    def _start(
        self, job: Job, lender: int, output: IO[bytes] | None
    ) -> subprocess.Popen[bytes] | None:
        """Start a run; ``None`` if none is to begin any more."""
        package = str(Path(__file__).parents[2])
        reached = os.pathsep.join(filter(None, [package, os.environ.get("PYTHONPATH")]))
        turns = {} if self._beside is None else {TURNS: str(self._beside.turns)}
        with self._starting:
            if self._is_ended:
                return None
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "shadowgate", *job.arguments],
                env={**os.environ, "PYTHONPATH": reached, LENDER: str(lender), **turns},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=None if output is None else subprocess.STDOUT,
                pass_fds=[lender],
                start_new_session=True,  # Ctrl-C reaches it once, from here
            )
            return self._process

    def _serve(self, ours: socket.socket) -> None:
        # Here, because it takes as long to import as the run takes to begin.
        from shadowgate.server.lending import Lender  # noqa: PLC0415

        self._lender = self._lender or Lender(self._beside.number if self._beside else 1)
        try:
            self._lender.serve(ours)
        finally:  # a run that waits for an answer must not wait for ever
            with suppress(OSError):
                ours.shutdown(socket.SHUT_RDWR)


_SHOWING = threading.Lock()


def _show(output: IO[bytes]) -> None:
    """Show what a run has said, between that of others."""
    output.seek(0)
    with _SHOWING:
        sys.stdout.flush()
        shutil.copyfileobj(output, sys.stdout.buffer)
        sys.stdout.flush()


def ending_signal(error: BaseException) -> signal.Signals:
    """The signal for a run, of what ends the process that has started it."""
    return signal.SIGINT if isinstance(error, KeyboardInterrupt) else signal.SIGTERM


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """Let SIGTERM and SIGHUP raise :class:`SystemExit`, so that what was begun is ended too."""

    def stop(_signal: int, _frame: FrameType | None) -> None:
        raise SystemExit(INTERRUPTED)

    before = {each: signal.getsignal(each) for each in (signal.SIGTERM, signal.SIGHUP)}
    heard = {each: former for each, former in before.items() if former != signal.SIG_IGN}  # nohup
    for each in heard:
        signal.signal(each, stop)
    try:
        yield
    finally:
        for each, handler in heard.items():
            signal.signal(each, handler)
