"""The checks of phases 1 to 4: the shadow, and what it is before the migration."""

from __future__ import annotations

from shadowgate.checks.spec import CheckSpec

CHECKS: tuple[CheckSpec, ...] = (
    # --- 1: environment ---------------------------------------------------------------------------
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
    # --- 2: restore -------------------------------------------------------------------------------
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
    # --- 3: monitoring ----------------------------------------------------------------------------
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
    # --- 4: baseline ------------------------------------------------------------------------------
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
)
