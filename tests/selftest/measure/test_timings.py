"""Stored times: which are comparable, and what a slower machine does not change."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadowgate.errors import PlanError
from shadowgate.measure.sampler import Pair
from shadowgate.measure.timings import (
    StoredRun,
    difference,
    environment_key,
    extra_info,
    read_run,
    read_runs,
    trend_since,
)
from shadowgate.statistics.intervals import Interval

KEY = environment_key({"cpu": "x", "server": 150020})


def pairs(effect: float, *, seconds: float = 0.05, seed: int = 1, count: int = 40) -> list[Pair]:
    generator = np.random.default_rng(seed)
    noise = generator.normal(0.0, 0.03, (count, 2))
    before, after = seconds * np.exp(noise[:, 0]), seconds * np.exp(noise[:, 1] + effect)
    return list(zip(before.tolist(), after.tolist(), strict=True))


def store(path: Path, taken: Mapping[str, Sequence[Pair]], key: str) -> None:
    """Write a file as pytest-benchmark does."""
    entries = [
        {
            "name": f"{query}[{side}]",
            "stats": {"data": [pair[place] for pair in rounds]},
            "extra_info": extra_info(query, side, key),
        }
        for query, rounds in taken.items()
        for place, side in enumerate(("before", "after"))
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"benchmarks": entries, "machine_info": {}}), encoding="utf-8")


def test_equal_facts_have_equal_fingerprints_and_others_not() -> None:
    assert environment_key({"a": 1, "b": "x"}) == environment_key({"b": "x", "a": 1})
    assert environment_key({"a": 1, "b": "x"}) != environment_key({"a": 1, "b": "y"})


def test_runs_are_read_oldest_first_with_their_pairs_in_order(tmp_path: Path) -> None:
    one, two = {"Q1": pairs(0.0)}, {"Q1": pairs(0.1)}
    store(tmp_path / "Linux" / "0002_later.json", two, KEY)
    store(tmp_path / "Linux" / "0001_first.json", one, KEY)
    runs = read_runs(tmp_path, KEY)
    assert [run.name for run in runs] == ["0001_first.json", "0002_later.json"]
    assert runs[0].pairs == {"Q1": tuple(one["Q1"])}


def test_times_of_another_machine_are_passed_over(tmp_path: Path) -> None:
    store(tmp_path / "0001_x.json", {"Q1": pairs(0.0)}, environment_key({"cpu": "y"}))
    assert read_runs(tmp_path, KEY) == ()


def test_entries_of_other_benchmarks_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "0001_x.json"
    path.write_text(json.dumps({"benchmarks": [{"name": "t", "stats": {}}]}), encoding="utf-8")
    assert read_run(path, KEY).pairs == {}


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"benchmarks": [1]}'])
def test_a_file_that_is_not_pytest_benchmarks_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "0001_x.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(PlanError, match="cannot be read"):
        read_run(path, KEY)


def test_a_slower_machine_is_not_a_slower_query() -> None:
    stored = StoredRun("0001", {"Q1": tuple(pairs(-0.2, seconds=0.05))})
    (found,) = trend_since(stored, {"Q1": pairs(-0.2, seconds=0.08, seed=2)}, 0.025, 0.0)
    assert found.direction == "no difference shown"
    assert found.machine_percent == pytest.approx(60.0, abs=5.0)


@pytest.mark.parametrize(("effect", "direction"), [(-0.05, "slower"), (-0.35, "faster")])
def test_an_effect_that_changed_is_told_on_any_day(effect: float, direction: str) -> None:
    stored = StoredRun("0001", {"Q1": tuple(pairs(-0.2))})
    (found,) = trend_since(stored, {"Q1": pairs(effect, seconds=0.03, seed=3)}, 0.025, 0.0)
    assert found.direction == direction
    assert direction in str(found)


def test_only_queries_of_both_runs_are_compared() -> None:
    stored = StoredRun("0001", {"Q1": tuple(pairs(0.0)), "Q2": tuple(pairs(0.0))})
    found = trend_since(stored, {"Q2": pairs(0.0), "Q3": pairs(0.0)}, 0.025, 0.0)
    assert [each.query for each in found] == ["Q2"]


bounds = st.tuples(*[st.floats(-2.0, 2.0)] * 3).map(sorted)


@given(bounds, bounds)
def test_a_difference_is_wider_than_either_part_and_mirrors(
    one: list[float], other: list[float]
) -> None:
    first, second = Interval(one[1], one[0], one[2]), Interval(other[1], other[0], other[2])
    found, mirrored = difference(first, second), difference(second, first)
    assert found.high - found.estimate >= first.high - first.estimate - 1e-12
    assert found.estimate - found.low >= second.high - second.estimate - 1e-12
    assert (mirrored.low, mirrored.high) == pytest.approx((-found.high, -found.low))
