"""Reading plans, and saying in words what changed between two."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadowgate.measure.plans import PlanMetrics, plan_metrics
from shadowgate.measure.words import explain_change, share_of_planning

ROOTS = {
    "plot_2026": "plot",
    "plot_2027": "plot",
    "plot_default": "plot",
    "plot_2026_area_idx": "plot_area_idx",
    "plot_2027_area_idx": "plot_area_idx",
}


def scan(name: str, *, rows: int = 5, hit: int = 10, loops: int = 1) -> dict[str, Any]:
    return {
        "Node Type": "Index Scan",
        "Index Name": f"{name}_area_idx",
        "Relation Name": name,
        "Actual Rows": rows,
        "Actual Loops": loops,
        "Shared Hit Blocks": hit,
        "Shared Read Blocks": 2,
    }


def append(*children: dict[str, Any]) -> dict[str, Any]:
    return {
        "Node Type": "Append",
        "Actual Rows": 10,
        "Actual Loops": 1,
        "Shared Hit Blocks": sum(child.get("Shared Hit Blocks", 0) for child in children),
        "Shared Read Blocks": sum(child.get("Shared Read Blocks", 0) for child in children),
        "Plans": list(children),
    }


def document(plan: dict[str, Any], **more: Any) -> dict[str, Any]:
    aggregate = {**append(plan), "Node Type": "Aggregate", "Strategy": "Sorted"}
    return {"Plan": aggregate, "Planning Time": 0.4, "Execution Time": 3.0, **more}


EMPTY = {
    "Node Type": "Seq Scan",
    "Relation Name": "plot_default",
    "Actual Rows": 0,
    "Actual Loops": 1,
    "Shared Hit Blocks": 0,
    "Shared Read Blocks": 0,
}
METRICS = plan_metrics(document(append(scan("plot_2026"), scan("plot_2027"))), ROOTS)


def test_partitions_are_listed_and_their_indexes_named_after_the_whole() -> None:
    assert METRICS.partitions == ("plot_2026", "plot_2027")
    assert METRICS.indexes == ("plot_area_idx",)


def test_the_shape_does_not_depend_on_how_many_partitions_there_are() -> None:
    one = plan_metrics(document(scan("plot_2026")), ROOTS)
    assert one.shape == METRICS.shape
    assert METRICS.shape == ("Sorted Aggregate", "  Index Scan using plot_area_idx on plot")


def test_an_empty_partition_does_not_change_the_shape_but_is_scanned() -> None:
    found = plan_metrics(document(append(scan("plot_2026"), scan("plot_2027"), EMPTY)), ROOTS)
    assert found.shape == METRICS.shape
    assert found.partitions == ("plot_2026", "plot_2027", "plot_default")


def test_what_was_never_executed_is_not_counted() -> None:
    found = plan_metrics(document(append(scan("plot_2026"), scan("plot_2027", loops=0))), ROOTS)
    assert found.partitions == ("plot_2026",)


def test_buffers_are_those_found_and_those_read() -> None:
    assert (METRICS.shared_hit, METRICS.shared_read, METRICS.buffers) == (20, 4, 24)
    assert METRICS.as_evidence()["buffers"] == 24


def test_another_scan_is_another_shape() -> None:
    other = {**scan("plot_2026"), "Node Type": "Seq Scan"}
    del other["Index Name"]
    found = plan_metrics(document(append(other, scan("plot_2027"))), ROOTS)
    assert found.shape != METRICS.shape
    assert "the plan gained Seq Scan on plot" in explain_change(METRICS, found)


def test_triggers_are_listed_without_those_of_foreign_keys() -> None:
    triggers = [
        {"Trigger Name": "RI_ConstraintTrigger_c_20011", "Calls": 3},
        {"Trigger Name": "audit", "Calls": 200},
    ]
    found = plan_metrics(document(append(scan("plot_2026")), Triggers=triggers), ROOTS)
    assert found.triggers == {"audit": 200}


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"partitions": ("plot_2026",)}, "scans 1 partition instead of 2"),
        ({"indexes": ()}, "no longer uses index plot_area_idx"),
        ({"indexes": ("plot_area_idx", "plot_geo_idx")}, "now uses index plot_geo_idx"),
        ({"indexes": ("plot_geo_idx",)}, "uses index plot_geo_idx instead of plot_area_idx"),
        ({"shape": ("Sorted Aggregate",)}, "the plan lost Index Scan using plot_area_idx on plot"),
        ({"shape": METRICS.shape[::-1]}, "the plan's steps are in another order"),
        ({"shared_hit": 200}, "touches 204 pages instead of 24"),
        ({"planning_ms": 1.0}, "planning got 0.6 ms slower"),
        ({"planning_ms": 0.1}, "planning got 0.3 ms faster"),
        ({"deferred_ms": 20.0}, "what is deferred to the commit takes 20.0 ms instead of 0.0"),
        ({"temp_blocks": 7}, "spills 7 pages to disk"),
        ({"jit": True}, "is now compiled by JIT"),
        ({"triggers": {"audit": 1}}, "fires trigger audit, 1 time"),
    ],
)
def test_each_change_is_said_in_words(changed: dict[str, Any], sentence: str) -> None:
    assert explain_change(METRICS, replace(METRICS, **changed)) == (sentence,)


def test_slower_planning_is_explained_by_the_partitions() -> None:
    more = replace(METRICS, planning_ms=1.0, partitions=tuple(f"p{n}" for n in range(11)))
    assert "planning got 0.6 ms slower: 11 partitions instead of 2" in explain_change(METRICS, more)


@given(
    st.integers(min_value=20, max_value=10**6).flatmap(
        lambda hit: st.tuples(st.just(hit), st.integers(int(0.95 * hit), int(1.05 * hit)))
    ),
    st.floats(min_value=-0.19, max_value=0.19),
)
def test_small_differences_are_not_worth_a_sentence(hits: tuple[int, int], planning: float) -> None:
    one = replace(METRICS, shared_hit=hits[0], shared_read=0)
    other = replace(one, shared_hit=hits[1], planning_ms=one.planning_ms + planning)
    assert explain_change(one, other) == ()


def test_planning_is_told_apart_in_a_slowdown() -> None:
    slower = replace(METRICS, planning_ms=1.0)
    assert share_of_planning(METRICS, slower, 0.9).startswith("0.6 of the 0.9 ms")
    assert share_of_planning(METRICS, slower, 0.5).startswith("0.5 of the 0.5 ms")
    assert share_of_planning(METRICS, slower, -0.5) == ""
    assert share_of_planning(slower, METRICS, 0.5) == ""


def test_equal_plans_need_no_words() -> None:
    assert explain_change(METRICS, METRICS) == ()


def test_evidence_of_plan_metrics_are_plain_data() -> None:
    found = PlanMetrics(1, 2, 3, 0, 0.1, 0.2, ("Result",), (), ())
    assert found.as_evidence()["shape"] == ("Result",)
