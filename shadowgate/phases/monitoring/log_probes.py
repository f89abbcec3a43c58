"""Phase 3: turn DDL and duration logging on, and see that it is really written.

Without this nobody can say after a rollout which statement ran when, and for how long. The proof is
in the log itself: a probe DDL statement and a probe query are run and looked for.
"""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from psycopg import sql

from shadowgate.server import Database, Server, ServerLog

WANTED: Mapping[str, str] = {"log_statement": "ddl", "log_duration": "on"}
"""The settings that the rollout asks for."""

PROBE_SECONDS = 0.05
PATIENCE_SECONDS = 5.0

_DURATION = re.compile(r"duration: (\d+\.\d+) ms")


@dataclass(frozen=True)
class Monitoring:
    """What the settings are now, and what the log says of the probes."""

    wanted: Mapping[str, str]
    settings: Mapping[str, str]
    log_file: str
    grown_bytes: int
    ddl_duration_ms: float | None
    query_duration_ms: float | None


def set_up_monitoring(server: Server, shadow: Database) -> Monitoring:
    """Turn logging on, run the probes and read the log.

    On a server that this run started the settings are the server's, as they will be in
    production; on any other they are the shadow database's own.

    Raises:
        ServerError: the log cannot be read.
        psycopg.errors.InsufficientPrivilege: the role may not change log settings.
    """
    _turn_on(server, shadow)
    log = ServerLog(shadow)
    start = log.position()
    with shadow.connect(application_name="shadowgate probe") as session:
        settings = {
            name: str(row[0])
            for name in WANTED
            if (row := session.execute("SELECT current_setting(%s)", [name]).fetchone())
        }
        pid = session.info.backend_pid
        table = sql.Identifier(f"shadowgate_probe_{uuid.uuid4().hex[:12]}")
        session.execute(sql.SQL("CREATE TEMPORARY TABLE {} (id integer)").format(table))
        session.execute("SELECT pg_sleep(%s)", [PROBE_SECONDS])
    name = table.as_string().strip('"')
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        text = log.since(start)
        ddl, query = ddl_duration(text, pid, name), query_duration(text, pid, PROBE_SECONDS * 1e3)
        if (ddl is not None and query is not None) or time.monotonic() > deadline:
            break
        time.sleep(0.05)
    return Monitoring(
        wanted=WANTED,
        settings=settings,
        log_file=start.file,
        grown_bytes=len(text.encode()),
        ddl_duration_ms=ddl,
        query_duration_ms=query,
    )


def _turn_on(server: Server, shadow: Database) -> None:
    with shadow.connect() as session:
        for name, value in WANTED.items():
            scope = (
                sql.SQL("SYSTEM")
                if server.owned
                else sql.SQL("DATABASE {}").format(sql.Identifier(shadow.name))
            )
            session.execute(
                sql.SQL("ALTER {} SET {} = {}").format(scope, sql.Identifier(name), value)
            )
        if server.owned:
            session.execute("SELECT pg_reload_conf()")
    if server.owned:
        _await_reload(shadow)


def _await_reload(shadow: Database) -> None:
    """A reload is a signal: new sessions see it a moment later."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        with shadow.connect() as session:
            row = session.execute("SELECT current_setting('log_duration')").fetchone()
        if row and row[0] == WANTED["log_duration"]:
            return
        time.sleep(0.02)


def ddl_duration(log: str, pid: int, name: str) -> float | None:
    """Duration in ms that the log gives for the statement of session ``pid`` that names ``name``.

    The server writes the statement first and its duration in a later line of the same session.
    """
    seen = False
    for line in _lines_of(log, pid):
        seen = seen or ("statement:" in line and name in line)
        if seen and (found := _DURATION.search(line)):
            return float(found.group(1))
    return None


def query_duration(log: str, pid: int, at_least_ms: float) -> float | None:
    """First duration in ms of at least ``at_least_ms`` that the log gives for session ``pid``.

    With ``log_statement = 'ddl'`` a query's duration is written without its text, so the probe is
    told by its session and by a length that it cannot be shorter than.
    """
    durations = (_DURATION.search(line) for line in _lines_of(log, pid))
    return next(
        (
            float(found.group(1))
            for found in durations
            if found and float(found.group(1)) >= at_least_ms
        ),
        None,
    )


def _lines_of(log: str, pid: int) -> list[str]:
    """Lines that session ``pid`` wrote; every usual ``log_line_prefix`` has ``[pid]``."""
    return [line for line in log.splitlines() if f"[{pid}]" in line]
