"""psql, pg_dump and pg_restore of this machine, for servers that are not in a container."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from shadowgate.errors import ToolError
from shadowgate.language import sentence
from shadowgate.server.base import Endpoint, Program, ToolResult
from shadowgate.server.binaries import Installation, installations, tools_for

_POINTING_ELSEWHERE = frozenset(
    {
        "PGHOST",
        "PGHOSTADDR",
        "PGPORT",
        "PGUSER",
        "PGPASSWORD",
        "PGDATABASE",
        "PGSERVICE",
        "PGOPTIONS",
    }
)
"""libpq's variables that must not decide; those for TLS, such as PGSSLMODE, may."""


class HostTools:
    """The client tools in one directory of this machine, pointed at one server."""

    def __init__(self, installation: Installation, endpoint: Endpoint) -> None:
        self._installation = installation
        self._endpoint = endpoint

    @property
    def version(self) -> int:
        """Version of the tools as ``server_version_num`` counts."""
        return self._installation.version_num

    def run(
        self,
        program: Program,
        arguments: Sequence[str],
        *,
        database: str | None,
        files: Mapping[str, Path] | None = None,
    ) -> ToolResult:
        """Run a tool and wait for it; see :class:`shadowgate.server.base.ClientTools`."""
        paths = {name: str(path.resolve()) for name, path in (files or {}).items()}
        command = [str(self._installation.bindir / program), *fill_in(arguments, paths)]
        try:
            done = subprocess.run(
                command,
                env={**_plain_environment(), **connection_environment(self._endpoint, database)},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                check=False,
            )
        except OSError as error:
            raise ToolError(
                sentence(
                    "{program} cannot be started: {reason}",
                    program=program,
                    reason=error.strerror,
                ),
                where=command[0],
                todo="install the PostgreSQL client tools again",
            ) from error
        return ToolResult(
            done.returncode,
            done.stdout.decode("utf-8", "replace"),
            done.stderr.decode("utf-8", "replace"),
        )


def find_host_tools(server_version_num: int, archive_of: int | None = None) -> Installation:
    """The client tools of this machine that fit a server best; see :func:`tools_for`.

    Raises:
        ToolError: there are none, or all are of an older major version.
    """
    major = server_version_num // 10000
    found = [one for one in installations() if one.has_client_tools]
    fitting = tools_for(found, major, archive_of)
    if fitting is not None:
        return fitting
    have = ", ".join(f"{one.major} in {one.bindir}" for one in found) or "none"
    raise ToolError(
        sentence(
            "client tools not older than the server (PostgreSQL {major}) were not found",
            major=major,
        ),
        where=sentence("found: {have}", have=have),
        todo=sentence(
            "install them: apt-get install postgresql-client-{major}, or brew install libpq",
            major=major,
        ),
    )


def fill_in(arguments: Sequence[str], paths: Mapping[str, str]) -> list[str]:
    """Replace ``{name}`` in the arguments by its path; other braces stay as they are."""
    filled = list(arguments)
    for name, path in paths.items():
        filled = [argument.replace(f"{{{name}}}", path) for argument in filled]
    return filled


def connection_environment(endpoint: Endpoint, database: str | None) -> dict[str, str]:
    """The libpq variables for one database; none if ``database`` is ``None``."""
    if database is None:
        return {}
    variables = {
        "PGHOST": endpoint.host,
        "PGPORT": str(endpoint.port),
        "PGUSER": endpoint.user,
        "PGDATABASE": database,
        "PGCONNECT_TIMEOUT": "10",
        "PGCLIENTENCODING": "UTF8",
    }
    if endpoint.password is not None:
        variables["PGPASSWORD"] = endpoint.password
    return variables


def _plain_environment() -> dict[str, str]:
    """Our environment without what would point elsewhere, and with untranslated messages."""
    kept = {name: value for name, value in os.environ.items() if name not in _POINTING_ELSEWHERE}
    return {**kept, "LC_ALL": "C"}
