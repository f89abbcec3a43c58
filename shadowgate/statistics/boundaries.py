"""Boundaries of a group sequential test, by numerical integration.

Armitage, McPherson & Rowe, "Repeated Significance Tests on Accumulating Data", J. R. Statist. Soc.
A 132, 1969: the density of a path that has not been beyond a bound yet is carried from one look to
the next. The statistic's increments are taken for independent and normal; those of signed-rank sums
are, nearly, once centred.
"""

from __future__ import annotations

import numpy as np
from scipy.integrate import simpson
from scipy.optimize import brentq
from scipy.special import ndtr, ndtri

from shadowgate.statistics.intervals import Floats

_GRID = 401
_FAR = -9.0


def _normal_density(points: Floats) -> Floats:
    return np.asarray(np.exp(-(points**2) / 2) / np.sqrt(2 * np.pi))


def tails_when_crossed_first(sizes: tuple[int, ...], allotted: Floats) -> tuple[float, ...]:
    """Nominal tail probability of each look, so that each look spends what it may.

    Args:
        sizes: sample sizes at the looks, growing.
        allotted: for each look, the probability that the statistic is beyond its bound there and
            was within all bounds before.
    """
    return tuple(float(ndtr(-bound)) for bound in _bounds(sizes, allotted))


def _bounds(sizes: tuple[int, ...], increments: Floats) -> list[float]:
    """Bounds on the standardised statistic, each crossed first at its look as often as allotted."""
    bounds = [float(-ndtri(increments[0]))]
    grid = np.linspace(_FAR, bounds[0], _GRID)
    density = _normal_density(grid)
    for look in range(1, len(sizes)):
        old, new = sizes[look - 1], sizes[look]
        spread = np.sqrt((new - old) / new)
        shrink = np.sqrt(old / new)

        bound = _next_bound(grid, density, shrink, spread, float(increments[look]))
        points = np.linspace(_FAR, bound, _GRID)
        kernel = _normal_density((points[:, None] - shrink * grid[None, :]) / spread) / spread
        density = np.asarray(simpson(kernel * density[None, :], x=grid, axis=1))
        grid = points
        bounds.append(bound)
    return bounds


def _next_bound(
    grid: Floats, density: Floats, shrink: float, spread: float, allotted: float
) -> float:
    """Bound that paths still inside cross with just the allotted probability."""

    def excess(bound: float) -> float:
        crossing = ndtr((shrink * grid - bound) / spread)
        return float(simpson(crossing * density, x=grid)) - allotted

    return float(brentq(excess, 0.0, 9.0, xtol=1e-10))
