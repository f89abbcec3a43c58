"""The containers of a disturbed run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from docker import DockerClient
from docker.models.containers import Container

from shadowgate.errors import ServerError
from shadowgate.server.docker_daemon import connect_docker


def daemon_answers() -> bool:
    """Whether there is a Docker daemon to start containers with."""
    try:
        connect_docker().close()
    except ServerError:
        return False
    return True


def containers_of(folder: Path) -> list[str]:
    """Names of the containers, running or not, that have a mount in a folder."""
    with _client() as client:
        return [str(each.name) for each in _those_of(client, folder)]


def to_container_of(folder: Path, do: Callable[[Container], object]) -> None:
    """Do something to the container that has a mount in a folder."""
    with _client() as client:
        (found,) = _those_of(client, folder)
        do(found)


def _those_of(client: DockerClient, folder: Path) -> list[Container]:
    return [
        each
        for each in client.containers.list(all=True, ignore_removed=True)
        if any(Path(mount["Source"]).is_relative_to(folder) for mount in each.attrs["Mounts"])
    ]


@contextmanager
def _client() -> Iterator[DockerClient]:
    client = connect_docker()
    try:
        yield client
    finally:
        client.close()
