"""What is measured next, when it stops and what is then said, on a machine that is simulated."""

from __future__ import annotations

import itertools
import math
import random
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from shadowgate.measure.sampler import (
    Judge,
    Pair,
    Sample,
    SideName,
    Time,
    Turn,
    one_by_one,
    take_sample,
)
from shadowgate.measure.sampling import Sampling
from shadowgate.plan import LimitSection, PerformanceSection
from shadowgate.statistics.verdict import judge_query


def demands(**others: Any) -> PerformanceSection:
    """Of few pairs at the least, and many at the most."""
    return PerformanceSection(**{"min_pairs": 12, "max_pairs": 400} | others)


def own_limit(query: str, percent: float) -> tuple[LimitSection]:
    return (LimitSection((query,), percent, "a test"),)


TEN = tuple(f"Q{number}" for number in range(1, 11))


@dataclass
class Machine:
    """Queries of 50 ms with noise in bursts; time passes only while they run."""

    seed: int
    cv: float = 0.05
    change: dict[str, float] = field(default_factory=dict)
    now: float = 0.0
    calls: list[tuple[str, SideName]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)  # noqa: S311 - noise, not a secret

    @property
    def time(self) -> Time:
        """Time as the queries and the pauses between rounds make it pass."""
        return Time(lambda: self.now, self.sleep)

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds

    def once(self) -> float:
        """Seconds of one execution, outside a burst."""
        spike = self.random.expovariate(0.5 / self.cv) if self.random.random() < 0.15 else 0.0
        return 0.05 * (1.0 + abs(self.random.gauss(0.0, self.cv)) + spike)

    def measure(self, query: str, first: SideName) -> Pair:
        """Time a pair; a burst meets both sides."""
        self.calls.append((query, first))
        burst = 1.0 + (0.5 if self.random.random() < 0.1 else 0.0)
        before, after = burst * self.once(), burst * self.once()
        after *= 1.0 + self.change.get(query, 0.0)
        self.now += before + after
        return before, after


def run(machine: Machine, sampling: Sampling, queries: tuple[str, ...] = TEN) -> Sample:
    reads = tuple(query for query in queries if query.startswith("Q"))
    judge_ = Judge(sampling, queries, reads)
    return take_sample(
        judge_, one_by_one(machine.measure), machine.time, lambda _rounds, _left: None
    )


def verdicts(sample: Sample, sampling: Sampling) -> dict[str, str]:
    judge_ = Judge(sampling, tuple(sample.pairs), sample.reads)
    return {
        query: judge_query(judge_.estimate(query, pairs), judge_.limit(query, pairs))
        for query, pairs in sample.pairs.items()
    }


def rate(count: int, tell: Callable[[int], bool]) -> float:
    return sum(tell(seed) for seed in range(count)) / count


def test_identical_databases_pass_all_ten_queries() -> None:
    sampling = Sampling(demands(budget_seconds=240))

    def passes(seed: int) -> bool:
        sample = run(Machine(seed), sampling.demanding(seed=seed))
        return set(verdicts(sample, sampling).values()) <= {"equivalent", "improved"}

    assert rate(100, passes) == 1.0


def test_a_query_slower_by_the_limit_is_rarely_passed() -> None:
    sampling = Sampling(demands(budget_seconds=30))

    def passed(seed: int) -> bool:
        sample = run(Machine(seed, change={"Q1": 0.05}), sampling.demanding(seed=seed), ("Q1",))
        return verdicts(sample, sampling)["Q1"] in ("equivalent", "improved")

    assert rate(400, passed) <= 0.05


@pytest.mark.parametrize(("query", "copies"), [("Q1", 2), ("Q1", 1), ("W1", 2)])
def test_lucky_copies_do_not_pass_a_query_slower_by_the_limit(query: str, copies: int) -> None:
    """On a quiet machine the pairs agree with one another, and are all wrong by the same bit."""
    sampling = Sampling(demands(budget_seconds=30), copies=copies)
    generator = random.Random(20290103)  # noqa: S311 - noise, not a secret

    def passed(seed: int) -> bool:
        side = copies if query == "Q1" else 1
        places = generator.gauss(0.0, sampling.copy_percent / 100.0 * math.sqrt(2.0 / side))
        machine = Machine(seed, cv=0.005, change={query: 1.05 * math.exp(places) - 1.0})
        sample = run(machine, sampling.demanding(seed=seed), (query,))
        return verdicts(sample, sampling)[query] in ("equivalent", "improved")

    assert rate(300, passed) <= 0.05


