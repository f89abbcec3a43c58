"""OPT5 refreshes what is due, one run at a time, and tells how old and how sound each view is."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import suppress

import psycopg
import pytest

from fixtures.catalogue import Catalogue
from shadowgate.server import Database, Server
from tests.selftest.catalogue_clones import apply, content, drift, loaded, rows_of, value_of
from tests.selftest.conftest import MakeDatabase
from tests.selftest.plain_database import plain_database

OPT3 = "1770470300_indexed_views_rpc_search.sql"
OPT5 = "1770500200_mv_refresh_scheduling_cron.sql"
RUN = "CALL refresh_due_views()"
HEALTH = "SELECT health FROM refresh_health WHERE view_name = 'public.catalogo_busca'"
LOG = "SELECT view_name, status FROM refresh_log ORDER BY id"


@pytest.fixture(scope="module")
def before(server: Server) -> Iterator[Database]:
    """A catalogue with OPT3, not to be written to."""
    with loaded(server, Catalogue(rows=2_000)) as database:
        apply(OPT3, database)
        yield database


@pytest.fixture(scope="module")
def after(server: Server, before: Database) -> Iterator[Database]:
    """The same with OPT5, not to be written to."""
    with plain_database(server, before.name) as database:
        apply(OPT5, database)
        yield database


@pytest.fixture
def migrated(make_database: MakeDatabase, after: Database) -> Database:
    """A catalogue with OPT5 of one's own."""
    return make_database(after.name)


def execute(database: Database, *statements: str) -> None:
    """Execute statements, each in a transaction of its own."""
    with database.connect() as connection:
        for statement in statements:
            connection.execute(statement.encode())


def slow_view(database: Database, seconds: float) -> None:
    """Put a view on the schedule whose refresh takes its time; nothing else is due."""
    execute(
        database,
        RUN,
        f"CREATE MATERIALIZED VIEW slow AS SELECT 1 AS id, pg_sleep({seconds})::text AS slept",
        "CREATE UNIQUE INDEX ON slow (id)",
        "INSERT INTO refresh_schedule (view_name, every, max_staleness)"
        " VALUES ('public.slow', '1 minute', '5 minutes')",
    )


@pytest.mark.parametrize(
    ("age", "failed", "health"),
    [
        ("0 minutes", False, "HEALTHY"),
        ("9 minutes", False, "HEALTHY"),
        ("9 minutes", True, "DEGRADED"),
        ("11 minutes", False, "DEGRADED"),
        ("14 minutes", True, "DEGRADED"),
        ("16 minutes", False, "STALE"),
        ("16 minutes", True, "STALE"),
    ],
)
def test_health_follows_age_and_outcome(
    migrated: Database, age: str, failed: bool, health: str
) -> None:
    execute(migrated, RUN)
    with migrated.connect() as connection:
        connection.execute(
            "UPDATE refresh_schedule SET refreshed_at = now() - %s::interval", (age,)
        )
    if failed:
        execute(
            migrated,
            "INSERT INTO refresh_log (view_name, started_at, status)"
            " VALUES ('public.catalogo_busca', now(), 'FAILED')",
        )
    assert value_of(migrated, HEALTH) == health


def test_a_skipped_run_says_nothing_of_health(migrated: Database) -> None:
    execute(
        migrated,
        RUN,
        "INSERT INTO refresh_log (view_name, started_at, status)"
        " VALUES ('public.catalogo_busca', now() + interval '1 second', 'SKIPPED')",
    )
    assert value_of(migrated, HEALTH) == "HEALTHY"


def test_a_run_that_starts_a_moment_late_does_not_delay_the_next(migrated: Database) -> None:
    execute(
        migrated,
        "UPDATE refresh_schedule SET attempted_at = '2030-01-01 10:00:07+00'",
        "CALL refresh_due_views('2030-01-01 10:04:59+00')",
    )
    assert rows_of(migrated, LOG) == []
    execute(migrated, "CALL refresh_due_views('2030-01-01 10:05:00+00')")
    assert rows_of(migrated, LOG) == [("public.catalogo_busca", "REFRESHED")]


