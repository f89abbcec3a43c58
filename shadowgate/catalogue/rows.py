"""Which rows of a table differ between two databases, by their primary keys.

Both databases send two 64-bit words for each row, of its key and of its whole content; they are
compared here, and only the keys of differing rows are looked up afterwards.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import LiteralString

import numpy as np
from numpy.typing import NDArray
from psycopg import sql

from shadowgate.catalogue.fingerprint import Table, find, pinned
from shadowgate.server.base import Connection, Database

SHOWN = 10
"""Keys named of each kind of difference."""

_ROW = np.dtype([("key", ">i8"), ("row", ">i8")])
_BATCH = 10_000
"""Rows whose words are sent as one value: reading them one by one took half of the time."""

_DIGEST = "substr(sha256({}), 1, 8)"
_WORD = f"('x' || encode({_DIGEST}, 'hex'))::bit(64)::bigint"
_WORDS = sql.SQL("""
SELECT string_agg(words, ''::bytea)
FROM (
    SELECT {key} || {row} AS words, (row_number() OVER () - 1) / {batch} AS batch
    FROM {table} AS t
) AS hashed
GROUP BY batch
""")
_KEYS = sql.SQL("SELECT {shown} FROM {table} AS t WHERE {key} = ANY(%s) ORDER BY {shown} LIMIT %s")

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
class RowDifferences:
    """How the rows of a table differ; false if they do not."""

    table: str
    key: tuple[str, ...]
    """Columns that rows are told apart by."""
    lost: Rows
    added: Rows
    doubled: Rows
    """Rows that are there more often than before."""
    changed: Rows
    columns_lost: tuple[str, ...] = ()
    """Columns that are gone; rows are compared in those that both have."""

    def __bool__(self) -> bool:
        rows = self.lost or self.added or self.doubled or self.changed
        return bool(rows or self.columns_lost)

    def sentences(self) -> list[str]:
        """One sentence for each column lost and for each kind of difference that there is."""
        kinds = {
            "lost": self.lost,
            "added": self.added,
            "doubled": self.doubled,
            "changed": self.changed,
        }
        columns = [
            f"{self.table}: column {column} is gone, and its values with it"
            for column in self.columns_lost
        ]
        return columns + [
            f"{self.table}: {rows.total} rows {kind}" + self._keys_in_words(rows)
            for kind, rows in kinds.items()
            if rows
        ]

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


def differing_rows(
    before: Database, after: Database, table: str, renamed: str | None = None
) -> RowDifferences:
    """Compare a logical table in two databases, row by row, in the columns that both have.

    Args:
        before: the database that says what is right.
        after: the database to judge.
        table: qualified name; a partitioned table stands for its partitions.
        renamed: its name in the database to judge, if that is another one.

    Raises:
        UsageError: the table is missing on one side.
        psycopg.Error: a row cannot be read.
    """
    with before.connect() as old, after.connect() as new, pinned(old), pinned(new):
        (old_table,), (new_table,) = find(old, [table]), find(new, [renamed or table])
        columns = tuple(name for name in old_table.columns if name in new_table.columns)
        has_key = old_table.primary_key and {*old_table.primary_key} <= {*columns}
        key = old_table.primary_key if has_key else columns
        with ThreadPoolExecutor(2) as pool:
            reading = [
                pool.submit(_hash_words, connection, side, key, columns)
                for connection, side in ((old, old_table), (new, new_table))
            ]
            found = compare(*(future.result() for future in reading))
        return RowDifferences(
            table=table,
            key=key,
            lost=_named(old, old_table, key, found.lost),
            added=_named(new, new_table, key, found.added),
            doubled=_named(new, new_table, key, found.doubled),
            changed=_named(new, new_table, key, found.changed),
            columns_lost=tuple(n for n in old_table.columns if n not in new_table.columns),
        )


def compare(before: NDArray[np.void], after: NDArray[np.void]) -> KeySets:
    """Tell apart what differs between two sets of rows.

    Args:
        before: records with the fields ``key`` and ``row``, in any order.
        after: the same.
    """
    words = np.concatenate([before["row"], after["row"]]).astype(np.int64)
    keys = np.concatenate([before["key"], after["key"]]).astype(np.int64)
    sign = np.repeat([1, -1], [len(before), len(after)])
    distinct, first, place = np.unique(words, return_index=True, return_inverse=True)
    balance = np.zeros(len(distinct), dtype=np.int64)
    np.add.at(balance, place, sign)
    gone, come = keys[first[balance > 0]], keys[first[balance < 0]]
    known = before["key"].astype(np.int64)
    fresh = np.setdiff1d(come, gone)
    return KeySets(
        lost=np.setdiff1d(gone, come),
        added=np.setdiff1d(fresh, known),
        doubled=np.intersect1d(fresh, known),
        changed=np.intersect1d(gone, come),
    )


def _hashed(form: LiteralString, table: Table, columns: Sequence[str]) -> sql.Composable:
    return sql.SQL(form).format(table.row_bytes(columns))


def _hash_words(
    connection: Connection, table: Table, key: Sequence[str], columns: Sequence[str]
) -> NDArray[np.void]:
    """Read the two words of every row."""
    query = _WORDS.format(
        key=_hashed(_DIGEST, table, key),
        row=_hashed(_DIGEST, table, columns),
        table=table.source(),
        batch=sql.Literal(_BATCH),
    )
    with connection.cursor(binary=True) as cursor:
        batches = [words for (words,) in cursor.execute(query)]
    return np.frombuffer(b"".join(batches), dtype=_ROW)


def _named(connection: Connection, table: Table, key: Sequence[str], words: Words) -> Rows:
    """Look up the keys behind hash words."""
    if not len(words):
        return Rows(0)
    query = _KEYS.format(
        shown=sql.SQL(", ").join(sql.Identifier("t", column) for column in key),
        key=_hashed(_WORD, table, key),
        table=table.source(),
    )
    rows = connection.execute(query, (words.tolist(), SHOWN)).fetchall()
    unique = dict.fromkeys(tuple(str(value) for value in row) for row in rows)
    return Rows(len(words), tuple(unique))
