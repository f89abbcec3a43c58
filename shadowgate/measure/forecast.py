"""How long a comparison will take, told before it begins. Pure functions."""

from __future__ import annotations

from collections.abc import Sequence

from shadowgate.measure.sampling import Sampling


def round_seconds(
    reads: Sequence[float], writes: Sequence[float], lanes: int, sampling: Sampling
) -> float:
    """About how long a round takes, in seconds.

    Args:
        reads: of each reading query, the seconds of a pair: before and after together.
        writes: the same of each writing query; there is one of them at a time.
        lanes: reading queries timed at once.
        sampling: rounds start no sooner after one another than it says.
    """
    shared = sum((*reads, *writes)) / lanes
    return max(shared, sum(writes), *reads, sampling.spacing_seconds, 0.0)


def duration_in_words(one_round: float, sampling: Sampling) -> str:
    """From when to when a verdict is to be expected, in the plan's terms.

    Args:
        one_round: seconds of a round.
        sampling: how many rounds there are, and what they may take.
    """
    asked = sampling.demands
    budget = asked.budget_seconds
    earliest = min(asked.min_pairs * one_round, budget)
    latest = min(asked.max_pairs * one_round, budget)
    limit = (
        f"max_pairs = {asked.max_pairs}"
        if asked.max_pairs * one_round <= budget
        else f"budget_seconds = {budget:g}"
    )
    return (
        f"a verdict is to be expected in {_seconds(earliest)} (min_pairs = {asked.min_pairs}) to "
        f"{_seconds(latest)} ({limit}): a round takes about {one_round:.2g} s"
    )


def _seconds(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"
