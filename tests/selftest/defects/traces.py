"""What a defect leaves on the server, outside of the databases that are dropped after it."""

from __future__ import annotations

from shadowgate.server.base import Connection

_ON_SERVER = """
WITH shadow AS (SELECT * FROM pg_database WHERE datname = %s)
SELECT concat_ws(' ', 'database', to_jsonb(shadow) - 'datfrozenxid' - 'datminmxid') FROM shadow
UNION SELECT concat_ws(' ', 'role', to_jsonb(r)) FROM pg_roles r
UNION SELECT concat_ws(' ', 'role membership', to_jsonb(m)) FROM pg_auth_members m
UNION SELECT concat_ws(' ', 'setting', setrole, setconfig) FROM pg_db_role_setting
    WHERE setdatabase IN (0, (SELECT oid FROM shadow))
UNION SELECT concat_ws(' ', 'comment', description) FROM pg_shdescription
    WHERE classoid = 'pg_authid'::regclass OR objoid = (SELECT oid FROM shadow)
UNION SELECT concat_ws(' ', 'replication slot', slot_name) FROM pg_replication_slots
UNION SELECT concat_ws(' ', 'server setting', name, setting) FROM pg_file_settings
    WHERE sourcefile LIKE '%%/postgresql.auto.conf'
"""


class TracesLeft(Exception):  # noqa: N818  (says what is there)
    """A defect changed the server for those after it: its file lacks an ``undo``."""


def on_server(connection: Connection, shadow: str) -> frozenset[str]:
    """Everything that a trial could change there, a line each.

    A fraction of a snapshot of the shadow, which is no trial's to write to.

    Args:
        connection: a session on any database of the server.
        shadow: name of the database that copies are made of.
    """
    return frozenset(line for (line,) in connection.execute(_ON_SERVER, (shadow,)))
