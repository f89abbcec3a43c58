"""Rows that were written after a first state of a database, followed through what came next."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
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

_IN_A_SYSTEM = re.compile(r"(?P<postgis>.*\.)?geometry\(\w+,(?P<srid>\d+)\)")
"""A type of geometries in one reference system, as PostGIS writes it."""

_TRANSFORMED = "{postgis}ST_AsEWKT({postgis}ST_Transform({value}, {srid}))"
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e[-+]?\d+)?")
_NEAR = 1e-9
"""By so much of itself a coordinate may differ that was transformed and back: millimetres."""


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
    is cast back: a date for its midnight, but not a text that was cut. Values that cannot be cast
    back are compared as they are; geometries in another reference system are transformed.

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
        looked_up = [_look_up(session, name) for session, name in zip(sessions, names, strict=True)]
        types = looked_up[1].types
        moved = _in_other_systems(looked_up, types)
        tables = [_in_types(each, types, moved) for each in looked_up]
        columns = _in_all(tables)
        key = tables[2].primary_key if {*tables[2].primary_key} <= {*columns} else ()
        if not key:  # rows are told by all their values, which then must be the same to the bit
            columns = tuple(name for name in columns if name not in moved) or columns
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
    near = [name in moved for name in columns]
    altered = [name for name, row in there.items() if not _same(row, here.get(name), near)]
    examples = tuple(
        _in_words(name, there[name], here.get(name), columns, near) for name in altered
    )
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


@dataclass(frozen=True)
class _Found:
    """A table as one of the databases has it."""

    connection: Connection
    table: LogicalTable
    types: Mapping[str, str]
    """Column -> its type here, as SQL."""

    def works(self, value: sql.Composable) -> bool:
        """Whether an expression has a value for every row."""
        source = self.table.source()
        count = sql.SQL("SELECT pg_catalog.count({}) FROM {} AS t").format(value, source)
        try:
            with self.connection.transaction():
                self.connection.execute(count)
        except (psycopg.ProgrammingError, psycopg.DataError, psycopg.InternalError):
            return False  # there is no such cast, or a value does not bear it
        return True


def _look_up(connection: Connection, name: str) -> _Found:
    (table,) = find(connection, [name])
    return _Found(connection, table, dict(connection.execute(_TYPES, [table.name]).fetchall()))


def _in_types(found: _Found, types: Mapping[str, str], moved: Mapping[str, str]) -> LogicalTable:
    """The table with each column read as the text of its value in one of these types.

    Args:
        found: the table whose columns are read.
        types: column -> the type that it was written in.
        moved: see :func:`_in_other_systems`.
    """
    return replace(
        found.table,
        senders={
            column: moved.get(column)
            or _as_text(found, column, types.get(column, found.types[column]))
            for column in found.table.columns
        },
    )


def _in_other_systems(tables: Sequence[_Found], types: Mapping[str, str]) -> dict[str, str]:
    """Geometries whose reference system is not the same everywhere: column -> SQL for its text.

    In the system that it was written in; where one cannot be transformed, as it is.
    """
    found: dict[str, str] = {}
    for column, wanted in types.items():
        target = _IN_A_SYSTEM.fullmatch(wanted)
        having = [each for each in tables if column in each.types]
        systems = {
            other["srid"]
            for each in having
            if (other := _IN_A_SYSTEM.fullmatch(each.types[column]))
        }
        if target is None or systems <= {target["srid"]}:
            continue
        value = sql.Identifier("t", column)
        transformed = sql.SQL(_TRANSFORMED).format(
            postgis=sql.SQL(target["postgis"] or ""), value=value, srid=sql.SQL(target["srid"])
        )
        is_possible = all(each.works(transformed) for each in having)
        text = transformed if is_possible else sql.SQL("{}::text").format(value)
        found[column] = text.as_string()
    return found


def _as_text(found: _Found, column: str, wanted: str) -> str:
    own, value = found.types[column], sql.Composed([sql.Identifier("t", column)])
    if own != wanted and not own.startswith(_TEXTS):
        cast = sql.SQL("{}::{}").format(value, sql.SQL(wanted))
        if found.works(cast):
            value, own = cast, wanted
    if own.startswith("numeric") and not own.endswith("]"):  # zeros after the point are no value
        value = sql.SQL("pg_catalog.trim_scale({})").format(value)
    return sql.SQL("{}::text").format(value).as_string()


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


def _same(row: Row, other: Row | None, near: Collection[bool]) -> bool:
    return other is not None and all(map(_same_value, row, other, near))


def _same_value(
    one: tuple[str | None, str | None], other: tuple[str | None, str | None], near: bool
) -> bool:
    return one[0] == other[0] or one[1] == other[1] or (near and _is_near(one[0], other[0]))


def _is_near(one: str | None, other: str | None) -> bool:
    """Whether two texts differ in nothing but the last digits of their numbers."""
    if one is None or other is None or _NUMBER.split(one) != _NUMBER.split(other):
        return False
    pairs = zip(_NUMBER.findall(one), _NUMBER.findall(other), strict=True)
    return all(math.isclose(float(a), float(b), rel_tol=_NEAR, abs_tol=_NEAR) for a, b in pairs)


def _in_words(
    name: Key, row: Row, other: Row | None, columns: tuple[str, ...], near: Collection[bool]
) -> str:
    called = f"({', '.join(map(_short, name))})"
    if other is None:
        # TRANSLATORS: {row} is the key of a row, as (17)
        return sentence("{row} is gone", row=called)
    changed = [
        sentence(
            "{column} was {old}, is {new}",
            column=column,
            old=_short(old[shown]),
            new=_short(new[shown]),
        )
        for column, old, new, moved in zip(columns, row, other, near, strict=True)
        if not _same_value(old, new, moved)
        for shown in (0 if moved else 1,)
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
