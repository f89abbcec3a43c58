"""Drawings that a stage adds to its check."""

from __future__ import annotations

from shadowgate.evidence import Figure
from shadowgate.plan import Plan
from shadowgate.report.figures import ClientWait, StatementSpan, waits
from shadowgate.stages.migration import Online


def waits_figure(online: Online, plan: Plan) -> Figure:
    """Draw when readers and writers waited while the statements ran."""
    return waits(
        [
            StatementSpan(run.statement.excerpt, run.started, run.ended + run.commit_seconds)
            for run in online.run.runs
        ],
        [
            ClientWait(w.kind, w.since - online.run.origin, w.seconds * 1e3, w.blocker)
            for w in online.waits.waits
        ],
        reader_limit_ms=plan.locks.reader_ms,
        writer_limit_ms=plan.locks.writer_ms,
    )
