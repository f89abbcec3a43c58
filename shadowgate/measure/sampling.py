"""How much is measured and how the decision is taken: the settings of a comparison."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from shadowgate.plan import PerformanceSection


@dataclass(frozen=True)
class Sampling:
    """Settings of a comparison: what a plan demands, and how it is measured."""

    demands: PerformanceSection = field(default_factory=PerformanceSection)
    """Limits, targets and what may be spent to decide them."""
    weights: Mapping[str, float] = field(default_factory=dict)
    """Query id -> share in the average; all equal when empty, and a query not named counts 0."""
    level: float = 0.95
    """Level of every two-sided interval, over all looks at it together."""
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

    def demanding(self, **changed: Any) -> Sampling:
        """The same with other demands."""
        return replace(self, demands=replace(self.demands, **changed))

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
