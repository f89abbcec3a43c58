"""Traffic goes on by its schedule, and what it waited for a migration is told truly."""

from __future__ import annotations

import math
import time
from contextlib import suppress
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadowgate.errors import ServerError, UsageError
from shadowgate.migrate import LockWatch, ScriptRun, apply_script, parse_script, read_script
from shadowgate.plan import AfterTrafficSection, LocksSection, TrafficSection
from shadowgate.server import Database, Server
from shadowgate.traffic import Traffic, WaitReport, judge_waits, report_waits
from shadowgate.traffic.blocking import Blocked, LockSnapshot
from shadowgate.traffic.load import WRITTEN, Request
from shadowgate.traffic.waits import KINDS, KindReport, Wait, waits_behind
from tests.selftest.plain_database import refill

SETUP = (
    "CREATE TABLE item (id int PRIMARY KEY, name text);"
    "INSERT INTO item SELECT g, 'n' FROM generate_series(1, 1000) AS g;"
)
READ = "SELECT name FROM item WHERE id = (SELECT 1 + floor(random() * 1000)::int)"
WRITE = "UPDATE item SET name = 'm' WHERE id = (SELECT 1 + floor(random() * 1000)::int)"


@pytest.fixture
def database(plain: Database) -> Database:
    return refill(plain, SETUP)


def under_traffic(
    database: Database, sql: str, settings: TrafficSection
) -> tuple[Traffic, ScriptRun, WaitReport]:
    with Traffic(database, settings) as traffic:
        traffic.wait_until_steady()
        script = parse_script(sql, Path("m.sql"), "")
        run = apply_script(script, database, watch=LockWatch(database))
    run.raise_for_error()
    return traffic, run, report_waits(traffic, run)


def settings(**changes: object) -> TrafficSection:
    known = TrafficSection((READ,), (WRITE,), reads_per_second=20.0, writes_per_second=20.0)
    return replace(known, **changes)  # type: ignore[arg-type]


def test_a_lock_against_everyone_is_felt_by_readers_and_writers_for_its_time(
    database: Database,
) -> None:
    _, run, report = under_traffic(
        database,
        "SELECT pg_sleep(0.3);\nBEGIN;\nALTER TABLE item ADD COLUMN size int;\n"
        "SELECT pg_sleep(0.6);\nCOMMIT;\nSELECT pg_sleep(0.3);",
        settings(),
    )
    (held,) = [lock for lock in run.locks if lock.relation == "item"]
    for kind in KINDS:
        found = report.of(kind)
        assert 300 < found.longest_wait_ms <= held.seconds * 1000 + report.resolution_ms + 50
        assert 0.05 < found.share_blocked < 0.8
        assert found.requests > 0
        assert found.longest_latency_ms >= found.longest_wait_ms - 1
    assert {(wait.target, wait.statement) for wait in report.waits} == {("item", 3)}
    assert {(wait.kind, wait.mode) for wait in report.waits} == {
        ("reader", "AccessShareLock"),
        ("writer", "RowExclusiveLock"),
    }
    breaches = judge_waits(report, LocksSection(reader_ms=250, writer_ms=250))
    assert [breach.about for breach in breaches] == ["reader wait", "writer wait"]
    assert "behind statement 3 (ALTER TABLE item ADD COLUMN size int)" in breaches[0].detail
    assert judge_waits(report, LocksSection(reader_ms=5000, writer_ms=5000)) == ()


RENAME = "SELECT pg_sleep(0.3); ALTER TABLE item RENAME TO items; SELECT pg_sleep(0.5)"


