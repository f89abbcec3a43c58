"""Tells exceptions that were caught in order to try again from those that were swallowed.

A handler for ``lock_not_available`` alone belongs to a retry loop; nothing is hidden by it. The
server's remark on a caught exception names the PL/pgSQL function and the line that raised; which
conditions the handler around that line asks for stands in the function's source.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from shadowgate.migrate.kinds import plpgsql_children, plpgsql_tree
from shadowgate.migrate.results import Notice
from shadowgate.migrate.script import Script, Statement
from shadowgate.migrate.server_messages import inner_sql
from shadowgate.server.base import Connection

RETRIABLE = frozenset({"lock_not_available", "deadlock_detected", "serialization_failure"})
"""Conditions that the same statement, tried again, may not meet."""
_PLACE = re.compile(r"PL/pgSQL function (?P<name>.+) line (?P<line>\d+) during exception cleanup")
_INLINE = "inline_code_block"
_DEFINITION_SQL = """
SELECT pg_catalog.pg_get_functiondef(pg_catalog.to_regprocedure(%s))
"""


def is_caught_to_retry(
    remark: Notice, statement: Statement, script: Script, connection: Connection
) -> bool:
    """Tell whether all that a handler asked for were conditions worth another try.

    Args:
        remark: the server's remark on a caught exception.
        statement: the one that was sent.
        script: where it stands; a function that it creates is read there.
        connection: to the database, where other functions are read.

    Returns:
        False too if the handler cannot be found: then the exception counts as swallowed.
    """
    place = _PLACE.match(remark.context)
    if place is None:
        return False
    source = _source(place["name"], remark, statement, script, connection)
    conditions = _conditions_around(int(place["line"]), plpgsql_tree(source))
    return bool(conditions) and set(conditions) <= RETRIABLE


def _source(
    name: str, remark: Notice, statement: Statement, script: Script, connection: Connection
) -> str:
    if name == _INLINE:
        return inner_sql(statement.sql, remark)
    bare = re.escape(name.partition("(")[0].rpartition(".")[2])
    for candidate in reversed(script.statements):
        head = rf"\w+(\s+OR\s+REPLACE)?\s+(FUNCTION|PROCEDURE)\s+([\w\"]+\.)?{bare}\s*\("
        if re.match(head, candidate.sql, re.IGNORECASE):
            return candidate.sql
    row = connection.execute(_DEFINITION_SQL, (name,)).fetchone()
    return str(row[0]) if row and row[0] else ""


def _conditions_around(line: int, tree: Any) -> Sequence[str]:
    """The conditions of the innermost handler whose body has a statement on a line."""
    innermost: Sequence[str] = ()
    for block in _blocks(tree):
        if line in _lines(block.get("body", [])):
            innermost = list(_conditions(block["exceptions"]))
    return innermost


def _blocks(node: Any) -> Iterator[dict[str, Any]]:
    """Every block with a handler, outer ones first."""
    for key, child in plpgsql_children(node):
        if key == "PLpgSQL_stmt_block" and "exceptions" in child:
            yield child
        yield from _blocks(child)


def _lines(node: Any) -> set[int]:
    found = set()
    for key, child in plpgsql_children(node):
        if key == "lineno":
            found.add(int(child))
        found |= _lines(child)
    return found


def _conditions(node: Any) -> Iterator[str]:
    for key, child in plpgsql_children(node):
        if key == "condname":
            yield str(child)
        elif key != "action":
            yield from _conditions(child)
