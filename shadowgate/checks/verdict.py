"""The checks of phases 9 and 10: the verdict, and the way into production."""

from __future__ import annotations

from shadowgate.checks.spec import CheckSpec

CHECKS: tuple[CheckSpec, ...] = (
    # --- 9: sign-off ------------------------------------------------------------------------------
    CheckSpec(
        "signoff.evidence",
        9,
        why="A verdict stands on every check, or on none.",
        remedy="Run the whole suite: no phase may be deselected.",
        always_runs=True,
    ),
    CheckSpec(
        "signoff.verdict",
        9,
        why="GO is derived from the checks and from nothing else.",
        remedy="See to the checks that did not pass.",
        always_runs=True,
    ),
    # --- 10: rollout ------------------------------------------------------------------------------
    CheckSpec(
        "rollout.plan",
        10,
        why="Four dated weeks with their go/no-go are what operations works from.",
        remedy="Mend the plan's [rollout].",
        always_runs=True,
    ),
    CheckSpec(
        "rollout.triggers",
        10,
        why="Whoever is on call must know when to roll back without asking.",
        remedy="Mend the plan's [rollout].",
        always_runs=True,
        requires=("rollout.plan",),
    ),
)
