"""How many rows each table has, as the planner estimates it: nothing is counted."""

from __future__ import annotations

from shadowgate.server.base import Connection

ESTIMATED_ROWS = """
SELECT pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) AS name,
       (
           SELECT CASE WHEN bool_or(t.reltuples < 0 AND pg_catalog.pg_relation_size(t.oid) > 0)
                       THEN NULL ELSE sum(greatest(t.reltuples, 0)) END::bigint
           FROM pg_catalog.pg_class AS t
           WHERE t.relkind IN ('r', 'f')
             AND (t.oid = c.oid
                  OR t.oid IN (SELECT relid FROM pg_catalog.pg_partition_tree(c.oid)))
       ) AS rows
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p')
  AND NOT c.relispartition
  AND c.oid >= 16384
  AND n.nspname !~ '^pg_(toast|temp)'
  AND NOT EXISTS (
      SELECT FROM pg_catalog.pg_depend AS d
      WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'
  )
ORDER BY 1
"""
"""Logical table, qualified and quoted -> rows; ``NULL`` where nothing was ever counted."""


def estimated_rows(connection: Connection) -> dict[str, int]:
    """Rows of every user's table of which the planner has an estimate, by qualified name.

    Raises:
        psycopg.Error: the catalogues cannot be read.
    """
    found = connection.execute(ESTIMATED_ROWS).fetchall()
    return {str(name): int(rows) for name, rows in found if rows is not None}
