"""The checks that did not pass, each cause with what follows from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shadowgate.evidence import CheckResult, Evidence
from shadowgate.report import words


@dataclass(frozen=True)
class Cause:
    """A check that failed or was not decided on its own account."""

    check: CheckResult
    failed: tuple[CheckResult, ...] = ()
    """Checks that failed or were not decided because of it."""
    blocked: tuple[CheckResult, ...] = ()
    """Checks that could not run because of it."""

    @property
    def not_run(self) -> list[tuple[str, tuple[str, ...]]]:
        """The blocked ones, those of one reason together: what is said of them, and their ids."""
        blocked = [each for each in self.blocked if not each.needless]
        plain = [(words.status("blocked"), tuple(each.id for each in blocked))] if blocked else []
        return [*plain, *self.needless]

    @property
    def needless(self) -> list[tuple[str, tuple[str, ...]]]:
        """Those of the blocked ones that could not change the verdict."""
        needless = [each for each in self.blocked if each.needless]
        return [(f"{group.reason}:", group.ids) for group in words.not_run(needless)]

    @property
    def consequences(self) -> tuple[CheckResult, ...]:
        """All that follows from it."""
        return (*self.failed, *self.blocked)

    @property
    def counted(self) -> str:
        """How many follow, in words: ``6 failed, 12 blocked``."""
        return words.counted(self.consequences)


def causes_of(checks: Sequence[CheckResult]) -> tuple[Cause, ...]:
    """Every cause, required ones and failed ones first, else in the order of the checks."""
    roots = [check for check in checks if check.is_open and not _cause_of(check, checks)]
    found = [
        Cause(
            root,
            tuple(each for each in checks if each.follows == root.id and each.is_open),
            tuple(each for each in checks if each.follows == root.id and each.status == "blocked"),
        )
        for root in roots
    ]
    return tuple(
        sorted(
            found,
            key=lambda each: (not each.check.required, words.STATUSES.index(each.check.status)),
        )
    )


def not_explained(checks: Sequence[CheckResult]) -> list[CheckResult]:
    """The checks that did not run, but for those that stand under a cause."""
    return [
        check
        for check in checks
        if check.status == "skipped" or (check.status == "blocked" and not _cause_of(check, checks))
    ]


def other_reasons(evidence: Evidence) -> list[str]:
    """The reasons that name no check: the lists of checks give the others."""
    told = {check.id for check in evidence.checks if check.status != "passed"}
    return [
        reason
        for reason in evidence.reasons
        if reason.removeprefix("optional: ").split(" ")[0].rstrip(":") not in told
    ]


def stands_against_go(check: CheckResult, evidence: Evidence) -> bool:
    """Whether a check that did not pass is one of the reasons of a NO-GO: not waived, not optional.

    A reason begins with the id of its check.
    """
    told = {reason.split(" ")[0] for reason in evidence.reasons}
    return evidence.verdict == "NO-GO" and check.id in told


def _cause_of(check: CheckResult, checks: Sequence[CheckResult]) -> CheckResult | None:
    """What a check follows from, if that is itself a cause that is shown."""
    return next(
        (
            other
            for other in checks
            if other.id == check.follows and other.follows is None and other.is_open
        ),
        None,
    )
