"""What does not depend on time: the rows that a query returns on each side, and its plan.

A query that runs for an hour after the migration would keep everybody waiting for an answer that is
known. So it is ended once it has taken many times as long as before; it is asked again when all
others have answered, with what the very first execution before took as its measure.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from shadowgate.language import sentence
from shadowgate.measure.answers.rows import Result, fetch_result
from shadowgate.measure.concurrency import all_at_once
from shadowgate.measure.failures import QueryError
from shadowgate.measure.plans import NO_PLAN, PlanMetrics, Roots, explain, read_roots
from shadowgate.measure.sampling import Sampling
from shadowgate.measure.sides import Side, Sides
from shadowgate.queries.workload import Query, Workload

PATIENCE_RATIO = 20.0
PATIENCE_SECONDS = 5.0
"""A query has failed after so many times as long as before, and so many seconds at least. Where the
plan allows it more than half of that, it has twice what the plan allows."""


@dataclass(frozen=True)
class SideFacts:
    """What does not depend on time: the rows that a query returned and what its plan did."""

    result: Result
    metrics: PlanMetrics


NOTHING = SideFacts(Result((), ()), NO_PLAN)
"""Of a query that failed."""

Facts = tuple[SideFacts, SideFacts]
"""Before and after."""


def gather_facts(
    sides: Sides, workload: Workload, seconds: Mapping[str, float], sampling: Sampling
) -> dict[str, Facts]:
    """Rows and plan of every query on both sides, which are asked at the same time.

    What fails is noted in ``sides``.

    Args:
        sides: the sessions.
        workload: the queries.
        seconds: how long queries take before; one that is not named may take as long as any.
        sampling: what the plan allows.
    """
    return _Asking(sides, workload, seconds, sampling).facts()


def patience(query: str, before: float, sampling: Sampling) -> float:
    """Seconds that a query has after the migration, which took so many before."""
    demands = sampling.demands
    allowed = before * (1.0 + demands.limit_of(query) / 100.0) + demands.floor_ms / 1000.0
    return max(PATIENCE_SECONDS, PATIENCE_RATIO * before, 2.0 * allowed)


@dataclass
class _Asking:
    sides: Sides
    workload: Workload
    seconds: Mapping[str, float]
    sampling: Sampling
    first: dict[str, float] = field(default_factory=dict)
    """Query -> seconds of its first execution before: its pages were in no cache, as after."""
    cut: list[Query] = field(default_factory=list)
    """Queries that were ended after the migration, to be asked once more."""

    def facts(self) -> dict[str, Facts]:
        before, after = all_at_once(self._ask, (self.sides.before, self.sides.after))
        found = zip(before, after, strict=True)
        return dict(zip(self.workload.by_id, found, strict=True)) | self._once_more(before)

    def _ask(self, side: Side) -> list[SideFacts]:
        roots = read_roots(side.readers[0])  # all copies of a side are alike
        return [self._of(side, query, roots) for query in self.workload.queries]

    def _of(self, side: Side, query: Query, roots: Roots) -> SideFacts:
        before = self.seconds.get(query.id) if side.migrated else None
        most = patience(query.id, before, self.sampling) if before else self.sampling.query_seconds
        try:
            return self._answer(side, query, roots, most)
        except QueryError as error:
            if before and error.failure.timed_out:
                self.cut.append(query)
            else:
                self.sides.failures.add(error, side.name)
            return NOTHING

    def _once_more(self, before: Sequence[SideFacts]) -> dict[str, Facts]:
        """What was ended for its time alone: asked again by what the same took before, then."""
        side = self.sides.after
        roots = read_roots(side.readers[0]) if self.cut else None
        known = dict(zip(self.workload.by_id, before, strict=True))
        answers = {}
        for query in self.cut:
            assert roots is not None  # noqa: S101 - read for them
            took = max(self.first.get(query.id, 0.0), self.seconds[query.id])
            try:
                most = patience(query.id, took, self.sampling)
                answers[query.id] = known[query.id], self._answer(side, query, roots, most)
            except QueryError as error:
                self.sides.failures.add(_beside_before(error, took), side.name)
        return answers

    def _answer(self, side: Side, query: Query, roots: Roots, most: float) -> SideFacts:
        form = side.form(query)
        with side.sessions(query)[0].limited(most) as session:
            began = time.perf_counter()
            rows = fetch_result(session, form)
            if not side.migrated:
                self.first[query.id] = time.perf_counter() - began
            return SideFacts(rows, explain(session, form, roots))


def _beside_before(error: QueryError, took: float) -> QueryError:
    """The error of a query that was ended, with what it took before."""
    if error.failure.timed_out:
        said = sentence(
            "{message}; before it took {seconds:.2g} s at most",
            message=error.failure.message,
            seconds=took,
        )
        error.failure = replace(error.failure, message=said)
    return error
