"""What operations takes over: alert rules, the triggers as SQL, and the dates."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import icalendar
import pytest
import yaml

from shadowgate.errors import PlanError
from shadowgate.phases.rollout.handed_over import (
    ALERTS,
    DASHBOARD,
    HANDED_OVER,
    PAGE,
    QUERIES,
    render_calendar,
    render_triggers,
    write_handed_over,
)
from shadowgate.phases.rollout.model import RolloutPlan
from shadowgate.plan import Calendar, RolloutSection, calendar_of, read_plan
from shadowgate.server import Database
from tests.selftest.report.test_rollout import facts, planned

NOW = dt.datetime(2026, 2, 1, 12, tzinfo=dt.UTC)
NAMES = ["Pre-production validation", "Canary", "Gradual rollout", "Stabilisation"]


def events(plan: RolloutPlan) -> list[Any]:
    text = render_calendar(plan, NOW)
    assert all(len(line.encode()) <= 75 for line in text.split("\r\n"))
    assert "\n" not in text.replace("\r\n", "")
    return list(icalendar.Calendar.from_ical(text).walk("VEVENT"))


def test_the_calendar_has_each_week_on_its_days() -> None:
    plan = planned(facts(title="Größe, Höhe; \\ und mehr\nals eine Zeile" + "ü" * 80))
    found = events(plan)
    assert len(found) == 4
    for week, event in zip(plan.weeks, found, strict=True):
        assert event.start == week.first
        assert event.end == week.last + dt.timedelta(days=1)
        assert plan.facts.title in event["SUMMARY"]
        assert week.name in event["SUMMARY"]
        assert week.tasks[0].what in event["DESCRIPTION"]
    assert len({event["UID"] for event in found}) == 4
    assert [e["UID"] for e in events(plan)] == [e["UID"] for e in found]


def test_a_no_go_says_so_in_the_calendar_too() -> None:
    (first, *_) = events(planned(facts(verdict="NO-GO")))
    assert first["DESCRIPTION"].startswith("NO-GO: this rollout must not start.")


def test_weekends_and_holidays_are_skipped_where_the_plan_asks_for_it() -> None:
    section = RolloutSection(dt.date(2026, 2, 13), skip_weekends=True, holidays="BR")
    plan = planned(facts(), **dataclasses.asdict(section) | {"rehearsal": section.rehearsal})
    days = [day for week in plan.weeks for day in week.dates]
    assert [week.days for week in plan.weeks] == [3, 2, 5, 7]
    assert all(day.weekday() < 5 for day in days)
    assert dt.date(2026, 4, 3) not in days  # Good Friday
    easter = planned(facts(), start=dt.date(2026, 4, 2), holidays="BR", skip_weekends=True)
    assert easter.weeks[0].dates == (
        dt.date(2026, 4, 2),
        dt.date(2026, 4, 6),
        dt.date(2026, 4, 7),
    )
    assert [(e.start, e.end) for e in events(easter)][:2] == [
        (dt.date(2026, 4, 2), dt.date(2026, 4, 3)),
        (dt.date(2026, 4, 6), dt.date(2026, 4, 8)),
    ]


def test_every_day_is_used_where_nothing_is_asked() -> None:
    days = Calendar().days_from(dt.date(2026, 4, 3))
    assert [next(days) for _ in range(3)] == [dt.date(2026, 4, day) for day in (3, 4, 5)]


def test_a_region_may_have_holidays_of_its_own() -> None:
    assert not calendar_of(False, "BR-MG").is_used(dt.date(2026, 4, 21))
    assert calendar_of(False, "").is_used(dt.date(2026, 4, 21))


MINIMAL = """
name = "x"
title = "x"
migration = "m.sql"
[rollout]
{}
"""


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("start = 2026-02-29", "there is no 2026-02-29 in the calendar"),
        ("start = 2026-04-31", "there is no 2026-04-31 in the calendar"),
        ('start = "2026-02-28"', "expected a date"),
        ('start = 2026-02-28\nholidays = "XX"', "'XX', whose holidays are not known"),
        ('start = 2026-02-28\nholidays = "BR-XX"', "'BR-XX', whose holidays are not known"),
        ("start = 2026-02-28\n[rollout.rehearsal]\nsessions = 2", "rehearsal.sessions is out of"),
    ],
)
def test_a_rollout_that_cannot_be_planned_is_refused_in_a_sentence(
    tmp_path: Path, line: str, said: str
) -> None:
    (tmp_path / "m.sql").write_text("SELECT 1;")
    plan = tmp_path / "plan.toml"
    plan.write_text(MINIMAL.format(line))
    with pytest.raises(PlanError) as error:
        read_plan(plan)
    assert said in str(error.value)
    assert error.value.exit_status == 4


def test_everything_is_written_beside_the_page(tmp_path: Path) -> None:
    page = write_handed_over(planned(facts()), tmp_path, NOW)
    assert page == tmp_path / PAGE
    assert {path.name for path in tmp_path.iterdir()} == {PAGE, *HANDED_OVER}
    text = page.read_text(encoding="utf-8")
    assert all(f"`{name}`" in text for name in HANDED_OVER)
    assert "It was not rehearsed" in text


# --- alert rules ----------------------------------------------------------------------------------

promtool = pytest.mark.skipif(
    shutil.which("promtool") is None, reason="promtool (Debian: prometheus) is not installed"
)


@pytest.fixture
def alerts(tmp_path: Path) -> Path:
    write_handed_over(planned(facts(), latency_percent=5.0, error_percent=0.1), tmp_path, NOW)
    return tmp_path / ALERTS


def test_the_rules_name_each_trigger_with_its_number(alerts: Path) -> None:
    rules = yaml.safe_load(alerts.read_text("utf-8"))["groups"][0]["rules"]
    by_name = {rule["alert"]: rule for rule in rules if "alert" in rule}
    assert set(by_name) == {
        "RolloutLatency",
        "RolloutErrors",
        "RolloutIntegrity",
        "RolloutNotWatched",
    }
    assert "> 1.05 *" in by_name["RolloutLatency"]["expr"]
    assert by_name["RolloutErrors"]["expr"].endswith("> 0.001")


@promtool
def test_prometheus_takes_the_rules(alerts: Path) -> None:
    done = subprocess.run(
        ["promtool", "check", "rules", str(alerts)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


UNIT_TEST = """
  - interval: 2m
    input_series:
      - series: 'pg_stat_statements_seconds_total{{instance="p", datname="shop", queryid="1"}}'
        values: '0+12x5040 {seconds}'
      - series: 'pg_stat_statements_calls_total{{instance="p", datname="shop", queryid="1"}}'
        values: '0+1200x5070'
      - series: 'pg_stat_database_xact_rollback{{instance="p", datname="shop"}}'
        values: '0+0x5040 {failed}'
      - series: 'pg_stat_database_xact_commit{{instance="p", datname="shop"}}'
        values: '0+20000x5070'
      - series: 'pg_shadowgate_integrity_issues{{instance="p"}}'
        values: '{issues}'
    alert_rule_test:
      - eval_time: 10140m
        alertname: RolloutLatency
        exp_alerts: {latency}
      - eval_time: 10140m
        alertname: RolloutErrors
        exp_alerts: {errors}
      - eval_time: 10140m
        alertname: RolloutIntegrity
        exp_alerts: {integrity}
      - eval_time: 10140m
        alertname: RolloutNotWatched
        exp_alerts: {unwatched}
