"""What a script does is seen from outside: locks, rows, rewrites, messages."""

from __future__ import annotations

import threading
import time
from dataclasses import replace

import pytest

from shadowgate.errors import ServerError
from shadowgate.migrate import (
    LockWatch,
    RowsTouched,
    ScriptRun,
    StopAfter,
)
from shadowgate.server import Database
from tests.selftest.migrating import (
    ALONE,
    MIGRATION_WAITS_FOR,
    SETUP,
    apply,
    comes_true,
    watched,
)
from tests.selftest.plain_database import refill


@pytest.fixture
def database(plain: Database) -> Database:
    """A database with a table of 1,000 rows."""
    return refill(plain, SETUP)


def test_notices_are_kept_with_their_statement_state_and_place(database: Database) -> None:
    run = watched(
        "CREATE TABLE IF NOT EXISTS item (x int);"
        "DO $$ BEGIN RAISE WARNING 'careful' USING ERRCODE = 'ZZ001'; END $$",
        database,
    )
    (skipped, first), (warned, second) = run.notices
    assert (skipped.statement.number, first.severity, first.sqlstate) == (1, "NOTICE", "42P07")
    assert (warned.statement.number, second.severity, second.sqlstate) == (2, "WARNING", "ZZ001")
    assert "inline_code_block line 1 at RAISE" in second.context


def test_locks_are_seen_with_mode_relation_and_span(database: Database) -> None:
    run = watched(
        "BEGIN;\nALTER TABLE item ADD COLUMN size int;\nSELECT pg_sleep(0.2);\nCOMMIT;\n"
        "SELECT pg_sleep(0.1);\nUPDATE item SET size = 1 WHERE id = 1;",
        database,
    )
    locks = {(lock.statement, lock.mode, lock.relation): lock for lock in run.locks if lock.existed}
    exclusive = locks[2, "AccessExclusiveLock", "item"]
    assert exclusive.seconds >= 0.2
    commit, after = run.runs[3], run.runs[4]
    assert commit.started <= exclusive.until < after.ended
    assert (6, "RowExclusiveLock", "item") in locks
    assert (6, "RowExclusiveLock", "item_pkey") in locks


def test_a_lock_of_a_created_relation_is_told_from_those_that_existed(database: Database) -> None:
    run = watched("BEGIN; CREATE TABLE fresh (x int); SELECT 1; COMMIT", database)
    existed = {lock.relation: lock.existed for lock in run.locks}
    assert existed == {"fresh": False}


def test_locks_of_a_statement_that_commits_by_itself_are_seen_while_it_runs(
    database: Database,
) -> None:
    run = watched(
        "DO $$ BEGIN LOCK TABLE item IN SHARE MODE; PERFORM pg_sleep(0.15); COMMIT;"
        " PERFORM pg_sleep(0.4); END $$",
        database,
    )
    (lock,) = [lock for lock in run.locks if lock.mode == "ShareLock"]
    assert lock.relation == "item"
    assert 0.1 < lock.seconds < run.runs[0].seconds - 0.2


def test_a_lock_that_the_script_waits_for_is_told_from_one_it_holds(database: Database) -> None:
    def release() -> None:
        comes_true(database, MIGRATION_WAITS_FOR.format("Lock"))
        time.sleep(0.3)
        blocker.rollback()

    with database.connect() as blocker:
        blocker.execute("BEGIN; LOCK TABLE item IN ACCESS SHARE MODE")
        thread = threading.Thread(target=release)
        thread.start()
        run = watched("ALTER TABLE item ADD COLUMN size int", database)
        thread.join()
    (awaited,) = [lock for lock in run.awaited if lock.relation == "item"]
    (held,) = [lock for lock in run.locks if lock.relation == "item"]
    assert awaited.mode == held.mode == "AccessExclusiveLock"
    assert awaited.seconds > 0.2
    assert held.since > awaited.since + 0.2


