"""Which relation a statement is about, and which a script creates or refers to, by its text."""

from __future__ import annotations

from typing import Any

from pglast import ast
from pglast.visitors import Visitor

from shadowgate.migrate.kinds import parse_one
from shadowgate.migrate.script import Script, Statement


def relation_of(statement: Statement) -> str:
    """The relation that a statement creates or changes, with its schema if the text says it.

    Empty for a statement that is about no relation, or about several.
    """
    node = parse_one(statement.sql)
    into = node.into if isinstance(node, ast.CreateTableAsStmt) else None
    target = into.rel if into is not None else getattr(node, "relation", None)
    if not isinstance(target, ast.RangeVar):
        return ""
    schema = f"{target.schemaname}." if target.schemaname else ""
    return f"{schema}{target.relname}"


def new_relations(script: Script) -> frozenset[str]:
    """Relations that a script means to create, whether or not they may be there already."""
    created = (ast.CreateStmt, ast.CreateTableAsStmt)
    named = {
        relation_of(statement)
        for statement in script.statements
        if isinstance(parse_one(statement.sql), created)
    }
    return frozenset(named - {""})


def referenced_relations(script: Script) -> frozenset[str]:
    """Tables that the foreign keys of a script refer to, by their names without a schema."""
    found = _Referenced()
    for statement in script.statements:
        node = parse_one(statement.sql)
        if node is not None:
            found(node)
    return frozenset(found.names)


class _Referenced(Visitor):
    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def visit_Constraint(self, _ancestors: Any, node: Any) -> None:  # noqa: N802
        if node.pktable is not None:
            self.names.add(str(node.pktable.relname))
