"""Work that the server does inside a statement, told by its own remarks at DEBUG1 and DEBUG5.

``verifying table``, ``validating foreign key constraint``, ``building index`` and
``AbortSubTransaction`` come from ``tablecmds.c``, ``index.c`` and ``xact.c`` of PostgreSQL 14 to
17, untranslated. The statement that they are about may stand inside a function: then the remark's
context quotes it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pglast import ast, enums

from shadowgate.language import sentence
from shadowgate.migrate.kinds import must_run_alone, parse_one
from shadowgate.migrate.own_relations import new_relations
from shadowgate.migrate.results import (
    STOPS_READERS,
    Notice,
    ScriptRun,
    StatementRun,
)
from shadowgate.migrate.script import Statement

_SCANNED = re.compile(r'^verifying table "(?P<table>.+)"$')
_BUILT = re.compile(r'^building index "(?P<index>.+)" on table "(?P<table>.+?)"')
_CHECKED_KEY = re.compile(r'^validating foreign key constraint "(?P<constraint>.+)"$')
_CAUGHT = "AbortSubTransaction(1)"
_SPARED = re.compile(r"^updated partition constraint for default partition .* is implied")
_INNER_SQL = re.compile(r'SQL statement "(?P<sql>.*?)"(?:\n|$)', re.DOTALL)
_RULE_OF_COMMAND = {
    enums.AlterTableType.AT_SetNotNull: "not-null-by-scan",
    enums.AlterTableType.AT_AddConstraint: "constraint-validated-under-lock",
    enums.AlterTableType.AT_AddColumn: "constraint-validated-under-lock",
    enums.AlterTableType.AT_AlterColumnType: "constraint-validated-under-lock",
    enums.AlterTableType.AT_AttachPartition: "partition-scanned-under-lock",
}


_KEPT = (_SCANNED, _BUILT, _CHECKED_KEY, _SPARED)


def is_worth_keeping(message: str) -> bool:
    """Tell whether a remark is one that this package reads; there are many others at DEBUG5."""
    return message.startswith(_CAUGHT) or any(pattern.match(message) for pattern in _KEPT)


def is_caught_exception(remark: Notice) -> bool:
    """Tell whether a remark says that a subtransaction was rolled back.

    The server prints the whole stack of transactions each time: its first line counts.
    """
    return remark.message.startswith(_CAUGHT)


def inner_sql(sql: str, notice: Notice) -> str:
    """The innermost statement that a message is about, given the one that was sent."""
    inner = _INNER_SQL.search(notice.context)
    return inner["sql"] if inner else sql


@dataclass(frozen=True)
class HiddenWork:
    """One hazard of one statement, with each table or index that it is about."""

    rule: str
    statement: Statement
    what: tuple[str, ...]


def hidden_work(run: ScriptRun) -> Iterator[HiddenWork]:
    """Find tables with rows, older than the script, that were read or indexed under a lock."""
    created = frozenset(name.rpartition(".")[2] for name in new_relations(run.script))
    for item in run.runs:
        found: dict[str, list[str]] = {}
        for remark in item.remarks:
            for rule, what in _judge(item, remark, _Older(run, item, created)):
                found.setdefault(rule, []).append(what)
        for table in _tables_of_domain_read(run, item):
            found.setdefault("domain-validated-under-lock", []).append(
                sentence("reads all of {table}", table=table)
            )
        if default := _default_partition_read(run, item):
            found.setdefault("partition-scanned-under-lock", []).append(
                sentence("reads all of {table}", table=default)
            )
        for rule, what_all in found.items():
            yield HiddenWork(rule, item.statement, tuple(dict.fromkeys(what_all)))


@dataclass(frozen=True)
class _Older:
    """Tables with rows, older than the script, as one of its statements finds them."""

    run: ScriptRun
    item: StatementRun
    created: frozenset[str]
    """Names of the tables that the script creates, without their schemas."""

    def named(self, table: str, node: Any) -> str:
        """The one that the server means by a name without a schema; empty if it means none.

        Other schemas may have tables of the same name, and the script may have made one more:
        the statement's text tells them apart if it has the schema, else its locks do.
        """
        bearers = [each for each in self.run.busy_tables if each.bare == table]
        known = [each for each in bearers if each.name not in self.item.replaced]
        target = getattr(node, "relation", None)
        if isinstance(target, ast.RangeVar) and target.relname == table and target.schemaname:
            return next((each.name for each in known if each.schema == target.schemaname), "")
        number = self.item.statement.number
        locked = {lock.relation for lock in self.run.locks if lock.statement == number}
        meant = [each.name for each in known if each.name in locked]
        if not meant and table not in self.created and len(known) == len(bearers):
            meant = [each.name for each in known]
        return meant[0] if meant else ""


def _judge(item: StatementRun, remark: Notice, older: _Older) -> Iterator[tuple[str, str]]:
    node = parse_one(inner_sql(item.statement.sql, remark))
    if built := _BUILT.match(remark.message):
        table = older.named(built["table"], node)
        rule = _rule_of_build(node, item, table) if table else ""
        if rule:
            yield rule, sentence("builds {index} on {table}", index=built["index"], table=table)
    if scanned := _SCANNED.match(remark.message):
        table, rule = older.named(scanned["table"], node), _rule_of_scan(node)
        if table and rule:
            yield rule, sentence("reads all of {table}", table=table)
    if checked := _CHECKED_KEY.match(remark.message):
        rule = _rule_of_scan(node)
        if rule and (table := older.named(str(node.relation.relname), node)):
            yield (
                rule,
                sentence(
                    "validates {constraint} on {table}",
                    constraint=checked["constraint"],
                    table=table,
                ),
            )


def _default_partition_read(run: ScriptRun, item: StatementRun) -> str:
    """The default partition that CREATE TABLE … PARTITION OF read, if it read one.

    Here the server says only when it need not look; unsaid, it has looked.
    """
    node = parse_one(item.statement.sql)
    if not isinstance(node, ast.CreateStmt) or not node.partbound:
        return ""
    if any(_SPARED.match(remark.message) for remark in item.remarks):
        return ""
    busy = {relation.name for relation in run.busy_tables if relation.kind == "r"}
    locked = (
        lock.relation
        for lock in run.locks
        if lock.existed and lock.statement == item.statement.number and lock.mode in STOPS_READERS
    )
    return next((name for name in locked if name in busy), "")


def _tables_of_domain_read(run: ScriptRun, item: StatementRun) -> Iterator[str]:
    """Tables that ALTER DOMAIN read to prove a constraint: the server says nothing, but locks."""
    if not isinstance(parse_one(item.statement.sql), ast.AlterDomainStmt):
        return
    busy = {relation.name for relation in run.busy_tables}
    for lock in run.locks:
        mine = lock.statement == item.statement.number and lock.mode == "ShareLock"
        if mine and lock.existed and lock.relation in busy:
            yield lock.relation


def _rule_of_build(node: Any, item: StatementRun, table: str) -> str:
    """Which hazard an index build is; an index that a rewrite of its table builds is none more."""
    if table in item.rewritten:
        return ""
    match node:
        case ast.IndexStmt():
            return "" if node.concurrent else "index-blocks-writers"
        case ast.ReindexStmt():
            return "" if must_run_alone(node) else "index-blocks-writers"
        case ast.AlterTableStmt():
            return "constraint-builds-index"
    return ""


def _rule_of_scan(node: Any) -> str:
    """Which hazard a scan is, by what the statement asked for; none for VALIDATE CONSTRAINT."""
    if not isinstance(node, ast.AlterTableStmt):
        return ""
    asked = (_RULE_OF_COMMAND.get(command.subtype, "") for command in node.cmds or ())
    return next((rule for rule in asked if rule), "")