def test_rewritten_tables_are_named_and_rolled_back_rewrites_are_not(database: Database) -> None:
    run = watched(
        "CREATE TABLE fresh AS SELECT 1 AS a;"
        "ALTER TABLE fresh ALTER COLUMN a TYPE bigint;"
        "BEGIN; ALTER TABLE item ALTER COLUMN id TYPE bigint; ROLLBACK;"
        "UPDATE item SET note = 'y';"
        "ALTER TABLE item ADD COLUMN at timestamptz DEFAULT clock_timestamp();",
        database,
    )
    by_number = {item.statement.number: item.rewritten for item in run.runs if item.rewritten}
    assert by_number == {4: ("item",), 7: ("item",)}
    assert run.rewritten == ("item",)


def written(rows: RowsTouched | None) -> RowsTouched | None:
    """What was written; how many rows are looked at for that is the planner's business."""
    return replace(rows, read=0) if rows else None


def test_rows_are_counted_by_statement_those_of_functions_included(database: Database) -> None:
    run = watched(
        "UPDATE item SET note = 'a' WHERE id <= 10;"
        "BEGIN; DELETE FROM item WHERE id <= 3; INSERT INTO item VALUES (1, 'n', 'x');"
        " DO $$ BEGIN UPDATE item SET name = 'b' WHERE id > 900; DELETE FROM item WHERE id = 999;"
        " END $$; COMMIT;"
        "SELECT count(*) FROM item",
        database,
    )
    assert [written(item.rows) for item in run.runs] == [
        RowsTouched(0, 10, 0),
        None,
        RowsTouched(0, 0, 3),
        RowsTouched(1, 0, 0),
        RowsTouched(0, 100, 1),
        None,
        RowsTouched(0, 0, 0),
    ]


def test_rows_that_a_statement_looks_at_are_counted_and_those_of_the_catalogue_are_not(
    database: Database,
) -> None:
    run = watched(
        "SELECT count(*) FROM item; ALTER TABLE item ADD COLUMN a int;"
        "INSERT INTO item VALUES (1001, 'n', 'x')",
        database,
    )
    read = [item.rows.read if item.rows else None for item in run.runs]
    assert read[0] == 1000
    assert read[1:3] == [0, 0]


def test_rows_of_a_statement_that_commits_by_itself_come_from_the_servers_statistics(
    database: Database,
) -> None:
    run = watched(
        "UPDATE item SET note = 'a';"
        "DO $$ BEGIN DELETE FROM item WHERE id <= 10; COMMIT;"
        " INSERT INTO item VALUES (1, 'n', 'x'); COMMIT; END $$;"
        "DELETE FROM item",
        database,
    )
    assert [written(item.rows) for item in run.runs] == [
        RowsTouched(0, 1000, 0),
        RowsTouched(1, 0, 10, others_included=True),
        RowsTouched(0, 0, 991),
    ]
    assert [row[4] for row in run.tables()[0].rows] == ["1000", "≤ 11", "991"]


def test_wal_is_counted(database: Database) -> None:
    run = watched(
        "SELECT 1; INSERT INTO item SELECT g, repeat('w', 100) FROM"
        " generate_series(2000, 2999) AS g",
        database,
    )
    quiet, busy = (item.wal_bytes for item in run.runs)
    assert quiet is not None
    assert busy is not None
    assert busy > 100_000 > quiet


def test_the_lock_timeout_in_force_is_kept(database: Database) -> None:
    run = watched(
        "SELECT 1; SET lock_timeout = '1500ms'; SELECT 1;"
        "BEGIN; SET LOCAL lock_timeout = '1min'; SELECT 1; COMMIT",
        database,
    )
    timeouts = [item.lock_timeout_ms for item in run.runs if item.statement.kind == "SELECT"]
    assert timeouts == [0, 1500, 60_000]


def test_a_watch_that_fails_is_not_the_scripts_failure(database: Database) -> None:
    def kill_the_watch(message: str) -> None:
        if "SELECT" in message:
            with database.connect() as other:
                other.execute(
                    "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
                    " WHERE application_name = 'shadowgate lock watch'"
                )

    with pytest.raises(ServerError, match="watched the migration was lost"):
        apply(
            "SELECT 1",
            database,
            watch=LockWatch(database, interval=60.0),
            progress=kill_the_watch,
        )
    comes_true(database, ALONE)


