"""Tells rows that differ because a query leaves their order open from rows that were changed.

``string_agg``, ``array_agg``, ``ST_Collect`` and others take rows as they come; ``LIMIT`` and
``DISTINCT ON`` keep those that come first. Without an ORDER BY that tells all rows apart, the
answer depends on how rows lie in their pages and on the plan. A migration that rewrites rows moves
them and changes nothing.

The database before the migration is the reference. A copy of it is asked under several plans, then
with the rows of every table that the query reads written anew in another order. What it answers
differently there has no defined order. That alone excuses nothing: the two answers in question must
also agree in everything but that order. Of aggregates the members must be the same
(:mod:`shadowgate.measure.answers.members`), taken apart in the strictest way in which the copy
agrees with itself. Of ``LIMIT``, all rows that it chooses from must be the same on both sides.
Failing both, each row must be one that the copy itself returned.

Values that differ each time somebody asks, such as ``now()``, are found by asking twice and left
out; numbers drawn from a sequence may be ahead, but not behind.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field

import pglast
import psycopg
from pglast import ast
from pglast.stream import RawStream
from psycopg import sql

from shadowgate.language import sentence
from shadowgate.measure.answers.members import Split, forms, members, split_words
from shadowgate.measure.answers.rows import Result, Row, fetch_result, first_difference, sort_rows
from shadowgate.measure.failures import QueryError
from shadowgate.measure.rounds import TimedSession, timed_session
from shadowgate.measure.sampling import Sampling
from shadowgate.measure.session import acting_as
from shadowgate.queries.workload import Query
from shadowgate.server.base import Connection, Database

CopyFactory = Callable[[], AbstractContextManager[Database]]
"""Makes a copy of a database that is gone when its context ends."""

ORDERS = ("ctid DESC", "md5(ctid::text || 'a')", "md5(ctid::text || 'b')")
"""Orders in which rows are written anew, one after the other, as long as nothing is explained."""

PLANS: Sequence[Mapping[str, str]] = (
    {},
    {"enable_indexscan": "off", "enable_indexonlyscan": "off", "enable_bitmapscan": "off"},
    {"enable_seqscan": "off", "enable_bitmapscan": "off"},
    {"enable_hashagg": "off", "enable_hashjoin": "off"},
    {"enable_sort": "off", "enable_nestloop": "off", "enable_mergejoin": "off"},
)
"""Settings that change plans. None may change an answer that is defined, unless they are what is
asked for."""

_ASKS_FOR_SETTINGS = ("current_setting", "pg_settings")

PATIENCE, LEAST_PATIENCE = 10.0, 2.0
"""An answer under another plan is waited for so many times as long as it took at first, in seconds
at least the latter."""

_READ = """
SELECT n.nspname, c.relname
FROM pg_catalog.pg_stat_xact_user_tables AS s
JOIN pg_catalog.pg_class AS c ON c.oid = s.relid
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND coalesce(s.seq_scan, 0) + coalesce(s.idx_scan, 0) > 0
ORDER BY 1, 2
"""
"""Tables that the transaction has read, those that its functions read included."""

_COLUMNS = """
SELECT attname
FROM pg_catalog.pg_attribute
WHERE attrelid = pg_catalog.to_regclass(%s) AND attnum > 0 AND NOT attisdropped
    AND attgenerated = ''
