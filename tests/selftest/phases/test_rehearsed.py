"""What of a rehearsed rollout is judged, and how it is shown."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from shadowgate.catalogue import AllowedChanges, Expectation
from shadowgate.phases.finding import CheckFailed, CheckInconclusive, Finding
from shadowgate.phases.migration.announced import Announced
from shadowgate.phases.rollout.checks import rollout_is_rehearsed
from shadowgate.phases.rollout.document import render_markdown
from shadowgate.phases.rollout.rehearsed import asked_of, drawn, limits_of, may_change
from shadowgate.phases.run import Run
from shadowgate.plan import (
    AfterTrafficSection,
    Plan,
    RehearsalSection,
    RolloutSection,
    TrafficSection,
    WorkloadSection,
)
from shadowgate.queries import Query, Workload
from shadowgate.traffic.canary import (
    ArmFigures,
    CanaryRehearsal,
    ErrorLook,
    Hit,
    LatencyLook,
    Stage,
    WayBack,
)
from shadowgate.traffic.canary.clients import Answer
from shadowgate.traffic.canary.probes import Look
from tests.selftest.report.test_rollout import facts, planned

PLAN = Plan("x", "x", Path("m.sql"), RolloutSection(dt.date(2026, 2, 13)))
LATENCY = LatencyLook("all", 1.2, -1.0, 3.5, variance=1.2e-4, ratio=-4.0, bound=6.2)
ANSWERS = tuple(
    Answer("Q1", "canary" if n % 2 else "primary", bool(n % 2), n / 10, n / 10, n / 10 + 0.02)
    for n in range(100)
)
CLEAN = CanaryRehearsal(
    stages=(
        Stage(
            "canary",
            20,
            0.0,
            10.0,
            (
                ArmFigures("primary", False, 400, 0, 5.0, 9.0, 12.0),
                ArmFigures("canary", True, 100, 0, 5.1, 9.1, 12.2),
            ),
        ),
    ),
    latency=(LATENCY,),
    errors=ErrorLook(100, 0, 1e-5, -0.2, 6.9),
    hit=None,
    way_back=WayBack(True, 10.0, 0.42, 0),
    acknowledged=31,
    lost=(),
    looks=(Look(5.0, 2000, {}), Look(10.0, 2000, {})),
    not_probed=("public.log",),
    lag_ms=12.0,
    left_out=(),
    migrating=(8.0, 9.5),
    answers=ANSWERS,
    origin=0.0,
    per_second=100.0,
    judges_latency=True,
)
HIT = Hit("errors", "canary", 3.0, 3.0, "2 of 80 requests to the migrated side failed")


def judged(found: CanaryRehearsal | None) -> Finding:
    finding = Finding()
    rollout_is_rehearsed(found, PLAN, finding)
    return finding


def test_a_rehearsal_in_which_nothing_fires_passes_with_its_numbers() -> None:
    finding = judged(CLEAN)
    assert finding.measured == {
        "latency_percent": 1.2,
        "error_percent": 0.0,
        "wrong_rows": 0,
        "restore_seconds": 0.42,
        "requests_failed": 0,
        "writes_lost": 0,
    }
    assert [table.title for table in finding.tables] == [
        "Stages of the rollout, rehearsed",
        "Triggers of the rehearsed rollout",
        "The way back, rehearsed",
    ]
    assert "0 of 31" in str(finding.tables[2].rows)
    assert any("public.log" in sentence for sentence in finding.details)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"hit": HIT}, "errors fired in stage canary after 3.0 s: 2 of 80"),
        ({"lost": ("public.t: the row (7) was acknowledged and is not there",)}, "the row (7)"),
        ({"way_back": WayBack(True, 1.0, 1.0, 0, "no such column")}, "no such column"),
        (
            {"hit": replace(HIT, trigger="integrity"), "looks": (Look(1.0, 9, {"public.t": "x"}),)},
            "integrity fired",
        ),
    ],
)
def test_what_fires_or_is_lost_fails(changed: dict[str, Any], said: str) -> None:
    with pytest.raises(CheckFailed) as error:
        judged(replace(CLEAN, **changed))
    assert not isinstance(error.value, CheckInconclusive)
    assert said in str(error.value)


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (None, "--no-rehearsal"),
        (replace(CLEAN, latency=()), "not known well enough"),
        (replace(CLEAN, latency=(replace(LATENCY, high=10.5),)), "may be 10 % higher"),
        (replace(CLEAN, looks=()), "nothing is known"),
    ],
)
def test_what_could_not_be_seen_is_no_pass(found: CanaryRehearsal | None, said: str) -> None:
    with pytest.raises(CheckInconclusive, match=said):
        judged(found)


def test_latency_of_too_few_rows_is_shown_and_decides_nothing() -> None:
    quick = replace(CLEAN, judges_latency=False, latency=(replace(LATENCY, high=80.0),))
    finding = judged(quick)
    assert any("not judged" in sentence for sentence in finding.details)
    judged(replace(quick, latency=()))


def query(name: str, role: str | None = None) -> Query:
    return Query(name, "", "read", "SELECT 1", Path("q.sql"), role=role, weight=3.0)


@pytest.mark.parametrize(
    ("reads", "queries", "workload", "applies"),
    [
        (("SELECT 1",), None, (), True),
        ((), None, (query("Q1"),), False),
        ((), Path(), (query("Q1"),), True),
        ((), Path(), (query("Q1", "web"),), False),
    ],
)
def test_it_applies_where_something_is_asked(
    reads: tuple[str, ...], queries: Path | None, workload: tuple[Query, ...], applies: bool
) -> None:
    class Known:
        plan = replace(PLAN, traffic=TrafficSection(reads), workload=WorkloadSection(queries))
        workload: Workload

    Known.workload = Workload(workload)
    assert rollout_is_rehearsed.applies is not None
    assert (rollout_is_rehearsed.applies(cast(Run, Known())) == "") == applies


def test_clients_ask_traffic_and_workload_in_both_forms() -> None:
    after = AfterTrafficSection(("SELECT 2",), ("INSERT INTO new VALUES (1)",))
    traffic = TrafficSection(("SELECT 1",), ("INSERT INTO old VALUES (1)",), after=after)
    rewritten = replace(query("Q1"), rewritten=replace(query("Q1"), sql="SELECT 3"))
    found = list(asked_of(traffic, Workload((rewritten, query("Q2", "web")))))
    assert [(one.id, one.kind, one.before, one.after) for one in found] == [
        ("R1", "reader", "SELECT 1", "SELECT 2"),
        ("U1", "writer", "INSERT INTO old VALUES (1)", "INSERT INTO new VALUES (1)"),
        ("Q1", "reader", "SELECT 1", "SELECT 3"),
    ]
    (alone,) = asked_of(TrafficSection(), Workload((query("Q1"),)))
    assert alone.weight == 3.0


def test_rows_that_a_migration_says_to_change_are_no_wrong_ones() -> None:
    announced = Announced(
        Expectation(),
        AllowedChanges({"public.b": ("n",)}),
        gains=frozenset({"public.a"}),
        losses=frozenset({"public.c"}),
    )
    found = {name: may_change(announced, f"public.{name}") for name in "abcd"}
    assert found == {"a": {"*"}, "b": {"n"}, "c": {"*"}, "d": set()}


def test_the_plan_sets_the_pace_and_few_rows_shorten_it() -> None:
    asked = RehearsalSection(canary_seconds=7.0, requests_per_second=33.0, judge_latency=True)
    rollout = replace(PLAN.rollout, rehearsal=asked)
    assert limits_of(rollout, "") == rollout
    quick = limits_of(rollout, "too few rows").rehearsal
    assert quick.requests_per_second == 33.0
    assert not quick.judge_latency
    assert quick.canary_seconds + quick.gradual_seconds + quick.full_seconds <= 1.0
    brief = replace(rollout, rehearsal=replace(asked, canary_seconds=0.1))
    assert limits_of(brief, "too few rows").rehearsal.canary_seconds == 0.1
    whole = PLAN.rollout.rehearsal
    assert whole.canary_seconds + whole.gradual_seconds + whole.full_seconds < 45


def test_the_written_plan_has_the_measured_numbers_beside_the_limits() -> None:
    text = render_markdown(planned(facts(canary=CLEAN)))
    for said in (
        "| latency | 5 % | +1.2 % (-1.0 to +3.5 %) |",
        "| errors | 0.1 % | 0 of 100 (0 %) |",
        "| time to detect | no trigger fired | – |",
        "| time to restore service | 420 ms | ≤ 5 min |",
        "| requests failed meanwhile | 0 | – |",
        "| acknowledged writes lost | 0 of 31 | 0 |",
    ):
        assert said in text
    fired = render_markdown(planned(facts(canary=replace(CLEAN, hit=HIT))))
    assert "| time to detect | 3.0 s | – |" in fired
    assert "after 3.0 s |" in fired


def test_the_drawing_says_what_it_shows() -> None:
    found = drawn(CLEAN)
    assert found.sentence == (
        "50 requests to the unmigrated database had a median of 20.0 ms, 50 to migrated ones "
        "20.0 ms, in 1 stage. No trigger fired."
    )
    for said in ("20 %", "primary migrated", "way back", "latency, ms"):
        assert said in found.svg
    assert "Errors fired." in drawn(replace(CLEAN, hit=HIT)).sentence
