"""Whether a restored database is sound: indexes, constraints, geometries, sequences.

Looked up here, judged elsewhere: limits belong to the plan.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from psycopg import sql

from shadowgate.catalogue.fingerprint import LogicalTable, count_rows, find, pinned
from shadowgate.catalogue.sequences import sequences_behind
from shadowgate.catalogue.snapshot import ObjectId, Snapshot, take_snapshot
from shadowgate.server.base import Connection

SHOWN = 10
"""Offending rows named of each kind."""

_COUNT = sql.SQL(
    """
    SELECT srid, count(*) FILTER (WHERE invalid), count(*) FILTER (WHERE wrong),
           count(*) FILTER (WHERE outside)
    FROM (
        SELECT {srid} AS srid, {invalid} AS invalid, {wrong} AS wrong, {outside} AS outside
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
    """What is looked at; the plan's ``[backup]`` has it.

    It may also have ``validity`` and ``all_valid`` as :class:`Wanted` has them.
    """

    @property
    def table(self) -> str | None:
        """The logical table whose rows are counted, qualified; all tables if ``None``."""
        ...

    @property
    def geometry(self) -> str | None:
        """Its geometry column; none is looked at if ``None``."""
        ...

    @property
    def extent(self) -> Box | None:
        """Where every geometry must lie; anywhere if ``None``."""
        ...

    @property
    def schemas(self) -> Sequence[str] | None:
        """Schemas whose indexes, constraints and sequences count; all of users' if ``None``."""
        ...


@dataclass(frozen=True)
class Wanted:
    """What a plan demands of a restored database; what is ``None`` is not demanded."""

    table: str | None = None
    geometry: str | None = None
    schemas: tuple[str, ...] | None = None
    rows: int | None = None
    """At least so many."""
    indexes: int | None = None
    srid: int | None = None
    extent: Box | None = None
    validity: str | None = None
    """Column that says whether the row's geometry is meant to be valid."""
    all_valid: bool = False
    """Every geometry must be valid; without it and without a validity column invalid ones are
    counted, and that is all."""


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
    """Geometries whose validity is not what their row says, or that must be valid and are not."""
    wrongly_marked: tuple[str, ...]
    """Primary keys of the first ones."""
    outside_total: int
    """Geometries that are empty or not wholly inside the extent."""
    outside: tuple[str, ...]
    sequences_behind: tuple[str, ...]
    """Sequences whose next value is taken already, in words."""
    invalid_total: int = 0
    """Invalid geometries, whether or not they may be."""
    invalid: tuple[str, ...] = ()
    """Primary keys of the first ones."""


@dataclass(frozen=True)
class _Geometries:
    srids: tuple[int, ...]
    wrong_total: int
    wrong: tuple[str, ...]
    outside_total: int
    outside: tuple[str, ...]
    invalid_total: int
    invalid: tuple[str, ...]


_NO_GEOMETRIES = _Geometries((), 0, (), 0, (), 0, ())


def check_restored(connection: Connection, settings: CatalogueSettings) -> Integrity:
    """Look over a restored database.

    Raises:
        UsageError: the table is not there.
        psycopg.Error: the geometry column is not there, or a row cannot be read.
    """
    snapshot = take_snapshot(connection)
    indexes, invalid = _indexes(snapshot, settings.schemas)
    constraints, unvalidated = _constraints(snapshot, settings.schemas)
    geometries = _NO_GEOMETRIES
    with pinned(connection):
        tables = find(connection, [settings.table] if settings.table else None)
        rows = sum(count_rows(connection, table) for table in tables)
        if settings.table and settings.geometry:
            looked_at = _Looked(tables[0], settings.geometry, _postgis_schema(snapshot))
            geometries = _geometries(connection, looked_at, settings)
        behind = tuple(map(str, sequences_behind(connection, settings.schemas)))
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
        invalid_total=geometries.invalid_total,
        invalid=geometries.invalid,
    )


def restored_problems(found: Integrity, wanted: Wanted) -> tuple[str, ...]:
    """What of a restored database is not as demanded, a sentence each. Pure."""
    return tuple(_problems(found, wanted))


