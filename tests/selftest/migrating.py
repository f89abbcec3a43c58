"""Applying small scripts to a small table, and asking about it."""

from __future__ import annotations

import time
from pathlib import Path

from shadowgate.migrate import LockWatch, ScriptRun, apply_script, parse_script
from shadowgate.server import Database

SETUP = (
    "CREATE TABLE item (id int PRIMARY KEY, name text, note text);"
    "INSERT INTO item SELECT g, 'n', 'x' FROM generate_series(1, 1000) AS g;"
)


def apply(sql: str, database: Database, **options: object) -> ScriptRun:
    return apply_script(parse_script(sql, Path("m.sql"), ""), database, **options)  # type: ignore[arg-type]


def watched(sql: str, database: Database) -> ScriptRun:
    return apply(sql, database, watch=LockWatch(database, 0.005))


def value(database: Database, sql: str) -> object:
    with database.connect() as connection:
        row = connection.execute(sql.encode()).fetchone()
    return row[0] if row else None


def comes_true(database: Database, question: str) -> None:
    """Return when a query's answer is true; fail after ten seconds."""
    deadline = time.monotonic() + 10
    while not value(database, question):
        assert time.monotonic() < deadline, question
        time.sleep(0.02)


MIGRATION_WAITS_FOR = """
SELECT count(*) > 0
FROM pg_stat_activity
WHERE datname = current_database()
  AND application_name = 'shadowgate migration'
  AND wait_event_type = '{}'
"""
ALONE = """
SELECT count(*) = 1
FROM pg_stat_activity
WHERE datname = current_database()
  AND backend_type = 'client backend'
"""
