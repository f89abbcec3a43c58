"""One database without PostGIS for the tests of a module: one for each would cost half a second."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from psycopg import sql

from shadowgate.server import Database, Server


@contextmanager
def plain_database(server: Server, template: str = "template0") -> Iterator[Database]:
    """A database that is dropped at the end, whoever is still connected."""
    name = f"selftest_{uuid.uuid4().hex[:12]}"
    identifiers = (sql.Identifier(name), sql.Identifier(template))
    with server.maintenance.connect() as connection:
        connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(*identifiers))
        try:
            yield server.database(name)
        finally:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(identifiers[0]))


def refill(database: Database, setup: str) -> Database:
    """Empty a database and set it up again."""
    with database.connect() as connection:
        connection.execute("SET client_min_messages = warning")
        connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        connection.execute(setup.encode())
    return database
