"""Which checks a defect is judged by, and against which plan."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from shadowgate.checks import spec_of
from shadowgate.plan import Plan
from tests.phases import test_05_migration, test_08_rollback
from tests.selftest.defects.files import Defect
from tests.selftest.phase_values import Check, checks_of

COSTLY = frozenset(
    {
        "migration.interruptible",
        "migration.scheduled",
        "migration.waiting",
        "migration.writes_kept",
        "rollback.waiting",
        "rollback.writes_kept",
        "rollback.snapshot",
        "rollback.snapshot_restores",
    }
)
"""Judged where a defect names them, and for the clean scripts: each takes as long as the rest."""

COSTLY_PROBE = "new_year_ten_thousand_rows"
"""Left out where a defect does not name ``migration.behaviour``: it takes as long as the others."""

_PHASE_OF = {"migration": 5, "rollback": 8}


def plan_for(defect: Defect, plan: Plan) -> Plan:
    """The plan with the defect's own limit, and with the probes that it is judged by."""
    limit = replace(plan.undo, max_seconds=defect.seconds or plan.undo.max_seconds)
    probes = plan.probes
    if "migration.behaviour" not in defect.allowed:
        probes = tuple(probe for probe in plan.probes if probe.name != COSTLY_PROBE)
    return replace(plan, undo=limit, probes=probes)


def every_check(plan: Plan) -> list[Check]:
    """The checks of the phases that defects are seeded for."""
    probes = [probe.name for probe in plan.probes]
    return checks_of([test_05_migration, test_08_rollback], {"probe": probes})


def checks_for(defect: Defect, plan: Plan) -> Sequence[Check]:
    """Checks of the script's own phase, of the phases that the header names, and what those need.

    Args:
        defect: what is tried.
        plan: what :func:`plan_for` made of the plan.
    """
    named = {defect.check, *defect.also, *spec_of(defect.check).requires}
    phases = {_PHASE_OF[defect.script]} | {spec_of(check).phase for check in defect.allowed}
    return [
        check
        for check in every_check(plan)
        if spec_of(check.id).phase in phases and (check.id not in COSTLY or check.id in named)
    ]
