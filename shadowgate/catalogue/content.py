"""What two databases contain, compared in all that should be the same.

Compared are the tables from before, in the columns that both sides have: a new column is no altered
row. Large objects, which rows refer to by number, count as one more table whose rows are their
pages. What a plan announces as dropped is no lost data. Of what it announces as changed data,
exactly the columns named are left out; all others, and the number of rows, are still proven equal.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Literal

from shadowgate.catalogue.expect import Names, is_named, names_object
from shadowgate.catalogue.fingerprint import (
    LARGE_OBJECTS,
    LogicalTable,
    TableFingerprint,
    count_rows,
    find,
    find_large_objects,
    fingerprint,
    hides_large_objects,
    pinned,
)
from shadowgate.catalogue.rows import RowDifferences, differing_rows, every_row_lost
from shadowgate.catalogue.snapshot import ObjectId
from shadowgate.errors import UsageError
from shadowgate.language import sentence
from shadowgate.server.base import Database

WHOLE = "*"
"""Stands for all columns of a table, and for rows that come and go."""

Reason = Literal[
    "new", "announced as dropped", "announced as changed", "readable by superusers only"
]

_REASONS: Mapping[Reason, str] = {
    # TRANSLATORS: why columns or a table are not compared
    "new": sentence("new"),
    "announced as dropped": sentence("announced as dropped"),
    "announced as changed": sentence("announced as changed"),
    "readable by superusers only": sentence("readable by superusers only"),
}


@dataclass(frozen=True)
class AllowedChanges:
    """Data that a migration announces to change; false if that is none.

    A table's name may leave out its schema; shell-style patterns are allowed.
    """

    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Table -> columns that may hold other values; ``("*",)`` for the whole table, in which rows
    may come and go as well."""

    def __post_init__(self) -> None:
        for table, columns in self.columns.items():
            if not columns or (WHOLE in columns and len(columns) > 1):
                raise UsageError(
                    sentence(
                        "the columns of {table} that may change are {columns}",
                        table=table,
                        columns=", ".join(columns),
                    )
                    if columns
                    else sentence("no columns of {table} are named that may change", table=table),
                    todo=sentence(
                        'list columns, or "{whole}" alone for the whole table', whole=WHOLE
                    ),
                )

    def __bool__(self) -> bool:
        return bool(self.columns)

    def of(self, table: str) -> frozenset[str]:
        """The columns of a table, named with its schema, that may change."""
        identity = ObjectId("table", table)
        return frozenset(
            column
            for name, columns in self.columns.items()
            if names_object(name, identity)
            for column in columns
        )

    def whole(self, table: str) -> bool:
        """Whether all of a table may change."""
        return WHOLE in self.of(table)

    def unknown(self, tables: Mapping[str, Collection[str]]) -> tuple[str, ...]:
        """What is named and is not there, a sentence each: a slip of the pen allows nothing.

        Args:
            tables: the tables from before, with their columns.
        """
        return tuple(self._unknown(tables))

    def _unknown(self, tables: Mapping[str, Collection[str]]) -> Iterator[str]:
        for name, columns in self.columns.items():
            named = [table for table in tables if names_object(name, ObjectId("table", table))]
            if not named:
                yield sentence(
                    "rows of {table} are announced to change, and there is no such table",
                    table=name,
                )
                continue
            known = {column for table in named for column in tables[table]}
            for column in columns:
                if column not in known | {WHOLE}:
                    yield sentence(
                        "{table}.{column} is announced to change, and there is no such column",
                        table=name,
                        column=column,
                    )


@dataclass(frozen=True)
class LeftOut:
    """Columns of a table that were not compared, with the reason."""

    table: str
    columns: tuple[str, ...]
    """``("*",)`` for the whole table."""
    reason: Reason

    def __str__(self) -> str:
        reason = _REASONS[self.reason]
        if self.columns == (WHOLE,):
            return sentence("{table} was not compared: {reason}", table=self.table, reason=reason)
        return sentence(
            "{table}: {columns} not compared: {reason}",
            table=self.table,
            columns=", ".join(self.columns),
            reason=reason,
        )


@dataclass(frozen=True)
class ContentComparison:
    """How the content of two databases differs; false if it does not."""

    differing: tuple[RowDifferences, ...]
    left_out: tuple[LeftOut, ...]
    unknown: tuple[str, ...] = ()
    """Announced changes of data that is not there, a sentence each."""
    rows: int = 0
    """Rows of the tables from before that were compared."""

    def __bool__(self) -> bool:
        return bool(self.differing or self.unknown)

    def sentences(self) -> list[str]:
        """One sentence for each difference."""
        return [
            *(said for found in self.differing for said in found.sentences()),
            *self.unknown,
        ]


