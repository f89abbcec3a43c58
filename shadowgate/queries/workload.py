"""The queries that are timed: any folder of ``.sql`` files, one query each.

Nothing but the statement is needed. A header of comment lines says what cannot be told from it, or
should be called otherwise::

    -- id: Q1                 otherwise the file's name
    -- title: Orders of a day otherwise the first comment line, else the file's name in words
    -- kind: write            otherwise what the statement is
    -- role: web_user         executed under SET ROLE, for row security
    -- times: 50              a short statement so often in a row, as one execution
    -- weight: 1200           how often it is asked, in the average over the queries; else equally
    SELECT …;

A ``read`` is executed as it stands. A ``write`` is executed in a transaction that is rolled back,
its deferred constraints included in its time. Several statements in one file are one step of the
application: they are executed in one transaction, which is rolled back, and are a write if one of
them writes. ``BEGIN`` and ``COMMIT`` around them say the same.

Values may be left open as ``$1`` or ``:name``; a file ``NAME.params`` beside ``NAME.sql`` says them
in TOML, ``customer = 17`` a line. Those that it does not say are drawn from the statistics of the
column (:mod:`shadowgate.queries.parameters`).

Where a migration needs a query to be written differently, the rewritten form lies in a folder of
its own, in a file with the same id: the original is executed before the migration, the rewritten
one after it.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from functools import lru_cache
from pathlib import Path
from typing import Literal, cast

import pglast
from pglast import ast
from pglast.enums import TransactionStmtKind
from pglast.parser import scan

from shadowgate.errors import PlanError
from shadowgate.language import sentence
from shadowgate.queries.placeholders import find_placeholders, has_backslash, numbered

Kind = Literal["read", "write"]
Value = str | int | float | bool | date | datetime | time | tuple["Value", ...]
"""What a parameter may be."""

_HEADER = re.compile(r"--\s*(id|title|kind|times|weight|role)\s*:\s*(.*?)\s*$")
_COMMENT_SIGNS = re.compile(r"^[\s*/-]+|[\s*/-]+$")
_ID = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_CHANGING = (ast.InsertStmt, ast.UpdateStmt, ast.DeleteStmt, ast.MergeStmt)
_WRITES = (*_CHANGING, ast.CallStmt, ast.DoStmt, ast.RefreshMatViewStmt)
_NEUTRAL = (ast.VariableSetStmt, ast.DeclareCursorStmt, ast.FetchStmt, ast.ClosePortalStmt)
"""Neither: they may be part of a step, beside a statement that is one."""
_BEGINS = (TransactionStmtKind.TRANS_STMT_BEGIN, TransactionStmtKind.TRANS_STMT_START)
_TODO = sentence("a read is a SELECT; INSERT, UPDATE, DELETE, MERGE, CALL and DO are writes")


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
    role: str | None = None
    """The role that it is executed as; ``None`` for the role of the session."""
    weight: float | None = None
    """How often it is asked, in any unit, for the average over the queries."""
    values: tuple[tuple[str, Value], ...] = ()
    """Parameters and their values, as far as the file beside it says them."""

    @property
    def after(self) -> Query:
        """The form that is executed after the migration."""
        return self.rewritten or self

    @property
    def statements(self) -> tuple[str, ...]:
        """Its statements, without comments."""
        return split_statements(self.sql)

    @property
    def in_transaction(self) -> bool:
        """Whether it is executed in a transaction that is rolled back."""
        return self.kind == "write" or len(self.statements) > 1

    @property
    def parameters(self) -> tuple[str, ...]:
        """Names of the values that its text leaves open, in order."""
        return tuple(dict.fromkeys(found.name for found in find_placeholders(self.sql)))


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
    def weights(self) -> Mapping[str, float]:
        """Query id -> how often it is asked, of those whose files say it."""
        return {one.id: one.weight for one in self.queries if one.weight is not None}

    @property
    def rewrites(self) -> tuple[Query, ...]:
        """The queries that have a rewritten form."""
        return tuple(query for query in self.queries if query.rewritten)

    def without(self, ids: Collection[str]) -> Workload:
        """The workload without some queries, such as those that fail."""
        return Workload(tuple(query for query in self.queries if query.id not in ids))


@lru_cache(maxsize=1024)
def split_statements(text: str) -> tuple[str, ...]:
    """The statements of a text; the text itself where it has no tokens of SQL."""
    try:
        return pglast.split(text, with_parser=False)
    except pglast.parser.ParseError:
        return (text,)


@lru_cache(maxsize=1024)
def has_plan(statement: str) -> bool:
    """Whether PostgreSQL plans a statement; of one that is not parsed it is assumed."""
    try:
        (raw,) = pglast.parse_sql(numbered(statement))
    except (pglast.parser.ParseError, ValueError):
        return True
    return isinstance(raw.stmt, (*_CHANGING, ast.SelectStmt))


def load_workload(folder: Path, rewrites: Path | None = None) -> Workload:
    """Read every ``.sql`` file of a folder, and of another one with rewritten forms.

    Raises:
        PlanError: a folder is missing or has no query, an id is used twice, a file holds nothing or
            what cannot be timed, its header or its file of values makes no sense, or a rewritten
            query has no original.
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
            # TRANSLATORS: it stands behind "has no original"
            kind = sentence(" of kind {kind}", kind=query.kind) if original else ""
            raise PlanError(
                sentence("the rewritten query {query} has no original{kind}", query=id_, kind=kind),
                where=str(query.path),
                todo=sentence(
                    "use the id and kind of one of {queries}", queries=", ".join(workload.by_id)
                ),
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
            sentence("the workload {folder} is not a folder", folder=folder),
            todo="name the folder with the .sql files",
        )
    queries = tuple(read_query(path) for path in sorted(folder.glob("*.sql")))
    if not queries:
        raise PlanError(
            sentence("the workload {folder} has no .sql file", folder=folder),
            todo="put the queries there",
        )
    first: dict[str, Query] = {}
    for query in queries:
        other = first.setdefault(query.id, query)
        if other is not query:
            raise PlanError(
                sentence("the id {id} is used twice", id=query.id),
                where=sentence("{file} and {other}", file=other.path, other=query.path),
                todo="give one of them another id, in a line such as `-- id: …`",
            )
    return Workload(queries)


