"""Phase 4: the queries as they are before the migration."""

from __future__ import annotations

import pytest

from shadowgate.measure import Baseline
from shadowgate.plan import Plan
from shadowgate.plugin.timing import BenchmarkRecorder
from shadowgate.recorder import Finding


@pytest.mark.check("baseline.query")
def test_query(
    baseline: Baseline, query_id: str, plan: Plan, benchmarks: BenchmarkRecorder, finding: Finding
) -> None:
    """The query runs on the restored backup; its rounds, plan and rows are on record."""
    query, wanted = baseline.queries[query_id], plan.performance.baseline_rounds
    timing, witness = query.timing, query.witness
    benchmarks.record("baseline", query_id, query.rounds, {"rows_hash": query.result.hash})
    finding.note(
        {
            "average_ms": round(timing.mean, 3),
            "median_ms": round(timing.median, 3),
            "min_ms": round(timing.minimum, 3),
            "max_ms": round(timing.maximum, 3),
            "p95_ms": round(timing.p95, 3),
            "rounds": timing.rounds,
            "rows": query.result.count,
            "rows_hash": query.result.hash,
            "buffers": witness.buffers,
            "planning_ms": round(witness.planning_ms, 3),
            "partitions": list(witness.partitions),
            "indexes": list(witness.indexes),
        },
        {"rounds": f">= {wanted}"},
    )
    finding.say(f"{query.query.title}. Its plan:", *witness.shape)
    finding.require(timing.rounds >= wanted, f"{timing.rounds} rounds instead of {wanted}")


@pytest.mark.check("baseline.stored")
def test_stored(baseline: Baseline, benchmarks: BenchmarkRecorder, finding: Finding) -> None:
    """Every round is handed to pytest-benchmark, which stores it in its JSON."""
    missing = [q for q in baseline.queries if not benchmarks.has("baseline", q)]
    finding.note(f"{benchmarks.rounds('baseline')} rounds of {len(baseline.queries)} queries")
    finding.say(
        f"stored in {benchmarks.path.name}, and in {benchmarks.storage.name} for later runs on the "
        "same machine and server"
    )
    finding.require(not missing, f"not recorded: {', '.join(missing)}")
