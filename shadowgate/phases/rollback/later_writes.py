"""What is written between a migration and its rollback, where nobody says what users write.

Rows of the tables that the migration touches are copied under new keys. In columns whose type got
wider, or that may be null now, the copies hold what only the migrated table admits: what a rollback
does with such values is what nobody looks at until it is needed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

import psycopg
from psycopg import sql

from shadowgate.server import Connection, Database

COPIED = 3
"""Rows copied of each table."""

_COLUMNS = """
SELECT
    a.attname,
    pg_catalog.format_type(a.atttypid, a.atttypmod),
    a.atttypid::pg_catalog.regtype::text,
    a.atttypmod,
    a.attnotnull,
    a.attgenerated <> '' OR a.attidentity = 'a',
    EXISTS (
        SELECT
        FROM pg_catalog.pg_index AS i
        WHERE i.indrelid = a.attrelid AND i.indisunique AND a.attnum = ANY (i.indkey)
    ),
    a.attidentity <> '' OR pg_catalog.pg_get_serial_sequence(%(table)s, a.attname) IS NOT NULL
FROM pg_catalog.pg_attribute AS a
WHERE a.attrelid = pg_catalog.to_regclass(%(table)s) AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attnum
"""
_COPY = sql.SQL("""
INSERT INTO {table} ({columns})
SELECT {values}
FROM (SELECT row_number() OVER () AS n, t.* FROM {table} AS t LIMIT {copied}) AS t
""")
_INTEGERS = {"smallint": 2**15 - 1, "integer": 2**31 - 1, "bigint": 2**63 - 1}
_TEXTS = frozenset({"text", "character varying", "character"})


@dataclass(frozen=True)
class LaterWrite:
    """What users write between a migration and its rollback, in one transaction."""

    name: str
    sql: str
    required: bool = False
    """The plan asks for it; else what fails is left out."""


@dataclass(frozen=True)
class _Column:
    name: str
    type: str
    base: str
    """Its type without a modifier."""
    modifier: int
    not_null: bool
    computed: bool
    """Nobody may write it."""
    unique: bool
    numbered: bool
    """A sequence gives its values."""


def derive_later_writes(
    before: Database, migrated: Database, tables: Collection[str], *, wider: bool = True
) -> tuple[LaterWrite, ...]:
    """Copies of rows of some tables, as statements that the migrated database accepts.

    Args:
        before: the database before the migration.
        migrated: the database after it; what is tried there is rolled back.
        tables: qualified names; those that only one of the two has are passed over.
        wider: with values that only the migrated table admits, where there are such.
    """
    with before.connect() as old, migrated.connect() as new:
        found = []
        for table in sorted(tables):
            columns, earlier = _columns(new, table), _columns(old, table)
            if (
                columns
                and earlier
                and (statement := _accepted(new, table, columns, earlier if wider else columns))
            ):
                found.append(LaterWrite(f"copies of rows of {table}", statement))
        return tuple(found)


def _columns(connection: Connection, table: str) -> dict[str, _Column]:
    rows = connection.execute(_COLUMNS, {"table": table}).fetchall()
    return {row[0]: _Column(*row) for row in rows}


def _accepted(
    connection: Connection,
    table: str,
    columns: dict[str, _Column],
    earlier: dict[str, _Column],
) -> str | None:
    """The first form of the copy that the table takes: with wider values, or else without."""
    for compared in (earlier, columns):
        statement = _copy(table, columns, compared)
        try:
            with connection.transaction(force_rollback=True):
                if connection.execute(statement).rowcount > 0:
                    return statement.as_string(connection)
        except psycopg.Error:
            continue
    return None


def _copy(
    table: str,
    columns: dict[str, _Column],
    earlier: dict[str, _Column],
) -> sql.Composed:
    written = [c for c in columns.values() if not c.computed and not (c.unique and c.numbered)]
    values = [_value(column, earlier.get(column.name)) for column in written]
    if not written:  # every column gets its value by itself
        return sql.SQL("INSERT INTO {} DEFAULT VALUES").format(sql.SQL(table))
    return _COPY.format(
        table=sql.SQL(table),  # qualified and quoted, as the catalogue gives it
        columns=sql.SQL(", ").join(sql.Identifier(column.name) for column in written),
        values=sql.SQL(", ").join(values),
        copied=sql.Literal(COPIED),
    )


def _value(column: _Column, earlier: _Column | None) -> sql.Composable:
    """The row's own value; another one where it must be new, or can be what it could not be."""
    own = sql.Identifier("t", column.name)
    if column.unique:
        return _new(column, own)
    for value in _wider(column, earlier):
        return value
    return own


def _new(column: _Column, own: sql.Composable) -> sql.Composable:
    if column.base in _INTEGERS:
        return sql.SQL("{} + 100000 + t.n").format(own)
    if column.base in _TEXTS:
        return sql.SQL("{} || '-' || t.n").format(own)
    if column.base == "uuid":
        return sql.SQL("pg_catalog.gen_random_uuid()")
    return own


def _wider(column: _Column, earlier: _Column | None) -> Iterator[sql.Composable]:
    if earlier is None:
        return
    if earlier.not_null and not column.not_null:
        yield sql.SQL("NULL")
    if column.type == earlier.type:
        return
    if column.base in _TEXTS and earlier.modifier > 0:
        # atttypmod of a text is its length and four bytes.
        length = column.modifier - 4 if column.modifier > 0 else 2 * (earlier.modifier - 4)
        yield sql.SQL("pg_catalog.left(pg_catalog.repeat({}::text || ' ', {}), {})").format(
            sql.Identifier("t", column.name), sql.Literal(length), sql.Literal(length)
        )
    if column.base in _INTEGERS and earlier.base in _INTEGERS:
        yield sql.SQL("{} + t.n").format(sql.Literal(_INTEGERS[earlier.base]))
