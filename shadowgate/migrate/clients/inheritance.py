"""Rows that a table showed with those of the tables that inherit from it, and shows no longer.

Source: PostgreSQL manual, 5.10 Inheritance.
"""

from __future__ import annotations

from collections.abc import Iterator

from psycopg import sql

from shadowgate.language import sentence
from shadowgate.migrate.clients.refusals import INHERITED_ROWS_LOST, Refusal
from shadowgate.server.base import Connection

_INHERITING = """
WITH RECURSIVE inheriting (parent, child) AS (
    SELECT i.inhparent, i.inhrelid
    FROM pg_catalog.pg_inherits AS i
    JOIN pg_catalog.pg_class AS c ON c.oid = i.inhparent AND c.relkind = 'r'
    UNION
    SELECT above.parent, i.inhrelid
    FROM inheriting AS above
    JOIN pg_catalog.pg_inherits AS i ON i.inhparent = above.child
)
SELECT parent::bigint, child::bigint FROM inheriting ORDER BY 1, 2
"""
_NAMES = """
SELECT c.oid::bigint, pg_catalog.format('%I.%I', n.nspname, c.relname)
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind = 'r'
"""


def lost_inherited_rows(before: Connection, after: Connection) -> Iterator[Refusal]:
    """Tables that no longer inherit from another one, which shows fewer rows since.

    Args:
        before: to a copy of the database before the migration.
        after: to a copy of the migrated database, whose tables have the same numbers.
    """
    gone = {*before.execute(_INHERITING.encode())} - {*after.execute(_INHERITING.encode())}
    if not gone:
        return
    names, known = _names(after), _names(before)
    for parent, child in sorted(gone):
        if parent not in names or child not in names:
            continue
        left = _count(after, names[parent])
        was = _count(before, known[parent])
        if left >= was or not _count(after, names[child]):
            continue
        said = sentence(
            "{parent} shows {was:,} rows before the migration and {left:,} after it: those of "
            "{child}, which inherits from it no longer, are not among them",
            parent=names[parent],
            was=was,
            left=left,
            child=names[child],
        )
        yield Refusal(INHERITED_ROWS_LOST, names[child], said, (names[child],))


def _names(connection: Connection) -> dict[int, str]:
    return dict(connection.execute(_NAMES.encode()).fetchall())


def _count(connection: Connection, table: str) -> int:
    query = sql.SQL("SELECT pg_catalog.count(*) FROM {}").format(sql.SQL(table))
    row = connection.execute(query).fetchone()
    return row[0] if row else 0
