"""Phase 6: how much of each gain is the rewrite of the rows, and how much the design."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping
from dataclasses import replace

from shadowgate.evidence import QueryEvidence, Table
from shadowgate.measure import (
    Comparison,
    Copier,
    LayoutShare,
    QueryComparison,
    Workload,
    measure_layout,
)
from shadowgate.plan import Plan
from shadowgate.progress import Progress
from shadowgate.server import Database
from shadowgate.stages.performance import sampling_of

FEWEST_ROUNDS = 8
MOST_ROUNDS = 16
"""Fewer rounds bound nothing at the level asked for; more are not worth their time."""


def tell_layout(
    databases: tuple[Database, Database],
    comparison: Comparison,
    plan: Plan,
    copier: Copier,
    progress: Progress,
) -> Mapping[str, LayoutShare]:
    """Split the effect on each query that got faster, or was to, into rewrite and design.

    Args:
        databases: before and after.
        comparison: says which queries, and how long they take.
        plan: names the rewritten table and the time for it.
        copier: makes the copies.
        progress: told what is going on.

    Raises:
        ValidationError: the table cannot be rewritten, or a query failed.
        ServerError: a database cannot be cloned or a session was lost.
    """
    chosen = [found for found in comparison.queries.values() if _is_claimed(found)]
    if not chosen:
        return {}
    return measure_layout(
        databases,
        plan.performance.layout,
        Workload(tuple(found.query for found in chosen)),
        {found.query.id: found.estimate.plain for found in chosen if found.estimate},
        sampling_of(plan),
        rounds=rounds_within(plan.performance.layout_seconds, chosen),
        copier=copier,
        progress=progress,
    )


def _is_claimed(found: QueryComparison) -> bool:
    """A rewritten query is left out: the control cannot answer it."""
    return (
        found.query.kind == "read"
        and found.query.rewritten is None
        and found.estimate is not None
        and (found.verdict == "improved" or found.target is not None)
    )


def rounds_within(seconds: float, chosen: Iterable[QueryComparison]) -> int:
    """How many rounds of two executions fit, one of them for warming up; fixed beforehand."""
    one = 2 * sum(statistics.median(before for before, _ in found.pairs) for found in chosen)
    return max(FEWEST_ROUNDS, min(MOST_ROUNDS, int(seconds / one) - 1))


def with_layout(
    queries: Iterable[QueryEvidence], shares: Mapping[str, LayoutShare]
) -> tuple[QueryEvidence, ...]:
    """Evidence of the queries, with the two parts of each effect among its notes."""
    return tuple(
        replace(query, notes=(*query.notes, shares[query.id].note)) if query.id in shares else query
        for query in queries
    )


def layout_table(shares: Mapping[str, LayoutShare]) -> Table:
    """The parts of every effect."""
    return Table(
        "What of each gain is the rewrite of the rows, and what the design",
        ("Query", "Whole", "Rewrite, which fades", "Design, which stays"),
        tuple((id_, *share.parts) for id_, share in shares.items()),
    )
