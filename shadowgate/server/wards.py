"""What must not outlive a run, and how each is cleaned up by somebody else.

A ward is made before the thing that it stands for, so that there is no moment at which the thing
exists and nobody would clean it. Cleaning what never came to be is therefore not an error.
"""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Protocol

import psutil
import psycopg
from psycopg import sql

from shadowgate.server.base import Connection
from shadowgate.server.docker_daemon import remove_container

_OURS = """
SELECT datname
FROM pg_catalog.pg_database
WHERE datname = %(staging)s
   OR datname = %(name)s AND pg_catalog.shobj_description(oid, 'pg_database') = %(marker)s
"""

_CREATING = """
SELECT pg_catalog.pg_terminate_backend(pid)
FROM pg_catalog.pg_stat_activity
WHERE state = 'active' AND pid <> pg_catalog.pg_backend_pid() AND strpos(query, %s) > 0
"""


class Ward(Protocol):
    """One thing to be cleaned if its run dies."""

    kind: ClassVar[str]

    def clean(self) -> None:
        """Remove it; nothing happens if it does not exist."""
        ...


@dataclass(frozen=True)
class ClusterWard:
    """A directory with a cluster in it, and every process that works inside it."""

    kind: ClassVar[str] = "cluster"
    directory: str

    def clean(self) -> None:
        """Stop the processes, then delete the directory.

        The processes are found by what they work on and not by their id, so that it does not
        matter whether ``initdb`` or ``postgres`` was running, nor who started it.
        """
        stop_processes(Path(self.directory), seconds=10)
        shutil.rmtree(self.directory, ignore_errors=True)


@dataclass(frozen=True)
class FolderWard:
    """A folder of temporary files."""

    kind: ClassVar[str] = "folder"
    directory: str

    def clean(self) -> None:
        """Delete it."""
        shutil.rmtree(self.directory, ignore_errors=True)


@dataclass(frozen=True)
class ContainerWard:
    """A container, known by its name before it exists, and the folder that is mounted in it."""

    kind: ClassVar[str] = "container"
    name: str
    directory: str

    def clean(self) -> None:
        """Remove both; waits a little, since the daemon may still be creating the container."""
        remove_container(self.name, seconds=5)
        shutil.rmtree(self.directory, ignore_errors=True)


@dataclass(frozen=True)
class DatabaseWard:
    """A database on a server that is not ours, under the name that it was created with or has."""

    kind: ClassVar[str] = "database"
    host: str
    port: int
    user: str
    maintenance: str
    name: str
    staging: str
    marker: str
    password: str | None = field(default=None, repr=False)

    def clean(self) -> None:
        """Drop it if it carries the marker of its run, and what was still being made for it."""
        try:
            with self._connect() as connection:
                self._end_creation(connection)
                ours = {"name": self.name, "staging": self.staging, "marker": self.marker}
                for (name,) in connection.execute(_OURS, ours).fetchall():
                    drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
                    connection.execute(drop.format(sql.Identifier(name)))
        except psycopg.Error as error:
            sys.stderr.write(
                f"shadowgate: database {self.name} may be left on {self.host}:{self.port}, "
                f"drop it yourself: {error}\n"
            )

    def _connect(self) -> Connection:
        return psycopg.connect(
            host=self.host,
            port=self.port,
            user=self.user,
            password=self.password,
            dbname=self.maintenance,
            autocommit=True,
            connect_timeout=10,
        )

    def _end_creation(self, connection: Connection) -> None:
        """A server does not notice at once that who asked for a database is gone."""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            if not connection.execute(_CREATING, (self.staging,)).fetchall():
                return
            time.sleep(0.2)


WARDS: Mapping[str, Any] = {
    ward.kind: ward for ward in (ClusterWard, ContainerWard, DatabaseWard, FolderWard)
}


def to_message(ward: Ward) -> dict[str, Any]:
    """A ward as plain data."""
    return {"kind": ward.kind, **asdict(ward)}  # type: ignore[call-overload]


def from_message(message: Mapping[str, Any]) -> Ward:
    """The ward that :func:`to_message` wrote."""
    fields = dict(message)
    ward: Ward = WARDS[fields.pop("kind")](**fields)
    return ward


def stop_processes(directory: Path, *, seconds: float) -> None:
    """Stop the PostgreSQL processes that work inside a directory, postmasters first.

    ``SIGQUIT`` is an immediate shutdown: it releases shared memory, which ``SIGKILL`` does not.
    What still runs after ``seconds`` is killed.
    """
    deadline = time.monotonic() + seconds
    while processes := _processes_in(directory):
        for process in processes:
            _end(process, hard=time.monotonic() > deadline)
        time.sleep(0.1)


def _processes_in(directory: Path) -> list[psutil.Process]:
    inside = str(directory)
    return [
        process
        for process in psutil.process_iter(["name", "cmdline", "cwd", "status"])
        if process.info["name"] in ("postgres", "initdb")
        and process.info["status"] != psutil.STATUS_ZOMBIE
        and any(
            text.startswith(inside)
            for text in (process.info["cwd"] or "", *(process.info["cmdline"] or ()))
        )
    ]


def _end(process: psutil.Process, *, hard: bool) -> None:
    try:
        if hard:
            process.kill()
        else:
            process.send_signal(3)
    except psutil.NoSuchProcess:
        return
