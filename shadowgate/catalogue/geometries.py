"""Every geometry of every table: is it valid, may it lie there, and do the columns of a row agree.

What was wrong before a migration is not its doing, so a survey of the database before is compared
with one after. ``ST_SetSRID`` where ``ST_Transform`` was meant shows in three ways: coordinates
that the reference system cannot have, equal numbers in two columns of different systems, and a
column that lies in another part of the world than it did, or than its neighbour does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any, Literal

import psycopg
from psycopg import sql

from shadowgate.catalogue.fingerprint import pinned
from shadowgate.catalogue.reference_systems import (
    MAX_LATITUDE,
    MAX_LONGITUDE,
    Place,
    PlaceBox,
    ReferenceSystem,
    kilometres,
    reference_system,
)
from shadowgate.language import nsentence, sentence
from shadowgate.server.base import Connection

_COLUMNS = (Path(__file__).parent / "geometry_columns.sql").read_bytes()

MOVED_KM = 100.0
"""Between where the rows of a column lay before and lie after its reference system changed."""
APART_KM = 1000.0
"""Between most rows of two columns of a table: origin and destination lie in one region."""
SAME_KM = 1.0
"""Reference systems that differ by their datum put the same degrees less than this apart."""
ZONE_DEGREES = 6.0
"""Width of a zone of UTM: coordinates of one zone read as those of another move by it."""

# OFFSET 0 keeps the planner from computing each value anew wherever it is used: it took three times
# as long. Solids cannot be asked whether they are valid.
_SURVEY = sql.SQL(
    """
    SELECT srid, count(*), count(*) FILTER (WHERE invalid),
           count(*) FILTER (WHERE x IS NOT NULL),
           count(*) FILTER (WHERE in_degrees),
           count(*) FILTER (WHERE in_degrees AND width = 0 AND x = 0 AND y = 0),
           min(ARRAY[x, y]) FILTER (WHERE NOT in_degrees),
           max(ARRAY[x, y]) FILTER (WHERE in_degrees),
           ARRAY[min(ARRAY[x, y]) FILTER (WHERE x IS NOT NULL),
                 max(ARRAY[x, y]) FILTER (WHERE x IS NOT NULL)],
           ARRAY[min(ARRAY[y, x]) FILTER (WHERE x IS NOT NULL),
                 max(ARRAY[y, x]) FILTER (WHERE x IS NOT NULL)],
           percentile_cont(ARRAY[0.05, 0.95]) WITHIN GROUP (ORDER BY x),
           percentile_cont(ARRAY[0.05, 0.95]) WITHIN GROUP (ORDER BY y)
    FROM (
        SELECT srid, invalid, (min_x + max_x) / 2 AS x, (min_y + max_y) / 2 AS y,
               max_x - min_x AS width,
               greatest(-min_x, max_x) <= {longitude} AND greatest(-min_y, max_y) <= {latitude}
                   AS in_degrees
        FROM (
            SELECT {postgis}.st_srid(g) AS srid,
                   CASE WHEN {postgis}.geometrytype(g) IN ('POLYHEDRALSURFACE', 'TIN', 'TRIANGLE')
                        THEN false ELSE NOT {postgis}.st_isvalid(g) END AS invalid,
                   {postgis}.st_xmin(g) AS min_x, {postgis}.st_xmax(g) AS max_x,
                   {postgis}.st_ymin(g) AS min_y, {postgis}.st_ymax(g) AS max_y
            FROM (SELECT {value} AS g FROM {table} AS t) AS geometries
            WHERE g IS NOT NULL
            OFFSET 0
        ) AS boxes
        OFFSET 0
    ) AS places
    GROUP BY srid
    ORDER BY srid
    """
)
_EQUAL_NUMBERS = sql.SQL(
    """
    SELECT srid_a, srid_b, (ax, ay, ax2, ay2) = (bx, by, bx2, by2) AS same, count(*),
           min(ARRAY[ax, ay, bx, by])
    FROM (
        SELECT {postgis}.st_srid(a) AS srid_a, {postgis}.st_srid(b) AS srid_b,
               {postgis}.st_xmin(a) AS ax, {postgis}.st_ymin(a) AS ay,
               {postgis}.st_xmax(a) AS ax2, {postgis}.st_ymax(a) AS ay2,
               {postgis}.st_xmin(b) AS bx, {postgis}.st_ymin(b) AS by,
               {postgis}.st_xmax(b) AS bx2, {postgis}.st_ymax(b) AS by2
        FROM (SELECT {a} AS a, {b} AS b FROM {table} AS t) AS pairs
        WHERE a IS NOT NULL AND b IS NOT NULL
        OFFSET 0
    ) AS boxes
    WHERE (srid_a <> srid_b AND (ax, ay, ax2, ay2) = (bx, by, bx2, by2))
       OR (ax <> ay AND (ax, ay, ax2, ay2) = (by, bx, by2, bx2))
    GROUP BY 1, 2, 3
    ORDER BY 1, 2, 3
    """
)
_SYSTEMS = sql.SQL(
    "SELECT srid, coalesce(srtext, ''), coalesce(proj4text, '') FROM {postgis}.spatial_ref_sys"
    " WHERE srid = ANY (%s)"
)
_THERE_AND_BACK = sql.SQL(
    """
    SELECT {postgis}.st_x(there), {postgis}.st_y(there), {postgis}.st_x(back), {postgis}.st_y(back)
    FROM (
        SELECT there, {postgis}.st_transform(there, %(srid)s::integer) AS back
        FROM (
            SELECT {postgis}.st_transform({postgis}.st_setsrid(
                {postgis}.st_makepoint(%(x)s::float8, %(y)s::float8), %(srid)s::integer
            ), 4326) AS there
        ) AS transformed
    ) AS both_ways
    """
)
_IMPOSSIBLE = re.compile(
    r"\((2049|2050)\)|tolerance condition|latitude or longitude exceeded", re.IGNORECASE
)
"""PROJ's complaints of a coordinate; others are of the reference system."""

