"""The columns of a table as those meet them who write rows, and values that no row has yet."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from psycopg import sql

from shadowgate.server.base import Connection

INTEGERS = {"smallint": 2**15 - 1, "integer": 2**31 - 1, "bigint": 2**63 - 1}
"""Type -> its greatest value."""

TEXTS = frozenset({"text", "character varying", "character"})

_COLUMNS = (Path(__file__).parent / "columns.sql").read_text(encoding="utf-8")
_GREATEST = "(SELECT pg_catalog.max(t.{column}) FROM {table} AS t)"
_STEPS = {
    **dict.fromkeys((*INTEGERS, "numeric"), "{n}"),
    "date": "{n}::integer",
    "timestamp without time zone": "{n} * interval '1 second'",
    "timestamp with time zone": "{n} * interval '1 second'",
}
"""Type -> what is added to the greatest value that there is, for a new one."""


@dataclass(frozen=True)
class Column:
    """A column of a table or view."""

    number: int
    """Stays what it is when the column is renamed."""
    name: str
    type: str
    base: str
    """Its type without a modifier."""
    modifier: int
    not_null: bool
    computed: bool
    """Nobody may write it."""
    unique: bool
    """A unique index or constraint is over it."""
    numbered: bool
    """A sequence gives its values."""
    filled: bool
    """It gets a value where nobody gives it one: by a default, a sequence or its type."""

    @property
    def demanded(self) -> bool:
        """Whether every INSERT has to give it a value."""
        return self.not_null and not self.filled and not self.computed

    @property
    def length(self) -> int | None:
        """The most characters that a text may have; ``None`` if there is no such limit."""
        # atttypmod of a text is its length and four bytes.
        return self.modifier - 4 if self.base in TEXTS and self.modifier > 4 else None


def columns_of(connection: Connection, table: str) -> dict[str, Column]:
    """The columns of a table by their names; none if there is no such table.

    Args:
        connection: to the database.
        table: qualified and quoted.
    """
    rows = connection.execute(_COLUMNS.encode(), {"table": table}).fetchall()
    return {row[1]: Column(*row) for row in rows}


def fresh_value(table: str, column: Column, number: sql.Composable) -> sql.Composable:
    """A value that no row of the table has; of a row ``t`` its own where none is known.

    Args:
        table: qualified and quoted.
        column: of the table.
        number: another whole number for each row that is made, from 1.
    """
    own = sql.Identifier("t", column.name)
    if column.base in _STEPS:
        return sql.SQL(f"{_GREATEST} + {_STEPS[column.base]}").format(
            column=sql.Identifier(column.name), table=sql.SQL(table), n=number
        )
    if column.base in TEXTS:
        kept: sql.Composable = own
        if column.length is not None:  # two characters are added
            room = max(column.length - 2, 0)
            kept = sql.SQL("pg_catalog.left({}::text, {})").format(kept, sql.Literal(room))
        return sql.SQL("{} || '-' || {}").format(kept, number)
    if column.base == "uuid":
        return sql.SQL("pg_catalog.gen_random_uuid()")
    return own
