"""What a rollout plan is made of: its numbers, its facts, its weeks and its rules."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from shadowgate.errors import PlanError
from shadowgate.evidence import QueryEvidence, Risk, Verdict

GRADUAL_MINIMUM = 4
"""Days that the gradual week needs: one at the first share, one to validate, two at 100 %."""


@dataclass(frozen=True)
class RolloutSettings:
    """The numbers of the four weeks; a plan file may change each.

    Raises:
        PlanError: a number lies outside of what makes sense.
    """

    preproduction_days: int = 3
    canary_days: int = 2
    canary_percent: int = 20
    gradual_days: int = 5
    gradual_percent: int = 50
    stabilisation_days: int = 7
    latency_percent: float = 5.0
    """A query that gets slower by more than this is rolled back."""
    error_percent: float = 0.1
    """A larger share of failed transactions is rolled back."""
    rollback_seconds: float = 300.0
    """The rollback may take this long."""
    reader_wait_ms: float = 500.0
    writer_wait_ms: float = 1000.0

    def __post_init__(self) -> None:
        """Refuse numbers that make no rollout."""
        rules = (
            (self.preproduction_days >= 1, "preproduction_days", "1 or more"),
            (self.canary_days >= 1, "canary_days", "1 or more"),
            (
                self.gradual_days >= GRADUAL_MINIMUM,
                "gradual_days",
                f"{GRADUAL_MINIMUM} or more",
            ),
            (self.stabilisation_days >= 1, "stabilisation_days", "1 or more"),
            (
                0 < self.canary_percent < self.gradual_percent < 100,
                "canary_percent, gradual_percent",
                "0 < canary < gradual < 100",
            ),
            (self.latency_percent > 0, "latency_percent", "above 0"),
            (self.error_percent >= 0, "error_percent", "0 or more"),
        )
        for holds, key, allowed in rules:
            if not holds:
                raise PlanError(f"rollout.{key} is out of range", todo=f"allowed: {allowed}")


@dataclass(frozen=True)
class RolloutFacts:
    """What the rollout stands on: what was validated, and what the shadow measured of it.

    A number that is ``None`` was not measured, and the plan says so.
    """

    title: str
    verdict: Verdict
    migration: str
    """Path of the script, as an operator in the project's folder types it."""
    rollback: str
    risk: Risk = "HIGH"
    quick: bool = False
    reasons: tuple[str, ...] = ()
    digests: tuple[tuple[str, str], ...] = ()
    """(file, sha256) of what was validated; the two scripts are found in it by name."""
    service: str = "production"
    """Entry of ``pg_service.conf`` for production; the canary's is this with ``_canary``."""
    tables: tuple[str, ...] = ()
    """Logical tables whose content is compared before and after."""
    rows: int | None = None
    migration_seconds: float | None = None
    reader_wait_ms: float | None = None
    writer_wait_ms: float | None = None
    rollback_measured_seconds: float | None = None
    rows_lost: int | None = None
    overall_change_percent: float | None = None
    targets: tuple[tuple[str, float], ...] = ()
    """(query id, percent that it must be faster)."""
    queries: tuple[QueryEvidence, ...] = ()


@dataclass(frozen=True)
class Task:
    """One thing to do, with the day or days that it is for."""

    when: str
    what: str


@dataclass(frozen=True)
class Gate:
    """One go/no-go criterion: what is asked, the limit, and what the shadow measured."""

    question: str
    limit: str
    shadow: str


@dataclass(frozen=True)
class Week:
    """One stage of the rollout, first and last day included."""

    number: int
    name: str
    first: dt.date
    last: dt.date
    share: str
    tasks: tuple[Task, ...]
    gates: tuple[Gate, ...]
    decision: str

    @property
    def days(self) -> int:
        """Number of calendar days."""
        return (self.last - self.first).days + 1


@dataclass(frozen=True)
class Rule:
    """When this is seen, that is done."""

    when: str
    then: str


@dataclass(frozen=True)
class RolloutPlan:
    """The four weeks, with all that an operator needs beside them."""

    facts: RolloutFacts
    settings: RolloutSettings
    weeks: tuple[Week, ...]
    triggers: tuple[Rule, ...]
    escalation: tuple[Rule, ...]
    success: tuple[Gate, ...]

    @property
    def scripts(self) -> tuple[tuple[str, str], ...]:
        """(path, sha256) of migration and rollback, as far as they were validated."""
        found = []
        for path in (self.facts.migration, self.facts.rollback):
            fitting = [each for each in self.facts.digests if f"/{path}".endswith(f"/{each[0]}")]
            if fitting:
                found.append((path, max(fitting, key=lambda each: len(each[0]))[1]))
        return tuple(found)

    @property
    def may_start(self) -> bool:
        """Whether the verdict allows the rollout: GO, with performance judged."""
        return self.facts.verdict == "GO" and not self.facts.quick
