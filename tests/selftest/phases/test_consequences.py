"""One cause, one finding: which failure is said to follow from which."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadowgate.catalogue import CatalogueObject, Drift, ObjectId
from shadowgate.evidence import CheckResult, Status
from shadowgate.measure.failures import QueryFailure
from shadowgate.phases.consequences import with_causes
from shadowgate.phases.facts import asked_of, broken_by, content_of, of_drift, rows_of
from shadowgate.phases.finding import CheckFailed, CheckInconclusive, Finding
from shadowgate.phases.performance.checks import rows_are_the_same
from shadowgate.phases.registry import CHECKS
from shadowgate.phases.rollback.checks import later_rows_are_kept

CUSTOMERS = ObjectId("table", "public.customers")
MAIL = ObjectId("column", "public.customers.email")
COLUMN = CatalogueObject({"type": "text"}, part_of=(CUSTOMERS,))


def failed(name: str, **what: Any) -> CheckResult:
    return CheckResult(name, 5, what.pop("status", "failed"), "claim", **what)


def follows(*results: CheckResult, concluding: tuple[str, ...] = ()) -> dict[str, str | None]:
    return {each.id: each.follows for each in with_causes(results, concluding)}


def test_a_query_that_asks_for_a_table_that_is_gone_follows_from_its_drop() -> None:
    drift = Drift({}, {CUSTOMERS: CatalogueObject({}), MAIL: COLUMN}, ())
    dropped = failed("schema", breaks=tuple(broken_by(drift, [CUSTOMERS])))
    asks = tuple(asked_of(["customers", "orders"], "42P01"))
    query = failed("query", stands_on=(asks,), breaks=("no SQLSTATE 42P01",))
    assert follows(dropped, query) == {"schema": None, "query": "schema"}


def test_a_query_of_another_table_has_a_cause_of_its_own() -> None:
    drift = Drift({}, {CUSTOMERS: CatalogueObject({}), MAIL: COLUMN}, ())
    dropped = failed("schema", breaks=tuple(broken_by(drift, [CUSTOMERS])))
    query = failed("query", stands_on=(tuple(asked_of(["orders"], "42P01")),))
    assert follows(dropped, query)["query"] is None


def test_a_query_that_misses_a_column_does_not_follow_from_changed_rows() -> None:
    data = failed("data", breaks=(rows_of("public.customers"),))
    missing = failed("missing", stands_on=(tuple(asked_of(["customers"], "42703")),))
    other_rows = failed("rows", stands_on=((rows_of("customers"),),))
    assert follows(data, missing, other_rows) == {"data": None, "missing": None, "rows": "data"}


def test_every_finding_of_a_consequence_has_to_be_explained() -> None:
    data = failed("data", breaks=("rows of orders",))
    back = failed("back", stands_on=(("rows of orders",), ("rows of customers",)))
    assert follows(data, back)["back"] is None
    assert follows(data, replace(back, stands_on=back.stands_on[:1]))["back"] == "data"


def test_a_finding_that_stands_on_nothing_known_is_a_cause() -> None:
    data = failed("data", breaks=("rows of orders",))
    assert follows(data, failed("back", stands_on=((), ("rows of orders",))))["back"] is None


def test_a_consequence_names_the_cause_at_the_root() -> None:
    schema = failed("schema", breaks=("relation orders",))
    data = failed("data", stands_on=(tuple(content_of("orders")),), breaks=("rows of orders",))
    query = failed("query", stands_on=(("rows of orders",),))
    blocked = failed("blocked", status="blocked", blocked_by="query")
    assert set(follows(schema, data, query, blocked).values()) == {None, "schema"}
    assert follows(schema, data, query, blocked)["blocked"] == "schema"


def test_a_symptom_may_come_before_its_cause_and_a_cause_may_not() -> None:
    waiting = failed("waiting", stands_on=(("no SQLSTATE 42703",),))
    query = failed("query", breaks=("no SQLSTATE 42703",), stands_on=(("columns of orders",),))
    assert follows(waiting, query) == {"waiting": "query", "query": None}
    both = replace(waiting, breaks=("columns of orders",))
    assert follows(both, query) == {"waiting": None, "query": "waiting"}


def test_what_passed_explains_nothing_and_follows_from_nothing() -> None:
    passed = failed("data", status="passed", breaks=("rows of orders",))
    query = failed("query", stands_on=(("rows of orders",),))
    assert set(follows(passed, query).values()) == {None}


def test_the_verdict_follows_from_what_failed() -> None:
    data, verdict = failed("data"), failed("verdict")
    assert follows(data, verdict, concluding=("verdict",))["verdict"] == "data"
    assert follows(verdict, concluding=("verdict",))["verdict"] is None
    assert [check.id for check in CHECKS if check.concludes] == ["signoff.verdict"]


def test_each_difference_of_a_drift_can_be_explained_by_the_same_difference() -> None:
    drift = Drift({}, {CUSTOMERS: CatalogueObject({}), MAIL: COLUMN}, ())
    cause = broken_by(drift, [CUSTOMERS])
    assert all(grounds & cause for grounds in of_drift(drift))


def compared(**what: Any) -> Any:
    """A query on both sides, as far as its check looks at it."""
    touched = SimpleNamespace(metrics=SimpleNamespace(relations=("orders",)))
    query = SimpleNamespace(id="W1", kind=what.pop("kind", "write"))
    usual = {"rows": 1, "order": None, "same_rows": False, "difference": "x", "failures": ()}
    return SimpleNamespace(
        **(usual | {"broken": False} | what), query=query, before=touched, after=touched
    )


def grounds_of(found: Any) -> Finding:
    finding = Finding()
    comparison: Any = SimpleNamespace(queries={"W1": found})
    announced: Any = SimpleNamespace(changes_data_of=lambda _read: "")
    with pytest.raises(CheckFailed):
        rows_are_the_same(comparison, query="W1", announced=announced, finding=finding)
    return finding


def test_a_query_that_answers_otherwise_stands_on_the_rows_that_it_reads() -> None:
    assert grounds_of(compared()).grounds == [{"rows of orders"}]
    assert grounds_of(compared()).broken == set()


def test_a_write_that_is_refused_explains_that_nothing_was_written_before_the_rollback() -> None:
    refusal = QueryFailure("W1", "it violates a check", "23514", side="after")
    write = grounds_of(compared(failures=(refusal,), broken=True))
    read = grounds_of(compared(failures=(refusal,), broken=True, kind="read"))
    kept = Finding()
    rolled_back: Any = SimpleNamespace(written_rows=0, later=(), surplus=())
    with pytest.raises(CheckInconclusive):
        later_rows_are_kept(rolled_back=rolled_back, finding=kept)
    (grounds,) = kept.grounds
    assert grounds & write.broken
    assert not grounds & read.broken


facts = st.sampled_from(["a", "b", "c"])
statuses: st.SearchStrategy[Status] = st.sampled_from(
    ["passed", "failed", "inconclusive", "blocked", "skipped"]
)


@st.composite
def runs(draw: st.DrawFn) -> tuple[CheckResult, ...]:
    """Results as checks leave them: what is blocked names one that came before it."""
    found: list[CheckResult] = []
    for number in range(draw(st.integers(0, 7))):
        status = draw(statuses) if number else "failed"
        found.append(
            failed(
                f"c{number}",
                status=status,
                breaks=tuple(draw(st.sets(facts))),
                stands_on=tuple(
                    tuple(draw(st.sets(facts))) for _ in range(draw(st.integers(0, 2)))
                ),
                blocked_by=found[draw(st.integers(0, number - 1))].id
                if status == "blocked"
                else None,
            )
        )
    return tuple(found)


@given(runs())
def test_nothing_is_lost_and_every_consequence_stands_under_a_cause(
    results: tuple[CheckResult, ...],
) -> None:
    told = with_causes(results)
    assert [replace(each, follows=None) for each in told] == list(results)
    by_id = {each.id: each for each in told}
    for each in told:
        if each.follows and by_id[each.follows].status in ("failed", "inconclusive"):
            assert by_id[each.follows].follows is None
        if each.follows:
            assert each.status in ("failed", "inconclusive", "blocked")
    open_ones = [each for each in told if each.status in ("failed", "inconclusive")]
    assert not open_ones or any(each.follows is None for each in open_ones)
