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
from shadowgate.server.databases import Databases
from shadowgate.server.log import ServerLog
from shadowgate.server.opening import open_server
from shadowgate.server.space import require_space

__all__ = [
    "CLEANER",
    "OLDEST_MAJOR",
    "ClientTools",
    "Connection",
    "Database",
    "Databases",
    "Server",
    "ServerFacts",
    "ServerLog",
    "open_server",
    "require_space",
]