ORDER BY attnum
"""

_REORDER = (
    "CREATE TEMPORARY TABLE shadowgate_reordered ON COMMIT DROP AS"
    " SELECT {columns} FROM ONLY {table} ORDER BY {order}",
    "DELETE FROM ONLY {table}",
    "INSERT INTO {table} ({columns}) OVERRIDING SYSTEM VALUE"
    " SELECT {columns} FROM shadowgate_reordered",
    "DROP TABLE shadowgate_reordered",
)

_ALL_ROWS = """
SELECT count(*), sum(('x' || left(md5(one::text), 15))::bit(60)::bigint::numeric)
FROM ({query}) AS one
"""


@dataclass(frozen=True)
class Answers:
    """What a copy of the database before the migration answers, however it is asked."""

    first: Result
    volatile: frozenset[int] = frozenset()
    """Columns, by number, that differ each time."""
    others: tuple[Result, ...] = field(default_factory=tuple)
    """Answers under other plans, and with rows in another order."""

    def plain(self, result: Result) -> Result:
        """A result without the columns that differ each time."""
        return without_columns(result, self.volatile)

    @property
    def vary(self) -> bool:
        """Whether the query has no defined answer."""
        first = self.plain(self.first)
        return any(first_difference(first, self.plain(other)) for other in self.others)


def explain_by_order(
    before_copy: CopyFactory,
    query: Query,
    before: Result,
    after: Result,
    *,
    after_copy: CopyFactory | None = None,
    sampling: Sampling | None = None,
) -> str | None:
    """Why two answers that differ are the same but for an order that the query leaves open.

    Args:
        before_copy: makes a copy of the database before the migration; it is written to.
        query: the query; the migrated database was asked its rewritten form, if there is one.
        before: what was returned before the migration.
        after: what was returned after it.
        after_copy: makes a copy of the migrated database; without it, rows that ``LIMIT`` or
            ``DISTINCT ON`` chose otherwise can only be explained if they were seen before.
        sampling: settings of the sessions.

    Returns:
        A sentence with the remedy; ``None`` if the difference is a change, or nothing says that it
        is none.

    Raises:
        ServerError: a database cannot be copied, or a session was lost.
    """
    if before.columns != after.columns or before.count != after.count:
        return None
    sampling = sampling or Sampling()
    chooses = after_copy is not None and unlimited(query.sql) is not None
    with before_copy() as copy, timed_session(copy, sampling) as session:
        for answers in _asked(session, query, before):
            found = compare_answers(answers, before, after, query, or_seen=not chooses)
            if found is not None:
                return found
            if chooses and answers.vary and after_copy is not None:
                return _compare_choice(session, query, after_copy, sampling)
    return None


def unordered(
    before_copy: CopyFactory, queries: Sequence[Query], sampling: Sampling | None = None
) -> frozenset[str]:
    """Ids of the queries whose answer is not defined: it depends on how rows lie, or on the plan.

    Args:
        before_copy: makes a copy of the database before the migration; it is written to.
        queries: the queries, in their original form.
        sampling: settings of the sessions.

    Raises:
        ServerError: a database cannot be copied, or a session was lost.
    """
    found = set()
    sampling = sampling or Sampling()
    with before_copy() as copy, timed_session(copy, sampling) as session:
        for query in queries:
            first = _ask(session, query)
            if first is not None and any(one.vary for one in _asked(session, query, first)):
                found.add(query.id)
    return frozenset(found)


def difference_beyond_order(before: Result, after: Result) -> str | None:
    """What differs first between answers of a query that is known to have no defined order.

    Members of arrays, geometries and texts may be in another order; none may be missing or others.
    """
    columns = frozenset(range(_width(before)))
    alike = before.columns == after.columns and before.count == after.count
    if alike and _same_members(before, after, columns, split_words):
        return None
    return first_difference(before, after)


def compare_answers(
    answers: Answers, before: Result, after: Result, query: Query, *, or_seen: bool = True
) -> str | None:
    """What explains the difference, given what the copy answers; ``None`` if nothing does.

    Args:
        answers: what the copy answers.
        before: what was returned before the migration.
        after: what was returned after it.
        query: the query.
        or_seen: whether it is enough that the copy returned each of the rows.
    """
    said = []
    if answers.volatile:
        if not all(_may_follow(n, before, after) for n in answers.volatile):
            return None
        said.append(_say_volatile(before, answers.volatile, query))
    old, new = answers.plain(before), answers.plain(after)
    others = [answers.plain(other) for other in answers.others]
    if first_difference(old, new) is None:
        return "; ".join(said) or None
    columns = differing_columns(old, others)
    for split in forms(query.sql):
        same = [_same_members(old, other, columns, split) for other in others]
        if columns and all(same):
            if not _same_members(old, new, columns, split):
                break
            return "; ".join([*said, _say_aggregate(old, columns, query)])
    if (
        answers.vary
        and or_seen
        and (_same_but_for_pairing(old, new, others) or _were_seen(new, (old, *others)))
    ):
        return "; ".join([*said, _say_rows(query)])
    return None


def without_columns(result: Result, columns: frozenset[int]) -> Result:
    """A result without some of its columns."""
    kept = [n for n in range(_width(result)) if n not in columns]
    names = tuple(name for n, name in enumerate(result.columns) if n not in columns)
    rows = (tuple(row[n] for n in kept if n < len(row)) for row in result.rows)
    return Result(names, sort_rows(rows))


def differing_columns(result: Result, others: Sequence[Result]) -> frozenset[int]:
    """Columns whose values are not the same ones in some other answer, whatever their rows."""
    return frozenset(
        n
        for n in range(_width(result))
        if any(first_difference(_column(result, n), _column(other, n)) for other in others)
    )


def _width(result: Result) -> int:
    return max(map(len, result.rows), default=len(result.columns))


def _column(result: Result, number: int) -> Result:
    values = [row[number : number + 1] for row in result.rows]
    return Result(("value",), sort_rows(values))


def _same_members(one: Result, other: Result, columns: frozenset[int], split: Split) -> bool:
    """Whether two answers agree once the values of some columns are reduced to their members."""

    def reduced(result: Result) -> Result:
        rows = (
            tuple(members(value, split) if n in columns else value for n, value in enumerate(row))
            for row in result.rows
        )
        return Result(result.columns, sort_rows(rows))

    return first_difference(reduced(one), reduced(other)) is None


def _same_but_for_pairing(old: Result, new: Result, others: Sequence[Result]) -> bool:
    """Whether only one column's values go to other rows, as numbers of rows without an order do."""
    for n in range(_width(old)):
        apart = [without_columns(one, frozenset({n})) for one in (old, new, *others)]
        alike = [_column(one, n) for one in (old, new, *others)]
        if not any(
            first_difference(group[0], one) for group in (apart, alike) for one in group[1:]
        ):
            return True
    return False


