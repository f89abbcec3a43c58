"""The sequential tests behind the rollback triggers: how often they fire, and when."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadowgate.traffic.canary import requests_to_see_errors, seconds_to_see_latency
from shadowgate.traffic.canary.triggers import LatencyLook, Timed, look_at_errors, look_at_latency

SECONDS, SPREAD, STATEMENTS = 30, 0.35, 4
Arm = dict[str, list[Timed]]


def answers(seed: int, slower: float, *, rate: float = 120.0) -> tuple[Arm, Arm]:
    """Answers of both arms at a share of 20 %, in busy stretches that both meet alike."""
    generator = np.random.default_rng(seed)
    count = generator.poisson(rate * SECONDS)
    at = np.sort(generator.uniform(0, SECONDS, count))
    busy = generator.normal(0, 0.4, SECONDS // 2)[(at // 2).astype(int)]
    statement = generator.integers(0, STATEMENTS, count)
    session = generator.integers(0, 20, count)
    new = session < 4
    latency = np.exp(generator.normal(0, SPREAD, count) + statement - 5 + busy)
    latency *= np.where(new, 1 + slower, 1.0)
    arms: tuple[Arm, Arm] = ({}, {})
    for name, moment, time, who in zip(statement, at, latency, session, strict=True):
        own = arms[int(who < 4)].setdefault(f"Q{name}", [])
        own.append((float(moment), float(time), int(who)))
    return arms


def fires(seed: int, slower: float) -> bool:
    """Whether the test fires at one of ten looks."""
    stable, canary = answers(seed, slower)
    for second in range(3, SECONDS + 1, 3):
        seen = [
            {k: [a for a in v if a[0] < second] for k, v in arm.items()} for arm in (stable, canary)
        ]
        if any(look.fires for look in look_at_latency(seen[0], seen[1], 5.0)):
            return True
    return False


def test_identical_arms_fire_nothing_however_often_they_are_looked_at() -> None:
    assert sum(fires(seed, 0.0) for seed in range(30)) == 0


def test_ten_percent_more_are_seen_within_thirty_seconds() -> None:
    assert sum(fires(seed, 0.1) for seed in range(30)) >= 26


def test_less_than_the_limit_is_not_rolled_back() -> None:
    assert sum(fires(seed, 0.02) for seed in range(20)) <= 1


def test_a_busy_stretch_that_meets_one_arm_more_often_is_no_difference() -> None:
    stable, canary = answers(1, 0.0)
    late = {name: [a for a in times if a[0] >= 14] for name, times in canary.items()}
    slow = [
        {
            n: [(at, t * 5 if at >= 14 else t, who) for at, t, who in times]
            for n, times in arm.items()
        }
        for arm in (stable, late)
    ]
    (together, *_) = look_at_latency(slow[0], slow[1], 5.0)
    assert abs(together.percent) < 10


def test_too_few_answers_say_nothing() -> None:
    few = {"Q": [(0.1 * n, 0.01, n) for n in range(5)]}
    assert look_at_latency(few, few, 5.0) == ()
    assert look_at_latency({}, few, 5.0) == ()


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
