"""Phase 8: the way back, by script and by snapshot."""

from __future__ import annotations

import pytest

from shadowgate.migrate import Review
from shadowgate.plan import Plan
from shadowgate.recorder import Finding
from shadowgate.stages import Dump, Online, Repeated, RolledBack, State, judge_kept, judge_waiting


@pytest.mark.check("rollback.snapshot")
def test_snapshot(dump: Dump, finding: Finding) -> None:
    """A snapshot of the migrated copy is taken with pg_dump."""
    finding.note(f"{dump.bytes / 1e6:.0f} MB in {dump.seconds:.1f} s", "> 0 bytes")
    finding.require(dump.bytes > 0, "the snapshot is empty")


@pytest.mark.check("rollback.snapshot_restores")
def test_snapshot_restores(dump_differences: tuple[str, ...], finding: Finding) -> None:
    """The snapshot restores to exactly what it was taken from."""
    finding.note(len(dump_differences), 0)
    finding.require(not dump_differences, dump_differences)


@pytest.mark.check("rollback.clean")
def test_clean(rolled_back: RolledBack, finding: Finding) -> None:
    """The rollback script runs to its end without an error."""
    run = rolled_back.run
    finding.note(f"{len(run.committed)} of {len(run.script.statements)} statements", "all")
    finding.show(*run.tables())
    run.raise_for_error()


@pytest.mark.check("rollback.in_time")
def test_in_time(rolled_back: RolledBack, plan: Plan, finding: Finding) -> None:
    """The rollback takes no longer than the plan allows."""
    seconds = rolled_back.run.seconds
    finding.note(round(seconds, 1), plan.undo.max_seconds)
    finding.require(
        seconds < plan.undo.max_seconds,
        f"{seconds:.0f} s, the plan allows {plan.undo.max_seconds:.0f} s",
    )


@pytest.mark.check("rollback.waiting")
def test_waiting(online_rollback: Online, plan: Plan, finding: Finding) -> None:
    """Readers and writers at work during the rollback waited no longer than the plan allows."""
    judge_waiting(online_rollback, plan, finding)


@pytest.mark.check("rollback.writes_kept")
def test_writes_kept(online_rollback: Online, plan: Plan, finding: Finding) -> None:
    """What writers at work during the rollback were told to have written is there afterwards."""
    if not plan.traffic.kept:
        pytest.skip("the plan does not ask what writers were told")
    judge_kept(online_rollback, finding)


@pytest.mark.check("rollback.hazards")
def test_hazards(rollback_review: Review, finding: Finding) -> None:
    """No known hazard shows in the rollback's locks or rewrites, and no warning went by."""
    finding.note(len(rollback_review.open), 0)
    finding.show(*rollback_review.tables())
    finding.require(
        not rollback_review.open,
        [f"{found.rule}, line {found.line}: {found.message}" for found in rollback_review.open],
    )


@pytest.mark.check("rollback.objects_gone")
def test_objects_gone(rolled_back: RolledBack, finding: Finding) -> None:
    """Nothing that the migration made is left."""
    left = [str(identity) for identity in rolled_back.drift.created]
    finding.note(len(left), 0)
    finding.require(not left, f"left behind: {', '.join(left)}")


@pytest.mark.check("rollback.schema_identical")
def test_schema_identical(rolled_back: RolledBack, finding: Finding) -> None:
    """Schema, privileges and settings are what they were before the migration."""
    drift = list(rolled_back.drift.in_words())
    finding.note(len(drift), 0)
    finding.require(not drift, drift)


@pytest.mark.check("rollback.rows_identical")
def test_rows_identical(rolled_back: RolledBack, finding: Finding) -> None:
    """Every row from before the migration is there, unchanged."""
    tables = (rolled_back.rows, *rolled_back.other_rows)
    lost = sum(rows.lost.total + rows.changed.total + rows.doubled.total for rows in tables)
    finding.note(lost, 0)
    sentences = [sentence for rows in tables for sentence in rows.sentences()]
    finding.require(not lost, [s for s in sentences if " rows added" not in s])


@pytest.mark.check("rollback.later_rows_kept")
def test_later_rows_kept(rolled_back: RolledBack, before: State, finding: Finding) -> None:
    """Rows written after the migration are all there, those of new years too."""
    kept, written = rolled_back.rows.added.total, rolled_back.later_rows
    finding.note(f"{kept} of {written}", "all")
    finding.require(written > 0, "nothing was written between migration and rollback")
    held, found = rolled_back.written.content, rolled_back.state.content
    differing = [table for table in before.content if found.get(table) != held.get(table)]
    finding.require(
        kept == written and not differing,
        f"{kept} of {written} kept; the rollback altered {', '.join(differing) or 'no table'}",
    )


@pytest.mark.check("rollback.indexes_back")
def test_indexes_back(rolled_back: RolledBack, before: State, finding: Finding) -> None:
    """The indexes from before the migration are back, valid and defined as they were."""
    after = rolled_back.state.snapshot
    indexes = dict(before.snapshot.of_kind("index"))
    wrong = [str(name) for name, index in indexes.items() if after.objects.get(name) != index]
    finding.note(len(indexes) - len(wrong), len(indexes))
    finding.require(not wrong, f"missing, not valid or another: {', '.join(wrong)}")


@pytest.mark.check("rollback.reapplies")
def test_reapplies(reapplied: Repeated, finding: Finding) -> None:
    """After the rollback the migration applies again, with the same result."""
    finding.note(len(reapplied.differences), 0)
    reapplied.run.raise_for_error()
    finding.require(not reapplied.differences, reapplied.differences)
