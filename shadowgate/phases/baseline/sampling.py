"""Phases 4, 6 and 7: how the plan's limits become the settings of a measurement."""

from __future__ import annotations

from dataclasses import replace

from shadowgate.measure import Sampling
from shadowgate.plan import Plan
from shadowgate.queries import Workload

QUICK_SECONDS = 6.0
"""Budget of a comparison whose timings are shown and not judged."""


def sampling_of(plan: Plan, workload: Workload | None = None, *, quick: str = "") -> Sampling:
    """Settings of the comparison in phase 6.

    Args:
        plan: the plan.
        workload: its queries' own weights count where the plan names none.
        quick: why timings are not judged; empty when they are.
    """
    weights = plan.workload.weights or (workload.weights if workload else {})
    sampling = Sampling(plan.performance, weights)
    if not quick:
        return sampling
    return replace(sampling, spacing_seconds=0.0).demanding(
        budget_seconds=min(QUICK_SECONDS, plan.performance.budget_seconds),
        max_pairs=plan.performance.min_pairs,
    )
