"""Applies a script as written: statement by statement, each in the transaction it asks for.

A statement outside of a block gets a transaction of its own, as psql would give it; the
transaction is spelled out, so that its locks can be read just before it is committed. Statements
that must run alone, or that mean something only inside a block, are sent as they are. Deferred
triggers run inside the COMMIT: their locks are seen by the sampling watch only.

A script that only psql can read is handed to psql as a whole.
"""

from __future__ import annotations

import time
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace

import psycopg

from shadowgate.errors import UsageError
from shadowgate.language import sentence
from shadowgate.migrate.psql import apply_through_psql
from shadowgate.migrate.results import (
    APPLICATION_NAME,
    QUERY_CANCELED,
    Failure,
    Notice,
    Retry,
    ScriptRun,
    StatementRun,
    error_of,
)
from shadowgate.migrate.script import Script, Statement, TransactionBlock, Unit, line_of
from shadowgate.migrate.server_messages import is_worth_keeping
from shadowgate.migrate.session import SessionSettings
from shadowgate.migrate.watch import NoWatch, Watch
from shadowgate.progress import Progress, silent
from shadowgate.server.base import ClientTools, Connection, Database

LOCK_NOT_AVAILABLE = "55P03"


@dataclass(frozen=True)
class RetryPolicy:
    """How often a unit that ran into ``lock_timeout`` is tried, as a script's runner would.

    The default is what most runners do: once.
    """

    attempts: int = 1
    pause_seconds: float = 0.5

    def __post_init__(self) -> None:
        if self.attempts < 1 or self.pause_seconds < 0:
            raise UsageError(
                sentence(
                    "Retrying {attempts} times every {pause_seconds} s makes no sense.",
                    attempts=self.attempts,
                    pause_seconds=self.pause_seconds,
                ),
                todo="Allow at least one attempt and a pause of 0 s or more.",
            )


def apply_script(
    script: Script,
    database: Database,
    *,
    watch: Watch | None = None,
    retry: RetryPolicy | None = None,
    tools: ClientTools | None = None,
    session: SessionSettings | None = None,
    progress: Progress = silent,
) -> ScriptRun:
    """Apply a script to a database.

    Args:
        script: what to apply.
        database: where.
        watch: what is observed meanwhile: a :class:`LockWatch`; nothing by default.
        retry: what to do after a lock timeout; nothing by default.
        tools: the psql for scripts that only psql can read; these are neither watched nor retried.
        session: what the session has before the script; the server's own settings by default.
        progress: told every statement before it is sent.

    Returns:
        The run. It does not raise for a failed statement: ``error`` of the run holds the
        :class:`MigrationError`, beside everything seen until then.

    Raises:
        UsageError: only psql can read the script, and no ``tools`` are given.
        ServerError: the session of the watch was lost.
        psycopg.OperationalError: no session could be opened.
    """
    if script.needs_psql:
        if tools is None:
            raise UsageError(
                sentence(
                    "{name} can only be applied by psql: {needs_psql}.",
                    name=script.path.name,
                    needs_psql=script.needs_psql,
                ),
                where=str(script.path),
                todo="Apply it where psql is at hand, or write it without psql's own commands.",
            )
        return apply_through_psql(script, database, tools, progress, session or SessionSettings())
    runner = _Runner(
        script,
        database,
        watch or NoWatch(),
        retry or RetryPolicy(),
        session or SessionSettings(),
        progress,
    )
    return runner.run()


class _StatementFailed(Exception):  # noqa: N818  (a signal between two methods, not an error)
    def __init__(self, run: StatementRun) -> None:
        self.run = run


