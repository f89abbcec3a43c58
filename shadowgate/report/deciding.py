"""The few facts that decide a GO, each with the check that it is proven by."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from shadowgate.evidence import CheckResult, Evidence, QueryEvidence, Status
from shadowgate.report import words

NOT_ASKED = "not-asked"
"""Anchor of the list of what was not judged."""


@dataclass(frozen=True)
class Fact:
    """One fact on the first screen."""

    label: str
    value: str
    note: str
    target: str
    """Anchor of its evidence on the page."""
    status: Status | None = None
    """Of the check that judged it; ``None`` if nothing did."""


def deciding_facts(evidence: Evidence) -> tuple[Fact, ...]:
    """The worst query, the longest wait, rows lost, the rollback's time, what was not judged."""
    checks = {check.id: check for check in evidence.checks}
    found = (
        _worst_query(evidence, checks),
        _longest_wait(checks),
        _rows_lost(checks),
        _rollback_time(checks),
        _not_judged(evidence),
    )
    return tuple(fact for fact in found if fact is not None)


def _worst_query(evidence: Evidence, checks: Mapping[str, CheckResult]) -> Fact | None:
    timed = [query for query in evidence.queries if query.change_percent is not None]
    if not timed:
        return None
    judged = [query for query in timed if _is_judged(query, checks)]
    worst = max(judged or timed, key=_reach)
    proof = _proof(worst, checks)
    ends = words.interval(worst.low_percent, worst.high_percent)
    notes = [f"interval {ends}"] if ends else []
    notes += [f"of {len(evidence.queries)} queries"]
    if proof is None or not _is_judged(worst, checks):
        same = checks.get(f"performance.same_results.{worst.id}")
        return Fact(
            "Worst query",
            f"{worst.id} {words.percent(worst.change_percent)}",
            "; ".join([*notes, "times are shown, not judged"]),
            same.id if same else "performance",
        )
    limit = words.value(proof.limit) if proof.limit is not None else ""
    notes += [f"allowed: {limit}"] if limit else []
    return Fact(
        "Worst query",
        f"{worst.id} {words.percent(worst.change_percent)}",
        "; ".join(notes),
        proof.id,
        proof.status,
    )


def _reach(query: QueryEvidence) -> float:
    """How slow a query may have become; where its interval has no end, it may be anything."""
    return float("inf") if query.high_percent is None else query.high_percent


def _proof(query: QueryEvidence, checks: Mapping[str, CheckResult]) -> CheckResult | None:
    return checks.get(f"performance.not_slower.{query.id}")


def _is_judged(query: QueryEvidence, checks: Mapping[str, CheckResult]) -> bool:
    proof = _proof(query, checks)
    return proof is not None and proof.status != "skipped"


def _longest_wait(checks: Mapping[str, CheckResult]) -> Fact | None:
    """The longest wait of any client, in traffic or behind a long report."""
    waits = [
        (milliseconds, who.removesuffix("_ms"), name, check)
        for name, check in checks.items()
        if name in ("migration.waiting", "migration.lock_queue")
        for who, milliseconds in _waits_of(check.measured)
    ]
    if not waits:
        return None
    longest, who, name, check = max(waits, key=lambda each: each[0])
    behind = " while a long report was open" if name == "migration.lock_queue" else ""
    asked = check.limit if isinstance(check.limit, Mapping) else {}
    limit = asked.get(f"{who}_ms", asked.get("longest_ms"))
    allowed = "" if limit is None else f"; allowed: {words.milliseconds(limit)}"
    return Fact(
        "Longest wait",
        words.milliseconds(longest) if longest else "nobody waited",
        f"of a {who}{behind}{allowed}" if longest else f"readers and writers at work{allowed}",
        name,
        check.status,
    )


def _waits_of(measured: Any) -> Iterator[tuple[str, float]]:
    if isinstance(measured, Mapping):
        for who, value in measured.items():
            if who in ("reader_ms", "writer_ms") and isinstance(value, int | float):
                yield who, float(value)


def _rows_lost(by_id: Mapping[str, CheckResult]) -> Fact | None:
    names = ("migration.data_unchanged", "rollback.rows_identical", "rollback.later_rows_kept")
    proofs = [by_id[name] for name in names if name in by_id]
    asked = [check for check in proofs if check.status != "skipped"]
    if not asked:
        return None
    rows = by_id.get("restore.rows")
    of = f"of {words.value(rows.measured)}; " if rows and rows.measured is not None else ""
    ways = {"migration": "by the migration", "rollback": "by its rollback"}
    compared = [text for head, text in ways.items() if any(c.id.startswith(head) for c in asked)]
    worst = min(asked, key=lambda check: words.STATUSES.index(check.status))
    value = "0" if worst.status == "passed" else words.shortened(words.value(worst.measured), 40)
    return Fact("Rows lost or altered", value, of + " or ".join(compared), worst.id, worst.status)


def _rollback_time(checks: Mapping[str, CheckResult]) -> Fact | None:
    check = checks.get("rollback.in_time")
    if check is None:
        return None
    if not isinstance(check.measured, int | float):
        return Fact("Rollback", check.status, words.reason_of(check), check.id, check.status)
    allowed = "" if check.limit is None else f"allowed: {words.duration(float(check.limit))}"
    return Fact("Rollback", words.duration(check.measured), allowed, check.id, check.status)


def _not_judged(evidence: Evidence) -> Fact | None:
    skipped = [check for check in evidence.checks if check.status == "skipped"]
    if not skipped:
        return None
    if evidence.quick:
        timings = [c for c in skipped if c.id.startswith("performance.not_slower.")]
        why = words.reason_of(timings[0]) if timings else "the data was too small"
        return Fact("Not judged", "how fast queries are", why, NOT_ASKED)
    told = f"{len(skipped)} check{'s' if len(skipped) > 1 else ''}"
    groups = words.not_run(skipped)
    why = "; ".join(words.shortened(group.reason, 60) for group in groups[:2])
    more = f"; {len(groups) - 2} more reasons" if len(groups) > 2 else ""
    return Fact("Not judged", told, why + more, NOT_ASKED)
