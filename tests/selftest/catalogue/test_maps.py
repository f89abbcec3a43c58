"""A map is a bounded sample that PostGIS made small, with the places that queries name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from shadowgate.catalogue import maps
from shadowgate.catalogue.maps import WIDTH, TableMap, table_maps
from shadowgate.catalogue.windows import windows_of
from shadowgate.language import reading
from shadowgate.phases.migration.maps import draw_maps
from shadowgate.progress import silent
from shadowgate.queries import Query, Workload
from shadowgate.report.figures import table_map
from shadowgate.server import Database
from tests.selftest.report.test_html import Shape

PARCELS = """
CREATE TABLE parcels (id int NOT NULL, year int NOT NULL, geom geometry(Geometry, 31983), note text)
    PARTITION BY LIST (year);
CREATE TABLE parcels_2024 PARTITION OF parcels FOR VALUES IN (2024);
CREATE TABLE parcels_2025 PARTITION OF parcels FOR VALUES IN (2025);
CREATE TABLE parcels_2026 PARTITION OF parcels FOR VALUES IN (2026);
INSERT INTO parcels
SELECT n, 2024 + (n > 2900)::int,
       ST_Buffer(ST_SetSRID(ST_Point(600000 + 50 * (n % 60), 8000000 + 50 * (n / 60)), 31983), 20)
  FROM generate_series(1, 3000) AS n;
