"""The derivation of the verdict: what GO needs, and what nothing can talk away."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadowgate.evidence import CheckResult, QueryEvidence, Status
from shadowgate.phases.check import PHASES, Check
from shadowgate.phases.registry import CHECKS
from shadowgate.phases.verdict import Conclusion, Terms, check_of, judge, stopping

AnyCheck = Check[Any]


def result(check: AnyCheck, status: Status = "passed") -> CheckResult:
    return CheckResult(
        id=check.result_id("Q1" if check.items else ""),
        phase=check.phase,
        status=status,
        claim="it holds",
        required=check.required,
        detail="because",
    )


def concluded(*changed: CheckResult, **terms: Any) -> Conclusion:
    """The verdict where every check has passed but for those that are given."""
    results = {each.id: each for each in map(result, CHECKS)}
    return judge(CHECKS, results | {each.id: each for each in changed}, terms=Terms(**terms))


REQUIRED = [check for check in CHECKS if check.required]
NOT_PASSED: list[Status] = ["failed", "inconclusive", "blocked", "skipped"]


def by_id(check: AnyCheck) -> str:
    return check.id


def test_every_check_passed_is_go_with_low_risk() -> None:
    conclusion = concluded()
    assert (conclusion.verdict, conclusion.risk) == ("GO", "LOW")


@pytest.mark.parametrize("check", REQUIRED, ids=by_id)
@pytest.mark.parametrize("status", NOT_PASSED)
def test_one_required_check_not_passed_is_no_go_and_named(check: AnyCheck, status: Status) -> None:
    bad = result(check, status)
    conclusion = concluded(bad)
    assert (conclusion.verdict, conclusion.risk) == ("NO-GO", "HIGH")
    assert len(conclusion.reasons) == 1
    assert conclusion.reasons[0].startswith(bad.id)


@pytest.mark.parametrize("check", REQUIRED, ids=by_id)
def test_a_skip_counts_only_where_the_predicate_said_so(check: AnyCheck) -> None:
    skipped = result(check, "skipped")
    assert concluded(skipped).verdict == "NO-GO"
    conclusion = concluded(skipped, not_applicable={skipped.id: "the plan has none"})
    assert (conclusion.verdict, conclusion.risk) == ("GO", "LOW")


@pytest.mark.parametrize("check", REQUIRED, ids=by_id)
def test_a_required_check_that_never_ran_is_no_go(check: AnyCheck) -> None:
    results = {each.id: each for each in map(result, CHECKS) if not each.id.startswith(check.id)}
    conclusion = judge(CHECKS, results)
    assert conclusion.verdict == "NO-GO"
    assert any(each.status == "blocked" for each in conclusion.checks)


def test_an_item_that_a_complete_run_has_and_this_one_has_not_is_no_go() -> None:
    results = {each.id: each for each in map(result, CHECKS)}
    conclusion = judge(CHECKS, results, expected={"performance.not_slower.Q7"})
    assert conclusion.verdict == "NO-GO"
    assert conclusion.reasons[0].startswith("performance.not_slower.Q7")


def test_nothing_ran_is_no_go() -> None:
    assert judge(CHECKS, {}).verdict == "NO-GO"


@pytest.mark.parametrize("check", REQUIRED, ids=by_id)
def test_a_small_copy_excuses_skipped_time_and_nothing_else(check: AnyCheck) -> None:
    small = "20,000 rows are too few"
    assert (concluded(result(check, "skipped"), quick=small).verdict == "GO") == check.judges_time
    assert concluded(result(check, "failed"), quick=small).verdict == "NO-GO"


@pytest.mark.parametrize("check", REQUIRED, ids=by_id)
@pytest.mark.parametrize("status", NOT_PASSED)
def test_a_waiver_lets_a_check_do_without_a_pass_and_is_named_first(
    check: AnyCheck, status: Status
) -> None:
    conclusion = concluded(result(check, status), waivers={check.id: "pg_cron comes in May"})
    if status in ("failed", "inconclusive"):
        assert (conclusion.verdict, conclusion.risk) == ("GO", "MEDIUM")
        assert conclusion.reasons[0].startswith(f"waived: {check.id}")
        assert "pg_cron comes in May" in conclusion.reasons[0]
    else:
        assert conclusion.verdict == "NO-GO"


def test_a_waiver_that_covers_nothing_is_a_reservation() -> None:
    conclusion = concluded(unused_waivers=["table-rewrite"])
    assert (conclusion.verdict, conclusion.risk) == ("GO", "MEDIUM")
    assert "table-rewrite" in conclusion.reasons[0]


def test_optional_failure_and_small_copy_and_a_near_interval_raise_the_risk() -> None:
    optional = next(check for check in CHECKS if not check.required)
    assert concluded(result(optional, "failed")).risk == "MEDIUM"
    assert concluded(quick="small").risk == "MEDIUM"
    limits = {"Q1": 5.0}
    near = QueryEvidence("Q1", "a query", high_percent=4.5)
    assert concluded(queries=[near], limits=limits).risk == "MEDIUM"
    far = QueryEvidence("Q1", "a query", high_percent=2.0)
    assert concluded(queries=[far], limits=limits).risk == "LOW"
    short = QueryEvidence("Q1", "a query", high_percent=80)
    assert concluded(queries=[short], limits=limits).risk == "MEDIUM"
    assert concluded(queries=[short], limits={"Q1": 500.0}).risk == "LOW"


@given(st.lists(st.sampled_from(["passed", *NOT_PASSED]), min_size=200, max_size=200))
def test_go_exactly_if_every_required_check_passed(statuses: list[Status]) -> None:
    results = [
        replace(each, status=status)
        for each, status in zip(map(result, CHECKS), statuses, strict=False)
    ]
    all_passed = all(each.status == "passed" for each in results if each.required)
    assert (concluded(*results).verdict == "GO") == all_passed


def test_the_catalogue_is_sound() -> None:
    ids = [check.id for check in CHECKS]
    assert len(set(ids)) == len(ids)
    assert {check.phase for check in CHECKS} == set(range(1, len(PHASES) + 1))
    for check in CHECKS:
        assert check.why
        assert check.remedy
        assert check.id.count(".") == 1, f"{check.id}: ids are phase.check"
        assert check_of(CHECKS, f"{check.id}.an.item") is check
    assert [check.phase for check in CHECKS] == sorted(check.phase for check in CHECKS)


@pytest.mark.parametrize("check", CHECKS, ids=by_id)
@pytest.mark.parametrize("status", NOT_PASSED)
def test_what_stops_go_on_the_way_is_what_stops_it_at_the_end(
    check: AnyCheck, status: Status
) -> None:
    bad = result(check, status)
    for terms in (
        Terms(),
        Terms(waivers={check.id: "it comes in May"}),
        Terms(quick="too few rows"),
        Terms(not_applicable={bad.id: "the plan has none"}),
    ):
        so_far = {each.id: each for each in (result(CHECKS[0]), bad)}
        full = {each.id: each for each in map(result, CHECKS)} | {bad.id: bad}
        is_no_go = judge(CHECKS, full, terms=terms).verdict == "NO-GO"
        assert stopping(CHECKS, so_far, terms) == (bad.id if is_no_go else "")


def test_nothing_stops_go_as_long_as_all_passes() -> None:
    assert stopping(CHECKS, {}, Terms()) == ""
    assert stopping(CHECKS, {each.id: each for each in map(result, CHECKS)}, Terms()) == ""
