"""Before the first phase: look at every input and open the server.

Everything that is wrong with the request or with this machine ends here, with one message and exit
status 4, before anything was restored and with nothing left behind.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from shadowgate.backup import Backup, examine_backup
from shadowgate.cleanup import guarded_folder
from shadowgate.migrate import (
    Script,
    in_one_transaction,
    inline_waivers,
    read_script,
    refuse_beyond,
    refuse_programs,
)
from shadowgate.options import Request
from shadowgate.progress import Progress
from shadowgate.server import (
    CLEANER,
    Database,
    Databases,
    Server,
    open_server,
    require_space,
)

BYTES_PER_ROW = 1_000
"""Taken for a generated row on disk with its indexes, before there is one to measure."""

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
    for script in filter(None, (*earlier, migration, rollback)):
        refuse_programs(script)
        inline_waivers(script)  # what is wrong with one is said now
    backup = _examined(plan.backup.path, progress)
    with ExitStack() as stack:
        workspace = stack.enter_context(guarded_folder(CLEANER))
        needed = _needed(request, backup)
        server = open_server(
            request.server, image=request.image, room_bytes=needed, progress=progress
        )
        stack.callback(server.close)
        if not server.owned:
            for script in filter(None, (*earlier, migration, rollback)):
                refuse_beyond(script)
        databases = Databases(server)
        stack.callback(databases.close)
        require_space(server, needed)
        shadow = databases.create(plan.database)
        with shadow.connect() as connection:
            connection.execute("CREATE EXTENSION postgis")
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
        )


def _examined(path: Path | None, progress: Progress) -> Backup | None:
    if path is None:
        return None
    progress(f"examining the backup {path.name}")
    return examine_backup(path)


def _needed(request: Request, backup: Backup | None) -> int:
    """Bytes that the copies need; a packed dump is taken to unfold tenfold."""
    generated = (request.plan.backup.rows or 0) * BYTES_PER_ROW
    one = backup.size_bytes * 10 if backup else generated
    return COPIES * one + 500_000_000


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
