"""What a statement that commits on its way leaves when it is cut off between two of its commits.

``CREATE INDEX CONCURRENTLY`` and its like wait for other transactions after their first commit.
What stands then is an index that no query uses and that still bears its name, or a partition half
detached. A small database lets them through in milliseconds; a transaction that is kept open on
every table makes them wait there as long as it takes to look.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from psycopg import sql

from shadowgate.language import sentence
from shadowgate.migrate.script import Statement
from shadowgate.server.base import Connection, Database

_LEFTOVERS_SQL = (Path(__file__).parent / "leftovers.sql").read_bytes()
_TABLES_SQL = """
SELECT n.nspname, c.relname
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.oid >= 16384
  AND c.relkind IN ('r', 'p')
  AND NOT c.relispartition
  AND c.relpersistence <> 't'
"""
_COMMITTING = ("CREATE INDEX CONCURRENTLY", "DROP INDEX CONCURRENTLY", "REINDEX", "ALTER TABLE")
_REINDEXED = re.compile(r'_cc(?:new|old)\d*"?$')
"""How REINDEX CONCURRENTLY names the index that it builds, or is about to drop."""
_LOCK_SQL = sql.SQL("LOCK TABLE {} IN ROW EXCLUSIVE MODE")


@dataclass(frozen=True, order=True)
class Leftover:
    """An index that is not valid, or a partition whose detaching was begun and not ended."""

    kind: Literal["index", "partition"]
    name: str
    table: str
    """The table of the index, or the one that the partition was of."""

    @property
    def sentence(self) -> str:
        """That it is left, and what to do."""
        if self.is_of_reindex:
            return sentence(
                "an invalid index, {name} of {table}, is left: DROP INDEX CONCURRENTLY {name} "
                "takes it away",
                name=self.name,
                table=self.table,
            )
        if self.kind == "index":
            return sentence(
                "an invalid index, {name} of {table}, is left: put DROP INDEX CONCURRENTLY IF "
                "EXISTS {name} before the statement, and build it without IF NOT EXISTS",
                name=self.name,
                table=self.table,
            )
        return sentence(
            "a partition half detached, {name} of {table}, is left: ALTER TABLE {table} DETACH "
            "PARTITION {name} FINALIZE ends it",
            name=self.name,
            table=self.table,
        )

    @property
    def is_of_reindex(self) -> bool:
        """Whether REINDEX CONCURRENTLY left it: the index that was to be rebuilt is sound."""
        return self.kind == "index" and bool(_REINDEXED.search(self.name))


def commits_on_its_way(statement: Statement) -> bool:
    """Tell whether a statement commits and then waits for other transactions."""
    return statement.must_run_alone and statement.kind in _COMMITTING


def leftovers(database: Database) -> frozenset[Leftover]:
    """Find what such statements have left in a database."""
    with database.connect() as connection:
        rows = connection.execute(_LEFTOVERS_SQL).fetchall()
    return frozenset(Leftover(*row) for row in rows)


def drop_indexes(database: Database, indexes: Iterable[Leftover]) -> None:
    """Drop such indexes, as the manual says of those that REINDEX CONCURRENTLY leaves."""
    with database.connect() as connection:
        for index in indexes:
            # The name is as regclass writes it, quoted and qualified where that is needed.
            connection.execute(f"DROP INDEX {index.name}".encode())


@contextmanager
def transaction_on_every_table(database: Database) -> Iterator[Connection]:
    """Keep a transaction open that has, as far as locks tell, written to every table.

    Its lock, ROW EXCLUSIVE, is a writer's: the first step of a concurrent statement passes it, the
    wait after that does not.
    """
    with database.connect() as connection:
        tables = connection.execute(_TABLES_SQL).fetchall()
        connection.execute("BEGIN")
        if tables:
            names = sql.SQL(", ").join(sql.Identifier(*row) for row in tables)
            connection.execute(_LOCK_SQL.format(names))
        try:
            yield connection
        finally:
            connection.rollback()
