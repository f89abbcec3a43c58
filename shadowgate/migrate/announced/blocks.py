"""What the statements in a DO block announce, as far as they are spelled out there.

A block says ``IF NOT EXISTS (…) THEN ALTER TABLE … END IF``, or has an EXCEPTION clause: each of
its statements may happen or not. PL/pgSQL puts no variable into a statement of data definition, so
what is written there is what is done. What EXECUTE puts together is known to nobody, unless
format() puts in no more than schemas: ``format('ALTER TABLE %I.orders ADD COLUMN note text', s)``,
for the schema of each tenant, says which tables it is about. Rows that a block writes are not
announced: how many it takes is for the block to decide.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from pglast import ast

from shadowgate.migrate.announced.ledger import Ledger
from shadowgate.migrate.announced.names import ANY_SCHEMA, strings
from shadowgate.migrate.announced.objects import define
from shadowgate.migrate.kinds import (
    parse_one,
    plpgsql_children,
    plpgsql_expression,
    plpgsql_tree,
    string_constant,
)
from shadowgate.migrate.script import Statement

_SCHEMA = re.compile(r"(?<![\w.\"])%(?:\d+\$)?[Is]\.")
"""What format() puts a value in for that something else is qualified with."""
_RENAMES = (ast.RenameStmt, ast.AlterObjectSchemaStmt)
_PERCENT = "\0"
"""Stands for a percent sign that is meant."""


def announce_block(statement: Statement, ledger: Ledger) -> None:
    """Note what a DO block spells out; nothing of one that looks for names elsewhere."""
    tree = plpgsql_tree(statement.sql)
    if "search_path" in json.dumps(tree):
        return
    inside = ledger.apart()
    for text in _spelled_out(tree):
        node = parse_one(text)
        # What mentions a renamed object is reworded: that takes the whole name.
        if not (ANY_SCHEMA in text and isinstance(node, _RENAMES)):
            define(node, inside)
    ledger.perhaps(inside)


def _spelled_out(tree: Any) -> Iterator[str]:
    """The statements of a PL/pgSQL tree, and what EXECUTE is given as it stands, in their order."""
    for key, child in plpgsql_children(tree):
        if key == "PLpgSQL_stmt_execsql":
            yield child["sqlstmt"]["PLpgSQL_expr"]["query"]
        elif key == "PLpgSQL_stmt_dynexecute":
            text = _executed(child["query"]["PLpgSQL_expr"]["query"])
            if text is not None:
                yield text
        else:
            yield from _spelled_out(child)


def _executed(expression: str) -> str | None:
    """The statement that EXECUTE is given, any schema in place of computed ones."""
    node = plpgsql_expression(expression)
    if isinstance(node, ast.FuncCall) and strings(node.funcname)[-1:] == ["format"] and node.args:
        template = string_constant(node.args[0])
        return None if template is None else _with_any_schema(template)
    return string_constant(node)


def _with_any_schema(template: str) -> str | None:
    """A template of format() as a statement; ``None`` if it puts in more than schemas."""
    text = _SCHEMA.sub(f"{ANY_SCHEMA}.", template.replace("%%", _PERCENT))
    return None if "%" in text else text.replace(_PERCENT, "%")
