"""Decides what to measure next and when to stop. No database: a function times the rounds.

Queries are measured round by round, each undecided one once a round, in a random order. Which side
comes first in a pair is random too, but of every two pairs of a query each side leads one: what
comes second finds the processor's caches warmer. Rounds keep a distance, so that a disturbance of
half a second cannot fill a sample; while few queries are left they are asked several times in it,
and the last one by all lanes at once, and the means are the pair of the round. Whatever drifts is
then common to both sides.

A round in which every reading query took part also gives one pair of sums, from which the change of
the average is estimated in just the same way; while that one is needed and undecided, no reading
query is dropped, since a query's own stopping would bend the average.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean, median
from typing import Literal

from shadowgate.measure.sampling import Sampling
from shadowgate.statistics.intervals import Interval, effects, widen
from shadowgate.statistics.sequential import Looks, plan_looks
from shadowgate.statistics.verdict import (
    PAIRS_FOR_A_CLAIM,
    Estimate,
    Target,
    effective_limit,
    judge_query,
    judge_target,
)

GROSS_PAIRS = 3
GROSS_RATIO = 10.0
GROSS_SECONDS = 1.0
"""A query is grossly slower if it took ten times as long, and a second at least, in each of its
first three pairs. The minimum sample size of the repeated intervals is there to tell an effect from
noise, which is a matter of percent; for one of 1,000 % it would spend minutes of everybody's budget
on what no further pair could change."""

SideName = Literal["before", "after"]
Pair = tuple[float, float]
"""Durations before and after, in seconds."""
Turn = tuple[str, SideName]
"""A query to time on both sides, the named side first."""
MeasureRound = Callable[[Sequence[Turn], Callable[[], bool]], Sequence[tuple[str, Pair]]]
"""Times the turns until it is to stop; returns what was timed, with its query."""
Ended = Literal["decided", "budget", "pairs", "needless"]
"""All is decided; the time was up; no more pairs are allowed; or no more can change anything."""
RoundDone = Callable[[int, int], None]
"""Called after each round with the rounds done and the queries still undecided."""


@dataclass(frozen=True)
class Time:
    """A clock: how time is read and let pass, in seconds."""

    now: Callable[[], float]
    wait: Callable[[float], None]


@dataclass(frozen=True)
class Sample:
    """All that was measured, and why it ended."""

    pairs: Mapping[str, tuple[Pair, ...]]
    reads: tuple[str, ...]
    ended: Ended
    seconds: float


@dataclass(frozen=True)
class Judge:
    """Estimates and their meaning under one set of settings."""

    sampling: Sampling
    queries: tuple[str, ...]
    reads: tuple[str, ...]
    plain: Looks = field(init=False)
    family: Looks = field(init=False)

    def __post_init__(self) -> None:
        s = self.sampling
        least, most = s.demands.min_pairs, s.demands.max_pairs
        shared = s.tail / max(len(self.queries), 1)
        object.__setattr__(self, "plain", plan_looks(least, most, s.tail))
        object.__setattr__(self, "family", plan_looks(least, most, shared))

    def estimate(self, query: str, pairs: Sequence[Pair]) -> Estimate | None:
        """Both intervals of one query at the latest look that its pairs allow.

        Before the first look there are none but of a query that is grossly slower.
        """
        found = self._estimate(pairs, self.sampling.copies if query in self.reads else 1)
        if found is None:
            gross = gross_estimate(pairs)
            return gross if gross and gross.family.low > self.limit(query, pairs) else None
        return found

    def overall_estimate(self, pairs: Mapping[str, Sequence[Pair]]) -> Estimate | None:
        """Both intervals of the average at the latest look that the pairs allow."""
        sums = self.sums(pairs)
        return self._estimate(sums, self.sampling.copies) or gross_estimate(sums)

    def _estimate(self, pairs: Sequence[Pair], copies: int) -> Estimate | None:
        look = self.plain.reached(len(pairs))
        if look is None:
            return None
        size = self.plain.sizes[look]
        values = effects(pairs[:size])
        plain, family = self.plain.interval(values), self.family.interval(values)
        assert plain is not None and family is not None  # noqa: S101, PT018 - the look is reached
        deviation, tail = self.sampling.copy_deviation(copies), self.sampling.tail
        return Estimate(
            size,
            widen(plain, deviation, tail),
            widen(family, deviation, tail / max(len(self.queries), 1)),
        )

    def limit(self, query: str, pairs: Sequence[Pair]) -> float:
        """The limit of one query as a log ratio, its floor applied."""
        percent = self.sampling.demands.limit_of(query)
        if not pairs:
            return effective_limit(percent, 0.0, 1.0)
        return effective_limit(percent, self.sampling.demands.floor_ms, median_before_ms(pairs))

    def sums(self, pairs: Mapping[str, Sequence[Pair]]) -> tuple[Pair, ...]:
        """Weighted sums over the reading queries of each round that all of them took part in."""
        weights = self.sampling.weights or dict.fromkeys(self.reads, 1.0)
        counted = [(weights.get(query, 0.0), pairs.get(query, ())) for query in self.reads]
        rounds = min((len(taken) for _, taken in counted), default=0)
        return tuple(
            (
                sum(weight * taken[i][0] for weight, taken in counted),
                sum(weight * taken[i][1] for weight, taken in counted),
            )
            for i in range(rounds)
        )

    def overall(self, pairs: Mapping[str, Sequence[Pair]]) -> Target | None:
        """The overall target; ``None`` if the settings name none."""
        percent = self.sampling.demands.overall_percent
        if percent is None:
            return None
        estimate = self.overall_estimate(pairs)
        return Target("overall", percent, judge_target(estimate, percent), estimate)

    def target(self, query: str, pairs: Sequence[Pair]) -> Target | None:
        """The target of a query; ``None`` if the settings name none."""
        percent = self.sampling.demands.targets.get(query)
        if percent is None:
            return None
        estimate = self.estimate(query, pairs)
        return Target(query, percent, judge_target(estimate, percent), estimate)

    def regressed(self, pairs: Mapping[str, Sequence[Pair]]) -> tuple[str, ...]:
        """The queries that are slower than they may be, by the pairs so far."""
        return tuple(
            query
            for query, taken in pairs.items()
            if judge_query(self.estimate(query, taken), self.limit(query, taken)) == "regressed"
        )

    def is_decided(self, query: str, pairs: Sequence[Pair]) -> bool:
        """Whether this query has its verdict, and its target too.

        A target that is met is an improvement, so pairs are taken until the verdict says so. A
        query that looks faster passes as it is; a few pairs more are spent on it, so that what the
        reader sees at a glance is also what the verdict claims.
        """
        estimate = self.estimate(query, pairs)
        verdict = judge_query(estimate, self.limit(query, pairs))
        target = self.target(query, pairs)
        if target is None:
            looks_faster = estimate is not None and estimate.plain.high < 0.0
            claimable = verdict == "improved" or len(pairs) >= PAIRS_FOR_A_CLAIM
            return verdict != "inconclusive" and (claimable or not looks_faster)
        wanted = {"met": ("improved",), "missed": ("improved", "equivalent", "regressed")}
        return verdict in wanted.get(target.status, ())


def gross_estimate(pairs: Sequence[Pair]) -> Estimate | None:
    """The range of the first pairs if each of them is grossly slower; ``None`` otherwise.

    The range is no interval of a promised level: it says no more than that all pairs lie far
    beyond any limit.
    """
    first = pairs[:GROSS_PAIRS]
    is_gross = len(first) == GROSS_PAIRS and all(
        after >= max(GROSS_SECONDS, GROSS_RATIO * before) for before, after in first
    )
    if not is_gross:
        return None
    values = effects(pairs)
    spread = Interval(float(median(values)), float(min(values)), float(max(values)))
    return Estimate(len(pairs), spread, spread)


class Order:
    """What comes next: queries shuffled in each round, sides balanced over every two pairs."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(f"order {seed}")  # noqa: S311 - an order, not a secret
        self._owed: dict[str, SideName] = {}

    def of_round(self, queries: Sequence[str]) -> list[str]:
        """The queries in the order of one round."""
        return self._random.sample(queries, len(queries))

    def first_side(self, query: str) -> SideName:
        """The side that comes first in the query's next pair."""
        if query in self._owed:
            return self._owed.pop(query)
        first: SideName = "before" if self._random.random() < 0.5 else "after"
        self._owed[query] = "after" if first == "before" else "before"
        return first


