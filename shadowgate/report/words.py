"""Values as a reader wants them: numbers, durations, changes, statuses and verdicts in words."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any

from shadowgate.evidence import CheckResult, Evidence, QueryVerdict, Status, Table

NOTHING = "–"
"""Shown where there is no value."""

PHASE_NAMES: Mapping[int, str] = {
    1: "Environment",
    2: "Backup restore",
    3: "Monitoring",
    4: "Baseline before",
    5: "Migration",
    6: "Baseline after",
    7: "Later optimisations",
    8: "Rollback",
    9: "Sign-off",
    10: "Rollout plan",
}

STATUSES: tuple[Status, ...] = ("failed", "inconclusive", "blocked", "skipped", "passed")
"""The worst first: the order in which a reader wants to hear of them."""

STATUS_SYMBOLS: Mapping[Status, str] = {
    "passed": "✓",
    "failed": "✕",
    "inconclusive": "?",
    "blocked": "■",
    "skipped": "–",
}

QUERY_SYMBOLS: Mapping[QueryVerdict, str] = {
    "improved": "▼",
    "equivalent": "=",
    "regressed": "▲",
    "inconclusive": "?",
    "not judged": "–",
}


@dataclass(frozen=True)
class NotRun:
    """Checks that did not run, all for one reason."""

    status: Status
    ids: tuple[str, ...]
    reason: str


@dataclass(frozen=True)
class Headline:
    """The verdict as it is said to people."""

    label: str
    """``GO``, ``NO-GO`` or ``GO (quick: performance not judged)``."""
    short: str
    """``GO`` or ``NO-GO``."""
    qualifier: str
    """What limits the verdict; empty for a full run."""
    sentence: str


def plan_title(plan: Mapping[str, Any]) -> str:
    """What a plan is called."""
    return str(plan.get("title") or plan.get("name") or "unnamed plan")


def headline(evidence: Evidence) -> Headline:
    """Say the verdict: a label for a terminal, and one sentence for people."""
    if evidence.verdict == "NO-GO":
        return Headline("NO-GO", "NO-GO", "", f"Do not roll out: {_open_required(evidence)}.")
    if evidence.quick:
        return Headline(
            "GO (quick: performance not judged)",
            "GO",
            "quick: performance not judged",
            "Every check that was judged passed. The data was too small to judge performance: "
            "run it at full size before signing.",
        )
    return Headline("GO", "GO", "", "Every required check passed: this may go to production.")


def _open_required(evidence: Evidence) -> str:
    against = [check for check in evidence.checks if check.required]
    told = counted([check for check in against if check.status not in ("passed", "skipped")])
    if not told:
        return "see the reasons"
    causes = sum(c.status in ("failed", "inconclusive") and not c.follows for c in against)
    reasons = f", for {causes} reason{'s' if causes > 1 else ''}" if causes else ""
    return f"of the required checks {told}{reasons}"


def counted(checks: Iterable[CheckResult]) -> str:
    """How many checks ended how, the worst first: ``6 failed, 12 blocked``; passes left out."""
    numbers = Counter(check.status for check in checks)
    return ", ".join(f"{numbers[status]} {status}" for status in STATUSES[:-1] if numbers[status])


def number(value: float) -> str:
    """Three significant figures below 1000, whole numbers with separators above: ``1,234,567``."""
    if not math.isfinite(value):
        return NOTHING if math.isnan(value) else ("−∞" if value < 0 else "∞")
    if value == int(value) and abs(value) < 1e15 and isinstance(value, Integral):
        return signed(f"{int(value):,}")
    if abs(value) >= 1000:
        return signed(f"{value:,.0f}")
    if abs(value) >= 100:
        return signed(f"{value:.0f}")
    if abs(value) >= 10:
        return signed(f"{value:.1f}")
    return signed(f"{value:.2f}")


def milliseconds(value: float | None) -> str:
    """A time in milliseconds with three significant figures: ``47.2 ms``."""
    return NOTHING if value is None else f"{number(float(value))} ms"


def duration(seconds: float) -> str:
    """A time a person can feel: ``820 ms``, ``2.4 s``, ``1 min 12 s``, ``2 h 5 min``."""
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def percent(value: float | None) -> str:
    """A change with its sign: ``−29.1 %`` is faster, ``+3.0 %`` slower."""
    if value is None or math.isnan(value):
        return NOTHING
    if math.isinf(value):
        return f"{'+' if value > 0 else ''}{number(value)} %"
    rounded = round(value, 1) + 0.0
    return signed(f"{rounded:+.1f} %" if rounded else "0.0 %")


def interval(low: float | None, high: float | None) -> str:
    """The two ends of an interval of changes; empty if neither is known."""
    if low is None and high is None:
        return ""
    ends = ("−∞" if low is None else percent(low), "+∞" if high is None else percent(high))
    return " to ".join(end.removesuffix(" %") for end in ends) + " %"


def change(estimate: float | None, low: float | None, high: float | None) -> str:
    """A change with its interval: ``−12.3 % (−14.0 to −10.1 %)``."""
    ends = interval(low, high)
    return f"{percent(estimate)} ({ends})" if ends else percent(estimate)


def faster(change_percent: float) -> str:
    """A change in words: ``29.1 % faster``, ``3.0 % slower``, ``no faster, no slower``."""
    rounded = round(change_percent, 1)
    if rounded == 0:
        return "neither faster nor slower"
    return f"{abs(rounded):.1f} % {'faster' if rounded < 0 else 'slower'}"


def value(measured: Any) -> str:
    """Any measured value or limit on one line."""
    if measured is None:
        return NOTHING
    if isinstance(measured, bool):
        return "yes" if measured else "no"
    if isinstance(measured, Real):
        return _numeral(measured)
    if isinstance(measured, Mapping):
        return "; ".join(f"{key}: {value(item)}" for key, item in measured.items()) or NOTHING
    if isinstance(measured, Sequence) and not isinstance(measured, str | bytes):
        return ", ".join(value(item) for item in measured) or "none"
    return str(measured)


def shortened(text: str, width: int) -> str:
    """The first line of a text, cut with an ellipsis at the given number of characters."""
    first, *rest = text.strip().splitlines() or [""]
    if len(first) <= width and not any(line.strip() for line in rest):
        return first
    return f"{first[: width - 1].rstrip()}…" if len(first) >= width else f"{first.rstrip()} …"


def enumerated(items: Sequence[str]) -> str:
    """Items as a sentence lists them: ``Q1, Q2 and Q3``."""
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} and {items[-1]}"


_NUMERAL = re.compile(r"[+−-]?[\d.,]+( ?(%|µs|ms|s|min|rows|kB|MB|GB|B))?")


def numeric_columns(table: Table) -> set[int]:
    """Places of the columns that hold numbers, perhaps with a unit: set them flush right."""
    found = set()
    for place in range(len(table.columns)):
        cells = [row[place].strip() for row in table.rows if place < len(row)]
        known = [cell for cell in cells if cell not in ("", NOTHING)]
        if known and all(_NUMERAL.fullmatch(cell) for cell in known):
            found.add(place)
    return found


def grouped_ids(ids: Iterable[str]) -> str:
    """Ids of results, items of one check together: ``performance.target (Q5), rollback.clean``."""
    groups: dict[str, list[str]] = {}
    for name in ids:
        head, item = name, ""
        if name.count(".") >= 2:
            section, check, item = name.split(".", 2)
            head = f"{section}.{check}"
        groups.setdefault(head, []).append(item)
    return ", ".join(
        f"{head} ({', '.join(items)})" if any(items) else head for head, items in groups.items()
    )


def not_run(checks: Sequence[CheckResult]) -> list[NotRun]:
    """The blocked and skipped checks, those of one status and reason together, blocked first."""
    groups: dict[tuple[Status, str], list[str]] = {}
    for status in ("blocked", "skipped"):
        for check in (each for each in checks if each.status == status):
            groups.setdefault((check.status, reason_of(check)), []).append(check.id)
    return [NotRun(status, tuple(ids), reason) for (status, reason), ids in groups.items()]


def reason_of(check: CheckResult) -> str:
    """Why a check did not pass, on one line, whatever it left behind."""
    if check.detail.strip():
        return shortened(check.detail, 160)
    if check.status == "blocked" and check.blocked_by:
        return f"blocked by {check.blocked_by}"
    if check.limit is not None:
        return shortened(f"{value(check.measured)}, limit {value(check.limit)}", 160)
    return shortened(value(check.measured), 160)


def findings_of(check: CheckResult, most: int = 3) -> list[str]:
    """The first things that a check that did not pass has found, a line each."""
    shown = [shortened(line, 200) for line in check.findings[:most]] or [reason_of(check)]
    more = len(check.findings) - most
    return [*shown, f"and {more} more"] if more > 0 else shown


def signed(text: str) -> str:
    """A written number with a minus sign for its hyphen, as wide as the plus sign."""
    return text.replace("-", "−")


def _numeral(measured: Real) -> str:
    exact = int(measured) if isinstance(measured, Integral) else float(measured)
    return number(int(exact) if isinstance(exact, float) and exact.is_integer() else exact)
