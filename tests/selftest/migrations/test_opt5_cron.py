"""A real pg_cron, whose own database is the catalogue, runs what OPT4 and OPT5 schedule there."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from fixtures.catalogue import Catalogue, load
from shadowgate.progress import silent
from shadowgate.server import Database, open_server
from shadowgate.server.binaries import installations, with_postgis
from tests.selftest.catalogue_clones import apply, rows_of, value_of

EARLIER = (
    "1770500100_auto_partition_creation_2029_plus.sql",
    "1770470300_indexed_views_rpc_search.sql",
)
OPT4 = "1770500150_rolling_partition_horizon.sql"
OPT5 = "1770500200_mv_refresh_scheduling_cron.sql"
HOME = "villa_canabrava"
WITHIN_SECONDS = 90
"""pg_cron starts jobs at full minutes."""
RUNS = """
    SELECT job.jobname, run.status FROM cron.job_run_details AS run JOIN cron.job USING (jobid)
    WHERE run.status IN ('succeeded', 'failed') ORDER BY 1
"""

BOTH_ENDED = """
    SELECT count(DISTINCT jobid) = 2 FROM cron.job_run_details
    WHERE status IN ('succeeded', 'failed')
"""


@pytest.fixture(scope="module")
def home() -> Iterator[Database]:
    """The catalogue with its earlier migrations, in the database that pg_cron keeps its jobs in."""
    installation = with_postgis(installations())
    if installation is None or not installation.has_pg_cron:
        pytest.skip("pg_cron is not installed on this machine")
    server = open_server("local", settings={"cron.database_name": HOME})
    try:
        with server.maintenance.connect() as connection:
            connection.execute(f"CREATE DATABASE {HOME}".encode())
        database = server.database(HOME)
        with database.connect() as connection:
            load(connection, Catalogue(rows=2_000), silent)
        for name in EARLIER:
            apply(name, database)
        yield database
    finally:
        server.close()


def comes_true(database: Database, question: str) -> None:
    """Wait for what pg_cron does."""
    deadline = time.monotonic() + WITHIN_SECONDS
    while not value_of(database, question):
        assert time.monotonic() < deadline, rows_of(database, RUNS)
        time.sleep(0.5)


def test_pg_cron_runs_both_jobs_and_failures_are_visible_to_whoever_asks(home: Database) -> None:
    for name in (OPT4, OPT5):
        run = apply(name, home)
        (said,) = (notice.message for _, notice in run.notices)
        assert said.endswith("scheduled with pg_cron in this database")
        apply(name, home)  # a second time: the same jobs, not more
    jobs = "SELECT jobname, schedule, database FROM cron.job ORDER BY jobname"
    assert rows_of(home, jobs) == [
        (f"partition horizon of {HOME}", "15 3 * * *", HOME),
        (f"refresh of {HOME}", "* * * * *", HOME),
    ]
    with home.connect() as connection:
        connection.execute(
            "INSERT INTO refresh_schedule (view_name, every, max_staleness)"
            " VALUES ('public.not_there', '5 minutes', '15 minutes')"
        )
        ((every_minute,),) = connection.execute(
            "SELECT partition_horizon_job('* * * * *')"
        ).fetchall()
        connection.execute(every_minute.encode())

    comes_true(home, "SELECT count(*) = 2 FROM refresh_log")
    comes_true(home, BOTH_ENDED)
    assert rows_of(home, "SELECT view_name, status FROM refresh_log ORDER BY 1") == [
        ("public.catalogo_busca", "REFRESHED"),
        ("public.not_there", "FAILED"),
    ]
    assert rows_of(home, "SELECT view_name, health FROM refresh_health ORDER BY 1") == [
        ("public.catalogo_busca", "HEALTHY"),
        ("public.not_there", "STALE"),
    ]
    assert rows_of(home, RUNS)[:2] == [
        (f"partition horizon of {HOME}", "succeeded"),
        (f"refresh of {HOME}", "failed"),
    ]
    horizon = "SELECT status FROM partition_maintenance_log ORDER BY id DESC LIMIT 1"
    assert value_of(home, horizon) == "COMPLETED"


def test_rollbacks_take_jobs_and_extension_away(home: Database) -> None:
    apply(f"rollback/{OPT5}", home)
    assert rows_of(home, "SELECT jobname FROM cron.job") == [(f"partition horizon of {HOME}",)]
    apply(f"rollback/{OPT4}", home)
    assert value_of(home, "SELECT count(*) FROM pg_extension WHERE extname = 'pg_cron'") == 0


def test_a_job_of_somebody_else_keeps_the_extension(home: Database) -> None:
    apply(OPT5, home)
    with home.connect() as connection:
        connection.execute("SELECT cron.schedule('theirs', '0 0 1 1 *', 'SELECT 1')")
    apply(f"rollback/{OPT5}", home)
    assert rows_of(home, "SELECT jobname FROM cron.job") == [("theirs",)]
