"""Checks of phase 10: four dated weeks into production, each with its go/no-go."""

from __future__ import annotations

import datetime as dt
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from shadowgate.language import Shown, date, nsentence, sentence
from shadowgate.phases.check import check
from shadowgate.phases.finding import Finding
from shadowgate.phases.rollout.document import as_read
from shadowgate.phases.rollout.handed_over import HANDED_OVER
from shadowgate.phases.rollout.model import RolloutPlan
from shadowgate.phases.rollout.rehearsed import judge_rehearsal
from shadowgate.plan import Plan, calendar_of
from shadowgate.traffic.canary import CanaryRehearsal

if TYPE_CHECKING:
    from shadowgate.phases.run import Run


def _something_is_asked(run: Run) -> str:
    if run.plan.traffic.reads:
        return ""
    if run.plan.workload.queries is None:
        return "nothing is asked: there is no [workload] queries and no [traffic] reads"
    asked = any(not query.role for query in run.workload.reads)
    return "" if asked else "nothing is asked: every reading query is another role's"


@check(
    "rollout.rehearsed",
    remedy="See the trigger that fired; lengthen [rollout.rehearsal] where nothing was decided.",
    applies=_something_is_asked,
)
def rollout_is_rehearsed(canary: CanaryRehearsal | None, plan: Plan, finding: Finding) -> None:
    """Under traffic, stage by stage, no trigger fires; the way back loses no acknowledged write.

    A rollout that was never rehearsed is rehearsed in production.
    """
    finding.require_decided(canary is not None, "it was left out (--no-rehearsal)")
    if canary is not None:
        judge_rehearsal(canary, plan, finding)


@check("rollout.plan", remedy="Mend the plan's [rollout].")
def weeks_follow_each_other(rollout: RolloutPlan, rollout_file: Path, finding: Finding) -> None:
    """Four weeks follow each other from the plan's start date, each with tasks and a go/no-go.

    Four dated weeks with their go/no-go are what operations works from.
    """
    finding.note(
        {
            week.name: sentence(
                "{first} to {last}", first=Shown(date, week.first), last=Shown(date, week.last)
            )
            for week in rollout.weeks
        },
        "4 weeks",
    )
    finding.say(sentence("written to {file}", file=rollout_file.name))
    finding.require(len(rollout.weeks) == 4, nsentence("{n} week", "{n} weeks", len(rollout.weeks)))
    text = rollout_file.read_text(encoding="utf-8")
    for week in as_read(rollout).weeks:
        finding.require(
            bool(week.tasks and week.gates),
            sentence("{week} has no tasks or no gates", week=week.name),
        )
        finding.require(
            week.name in text,
            sentence("{week} is not in {file}", week=week.name, file=rollout_file.name),
        )
    settings = rollout.settings
    calendar = calendar_of(settings.skip_weekends, settings.holidays)
    gaps = [
        later.name
        for week, later in pairwise(rollout.weeks)
        if later.first != next(calendar.days_from(week.last + dt.timedelta(days=1)))
    ]
    finding.require(
        not gaps, sentence("does not follow the week before: {weeks}", weeks=", ".join(gaps))
    )


@check("rollout.triggers", remedy="Mend the plan's [rollout].")
def triggers_are_written_down(rollout: RolloutPlan, rollout_file: Path, finding: Finding) -> None:
    """The rollback triggers and the escalation are written down with their numbers.

    Whoever is on call must know when to roll back without asking.
    """
    finding.note({rule.when: rule.then for rule in (*rollout.triggers, *rollout.escalation)})
    text = rollout_file.read_text(encoding="utf-8")
    missing = [rule.when for rule in as_read(rollout).triggers if rule.when not in text]
    beside = [name for name in HANDED_OVER if not (rollout_file.parent / name).is_file()]
    finding.require(
        len(rollout.triggers) >= 3,
        nsentence("{n} trigger", "{n} triggers", len(rollout.triggers)),
    )
    finding.require(
        not missing,
        sentence("not in {file}: {triggers}", file=rollout_file.name, triggers="; ".join(missing)),
    )
    finding.require(not beside, sentence("not written: {files}", files=", ".join(beside)))
    finding.say(sentence("handed over as well: {files}", files=", ".join(HANDED_OVER)))