def read_query(path: Path) -> Query:
    """Read one query file, and the file of values beside it.

    Raises:
        PlanError: see :func:`load_workload`.
    """
    text = _read(path, "query")
    header = _read_header(text, path)
    kind = header.get("kind")
    if kind not in ("read", "write", None):
        raise PlanError(
            sentence("a query is of kind read or write, not {kind!r}", kind=kind),
            where=sentence("{path}, header kind", path=path),
        )
    id_ = header.get("id") or _id_of(path)
    if not _ID.fullmatch(id_):
        raise PlanError(
            sentence("{id!r} is no id", id=id_),
            where=sentence("{path}, header id", path=path),
            todo="use a letter, then letters, digits, _ and -, such as Q1 or by_customer",
        )
    times = header.get("times", "1")
    if not times.isdecimal() or int(times) < 1:
        raise PlanError(
            sentence("a query is executed a whole number of times, not {times!r}", times=times),
            where=sentence("{path}, header times", path=path),
        )
    statements = _parse(text, path)
    known = _require_known(statements, cast(Kind | None, kind), path)
    query = Query(
        id=id_,
        title=header.get("title") or _first_comment(text) or _in_words(path),
        kind=known,
        sql=_without_transaction(text, statements, path),
        path=path,
        times=int(times),
        role=header.get("role"),
        weight=_weight(header["weight"], path) if "weight" in header else None,
    )
    return replace(query, values=_read_values(query))


