"""The catalogue of checks: what is judged, in which phase, and what it stands on.

The claim of a check is the first sentence of its test's docstring in ``tests/phases``; here stands
what that test cannot say: why it matters, what to do when it fails, and which earlier checks make
it meaningless if they did not pass (it is then *blocked*, never passed and never failed).
"""

from __future__ import annotations

from shadowgate.checks import after, before, migration, verdict
from shadowgate.checks.spec import CheckSpec

__all__ = ["BY_ID", "CATALOGUE", "PHASES", "CheckSpec", "spec_of"]

PHASES: dict[int, str] = {
    1: "Environment setup",
    2: "Backup restore",
    3: "Monitoring setup",
    4: "Pre-migration baseline",
    5: "Migration",
    6: "Post-migration baseline",
    7: "Simulation of later optimisations",
    8: "Rollback testing",
    9: "Sign-off",
    10: "Production rollout planning",
}
"""Number -> name of each phase."""

CATALOGUE: tuple[CheckSpec, ...] = (
    *before.CHECKS,
    *migration.CHECKS,
    *after.CHECKS,
    *verdict.CHECKS,
)
"""Every check, in the order of the report."""

BY_ID: dict[str, CheckSpec] = {spec.id: spec for spec in CATALOGUE}


def spec_of(result_id: str) -> CheckSpec:
    """The check that a result belongs to: itself, or the one that it is an item of.

    Raises:
        KeyError: no check of the catalogue has that id.
    """
    if result_id in BY_ID:
        return BY_ID[result_id]
    return BY_ID[".".join(result_id.split(".")[:2])]
