"""A database that is a copy of production already: cloned instead of a backup restored.

Nothing is written to it and no session is opened on it: the suite works on its first clone, which
is made as every other one, by the server itself.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import psycopg

from shadowgate.errors import ServerError, UsageError
from shadowgate.language import Shown, sentence
from shadowgate.progress import Progress
from shadowgate.server import Database, Databases, Server
from shadowgate.server.external import MAINTENANCE_DATABASES, parse_uri
from shadowgate.server.space import in_units

_ABOUT = """
SELECT pg_catalog.pg_database_size(d.oid), pg_catalog.pg_is_in_recovery(),
       pg_catalog.pg_encoding_to_char(d.encoding)
FROM pg_catalog.pg_database AS d
WHERE d.datname = %s
"""


@dataclass
class GivenCopy:
    """A copy of production on a server of the user's."""

    database: Database
    bytes: int
    where: str
    """The server, in words, without secrets."""
    seconds: float = field(default=0.0, init=False)
    """That its first clone took."""

    def cloned(self, databases: Databases, name: str, progress: Progress) -> Database:
        """Clone it: what *before* means.

        Raises:
            ServerError: it cannot be cloned, or the name is not ours to use.
        """
        progress(f"cloning {self.database.name} ({in_units(self.bytes)}) as {name}")
        began = time.monotonic()
        made = databases.copy_of(self.database, name)
        self.seconds = time.monotonic() - began
        return made

    @property
    def described(self) -> str:
        """What is looked at, in a sentence."""
        return sentence(
            "A clone of database {database} ({size}) on {server}, made in {seconds:.1f} s; that "
            "one is neither written nor connected to",
            database=self.database.name,
            size=Shown(in_units, self.bytes),
            server=self.where,
            seconds=self.seconds,
        )


def copy_given(uri: str, server: Server) -> GivenCopy:
    """Look up the database that a URI names, from another one of its server.

    Raises:
        UsageError: the URI names no database, or one that holds nobody's data.
        ServerError: it is not there, or its server cannot clone databases.
    """
    endpoint, name = parse_uri(uri, "--shadow")
    if name in MAINTENANCE_DATABASES:
        raise UsageError(
            sentence("--shadow names {name}, which holds nobody's data", name=name),
            where=server.facts.where,
            todo="name the database that is the copy of production: postgresql://user@host/database",
        )
    try:
        with server.maintenance.connect() as connection:
            row = connection.execute(_ABOUT, [name]).fetchone()
    except psycopg.Error as error:
        raise ServerError(
            sentence(
                "the size of database {name} cannot be asked: {error}",
                name=name,
                error=error,
            ),
            where=server.facts.where,
        ) from None
    if row is None:
        raise ServerError(
            sentence("there is no database {name} to clone", name=name),
            where=server.facts.where,
            todo="name one that is there with --shadow",
        )
    size, standby, encoding = row
    if standby:
        raise ServerError(
            sentence(
                "the server of database {name} is a standby, on which no database can be made",
                name=name,
            ),
            where=server.facts.where,
            todo="promote it (pg_promote) if it is a restored copy; or dump it with --source",
        )
    if encoding != "UTF8":
        raise ServerError(
            sentence(
                "database {name} is in {encoding}, not in UTF-8",
                name=name,
                encoding=encoding,
            ),
            where=server.facts.where,
        )
    return GivenCopy(Database(endpoint, name), size, server.facts.where)
