"""Rows written after a migration, followed through its rollback."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from shadowgate.catalogue import LaterRows, follow_later_rows
from shadowgate.server import Database, Server
from tests.selftest.conftest import MakeDatabase
from tests.selftest.plain_database import plain_database

CONTENT = """
CREATE TABLE project (
    id integer PRIMARY KEY,
    name text NOT NULL,
    code varchar(20),
    area numeric(10, 2),
    started date,
    rate real
);
INSERT INTO project
SELECT n, 'name ' || n, '007', n * 1.5, date '2024-01-01' + n, 0.1
FROM generate_series(1, 50) AS n;
CREATE TABLE loose (kind text, size numeric(6, 2));
INSERT INTO loose SELECT 'kind ' || n, n FROM generate_series(1, 20) AS n;
CREATE SCHEMA "of ""all"" 100%";
CREATE TABLE "of ""all"" 100%"."Straße 5%s" ("Größe %(x)s" integer PRIMARY KEY, "a ""b"" c" text);
"""
LATER = """
INSERT INTO project
VALUES (101, 'later', '0070', 7.25, '2025-05-05', 0.25), (102, 'x', '', 1, NULL, 1)
"""
ODD = '"of ""all"" 100%"."Straße 5%s"'


@pytest.fixture(scope="module")
def before(server: Server) -> Iterator[Database]:
    with plain_database(server) as database:
        execute(database, CONTENT)
        yield database


def execute(database: Database, statements: str) -> None:
    with database.connect() as connection:
        connection.execute(statements.encode())


@pytest.fixture
def followed(before: Database, make_database: MakeDatabase) -> Followed:
    return Followed(before, make_database)


class Followed:
    """Rows written to a clone and what a rollback made of them."""

    def __init__(self, before: Database, make: MakeDatabase) -> None:
        self._before, self._make = before, make

    def __call__(
        self,
        rollback: str,
        *,
        migration: str = "",
        later: str = LATER,
        table: str = "public.project",
        renamed: str = "",
    ) -> LaterRows:
        """Migrate, write, roll back; look what became of what was written."""
        migrated = self._before
        if migration:
            migrated = self._make(self._before.name)
            execute(migrated, migration)
        written = self._make(migrated.name)
        execute(written, later)
        after = self._make(written.name)
        execute(after, rollback)
        name = renamed or table
        return follow_later_rows(migrated, written, after, table, name, known_as=name)


@pytest.mark.parametrize(
    ("rollback", "words"),
    [
        ("UPDATE project SET name = left(name, 3)", "name was 'later', is 'lat'"),
        ("UPDATE project SET code = ltrim(code, '0')", "code was '0070', is '70'"),
        ("UPDATE project SET started = DEFAULT WHERE id > 100", "is NULL"),
        ("UPDATE project SET started = '2000-01-01' WHERE started IS NULL", "was NULL, is '2000"),
        ("DELETE FROM project WHERE id = 102", "('102') is gone"),
        ("ALTER TABLE project ALTER area TYPE numeric(10, 1)", "area was '7.25', is '7.3'"),
        ("ALTER TABLE project ALTER rate TYPE int", "rate was '0.25', is '0'"),
        ("UPDATE project SET name = repeat('x', 100) WHERE id = 102", "(100 characters)"),
    ],
)
def test_a_later_row_that_is_altered_is_named(
    followed: Followed, rollback: str, words: str
) -> None:
    found = followed(rollback)
    assert found
    assert (found.written, found.altered) == (2, 1)
    assert words in str(found)


@pytest.mark.parametrize(
    "rollback",
    [
        "",
        "UPDATE project SET name = 'altered' WHERE id <= 100",
        "DELETE FROM project WHERE id <= 100",
        "ALTER TABLE project ALTER area TYPE numeric(12, 4)",
        "ALTER TABLE project ALTER area TYPE numeric",
        "ALTER TABLE project ALTER area TYPE double precision",
        "ALTER TABLE project ALTER id TYPE bigint",
        "ALTER TABLE project ALTER name TYPE varchar(50)",
        "ALTER TABLE project ALTER rate TYPE double precision",
        "ALTER TABLE project ALTER started TYPE timestamp",
        "ALTER TABLE project ADD COLUMN note text DEFAULT 'x'",
        "ALTER TABLE project DROP COLUMN rate",
    ],
)
def test_a_later_row_that_is_kept_is_nothing_to_tell(followed: Followed, rollback: str) -> None:
    found = followed(rollback)
    assert found.written == 2
    assert not found, str(found)


@pytest.mark.parametrize(
    ("migration", "rollback"),
    [
        (
            "ALTER TABLE project ALTER started TYPE timestamptz",
            "ALTER TABLE project ALTER started TYPE date",
        ),
        (
            "ALTER TABLE project ALTER rate TYPE double precision",
            "ALTER TABLE project ALTER rate TYPE real",
        ),
        (
            "ALTER TABLE project ALTER area TYPE text",
            "ALTER TABLE project ALTER area TYPE numeric(10, 2) USING area::numeric",
        ),
        (
            "ALTER TABLE project ALTER name TYPE jsonb USING to_jsonb(name)",
            "ALTER TABLE project ALTER name TYPE text USING name::text",
        ),
    ],
)
def test_a_type_that_is_changed_and_back_changes_no_row(
    followed: Followed, migration: str, rollback: str
) -> None:
    later = "INSERT INTO project SELECT id + 200, name, code, area, started, rate FROM project"
    found = followed(rollback, migration=migration, later=later)
    assert found.written == 50
    assert not found, str(found)


def test_a_time_of_day_that_the_type_from_before_has_no_room_for_is_lost(
    followed: Followed,
) -> None:
    found = followed(
        "ALTER TABLE project ALTER started TYPE date",
        migration="ALTER TABLE project ALTER started TYPE timestamp",
        later="INSERT INTO project (id, name, started) VALUES (101, 'x', '2025-05-05 12:30')",
    )
    assert "started was '2025-05-05 12:30:00', is '2025-05-05'" in str(found)


SPOTS = """
CREATE TABLE spot (id int PRIMARY KEY, place geometry(Point, 31983) NOT NULL);
INSERT INTO spot
SELECT n, ST_SetSRID(ST_MakePoint(610000 + n, 8150000), 31983) FROM generate_series(1, 9) AS n;
"""
TYPE = "ALTER TABLE spot ALTER place TYPE geometry(Point, {}) USING {}(place, {})"
LATER_SPOT = "INSERT INTO spot VALUES (20, 'SRID=4326;POINT(-44.1 -16.7)')"


@pytest.mark.parametrize(
    ("there", "back", "words"),
    [
        ("ST_Transform", "ST_Transform", ""),
        ("ST_Transform", "ST_SetSRID", "place was 'SRID=4326;POINT(-44"),
        ("ST_SetSRID", "ST_SetSRID", "place was 'SRID=4326;POINT(-44"),
    ],
    ids=["transformed there and back", "labelled on the way back", "labelled on both ways"],
)
def test_a_geometry_that_is_brought_to_another_system_and_back_is_followed(
    make_database: MakeDatabase, there: str, back: str, words: str
) -> None:
    before = make_database()
    execute(before, SPOTS)
    found = Followed(before, make_database)(
        TYPE.format(31983, back, 31983),
        migration=TYPE.format(4326, there, 4326),
        later=LATER_SPOT,
        table="public.spot",
    )
    assert found.written == 1
    assert bool(found) == bool(words)
    assert not words or words in str(found)


def test_a_value_that_cannot_be_cast_back_is_compared_as_it_is(followed: Followed) -> None:
    found = followed(
        "ALTER TABLE project ALTER code TYPE text; ALTER TABLE project ALTER area TYPE numeric;"
        "UPDATE project SET area = 1e300 WHERE id = 1; UPDATE project SET area = 8 WHERE id = 101",
    )
    assert "area was '7.25', is '8'" in str(found)
    assert found.altered == 1


def test_what_the_migration_wrote_itself_is_no_later_row(followed: Followed) -> None:
    migration = "INSERT INTO project (id, name) VALUES (90, 'made')"
    assert not followed("DELETE FROM project WHERE id = 90", migration=migration)


def test_rows_of_a_table_without_a_key_are_told_by_all_their_columns(followed: Followed) -> None:
    table, later = "public.loose", "INSERT INTO loose VALUES ('new', 1.5), ('new', 2.5)"
    assert "is gone" in str(
        followed("DELETE FROM loose WHERE size = 2.5", later=later, table=table)
    )
    kept = followed(
        "DELETE FROM loose WHERE kind <> 'new'; ALTER TABLE loose ALTER size TYPE numeric(8, 4)",
        later=later,
        table=table,
    )
    assert (kept.written, kept.altered) == (2, 0)


def test_copies_of_rows_without_a_key_are_counted(followed: Followed) -> None:
    table, later = "public.loose", "INSERT INTO loose SELECT * FROM loose WHERE size <= 3"
    twice = "DELETE FROM loose AS a USING loose AS b WHERE a = b AND a.ctid > b.ctid"
    assert followed(twice, later=later, table=table).altered == 3
    kept = followed("DELETE FROM loose WHERE size > 3", later=later, table=table)
    assert (kept.written, kept.altered) == (3, 0)


def test_a_renamed_table_is_followed_under_its_new_name(followed: Followed) -> None:
    migration = "ALTER TABLE project RENAME TO undertaking"
    later = LATER.replace("project", "undertaking")
    back = "ALTER TABLE undertaking RENAME TO project"
    kept = followed(back, migration=migration, later=later, renamed="public.undertaking")
    assert (kept.written, kept.altered) == (2, 0)
    lost = followed(
        f"{back}; DELETE FROM project WHERE id > 100",  # noqa: S608
        migration=migration,
        later=later,
        renamed="public.undertaking",
    )
    assert lost.altered == 2


def test_names_may_have_any_character(followed: Followed) -> None:
    later = f"INSERT INTO {ODD} VALUES (1, 'one'), (2, 'two')"  # noqa: S608
    kept = followed("", later=later, table=ODD)
    assert (kept.written, kept.altered) == (2, 0)
    back = f"""UPDATE {ODD} SET "a ""b"" c" = 'x' WHERE "Größe %(x)s" = 2"""  # noqa: S608
    assert "a \"b\" c was 'two', is 'x'" in str(followed(back, later=later, table=ODD))
