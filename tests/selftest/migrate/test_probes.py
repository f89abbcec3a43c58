"""Probes show behaviour: rolled back, for good in a clone, or from several sessions at once."""

from __future__ import annotations

import datetime as dt
import decimal
import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadowgate.errors import ScriptError, UsageError
from shadowgate.migrate import (
    ProbeResult,
    run_probe_in_clone,
    run_probes,
    wait_for_autovacuum,
)
from shadowgate.migrate.probes import plain
from shadowgate.plan import ProbeSection
from shadowgate.server import Database, Server
from tests.selftest.plain_database import refill
from tests.selftest.server_runs import comes_true

SETUP = """
CREATE TABLE item (id int PRIMARY KEY, at date);
CREATE TABLE seen (id int, session text);
CREATE FUNCTION see() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO seen VALUES (NEW.id, current_setting('shadowgate.session'));
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER see AFTER INSERT ON item
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION see();
CREATE PROCEDURE commits() LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO item VALUES (7);
  COMMIT;
  INSERT INTO item VALUES (8);
END $$;
"""


@pytest.fixture
def database(plain: Database) -> Database:
    return refill(plain, SETUP)


def probe_of(
    name: str, sql: str, expect: tuple[tuple[Any, ...], ...] = (), **others: Any
) -> ProbeSection:
    return ProbeSection(name, f"{name} does as it should", sql, expect, **others)


def undone(probe: ProbeSection, database: Database) -> ProbeResult:
    (result,) = run_probes([probe], database)
    return result


def count(database: Database) -> int:
    with database.connect() as connection:
        row = connection.execute("SELECT count(*) FROM item").fetchone()
    return int(row[0]) if row else -1


@pytest.mark.parametrize(
    ("probe", "passed", "measured"),
    [
        (probe_of("a", "SELECT 1, 'x', NULL", ((1, "x", None),)), True, [[1, "x", None]]),
        (probe_of("a", "SELECT 1.50::numeric, 2.0::numeric", ((1.5, 2),)), True, [[1.5, 2]]),
        (
            probe_of("a", "SELECT DATE '2036-01-01'", ((dt.date(2036, 1, 1),),)),
            True,
            [["2036-01-01"]],
        ),
        (probe_of("a", "SELECT 1", ((2,),)), False, [[1]]),
        (probe_of("a", "SELECT 1 WHERE false", ((1,),)), False, []),
        (probe_of("a", "SELECT g FROM generate_series(1, 2) AS g", ((1,), (2,))), True, [[1], [2]]),
        (probe_of("a", "INSERT INTO item VALUES (1); SELECT id FROM item", ((1,),)), True, [[1]]),
        (probe_of("a", "INSERT INTO item VALUES (1)"), True, "no error"),
        (probe_of("a", "SELECT 1/0"), False, "22012"),
        (probe_of("a", "SELECT 1/0", error="22012"), True, "22012"),
        (probe_of("a", "SELECT 1/0", error="23505"), False, "22012"),
        (probe_of("a", "SELECT 1", error="22012"), False, "no error"),
        (
            probe_of("a", "INSERT INTO item VALUES (1)", ((1, "1"),), verify="SELECT * FROM seen"),
            True,
            [[1, "1"]],
        ),
        (probe_of("a", "DELETE FROM item", verify="SELECT * FROM seen"), True, []),
    ],
)
def test_a_probe_compares_rows_or_the_error_and_leaves_nothing(
    database: Database, probe: ProbeSection, passed: bool, measured: object
) -> None:
    result = undone(probe, database)
    assert (result.passed, result.measured) == (passed, measured)
    assert json.dumps(result.measured)
    assert count(database) == 0


def test_a_probe_with_other_rows_says_which(database: Database) -> None:
    result = undone(probe_of("a", "SELECT 1, 'x'", ((2, "y"),)), database)
    assert result.detail == 'the rows are not the expected ones: [[1, "x"]]'


def test_a_failed_probe_says_what_the_server_said(database: Database) -> None:
    result = undone(probe_of("a", "SELECT 1/0", ((1,),)), database)
    assert "division by zero" in result.detail