Point = tuple[float, float]
Unplaced = Literal["nowhere", "elsewhere", "unknown"]
"""Why a coordinate has no place: its system cannot have it; it does not come back from there; PROJ
cannot bring the system to longitude and latitude on earth, which says nothing of the coordinate."""


@dataclass(frozen=True)
class GeometryColumn:
    """What is known of the geometries of one column."""

    table: str
    column: str
    systems: tuple[ReferenceSystem, ...]
    """Those of its rows; without a name if ``spatial_ref_sys`` does not have it."""
    unknown: tuple[int, ...] = ()
    """SRIDs that are not in ``spatial_ref_sys``; 0, which says that there is none, is not one."""
    rows: int = 0
    """With a geometry."""
    invalid: int = 0
    beyond: int = 0
    """Rows in degrees that no longitude or latitude has."""
    in_degrees: int = 0
    """Rows of a projected system with numbers that degrees have and the system has not."""
    astray: str = ""
    """An outermost coordinate that the system does not allow, in words."""
    example: Point | None = None
    """A coordinate of those beyond or in degrees."""
    places: PlaceBox | None = None
    """Where most rows lie; ``None`` without a known system."""

    @property
    def name(self) -> str:
        """Table and column."""
        return f"{self.table}.{self.column}"

    @property
    def srids(self) -> frozenset[int]:
        """The SRIDs of its rows."""
        return frozenset(system.srid for system in self.systems)


@dataclass(frozen=True)
class GeometryPair:
    """Two geometry columns of one table."""

    table: str
    columns: tuple[str, str]
    relabelled: int = 0
    """Rows with the same numbers in both columns, which mean different places."""
    exchanged: int = 0
    """Rows with the same numbers in both columns, x for y."""
    apart_km: float = 0.0
    """Between most rows of the one and most of the other; 0 if they lie in one region."""


@dataclass(frozen=True)
class Geometries:
    """All geometries of a database at one moment."""

    columns: tuple[GeometryColumn, ...]
    pairs: tuple[GeometryPair, ...]


@dataclass(frozen=True)
class GeometrySource:
    """A column with geometries, and how it is read."""

    table: str
    column: str
    geography: bool
    postgis: str
    only: bool

    def value(self) -> sql.Composable:
        """What it holds in a row ``t``, as a geometry."""
        column = sql.Identifier("t", self.column)
        if not self.geography:
            return column
        return sql.SQL("{}::{}").format(column, sql.Identifier(self.postgis, "geometry"))

    def rows(self) -> sql.Composable:
        """Where its rows are."""
        return sql.SQL(f"ONLY {self.table}" if self.only else self.table)


@dataclass(frozen=True)
class _Group:
    """The rows of a column with one SRID."""

    srid: int
    rows: int
    invalid: int
    located: int
    in_degrees: int
    at_zero: int
    large: list[float] | None
    small: list[float] | None
    outermost_x: list[list[float]] | None
    outermost_y: list[list[float]] | None
    most_x: list[float] | None
    most_y: list[float] | None

    def outermost(self) -> Iterator[Point]:
        for x, y in self.outermost_x or ():
            if x is not None and y is not None:
                yield x, y
        for y, x in self.outermost_y or ():
            if x is not None and y is not None:
                yield x, y

    def corners(self) -> Iterator[Point]:
        """Of the box that most rows lie in."""
        for x in self.most_x or ():
            for y in self.most_y or ():
                yield x, y


