"""Values as a reader wants them: numbers, durations, changes, statuses and verdicts in words."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any

from shadowgate.evidence import CheckResult, Evidence, QueryVerdict, Risk, Status, Table
from shadowgate.language import _, ngettext, numeral, pgettext, told

NOTHING = "–"
"""Shown where there is no value."""

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


def phase_names() -> Mapping[int, str]:
    """What each phase is called, by its number."""
    return {
        1: _("Environment"),
        2: _("Backup restore"),
        3: _("Monitoring"),
        4: _("Baseline before"),
        5: _("Migration"),
        6: _("Baseline after"),
        7: _("Later optimisations"),
        8: _("Rollback"),
        9: _("Sign-off"),
        10: _("Rollout plan"),
    }


def status(of: Status) -> str:
    """How a check ended, in a word."""
    names: Mapping[Status, str] = {
        "passed": pgettext("a check", "passed"),
        "failed": pgettext("a check", "failed"),
        "inconclusive": pgettext("a check", "inconclusive"),
        "blocked": pgettext("a check", "blocked"),
        "skipped": pgettext("a check", "skipped"),
    }
    return names[of]


def query_verdict(of: QueryVerdict) -> str:
    """What is found of a query, in a word."""
    names: Mapping[QueryVerdict, str] = {
        "improved": pgettext("a query", "improved"),
        "equivalent": pgettext("a query", "equivalent"),
        "regressed": pgettext("a query", "regressed"),
        "inconclusive": pgettext("a query", "inconclusive"),
        "not judged": pgettext("a query", "not judged"),
    }
    return names[of]


def risk(of: Risk) -> str:
    """The risk in a word."""
    names: Mapping[Risk, str] = {
        "LOW": pgettext("risk", "LOW"),
        "MEDIUM": pgettext("risk", "MEDIUM"),
        "HIGH": pgettext("risk", "HIGH"),
    }
    return names[of]


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
    return str(plan.get("title") or plan.get("name") or _("unnamed plan"))


def headline(evidence: Evidence) -> Headline:
    """Say the verdict: a label for a terminal, and one sentence for people."""
    if evidence.verdict == "NO-GO":
        return Headline("NO-GO", "NO-GO", "", _do_not(evidence))
    if evidence.quick:
        return Headline(
            _("GO (quick: performance not judged)"),
            "GO",
            _("quick: performance not judged"),
            _(
                "Every check that was judged passed. The data was too small to judge performance: "
                "run it at full size before signing."
            ),
        )
    if any(_is_waived(check) for check in evidence.checks):
        return Headline(
            "GO",
            "GO",
            _("with waivers"),
            _(
                "Every required check passed but those that the plan waives: read for which "
                "reasons before signing."
            ),
        )
    return Headline("GO", "GO", "", _("Every required check passed: this may go to production."))


def _is_waived(check: CheckResult) -> bool:
    """Of a run that is GO: what is required and did not pass was accepted."""
    return check.required and check.status not in ("passed", "skipped")


def _do_not(evidence: Evidence) -> str:
    against = [check for check in evidence.checks if check.required]
    said = counted([check for check in against if check.status not in ("passed", "skipped")])
    if not said:
        return _("Do not roll out: see the reasons.")
    causes = sum(c.is_open and not c.follows for c in against)
    if not causes:
        # TRANSLATORS: {counted} is such as "6 failed, 12 blocked"
        return _("Do not roll out: of the required checks {counted}.", counted=said)
    return ngettext(
        "Do not roll out: of the required checks {counted}, for {n} reason.",
        "Do not roll out: of the required checks {counted}, for {n} reasons.",
        causes,
        counted=said,
    )


def counted(checks: Iterable[CheckResult]) -> str:
    """How many checks ended how, the worst first: ``6 failed, 12 blocked``; passes left out."""
    numbers = Counter(check.status for check in checks)
    return ", ".join(
        count_of(status, numbers[status]) for status in STATUSES[:-1] if numbers[status]
    )


def count_of(status: Status, number: int) -> str:
    """How many checks ended so: ``6 failed``."""
    match status:
        case "passed":
            return ngettext("{n} passed", "{n} passed", number)
        case "failed":
            return ngettext("{n} failed", "{n} failed", number)
        case "inconclusive":
            return ngettext("{n} inconclusive", "{n} inconclusive", number)
        case "blocked":
            return ngettext("{n} blocked", "{n} blocked", number)
        case "skipped":
            return ngettext("{n} skipped", "{n} skipped", number)


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
        return numeral(f"{seconds:.1f} s")
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
    low_end, high_end = (end.removesuffix(" %") for end in ends)
    return _("{low} to {high} %", low=low_end, high=high_end)


def change(estimate: float | None, low: float | None, high: float | None) -> str:
    """A change with its interval: ``−12.3 % (−14.0 to −10.1 %)``."""
    ends = interval(low, high)
    return f"{percent(estimate)} ({ends})" if ends else percent(estimate)


def faster(change_percent: float) -> str:
    """A change in words: ``29.1 % faster``, ``3.0 % slower``, ``no faster, no slower``."""
    rounded = round(change_percent, 1)
    if rounded == 0:
        return _("neither faster nor slower")
    percents = numeral(f"{abs(rounded):.1f}")
    if rounded < 0:
        return _("{percent} % faster", percent=percents)
    return _("{percent} % slower", percent=percents)


def value(measured: Any) -> str:
    """Any measured value or limit on one line."""
    if measured is None:
        return NOTHING
    if isinstance(measured, bool):
        return _("yes") if measured else _("no")
    if isinstance(measured, Real):
        return _numeral(measured)
    if isinstance(measured, Mapping):
        return (
            "; ".join(f"{told(str(key))}: {value(item)}" for key, item in measured.items())
            or NOTHING
        )
    if isinstance(measured, Sequence) and not isinstance(measured, str | bytes):
        return ", ".join(value(item) for item in measured) or _("none")
    return told(str(measured))


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
    return _("{several} and {last}", several=", ".join(items[:-1]), last=items[-1])


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


def cell(text: str, numeric: bool) -> str:
    """What stands in a cell of a table; in a column of numbers with the language's separators."""
    return numeral(text) if numeric and type(text) is str else told(text)


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
        return shortened(told(check.detail), 160)
    if check.status == "blocked" and check.blocked_by:
        return _("blocked by {check}", check=check.blocked_by)
    if check.limit is not None:
        both = _("{value}, limit {limit}", value=value(check.measured), limit=value(check.limit))
        return shortened(both, 160)
    return shortened(value(check.measured), 160)


def findings_of(check: CheckResult, most: int = 3) -> list[str]:
    """The first things that a check that did not pass has found, a line each."""
    shown = [shortened(told(line), 200) for line in check.findings[:most]] or [reason_of(check)]
    more = len(check.findings) - most
    return [*shown, ngettext("and {n} more", "and {n} more", more)] if more > 0 else shown


def signed(text: str) -> str:
    """A written number with a minus sign for its hyphen, as wide as the plus sign."""
    return numeral(text.replace("-", "−"))


def _numeral(measured: Real) -> str:
    exact = int(measured) if isinstance(measured, Integral) else float(measured)
    return number(int(exact) if isinstance(exact, float) and exact.is_integer() else exact)
