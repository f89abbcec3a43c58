"""A small process that cleans up after a run that died, however it died.

The run holds the other end of the guardian's standard input and tells it, a JSON object a line,
what to protect and what to release. When the pipe ends, or the run is gone although a child of it
still holds the pipe, the guardian cleans what was not released, newest first, and exits. It lives
in a session of its own, so that an interrupt from the terminal reaches the run and not it. Secrets
travel through the pipe only.
"""

from __future__ import annotations

import json
import os
import select
import sys
from contextlib import ExitStack
from importlib import import_module
from typing import Any

from shadowgate.cleanup.resources import Resource, from_message


def watch(stream: int, parent: int) -> list[Resource]:
    """Read messages until the pipe ends or the parent is gone; return what was not released.

    Args:
        stream: file descriptor to read from.
        parent: process id of the run.
    """
    resources: list[Resource] = []
    pending = b""
    while True:
        readable, _, _ = select.select([stream], [], [], 1.0)
        if readable:
            chunk = os.read(stream, 65536)
            if not chunk:
                return resources
            *lines, pending = (pending + chunk).split(b"\n")
            for line in lines:
                _note(resources, json.loads(line))
        elif os.getppid() != parent:
            return resources


def _note(resources: list[Resource], message: dict[str, Any]) -> None:
    if "protect" in message:
        resources.append(from_message(message["protect"]))
    else:
        resources.remove(from_message(message["release"]))


def main() -> None:
    """Be the guardian process of a run.

    The first argument is the run's process id, the second the module whose ``clean`` removes
    a resource.
    """
    left = watch(sys.stdin.fileno(), int(sys.argv[1]))
    if not left:
        return
    # Only now, because it takes a third of a second, and a run that ends well leaves nothing.
    clean = import_module(sys.argv[2]).clean
    with ExitStack() as stack:
        for resource in left:
            stack.callback(clean, resource)


if __name__ == "__main__":
    main()
