"""The few facts that decide a GO, each with the check that it is proven by."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from shadowgate.evidence import CheckResult, Evidence, QueryEvidence, Status
from shadowgate.language import _, ngettext, told
from shadowgate.report import words
from shadowgate.report.causes import causes_of

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


def what_decides(evidence: Evidence) -> str:
    """The one fact that decides most about a run, in a sentence."""
    if evidence.verdict == "NO-GO":
        causes = causes_of(evidence.checks)
        if causes:
            check = causes[0].check
            return f"{check.id}: {words.findings_of(check)[0]}"
        return told(evidence.reasons[0]) if evidence.reasons else ""
    facts = deciding_facts(evidence)
    if evidence.quick:
        facts = tuple(fact for fact in facts if fact.target == NOT_ASKED) or facts
    return next((f"{fact.label}: {fact.value} ({fact.note})" for fact in facts), "")


def _worst_query(evidence: Evidence, checks: Mapping[str, CheckResult]) -> Fact | None:
    timed = [query for query in evidence.queries if query.change_percent is not None]
    if not timed:
        return None
    judged = [query for query in timed if _is_judged(query, checks)]
    worst = max(judged or timed, key=_reach)
    proof = _proof(worst, checks)
    ends = words.interval(worst.low_percent, worst.high_percent)
    notes = [_("interval {ends}", ends=ends)] if ends else []
    notes += [_of_queries(len(evidence.queries))]
    if proof is None or not _is_judged(worst, checks):
        same = checks.get(f"performance.same_results.{worst.id}")
        return Fact(
            _("Worst query"),
            f"{worst.id} {words.percent(worst.change_percent)}",
            "; ".join([*notes, _("times are shown, not judged")]),
            same.id if same else "performance",
        )
    limit = words.value(proof.limit) if proof.limit is not None else ""
    notes += [_("allowed: {limit}", limit=limit)] if limit else []
    return Fact(
        _("Worst query"),
        f"{worst.id} {words.percent(worst.change_percent)}",
        "; ".join(notes),
        proof.id,
        proof.status,
    )


def _of_queries(number: int) -> str:
    return ngettext("of {n} query", "of {n} queries", number)


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
    asked = check.limit if isinstance(check.limit, Mapping) else {}
    limit = asked.get(f"{who}_ms", asked.get("longest_ms"))
    notes = [_waiting(who, name) if longest else _("readers and writers at work")]
    notes += [] if limit is None else [_("allowed: {limit}", limit=words.milliseconds(limit))]
    return Fact(
        _("Longest wait"),
        words.milliseconds(longest) if longest else _("nobody waited"),
        "; ".join(notes),
        name,
        check.status,
    )


def _waiting(who: str, check: str) -> str:
    """Who waited, in which of the two checks on waits."""
    if check == "migration.lock_queue":
        behind_report = {
            "reader": _("of a reader while a long report was open"),
            "writer": _("of a writer while a long report was open"),
        }
        return behind_report[who]
    return {"reader": _("of a reader"), "writer": _("of a writer")}[who]


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
    ways = {c.id.partition(".")[0] for c in asked}
    compared = {
        ("migration",): _("by the migration"),
        ("rollback",): _("by its rollback"),
        ("migration", "rollback"): _("by the migration or by its rollback"),
    }
    notes = [_("of {rows}", rows=words.value(rows.measured))] if rows and rows.measured else []
    notes += [compared[tuple(sorted(ways))]]
    worst = min(asked, key=lambda check: words.STATUSES.index(check.status))
    value = "0" if worst.status == "passed" else words.shortened(words.value(worst.measured), 40)
    return Fact(_("Rows lost or altered"), value, "; ".join(notes), worst.id, worst.status)


def _rollback_time(checks: Mapping[str, CheckResult]) -> Fact | None:
    check = checks.get("rollback.in_time")
    if check is None:
        return None
    if not isinstance(check.measured, int | float):
        said = words.status(check.status)
        return Fact(_("Rollback"), said, words.reason_of(check), check.id, check.status)
    limit = None if check.limit is None else words.duration(float(check.limit))
    allowed = _("allowed: {limit}", limit=limit) if limit else ""
    return Fact(_("Rollback"), words.duration(check.measured), allowed, check.id, check.status)


def _not_judged(evidence: Evidence) -> Fact | None:
    skipped = [check for check in evidence.checks if check.status == "skipped"]
    if not skipped:
        return None
    if evidence.quick:
        timings = [c for c in skipped if c.id.startswith("performance.not_slower.")]
        why = words.reason_of(timings[0]) if timings else _("the data was too small")
        return Fact(_("Not judged"), _("how fast queries are"), why, NOT_ASKED)
    count = ngettext("{n} check", "{n} checks", len(skipped))
    groups = words.not_run(skipped)
    reasons = [words.shortened(group.reason, 60) for group in groups[:2]]
    more = len(groups) - 2
    reasons += [ngettext("{n} more reason", "{n} more reasons", more)] if more > 0 else []
    return Fact(_("Not judged"), count, "; ".join(reasons), NOT_ASKED)
