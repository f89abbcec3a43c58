"""The containers of a disturbed run."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from docker import DockerClient
from docker.models.containers import Container

from shadowgate.server.docker_daemon import connect_docker


def containers_of(folder: Path) -> list[str]:
    """Names of the containers, running or not, that have a mount in a folder."""
    with closing(connect_docker()) as client:
        return [str(each.name) for each in _those_of(client, folder)]


def to_container_of(folder: Path, do: Callable[[Container], object]) -> None:
    """Do something to the container that has a mount in a folder."""
    with closing(connect_docker()) as client:
        (found,) = _those_of(client, folder)
        do(found)


def _those_of(client: DockerClient, folder: Path) -> list[Container]:
    return [
        each
        for each in client.containers.list(all=True, ignore_removed=True)
        if any(Path(mount["Source"]).is_relative_to(folder) for mount in each.attrs["Mounts"])
    ]
