"""A change of plan fails the check of the committed baseline, and no other."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from shadowgate.catalogue import AllowedChanges, Expectation, fingerprint
from shadowgate.errors import PlanError
from shadowgate.evidence import CheckResult
from shadowgate.measure import Comparison, Sampling, compare, settle
from shadowgate.options import Request
from shadowgate.phases.execution import carry_out
from shadowgate.phases.migration.announced import Announced
from shadowgate.phases.performance.checks import (
    queries_touch_what_the_baseline_says,
    rows_are_the_same,
)
from shadowgate.phases.performance.committed_baseline import (
    BaselineComparison,
    compare_with_baseline,
)
from shadowgate.phases.run import Run
from shadowgate.plan import PerformanceSection, Plan, read_plan
from shadowgate.queries import Query, Workload
from shadowgate.server import Database, Server
from tests.selftest.conftest import MakeDatabase
from tests.selftest.plain_database import plain_database

ROOT = Path(__file__).parents[3]

TABLE = """
CREATE TABLE parcel (id bigint PRIMARY KEY, owner integer NOT NULL, area double precision NOT NULL);
INSERT INTO parcel SELECT n, n % 500, sqrt(n) FROM generate_series(1, 20000) AS n;
CREATE INDEX parcel_owner ON parcel (owner);
"""

SELECT = "SELECT count(*), sum(area) FROM parcel WHERE owner = 7"
OWNED = Query("Q1", "owned", "read", SELECT, Path("Q1.sql"))
WORKLOAD = Workload((OWNED,))


@pytest.fixture(scope="module")
def parcels(server: Server) -> Iterator[Database]:
    with plain_database(server) as made:
        with made.connect() as connection:
            connection.execute(TABLE)
        yield made


@pytest.fixture
def before(make_database: MakeDatabase, parcels: Database) -> Database:
    return make_database(parcels.name)


@pytest.fixture
def after(make_database: MakeDatabase, before: Database) -> Database:
    return make_database(before.name)


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    plan = read_plan(ROOT / "migrations" / "1770500100_auto_partition_creation_2029_plus.toml")
    return replace(
        plan,
        backup=replace(plan.backup, table="public.parcel"),
        performance=replace(plan.performance, baseline=tmp_path / "baselines" / "OPT1.json"),
    )


def measured(before: Database, after: Database) -> Comparison:
    sampling = Sampling(
        PerformanceSection(budget_seconds=0.3), copies=1, warm_up=1, spacing_seconds=0.01
    )
    settle(before)
    settle(after)
    return compare(before, after, WORKLOAD, sampling)


def held(
    comparison: Comparison, before: Database, server: Server, plan: Plan, *, update: bool = False
) -> BaselineComparison:
    with before.connect() as connection:
        content = fingerprint(connection)
    return compare_with_baseline(comparison, content, server.facts, plan, update=update)


def judged(
    comparison: Comparison, found: BaselineComparison | None, plan: Plan, *, quick: str = ""
) -> dict[str, CheckResult]:
    """The checks of phase 6 on what queries return and touch, by id."""
    run = Run(Request(plan, "local", None, Path(), None))
    run.comparison, run.committed_baseline, run.quick = comparison, found, quick
    run.announced = Announced(Expectation(), AllowedChanges())
    for check, item in ((rows_are_the_same, "Q1"), (queries_touch_what_the_baseline_says, "")):
        carry_out(check, item, run)
    return run.results.by_id


def failed(results: Mapping[str, CheckResult]) -> set[str]:
    return {id_ for id_, result in results.items() if result.status not in ("passed", "skipped")}


def test_an_index_lost_by_the_migration_fails_exactly_this_check_and_is_explained(
    before: Database, after: Database, server: Server, plan: Plan
) -> None:
    held(measured(before, after), before, server, plan, update=True)
    with after.connect() as connection:
        connection.execute("DROP INDEX parcel_owner")
    comparison = measured(before, after)
    results = judged(comparison, held(comparison, before, server, plan), plan)
    assert failed(results) == {"performance.witnesses"}
    detail = results["performance.witnesses"].detail
    assert "Q1 after the migration: no longer uses index parcel_owner" in detail
    assert "Seq Scan on parcel" in detail
    assert "Q1 before" not in detail


def test_an_index_lost_before_the_migration_is_seen_though_both_sides_are_alike(
    before: Database, after: Database, server: Server, plan: Plan
) -> None:
    held(measured(before, after), before, server, plan, update=True)
    for database in (before, after):
        with database.connect() as connection:
            connection.execute("DROP INDEX parcel_owner")
    comparison = measured(before, after)
    found = held(comparison, before, server, plan)
    assert {each.side for each in found.differences} == {"before", "after"}
    assert failed(judged(comparison, found, plan)) == {"performance.witnesses"}
    assert {row[1] for row in found.table.rows} == {"before", "after"}


def test_the_same_plans_pass(before: Database, after: Database, server: Server, plan: Plan) -> None:
    comparison = measured(before, after)
    written = held(comparison, before, server, plan, update=True)
    assert failed(judged(comparison, written, plan)) == {"performance.witnesses"}
    again = measured(before, after)
    results = judged(again, held(again, before, server, plan), plan)
    assert results["performance.witnesses"].status == "passed"


def test_a_baseline_that_was_rewritten_is_not_one_that_was_held_against(
    before: Database, after: Database, server: Server, plan: Plan
) -> None:
    held(measured(before, after), before, server, plan, update=True)
    with after.connect() as connection:
        connection.execute("DROP INDEX parcel_owner")
    comparison = measured(before, after)
    result = judged(comparison, held(comparison, before, server, plan, update=True), plan)
    found = result["performance.witnesses"]
    assert found.status == "inconclusive"
    assert "commit the file" in found.detail
    unchanged = judged(comparison, held(comparison, before, server, plan, update=True), plan)
    assert unchanged["performance.witnesses"].status == "passed"


def test_a_missing_baseline_fails_at_full_size_and_says_how_to_make_it(
    before: Database, after: Database, server: Server, plan: Plan
) -> None:
    comparison = measured(before, after)
    found = held(comparison, before, server, plan)
    full = judged(comparison, found, plan)["performance.witnesses"]
    assert full.status == "failed"
    assert "--update-baseline" in full.detail
    small = judged(comparison, found, plan, quick="too few rows")["performance.witnesses"]
    assert small.status == "skipped"


def test_a_baseline_of_other_rows_is_not_held_against_and_says_why(
    before: Database, after: Database, server: Server, plan: Plan
) -> None:
    comparison = measured(before, after)
    held(comparison, before, server, plan, update=True)
    with before.connect() as connection:
        connection.execute("DELETE FROM parcel WHERE id = 1")
    result = judged(comparison, held(comparison, before, server, plan), plan)[
        "performance.witnesses"
    ]
    assert result.status == "skipped"
    assert "20,000 rows" in result.detail
    assert "19,999 rows" in result.detail


def test_another_postgis_leaves_plans_out_and_rows_in(
    before: Database, after: Database, server: Server, plan: Plan
) -> None:
    assert plan.performance.baseline is not None
    path = plan.performance.baseline
    held(measured(before, after), before, server, plan, update=True)
    document = json.loads(path.read_text(encoding="utf-8"))
    document["postgis"] = "2.5"
    path.write_text(json.dumps(document), encoding="utf-8")
    with after.connect() as connection:
        connection.execute("DROP INDEX parcel_owner")
    comparison = measured(before, after)
    found = held(comparison, before, server, plan)
    assert judged(comparison, found, plan)["performance.witnesses"].status == "passed"
    assert "taken on PostgreSQL" in found.in_words[-1]
    document["queries"]["Q1"]["after"]["rows"] = 5
    path.write_text(json.dumps(document), encoding="utf-8")
    fewer = judged(comparison, held(comparison, before, server, plan), plan)
    assert fewer["performance.witnesses"].status == "failed"


def test_a_plan_without_a_baseline_is_not_asked_for_one(
    before: Database, after: Database, server: Server, plan: Plan
) -> None:
    without = replace(plan, performance=replace(plan.performance, baseline=None))
    comparison = measured(before, after)
    with pytest.raises(PlanError, match="names no baseline"):
        held(comparison, before, server, without)
    assert judged(comparison, None, plan)["performance.witnesses"].status == "skipped"
