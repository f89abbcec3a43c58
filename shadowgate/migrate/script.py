"""A migration script as data: which statements it has, where they stand and how they must be run.

The grammar is that of the PostgreSQL release that pglast carries, which may be newer than the
server's: a construct that only the newer release knows passes here and fails on the server. A
script that only psql can read (its backslash commands, rows that follow ``COPY … FROM STDIN``) is
recognised as such and not split.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import pglast
from pglast import ast

from shadowgate.errors import ScriptError
from shadowgate.language import sentence
from shadowgate.migrate.kinds import (
    CLOSING,
    OF_THE_SESSION,
    OPENING,
    kind_of,
    means_something_only_in_a_block,
    must_run_alone,
)
from shadowgate.migrate.psql_commands import refuse_commands

_COPY_FROM_STDIN = re.compile(r"\bCOPY\b[^;]*?\bFROM\s+STDIN\b[^;]*;", re.IGNORECASE)
_EXCERPT_LENGTH = 100


@dataclass(frozen=True)
class Statement:
    """One statement of a script."""

    number: int
    """Its place in the script, from 1."""
    line: int
    """Line of its first token, from 1; comments before it are skipped."""
    offset: int
    """Characters of the file before its first token."""
    sql: str
    """Its text, without the semicolon."""
    kind: str
    """In PostgreSQL's words: ``CREATE INDEX CONCURRENTLY``."""
    in_transaction: bool
    """True between an explicit BEGIN and its COMMIT, both included."""
    must_run_alone: bool
    """True if PostgreSQL may refuse it inside a transaction block."""
    runs_as_is: bool
    """True if it is sent without a transaction around it: it must run alone, or it is written
    outside of a block though it means something only inside one (``SET LOCAL``, ``LOCK``)."""

    @property
    def excerpt(self) -> str:
        """The statement on one line, cut to a readable length."""
        return shorten(self.sql)

    @property
    def last_line(self) -> int:
        """Line of its last token."""
        return self.line + self.sql.count("\n")


@dataclass(frozen=True)
class TransactionBlock:
    """The statements from an explicit BEGIN to its COMMIT or ROLLBACK, both included."""

    statements: tuple[Statement, ...]

    @property
    def commits(self) -> bool:
        """True if its last statement makes the block's work permanent."""
        return self.statements[-1].kind == "COMMIT"


Unit = Statement | TransactionBlock


@dataclass(frozen=True)
class Script:
    """A migration or rollback script, split."""

    path: Path
    sha256: str
    """Of the file's bytes, hexadecimal."""
    units: tuple[Unit, ...]
    """What becomes permanent together: a block, or a statement by itself. Empty if needs_psql."""
    needs_psql: str
    """Why only psql can read it, as a clause; empty if the script is split here."""

    @property
    def statements(self) -> tuple[Statement, ...]:
        """All statements in the order of the file; empty if needs_psql."""
        return tuple(self._flat())

    def line_of(self, number: int) -> int:
        """Line of the statement with a number; 0 if there is none."""
        return next((each.line for each in self.statements if each.number == number), 0)

    def _flat(self) -> Iterator[Statement]:
        for unit in self.units:
            if isinstance(unit, TransactionBlock):
                yield from unit.statements
            else:
                yield unit


def read_script(path: Path) -> Script:
    """Read a script from a file and split it into statements.

    Raises:
        ScriptError: the file is missing, unreadable, empty, has only comments, is not UTF-8, has a
            syntax error or leaves a transaction open; with file, line and the statement's text. Or
            it needs psql and uses a command of psql's that reaches beyond the database.
    """
    try:
        content = path.read_bytes()
    except OSError as problem:
        raise ScriptError(
            sentence("The script cannot be read: {reason}.", reason=problem.strerror),
            where=str(path),
            todo="Name a file that exists and that you may read.",
        ) from problem
    return parse_script(_decode(content, path), path, hashlib.sha256(content).hexdigest())


