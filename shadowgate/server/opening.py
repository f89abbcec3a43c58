"""Opening a server of the kind that was asked for."""

from __future__ import annotations

from collections.abc import Mapping

from shadowgate.errors import ServerError, UsageError
from shadowgate.progress import Progress, silent
from shadowgate.server.base import Server
from shadowgate.server.binaries import installations, with_postgis
from shadowgate.server.local import LocalServer


def open_server(
    choice: str = "auto",
    *,
    image: str | None = None,  # noqa: ARG001  for container servers
    settings: Mapping[str, str] | None = None,
    progress: Progress = silent,
) -> Server:
    """Open a PostGIS server; the caller closes it.

    Raises:
        UsageError: ``choice`` is not a kind of server.
        ServerError: there is none of that kind; says how to get one.
    """
    if choice not in ("auto", "local"):
        raise UsageError(f"--server {choice} is not a kind of server")
    installation = with_postgis(installations())
    if installation is None:
        raise ServerError(
            "no PostGIS server binaries were found on this machine",
            todo="install them: apt-get install postgresql postgis, or brew install postgis",
        )
    return LocalServer(installation, settings=settings, progress=progress)
