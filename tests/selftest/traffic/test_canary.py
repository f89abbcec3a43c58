"""A canary gets its share of the load, and is rolled back for errors and slowness only."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest

from shadowgate.errors import UsageError
from shadowgate.plan import RolloutSection, TrafficSection
from shadowgate.server import Database, Server
from shadowgate.traffic.canary import CanaryReport, judge_canary, rehearse_canary
from tests.selftest.plain_database import plain_database, refill

SETUP = (
    "CREATE TABLE item (id int PRIMARY KEY, name text);"
    "INSERT INTO item SELECT g, 'n' FROM generate_series(1, 100) AS g;"
    "CREATE FUNCTION pause() RETURNS void LANGUAGE sql AS 'SELECT pg_sleep({})';"
)
LIMITS = RolloutSection(dt.date(2026, 2, 13))
SETTINGS = TrafficSection(
    ("SELECT name, pause() FROM item WHERE id = (SELECT 1 + floor(random() * 100)::int)",),
    readers=2,
    writers=0,
    reads_per_second=50.0,
)


@pytest.fixture(scope="module")
def databases(server: Server) -> Iterator[tuple[Database, Database]]:
    with plain_database(server) as stable, plain_database(server) as canary:
        yield stable, canary


def rehearse(
    databases: tuple[Database, Database], share: float, pause: float = 0.005
) -> CanaryReport:
    stable, canary = databases
    refill(stable, SETUP.format(0.005))
    refill(canary, SETUP.format(pause))
    return rehearse_canary(stable, canary, SETTINGS, share, seconds=1.0)


def test_the_load_is_split_by_the_share(databases: tuple[Database, Database]) -> None:
    report = rehearse(databases, 0.2)
    together = report.stable.requests + report.canary.requests
    assert 50 < together < 150
    assert 0.05 < report.canary.requests / together < 0.4
    assert report.tables()[0].title.startswith("Canary at 20% for 1 s: latency of readers")


def test_the_last_stage_leaves_the_old_database_alone(
    databases: tuple[Database, Database],
) -> None:
    report = rehearse(databases, 1.0)
    assert (report.stable.requests, report.changes) == (0, ())
    assert report.canary.requests > 50
    assert judge_canary(report, LIMITS) == ()


def test_a_slower_canary_is_rolled_back(databases: tuple[Database, Database]) -> None:
    report = rehearse(databases, 0.5, pause=0.03)
    assert [breach.about for breach in judge_canary(report, LIMITS)] == ["reader latency"]
    (change,) = report.changes
    assert change.low <= change.percent <= change.high


def test_a_canary_that_fails_is_rolled_back(databases: tuple[Database, Database]) -> None:
    stable, canary = databases
    refill(stable, SETUP.format(0.005))
    refill(canary, "CREATE TABLE item (id int PRIMARY KEY)")
    report = rehearse_canary(stable, canary, SETTINGS, 0.5, seconds=0.6)
    (breach,) = judge_canary(report, LIMITS)
    assert breach.about == "errors"
    assert "name" in breach.detail
    assert report.canary.error_percent == 100.0


@pytest.mark.parametrize("share", [0.0, -0.1, 1.1])
def test_a_share_that_is_none_is_refused(
    databases: tuple[Database, Database], share: float
) -> None:
    with pytest.raises(UsageError, match="share"):
        rehearse_canary(*databases, SETTINGS, share, seconds=0.1)
