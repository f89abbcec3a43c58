"""Waits for what the server does in its own time."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any, LiteralString

from shadowgate.server.base import Connection


def is_gone(
    connection: Connection,
    query: LiteralString,
    parameters: Sequence[Any] = (),
    *,
    seconds: float,
    look_seconds: float,
) -> bool:
    """Wait until a query finds no row any more; whether that came in time.

    Args:
        connection: a session that nobody else uses meanwhile.
        query: finds what is waited for.
        parameters: those of the query.
        seconds: for how long to wait at most.
        look_seconds: pause between two looks.
    """
    until = time.monotonic() + seconds
    while connection.execute(query, parameters).fetchone() is not None:
        if time.monotonic() > until:
            return False
        time.sleep(look_seconds)
    return True
