"""From the checks to the verdict: pure, so that the derivation itself can be tested.

* NO-GO unless every required check passed. Inconclusive, blocked, skipped and never run are not
  passed. The two exceptions are written into the catalogue: a check that judges time is not asked
  for on a copy too small to judge, and the verdict then says so (``quick``); one that is for
  something that a plan need not have, such as rewritten queries, is skipped where it has none.
* Risk is HIGH for NO-GO; MEDIUM for a GO with a reservation: something was skipped, an optional
  check did not pass, or a query's interval reaches close to the limit; LOW otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from shadowgate.checks import CATALOGUE, spec_of
from shadowgate.evidence import CheckResult, QueryEvidence, Risk, Verdict

NEAR_LIMIT = 0.8
"""An interval that reaches past this share of the limit is a reservation."""


@dataclass(frozen=True)
class Judgement:
    """A verdict with its reasons, and every check of the catalogue accounted for."""

    verdict: Verdict
    risk: Risk
    reasons: tuple[str, ...]
    checks: tuple[CheckResult, ...]


def judge(
    results: Mapping[str, CheckResult],
    *,
    expected: Iterable[str] = (),
    quick: str = "",
    queries: Iterable[QueryEvidence] = (),
    limit_percent: float = 5.0,
    limits: Mapping[str, float] | None = None,
    phases: Iterable[int] = range(1, 11),
) -> Judgement:
    """Derive the verdict.

    Args:
        results: what ran, by result id.
        expected: result ids that a complete run has beside those of the catalogue (items).
        quick: why timings are not judged; empty when they are.
        queries: the measured queries, for the reservations.
        limit_percent: the regression limit, in percent.
        limits: query id -> a limit of its own.
        phases: the phases that count; sign-off leaves out itself and what follows it.
    """
    counted = set(phases)
    checks = tuple(check for check in _complete(results, set(expected)) if check.phase in counted)
    against = [_reason(check) for check in checks if _stops(check, quick)]
    if against:
        return Judgement("NO-GO", "HIGH", tuple(against), checks)
    reservations = [
        *_reservations(checks, quick),
        *_near(queries, limit_percent, limits or {}, quick),
    ]
    if reservations:
        return Judgement("GO", "MEDIUM", tuple(reservations), checks)
    passed = sum(check.status == "passed" for check in checks)
    return Judgement("GO", "LOW", (f"all {passed} checks passed, none with a reservation",), checks)


def _complete(results: Mapping[str, CheckResult], expected: set[str]) -> list[CheckResult]:
    """All results in the catalogue's order, with an entry for each that never ran."""
    wanted = expected | set(results) | {s.id for s in CATALOGUE if not s.items}
    for spec in CATALOGUE:
        if spec.items and not any(spec_of(result_id) is spec for result_id in wanted):
            wanted.add(spec.id)
    order = {spec.id: place for place, spec in enumerate(CATALOGUE)}
    return [
        results.get(result_id) or _never_ran(result_id)
        for result_id in sorted(wanted, key=lambda i: (order[spec_of(i).id], _natural(i)))
    ]


def _natural(result_id: str) -> tuple[str, int, str]:
    """Q2 before Q10."""
    item = result_id.rsplit(".", 1)[-1]
    digits = "".join(c for c in item if c.isdigit())
    return (item.rstrip("0123456789"), int(digits or 0), result_id)


def _never_ran(result_id: str) -> CheckResult:
    spec = spec_of(result_id)
    return CheckResult(
        id=result_id,
        phase=spec.phase,
        status="blocked",
        claim=spec.why,
        detail="did not run: it was deselected, or the run ended before it",
        required=spec.required,
    )


def _stops(check: CheckResult, quick: str) -> bool:
    """Whether this check stands in the way of GO."""
    if not check.required or check.status == "passed":
        return False
    spec = spec_of(check.id)
    excused = spec.when or (quick and spec.judges_time)
    return not (check.status == "skipped" and excused)


def _reason(check: CheckResult) -> str:
    if check.blocked_by:
        return f"{check.id} is blocked by {check.blocked_by}"
    first = check.detail.splitlines()[0] if check.detail else "no detail was recorded"
    return f"{check.id} {check.status}: {first}"


def _reservations(checks: Iterable[CheckResult], quick: str) -> list[str]:
    found = [f"performance was not judged: {quick}"] if quick else []
    for check in checks:
        if check.required or check.status in ("passed", "skipped"):
            continue
        found.append(f"optional: {_reason(check)}")
    return found


def _near(
    queries: Iterable[QueryEvidence], limit_percent: float, limits: Mapping[str, float], quick: str
) -> list[str]:
    if quick:
        return []
    limited = [(query, limits.get(query.id, limit_percent)) for query in queries]
    return [
        f"{query.id} is not slower than {limit:g} %, but its interval reaches "
        f"{query.high_percent:+.1f} %"
        for query, limit in limited
        if query.high_percent is not None and query.high_percent > NEAR_LIMIT * limit
    ]
