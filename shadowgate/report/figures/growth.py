"""What was measured on copies of several sizes, and what follows for production's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shadowgate.evidence import Figure
from shadowgate.language import _, for_readers, numeral, told
from shadowgate.report import words
from shadowgate.report.figures.canvas import AFTER, BAD, INK, MUTED, Canvas, Margins


@dataclass(frozen=True)
class Curve:
    """One lock over the rows of the table that it depends on most; times in milliseconds."""

    label: str
    table: str
    points: Sequence[tuple[float, float]]
    """Rows of a copy, and what was measured there."""
    rows: int
    """In production."""
    estimate: float
    low: float
    high: float
    limit: float


def _held(ms: float) -> str:
    return numeral(f"{ms:g} ms") if ms < 1 else words.duration(ms / 1e3)


@for_readers
def growth(curve: Curve) -> Figure:
    """Draw it on logarithmic scales: measured times, the estimate with its interval, the limit."""
    here = max(rows for rows, _ in curve.points)
    last = sorted(value for rows, value in curve.points if rows == here)
    middle = max(last[len(last) // 2], 0.01)
    low = max(curve.low, 0.01)
    with Canvas(7.4, 2.6, margins=Margins(0.9, 0.3, 0.5, 0.15)) as canvas:
        axes = canvas.axes
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.xaxis.set_major_formatter(lambda rows, _place: numeral(f"{rows:,.0f}"))
        axes.yaxis.set_major_formatter(lambda ms, _place: _held(ms))
        axes.grid(visible=True, which="major")
        axes.plot(
            [rows for rows, _ in curve.points],
            [max(value, 0.01) for _, value in curve.points],
            ls="none",
            marker="o",
            ms=3,
            color=AFTER,
            alpha=0.7,
        )
        axes.fill_between(
            [here, curve.rows], [middle, low], [middle, curve.high], color=AFTER, alpha=0.15, lw=0
        )
        axes.plot([here, curve.rows], [middle, max(curve.estimate, 0.01)], color=AFTER, lw=1.2)
        axes.plot([curve.rows, curve.rows], [low, curve.high], color=INK, lw=1.4)
        axes.axhline(curve.limit, color=BAD, lw=0.9, ls="--")
        axes.axvline(curve.rows, color=MUTED, lw=0.6, ls=":")
        axes.set_xlabel(
            _("rows of {table}; dashed: allowed", table=words.shortened(curve.table, 60))
        )
        axes.minorticks_off()
        return canvas.figure(
            _("At production's size: {what}", what=told(curve.label)),
            _(
                "With {rows} rows of {table} it is expected to last {time} ({low} to {high}); with "
                "the {here} of the shadow it lasted {measured}; allowed are {limit}.",
                rows=words.number(curve.rows),
                table=curve.table,
                time=words.duration(curve.estimate / 1e3),
                low=words.duration(curve.low / 1e3),
                high=words.duration(curve.high / 1e3),
                here=numeral(f"{here:,.0f}"),
                measured=words.duration(middle / 1e3),
                limit=words.duration(curve.limit / 1e3),
            ),
        )
