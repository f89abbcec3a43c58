"""What of a run production is later held against, put together for ``after.json``."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from pathlib import Path

from shadowgate.migrate import Script, ScriptRun
from shadowgate.migrate.announced.drops import drops
from shadowgate.migrate.results import with_schema
from shadowgate.phases.migration.changes import Migrated
from shadowgate.phases.migration.forecast import Forecast
from shadowgate.phases.restore.state import State
from shadowgate.report.after_file import After, objects_of


def after_of_run(
    started: dt.datetime,
    backup: Path | None,
    before: State,
    migrated: Migrated,
    run: ScriptRun,
    forecast: Forecast | None,
) -> After:
    """Put together what a run found.

    Args:
        started: when it began.
        backup: the dump that was restored; ``None`` for a generated one.
        before: the shadow before the migration.
        migrated: the copy after it.
        run: the migration, applied to that copy.
        forecast: what it is expected to take in a larger production; ``None`` if nothing was told.
    """
    constraints = migrated.state.snapshot.of_kind("constraint")
    return After(
        started=started.isoformat(timespec="seconds"),
        backup_written=_written(backup) if backup else None,
        extensions={
            identity.name: str(found.attributes["version"])
            for identity, found in before.snapshot.of_kind("extension")
        },
        rows=_rows(before),
        locks=_locks(run),
        wal_bytes=_wal_bytes(run),
        production_rows=forecast.sizes.told_for if forecast else {},
        production_wal_bytes=round(forecast.wal.bounds.high) if forecast and forecast.wal else None,
        not_validated=tuple(
            identity.name for identity, found in constraints if not found.attributes["validated"]
        ),
        dropped_first=_dropped_first(run.script),
        **objects_of(migrated.drift),
    )


def _rows(before: State) -> Mapping[str, int]:
    """Of every table but those of extensions, which come with their own rows."""
    known = {identity.name for identity in before.snapshot.objects}
    return {name: found.rows for name, found in before.content.items() if name in known}


def _dropped_first(script: Script) -> tuple[tuple[str, str], ...]:
    return tuple((each.kind, name) for each in drops(script) for name in each.names)


def _written(backup: Path) -> str:
    moment = dt.datetime.fromtimestamp(backup.stat().st_mtime, dt.UTC)
    return moment.isoformat(timespec="seconds")


def _locks(run: ScriptRun) -> Mapping[str, tuple[str, ...]]:
    tables = {each.name for each in run.relations if each.kind in ("r", "p", "m")}
    found: dict[str, set[str]] = {}
    for lock in run.locks:
        if lock.existed and lock.relation in tables:
            found.setdefault(with_schema(lock.relation), set()).add(lock.mode)
    return {name: tuple(sorted(modes)) for name, modes in sorted(found.items())}


def _wal_bytes(run: ScriptRun) -> int | None:
    known = [each.wal_bytes for each in run.runs if each.wal_bytes is not None]
    return sum(known) if known else None
