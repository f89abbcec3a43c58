"""The local cluster that whoever started this process lends to it.

A run in a process of its own asks over a socket that it inherits; :mod:`shadowgate.server.lending`
answers.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from shadowgate.progress import Progress
from shadowgate.server.base import Endpoint, Server, ServerKind
from shadowgate.server.binaries import Installation
from shadowgate.server.facts import read_facts
from shadowgate.server.local import tools_of
from shadowgate.server.tools import HostTools

VARIABLE = "SHADOWGATE_LENDER"
"""Environment variable with the number of the socket that a run has inherited."""


@dataclass(frozen=True)
class Wanted:
    """What decides which cluster a run makes."""

    major: int | None
    postgis: bool
    archive_of: int | None
    room_bytes: int | None

    def serves(self, other: Wanted) -> bool:
        """Whether a cluster that was made for this is what another run would make."""
        same = (self.major, self.postgis, self.archive_of) == (
            other.major,
            other.postgis,
            other.archive_of,
        )
        return same and (other.room_bytes or 0) <= (self.room_bytes or 0)


class LentServer(Server):
    """A cluster that another process of ours has made for this run and others, one at a time."""

    kind: ServerKind = "local"
    owned = True

    def __init__(
        self,
        installation: Installation,
        archive_of: int | None,
        directory: Path,
        endpoint: Endpoint,
        lender: socket.socket,
    ) -> None:
        self._directory = directory
        self._lender: socket.socket | None = lender
        self.endpoint = endpoint
        self.tools = HostTools(tools_of(installation, archive_of), endpoint)
        self.facts = read_facts(
            self, f"local cluster in {directory}, binaries in {installation.bindir}"
        )

    def free_bytes(self) -> int:
        """Free space where the cluster lies, in bytes."""
        return shutil.disk_usage(self._directory).free

    def close(self) -> None:
        """Give it back. Safe to call twice."""
        if self._lender is not None:
            with suppress(OSError):
                self._lender.sendall(b"null\n")
            self._lender.close()
            self._lender = None


def borrowed(installation: Installation, wanted: Wanted, progress: Progress) -> LentServer | None:
    """The cluster that whoever started this process lends; ``None`` if nobody does."""
    number = os.environ.pop(VARIABLE, "")
    if not number:
        return None
    lender = socket.socket(fileno=int(number))
    os.set_inheritable(lender.fileno(), False)
    progress("server: asking for the one of the batch")
    with lender.makefile("rw", encoding="utf-8") as link:
        link.write(f"{json.dumps(asdict(wanted))}\n")
        link.flush()
        found = json.loads(link.readline() or "null")
    if found is None:
        lender.close()
        return None
    endpoint = Endpoint(**found["endpoint"])
    return LentServer(installation, wanted.archive_of, Path(found["directory"]), endpoint, lender)
