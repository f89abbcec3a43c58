"""Which statements of a watched script were at the relations that something is wrong with."""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import PurePath

from shadowgate.language import joined, nsentence, sentence
from shadowgate.migrate import STOPS_WRITERS, ScriptRun, StatementRun
from shadowgate.phases.facts import bare

_NAMED = 2


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
            script=PurePath(run.script.path).name,
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
