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

from shadowgate.migrate.announced.ledger import Ledger
from shadowgate.migrate.announced.objects import define
from shadowgate.migrate.kinds import parse_one, plpgsql_children, plpgsql_constant, plpgsql_tree
from shadowgate.migrate.script import Statement


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
    for key, child in plpgsql_children(tree):
        if key == "PLpgSQL_stmt_execsql":
            yield child["sqlstmt"]["PLpgSQL_expr"]["query"]
        elif key == "PLpgSQL_stmt_dynexecute":
            text = plpgsql_constant(child["query"]["PLpgSQL_expr"]["query"])
            if text is not None:
                yield text
        else:
            yield from _spelled_out(child)
