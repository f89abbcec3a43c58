"""The rollback script on a copy that was written to, and the migration again after it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from shadowgate.catalogue import (
    Drift,
    RowDifferences,
    diff,
    differing_rows,
    every_row_lost,
)
from shadowgate.migrate import Script, ScriptRun
from shadowgate.phases.migration.repetition import Repeated
from shadowgate.phases.restore.state import (
    State,
    content_differences,
    content_in_words,
    state_of,
)
from shadowgate.phases.runner import Runner
from shadowgate.plan import Plan
from shadowgate.server import Database


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

    @property
    def tables(self) -> tuple[RowDifferences, ...]:
        """The rows of every table that the rollback has a part in."""
        return (self.rows, *self.other_rows)

    @property
    def rows_lost(self) -> int:
        """Rows from before the migration that are not there as they were."""
        return sum(
            rows.lost.total + rows.changed.total + rows.doubled.total for rows in self.tables
        )


def write_later_rows(database: Database, statements: str) -> None:
    """Write as users do between a migration and its rollback, in one transaction."""
    if not statements:
        return
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
