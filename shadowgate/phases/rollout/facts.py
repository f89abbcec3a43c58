"""Phase 10: what the rollout plan is told of the run and of the plan file."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from shadowgate.evidence import Evidence
from shadowgate.phases.migration.rehearsal import Rehearsal
from shadowgate.phases.restore.state import State
from shadowgate.phases.rollback.way_back import RolledBack
from shadowgate.phases.rollout.model import RolloutFacts
from shadowgate.phases.runner import Applied
from shadowgate.phases.verdict import Conclusion
from shadowgate.plan import Plan
from shadowgate.traffic.canary import CanaryRehearsal


@dataclass(frozen=True)
class Measured:
    """What a run gathered, as far as it came; ``None`` for what it did not."""

    before: State | None
    applied: Applied | None
    rehearsal: Rehearsal | None
    rolled_back: RolledBack | None
    canary: CanaryRehearsal | None = None

    def longest_wait_ms(self, kind: str) -> float | None:
        """How long a ``reader`` or ``writer`` waited at most while the migration ran."""
        waits = self.rehearsal.waits.kinds if self.rehearsal else ()
        return next((round(each.longest_wait_ms) for each in waits if each.kind == kind), None)


def rollout_facts(
    evidence: Evidence, conclusion: Conclusion, measured: Measured, plan: Plan
) -> RolloutFacts:
    """What was validated and measured.

    Args:
        evidence: everything found so far.
        conclusion: the verdict over the phases before.
        measured: what the run gathered.
        plan: the plan.
    """
    before, applied, rolled_back = measured.before, measured.applied, measured.rolled_back
    return RolloutFacts(
        title=plan.title,
        verdict=conclusion.verdict,
        migration=_as_typed(plan.migration),
        rollback=_as_typed(plan.rollback) if plan.rollback else "",
        risk=conclusion.risk,
        quick=evidence.quick,
        reasons=conclusion.reasons,
        digests=tuple(sorted(evidence.inputs.items())),
        tables=_compared(before.content if before else (), plan),
        rows=before.rows_of(plan.backup.table) if before else None,
        migration_seconds=round(applied.run.seconds, 1) if applied else None,
        reader_wait_ms=measured.longest_wait_ms("reader"),
        writer_wait_ms=measured.longest_wait_ms("writer"),
        rollback_measured_seconds=round(rolled_back.run.seconds, 1) if rolled_back else None,
        rows_lost=rolled_back.rows_lost if rolled_back else None,
        targets=tuple(plan.performance.targets.items()),
        queries=evidence.queries,
        locks=plan.locks,
        undo=plan.undo,
        canary=measured.canary,
    )


def _as_typed(script: Path) -> str:
    """The path as an operator in the project's folder types it."""
    here = Path.cwd()
    return script.relative_to(here).as_posix() if script.is_relative_to(here) else str(script)


def _compared(tables: Collection[str], plan: Plan) -> tuple[str, ...]:
    """The table that the plan names, or else all."""
    return (plan.backup.table,) if plan.backup.table else tuple(sorted(tables))
