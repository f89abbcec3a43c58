"""Runs in processes of their own that hold a server, for tests that kill them."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable

import psutil

from shadowgate.server import ServerLog
from shadowgate.server.log import LogPosition

_HOLD = """
import os, sys
from shadowgate.server import Databases, open_server

def show(message):
    print(message, flush=True)

server = open_server(sys.argv[1], settings={"shared_buffers": "128MB"}, progress=show)
with Databases(server) as databases:
    for name in sys.argv[2:]:
        show(f"creating {name}")
        databases.create(name)
    show(f"up on port {server.endpoint.port}")
    sys.stdin.read()
server.close()
show("closed")
"""


class HeldServer:
    """A process that opens a server, creates databases on it, and holds both."""

    def __init__(self, choice: str, *names: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", _HOLD, choice, *names],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def wait_for(self, text: str) -> str:
        """Wait until it says something; return the line."""
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if text in line:
                return line
        raise AssertionError(f"it never said {text!r}: {self._process.communicate()[1]}")

    def die(self, fatal: int) -> None:
        """End it with a signal."""
        self._process.send_signal(fatal)
        self._process.communicate()

    def die_with_its_guardians(self) -> None:
        """Kill it together with those who would clean up after it."""
        guardians = psutil.Process(self._process.pid).children()
        guardians = [each for each in guardians if "shadowgate.cleanup" in each.cmdline()]
        for each in guardians:
            each.suspend()
        self._process.kill()
        for each in guardians:
            each.kill()
        self._process.communicate()

    def end(self) -> str:
        """Let it end normally; return what it said meanwhile."""
        return self._process.communicate("")[0]


def comes_true(condition: Callable[[], bool], *, seconds: float = 20) -> bool:
    """Wait for a condition; whether it came true in time."""
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)
    return condition()


def logged(log: ServerLog, text: str, position: LogPosition, *, seconds: float = 5.0) -> str:
    """What a log has after a position, as soon as it contains a text or the time is up."""
    comes_true(lambda: text in log.since(position), seconds=seconds)
    return log.since(position)