def geometry_sources(connection: Connection) -> list[GeometrySource]:
    """The columns of users' tables that hold geometries or geographies."""
    return [GeometrySource(*row) for row in connection.execute(_COLUMNS)]


def survey_geometries(connection: Connection) -> Geometries:
    """Look at every geometry and geography of users' tables, once.

    Raises:
        psycopg.Error: a table cannot be read.
    """
    with pinned(connection):
        connection.execute("SET LOCAL client_min_messages = error")
        sources = geometry_sources(connection)
        columns = {source: _column(connection, source) for source in sources}
        pairs = tuple(
            _pair(connection, one, other, columns)
            for one, other in combinations(sources, 2)
            if one.table == other.table
        )
    return Geometries(tuple(columns.values()), pairs)


def _column(connection: Connection, source: GeometrySource) -> GeometryColumn:
    query = _SURVEY.format(
        postgis=sql.Identifier(source.postgis),
        value=source.value(),
        table=source.rows(),
        longitude=sql.Literal(MAX_LONGITUDE),
        latitude=sql.Literal(MAX_LATITUDE),
    )
    groups = [_Group(*row) for row in connection.execute(query)]
    known = _systems(connection, source.postgis, [group.srid for group in groups])
    beyond = in_degrees = 0
    example: Point | None = None
    astray = ""
    boxes = []
    for group in groups:
        system = known.get(group.srid)
        if system is None:
            continue
        if system.geographic:
            wrong, seen = group.located - group.in_degrees, group.large
            beyond += wrong
        else:
            wrong, seen = group.in_degrees - group.at_zero, group.small
            # A few rows of a map of the world may lie out at sea; all of them do not.
            at_sea = system.zero_at_sea and wrong == group.located
            wrong = wrong if system.false_origin or at_sea else 0
            in_degrees += wrong
        if wrong and seen:
            example = (seen[0], seen[1])
        astray = astray or _astray(connection, source.postgis, system, group)
        boxes.append(_places(connection, source.postgis, system, group))
    return GeometryColumn(
        table=source.table,
        column=source.column,
        systems=tuple(
            known.get(group.srid, ReferenceSystem(group.srid, "", geographic=False))
            for group in groups
        ),
        unknown=tuple(g.srid for g in groups if g.srid and g.srid not in known),
        rows=sum(group.rows for group in groups),
        invalid=sum(group.invalid for group in groups),
        beyond=beyond,
        in_degrees=in_degrees,
        astray=astray,
        example=example,
        places=_around([box for box in boxes if box]) if None not in boxes else None,
    )


def _systems(
    connection: Connection, postgis: str, srids: Sequence[int]
) -> dict[int, ReferenceSystem]:
    query = _SYSTEMS.format(postgis=sql.Identifier(postgis))
    return {row[0]: reference_system(*row) for row in connection.execute(query, (list(srids),))}


def _astray(connection: Connection, postgis: str, system: ReferenceSystem, group: _Group) -> str:
    """An outermost coordinate that the system does not allow, in words."""
    if system.geographic:
        return ""
    for point in group.outermost():
        place = _place(connection, postgis, system.srid, point)
        # Past the edge of a map of the world one comes back on the other side.
        turned = place == "elsewhere" and system.central_meridian is not None
        if place == "nowhere" or turned:
            return sentence("{point}, which is nowhere", point=_in_words(point))
        if isinstance(place, Place) and not system.allows(place):
            return sentence(
                "{point}, which would be at {place}", point=_in_words(point), place=str(place)
            )
    return ""


def _places(
    connection: Connection, postgis: str, system: ReferenceSystem, group: _Group
) -> PlaceBox | None:
    found = [_place(connection, postgis, system.srid, point) for point in group.corners()]
    places = [place for place in found if isinstance(place, Place)]
    if not places or len(places) < len(found):
        return None
    return PlaceBox(
        west=min(place.longitude for place in places),
        south=min(place.latitude for place in places),
        east=max(place.longitude for place in places),
        north=max(place.latitude for place in places),
    )


def _around(boxes: Sequence[PlaceBox]) -> PlaceBox | None:
    if not boxes:
        return None
    return PlaceBox(
        west=min(box.west for box in boxes),
        south=min(box.south for box in boxes),
        east=max(box.east for box in boxes),
        north=max(box.north for box in boxes),
    )


