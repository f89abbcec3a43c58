"""What kind of statement a parse tree is, in PostgreSQL's own words, and how it may be run.

pglast names nodes after the structures of PostgreSQL's grammar (``AlterTableStmt``). People and the
server's command tags say ``ALTER TABLE``. This module translates, and knows which statements
PostgreSQL refuses inside a transaction block (``PreventInTransactionBlock`` in its source) and
which mean something only inside one (``RequireTransactionBlock``).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

import pglast
from pglast import ast, enums
from pglast.stream import RawStream

OF_THE_SESSION = ("SET", "SHOW")
"""Kinds of statements that only concern the session; that of a RESET is SET."""
OPENING = ("BEGIN", "START TRANSACTION")
CLOSING = ("COMMIT", "ROLLBACK", "PREPARE TRANSACTION")

_TRANSACTION_WORDS = {
    "TRANS_STMT_BEGIN": "BEGIN",
    "TRANS_STMT_START": "START TRANSACTION",
    "TRANS_STMT_COMMIT": "COMMIT",
    "TRANS_STMT_ROLLBACK": "ROLLBACK",
    "TRANS_STMT_SAVEPOINT": "SAVEPOINT",
    "TRANS_STMT_RELEASE": "RELEASE",
    "TRANS_STMT_ROLLBACK_TO": "ROLLBACK TO SAVEPOINT",
    "TRANS_STMT_PREPARE": "PREPARE TRANSACTION",
    "TRANS_STMT_COMMIT_PREPARED": "COMMIT PREPARED",
    "TRANS_STMT_ROLLBACK_PREPARED": "ROLLBACK PREPARED",
}
_WORDS = {
    "CreateStmt": "CREATE TABLE",
    "CreateTableAsStmt": "CREATE TABLE AS",
    "CreateTrigStmt": "CREATE TRIGGER",
    "CreateSeqStmt": "CREATE SEQUENCE",
    "CreateEnumStmt": "CREATE TYPE",
    "CreateRangeStmt": "CREATE TYPE",
    "CompositeTypeStmt": "CREATE TYPE",
    "CreateStatsStmt": "CREATE STATISTICS",
    "CreatedbStmt": "CREATE DATABASE",
    "CreatePLangStmt": "CREATE LANGUAGE",
    "CreateEventTrigStmt": "CREATE EVENT TRIGGER",
    "ViewStmt": "CREATE VIEW",
    "RuleStmt": "CREATE RULE",
    "DropdbStmt": "DROP DATABASE",
    "AlterSeqStmt": "ALTER SEQUENCE",
    "AlterEnumStmt": "ALTER TYPE",
    "AlterDatabaseSetStmt": "ALTER DATABASE",
    "AlterRoleSetStmt": "ALTER ROLE",
    "AlterDefaultPrivilegesStmt": "ALTER DEFAULT PRIVILEGES",
    "RefreshMatViewStmt": "REFRESH MATERIALIZED VIEW",
    "VariableSetStmt": "SET",
    "VariableShowStmt": "SHOW",
    "ConstraintsSetStmt": "SET CONSTRAINTS",
    "SecLabelStmt": "SECURITY LABEL",
    "GrantRoleStmt": "GRANT ROLE",
    "DeclareCursorStmt": "DECLARE CURSOR",
    "CheckPointStmt": "CHECKPOINT",
}
_OBJECT_WORDS = {"MATVIEW": "MATERIALIZED VIEW", "TABCONSTRAINT": "CONSTRAINT"}
_CONCURRENT = " CONCURRENTLY"
_COMMITTING_NODES = ("PLpgSQL_stmt_commit", "PLpgSQL_stmt_rollback")
_INSIDE_ONLY_TRANSACTION_KINDS = ("SAVEPOINT", "RELEASE", "ROLLBACK TO SAVEPOINT")


def kind_of(node: ast.Node) -> str:
    """Name a statement as PostgreSQL's command tag would: ``CREATE INDEX CONCURRENTLY``."""
    say = _PHRASES.get(type(node))
    if say is not None:
        return say(node)
    tag = type(node).__name__
    return _WORDS.get(tag) or _split_camel_case(tag)


def must_run_alone(node: ast.Node) -> bool:
    """Tell whether PostgreSQL may refuse the statement inside a transaction block.

    ``CALL`` always counts, since a procedure may commit; ``DO`` counts if its body does.
    """
    decide = _ALONE.get(type(node))
    return decide is not None and bool(decide(node))


def means_something_only_in_a_block(node: ast.Node) -> bool:
    """Tell whether the statement is refused, or has no effect, outside a transaction block."""
    decide = _ONLY_IN_A_BLOCK.get(type(node))
    return decide is not None and bool(decide(node))


def parse_one(sql: str) -> Any:
    """Parse a single statement; ``None`` if the grammar does not know it."""
    try:
        raw = pglast.parse_sql(sql)
    except pglast.parser.ParseError:
        return None
    return raw[0].stmt if raw else None


def string_constant(node: Any) -> str | None:
    """The text of a string that is written out; ``None`` for whatever else an expression is."""
    value: Any = node.val if isinstance(node, ast.A_Const) else None
    return str(value.sval) if isinstance(value, ast.String) else None


def plpgsql_tree(sql: str) -> list[dict[str, Any]]:
    """Parse the PL/pgSQL body of a DO block, function or procedure.

    Returns:
        pglast's tree as nested lists and dicts; empty for a body in another language or one that
        the PL/pgSQL parser cannot read (it knows no types of the database).
    """
    try:
        tree: list[dict[str, Any]] = pglast.parse_plpgsql(sql)
    except (pglast.parser.ParseError, json.JSONDecodeError):
        return []
    return tree


