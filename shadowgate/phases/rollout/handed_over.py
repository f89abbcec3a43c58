"""What operations takes over beside the page: alert rules, a dashboard, triggers as SQL, dates.

The rules are for Prometheus with the metrics of postgres_exporter and its collector
``stat_statements``; integrity is asked by a query of ours, whose metric the exporter serves.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterator
from pathlib import Path

from shadowgate.phases.rollout.document import render_markdown
from shadowgate.phases.rollout.model import RolloutPlan, Week
from shadowgate.report.redact import redacted_text
from shadowgate.report.templates import render

ALERTS, QUERIES, DASHBOARD, SQL, DATES, PAGE = (
    "rollout_alerts.yml",
    "rollout_queries.yml",
    "rollout_dashboard.json",
    "rollout_triggers.sql",
    "rollout.ics",
    "rollout_plan.md",
)
HANDED_OVER = (ALERTS, QUERIES, DASHBOARD, SQL, DATES)
"""Files beside the page."""
_FOLD_BYTES = 74


def write_handed_over(plan: RolloutPlan, folder: Path, written: dt.datetime) -> Path:
    """Write the page and what comes with it; return the page.

    Args:
        plan: the four weeks.
        folder: of the reports.
        written: when, for the calendar.
    """
    texts = {
        PAGE: render_markdown(plan),
        ALERTS: render_alerts(plan),
        QUERIES: _rendered("rollout_queries.yml.j2", plan),
        DASHBOARD: _rendered("rollout_dashboard.json.j2", plan),
        SQL: _rendered("rollout_triggers.sql.j2", plan),
        DATES: render_calendar(plan, written),
    }
    for name, text in texts.items():
        # A calendar's lines end with CR and LF, on every system.
        with (folder / name).open("w", encoding="utf-8", newline="") as file:
            file.write(text)
    return folder / PAGE


def render_alerts(plan: RolloutPlan) -> str:
    """The triggers as alert rules for Prometheus."""
    return _rendered("rollout_alerts.yml.j2", plan)


def render_triggers(plan: RolloutPlan) -> str:
    """The same triggers as SQL for psql."""
    return _rendered("rollout_triggers.sql.j2", plan)


def _rendered(template: str, plan: RolloutPlan) -> str:
    text = render(template, plan=plan, facts=plan.facts, settings=plan.settings)
    return redacted_text(text)


def render_calendar(plan: RolloutPlan, written: dt.datetime) -> str:
    """The four weeks as iCalendar (RFC 5545): an all-day event for each stretch of days."""
    stamp = written.astimezone(dt.UTC).strftime("%Y%m%dT%H%M%SZ")
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//shadowgate//rollout//EN"]
    for week in plan.weeks:
        for first, last in _stretches(week):
            lines += [
                "BEGIN:VEVENT",
                f"UID:{_uid(plan, week, first)}",
                f"DTSTAMP:{stamp}",
                f"DTSTART;VALUE=DATE:{first:%Y%m%d}",
                f"DTEND;VALUE=DATE:{last + dt.timedelta(days=1):%Y%m%d}",
                f"SUMMARY:{_escaped(f'{plan.facts.title}: {week.name} ({week.share})')}",
                f"DESCRIPTION:{_escaped(_description(plan, week))}",
                "TRANSP:TRANSPARENT",
                "END:VEVENT",
            ]
    return "".join(
        f"{folded}\r\n" for line in [*lines, "END:VCALENDAR"] for folded in _folded(line)
    )


def _stretches(week: Week) -> Iterator[tuple[dt.date, dt.date]]:
    """First and last day of each run of days without one that is skipped."""
    first = last = week.first
    for day in week.dates[1:]:
        if day - last > dt.timedelta(days=1):
            yield first, last
            first = day
        last = day
    yield first, last


def _uid(plan: RolloutPlan, week: Week, first: dt.date) -> str:
    """The same for the same event, so that a calendar updates it instead of adding another."""
    said = f"{plan.facts.title} {week.number} {(first - week.first).days}"
    return f"{hashlib.sha256(said.encode()).hexdigest()[:32]}@shadowgate"


def _description(plan: RolloutPlan, week: Week) -> str:
    stop = "" if plan.facts.verdict == "GO" else "NO-GO: this rollout must not start.\n"
    tasks = [f"- {task.when}: {task.what}" for task in week.tasks]
    gates = [f"- {gate.question}: {gate.limit}" for gate in week.gates]
    lines = [*tasks, "", "Go only if:", *gates, "", f"Decision: {week.decision}"]
    return redacted_text(stop + "\n".join(lines))


def _escaped(text: str) -> str:
    """A text as a value (RFC 5545, 3.3.11)."""
    for character in "\\;,":
        text = text.replace(character, f"\\{character}")
    return text.replace("\r", "").replace("\n", "\\n")


def _folded(line: str) -> Iterator[str]:
    """A line in pieces of at most 75 bytes, each but the first beginning with a space."""
    piece, lead = b"", ""
    for character in line:
        encoded = character.encode()
        if len(lead) + len(piece) + len(encoded) > _FOLD_BYTES:
            yield lead + piece.decode()
            piece, lead = b"", " "
        piece += encoded
    yield lead + piece.decode()
