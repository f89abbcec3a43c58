"""One database without PostGIS for the tests of a module: one for each would cost half a second."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from pytest_postgresql.janitor import DatabaseJanitor

from shadowgate.server import Database, Server


@contextmanager
def plain_database(server: Server, template: str = "template0") -> Iterator[Database]:
    """A database that is dropped at the end, whoever is still connected."""
    at, name = server.endpoint, f"selftest_{uuid.uuid4().hex[:12]}"
    with DatabaseJanitor(
        user=at.user,
        host=at.host,
        port=at.port,
        password=at.password,
        dbname=name,
        template_dbname=template,
    ):
        yield server.database(name)


def refill(database: Database, setup: str) -> Database:
    """Empty a database and set it up again."""
    with database.connect() as connection:
        connection.execute("SET client_min_messages = warning")
        connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        connection.execute(setup.encode())
    return database
