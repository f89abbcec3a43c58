"""A session on production that cannot write, and that waits for nothing for long.

What keeps it so is set when it connects, so that it holds from the first statement on; a pooler
that drops such settings is refused. Each question is a transaction of its own, ``READ ONLY`` again.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import psycopg
from psycopg import errors, sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.rows import class_row

from shadowgate.errors import ServerError, ShadowgateError, UsageError
from shadowgate.language import sentence
from shadowgate.report.redact import MASK, redacted_text
from shadowgate.server import Connection

R = TypeVar("R")


@dataclass(frozen=True)
class Patience:
    """How long production is waited for, in seconds."""

    total: float
    """For all questions together, connecting included."""
    statement: float
    """For one statement."""
    lock: float = 1.0
    """For a lock that somebody else holds."""
    idle: float = 10.0
    """After which the server ends a transaction that this program forgot."""
    grace: float = 1.0
    """More than ``total``, for a server that does not even cancel a statement in time."""

    @property
    def settings(self) -> Mapping[str, str]:
        """What the session is started with."""
        return {
            "default_transaction_read_only": "on",
            "statement_timeout": _milliseconds(self.statement),
            "lock_timeout": _milliseconds(self.lock),
            "idle_in_transaction_session_timeout": _milliseconds(self.idle),
            "search_path": "pg_catalog",
        }


class NotAnsweredError(ShadowgateError):
    """A question that production did not answer, and why: that is no answer in its favour."""


class ReadOnlySession:
    """A session in which every statement is part of a read-only transaction."""

    def __init__(self, connection: Connection, patience: Patience, began: float) -> None:
        self._connection = connection
        self._patience = patience
        self._ends = began + patience.total

    @property
    def role(self) -> str:
        """The role that it is logged in as."""
        return self._connection.info.user

    @property
    def where(self) -> str:
        """Where it leads, without secrets: ``user@host:port/database``."""
        info = self._connection.info
        return f"{info.user}@{info.host}:{info.port}/{info.dbname}"

    def ask(
        self, query: str | sql.Composed, row: type[R], parameters: Mapping[str, Any] | None = None
    ) -> list[R]:
        """The rows of one query, each as a dataclass.

        Raises:
            NotAnsweredError: it failed, took too long, or the time for all questions is over.
        """
        sent = query.encode() if isinstance(query, str) else query
        with (
            self.transaction() as connection,
            connection.cursor(row_factory=class_row(row)) as asked,
        ):
            return asked.execute(sent, parameters or {}).fetchall()

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """A read-only transaction for what takes several statements.

        Raises:
            NotAnsweredError: as :meth:`ask`.
        """
        left = min(self._ends - time.monotonic(), self._patience.statement)
        if left <= 0:
            raise NotAnsweredError(
                sentence("the {total:g} s for all questions are over", total=self._patience.total)
            )
        try:
            with self._connection.transaction():
                self._connection.execute(
                    "SELECT set_config('statement_timeout', %s, true)", [_milliseconds(left)]
                )
                yield self._connection
        except psycopg.Error as error:
            raise NotAnsweredError(_why(error, left, self._patience)) from None


@contextmanager
def read_only_session(server: str, patience: Patience) -> Iterator[ReadOnlySession]:
    """Open a session on production.

    Args:
        server: a connection URI or string as libpq takes it; what it leaves out comes from the
            environment, a service file and a password file, as everywhere.
        patience: how long to wait for what.

    Raises:
        UsageError: the URI or string cannot be read.
        ServerError: the server cannot be reached, or the session would not be read-only.
    """
    began = time.monotonic()
    with closing(_connect(server, patience)) as connection, _ended(connection, began, patience):
        connection.read_only = True
        _require_settings(connection, patience)
        yield ReadOnlySession(connection, patience, began)


def _connect(server: str, patience: Patience) -> Connection:
    given = _read(server)
    secrets = [str(given.get("password") or ""), os.environ.get("PGPASSWORD", "")]
    asked = str(given.get("options") or os.environ.get("PGOPTIONS", ""))
    ours = " ".join(f"-c {name}={value}" for name, value in patience.settings.items())
    try:
        return psycopg.connect(
            make_conninfo(
                server,
                options=f"{asked} {ours}".strip(),
                application_name="shadowgate (read only)",
                connect_timeout=max(2, int(patience.total / 2)),
                client_encoding="utf-8",
            )
        )
    except psycopg.OperationalError as error:
        raise ServerError(
            "production cannot be reached",
            where=_masked(str(error), secrets),
            todo="name it with --server as libpq takes it, postgresql://user@host/database or "
            "service=NAME, past any pooler; a password belongs in ~/.pgpass or PGPASSWORD",
        ) from None


def _read(server: str) -> Mapping[str, Any]:
    try:
        return conninfo_to_dict(server)
    except psycopg.ProgrammingError:  # its message may quote a part of the password
        raise UsageError(
            "what --server names cannot be read",
            todo="write postgresql://user@host:port/database or service=NAME; encode special "
            "characters of a URI as %XX",
        ) from None


def _require_settings(connection: Connection, patience: Patience) -> None:
    """A pooler between may have swallowed the settings or given us a session with others."""
    try:
        with connection.transaction():
            for name, value in patience.settings.items():
                found = connection.execute(
                    "SELECT setting FROM pg_catalog.pg_settings WHERE name = %s", [name]
                ).fetchone()
                if found is None or found[0] != value:
                    raise ServerError(
                        "the session on production would not be read-only, or could wait for ever",
                        where=sentence(
                            "{name} is {found} instead of {value}",
                            name=name,
                            found=found[0] if found else "unknown",
                            value=value,
                        ),
                        todo="connect to the server itself: a pooler dropped the settings",
                    )
    except psycopg.Error as error:
        raise ServerError("production does not answer", where=_masked(str(error), ())) from None


@contextmanager
def _ended(connection: Connection, began: float, patience: Patience) -> Iterator[None]:
    """End a session whose server has stopped answering: no timeout of its own would."""
    left = began + patience.total + patience.grace - time.monotonic()
    timer = threading.Timer(max(left, 0.0), _hang_up, [connection])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _hang_up(connection: Connection) -> None:
    if not connection.closed:
        with socket.socket(fileno=os.dup(connection.fileno())) as line:
            line.shutdown(socket.SHUT_RDWR)


def _why(error: psycopg.Error, left: float, patience: Patience) -> str:
    match error:
        case errors.LockNotAvailable():
            return f"another session holds a lock that it needs, for {patience.lock:g} s and more"
        case errors.QueryCanceled():
            return f"no answer within {left:.1f} s"
        case _:
            return _masked(str(error), ())


def _masked(text: str, secrets: list[str] | tuple[str, ...]) -> str:
    """A message on one line, without secrets."""
    line = redacted_text(" ".join(text.split()))
    for secret in filter(None, secrets):
        line = line.replace(secret, MASK)
    return line


def _milliseconds(seconds: float) -> str:
    return str(max(1, round(seconds * 1000)))
