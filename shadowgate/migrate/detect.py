"""Finds hazards in the trace of a run.

What is blocked or read twice is told by the trace, not guessed from the text: locks as another
session saw them, new files, and the remarks of the server on its own work (``verifying table``,
``building index``). Objects that the script itself creates are exempt wherever a hazard is about
traffic, since nobody uses them yet.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from shadowgate.migrate.findings import Finding
from shadowgate.migrate.hazards import BY_ID
from shadowgate.migrate.results import STOPS_READERS, STOPS_WRITERS, LockHeld, ScriptRun
from shadowgate.migrate.script import Statement
from shadowgate.migrate.server_messages import hidden_work

_SETTLED = ("COMMIT", "ROLLBACK", "SET")
_MAY_RUN_ANYWHERE = ("CALL", "DO")


def find_hazards(run: ScriptRun) -> tuple[Finding, ...]:
    """Find the hazards of :data:`HAZARDS` in a watched run.

    A run that failed is judged as far as it came. Each finding stands for one hazard of one
    statement and names the relations.
    """
    found = [
        *_locks_without_timeout(run),
        *_work_under_access_exclusive(run),
        *_rewrites(run),
        *_hidden_work(run),
        *_refused_in_transactions(run),
        *_pitfalls(run),
    ]
    return tuple(sorted(found, key=lambda finding: (finding.line, finding.rule)))


def _finding(rule: str, statement: Statement | None, message: str, source: str) -> Finding:
    return Finding(
        rule=rule,
        message=message,
        line=statement.line if statement else 0,
        statement=statement.excerpt if statement else "",
        source=source,
        link=BY_ID[rule].source,
    )


def _strong_locks(run: ScriptRun, modes: Iterable[str]) -> list[LockHeld]:
    """Locks of these modes on tables that were there before; their indexes go without saying."""
    tables = {item.name for item in run.relations if item.kind in ("r", "p", "m", "v", "f")}
    wanted = set(modes)
    return [lock for lock in run.locks if lock.mode in wanted and lock.relation in tables]


def _locks_without_timeout(run: ScriptRun) -> Iterator[Finding]:
    locks = [*_strong_locks(run, STOPS_WRITERS)]
    for item in run.runs:
        if item.lock_timeout_ms != 0 or "lock_timeout" in item.statement.sql.lower():
            continue  # a block may have set it for itself, and put it back
        taken = [lock for lock in locks if lock.statement == item.statement.number]
        if taken:
            what = ", ".join(sorted({f"{lock.mode} on {lock.relation}" for lock in taken}))
            yield _finding(
                "lock-without-timeout",
                item.statement,
                f"takes {what} with lock_timeout = 0",
                "trace",
            )


def _work_under_access_exclusive(run: ScriptRun) -> Iterator[Finding]:
    locks = _strong_locks(run, STOPS_READERS)
    for item in run.runs:
        statement = item.statement
        if not statement.in_transaction or statement.kind in _SETTLED:
            continue
        over = [
            lock
            for lock in locks
            if lock.statement < statement.number and lock.since < item.started < lock.until
        ]
        if over:
            names = ", ".join(sorted({lock.relation for lock in over}))
            yield _finding(
                "work-under-access-exclusive",
                statement,
                f"runs {item.seconds * 1000:.0f} ms while {names} is locked against readers",
                "trace",
            )


def _rewrites(run: ScriptRun) -> Iterator[Finding]:
    busy = {relation.name for relation in run.busy_tables}
    for item in run.runs:
        rewritten = [name for name in item.rewritten if name in busy]
        if rewritten and item.statement.kind != "TRUNCATE":
            yield _finding(
                "table-rewrite", item.statement, f"rewrites {', '.join(rewritten)}", "trace"
            )


def _hidden_work(run: ScriptRun) -> Iterator[Finding]:
    for work in hidden_work(run):
        yield _finding(work.rule, work.statement, f"{', '.join(work.what)} under its lock", "trace")


def _refused_in_transactions(run: ScriptRun) -> Iterator[Finding]:
    for statement in run.script.statements:
        refused = statement.must_run_alone and statement.kind not in _MAY_RUN_ANYWHERE
        if refused and statement.in_transaction:
            yield _finding(
                "cannot-run-in-transaction",
                statement,
                f"{statement.kind} is refused between BEGIN and COMMIT",
                "script",
            )


def _pitfalls(run: ScriptRun) -> Iterator[Finding]:
    for pitfall in run.pitfalls:
        statement = _statement_that_names(run, pitfall.object)
        message = f"{pitfall.object}: {pitfall.detail}"
        yield _finding(pitfall.rule, statement, message, "catalogue")


def _statement_that_names(run: ScriptRun, described: str) -> Statement | None:
    """The last statement that names an object, or for a column or key the table of it.

    One that names it at its beginning comes before one that does so deep in a routine's body.
    """
    words = described.partition("(")[0].replace('"', "").split()[1:]
    names = [part.lower() for word in words for part in word.split(".")]
    for name in reversed(names):
        naming = [each for each in run.script.statements if name in each.sql.lower()]
        about = [each for each in naming if name in each.excerpt.lower()]
        if naming:
            return (about or naming)[-1]
    return None
