"""Geometries that a migration leaves where they cannot be, and those that it moved rightly."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from shadowgate.catalogue import geometry_problems, new_geometry_problems, survey_geometries
from shadowgate.server import Database, Server
from shadowgate.server.base import Connection
from tests.selftest.plain_database import plain_database

CONTENT = """
CREATE TABLE spring (id int PRIMARY KEY, name text, geom geometry(Point, 4326) NOT NULL);
INSERT INTO spring
SELECT n, 'spring ' || n,
       ST_SetSRID(ST_MakePoint(-44.2 + n % 83 * 0.002, -17.4 + n % 59 * 0.002), 4326)
FROM generate_series(1, 300) AS n;
CREATE TABLE field (id int, shape geometry(Polygon, 31983));
INSERT INTO field
SELECT n, ST_MakeEnvelope(606000 + n * 40, 8072000, 606030 + n * 40, 8072030, 31983)
FROM generate_series(1, 100) AS n;
INSERT INTO field VALUES
    (0, ST_GeomFromText('POLYGON((606000 8072000, 606002 8072002, 606002 8072000,'
                        ' 606000 8072002, 606000 8072000))', 31983)),
    (-1, ST_GeomFromText('POLYGON EMPTY', 31983)), (-2, NULL);
CREATE TABLE flight (id int, origin geography(Point), target geography(Point));
INSERT INTO flight
SELECT n, ST_MakePoint(-46 + n % 40, -23 + n % 60),
       ST_MakePoint(-46 + n * 7 % 55, -23 + n * 11 % 70)
