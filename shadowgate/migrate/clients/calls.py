"""Calls of a function that fit another one as well since a migration made it.

A function whose last arguments have defaults is called with fewer. One of the same name that can be
called so too makes such a call ambiguous: PostgreSQL refuses it.

Source: PostgreSQL manual, CREATE FUNCTION, Overloading; 10.3 Functions.
"""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
from psycopg import sql

from shadowgate.language import sentence
from shadowgate.migrate.clients.refusals import AMBIGUOUS_CALL, Refusal
from shadowgate.server.base import Connection

_FUNCTIONS = """
SELECT p.oid::bigint, pg_catalog.format('%I.%I', n.nspname, p.proname),
    ARRAY(
        SELECT pg_catalog.format_type(given.type, NULL)
        FROM pg_catalog.unnest(p.proargtypes::oid[]) WITH ORDINALITY AS given (type, place)
        ORDER BY given.place
    ),
    p.pronargdefaults
FROM pg_catalog.pg_proc AS p
JOIN pg_catalog.pg_namespace AS n ON n.oid = p.pronamespace
WHERE p.oid >= 16384 AND p.prokind = 'f' AND p.provariadic = 0
"""
_AMBIGUOUS = "42725"
"""SQLSTATE of a call that fits several functions alike."""


def ambiguous_calls(before: Connection, after: Connection) -> Iterator[Refusal]:
    """Calls that find their function before the migration, and several after it.

    Args:
        before: to a copy of the database before the migration.
        after: to a copy of the migrated database.
    """
    there = before.execute(_FUNCTIONS.encode()).fetchall()
    known = {oid for oid, *_ in there}
    new = {name for oid, name, *_ in after.execute(_FUNCTIONS.encode()) if oid not in known}
    for _oid, name, types, defaults in there:
        if name not in new:
            continue
        for number in range(len(types) - defaults, len(types) + 1):
            given = types[:number]
            if (
                _sqlstate(before, name, given) is None
                and _sqlstate(after, name, given) == _AMBIGUOUS
            ):
                call = f"{name}({', '.join(given)})"
                said = sentence(
                    "the call {call} works before the migration and is refused after it: another "
                    "function of this name fits as well (SQLSTATE {sqlstate})",
                    call=call,
                    sqlstate=_AMBIGUOUS,
                )
                yield Refusal(AMBIGUOUS_CALL, name, said, (name,), _AMBIGUOUS)


def _sqlstate(connection: Connection, name: str, types: list[str]) -> str | None:
    """Why a call is refused, or ``None``; it is looked up and not carried out."""
    # Names and types come from the catalogue, quoted.
    given = sql.SQL(", ").join(sql.SQL(f"NULL::{each}") for each in types)
    call = sql.SQL("PREPARE asked AS SELECT {}({})").format(sql.SQL(name), given)
    try:
        connection.execute(call)
    except psycopg.Error as error:
        if connection.closed:
            raise
        return error.sqlstate
    connection.execute("DEALLOCATE asked")
    return None