def test_a_query_with_a_limit_of_its_own_is_judged_by_that() -> None:
    sampling = Sampling(demands(budget_seconds=30, limits=own_limit("W1", 25.0)))
    machine = Machine(3, change={"Q1": 0.15, "W1": 0.15})
    found = verdicts(run(machine, sampling, ("Q1", "W1")), sampling)
    assert found == {"Q1": "regressed", "W1": "equivalent"}


def test_a_small_slowdown_is_rarely_called_a_regression() -> None:
    sampling = Sampling(demands(budget_seconds=30))

    def accused(seed: int) -> bool:
        sample = run(Machine(seed, change={"Q1": 0.03}), sampling.demanding(seed=seed), TEN[:1])
        judge_ = Judge(sampling, TEN, TEN)
        pairs = sample.pairs["Q1"]
        return judge_query(judge_.estimate("Q1", pairs), judge_.limit("Q1", pairs)) == "regressed"

    assert rate(200, accused) <= 0.05


def test_a_large_slowdown_is_called_a_regression_within_few_pairs() -> None:
    sampling = Sampling()
    sample = run(Machine(1, change={"Q3": 0.25}), sampling)
    assert verdicts(sample, sampling)["Q3"] == "regressed"
    assert len(sample.pairs["Q3"]) <= 40


def test_a_target_is_met_only_by_its_interval() -> None:
    sampling = Sampling(demands(targets={"Q5": 25.0}, budget_seconds=120))

    def status(seed: int, change: float) -> str:
        sample = run(Machine(seed, change={"Q5": change}), sampling.demanding(seed=seed), ("Q5",))
        target = Judge(sampling, ("Q5",), ("Q5",)).target("Q5", sample.pairs["Q5"])
        assert target is not None
        return target.status

    assert [status(seed, -0.30) for seed in range(20)] == ["met"] * 20
    assert [status(seed, -0.20) for seed in range(20)] == ["missed"] * 20


def test_overall_keeps_every_reading_query_until_it_is_decided() -> None:
    sampling = Sampling(demands(overall_percent=2.0, budget_seconds=240))
    change = dict.fromkeys(TEN, -0.05)
    queries = (*TEN, "W1")
    sample = run(Machine(3, change=change), sampling, queries)
    judge_ = Judge(sampling, queries, TEN)
    overall = judge_.overall(sample.pairs)
    assert overall is not None
    assert overall.status == "met"
    assert overall.estimate is not None
    assert overall.estimate.pairs <= min(len(sample.pairs[query]) for query in TEN)


def test_overall_is_not_bent_by_stopping_early() -> None:
    sampling = Sampling(demands(overall_percent=2.0, budget_seconds=60, max_pairs=60))

    def estimate(seed: int) -> float:
        sample = run(Machine(seed), sampling.demanding(seed=seed))
        found = Judge(sampling, TEN, TEN).overall(sample.pairs)
        assert found is not None
        assert found.estimate is not None
        return found.estimate.plain.estimate

    estimates = [estimate(seed) for seed in range(60)]
    error = float(np.std(estimates) / np.sqrt(len(estimates)))
    assert abs(float(np.mean(estimates))) <= 3.5 * error


def test_weights_make_the_average_that_of_the_production_mix() -> None:
    pairs = {"Q1": ((1.0, 2.0),), "Q2": ((1.0, 1.0),)}
    judge_ = Judge(Sampling(weights={"Q1": 3.0, "Q2": 1.0}), ("Q1", "Q2"), ("Q1", "Q2"))
    assert judge_.sums(pairs) == ((4.0, 7.0),)


def test_the_budget_goes_where_doubt_is_left() -> None:
    machine = Machine(5, change={"Q7": 0.04})
    sample = run(machine, Sampling(demands(budget_seconds=60), spacing_seconds=0.0))
    others = [len(sample.pairs[query]) for query in TEN if query != "Q7"]
    assert len(sample.pairs["Q7"]) > 5 * np.median(others)


def test_sampling_ends_with_the_budget_and_says_so() -> None:
    machine = Machine(5, change={"Q7": 0.04}, cv=0.3)
    sample = run(machine, Sampling(demands(budget_seconds=20)))
    assert sample.ended == "budget"
    assert 20 < sample.seconds < 21
    assert verdicts(sample, Sampling())["Q7"] == "inconclusive"


