"""When a script is stopped: what it does can only be NO-GO by then, and goes on for nothing."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from shadowgate.migrate.lock_intervals import LockKey
from shadowgate.migrate.results import STOPS_READERS, STOPS_WRITERS


@dataclass(frozen=True)
class StopAfter:
    """Seconds after which a watched script is stopped; by default never."""

    readers: float = math.inf
    """For a lock that stops readers, on a relation that was there before."""
    writers: float = math.inf
    script: float = math.inf
    """For the script as a whole."""
    allowed: Mapping[str, str] = field(default_factory=dict)
    """What the plan allows each of the three, in words."""

    def reason(
        self, locks: Mapping[LockKey, tuple[int, float]], names: Mapping[int, str], now: float
    ) -> str:
        """Why a script is to be stopped; empty while it may go on.

        Args:
            locks: those that it holds, with the statement that took them and since when.
            names: of the relations that were there before the script.
            now: seconds since it began, as ``locks`` count them.
        """
        if now > self.script:
            return f"stopped after {now:.1f} s: the plan allows {self.allowed['script']}"
        for (oid, mode), (statement, since) in locks.items():
            for who, modes, most in (
                ("readers", STOPS_READERS, self.readers),
                ("writers", STOPS_WRITERS, self.writers),
            ):
                if oid in names and mode in modes and now - since > most:
                    return (
                        f"stopped, since {mode} on {names[oid]}, taken by statement {statement}, "
                        f"was held for {now - since:.1f} s, which stops {who}; the plan allows "
                        f"{self.allowed[who]}"
                    )
        return ""


NEVER = StopAfter()
