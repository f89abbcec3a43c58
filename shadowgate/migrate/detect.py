"""Finds hazards in the trace of a run.

What is blocked or read twice is told by the trace, not guessed from the text: locks as another
session saw them, new files, and the remarks of the server on its own work (``verifying table``,
``building index``). Objects that the script itself creates are exempt wherever a hazard is about
traffic, since nobody uses them yet.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from shadowgate.catalogue import ObjectId
from shadowgate.catalogue.sentences import named
from shadowgate.language import joined, nsentence, sentence
from shadowgate.migrate.cluster_wide import outside_effects
from shadowgate.migrate.findings import ScriptFinding, in_order
from shadowgate.migrate.hazards import BY_ID
from shadowgate.migrate.lint import lint
from shadowgate.migrate.planner_statistics import MANY_ROWS, StatisticsGap
from shadowgate.migrate.results import (
    STOPS_READERS,
    STOPS_WRITERS,
    LockHeld,
    Pitfall,
    ScriptRun,
    StatementRun,
    with_schema,
)
from shadowgate.migrate.script import Script, Statement
from shadowgate.migrate.server_messages import hidden_work
from shadowgate.migrate.squawk_rules import held_against_trace

_SETTLED = ("COMMIT", "ROLLBACK", "SET", "SAVEPOINT", "RELEASE", "ROLLBACK TO SAVEPOINT")
_MAY_RUN_ANYWHERE = ("CALL", "DO")
_FEW_ROWS = 50
"""A statement that looks at no more, as one that writes down a version, is no work."""
_AS_BEFORE = sentence("it was so before the migration")
_LONG_SECONDS = 0.25
"""Of a statement that is: more than a change of the catalogue takes on a busy machine."""
_MANY_BYTES = 8 * 1024**2
"""Of a table that is copied in a moment, if it has few rows."""
_POLICIES = {
    "enum-type": sentence("a matter of taste, not of safety: an enumerated type does what it says"),
}
"""Hazards that count if the plan makes a rule of them -> why not by themselves."""
_CATALOGUE_KINDS = ("ALTER ", "COMMENT", "CREATE ", "DROP ", "GRANT", "REVOKE", "LOCK")


def review_findings(run: ScriptRun, server_version_num: int) -> tuple[ScriptFinding, ...]:
    """Find everything about a script: by its text and in its watched run, each fact once.

    What the run refutes is a note, as is a policy; see :mod:`shadowgate.migrate.squawk_rules`.

    Args:
        run: a watched run; of one that was not watched the text alone is judged.
        server_version_num: of the server that the script is for.

    Raises:
        ToolError: as :func:`lint`.
    """
    return held_against_trace(lint(run.script, server_version_num), find_hazards(run), run)


def find_hazards(
    run: ScriptRun, *, way_back_from: ScriptRun | None = None
) -> tuple[ScriptFinding, ...]:
    """Find the hazards of :data:`HAZARDS` in a watched run, and notes on what the planner lacks.

    A run that failed is judged as far as it came. Each finding stands for one hazard of one
    statement and names the relations.

    Args:
        run: of the script.
        way_back_from: of a rollback, the run of the migration; what the rollback only puts back as
            it was before that is a note.
    """
    found = [
        *_locks_without_timeout(run),
        *_work_under_access_exclusive(run),
        *_rewrites(run),
        *_hidden_work(run),
        *_refused_in_transactions(run),
        *_pitfalls(run, way_back_from),
        *_statistics_missing(run),
        *outside_effects(run.script),
    ]
    return tuple(in_order(found))


def _finding(
    rule: str, statement: Statement | None, message: str, source: str, *, note: str = ""
) -> ScriptFinding:
    return ScriptFinding(
        rule=rule,
        message=message,
        line=statement.line if statement else 0,
        statement=statement.excerpt if statement else "",
        source=source,
        link=BY_ID[rule].source,
        note=note,
    )


def _strong_locks(run: ScriptRun, modes: Iterable[str]) -> list[LockHeld]:
    """Locks of these modes on tables that were there before; their indexes go without saying."""
    tables = {item.name for item in run.relations if item.kind in ("r", "p", "m", "v", "f")}
    wanted = set(modes)
    return [
        lock
        for lock in run.locks
        if lock.existed and lock.mode in wanted and lock.relation in tables
    ]


def _locks_without_timeout(run: ScriptRun) -> Iterator[ScriptFinding]:
    # Who waits for a table that the script drops for good waits for the answer that it is gone.
    locks = [lock for lock in _strong_locks(run, STOPS_WRITERS) if lock.relation not in run.gone]
    for item in run.runs:
        if item.lock_timeout_ms != 0 or "lock_timeout" in item.statement.sql.lower():
            continue  # a block may have set it for itself, and put it back
        taken = [lock for lock in locks if lock.statement == item.statement.number]
        if taken:
            what = _locks(sorted({(lock.mode, lock.relation) for lock in taken}))
            yield _finding(
                "lock-without-timeout",
                item.statement,
                sentence("takes {locks} with lock_timeout = 0", locks=what),
                "trace",
            )


def _work_under_access_exclusive(run: ScriptRun) -> Iterator[ScriptFinding]:
    """Statements that keep a table closed which an earlier one of their transaction has closed.

    They work on rows, or ask for a lock on another table and may have to wait for it. What only
    changes the catalogue of tables that are closed already is over in a moment. Of a table that the
    script drops for good nobody waits for more than the answer that it is gone.
    """
    locks = [lock for lock in _strong_locks(run, STOPS_READERS) if lock.relation not in run.gone]
    for item in run.runs:
        statement = item.statement
        if not statement.in_transaction or statement.kind in _SETTLED:
            continue
        closed = {
            lock.relation: lock
            for lock in locks
            if lock.statement < statement.number and lock.since < item.started < lock.until
        }
        asked = _locks_asked_for(run, item, closed)
        waiting = {
            name: lock for name, lock in closed.items() if _keeps_more_waiting(run, name, asked)
        }
        if closed and _is_work(item):
            names, since = _since_line(run, closed)
            message = nsentence(
                "runs {milliseconds:.0f} ms while {tables} is locked since line {line} against "
                "readers",
                "runs {milliseconds:.0f} ms while {tables} are locked since line {line} against "
                "readers",
                len(closed),
                milliseconds=item.seconds * 1000,
                tables=names,
                line=since,
            )
        elif waiting:
            names, since = _since_line(run, waiting)
            message = nsentence(
                "asks for {locks}, and while it waits {tables} is locked since line {line} against "
                "readers",
                "asks for {locks}, and while it waits {tables} are locked since line {line} "
                "against readers",
                len(waiting),
                locks=_locks([(lock.mode, with_schema(lock.relation)) for lock in asked]),
                tables=names,
                line=since,
            )
        else:
            continue
        yield _finding("work-under-access-exclusive", statement, message, "trace")


def _locks_asked_for(
    run: ScriptRun, item: StatementRun, closed: Mapping[str, LockHeld]
) -> list[LockHeld]:
    """Locks that a statement may have to wait for: strong, on tables that are not closed yet."""
    return [
        lock
        for lock in _strong_locks(run, STOPS_WRITERS)
        if lock.statement == item.statement.number and lock.relation not in closed
    ]


def _keeps_more_waiting(run: ScriptRun, closed: str, asked: Iterable[LockHeld]) -> bool:
    """Tell whether readers of a closed relation wait who would not wait for the lock anyway.

    Who reads a view reads what it is made of, and queues there behind the lock that is asked for.
    """
    reads = next((each.reads for each in run.relations if each.name == closed), frozenset())
    return any(lock.relation not in reads for lock in asked)


def _is_work(item: StatementRun) -> bool:
    """Tell whether a statement takes time that grows with the data, or did take time."""
    if item.seconds > _LONG_SECONDS or item.rewritten:
        return True
    if item.rows is None:
        return not item.statement.kind.startswith(_CATALOGUE_KINDS)
    return item.rows.total + item.rows.read > _FEW_ROWS


def _locks(taken: Iterable[tuple[str, str]]) -> str:
    return joined(
        ", ",
        (sentence("{lock} on {relation}", lock=mode, relation=name) for mode, name in taken),
    )


def _since_line(run: ScriptRun, closed: Mapping[str, LockHeld]) -> tuple[str, int]:
    """Which tables are locked, and since which line."""
    lines = {statement.number: statement.line for statement in run.script.statements}
    names = [with_schema(name) for name in sorted(closed)]
    since = min(lines.get(lock.statement, 0) for lock in closed.values())
    return ", ".join(names), since


def _rewrites(run: ScriptRun) -> Iterator[ScriptFinding]:
    busy = {relation.name for relation in run.busy_tables}
    for item in run.runs:
        rewritten = [name for name in item.rewritten if name in busy]
        if rewritten and item.statement.kind != "TRUNCATE":
            yield _finding(
                "table-rewrite",
                item.statement,
                sentence("rewrites {tables}", tables=", ".join(rewritten)),
                "trace",
                note=_over_in_a_moment(run, item, rewritten),
            )


def _over_in_a_moment(run: ScriptRun, item: StatementRun, rewritten: Sequence[str]) -> str:
    """Why a rewrite does not count: the tables are small, together; empty if it does.

    A table that is gone in the end has nobody counted: it may have been large. How long a
    materialized view takes is not told by the rows that come of its query.
    """
    if any(each.kind == "m" for each in run.busy_tables if each.name in rewritten):
        return ""
    rows = dict(run.rewritten_rows)
    size = sum(relation.size for relation in run.busy_tables if relation.name in rewritten)
    total = sum(rows.get(name, MANY_ROWS + 1) for name in rewritten)
    if total > MANY_ROWS or size > _MANY_BYTES or item.seconds > _LONG_SECONDS:
        return ""
    return nsentence(
        "{n:,} row in {milliseconds:.0f} ms: over in a moment, if production has no more",
        "{n:,} rows in {milliseconds:.0f} ms: over in a moment, if production has no more",
        total,
        milliseconds=item.seconds * 1000,
    )


def _hidden_work(run: ScriptRun) -> Iterator[ScriptFinding]:
    for work in hidden_work(run):
        # TRANSLATORS: {work} is such as "builds index a on b, reads all of c"
        message = sentence("{work} under its lock", work=joined(", ", work.what))
        yield _finding(work.rule, work.statement, message, "trace")


def _refused_in_transactions(run: ScriptRun) -> Iterator[ScriptFinding]:
    for statement in run.script.statements:
        refused = statement.must_run_alone and statement.kind not in _MAY_RUN_ANYWHERE
        if refused and statement.in_transaction:
            yield _finding(
                "cannot-run-in-transaction",
                statement,
                sentence("{kind} is refused between BEGIN and COMMIT", kind=statement.kind),
                "script",
            )


def _pitfalls(run: ScriptRun, way_back_from: ScriptRun | None) -> Iterator[ScriptFinding]:
    known = {_said(each) for each in way_back_from.pitfalls_before} if way_back_from else set()
    for pitfall in run.pitfalls:
        statement = statement_that_names(run.script, pitfall.object)
        message = sentence(
            "{name}: {what}", name=_object_of(pitfall), what=sentence(pitfall.detail)
        )
        restored = _said(pitfall) in known
        note = _AS_BEFORE if restored else _POLICIES.get(pitfall.rule, "")
        yield _finding(pitfall.rule, statement, message, "catalogue", note=note)


def _object_of(pitfall: Pitfall) -> str:
    """Its object, kind and name, so that it can be told."""
    kind, _, name = pitfall.object.partition(" ")
    if kind == "foreign":
        key, _, table = name.removeprefix("key ").rpartition(" of ")
        return sentence("foreign key {name} of {table}", name=key, table=table)
    return named(ObjectId(kind, name))


def _said(pitfall: Pitfall) -> tuple[str, str, str]:
    return pitfall.rule, pitfall.object, pitfall.detail


def _statistics_missing(run: ScriptRun) -> Iterator[ScriptFinding]:
    for gap in run.statistics_gaps:
        statement = statement_that_names(run.script, f"table {gap.table}")
        message, note = _say_gap(gap)
        yield _finding("statistics-missing", statement, message, "catalogue", note=note)


def _say_gap(gap: StatisticsGap) -> tuple[str, str]:
    """What is missing and what to add; and why it is a note, if it is one."""
    table = with_schema(gap.table)
    if gap.kind == "rebuilt":
        return sentence(
            "{table} was rebuilt and never analysed; add ANALYZE {table} after the swap",
            table=table,
        ), ""
    if gap.kind == "new":
        return sentence(
            "{table} is new and was never analysed; add ANALYZE {table} after it is filled",
            table=table,
        ), sentence("no query relies on it yet")
    return (
        sentence(
            "{columns} of {table} lost the planner's statistics with the change of type; add "
            "ANALYZE {table} ({columns}) at the end",
            table=table,
            columns=", ".join(gap.columns),
        ),
        sentence("the measured queries show what the planner makes of it"),
    )


def statement_that_names(script: Script, described: str) -> Statement | None:
    """The last statement that names an object, or for a column or key the table of it.

    One that names it at its beginning comes before one that does so deep in a routine's body.

    Args:
        script: where to look.
        described: kind and name, ``column public.orders.note``.
    """
    words = described.partition("(")[0].replace('"', "").lower().split()[1:]
    # The schema alone would be found in many a statement.
    names = [
        part for word in words for part in word.split(".")[-2 if word.count(".") > 1 else -1 :]
    ]
    for name in reversed(names):
        whole = re.compile(rf"(?<!\w){re.escape(name)}(?!\w)")
        naming = [each for each in script.statements if whole.search(each.sql.lower())]
        about = [each for each in naming if whole.search(each.excerpt.lower())]
        if naming:
            return (about or naming)[-1]
    return None
