"""Disk space for the copies that the phases make."""

from __future__ import annotations

from shadowgate.errors import SpaceError
from shadowgate.language import Shown, numeral, sentence
from shadowgate.server.base import Server

MEMORY_TO_SPARE = 4
"""How many times the room of a cluster must be free in memory for the cluster to lie there: its log
and its buffer cache come on top, and others need some too."""


def fits_memory(room_bytes: int, free_bytes: int) -> bool:
    """Whether a cluster may lie in memory.

    Args:
        room_bytes: space that its databases need.
        free_bytes: memory that is free.
    """
    return free_bytes > MEMORY_TO_SPARE * room_bytes


def require_space(server: Server, needed_bytes: int) -> None:
    """Refuse a server whose disk is too small; one that does not tell its space is accepted.

    A quarter of what is free is left for the write-ahead log of making the copies.

    Args:
        server: where the copies will be.
        needed_bytes: space that all copies together need, in bytes.

    Raises:
        SpaceError: less is free.
    """
    free = server.free_bytes()
    needed_with_log = needed_bytes * 4 // 3
    if free is not None and free < needed_with_log:
        raise SpaceError(
            sentence(
                "the disk is too small: {needed} are needed for the copies and "
                "the write-ahead log, {free} are free",
                needed=Shown(in_units, needed_with_log),
                free=Shown(in_units, free),
            ),
            where=server.facts.where,
            todo="free some space, point TMPDIR at a larger disk, or use another server",
        )


def in_units(size: int) -> str:
    """A size in bytes, for people: ``3.2 GB``."""
    amount = float(size)
    for unit in ("bytes", "kB", "MB"):
        if amount < 1000:
            return numeral(f"{amount:.0f} {unit}" if unit == "bytes" else f"{amount:.1f} {unit}")
        amount /= 1000
    return numeral(f"{amount:.1f} GB")
