"""What a script says between its statements: where names lead, and inline announcements."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from pglast import ast, enums

from shadowgate.migrate.announced.ledger import Ledger
from shadowgate.migrate.announced.names import strings
from shadowgate.migrate.kinds import string_constant
from shadowgate.migrate.script import Script, Statement, TransactionBlock, in_text
from shadowgate.migrate.session import schemas_of_path
from shadowgate.plan.script_comments import ANNOUNCE_PRIVILEGES

_PRIVILEGES = re.compile(
    rf"--[ \t]*shadowgate[ \t]*:[ \t]*{ANNOUNCE_PRIVILEGES}[ \t]*:[ \t]*(?P<reason>\S.*)",
    re.IGNORECASE,
)


def reasons(script: Script, text: str) -> dict[int, str]:
    """Statement's number -> why its effects on privileges are meant, where a comment says so.

    The comment stands before the statement, or inside it.
    """
    found = {}
    end = 0
    for statement in in_text(script, text) if text else script.statements:
        said = _PRIVILEGES.search(text[end : statement.offset])
        said = said or _PRIVILEGES.search(statement.sql)
        if said:
            found[statement.number] = said["reason"].strip()
        end = statement.offset + len(statement.sql)
    return found


def permanent(script: Script) -> Iterator[tuple[tuple[Statement, ...], bool]]:
    """The script's units that are not rolled back, and whether each is a block."""
    for unit in script.units:
        if isinstance(unit, Statement):
            yield (unit,), False
        elif isinstance(unit, TransactionBlock) and unit.commits:
            yield unit.statements, True


def follow_search_path(
    node: Any, ledger: Ledger, default: tuple[str, ...], *, in_block: bool
) -> None:
    """Take over a new search path."""
    if isinstance(node, ast.VariableSetStmt):
        if node.is_local and not in_block:
            return
        if node.name == "search_path":
            values = tuple(str(item.val.sval) for item in node.args or ())
            ledger.search_path = values or default
        elif node.kind == enums.VariableSetKind.VAR_RESET_ALL:
            ledger.search_path = default
    elif isinstance(node, ast.DiscardStmt):
        ledger.search_path = default
    elif isinstance(node, ast.SelectStmt):
        for target in node.targetList or ():
            _follow_set_config(target.val, ledger)


def is_local(node: Any) -> bool:
    """Whether a setting ends with its transaction."""
    return isinstance(node, ast.VariableSetStmt) and bool(node.is_local)


def _follow_set_config(call: Any, ledger: Ledger) -> None:
    if not isinstance(call, ast.FuncCall) or strings(call.funcname)[-1] != "set_config":
        return
    words = [string_constant(item) for item in call.args or ()]
    if len(words) == 3 and words[0] == "search_path" and words[1] is not None:
        ledger.search_path = schemas_of_path(words[1])
