"""The rehearsed rollout: what both sides of it answered over time, stage by stage."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from shadowgate.evidence import Figure
from shadowgate.language import _, for_readers, ngettext, numeral, told
from shadowgate.report import words
from shadowgate.report.figures.canvas import AFTER, BAD, BEFORE, GRID, MUTED, SHADE, Canvas

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BINS = 48
"""Stretches of time of which the median and the 95th percentile are drawn."""

Points = Sequence[tuple[float, float]]
"""When each request was to start, in seconds from the beginning, and its latency in ms."""


@dataclass(frozen=True)
class StageSpan:
    """A stage, in seconds from the beginning."""

    label: str
    start: float
    end: float


@dataclass(frozen=True)
class Event:
    """Something that took a while, in seconds from the beginning."""

    label: str
    start: float
    end: float
    bad: bool = False
    """A trigger fired, or something failed."""


@for_readers
def canary(
    unmigrated: Points, migrated: Points, stages: Sequence[StageSpan], events: Sequence[Event]
) -> Figure:
    """Draw the latencies of both sides over time, with the stages and what happened in them.

    Args:
        unmigrated: requests to a database from before the migration.
        migrated: requests to one that is migrated, or being migrated.
        stages: in their order.
        events: the migration of the primary, a trigger, the way back.
    """
    total = max([1e-3, *(one.end for one in stages), *(one.end for one in events)])
    with Canvas(9.6, 3.0) as canvas:
        axes = canvas.axes
        for number, stage in enumerate(stages):
            if number % 2:
                axes.axvspan(stage.start, stage.end, color=GRID, alpha=0.35, lw=0)
            _label(axes, told(stage.label), stage.start, 1.0, MUTED)
        for number, event in enumerate(events):
            colour = BAD if event.bad else MUTED
            axes.axvspan(event.start, event.end, color=SHADE, lw=0)
            axes.axvline(event.start, color=colour, lw=0.8, ls="--")
            _label(axes, told(event.label), event.start, 0.91 - 0.08 * number, colour)
        for points, colour in ((unmigrated, BEFORE), (migrated, AFTER)):
            _draw(axes, points, colour, total)
        axes.set_yscale("log")
        _decimal_ticks(axes)
        axes.set_xlim(0, total * 1.01)
        axes.set_ylabel(_("latency, ms"))
        axes.grid(visible=True, axis="y")
        axes.set_xlabel(
            _(
                "seconds from the start; grey unmigrated, blue migrated; thick median, thin 95th "
                "percentile"
            )
        )
        return canvas.figure(
            _("Latency while the rollout was rehearsed"),
            _sentence(unmigrated, migrated, stages, events),
        )


def _label(axes: Axes, text: str, at: float, height: float, colour: str) -> None:
    axes.annotate(
        text,
        (at, height),
        xycoords=("data", "axes fraction"),
        xytext=(2, -2),
        textcoords="offset points",
        va="top",
        size=7.5,
        color=colour,
    )


def _decimal_ticks(axes: Axes) -> None:
    """Ticks at 1, 2 and 5 of each decade, written as numbers."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter  # noqa: PLC0415

    axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _place: numeral(f"{value:g}")))
    axes.yaxis.set_minor_formatter(NullFormatter())


def _draw(axes: Axes, points: Points, colour: str, total: float) -> None:
    if not points:
        return
    at, latency = (np.asarray(column, dtype=np.float64) for column in zip(*points, strict=True))
    places = np.clip((at / total * BINS).astype(int), 0, BINS - 1)
    middles = [(number + 0.5) * total / BINS for number in range(BINS)]
    for level, width in ((50, 1.6), (95, 0.6)):
        heights = [
            float(np.percentile(latency[places == number], level))
            if (places == number).any()
            else math.nan
            for number in range(BINS)
        ]
        axes.plot(middles, heights, color=colour, lw=width, marker="o", ms=width)


def _sentence(
    unmigrated: Points, migrated: Points, stages: Sequence[StageSpan], events: Sequence[Event]
) -> str:
    said = ngettext(
        "{before} requests to the unmigrated database had a median of {median}, {after} to "
        "migrated ones {migrated}, in {n} stage.",
        "{before} requests to the unmigrated database had a median of {median}, {after} to "
        "migrated ones {migrated}, in {n} stages.",
        len(stages),
        before=words.number(len(unmigrated)),
        median=_median(unmigrated),
        after=words.number(len(migrated)),
        migrated=_median(migrated),
    )
    bad = [told(event.label) for event in events if event.bad]
    seen = f"{words.enumerated(bad)}." if bad else _("No trigger fired.")
    return f"{said} {seen[0].upper()}{seen[1:]}"


def _median(points: Points) -> str:
    if not points:
        return words.NOTHING
    return words.milliseconds(float(np.median([latency for _, latency in points])))
