"""Snapshots the locks of one session from another one, at an interval and on demand."""

from __future__ import annotations

import threading
import time
from typing import LiteralString

import psycopg
from psycopg.rows import TupleRow

from shadowgate.errors import ServerError
from shadowgate.migrate.ledger import LockKey, LockLedger
from shadowgate.server.base import Database

_LOCKS_SQL = """
SELECT relation::bigint, mode, granted
FROM pg_catalog.pg_locks
WHERE pid = %s
  AND locktype = 'relation'
  AND relation >= 16384
"""
_WAL_SQL = """
SELECT pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_insert_lsn(), '0/0')::bigint
"""


class LockSampler:
    """Snapshots the relation locks of one backend, at an interval and on demand.

    Those on demand, at the borders of statements, make sure that no lock that is held at a border
    is missed and that each is put down to its statement.
    """

    def __init__(self, database: Database, pid: int, origin: float, interval: float) -> None:
        self._connection = database.connect(application_name="shadowgate lock watch")
        self._pid = pid
        self._origin = origin
        self._interval = interval
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
        """Stop sampling and close the session. Safe to call again.

        Raises:
            ServerError: the session was lost meanwhile.
        """
        self._stop.set()
        self._thread.join()
        self._connection.close()
        if self._failure is not None:
            raise self._failure

    def snapshot(self) -> None:
        """Look now.

        Raises:
            ServerError: the session was lost.
        """
        with self._guard:
            began = time.monotonic() - self._origin
            rows = self._ask(_LOCKS_SQL, self._pid)
            ended = time.monotonic() - self._origin
            held: list[LockKey] = [(oid, mode) for oid, mode, granted in rows if granted]
            waits: list[LockKey] = [(oid, mode) for oid, mode, granted in rows if not granted]
            for ledger, seen in ((self.held, held), (self.waited, waits)):
                ledger.note(seen, began=began, ended=ended, statement=self.statement)

    def wal_bytes(self) -> int:
        """Bytes of WAL that the server has written since it was made.

        Raises:
            ServerError: the session was lost.
        """
        with self._guard:
            ((written,),) = self._ask(_WAL_SQL)
        return int(written)

    def _ask(self, query: LiteralString, *parameters: int) -> list[TupleRow]:
        try:
            return self._connection.execute(query, parameters, prepare=True).fetchall()
        except psycopg.Error as problem:
            raise ServerError(
                f"The session that watched the migration was lost: {problem}",
                todo="Look into the server's log; its evidence is not complete, so run it again.",
            ) from problem

    def _loop(self) -> None:
        while not self._stop.wait(self._interval):
            try:
                self.snapshot()
            except ServerError as problem:
                self._failure = problem
                return
