"""The table of plans: distances from limits, and which run is done once more."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from benchmarks.plans import Outcome, plans_named, table
from shadowgate.options import resolve
from tests.selftest.shadow_runs import ROOT

QUERY = {"change_percent": 1.0, "low_percent": -1.5, "high_percent": 3.25}


def outcome(verdict: str, *checks: tuple[str, str], **queries: dict[str, Any]) -> Outcome:
    shadow = {
        "verdict": verdict,
        "reasons": ["Q4 is slower"],
        "plan": {"name": "OPT9", "limit_percent": 5.0, "limits": {"W2": 40.0}},
        "queries": queries,
        "checks": [{"id": id_, "status": status, "required": True} for id_, status in checks],
    }
    return Outcome("OPT9", shadow, 81.6)


def test_plans_are_chosen_by_what_their_reports_call_them_or_by_their_files() -> None:
    assert [path.stem for path in plans_named(["base"])] == [
        "1770470100_temporal_partitioning_geometrias"
    ]
    assert plans_named(["OPT2", "columnar"]) == plans_named(["columnar_storage"])
    assert len(plans_named([])) == 6
    with pytest.raises(SystemExit, match=r"OPT9: .*OPT1 1770500100"):
        plans_named(["OPT9"])


def test_each_query_is_shown_with_its_distance_from_its_own_limit() -> None:
    lines = list(table([outcome("GO", Q1=QUERY, W2=QUERY)]))
    assert lines[2] == "| OPT9 | Q1 | +1.0 | -1.5 to +3.2 | +5 | 1.8 |"
    assert lines[3] == "| OPT9 | W2 | +1.0 | -1.5 to +3.2 | +40 | 36.8 |"
    assert lines[-1] == "- OPT9: GO in 82 s"


def test_a_margin_lowers_what_is_judged_against_and_not_what_is_shown(tmp_path: Path) -> None:
    plan = ROOT / "migrations" / "1770470200_columnar_storage_gis.toml"
    (full, lowered) = (
        resolve(
            {"--plan": str(plan), "--margin": points}.get, lambda _key: "", ROOT, tmp_path
        ).described()
        for points in (None, "1.5")
    )
    assert lowered["limit_percent"] == full["limit_percent"] - 1.5
    assert lowered["limits"] == {query: limit - 1.5 for query, limit in full["limits"].items()}
    shown = dataclasses.replace(outcome("GO", Q1=QUERY), reserve=1.5)
    assert list(table([shown]))[2] == "| OPT9 | Q1 | +1.0 | -1.5 to +3.2 | +6.5 | 3.2 |"


def test_a_verdict_against_has_its_reasons() -> None:
    lines = list(table([outcome("NO-GO", ("performance.not_slower.Q4", "failed"))]))
    assert lines[-2:] == ["- OPT9: NO-GO in 82 s", "  - Q4 is slower"]


@pytest.mark.parametrize(
    ("checks", "undecided"),
    [
        ((("performance.not_slower.Q4", "inconclusive"), ("signoff.verdict", "failed")), True),
        (
            (("performance.not_slower.Q4", "failed"), ("performance.target.Q5", "inconclusive")),
            False,
        ),
        ((("rollback.clean", "inconclusive"),), False),
        ((), False),
    ],
)
def test_only_what_was_not_decided_is_done_once_more(
    checks: tuple[tuple[str, str], ...], undecided: bool
) -> None:
    assert outcome("NO-GO", *checks).is_undecided is undecided
