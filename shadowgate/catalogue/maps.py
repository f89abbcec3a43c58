"""A sample of the geometries of a table, made small by PostGIS: enough to draw a map.

However large a table is, so many pages of each partition are read and so many geometries are
fetched, simplified to what a drawing can show.
"""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import psycopg
from psycopg import sql

from shadowgate.catalogue.fingerprint import pinned
from shadowgate.catalogue.geometries import GeometrySource, geometry_sources
from shadowgate.server.base import Connection

WIDTH = 1000.0
"""Of a map, in the units of its paths."""
SHAPES = 1500
"""Geometries of one table that are drawn."""
TABLES = 3
"""Tables that are drawn: the largest."""

_PAGES = 64
"""Of each partition that are read."""
_PARTITIONS = 200
_LONGEST_PATH = 4_000
"""Characters; a geometry with more is drawn as its box."""
_MOST = 250_000
"""Characters of all paths of a table."""
_LEAST = 3.0
"""Units; what is smaller is drawn as a dot."""
_LARGE = 50_000
"""Bytes of a geometry as it is stored; one that has more is fetched as its box."""
_TIMEOUT = "5s"


@dataclass(frozen=True)
class Shape:
    """One geometry, in units from the map's upper left corner."""

    path: str
    """Of SVG; empty for a dot."""
    x: float
    y: float
    area: bool


@dataclass(frozen=True)
class Window:
    """Where a query looks."""

    query: str
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class TableMap:
    """The geometries of one column of a table."""

    table: str
    column: str
    srid: int
    height: float
    shapes: Mapping[str, tuple[Shape, ...]]
    """By partition, the largest first; by the table itself where it has none."""
    windows: tuple[Window, ...] = ()

    @property
    def drawn(self) -> int:
        """How many geometries."""
        return sum(map(len, self.shapes.values()))


@dataclass(frozen=True)
class _Frame:
    """The part of the plane that is drawn."""

    srid: int
    x: float
    y: float
    scale: float
    height: float


@dataclass(frozen=True)
class _Leaf:
    """A partition, or a table that has none."""

    name: str
    pages: int


Box = tuple[int, float, float, float, float, str]
"""SRID, least and greatest x and y, and where the row is."""


def table_maps(
    connection: Connection, windows: Mapping[str, Sequence[str]]
) -> tuple[TableMap, ...]:
    """The geometries of the largest tables that have any.

    Args:
        connection: to the database.
        windows: query -> the places that it names, as SQL expressions.

    Raises:
        psycopg.Error: a table cannot be read, or takes longer than a few seconds.
    """
    with pinned(connection):
        connection.execute("SET LOCAL client_min_messages = error")
        connection.execute(sql.SQL("SET LOCAL statement_timeout = {}").format(_TIMEOUT))
        first = {each.table: each for each in reversed(geometry_sources(connection))}
        leaves = {source: _leaves(connection, source) for source in first.values()}
        largest = sorted(leaves, key=lambda source: -sum(leaf.pages for leaf in leaves[source]))
        found = [_map(connection, each, leaves[each], windows) for each in largest[:TABLES]]
    return tuple(each for each in found if each is not None)


def _leaves(connection: Connection, source: GeometrySource) -> list[_Leaf]:
    """Where its rows are, the largest first."""
    rows = connection.execute(
        "SELECT format('%%I.%%I', n.nspname, c.relname), pg_relation_size(c.oid) / 8192"
        "  FROM pg_partition_tree(%s::regclass) t"
        "  JOIN pg_class c ON c.oid = t.relid JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE t.isleaf AND c.relkind = 'r' ORDER BY 2 DESC, 1 LIMIT %s",
        [source.table, _PARTITIONS],
    )
    return [_Leaf(*row) for row in rows] or [_Leaf(source.table, 1)]


