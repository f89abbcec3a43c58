"""squawk's rules, each with what may be believed of it. One table; everything else is derived.

squawk reads the text. Whether a table is really read, rewritten or indexed under a lock depends on
what is there, which the watched run shows and the text cannot: such a rule is *traced* and counts
only where the run shows the same, or could not be watched. A *policy* is a preference, or asks a
question that another check answers from the databases; it counts if the plan makes a rule of it.
What is dangerous and stands in the text alone is *static* and counts, as does a rule that this
table does not know.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from typing import Literal

from shadowgate.language import sentence
from shadowgate.migrate.findings import ScriptFinding, in_order
from shadowgate.migrate.results import ScriptRun

Standing = Literal["traced", "policy", "static"]


@dataclass(frozen=True)
class SquawkRule:
    """What a rule of squawk is worth beside a watched run.

    Attributes:
        id: squawk's name of it.
        standing: whether it counts by itself.
        shown_by: hazards that are the same fact, seen instead of guessed; they absorb it.
        why: for a note on it, why it does not count, as a clause; empty for a static one.
    """

    id: str
    standing: Standing
    shown_by: tuple[str, ...] = ()
    why: str = ""


_SCAN = ("constraint-validated-under-lock",)
_NOT_NULL = ("not-null-by-scan", "constraint-validated-under-lock")
_BUILD = ("index-blocks-writers",)
_BUILT_BY_CONSTRAINT = ("constraint-builds-index",)
_NEW_FILE = ("table-rewrite", "constraint-builds-index", "constraint-validated-under-lock")
_LOCK = ("lock-without-timeout",)
_OUTSIDE = ("reaches-outside",)

_TASTE = sentence("a matter of taste, not of safety")
_COMPATIBLE = sentence("the plan announces what goes, and the workload finds what is still used")
_COMPARED = sentence("the schema is compared before and after")
_REPEATED = sentence("running it again and interrupting it show whether it can be repeated")
_PRIVILEGES = sentence("privileges are compared before and after")
_WRITERS = sentence("the writers of the rehearsal find what they may no longer write")


def _traced(why: str, shown_by: tuple[str, ...], *ids: str) -> tuple[SquawkRule, ...]:
    return tuple(SquawkRule(each, "traced", shown_by, why) for each in ids)


def _policy(why: str, *ids: str, shown_by: tuple[str, ...] = ()) -> tuple[SquawkRule, ...]:
    return tuple(SquawkRule(each, "policy", shown_by, why) for each in ids)


def _static(shown_by: tuple[str, ...], *ids: str) -> tuple[SquawkRule, ...]:
    return tuple(SquawkRule(each, "static", shown_by) for each in ids)


RULES: tuple[SquawkRule, ...] = (
    *_traced(
        sentence("the watched run built no index on a table with rows while writers waited"),
        _BUILD,
        "require-concurrent-index-creation",
        "require-concurrent-reindex",
    ),
    *_traced(
        sentence("the watched run built no index under ACCESS EXCLUSIVE"),
        _BUILT_BY_CONSTRAINT,
        "disallowed-unique-constraint",
        "adding-serial-primary-key-field",
    ),
    *_traced(
        sentence(
            "the lock is asked for with a lock_timeout and held for a change of the catalogue"
        ),
        _LOCK,
        "require-concurrent-index-deletion",
        "require-concurrent-partition-detach",
        "require-lock-timeout",
        "require-timeout-settings",
    ),
    *_traced(
        sentence("the watched run validated nothing on a table with rows"),
        _SCAN,
        "constraint-missing-not-valid",
        "adding-foreign-key-constraint",
    ),
    *_traced(
        sentence("the watched run validated nothing on a table with rows"),
        ("domain-validated-under-lock",),
        "ban-alter-domain-with-add-constraint",
    ),
    *_traced(
        sentence("the watched run read no table with rows to prove it"),
        _NOT_NULL,
        "adding-not-nullable-field",
    ),
    *_traced(
        sentence("the watched run rewrote no table with rows"),
        _NEW_FILE,
        "adding-field-with-default",
        "changing-column-type",
        "prefer-repack",
    ),
    *_traced(
        sentence("the watched run shows that PostgreSQL accepts it"),
        ("cannot-run-in-transaction",),
        "adding-required-field",
        "ban-concurrent-index-creation-in-transaction",
        "ban-duplicate-column-assignments",
        "ban-uncommitted-transaction",
    ),
    *_policy(
        _TASTE,
        "ban-char-field",
        "ban-create-domain-with-constraint",
        "identifier-too-long",
        "prefer-bigint-over-int",
        "prefer-bigint-over-smallint",
        "prefer-text-field",
        "prefer-timestamp-tz",
        "prefer-timestamptz",
        "require-enum-value-ordering",
        "require-table-schema",
        "transaction-nesting",
        "unused-ignore",
    ),
    *_policy(_TASTE, "prefer-identity", shown_by=("serial-column",)),
    *_policy(_COMPARED, "ban-add-enum-value", shown_by=("enum-type",)),
    *_policy(
        sentence("how long each statement takes and holds its locks is measured"),
        "require-statement-timeout",
    ),
    *_policy(_REPEATED, "prefer-robust-stmts"),
    *_policy(
        _COMPATIBLE,
        "ban-drop-column",
        "ban-drop-constraint",
        "ban-drop-default",
        "ban-drop-domain",
        "ban-drop-extension",
        "ban-drop-function",
        "ban-drop-generated-expression",
        "ban-drop-index",
        "ban-drop-not-null",
        "ban-drop-policy",
        "ban-drop-schema",
        "ban-drop-sequence",
        "ban-drop-table",
        "ban-drop-trigger",
        "ban-drop-type",
        "ban-drop-view",
        "ban-set-schema",
        "renaming-column",
        "renaming-object",
        "renaming-table",
    ),
    *_policy(
        _COMPARED,
        "ban-add-column",
        "ban-add-composite-attribute",
        "ban-alter-extension",
        "ban-alter-function-options",
        "ban-alter-generated-expression",
        "ban-alter-identity",
        "ban-alter-sequence-values",
        "ban-alter-view-options",
        "ban-detach-inheritance",
        "ban-disable-trigger",
        "ban-replace-view-function",
        "ban-replica-identity",
        "ban-set-default",
    ),
    *_policy(
        _PRIVILEGES,
        "ban-alter-policy-condition",
        "ban-alter-policy-roles",
        "ban-alter-row-level-security",
        "ban-create-policy",
        "ban-revoke",
    ),
    *_policy(_WRITERS, "ban-new-write-restriction"),
    *_static((), "ban-truncate-cascade"),
    *_static(
        _OUTSIDE,
        "ban-alter-database-options",
        "ban-alter-role-options",
        "ban-alter-system-options",
        "ban-drop-database",
    ),
)

BY_ID: dict[str, SquawkRule] = {rule.id: rule for rule in RULES}
_UNKNOWN = SquawkRule("", "static")


def with_standing(finding: ScriptFinding) -> ScriptFinding:
    """Make a note of a finding of squawk that is a policy; others are returned as they are."""
    rule = BY_ID.get(finding.rule, _UNKNOWN)
    return replace(finding, note=rule.why) if rule.standing == "policy" else finding


def is_guess(finding: ScriptFinding) -> bool:
    """Whether a finding is one of squawk's that a watched run confirms or refutes."""
    return finding.source == "squawk" and BY_ID.get(finding.rule, _UNKNOWN).standing == "traced"