def _were_seen(result: Result, others: Sequence[Result]) -> bool:
    """Whether the copy itself returned each of the rows, as often, in some order or other."""
    seen: Counter[str] = Counter()
    for other in others:
        seen |= Counter(map(_key, other.rows))
    return Counter(map(_key, result.rows)) <= seen


def _key(row: Row) -> str:
    return repr([f"{value:.9g}" if isinstance(value, float) else value for value in row])


def _may_follow(column: int, before: Result, after: Result) -> bool:
    """Whether values that differ each time may be what they are: whole numbers are not behind."""
    old, new = (
        sorted(value for row in result.rows for value in row[column : column + 1] if _whole(value))
        for result in (before, after)
    )
    return len(old) == len(new) and all(a <= b for a, b in zip(old, new, strict=True))


def _whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _names(result: Result, columns: frozenset[int]) -> str:
    return ", ".join(result.columns[n] for n in sorted(columns) if n < len(result.columns))


def _say_aggregate(result: Result, columns: frozenset[int], query: Query) -> str:
    return sentence(
        "{query} has no defined order: {columns} has the same members in another order, as it has "
        "without the migration when rows lie otherwise; add ORDER BY inside the aggregate",
        query=query.id,
        columns=_names(result, columns),
    )


def _say_rows(query: Query) -> str:
    return sentence(
        "{query} has no defined order: without the migration it returns other rows, too, when they "
        "lie otherwise; add columns to ORDER BY until it tells all rows apart",
        query=query.id,
    )


def _say_volatile(result: Result, columns: frozenset[int], query: Query) -> str:
    return sentence(
        "{columns} of {query} differs each time it is asked, so it is not compared",
        columns=_names(result, columns),
        query=query.id,
    )


def _asked(session: TimedSession, query: Query, before: Result) -> Iterator[Answers]:
    """What the copy answers, more each time, until all orders were tried or none matters."""
    started = time.monotonic()
    first, again = _ask(session, query), _ask(session, query)
    if first is None or again is None:
        return
    patience = max(LEAST_PATIENCE, PATIENCE * (time.monotonic() - started))
    volatile = differing_columns(before, [first, again])
    plans = PLANS[:1] if any(word in query.sql.lower() for word in _ASKS_FOR_SETTINGS) else PLANS
    others = _ask_under(session, query, plans[1:], patience)
    answers = Answers(before, volatile, tuple(others))
    yield answers
    for order in ORDERS:
        try:
            _reorder(session.connection, _tables_read(session, query), order)
        except psycopg.Error:  # such as foreign keys, which only a superuser may suspend
            return
        others += _ask_under(session, query, plans, patience)
        answers = Answers(before, volatile, tuple(others))
        yield answers
        if not answers.vary:
            return


