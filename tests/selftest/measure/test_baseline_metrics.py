"""The committed baseline: what counts as a difference, and what does not."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadowgate.errors import PlanError
from shadowgate.measure.baseline_metrics import (
    BaselineMetrics,
    differences,
    read_metrics,
    why_not_comparable,
    write_metrics,
)

FIGURES: dict[str, Any] = {
    "rows": 20,
    "buffers": 1000,
    "spills": False,
    "jit": False,
    "partitions": ["plot_2026", "plot_default"],
    "indexes": ["plot_area_idx"],
    "shape": ["Sorted Aggregate", "  Index Scan using plot_area_idx on plot"],
}
EXPECTED = BaselineMetrics(
    "OPT1",
    "generator 1f3a, 251247 rows",
    15,
    "3.3",
    {
        "Q2": {"before": FIGURES, "after": FIGURES},
        "Q10": {"before": FIGURES, "after": FIGURES},
    },
)


def changed(query: str, side: str, **figures: Any) -> BaselineMetrics:
    sides = {**EXPECTED.queries[query], side: {**FIGURES, **figures}}
    return replace(EXPECTED, queries={**EXPECTED.queries, query: sides})


def test_the_same_metrics_have_no_difference() -> None:
    assert differences(EXPECTED, EXPECTED) == ()


@pytest.mark.parametrize(
    ("figure", "value"),
    [
        ("rows", 21),
        ("buffers", 1101),
        ("buffers", 899),
        ("spills", True),
        ("jit", True),
        ("partitions", ["plot_2026"]),
        ("indexes", []),
        ("shape", ["Sorted Aggregate", "  Seq Scan on plot"]),
    ],
)
def test_each_figure_is_held_against_the_baseline(figure: str, value: Any) -> None:
    (found,) = differences(EXPECTED, changed("Q10", "after", **{figure: value}))
    assert (found.query, found.side, found.figure) == ("Q10", "after", figure)
    assert str(found) == f"Q10 after, {figure}: {value} instead of {FIGURES[figure]}"


@given(st.integers(900, 1100))
def test_pages_may_differ_by_a_tenth(pages: int) -> None:
    assert differences(EXPECTED, changed("Q2", "before", buffers=pages)) == ()


def test_another_planner_may_choose_another_plan_but_not_other_rows() -> None:
    other = replace(changed("Q2", "after", shape=["Result"], indexes=[], buffers=5), postgresql=17)
    assert differences(EXPECTED, other) == ()
    fewer = replace(changed("Q2", "after", rows=1), postgresql=17)
    assert [found.figure for found in differences(EXPECTED, fewer)] == ["rows"]


def test_a_query_that_is_new_or_gone_is_a_difference() -> None:
    fewer = replace(EXPECTED, queries={"Q2": EXPECTED.queries["Q2"]})
    assert {found.query for found in differences(EXPECTED, fewer)} == {"Q10"}
    assert {found.query for found in differences(fewer, EXPECTED)} == {"Q10"}


def test_differences_come_in_the_order_of_the_queries() -> None:
    both = replace(
        EXPECTED,
        queries={
            id_: {**sides, "after": {**FIGURES, "rows": 1}}
            for id_, sides in EXPECTED.queries.items()
        },
    )
    assert [found.query for found in differences(EXPECTED, both)] == ["Q2", "Q10"]


def test_other_data_is_not_compared_and_says_so() -> None:
    other = replace(EXPECTED, data="generator 1f3a, 20000 rows")
    reason = why_not_comparable(EXPECTED, other)
    assert reason is not None
    assert "20000 rows" in reason
    assert why_not_comparable(EXPECTED, EXPECTED) is None


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "baselines" / "opt1.json"
    assert read_metrics(path) is None
    assert write_metrics(path, EXPECTED) == ("opt1.json is new: 2 queries",)
    assert read_metrics(path) == EXPECTED
    assert path.read_text(encoding="utf-8").endswith("}\n")


def test_writing_anew_shows_the_difference(tmp_path: Path) -> None:
    path = tmp_path / "opt1.json"
    write_metrics(path, EXPECTED)
    assert write_metrics(path, EXPECTED) == ("opt1.json is unchanged",)
    assert write_metrics(path, changed("Q2", "after", rows=21)) == (
        "Q2 after, rows: 21 instead of 20",
    )
    (said,) = write_metrics(path, replace(EXPECTED, data="other rows"))
    assert "written anew" in said


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"schema": 1}', '{"schema": 1, "plan": 1, "queries": 2}']
)
def test_a_file_that_is_no_baseline_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "opt1.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(PlanError, match="cannot be read") as caught:
        read_metrics(path)
    assert caught.value.where == str(path)


def test_a_baseline_of_another_schema_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "opt1.json"
    path.write_text(json.dumps({"schema": 2}), encoding="utf-8")
    with pytest.raises(PlanError, match="schema 2"):
        read_metrics(path)
