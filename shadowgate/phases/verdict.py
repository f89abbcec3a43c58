"""From the results of the checks to the verdict: pure, so that the derivation itself is tested.

* NO-GO unless every required check that applies has passed. Failed, inconclusive, blocked, left out
  and never run are not passed. That a check does not apply is taken from its own predicate, never
  from a result that says ``skipped``.
* Two things let a required check do without a pass: a check that judges time is not asked for on a
  copy too small to judge, and the verdict then says so (``quick``); and the plan may waive a check
  that failed or could not be carried out, with its reason.
* Risk is HIGH for NO-GO; MEDIUM for a GO with a reservation: a waiver, one that covers nothing,
  timings not judged, an optional check that did not pass, an interval that reaches close to its
  limit; LOW otherwise.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from shadowgate.evidence import CheckResult, QueryEvidence, Risk, Verdict
from shadowgate.language import lines_of, sentence
from shadowgate.phases.check import PHASES, Check
from shadowgate.phases.consequences import with_causes

NEAR_LIMIT = 0.8
"""An interval that reaches past this share of the limit is a reservation."""

ALL_PHASES = range(1, len(PHASES) + 1)


@dataclass(frozen=True)
class Conclusion:
    """A verdict with its reasons, and every check accounted for."""

    verdict: Verdict
    risk: Risk
    reasons: tuple[str, ...]
    checks: tuple[CheckResult, ...]


@dataclass(frozen=True)
class Terms:
    """What a verdict is derived under, besides the results."""

    not_applicable: Mapping[str, str] = field(default_factory=dict)
    """Result id -> why its check does not apply, as its predicate said."""
    quick: str = ""
    """Why timings are not judged; empty when they are."""
    irreversible: str = ""
    """Why there is no rollback; empty where there is one."""
    waivers: Mapping[str, str] = field(default_factory=dict)
    """Check -> why the plan accepts that it did not pass."""
    unused_waivers: Collection[str] = ()
    """Rules of waivers that cover nothing."""
    queries: Sequence[QueryEvidence] = ()
    """The measured queries, for the reservations."""
    limits: Mapping[str, float] = field(default_factory=dict)
    """Query id -> how much slower it may be, in percent; of every query."""

    def waiver_of(self, check: Check[Any], result: CheckResult) -> str | None:
        """The reason of the waiver that covers a result; ``None`` if none does."""
        if not result.is_open:
            return None
        return self.waivers.get(result.id, self.waivers.get(check.id))


def judge(
    checks: Sequence[Check[Any]],
    results: Mapping[str, CheckResult],
    *,
    expected: Iterable[str] = (),
    terms: Terms | None = None,
    phases: Collection[int] = ALL_PHASES,
    besides: Collection[str] = (),
) -> Conclusion:
    """Derive the verdict.

    Args:
        checks: the catalogue.
        results: what ran, by result id.
        expected: result ids that a complete run has, items included; every check of the catalogue
            is expected at least once.
        terms: what it is derived under.
        phases: the phases that count; sign-off leaves out itself and what follows it.
        besides: ids of checks of other phases that count too.
    """
    under = terms or Terms()
    counted = [
        (check, result)
        for check, result in _complete(checks, results, set(expected))
        if check.phase in phases or check.id in besides
    ]
    found = with_causes(
        [result for _, result in counted],
        concluding={result.id for check, result in counted if check.concludes},
    )
    accounted = [(check, result) for (check, _), result in zip(counted, found, strict=True)]
    against = [_reason(result) for check, result in accounted if _stops(check, result, under)]
    if against:
        return Conclusion("NO-GO", "HIGH", tuple(against), found)
    reservations = (*_reservations(accounted, under), *_near(under))
    if reservations:
        return Conclusion("GO", "MEDIUM", reservations, found)
    passed = sum(result.status == "passed" for result in found)
    return Conclusion("GO", "LOW", (_all_passed(passed),), found)


def stopping(checks: Sequence[Check[Any]], results: Mapping[str, CheckResult], terms: Terms) -> str:
    """Id of the first result that makes the verdict NO-GO, whatever comes; empty if none does yet.

    The same rule as :func:`judge` has, applied to what ran so far.
    """
    for result in results.values():
        if _stops(check_of(checks, result.id), result, terms):
            return result.blocked_by or result.id
    return ""


def check_of(checks: Iterable[Check[Any]], result_id: str) -> Check[Any]:
    """The check that a result belongs to: itself, or the one that it is an item of.

    Raises:
        KeyError: no check has that id.
    """
    by_id = {check.id: check for check in checks}
    return by_id[result_id if result_id in by_id else ".".join(result_id.split(".")[:2])]


def _complete(
    checks: Sequence[Check[Any]], results: Mapping[str, CheckResult], expected: set[str]
) -> Iterator[tuple[Check[Any], CheckResult]]:
    """Every check with its results in the catalogue's order, one for what never ran included."""
    by_check: dict[str, list[str]] = {check.id: [] for check in checks}
    for result_id in {*results, *expected}:
        by_check[check_of(checks, result_id).id].append(result_id)
    for check in checks:
        for result_id in sorted(by_check[check.id], key=_natural) or [check.id]:
            yield check, results.get(result_id) or _never_ran(check, result_id)


