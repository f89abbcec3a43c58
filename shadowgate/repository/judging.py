"""Carries the runs out, one after the other, and reads how each ended."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from types import FrameType
from typing import TYPE_CHECKING, Any, Literal

from shadowgate.repository.jobs import Job

if TYPE_CHECKING:
    from shadowgate.server.lending import Lender

LENDER = "SHADOWGATE_LENDER"
"""As of :mod:`shadowgate.server.lending`, which takes long to import."""

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
        judged = _judge(job, run)
        if not judged.applies:
            broken = f"{job.name}, which was not applied"
        yield judged


def _judge(job: Job, run: Callable[[Job], int]) -> Judged:
    written = job.reports / "shadow.json"
    written.unlink(missing_ok=True)
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


def _causes(document: dict[str, Any]) -> tuple[str, ...]:
    """The reasons of a NO-GO, but for those of a check that follows from another one."""
    following = {check["id"] for check in document["checks"] if check["follows"]}
    return tuple(each for each in document["reasons"] if each.split(" ")[0] not in following)


class Runs:
    """Carries runs out one after the other; those that make a local cluster share one.

    A context manager, that deletes the cluster at the end.
    """

    def __init__(self) -> None:
        self._lender: Lender | None = None

    def __enter__(self) -> Runs:
        return self

    def __exit__(self, *_raised: object) -> None:
        if self._lender is not None:
            self._lender.close()

    def __call__(self, job: Job) -> int:
        """Run ``shadowgate`` in a process of its own and wait for its end.

        Its output is this process's. If this one is to end, it is ended first; Ctrl-C reaches both.
        """
        package = str(Path(__file__).parents[2])
        reached = os.pathsep.join(filter(None, [package, os.environ.get("PYTHONPATH")]))
        ours, theirs = socket.socketpair()
        with ours:
            with theirs:
                number = theirs.fileno()
                process = subprocess.Popen(
                    [sys.executable, "-P", "-m", "shadowgate", *job.arguments],
                    env={**os.environ, "PYTHONPATH": reached, LENDER: str(number)},
                    stdin=subprocess.DEVNULL,
                    pass_fds=[number],
                )
            serving = threading.Thread(target=self._serve, args=(ours,), name="lender")
            serving.start()
            try:
                return _ended(process)
            finally:
                serving.join()  # the run's end of the socket is closed by now

    def _serve(self, ours: socket.socket) -> None:
        # Here, because it takes as long to import as the run takes to begin.
        from shadowgate.server.lending import Lender  # noqa: PLC0415

        self._lender = self._lender or Lender()
        try:
            self._lender.serve(ours)
        finally:  # a run that waits for an answer must not wait for ever
            with suppress(OSError):
                ours.shutdown(socket.SHUT_RDWR)


def _ended(process: subprocess.Popen[bytes]) -> int:
    try:
        return process.wait()
    except KeyboardInterrupt:
        process.wait()
        raise
    except BaseException:
        process.send_signal(signal.SIGINT)
        process.wait()
        raise


@contextmanager
def ended_by_sigterm() -> Iterator[None]:
    """Let SIGTERM raise :class:`SystemExit`, so that the run of the moment is ended too."""

    def stop(_signal: int, _frame: FrameType | None) -> None:
        raise SystemExit(INTERRUPTED)

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