def test_clients_switch_over_to_the_new_name_of_their_table_once_and_without_an_error(
    database: Database,
) -> None:
    write = f"{WRITE} RETURNING id, name"
    moved = settings(
        writes=(write,),
        kept="SELECT id, name FROM item",
        after=AfterTrafficSection(
            reads=(READ.replace("item", "items"),),
            writes=(write.replace("item", "items").replace("'m'", "'k'"),),
        ),
    )
    traffic, _, report = under_traffic(database, RENAME, moved)
    assert [kind.switched_over for kind in report.kinds] == [4, 1]
    assert [kind.error_count for kind in report.kinds] == [0, 0]
    written = [row for rows in traffic.acknowledged.batches(WRITTEN) for row in rows.values()]
    assert {name for _, name in written} == {"m", "k"}
    assert judge_waits(report, LocksSection()) == ()
    last = max(request.started for request in traffic.requests if request.switched_over)
    assert any(request.started > last for request in traffic.requests)


def test_a_table_that_is_gone_is_an_error_to_clients_that_know_no_other(
    database: Database,
) -> None:
    _, _, report = under_traffic(database, RENAME, settings())
    assert report.of("reader").errors["42P01"] > 0
    assert report.of("reader").switched_over == 0


def test_a_client_whose_other_table_is_missing_too_gets_an_error(database: Database) -> None:
    lost = settings(after=AfterTrafficSection(("SELECT 1 FROM nowhere",), (WRITE,)))
    _, _, report = under_traffic(database, RENAME, lost)
    assert report.of("reader").errors["42P01"] > 4


def test_a_lock_against_writers_is_not_felt_by_readers(database: Database) -> None:
    _, _, report = under_traffic(
        database,
        "BEGIN; LOCK TABLE item IN SHARE ROW EXCLUSIVE MODE; SELECT pg_sleep(0.5); COMMIT",
        settings(),
    )
    assert report.of("reader").longest_wait_ms == 0
    assert report.of("reader").share_blocked == 0
    assert report.of("writer").longest_wait_ms > 250


def test_a_reader_queued_behind_a_migration_that_waits_itself_counts(database: Database) -> None:
    with database.connect() as other:
        other.execute("BEGIN; SELECT * FROM item LIMIT 1")
        with Traffic(database, settings(writers=0)) as traffic:
            traffic.wait_until_steady()
            sql = "SET lock_timeout = '500ms'; ALTER TABLE item ADD COLUMN size int"
            run = apply_script(parse_script(sql, Path("m.sql"), ""), database)
    report = report_waits(traffic, run)
    assert run.error is not None
    assert report.of("reader").longest_wait_ms > 250
    assert len(report.kinds) == 1


def test_waits_behind_a_script_that_psql_applies_are_told_too(
    database: Database, server: Server, tmp_path: Path
) -> None:
    path = tmp_path / "m.sql"
    path.write_text(
        "\\set n 0.4\nBEGIN;\nLOCK TABLE item;\nSELECT pg_sleep(:n);\nCOMMIT;\n", encoding="utf-8"
    )
    with Traffic(database, settings()) as traffic:
        traffic.wait_until_steady()
        run = apply_script(read_script(path), database, tools=server.tools)
    run.raise_for_error()
    report = report_waits(traffic, run)
    assert report.of("reader").longest_wait_ms > 150
    assert report.of("writer").longest_wait_ms > 150


def test_sessions_that_wait_for_each_other_do_not_wait_for_the_migration(
    database: Database,
) -> None:
    slow = "UPDATE item SET name = 'm' WHERE id = 1; SELECT pg_sleep(0.05)"
    traffic, _, report = under_traffic(
        database,
        "SELECT pg_sleep(0.8)",
        settings(writes=(slow,), writers=3, writes_per_second=15.0),
    )
    assert any(snapshot.blocked for snapshot in traffic.snapshots)
    assert report.waits == ()


def test_failed_requests_are_counted_with_their_state(database: Database) -> None:
    _, _, report = under_traffic(
        database,
        "SELECT pg_sleep(0.2); DROP TABLE item; SELECT pg_sleep(0.4);" + SETUP,
        settings(),
    )
    for report_of_kind in report.kinds:
        assert set(report_of_kind.errors) == {"42P01"}
        assert report_of_kind.error_count > 0
    (breach,) = judge_waits(report, LocksSection(5000, 5000))
    assert breach.about == "errors"
    assert 'relation "item" does not exist' in breach.detail


