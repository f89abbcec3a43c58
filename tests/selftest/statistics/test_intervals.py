"""The statistics of paired effects: properties that must hold for any data."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import combinations_with_replacement
from random import Random
from statistics import median

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import wilcoxon

from shadowgate.statistics.intervals import (
    Floats,
    Interval,
    effects,
    pseudo_median,
    signed_rank_critical,
    signed_rank_distribution,
    signed_rank_interval,
    to_effect,
    to_percent,
    walsh_averages,
    widen,
)

durations = st.floats(min_value=1e-4, max_value=1e3)
pairs_of = st.lists(st.tuples(durations, durations), min_size=6, max_size=40)
values_of = st.lists(st.floats(min_value=-2.0, max_value=2.0), min_size=6, max_size=40).map(
    np.array
)


@given(st.floats(min_value=-99.0, max_value=1000.0))
def test_percent_and_effect_are_inverse(percent: float) -> None:
    assert to_percent(to_effect(percent)) == pytest.approx(percent, abs=1e-9)


def test_a_change_of_minus_hundred_percent_has_no_effect_value() -> None:
    with pytest.raises(ValueError, match="no log ratio"):
        to_effect(-100.0)


@given(pairs_of, st.floats(min_value=1e-3, max_value=1e3))
def test_interval_does_not_depend_on_the_unit_of_time(
    pairs: list[tuple[float, float]], factor: float
) -> None:
    scaled = [(before * factor, after * factor) for before, after in pairs]
    one, other = (signed_rank_interval(effects(taken), 0.025) for taken in (pairs, scaled))
    assert other.estimate == pytest.approx(one.estimate, abs=1e-9)
    assert other.low == pytest.approx(one.low, abs=1e-9)
    assert other.high == pytest.approx(one.high, abs=1e-9)


@given(pairs_of)
def test_exchanging_the_sides_mirrors_the_interval(pairs: list[tuple[float, float]]) -> None:
    exchanged = [(after, before) for before, after in pairs]
    one, other = (signed_rank_interval(effects(taken), 0.025) for taken in (pairs, exchanged))
    assert other.estimate == pytest.approx(-one.estimate, abs=1e-12)
    assert (other.low, other.high) == pytest.approx((-one.high, -one.low), abs=1e-12)


@given(values_of, st.randoms(use_true_random=False))
def test_interval_does_not_depend_on_the_order_of_the_pairs(values: Floats, random: Random) -> None:
    shuffled = list(values)
    random.shuffle(shuffled)
    assert signed_rank_interval(np.array(shuffled), 0.025) == signed_rank_interval(values, 0.025)


@given(values_of, st.data())
def test_making_one_pair_slower_never_lowers_a_bound(
    values: Floats,
    data: st.DataObject,
) -> None:
    index = data.draw(st.integers(0, len(values) - 1))
    slower = values.copy()
    slower[index] += data.draw(st.floats(min_value=0.0, max_value=3.0))
    one, other = (signed_rank_interval(taken, 0.025) for taken in (values, slower))
    assert other.low >= one.low
    assert other.estimate >= one.estimate
    assert other.high >= one.high


@given(values_of, st.floats(min_value=-1.0, max_value=1.0))
def test_shifting_every_effect_shifts_the_interval(values: Floats, shift: float) -> None:
    one, other = (signed_rank_interval(taken, 0.05) for taken in (values, values + shift))
    assert other.estimate == pytest.approx(one.estimate + shift, abs=1e-9)
    assert other.high == pytest.approx(one.high + shift, abs=1e-9)


@given(values_of)
def test_a_higher_level_gives_a_wider_interval(values: Floats) -> None:
    narrow, wide = (signed_rank_interval(values, tail) for tail in (0.05, 0.005))
    assert wide.low <= narrow.low <= narrow.estimate <= narrow.high <= wide.high


def test_one_spike_moves_the_estimate_less_than_its_neighbours_differ() -> None:
    calm = np.linspace(-0.01, 0.01, 21)
    spiked = calm.copy()
    spiked[-1] = 5.0
    assert pseudo_median(spiked) - pseudo_median(calm) < 0.001


@given(st.lists(st.floats(min_value=-2.0, max_value=2.0), min_size=1, max_size=40))
def test_the_estimate_is_the_median_of_all_pairwise_means(values: list[float]) -> None:
    means = [(one + other) / 2 for one, other in combinations_with_replacement(values, 2)]
    assert pseudo_median(np.array(values)) == median(means)
    assert signed_rank_interval(np.array(values), 0.025).estimate == median(means)


def test_walsh_averages_are_all_pairwise_means() -> None:
    assert walsh_averages(np.array([1.0, 3.0, 8.0])).tolist() == [1.0, 2.0, 3.0, 4.5, 5.5, 8.0]


@pytest.mark.parametrize("n", [1, 2, 7, 12, 40])
def test_signed_rank_distribution_is_that_of_the_exact_test(n: int) -> None:
    values = np.arange(1.0, n + 1.0)
    signs = np.where(np.arange(n) % 3 == 0, 1.0, -1.0)
    statistic = float(values[signs > 0].sum())
    expected = wilcoxon(values * signs, alternative="less", method="exact").pvalue
    assert signed_rank_distribution(n)[int(statistic)] == pytest.approx(expected)


def test_few_pairs_give_no_bound_at_a_high_level() -> None:
    interval = signed_rank_interval(np.array([0.1, 0.2, 0.3]), 0.001)
    assert (interval.low, interval.high) == (-math.inf, math.inf)
    assert signed_rank_critical(3, 0.001) == -1


def test_an_interval_needs_a_value() -> None:
    with pytest.raises(ValueError, match="at least one"):
        signed_rank_interval(np.array([]), 0.025)


intervals = st.tuples(*[st.floats(-1.0, 1.0)] * 3).map(
    lambda bounds: Interval(sorted(bounds)[1], min(bounds), max(bounds))
)
deviations = st.floats(0.0, 0.1)


@given(intervals, deviations, st.floats(0.0005, 0.1))
def test_a_widened_interval_contains_the_original(
    interval: Interval, deviation: float, tail: float
) -> None:
    wide = widen(interval, deviation, tail)
    assert wide.estimate == interval.estimate
    assert wide.low <= interval.low + 1e-12
    assert wide.high >= interval.high - 1e-12


@given(intervals)
def test_without_an_error_an_interval_stays_as_it_is(interval: Interval) -> None:
    wide = widen(interval, 0.0, 0.025)
    assert (wide.low, wide.high) == pytest.approx((interval.low, interval.high), abs=1e-12)


@given(intervals, deviations)
def test_widening_keeps_to_an_exchange_of_the_sides(interval: Interval, deviation: float) -> None:
    mirrored = Interval(-interval.estimate, -interval.high, -interval.low)
    wide, other = widen(interval, deviation, 0.025), widen(mirrored, deviation, 0.025)
    assert (other.low, other.high) == pytest.approx((-wide.high, -wide.low), abs=1e-12)


def test_unknown_bounds_stay_unknown() -> None:
    wide = widen(Interval(0.1, -math.inf, math.inf), 0.01, 0.025)
    assert (wide.low, wide.high) == (-math.inf, math.inf)


def test_a_widened_interval_covers_an_error_that_all_pairs_share() -> None:
    generator = np.random.default_rng(20290102)
    runs, pairs, truth, deviation = 2000, 24, 0.05, 0.01
    shared = generator.normal(0.0, deviation, (runs, 1))
    samples = truth + shared + generator.normal(0.0, 0.02, (runs, pairs))
    plain = [signed_rank_interval(sample, 0.025) for sample in samples]

    def covered(found: list[Interval]) -> float:
        return float(np.mean([one.low <= truth <= one.high for one in found]))

    assert covered(plain) < 0.7
    assert 0.94 <= covered([widen(one, deviation, 0.025) for one in plain]) <= 0.972


@pytest.mark.parametrize("tails", ["normal", "t3", "spikes"])
def test_a_single_interval_covers_the_truth_as_often_as_promised(tails: str) -> None:
    generator = np.random.default_rng(20290101)
    runs, pairs, truth = 2000, 20, 0.03
    draws: dict[str, Callable[[], Floats]] = {
        "normal": lambda: generator.normal(0.0, 0.1, (runs, pairs, 2)),
        "t3": lambda: 0.1 * generator.standard_t(3, (runs, pairs, 2)),
        "spikes": lambda: generator.exponential(0.1, (runs, pairs, 2)) ** 1.5,
    }
    noise = draws[tails]()
    samples = truth + noise[:, :, 1] - noise[:, :, 0]
    intervals = [signed_rank_interval(sample, 0.025) for sample in samples]
    covered = np.mean([interval.low <= truth <= interval.high for interval in intervals])
    assert 0.94 <= covered <= 0.972
