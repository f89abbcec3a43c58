"""What clients ask in a rehearsal of the rollout, and which of their writes can be followed.

A write is committed if it is a single INSERT or UPDATE of a table with a primary key: it then
returns the key and a hash of each row, and so it is known afterwards what was acknowledged. Others
are executed in a transaction that is rolled back. What fails on the unmigrated database already is
left out.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import pglast
import psycopg
from pglast import ast
from pglast.stream import RawStream
from psycopg import sql
from psycopg.pq import TransactionStatus

from shadowgate.catalogue.fingerprint import find
from shadowgate.errors import UsageError
from shadowgate.language import joined, sentence
from shadowgate.measure import Sampling
from shadowgate.measure.session import open_session
from shadowgate.server.base import Connection, Database
from shadowgate.traffic.acknowledged import Key

Kind = Literal["reader", "writer"]

_ROLLED_BACK = "BEGIN;\n{}\n;\nSET CONSTRAINTS ALL IMMEDIATE;\nROLLBACK"
_COLUMNS = """
SELECT a.attname::text, pg_catalog.format_type(a.atttypid, a.atttypmod)
FROM pg_catalog.pg_attribute AS a
WHERE a.attrelid = pg_catalog.to_regclass(%s) AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attnum
"""
_TOUCHED = """
SELECT pg_catalog.format('%I.%I', n.nspname, c.relname)
FROM pg_catalog.pg_stat_xact_user_tables AS s
JOIN pg_catalog.pg_class AS c ON c.oid = COALESCE(pg_catalog.pg_partition_root(s.relid), s.relid)
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE s.n_tup_ins + s.n_tup_upd + s.n_tup_del > 0
"""
_THERE = """
SELECT {keys}, {row}
FROM {table} AS t
JOIN unnest({wanted}) AS k ({names}) ON {joined}
"""


MOST_SECONDS = 2.0
"""A statement that takes longer is not asked: it would keep its session for itself."""

READ_ONLY = "SET default_transaction_read_only = on"
"""Of sessions that read: what they wrote on the canary would not be on the primary."""

SHORTEST = 0.002
"""Seconds; statements that take less are asked as often as if they took this."""


@dataclass(frozen=True)
class Asked:
    """One statement of the load, before and after the migration."""

    id: str
    kind: Kind
    before: str
    after: str
    weight: float | None = None
    """How often it is asked beside the others; ``None`` if nobody says it."""


@dataclass(frozen=True)
class FollowedTable:
    """A table whose written rows are followed."""

    name: str
    key: tuple[tuple[str, str], ...]
    """Columns of the primary key, each with its type."""
    columns: tuple[str, ...]
    """Those that both sides have, of one type, and that may not change."""

    def returning(self, relation: str) -> sql.Composable:
        """What a write returns of each row: the parts of its key, and the hash of its values."""
        return sql.SQL("{}, {}").format(
            sql.SQL(", ").join(sql.SQL("{}::text").format(c) for c in self._of(relation, True)),
            self._hash(relation),
        )

    def _of(self, relation: str, key: bool = False) -> list[sql.Identifier]:
        names = [name for name, _ in self.key] if key else list(self.columns)
        return [sql.Identifier(relation, name) for name in names]

    def _hash(self, relation: str) -> sql.Composable:
        values = sql.SQL(", ").join(self._of(relation))
        return sql.SQL("pg_catalog.md5(ROW({})::text)").format(values)

    def rows(self, connection: Connection, keys: Iterable[Key], name: str = "") -> dict[Key, str]:
        """Hashes of the rows that are there now under some keys.

        Raises:
            psycopg.Error: the table cannot be read.
        """
        wanted = list(keys)
        if not wanted:
            return {}
        numbers = range(len(self.key))
        query = sql.SQL(_THERE).format(
            keys=sql.SQL(", ").join(sql.SQL("{}::text").format(c) for c in self._of("t", True)),
            row=self._hash("t"),
            table=sql.SQL(name or self.name),
            wanted=sql.SQL(", ").join(
                sql.SQL("{}::text[]").format(sql.Placeholder()) for _ in numbers
            ),
            names=sql.SQL(", ").join(sql.Identifier(f"k{n}") for n in numbers),
            joined=sql.SQL(" AND ").join(
                sql.SQL("{} = {}::{}").format(
                    sql.Identifier("t", column), sql.Identifier("k", f"k{n}"), sql.SQL(kind)
                )
                for n, (column, kind) in enumerate(self.key)
            ),
        )
        given = [[key[n] for key in wanted] for n in numbers]
        return {tuple(row[:-1]): row[-1] for row in connection.execute(query, given)}


@dataclass(frozen=True)
class Statement:
    """A statement as it is sent."""

    id: str
    kind: Kind
    before: str
    after: str
    seconds: float
    """What it took on the unmigrated database, at least."""
    weight: float | None
    follows: FollowedTable | None = None
    """Of a write that is committed."""
    touches: frozenset[str] = frozenset()
    """Tables that it changes, by triggers too."""


@dataclass(frozen=True)
class Load:
    """The statements of a rehearsal."""

    statements: tuple[Statement, ...]
    left_out: tuple[str, ...]
    """A sentence for each that cannot be asked."""

    @property
    def committed(self) -> tuple[Statement, ...]:
        """The writes that are committed."""
        return tuple(one for one in self.statements if one.follows)

    def reading(self) -> Load:
        """The same without writes that are committed."""
        return replace(self, statements=tuple(s for s in self.statements if s.kind == "reader"))


def try_statements(
    asked: Iterable[Asked],
    stable: Database,
    canary: Database,
    sampling: Sampling,
    may_change: Mapping[str, frozenset[str]],
    renames: Mapping[str, str],
    rounds: int = 2,
) -> Load:
    """Execute each statement on the unmigrated database, rolled back, to learn its form.

    Args:
        asked: what clients ask.
        stable: the unmigrated database.
        canary: the migrated one.
        sampling: settings of the sessions.
        may_change: table -> columns whose values the migration may change.
        renames: table -> the name that the migration gives it.
        rounds: how often each is executed to learn what it takes.

    Raises:
        UsageError: none of them can be executed.
    """
    found, left_out = [], []
    quickly = replace(sampling, query_seconds=MOST_SECONDS)
    with (
        open_session(stable, quickly) as reading,
        open_session(stable, quickly) as writing,
        open_session(canary, quickly) as new,
    ):
        reading.execute(READ_ONLY)
        for one in asked:
            old = reading if one.kind == "reader" else writing
            try:
                found.append(_tried(one, old, new, may_change, renames, rounds))
            except psycopg.Error as error:
                if old.info.transaction_status != TransactionStatus.IDLE:
                    old.rollback()  # a statement may have begun a transaction of its own
                why = error.diag.message_primary or str(error)
                left_out.append(
                    sentence(
                        "{query} is not asked: before the migration already {error}",
                        query=one.id,
                        error=why,
                    )
                )
    if not any(one.kind == "reader" for one in found):
        raise UsageError(
            "no reading query can be asked in the rehearsal of the rollout",
            where=joined("; ", left_out),
            todo="mend the queries named, or name others in [traffic] reads",
        )
    return Load(tuple(found), tuple(left_out))


def _tried(
    one: Asked,
    old: Connection,
    new: Connection,
    may_change: Mapping[str, frozenset[str]],
    renames: Mapping[str, str],
    rounds: int,
) -> Statement:
    if one.kind == "reader":
        seconds = min(_execute(old, one.before) for _ in range(rounds))
        return Statement(one.id, one.kind, one.before, one.after, seconds, one.weight)
    table = _followed(one.before, old, new, may_change, renames)
    if table is not None:
        before, after = (_with_returning(text, table) for text in (one.before, one.after))
        try:
            with old.transaction(force_rollback=True):
                seconds = min(_execute(old, before, table) for _ in range(2))
                old.execute("SET CONSTRAINTS ALL IMMEDIATE")
                touches = frozenset(name for (name,) in old.execute(_TOUCHED))
            return Statement(one.id, one.kind, before, after, seconds, one.weight, table, touches)
        except (psycopg.Error, _NotFollowed):
            pass  # it can be executed once, say, or a trigger changes what it returned
    before, after = (_ROLLED_BACK.format(text) for text in (one.before, one.after))
    seconds = min(_execute(old, before) for _ in range(rounds))
    return Statement(one.id, one.kind, before, after, seconds, one.weight)


class _NotFollowed(Exception):  # noqa: N818 - the write goes on, rolled back
    """The rows that a write returns are not those that are there afterwards."""


def _execute(connection: Connection, text: str, table: FollowedTable | None = None) -> float:
    began = time.perf_counter()
    cursor = psycopg.ClientCursor(connection)
    cursor.execute(text.encode())
    seconds = time.perf_counter() - began
    if table is not None:
        returned = acknowledged(cursor.fetchall())
        if table.rows(connection, returned) != returned:
            raise _NotFollowed
    return seconds


def acknowledged(rows: Iterable[tuple[Any, ...]]) -> dict[Key, str]:
    """Key -> hash of the rows that a followed write returned."""
    return {tuple(row[:-1]): row[-1] for row in rows}


def _followed(
    text: str,
    old: Connection,
    new: Connection,
    may_change: Mapping[str, frozenset[str]],
    renames: Mapping[str, str],
) -> FollowedTable | None:
    statement = _single(text)
    if statement is None:
        return None
    written = statement.relation
    name = ".".join(
        sql.Identifier(part).as_string(old)
        for part in (written.schemaname, written.relname)
        if part
    )
    try:
        (table,) = find(old, [name])
    except UsageError:
        return None
    if not table.primary_key:
        return None
    before: dict[str, str] = dict(old.execute(_COLUMNS, (table.name,)).fetchall())
    after: dict[str, str] = dict(
        new.execute(_COLUMNS, (renames.get(table.name, table.name),)).fetchall()
    )
    changing = may_change.get(table.name, frozenset())
    columns = tuple(
        column
        for column, kind in before.items()
        if after.get(column) == kind and column not in changing
    )
    if "*" in changing or not {*table.primary_key} <= {*columns}:
        return None
    return FollowedTable(table.name, tuple((c, before[c]) for c in table.primary_key), columns)


def _single(text: str) -> Any:
    """The tree of a text that is one INSERT or UPDATE; ``None`` of any other."""
    try:
        trees = pglast.parse_sql(text)
    except pglast.parser.ParseError:
        return None
    statement: Any = trees[0].stmt if len(trees) == 1 else None
    return statement if isinstance(statement, (ast.InsertStmt, ast.UpdateStmt)) else None


def _with_returning(text: str, table: FollowedTable) -> str:
    """The same statement, which returns what is needed to follow its rows, and nothing else."""
    statement = _single(text)
    if statement is None:
        return text
    for name in ("returningClause", "returningList"):  # by the version of the parser
        if hasattr(statement, name):
            setattr(statement, name, None)
    written = statement.relation
    relation = written.alias.aliasname if written.alias else written.relname
    return f"{RawStream()(statement)} RETURNING {table.returning(relation).as_string()}"


def shares(statements: Sequence[Statement]) -> tuple[float, ...]:
    """How often each is asked, as parts of a whole: by its weight, or each for as long in all."""
    weighted = any(one.weight for one in statements)
    raw = [
        (one.weight or 0.0) if weighted else 1 / max(one.seconds, SHORTEST) for one in statements
    ]
    total = sum(raw)
    return tuple(value / total for value in raw)
