"""Rows that were written after a first state of a database, followed through what came next."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace

import numpy as np
import psycopg
from psycopg import sql

from shadowgate.catalogue.fingerprint import LogicalTable, find, pinned
from shadowgate.catalogue.rows import PART, SHOWN, Words, hash_words, key_condition
from shadowgate.language import joined, nsentence, sentence
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
        return nsentence(
            "{table}: {altered:,} of {n:,} row written later is not kept: {examples}",
            "{table}: {altered:,} of {n:,} rows written later are not kept: {examples}",
            self.written,
            table=self.table,
            altered=self.altered,
            examples=joined("; ", self.examples),
        )


_TYPES = """
SELECT a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod)
FROM pg_catalog.pg_attribute AS a
WHERE a.attrelid = pg_catalog.to_regclass(%s) AND a.attnum > 0 AND NOT a.attisdropped
"""
_TEXTS = ("text", "character")
"""What types begin with whose values are compared as they are written."""


def follow_later_rows(
    before: Database,
    written: Database,
    after: Database,
    table: str,
    renamed: str,
    *,
    known_as: str | None = None,
    apart: Sequence[str] = (),
) -> LaterRows:
    """Look whether rows that were written after ``before`` are as they were written.

    Compared are the columns that the table has in all three databases. One of another type in
    ``after`` is as it was written if its text is the same, or if it still is the same value when it
    is cast back: a date for its midnight, but not a text that was cut.

    Args:
        before: rows from here are nobody's concern.
        written: with the rows that were written later.
        after: what became of them.
        table: qualified name.
        renamed: its name in ``written``.
        known_as: its name in ``before``, if that is another one.
        apart: qualified names of its partitions in ``written`` that are tables of their own in
            ``after``: a row that is there is kept.

    Raises:
        UsageError: a database lacks the table.
        psycopg.Error: a row cannot be read.
    """
    with ExitStack() as stack:
        sessions = [stack.enter_context(each.connect()) for each in (before, written, after)]
        for session in sessions:
            stack.enter_context(pinned(session))
        sessions += [sessions[2]] * len(apart)
        names = (known_as or table, renamed, table, *apart)
        types = _types(sessions[1], renamed)
        tables = [
            _in_types(session, find(session, [name])[0], types)
            for session, name in zip(sessions, names, strict=True)
        ]
        columns = _in_all(tables)
        key = tables[2].primary_key if {*tables[2].primary_key} <= {*columns} else ()
        words = [
            hash_words(session, found, key or columns, columns)["key"].astype(np.int64)
            for session, found in zip(sessions, tables, strict=True)
        ]
        written_rows = gone_rows = 0
        wanted = np.array([], dtype=np.int64)
        for known, come, left in _parts(*words[:2], np.concatenate(words[2:])):
            distinct = np.unique(come)
            earlier, then, now = (_times(found, distinct) for found in (known, come, left))
            later = np.maximum(then - earlier, 0)
            gone = np.minimum(np.maximum(then - now, 0), later)
            written_rows += int(later.sum())
            gone_rows += int(gone.sum())
            wanted = np.append(wanted, distinct[(later if key else gone) > 0])
        wanted = wanted if key else wanted[:SHOWN]
        there = _rows(sessions[1], tables[1], key, columns, wanted)
        here: dict[Key, Row] = {}
        for found in tables[2:] if key else ():
            here |= _rows(sessions[2], found, key, columns, wanted)
    altered = [name for name, row in there.items() if not _same(row, here.get(name))]
    examples = tuple(_in_words(name, there[name], here.get(name), columns) for name in altered)
    total = len(altered) if key else gone_rows
    return LaterRows(table, written_rows, total, examples[:SHOWN])


def _parts(*words: Words) -> Iterator[tuple[Words, ...]]:
    """All of them in parts that have no word in common: sorting takes many times their memory."""
    number = 1 + sum(map(len, words)) // PART
    for part in range(number):
        yield tuple(found[found % number == part] for found in words)


def _times(words: Words, distinct: Words) -> Words:
    """How often each of these is among the words."""
    ordered = np.sort(words)
    return np.searchsorted(ordered, distinct, "right") - np.searchsorted(ordered, distinct, "left")


Key = tuple[str | None, ...]
Row = tuple[tuple[str | None, str | None], ...]
"""Of each column its value in the type that it was written in, and as it is; both as text."""


def _types(connection: Connection, table: str) -> dict[str, str]:
    """Column -> its type as SQL."""
    return dict(connection.execute(_TYPES, [table]).fetchall())


def _in_types(
    connection: Connection, table: LogicalTable, types: Mapping[str, str]
) -> LogicalTable:
    """The table with each column read as the text of its value in one of these types."""
    own = _types(connection, table.name)
    return replace(
        table,
        senders={
            column: _as_text(connection, column, own[column], types.get(column, own[column]))
            for column in table.columns
        },
    )


def _as_text(connection: Connection, column: str, own: str, wanted: str) -> str:
    value: sql.Composable = sql.Identifier("t", column)
    if own != wanted and not own.startswith(_TEXTS) and _casts(connection, own, wanted):
        value = sql.SQL("{}::{}").format(value, sql.SQL(wanted))
        own = wanted
    if own.startswith("numeric") and not own.endswith("]"):  # zeros after the point are no value
        value = sql.SQL("pg_catalog.trim_scale({})").format(value)
    return sql.SQL("{}::text").format(value).as_string()


def _casts(connection: Connection, own: str, wanted: str) -> bool:
    cast = sql.SQL("SELECT NULL::{}::{}").format(sql.SQL(own), sql.SQL(wanted))
    try:
        with connection.transaction():
            connection.execute(cast)
    except psycopg.errors.ProgrammingError:
        return False
    return True


def _in_all(tables: list[LogicalTable]) -> tuple[str, ...]:
    common = set.intersection(*({*each.columns} for each in tables))
    return tuple(name for name in tables[0].columns if name in common)


def _rows(
    connection: Connection,
    table: LogicalTable,
    key: tuple[str, ...],
    columns: tuple[str, ...],
    words: Words,
) -> dict[Key, Row]:
    """Rows with these keys, by their keys."""
    read = [sql.SQL(table.senders[name]) for name in (*(key or columns), *columns)]
    plain = [sql.SQL("{}::text").format(sql.Identifier("t", name)) for name in columns]
    query = sql.SQL("SELECT {} FROM {} AS t WHERE {}").format(
        sql.SQL(", ").join([*read, *plain]),
        table.source(),
        key_condition(table, key or columns, words),
    )
    found = connection.execute(query).fetchall() if len(words) else []
    width, count = len(key or columns), len(columns)
    return {
        row[:width]: tuple(zip(row[width : width + count], row[width + count :], strict=True))
        for row in found
    }


def _same(row: Row, other: Row | None) -> bool:
    return other is not None and all(map(_same_value, row, other))


def _same_value(one: tuple[str | None, str | None], other: tuple[str | None, str | None]) -> bool:
    return one[0] == other[0] or one[1] == other[1]


def _in_words(name: Key, row: Row, other: Row | None, columns: tuple[str, ...]) -> str:
    called = f"({', '.join(map(_short, name))})"
    if other is None:
        # TRANSLATORS: {row} is the key of a row, as (17)
        return sentence("{row} is gone", row=called)
    changed = [
        sentence(
            "{column} was {old}, is {new}", column=column, old=_short(old[1]), new=_short(new[1])
        )
        for column, old, new in zip(columns, row, other, strict=True)
        if not _same_value(old, new)
    ]
    return sentence("{row}: {changes}", row=called, changes=joined(", ", changed))


def _short(value: str | None) -> str:
    if value is None:
        return "NULL"
    if len(value) <= 24:
        return repr(value)
    return sentence(
        "{beginning}… ({length:,} characters)", beginning=repr(value[:20]), length=len(value)
    )
