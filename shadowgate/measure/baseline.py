"""How long each query takes on one database, with its plan and the hash of its rows."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

import numpy as np

from shadowgate.errors import UsageError
from shadowgate.evidence import Timing
from shadowgate.language import sentence
from shadowgate.measure.answers.rows import Result, fetch_result
from shadowgate.measure.copies import CloneFactory, fresh_copy
from shadowgate.measure.failures import Failures, QueryFailure
from shadowgate.measure.lanes import Lanes, open_lanes, share_out, time_round
from shadowgate.measure.plans import NO_PLAN, PlanMetrics, explain, read_roots
from shadowgate.measure.rounds import undisturbed
from shadowgate.measure.sampling import Sampling
from shadowgate.progress import Progress, silent
from shadowgate.queries.workload import Query, Workload
from shadowgate.server.base import Database

MINIMUM_ROUNDS = 10


@dataclass(frozen=True)
class QueryBaseline:
    """One query on one database."""

    query: Query
    rounds: tuple[float, ...]
    """Seconds, in the order taken."""
    result: Result
    metrics: PlanMetrics
    failure: QueryFailure | None = None
    """Why it has no rounds, no rows and no plan: it fails without any migration."""

    @property
    def timing(self) -> Timing:
        """Average, extremes and percentiles in milliseconds; all 0, of 0 rounds, if it failed."""
        return timing(self.rounds)


@dataclass(frozen=True)
class Baseline:
    """A workload on one database."""

    queries: Mapping[str, QueryBaseline]

    @property
    def failed(self) -> Mapping[str, QueryFailure]:
        """The queries that failed, by their id."""
        return {id_: found.failure for id_, found in self.queries.items() if found.failure}

    @property
    def seconds(self) -> Mapping[str, float]:
        """How long each query takes on average, of those that did not fail."""
        return {id_: fmean(q.rounds) for id_, q in self.queries.items() if not q.failure}


def timing(rounds: tuple[float, ...]) -> Timing:
    """Summarise rounds given in seconds; the summary is in milliseconds."""
    if not rounds:
        return Timing(rounds=0, mean=0.0, median=0.0, minimum=0.0, maximum=0.0, p95=0.0)
    ms = np.asarray(rounds) * 1000.0
    return Timing(
        rounds=len(rounds),
        mean=float(ms.mean()),
        median=float(np.median(ms)),
        minimum=float(ms.min()),
        maximum=float(ms.max()),
        p95=float(np.percentile(ms, 95)),
    )


def baseline(
    database: Database,
    workload: Workload,
    sampling: Sampling,
    *,
    rounds: int = MINIMUM_ROUNDS,
    clones: CloneFactory = fresh_copy,
    progress: Progress = silent,
) -> Baseline:
    """Time a workload on one database, the queries interleaved round by round.

    It must be settled, and is measured in a fresh copy, like both sides of a comparison. Writes
    come after all reads: what they leave, rolled back as they are, would be in what reads take. A
    query that fails is noted and left out of what follows.

    Raises:
        UsageError: fewer than ten rounds.
        ServerError: the database cannot be cloned or the session was lost.
    """
    if rounds < MINIMUM_ROUNDS:
        raise UsageError(
            sentence(
                "a baseline needs at least {minimum_rounds} rounds, not {rounds}",
                minimum_rounds=MINIMUM_ROUNDS,
                rounds=rounds,
            )
        )
    with clones(database) as copy, open_lanes([copy], sampling) as lanes:
        failures, facts, taken = Failures(), dict[str, _Facts](), dict[str, list[float]]()
        generator = random.Random(sampling.demands.seed)  # noqa: S311 - an order, not a secret
        for queries in filter(None, (workload.reads, workload.writes)):
            lane_of = _execute_once(lanes, queries, failures, facts)
            taken |= _take_rounds(lanes, lane_of, queries, failures, rounds, generator, progress)
    return Baseline(
        {query.id: _conclude(query, facts, taken, failures) for query in workload.queries}
    )


def _conclude(
    query: Query,
    facts: Mapping[str, _Facts],
    taken: Mapping[str, Sequence[float]],
    failures: Failures,
) -> QueryBaseline:
    failed = failures.of(query.id)
    if failed:
        return QueryBaseline(query, (), Result((), ()), NO_PLAN, failed[0])
    return QueryBaseline(query, tuple(taken[query.id]), *facts[query.id])


_Facts = tuple[Result, PlanMetrics]


def _execute_once(
    lanes: Lanes, queries: Sequence[Query], failures: Failures, facts: dict[str, _Facts]
) -> dict[str, int]:
    """Note rows and plan of each query; the lane that it will be timed in: there it is warm now.

    Whichever lane is free takes the next query, so all are about as long at it. Writes, of which
    there is one at a time anyway, are left to the first.
    """
    lane_of: dict[str, int] = {}
    roots = read_roots(lanes[0][0])  # all lanes are on the same database

    def execute(lane: int, query: Query) -> None:
        session = lanes[lane][0]
        lane_of[query.id] = lane
        with failures.noted("before"):
            facts[query.id] = fetch_result(session, query), explain(session, query, roots)

    share_out(
        queries,
        range(len(lanes)),
        execute,
        fits=lambda lane, query: query.kind == "read" or lane == 0,
    )
    return lane_of


def _take_rounds(
    lanes: Lanes,
    lane_of: Mapping[str, int],
    queries: Sequence[Query],
    failures: Failures,
    rounds: int,
    generator: random.Random,
    progress: Progress,
) -> dict[str, list[float]]:
    taken: dict[str, list[float]] = {query.id: [] for query in queries}
    what = "baseline" if queries[0].kind == "read" else "baseline of writes"
    with undisturbed(*lanes):
        for number in range(1, rounds + 1):
            able = [query for query in queries if query.id not in failures.queries]
            found = time_round(
                lanes, able, lambda _, query: query, generator, [0], lane_of, failures
            )
            for id_, seconds in found.items():
                taken[id_] += seconds.values()
            progress(f"{what}: round {number} of {rounds}")
    return taken
