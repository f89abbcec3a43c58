"""What the rest of shadowgate knows of a PostgreSQL server, wherever it runs."""

from __future__ import annotations

import traceback
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol, get_args

import psycopg
from psycopg.rows import TupleRow

Connection = psycopg.Connection[TupleRow]
CLEANER = "shadowgate.server.cleaning"
"""The module that removes what a dead run left; named, as only the guardian imports it."""

Program = Literal["psql", "pg_dump", "pg_restore"]
PROGRAMS: tuple[Program, ...] = get_args(Program)
ServerKind = Literal["container", "local", "external"]


@dataclass(frozen=True)
class Endpoint:
    """Where a server listens and who we are there. The password is kept out of every repr."""

    host: str
    port: int
    user: str
    password: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Database:
    """One database on one server: all that is needed to open sessions to it."""

    endpoint: Endpoint
    name: str

    def connect(
        self, *, autocommit: bool = True, application_name: str = "shadowgate", options: str = ""
    ) -> Connection:
        """Open a session.

        Args:
            autocommit: whether each statement is a transaction of its own.
            application_name: what the server calls it.
            options: of libpq, such as ``-c lock_timeout=2s``; none for the server's own settings.

        Raises:
            psycopg.OperationalError: the server does not answer or refuses us.
        """
        try:
            return psycopg.connect(
                host=self.endpoint.host,
                port=self.endpoint.port,
                user=self.endpoint.user,
                password=self.endpoint.password,
                dbname=self.name,
                autocommit=autocommit,
                application_name=application_name,
                options=options or None,
                connect_timeout=10,
            )
        except BaseException as error:
            # The traceback would keep a connection that is half made, and DROP DATABASE waits for
            # its end, up to the server's authentication_timeout.
            traceback.clear_frames(error.__traceback__)
            raise


@dataclass(frozen=True)
class ToolResult:
    """What a client tool did: its exit status and both streams, read as UTF-8 with replacement."""

    status: int
    stdout: str
    stderr: str


class ClientTools(Protocol):
    """psql, pg_dump and pg_restore of a version that fits the server."""

    @property
    def version(self) -> int:
        """Version of the tools as ``server_version_num`` counts: 150018 is 15.18."""
        ...

    def run(
        self,
        program: Program,
        arguments: Sequence[str],
        *,
        database: str | None,
        files: Mapping[str, Path] | None = None,
    ) -> ToolResult:
        """Run a tool against a database of this server and wait for it.

        Args:
            program: which tool.
            arguments: its arguments; ``{name}`` in one stands for ``files[name]`` as the tool
                sees it. Connection settings are added through the environment, never on argv.
            database: the database to work on; ``None`` for a tool that only reads a file.
            files: files or directories that the tool reads or writes, by name. What exists is
                read; what the tool writes must not exist yet.

        Raises:
            ToolError: the tool is missing or cannot be started.
        """
        ...


@dataclass(frozen=True)
class ServerFacts:
    """What the report says of the server: versions, settings that matter, and where it runs."""

    kind: ServerKind
    version: str
    version_num: int
    postgis: str
    """Version of PostGIS that databases there can have; empty if it is not installed."""
    tools_version: int
    settings: Mapping[str, str]
    where: str
    """In words, without secrets: ``container shadowgate-postgis:15-3.3 on 127.0.0.1:49153``."""


class Server(ABC):
    """A running server that can host the shadow."""

    kind: ServerKind
    owned: bool
    """True if this run started it, so that ``ALTER SYSTEM`` is ours to use."""
    endpoint: Endpoint
    tools: ClientTools
    facts: ServerFacts
    """Versions and settings, read when it was opened."""
    maintenance_name: str = "postgres"

    @property
    def maintenance(self) -> Database:
        """The database from which others are created and dropped; nothing else is done in it."""
        return self.database(self.maintenance_name)

    def database(self, name: str) -> Database:
        """Name a database of this server; it need not exist yet."""
        return Database(self.endpoint, name)

    @abstractmethod
    def free_bytes(self) -> int | None:
        """Free space where it keeps its data, in bytes; ``None`` if that cannot be known."""

    def last_words(self) -> str:
        """Why it went down, if it did so by itself and tells; empty otherwise."""
        return ""

    @abstractmethod
    def close(self) -> None:
        """Stop it and delete its data if it is ours; forget it otherwise. Safe to call twice."""
