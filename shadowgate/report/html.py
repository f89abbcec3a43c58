"""``shadow.html``: the parts that pytest-html puts together into one self-contained page.

pytest-html owns the page and its script. It shows a row only if one of its cells is a
``col-result`` with an outcome that it knows, and it reads that cell, and the row's id, only below a
header that contains the word ``sortable``. So each row carries pytest's outcome and the plain id in
hidden cells, and beside them what a reader sees: the status has two more values than pytest's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shadowgate.evidence import CheckResult, Evidence, Figure, QueryEvidence, Status
from shadowgate.report import words
from shadowgate.report.figures import before_after, effects, pairs, phases
from shadowgate.report.keyfigures import key_figures
from shadowgate.report.redact import without_secrets
from shadowgate.report.templates import environment, render

OUTCOMES: Mapping[Status, str] = {
    "passed": "Passed",
    "failed": "Failed",
    "inconclusive": "Failed",
    "blocked": "Skipped",
    "skipped": "Skipped",
}
"""What pytest-html calls each status; a row with another outcome would not be shown."""

EVIDENCE_PHASES: Mapping[int, str] = {
    5: "The migration while it ran",
    6: "Performance in depth",
    7: "Later optimisations: projected and measured",
    8: "Rollback",
}
"""Phases whose tables and figures also stand in the summary, because a signature rests on them."""

LONG_TABLE = 15
"""A table with more rows than this is folded in the summary."""


@dataclass(frozen=True)
class PhaseSummary:
    """One phase in the strip."""

    number: int
    name: str
    status: Status
    counts: str
    seconds: float


@dataclass(frozen=True)
class OpenCheck:
    """A check that did not pass, with those that it blocks."""

    check: CheckResult
    blocks: tuple[str, ...]


def stylesheet() -> Path:
    """Return the style sheet, for pytest-html's ``--css``."""
    return Path(__file__).with_name("style.css")


def title(evidence: Evidence) -> str:
    """Return the title of the page, verdict first, so that a browser tab shows it."""
    return f"{words.headline(evidence).label} · {_plan_title(evidence.plan)} · shadowgate"


def summary(evidence: Evidence) -> str:
    """Return everything above the table of checks as HTML, for pytest-html's summary prefix."""
    clean = without_secrets(evidence)
    open_checks = _open_checks(clean.checks)
    return render(
        "summary.html.j2",
        evidence=clean,
        headline=words.headline(clean),
        plan_title=_plan_title(clean.plan),
        passed=sum(check.status == "passed" for check in clean.checks),
        open_checks=open_checks,
        not_run=_not_run(clean.checks, open_checks),
        reasons=_other_reasons(clean),
        figures=key_figures(clean),
        phases=_phase_strip(clean.checks),
        drawings=_drawings(clean),
        pair_drawings=[pairs(query) for query in clean.queries if len(query.pairs_ms) >= 2],
        sections=_evidence_sections(clean.checks),
        long_table=LONG_TABLE,
        settings=clean.server.get("settings", {}),
        time_drawing=_time_of_phases(clean),
    )


def row_headers() -> list[str]:
    """Return the header cells of the table of checks."""
    module: Any = environment().get_template("cells.html.j2").module
    return [str(cell).strip() for cell in module.headers().split("<!--cell-->")]


def row_cells(check: CheckResult) -> list[str]:
    """Return the cells of a check's row: as many as there are headers."""
    module: Any = environment().get_template("cells.html.j2").module
    cells = module.cells(without_secrets(check), OUTCOMES[check.status])
    return [str(cell).strip() for cell in cells.split("<!--cell-->")]


def row_detail(check: CheckResult) -> str:
    """Return what unfolds below a check's row, as HTML on one line.

    One line, because pytest-html rewrites every line of a log that starts with a capital E.
    """
    clean = without_secrets(check)
    html = render("row_detail.html.j2", check=clean, facts=_facts(clean), long_table=10**6)
    return " ".join(html.split("\n"))


