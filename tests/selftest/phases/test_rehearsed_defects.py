"""A migration with a defect for each trigger, as a whole run meets it in phase 10."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

import pytest

from shadowgate.backup import Restoration
from shadowgate.evidence import CheckResult
from shadowgate.phases.restore.state import state_of
from shadowgate.phases.rollout.checks import rollout_is_rehearsed
from shadowgate.plan import (
    PerformanceSection,
    Plan,
    RehearsalSection,
    RolloutSection,
    WorkloadSection,
)
from shadowgate.server import Database, Databases, Server
from tests.selftest.trials import opened_for, results_of, run_on

SHOP = """
CREATE TABLE item (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text, n int DEFAULT 0);
INSERT INTO item (name) SELECT 'item ' || g FROM generate_series(1, 300) AS g;
CREATE FUNCTION of_item(wanted int) RETURNS text LANGUAGE plpgsql STABLE
AS $$ BEGIN PERFORM pg_sleep(0.003); RETURN (SELECT name FROM item WHERE id = wanted); END $$;
"""
READ = "SELECT of_item((SELECT 1 + floor(random() * 300)::int));"
WRITE = "INSERT INTO item (name) VALUES ('new');"
CLEAN = "ALTER TABLE item ADD COLUMN note text;\n"
BACK = "ALTER TABLE item DROP COLUMN note;\n"
SLOW = CLEAN + SHOP[SHOP.index("CREATE FUNCTION") :].replace(
    "CREATE FUNCTION", "CREATE OR REPLACE FUNCTION"
).replace("0.003", "0.015")
FAILING = CLEAN + SHOP[SHOP.index("CREATE FUNCTION") :].replace(
    "CREATE FUNCTION", "CREATE OR REPLACE FUNCTION"
).replace("PERFORM pg_sleep(0.003)", "PERFORM 1 / (wanted % 3)")
# In a block, where no statement of the script's own text announces it.
WRONG = """ALTER TABLE item ADD COLUMN note text;
DO $$ BEGIN EXECUTE 'UPDATE item SET name = ''wrong'' WHERE id = 42'; END $$;
"""


class Shop:
    """A restored shop, and the check carried out for a migration of it."""

    def __init__(self, server: Server, databases: Databases, folder: Path) -> None:
        self.server, self.databases, self.folder = server, databases, folder
        self.shadow: Database = databases.create("selftest_shop")
        with self.shadow.connect() as connection:
            connection.execute(SHOP.encode())
        (folder / "queries").mkdir()
        (folder / "queries" / "Q1.sql").write_text(READ)
        (folder / "queries" / "W1.sql").write_text(WRITE)

    def judge(self, migration: str, *, whole: bool = False) -> CheckResult:
        """Carry the check out; with ``whole`` timings are judged."""
        (self.folder / "up.sql").write_text(migration)
        (self.folder / "down.sql").write_text(BACK)
        plan = Plan(
            "shop",
            "shop",
            self.folder / "up.sql",
            RolloutSection(
                dt.date(2026, 2, 13),
                rehearsal=RehearsalSection(
                    canary_seconds=20.0,
                    gradual_seconds=0.5,
                    full_seconds=0.3,
                    sessions=20,
                    judge_latency=whole,
                ),
            ),
            rollback=self.folder / "down.sql",
            database=self.shadow.name,
            workload=WorkloadSection(self.folder / "queries"),
            performance=replace(PerformanceSection(), min_rows=1 if whole else 100_000),
        )
        opened = opened_for(plan, self.server, self.databases, self.shadow, self.folder)
        run = run_on(opened, plan)
        run.restored = Restoration(0.0, 0.0, "made here")
        run.before = run.unmigrated = state_of(self.shadow)
        (result,) = results_of([rollout_is_rehearsed], run)
        return result


@pytest.fixture
def shop(server: Server, databases: Databases, tmp_path: Path) -> Shop:
    return Shop(server, databases, tmp_path)


def test_a_clean_migration_passes(shop: Shop) -> None:
    result = shop.judge(CLEAN)
    assert result.status == "passed", result.detail
    assert result.measured["writes_lost"] == 0
    assert ", 0 rows written" not in result.detail


@pytest.mark.parametrize(
    ("migration", "trigger", "whole"),
    [(SLOW, "latency", True), (FAILING, "errors", False), (WRONG, "integrity", False)],
    ids=["latency", "errors", "wrong row"],
)
def test_each_trigger_sees_its_defect(
    shop: Shop, migration: str, trigger: str, whole: bool
) -> None:
    result = shop.judge(migration, whole=whole)
    assert result.status == "failed", result.detail
    assert result.findings[0].startswith(f"{trigger} fired in stage")
    assert result.measured["writes_lost"] == 0
    assert result.measured["restore_seconds"] < 30
