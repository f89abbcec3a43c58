"""The plan file: what is refused, and in which words."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadowgate.errors import PlanError
from shadowgate.plan import Plan, read_plan

MINIMAL = """
name = "OPT1"
title = "Partitions"
migration = "up.sql"
rollback = "down.sql"
workload.queries = "."
rollout.start = 2026-02-13
"""


def waiver(*lines: str) -> str:
    """The text of a waiver of the rule ``slow``."""
    return "\n".join(("[[waivers]]", 'rule = "slow"', *lines))


def probe(*lines: str) -> str:
    """The text of a probe named ``odd``."""
    return "\n".join(("[[probes]]", 'name = "odd"', 'claim = "odd"', 'sql = "SELECT 1"', *lines))


def written(folder: Path, text: str) -> Path:
    path = folder / "plan.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_minimal_plan_gets_the_documented_limits(tmp_path: Path) -> None:
    plan = read_plan(written(tmp_path, MINIMAL))
    assert plan.performance.limit_percent == 5.0
    assert plan.performance.min_rows == 100_000
    assert plan.backup.rows is None
    assert plan.undo.max_seconds == 300.0


def test_paths_are_relative_to_the_plan_file(tmp_path: Path) -> None:
    plan = read_plan(written(tmp_path, MINIMAL))
    assert plan.migration == (tmp_path / "up.sql").resolve()
    assert plan.path == tmp_path / "plan.toml"


@pytest.mark.parametrize(
    ("addition", "words"),
    [
        ("speed = 3", ("unknown key speed", "performance")),
        ("performance.limt_percent = 5", ("limt_percent", "limit_percent", "performance")),
        ('performance.limit_percent = "5"', ("expected float", "performance.limit_percent")),
        ("performance.limit_percent = true", ("expected float",)),
        ("backup.rows = 2.5", ("expected int", "backup.rows")),
        ("backup.rows = 10", ("backup.rows", "at least 1000")),
        ("performance.baseline_rounds = 3", ("baseline_rounds", "at least 10")),
        ("performance.baseline = 1", ("performance.baseline", "expected Path")),
        ("performance.layout = true", ("performance.layout", "expected str")),
        ("performance.layout_seconds = 0", ("performance.layout_seconds", "above 0")),
        ("performance.limit_percent = 0.0", ("performance.limit_percent", "above 0")),
        ("performance.floor_ms = -1.0", ("performance.floor_ms", "0 or more")),
        ("performance.budget_seconds = 0.0", ("performance.budget_seconds", "above 0")),
        ("performance.min_pairs = 5", ("performance.min_pairs", "at least 6")),
        ("performance.max_pairs = 8", ("performance.max_pairs", "at least performance.min_pairs")),
        ("performance.targets.Q5 = 100.0", ("performance.targets", "between 0 and 100")),
        ("workload.weights.Q5 = -1.0", ("workload.weights", "0 or more")),
        (waiver('reason = " "'), ("waivers.slow.reason", "a reason")),
        (
            waiver('reason = "known"', 'statement = "("'),
            ("waivers.slow.statement", "a regular expression"),
        ),
        (probe("sessions = 0"), ("probes.odd.sessions", "at least 1")),
        (probe("sessions = 2", "expect = [[1]]"), ("probes.odd.expect", "a verify query")),
        (probe('error = "22012"', "expect = [[1]]"), ("probes.odd.error", "not both")),
        (probe('error = "22012"', 'verify = "SELECT 1"'), ("probes.odd.error", "not both")),
        ("performance.targets.Q5 = 'fast'", ("performance.targets", "expected float")),
        ("runner.instances = 0", ("runner.instances", "1 or more")),
        ("schema = 2", ("schema", "only version")),
        ('backup.generator = "nowhere.py"', ("nowhere.py does not exist", "backup.generator")),
        ("= 3", ("not valid TOML",)),
        ('creates.table = "one"', ("creates.table",)),
        ("rollout.begin = 2026-01-01", ("begin", "start")),
        ("rollout.preproduction_days = 0", ("rollout.preproduction_days", "1 or more")),
        ("rollout.canary_days = 0", ("rollout.canary_days", "1 or more")),
        ("rollout.gradual_days = 3", ("rollout.gradual_days", "4 or more")),
        ("rollout.stabilisation_days = 0", ("rollout.stabilisation_days", "1 or more")),
        ("rollout.canary_percent = 50", ("rollout.canary_percent", "< gradual_percent")),
        ("rollout.canary_percent = 0", ("rollout.canary_percent", "0 <")),
        ("rollout.gradual_percent = 100", ("gradual_percent < 100",)),
        ("rollout.latency_percent = 0.0", ("rollout.latency_percent", "above 0")),
        ("rollout.error_percent = -0.1", ("rollout.error_percent", "0 or more")),
        ('traffic.reads = ["a"]\ntraffic.after.writes = []', ("traffic.after", "one statement")),
    ],
)
def test_a_wrong_key_or_value_is_named_with_what_is_allowed(
    tmp_path: Path, addition: str, words: tuple[str, ...]
) -> None:
    with pytest.raises(PlanError) as caught:
        read_plan(written(tmp_path, MINIMAL + addition))
    message = str(caught.value)
    assert str(tmp_path / "plan.toml") in message
    for word in words:
        assert word in message


def test_a_baseline_need_not_exist_yet_and_is_relative_to_the_plan(tmp_path: Path) -> None:
    plan = read_plan(written(tmp_path, MINIMAL + 'performance.baseline = "kept/opt1.json"'))
    assert plan.performance.baseline == (tmp_path / "kept" / "opt1.json").resolve()
    assert read_plan(written(tmp_path, MINIMAL)).performance.baseline is None


def test_a_missing_key_is_named(tmp_path: Path) -> None:
    text = "\n".join(line for line in MINIMAL.splitlines() if "rollout" not in line)
    with pytest.raises(PlanError, match="rollout"):
        read_plan(written(tmp_path, text))


def test_a_missing_plan_says_what_to_pass(tmp_path: Path) -> None:
    with pytest.raises(PlanError, match="--plan"):
        read_plan(tmp_path / "none.toml")


def test_two_probes_of_one_name_are_refused(tmp_path: Path) -> None:
    probe = '\n[[probes]]\nname = "a"\nclaim = "b"\nsql = "SELECT 1"\n'
    with pytest.raises(PlanError, match="share the name a"):
        read_plan(written(tmp_path, MINIMAL + probe * 2))


@given(st.binary(max_size=200))
def test_no_content_ends_in_anything_but_a_plan_error(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    path = tmp_path_factory.mktemp("plan") / "plan.toml"
    path.write_bytes(content)
    with contextlib.suppress(PlanError):
        assert isinstance(read_plan(path), Plan)
