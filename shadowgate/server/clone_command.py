"""A command of the user's that clones a database, for storage that does it without copying files.

It gets the names in its environment and has to leave a database of the new name on the same
server: both sides of a comparison are measured on one. Everything else (its marker, the name that
it is known by, that it is dropped) is done as for any other.
"""

from __future__ import annotations

import os
import shlex
import subprocess
from dataclasses import dataclass
from pathlib import Path

from shadowgate.errors import PlanError, ServerError
from shadowgate.language import sentence
from shadowgate.server.base import Endpoint
from shadowgate.server.tools import connection_environment

SOURCE, NAME = "SHADOWGATE_CLONE_SOURCE", "SHADOWGATE_CLONE_NAME"
"""Environment variables: the database that there is, and the one to make of it."""

_SHOWN = 500


@dataclass(frozen=True)
class CloneCommand:
    """``[server] clone`` of a plan."""

    text: str
    folder: Path
    """Where it runs: that of the plan."""

    def __post_init__(self) -> None:
        try:
            empty = not shlex.split(self.text)
        except ValueError as error:
            raise PlanError(
                sentence("[server] clone cannot be read: {error}", error=error),
                where=self.text,
            ) from None
        if empty:
            raise PlanError("[server] clone names no command", todo="name one, or take it out")

    def run(self, endpoint: Endpoint, maintenance: str, source: str, name: str) -> None:
        """Have it clone a database.

        Args:
            endpoint: the server, told in libpq's environment variables, password included.
            maintenance: the database to connect to.
            source: the database to clone; not to be written.
            name: the database to make.

        Raises:
            ServerError: it cannot be started, or does not end with 0.
        """
        environment = {
            **os.environ,
            **connection_environment(endpoint, maintenance),
            SOURCE: source,
            NAME: name,
        }
        try:
            done = subprocess.run(
                shlex.split(self.text),
                cwd=self.folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                check=False,
            )
        except OSError as error:
            raise self._failed(f"cannot be started: {error.strerror}", "") from None
        if done.returncode:
            said = (done.stderr or done.stdout).strip()
            if endpoint.password:
                said = said.replace(endpoint.password, "***")
            raise self._failed(f"ended with {done.returncode}", said[-_SHOWN:])

    def _failed(self, how: str, said: str) -> ServerError:
        program = shlex.split(self.text)[0]
        return ServerError(
            sentence("the command of [server] clone {how}", how=how),
            where=f"{program}: {said}" if said else program,
            todo=sentence(
                "see what it says; it has to make the database that the variable "
                "{name} names of the one in {source}, on the server that PGHOST "
                "and PGPORT name",
                name=NAME,
                source=SOURCE,
            ),
        )
