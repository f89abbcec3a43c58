"""Phase 6: the same queries, paired with the copy before the migration."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from shadowgate.evidence import Table
from shadowgate.measure import (
    ColdFigures,
    Comparison,
    LayoutShare,
    Target,
    extra_info,
    to_evidence,
)
from shadowgate.measure.statistics import to_percent
from shadowgate.plan import Plan
from shadowgate.plugin.timing import BenchmarkRecorder
from shadowgate.recorder import Finding, Recorder
from shadowgate.stages import Held, History, Rewrites, layout_table, left_out


@pytest.mark.check("performance.same_results")
def test_same_results(
    comparison: Comparison,
    query_id: str,
    timing_key: str,
    benchmarks: BenchmarkRecorder,
    finding: Finding,
) -> None:
    """The query returns the same rows before and after, in whatever order."""
    found = comparison.queries[query_id]
    for side, series in enumerate(("before", "after")):
        info = extra_info(query_id, series, timing_key)
        benchmarks.record(series, query_id, [pair[side] for pair in found.pairs], info)
    finding.note(f"{found.rows} rows", "the same rows")
    finding.require(found.same_rows, str(found.difference))


@pytest.mark.check("performance.witnesses")
def test_witnesses(held: Held | None, recorder: Recorder, finding: Finding) -> None:
    """What each query touches, before and after, is what the committed baseline says."""
    if held is None:
        pytest.skip("the plan names no baseline")
    if held.expected is None and recorder.quick and not held.written:
        pytest.skip(held.missing)
    if held.why_not and not held.written:
        pytest.skip(held.why_not)
    finding.note(f"{len(held.differences)} differences", "0 differences")
    finding.say(*held.in_words)
    if held.written:
        finding.say(f"{held.path.name} was written anew:", *held.written)
        finding.require_decided(held.unchanged, held.changed)
    finding.show(*([held.table] if held.differences else []))
    finding.require(held.expected is not None, held.missing)
    finding.require(not held.differences, [*held.in_words, *map(str, held.differences)])


@pytest.mark.check("performance.not_slower")
def test_not_slower(comparison: Comparison, query_id: str, plan: Plan, finding: Finding) -> None:
    """The query is not slower than the limit allows: its interval ends below it."""
    evidence = next(query for query in to_evidence(comparison) if query.id == query_id)
    limits = plan.performance.limits_by_query
    finding.note(
        {
            "change": _percent(evidence.change_percent),
            "interval": f"{_percent(evidence.low_percent)} to {_percent(evidence.high_percent)}",
            "pairs": len(evidence.pairs_ms),
            "planning": " -> ".join(
                f"{evidence.witnesses[side]['planning_ms']:.2f}" for side in ("before", "after")
            )
            + " ms",
            "verdict": evidence.verdict,
        },
        f"below {_percent(limits.get(query_id, plan.performance.limit_percent))}",
    )
    finding.say(
        *(
            f"It may be {limit.percent:g} % slower: {limit.reason.strip()}"
            for limit in plan.performance.limits
            if query_id in limit.queries
        )
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
    finding.say(comparison.how)
    _judge(comparison.overall_target, finding)


@pytest.mark.check("performance.rewrites")
def test_rewrites(rewrites: Rewrites | None, finding: Finding) -> None:
    """Every rewritten query returns the rows of its original, before and after writes."""
    if rewrites is None:
        pytest.skip("the plan has no rewritten queries")
    wrong = [sentence for item in rewrites.queries for sentence in item.sentences()]
    untouched = [item.query.id for item in rewrites.queries if not item.touched]
    finding.note(
        {
            "the same": sum(item.same for item in rewrites.queries),
            "touched by writes": len(rewrites.queries) - len(untouched),
            "rows written": rewrites.written,
        },
        {"the same": len(rewrites.queries), "touched by writes": len(rewrites.queries)},
    )
    finding.show(rewrites.table())
    finding.require(not wrong, wrong)
    finding.require_decided(
        not untouched,
        f"the writes change nothing that {', '.join(untouched)} return: add some to the plan's "
        "[workload] writes",
    )


@pytest.mark.check("performance.history")
def test_history(history: History | None, finding: Finding) -> None:
    """No query lost its gain since the last stored run on this machine and server."""
    if history is None:
        pytest.skip("no run on this machine, server and backup is stored yet; this one now is")
    finding.note(f"{len(history.slower)} of {len(history.drifts)} slower", "0 slower")
    finding.show(history.table)
    finding.require(not history.slower, [str(each) for each in history.slower])


@pytest.mark.check("performance.layout")
def test_layout(
    layout: Mapping[str, LayoutShare] | None, comparison: Comparison, finding: Finding
) -> None:
    """Of the gains claimed it is known how much is the rewrite of the rows, and how much stays."""
    if layout is None:
        pytest.skip("the plan names no table that the migration rewrites")
    finding.note(f"{len(layout)} queries")
    finding.say(*(share.sentence for share in layout.values()), left_out(comparison, layout))
    finding.show(layout_table(layout))


@pytest.mark.check("performance.cold")
def test_cold(cold: Mapping[str, ColdFigures] | None, finding: Finding) -> None:
    """Times and pages read are on record for an empty buffer cache too."""
    if cold is None:
        pytest.skip("not asked for: --cold measures it")
    finding.note(f"{len(cold)} queries")
    finding.show(_cold_table(cold))


def _cold_table(cold: Mapping[str, ColdFigures]) -> Table:
    rows = []
    for id_, figures in cold.items():
        before, after = figures.medians
        times = (f"{side.milliseconds:.1f}" for side in (before, after))
        rows.append((id_, *times, str(before.pages_read), str(after.pages_read)))
    return Table(
        "With a cold buffer cache (medians; shown, not judged)",
        ("Query", "Before, ms", "After, ms", "Pages read before", "Pages read after"),
        tuple(rows),
    )


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
