"""Queries that lost their last index are named on rows too few to judge times; no others are."""

from __future__ import annotations

from pathlib import Path

import pytest

from shadowgate.phases.finding import CheckFailed, Finding
from shadowgate.phases.performance.checks import queries_keep_an_index
from shadowgate.phases.performance.index_use import lost_indexes
from shadowgate.queries import Query, Workload
from shadowgate.server import Database, Databases

SETUP = """
CREATE TABLE parcel (id int PRIMARY KEY, owner int NOT NULL, area float8 NOT NULL, note text);
INSERT INTO parcel SELECT n, n % 20, n / 7.0, 'note ' || n FROM generate_series(1, 200) AS n;
CREATE INDEX parcel_owner ON parcel (owner);
CREATE TABLE visit (id int, seen date NOT NULL) PARTITION BY RANGE (seen);
CREATE TABLE visit_old PARTITION OF visit FOR VALUES FROM (MINVALUE) TO ('2026-01-01');
CREATE TABLE visit_new PARTITION OF visit FOR VALUES FROM ('2026-01-01') TO (MAXVALUE);
INSERT INTO visit SELECT n, DATE '2025-12-01' + n FROM generate_series(1, 60) AS n;
CREATE INDEX visit_seen ON visit (seen);
ANALYZE;
"""
QUERIES = {
    "Q1": "SELECT * FROM parcel WHERE owner = 7",
    "Q2": "SELECT count(*) FROM parcel",
    "Q3": "SELECT * FROM visit WHERE seen >= DATE '2026-01-20'",
    "Q4": "SELECT * FROM parcel WHERE note LIKE '%9%'",
    "Q5": "SELECT id FROM parcel WHERE id < 50 ORDER BY id LIMIT 5",
}
WORKLOAD = Workload(tuple(Query(id_, id_, "read", sql, Path()) for id_, sql in QUERIES.items()))


@pytest.fixture
def sides(databases: Databases) -> tuple[Database, Database]:
    before = databases.create("selftest_index_use")
    with before.connect() as connection:
        connection.execute(SETUP.encode())
    return before, databases.clone(before, "selftest_index_use_after")


HARMLESS = {
    "nothing": "SELECT 1",
    "another index serves": "CREATE INDEX wide ON parcel (owner, area); DROP INDEX parcel_owner",
    "under another name": "ALTER INDEX parcel_owner RENAME TO by_owner",
    "made anew": "DROP INDEX visit_seen; CREATE INDEX by_day ON visit (seen)",
    "the table is gone": "DROP TABLE parcel",
    "the table has another name": "ALTER TABLE parcel RENAME TO plot; DROP INDEX parcel_owner",
    "no statistics": "DELETE FROM parcel; ANALYZE parcel",
    "one partition more": "ALTER TABLE visit DETACH PARTITION visit_new;"
    "CREATE TABLE visit_rest PARTITION OF visit DEFAULT",
    "that the query fails is for another check": "ALTER TABLE parcel DROP COLUMN owner",
    "nobody asked by it": "ALTER TABLE parcel ADD COLUMN c int; CREATE INDEX i ON parcel (c);"
    "DROP INDEX i",
}
LOST = {
    "DROP INDEX parcel_owner": ["Q1 can only read all of parcel: before, parcel_owner served it"],
    "DROP INDEX visit_seen": ["Q3 can only read all of visit: before, visit_seen served it"],
    "ALTER TABLE parcel DROP CONSTRAINT parcel_pkey": [
        "Q5 can only read all of parcel: before, parcel_pkey served it"
    ],
    "DROP INDEX parcel_owner; CREATE INDEX parcel_owner_some ON parcel (owner) WHERE owner < 5": [
        "Q1 can only read all of parcel: before, parcel_owner served it"
    ],
}


def changed(sides: tuple[Database, Database], text: str) -> list[str]:
    with sides[1].connect() as connection:
        connection.execute(text.encode())
    return [str(lost) for lost in lost_indexes(*sides, WORKLOAD)]


@pytest.mark.parametrize("text", HARMLESS.values(), ids=HARMLESS)
def test_an_index_that_nobody_misses_is_not_named(
    sides: tuple[Database, Database], text: str
) -> None:
    assert changed(sides, text) == []


@pytest.mark.parametrize("text", LOST)
def test_a_query_without_an_index_is_named_with_the_one_it_had(
    sides: tuple[Database, Database], text: str
) -> None:
    assert changed(sides, text) == LOST[text]


def test_it_fails_the_check_and_says_which(sides: tuple[Database, Database]) -> None:
    with sides[1].connect() as connection:
        connection.execute("DROP INDEX parcel_owner")
    with pytest.raises(CheckFailed, match="parcel_owner served it"):
        queries_keep_an_index(lost_indexes(*sides, WORKLOAD), Finding())
    queries_keep_an_index((), Finding())
