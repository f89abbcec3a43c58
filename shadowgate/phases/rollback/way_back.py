"""The rollback script on a copy that was written to, and the migration again after it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import psycopg

from shadowgate.catalogue import (
    ContentComparison,
    Drift,
    LaterRows,
    Meanwhile,
    Rows,
    TableFingerprint,
    compare_content,
    diff,
    differing_rows,
    follow_later_rows,
)
from shadowgate.catalogue.histories import is_history
from shadowgate.errors import ValidationError
from shadowgate.language import nsentence, sentence
from shadowgate.migrate import NEVER, Script, ScriptRun, StopAfter
from shadowgate.phases.migration.announced import Announced
from shadowgate.phases.migration.repetition import Repeated
from shadowgate.phases.restore.state import State, content_in_words, state_of
from shadowgate.phases.rollback.later_writes import LaterWrite
from shadowgate.phases.runner import Applied, Runner
from shadowgate.plan import Plan, RollbackSection
from shadowgate.server import Database


@dataclass(frozen=True)
class RolledBack:
    """The migrated copy, written to, then rolled back."""

    database: Database
    run: ScriptRun
    written: State
    """After later rows were written, before the rollback, in the columns from before."""
    state: State
    """After the rollback."""
    drift: Drift
    """Schema of the shadow against the schema after the rollback."""
    content: ContentComparison
    """The shadow's rows against those after the rollback: later rows count as added."""
    written_rows: int
    """Rows that were written between migration and rollback."""
    later: tuple[LaterRows, ...]
    """For each table that the rollback altered: what became of its later rows."""
    surplus: tuple[str, ...] = ()
    """Tables that have more rows than before and written since together, a sentence each."""
    refused: str = ""
    """How the rollback failed where rows held values that only the migrated tables admit."""

    @property
    def rows_lost(self) -> int:
        """Rows from before the migration that are not there as they were."""
        return sum(
            rows.lost.total + rows.changed.total + rows.doubled.total
            for rows in self.content.differing
        )


def rollback_stop_after(undo: RollbackSection) -> StopAfter:
    """When a rollback is stopped: once it has taken twice as long as the plan allows."""
    allowed = {"script": sentence("{seconds:g} s ([undo] max_seconds)", seconds=undo.max_seconds)}
    return StopAfter(script=2.0 * undo.max_seconds, allowed=allowed)


_ALTERED = """
SELECT pg_catalog.sum(n_tup_upd + n_tup_del)
FROM pg_catalog.pg_stat_xact_user_tables
"""
"""Rows that this session altered; some that it did in earlier transactions are still among them."""


def write_later_rows(database: Database, writes: Iterable[LaterWrite]) -> None:
    """Write as users do between a migration and its rollback.

    What alters rows that are there is left out, by a trigger even where it sets a row to itself: it
    would pass for the rollback's doing. Only what the plan asks for is written in any case.

    Raises:
        ValidationError: the migrated database refuses a write that the plan asks for.
    """
    with database.connect() as connection:
        for write in writes:
            try:
                with connection.transaction() as transaction:
                    altered = connection.execute(_ALTERED).fetchone()
                    connection.execute(write.sql.encode())
                    if not write.required and connection.execute(_ALTERED).fetchone() != altered:
                        raise psycopg.Rollback(transaction)
            except psycopg.Error as error:
                if write.required:
                    raise ValidationError(
                        sentence(
                            "the migrated database refuses {write}: {error} (SQLSTATE {sqlstate})",
                            write=write.name,
                            error=error.diag.message_primary or str(error),
                            sqlstate=error.sqlstate,
                        ),
                        where=write.sql.strip(),
                        todo="see whether production's clients write so too; else mend the write",
                    ) from error


def roll_back(
    script: Script,
    shadow: Database,
    before: State,
    migrated: Applied,
    left: State,
    written: Database,
    copy: Database,
    announced: Announced,
    plan: Plan,
    runner: Runner,
    stop_after: StopAfter = NEVER,
) -> RolledBack:
    """Roll a copy back and hold it against the shadow.

    Args:
        script: the rollback.
        shadow: the database before the migration.
        before: what it holds.
        migrated: the migrated database, without later rows.
        left: what it holds.
        written: a copy of it with later rows in it; stays as it is.
        copy: a copy of it, which is rolled back.
        announced: data that the migration may have changed for good.
        plan: names renamed tables.
        runner: applies the script.
        stop_after: when it is stopped.
    """
    compared = _compared(before, announced)
    there = state_of(written, compared, plan.renames)
    run = runner.watched(script, copy, stop_after)
    state = state_of(copy, renames=plan.renames)
    here = state_of(copy, compared, plan.renames) if not run.error else state
    known = {table: found for table, found in left.content.items() if table in before.content}
    later = _more_rows(known, there.content)
    expected = {table: found.rows + later.get(table, 0) for table, found in before.content.items()}
    return RolledBack(
        database=copy,
        run=run,
        written=there,
        state=state,
        drift=_less_proofs(diff(before.snapshot, state.snapshot)),
        content=_less_copies(
            _less_updates(
                compare_content(
                    shadow,
                    copy,
                    renames=plan.renames,
                    allowed=announced.declared,
                    known=before.content,
                ),
                shadow,
                copy,
                state,
                announced,
                {
                    table: Meanwhile(
                        migrated.database, left.name_of(table), written, there.name_of(table)
                    )
                    for table in known.keys() & there.content
                },
            ),
            expected,
            state,
        ),
        surplus=_surplus(expected, state),
        written_rows=sum(later.values()),
        later=tuple(
            follow_later_rows(
                migrated.database,
                written,
                copy,
                table,
                there.name_of(table),
                known_as=left.name_of(table),
                apart=_detached(table, before, there, here),
            )
            for table in later
            if table in here.content and here.content[table] != there.content[table]
        ),
    )


