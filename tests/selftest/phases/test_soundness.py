"""What a migration breaks though every object that it announces is there."""

from __future__ import annotations

import pytest

from shadowgate.catalogue import take_snapshot
from shadowgate.phases.restore.soundness import look_over
from shadowgate.server import Database
from tests.selftest.conftest import MakeDatabase

SETUP = """
CREATE TABLE project (id serial PRIMARY KEY, name text, note text);
INSERT INTO project (name) SELECT 'name ' || n FROM generate_series(1, 30) AS n;
CREATE FUNCTION noted() RETURNS bigint LANGUAGE sql AS 'SELECT count(note) FROM public.project';
CREATE FUNCTION named() RETURNS bigint LANGUAGE sql AS 'SELECT 1::bigint';
CREATE TABLE spot (id int PRIMARY KEY, geom geometry(Point, 4326));
INSERT INTO spot
SELECT n, ST_SetSRID(ST_MakePoint(-47 + n / 1000.0, -15), 4326) FROM generate_series(1, 30) AS n;
SET check_function_bodies = off;
CREATE FUNCTION broken_before() RETURNS bigint LANGUAGE sql AS
    'SELECT count(nothing) FROM public.project';
CREATE TABLE behind (id serial PRIMARY KEY);
INSERT INTO behind VALUES (7);
"""


def worse(
    make_database: MakeDatabase, migration: str, renames: dict[str, str] | None = None
) -> list[str]:
    before = make_database()
    with before.connect() as connection:
        connection.execute(SETUP.encode())
    after = make_database(before.name)
    with before.connect() as connection:
        known = take_snapshot(connection).objects
    with after.connect() as connection:
        connection.execute(migration.encode())
    return list(look_over(before).worse(look_over(after), known, renames or {}))


RELABELLED = """
ALTER TABLE spot ADD COLUMN utm geometry(Point, 31983);
UPDATE spot SET utm = ST_{}(geom, 31983);
"""


@pytest.mark.parametrize(
    ("migration", "words"),
    [
        ("ALTER TABLE project DROP COLUMN note", "noted"),
        ("ALTER SEQUENCE project_id_seq RESTART", "project_id_seq"),
        ("INSERT INTO project (id, name) VALUES (900, 'x')", "project_id_seq"),
        (RELABELLED.format("SetSRID"), "utm"),
    ],
)
def test_what_the_migration_broke_is_told(
    make_database: MakeDatabase, migration: str, words: str
) -> None:
    found = worse(make_database, migration)
    assert found
    assert all(words in sentence for sentence in found)


@pytest.mark.parametrize(
    "migration",
    [
        "SELECT 1",
        "ALTER TABLE project ADD COLUMN more text",
        "ALTER TABLE project DROP COLUMN name",
        "ALTER TABLE project RENAME TO undertaking; CREATE VIEW project AS TABLE undertaking",
        "SELECT nextval('project_id_seq')",
        "INSERT INTO project (name) VALUES ('x')",
        "ALTER TABLE behind ADD COLUMN more text",
        RELABELLED.format("Transform"),
        "ALTER TABLE spot RENAME TO place",
    ],
)
def test_what_was_so_before_and_what_is_sound_is_not(
    make_database: MakeDatabase, migration: str
) -> None:
    assert worse(make_database, migration, {"public.spot": "public.place"}) == []


def test_a_database_may_be_empty(plain: Database) -> None:
    found = look_over(plain)
    assert not found.broken
    assert not found.sequences
