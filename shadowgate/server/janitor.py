"""pytest-postgresql's janitor, at work in a session that is open already."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from psycopg import Cursor
from psycopg.rows import TupleRow
from pytest_postgresql.janitor import DatabaseJanitor

from shadowgate.server.base import Connection, Endpoint


class Janitor(DatabaseJanitor):
    """Drops a database and ends the sessions on it."""

    def __init__(self, endpoint: Endpoint, name: str, connection: Connection) -> None:
        """Take charge of a database.

        Args:
            endpoint: its server.
            name: its name.
            connection: a session on another database of that server, which commits by itself.
        """
        super().__init__(
            host=endpoint.host,
            port=endpoint.port,
            user=endpoint.user,
            password=endpoint.password,
            dbname=name,
            maintenance_dbname=connection.info.dbname,
        )
        self._connection = connection

    @contextmanager
    def cursor(self, dbname: str | None = None) -> Iterator[Cursor[TupleRow]]:  # noqa: ARG002
        """A cursor of the session, which is on the database that a janitor works from."""
        with self._connection.cursor() as cursor:
            yield cursor
