"""What was acknowledged to clients is the last write of each row, however many there are."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadowgate.traffic import acknowledged
from shadowgate.traffic.acknowledged import AcknowledgedWrites

KEYS = st.tuples(st.text(max_size=3), st.sampled_from(["", "1", "\x00", "é"]))
WRITES = st.lists(
    st.tuples(st.sampled_from(["public.a", "public.b"]), KEYS, st.integers(), st.floats(0, 9))
)


@pytest.fixture
def written() -> Iterator[AcknowledgedWrites]:
    with closing(AcknowledgedWrites()) as opened:
        yield opened


@given(WRITES)
def test_the_last_write_of_each_row_is_kept(
    writes: list[tuple[str, tuple[str, ...], int, float]],
) -> None:
    last: dict[str, dict[tuple[str, ...], tuple[float, int]]] = {}
    with closing(AcknowledgedWrites()) as noted:
        for table, key, row, at in writes:
            noted.add(table, {key: row}, at)
            rows = last.setdefault(table, {})
            if key not in rows or at >= rows[key][0]:
                rows[key] = (at, row)
        assert noted.tables() == sorted(last)
        for table, rows in last.items():
            assert noted.count(table) == len(rows)
            expected = {key: row for key, (_, row) in rows.items()}
            assert noted.of(table, [*rows, ("not", "there")]) == expected
            assert {k: v for some in noted.batches(table) for k, v in some.items()} == expected


def test_rows_come_in_batches_and_each_once(
    written: AcknowledgedWrites, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(acknowledged, "BATCH", 3)
    written.add("t", {(str(number),): number for number in range(10)}, 1.0)
    batches = list(written.batches("t"))
    assert [len(some) for some in batches] == [3, 3, 3, 1]
    assert sorted(row for some in batches for row in some.values()) == list(range(10))


def test_what_is_forgotten_is_not_there_any_more(written: AcknowledgedWrites) -> None:
    written.add("t", {("1",): "a", ("2",): "b"}, 1.0)
    written.forget("t", [("1",), ("3",)])
    assert [*written.batches("t")] == [{("2",): "b"}]


def test_threads_may_write_at_once(written: AcknowledgedWrites) -> None:
    def write(worker: int) -> None:
        for number in range(50):
            written.add("t", {(str(worker), str(number)): number}, 1.0)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(4)))
    assert written.count("t") == 200
