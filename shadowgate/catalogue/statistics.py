"""Tables that the planner knows nothing of, since nobody analysed them after they were filled.

A table that is filled beside the old one and takes its name has no column statistics until somebody
analyses it. Until then the planner assumes, and may choose plans that are slower by orders. What
tells it are the statistics themselves: row and page counts are also written by CREATE INDEX.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from psycopg import sql

from shadowgate.catalogue.fingerprint import pinned
from shadowgate.server.base import Connection

_TABLES = (Path(__file__).parent / "table_statistics.sql").read_bytes()

SMALL = 1000
"""Of a table with fewer rows the plan matters little, and autovacuum leaves the smallest ones
unanalysed for good."""


@dataclass(frozen=True)
class TableStatistics:
    """Which tables have column statistics: name -> root of its partitions, or its own name."""

    analysed: Mapping[str, str]
    unanalysed: Mapping[str, str]
    """Without any, though they have at least ``SMALL`` rows."""


def table_statistics(connection: Connection) -> TableStatistics:
    """Look up which tables have column statistics.

    Autovacuum analyses what it finds unanalysed: on a database whose statistics are to be judged it
    must be off since before the migration.

    Raises:
        psycopg.Error: a table cannot be read.
    """
    analysed: dict[str, str] = {}
    unanalysed: dict[str, str] = {}
    with pinned(connection):
        for name, root, only, known in connection.execute(_TABLES).fetchall():
            if known:
                analysed[name] = root
            elif _has_rows(connection, name, only=only):
                unanalysed[name] = root
    return TableStatistics(analysed, unanalysed)


def tables_without_statistics(connection: Connection) -> frozenset[str]:
    """The tables with at least ``SMALL`` rows and no column statistics."""
    return frozenset(table_statistics(connection).unanalysed)


def statistics_left_behind(
    before: TableStatistics, after: TableStatistics, renames: Mapping[str, str] | None = None
) -> tuple[str, ...]:
    """Name the tables that had statistics and have none now, a sentence each with what to do.

    A table that is new altogether is none of them: no query from before reads it. A new partition
    of a table that had statistics is one, since rows of that table are in it now.

    Args:
        before: before the migration.
        after: right after it, before anybody analysed anything.
        renames: table before -> the name that it has afterwards.
    """
    return tuple(
        f"{name} was filled anew and never analysed: the planner has no statistics of it;"
        f" add ANALYZE {name} at the end of the migration"
        for name in _left_behind(before, after, renames or {})
    )


def _left_behind(
    before: TableStatistics, after: TableStatistics, renames: Mapping[str, str]
) -> Iterator[str]:
    roots = {*before.analysed.values()}
    known = roots | {renames[old] for old in roots if old in renames}
    names = {*before.analysed} | {renames[old] for old in before.analysed if old in renames}
    for name, root in after.unanalysed.items():
        if name in before.unanalysed:
            continue
        is_partition = name != root
        if name in names or (is_partition and root in known):
            yield name


def _has_rows(connection: Connection, name: str, *, only: bool) -> bool:
    query = sql.SQL("SELECT count(*) FROM (SELECT FROM {} LIMIT {}) AS counted").format(
        sql.SQL(f"ONLY {name}" if only else name), sql.Literal(SMALL)
    )
    row = connection.execute(query).fetchone()
    return row is not None and row[0] >= SMALL
