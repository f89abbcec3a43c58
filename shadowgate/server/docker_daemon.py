"""The Docker daemon of this machine: whether it answers, and images and containers on it."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import docker
from docker.errors import APIError, DockerException, ImageNotFound, NotFound
from docker.utils import parse_repository_tag
from requests.exceptions import RequestException

from shadowgate.errors import ServerError
from shadowgate.progress import Progress

_SHOW_EVERY = 2.0
"""Seconds between two lines of a build's output that are shown."""


def connect_docker() -> docker.DockerClient:
    """Connect to the daemon that ``docker`` itself would use.

    Raises:
        ServerError: it does not answer, or runs on another machine.
    """
    # Importing it takes a while, and only those who use containers have to wait.
    from testcontainers.core.docker_client import DockerClient  # noqa: PLC0415

    try:
        client: docker.DockerClient = DockerClient(timeout=60).client
        client.ping()
    except (DockerException, RequestException) as error:
        raise ServerError(
            "no Docker daemon answers",
            where=f"{os.environ.get('DOCKER_HOST', 'the default socket')}: {_first_cause(error)}",
            todo="start Docker, make sure that you may use it (group docker), "
            "or run with --server local",
        ) from None
    if client.api.base_url.startswith(("http://", "https://")) or "ssh" in client.api.base_url:
        raise ServerError(
            "the Docker daemon is on another machine; files and ports are shared with a local one "
            "only",
            where=client.api.base_url,
            todo="unset DOCKER_HOST, choose another docker context, or run with --server local",
        )
    return client


def docker_error() -> ServerError | None:
    """Why no Docker daemon answers; ``None`` if one does."""
    try:
        connect_docker().close()
    except ServerError as error:
        return error
    return None


def _first_cause(error: BaseException) -> BaseException:
    """The error that others were wrapped around: ``Permission denied``, not how we got there."""
    while earlier := error.__cause__ or error.__context__:
        error = earlier
    return error


def require_image(client: docker.DockerClient, image: str, progress: Progress) -> None:
    """Pull an image unless it is there.

    Raises:
        ServerError: it is neither here nor can it be pulled.
    """
    try:
        client.images.get(image)
    except ImageNotFound:
        progress(f"server: pulling {image}")
        name, tag = parse_repository_tag(image)
        pull = partial(client.api.pull, name, tag=tag or "latest", stream=True, decode=True)
        _follow(pull, progress, what=f"image {image} cannot be pulled")


def require_built(client: docker.DockerClient, folder: Path, name: str, progress: Progress) -> str:
    """Build the image of a folder unless this very content was built before; return its tag.

    The build uses the host's network, so that it reaches what the host reaches.

    Raises:
        ServerError: it cannot be built; the message ends with what the build said.
    """
    if not folder.is_dir():
        raise ServerError(
            "the files that the image is built from are not here",
            where=str(folder),
            todo="run from a checkout of shadowgate, or name an image with --postgis-image",
        )
    tag = f"{name}:{folder_hash(folder)}"
    try:
        client.images.get(tag)
    except ImageNotFound:
        progress(f"server: building image {tag} (once; a minute or two)")
        build = partial(client.api.build, path=str(folder), tag=tag, rm=True, forcerm=True)
        _follow(
            partial(build, network_mode="host", decode=True),
            progress,
            what=f"image {tag} cannot be built",
        )
    return tag


def folder_hash(folder: Path) -> str:
    """Twelve hexadecimal digits that change with any name or content in a folder."""
    digest = hashlib.sha256()
    for file in sorted(folder.iterdir()):
        digest.update(f"{file.name}\0{file.stat().st_size}\0".encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()[:12]


def remove_container(name: str, *, seconds: float = 0.0) -> None:
    """Remove a container and its volumes; waits up to ``seconds`` for it to appear."""
    deadline = time.monotonic() + seconds
    client = connect_docker()
    try:
        while True:
            try:
                client.containers.get(name).remove(force=True, v=True)
            except NotFound:
                if time.monotonic() > deadline:
                    return
                time.sleep(0.5)
            except APIError as error:
                if error.status_code != 409:  # it is being removed already
                    raise
                time.sleep(0.5)
            else:
                return
    finally:
        client.close()


def _follow(
    begin: Callable[[], Iterable[Mapping[str, Any]]], progress: Progress, *, what: str
) -> None:
    """Begin a pull or build and show its steps, and now and then a line of their output."""
    shown = time.monotonic()
    said: list[str] = []
    try:
        for event in begin():
            if "error" in event:
                raise ServerError(
                    what, where="\n".join([*said[-5:], event["error"]]), todo=_OTHER_WAYS
                )
            line = str(event.get("stream") or event.get("status") or "").strip()
            if not line:
                continue
            said.append(line)
            if line.startswith("Step ") or time.monotonic() - shown > _SHOW_EVERY:
                shown = time.monotonic()
                progress(f"server: {line.splitlines()[-1][:100]}")
    except DockerException as error:
        raise ServerError(what, where=str(error), todo=_OTHER_WAYS) from None


_OTHER_WAYS = (
    "check the connection to the registry and to the package servers, "
    "name an image that is there with --postgis-image, or run with --server local"
)
