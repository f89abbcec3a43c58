"""The table of verdicts, row by row."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadowgate.statistics.intervals import Interval, to_effect
from shadowgate.statistics.verdict import (
    Estimate,
    QueryJudgement,
    TargetStatus,
    deciding_interval,
    effective_limit,
    judge_query,
    judge_target,
)

LIMIT = to_effect(5.0)


def estimate(
    low: float, middle: float, high: float, wider: float = 0.0, *, pairs: int = 24
) -> Estimate:
    """An estimate in percent, its family interval wider on both sides."""
    plain = Interval(to_effect(middle), to_effect(low), to_effect(high))
    family = Interval(plain.estimate, to_effect(low - wider), to_effect(high + wider))
    return Estimate(pairs, plain, family)


@pytest.mark.parametrize(
    ("found", "verdict"),
    [
        (estimate(-30, -25, -20), "improved"),
        (estimate(-3, -2, -0.1), "improved"),
        (estimate(-3, -2, -0.1, wider=1), "equivalent"),
        (estimate(-2, 0, 2), "equivalent"),
        (estimate(1, 3, 4.9), "equivalent"),
        (estimate(-2, 2, 5.1), "inconclusive"),
        (estimate(-1, 5.5, 12), "inconclusive"),
        (estimate(1, 4.9, 9), "inconclusive"),
        (estimate(3, 4.9, 9), "inconclusive"),
        (estimate(3, 5.1, 9), "regressed"),
        (estimate(3, 5.1, 9, wider=1), "inconclusive"),
        (estimate(2, 5.1, 9), "inconclusive"),
        (estimate(3, 5.1, 9, pairs=23), "inconclusive"),
        (estimate(6, 8, 10), "regressed"),
        (estimate(6, 8, 10, pairs=12), "regressed"),
        (estimate(1, 3, 4.9, pairs=12), "equivalent"),
        (estimate(3, 8, 15, wider=1), "inconclusive"),
        (estimate(-90, 0, 900), "inconclusive"),
        (None, "inconclusive"),
    ],
)
def test_verdict_is_that_of_the_table(found: Estimate | None, verdict: QueryJudgement) -> None:
    assert judge_query(found, LIMIT) == verdict


@pytest.mark.parametrize(
    ("found", "status"),
    [
        (estimate(-35, -30, -26), "met"),
        (estimate(-35, -30, -25), "met"),
        (estimate(-35, -30, -24.9), "inconclusive"),
        (estimate(-35, -25.5, -20), "inconclusive"),
        (estimate(-24, -20, -16), "missed"),
        (None, "inconclusive"),
    ],
)
def test_a_target_holds_only_by_its_interval(found: Estimate | None, status: TargetStatus) -> None:
    assert judge_target(found, 25.0) == status


percents = st.floats(min_value=-60.0, max_value=60.0)


@given(st.tuples(percents, percents, percents).map(sorted), st.floats(0.0, 30.0))
def test_a_slower_interval_never_gets_a_better_verdict(bounds: list[float], more: float) -> None:
    order = ["improved", "equivalent", "inconclusive", "regressed"]
    one = judge_query(estimate(*bounds), LIMIT)
    other = judge_query(estimate(*(bound + more for bound in bounds)), LIMIT)
    assert order.index(other) >= order.index(one)


@given(st.tuples(percents, percents, percents).map(sorted))
def test_nothing_passes_that_may_be_slower_than_the_limit(bounds: list[float]) -> None:
    passes = judge_query(estimate(*bounds), LIMIT) in ("improved", "equivalent")
    assert passes == (to_effect(bounds[2]) < LIMIT)


def test_the_floor_raises_the_limit_of_short_queries_only() -> None:
    assert effective_limit(5.0, 0.0, 0.5) == pytest.approx(LIMIT)
    assert effective_limit(5.0, 0.2, 0.5) == pytest.approx(math.log(1.4))
    assert effective_limit(5.0, 0.2, 100.0) == pytest.approx(LIMIT)


def test_the_interval_shown_is_the_one_that_decided() -> None:
    found = estimate(-3, -2, -0.5, wider=0.2)
    assert deciding_interval(found, "improved") == found.family
    assert deciding_interval(found, "equivalent") == found.plain
    assert deciding_interval(None, "inconclusive") is None
