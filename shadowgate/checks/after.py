"""The checks of phases 6 to 8: what the migration brings, and the way back."""

from __future__ import annotations

from shadowgate.checks.spec import CheckSpec

CHECKS: tuple[CheckSpec, ...] = (
    # --- 6: performance ---------------------------------------------------------------------------
    CheckSpec(
        "performance.same_results",
        6,
        why="A faster query with another answer is a defect.",
        remedy="Compare the query's rows on both copies.",
        requires=("migration.applied",),
        items="query",
    ),
    CheckSpec(
        "performance.not_slower",
        6,
        why="A pass proves that the query is not slower than the limit.",
        remedy="Read the plan's change in words; inconclusive: run on a calmer machine.",
        requires=("migration.applied",),
        judges_time=True,
        items="query",
    ),
    CheckSpec(
        "performance.target",
        6,
        why="The migration is made for this query.",
        remedy="Improve the migration; the limit stays.",
        requires=("migration.applied",),
        judges_time=True,
        items="target",
    ),
    CheckSpec(
        "performance.overall",
        6,
        why="The catalogue as a whole must gain.",
        remedy="Improve the migration; the limit stays.",
        requires=("migration.applied",),
        judges_time=True,
    ),
    # --- 7: simulation ----------------------------------------------------------------------------
    CheckSpec(
        "simulation.effect",
        7,
        why="A projection is an opinion until it is measured on a copy.",
        remedy="See the error of the later migration; it does not change this verdict.",
        requires=("migration.applied",),
        required=False,
        items="optimisation",
    ),
    CheckSpec(
        "simulation.combined",
        7,
        why="The series is judged by what it brings together.",
        remedy="Measure the optimisations that are only projected.",
        requires=("migration.applied",),
        required=False,
    ),
    # --- 8: rollback ------------------------------------------------------------------------------
    CheckSpec(
        "rollback.snapshot",
        8,
        why="The snapshot is the last resort when the rollback script fails too.",
        remedy="See pg_dump's message.",
        requires=("migration.applied",),
    ),
    CheckSpec(
        "rollback.snapshot_restores",
        8,
        why="A backup that was never restored is no backup.",
        remedy="See what differs between the migrated copy and its restored snapshot.",
        requires=("rollback.snapshot",),
    ),
    CheckSpec(
        "rollback.clean",
        8,
        why="A rollback is run under stress; it must not need thought.",
        remedy="Mend the statement named.",
        requires=("migration.applied",),
    ),
    CheckSpec(
        "rollback.in_time",
        8,
        why="The way back must be short.",
        remedy="Do less in the rollback.",
        requires=("rollback.clean",),
    ),
    CheckSpec(
        "rollback.waiting",
        8,
        why="Whoever rolls back does so because users already suffer.",
        remedy="Shorten the step that the detail names as the blocker.",
        requires=("rollback.clean",),
    ),
    CheckSpec(
        "rollback.hazards",
        8,
        why="A rollback meets the traffic that the migration met, at a worse hour.",
        remedy="Follow the workaround named, or waive the rule in the plan with a reason.",
        requires=("rollback.clean",),
    ),
    CheckSpec(
        "rollback.objects_gone",
        8,
        why="What is left behind breaks the next attempt.",
        remedy="Drop what is named in the rollback.",
        requires=("rollback.clean",),
    ),
    CheckSpec(
        "rollback.schema_identical",
        8,
        why="After a rollback production must be what it was.",
        remedy="Restore the objects and attributes named.",
        requires=("rollback.clean",),
    ),
    CheckSpec(
        "rollback.rows_identical",
        8,
        why="A rollback that loses a row is worse than the migration.",
        remedy="Move the rows named back before their partition goes.",
        requires=("rollback.clean",),
    ),
    CheckSpec(
        "rollback.later_rows_kept",
        8,
        why="Users go on writing between the migration and its rollback.",
        remedy="Move rows of every later partition back, auto-created ones too.",
        requires=("rollback.clean",),
    ),
    CheckSpec(
        "rollback.indexes_back",
        8,
        why="A missing index is a slow production.",
        remedy="Create or re-attach the indexes named.",
        requires=("rollback.clean",),
    ),
    CheckSpec(
        "rollback.reapplies",
        8,
        why="After a rollback comes the second attempt.",
        remedy="See what the second application left different from the first.",
        requires=("rollback.clean",),
    ),
)