FROM generate_series(1, 200) AS n;
CREATE TABLE plan_sheet (id int, shape geometry);
INSERT INTO plan_sheet VALUES (1, ST_MakePoint(3, 4)), (2, ST_MakePoint(70000, 5));
CREATE TABLE world (id int, geom geometry(Point, 3857));
INSERT INTO world
SELECT n, ST_Transform(ST_SetSRID(ST_MakePoint(-180 + n * 3.6, -84 + n * 1.68), 4326), 3857)
FROM generate_series(0, 100) AS n;
INSERT INTO world VALUES (101, ST_SetSRID(ST_MakePoint(20500000, 0), 3857));
CREATE TABLE visit (id int, geom geometry(Point, 4326), day date) PARTITION BY RANGE (day);
CREATE TABLE visit_all PARTITION OF visit DEFAULT;
INSERT INTO visit SELECT id, geom, '2025-01-01' FROM spring;
"""


@pytest.fixture(scope="module")
def database(server: Server) -> Iterator[Database]:
    with plain_database(server) as made:
        with made.connect() as connection:
            connection.execute("CREATE EXTENSION postgis")
            connection.execute(CONTENT.encode())
        yield made


@pytest.fixture
def session(database: Database) -> Iterator[Connection]:
    with database.connect() as connection:
        yield connection


def new_problems(
    session: Connection, statements: str, renames: dict[str, str] | None = None
) -> tuple[str, ...]:
    before = survey_geometries(session)
    with session.transaction(force_rollback=True):
        session.execute(statements.encode())
        return new_geometry_problems(before, survey_geometries(session), renames)


def column(type_: str, value: str, table: str = "spring") -> str:
    """A new geometry column with its values."""
    added = f"ALTER TABLE {table} ADD made geometry({type_})"
    return f"{added}; UPDATE {table} SET made = {value}"  # noqa: S608


BAD = {
    "degrees relabelled as metres": (
        column("Point, 31983", "ST_SetSRID(geom, 31983)"),
        [
            "public.spring.made: the coordinates of 300 of 300 rows, such as (-44.036, -17.306),"
            " are impossible for SRID 31983 (SIRGAS 2000 / UTM zone 23S): they look like degrees",
            "public.spring.made has the coordinates of geom in 300 rows, though their SRIDs differ",
        ],
    ),
    "a few rows relabelled": (
        column(
            "Point, 31983",
            "CASE WHEN id < 4 THEN ST_SetSRID(geom, 31983) ELSE ST_Transform(geom, 31983) END",
        ),
        ["the coordinates of 3 of 300 rows", "in 3 rows"],
    ),
    "relabelled for a map of the world": (
        column("Point, 3857", "ST_SetSRID(geom, 3857)"),
        ["are impossible for SRID 3857", "in 300 rows, though their SRIDs differ"],
    ),
    "relabelled in its place": (
        "ALTER TABLE spring ALTER geom TYPE geometry(Point, 32723) USING ST_SetSRID(geom, 32723)",
        ["public.spring.geom: the coordinates of 300 of 300 rows"],
    ),
    "relabelled in its place for a map of the world": (
        "ALTER TABLE visit ALTER geom TYPE geometry(Point, 3395) USING ST_SetSRID(geom, 3395)",
        ["public.visit.geom: the coordinates of 300 of 300 rows"],
    ),
    "metres relabelled as degrees": (
        column("Polygon, 4326", "ST_SetSRID(shape, 4326)", "field"),
        ["lie outside of longitude and latitude", "relabelled by ST_SetSRID"],
    ),
    "another zone": (
        "ALTER TABLE field ALTER shape TYPE geometry(Polygon, 31982)"
        " USING ST_SetSRID(shape, 31982)",
        ["public.field.shape: its coordinates lay around (-43"],
    ),
    "a new column in another zone": (
        column("Polygon, 31981", "ST_SetSRID(shape, 31981)", "field"),
        ["public.field.made has the coordinates of shape in 101 rows"],
    ),
    "transformed for one zone and labelled with another": (
        column("Point, 31982", "ST_SetSRID(ST_Transform(geom, 31983), 31982)"),
        ["public.spring.made lies 63"],
    ),
    "x for y": (
        column("Point, 4326", "ST_FlipCoordinates(geom)"),
        ["public.spring.made has the coordinates of geom in 300 rows, x for y"],
    ),
    "metres of another projection": (
        column("Point, 31983", "ST_SetSRID(ST_Transform(geom, 3857), 31983)"),
        ["public.spring.made: coordinates such as (-4920", "kilometres from geom"],
    ),
    "an unknown SRID": (
        "ALTER TABLE spring ADD made geometry; UPDATE spring SET made = ST_SetSRID(geom, 880001)",
        ["public.spring.made: SRID 880001 is not in spatial_ref_sys"],
    ),
    "two SRIDs in one column": (
        "ALTER TABLE spring ADD made geometry;"
        "UPDATE spring SET made = CASE WHEN id > 9 THEN geom ELSE ST_Transform(geom, 31983) END",
        ["public.spring.made: its rows have different SRIDs: 4326, 31983"],
    ),
    "more invalid ones": (
        "UPDATE field SET shape = (SELECT shape FROM field WHERE id = 0) WHERE id = 5",
        ["public.field.shape: 2 of 102 geometries are invalid, 1 before"],
    ),
}


@pytest.mark.parametrize("migration", BAD)
def test_what_cannot_be_is_named(session: Connection, migration: str) -> None:
    statements, told = BAD[migration]
    found = new_problems(session, statements)
    assert len(found) == len(told), found
    assert all(words in sentence for words, sentence in zip(told, found, strict=True)), found


GOOD = {
    "nothing": "",
    "transformed": column("Point, 31983", "ST_Transform(geom, 31983)"),
    "transformed for a map of the world": column("Point, 3857", "ST_Transform(geom, 3857)"),
    "transformed to degrees": column("Polygon, 4326", "ST_Transform(shape, 4326)", "field"),
    "transformed in its place": (
        "ALTER TABLE spring ALTER geom TYPE geometry(Point, 31983) USING ST_Transform(geom, 31983)"
    ),
    "degrees of another datum": column("Point, 4674", "ST_SetSRID(geom, 4674)"),
    "a neighbouring zone": column("Point, 31982", "ST_Transform(geom, 31982)"),
    "a copy of the column": column("Point, 4326", "geom"),
    "another shape at the same place": column(
        "Polygon, 4326", "ST_Buffer(geom::geography, 900)::geometry"
    ),
    "a copy of the table with its faults": "CREATE TABLE kept AS SELECT * FROM field",
    "a new place for a flight": (
        "ALTER TABLE flight ADD via geography(Point);"
        "UPDATE flight SET via = ST_MakePoint(-46 + id * 13 % 50, -23 + id * 3 % 65)"
    ),
    "geography": "ALTER TABLE spring ADD made geography(Point); UPDATE spring SET made = geom",
    "an empty column": "ALTER TABLE spring ADD made geometry(Point, 31983)",
    "a local map around its own zero": (
        "INSERT INTO spatial_ref_sys (srid, proj4text, srtext) VALUES (990001,"
        " '+proj=laea +lat_0=-17.4 +lon_0=-44.2 +x_0=0 +y_0=0 +datum=WGS84 +units=m', '');"
        "CREATE TABLE yard (geom geometry(Point, 990001));"
        "INSERT INTO yard SELECT ST_SetSRID(ST_MakePoint(n, n), 990001)"
        " FROM generate_series(1, 50) AS n"
    ),
    "a system that is not of this earth": (
        "INSERT INTO spatial_ref_sys (srid, proj4text, srtext) VALUES (990002,"
        " '+proj=tmerc +lon_0=30 +R=1737400 +units=m', '');"
        "CREATE TABLE crater (geom geometry(Point, 990002));"
        "INSERT INTO crater VALUES (ST_SetSRID(ST_MakePoint(5000, 5000), 990002))"
    ),
    "a solid": (
        "CREATE TABLE body (shape geometry); INSERT INTO body VALUES (ST_GeomFromText("
        "'TIN(((0 0 0, 0 0 1, 0 1 0, 0 0 0)), ((0 0 0, 0 1 0, 1 1 0, 0 0 0)))', 31983))"
    ).replace(", 31983)", ")"),
}


@pytest.mark.parametrize("migration", GOOD)
def test_what_may_be_is_let_pass(session: Connection, migration: str) -> None:
    assert new_problems(session, GOOD[migration]) == ()


def test_faults_from_before_are_told_once_and_are_nothing_new(session: Connection) -> None:
    assert geometry_problems(survey_geometries(session)) == (
        "public.field.shape: 1 of 102 geometries are invalid",
    )
    with session.transaction(force_rollback=True):
        session.execute("UPDATE spring SET geom = ST_SetSRID(ST_MakePoint(606000, 8000), 4326)")
        assert new_problems(session, "ALTER TABLE spring ADD note text") == ()
        told = geometry_problems(survey_geometries(session))
    assert "lie outside of longitude and latitude" in told[-1]


def test_a_renamed_table_is_the_same_table(session: Connection) -> None:
    statements = "ALTER TABLE field RENAME TO meadow"
    assert new_problems(session, statements, {"public.field": "public.meadow"}) == ()


def test_every_column_of_every_table_is_looked_at(session: Connection) -> None:
    found = survey_geometries(session)
    assert {column.name: column.rows for column in found.columns} == {
        "public.field.shape": 102,
        "public.flight.origin": 200,
        "public.flight.target": 200,
        "public.plan_sheet.shape": 2,
        "public.spring.geom": 300,
        "public.visit.geom": 300,
        "public.world.geom": 102,
    }
    assert [pair.columns for pair in found.pairs] == [("origin", "target")]
