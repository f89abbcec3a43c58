"""Samples who waits for a lock, since when and behind whom."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from pathlib import Path

import psycopg

from shadowgate.errors import ServerError
from shadowgate.language import sentence
from shadowgate.server.base import Connection, Database

_BLOCKED_SQL = (Path(__file__).parent / "blocked.sql").read_bytes()


@dataclass(frozen=True)
class Blocked:
    """A session that waits for a lock, in one snapshot."""

    pid: int
    wait: float
    """Server's time when it began to wait, which tells one wait of a session from the next."""
    since: float
    """``time.monotonic()`` when it began to wait, from the server's own record."""
    mode: str
    target: str
    """The relation it waits for, or the type of the lock (``transactionid``, ``tuple`` …)."""
    blockers: frozenset[int]
    """Process IDs it waits behind: holders of the lock, and those before it in the queue."""


@dataclass(frozen=True)
class LockSnapshot:
    """Everyone who waited at one moment."""

    at: float
    """``time.monotonic()``."""
    blocked: tuple[Blocked, ...]


class BlockingSampler:
    """Takes snapshots in a thread of its own, every ``interval`` seconds."""

    def __init__(self, database: Database, interval: float) -> None:
        self._database = database
        self._interval = interval
        self._stop = threading.Event()
        self._snapshots: list[LockSnapshot] = []
        self._failure: ServerError | None = None
        self._connection: Connection | None = None

    @property
    def snapshots(self) -> tuple[LockSnapshot, ...]:
        """All so far, in the order in which they were taken."""
        return tuple(self._snapshots)

    def start(self) -> None:
        """Open a session and begin."""
        self._connection = self._database.connect(application_name="shadowgate blocking watch")
        self._thread = threading.Thread(target=self._loop, name="blocking watch", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread and close the session. Safe to call again, or without a start.

        Raises:
            ServerError: the session was lost meanwhile.
        """
        if self._connection is None:
            return
        self._stop.set()
        self._thread.join()
        self._connection.close()
        if self._failure is not None:
            raise self._failure

    def _loop(self) -> None:
        while not self._stop.wait(self._interval):
            try:
                self._snapshots.append(self._look())
            except psycopg.Error as problem:
                self._failure = ServerError(
                    sentence(
                        "the session that watched who waits for whom was lost: {problem}",
                        problem=problem,
                    ),
                    todo="look into the server's log; the evidence is not complete: run it again",
                )
                return

    def _look(self) -> LockSnapshot:
        assert self._connection is not None  # noqa: S101  (the thread starts after the session)
        rows = self._connection.execute(_BLOCKED_SQL, prepare=True).fetchall()
        at = time.monotonic()
        return LockSnapshot(
            at,
            tuple(
                Blocked(pid, wait, at - waited, mode, target, frozenset(blockers))
                for pid, wait, waited, mode, target, blockers in rows
            ),
        )
