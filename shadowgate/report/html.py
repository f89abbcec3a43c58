"""``shadow.html``: the parts that pytest-html puts together into one self-contained page.

pytest-html owns the page and its script. It shows a row only if one of its cells is a
``col-result`` with an outcome that it knows, and it reads that cell, and the row's id, only below a
header that contains the word ``sortable``. So each row carries pytest's outcome and the plain id in
hidden cells, and beside them what a reader sees: the status has two more values than pytest's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from shadowgate.evidence import CheckResult, Evidence, Figure, QueryEvidence, Status
from shadowgate.language import _, for_readers, moment, ngettext, spoken_language
from shadowgate.report import words
from shadowgate.report.causes import causes_of, not_explained, other_reasons
from shadowgate.report.deciding import NOT_ASKED, deciding_facts
from shadowgate.report.figures import before_after, effects, pairs, phases
from shadowgate.report.figures.sparkline import sparkline
from shadowgate.report.history import PastRun, steps_of
from shadowgate.report.keyfigures import key_figures
from shadowgate.report.plans import plan_pairs
from shadowgate.report.redact import without_secrets
from shadowgate.report.templates import environment, render
from shadowgate.report.verify import SEALED_ID, UNSEALED, sealed_with

OUTCOMES: Mapping[Status, str] = {
    "passed": "Passed",
    "failed": "Failed",
    "inconclusive": "Failed",
    "blocked": "Skipped",
    "skipped": "Skipped",
}
"""What pytest-html calls each status; a row with another outcome would not be shown."""

LONG_TABLE = 15
"""A table with more rows than this is folded in the summary."""

FIRST_CAUSES = 5
"""So many causes of a NO-GO stand at the top of the page; the others unfold."""

DRAWN_PAIRS = 12
"""Of so many queries every pair is drawn: more would make the page slow to write and to load."""


@dataclass(frozen=True)
class PhaseSummary:
    """One phase in the strip."""

    number: int
    name: str
    status: Status
    counts: str
    """Empty for a phase that did not run."""
    seconds: float


@dataclass(frozen=True)
class Trend:
    """One query over the last runs."""

    query: QueryEvidence
    drawing: str
    """SVG."""
    steps: tuple[str, ...]
    """Runs whose effect lies apart from that of the run before, in words."""


def stylesheet() -> Path:
    """Return the style sheet, for pytest-html's ``--css``."""
    return Path(__file__).with_name("style.css")


@for_readers
def title(evidence: Evidence) -> str:
    """Return the title of the page, verdict first, so that a browser tab shows it."""
    return f"{words.headline(evidence).label} · {words.plan_title(evidence.plan)} · shadowgate"


@for_readers
def summary(evidence: Evidence, json_digest: str = "", past: Sequence[PastRun] = ()) -> str:
    """Return everything above the table of checks as HTML, for pytest-html's summary prefix.

    Args:
        evidence: the run.
        json_digest: sha256 of its ``shadow.json``, which the page names.
        past: the last runs of its kind, this one as the last; drawn if there are others.
    """
    clean = _as_judged(without_secrets(evidence))
    causes = causes_of(clean.checks)
    return render(
        "summary.html.j2",
        evidence=clean,
        headline=words.headline(clean),
        plan_title=words.plan_title(clean.plan),
        passed=sum(check.status == "passed" for check in clean.checks),
        causes=causes,
        first_causes=FIRST_CAUSES,
        facts=deciding_facts(clean) if clean.verdict == "GO" else (),
        not_run=words.not_run(not_explained(clean.checks)),
        not_asked=NOT_ASKED,
        reasons=other_reasons(clean),
        figures=key_figures(clean),
        phases=_phase_strip(clean.checks),
        drawings=_drawings(clean),
        pair_drawings=[pairs(query) for query in _worth_a_look(clean.queries)],
        paired=sum(len(query.pairs_ms) >= 2 for query in clean.queries),
        json_digest=json_digest,
        past=past if len(past) > 1 else (),
        trends=_trends(clean.queries, past) if len(past) > 1 else (),
        language=spoken_language(),
        seal=UNSEALED,
        sealed=sealed_with(json_digest, clean.inputs),
        sealed_id=SEALED_ID,
        plans=plan_pairs(clean.queries),
        script=Path(__file__).with_name("page.js").read_text("utf-8"),
        sections=_evidence_sections(clean.checks),
        long_table=LONG_TABLE,
        plan_facts=_named(clean.plan, _plan_names()),
        server_facts=_named({**clean.server, "settings": None}, _server_names()),
        settings=clean.server.get("settings", {}),
        time_drawing=_time_of_phases(clean),
    )


def _as_judged(evidence: Evidence) -> Evidence:
    """The same, but that a run which judges no time calls no query better or worse."""
    if not evidence.quick:
        return evidence
    shown = tuple(replace(query, verdict="not judged") for query in evidence.queries)
    return replace(evidence, queries=shown)


@for_readers
def row_headers() -> list[str]:
    """Return the header cells of the table of checks."""
    module: Any = environment().get_template("cells.html.j2").module
    return [str(cell).strip() for cell in module.headers().split("<!--cell-->")]


@for_readers
def row_cells(check: CheckResult) -> list[str]:
    """Return the cells of a check's row: as many as there are headers."""
    module: Any = environment().get_template("cells.html.j2").module
    cells = module.cells(without_secrets(check), OUTCOMES[check.status])
    return [str(cell).strip() for cell in cells.split("<!--cell-->")]