"""
QUIET = {
    "seconds": "60492+12x29",
    "failed": "0+0x29",
    "issues": "0x5070",
    "latency": "[]",
    "errors": "[]",
    "integrity": "[]",
    "unwatched": "[]",
}
WHO = "instance: p, datname: shop, severity: page"


def fired(labels: str, summary: str, action: str) -> str:
    return (
        f'[{{exp_labels: {{{labels}}}, exp_annotations: {{summary: "{summary}", '
        f'action: "{action}"}}}}]'
    )


LATENCY = fired(
    f'queryid: "1", {WHO}',
    "a query's latency more than 5 % above its reference, over 15 minutes",
    "roll back at once",
)
ERRORS = fired(WHO, "more than 0.1 % of the transactions fail, over 5 minutes", "roll back at once")
INTEGRITY = fired(
    "instance: p, severity: page",
    "an invalid index or a constraint that is not validated",
    "halt: stop writers, keep the evidence, then roll back",
)
UNWATCHED = fired(
    "severity: page",
    "a trigger of the rollout has no metric, so it cannot fire",
    "mend the exporter before the next stage",
)


CHANGES: dict[str, dict[str, str]] = {
    "nothing fires where nothing changed": {},
    "three percent slower": {"seconds": "60492+12.36x29"},
    "ten percent slower": {"seconds": "60492+13.2x29", "latency": LATENCY},
    "0.2 % fail": {"failed": "0+40x29", "errors": ERRORS},
    "0.05 % fail": {"failed": "0+10x29"},
    "an invalid index": {"issues": "0x5060 1x10", "integrity": INTEGRITY},
    "nobody watches": {"issues": "_x5070", "unwatched": UNWATCHED},
}


@promtool
def test_the_rules_fire_when_they_should(alerts: Path) -> None:
    rules = yaml.safe_load(alerts.read_text("utf-8"))
    del rules["groups"][0]["interval"]  # a week in steps of 30 s would take a minute
    alerts.write_text(yaml.safe_dump(rules))
    cases = (UNIT_TEST.format(**(QUIET | changed)) for changed in CHANGES.values())
    path = alerts.parent / "test.yml"
    head = f"rule_files: [{alerts.name}]\nevaluation_interval: 15m\ntests:"
    path.write_text(head + "".join(cases))
    done = subprocess.run(
        ["promtool", "test", "rules", str(path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


# --- the dashboard --------------------------------------------------------------------------------


@pytest.fixture
def panels(alerts: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((alerts.parent / DASHBOARD).read_text("utf-8"))[
        "panels"
    ]
    return found


def test_the_dashboard_draws_each_trigger_with_its_limit(
    alerts: Path, panels: list[dict[str, Any]]
) -> None:
    steps = [panel["fieldConfig"]["defaults"]["thresholds"]["steps"] for panel in panels]
    assert [(low["value"], high["value"]) for low, high in steps] == [
        (None, 5.0),
        (None, 0.1),
        (None, 0),
    ]
    for panel in panels:
        for name in re.findall(r"[a-z_:0-9]{12,}", panel["targets"][0]["expr"]):
            assert name in alerts.read_text("utf-8")


@promtool
def test_prometheus_takes_what_the_dashboard_asks(
    tmp_path: Path, panels: list[dict[str, Any]]
) -> None:
    rules = [
        {"record": f"panel:{panel['id']}", "expr": panel["targets"][0]["expr"]} for panel in panels
    ]
    path = tmp_path / "panels.yml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}))
    done = subprocess.run(
        ["promtool", "check", "rules", str(path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


# --- the triggers as SQL --------------------------------------------------------------------------


def triggers(database: Database) -> list[list[str]]:
    """The triggers that each query of the file returns."""
    text = render_triggers(planned(facts()))
    statements = [
        one
        for one in text.split(";\n")
        if "SELECT 'latency'" in one or "SELECT 'errors'" in one or "SELECT 'integrity'" in one
    ]
    with database.connect() as connection:
        return [[row[0] for row in connection.execute(one.encode())] for one in statements]


def test_each_trigger_fires_as_sql_when_it_should(make_database: Callable[..., Database]) -> None:
    database = make_database()
    with database.connect() as connection:
        connection.execute("CREATE EXTENSION pg_stat_statements")
        connection.execute("CREATE SCHEMA shadowgate")
        connection.execute("CREATE TABLE asked (id int)")
        connection.prepare_threshold = None
        for _ in range(40):
            connection.execute("SELECT count(*) FROM asked")
        connection.execute(
            "CREATE TABLE shadowgate.reference AS SELECT dbid, queryid, calls, total_exec_time "
            "FROM pg_stat_statements WHERE toplevel AND query = 'SELECT count(*) FROM asked'"
        )
        connection.execute("SELECT pg_stat_statements_reset()")
        for _ in range(40):
            connection.execute("SELECT count(*) FROM asked")
        connection.execute("UPDATE shadowgate.reference SET total_exec_time = 1e6")
    assert triggers(database) == [[], [], []]
    with database.connect() as connection:
        connection.execute("UPDATE shadowgate.reference SET total_exec_time = 1e-6")
        connection.execute("ALTER TABLE asked ADD CONSTRAINT late CHECK (id > 0) NOT VALID")
        for _ in range(9):
            connection.execute("BEGIN; ROLLBACK")
    for _ in range(50):
        latency, errors, integrity = triggers(database)
        if errors:
            break
    assert (latency, integrity) == (["latency"], ["integrity"])
    assert errors == ["errors"]


def test_the_exporter_is_given_a_query_that_counts_what_is_not_sound(
    alerts: Path, make_database: Callable[..., Database]
) -> None:
    told = yaml.safe_load((alerts.parent / QUERIES).read_text("utf-8"))["pg_shadowgate"]
    (name,) = told["metrics"][0]
    assert f"pg_shadowgate_{name}" in alerts.read_text("utf-8")
    database = make_database()
    with database.connect() as connection:
        assert connection.execute(told["query"].encode()).fetchone() == (0,)
        connection.execute("CREATE TABLE t (id int)")
        connection.execute("ALTER TABLE t ADD CONSTRAINT late CHECK (id > 0) NOT VALID")
        assert connection.execute(told["query"].encode()).fetchone() == (1,)
