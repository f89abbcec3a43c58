"""What a reader of the verdict wants first: the checks that did not pass, and what they block."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shadowgate.evidence import CheckResult, Evidence
from shadowgate.report import words


@dataclass(frozen=True)
class OpenCheck:
    """A check that did not pass, with those that it blocks."""

    check: CheckResult
    blocks: tuple[str, ...]


def open_checks(checks: Sequence[CheckResult]) -> list[OpenCheck]:
    """Checks that failed or were not decided, worst first, each with those that it blocks."""
    blocked: dict[str, list[str]] = {}
    for check in checks:
        if check.status == "blocked" and check.blocked_by:
            blocked.setdefault(check.blocked_by, []).append(check.id)
    found = [
        OpenCheck(check, tuple(blocked.get(check.id, ())))
        for check in checks
        if check.status in ("failed", "inconclusive") and check.id != words.DERIVED
    ]
    return sorted(
        found,
        key=lambda each: (not each.check.required, words.STATUSES.index(each.check.status)),
    )


def checks_not_run(
    checks: Sequence[CheckResult], open_checks: Sequence[OpenCheck]
) -> list[words.NotRun]:
    """The checks that did not run, but for those that stand below what blocks them."""
    told = {name for each in open_checks for name in each.blocks}
    return words.not_run([check for check in checks if check.id not in told])


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
