"""Trials of scripts on a server with what they are tried on, judged by a few of the checks."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from shadowgate.evidence import CheckResult
from shadowgate.migrate import read_script
from shadowgate.options import Request
from shadowgate.phases.check import Check
from shadowgate.phases.environment.preflight import Preflight
from shadowgate.phases.execution import carry_out
from shadowgate.phases.piece import Piece
from shadowgate.phases.run import Run
from shadowgate.plan import Plan
from shadowgate.server import Database, Databases, Server

SETTINGS = {"shared_buffers": "32MB", "default_statistics_target": "10"}
"""Of a server with many small copies."""

ROOM_BYTES = 1_000_000_000
"""For a server with all copies: hundreds of small files each, ten times faster in memory."""

COSTLY = (
    Run.interruptions,
    Run.rehearsal,
    Run.lock_queue,
    Run.forecast,
    Run.rollback_rehearsal,
    Run.dump,
    Run.dump_differences,
    Run.canary,
)
"""Evidence that takes several times as long as all the rest."""

_PROOFS = frozenset(
    piece.proven_by for piece in vars(Run).values() if isinstance(piece, Piece) and piece.proven_by
)
"""Checks that prove evidence for all others; taken for granted where a trial leaves them out."""


def opened_for(
    plan: Plan, server: Server, databases: Databases, shadow: Database, workspace: Path
) -> Preflight:
    """What is opened before the first check, without a backup: the shadow is filled otherwise."""
    return Preflight(
        server=server,
        databases=databases,
        shadow=shadow,
        migration=read_script(plan.migration),
        rollback=read_script(plan.rollback) if plan.rollback else None,
        earlier=tuple(read_script(path) for path in plan.backup.apply),
        backup=None,
        workspace=workspace,
        inputs={},
        needed_bytes=0,
        _stack=ExitStack(),
    )


def run_on(opened: Preflight, plan: Plan) -> Run:
    """A run of a plan on what is opened, with no other evidence yet."""
    request = Request(
        plan=plan,
        server="local",
        image=None,
        reports=opened.workspace,
        generated_rows=plan.backup.rows,
    )
    run = Run(request)
    run.opened = opened
    return run


def results_of(checks: Iterable[Check[Any]], run: Run) -> Iterator[CheckResult]:
    """Carry out checks in order; what those prove that are left out is taken for granted.

    Raises:
        Exception: a check has a defect of its own.
    """
    chosen = tuple(checks)
    for proof in _PROOFS - {check.id for check in chosen}:
        run.results.by_id[proof] = CheckResult(proof, 0, "passed", "taken for granted")
    for check in chosen:
        for item in check.items_of(run) or ("",):
            outcome = carry_out(check, item, run)
            if outcome.error is not None:
                raise outcome.error
            yield outcome.result


def empty(workspace: Path) -> None:
    """Delete what a trial left in its folder."""
    for left in workspace.iterdir():
        if left.is_dir():
            shutil.rmtree(left)
        else:
            left.unlink()
