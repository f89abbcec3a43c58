"""Whether a restored database is sound: indexes, constraints, geometries, sequences.

Looked up here, judged elsewhere: limits belong to the plan.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from psycopg import sql

from shadowgate.catalogue.fingerprint import LogicalTable, count_rows, find, pinned
from shadowgate.catalogue.sequences import sequences_behind
from shadowgate.catalogue.snapshot import ObjectId, Snapshot, take_snapshot
from shadowgate.plan import BackupSection
from shadowgate.plan.sections import Extent
from shadowgate.server.base import Connection

_SCHEMA = re.compile(r'"(?:[^"]|"")*"|[^."]+')
"""What a qualified name begins with."""

SHOWN = 10
"""Offending rows named of each kind."""

_COUNT = sql.SQL(
    """
    SELECT srid, count(*) FILTER (WHERE wrong), count(*) FILTER (WHERE outside)
    FROM (
        SELECT {srid} AS srid, {wrong} AS wrong, {outside} AS outside
        FROM {table} AS t
        WHERE {column} IS NOT NULL
    ) AS looked_at
    GROUP BY 1
    ORDER BY 1
    """
)
_NAME = sql.SQL(
    "SELECT {key} FROM {table} AS t WHERE {column} IS NOT NULL AND {condition}"
    " ORDER BY {key} LIMIT {shown}"
)


@dataclass(frozen=True)
class Integrity:
    """What a restored catalogue looks like."""

    rows: int
    """Rows of the logical table."""
    indexes: int
    """Indexes on tables, partitioned tables and partitions, each counted."""
    invalid_indexes: tuple[str, ...]
    """Invalid, not ready, or being dropped."""
    constraints: int
    unvalidated_constraints: tuple[str, ...]
    """Not validated, or a foreign key whose triggers are disabled."""
    srids: tuple[int, ...]
    wrongly_marked_total: int
    """Geometries whose validity is not what their row says."""
    wrongly_marked: tuple[str, ...]
    """Primary keys of the first ones."""
    outside_total: int
    """Geometries that are empty or not wholly inside the extent."""
    outside: tuple[str, ...]
    sequences_behind: tuple[str, ...]
    """Sequences whose next value is taken already, in words."""


@dataclass(frozen=True)
class _Geometries:
    srids: tuple[int, ...]
    wrong_total: int
    wrong: tuple[str, ...]
    outside_total: int
    outside: tuple[str, ...]


_NO_GEOMETRIES = _Geometries((), 0, (), 0, ())


def check_restored(connection: Connection, wanted: BackupSection) -> Integrity:
    """Look over a restored database.

    Raises:
        UsageError: the table is not there.
        psycopg.Error: the geometry column is not there, or a row cannot be read.
    """
    snapshot = take_snapshot(connection)
    indexes, invalid = _indexes(snapshot, wanted.schemas)
    constraints, unvalidated = _constraints(snapshot, wanted.schemas)
    geometries = _NO_GEOMETRIES
    with pinned(connection):
        tables = find(connection, [wanted.table] if wanted.table else None)
        rows = sum(count_rows(connection, table) for table in tables)
        if wanted.table and wanted.geometry:
            looked_at = _Looked(tables[0], wanted.geometry, _postgis_schema(snapshot))
            geometries = _geometries(connection, looked_at, wanted)
        behind = tuple(map(str, sequences_behind(connection, wanted.schemas or None)))
    return Integrity(
        rows=rows,
        indexes=indexes,
        invalid_indexes=invalid,
        constraints=constraints,
        unvalidated_constraints=unvalidated,
        srids=geometries.srids,
        wrongly_marked_total=geometries.wrong_total,
        wrongly_marked=geometries.wrong,
        outside_total=geometries.outside_total,
        outside=geometries.outside,
        sequences_behind=behind,
    )


@dataclass(frozen=True)
class _Looked:
    """A geometry column to look at."""

    table: LogicalTable
    column: str
    postgis: str


def _geometries(connection: Connection, looked_at: _Looked, wanted: BackupSection) -> _Geometries:
    table, column, postgis = looked_at.table, looked_at.column, looked_at.postgis
    wrong = _wrongly_marked(looked_at, wanted.validity)
    outside = _outside(column, wanted.extent, postgis)
    query = _COUNT.format(
        srid=_call(postgis, "st_srid", column),
        wrong=wrong,
        outside=outside,
        table=table.source(),
        column=sql.Identifier("t", column),
    )
    counts = connection.execute(query).fetchall()
    totals = [sum(row[place] for row in counts) for place in (1, 2)]
    keys = [
        _keys(connection, table, column, condition) if total else ()
        for total, condition in zip(totals, (wrong, outside), strict=True)
    ]
    return _Geometries(
        srids=tuple(row[0] for row in counts),
        wrong_total=totals[0],
        wrong=keys[0],
        outside_total=totals[1],
        outside=keys[1],
    )


def _indexes(snapshot: Snapshot, schemas: Sequence[str]) -> tuple[int, tuple[str, ...]]:
    found = [
        (identity.name, index.attributes)
        for identity, index in snapshot.of_kind("index")
        if _counts(index.attributes["table"], schemas)
        and any(whole.kind == "table" for whole in index.part_of)
    ]
    broken = (
        name
        for name, attributes in found
        if not (attributes["valid"] and attributes["ready"] and attributes["live"])
    )
    return len(found), tuple(broken)


def _constraints(snapshot: Snapshot, schemas: Sequence[str]) -> tuple[int, tuple[str, ...]]:
    found = [
        (identity.name, constraint.attributes)
        for identity, constraint in snapshot.of_kind("constraint")
        if _counts(identity.name, schemas)
    ]
    broken = (
        name
        for name, attributes in found
        if not attributes["validated"] or "D" in attributes.get("triggers_enabled", [])
    )
    unsure = (
        f"{identity.name} (NOT NULL)"
        for identity, column in snapshot.of_kind("column")
        if _counts(identity.name, schemas) and column.attributes["not_null"] == "not valid"
    )
    return len(found), (*broken, *unsure)


def _counts(name: str, schemas: Sequence[str]) -> bool:
    """Whether an object lies in one of these schemas; in any if there is none."""
    found = _SCHEMA.match(name)
    first = found[0] if found else ""
    bare = first[1:-1].replace('""', '"') if first.startswith('"') else first
    return not schemas or bare in schemas


def _postgis_schema(snapshot: Snapshot) -> str:
    """Where PostGIS lives: nothing is found by the search path while that is pinned."""
    postgis = snapshot.objects.get(ObjectId("extension", "postgis"))
    return "public" if postgis is None else str(postgis.attributes["schema"]).strip('"')


def _call(postgis: str, function: str, column: str) -> sql.Composable:
    return sql.SQL("{}({})").format(sql.Identifier(postgis, function), sql.Identifier("t", column))


def _wrongly_marked(looked_at: _Looked, validity: str) -> sql.Composable:
    if not validity:
        return sql.SQL("false")
    valid = _call(looked_at.postgis, "st_isvalid", looked_at.column)
    return sql.SQL("{} IS DISTINCT FROM {}").format(valid, sql.Identifier("t", validity))


def _outside(column: str, box: Extent | None, postgis: str) -> sql.Composable:
    if box is None:
        return sql.SQL("false")
    # Not the operators: they compare boxes rounded outwards to single precision.
    return sql.SQL("({} >= {} AND {} >= {} AND {} <= {} AND {} <= {}) IS NOT TRUE").format(
        _call(postgis, "st_xmin", column),
        sql.Literal(box.min_x),
        _call(postgis, "st_ymin", column),
        sql.Literal(box.min_y),
        _call(postgis, "st_xmax", column),
        sql.Literal(box.max_x),
        _call(postgis, "st_ymax", column),
        sql.Literal(box.max_y),
    )


def _keys(
    connection: Connection, table: LogicalTable, column: str, condition: sql.Composable
) -> tuple[str, ...]:
    key = table.primary_key or table.columns
    names = sql.SQL(", ").join(sql.Identifier("t", name) for name in key)
    query = _NAME.format(
        key=names,
        table=table.source(),
        column=sql.Identifier("t", column),
        condition=condition,
        shown=sql.Literal(SHOWN),
    )
    return tuple(
        f"({', '.join(map(str, row))})" if len(row) > 1 else str(row[0])
        for row in connection.execute(query)
    )
