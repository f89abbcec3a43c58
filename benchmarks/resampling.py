"""Runs drawn from recorded rounds: the sampler and the verdict are the real ones, the clock is not.

This is a block bootstrap: blocks of consecutive rounds keep bursts of noise together, and every
query of a drawn round comes from the same real round, so that they stay together too. Time passes
as the drawn durations say, shared out among the lanes of this machine.

What is drawn is the noise. A set of rounds knows its effect only as well as its rounds are quiet:
fifty pairs that are spread by 12 % miss it by 2 %, and a run that draws four hundred from them
would be sure of that miss. So the effect of each set is replaced by the true one, and by one shift
of the run, with the between-copy standard deviation that the intervals allow for.
"""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmarks.recording import Record
from shadowgate.measure import Sampling
from shadowgate.measure.lanes import possible_lanes
from shadowgate.measure.sampler import Judge, Pair, Sample, SideName, Time, one_by_one, take_sample
from shadowgate.statistics.intervals import effects, pseudo_median
from shadowgate.statistics.verdict import judge_query

BLOCK = 8


@dataclass(frozen=True)
class Outcome:
    """What one run said."""

    verdicts: Mapping[str, str]
    """Query -> verdict; a target as ``target:Q5``."""
    seconds: float


class Drawn:
    """Pairs by query, drawn from one set of recorded rounds, and a clock of their durations."""

    def __init__(self, pairs: Mapping[str, Sequence[Pair]], generator: random.Random) -> None:
        self._pairs = pairs
        self._generator = generator
        self._lanes = possible_lanes()
        self._length = min(len(taken) for taken in pairs.values())
        self._rounds: list[int] = []
        self._taken = dict.fromkeys(pairs, 0)
        self.now = 0.0

    @property
    def time(self) -> Time:
        """Time that passes as the draws say."""
        return Time(lambda: self.now, self._sleep)

    def _sleep(self, seconds: float) -> None:
        self.now += seconds

    def measure(self, query: str, _first: SideName) -> Pair:
        """The query's next pair."""
        place = self._taken[query]
        while place >= len(self._rounds):
            start = self._generator.randrange(self._length)
            self._rounds += [(start + n) % self._length for n in range(BLOCK)]
        self._taken[query] = place + 1
        before, after = self._pairs[query][self._rounds[place]]
        self.now += (before + after) / self._lanes
        return before, after


def with_effect(pairs: Sequence[Pair], effect: float) -> list[Pair]:
    """The same noise about another effect, a log ratio."""
    factor = math.exp(effect - pseudo_median(effects(pairs)))
    return [(before, factor * after) for before, after in pairs]


def resample(
    identical: Sequence[Record],
    changed: Sequence[Record],
    changed_queries: Mapping[str, float],
    sampling: Sampling,
    seed: int,
) -> Outcome:
    """Draw one run.

    Args:
        identical: sets of rounds of identical databases.
        changed: sets of rounds of databases that differ.
        changed_queries: queries drawn from those, and their true effects as log ratios.
        sampling: the settings of the comparison.
        seed: draws the run.
    """
    generator = random.Random(seed)  # noqa: S311 - a draw, not a secret
    place = generator.gauss(0.0, sampling.copy_deviation(sampling.copies))
    pairs: dict[str, Sequence[Pair]] = {
        query: with_effect(taken, place)
        for query, taken in generator.choice(identical).pairs.items()
    }
    if changed_queries:
        other = generator.choice(changed).pairs
        pairs |= {q: with_effect(other[q], true + place) for q, true in changed_queries.items()}
    if sampling.demands.targets:
        pairs = {query: pairs[query] for query in changed_queries}
    drawn = Drawn(pairs, generator)
    queries = tuple(pairs)
    judge_ = Judge(sampling.demanding(seed=seed), queries, queries)
    sample = take_sample(judge_, one_by_one(drawn.measure), drawn.time, lambda _rounds, _left: None)
    return Outcome(said(sample, judge_), sample.seconds)


def said(sample: Sample, judge_: Judge) -> dict[str, str]:
    """The verdicts on a sample, targets too."""
    verdicts: dict[str, str] = {
        query: judge_query(judge_.estimate(query, pairs), judge_.limit(query, pairs))
        for query, pairs in sample.pairs.items()
    }
    for query, pairs in sample.pairs.items():
        target = judge_.target(query, pairs)
        if target is not None:
            verdicts[f"target:{query}"] = target.status
    return verdicts
