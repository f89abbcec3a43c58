"""The drawings of the workload: what each query took, and how that changed."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from shadowgate.evidence import Figure, QueryEvidence, QueryVerdict
from shadowgate.language import _, for_readers, ngettext, numeral
from shadowgate.report import words
from shadowgate.report.figures.canvas import (
    AFTER,
    BAD,
    BEFORE,
    DOUBT,
    GOOD,
    GRID,
    INK,
    MUTED,
    SHADE,
    Canvas,
    Margins,
)

WIDTH = 6.2
"""Inches; two such drawings stand side by side on the page."""

_AROUND_PAIRS = Margins(left=0.72, right=0.06, bottom=0.46, top=0.06)
"""The same for every query, so that their drawings can be compared: left, up to "+1000 %"."""

GAP = "\N{EM SPACE}\N{EM SPACE}"

_MARKS: Mapping[QueryVerdict, tuple[str, str]] = {
    "improved": ("v", GOOD),
    "equivalent": ("o", AFTER),
    "regressed": ("^", BAD),
    "inconclusive": ("D", DOUBT),
    "not judged": ("s", MUTED),
}


@for_readers
def effects(
    queries: Sequence[QueryEvidence],
    *,
    limit_percent: float = 5.0,
    targets: Mapping[str, float] | None = None,
    limits: Mapping[str, float] | None = None,
) -> Figure:
    """Draw the change of every query with its interval, the limit and the targets.

    Args:
        queries: those without an estimate are named, not drawn.
        limit_percent: a query may be at most so much slower.
        targets: query id -> change that it must reach, in percent; negative is faster.
        limits: query id -> a limit of its own.
    """
    shown = [query for query in queries if query.change_percent is not None]
    goals = {} if targets is None else targets
    title = _("Change of every query, with its interval")
    own = limits or {}
    sentence = _effects_sentence(queries, limit_percent, goals, own)
    with Canvas(WIDTH, _height(shown)) as canvas:
        axes = canvas.axes
        low, high = _effect_range(shown, max(limit_percent, *own.values(), 0.0), goals)
        axes.set_xlim(low, high)
        axes.axvspan(limit_percent, high, color=SHADE, lw=0)
        axes.axvline(0, color=INK, lw=0.9)
        axes.axvline(limit_percent, color=BAD, lw=0.9, ls="--")
        axes.grid(visible=True, axis="x")
        for row, query in enumerate(shown):
            _draw_effect(canvas, row, query, goals.get(query.id))
            if query.id in own:
                axes.plot([own[query.id]] * 2, [row - 0.4, row + 0.4], color=BAD, lw=0.9, ls="--")
        canvas.rows(_names(shown))
        axes.locator_params(axis="x", nbins=4)
        axes.xaxis.set_major_formatter(lambda x, _at: _tick(x))
        faster, slower = _("← faster"), _("slower →")
        limit = _("dashed: limit {limit}", limit=words.percent(limit_percent))
        axes.set_xlabel(GAP.join((faster, slower, limit)))
        return canvas.figure(title, sentence)


def _draw_effect(canvas: Canvas, row: int, query: QueryEvidence, goal: float | None) -> None:
    axes = canvas.axes
    estimate = query.change_percent or 0.0
    mark, colour = _MARKS[query.verdict]
    left, right = axes.get_xlim()
    low = left if query.low_percent is None else max(query.low_percent, left)
    high = right if query.high_percent is None else min(query.high_percent, right)
    axes.plot([low, high], [row, row], color=colour, lw=2.2, solid_capstyle="butt")
    axes.plot([min(max(estimate, left), right)], [row], marker=mark, color=colour, ms=6.5)
    if goal is not None:
        axes.plot([goal, goal], [row - 0.4, row + 0.4], color=GOOD, lw=1.4)
        axes.annotate(
            _("◂ target"),
            (goal, row),
            xytext=(2, 0),
            textcoords="offset points",
            va="center",
            color=GOOD,
            size=7.5,
        )
    axes.annotate(
        f"{words.percent(estimate)}\N{NO-BREAK SPACE} {words.query_verdict(query.verdict)}",
        (1.0, row),
        xycoords=("axes fraction", "data"),
        xytext=(6, 0),
        textcoords="offset points",
        va="center",
        color=colour,
        annotation_clip=False,
    )


def _tick(percent: float) -> str:
    """A change on an axis: without a decimal where there is none."""
    return words.percent(percent).replace(numeral(".0"), "")


def _names(queries: Sequence[QueryEvidence]) -> list[str]:
    return [f"{each.id}\N{EN SPACE}{words.shortened(each.title, 24)}" for each in queries]


def _height(queries: Sequence[QueryEvidence]) -> float:
    return 0.75 + 0.31 * max(len(queries), 1)


def _effect_range(
    queries: Sequence[QueryEvidence], limit: float, goals: Mapping[str, float]
) -> tuple[float, float]:
    ends = [0.0, limit, *goals.values()]
    for query in queries:
        known = (query.change_percent, query.low_percent, query.high_percent)
        ends += [end for end in known if end is not None and math.isfinite(end)]
    low, high = max(min(ends), -100.0), min(max(ends), 200.0)
    margin = 0.04 * (high - low)
    return low - margin, high + max(margin, 0.5 * limit)


def _effects_sentence(
    queries: Sequence[QueryEvidence],
    limit: float,
    goals: Mapping[str, float],
    own: Mapping[str, float],
) -> str:
    by_verdict: dict[QueryVerdict, list[str]] = {}
    for query in queries:
        own_limit = query.verdict == "equivalent" and query.id in own
        shown = _with_limit(query.id, own[query.id]) if own_limit else query.id
        by_verdict.setdefault(query.verdict, []).append(shown)
    wordings: tuple[tuple[QueryVerdict, str], ...] = (
        ("regressed", _("slower beyond the limit: {queries}")),
        ("inconclusive", _("not decided: {queries}")),
        ("improved", _("faster: {queries}")),
        ("equivalent", _("shown to be at most {limit} % slower: {queries}")),
        ("not judged", _("measured but not judged: {queries}")),
    )
    parts = [
        wording.format(queries=words.enumerated(by_verdict[verdict]), limit=numeral(f"{limit:g}"))
        for verdict, wording in wordings
        if verdict in by_verdict
    ]
    if (
        not any(q.verdict in {"regressed", "inconclusive", "not judged"} for q in queries)
        and queries
    ):
        parts.insert(0, _("no query is slower beyond the limit"))
    parts += [_target_words(query, goals[query.id]) for query in queries if query.id in goals]
    text = "; ".join(parts) or _("no query was measured")
    return f"{text[0].upper()}{text[1:]}."


def _target_words(query: QueryEvidence, goal: float) -> str:
    values = {"query": query.id, "goal": words.faster(goal)}
    if query.change_percent is None or query.high_percent is None:
        return _("{query} was to be {goal} and was not measured", **values)
    if query.high_percent <= goal:
        return _("{query} was to be {goal} and is, by its whole interval", **values)
    return _(
        "{query} was to be {goal}; its interval ends at {end}, so it is not shown",
        **values,
        end=words.percent(query.high_percent),
    )


def _with_limit(query: str, limit: float) -> str:
    return _("{query} (its limit: {limit} %)", query=query, limit=numeral(f"{limit:g}"))


@for_readers
def before_after(queries: Sequence[QueryEvidence]) -> Figure:
    """Draw where the measured times of each query lie, before above after, on a log axis.

    The thin line spans 5 to 95 % of the rounds, the thick one 25 to 75 %, the mark is the median.
    """
    shown = [query for query in queries if len(query.pairs_ms) >= 2]
    title = _("Time of every query, before and after")
    sentence = _before_after_sentence(shown)
    with Canvas(WIDTH, _height(shown)) as canvas:
        axes = canvas.axes
        axes.set_xscale("log")
        axes.grid(visible=True, axis="x")
        for row, query in enumerate(shown):
            times = np.asarray(query.pairs_ms, dtype=float)
            for column, (offset, colour, mark) in enumerate(
                ((-0.16, BEFORE, "o"), (0.16, AFTER, "D"))
            ):
                p5, p25, p50, p75, p95 = np.percentile(times[:, column], [5, 25, 50, 75, 95])
                at = [row + offset] * 2
                axes.plot([p5, p95], at, color=colour, lw=1)
                axes.plot([p25, p75], at, color=colour, lw=4, solid_capstyle="butt")
                axes.plot(
                    [p50],
                    at[:1],
                    marker=mark,
                    ms=5,
                    mfc="none" if column == 0 else colour,
                    mec=colour,
                    mew=1.4,
                    ls="none",
                )
        canvas.rows(_names(shown))
        axes.minorticks_off()
        axes.locator_params(axis="x", subs=(1.0, 2.0, 5.0))
        axes.xaxis.set_major_formatter(lambda x, _at: numeral(f"{x:g} ms"))
        sides = GAP.join((_("○ before"), _("◆ after")))
        thick = _("thick: the middle half of the rounds")
        axes.set_xlabel(f"{sides}\n{thick}")
        return canvas.figure(title, sentence)


def _before_after_sentence(queries: Sequence[QueryEvidence]) -> str:
    if not queries:
        return _("No query was measured in pairs.")
    medians = {q.id: np.median(np.asarray(q.pairs_ms, dtype=float), axis=0) for q in queries}
    changes = {name: (after / before - 1) * 100 for name, (before, after) in medians.items()}
    best, worst = min(changes, key=changes.__getitem__), max(changes, key=changes.__getitem__)

    def change(name: str) -> str:
        before, after = map(words.milliseconds, medians[name])
        return _("{query} went from {before} to {after}", query=name, before=before, after=after)

    if best == worst:
        return _("By its median {change}.", change=change(best))
    return _(
        "By their medians {best}, the largest gain; {worst}, the least favourable.",
        best=change(best),
        worst=change(worst),
    )


@for_readers
def pairs(query: QueryEvidence) -> Figure:
    """Draw the change of each measured pair in the order taken, with the estimate's interval."""
    title = _("{query} pair by pair", query=query.id)
    times = np.asarray(query.pairs_ms, dtype=float).reshape(-1, 2)
    changes = (times[:, 1] / times[:, 0] - 1) * 100
    won = int((changes < 0).sum())
    sentence = ngettext(
        "After was the faster side in {won} of {n} pair; {estimate}.",
        "After was the faster side in {won} of {n} pairs; {estimate}.",
        len(changes),
        won=won,
        estimate=_estimate(query),
    )
    with Canvas(5.6, 1.7, margins=_AROUND_PAIRS) as canvas:
        axes = canvas.axes
        axes.grid(visible=True, axis="y")
        axes.axhline(0, color=INK, lw=0.9)
        low, high = query.low_percent, query.high_percent
        if low is not None and high is not None and math.isfinite(high - low):
            axes.axhspan(low, high, color=GRID, lw=0)
        axes.plot(range(1, len(changes) + 1), changes, ls="none", marker=".", ms=4, color=AFTER)
        if query.change_percent is not None:
            axes.axhline(query.change_percent, color=AFTER, lw=1.2, ls="--")
        axes.yaxis.set_major_formatter(lambda y, _at: _tick(y))
        axes.locator_params(axis="x", integer=True)
        axes.set_xlabel(_("pair, in the order taken (band: interval of the estimate)"))
        return canvas.figure(title, sentence)


def _estimate(query: QueryEvidence) -> str:
    if query.change_percent is None:
        return _("no estimate was made")
    change = words.change(query.change_percent, query.low_percent, query.high_percent)
    return _("the estimate is {change}", change=change)
