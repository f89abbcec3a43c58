"""What the migration made does its work: the plan's probes, run on copies of what it left."""

from __future__ import annotations

from shadowgate.migrate import (
    ProbeResult,
    run_probe_in_clone,
    run_probes,
    wait_for_autovacuum,
)
from shadowgate.plan import Plan
from shadowgate.server import Database, Databases


def behave(plan: Plan, migrated: Database, databases: Databases) -> dict[str, ProbeResult]:
    """Run the plan's probes in a clone, those first that are rolled back.

    What a probe that was rolled back leaves (dead rows, used-up sequence values) made writes 5 %
    slower where it was measured as if the migration had done it.
    """
    undone = [probe for probe in plan.probes if not probe.commits and probe.sessions == 1]
    with databases.cloned(migrated, f"{plan.database}_behaviour") as clone:
        wait_for_autovacuum(clone)
        results = run_probes(undone, clone)
        results += [
            run_probe_in_clone(probe, clone) for probe in plan.probes if probe not in undone
        ]
    return {result.name: result for result in results}
