"""A server that somebody else runs, named by a connection URI."""

from __future__ import annotations

import os

import psycopg
from psycopg.conninfo import conninfo_to_dict

from shadowgate.errors import ServerError, UsageError
from shadowgate.language import sentence
from shadowgate.progress import Progress, silent
from shadowgate.server.base import Connection, Database, Endpoint, Server, ServerKind
from shadowgate.server.databases import marked_run
from shadowgate.server.facts import read_facts, require_version
from shadowgate.server.tools import HostTools, find_host_tools

MAINTENANCE_DATABASES = ("postgres", "template1", "defaultdb")
"""Databases that servers come with and that hold nobody's data."""

_OUR_PARAMETERS = frozenset({"host", "port", "user", "password", "dbname"})

_ENCODING = """
SELECT pg_catalog.pg_encoding_to_char(encoding)
FROM pg_catalog.pg_database
WHERE datname = 'template0'
"""

_CAN_CREATE = """
SELECT rolsuper OR rolcreatedb FROM pg_catalog.pg_roles WHERE rolname = current_user
"""

_COMMENT = """
SELECT coalesce(pg_catalog.shobj_description(oid, 'pg_database'), '')
FROM pg_catalog.pg_database
WHERE datname = pg_catalog.current_database()
"""


class ExternalServer(Server):
    """A server that this run did not start; see :class:`shadowgate.server.base.Server`."""

    kind: ServerKind = "external"
    owned = False

    def __init__(
        self,
        uri: str,
        *,
        archive_of: int | None = None,
        option: str = "--server",
        progress: Progress = silent,
    ) -> None:
        """Connect and make sure that it can host the shadow. Nothing on it is changed for good.

        Args:
            uri: where it is, with the database to start from.
            archive_of: major version of the pg_dump that wrote the archive to restore.
            option: which option named it; with ``--shadow`` the database is the one to clone, and
                work starts from one of those that servers come with.
            progress: told of every step.

        Raises:
            UsageError: the URI cannot be read.
            ServerError: the server is unreachable, too old, does not let us create databases, or
                the URI names a database that is not ours to work from.
            ToolError: the client tools of this machine are older than the server.
        """
        self.endpoint, name = parse_uri(uri, option)
        if option == "--shadow":
            name = _first_that_opens(self.endpoint)
        self.maintenance_name = name
        where = f"{self.endpoint.user}@{self.endpoint.host}:{self.endpoint.port}/{name}"
        progress(f"server: connecting to {where}")
        with _connect(self.maintenance, where, option) as connection:
            require_version(connection.info.server_version, where)
            _require_maintenance(connection, name, where)
            _require_creator(connection, where)
            installation = find_host_tools(connection.info.server_version, archive_of)
        self.tools = HostTools(installation, self.endpoint)
        self.facts = read_facts(self, where)

    def free_bytes(self) -> None:
        """Unknown: SQL does not tell the space on a server's disk."""

    def close(self) -> None:
        """Nothing to stop: the server is not ours."""


def parse_uri(uri: str, option: str = "--server") -> tuple[Endpoint, str]:
    """Read a ``postgresql://`` URI: where the server is, and the database to start from.

    A password that is not in the URI is taken from ``PGPASSWORD``: command lines are public.

    Raises:
        UsageError: it is not a URI, names several hosts, or has parameters besides these.
    """
    try:
        given = {name: str(value) for name, value in conninfo_to_dict(uri).items()}
    except psycopg.ProgrammingError:
        raise UsageError(
            sentence("the URI given for {option} cannot be read", option=option),
            todo="write postgresql://user:password@host:port/postgres; encode special "
            "characters of the password as %XX",
        ) from None
    unknown = sorted(set(given) - _OUR_PARAMETERS)
    if unknown:
        raise UsageError(
            sentence(
                "the URI given for {option} has parameters that are not used: {unknown}",
                option=option,
                unknown=", ".join(unknown),
            ),
            todo="set them as environment variables instead, such as PGSSLMODE and PGSSLROOTCERT",
        )
    host, port = given.get("host", "localhost"), given.get("port", "5432")
    if "," in host or not port.isdigit():
        raise UsageError(
            sentence("{option} must name one host and one port", option=option),
            where=f"{host}:{port}",
        )
    user = given.get("user", "postgres")
    password = given.get("password") or os.environ.get("PGPASSWORD")
    endpoint = Endpoint(host, int(port), user, password)
    return endpoint, given.get("dbname") or "postgres"


def _first_that_opens(endpoint: Endpoint) -> str:
    """A database to start from; the first name where none opens, for the error that it gives."""
    for name in MAINTENANCE_DATABASES:
        try:
            Database(endpoint, name).connect().close()
        except psycopg.OperationalError:
            continue
        return name
    return MAINTENANCE_DATABASES[0]


def _connect(database: Database, where: str, option: str) -> Connection:
    try:
        return database.connect()
    except psycopg.OperationalError as error:
        raise ServerError(
            sentence("the server given with {option} cannot be reached", option=option),
            where=f"{where}: {_without(str(error), database.endpoint.password)}",
            todo="check that it runs and that host, port, user and password are right, "
            "or run with --server auto",
        ) from None


def _without(text: str, secret: str | None) -> str:
    """A message on one line, without a secret."""
    line = " ".join(text.split())
    return line.replace(secret, "***") if secret else line


def _require_maintenance(connection: Connection, name: str, where: str) -> None:
    """Only a database that holds nobody's data may be named: it is where work starts from."""
    if name in MAINTENANCE_DATABASES:
        return
    found = connection.execute(_COMMENT).fetchone()
    if found is None or marked_run(found[0]) is None:
        raise ServerError(
            sentence(
                "--server names database {name}, which was not created by shadowgate",
                name=name,
            ),
            where=where,
            todo=sentence(
                "name {maintenance_databases} instead; only databases that "
                "shadowgate creates itself are ever touched",
                maintenance_databases=" or ".join(MAINTENANCE_DATABASES),
            ),
        )


def _require_creator(connection: Connection, where: str) -> None:
    allowed = connection.execute(_CAN_CREATE).fetchone()
    if allowed is None or not allowed[0]:
        role = connection.info.user
        raise ServerError(
            sentence("role {role} may not create databases", role=role),
            where=where,
            todo=sentence("as a superuser: ALTER ROLE {role} CREATEDB;", role=role),
        )
    encoding = connection.execute(_ENCODING).fetchone()
    if encoding is None or encoding[0] != "UTF8":
        raise ServerError(
            "databases of this server are not in UTF-8",
            where=where,
            todo="use a server whose cluster was made with --encoding UTF8",
        )