def _natural(result_id: str) -> tuple[str, int, str]:
    """Q2 before Q10."""
    item = result_id.rsplit(".", 1)[-1]
    digits = "".join(c for c in item if c.isdigit())
    return (item.rstrip("0123456789"), int(digits or 0), result_id)


def _never_ran(check: Check[Any], result_id: str) -> CheckResult:
    return CheckResult(
        id=result_id,
        phase=check.phase,
        status="blocked",
        claim=check.claim,
        detail=sentence("did not run: it was deselected, or the run ended before it"),
        required=check.required,
    )


def _stops(check: Check[Any], result: CheckResult, terms: Terms) -> bool:
    """Whether this result stands in the way of GO."""
    if not check.required or result.status == "passed" or result.id in terms.not_applicable:
        return False
    if terms.waiver_of(check, result) is not None:
        return False
    return not (result.status == "skipped" and terms.quick and check.judges_time)


def _all_passed(checks: int) -> str:
    return sentence("all {checks} checks passed, none with a reservation", checks=checks)


def _reason(result: CheckResult) -> str:
    if result.blocked_by:
        return sentence("{check} is blocked by {other}", check=result.id, other=result.blocked_by)
    said = lines_of(result.detail)
    values = {"check": result.id, "why": said[0] if said else sentence("no detail was recorded")}
    match result.status:
        case "failed":
            return sentence("{check} failed: {why}", **values)
        case "inconclusive":
            return sentence("{check} inconclusive: {why}", **values)
        case "blocked":
            return sentence("{check} blocked: {why}", **values)
        case "skipped":
            return sentence("{check} skipped: {why}", **values)
        case "passed":
            return sentence("{check} passed: {why}", **values)


def _reservations(
    accounted: Iterable[tuple[Check[Any], CheckResult]], terms: Terms
) -> Iterator[str]:
    if terms.quick:
        yield sentence("performance was not judged: {why}", why=terms.quick)
    if terms.irreversible:
        yield sentence("there is no way back but the snapshot: {why}", why=terms.irreversible)
    for check, result in accounted:
        if (reason := terms.waiver_of(check, result)) is not None:
            yield sentence(
                "waived: {finding}; accepted because: {reason}",
                finding=_reason(result),
                reason=reason,
            )
        elif not check.required and result.status not in ("passed", "skipped"):
            yield sentence("optional: {finding}", finding=_reason(result))
    for rule in terms.unused_waivers:
        yield sentence(
            "the waiver of {rule} covers nothing: take it out, or it hides a later finding",
            rule=rule,
        )


def _near(terms: Terms) -> Iterator[str]:
    for query in () if terms.quick else terms.queries:
        limit = terms.limits[query.id]
        if query.high_percent is not None and query.high_percent > NEAR_LIMIT * limit:
            yield sentence(
                "{query} is not slower than {limit:g} %, but its interval reaches {high:+.1f} %",
                query=query.id,
                limit=limit,
                high=query.high_percent,
            )
