"""Jobs of a plan: run by a real pg_cron, awaited, and cleared away; or skipped with a reason."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from shadowgate.errors import MigrationError
from shadowgate.migrate import parse_script
from shadowgate.phases.migration.jobs import run_scheduled
from shadowgate.phases.restore.earlier_migrations import apply_earlier
from shadowgate.phases.runner import Runner
from shadowgate.plan import JobSection, Plan, RolloutSection
from shadowgate.progress import silent
from shadowgate.server import Database, Databases, Server
from tests.selftest.catalogue_clones import rows_of, value_of

JOB = JobSection(
    name="never",
    claim="It is awaited and does not come.",
    schedule=(
        "SELECT format('SELECT cron.schedule_in_database(%L, %L, %L, %L)',"
        " 'job of a test', '0 0 1 1 *', 'SELECT 1', current_database())"
    ),
    verify="SELECT count(*) FROM done",
    expect=((1,),),
    wait_seconds=1.0,
)


def plan_with(*jobs: JobSection) -> Plan:
    """A plan that has nothing but jobs."""
    start = cast("Any", "2026-02-13")
    return Plan("T", "Test", Path("up"), RolloutSection(start), jobs=jobs)


@pytest.fixture
def migrated(databases: Databases) -> Database:
    """A database in which a job would write."""
    made = databases.create("selftest_jobs")
    with made.connect() as connection:
        connection.execute("CREATE TABLE done (at timestamptz)")
    return made


def loaded(server: Server) -> bool:
    """Whether the tests' server has pg_cron."""
    return "pg_cron" in server.facts.settings["shared_preload_libraries"]


def test_what_the_job_must_do_and_does_not_is_told_and_nothing_is_left(
    server: Server, databases: Databases, migrated: Database
) -> None:
    if not loaded(server):
        pytest.skip("pg_cron is not installed on this machine")
    found = run_scheduled(plan_with(JOB), migrated, databases, server, silent)
    (result,) = found.results
    assert (result.passed, result.measured, result.expected) == (False, [[0]], [[1]])
    assert "after 1 s" in result.detail
    assert rows_of(server.maintenance, "SELECT jobname FROM cron.job") == []
    query = "SELECT count(*) FROM pg_database WHERE datname LIKE '%_scheduled'"
    assert value_of(server.maintenance, query) == 0


def test_jobs_of_another_run_on_the_server_are_left_alone(
    server: Server, databases: Databases, migrated: Database
) -> None:
    if not loaded(server):
        pytest.skip("pg_cron is not installed on this machine")
    with server.maintenance.connect() as connection:
        connection.execute("CREATE EXTENSION IF NOT EXISTS pg_cron")
        connection.execute("SELECT cron.schedule('theirs', '0 0 1 1 *', 'SELECT 1')")
        try:
            run_scheduled(plan_with(JOB), migrated, databases, server, silent)
            jobs = connection.execute("SELECT jobname FROM cron.job").fetchall()
            assert jobs == [("theirs",)]
        finally:
            connection.execute("SELECT cron.unschedule('theirs')")


@pytest.mark.parametrize(
    ("owned", "libraries", "reason"),
    [
        (False, "pg_cron", "not ours"),
        (True, "pg_stat_statements", "pg_cron is not installed on this server"),
    ],
)
def test_why_no_job_is_run_is_told(
    migrated: Database, databases: Databases, owned: bool, libraries: str, reason: str
) -> None:
    facts = SimpleNamespace(settings={"shared_preload_libraries": libraries})
    other = cast("Server", SimpleNamespace(owned=owned, facts=facts))
    found = run_scheduled(plan_with(JOB), migrated, databases, other, silent)
    assert reason in found.unavailable
    assert found.results == ()


def test_a_plan_without_jobs_touches_nothing(
    server: Server, databases: Databases, migrated: Database
) -> None:
    found = run_scheduled(plan_with(), migrated, databases, server, silent)
    assert dataclasses.astuple(found)[:2] == ((), ())


def test_earlier_migrations_are_applied_in_order(server: Server, migrated: Database) -> None:
    scripts = [
        parse_script(sql, Path(name), "")
        for name, sql in (
            ("one.sql", "CREATE TABLE one (n int);"),
            ("two.sql", "INSERT INTO one VALUES (1);"),
        )
    ]
    apply_earlier(scripts, migrated, Runner(server.tools, silent))
    assert rows_of(migrated, "SELECT n FROM one") == [(1,)]


def test_an_earlier_migration_that_fails_is_named(server: Server, migrated: Database) -> None:
    script = parse_script("SELECT 1 / 0;", Path("earlier.sql"), "")
    with pytest.raises(MigrationError, match=r"earlier\.sql failed: division by zero"):
        apply_earlier([script], migrated, Runner(server.tools, silent))
