"""A run that is told to end does so, wherever the signal finds it."""

from __future__ import annotations

import os
import signal
import weakref
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from shadowgate.plugin.interruption import Interruption


class Thing:
    """Something that goes."""


def test_nothing_is_raised_as_long_as_nobody_tells_the_run_to_end() -> None:
    Interruption().pytest_runtest_setup()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_signal_that_is_lost_in_a_callback_ends_the_run_at_the_next_check() -> None:
    interruption = Interruption()
    before = signal.signal(signal.SIGTERM, interruption._interrupt)
    try:
        thing = Thing()
        callback = weakref.ref(thing, lambda _: os.kill(os.getpid(), signal.SIGTERM))
        del thing  # what the handler raises here, nobody gets
    finally:
        signal.signal(signal.SIGTERM, before)
    assert callback() is None
    with pytest.raises(KeyboardInterrupt, match="SIGTERM"):
        interruption.pytest_runtest_setup()


@pytest.mark.parametrize(
    ("at_first", "heard"), [(signal.SIG_IGN, False), (signal.SIG_DFL, True)], ids=["nohup", "plain"]
)
def test_a_closed_terminal_ends_the_run_unless_nohup_says_otherwise(
    at_first: signal.Handlers, *, heard: bool
) -> None:
    cleanups: list[Callable[[], None]] = []
    config: Any = SimpleNamespace(add_cleanup=cleanups.append, addinivalue_line=lambda *_: None)
    before = signal.signal(signal.SIGHUP, at_first)
    interruption = Interruption()
    try:
        interruption.listen(config)
        assert (signal.getsignal(signal.SIGHUP) == interruption._interrupt) == heard
        assert signal.getsignal(signal.SIGTERM) == interruption._interrupt
        for undo in cleanups:
            undo()
        assert signal.getsignal(signal.SIGHUP) == at_first
    finally:
        signal.signal(signal.SIGHUP, before)
