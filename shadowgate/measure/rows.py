"""Whether a query returns the same rows on two databases, in whatever order.

Everything is compared exactly but floating-point columns: their sums depend in the last digits on
the order in which rows are added up, and a migration may change that order.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg

from shadowgate.measure.rounds import TimedSession
from shadowgate.measure.session import acting_as, in_words
from shadowgate.measure.workload import Query

RELATIVE_TOLERANCE = 1e-9
"""Floating-point values that differ by less, relative to their size, are the same."""

_DIGITS = 6

Row = tuple[Any, ...]


@dataclass(frozen=True)
class Result:
    """The rows that a query returned, in an order of their own."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...]

    @property
    def count(self) -> int:
        """How many rows."""
        return len(self.rows)

    @property
    def hash(self) -> str:
        """Hash that does not depend on the order of the rows; floats to six significant digits."""
        total = 0
        for row in self.rows:
            digest = hashlib.blake2b(_text(row).encode(), digest_size=16).digest()
            total = (total + int.from_bytes(digest)) % (1 << 128)
        return f"{self.count}:{total:032x}"


def fetch_result(session: TimedSession, query: Query) -> Result:
    """Execute a query once for its rows; a write is rolled back and gives its RETURNING rows.

    Of a step of several statements each row begins with the number of its statement.

    Raises:
        QueryError: the query failed or took too long.
        ServerError: the session was lost.
    """
    connection = session.connection
    with (
        in_words(query, session.database, session.query_seconds, connection),
        acting_as(connection, query.role),
        connection.transaction(force_rollback=True),
    ):
        cursor = connection.execute(query.sql.encode())
        results = [_result_of(cursor)]
        while cursor.nextset():
            results.append(_result_of(cursor))
    if len(results) == 1:
        return results[0]
    return Result(
        ("statement", *(name for result in results for name in result.columns)),
        tuple((n, *row) for n, result in enumerate(results, start=1) for row in result.rows),
    )


def _result_of(cursor: psycopg.Cursor[Row]) -> Result:
    if cursor.description is None:
        return Result(("rows affected",), ((cursor.rowcount,),))
    columns = tuple(column.name for column in cursor.description)
    return Result(columns, sort_rows(cursor.fetchall()))


def sort_rows(rows: Iterable[Row]) -> tuple[Row, ...]:
    """Rows in the order of a :class:`Result`."""
    return tuple(sorted(rows, key=_order))


def first_difference(before: Result, after: Result) -> str | None:
    """What differs first, in words; ``None`` when the results are the same.

    Columns that only the second one has are passed over: ``SELECT *`` follows its tables.
    """
    after = _without(after, gained_columns(before, after))
    if before.columns != after.columns:
        return f"columns {', '.join(before.columns)} became {', '.join(after.columns)}"
    if before.count != after.count:
        return f"{before.count} rows became {after.count}"
    for old, new in zip(before.rows, after.rows, strict=True):
        if not _same_row(old, new):
            return f"row {_text(old)} became {_text(new)}"
    return None


def gained_columns(before: Result, after: Result) -> tuple[str, ...]:
    """Columns that the second result has beside all those of the first, in the same order."""
    gained = tuple(name for name in after.columns if name not in before.columns)
    kept = tuple(name for name in after.columns if name in before.columns)
    return gained if kept == before.columns else ()


def _without(result: Result, columns: tuple[str, ...]) -> Result:
    if not columns:
        return result
    kept = [place for place, name in enumerate(result.columns) if name not in columns]
    return Result(
        tuple(result.columns[place] for place in kept),
        sort_rows(tuple(row[place] for place in kept) for row in result.rows),
    )


def _same_row(old: Row, new: Row) -> bool:
    return len(old) == len(new) and all(map(_same_value, old, new))


def _same_value(old: Any, new: Any) -> bool:
    if isinstance(old, float) and isinstance(new, float):
        return (math.isnan(old) and math.isnan(new)) or math.isclose(
            old, new, rel_tol=RELATIVE_TOLERANCE
        )
    return bool(old == new)


def _order(row: Row) -> tuple[Sequence[str], Sequence[float]]:
    """Exact columns first: only rows alike in all of them are told apart by their floats."""
    floats = [value for value in row if isinstance(value, float)]
    return [repr(value) for value in row if not isinstance(value, float)], floats


def _text(row: Row) -> str:
    values = (f"{value:.{_DIGITS}g}" if isinstance(value, float) else repr(value) for value in row)
    return f"({', '.join(values)})"
