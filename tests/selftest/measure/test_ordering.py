"""A difference by an order that the query leaves open is noted; a member less is a finding."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from shadowgate.measure import Sampling, compare
from shadowgate.measure.answers.ordering import (
    _asked,
    difference_beyond_order,
    explain_by_order,
    unlimited,
    unordered,
)
from shadowgate.measure.answers.rows import Result, fetch_result, first_difference
from shadowgate.measure.copies import fresh_copy
from shadowgate.measure.rounds import timed_session
from shadowgate.measure.session import settle
from shadowgate.plan import PerformanceSection
from shadowgate.queries import Query, Workload
from shadowgate.server import Database
from tests.selftest.conftest import MakeDatabase

TREES = """
CREATE TABLE street (id integer PRIMARY KEY, name text);
INSERT INTO street SELECT n, 'street ' || n FROM generate_series(0, 59) AS n;
CREATE TABLE tree (
    id integer PRIMARY KEY,
    number bigint GENERATED ALWAYS AS IDENTITY,
    street_id integer NOT NULL REFERENCES street,
    species text NOT NULL,
    shout text GENERATED ALWAYS AS (upper(species)) STORED,
    geom geometry(Point, 31983) NOT NULL
);
INSERT INTO tree (id, street_id, species, geom)
SELECT n, n % 60, (ARRAY['ipe', 'jatoba', 'pequi', 'sibipiruna'])[1 + n / 60 % 4],
    ST_SetSRID(ST_MakePoint(606000 + n * 13 % 4000, 8072000 + n * 29 % 4000), 31983)