def plpgsql_children(node: Any) -> list[tuple[str, Any]]:
    """What is right below a node of such a tree, each with its key; those of a list have none."""
    if isinstance(node, dict):
        return list(node.items())
    return [("", child) for child in node] if isinstance(node, list) else []


def plpgsql_constant(expression: str) -> str | None:
    """The string that an expression of PL/pgSQL is; ``None`` if it has to be computed."""
    return string_constant(plpgsql_expression(expression))


def plpgsql_expression(expression: str) -> Any:
    """The parse tree of an expression of PL/pgSQL; ``None`` if the grammar does not know it."""
    node = parse_one(f"SELECT {expression}")
    targets: Any = (node.targetList or ()) if isinstance(node, ast.SelectStmt) else ()
    return targets[0].val if len(targets) == 1 else None


def _body_commits(node: Any) -> bool:
    text = json.dumps(plpgsql_tree(RawStream()(node)))
    return any(tag in text for tag in _COMMITTING_NODES)


def _reindexes_alone(node: Any) -> bool:
    whole = node.kind not in (
        enums.ReindexObjectType.REINDEX_OBJECT_INDEX,
        enums.ReindexObjectType.REINDEX_OBJECT_TABLE,
    )
    return whole or any(option.defname == "concurrently" for option in node.params or ())


def _detaches(command: Any) -> bool:
    if command.subtype == enums.AlterTableType.AT_DetachPartition:
        return bool(command.def_.concurrent)
    return bool(command.subtype == enums.AlterTableType.AT_DetachPartitionFinalize)


def _object_words(object_type: enums.ObjectType) -> str:
    name = object_type.name.removeprefix("OBJECT_")
    return _OBJECT_WORDS.get(name, name.replace("_", " "))


def _rename_words(node: Any) -> str:
    inner = ("COLUMN", "ATTRIBUTE", "TABCONSTRAINT", "DOMCONSTRAINT")
    renamed = node.renameType.name.removeprefix("OBJECT_")
    owner = node.relationType if renamed in inner else node.renameType
    return f"ALTER {_object_words(owner)}"


def _split_camel_case(tag: str) -> str:
    words = re.findall(r"[A-Z]+(?![a-z])|[A-Z][a-z]+", tag.removesuffix("Stmt"))
    return " ".join(words).upper()


def _always(_node: Any) -> bool:
    return True


# The nodes are typed Any below: every attribute of pglast's classes is declared optional, though
# the grammar always fills these.
_PHRASES: Mapping[type[ast.Node], Callable[[Any], str]] = {
    ast.TransactionStmt: lambda node: (
        _TRANSACTION_WORDS[node.kind.name] + (" AND CHAIN" if node.chain else "")
    ),
    ast.IndexStmt: lambda node: "CREATE INDEX" + (_CONCURRENT if node.concurrent else ""),
    ast.AlterTableStmt: lambda node: f"ALTER {_object_words(node.objtype)}",
    ast.DropStmt: lambda node: (
        f"DROP {_object_words(node.removeType)}" + (_CONCURRENT if node.concurrent else "")
    ),
    ast.RenameStmt: _rename_words,
    ast.AlterOwnerStmt: lambda node: f"ALTER {_object_words(node.objectType)}",
    ast.AlterObjectSchemaStmt: lambda node: f"ALTER {_object_words(node.objectType)}",
    ast.CreateFunctionStmt: lambda node: (
        "CREATE PROCEDURE" if node.is_procedure else "CREATE FUNCTION"
    ),
    ast.VacuumStmt: lambda node: "VACUUM" if node.is_vacuumcmd else "ANALYZE",
    ast.GrantStmt: lambda node: "GRANT" if node.is_grant else "REVOKE",
    ast.CreateTableAsStmt: lambda node: (
        "CREATE MATERIALIZED VIEW"
        if node.objtype == enums.ObjectType.OBJECT_MATVIEW
        else "CREATE TABLE AS"
    ),
}
_ALONE: Mapping[type[ast.Node], Callable[[Any], bool]] = {
    ast.CreatedbStmt: _always,
    ast.DropdbStmt: _always,
    ast.CreateTableSpaceStmt: _always,
    ast.DropTableSpaceStmt: _always,
    ast.AlterSystemStmt: _always,
    ast.CreateSubscriptionStmt: _always,
    ast.DropSubscriptionStmt: _always,
    ast.CallStmt: _always,
    ast.VacuumStmt: lambda node: node.is_vacuumcmd,
    ast.IndexStmt: lambda node: node.concurrent,
    ast.DropStmt: lambda node: node.concurrent,
    ast.ClusterStmt: lambda node: node.relation is None,
    ast.ReindexStmt: _reindexes_alone,
    ast.DiscardStmt: lambda node: node.target == enums.DiscardMode.DISCARD_ALL,
    ast.AlterTableStmt: lambda node: any(_detaches(command) for command in node.cmds),
    ast.TransactionStmt: lambda node: kind_of(node).endswith("PREPARED"),
    ast.DoStmt: _body_commits,
}
_ONLY_IN_A_BLOCK: Mapping[type[ast.Node], Callable[[Any], bool]] = {
    ast.LockStmt: _always,
    ast.ConstraintsSetStmt: _always,
    ast.VariableSetStmt: lambda node: node.is_local or node.name == "TRANSACTION",
    ast.DeclareCursorStmt: lambda node: not node.options & enums.CURSOR_OPT_HOLD,
    ast.TransactionStmt: lambda node: kind_of(node) in _INSIDE_ONLY_TRANSACTION_KINDS,
}
