"""Growth faster than the rows is seen, and what is not is no alarm."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.scale import Peaks, Sized, grows_faster, missed, table

SIZES = (20_000, 251_247, 2_512_470)


@given(st.floats(0, 100), st.floats(0, 1e-3))
def test_what_grows_with_the_rows_is_no_alarm(constant: float, slope: float) -> None:
    points = [(rows, constant + slope * rows) for rows in SIZES]
    assert not grows_faster(points)
    assert not grows_faster(points[:2])


@given(st.floats(0, 50), st.floats(1e-10, 1e-8))
def test_what_grows_with_their_square_is_seen(constant: float, factor: float) -> None:
    points = [(rows, constant + factor * rows**2) for rows in SIZES]
    assert grows_faster(points)


def test_one_size_says_nothing_of_growth() -> None:
    assert not grows_faster([(1000, 2.0)])
    assert "| restore | 2.0 | – |" in "\n".join(table([sized(1000, 2.0)]))


def sized(
    rows: int, seconds: float, suite: int = 100, restore: float = 1.0, bare: float = 1.0
) -> Sized:
    return Sized(rows, "GO", seconds, {"restore": seconds}, Peaks(suite), restore, bare)


def test_targets_that_are_met_are_not_told_as_missed() -> None:
    found = [sized(251_247, 10.0), sized(2_512_470, 90.0, suite=149, restore=1.1)]
    assert missed(found) == []
    assert "| restore | 10.0 | 90.0 | 890 |" in "\n".join(table(found))


@pytest.mark.parametrize(
    ("last", "said"),
    [
        (sized(2_512_470, 200.0), "restore grows faster"),
        (sized(2_512_470, 90.0, suite=151), "memory grew 1.51 times"),
        (sized(2_512_470, 90.0, restore=1.2), "1.20 times a bare pg_restore"),
    ],
)
def test_a_target_that_is_missed_is_told(last: Sized, said: str) -> None:
    assert any(said in each for each in missed([sized(251_247, 10.0), last]))
