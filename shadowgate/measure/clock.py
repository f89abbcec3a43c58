"""The clock of a round: what the client waits, without what other processes cost.

On a shared machine most noise is a session's process that is ready to run while something else has
its core. Linux counts that time for each process (``/proc/PID/schedstat``, the second figure), so
it can be taken off the client's time exactly: with both cores of a machine loaded by others the
spread of a 60 ms query fell from 14 to 6 %. Sleeping, waiting for a lock and reading from disk are
no such time and stay in. Where the process cannot be seen (another host, another system, a hidden
container) the client's time is used as it is; both sides always have the same kind of clock.

What is left is that cores are not equally fast: the other half of one may belong to another virtual
machine, for a second or for a minute. So while rounds are timed the server's processes that are
compared, of which only one works at a time, share one core: on two cores the spread of a 25 ms
query fell from 16 to 4 %.
"""

from __future__ import annotations

import os
import re
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import psutil

from shadowgate.language import sentence
from shadowgate.server.base import Connection, Database

_PROC = Path("/proc")
_NUMBERS = re.compile(r"^NSpid:.*\b(\d+)$", re.MULTILINE)
"""A process's numbers, from the outermost namespace that sees it to its own."""

LEAST_SHARE = 0.05
"""Share of the client's time that always counts: a process may queue a moment past the answer."""

_LOOKS_FOR_IDLE = 100
_BETWEEN_LOOKS = 0.0005


@dataclass(frozen=True)
class Measurement:
    """The duration of one execution."""

    wall: float
    """Seconds that the client waited."""
    queued: float = 0.0
    """Seconds of them that the server's process was ready but had no core."""

    @property
    def net(self) -> float:
        """Seconds that the execution would have taken on a core of its own."""
        return max(self.wall - self.queued, self.wall * LEAST_SHARE)


class WallClock:
    """Times with the client's clock alone."""

    words: ClassVar[str] = sentence("as the client waits")

    def time(self, run: Callable[[], object]) -> Measurement:
        """Time one call."""
        started = time.perf_counter()
        run()
        return Measurement(time.perf_counter() - started)

    def queued(self) -> float:
        """Not known, and so none."""
        return 0.0

    def close(self) -> None:
        """Nothing is held."""


class QueueClock:
    """Times with the client's clock and knows how long the server's process waited for a core."""

    words: ClassVar[str] = sentence(
        "as the client waits, less what the server's process waited for a core"
    )

    def __init__(self, process: Path) -> None:
        """Watch a process.

        Args:
            process: its folder under ``/proc``.

        Raises:
            OSError: the folder cannot be read.
            ValueError: its files have another shape than Linux gives them.
        """
        self._schedstat = os.open(process / "schedstat", os.O_RDONLY)
        self._stat = os.open(process / "stat", os.O_RDONLY)
        try:
            self.queued()
            self._sleeps()
        except (OSError, ValueError):
            self.close()
            raise

    def time(self, run: Callable[[], object]) -> Measurement:
        """Time one call."""
        self._wait_until_idle()
        queued = self.queued()
        started = time.perf_counter()
        run()
        wall = time.perf_counter() - started
        return Measurement(wall, self.queued() - queued)

    def close(self) -> None:
        """Close the process's files."""
        os.close(self._schedstat)
        os.close(self._stat)

    def queued(self) -> float:
        """Seconds that the process has waited for a core since it began."""
        _on_core, queued, _slices = os.pread(self._schedstat, 128, 0).split()
        return int(queued) / 1e9

    def _wait_until_idle(self) -> None:
        """Let the process end its last statement: a wait is only counted when it is over."""
        for _ in range(_LOOKS_FOR_IDLE):
            if self._sleeps():
                return
            time.sleep(_BETWEEN_LOOKS)

    def _sleeps(self) -> bool:
        _head, _, tail = os.pread(self._stat, 512, 0).rpartition(b")")
        state, _rest = tail.split(maxsplit=1)
        return state == b"S"


Clock = WallClock | QueueClock


def clock_for(process: int | None) -> Clock:
    """The best clock for a session whose process is the one given; ``None`` if it is not seen."""
    if process is None:
        return WallClock()
    try:
        return QueueClock(_PROC / str(process))
    except (OSError, ValueError):
        return WallClock()


def usable_cores() -> list[int]:
    """The cores that this process may use, in ascending order; one that has no number otherwise."""
    return sorted(os.sched_getaffinity(0)) if sys.platform == "linux" else [0]


def clock_of_thread() -> Clock:
    """The best clock for the thread that calls it."""
    return clock_for(threading.get_native_id())


@contextmanager
def on_cores(processes: Mapping[int, int]) -> Iterator[None]:
    """Bind processes to cores, inside the block only.

    That takes a superuser or one's own processes. Where it is not allowed for the server's, it is
    so for those of both sides.

    Args:
        processes: process -> core.
    """
    with ExitStack() as bound:
        if sys.platform == "linux":
            for process, core in processes.items():
                bound.callback(_bind, process, _bind(process, {core}))
        yield


def _bind(process: int, cores: set[int]) -> set[int]:
    """Bind a process if that is allowed; the cores that it could use until then."""
    try:
        until_then = os.sched_getaffinity(process)
        os.sched_setaffinity(process, cores)
    except OSError:  # gone, or not ours: nothing to set back either
        return cores
    return until_then


def find_process(connection: Connection, database: Database) -> int | None:
    """The server's process of a session, as this machine counts processes, if it is here.

    PostgreSQL writes the name of the database into the title of the process, and that of a fresh
    copy is found nowhere else. A container counts otherwise; Linux tells both numbers.

    Args:
        connection: the session.
        database: its database.
    """
    if not _PROC.is_dir():
        return None
    pid = connection.info.backend_pid
    found = [here for here in (pid, *psutil.pids()) if _is_session(here, pid, database.name)]
    return found[0] if found else None


def _is_session(process: int, pid: int, database: str) -> bool:
    """Whether a process of this machine is the session that the server counts as ``pid``."""
    try:
        title = (_PROC / str(process) / "cmdline").read_bytes().decode(errors="replace")
        if not title.startswith("postgres:") or f" {database} " not in title:
            return False
        status = (_PROC / str(process) / "status").read_text()
    except OSError:
        return False
    numbers = _NUMBERS.search(status)
    return numbers is not None and int(numbers[1]) == pid
