"""What the planner knew of the tables before a script, and knows no more after it.

A table that is built anew and takes another's name has no statistics until somebody analyses it:
autovacuum gets to it when it can, and to a partitioned table never. Until then the planner guesses.
A column whose type is changed loses its statistics too, and no row changes that would call
autovacuum.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from psycopg import sql

from shadowgate.server.base import Connection

MANY_ROWS = 1_000
"""A table with fewer is read in a moment by whatever plan."""
_STATISTICS_SQL = (Path(__file__).parent / "statistics.sql").read_bytes()
_COUNT_SQL = """
SELECT count(*)
FROM (SELECT FROM {} LIMIT %s) AS first_rows
"""
_IDENTIFIER_SQL = """
SELECT n.nspname, c.relname
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.oid = %s
  AND c.relispopulated
"""


@dataclass(frozen=True)
class TableStatistics:
    """A table, its columns, and those that the planner has statistics of."""

    oid: int
    identifier: tuple[str, ...]
    """Schema and name, unquoted."""
    columns: frozenset[str]
    known: frozenset[str]


@dataclass(frozen=True, order=True)
class StatisticsGap:
    """A table with many rows of which the planner knows less than before, or nothing."""

    table: str
    """With its schema, but for ``public``."""
    kind: Literal["rebuilt", "new", "columns"]
    """It is another table than before of that name, or the name is new, or columns lost theirs."""
    columns: tuple[str, ...] = ()
    """Those that lost their statistics, for the kind *columns*."""


Statistics = Mapping[str, TableStatistics]
"""By name of the table."""


def read_statistics(connection: Connection) -> dict[str, TableStatistics]:
    """Read what the planner has statistics of."""
    rows = connection.execute(_STATISTICS_SQL).fetchall()
    return {
        name: TableStatistics(oid, tuple(identifier), frozenset(columns), frozenset(known))
        for oid, name, identifier, columns, known in rows
    }


def statistics_gaps(before: Statistics, connection: Connection) -> tuple[StatisticsGap, ...]:
    """Compare with what was known before; ``connection`` sees what the script has committed."""
    after = read_statistics(connection)
    return tuple(
        sorted(
            gap
            for gap in _gaps(before, after)
            if _has_many_rows(after[gap.table].identifier, connection)
        )
    )


def _gaps(before: Statistics, after: Statistics) -> Iterator[StatisticsGap]:
    for name, table in after.items():
        earlier = before.get(name)
        if earlier is None:
            if not table.known and not _is_renamed(table, before):
                yield StatisticsGap(name, "new")
        elif earlier.known and not table.known:
            yield StatisticsGap(name, "rebuilt")
        elif earlier.oid == table.oid and (lost := earlier.known & table.columns - table.known):
            yield StatisticsGap(name, "columns", tuple(sorted(lost)))


def _is_renamed(table: TableStatistics, before: Statistics) -> bool:
    return any(earlier.oid == table.oid for earlier in before.values())


def count_up_to_many(oid: int, connection: Connection) -> int:
    """Count the rows of a table up to one more than :data:`MANY_ROWS`; 0 if it is gone or empty."""
    identifier = connection.execute(_IDENTIFIER_SQL, (oid,)).fetchone()
    return _count(identifier, connection) if identifier else 0


def _has_many_rows(identifier: tuple[str, ...], connection: Connection) -> bool:
    return _count(identifier, connection) > MANY_ROWS


def _count(identifier: tuple[str, ...], connection: Connection) -> int:
    row = connection.execute(
        sql.SQL(_COUNT_SQL).format(sql.Identifier(*identifier)), (MANY_ROWS + 1,)
    ).fetchone()
    return int(row[0]) if row else 0
