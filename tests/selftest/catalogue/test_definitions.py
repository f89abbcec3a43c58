"""Definitions before and after: of a real database, and of whatever two snapshots hold."""

from __future__ import annotations

import pytest
from hypothesis import given

from shadowgate.catalogue import Snapshot, definition_changes, diff, take_snapshot
from shadowgate.server import Database
from tests.selftest.catalogue.test_diff import SNAPSHOTS
from tests.selftest.plain_database import refill

SETUP = """
CREATE TABLE item (id int PRIMARY KEY, name text, price numeric);
CREATE TABLE spare (id int);
CREATE VIEW cheap AS SELECT id FROM item WHERE price < 1;
"""


@pytest.fixture
def database(plain: Database) -> Database:
    """A database with two tables and a view."""
    return refill(plain, SETUP)


def told(database: Database, change: str) -> dict[str, list[str]]:
    """What a script changes, by object."""
    with database.connect() as connection:
        before = take_snapshot(connection)
        connection.execute(change.encode())
        after = take_snapshot(connection)
    found = definition_changes(before, after, diff(before, after))
    return {str(each): [line.rstrip() for line in each.lines] for each in found}


def test_a_new_column_is_the_only_line_that_is_marked(database: Database) -> None:
    changes = told(database, "ALTER TABLE item ADD COLUMN size int NOT NULL DEFAULT 1")
    assert list(changes) == ["table public.item was changed"]
    marked = [line for line in changes["table public.item was changed"] if line[0] in "+-"]
    assert marked == ["+     column size integer default 1 not_null"]


def test_another_type_is_told_as_the_line_before_and_the_line_after(database: Database) -> None:
    (lines,) = told(database, "ALTER TABLE item ALTER COLUMN name TYPE varchar(9)").values()
    assert [line for line in lines if line[0] in "+-"] == [
        "-     column name text",
        "+     column name character varying(9)",
    ]


def test_an_attribute_that_is_left_out_as_usual_is_told_where_it_changed(
    database: Database,
) -> None:
    (lines,) = told(database, "ALTER TABLE item ALTER name SET STATISTICS 500").values()
    assert "-     column name text statistics_target -1" in lines
    assert "+     column name text statistics_target 500" in lines


def test_what_is_created_and_dropped_is_told_whole(database: Database) -> None:
    changes = told(
        database,
        "DROP TABLE spare; CREATE TABLE note (id int PRIMARY KEY); CREATE INDEX ON item (price)",
    )
    assert changes["table public.spare was dropped"][0] == "- table public.spare"
    note = changes["table public.note was created"]
    assert "+     constraint note_pkey PRIMARY KEY (id)" in note
    assert not [line for line in note if "CREATE UNIQUE INDEX" in line]
    assert (
        "+     CREATE INDEX item_price_idx ON public.item USING btree (price)"
        in changes["table public.item was changed"]
    )


def test_the_query_of_a_view_is_told_line_by_line(database: Database) -> None:
    (lines,) = told(
        database, "CREATE OR REPLACE VIEW cheap AS SELECT id FROM item WHERE price < 2"
    ).values()
    marked = [line for line in lines if line[0] in "+-"]
    assert [line[0] for line in marked] == ["-", "+"]
    assert "< (2)" in marked[1]


def test_nothing_is_told_where_nothing_changed(database: Database) -> None:
    assert told(database, "SELECT 1") == {}


@given(SNAPSHOTS, SNAPSHOTS)
def test_every_object_that_differs_is_told_once(before: Snapshot, after: Snapshot) -> None:
    drift = diff(before, after)
    found = definition_changes(before, after, drift)
    objects = [each.object for each in found]
    assert len(objects) == len(set(objects))
    known = {**before.objects, **after.objects}
    for identity in {*drift.created, *drift.dropped, *(each.object for each in drift.changed)}:
        wholes = [whole for whole in known[identity].part_of if whole.kind == "table"]
        assert {identity, *wholes} & {*objects}
    assert all(line[0] in "+- …" for each in found for line in each.lines)
