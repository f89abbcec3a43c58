"""What if a long report is reading a table when the migration wants it?

A statement that waits for a strong lock lets everybody queue behind it. With a ``lock_timeout``
that lasts as long as the timeout says, and the script tries again; without one it lasts as long as
the report.
"""

from __future__ import annotations

from shadowgate.migrate import LockWatch, Script, ScriptRun
from shadowgate.phases.runner import Runner
from shadowgate.server import Database
from shadowgate.traffic.long_transactions import (
    LongTransactionRehearsal,
    rehearse_long_transaction,
    strongly_locked,
)

PATIENCE_MS = 10_000
"""The longest ``lock_timeout`` that counts as one: migration tools set a second to ten."""

_REPORT_SECONDS = 4.0
_UNBOUNDED_MS = 1_000.0


def allowed_wait_ms(run: ScriptRun) -> float:
    """How long somebody may stand in the queue: as long as the script's own ``lock_timeout``.

    Where a statement that locks strongly has none, a second: that a longer report bounds it is
    chance.
    """
    locking = {lock.statement for lock in run.locks if lock.existed}
    timeouts = [each.lock_timeout_ms or 0 for each in run.runs if each.statement.number in locking]
    longest = max(timeouts, default=0)
    if 0 in timeouts or longest > PATIENCE_MS:
        return _UNBOUNDED_MS
    return max(float(longest), _UNBOUNDED_MS)


def rehearse_lock_queue(
    script: Script, applied: ScriptRun, copy: Database, runner: Runner
) -> LongTransactionRehearsal:
    """Apply the script while a transaction reads every relation that it locks strongly.

    Args:
        script: the migration.
        applied: its run on a quiet copy, which tells what it locks.
        copy: a copy of the shadow, which it is applied to.
        runner: applies it.
    """
    seconds = max(_REPORT_SECONDS, allowed_wait_ms(applied) / 1e3 + 2.0)
    runner.progress(f"a report of {seconds:g} s is reading when the migration comes")
    return rehearse_long_transaction(
        copy,
        strongly_locked(applied),
        lambda: runner.run(script, copy, LockWatch(copy)),
        # Between two of its queries: a snapshot would also hold up whatever works CONCURRENTLY.
        holder="idle",
        hold_seconds=seconds,
    )
