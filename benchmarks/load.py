"""Another process that loads one core, five seconds on and five seconds off."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

_BUSY = """
import os, time
parent = os.getppid()
while os.getppid() == parent:
    until = time.monotonic() + 5
    while time.monotonic() < until:
        pass
    time.sleep(5)
"""


@contextmanager
def other_process() -> Iterator[None]:
    """Run it for as long as the context lasts."""
    with subprocess.Popen([sys.executable, "-c", _BUSY]) as process:
        try:
            yield
        finally:
            process.kill()
