"""A shadow that is smaller than production: what a lock is then expected to take."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from shadowgate.backup import TakenDump
from shadowgate.errors import ShadowgateError, UsageError
from shadowgate.evidence import CheckResult
from shadowgate.options import Request
from shadowgate.phases.environment.preflight import rows_in_production
from shadowgate.phases.migration.checks import production_is_not_stopped_either
from shadowgate.phases.migration.sizes import is_larger
from shadowgate.phases.migration.thinning import thin
from shadowgate.phases.restore.state import State, state_of
from shadowgate.phases.run import Run
from shadowgate.plan import Plan, ProductionSection, derived_plan
from shadowgate.production.answers import read_rows
from shadowgate.server import Database, Databases, Server
from tests.selftest.migrating import value
from tests.selftest.trials import opened_for, results_of, run_on

ROWS = 20_000
SHOP = f"""
CREATE TABLE customers (id int PRIMARY KEY, boss int REFERENCES customers);
INSERT INTO customers SELECT n, nullif(n / 2, 0) FROM generate_series(1, {ROWS // 10}) AS n;
CREATE TABLE "Orders; x" (
    id int PRIMARY KEY, customer int REFERENCES customers, name text, price int
) PARTITION BY HASH (id);
CREATE TABLE orders_0 PARTITION OF "Orders; x" FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE orders_1 PARTITION OF "Orders; x" FOR VALUES WITH (MODULUS 2, REMAINDER 1);
INSERT INTO "Orders; x"
SELECT n, 1 + n % {ROWS // 10}, 'name ' || n, n FROM generate_series(1, {ROWS}) AS n;
CREATE TABLE notes (id int PRIMARY KEY, customer int REFERENCES customers, text text);
INSERT INTO notes SELECT n, 1 + n % {ROWS // 10}, 'x' FROM generate_series(1, {ROWS}) AS n;
CREATE TABLE countries (id int PRIMARY KEY);
INSERT INTO countries SELECT generate_series(1, 3000);
CREATE TABLE archive (id int PRIMARY KEY);
"""  # noqa: S608
ORDERS = 'public."Orders; x"'
PRODUCTION = {ORDERS: 84_000_000, "public.notes": 84_000_000, "public.countries": 3_100}


@pytest.fixture(scope="module")
def shop(server: Server) -> Iterator[tuple[Databases, Database, State]]:
    with Databases(server) as databases:
        shadow = databases.create("size_shadow")
        with shadow.connect() as connection:
            connection.execute(SHOP.encode())
            connection.execute("VACUUM (ANALYZE)")
        yield databases, shadow, state_of(shadow)


def run_of(
    shop: tuple[Databases, Database, State],
    server: Server,
    folder: Path,
    script: str,
    production: Mapping[str, int] = PRODUCTION,
    **section: float,
) -> Run:
    databases, shadow, before = shop
    migration = folder / "m.sql"
    migration.write_text(script, encoding="utf-8")
    plan: Plan = replace(
        derived_plan(migration, None, None, dt.date(2026, 3, 2)),
        database=shadow.name,
        production=ProductionSection(**section),  # type: ignore[arg-type]
    )
    opened = opened_for(plan, server, databases, shadow, folder)
    run = run_on(replace(opened, production=production), plan)
    run.before = run.unmigrated = before
    return run


def judged(run: Run) -> CheckResult:
    (result,) = results_of([production_is_not_stopped_either], run)
    databases = run.databases
    databases.drop(f"{run.plan.database}_after")
    return result


HARMLESS = {
    "a nullable column": f"ALTER TABLE {ORDERS} ADD COLUMN note text",
    "a column with a constant": f"ALTER TABLE {ORDERS} ADD COLUMN n int NOT NULL DEFAULT 5",
    "an index concurrently": "CREATE INDEX CONCURRENTLY notes_text ON notes (text)",
    "a check validated later": "ALTER TABLE notes ADD CONSTRAINT c CHECK (id > 0) NOT VALID;"
    "ALTER TABLE notes VALIDATE CONSTRAINT c",
    "a scan of what is as large there": "ALTER TABLE countries ADD CHECK (id > 0)",
    "a table dropped": "DROP TABLE notes",
}


@pytest.mark.parametrize("kind", HARMLESS)
def test_what_looks_at_no_more_rows_takes_no_longer(
    shop: tuple[Databases, Database, State], server: Server, tmp_path: Path, kind: str
) -> None:
    result = judged(run_of(shop, server, tmp_path, HARMLESS[kind]))
    assert result.status == "passed", result.detail
    assert "times each to copies" in result.detail
    assert "customers" in result.detail  # of which nobody says how many there are


LONG = {
    "a rewrite": (f"ALTER TABLE {ORDERS} ADD COLUMN r float DEFAULT random()", "readers"),
    "an index": ("CREATE INDEX notes_text ON notes (text)", "writers"),
    "a check": (
        f"ALTER TABLE {ORDERS} ADD CHECK (name ~ '^(name|title|text) [0-9]+ ?$')",
        "readers",
    ),
    "a lock kept while rows are written": (
        "BEGIN; ALTER TABLE notes ADD COLUMN n int; UPDATE notes SET n = 1; COMMIT",
        "readers",
    ),
}


@pytest.mark.parametrize("kind", LONG)
def test_what_takes_a_moment_here_and_minutes_there_is_found(
    shop: tuple[Databases, Database, State], server: Server, tmp_path: Path, kind: str
) -> None:
    script, stopped = LONG[kind]
    result = judged(run_of(shop, server, tmp_path, script))
    assert result.status == "failed", result.detail
    assert stopped in result.detail
    assert "with the 84,000,000 rows that production has of" in result.detail
    assert result.figures
    assert result.places[0].line == 1
    (lock, *_) = (row for row in result.tables[0].rows if row[1])
    assert "with the rows looked at or written" in lock[-1]


def test_a_lock_that_only_the_whole_copy_sees_is_taken_to_grow_with_the_rows(
    shop: tuple[Databases, Database, State], server: Server, tmp_path: Path
) -> None:
    script = (
        "DO $$ BEGIN IF (SELECT reltuples FROM pg_class WHERE relname = 'notes') > 15000 THEN"
        " LOCK TABLE notes IN SHARE MODE; PERFORM pg_sleep(0.05); END IF; END $$;"
    )
    run = run_of(shop, server, tmp_path, script, {"public.notes": 100 * ROWS})
    result = judged(run)
    assert (result.status, "statement 1: ShareLock on notes" in result.detail) == ("failed", True)
    (lock,) = run.forecast.locks
    assert lock.bounds.estimate == pytest.approx(100 * lock.measured, rel=0.3)


def test_a_little_more_rows_take_a_little_longer(
    shop: tuple[Databases, Database, State], server: Server, tmp_path: Path
) -> None:
    script = "CREATE INDEX notes_text ON notes (text)"
    run = run_of(shop, server, tmp_path, script, {"public.notes": 2 * ROWS})
    assert judged(run).status == "passed"
    (lock,) = run.forecast.locks
    assert lock.bounds.estimate > lock.measured


def test_wal_and_disk_have_limits_of_their_own(
    shop: tuple[Databases, Database, State], server: Server, tmp_path: Path
) -> None:
    script = "CREATE INDEX CONCURRENTLY notes_text ON notes (text)"
    result = judged(run_of(shop, server, tmp_path, script, wal_gb=0.1, disk_gb=0.1))
    assert result.status == "failed"
    assert "WAL takes" in result.detail
    assert "disk takes" in result.detail
    assert judged(run_of(shop, server, tmp_path, script, wal_gb=50, disk_gb=50)).status == "passed"


def test_nothing_follows_from_an_empty_table_that_is_locked(
    shop: tuple[Databases, Database, State], server: Server, tmp_path: Path
) -> None:
    rows = {**PRODUCTION, "public.archive": 10_000_000}
    other = judged(run_of(shop, server, tmp_path, HARMLESS["a nullable column"], rows))
    assert other.status == "passed"
    alone = {"public.archive": 10_000_000}
    result = judged(run_of(shop, server, tmp_path, "ALTER TABLE archive ADD CHECK (id > 0)", alone))
    assert result.status == "inconclusive"
    assert "empty in the shadow: public.archive" in result.detail


@pytest.mark.parametrize(
    ("production", "why"),
    [
        ({}, "not known"),
        ({ORDERS: ROWS + 4_000}, "about as many rows"),
        ({"public.elsewhere": 10**9}, "about as many rows"),
    ],
)
def test_it_does_not_apply_where_production_is_no_larger(
    shop: tuple[Databases, Database, State],
    server: Server,
    tmp_path: Path,
    production: Mapping[str, int],
    why: str,
) -> None:
    result = judged(run_of(shop, server, tmp_path, "SELECT 1", production))
    assert (result.status, why in result.detail) == ("skipped", True)


def test_a_table_that_a_plan_states_and_nobody_has_is_an_error(
    shop: tuple[Databases, Database, State], server: Server, tmp_path: Path
) -> None:
    run = run_of(shop, server, tmp_path, "SELECT 1", {"orders": 10**9}, rows={"orders": 10**9})  # type: ignore[arg-type]
    with pytest.raises(ShadowgateError, match="names orders, which the shadow has not"):
        _ = run.larger


def test_a_script_that_only_psql_can_apply_is_not_passed(
    shop: tuple[Databases, Database, State], server: Server, tmp_path: Path
) -> None:
    result = judged(run_of(shop, server, tmp_path, "\\set n 1\nSELECT :n;\n"))
    assert result.status != "passed"
    assert "psql applies it as a whole" in result.detail


def test_a_sample_keeps_foreign_keys_true(shop: tuple[Databases, Database, State]) -> None:
    databases, shadow, _ = shop
    with databases.cloned(shadow, "size_sample") as copy:
        with copy.connect() as connection:
            thin(connection, dict.fromkeys(["public.customers", ORDERS, "public.notes"], 0.25))
        for table, rows in (("customers", ROWS // 10), (ORDERS, ROWS), ("notes", ROWS)):
            left = int(str(value(copy, f"SELECT count(*) FROM {table}")))  # noqa: S608
            assert 0.2 * rows < left < 0.3 * rows, table
        for column, table in (("customer", ORDERS), ("customer", "notes"), ("boss", "customers")):
            orphans = (
                f"SELECT count(*) FROM {table} WHERE {column} NOT IN (SELECT id FROM customers)"  # noqa: S608
            )
            assert value(copy, orphans) == 0, table
        assert value(copy, "SELECT count(*) FROM countries") == 3000
        assert value(copy, "SELECT count(*) FROM customers WHERE boss IS NOT NULL") != 0


@pytest.mark.parametrize(
    ("here", "there", "larger"),
    [(0, 500, False), (0, 2_000, True), (10_000, 12_000, False), (10_000, 13_000, True)],
)
def test_a_backup_may_lag_behind(here: int, there: int, larger: bool) -> None:
    assert is_larger(here, there) == larger


def test_rows_come_from_what_a_preflight_wrote(tmp_path: Path) -> None:
    path = tmp_path / "preflight.json"
    path.write_text(json.dumps({"rows": {"public.orders": 7}}), encoding="utf-8")
    assert read_rows(path) == {"public.orders": 7}
    (tmp_path / "m.sql").write_text("SELECT 1;", encoding="utf-8")
    plan = derived_plan(tmp_path / "m.sql", None, None, dt.date(2026, 3, 2))
    stated = ProductionSection({"public.a": 1}, preflight=path)
    request = Request(replace(plan, production=stated), "local", None, tmp_path, None)
    source = {"public.a": 5, "public.orders": 6, "public.log": 8}
    taken = TakenDump(tmp_path, "", source)
    assert rows_in_production(request, taken) == {
        "public.a": 1,
        "public.orders": 7,
        "public.log": 8,
    }
    for wrong in ("{}", "[", '{"rows": [1]}', '{"rows": {"a": "many"}}'):
        path.write_text(wrong, encoding="utf-8")
        with pytest.raises(UsageError, match="is not what a preflight wrote"):
            read_rows(path)
    with pytest.raises(UsageError):
        read_rows(tmp_path / "none.json")
