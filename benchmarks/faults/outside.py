"""A server that stands for somebody else's, with databases of its own, which a bench may hurt."""

from __future__ import annotations

import resource
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

import psutil
import psycopg
from psycopg import sql

from shadowgate.phases.restore.state import State, differences_in_words, state_of
from shadowgate.server import Database, Databases, Server, open_server
from shadowgate.server.binaries import installations, server_for
from shadowgate.server.local import server_account

SOURCE = "orders"
"""Production: what is dumped."""

NEXT_DOOR = "shadow_next_door"
"""Database of another run, which is alive."""

ROOM_BYTES = 300_000_000
_CONNECTIONS = 30

_OURS = """
SELECT pid
FROM pg_catalog.pg_stat_activity
WHERE datname = %s AND backend_type = 'client backend' AND application_name = %s
    AND (state = 'active' OR NOT %s)
"""

_NAMES = "SELECT datname FROM pg_catalog.pg_database WHERE NOT datistemplate"


class Outside:
    """The server: its address, its databases, and ways to hurt it."""

    def __init__(self, server: Server, folder: Path) -> None:
        self.server = server
        self.folder = folder
        """Its data."""

    @property
    def uri(self) -> str:
        """For ``--server``; the password goes into ``PGPASSWORD``."""
        at = self.server.endpoint
        return f"postgresql://{at.user}@{at.host}:{at.port}/postgres"

    @property
    def source_uri(self) -> str:
        """For ``SHADOWGATE_SOURCE``, with the password."""
        at = self.server.endpoint
        secret = quote(at.password or "", safe="")
        return f"postgresql://{at.user}:{secret}@{at.host}:{at.port}/{SOURCE}"

    def names(self) -> set[str]:
        """The databases that it has."""
        with self.server.maintenance.connect() as connection:
            return {name for (name,) in connection.execute(_NAMES)}

    def execute(self, statement: str, database: str = "postgres") -> None:
        """Carry out a statement, as somebody else."""
        with self.server.database(database).connect(application_name="stranger") as connection:
            connection.execute(statement.encode())

    def sessions(self, database: str, application: str, *, at_work: bool = False) -> list[int]:
        """Process ids of the sessions that an application has in a database.

        Args:
            database: which.
            application: its name.
            at_work: only those with a statement that is being carried out.
        """
        with self.server.maintenance.connect(application_name="stranger") as connection:
            found = connection.execute(_OURS, (database, application, at_work)).fetchall()
        return [pid for (pid,) in found]

    def postmaster(self) -> psutil.Process:
        """The server's first process."""
        return psutil.Process(int((self.folder / "postmaster.pid").read_text().split()[0]))

    def control(self, *arguments: str, memory_bytes: int | None = None) -> None:
        """Have ``pg_ctl`` do something with it.

        Args:
            arguments: ``stop``, ``start`` or ``restart``, with options.
            memory_bytes: the most that each of its processes may have from then on.
        """

        def limit() -> None:
            if memory_bytes is not None:
                resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))

        found = server_for(installations(), major=self.server.facts.version_num // 10_000)
        assert found is not None
        subprocess.run(
            [
                *(found.bindir / "pg_ctl", "-D", self.folder, "-w", "-s"),
                *("-o", f"-p {self.server.endpoint.port}", "-l", self.folder / "again.log"),
                *arguments,
            ],
            check=False,
            preexec_fn=limit,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            **{
                name: value
                for name, value in server_account().process(self.folder).items()
                if name != "stdin"
            },
        )

    def is_up(self) -> bool:
        """Whether it takes connections."""
        try:
            self.server.maintenance.connect().close()
        except psycopg.OperationalError:
            return False
        return True


@contextmanager
def outside_server(fill: Callable[[Database], None]) -> Iterator[Outside]:
    """Start one, with production and a neighbour's databases on it.

    Args:
        fill: makes production's tables in an empty database.
    """
    settings = {
        "shared_buffers": "64MB",
        "max_connections": str(_CONNECTIONS),
        "shared_preload_libraries": "",
    }
    with ExitStack() as stack:
        server = open_server("local", settings=settings, room_bytes=ROOM_BYTES, postgis=False)
        stack.callback(server.close)
        with server.maintenance.connect() as connection:
            for name in (SOURCE, "shadow_of_a_doubt"):
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
            (data,) = connection.execute("SHOW data_directory").fetchone() or ("",)
        fill(server.database(SOURCE))
        with server.database("shadow_of_a_doubt").connect() as connection:
            connection.execute("CREATE TABLE note AS SELECT 1 AS id")
        yield Outside(server, Path(data))


@contextmanager
def neighbour(outside: Outside) -> Iterator[Database]:
    """Another run on the server that is alive, with a database."""
    databases = Databases(outside.server)
    try:
        yield databases.create(NEXT_DOOR)
    finally:
        with suppress(psycopg.Error):
            databases.close()


def same_but_for_settings(expected: State, found: State) -> bool:
    """Whether two databases hold the same, apart from what belongs to database and server."""
    return not differences_in_words(_without_settings(expected), _without_settings(found))


def _without_settings(state: State) -> State:
    kept: Mapping[object, object] = {
        identity: found
        for identity, found in state.snapshot.objects.items()
        if identity.kind not in ("setting", "database", "replication slot", "role")
    }
    return State(type(state.snapshot)(kept), state.content)  # type: ignore[arg-type]


def is_like(expected: State, database: Database) -> bool:
    """Whether a database holds what is expected."""
    return same_but_for_settings(expected, state_of(database))
