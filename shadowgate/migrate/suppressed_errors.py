"""What a script passed over in silence: names already taken, errors caught, warnings.

``IF NOT EXISTS`` asks whether a name is free, not whether the thing is there: after a table was
renamed its indexes still own their names, and the new table gets none. So each skipped statement
is compared with what bears the name. An exception that PL/pgSQL catches leaves no message, but
rolls back a subtransaction, which the server remarks at DEBUG5. Lock timeouts caught in order to
try again are not held against a script.
"""

from __future__ import annotations

from collections.abc import Iterator

from shadowgate.language import nsentence, sentence
from shadowgate.migrate.exception_handlers import is_caught_to_retry
from shadowgate.migrate.findings import ScriptFinding
from shadowgate.migrate.results import Notice, ScriptRun, StatementRun
from shadowgate.migrate.script import Script
from shadowgate.migrate.server_messages import inner_sql, is_caught_exception
from shadowgate.migrate.skipped_creations import difference_from_existing
from shadowgate.server.base import Connection, Database

NAME_TAKEN = "name-taken"
SWALLOWED = "swallowed-exception"
WARNED = "warning"
HIDDEN = "messages-hidden"
_DOCS = "https://www.postgresql.org/docs/current"
_LINKS = {
    NAME_TAKEN: f"{_DOCS}/sql-createtable.html",
    SWALLOWED: f"{_DOCS}/plpgsql-control-structures.html#PLPGSQL-ERROR-TRAPPING",
    WARNED: f"{_DOCS}/runtime-config-logging.html#RUNTIME-CONFIG-SEVERITY-LEVELS",
    HIDDEN: f"{_DOCS}/runtime-config-client.html#GUC-CLIENT-MIN-MESSAGES",
}
_SKIPPED = ("42P07", "42701", "42710", "42P06", "42723")
"""duplicate_table, _column, _object, _schema, _function."""


def find_silence(run: ScriptRun, database: Database) -> tuple[ScriptFinding, ...]:
    """Find what a run passed over.

    Args:
        run: a watched run; without the watch, caught exceptions are not seen.
        database: the one that it ran in, still as the run left it.

    Returns:
        One finding per message, or per statement that caught exceptions.
    """
    found: list[ScriptFinding] = []
    with database.connect() as connection:
        for item in run.runs:
            found += _of_notices(item, connection)
            found += _of_remarks(item, run.script, connection)
    for statement in run.script.statements:
        if statement.kind == "SET" and "client_min_messages" in statement.sql.lower():
            message = sentence(
                "hides messages of the server, so that less of this list can be seen"
            )
            found.append(
                ScriptFinding(
                    HIDDEN, message, statement.line, statement.excerpt, "script", _LINKS[HIDDEN]
                )
            )
    return tuple(found)


def _of_notices(item: StatementRun, connection: Connection) -> Iterator[ScriptFinding]:
    for notice in item.notices:
        if notice.severity == "WARNING":
            yield _finding(WARNED, item, _with_context(notice.message, notice))
        elif notice.sqlstate in _SKIPPED and notice.severity == "NOTICE":
            asked = inner_sql(item.statement.sql, notice)
            differs = difference_from_existing(asked, notice.message, connection)
            if differs:
                message = sentence(
                    "{notice}; but {difference}", notice=notice.message, difference=differs
                )
                yield _finding(NAME_TAKEN, item, _with_context(message, notice))


def _of_remarks(
    item: StatementRun, script: Script, connection: Connection
) -> Iterator[ScriptFinding]:
    if item.failure or item.statement.kind.startswith("ROLLBACK"):
        return
    caught = [
        remark
        for remark in item.remarks
        if is_caught_exception(remark)
        and not is_caught_to_retry(remark, item.statement, script, connection)
    ]
    if caught:
        message = nsentence(
            "an exception was raised and caught once",
            "an exception was raised and caught {n} times",
            len(caught),
        )
        yield _finding(SWALLOWED, item, _with_context(message, caught[0]))


def _with_context(message: str, notice: Notice) -> str:
    """Add the innermost function and line that a message comes from."""
    places = [line for line in notice.context.splitlines() if line.startswith("PL/pgSQL")]
    if not places:
        return message
    # TRANSLATORS: {place} is as PostgreSQL says it
    return sentence("{message} ({place})", message=message, place=places[0])


def _finding(rule: str, item: StatementRun, message: str) -> ScriptFinding:
    statement = item.statement
    return ScriptFinding(rule, message, statement.line, statement.excerpt, "trace", _LINKS[rule])
