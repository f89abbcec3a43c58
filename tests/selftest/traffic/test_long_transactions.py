"""A fast script meets a long transaction, and it is told who stood behind it for how long."""

from __future__ import annotations

from pathlib import Path

import pytest

from shadowgate.errors import UsageError
from shadowgate.migrate import LockWatch, RetryPolicy, ScriptRun, parse_script
from shadowgate.server import Database
from shadowgate.traffic import WaitReport
from shadowgate.traffic.long_transactions import (
    HOLDERS,
    Holder,
    LongTransactionRehearsal,
    judge_long_transaction,
    long_transactions_table,
    rehearsal_of,
    rehearse_long_transaction,
    strongly_locked,
)
from tests.selftest.migrating import apply, comes_true, watched
from tests.selftest.plain_database import refill

SETUP = (
    "CREATE TABLE item (id int PRIMARY KEY, name text);"
    "INSERT INTO item SELECT g, 'n' FROM generate_series(1, 1000) AS g;"
    'CREATE TABLE "Other" (id int)'
)
ALTER = "ALTER TABLE item ADD COLUMN size int"
PATIENT = RetryPolicy(attempts=20, pause_seconds=0.2)
HOLD = 2.5


@pytest.fixture
def database(plain: Database) -> Database:
    return refill(plain, SETUP)


def rehearse(
    database: Database, sql: str, holder: Holder = "report", retry: RetryPolicy | None = None
) -> LongTransactionRehearsal:
    def migrate() -> ScriptRun:
        return apply(sql, database, watch=LockWatch(database), retry=retry)

    names = ["item", '"Other"']
    return rehearse_long_transaction(database, names, migrate, holder=holder, hold_seconds=HOLD)


@pytest.mark.parametrize("holder", HOLDERS)
def test_everyone_waits_behind_a_script_that_waits_without_an_end(
    database: Database, holder: Holder
) -> None:
    found = rehearse(database, ALTER, holder)
    assert found.ended == "applied"
    assert found.seconds > HOLD - 0.3
    for waited in found.longest_wait_ms.values():
        assert (HOLD - 0.8) * 1000 < waited < (HOLD + 1) * 1000
    breaches = judge_long_transaction(found)
    assert [breach.about for breach in breaches] == ["reader wait", "writer wait"]
    assert f"of 2.5 s on item, {ALTER} waits in the lock queue" in breaches[0].detail
    assert "Set lock_timeout to a second or two" in breaches[0].detail
    assert found.blocked_by.startswith(ALTER)


def test_a_lock_timeout_with_retries_bounds_the_wait(database: Database) -> None:
    found = rehearse(database, f"SET lock_timeout = '500ms';\n{ALTER}", retry=PATIENT)
    assert found.ended == "applied"
    assert found.retries >= 1  # the report ends once the script has given up
    assert 100 < found.longest_wait_ms["reader"] < 1200
    assert judge_long_transaction(found) == ()
    assert "applied after" in found.outcome


def test_a_lock_timeout_of_a_second_is_short_enough_and_a_longer_one_is_not(
    database: Database,
) -> None:
    assert judge_long_transaction(rehearse(database, f"SET lock_timeout = '1s';\n{ALTER}")) == ()
    refill(database, SETUP)
    patient = rehearse(database, f"SET lock_timeout = '2s';\n{ALTER}")
    assert [each.about for each in judge_long_transaction(patient)] == [
        "reader wait",
        "writer wait",
    ]


def test_a_script_that_gives_up_has_held_up_nobody_for_long(database: Database) -> None:
    found = rehearse(database, f"SET lock_timeout = '300ms';\n{ALTER}")
    assert found.ended == "gave up"
    assert found.outcome.startswith("gave up by lock_timeout in 0.")
    assert found.seconds < HOLD - 1
    assert judge_long_transaction(found) == ()


def test_nobody_waits_behind_an_index_built_concurrently(database: Database) -> None:
    found = rehearse(database, "CREATE INDEX CONCURRENTLY item_name ON item (name)")
    assert found.ended == "applied"
    assert found.longest is None
    assert found.blocked_by == ""
    assert judge_long_transaction(found) == ()


def test_an_index_that_waits_for_a_writer_holds_up_writers_only(database: Database) -> None:
    found = rehearse(database, "CREATE INDEX item_name ON item (name)", "writer")
    assert found.longest_wait_ms["reader"] == 0
    assert [each.about for each in judge_long_transaction(found)] == ["writer wait"]


def test_a_script_that_fails_proves_nothing(database: Database) -> None:
    found = rehearse(database, "ALTER TABLE nowhere ADD COLUMN size int")
    assert found.ended == "failed"
    (breach,) = judge_long_transaction(found)
    assert breach.about == "evidence"
    assert "nowhere" in breach.detail


def test_the_transaction_is_gone_when_the_rehearsal_ends(database: Database) -> None:
    rehearse(database, "SET lock_timeout = '100ms'; SELECT 1")
    comes_true(
        database,
        "SELECT count(*) = 0 FROM pg_stat_activity"
        " WHERE application_name LIKE 'shadowgate long%' AND datname = current_database()",
    )


def test_which_tables_a_script_locks_is_told_by_its_trace(database: Database) -> None:
    sql = (
        "CREATE TABLE fresh (id int); ALTER TABLE fresh ADD COLUMN a int;"
        'SELECT count(*) FROM "Other"; INSERT INTO "Other" VALUES (1);'
        "CREATE INDEX item_name ON item (name); ALTER TABLE item ADD COLUMN size int"
    )
    assert strongly_locked(watched(sql, database)) == ("item",)


def test_a_rehearsal_needs_a_table(database: Database) -> None:
    with pytest.raises(UsageError, match="at no table"):
        rehearse_long_transaction(database, [], lambda: pytest.fail("was applied"))


def test_the_evidence_names_the_holder_and_the_ending() -> None:
    script = parse_script("SELECT 1", Path("m.sql"), "")
    run = ScriptRun(script, origin=0.0, seconds=1.0, runs=(), committed=())
    report = WaitReport(seconds=1.0, resolution_ms=10, kinds=(), waits=())
    rehearsal = rehearsal_of(run, report, "idle", ("a", "b"), 4.0)
    table = long_transactions_table([rehearsal])
    assert table.rows == (
        ("a session idle in a transaction", "a, b", "4", "0", "0", "", "applied in 1.0 s"),
    )
    assert judge_long_transaction(rehearsal) == ()
