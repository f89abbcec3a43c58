"""The cases of the table, each with its acceptance criterion."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

Claim = Literal["run fails", "passed", "regressed", "met", "missed"]
Family = Literal["identical", "slower", "faster"]
"""Cases that are measured together: each query of a comparison is of one of them."""
FAMILIES: tuple[Family, ...] = get_args(Family)


@dataclass(frozen=True)
class Case:
    """Databases that differ by a known amount, and what is counted of their runs."""

    name: str
    title: str
    before_percent: float
    """Extra work on the side before, in percent of the query's own time."""
    after_percent: float
    family: Family
    counted: Claim
    """What is counted: how often this was said."""
    criterion: str
    """In words, as the table shows it."""
    at_most: float
    """The largest share at which the criterion is met."""
    target: float | None = None

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
        "identical",
        "run fails",
        "≤ 1 %",
        0.01,
    ),
    Case("slower-5", "query 5 % slower: passed", 0.0, 5.0, "slower", "passed", "≤ 5 %", 0.05),
    Case("slower-8", "query 8 % slower: passed", 0.0, 8.0, "slower", "passed", "≤ 0.5 %", 0.005),
    Case(
        "slower-3",
        "query 3 % slower: called regressed",
        0.0,
        3.0,
        "slower",
        "regressed",
        "≤ 5 %",
        0.05,
    ),
    Case(
        "faster-30",
        "25 % target, truly 30 % faster: not met",
        100.0 * (1 / 0.70 - 1),
        0.0,
        "faster",
        "missed",
        "≤ 1 %",
        0.01,
        target=25.0,
    ),
    Case(
        "faster-20",
        "25 % target, truly 20 % faster: met",
        100.0 * (1 / 0.80 - 1),
        0.0,
        "faster",
        "met",
        "≤ 0.5 %",
        0.005,
        target=25.0,
    ),
)
BY_NAME = {case.name: case for case in CASES}


def deal(family: Family, queries: Sequence[str], number: int) -> dict[str, str]:
    """The case of each query in one comparison: in turn, and each query of another next time."""
    dealt = [case.name for case in CASES if case.family == family]
    return {query: dealt[(place + number) % len(dealt)] for place, query in enumerate(queries)}
