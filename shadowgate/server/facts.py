"""What is read of a server when it is opened: versions, PostGIS and the settings that matter."""

from __future__ import annotations

import psycopg

from shadowgate.errors import ServerError
from shadowgate.language import sentence
from shadowgate.server.base import Database, Endpoint, Server, ServerFacts
from shadowgate.server.binaries import OLDEST_MAJOR

SETTINGS_THAT_MATTER = (
    "shared_buffers",
    "effective_cache_size",
    "work_mem",
    "maintenance_work_mem",
    "fsync",
    "synchronous_commit",
    "full_page_writes",
    "wal_level",
    "max_wal_size",
    "checkpoint_timeout",
    "random_page_cost",
    "effective_io_concurrency",
    "jit",
    "autovacuum",
    "max_parallel_workers",
    "max_parallel_workers_per_gather",
    "max_connections",
    "shared_preload_libraries",
    "server_encoding",
    "logging_collector",
    "log_directory",
    "log_filename",
    "TimeZone",
)
"""Those that decide how fast queries run, what survives a crash, and what the log shows."""

_SETTINGS = """
SELECT name, pg_catalog.current_setting(name)
FROM pg_catalog.pg_settings
WHERE name = ANY (%s)
ORDER BY name
"""

_POSTGIS = """
SELECT default_version FROM pg_catalog.pg_available_extensions WHERE name = 'postgis'
"""


def read_facts(server: Server, where: str) -> ServerFacts:
    """Read the facts of a server that is started and has its tools.

    Args:
        server: the server.
        where: where it runs, in words.

    Raises:
        ServerError: it is too old.
    """
    with server.maintenance.connect() as connection:
        version_num = connection.info.server_version
        require_version(version_num, where)
        version = connection.execute("SHOW server_version").fetchone()
        postgis = connection.execute(_POSTGIS).fetchone()
        settings = connection.execute(_SETTINGS, (list(SETTINGS_THAT_MATTER),)).fetchall()
    assert version is not None  # noqa: S101  SHOW always answers with one row
    return ServerFacts(
        kind=server.kind,
        version=version[0],
        version_num=version_num,
        postgis=postgis[0] if postgis else "",
        tools_version=server.tools.version,
        settings=dict(settings),
        where=where,
    )


def require_version(version_num: int, where: str) -> None:
    """Refuse a server that is too old.

    Raises:
        ServerError: it is older than PostgreSQL 14.
    """
    if version_num // 10000 < OLDEST_MAJOR:
        raise ServerError(
            sentence(
                "PostgreSQL {version_num} is too old: {oldest_major} or newer is needed",
                version_num=version_num // 10000,
                oldest_major=OLDEST_MAJOR,
            ),
            where=where,
            todo="name a newer server, or run with --server auto",
        )


def accepts_connections(endpoint: Endpoint) -> bool:
    """Whether the server has started so far that it takes connections."""
    try:
        Database(endpoint, "postgres").connect().close()
    except psycopg.OperationalError:
        return False
    return True
