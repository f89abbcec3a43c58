"""Phase 10: what the rollout plan is told of the run and of the plan file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shadowgate.checks import BY_ID
from shadowgate.evidence import CheckResult, Evidence
from shadowgate.plan import Plan
from shadowgate.rollout import RolloutFacts, RolloutSettings
from shadowgate.signoff import judge


def rollout_settings(plan: Plan) -> RolloutSettings:
    """The numbers of the four weeks, from the plan."""
    numbers = plan.rollout
    return RolloutSettings(
        preproduction_days=numbers.preproduction_days,
        canary_days=numbers.canary_days,
        canary_percent=numbers.canary_percent,
        gradual_days=numbers.gradual_days,
        gradual_percent=numbers.gradual_percent,
        stabilisation_days=numbers.stabilisation_days,
        latency_percent=numbers.latency_percent,
        error_percent=numbers.error_percent,
        rollback_seconds=plan.undo.max_seconds,
        reader_wait_ms=plan.locks.reader_ms,
        writer_wait_ms=plan.locks.writer_ms,
    )


def rollout_facts(evidence: Evidence, plan: Plan) -> RolloutFacts:
    """What was validated and measured, as far as the checks of the phases before say so."""
    checks = {check.id: check for check in evidence.checks}
    judgement = judge(
        {check.id: check for check in evidence.checks if check.phase < _OWN_PHASE},
        quick="timings were not judged" if evidence.quick else "",
        queries=evidence.queries,
        limit_percent=plan.performance.limit_percent,
        phases=range(1, _OWN_PHASE),
    )
    waits = _mapping(checks.get("migration.waiting"))
    return RolloutFacts(
        title=plan.title,
        verdict=judgement.verdict,
        migration=f"migrations/{plan.migration.name}",
        rollback=f"migrations/rollback/{plan.rollback.name}",
        risk=judgement.risk,
        quick=evidence.quick,
        reasons=judgement.reasons,
        digests=tuple(sorted(evidence.inputs.items())),
        tables=(plan.backup.table,),
        rows=_count(checks.get("restore.rows")),
        migration_seconds=_mapping(checks.get("migration.applied")).get("seconds"),
        reader_wait_ms=waits.get("reader_ms"),
        writer_wait_ms=waits.get("writer_ms"),
        rollback_measured_seconds=_number(checks.get("rollback.in_time")),
        rows_lost=_count(checks.get("rollback.rows_identical")),
        overall_change_percent=_number(checks.get("performance.overall")),
        targets=tuple(plan.performance.targets.items()),
        queries=evidence.queries,
    )


_OWN_PHASE = BY_ID["rollout.plan"].phase


def _mapping(check: CheckResult | None) -> Mapping[str, Any]:
    return check.measured if check and isinstance(check.measured, Mapping) else {}


def _number(check: CheckResult | None) -> float | None:
    measured = check.measured if check else None
    return measured if isinstance(measured, int | float) else None


def _count(check: CheckResult | None) -> int | None:
    number = _number(check)
    return None if number is None else int(number)