TRACES = {
    "setting": ("SET bytea_output = escape", "SHOW bytea_output", "hex"),
    "advisory lock": (
        "SELECT pg_advisory_lock(7)",
        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = 7",
        0,
    ),
    "prepared statement": (
        "PREPARE left_over AS SELECT 1",
        "SELECT count(*) FROM pg_prepared_statements",
        0,
    ),
    "temporary table": (
        "CREATE TEMPORARY TABLE left_over ()",
        "SELECT to_regclass('pg_temp.left_over')::text",
        None,
    ),
    "channel": ("LISTEN left_over", "SELECT count(*) FROM pg_listening_channels()", 0),
    "role": ("SET ROLE pg_monitor", "SELECT current_user = session_user", True),
}


@pytest.mark.parametrize(
    "ending", ["", "; COMMIT", "; SELECT 1/0"], ids=["well", "for good", "badly"]
)
@pytest.mark.parametrize(("sql", "look", "clean"), TRACES.values(), ids=TRACES)
def test_a_probe_finds_nothing_of_the_one_before(
    database: Database, sql: str, look: str, clean: object, ending: str
) -> None:
    traces = [probe_of("leaves", sql + ending), probe_of("looks", look, ((clean,),))]
    assert run_probes(traces, database)[1].measured == [[clean]]


def test_a_probe_that_ends_its_session_fails_and_the_next_has_another(database: Database) -> None:
    ended = probe_of("ended", "SELECT pg_terminate_backend(pg_backend_pid())")
    results = run_probes([ended, probe_of("next", "SELECT 1", ((1,),))], database)
    assert [(result.passed, result.measured) for result in results] == [
        (False, "57P01"),
        (True, [[1]]),
    ]


def test_in_a_clone_a_procedure_may_commit(database: Database) -> None:
    probe = probe_of("a", "CALL commits()", ((7,), (8,)), verify="SELECT id FROM item ORDER BY id")
    assert run_probe_in_clone(probe, database).passed
    assert count(database) == 2


def test_sessions_do_their_work_at_once_and_know_their_number(database: Database) -> None:
    probe = probe_of(
        "a",
        "INSERT INTO item VALUES (current_setting('shadowgate.session')::int)",
        ((1, "1"), (2, "2"), (3, "3")),
        verify="SELECT * FROM seen ORDER BY id",
        sessions=3,
    )
    assert run_probe_in_clone(probe, database).passed


def test_all_sessions_have_done_their_work_before_the_first_commits(database: Database) -> None:
    """Each of two sessions sees its own row only: neither had committed when the other looked."""
    probe = probe_of(
        "a",
        "INSERT INTO item VALUES (current_setting('shadowgate.session')::int);"
        "SELECT pg_sleep(0.2 * current_setting('shadowgate.session')::int);"
        "INSERT INTO seen SELECT count(*), 'rows visible' FROM item",
        ((1,), (1,)),
        verify="SELECT id FROM seen WHERE session = 'rows visible'",
        sessions=2,
    )
    result = run_probe_in_clone(probe, database)
    assert (result.passed, result.measured) == (True, [[1], [1]])


def test_a_session_that_fails_fails_the_probe_and_blocks_no_other(database: Database) -> None:
    probe = probe_of(
        "a", "INSERT INTO item VALUES (1)", ((1,),), verify="SELECT id FROM item", sessions=2
    )
    result = run_probe_in_clone(probe, database)
    assert (result.passed, result.measured) == (False, "23505")
    assert result.detail.startswith("1 of 2 sessions failed: duplicate key value")
    assert count(database) == 1