def _weight(text: str, path: Path) -> float:
    try:
        weight = float(text)
    except ValueError:
        weight = -1.0
    if not 0.0 <= weight < float("inf"):
        raise PlanError(
            sentence("a weight is 0 or more, not {text!r}", text=text),
            where=sentence("{path}, header weight", path=path),
        )
    return weight


def _read(path: Path, what: str) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise PlanError(
            sentence("the {what} cannot be read: {error}", what=what, error=error),
            where=str(path),
        ) from error


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
            raise PlanError(
                sentence("the header names {key} twice", key=key),
                where=sentence("{path}, line {number}", path=path, number=number),
            )
        if not value:
            raise PlanError(
                sentence("the header lacks {key}", key=key),
                where=sentence("{path}, line {number}", path=path, number=number),
                todo=sentence("say it, or delete the line `{line}`", line=line.strip()),
            )
        header[key] = value
    return header


def _id_of(path: Path) -> str:
    """The file's name as an id: accents dropped, what is no letter, digit, _ or - as _."""
    word = re.sub(r"[^A-Za-z0-9_-]+", "_", in_ascii(path.stem)).strip("_-")
    return word if _ID.match(word) else f"q_{word}".rstrip("_")


def in_ascii(text: str) -> str:
    """A text without accents, and without the letters that ASCII does not have at all."""
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()


def _in_words(path: Path) -> str:
    words = re.sub(r"[\s_.-]+", " ", path.stem).strip()
    return words[:1].upper() + words[1:]


def _first_comment(text: str) -> str:
    """The first comment line before the statement that says something and is not the header's."""
    for token in scan(text):
        if token.name not in ("SQL_COMMENT", "C_COMMENT"):
            break
        for line in text[token.start : token.end + 1].splitlines():
            said = _COMMENT_SIGNS.sub("", line)
            if said and not _HEADER.match(line):
                return said
    return ""


def _parse(text: str, path: Path) -> Sequence[ast.RawStmt]:
    """The statements of a file.

    Raises:
        PlanError: there is none, one is not SQL, or the file speaks to psql.
    """
    try:
        backslash = has_backslash(text)
        if backslash is not None:
            command = text[backslash:].split(maxsplit=1)[0]
            raise PlanError(
                sentence(
                    "{command} is a command of psql, which a query file cannot have",
                    command=command,
                ),
                where=sentence("{path}, line {line}", path=path, line=_line(text, backslash)),
                todo=sentence(
                    "delete it; values of parameters belong in {name}",
                    name=values_path(path).name,
                ),
            )
        identifier = next((one for one in find_placeholders(text) if one.is_identifier), None)
        if identifier is not None:
            raise PlanError(
                sentence(
                    'a parameter stands for a value, and :"{name}" for a name',
                    name=identifier.name,
                ),
                where=sentence(
                    "{path}, line {line}", path=path, line=_line(text, identifier.start)
                ),
                todo="write the name itself",
            )
        text = numbered(text)
        statements = cast(Sequence[ast.RawStmt], pglast.parse_sql(text))
    except pglast.parser.ParseError as error:
        line = _line(text, error.args[1])
        raise PlanError(
            sentence("the query has a syntax error: {error}", error=error.args[0]),
            where=sentence("{path}, line {line}", path=path, line=line),
        ) from error
    if not statements:
        what = sentence("only comments") if text.strip() else sentence("nothing")
        raise PlanError(
            sentence("the query file holds {what}", what=what),
            where=str(path),
            todo="write a statement, or delete it",
        )
    return statements


def _line(text: str, position: int) -> int:
    return text.count("\n", 0, position) + 1


