"""Phases 4, 6 and 7: how the plan's limits become the settings of a measurement."""

from __future__ import annotations

from dataclasses import replace

from shadowgate.measure import Sampling
from shadowgate.plan import Plan

QUICK_SECONDS = 6.0
"""Budget of a comparison whose timings are shown and not judged."""


def sampling_of(plan: Plan, *, quick: str = "") -> Sampling:
    """Settings of the comparison in phase 6.

    Args:
        plan: the plan.
        quick: why timings are not judged; empty when they are.
    """
    performance = plan.performance
    sampling = Sampling(
        limit_percent=performance.limit_percent,
        limits=performance.limits_by_query,
        floor_ms=performance.floor_ms,
        targets=performance.targets,
        overall_target=performance.overall_percent,
        weights=plan.workload.weights,
        budget_seconds=performance.budget_seconds,
        min_pairs=performance.min_pairs,
        max_pairs=performance.max_pairs,
        seed=performance.seed,
    )
    if not quick:
        return sampling
    return replace(
        sampling,
        budget_seconds=min(QUICK_SECONDS, sampling.budget_seconds),
        max_pairs=sampling.min_pairs,
        spacing_seconds=0.0,
    )
