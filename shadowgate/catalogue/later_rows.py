"""Rows that were written after a first state of a database, followed through what came next."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation

import numpy as np
from psycopg import sql

from shadowgate.catalogue.fingerprint import Table, find, pinned
from shadowgate.catalogue.rows import SHOWN, Words, hash_words, key_condition
from shadowgate.server.base import Connection, Database


@dataclass(frozen=True)
class LaterRows:
    """The rows of a table that were written later; false if none of them was altered."""

    table: str
    written: int
    altered: int
    """Those that are not there any more as they were written."""
    examples: tuple[str, ...] = ()
    """The first of them, in words."""

    def __bool__(self) -> bool:
        return self.altered > 0

    def __str__(self) -> str:
        return (
            f"{self.table}: {self.altered:,} of {self.written:,} rows written later are not kept: "
            f"{'; '.join(self.examples)}"
        )


def follow_later_rows(
    before: Database, written: Database, after: Database, table: str, renamed: str
) -> LaterRows:
    """Look whether rows that were written after ``before`` are as they were written.

    Compared are the columns that the table has in all three databases, by their text: a column may
    have had another type meanwhile.

    Args:
        before: rows from here are nobody's concern.
        written: with the rows that were written later.
        after: what became of them.
        table: qualified name.
        renamed: its name in ``written``.

    Raises:
        UsageError: a database lacks the table.
        psycopg.Error: a row cannot be read.
    """
    with ExitStack() as stack:
        sessions = [stack.enter_context(each.connect()) for each in (before, written, after)]
        for session in sessions:
            stack.enter_context(pinned(session))
        names = (table, renamed, table)
        tables = [
            _as_text(find(session, [name])[0])
            for session, name in zip(sessions, names, strict=True)
        ]
        columns = _in_all(tables)
        key = tables[0].primary_key if {*tables[0].primary_key} <= {*columns} else ()
        words = [
            hash_words(session, found, key or columns, columns)["key"].astype(np.int64)
            for session, found in zip(sessions, tables, strict=True)
        ]
        later = np.setdiff1d(words[1], words[0])
        there = _rows(sessions[1], tables[1], key, columns, later)
        here = _rows(sessions[2], tables[2], key, columns, later)
    altered = [name for name, row in there.items() if not _same(row, here.get(name))]
    examples = tuple(_in_words(name, there[name], here.get(name), columns) for name in altered)
    return LaterRows(table, len(later), len(altered), examples[:SHOWN])


Row = tuple[str | None, ...]


def _as_text(table: Table) -> Table:
    """The table with each column read as text: its type may not be the same on every side."""
    texts = {
        column: sql.SQL("{}::text").format(sql.Identifier("t", column)).as_string()
        for column in table.columns
    }
    return replace(table, senders=texts)


def _in_all(tables: list[Table]) -> tuple[str, ...]:
    common = set.intersection(*({*each.columns} for each in tables))
    return tuple(name for name in tables[0].columns if name in common)


def _rows(
    connection: Connection,
    table: Table,
    key: tuple[str, ...],
    columns: tuple[str, ...],
    words: Words,
) -> dict[Row, Row]:
    """Rows with these keys, by their keys, as text."""
    shown = sql.SQL(", ").join(
        sql.SQL("{}::text").format(sql.Identifier("t", name)) for name in (*key, *columns)
    )
    query = sql.SQL("SELECT {} FROM {} AS t WHERE {}").format(
        shown, table.source(), key_condition(table, key or columns, words)
    )
    found = connection.execute(query).fetchall() if len(words) else []
    if not key:
        return {row: row for row in found}
    return {row[: len(key)]: row[len(key) :] for row in found}


def _same(row: Row, other: Row | None) -> bool:
    return other is not None and all(map(_same_value, row, other))


def _same_value(one: str | None, other: str | None) -> bool:
    """Whether two texts stand for the same value: a number may have other trailing zeros."""
    if one == other or one is None or other is None:
        return one == other
    try:
        return Decimal(one) == Decimal(other)
    except InvalidOperation:
        return False


def _in_words(name: Row, row: Row, other: Row | None, columns: tuple[str, ...]) -> str:
    called = f"({', '.join(map(str, name))})"
    if other is None:
        return f"{called} is gone"
    changed = [
        f"{column} was {_short(old)}, is {_short(new)}"
        for column, old, new in zip(columns, row, other, strict=True)
        if not _same_value(old, new)
    ]
    return f"{called}: {', '.join(changed)}"


def _short(value: str | None) -> str:
    if value is None:
        return "NULL"
    return repr(value) if len(value) <= 24 else f"{value[:20]!r}… ({len(value)} characters)"
