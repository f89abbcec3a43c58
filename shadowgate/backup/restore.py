"""Restore a recognised backup into an empty database, without an error or not at all."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from psycopg import sql

from shadowgate.backup.complaints import first_complaint
from shadowgate.backup.contents import Needs, read_needs
from shadowgate.backup.decode import decoded_copy
from shadowgate.backup.omissions import (
    Omission,
    comment_out,
    omissions_of,
    without_schemas,
)
from shadowgate.backup.recognise import Backup, Format
from shadowgate.backup.requirements import ordinary_owners, require_all
from shadowgate.backup.roles import create_roles, make_superuser
from shadowgate.backup.versions import version_advice
from shadowgate.errors import BackupError, RestoreError
from shadowgate.language import joined, sentence
from shadowgate.progress import Progress, silent
from shadowgate.server.base import ClientTools, Connection, Database, ToolResult
from shadowgate.server.tools import fill_in

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


@dataclass(frozen=True)
class ReadBackup:
    """A backup that was looked into: without its layers, and with what it needs."""

    backup: Backup
    """As it was passed."""
    bare: Backup
    """The copy without layers, or the same where it has none."""
    needs: Needs


def read_backup(
    backup: Backup, tools: ClientTools, workspace: Path, progress: Progress = silent
) -> ReadBackup:
    """Look into a backup.

    Raises:
        BackupError: a layer around the dump is damaged, or the copy cannot be written.
        RestoreError: pg_restore cannot read the archive.
    """
    bare = unwrapped(backup, workspace, progress)
    return ReadBackup(backup, bare, read_needs(bare, tools))


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


def restore(
    backup: Backup | ReadBackup,
    tools: ClientTools,
    database: Database,
    *,
    workspace: Path,
    jobs: int = 2,
    make_roles: bool = False,
    vacuum: bool = True,
    progress: Progress = silent,
) -> Restoration:
    """Restore a backup, owners and privileges included, then vacuum and analyse it.

    Args:
        backup: what :func:`~shadowgate.backup.recognise.examine_backup` recognised, or what
            :func:`read_backup` found in it.
        tools: client tools that fit the server.
        database: the target, empty but for extensions.
        workspace: a folder for the copy without layers; the caller deletes it.
        jobs: sessions that pg_restore works with, where the format allows it.
        make_roles: make the roles that the dump names and the server lacks, without login; only on
            a server that this run started.
        vacuum: not needed where content is only read once.
        progress: told what is going on.

    Raises:
        BackupError: a layer around the dump is damaged.
        RestoreError: something is missing on the server, all of it named at once; or an object
            does not restore, and is named.
    """
    started = time.perf_counter()
    read = backup
    if isinstance(read, Backup):
        read = read_backup(read, tools, workspace, progress)
    backup, bare, needs = read.backup, read.bare, read.needs
    wanted = [role for role in needs.roles if not role.startswith("pg_")] if make_roles else []
    made = create_roles(database, wanted)
    target = _prepared(database, needs, backup, tools)
    source = _source(bare, needs, target.omissions, tools, workspace)
    progress(f"restoring {backup.path.name} ({backup.described()})")
    program, arguments = _command(source, bare.format, database, jobs)
    result = tools.run(program, arguments, database=database.name, files=source.files)
    for path in {*source.files.values(), bare.path} - {backup.path}:
        path.unlink()
    if result.status:
        raise _restore_error(result, backup, target.major, tools.version // 10_000)
    return Restoration(
        seconds=time.perf_counter() - started,
        vacuum_seconds=_vacuum(database, progress) if vacuum else 0.0,
        command=_in_words(program, arguments, source, backup),
        warnings=(
            *_doubts(backup),
            *_made(made),
            *target.changes,
            *(omission.why for omission in target.omissions),
            *_warned(result.stderr),
        ),
    )


def _made(roles: Sequence[str]) -> tuple[str, ...]:
    if not roles:
        return ()
    return (
        sentence(
            "roles made without login, as the dump names them: {roles}", roles=", ".join(roles)
        ),
    )


def _vacuum(database: Database, progress: Progress) -> float:
    """Settle hint bits, visibility and statistics; return how long that took, in seconds."""
    progress("vacuuming and analysing the restored database")
    started = time.perf_counter()
    with database.connect() as connection:
        connection.execute("VACUUM (ANALYZE)")
    return time.perf_counter() - started


@dataclass(frozen=True)
class _Target:
    """The target once it has what the dump needs."""

    major: int
    """Major version of the server."""
    changes: tuple[str, ...]
    """What was changed for the dump, in words."""
    omissions: tuple[Omission, ...]


def _prepared(database: Database, needs: Needs, backup: Backup, tools: ClientTools) -> _Target:
    """See that the server has what the dump needs, and make the target as the dump expects it.

    Raises:
        RestoreError: something is missing; nothing was changed.
    """
    with database.connect() as connection:
        require_all(needs, backup, connection)
        changes = (*_drop_misplaced(needs, connection), *_promote_owners(needs, connection))
        omissions = omissions_of(needs, connection, tools.version)
        _give_schemas(needs, omissions, connection)
        return _Target(connection.info.server_version // 10_000, changes, omissions)


def _drop_misplaced(needs: Needs, connection: Connection) -> Iterable[str]:
    """Drop extensions that the dump makes in another schema than the target has them in."""
    for name, schema in needs.extensions:
        row = connection.execute(
            "SELECT extnamespace::regnamespace::text FROM pg_extension WHERE extname = %s", (name,)
        ).fetchone()
        if row is not None and row[0].strip('"') != schema:
            connection.execute(sql.SQL("DROP EXTENSION {} CASCADE").format(sql.Identifier(name)))
            yield sentence(
                "extension {extension} was moved from schema {old} to {new}, as in the backup",
                extension=name,
                old=row[0],
                new=schema,
            )


def _promote_owners(needs: Needs, connection: Connection) -> Iterable[str]:
    """Make roles of ours superusers that own what only superusers can; no other role is left."""
    for role, objects in ordinary_owners(needs, connection).items():
        make_superuser(connection, role)
        yield sentence(
            "role {role} was made a superuser that cannot log in: PostgreSQL asks that of the"
            " owner of {objects}",
            role=role,
            objects=", ".join(objects),
        )


def _give_schemas(needs: Needs, omissions: Iterable[Omission], connection: Connection) -> None:
    """Give schemas that are not created to the owners that the dump gives them to.

    An archive names the owner in the entry that is passed over.
    """
    passed_over = {omission.schema for omission in omissions}
    for schema in needs.schemas:
        if schema.name in passed_over and schema.owner is not None:
            connection.execute(
                sql.SQL("ALTER SCHEMA {} OWNER TO {}").format(
                    sql.Identifier(schema.name), sql.Identifier(schema.owner)
                )
            )


@dataclass(frozen=True)
class _Source:
    """The dump as psql or pg_restore gets it."""

    dump: Path
    entries: Path | None = None
    """The list of an archive's entries to restore; all if there is none."""

    @property
    def files(self) -> dict[str, Path]:
        listed = {"entries": self.entries} if self.entries is not None else {}
        return {"dump": self.dump, **listed}