def test_requests_are_late_from_their_schedule_on_when_the_session_is_stuck(
    database: Database,
) -> None:
    """Several requests were due during one long wait: all of them are late, not the first alone."""
    traffic, run, report = under_traffic(
        database,
        "BEGIN; LOCK TABLE item; SELECT pg_sleep(0.6); COMMIT; SELECT pg_sleep(1)",
        settings(readers=1, reads_per_second=50, writers=0),
    )
    locked = run.runs[3].ended - run.runs[0].started  # afterwards there is time to catch up
    late = [item for item in traffic.requests if item.latency > 0.1]
    assert len(late) > 10
    waited_for_a_lock = [wait for wait in report.waits if wait.kind == "reader"]
    assert len(waited_for_a_lock) == 1
    assert max(item.latency for item in late) <= locked + 0.3


def test_a_schedule_is_drawn_from_its_seed(database: Database) -> None:
    gaps = []
    for seed in (1, 1, 2):
        with Traffic(database, settings(readers=1, writers=0), seed=seed) as traffic:
            traffic.wait_until_steady()
            time.sleep(0.4)
        scheduled = [item.scheduled for item in traffic.requests]
        gaps.append([later - earlier for earlier, later in pairwise(scheduled)])
    same, again, other = (gap[:3] for gap in gaps)
    assert same == pytest.approx(again)
    assert same != pytest.approx(other)


def test_a_killed_session_is_an_error_and_is_replaced(database: Database) -> None:
    with Traffic(database, settings(readers=1, writers=0, reads_per_second=50)) as traffic:
        traffic.wait_until_steady()
        with database.connect() as other:
            other.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE application_name = 'shadowgate traffic reader'"
            )
        time.sleep(0.5)
    failed = [item for item in traffic.requests if item.sqlstate]
    assert [item.sqlstate for item in failed] == ["57P01"]
    assert traffic.requests[-1].sqlstate == ""
    assert len(traffic.kinds) == 2


def test_an_answer_that_the_load_does_not_wait_for_is_no_error(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shadowgate.traffic.load._LEAVE_SECONDS", 0.2)
    slow = settings(
        reads=(READ, "SELECT pg_sleep(20)"), readers=1, reads_per_second=50.0, writers=0
    )
    began = time.monotonic()
    with Traffic(database, slow) as traffic:
        traffic.wait_until_steady()
        time.sleep(0.5)
    assert time.monotonic() - began < 10
    assert {item.sqlstate for item in traffic.requests} == {""}


def lose_the_watch(database: Database) -> None:
    with Traffic(database, settings(writers=0)), database.connect() as other:
        other.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE application_name = 'shadowgate blocking watch'"
        )
        time.sleep(0.1)


def test_a_lost_watch_is_an_error_and_not_a_report_without_waits(database: Database) -> None:
    with pytest.raises(ServerError, match="watched who waits for whom was lost"):
        lose_the_watch(database)


def test_no_session_outlives_the_block_even_after_an_error(database: Database) -> None:
    stuck = settings(readers=2, writers=0)
    with suppress(KeyError), Traffic(database, stuck) as traffic:
        traffic.wait_until_steady()
        raise KeyError
    with database.connect() as other:
        time.sleep(0.05)
        row = other.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            " AND application_name LIKE 'shadowgate%' AND pid <> pg_backend_pid()"
        ).fetchone()
    assert row == (0,)


@pytest.mark.parametrize(
    "bad",
    [
        {"reads": ()},
        {"writes": ()},
        {"readers": -1},
        {"reads_per_second": 0.0},
        {"writes_per_second": -1.0},
    ],
)
def test_traffic_that_cannot_flow_is_refused(bad: dict[str, object], plain: Database) -> None:
    with pytest.raises(UsageError, match="cannot send"):
        Traffic(plain, settings(**bad))


def blocked(pid: int, *behind: int, wait: float = 0.0, since: float = 0.0) -> Blocked:
    return Blocked(pid, wait, since, "AccessShareLock", "item", frozenset(behind))


