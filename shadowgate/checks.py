"""The catalogue of checks: what is judged, in which phase, and what it stands on.

The claim of a check is the first sentence of its test's docstring in ``tests/phases``; here stands
what that test cannot say: why it matters, what to do when it fails, and which earlier checks make
it meaningless if they did not pass (it is then *blocked*, never passed and never failed).
"""

from __future__ import annotations

from dataclasses import dataclass

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


@dataclass(frozen=True)
class CheckSpec:
    """One check of the catalogue.

    A check that is proven item by item (per query, per probe) has results whose ids are its id, a
    dot and the item: ``performance.not_slower.Q5``.
    """

    id: str
    phase: int
    why: str
    remedy: str
    requires: tuple[str, ...] = ()
    required: bool = True
    """Whether the verdict needs it to pass."""
    judges_time: bool = False
    """Skipped, with that reason, when the copy is too small for timings to mean anything."""
    always_runs: bool = False
    """Runs even when checks before it failed."""
    items: str = ""
    """What its results are one for each of: ``query``, ``probe`` …; empty for a single result."""


CATALOGUE: tuple[CheckSpec, ...] = (
    # --- 1: environment -----------------------------------------------------------------------
    CheckSpec(
        "environment.server",
        1,
        why="A copy on another major version or without PostGIS proves nothing about production.",
        remedy="Start Docker, or install PostgreSQL 14 or newer with PostGIS.",
    ),
    CheckSpec(
        "environment.client_tools",
        1,
        why="pg_dump and pg_restore refuse a server newer than themselves.",
        remedy="Install client tools of the server's major version or newer.",
        requires=("environment.server",),
    ),
    CheckSpec(
        "environment.disk_space",
        1,
        why="The phases keep several copies of the database side by side.",
        remedy="Free disk space, or point TMPDIR at a larger disk.",
        requires=("environment.server",),
    ),
    CheckSpec(
        "environment.database",
        1,
        why="The shadow must be a database of its own that this run made.",
        remedy="See that the role may create databases and extensions.",
        requires=("environment.server",),
    ),
    CheckSpec(
        "environment.recorded",
        1,
        why="A measurement without its versions and settings cannot be repeated.",
        remedy="Give the role the right to read pg_settings.",
        requires=("environment.server",),
    ),
    # --- 2: restore ---------------------------------------------------------------------------
    CheckSpec(
        "restore.backup",
        2,
        why="What is signed must name exactly the backup that it was proven on.",
        remedy="Pass a dump made by pg_dump with --backup.",
        requires=("environment.database",),
    ),
    CheckSpec(
        "restore.clean",
        2,
        why="A restore with errors is a different database.",
        remedy="Make the objects that the first error names, or dump again.",
        requires=("restore.backup",),
    ),
    CheckSpec(
        "restore.rows",
        2,
        why="A truncated dump can restore without an error.",
        remedy="Take a fresh dump and compare its row count with production.",
        requires=("restore.clean",),
    ),
    CheckSpec(
        "restore.indexes",
        2,
        why="A missing or invalid index changes every plan that is measured later.",
        remedy="REINDEX the invalid ones in production, then dump again.",
        requires=("restore.clean",),
    ),
    CheckSpec(
        "restore.constraints",
        2,
        why="A constraint that was never validated protects nothing.",
        remedy="ALTER TABLE … VALIDATE CONSTRAINT in production, then dump again.",
        requires=("restore.clean",),
    ),
    CheckSpec(
        "restore.geometries",
        2,
        why="Invalid geometries, a second SRID or a stray coordinate make spatial answers wrong.",
        remedy="Mend the rows named, or mark them is_valid = false.",
        requires=("restore.clean",),
    ),
    CheckSpec(
        "restore.sequences",
        2,
        why="A sequence behind its column makes the first insert fail.",
        remedy="setval() the sequence past the column's maximum.",
        requires=("restore.clean",),
    ),
    CheckSpec(
        "restore.fingerprint",
        2,
        why="Everything later is compared with this content.",
        remedy="See the error; the content must be readable in full.",
        requires=("restore.clean",),
    ),
    # --- 3: monitoring ------------------------------------------------------------------------
    CheckSpec(
        "monitoring.settings",
        3,
        why="Without DDL and duration logging nobody can say afterwards what ran when.",
        remedy="Set log_statement = 'ddl' and log_duration = on, then reload.",
        requires=("environment.database",),
    ),
    CheckSpec(
        "monitoring.log_directory",
        3,
        why="A log that cannot be read is no evidence.",
        remedy="Turn logging_collector on; the role needs pg_read_server_files or superuser.",
        requires=("environment.database",),
    ),
    CheckSpec(
        "monitoring.probe_ddl",
        3,
        why="A setting can be on while nothing is written.",
        remedy="Look at log_destination and at the free space of the log directory.",
        requires=("monitoring.settings", "monitoring.log_directory"),
    ),
    CheckSpec(
        "monitoring.probe_query",
        3,
        why="A setting can be on while nothing is written.",
        remedy="Look at log_destination and at the free space of the log directory.",
        requires=("monitoring.settings", "monitoring.log_directory"),
    ),
    # --- 4: baseline --------------------------------------------------------------------------
    CheckSpec(
        "baseline.query",
        4,
        why="A change can only be judged against what was measured before it.",
        remedy="See the query's error; it must run on the restored backup as it stands.",
        requires=("restore.clean",),
        items="query",
    ),
    CheckSpec(
        "baseline.stored",
        4,
        why="A later run on the same machine must be able to compare with this one.",
        remedy="See that the reports folder can be written.",
        requires=("restore.clean",),
    ),
    # --- 5: migration -------------------------------------------------------------------------
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
    # --- 6: performance -----------------------------------------------------------------------
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
    # --- 7: simulation ------------------------------------------------------------------------
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
    # --- 8: rollback --------------------------------------------------------------------------
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
    # --- 9: sign-off --------------------------------------------------------------------------
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
    # --- 10: rollout --------------------------------------------------------------------------
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
