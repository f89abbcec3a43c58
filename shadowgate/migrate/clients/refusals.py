"""What worked before the migration and is refused after it, as a finding of the script."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from shadowgate.migrate.detect import statement_that_names
from shadowgate.migrate.findings import ScriptFinding
from shadowgate.migrate.script import Script, Statement

INSERT_REFUSED = "insert-refused"
UPDATE_REFUSED = "update-refused"
CONFLICT_TARGET_LOST = "conflict-target-lost"
NARROWER_COLUMN = "narrower-column"
NARROWER_SEQUENCE = "narrower-sequence"
VIEW_COLUMN_LOST = "view-column-lost"
VIEW_COLUMN_MOVED = "view-column-moved"
INHERITED_ROWS_LOST = "inherited-rows-lost"
AMBIGUOUS_CALL = "ambiguous-call"
STALE_INDEX = "stale-index"
STALE_COLUMN = "stale-column"
CHECK_NOT_MET = "check-not-met"

_DOCS = "https://www.postgresql.org/docs/current"
_LINKS = {
    INSERT_REFUSED: f"{_DOCS}/sql-insert.html",
    UPDATE_REFUSED: f"{_DOCS}/sql-update.html",
    CONFLICT_TARGET_LOST: f"{_DOCS}/sql-insert.html#SQL-ON-CONFLICT",
    NARROWER_COLUMN: f"{_DOCS}/sql-altertable.html#SQL-ALTERTABLE-DESC-SET-DATA-TYPE",
    NARROWER_SEQUENCE: f"{_DOCS}/sql-altersequence.html",
    VIEW_COLUMN_LOST: f"{_DOCS}/sql-createview.html",
    VIEW_COLUMN_MOVED: f"{_DOCS}/sql-createview.html",
    INHERITED_ROWS_LOST: f"{_DOCS}/ddl-inherit.html",
    AMBIGUOUS_CALL: f"{_DOCS}/sql-createfunction.html#SQL-CREATEFUNCTION-OVERLOADING",
    STALE_INDEX: f"{_DOCS}/xfunc-volatility.html",
    STALE_COLUMN: f"{_DOCS}/ddl-generated-columns.html",
    CHECK_NOT_MET: f"{_DOCS}/ddl-constraints.html#DDL-CONSTRAINTS-CHECK-CONSTRAINTS",
}
_OF_INDEXES = ("CREATE INDEX", "CREATE INDEX CONCURRENTLY", "CREATE UNIQUE INDEX")


@dataclass(frozen=True)
class Refusal:
    """One thing that clients can no longer do."""

    rule: str
    table: str
    """Qualified and quoted, as it was before; of a sequence or a view its own name."""
    sentence: str
    named: tuple[str, ...] = ()
    """What is to blame, most exactly first: a column, a constraint, a function, a type."""
    sqlstate: str = ""
    """That the server refuses the write with."""


@dataclass(frozen=True)
class Refusals:
    """What was tried, and what of it only the migrated database refuses."""

    findings: tuple[ScriptFinding, ...]
    refusals: tuple[Refusal, ...]
    """The same, as they were met."""
    tables: int
    """Tables that were looked at."""
    written: int
    """Those that a row was inserted into before the migration."""
    untried: tuple[str, ...] = ()
    """Why no row could be inserted into some of the others, a sentence each."""


def as_findings(
    refusals: Collection[Refusal], script: Script, *, note: str = ""
) -> tuple[ScriptFinding, ...]:
    """Refusals as findings about the statements that are to blame.

    Args:
        refusals: what was found, each once.
        script: the migration.
        note: why a lost conflict target does not count by itself; empty if it counts.
    """
    return tuple(
        _finding(each, script, note if each.rule == CONFLICT_TARGET_LOST else "")
        for each in dict.fromkeys(refusals)
    )


def _finding(refusal: Refusal, script: Script, note: str) -> ScriptFinding:
    statement = _to_blame(refusal, script)
    line, excerpt = (statement.line, statement.excerpt) if statement else (0, "")
    link = _LINKS[refusal.rule]
    return ScriptFinding(refusal.rule, refusal.sentence, line, excerpt, "trial", link, note=note)


def _to_blame(refusal: Refusal, script: Script) -> Statement | None:
    """The last statement that names what is to blame, and its table if one does; else the table.

    A column is named by many: one that makes an index over it has not changed what it takes.
    """
    table = _word(refusal.table)
    able = [each for each in script.statements if each.kind not in _OF_INDEXES]
    for name in refusal.named:
        naming = [each for each in able if _names(each, _word(name))]
        both = [each for each in naming if _names(each, table)]
        if naming:
            return (both or naming)[-1]
    return statement_that_names(script, f"table {refusal.table}")


def _word(name: str) -> str:
    return name.rpartition(".")[2].strip('"').lower()


def _names(statement: Statement, word: str) -> bool:
    return bool(re.search(rf"(?<!\w){re.escape(word)}(?!\w)", statement.sql.lower()))
