"""Projections of the series, and what a trial of it says in words."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadowgate.measure import Sampling, Trial
from shadowgate.measure.rows import Result
from shadowgate.measure.statistics import Interval, signed_rank_interval, to_effect
from shadowgate.plan import LaterSection, Plan, SimulationSection, WorkloadSection, read_plan
from shadowgate.stages import (
    Series,
    achieved,
    compounded,
    compounded_by_query,
    forecast_table,
    in_words,
    projections,
)
from shadowgate.stages.simulation import BEFORE, JUDGED_ROUNDS, Cost

PLAN = Path(__file__).parents[2] / "migrations/1770500100_auto_partition_creation_2029_plus.toml"
percents = st.floats(0.0, 99.0)


def test_the_seed_plan_compounds_to_more_than_it_says() -> None:
    assert round(compounded([2.2, 25, 12.5, 7.5, 3.5]), 1) == 42.7


@given(st.lists(percents, max_size=6))
def test_compounding_does_not_depend_on_the_order(parts: list[float]) -> None:
    assert compounded(parts) == pytest.approx(compounded(reversed(parts)))
    assert 0.0 <= compounded(parts) <= 100.0


@given(percents, percents)
def test_by_query_and_over_all_agree_where_all_queries_are_aimed_at(
    own: float, later: float
) -> None:
    optimisation = LaterSection("OPT9", "all", later)
    by_query = compounded_by_query(own, [optimisation], {"Q1": 10.0, "Q2": 30.0})
    assert by_query == pytest.approx(compounded([own, later]))


def test_an_optimisation_of_one_query_counts_by_its_share() -> None:
    optimisation = LaterSection("OPT9", "one", 50.0, queries=("Q2",))
    assert compounded_by_query(0.0, [optimisation], {"Q1": 10.0, "Q2": 30.0}) == 37.5


def interval(low: float, high: float) -> Interval:
    return Interval(to_effect((low + high) / 2), to_effect(low), to_effect(high))


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        (-30.0, -26.0, "achieved"),
        (-24.0, -20.0, "not achieved"),
        (-26.0, -20.0, "neither shown nor refuted"),
        (1.0, 2.0, "not achieved"),
    ],
)
def test_only_a_whole_interval_says_achieved(low: float, high: float, words: str) -> None:
    assert achieved(interval(low, high), 25.0) == words


def test_an_effect_is_told_with_its_interval() -> None:
    assert in_words(interval(-20.0, -10.0)) == "−15.0 % (−20.0 to −10.0 %)"


@pytest.fixture(scope="module")
def plan() -> Plan:
    return read_plan(PLAN)


@pytest.fixture
def series() -> Series:
    """Q1 stays as it was; Q2 takes half the time with OPT9."""
    same = {"Q1": (0.1,) * 8, "Q2": (0.1,) * 8}
    halved = {"Q1": (0.1,) * 8, "Q2": (0.05,) * 8}
    rows = dict.fromkeys((BEFORE, "OPT1", "OPT9"), dict.fromkeys(same, Result((), ())))
    seconds = {BEFORE: same, "OPT1": same, "OPT9": halved}
    trial = Trial(seconds, ("Q1", "Q2"), rows, rows, tail=0.025, deviation=0.0)
    controls = {"OPT1": BEFORE, "OPT9": "OPT1"}
    return Series(trial, "OPT1", controls, {"OPT9": Cost(1.0, 0.5, 1_000_000)}, complete=True)


def test_the_forecast_has_a_row_for_every_mix(plan: Plan, series: Series) -> None:
    asked = replace(
        plan,
        workload=WorkloadSection(weights={"Q1": 3.0, "Q2": 1.0}),
        simulation=SimulationSection(mixes={"maps": {"Q1": 1.0}, "reports": {"Q2": 5.0}}),
    )
    assert forecast_table(series, asked).rows == (
        ("every query equally often", "+0.0 % (+0.0 to +0.0 %)", "−25.0 % (−25.0 to −25.0 %)"),
        ("as [workload.weights] says", "+0.0 % (+0.0 to +0.0 %)", "−12.5 % (−12.5 to −12.5 %)"),
        ("maps", "+0.0 % (+0.0 to +0.0 %)", "+0.0 % (+0.0 to +0.0 %)"),
        ("reports", "+0.0 % (+0.0 to +0.0 %)", "−50.0 % (−50.0 to −50.0 %)"),
    )


def test_both_models_of_the_projection_are_told(plan: Plan, series: Series) -> None:
    later = (LaterSection("OPT9", "one", 50.0, queries=("Q2",)),)
    simulation = SimulationSection(measured_percent=0.0, later=later)
    assert projections(series, replace(plan, simulation=simulation)) == {
        "compounded over all queries": 50.0,
        "each on the queries that it is for": 25.0,
    }


@pytest.mark.parametrize(
    ("rounds", "is_bounded"), [(JUDGED_ROUNDS - 1, False), (JUDGED_ROUNDS, True)]
)
def test_a_single_disturbed_round_sets_no_bound_of_what_is_judged(
    rounds: int, is_bounded: bool
) -> None:
    quiet = np.linspace(-0.08, -0.06, rounds - 1)
    found = signed_rank_interval(np.append(quiet, 0.5), Sampling().tail)
    assert (found.high < 0.0) == is_bounded