def parse_script(text: str, path: Path, sha256: str) -> Script:
    """Split a script's text; ``path`` and ``sha256`` are kept as the script's identity.

    Raises:
        ScriptError: as :func:`read_script`.
    """
    try:
        raw = pglast.parse_sql(text)
    except pglast.parser.ParseError as problem:
        reason = _why_psql(text, problem)
        if not reason:
            raise _syntax_error(text, path, problem) from problem
        refuse_commands(text, path)
        return Script(path, sha256, (), reason)
    if not raw:
        raise ScriptError(
            "The script has no statement.",
            where=str(path),
            todo="Write the SQL of the migration into it; comments alone migrate nothing.",
        )
    for item in raw:
        if _copies_through_the_client(item.stmt):
            return Script(path, sha256, (), "it copies rows through the client")
    return Script(path, sha256, _units(_statements(text, raw), path), "")


def may_be_one_transaction(script: Script) -> bool:
    """Whether a runner can apply the whole script in one transaction of its own.

    Not if it opens one itself, or has a statement that PostgreSQL refuses in a transaction block.
    """
    return not script.needs_psql and all(
        isinstance(unit, Statement) and not unit.must_run_alone for unit in script.units
    )


def is_unguarded(script: Script) -> bool:
    """Whether its only statement is one that PostgreSQL refuses in a transaction block.

    Runners that send a file as one request, which is one transaction if it has several statements,
    take no statement beside it that would guard it: ``CREATE INDEX CONCURRENTLY`` alone in a file.
    """
    return len(script.units) == 1 and all(each.must_run_alone for each in script.statements)


def is_one_transaction(script: Script) -> bool:
    """Whether all that the script does lies between a BEGIN and a COMMIT of its own.

    Outside of them may stand what only concerns the session.
    """
    blocks = [unit for unit in script.units if isinstance(unit, TransactionBlock)]
    others = [unit for unit in script.units if isinstance(unit, Statement)]
    is_whole = all(unit.kind in OF_THE_SESSION for unit in others)
    return len(blocks) == 1 and blocks[0].commits and is_whole


def in_one_transaction(script: Script) -> Script:
    """The script as a runner applies it that opens a transaction for each file.

    Raises:
        ScriptError: PostgreSQL would refuse a statement in it, or the script opens one itself.
    """
    if not may_be_one_transaction(script):
        alone = next((each for each in script.statements if each.must_run_alone), None)
        raise ScriptError(
            "The runner applies the script in one transaction, which "
            + ("a statement does not allow." if alone else "opens or closes one itself."),
            where=sentence("{path}, line {line}", path=script.path, line=alone.line)
            if alone
            else str(script.path),
            todo="Move the statement to a script of its own that the runner applies without one.",
        )
    begin, commit = parse_script("BEGIN; COMMIT;", script.path, script.sha256).statements
    statements = script.statements
    last = statements[-1]
    block = TransactionBlock(
        (
            replace(begin, number=0),
            *statements,
            replace(commit, number=last.number + 1, line=last.last_line),
        )
    )
    return replace(script, units=(block,))


def in_text(script: Script, text: str) -> tuple[Statement, ...]:
    """The statements of a script that stand in its text: BEGIN and COMMIT of a runner do not."""
    return tuple(each for each in script.statements if text.startswith(each.sql, each.offset))


def line_of(text: str, offset: int) -> int:
    """Line number, from 1, of the character at an offset."""
    return text.count("\n", 0, offset) + 1


def shorten(sql: str) -> str:
    """Put SQL on one line and cut it to a readable length."""
    line = " ".join(sql.split())
    return line if len(line) <= _EXCERPT_LENGTH else line[: _EXCERPT_LENGTH - 1] + "…"


