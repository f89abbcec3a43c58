"""What a database holds, and how two of them differ."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from shadowgate.catalogue import (
    Snapshot,
    TableFingerprint,
    diff,
    fingerprint,
    take_snapshot,
)
from shadowgate.catalogue.histories import is_history
from shadowgate.errors import ValidationError
from shadowgate.language import nsentence, sentence
from shadowgate.server import Database


@dataclass(frozen=True)
class State:
    """What a database holds: its schema and the fingerprint of its content."""

    snapshot: Snapshot
    content: Mapping[str, TableFingerprint]
    """By the name that a table has before the migration, if the plan says that it is renamed."""
    names: Mapping[str, str] = field(default_factory=dict)
    """That name -> the one that it has here, where they differ."""

    @property
    def invalid_indexes(self) -> frozenset[str]:
        """Names of the indexes that no query uses."""
        indexes = self.snapshot.of_kind("index")
        return frozenset(id_.name for id_, found in indexes if not found.attributes["valid"])

    @property
    def less_histories(self) -> State:
        """Without what migration tools note: a row of theirs has a number and a time of its own."""
        kept = {name: found for name, found in self.content.items() if not is_history(name)}
        return replace(self, content=kept)

    @property
    def content_digest(self) -> str:
        """One fingerprint for the content of all tables, 32 hexadecimal digits."""
        parts = sorted(f"{table} {found.digest}" for table, found in self.content.items())
        return hashlib.blake2b("\n".join(parts).encode(), digest_size=16).hexdigest()

    def rows_of(self, table: str) -> int:
        """Rows of a table; of all tables for ``""``.

        Raises:
            ValidationError: there is no such table.
        """
        if not table:
            return sum(content.rows for content in self.content.values())
        if table not in self.content:
            raise ValidationError(
                sentence("there is no table {table}", table=table),
                where=sentence("the database has {tables}", tables=", ".join(sorted(self.content)))
                if self.content
                else sentence("the database has no table"),
                todo="name one of them in the plan, with its schema",
            )
        return self.content[table].rows

    def name_of(self, table: str) -> str:
        """What a table is called here."""
        return self.names.get(table, table)


def state_of(
    database: Database,
    like: Mapping[str, TableFingerprint] | None = None,
    renames: Mapping[str, str] | None = None,
) -> State:
    """Read schema and content of a database.

    Args:
        database: what to read.
        like: earlier fingerprints; columns that are new since then are left out.
        renames: name before the migration -> name after it. Such a table is one logical table
            under two names; its rows count as a whole, since it may be partitioned otherwise.
    """
    moved = renames or {}
    earlier = dict(like or {})
    earlier |= {new: earlier[old] for old, new in moved.items() if old in earlier}
    with database.connect() as connection:
        snapshot = take_snapshot(connection)
        there = fingerprint(connection, like=earlier)
    names = {old: new for old, new in moved.items() if new in there and old not in there}
    known_as = {new: old for old, new in names.items()}
    content = {
        known_as.get(name, name): replace(found, parts={})
        if name in moved or name in known_as
        else found
        for name, found in there.items()
    }
    return State(snapshot, content, names)


def differences_in_words(expected: State, found: State) -> tuple[str, ...]:
    """Every difference between two states, schema first, one sentence each."""
    drift = diff(expected.snapshot, found.snapshot)
    return (*drift.in_words(), *content_in_words(expected.content, found.content))


def content_in_words(
    expected: Mapping[str, TableFingerprint], found: Mapping[str, TableFingerprint]
) -> tuple[str, ...]:
    """Every expected table whose content is not found, one sentence each."""
    return tuple(
        nsentence(
            "the content of {table} differs: {n:,} row expected, {found:,} found",
            "the content of {table} differs: {n:,} rows expected, {found:,} found",
            content.rows,
            table=table,
            found=found[table].rows if table in found else 0,
        )
        for table, content in expected.items()
        if found.get(table) != content
    )
