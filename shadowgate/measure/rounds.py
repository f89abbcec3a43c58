"""Times one execution of a query as its client sees it, and pairs of them."""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from shadowgate.measure.sampler import Pair, Side
from shadowgate.measure.session import in_words
from shadowgate.measure.workload import Query
from shadowgate.server.base import Connection, Database

CHECK_NOW = b"SET CONSTRAINTS ALL IMMEDIATE"
"""Runs what is deferred to the commit, so that its cost falls into the round."""


@dataclass(frozen=True)
class TimedSession:
    """A session on one side."""

    database: Database
    connection: Connection
    query_seconds: float

    def time(self, query: Query) -> float:
        """Execute a query once; seconds until its last row is here.

        A write runs in a transaction of its own that is rolled back; beginning and rolling back
        are not counted, deferred constraints and their triggers are.

        Raises:
            ValidationError: the query failed or took too long.
            ServerError: the session was lost.
        """
        with in_words(query, self.database, self.query_seconds):
            if query.kind == "read":
                return self._time_statements((query.sql.encode(),))
            self.connection.execute(b"BEGIN")
            try:
                return self._time_statements((query.sql.encode(), CHECK_NOW))
            finally:
                if not self.connection.closed:
                    self.connection.execute(b"ROLLBACK")

    def _time_statements(self, statements: tuple[bytes, ...]) -> float:
        started = time.perf_counter()
        for statement in statements:
            self.connection.execute(statement)
        return time.perf_counter() - started


@dataclass(frozen=True)
class PairedSessions:
    """One session on each side; what :func:`~shadowgate.measure.sampler.take_sample` drives."""

    queries: Mapping[str, Query]
    before: TimedSession
    after: TimedSession

    def warm_up(self, executions: int) -> None:
        """Execute every query untimed, first all on one side, then all on the other."""
        for side in (self.before, self.after):
            for query in self.queries.values():
                for _ in range(executions):
                    side.time(query)

    def measure(self, query_id: str, first: Side) -> Pair:
        """Time a query on both sides, the named one first; seconds before and after."""
        query = self.queries[query_id]
        if first == "before":
            before = self.before.time(query)
            return before, self.after.time(query)
        after = self.after.time(query)
        return self.before.time(query), after


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
