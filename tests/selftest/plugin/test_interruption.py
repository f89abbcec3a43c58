"""A run that is told to end does so, wherever the signal finds it."""

from __future__ import annotations

import os
import signal
import weakref

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
