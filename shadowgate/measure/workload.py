"""The queries that are timed: one ``.sql`` file each, with a header that says what it is.

A file reads::

    -- id: Q1
    -- title: ST_Contains
    -- kind: read
    SELECT …;

A ``read`` is executed as it stands. A ``write`` is executed in a transaction that is rolled back,
its deferred constraints included in its time. A line ``-- times: 50`` executes a short statement so
many times in a row, which counts as one execution.

Where a migration needs a query to be written differently, the rewritten form lies in a folder of
its own, in a file with the same id: the original is executed before the migration, the rewritten
one after it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import pglast
from pglast import ast

from shadowgate.errors import PlanError

Kind = Literal["read", "write"]

_HEADER = re.compile(r"--\s*(id|title|kind|times)\s*:\s*(.*?)\s*$")
_ID = re.compile(r"[A-Z][A-Za-z0-9_]*")
_WRITES = (ast.InsertStmt, ast.UpdateStmt, ast.DeleteStmt, ast.MergeStmt, ast.CallStmt)


@dataclass(frozen=True)
class Query:
    """One query of the workload."""

    id: str
    title: str
    kind: Kind
    sql: str
    path: Path
    times: int = 1
    """How often in a row the statement is executed, for one execution of the query."""
    rewritten: Query | None = None
    """The form that the migrated database is asked; ``None`` if it is asked this one."""

    @property
    def after(self) -> Query:
        """The form that is executed after the migration."""
        return self.rewritten or self


@dataclass(frozen=True)
class Workload:
    """Queries in the order of their files' names."""

    queries: tuple[Query, ...]

    @property
    def reads(self) -> tuple[Query, ...]:
        """The queries that only read: the overall average is theirs."""
        return tuple(query for query in self.queries if query.kind == "read")

    @property
    def writes(self) -> tuple[Query, ...]:
        """The queries that write."""
        return tuple(query for query in self.queries if query.kind == "write")

    @property
    def by_id(self) -> Mapping[str, Query]:
        """The queries by their id."""
        return {query.id: query for query in self.queries}

    @property
    def rewrites(self) -> tuple[Query, ...]:
        """The queries that have a rewritten form."""
        return tuple(query for query in self.queries if query.rewritten)


def load_workload(folder: Path, rewrites: Path | None = None) -> Workload:
    """Read every ``.sql`` file of a folder, and of another one with rewritten forms.

    Raises:
        PlanError: a folder is missing or has no query, a header is incomplete, an id is used
            twice, a file does not hold exactly one statement of its kind, or a rewritten query
            has no original.
    """
    workload = _read_folder(folder)
    return with_rewrites(workload, rewrites) if rewrites else workload


def with_rewrites(workload: Workload, folder: Path) -> Workload:
    """Give queries the rewritten forms of a folder; others keep the form that they have.

    Raises:
        PlanError: see :func:`load_workload`.
    """
    rewritten = _read_folder(folder).by_id
    for id_, query in rewritten.items():
        original = workload.by_id.get(id_)
        if original is None or original.kind != query.kind:
            kind = f" of kind {query.kind}" if original else ""
            raise PlanError(
                f"the rewritten query {id_} has no original{kind}",
                where=str(query.path),
                todo=f"use the id and kind of one of {', '.join(workload.by_id)}",
            )
    return Workload(
        tuple(
            replace(query, rewritten=rewritten.get(query.id, query.rewritten))
            for query in workload.queries
        )
    )


def _read_folder(folder: Path) -> Workload:
    if not folder.is_dir():
        raise PlanError(
            f"the workload {folder} is not a folder", todo="name the folder with the .sql files"
        )
    queries = tuple(read_query(path) for path in sorted(folder.glob("*.sql")))
    if not queries:
        raise PlanError(f"the workload {folder} has no .sql file", todo="put the queries there")
    first: dict[str, Query] = {}
    for query in queries:
        other = first.setdefault(query.id, query)
        if other is not query:
            raise PlanError(
                f"the id {query.id} is used twice",
                where=f"{other.path} and {query.path}",
                todo="give one of them another id",
            )
    return Workload(queries)


def read_query(path: Path) -> Query:
    """Read one query file.

    Raises:
        PlanError: see :func:`load_workload`.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise PlanError(f"the query cannot be read: {error}", where=str(path)) from error
    header = _read_header(text, path)
    kind = header["kind"]
    if kind not in ("read", "write"):
        raise PlanError(
            f"a query is of kind read or write, not {kind!r}", where=f"{path}, header kind"
        )
    if not _ID.fullmatch(header["id"]):
        raise PlanError(
            f"{header['id']!r} is no id",
            where=f"{path}, header id",
            todo="use a letter and digits, such as Q1",
        )
    times = header.get("times", "1")
    if not times.isdecimal() or int(times) < 1:
        raise PlanError(
            f"a query is executed a whole number of times, not {times!r}",
            where=f"{path}, header times",
        )
    known: Kind = "write" if kind == "write" else "read"
    _require_one_statement(text, known, path)
    return Query(header["id"], header["title"], known, text, path, int(times))


def _read_header(text: str, path: Path) -> dict[str, str]:
    """Find the header's keys in the comment lines that open the file."""
    header: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip() and not line.startswith("--"):
            break
        match = _HEADER.match(line)
        if match is None:
            continue
        key, value = match.groups()
        if key in header:
            raise PlanError(f"the header names {key} twice", where=f"{path}, line {number}")
        header[key] = value
    missing = [key for key in ("id", "title", "kind") if not header.get(key)]
    if missing:
        raise PlanError(
            f"the header lacks {', '.join(missing)}",
            where=f"{path}, line 1",
            todo=f"begin the file with a line such as `-- {missing[0]}: …`",
        )
    return header


def _require_one_statement(text: str, kind: Kind, path: Path) -> None:
    """See that the text is one statement, and that it does what its kind says."""
    try:
        statements = pglast.parse_sql(text)
    except pglast.parser.ParseError as error:
        line = text.encode().count(b"\n", 0, error.args[1]) + 1
        raise PlanError(
            f"the query has a syntax error: {error.args[0]}", where=f"{path}, line {line}"
        ) from error
    if len(statements) != 1:
        raise PlanError(
            f"a query file holds one statement, this one {len(statements)}", where=str(path)
        )
    statement = statements[0].stmt
    fits = (
        isinstance(statement, ast.SelectStmt)
        if kind == "read"
        else isinstance(statement, (*_WRITES, ast.SelectStmt))
    )
    if statement is None or not fits:
        raise PlanError(
            f"a statement of type {type(statement).__name__} is not a {kind}",
            where=str(path),
            todo="a read is a SELECT; INSERT, UPDATE, DELETE, MERGE and CALL are writes",
        )
