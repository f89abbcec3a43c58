"""Several databases in one trial: what each changes, and answers that go stale."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadowgate.errors import ValidationError
from shadowgate.measure import Arm, Query, Sampling, Trial, Workload, run_trial
from shadowgate.measure.copies import fresh_copy
from shadowgate.measure.rows import Result
from shadowgate.measure.statistics import to_percent
from shadowgate.server import Database
from tests.selftest.conftest import MakeDatabase

COUNT = Query("Q1", "count", "read", "SELECT count(*), sum(area) FROM parcel", Path("q1.sql"))
INSERT = Query("W1", "insert", "write", "INSERT INTO parcel VALUES (1, 2.5)", Path("w1.sql"))
WORKLOAD = Workload((COUNT, INSERT))
STORED = Workload(
    (replace(COUNT, rewritten=replace(COUNT, sql="SELECT count, sum FROM sums")), INSERT)
)
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
    return run_trial(arms, Sampling(), rounds, copier=fresh_copy)


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


def test_an_arm_with_more_rounds_is_paired_where_the_other_took_part(parcels: Database) -> None:
    arms = (Arm("a", parcels, WORKLOAD, more_rounds=2), Arm("b", parcels, WORKLOAD))
    found = trial(*arms, Arm("c", parcels, WORKLOAD, more_rounds=3))
    assert {arm: len(by["Q1"]) for arm, by in found.seconds.items()} == {"a": 8, "b": 6, "c": 9}
    for one, other, pairs in (("a", "b", 6), ("a", "c", 8), ("c", "c", 9)):
        seconds = found.seconds[one]["W1"], found.seconds[other]["W1"]
        assert found.pairs("W1", other, one) == tuple(
            zip(*(s[:pairs] for s in seconds), strict=True)
        )


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


@given(durations)
def test_an_arm_against_itself_has_not_changed(before: list[float]) -> None:
    side = {"Q1": tuple(before[:8]), "Q2": tuple(before[8:])}
    found = told({"before": side, "after": side})
    effect = found.effect("Q1", "after", "before")
    assert (effect.low, effect.estimate, effect.high) == (0.0, 0.0, 0.0)
