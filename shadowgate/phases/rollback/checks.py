"""Checks of phase 8: the way back, by script and by snapshot."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from shadowgate.catalogue import Rows
from shadowgate.catalogue.sentences import named
from shadowgate.language import joined, nsentence, sentence
from shadowgate.migrate import Review
from shadowgate.phases.check import check
from shadowgate.phases.facts import (
    STATE_BEFORE,
    WRITES_ACCEPTED,
    broken_by,
    content_of,
    of_drift,
    of_object,
    rows_of,
)
from shadowgate.phases.finding import Finding
from shadowgate.phases.migration.checks import asks_for_acknowledged_writes, has_traffic
from shadowgate.phases.migration.rehearsal import Rehearsal, judge_acknowledged, judge_waiting
from shadowgate.phases.migration.repetition import Repeated, judge_repetition
from shadowgate.phases.migration.review import judge_review
from shadowgate.phases.restore.state import State
from shadowgate.phases.rollback.snapshot import Dump
from shadowgate.phases.rollback.way_back import RolledBack
from shadowgate.plan import Plan

if TYPE_CHECKING:
    from shadowgate.phases.run import Run


def _can_be_rolled_back(run: Run) -> str:
    why = run.plan.irreversible
    return sentence("the migration is declared irreversible: {why}", why=why) if why else ""


def _something_is_written(run: Run) -> str:
    if run.later_writes:
        return ""
    return "nothing is written in between: the plan has no [undo] write, the workload no write"


@check("rollback.snapshot", remedy="See pg_dump's message.")
def snapshot_is_taken(dump: Dump, finding: Finding) -> None:
    """A snapshot of the migrated copy is taken with pg_dump.

    The snapshot is the last resort when the rollback script fails too.
    """
    finding.note(
        sentence("{size:.0f} MB in {seconds:.1f} s", size=dump.bytes / 1e6, seconds=dump.seconds),
        "> 0 bytes",
    )
    finding.require(dump.bytes > 0, "the snapshot is empty")


@check(
    "rollback.snapshot_restores",
    remedy="See what differs between the migrated copy and its restored snapshot.",
)
def snapshot_restores(dump_differences: tuple[str, ...], finding: Finding) -> None:
    """The snapshot restores to exactly what it was taken from.

    A backup that was never restored is no backup.
    """
    finding.require_none(dump_differences)


@check("rollback.clean", remedy="Mend the statement named.", applies=_can_be_rolled_back)
def script_runs(rolled_back: RolledBack, finding: Finding) -> None:
    """The rollback script runs to its end without an error.

    A rollback is run under stress; it must not need thought.
    """
    run = rolled_back.run
    if rolled_back.refused:
        finding.say(
            sentence(
                "Once users have written values that only the migrated tables admit, it fails: "
                "{error}",
                error=rolled_back.refused,
            )
        )
    finding.note(
        nsentence(
            "{committed} of {n} statement",
            "{committed} of {n} statements",
            len(run.script.statements),
            committed=len(run.committed),
        ),
        "all",
    )
    finding.show(*run.tables())
    run.raise_for_error()


@check("rollback.in_time", remedy="Do less in the rollback.")
def rollback_is_in_time(rolled_back: RolledBack, plan: Plan, finding: Finding) -> None:
    """The rollback takes no longer than the plan allows.

    The way back must be short.
    """
    seconds = rolled_back.run.seconds
    finding.note(round(seconds, 1), plan.undo.max_seconds)
    finding.require(
        seconds < plan.undo.max_seconds,
        sentence(
            "{seconds:.0f} s, the plan allows {allowed:.0f} s",
            seconds=seconds,
            allowed=plan.undo.max_seconds,
        ),
    )


@check(
    "rollback.waiting",
    remedy="Shorten the step that the detail names as the blocker.",
    applies=has_traffic,
)
def nobody_waits_long(rollback_rehearsal: Rehearsal, plan: Plan, finding: Finding) -> None:
    """Readers and writers at work during the rollback waited no longer than the plan allows.

    Whoever rolls back does so because users already suffer.
    """
    judge_waiting(rollback_rehearsal, plan, finding)


@check(
    "rollback.writes_kept",
    remedy="See how the rows named were written, and what the rollback does with such writes.",
    applies=asks_for_acknowledged_writes,
)
def acknowledged_writes_are_kept(rollback_rehearsal: Rehearsal, finding: Finding) -> None:
    """No acknowledged write of the writers at work during the rollback is lost.

    A row written while the rollback copies can be lost without an error.
    """
    judge_acknowledged(rollback_rehearsal, finding)


@check(
    "rollback.hazards",
    remedy="Follow the workaround named, or waive the rule in the plan with a reason.",
)
def no_known_hazard(rollback_review: Review, finding: Finding) -> None:
    """No known hazard shows in the rollback's locks or rewrites, and no warning went by.

    A rollback meets the traffic that the migration met, at a worse hour.
    """
    judge_review(rollback_review, finding)


@check("rollback.objects_gone", remedy="Drop what is named in the rollback.")
def nothing_is_left(rolled_back: RolledBack, finding: Finding) -> None:
    """Nothing that the migration made is left.

    What is left behind breaks the next attempt.
    """
    left = [named(identity) for identity in rolled_back.drift.created]
    finding.note(len(left), 0)
    finding.stands_on(
        *(of_object(identity, rolled_back.drift.created) for identity in rolled_back.drift.created)
    )
    finding.require(not left, sentence("left behind: {objects}", objects=joined(", ", left)))


@check("rollback.schema_identical", remedy="Restore the objects and attributes named.")
def schema_is_as_before(rolled_back: RolledBack, finding: Finding) -> None:
    """Schema, privileges and settings are what they were before the migration.

    After a rollback production must be what it was.
    """
    drift = rolled_back.drift
    finding.breaks({STATE_BEFORE, *broken_by(drift, (*drift.dropped, *drift.created))})
    finding.stands_on(*of_drift(drift))
    finding.require_none(list(drift.in_words()))


@check(
    "rollback.rows_identical",
    remedy="Have the rollback bring the rows named back as they were.",
)
def rows_identical(rolled_back: RolledBack, finding: Finding) -> None:
    """Every row from before the migration is there, unchanged.

    A rollback that loses a row is worse than the migration.
    """
    content = rolled_back.content
    lost = rolled_back.rows_lost
    finding.note(lost, 0)
    finding.say(*map(str, content.left_out))
    gone = any(rows.columns_lost for rows in content.differing)
    worse = [
        rows.table
        for rows in content.differing
        if rows.lost or rows.changed or rows.doubled or rows.columns_lost
    ]
    without_added = (replace(rows, added=Rows(0)) for rows in content.differing)
    wrong = [said for rows in without_added for said in rows.sentences()]
    wrong += content.unknown
    finding.breaks({STATE_BEFORE, *map(rows_of, worse)})
    finding.stands_on(*map(content_of, worse))
    finding.require(not (lost or gone), wrong)


@check(
    "rollback.later_rows_kept",
    remedy="Have the rollback keep the rows named, wherever the migrated tables have put them.",
    applies=_something_is_written,
)
def later_rows_are_kept(rolled_back: RolledBack, finding: Finding) -> None:
    """Rows written after the migration are all there, unchanged.

    Users go on writing between the migration and its rollback.
    """
    written = rolled_back.written_rows
    lost = sum(rows.altered for rows in rolled_back.later)
    finding.note(sentence("{some} of {all}", some=written - lost, all=written), "all")
    if not written:
        finding.stands_on({WRITES_ACCEPTED})
    finding.require_decided(written > 0, "nothing was written between migration and rollback")
    finding.require(not lost, [str(rows) for rows in rolled_back.later if rows])
    finding.require(not rolled_back.surplus, rolled_back.surplus)


@check("rollback.indexes_back", remedy="Create or re-attach the indexes named.")
def indexes_are_back(rolled_back: RolledBack, before: State, finding: Finding) -> None:
    """The indexes from before the migration are back, valid and defined as they were.

    A missing index is a slow production.
    """
    after = rolled_back.state.snapshot
    indexes = dict(before.snapshot.of_kind("index"))
    wrong = [name for name, index in indexes.items() if after.objects.get(name) != index]
    finding.note(len(indexes) - len(wrong), len(indexes))
    finding.stands_on(*(of_object(name, before.snapshot.objects) for name in wrong))
    finding.require(
        not wrong,
        sentence(
            "missing, not valid or another: {indexes}",
            indexes=joined(", ", map(named, wrong)),
        ),
    )


@check(
    "rollback.reapplies",
    remedy="See what the second application left different from the first.",
)
def migration_applies_again(reapplied: Repeated, finding: Finding) -> None:
    """After the rollback the migration applies again, with the same result.

    After a rollback comes the second attempt.
    """
    finding.stands_on({STATE_BEFORE})
    judge_repetition(reapplied, finding)
