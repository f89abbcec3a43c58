"""The tables before a migration, each with what clients find under its name after it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from shadowgate.catalogue.columns import Column, columns_of
from shadowgate.catalogue.fingerprint import find
from shadowgate.catalogue.histories import is_history
from shadowgate.server.base import Connection

_OID = "SELECT pg_catalog.to_regclass(%s)::oid"


@dataclass(frozen=True)
class Pair:
    """A table, and what bears its name since: the same, another one, or a view."""

    oid: int
    table: str
    """Qualified and quoted."""
    key: tuple[str, ...]
    """Columns of its primary key; empty if there is none."""
    after: str
    """Its name after the migration."""
    columns: Mapping[str, Column]
    """Before, by name."""
    since: Mapping[str, Column]
    """Name before -> the column after; without those that are gone."""
    new: tuple[Column, ...]
    """Columns that were not there."""

    @property
    def demanded_since(self) -> Iterator[Column]:
        """Columns that an INSERT has to give since, and that it could leave out before."""
        for column in self.new:
            if column.demanded:
                yield column
        for name, column in self.since.items():
            if column.demanded and (self.columns[name].filled or self.columns[name].computed):
                yield column


def pairs(
    before: Connection,
    after: Connection,
    *,
    touched: Collection[str],
    renames: Mapping[str, str],
) -> Iterator[Pair]:
    """All tables that users write to and that are there in both, those that are touched first.

    A copy of a database has the numbers of its tables' columns, so what was renamed is known again.

    Args:
        before: to a copy of the database before the migration.
        after: to one of the migrated database.
        touched: qualified names.
        renames: tables that have another name since: old name -> new one.
    """
    found = [each for each in find(before) if not is_history(each.name)]
    for table in sorted(found, key=lambda each: each.name not in touched):
        oid, there = _oid(before, table.name), columns_of(before, table.name)
        # Under the old name, if anything bears it.
        name = renames.get(table.name) if _oid(after, table.name) is None else table.name
        if oid is None or not there or name is None:  # gone, or an extension's
            continue
        since = columns_of(after, name)
        same = _oid(after, name) == oid
        matched = dict(_matched(there, since, same=same))
        known = {column.name for column in matched.values()}
        new = tuple(column for column in since.values() if column.name not in known)
        yield Pair(oid, table.name, table.primary_key, name, there, matched, new)


def _oid(connection: Connection, name: str) -> int | None:
    row = connection.execute(_OID, [name]).fetchone()
    return None if row is None else row[0]


def _matched(
    there: Mapping[str, Column], since: Mapping[str, Column], *, same: bool
) -> Iterator[tuple[str, Column]]:
    numbers = {column.number: column for column in since.values()} if same else {}
    for name, column in there.items():
        match = numbers.get(column.number) or since.get(name)
        if match is not None:
            yield name, match