def test_who_waits_for_a_lock_of_the_others_is_not_waited_for(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shadowgate.migrate.barrier.MEETING_SECONDS", 60.0)
    once = "INSERT INTO item VALUES (1) ON CONFLICT DO NOTHING"
    result = run_probe_in_clone(
        probe_of("a", once, ((1,),), verify="SELECT count(*) FROM item", sessions=3), database
    )
    assert result.passed
    assert result.seconds < 30


def test_who_waits_for_somebody_else_is_waited_for(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two sessions, one of which an outsider holds up: neither commits before the outsider."""
    monkeypatch.setattr("shadowgate.migrate.barrier.MEETING_SECONDS", 60.0)
    probe = probe_of(
        "a",
        "INSERT INTO item SELECT 2 FROM pg_advisory_xact_lock(1)"
        " WHERE current_setting('shadowgate.session') = '2';"
        "INSERT INTO item SELECT 1 WHERE current_setting('shadowgate.session') = '1'",
        ((1,), (2,)),
        verify="SELECT id FROM item ORDER BY id",
        sessions=2,
    )
    with database.connect() as outsider, ThreadPoolExecutor(1) as pool:
        outsider.execute("SELECT pg_advisory_lock(1)")
        running = pool.submit(run_probe_in_clone, probe, database)
        time.sleep(1)
        assert count(database) == 0
        outsider.execute("SELECT pg_advisory_unlock(1)")
        assert running.result().passed


def test_several_sessions_cannot_be_rolled_back(database: Database) -> None:
    with pytest.raises(UsageError, match="cannot be rolled back"):
        undone(probe_of("a", "SELECT 1", sessions=2), database)


def test_a_probe_with_a_syntax_error_is_refused_with_its_place(database: Database) -> None:
    with pytest.raises(ScriptError, match="SELEC") as caught:
        undone(probe_of("odd", "SELEC 1"), database)
    assert "line 1" in caught.value.where


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.decimals(allow_nan=False)
    | st.dates()
    | st.datetimes()
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)


@given(VALUES)
def test_any_value_becomes_json_that_stays_the_same(value: object) -> None:
    once = plain(value)
    assert plain(once) == once
    assert plain(json.loads(json.dumps(once))) == once


@given(st.integers(-(10**6), 10**6))
def test_a_whole_number_is_the_same_whatever_its_type(number: int) -> None:
    assert plain(decimal.Decimal(number)) == plain(float(number)) == plain(number) == number


@pytest.fixture
def slow_autovacuum(server: Server, database: Database) -> Iterator[None]:
    """Autovacuum switched on, which needs seconds for the table ``seen``."""
    with server.maintenance.connect() as connection:
        connection.execute("ALTER SYSTEM SET autovacuum_naptime = '1s'")
        connection.execute("ALTER SYSTEM SET autovacuum = on")
        connection.execute("SELECT pg_reload_conf()")
        try:
            with database.connect() as session:
                session.execute(
                    "ALTER TABLE seen SET (autovacuum_vacuum_cost_limit = 1,"
                    " autovacuum_vacuum_cost_delay = 20, autovacuum_vacuum_threshold = 1)"
                )
                session.execute("INSERT INTO seen SELECT generate_series(1, 5000)")
                session.execute("DELETE FROM seen")
            yield
        finally:
            connection.execute("ALTER SYSTEM RESET autovacuum")
            connection.execute("ALTER SYSTEM RESET autovacuum_naptime")
            connection.execute("SELECT pg_reload_conf()")


@pytest.mark.usefixtures("slow_autovacuum")
def test_autovacuum_that_holds_a_lock_is_waited_for(database: Database) -> None:
    probe = probe_of("a", "LOCK TABLE seen IN SHARE ROW EXCLUSIVE MODE NOWAIT")
    assert comes_true(lambda: not undone(probe, database).passed)
    assert not wait_for_autovacuum(database, seconds=0)
    assert wait_for_autovacuum(database)
    assert undone(probe, database).passed


def test_a_probe_that_is_given_less_time_says_that_it_ran_out_of_it(database: Database) -> None:
    slow, quick = probe_of("slow", "SELECT pg_sleep(20)"), probe_of("quick", "SELECT 1", ((1,),))
    results = run_probes([slow, quick], database, seconds=0.2)
    assert [(one.passed, one.timed_out) for one in results] == [(False, True), (True, False)]
    assert run_probe_in_clone(slow, database, seconds=0.2).timed_out
    meant = probe_of("meant", "SET statement_timeout = 1; SELECT pg_sleep(9)", error="57014")
    assert not undone(meant, database).timed_out
