"""Phase 7: what the later optimisations would add, measured where they can be."""

from __future__ import annotations

from collections.abc import Collection

import pytest

from shadowgate.measure.statistics import to_percent
from shadowgate.measure.verdict import judge_interval
from shadowgate.plan import LaterSection, Plan
from shadowgate.recorder import Finding, Recorder
from shadowgate.stages import (
    BEFORE,
    Series,
    achieved,
    costs_table,
    effects_table,
    forecast_table,
    in_words,
    judge_series,
    judge_together,
    limits_together,
    own_effect,
    projections,
    series_figure,
    together,
)


@pytest.mark.check("simulation.effect")
def test_effect(
    request: pytest.FixtureRequest, later: str, plan: Plan, recorder: Recorder, finding: Finding
) -> None:
    """The later optimisation, applied to a copy, returns the same rows as fast as it must."""
    optimisation = next(item for item in plan.simulation.later if item.name == later)
    projected = optimisation.projected_percent
    aimed = ", ".join(optimisation.queries) or "all queries"
    if optimisation.migration is None:
        finding.note("not yet measured", f"projected {-projected:g} %")
        pytest.skip(f"projected -{projected:g} % on {aimed}, not measured: it has no migration")
    series: Series = request.getfixturevalue("series")
    effect = own_effect(series, optimisation)
    finding.note(in_words(effect), f"projected {-projected:g} %")
    finding.say(
        f"{optimisation.title}: -{projected:g} % on {aimed} were projected, "
        f"{achieved(effect, projected)}."
    )
    control = series.controls[later]
    finding.show(effects_table(series, later, control))
    differences = series.trial.differences(later, control)
    finding.require(not differences, differences)
    if recorder.quick:
        finding.say(f"Timings are not judged: {recorder.quick}")
        return
    _require_targets(series, optimisation, finding)


@pytest.mark.check("simulation.combined")
def test_combined(request: pytest.FixtureRequest, plan: Plan, finding: Finding) -> None:
    """All optimisations together reach the target of the series, and no query is slower."""
    _require_measured(plan)
    series: Series = request.getfixturevalue("series")
    arm, limit = together(series), plan.simulation.target_percent
    overall = series.trial.overall(arm, BEFORE, plan.workload.weights)
    projected = projections(series, plan)
    finding.note(in_words(overall), f"−{limit:g} %")
    finding.say(
        "Projected, not measured: "
        + "; ".join(f"{-percent:.1f} % {model}" for model, percent in projected.items())
        + "."
    )
    finding.show(
        series_figure(series, plan),
        effects_table(series, arm, BEFORE),
        forecast_table(series, plan),
        costs_table(series),
    )
    differences = series.trial.differences(arm, BEFORE)
    finding.require(not differences, differences)
    reached = judge_series(series.trial, arm, plan)
    finding.require(reached != "missed", f"{limit:g} % are not reached: {in_words(overall)}")
    finding.require_decided(reached == "met", f"the interval does not decide: {in_words(overall)}")
    _require_not_slower(series, series.trial.reads, plan, finding)
    if not series.complete:
        pytest.skip("not all optimisations are measured, so their target cannot be judged")


@pytest.mark.check("simulation.writers")
def test_writers(request: pytest.FixtureRequest, plan: Plan, finding: Finding) -> None:
    """With all optimisations together no write is slower than the series may make it."""
    _require_measured(plan)
    series: Series = request.getfixturevalue("series")
    arm = together(series)
    writes = [query for query in series.trial.seconds[arm] if query not in series.trial.reads]
    effects = {query: series.trial.effect(query, arm, BEFORE) for query in writes}
    limits = plan.simulation.limits
    finding.note(
        {query: in_words(effect) for query, effect in effects.items()},
        {query: f"{limits[query]:+g} %" for query in writes if query in limits},
    )
    _require_not_slower(series, writes, plan, finding)


def _require_measured(plan: Plan) -> None:
    later = plan.simulation.later
    if not later:
        pytest.skip("the plan has no later optimisations")
    if not any(item.migration for item in later):
        pytest.skip("none of the later optimisations has a migration: they are only projected")


def _require_targets(series: Series, later: LaterSection, finding: Finding) -> None:
    effects = {
        query: series.trial.effect(query, later.name, series.controls[later.name])
        for query in later.targets
    }
    judged = {query: judge_interval(effects[query], later.targets[query]) for query in effects}
    for wanted, sentence in (("missed", "is not reached"), ("inconclusive", "is not decided")):
        lines = [
            f"{query}: {-later.targets[query]:g} % {sentence}: {in_words(effects[query])}"
            for query, status in judged.items()
            if status == wanted
        ]
        if wanted == "missed":
            finding.require(not lines, lines)
        else:
            finding.require_decided(not lines, lines)


def _require_not_slower(
    series: Series, queries: Collection[str], plan: Plan, finding: Finding
) -> None:
    arm, limits = together(series), limits_together(series.trial.reads, plan)
    judged = judge_together(series.trial, arm, queries, limits)
    effects = {query: series.trial.effect(query, arm, BEFORE) for query in judged}
    slower = [
        f"{query} is slower: {in_words(effects[query])}"
        for query, verdict in judged.items()
        if verdict == "regressed"
    ]
    finding.require(not slower, slower)
    open_ones = [
        f"{query} may be {to_percent(effects[query].high):.1f} % slower: {in_words(effects[query])}"
        for query, verdict in judged.items()
        if verdict == "inconclusive"
    ]
    finding.require_decided(not open_ones, open_ones)
