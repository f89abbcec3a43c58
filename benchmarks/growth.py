"""How what a run takes grows with its rows: pure functions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

SPARE_SECONDS = 2.0
"""Less than this is never called growth: so much differs from run to run."""

SPARE_SHARE = 1.25
"""Nor is what stays within a quarter of the straight line."""

Point = tuple[int, float]
"""Rows, and what they took."""


@dataclass(frozen=True)
class Line:
    """``constant + slope · rows``."""

    constant: float
    slope: float

    def at(self, rows: int) -> float:
        """What it says for so many rows."""
        return self.constant + self.slope * rows

    def __str__(self) -> str:
        return f"{self.constant:.1f} + {self.slope * 1e6:.1f} a million rows"


def line_of(points: Sequence[Point]) -> Line | None:
    """The line of least squares; ``None`` of a single size.

    Each point counts by its share, as times of large runs differ by more seconds than those of
    small ones.
    """
    if len({rows for rows, _ in points}) < 2:
        return None
    rows, values = np.array(points, dtype=float).T
    weights = 1.0 / np.maximum(values, SPARE_SECONDS)
    slope, constant = np.polyfit(rows, values, 1, w=weights)
    return Line(float(constant), float(slope))


def grows_faster(points: Sequence[Point]) -> bool:
    """Whether the largest size takes more than a straight line through the smaller ones says.

    Of two sizes the line goes through the smaller one and nothing: it takes no more than so many
    times as long as it has times the rows.
    """
    *smaller, (rows, value) = sorted(points)
    if not smaller:
        return False
    line = line_of(smaller) or Line(0.0, smaller[-1][1] / smaller[-1][0])
    straight = max(line.at(rows), smaller[-1][1])
    return value > SPARE_SHARE * straight and value - straight > SPARE_SECONDS
