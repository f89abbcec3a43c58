"""One local cluster for several runs: who starts the runs lends it to one after the other.

A run (:mod:`shadowgate.server.borrowing`) gets the cluster that was made for the first one as long
as it would have made the same. When it gives it back, its databases are dropped; roles and server
settings, which belong to no database, are put back as they were. If anything else is not as it was
when the cluster was new, it is deleted, and the next run gets a new one: no verdict may depend on
the run before.
"""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict
from typing import Any

import psycopg
from psycopg import sql

from shadowgate.errors import ShadowgateError
from shadowgate.server.base import Connection
from shadowgate.server.borrowing import Wanted
from shadowgate.server.local import LocalServer
from shadowgate.server.opening import open_server

_OF_CLUSTER = """
SELECT 'database', to_jsonb(d) - 'datfrozenxid' - 'datminmxid' FROM pg_catalog.pg_database AS d
UNION ALL SELECT 'role', to_jsonb(r) FROM pg_catalog.pg_authid AS r
UNION ALL SELECT 'membership', to_jsonb(m) FROM pg_catalog.pg_auth_members AS m
UNION ALL SELECT 'setting', to_jsonb(s) FROM pg_catalog.pg_db_role_setting AS s
UNION ALL SELECT 'description', to_jsonb(d) FROM pg_catalog.pg_shdescription AS d
UNION ALL SELECT 'label', to_jsonb(l) FROM pg_catalog.pg_shseclabel AS l
UNION ALL SELECT 'dependency', to_jsonb(d) FROM pg_catalog.pg_shdepend AS d
UNION ALL SELECT 'tablespace', to_jsonb(t) FROM pg_catalog.pg_tablespace AS t
UNION ALL SELECT 'subscription', to_jsonb(s.subname) FROM pg_catalog.pg_subscription AS s
UNION ALL SELECT 'origin', to_jsonb(o) FROM pg_catalog.pg_replication_origin AS o
UNION ALL SELECT 'slot', to_jsonb(s.slot_name) FROM pg_catalog.pg_replication_slots AS s
UNION ALL SELECT 'prepared', to_jsonb(p.gid) FROM pg_catalog.pg_prepared_xacts AS p
UNION ALL SELECT 'file', to_jsonb(f.name || f.setting) FROM pg_catalog.pg_file_settings AS f
UNION ALL SELECT 'in force', to_jsonb(s.name || '=' || s.setting)
    FROM pg_catalog.pg_settings AS s WHERE s.context <> 'internal' AND s.source <> 'client'
"""
_OF_DATABASE = """
SELECT 'relation', to_jsonb(c.oid::text) FROM pg_catalog.pg_class AS c
UNION ALL SELECT 'function', to_jsonb(p.oid::text) FROM pg_catalog.pg_proc AS p
UNION ALL SELECT 'schema', to_jsonb(n) FROM pg_catalog.pg_namespace AS n
UNION ALL SELECT 'extension', to_jsonb(e) FROM pg_catalog.pg_extension AS e
UNION ALL SELECT 'type', to_jsonb(t.oid::text) FROM pg_catalog.pg_type AS t
"""
_ROLES = "SELECT rolname FROM pg_catalog.pg_roles"
_CRON = "SELECT to_jsonb(j) FROM cron.job AS j"

_RELOAD_SECONDS = 3.0

State = frozenset[str]


class Lender:
    """Makes clusters for runs, of which one at a time is served.

    Args:
        beside: how many lend at once, each with a cluster that takes room of the same machine.
    """

    def __init__(self, beside: int = 1) -> None:
        self._beside = beside
        self._server: LocalServer | None = None
        self._made_for = Wanted(None, False, None, None)
        self._new: State = frozenset()
        self._roles: frozenset[str] = frozenset()
        self._is_lent = False
        self.made = 0
        """How many clusters were made by now."""

    def close(self) -> None:
        """Delete the cluster that there is."""
        self._is_lent = False
        if self._server is not None:
            self._server.close()
            self._server = None

    def serve(self, ours: socket.socket) -> None:
        """Answer a run until it has ended, which closes the other end of the socket."""
        # A run that dies while it waits for an answer resets the connection.
        with suppress(ConnectionError), ours.makefile("rw", encoding="utf-8") as link:
            for line in link:
                message = json.loads(line)
                if message is None:
                    self._take_back()
                else:
                    link.write(f"{json.dumps(self._lend(Wanted(**message)))}\n")
                    link.flush()
        if self._is_lent:  # its run has died
            self.close()

    def _lend(self, wanted: Wanted) -> dict[str, Any] | None:
        """Where a cluster is; ``None`` if none can be made, and the run finds out itself why."""
        if self._server is not None and not self._made_for.serves(wanted):
            self.close()
        if self._server is None:
            try:
                asked = asdict(wanted)
                if wanted.room_bytes is not None:
                    asked["room_bytes"] = wanted.room_bytes * self._beside
                made = open_server("local", **asked)
                assert isinstance(made, LocalServer)  # noqa: S101 - that is what local means
                self._server, self._made_for = made, wanted
                self._new, self._roles = _state(made), _roles(made)
                self.made += 1
            except (ShadowgateError, psycopg.Error):
                self.close()
                return None
        self._is_lent = True
        directory = str(self._server.directory)
        return {"directory": directory, "endpoint": asdict(self._server.endpoint)}

    def _take_back(self) -> None:
        """Put the cluster back to what it was when it was new, or delete it."""
        self._is_lent = False
        if self._server is None:
            return
        try:
            _put_back(self._server, self._roles)
            clean = _comes_to_be(self._server, self._new)
        except psycopg.Error:
            clean = False
        if not clean:
            self.close()


def _put_back(server: LocalServer, roles: frozenset[str]) -> None:
    """Undo what every run does to a cluster of its own: settings, and roles for the restore."""
    with server.maintenance.connect() as connection:
        connection.execute("ALTER SYSTEM RESET ALL")
        connection.execute("SELECT pg_catalog.pg_reload_conf()")
        for role in sorted(_roles(server) - roles):
            connection.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(role)))


def _comes_to_be(server: LocalServer, state: State) -> bool:
    """Whether a cluster is in a state, or in a moment: new sessions see a reload with delay."""
    until = time.monotonic() + _RELOAD_SECONDS
    while _state(server) != state:
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
    return True


def _roles(server: LocalServer) -> frozenset[str]:
    with server.maintenance.connect() as connection:
        return frozenset(name for (name,) in connection.execute(_ROLES))


def _state(server: LocalServer) -> State:
    """All of a cluster that does not belong to a database of a run."""
    with server.maintenance.connect() as connection:
        found = {*_lines(connection, _OF_CLUSTER), *_lines(connection, _OF_DATABASE)}
        with suppress(psycopg.errors.UndefinedTable):
            found.update(f"job {job}" for (job,) in connection.execute(_CRON))
    with server.database("template1").connect() as connection:
        found.update(f"template1 {line}" for line in _lines(connection, _OF_DATABASE))
    return frozenset(found)


def _lines(connection: Connection, query: Any) -> Iterator[str]:
    for kind, value in connection.execute(query):
        yield f"{kind} {json.dumps(value, sort_keys=True)}"
