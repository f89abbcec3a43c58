"""Which line of a script is at fault, for whoever reads the finding beside the script."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from shadowgate.catalogue import Deviation
from shadowgate.language import sentence
from shadowgate.migrate import Interruption, LockHeld, Script, statement_that_names
from shadowgate.phases.finding import Finding
from shadowgate.traffic import Wait

_WRITES = ("COPY", "DELETE", "INSERT", "MERGE", "TRUNCATE", "UPDATE")


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
