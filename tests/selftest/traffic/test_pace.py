"""A load asks no more than its sessions can answer, and leaves out only what takes long."""

from __future__ import annotations

import math
import os
import re
import time
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadowgate.errors import UsageError
from shadowgate.plan import TrafficSection
from shadowgate.server import Database
from shadowgate.traffic import Traffic
from shadowgate.traffic.pace import BUSY, Paces, fair_shares, measure_paces

QUICK, SLOW = "SELECT 1", "SELECT pg_sleep(0.2), 2"


@given(st.lists(st.floats(0, 1e4), min_size=1, max_size=8), st.floats(0.05, 0.5))
def test_a_session_is_not_too_busy_and_what_asks_for_little_gets_it(
    asked: list[float], given: float
) -> None:
    shares = fair_shares(asked, given)
    assert all(0 < share <= 1 for share in shares)
    gets = [part * share for part, share in zip(asked, shares, strict=True)]
    assert sum(gets) <= given * (1 + 1e-9)
    if sum(asked) <= given:
        assert shares == pytest.approx([1.0] * len(asked))
    else:  # nobody who gets less than it asks for has less than another one
        assert sum(gets) == pytest.approx(given)
        least = min(got for got, share in zip(gets, shares, strict=True) if share < 1)
        assert max(gets) <= least * (1 + 1e-9)


def test_what_was_given_up_takes_nothing_from_the_others() -> None:
    assert fair_shares([0.1, math.inf, 0.4], 0.5) == (1.0, 0.0, 1.0)


def test_what_takes_long_is_asked_less_often_and_the_rest_as_planned(plain: Database) -> None:
    settings = TrafficSection((QUICK, SLOW), readers=1, writers=0, reads_per_second=40.0)
    paces = measure_paces(plain, settings, timeout_seconds=30.0)
    quick, slow = paces.reads
    assert quick.share == 1
    assert slow.share == pytest.approx(BUSY * slow.planned_seconds / 0.2, rel=0.2)
    busy = measure_paces(plain, replace(settings, readers=8), timeout_seconds=30.0).reads[1]
    assert busy.share == pytest.approx(slow.share * (os.cpu_count() or 1) / 8, rel=0.2)
    (said,) = paces.slowed
    assert re.fullmatch(
        r"each session asks it [\d.]+ times a minute and not 1,200\.0, as it takes 2\d\d ms: "
        + re.escape(SLOW),
        said,
    )
    with Traffic(plain, settings, paces=paces) as traffic:
        traffic.wait_until_steady()
        time.sleep(3.0)
    took = [item.ended - item.started for item in traffic.requests]
    asked = Counter("slow" if seconds > 0.1 else "quick" for seconds in took)
    assert asked["quick"] > 30  # 20 a second are planned
    assert 1 <= asked["slow"] < 20  # 60 are planned, 7 can be
    assert sum(took) < 0.9 * 3.0


def test_a_load_that_sessions_can_answer_is_left_as_it_is(plain: Database) -> None:
    settings = TrafficSection((QUICK,), (QUICK,), reads_per_second=5.0, writes_per_second=5.0)
    paces = measure_paces(plain, settings, timeout_seconds=30.0)
    assert [pace.share for pace in (*paces.reads, *paces.writes)] == [1.0, 1.0]
    assert paces.slowed == ()


def test_a_statement_that_fails_is_left_to_the_load(plain: Database) -> None:
    settings = TrafficSection(("SELECT 1 / 0", QUICK), writers=0)
    paces = measure_paces(plain, settings, timeout_seconds=30.0)
    assert isinstance(paces, Paces)
    assert [pace.share for pace in paces.reads] == [1.0, 1.0]


def test_what_takes_too_long_before_the_migration_is_not_asked(plain: Database) -> None:
    settings = TrafficSection(("SELECT pg_sleep(3)", QUICK), readers=1, writers=0)
    paces = measure_paces(plain, settings, timeout_seconds=1.0)
    assert [pace.share for pace in paces.reads] == [0.0, 1.0]
    assert paces.slowed == (
        "not asked, as it was given up before the migration already: SELECT pg_sleep(3)",
    )
    with Traffic(plain, settings, paces=paces) as traffic:
        traffic.wait_until_steady()
        time.sleep(0.5)
    assert max(item.ended - item.started for item in traffic.requests) < 1.0


def test_traffic_of_which_nothing_is_answered_is_refused(plain: Database) -> None:
    settings = TrafficSection((QUICK,), ("SELECT pg_sleep(3)",))
    with pytest.raises(UsageError, match=r"no statement .* in 1 s before the migration: SELECT pg"):
        measure_paces(plain, settings, timeout_seconds=1.0)
