"""The handful of numbers that a reader wants first, found in the evidence."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Real
from typing import Any

from shadowgate.evidence import CheckResult, Evidence, Status
from shadowgate.language import _, ngettext
from shadowgate.report import words


@dataclass(frozen=True)
class KeyFigure:
    """One number with what it was held against."""

    label: str
    value: str
    note: str = ""
    status: Status | None = None
    """Status of the check that judged it; ``None`` if nothing did."""


def key_figures(evidence: Evidence) -> tuple[KeyFigure, ...]:
    """Rows, targets, changes, regressions, rollback and time, as far as they are known."""
    checks = {check.id: check for check in evidence.checks}
    found = (
        _from_check(checks.get("restore.rows"), _("Rows restored"), ""),
        *_targets(evidence),
        _from_check(checks.get("performance.overall"), _("Overall"), " %"),
        _regressions(evidence),
        _from_check(checks.get("simulation.combined"), _("All optimisations"), ""),
        _from_check(checks.get("rollback.in_time"), _("Rollback"), " s"),
        _rows_lost(checks),
        KeyFigure(_("Whole run"), words.duration(evidence.seconds)),
    )
    return tuple(figure for figure in found if figure is not None)


def _from_check(check: CheckResult | None, label: str, unit: str) -> KeyFigure | None:
    if check is None or check.status == "skipped":
        return None
    if check.measured is None:
        return KeyFigure(label, words.status(check.status), status=check.status)
    limit = "" if check.limit is None else _("limit {limit}", limit=_with_unit(check.limit, unit))
    # An estimate with its interval in brackets: the interval is beside the figure, not in it.
    value, _bracket, interval = _with_unit(check.measured, unit).partition(" (")
    note = "; ".join(filter(None, (interval.removesuffix(")"), limit)))
    return KeyFigure(label, value, note, check.status)


def _with_unit(measured: Any, unit: str) -> str:
    text = words.shortened(words.value(measured), 48)
    plain = isinstance(measured, Real) and not isinstance(measured, bool)
    if plain and unit == " s":
        return words.duration(float(measured))
    return f"{text}{unit}" if plain else text


def _targets(evidence: Evidence) -> list[KeyFigure]:
    head = "performance.target."
    judged = {c.id.removeprefix(head): c for c in evidence.checks if c.id.startswith(head)}
    figures = []
    for query in evidence.queries:
        check = judged.get(query.id)
        if check is None:
            continue
        if query.change_percent is None:
            figures.append(KeyFigure(query.id, words.status(check.status), "", check.status))
            continue
        if check.status == "skipped":
            change = _("measured: {change}", change=words.faster(query.change_percent))
            figures.append(KeyFigure(query.id, words.query_verdict("not judged"), change))
            continue
        notes = [words.interval(query.low_percent, query.high_percent)]
        if check.limit is not None:
            notes.append(_("asked: {limit}", limit=_with_unit(check.limit, " %")))
        note = "; ".join(notes)
        figures.append(KeyFigure(query.id, words.faster(query.change_percent), note, check.status))
    return figures


def _regressions(evidence: Evidence) -> KeyFigure | None:
    if not evidence.queries:
        return None
    slower = [q.id for q in evidence.queries if q.verdict == "regressed"]
    open_ones = [q.id for q in evidence.queries if q.verdict == "inconclusive"]
    unjudged = [q.id for q in evidence.queries if q.verdict == "not judged"]
    if evidence.quick or len(unjudged) == len(evidence.queries):
        count = len(evidence.queries)
        measured = ngettext("{n} query measured", "{n} queries measured", count)
        return KeyFigure(_("Regressions"), words.query_verdict("not judged"), measured)
    status: Status = "failed" if slower else "inconclusive" if open_ones or unjudged else "passed"
    notes = [ngettext("of {n} query", "of {n} queries", len(evidence.queries))]
    notes += [_("slower: {queries}", queries=words.enumerated(slower))] if slower else []
    notes += [_("undecided: {queries}", queries=words.enumerated(open_ones))] if open_ones else []
    notes += [_("not judged: {queries}", queries=words.enumerated(unjudged))] if unjudged else []
    return KeyFigure(_("Regressions"), str(len(slower)), "; ".join(notes), status)


def _rows_lost(checks: dict[str, CheckResult]) -> KeyFigure | None:
    proofs = [checks.get("rollback.rows_identical"), checks.get("rollback.later_rows_kept")]
    known = [check for check in proofs if check is not None]
    if not known:
        return None
    open_ones = [check for check in known if check.status != "passed"]
    if not open_ones:
        return KeyFigure(_("Rows lost by rollback"), "0", _("later rows included"), "passed")
    worst = min(open_ones, key=lambda check: words.STATUSES.index(check.status))
    said = words.shortened(words.value(worst.measured), 48)
    text = said if worst.measured is not None else words.status(worst.status)
    return KeyFigure(_("Rows lost by rollback"), text, worst.id, worst.status)
