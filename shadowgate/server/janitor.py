"""pytest-postgresql's janitor, at work in a session that is open already."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from psycopg import Cursor
from psycopg.rows import TupleRow
from pytest_postgresql.janitor import DatabaseJanitor

from shadowgate.server.base import Connection


class Janitor(DatabaseJanitor):
    """Drops a database and ends the sessions on it."""

    def __init__(self, name: str, connection: Connection) -> None:
        """Take charge of a database.

        Args:
            name: its name.
            connection: a session on another database of its server, which commits by itself.
        """
        at = connection.info
        super().__init__(
            host=at.host, port=at.port, user=at.user, dbname=name, maintenance_dbname=at.dbname
        )
        self._connection = connection

    @contextmanager
    def cursor(self, dbname: str | None = None) -> Iterator[Cursor[TupleRow]]:  # noqa: ARG002
        """A cursor of the session, which is on the database that a janitor works from."""
        with self._connection.cursor() as cursor:
            yield cursor
