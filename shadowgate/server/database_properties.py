"""What belongs to a database but is not copied by ``CREATE DATABASE … TEMPLATE``."""

from __future__ import annotations

from psycopg import sql

from shadowgate.server.base import Connection

_OWNER = """
SELECT pg_catalog.pg_get_userbyid(datdba), datacl IS NULL
FROM pg_catalog.pg_database
WHERE datname = %s
"""

_SETTINGS = """
SELECT r.rolname, setting
FROM pg_catalog.pg_db_role_setting s
JOIN pg_catalog.pg_database d ON d.oid = s.setdatabase
LEFT JOIN pg_catalog.pg_roles r ON r.oid = s.setrole
CROSS JOIN LATERAL unnest(s.setconfig) WITH ORDINALITY AS listed (setting, place)
WHERE d.datname = %s
ORDER BY s.setrole, place
"""

_PRIVILEGES = """
SELECT g.rolname, p.privilege_type, p.is_grantable
FROM pg_catalog.pg_database d
CROSS JOIN LATERAL pg_catalog.aclexplode(d.datacl) WITH ORDINALITY
    AS p (grantor, grantee, privilege_type, is_grantable, place)
LEFT JOIN pg_catalog.pg_roles g ON g.oid = p.grantee
WHERE d.datname = %s
ORDER BY p.place
"""


def copy_properties(connection: Connection, source: str, name: str) -> None:
    """Give a clone the settings, privileges and owner of its source.

    Args:
        connection: a session on the same server that commits by itself.
        source: the database that was cloned.
        name: the clone.
    """
    _copy_settings(connection, source, name)
    _copy_owner(connection, source, name)
    _copy_privileges(connection, source, name)


def _copy_settings(connection: Connection, source: str, clone: str) -> None:
    """Set each in a transaction first: ``FROM CURRENT`` then stores it without requoting lists.

    It does not outlive that transaction: ``default_transaction_read_only`` would stop the next one.
    """
    for role, setting in connection.execute(_SETTINGS, (source,)).fetchall():
        parameter, value = setting.split("=", 1)
        target = sql.SQL("DATABASE {}").format(sql.Identifier(clone))
        if role is not None:
            target = sql.SQL("ROLE {} IN {}").format(sql.Identifier(role), target)
        dotted = sql.SQL(".").join(sql.Identifier(part) for part in parameter.split("."))
        with connection.transaction():
            connection.execute("SELECT pg_catalog.set_config(%s, %s, true)", (parameter, value))
            connection.execute(sql.SQL("ALTER {} SET {} FROM CURRENT").format(target, dotted))


def _copy_privileges(connection: Connection, source: str, clone: str) -> None:
    owner = connection.execute(_OWNER, (source,)).fetchone()
    if owner is None or owner[1]:
        return
    database = sql.Identifier(clone)
    connection.execute(
        sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC, {}").format(
            database, sql.Identifier(owner[0])
        )
    )
    for role, privilege, grantable in connection.execute(_PRIVILEGES, (source,)).fetchall():
        grant = sql.SQL("GRANT {} ON DATABASE {} TO {}{}").format(
            sql.SQL(privilege),
            database,
            sql.SQL("PUBLIC") if role is None else sql.Identifier(role),
            sql.SQL(" WITH GRANT OPTION" if grantable else ""),
        )
        connection.execute(grant)


def _copy_owner(connection: Connection, source: str, clone: str) -> None:
    owners = [connection.execute(_OWNER, (name,)).fetchone() for name in (source, clone)]
    if owners[0] is None or owners[1] is None or owners[0][0] == owners[1][0]:
        return
    connection.execute(
        sql.SQL("ALTER DATABASE {} OWNER TO {}").format(
            sql.Identifier(clone), sql.Identifier(owners[0][0])
        )
    )
