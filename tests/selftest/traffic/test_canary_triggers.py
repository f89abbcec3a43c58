"""The sequential tests behind the rollback triggers: how often they fire, and when."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadowgate.traffic.canary import requests_to_see_errors, seconds_to_see_latency
from shadowgate.traffic.canary.triggers import LatencyLook, Paired, look_at_errors, look_at_latency

SECONDS, SPREAD, STATEMENTS = 30, 0.2, 4
Pairs = dict[str, list[Paired]]


def pairs(seed: int, slower: float, *, rate: float = 24.0) -> Pairs:
    """Pairs of answers of four lanes; in a busy stretch they are spread three times as far."""
    generator = np.random.default_rng(seed)
    count = generator.poisson(rate * SECONDS)
    at = np.sort(generator.uniform(0, SECONDS, count))
    busy = generator.choice([1.0, 3.0], SECONDS // 2)[(at // 2).astype(int)]
    statement = generator.integers(0, STATEMENTS, count)
    lane = generator.integers(0, 4, count)
    ratio = generator.normal(math.log1p(slower), SPREAD, count) * busy
    found: Pairs = {}
    for name, moment, each, who in zip(statement, at, ratio, lane, strict=True):
        found.setdefault(f"Q{name}", []).append((float(moment), float(each), int(who)))
    return found


def until(second: float, found: Pairs) -> Pairs:
    return {name: [one for one in every if one[0] < second] for name, every in found.items()}


def fires(seed: int, slower: float) -> bool:
    """Whether the test fires at one of ten looks."""
    found = pairs(seed, slower)
    return any(
        look.fires
        for second in range(3, SECONDS + 1, 3)
        for look in look_at_latency(until(second, found), 5.0)
    )


def test_equal_sides_fire_nothing_however_often_they_are_looked_at() -> None:
    assert sum(fires(seed, 0.0) for seed in range(30)) == 0


def test_ten_percent_more_are_seen_within_thirty_seconds() -> None:
    assert sum(fires(seed, 0.1) for seed in range(30)) >= 28


def test_less_than_the_limit_is_not_rolled_back() -> None:
    assert sum(fires(seed, 0.02) for seed in range(20)) <= 1


def test_one_statement_that_is_slower_fires_though_the_others_are_not() -> None:
    found = pairs(3, 0.0) | {"Q9": pairs(4, 0.4)["Q0"]}
    fired = {look.about for look in look_at_latency(found, 5.0) if look.fires}
    assert "Q9" in fired
    assert not fired & {f"Q{n}" for n in range(STATEMENTS)}


def test_a_few_answers_that_take_ten_times_as_long_are_no_difference() -> None:
    found = pairs(1, 0.0)
    for every in found.values():
        every[::17] = [(at, ratio + math.log(10), lane) for at, ratio, lane in every[::17]]
    (together, *_) = look_at_latency(found, 5.0)
    assert abs(together.percent) < 5
    assert not together.fires


def test_lanes_that_differ_by_themselves_make_the_interval_wider() -> None:
    found = pairs(5, 0.0)
    sure, *_ = look_at_latency(found, 5.0)
    apart = {
        name: [
            (at, ratio + (0.3 if int(at // 2 + lane) % 2 else -0.3), lane)
            for at, ratio, lane in every
        ]
        for name, every in found.items()
    }
    unsure, *_ = look_at_latency(apart, 5.0)
    assert unsure.variance > 3 * sure.variance


def test_too_few_answers_say_nothing() -> None:
    few = {"Q": [(0.1 * n, 0.01, n) for n in range(5)]}
    assert look_at_latency(few, 5.0) == ()
    assert look_at_latency({}, 5.0) == ()
    one_stretch = {"Q": [(0.01 * n, 0.01, n % 4) for n in range(100)]}
    assert look_at_latency(one_stretch, 5.0) == ()


@given(st.integers(0, 5000), st.integers(0, 20000))
def test_without_an_error_nothing_fires(stable: int, canary: int) -> None:
    assert not look_at_errors((stable, 0), (canary, 0), 0.1).fires


@given(st.integers(1, 2000), st.integers(0, 50), st.floats(0, 5))
def test_one_more_error_never_speaks_for_the_canary(
    requests: int, errors: int, limit: float
) -> None:
    fewer = look_at_errors((1000, 0), (requests + 50, errors), limit)
    more = look_at_errors((1000, 0), (requests + 50, errors + 1), limit)
    assert more.ratio > fewer.ratio


def test_errors_that_both_arms_have_are_no_reason_to_roll_back() -> None:
    assert not look_at_errors((1000, 10), (250, 3), 0.1).fires
    assert look_at_errors((1000, 0), (250, 3), 0.1).fires


def test_a_limit_of_none_lets_one_error_fire() -> None:
    assert look_at_errors((100, 0), (100, 1), 0.0).fires


def test_half_a_percent_of_errors_is_seen_in_seven_hundred_requests() -> None:
    generator = np.random.default_rng(7)
    found = 0
    for _ in range(200):
        failed = np.cumsum(generator.uniform(size=700) < 0.005)
        looks = (look_at_errors((4000, 0), (n + 1, int(e)), 0.1) for n, e in enumerate(failed))
        found += any(look.fires for look in looks)
    assert found >= 190


def test_what_it_takes_to_see_a_change_is_told_from_what_was_measured() -> None:
    look = LatencyLook("all", 0.0, -2.0, 2.0, variance=1e-4, ratio=-1.0, bound=6.0)
    assert seconds_to_see_latency(look, 5.0, 10.0) == pytest.approx(
        10 * 1e-4 * 12 / math.log(1.1) ** 2
    )
    errors = look_at_errors((1000, 0), (1000, 0), 0.1)
    assert requests_to_see_errors(errors, 0.1, 0.5) == 200
    assert requests_to_see_errors(errors, 0.1, 0.0) == math.inf
