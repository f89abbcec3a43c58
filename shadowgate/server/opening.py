"""Opening a server of the kind that was asked for."""

from __future__ import annotations

from collections.abc import Mapping

from shadowgate.errors import ServerError, UsageError
from shadowgate.language import sentence
from shadowgate.progress import Progress, silent
from shadowgate.server.base import Server
from shadowgate.server.binaries import (
    OLDEST_MAJOR,
    Installation,
    installations,
    server_for,
)
from shadowgate.server.borrowing import Wanted, borrowed
from shadowgate.server.docker_daemon import docker_error
from shadowgate.server.external import ExternalServer
from shadowgate.server.local import LocalServer

CHOICES = ("auto", "container", "local", "postgresql://user@host:port/postgres")


def open_server(
    choice: str = "auto",
    *,
    image: str | None = None,
    settings: Mapping[str, str] | None = None,
    room_bytes: int | None = None,
    major: int | None = None,
    postgis: bool = True,
    archive_of: int | None = None,
    shadow: str = "",
    progress: Progress = silent,
) -> Server:
    """Open a server; the caller closes it.

    Args:
        choice: ``container``, ``local``, a ``postgresql://`` URI, or ``auto``: a container if a
            Docker daemon answers, else a local cluster.
        image: image of the container, instead of our own.
        settings: server settings that win over those for this machine; an external server is
            taken as it is.
        room_bytes: space that the databases will need; a cluster of ours lies in memory if that
            has plenty of it.
        major: production's major version, if it is known: a local cluster is of that one, or of
            the nearest that there is.
        postgis: take a local cluster that has PostGIS if there is one; whether the server has it
            is in its facts.
        archive_of: major version of the pg_dump that wrote the archive to restore, if there is one:
            client tools are taken that can read it.
        shadow: URI of a database to clone, whose server is taken whatever the choice.
        progress: told of every step.

    Raises:
        UsageError: ``choice`` is none of these.
        ServerError: there is no server of that kind; says how to get one.
        ToolError: the client tools are missing or older than the server.
    """
    if shadow:
        return ExternalServer(shadow, option="--shadow", progress=progress)
    if choice.startswith(("postgresql://", "postgres://")):
        return ExternalServer(choice, archive_of=archive_of, progress=progress)
    if choice not in ("auto", "container", "local"):
        raise UsageError(
            sentence("--server {choice}: no such kind of server", choice=choice),
            todo=sentence("use one of: {choices}", choices=", ".join(CHOICES)),
        )
    no_docker = docker_error() if choice == "auto" else None
    if choice == "container" or (choice == "auto" and no_docker is None):
        # Importing testcontainers takes a while, and only those who use containers have to wait.
        from shadowgate.server.container import ContainerServer  # noqa: PLC0415

        return ContainerServer(
            image=image, settings=settings, room_bytes=room_bytes, progress=progress
        )
    installation = _require_installation(major, no_docker, postgis=postgis)
    if settings is None:
        wanted = Wanted(major, postgis, archive_of, room_bytes)
        if (server := borrowed(installation, wanted, progress)) is not None:
            return server
    return LocalServer(
        installation,
        settings=settings,
        room_bytes=room_bytes,
        archive_of=archive_of,
        progress=progress,
    )


def _require_installation(
    major: int | None, no_docker: ServerError | None, *, postgis: bool
) -> Installation:
    """Binaries for a local cluster; the error says so if there is no Docker either."""
    found = installations()
    installation = server_for(found, major=major, postgis=postgis)
    if installation is not None:
        return installation
    have = ", ".join(str(one.bindir) for one in found) or "none"
    how = (
        "apt-get install postgresql (Debian; postgresql-postgis with PostGIS), brew install"
        " postgresql (macOS; brew install postgis with PostGIS)"
    )
    if no_docker is None:
        raise ServerError(
            sentence(
                "no PostgreSQL server binaries of version {oldest_major} or newer "
                "were found on this machine",
                oldest_major=OLDEST_MAJOR,
            ),
            where=sentence("PostgreSQL installations found: {have}", have=have),
            todo=sentence("install them: {how}; or run with --server container", how=how),
        )
    raise ServerError(
        sentence(
            "no server is to be had on this machine: no Docker daemon answers, "
            "and there are no PostgreSQL server binaries of version "
            "{oldest_major} or newer",
            oldest_major=OLDEST_MAJOR,
        ),
        where=no_docker.where,
        todo=sentence(
            "start Docker, or install PostgreSQL: {how}, or name a server: "
            "--server postgresql://user@host:port/postgres",
            how=how,
        ),
    )
