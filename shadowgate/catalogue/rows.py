"""Which rows of a table differ between two databases, by their primary keys.

Both databases send two 64-bit words for each row, of its key and of its whole content; they are
compared here, and only the keys of differing rows are looked up afterwards. Which columns differ is
asked column by column, of tables with altered rows only.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields, replace
from typing import Literal, LiteralString

import numpy as np
from numpy.typing import NDArray
from psycopg import sql

from shadowgate.catalogue.fingerprint import LogicalTable, find, pinned
from shadowgate.language import joined, nsentence, sentence
from shadowgate.server.base import Connection, Database

SHOWN = 10
"""Keys named of each kind of difference."""

_ROW = np.dtype([("key", ">i8"), ("row", ">i8")])
_BATCH = 10_000
"""Rows whose words are sent as one value: reading them one by one took half of the time."""

PART = 500_000
"""Rows of both sides that are compared at once."""

_DIGEST = "substr(sha256({}), 1, 8)"
_WORD = f"('x' || encode({_DIGEST}, 'hex'))::bit(64)::bigint"
_WORDS = sql.SQL("""
SELECT string_agg(words, ''::bytea)
FROM (
    SELECT {key} || {row} AS words, (row_number() OVER () - 1) / {batch} AS batch
    FROM {table} AS t
    WHERE {where}
) AS hashed
GROUP BY batch
""")
EVERY_ROW = sql.SQL("true")
_KEYS = sql.SQL("SELECT {shown} FROM {table} AS t WHERE {condition} ORDER BY {shown} LIMIT {limit}")

Words = NDArray[np.int64]


@dataclass(frozen=True)
class Rows:
    """Rows of one kind of difference."""

    total: int
    keys: tuple[tuple[str, ...], ...] = ()
    """The primary keys of the first ones, in order; whole rows of a table without a key."""

    def __bool__(self) -> bool:
        return self.total > 0


@dataclass(frozen=True)
class ColumnDifference:
    """A column that altered rows differ in."""

    column: str
    rows: int
    """How many of the altered rows."""


@dataclass(frozen=True)
class RowDifferences:
    """How the rows of a table differ; false if they do not."""

    table: str
    key: tuple[str, ...]
    """Columns that identify a row."""
    lost: Rows
    added: Rows
    doubled: Rows
    """Rows that are there more often than before."""
    changed: Rows
    columns_lost: tuple[str, ...] = ()
    """Columns that are gone; rows are compared in those that both have."""
    columns_changed: tuple[ColumnDifference, ...] = ()
    """Columns that the changed rows differ in."""
    left_out: tuple[str, ...] = ()
    """Columns of either side that were not compared, but for those that are gone."""

    def __bool__(self) -> bool:
        rows = self.lost or self.added or self.doubled or self.changed
        return bool(rows or self.columns_lost)

    def sentences(self) -> list[str]:
        """One sentence for each column lost and for each kind of difference that there is."""
        columns = [
            sentence(
                "{table}: column {column} is gone, and its values with it",
                table=self.table,
                column=column,
            )
            for column in self.columns_lost
        ]
        return [*columns, *self._kinds()]

    def _kinds(self) -> Iterator[str]:
        """A sentence for each kind of difference; ``{keys}`` is empty or begins with a comma."""
        table = self.table
        # TRANSLATORS: {keys} names rows, as ", (id) = (1), (2)", or is empty
        if self.lost:
            yield nsentence(
                "{table}: {n:,} row lost{keys}",
                "{table}: {n:,} rows lost{keys}",
                self.lost.total,
                table=table,
                keys=self._keys_in_words(self.lost),
            )
        if self.added:
            yield nsentence(
                "{table}: {n:,} row added{keys}",
                "{table}: {n:,} rows added{keys}",
                self.added.total,
                table=table,
                keys=self._keys_in_words(self.added),
            )
        if self.doubled:
            yield nsentence(
                "{table}: {n:,} row doubled{keys}",
                "{table}: {n:,} rows doubled{keys}",
                self.doubled.total,
                table=table,
                keys=self._keys_in_words(self.doubled),
            )
        if self.changed and self.columns_changed:
            yield nsentence(
                "{table}: {n:,} row differs in {columns}{keys}",
                "{table}: {n:,} rows differ in {columns}{keys}",
                self.changed.total,
                table=table,
                columns=self._columns_in_words(),
                keys=self._keys_in_words(self.changed),
            )
        elif self.changed:
            yield nsentence(
                "{table}: {n:,} row differs{keys}",
                "{table}: {n:,} rows differ{keys}",
                self.changed.total,
                table=table,
                keys=self._keys_in_words(self.changed),
            )

    def _columns_in_words(self) -> str:
        everywhere = all(found.rows == self.changed.total for found in self.columns_changed)
        *several, last = [
            found.column
            if everywhere
            else sentence("{column} ({rows:,})", column=found.column, rows=found.rows)
            for found in self.columns_changed
        ]
        if not several:
            return last
        return sentence("{several} and {last}", several=joined(", ", several), last=last)

    def _keys_in_words(self, rows: Rows) -> str:
        if not rows.keys:
            return ""
        keys = ", ".join(f"({', '.join(key)})" for key in rows.keys)
        more = " …" if rows.total > len(rows.keys) else ""
        return f", ({', '.join(self.key)}) = {keys}{more}"


def every_row_lost(table: str, rows: int) -> RowDifferences:
    """What is to be said of a table that is gone, and how many rows it had."""
    none = Rows(0)
    return RowDifferences(table, (), lost=Rows(rows), added=none, doubled=none, changed=none)


@dataclass(frozen=True)
class KeySets:
    """Hash words of the keys of differing rows."""

    lost: Words
    added: Words
    doubled: Words
    changed: Words


@dataclass(frozen=True)
class Meanwhile:
    """What users wrote between two states of a database, which is no difference of theirs."""

    earlier: Database
    known_as: str
    """Name of the table there."""
    later: Database
    written_as: str


@dataclass(frozen=True)
class _Side:
    """A table in one of the two databases."""

    connection: Connection
    table: LogicalTable


@dataclass(frozen=True)
class _Sides:
    """The table in both databases, read at the same time."""

    before: _Side
    after: _Side

    def words(
        self, key: Sequence[str], columns: Sequence[str]
    ) -> tuple[NDArray[np.void], NDArray[np.void]]:
        """The hash words of every row on either side, of its key and of these columns."""
        with ThreadPoolExecutor(2) as pool:
            before, after = (
                pool.submit(hash_words, side.connection, side.table, key, columns)
                for side in (self.before, self.after)
            )
            return before.result(), after.result()


def differing_rows(
    before: Database,
    after: Database,
    table: str,
    renamed: str | None = None,
    *,
    leave_out: Collection[str] = (),
    dropped: Collection[str] = (),
    meanwhile: Meanwhile | None = None,
) -> RowDifferences:
    """Compare a logical table in two databases, row by row, in the columns that both have.

    Rows are identified by the primary key from before, if all of it is compared; else a row is its
    own key, and rows differ in some columns if without these both sides have the same rows.

    Args:
        before: the database that says what is right.
        after: the database to judge.
        table: qualified name; a partitioned table stands for its partitions.
        renamed: its name in the database to judge, if that is another one.
        leave_out: columns that may hold anything.
        dropped: columns that are gone as announced: not lost.
        meanwhile: a value that users wrote then, and that is there as they wrote it, differs in
            nothing; of rows with a primary key.

    Raises:
        UsageError: the table is missing on one side.
        psycopg.Error: a row cannot be read.
    """
    with before.connect() as old, after.connect() as new, pinned(old), pinned(new):
        (old_table,), (new_table,) = find(old, [table]), find(new, [renamed or table])
        both = {*old_table.columns} & {*new_table.columns} - {*leave_out}
        columns = tuple(name for name in old_table.columns if name in both)
        has_key = old_table.primary_key and {*old_table.primary_key} <= both
        key = old_table.primary_key if has_key else columns
        sides = _Sides(_Side(old, old_table), _Side(new, new_table))
        words = sides.words(key, columns)
        found = compare(*words)
        if meanwhile is not None and has_key:
            excused = _written_meanwhile(sides, meanwhile, key, columns, found.changed)
            found = replace(found, changed=np.setdiff1d(found.changed, excused))
        missing = [name for name in old_table.columns if name not in new_table.columns]
        lost = tuple(name for name in missing if name not in {*leave_out, *dropped})
        differences = RowDifferences(
            table=table,
            key=key,
            lost=_named(old, old_table, key, found.lost),
            added=_named(new, new_table, key, found.added),
            doubled=_named(new, new_table, key, found.doubled),
            changed=_named(new, new_table, key, found.changed),
            columns_lost=lost,
            left_out=tuple(sorted({*old_table.columns, *new_table.columns} - both - {*lost})),
        )
        if has_key:
            altered = tuple(_columns_changed(sides, key, columns, found.changed))
            return replace(differences, columns_changed=altered)
        return _without_a_key(sides, columns, differences, _surplus(*words))


def _written_meanwhile(
    sides: _Sides,
    meanwhile: Meanwhile,
    key: Sequence[str],
    columns: Sequence[str],
    changed: Words,
) -> Words:
    """The keys of changed rows that differ in nothing but what users wrote into them."""
    with (
        meanwhile.earlier.connect() as one,
        meanwhile.later.connect() as other,
        pinned(one),
        pinned(other),
    ):
        (known,) = find(one, [meanwhile.known_as])
        (written,) = find(other, [meanwhile.written_as])
        then = _Sides(_Side(one, known), _Side(other, written))
        as_written = _Sides(then.after, sides.after)
        there = {*known.columns} & {*written.columns}
        if not {*key} <= there:
            return changed[:0]
        excused = changed
        for column in columns:
            if column in key:
                continue
            differ = _keys_that_differ(sides, key, column, excused)
            if len(differ) and column in there:
                wrote = _keys_that_differ(then, key, column, differ)
                kept = np.setdiff1d(wrote, _keys_that_differ(as_written, key, column, wrote))
                differ = np.setdiff1d(differ, kept)
            excused = np.setdiff1d(excused, differ)
        return excused


def _keys_that_differ(sides: _Sides, key: Sequence[str], column: str, keys: Words) -> Words:
    """Of some keys those whose rows are not on both sides with the same value in a column."""
    before, after = (
        words[np.isin(words["key"].astype(np.int64), keys)]
        for words in sides.words(key, (*key, column))
    )
    found = compare(before, after)
    return np.concatenate([found.changed, found.lost, found.added])


def _columns_changed(
    sides: _Sides, key: Sequence[str], columns: Sequence[str], changed: Words
) -> Iterator[ColumnDifference]:
    """In which columns rows with these keys differ, and in how many rows each."""
    if not len(changed):
        return
    for column in columns:
        if column in key:
            continue
        before, after = (
            words[np.isin(words["key"].astype(np.int64), changed)]
            for words in sides.words(key, (*key, column))
        )
        rows = len(compare(before, after).changed)
        if rows:
            yield ColumnDifference(column, rows)


def _without_a_key(
    sides: _Sides, columns: Sequence[str], differences: RowDifferences, rows: int
) -> RowDifferences:
    """Say of rows without a key that they were altered, where that is all that happened."""
    if not (differences.lost and (differences.added or differences.doubled)):
        return differences
    altered = [name for name in columns if _surplus(*sides.words((name,), (name,)))]
    rest = [name for name in columns if name not in altered]
    if not (altered and rest) or _surplus(*sides.words(rest, rest)):
        return differences
    return replace(
        differences,
        key=(),
        lost=Rows(0),
        added=Rows(0),
        doubled=Rows(0),
        changed=Rows(rows),
        columns_changed=tuple(ColumnDifference(name, rows) for name in altered),
    )


def _surplus(before: NDArray[np.void], after: NDArray[np.void]) -> int:
    """How many rows one side has more often than the other: 0 if both have the same rows."""
    more = fewer = 0
    for old, new in _parts(before, after, "row"):
        _, balance = _balance(old, new)
        more += int(balance[balance > 0].sum())
        fewer -= int(balance[balance < 0].sum())
    return max(more, fewer)


def compare(before: NDArray[np.void], after: NDArray[np.void]) -> KeySets:
    """Tell apart what differs between two sets of rows.

    Args:
        before: records with the fields ``key`` and ``row``, in any order.
        after: the same.
    """
    found = [_compare(old, new) for old, new in _parts(before, after, "key")]
    return KeySets(
        **{
            field.name: np.concatenate([getattr(each, field.name) for each in found])
            for field in fields(KeySets)
        }
    )


def _parts(
    before: NDArray[np.void], after: NDArray[np.void], word: Literal["key", "row"]
) -> Iterator[tuple[NDArray[np.void], NDArray[np.void]]]:
    """Both sides in parts that have no word in common: sorting takes many times their memory."""
    number = 1 + (len(before) + len(after)) // PART
    for part in range(number):
        old, new = (side[side[word] % number == part] for side in (before, after))
        yield old, new


def _compare(before: NDArray[np.void], after: NDArray[np.void]) -> KeySets:
    keys = np.concatenate([before["key"], after["key"]]).astype(np.int64)
    first, balance = _balance(before, after)
    gone, come = keys[first[balance > 0]], keys[first[balance < 0]]
    known = before["key"].astype(np.int64)
    fresh = np.setdiff1d(come, gone)
    return KeySets(
        lost=np.setdiff1d(gone, come),
        added=np.setdiff1d(fresh, known),
        doubled=np.intersect1d(fresh, known),
        changed=np.intersect1d(gone, come),
    )


def _balance(
    before: NDArray[np.void], after: NDArray[np.void]
) -> tuple[NDArray[np.intp], NDArray[np.int64]]:
    """Of each distinct row: its first place in both sides end to end, and its surplus before."""
    words = np.concatenate([before["row"], after["row"]]).astype(np.int64)
    sign = np.repeat([1, -1], [len(before), len(after)])
    distinct, first, place = np.unique(words, return_index=True, return_inverse=True)
    balance = np.zeros(len(distinct), dtype=np.int64)
    np.add.at(balance, place, sign)
    return first, balance


def _hashed(form: LiteralString, table: LogicalTable, columns: Sequence[str]) -> sql.Composable:
    return sql.SQL(form).format(table.row_bytes(columns))


def hash_words(
    connection: Connection,
    table: LogicalTable,
    key: Sequence[str],
    columns: Sequence[str],
    where: sql.Composable = EVERY_ROW,
) -> NDArray[np.void]:
    """Read the two words of every row, or of those of ``t`` for which a condition holds."""
    query = _WORDS.format(
        key=_hashed(_DIGEST, table, key),
        row=_hashed(_DIGEST, table, columns),
        table=table.source(),
        batch=sql.Literal(_BATCH),
        where=where,
    )
    read = bytearray()
    with connection.cursor(binary=True) as cursor:
        for (words,) in cursor.stream(query):  # what is not streamed would be there twice
            read += words
    return np.frombuffer(read, dtype=_ROW)


def key_condition(table: LogicalTable, key: Sequence[str], words: Words) -> sql.Composable:
    """Whether the hash word of a row's key is one of these."""
    # No parameters: a percent sign in a name would be taken for one.
    return sql.SQL("{} = ANY({})").format(_hashed(_WORD, table, key), sql.Literal(words.tolist()))


def _named(connection: Connection, table: LogicalTable, key: Sequence[str], words: Words) -> Rows:
    """Look up the keys behind hash words."""
    if not len(words):
        return Rows(0)
    query = _KEYS.format(
        shown=sql.SQL(", ").join(sql.Identifier("t", column) for column in key),
        condition=key_condition(table, key, words),
        table=table.source(),
        limit=sql.Literal(SHOWN),
    )
    rows = connection.execute(query).fetchall()
    unique = dict.fromkeys(tuple(str(value) for value in row) for row in rows)
    return Rows(len(words), tuple(unique))