def held_against_trace(
    guessed: Iterable[ScriptFinding], seen: Iterable[ScriptFinding], run: ScriptRun
) -> tuple[ScriptFinding, ...]:
    """Join what squawk guessed with what the watched run shows.

    Args:
        guessed: squawk's findings about the script.
        seen: the hazards of the run.
        run: tells which statements were watched to their end.

    Returns:
        The hazards, each with the rules of squawk that say the same of its statement, and what is
        left of squawk's: a traced rule that the run refutes, and a policy, are notes.
    """
    hazards = list(seen)
    left: list[ScriptFinding] = []
    watched = _lines_watched(run)
    for finding in guessed:
        rule = BY_ID.get(finding.rule, _UNKNOWN)
        absorbing = [
            place
            for place, hazard in enumerate(hazards)
            if hazard.rule in rule.shown_by
            and (hazard.statement == finding.statement or rule.id in _OF_THE_WHOLE_SCRIPT)
        ]
        for place in absorbing:
            also = dict.fromkeys((*hazards[place].also, rule.id))
            hazards[place] = replace(hazards[place], also=tuple(also))
        if absorbing:
            continue
        refuted = rule.standing == "traced" and _is_watched(finding, watched)
        left.append(replace(finding, note=rule.why) if refuted else with_standing(finding))
    return tuple(in_order((*left, *hazards)))


_OF_THE_WHOLE_SCRIPT = frozenset({"require-lock-timeout", "require-timeout-settings"})
"""Asked for once, at whichever statement squawk sees first."""


def _lines_watched(run: ScriptRun) -> Collection[tuple[int, int]]:
    """First and last lines of the statements that ran to their end under a watch."""
    return [
        (each.statement.line, each.statement.last_line)
        for each in run.runs
        if each.failure is None and each.wal_bytes is not None
    ]


def _is_watched(finding: ScriptFinding, watched: Collection[tuple[int, int]]) -> bool:
    return any(first <= finding.line <= last for first, last in watched)
