"""The benchmark of the verdict: what it counts, keeps and prints."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.cases import BY_NAME, CASES, FAMILIES, Family, deal
from benchmarks.recording import Record, Store
from benchmarks.resampling import Drawn, noise_of, resample
from benchmarks.rivals import RULES, flags
from benchmarks.table import Share, counts, render, rows, spread_of_copies, time_to_verdict
from benchmarks.verdict import FULL, QUICK, facts, todo
from shadowgate.measure import Sampling
from shadowgate.plan import PerformanceSection
from shadowgate.statistics.intervals import effects, pseudo_median

QUERIES = ("Q1", "Q5")


def recorded(case: str, number: int = 0, *, kind: str = "rounds", loaded: bool = False) -> Record:
    """Rounds of two queries of a case, with its effect and three percent of noise."""
    generator = np.random.default_rng(number)
    ratio = math.exp(BY_NAME[case].effect)
    pairs = {}
    for query in QUERIES:
        noise = np.exp(generator.normal(0.0, 0.03, (60, 2)))
        pairs[query] = [(0.05 * b, 0.05 * ratio * a) for b, a in noise]
    return Record(
        kind="live" if kind == "live" else "rounds",
        family=BY_NAME[case].family,
        loaded=loaded,
        number=number,
        cases=dict.fromkeys(QUERIES, case),
        seconds=30.0 + number,
        pairs=pairs,
        walls=pairs,
        verdicts=dict.fromkeys(QUERIES, "equivalent"),
        sampling_seconds=20.0 + number,
    )


@pytest.mark.parametrize(
    ("case", "verdicts", "counted"),
    [
        ("identical", {"Q1": "equivalent", "Q5": "improved"}, False),
        ("identical", {"Q1": "equivalent", "Q5": "inconclusive"}, True),
        ("identical", {"Q1": "regressed", "Q5": "equivalent"}, True),
        ("slower-5", {"Q1": "regressed", "Q5": "equivalent"}, True),
        ("slower-5", {"Q1": "equivalent", "Q5": "inconclusive"}, False),
        ("slower-3", {"Q1": "equivalent", "Q5": "inconclusive"}, False),
        ("slower-3", {"Q1": "equivalent", "Q5": "regressed"}, True),
        ("faster-30", {"Q5": "improved", "target:Q5": "inconclusive"}, True),
        ("faster-30", {"Q5": "improved", "target:Q5": "met"}, False),
        ("faster-20", {"Q5": "improved", "target:Q5": "met"}, True),
        ("faster-20", {"Q5": "improved", "target:Q5": "missed"}, False),
    ],
)
def test_each_case_counts_its_error(case: str, verdicts: Mapping[str, str], counted: bool) -> None:
    asked = ["Q1", "Q5"] if case == "identical" else ["Q5"]
    assert counts(BY_NAME[case], verdicts, asked) == [counted]


def test_a_run_of_several_cases_is_counted_by_the_query() -> None:
    verdicts = {"Q1": "regressed", "Q2": "equivalent", "Q3": "improved"}
    assert counts(BY_NAME["slower-8"], verdicts, ["Q1", "Q2"]) == [False, True]
    assert counts(BY_NAME["slower-3"], verdicts, ["Q3"]) == [False]


@pytest.mark.parametrize("family", FAMILIES)
def test_each_query_is_of_each_case_and_each_case_has_twenty_live_queries(family: Family) -> None:
    queries = [f"Q{number}" for number in range(1, 11)]
    names = {case.name for case in CASES if case.family == family}
    sets = [deal(family, queries, number) for number in range(FULL.sets[family])]
    assert all({dealt[query] for dealt in sets} == names for query in queries)
    runs = [deal(family, queries, number) for number in range(FULL.runs[family])]
    for name in names:
        asked = sum([*dealt.values()].count(name) for dealt in runs)
        assert (len(runs) if family == "identical" else asked) >= 20


def test_rivals_compare_ten_rounds_with_the_next_ten() -> None:
    steady = [(1.0, 1.0)] * 20
    assert not any(flags(steady).values())
    slower = [(1.0, 9.0)] * 10 + [(9.0, 1.06 + 0.001 * n) for n in range(10)]
    assert all(flags(slower).values())
    spike = [(1.0 + 0.001 * n, 1.0) for n in range(19)] + [(1.0, 2.0)]
    said = flags(spike)
    assert said["compare-fail mean:5%"]
    assert not said["compare-fail median:5%"]
    assert not said["compare-fail min:5%"]


def test_a_resampled_run_decides_as_a_live_one_would() -> None:
    identical, slower = [recorded("identical")], [recorded("slower-8")]
    sampling = Sampling(PerformanceSection(budget_seconds=60.0))
    outcome = resample(identical, [], {}, sampling, seed=1)
    assert set(outcome.verdicts.values()) <= {"equivalent", "improved"}
    assert outcome == resample(identical, [], {}, sampling, seed=1)
    assert outcome.seconds > 0
    changed = resample(identical, slower, {"Q5": BY_NAME["slower-8"].effect}, sampling, seed=1)
    assert changed.verdicts["Q5"] not in ("equivalent", "improved")
    assert changed.verdicts["Q1"] == "equivalent"


def test_recorded_noise_has_no_effect_and_stays_as_wide() -> None:
    taken = recorded("slower-8").pairs["Q5"]
    noise = noise_of(taken)
    assert pseudo_median(effects(noise)) == pytest.approx(0.0)
    assert np.std(effects(noise)) == pytest.approx(np.std(effects(taken)))
    assert [before for before, _ in noise] == [before for before, _ in taken]


def test_spikes_recorded_on_one_side_do_not_move_the_drawn_means() -> None:
    spiky = [(1.6 if number in (3, 20, 41) else 1.0, 1.0) for number in range(50)]
    drawn = Drawn({"Q5": noise_of(spiky)}, {"Q5": math.log(1.05)}, random.Random(1))  # noqa: S311
    pairs = np.array([drawn.measure("Q5", "before") for _ in range(8000)])
    before, after = pairs.mean(axis=0)
    assert after / before == pytest.approx(1.05, rel=0.005)  # 1.014 if the sides stayed


@pytest.mark.parametrize(("case", "ratio"), [("slower-5", 1.05), ("faster-30", 0.7)])
def test_a_case_knows_its_true_effect(case: str, ratio: float) -> None:
    assert math.exp(BY_NAME[case].effect) == pytest.approx(ratio)


def test_a_resampled_target_is_judged() -> None:
    faster = [recorded("faster-30")]
    sampling = Sampling(PerformanceSection(targets={"Q5": 25.0}))
    outcome = resample([recorded("identical")], faster, {"Q5": math.log(0.7)}, sampling, seed=1)
    assert outcome.verdicts == {"Q5": "improved", "target:Q5": "met"}


def test_records_survive_a_stop(tmp_path: Path) -> None:
    path = tmp_path / "bench" / "records.jsonl"
    first = Store(path)
    first.add(recorded("identical"))
    first.add(recorded("slower-5", 1, loaded=True))
    again = Store(path)
    assert set(again.records) == set(first.records)
    assert [r.number for r in again.of("rounds", "slower", loaded=True)] == [1]
    assert again.of("rounds", "slower", loaded=False) == []


def test_the_facts_tell_how_much_is_recorded(tmp_path: Path) -> None:
    store = Store(tmp_path / "records.jsonl")
    store.add(recorded("slower-5"))
    store.add(recorded("identical", 1))
    store.add(recorded("identical", loaded=True))
    told = dict(facts(store, FULL, Sampling()))["recorded"]
    assert told.startswith("2 sets of 50 rounds of ten queries, 1 under load")


def test_what_is_recorded_is_not_measured_again(tmp_path: Path) -> None:
    store = Store(tmp_path / "records.jsonl")
    everything = len(todo(store, QUICK))
    assert everything == len(FAMILIES) * 2 * 2
    store.add(recorded("identical"))
    assert len(todo(store, QUICK)) == everything - 1


def test_the_table_shows_every_case_recorded_beside_the_rivals(tmp_path: Path) -> None:
    store = Store(tmp_path / "records.jsonl")
    for case in ("identical", "slower-8", "faster-20"):
        store.add(recorded(case))
        store.add(recorded(case, kind="live"))
    both = {"Q1": "slower-5", "Q5": "slower-8"}
    store.add(replace(recorded("slower-8", 1), cases=both))
    failing = {"Q1": "equivalent", "Q5": "regressed"}
    store.add(replace(recorded("identical", 1, kind="live"), verdicts=failing))
    live = recorded("faster-20", kind="live")
    said = {"Q1": "improved", "target:Q1": "met", "Q5": "improved", "target:Q5": "missed"}
    store.add(replace(live, verdicts=said))
    sampling = Sampling(PerformanceSection(budget_seconds=30.0))
    drawn = rows(store, sampling, 4)
    identical, slightly, slower, faster = drawn
    assert identical.live == Share(1, 2)
    assert not identical.reached
    assert (slightly.case.name, slightly.live) == ("slower-5", Share(0, 0))
    assert slower.live == Share(2, 2)
    assert faster.live == Share(1, 2)
    assert identical.resampled.of == 4
    assert set(identical.rivals) == set(RULES)
    assert faster.rivals["Mann-Whitney p<0.05"] == Share(0, 0)
    page = render(store, drawn, sampling, [("machine", "a test")])
    assert "- machine: a test" in page
    assert "query 8 % slower: passed" in page
    assert "+8." in page or "+7." in page
    assert time_to_verdict(store) == (20.5, 30.5, 31.0)


@pytest.mark.parametrize("percent", [0.0, 2.0])
def test_the_place_of_copies_is_told_from_the_noise(tmp_path: Path, percent: float) -> None:
    store = Store(tmp_path / "records.jsonl")
    for number in range(40):
        one = recorded("identical", number)
        place = 1.0 + (percent if number % 2 else -percent) / 100.0
        moved = {query: [(b, place * a) for b, a in pairs] for query, pairs in one.pairs.items()}
        store.add(replace(one, pairs=moved))
    assert spread_of_copies(store) == pytest.approx(percent, abs=0.3)  # three percent are noise


def test_nothing_recorded_gives_no_rows(tmp_path: Path) -> None:
    store = Store(tmp_path / "records.jsonl")
    assert rows(store, Sampling(), 10) == []
    assert spread_of_copies(store) is None
    assert time_to_verdict(store) is None
