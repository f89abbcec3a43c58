"""Split a script into statements, apply them, and record what each one did."""

from shadowgate.migrate.apply import RetryPolicy, apply_script
from shadowgate.migrate.cluster_wide import (
    outside_effects,
    refuse_beyond,
    refuse_programs,
    statements_beyond,
)
from shadowgate.migrate.detect import find_hazards, review_findings, statement_that_names
from shadowgate.migrate.findings import (
    Review,
    ScriptFinding,
    WaivedFinding,
    Waiver,
    apply_waivers,
    findings_table,
)
from shadowgate.migrate.hazards import HAZARDS, Hazard
from shadowgate.migrate.inline_waivers import inline_waivers
from shadowgate.migrate.interrupt import (
    Interruption,
    InterruptionTrial,
    interrupt_at_every_boundary,
    interruptions_table,
)
from shadowgate.migrate.limits import NEVER, StopAfter
from shadowgate.migrate.lint import lint
from shadowgate.migrate.own_relations import new_relations, referenced_relations, relation_of
from shadowgate.migrate.probes import (
    PATIENCE_SECONDS,
    ProbeResult,
    run_probe_in_clone,
    run_probes,
    wait_for_autovacuum,
)
from shadowgate.migrate.results import (
    APPLICATION_NAME,
    STOPS_READERS,
    STOPS_WRITERS,
    Failure,
    LockAwaited,
    LockHeld,
    Notice,
    Pitfall,
    Relation,
    Retry,
    RowsTouched,
    ScriptRun,
    StatementRun,
)
from shadowgate.migrate.script import (
    Script,
    Statement,
    TransactionBlock,
    in_one_transaction,
    is_one_transaction,
    is_unguarded,
    may_be_one_transaction,
    parse_script,
    read_script,
)
from shadowgate.migrate.session import SessionSettings
from shadowgate.migrate.squawk_rules import is_guess
from shadowgate.migrate.suppressed_errors import find_silence
from shadowgate.migrate.watch import LockWatch, NoWatch, Watch

__all__ = [
    "APPLICATION_NAME",
    "HAZARDS",
    "NEVER",
    "PATIENCE_SECONDS",
    "STOPS_READERS",
    "STOPS_WRITERS",
    "Failure",
    "Hazard",
    "Interruption",
    "InterruptionTrial",
    "LockAwaited",
    "LockHeld",
    "LockWatch",
    "NoWatch",
    "Notice",
    "Pitfall",
    "ProbeResult",
    "Relation",
    "Retry",
    "RetryPolicy",
    "Review",
    "RowsTouched",
    "Script",
    "ScriptFinding",
    "ScriptRun",
    "SessionSettings",
    "Statement",
    "StatementRun",
    "StopAfter",
    "TransactionBlock",
    "WaivedFinding",
    "Waiver",
    "Watch",
    "apply_script",
    "apply_waivers",
    "find_hazards",
    "find_silence",
    "findings_table",
    "in_one_transaction",
    "inline_waivers",
    "interrupt_at_every_boundary",
    "interruptions_table",
    "is_guess",
    "is_one_transaction",
    "is_unguarded",
    "lint",
    "may_be_one_transaction",
    "new_relations",
    "outside_effects",
    "parse_script",
    "read_script",
    "referenced_relations",
    "refuse_beyond",
    "refuse_programs",
    "relation_of",
    "review_findings",
    "run_probe_in_clone",
    "run_probes",
    "statement_that_names",
    "statements_beyond",
    "wait_for_autovacuum",
]
