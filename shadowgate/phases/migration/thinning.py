"""A copy made smaller: a fixed random sample of its tables, in which foreign keys still hold."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from psycopg import sql

from shadowgate.server import Connection

_TABLES = """
SELECT asked.name, c.oid::bigint, n.nspname, c.relname, c.relkind = 'r'
FROM unnest(%s::text[]) AS asked (name)
JOIN pg_catalog.pg_class AS c ON c.oid = pg_catalog.to_regclass(asked.name)
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p')
    AND NOT EXISTS (
        SELECT FROM pg_catalog.pg_depend AS d WHERE d.objid = c.oid AND d.deptype = 'e'
    )
ORDER BY asked.name
"""

_KEYS = """
SELECT k.conrelid::bigint, k.confrelid::bigint, n.nspname, c.relname, c.relkind = 'r',
       pn.nspname, p.relname,
       ARRAY(SELECT a.attname::text FROM unnest(k.conkey) WITH ORDINALITY AS u (attnum, place)
             JOIN pg_catalog.pg_attribute AS a USING (attnum)
             WHERE a.attrelid = k.conrelid ORDER BY place),
       ARRAY(SELECT a.attname::text FROM unnest(k.confkey) WITH ORDINALITY AS u (attnum, place)
             JOIN pg_catalog.pg_attribute AS a USING (attnum)
             WHERE a.attrelid = k.confrelid ORDER BY place),
       NOT EXISTS (SELECT FROM pg_catalog.pg_attribute AS a
                   WHERE a.attrelid = k.conrelid AND a.attnum = ANY (k.conkey) AND a.attnotnull)
FROM pg_catalog.pg_constraint AS k
JOIN pg_catalog.pg_class AS c ON c.oid = k.conrelid
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_class AS p ON p.oid = k.confrelid
JOIN pg_catalog.pg_namespace AS pn ON pn.oid = p.relnamespace
WHERE k.contype = 'f' AND k.conparentid = 0
ORDER BY k.conrelid, k.conname
"""

_LEEWAY = 1.1
"""A table that foreign keys have brought near its share already is left so."""


@dataclass(frozen=True)
class _Table:
    oid: int
    schema: str
    name: str
    alone: bool
    """Tables that inherit from it have rows of their own."""

    @property
    def relation(self) -> sql.Identifier:
        return sql.Identifier(self.schema, self.name)

    @property
    def rows(self) -> sql.Composed:
        return sql.SQL("ONLY {}" if self.alone else "{}").format(self.relation)


@dataclass(frozen=True)
class _Key:
    """A foreign key."""

    table: _Table
    parent_oid: int
    parent: sql.Identifier
    columns: tuple[str, ...]
    parent_columns: tuple[str, ...]
    optional: bool
    """Whether all of its columns may be null."""


def thin(connection: Connection, shares: Mapping[str, float]) -> None:
    """Keep a share of the rows of some tables, and no row that refers to one that has gone.

    Tables without a foreign key to another of them are sampled first; what refers to them keeps the
    rows whose referenced ones are kept, and is sampled only as far as it is still too large. Within
    a table that refers to itself such a reference is emptied, if it may be: along chains nothing
    would be left. Extensions' tables keep their rows. Triggers do not fire.

    Args:
        connection: to a copy that belongs to us, without a transaction.
        shares: table, qualified and quoted -> share to keep, from 0 to 1.

    Raises:
        psycopg.Error: the role may not set ``session_replication_role``, or a row cannot be
            deleted.
    """
    connection.execute("SELECT setseed(0.5)")
    found = connection.execute(_TABLES, [list(shares)]).fetchall()
    tables = {name: _Table(*row) for name, *row in found}
    sampled = {table.oid for table in tables.values()}
    keys = _keys(connection)
    dependent = {key.table.oid for key in keys if key.parent_oid in sampled - {key.table.oid}}
    counted = {name: _count(connection, table) for name, table in tables.items()}
    changed: dict[int, _Table] = {}
    for name, table in tables.items():
        if table.oid not in dependent:
            _sample(connection, table, shares[name])
            changed[table.oid] = table
    _follow(connection, keys, changed)
    for name, table in tables.items():
        left = _count(connection, table)
        if left > _LEEWAY * shares[name] * counted[name]:
            _sample(connection, table, shares[name] * counted[name] / left)
            changed[table.oid] = table
    _follow(connection, keys, changed)
    for table in changed.values():
        connection.execute(sql.SQL("VACUUM (FULL, ANALYZE) {}").format(table.relation))


def _keys(connection: Connection) -> list[_Key]:
    return [
        _Key(
            _Table(oid, schema, name, alone),
            parent_oid,
            sql.Identifier(parent_schema, parent),
            tuple(columns),
            tuple(parent_columns),
            optional,
        )
        for (
            oid,
            parent_oid,
            schema,
            name,
            alone,
            parent_schema,
            parent,
            columns,
            parent_columns,
            optional,
        ) in connection.execute(_KEYS).fetchall()
    ]


def _count(connection: Connection, table: _Table) -> int:
    row = connection.execute(sql.SQL("SELECT count(*) FROM {}").format(table.rows)).fetchone()
    return int(row[0]) if row else 0


def _sample(connection: Connection, table: _Table, share: float) -> None:
    # No parameter: a percent sign in a name would be taken for one.
    statement = sql.SQL("DELETE FROM {} WHERE random() >= {}")
    _write(connection, statement.format(table.rows, sql.Literal(share)))


def _follow(connection: Connection, keys: Collection[_Key], changed: dict[int, _Table]) -> None:
    """Take away what refers to rows that have gone, until nothing does."""
    todo = set(changed)
    while todo:
        again: set[int] = set()
        for key in keys:
            if key.parent_oid in todo and _write(connection, _without_orphans(key)):
                changed[key.table.oid] = key.table
                if key.table.oid != key.parent_oid or not key.optional:
                    again.add(key.table.oid)
        todo = again


def _without_orphans(key: _Key) -> sql.Composed:
    columns = [sql.Identifier("c", name) for name in key.columns]
    there = sql.SQL("SELECT FROM {} AS p WHERE {}").format(
        key.parent,
        _joined(
            " AND ",
            (
                sql.SQL("{} = {}").format(sql.Identifier("p", parent), column)
                for parent, column in zip(key.parent_columns, columns, strict=True)
            ),
        ),
    )
    refers = _joined(" AND ", (sql.SQL("{} IS NOT NULL").format(column) for column in columns))
    if key.optional and key.table.oid == key.parent_oid:
        emptied = _joined(
            ", ", (sql.SQL("{} = NULL").format(sql.Identifier(name)) for name in key.columns)
        )
        return sql.SQL("UPDATE {} AS c SET {} WHERE {} AND NOT EXISTS ({})").format(
            key.table.rows, emptied, refers, there
        )
    return sql.SQL("DELETE FROM {} AS c WHERE {} AND NOT EXISTS ({})").format(
        key.table.rows, refers, there
    )


def _joined(between: str, parts: Iterable[sql.Composable]) -> sql.Composed:
    return sql.SQL(between).join(parts)


def _write(connection: Connection, statement: sql.Composed) -> int:
    """Rows that a statement wrote, with no trigger, rule or foreign key in its way."""
    with connection.transaction():
        connection.execute("SET LOCAL session_replication_role = replica")
        return max(connection.execute(statement).rowcount, 0)
