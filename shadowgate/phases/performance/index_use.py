"""Queries that lost the last index that served them, where rows are too few for times to tell.

On a few hundred rows a table is read as a whole as quickly as by an index, and the planner does so.
So each query is planned as if that were dear (``enable_seqscan = off``): a table that an index
served before, and of which all is read now, has none left that the query could use.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import psycopg

from shadowgate.language import sentence
from shadowgate.measure.plans import (
    PlanMetrics,
    Roots,
    explain_only,
    partition_roots,
    serving_scans,
)
from shadowgate.queries import Query, Workload
from shadowgate.queries.workload import has_plan
from shadowgate.server import Database
from shadowgate.server.base import Connection


@dataclass(frozen=True)
class LostIndex:
    """A table of which a query can only read everything since the migration."""

    query: str
    table: str
    served: tuple[str, ...]
    """Indexes that the query used before, and uses no longer."""

    def __str__(self) -> str:
        return sentence(
            "{query} can only read all of {table}: before, {indexes} served it",
            query=self.query,
            table=self.table,
            indexes=", ".join(self.served),
        )


def lost_indexes(before: Database, after: Database, workload: Workload) -> tuple[LostIndex, ...]:
    """Find what no index serves any longer, of the queries that only read.

    Args:
        before: the database without the migration.
        after: the database with it.
        workload: what is asked; a query that cannot be planned on either side is left out.
    """
    with before.connect() as old, after.connect() as new:
        roots = partition_roots(old), partition_roots(new)
        return tuple(
            lost
            for query in workload.reads
            if len(query.statements) == 1 and has_plan(query.sql)
            for lost in _lost(query, (old, new), roots)
        )


def _lost(
    query: Query,
    sides: tuple[Connection, Connection],
    roots: tuple[Roots, Roots],
) -> Iterator[LostIndex]:
    try:
        was = _without_sequential_scans(sides[0], query.sql, roots[0])
        now = _without_sequential_scans(sides[1], query.after.sql, roots[1])
    except psycopg.Error:  # that it fails is another check's finding
        return
    by_index, whole_before = serving_scans(was, roots[0])
    _, whole = serving_scans(now, roots[1])
    served = tuple(name for name in was.indexes if name not in now.indexes)
    if served:
        yield from (
            LostIndex(query.id, table, served)
            for table in sorted((by_index - whole_before) & whole)
        )


def _without_sequential_scans(connection: Connection, statement: str, roots: Roots) -> PlanMetrics:
    with connection.transaction(force_rollback=True):
        connection.execute("SET LOCAL enable_seqscan = off")
        return explain_only(connection, statement, roots)
