"""Waivers that stand in the script itself, beside the statement that they are about.

Two ways of writing them::

    -- shadowgate: allow table-rewrite: the table has two hundred rows
    -- squawk-ignore changing-column-type: the table has two hundred rows

Several rules are separated by commas. A comment is about the statement that it stands in, or behind
on its last line, or right before; before BEGIN it is about the whole transaction. Above the first
statement and an empty line, or above the first statement where that is a SET or a SHOW, it is about
the whole script, as is ``squawk-ignore-file``. Comments in the body of a function belong to the
function and say nothing here.

squawk's comments need no reason for squawk. Here one without a reason accepts nothing, and is
itself a finding: it is how a rule is switched off unseen.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from pglast import parser

from shadowgate.errors import ScriptError
from shadowgate.language import sentence
from shadowgate.migrate.findings import Waiver
from shadowgate.migrate.kinds import OF_THE_SESSION
from shadowgate.migrate.script import (
    Script,
    Statement,
    TransactionBlock,
    in_text,
    line_of,
    shorten,
)
from shadowgate.plan.script_comments import says_something_else

_RULES = r"(?P<rules>[\w-]+(?:\s*,\s*[\w-]+)*)"
_OURS = re.compile(r"shadowgate\s*:\s*(?P<what>.*)", re.IGNORECASE | re.DOTALL)
_ALLOW = re.compile(rf"allow\s+{_RULES}\s*(?::\s*(?P<reason>.*))?$", re.IGNORECASE | re.DOTALL)
_SQUAWK = re.compile(
    rf"squawk-ignore(?P<file>-file)?\b(?:\s+{_RULES})?\s*(?:(?::|--?|–|—)\s*(?P<reason>.*))?$",
    re.IGNORECASE | re.DOTALL,
)
_COMMENTS = ("SQL_COMMENT", "C_COMMENT")
_FORM = "-- shadowgate: allow RULE: reason"
Lines = tuple[int, int]


@dataclass(frozen=True)
class _Comment:
    """A comment outside of any quotes, without its marks."""

    text: str
    start: int
    end: int
    line: int
    last_line: int


def inline_waivers(script: Script) -> tuple[Waiver, ...]:
    """Read the waivers that stand in a script.

    Returns:
        One for each rule of each comment, with the lines that it is about. They belong to this
        script: hold no other script's findings against them.

    Raises:
        ScriptError: a comment to shadowgate gives no reason or cannot be understood.
    """
    text = _text_of(script)
    found: list[Waiver] = []
    for comment in _comments(text):
        if ours := _OURS.match(comment.text):
            if says_something_else(ours["what"]):
                continue
            match = _ALLOW.match(ours["what"].strip())
            if match is None or not (match["reason"] or "").strip():
                raise _not_understood(script, comment, reasonless=match is not None)
            whole = False
        else:
            match = _squawk_waiver(comment)
            if match is None:
                continue
            whole = bool(match["file"])
        lines = None if whole else _lines_about(comment, text, script)
        origin = sentence("{script}, line {line}", script=script.path.name, line=comment.line)
        reason = " ".join(match["reason"].split())
        for rule in re.split(r"\s*,\s*", match["rules"]):
            found.append(Waiver(rule, reason, lines=lines, origin=origin))
    return tuple(found)


def ignored_without_reason(script: Script) -> tuple[tuple[int, str], ...]:
    """List squawk's comments that switch a rule off without saying why, each with its line."""
    return tuple(
        (comment.line, shorten(comment.text))
        for comment in _comments(_text_of(script))
        if comment.text.lower().startswith("squawk-ignore") and _squawk_waiver(comment) is None
    )


def _squawk_waiver(comment: _Comment) -> re.Match[str] | None:
    """A comment to squawk that names rules and says why; ``None`` for any other."""
    match = _SQUAWK.match(comment.text)
    return match if match and match["rules"] and (match["reason"] or "").strip() else None


def _text_of(script: Script) -> str:
    return script.path.read_text(encoding="utf-8-sig") if script.path.is_file() else ""


def _comments(text: str) -> Iterator[_Comment]:
    try:
        tokens = parser.scan(text)
    except parser.ParseError:  # only psql can read it, and its commands may have any quotes
        return
    for token in tokens:
        if token.name in _COMMENTS:
            raw = text[token.start : token.end + 1]
            inner = raw[2:-2] if token.name == "C_COMMENT" else raw[2:]
            first = line_of(text, token.start)
            yield _Comment(
                inner.strip("* \t\r\n-"),
                token.start,
                token.end + 1,
                first,
                first + raw.rstrip().count("\n"),
            )


def _lines_about(comment: _Comment, text: str, script: Script) -> Lines | None:
    """The lines of what a comment is about; ``None`` for the whole script."""
    statements = in_text(script, text)
    before = [each for each in statements if each.offset < comment.start]
    if before and before[-1].last_line >= comment.line:
        return _lines_of(before[-1])
    after = next((each for each in statements if each.offset >= comment.end), None)
    if after is None:
        return _lines_of(before[-1]) if before else None
    is_header = not before and (
        after.kind in OF_THE_SESSION or _empty_line_between(text, comment.end, after.offset)
    )
    return None if is_header else _lines_of(_block_begun_by(after, script) or after)


def _empty_line_between(text: str, start: int, end: int) -> bool:
    return any(not line.strip() for line in text[start:end].split("\n")[1:-1])


def _block_begun_by(statement: Statement, script: Script) -> TransactionBlock | None:
    blocks = (unit for unit in script.units if isinstance(unit, TransactionBlock))
    return next((block for block in blocks if block.statements[0] is statement), None)


def _lines_of(unit: Statement | TransactionBlock) -> Lines:
    if isinstance(unit, TransactionBlock):
        return unit.statements[0].line, unit.statements[-1].last_line
    return unit.line, unit.last_line


def _not_understood(script: Script, comment: _Comment, *, reasonless: bool) -> ScriptError:
    what = (
        sentence("A waiver in the script gives no reason.")
        if reasonless
        else sentence("A comment to shadowgate cannot be understood.")
    )
    return ScriptError(
        what,
        where=sentence(
            "{script}, line {line}: {statement}",
            script=str(script.path),
            line=comment.line,
            statement=shorten(comment.text),
        ),
        todo=sentence("Write {form}", form=_FORM),
    )
