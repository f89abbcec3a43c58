"""What a migration announces by its own text, so that nobody has to write it down again.

The text of ``ALTER TABLE t ADD COLUMN c`` says that a column appears; in a DO block, that it may.
It does not say what EXECUTE puts together, what a function that it calls writes, what CASCADE takes
along, or what triggers do: such statements are listed as opaque, and what they do is unexpected
until somebody announces it.
Effects on privileges are kept apart: who may do what is too grave to be changed in passing, and so
are triggers and rules that are disabled and tables that are no longer logged: who forgets to take
that back loses data. They count where a comment before the statement says why::

    -- shadowgate: announce privileges: the report's role reads the new table
    GRANT SELECT ON public.orders TO report;
"""

from __future__ import annotations

from pglast import ast

from shadowgate.language import sentence
from shadowgate.migrate.announced.between import expectation_between, judge_announced
from shadowgate.migrate.announced.blocks import announce_block
from shadowgate.migrate.announced.ledger import Ledger
from shadowgate.migrate.announced.model import (
    Announcement,
    ObjectChange,
    OpaqueStatement,
    Renaming,
    RowChange,
    merged,
)
from shadowgate.migrate.announced.objects import define
from shadowgate.migrate.announced.rows import write_rows
from shadowgate.migrate.announced.script_text import (
    follow_search_path,
    is_local,
    permanent,
    reasons,
)
from shadowgate.migrate.kinds import parse_one
from shadowgate.migrate.script import Script

__all__ = [
    "Announcement",
    "ObjectChange",
    "OpaqueStatement",
    "Renaming",
    "RowChange",
    "announced",
    "expectation_between",
    "judge_announced",
    "merged",
]


def announced(
    script: Script, *, text: str = "", search_path: tuple[str, ...] = ("public",)
) -> Announcement:
    """Read from a script what it does to objects, privileges and rows. No database is needed.

    Args:
        script: the migration. Of one that only psql can read nothing can be told.
        text: the script's text, for comments before statements; those inside are read without it.
        search_path: schemas of unqualified names, until the script sets others.
    """
    if script.needs_psql:
        return Announcement(opaque=(OpaqueStatement(0, script.path.name, script.needs_psql),))
    ledger = Ledger(search_path)
    why = reasons(script, text)
    for statements, is_block in permanent(script):
        path_after = ledger.search_path
        for statement in statements:
            node = parse_one(statement.sql)
            ledger.begin(statement, why.get(statement.number, ""))
            path = ledger.search_path
            follow_search_path(node, ledger, search_path, in_block=is_block)
            if ledger.search_path != path and not is_local(node):
                path_after = ledger.search_path
            wrote = write_rows(node, ledger)
            if not define(node, ledger) and not wrote:
                ledger.unclear(sentence("what it does to objects is not known"))
            if isinstance(node, ast.DoStmt):
                announce_block(statement, ledger)
        ledger.search_path = path_after
    return ledger.announcement()
