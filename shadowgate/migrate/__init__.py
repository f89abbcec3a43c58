"""Split a script into statements, apply them, and record what each one did."""

from shadowgate.migrate.apply import APPLICATION_NAME, RetryPolicy, apply_script
from shadowgate.migrate.results import (
    Failure,
    LockAwaited,
    LockHeld,
    Notice,
    Relation,
    Retry,
    RowsTouched,
    ScriptRun,
    StatementRun,
)
from shadowgate.migrate.script import Script, Statement, TransactionBlock, parse_script, read_script
from shadowgate.migrate.watch import LockWatch, NoWatch, Watch

__all__ = [
    "APPLICATION_NAME",
    "Failure",
    "LockAwaited",
    "LockHeld",
    "LockWatch",
    "NoWatch",
    "Notice",
    "Relation",
    "Retry",
    "RetryPolicy",
    "RowsTouched",
    "Script",
    "ScriptRun",
    "Statement",
    "StatementRun",
    "TransactionBlock",
    "Watch",
    "apply_script",
    "parse_script",
    "read_script",
]
