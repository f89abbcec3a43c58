"""Turns a comparison into the evidence that the report and ``shadow.json`` are made of."""

from __future__ import annotations

from shadowgate.evidence import QueryEvidence
from shadowgate.measure.baseline import timing
from shadowgate.measure.comparison import Comparison, QueryComparison
from shadowgate.statistics.intervals import Interval, to_percent
from shadowgate.statistics.verdict import deciding_interval


def to_evidence(comparison: Comparison) -> tuple[QueryEvidence, ...]:
    """One piece of evidence for each query, in the workload's order."""
    return tuple(query_evidence(found) for found in comparison.queries.values())


def query_evidence(found: QueryComparison) -> QueryEvidence:
    """The evidence of one query; its interval is the one that its verdict rests on."""
    interval = deciding_interval(found.estimate, found.verdict)
    change, low, high = _percent(interval)
    before_ms = tuple(before for before, _ in found.pairs)
    after_ms = tuple(after for _, after in found.pairs)
    return QueryEvidence(
        id=found.query.id,
        title=found.query.title,
        kind=found.query.kind,
        before=timing(before_ms) if found.pairs else None,
        after=timing(after_ms) if found.pairs else None,
        change_percent=change,
        low_percent=low,
        high_percent=high,
        verdict="not judged" if found.failures or not found.pairs else found.verdict,
        pairs_ms=tuple((1000.0 * before, 1000.0 * after) for before, after in found.pairs),
        rows=None if found.failures else found.rows,
        same_rows=None if found.failures else found.same_rows,
        witnesses={
            "before": found.before.metrics.as_evidence(),
            "after": found.after.metrics.as_evidence(),
        },
        plans={
            "before": found.before.metrics.documents,
            "after": found.after.metrics.documents,
        },
        notes=(*map(str, found.failures), *found.notes),
    )


def _percent(interval: Interval | None) -> tuple[float | None, float | None, float | None]:
    """Estimate and bounds in percent; a bound that is still infinite is left out."""
    if interval is None:
        return None, None, None
    low = None if interval.low == float("-inf") else to_percent(interval.low)
    high = None if interval.high == float("inf") else to_percent(interval.high)
    return to_percent(interval.estimate), low, high
