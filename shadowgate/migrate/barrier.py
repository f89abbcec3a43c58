"""Brings sessions that work at once to the same point, so that they really commit together."""

from __future__ import annotations

import threading
import time

from shadowgate.server.base import Connection

MEETING_SECONDS = 3.0
"""For how long sessions wait for others that neither come nor wait for a lock of theirs."""

_LOOK_SECONDS = 0.1
_BLOCKED_SQL = """
SELECT pg_catalog.bool_and(pg_catalog.pg_blocking_pids(pid) && %s::int[])
FROM pg_catalog.unnest(%s::int[]) AS pid
"""


class Meeting:
    """Where sessions wait for one another; over when all are there, or no other can come.

    None can come of those that wait for a lock of one that is there: only its COMMIT helps them.
    """

    def __init__(self, sessions: int, watching: Connection) -> None:
        self._expected = sessions
        self._watching = watching
        self._begun: set[int] = set()
        self._arrived: set[int] = set()
        self._over = False
        self._changed = threading.Condition()

    def begin(self, connection: Connection) -> None:
        """Say that a session is on its way."""
        with self._changed:
            self._begun.add(connection.info.backend_pid)

    def call_off(self) -> None:
        """Keep nobody any longer: one has failed."""
        with self._changed:
            self._over = True
            self._changed.notify_all()

    def arrive(self, connection: Connection) -> None:
        """Wait for the others, for some seconds at most."""
        until = time.monotonic() + MEETING_SECONDS
        with self._changed:
            self._arrived.add(connection.info.backend_pid)
            self._over |= len(self._arrived) == self._expected
            self._changed.notify_all()
            while not self._over and time.monotonic() < until:
                self._changed.wait(_LOOK_SECONDS)
                if not self._over and self._are_the_others_blocked():
                    self.call_off()

    def _are_the_others_blocked(self) -> bool:
        """Whether all that are missing have begun and wait for those that are here."""
        missing = self._begun - self._arrived
        if len(self._begun) < self._expected:
            return False
        row = self._watching.execute(_BLOCKED_SQL, (list(self._arrived), list(missing))).fetchone()
        return row is not None and bool(row[0])
