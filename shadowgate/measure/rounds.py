"""Times one execution of a query as its client sees it."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass

from psycopg import sql

from shadowgate.measure.clock import Clock, Lap, clock_for
from shadowgate.measure.sampling import Sampling
from shadowgate.measure.session import in_words, open_session
from shadowgate.measure.workload import Query
from shadowgate.server.base import Connection, Database

CHECK_NOW = b"SET CONSTRAINTS ALL IMMEDIATE"
"""Runs what is deferred to the commit, so that its cost falls into the round."""


SWEEP_EVERY = 10
"""Executions of writes after which what they left is vacuumed."""


class Sweeper:
    """Removes what rolled-back writes leave behind, between rounds.

    Dead rows and index entries pile up with every round, on each side at its own pace: after sixty
    rounds an update of 600 rows took half as long again. What is compared is a database as it is
    used, not one that was never vacuumed.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._executions = 0

    def note(self, query: Query) -> None:
        """Count a write that was rolled back; vacuum its table when enough of them were."""
        self._executions += 1
        if self._executions % SWEEP_EVERY == 0 and query.target:
            table = sql.Identifier(*query.target)
            self._connection.execute(
                sql.SQL("VACUUM (INDEX_CLEANUP ON, TRUNCATE OFF) {}").format(table)
            )


@dataclass(frozen=True)
class TimedSession:
    """A session on one side, with its clock."""

    database: Database
    connection: Connection
    clock: Clock
    query_seconds: float
    sweeper: Sweeper

    def time(self, query: Query) -> Lap:
        """Execute a query once and wait until its last row is here.

        A write runs in a transaction of its own that is rolled back; beginning and rolling back
        are not counted, deferred constraints and their triggers are.

        Raises:
            ValidationError: the query failed or took too long.
            ServerError: the session was lost.
        """
        with in_words(query, self.database, self.query_seconds):
            if query.kind == "read":
                return self._time_statements(query.sql.encode())
            self.connection.execute(b"BEGIN")
            try:
                return self._time_statements(query.sql.encode(), CHECK_NOW)
            finally:
                if not self.connection.closed:
                    self.connection.execute(b"ROLLBACK")
                    self.sweeper.note(query)

    def _time_statements(self, *statements: bytes) -> Lap:
        def run() -> None:
            for statement in statements:
                self.connection.execute(statement)

        return self.clock.time(run)


@contextmanager
def timed_session(copy: Database, sampling: Sampling) -> Iterator[TimedSession]:
    """Open a session for timing on a copy where no other session is."""
    with (
        closing(open_session(copy, sampling)) as connection,
        closing(clock_for(connection, copy)) as clock,
    ):
        yield TimedSession(copy, connection, clock, sampling.query_seconds, Sweeper(connection))


@contextmanager
def no_garbage_collection() -> Iterator[None]:
    """Keep Python's collector from running inside a timed round."""
    was_enabled = gc.isenabled()
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
