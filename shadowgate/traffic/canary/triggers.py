"""When to roll back: sequential tests of latency and errors, with a stated error rate. Pure.

Looking again and again at an ordinary test and stopping when it says *worse* is wrong far more
often than the test claims. Wald's sequential probability ratio test may be looked at after every
request: a false alarm is no more likely than ``alpha`` over all looks together, and a change of the
size it is made for is missed no more often than ``beta`` (Wald, "Sequential Tests of Statistical
Hypotheses", Ann. Math. Statist. 16, 1945; that no other test decides sooner on average: Wald &
Wolfowitz, Ann. Math. Statist. 19, 1948).

*Latency.* Held against each other are "no slower" and "slower by twice the limit", so that the
ratio stands still for a change of just the limit, falls below it and rises above. It is that of a
normal shift of the logarithm, in the score form that Whitehead gives for two arms (*The Design and
Analysis of Sequential Clinical Trials*, 1997): the difference of the arms, with the information
that it rests on. The shift is Huber's M-estimate ("Robust Estimation of a Location Parameter", Ann.
Math. Statist. 35, 1964): on a busy machine some answers take ten times as long, and with the mean a
change took ten times as long to see. The arms are compared within stretches of two seconds, so that
a busy stretch, which meets both alike, is no difference. Each statement is tested by itself; and
all of them together, weighted by their information. The between-copy standard deviation is allowed
for; and that answers of one session in a stretch resemble each other: one that is late makes the
next one late (cluster-robust variance, Liang & Zeger, Biometrika 73, 1986).
Time that a process was ready but had no core is taken off, where it is known
(:mod:`shadowgate.measure.clock`): it tells of the machine. Waiting for a lock stays in.

*Errors.* Held against each other are a background rate, a ten-thousandth of the limit or what the
other arm shows, and twice the limit, by the ratio of the binomial. So one error fires early on,
where the unmigrated side has none: a server does not refuse a statement by chance.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Trigger = Literal["latency", "errors", "integrity", "migration"]
Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Timed = tuple[float, float, int]
"""When an answer was to start, its latency, both in seconds, and its session."""

LATENCY_ALPHA = 0.002
"""Probability of a false alarm by latency in a rehearsal, over all statements and looks."""
ERROR_ALPHA = 0.001
"""The same by errors."""
BETA = 0.02
"""Probability of missing what is slower, or fails, by twice the limit, given time to decide."""
FEWEST = 20
"""Answers of a statement before it counts, beside one for each arm of each stretch: its variance is
estimated from them."""
FEWEST_CLUSTERS = 12
"""Sessions in a stretch, of the canary, before anything is decided: the variance is estimated from
the sums of so many."""
_FEW_CLUSTERS = 12.0
"""A variance from so many is taken for twice as large: it is itself uncertain, and more so when
there are few."""
FEWEST_ALONE = 100
"""Answers of a statement before it is tested by itself: a variance from few is itself uncertain."""
STRETCH_SECONDS = 2.0
"""The arms are compared within stretches of so long."""
CLIP_DEVIATIONS = 0.5
"""Answers further than so many standard deviations from the middle count as if they were there."""
CLIP_SHIFTS = 1.5
"""The same, at least, in shifts that are to be seen: one that is clipped would not be."""
_STEPS = 4
COPY_DEVIATION = 0.005
"""Standard deviation by which two copies differ for their places in memory; ``measure.sampling``
tells how it was found."""


@dataclass(frozen=True)
class LatencyLook:
    """How much slower the canary is, as far as is known at a look."""

    about: str
    """Id of the statement; ``all`` for all of them together."""
    percent: float
    low: float
    high: float
    """Ends of the 95 % interval at this look alone, in percent."""
    variance: float
    """Of the effect, as a logarithm."""
    ratio: float
    """Logarithm of the probability ratio."""
    bound: float
    """At which it fires."""

    @property
    def fires(self) -> bool:
        """Whether it is slower than the limit."""
        return self.ratio >= self.bound


@dataclass(frozen=True)
class ErrorLook:
    """How many requests failed on either arm, at a look."""

    requests: int
    errors: int
    background: float
    """Share of failures that is taken for usual."""
    ratio: float
    bound: float

    @property
    def percent(self) -> float:
        """Share of the canary's requests that failed, in percent; 0 without requests."""
        return 100.0 * self.errors / self.requests if self.requests else 0.0

    @property
    def fires(self) -> bool:
        """Whether more fail than the limit allows."""
        return self.ratio >= self.bound


