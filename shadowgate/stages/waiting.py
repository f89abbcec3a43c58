"""Holds what readers and writers felt against the plan, for the migration and for its rollback."""

from __future__ import annotations

from shadowgate.plan import Plan
from shadowgate.recorder import Finding
from shadowgate.stages.figures import waits_figure
from shadowgate.stages.migration import Online

_SHOWN = 10
"""Lost rows that are named."""


def judge_waiting(online: Online, plan: Plan, finding: Finding) -> None:
    """Write down the longest waits, show who waited for what, and require the plan's budgets.

    Raises:
        CheckFailed: somebody waited longer than the plan allows, or got an error.
        MigrationError: the script failed under traffic.
    """
    measured = {f"{kind.kind}_ms": round(kind.longest_wait_ms) for kind in online.waits.kinds}
    errors = sum(kind.error_count for kind in online.waits.kinds)
    finding.note(
        measured | {"errors": errors},
        {"reader_ms": plan.locks.reader_ms, "writer_ms": plan.locks.writer_ms, "errors": 0},
    )
    finding.show(*online.waits.tables(), waits_figure(online, plan))
    online.run.raise_for_error()
    finding.require(not online.breaches, [breach.detail for breach in online.breaches])


def judge_kept(online: Online, finding: Finding) -> None:
    """Require that what writers were told is there.

    Raises:
        CheckFailed: a row is not there, or not as it was told.
        CheckInconclusive: no writer was told anything.
        MigrationError: the script failed under traffic.
    """
    finding.note(f"{len(online.lost)} of {online.told:,} rows told", 0)
    online.run.raise_for_error()
    finding.require(not online.lost, online.lost[:_SHOWN])
    finding.require_decided(online.told > 0, "no writer was told a row")
