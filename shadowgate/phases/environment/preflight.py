"""Before the first phase: look at every input and open the server.

Everything that is wrong with the request or with this machine ends here, with one message and exit
status 4, before anything was restored and with nothing left behind.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import psycopg

from shadowgate.backup import (
    Backup,
    ReadBackup,
    TakenDump,
    create_roles,
    examine_backup,
    examine_cluster,
    expect_sha256,
    is_cluster_dump,
    read_backup,
    take_from_source,
)
from shadowgate.cleanup import guarded_folder
from shadowgate.errors import RestoreError, UsageError
from shadowgate.language import sentence
from shadowgate.migrate import (
    Script,
    in_one_transaction,
    inline_waivers,
    read_script,
    refuse_beyond,
    refuse_programs,
)
from shadowgate.options import Request
from shadowgate.phases.environment.given import GivenCopy, copy_given
from shadowgate.phases.environment.postgis import PostgisNeed, postgis_need, provide_postgis
from shadowgate.phases.items import workload_of
from shadowgate.phases.runner import session_of
from shadowgate.plan import BackupSection, RunnerSection
from shadowgate.production.answers import read_rows
from shadowgate.progress import Progress
from shadowgate.server import (
    CLEANER,
    CloneCommand,
    Database,
    Databases,
    Server,
    clones_files,
    open_server,
    require_space,
)

BYTES_PER_ROW = 1_000
"""Taken for a generated row on disk with its indexes, before there is one to measure."""

FIXED_BYTES = 500_000_000
"""For the log, the WAL and what a run writes into its copies."""

COPIES = 11
"""Databases alive at once at most: shadow, migrated, settled, rehearsal, and the seven that phase 7
measures with four later optimisations."""


@dataclass
class Preflight:
    """The opened server and the examined inputs of one run."""

    server: Server
    databases: Databases
    shadow: Database
    migration: Script
    rollback: Script | None
    """``None`` where there is none."""
    earlier: tuple[Script, ...]
    """Migrations that production has already, applied to the restored backup."""
    backup: Backup | None
    """The dump given by the user; ``None`` when one is generated."""
    workspace: Path
    inputs: Mapping[str, str]
    needed_bytes: int
    _stack: ExitStack = field(repr=False)
    read: ReadBackup | None = None
    """The dump, looked into; ``None`` when there is none, or pg_restore cannot read it."""
    given: GivenCopy | None = None
    """The copy of production that was cloned instead of a backup restored."""
    taken: str = ""
    """Of a backup that was dumped from a running server: from where, and how."""
    production: Mapping[str, int] = field(default_factory=dict)
    """Table, qualified and quoted -> rows in production, as far as they are known."""
    postgis: PostgisNeed = field(default_factory=PostgisNeed)
    """Why PostGIS is needed, as far as that is known without a generated backup."""

    def described(self) -> dict[str, Any]:
        """What the report says of the server."""
        facts = self.server.facts
        return {
            "kind": facts.kind,
            "version": facts.version,
            "postgis": facts.postgis,
            "tools": f"{facts.tools_version // 10_000}.{facts.tools_version % 10_000}",
            "where": facts.where,
            "settings": dict(facts.settings),
        }

    def prove_room(self) -> None:
        """Write as many bytes as the copies need into a scratch database and drop it.

        The only way to know on a server whose disk cannot be looked at.

        Raises:
            psycopg.errors.DiskFull: there is not enough room.
        """
        scratch = self.databases.create(f"{self.shadow.name}_room")
        try:
            with scratch.connect() as connection:
                connection.execute("CREATE UNLOGGED TABLE room (filler text)")
                connection.execute("ALTER TABLE room ALTER COLUMN filler SET STORAGE PLAIN")
                connection.execute(
                    "INSERT INTO room SELECT repeat('x', 8000) FROM generate_series(1, %s)",
                    [self.needed_bytes // 8192],
                )
        finally:
            self.databases.drop(scratch.name)

    def close(self) -> None:
        """Drop what was made, stop the server if it is ours, delete the workspace."""
        self._stack.close()


def preflight(request: Request, progress: Progress) -> Preflight:
    """Examine the inputs, open the server and make the shadow database.

    Raises:
        UsageError: an input is missing, unreadable or not what it should be.
        SetupError: no server, not a fitting one, not enough space, or a database that is not ours.
    """
    plan = request.plan
    migration = read_script(plan.migration)
    rollback = read_script(plan.rollback) if plan.rollback else None
    earlier = tuple(read_script(path) for path in plan.backup.apply)
    if plan.runner.transaction == "file":
        migration = in_one_transaction(migration)
        rollback = in_one_transaction(rollback) if rollback else None
    scripts = tuple(filter(None, (*earlier, migration, rollback)))
    for script in scripts:
        refuse_programs(script)
        inline_waivers(script)  # what is wrong with one is said now
    workload = workload_of(plan)
    queries = workload.queries if workload else ()
    hint = postgis_need(plan.backup.geometry, queries, scripts, None)
    with ExitStack() as stack:
        workspace = stack.enter_context(guarded_folder(CLEANER))
        taken = _taken(request, workspace, progress)
        wanted = replace(plan.backup, path=taken.path) if taken else plan.backup
        backup = _examined(wanted, workspace, progress)
        needed = _needed(request, backup)  # of a shadow that is given, what is needed is seen there
        server = open_server(
            request.server,
            image=request.image,
            room_bytes=needed,
            major=backup.server_major if backup else None,
            archive_of=backup.dump_major if backup and backup.format != "plain" else None,
            shadow=request.shadow,
            postgis=bool(hint) or backup is None or backup.mentions_postgis,
            progress=progress,
        )
        stack.callback(server.close)
        if not server.owned:
            for script in scripts:
                refuse_beyond(script)
        databases = Databases(server, _clone_command(request, server))
        stack.callback(databases.close)
        given = copy_given(request.shadow, server) if request.shadow else None
        if given is not None:
            needed = FIXED_BYTES if copies_nothing(request, server) else _of_copies(given.bytes)
        require_space(server, needed)
        if given is not None:
            shadow = given.cloned(databases, plan.database, progress)
        else:
            shadow = databases.create(plan.database)
        read = _read(backup, server, workspace, progress)
        postgis = postgis_need(
            plan.backup.geometry, queries, scripts, read.needs if read is not None else None
        )
        if given is None:
            provide_postgis(postgis, server, shadow, read, _roles(request, read))
        open_as_runner(plan.runner, server, shadow)
        return Preflight(
            server=server,
            databases=databases,
            shadow=shadow,
            migration=migration,
            rollback=rollback,
            earlier=earlier,
            backup=backup,
            workspace=workspace,
            inputs=_inputs(request, (*earlier, migration), rollback, backup),
            needed_bytes=needed,
            _stack=stack.pop_all(),
            read=read,
            postgis=postgis,
            taken=taken.described if taken else "",
            given=given,
            production=rows_in_production(request, taken),
        )


def _taken(request: Request, workspace: Path, progress: Progress) -> TakenDump | None:
    if not request.source:
        return None
    return take_from_source(request.source, request.without_rows, workspace, progress)


def rows_in_production(request: Request, taken: TakenDump | None) -> dict[str, int]:
    """Rows by table: as the plan states them, else as a preflight or the source estimates them.

    Raises:
        UsageError: the preflight's file cannot be read.
    """
    stated = request.plan.production
    looked_at = read_rows(stated.preflight) if stated.preflight else {}
    return {**(taken.rows if taken else {}), **looked_at, **stated.rows}


def _examined(wanted: BackupSection, workspace: Path, progress: Progress) -> Backup | None:
    if wanted.path is None:
        if wanted.sha256:
            raise UsageError(
                "a checksum is stated for a backup, and the backup is generated",
                where="[backup] sha256 of the plan",
                todo="take it out, or name the dump that it is of: [backup] path",
            )
        return None
    progress(f"examining the backup {wanted.path.name}")
    if is_cluster_dump(wanted.path):
        backup = examine_cluster(wanted.path, wanted.database, workspace)
        progress(f"taking database {backup.database} out of the dump of a cluster")
    else:
        backup = examine_backup(wanted.path)
    if wanted.sha256:
        expect_sha256(backup, wanted.sha256)
    return backup


def _read(
    backup: Backup | None, server: Server, workspace: Path, progress: Progress
) -> ReadBackup | None:
    if backup is None:
        return None
    try:
        return read_backup(backup, server.tools, workspace, progress)
    except RestoreError:
        return None  # phase 2 fails with it


def _roles(request: Request, read: ReadBackup | None) -> tuple[str, ...]:
    """The roles that are made for the restore on a server of our own."""
    named = request.plan.backup.roles
    if read is None or not request.plan.derived:
        return named
    return (*named, *(role for role in read.needs.roles if not role.startswith("pg_")))


def open_as_runner(runner: RunnerSection, server: Server, shadow: Database) -> None:
    """See that a session can be opened as production's runner opens one.

    Raises:
        UsageError: it cannot, such as for a role that is not there or a time that is none.
    """
    if runner.role and server.owned:
        create_roles(shadow, [runner.role])
    try:
        shadow.connect(options=session_of(runner).options).close()
    except psycopg.OperationalError as error:
        said = str(error).strip().splitlines()[-1].partition("FATAL:")[2].strip() or str(error)
        raise UsageError(
            sentence(
                "no session can be opened as the runner's settings ask for: {said}",
                said=said,
            ),
            where="[runner] of the plan, or --statement-timeout, --lock-timeout, --search-path and"
            " --role",
            todo="mend the setting that it names; a role must be there on a server of yours",
        ) from None


def _needed(request: Request, backup: Backup | None) -> int:
    """Bytes that the copies need; a packed dump is taken to unfold tenfold."""
    generated = (request.generated_rows or 0) * BYTES_PER_ROW
    return _of_copies(backup.size_bytes * 10 if backup else generated)


def _of_copies(one: int) -> int:
    return COPIES * one + FIXED_BYTES


def _clone_command(request: Request, server: Server) -> CloneCommand | None:
    """The plan's own way of cloning, on a server that is not started for the run."""
    plan = request.plan
    if server.owned or not plan.server.clone:
        return None
    return CloneCommand(plan.server.clone, plan.path.resolve().parent)