def _place(connection: Connection, postgis: str, srid: int, point: Point) -> Place | Unplaced:
    """Where on earth a coordinate lies."""
    query = _THERE_AND_BACK.format(postgis=sql.Identifier(postgis))
    values = {"x": point[0], "y": point[1], "srid": srid}
    try:
        with connection.transaction(force_rollback=True):
            row = connection.execute(query, values).fetchone()
    except psycopg.Error as error:
        impossible = _IMPOSSIBLE.search(error.diag.message_primary or "")
        return "nowhere" if impossible else "unknown"
    if row is None or None in row:
        return "unknown"
    longitude, latitude, x, y = row
    tolerance = max(1.0, 1e-6 * max(abs(point[0]), abs(point[1])))
    if not (abs(x - point[0]) <= tolerance and abs(y - point[1]) <= tolerance):
        return "elsewhere"
    return Place(longitude, latitude)


def _pair(
    connection: Connection,
    one: GeometrySource,
    other: GeometrySource,
    columns: Mapping[GeometrySource, GeometryColumn],
) -> GeometryPair:
    query = _EQUAL_NUMBERS.format(
        postgis=sql.Identifier(one.postgis),
        a=one.value(),
        b=other.value(),
        table=one.rows(),
    )
    relabelled = exchanged = 0
    for srid_a, srid_b, same, rows, (ax, ay, bx, by) in connection.execute(query).fetchall():
        here = _place(connection, one.postgis, srid_a, (ax, ay))
        there = _place(connection, one.postgis, srid_b, (bx, by))
        if isinstance(here, Place) and isinstance(there, Place):
            far = kilometres(here, there) > SAME_KM
        else:
            far = "nowhere" in (here, there)
        relabelled += rows if far and same else 0
        exchanged += rows if far and not same else 0
    return GeometryPair(
        one.table,
        (one.column, other.column),
        relabelled,
        exchanged,
        _apart(columns[one].places, columns[other].places),
    )


def _apart(one: PlaceBox | None, other: PlaceBox | None) -> float:
    if one is None or other is None:
        return 0.0
    gap = one.gap_km(other)
    if gap > APART_KM:
        return gap
    east = abs(one.centre.longitude - other.centre.longitude)
    north = abs(one.centre.latitude - other.centre.latitude)
    zones = round(east / ZONE_DEGREES)
    in_another_zone = zones > 0 and abs(east - zones * ZONE_DEGREES) < 1e-3 and north < 1e-3
    return kilometres(one.centre, other.centre) if in_another_zone else 0.0


def _in_words(point: Point) -> str:
    return f"({point[0]:.3f}, {point[1]:.3f})"


def geometry_problems(found: Geometries) -> tuple[str, ...]:
    """What is wrong with the geometries of a database by themselves, a sentence each."""
    return new_geometry_problems(Geometries((), ()), found)


def new_geometry_problems(
    before: Geometries, after: Geometries, renames: Mapping[str, str] | None = None
) -> tuple[str, ...]:
    """What is wrong with geometries and was not before, a sentence each. Pure.

    A new column may have as many rows of one kind of fault as the columns that it can have been
    made from: those of its table, or of all tables if the table is new.

    Args:
        before: before the migration.
        after: after it.
        renames: table before -> the name that it has afterwards.
    """
    moved = renames or {}
    old = [(moved.get(column.table, column.table), column) for column in before.columns]
    return (
        *(problem for column in after.columns for problem in _problems(column, old)),
        *_new_disagreements(before, after, moved),
    )


