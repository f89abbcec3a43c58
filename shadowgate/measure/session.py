"""Sessions that are alike on both sides, and databases made quiet before anything is timed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import LiteralString

import psycopg
from psycopg import sql

from shadowgate.errors import ServerError
from shadowgate.language import sentence
from shadowgate.measure.failures import QueryError, failure_of
from shadowgate.measure.sampling import Sampling
from shadowgate.queries.text_forms import TEXT_FORMS
from shadowgate.queries.workload import Query
from shadowgate.server.base import Connection, Database

APPLICATION = "shadowgate measure"

_LARGE_ALLOCATION = "SELECT pg_catalog.length(pg_catalog.repeat('x', 31000000))"
"""Allocates and frees almost 32 MiB, the most that glibc keeps for reuse once a process has freed
so much (mallopt(3), M_MMAP_THRESHOLD). Before, every larger block is mapped by the kernel anew. A
migration that makes one query small would else leave its sessions in that state: another query,
which it did not touch, took 3 to 6 % longer beside sessions where the first was still large."""


def session_settings(sampling: Sampling) -> dict[str, str]:
    """Settings that every timed session has, whatever its database or role would give it."""
    return {
        "jit": "off",
        "max_parallel_workers_per_gather": str(sampling.parallel_workers),
        "work_mem": sampling.work_mem,
        **TEXT_FORMS,
        "default_transaction_isolation": "read committed",
        "synchronize_seqscans": "off",
        "plan_cache_mode": "auto",
        "track_io_timing": "off",
        "log_statement": "none",
        "log_duration": "off",
        "log_min_duration_statement": "-1",
        "statement_timeout": str(round(sampling.query_seconds * 1000)),
    }


def open_session(database: Database, sampling: Sampling) -> Connection:
    """Open a session for timing. Statements are planned anew each time, on both sides.

    A setting that only a superuser may change is left as the server has it, which is the same for
    both sides. How the process gets its memory is the same too, whatever it has executed.
    """
    connection = database.connect(application_name=APPLICATION)
    connection.prepare_threshold = None
    connection.execute("SET statement_timeout = 0")  # what queries may take is set below
    connection.execute(_LARGE_ALLOCATION)
    for name, value in session_settings(sampling).items():
        try:
            connection.execute(
                sql.SQL("SET {} = {}").format(sql.Identifier(name), sql.Literal(value))
            )
        except psycopg.errors.InsufficientPrivilege:
            continue
    return connection


def settle(database: Database) -> None:
    """Vacuum, analyze and checkpoint, so that none of it falls into the measuring.

    First what was committed is flushed, and every commit from then on: of a commit that is not on
    disk yet (``synchronous_commit`` is off on a throw-away server), or that has such a one among
    its neighbours, a vacuum marks no page as visible to all. Index-only scans of the side that was
    written last then went to the table for each row and took a third longer.
    Afterwards autovacuum has no reason to come: the reads change nothing, the writes are rolled
    back and few.
    """
    _settle(database, "VACUUM (ANALYZE)")


def settle_changes(database: Database, source: Database | None = None) -> None:
    """Settle a copy of a settled database that was changed since.

    Only tables that are new or were written to are analyzed: that is nearly all of the time, and
    what stayed as it was keeps the statistics of what it was copied from.

    Args:
        database: what is settled.
        source: the database that was changed, if ``database`` is a fresh copy of it: a copy has no
            counters of its source.
    """
    with (source or database).connect(application_name=APPLICATION) as connection:
        analyze = [statement for (statement,) in connection.execute(_CHANGED)]
    _settle(database, "VACUUM", analyze)


_CHANGED = """
SELECT pg_catalog.format('ANALYZE %s', c.oid::pg_catalog.regclass)
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'm')
    AND n.nspname <> 'information_schema'
    AND n.nspname !~ '^pg_'
    AND (c.reltuples < 0 OR pg_catalog.pg_stat_get_mod_since_analyze(c.oid) > 0)
