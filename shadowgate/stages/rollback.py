"""Phase 8: the snapshot as the last resort, and the rollback script as the first."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from pathlib import Path

from shadowgate.backup import examine_backup, restore
from shadowgate.catalogue import (
    Drift,
    RowDifferences,
    Snapshot,
    diff,
    differing_rows,
    every_row_lost,
)
from shadowgate.errors import ValidationError
from shadowgate.migrate import Script, ScriptRun
from shadowgate.plan import Plan
from shadowgate.progress import Progress
from shadowgate.server import Database, Server
from shadowgate.stages.migration import Repeated, Runner
from shadowgate.stages.state import (
    State,
    content_differences,
    content_in_words,
    differences_in_words,
    state_of,
)


@dataclass(frozen=True)
class Dump:
    """A dump of the migrated copy, taken before the rollback."""

    path: Path
    bytes: int
    seconds: float


@dataclass(frozen=True)
class RolledBack:
    """The migrated copy, written to, then rolled back."""

    database: Database
    run: ScriptRun
    written: State
    """After later rows were written, before the rollback."""
    state: State
    """After the rollback."""
    drift: Drift
    """Schema of the shadow against the schema after the rollback."""
    rows: RowDifferences
    """The shadow's rows against those after the rollback: later rows count as added."""
    other_rows: tuple[RowDifferences, ...]
    """The same for each other table that the rollback itself has altered."""
    later_rows: int
    """Rows that were written between migration and rollback."""


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
        raise ValidationError(f"pg_dump failed: {result.stderr.strip().splitlines()[-1]}")
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


def write_later_rows(database: Database, statements: str) -> None:
    """Write as users do between a migration and its rollback, in one transaction."""
    with database.connect() as connection, connection.transaction():
        connection.execute(statements.encode())


def roll_back(
    script: Script,
    shadow: Database,
    before: State,
    copy: Database,
    plan: Plan,
    runner: Runner,
) -> RolledBack:
    """Roll the copy back and hold it against the shadow."""
    table = plan.backup.table
    written = state_of(copy, renames=plan.renames)
    run = runner.apply(script, copy).run
    state = state_of(copy, renames=plan.renames)
    others = {name: held for name, held in before.content.items() if name != table}
    altered = {name: held for name, held in others.items() if not _kept(name, written, state)}
    return RolledBack(
        database=copy,
        run=run,
        written=written,
        state=state,
        drift=diff(before.snapshot, state.snapshot),
        rows=differing_rows(shadow, copy, table, state.name_of(table))
        if table in state.content
        else every_row_lost(table, before.content[table].rows),
        other_rows=content_differences(shadow, State(before.snapshot, altered), copy, state),
        later_rows=written.content[table].rows - before.content[table].rows,
    )


def _kept(table: str, written: State, state: State) -> bool:
    return table in state.content and state.content[table] == written.content.get(table)


def apply_again(
    script: Script, before: State, rolled_back: RolledBack, plan: Plan, runner: Runner
) -> Repeated:
    """Apply the migration to the rolled-back copy; it must end as before the rollback.

    What the migration itself made may hold other content than the first time: a log has new rows.
    """
    run = runner.run(script, rolled_back.database)
    if run.error:
        return Repeated(run, ())
    expected = rolled_back.written
    found = state_of(rolled_back.database, renames=plan.renames)
    drift = diff(expected.snapshot, found.snapshot)
    schema = [
        str(change)
        for change in drift.changed
        if change.attribute != "next_value" or change.object in before.snapshot.objects
    ]
    structure = replace(drift, changed=()).in_words()
    known = {
        table: content for table, content in expected.content.items() if table in before.content
    }
    content = content_in_words(known, found.content)
    return Repeated(run, (*structure, *schema, *content))
