"""How long a comparison will take is told before it begins."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadowgate.measure.forecast import duration_in_words, round_seconds
from shadowgate.measure.sampling import Sampling

SETTINGS = Sampling(spacing_seconds=0.25).demanding(min_pairs=10, max_pairs=200, budget_seconds=300)
SECONDS = st.lists(st.floats(0, 100), max_size=8)


@pytest.mark.parametrize(
    ("one_round", "said"),
    [
        (0.25, "in 2 s (min_pairs = 10) to 50 s (max_pairs = 200): a round takes about 0.25 s"),
        (3.0, "in 30 s (min_pairs = 10) to 5 min (budget_seconds = 300): a round takes about 3 s"),
        (60.0, "in 5 min (min_pairs = 10) to 5 min (budget_seconds = 300)"),
    ],
)
def test_the_bounds_are_those_of_the_plan(one_round: float, said: str) -> None:
    assert said in duration_in_words(one_round, SETTINGS)


@given(SECONDS, SECONDS, st.integers(1, 16))
def test_a_round_is_no_shorter_than_its_longest_part(
    reads: list[float], writes: list[float], lanes: int
) -> None:
    found = round_seconds(reads, writes, lanes, SETTINGS)
    assert found >= max([0.25, sum(writes), *reads])
    assert found <= max(0.25, sum(reads) + sum(writes)) * 1.000001
