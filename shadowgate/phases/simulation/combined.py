"""Phase 7: what is asked of all optimisations together, and whether it is decided."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from shadowgate.measure import Estimate, Trial
from shadowgate.plan import Plan
from shadowgate.statistics.intervals import to_effect
from shadowgate.statistics.verdict import QueryJudgement, TargetStatus, judge_interval, judge_query

BEFORE = "before"
"""The arm that the series is held against."""


def limits_together(reads: Collection[str], plan: Plan) -> Mapping[str, float]:
    """Query -> percent that it may be slower; a write without a limit of its own has none."""
    return {**dict.fromkeys(reads, plan.performance.limit_percent), **plan.simulation.limits}


def judge_together(
    trial: Trial, arm: str, queries: Collection[str], limits: Mapping[str, float]
) -> Mapping[str, QueryJudgement]:
    """Verdict on each of the queries that has a limit."""
    judged = {}
    for query in (query for query in queries if query in limits):
        effect = trial.effect(query, arm, BEFORE)
        estimate = Estimate(len(trial.pairs(query, arm, BEFORE)), plain=effect, family=effect)
        judged[query] = judge_query(estimate, to_effect(limits[query]))
    return judged


def judge_series(trial: Trial, arm: str, plan: Plan) -> TargetStatus:
    """Whether the average over the reads is as much faster as the series is to make it."""
    overall = trial.overall(arm, BEFORE, plan.workload.weights)
    return judge_interval(overall, plan.simulation.target_percent or 0.0)


def undecided_queries(trial: Trial, arm: str, plan: Plan, queries: Sequence[str]) -> Sequence[str]:
    """Those of the queries that more rounds are needed of.

    While the average is undecided that is all reads: one that was dropped for its own verdict
    would bend it.
    """
    judged = judge_together(trial, arm, queries, limits_together(trial.reads, plan))
    has_reads = any(query in trial.reads for query in queries)
    average_is_open = has_reads and judge_series(trial, arm, plan) == "inconclusive"
    return [
        query
        for query in queries
        if judged.get(query) == "inconclusive" or (average_is_open and query in trial.reads)
    ]
