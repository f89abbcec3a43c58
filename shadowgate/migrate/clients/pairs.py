"""The tables before a migration, each with what clients find under its name after it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from shadowgate.catalogue.columns import Column, columns_of
from shadowgate.catalogue.histories import is_history
from shadowgate.server.base import Connection

_TABLES = (Path(__file__).parent / "tables.sql").read_text(encoding="utf-8")
_OID = "SELECT pg_catalog.to_regclass(%s)::oid"
_NAME = """
SELECT pg_catalog.format('%%I.%%I', n.nspname, c.relname)
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.oid = %s AND c.relkind IN ('r', 'p')
"""


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
    touched: Collection[str] = (),
    renames: Mapping[str, str] | None = None,
) -> Iterator[Pair]:
    """All tables that users write to and that are there in both, those that are touched first.

    A copy of a database has the numbers of its tables and columns, so what was renamed is known
    again.

    Args:
        before: to a copy of the database before the migration.
        after: to one of the migrated database.
        touched: qualified names.
        renames: tables that have another name since, by a plan: old name -> new one.
    """
    found = [
        (oid, table, tuple(key))
        for oid, table, key in before.execute(_TABLES.encode()).fetchall()
        if not is_history(table)
    ]
    for oid, table, key in sorted(found, key=lambda each: each[1] not in touched):
        name = _name_since(after, oid, table, renames or {})
        if name is None:
            continue
        there, since = columns_of(before, table), columns_of(after, name)
        same = _oid(after, name) == oid
        matched = dict(_matched(there, since, same=same))
        known = {column.name for column in matched.values()}
        new = tuple(column for column in since.values() if column.name not in known)
        yield Pair(oid, table, key, name, there, matched, new)


def _name_since(after: Connection, oid: int, table: str, renames: Mapping[str, str]) -> str | None:
    """Where clients write to since: under the old name if anything bears it."""
    if _oid(after, table) is not None:
        return table
    if table in renames:
        return renames[table]
    row = after.execute(_NAME, [oid]).fetchone()
    return None if row is None else str(row[0])


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
