"""Which statement of a script is at fault: by what it did when it was watched, or by its text."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import replace

from shadowgate.catalogue import Deviation
from shadowgate.evidence import shown_path
from shadowgate.language import joined, nsentence, sentence
from shadowgate.migrate import (
    STOPS_WRITERS,
    Interruption,
    LockHeld,
    Script,
    ScriptRun,
    StatementRun,
    statement_that_names,
)
from shadowgate.phases.facts import bare
from shadowgate.phases.finding import Finding
from shadowgate.traffic import Wait

_WRITES = ("COPY", "DELETE", "INSERT", "MERGE", "TRUNCATE", "UPDATE")
_NAMED = 2


def point_at_objects(finding: Finding, script: Script, found: Iterable[Deviation]) -> None:
    """Point at the statement that names each object that changed unannounced, or did not."""
    for each in found:
        point_at_object(finding, script, str(each.object), str(each))


def point_at_object(finding: Finding, script: Script, described: str, message: str) -> None:
    """Point at the last statement that names an object, such as ``table public.orders``.

    What a trigger or a routine does to another table, no statement of the script may name: then the
    finding is about the script as a whole.
    """
    statement = statement_that_names(script, described)
    finding.point_at(script.path, statement.line if statement else 0, message)


def point_at_rows(finding: Finding, script: Script, table: str, message: str) -> None:
    """Point at the last statement that writes rows of a table, or else that names it."""
    writing = replace(
        script, units=tuple(each for each in script.statements if each.kind in _WRITES)
    )
    statement = statement_that_names(writing, f"table {table}")
    if statement is None:
        point_at_object(finding, script, f"table {table}", message)
    else:
        finding.point_at(script.path, statement.line, message)


def point_at_locks(finding: Finding, script: Script, locks: Iterable[LockHeld | None]) -> None:
    """Point at the statements that took some locks."""
    for lock in locks:
        if lock is not None:
            held = sentence(
                "holds {lock} on {relation} for {milliseconds:.0f} ms",
                lock=lock.mode,
                relation=lock.relation,
                milliseconds=lock.seconds * 1000,
            )
            finding.point_at(script.path, script.line_of(lock.statement), held)


def point_at_wait(finding: Finding, script: Script, wait: Wait | None) -> None:
    """Point at the statement behind which somebody waited, where there is one."""
    if wait is not None:
        values = {
            "milliseconds": wait.seconds * 1000,
            "lock": wait.mode,
            "target": wait.target,
        }
        said = (
            sentence("a reader waited {milliseconds:.0f} ms for {lock} on {target}", **values)
            if wait.kind == "reader"
            else sentence("a writer waited {milliseconds:.0f} ms for {lock} on {target}", **values)
        )
        finding.point_at(script.path, script.line_of(wait.statement), said)


def point_at_interruptions(
    finding: Finding, script: Script, broken: Iterable[Interruption]
) -> None:
    """Point at the statements at which an interruption leaves what nothing completes."""
    for each in broken:
        said = sentence("interrupted {point}: {what}", point=str(each.point), what=each.detail)
        finding.point_at(script.path, each.point.statement.line, said)


def wrote(run: ScriptRun, tables: Collection[str]) -> str:
    """The statements that wrote rows of some tables or rewrote them, with file and line."""

    def has_written(item: StatementRun) -> bool:
        return bool(item.rewritten or item.rows is None or item.rows.total)

    return _named(run, tables, STOPS_WRITERS | {"RowExclusiveLock"}, has_written)


def altered(run: ScriptRun, relations: Collection[str]) -> str:
    """The statements that locked some relations as a change of their schema does."""
    return _named(run, relations, STOPS_WRITERS, lambda _item: True)


def _named(
    run: ScriptRun,
    relations: Collection[str],
    modes: Collection[str],
    counts: Callable[[StatementRun], bool],
) -> str:
    """Those that were at all of the relations; where none was, those that were at any."""
    wanted = set(map(bare, relations))
    touched = {
        item.statement.number: {
            bare(lock.relation)
            for lock in run.locks
            if lock.statement == item.statement.number and lock.mode in modes
        }
        & wanted
        for item in run.runs
        if counts(item)
    }
    most = [number for number, found in touched.items() if found == wanted]
    numbers = most or [number for number, found in touched.items() if found]
    named = [
        sentence(
            "{script}, line {line}: {statement}",
            script=shown_path(run.script.path),
            line=item.statement.line,
            statement=item.statement.excerpt,
        )
        for item in run.runs
        if item.statement.number in numbers
    ]
    shown = joined("; ", named[:_NAMED])
    if len(named) <= _NAMED:
        return shown
    return nsentence("{some} and {n} more", "{some} and {n} more", len(named) - _NAMED, some=shown)