def _problems(found: Integrity, wanted: Wanted) -> Iterator[str]:
    if wanted.rows is not None and found.rows < wanted.rows:
        yield f"{found.rows:,} rows, at least {wanted.rows:,} expected"
    if wanted.indexes is not None and found.indexes != wanted.indexes:
        yield f"{found.indexes} indexes, {wanted.indexes} expected"
    if wanted.srid is not None and {*found.srids} - {wanted.srid}:
        yield f"SRIDs {', '.join(map(str, found.srids))}, {wanted.srid} expected"
    yield from (f"index {name} is not valid" for name in found.invalid_indexes)
    yield from (f"constraint {name} is not validated" for name in found.unvalidated_constraints)
    if found.wrongly_marked_total:
        keys = ", ".join(found.wrongly_marked)
        yield f"{found.wrongly_marked_total:,} geometries are not valid as they should be: {keys}"
    if found.outside_total:
        yield f"{found.outside_total:,} geometries are outside of the extent: " + ", ".join(
            found.outside
        )
    yield from found.sequences_behind


@dataclass(frozen=True)
class _Looked:
    """A geometry column to look at."""

    table: LogicalTable
    column: str
    postgis: str


def _geometries(
    connection: Connection, looked_at: _Looked, settings: CatalogueSettings
) -> _Geometries:
    table, column, postgis = looked_at.table, looked_at.column, looked_at.postgis
    invalid = sql.SQL("NOT {}").format(_call(postgis, "st_isvalid", column))
    wrong = _wrongly_marked(looked_at, settings)
    outside = _outside(column, settings.extent, postgis)
    query = _COUNT.format(
        srid=_call(postgis, "st_srid", column),
        invalid=invalid,
        wrong=wrong,
        outside=outside,
        table=table.source(),
        column=sql.Identifier("t", column),
    )
    counts = connection.execute(query).fetchall()
    totals = [sum(row[place] for row in counts) for place in (1, 2, 3)]
    keys = [
        _keys(connection, table, column, condition) if total else ()
        for total, condition in zip(totals, (invalid, wrong, outside), strict=True)
    ]
    return _Geometries(
        srids=tuple(row[0] for row in counts),
        wrong_total=totals[1],
        wrong=keys[1],
        outside_total=totals[2],
        outside=keys[2],
        invalid_total=totals[0],
        invalid=keys[0],
    )


def _indexes(snapshot: Snapshot, schemas: Sequence[str] | None) -> tuple[int, tuple[str, ...]]:
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


def _constraints(snapshot: Snapshot, schemas: Sequence[str] | None) -> tuple[int, tuple[str, ...]]:
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
    return len(found), tuple(broken)


def _counts(name: str, schemas: Sequence[str] | None) -> bool:
    """Whether an object lies in one of these schemas."""
    return schemas is None or name.split(".", maxsplit=1)[0].strip('"') in schemas


def _postgis_schema(snapshot: Snapshot) -> str:
    """Where PostGIS lives: nothing is found by the search path while that is pinned."""
    postgis = snapshot.objects.get(ObjectId("extension", "postgis"))
    return "public" if postgis is None else str(postgis.attributes["schema"]).strip('"')


def _call(postgis: str, function: str, column: str) -> sql.Composable:
    return sql.SQL("{}({})").format(sql.Identifier(postgis, function), sql.Identifier("t", column))


def _wrongly_marked(looked_at: _Looked, settings: CatalogueSettings) -> sql.Composable:
    # Settings from before there was a choice demand nothing of the kind.
    validity: str = getattr(settings, "validity", "") or ""
    all_valid: bool = getattr(settings, "all_valid", False)
    valid = _call(looked_at.postgis, "st_isvalid", looked_at.column)
    if validity:
        return sql.SQL("{} IS DISTINCT FROM {}").format(valid, sql.Identifier("t", validity))
    return sql.SQL("NOT {}").format(valid) if all_valid else sql.SQL("false")


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