@for_readers
def row_detail(check: CheckResult) -> str:
    """Return what unfolds below a check's row, as HTML on one line.

    One line, because pytest-html rewrites every line of a log that starts with a capital E.
    """
    clean = without_secrets(check)
    html = render("row_detail.html.j2", check=clean, facts=_facts(clean), long_table=10**6)
    return " ".join(html.split("\n"))


def _facts(check: CheckResult) -> dict[str, Any]:
    """A measured mapping as rows of its own; anything else is one row."""
    if isinstance(check.measured, Mapping):
        return {str(key): item for key, item in check.measured.items()}
    return {} if check.measured is None else {_("measured"): check.measured}


def _named(facts: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """Facts by what they are called on the page; one that is ``None`` is left out."""
    return {
        names.get(key, key.replace("_", " ")): fact
        for key, fact in facts.items()
        if fact is not None
    }


def _plan_names() -> Mapping[str, str]:
    return {
        "name": _("name"),
        "title": _("title"),
        "file": _("file"),
        "migration": _("migration"),
        "rollback": _("rollback"),
        "files": _("files"),
        "database": _("database"),
        "generated_rows": _("generated rows"),
        "limit_percent": _("limit, percent"),
        "limits": _("limits of single queries, percent"),
        "overall_percent": _("overall, percent faster"),
        "targets": _("targets, percent faster"),
    }


def _server_names() -> Mapping[str, str]:
    return {
        "kind": _("kind"),
        "version": _("version"),
        "postgis": "PostGIS",
        "tools": _("client tools"),
        "where": _("where"),
    }


def _phase_strip(checks: Sequence[CheckResult]) -> list[PhaseSummary]:
    return [_phase(n, [c for c in checks if c.phase == n]) for n in words.phase_names()]


def _phase(number: int, checks: Sequence[CheckResult]) -> PhaseSummary:
    passed = sum(check.status == "passed" for check in checks)
    worst: Status = "skipped"
    if checks:
        worst = min((c.status for c in checks), key=words.STATUSES.index)
    if passed and worst == "skipped":
        worst = "passed"
    others = [
        words.count_of(status, sum(check.status == status for check in checks))
        for status in words.STATUSES[:-1]
        if any(check.status == status for check in checks)
    ]
    of_all = ngettext(
        "{passed} of {n} passed", "{passed} of {n} passed", len(checks), passed=passed
    )
    counts = ", ".join([of_all, *others]) if checks else ""
    seconds = sum(check.seconds for check in checks)
    return PhaseSummary(number, words.phase_names()[number], worst, counts, seconds)


def _drawings(evidence: Evidence) -> list[Figure]:
    if not any(query.change_percent is not None for query in evidence.queries):
        return []
    limit = float(evidence.plan.get("limit_percent", 5.0))
    goals = {name: -abs(float(p)) for name, p in evidence.plan.get("targets", {}).items()}
    limits = evidence.plan.get("limits", {})
    drawn = [effects(evidence.queries, limit_percent=limit, targets=goals, limits=limits)]
    timed: list[QueryEvidence] = [q for q in evidence.queries if len(q.pairs_ms) >= 2]
    return [*drawn, before_after(timed)] if timed else drawn


def _worth_a_look(queries: Sequence[QueryEvidence]) -> list[QueryEvidence]:
    """The queries whose pairs tell most: regressed and undecided ones, then those that may be."""
    timed = [query for query in queries if len(query.pairs_ms) >= 2]
    order = ("regressed", "inconclusive")
    worst = sorted(
        timed,
        key=lambda query: (
            order.index(query.verdict) if query.verdict in order else len(order),
            float("-inf") if query.high_percent is None else -query.high_percent,
        ),
    )[:DRAWN_PAIRS]
    return [query for query in timed if query in worst]


def _trends(queries: Sequence[QueryEvidence], past: Sequence[PastRun]) -> list[Trend]:
    """Each query that was measured now, over the last runs."""
    found = []
    for query in (each for each in queries if each.id in past[-1].effects):
        effects = [run.effects.get(query.id) for run in past]
        steps = steps_of(query.id, past)
        told = [words.percent(each.change) if each else words.NOTHING for each in effects]
        drawn = [(each.change, each.low, each.high) if each else None for each in effects]
        label = _(
            "Changes of {query} from the oldest run to this one: {changes}",
            query=query.id,
            changes=", ".join(told),
        )
        stepped = [f"{moment(past[place].started)}: {told[place]}" for place in steps]
        found.append(Trend(query, sparkline(drawn, steps, label), tuple(stepped)))
    return found


def _evidence_sections(checks: Sequence[CheckResult]) -> list[tuple[str, list[CheckResult]]]:
    """Phases whose tables and figures also stand above, because a signature rests on them."""
    titles = {
        5: _("The migration while it ran"),
        6: _("Performance in depth"),
        7: _("Later optimisations: projected and measured"),
        8: _("Rollback"),
    }
    sections = [
        (
            name,
            [c for c in checks if c.phase == number and (c.tables or c.figures or c.differences)],
        )
        for number, name in titles.items()
    ]
    return [(name, found) for name, found in sections if found]


def _time_of_phases(evidence: Evidence) -> Figure | None:
    spent: dict[int, float] = {}
    for check in evidence.checks:
        spent[check.phase] = spent.get(check.phase, 0.0) + check.seconds
    return phases(spent) if any(spent.values()) else None
