"""How long a query takes, and how many pages it reads, when the buffer cache is empty of its pages.

Every execution has a fresh copy, made past the buffer cache and read by nobody yet, and a session
that has planned the query but not executed it. The server's buffer cache is cold then; the
operating system's is not emptied, since that needs privileges over the whole machine. The pages
read are therefore the figure that travels: on a server whose data does not fit its memory each of
them is a disk access.
"""

from __future__ import annotations

import random
import statistics
from collections.abc import Mapping
from dataclasses import dataclass

from shadowgate.language import nsentence
from shadowgate.measure.copies import CloneFactory, fresh_copy
from shadowgate.measure.plans import explain
from shadowgate.measure.rounds import timed_session, undisturbed
from shadowgate.measure.sampling import Sampling
from shadowgate.measure.session import acting_as
from shadowgate.progress import Progress, silent
from shadowgate.queries.workload import Query, Workload, has_plan
from shadowgate.server.base import Database

COLD_ROUNDS = 3


@dataclass(frozen=True)
class ColdRun:
    """One execution in a fresh copy."""

    milliseconds: float
    pages_read: int
    """Pages that were not in the server's buffer cache."""


@dataclass(frozen=True)
class ColdFigures:
    """One query, cold, on both sides."""

    query: str
    before: tuple[ColdRun, ...]
    after: tuple[ColdRun, ...]

    @property
    def medians(self) -> tuple[ColdRun, ColdRun]:
        """Before and after."""
        return _median(self.before), _median(self.after)

    @property
    def sentence(self) -> str:
        """Medians in words."""
        before, after = self.medians
        return nsentence(
            "{query} with a cold buffer cache: {after:.1f} ms and {n} page read instead of "
            "{before:.1f} ms and {pages}",
            "{query} with a cold buffer cache: {after:.1f} ms and {n} pages read instead of "
            "{before:.1f} ms and {pages}",
            after.pages_read,
            query=self.query,
            after=after.milliseconds,
            before=before.milliseconds,
            pages=before.pages_read,
        )


def _median(runs: tuple[ColdRun, ...]) -> ColdRun:
    return ColdRun(
        statistics.median(run.milliseconds for run in runs),
        int(statistics.median(run.pages_read for run in runs)),
    )


def measure_cold(
    databases: tuple[Database, Database],
    workload: Workload,
    sampling: Sampling,
    *,
    rounds: int = COLD_ROUNDS,
    clones: CloneFactory = fresh_copy,
    progress: Progress = silent,
) -> Mapping[str, ColdFigures]:
    """Execute each reading query so many times on each side, each time in a fresh copy.

    Takes a copy of a database for each execution, so name only the queries that matter.

    Args:
        databases: before and after; nobody may be connected to them.
        workload: the queries; those that write are passed over.
        sampling: settings of the sessions and seed.
        rounds: executions of each query on each side.
        clones: makes the copies; see :mod:`shadowgate.measure.copies`.
        progress: receives what is going on.

    Raises:
        ValidationError: a query failed or took too long.
        ServerError: a database cannot be cloned or a session was lost.
    """
    generator = random.Random(f"cold {sampling.demands.seed}")  # noqa: S311 - an order, not a secret
    taken: dict[str, tuple[list[ColdRun], list[ColdRun]]] = {
        query.id: ([], []) for query in workload.reads
    }
    for number in range(1, rounds + 1):
        turns = [(query, side) for query in workload.reads for side in (0, 1)]
        for query, side in generator.sample(turns, len(turns)):
            asked = query.after if side else query
            taken[query.id][side].append(_run_cold(databases[side], asked, sampling, clones))
        progress(f"measuring with a cold buffer cache: round {number} of {rounds}")
    return {
        id_: ColdFigures(id_, tuple(before), tuple(after)) for id_, (before, after) in taken.items()
    }


def _run_cold(source: Database, query: Query, sampling: Sampling, clones: CloneFactory) -> ColdRun:
    with clones(source) as copy, timed_session(copy, sampling) as session:
        connection = session.connection
        with acting_as(connection, query.role), connection.transaction(force_rollback=True):
            for statement in query.statements:
                plan = f"EXPLAIN {statement}" if has_plan(statement) else statement
                connection.execute(plan.encode())
        with undisturbed([session]):
            metrics = explain(session, query, {})
        return ColdRun(metrics.execution_ms, metrics.shared_read)
