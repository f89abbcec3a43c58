"""Which checks a defect is judged by, and against which plan."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, get_args

from shadowgate.phases.check import Check
from shadowgate.phases.registry import CHECKS
from shadowgate.phases.run import Run
from shadowgate.plan import Plan, ProductionSection
from tests.selftest import trials
from tests.selftest.defects.files import Defect, ScriptName

COSTLY = (*trials.COSTLY, Run.scheduled, Run.refusals)
"""Evidence gathered where a defect names a check that is judged by it, and for the clean scripts.

A trial of OPT1 takes 0.5 to 0.7 s without it; a rehearsal adds 2 s, the restored dump as much as
the rest, the interruptions 4 s. What clients write is tried on two copies more.
"""

COSTLY_PROBE = "new_year_ten_thousand_rows"
"""Left out where a defect does not name ``migration.behaviour``: it makes trials 29 % longer."""


def plan_for(defect: Defect, plan: Plan) -> Plan:
    """The plan with the defect's own limit and runners, and with the probes it is judged by."""
    limit = replace(plan.undo, max_seconds=defect.seconds or plan.undo.max_seconds)
    probes = plan.probes
    if "migration.behaviour" not in defect.allowed:
        probes = tuple(probe for probe in plan.probes if probe.name != COSTLY_PROBE)
    runner = replace(plan.runner, instances=defect.instances)
    rows = {plan.backup.table: defect.production} if defect.production else {}
    return replace(
        plan, undo=limit, probes=probes, runner=runner, production=ProductionSection(rows)
    )


def every_check() -> tuple[Check[Any], ...]:
    """The checks of the phases that defects are seeded for, which are called as their scripts."""
    return tuple(check for check in CHECKS if _phase(check.id) in get_args(ScriptName))


def checks_for(defect: Defect) -> tuple[Check[Any], ...]:
    """Checks of the script's own phase, and of the phases that the header names."""
    phases = {defect.script, *map(_phase, defect.allowed)}
    costly = {piece.name for piece in COSTLY}
    return tuple(
        check
        for check in every_check()
        if _phase(check.id) in phases
        and (check.id in defect.allowed or costly.isdisjoint(check.takes))
    )


def _phase(check: str) -> str:
    return check.partition(".")[0]