FROM generate_series(1, 3000) AS n;
CREATE INDEX tree_geom ON tree USING gist (geom);
ANALYZE;
"""

MOVE = """
ALTER TABLE tree ADD COLUMN pruned_on date;
UPDATE tree SET pruned_on = DATE '2025-08-01' WHERE id % 7 = 3;
"""
"""Moves every seventh row to the end of the table, and changes nothing that is asked for."""

LOSE = "DELETE FROM tree WHERE id = 12;"

UNORDERED = {
    "points": "SELECT street_id, ST_AsText(ST_Collect(geom)) AS trees FROM tree GROUP BY street_id",
    "geometry": "SELECT street_id, ST_Collect(geom) AS trees FROM tree GROUP BY street_id",
    "text": "SELECT street_id, string_agg(species, ', ') AS all FROM tree GROUP BY street_id",
    "glued": "SELECT street_id, string_agg(species, 'e') AS all FROM tree GROUP BY street_id",
    "array": "SELECT street_id, array_agg(species || id) AS all FROM tree GROUP BY street_id",
    "json": "SELECT street_id, json_agg(json_build_object('id', id, 'is', species)) AS all "
    "FROM tree GROUP BY street_id",
    "function": "SELECT species_of(12) AS all",
}
FUNCTION = """
CREATE FUNCTION species_of(street integer) RETURNS text LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (SELECT string_agg(species, '; ') FROM tree WHERE street_id = street);
END $$;
"""


@pytest.fixture
def before(make_database: MakeDatabase) -> Database:
    database = make_database()
    change(database, TREES + FUNCTION)
    return database


def change(database: Database, statements: str) -> None:
    with database.connect() as connection:
        connection.execute(statements.encode())


def query(text: str, kind: str = "read") -> Query:
    return Query("Q1", "Trees", "write" if kind == "write" else "read", text, Path("Q1.sql"))


def answer(database: Database, asked: Query) -> Result:
    with timed_session(database, Sampling()) as session:
        return fetch_result(session, asked)


def explained(
    before: Database, after: Database, text: str, *, kind: str = "read", differs: bool = True
) -> str | None:
    asked = query(text, kind)
    old, new = answer(before, asked), answer(after, asked)
    assert (first_difference(old, new) is not None) == differs

    return explain_by_order(
        lambda: fresh_copy(before), asked, old, new, after_copy=lambda: fresh_copy(after)
    )


@pytest.fixture
def moved(make_database: MakeDatabase, before: Database) -> Database:
    database = make_database(before.name)
    change(database, MOVE)
    return database


@pytest.mark.parametrize("name", UNORDERED)
def test_members_in_another_order_are_noted_and_a_member_less_is_not(
    before: Database, moved: Database, name: str
) -> None:
    said = explained(before, moved, UNORDERED[name])
    assert said is not None
    assert "has no defined order" in said
    assert "ORDER BY" in said
    change(moved, LOSE)
    assert explained(before, moved, UNORDERED[name]) is None


@pytest.mark.parametrize("name", ["text", "array", "json", "glued"])
def test_a_member_that_was_changed_is_no_matter_of_order(
    before: Database, moved: Database, name: str
) -> None:
    change(moved, "UPDATE tree SET species = 'cagaita' WHERE id = 12")
    assert explained(before, moved, UNORDERED[name]) is None


def test_an_order_that_the_query_defines_excuses_nothing(before: Database, moved: Database) -> None:
    ordered = (
        "SELECT street_id, string_agg(species, ', ' ORDER BY number) AS all FROM tree "
        "GROUP BY street_id"
    )
    change(moved, "UPDATE tree SET number = DEFAULT WHERE id = 12")
    assert explained(before, moved, ordered) is None


def test_rows_that_a_limit_chose_otherwise_are_noted(before: Database, moved: Database) -> None:
    text = "SELECT id, species FROM tree WHERE species = 'ipe' LIMIT 5"
    said = explained(before, moved, text)
    assert said is not None
    assert "tells all rows apart" in said
    change(moved, "DELETE FROM tree WHERE id = 2881")  # none of those that the LIMIT kept
    assert explained(before, moved, text) is None


def test_the_first_row_of_each_group_is_noted(before: Database, moved: Database) -> None:
    text = "SELECT DISTINCT ON (street_id) street_id, id FROM tree ORDER BY street_id"
    assert "tells all rows apart" in str(explained(before, moved, text))


def test_a_limit_within_a_query_may_choose_what_was_chosen_before(
    before: Database, moved: Database
) -> None:
    text = (
        "SELECT s.id, first.species FROM street AS s CROSS JOIN LATERAL"
        " (SELECT species FROM tree WHERE street_id = s.id LIMIT 1) AS first WHERE s.id < 20"
    )
    assert "tells all rows apart" in str(explained(before, moved, text))
    change(moved, "UPDATE tree SET species = 'cagaita' WHERE street_id = 12")
    assert explained(before, moved, text) is None


def test_a_limit_with_a_total_order_excuses_nothing(before: Database, moved: Database) -> None:
    text = "SELECT id, species FROM tree ORDER BY id LIMIT 5"
    change(moved, "DELETE FROM tree WHERE id = 3")
    assert explained(before, moved, text) is None


def test_numbers_of_rows_without_an_order_are_noted(before: Database, moved: Database) -> None:
    text = "SELECT row_number() OVER () AS place, id FROM tree"
    assert "has no defined order" in str(explained(before, moved, text))


def test_values_that_change_places_are_a_change(before: Database, moved: Database) -> None:
    change(
        moved,
        "UPDATE tree SET species = CASE id WHEN 60 THEN 'ipe' ELSE 'jatoba' END "
        "WHERE id IN (59, 60)",
    )
    assert explained(before, moved, "SELECT id, species FROM tree") is None


def test_what_differs_each_time_is_left_out_and_the_rest_compared(
    before: Database, moved: Database
) -> None:
    text = "SELECT now() AS asked_at, count(*) AS trees FROM tree"
    said = explained(before, moved, text)
    assert said == "asked_at of Q1 differs each time it is asked, so it is not compared"
    change(moved, LOSE)
    assert explained(before, moved, text) is None


def test_a_number_from_a_sequence_may_be_ahead_and_not_behind(
    before: Database, moved: Database
) -> None:
    text = (
        "INSERT INTO tree (id, street_id, species, geom) SELECT 9000, 1, 'ipe', geom FROM tree "
        "WHERE id = 1 RETURNING number"
    )
    change(moved, "SELECT setval('tree_number_seq', 4000)")
    assert explained(before, moved, text, kind="write") is not None
    change(moved, "SELECT setval('tree_number_seq', 1, false)")
    assert explained(before, moved, text, kind="write") is None


def test_a_comparison_notes_it_and_calls_the_rows_the_same(
    before: Database, moved: Database
) -> None:
    settle(before)
    settle(moved)
    one = query(UNORDERED["points"])
    sampling = Sampling(PerformanceSection(budget_seconds=0.1), copies=1, warm_up=1)
    found = compare(before, moved, Workload((one,)), sampling).queries["Q1"]
    assert found.same_rows
    assert found.order is not None
    assert found.order in found.notes
    change(moved, LOSE)
    settle(moved)
    found = compare(before, moved, Workload((one,)), sampling).queries["Q1"]
    assert not found.same_rows
    assert found.order is None


def test_the_databases_themselves_stay_as_they_are(before: Database, moved: Database) -> None:
    places = "SELECT id, ctid::text FROM tree ORDER BY id"
    earlier = [answer(side, query(places)) for side in (before, moved)]
    explained(before, moved, UNORDERED["points"])
    assert [answer(side, query(places)) for side in (before, moved)] == earlier


def test_queries_without_a_defined_order_are_told_beforehand(before: Database) -> None:
    asked = {
        **UNORDERED,
        "ordered": "SELECT id, species FROM tree",
        "sum": "SELECT street_id, count(*), avg(id::float8) FROM tree GROUP BY street_id",
        "first": "SELECT id FROM tree ORDER BY species LIMIT 3",
        "fails": "SELECT nothing FROM tree",
        "now": "SELECT now()",
    }
    queries = [replace(query(text), id=name) for name, text in asked.items()]
    found = unordered(lambda: fresh_copy(before), queries)
    assert found == {*UNORDERED, "first"}


def test_of_an_answer_without_order_only_members_count() -> None:
    one = Result(("all",), (("a, b, c",),))
    assert difference_beyond_order(one, Result(("all",), (("c, a, b",),))) is None
    assert difference_beyond_order(one, Result(("all",), (("c, a, x",),))) is not None
    assert difference_beyond_order(one, Result(("all",), (("c, a",),))) is not None
    assert difference_beyond_order(one, Result(("every",), (("a, b, c",),))) is not None


def test_the_settings_of_the_session_are_as_before(before: Database) -> None:
    with timed_session(before, Sampling(query_seconds=7)) as session:
        first = fetch_result(session, query(UNORDERED["text"]))
        for _ in _asked(session, query(UNORDERED["text"]), first):
            pass
        shown = "SELECT current_setting('statement_timeout'), current_setting('enable_seqscan')"
        assert session.connection.execute(shown).fetchone() == ("7s", "on")


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("SELECT a FROM t ORDER BY b LIMIT 3", "SELECT a FROM t"),
        ("SELECT a FROM t OFFSET 3", "SELECT a FROM t"),
        ("SELECT DISTINCT ON (b) a FROM t ORDER BY b", "SELECT a FROM t"),
        ("SELECT DISTINCT a FROM t", None),
        ("SELECT a FROM (SELECT a FROM t LIMIT 1) AS s", None),
        ("UPDATE t SET a = 1", None),
        ("no SQL", None),
    ],
)
def test_what_a_query_chooses_from(text: str, whole: str | None) -> None:
    assert unlimited(text) == whole