def test_a_budget_that_ends_at_once_leaves_everything_inconclusive() -> None:
    sample = run(Machine(1), Sampling(demands(budget_seconds=0.05)))
    assert sample.ended == "budget"
    assert set(verdicts(sample, Sampling()).values()) == {"inconclusive"}


def test_sampling_ends_when_no_more_pairs_are_allowed() -> None:
    sample = run(Machine(1, cv=0.5), Sampling(demands(budget_seconds=1e6, max_pairs=20)))
    assert sample.ended == "pairs"
    assert {len(pairs) for pairs in sample.pairs.values()} <= set(range(12, 21))


def test_each_side_comes_first_about_equally_often_in_no_fixed_order() -> None:
    machine = Machine(2, cv=0.5)
    run(machine, Sampling(demands(budget_seconds=100, max_pairs=100)))
    sides = [side for _, side in machine.calls]
    assert 0.42 < Counter(sides)["before"] / len(sides) < 0.58
    changes = sum(one != other for one, other in itertools.pairwise(sides))
    assert 0.42 < changes / len(sides) < 0.58
    for query in TEN:
        led = [side for called, side in machine.calls if called == query]
        assert all(one != other for one, other in zip(led[::2], led[1::2], strict=False))
    rounds = [tuple(query for query, _ in machine.calls[i : i + 10]) for i in (0, 10, 20)]
    assert all(sorted(taken) == sorted(TEN) for taken in rounds)
    assert len(set(rounds)) == 3


def test_the_same_seed_gives_the_same_order() -> None:
    first, second = Machine(2), Machine(2)
    run(first, Sampling(demands(seed=9)))
    run(second, Sampling(demands(seed=9)))
    assert first.calls == second.calls


def test_the_floor_lets_a_difference_of_few_microseconds_pass() -> None:
    machine = Machine(4, change={"Q1": 0.10}, cv=0.02)
    without, with_floor = Sampling(), Sampling(demands(floor_ms=10.0))
    sample = run(machine, with_floor, ("Q1",))
    assert verdicts(sample, with_floor)["Q1"] == "equivalent"
    longer = run(Machine(4, change={"Q1": 0.10}, cv=0.02), without, ("Q1",))
    assert verdicts(longer, without)["Q1"] == "regressed"


def test_rounds_keep_their_distance() -> None:
    machine = Machine(1, cv=0.3, change={"Q1": 0.05})  # at the limit, so that all rounds are taken
    sample = run(
        machine,
        Sampling(demands(max_pairs=20, budget_seconds=1e6), spacing_seconds=2.0),
        ("Q1",),
    )
    assert sample.seconds >= 2.0 * 19


def test_a_round_with_room_asks_again_and_takes_the_mean() -> None:
    machine = Machine(1)
    sampling = Sampling(demands(min_pairs=12, max_pairs=12), spacing_seconds=1.0)
    pairs = run(machine, sampling, ("Q1",)).pairs["Q1"]
    repeats = len(machine.calls) / len(pairs)
    assert 5 <= repeats <= 10  # a pair takes a tenth of a second, or half as much again
    assert abs(Counter(first for _, first in machine.calls)["before"] * 2 - len(machine.calls)) <= 1
    again = Machine(1)
    measured = [again.measure("Q1", "before") for _ in range(10)]
    means = [tuple(np.mean(measured[:count], axis=0)) for count in range(5, 11)]
    assert any(pairs[0] == pytest.approx(mean) for mean in means)


def test_a_full_round_asks_nothing_twice() -> None:
    machine = Machine(1)
    sample = run(machine, Sampling(demands(min_pairs=12, max_pairs=12), spacing_seconds=0.25))
    assert len(machine.calls) == sum(map(len, sample.pairs.values()))