def _detached(table: str, before: State, written: State, after: State) -> tuple[str, ...]:
    """Partitions of a table that were tables of their own before, and are so again."""
    name = written.name_of(table)
    return tuple(
        identity.name
        for identity, found in written.snapshot.of_kind("table")
        if found.attributes.get("partition_of") == name
        and identity.name in before.content
        and identity.name in after.content
    )


def _less_proofs(drift: Drift) -> Drift:
    """A drift less the constraints that were not valid before and are now, else as they were.

    What VALIDATE CONSTRAINT proved holds after the rollback too, and nobody gains by forgetting it.
    """
    proved = {
        change.object
        for change in drift.changed
        if change.object.kind == "constraint"
        and change.attribute == "validated"
        and change.after is True
    }
    changed = tuple(
        change
        for change in drift.changed
        if change.object not in proved
        or (
            change.attribute != "validated"
            and (change.attribute, change.before) != ("definition", f"{change.after} NOT VALID")
        )
    )
    return replace(drift, changed=changed)


def _less_updates(
    content: ContentComparison,
    shadow: Database,
    copy: Database,
    state: State,
    announced: Announced,
    meanwhile: Mapping[str, Meanwhile],
) -> ContentComparison:
    """A comparison less the values that users wrote into rows from before.

    Triggers write such ones too: of an update that sets nothing new, the time that it was made.

    Args:
        content: of the shadow and the database after the rollback.
        shadow: the database before the migration.
        copy: the database after the rollback.
        state: what it holds.
        announced: data that the migration may have changed for good.
        meanwhile: table -> what users wrote into it between migration and rollback.
    """
    differing = (
        differing_rows(
            shadow,
            copy,
            rows.table,
            state.name_of(rows.table),
            leave_out=announced.declared.of(rows.table),
            meanwhile=meanwhile[rows.table],
        )
        if rows.changed and rows.key and rows.table in meanwhile
        else rows
        for rows in content.differing
    )
    return replace(content, differing=tuple(filter(None, differing)))


def _less_copies(
    content: ContentComparison, expected: Mapping[str, int], state: State
) -> ContentComparison:
    """A comparison less rows that are there twice because users wrote the same once more.

    Args:
        content: of the shadow and the database after the rollback.
        expected: table -> its rows before and those written later.
        state: after the rollback.
    """
    return replace(
        content,
        differing=tuple(
            replace(rows, doubled=Rows(0))
            if rows.table in state.content
            and state.content[rows.table].rows <= expected[rows.table]
            else rows
            for rows in content.differing
        ),
    )


def _surplus(expected: Mapping[str, int], state: State) -> tuple[str, ...]:
    """Tables with more rows than expected, if there are more in all: a rollback may move rows."""
    more = {
        table: state.content[table].rows - rows
        for table, rows in expected.items()
        if table in state.content
    }
    if sum(more.values()) <= 0:
        return ()
    return tuple(
        nsentence(
            "{table}: {n:,} row more than before and written since",
            "{table}: {n:,} rows more than before and written since",
            rows,
            table=table,
        )
        for table, rows in more.items()
        if rows > 0
    )


def _compared(before: State, announced: Announced) -> dict[str, TableFingerprint]:
    """The tables from before in the columns that nobody announces to change."""
    found = {}
    for table, content in before.content.items():
        if not announced.declared.whole(table):
            kept = tuple(c for c in content.columns if c not in announced.declared.of(table))
            found[table] = replace(content, columns=kept)
    return found


def _more_rows(
    before: Mapping[str, TableFingerprint], after: Mapping[str, TableFingerprint]
) -> dict[str, int]:
    """Table -> rows that came, for those in which some did."""
    came = {
        table: after[table].rows - content.rows
        for table, content in before.items()
        if table in after
    }
    return {table: rows for table, rows in came.items() if rows > 0}


def apply_again(
    script: Script,
    before: State,
    rolled_back: RolledBack,
    announced: Announced,
    plan: Plan,
    runner: Runner,
) -> Repeated:
    """Apply the migration to the rolled-back copy; it must end as before the rollback.

    What the migration itself made may hold other content than the first time: a log has new rows.
    Of tables that it inserts into, and of a migration tool's history, only the count of rows
    matters: a row that is inserted once more gets another number from a sequence and another time.
    """
    run = runner.run(script, rolled_back.database)
    if run.error:
        return Repeated(run, ())
    expected = rolled_back.written
    found = state_of(rolled_back.database, _compared(before, announced), plan.renames)
    drift = diff(expected.snapshot, found.snapshot)
    schema = [
        str(change)
        for change in drift.changed
        if change.attribute != "next_value" or change.object in before.snapshot.objects
    ]
    structure = replace(drift, changed=()).in_words()
    known = {
        table: content
        for table, content in expected.content.items()
        if table in before.content
        and not (
            (is_history(table) or table in announced.gains) and _as_many(table, expected, found)
        )
    }
    content = content_in_words(known, found.content)
    return Repeated(run, (*structure, *schema, *content))


def _as_many(table: str, one: State, other: State) -> bool:
    return table in other.content and one.content[table].rows == other.content[table].rows
