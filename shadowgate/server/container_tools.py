"""psql, pg_dump and pg_restore of a container, so that a machine with Docker alone suffices."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from docker import APIClient
from docker.errors import DockerException

from shadowgate.errors import ToolError
from shadowgate.language import sentence
from shadowgate.server.base import PROGRAMS, Endpoint, Program, ToolResult
from shadowgate.server.binaries import version_number
from shadowgate.server.tools import connection_environment, fill_in

_EXCHANGE = "/exchange"


class ContainerTools:
    """The client tools inside one container.

    Files reach them through a folder that is mounted as ``/exchange``: what exists is linked in
    (or copied, from another file system), what a tool writes is moved out.
    """

    def __init__(
        self, api: APIClient, container: str, *, exchange: Path, user: str, endpoint: Endpoint
    ) -> None:
        """Find out their version.

        Args:
            api: the Docker daemon.
            container: id of the container that they are in.
            exchange: the folder on the host that is mounted as ``/exchange``.
            user: numeric ``uid:gid`` that they run as.
            endpoint: the server as seen from the host.

        Raises:
            ToolError: the container lacks one of them.
        """
        self._container = container
        self._api = api
        self._exchange = exchange
        self._user = user
        self._endpoint = replace(endpoint, host="127.0.0.1", port=5432)
        self.version = min(self._version_of(program) for program in PROGRAMS)

    def run(
        self,
        program: Program,
        arguments: Sequence[str],
        *,
        database: str | None,
        files: Mapping[str, Path] | None = None,
    ) -> ToolResult:
        """Run a tool and wait for it; see :class:`shadowgate.server.base.ClientTools`."""
        outside = files or {}
        with tempfile.TemporaryDirectory(dir=self._exchange) as folder:
            inside = {name: Path(folder) / name / path.name for name, path in outside.items()}
            written = _hand_in(outside, inside)
            result = self.execute(
                [program, *fill_in(arguments, {n: self._seen(p) for n, p in inside.items()})],
                environment=connection_environment(self._endpoint, database),
            )
            for name in written:
                if inside[name].exists():
                    shutil.move(inside[name], outside[name])
        return result

    def execute(self, command: Sequence[str], *, environment: Mapping[str, str]) -> ToolResult:
        """Run a command in the container; secrets belong in its environment."""
        try:
            started = self._api.exec_create(
                self._container,
                list(command),
                user=self._user,
                environment={"HOME": "/tmp", "LC_ALL": "C", **environment},  # noqa: S108
            )
            stdout, stderr = self._api.exec_start(started["Id"], demux=True)
            status = self._api.exec_inspect(started["Id"])["ExitCode"]
        except DockerException as error:
            raise ToolError(
                sentence(
                    "{command} cannot be started in the container: {error}",
                    command=command[0],
                    error=error,
                ),
                where=sentence("container {container}", container=self._container),
                todo="see whether it still runs: docker ps",
            ) from None
        return ToolResult(status, _text(stdout), _text(stderr))

    def _seen(self, path: Path) -> str:
        return f"{_EXCHANGE}/{path.relative_to(self._exchange)}"

    def _version_of(self, program: Program) -> int:
        said = self.execute([program, "--version"], environment={})
        version = version_number(said.stdout)
        if said.status != 0 or version is None:
            raise ToolError(
                sentence("{program} is missing in the container", program=program),
                where=sentence(
                    "container {container}: {stdout}{stderr}",
                    container=self._container,
                    stdout=said.stdout,
                    stderr=said.stderr,
                ).strip(),
                todo="use an image that has the PostgreSQL client tools, such as postgis/postgis",
            )
        return version


def _hand_in(files: Mapping[str, Path], inside: Mapping[str, Path]) -> list[str]:
    """Put what exists into the exchange folder; return the names of what a tool will write."""
    written = []
    for name, path in files.items():
        inside[name].parent.mkdir()
        if path.is_dir():
            shutil.copytree(path, inside[name], copy_function=_link)
        elif path.exists():
            _link(path, inside[name])
        else:
            written.append(name)
    return written


def _link(source: str | Path, target: str | Path) -> None:
    """Link a file, or copy it where it may not be linked: other file system, not our own file."""
    try:
        os.link(Path(source).resolve(), target)
    except OSError:
        shutil.copyfile(source, target)


def _text(stream: bytes | None) -> str:
    return (stream or b"").decode("utf-8", "replace")
