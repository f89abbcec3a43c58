"""Phase 6: a rewritten query returns what the original did, and still does after writes.

A faster form of a query reads what the migration keeps for it: stored measures, a view, another
table. That can be right on the day and wrong after the first write, so both forms are asked twice,
with writes committed in between. The original is asked on the migrated copy itself where it can
still run there. Where it cannot, as after a table was renamed, it is asked on a copy from before
the migration that was given the same writes in their original form.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg

from shadowgate.errors import ValidationError
from shadowgate.evidence import Table
from shadowgate.language import sentence
from shadowgate.measure import Sampling
from shadowgate.measure.answers.rows import Result, fetch_result, first_difference
from shadowgate.measure.rounds import TimedSession, timed_session
from shadowgate.plan import Plan
from shadowgate.progress import Progress
from shadowgate.queries import Query, Workload
from shadowgate.server import Database, Databases

_NOT_THERE = (
    psycopg.errors.UndefinedTable,
    psycopg.errors.UndefinedColumn,
    psycopg.errors.UndefinedFunction,
)


@dataclass(frozen=True)
class Rewrite:
    """One rewritten query beside its original."""

    query: Query
    asked: str
    """Where the original was asked, in words."""
    rows: int
    """Rows that the original returned before the writes."""
    before: str | None
    """What differs before the writes; ``None`` if nothing does."""
    after: str | None
    """What differs after them."""
    touched: bool
    """Whether the writes changed what the original returns."""

    @property
    def same(self) -> bool:
        """Whether both forms returned the same rows both times."""
        return self.before is None and self.after is None

    def sentences(self) -> Iterator[str]:
        """What differs, a sentence each time."""
        if self.before is not None:
            yield sentence(
                "{query} rewritten differs before the writes: {difference}",
                query=self.query.id,
                difference=self.before,
            )
        if self.after is not None:
            yield sentence(
                "{query} rewritten differs after the writes: {difference}",
                query=self.query.id,
                difference=self.after,
            )


@dataclass(frozen=True)
class Rewrites:
    """Every rewritten reading query, and how many rows the writes between touched."""

    queries: tuple[Rewrite, ...]
    written: int

    def table(self) -> Table:
        """As a table of evidence."""
        return Table(
            "Rewritten queries beside their originals",
            ("query", "original asked on", "rows", "before writes", "after writes", "touched"),
            tuple(
                (
                    item.query.id,
                    item.asked,
                    f"{item.rows:,}",
                    item.before or sentence("the same"),
                    item.after or sentence("the same"),
                    sentence("yes") if item.touched else sentence("no"),
                )
                for item in self.queries
            ),
        )


def prove_rewrites(
    shadow: Database,
    migrated: Database,
    workload: Workload,
    databases: Databases,
    plan: Plan,
    progress: Progress,
) -> Rewrites:
    """Ask both forms of every rewritten query before and after writes, on clones.

    The writes are those of the workload, committed, then the plan's ``[workload] writes``, on each
    copy in its own form.

    Raises:
        ValidationError: a query or a write failed.
    """
    progress("asking original and rewritten queries before and after writes")
    asked = [query for query in workload.rewrites if query.kind == "read"]
    with _session(migrated, databases, f"{plan.database}_rewritten") as after:
        migrated_writes = (query.after for query in workload.writes)
        writes = {after: _writes(migrated_writes, "writes", plan)}
        if all(_runs(after, query) for query in asked):
            return _prove(after, after, asked, writes, sentence("the migrated copy"))
        with _session(shadow, databases, f"{plan.database}_original") as before:
            writes[before] = _writes(workload.writes, "original_writes", plan)
            return _prove(before, after, asked, writes, sentence("the copy before the migration"))


Writes = Mapping[TimedSession, Sequence[tuple[str, str]]]
"""For each session: what to commit, as name and SQL."""


def _prove(
    original: TimedSession,
    rewritten: TimedSession,
    queries: Sequence[Query],
    writes: Writes,
    asked: str,
) -> Rewrites:
    before = [_both(original, rewritten, query) for query in queries]
    written = [
        sum(_commit(session, *write) for write in batch) for session, batch in writes.items()
    ]
    after = [_both(original, rewritten, query) for query in queries]
    return Rewrites(
        tuple(
            Rewrite(
                query=query,
                asked=asked,
                rows=old[0].count,
                before=first_difference(*old),
                after=first_difference(*new),
                touched=first_difference(old[0], new[0]) is not None,
            )
            for query, old, new in zip(queries, before, after, strict=True)
        ),
        min(written),
    )


def _both(original: TimedSession, rewritten: TimedSession, query: Query) -> tuple[Result, Result]:
    return fetch_result(original, query), fetch_result(rewritten, query.after)


def _writes(queries: Iterable[Query], key: str, plan: Plan) -> list[tuple[str, str]]:
    """What to commit, as name and SQL: the workload's writes, then the plan's own."""
    more = getattr(plan.workload, key)
    writes = [(query.id, query.sql) for query in queries]
    return [*writes, (f"[workload] {key}", more)] if more else writes


@contextmanager
def _session(source: Database, databases: Databases, name: str) -> Iterator[TimedSession]:
    with databases.cloned(source, name) as copy, timed_session(copy, Sampling()) as session:
        yield session


def _runs(session: TimedSession, query: Query) -> bool:
    """Whether the original finds everything that it names on the migrated copy."""
    try:
        session.connection.execute(f"EXPLAIN {query.sql}".encode())
    except _NOT_THERE:
        return False
    return True


def _commit(session: TimedSession, name: str, statements: str) -> int:
    """Commit statements in one transaction; the rows that the last one touched."""
    try:
        with session.connection.transaction():
            return max(session.connection.execute(statements.encode()).rowcount, 0)
    except psycopg.Error as error:
        raise ValidationError(
            sentence(
                "{name} cannot be written to {database}: {error}",
                name=name,
                database=session.database.name,
                error=error.diag.message_primary or str(error),
            ),
            todo="mend it, or see what the migration changed under it",
        ) from error
