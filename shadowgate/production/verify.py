"""After a stage of the rollout: is what is migrated what the shadow was, and is it as fast?"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterator
from typing import Any

from shadowgate.catalogue.object_kinds import STORED
from shadowgate.errors import UsageError
from shadowgate.language import sentence
from shadowgate.production.answers import Answers, Line, Question
from shadowgate.production.as_planned import CONSTRAINTS, STATISTICS, object_lines
from shadowgate.production.known import Known
from shadowgate.production.objects import INVALID_INDEXES
from shadowgate.production.plan_shapes import plan_lines
from shadowgate.production.reference import Reference, latency_lines
from shadowgate.production.server import VERSION
from shadowgate.production.session import Patience, ReadOnlySession
from shadowgate.production.shadow_run import ShadowRun
from shadowgate.production.touched import Touched, touched_of_run
from shadowgate.queries import Workload
from shadowgate.report.after_file import After

PATIENCE = Patience(total=60.0, statement=30.0)

QUESTIONS: tuple[Question[Known, Any], ...] = (VERSION, INVALID_INDEXES, CONSTRAINTS, STATISTICS)


def verify(
    session: ReadOnlySession,
    shadow: ShadowRun,
    stage: str,
    reference: Reference | None,
    workload: Workload | None,
) -> Answers:
    """Ask everything.

    Args:
        session: on the server that is migrated by now.
        shadow: the run whose *after* it is held against.
        stage: the stage of the rollout that has ended, one of ``STAGES``.
        reference: latencies from before the stage.
        workload: the queries that the run was made with.

    Raises:
        UsageError: the run kept nothing that production could be held against.
    """
    after = shadow.after
    if after is None:
        raise UsageError(
            sentence(
                "beside {path} there is no after.json to hold production against",
                path=shadow.path,
            ),
            todo="run shadowgate again: it is written once the migration was applied",
        )
    known = Known(shadow, _with_created(after), session.role, dt.datetime.now(dt.UTC))
    lines = [
        *_run_lines(shadow),
        *object_lines(session, after),
        *(line for question in QUESTIONS for line in question.put(session, known)),
        *(plan_lines(session, shadow, workload) if workload else ()),
        *_latencies(session, reference, shadow),
    ]
    return Answers(f"Verify after {stage}", session.where, tuple(lines))


def _with_created(after: After) -> Touched:
    """What the migration touched, and the tables that it made."""
    touched = touched_of_run(after)
    made = tuple((each.name,) for each in after.created if each.kind in STORED)
    gone = {each.name for each in after.dropped}
    kept = tuple(names for names in touched.tables if not gone.intersection(names))
    return dataclasses.replace(touched, tables=(*kept, *made))


def _run_lines(shadow: ShadowRun) -> Iterator[Line]:
    if shadow.verdict != "GO":
        meaning = "what was not validated cannot be verified"
        yield Line("shadow run", shadow.verdict, "GO", "stop", meaning)


def _latencies(
    session: ReadOnlySession, reference: Reference | None, shadow: ShadowRun
) -> list[Line]:
    if reference is None:
        meaning = "take one before the stage, and name it with --reference"
        return [Line("latencies", "not asked", "no reference", "note", meaning)]
    return latency_lines(session, reference, shadow.limit_percent)
