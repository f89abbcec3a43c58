"""Rewritten queries are held against their originals, before and after writes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from shadowgate.errors import ValidationError
from shadowgate.phases.performance.rewrites import Rewrites, prove_rewrites
from shadowgate.plan import Plan, read_plan
from shadowgate.progress import silent
from shadowgate.queries import Query, Workload
from shadowgate.server import Database, Databases, Server

ROOT = Path(__file__).parents[3]

BEFORE = """
CREATE TABLE parcel (id integer PRIMARY KEY, year integer NOT NULL);
INSERT INTO parcel SELECT n, 2020 + n % 3 FROM generate_series(1, 30) AS n;
"""
VIEW = """
CREATE MATERIALIZED VIEW per_year AS SELECT year, count(*) AS parcels FROM parcel GROUP BY year;
"""


def query(id_: str, text: str, rewritten: str) -> Query:
    kind = "read" if text.startswith("SELECT") else "write"
    original = Query(id_, id_, "read" if kind == "read" else "write", text, Path(f"{id_}.sql"))
    return replace(original, rewritten=replace(original, sql=rewritten))


COUNT = "SELECT year, count(*) AS parcels FROM parcel GROUP BY year"
INSERT = "INSERT INTO parcel VALUES (31, 2021)"
STORED = Workload(
    (query("Q1", COUNT, "SELECT year, parcels FROM per_year"), query("W1", INSERT, INSERT))
)


@pytest.fixture
def plan() -> Plan:
    plan = read_plan(ROOT / "migrations" / "1770500100_auto_partition_creation_2029_plus.toml")
    return replace(plan, database="selftest_rewrites", undo=replace(plan.undo, write=""))


@pytest.fixture
def databases(server: Server) -> Iterator[Databases]:
    with Databases(server) as ours:
        yield ours


def proven(databases: Databases, migration: str, workload: Workload, plan: Plan) -> Rewrites:
    shadow = databases.create("selftest_rewrites")
    run(shadow, BEFORE)
    migrated = databases.clone(shadow, "selftest_rewrites_after")
    run(migrated, migration)
    return prove_rewrites(shadow, migrated, workload, databases, plan, silent)


def run(database: Database, statements: str) -> None:
    with database.connect() as connection:
        connection.execute(statements.encode())


def test_what_is_right_on_the_day_and_stale_after_a_write_is_found(
    databases: Databases, plan: Plan
) -> None:
    found = proven(databases, VIEW, STORED, plan)
    (item,) = found.queries
    assert item.before is None
    assert item.after == "row (2021, 11) became (2021, 10)"
    assert item.touched
    assert found.written == 1
    assert list(item.sentences()) == [
        "Q1 rewritten differs after the writes: row (2021, 11) became (2021, 10)"
    ]


def test_the_refresh_that_a_view_is_declared_to_need_is_part_of_the_writes(
    databases: Databases, plan: Plan
) -> None:
    text = "DELETE FROM parcel WHERE id = 2; REFRESH MATERIALIZED VIEW per_year"
    refreshed = replace(plan, workload=replace(plan.workload, writes=text))
    (item,) = proven(databases, VIEW, STORED, refreshed).queries
    assert item.same
    assert item.touched
    assert item.asked == "the migrated copy"


def test_an_original_that_no_longer_runs_is_asked_on_the_copy_from_before(
    databases: Databases, plan: Plan
) -> None:
    renamed = Workload(
        (
            query("Q1", COUNT, COUNT.replace("parcel ", "parcela ")),
            query("W1", INSERT, INSERT.replace("parcel ", "parcela ")),
        )
    )
    (item,) = proven(databases, "ALTER TABLE parcel RENAME TO parcela", renamed, plan).queries
    assert item.same
    assert item.touched
    assert item.asked == "the copy before the migration"


def test_a_write_that_fails_says_where(databases: Databases, plan: Plan) -> None:
    wrong = replace(plan, workload=replace(plan.workload, writes="DELETE FROM nowhere"))
    with pytest.raises(ValidationError, match=r"\[workload\] writes cannot be written"):
        proven(databases, VIEW, STORED, wrong)
