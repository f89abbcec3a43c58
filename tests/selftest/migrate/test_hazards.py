"""Hazards are found where they are and nowhere else: their own examples, run for real."""

from __future__ import annotations

from pathlib import Path

import pytest

from shadowgate.migrate import (
    HAZARDS,
    Finding,
    Hazard,
    LockWatch,
    apply_script,
    find_hazards,
    parse_script,
)
from shadowgate.server import Database
from tests.selftest.plain_database import refill

LOG = (
    "CREATE TABLE log (year int, message text) PARTITION BY RANGE (year);"
    "CREATE TABLE log_default PARTITION OF log DEFAULT;"
    "INSERT INTO log SELECT 2030, 'x' FROM generate_series(1, 100);"
    "CREATE TABLE log_2031 (LIKE log);"
)
ITEM = (
    "CREATE TABLE item (id bigint PRIMARY KEY, name text);"
    "INSERT INTO item SELECT g, 'n' FROM generate_series(1, 100) AS g;"
    "CREATE TABLE empty (id bigint, name text);"
)
TIMEOUT = "SET lock_timeout = '2s';"


def find(database: Database, setup: str, sql: str) -> tuple[Finding, ...]:
    refill(database, setup)
    script = parse_script(sql, Path("example.sql"), "")
    return find_hazards(apply_script(script, database, watch=LockWatch(database)))


def rules(findings: tuple[Finding, ...]) -> list[str]:
    return [finding.rule for finding in findings]


@pytest.mark.parametrize("hazard", HAZARDS, ids=lambda hazard: hazard.id)
def test_a_bad_example_makes_exactly_its_finding_and_the_good_one_none(
    hazard: Hazard, plain: Database
) -> None:
    bad = find(plain, hazard.setup, hazard.bad)
    assert rules(bad) == [hazard.id]
    assert bad[0].line > 0
    assert bad[0].link == hazard.source
    assert find(plain, hazard.setup, hazard.good) == ()


def test_hazards_have_ids_of_their_own_and_every_column_filled() -> None:
    assert len({hazard.id for hazard in HAZARDS}) == len(HAZARDS)
    for hazard in HAZARDS:
        assert all(vars(hazard).values())
        assert hazard.source.startswith("https://www.postgresql.org/docs/")


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE TABLE t AS SELECT 1 AS a; ALTER TABLE t ADD UNIQUE (a);"
        "BEGIN; ALTER TABLE t ALTER a TYPE bigint; UPDATE t SET a = 2; COMMIT;"
        "CREATE INDEX ON t (a); ALTER TABLE t ALTER a SET NOT NULL, ADD CHECK (a > 0)",
        TIMEOUT + "CREATE INDEX ON empty (id)",
        TIMEOUT + "ALTER TABLE empty ALTER id TYPE int, ALTER name SET NOT NULL, ADD UNIQUE (id)",
        "DO $$ BEGIN SET LOCAL lock_timeout = '1s'; LOCK TABLE item; COMMIT; END $$",
        "UPDATE item SET name = 'm'; INSERT INTO item VALUES (101, 'n'); TRUNCATE empty",
    ],
    ids=[
        "created by the script",
        "index on an empty table",
        "empty table",
        "timeout inside a block",
        "no strong lock",
    ],
)
def test_what_stops_no_traffic_is_no_hazard(plain: Database, sql: str) -> None:
    if "TRUNCATE" in sql:
        sql = TIMEOUT + sql
    assert find(plain, ITEM, sql) == ()


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        (
            "ALTER TABLE log ATTACH PARTITION log_2031 FOR VALUES FROM (2031) TO (2032)",
            ["partition-scanned-under-lock"],
        ),
        (
            "DO $$ BEGIN ALTER TABLE log ATTACH PARTITION log_2031 FOR VALUES FROM (2031)"
            " TO (2032); END $$",
            ["partition-scanned-under-lock"],
        ),
        ("DO $$ BEGIN CREATE INDEX ON log (year); COMMIT; END $$", ["index-blocks-writers"]),
        ("ALTER TABLE log ALTER year SET NOT NULL", ["not-null-by-scan"]),
        ("ALTER TABLE log ADD CHECK (year > 0)", ["constraint-validated-under-lock"]),
        ("ALTER TABLE log ALTER message TYPE char(9)", ["table-rewrite"]),
    ],
)
def test_a_hazard_is_found_on_partitions_and_inside_blocks_of_code(
    plain: Database, sql: str, expected: list[str]
) -> None:
    findings = find(plain, LOG, TIMEOUT + sql)
    assert rules(findings) == expected
    assert "log_default" in findings[0].message


def test_a_foreign_key_validated_on_a_table_with_rows_is_found_and_not_valid_is_not(
    plain: Database,
) -> None:
    part = "CREATE TABLE part AS SELECT id AS item_id FROM item; CREATE INDEX ON part (item_id)"
    setup = ITEM + part
    add = TIMEOUT + "ALTER TABLE part ADD CONSTRAINT k FOREIGN KEY (item_id) REFERENCES item"
    assert rules(find(plain, setup, add)) == ["constraint-validated-under-lock"]
    later = add + " NOT VALID; ALTER TABLE part VALIDATE CONSTRAINT k"
    assert find(plain, setup, later) == ()


def test_a_strong_lock_without_timeout_names_lock_and_table(plain: Database) -> None:
    (finding,) = find(plain, ITEM, "SELECT 1;\nBEGIN;\nLOCK TABLE item;\nCOMMIT;")
    assert (finding.line, finding.statement) == (3, "LOCK TABLE item")
    assert "AccessExclusiveLock on item" in finding.message


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("", ["security-definer-search-path"]),
        ("SET search_path = public", ["security-definer-search-path"]),
        ("SET search_path = pg_temp, public", ["security-definer-search-path"]),
        ("SET search_path = pg_catalog, public, pg_temp", []),
        ("SET search_path = public, pg_temp", []),
        ("SET search_path = pg_catalog", ["security-definer-search-path"]),
        ("SET search_path = pg_catalog, pg_temp", []),
        ("SET search_path = ''", []),
    ],
)
def test_the_search_path_of_a_security_definer_routine_is_judged(
    plain: Database, path: str, expected: list[str]
) -> None:
    sql = f"CREATE PROCEDURE p() LANGUAGE sql SECURITY DEFINER {path} AS 'SELECT 1'"
    assert rules(find(plain, "", sql)) == expected


def test_pitfalls_that_were_there_before_are_not_the_scripts(plain: Database) -> None:
    old = "CREATE FUNCTION f() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1';"
    assert find(plain, old + "CREATE TABLE t (a json)", "CREATE TABLE u (a int)") == ()


def test_a_routine_that_is_replaced_and_stays_dangerous_is_the_scripts(plain: Database) -> None:
    old = "CREATE FUNCTION f() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1';"
    new = "CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 2';"
    assert rules(find(plain, old, new)) == ["security-definer-search-path"]
