"""Whether a query returns the same rows on two databases, in whatever order.

Everything is compared exactly but floating-point columns: their sums depend in the last digits on
the order in which rows are added up, and a migration may change that order.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Any

import psycopg

from shadowgate.language import nsentence, sentence
from shadowgate.measure.rounds import TimedSession
from shadowgate.queries.workload import Query

RELATIVE_TOLERANCE = 1e-9
"""Floating-point values that differ by less, relative to their size, are the same."""

_DIGITS = 6

Row = tuple[Any, ...]


@dataclass(frozen=True)
class Result:
    """The rows that a query returned, in an order of their own."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    widths: tuple[int, ...] = ()
    """Of a step of several statements, how many columns each returns: a row has its own ones."""

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
    with session.executing(query), connection.transaction(force_rollback=True):
        cursor = connection.execute(query.sql.encode())
        results = [_result_of(cursor)]
        while cursor.nextset():
            results.append(_result_of(cursor))
    if len(results) == 1:
        return results[0]
    return Result(
        ("statement", *(name for result in results for name in result.columns)),
        tuple((n, *row) for n, result in enumerate(results, start=1) for row in result.rows),
        tuple(len(result.columns) for result in results),
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
    after = _without_gained(before, after)
    if before.columns != after.columns:
        return sentence(
            "columns {old} became {new}",
            old=", ".join(before.columns),
            new=", ".join(after.columns),
        )
    if before.count != after.count:
        return nsentence(
            "{n} row became {new}", "{n} rows became {new}", before.count, new=after.count
        )
    for old, new in zip(before.rows, after.rows, strict=True):
        if not _same_row(old, new):
            return sentence("row {old} became {new}", old=_text(old), new=_text(new))
    return None


def gained_columns(before: Result, after: Result) -> tuple[str, ...]:
    """Columns that the second result has beside all those of the first, in the same order."""
    kept = _kept(before, after)
    if kept is None:
        return ()
    return tuple(name for place, name in enumerate(after.columns) if place not in kept)


def _kept(before: Result, after: Result) -> frozenset[int] | None:
    """Places of the columns from before; ``None`` if one is gone, or they are in another order.

    Of columns of the same name the first ones are: a table that is joined gains them at its end.
    """
    groups = (_statements(before), _statements(after))
    if len(groups[0]) != len(groups[1]):
        return None
    found: list[int] = []
    for wanted, there in zip(*groups, strict=True):
        places = iter(there)
        for name in wanted.values():
            place = next((place for place in places if there[place] == name), None)
            if place is None:
                return None
            found.append(place)
    return frozenset(found)


def _statements(result: Result) -> list[dict[int, str]]:
    """Place -> name of the columns, statement by statement."""
    named = list(enumerate(result.columns))
    if not result.widths:
        return [dict(named)]
    ends = list(accumulate((1, *result.widths)))  # the first column is the statement's number
    return [dict(named[start:end]) for start, end in pairwise((0, *ends))]


def _without_gained(before: Result, after: Result) -> Result:
    kept = _kept(before, after)
    if kept is None or len(kept) == len(after.columns):
        return after
    places = [[place for place in each if place in kept] for each in _statements(after)]
    columns = tuple(after.columns[place] for each in places for place in each)
    if not after.widths:
        return Result(columns, sort_rows(tuple(row[n] for n in places[0]) for row in after.rows))
    starts = [0, *accumulate(after.widths)]
    rows = (
        (row[0], *(row[place - starts[row[0] - 1]] for place in places[row[0]]))
        for row in after.rows
    )
    return Result(columns, sort_rows(rows), before.widths)


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
