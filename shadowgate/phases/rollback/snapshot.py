"""A dump of the migrated copy as the last resort, restored to see that it is one."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from pathlib import Path

from shadowgate.backup import examine_backup, restore
from shadowgate.backup.complaints import first_complaint
from shadowgate.catalogue import Snapshot
from shadowgate.errors import ValidationError
from shadowgate.language import sentence
from shadowgate.phases.restore.state import State, differences_in_words, state_of
from shadowgate.plan import Plan
from shadowgate.progress import Progress
from shadowgate.server import Database, Server


@dataclass(frozen=True)
class Dump:
    """A dump of the migrated copy, taken before the rollback."""

    path: Path
    bytes: int
    seconds: float


def take_dump(server: Server, database: Database, target: Path, progress: Progress) -> Dump:
    """Dump the migrated copy with pg_dump.

    Raises:
        ValidationError: pg_dump failed.
    """
    progress("taking a snapshot of the migrated copy")
    started = time.perf_counter()
    result = server.tools.run(
        "pg_dump",
        ["--format=directory", "--jobs=2", "--compress=0", "--no-sync", "--file={dump}"],
        database=database.name,
        files={"dump": target},
    )
    if result.status:
        complaint = first_complaint(result.stderr)
        raise ValidationError(
            sentence("pg_dump failed: {error}", error=complaint.what),
            where=complaint.where,
            todo=complaint.todo,
            decided=complaint.decided,
        )
    size = sum(file.stat().st_size for file in target.iterdir())
    return Dump(target, size, time.perf_counter() - started)


def restored_differences(
    server: Server,
    dump: Dump,
    into: Database,
    expected: State,
    plan: Plan,
    workspace: Path,
    progress: Progress,
) -> tuple[str, ...]:
    """Restore a dump and hold it against what it was taken from.

    Settings of the database itself are left out: pg_dump leaves them to pg_dumpall.
    """
    restore(
        examine_backup(dump.path),
        server.tools,
        into,
        workspace=workspace,
        vacuum=False,
        progress=progress,
    )
    found = state_of(into, renames=plan.renames)
    return differences_in_words(_without_settings(expected), _without_settings(found))


def _without_settings(state: State) -> State:
    objects = {
        identity: found
        for identity, found in state.snapshot.objects.items()
        if identity.kind not in ("setting", "replication slot", "database")
    }
    return replace(state, snapshot=Snapshot(objects))
