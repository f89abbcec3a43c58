"""Several databases in one trial: what each changes, and answers that go stale."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadowgate.errors import ValidationError
from shadowgate.measure import Arm, Judging, Sampling, Trial, run_trial
from shadowgate.measure.answers.rows import Result
from shadowgate.measure.copies import fresh_copy
from shadowgate.queries import Query, Workload
from shadowgate.server import Database
from shadowgate.statistics.intervals import to_percent
from shadowgate.statistics.sequential import plan_looks
from tests.selftest.conftest import MakeDatabase

COUNT = Query("Q1", "count", "read", "SELECT count(*), sum(area) FROM parcel", Path("q1.sql"))
INSERT = Query("W1", "insert", "write", "INSERT INTO parcel VALUES (1, 2.5)", Path("w1.sql"))
WORKLOAD = Workload((COUNT, INSERT))
STORED = Workload(
    (replace(COUNT, rewritten=replace(COUNT, sql="SELECT count, sum FROM sums")), INSERT)
)
Undecided = Callable[[Trial, Sequence[str]], Sequence[str]]
SETUP = """
CREATE TABLE parcel (id bigint, area numeric);
INSERT INTO parcel SELECT n, n FROM generate_series(1, 5000) AS n;
CREATE MATERIALIZED VIEW sums AS SELECT count(*), sum(area) FROM parcel;
"""


@pytest.fixture
def parcels(make_database: MakeDatabase) -> Database:
    made = make_database()
    with made.connect() as connection:
        connection.execute(SETUP.encode())
    return made


def trial(*arms: Arm, rounds: int = 6) -> Trial:
    return run_trial(arms, Sampling(), rounds, clones=fresh_copy)


def test_every_arm_is_asked_every_query_so_often(parcels: Database) -> None:
    found = trial(Arm("a", parcels, WORKLOAD), Arm("b", parcels, WORKLOAD))
    assert {arm: {q: len(s) for q, s in by.items()} for arm, by in found.seconds.items()} == {
        "a": {"Q1": 6, "W1": 6},
        "b": {"Q1": 6, "W1": 6},
    }
    assert found.reads == ("Q1",)
    assert found.differences("b", "a") == []
    with parcels.connect() as connection:
        assert connection.execute("SELECT count(*) FROM parcel").fetchone() == (5000,)


def measured_on(
    parcels: Database, undecided: Undecided, max_rounds: int = 12, seconds: float = 60.0
) -> Trial:
    """Arms a, b and c in six rounds; a and c are measured on."""
    return run_trial(
        [Arm(name, parcels, WORKLOAD) for name in "abc"],
        Sampling(),
        6,
        judging=Judging(frozenset("ac"), undecided, max_rounds, seconds),
        clones=fresh_copy,
    )


def rounds_of(found: Trial) -> dict[str, tuple[int, int]]:
    return {arm: (len(by["Q1"]), len(by["W1"])) for arm, by in found.seconds.items()}


def test_two_arms_are_measured_on_until_no_more_rounds_are_allowed(parcels: Database) -> None:
    found = measured_on(parcels, lambda _trial, queries: queries)
    assert rounds_of(found) == {"a": (12, 12), "b": (6, 6), "c": (12, 12)}
    for one, other, pairs in (("a", "b", 6), ("a", "c", 12)):
        seconds = found.seconds[one]["W1"], found.seconds[other]["W1"]
        assert found.pairs("W1", other, one) == tuple(
            zip(*(s[:pairs] for s in seconds), strict=True)
        )


def test_measuring_on_ends_at_the_look_that_decides(parcels: Database) -> None:
    def until_nine(trial: Trial, queries: Sequence[str]) -> Sequence[str]:
        return [q for q in queries if q == "Q1" and len(trial.pairs(q, "c", "a")) < 9]

    found = measured_on(parcels, until_nine)
    assert found.looks is not None
    decided = next(size for size in found.looks.sizes if size >= 9)
    assert rounds_of(found) == {"a": (decided, 6), "b": (6, 6), "c": (decided, 6)}


def test_measuring_on_ends_with_its_time(parcels: Database) -> None:
    found = measured_on(parcels, lambda _trial, queries: queries, seconds=1e-9)
    assert rounds_of(found) == {"a": (6, 6), "b": (6, 6), "c": (6, 6)}


def test_a_stored_answer_that_nobody_refreshes_is_found_out(parcels: Database) -> None:
    found = trial(Arm("a", parcels, WORKLOAD), Arm("b", parcels, STORED))
    assert found.differences("b", "a") == [
        "Q1 after writes: row (5001, Decimal('12502502.5')) became (5000, Decimal('12502500'))"
    ]


def test_a_stored_answer_is_compared_after_its_refresh(parcels: Database) -> None:
    refreshed = Arm("b", parcels, STORED, "REFRESH MATERIALIZED VIEW sums")
    assert trial(Arm("a", parcels, WORKLOAD), refreshed).differences("b", "a") == []


def test_a_query_that_fails_on_one_arm_says_where(
    parcels: Database, make_database: MakeDatabase
) -> None:
    empty = make_database()
    with pytest.raises(ValidationError, match=f"Q1 failed on {empty.name}"):
        trial(Arm("a", parcels, WORKLOAD), Arm("b", empty, WORKLOAD))


# --- without a database -----------------------------------------------------------------------

Seconds = tuple[float, ...]
RESULT = {"Q1": Result((), ()), "Q2": Result((), ())}


def told(seconds: dict[str, dict[str, Seconds]]) -> Trial:
    rows = dict.fromkeys(seconds, RESULT)
    return Trial(seconds, ("Q1", "Q2"), rows, rows, tail=0.025, deviation=0.0)


def test_the_overall_change_is_that_of_the_time_spent() -> None:
    before: dict[str, Seconds] = {"Q1": (0.1,) * 8, "Q2": (0.3,) * 8}
    after: dict[str, Seconds] = {"Q1": (0.1,) * 8, "Q2": (0.15,) * 8}
    found = told({"before": before, "after": after})
    assert to_percent(found.overall("after", "before", {}).estimate) == pytest.approx(-37.5)
    weights = {"Q1": 3.0, "Q2": 1.0}
    assert to_percent(found.overall("after", "before", weights).estimate) == pytest.approx(-25.0)
    assert found.overall("after", "before", {"Q1": 1.0}).estimate == 0.0
    with pytest.raises(ValueError, match="no reading query has a weight"):
        found.overall("after", "before", {"W1": 1.0})


durations = st.lists(st.floats(0.001, 10.0), min_size=16, max_size=16)


@given(durations, durations, st.floats(0.01, 100.0))
def test_weights_are_shares_so_their_unit_does_not_matter(
    before: list[float], after: list[float], unit: float
) -> None:
    found = told(
        {
            "before": {"Q1": tuple(before[:8]), "Q2": tuple(before[8:])},
            "after": {"Q1": tuple(after[:8]), "Q2": tuple(after[8:])},
        }
    )
    plain = found.overall("after", "before", {"Q1": 2.0, "Q2": 1.0})
    scaled = found.overall("after", "before", {"Q1": 2.0 * unit, "Q2": unit})
    assert scaled.estimate == pytest.approx(plain.estimate, abs=1e-9)
    assert scaled.high == pytest.approx(plain.high, abs=1e-9)


def test_what_was_looked_at_again_and_again_is_known_less_well() -> None:
    times = tuple(0.1 + n / 1000 for n in range(14))
    fixed = told({"a": {"Q1": times}, "b": {"Q1": times[::-1]}})
    looked_at = replace(fixed, judged=frozenset("ab"), looks=plan_looks(7, 60, 0.025))
    once, often = (found.effect("Q1", "b", "a") for found in (fixed, looked_at))
    assert often.estimate == once.estimate
    assert often.low < once.low < once.high < often.high


def test_the_average_is_of_the_rounds_that_all_reads_took_part_in() -> None:
    before: dict[str, Seconds] = {"Q1": (0.1,) * 8, "Q2": (0.1,) * 8 + (9.0,) * 4}
    after: dict[str, Seconds] = {"Q1": (0.1,) * 8, "Q2": (0.05,) * 12}
    found = told({"before": before, "after": after})
    assert to_percent(found.overall("after", "before", {}).estimate) == pytest.approx(-25.0)


@given(durations)
def test_an_arm_against_itself_has_not_changed(before: list[float]) -> None:
    side = {"Q1": tuple(before[:8]), "Q2": tuple(before[8:])}
    found = told({"before": side, "after": side})
    effect = found.effect("Q1", "after", "before")
    assert (effect.low, effect.estimate, effect.high) == (0.0, 0.0, 0.0)