"""


def _settle(database: Database, vacuum: LiteralString, more: Sequence[str] = ()) -> None:
    """Flush, vacuum, execute more statements, checkpoint."""
    with database.connect(application_name=APPLICATION) as connection:
        # For the whole session: the server remembers for 32 transactions together how far the log
        # must be on disk, so an unflushed commit of ANALYZE would hold back the next table.
        connection.execute("SET synchronous_commit = on")
        connection.execute("SELECT pg_catalog.pg_logical_emit_message(true, 'shadowgate', 'flush')")
        connection.execute(vacuum)
        for statement in more:
            connection.execute(statement.encode())
        _checkpoint(connection)


def _checkpoint(connection: Connection) -> None:
    """Write what is not on disk, so that nothing is while queries are timed.

    A no-op for a role that may not.
    """
    with suppress(psycopg.errors.InsufficientPrivilege):
        connection.execute("CHECKPOINT")


def visit(database: Database) -> None:
    """Open a session and close it again, so that the timed one is not the first after a vacuum.

    The first one rebuilds the server's file of catalogue entries, and lays out its memory
    otherwise for it: sorts in it were 2 to 10 % slower than in any later session.
    """
    with database.connect(application_name=APPLICATION) as connection:
        connection.execute("SELECT 1")


@contextmanager
def acting_as(connection: Connection, role: str | None) -> Iterator[None]:
    """Be another role meanwhile, for its row security and privileges; ``None`` changes nothing.

    Raises:
        psycopg.Error: there is no such role, or the session may not be it.
    """
    if role is None:
        yield
        return
    connection.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(role)))
    try:
        yield
    finally:
        if not connection.closed:
            connection.execute("RESET ROLE")


@contextmanager
def in_words(
    query: Query, database: Database, seconds: float, connection: Connection
) -> Iterator[None]:
    """Turn what the server says of a query into an error that names query and database.

    Args:
        query: what is executed inside.
        database: where.
        seconds: after so many it is ended.
        connection: the session, to be asked for its settings when it failed.

    Raises:
        QueryError: the query failed or took too long.
        ServerError: the session was lost.
    """
    try:
        yield
    except psycopg.errors.QueryCanceled as error:
        said = sentence("did not end within {seconds:g} s", seconds=seconds)
        raise QueryError(
            failure_of(error, query.id, query.path, query.sql, _settings(query, connection), said),
            sentence(
                "{query} did not end within {seconds:g} s on {database}",
                query=query.id,
                seconds=seconds,
                database=database.name,
            ),
            where=str(query.path),
            todo="see its plan with EXPLAIN; an index may be missing there",
        ) from error
    except psycopg.Error as error:
        if _is_lost(error):
            raise ServerError(
                sentence(
                    "the session on {database} was lost: {error}",
                    database=database.name,
                    error=str(error).strip(),
                ),
                where=query.id,
            ) from error
        raise QueryError(
            failure_of(error, query.id, query.path, query.sql, _settings(query, connection)),
            sentence(
                "{query} failed on {database}: {error}",
                query=query.id,
                database=database.name,
                error=error.diag.message_primary or str(error),
            ),
            where=str(query.path),
            todo="run the query there by hand",
        ) from error


def _is_lost(error: psycopg.Error) -> bool:
    """Whether the session ended with it: no answer, a broken connection or a server that stops.

    Beside these, psycopg also calls operational what a query alone can suffer: too little memory, a
    lock that is not available, a materialized view without rows.
    """
    if not isinstance(error, psycopg.OperationalError):
        return False
    return error.sqlstate is None or error.sqlstate.startswith(("08", "57P"))


def _settings(query: Query, connection: Connection) -> dict[str, str]:
    """Settings that a failure may depend on."""
    role = {"role": query.role} if query.role else {}
    if connection.closed:
        return role
    with suppress(psycopg.Error):
        row = connection.execute("SELECT pg_catalog.current_setting('search_path')").fetchone()
        return {**role, "search_path": row[0] if row else ""}
    return role
