"""What the migration made does its work: the plan's probes, run on copies of what it left."""

from __future__ import annotations

from dataclasses import replace

from shadowgate.migrate import (
    PATIENCE_SECONDS,
    ProbeResult,
    run_probe_in_clone,
    run_probes,
    wait_for_autovacuum,
)
from shadowgate.plan import Plan
from shadowgate.server import Database, Databases

SHORT_SECONDS = 10.0
"""A statement of a probe may take so long where the verdict is NO-GO already."""


def behave(
    plan: Plan, migrated: Database, databases: Databases, stopped_by: str = ""
) -> dict[str, ProbeResult]:
    """Run the plan's probes in a clone, those first that are rolled back.

    What a probe that was rolled back leaves (dead rows, used-up sequence values) made writes 5 %
    slower where it was measured as if the migration had done it.

    Args:
        plan: names the probes.
        migrated: what the migration left.
        databases: makes the clone.
        stopped_by: id of the check that makes the verdict NO-GO already; empty if none does.
    """
    seconds = SHORT_SECONDS if stopped_by else PATIENCE_SECONDS
    undone = [probe for probe in plan.probes if not probe.commits and probe.sessions == 1]
    with databases.cloned(migrated, f"{plan.database}_behaviour") as clone:
        wait_for_autovacuum(clone)
        results = run_probes(undone, clone, seconds=seconds)
        results += [
            run_probe_in_clone(probe, clone, seconds=seconds)
            for probe in plan.probes
            if probe not in undone
        ]
    return {
        result.name: replace(result, cut_short_by=stopped_by) if result.timed_out else result
        for result in results
    }
