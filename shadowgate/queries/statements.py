r"""Query files from what production asks: an export of its ``pg_stat_statements``.

The export is a CSV with a header, of one database, as psql writes it::

    \copy (SELECT query, calls, total_exec_time FROM pg_stat_statements
           WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database()))
    TO 'statements.csv' CSV HEADER

Its statements have ``$1`` for constants: a run draws values from the columns' statistics, or takes
them from a ``.params`` file. Source: PostgreSQL manual, F.32 pg_stat_statements.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pglast
from pglast import ast
from pglast.visitors import Visitor

from shadowgate.errors import UsageError
from shadowgate.language import sentence

_TIMES = ("total_exec_time", "total_time")
"""Columns of the time in all, in ms, as PostgreSQL calls it since 13 and did before."""
_KINDS = {
    ast.SelectStmt: "select",
    ast.UpdateStmt: "update",
    ast.DeleteStmt: "delete",
    ast.MergeStmt: "merge",
}
_SYSTEM = ("pg_catalog", "information_schema")


@dataclass(frozen=True)
class Statement:
    """One statement with how often it was executed."""

    text: str
    calls: int
    total_ms: float
    """Of all its executions; 0 where the export does not say it."""


@dataclass(frozen=True)
class Chosen:
    """A statement that becomes a query file."""

    statement: Statement
    name: str
    """Of the file, without its ending."""


@dataclass(frozen=True)
class Selection:
    """The statements that become query files, and why the others do not."""

    chosen: tuple[Chosen, ...]
    left_out: tuple[str, ...]
    """A sentence for each that was among the first ones."""


def read_statements(path: Path) -> tuple[Statement, ...]:
    """Read an export; entries of one text, by several roles, are one statement.

    Raises:
        UsageError: it cannot be read, is no CSV with the columns ``query`` and ``calls``, or a
            number in it is none.
    """
    csv.field_size_limit(2**31 - 1)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UsageError(
            sentence("the statements cannot be read: {error}", error=error),
            where=str(path),
        ) from error
    found: dict[str, Statement] = {}
    for number, row in enumerate(rows, start=1):
        one = _statement(row, f"{path}, entry {number}")
        known = found.get(one.text, Statement(one.text, 0, 0.0))
        found[one.text] = Statement(
            one.text, known.calls + one.calls, known.total_ms + one.total_ms
        )
    if not found:
        raise UsageError("there is no statement in the export", where=str(path), todo=_TODO)
    return tuple(found.values())


_TODO = sentence("export query, calls and total_exec_time of pg_stat_statements with CSV HEADER")


def _statement(row: dict[str, Any], where: str) -> Statement:
    text, calls = row.get("query"), row.get("calls")
    if text is None or calls is None:
        raise UsageError("the columns query and calls are not there", where=where, todo=_TODO)
    total = next((row[name] for name in _TIMES if row.get(name)), "0")
    try:
        return Statement(text.strip(), int(calls), float(total))
    except ValueError as error:
        raise UsageError(
            sentence("not a number: {error}", error=error), where=where, todo=_TODO
        ) from error


def select_statements(statements: Iterable[Statement], most: int) -> Selection:
    """Choose the statements that took longest in all, or were asked most where that is not known.

    Left out is what a run could not ask again: what manages sessions and objects, asks the system
    catalogues alone, was cut off or hidden by the server, or inserts rows of unknown values.

    Args:
        statements: of an export.
        most: query files at most.
    """
    chosen: list[Chosen] = []
    left_out: list[str] = []
    for one in sorted(statements, key=lambda each: (-each.total_ms, -each.calls, each.text)):
        if len(chosen) == most:
            break
        kind, table, reason = _looked_at(one.text)
        if reason:
            left_out.append(f"{_brief(one.text)}: {reason}")
        else:
            name = "_".join(filter(None, (f"s{len(chosen) + 1:02}", kind, table)))
            chosen.append(Chosen(one, name))
    return Selection(tuple(chosen), tuple(left_out))


def write_query_files(chosen: Sequence[Chosen], folder: Path) -> tuple[Path, ...]:
    """Write a file for each statement into a folder that is new or empty.

    Raises:
        UsageError: the folder holds something, or cannot be written.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(
            sentence("{folder} is not empty", folder=folder),
            todo="name another folder with --output",
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for one in chosen:
            text = f"-- weight: {one.statement.calls}\n{one.statement.text.rstrip(';')};\n"
            (folder / f"{one.name}.sql").write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(
            sentence("the queries cannot be written: {error}", error=error),
            where=str(folder),
        ) from error
    return tuple(folder / f"{one.name}.sql" for one in chosen)


def _looked_at(text: str) -> tuple[str, str, str]:
    """Kind and first table of a statement, and why it is left out, if it is."""
    try:
        trees = pglast.parse_sql(text)
    except pglast.parser.ParseError:
        return "", "", "the server cut it off, hid it, or speaks another dialect"
    node: Any = trees[0].stmt if len(trees) == 1 else None
    if isinstance(node, ast.InsertStmt):
        return "", "", "the values of new rows are not known: write a file of its own for it"
    if type(node) not in _KINDS:
        return "", "", "it asks nothing of a table"
    relations = _Relations()
    relations(node)
    of_users = [name for name in relations.names if name[0] not in _SYSTEM]
    if not of_users:
        return "", "", "it asks the system catalogues, or no table"
    return _KINDS[type(node)], of_users[0][1], ""


class _Relations(Visitor):
    """Collects schema and name of what stands in FROM and the like."""

    def __init__(self) -> None:
        self.names: list[tuple[str, str]] = []

    def visit_RangeVar(self, _ancestors: Any, node: Any) -> None:  # noqa: N802
        schema = node.schemaname or ("pg_catalog" if node.relname.startswith("pg_") else "")
        self.names.append((schema, node.relname))


def _brief(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 60 else f"{line[:59]}…"
