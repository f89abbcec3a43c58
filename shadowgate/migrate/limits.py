"""When a script is stopped: what it does can only be NO-GO by then, and goes on for nothing."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from shadowgate.language import sentence
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
            return sentence(
                "stopped after {seconds:.1f} s: the plan allows {allowed}",
                seconds=now,
                allowed=self.allowed["script"],
            )
        for (oid, mode), (statement, since) in locks.items():
            for who, modes, most in (
                ("readers", STOPS_READERS, self.readers),
                ("writers", STOPS_WRITERS, self.writers),
            ):
                if oid in names and mode in modes and now - since > most:
                    values: dict[str, Any] = {
                        "lock": mode,
                        "relation": names[oid],
                        "number": statement,
                        "seconds": now - since,
                        "allowed": self.allowed[who],
                    }
                    if who == "readers":
                        return sentence(
                            "stopped, since {lock} on {relation}, taken by statement {number}, was "
                            "held for {seconds:.1f} s, which stops readers; the plan allows "
                            "{allowed}",
                            **values,
                        )
                    return sentence(
                        "stopped, since {lock} on {relation}, taken by statement {number}, was "
                        "held for {seconds:.1f} s, which stops writers; the plan allows {allowed}",
                        **values,
                    )
        return ""


NEVER = StopAfter()
