"""Behaviour declared as data: do this in SQL, expect these rows or this error.

A probe runs in a transaction that is rolled back (:func:`run_probes`), or for good in a clone that
is thrown away (:func:`run_probe_in_clone`): with one session statement by statement, with several
at once, each in one transaction, all of which reach their COMMIT before the first is let go, or,
where the statements commit by themselves, begun at the same moment. In
each session ``current_setting('shadowgate.session')`` is its number, from 1.
"""

from __future__ import annotations

import datetime as dt
import decimal
import json
import math
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from shadowgate.errors import UsageError
from shadowgate.language import nsentence, sentence
from shadowgate.migrate.barrier import Meeting
from shadowgate.migrate.polling import is_gone
from shadowgate.migrate.script import parse_script
from shadowgate.plan import ProbeSection
from shadowgate.server.base import Connection, Database

Rows = tuple[tuple[Any, ...], ...]
_BRIEF_LENGTH = 120
_SETTINGS_SQL = """
SELECT set_config('shadowgate.session', %s, false),
       set_config('statement_timeout', %s, false)
"""
PATIENCE_SECONDS = 60.0
"""A statement of a probe may take so long."""
_FIRE_DEFERRED_SQL = "SET CONSTRAINTS ALL IMMEDIATE"
_AUTOVACUUM_SQL = """
SELECT FROM pg_catalog.pg_stat_activity
WHERE backend_type = 'autovacuum worker' AND datname = pg_catalog.current_database()
"""
_LOOK_SECONDS = 0.2
_TIMED_OUT = "57014"


@dataclass(frozen=True)
class ProbeResult:
    """What a probe measured; values are JSON-able."""

    name: str
    passed: bool
    measured: Any
    expected: Any
    detail: str
    seconds: float
    cut_short_by: str = ""
    """Why it had less time than usual and did not end in it; empty for any other."""

    @property
    def timed_out(self) -> bool:
        """Whether a statement took too long."""
        return bool(self.measured == _TIMED_OUT != self.expected)


def wait_for_autovacuum(database: Database, seconds: float = 60.0) -> bool:
    """Wait until autovacuum has left a database, on a server that has it switched on.

    What a probe does may ask for a lock that autovacuum holds, and give way to it as it should:
    the row of a new year then waits in the default partition, and the probe would blame the
    migration for it.

    Args:
        database: where probes are to be run.
        seconds: for how long at most.

    Returns:
        Whether it is gone.
    """
    with database.connect() as connection:
        return is_gone(connection, _AUTOVACUUM_SQL, seconds=seconds, look_seconds=_LOOK_SECONDS)


def run_probes(
    probes: Sequence[ProbeSection], database: Database, *, seconds: float = PATIENCE_SECONDS
) -> list[ProbeResult]:
    """Run probes one by one, each in a transaction that is rolled back.

    They share a session, since to open one takes longer than most of them; what it keeps beyond
    a transaction is discarded after each. One that ends the session fails, and the next has
    another. Deferred triggers are fired before ``verify``, as COMMIT would. A statement may take so
    many ``seconds``.

    Raises:
        UsageError: a probe has several sessions, whose work only a COMMIT joins.
    """
    for probe in probes:
        if probe.sessions != 1:
            raise UsageError(
                sentence(
                    "The probe {name} has {sessions} sessions and cannot be rolled back.",
                    name=probe.name,
                    sessions=probe.sessions,
                ),
                where=sentence("probe {name}", name=probe.name),
                todo="Run it in a clone.",
            )
    results: list[ProbeResult] = []
    with ExitStack() as stack:
        session = stack.enter_context(database.connect())
        for probe in probes:
            if session.closed:
                session = stack.enter_context(database.connect())
            results.append(_run_undone(probe, session, seconds))
    return results


def run_probe_in_clone(
    probe: ProbeSection, database: Database, *, seconds: float = PATIENCE_SECONDS
) -> ProbeResult:
    """Run a probe for good, in a database that is thrown away afterwards.

    A statement may take so many ``seconds``.
    """
    began = time.monotonic()
    if probe.sessions == 1:
        outcomes = [_one_session(probe, database, seconds)]
    else:
        outcomes = _sessions_at_once(probe, database, seconds)
    rows = outcomes[0].rows
    if probe.verify and not any(outcome.sqlstate for outcome in outcomes):
        with database.connect() as connection:
            rows = _rows(connection, probe.verify)
    return _result(probe, outcomes, rows, time.monotonic() - began)


@dataclass(frozen=True)
class _Outcome:
    """What one session came to."""

    rows: Rows = ()
    sqlstate: str = ""
    message: str = ""


