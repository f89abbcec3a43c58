"""Phase 5: pg_cron itself runs what the migration schedules.

pg_cron keeps its jobs in one database of the server. Here that is the maintenance database, and
the job is one for a copy of the migrated database; a migration that is applied in pg_cron's own
database executes the very statement that is executed here.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from shadowgate.evidence import Table
from shadowgate.language import sentence
from shadowgate.migrate import ProbeResult
from shadowgate.migrate.probes import plain
from shadowgate.plan import JobSection, Plan
from shadowgate.progress import Progress
from shadowgate.server import Connection, Database, Databases, Server

_POLL_SECONDS = 0.5
_UNSCHEDULE_SQL = "SELECT cron.unschedule(jobid) FROM cron.job WHERE database = %s"
_RUNS_SQL = """
SELECT job.jobname, job.schedule, run.status, run.return_message, run.start_time::text
FROM cron.job_run_details AS run JOIN cron.job USING (jobid)
WHERE run.database = %s
ORDER BY run.start_time
"""


@dataclass(frozen=True)
class Scheduled:
    """What the jobs of a plan did when pg_cron ran them."""

    results: tuple[ProbeResult, ...] = ()
    runs: tuple[Table, ...] = ()
    """pg_cron's own record."""
    unavailable: str = ""
    """Why no job was run, as a sentence; empty if they were."""


def run_scheduled(
    plan: Plan, migrated: Database, databases: Databases, server: Server, progress: Progress
) -> Scheduled:
    """Let pg_cron run the plan's jobs in a copy of the migrated database, and wait for each.

    Raises:
        psycopg.Error: a job cannot be scheduled.
    """
    unavailable = _why_not(server)
    if unavailable or not plan.jobs:
        return Scheduled(unavailable=unavailable)
    scheduled = databases.cloned(migrated, f"{plan.database}_scheduled")
    with scheduled as copy, server.maintenance.connect() as home:
        home.execute("CREATE EXTENSION IF NOT EXISTS pg_cron")
        try:
            for job in plan.jobs:
                home.execute(_statement(job, copy).encode())
            progress(f"waiting for pg_cron to run {len(plan.jobs)} jobs in {copy.name}")
            results = tuple(_wait(job, copy) for job in plan.jobs)
            return Scheduled(results, (_runs(home, copy),))
        finally:
            home.execute(_UNSCHEDULE_SQL, (copy.name,))


def _why_not(server: Server) -> str:
    if not server.owned:
        return sentence(
            "pg_cron keeps its jobs in a database that this run did not make, on a server that is"
            " not ours: nothing is scheduled there"
        )
    if "pg_cron" not in server.facts.settings.get("shared_preload_libraries", ""):
        return sentence("pg_cron is not installed on this server")
    return ""


def _statement(job: JobSection, copy: Database) -> str:
    """What has to be executed in pg_cron's database."""
    with copy.connect() as connection:
        row = connection.execute(job.schedule.encode()).fetchone()
    return str(row[0]) if row else ""


def _wait(job: JobSection, copy: Database) -> ProbeResult:
    """Ask again and again, until the answer is the expected one or the time is up."""
    began = time.monotonic()
    expected = plain(job.expect)
    with copy.connect() as connection:
        while True:
            measured = plain(connection.execute(job.verify.encode()).fetchall())
            seconds = time.monotonic() - began
            if measured == expected or seconds > job.wait_seconds:
                break
            time.sleep(_POLL_SECONDS)
    passed = measured == expected
    detail = "" if passed else sentence("still so after {seconds:.0f} s", seconds=seconds)
    return ProbeResult(job.name, passed, measured, expected, detail, seconds)


def _runs(home: Connection, copy: Database) -> Table:
    rows = home.execute(_RUNS_SQL, (copy.name,)).fetchall()
    header = ("job", "schedule", "status", "message", "started")
    return Table("Runs by pg_cron", header, tuple(map(tuple, rows)))
