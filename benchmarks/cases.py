"""The cases of the table, each with its acceptance criterion."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

Claim = Literal["run fails", "passed", "regressed", "met", "missed"]


@dataclass(frozen=True)
class Case:
    """Databases that differ by a known amount, and what is counted of their runs."""

    name: str
    title: str
    before_percent: float
    """Extra work on the side before, in percent of the query's own time."""
    after_percent: float
    counted: Claim
    """What is counted: how often this was said."""
    criterion: str
    """In words, as the table shows it."""
    at_most: float
    """The largest share at which the criterion is met."""
    target: float | None = None
    queries: Literal["one", "Q5", "all"] = "one"

    @property
    def effect(self) -> float:
        """The true effect, as a log ratio of after to before."""
        return math.log((100.0 + self.after_percent) / (100.0 + self.before_percent))


CASES: tuple[Case, ...] = (
    Case(
        "identical",
        "identical databases: the ten-query run says NO-GO",
        0.0,
        0.0,
        "run fails",
        "≤ 1 %",
        0.01,
        queries="all",
    ),
    Case("slower-5", "one query 5 % slower: passed", 0.0, 5.0, "passed", "≤ 5 %", 0.05),
    Case("slower-8", "one query 8 % slower: passed", 0.0, 8.0, "passed", "≤ 0.5 %", 0.005),
    Case(
        "slower-3",
        "one query 3 % slower: called regressed",
        0.0,
        3.0,
        "regressed",
        "≤ 5 %",
        0.05,
    ),
    Case(
        "faster-30",
        "25 % target, truly 30 % faster: not met",
        100.0 * (1 / 0.70 - 1),
        0.0,
        "missed",
        "≤ 1 %",
        0.01,
        target=25.0,
        queries="Q5",
    ),
    Case(
        "faster-20",
        "25 % target, truly 20 % faster: met",
        100.0 * (1 / 0.80 - 1),
        0.0,
        "met",
        "≤ 0.5 %",
        0.005,
        target=25.0,
        queries="Q5",
    ),
)
BY_NAME = {case.name: case for case in CASES}
