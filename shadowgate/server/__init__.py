"""Where PostgreSQL runs: a container, a local ephemeral cluster or an external server."""

from shadowgate.server.base import (
    CLEANER,
    ClientTools,
    Connection,
    Database,
    Server,
    ServerFacts,
)
from shadowgate.server.binaries import OLDEST_MAJOR
from shadowgate.server.clone_command import CloneCommand
from shadowgate.server.databases import Databases, clones_files
from shadowgate.server.log import ServerLog
from shadowgate.server.opening import open_server
from shadowgate.server.space import require_space

__all__ = [
    "CLEANER",
    "OLDEST_MAJOR",
    "ClientTools",
    "CloneCommand",
    "Connection",
    "Database",
    "Databases",
    "Server",
    "ServerFacts",
    "ServerLog",
    "clones_files",
    "open_server",
    "require_space",
]
