"""Phase 2: the production backup, restored and looked over."""

from __future__ import annotations

import pytest

from shadowgate.backup import Backup, Restoration
from shadowgate.catalogue import Integrity
from shadowgate.plan import Plan
from shadowgate.preflight import Preflight
from shadowgate.recorder import Finding, Recorder
from shadowgate.stages import State


@pytest.mark.check("restore.backup")
def test_backup(backup: Backup, recorder: Recorder, finding: Finding) -> None:
    """The backup is there, is recognised by its content, and its checksum is on record."""
    recorder.inputs[backup.path.name] = backup.sha256
    finding.note({"format": backup.format, "sha256": backup.sha256, "bytes": backup.size_bytes})
    finding.say(backup.described())
    finding.require(backup.size_bytes > 0, "the backup is empty")


@pytest.mark.check("restore.clean")
def test_clean(restored: Restoration, opened: Preflight, finding: Finding) -> None:
    """The backup restores without an error."""
    finding.note(f"{restored.seconds:.1f} s", "no error")
    finding.say(restored.command, *restored.warnings)
    finding.say(*(f"applied on top of it: {script.path.name}" for script in opened.earlier))


@pytest.mark.check("restore.rows")
def test_rows(
    before: State, plan: Plan, generated_rows: int | None, recorder: Recorder, finding: Finding
) -> None:
    """The restored catalogue has the rows that it must have."""
    rows = before.content[plan.backup.table].rows
    if rows < plan.performance.min_rows:
        recorder.quick = (
            f"{rows:,} rows are too few to judge timings; the plan asks for "
            f"{plan.performance.min_rows:,}"
        )
    if generated_rows is not None:
        finding.note(rows, generated_rows)
        finding.require(rows == generated_rows, f"{rows:,} rows instead of {generated_rows:,}")
        return
    minimum = plan.backup.minimum_rows
    finding.note(rows, f">= {minimum}")
    finding.require(rows >= minimum, f"{rows:,} rows, at least {minimum:,} expected")


@pytest.mark.check("restore.indexes")
def test_indexes(integrity: Integrity, plan: Plan, finding: Finding) -> None:
    """Every index of the catalogue is there and valid."""
    finding.note(integrity.indexes, plan.backup.indexes)
    finding.require(
        integrity.indexes == plan.backup.indexes,
        f"{integrity.indexes} indexes, {plan.backup.indexes} expected",
    )
    finding.require(
        not integrity.invalid_indexes, f"not valid: {', '.join(integrity.invalid_indexes)}"
    )


@pytest.mark.check("restore.constraints")
def test_constraints(integrity: Integrity, finding: Finding) -> None:
    """Every constraint is validated and enforced."""
    unproven = integrity.unvalidated_constraints
    finding.note(
        f"{integrity.constraints - len(unproven)} of {integrity.constraints} validated", "all"
    )
    finding.require(not unproven, f"not validated: {', '.join(unproven)}")


@pytest.mark.check("restore.geometries")
def test_geometries(integrity: Integrity, plan: Plan, finding: Finding) -> None:
    """Geometries are valid where they say so, of one SRID, and inside the extent."""
    wrong, outside = integrity.wrongly_marked_total, integrity.outside_total
    finding.note(
        {"srids": list(integrity.srids), "wrongly_marked": wrong, "outside": outside},
        {"srids": [plan.backup.srid], "wrongly_marked": 0, "outside": 0},
    )
    problems = []
    if integrity.srids != (plan.backup.srid,):
        problems.append(f"SRIDs found: {', '.join(map(str, integrity.srids))}")
    if wrong:
        problems.append(
            f"{wrong} geometries are not as valid as is_valid says: "
            f"{', '.join(integrity.wrongly_marked)}"
        )
    if outside:
        problems.append(
            f"{outside} geometries are not inside the extent: {', '.join(integrity.outside)}"
        )
    finding.require(not problems, problems)


@pytest.mark.check("restore.sequences")
def test_sequences(integrity: Integrity, finding: Finding) -> None:
    """Every sequence is ahead of the column that it feeds."""
    finding.note(len(integrity.sequences_behind), 0)
    finding.require(not integrity.sequences_behind, integrity.sequences_behind)


@pytest.mark.check("restore.fingerprint")
def test_fingerprint(before: State, finding: Finding) -> None:
    """The content of every table has a fingerprint to compare with later."""
    finding.note({table: content.digest for table, content in before.content.items()})
    finding.require(bool(before.content), "the backup has no table")
