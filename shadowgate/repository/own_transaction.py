"""Scripts that are one transaction of their own, as data of a runner that opens it.

Whether ``BEGIN`` and ``COMMIT`` stand in a script or its runner sends them, PostgreSQL does the
same. A tool that keeps a history never runs a finished migration again, and of one in a single
transaction a failure leaves nothing: such a script is not asked to bear a second run.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from shadowgate.errors import ScriptError
from shadowgate.migrate import (
    Script,
    Statement,
    TransactionBlock,
    may_be_one_transaction,
    parse_script,
)
from shadowgate.repository.model import Migration, Part

_PLAIN = re.compile(r"(?:BEGIN|COMMIT|END)(?:\s+(?:WORK|TRANSACTION))?|START\s+TRANSACTION", re.I)
_SESSION_ONLY = ("SET", "RESET")


def without_own_transaction(migration: Migration) -> Migration:
    """The migration with its own BEGIN and COMMIT left to the runner, where that says the same."""
    up = _unwrapped(migration.up)
    down = _unwrapped(migration.down) if migration.down else None
    if up is migration.up and (down is migration.down or migration.transactions == "statement"):
        return migration
    scripts = [_parsed(part) for part in (up, down) if part is not None]
    if not all(script is not None and may_be_one_transaction(script) for script in scripts):
        return migration
    return replace(migration, up=up, down=down, transactions="file")


def _parsed(part: Part) -> Script | None:
    try:
        return parse_script(part.text, Path(part.path), "")
    except ScriptError:
        return None


def _unwrapped(part: Part) -> Part:
    """A script without the marks of its one transaction, each line where it was."""
    script = _parsed(part)
    blocks = [each for each in script.units if isinstance(each, TransactionBlock)] if script else []
    if script is None or len(blocks) != 1 or not blocks[0].commits:
        return part
    begin, *inside, commit = blocks[0].statements
    if not inside or not all(map(_is_plain, (begin, commit))) or not _only_settings(script.units):
        return part
    return replace(part, text=_blanked(part.text, (begin, commit)), whole=False)


def _is_plain(statement: Statement) -> bool:
    return _PLAIN.fullmatch(statement.sql.strip()) is not None


def _only_settings(units: Iterable[Statement | TransactionBlock]) -> bool:
    """Whether nothing but the session's settings is outside of the transaction."""
    outside = [each for each in units if isinstance(each, Statement)]
    return all(each.kind in _SESSION_ONLY for each in outside)


def _blanked(text: str, statements: Iterable[Statement]) -> str:
    for statement in statements:
        end = statement.offset + len(statement.sql)
        semicolon = re.compile(r"\s*;").match(text, end)
        last = semicolon.end() if semicolon else end
        blank = re.sub(r"[^\n]", " ", text[statement.offset : last])
        text = text[: statement.offset] + blank + text[last:]
    return text
