"""What other tools would have said of the same rounds. Pure functions.

They know nothing of pairs: ten rounds before, then ten rounds after, so the rounds before are
taken from the first ten pairs and the rounds after from the next ten. Their clock is the wall's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from scipy.stats import mannwhitneyu

ROUNDS = 10
LIMIT = 1.05
SIGNIFICANT = 0.05

Rule = Callable[[Sequence[float], Sequence[float]], bool]
"""Whether rounds before and after make a tool flag the query as slower."""


def _mean(before: Sequence[float], after: Sequence[float]) -> bool:
    return bool(np.mean(after) > LIMIT * np.mean(before))


def _median(before: Sequence[float], after: Sequence[float]) -> bool:
    return bool(np.median(after) > LIMIT * np.median(before))


def _minimum(before: Sequence[float], after: Sequence[float]) -> bool:
    return bool(np.min(after) > LIMIT * np.min(before))


def _mann_whitney(before: Sequence[float], after: Sequence[float]) -> bool:
    slower = np.median(after) > np.median(before)
    return bool(slower and mannwhitneyu(before, after).pvalue < SIGNIFICANT)


RULES: Mapping[str, Rule] = {
    "compare-fail mean:5%": _mean,
    "compare-fail median:5%": _median,
    "compare-fail min:5%": _minimum,
    "Mann-Whitney p<0.05": _mann_whitney,
}
"""pytest-benchmark's ``--benchmark-compare-fail``, and the test that benchstat uses."""


def flags(rounds: Sequence[tuple[float, float]]) -> dict[str, bool]:
    """What each tool says of one query, from at least twenty pairs of wall-clock times."""
    before = [pair[0] for pair in rounds[:ROUNDS]]
    after = [pair[1] for pair in rounds[ROUNDS : 2 * ROUNDS]]
    return {name: rule(before, after) for name, rule in RULES.items()}
