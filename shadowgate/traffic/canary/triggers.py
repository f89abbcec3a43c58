"""When to roll back: sequential tests of latency and errors, with a stated error rate. Pure.

Looking again and again at an ordinary test and stopping when it says *worse* is wrong far more
often than the test claims. Wald's sequential probability ratio test may be looked at after every
request: a false alarm is no more likely than ``alpha`` over all looks together, and a change of the
size it is made for is missed no more often than ``beta`` (Wald, "Sequential Tests of Statistical
Hypotheses", Ann. Math. Statist. 16, 1945; that no other test decides sooner on average: Wald &
Wolfowitz, Ann. Math. Statist. 19, 1948).

*Latency.* Held against each other are "no slower" and "slower by twice the limit", so that the
ratio stands still for a change of just the limit, falls below it and rises above. It is that of a
normal shift of the logarithm, in the score form that Whitehead gives (*The Design and Analysis of
Sequential Clinical Trials*, 1997): the shift, with the information that it rests on. Compared are
pairs, the answers of both sides to the same request at the same time: what a request asks for, and
a busy moment, are the same for both. The shift is Huber's M-estimate ("Robust Estimation of a
Location Parameter", Ann. Math. Statist. 35, 1964): on a busy machine some answers take ten times as
long. Each statement is tested by itself; and all of them together, weighted by their information.
Allowed for are that answers of one session in a stretch resemble each other, as one that is late
makes the next one late (cluster-robust variance, Liang & Zeger, Biometrika 73, 1986); that two
copies differ as a whole; and that they differ from statement to statement, by as much as the others
do (random effects, DerSimonian & Laird, Controlled Clinical Trials 7, 1986). Time that a process
was ready but had no core is taken off, where it is known (:mod:`shadowgate.measure.clock`): it
tells of the machine. Waiting for a lock stays in.

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
Paired = tuple[float, float, int]
"""When two answers to the same request were to start, in seconds; the logarithm of the canary's
latency through the other's; and their lane."""

LATENCY_ALPHA = 0.002
"""Probability of a false alarm by latency in a rehearsal, over all statements and looks."""
ERROR_ALPHA = 0.001
"""The same by errors."""
BETA = 0.02
"""Probability of missing what is slower, or fails, by twice the limit, given time to decide."""
FEWEST = 20
"""Pairs of a statement before it counts: its variance is estimated from them."""
FEWEST_CLUSTERS = 12
"""Lanes in a stretch before anything is decided: the variance is estimated from so many sums."""
_FEW_CLUSTERS = 12.0
"""A variance from so many is taken for twice as large: it is itself uncertain, and more so when
there are few."""
STRETCH_SECONDS = 2.0
"""Answers of a lane in so long resemble each other."""
CLIP_DEVIATIONS = 0.5
"""Pairs further than so many standard deviations from the middle count as if they were there."""
CLIP_SHIFTS = 1.5
"""The same, at least, in shifts that are to be seen: one that is clipped would not be."""
_STEPS = 4
_LANE_BITS = 20
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
    """Of each pair on the shift."""
    clusters: Integers
    """Lane and stretch of each pair, as a number."""

    def clustered(self) -> float:
        """The variance, allowing for what pairs of one lane in a stretch share."""
        return max(self.variance, _clustered([self.influence], [self.clusters]))


def _clustered(influences: Sequence[Floats], clusters: Sequence[Integers]) -> float:
    _, place = np.unique(np.concatenate(clusters), return_inverse=True)
    sums = np.bincount(place, weights=np.concatenate(influences))
    return float(sums @ sums)


def look_at_latency(
    pairs: Mapping[str, Sequence[Paired]], limit_percent: float
) -> tuple[LatencyLook, ...]:
    """Compare the sides by what was answered so far, all statements together first.

    Args:
        pairs: statement -> pairs of answers, one of each side.
        limit_percent: of a change that is rolled back.

    Returns:
        Nothing while there are not answers enough.
    """
    cells = {_cell(one) for found in pairs.values() for one in found}
    if len(cells) < FEWEST_CLUSTERS:
        return ()
    slower = math.log1p(2 * limit_percent / 100)
    effects = {
        name: _effect(found, CLIP_SHIFTS * slower)
        for name, found in pairs.items()
        if len(found) >= FEWEST
    }
    if not effects:
        return ()
    few = 1 + _FEW_CLUSTERS / len(cells)
    share = LATENCY_ALPHA / 2
    return (
        _look("all", *_together(list(effects.values()), few), slower, share),
        *(
            _look(
                name,
                one.shift,
                few * one.clustered() + _between([e for e in effects.values() if e is not one]),
                slower,
                share / len(effects),
            )
            for name, one in effects.items()
        ),
    )


def _together(every: Sequence[_Effect], few: float) -> tuple[float, float]:
    """The shift of all statements together, and its variance."""
    between = _between(every)
    information = np.array([1.0 / (one.variance + between) for one in every])
    parts = information / information.sum()
    shift = sum(one.shift * part for one, part in zip(every, parts, strict=True))
    influences = [one.influence * part for one, part in zip(every, parts, strict=True)]
    clustered = _clustered(influences, [one.clusters for one in every])
    within = max(float(parts**2 @ [one.variance for one in every]), clustered)
    return shift, few * within + float(parts @ parts) * between


def _between(every: Sequence[_Effect]) -> float:
    """Variance of the statements' shifts beyond their own (DerSimonian & Laird 1986).

    Of two identical copies too one is quicker for this statement, the other one for that.
    """
    if len(every) < 2:
        return 0.0
    weights = np.array([1.0 / one.clustered() for one in every])
    shifts = np.array([one.shift for one in every])
    heterogeneity = float(weights @ (shifts - weights @ shifts / weights.sum()) ** 2)
    scale = float(weights.sum() - weights @ weights / weights.sum())
    return max(0.0, (heterogeneity - len(every) + 1) / scale)


def _cell(one: Paired) -> tuple[int, int]:
    """Lane and stretch of a pair."""
    return one[2], int(one[0] // STRETCH_SECONDS)


def _effect(pairs: Sequence[Paired], least_clip: float) -> _Effect:
    """An M-estimate of the middle of the logarithms."""
    values = np.array([ratio for _, ratio, _ in pairs])
    cells = np.array([_cell(one) for one in pairs], dtype=np.int64)
    shift = float(np.median(values))
    for _ in range(_STEPS):
        moved = values - shift
        clip = max(CLIP_DEVIATIONS * 1.4826 * float(np.median(np.abs(moved))), least_clip)
        inside = max(float(np.mean(np.abs(moved) < clip)), 0.05)
        scores = np.clip(moved, -clip, clip) / inside
        shift += float(scores.mean())
    residuals = scores - scores.mean()
    independent = float(residuals @ residuals) / (len(values) * (len(values) - 1))
    return _Effect(
        shift,
        max(independent, 1e-12),
        residuals / len(values),
        (cells[:, 1] << _LANE_BITS) + cells[:, 0],
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