@dataclass(frozen=True)
class Pairing:
    """A table on both sides, and what of it is to be compared. Pure."""

    before: LogicalTable
    after: LogicalTable
    may_change: frozenset[str] = frozenset()
    drops: frozenset[str] = frozenset()
    """Columns that are announced as dropped."""

    @property
    def compared(self) -> tuple[str, ...]:
        """The columns to compare."""
        both = {*self.before.columns} & {*self.after.columns} - self.may_change
        return tuple(name for name in self.before.columns if name in both)

    @property
    def lost(self) -> tuple[str, ...]:
        """Columns that are gone and were not announced as dropped."""
        known = {*self.after.columns} | self.may_change | self.drops
        return tuple(name for name in self.before.columns if name not in known)

    def left_out(self) -> Iterator[LeftOut]:
        """What is not compared, but for the columns that are lost."""
        old, new = {*self.before.columns}, {*self.after.columns}
        reasons: tuple[tuple[Reason, set[str]], ...] = (
            ("new", new - old),
            ("announced as dropped", (old - new) & self.drops),
            ("announced as changed", old & self.may_change - (self.drops - new)),
        )
        for reason, columns in reasons:
            if columns:
                yield LeftOut(self.before.name, tuple(sorted(columns)), reason)


def compare_content(
    before: Database,
    after: Database,
    *,
    renames: Mapping[str, str] | None = None,
    allowed: AllowedChanges | None = None,
    drops: Names | None = None,
    known: Mapping[str, TableFingerprint] | None = None,
) -> ContentComparison:
    """Hold the content of one database against that of another.

    Args:
        before: the database that says what is right.
        after: the database to judge. Tables that only this one has are not looked at.
        renames: table before -> the name that it has afterwards, both with their schema.
        allowed: data that may change.
        drops: kind -> names of what is announced as dropped; tables and columns count.
        known: fingerprints of ``before`` taken earlier, not to be taken again.

    Raises:
        psycopg.Error: a table cannot be read.
    """
    may_change, dropped, moved = allowed or AllowedChanges(), drops or {}, renames or {}
    old, new = _tables(before), _tables(after)
    left_out = list(_hidden(before))
    gone: list[LogicalTable] = []
    pairings: list[Pairing] = []
    for name, table in old.items():
        there = new.get(name) or new.get(moved.get(name, ""))
        if may_change.whole(name):
            left_out.append(LeftOut(name, (WHOLE,), "announced as changed"))
        elif there is not None:
            drops_of = frozenset(c for c in table.columns if _drops_column(dropped, name, c))
            pairings.append(Pairing(table, there, may_change.of(name), drops_of))
        elif is_named(ObjectId("table", name), dropped):
            left_out.append(LeftOut(name, (WHOLE,), "announced as dropped"))
        else:
            gone.append(table)
    prints = _fingerprints(before, after, pairings, known or {})
    counts = _counts(before, gone)
    return ContentComparison(
        differing=(
            *(every_row_lost(name, rows) for name, rows in counts.items() if rows),
            *_differing(before, after, pairings, prints),
        ),
        left_out=(*left_out, *(item for pairing in pairings for item in pairing.left_out())),
        unknown=may_change.unknown({name: table.columns for name, table in old.items()}),
        rows=sum(one.rows for one, _ in prints),
    )


def _counts(database: Database, tables: Collection[LogicalTable]) -> dict[str, int]:
    """Rows of each of these tables."""
    if not tables:
        return {}
    with database.connect() as connection, pinned(connection):
        return {table.name: count_rows(connection, table) for table in tables}


def _tables(database: Database) -> dict[str, LogicalTable]:
    with database.connect() as connection, pinned(connection):
        found = [*find(connection), *find_large_objects(connection)]
        return {table.name: table for table in found}


def _hidden(database: Database) -> Iterator[LeftOut]:
    with database.connect() as connection:
        if hides_large_objects(connection):
            yield LeftOut(LARGE_OBJECTS, (WHOLE,), "readable by superusers only")


def _fingerprints(
    before: Database,
    after: Database,
    pairings: Collection[Pairing],
    known: Mapping[str, TableFingerprint],
) -> list[tuple[TableFingerprint, TableFingerprint]]:
    """The content of each pair, in the columns to compare."""
    old = {pairing.before.name: pairing.compared for pairing in pairings}
    new = {pairing.after.name: pairing.compared for pairing in pairings}
    usable = {name: known[name] for name in old if name in known}
    usable = {name: found for name, found in usable.items() if found.columns == old[name]}
    unread = {name: columns for name, columns in old.items() if name not in usable}
    with ThreadPoolExecutor(2) as pool:
        reading = (pool.submit(_read, before, unread), pool.submit(_read, after, new))
        there, here = (future.result() for future in reading)
    found = usable | there
    return [(found[pairing.before.name], here[pairing.after.name]) for pairing in pairings]


def _read(
    database: Database, columns: Mapping[str, tuple[str, ...]]
) -> dict[str, TableFingerprint]:
    with database.connect() as connection:
        return fingerprint(connection, list(columns), columns=columns)


def _differing(
    before: Database,
    after: Database,
    pairings: Collection[Pairing],
    prints: Collection[tuple[TableFingerprint, TableFingerprint]],
) -> Iterator[RowDifferences]:
    for pairing, (one, other) in zip(pairings, prints, strict=True):
        if one.total != other.total or pairing.lost:
            yield differing_rows(
                before,
                after,
                pairing.before.name,
                pairing.after.name,
                leave_out=pairing.may_change,
                dropped=pairing.drops,
            )


def _drops_column(drops: Names, table: str, column: str) -> bool:
    quoted = '"' + column.replace('"', '""') + '"'
    return any(is_named(ObjectId("column", f"{table}.{name}"), drops) for name in (column, quoted))