def _decode(content: bytes, path: Path) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        line = content.count(b"\n", 0, problem.start) + 1
        utf16 = content[:2] in (b"\xff\xfe", b"\xfe\xff")
        raise ScriptError(
            sentence("The script is UTF-16, as PowerShell's redirection writes.")
            if utf16
            else sentence("The script is not UTF-8."),
            where=sentence(
                "{path}, line {line}, byte {start}",
                path=path,
                line=line,
                start=problem.start,
            ),
            todo="Save it as UTF-8.",
        ) from problem


def _why_psql(text: str, problem: pglast.parser.ParseError) -> str:
    """Say why psql could still read a text that the parser cannot; empty if it could not."""
    position = _position(text, problem)
    if text[position : position + 1] == "\\":
        command = text[position:].split(None, 1)[0]
        return sentence(
            "it uses psql's {command} in line {line}",
            command=command,
            line=line_of(text, position),
        )
    for match in _COPY_FROM_STDIN.finditer(text):
        if match.end() <= position and _ends_in_copy(text[: match.end()]):
            return sentence(
                "it copies rows FROM STDIN in line {line}", line=line_of(text, match.start())
            )
    return ""


def _ends_in_copy(text: str) -> bool:
    try:
        raw = pglast.parse_sql(text)
    except pglast.parser.ParseError:
        return False
    return bool(raw) and _copies_through_the_client(raw[-1].stmt)


def _copies_through_the_client(node: ast.Node | None) -> bool:
    return bool(isinstance(node, ast.CopyStmt) and node.filename is None and not node.is_program)


def _position(text: str, problem: pglast.parser.ParseError) -> int:
    """Offset of a parse error; the grammar gives none at the end of the input."""
    at = problem.args[1]
    return len(text.rstrip()) if at is None else int(at)


def _syntax_error(text: str, path: Path, problem: pglast.parser.ParseError) -> ScriptError:
    position = _position(text, problem)
    line = line_of(text, position)
    column = position - (text.rfind("\n", 0, position) + 1) + 1
    release = ".".join(str(part) for part in pglast.get_postgresql_version())
    excerpt = shorten(text.splitlines()[line - 1]) if text.strip() else ""
    return ScriptError(
        sentence("The script has an error: {error}.", error=problem.args[0]),
        where=sentence(
            "{path}, line {line}, column {column}: {statement}",
            path=path,
            line=line,
            column=column,
            statement=excerpt,
        ),
        todo=sentence(
            "Correct the statement (read with the grammar of PostgreSQL {release}).",
            release=release,
        ),
    )


def _statements(text: str, raw: tuple[ast.RawStmt, ...]) -> list[Statement]:
    found: list[Statement] = []
    inside = False
    for number, item in enumerate(raw, start=1):
        node = cast(ast.Node, item.stmt)
        kind = kind_of(node)
        start, length = item.stmt_location or 0, item.stmt_len
        end = start + length if length else len(text)
        opens, closes = kind in OPENING, kind in CLOSING
        alone = must_run_alone(node)
        block = inside or opens
        found.append(
            Statement(
                number=number,
                line=line_of(text, start),
                offset=start,
                sql=text[start:end].rstrip(),
                kind=kind,
                in_transaction=block,
                must_run_alone=alone,
                runs_as_is=not block and (alone or closes or means_something_only_in_a_block(node)),
            )
        )
        inside = block and not closes
    return found


def _units(statements: list[Statement], path: Path) -> tuple[Unit, ...]:
    units: list[Unit] = []
    block: list[Statement] = []
    for statement in statements:
        if not statement.in_transaction:
            units.append(statement)
            continue
        block.append(statement)
        if statement.kind in CLOSING:
            units.append(TransactionBlock(tuple(block)))
            block = []
    if block:
        raise ScriptError(
            "The script begins a transaction and never ends it: all its work would be lost.",
            where=sentence(
                "{script}, line {line}: {statement}",
                script=path,
                line=block[0].line,
                statement=block[0].excerpt,
            ),
            todo="Add COMMIT after the last statement of the transaction.",
        )
    return tuple(units)
