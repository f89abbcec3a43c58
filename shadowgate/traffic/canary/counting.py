"""What the triggers are decided by, taken over from the clients' answers as they come."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from shadowgate.language import nsentence, sentence
from shadowgate.plan import RolloutSection
from shadowgate.traffic.canary.clients import Answer, Pair
from shadowgate.traffic.canary.triggers import (
    ErrorLook,
    LatencyLook,
    Paired,
    Trigger,
    look_at_errors,
    look_at_latency,
)

_LEAST_SECONDS = 1e-6
"""A latency counts as so much at least: its logarithm is taken."""


@dataclass
class Counted:
    """Answers of both sides so far, and what the sequential tests say of them."""

    pairs: dict[str, list[Paired]] = field(default_factory=dict)
    """Statement -> how the canary's answers compare with those of their counterparts."""
    requests: dict[bool, int] = field(default_factory=lambda: {False: 0, True: 0})
    """Whether it was migrated -> requests of a side."""
    errors: dict[bool, int] = field(default_factory=lambda: {False: 0, True: 0})
    first_error: str = ""
    """Of the migrated side."""
    _waiting: dict[Pair, Answer] = field(default_factory=dict)
    """Answers whose counterpart's has not come yet."""
    _taken: int = 0

    def take(self, answers: Sequence[Answer], since: float, until: float) -> None:
        """Count the answers that came since the last time.

        Args:
            answers: all so far.
            since: earlier arrivals were the warm-up.
            until: later answers are not compared for their latency.
        """
        fresh = answers[self._taken :]
        self._taken += len(fresh)
        for one in fresh:
            if one.scheduled < since:
                continue
            self.requests[one.migrated] += 1
            if one.sqlstate:
                self.errors[one.migrated] += 1
                if one.migrated and not self.first_error:
                    self.first_error = f"{one.statement}: {one.message} (SQLSTATE {one.sqlstate})"
            elif one.pair and one.ended < until and one.migrated == (one.arm == "canary"):
                self._compare(one, one.pair)

    def _compare(self, one: Answer, pair: Pair) -> None:
        other = self._waiting.pop(pair, one)
        if other.migrated == one.migrated:
            self._waiting[pair] = one
            return
        new, old = (one, other) if one.migrated else (other, one)
        ratio = math.log(max(new.net, _LEAST_SECONDS) / max(old.net, _LEAST_SECONDS))
        self.pairs.setdefault(one.statement, []).append((one.scheduled, ratio, pair[1]))

    def latency(self, limit_percent: float) -> tuple[LatencyLook, ...]:
        """How much slower the canary is, all statements together first."""
        return look_at_latency(self.pairs, limit_percent)

    def failures(self, limit_percent: float) -> ErrorLook:
        """How many requests to the migrated side failed."""
        return look_at_errors(
            (self.requests[False], self.errors[False]),
            (self.requests[True], self.errors[True]),
            limit_percent,
        )

    def fired(
        self, limits: RolloutSection, *, judges_latency: bool = True
    ) -> tuple[Trigger, str] | None:
        """The trigger that fires now, with what it saw in a sentence; ``None`` if none does."""
        errors = self.failures(limits.error_percent)
        if errors.fires:
            return (
                "errors",
                nsentence(
                    "{errors:,} of {n:,} request to the migrated side failed ({percent:.2g} %); "
                    "the first: {error}",
                    "{errors:,} of {n:,} requests to the migrated side failed ({percent:.2g} %); "
                    "the first: {error}",
                    errors.requests,
                    errors=errors.errors,
                    percent=errors.percent,
                    error=self.first_error,
                ),
            )
        looks = self.latency(limits.latency_percent) if judges_latency else ()
        slower = [one for one in looks if one.fires]
        if not slower:
            return None
        worst = max(slower, key=lambda one: one.ratio - one.bound)
        about = sentence("all statements together") if worst.about == "all" else worst.about
        return (
            "latency",
            sentence(
                "{what}: {percent:+.1f} % on the canary ({low:+.1f} to {high:+.1f} %)",
                what=about,
                percent=worst.percent,
                low=worst.low,
                high=worst.high,
            ),
        )
