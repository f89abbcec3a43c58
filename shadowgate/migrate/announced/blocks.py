"""What the statements in a DO block announce, as far as they are spelled out there.

A block says ``IF NOT EXISTS (…) THEN ALTER TABLE … END IF``, or has an EXCEPTION clause: each of
its statements may happen or not. PL/pgSQL puts no variable into a statement of data definition, so
what is written there is what is done. What EXECUTE puts together is known to nobody, and rows that
a block writes are not announced: how many it takes is for the block to decide.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from pglast import ast

from shadowgate.migrate.announced.ledger import Ledger
from shadowgate.migrate.announced.objects import define
from shadowgate.migrate.kinds import plpgsql_tree
from shadowgate.migrate.script import Statement
from shadowgate.migrate.server_messages import parse_one


def announce_block(statement: Statement, ledger: Ledger) -> None:
    """Note what a DO block spells out; nothing of one that looks for names elsewhere."""
    tree = plpgsql_tree(statement.sql)
    if "search_path" in json.dumps(tree):
        return
    inside = ledger.apart()
    for text in _spelled_out(tree):
        define(parse_one(text), inside)
    ledger.perhaps(inside)


def _spelled_out(tree: Any) -> Iterator[str]:
    """The statements of a PL/pgSQL tree, and what EXECUTE is given as it stands, in their order."""
    if isinstance(tree, list):
        for child in tree:
            yield from _spelled_out(child)
    elif isinstance(tree, dict):
        for key, child in tree.items():
            if key == "PLpgSQL_stmt_execsql":
                yield child["sqlstmt"]["PLpgSQL_expr"]["query"]
            elif key == "PLpgSQL_stmt_dynexecute":
                yield from _constant(child["query"]["PLpgSQL_expr"]["query"])
            else:
                yield from _spelled_out(child)


def _constant(expression: str) -> Iterator[str]:
    node: Any = parse_one(f"SELECT {expression}")
    if isinstance(node, ast.SelectStmt) and node.targetList and len(node.targetList) == 1:
        value: Any = node.targetList[0].val
        if isinstance(value, ast.A_Const) and isinstance(value.val, ast.String):
            yield str(value.val.sval)
