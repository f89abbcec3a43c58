"""What a database holds, and how two of them differ."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from shadowgate.inspect import (
    RowDifferences,
    Snapshot,
    TableFingerprint,
    diff,
    differing_rows,
    every_row_lost,
    fingerprint,
    take_snapshot,
)
from shadowgate.server import Database


@dataclass(frozen=True)
class State:
    """What a database holds: its schema and the fingerprint of its content."""

    snapshot: Snapshot
    content: Mapping[str, TableFingerprint]


def state_of(database: Database, like: Mapping[str, TableFingerprint] | None = None) -> State:
    """Read schema and content of a database.

    Args:
        database: what to read.
        like: earlier fingerprints; columns that are new since then are left out.
    """
    with database.connect() as connection:
        return State(take_snapshot(connection), fingerprint(connection, like=like))


def content_differences(
    one: Database, held: State, other: Database, found: State
) -> tuple[RowDifferences, ...]:
    """For each table of one database whose content differs in the other: which rows differ.

    A table that the other one does not have has lost every row.
    """
    return tuple(
        differing_rows(one, other, table)
        if table in found.content
        else every_row_lost(table, print_.rows)
        for table, print_ in held.content.items()
        if found.content.get(table) != print_
    )


def differences_in_words(expected: State, found: State) -> tuple[str, ...]:
    """Every difference between two states, schema first, one sentence each."""
    drift = diff(expected.snapshot, found.snapshot)
    return (*drift.in_words(), *content_in_words(expected.content, found.content))


def content_in_words(
    expected: Mapping[str, TableFingerprint], found: Mapping[str, TableFingerprint]
) -> tuple[str, ...]:
    """Every expected table whose content is not found, one sentence each."""
    return tuple(
        f"the content of {table} differs: {content.rows:,} rows expected, "
        f"{found[table].rows if table in found else 0:,} found"
        for table, content in expected.items()
        if found.get(table) != content
    )
