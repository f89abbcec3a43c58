"""Repeated confidence intervals: what a group sequential design with interim analyses reports.

Looking again and again at an ordinary 95 % interval and stopping when it says something is wrong
far more often than in 5 % of runs. A *repeated confidence interval* covers the truth at all looks
at once with the level promised (Jennison & Turnbull, "Interim Analyses: The Repeated Confidence
Interval Approach", J. R. Statist. Soc. B 51, 1989). Each look is an interim analysis, after which
sampling may stop, or go on, for any reason: a decision, a budget, impatience.

How much of the error each look may use up is set by a spending function (Lan & DeMets, "Discrete
Sequential Boundaries for Clinical Trials", Biometrika 70, 1983), here of the power family (Kim &
DeMets, 1987): ``alpha * (n / n_max) ** power``. The power is small, so that a quiet query is
decided after few pairs, while a noisy one keeps enough for its late looks. The boundary of a look
follows by numerical integration over the looks before it (:mod:`shadowgate.statistics.boundaries`).
It is then carried over to the exact signed-rank test by its tail probability, which matters while
pairs are few.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from shadowgate.statistics.intervals import Floats, Interval, signed_rank_interval

SPENDING_POWER = 0.5
"""Exponent of the spending function."""

GROWTH = 1.25
"""Each look has about a quarter more pairs than the one before."""


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
    # Here, because it takes a second to import scipy, and a run that ends early needs none of it.
    from shadowgate.statistics.boundaries import tails_when_crossed_first  # noqa: PLC0415

    spent = [tail * (size / sizes[-1]) ** SPENDING_POWER for size in sizes]
    return tails_when_crossed_first(sizes, np.diff([0.0, *spent]))