def _map(
    connection: Connection,
    source: GeometrySource,
    leaves: Sequence[_Leaf],
    windows: Mapping[str, Sequence[str]],
) -> TableMap | None:
    total = sum(leaf.pages for leaf in leaves) or 1
    boxes = {
        leaf: _boxes(connection, source, leaf, max(20, SHAPES * leaf.pages // total))
        for leaf in leaves
        if leaf.pages
    }
    frame = _frame([box for found in boxes.values() for box in found])
    if frame is None:
        return None
    shapes: dict[str, tuple[Shape, ...]] = {}
    room = _MOST
    for leaf, found in boxes.items():
        places = [box[-1] for box in found if box[0] == frame.srid]
        drawn = tuple(_as_far_as(_shapes(connection, source, leaf, places, frame), room))
        room -= sum(len(shape.path) + 8 for shape in drawn)
        if drawn:
            shapes[leaf.name] = drawn
    seen = [
        window
        for query, places in windows.items()
        for place in places
        for window in _window(connection, source.postgis, query, place, frame)
    ]
    return TableMap(source.table, source.column, frame.srid, frame.height, shapes, tuple(seen))


def _boxes(connection: Connection, source: GeometrySource, leaf: _Leaf, most: int) -> list[Box]:
    share = min(100.0, 100.0 * _PAGES / leaf.pages)
    query = sql.SQL(
        "SELECT {p}.st_srid(g), {p}.st_xmin(g), {p}.st_ymin(g), {p}.st_xmax(g), {p}.st_ymax(g), at"
        "  FROM (SELECT {value} AS g, ctid::text AS at FROM ONLY {table} AS t"
        "        TABLESAMPLE SYSTEM ({share}) REPEATABLE (1)"
        "        ORDER BY md5(ctid::text) LIMIT {most}) AS sample"
        " WHERE g IS NOT NULL AND NOT {p}.st_isempty(g)"
    ).format(
        p=sql.Identifier(source.postgis),
        value=source.value(),
        table=sql.SQL(leaf.name),
        share=share,
        most=most,
    )
    return list(connection.execute(query))


def _frame(boxes: Sequence[Box]) -> _Frame | None:
    """Around most of the boxes in the reference system that most have: a stray one is left out."""
    srids = Counter(box[0] for box in boxes)
    if not srids:
        return None
    srid = srids.most_common(1)[0][0]
    own = [box for box in boxes if box[0] == srid]
    x, right = _most([box[1] for box in own])[0], _most([box[3] for box in own])[1]
    y, top = _most([box[2] for box in own])[0], _most([box[4] for box in own])[1]
    width, height = max(right - x, 1e-9), max(top - y, 1e-9)
    margin = 0.03 * max(width, height)
    x, y, width, height = x - margin, y - margin, width + 2 * margin, height + 2 * margin
    # Neither a ribbon nor a tower.
    scale = min(WIDTH / width, 1.2 * WIDTH / height)
    x -= (WIDTH / scale - width) / 2
    return _Frame(srid, x, y, scale, max(height * scale, 120.0))


def _most(values: Sequence[float]) -> tuple[float, float]:
    """Between which nearly all values lie."""
    if len(values) < 50:
        return min(values), max(values)
    cuts = statistics.quantiles(values, n=200)
    return cuts[0], cuts[-1]


# OFFSET 0 keeps the planner from computing each value anew wherever it is used.
_SHAPES = sql.SQL(
    """
    SELECT CASE WHEN small THEN '' ELSE {p}.st_assvg(drawn, 1, 1) END,
           x, -y, {p}.st_dimension(drawn) = 2,
           CASE WHEN small THEN '' ELSE {p}.st_assvg({p}.st_envelope(drawn), 1, 1) END
    FROM (
        SELECT {p}.st_forcepolygoncw({p}.st_simplify(g, 0.7, true)) AS drawn,
               ({p}.st_xmin(g) + {p}.st_xmax(g)) / 2 AS x,
               ({p}.st_ymin(g) + {p}.st_ymax(g)) / 2 AS y,
               {p}.st_dimension(g) = 0
                   OR greatest({p}.st_xmax(g) - {p}.st_xmin(g), {p}.st_ymax(g) - {p}.st_ymin(g))
                      < {least} AS small
        FROM (
            SELECT {p}.st_affine({p}.st_force2d(CASE
                       WHEN {p}.geometrytype(g) IN ('POINT', 'LINESTRING', 'POLYGON', 'MULTIPOINT',
                                                    'MULTILINESTRING', 'MULTIPOLYGON') THEN g
                       ELSE {p}.st_envelope(g) END),
                       {scale}, 0, 0, {scale}, {shift_x}, {shift_y}) AS g
            FROM (SELECT CASE WHEN pg_column_size({value}) > {large} THEN {p}.st_envelope({value})
                              ELSE {value} END AS g
                  FROM ONLY {table} AS t WHERE t.ctid = ANY ({places}::tid[])
                  OFFSET 0) AS sample
            OFFSET 0
        ) AS scaled
        OFFSET 0
    ) AS simplified
    """
)


def _shapes(
    connection: Connection,
    source: GeometrySource,
    leaf: _Leaf,
    places: Sequence[str],
    frame: _Frame,
) -> Iterator[Shape]:
    query = _SHAPES.format(
        p=sql.Identifier(source.postgis),
        value=source.value(),
        table=sql.SQL(leaf.name),
        places=list(places),
        large=_LARGE,
        least=_LEAST,
        scale=frame.scale,
        shift_x=-frame.x * frame.scale,
        # SVG counts y downwards, and st_assvg turns it round.
        shift_y=-frame.y * frame.scale - frame.height,
    )
    for path, x, y, area, box in connection.execute(query):
        if 0 <= x <= WIDTH and 0 <= y <= frame.height:
            yield Shape(path if len(path) <= _LONGEST_PATH else box, x, y, area)


def _as_far_as(shapes: Iterable[Shape], room: int) -> Iterator[Shape]:
    for shape in shapes:
        room -= len(shape.path) + 8
        if room < 0:
            return
        yield shape


def _window(
    connection: Connection, postgis: str, query: str, place: str, frame: _Frame
) -> Iterator[Window]:
    """Where a place lies on the map; nothing if it lies elsewhere, or cannot be told."""
    where = sql.SQL(
        "SELECT {p}.st_xmin(g), {p}.st_ymin(g), {p}.st_xmax(g), {p}.st_ymax(g)"
        "  FROM (SELECT CASE WHEN {p}.st_srid(g) IN (0, {srid}) THEN g"
        "                    ELSE {p}.st_transform(g, {srid}) END AS g"
        "          FROM (SELECT ({place})::{p}.geometry AS g) AS named) AS placed"
        " WHERE NOT {p}.st_isempty(g)"
    ).format(p=sql.Identifier(postgis), srid=frame.srid, place=sql.SQL(place))
    try:
        with connection.transaction():
            path = sql.SQL("SET LOCAL search_path = {}, pg_catalog")
            connection.execute(path.format(sql.Identifier(postgis)))
            row = connection.execute(where).fetchone()
    except psycopg.Error:
        return
    if row is None:
        return
    left, right = ((row[at] - frame.x) * frame.scale for at in (0, 2))
    bottom, top = (frame.height - (row[at] - frame.y) * frame.scale for at in (1, 3))
    inside = right > 0 and left < WIDTH and bottom > 0 and top < frame.height
    if inside:
        yield Window(query, left, top, right - left, bottom - top)
