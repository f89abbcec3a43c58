"""A session that is open while the migration comes, with its statements prepared as clients do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import psycopg

from shadowgate.queries import Query
from shadowgate.server import Database
from shadowgate.server.base import Connection

QUERY_SECONDS = 60.0
_TIMEOUT_SQL = "SELECT pg_catalog.set_config('statement_timeout', %s, false)"


@dataclass(frozen=True)
class StaleStatement:
    """A statement that a session from before cannot execute any more, though a new one can."""

    query: str
    """Its id."""
    sqlstate: str
    message: str

    def __str__(self) -> str:
        return f"{self.query}: {self.message} ({self.sqlstate})"


@dataclass
class OpenSession:
    """A session with prepared statements."""

    _database: Database
    _connection: Connection
    _prepared: list[Query] = field(default_factory=list)

    @property
    def prepared(self) -> int:
        """How many statements it has prepared and executed."""
        return len(self._prepared)

    def prepare(self, queries: Sequence[Query]) -> None:
        """Prepare and execute queries of one statement each; those that fail are left out."""
        self._prepared += [one for one in queries if _execute(self._connection, one) is None]

    def stale(self) -> tuple[StaleStatement, ...]:
        """Execute all again: those that fail here and not in a new session."""
        failed = [(one, _execute(self._connection, one)) for one in self._prepared]
        if not any(error for _, error in failed):
            return ()
        with _connected(self._database) as new:
            return tuple(
                StaleStatement(one.id, error.sqlstate or "", str(error).partition("\n")[0])
                for one, error in failed
                if error is not None and _execute(new, one) is None
            )


@contextmanager
def open_session(database: Database, queries: Sequence[Query]) -> Iterator[OpenSession]:
    """Open a session that has prepared and executed the reading queries of a workload.

    Args:
        database: that the migration then changes.
        queries: of a workload; those that write, have values left open, a role of their own, or
            several statements are passed over.

    Raises:
        ServerError: the server cannot be reached.
    """
    with _connected(database) as connection:
        session = OpenSession(database, connection)
        session.prepare([one for one in queries if _is_plain(one)])
        yield session


@contextmanager
def _connected(database: Database) -> Iterator[Connection]:
    with database.connect() as connection:
        connection.execute(_TIMEOUT_SQL, (f"{QUERY_SECONDS:g}s",))
        yield connection


def _is_plain(query: Query) -> bool:
    own = query.role or query.values or query.parameters
    return query.kind == "read" and not own and len(query.statements) == 1


def _execute(connection: Connection, query: Query) -> psycopg.Error | None:
    """Execute a query as a prepared statement: why it failed, or nothing."""
    try:
        connection.execute(query.sql.encode(), prepare=True)
    except psycopg.Error as error:
        return error
    return None
