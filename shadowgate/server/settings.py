"""Server settings that suit a shadow: a throw-away server on which queries are timed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

import psutil

_MIB = 1024 * 1024


def shadow_settings(
    memory_bytes: int, cores: int, free_bytes: int, room_bytes: int | None = None
) -> dict[str, str]:
    """Settings for a server that this run starts and throws away.

    Durability is off, since a crash only means another run; the planner is told of an SSD; JIT is
    off, because its compile time would drown the differences that are to be measured; autovacuum
    is off, because it comes when it likes, takes a core from a measurement and holds locks that a
    probe then waits for: what is to be vacuumed and analyzed is so before it is measured. WAL is
    written as for logical replication, or CREATE PUBLICATION would warn that it is not; and a
    subscription begins at once, where the server otherwise lets five seconds pass between two. The
    log is written to files by the collector, so that the monitoring phase can read it.

    Databases that need more than the usual shared buffers get up to two fifths of the memory, the
    most that PostgreSQL's manual finds useful (20.4.1): a table of more than a quarter of the
    buffers is read through a ring of few pages, its partitions are not, and of copies that do not
    fit the larger side loses its pages sooner; both would be measured. Nobody else gets as much,
    since dropping a table or database searches all buffers.

    Args:
        memory_bytes: memory of the machine, in bytes.
        cores: number of cores that can run queries.
        free_bytes: free space where the data will be; a quarter of it at most is taken by WAL, so
            that a checkpoint, which would disturb a measurement, is rare. What a checkpoint leaves
            of it is kept for reuse: writing into a new file takes several times as long.
        room_bytes: space that the databases will need, all together; ``None`` if not known.
    """
    share = memory_bytes // _MIB
    buffers = _between(128, share // 8, 2048)
    return {
        "shared_buffers": f"{max(buffers, min((room_bytes or 0) // _MIB, share * 2 // 5))}MB",
        "effective_cache_size": f"{_between(256, share // 2, 65536)}MB",
        "work_mem": f"{_between(8, share // 256, 64)}MB",
        "maintenance_work_mem": f"{_between(64, share // 16, 1024)}MB",
        "fsync": "off",
        "synchronous_commit": "off",
        "full_page_writes": "off",
        "max_wal_size": f"{_between(256, free_bytes // _MIB // 4, 8192)}MB",
        "min_wal_size": f"{_between(128, free_bytes // _MIB // 16, 2048)}MB",
        "checkpoint_timeout": "1h",
        "random_page_cost": "1.1",
        "effective_io_concurrency": "0" if os.uname().sysname == "Darwin" else "200",
        "max_parallel_workers": str(max(cores, 2)),
        "jit": "off",
        "autovacuum": "off",
        "wal_level": "logical",
        "wal_retrieve_retry_interval": "200ms",
        "max_connections": "100",
        "max_locks_per_transaction": "256",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "datestyle": "ISO, MDY",
        "logging_collector": "on",
        "log_destination": "stderr",
        "log_directory": "log",
        "log_filename": "postgresql.log",
        "log_rotation_age": "0",
        "log_rotation_size": "0",
        "log_line_prefix": "%m [%p] %q%a@%d ",
        "shared_preload_libraries": "pg_stat_statements",
    }


def _between(least: int, wanted: int, most: int) -> int:
    return max(least, min(wanted, most))


def with_library(settings: Mapping[str, str], library: str) -> dict[str, str]:
    """The settings of a server that also loads a library at its start, after the others.

    PostGIS is loaded so, once, and not in every session that uses it: that took 15 of a session's
    25 ms, and a run opens hundreds.

    Args:
        settings: all others.
        library: name of the library; nothing changes if it is loaded already.
    """
    libraries = settings["shared_preload_libraries"].split(",")
    libraries = [name for name in libraries if name]
    if library not in libraries:
        libraries.append(library)
    return {**settings, "shared_preload_libraries": ",".join(libraries)}


def without_library(settings: Mapping[str, str], library: str) -> dict[str, str]:
    """The settings of a server that does not load a library, such as one that it lacks."""
    libraries = settings["shared_preload_libraries"].split(",")
    kept = ",".join(name for name in libraries if name != library)
    return {**settings, "shared_preload_libraries": kept}


def with_pg_cron(settings: Mapping[str, str]) -> dict[str, str]:
    """The settings of a server that has pg_cron: load it, with its jobs in ``postgres``.

    The jobs run in background workers, which need no password to connect.

    Args:
        settings: all others; what they say of pg_cron wins.
    """
    ours = {"cron.database_name": "postgres", "cron.use_background_workers": "on"}
    return with_library({**ours, **settings}, "pg_cron")


def settings_for(folder: Path, room_bytes: int | None) -> dict[str, str]:
    """The settings for this machine; what a user gives for one of them wins.

    Args:
        folder: where the data will be.
        room_bytes: space that the databases will need, all together; ``None`` if not known.
    """
    return shadow_settings(
        psutil.virtual_memory().total,
        os.cpu_count() or 1,
        shutil.disk_usage(folder).free,
        room_bytes,
    )


def configuration_lines(settings: dict[str, str]) -> str:
    """Write settings as lines of a ``postgresql.conf``, values quoted."""
    return "".join(
        f"{name} = '{value.replace(chr(39), chr(39) * 2)}'\n" for name, value in settings.items()
    )
