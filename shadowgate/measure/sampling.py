"""How much is measured and how the decision is taken: the settings of a comparison."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from shadowgate.errors import PlanError


@dataclass(frozen=True)
class Sampling:
    """Settings of a comparison.

    Raises:
        PlanError: a value lies outside what makes sense.
    """

    limit_percent: float = 5.0
    """A query may not be slower than this."""
    limits: Mapping[str, float] = field(default_factory=dict)
    """Query id -> percent that it may be slower instead."""
    floor_ms: float = 0.0
    """A query may always be slower by this many milliseconds; 0 turns the floor off."""
    targets: Mapping[str, float] = field(default_factory=dict)
    """Query id -> percent by which it must at least be faster."""
    overall_target: float | None = None
    """Percent by which the average over the reading queries must at least be faster."""
    weights: Mapping[str, float] = field(default_factory=dict)
    """Query id -> share in the average; all equal when empty, and a query not named counts 0."""
    budget_seconds: float = 300.0
    """Time that sampling may take, without warm-up."""
    min_pairs: int = 12
    """Pairs before the first decision."""
    max_pairs: int = 400
    """Pairs after which a query is given up as inconclusive."""
    level: float = 0.95
    """Level of every two-sided interval, over all looks at it together."""
    seed: int = 1
    """Of the generator that orders queries and sides."""
    copies: int = 2
    """Copies of each database, one session each, that reading queries are spread over; writing
    ones have one more copy to themselves."""
    copy_percent: float = 0.5
    """Between-copy standard deviation, in percent of a query's time: the random effect of memory
    layout, by which copies of one database differ. All pairs on the same copies share it, so every
    interval allows for it. ``benchmarks/verdict.md`` tells what was measured."""
    spacing_seconds: float = 0.25
    """Rounds start at least this far apart."""
    warm_up: int = 1
    """Untimed executions of each query in each session before sampling."""
    parallel_workers: int = 0
    """``max_parallel_workers_per_gather`` of the timed sessions."""
    work_mem: str = "64MB"
    """``work_mem`` of the timed sessions."""
    query_seconds: float = 60.0
    """A single execution that takes longer ends the comparison with an error."""

    def __post_init__(self) -> None:
        rules = (
            (self.limit_percent > 0, "limit_percent", "above 0"),
            (all(limit > 0 for limit in self.limits.values()), "limits", "above 0"),
            (self.floor_ms >= 0, "floor_ms", "0 or more"),
            (self.budget_seconds > 0, "budget_seconds", "above 0"),
            (self.min_pairs >= 6, "min_pairs", "6 or more"),
            (self.max_pairs >= self.min_pairs, "max_pairs", "min_pairs or more"),
            (0.5 < self.level < 1, "level", "between 0.5 and 1"),
            (self.copies >= 1, "copies", "1 or more"),
            (self.copy_percent >= 0, "copy_percent", "0 or more"),
            (self.spacing_seconds >= 0, "spacing_seconds", "0 or more"),
            (self.warm_up >= 1, "warm_up", "1 or more"),
            (self.parallel_workers >= 0, "parallel_workers", "0 or more"),
            (self.query_seconds > 0, "query_seconds", "above 0"),
            (all(0 < t < 100 for t in self.targets.values()), "targets", "between 0 and 100"),
            (all(w >= 0 for w in self.weights.values()), "weights", "0 or more"),
        )
        for holds, key, allowed in rules:
            if not holds:
                raise PlanError(f"{key} is out of range", where=key, todo=f"allowed: {allowed}")

    @property
    def tail(self) -> float:
        """Probability that the truth lies beyond one given bound of an interval."""
        return (1.0 - self.level) / 2.0

    def copy_deviation(self, copies: int) -> float:
        """Between-copy standard deviation of an effect, as a log ratio.

        Args:
            copies: copies of each side that it was measured on.
        """
        return self.copy_percent / 100.0 * math.sqrt(2.0 / copies)