@dataclass(frozen=True)
class _Effect:
    """How much slower the canary is, as a logarithm."""

    shift: float
    variance: float
    influence: Floats
    """Of each answer on the shift."""
    clusters: Integers
    """Session and stretch of each answer, as a number."""
    alone: bool
    """There are answers enough to test the statement by itself."""

    def clustered(self) -> float:
        """The variance, allowing for what answers of one session in a stretch share."""
        return max(self.variance, _clustered([self.influence], [self.clusters]))


def _clustered(influences: Sequence[Floats], clusters: Sequence[Integers]) -> float:
    _, place = np.unique(np.concatenate(clusters), return_inverse=True)
    sums = np.bincount(place, weights=np.concatenate(influences))
    return float(sums @ sums)


def look_at_latency(
    stable: Mapping[str, Sequence[Timed]],
    canary: Mapping[str, Sequence[Timed]],
    limit_percent: float,
) -> tuple[LatencyLook, ...]:
    """Compare the arms by what was answered so far, all statements together first.

    Args:
        stable: statement -> the answers of the arm as it was before.
        canary: the same of the migrated arm, at the same time.
        limit_percent: of a change that is rolled back.

    Returns:
        Nothing while there are not answers enough on both arms.
    """
    cells = {(at // STRETCH_SECONDS, who) for found in canary.values() for at, _, who in found}
    if len(cells) < FEWEST_CLUSTERS:
        return ()
    slower = math.log1p(2 * limit_percent / 100)
    effects = _effects(stable, canary, CLIP_SHIFTS * slower)
    if not effects:
        return ()
    every = list(effects.values())
    information = sum(1.0 / one.variance for one in every)
    parts = [1.0 / one.variance / information for one in every]
    shift = sum(one.shift * part for one, part in zip(every, parts, strict=True))
    influences = [one.influence * part for one, part in zip(every, parts, strict=True)]
    few = 1 + _FEW_CLUSTERS / len(cells)
    variance = few * max(1 / information, _clustered(influences, [one.clusters for one in every]))
    share = LATENCY_ALPHA / 2
    return (
        _look("all", shift, variance, slower, share),
        *(
            _look(name, one.shift, few * one.clustered(), slower, share / len(effects))
            for name, one in effects.items()
            if one.alone
        ),
    )


def _effects(
    stable: Mapping[str, Sequence[Timed]],
    canary: Mapping[str, Sequence[Timed]],
    least_clip: float,
) -> dict[str, _Effect]:
    """Statement -> its effect, for those with answers enough on both arms."""
    names = [name for name in canary if canary[name] and stable.get(name)]
    if not names:
        return {}
    columns = np.concatenate(
        [np.asarray(arm[name], dtype=np.float64) for name in names for arm in (stable, canary)]
    )
    sizes = [len(arm[name]) for name in names for arm in (stable, canary)]
    arm = np.repeat([0, 1] * len(names), sizes)
    statement = np.repeat(np.repeat(np.arange(len(names)), 2), sizes)
    _, stretch = np.unique(columns[:, 0] // STRETCH_SECONDS, return_inverse=True)
    cluster = columns[:, 2].astype(np.int64) * (int(stretch.max()) + 1) + stretch
    values = np.log(np.maximum(columns[:, 1], 1e-6))
    for place in range(len(names)):
        values[statement == place] -= np.median(values[statement == place])
    for place in range(int(stretch.max()) + 1):
        values[stretch == place] -= np.median(values[stretch == place])
    found = {}
    for place, name in enumerate(names):
        own = statement == place
        effect = _effect(values[own], arm[own], stretch[own], cluster[own], least_clip)
        if effect is not None:
            found[name] = effect
    return found


def _effect(
    values: Floats, arm: Integers, stretch: Integers, cluster: Integers, least_clip: float
) -> _Effect | None:
    """An M-estimate of the shift between the arms within stretches; ``None`` of too few answers."""
    cells, cell, sizes = np.unique(2 * stretch + arm, return_inverse=True, return_counts=True)
    freedom = len(values) - len(cells)
    both = np.zeros((int(stretch.max()) + 1, 2))
    both[cells // 2, cells % 2] = sizes
    weights = both.prod(axis=1) / np.maximum(both.sum(axis=1), 1)
    if freedom < FEWEST or weights.sum() <= 0:
        return None
    weights /= weights.sum()
    shift = float(np.median(values[arm == 1]) - np.median(values[arm == 0]))
    for _ in range(_STEPS):
        moved = values - shift * arm
        moved -= np.median(moved)
        clip = max(CLIP_DEVIATIONS * 1.4826 * float(np.median(np.abs(moved))), least_clip)
        inside = max(float(np.mean(np.abs(moved) < clip)), 0.05)
        scores = np.clip(moved, -clip, clip) / inside
        means = np.zeros_like(both)
        means[cells // 2, cells % 2] = np.bincount(cell, weights=scores) / sizes
        shift += float(weights @ (means[:, 1] - means[:, 0]))
    influence = (2 * arm - 1) * weights[stretch] / sizes[cell]
    residuals = (scores - means[cells // 2, cells % 2][cell]) * math.sqrt(len(values) / freedom)
    independent = float(residuals @ residuals) / len(values) * float(influence @ influence)
    return _Effect(
        shift,
        max(independent, 1e-12),
        influence * residuals,
        cluster,
        len(values) >= FEWEST_ALONE and int((arm == 1).sum()) >= FEWEST,
    )


def _look(name: str, shift: float, variance: float, slower: float, alpha: float) -> LatencyLook:
    variance += COPY_DEVIATION**2
    half = 1.96 * math.sqrt(variance)
    return LatencyLook(
        about=name,
        percent=_percent(shift),
        low=_percent(shift - half),
        high=_percent(shift + half),
        variance=variance,
        ratio=slower / variance * (shift - slower / 2),
        bound=math.log((1 - BETA) / alpha),
    )


def _percent(effect: float) -> float:
    return 100.0 * math.expm1(effect)


def look_at_errors(
    stable: tuple[int, int], canary: tuple[int, int], limit_percent: float
) -> ErrorLook:
    """Compare how many requests failed.

    Args:
        stable: requests and failures of the arm as it was before.
        canary: the same of the migrated one.
        limit_percent: share of failures that is rolled back; 0 if none may fail.
    """
    requests, errors = canary
    limit = max(limit_percent / 100, 1e-4)
    usual = stable[1] / stable[0] if stable[0] else 0.0
    background = min(max(limit / 10_000 if limit_percent else 1e-12, usual), 0.4)
    worse = min(max(2 * limit, 2 * background), 0.8)
    ratio = errors * math.log(worse / background) + (requests - errors) * math.log(
        (1 - worse) / (1 - background)
    )
    return ErrorLook(requests, errors, background, ratio, math.log((1 - BETA) / ERROR_ALPHA))


def seconds_to_see_latency(look: LatencyLook, limit_percent: float, seconds: float) -> float:
    """How long the test takes on average to see twice the limit, by the spread that was measured.

    Args:
        look: what was known at the end.
        limit_percent: of a change that is rolled back.
        seconds: for how long both arms had answered by then.
    """
    slower = math.log1p(2 * limit_percent / 100)
    return seconds * look.variance * 2 * look.bound / slower**2


def requests_to_see_errors(look: ErrorLook, limit_percent: float, percent: float) -> float:
    """How many requests to the canary it takes on average to see that such a share fails."""
    one_error = look_at_errors((1, 0), (1, 1), limit_percent).ratio
    one_success = look_at_errors((1, 0), (1, 0), limit_percent).ratio
    gain = percent / 100 * one_error + (1 - percent / 100) * one_success
    return max(look.bound / gain, 100 / percent) if gain > 0 else math.inf
