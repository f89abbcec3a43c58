"""What the shadow run's own record says for or against going on; no server is needed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from shadowgate.migrate import Script
from shadowgate.production.answers import Line
from shadowgate.production.known import BACKUP_DAYS, Known
from shadowgate.production.shadow_run import ShadowRun


def record_lines(known: Known, script: Script | None) -> Iterator[Line]:
    """The verdict, the script, the backup, and what is not known of the migration.

    Args:
        known: what production is held against.
        script: the migration that is to be applied, where it was named.
    """
    if known.shadow is None:
        yield Line("shadow run", "none named", "", "note", "nothing measured speaks for this")
    else:
        yield _verdict(known.shadow)
        if script is not None:
            yield _script(known.shadow, script)
        yield _backup(known.shadow, known.now)
        if known.shadow.after is None:
            meaning = "run shadowgate again, up to the comparison of phase 5"
            yield Line("after.json", "not there", "beside shadow.json", "not answered", meaning)
    for statement in known.touched.unknown:
        meaning = "name a shadow run of it, which saw what it does"
        yield Line("migration", "not in its text", statement, "not answered", meaning)


def _verdict(shadow: ShadowRun) -> Line:
    if shadow.verdict != "GO":
        return Line("shadow run", shadow.verdict, "GO", "stop", "mend what its report names")
    if shadow.quick:
        meaning = "too few rows to judge timings: right only if production has no more"
        return Line("shadow run", "GO (quick)", "GO", "note", meaning)
    return Line("shadow run", "GO", "GO")


def _script(shadow: ShadowRun, script: Script) -> Line:
    validated = shadow.inputs.get(shadow.migration)
    if validated == script.sha256:
        return Line("migration", script.path.name, "as validated")
    return Line(
        "migration",
        f"{script.path.name}, sha256 {script.sha256[:12]}…",
        f"{shadow.migration}, {(validated or 'unknown')[:12]}…",
        "stop",
        "this is not the script that the shadow run validated",
    )


def _backup(shadow: ShadowRun, now: dt.datetime) -> Line:
    if shadow.generated:
        meaning = "run the shadow on a backup of production, with --backup"
        return Line("backup", "generated", "of production", "stop", meaning)
    written = shadow.after.backup_written if shadow.after else None
    moment = dt.datetime.fromisoformat(written) if written else shadow.started
    days = (now - moment).total_seconds() / 86_400
    said = f"{days:.1f} days old, by {'its file time' if written else 'the run that restored it'}"
    limit = f"at most {BACKUP_DAYS:g} days"
    if days <= BACKUP_DAYS:
        return Line("backup", said, limit)
    return Line("backup", said, limit, "stop", "run the shadow on a backup of today")
