"""Whether a restored database is sound: indexes, constraints, geometries, sequences.

Each function returns what it looked at and the offenders by name or key, and judges nothing else:
limits belong to the plan.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from psycopg import sql

from shadowgate.inspect.fingerprint import find
from shadowgate.inspect.snapshot import Snapshot
from shadowgate.server.base import Connection

SHOWN = 10
"""Offenders named of each kind."""


@dataclass(frozen=True)
class Objects:
    """Objects of one kind that were looked at, and those among them that are unsound."""

    total: int
    offenders: tuple[str, ...]


@dataclass(frozen=True)
class Offence:
    """One way in which geometries are unsound."""

    what: str
    total: int
    keys: tuple[str, ...]
    """Primary keys of the first ones."""


@dataclass(frozen=True)
class Geometries:
    """The geometries of one column."""

    total: int
    srids: tuple[int, ...]
    box: tuple[float, float, float, float] | None
    """Extent of all: min x, min y, max x, max y, in units of the reference system."""
    offences: tuple[Offence, ...]


@dataclass(frozen=True)
class SequenceState:
    """A sequence and the column that it feeds."""

    name: str
    column: str
    next_value: int
    farthest: int | None
    """The column's largest value, or smallest for a descending sequence; ``None`` without rows."""
    behind: bool
    """The next value is already taken or will collide with one that is."""


def check_indexes(snapshot: Snapshot, schemas: Sequence[str]) -> Objects:
    """Indexes on tables of these schemas, partitioned tables and partitions each counted.

    Offenders are invalid, not ready or being dropped.
    """
    found = [
        (identity.name, index.attributes)
        for identity, index in snapshot.of_kind("index")
        if _in_schemas(index.attributes["table"], schemas)
        and any(whole.kind == "table" for whole in index.part_of)
    ]
    broken = (
        name
        for name, attributes in found
        if not (attributes["valid"] and attributes["ready"] and attributes["live"])
    )
    return Objects(len(found), tuple(broken))


def check_constraints(snapshot: Snapshot, schemas: Sequence[str]) -> Objects:
    """Constraints of these schemas; offenders are not validated or not enforced.

    A foreign key whose triggers are disabled is not enforced.
    """
    found = [
        (identity.name, constraint.attributes)
        for identity, constraint in snapshot.of_kind("constraint")
        if _in_schemas(identity.name, schemas)
    ]
    broken = (
        name
        for name, attributes in found
        if not attributes["validated"] or "D" in attributes.get("triggers_enabled", [])
    )
    return Objects(len(found), tuple(broken))


def _in_schemas(name: str, schemas: Sequence[str]) -> bool:
    return name.split(".")[0].strip('"') in schemas


_OFFENCES = """
SELECT what, count(*), (array_agg(key ORDER BY key))[1:{shown}]
FROM (
    SELECT ROW({key})::text AS key, unnest(ARRAY[
        CASE WHEN ST_SRID(t.{column}) <> {srid} THEN 'another SRID' END,
        CASE WHEN NOT ST_Within(ST_Envelope(t.{column}), {extent}) THEN 'outside the extent' END,
        CASE WHEN ST_IsEmpty(t.{column}) THEN 'empty' END,
        {validity}
    ]) AS what
    FROM {table} AS t
    WHERE t.{column} IS NOT NULL
) AS found
WHERE what IS NOT NULL
GROUP BY what
ORDER BY what
"""
