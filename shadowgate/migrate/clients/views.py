"""Columns that readers of a view find no longer, or in another place.

A view is made anew from a text that says which columns it has, and not which it had.
"""

from __future__ import annotations

from collections.abc import Iterator

from shadowgate.language import sentence
from shadowgate.migrate.clients.refusals import VIEW_COLUMN_LOST, VIEW_COLUMN_MOVED, Refusal
from shadowgate.server.base import Connection

_COLUMNS = """
SELECT pg_catalog.format('%I.%I', n.nspname, c.relname),
    pg_catalog.array_agg(a.attname::text ORDER BY a.attnum)
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE {kinds}
    AND n.nspname <> 'information_schema'
    AND n.nspname !~ '^pg_'
    AND NOT EXISTS (
        SELECT FROM pg_catalog.pg_depend AS d
        WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid
            AND d.deptype = 'e'
    )
GROUP BY 1
ORDER BY 1
"""
_VIEWS = _COLUMNS.format(kinds="c.relkind IN ('v', 'm')")
_READABLE = _COLUMNS.format(kinds="c.relkind IN ('v', 'm', 'r', 'p', 'f')")
_SQLSTATE = "42703"


def lost_view_columns(before: Connection, after: Connection) -> Iterator[Refusal]:
    """Views that are there in both, and lack a column since or have them in another order.

    Args:
        before: to the database before the migration.
        after: to the migrated database.
    """
    since = _columns(after, _READABLE)
    for view, columns in _columns(before, _VIEWS).items():
        there = since.get(view, columns)
        lost = [name for name in columns if name not in there]
        for name in lost:
            said = sentence(
                "column {column} of the view {view} is there before the migration and not after "
                "it: who reads it by its name is refused",
                column=name,
                view=view,
            )
            yield Refusal(VIEW_COLUMN_LOST, view, said, (view,), _SQLSTATE)
        kept = [name for name in columns if name not in lost]
        if [name for name in there if name in kept] != kept or there[: len(kept)] != kept:
            said = sentence(
                "the columns {columns} of the view {view} are {others} after the migration: who "
                "reads them by their place gets others",
                columns=", ".join(columns),
                view=view,
                others=", ".join(there),
            )
            yield Refusal(VIEW_COLUMN_MOVED, view, said, (view,))


def _columns(connection: Connection, query: str) -> dict[str, list[str]]:
    return dict(connection.execute(query.encode()).fetchall())
