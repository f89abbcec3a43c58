"""Reading a server's log through SQL, so that it is the same wherever the server runs."""

from __future__ import annotations

from dataclasses import dataclass

import psycopg

from shadowgate.errors import ServerError
from shadowgate.language import sentence
from shadowgate.server.base import Connection, Database

_CURRENT = """
SELECT current_setting('logging_collector')::boolean, pg_catalog.pg_current_logfile()
"""

_SIZE = "SELECT size FROM pg_catalog.pg_stat_file(%s, true)"

_READ = "SELECT pg_catalog.pg_read_binary_file(%s, %s, %s, true)"


@dataclass(frozen=True)
class LogPosition:
    """A place in the log: everything written later comes after it."""

    file: str
    offset: int
    """In bytes."""


class ServerLog:
    """The log of the server on which a database lives."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def position(self) -> LogPosition:
        """The current end of the log.

        Raises:
            ServerError: the log is not collected in files, or we may not read it.
        """
        with self._database.connect() as connection:
            return _end(connection)

    def since(self, position: LogPosition) -> str:
        """What was written after a position, also if the server went on to another file since.

        The server writes its log with a delay of some milliseconds.

        Raises:
            ServerError: the log is not collected in files, or we may not read it.
        """
        with self._database.connect() as connection:
            end = _end(connection)
            if end.file == position.file:
                start = position.offset if position.offset <= end.offset else 0
                return _read(connection, end.file, start, end.offset)
            rest = _size(connection, position.file)
            return _read(connection, position.file, position.offset, rest) + _read(
                connection, end.file, 0, end.offset
            )


def _end(connection: Connection) -> LogPosition:
    try:
        found = connection.execute(_CURRENT).fetchone()
        if found is None or not found[0] or found[1] is None:
            raise ServerError(
                "the server does not collect its log in files",
                where=sentence(
                    "server at {host}:{port}",
                    host=connection.info.host,
                    port=connection.info.port,
                ),
                todo="set logging_collector = on and log_destination = 'stderr', restart it, "
                "or use a server of our own: --server auto",
            )
        return LogPosition(found[1], _size(connection, found[1]))
    except psycopg.errors.InsufficientPrivilege as error:
        raise _not_allowed(connection, error) from None


def _size(connection: Connection, file: str) -> int:
    found = connection.execute(_SIZE, (file,)).fetchone()
    return int(found[0]) if found and found[0] is not None else 0


def _read(connection: Connection, file: str, start: int, end: int) -> str:
    if end <= start:
        return ""
    try:
        found = connection.execute(_READ, (file, start, end - start)).fetchone()
    except psycopg.errors.InsufficientPrivilege as error:
        raise _not_allowed(connection, error) from None
    return bytes(found[0]).decode("utf-8", "replace") if found and found[0] is not None else ""


def _not_allowed(connection: Connection, error: psycopg.Error) -> ServerError:
    role = connection.info.user
    return ServerError(
        sentence("role {role} may not read the server's log", role=role),
        where=sentence(
            "server at {host}:{port}: {error}",
            host=connection.info.host,
            port=connection.info.port,
            error=error,
        ),
        todo=sentence(
            "as a superuser: GRANT pg_read_server_files TO {role}; GRANT "
            "EXECUTE ON FUNCTION pg_current_logfile(), pg_stat_file(text, "
            "boolean), pg_read_binary_file(text, bigint, bigint, boolean) TO "
            "{role};",
            role=role,
        ),
    )
