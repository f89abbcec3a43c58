"""Catalogues in throw-away databases, and the questions that tests of migrations ask of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fixtures.catalogue import Catalogue, load
from shadowgate.catalogue import diff, fingerprint, take_snapshot
from shadowgate.migrate import ScriptRun, apply_script, read_script
from shadowgate.progress import silent
from shadowgate.server import Database, Server
from tests.selftest.plain_database import plain_database

MIGRATIONS = Path(__file__).parents[2] / "migrations"
TABLE = "public.catalogo_geometrias_particionada"


@contextmanager
def loaded(server: Server, catalogue: Catalogue) -> Iterator[Database]:
    """A database with a freshly generated catalogue."""
    with plain_database(server) as database:
        with database.connect() as connection:
            load(connection, catalogue, silent)
        yield database


def apply(name: str, database: Database) -> ScriptRun:
    """Apply the migration or rollback of that path under ``migrations/``; it must succeed."""
    run = apply_script(read_script(MIGRATIONS / name), database)
    run.raise_for_error()
    return run


def run(database: Database, *statements: str) -> None:
    with database.connect() as connection:
        for statement in statements:
            connection.execute(statement.encode())


def run_until(name: str, database: Database, end: str) -> None:
    """Run the statements of a script up to the one that holds a passage, that one left out."""
    for statement in read_script(MIGRATIONS / name).statements:
        if end in statement.sql:
            return
        run(database, statement.sql)
    raise AssertionError(f"no statement of {name} holds {end}")


def run_from(name: str, database: Database, start: str) -> None:
    """Run the statements of a script from the one that holds a passage on."""
    statements = read_script(MIGRATIONS / name).statements
    first = next(place for place, statement in enumerate(statements) if start in statement.sql)
    run(database, *(statement.sql for statement in statements[first:]))


def rows_of(database: Database, query: str) -> list[tuple[Any, ...]]:
    """The rows of a query."""
    with database.connect() as connection:
        return connection.execute(query.encode()).fetchall()


def value_of(database: Database, query: str) -> Any:
    """The only value of a query."""
    ((value,),) = rows_of(database, query)
    return value


def content(database: Database) -> dict[str, str]:
    """What the tables of the catalogue contain, wherever the rows lie."""
    with database.connect() as connection:
        found = fingerprint(connection, ["public.catalogo", TABLE])
    return {name: sums.digest for name, sums in found.items()}


def drift(before: Database, after: Database) -> tuple[str, ...]:
    """How the schema of one database differs from that of another, in words."""
    with before.connect() as old, after.connect() as new:
        return diff(take_snapshot(old), take_snapshot(new)).in_words()