def test_the_last_query_is_asked_by_all_lanes_each_side_leading_in_one() -> None:
    machine = Machine(1, cv=0.3)
    rounds: list[Sequence[Turn]] = []

    def measure(turns: Sequence[Turn], stop: Callable[[], bool]) -> Sequence[tuple[str, Pair]]:
        rounds.append(turns)
        return one_by_one(machine.measure)(turns, stop)

    judge_ = Judge(
        Sampling(demands(min_pairs=12, max_pairs=40, limits=own_limit("Q2", 1000.0))),
        ("Q1", "Q2"),
        (),
    )
    take_sample(judge_, measure, machine.time, lambda *_: None, at_once=lambda _query: 2)
    both = [turns for turns in rounds if {query for query, _ in turns} == {"Q1", "Q2"}]
    last = [turns for turns in rounds if turns not in both]
    assert {len(turns) for turns in both} == {2}
    assert last
    assert {frozenset(turns) for turns in last} == {frozenset({("Q1", "before"), ("Q1", "after")})}


@pytest.mark.parametrize(("times", "rounds"), [(600, 3), (25, 3), (18, 12)])
def test_a_query_that_is_grossly_slower_is_regressed_after_a_few_pairs(
    times: float, rounds: int
) -> None:
    sampling = Sampling(demands(budget_seconds=300))
    sample = run(Machine(1, change={"Q1": times - 1}), sampling)
    found = verdicts(sample, sampling)
    assert found.pop("Q1") == "regressed"
    assert len(sample.pairs["Q1"]) == rounds
    assert set(found.values()) <= {"equivalent", "improved"}


def test_the_average_is_missed_at_once_if_a_query_is_grossly_slower() -> None:
    sampling = Sampling(demands(budget_seconds=3000, overall_percent=2.0))
    sample = run(Machine(1, change={"Q1": 600.0}), sampling)
    target = Judge(sampling, TEN, TEN).overall(sample.pairs)
    assert target is not None
    assert target.status == "missed"
    assert len(sample.pairs["Q1"]) == 3


def test_a_limit_that_allows_it_is_held_to_with_all_pairs() -> None:
    sampling = Sampling(demands(budget_seconds=900, limits=own_limit("Q1", 4000.0)))
    sample = run(Machine(1, change={"Q1": 29.0}), sampling, ("Q1",))
    assert verdicts(sample, sampling)["Q1"] == "equivalent"
    assert len(sample.pairs["Q1"]) >= 12


@pytest.mark.parametrize(
    "pairs",
    [
        [(0.05, 2.0), (0.05, 2.0)],
        [(0.05, 2.0), (0.05, 0.06), (0.05, 2.0), (0.05, 2.0)],
        [(0.05, 0.9)] * 3,
        [(1.0, 9.0)] * 3,
    ],
)
def test_less_than_gross_waits_for_the_first_look(pairs: list[Pair]) -> None:
    assert Judge(Sampling(), TEN, TEN).estimate("Q1", pairs) is None


def test_a_query_that_failed_is_asked_no_more_and_the_others_are() -> None:
    machine, failed = Machine(2), set[str]()

    def measure(query: str, first: SideName) -> Pair:
        if query == "Q2" and machine.now > 2.0:
            failed.add("Q2")
        return machine.measure(query, first)

    sampling = Sampling(demands(budget_seconds=300, overall_percent=2.0))
    sample = take_sample(
        Judge(sampling, TEN, TEN),
        one_by_one(measure),
        machine.time,
        lambda _rounds, _left: None,
        failed=lambda: failed,
    )
    assert sample.ended == "decided"
    assert len(sample.pairs["Q2"]) < 12
    assert all(len(pairs) >= 12 for query, pairs in sample.pairs.items() if query != "Q2")


def test_once_a_query_has_regressed_no_more_is_measured_than_the_first_look_needs() -> None:
    sampling = Sampling(demands(budget_seconds=900))
    told: list[set[str]] = []

    def sampled(*, stops: bool) -> Sample:
        def is_needless(regressed: Collection[str]) -> bool:
            told.append(set(regressed))
            return stops and "Q3" in regressed

        machine = Machine(5, cv=0.3, change={"Q3": 2.0})
        return take_sample(
            Judge(sampling, TEN, TEN),
            one_by_one(machine.measure),
            machine.time,
            lambda _rounds, _left: None,
            is_needless=is_needless,
        )

    first = Judge(sampling, TEN, TEN).plain.sizes[0]
    stopped = sampled(stops=True)
    assert stopped.ended == "needless"
    assert {len(pairs) for pairs in stopped.pairs.values()} == {first}
    assert told == [{"Q3"}]
    assert verdicts(stopped, sampling)["Q3"] == "regressed"
    to_the_end = sampled(stops=False)
    assert to_the_end.ended != "needless"
    assert max(map(len, to_the_end.pairs.values())) > first
