"""Routines, triggers and views that cannot run: PostgreSQL finds out when somebody calls them.

What a body names is looked up at each call, so that nothing stops a migration from dropping a
column that a trigger sets. PL/pgSQL is checked by the extension plpgsql_check where the server
offers it, SQL by PostgreSQL's own validator, and views are planned. All of it happens in a
transaction that is rolled back, the extension's creation too.

A body that makes a table, or a record that comes from a text put together at run time, cannot be
judged without running it: what is said of those is left out.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from shadowgate.catalogue.sentences import named
from shadowgate.catalogue.snapshot import ObjectId
from shadowgate.language import sentence
from shadowgate.server.base import Connection

_ROUTINES = (Path(__file__).parent / "routines_to_check.sql").read_bytes()
_VIEWS = b"""
SELECT
    CASE c.relkind WHEN 'v' THEN 'view' ELSE 'materialized view' END,
    format('%I.%I', n.nspname, c.relname),
    CASE c.relkind
        WHEN 'v' THEN format('SELECT * FROM %I.%I', n.nspname, c.relname)
        ELSE pg_get_viewdef(c.oid)
    END
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('v', 'm')
  AND c.oid >= 16384
  AND n.nspname !~ '^pg_(toast|temp)'
  AND NOT EXISTS (
      SELECT FROM pg_depend d
      WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'
  )
