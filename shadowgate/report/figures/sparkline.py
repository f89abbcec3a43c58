"""A query's effect over the last runs, small enough for a cell of a table."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from html import escape

WIDTH, HEIGHT, EDGE = 132.0, 30.0, 4.0
FURTHEST = 1e6
"""Percent; what lies beyond, or is infinite, is drawn at the end of the others' range."""
FINEST = 0.1
"""Percent; effects that differ by less are drawn as one height."""


def sparkline(
    effects: Sequence[tuple[float, float | None, float | None] | None],
    steps: Collection[int],
    label: str,
) -> str:
    """Draw estimates with their intervals, from the oldest run to the newest, as SVG.

    Args:
        effects: change, low and high in percent of each run; ``None`` where a run has none.
        steps: places of those that lie apart from the one before; they are marked.
        label: for a reader who cannot see it.
    """
    values = [value for effect in effects if effect for value in effect if value is not None]
    known = [value for value in values if abs(value) <= FURTHEST]
    low, high = min([0.0, *known]), max([0.0, *known])
    scale = (HEIGHT - 2 * EDGE) / max(high - low, FINEST)

    def y(percent: float | None, otherwise: float) -> float:
        value = otherwise if percent is None or math.isnan(percent) else percent
        return HEIGHT - EDGE - (min(max(value, low), high) - low) * scale

    gap = (WIDTH - 2 * EDGE) / max(len(effects) - 1, 1)
    parts = [_line(0, y(0.0, 0.0), WIDTH, y(0.0, 0.0), "spark-zero")]
    for place, effect in enumerate(effects):
        if effect is None:
            continue
        x = WIDTH - EDGE - (len(effects) - 1 - place) * gap
        change, below, above = effect
        parts.append(_line(x, y(below, low), x, y(above, high), "spark-interval"))
        mark = "spark-step" if place in steps else "spark-dot"
        radius = 3.2 if place in steps else 2.0
        parts.append(
            f'<circle class="{mark}" cx="{x:.1f}" cy="{y(change, 0.0):.1f}" r="{radius}"/>'
        )
    return (
        f'<svg class="spark" viewBox="0 0 {WIDTH:g} {HEIGHT:g}" width="{WIDTH:g}" '
        f'height="{HEIGHT:g}" role="img" aria-label="{escape(label)}">{"".join(parts)}</svg>'
    )


def _line(x1: float, y1: float, x2: float, y2: float, name: str) -> str:
    return f'<line class="{name}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'
