"""Where PostGIS runs: a container, a local ephemeral cluster or an external server."""

from shadowgate.server.base import (
    CLEANER,
    ClientTools,
    Connection,
    Database,
    Endpoint,
    Server,
    ServerFacts,
    ServerKind,
    ToolResult,
)
from shadowgate.server.databases import Databases
from shadowgate.server.log import LogPosition, ServerLog
from shadowgate.server.opening import open_server
from shadowgate.server.space import require_space

__all__ = [
    "CLEANER",
    "ClientTools",
    "Connection",
    "Database",
    "Databases",
    "Endpoint",
    "LogPosition",
    "Server",
    "ServerFacts",
    "ServerKind",
    "ServerLog",
    "ToolResult",
    "open_server",
    "require_space",
]