ORDER BY 1, 2
"""
_OFFERED = b"SELECT count(*) > 0 FROM pg_available_extensions WHERE name = 'plpgsql_check'"
_SCHEMA = b"""
SELECT extnamespace::regnamespace::text FROM pg_extension WHERE extname = 'plpgsql_check'
"""
_CHECK = """
SELECT sqlstate, message, lineno
FROM {schema}.plpgsql_check_function_tb(
    %(oid)s::regprocedure, %(relation)s::regclass, fatal_errors := false,
    other_warnings := false, extra_warnings := false, performance_warnings := false,
    oldtable := %(old_table)s, newtable := %(new_table)s
)
WHERE level = 'error'
"""
_WITH_EVERY_SCHEMA = b"""
SELECT set_config('search_path', (
    SELECT string_agg(quote_ident(name), ', ' ORDER BY place, name)
    FROM (
        SELECT s.name::text, min(s.place) AS place
        FROM (
            SELECT name, place
            FROM unnest(current_schemas(false)) WITH ORDINALITY AS c (name, place)
            UNION ALL
            SELECT nspname, 1000 FROM pg_namespace WHERE nspname !~ '^pg_|^information_schema$'
        ) AS s
        GROUP BY s.name
    ) AS schemas
), true)
"""
_SETTINGS = b"SET LOCAL check_function_bodies = on; SET LOCAL statement_timeout = '30s'"

_CANNOT_RUN = ("42", "3F")
"""SQLSTATE classes: names, types and privileges that are not there, and schemas."""

_MAKES_A_TABLE = re.compile(r"\bcreate\b[^;]*\btable\b|\binto\s+temp(orary)?\b", re.IGNORECASE)
_DYNAMIC = re.compile(r"\bexecute\b", re.IGNORECASE)
_OF_A_RECORD = re.compile(r'^record "(?!new"|old")', re.IGNORECASE)
_LOST_NAMES = frozenset({"42P01", "42703"})


@dataclass(frozen=True)
class Broken:
    """An object that cannot run; two are the same whatever the reason."""

    object: ObjectId
    reason: str = field(compare=False)
    used_by: tuple[str, ...] = field(default=(), compare=False)
    by_path: bool = field(default=False, compare=False)
    """It runs if every schema is on the search path: only who calls it knows which are."""

    def __str__(self) -> str:
        if self.used_by:
            return sentence(
                "{object} cannot run: {reason}; used by {users}",
                object=named(self.object),
                reason=self.reason,
                users=", ".join(self.used_by),
            )
        return sentence(
            "{object} cannot run: {reason}", object=named(self.object), reason=self.reason
        )


@dataclass(frozen=True)
class Routine:
    """A routine, or a trigger with the routine that it calls, as the catalogues have it."""

    oid: int
    language: str
    kind: str
    name: str
    relation: int
    old_table: str | None
    new_table: str | None
    body: str
    search_path: str | None
    used_by: list[str]


def broken_routines(connection: Connection) -> tuple[Broken, ...]:
    """Find routines, triggers and views that cannot run, and leave nothing behind.

    Raises:
        psycopg.Error: the catalogues cannot be read.
    """
    with connection.transaction(force_rollback=True):
        connection.execute(_SETTINGS)
        schema = _plpgsql_check(connection)
        found = (_check(connection, routine, schema) for routine in read_routines(connection))
        return (*(broken for broken in found if broken), *_broken_views(connection))


def read_routines(connection: Connection) -> tuple[Routine, ...]:
    """The routines in SQL and PL/pgSQL, and each trigger that one is for.

    Raises:
        psycopg.Error: the catalogues cannot be read.
    """
    return tuple(Routine(*row) for row in _with_full_names(connection, _ROUTINES))


def offers_plpgsql_check(connection: Connection) -> bool:
    """Whether bodies in PL/pgSQL can be looked into on this server by this role."""
    with connection.transaction(force_rollback=True):
        return _plpgsql_check(connection) is not None


def newly_broken(
    before: Iterable[Broken], after: Iterable[Broken], known: Collection[ObjectId] = ()
) -> tuple[Broken, ...]:
    """Those that could run before, and new ones that cannot.

    Args:
        before: what could not run before.
        after: what cannot run afterwards.
        known: all objects from before, of a snapshot. A new routine that only lacks a schema on
            the search path is let pass: its callers may have it there.
    """
    already = set(before)
    return tuple(
        broken
        for broken in after
        if broken not in already and (broken.object in known or not broken.by_path)
    )


def _plpgsql_check(connection: Connection) -> str | None:
    """The schema of plpgsql_check, created if need be; ``None`` if the server will not have it."""
    there = connection.execute(_SCHEMA).fetchone()
    if there is not None:
        return str(there[0])
    offered = connection.execute(_OFFERED).fetchone()
    if offered is None or not offered[0]:
        return None
    try:
        with connection.transaction():
            connection.execute("CREATE EXTENSION plpgsql_check")
    except psycopg.Error:
        # Not allowed to this role, or forbidden by an event trigger.
        return None
    there = connection.execute(_SCHEMA).fetchone()
    return None if there is None else str(there[0])


def _check(connection: Connection, routine: Routine, schema: str | None) -> Broken | None:
    reason = _reason(connection, routine, schema)
    if reason is None:
        return None
    everywhere = _reason(connection, routine, schema, every_schema=True)
    return Broken(
        ObjectId(routine.kind, routine.name),
        reason,
        tuple(routine.used_by),
        by_path=everywhere is None,
    )


def _reason(
    connection: Connection, routine: Routine, schema: str | None, *, every_schema: bool = False
) -> str | None:
    """Why a routine cannot run; ``None`` if nothing is known against it."""
    try:
        with connection.transaction(force_rollback=True):
            if every_schema:
                connection.execute(_WITH_EVERY_SCHEMA)
            if routine.language == "sql":
                return _validated(connection, routine)
            if schema is not None:
                return _checked(connection, routine, schema)
    except psycopg.Error as error:
        # The checker itself gave up: no word on the routine.
        return _judged(routine, error.sqlstate or "", error.diag.message_primary or "", None)
    return None


def _validated(connection: Connection, routine: Routine) -> str | None:
    if routine.search_path is not None:
        connection.execute("SELECT set_config('search_path', %s, true)", (routine.search_path,))
    connection.execute("SELECT pg_catalog.fmgr_sql_validator(%s)", (routine.oid,))
    return None


def _checked(connection: Connection, routine: Routine, schema: str) -> str | None:
    values = {
        "oid": routine.oid,
        "relation": routine.relation,
        "old_table": routine.old_table,
        "new_table": routine.new_table,
    }
    query = sql.SQL(_CHECK).format(schema=sql.SQL(schema))
    reasons = (_judged(routine, *row) for row in connection.execute(query, values))
    return next((reason for reason in reasons if reason is not None), None)


def _judged(routine: Routine, sqlstate: str, message: str, line: int | None) -> str | None:
    """An error in words, if it is sure that the routine meets it."""
    if not sqlstate.startswith(_CANNOT_RUN):
        return None
    if sqlstate in _LOST_NAMES and _MAKES_A_TABLE.search(routine.body):
        return None
    if _OF_A_RECORD.match(message) and _DYNAMIC.search(routine.body):
        return None
    if line is None:
        return message
    # TRANSLATORS: of the body of a routine
    return sentence("{message} (line {line} of its body)", message=message, line=line)


def _with_full_names(connection: Connection, query: bytes) -> list[tuple[Any, ...]]:
    """The rows of a query, with names qualified as in a snapshot."""
    with connection.transaction(force_rollback=True):
        connection.execute("SET LOCAL search_path = pg_catalog")
        return connection.execute(query).fetchall()


def _broken_views(connection: Connection) -> Iterator[Broken]:
    for kind, name, query in _with_full_names(connection, _VIEWS):
        try:
            with connection.transaction(force_rollback=True):
                connection.execute(b"EXPLAIN " + query.encode())
        except psycopg.Error as error:
            if (error.sqlstate or "").startswith(_CANNOT_RUN):
                yield Broken(ObjectId(kind, name), error.diag.message_primary or str(error))
