"""What is written between a migration and its rollback, where nobody says what users write.

Rows of the tables that the migration touches are copied under new keys. In columns whose type got
wider, or that may be null now, the copies hold what only the migrated table admits: what a rollback
does with such values is what nobody looks at until it is needed.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import psycopg
from psycopg import sql

from shadowgate.catalogue.columns import INTEGERS, TEXTS, Column, columns_of, fresh_value
from shadowgate.catalogue.histories import is_history
from shadowgate.language import sentence
from shadowgate.server import Connection, Database

COPIED = 3
"""Rows copied of each table."""

_COPY = sql.SQL("""
INSERT INTO {table} ({columns})
SELECT {values}
FROM (SELECT row_number() OVER () AS {number}, t.* FROM {table} AS t LIMIT {copied}) AS t
""")
_NUMBER = sql.Identifier("number of the copy")
_N = sql.Identifier("t", "number of the copy")


@dataclass(frozen=True)
class LaterWrite:
    """What users write between a migration and its rollback, in one transaction."""

    name: str
    sql: str
    required: bool = False
    """The plan asks for it; else what fails is left out."""


def derive_later_writes(
    before: Database, migrated: Database, tables: Collection[str], *, wider: bool = True
) -> tuple[LaterWrite, ...]:
    """Copies of rows of some tables, as statements that the migrated database accepts.

    What belongs to an extension, or is a migration tool's history, is nothing that users write.

    Args:
        before: the database before the migration.
        migrated: the database after it; what is tried there is rolled back.
        tables: qualified names; those that only one of the two has are passed over.
        wider: with values that only the migrated table admits, where there are such.
    """
    with before.connect() as old, migrated.connect() as new:
        found = []
        for table in sorted(table for table in tables if not is_history(table)):
            columns, earlier = columns_of(new, table), columns_of(old, table)
            if (
                columns
                and earlier
                and (statement := _accepted(new, table, columns, earlier if wider else columns))
            ):
                found.append(
                    LaterWrite(sentence("copies of rows of {table}", table=table), statement)
                )
        return tuple(found)


def _accepted(
    connection: Connection,
    table: str,
    columns: dict[str, Column],
    earlier: dict[str, Column],
) -> str | None:
    """A form of the copy that the table takes, with as many wider values as it takes.

    Every unique column gets new values, or else one of them: another may refer to a table. A key
    that a sequence numbers gets its next values, or those that its sequence will have once the
    earlier type would have been used up.
    """
    written = [c for c in columns.values() if not c.computed]
    unique = [c.name for c in written if c.unique and not c.numbered]
    fresh = [unique, *([name] for name in unique if len(unique) > 1)]
    wider = {
        c.name: value
        for c in written
        if c.name in earlier
        and (c.base in INTEGERS or not c.unique)
        and (value := _wider(c, earlier[c.name]))
    }
    for renewed in fresh:
        values = {c.name: fresh_value(table, c, _N) for c in written if c.name in renewed}
        statement = _copy(table, written, values | wider)
        if _takes(connection, statement):
            return statement.as_string(connection)
        if _takes(connection, _copy(table, written, values)):
            return _widened(connection, table, written, values, wider)
    return None


def _widened(
    connection: Connection,
    table: str,
    written: list[Column],
    values: dict[str, sql.Composable],
    wider: dict[str, sql.Composable],
) -> str:
    """A copy that the table takes, with those of the wider values that it takes."""
    for name, value in wider.items():
        if _takes(connection, _copy(table, written, {**values, name: value})):
            values = {**values, name: value}
    return _copy(table, written, values).as_string(connection)


def _takes(connection: Connection, statement: sql.Composed) -> bool:
    """Whether a statement writes a row; what it writes is rolled back."""
    try:
        with connection.transaction(force_rollback=True):
            written = connection.execute(statement).rowcount
            connection.execute("SET CONSTRAINTS ALL IMMEDIATE")  # else it would fail at the end
            return written > 0
    except psycopg.Error:
        return False


def _copy(table: str, written: list[Column], values: dict[str, sql.Composable]) -> sql.Composed:
    """Copy rows, with other values than their own in some columns."""
    given = [c for c in written if c.name in values or not (c.unique and c.numbered)]
    if not given:  # every column gets its value by itself
        return sql.SQL("INSERT INTO {} DEFAULT VALUES").format(sql.SQL(table))
    return _COPY.format(
        table=sql.SQL(table),  # qualified and quoted, as the catalogue gives it
        columns=sql.SQL(", ").join(sql.Identifier(column.name) for column in given),
        values=sql.SQL(", ").join(values.get(c.name, _own(c)) for c in given),
        number=_NUMBER,
        copied=sql.Literal(COPIED),
    )


def _own(column: Column) -> sql.Composable:
    return sql.Identifier("t", column.name)


def _wider(column: Column, earlier: Column) -> sql.Composable | None:
    """A value that the column can have now and could not have before; of integers a new one."""
    if earlier.not_null and not column.not_null and not column.unique:
        return sql.SQL("NULL")
    if column.base in TEXTS and earlier.base in TEXTS and earlier.modifier > 0:
        before = earlier.modifier - 4
        length = min(column.modifier - 4, 2 * before) if column.modifier > 0 else 2 * before
        if length > before:
            own = sql.SQL("{}::text || ' '").format(_own(column))
            repeated = sql.SQL(
                "pg_catalog.repeat({own}, {length} / pg_catalog.length({own}) + 1)"
            ).format(own=own, length=sql.Literal(length))
            return sql.SQL("pg_catalog.left({}, {})").format(repeated, sql.Literal(length))
    if INTEGERS.get(column.base, 0) > INTEGERS.get(earlier.base, 2**63):
        return sql.SQL("{} + {}").format(sql.Literal(INTEGERS[earlier.base]), _N)
    return None
