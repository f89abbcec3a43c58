"""Checks of phase 4: every query runs on the restored backup, and its rounds are kept."""

from __future__ import annotations

from shadowgate.language import nsentence, sentence
from shadowgate.measure import Baseline
from shadowgate.phases.check import check
from shadowgate.phases.finding import Finding
from shadowgate.phases.items import QUERIES
from shadowgate.phases.rounds import RoundStore
from shadowgate.plan import Plan


@check(
    "baseline.query",
    remedy="See the query's error; it must run on the restored backup as it stands.",
    items=QUERIES,
)
def query_runs(baseline: Baseline, query: str, plan: Plan, finding: Finding) -> None:
    """The query runs on the restored backup; its rounds, plan and rows are on record.

    A change can only be judged against what was measured before it.
    """
    found, wanted = baseline.queries[query], plan.performance.baseline_rounds
    finding.require(found.failure is None, str(found.failure or ""))
    timing, metrics = found.timing, found.metrics
    finding.note(
        {
            "average_ms": round(timing.mean, 3),
            "median_ms": round(timing.median, 3),
            "min_ms": round(timing.minimum, 3),
            "max_ms": round(timing.maximum, 3),
            "p95_ms": round(timing.p95, 3),
            "rounds": timing.rounds,
            "rows": found.result.count,
            "rows_hash": found.result.hash,
            "buffers": metrics.buffers,
            "planning_ms": round(metrics.planning_ms, 3),
            "partitions": list(metrics.partitions),
            "indexes": list(metrics.indexes),
        },
        {"rounds": f">= {wanted}"},
    )
    finding.say(
        # TRANSLATORS: {title} is what a query is called
        sentence("{title}. Its plan:", title=found.query.title),
        *metrics.shape,
    )
    finding.require(
        timing.rounds >= wanted,
        nsentence(
            "{n} round instead of {wanted}",
            "{n} rounds instead of {wanted}",
            timing.rounds,
            wanted=wanted,
        ),
    )


@check("baseline.stored", remedy="See that the reports folder can be written.")
def rounds_are_stored(baseline: Baseline, rounds: RoundStore, finding: Finding) -> None:
    """Every round is handed to pytest-benchmark, which stores it in its JSON.

    A later run on the same machine must be able to compare with this one.
    """
    missing = [
        id_
        for id_, query in baseline.queries.items()
        if not query.failure and not rounds.has("baseline", id_)
    ]
    finding.note(
        nsentence(
            "{rounds} rounds of {n} query",
            "{rounds} rounds of {n} queries",
            len(baseline.queries),
            rounds=rounds.rounds("baseline"),
        )
    )
    finding.say(
        sentence(
            "stored in {file}, and in {folder} for later runs on the same machine and server",
            file=rounds.path.name,
            folder=rounds.storage.name,
        )
    )
    finding.require(not missing, sentence("not recorded: {queries}", queries=", ".join(missing)))
