"""Work that the server does inside a statement, told by its own remarks at DEBUG1.

``verifying table``, ``validating foreign key constraint`` and ``building index`` come from
``tablecmds.c`` and ``index.c`` of PostgreSQL 14 to 17, untranslated. The statement that they are
about may stand inside a function: then the remark's context quotes it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pglast
from pglast import ast, enums

from shadowgate.migrate.results import (
    STOPS_READERS,
    STOPS_WRITERS,
    Notice,
    ScriptRun,
    StatementRun,
)
from shadowgate.migrate.script import Statement

_SCANNED = re.compile(r'^verifying table "(?P<table>.+)"$')
_BUILT = re.compile(r'^building index "(?P<index>.+)" on table "(?P<table>.+?)"')
_CHECKED_KEY = re.compile(r'^validating foreign key constraint "(?P<constraint>.+)"$')
_SPARED = re.compile(r"^updated partition constraint for default partition .* is implied")
_INNER_SQL = re.compile(r'SQL statement "(?P<sql>.*?)"(?:\n|$)', re.DOTALL)
_RULE_OF_COMMAND = {
    enums.AlterTableType.AT_SetNotNull: "not-null-by-scan",
    enums.AlterTableType.AT_AddConstraint: "constraint-validated-under-lock",
    enums.AlterTableType.AT_AddColumn: "constraint-validated-under-lock",
    enums.AlterTableType.AT_AttachPartition: "partition-scanned-under-lock",
}


@dataclass(frozen=True)
class HiddenWork:
    """One hazard of one statement, with each table or index that it is about."""

    rule: str
    statement: Statement
    what: tuple[str, ...]


def hidden_work(run: ScriptRun) -> Iterator[HiddenWork]:
    """Find tables with rows, older than the script, that were read or indexed under a lock."""
    busy = {relation.name.rpartition(".")[2]: relation.name for relation in run.busy_tables}
    for item in run.runs:
        found: dict[str, list[str]] = {}
        for remark in item.remarks:
            for rule, what in _judge(run, item, remark, busy):
                found.setdefault(rule, []).append(what)
        if default := _default_partition_read(run, item):
            found.setdefault("partition-scanned-under-lock", []).append(f"reads all of {default}")
        for rule, what_all in found.items():
            yield HiddenWork(rule, item.statement, tuple(dict.fromkeys(what_all)))


def _judge(
    run: ScriptRun, item: StatementRun, remark: Notice, busy: dict[str, str]
) -> Iterator[tuple[str, str]]:
    if built := _BUILT.match(remark.message):
        table = busy.get(built["table"])
        rule = _rule_of_build(run, item, table) if table else ""
        if rule:
            yield rule, f"builds {built['index']} on {table}"
    if scanned := _SCANNED.match(remark.message):
        table, rule = busy.get(scanned["table"]), _rule_of_scan(_inner_node(item, remark))
        if table and rule:
            yield rule, f"reads all of {table}"
    if checked := _CHECKED_KEY.match(remark.message):
        node = _inner_node(item, remark)
        rule = _rule_of_scan(node)
        if rule and node.relation.relname in busy:
            yield rule, f"validates {checked['constraint']} on {busy[node.relation.relname]}"


def _default_partition_read(run: ScriptRun, item: StatementRun) -> str:
    """The default partition that CREATE TABLE … PARTITION OF read, if it read one.

    Here the server says only when it need not look; unsaid, it has looked.
    """
    node = _parse(item.statement.sql)
    if not isinstance(node, ast.CreateStmt) or not node.partbound:
        return ""
    if any(_SPARED.match(remark.message) for remark in item.remarks):
        return ""
    busy = {relation.name for relation in run.busy_tables}
    locked = (
        lock.relation
        for lock in run.locks
        if lock.statement == item.statement.number and lock.mode in STOPS_READERS
    )
    return next((name for name in locked if name in busy), "")


def _rule_of_build(run: ScriptRun, item: StatementRun, table: str) -> str:
    """Which hazard an index build is, by the strongest lock on its table meanwhile."""
    if table in item.rewritten:
        return ""
    modes = {
        lock.mode
        for lock in run.locks
        if lock.relation == table and lock.since <= item.ended and lock.until >= item.started
    }
    if modes & STOPS_READERS:
        return "constraint-builds-index"
    return "index-blocks-writers" if modes & STOPS_WRITERS else ""


def _rule_of_scan(node: Any) -> str:
    """Which hazard a scan is, by what the statement asked for; none for VALIDATE CONSTRAINT."""
    if not isinstance(node, ast.AlterTableStmt):
        return ""
    asked = (_RULE_OF_COMMAND.get(command.subtype, "") for command in node.cmds or ())
    return next((rule for rule in asked if rule), "")


def _inner_node(item: StatementRun, remark: Notice) -> Any:
    """Parse the innermost statement that a remark is about."""
    inner = _INNER_SQL.search(remark.context)
    return _parse(inner["sql"] if inner else item.statement.sql)


def _parse(sql: str) -> Any:
    try:
        raw = pglast.parse_sql(sql)
    except pglast.parser.ParseError:
        return None
    return raw[0].stmt if raw else None
