"""Phases 4, 6 and 7: how the plan's limits become the settings of a measurement."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from shadowgate.measure import Comparison, Sampling, Workload, compare, copies_of_run
from shadowgate.measure.statistics import to_percent
from shadowgate.migrate import ScriptRun, read_script
from shadowgate.plan import LaterSection, Plan
from shadowgate.report.figures import Effect
from shadowgate.server import Database, Databases
from shadowgate.stages.migration import Runner

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
    return replace(sampling, budget_seconds=min(QUICK_SECONDS, sampling.budget_seconds))


@dataclass(frozen=True)
class Simulated:
    """A later optimisation on top of this migration."""

    later: LaterSection
    run: ScriptRun
    comparison: Comparison


def simulate(
    later: LaterSection,
    migrated: Database,
    databases: Databases,
    workload: Workload,
    plan: Plan,
    runner: Runner,
) -> Simulated:
    """Apply a later optimisation to a clone and measure the queries that it is for.

    The optimisation must name a migration: without one it can only be projected.

    Raises:
        ScriptError: its migration is missing or cannot be parsed.
        MigrationError: a statement of it fails.
    """
    assert later.migration is not None  # noqa: S101  (see above)
    script = read_script(later.migration)
    clone = databases.clone(migrated, f"{plan.database}_{later.name.lower()}")
    try:
        run = runner.run(script, clone)
        run.raise_for_error()
        wanted = later.queries or tuple(workload.by_id)
        chosen = Workload(tuple(query for query in workload.queries if query.id in wanted))
        sampling = replace(
            sampling_of(plan),
            targets={},
            weights={},
            overall_target=None,
            budget_seconds=plan.simulation.budget_seconds,
        )
        copier = copies_of_run(databases)
        found = compare(migrated, clone, chosen, sampling, copier=copier, progress=runner.progress)
        return Simulated(later, run, found)
    finally:
        databases.drop(clone.name)


def measured_effects(simulated: Mapping[str, Simulated]) -> dict[str, Effect]:
    """How much faster each optimisation made the queries that it is for, on average, in percent."""
    effects = {}
    for name, found in simulated.items():
        overall = found.comparison.overall
        if overall is not None:
            interval = overall.plain
            effects[name] = Effect(
                percent=-to_percent(interval.estimate),
                low=-to_percent(interval.high),
                high=-to_percent(interval.low),
            )
    return effects


def compounded(percents: Iterable[float]) -> float:
    """What improvements of so many percent amount to, one on top of the other, in percent.

    Each takes its share of what the ones before it left: ``1 - (1 - a)(1 - b) …``.
    """
    left = 1.0
    for percent in percents:
        left *= 1.0 - percent / 100.0
    return 100.0 * (1.0 - left)
