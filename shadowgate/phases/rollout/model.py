"""What a rollout plan is made of: its facts, its weeks and its rules."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

from shadowgate.evidence import QueryEvidence, Risk, Verdict
from shadowgate.plan import LocksSection, RollbackSection, RolloutSection
from shadowgate.traffic.canary import CanaryRehearsal


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
    tables: tuple[str, ...] = ()
    """Logical tables whose content is compared before and after."""
    rows: int | None = None
    migration_seconds: float | None = None
    reader_wait_ms: float | None = None
    writer_wait_ms: float | None = None
    rollback_measured_seconds: float | None = None
    rows_lost: int | None = None
    targets: tuple[tuple[str, float], ...] = ()
    """(query id, percent that it must be faster)."""
    queries: tuple[QueryEvidence, ...] = ()
    locks: LocksSection = field(default_factory=LocksSection)
    undo: RollbackSection = field(default_factory=RollbackSection)
    """What was allowed for waits and for the rollback."""
    canary: CanaryRehearsal | None = None
    """The rollout as it was rehearsed; ``None`` if it was not."""


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
    """One stage of the rollout."""

    number: int
    name: str
    dates: tuple[dt.date, ...]
    """The days that are used: without those that the plan's calendar skips."""
    share: str
    tasks: tuple[Task, ...]
    gates: tuple[Gate, ...]
    decision: str

    @property
    def first(self) -> dt.date:
        """Its first day."""
        return self.dates[0]

    @property
    def last(self) -> dt.date:
        """Its last day."""
        return self.dates[-1]

    @property
    def days(self) -> int:
        """Number of days that are used."""
        return len(self.dates)


@dataclass(frozen=True)
class Rule:
    """When this is seen, that is done."""

    when: str
    then: str


@dataclass(frozen=True)
class RolloutPlan:
    """The four weeks, with all that an operator needs beside them."""

    facts: RolloutFacts
    settings: RolloutSection
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
