"""Projections of the series, and what a trial of it says in words."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadowgate.measure import Trial
from shadowgate.measure.answers.rows import Result
from shadowgate.phases.simulation.combined import BEFORE, undecided_queries
from shadowgate.phases.simulation.presentation import (
    achieved,
    forecast_table,
    in_words,
    projections,
)
from shadowgate.phases.simulation.series import Cost, Series, compounded, compounded_by_query
from shadowgate.plan import LaterSection, Plan, SimulationSection, WorkloadSection, read_plan
from shadowgate.statistics.intervals import Interval, to_effect

PLAN = Path(__file__).parents[3] / "migrations/1770500100_auto_partition_creation_2029_plus.toml"
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
    return Series(trial, "OPT1", controls, {"OPT9": Cost(1.0, 0.5, 1_000_000)})


def test_the_forecast_has_a_row_for_every_mix(plan: Plan, series: Series) -> None:
    asked = replace(
        plan,
        workload=WorkloadSection(weights={"Q1": 3.0, "Q2": 1.0}),
        simulation=SimulationSection(mixes={"maps": {"Q1": 1.0}, "reports": {"Q2": 5.0}}),
    )
    assert forecast_table(series, asked).rows == (
        ("every query equally often", "0.0 % (0.0 to 0.0 %)", "−25.0 % (−25.0 to −25.0 %)"),
        ("as [workload.weights] says", "0.0 % (0.0 to 0.0 %)", "−12.5 % (−12.5 to −12.5 %)"),
        ("maps", "0.0 % (0.0 to 0.0 %)", "0.0 % (0.0 to 0.0 %)"),
        ("reports", "0.0 % (0.0 to 0.0 %)", "−50.0 % (−50.0 to −50.0 %)"),
    )


def test_both_models_of_the_projection_are_told(plan: Plan, series: Series) -> None:
    later = (LaterSection("OPT9", "one", 50.0, queries=("Q2",)),)
    simulation = SimulationSection(measured_percent=0.0, later=later)
    assert projections(series, replace(plan, simulation=simulation)) == {
        "compounded over all queries": 50.0,
        "each on the queries that it is for": 25.0,
    }


# --- what is asked of all together ----------------------------------------------------------

NOISE = (0.9, 1.08, 0.97, 1.1, 1.01, 0.92, 1.04, 0.99)


def told_together(factors: dict[str, float]) -> Trial:
    """Q1, Q2 and W1 before, and with everything: each by its factor, those of 1 with noise."""
    before = dict.fromkeys(("Q1", "Q2", "W1"), (0.1,) * 8)
    after = {
        query: tuple(0.1 * factors[query] * (n if factors[query] == 1.0 else 1.0) for n in NOISE)
        for query in before
    }
    return Trial({BEFORE: before, "all": after}, ("Q1", "Q2"), {}, {}, tail=0.025, deviation=0.0)


@pytest.mark.parametrize(
    ("factors", "limits", "undecided"),
    [
        ({"Q1": 0.5, "Q2": 0.5, "W1": 1.0}, {}, []),
        ({"Q1": 0.2, "Q2": 1.0, "W1": 1.0}, {}, ["Q2"]),
        ({"Q1": 0.5, "Q2": 0.5, "W1": 1.0}, {"W1": 5.0}, ["W1"]),
        ({"Q1": 0.5, "Q2": 0.5, "W1": 1.2}, {"W1": 5.0}, []),
        ({"Q1": 0.28, "Q2": 1.0, "W1": 1.0}, {}, ["Q1", "Q2"]),
    ],
    ids=["decided", "a read", "a write with a limit", "a write beyond it", "the average"],
)
def test_what_is_undecided_is_measured_on(
    plan: Plan, factors: dict[str, float], limits: dict[str, float], undecided: list[str]
) -> None:
    asked = replace(plan, simulation=SimulationSection(target_percent=36.0, limits=limits))
    trial = told_together(factors)
    for queries in (["Q1", "Q2"], ["W1"]):
        wanted = [query for query in undecided if query in queries]
        assert undecided_queries(trial, "all", asked, queries) == wanted


def test_a_read_past_its_limit_by_its_estimate_alone_is_measured_on(plan: Plan) -> None:
    """Few rounds of a query slower by half the limit have such an estimate too often."""
    few = told_together({"Q1": 0.1, "Q2": 1.0, "W1": 1.0})
    slower = tuple(0.1 * factor for factor in (1.01, 1.02, 1.04, 1.06, 1.07, 1.09, 1.1, 1.12))
    seconds = {**few.seconds, "all": {**few.seconds["all"], "Q2": slower}}
    assert list(undecided_queries(replace(few, seconds=seconds), "all", plan, ["Q2"])) == ["Q2"]
    more = {
        BEFORE: {**seconds[BEFORE], "Q2": (0.1,) * 32},
        "all": {**seconds["all"], "Q2": slower * 4},
    }
    assert list(undecided_queries(replace(few, seconds=more), "all", plan, ["Q2"])) == []
