"""What measurements on copies of several sizes say of a larger one. Pure: no database, no clock.

The line through them is that of Theil and Sen: its slope is the median of the slopes between every
two measurements of different size, and its interval follows from the ranks alone (Sen, "Estimates
of the regression coefficient based on Kendall's tau", JASA 63, 1968; ``scipy.stats.theilslopes``).
A spike of a busy machine moves it little, and no shape of the noise is assumed. What lies beyond
the largest copy is that line, from the median of the largest copy on.

Three sizes within a factor of four do not tell n from n log n. Where it is known that entries are
sorted or put into a tree, the line is laid through n log n, and only its lower bound through n.
Where measurements themselves bend upwards, beyond what their scatter explains, it is laid through
the square.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

import numpy as np

from shadowgate.statistics.intervals import signed_rank_interval

LEVEL = 0.99
"""Of the intervals: high enough for three looks at them while measurements are added."""

_BENDS = 1.3
"""A line from one size to the next that is steeper than that before by more bends upwards; one of
n log n gets steeper by a tenth."""


@dataclass(frozen=True)
class Bounds:
    """An estimate with its interval, in the unit of what was measured; never below 0."""

    estimate: float
    low: float
    high: float


Points = Sequence[tuple[float, float]]
"""Size or work, and what was measured there."""


def constant(points: Points) -> Bounds:
    """What does not depend on the size: the centre of all measurements, with its interval."""
    values = [value for _, value in points]
    found = signed_rank_interval(np.asarray(values, dtype=np.float64), (1.0 - LEVEL) / 2.0)
    return Bounds(found.estimate, max(found.low, min(values)), min(found.high, max(values)))


def extrapolate(points: Points, at: float, *, sorts: bool = False) -> Bounds:
    """What is to be expected at a larger size.

    Args:
        points: at two sizes above 0 or more.
        at: the size asked for; one below the largest measured counts as that one.
        sorts: whether the work is known to be n log n.

    Raises:
        ValueError: there are not two different sizes.
    """
    if len({size for size, _ in points}) < 2:
        raise ValueError("a line needs two different sizes")
    line = _beyond(points, at)
    if bends(points):
        scale = _squared
    elif sorts:
        scale = _n_log_n
    else:
        return line
    bent = _beyond([(scale(size), value) for size, value in points], scale(at))
    return Bounds(bent.estimate, min(line.low, bent.low), max(line.high, bent.high))


def grows(points: Points, *, least: float, share: float) -> bool:
    """Whether a value visibly grows with the size.

    Args:
        points: at two sizes or more.
        least: by how much it must at least grow between the smallest and the largest.
        share: the same as a share of what it is at the smallest.
    """
    sizes = sorted({size for size, _ in points})
    if len(sizes) < 2:
        return False
    first, last = (median(v for s, v in points if s == size) for size in (sizes[0], sizes[-1]))
    _, low, _ = _slopes(points)
    return low > 0.0 and last - first > max(least, share * first)


def bends(points: Points) -> bool:
    """Whether the work is more than in proportion to the size, whichever measurements are compared.

    The flattest line from the middle size to the largest is steeper than the steepest one before.
    """
    sizes = sorted({size for size, _ in points})
    if len(sizes) < 3:
        return False
    small, middle, large = sizes[0], sizes[len(sizes) // 2], sizes[-1]
    values = {size: [v for s, v in points if s == size] for size in (small, middle, large)}
    steepest = (max(values[middle]) - min(values[small])) / (middle - small)
    flattest = (min(values[large]) - max(values[middle])) / (large - middle)
    return flattest > _BENDS * max(steepest, 0.0)


def exponent(counts: Points) -> float:
    """How a count without noise grows: 0 for not at all, 1 as the size, 2 as its square.

    Counts of a random sample scatter, and a planner that takes another way at another size makes
    them jump: it is 1 as soon as they clearly grow, and 2 only if they do so from each size to the
    next.

    Args:
        counts: size and count; sizes above 0.
    """
    by_size = {size: median(c for s, c in counts if s == size) for size, _ in counts}
    ordered = sorted(by_size.items())
    if len(ordered) < 2 or _power(ordered[0], ordered[-1]) < 0.3:
        return 0.0
    steps = [_power(one, next_) for one, next_ in pairwise(ordered)]
    return 2.0 if len(steps) > 1 and min(steps) > 1.4 else 1.0


def _power(one: tuple[float, float], other: tuple[float, float]) -> float:
    """By which power of the size a count grows from one size to another."""
    if other[1] <= one[1]:
        return 0.0
    return math.log(other[1] / max(one[1], 1.0)) / math.log(other[0] / one[0])


def _beyond(points: Points, at: float) -> Bounds:
    slope, low, high = _slopes(points)
    largest = max(size for size, _ in points)
    there = median(value for size, value in points if size == largest)
    further = max(at - largest, 0.0)
    return Bounds(*(there + max(one, 0.0) * further for one in (slope, low, high)))


def _slopes(points: Points) -> tuple[float, float, float]:
    from scipy.stats import theilslopes  # noqa: PLC0415  a run that ends early needs none of it

    sizes, values = zip(*points, strict=True)
    if min(values) == max(values):
        return 0.0, 0.0, 0.0
    with np.errstate(invalid="ignore"):
        found = theilslopes(values, sizes, alpha=LEVEL)
    if math.isnan(found.low_slope):  # nearly all values are the same: too few for an interval
        all_ = [(w - v) / (t - s) for s, v in points for t, w in points if t > s]
        return float(found.slope), min(all_), max(all_)
    return float(found.slope), float(found.low_slope), float(found.high_slope)


def _squared(size: float) -> float:
    return size * size


def _n_log_n(size: float) -> float:
    return size * math.log2(size + 1.0)
