"""What some checks are judged for one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shadowgate.language import sentence
from shadowgate.phases.check import Items
from shadowgate.plan import Plan
from shadowgate.queries import Workload, load_workload

if TYPE_CHECKING:
    from shadowgate.phases.run import Run


def workload_of(plan: Plan) -> Workload | None:
    """The queries that a plan names; ``None`` where it names no folder.

    Raises:
        PlanError: see :func:`~shadowgate.measure.load_workload`.
    """
    if plan.workload.queries is None:
        return None
    return load_workload(plan.workload.queries, plan.workload.rewrites)


def _queries(run: Run) -> tuple[str, ...]:
    """Those of the workload; before there is one, those that the plan names."""
    workload = run.known(type(run).workload) or workload_of(run.plan) or Workload(())
    return tuple(workload.by_id)


def _only_projected(run: Run, name: str) -> str:
    later = next(each for each in run.plan.simulation.later if each.name == name)
    if later.migration is not None:
        return ""
    if not later.queries:
        return sentence(
            "projected -{percent:g} % on all queries, not measured: it has no migration",
            percent=later.projected_percent,
        )
    return sentence(
        "projected -{percent:g} % on {queries}, not measured: it has no migration",
        percent=later.projected_percent,
        queries=", ".join(later.queries),
    )


QUERIES = Items("query", _queries)
PROBES = Items("probe", lambda run: (probe.name for probe in run.plan.probes))
TARGETS = Items("target", lambda run: run.plan.performance.targets)
OPTIMISATIONS = Items(
    "optimisation",
    lambda run: (later.name for later in run.plan.simulation.later),
    not_judged=_only_projected,
)
