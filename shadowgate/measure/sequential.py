"""Intervals that stay valid although somebody looks while the sample grows.

Looking again and again at an ordinary 95 % interval and stopping when it says something is wrong
far more often than in 5 % of runs. A *repeated confidence interval* covers the truth at all looks
at once with the level promised (Jennison & Turnbull, "Interim Analyses: The Repeated Confidence
Interval Approach", J. R. Statist. Soc. B 51, 1989). It may therefore be looked at at any of its
looks and sampling may stop, or go on, for any reason: a decision, a budget, impatience.

How much of the error each look may use up is set by a spending function (Lan & DeMets, "Discrete
Sequential Boundaries for Clinical Trials", Biometrika 70, 1983), here of the power family (Kim &
DeMets, 1987): ``alpha * (n / n_max) ** power``. The power is small, so that a quiet query is
decided after few pairs, while a noisy one keeps enough for its late looks. The boundary of a look
follows by numerical integration over the looks before it (Armitage, McPherson & Rowe, 1969), where
the statistic's increments are independent; those of signed-rank sums are, nearly, once centred.
Each boundary is then carried over to the exact signed-rank test by its tail probability, which
matters while pairs are few.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.integrate import simpson
from scipy.optimize import brentq
from scipy.stats import norm

from shadowgate.measure.statistics import Floats, Interval, signed_rank_interval

SPENDING_POWER = 0.5
"""Exponent of the spending function."""

GROWTH = 1.25
"""Each look has about a quarter more pairs than the one before."""

_GRID = 401
_FAR = -9.0


@dataclass(frozen=True)
class Looks:
    """At how many pairs an interval may be taken, and the tail probability of each bound then."""

    sizes: tuple[int, ...]
    tails: tuple[float, ...]

    def reached(self, pairs: int) -> int | None:
        """Index of the latest look that so many pairs allow; ``None`` before the first."""
        index = int(np.searchsorted(self.sizes, pairs, side="right")) - 1
        return index if index >= 0 else None

    def interval(self, values: Floats) -> Interval | None:
        """Interval at the latest look that the values allow, from the values up to that look.

        Values past the look are left out: the guarantee is for the looks agreed beforehand.
        """
        look = self.reached(len(values))
        if look is None:
            return None
        return signed_rank_interval(values[: self.sizes[look]], self.tails[look])


def look_sizes(first: int, last: int) -> tuple[int, ...]:
    """Numbers of pairs at which to look: from ``first`` to ``last``, growing by a quarter."""
    sizes = [first]
    while sizes[-1] < last:
        sizes.append(min(last, max(sizes[-1] + 1, round(sizes[-1] * GROWTH))))
    return tuple(sizes)


def plan_looks(first: int, last: int, tail: float) -> Looks:
    """Agree beforehand on when to look and on what each look may spend.

    Args:
        first: pairs at the first look.
        last: pairs at the last look.
        tail: probability, over all looks together, that the truth ever lies beyond one bound.

    Raises:
        ValueError: the sizes or the probability make no sense.
    """
    if not 1 <= first <= last:
        raise ValueError(f"looks from {first} to {last} pairs: the first must not exceed the last")
    if not 0.0 < tail < 0.5:
        raise ValueError(f"a tail probability of {tail} is not between 0 and 0.5")
    sizes = look_sizes(first, last)
    return Looks(sizes, nominal_tails(sizes, tail))


@lru_cache(maxsize=64)
def nominal_tails(sizes: tuple[int, ...], tail: float) -> tuple[float, ...]:
    """Tail probability of each look such that all looks together spend ``tail``."""
    spent = [tail * (size / sizes[-1]) ** SPENDING_POWER for size in sizes]
    increments = np.diff([0.0, *spent])
    bounds = _boundaries(sizes, increments)
    return tuple(float(norm.sf(bound)) for bound in bounds)


def _boundaries(sizes: tuple[int, ...], increments: Floats) -> list[float]:
    """Bounds on the standardised statistic, each crossed first at its look as often as allotted."""
    bounds = [float(norm.isf(increments[0]))]
    grid = np.linspace(_FAR, bounds[0], _GRID)
    density = norm.pdf(grid)
    for look in range(1, len(sizes)):
        old, new = sizes[look - 1], sizes[look]
        spread = np.sqrt((new - old) / new)
        shrink = np.sqrt(old / new)

        bound = _next_bound(grid, density, shrink, spread, float(increments[look]))
        points = np.linspace(_FAR, bound, _GRID)
        kernel = norm.pdf((points[:, None] - shrink * grid[None, :]) / spread) / spread
        density = np.asarray(simpson(kernel * density[None, :], x=grid, axis=1))
        grid = points
        bounds.append(bound)
    return bounds


def _next_bound(
    grid: Floats, density: Floats, shrink: float, spread: float, allotted: float
) -> float:
    """Bound that paths still inside cross with just the allotted probability."""

    def excess(bound: float) -> float:
        crossing = norm.sf((bound - shrink * grid) / spread)
        return float(simpson(crossing * density, x=grid)) - allotted

    return float(brentq(excess, 0.0, 9.0, xtol=1e-10))