@dataclass
class _Runner:
    """One run of one script: its session and what has come of it so far."""

    script: Script
    database: Database
    watch: Watch
    retry: RetryPolicy
    settings: SessionSettings
    progress: Progress
    origin: float = field(default_factory=time.monotonic)
    runs: list[StatementRun] = field(default_factory=list)
    committed: list[Statement] = field(default_factory=list)
    retries: list[Retry] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    remarks: list[Notice] = field(default_factory=list)

    def run(self) -> ScriptRun:
        failed: StatementRun | None = None
        # Closed, not committed: the script's own statements end its transactions, and of a session
        # that is being terminated psycopg may not know yet.
        opened = self.database.connect(
            application_name=APPLICATION_NAME, options=self.settings.options
        )
        with closing(opened) as session:
            session.prepare_threshold = None
            session.add_notice_handler(self._take_notice)
            pid = session.info.backend_pid
            self.watch.attach(session, self.origin)
            try:
                for unit in self.script.units:
                    failed = self._run_unit(session, unit)
                    if failed:
                        break
                seconds = self._clock()
            finally:
                seen = self.watch.finish()
        return ScriptRun(
            script=self.script,
            origin=self.origin,
            seconds=seconds,
            runs=tuple(self.runs),
            committed=tuple(self.committed),
            retries=tuple(self.retries),
            locks=seen.locks,
            awaited=seen.awaited,
            relations=seen.relations,
            gone=seen.gone,
            pitfalls=seen.pitfalls,
            pitfalls_before=seen.pitfalls_before,
            rewritten_rows=seen.rewritten_rows,
            statistics_gaps=seen.statistics_gaps,
            error=error_of(self.script, failed, self.committed) if failed else None,
            pid=pid,
        )

    def _run_unit(self, session: Connection, unit: Unit) -> StatementRun | None:
        """Run a unit, again after lock timeouts; return the run that failed for good."""
        for attempt in range(1, self.retry.attempts + 1):
            kept = len(self.runs)
            try:
                self._attempt(session, unit)
            except _StatementFailed as signal:
                failed = signal.run
            except psycopg.Error as problem:
                failed = self._lost(unit, kept, problem)
            else:
                self.committed += _made_permanent(unit)
                return None
            again = attempt < self.retry.attempts and _is_lock_timeout(failed)
            if not again or session.closed:
                break
            self._note_retry(attempt, failed, kept)
            time.sleep(self.retry.pause_seconds)
        return failed

    def _note_retry(self, attempt: int, failed: StatementRun, kept: int) -> None:
        message = failed.failure.message if failed.failure else ""
        began = self.runs[kept].started
        self.retries.append(Retry(attempt, failed.statement, began, failed.ended, message))
        del self.runs[kept:]

    def _attempt(self, session: Connection, unit: Unit) -> None:
        self.watch.unit_begins()
        try:
            if isinstance(unit, TransactionBlock):
                for statement in unit.statements:
                    self._send(session, statement)
            elif unit.runs_as_is:
                self._send(session, unit)
            else:
                session.execute("BEGIN")
                self._send(session, unit)
                self._commit(session, unit)
        finally:
            with suppress(psycopg.OperationalError):  # a session that is gone has rolled back
                session.rollback()
            self.watch.transaction_ended()

    def _lost(self, unit: Unit, kept: int, problem: psycopg.Error) -> StatementRun:
        """Put the loss of the session between two statements down to the one that came next."""
        statements = unit.statements if isinstance(unit, TransactionBlock) else (unit,)
        reached = min(len(self.runs) - kept, len(statements) - 1)
        now = self._clock()
        failure = self._failure(problem, statements[reached])
        run = StatementRun(statements[reached], now, now, failure=failure)
        self.runs[kept + reached :] = [run]
        return run

    def _send(self, session: Connection, statement: Statement) -> None:
        self.progress(f"statement {statement.number}, line {statement.line}: {statement.kind}")
        self.watch.statement_begins(statement)
        self.notices.clear()
        self.remarks.clear()
        started = self._clock()
        try:
            session.execute(statement.sql.encode())
        except psycopg.Error as problem:
            run = StatementRun(
                statement,
                started,
                self._clock(),
                notices=tuple(self.notices),
                failure=self._failure(problem, statement),
            )
            self.runs.append(run)
            raise _StatementFailed(run) from problem
        ended = self._clock()
        notices, remarks = tuple(self.notices), tuple(self.remarks)
        seen = self.watch.statement_done()
        self.runs.append(
            StatementRun(
                statement,
                started,
                ended,
                notices=notices,
                remarks=remarks,
                rows=seen.rows,
                rewritten=seen.rewritten,
                replaced=seen.replaced,
                wal_bytes=seen.wal_bytes,
                lock_timeout_ms=seen.lock_timeout_ms,
            )
        )

    def _commit(self, session: Connection, statement: Statement) -> None:
        """End the transaction around a single statement; its deferred triggers run now."""
        run = self.runs.pop()
        began = self._clock()
        try:
            session.execute("COMMIT")
        except psycopg.Error as problem:
            run = replace(run, failure=self._failure(problem, statement))
            raise _StatementFailed(run) from problem
        finally:
            spent = self._clock() - began
            run = replace(run, commit_seconds=spent, notices=tuple(self.notices))
            self.runs.append(replace(run, remarks=tuple(self.remarks)))

    def _failure(self, problem: psycopg.Error, statement: Statement) -> Failure:
        failure = _failure_of(problem, statement)
        if self.watch.stopped and failure.sqlstate == QUERY_CANCELED:
            return Failure(QUERY_CANCELED, self.watch.stopped)
        return failure

    def _take_notice(self, diagnostic: psycopg.errors.Diagnostic) -> None:
        severity = diagnostic.severity_nonlocalized or diagnostic.severity or ""
        message = diagnostic.message_primary or ""
        is_remark = severity.startswith("DEBUG")
        if is_remark and not is_worth_keeping(message):
            return
        kept = self.remarks if is_remark else self.notices
        kept.append(Notice(severity, message, diagnostic.sqlstate or "", diagnostic.context or ""))

    def _clock(self) -> float:
        return time.monotonic() - self.origin


def _made_permanent(unit: Unit) -> tuple[Statement, ...]:
    if isinstance(unit, Statement):
        return (unit,)
    return unit.statements if unit.commits else ()


def _is_lock_timeout(run: StatementRun) -> bool:
    return run.failure is not None and run.failure.sqlstate == LOCK_NOT_AVAILABLE


def _failure_of(problem: psycopg.Error, statement: Statement) -> Failure:
    diagnostic = problem.diag
    position = diagnostic.statement_position
    line = 0
    if position is not None:
        line = statement.line + line_of(statement.sql, int(position) - 1) - 1
    return Failure(
        sqlstate=problem.sqlstate or "08006",
        message=diagnostic.message_primary or str(problem).strip(),
        detail=diagnostic.message_detail or "",
        hint=diagnostic.message_hint or "",
        context=diagnostic.context or "",
        line=line,
    )