def _require_known(statements: Sequence[ast.RawStmt], said: Kind | None, path: Path) -> Kind:
    """The kind of a file: what its header says, else what its statements are.

    Raises:
        PlanError: a statement is of no kind that can be timed, or not of the one that it is said
            to be.
    """
    kinds = []
    for raw in statements:
        statement = raw.stmt
        if isinstance(statement, ast.TransactionStmt):
            continue
        kind = _kind(statement)
        fits = kind is not None and said in (None, kind, "write")
        if kind is None and isinstance(statement, _NEUTRAL) and len(statements) > 1:
            continue
        if isinstance(statement, ast.SelectStmt) and not _changes(statement):
            fits = True  # whether a function that it calls writes, only the author knows
        if not fits:
            raise PlanError(
                sentence(
                    "a statement of type {type} is not a {said}",
                    type=type(statement).__name__,
                    said=said or sentence("read or write"),
                )
                + (": it changes rows" if isinstance(statement, ast.SelectStmt) else ""),
                where=str(path),
                todo=_TODO,
            )
        kinds.append(kind)
    if not kinds:
        raise PlanError("the query file holds no query", where=str(path), todo=_TODO)
    return said or ("write" if "write" in kinds else "read")


def _kind(statement: ast.Node | None) -> Kind | None:
    if isinstance(statement, _WRITES):
        return "write"
    if isinstance(statement, ast.SelectStmt):
        is_write = _changes(statement) or statement.lockingClause or statement.intoClause
        return "write" if is_write else "read"
    return None


def _changes(statement: ast.SelectStmt) -> bool:
    """Whether a common table expression of a SELECT changes rows, which only the top one may."""
    ctes = (statement.withClause.ctes or ()) if statement.withClause else ()
    return any(isinstance(one.ctequery, _CHANGING) for one in ctes)


def _without_transaction(text: str, statements: Sequence[ast.RawStmt], path: Path) -> str:
    """The text without ``BEGIN`` and ``COMMIT`` around it: a step is a transaction anyway.

    Raises:
        PlanError: the transaction ends in the middle, or otherwise than by a commit.
    """
    control = {
        place: raw.stmt.kind
        for place, raw in enumerate(statements)
        if isinstance(raw.stmt, ast.TransactionStmt)
    }
    if not control:
        return text
    last = len(statements) - 1
    around = {0, last} == set(control) and (
        control[0] in _BEGINS and control[last] == TransactionStmtKind.TRANS_STMT_COMMIT
    )
    if not around:
        raise PlanError(
            "a query file is executed in one transaction that is rolled back, so it cannot control "
            "transactions itself",
            where=str(path),
            todo="delete BEGIN, COMMIT, ROLLBACK and SAVEPOINT, or make it several files",
        )
    return ";\n".join(split_statements(text)[1:last]) + ";\n"


def values_path(path: Path) -> Path:
    """The file that says the values of a query's parameters, beside the query's own."""
    return path.with_suffix(".params")


def _read_values(query: Query) -> tuple[tuple[str, Value], ...]:
    """The values that the file beside a query says.

    Raises:
        PlanError: it is not TOML, a value is a table, or the query has no such parameter.
    """
    path = values_path(query.path)
    if not path.exists():
        return ()
    try:
        table = tomllib.loads(_read(path, "file of values"))
    except tomllib.TOMLDecodeError as error:
        raise PlanError(
            sentence("the file of values is not TOML: {error}", error=error),
            where=str(path),
            todo="write a line `name = value` for each parameter, texts in quotes",
        ) from error
    known = query.parameters
    for name, value in table.items():
        if name not in known:
            names = ", ".join(known) or "none"
            raise PlanError(
                sentence(
                    "{file} has no parameter {name}; it has {names}",
                    file=query.path.name,
                    name=name,
                    names=names,
                ),
                where=str(path),
            )
        if isinstance(value, dict):
            raise PlanError(sentence("the value of {name} is a table", name=name), where=str(path))
    return tuple((name, _frozen(value)) for name, value in table.items())


def _frozen(value: object) -> Value:
    return tuple(map(_frozen, value)) if isinstance(value, list) else cast(Value, value)
