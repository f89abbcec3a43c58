"""Which gains are split into rewrite and design, and how the report tells it."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from shadowgate.evidence import QueryEvidence
from shadowgate.measure import Comparison, LayoutShare, QueryComparison
from shadowgate.phases.performance.layout import layout_table, left_out, with_layout, within
from shadowgate.queries import Query
from shadowgate.statistics.intervals import Interval

SHARE = LayoutShare(
    "Q5", Interval(-0.8, -0.9, -0.7), Interval(-0.5, -0.6, -0.4), Interval(-0.3, -0.4, -0.2)
)


def found(id_: str, seconds: float, gain: float, *, target: bool = False) -> QueryComparison:
    asked = Query(id_, id_, "read", "SELECT 1", Path(f"{id_}.sql"))
    values = {
        "query": asked,
        "pairs": ((seconds, seconds),),
        "estimate": SimpleNamespace(plain=Interval(gain, gain, gain)),
        "target": target or None,
    }
    return cast(QueryComparison, SimpleNamespace(**values))


def ids(chosen: list[QueryComparison]) -> list[str]:
    return [each.query.id for each in chosen]


def test_targets_come_first_then_the_largest_gains_that_fit() -> None:
    claimed = [
        found("Q1", 0.1, -0.1),
        found("Q3", 0.1, -0.3),
        found("Q5", 0.1, -0.05, target=True),
        found("Q7", 0.1, -0.2),
    ]
    assert ids(within(100.0, claimed)) == ["Q1", "Q3", "Q5", "Q7"]
    assert ids(within(2 * 2 * 9 * 0.1 + 0.01, claimed)) == ["Q3", "Q5"]


def test_one_query_is_split_however_little_time_there_is() -> None:
    assert ids(within(0.001, [found("Q1", 1.0, -0.1), found("Q5", 1.0, -0.2)])) == ["Q5"]
    assert within(1.0, []) == []


def test_what_there_was_no_time_for_is_named() -> None:
    queries = {
        "Q1": found("Q1", 0.1, -0.1),
        "Q2": found("Q2", 0.1, 0.0),
        "Q5": found("Q5", 0.1, -0.8, target=True),
    }
    comparison = cast(Comparison, SimpleNamespace(queries=queries))
    assert left_out(comparison, {"Q5": SHARE}).startswith("no time for Q1: ")
    assert left_out(comparison, {"Q5": SHARE, "Q1": SHARE}) == ""


def test_both_parts_stand_in_the_table_and_among_the_notes() -> None:
    (row,) = layout_table({"Q5": SHARE}).rows
    assert row[0] == "Q5"
    assert row[1].startswith("-55.1 % (")
    assert row[2].startswith("-39.3 % (")
    assert row[3].startswith("-25.9 % (")
    noted, other = with_layout(
        (QueryEvidence("Q5", "target", notes=("scans less",)), QueryEvidence("Q1", "other")),
        {"Q5": SHARE},
    )
    assert noted.notes[0] == "scans less"
    assert "design: -26 %" in noted.notes[1]
    assert other.notes == ()


@pytest.mark.parametrize("part", ["whole", "layout", "design"])
def test_every_part_has_its_interval(part: str) -> None:
    interval: Interval = getattr(SHARE, part)
    assert interval.low <= interval.estimate <= interval.high
