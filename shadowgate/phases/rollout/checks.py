"""Checks of phase 10: four dated weeks into production, each with its go/no-go."""

from __future__ import annotations

from pathlib import Path

from shadowgate.phases.check import check
from shadowgate.phases.finding import Finding
from shadowgate.phases.rollout.document import as_read
from shadowgate.phases.rollout.model import RolloutPlan


@check("rollout.plan", remedy="Mend the plan's [rollout].")
def weeks_follow_each_other(rollout: RolloutPlan, rollout_file: Path, finding: Finding) -> None:
    """Four weeks follow each other from the plan's start date, each with tasks and a go/no-go.

    Four dated weeks with their go/no-go are what operations works from.
    """
    finding.note({week.name: f"{week.first} to {week.last}" for week in rollout.weeks}, "4 weeks")
    finding.say(f"written to {rollout_file.name}")
    finding.require(len(rollout.weeks) == 4, f"{len(rollout.weeks)} weeks")
    text = rollout_file.read_text(encoding="utf-8")
    for week in as_read(rollout).weeks:
        finding.require(bool(week.tasks and week.gates), f"{week.name} has no tasks or no gates")
        finding.require(week.name in text, f"{week.name} is not in {rollout_file.name}")
    gaps = [
        later.name
        for week, later in zip(rollout.weeks, rollout.weeks[1:], strict=False)
        if (later.first - week.last).days != 1
    ]
    finding.require(not gaps, f"does not follow the week before: {', '.join(gaps)}")


@check("rollout.triggers", remedy="Mend the plan's [rollout].")
def triggers_are_written_down(rollout: RolloutPlan, rollout_file: Path, finding: Finding) -> None:
    """The rollback triggers and the escalation are written down with their numbers.

    Whoever is on call must know when to roll back without asking.
    """
    finding.note({rule.when: rule.then for rule in (*rollout.triggers, *rollout.escalation)})
    text = rollout_file.read_text(encoding="utf-8")
    missing = [rule.when for rule in as_read(rollout).triggers if rule.when not in text]
    finding.require(len(rollout.triggers) >= 3, f"{len(rollout.triggers)} triggers")
    finding.require(not missing, f"not in {rollout_file.name}: {missing}")
