"""Runs drawn from recorded rounds: the sampler and the verdict are the real ones, the clock is not.

This is a block bootstrap: blocks of consecutive rounds keep bursts of noise together, and every
query of a drawn round comes from the same real round, so that they stay together too. Time passes
as the drawn durations say, shared out among the lanes of this machine.

What is drawn is the noise. A set of rounds knows its effect only as well as its rounds are quiet:
fifty pairs that are spread by 12 % miss it by 2 %, and a run that draws four hundred from them
would be sure of that miss. So the effect of each set is replaced by the true one, and by one shift
of the run, with the between-copy standard deviation that the intervals allow for. Nor do fifty
rounds know on which side the spikes are: three more before than after, and the mean of several
pairs, which a short query is judged by, is off by a percent though their pseudo-median is not. Both
sides are the same database on the same machine, so the sides of every other block are exchanged, by
chance: the noise is symmetric then, as that of more rounds would be.
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

    def __init__(
        self,
        noise: Mapping[str, Sequence[Pair]],
        effects_: Mapping[str, float],
        generator: random.Random,
    ) -> None:
        """Draw from noise.

        Args:
            noise: query -> pairs of equal sides, of every round.
            effects_: query -> the effect that its pairs get, a log ratio.
            generator: draws the blocks.
        """
        self._noise = noise
        self._factors = {query: math.exp(effect) for query, effect in effects_.items()}
        self._generator = generator
        self._lanes = possible_lanes()
        self._length = min(len(taken) for taken in noise.values())
        self._rounds: list[tuple[int, bool]] = []
        """Which recorded round comes, and whether its sides are exchanged."""
        self._taken = dict.fromkeys(noise, 0)
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
            is_exchanged = self._generator.random() < 0.5
            self._rounds += [((start + n) % self._length, is_exchanged) for n in range(BLOCK)]
        self._taken[query] = place + 1
        number, is_exchanged = self._rounds[place]
        before, after = self._noise[query][number]
        if is_exchanged:
            before, after = after, before
        after *= self._factors[query]
        self.now += (before + after) / self._lanes
        return before, after


def noise_of(pairs: Sequence[Pair]) -> list[Pair]:
    """The same pairs about no effect."""
    factor = math.exp(-pseudo_median(effects(pairs)))
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
    recorded = dict(generator.choice(identical).pairs)
    if changed_queries:
        other = generator.choice(changed).pairs
        recorded |= {query: other[query] for query in changed_queries}
    if sampling.demands.targets:
        recorded = {query: recorded[query] for query in changed_queries}
    queries = tuple(recorded)
    noise = {query: noise_of(pairs) for query, pairs in recorded.items()}
    true = {query: changed_queries.get(query, 0.0) + place for query in queries}
    drawn = Drawn(noise, true, generator)
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
