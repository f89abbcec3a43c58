"""Collects what the checks find, while they run.

A phase test gets a :class:`Finding`: it writes down what it measured and against which limit, shows
tables and figures, and ends in :meth:`Finding.require` or :meth:`Finding.require_decided`. The
:class:`Recorder` turns each finding into a :class:`~shadowgate.evidence.CheckResult` and knows
which checks a failure makes meaningless.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from shadowgate.checks import CheckSpec, spec_of
from shadowgate.evidence import CheckResult, Figure, QueryEvidence, Status, Table


class CheckFailed(AssertionError):  # noqa: N818 - a finding, not a programming error
    """The check was carried out and what it proves does not hold."""


class CheckInconclusive(CheckFailed):
    """The check was carried out and could not be decided: not a pass."""


@dataclass
class Finding:
    """What one check found so far."""

    measured: Any = None
    limit: Any = None
    details: list[str] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    figures: list[Figure] = field(default_factory=list)

    def note(self, measured: Any, limit: Any = None) -> None:
        """Write down what was measured and what it is held against; both JSON-able."""
        self.measured = measured
        self.limit = limit

    def say(self, *sentences: str) -> None:
        """Add sentences to the detail."""
        self.details += [sentence for sentence in sentences if sentence]

    def show(self, *evidence: Table | Figure) -> None:
        """Add tables and figures."""
        self.tables += [item for item in evidence if isinstance(item, Table)]
        self.figures += [item for item in evidence if isinstance(item, Figure)]

    def require(self, holds: bool, otherwise: str | Iterable[str]) -> None:
        """Fail the check unless ``holds``; ``otherwise`` says what is wrong and where.

        Raises:
            CheckFailed: it does not hold.
        """
        if not holds:
            raise CheckFailed(_joined(otherwise))

    def require_decided(self, decided: bool, otherwise: str | Iterable[str]) -> None:
        """End the check as inconclusive unless ``decided``.

        Raises:
            CheckInconclusive: the evidence does not decide.
        """
        if not decided:
            raise CheckInconclusive(_joined(otherwise))


def _joined(sentences: str | Iterable[str]) -> str:
    return sentences if isinstance(sentences, str) else "\n".join(sentences)


@dataclass
class Recorder:
    """Every result so far, and what the run is about."""

    results: dict[str, CheckResult] = field(default_factory=dict)
    expected: set[str] = field(default_factory=set)
    """Ids of the results that a complete run has."""
    plan: dict[str, Any] = field(default_factory=dict)
    inputs: dict[str, str] = field(default_factory=dict)
    server: dict[str, Any] = field(default_factory=dict)
    queries: tuple[QueryEvidence, ...] = ()
    quick: str = ""
    """Why timings are not judged; empty when they are."""

    def add(self, result: CheckResult) -> None:
        """Keep a result; a later one of the same id (an error while tearing down) wins."""
        self.results[result.id] = result

    def close(
        self,
        result_id: str,
        status: Status,
        *,
        claim: str,
        seconds: float,
        finding: Finding | None = None,
        detail: str = "",
        blocked_by: str | None = None,
    ) -> CheckResult:
        """Turn a finding into a result and keep it."""
        spec = spec_of(result_id)
        found = finding or Finding()
        sentences = [text for text in (detail, *found.details) if text]
        if status in ("failed", "inconclusive"):
            sentences.append(f"To do: {spec.remedy}")
        result = CheckResult(
            id=result_id,
            phase=spec.phase,
            status=status,
            claim=claim,
            measured=found.measured,
            limit=found.limit,
            detail="\n".join(sentences),
            required=spec.required,
            seconds=round(seconds, 3),
            blocked_by=blocked_by,
            tables=tuple(found.tables),
            figures=tuple(found.figures),
        )
        self.add(result)
        return result

    def blocker(self, spec: CheckSpec) -> str | None:
        """Name the check that must have passed before this one and did not, if there is one.

        A blocked check hands on the name of what blocked it, so that the report points at the
        cause. A check that this run was told to leave out does not block.
        """
        if spec.always_runs:
            return None
        for needed in spec.requires:
            result = self.results.get(needed)
            if result is None:
                return needed
            if result.status != "passed":
                return result.blocked_by or needed
        return None

    def statuses(self) -> Mapping[str, Status]:
        """Result id -> status."""
        return {result_id: result.status for result_id, result in self.results.items()}
