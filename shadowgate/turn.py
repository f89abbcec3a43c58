"""Turns of several runs beside each other: who measures is alone, all else goes side by side.

Each run is in the room for as long as it lives. It shares the room with the others but while it
gathers evidence whose durations are judged: then it waits until it is there alone, and the others
wait at the gate. Who waits to be alone holds the gate, so that those who come later do not pass.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

VARIABLE = "SHADOWGATE_TURNS"
"""Environment variable with the folder of the two files that the runs lock."""


class Turn:
    """The turn of this process; one without others is always alone."""

    waited = 0.0
    """Seconds that it has waited for others, all together."""

    @contextmanager
    def alone(self) -> Iterator[None]:
        """While durations are measured that are judged."""
        yield


class SharedTurn(Turn):
    """The turn of a process beside which others run; each has the same folder."""

    def __init__(self, folder: Path) -> None:
        """Come into the room, once nobody is alone in it."""
        self._gate = os.open(folder / "gate", os.O_RDWR | os.O_CREAT, 0o600)
        self._room = os.open(folder / "room", os.O_RDWR | os.O_CREAT, 0o600)
        self._files = [self._gate, self._room]
        self._is_alone = False
        self._enter(fcntl.LOCK_SH)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Send the others out of the room; who is told to end meanwhile waits for nobody."""
        if self._is_alone:
            yield
            return
        self._enter(fcntl.LOCK_EX)
        self._is_alone = True
        try:
            yield
        except Exception:
            self._share()
            raise
        except BaseException:
            fcntl.flock(self._room, fcntl.LOCK_UN)
            raise
        else:
            self._share()

    def close(self) -> None:
        """Leave, as a process does that ends. Safe to call twice."""
        while self._files:
            os.close(self._files.pop())

    def _share(self) -> None:
        self._is_alone = False
        self._enter(fcntl.LOCK_SH)

    def _enter(self, how: int) -> None:
        began = time.monotonic()
        # Let go first: two who wait for each other's end would wait for ever.
        fcntl.flock(self._room, fcntl.LOCK_UN)
        fcntl.flock(self._gate, fcntl.LOCK_EX)
        try:
            fcntl.flock(self._room, how)
        finally:
            fcntl.flock(self._gate, fcntl.LOCK_UN)
        self.waited += time.monotonic() - began


@cache
def turn_of_this_process() -> Turn:
    """The turn among the runs that whoever started this process has started beside it."""
    folder = os.environ.pop(VARIABLE, "")
    return SharedTurn(Path(folder)) if folder else Turn()
