"""Snapshots the locks of one session from another one, at an interval and on demand."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping

import psycopg
from psycopg.rows import TupleRow

from shadowgate.errors import ServerError
from shadowgate.language import sentence
from shadowgate.migrate.lock_intervals import LockKey, LockLedger
from shadowgate.server.base import Connection

_LOOK_SQL = """
SELECT wal.bytes, locks.relation::bigint, locks.mode, locks.granted
FROM (
    SELECT pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_insert_lsn(), '0/0')::bigint
) AS wal (bytes)
LEFT JOIN pg_catalog.pg_locks AS locks
    ON locks.pid = %s AND locks.locktype = 'relation' AND locks.relation >= 16384
"""


Held = Mapping[LockKey, tuple[int, float]]
"""Lock -> the statement that took it, and since when."""


class LockSampler:
    """Snapshots the relation locks of one backend, at an interval and on demand.

    Those on demand, at the borders of statements, make sure that no lock that is held at a border
    is missed and that each is put down to its statement.
    """

    def __init__(
        self,
        connection: Connection,
        pid: int,
        origin: float,
        interval: float,
        stop: Callable[[Held, float], str] = lambda _held, _now: "",
    ) -> None:
        """Prepare to look.

        Args:
            connection: a session that nobody else uses while this one samples.
            pid: the backend whose locks are looked at.
            origin: the moment that times count from, on the monotonic clock.
            interval: seconds between two looks.
            stop: given the locks held and the time, why the backend's statement is to be cancelled;
                empty while it may go on.
        """
        self._connection = connection
        self._pid = pid
        self._origin = origin
        self._interval = interval
        self._stop_for = stop
        self.stopped = ""
        """Why the backend was told to stop; empty if it was not."""
        self._guard = threading.Lock()
        self._stop = threading.Event()
        self._failure: ServerError | None = None
        self.statement = 0
        self.held = LockLedger()
        self.waited = LockLedger()
        self._thread = threading.Thread(target=self._loop, name="lock watch", daemon=True)

    def start(self) -> None:
        """Begin to sample in a thread of its own."""
        self._thread.start()

    def stop(self) -> None:
        """Stop sampling; the session is free again.

        Raises:
            ServerError: the session was lost meanwhile.
        """
        self._stop.set()
        self._thread.join()
        if self._failure is not None:
            raise self._failure

    def snapshot(self) -> int:
        """Look now; return the bytes of WAL that the server has written since it was made.

        Raises:
            ServerError: the session was lost.
        """
        with self._guard:
            began = time.monotonic() - self._origin
            rows = self._look()
            ended = time.monotonic() - self._origin
            held: list[LockKey] = [(oid, mode) for _, oid, mode, granted in rows if granted]
            waits: list[LockKey] = [
                (oid, mode) for _, oid, mode, granted in rows if granted is False
            ]
            for ledger, seen in ((self.held, held), (self.waited, waits)):
                ledger.note(seen, began=began, ended=ended, statement=self.statement)
            if reason := self._stop_for(self.held.held, ended):
                self.stopped = self.stopped or reason
                self._cancel()  # again at each look: it may have been between two statements
        return int(rows[0][0])

    def _cancel(self) -> None:
        try:
            self._connection.execute("SELECT pg_catalog.pg_cancel_backend(%s)", [self._pid])
        except psycopg.Error as problem:
            raise watch_lost(problem) from problem

    def _look(self) -> list[TupleRow]:
        """Where the WAL stands, and each lock; without locks a single row without one."""
        try:
            return self._connection.execute(_LOOK_SQL, [self._pid], prepare=True).fetchall()
        except psycopg.Error as problem:
            raise watch_lost(problem) from problem

    def _loop(self) -> None:
        while not self._stop.wait(self._interval):
            try:
                self.snapshot()
            except ServerError as problem:
                self._failure = problem
                return


def watch_lost(problem: psycopg.Error) -> ServerError:
    """The error for a session of a watch that does not answer any more."""
    return ServerError(
        sentence("The session that watched the migration was lost: {problem}", problem=problem),
        todo="Look into the server's log; its evidence is not complete, so run it again.",
    )
