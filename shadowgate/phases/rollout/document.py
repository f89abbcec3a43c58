"""The way into production: four dated weeks with their gates, from what the shadow measured.

Pure: a start date, the facts of a run and the plan's numbers go in; a plan comes out, and Markdown
from it. A run that is not GO still gets a plan, which says at its top that it must not start.

A schema change cannot be applied to a fifth of one database. A *share* here is the share of read
sessions that the connection pooler sends to a second server, the canary: restored from the backup,
migrated, and kept current by logical replication. Writers move last.
"""

from __future__ import annotations

from shadowgate.language import date, for_readers
from shadowgate.phases.rollout.model import RolloutFacts, RolloutPlan
from shadowgate.phases.rollout.rehearsed import sentences, triggers_table, way_back_table
from shadowgate.phases.rollout.rules import escalation, success_criteria, triggers
from shadowgate.phases.rollout.weeks import four_weeks
from shadowgate.plan import RolloutSection
from shadowgate.report.redact import redacted_text
from shadowgate.report.templates import render


def rollout_plan(facts: RolloutFacts, settings: RolloutSection) -> RolloutPlan:
    """Lay out the four weeks on consecutive calendar days from the start date on.

    Raises:
        PlanError: the calendar ends before the rollout does.
    """
    return RolloutPlan(
        facts=facts,
        settings=settings,
        weeks=four_weeks(facts, settings),
        triggers=triggers(settings),
        escalation=escalation(settings),
        success=success_criteria(facts, settings),
    )


@for_readers
def as_read(plan: RolloutPlan) -> RolloutPlan:
    """The same plan in the language of its readers."""
    return rollout_plan(plan.facts, plan.settings)


@for_readers
def render_markdown(plan: RolloutPlan) -> str:
    """Return the plan as Markdown, with open check boxes and commands to copy. No secrets."""
    shown, found = as_read(plan), plan.facts.canary
    tables = (
        (triggers_table(found, plan.settings), way_back_table(found, plan.facts.undo.max_seconds))
        if found
        else ()
    )
    return redacted_text(
        render(
            "rollout.md.j2",
            plan=shown,
            facts=plan.facts,
            settings=plan.settings,
            day=date,
            tables=tables,
            said=tuple(sentences(found)) if found else (),
        )
    )
