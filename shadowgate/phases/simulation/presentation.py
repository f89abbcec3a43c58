"""What a trial of the later optimisations says, as tables and drawings for the report."""

from __future__ import annotations

import statistics
from collections.abc import Mapping

from shadowgate.evidence import Figure, Table
from shadowgate.language import sentence, shown
from shadowgate.phases.simulation.combined import BEFORE
from shadowgate.phases.simulation.series import (
    TOGETHER,
    Series,
    compounded,
    compounded_by_query,
)
from shadowgate.plan import LaterSection, Plan
from shadowgate.report import words
from shadowgate.report.figures import Effect, projection
from shadowgate.statistics.intervals import Interval, to_percent
from shadowgate.statistics.verdict import TargetStatus, judge_interval

EQUALLY = "every query equally often"


def in_words(interval: Interval) -> str:
    """An effect with its interval: ``−12.3 % (−14.0 to −10.1 %)``."""
    ends = map(to_percent, (interval.estimate, interval.low, interval.high))
    return words.change(*ends)


def own_effect(series: Series, later: LaterSection) -> Interval:
    """What an optimisation changes on the queries that it is for, against the same without it."""
    weights = dict.fromkeys(later.queries, 1.0)
    return series.trial.overall(later.name, series.controls[later.name], weights)


def achieved(interval: Interval, projected_percent: float) -> str:
    """Whether a projection was reached; only the whole interval can say so."""
    said: dict[TargetStatus, str] = {
        "met": sentence("achieved"),
        "missed": sentence("not achieved"),
        "inconclusive": sentence("neither shown nor refuted"),
    }
    return said[judge_interval(interval, projected_percent)]


def effects_table(series: Series, arm: str, control: str) -> Table:
    """Every query's effect, in milliseconds and percent."""
    trial = series.trial
    rows = []
    for query in trial.seconds[arm]:
        before, after = (
            1000.0 * statistics.median(trial.seconds[name][query]) for name in (control, arm)
        )
        effect = shown(in_words, trial.effect(query, arm, control))
        rows.append((query, f"{before:.1f}", f"{after:.1f}", effect))
    overall = shown(in_words, trial.overall(arm, control, {}))
    rows.append((sentence("all reads"), "", "", overall))
    title = sentence("{arm}, against {control}", arm=arm, control=control)
    return Table(title, ("query", f"{control} ms", f"{arm} ms", "change (95 %)"), tuple(rows))


def costs_table(series: Series) -> Table:
    """What each optimisation takes: time to apply and to roll back, and space."""
    rows = tuple(
        (
            name,
            f"{cost.apply_seconds:.1f}",
            sentence("no rollback")
            if cost.rollback_seconds is None
            else f"{cost.rollback_seconds:.1f}",
            f"{cost.added_bytes / 1e6:+.1f}",
        )
        for name, cost in series.costs.items()
    )
    return Table(
        "What they cost, applied beside each other",
        ("optimisation", "apply, s", "roll back, s", "size on disk, MB"),
        rows,
    )


def forecast_table(series: Series, plan: Plan) -> Table:
    """What production would see for several mixes of the queries, from the measured rounds.

    A mix says how often each query is asked. The change is that of the time spent on the whole mix,
    so a slow query counts for more than a fast one that is asked as often.
    """
    mixes: dict[str, Mapping[str, float]] = {EQUALLY: {}}
    if plan.workload.weights:
        mixes[sentence("as [workload.weights] says")] = plan.workload.weights
    mixes.update(plan.simulation.mixes)
    arms = [series.migrated, *series.costs]
    rows = tuple(
        (mix, *(shown(in_words, series.trial.overall(arm, BEFORE, weights)) for arm in arms))
        for mix, weights in mixes.items()
    )
    return Table("Forecast: change against before, by what is asked", ("mix", *arms), rows)


def projections(series: Series, plan: Plan) -> dict[str, float]:
    """The series as projected, in percent faster, by both models."""
    own, later = plan.simulation.measured_percent, plan.simulation.later
    shares = {
        query: 1000.0 * statistics.median(series.trial.seconds[BEFORE][query])
        for query in series.trial.reads
    }
    return {
        "compounded over all queries": compounded(
            [own, *(item.projected_percent for item in later)]
        ),
        "each on the queries that it is for": compounded_by_query(own, later, shares),
    }


def series_figure(series: Series, plan: Plan) -> Figure:
    """Draw what is projected for each later optimisation beside what was measured."""
    later = plan.simulation.later
    measured = {
        item.name: _effect(own_effect(series, item)) for item in later if item.name in series.costs
    }
    return projection({item.name: item.projected_percent for item in later}, measured)


def together(series: Series) -> str:
    """The arm with everything that was measured."""
    return TOGETHER if TOGETHER in series.costs else next(iter(series.costs))


def _effect(interval: Interval) -> Effect:
    return Effect(
        percent=-to_percent(interval.estimate),
        low=-to_percent(interval.high),
        high=-to_percent(interval.low),
    )
