"""The checks of phase 7: what each lets pass, and what makes it fail or leaves it open."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from shadowgate.measure import Trial
from shadowgate.measure.answers.rows import Result
from shadowgate.options import Request
from shadowgate.phases.finding import CheckFailed, CheckInconclusive, Finding
from shadowgate.phases.run import Run
from shadowgate.phases.simulation.checks import (
    optimisation_keeps_its_promise,
    series_reaches_its_target,
    writes_are_not_slower,
)
from shadowgate.phases.simulation.combined import BEFORE
from shadowgate.phases.simulation.series import Cost, Series
from shadowgate.plan import LaterSection, Plan, SimulationSection, read_plan

PLAN = Path(__file__).parents[3] / "migrations/1770500100_auto_partition_creation_2029_plus.toml"
STEADY = (1.0,) * 8
NOISY = (0.9, 0.92, 0.97, 0.99, 1.01, 1.04, 1.08, 1.1)
ROWS = Result(("count",), ((1,),))
OTHER_ROWS = Result(("count",), ((2,),))


@dataclass(frozen=True)
class Asked:
    """A plan with OPT9 on top, and the factors by which it changes each query's time."""

    factors: dict[str, float]
    rounds: tuple[float, ...] = STEADY
    targets: dict[str, float] | None = None
    overall: float = 10.0
    limits: dict[str, float] | None = None
    rows: Result = ROWS

    @property
    def plan(self) -> Plan:
        """The plan."""
        later = LaterSection(
            "OPT9", "all", 20.0, migration=Path("9.sql"), targets=self.targets or {}
        )
        section = SimulationSection(self.overall, limits=self.limits or {}, later=(later,))
        return replace(read_plan(PLAN), simulation=section)

    @property
    def series(self) -> Series:
        """The series, whose making takes a minute on real databases."""
        same = dict.fromkeys(("Q1", "Q2", "W1"), STEADY)
        changed = {
            query: tuple(self.factors.get(query, 1.0) * each for each in self.rounds)
            for query in same
        }
        rows = dict.fromkeys((BEFORE, "OPT1"), dict.fromkeys(("Q1", "Q2"), ROWS))
        rows["OPT9"] = dict.fromkeys(("Q1", "Q2"), self.rows)
        trial = Trial(
            {BEFORE: same, "OPT1": same, "OPT9": changed},
            ("Q1", "Q2"),
            rows,
            rows,
            tail=0.025,
            deviation=0.0,
        )
        controls = {"OPT1": BEFORE, "OPT9": "OPT1"}
        costs = {"OPT9": Cost(1.0, 0.5, 1000)}
        return Series(trial, "OPT1", controls, costs)

    def effect(self, quick: str = "") -> None:
        """Run the check of one optimisation."""
        optimisation_keeps_its_promise(self.series, "OPT9", self.plan, quick, Finding())

    def combined(self) -> None:
        """Run the check of all together."""
        series_reaches_its_target(self.series, self.plan, Finding())

    def writers(self) -> None:
        """Run the check of the writes."""
        writes_are_not_slower(self.series, self.plan, Finding())


HALVED = {"Q1": 0.5, "Q2": 0.5}


def test_an_optimisation_that_keeps_its_promises_passes() -> None:
    Asked(HALVED, targets={"Q1": 40.0}).effect()


def test_one_that_misses_its_target_fails() -> None:
    with pytest.raises(CheckFailed, match="Q1: -60 % is not reached"):
        Asked(HALVED, targets={"Q1": 60.0}).effect()


def test_one_whose_interval_holds_the_target_is_not_decided() -> None:
    with pytest.raises(CheckInconclusive, match="Q1: -50 % is not decided"):
        Asked(HALVED, NOISY, targets={"Q1": 50.0}).effect()


def test_one_that_returns_other_rows_fails_however_fast_it_is() -> None:
    with pytest.raises(CheckFailed, match="Q1: row"):
        Asked(HALVED, rows=OTHER_ROWS).effect()


def test_on_few_rows_only_the_rows_are_judged() -> None:
    Asked({}, targets={"Q1": 60.0}).effect(quick="too few rows")
    with pytest.raises(CheckFailed, match="Q1: row"):
        Asked({}, rows=OTHER_ROWS).effect(quick="too few rows")


def test_all_together_pass_where_the_target_is_reached_and_no_read_is_slower() -> None:
    Asked(HALVED).combined()


def test_all_together_fail_below_the_target_of_the_series() -> None:
    with pytest.raises(CheckFailed, match="60 % are not reached"):
        Asked(HALVED, overall=60.0).combined()


def test_all_together_are_not_decided_where_the_interval_holds_the_target() -> None:
    with pytest.raises(CheckInconclusive, match="does not decide"):
        Asked(HALVED, NOISY, overall=50.0).combined()


def test_one_slower_read_fails_whatever_the_sum_says() -> None:
    slower = Asked({"Q1": 0.2, "Q2": 1.1})
    with pytest.raises(CheckFailed, match="Q2 is slower"):
        slower.combined()
    replace(slower, limits={"Q2": 15.0}).combined()


def test_a_read_that_may_be_slower_is_not_decided() -> None:
    with pytest.raises(CheckInconclusive, match="Q2 may be"):
        Asked({"Q1": 0.2}, NOISY).combined()


def test_all_together_with_other_rows_fail() -> None:
    with pytest.raises(CheckFailed, match="Q1: row"):
        Asked(HALVED, rows=OTHER_ROWS).combined()


def test_a_part_of_the_series_is_measured_but_not_judged_as_the_whole() -> None:
    whole = Asked(HALVED).plan
    projected = LaterSection("OPT10", "only projected", 5.0)
    later = (*whole.simulation.later, projected)
    part = replace(whole, simulation=replace(whole.simulation, later=later))
    for plan, reason in ((whole, ""), (part, "not all optimisations are measured")):
        run = Run(Request(plan, "local", None, Path(), None))
        assert series_reaches_its_target.applies is not None
        assert series_reaches_its_target.applies(run).startswith(reason)
        assert bool(series_reaches_its_target.applies(run)) == bool(reason)


def test_a_write_within_its_limit_passes_and_one_beyond_it_fails() -> None:
    slower = Asked({"W1": 1.2}, limits={"W1": 25.0})
    slower.writers()
    with pytest.raises(CheckFailed, match="W1 is slower"):
        replace(slower, limits={"W1": 15.0}).writers()


def test_a_write_whose_interval_holds_its_limit_is_not_decided() -> None:
    with pytest.raises(CheckInconclusive, match="W1 may be"):
        Asked({"W1": 1.0}, NOISY, limits={"W1": 5.0}).writers()


def test_a_write_without_a_limit_is_shown() -> None:
    Asked({"W1": 9.0}).writers()
