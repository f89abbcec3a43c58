"""A run beside the last stored one: which one that is, and what counts as slower."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from shadowgate.catalogue import TableFingerprint
from shadowgate.catalogue.fingerprint import Sums
from shadowgate.errors import PlanError
from shadowgate.measure import Comparison, Sampling
from shadowgate.measure.sampler import Pair
from shadowgate.phases.finding import CheckFailed, Finding
from shadowgate.phases.performance.checks import no_gain_was_lost
from shadowgate.phases.performance.history import History, last_run, timing_key
from shadowgate.plan import Plan, read_plan
from shadowgate.queries import Query, Workload
from shadowgate.server import ServerFacts
from tests.selftest.measure.test_timings import pairs, store

ROOT = Path(__file__).parents[3]
KEY = "1f3a"

FACTS = ServerFacts(
    kind="local",
    version="15.18",
    version_num=150018,
    postgis="3.3.2",
    tools_version=150018,
    settings={"work_mem": "64MB", "max_wal_size": "8GB", "log_directory": "log"},
    where="local cluster in /tmp/shadowgate-1",
)
CONTENT = {"public.parcel": TableFingerprint(("id",), Sums(3, 1, 2))}
WORKLOAD = Workload((Query("Q1", "one", "read", "SELECT 1", Path("Q1.sql")),))


@pytest.fixture(scope="module")
def plan() -> Plan:
    plan = read_plan(ROOT / "migrations" / "1770500100_auto_partition_creation_2029_plus.toml")
    return replace(plan, backup=replace(plan.backup, table="public.parcel"))


def comparison(**taken: list[Pair]) -> Comparison:
    queries = {id_: SimpleNamespace(pairs=tuple(found)) for id_, found in taken.items()}
    return cast(Comparison, SimpleNamespace(queries=queries, sampling=Sampling(), stopped_by=""))


def history(storage: Path, **taken: list[Pair]) -> History:
    found = last_run(storage, KEY, comparison(**taken))
    assert found is not None
    return found


def test_the_key_is_the_same_for_the_same_machine_server_rows_and_queries(plan: Plan) -> None:
    key = timing_key(FACTS, CONTENT, WORKLOAD, plan)
    elsewhere = replace(
        FACTS,
        where="local cluster in /tmp/shadowgate-2",
        settings={**FACTS.settings, "max_wal_size": "1GB", "log_directory": "other"},
    )
    assert timing_key(elsewhere, CONTENT, WORKLOAD, plan) == key


@pytest.mark.parametrize(
    "change",
    [
        {"version": "15.19"},
        {"postgis": "3.4.0"},
        {"kind": "container"},
        {"settings": {**FACTS.settings, "work_mem": "4MB"}},
    ],
)
def test_another_server_has_another_key(plan: Plan, change: dict[str, Any]) -> None:
    key = timing_key(FACTS, CONTENT, WORKLOAD, plan)
    assert timing_key(replace(FACTS, **change), CONTENT, WORKLOAD, plan) != key


def test_other_rows_or_queries_have_another_key(plan: Plan) -> None:
    key = timing_key(FACTS, CONTENT, WORKLOAD, plan)
    rows = {"public.parcel": TableFingerprint(("id",), Sums(4, 1, 2))}
    assert timing_key(FACTS, rows, WORKLOAD, plan) != key
    asked = Workload((replace(WORKLOAD.queries[0], sql="SELECT 2"),))
    assert timing_key(FACTS, CONTENT, asked, plan) != key


def test_the_last_run_with_the_same_key_counts(tmp_path: Path) -> None:
    assert last_run(tmp_path / "none", KEY, comparison(Q1=pairs(0.0))) is None
    store(tmp_path / "M" / "0001_OPT1.json", {"Q1": pairs(-0.5)}, KEY)
    store(tmp_path / "M" / "0002_OPT1.json", {"Q1": pairs(-0.1)}, KEY)
    store(tmp_path / "M" / "0003_OPT1.json", {"Q1": pairs(-0.9)}, "another")
    found = history(tmp_path, Q1=pairs(-0.1, seed=2))
    assert found.stored == "0002_OPT1.json"
    assert found.slower == ()


def test_a_gain_that_is_lost_fails_the_check_and_names_the_query(tmp_path: Path) -> None:
    store(tmp_path / "0001_OPT1.json", {"Q1": pairs(-0.1), "Q5": pairs(-0.5)}, KEY)
    found = history(tmp_path, Q1=pairs(-0.1, seed=2), Q5=pairs(-0.3, seed=3))
    finding = Finding()
    with pytest.raises(CheckFailed, match="Q5: slower than in the stored run") as caught:
        no_gain_was_lost(found, finding)
    assert "Q1" not in str(caught.value)
    (table,) = finding.tables
    assert [row[0] for row in table.rows] == ["Q1", "Q5"]


def test_a_machine_that_is_slower_today_is_not_a_slower_query(tmp_path: Path) -> None:
    store(tmp_path / "0001_OPT1.json", {"Q1": pairs(-0.1)}, KEY)
    found = history(tmp_path, Q1=pairs(-0.1, seconds=0.08, seed=2))
    no_gain_was_lost(found, Finding())
    assert found.trends[0].machine_percent == pytest.approx(60, abs=3)


def test_less_than_the_limit_is_shown_and_not_held_against_the_run(tmp_path: Path) -> None:
    store(tmp_path / "0001_OPT1.json", {"Q1": pairs(-0.1, count=400)}, KEY)
    found = history(tmp_path, Q1=pairs(-0.07, seed=2, count=400))
    assert found.trends[0].direction == "slower"
    no_gain_was_lost(found, Finding())


def test_a_file_that_is_no_stored_run_is_named(tmp_path: Path) -> None:
    (tmp_path / "0001_OPT1.json").write_text("{}", encoding="utf-8")
    with pytest.raises(PlanError, match="stored times cannot be read") as caught:
        last_run(tmp_path, KEY, comparison(Q1=pairs(0.0)))
    assert "0001_OPT1.json" in caught.value.where
