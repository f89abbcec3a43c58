"""How long each query takes on one database, with its plan and the hash of its rows."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from shadowgate.errors import UsageError
from shadowgate.evidence import Timing
from shadowgate.measure.copies import Copier, fresh_copy
from shadowgate.measure.lanes import Lanes, find_homes, open_lanes, time_round, warm_up
from shadowgate.measure.plans import Witness, explain, read_roots
from shadowgate.measure.rounds import TimedSession, undisturbed
from shadowgate.measure.rows import Result, fetch_result
from shadowgate.measure.sampling import Sampling
from shadowgate.measure.workload import Query, Workload
from shadowgate.progress import Progress, silent
from shadowgate.server.base import Database

MINIMUM_ROUNDS = 10


@dataclass(frozen=True)
class QueryBaseline:
    """One query on one database."""

    query: Query
    rounds: tuple[float, ...]
    """Seconds, in the order taken."""
    result: Result
    witness: Witness

    @property
    def timing(self) -> Timing:
        """Average, extremes and percentiles in milliseconds."""
        return timing(self.rounds)


@dataclass(frozen=True)
class Baseline:
    """A workload on one database."""

    queries: Mapping[str, QueryBaseline]

    @property
    def average_ms(self) -> float:
        """Average over the reading queries of their mean times."""
        means = [found.timing.mean for found in self.queries.values() if found.query.kind == "read"]
        return float(np.mean(means)) if means else float("nan")


def timing(rounds: tuple[float, ...]) -> Timing:
    """Summarise rounds given in seconds; the summary is in milliseconds."""
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
    copier: Copier = fresh_copy,
    progress: Progress = silent,
) -> Baseline:
    """Time a workload on one database, the queries interleaved round by round.

    It must be settled, and is measured in a fresh copy, like both sides of a comparison.

    Raises:
        UsageError: fewer than ten rounds.
        ValidationError: a query failed or took too long.
        ServerError: the database cannot be cloned or the session was lost.
    """
    if rounds < MINIMUM_ROUNDS:
        raise UsageError(f"a baseline needs at least {MINIMUM_ROUNDS} rounds, not {rounds}")
    with copier(database) as copy, open_lanes([copy], sampling) as lanes:
        facts = {query.id: _facts(lanes[0][0], query) for query in workload.queries}
        took = {id_: witness.execution_ms for id_, (_, witness) in facts.items()}
        homes = find_homes(workload.queries, took, len(lanes))
        unknown = [query for query in workload.queries if homes[query.id] != 0]
        warm_up(lanes, lambda _place: unknown, homes)
        taken = _take_rounds(lanes, homes, workload, rounds, sampling.seed, progress)
    return Baseline(
        {
            query.id: QueryBaseline(query, tuple(taken[query.id]), *facts[query.id])
            for query in workload.queries
        }
    )


def _facts(session: TimedSession, query: Query) -> tuple[Result, Witness]:
    return fetch_result(session, query), explain(session, query, read_roots(session))


def _take_rounds(
    lanes: Lanes,
    homes: Mapping[str, int],
    workload: Workload,
    rounds: int,
    seed: int,
    progress: Progress,
) -> dict[str, list[float]]:
    generator = random.Random(seed)  # noqa: S311 - an order, not a secret
    taken: dict[str, list[float]] = {query.id: [] for query in workload.queries}
    writes = [query for query in workload.queries if query.kind == "write"]
    with undisturbed(*lanes):
        for number in range(1, rounds + 1):
            for queries in (workload.reads, writes):
                found = time_round(lanes, queries, lambda _, query: query, generator, [0], homes)
                for id_, seconds in found.items():
                    taken[id_].append(seconds[0])
            progress(f"baseline: round {number} of {rounds}")
    return taken