def test_a_wait_counts_whether_direct_or_through_others_and_not_behind_strangers() -> None:
    snapshot = LockSnapshot(1.0, (blocked(1, 99), blocked(2, 1), blocked(3, 50), blocked(4, 3)))
    kinds = dict.fromkeys((1, 2, 3, 4), "reader")
    waits = waits_behind({99}, [snapshot], kinds, [answer(1, 2.0), answer(2, 2.0)])  # type: ignore[arg-type]
    assert {wait.pid for wait in waits} == {1, 2}


def answer(pid: int, at: float) -> Request:
    return Request("reader", pid, 0.0, 0.0, at)


def test_two_waits_of_one_session_are_two() -> None:
    first, second = blocked(1, 99, wait=10.0, since=1.0), blocked(1, 99, wait=11.0, since=2.0)
    snapshots = [LockSnapshot(1.1, (first,)), LockSnapshot(1.2, ()), LockSnapshot(2.1, (second,))]
    waits = waits_behind({99}, snapshots, {1: "reader"}, [answer(1, 1.15), answer(1, 2.4)])
    assert [(wait.since, wait.until) for wait in waits] == [(1.0, 1.15), (2.0, 2.4)]


@given(
    starts=st.floats(0.0, 5.0),
    lasts=st.floats(0.05, 2.0),
    interval=st.floats(0.005, 0.04),
)
def test_a_wait_is_measured_to_within_one_interval_and_never_too_short(
    starts: float, lasts: float, interval: float
) -> None:
    ends = starts + lasts
    looks = [number * interval for number in range(1, math.ceil((ends + 1) / interval))]
    snapshots = [
        LockSnapshot(at, (blocked(1, 99, wait=7.0, since=starts),) if starts <= at < ends else ())
        for at in looks
    ]
    (wait,) = waits_behind({99}, snapshots, {1: "writer"}, [answer(1, ends + 10)])
    assert lasts - 1e-9 <= wait.seconds <= lasts + interval + 1e-9


def report_of(**changes: object) -> WaitReport:
    values: dict[str, object] = {
        "kind": "reader",
        "sessions": 4,
        "requests": 10,
        "longest_wait_ms": 0.0,
        "share_blocked": 0.0,
        "errors": {},
        "first_error": "",
        "longest_latency_ms": 1.0,
        "median_latency_ms": 1.0,
        "quiet_median_latency_ms": 1.0,
        **changes,
    }
    kind = KindReport(**values)  # type: ignore[arg-type]
    waits = (Wait("reader", 1, 0.0, kind.longest_wait_ms / 1000, "AccessShareLock", "item"),)
    return WaitReport(1.0, 20.0, (kind,), waits)


@pytest.mark.parametrize(
    ("changes", "budget", "about"),
    [
        ({}, LocksSection(), []),
        ({"longest_wait_ms": 500.0}, LocksSection(reader_ms=500.0), []),
        ({"longest_wait_ms": 500.1}, LocksSection(reader_ms=500.0), ["reader wait"]),
        ({"errors": {"40P01": 1}, "first_error": "deadlock"}, LocksSection(), ["errors"]),
        ({"requests": 0}, LocksSection(), ["evidence"]),
        ({"longest_latency_ms": 9000.0}, LocksSection(), []),
    ],
)
def test_budgets_are_for_waits_errors_and_the_evidence_itself(
    changes: dict[str, object], budget: LocksSection, about: list[str]
) -> None:
    assert [breach.about for breach in judge_waits(report_of(**changes), budget)] == about


def test_the_tables_say_who_waited_for_what(database: Database) -> None:
    _, _, report = under_traffic(
        database, "BEGIN; LOCK TABLE item; SELECT pg_sleep(0.3); COMMIT", settings()
    )
    kinds, waits = report.tables()
    assert [row[0] for row in kinds.rows] == ["readers", "writers"]
    assert waits.rows[0][2:] == (waits.rows[0][2], "item", "2", "LOCK TABLE item")
