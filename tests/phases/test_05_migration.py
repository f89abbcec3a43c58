"""Phase 5: the migration does what its plan says, nothing else, and stops nobody."""

from __future__ import annotations

import pytest

from shadowgate.migrate import Interruption, ProbeResult, Review, interruptions_table
from shadowgate.plan import Plan
from shadowgate.recorder import Finding
from shadowgate.stages import (
    Applied,
    Migrated,
    Online,
    Repeated,
    Scheduled,
    judge_kept,
    judge_waiting,
    longest_locks,
    over_budget,
)


@pytest.mark.check("migration.applied")
def test_applied(applied: Applied, finding: Finding) -> None:
    """The script runs to its end without an error."""
    run = applied.run
    total = len(run.script.statements)
    finding.note(
        {"statements": len(run.committed), "seconds": round(run.seconds, 1)},
        {"statements": total},
    )
    finding.say(*(f"NOTICE: {text}" for text in applied.notices))
    finding.show(*run.tables())
    run.raise_for_error()


@pytest.mark.check("migration.lock_budget")
def test_lock_budget(applied: Applied, plan: Plan, finding: Finding) -> None:
    """No lock that stops readers or writers is held for longer than the plan allows."""
    locks, budget = longest_locks(applied.run), plan.locks
    finding.note(
        {"reader_ms": round(locks.reader_ms), "writer_ms": round(locks.writer_ms)},
        {"reader_ms": budget.reader_ms, "writer_ms": budget.writer_ms},
    )
    over = over_budget(locks, budget.reader_ms, budget.writer_ms)
    finding.require(not over, over)


@pytest.mark.check("migration.waiting")
def test_waiting(online: Online, plan: Plan, finding: Finding) -> None:
    """Readers and writers at work meanwhile waited no longer than the plan allows."""
    judge_waiting(online, plan, finding)


@pytest.mark.check("migration.writes_kept")
def test_writes_kept(online: Online, plan: Plan, finding: Finding) -> None:
    """What writers at work meanwhile were told to have written is there afterwards."""
    if not plan.traffic.kept:
        pytest.skip("the plan does not ask what writers were told")
    judge_kept(online, finding)


@pytest.mark.check("migration.objects")
def test_objects(migrated: Migrated, finding: Finding) -> None:
    """Every object that the plan announces is there, and new partitions are like their siblings."""
    wrong = [*map(str, migrated.judgement.missing), *migrated.oddities]
    finding.note(len(wrong), 0)
    finding.say(*migrated.judgement.expected)
    finding.require(not wrong, wrong)


@pytest.mark.check("migration.behaviour")
def test_behaviour(
    behaviour: dict[str, ProbeResult], probe: str, plan: Plan, finding: Finding
) -> None:
    """What the migration made does its work."""
    result = behaviour[probe]
    finding.note(result.measured, result.expected)
    finding.say(next(section.claim for section in plan.probes if section.name == probe))
    finding.require(result.passed, result.detail)


@pytest.mark.check("migration.scheduled")
def test_scheduled(scheduled: Scheduled, plan: Plan, finding: Finding) -> None:
    """pg_cron itself runs what the migration schedules, and it does its work."""
    if not plan.jobs:
        pytest.skip("the plan has no jobs")
    finding.say(*(job.claim for job in plan.jobs))
    if scheduled.unavailable:
        pytest.skip(scheduled.unavailable)
    finding.note(
        {result.name: result.measured for result in scheduled.results},
        {result.name: result.expected for result in scheduled.results},
    )
    finding.show(*scheduled.runs)
    wrong = [f"{found.name}: {found.detail}" for found in scheduled.results if not found.passed]
    finding.require(not wrong, wrong)


@pytest.mark.check("migration.schema_unchanged")
def test_schema_unchanged(migrated: Migrated, finding: Finding) -> None:
    """Nothing else in the schema changed."""
    drift = migrated.unexpected("schema")
    finding.note(len(drift), 0)
    finding.require(not drift, drift)


@pytest.mark.check("migration.privileges_unchanged")
def test_privileges_unchanged(migrated: Migrated, finding: Finding) -> None:
    """No privilege, owner, policy or role changed."""
    drift = migrated.unexpected("privileges")
    finding.note(len(drift), 0)
    finding.require(not drift, drift)


@pytest.mark.check("migration.settings_unchanged")
def test_settings_unchanged(migrated: Migrated, finding: Finding) -> None:
    """No setting of the server, the database or a role changed."""
    drift = migrated.unexpected("settings")
    finding.note(len(drift), 0)
    finding.require(not drift, drift)


@pytest.mark.check("migration.data_unchanged")
def test_data_unchanged(migrated: Migrated, before_rows: int, finding: Finding) -> None:
    """Every row of every table is as it was, in whichever partition it lies now."""
    wrong = [sentence for rows in migrated.differing for sentence in rows.sentences()]
    finding.note(len(wrong), 0)
    finding.say(f"{before_rows:,} rows compared by fingerprint over every column")
    finding.require(not migrated.differing, wrong)


@pytest.mark.check("migration.hazards")
def test_hazards(hazards: Review, finding: Finding) -> None:
    """No known hazard shows in the script, in its locks or in what it rewrote."""
    finding.note(len(hazards.open), 0)
    finding.show(*hazards.tables())
    finding.require(
        not hazards.open,
        [f"{found.rule}, line {found.line}: {found.message}" for found in hazards.open],
    )


@pytest.mark.check("migration.silence")
def test_silence(silence: Review, finding: Finding) -> None:
    """No warning, no skipped creation and no swallowed exception went by."""
    finding.note(len(silence.open), 0)
    finding.show(*silence.tables())
    finding.require(
        not silence.open,
        [f"{found.rule}, line {found.line}: {found.message}" for found in silence.open],
    )


@pytest.mark.check("migration.repeatable")
def test_repeatable(repeated: Repeated, finding: Finding) -> None:
    """Running the script a second time succeeds and changes nothing."""
    finding.note(len(repeated.differences), 0)
    repeated.run.raise_for_error()
    finding.require(not repeated.differences, repeated.differences)


@pytest.mark.check("migration.interruptible")
def test_interruptible(interruptions: tuple[Interruption, ...], finding: Finding) -> None:
    """Interrupted at any statement, it leaves nothing that running it again does not complete."""
    broken = [found for found in interruptions if found.outcome == "broken"]
    finding.note(f"{len(broken)} of {len(interruptions)} interruptions", 0)
    finding.show(interruptions_table(interruptions))
    finding.require(bool(interruptions), "nothing was interrupted")
    finding.require(not broken, [f"{found.point}: {found.detail}" for found in broken])
