"""Progress of long work, as plain sentences handed to whoever wants to show them."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[str], None]
"""Receives one short sentence about what is going on, such as ``restoring: index 12 of 18``."""


def silent(_message: str) -> None:
    """Discard a progress message."""