def one_by_one(measure: Callable[[str, SideName], Pair]) -> MeasureRound:
    """Time a round with a function that times one turn."""

    def measure_round(turns: Sequence[Turn], stop: Callable[[], bool]) -> list[tuple[str, Pair]]:
        taken: list[tuple[str, Pair]] = []
        for query, first in turns:
            if stop():
                break
            taken.append((query, measure(query, first)))
        return taken

    return measure_round


def take_sample(
    judge_: Judge,
    measure: MeasureRound,
    time: Time,
    done: RoundDone,
    *,
    at_once: Callable[[str], int] = lambda _query: 1,
    failed: Callable[[], Collection[str]] = tuple,
    is_needless: Callable[[Collection[str]], bool] = lambda _regressed: False,
) -> Sample:
    """Measure until every verdict is decided, the budget ends or no more pairs are allowed.

    It also ends once all that is left is needless. Not before the first look at every query: a
    reader wants to know of each regression that can be seen by then.

    Args:
        judge_: tells what is undecided.
        measure: times a round.
        time: the clock.
        done: called after each round.
        at_once: how many turns of a query can be timed at once, if no other is asked.
        failed: queries that failed by now, which are asked no more.
        is_needless: whether further pairs are, given the queries that have regressed by now.
    """
    sampling = judge_.sampling
    order = Order(sampling.demands.seed)
    pairs: dict[str, list[Pair]] = {query: [] for query in judge_.queries}
    undecided = list(judge_.queries)
    started = time.now()

    def sample(ended: Ended) -> Sample:
        taken = {query: tuple(values) for query, values in pairs.items()}
        return Sample(taken, judge_.reads, ended, time.now() - started)

    def is_over() -> bool:
        return time.now() - started > sampling.demands.budget_seconds

    rounds = 0
    while undecided:
        if rounds == sampling.demands.max_pairs:
            return sample("pairs")
        next_round = time.now() + sampling.spacing_seconds
        asked = undecided * (at_once(undecided[0]) if len(undecided) == 1 else 1)
        for query, pair in _fill_round(asked, order, measure, time, next_round, is_over).items():
            pairs[query].append(pair)
        if is_over():
            return sample("budget")
        rounds += 1
        if rounds in judge_.plain.sizes or rounds == GROSS_PAIRS or failed():
            undecided = _undecided(judge_, pairs, failed())
            if (
                undecided
                and rounds >= judge_.plain.sizes[0]
                and is_needless(judge_.regressed(pairs))
            ):
                return sample("needless")
        done(rounds, len(undecided))
        if undecided:
            time.wait(max(0.0, next_round - time.now()))
    return sample("decided")


