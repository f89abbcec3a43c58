"""What a check finds, written down while it judges."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Set
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from shadowgate.evidence import Difference, Figure, Place, Table
from shadowgate.language import joined


class CheckFailed(AssertionError):  # noqa: N818 - a finding, not a programming error
    """The check was carried out and what it claims does not hold."""


class CheckInconclusive(CheckFailed):
    """The check could not be carried out, or its evidence does not decide: not a pass."""


@dataclass
class Finding:
    """What one check found so far.

    It ends in :meth:`require` or :meth:`require_decided`, or else the check has passed.
    """

    measured: Any = None
    limit: Any = None
    details: list[str] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    figures: list[Figure] = field(default_factory=list)
    differences: list[Difference] = field(default_factory=list)
    where: str = ""
    """File, line and statement that are to blame, where that is known."""
    broken: set[str] = field(default_factory=set)
    grounds: list[set[str]] = field(default_factory=list)
    places: list[Place] = field(default_factory=list)

    def note(self, measured: Any, limit: Any = None) -> None:
        """Write down what was measured and what it is held against; both JSON-able."""
        self.measured = measured
        self.limit = limit

    def say(self, *sentences: str) -> None:
        """Add sentences to the detail."""
        self.details += [sentence for sentence in sentences if sentence]

    def show(self, *evidence: Table | Figure | Difference) -> None:
        """Add tables, figures and texts before and after."""
        self.tables += [item for item in evidence if isinstance(item, Table)]
        self.figures += [item for item in evidence if isinstance(item, Figure)]
        self.differences += [item for item in evidence if isinstance(item, Difference)]

    def breaks(self, facts: Iterable[str]) -> None:
        """Say which facts do not hold, for the checks whose findings stand on them."""
        self.broken.update(facts)

    def stands_on(self, *grounds: Set[str]) -> None:
        """Say for each thing that is wrong what would explain it: any of those facts, broken."""
        self.grounds += [set(facts) for facts in grounds]

    def point_at(self, script: Path, line: int, message: str) -> None:
        """Name a line of a script that is at fault, 0 for none in particular, and what it does."""
        self.places.append(Place.of(script, line, message))

    def require(self, holds: bool, otherwise: str | Iterable[str]) -> None:
        """Fail the check unless ``holds``; ``otherwise`` says what is wrong and where.

        Raises:
            CheckFailed: it does not hold.
        """
        if not holds:
            raise CheckFailed(_joined(otherwise))

    def require_none(self, wrong: Collection[str]) -> None:
        """Write down how many things are wrong, none being allowed, and fail the check with them.

        Args:
            wrong: a sentence for each.

        Raises:
            CheckFailed: there is one.
        """
        self.note(len(wrong), 0)
        self.require(not wrong, wrong)

    def require_decided(self, decided: bool, otherwise: str | Iterable[str]) -> None:
        """End the check as inconclusive unless ``decided``.

        Raises:
            CheckInconclusive: the evidence does not decide.
        """
        if not decided:
            raise CheckInconclusive(_joined(otherwise))


def _joined(sentences: str | Iterable[str]) -> str:
    return sentences if isinstance(sentences, str) else joined("\n", sentences)
