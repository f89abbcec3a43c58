"""How what a dead run left is removed; the guardian imports this when there is something."""

from __future__ import annotations

import shutil
import sys
import time
from pathlib import Path
from typing import assert_never

import psutil
import psycopg
from psycopg import sql

from shadowgate.cleanup.resources import (
    ClusterResource,
    ContainerResource,
    DatabaseResource,
    FolderResource,
    Resource,
)
from shadowgate.server.base import Connection, Database, Endpoint
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


_RECOVERY_SECONDS = 45.0
_SILENCE_SECONDS = 10.0

_WAITING_SINCE: dict[Endpoint, float] = {}
"""Server -> since when it is waited for, for all its databases together."""


def clean(resource: Resource) -> None:
    """Remove a resource; nothing happens if it does not exist."""
    match resource:
        case ClusterResource(directory):
            # Found by what they work on and not by their ids: it does not matter whether initdb
            # or postgres was running, nor who started it.
            stop_processes(Path(directory), seconds=10)
            shutil.rmtree(directory, ignore_errors=True)
        case ContainerResource(name, directory):
            # The daemon may still be creating it.
            remove_container(name, seconds=5)
            shutil.rmtree(directory, ignore_errors=True)
        case DatabaseResource():
            _drop(resource)
        case FolderResource(directory):
            shutil.rmtree(directory, ignore_errors=True)
        case _:
            assert_never(resource)


def _drop(resource: DatabaseResource) -> None:
    """Drop it if it carries the marker of its run, and what was still being made for it."""
    try:
        endpoint = Endpoint(resource.host, resource.port, resource.user, resource.password)
        with _connected(Database(endpoint, resource.maintenance)) as connection:
            _end_creation(connection, resource.staging)
            ours = {"name": resource.name, "staging": resource.staging, "marker": resource.marker}
            for (name,) in connection.execute(_OURS, ours).fetchall():
                drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
                connection.execute(drop.format(sql.Identifier(name)))
    except psycopg.Error as error:
        sys.stderr.write(
            f"shadowgate: database {resource.name} may be left on {resource.host}:{resource.port};"
            f" the next run there drops it, or drop it yourself: {error}\n"
        )


def _connected(database: Database) -> Connection:
    """A session, also on a server that is just recovering from what ended the run.

    Raises:
        psycopg.OperationalError: it does not take connections in time.
    """
    at = database.endpoint
    while True:
        try:
            return database.connect()
        except psycopg.OperationalError as error:
            # One that answers, such as that it is recovering or full, will let us in sooner or
            # later; one that does not may be gone for good.
            patience = _RECOVERY_SECONDS if "FATAL" in str(error) else _SILENCE_SECONDS
            if time.monotonic() > _WAITING_SINCE.setdefault(at, time.monotonic()) + patience:
                raise
            time.sleep(0.2)


def _end_creation(connection: Connection, staging: str) -> None:
    """A server does not notice at once that who asked for a database is gone."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if not connection.execute(_CREATING, (staging,)).fetchall():
            return
        time.sleep(0.2)


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