def _problems(column: GeometryColumn, old: Sequence[tuple[str, GeometryColumn]]) -> Iterator[str]:
    itself = [c for table, c in old if (table, c.column) == (column.table, column.column)]
    of_table = [c for table, c in old if table == column.table]
    origins = itself or of_table or [c for _, c in old]
    alike = [origin for origin in origins if origin.srids & column.srids]
    known = {srid for origin in origins for srid in origin.unknown}
    for srid in column.unknown:
        if srid not in known:
            yield sentence(
                "{column}: SRID {srid} is not in spatial_ref_sys", column=column.name, srid=srid
            )
    if len(column.srids) > 1 and not any(column.srids <= origin.srids for origin in origins):
        listed = ", ".join(map(str, sorted(column.srids)))
        yield sentence(
            "{column}: its rows have different SRIDs: {srids}", column=column.name, srids=listed
        )
    misplaced = _misplaced(column, alike)
    if misplaced:
        yield misplaced
    if column.invalid > max((origin.invalid for origin in origins), default=0):
        yield (
            nsentence(
                "{column}: {invalid:,} of {n:,} geometry is invalid, {before:,} before",
                "{column}: {invalid:,} of {n:,} geometries are invalid, {before:,} before",
                column.rows,
                column=column.name,
                invalid=column.invalid,
                before=itself[0].invalid,
            )
            if itself
            else nsentence(
                "{column}: {invalid:,} of {n:,} geometry is invalid",
                "{column}: {invalid:,} of {n:,} geometries are invalid",
                column.rows,
                column=column.name,
                invalid=column.invalid,
            )
        )
    for origin in itself:
        if origin.srids != column.srids and origin.places and column.places:
            gap = origin.places.gap_km(column.places)
            if gap > MOVED_KM and not misplaced:
                yield sentence(
                    "{column}: its coordinates lay around {before} and lie around {after} now, "
                    "{distance:,.0f} kilometres away",
                    column=column.name,
                    before=str(origin.places.centre),
                    after=str(column.places.centre),
                    distance=gap,
                )


def _misplaced(column: GeometryColumn, alike: Sequence[GeometryColumn]) -> str:
    """Coordinates that the column's reference system cannot have."""
    values: dict[str, Any] = {
        "column": column.name,
        "rows": column.rows,
        "system": ", ".join(map(str, column.systems)),
        # TRANSLATORS: it stands behind the number of rows whose coordinates are wrong
        "example": sentence(", such as {point},", point=_in_words(column.example))
        if column.example
        else "",
    }
    if column.in_degrees > max((origin.in_degrees for origin in alike), default=0):
        return sentence(
            "{column}: the coordinates of {wrong:,} of {rows:,} rows{example} are impossible for "
            "{system}: they look like degrees; ST_SetSRID changes the label only, ST_Transform the "
            "coordinates",
            wrong=column.in_degrees,
            **values,
        )
    if column.beyond > max((origin.beyond for origin in alike), default=0):
        return sentence(
            "{column}: the coordinates of {wrong:,} of {rows:,} rows{example} lie outside of "
            "longitude and latitude, which {system} has",
            wrong=column.beyond,
            **values,
        )
    if column.astray and not any(origin.astray for origin in alike):
        return sentence(
            "{column}: coordinates such as {point}, are impossible for {system}",
            column=column.name,
            point=column.astray,
            system=values["system"],
        )
    return ""


def _new_disagreements(
    before: Geometries, after: Geometries, moved: Mapping[str, str]
) -> Iterator[str]:
    known = {
        (moved.get(pair.table, pair.table), frozenset(pair.columns)): pair for pair in before.pairs
    }
    old_columns = {(moved.get(c.table, c.table), c.column) for c in before.columns}
    old_tables = {table for table, _ in old_columns}
    for pair in after.pairs:
        was = known.get(
            (pair.table, frozenset(pair.columns)), GeometryPair(pair.table, pair.columns)
        )
        if pair.table not in old_tables and _copied(pair, before):
            continue
        fresh = [name for name in pair.columns if (pair.table, name) not in old_columns]
        one = fresh[0] if fresh else pair.columns[-1]
        other = next(name for name in pair.columns if name != one)
        if pair.relabelled > was.relabelled:
            yield nsentence(
                "{table}.{one} has the coordinates of {other} in {n:,} row, though their SRIDs "
                "differ: relabelled by ST_SetSRID, not transformed",
                "{table}.{one} has the coordinates of {other} in {n:,} rows, though their SRIDs "
                "differ: relabelled by ST_SetSRID, not transformed",
                pair.relabelled,
                table=pair.table,
                one=one,
                other=other,
            )
        elif pair.exchanged > was.exchanged:
            yield nsentence(
                "{table}.{one} has the coordinates of {other} in {n:,} row, x for y",
                "{table}.{one} has the coordinates of {other} in {n:,} rows, x for y",
                pair.exchanged,
                table=pair.table,
                one=one,
                other=other,
            )
        elif pair.apart_km and not was.apart_km:
            yield sentence(
                "{table}.{one} lies {distance:,.0f} kilometres from {other} of the same rows",
                table=pair.table,
                one=one,
                distance=pair.apart_km,
                other=other,
            )


def _copied(pair: GeometryPair, before: Geometries) -> bool:
    """Whether a new table has the disagreement of one from before."""
    return any(
        {*old.columns} == {*pair.columns}
        and old.relabelled >= pair.relabelled
        and old.exchanged >= pair.exchanged
        and bool(old.apart_km) >= bool(pair.apart_km)
        for old in before.pairs
    )
