"""Times one execution of a query as its client sees it."""

from __future__ import annotations

import gc
import itertools
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace

from psycopg import sql

from shadowgate.measure.clock import (
    Clock,
    Measurement,
    clock_for,
    find_process,
    on_cores,
    usable_cores,
)
from shadowgate.measure.sampling import Sampling
from shadowgate.measure.session import acting_as, in_words, open_session
from shadowgate.queries.workload import Query
from shadowgate.server.base import Connection, Database

CHECK_NOW = b"SET CONSTRAINTS ALL IMMEDIATE"
"""Runs what is deferred to the commit, so that its cost falls into the round."""

SWEEP = sql.SQL("VACUUM (INDEX_CLEANUP ON, TRUNCATE OFF, PARALLEL 0, PROCESS_TOAST OFF) {}")
"""Removes what a rolled-back write left, between rounds.

Every write of a query is for the same rows, so its dead rows and index entries pile up in one
place, as no user's do: after ten rounds an update of 2,265 rows took 50 ms instead of 28, and the
two sides differed by how they cope with that. Starting parallel workers for every partition took
four times as long as the work itself.
"""

WRITTEN = b"""
SELECT schemaname, relname
FROM pg_catalog.pg_stat_xact_user_tables
WHERE n_tup_ins + n_tup_upd + n_tup_del > 0
"""
"""Tables that the transaction has written to, those of its triggers included."""


@dataclass(frozen=True)
class TimedSession:
    """A session on one side, with its clock."""

    database: Database
    connection: Connection
    clock: Clock
    query_seconds: float
    process: int | None
    """The server's process, as this machine counts; ``None`` where it is not seen."""

    @contextmanager
    def limited(self, seconds: float) -> Iterator[TimedSession]:
        """The same session, in which a statement may take so many seconds and no more."""
        if seconds >= self.query_seconds:
            yield self
            return
        self._allow(seconds)
        try:
            yield replace(self, query_seconds=seconds)
        finally:
            if not self.connection.closed:
                self._allow(self.query_seconds)

    def _allow(self, seconds: float) -> None:
        limit = sql.Literal(str(round(seconds * 1000)))
        self.connection.execute(sql.SQL("SET statement_timeout = {}").format(limit))

    @contextmanager
    def executing(self, query: Query) -> Iterator[None]:
        """Be the query's role inside, and name query and database in what the server says of it.

        Raises:
            QueryError: the query failed or took too long.
            ServerError: the session was lost.
        """
        with (
            in_words(query, self.database, self.query_seconds, self.connection),
            acting_as(self.connection, query.role),
        ):
            yield

    def time(self, query: Query) -> Measurement:
        """Execute a query once and wait until its last row is here.

        A write, and a step of several statements, runs in a transaction of its own that is rolled
        back; beginning and rolling back are not counted, deferred constraints and their triggers
        are.

        Raises:
            QueryError: the query failed or took too long.
            ServerError: the session was lost.
        """
        with in_words(query, self.database, self.query_seconds, self.connection):
            with acting_as(self.connection, query.role):
                # In one message: waiting for each answer would measure the client's turns as well.
                text = "\n;\n".join([query.sql] * query.times).encode()
                if not query.in_transaction:
                    return self._time_statements(text)
                self.connection.execute(b"BEGIN")
                try:
                    measured = self._time_statements(text, CHECK_NOW)
                    written = self.connection.execute(WRITTEN).fetchall()
                finally:
                    if not self.connection.closed:
                        self.connection.execute(b"ROLLBACK")
            self._sweep(written)  # as the session's own role: the query's may not vacuum
            return measured

    def _sweep(self, tables: Sequence[tuple[str, str]]) -> None:
        if tables:
            names = sql.SQL(", ").join(sql.Identifier(*name) for name in tables)
            self.connection.execute(SWEEP.format(names))

    def _time_statements(self, *statements: bytes) -> Measurement:
        def run() -> None:
            for statement in statements:
                self.connection.execute(statement)

        return self.clock.time(run)


@contextmanager
def timed_session(copy: Database, sampling: Sampling) -> Iterator[TimedSession]:
    """Open a session for timing on a copy where nobody else works.

    What is timed in it belongs inside of :func:`undisturbed`.
    """
    with closing(open_session(copy, sampling)) as connection:
        process = find_process(connection, copy)
        with closing(clock_for(process)) as clock:
            yield TimedSession(copy, connection, clock, sampling.query_seconds, process)


@contextmanager
def undisturbed(*lanes: Iterable[TimedSession]) -> Iterator[None]:
    """Time rounds inside: each lane's sessions share one core, and Python's collector does not run.

    Args:
        lanes: sessions of which one at a time works; the lanes work at the same time.
    """
    cores = usable_cores()[::-1]
    bound = {
        session.process: core
        for core, sessions in zip(itertools.cycle(cores), lanes, strict=False)
        for session in sessions
        if session.process is not None
    }
    was_enabled = gc.isenabled()
    # Without a collection first: what is garbage by now disturbs nobody while it lies there.
    gc.disable()
    try:
        with on_cores(bound):
            yield
    finally:
        if was_enabled:
            gc.enable()
