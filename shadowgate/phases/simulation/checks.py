"""Checks of phase 7: what the later optimisations would add, measured where they can be."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from shadowgate.language import Shown, sentence, shown
from shadowgate.phases.check import check
from shadowgate.phases.finding import Finding
from shadowgate.phases.items import OPTIMISATIONS
from shadowgate.phases.simulation.combined import (
    BEFORE,
    judge_series,
    judge_together,
    limits_together,
)
from shadowgate.phases.simulation.presentation import (
    achieved,
    costs_table,
    effects_table,
    forecast_table,
    in_words,
    own_effect,
    projections,
    series_figure,
    together,
)
from shadowgate.phases.simulation.series import Series
from shadowgate.plan import LaterSection, Plan
from shadowgate.statistics.intervals import to_percent
from shadowgate.statistics.verdict import judge_interval

if TYPE_CHECKING:
    from shadowgate.phases.run import Run


def _some_are_measured(run: Run) -> str:
    later = run.plan.simulation.later
    if not later:
        return "the plan has no later optimisations"
    if not any(item.migration for item in later):
        return "none of the later optimisations has a migration: they are only projected"
    return ""


def _all_are_measured(run: Run) -> str:
    if reason := _some_are_measured(run):
        return reason
    if run.plan.simulation.target_percent is None:
        return "the plan sets the series no target"
    if not all(item.migration for item in run.plan.simulation.later):
        return "not all optimisations are measured, so their target cannot be judged"
    return ""


@check(
    "simulation.effect",
    remedy="See the error of the later migration; it does not change this verdict.",
    required=False,
    takes_times=True,
    items=OPTIMISATIONS,
)
def optimisation_keeps_its_promise(
    series: Series, optimisation: str, plan: Plan, quick: str, finding: Finding
) -> None:
    """The later optimisation, applied to a copy, returns the same rows as fast as it must.

    A projection is an opinion until it is measured on a copy.
    """
    later = next(item for item in plan.simulation.later if item.name == optimisation)
    projected = later.projected_percent
    effect = own_effect(series, later)
    finding.note(shown(in_words, effect), sentence("projected {percent:g} %", percent=-projected))
    finding.say(
        sentence(
            # TRANSLATORS: {reached} is whether that much was achieved
            "{title}: -{percent:g} % on {queries} were projected, {reached}.",
            title=later.title,
            percent=projected,
            queries=", ".join(later.queries),
            reached=achieved(effect, projected),
        )
        if later.queries
        else sentence(
            "{title}: -{percent:g} % on all queries were projected, {reached}.",
            title=later.title,
            percent=projected,
            reached=achieved(effect, projected),
        )
    )
    control = series.controls[optimisation]
    finding.show(effects_table(series, optimisation, control))
    differences = series.trial.differences(optimisation, control)
    finding.require(not differences, differences)
    if quick:
        finding.say(sentence("Timings are not judged: {why}", why=quick))
        return
    _require_targets(series, later, finding)


@check(
    "simulation.combined",
    remedy="Improve the optimisation that brings least, or measure those only projected.",
    required=False,
    judges_time=True,
    takes_times=True,
    applies=_all_are_measured,
)
def series_reaches_its_target(series: Series, plan: Plan, finding: Finding) -> None:
    """All optimisations together reach the target of the series, and no query is slower.

    The series is judged by what it brings together.
    """
    arm, limit = together(series), plan.simulation.target_percent
    overall = series.trial.overall(arm, BEFORE, plan.workload.weights)
    projected = projections(series, plan)
    finding.note(shown(in_words, overall), sentence("−{percent:g} %", percent=limit))
    finding.say(
        sentence(
            "Projected, not measured: {all:.1f} % compounded over all queries; {own:.1f} % each on "
            "the queries that it is for.",
            all=-projected["compounded over all queries"],
            own=-projected["each on the queries that it is for"],
        )
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
    finding.require(
        reached != "missed",
        sentence(
            "{percent:g} % are not reached: {change}",
            percent=limit,
            change=Shown(in_words, overall),
        ),
    )
    finding.require_decided(
        reached == "met",
        sentence("the interval does not decide: {change}", change=Shown(in_words, overall)),
    )
    _require_not_slower(series, series.trial.reads, plan, finding)


@check(
    "simulation.writers",
    remedy="See which optimisation slows the write named; its own validation tells where.",
    required=False,
    judges_time=True,
    takes_times=True,
    applies=_some_are_measured,
)
def writes_are_not_slower(series: Series, plan: Plan, finding: Finding) -> None:
    """With all optimisations together no write is slower than the series may make it.

    What speeds up reading is paid for by those who write.
    """
    arm = together(series)
    writes = [query for query in series.trial.seconds[arm] if query not in series.trial.reads]
    effects = {query: series.trial.effect(query, arm, BEFORE) for query in writes}
    limits = plan.simulation.limits
    finding.note(
        {query: shown(in_words, effect) for query, effect in effects.items()},
        {
            query: sentence("{percent:+g} %", percent=limits[query])
            for query in writes
            if query in limits
        },
    )
    _require_not_slower(series, writes, plan, finding)


def _require_targets(series: Series, later: LaterSection, finding: Finding) -> None:
    effects = {
        query: series.trial.effect(query, later.name, series.controls[later.name])
        for query in later.targets
    }
    judged = {query: judge_interval(effects[query], later.targets[query]) for query in effects}
    missed = [
        sentence(
            "{query}: {percent:g} % is not reached: {change}",
            query=query,
            percent=-later.targets[query],
            change=Shown(in_words, effects[query]),
        )
        for query, status in judged.items()
        if status == "missed"
    ]
    finding.require(not missed, missed)
    undecided = [
        sentence(
            "{query}: {percent:g} % is not decided: {change}",
            query=query,
            percent=-later.targets[query],
            change=Shown(in_words, effects[query]),
        )
        for query, status in judged.items()
        if status == "inconclusive"
    ]
    finding.require_decided(not undecided, undecided)


def _require_not_slower(
    series: Series, queries: Collection[str], plan: Plan, finding: Finding
) -> None:
    arm, limits = together(series), limits_together(series.trial.reads, plan)
    judged = judge_together(series.trial, arm, queries, limits)
    effects = {query: series.trial.effect(query, arm, BEFORE) for query in judged}
    slower = [
        sentence("{query} is slower: {change}", query=query, change=Shown(in_words, effects[query]))
        for query, verdict in judged.items()
        if verdict == "regressed"
    ]
    finding.require(not slower, slower)
    open_ones = [
        sentence(
            "{query} may be {percent:.1f} % slower: {change}",
            query=query,
            percent=to_percent(effects[query].high),
            change=Shown(in_words, effects[query]),
        )
        for query, verdict in judged.items()
        if verdict == "inconclusive"
    ]
    finding.require_decided(not open_ones, open_ones)