def _fill_round(
    queries: Sequence[str],
    order: Order,
    measure: MeasureRound,
    time: Time,
    until: float,
    is_over: Callable[[], bool],
) -> Mapping[str, Pair]:
    """Measure queries once, and again as often as fits; the mean pair of each."""
    taken: dict[str, list[Pair]] = {}
    while True:
        began = time.now()
        turns = [(query, order.first_side(query)) for query in order.of_round(queries)]
        for query, pair in measure(turns, is_over):
            taken.setdefault(query, []).append(pair)
        if is_over() or 2 * time.now() - began > until:  # once more takes as long
            return {query: _mean(pairs) for query, pairs in taken.items()}


def median_before_ms(pairs: Sequence[Pair]) -> float:
    """How long a query takes in the database before, in milliseconds, by at least one pair."""
    return 1000.0 * median(before for before, _ in pairs)


def _mean(pairs: Sequence[Pair]) -> Pair:
    return (fmean(before for before, _ in pairs), fmean(after for _, after in pairs))


def _undecided(
    judge_: Judge, pairs: Mapping[str, Sequence[Pair]], failed: Collection[str]
) -> list[str]:
    """Queries that the next rounds need; the average needs none once a part of it failed."""
    overall = judge_.overall(pairs)
    is_open = overall is not None and overall.status == "inconclusive"
    kept = judge_.reads if is_open and not set(judge_.reads) & set(failed) else ()
    return [
        query
        for query in judge_.queries
        if query not in failed and (query in kept or not judge_.is_decided(query, pairs[query]))
    ]
