"""The checks of phase 5: the migration."""

from __future__ import annotations

from shadowgate.checks.spec import CheckSpec

CHECKS: tuple[CheckSpec, ...] = (
    # --- 5: migration -----------------------------------------------------------------------------
    CheckSpec(
        "migration.applied",
        5,
        why="A migration that fails half-way leaves production in a state nobody tested.",
        remedy="Mend the statement named; the detail says what was already committed.",
        requires=("restore.clean", "restore.fingerprint"),
    ),
    CheckSpec(
        "migration.lock_budget",
        5,
        why="A lock that stops readers or writers for long is an outage.",
        remedy="Split the work, set lock_timeout, do the long part before the strong lock.",
        requires=("migration.applied",),
    ),
    CheckSpec(
        "migration.waiting",
        5,
        why="What counts is how long a reader and a writer really waited while it ran.",
        remedy="Shorten the step that the detail names as the blocker.",
        requires=("migration.applied",),
    ),
    CheckSpec(
        "migration.writes_kept",
        5,
        why="A row written while the migration copies can be lost without an error.",
        remedy="See how the rows named were written, and what the migration does with such writes.",
        requires=("migration.applied",),
        when="a query for what writers were told",
    ),
    CheckSpec(
        "migration.objects",
        5,
        why="A script can end without an error and without its objects.",
        remedy="Create what is missing, or take it out of the plan's [creates].",
        requires=("migration.applied",),
    ),
    CheckSpec(
        "migration.behaviour",
        5,
        why="That an object exists does not say that it works.",
        remedy="See what the probe measured against what it expects.",
        requires=("migration.applied",),
        items="probe",
    ),
    CheckSpec(
        "migration.scheduled",
        5,
        why="A job can be scheduled and never run, or fail each time where nobody looks.",
        remedy="See pg_cron's own record of the runs in the detail.",
        requires=("migration.applied",),
        when="jobs",
    ),
    CheckSpec(
        "migration.schema_unchanged",
        5,
        why="A migration must do what its plan says and nothing else.",
        remedy="Undo the change in the migration, or declare it in the plan.",
        requires=("migration.applied",),
    ),
    CheckSpec(
        "migration.privileges_unchanged",
        5,
        why="One privilege, owner or policy more is a security hole; one less is an outage.",
        remedy="Undo the change in the migration, or declare it in the plan.",
        requires=("migration.applied",),
    ),
    CheckSpec(
        "migration.settings_unchanged",
        5,
        why="A setting left on the database or a role outlives the migration unseen.",
        remedy="RESET it at the end of the migration.",
        requires=("migration.applied",),
    ),
    CheckSpec(
        "migration.data_unchanged",
        5,
        why="Not one row may be lost, doubled or altered.",
        remedy="Compare the rows named in the restored backup and in the migrated copy.",
        requires=("migration.applied",),
    ),
    CheckSpec(
        "migration.hazards",
        5,
        why="Known ways to hurt a busy database show in the script and in its trace.",
        remedy="Follow the workaround named, or waive the rule in the plan with a reason.",
        requires=("migration.applied",),
    ),
    CheckSpec(
        "migration.silence",
        5,
        why="IF NOT EXISTS that was skipped and a swallowed exception look like success.",
        remedy="Mend the statement, or waive the rule in the plan with a reason.",
        requires=("migration.applied",),
    ),
    CheckSpec(
        "migration.repeatable",
        5,
        why="A deployment that is retried applies the script a second time.",
        remedy="Guard each step so that it does nothing when it is already done.",
        requires=("migration.applied",),
    ),
    CheckSpec(
        "migration.interruptible",
        5,
        why="Connections break and machines restart in the middle of a deployment.",
        remedy="Guard each step so that a second run completes what the first left.",
        requires=("migration.applied",),
    ),
)
