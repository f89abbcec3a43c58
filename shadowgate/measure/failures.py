"""A query that the server refused: what it said, as data, with what is needed to see why."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import psycopg

from shadowgate.errors import ValidationError
from shadowgate.language import joined, sentence
from shadowgate.measure.sampler import SideName

TIMEOUT = "57014"
"""SQLSTATE of a statement that ``statement_timeout`` ended."""

_WHOLE_ROWS = frozenset({"23502", "23514"})
"""SQLSTATEs of a refused row whose detail is all of its values: kept as data, not put in words."""


@dataclass(frozen=True)
class QueryFailure:
    """One query that failed on one side."""

    query: str
    message: str
    sqlstate: str | None = None
    side: SideName = "before"
    detail: str = ""
    context: str = ""
    """Where within functions, innermost first, a line each, as PostgreSQL says it."""
    line: int | None = None
    """Line of the query's text that PostgreSQL points at."""
    settings: Mapping[str, str] = field(default_factory=dict)
    """Settings that it may depend on: ``role`` and ``search_path``."""
    path: Path = Path()

    @property
    def timed_out(self) -> bool:
        """Whether it only took too long."""
        return self.sqlstate == TIMEOUT

    def __str__(self) -> str:
        state = "" if self.timed_out or not self.sqlstate else f"SQLSTATE {self.sqlstate}"
        within = "; ".join(line.strip() for line in self.context.splitlines() if line.strip())
        facts = (
            state,
            "" if self.sqlstate in _WHOLE_ROWS else self.detail.rstrip("."),
            # TRANSLATORS: {context} is where in a function, as PostgreSQL says it
            sentence("in {context}", context=within) if within else "",
            sentence("{script}, line {line}", script=self.path.name, line=self.line)
            if self.line
            else self.path.name,
            *(f"{name} {value}" for name, value in self.settings.items() if value),
        )
        said = joined("; ", (fact for fact in facts if fact))
        values = {"query": self.query, "message": self.message, "facts": said}
        if self.side == "before":
            return sentence("{query} fails before the migration: {message} ({facts})", **values)
        return sentence("{query} fails after the migration: {message} ({facts})", **values)


class QueryError(ValidationError):
    """One query failed; others may go on."""

    def __init__(
        self, failure: QueryFailure, what: str, *, where: str = "", todo: str = ""
    ) -> None:
        self.failure = failure
        super().__init__(what, where=where, todo=todo)


class Failures:
    """The first failure of each query on each side, as several threads meet them."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, SideName], QueryFailure] = {}
        self._adding = threading.Lock()

    def add(self, error: QueryError, side: SideName) -> None:
        """Keep what a query failed with on one side, unless it failed there before."""
        failure = replace(error.failure, side=side)
        with self._adding:
            self._found.setdefault((failure.query, side), failure)

    @contextmanager
    def noted(self, side: SideName) -> Iterator[None]:
        """End what is inside when a query fails there, and keep why."""
        try:
            yield
        except QueryError as error:
            self.add(error, side)

    @property
    def queries(self) -> frozenset[str]:
        """The queries that failed on any side."""
        with self._adding:
            return frozenset(query for query, _ in self._found)

    @property
    def broken(self) -> tuple[str, ...]:
        """The queries that worked before the migration and fail after it."""
        with self._adding:
            sides = {*self._found}
        return tuple(
            q for q, side in sorted(sides) if side == "after" and (q, "before") not in sides
        )

    def of(self, query: str) -> tuple[QueryFailure, ...]:
        """Failures of one query, before and after."""
        found = (self._found.get((query, side)) for side in ("before", "after"))
        return tuple(one for one in found if one is not None)


def failures_in_words(failures: tuple[QueryFailure, ...]) -> str | None:
    """Whose failure it is: the migration's, or the query's own; ``None`` if there is none.

    Args:
        failures: of one query, at most one on each side.
    """
    sides = {failure.side: failure for failure in failures}
    before, after = sides.get("before"), sides.get("after")
    if before is None:
        return (
            None
            if after is None
            else sentence("worked before, fails after: {failure}", failure=str(after))
        )
    if after is None:
        return sentence("works after the migration only: {failure}", failure=str(before))
    return sentence("fails with and without the migration: {failure}", failure=str(before))


def failure_of(
    error: psycopg.Error,
    query: str,
    path: Path,
    text: str,
    settings: Mapping[str, str],
    message: str = "",
) -> QueryFailure:
    """What the server says of a query, as data.

    Args:
        error: what psycopg raised.
        query: id of the query.
        path: its file.
        text: its text; PostgreSQL's position counts in it.
        settings: see :class:`QueryFailure`.
        message: said instead of the server's own.
    """
    diag = error.diag
    position = diag.statement_position
    return QueryFailure(
        query=query,
        message=message or diag.message_primary or str(error),
        sqlstate=error.sqlstate,
        detail=diag.message_detail or "",
        context=diag.context or "",
        line=text.count("\n", 0, int(position) - 1) + 1 if position else None,
        settings=settings,
        path=path,
    )
