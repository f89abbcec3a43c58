"""Which locks of a migration stop whom, and for how long at most."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from shadowgate.language import sentence
from shadowgate.migrate import STOPS_READERS, STOPS_WRITERS, LockHeld, ScriptRun, StopAfter
from shadowgate.plan import LocksSection

STOP_RATIO = 10.0
STOP_SECONDS = 10.0
"""A lock that is held for so many times as long as the plan allows, and so many seconds at least,
stops the migration: by how much it is over the budget is known well enough."""


def stop_after(budget: LocksSection) -> StopAfter:
    """When a migration is stopped for its locks."""
    allowed = {"readers": budget.reader_ms, "writers": budget.writer_ms}
    readers, writers = (max(STOP_SECONDS, STOP_RATIO * ms / 1e3) for ms in allowed.values())
    words = {who: sentence("{ms:g} ms ([locks])", ms=ms) for who, ms in allowed.items()}
    return StopAfter(readers=readers, writers=writers, allowed=words)


@dataclass(frozen=True)
class LongestLocks:
    """The locks that readers and writers could have met for longest; ``None`` if there was none."""

    readers: LockHeld | None
    writers: LockHeld | None

    @property
    def reader_ms(self) -> float:
        """How long a reader could have been stopped at most, in milliseconds."""
        return self.readers.seconds * 1e3 if self.readers else 0.0

    @property
    def writer_ms(self) -> float:
        """How long a writer could have been stopped at most, in milliseconds."""
        return self.writers.seconds * 1e3 if self.writers else 0.0


def longest_locks(run: ScriptRun) -> LongestLocks:
    """Find the longest strong locks on relations that were there before the script."""
    return LongestLocks(_longest(run.locks, STOPS_READERS), _longest(run.locks, STOPS_WRITERS))


def _longest(locks: Iterable[LockHeld], modes: frozenset[str]) -> LockHeld | None:
    strong = [lock for lock in locks if lock.existed and lock.mode in modes]
    return max(strong, key=lambda lock: lock.seconds, default=None)


def over_budget(locks: LongestLocks, budget: LocksSection) -> list[str]:
    """Name the locks that were held for longer than a budget allows."""
    over: list[str] = []
    if locks.readers is not None and locks.reader_ms > budget.reader_ms:
        over.append(
            sentence(
                "statement {number} held {lock} on {relation} for {held:.0f} ms, which stops "
                "readers; the plan allows {allowed:.0f} ms",
                **_of(locks.readers, budget.reader_ms),
            )
        )
    if locks.writers is not None and locks.writer_ms > budget.writer_ms:
        over.append(
            sentence(
                "statement {number} held {lock} on {relation} for {held:.0f} ms, which stops "
                "writers; the plan allows {allowed:.0f} ms",
                **_of(locks.writers, budget.writer_ms),
            )
        )
    return over


def _of(lock: LockHeld, allowed: float) -> dict[str, Any]:
    return {
        "number": lock.statement,
        "lock": lock.mode,
        "relation": lock.relation,
        "held": lock.seconds * 1e3,
        "allowed": allowed,
    }
