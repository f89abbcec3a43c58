"""A PostGIS container that this run starts and removes."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
import uuid
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import IO

import psutil
from docker.errors import DockerException
from testcontainers.core.config import testcontainers_config
from testcontainers.core.container import DockerContainer

from shadowgate.cleanup import Guardian
from shadowgate.cleanup.claims import claim
from shadowgate.cleanup.resources import ContainerResource
from shadowgate.errors import ServerError
from shadowgate.language import sentence
from shadowgate.progress import Progress, silent
from shadowgate.server.base import CLEANER, Endpoint, Server, ServerKind
from shadowgate.server.container_tools import ContainerTools
from shadowgate.server.docker_daemon import (
    connect_docker,
    remove_container,
    require_built,
    require_image,
)
from shadowgate.server.facts import accepts_connections, read_facts
from shadowgate.server.scram import random_password, verifier
from shadowgate.server.settings import (
    configuration_lines,
    shadow_settings,
    with_library,
    with_pg_cron,
)
from shadowgate.server.space import fits_memory

IMAGE_NAME = "shadowgate-postgis"
IMAGE_FOLDER = Path(__file__).with_name("image")

_USER = "postgres"
_PORT = "5432/tcp"
_DATA = "/var/lib/shadow"
"""Where our own image keeps its cluster."""

_CONFIGURATION = "/etc/shadowgate.conf"
_START_SECONDS = 120.0
_POSTGIS_LIBRARY = "postgis-3"
"""As our image has it, of PostGIS 3 from Debian."""


class ContainerServer(Server):
    """A container of this run; see :class:`shadowgate.server.base.Server`.

    The image keeps the contract of the official one: ``POSTGRES_PASSWORD`` in its environment, the
    server's command line as its command. The settings come as a file, so that ``ALTER SYSTEM`` can
    still override them, as it can in a local cluster.
    """

    kind: ServerKind = "container"
    owned = True

    def __init__(
        self,
        *,
        image: str | None = None,
        settings: Mapping[str, str] | None = None,
        room_bytes: int | None = None,
        progress: Progress = silent,
    ) -> None:
        """Start it, building or pulling its image first where needed.

        Args:
            image: another image than our own, such as ``postgis/postgis:16-3.4``.
            settings: server settings that win over those for this machine.
            room_bytes: space that the databases will need, all together. If it is known and memory
                has plenty of it, the cluster in our own image lies there.
            progress: told of every step.

        Raises:
            ServerError: no daemon, no image, or the server in it does not start.
        """
        client = connect_docker()
        self._client = client
        name = f"shadowgate-{uuid.uuid4().hex[:12]}"
        self._directory = Path(tempfile.gettempdir()).resolve() / name
        self._resource = ContainerResource(name, str(self._directory))
        self._container: DockerContainer | None = None
        self._claim: IO[str] | None = None
        self._guardian = Guardian(CLEANER)
        try:
            self._guardian.protect(self._resource)
            is_ours = image is None
            if image is None:
                image = require_built(client, IMAGE_FOLDER, IMAGE_NAME, progress)
            else:
                require_image(client, image, progress)
            self._image = image
            self._directory.mkdir(mode=0o700)
            self._claim = claim(self._directory, self._resource)
            self._write_configuration(settings or {}, room_bytes, is_ours=is_ours)
            in_memory = is_ours and room_bytes is not None and self._has_memory(room_bytes)
            progress(f"server: starting a container of {image}")
            self.endpoint = self._start(name, in_memory=in_memory)
            self.tools = self._find_tools()
            self.facts = read_facts(
                self, f"container of {self._image} on 127.0.0.1:{self.endpoint.port}"
            )
        except BaseException:
            self.close()
            raise

    def free_bytes(self) -> int:
        """Free space on the disk of the container's data, in bytes."""
        with self.maintenance.connect() as connection:
            found = connection.execute("SHOW data_directory").fetchone()
        assert found is not None  # noqa: S101  SHOW always answers with one row
        assert self._container is not None  # noqa: S101  nor does a closed server
        listed = self._container.exec(["df", "-P", "-k", found[0]])
        return int(listed.output.decode().splitlines()[-1].split()[3]) * 1024

    def close(self) -> None:
        """Remove the container and what it wrote. Safe to call twice."""
        with ExitStack() as stack:
            stack.callback(self._guardian.close)
            stack.callback(self._guardian.release, self._resource)
            if self._claim is not None:
                stack.callback(self._claim.close)
            stack.callback(shutil.rmtree, self._directory, ignore_errors=True)
            stack.callback(self._client.close)
            if self._container is not None:
                stack.callback(self._container.get_docker_client().client.close)
                remove_container(self._resource.name)
                self._container = None

    def _write_configuration(
        self, settings: Mapping[str, str], room_bytes: int | None, *, is_ours: bool
    ) -> None:
        (self._directory / "exchange").mkdir()
        host = self._client.info()
        disk = shutil.disk_usage(self._directory)  # the daemon's own may not be visible from here
        fitting = shadow_settings(host["MemTotal"], host["NCPU"], disk.free, room_bytes)
        fitting |= {**settings, "listen_addresses": "*"}
        if is_ours:  # who knows what another image has
            fitting = with_pg_cron(with_library(fitting, _POSTGIS_LIBRARY))
        file = self._directory / "postgresql.conf"
        file.write_text(configuration_lines(fitting))
        file.chmod(0o644)

    def _has_memory(self, room_bytes: int) -> bool:
        """Whether memory has plenty of room, here and where the daemon runs, which may be a VM."""
        free = min(self._client.info()["MemTotal"], psutil.virtual_memory().available)
        return fits_memory(room_bytes, free)

    def _start(self, name: str, *, in_memory: bool) -> Endpoint:
        """Start the container and wait until the server in it takes connections.

        Our guardian cleans up after a run that dies, so testcontainers need not start its own
        container for that, whose image would have to be pulled.
        """
        testcontainers_config.ryuk_disabled = True
        password = random_password()
        container = (
            DockerContainer(self._image)
            .with_name(name)
            .with_env("POSTGRES_PASSWORD", verifier(password))
            .with_command(["postgres", "-c", f"config_file={_CONFIGURATION}"])
            .with_volume_mapping(self._directory / "postgresql.conf", _CONFIGURATION, "ro")
            .with_volume_mapping(self._directory / "exchange", "/exchange", "rw")
            .with_kwargs(shm_size="1g")
        )
        if in_memory:
            container.tmpfs = {_DATA: "mode=1777"}  # the server's account is another one's
        container.ports = {_PORT: ("127.0.0.1",)}  # type: ignore[dict-item]  # docker takes it
        try:
            container.start()
        except (DockerException, OSError) as error:
            raise ServerError(
                sentence("a container of {image} cannot be started", image=self._image),
                where=str(error),
                todo="check that Docker works: docker run --rm hello-world; "
                "or run with --server local",
            ) from None
        finally:
            self._container = container
        return self._wait(container, password)

    def _wait(self, container: DockerContainer, password: str) -> Endpoint:
        wrapped = container.get_wrapped_container()
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            wrapped.reload()
            if wrapped.status != "running":
                break
            endpoint = _published(wrapped.ports, password)
            if endpoint is not None and accepts_connections(endpoint):
                return endpoint
            time.sleep(0.1)
        said = wrapped.logs(tail=15).decode("utf-8", "replace").replace(password, "***")
        raise ServerError(
            sentence(
                "the PostgreSQL server in a container of {image} did not start",
                image=self._image,
            ),
            where=sentence("it said:\n{said}", said=said),
            todo="name a PostGIS image that keeps the contract of the official postgres image, "
            "or run with --server local",
        )

    def _find_tools(self) -> ContainerTools:
        assert self._container is not None  # noqa: S101  it was started
        return ContainerTools(
            self._client.api,
            self._container.get_container_id(),
            exchange=self._directory / "exchange",
            user=self._tools_user(),
            endpoint=self.endpoint,
        )

    def _tools_user(self) -> str:
        """Who the tools run as, so that the files that they write are ours.

        Where the daemon is rootless, root in the container is who we are outside.
        """
        rootless = any("rootless" in option for option in self._client.info()["SecurityOptions"])
        return "0:0" if rootless else f"{os.getuid()}:{os.getgid()}"


def _published(
    ports: Mapping[str, Sequence[Mapping[str, str]] | None], password: str
) -> Endpoint | None:
    """Where the server's port appears on the host; it takes a moment to be there."""
    bindings = ports.get(_PORT)
    return (
        Endpoint("127.0.0.1", int(bindings[0]["HostPort"]), _USER, password) if bindings else None
    )