INSERT INTO parcels VALUES (4001, 2025, NULL), (4002, 2025, ST_GeomFromText('POINT EMPTY', 31983));
CREATE TABLE plain (id int, note text);
"""


@pytest.fixture
def parcels(make_database: Callable[..., Database]) -> Database:
    database = make_database()
    with database.connect() as connection:
        connection.execute(PARCELS)
    return database


def drawn(database: Database, **windows: list[str]) -> tuple[TableMap, ...]:
    with database.connect() as connection:
        return table_maps(connection, windows)


def test_the_geometries_are_sampled_by_partition_each_with_its_share(parcels: Database) -> None:
    (found,) = drawn(parcels)
    assert (found.table, found.column, found.srid) == ("public.parcels", "geom", 31983)
    assert list(found.shapes) == ["public.parcels_2024", "public.parcels_2025"]
    assert 300 < found.drawn <= maps.SHAPES + 40
    assert len(found.shapes["public.parcels_2025"]) >= 20
    for shapes in found.shapes.values():
        for shape in shapes:
            assert 0 <= shape.x <= WIDTH
            assert 0 <= shape.y <= found.height


def test_the_same_rows_give_the_same_map(parcels: Database) -> None:
    assert drawn(parcels) == drawn(parcels)


def test_what_is_fetched_has_bounds_however_large_the_geometries_are(
    make_database: Callable[..., Database],
) -> None:
    database = make_database()
    with database.connect() as connection:
        connection.execute(
            "CREATE TABLE coast AS SELECT n AS id, ST_Buffer(ST_Collect(ARRAY(SELECT ST_Point("
            "  random() * 100, n + random() * 100) FROM generate_series(1, 20))), 3, 20) AS geom"
            "  FROM generate_series(1, 600) AS n"
        )
    (found,) = drawn(database)
    assert sum(len(shape.path) for shapes in found.shapes.values() for shape in shapes) <= 250_000
    assert len(table_map(found).svg) < 400_000


def test_every_kind_of_geometry_is_drawn(make_database: Callable[..., Database]) -> None:
    database = make_database()
    kinds = (
        "POINT(1 1)",
        "POINT ZM (9 9 3 4)",
        "LINESTRING(0 0, 10 10)",
        "MULTIPOINT(1 2, 3 4)",
        "POLYGON((0 0, 9 0, 9 9, 0 0))",
        "GEOMETRYCOLLECTION(POINT(1 1), LINESTRING(2 2, 8 8))",
        "CIRCULARSTRING(0 0, 4 4, 8 0)",
        "POLYGON((0 0, 5 5, 5 0, 0 5, 0 0))",
    )
    with database.connect() as connection:
        connection.execute("CREATE TABLE shapes (geom geometry)")
        for kind in kinds:
            connection.execute("INSERT INTO shapes VALUES (ST_GeomFromText(%s))", [kind])
    (found,) = drawn(database)
    assert found.drawn == len(kinds)


def test_geographies_are_drawn_and_a_table_without_geometries_is_not(
    make_database: Callable[..., Database],
) -> None:
    database = make_database()
    with database.connect() as connection:
        connection.execute("CREATE TABLE places (at geography(Point, 4326)); CREATE TABLE t ()")
        connection.execute("INSERT INTO places SELECT ST_Point(n, n) FROM generate_series(1, 9) n")
    (found,) = drawn(database)
    assert (found.table, found.drawn) == ("public.places", 9)


def test_a_stray_row_does_not_shrink_the_map(parcels: Database) -> None:
    before = drawn(parcels)[0]
    with parcels.connect() as connection:
        connection.execute(
            "INSERT INTO parcels VALUES (5000, 2026, ST_SetSRID(ST_Point(0, 0), 31983))"
        )
    after = drawn(parcels)[0]
    assert after.height == pytest.approx(before.height, rel=0.1)
    assert "public.parcels_2026" not in after.shapes


def test_where_queries_look_is_framed_and_elsewhere_is_not(parcels: Database) -> None:
    there = windows_of(
        "SELECT 1 FROM parcels WHERE geom && "
        "ST_MakeEnvelope(600500, 8000500, 601000, 8001000, 31983)"
    )
    far = windows_of("SELECT 1 FROM parcels WHERE geom && ST_MakeEnvelope(0, 0, 1, 1, 31983)")
    near = windows_of("SELECT ST_DWithin(geom, ST_SetSRID(ST_Point(600500, 8000500), 31983), 100)")
    degrees = windows_of("SELECT ST_Intersects(geom, ST_Point(-44.05, -18.08, 4326))")
    bad = ["st_makeenvelope(1)", "st_area('POINT(1 1)')"]
    (found,) = drawn(parcels, Q1=[*there], Q2=[*far], Q3=[*near], Q4=bad, Q5=[*degrees])
    windows = {window.query: window for window in found.windows}
    assert {"Q1", "Q3"} <= windows.keys() <= {"Q1", "Q3", "Q5"}
    assert windows["Q1"].width == pytest.approx(windows["Q1"].height)
    assert windows["Q3"].width == pytest.approx(windows["Q1"].width * 200 / 500)


@pytest.mark.parametrize(
    ("query", "places"),
    [
        ("SELECT 1 WHERE g && ST_MakeEnvelope(1, -2, 3, 4)", ("st_makeenvelope(1, -2, 3, 4)",)),
        ("SELECT ST_Buffer(ST_Point(t.x, 2), 1) FROM t", ()),
        ("SELECT ST_Buffer(ST_Point(1, pg_sleep(9)::text::int), 1)", ()),
        ("SELECT ST_Point($1, 2)", ()),
        ("SELECT ST_Buffer((SELECT g FROM t), 1)", ()),
        ("no SQL", ()),
    ],
)
def test_a_place_is_made_of_constants_alone(query: str, places: tuple[str, ...]) -> None:
    assert windows_of(query) == places


def test_the_drawing_is_well_formed_says_what_it_shows_and_hides_nothing(parcels: Database) -> None:
    (found,) = drawn(parcels, Q1=["st_makeenvelope(600500, 8000500, 601000, 8001000, 31983)"])
    figure = table_map(found, 3002)
    shape = Shape(figure.svg)
    assert "parcels_2024" in shape.text
    assert "parcels_2025" in shape.text
    assert figure.sentence == (
        f"{found.drawn:,} geometries of column geom are drawn, a sample of 3,002 rows, coloured by "
        "the partition that they lie in; framed: where Q1 look."
    )
    with reading("pt-BR"):
        assert "enquadrado" in table_map(found, 3002).sentence


def query(text: str) -> Query:
    return Query("Q1", "a query", "read", text, Path("Q1.sql"))


def test_a_map_that_cannot_be_drawn_takes_nothing_from_the_run(
    parcels: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    workload = Workload((query("SELECT 1 FROM parcels WHERE geom && ST_MakeEnvelope(1, 2, 3, 4)"),))
    assert len(draw_maps(parcels, workload, {"public.parcels": 3002}, silent)) == 1
    said: list[str] = []

    def refused(*_given: object) -> None:
        raise psycopg.errors.QueryCanceled("canceling statement due to statement timeout")

    monkeypatch.setattr("shadowgate.phases.migration.maps.table_maps", refused)
    assert draw_maps(parcels, workload, {}, said.append) == ()
    assert said == ["no map is drawn: canceling statement due to statement timeout"]