def copies_nothing(request: Request, server: Server) -> bool:
    """Whether a clone takes room only for what is written to it."""
    if request.plan.server.clone:
        return True
    with server.maintenance.connect() as connection:
        return clones_files(connection)


def _inputs(
    request: Request, migrations: Sequence[Script], rollback: Script | None, backup: Backup | None
) -> dict[str, str]:
    """Name -> SHA-256 of every file that decides the run."""
    plan = request.plan.path
    files = {script.path.name: script.sha256 for script in migrations}
    if plan.is_file():
        files[plan.name] = hashlib.sha256(plan.read_bytes()).hexdigest()
    if rollback is not None:
        files[f"rollback/{rollback.path.name}"] = rollback.sha256
    if backup is not None:
        files[backup.path.name] = backup.sha256
    return files | _workload_inputs(request)


def _workload_inputs(request: Request) -> dict[str, str]:
    """The same of the queries, their rewritten forms, and what they are held against."""
    plan = request.plan
    folders = {"queries": plan.workload.queries, "rewrites": plan.workload.rewrites}
    files = {
        f"{name}/{path.relative_to(folder).as_posix()}": path
        for name, folder in folders.items()
        if folder is not None
        for path in sorted(folder.rglob("*"))
        if path.suffix in (".sql", ".params")
    }
    baseline = plan.performance.baseline
    if baseline is not None and baseline.is_file() and not request.update_baseline:
        files[f"baseline/{baseline.name}"] = baseline
    return {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in files.items()}
