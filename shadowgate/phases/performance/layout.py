"""Phase 6: how much of each gain is the rewrite of the rows, and how much the design."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from shadowgate.evidence import QueryEvidence, Table
from shadowgate.language import sentence
from shadowgate.measure import (
    CloneFactory,
    Comparison,
    LayoutShare,
    QueryComparison,
    measure_layout,
)
from shadowgate.phases.baseline.sampling import sampling_of
from shadowgate.plan import Plan
from shadowgate.progress import Progress
from shadowgate.queries import Workload
from shadowgate.server import Database

FEWEST_ROUNDS = 8
MOST_ROUNDS = 16
"""Fewer rounds bound nothing at the level asked for; more are not worth their time."""


def tell_layout(
    databases: tuple[Database, Database],
    comparison: Comparison,
    plan: Plan,
    clones: CloneFactory,
    progress: Progress,
) -> Mapping[str, LayoutShare]:
    """Split the effect on queries that got faster, or were to, into rewrite and design.

    Those with a target come first, then those that gained most, as many as the plan's time allows.

    Args:
        databases: before and after.
        comparison: says which queries, and how long they take.
        plan: names the rewritten table and the time for it.
        clones: makes the copies.
        progress: told what is going on.

    Raises:
        ValidationError: the table cannot be rewritten, or a query failed.
        ServerError: a database cannot be cloned or a session was lost.
    """
    seconds = plan.performance.layout_seconds
    chosen = within(seconds, _claimed(comparison))
    if not chosen:
        return {}
    return measure_layout(
        databases,
        plan.performance.layout,
        Workload(tuple(found.query for found in chosen)),
        {found.query.id: found.estimate.plain for found in chosen if found.estimate},
        sampling_of(plan),
        rounds=max(FEWEST_ROUNDS, min(MOST_ROUNDS, int(seconds / _one_round(chosen)) - 1)),
        seconds={found.query.id: _seconds(found) for found in chosen},
        clones=clones,
        progress=progress,
    )


def _is_claimed(found: QueryComparison) -> bool:
    """Whether its whole interval shows a gain, or one was promised.

    A rewritten query is left out: the control cannot answer it.
    """
    if found.query.kind != "read" or found.query.rewritten or found.estimate is None:
        return False
    return found.target is not None or found.estimate.plain.high < 0


def _claimed(comparison: Comparison) -> list[QueryComparison]:
    return [found for found in comparison.queries.values() if _is_claimed(found)]


def left_out(comparison: Comparison, shares: Mapping[str, LayoutShare]) -> str:
    """Which gains were not split, in words; empty if all were."""
    names = [found.query.id for found in _claimed(comparison) if found.query.id not in shares]
    if not names:
        return ""
    return sentence(
        "no time for {queries}: the plan's performance.layout_seconds allows so much",
        queries=", ".join(names),
    )


def within(seconds: float, claimed: Sequence[QueryComparison]) -> list[QueryComparison]:
    """The queries whose fewest rounds, and one for warming up, fit into a time; at least one."""
    chosen: list[QueryComparison] = []
    for found in sorted(claimed, key=_rank):
        if not chosen or (FEWEST_ROUNDS + 1) * _one_round([*chosen, found]) <= seconds:
            chosen.append(found)
    return [found for found in claimed if found in chosen]


def _rank(found: QueryComparison) -> tuple[bool, float]:
    gain = found.estimate.plain.estimate if found.estimate else 0.0
    return found.target is None, gain


def _one_round(chosen: Iterable[QueryComparison]) -> float:
    """Seconds that a round takes: each query once before and once on the control."""
    return 2 * sum(map(_seconds, chosen))


def _seconds(found: QueryComparison) -> float:
    return statistics.median(before for before, _ in found.pairs)


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
        "What of each gain is the rewrite of the rows, and what the design (95 % intervals)",
        ("Query", "Whole", "Rewrite, which fades", "Design, which stays"),
        tuple((id_, *share.parts) for id_, share in shares.items()),
    )
