"""Several runners that apply one script at the same moment leave what a single one leaves."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import pytest

from shadowgate.migrate import read_script
from shadowgate.phases.finding import CheckFailed, Finding
from shadowgate.phases.migration.simultaneous import (
    Simultaneous,
    judge_simultaneous,
    run_at_once,
)
from shadowgate.phases.restore.state import state_of
from shadowgate.phases.runner import Runner
from shadowgate.plan import Plan, RolloutSection, RunnerSection
from shadowgate.progress import silent
from shadowgate.server import Database, Server
from tests.selftest.conftest import MakeDatabase
from tests.selftest.plain_database import refill

SHOP = "CREATE TABLE item (id bigint, name text); INSERT INTO item VALUES (1, 'spade');"
GUARDED = """
SELECT pg_advisory_lock(4711);
CREATE TABLE IF NOT EXISTS kind (name text PRIMARY KEY);
INSERT INTO kind VALUES ('tool') ON CONFLICT DO NOTHING;
SELECT pg_advisory_unlock(4711);
"""
Together = Callable[[str], Simultaneous]


@pytest.fixture
def together(
    plain: Database, make_database: MakeDatabase, server: Server, tmp_path: Path
) -> Together:
    """Applies a script from three runners at once."""

    def apply(text: str) -> Simultaneous:
        path = tmp_path / "up.sql"
        path.write_text(text, encoding="utf-8")
        start = RolloutSection(dt.date(2026, 3, 2))
        plan = Plan("T", "Test", path, start, runner=RunnerSection(instances=3))
        script, runner = read_script(path), Runner(server.tools, silent)
        shadow = refill(plain, SHOP)
        once, copy = make_database(shadow.name), make_database(shadow.name)
        runner.run(script, once).raise_for_error()
        return run_at_once(script, copy, state_of(once), plan, runner)

    return apply


def test_a_script_that_takes_a_lock_first_succeeds_in_all(together: Together) -> None:
    finding = Finding()
    judge_simultaneous(together(GUARDED), finding)
    assert finding.measured == {"succeeded": 3, "differences": 0}


def test_that_the_later_ones_are_refused_is_told_and_no_harm(together: Together) -> None:
    finding = Finding()
    judge_simultaneous(together("ALTER TABLE item ADD COLUMN note text"), finding)
    assert finding.measured == {"succeeded": 1, "differences": 0}
    assert len(finding.details) == 2
    assert all("already exists" in said for said in finding.details)


def test_rows_that_each_of_them_writes_are_found(together: Together) -> None:
    with pytest.raises(CheckFailed, match="item differs: 2 rows expected, 4 found"):
        judge_simultaneous(together("INSERT INTO item VALUES (2, 'hoe')"), Finding())


def test_that_none_succeeds_is_a_failure(together: Together) -> None:
    found = together("ALTER TABLE item ADD COLUMN note text")
    refused = tuple(run for run in found.runs if run.error)
    with pytest.raises(CheckFailed, match="none of the runs succeeded"):
        judge_simultaneous(Simultaneous(refused, ()), Finding())