def _plan_title(plan: Mapping[str, Any]) -> str:
    return str(plan.get("title") or plan.get("name") or "unnamed plan")


def _facts(check: CheckResult) -> dict[str, Any]:
    """A measured mapping as rows of its own; anything else is one row."""
    if isinstance(check.measured, Mapping):
        return {str(key): item for key, item in check.measured.items()}
    return {} if check.measured is None else {"measured": check.measured}


def _open_checks(checks: Sequence[CheckResult]) -> list[OpenCheck]:
    """Checks that failed or were not decided, worst first, each with those that it blocks."""
    blocked: dict[str, list[str]] = {}
    for check in checks:
        if check.status == "blocked" and check.blocked_by:
            blocked.setdefault(check.blocked_by, []).append(check.id)
    found = [
        OpenCheck(check, tuple(blocked.get(check.id, ())))
        for check in checks
        if check.status in ("failed", "inconclusive") and check.id != words.DERIVED
    ]
    return sorted(
        found,
        key=lambda each: (not each.check.required, words.STATUSES.index(each.check.status)),
    )


def _not_run(checks: Sequence[CheckResult], open_checks: Sequence[OpenCheck]) -> list[words.NotRun]:
    """The checks that did not run, but for those that stand below what blocks them."""
    told = {name for each in open_checks for name in each.blocks}
    return words.not_run([check for check in checks if check.id not in told])


def _other_reasons(evidence: Evidence) -> list[str]:
    """The reasons that name no check: the lists of checks give the others."""
    told = {check.id for check in evidence.checks if check.status != "passed"}
    return [
        reason
        for reason in evidence.reasons
        if reason.removeprefix("optional: ").split(" ")[0].rstrip(":") not in told
    ]


def _phase_strip(checks: Sequence[CheckResult]) -> list[PhaseSummary]:
    return [_phase(n, [c for c in checks if c.phase == n]) for n in words.PHASE_NAMES]


def _phase(number: int, checks: Sequence[CheckResult]) -> PhaseSummary:
    passed = sum(check.status == "passed" for check in checks)
    worst: Status = "skipped"
    if checks:
        worst = min((c.status for c in checks), key=words.STATUSES.index)
    if passed and worst == "skipped":
        worst = "passed"
    others = [
        f"{sum(check.status == status for check in checks)} {status}"
        for status in words.STATUSES[:-1]
        if any(check.status == status for check in checks)
    ]
    counts = ", ".join([f"{passed} of {len(checks)} passed", *others]) if checks else "did not run"
    seconds = sum(check.seconds for check in checks)
    return PhaseSummary(number, words.PHASE_NAMES[number], worst, counts, seconds)


def _drawings(evidence: Evidence) -> list[Figure]:
    if not any(query.change_percent is not None for query in evidence.queries):
        return []
    limit = float(evidence.plan.get("limit_percent", 5.0))
    goals = {name: -abs(float(p)) for name, p in evidence.plan.get("targets", {}).items()}
    limits = evidence.plan.get("limits", {})
    drawn = [effects(evidence.queries, limit_percent=limit, targets=goals, limits=limits)]
    timed: list[QueryEvidence] = [q for q in evidence.queries if len(q.pairs_ms) >= 2]
    return [*drawn, before_after(timed)] if timed else drawn


def _evidence_sections(checks: Sequence[CheckResult]) -> list[tuple[str, list[CheckResult]]]:
    sections = [
        (name, [c for c in checks if c.phase == number and (c.tables or c.figures)])
        for number, name in EVIDENCE_PHASES.items()
    ]
    return [(name, found) for name, found in sections if found]


def _time_of_phases(evidence: Evidence) -> Figure | None:
    spent: dict[int, float] = {}
    for check in evidence.checks:
        spent[check.phase] = spent.get(check.phase, 0.0) + check.seconds
    return phases(spent) if any(spent.values()) else None
