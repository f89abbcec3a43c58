"""Before the rollout: is production still what the shadow was, and is nothing in the way?"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from shadowgate.catalogue.estimated_rows import ESTIMATED_ROWS
from shadowgate.migrate import Script
from shadowgate.production.activity import LOCKS, PREPARED, TRANSACTIONS
from shadowgate.production.answers import Answers, Question
from shadowgate.production.known import Known
from shadowgate.production.objects import INVALID_INDEXES, NAMES, ROWS, TABLES
from shadowgate.production.record import record_lines
from shadowgate.production.replication import READERS, SLOTS
from shadowgate.production.rights import RIGHTS
from shadowgate.production.room import SIZE, WAL
from shadowgate.production.server import EXTENSIONS, SETTINGS, VERSION
from shadowgate.production.session import NotAnsweredError, Patience, ReadOnlySession
from shadowgate.production.shadow_run import ShadowRun
from shadowgate.production.touched import NOTHING, Touched, touched_by_text, touched_of_run

PATIENCE = Patience(total=9.0, statement=3.0)
"""With its grace, ten seconds for everything."""

QUESTIONS: tuple[Question[Known, Any], ...] = (
    VERSION,
    SETTINGS,
    EXTENSIONS,
    TRANSACTIONS,
    PREPARED,
    LOCKS,
    SLOTS,
    READERS,
    TABLES,
    NAMES,
    INVALID_INDEXES,
    ROWS,
    RIGHTS,
    SIZE,
    WAL,
)


def preflight(
    session: ReadOnlySession, shadow: ShadowRun | None, script: Script | None, role: str
) -> Answers:
    """Ask everything.

    Args:
        session: on production.
        shadow: the run that production is held against.
        script: the migration; without it the run's record says what it touches.
        role: who will run the migration; empty for the session's own role.
    """
    known = Known(shadow, _touched(shadow, script), role or session.role, dt.datetime.now(dt.UTC))
    lines = list(record_lines(known, script))
    for question in QUESTIONS:
        lines += question.put(session, known)
    return Answers("Preflight", session.where, tuple(lines), _rows(session))


@dataclass(frozen=True)
class _Estimate:
    """A row of :data:`~shadowgate.catalogue.estimated_rows.ESTIMATED_ROWS`."""

    name: str
    rows: int | None


def _rows(session: ReadOnlySession) -> dict[str, int]:
    """For a run on a backup that has fewer; nothing here depends on it."""
    try:
        found = session.ask(ESTIMATED_ROWS, _Estimate, {})
    except NotAnsweredError:
        return {}
    return {each.name: each.rows for each in found if each.rows is not None}


def _touched(shadow: ShadowRun | None, script: Script | None) -> Touched:
    """The run's record saw what no text tells; the text is what there is otherwise."""
    if shadow is not None and shadow.after is not None:
        return touched_of_run(shadow.after)
    if script is not None:
        return touched_by_text(script, script.path.read_text(encoding="utf-8-sig"))
    return NOTHING
