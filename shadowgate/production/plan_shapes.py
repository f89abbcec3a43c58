"""The plans of the project's own queries, held against those of the migrated shadow.

A query is only planned, never executed. Plans of two servers say something about each other where
the planners are alike: the same major version, PostGIS and settings that planners go by. Even then
a plan may well come out otherwise; it fires if an index is not used that the shadow's plan used.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shadowgate.errors import PlanError
from shadowgate.measure.plans import PlanMetrics, explain_only, partition_roots
from shadowgate.production.answers import Line, not_answered
from shadowgate.production.server import relevant_version
from shadowgate.production.session import NotAnsweredError, ReadOnlySession
from shadowgate.production.shadow_run import ShadowRun
from shadowgate.queries import Query, Workload
from shadowgate.queries.parameters import bind_parameters
from shadowgate.report.words import enumerated

TOPIC = "plans"
_OF_PLANNERS = (
    "effective_cache_size",
    "effective_io_concurrency",
    "jit",
    "max_parallel_workers_per_gather",
    "random_page_cost",
    "work_mem",
)


@dataclass(frozen=True)
class Planner:
    """What the plans of a server depend on beside its data, by name."""

    name: str
    value: str


_PLANNER = """
SELECT name, current_setting(name) AS value FROM pg_settings WHERE name = ANY (%(names)s)
UNION ALL
SELECT 'major version', (current_setting('server_version_num')::int / 10000)::text
UNION ALL
SELECT 'PostGIS', extversion FROM pg_extension WHERE extname = 'postgis'
ORDER BY 1
"""


def plan_lines(session: ReadOnlySession, shadow: ShadowRun, workload: Workload) -> list[Line]:
    """Plan each query, and hold the plans against the shadow's.

    Args:
        session: on the migrated server.
        shadow: the run, with the plans on its migrated copy.
        workload: the queries that the run was made with.
    """
    try:
        here = session.ask(_PLANNER, Planner, {"names": list(_OF_PLANNERS)})
        differing = planner_differences(here, shadow)
        if differing:
            meaning = f"the planners differ: {enumerated(differing)}"
            return [Line(TOPIC, "not comparable", "", "note", meaning)]
        found = {
            query.id: metrics
            for query in workload.reads
            if query.id in shadow.plans
            if (metrics := _planned(session, query.after)) is not None
        }
    except NotAnsweredError as error:
        return [not_answered(TOPIC, error)]
    return list(judge_plans(found, shadow.plans, len(workload.reads)))


def planner_differences(here: Sequence[Planner], shadow: ShadowRun) -> list[str]:
    """What makes the planners of production and shadow unlike, in words."""
    there = {name: shadow.settings.get(name, "?") for name in _OF_PLANNERS}
    there |= {"major version": str(shadow.major)}
    installed = shadow.after.extensions.get("postgis", "") if shadow.after else ""
    values = {each.name: each.value for each in here}
    ours = values.pop("PostGIS", "")
    differing = [
        f"{name} {values.get(name, '?')} instead of {value}"
        for name, value in there.items()
        if values.get(name) != value
    ]
    if ours and relevant_version("postgis", ours) != relevant_version("postgis", installed):
        differing.append(f"PostGIS {ours} instead of {installed or 'none'}")
    return differing


def _planned(session: ReadOnlySession, query: Query) -> PlanMetrics | None:
    """The plan of a query; ``None`` where its values are not all written down, or it has a role.

    A query that fails to be planned has failed: it is not left out.

    Raises:
        NotAnsweredError: it cannot be planned.
    """
    written = {name for name, _ in query.values}
    if query.role or len(query.statements) != 1 or not {*query.parameters} <= written:
        return None
    try:
        with session.transaction() as connection:
            connection.execute("""SET LOCAL search_path = "$user", public""")
            bound = bind_parameters(query, connection)
            return explain_only(connection, bound.sql, partition_roots(connection))
    except NotAnsweredError as error:
        raise NotAnsweredError(f"{query.id}: {error.what}") from None
    except PlanError as error:
        raise NotAnsweredError(f"{query.id}: {error.what}") from None


def judge_plans(
    found: Mapping[str, PlanMetrics], shadow: Mapping[str, Mapping[str, Any]], asked: int
) -> Iterator[Line]:
    """Which plans leave an index unused, and which are otherwise.

    Args:
        found: query's id -> its plan in production.
        shadow: query's id -> what was seen of its plan in the migrated shadow.
        asked: how many queries there are, those that cannot be compared included.
    """
    alike = 0
    for name, metrics in found.items():
        planned = shadow[name]
        unused = sorted({*planned.get("indexes", ())} - {*metrics.indexes})
        if unused:
            meaning = "ANALYZE its tables, and look at its plan"
            said = f"does not use {enumerated(unused)}"
            yield Line(f"plan of {name}", said, "used in the shadow", "stop", meaning)
        elif list(metrics.shape) != list(planned.get("shape", ())):
            said = "another plan with the same indexes"
            yield Line(f"plan of {name}", said, "", "note", "data may well make it so")
        else:
            alike += 1
    left_out = asked - len(found)
    meaning = f"not compared, as their values are not written down: {left_out}" if left_out else ""
    said = f"{alike} of {len(found)} alike"
    yield Line(TOPIC, said, "as in the shadow", "fine" if found else "note", meaning)
