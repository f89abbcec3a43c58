"""Restore a recognised backup into an empty database, without an error or not at all."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from psycopg import sql

from shadowgate.backup.complaints import first_complaint
from shadowgate.backup.contents import Needs, read_needs
from shadowgate.backup.decode import decoded_copy
from shadowgate.backup.recognise import Backup
from shadowgate.errors import RestoreError
from shadowgate.progress import Progress, silent
from shadowgate.server.base import ClientTools, Connection, Database, ToolResult

Program = Literal["psql", "pg_restore"]

_PARALLEL = frozenset({"custom", "directory"})
"""Formats that pg_restore can read with several jobs."""


@dataclass(frozen=True)
class Restoration:
    """How a restore went."""

    seconds: float
    """Unwrapping and restoring."""
    vacuum_seconds: float
    """``VACUUM (ANALYZE)`` afterwards, so that hint bits, visibility and statistics are settled."""
    command: str
    """What ran, in words."""
    warnings: tuple[str, ...] = ()


def unwrapped(backup: Backup, workspace: Path, progress: Progress = silent) -> Backup:
    """Take the layers off a backup; its checksum stays that of the file that was passed.

    Raises:
        BackupError: a layer is damaged, or the copy cannot be written into ``workspace``.
    """
    if not backup.wrappings:
        return backup
    progress(f"unwrapping the backup from {', '.join(backup.wrappings)}")
    copy = decoded_copy(backup.path, backup.wrappings, workspace)
    return replace(backup, path=copy, wrappings=())


def missing_roles(backup: Backup, tools: ClientTools, database: Database) -> tuple[str, ...]:
    """Roles that a dump names and the server lacks, in order.

    Args:
        backup: the dump; an archive must be :func:`unwrapped`.
        tools: client tools that can read it.
        database: any database of the server.

    Raises:
        RestoreError: pg_restore cannot read the archive.
    """
    with database.connect() as connection:
        return _missing_roles(read_needs(backup, tools), connection)


def create_roles(database: Database, roles: Iterable[str]) -> tuple[str, ...]:
    """Create roles without login and without any privilege; return those that were not there.

    Only for a server that this run started: roles belong to the whole server.

    Raises:
        psycopg.Error: the server refuses.
    """
    created = []
    with database.connect() as connection:
        for role in _absent(connection, roles):
            connection.execute(sql.SQL("CREATE ROLE {}").format(sql.Identifier(role)))
            created.append(role)
    return tuple(created)


def restore(
    backup: Backup,
    tools: ClientTools,
    database: Database,
    *,
    workspace: Path,
    jobs: int = 2,
    vacuum: bool = True,
    progress: Progress = silent,
) -> Restoration:
    """Restore a backup, owners and privileges included, then vacuum and analyse it.

    Args:
        backup: what :func:`~shadowgate.backup.recognise.examine_backup` recognised.
        tools: client tools that fit the server.
        database: the target, empty but for extensions.
        workspace: a folder for the copy without layers; the caller deletes it.
        jobs: sessions that pg_restore works with, where the format allows it.
        vacuum: not needed where content is only read once.
        progress: told what is going on.

    Raises:
        BackupError: a layer around the dump is damaged.
        RestoreError: roles or extensions are missing, or an object does not restore; it is named.
    """
    started = time.perf_counter()
    bare = unwrapped(backup, workspace, progress)
    replaced = _prepare(database, read_needs(bare, tools), backup)
    progress(f"restoring {backup.path.name} ({backup.described()})")
    program, arguments = _command(bare, database, jobs)
    result = tools.run(program, arguments, database=database.name, files={"dump": bare.path})
    if bare.path != backup.path:
        bare.path.unlink()
    if result.status:
        raise _restore_error(result, backup, tools)
    return Restoration(
        seconds=time.perf_counter() - started,
        vacuum_seconds=_vacuum(database, progress) if vacuum else 0.0,
        command=f"{program} {' '.join(arguments[:-1])} {backup.path.name}",
        warnings=(*_doubts(backup), *replaced, *_warned(result.stderr)),
    )


def _vacuum(database: Database, progress: Progress) -> float:
    """Settle hint bits, visibility and statistics; return how long that took, in seconds."""
    progress("vacuuming and analysing the restored database")
    started = time.perf_counter()
    with database.connect() as connection:
        connection.execute("VACUUM (ANALYZE)")
    return time.perf_counter() - started


def _command(backup: Backup, database: Database, jobs: int) -> tuple[Program, list[str]]:
    if backup.format == "plain":
        return "psql", ["--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--file={dump}"]
    parallel = [f"--jobs={jobs}"] if backup.format in _PARALLEL and jobs > 1 else []
    return "pg_restore", ["--exit-on-error", f"--dbname={database.name}", *parallel, "{dump}"]


def _prepare(database: Database, needs: Needs, backup: Backup) -> tuple[str, ...]:
    """See that the server has what the dump needs; return what was changed in the target."""
    with database.connect() as connection:
        if roles := _missing_roles(needs, connection):
            listed = ", ".join(f'"{role}"' for role in roles)
            raise RestoreError(
                f"the backup names roles that the server lacks: {', '.join(roles)}",
                where=str(backup.path),
                todo="name them in the plan, which makes them on a server that this run started:"
                f" [backup] roles = [{listed}]",
            )
        if extensions := _missing_extensions(needs, connection):
            raise RestoreError(
                f"the backup needs extensions that the server lacks: {', '.join(extensions)}",
                where=str(backup.path),
                todo="use a server that has them (--postgis-image, --server), or dump only the"
                " schemas that do without them: pg_dump --schema=public",
            )
        return tuple(_drop_misplaced(needs, connection))


def _drop_misplaced(needs: Needs, connection: Connection) -> Iterable[str]:
    """Drop extensions that the dump makes in another schema than the target has them in."""
    for name, schema in needs.extensions:
        row = connection.execute(
            "SELECT extnamespace::regnamespace::text FROM pg_extension WHERE extname = %s", (name,)
        ).fetchone()
        if row is not None and row[0].strip('"') != schema:
            connection.execute(sql.SQL("DROP EXTENSION {} CASCADE").format(sql.Identifier(name)))
            yield f"extension {name} was moved from schema {row[0]} to {schema}, as in the backup"


def _missing_roles(needs: Needs, connection: Connection) -> tuple[str, ...]:
    return _absent(connection, needs.roles)


def _absent(connection: Connection, roles: Iterable[str]) -> tuple[str, ...]:
    """Those of the names that no role has, in order."""
    known = {row[0] for row in connection.execute("SELECT rolname FROM pg_roles")}
    return tuple(sorted(set(roles) - known))


def _missing_extensions(needs: Needs, connection: Connection) -> tuple[str, ...]:
    known = {row[0] for row in connection.execute("SELECT name FROM pg_available_extensions")}
    return tuple(name for name, _ in needs.extensions if name not in known)


def _restore_error(result: ToolResult, backup: Backup, tools: ClientTools) -> RestoreError:
    complaint = first_complaint(result.stderr)
    todo = complaint.todo
    ours = tools.version // 10_000
    if backup.dump_major is not None and backup.dump_major > ours:
        todo = (
            f"the dump is by pg_dump {backup.dump_major}, newer than the client tools and server"
            f" here ({ours}): use version {backup.dump_major} or newer"
        )
    where = f"{backup.path}, {complaint.where}" if complaint.where else str(backup.path)
    return RestoreError(f"the backup does not restore: {complaint.what}", where=where, todo=todo)


def _doubts(backup: Backup) -> tuple[str, ...]:
    if "utf-16" not in backup.wrappings:
        return ()
    return (
        "the backup was redirected in Windows PowerShell, which may have changed letters with"
        " accents: compare some, and dump with pg_dump --file=NAME",
    )


def _warned(stderr: str) -> tuple[str, ...]:
    """The warnings among what a client tool wrote."""
    return tuple(line.strip() for line in stderr.splitlines() if "WARNING:" in line.upper())
