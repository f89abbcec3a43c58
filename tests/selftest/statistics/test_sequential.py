"""Repeated intervals: the level holds over all looks together, and the looks are worth having."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shadowgate.statistics.intervals import Floats, signed_rank_critical, signed_rank_interval
from shadowgate.statistics.sequential import Looks, look_sizes, plan_looks

RUNS = 3000
NOISE: dict[str, Callable[[np.random.Generator, tuple[int, int]], Floats]] = {
    "normal": lambda generator, shape: generator.normal(0.0, 0.1, shape),
    "heavy tails": lambda generator, shape: 0.1 * generator.standard_t(2, shape),
    "spikes": lambda generator, shape: (
        generator.normal(0.0, 0.02, shape)
        + generator.exponential(0.3, shape) * (generator.random(shape) < 0.2)
    ),
}


def paired_noise(kind: str, runs: int, pairs: int, seed: int = 7) -> Floats:
    """Difference of two sides with noise of the same kind."""
    generator = np.random.default_rng(seed)
    return NOISE[kind](generator, (runs, pairs)) - NOISE[kind](generator, (runs, pairs))


def crossings(noise: Floats, looks: Looks) -> Floats:
    """For each run, whether any look's interval would lie wholly above the truth."""
    crossed = np.zeros(len(noise), dtype=bool)
    for size, tail in zip(looks.sizes, looks.tails, strict=True):
        values = noise[:, :size]
        ranks = np.abs(values).argsort(axis=1).argsort(axis=1) + 1
        below = np.where(values < 0, ranks, 0).sum(axis=1)
        crossed |= below <= signed_rank_critical(size, tail)
    return crossed


@pytest.mark.parametrize("kind", list(NOISE))
@pytest.mark.parametrize("tail", [0.025, 0.0025])
def test_looking_at_every_look_errs_no_more_often_than_promised(kind: str, tail: float) -> None:
    looks = plan_looks(12, 200, tail)
    rate = crossings(paired_noise(kind, RUNS, 200), looks).mean()
    three_sigma = 3 * np.sqrt(tail * (1 - tail) / RUNS)
    assert rate <= tail + three_sigma


def test_the_looks_use_most_of_the_error_they_may() -> None:
    rate = crossings(paired_noise("normal", RUNS, 200), plan_looks(12, 200, 0.025)).mean()
    assert rate >= 0.013


def test_plain_intervals_at_every_look_would_err_too_often() -> None:
    honest = plan_looks(12, 200, 0.025)
    naive = Looks(honest.sizes, (0.025,) * len(honest.sizes))
    assert crossings(paired_noise("normal", RUNS, 200), naive).mean() > 0.07


@given(st.integers(6, 40), st.integers(0, 400))
def test_look_sizes_grow_by_about_a_quarter_and_end_at_the_last(first: int, more: int) -> None:
    sizes = look_sizes(first, first + more)
    assert sizes[0] == first
    assert sizes[-1] == first + more
    assert all(old < new <= old * 1.25 + 1 for old, new in itertools.pairwise(sizes))


@settings(max_examples=25, deadline=None)
@given(st.integers(6, 30), st.integers(0, 300), st.sampled_from([0.05, 0.025, 0.005, 0.0025]))
def test_every_look_may_spend_a_part_of_the_error_and_no_more(
    first: int, more: int, tail: float
) -> None:
    looks = plan_looks(first, first + more, tail)
    assert all(0.0 < spent <= tail * 1.0001 for spent in looks.tails)
    assert sum(looks.tails) >= tail * 0.9999


def test_a_single_look_is_the_plain_test() -> None:
    assert plan_looks(20, 20, 0.025).tails == pytest.approx((0.025,), rel=1e-6)


def test_values_past_the_look_are_not_used() -> None:
    looks = plan_looks(12, 100, 0.025)
    values = np.linspace(-0.1, 0.1, 14)
    at_look = looks.interval(values[:12])
    assert looks.interval(values) == at_look
    assert at_look == signed_rank_interval(values[:12], looks.tails[0])
    assert looks.interval(values[:11]) is None
    assert looks.reached(11) is None
    assert looks.reached(1000) == len(looks.sizes) - 1


@pytest.mark.parametrize(
    ("first", "last", "tail"), [(0, 10, 0.1), (20, 10, 0.1), (5, 10, 0.0), (5, 10, 0.5)]
)
def test_senseless_plans_are_refused(first: int, last: int, tail: float) -> None:
    with pytest.raises(ValueError, match=r"looks from|tail probability"):
        plan_looks(first, last, tail)
