"""Roles that a dump names, made on a server that this run started."""

from __future__ import annotations

from collections.abc import Iterable

from psycopg import sql

from shadowgate.server.base import Connection, Database

_MARKER = "shadowgate: made for a restore"
"""Comment of a role that was made here: such a one may be given more rights."""

_MADE = """
SELECT rolname
FROM pg_catalog.pg_roles
WHERE pg_catalog.shobj_description(oid, 'pg_authid') = %s
ORDER BY rolname
"""


def create_roles(database: Database, roles: Iterable[str]) -> tuple[str, ...]:
    """Create roles without login and without any privilege; return those that were not there.

    Only for a server that this run started: roles belong to the whole server. A restore makes
    those of them superusers that the dump makes the owners of what only superusers can own.

    Raises:
        psycopg.Error: the server refuses.
    """
    created = []
    with database.connect() as connection:
        for role in absent_roles(connection, roles):
            name = sql.Identifier(role)
            with connection.transaction():
                connection.execute(sql.SQL("CREATE ROLE {} NOLOGIN").format(name))
                comment = sql.SQL("COMMENT ON ROLE {} IS {}")
                connection.execute(comment.format(name, sql.Literal(_MARKER)))
            created.append(role)
    return tuple(created)


def absent_roles(connection: Connection, roles: Iterable[str]) -> tuple[str, ...]:
    """Those of the names that no role has, in order."""
    known = {row[0] for row in connection.execute("SELECT rolname FROM pg_catalog.pg_roles")}
    return tuple(sorted(set(roles) - known))


def made_roles(connection: Connection) -> tuple[str, ...]:
    """The roles that :func:`create_roles` made on the server, in order."""
    return tuple(row[0] for row in connection.execute(_MADE, (_MARKER,)))


def make_superuser(connection: Connection, role: str) -> None:
    """Make one of these roles a superuser."""
    connection.execute(sql.SQL("ALTER ROLE {} SUPERUSER").format(sql.Identifier(role)))
