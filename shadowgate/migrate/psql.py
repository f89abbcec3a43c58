"""Applies a script as a whole through psql, and reads back what psql printed.

For scripts that only psql can read. What is lost: durations, rows and locks by statement, and
what was committed before an error.
"""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from itertools import pairwise

from psycopg.conninfo import make_conninfo

from shadowgate.errors import MigrationError
from shadowgate.evidence import shown_path
from shadowgate.language import sentence
from shadowgate.migrate.results import APPLICATION_NAME, Failure, Notice, ScriptRun, StatementRun
from shadowgate.migrate.script import Script, Statement
from shadowgate.migrate.session import SessionSettings
from shadowgate.progress import Progress
from shadowgate.server.base import ClientTools, Database

_MESSAGE = re.compile(
    r"^psql:.*?:(?P<line>\d+): (?P<severity>[A-Z]+\d?):  (?P<sqlstate>[0-9A-Z]{5}): ", re.MULTILINE
)
_LOCATION = re.compile(r"^(?:LOCATION|CONTEXT|STATEMENT|LINE \d+):? ", re.MULTILINE)
_ERRORS = ("ERROR", "FATAL", "PANIC")
_SETTINGS = ("ON_ERROR_STOP=1", "VERBOSITY=verbose", "SHOW_CONTEXT=never")


def apply_through_psql(
    script: Script,
    database: Database,
    tools: ClientTools,
    progress: Progress,
    session: SessionSettings,
) -> ScriptRun:
    """Apply a script with ``psql --file``, stopping at the first error.

    Returns:
        A run with one entry that stands for the whole script. A failure is in its ``error``.

    Raises:
        ToolError: psql is missing or cannot be started.
    """
    progress(f"{script.path.name} through psql: {script.needs_psql}")
    arguments = ["--no-psqlrc", "--quiet", "--output=/dev/null", "--file={script}"]
    connection = make_conninfo(application_name=APPLICATION_NAME, options=session.options)
    arguments.append(f"--dbname={connection}")
    arguments += [f"--set={setting}" for setting in _SETTINGS]
    origin = time.monotonic()
    result = tools.run("psql", arguments, database=database.name, files={"script": script.path})
    seconds = time.monotonic() - origin
    messages = _messages(result.stderr)
    failure = None if result.status == 0 else _failure(messages, result.stderr)
    whole = Statement(1, 1, 0, script.path.name, "psql script", False, False, True)
    run = StatementRun(
        whole,
        0.0,
        seconds,
        notices=tuple(notice for _, notice in messages if notice.severity not in _ERRORS),
        failure=failure,
    )
    return ScriptRun(
        script=script,
        origin=origin,
        seconds=seconds,
        runs=(run,),
        committed=() if failure else (whole,),
        error=_error(script, failure) if failure else None,
        applied_by=sentence("by psql as a whole: {why}", why=script.needs_psql),
    )


def _messages(stderr: str) -> list[tuple[int, Notice]]:
    """Messages of the server with the line of the script that they belong to."""
    found = [*_MESSAGE.finditer(stderr), None]
    return [
        (int(match["line"]), _notice(match, stderr[match.end() : _start(following, stderr)]))
        for match, following in pairwise(found)
        if match is not None
    ]


def _start(match: re.Match[str] | None, text: str) -> int:
    return len(text) if match is None else match.start()


def _notice(match: re.Match[str], tail: str) -> Notice:
    return Notice(match["severity"], _message_text(tail), match["sqlstate"])


def _message_text(tail: str) -> str:
    return _LOCATION.split(tail, maxsplit=1)[0].strip()


def _failure(messages: Sequence[tuple[int, Notice]], stderr: str) -> Failure:
    for line, notice in messages:
        if notice.severity in _ERRORS:
            return Failure(notice.sqlstate, notice.message, line=line)
    return Failure("", stderr.strip() or sentence("psql gave no reason"))


def _error(script: Script, failure: Failure) -> MigrationError:
    state = f" (SQLSTATE {failure.sqlstate})" if failure.sqlstate else ""
    place = shown_path(script.path)
    said = f"{failure.message}{state}" if state else failure.message
    return MigrationError(
        sentence(
            "{script} failed in psql: {error}",
            script=script.path.name,
            error=said,
        ),
        where=sentence("{script}, line {line}", script=place, line=failure.line)
        if failure.line
        else place,
        todo=sentence(
            "Correct the script. What psql had committed before is not known: a script without "
            "psql's own commands is followed statement by statement ({why}).",
            why=script.needs_psql,
        ),
    )
