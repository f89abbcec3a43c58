"""Rehearses a rollout: a share of the load goes to the migrated database, the rest to the other.

Requests arrive as a Poisson process; sending each of them to one side or the other by chance makes
two independent Poisson processes whose rates add up. So the split is exact without a router: each
side gets a load of its own with its share of the rate.

The comparison of latencies is stratified by kind: the difference of the median logarithms, with a
bootstrap interval. A limit counts as broken only if the whole interval lies above it.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from shadowgate.errors import UsageError
from shadowgate.evidence import Table
from shadowgate.measure.statistics import to_percent
from shadowgate.plan import RolloutSection, TrafficSection
from shadowgate.server.base import Database
from shadowgate.traffic.budget import Breach
from shadowgate.traffic.load import Kind, Request, Traffic
from shadowgate.traffic.waits import KINDS

_RESAMPLES = 2000
_LEVEL = 0.99


@dataclass(frozen=True)
class Side:
    """What one of the two databases answered."""

    requests: int
    errors: int
    first_error: str

    @property
    def error_percent(self) -> float:
        """Share of requests that failed, in percent; 0 without requests."""
        return 100.0 * self.errors / self.requests if self.requests else 0.0


@dataclass(frozen=True)
class LatencyChange:
    """How much slower the migrated side answered one kind of request, in percent."""

    kind: Kind
    percent: float
    low: float
    high: float
    """99 % bootstrap interval."""


@dataclass(frozen=True)
class CanaryReport:
    """One stage of the rollout, rehearsed."""

    share: float
    """Part of the load that went to the migrated database, 0 to 1."""
    seconds: float
    stable: Side
    canary: Side
    changes: tuple[LatencyChange, ...]
    """Empty at a share of 1: there is nothing to compare with."""

    def tables(self) -> tuple[Table, ...]:
        """The stage as a table of evidence."""
        rows = tuple(
            (name, str(side.requests), str(side.errors), f"{side.error_percent:.2f}")
            for name, side in (("before", self.stable), ("migrated", self.canary))
        )
        compared = "; ".join(
            f"{item.kind}s {item.percent:+.1f} % ({item.low:+.1f} to {item.high:+.1f})"
            for item in self.changes
        )
        title = f"Canary at {self.share:.0%} for {self.seconds:.0f} s" + (
            f": latency of {compared}" if compared else ""
        )
        return (Table(title, ("database", "requests", "errors", "errors %"), rows),)


def rehearse_canary(
    stable: Database,
    canary: Database,
    settings: TrafficSection,
    share: float,
    seconds: float,
) -> CanaryReport:
    """Split a load between the database as it is and the migrated one.

    Args:
        stable: the database before the migration.
        canary: the migrated one.
        settings: the whole load; its rates are split.
        share: part of it that the migrated database gets, above 0 and up to 1.
        seconds: for how long.

    Raises:
        UsageError: the share is no such part.
    """
    if not 0.0 < share <= 1.0:
        raise UsageError(
            f"a share of {share} of the load cannot be sent to the migrated database",
            todo="give a share above 0 and up to 1: 0.2 is twenty percent",
        )
    old, new = _portion(settings, 1.0 - share), _portion(settings, share)
    with Traffic(stable, old) as unchanged, Traffic(canary, new) as migrated:
        time.sleep(seconds)
    before, after = unchanged.requests, migrated.requests
    changes = (_change(kind, before, after) for kind in KINDS)
    return CanaryReport(
        share=share,
        seconds=seconds,
        stable=_side(before),
        canary=_side(after),
        changes=tuple(change for change in changes if change is not None),
    )


def judge_canary(report: CanaryReport, limits: RolloutSection) -> tuple[Breach, ...]:
    """List the limits that are surely broken: each is a reason to roll back."""
    breaches = []
    more_errors = report.canary.error_percent - report.stable.error_percent
    if more_errors > limits.error_percent:
        breaches.append(
            Breach(
                "errors",
                report.canary.error_percent,
                limits.error_percent,
                f"{report.canary.errors} of {report.canary.requests} requests to the migrated "
                f"database failed; the first: {report.canary.first_error}",
            )
        )
    breaches += [
        Breach(
            f"{change.kind} latency",
            change.percent,
            limits.latency_percent,
            f"{change.kind}s of the migrated database waited {change.percent:.1f} % longer for "
            f"their answers ({change.low:.1f} to {change.high:.1f} %).",
        )
        for change in report.changes
        if change.low > limits.latency_percent
    ]
    return tuple(breaches)


def _portion(settings: TrafficSection, part: float) -> TrafficSection:
    if part <= 0.0:
        return replace(settings, readers=0, writers=0)
    return replace(
        settings,
        reads_per_second=settings.reads_per_second * part,
        writes_per_second=settings.writes_per_second * part,
    )


def _side(requests: Sequence[Request]) -> Side:
    failed = [request for request in requests if request.sqlstate]
    return Side(len(requests), len(failed), failed[0].message if failed else "")


def _change(
    kind: Kind, before: Sequence[Request], after: Sequence[Request]
) -> LatencyChange | None:
    """Compare one kind; ``None`` if a side has no answer of it."""
    old, new = _log_latencies(kind, before), _log_latencies(kind, after)
    if not old.size or not new.size:
        return None
    generator = np.random.default_rng(1)
    differences = _resampled_medians(new, generator) - _resampled_medians(old, generator)
    tail = (1.0 - _LEVEL) / 2
    low, high = np.quantile(differences, (tail, 1.0 - tail))
    effects = (np.median(new) - np.median(old), low, high)
    return LatencyChange(kind, *(to_percent(float(effect)) for effect in effects))


def _log_latencies(kind: Kind, requests: Sequence[Request]) -> np.ndarray:
    answered = [item.latency for item in requests if item.kind == kind and not item.sqlstate]
    latencies: np.ndarray = np.log(np.asarray(answered, dtype=np.float64))
    return latencies


def _resampled_medians(values: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    chosen = generator.integers(0, values.size, size=(_RESAMPLES, values.size))
    medians: np.ndarray = np.median(values[chosen], axis=1)
    return medians
