"""Runs beside each other: who measures is alone, and nobody waits for ever."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from itertools import pairwise
from pathlib import Path

import pytest

from shadowgate.turn import VARIABLE, SharedTurn, Turn, turn_of_this_process

Enter = Callable[[], SharedTurn]

MOMENT = 0.2
SOON = 10.0


class Other:
    """Something that another run does, for which it may have to wait."""

    def __init__(self, act: Callable[[], object]) -> None:
        self.done = threading.Event()
        self._thread = threading.Thread(target=self._do, args=(act,), daemon=True)
        self._thread.start()

    def _do(self, act: Callable[[], object]) -> None:
        act()
        self.done.set()

    def waits(self) -> bool:
        """Whether it cannot go on."""
        return not self.done.wait(MOMENT)

    def goes_on(self) -> bool:
        """Whether it can, by now or in a moment."""
        return self.done.wait(SOON)


@pytest.fixture
def enter(tmp_path: Path) -> Iterator[Enter]:
    """Another run comes into the room; they leave it at the end."""
    turns: list[SharedTurn] = []

    def come() -> SharedTurn:
        turns.append(SharedTurn(tmp_path))
        return turns[-1]

    yield come
    for turn in turns:
        turn.close()


def measure(turn: SharedTurn) -> None:
    """Come to measure, and be done at once."""
    with turn.alone():
        pass


def test_who_measures_waits_until_no_other_run_works(enter: Enter) -> None:
    first, second = enter(), enter()
    measuring = Other(lambda: measure(first))
    assert measuring.waits()
    second.close()  # as when it dies
    assert measuring.goes_on()
    assert first.waited > MOMENT / 2
    assert second.waited < MOMENT / 2


def test_no_other_run_works_while_one_measures(enter: Enter) -> None:
    first = enter()
    with first.alone(), first.alone():
        coming = Other(enter)
        assert coming.waits()
    assert coming.goes_on(), "both work again"


def test_two_never_measure_at_once_and_each_comes_to_it(enter: Enter) -> None:
    seen: list[tuple[float, float]] = []

    def measure_often(turn: SharedTurn) -> None:
        for _ in range(10):
            with turn.alone():
                began = time.monotonic()
                time.sleep(0.005)
                seen.append((began, time.monotonic()))
        turn.close()

    turns = [enter() for _ in range(3)]
    runs = [Other(partial(measure_often, turn)) for turn in turns]
    assert all(run.goes_on() for run in runs)
    assert len(seen) == 30
    assert all(ended <= began for (_, ended), (began, _) in pairwise(sorted(seen)))


def test_who_comes_later_does_not_pass_one_that_waits_to_measure(enter: Enter) -> None:
    first, second = enter(), enter()
    measuring = Other(lambda: measure(first))
    assert measuring.waits()
    coming = Other(enter)
    assert coming.waits()
    second.close()
    assert measuring.goes_on()
    assert coming.goes_on()


def test_one_that_is_told_to_end_waits_for_nobody(enter: Enter) -> None:
    first, second = enter(), enter()
    release = threading.Event()

    def be_told() -> None:
        with suppress(KeyboardInterrupt), first.alone():
            time.sleep(MOMENT)  # the other one comes to the gate
            raise KeyboardInterrupt

    def hold() -> None:
        with second.alone():
            release.wait(2 * SOON)

    told = Other(be_told)
    assert told.waits()
    holding = Other(hold)
    assert told.goes_on()
    release.set()
    assert holding.goes_on()


def test_a_run_without_others_never_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    turn_of_this_process.cache_clear()
    turn = turn_of_this_process()
    assert type(turn) is Turn
    with turn.alone():
        pass
