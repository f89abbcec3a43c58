"""The content of two databases, held against each other in all that should be the same."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadowgate.catalogue import AllowedChanges, compare_content, differing_rows, fingerprint
from shadowgate.errors import UsageError
from shadowgate.server import Database, Server
from tests.selftest.conftest import MakeDatabase
from tests.selftest.plain_database import plain_database

CONTENT = """
CREATE TABLE plot (
    id integer PRIMARY KEY,
    tenant text NOT NULL,
    "Rank" integer,
    updated_at timestamptz NOT NULL
);
INSERT INTO plot
SELECT n, 'tenant ' || n % 90, n % 5, timestamptz '2023-05-01 08:00+00' + n * interval '3 hours'
FROM generate_series(1, 4000) AS n;
CREATE TABLE loose (kind text, note text, seen date);
INSERT INTO loose
SELECT 'kind ' || n % 3, CASE WHEN n % 2 = 0 THEN 'x' END, date '2024-01-01' + n % 10
FROM generate_series(1, 60) AS n;
CREATE TABLE spare (id integer PRIMARY KEY);
INSERT INTO spare SELECT generate_series(1, 7);
"""
TOUCHED = "UPDATE plot SET updated_at = now()"


@pytest.fixture(scope="module")
def before(server: Server) -> Iterator[Database]:
    with plain_database(server) as database:
        with database.connect() as connection:
            connection.execute(CONTENT.encode())
        yield database


@pytest.fixture
def after(before: Database, make_database: MakeDatabase) -> Database:
    """A clone, to be migrated."""
    return make_database(before.name)


def run(database: Database, statements: str) -> None:
    with database.connect() as connection:
        connection.execute(statements.encode())


def told(
    before: Database, after: Database, statements: str, allowed: Mapping[str, tuple[str, ...]]
) -> list[str]:
    """What is said once the statements ran, with these columns free to change."""
    run(after, statements)
    return compare_content(before, after, allowed=AllowedChanges(allowed)).sentences()


def test_a_touched_column_is_named_with_its_number_of_rows(
    before: Database, after: Database
) -> None:
    (sentence,) = told(before, after, f"ALTER TABLE plot ADD area float; {TOUCHED}", {})
    assert sentence.startswith("public.plot: 4,000 rows differ in updated_at, (id) = (1), (2)")


def test_each_column_has_its_own_number_of_rows(before: Database, after: Database) -> None:
    run(after, "UPDATE plot SET tenant = 'x', \"Rank\" = CASE WHEN id > 3 THEN 9 END WHERE id < 6")
    found = differing_rows(before, after, "public.plot")
    assert {column.column: column.rows for column in found.columns_changed} == {
        "Rank": 5,
        "tenant": 5,
    }
    run(after, 'UPDATE plot SET "Rank" = id % 5 WHERE id < 3')
    (sentence,) = differing_rows(before, after, "public.plot").sentences()
    assert sentence.startswith("public.plot: 5 rows differ in Rank (3) and tenant (5)")


@pytest.mark.parametrize(
    "statements",
    [
        "ALTER TABLE plot ADD area float DEFAULT 5; UPDATE plot SET area = id",
        "CREATE TABLE fresh AS SELECT 1 AS a",
        "CREATE TABLE plot_2 AS SELECT * FROM plot ORDER BY tenant; DROP TABLE plot;"
        "ALTER TABLE plot_2 RENAME TO plot",
        "ALTER TABLE plot ALTER id TYPE bigint, ALTER tenant TYPE varchar(90)",
        "",
    ],
)
def test_what_only_adds_or_moves_is_no_altered_data(
    statements: str, before: Database, after: Database
) -> None:
    assert told(before, after, statements, {}) == []


def test_an_announced_change_leaves_out_exactly_that_column(
    before: Database, after: Database
) -> None:
    assert told(before, after, TOUCHED, {"public.plot": ("updated_at",)}) == []
    (sentence,) = told(
        before, after, "UPDATE plot SET tenant = '' WHERE id = 8", {"plot": ("updated_at",)}
    )
    assert "1 row differs in tenant, (id) = (8)" in sentence


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("DELETE FROM plot WHERE id = 3", "1 row lost"),
        ("INSERT INTO plot VALUES (0, '', 0, now())", "1 row added"),
    ],
)
def test_an_announced_change_of_a_column_does_not_allow_rows_to_come_or_go(
    statement: str, words: str, before: Database, after: Database
) -> None:
    (sentence,) = told(before, after, statement, {"plot": ("updated_at",)})
    assert words in sentence
    assert told(before, after, "", {"plot": ("*",)}) == []


def test_a_key_that_may_change_is_no_key(before: Database, after: Database) -> None:
    assert told(before, after, "UPDATE plot SET id = id + 9000", {"plot": ("id",)}) == []
    (sentence,) = told(
        before, after, "UPDATE plot SET tenant = 'x' WHERE id = 9001", {"plot": ("id",)}
    )
    assert "1 row differs in tenant" in sentence


def test_rows_without_a_key_are_compared_as_often_as_they_are_there(
    before: Database, after: Database
) -> None:
    assert told(before, after, "UPDATE loose SET seen = NULL", {"loose": ("seen",)}) == []
    (sentence,) = told(before, after, "UPDATE loose SET note = 'y'", {"loose": ("seen",)})
    assert sentence == "public.loose: 60 rows differ in note"
    found = told(
        before, after, "DELETE FROM loose WHERE kind = 'kind 1'", {"loose": ("seen", "note")}
    )
    assert found
    assert all("lost" in words for words in found)


def test_values_exchanged_between_rows_without_a_key_are_seen(
    before: Database, after: Database
) -> None:
    run(after, "UPDATE loose SET note = CASE WHEN note IS NULL THEN 'x' END")
    found = compare_content(before, after)
    assert found
    assert any("lost" in words or "added" in words for words in found.sentences())


def test_an_announced_drop_of_a_column_is_no_altered_data(
    before: Database, after: Database
) -> None:
    run(after, 'ALTER TABLE plot DROP tenant, DROP "Rank"; ALTER TABLE loose DROP seen')
    names = {"column": ("public.plot.tenant", "public.plot.Rank", "loose.seen")}
    found = compare_content(before, after, drops=names)
    assert not found
    assert [str(item) for item in found.left_out] == [
        "public.loose: seen not compared: announced as dropped",
        "public.plot: Rank, tenant not compared: announced as dropped",
    ]
    assert compare_content(before, after).sentences() == [
        "public.loose: column seen is gone, and its values with it",
        "public.plot: column Rank is gone, and its values with it",
        "public.plot: column tenant is gone, and its values with it",
    ]
    run(after, TOUCHED)
    (sentence,) = compare_content(before, after, drops=names).sentences()
    assert "4,000 rows differ in updated_at" in sentence


def test_a_table_that_is_gone_has_lost_its_rows_unless_announced(
    before: Database, after: Database
) -> None:
    assert told(before, after, "DROP TABLE spare", {}) == ["public.spare: 7 rows lost"]
    assert not compare_content(before, after, drops={"table": ("public.spare",)})
    run(after, "CREATE TABLE reserve AS SELECT generate_series(1, 7) AS id")
    assert not compare_content(before, after, renames={"public.spare": "public.reserve"})
    run(after, "DELETE FROM reserve WHERE id = 7")
    (sentence,) = compare_content(
        before, after, renames={"public.spare": "public.reserve"}
    ).sentences()
    assert sentence == "public.spare: 1 row lost, (id) = (7)"


PICTURES = """
CREATE TABLE picture (id integer PRIMARY KEY, file oid NOT NULL);
INSERT INTO picture SELECT n, lo_from_bytea(0, convert_to('picture ' || n, 'UTF8'))
FROM generate_series(1, 5) AS n;
"""


@pytest.fixture
def pictures(before: Database, make_database: MakeDatabase) -> Database:
    """A database whose rows refer to large objects."""
    database = make_database(before.name)
    run(database, PICTURES)
    return database


@pytest.mark.parametrize(
    ("statements", "said"),
    [
        ("SELECT lo_unlink(file) FROM picture WHERE id > 3", "2 rows lost"),
        ("SELECT lo_unlink(file) FROM picture", "5 rows lost"),
        ("SELECT lo_put(file, 0, 'other') FROM picture WHERE id = 2", "1 row differs in data"),
    ],
)
def test_a_large_object_is_lost_or_altered_though_no_row_is(
    pictures: Database, make_database: MakeDatabase, statements: str, said: str
) -> None:
    (sentence,) = told(pictures, make_database(pictures.name), statements, {})
    assert sentence.startswith(f"pg_catalog.pg_largeobject: {said}")


def test_large_objects_that_stay_as_they_are_differ_in_nothing(
    pictures: Database, make_database: MakeDatabase
) -> None:
    assert not told(pictures, make_database(pictures.name), "SELECT 1", {})


def test_large_objects_that_a_role_may_not_read_are_named(pictures: Database) -> None:
    assert compare_content(pictures, pictures).left_out == ()
    endpoint = replace(pictures.endpoint, user="plain_reader", password="weak")  # noqa: S106
    plain = replace(pictures, endpoint=endpoint)
    run(pictures, "CREATE ROLE plain_reader LOGIN PASSWORD 'weak'")
    try:
        run(pictures, "GRANT SELECT ON ALL TABLES IN SCHEMA public TO plain_reader")
        (said,) = compare_content(plain, plain).left_out
        run(pictures, "SELECT lo_unlink(file) FROM picture")
        assert compare_content(plain, plain).left_out == ()
    finally:
        run(pictures, "DROP OWNED BY plain_reader; DROP ROLE plain_reader")
    assert str(said) == "pg_catalog.pg_largeobject was not compared: readable by superusers only"


def test_names_may_hold_anything(before: Database, after: Database) -> None:
    for database in (before, after):
        run(database, 'CREATE TABLE "a %s ""b" ("%b" int PRIMARY KEY, "c.d" text)')
        run(database, """INSERT INTO "a %s ""b" VALUES (1, 'x')""")
    run(after, """UPDATE "a %s ""b" SET "c.d" = 'y'""")
    (sentence,) = compare_content(before, after).sentences()
    run(before, 'DROP TABLE "a %s ""b"')
    assert sentence == 'public."a %s ""b": 1 row differs in c.d, (%b) = (1)'


def test_fingerprints_that_are_known_are_used_where_they_fit(
    before: Database, after: Database
) -> None:
    with before.connect() as connection:
        known = fingerprint(connection)
    run(after, "ALTER TABLE plot DROP tenant")
    drops = {"column": ("plot.tenant",)}
    assert not compare_content(before, after, known=known, drops=drops)
    run(after, "DELETE FROM spare WHERE id = 1")
    (sentence,) = compare_content(before, after, known=known, drops=drops).sentences()
    assert sentence == "public.spare: 1 row lost, (id) = (1)"


def test_a_slip_of_the_pen_in_what_is_announced_is_named(before: Database, after: Database) -> None:
    assert told(before, after, "", {"plots": ("*",), "plot": ("updatd_at",)}) == [
        "rows of plots are announced to change, and there is no such table",
        "plot.updatd_at is announced to change, and there is no such column",
    ]


@pytest.mark.parametrize("columns", [(), ("*", "id")])
def test_what_allows_everything_and_nothing_is_refused(columns: tuple[str, ...]) -> None:
    with pytest.raises(UsageError, match=r"public\.plot"):
        AllowedChanges({"public.plot": columns})


COLUMNS = st.sets(st.sampled_from("abcd"), min_size=1)


@given(COLUMNS, COLUMNS)
def test_columns_of_a_table_named_twice_add_up(one: set[str], other: set[str]) -> None:
    allowed = AllowedChanges({"public.plot": tuple(one), "plo?": tuple(other)})
    assert allowed.of("public.plot") == one | other
    assert not allowed.whole("public.plot")
    assert allowed.of("public.other") == frozenset()
