"""Sequences whose next value is taken already: the next insert fails or repeats a number."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from psycopg import sql

from shadowgate.catalogue.fingerprint import pinned
from shadowgate.language import sentence
from shadowgate.server.base import Connection

_FED_COLUMNS = (Path(__file__).parent / "fed_columns.sql").read_text(encoding="utf-8")


@dataclass(frozen=True)
class SequenceBehind:
    """A sequence and a column that it feeds; two are the same whatever the values are."""

    sequence: str
    table: str
    column: str
    next_value: int = field(compare=False)
    farthest: int = field(compare=False)
    """The column's maximum; its minimum under a descending sequence."""

    def __str__(self) -> str:
        return sentence(
            "{sequence} gives {next} next, {table}.{column} has {farthest}",
            sequence=self.sequence,
            next=self.next_value,
            table=self.table,
            column=self.column,
            farthest=self.farthest,
        )


def sequences_behind(
    connection: Connection, schemas: Sequence[str] | None = None
) -> tuple[SequenceBehind, ...]:
    """Find sequences that lie behind a column which takes its numbers from them.

    A column counts if it is an identity, owns the sequence or has ``nextval`` for a default, and
    holds whole numbers. Sequences that begin again at their end are left out.

    Args:
        connection: a session that may read tables and sequences.
        schemas: those whose sequences count; all of users' if ``None``.

    Raises:
        psycopg.Error: a table or a sequence cannot be read.
    """
    with pinned(connection):
        return tuple(_sequences_behind(connection, schemas))


def new_sequences_behind(
    before: Iterable[SequenceBehind], after: Iterable[SequenceBehind]
) -> tuple[SequenceBehind, ...]:
    """Those that were not behind before, neither the sequence nor the column."""
    known = list(before)
    sequences = {found.sequence for found in known}
    columns = {(found.table, found.column) for found in known}
    return tuple(
        found
        for found in after
        if found.sequence not in sequences and (found.table, found.column) not in columns
    )


def _sequences_behind(
    connection: Connection, schemas: Sequence[str] | None
) -> Iterator[SequenceBehind]:
    wanted = None if schemas is None else list(schemas)
    fed = connection.execute(_FED_COLUMNS, {"schemas": wanted}).fetchall()
    for sequence, table, column, increment in fed:
        rising = increment > 0
        # The names come from format('%I.%I'), so they are quoted already.
        query = sql.SQL(
            "SELECT s.last_value + CASE WHEN s.is_called THEN {step} ELSE 0 END,"
            " (SELECT {farthest}({column}) FROM {table})::bigint FROM {sequence} AS s"
        ).format(
            step=sql.Literal(increment),
            farthest=sql.SQL("max" if rising else "min"),
            column=sql.Identifier(column),
            table=sql.SQL(table),
            sequence=sql.SQL(sequence),
        )
        row = connection.execute(query).fetchone()
        if row is None or row[1] is None:
            continue
        value, farthest = row
        if value <= farthest if rising else value >= farthest:
            yield SequenceBehind(sequence, table, column, value, farthest)
