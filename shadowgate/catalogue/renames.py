"""Tables of a database that its copy has under other names, known by their numbers."""

from __future__ import annotations

from shadowgate.server.base import Connection, Database

_TABLES = """
SELECT c.oid, pg_catalog.format('%I.%I', n.nspname, c.relname)
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'm')
"""


def renamed_tables(before: Database, after: Database) -> dict[str, str]:
    """Tables whose name no table bears any more, and what they are called instead.

    Args:
        before: a database.
        after: a copy of it, which has the numbers of its tables, and what became of it.

    Returns:
        Old name -> new one, both with their schema.
    """
    with before.connect() as one, after.connect() as other:
        old, new = _tables(one), _tables(other)
    borne = {*new.values()}
    return {name: new[oid] for oid, name in old.items() if name not in borne and oid in new}


def _tables(connection: Connection) -> dict[int, str]:
    return dict(connection.execute(_TABLES.encode()).fetchall())