def test_a_watched_run_survives_the_kill_with_its_evidence(database: Database) -> None:
    def kill() -> None:
        comes_true(database, MIGRATION_WAITS_FOR.format("Timeout"))
        with database.connect() as other:
            other.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE application_name = 'shadowgate migration'"
                " AND datname = current_database()"
            )

    thread = threading.Thread(target=kill)
    thread.start()
    run = watched("BEGIN; LOCK TABLE item; SELECT pg_sleep(10); COMMIT", database)
    thread.join()
    assert run.runs[-1].failure is not None
    assert run.runs[-1].failure.sqlstate == "57P01"
    assert run.seconds < 5
    assert [(lock.relation, lock.mode) for lock in run.locks] == [("item", "AccessExclusiveLock")]


def test_no_session_is_left_behind(database: Database) -> None:
    watched("SELECT 1", database)
    watched("SELECT 1/0", database)
    comes_true(database, ALONE)


def test_the_tables_show_every_statement_and_the_locks_that_matter(database: Database) -> None:
    run = watched(
        "BEGIN; ALTER TABLE item ADD COLUMN size int; COMMIT; CREATE TABLE t (x int)", database
    )
    statements, locks = run.tables()
    assert [row[0] for row in statements.rows] == ["1", "2", "3", "4"]
    assert [row[1:3] for row in locks.rows] == [("AccessExclusiveLock", "item")]


def stopping(sql: str, database: Database, **limits: float) -> ScriptRun:
    """Apply a script that may be stopped."""
    allowed = {"readers": "20 ms", "writers": "20 ms", "script": "0.2 s"}
    watch = LockWatch(database, 0.005, StopAfter(allowed=allowed, **limits))
    return apply(sql, database, watch=watch)


@pytest.mark.parametrize(
    ("sql", "limits", "said"),
    [
        (
            "BEGIN; LOCK TABLE item;\nSELECT pg_sleep(20); COMMIT",
            {"readers": 0.2},
            "stopped, since AccessExclusiveLock on item, taken by statement 2, was held for 0.2 s, "
            "which stops readers; the plan allows 20 ms",
        ),
        (
            "BEGIN; LOCK TABLE item IN SHARE MODE;\nSELECT pg_sleep(20); COMMIT",
            {"readers": 0.01, "writers": 0.2},
            "which stops writers",
        ),
        ("SELECT 1;\nSELECT pg_sleep(20)", {"script": 0.2}, "stopped after 0.2 s: the plan allows"),
        (
            "BEGIN; LOCK TABLE item;\nDO $$BEGIN PERFORM pg_sleep(20);"
            " EXCEPTION WHEN OTHERS THEN NULL; END$$; COMMIT",
            {"readers": 0.2},
            "which stops readers",
        ),
    ],
)
def test_a_script_that_goes_on_past_a_limit_is_stopped_where_it_is(
    database: Database, sql: str, limits: dict[str, float], said: str
) -> None:
    run = stopping(sql, database, **limits)
    assert run.seconds < 5
    assert run.canceled
    assert run.error is not None
    assert said in run.error.what
    assert ", line 2: " in run.error.where
    assert run.error.at is not None
    assert run.error.at[1] == 2
    comes_true(database, ALONE)


@pytest.mark.parametrize(
    "sql",
    [
        "BEGIN; CREATE TABLE other (id int); SELECT pg_sleep(0.5); DROP TABLE other; COMMIT",
        "BEGIN; LOCK TABLE item IN SHARE UPDATE EXCLUSIVE MODE; SELECT pg_sleep(0.5); COMMIT",
        "SELECT pg_sleep(0.5) FROM item LIMIT 1",
    ],
)
def test_what_stops_nobody_may_take_its_time(database: Database, sql: str) -> None:
    run = stopping(sql, database, readers=0.1, writers=0.1)
    assert run.error is None
    assert not run.canceled


def test_a_statement_timeout_of_the_script_is_its_own(database: Database) -> None:
    run = stopping("SET statement_timeout = 100; SELECT pg_sleep(20)", database, script=60.0)
    assert run.error is not None
    assert "statement timeout" in run.error.what
