"""What of a script is for psql itself, and which of it may be let run.

psql reads its own commands wherever a backslash stands outside of quotes and comments. With them a
script can run programs, read and write any file of the machine and change its own environment, so
only what stays within the session and the script's folder passes. This is decided before anything
is run, on every server.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from shadowgate.errors import ScriptError
from shadowgate.language import sentence

_HARMLESS = frozenset(
    {
        ".",
        ";",
        "a",
        "bind",
        "echo",
        "elif",
        "else",
        "encoding",
        "endif",
        "gdesc",
        "gexec",
        "gset",
        "if",
        "parse",
        "pset",
        "qecho",
        "set",
        "t",
        "timing",
        "unset",
        "warn",
        "x",
    }
)
"""Commands that act on the session or on what is printed, and on nothing else."""
_INCLUDES = {"i": False, "include": False, "ir": True, "include_relative": True}
"""Commands that read another script, and whether its name starts from the script that names it; or
else from the folder that psql is started in, which is this process's."""
_PRINTS = frozenset({"g", "gx"})
"""Harmless without an argument; with one they write a file or feed a program."""
_TOKENS = re.compile(
    r"""
      (?P<comment>--[^\n]*|/\*.*?(?:\*/|\Z))
    | (?P<escaped>[eE]'(?:\\.|''|[^'\\])*(?:'|\Z))
    | (?P<quoted>'(?:[^']|'')*(?:'|\Z)|"(?:[^"]|"")*(?:"|\Z))
    | (?P<dollar>\$(?P<tag>(?:[^\W\d]\w*)?)\$.*?(?:\$(?P=tag)\$|\Z))
    | (?P<word>\w[\w$]*)
    | (?P<separator>\\\\)
    | (?P<command>\\(?P<name>[;.!?]|[^\s\\'"`;]*)(?P<arguments>(?:'(?:\\.|[^'\\\n])*'?|[^\n\\'])*))
    | (?P<end>;)
    | (?P<other>.)
    """,
    re.DOTALL | re.VERBOSE,
)
_FROM_CLIENT = re.compile(r"\s*COPY\b.*\bFROM\s+(STDIN|STDOUT)\b", re.IGNORECASE | re.DOTALL)
_PROGRAM = re.compile(r"\bCOPY\b[^;]*\b(?:FROM|TO)\s+PROGRAM\b", re.IGNORECASE)
_END_OF_DATA = re.compile(r"^\\\.[ \t\r]*$", re.MULTILINE)
_SQL_QUOTED = re.compile(r"'(?:\\.|[^'\\])*'?")


@dataclass(frozen=True)
class Command:
    """One of psql's own commands."""

    name: str
    """Without the backslash."""
    arguments: str
    line: int
    is_sql: bool = False
    """True for ``COPY … PROGRAM``, which the server runs."""


def commands_of(text: str) -> Iterator[Command]:
    """List psql's own commands in a script, and ``COPY … PROGRAM`` as if it were one."""
    position, statement = 0, ""
    while match := _TOKENS.match(text, position):
        position = match.end()
        if match["command"] is not None:
            yield Command(match["name"], match["arguments"].strip(), _line(text, match.start()))
        elif match["dollar"] is not None:
            for found in _PROGRAM.finditer(match["dollar"]):
                line = _line(text, match.start() + found.start())
                yield Command("copy", found[0], line, is_sql=True)
            statement += " ''"
        elif match["end"] is not None:
            if _FROM_CLIENT.match(statement):
                position = _after_data(text, position)
            statement = ""
        elif match["comment"] is None:
            plain = match["word"] or match["other"]
            statement += plain if plain is not None else " ''"
            if plain and _PROGRAM.search(statement):
                yield Command("copy", statement.strip(), _line(text, match.start()), is_sql=True)
                statement = ""


def refuse_commands(text: str, path: Path) -> None:
    """Refuse a script with a command of psql's that reaches beyond the session.

    Included files are read as well; they must lie in the folder of the script or below it.

    Raises:
        ScriptError: names the first such command with file and line.
    """
    _refuse(text, path, path.parent.resolve(), frozenset({path.resolve()}))


def _refuse(text: str, path: Path, folder: Path, including: frozenset[Path]) -> None:
    for command in commands_of(text):
        if reason := _reason_against(command):
            raise _refused(command, path, reason)
        if command.name in _INCLUDES:
            _refuse_in_included(command, path, folder, including)


def _reason_against(command: Command) -> str:
    """Why a command is refused, as the end of a sentence; empty if it is not."""
    if command.is_sql:
        return sentence("runs a program on the server")
    if "`" in _SQL_QUOTED.sub("", command.arguments):
        return sentence("runs a program in backticks")
    if command.name in _HARMLESS or command.name in _INCLUDES:
        return ""
    if command.name in _PRINTS:
        return sentence("writes to a file or a program") if command.arguments else ""
    return sentence("may reach beyond the database")


def _refuse_in_included(
    command: Command, path: Path, folder: Path, including: frozenset[Path]
) -> None:
    name = command.arguments.strip("'")
    base = path.parent if _INCLUDES[command.name] else Path.cwd()
    included = (base / name).resolve()
    if not name or ":" in name or not included.is_relative_to(folder):
        raise _refused(command, path, sentence("reads a file that is not in the script's folder"))
    if included in including:
        raise _refused(command, path, sentence("includes the script in itself"))
    try:
        text = included.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as problem:
        raise _refused(
            command, path, sentence("reads a file that cannot be read as UTF-8")
        ) from problem
    _refuse(text, included, folder, including | {included})


def _refused(command: Command, path: Path, reason: str) -> ScriptError:
    name = "COPY … PROGRAM" if command.is_sql else f"psql's \\{command.name}"
    excerpt = command.arguments if command.is_sql else f"\\{command.name} {command.arguments}"
    return ScriptError(
        sentence("The script uses {name}, which {reason}.", name=name, reason=reason),
        where=sentence(
            "{path}, line {line}: {split}",
            path=path,
            line=command.line,
            split=" ".join(excerpt.split())[:100],
        ),
        todo="Write the migration as SQL that changes its own database only.",
    )


def _after_data(text: str, position: int) -> int:
    end = _END_OF_DATA.search(text, position)
    return end.end() if end else len(text)


def _line(text: str, offset: int) -> int:
    return text.count("\n", 0, offset) + 1
