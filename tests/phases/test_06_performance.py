"""Phase 6: the same queries, paired with the copy before the migration."""

from __future__ import annotations

import pytest

from shadowgate.measure import Comparison, Target, to_evidence
from shadowgate.measure.statistics import to_percent
from shadowgate.plan import Plan
from shadowgate.plugin.timing import BenchmarkRecorder
from shadowgate.recorder import Finding
from shadowgate.stages import Rewrites


@pytest.mark.check("performance.same_results")
def test_same_results(
    comparison: Comparison, query_id: str, benchmarks: BenchmarkRecorder, finding: Finding
) -> None:
    """The query returns the same rows before and after, in whatever order."""
    found = comparison.queries[query_id]
    for side, series in enumerate(("before", "after")):
        benchmarks.record(series, query_id, [pair[side] for pair in found.pairs], {})
    finding.note(f"{found.rows} rows", "the same rows")
    finding.require(found.same_rows, str(found.difference))


@pytest.mark.check("performance.not_slower")
def test_not_slower(comparison: Comparison, query_id: str, plan: Plan, finding: Finding) -> None:
    """The query is not slower than the limit allows: its interval ends below it."""
    evidence = next(query for query in to_evidence(comparison) if query.id == query_id)
    finding.note(
        {
            "change": _percent(evidence.change_percent),
            "interval": f"{_percent(evidence.low_percent)} to {_percent(evidence.high_percent)}",
            "pairs": len(evidence.pairs_ms),
            "verdict": evidence.verdict,
        },
        f"below {_percent(plan.performance.limit_percent)}",
    )
    finding.say(*evidence.notes)
    finding.require(
        evidence.verdict != "regressed",
        f"{query_id} is slower: {_percent(evidence.change_percent)}, interval "
        f"{_percent(evidence.low_percent)} to {_percent(evidence.high_percent)}",
    )
    finding.require_decided(
        evidence.verdict in ("improved", "equivalent"),
        f"{query_id} could not be decided within {len(evidence.pairs_ms)} pairs",
    )


@pytest.mark.check("performance.target")
def test_target(comparison: Comparison, target: str, finding: Finding) -> None:
    """The query that the migration is made for is faster by what was promised."""
    promised = comparison.targets[target]
    _judge(promised, finding)


@pytest.mark.check("performance.overall")
def test_overall(comparison: Comparison, finding: Finding) -> None:
    """The average over the reading queries is faster by what was promised."""
    if comparison.overall_target is None:
        pytest.skip("the plan claims no overall gain")
    _judge(comparison.overall_target, finding)


@pytest.mark.check("performance.rewrites")
def test_rewrites(rewrites: Rewrites | None, finding: Finding) -> None:
    """Every rewritten query returns the rows of its original, before and after writes."""
    if rewrites is None:
        pytest.skip("the plan has no rewritten queries")
    wrong = [sentence for item in rewrites.queries for sentence in item.sentences()]
    touched = sum(item.touched for item in rewrites.queries)
    finding.note(
        {
            "the same": sum(item.same for item in rewrites.queries),
            "touched by writes": touched,
            "rows written": rewrites.written,
        },
        {"the same": len(rewrites.queries)},
    )
    finding.show(rewrites.table())
    finding.require(not wrong, wrong)
    finding.require_decided(touched > 0, "the writes changed nothing that these queries return")


def _judge(promised: Target, finding: Finding) -> None:
    """A target holds only if the whole interval says so."""
    estimate = promised.estimate
    interval = estimate.plain if estimate else None
    change = round(to_percent(interval.estimate), 2) if interval else None
    finding.note(change, -promised.percent)
    if interval:
        finding.say(
            f"interval {to_percent(interval.low):+.1f} % to {to_percent(interval.high):+.1f} %"
        )
    finding.require(
        promised.status != "missed",
        f"{promised.name} changed by {change:+.1f} %, promised were -{promised.percent:g} %",
    )
    finding.require_decided(
        promised.status == "met", f"{promised.name}: its interval does not decide"
    )


def _percent(value: float | None) -> str:
    return "unknown" if value is None else f"{value:+.1f} %"
