"""The derivation of the verdict: what GO needs, and what nothing can talk away."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadowgate.checks import CATALOGUE, PHASES, CheckSpec, spec_of
from shadowgate.evidence import CheckResult, QueryEvidence, Status
from shadowgate.signoff import judge


def result(spec: CheckSpec, status: Status = "passed") -> CheckResult:
    return CheckResult(
        id=f"{spec.id}.Q1" if spec.items else spec.id,
        phase=spec.phase,
        status=status,
        claim="it holds",
        required=spec.required,
    )


def clean() -> dict[str, CheckResult]:
    results = [result(spec) for spec in CATALOGUE]
    return {r.id: r for r in results}


REQUIRED = [spec for spec in CATALOGUE if spec.required]
NOT_PASSED: list[Status] = ["failed", "inconclusive", "blocked", "skipped"]


def test_every_check_passed_is_go_with_low_risk() -> None:
    judgement = judge(clean())
    assert (judgement.verdict, judgement.risk) == ("GO", "LOW")


@pytest.mark.parametrize(
    ("spec", "status"),
    [
        pytest.param(spec, status, id=f"{spec.id}-{status}")
        for spec in REQUIRED
        for status in NOT_PASSED
        if not (spec.when and status == "skipped")
    ],
)
def test_one_required_check_not_passed_is_no_go_and_named(spec: CheckSpec, status: Status) -> None:
    results = clean()
    bad = result(spec, status)
    results[bad.id] = bad
    judgement = judge(results)
    assert (judgement.verdict, judgement.risk) == ("NO-GO", "HIGH")
    assert len(judgement.reasons) == 1
    assert judgement.reasons[0].startswith(bad.id)


@pytest.mark.parametrize("spec", [s for s in REQUIRED if s.when], ids=lambda spec: spec.id)
def test_what_a_plan_need_not_have_may_be_skipped(spec: CheckSpec) -> None:
    results = clean()
    results[result(spec).id] = result(spec, "skipped")
    assert judge(results).verdict == "GO"


@pytest.mark.parametrize("spec", REQUIRED, ids=lambda spec: spec.id)
def test_a_required_check_that_never_ran_is_no_go(spec: CheckSpec) -> None:
    results = {k: v for k, v in clean().items() if not k.startswith(spec.id)}
    judgement = judge(results)
    assert judgement.verdict == "NO-GO"
    assert any(check.status == "blocked" for check in judgement.checks)


def test_an_item_that_a_complete_run_has_and_this_one_has_not_is_no_go() -> None:
    judgement = judge(clean(), expected={"performance.not_slower.Q7"})
    assert judgement.verdict == "NO-GO"
    assert judgement.reasons[0].startswith("performance.not_slower.Q7")


def test_nothing_ran_is_no_go() -> None:
    assert judge({}).verdict == "NO-GO"


@pytest.mark.parametrize("spec", REQUIRED, ids=lambda spec: spec.id)
def test_a_small_copy_excuses_skipped_time_and_nothing_else(spec: CheckSpec) -> None:
    results = clean()
    results[result(spec).id] = result(spec, "skipped")
    judgement = judge(results, quick="20,000 rows are too few")
    assert (judgement.verdict == "GO") == (spec.judges_time or bool(spec.when))
    failed = {**results, result(spec).id: result(spec, "failed")}
    assert judge(failed, quick="20,000 rows are too few").verdict == "NO-GO"


def test_optional_failure_and_small_copy_and_a_near_interval_raise_the_risk() -> None:
    optional = next(spec for spec in CATALOGUE if not spec.required)
    failed = {**clean(), result(optional).id: result(optional, "failed")}
    assert judge(failed).risk == "MEDIUM"
    assert judge(clean(), quick="small").risk == "MEDIUM"
    near = QueryEvidence("Q1", "a query", high_percent=4.5)
    assert judge(clean(), queries=[near]).risk == "MEDIUM"
    far = QueryEvidence("Q1", "a query", high_percent=2.0)
    assert judge(clean(), queries=[far]).risk == "LOW"


@given(st.lists(st.sampled_from(["passed", *NOT_PASSED]), min_size=200, max_size=200))
def test_go_exactly_if_every_required_check_passed(statuses: list[Status]) -> None:
    results = {
        k: replace(v, status=status)
        for (k, v), status in zip(clean().items(), statuses, strict=False)
    }
    all_passed = all(
        r.status == "passed" or (r.status == "skipped" and spec_of(r.id).when)
        for r in results.values()
        if r.required
    )
    assert (judge(results).verdict == "GO") == all_passed


def test_the_catalogue_is_sound() -> None:
    ids = [spec.id for spec in CATALOGUE]
    assert len(set(ids)) == len(ids)
    for place, spec in enumerate(CATALOGUE):
        assert spec.phase in PHASES
        assert spec.why
        assert spec.remedy
        assert set(spec.requires) <= set(ids[:place]), f"{spec.id} stands on a later check"
        assert spec.id.count(".") == 1, f"{spec.id}: ids are phase.check"
    assert [s.phase for s in CATALOGUE] == sorted(s.phase for s in CATALOGUE)