def test_a_view_that_was_switched_off_is_left_alone(migrated: Database) -> None:
    execute(migrated, "UPDATE refresh_schedule SET enabled = false", RUN)
    assert rows_of(migrated, LOG) == []


def test_a_second_run_says_that_it_is_skipped_and_does_not_wait(migrated: Database) -> None:
    slow_view(migrated, 1.5)
    first = threading.Thread(target=execute, args=(migrated, RUN))
    first.start()
    try:
        with migrated.connect() as connection:
            notices: list[str] = []
            connection.add_notice_handler(lambda said: notices.append(said.message_primary or ""))
            busy = "SELECT count(*) > 0 FROM pg_locks WHERE relation = 'slow'::regclass"
            while not value_of(migrated, busy):
                pass
            connection.execute(RUN)
            assert first.is_alive()
    finally:
        first.join()
    assert notices == ["Refresh of public.slow: SKIPPED, another session is refreshing it"]
    assert rows_of(migrated, LOG)[1:] == [("public.slow", "SKIPPED"), ("public.slow", "REFRESHED")]


def test_a_run_that_is_killed_leaves_the_view_free_for_the_next(migrated: Database) -> None:
    slow_view(migrated, 1.0)

    def run() -> None:
        with suppress(psycopg.OperationalError):
            execute(migrated, RUN)

    first = threading.Thread(target=run)
    first.start()
    kill = """
        SELECT pg_terminate_backend(pid) FROM pg_locks
        WHERE relation = 'slow'::regclass AND pid <> pg_backend_pid()
    """
    while not rows_of(migrated, kill):
        pass
    first.join()
    assert [row for row in rows_of(migrated, LOG) if row[0] == "public.slow"] == []
    execute(migrated, RUN)
    assert rows_of(migrated, LOG)[-1] == ("public.slow", "REFRESHED")


def test_readers_of_the_view_do_not_wait_for_its_refresh(migrated: Database) -> None:
    with migrated.connect() as reader, reader.transaction():
        found = reader.execute("SELECT count(*) FROM catalogo_busca").fetchone()
        execute(migrated, RUN)
        assert reader.execute("SELECT count(*) FROM catalogo_busca").fetchone() == found
    assert value_of(migrated, HEALTH) == "HEALTHY"


def test_old_entries_leave_the_log(migrated: Database) -> None:
    execute(
        migrated,
        "INSERT INTO refresh_log (view_name, started_at, status)"
        " VALUES ('public.catalogo_busca', now() - interval '91 days', 'REFRESHED'),"
        " ('public.catalogo_busca', now() - interval '89 days', 'REFRESHED')",
        "UPDATE refresh_schedule SET enabled = false",
        RUN,
    )
    assert value_of(migrated, "SELECT count(*) FROM refresh_log") == 1


def test_a_monitor_may_look_and_nobody_else_may_refresh(after: Database) -> None:
    query = """
        SELECT has_table_privilege('pg_monitor', 'refresh_health', 'SELECT'),
            has_table_privilege('pg_monitor', 'refresh_log', 'SELECT'),
            has_function_privilege('pg_monitor', 'refresh_due_views(timestamptz)', 'EXECUTE')
    """
    assert rows_of(after, query) == [(True, False, False)]


def test_it_refuses_to_start_without_the_view(make_database: MakeDatabase) -> None:
    with pytest.raises(Exception, match="no materialized view"):
        apply(OPT5, make_database())


def test_running_it_again_keeps_what_operators_have_set(migrated: Database) -> None:
    execute(migrated, "UPDATE refresh_schedule SET every = '2 minutes'")
    apply(OPT5, migrated)
    assert value_of(migrated, "SELECT every::text FROM refresh_schedule") == "00:02:00"


def test_its_rollback_leaves_what_was_there_before(migrated: Database, before: Database) -> None:
    execute(migrated, RUN)
    for _ in range(2):
        apply(f"rollback/{OPT5}", migrated)
        assert drift(before, migrated) == ()
    assert content(migrated) == content(before)