def _ask_under(
    session: TimedSession, query: Query, plans: Sequence[Mapping[str, str]], seconds: float
) -> list[Result]:
    """Answers under several plans, as far as they come in time: some right ones take hours."""
    limit = {"statement_timeout": str(round(1000 * seconds))}
    answers = (_ask(session, query, {**plan, **limit}) for plan in plans)
    return [answer for answer in answers if answer is not None]


def _ask(
    session: TimedSession, query: Query, settings: Mapping[str, str] | None = None
) -> Result | None:
    """The answer under some settings; ``None`` if it fails, which tells nothing of an order."""
    with _set(session.connection, settings or {}):
        try:
            return fetch_result(session, query)
        except QueryError:
            return None


@contextmanager
def _set(connection: Connection, settings: Mapping[str, str]) -> Iterator[None]:
    """Settings of the session that are as before in the end."""
    change = "SELECT pg_catalog.current_setting(%s), pg_catalog.set_config(%s, %s, false)"
    earlier = {}
    for name, value in settings.items():
        row = connection.execute(change, (name, name, value)).fetchone()
        earlier[name] = row[0] if row else ""
    try:
        yield
    finally:
        for name, value in earlier.items():
            connection.execute("SELECT pg_catalog.set_config(%s, %s, false)", (name, value))


def _tables_read(session: TimedSession, query: Query) -> list[tuple[str, str]]:
    connection = session.connection
    with acting_as(connection, query.role), connection.transaction(force_rollback=True):
        connection.execute(query.sql.encode())
        return [(schema, name) for schema, name in connection.execute(_READ)]


def _reorder(connection: Connection, tables: Sequence[tuple[str, str]], order: str) -> None:
    """Write the rows of tables anew in another order, past triggers, rules and foreign keys.

    Raises:
        psycopg.Error: the role may not go past them, or a row cannot be written again.
    """
    with connection.transaction():
        connection.execute("SET LOCAL statement_timeout = 0")
        connection.execute("SET LOCAL session_replication_role = replica")
        for schema, name in tables:
            table = sql.Identifier(schema, name)
            found = connection.execute(_COLUMNS, (table.as_string(connection),)).fetchall()
            columns = sql.SQL(", ").join(sql.Identifier(column) for (column,) in found)
            if not found:
                continue
            for statement in _REORDER:
                connection.execute(
                    sql.SQL(statement).format(
                        columns=columns,
                        table=table,
                        order=sql.SQL(order),
                    )
                )


def _compare_choice(
    session: TimedSession, query: Query, after_copy: CopyFactory, sampling: Sampling
) -> str | None:
    """Whether both sides choose from the same rows, where the query keeps those that come first."""
    old, new = unlimited(query.sql), unlimited(query.after.sql)
    if old is None or new is None:
        return None
    with after_copy() as copy, timed_session(copy, sampling) as other:
        before, after = _all_rows(session, query, old), _all_rows(other, query.after, new)
    return _say_rows(query) if before is not None and before == after else None


def _all_rows(session: TimedSession, query: Query, text: str) -> Row | None:
    """Number and sum of hashes of all rows; ``None`` if that cannot be told."""
    connection = session.connection
    try:
        with acting_as(connection, query.role), connection.transaction(force_rollback=True):
            return connection.execute(_ALL_ROWS.replace("{query}", text).encode()).fetchone()
    except psycopg.Error:
        return None


def unlimited(text: str) -> str | None:
    """The query without LIMIT, OFFSET and DISTINCT ON; ``None`` if it has none of them on top."""
    try:
        statements = pglast.parse_sql(text)
    except pglast.parser.ParseError:
        return None
    statement = statements[0].stmt if len(statements) == 1 else None
    if not isinstance(statement, ast.SelectStmt):
        return None
    is_on = bool(statement.distinctClause and statement.distinctClause[0] is not None)
    if statement.limitCount is None and statement.limitOffset is None and not is_on:
        return None
    statement.limitCount = statement.limitOffset = statement.sortClause = None
    if is_on:
        statement.distinctClause = None
    return str(RawStream()(statement))
