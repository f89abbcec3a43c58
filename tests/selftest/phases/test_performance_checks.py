"""The checks of phase 6 that judge a promise: what each lets pass, and what leaves it open."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import cast

import pytest

from shadowgate.measure import Comparison
from shadowgate.phases.finding import CheckFailed, CheckInconclusive, Finding
from shadowgate.phases.performance.checks import average_gain_is_met, target_is_met
from shadowgate.phases.results import Blocked
from shadowgate.statistics.intervals import Interval
from shadowgate.statistics.verdict import Estimate, Target, TargetStatus


def compared(status: TargetStatus, percent: float | None, stopped_by: str = "") -> Comparison:
    """A comparison in which Q5 and the average changed by so much, known to a point."""
    estimate = None
    if percent is not None:
        low, middle, high = (math.log1p((percent + off) / 100.0) for off in (-1.0, 0.0, 1.0))
        interval = Interval(middle, low, high)
        estimate = Estimate(12, interval, interval)
    promised = Target("Q5", 25.0, status, estimate)
    return cast(
        Comparison,
        SimpleNamespace(
            targets={"Q5": promised},
            overall_target=promised,
            stopped_by=stopped_by,
            how="timed",
            crowded="too much for the cache",
        ),
    )


def judge(comparison: Comparison) -> Finding:
    target_is_met(comparison, "Q5", finding := Finding())
    average_gain_is_met(comparison, overall := Finding())
    assert overall.details[:2] == ["timed", "too much for the cache"]
    return finding


def test_a_promise_that_is_kept_is_told_with_its_interval() -> None:
    finding = judge(compared("met", -40.0))
    assert (finding.measured, finding.limit) == (-40.0, -25.0)
    assert finding.details == ["interval −41.0 to −39.0 %"]


@pytest.mark.parametrize("stopped_by", ["", "migration.hazards"])
def test_a_promise_that_is_missed_fails_even_if_the_verdict_was_decided(stopped_by: str) -> None:
    with pytest.raises(CheckFailed, match=r"Q5 changed by -10\.0 %, promised were -25 %"):
        judge(compared("missed", -10.0, stopped_by))


@pytest.mark.parametrize("percent", [None, -25.5])
def test_a_promise_left_open_is_undecided_or_was_needless(percent: float | None) -> None:
    with pytest.raises(CheckInconclusive, match="its interval does not decide"):
        judge(compared("inconclusive", percent))
    with pytest.raises(Blocked, match=r"migration\.hazards"):
        judge(compared("inconclusive", percent, "migration.hazards"))
