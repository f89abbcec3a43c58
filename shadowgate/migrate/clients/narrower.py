"""What takes or gives less since a migration, beside what it holds.

Whoever makes a column narrower has looked that its rows fit; the server sees to it. It is the rows
to come that do not. A value twice as long, or twice as large, as any that is there may come soon.
"""

from __future__ import annotations

from collections.abc import Iterator

from psycopg import sql

from shadowgate.catalogue.columns import INTEGERS, TEXTS, Column
from shadowgate.language import sentence
from shadowgate.migrate.clients.pairs import Pair
from shadowgate.migrate.clients.refusals import NARROWER_COLUMN, NARROWER_SEQUENCE, Refusal
from shadowgate.server.base import Connection

_GROWTH = 2
"""So many times the longest or greatest value that is there must fit."""

_SEQUENCES = """
SELECT pg_catalog.format('%I.%I', schemaname, sequencename), last_value, max_value
FROM pg_catalog.pg_sequences
WHERE increment_by > 0 AND NOT cycle AND last_value IS NOT NULL
"""
_NUMBERS = frozenset({*INTEGERS, "numeric"})
_LONGEST = "SELECT pg_catalog.max(pg_catalog.length({column}::text)) FROM {table}"
_GREATEST = """
SELECT pg_catalog.max(pg_catalog.abs({column}::numeric)),
    pg_catalog.max(pg_catalog.scale(pg_catalog.trim_scale({column}::numeric)))
FROM {table}
WHERE {column}::text !~ '[NI]'
"""


def narrower_columns(before: Connection, pair: Pair) -> Iterator[Refusal]:
    """Columns of one table that take less since than values may need.

    Args:
        before: to the database before the migration, whose values are looked at.
        pair: the table.
    """
    for name, column in pair.since.items():
        old = pair.columns[name]
        if old.type == column.type:
            continue
        if {old.base, column.base} <= TEXTS:
            yield from _shorter(before, pair, old, column)
        elif {old.base, column.base} <= _NUMBERS:
            yield from _smaller(before, pair, old, column)


def narrower_sequences(before: Connection, after: Connection) -> Iterator[Refusal]:
    """Sequences that end sooner since than numbers may be needed, by how many were given.

    Args:
        before: to the database before the migration.
        after: to the migrated database.
    """
    since = {name: most for name, _, most in after.execute(_SEQUENCES).fetchall()}
    for name, last, most in before.execute(_SEQUENCES).fetchall():
        ends = since.get(name, most)
        if ends < most and last * _GROWTH > ends:
            said = sentence(
                "sequence {name} ends with {ends} and did with {most}: it stands at {last}",
                name=name,
                ends=ends,
                most=most,
                last=last,
            )
            yield Refusal(NARROWER_SEQUENCE, name, said, (name,))


def _shorter(before: Connection, pair: Pair, old: Column, new: Column) -> Iterator[Refusal]:
    if new.length is None or (old.length is not None and old.length <= new.length):
        return
    (longest,) = _asked(before, _LONGEST, pair, old)
    if longest is not None and longest * _GROWTH > new.length:
        why = sentence(
            "the longest value of production has {longest} characters already", longest=longest
        )
        yield _refusal(pair, old, new, why)


def _smaller(before: Connection, pair: Pair, old: Column, new: Column) -> Iterator[Refusal]:
    limit, was = _limit(new), _limit(old)
    digits, had = _scale(new), _scale(old)
    limit = limit if limit is not None and (was is None or limit < was) else None
    digits = digits if digits is not None and (had is None or digits < had) else None
    if limit is None and digits is None:
        return
    greatest, scale = _asked(before, _GREATEST, pair, old)
    if limit is not None and greatest is not None and greatest * _GROWTH > limit:
        reached = sentence("production has {greatest} already", greatest=greatest)
        yield _refusal(pair, old, new, reached)
    if digits is not None and scale is not None and scale > digits:
        rounded = sentence(
            "production has values with {scale} decimals, which are rounded", scale=scale
        )
        yield _refusal(pair, old, new, rounded)


def _limit(column: Column) -> int | None:
    """The greatest value that a column takes; ``None`` if there is no limit to speak of."""
    if column.base in INTEGERS:
        return INTEGERS[column.base]
    precision, scale = _modifier(column)
    return None if precision is None else int(10 ** (precision - scale))


def _scale(column: Column) -> int | None:
    """How many decimals a column keeps; ``None`` for any."""
    if column.base in INTEGERS:
        return 0
    precision, scale = _modifier(column)
    return None if precision is None else scale


def _modifier(column: Column) -> tuple[int | None, int]:
    """Precision and scale of a numeric, as PostgreSQL packs them."""
    if column.modifier < 0:
        return None, 0
    packed = column.modifier - 4
    scale = packed & 0x7FF
    return packed >> 16 & 0xFFFF, scale - 0x800 if scale & 0x400 else scale


def _asked(before: Connection, query: str, pair: Pair, column: Column) -> tuple[int | None, ...]:
    text = sql.SQL(query).format(column=sql.Identifier(column.name), table=sql.SQL(pair.table))
    row = before.execute(text).fetchone()
    assert row is not None  # noqa: S101 - an aggregate has a row
    return tuple(row)


def _refusal(pair: Pair, old: Column, new: Column, why: str) -> Refusal:
    said = sentence(
        "column {column} of {table} is {type} and was {before}: {why}",
        column=new.name,
        table=pair.table,
        type=new.type,
        before=old.type,
        why=why,
    )
    return Refusal(NARROWER_COLUMN, pair.table, said, (new.name,))
