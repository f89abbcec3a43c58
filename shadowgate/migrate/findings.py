"""Findings about a script, whoever made them, and the waivers that accept some of them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from shadowgate.errors import UsageError
from shadowgate.evidence import Table


@dataclass(frozen=True)
class Finding:
    """Something about a script that a reviewer should see."""

    rule: str
    """Id of the hazard or of squawk's rule."""
    message: str
    line: int
    """Of the script, from 1; 0 if it is about no line in particular."""
    statement: str
    """The statement on one line."""
    source: str
    """Who found it: ``trace``, ``catalogue``, ``script`` or ``squawk``."""
    link: str = ""
    """Where the rule is explained."""


@dataclass(frozen=True)
class Waiver:
    """A finding that is accepted, and why."""

    rule: str
    reason: str
    statement: str = ""
    """Regular expression searched in the statement, case ignored; empty for every statement."""

    def __post_init__(self) -> None:
        if not self.reason.strip():
            raise UsageError(
                f"The waiver of {self.rule} gives no reason.",
                where=f"waiver of {self.rule}",
                todo="Say why the finding is acceptable; the report shows it.",
            )
        try:
            re.compile(self.statement)
        except re.error as problem:
            raise UsageError(
                f"The waiver of {self.rule} has no regular expression: {problem}.",
                where=f"waiver of {self.rule}, statement = {self.statement!r}",
                todo="Correct the pattern.",
            ) from problem

    def covers(self, finding: Finding) -> bool:
        """Tell whether it accepts a finding."""
        return self.rule == finding.rule and bool(
            re.search(self.statement, finding.statement, re.IGNORECASE)
        )


@dataclass(frozen=True)
class WaivedFinding:
    """A finding with the waiver that accepts it."""

    finding: Finding
    waiver: Waiver


@dataclass(frozen=True)
class Review:
    """Findings after the waivers."""

    open: tuple[Finding, ...]
    waived: tuple[WaivedFinding, ...]
    unused: tuple[Waiver, ...]
    """Waivers that accepted nothing: leftovers that would hide a later finding."""

    def tables(self) -> tuple[Table, ...]:
        """The findings as tables of evidence: open ones, waived ones with the reason."""
        tables = [findings_table("Findings", self.open)]
        if self.waived:
            columns = ("rule", "line", "statement", "what", "accepted because")
            rows = tuple((*_row(item.finding), item.waiver.reason) for item in self.waived)
            tables.append(Table("Waived findings", columns, rows))
        return tuple(tables)


def apply_waivers(findings: Sequence[Finding], waivers: Sequence[Waiver]) -> Review:
    """Part findings into open and waived; the first waiver that covers a finding accepts it."""
    still_open: list[Finding] = []
    waived: list[WaivedFinding] = []
    for finding in findings:
        waiver = next((waiver for waiver in waivers if waiver.covers(finding)), None)
        if waiver is None:
            still_open.append(finding)
        else:
            waived.append(WaivedFinding(finding, waiver))
    used = {item.waiver for item in waived}
    unused = tuple(waiver for waiver in waivers if waiver not in used)
    return Review(tuple(still_open), tuple(waived), unused)


def findings_table(title: str, findings: Sequence[Finding]) -> Table:
    """Lay findings out as a table of evidence, in the order of the script."""
    ordered = sorted(findings, key=lambda finding: (finding.line, finding.rule))
    columns = ("rule", "line", "statement", "what", "explained at")
    return Table(title, columns, tuple((*_row(item), item.link) for item in ordered))


def _row(finding: Finding) -> tuple[str, str, str, str]:
    line = str(finding.line) if finding.line else ""
    return (finding.rule, line, finding.statement, finding.message)
