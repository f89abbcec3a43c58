"""Where PostGIS runs: a container, a local ephemeral cluster or an external server."""

from shadowgate.server.base import (
    ClientTools,
    Connection,
    Database,
    Endpoint,
    Server,
    ServerFacts,
    ServerKind,
    ToolResult,
)
from shadowgate.server.opening import open_server

__all__ = [
    "ClientTools",
    "Connection",
    "Database",
    "Endpoint",
    "Server",
    "ServerFacts",
    "ServerKind",
    "ToolResult",
    "open_server",
]