def _run_undone(probe: ProbeSection, connection: Connection, seconds: float) -> ProbeResult:
    began = time.monotonic()
    _prepare(connection, 1, seconds)
    connection.execute("BEGIN")
    outcome = _attempt(lambda: _undone(probe, connection))
    if not connection.closed:
        connection.rollback()
        connection.execute("DISCARD ALL")
    return _result(probe, [outcome], outcome.rows, time.monotonic() - began)


def _undone(probe: ProbeSection, connection: Connection) -> Rows:
    rows = _rows(connection, probe.sql)
    connection.execute(_FIRE_DEFERRED_SQL)
    return _rows(connection, probe.verify) if probe.verify else rows


def _one_session(probe: ProbeSection, database: Database, seconds: float) -> _Outcome:
    with database.connect() as connection:
        _prepare(connection, 1, seconds)
        return _attempt(lambda: _rows(connection, probe.sql))


def _sessions_at_once(probe: ProbeSection, database: Database, seconds: float) -> list[_Outcome]:
    """Run the sessions; one that is blocked or fails keeps the others from their COMMIT briefly."""
    with database.connect() as watching:
        meeting = Meeting(probe.sessions, watching)

        def work(number: int) -> _Outcome:
            with database.connect() as connection:
                _prepare(connection, number, seconds)
                together = _begin_together if probe.commits else _commit_together
                return _attempt(lambda: together(probe.sql, connection, meeting))

        with ThreadPoolExecutor(probe.sessions) as pool:
            return list(pool.map(work, range(1, probe.sessions + 1)))


def _begin_together(sql: str, connection: Connection, meeting: Meeting) -> Rows:
    meeting.begin(connection)
    meeting.arrive(connection)
    return _rows(connection, sql)


def _commit_together(sql: str, connection: Connection, meeting: Meeting) -> Rows:
    meeting.begin(connection)
    try:
        connection.execute("BEGIN")
        rows = _rows(connection, sql)
    except psycopg.Error:
        meeting.call_off()
        raise
    meeting.arrive(connection)
    connection.execute("COMMIT")
    return rows


def _prepare(connection: Connection, number: int, seconds: float) -> None:
    connection.prepare_threshold = None
    connection.execute(_SETTINGS_SQL, (str(number), str(round(seconds * 1000))))


def _attempt(work: Callable[[], Rows]) -> _Outcome:
    try:
        return _Outcome(rows=work())
    except psycopg.Error as problem:
        message = problem.diag.message_primary or str(problem)
        return _Outcome(sqlstate=problem.sqlstate or "08006", message=message)


def _rows(connection: Connection, sql: str) -> Rows:
    """Run statements one by one and return the rows of the last."""
    script = parse_script(sql, Path("probe"), "")
    cursor = connection.cursor()
    for statement in script.statements:
        cursor.execute(statement.sql.encode())
    return tuple(cursor.fetchall()) if cursor.description else ()


def _result(
    probe: ProbeSection, outcomes: Sequence[_Outcome], rows: Rows, seconds: float
) -> ProbeResult:
    failed = [outcome for outcome in outcomes if outcome.sqlstate]
    if probe.error:
        states = [outcome.sqlstate or sentence("no error") for outcome in outcomes]
        measured: Any = states[0] if len(states) == 1 else states
        passed = all(state == probe.error for state in states)
        detail = "; ".join(dict.fromkeys(outcome.message for outcome in failed))
        return ProbeResult(probe.name, passed, measured, probe.error, detail, seconds)
    expected = plain(probe.expect)
    if failed:
        first = failed[0]
        detail = nsentence(
            "{failed} of {n} session failed: {error}",
            "{failed} of {n} sessions failed: {error}",
            len(outcomes),
            failed=len(failed),
            error=first.message,
        )
        return ProbeResult(probe.name, False, first.sqlstate, expected, detail, seconds)
    if not probe.expect and not probe.verify:
        return ProbeResult(
            probe.name, True, sentence("no error"), sentence("no error"), "", seconds
        )
    measured = plain(rows)
    passed = measured == expected
    detail = (
        ""
        if passed
        else sentence("the rows are not the expected ones: {rows}", rows=_brief(measured))
    )
    return ProbeResult(probe.name, passed, measured, expected, detail, seconds)


def plain(value: Any) -> Any:
    """Turn a value of the database or of the plan into JSON's types, so that both compare.

    Numbers that are whole become int, dates and times ISO 8601, everything else its text.
    """
    if isinstance(value, float | decimal.Decimal):
        return int(value) if math.isfinite(value) and value == int(value) else float(value)
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return str(value)


def _brief(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _BRIEF_LENGTH else text[: _BRIEF_LENGTH - 1] + "…"