def _in_words(program: Program, arguments: Sequence[str], source: _Source, backup: Backup) -> str:
    """The command with the names of the files, not their places."""
    names = {name: path.name for name, path in source.files.items()} | {"dump": backup.path.name}
    return f"{program} {' '.join(fill_in(arguments, names))}"


def _source(
    bare: Backup, needs: Needs, omissions: Sequence[Omission], tools: ClientTools, workspace: Path
) -> _Source:
    """Take out of an unwrapped dump what is passed over.

    Raises:
        BackupError: the copy without it cannot be written into ``workspace``.
    """
    if not omissions:
        return _Source(bare.path)
    try:
        if bare.format == "plain":
            copy = workspace / "restored.sql"
            comment_out(bare.path, omissions, copy)
            return _Source(copy)
        entries = workspace / "restored.list"
        listing = tools.run(
            "pg_restore", ["--list", "{dump}"], database=None, files={"dump": bare.path}
        ).stdout
        names = (schema.name for schema in needs.schemas)
        entries.write_text(without_schemas(listing, omissions, names), encoding="utf-8")
        return _Source(bare.path, entries)
    except OSError as error:
        raise BackupError(
            sentence(
                "the copy of the backup that is restored cannot be written: {reason}",
                reason=error.strerror,
            ),
            where=str(workspace),
            todo="free disk space, or point TMPDIR at a larger disk",
        ) from error


def _command(
    source: _Source, form: Format, database: Database, jobs: int
) -> tuple[Program, list[str]]:
    if form == "plain":
        return "psql", ["--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--file={dump}"]
    parallel = [f"--jobs={jobs}"] if form in _PARALLEL and jobs > 1 else []
    listed = ["--use-list={entries}"] if source.entries is not None else []
    options = ["--exit-on-error", f"--dbname={database.name}", *parallel, *listed]
    return "pg_restore", [*options, "{dump}"]


def _restore_error(
    result: ToolResult, backup: Backup, major: int, tools_major: int
) -> RestoreError:
    complaint = first_complaint(result.stderr, version_advice(backup, major, tools_major))
    where = joined(", ", filter(None, (str(backup.path), complaint.where)))
    return RestoreError(
        sentence("the backup does not restore: {what}", what=complaint.what),
        where=where,
        todo=complaint.todo,
        decided=complaint.decided,
    )


def _doubts(backup: Backup) -> tuple[str, ...]:
    if "utf-16" not in backup.wrappings:
        return ()
    return (
        sentence(
            "the backup was redirected in Windows PowerShell, which may have changed letters with"
            " accents: compare some, and dump with pg_dump --file=NAME"
        ),
    )


def _warned(stderr: str) -> tuple[str, ...]:
    """The warnings among what a client tool wrote."""
    return tuple(line.strip() for line in stderr.splitlines() if "WARNING:" in line.upper())
