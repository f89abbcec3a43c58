"""Whether a restored database is sound: indexes, constraints, geometries, sequences.

Looked up here, judged elsewhere: limits belong to the plan.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from psycopg import sql

from shadowgate.catalogue.fingerprint import Table, find, pinned
from shadowgate.catalogue.sequences import sequences_behind
from shadowgate.catalogue.snapshot import ObjectId, Snapshot, take_snapshot
from shadowgate.server.base import Connection

SHOWN = 10
"""Offending rows named of each kind."""

VALIDITY_COLUMN = "is_valid"
"""A column of this name says whether the row's geometry is meant to be valid."""

_COUNT = sql.SQL(
    """
    SELECT srid, count(*), count(*) FILTER (WHERE wrong), count(*) FILTER (WHERE outside)
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


class Box(Protocol):
    """A bounding box in units of the reference system."""

    @property
    def min_x(self) -> float:
        """Western edge."""
        ...

    @property
    def min_y(self) -> float:
        """Southern edge."""
        ...

    @property
    def max_x(self) -> float:
        """Eastern edge."""
        ...

    @property
    def max_y(self) -> float:
        """Northern edge."""
        ...


class CatalogueSettings(Protocol):
    """What is looked at; the plan's ``[backup]`` has it."""

    @property
    def table(self) -> str:
        """The logical table with the geometries, qualified."""
        ...

    @property
    def geometry(self) -> str:
        """Its geometry column."""
        ...

    @property
    def extent(self) -> Box | None:
        """Where every geometry must lie; anywhere if ``None``."""
        ...

    @property
    def schemas(self) -> Sequence[str]:
        """Schemas whose indexes, constraints and sequences count."""
        ...


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
    """Geometries whose validity is not what their row says; without such a column, invalid ones."""
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


def check_restored(connection: Connection, settings: CatalogueSettings) -> Integrity:
    """Look over a restored database.

    Raises:
        UsageError: the table is not there.
        psycopg.Error: the geometry column is not there, or a row cannot be read.
    """
    snapshot = take_snapshot(connection)
    indexes, invalid = _indexes(snapshot, settings.schemas)
    constraints, unvalidated = _constraints(snapshot, settings.schemas)
    with pinned(connection):
        (table,) = find(connection, [settings.table])
        counted = connection.execute(
            sql.SQL("SELECT count(*) FROM {}").format(table.source())
        ).fetchone()
        geometries = _geometries(connection, table, settings, _postgis_schema(snapshot))
        behind = tuple(map(str, sequences_behind(connection, settings.schemas)))
    return Integrity(
        rows=counted[0] if counted else 0,
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


def _geometries(
    connection: Connection, table: Table, settings: CatalogueSettings, postgis: str
) -> _Geometries:
    column = settings.geometry
    wrong = _wrongly_marked(table, column, postgis)
    outside = _outside(column, settings.extent, postgis)
    query = _COUNT.format(
        srid=_call(postgis, "st_srid", column),
        wrong=wrong,
        outside=outside,
        table=table.source(),
        column=sql.Identifier("t", column),
    )
    counts = connection.execute(query).fetchall()
    wrong_total, outside_total = sum(row[2] for row in counts), sum(row[3] for row in counts)
    return _Geometries(
        srids=tuple(row[0] for row in counts),
        wrong_total=wrong_total,
        wrong=_keys(connection, table, column, wrong) if wrong_total else (),
        outside_total=outside_total,
        outside=_keys(connection, table, column, outside) if outside_total else (),
    )


def _indexes(snapshot: Snapshot, schemas: Sequence[str]) -> tuple[int, tuple[str, ...]]:
    found = [
        (identity.name, index.attributes)
        for identity, index in snapshot.of_kind("index")
        if _schema_of(index.attributes["table"]) in schemas
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
        if _schema_of(identity.name) in schemas
    ]
    broken = (
        name
        for name, attributes in found
        if not attributes["validated"] or "D" in attributes.get("triggers_enabled", [])
    )
    return len(found), tuple(broken)


def _schema_of(name: str) -> str:
    return name.split(".", maxsplit=1)[0].strip('"')


def _postgis_schema(snapshot: Snapshot) -> str:
    """Where PostGIS lives: nothing is found by the search path while that is pinned."""
    postgis = snapshot.objects.get(ObjectId("extension", "postgis"))
    return "public" if postgis is None else str(postgis.attributes["schema"]).strip('"')


def _call(postgis: str, function: str, column: str) -> sql.Composable:
    return sql.SQL("{}({})").format(sql.Identifier(postgis, function), sql.Identifier("t", column))


def _wrongly_marked(table: Table, column: str, postgis: str) -> sql.Composable:
    valid = _call(postgis, "st_isvalid", column)
    if VALIDITY_COLUMN not in table.columns:
        return sql.SQL("NOT {}").format(valid)
    marked = sql.Identifier("t", VALIDITY_COLUMN)
    return sql.SQL("{} IS DISTINCT FROM {}").format(valid, marked)


def _outside(column: str, box: Box | None, postgis: str) -> sql.Composable:
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
    connection: Connection, table: Table, column: str, condition: sql.Composable
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
