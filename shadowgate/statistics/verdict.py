"""What an interval says: improved, equivalent, regressed or inconclusive. Pure functions.

Each query has two intervals. The *plain* one answers "is this query not slower than the
limit?". That all queries are is an intersection-union test: the whole passes only if each part
does, which can only lower the risk of a wrong pass, so each keeps the plain level (Berger, 1982).
The *family* one answers "has this query changed?". That is asked of every query, and one lucky
answer in ten would be enough for a false alarm, so its level is shared out among them (Bonferroni).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from shadowgate.statistics.intervals import Interval, to_effect

PAIRS_FOR_A_CLAIM = 24
"""Minimum sample size for a claim of change, in pairs: with fewer no query is called regressed for
its estimate alone; with as many, one that looks faster passes for what is proven: not slower."""

QueryJudgement = Literal["improved", "equivalent", "regressed", "inconclusive"]
TargetStatus = Literal["met", "missed", "inconclusive"]


@dataclass(frozen=True)
class Estimate:
    """What is known of one effect at one interim analysis."""

    pairs: int
    """Pairs that the intervals rest on."""
    plain: Interval
    family: Interval


@dataclass(frozen=True)
class Target:
    """An improvement that was promised, and whether the interval shows it."""

    name: str
    percent: float
    """How much faster it must be at least."""
    status: TargetStatus
    estimate: Estimate | None


def judge_query(estimate: Estimate | None, limit: float) -> QueryJudgement:
    """Verdict on one query while pairs are being taken.

    A query is called regressed by its estimate once the interval leaves out half the limit, too.
    Where leaving out 0 was enough, one query in ten that was 3 % slower was past 5 % at some look
    on a noisy machine (pairs spread by 12 %). Whoever is not sure takes more pairs.

    Args:
        estimate: ``None`` before the first look.
        limit: the largest slowdown that passes, as a log ratio.
    """
    if estimate is None:
        return "inconclusive"
    plain, family = estimate.plain, estimate.family
    if family.high < 0.0:
        return "improved"
    if plain.high < limit:
        return "equivalent"
    is_sure = estimate.pairs >= PAIRS_FOR_A_CLAIM and family.low > limit / 2
    if family.low > limit or (is_sure and family.estimate >= limit):
        return "regressed"
    return "inconclusive"


def judge_target(estimate: Estimate | None, percent: float) -> TargetStatus:
    """Whether a query is at least so many percent faster; only the plain interval can say so."""
    return "inconclusive" if estimate is None else judge_interval(estimate.plain, percent)


def judge_interval(interval: Interval, percent: float) -> TargetStatus:
    """Whether an effect is shown to be at least so many percent faster."""
    promised = to_effect(-percent)
    if interval.high <= promised:
        return "met"
    if interval.low > promised:
        return "missed"
    return "inconclusive"


def effective_limit(limit_percent: float, floor_ms: float, before_ms: float) -> float:
    """The limit as a log ratio, raised where the floor in milliseconds is the larger one."""
    return max(to_effect(limit_percent), math.log1p(floor_ms / before_ms))


def deciding_interval(estimate: Estimate | None, verdict: QueryJudgement) -> Interval | None:
    """The interval that a verdict rests on: the family's for a change, else the plain one."""
    if estimate is None:
        return None
    return estimate.family if verdict in ("improved", "regressed") else estimate.plain
