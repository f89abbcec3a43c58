"""What some checks are judged for one by one."""

from __future__ import annotations

from shadowgate.measure import Workload, load_workload
from shadowgate.phases.check import Items
from shadowgate.plan import Plan


def workload_of(plan: Plan) -> Workload:
    """The queries that are timed; none where the plan names no folder.

    Raises:
        PlanError: see :func:`~shadowgate.measure.load_workload`.
    """
    if plan.workload.queries is None:
        return Workload(())
    return load_workload(plan.workload.queries, plan.workload.rewrites)


def _queries(plan: Plan) -> tuple[str, ...]:
    return tuple(workload_of(plan).by_id)


def _only_projected(plan: Plan, name: str) -> str:
    later = next(each for each in plan.simulation.later if each.name == name)
    if later.migration is not None:
        return ""
    aimed = ", ".join(later.queries) or "all queries"
    return f"projected -{later.projected_percent:g} % on {aimed}, not measured: it has no migration"


QUERIES = Items("query", _queries)
PROBES = Items("probe", lambda plan: (probe.name for probe in plan.probes))
TARGETS = Items("target", lambda plan: plan.performance.targets)
OPTIMISATIONS = Items(
    "optimisation",
    lambda plan: (later.name for later in plan.simulation.later),
    not_judged=_only_projected,
)
